//! What awaits somebody: for the badges of the navigation, on every page.
use crate::LIST;
use linli_core::{Actor, Cx, Millis, Result, Role, Scope, ScopeKind, UnitId, time};
use linli_matters::{Ask, Matter};
use linli_web::NavItem;

/// One more than a badge shows: then it says that there are more.
const COUNTED: i64 = NavItem::MOST + 1;

/// The desks at which somebody works, the first one first.
pub(crate) fn desks(actor: &Actor) -> Vec<UnitId> {
    let works = actor.posts.iter().filter(|p| !matches!(p.role, Role::GroupLeader | Role::Admin));
    let mut desks: Vec<UnitId> = Vec::new();
    for post in works {
        if !desks.contains(&post.unit) {
            desks.push(post.unit);
        }
    }
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

/// What is due before this instant presses: overdue, or due within two hours.
fn presses_before(cx: &Cx<'_, '_>) -> Millis {
    cx.now + 2 * time::HOUR
}

/// Whether it presses.
pub(crate) fn presses(cx: &Cx<'_, '_>, m: &Matter) -> bool {
    m.due.is_some_and(|d| d < presses_before(cx))
}

/// The desks somebody works at, and the areas somebody looks after.
struct Awaited {
    own: Vec<Scope>,
    areas: Vec<(UnitId, Scope)>,
}

fn awaited(cx: &mut Cx<'_, '_>) -> Result<Awaited> {
    let mut awaited = Awaited { own: Vec::new(), areas: Vec::new() };
    for unit in desks(cx.actor) {
        let scope = inbox_scope(cx, unit)?;
        if let Scope::Desk(..) = scope { awaited.own.push(scope) } else { awaited.areas.push((unit, scope)) }
    }
    Ok(awaited)
}

/// The badge that the navigation of this actor will show, by its place there, asked for together with what a page needs
/// anyway; none if it takes more than one statement.
pub(crate) fn ask_badge(cx: &mut Cx<'_, '_>) -> Result<Option<(&'static str, linli_matters::Number)>> {
    if cx.actor.posts.is_empty() {
        if cx.actor.person.is_none() {
            return Ok(None);
        }
        return Ok(Some(("/matters", ask_my_turn(cx)?)));
    }
    let Awaited { own, areas } = awaited(cx)?;
    if own.is_empty() || !areas.is_empty() {
        return Ok(None);
    }
    let before = presses_before(cx);
    Ok(Some(("/inbox", linli_matters::due_before(cx, &own, before, COUNTED)?)))
}

/// Seeks a matter, and with it what the badge shows of somebody with several desks; whether it does.
pub(crate) fn seek(cx: &mut Cx<'_, '_>, number: &str) -> Result<(linli_matters::Sought, bool)> {
    let Awaited { own, areas } = awaited(cx)?;
    if own.len() < 2 || !areas.is_empty() {
        return Ok((linli_matters::seek(cx, number)?, false));
    }
    let before = presses_before(cx);
    Ok((linli_matters::seek_at(cx, number, &own, before, COUNTED)?, true))
}

/// How many matters press on all of somebody's desks and in the areas looked after, each counted once and no further than a
/// badge shows: one statement for the desks, one for each area (nearly everybody has desks only, or one area).
pub fn pressing(cx: &mut Cx<'_, '_>) -> Result<usize> {
    let Awaited { own, areas } = awaited(cx)?;
    let before = presses_before(cx);
    let mut n = 0;
    if !own.is_empty() {
        let asked = linli_matters::due_before(cx, &own, before, COUNTED)?;
        n = linli_matters::number(cx, asked)?;
    }
    let desks = desks(cx.actor);
    let units = linli_registry::units(cx)?;
    let at_desk =
        |m: &Matter| m.owner.is_some_and(|o| desks.contains(&units.heir(o)) && !supervises(cx.actor, units.heir(o)));
    for (unit, scope) in &areas {
        // What lies in another of the areas is counted there.
        let inner = areas.iter().any(|(other, _)| other != unit && units.path(*unit).contains(other));
        if inner || n >= COUNTED {
            continue;
        }
        // By due time: what presses comes first.
        let listed = linli_matters::list(cx, scope, &Ask { open: true, limit: COUNTED, ..Ask::default() })?;
        n += listed.items.iter().filter(|m| presses(cx, m) && !at_desk(m)).count() as i64;
    }
    Ok(n.min(COUNTED) as usize)
}

fn ask_my_turn(cx: &mut Cx<'_, '_>) -> Result<linli_matters::Number> {
    let scope = cx.scope(LIST, ScopeKind::Mine, &[])?;
    linli_matters::answered(cx, &scope, COUNTED)
}

/// How many of one's own matters await one's verdict; counted no further than a badge shows.
pub fn my_turn(cx: &mut Cx<'_, '_>) -> Result<usize> {
    let asked = ask_my_turn(cx)?;
    Ok(linli_matters::number(cx, asked)? as usize)
}
