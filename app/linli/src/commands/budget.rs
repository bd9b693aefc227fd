//! `linli count budget`: recount a participatory budget from a `.pb` file.
use super::{Done, Failure, print, read};
use clap::ValueEnum;
use equal_shares::{
    Completion, Election, Error, Language, Options, Outcome, Pb, Rule, Score, Stop, TieOrder, Utility, count, natural,
    plain, published_rule,
};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 投票文件（Pabulib .pb，可为 .gz）· Vote file (Pabulib .pb, gzip allowed)
    file: PathBuf,
    /// 计票规则，缺省用文件写明的规则并核对其公布结果 · Rule; without it the file's own, checked against its published result
    #[arg(long)]
    rule: Option<RuleArg>,
    /// 等额共享：心愿实现一项值多少 · Equal Shares: what a fulfilled wish is worth [default: cost]
    #[arg(long)]
    utility: Option<UtilityArg>,
    /// 余款是否按得票补选 · Whether money left over goes to the most-voted projects that fit [default: none]
    #[arg(long)]
    complete: Option<CompleteArg>,
    /// 按票数或分值 · Greedy and threshold count votes or points [default: votes]
    #[arg(long)]
    score: Option<ScoreArg>,
    /// 最低票数（或分值）· Least score a project needs
    #[arg(long, value_name = "N")]
    threshold: Option<i64>,
    /// 遇到余款不足的项目即停止 · Greedy ends at the first project that does not fit
    #[arg(long)]
    no_skip: bool,
    /// 互斥项目，至多入选一个，可重复 · Projects of which at most one may win; repeatable
    #[arg(long, value_name = "ID,ID")]
    exclusive: Vec<String>,
    /// 类别限额，可重复 · Most money for a category; repeatable
    #[arg(long, value_name = "CATEGORY=AMOUNT")]
    category: Vec<String>,
    /// 并列时的次序 · Order that breaks ties
    #[arg(long, default_value = "cost")]
    tie_order: TieArg,
    /// Add1 每步每人加多少 · Add1: what a step adds to each share [default: 1]
    #[arg(long, value_name = "AMOUNT")]
    increment: Option<String>,
    /// Add1 何时停止 · Add1: when to end
    #[arg(long, default_value = "exhaustive")]
    stop: StopArg,
    /// 逐项说明理由 · Say of each project why
    #[arg(long)]
    explain: bool,
    /// 各规则对照 · Compare the rules
    #[arg(long)]
    compare: bool,
    /// 输出 JSON · Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum RuleArg {
    /// 得票多者先 · Most votes first
    Greedy,
    /// 每元得票多者先 · Most votes per unit of cost first
    GreedyPerCost,
    /// 等额共享 · Method of Equal Shares
    Mes,
    /// 等额共享，逐步加额 · Equal Shares with Add1
    MesAdd1,
    /// 等额共享，逐步加额，余款补选 · Equal Shares with Add1, then greedy
    MesAdd1u,
    /// 序贯 Phragmén · Sequential Phragmén
    Phragmen,
}

#[derive(Clone, Copy, ValueEnum)]
enum UtilityArg {
    Cost,
    Votes,
}

#[derive(Clone, Copy, ValueEnum)]
enum CompleteArg {
    None,
    Greedy,
}

#[derive(Clone, Copy, ValueEnum)]
enum ScoreArg {
    Votes,
    Points,
}

#[derive(Clone, Copy, ValueEnum)]
enum TieArg {
    /// 费用低者先，再票多者，再编号 · Lower cost, more votes, identifier
    Cost,
    /// 编号 · Identifier
    Id,
    /// 文件次序 · File order
    File,
}

#[derive(Clone, Copy, ValueEnum)]
enum StopArg {
    /// 再无项目放得下 · Nothing more fits
    Exhaustive,
    /// 下一步将超支 · The next step would overspend
    Overspend,
}

impl RuleArg {
    fn rule(self) -> Rule {
        match self {
            RuleArg::Greedy => Rule::Greedy,
            RuleArg::GreedyPerCost => Rule::GreedyPerCost,
            RuleArg::Mes => Rule::Mes,
            RuleArg::MesAdd1 => Rule::MesAdd1,
            RuleArg::MesAdd1u => Rule::MesAdd1u,
            RuleArg::Phragmen => Rule::Phragmen,
        }
    }
}

pub(crate) fn run(args: Args) -> Done {
    let file = args.file.display().to_string();
    let wrong = |e: Error| Failure::input(format!("{file}: {e}"));
    let pb = Pb::parse(&unpacked(&args.file)?).map_err(wrong)?;
    let (mut election, warnings) = Election::from_pb(&pb).map_err(wrong)?;
    for text in &args.exclusive {
        let limit = election.exclusive(text).map_err(|e| Failure::input(format!("--exclusive {text}: {e}")))?;
        election.limit(limit).map_err(wrong)?;
    }
    for text in &args.category {
        let limit = election.category_limit(text).map_err(|e| Failure::input(format!("--category {text}: {e}")))?;
        election.limit(limit).map_err(wrong)?;
    }
    let options = args.options(&pb, &election, &file)?;
    let outcome = count(&election, &options).map_err(wrong)?;
    let result = Result { file: &file, election: &election, outcome: &outcome };

    let mut compared = Vec::new();
    if args.compare {
        for rule in Rule::ALL {
            // Each rule by its own score: a points count is a choice of the greedy rules.
            compared.push(count(&election, &Options { rule, ..options }).map_err(wrong)?);
        }
    }
    if args.json {
        let mut json = result.json(&args, &compared);
        json["warnings"] = warnings.iter().map(|w| json!(w.to_string())).collect();
        print(&serde_json::to_string_pretty(&json).map_err(Failure::failed)?)?;
    } else {
        for warning in warnings.iter().take(10) {
            eprintln!("{file}: {warning}");
        }
        if warnings.len() > 10 {
            eprintln!("{file}: 另有 {0} 条提示 · {0} more warnings", warnings.len() - 10);
        }
        print(result.report(&args, &compared).trim_end())?;
    }
    match result.differences() {
        Some(ids) if args.rule.is_none() && !ids.is_empty() => Err(Failure::failed(format!(
            "{file}: 重新计票与公布的结果不一致 · the recount differs from the published result: {}",
            ids.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// The file's bytes; gzip is recognised by its first two bytes, whatever the file's name.
fn unpacked(path: &Path) -> std::result::Result<Vec<u8>, Failure> {
    let bytes = read(path)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    // One byte more than the format's limit, so that a larger file is refused rather than cut.
    let limit = u64::from(u32::MAX) + 1;
    let mut reader = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(limit);
    reader.read_to_end(&mut unpacked).map_err(|e| Failure::input(format!("{}: gzip: {e}", path.display())))?;
    Ok(unpacked)
}

impl Args {
    fn options(&self, pb: &Pb, election: &Election, file: &str) -> std::result::Result<Options, Failure> {
        let mut options = match self.rule {
            Some(rule) => Options::new(rule.rule()),
            None => published_rule(pb).map_err(|e| Failure::input(format!("{file}: {e}")))?,
        };
        if let Some(utility) = self.utility {
            options.utility = match utility {
                UtilityArg::Cost => Utility::Cost,
                UtilityArg::Votes => Utility::Votes,
            };
        }
        if let Some(complete) = self.complete {
            options.completion = match complete {
                CompleteArg::None => Completion::None,
                CompleteArg::Greedy => Completion::Greedy,
            };
        }
        if let Some(score) = self.score {
            options.score = match score {
                ScoreArg::Votes => Score::Votes,
                ScoreArg::Points => Score::Points,
            };
        }
        options.threshold = self.threshold.or(options.threshold);
        options.no_skip |= self.no_skip;
        options.tie_order = match self.tie_order {
            TieArg::Cost => TieOrder::Cost,
            TieArg::Id => TieOrder::Id,
            TieArg::File => TieOrder::File,
        };
        if let Some(text) = &self.increment {
            let amount = election.amount(text).filter(|a| *a > 0);
            options.increment = Some(amount.ok_or_else(|| {
                Failure::input(format!(
                    "--increment {text}: 不是金额，或小数位多于文件 · not an amount, or finer than the file's"
                ))
            })?);
        }
        options.stop = match self.stop {
            StopArg::Exhaustive => Stop::Exhaustive,
            StopArg::Overspend => Stop::Overspend,
        };
        Ok(options)
    }
}

struct Result<'a> {
    file: &'a str,
    election: &'a Election,
    outcome: &'a Outcome,
}

impl Result<'_> {
    fn id(&self, project: usize) -> &str {
        &self.election.projects()[project].id
    }

    /// Projects won here but not in the file's published result, or the reverse; `None` if it publishes none.
    fn differences(&self) -> Option<Vec<&str>> {
        let projects = self.election.projects();
        projects.iter().any(|p| p.published == Some(true)).then(|| {
            let differs = |p: &usize| self.outcome.selected.contains(p) != (projects[*p].published == Some(true));
            (0..projects.len()).filter(differs).map(|p| self.id(p)).collect()
        })
    }

    /// `selected` in natural order of identifiers; `order` as selected.
    fn json(&self, args: &Args, compared: &[Outcome]) -> Value {
        let (election, outcome, options) = (self.election, self.outcome, &self.outcome.options);
        let order: Vec<&str> = outcome.selected.iter().map(|p| self.id(*p)).collect();
        let mut selected = order.clone();
        selected.sort_by(|a, b| natural(a, b));
        let ids = |projects: &[usize]| projects.iter().map(|p| self.id(*p)).collect::<Vec<_>>();
        let ties = outcome.ties.iter().map(|t| json!({ "tied": ids(&t.tied), "decisive": t.decisive }));
        let mut json = json!({
            "file": self.file,
            "rule": options.rule.name(),
            "utility": if options.utility == Utility::Cost { "cost" } else { "votes" },
            "complete": if options.completion == Completion::Greedy || options.rule == Rule::MesAdd1u { "greedy" } else { "none" },
            "score": if options.score == Score::Votes { "votes" } else { "points" },
            "threshold": options.threshold,
            "budget": self.amount(election.budget),
            "voters": election.voters(),
            "selected": selected,
            "order": order,
            "cost": self.amount(outcome.cost),
            "ties": ties.collect::<Vec<_>>(),
            "residents_with_a_wish": election.satisfied(&outcome.selected),
            "add1_steps": outcome.steps,
            "differs_from_published": self.differences(),
        });
        if args.explain {
            let reasons = (0..election.projects().len()).map(|p| {
                let project = &election.projects()[p];
                json!({
                    "id": project.id, "name": project.name, "cost": self.amount(project.cost),
                    "votes": election.votes()[p], "points": election.points()[p],
                    "selected": outcome.selected.contains(&p),
                    "zh": outcome.explain(election, p, Language::Zh), "en": outcome.explain(election, p, Language::En),
                })
            });
            json["projects"] = reasons.collect();
        }
        if args.compare {
            let rows = compared.iter().map(|o| {
                json!({
                    "rule": o.options.rule.name(), "selected": o.selected.len(), "cost": self.amount(o.cost),
                    "residents_with_a_wish": election.satisfied(&o.selected),
                })
            });
            json["compare"] = rows.collect();
        }
        json
    }

    /// A whole amount as a JSON integer, another as the same decimal number.
    fn amount(&self, subunits: i64) -> Value {
        serde_json::from_str(&plain(subunits, self.election.unit)).unwrap_or_default()
    }

    fn report(&self, args: &Args, compared: &[Outcome]) -> String {
        let (election, outcome) = (self.election, self.outcome);
        let projects = election.projects();
        let mut page = String::new();
        let money = |amount| both(election.money(amount, Language::Zh), election.money(amount, Language::En));
        let _ = writeln!(page, "{}", self.file);
        let _ = writeln!(page, "规则 rule: {}", rule_text(&outcome.options, election));
        let _ = writeln!(
            page,
            "预算 budget: {} · {} 张票 ballots · {} 个项目 projects",
            money(election.budget),
            election.voters(),
            projects.len()
        );
        let _ = writeln!(page, "入选 selected: {} · 费用 cost: {}", outcome.selected.len(), money(outcome.cost));
        for (place, &p) in outcome.selected.iter().enumerate() {
            let _ = writeln!(page, "{:>4}. {}", place + 1, self.line(p));
        }
        if let Some(share) = outcome.share {
            let share = both(election.hundredths(share, Language::Zh), election.hundredths(share, Language::En));
            let _ = writeln!(page, "每人份额 share of each voter: {share} · 加额次数 steps: {}", outcome.steps);
        }
        let satisfied = election.satisfied(&outcome.selected);
        let _ = writeln!(
            page,
            "至少一项心愿实现的居民 residents with at least one wish: {}",
            share_of(satisfied, election.voters())
        );
        for tie in &outcome.ties {
            let ids: Vec<&str> = tie.tied.iter().map(|p| self.id(*p)).collect();
            let effect = if tie.decisive { "影响结果 · decisive" } else { "不影响结果 · not decisive" };
            let _ = writeln!(page, "并列 tie: {}（{effect}）", ids.join(" = "));
        }
        match self.differences() {
            Some(ids) if ids.is_empty() => {
                page.push_str("与文件公布的结果一致 · equals the result published in the file\n")
            }
            Some(ids) => {
                let _ = writeln!(page, "与文件公布的结果不同 · differs from the result published: {}", ids.join(", "));
            }
            None => {}
        }
        if args.explain {
            page.push_str("\n逐项理由 · Reasons\n");
            for p in 0..projects.len() {
                let _ = writeln!(page, "{}", self.line(p));
                let _ = writeln!(page, "      {}", outcome.explain(election, p, Language::Zh));
                let _ = writeln!(page, "      {}", outcome.explain(election, p, Language::En));
            }
        }
        if args.compare {
            page.push_str(
                "\n各规则对照 · The rules compared: 至少一项心愿实现的居民 residents with at least one wish\n",
            );
            for o in compared {
                let _ = writeln!(
                    page,
                    "{:<16} {:>22}  {:>3} 项 projects  {}",
                    o.options.rule.name(),
                    share_of(election.satisfied(&o.selected), election.voters()),
                    o.selected.len(),
                    money(o.cost)
                );
            }
        }
        page
    }

    fn line(&self, p: usize) -> String {
        let project = &self.election.projects()[p];
        let cost =
            both(self.election.money(project.cost, Language::Zh), self.election.money(project.cost, Language::En));
        let points = if self.outcome.options.score == Score::Points {
            format!("，{} 分 points", self.election.points()[p])
        } else {
            String::new()
        };
        format!("{}  {}  {cost}，{} 票 votes{points}", project.id, project.name, self.election.votes()[p])
    }
}

/// Both languages, or one where they say the same.
fn both(zh: String, en: String) -> String {
    if zh == en { zh } else { format!("{zh} {}", en.rsplit(' ').next().unwrap_or_default()) }
}

/// `66 / 84 (78.5 %)`, rounded down.
fn share_of(part: u64, whole: u64) -> String {
    let permille = u128::from(part) * 1000 / u128::from(whole.max(1));
    format!("{part} / {whole} ({}.{} %)", permille / 10, permille % 10)
}

fn rule_text(options: &Options, election: &Election) -> String {
    let mut text = match options.rule {
        Rule::Greedy => "得票多者先 · most votes first".to_owned(),
        Rule::GreedyPerCost => "每元得票多者先 · most votes per unit of cost first".to_owned(),
        Rule::Mes => "等额共享 · Method of Equal Shares".to_owned(),
        Rule::MesAdd1 => "等额共享（逐步加额）· Equal Shares with Add1".to_owned(),
        Rule::MesAdd1u => "等额共享（逐步加额，余款补选）· Equal Shares with Add1U".to_owned(),
        Rule::Phragmen => "序贯 Phragmén · sequential Phragmén".to_owned(),
    };
    if options.utility == Utility::Votes && matches!(options.rule, Rule::Mes | Rule::MesAdd1 | Rule::MesAdd1u) {
        text.push_str("；每项心愿等值 · every wish worth the same");
    }
    if options.score == Score::Points {
        text.push_str("；按分值 · by points");
    }
    if let Some(threshold) = options.threshold {
        let _ = write!(text, "；门槛 threshold {threshold}");
    }
    if options.no_skip {
        text.push_str("；不跳过 · no skipping");
    }
    if let Some(step) = options.increment {
        let _ = write!(text, "；步长 step {}", plain(step, election.unit));
    }
    text
}
