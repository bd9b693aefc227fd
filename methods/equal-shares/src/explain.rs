//! The reasons of an outcome in words.
use crate::amount::grouped;
use crate::count::{Fate, Outcome, Rule, Score, Why};
use crate::election::Election;

/// Language of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

impl Election {
    /// An amount of subunits with its currency: `1,240 元` or `1,240 yuan` for CNY or no currency, else `1,240 PLN`.
    pub fn money(&self, subunits: i64, language: Language) -> String {
        self.with_currency(grouped(i128::from(subunits), self.unit), language)
    }

    /// The same for hundredths of a currency unit.
    pub fn hundredths(&self, hundredths: i128, language: Language) -> String {
        self.with_currency(grouped(hundredths, 100), language)
    }

    fn with_currency(&self, amount: String, language: Language) -> String {
        match (self.currency.as_str(), language) {
            ("" | "CNY", Language::Zh) => format!("{amount} 元"),
            ("" | "CNY", Language::En) => format!("{amount} yuan"),
            (code, _) => format!("{amount} {code}"),
        }
    }
}

impl Outcome {
    /// Why a project won or lost, as one phrase without a full stop; empty for a position beyond the projects.
    pub fn explain(&self, election: &Election, project: usize, language: Language) -> String {
        let Some(fate) = self.fates.get(project) else { return String::new() };
        match language {
            Language::Zh => self.zh(election, project, fate),
            Language::En => self.en(election, project, fate),
        }
    }

    /// What `score` counts: for completion always votes.
    fn unit(&self, completion: bool, zh: &'static str, en_votes: &'static str) -> &'static str {
        match (completion || self.options.score == Score::Votes, zh) {
            (true, "zh") => "票",
            (false, "zh") => "分",
            (true, _) => en_votes,
            (false, _) => "points",
        }
    }

    fn zh(&self, election: &Election, project: usize, fate: &Fate) -> String {
        let money = |amount: i64| election.money(amount, Language::Zh);
        let cost = election.projects()[project].cost;
        match fate {
            Fate::WonByScore { score, before, completion } => {
                let unit = self.unit(*completion, "zh", "");
                let per = if self.options.rule == Rule::GreedyPerCost { "（按每元得票排序）" } else { "" };
                let lead = if *completion { "入选（余款补选）" } else { "入选" };
                format!("{lead}：得 {score} {unit}{per}；轮到时尚余 {}，需 {}", money(*before), money(cost))
            }
            Fate::WonByShares { price, paid, paid_less } => {
                let price = election.hundredths(*price, Language::Zh);
                match (*paid, *paid_less) {
                    (paid, 0) => format!("入选：{paid} 位支持者每人付 {price}"),
                    (paid, less) => format!("入选：{paid} 位支持者每人付 {price}，另有 {less} 位付出剩余的全部"),
                }
            }
            Fate::WonByLoad { earned } => {
                format!("入选：每人累计得到 {} 时，支持者合计付清", election.hundredths(*earned, Language::Zh))
            }
            Fate::Lost(why) => format!("未入选：{}", self.why_zh(election, cost, why)),
        }
    }

    fn why_zh(&self, election: &Election, cost: i64, why: &Why) -> String {
        let money = |amount: i64| election.money(amount, Language::Zh);
        match why {
            Why::NoVotes => "无人选择".into(),
            Why::BelowThreshold { score, threshold } => {
                format!("得 {score} {}，未达门槛 {threshold}", self.unit(false, "zh", ""))
            }
            Why::AboveBudget => {
                format!("需 {}，超过总额 {}", money(cost), money(election.budget))
            }
            Why::DoesNotFit { left } => {
                format!("轮到时尚余 {}，需 {}，差 {}", money(*left), money(cost), money(cost - left))
            }
            Why::AfterStop => "此前有项目余款不足，按规则到此为止".into(),
            Why::Excluded { by } => format!("与已入选的 {} 互斥", election.projects()[*by].id),
            Why::CategoryFull { category, left } => {
                format!("类别“{category}”限额尚余 {}，需 {}", money(*left), money(cost))
            }
            Why::SupportersShort { left, unspent } => {
                let short = format!("支持者合计尚余 {}，差 {}", money(*left), money(cost - left));
                match unspent {
                    Some(unspent) => format!("{short}；补选时余款 {}，也不足 {}", money(*unspent), money(cost)),
                    None => short,
                }
            }
        }
    }

    fn en(&self, election: &Election, project: usize, fate: &Fate) -> String {
        let money = |amount: i64| election.money(amount, Language::En);
        let cost = election.projects()[project].cost;
        let voters = |n: u64| if n == 1 { "1 supporter".to_owned() } else { format!("{n} supporters") };
        match fate {
            Fate::WonByScore { score, before, completion } => {
                let unit = self.unit(*completion, "en", if *score == 1 { "vote" } else { "votes" });
                let per = if self.options.rule == Rule::GreedyPerCost { " (ranked per unit of cost)" } else { "" };
                let lead = if *completion { "won with money left over" } else { "won" };
                format!("{lead}: {score} {unit}{per}; {} left at its turn, {} needed", money(*before), money(cost))
            }
            Fate::WonByShares { price, paid, paid_less } => {
                let price = election.hundredths(*price, Language::En);
                match (*paid, *paid_less) {
                    (paid, 0) => format!("won: {} paid {price} each", voters(paid)),
                    (paid, less) => {
                        format!("won: {} paid {price} each, {} all they had left", voters(paid), voters(less))
                    }
                }
            }
            Fate::WonByLoad { earned } => {
                let earned = election.hundredths(*earned, Language::En);
                format!("won: paid by its supporters when each voter had earned {earned}")
            }
            Fate::Lost(why) => format!("lost: {}", self.why_en(election, cost, why)),
        }
    }

    fn why_en(&self, election: &Election, cost: i64, why: &Why) -> String {
        let money = |amount: i64| election.money(amount, Language::En);
        match why {
            Why::NoVotes => "nobody wished for it".into(),
            Why::BelowThreshold { score, threshold } => {
                let unit = self.unit(false, "en", if *score == 1 { "vote" } else { "votes" });
                format!("{score} {unit}, below the threshold of {threshold}")
            }
            Why::AboveBudget => format!("it costs {}, more than the whole {}", money(cost), money(election.budget)),
            Why::DoesNotFit { left } => {
                format!("{} left at its turn, {} needed, {} short", money(*left), money(cost), money(cost - left))
            }
            Why::AfterStop => "an earlier project did not fit, and the rule ends there".into(),
            Why::Excluded { by } => format!("excluded by {}, which won", election.projects()[*by].id),
            Why::CategoryFull { category, left } => {
                format!("category \"{category}\" had {} left, {} needed", money(*left), money(cost))
            }
            Why::SupportersShort { left, unspent } => {
                let short = format!("its supporters had {} left, {} short", money(*left), money(cost - left));
                match unspent {
                    Some(unspent) => {
                        format!("{short}; nor did the {} left over cover its {}", money(*unspent), money(cost))
                    }
                    None => short,
                }
            }
        }
    }
}
