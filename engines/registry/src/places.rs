//! Places: buildings, doors, dwellings, public spots; the address tree and address search.
use crate::store::{self, Key};
use crate::{Function, PLACES, address, rules, rules::Check, t, unit_seat, units};
use linli_core::{Cx, Error, PlaceId, Result, UnitId};
use std::collections::{HashMap, HashSet};

linli_db::row! {
    /// One place.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Place {
    /// Its id.
    pub id: PlaceId,
    /// The building or door it lies in.
    pub parent: Option<PlaceId>,
    /// `building`, `door`, `dwelling` or `spot`.
    pub kind: String,
    /// The committee that serves it.
    pub committee: UnitId,
    /// Its estate.
    pub estate: Option<UnitId>,
    /// Its micro-grid.
    pub micro_grid: Option<UnitId>,
    /// Its building group.
    pub group: Option<UnitId>,
    /// The full label, e.g. `友谊苑 23号502室`.
    pub name: String,
    /// The postal address, e.g. `友谊路1200弄23号502室`.
    pub address: Option<String>,
    /// Latitude (WGS84), degrees.
    pub lat: Option<f64>,
    /// Longitude (WGS84), degrees.
    pub lon: Option<f64>,
}
}

/// What a new place begins with. Estate, micro-grid, building group and position that are not given are the parent's.
#[derive(Debug, Clone, Default)]
pub struct NewPlace {
    /// `building`, `door`, `dwelling` or `spot`.
    pub kind: String,
    /// The building or door it lies in.
    pub parent: Option<PlaceId>,
    /// Its estate.
    pub estate: Option<UnitId>,
    /// Its micro-grid.
    pub micro_grid: Option<UnitId>,
    /// Its building group.
    pub group: Option<UnitId>,
    /// The full label.
    pub name: String,
    /// The postal address without city and district.
    pub address: Option<String>,
    /// Latitude (WGS84).
    pub lat: Option<f64>,
    /// Longitude (WGS84).
    pub lon: Option<f64>,
}

/// A place in force.
pub fn place(cx: &mut Cx<'_, '_>, id: PlaceId) -> Result<Option<Place>> {
    Ok(store::places_by_id(cx.tx, &[id])?.pop())
}

/// Places in force by id, at most 10,000.
pub fn places(cx: &mut Cx<'_, '_>, ids: &[PlaceId]) -> Result<HashMap<PlaceId, Place>> {
    Ok(store::places_by_id(cx.tx, ids)?.into_iter().map(|p| (p.id, p)).collect())
}

/// Every unit a place lies in: root … committee, estate, micro-grid, and the building group with the clusters above it.
pub fn place_within(cx: &mut Cx<'_, '_>, place: &Place) -> Result<Vec<UnitId>> {
    Ok(within(&*units(cx)?, place.committee, [place.estate, place.micro_grid, place.group]))
}

pub(crate) fn within(units: &crate::Units, committee: UnitId, inner: [Option<UnitId>; 3]) -> Vec<UnitId> {
    let mut all = units.path(committee).to_vec();
    for unit in inner.into_iter().flatten() {
        let path = units.path(unit);
        // Of an estate that several committees share only what lies below its own committee is added.
        let own =
            path.iter().position(|u| units.get(*u).is_some_and(|u| u.function == Function::Serve)).map_or(0, |i| i + 1);
        for id in path.iter().skip(own) {
            if !all.contains(id) {
                all.push(*id);
            }
        }
    }
    all
}

/// Dwellings, doors and spots that a typed address, name or its pinyin initials begin or name; never persons. At most
/// `limit` (≤ 50), by key.
pub fn search_places(cx: &mut Cx<'_, '_>, committee: Option<UnitId>, q: &str, limit: usize) -> Result<Vec<Place>> {
    let (q, limit) = (address::query(q), limit.min(50));
    let keys = [(Key::Door, &q.numbers), (Key::Address, &q.numbers), (Key::Initials, &q.initials)];
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    for (key, start) in keys {
        let Some(start) = start else { continue };
        // Words are checked on the rows, so more are read than shown.
        for place in store::places_by_key(cx.tx, committee, key, start, 200)? {
            if found.len() < limit && q.fits(&place.name, place.address.as_deref()) && seen.insert(place.id) {
                found.push(place);
            }
        }
    }
    Ok(found)
}

/// One step of the address tree: what lies in a place, or a committee's outermost places; by lane, door and room, at most
/// 500.
pub fn children_places(cx: &mut Cx<'_, '_>, committee: UnitId, parent: Option<PlaceId>) -> Result<Vec<Place>> {
    match parent {
        Some(parent) => store::places_under(cx.tx, parent),
        None => store::top_places(cx.tx, committee),
    }
}

/// Adds places of one committee; parents must exist before. Ids in the order given.
pub fn create_places(cx: &mut Cx<'_, '_>, committee: UnitId, new: &[NewPlace]) -> Result<Vec<PlaceId>> {
    let units = units(cx)?;
    if units.get(committee).is_none_or(|u| u.function != Function::Serve || !u.live()) {
        return Err(Error::NotFound);
    }
    unit_seat(cx, PLACES, committee)?;
    let mut parents: Vec<PlaceId> = new.iter().filter_map(|p| p.parent).collect();
    parents.sort_unstable();
    parents.dedup();
    let mut known = HashMap::new();
    for chunk in parents.chunks(5_000) {
        known.extend(places(cx, chunk)?);
    }
    let mut ids = Vec::with_capacity(new.len());
    for p in new {
        let parent = p
            .parent
            .map(|id| known.get(&id).filter(|parent| parent.committee == committee).ok_or(Error::NotFound))
            .transpose()?;
        let within = |unit: Option<UnitId>, function: Function| {
            unit.is_none_or(|id| units.get(id).is_some_and(|u| u.live() && u.function == function))
        };
        let own = |unit: Option<UnitId>| unit.is_none_or(|id| units.committee_of(id) == Some(committee));
        Check::default()
            .that(rules::PLACE_KINDS.contains(&p.kind.as_str()), "kind", t::BAD_KIND)
            .that(rules::place_under(&p.kind, parent.map(|q| q.kind.as_str())), "parent", t::WRONG_PARENT)
            .that(rules::name(&p.name), "name", t::BAD_NAME)
            .that(p.address.as_deref().is_none_or(rules::name), "address", t::BAD_NAME)
            .that(
                p.lat.is_none_or(|v| (-90.0..=90.0).contains(&v)) && p.lat.is_some() == p.lon.is_some(),
                "lat",
                t::BAD_POSITION,
            )
            .that(p.lon.is_none_or(|v| (-180.0..=180.0).contains(&v)), "lon", t::BAD_POSITION)
            .that(within(p.estate, Function::Estate), "estate", t::NO_UNIT)
            .that(within(p.micro_grid, Function::Group) && own(p.micro_grid), "micro_grid", t::NOT_WITHIN)
            .that(within(p.group, Function::Group) && own(p.group), "group", t::NOT_WITHIN)
            .done()?;
        let place = Place {
            id: cx.id(),
            parent: p.parent,
            kind: p.kind.clone(),
            committee,
            estate: p.estate.or(parent.and_then(|q| q.estate)),
            micro_grid: p.micro_grid.or(parent.and_then(|q| q.micro_grid)),
            group: p.group.or(parent.and_then(|q| q.group)),
            name: p.name.clone(),
            address: p.address.clone(),
            lat: p.lat.or(parent.and_then(|q| q.lat)),
            lon: p.lon.or(parent.and_then(|q| q.lon)),
        };
        store::put_place(cx.tx, &place, &address::keys(&p.kind, &p.name, p.address.as_deref()), cx.now)?;
        ids.push(place.id);
    }
    Ok(ids)
}

/// Puts places and all that lies in them into an estate, micro-grid or building group of their committee; what is none
/// stays as it is.
pub fn group_places(
    cx: &mut Cx<'_, '_>,
    tops: &[PlaceId],
    estate: Option<UnitId>,
    micro_grid: Option<UnitId>,
    group: Option<UnitId>,
) -> Result<()> {
    let units = units(cx)?;
    for place in store::places_by_id(cx.tx, tops)? {
        unit_seat(cx, PLACES, place.committee)?;
        for unit in [micro_grid, group].into_iter().flatten() {
            Check::default().that(units.committee_of(unit) == Some(place.committee), "group", t::NOT_WITHIN).done()?;
        }
    }
    if estate.is_some_and(|e| units.get(e).is_none_or(|u| u.function != Function::Estate)) {
        return Err(Error::field("estate", t::NO_UNIT));
    }
    let ids = store::place_trees(cx.tx, tops)?;
    for chunk in ids.chunks(5_000) {
        store::join_units(cx.tx, chunk, [estate, micro_grid, group])?;
        store::follow_dwellings(cx.tx, chunk)?;
    }
    Ok(())
}

/// Ends a place in which nothing lies and nobody lives any more.
pub fn retire_place(cx: &mut Cx<'_, '_>, id: PlaceId) -> Result<()> {
    let place = place(cx, id)?.ok_or(Error::NotFound)?;
    unit_seat(cx, PLACES, place.committee)?;
    if !store::places_under(cx.tx, id)?.is_empty() || store::lived_in(cx.tx, id)? {
        return Err(Error::conflict(t::STILL_USED.with("what", place.name)));
    }
    store::retire_place(cx.tx, id, cx.now)?;
    Ok(())
}
