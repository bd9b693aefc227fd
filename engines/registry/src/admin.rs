//! Keeping the trees: units come, change their names and borders, split, merge and go; posts begin and end.
use crate::people::STAFF;
use crate::{
    Function, Level, POSTS, UNITS, Unit, Units, address, root_seat,
    rules::{self, Check},
    store, t, unit_seat, units,
};
use linli_core::{Cx, Error, Millis, PersonId, PlaceId, PostId, Result, Role, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// What a new unit begins with.
#[derive(Debug, Clone, Default)]
pub struct NewUnit {
    /// The unit above; none for the root.
    pub parent: Option<UnitId>,
    /// The code of its level.
    pub level: String,
    /// What sort of unit it is.
    pub kind: String,
    /// Its public code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its English name.
    pub name_en: Option<String>,
    /// `formal` or `preparatory`.
    pub status: String,
    /// The public duty telephone.
    pub phone: Option<String>,
    /// In force from; now when none.
    pub valid_from: Option<Millis>,
}

/// What changes about a unit; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct Renamed {
    /// A new code.
    pub code: Option<String>,
    /// A new name.
    pub name: Option<String>,
    /// A new English name.
    pub name_en: Option<String>,
    /// A new kind (撤村建居: villagers → residents).
    pub kind: Option<String>,
    /// `formal` once the preparation is over.
    pub status: Option<String>,
}

/// One of the units a split makes.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Code, name, kind, status and telephone; level and parent are those of the unit that is split.
    pub unit: NewUnit,
    /// Outermost places that go to it, with all that lies in them.
    pub places: Vec<PlaceId>,
    /// Units directly under the old one that go to it.
    pub units: Vec<UnitId>,
}

/// What `registry.boundary` tells: ancestors have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// The unit that was left (the old parent, the old committee).
    pub from: UnitId,
    /// The unit that was come to.
    pub to: UnitId,
    /// Units that moved, with all that lies under them.
    pub units: Vec<UnitId>,
    /// Places that moved, at most 1,000 an event.
    pub places: Vec<PlaceId>,
    /// Whether `from` has ended and whatever it still held is `to`'s; then the places are not listed.
    pub all: bool,
}

/// Declares levels; a known code gets the new names and order, its tree and function stay.
pub fn put_levels(cx: &mut Cx<'_, '_>, levels: &[Level]) -> Result<()> {
    root_seat(cx, UNITS)?;
    for level in levels {
        Check::default()
            .that(rules::code(&level.code), "level", t::BAD_CODE)
            .that(["place", "org"].contains(&level.tree.as_str()), "tree", t::BAD_LEVEL)
            .that(rules::name(&level.name_zh) && rules::name(&level.name_en), "name", t::BAD_NAME)
            .done()?;
        let function = Function::ALL.iter().find(|(f, _)| *f == level.function).map_or("", |(_, code)| code);
        store::put_level(cx.tx, level, function)?;
    }
    cx.changed("registry.units")
}

/// Makes a unit.
pub fn create_unit(cx: &mut Cx<'_, '_>, new: NewUnit) -> Result<UnitId> {
    let ids = create_units(cx, vec![new])?;
    ids.first().copied().ok_or(Error::NotFound)
}

/// Makes many units at once; their parents exist already.
pub fn create_units(cx: &mut Cx<'_, '_>, new: Vec<NewUnit>) -> Result<Vec<UnitId>> {
    let new: Vec<(UnitId, NewUnit)> = new.into_iter().map(|n| (cx.id(), n)).collect();
    let parents: BTreeSet<Option<UnitId>> = new.iter().map(|(_, n)| n.parent).collect();
    for parent in parents {
        match parent {
            Some(parent) => unit_seat(cx, UNITS, parent)?,
            None => root_seat(cx, UNITS)?,
        };
    }
    let ids = new.iter().map(|(id, _)| *id).collect();
    insert(cx, &new)?;
    Ok(ids)
}

/// Checks and stores units whose ids are chosen; a parent may be one of those before it. The caller has the seats.
pub(crate) fn insert(cx: &mut Cx<'_, '_>, new: &[(UnitId, NewUnit)]) -> Result<()> {
    let units = units(cx)?;
    let mut fresh: HashMap<UnitId, Vec<Function>> = HashMap::new();
    let mut codes = BTreeSet::new();
    let mut rooted = units.get(units.root()).is_some();
    for (id, n) in new {
        rules::unit_input(n)?;
        let level = units.level(&n.level).ok_or_else(|| Error::field("level", t::BAD_LEVEL))?;
        let mut above = match n.parent {
            None => Vec::new(),
            Some(p) => match fresh.get(&p) {
                Some(above) => above.clone(),
                None => functions(
                    &units,
                    units.get(p).filter(|u| u.live()).ok_or_else(|| Error::field("parent", t::NO_UNIT))?,
                ),
            },
        };
        let second_root = n.parent.is_none() && std::mem::replace(&mut rooted, true);
        if second_root || !rules::fits_under(level.function, &above) {
            return Err(Error::field("parent", t::WRONG_PARENT));
        }
        free_code(&units, &n.code, None)?;
        if !codes.insert(n.code.as_str()) {
            return Err(Error::field("code", t::CODE_TAKEN.with("code", &n.code).with("name", &n.name)));
        }
        above.push(level.function);
        fresh.insert(*id, above);
        let unit = Unit {
            id: *id,
            parent: n.parent,
            level: n.level.clone(),
            function: level.function,
            kind: n.kind.clone(),
            code: n.code.clone(),
            name: n.name.clone(),
            name_en: n.name_en.clone(),
            initials: address::initials(&n.name),
            status: n.status.clone(),
            phone: n.phone.clone(),
            path: Vec::new(),
            valid_from: n.valid_from.unwrap_or(cx.now),
            valid_until: None,
        };
        store::put_unit(cx.tx, &unit)?;
    }
    cx.changed("registry.units")
}

fn functions(units: &Units, unit: &Unit) -> Vec<Function> {
    unit.path.iter().filter_map(|id| units.get(*id)).map(|u| u.function).collect()
}

fn free_code(units: &Units, code: &str, but: Option<UnitId>) -> Result<()> {
    match units.by_own_code(code).filter(|u| Some(u.id) != but) {
        Some(u) => Err(Error::field("code", t::CODE_TAKEN.with("code", code).with("name", &u.name))),
        None => Ok(()),
    }
}

/// A unit in force that the actor keeps, and the units as they are.
fn kept(cx: &mut Cx<'_, '_>, id: UnitId) -> Result<(Unit, Arc<Units>)> {
    unit_seat(cx, UNITS, id)?;
    let units = units(cx)?;
    let unit = units.get(id).ok_or(Error::NotFound)?.clone();
    if unit.live() { Ok((unit, units)) } else { Err(Error::conflict(t::ENDED)) }
}

fn link(cx: &mut Cx<'_, '_>, from: &Unit, to: UnitId, kind: &str, note: &str) -> Result<()> {
    let id = cx.id();
    store::put_link(cx.tx, id, from, to, kind, note, cx.actor.person, cx.now)
}

/// Gives a unit a new name, code, kind or status. Its id stays; the old code goes on leading to it.
pub fn rename_unit(cx: &mut Cx<'_, '_>, id: UnitId, new: &Renamed, note: &str) -> Result<()> {
    let (old, units) = kept(cx, id)?;
    let unit = Unit {
        code: new.code.clone().unwrap_or(old.code.clone()),
        name: new.name.clone().unwrap_or(old.name.clone()),
        name_en: new.name_en.clone().or(old.name_en.clone()),
        kind: new.kind.clone().unwrap_or(old.kind.clone()),
        status: new.status.clone().unwrap_or(old.status.clone()),
        ..old.clone()
    };
    free_code(&units, &unit.code, Some(id))?;
    let input = NewUnit {
        code: unit.code.clone(),
        name: unit.name.clone(),
        name_en: unit.name_en.clone(),
        kind: unit.kind.clone(),
        status: unit.status.clone(),
        ..NewUnit::default()
    };
    rules::unit_input(&input)?;
    store::set_unit(cx.tx, &Unit { initials: address::initials(&unit.name), ..unit })?;
    link(cx, &old, id, "rename", note)?;
    cx.changed("registry.units")
}

/// Sets the public duty telephone.
pub fn set_unit_phone(cx: &mut Cx<'_, '_>, id: UnitId, phone: Option<&str>) -> Result<()> {
    let (unit, _) = kept(cx, id)?;
    Check::default().that(rules::phone_ok(phone), "phone", t::BAD_PHONE).done()?;
    store::set_unit(cx.tx, &Unit { phone: phone.map(str::to_owned), ..unit })?;
    cx.changed("registry.units")
}

/// Puts a unit under another one. A unit that holds places keeps its committee: for that, [`change_boundary`].
pub fn change_parent(cx: &mut Cx<'_, '_>, id: UnitId, parent: UnitId, note: &str) -> Result<()> {
    let (unit, units) = kept(cx, id)?;
    let (above, _) = kept(cx, parent)?;
    let from = unit.parent.ok_or_else(|| Error::field("parent", t::WRONG_PARENT))?;
    unit_seat(cx, UNITS, from)?;
    let committee_stays = unit.function == Function::Serve
        || units.committee_of(id) == units.committee_of(parent)
        || !store::holds_places(cx.tx, id)?;
    if above.path.contains(&id) || !committee_stays {
        return Err(Error::field("parent", t::WRONG_PARENT));
    }
    place_under(&units, &unit, &above)?;
    store::set_unit(cx.tx, &Unit { parent: Some(parent), ..unit.clone() })?;
    link(cx, &unit, id, "boundary", note)?;
    cx.changed("registry.units")?;
    tell(cx, Boundary { from, to: parent, units: vec![id], places: Vec::new(), all: false })
}

/// Whether a unit, and all under it, may lie under another.
fn place_under(units: &Units, unit: &Unit, above: &Unit) -> Result<()> {
    let top = functions(units, above);
    for inner in units.within(unit.id) {
        let mut chain = top.clone();
        let from = inner.path.iter().position(|id| *id == unit.id).unwrap_or(0);
        let between = inner.path.iter().skip(from).take(inner.path.len() - from - 1).filter_map(|id| units.get(*id));
        chain.extend(between.map(|u| u.function));
        if !rules::fits_under(inner.function, &chain) {
            return Err(Error::field("parent", t::WRONG_PARENT));
        }
    }
    Ok(())
}

fn tell(cx: &mut Cx<'_, '_>, boundary: Boundary) -> Result<()> {
    cx.emit("registry.boundary", boundary.from, json!(boundary))
}

/// Moves places (with all that lies in them) and units directly under one committee to another.
pub fn change_boundary(
    cx: &mut Cx<'_, '_>,
    from: UnitId,
    to: UnitId,
    places: &[PlaceId],
    inner: &[UnitId],
    note: &str,
) -> Result<()> {
    let ((old, _), (new, _)) = (kept(cx, from)?, kept(cx, to)?);
    if old.function != Function::Serve || new.function != Function::Serve || from == to {
        return Err(Error::field("to", t::DIFFERENT_FUNCTION));
    }
    link(cx, &old, to, "boundary", note)?;
    hand_over(cx, &old, &new, places, inner, note)
}

/// Moves some of what one unit holds to another unit of the same function.
fn hand_over(
    cx: &mut Cx<'_, '_>,
    from: &Unit,
    to: &Unit,
    tops: &[PlaceId],
    inner: &[UnitId],
    note: &str,
) -> Result<()> {
    let units = units(cx)?;
    for id in inner {
        let child = units
            .get(*id)
            .filter(|u| u.live() && u.parent == Some(from.id))
            .ok_or_else(|| Error::field("units", t::NOT_WITHIN))?;
        store::set_unit(cx.tx, &Unit { parent: Some(to.id), ..child.clone() })?;
        link(cx, child, *id, "boundary", note)?;
    }
    cx.changed("registry.units")?;
    for chunk in tops.chunks(5_000) {
        let known = store::places_by_id(cx.tx, chunk)?;
        let outermost = |p: &crate::Place| p.committee == from.id && p.parent.is_none();
        if from.function != Function::Serve || known.len() != chunk.len() || !known.iter().all(outermost) {
            return Err(Error::field("places", t::NOT_WITHIN));
        }
    }
    let ids = store::place_trees(cx.tx, tops)?;
    move_places(cx, &ids, to.id)?;
    let mut chunks = ids.chunks(1_000);
    let first = chunks.next().unwrap_or_default().to_vec();
    tell(cx, Boundary { from: from.id, to: to.id, units: inner.to_vec(), places: first, all: false })?;
    for chunk in chunks {
        tell(cx, Boundary { from: from.id, to: to.id, units: Vec::new(), places: chunk.to_vec(), all: false })?;
    }
    Ok(())
}

/// Gives places to another committee; groups and micro-grids that did not come along are left.
fn move_places(cx: &mut Cx<'_, '_>, ids: &[PlaceId], committee: UnitId) -> Result<()> {
    let units = units(cx)?;
    for chunk in ids.chunks(5_000) {
        store::set_committee(cx.tx, chunk, committee)?;
        let held = store::place_units(cx.tx, chunk)?.into_iter().flat_map(|(group, grid)| [group, grid]).flatten();
        let left: BTreeSet<UnitId> = held.filter(|u| units.committee_of(*u) != Some(committee)).collect();
        store::leave_units(cx.tx, chunk, &left.into_iter().collect::<Vec<_>>())?;
        store::follow_dwellings(cx.tx, chunk)?;
    }
    Ok(())
}

/// Makes new units out of one, on the same level and under the same parent. `retire`: the old unit ends, and nothing may
/// be left in it; otherwise it goes on with the rest.
pub fn split_unit(cx: &mut Cx<'_, '_>, id: UnitId, parts: &[Part], retire: bool, note: &str) -> Result<Vec<UnitId>> {
    let (old, _) = kept(cx, id)?;
    let parent = old.parent.ok_or_else(|| Error::field("parent", t::WRONG_PARENT))?;
    unit_seat(cx, UNITS, parent)?;
    let mut made = Vec::new();
    for part in parts {
        let new = NewUnit { parent: Some(parent), level: old.level.clone(), ..part.unit.clone() };
        let new_id = cx.id();
        insert(cx, &[(new_id, new)])?;
        let units = units(cx)?;
        let new = units.get(new_id).ok_or(Error::NotFound)?.clone();
        link(cx, &old, new_id, "split", note)?;
        hand_over(cx, &old, &new, &part.places, &part.units, note)?;
        made.push(new_id);
    }
    if retire {
        end(cx, &old)?;
        left(cx, id)?;
    }
    Ok(made)
}

/// Makes several units part of one of the same function: places, units under them, services and posts go over; the old
/// units end, and their codes lead to the one that remains.
pub fn merge_units(cx: &mut Cx<'_, '_>, from: &[UnitId], into: UnitId, note: &str) -> Result<()> {
    let (to, _) = kept(cx, into)?;
    for id in from {
        let (old, units) = kept(cx, *id)?;
        if *id == into {
            return Err(Error::field("from", t::SAME_UNIT));
        }
        if old.function != to.function {
            return Err(Error::field("from", t::DIFFERENT_FUNCTION));
        }
        if to.path.contains(id)
            || old.path.contains(&into)
            || units.committee_of(*id) != units.committee_of(into) && old.function != Function::Serve
        {
            return Err(Error::field("from", t::WRONG_PARENT));
        }
        unit_seat(cx, UNITS, old.parent.unwrap_or(*id))?;
        let inner: Vec<UnitId> = units.children(*id).map(|u| u.id).collect();
        for child in units.children(*id) {
            store::set_unit(cx.tx, &Unit { parent: Some(into), ..child.clone() })?;
            link(cx, child, child.id, "boundary", note)?;
        }
        cx.changed("registry.units")?;
        if old.function == Function::Serve {
            let ids = store::committee_places(cx.tx, *id)?;
            move_places(cx, &ids, into)?;
            store::forget_names(cx.tx, *id)?;
        }
        store::replace_in_places(cx.tx, *id, into)?;
        for (unit, served) in store::all_serves(cx.tx)?.into_iter().filter(|(u, s)| u == id || s == id) {
            let over = |u: UnitId| if u == *id { into } else { u };
            store::end_serves(cx.tx, unit, served, cx.now)?;
            let row: Uuid = cx.id();
            store::put_serves(cx.tx, row, over(unit), over(served), cx.now)?;
        }
        let there: BTreeSet<(PersonId, String)> =
            store::staff(cx.tx, into, cx.now)?.into_iter().map(|s| (s.person, s.role)).collect();
        for post in store::staff(cx.tx, *id, cx.now)? {
            if !there.contains(&(post.person, post.role.clone())) {
                let over = store::PostNew {
                    id: cx.id(),
                    person: post.person,
                    unit: into,
                    role: post.role,
                    duty: post.duty,
                    until: post.until,
                };
                store::put_post(cx.tx, &over, cx.now)?;
            }
        }
        cx.changed(STAFF)?;
        link(cx, &old, into, "merge", note)?;
        end(cx, &old)?;
        tell(cx, Boundary { from: *id, to: into, units: inner, places: Vec::new(), all: true })?;
    }
    Ok(())
}

/// Ends a unit in which nothing is left; its posts end with it.
pub fn retire_unit(cx: &mut Cx<'_, '_>, id: UnitId) -> Result<()> {
    let (unit, _) = kept(cx, id)?;
    unit_seat(cx, UNITS, unit.parent.unwrap_or(id))?;
    end(cx, &unit)?;
    left(cx, id)
}

/// What a unit that has ended leaves open goes to its heir.
fn left(cx: &mut Cx<'_, '_>, from: UnitId) -> Result<()> {
    let to = units(cx)?.heir(from);
    tell(cx, Boundary { from, to, units: Vec::new(), places: Vec::new(), all: true })
}

fn end(cx: &mut Cx<'_, '_>, unit: &Unit) -> Result<()> {
    let units = units(cx)?;
    if let Some(child) = units.children(unit.id).next() {
        return Err(Error::conflict(t::STILL_USED.with("what", &child.name)));
    }
    if store::holds_places(cx.tx, unit.id)? {
        return Err(Error::conflict(t::STILL_USED.with("what", &unit.name)));
    }
    for post in store::staff(cx.tx, unit.id, cx.now)? {
        store::end_post(cx.tx, post.id, cx.now)?;
    }
    cx.changed(STAFF)?;
    for (serving, served) in store::all_serves(cx.tx)?.into_iter().filter(|(u, s)| *u == unit.id || *s == unit.id) {
        store::end_serves(cx.tx, serving, served, cx.now)?;
    }
    store::set_unit(cx.tx, &Unit { valid_until: Some(cx.now), ..unit.clone() })?;
    cx.changed("registry.units")
}

/// Records that a unit serves another, e.g. a property enterprise an estate.
pub fn serve(cx: &mut Cx<'_, '_>, unit: UnitId, served: UnitId) -> Result<()> {
    kept(cx, served)?;
    let units = units(cx)?;
    units.get(unit).filter(|u| u.live()).ok_or_else(|| Error::field("unit", t::NO_UNIT))?;
    let id: Uuid = cx.id();
    if !store::put_serves(cx.tx, id, unit, served, cx.now)? {
        return Err(Error::conflict(t::ALREADY));
    }
    cx.changed("registry.units")
}

/// Ends a service.
pub fn end_service(cx: &mut Cx<'_, '_>, unit: UnitId, served: UnitId) -> Result<()> {
    unit_seat(cx, UNITS, served)?;
    if store::end_serves(cx.tx, unit, served, cx.now)? == 0 {
        return Err(Error::conflict(t::ENDED));
    }
    cx.changed("registry.units")
}

/// Gives a person a post at a unit, from now until an instant or until it is ended.
pub fn appoint(
    cx: &mut Cx<'_, '_>,
    person: PersonId,
    unit: UnitId,
    role: Role,
    duty: bool,
    until: Option<Millis>,
) -> Result<PostId> {
    unit_seat(cx, POSTS, unit)?;
    let units = units(cx)?;
    let at = units.get(unit).filter(|u| u.live()).ok_or(Error::NotFound)?;
    store::person(cx.tx, person)?.ok_or_else(|| Error::field("person", linli_core::t::NOT_AN_ID))?;
    let held = store::posts(cx.tx, person, cx.now)?.iter().any(|(_, u, r)| *u == unit && r == role.code());
    Check::default()
        .that(rules::role_fits(role, at.function), "role", t::ROLE_DOES_NOT_FIT)
        .that(!held, "role", t::ALREADY)
        .that(until.is_none_or(|u| u > cx.now), "until", t::ENDED)
        .done()?;
    let post = store::PostNew { id: cx.id(), person, unit, role: role.code().to_owned(), duty, until };
    store::put_post(cx.tx, &post, cx.now)?;
    cx.changed(STAFF)?;
    Ok(post.id)
}

/// Ends a post now.
pub fn end_post(cx: &mut Cx<'_, '_>, post: PostId) -> Result<()> {
    let (unit,) = store::post_unit(cx.tx, post, cx.now)?.ok_or(Error::NotFound)?;
    unit_seat(cx, POSTS, unit)?;
    store::end_post(cx.tx, post, cx.now)?;
    cx.changed(STAFF)
}

/// Sets whether urgent matters are told to the holder of a post.
pub fn set_duty(cx: &mut Cx<'_, '_>, post: PostId, duty: bool) -> Result<()> {
    let (unit,) = store::post_unit(cx.tx, post, cx.now)?.ok_or(Error::NotFound)?;
    unit_seat(cx, POSTS, unit)?;
    store::set_duty(cx.tx, post, duty)?;
    cx.changed(STAFF)
}
