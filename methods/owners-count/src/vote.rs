//! What a vote is made of: the roll, the by-law, deliveries, ballots, matters.
use crate::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An opinion marked on a ballot. Abstaining is taking part without agreeing (Civil Code art. 278(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opinion {
    /// 同意
    For,
    /// 反对
    Against,
    /// 弃权
    Abstain,
}

/// The way a ballot was cast. Some cities limit it (Beijing regulation art. 35(3)); so may a by-law.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// 纸质表决票
    #[default]
    Paper,
    /// 集体讨论，当场表决
    Meeting,
    /// 政府建立的电子投票系统
    OfficialSystem,
    /// 其他电子方式
    OtherElectronic,
}

/// One exclusive part: a dwelling, shop or other space that is one head and an area (interpretation arts. 2, 8, 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dwelling {
    /// Unique in the roll.
    pub id: String,
    /// Where it lies, from the estate down: building, door. Scopes are prefixes of it.
    pub place: Vec<String>,
    /// Exclusive area in cm²: land register, else survey, else sales contract (interpretation art. 8).
    pub area: u64,
    /// Owners' ids, one per person in the whole roll (two people of one name need two ids). Co-owners are one head.
    pub owners: Vec<String>,
    /// The co-owner whom the others chose to vote (建房〔2009〕274号 art. 25), if they chose one.
    pub representative: Option<String>,
    /// Set while it is the developer's: unsold (no owners), or sold but not handed over (the buyers stand in
    /// `owners` and have no vote yet). All of one developer's stock is one head (interpretation art. 9).
    pub developer: Option<String>,
}

impl Dwelling {
    /// Who may vote with it: the developer while it is stock, else the chosen co-owner, else every owner.
    pub fn voters(&self) -> &[String] {
        match (&self.developer, &self.representative) {
            (Some(one), _) | (None, Some(one)) => std::slice::from_ref(one),
            (None, None) => &self.owners,
        }
    }
}

/// What the by-law or rules of procedure say of a validly delivered ballot that is not returned
/// (建房〔2009〕274号 art. 26; Shanghai No. 2 Intermediate Court, (2022)沪02民初16号).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Silence {
    /// It takes part, and agrees with nobody.
    TakesPart,
    /// It takes part and counts with the opinion that holds more than half of the heads and of the area cast.
    WithMajority,
    /// It takes part and counts with the opinion that has the most heads and the most area cast.
    WithMost,
}

/// The owners' own rules, as far as they bear on the count. Versioned like a law.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByLaw {
    /// Its name, such as “业主大会议事规则（2023年）”.
    pub name: String,
    /// The article of the clauses below.
    #[serde(default)]
    pub article: String,
    /// First day in force.
    pub from: Option<Date>,
    /// Last day in force.
    pub until: Option<Date>,
    /// The silence clause; without one silence is not participation.
    pub silence: Option<Silence>,
    /// The paths of delivery it names, such as “本人签收”; any other is not valid.
    #[serde(default)]
    pub deliveries: Vec<String>,
}

/// One delivery of a ballot to a dwelling. It is valid when the by-law names its path, the proof is recorded, and
/// the owner was warned of the effect of silence ((2022)沪02民初16号).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The dwelling's id.
    pub dwelling: String,
    /// How and to whom, in the by-law's words.
    pub path: String,
    /// What shows it: a receipt number, a photograph's number.
    #[serde(default)]
    pub proof: String,
    /// Whether the owner was told what silence means.
    #[serde(default)]
    pub warned: bool,
}

/// A proxy and what the owner told him to vote (Shanghai regulation art. 18(3)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Who acted.
    pub name: String,
    /// Whether there is a written mandate.
    pub written: bool,
    /// The owner's opinion on each matter, as the mandate states it.
    pub mandate: BTreeMap<String, Opinion>,
}

/// One ballot: one voter, one dwelling, an opinion per matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// The dwelling's id.
    pub dwelling: String,
    /// Who cast it, an id of the roll. May be left out where only one person may vote.
    pub voter: Option<String>,
    /// How it was cast.
    pub way: Way,
    /// On which day; later than the vote's closing day does not count.
    pub date: Option<Date>,
    /// Matter id → opinion. A matter left out was not voted on.
    pub opinions: BTreeMap<String, Opinion>,
    /// Set when somebody else marked it for the voter.
    pub proxy: Option<Proxy>,
    /// Why the counters found it invalid, if they did (no signature, unreadable, …).
    pub invalid: Option<String>,
}

/// One question put to the owners.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matter {
    /// Unique in the vote.
    pub id: String,
    /// The item number in the rule's own numbering (Civil Code art. 278(1): 1–9).
    pub item: u8,
    /// What was asked.
    #[serde(default)]
    pub title: String,
}

/// The result somebody published; a recount says whether it agrees. Absent fields are not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // the same names as in `Verdict`
pub struct Published {
    pub total_heads: Option<u64>,
    pub total_area: Option<u64>,
    pub part_heads: Option<u64>,
    pub part_area: Option<u64>,
    pub yes_heads: Option<u64>,
    pub yes_area: Option<u64>,
    pub quorum: Option<bool>,
    pub passed: Option<bool>,
}

/// A whole vote, as exported: everything a stranger needs to count it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vote {
    /// What it is called.
    pub name: String,
    /// The day it closes: the rule and the by-law must be in force on it.
    pub date: Option<Date>,
    /// The rule's id; else it is found by place and date.
    pub rule: Option<String>,
    /// A city, for its own rule; 全国 if absent.
    pub place: Option<String>,
    /// The parts of the estate that vote, each a prefix of `Dwelling::place`; empty = the whole estate.
    pub scope: Vec<Vec<String>>,
    /// The owners' own rules.
    pub bylaw: Option<ByLaw>,
    /// What is asked.
    pub matters: Vec<Matter>,
    /// The frozen roll of the estate.
    pub dwellings: Vec<Dwelling>,
    /// Deliveries of ballots.
    pub deliveries: Vec<Delivery>,
    /// Ballots in the order in which they came in.
    pub ballots: Vec<Ballot>,
    /// Published results per matter.
    pub published: BTreeMap<String, Published>,
}

/// The largest total area: 2⁵³ − 1 cm², so that every figure is exact in any JSON reader.
pub const MAX_AREA: u64 = (1 << 53) - 1;
