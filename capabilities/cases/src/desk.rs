//! What awaits somebody: for the badges of the navigation, on every page.
use crate::LIST;
use linli_core::{Actor, Cx, Result, Role, Scope, ScopeKind, UnitId, time};
use linli_matters::{Ask, Matter};
use linli_web::NavItem;

/// One more than a badge shows: then it says that there are more.
const COUNTED: i64 = NavItem::MOST + 1;

/// The desks at which somebody works, the first one first.
pub(crate) fn desks(actor: &Actor) -> Vec<UnitId> {
    let works = actor.posts.iter().filter(|p| !matches!(p.role, Role::GroupLeader | Role::Admin));
    let mut desks: Vec<UnitId> = works.map(|p| p.unit).collect();
    desks.dedup();
    desks
}

/// Whether somebody looks after a unit without working at its desk.
pub(crate) fn supervises(actor: &Actor, unit: UnitId) -> bool {
    actor.posts.iter().any(|p| p.unit == unit && p.role == Role::Supervisor)
}

/// What stands in the inbox of a unit: its desk, or for a supervisor everything within it.
pub(crate) fn inbox_scope(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<Scope> {
    let kind = if supervises(cx.actor, unit) { ScopeKind::Within(unit) } else { ScopeKind::Desk(unit) };
    let units = linli_registry::units(cx)?;
    cx.scope(LIST, kind, units.path(unit))
}

/// Overdue, or due within two hours.
pub(crate) fn presses(cx: &Cx<'_, '_>, m: &Matter) -> bool {
    m.due.is_some_and(|d| d < cx.now + 2 * time::HOUR)
}

/// How many matters of the first desk press; counted no further than a badge shows.
pub fn pressing(cx: &mut Cx<'_, '_>) -> Result<usize> {
    let Some(unit) = desks(cx.actor).first().copied() else { return Ok(0) };
    let scope = inbox_scope(cx, unit)?;
    // By due time: what presses comes first.
    let listed = linli_matters::list(cx, &scope, &Ask { open: true, limit: COUNTED, ..Ask::default() })?;
    Ok(listed.items.iter().filter(|m| presses(cx, m)).count())
}

/// How many of one's own matters await one's verdict; counted no further than a badge shows.
pub fn my_turn(cx: &mut Cx<'_, '_>) -> Result<usize> {
    let scope = cx.scope(LIST, ScopeKind::Mine, &[])?;
    let ask = Ask { state: Some("answered".into()), limit: COUNTED, ..Ask::default() };
    Ok(linli_matters::list(cx, &scope, &ask)?.items.len())
}
