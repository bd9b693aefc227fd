//! Figures of a unit or an area: sums of maintained counters, each with its definition; never a ranking of people.
use crate::store::{self, ActFact, ClockFact};
use crate::t;
use linli_core::{Cx, Error, MatterId, Result, ScopeKind, Text, UnitId, time};
use linli_matters::{After, Ask, Listed, Matter};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// One figure: a share with its numerator and denominator, or a plain number.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its code in the API.
    pub code: &'static str,
    /// Its name.
    pub label: Text,
    /// How it is defined.
    pub definition: Text,
    /// What is counted.
    pub n: i64,
    /// Of how many; none: a plain number.
    pub of: Option<i64>,
}

impl Figure {
    /// The share in tenths of a percent, rounded half up; none without a denominator or when it is nought.
    pub fn permille(&self) -> Option<i64> {
        self.of.filter(|of| *of > 0).map(|of| (self.n * 2000 + of) / (2 * of))
    }
}

/// The figures of one unit over civil days `from..=to`.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The unit.
    pub unit: UnitId,
    /// Its figures.
    pub items: Vec<Figure>,
    /// Reports opened each day.
    pub opened: Vec<(i64, i64)>,
}

/// A figure as it is declared: what is counted, and of what. Sums and rows are both read from here.
struct Declared {
    code: &'static str,
    label: Text,
    definition: Text,
    n: &'static [&'static str],
    of: Option<&'static [&'static str]>,
    /// Counted by place only, not by the unit that acted.
    area: bool,
}

const fn share(
    code: &'static str,
    label: Text,
    definition: Text,
    n: &'static [&'static str],
    of: &'static [&'static str],
) -> Declared {
    Declared { code, label, definition, n, of: Some(of), area: false }
}

const ANSWERED: &[&str] = &["answered.solved", "answered.partly", "answered.explained"];

const FIGURES: &[Declared] = &[
    Declared {
        code: "opened",
        label: t::G_OPENED,
        definition: t::G_OPENED_DEF,
        n: &["opened:case"],
        of: None,
        area: true,
    },
    share("signed_in_time", t::G_SIGNED, t::G_SIGNED_DEF, &["sign.in_time"], &["sign.in_time", "sign.late"]),
    share(
        "contacted_in_time",
        t::G_CONTACTED,
        t::G_CONTACTED_DEF,
        &["contact.in_time"],
        &["contact.in_time", "contact.late"],
    ),
    share(
        "answered_in_time",
        t::G_ANSWERED,
        t::G_ANSWERED_DEF,
        &["answer.in_time"],
        &["answer.in_time", "answer.late"],
    ),
    share("claimed_solved", t::G_CLAIMED, t::G_CLAIMED_DEF, &["answered.solved"], ANSWERED),
    share("solved", t::G_SOLVED, t::G_SOLVED_DEF, &["verdict.solved"], &["verdict.solved", "verdict.unsolved"]),
    share(
        "satisfied",
        t::G_SATISFIED,
        t::G_SATISFIED_DEF,
        &["verdict.satisfied"],
        &["verdict.satisfied", "verdict.dissatisfied"],
    ),
    Declared {
        code: "not_evaluated",
        label: t::G_NOT_EVALUATED,
        definition: t::G_NOT_EVALUATED_DEF,
        n: &["verdict.none"],
        of: None,
        area: false,
    },
    share("returned", t::G_RETURNED, t::G_RETURNED_DEF, &["returned"], &["dispatched"]),
    share("redone", t::G_REDONE, t::G_REDONE_DEF, &["redo"], ANSWERED),
    share("called_solved", t::G_CALLED, t::G_CALLED_DEF, &["called.solved"], &["called.solved", "called.unsolved"]),
];

/// Refuses whoever may not see the figures of a unit; says whether it is an area (root, dispatch or serve level) with its
/// committees, otherwise none.
fn committees(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<Vec<UnitId>> {
    let units = linli_registry::units(cx)?;
    cx.scope(crate::LIST, ScopeKind::Within(unit), units.path(unit))
        .or_else(|_| cx.scope(crate::LIST, ScopeKind::Desk(unit), units.path(unit)))?;
    Ok(units.ever_within(unit).filter(|u| u.function == linli_registry::Function::Serve).map(|u| u.id).collect())
}

/// What a dimension counts: an area's figure is the sum over whoever acted in it, so the unit behind it is left out.
fn counted(dimension: &str) -> &str {
    match dimension.split_once(':') {
        Some(("opened", _)) | None => dimension,
        Some((what, _)) => what,
    }
}

/// Figures of a unit: of an area (root, dispatch or serve level) all cases of its committees, otherwise the unit's own share.
pub fn figures(cx: &mut Cx<'_, '_>, unit: UnitId, from: i64, to: i64) -> Result<Figures> {
    let committees = committees(cx, unit)?;
    let area = !committees.is_empty();
    let dimensions = if area {
        linli_matters::sums_within(cx, &committees, from, to)?
    } else {
        linli_matters::sums_by_unit(cx, unit, from, to)?
    };
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for (dimension, n) in &dimensions {
        *sums.entry(counted(dimension)).or_default() += n;
    }
    let sum = |of: &[&str]| of.iter().filter_map(|d| sums.get(d)).sum();
    let shown = FIGURES.iter().filter(|f| area || !f.area);
    let items = shown
        .map(|f| Figure { code: f.code, label: f.label, definition: f.definition, n: sum(f.n), of: f.of.map(sum) })
        .collect();
    let opened = if area { linli_matters::daily(cx, "opened:case", &committees, from, to)? } else { Vec::new() };
    Ok(Figures { unit, items, opened })
}

/// Which matters are asked for: those behind a figure of a unit over civil days `from..=to`.
#[derive(Debug, Clone)]
pub struct Behind {
    /// The figure's code.
    pub figure: String,
    /// All of what it is a share of, instead of what it counts.
    pub of: bool,
    /// The first day.
    pub from: i64,
    /// The last day.
    pub to: i64,
}

impl Behind {
    /// The figure's name and definition.
    pub fn texts(&self) -> Option<(Text, Text)> {
        FIGURES.iter().find(|f| f.code == self.figure).map(|f| (f.label, f.definition))
    }
}

/// How many matters one page looks through; what lies beyond is asked for by the next.
const LOOKED_THROUGH: usize = 500;

/// The matters behind a figure, newest first. `next` may follow a short page: then there is more to look through.
pub fn behind(cx: &mut Cx<'_, '_>, unit: UnitId, b: &Behind, after: Option<After>, limit: usize) -> Result<Listed> {
    let f = FIGURES.iter().find(|f| f.code == b.figure).ok_or(Error::NotFound)?;
    let wanted = if b.of { f.of.unwrap_or(f.n) } else { f.n };
    let area = !committees(cx, unit)?.is_empty();
    let mut after = after;
    let mut items = Vec::new();
    for _ in 0..LOOKED_THROUGH / 100 {
        let (ids, mut known) = candidates(cx, unit, area, after)?;
        let counts = counts(cx, &ids)?;
        for id in &ids {
            after = Some(After { key: 0, id: id.0 });
            let by = (!area).then_some(unit);
            let hit = |c: &Count| {
                (b.from..=b.to).contains(&c.day) && wanted.contains(&c.what.as_str()) && (by.is_none() || c.unit == by)
            };
            if !counts.get(id).is_some_and(|c| c.iter().any(hit)) {
                continue;
            }
            match known.remove(id) {
                Some(m) => items.push(m),
                None => match linli_matters::see_id(cx, *id) {
                    Ok(seen) => items.push(seen.matter),
                    Err(Error::NotFound) => {}
                    Err(e) => return Err(e),
                },
            }
            if items.len() == limit {
                return Ok(Listed { items, next: after });
            }
        }
        if ids.len() < 100 {
            return Ok(Listed { items, next: None });
        }
    }
    Ok(Listed { items, next: after })
}

/// A hundred matters of an area, or in which a unit has taken part; newest first.
fn candidates(
    cx: &mut Cx<'_, '_>,
    unit: UnitId,
    area: bool,
    after: Option<After>,
) -> Result<(Vec<MatterId>, HashMap<MatterId, Matter>)> {
    if !area {
        let before = after.map_or(Uuid::max(), |a| a.id);
        let ids = store::took_part(cx.tx, unit, before, 100)?.into_iter().map(|(id,)| id).collect();
        return Ok((ids, HashMap::new()));
    }
    let units = linli_registry::units(cx)?;
    let scope = cx.scope(crate::LIST, ScopeKind::Within(unit), units.path(unit))?;
    let page = linli_matters::list(cx, &scope, &Ask { after, limit: 100, ..Ask::default() })?;
    Ok((page.items.iter().map(|m| m.id).collect(), page.items.into_iter().map(|m| (m.id, m)).collect()))
}

/// One thing that a figure counts.
struct Count {
    day: i64,
    what: String,
    unit: Option<UnitId>,
}

/// What the figures count of each matter.
fn counts(cx: &mut Cx<'_, '_>, ids: &[MatterId]) -> Result<HashMap<MatterId, Vec<Count>>> {
    let raw: Vec<Uuid> = ids.iter().map(|i| i.0).collect();
    let mut acts = store::act_facts(cx.tx, &raw)?;
    acts.sort_by_key(|a| (a.matter, a.seq));
    let mut clocks: HashMap<MatterId, Vec<ClockFact>> = HashMap::new();
    for c in store::clock_facts(cx.tx, &raw)? {
        clocks.entry(c.matter).or_default().push(c);
    }
    let mut out = HashMap::new();
    for acts in acts.chunk_by(|a, b| a.matter == b.matter) {
        let Some(first) = acts.first() else { continue };
        out.insert(first.matter, counts_of(acts, clocks.remove(&first.matter).unwrap_or_default()));
    }
    Ok(out)
}

/// What the acts of one matter count for: the same as its moves count when they are made.
fn counts_of(acts: &[ActFact], mut clocks: Vec<ClockFact>) -> Vec<Count> {
    let mut out = Vec::new();
    let mut handler = None;
    for a in acts {
        let day = i64::from(time::civil_day(a.at));
        let mut count = |what: String, unit: Option<UnitId>| out.push(Count { day, what, unit });
        if a.seq == 1 {
            let kind = if a.act == crate::REPORT || a.act == crate::REPORT_FOR { "case" } else { "task" };
            count(format!("opened:{kind}"), None);
            continue;
        }
        clocks.retain(|c| {
            let met = c.stopped == Some(a.at) && fulfils(a).contains(&c.stage.as_str());
            if met {
                let how = if a.at <= c.due { "in_time" } else { "late" };
                count(format!("{}.{how}", c.stage), Some(c.unit));
            }
            !met
        });
        let said = |key: &str| a.data.0[key].as_bool() == Some(true);
        match a.act.as_str() {
            "case.sign" | "case.ask_extension" | "case.ask_pause" | "case.decline" => handler = a.unit,
            "case.dispatch" | "case.rule" | "case.order_redo" => {
                handler = None;
                count("dispatched".into(), a.owner);
            }
            "case.return" => count("returned".into(), a.unit),
            "case.answer" => {
                handler = a.unit;
                count(format!("answered.{}", a.data.0["outcome"].as_str().unwrap_or_default()), handler);
            }
            "case.verdict" | "case.verdict_for" => {
                count(if said("satisfied") { "verdict.satisfied" } else { "verdict.dissatisfied" }.into(), handler);
                count(if said("solved") { "verdict.solved" } else { "verdict.unsolved" }.into(), handler);
                if a.data.0["redo_by"].is_string() {
                    count("redo".into(), handler);
                }
            }
            "case.lapse" => count("verdict.none".into(), handler),
            "case.call_back" => {
                count(if said("solved") { "called.solved" } else { "called.unsolved" }.into(), handler);
            }
            _ => {}
        }
    }
    out
}

/// The stages that a move fulfils; a clock that another move stopped was no longer owed.
fn fulfils(a: &ActFact) -> &'static [&'static str] {
    match (a.act.as_str(), a.from.as_str()) {
        ("case.sign" | "case.dispatch", _) | ("task.sign" | "task.done" | "task.return", "sent") => &["sign"],
        ("case.decline" | "case.answer", _) => &["sign", "contact", "answer"],
        ("case.contact", _) => &["contact"],
        ("task.done" | "task.return", "doing") => &["answer"],
        _ => &[],
    }
}
