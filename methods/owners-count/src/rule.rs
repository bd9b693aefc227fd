//! The law as data: what must take part, what must agree, on which items, from when to when.
use crate::{Date, InputError, Refused, Text, Way, read};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A threshold. Both are compared by cross-multiplication, never by division.
///
/// Civil Code art. 1259: 以上 includes the number itself, 过半数 and 超过 do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// “n/d 以上”: exactly n/d is enough.
    AtLeast(u32, u32),
    /// “超过 n/d”, “过半数” for 1/2: exactly n/d is not enough.
    MoreThan(u32, u32),
}

impl Need {
    /// Numerator and denominator.
    pub fn fraction(self) -> (u32, u32) {
        let (Need::AtLeast(n, d) | Need::MoreThan(n, d)) = self;
        (n, d)
    }

    /// Whether `count` of `of` meets the threshold (art. 1259). Nothing of nothing never does.
    pub fn met(self, count: u64, of: u64) -> bool {
        let (n, d) = self.fraction();
        let (left, right) = (u128::from(count) * u128::from(d), u128::from(of) * u128::from(n));
        of > 0 && if matches!(self, Need::AtLeast(..)) { left >= right } else { left > right }
    }

    /// The least count that meets the threshold of `of`.
    pub fn least(self, of: u64) -> u64 {
        let (n, d) = self.fraction();
        let product = u128::from(of) * u128::from(n);
        let d = u128::from(d).max(1);
        let least = if matches!(self, Need::AtLeast(..)) { product.div_ceil(d) } else { product / d + 1 };
        u64::try_from(least).unwrap_or(u64::MAX)
    }

    /// How many newcomers, all agreeing, make `yes + k` meet the threshold of `of + k`; `None` if none can.
    pub fn least_newcomers(self, yes: u64, of: u64) -> Option<u64> {
        let (n, d) = self.fraction();
        let short = u128::from(of) * u128::from(n);
        let short = short.checked_sub(u128::from(yes) * u128::from(d));
        let gain = u128::from(d.checked_sub(n)?);
        let strict = matches!(self, Need::MoreThan(..));
        let k = match (short, gain) {
            (None, _) => 0,
            (Some(0), _) if !strict => 0,
            (Some(_), 0) => return None,
            (Some(s), g) if strict => s / g + 1,
            (Some(s), g) => s.div_ceil(g),
        };
        // Nothing of nothing meets no threshold: the first newcomer makes it one of one.
        u64::try_from(k).ok().map(|k| k.max(u64::from(of == 0)))
    }

    pub(crate) fn text(self) -> Text {
        let digit = |n: u32| match n {
            1..=10 => "一二三四五六七八九十".chars().nth(n as usize - 1).map(String::from),
            _ => None,
        };
        let (n, d) = self.fraction();
        let zh = match (digit(d), digit(n)) {
            (Some(d), Some(n)) => format!("{d}分之{n}"),
            _ => format!("{n}/{d}"),
        };
        match self {
            Need::AtLeast(..) => Text::new(format!("{zh}以上"), format!("at least {n}/{d}")),
            Need::MoreThan(1, 2) => Text::new("过半数", "more than half"),
            Need::MoreThan(..) => Text::new(format!("超过{zh}"), format!("more than {n}/{d}")),
        }
    }

    fn valid(self) -> bool {
        let (n, d) = self.fraction();
        0 < n && if matches!(self, Need::AtLeast(..)) { n <= d } else { n < d }
    }
}

/// Of what the agreeing part is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Of the heads and area that take part (Civil Code art. 278(2)).
    Participating,
    /// Of all heads and all area in scope (the text before 2021).
    All,
}

/// What must take part: the same fraction of heads and, separately, of area (Civil Code art. 278(2), first sentence).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participation {
    /// The threshold, of all heads and of all area in scope.
    pub need: Need,
    /// Where it is written.
    pub article: Text,
}

/// What must agree, for some items: the same fraction of heads and, separately, of area (art. 278(2)).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Item numbers, in the rule's own numbering.
    pub items: BTreeSet<u8>,
    /// The threshold.
    pub need: Need,
    /// Of which denominator.
    pub of: Of,
    /// Where it is written.
    pub article: Text,
}

/// What a proxy must bring (Civil Code arts. 165 and 171; Shanghai regulation art. 18(3)).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyRule {
    /// A mandate must be in writing.
    pub written: bool,
    /// The mandate must state the owner's opinion on every item voted (Shanghai art. 18(3)).
    pub opinion_on_each_item: bool,
    /// Where it is written.
    pub article: Text,
}

/// The ways of voting that a city allows (Beijing regulation art. 35(3)).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayRule {
    /// The allowed ways.
    pub allowed: BTreeSet<Way>,
    /// Where it is written.
    pub article: Text,
}

/// What a text says of votes in a part of the estate (Shanghai regulation art. 69).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartRule {
    /// The items it speaks of.
    pub items: BTreeSet<u8>,
    /// Where it is written.
    pub article: Text,
}

/// One version of the rules of the owners' vote: a law, or a city's regulation under it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable name, such as `civil-code-2021`.
    pub id: String,
    /// 全国 or a city.
    pub place: String,
    /// What a verdict calls it.
    pub name: Text,
    /// First day in force.
    pub from: Date,
    /// Last day in force; none while it stands.
    pub until: Option<Date>,
    /// Why it ended.
    pub ended: Option<Text>,
    /// What may be decided: item *n* is the *n*-th (Civil Code art. 278(1)).
    pub items: Vec<Text>,
    /// Where the items are written.
    pub items_article: Text,
    /// Why exactly two thirds is enough and exactly half is not (Civil Code art. 1259).
    pub equality: Text,
    /// What must take part.
    pub participation: Participation,
    /// What must agree; every item stands in exactly one.
    pub consent: Vec<Consent>,
    /// How heads and areas are counted (Supreme People's Court interpretation, arts. 8 and 9).
    pub heads: Text,
    /// What a proxy must bring.
    pub proxy: ProxyRule,
    /// The allowed ways of voting; none if the text does not limit them.
    pub ways: Option<WayRule>,
    /// Votes in a part of the estate; none if the text is silent.
    pub part: Option<PartRule>,
    /// Texts and articles this was taken from.
    pub source: String,
    /// What was compared, and what an operator must still check.
    pub checked: String,
}

impl Rule {
    /// The class of an item (Civil Code art. 278(2)), if the rule knows the item.
    pub fn consent(&self, item: u8) -> Option<&Consent> {
        self.consent.iter().find(|c| c.items.contains(&item))
    }

    /// The item's own words (Civil Code art. 278(1)).
    pub fn item(&self, item: u8) -> Option<&Text> {
        self.items.get(usize::from(item).checked_sub(1)?)
    }

    /// Refuses a day on which the rule was not in force, and says why.
    pub fn in_force(&self, date: Date) -> Result<(), Refused> {
        let Text { zh, en } = &self.name;
        if date < self.from {
            return Err(Refused(Text::new(
                format!("{zh}自{}起施行，{date}的表决不能适用", self.from),
                format!("{en} is in force from {}; it cannot be applied to a vote of {date}", self.from),
            )));
        }
        match self.until {
            Some(until) if date > until => {
                let why = self.ended.clone().unwrap_or_else(|| Text::new("", ""));
                Err(Refused(Text::new(
                    format!("{zh}至{until}止，{date}的表决不能适用：{}", why.zh),
                    format!("{en} ended on {until}; it cannot be applied to a vote of {date}: {}", why.en),
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Every loaded version.
#[derive(Debug, Clone)]
pub struct Rules(Vec<Rule>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules<'a> {
    #[serde(rename = "about")]
    _about: String,
    #[serde(borrow)]
    rules: Vec<&'a serde_json::value::RawValue>,
}

/// As written in the file: with `extends`, what is left out is the other rule's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: String,
    extends: Option<String>,
    place: String,
    name: Text,
    from: Date,
    until: Option<Date>,
    ended: Option<Text>,
    items: Option<Vec<Text>>,
    items_article: Option<Text>,
    equality: Option<Text>,
    participation: Option<Participation>,
    consent: Option<Vec<Consent>>,
    heads: Option<Text>,
    proxy: Option<ProxyRule>,
    ways: Option<WayRule>,
    part: Option<PartRule>,
    source: String,
    checked: String,
}

impl Rules {
    /// Reads the rules file (`data/law/owners-vote.json`).
    ///
    /// # Errors
    /// Names line, field and cause: a bad fraction, an item in no class or in two, a repeated id, dates that end
    /// before they begin.
    pub fn parse(text: &str) -> Result<Rules, InputError> {
        let raw: RawRules<'_> = read::part(text, text, "")?;
        let mut rules: Vec<Rule> = Vec::new();
        for (i, one) in raw.rules.iter().enumerate() {
            let field = format!("rules[{i}]");
            let r: RawRule = read::part(text, one.get(), &field)?;
            let bad = |name: &str, cause: String| read::error(text, one.get(), format!("{field}.{name}"), cause);
            if rules.iter().any(|known| known.id == r.id) {
                return Err(bad("id", format!("“{}”重复 · is there twice", r.id)));
            }
            let base = match &r.extends {
                None => None,
                Some(id) => Some(rules.iter().find(|known| known.id == *id).cloned().ok_or_else(|| {
                    bad("extends", format!("前面没有规则“{id}” · no rule “{id}” stands before this one"))
                })?),
            };
            macro_rules! own_or_base {
                ($name:ident) => {
                    r.$name.or_else(|| base.as_ref().map(|b| b.$name.clone())).ok_or_else(|| {
                        bad(stringify!($name), "缺少，也没有可沿用的规则 · missing, and no rule to take it from".into())
                    })?
                };
            }
            let rule = Rule {
                items: own_or_base!(items),
                items_article: own_or_base!(items_article),
                equality: own_or_base!(equality),
                participation: own_or_base!(participation),
                consent: own_or_base!(consent),
                heads: own_or_base!(heads),
                proxy: own_or_base!(proxy),
                ways: r.ways.or_else(|| base.as_ref().and_then(|b| b.ways.clone())),
                part: r.part.or_else(|| base.as_ref().and_then(|b| b.part.clone())),
                id: r.id,
                place: r.place,
                name: r.name,
                from: r.from,
                until: r.until,
                ended: r.ended,
                source: r.source,
                checked: r.checked,
            };
            if rule.until.is_some_and(|until| until < rule.from) {
                return Err(bad("until", "早于 from · is before from".into()));
            }
            let mut needs = rule.consent.iter().map(|c| c.need).chain([rule.participation.need]);
            if let Some(need) = needs.find(|n| !n.valid()) {
                let (n, d) = need.fraction();
                return Err(bad("need", format!("门槛 {n}/{d} 无法达到或没有意义 · {n}/{d} is no threshold")));
            }
            for item in 1..=rule.items.len() {
                let classes = rule.consent.iter().filter(|c| c.items.iter().any(|i| usize::from(*i) == item)).count();
                if classes != 1 {
                    let cause =
                        format!("第{item}项应当恰好属于一类，现有{classes}类 · item {item} is in {classes} classes");
                    return Err(bad("consent", cause));
                }
            }
            rules.push(rule);
        }
        Ok(Rules(rules))
    }

    /// All versions, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// The rule for a vote: by `id`; else the one of `place` (全国 if none is named) in force on `date`.
    ///
    /// # Errors
    /// Refuses when nothing is loaded for that day or name, or when the named rule was not in force on it. Without a
    /// date a rule must be named or the standing national one is taken, and the verdict says that this was not checked.
    pub fn choose(&self, id: Option<&str>, place: Option<&str>, date: Option<Date>) -> Result<&Rule, Refused> {
        if let Some(id) = id {
            let rule = self.0.iter().find(|r| r.id == id).ok_or_else(|| {
                let known = self.0.iter().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ");
                Refused(Text::new(
                    format!("没有装入规则“{id}”；现有：{known}"),
                    format!("rule “{id}” is not loaded; loaded are: {known}"),
                ))
            })?;
            if let Some(place) = place.filter(|p| *p != rule.place && rule.place != "全国") {
                let (zh, en) = (&rule.name.zh, &rule.name.en);
                return Err(Refused(Text::new(
                    format!("{zh}是{}的规则，不适用于{place}", rule.place),
                    format!("{en} is a rule of {}, not of {place}", rule.place),
                )));
            }
            return date.map_or(Ok(()), |d| rule.in_force(d)).map(|()| rule);
        }
        let place = place.unwrap_or("全国");
        let stands = |r: &&Rule| match date {
            Some(d) => r.in_force(d).is_ok(),
            None => r.until.is_none(),
        };
        self.0.iter().filter(|r| r.place == place).filter(stands).max_by_key(|r| r.from).ok_or_else(|| {
            let day = date.map_or(Text::new("现行", "now"), |d| Text::new(d.to_string(), d.to_string()));
            Refused(Text::new(
                format!("没有装入{place}在{}有效的规则；可用 rule 写明规则编号", day.zh),
                format!("no rule of {place} in force {} is loaded; name one by its id in “rule”", day.en),
            ))
        })
    }
}
