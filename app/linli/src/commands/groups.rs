//! `linli groups`: the opinion groups of a published conversation.
use super::{Done, Failure, print};
use opinion_groups::opendata::{self, Comment, ReadError};
use opinion_groups::{
    Agreed, Analysis, NearDuplicate, Representative, SIMILAR, Settings, Side, StatementFigures, near_duplicates,
};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 文件夹：comments.csv 与 votes.csv（或 participants-votes.csv），可为 .gz · Folder of the published tables
    dir: PathBuf,
    /// 输出 JSON · Print JSON
    #[arg(long)]
    json: bool,
    /// 未审核的观点也不参与 · Statements not yet moderated take no part either
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(args: Args) -> Done {
    let comments =
        table(&args.dir, "comments.csv", opendata::comments)?.ok_or_else(|| missing(&args.dir, "comments.csv"))?.1;
    let (file, votes) = match table(&args.dir, "votes.csv", opendata::votes)? {
        Some(found) => found,
        None => table(&args.dir, "participants-votes.csv", |f, r| opendata::matrix(f, r).map(|m| m.votes))?
            .ok_or_else(|| missing(&args.dir, "votes.csv, participants-votes.csv"))?,
    };
    let mut conversation =
        opendata::conversation(Settings::default(), &comments, &file, &votes, args.strict).map_err(Failure::input)?;
    drop(votes);
    let analysis = conversation.analyse();
    let mut sorted: Vec<&Comment> = comments.iter().collect();
    sorted.sort_by_key(|c| c.id);
    let texts: Vec<&str> = sorted.iter().map(|c| c.text.as_str()).collect();
    // What has been moderated out has been judged already.
    let open =
        |(text, s): (&&'_ str, &StatementFigures)| if s.statement.hidden { String::new() } else { text.to_string() };
    let open: Vec<String> = texts.iter().zip(&analysis.statements).map(open).collect();
    let twins = near_duplicates(&open.iter().map(String::as_str).collect::<Vec<_>>(), SIMILAR);
    match args.json {
        true => print(&serde_json::to_string_pretty(&as_json(&analysis, &texts, &twins)).map_err(Failure::failed)?),
        false => print(&as_text(&args.dir, &analysis, &texts, &twins)),
    }
}

fn missing(dir: &Path, names: &str) -> Failure {
    Failure::input(format!("{}: 缺少 there is no {names} (.gz)", dir.display()))
}

/// Reads DIR/NAME or DIR/NAME.gz, whichever there is; what is compressed is told by its first bytes, not by its name.
fn table<T>(
    dir: &Path,
    name: &str,
    parse: impl FnOnce(&str, Box<dyn Read>) -> Result<T, ReadError>,
) -> Result<Option<(String, T)>, Failure> {
    for path in [dir.join(name), dir.join(format!("{name}.gz"))] {
        let shown = path.display().to_string();
        let fail = |e: std::io::Error| Failure::input(format!("{shown}: {e}"));
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(fail(e)),
        };
        let mut magic = Vec::new();
        file.by_ref().take(2).read_to_end(&mut magic).map_err(fail)?;
        file.rewind().map_err(fail)?;
        let reader: Box<dyn Read> = match magic.as_slice() {
            [0x1f, 0x8b] => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
            _ => Box::new(file),
        };
        return parse(&shown, reader).map(|t| Some((shown, t))).map_err(Failure::input);
    }
    Ok(None)
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Agree => "agree",
        Side::Disagree => "disagree",
    }
}

fn as_json(a: &Analysis, texts: &[&str], twins: &[NearDuplicate]) -> Value {
    let id = |n: usize| a.statements.get(n).map(|s| s.statement.id);
    let representative = |r: &Representative| {
        json!({
            "statement": r.statement, "side": side(r.side), "votes": r.votes, "of": r.of,
            "probability": r.probability, "probability_z": r.probability_z,
            "ratio": r.ratio, "ratio_z": r.ratio_z, "best_agree": r.best_agree,
        })
    };
    let agreed = |list: &[Agreed]| -> Vec<Value> {
        let one = |c: &Agreed| {
            json!({ "statement": c.statement, "votes": c.votes, "of": c.of,
                    "probability": c.probability, "probability_z": c.probability_z })
        };
        list.iter().map(one).collect()
    };
    let statement = |(s, text): (&StatementFigures, &&str)| {
        json!({
            "id": s.statement.id, "text": text, "hidden": s.statement.hidden, "meta": s.statement.meta,
            "votes": s.tally.votes, "agrees": s.tally.agrees, "disagrees": s.tally.disagrees,
            "groups": s.groups.iter().map(|t| json!([t.agrees, t.disagrees, t.votes])).collect::<Vec<_>>(),
            "group_informed_consensus": s.consensus, "priority": s.priority, "place": s.place,
        })
    };
    json!({
        "participants": a.participants,
        "statements": a.statements.len(),
        "votes": a.votes,
        "placed": a.points.len(),
        "ready": { "missing": a.readiness.missing(), "have": a.readiness.have, "needed": a.readiness.needed,
                   "votes_each": a.readiness.votes_each },
        "groups": a.groups.iter().enumerate().map(|(n, g)| json!({
            "id": n, "members": g.members, "center": g.center,
            "representative": g.representative.iter().map(representative).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "consensus": { "agree": agreed(&a.consensus.agree), "disagree": agreed(&a.consensus.disagree) },
        "points": a.points.iter().map(|p| json!({ "participant": p.participant, "x": p.x, "y": p.y, "group": p.group }))
            .collect::<Vec<_>>(),
        "statement_figures": a.statements.iter().zip(texts).map(statement).collect::<Vec<_>>(),
        "separation": a.separation.iter().map(|(k, s)| json!({ "groups": k, "silhouette": s })).collect::<Vec<_>>(),
        "explained": a.plane.explained,
        "near_duplicates": twins.iter().map(|t| json!({
            "first": id(t.first), "second": id(t.second), "similarity": t.similarity,
        })).collect::<Vec<_>>(),
    })
}

fn as_text(dir: &Path, a: &Analysis, texts: &[&str], twins: &[NearDuplicate]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = report(&mut out, dir, a, texts, twins);
    out
}

fn report(out: &mut String, dir: &Path, a: &Analysis, texts: &[&str], twins: &[NearDuplicate]) -> std::fmt::Result {
    let text = |id: u64| {
        let at = a.statements.iter().position(|s| s.statement.id == id);
        let text = at.and_then(|n| texts.get(n)).copied().unwrap_or_default();
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > 70 { line.chars().take(69).chain(['…']).collect() } else { line }
    };
    let out_of_play = a.statements.iter().filter(|s| !s.statement.takes_part()).count();
    writeln!(out, "意见群 · Opinion groups — {}", dir.display())?;
    writeln!(
        out,
        "参与者 participants {} · 观点 statements {} (不参与 set aside {out_of_play}) · 票 votes {}",
        a.participants,
        a.statements.len(),
        a.votes
    )?;
    if a.readiness.missing() > 0 {
        let (missing, each) = (a.readiness.missing(), a.readiness.votes_each);
        writeln!(
            out,
            "\n票数还不够：还需要 {missing} 条观点各有 {each} 票。\nNot enough votes yet: {missing} more statements with {each} votes."
        )?;
    } else {
        writeln!(out, "在图上的人 people placed {} · 群 groups {}", a.points.len(), a.groups.len())?;
    }
    let row = |out: &mut String, side: Side, votes: u32, of: u32, id: u64, note: &str| {
        let word = match side {
            Side::Agree => "赞成 agree   ",
            Side::Disagree => "反对 disagree",
        };
        let percent = 100.0 * f64::from(votes) / f64::from(of.max(1));
        writeln!(out, "  {word} {percent:>3.0}% ({votes}/{of})  #{id} {}{note}", text(id))
    };
    for (n, group) in a.groups.iter().enumerate() {
        writeln!(out, "\n第 {} 群 · Group {} — {} 人 people", n + 1, n + 1, group.members.len())?;
        for r in &group.representative {
            let note = format!("  (是其他群的 {:.1} 倍 times the other groups)", r.ratio);
            row(out, r.side, r.votes, r.of, r.statement, &note)?;
        }
    }
    if !(a.consensus.agree.is_empty() && a.consensus.disagree.is_empty()) {
        writeln!(out, "\n多数共识 · What most people share")?;
        for c in &a.consensus.agree {
            row(out, Side::Agree, c.votes, c.of, c.statement, "")?;
        }
        for c in &a.consensus.disagree {
            row(out, Side::Disagree, c.votes, c.of, c.statement, "")?;
        }
    }
    if a.groups.len() > 1 {
        let everywhere =
            |s: &&StatementFigures| s.statement.takes_part() && s.groups.iter().all(|t| 2 * t.agrees > t.votes);
        let mut shared: Vec<&StatementFigures> = a.statements.iter().filter(everywhere).collect();
        shared.sort_by(|p, q| q.consensus.unwrap_or(0.0).total_cmp(&p.consensus.unwrap_or(0.0)));
        if !shared.is_empty() {
            writeln!(out, "\n每一群都过半赞成 · More than half agree in every group (group-informed consensus)")?;
        }
        for s in shared.iter().take(5) {
            let each: Vec<String> = s.groups.iter().map(|t| format!("{}/{}", t.agrees, t.votes)).collect();
            writeln!(
                out,
                "  {:.3}  [{}]  #{} {}",
                s.consensus.unwrap_or(0.0),
                each.join(" · "),
                s.statement.id,
                text(s.statement.id)
            )?;
        }
    }
    if !twins.is_empty() {
        writeln!(out, "\n疑似重复的观点 · Statements that say almost the same ({})", twins.len())?;
        for t in twins.iter().take(10) {
            let [a, b] = [t.first, t.second].map(|n| a.statements.get(n).map_or(0, |s| s.statement.id));
            writeln!(out, "  {:>3.0}%  #{a} {}\n        #{b} {}", 100.0 * t.similarity, text(a), text(b))?;
        }
    }
    Ok(())
}
