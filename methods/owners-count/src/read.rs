//! Reading a vote from JSON. Every error names line, field and cause.
//!
//! Records are first cut out as raw text and then read one by one, so that an error found only by comparing records
//! (an unknown dwelling, a second one of the same name) still knows its line.
use crate::vote::*;
use crate::{Date, InputError};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

/// The line of `part`, a slice of `whole`.
fn line(whole: &str, part: &str) -> usize {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    1 + whole.as_bytes().get(..start).unwrap_or_default().iter().filter(|b| **b == b'\n').count()
}

pub(crate) fn error(whole: &str, part: &str, field: impl Into<String>, cause: impl Into<String>) -> InputError {
    InputError { line: line(whole, part), field: field.into(), cause: cause.into() }
}

/// Reads `part` of `whole`; `field` is the path to it.
pub(crate) fn part<'a, T: Deserialize<'a>>(whole: &str, part: &'a str, field: &str) -> Result<T, InputError> {
    // Following the path costs half the time; only a faulty record is read again to find the field.
    if let Ok(value) = serde_json::from_str(part) {
        return Ok(value);
    }
    let mut json = serde_json::Deserializer::from_str(part);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let inner = e.path().to_string();
        let field = match (field, inner.trim_end_matches(['?', '.'])) {
            (f, "") => f.to_string(),
            ("", i) => i.to_string(),
            (f, i) => format!("{f}.{i}"),
        };
        fault(whole, part, field, &e.into_inner())
    })?;
    json.end().map_err(|e| fault(whole, part, field.to_string(), &e))?;
    Ok(value)
}

fn fault(whole: &str, part: &str, field: String, e: &serde_json::Error) -> InputError {
    let text = e.to_string();
    let cause = text.rsplit_once(" at line ").map_or(text.as_str(), |(cause, _)| cause);
    InputError { line: line(whole, part) + e.line().max(1) - 1, field, cause: cause.to_string() }
}

/// An object whose keys may not repeat: a repeated key would silently lose a vote.
struct Entries<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Read<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Read<V> {
            type Value = Entries<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
                let (mut seen, mut entries) = (BTreeSet::new(), Vec::new());
                while let Some((key, value)) = map.next_entry::<String, V>()? {
                    if !seen.insert(key.clone()) {
                        return Err(A::Error::custom(format!("“{key}”重复 · is there twice")));
                    }
                    entries.push((key, value));
                }
                Ok(Entries(entries))
            }
        }
        d.deserialize_map(Read(PhantomData))
    }
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Entries(Vec::new())
    }
}

impl<V> From<Entries<V>> for BTreeMap<String, V> {
    fn from(entries: Entries<V>) -> Self {
        entries.0.into_iter().collect()
    }
}

fn unique<'de, D: Deserializer<'de>, V: Deserialize<'de>>(d: D) -> Result<BTreeMap<String, V>, D::Error> {
    Entries::deserialize(d).map(Into::into)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVote<'a> {
    name: String,
    date: Option<Date>,
    rule: Option<String>,
    place: Option<String>,
    #[serde(default)]
    scope: Vec<String>,
    bylaw: Option<ByLaw>,
    #[serde(borrow)]
    matters: Vec<&'a RawValue>,
    #[serde(borrow)]
    dwellings: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    deliveries: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    ballots: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    published: Entries<&'a RawValue>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDwelling {
    id: String,
    #[serde(default)]
    place: String,
    area: Option<u64>,
    area_m2: Option<String>,
    #[serde(default)]
    owners: Vec<String>,
    representative: Option<String>,
    developer: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProxy {
    name: String,
    written: bool,
    #[serde(default, deserialize_with = "unique")]
    mandate: BTreeMap<String, Opinion>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBallot {
    dwelling: String,
    voter: Option<String>,
    #[serde(default)]
    way: Way,
    date: Option<Date>,
    #[serde(deserialize_with = "unique")]
    opinions: BTreeMap<String, Opinion>,
    proxy: Option<RawProxy>,
    invalid: Option<String>,
}

/// The short form: one matter, one ballot per dwelling, everybody reached unless named.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ShortVote<'a> {
    name: String,
    #[serde(rename = "basis")]
    _basis: Option<String>,
    date: Option<Date>,
    item: u8,
    #[serde(borrow)]
    units: Vec<&'a RawValue>,
    #[serde(borrow)]
    ballots: Entries<&'a RawValue>,
    #[serde(default)]
    options: ShortOptions,
    expected: Option<Published>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ShortUnit {
    id: String,
    owner: String,
    area: u64,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ShortOptions {
    rule: Option<String>,
    bylaw: Option<ShortByLaw>,
    #[serde(default)]
    undelivered: BTreeSet<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ShortByLaw {
    delivered_counts: bool,
    #[serde(default)]
    follow_majority: bool,
}

/// The matter of the short form has no name; the delivery path of the short form has none either.
const ONLY: &str = "1";
const DELIVERED: &str = "已送达";

/// Reads one vote or a list of votes, in the full or the short form (both in the README).
///
/// # Errors
/// Names line, field and cause: malformed JSON, unknown or repeated fields and ids, an area that is not a positive
/// number, a ballot or delivery for a dwelling that is not in the roll, an opinion on a matter not announced.
pub fn read_votes(text: &str) -> Result<Vec<Vote>, InputError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start().starts_with('[') {
        return Ok(vec![one_vote(text, text, "")?]);
    }
    let votes: Vec<&RawValue> = part(text, text, "")?;
    if votes.is_empty() {
        return Err(error(text, text, "", "文件里没有表决 · there is no vote in the file"));
    }
    votes.iter().enumerate().map(|(i, vote)| one_vote(text, vote.get(), &format!("[{i}]"))).collect()
}

fn one_vote(whole: &str, vote: &str, field: &str) -> Result<Vote, InputError> {
    #[derive(serde::Deserialize)]
    struct Form<'a> {
        #[serde(borrow)]
        units: Option<&'a RawValue>,
    }
    let form: Form<'_> = part(whole, vote, field)?;
    let read = if form.units.is_some() { short_vote } else { full_vote };
    let at = |name: &str| if field.is_empty() { name.to_string() } else { format!("{field}.{name}") };
    read(whole, vote, field, &at)
}

type At<'f> = &'f dyn Fn(&str) -> String;

fn full_vote(whole: &str, vote: &str, field: &str, at: At<'_>) -> Result<Vote, InputError> {
    let raw: RawVote<'_> = part(whole, vote, field)?;
    let mut matters: Vec<Matter> = Vec::new();
    for (i, m) in raw.matters.iter().enumerate() {
        let field = at(&format!("matters[{i}]"));
        let matter: Matter = part(whole, m.get(), &field)?;
        if matters.iter().any(|known| known.id == matter.id) {
            return Err(twice(whole, m.get(), &field, &matter.id));
        }
        matters.push(matter);
    }
    if matters.is_empty() {
        return Err(error(whole, vote, at("matters"), "没有表决事项 · nothing is asked"));
    }
    let mut roll = Roll::default();
    for (i, d) in raw.dwellings.iter().enumerate() {
        let field = at(&format!("dwellings[{i}]"));
        let dwelling = dwelling(whole, d.get(), &field)?;
        roll.add(whole, d.get(), &field, dwelling)?;
    }
    let mut deliveries = Vec::new();
    for (i, d) in raw.deliveries.iter().enumerate() {
        let field = at(&format!("deliveries[{i}]"));
        let delivery: Delivery = part(whole, d.get(), &field)?;
        roll.find(whole, d.get(), &field, &delivery.dwelling)?;
        deliveries.push(delivery);
    }
    let known: BTreeSet<&str> = matters.iter().map(|m| m.id.as_str()).collect();
    let mut ballots = Vec::new();
    for (i, b) in raw.ballots.iter().enumerate() {
        let field = at(&format!("ballots[{i}]"));
        let b_text = b.get();
        let b: RawBallot = part(whole, b_text, &field)?;
        let dwelling = roll.find(whole, b_text, &field, &b.dwelling)?;
        if b.voter.is_none() && b.invalid.is_none() && dwelling.voters().len() > 1 {
            let cause = "该户有数名共有人，应写明谁投的票 · the dwelling has co-owners: say who cast it";
            return Err(error(whole, b_text, format!("{field}.voter"), cause));
        }
        let mandate = b.proxy.iter().flat_map(|p| p.mandate.keys());
        if let Some(m) = b.opinions.keys().chain(mandate).find(|m| !known.contains(m.as_str())) {
            let cause = format!("“{m}”不在已公告的事项中 · is not an announced matter");
            return Err(error(whole, b_text, format!("{field}.opinions"), cause));
        }
        let proxy = b.proxy.map(|p| Proxy { name: p.name, written: p.written, mandate: p.mandate });
        let RawBallot { dwelling, voter, way, date, opinions, invalid, .. } = b;
        ballots.push(Ballot { dwelling, voter, way, date, opinions, proxy, invalid });
    }
    let mut published = BTreeMap::new();
    for (id, p) in raw.published.0 {
        let field = at(&format!("published.{id}"));
        if !known.contains(id.as_str()) {
            return Err(error(whole, p.get(), field, "没有这一事项 · there is no such matter"));
        }
        published.insert(id, part(whole, p.get(), &field)?);
    }
    let mut scope = Vec::new();
    for (i, s) in raw.scope.iter().enumerate() {
        let path = place(s);
        if !roll.dwellings.iter().any(|d| d.place.starts_with(&path)) {
            let cause = format!("“{s}”范围内没有专有部分 · no dwelling lies in “{s}”");
            return Err(error(whole, vote, at(&format!("scope[{i}]")), cause));
        }
        scope.push(path);
    }
    let RawVote { name, date, rule, place, bylaw, .. } = raw;
    roll.checked(whole, vote, at)?;
    let dwellings = roll.dwellings;
    Ok(Vote { name, date, rule, place, scope, bylaw, matters, dwellings, deliveries, ballots, published })
}

fn short_vote(whole: &str, vote: &str, field: &str, at: At<'_>) -> Result<Vote, InputError> {
    let raw: ShortVote<'_> = part(whole, vote, field)?;
    let mut roll = Roll::default();
    for (i, u) in raw.units.iter().enumerate() {
        let field = at(&format!("units[{i}]"));
        let ShortUnit { id, owner, area } = part(whole, u.get(), &field)?;
        let owners = vec![owner];
        let dwelling = Dwelling { id, place: Vec::new(), area, owners, representative: None, developer: None };
        roll.add(whole, u.get(), &field, dwelling)?;
    }
    let mut ballots = Vec::new();
    for (dwelling, opinion) in raw.ballots.0 {
        let field = at(&format!("ballots.{dwelling}"));
        roll.find(whole, opinion.get(), &field, &dwelling)?;
        let opinions = BTreeMap::from([(ONLY.to_string(), part(whole, opinion.get(), &field)?)]);
        let (voter, proxy, invalid) = (None, None, None);
        ballots.push(Ballot { dwelling, voter, way: Way::Paper, date: None, opinions, proxy, invalid });
    }
    for unknown in &raw.options.undelivered {
        roll.find(whole, vote, &at("options.undelivered"), unknown)?;
    }
    let silence = match &raw.options.bylaw {
        None | Some(ShortByLaw { delivered_counts: false, follow_majority: false }) => None,
        Some(ShortByLaw { delivered_counts: true, follow_majority: false }) => Some(Silence::TakesPart),
        Some(ShortByLaw { delivered_counts: true, follow_majority: true }) => Some(Silence::WithMajority),
        Some(ShortByLaw { delivered_counts: false, follow_majority: true }) => {
            let cause = "送达不算参与，就不能随多数 · cannot follow the majority without taking part";
            return Err(error(whole, vote, at("options.bylaw.follow_majority"), cause));
        }
    };
    roll.checked(whole, vote, at)?;
    let reached = roll.dwellings.iter().filter(|d| silence.is_some() && !raw.options.undelivered.contains(&d.id));
    let deliver = |d: &Dwelling| Delivery {
        dwelling: d.id.clone(),
        path: DELIVERED.to_string(),
        proof: DELIVERED.to_string(),
        warned: true,
    };
    Ok(Vote {
        name: raw.name,
        date: raw.date,
        rule: raw.options.rule,
        bylaw: silence.map(|silence| ByLaw {
            name: "管理规约".into(),
            article: String::new(),
            from: None,
            until: None,
            silence: Some(silence),
            deliveries: vec![DELIVERED.to_string()],
        }),
        matters: vec![Matter { id: ONLY.into(), item: raw.item, title: String::new() }],
        deliveries: reached.map(deliver).collect(),
        dwellings: roll.dwellings,
        ballots,
        published: raw.expected.map(|e| (ONLY.to_string(), e)).into_iter().collect(),
        ..Vote::default()
    })
}

fn twice(whole: &str, record: &str, field: &str, id: &str) -> InputError {
    error(whole, record, format!("{field}.id"), format!("“{id}”重复 · is there twice"))
}

/// `3幢/2单元` → its steps; spaces round a step and empty steps do not count.
fn place(text: &str) -> Vec<String> {
    text.split('/').map(str::trim).filter(|s| !s.is_empty()).map(String::from).collect()
}

/// `90.12` m² → 901200 cm². At most four decimals; nothing is rounded.
fn square_metres(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 4 {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(10_000)?.checked_add(format!("{decimals:0<4}").parse().ok()?)
}

fn dwelling(whole: &str, record: &str, field: &str) -> Result<Dwelling, InputError> {
    let raw: RawDwelling = part(whole, record, field)?;
    let bad = |name: &str, cause: &str| error(whole, record, format!("{field}.{name}"), cause);
    let area = match (raw.area, &raw.area_m2) {
        (Some(cm2), None) => cm2,
        (None, Some(m2)) => square_metres(m2)
            .ok_or_else(|| bad("area_m2", "应写作 \"90.12\"，至多四位小数 · write \"90.12\", at most four decimals"))?,
        _ => {
            return Err(bad(
                "area",
                "area（平方厘米）与 area_m2 应有且只有一个 · give area (cm²) or area_m2, one of them",
            ));
        }
    };
    let owners: BTreeSet<&String> = raw.owners.iter().collect();
    if owners.len() != raw.owners.len() {
        return Err(bad("owners", "同一人重复 · the same person twice"));
    }
    if raw.owners.is_empty() && raw.developer.is_none() {
        return Err(bad("owners", "没有业主；未售的写明 developer · no owner; if unsold, name the developer"));
    }
    if raw.representative.as_ref().is_some_and(|r| !raw.owners.contains(r)) {
        return Err(bad("representative", "应是共有人之一 · must be one of the owners"));
    }
    let RawDwelling { id, owners, representative, developer, .. } = raw;
    Ok(Dwelling { id, place: place(&raw.place), area, owners, representative, developer })
}

#[derive(Default)]
struct Roll {
    dwellings: Vec<Dwelling>,
    index: BTreeMap<String, usize>,
    area: u64,
}

impl Roll {
    fn add(&mut self, whole: &str, record: &str, field: &str, dwelling: Dwelling) -> Result<(), InputError> {
        if self.index.insert(dwelling.id.clone(), self.dwellings.len()).is_some() {
            return Err(twice(whole, record, field, &dwelling.id));
        }
        let area = format!("{field}.area");
        if dwelling.area == 0 {
            return Err(error(whole, record, area, "专有部分面积应大于零 · the area must be more than zero"));
        }
        self.area = match self.area.checked_add(dwelling.area).filter(|sum| *sum <= MAX_AREA) {
            Some(sum) => sum,
            None => return Err(error(whole, record, area, "总面积过大 · the total area is too large")),
        };
        self.dwellings.push(dwelling);
        Ok(())
    }

    fn find(&self, whole: &str, record: &str, field: &str, id: &str) -> Result<&Dwelling, InputError> {
        self.index.get(id).and_then(|i| self.dwellings.get(*i)).ok_or_else(|| {
            let cause = format!("名册中没有“{id}” · “{id}” is not in the roll");
            error(whole, record, format!("{field}.dwelling"), cause)
        })
    }

    fn checked(&self, whole: &str, vote: &str, at: At<'_>) -> Result<(), InputError> {
        match self.dwellings.is_empty() {
            true => Err(error(whole, vote, at("dwellings"), "名册是空的 · the roll is empty")),
            false => Ok(()),
        }
    }
}
