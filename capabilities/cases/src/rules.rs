//! Pure rules of routing and redo.
use crate::store::{Category, RuleRow};
use linli_core::{Millis, UnitId};
use linli_registry::Units;
use serde::Serialize;
use serde_json::{Map, Value};

/// What routing knows of a case.
#[derive(Debug, Clone, Serialize)]
pub struct RouteFacts {
    /// The category, then those above it.
    pub categories: Vec<String>,
    /// Which terms apply.
    pub class: String,
    /// Root … the most particular unit of the place.
    #[serde(skip)]
    pub path: Vec<UnitId>,
    /// The committee.
    pub committee: UnitId,
    /// The estate of the place, if it lies in one.
    pub estate: Option<UnitId>,
    /// building, door, dwelling, spot, or none.
    pub place: Option<String>,
    /// The unit complained about.
    pub named: Option<UnitId>,
}

/// Where a case goes, and why: stored with the act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The unit.
    pub unit: UnitId,
    /// The rule that decided; none: the default.
    pub rule: Option<uuid::Uuid>,
    /// Why not the more particular ones: rules that were broken or would have sent it to the unit complained about.
    pub passed_over: Vec<(uuid::Uuid, &'static str)>,
}

/// A rule's target that cannot be found is broken: it is passed over and alarmed, never silently switched off.
pub const BROKEN: &str = "broken";
/// Nobody of the kind a rule names serves the place.
pub const NOBODY: &str = "nobody_serves";
/// A rule's target is, or stands under, the unit complained about.
pub const NAMED: &str = "named";

/// Decides by the most particular rule in force: the deepest scope, then the most particular category, then the most facts,
/// then the newest. Without a rule a report goes to its committee and a dispatch to the unit above. Whatever the rule says,
/// a case that names a unit never goes to it or under it: then it goes to the nearest superior that stands outside.
pub fn route(rules: &[RuleRow], units: &Units, facts: &RouteFacts, stage: &str, at: Millis) -> Route {
    let mut fitting: Vec<&RuleRow> = rules.iter().filter(|r| r.stage == stage && holds(r, facts, at)).collect();
    let rank = |r: &RuleRow| {
        let depth = facts.path.iter().position(|u| *u == r.scope).map_or(0, |p| p + 1);
        let category = r
            .category
            .as_ref()
            .map_or(0, |c| facts.categories.len() - facts.categories.iter().position(|k| k == c).unwrap_or(0));
        (depth, category, r.facts.0.as_object().map_or(0, Map::len), r.valid_from, r.id)
    };
    fitting.sort_by_key(|r| std::cmp::Reverse(rank(r)));
    let mut passed_over = Vec::new();
    for rule in fitting {
        match target(&rule.target, units, facts) {
            // Where nobody of that kind serves the estate, the rule says nothing; only a target that exists nowhere is broken.
            None if rule.target.starts_with("serving:") => passed_over.push((rule.id, NOBODY)),
            None => passed_over.push((rule.id, BROKEN)),
            Some(unit) if names(units, facts.named, unit) => passed_over.push((rule.id, NAMED)),
            Some(unit) => return Route { unit, rule: Some(rule.id), passed_over },
        }
    }
    let default = if stage == "report" { Some(facts.committee) } else { units.dispatch_above(facts.committee) };
    let mut unit = default.unwrap_or(facts.committee);
    while names(units, facts.named, unit) {
        match units.dispatch_above(unit) {
            Some(above) => unit = above,
            None => break,
        }
    }
    if names(units, facts.named, unit) {
        unit = units.ops().filter(|ops| !names(units, facts.named, *ops)).unwrap_or(units.root());
    }
    Route { unit, rule: None, passed_over }
}

/// Whether a unit is, or stands under, the unit complained about.
pub fn names(units: &Units, named: Option<UnitId>, unit: UnitId) -> bool {
    let within = |n: UnitId| units.path(unit).contains(&n);
    named.is_some_and(|n| within(n) || units.successors(n).into_iter().any(within))
}

fn holds(r: &RuleRow, facts: &RouteFacts, at: Millis) -> bool {
    let in_force = r.valid_from <= at && r.valid_until.is_none_or(|u| at < u);
    let category = r.category.as_ref().is_none_or(|c| facts.categories.contains(c));
    in_force && facts.path.contains(&r.scope) && category && facts_hold(&r.facts.0, facts)
}

/// The facts a rule may ask for: `class` (a term class), `place` (a kind of place), `in_estate` (yes or no).
fn facts_hold(asked: &Value, facts: &RouteFacts) -> bool {
    let Some(asked) = asked.as_object() else { return false };
    asked.iter().all(|(name, value)| match name.as_str() {
        "class" => value.as_str() == Some(&facts.class),
        "place" => value.as_str() == facts.place.as_deref(),
        "in_estate" => value.as_bool() == Some(facts.estate.is_some()),
        _ => false,
    })
}

/// The unit a target means for this case.
pub fn target(target: &str, units: &Units, facts: &RouteFacts) -> Option<UnitId> {
    match target.split_once(':') {
        None if target == "committee" => Some(facts.committee),
        None if target == "above" => units.dispatch_above(facts.committee),
        Some(("serving", kind)) => facts.estate.and_then(|e| units.serving(e, kind)),
        Some(("unit", code)) => units.by_code(code).filter(|u| u.valid_until.is_none()).map(|u| u.id),
        _ => None,
    }
}

/// A category and those above it, most particular first. A loop in the data ends the walk.
pub fn chain(categories: &[Category], code: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut next = Some(code.to_owned());
    while let Some(code) = next {
        if out.contains(&code) || code.is_empty() {
            break;
        }
        next = categories.iter().find(|c| c.code == code).and_then(|c| c.parent.clone());
        out.push(code);
    }
    out
}
