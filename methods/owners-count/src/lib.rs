//! 业主共同决定事项的计票：《民法典》第二百七十八条。
//! The owners' vote of the Chinese Civil Code (art. 278), counted exactly with its article and arithmetic.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rules = owners_count::Rules::parse(include_str!("../../../data/law/owners-vote.json"))?;
//! let votes = owners_count::read_votes(
//!     r#"{"name": "更换物业", "date": "2026-03-31", "matters": [{"id": "1", "item": 4}],
//!         "dwellings": [{"id": "101", "area_m2": "90.12", "owners": ["甲"]},
//!                       {"id": "102", "area_m2": "70.00", "owners": ["乙"]}],
//!         "ballots": [{"dwelling": "101", "opinions": {"1": "for"}},
//!                     {"dwelling": "102", "opinions": {"1": "abstain"}}]}"#,
//! )?;
//! let verdicts = owners_count::count(&votes[0], &rules)?;
//! assert!(verdicts[0].quorum);
//! assert!(!verdicts[0].passed); // one head of two is not 过半数
//! # Ok(()) }
//! ```
//!
//! Every figure is an integer (heads, cm²) and every threshold is compared by cross-multiplication. The law is data
//! ([`Rules`]); what stands in no text is marked 建议做法 (suggested practice) in the verdict. No I/O, no clock.
mod date;
mod read;
mod rule;
mod tally;
mod verdict;
mod vote;

pub use date::Date;
pub use read::read_votes;
pub use rule::{Consent, Need, Of, PartRule, Participation, ProxyRule, Rule, Rules, WayRule};
pub use tally::Tally;
pub use verdict::{Lack, Measure, Missing, Step, Test, Verdict, square_metres};
pub use vote::*;

use serde::{Deserialize, Serialize};
use std::fmt;

/// The same thing said in Chinese and in English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

impl Text {
    pub(crate) fn new(zh: impl Into<String>, en: impl Into<String>) -> Text {
        Text { zh: zh.into(), en: en.into() }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {}", self.zh, self.en)
    }
}

/// A file that cannot be read as a vote or as rules. The caller puts the file's name before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// From 1; for a record, the line it begins on unless the fault is found within.
    pub line: usize,
    /// Path of the field, such as `ballots[3].opinions`.
    pub field: String,
    /// What is wrong with it.
    pub cause: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = if self.field.is_empty() { "—" } else { &self.field };
        write!(f, "第{}行 line {}: {field}: {}", self.line, self.line, self.cause)
    }
}

impl std::error::Error for InputError {}

/// Why a well-formed vote is not counted: no rule, or one not in force on its day, is ever applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Text);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

/// A word on one dwelling's ballot: why it is invalid, or how a case was treated on which the law is silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// The dwelling's id; persons are never named.
    pub dwelling: String,
    /// The matter's id; none if it concerns the whole ballot.
    pub matter: Option<String>,
    /// What was done, and by which article.
    pub text: Text,
}

/// Counts a whole vote: one verdict per matter, in order (Civil Code art. 278).
///
/// # Errors
/// Refuses as [`Rules::choose`] and [`Tally::open`] do.
pub fn count(vote: &Vote, rules: &Rules) -> Result<Vec<Verdict>, Refused> {
    let rule = rules.choose(vote.rule.as_deref(), vote.place.as_deref(), vote.date)?;
    let mut tally = Tally::open(vote, rule)?;
    for ballot in &vote.ballots {
        // A ballot for a dwelling outside the scope belongs to another vote over the same roll.
        tally.cast(ballot);
    }
    let remarks = tally.remarks();
    let mut verdicts: Vec<Verdict> = (0..vote.matters.len()).filter_map(|m| tally.verdict(m)).collect();
    for verdict in &mut verdicts {
        let concerns = |r: &&Remark| r.matter.as_ref().is_none_or(|m| *m == verdict.matter);
        verdict.remarks = remarks.iter().filter(concerns).cloned().collect();
    }
    Ok(verdicts)
}
