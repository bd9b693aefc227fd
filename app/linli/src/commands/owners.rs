//! `linli count owners`: recount an owners' vote from an exported file.
use super::{Done, Failure, print, read};
use owners_count::{Rules, Vote, count, read_votes, square_metres};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The rules this program was built with; `--rules` reads others.
const RULES: &str = include_str!("../../../../data/law/owners-vote.json");

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 导出的表决文件（JSON，一次表决或一组表决）· Exported vote or list of votes
    file: PathBuf,
    /// 输出 JSON，每个事项一条 · Print JSON, one result per matter
    #[arg(long)]
    json: bool,
    /// 另用的规则文件 · Rules file to use instead of the built-in one
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

pub(crate) fn run(args: Args) -> Done {
    let name = |path: &PathBuf| path.display().to_string();
    let (rules_name, rules_text) = match &args.rules {
        Some(path) => (name(path), text(path)?),
        None => ("owners-vote.json".to_string(), RULES.to_string()),
    };
    let rules = Rules::parse(&rules_text).map_err(|e| Failure::input(format!("{rules_name}: {e}")))?;
    let file = name(&args.file);
    let votes = read_votes(&text(&args.file)?).map_err(|e| Failure::input(format!("{file}: {e}")))?;
    let mut verdicts = Vec::new();
    for vote in &votes {
        let refused = |e| Failure::failed(format!("{file}: {}: {e}", vote.name));
        verdicts.extend(count(vote, &rules).map_err(refused)?.into_iter().map(|v| (vote, v)));
    }
    if args.json {
        let only: Vec<_> = verdicts.iter().map(|(_, v)| v).collect();
        print(&serde_json::to_string_pretty(&only).map_err(Failure::failed)?)?;
    } else {
        let reports: Vec<String> = verdicts.iter().map(|(vote, v)| report(vote, v)).collect();
        print(reports.join("\n").trim_end())?;
    }
    let differing = verdicts.iter().filter(|(_, v)| v.differs.as_ref().is_some_and(|d| !d.is_empty()));
    let differing: Vec<String> = differing.map(|(_, v)| format!("{} {}", v.name, v.matter)).collect();
    match differing.is_empty() {
        true => Ok(()),
        false => Err(Failure::failed(format!(
            "{file}: 重新计票与公布的结果不一致 · the recount differs from the published result: {}",
            differing.join("; ")
        ))),
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = 1 + e.as_bytes().iter().take(at).filter(|b| **b == b'\n').count();
        Failure::input(format!("{}: 第{line}行 line {line}: 不是 UTF-8 文本 · not UTF-8 text", path.display()))
    })
}

/// What is printed on paper: the sheet of figures, then the reasoning in both languages.
fn report(vote: &Vote, v: &owners_count::Verdict) -> String {
    let mut page = String::new();
    let title = if v.title.is_empty() { &v.item_text.zh } else { &v.title };
    let verdict = if v.passed { "通过 · PASSED" } else { "未通过 · NOT PASSED" };
    let _ = writeln!(page, "{} · {title} → {verdict}", v.name);
    if let Some(date) = vote.date {
        let _ = writeln!(page, "截止 closing day: {date}");
    }
    let rows = [
        ("全体 all", v.total_heads, v.total_area),
        ("参与表决 taking part", v.part_heads, v.part_area),
        ("同意 for", v.yes_heads, v.yes_area),
        ("反对 against", v.no_heads, v.no_area),
        ("弃权 abstaining", v.abstain_heads, v.abstain_area),
        ("其中未表态 of them silent", v.silent_heads, v.silent_area),
    ];
    for (name, heads, area) in rows {
        let _ = writeln!(page, "  {heads:>8} 人 heads  {:>16} m²  {name}", square_metres(area));
    }
    let _ = writeln!(page, "\n{}\n\n{}", v.explanation.zh, v.explanation.en);
    if !v.remarks.is_empty() {
        let _ = writeln!(page, "\n说明 · Remarks");
    }
    for r in &v.remarks {
        let _ = writeln!(page, "  {}: {}", r.dwelling, r.text);
    }
    match v.differs.as_deref() {
        Some([]) => page.push_str("\n与公布的结果一致 · agrees with the published result\n"),
        Some(fields) => {
            let _ = writeln!(page, "\n与公布的结果不一致 · DIFFERS from the published result: {}", fields.join(", "));
        }
        None => {}
    }
    page
}
