//! Figures of a unit or an area: sums of maintained counters, each with its definition; never a ranking of people.
use crate::t;
use linli_core::{Cx, Result, ScopeKind, Text, UnitId};
use std::collections::BTreeMap;

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

/// Figures of a unit: of an area (root, dispatch or serve level) all cases of its committees, otherwise the unit's own share.
pub fn figures(cx: &mut Cx<'_, '_>, unit: UnitId, from: i64, to: i64) -> Result<Figures> {
    let units = linli_registry::units(cx)?;
    cx.scope(crate::LIST, ScopeKind::Within(unit), units.path(unit))
        .or_else(|_| cx.scope(crate::LIST, ScopeKind::Desk(unit), units.path(unit)))?;
    let committees: Vec<UnitId> =
        units.ever_within(unit).filter(|u| u.function == linli_registry::Function::Serve).map(|u| u.id).collect();
    let area = !committees.is_empty();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    if area {
        for (dimension, n) in linli_matters::sums_within(cx, &committees, from, to)? {
            // An area's figure is the sum over whoever acted in it.
            let key = dimension.split_once(':').map_or(dimension.as_str(), |(k, _)| k);
            *sums.entry(key.to_owned()).or_default() += n;
        }
    } else {
        for (dimension, n) in linli_matters::sums_by_unit(cx, unit, from, to)? {
            let key = dimension.split_once(':').map_or(dimension.as_str(), |(k, _)| k);
            *sums.entry(key.to_owned()).or_default() += n;
        }
    }
    let get = |k: &str| sums.get(k).copied().unwrap_or(0);
    let share = |code, label, definition, n: i64, of: i64| Figure { code, label, definition, n, of: Some(of) };
    let plain = |code, label, definition, n: i64| Figure { code, label, definition, n, of: None };
    let in_time = |stage: &str| {
        (get(&format!("{stage}.in_time")), get(&format!("{stage}.in_time")) + get(&format!("{stage}.late")))
    };
    let (sign, contact, answer) = (in_time("sign"), in_time("contact"), in_time("answer"));
    let verdicts = get("verdict.satisfied") + get("verdict.dissatisfied");
    let answered = get("answered.solved") + get("answered.partly") + get("answered.explained");
    let mut items = vec![
        share("signed_in_time", t::G_SIGNED, t::G_SIGNED_DEF, sign.0, sign.1),
        share("contacted_in_time", t::G_CONTACTED, t::G_CONTACTED_DEF, contact.0, contact.1),
        share("answered_in_time", t::G_ANSWERED, t::G_ANSWERED_DEF, answer.0, answer.1),
        share("claimed_solved", t::G_CLAIMED, t::G_CLAIMED_DEF, get("answered.solved"), answered),
        share(
            "solved",
            t::G_SOLVED,
            t::G_SOLVED_DEF,
            get("verdict.solved"),
            get("verdict.solved") + get("verdict.unsolved"),
        ),
        share("satisfied", t::G_SATISFIED, t::G_SATISFIED_DEF, get("verdict.satisfied"), verdicts),
        plain("not_evaluated", t::G_NOT_EVALUATED, t::G_NOT_EVALUATED_DEF, get("verdict.none")),
        share("returned", t::G_RETURNED, t::G_RETURNED_DEF, get("returned"), get("dispatched")),
        share("redone", t::G_REDONE, t::G_REDONE_DEF, get("redo"), answered),
        share(
            "called_solved",
            t::G_CALLED,
            t::G_CALLED_DEF,
            get("called.solved"),
            get("called.solved") + get("called.unsolved"),
        ),
    ];
    if area {
        items.insert(0, plain("opened", t::G_OPENED, t::G_OPENED_DEF, get("opened")));
    }
    let opened = if area { linli_matters::daily(cx, "opened:case", &committees, from, to)? } else { Vec::new() };
    Ok(Figures { unit, items, opened })
}
