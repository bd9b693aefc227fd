//! Keeping categories, the responsibility list and the routing rules: data with author and date, replayed before they count.
use crate::store::{self, Category, Responsibility, RuleRow};
use crate::{ADMIN, CATEGORIES, DUTIES, RULES, rules, t};
use linli_core::{Cx, Error, Facts, MatterId, Result, UnitId};
use linli_matters::Matter;
use uuid::Uuid;

fn seat(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<()> {
    let units = linli_registry::units(cx)?;
    let facts = Facts { owner_path: units.path(unit).to_vec(), ..Facts::default() };
    cx.may(ADMIN, ADMIN, &facts).map(drop)
}

fn root_seat(cx: &mut Cx<'_, '_>) -> Result<()> {
    let root = linli_registry::units(cx)?.root();
    seat(cx, root)
}

/// Adds or changes a category.
pub fn put_category(cx: &mut Cx<'_, '_>, c: &Category) -> Result<()> {
    root_seat(cx)?;
    let well_formed = (1..=64).contains(&c.code.len())
        && c.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.');
    if !well_formed {
        return Err(Error::field("code", t::E_CODE));
    }
    for (field, name) in [("name_zh", &c.name_zh), ("name_en", &c.name_en)] {
        if name.trim().is_empty() {
            return Err(Error::field(field, linli_core::t::REQUIRED));
        }
    }
    let all = crate::categories(cx)?;
    if let Some(parent) = &c.parent
        && (!all.iter().any(|k| k.code == *parent) || rules::chain(&all, parent).contains(&c.code))
    {
        return Err(Error::field("parent", t::E_CATEGORY));
    }
    let terms = linli_matters::terms(cx)?;
    if !terms.classes.contains_key(&c.term_class) {
        return Err(Error::field("term_class", linli_core::t::NOT_A_CHOICE));
    }
    if !matches!(c.audience.as_str(), "root" | "committee" | "estate" | "group" | "private") {
        return Err(Error::field("audience", linli_core::t::NOT_A_CHOICE));
    }
    store::put_category(cx.tx, c, cx.now)?;
    cx.changed(crate::suggest::LEARNT)?;
    cx.changed(CATEGORIES)
}

/// Ends a category from now on; matters keep its code.
pub fn end_category(cx: &mut Cx<'_, '_>, code: &str) -> Result<()> {
    root_seat(cx)?;
    if store::end_category(cx.tx, code, cx.now)? == 0 {
        return Err(Error::NotFound);
    }
    cx.changed(crate::suggest::LEARNT)?;
    cx.changed(CATEGORIES)
}

/// Adds a line to the responsibility list.
pub fn put_responsibility(cx: &mut Cx<'_, '_>, mut r: Responsibility) -> Result<Uuid> {
    root_seat(cx)?;
    if !crate::categories(cx)?.iter().any(|c| c.code == r.category) {
        return Err(Error::field("category", t::E_CATEGORY));
    }
    for (field, value) in [
        ("actor_zh", &r.actor_zh),
        ("actor_en", &r.actor_en),
        ("article_zh", &r.article_zh),
        ("article_en", &r.article_en),
    ] {
        if value.trim().is_empty() {
            return Err(Error::field(field, linli_core::t::REQUIRED));
        }
    }
    r.id = cx.id();
    store::put_responsibility(cx.tx, &r, cx.now)?;
    cx.changed(DUTIES)?;
    Ok(r.id)
}

/// Ends a line of the responsibility list.
pub fn end_responsibility(cx: &mut Cx<'_, '_>, id: Uuid) -> Result<()> {
    root_seat(cx)?;
    if store::end_responsibility(cx.tx, id, cx.now)? == 0 {
        return Err(Error::NotFound);
    }
    cx.changed(DUTIES)
}

/// Adds a routing rule. A target that means nothing is refused here; one that loses its meaning later alarms.
pub fn put_rule(cx: &mut Cx<'_, '_>, mut r: RuleRow) -> Result<Uuid> {
    seat(cx, r.scope)?;
    check(cx, &r)?;
    r.id = cx.id();
    r.author = cx.actor.person;
    store::put_rule(cx.tx, &r, cx.now)?;
    cx.changed(RULES)?;
    Ok(r.id)
}

fn check(cx: &mut Cx<'_, '_>, r: &RuleRow) -> Result<()> {
    if !matches!(r.stage.as_str(), "report" | "dispatch") {
        return Err(Error::field("stage", linli_core::t::NOT_A_CHOICE));
    }
    if let Some(code) = &r.category
        && !crate::categories(cx)?.iter().any(|c| c.code == *code)
    {
        return Err(Error::field("category", t::E_CATEGORY));
    }
    let units = linli_registry::units(cx)?;
    let sound = match r.target.split_once(':') {
        None => matches!(r.target.as_str(), "committee" | "above"),
        Some(("serving", kind)) => !kind.is_empty(),
        Some(("unit", code)) => units.by_code(code).is_some(),
        _ => false,
    };
    if !sound {
        return Err(Error::field("target", t::E_TARGET));
    }
    let known = |facts: &serde_json::Value| {
        facts.as_object().is_some_and(|m| m.keys().all(|k| matches!(k.as_str(), "class" | "place" | "in_estate")))
    };
    if !known(&r.facts.0) {
        return Err(Error::field("facts", t::E_FACTS));
    }
    if r.note_zh.trim().is_empty() || r.note_en.trim().is_empty() {
        return Err(Error::field("note_zh", linli_core::t::REQUIRED));
    }
    Ok(())
}

/// Ends a rule from now on.
pub fn end_rule(cx: &mut Cx<'_, '_>, id: Uuid) -> Result<()> {
    let scope = crate::routing_rules(cx)?.iter().find(|r| r.id == id).map(|r| r.scope).ok_or(Error::NotFound)?;
    seat(cx, scope)?;
    store::end_rule(cx.tx, id, cx.now)?;
    cx.changed(RULES)
}

/// What a new rule would move among recent matters.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The matter.
    pub matter: MatterId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Where the rules in force send it.
    pub before: UnitId,
    /// Where it would go.
    pub after: UnitId,
}

/// Replays a rule on matters of its scope: which of them would go elsewhere. Nothing is changed.
pub fn replay(cx: &mut Cx<'_, '_>, rule: &RuleRow, matters: &[Matter]) -> Result<Vec<Replayed>> {
    seat(cx, rule.scope)?;
    check(cx, rule)?;
    let old = crate::routing_rules(cx)?;
    let mut new = (*old).clone();
    new.push(RuleRow { valid_from: cx.now.min(rule.valid_from), ..rule.clone() });
    let units = linli_registry::units(cx)?;
    let mut moved = Vec::new();
    for m in matters {
        let facts = crate::facts_of(cx, m)?;
        let (a, b) = (
            rules::route(&old, &units, &facts, &rule.stage, cx.now),
            rules::route(&new, &units, &facts, &rule.stage, cx.now),
        );
        if a.unit != b.unit {
            moved.push(Replayed {
                matter: m.id,
                number: m.number.clone(),
                title: m.title.clone(),
                before: a.unit,
                after: b.unit,
            });
        }
    }
    Ok(moved)
}
