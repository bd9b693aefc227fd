//! Places: buildings, doors, dwellings, public spots; the address tree and address search.
use crate::store::{self, Key, Where};
use crate::{Function, PLACES, address, rules, rules::Check, t, unit_seat, units};
use linli_core::{Cx, Error, PlaceId, Result, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

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

/// The same for a committee and the estate, micro-grid and building group of a place in it.
pub fn within(units: &crate::Units, committee: UnitId, inner: [Option<UnitId>; 3]) -> Vec<UnitId> {
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

/// Dwellings, doors and spots by a typed address, by a part of a name or of its pinyin initials; never persons. At most
/// `limit` (≤ 50), best first: the first page of [`page_places`].
pub fn search_places(cx: &mut Cx<'_, '_>, within: Option<UnitId>, q: &str, limit: usize) -> Result<Vec<Place>> {
    Ok(page_places(cx, within, q, None, limit)?.0)
}

/// Where a page of a search ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct At {
    layer: i64,
    /// The last name, by its tail.
    tail: String,
    name: Uuid,
    /// In which of the name's ranges, and the key and id of its last place.
    range: usize,
    key: String,
    id: Uuid,
}

/// One stretch of places to be looked through.
enum Range {
    Key(Where, Key, String, String),
    Top(UnitId),
}

/// So many rows are read at a time, and so often for one page.
const ROWS: i64 = 200;
const READS: usize = 40;
const NAMES: i64 = 20;

/// A page of a place search and where the next one begins. First one's own committee, then the others; in each, names that
/// begin so before names that only hold it; last, numbers alone. A name without a number gives the outermost places of that
/// name. A page may be short when much had to be looked through; it is the last one only without a next.
pub fn page_places(
    cx: &mut Cx<'_, '_>,
    within: Option<UnitId>,
    typed: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<Place>, Option<String>)> {
    let (q, limit) = (address::query(typed), limit.clamp(1, 50));
    let mut at = match after {
        Some(token) => read_token(token).ok_or_else(|| Error::field("after", linli_core::t::NOT_AN_ID))?,
        None => At::default(),
    };
    let own = match within {
        Some(committee) => Some(committee),
        None => near(cx)?,
    };
    let mut search = Search { q, limit, reads: READS, found: Vec::new() };
    while (0..6).contains(&at.layer) {
        let whose = match (at.layer, own) {
            (0 | 1 | 4, Some(own)) => Some(Where::In(own)),
            (2 | 3 | 5, own) if within.is_none() => Some(Where::Beside(own)),
            _ => None,
        };
        let ended = match whose {
            None => true,
            Some(whose) if at.layer < 4 => search.names(cx, whose, &mut at)?,
            Some(whose) => search.numbers(cx, whose, &mut at)?,
        };
        if !ended {
            return Ok((search.found, Some(token(&at)?)));
        }
        at = At { layer: at.layer + 1, ..At::default() };
    }
    Ok((search.found, None))
}

/// The committee of whoever searches: where they live, or where their post is.
fn near(cx: &mut Cx<'_, '_>) -> Result<Option<UnitId>> {
    let units = units(cx)?;
    let home = cx.actor.homes.first().map(|h| h.committee);
    Ok(home.or_else(|| cx.actor.posts.iter().find_map(|p| units.committee_of(p.unit))))
}

struct Search {
    q: address::Query,
    limit: usize,
    reads: usize,
    found: Vec<Place>,
}

impl Search {
    /// Goes on along the names of a layer; `false` when the page is full before the layer has ended.
    fn names(&mut self, cx: &mut Cx<'_, '_>, whose: Where, at: &mut At) -> Result<bool> {
        let Some(term) = self.q.term.clone() else { return Ok(true) };
        let rank = at.layer % 2;
        loop {
            let names = store::names_by_tail(cx.tx, whose, rank, &term, (&at.tail, at.name), NAMES)?;
            for n in &names {
                if (&n.tail, n.id) != (&at.tail, at.name) {
                    *at = At { layer: at.layer, tail: n.tail.clone(), name: n.id, ..At::default() };
                }
                let (here, before) = (Where::In(n.committee), |key: &str| format!("{key}\u{10ffff}"));
                let mut ranges = Vec::new();
                if self.q.names_whole(&n.name) {
                    // Nothing sorts between a key and the same with this sign behind it.
                    ranges.push(Range::Key(here, Key::Address, n.name.clone(), format!("{}\u{1}", n.name)));
                }
                match &self.q.numbers {
                    None => ranges.push(Range::Top(n.committee)),
                    Some(n) => {
                        ranges.extend([Key::Door, Key::Address].map(|key| Range::Key(here, key, n.clone(), before(n))))
                    }
                }
                let goes = |q: &address::Query, p: &Place, range: &Range| {
                    // A place that has only its name stands in the range of names.
                    let whole = matches!(range, Range::Key(_, _, start, _) if *start == n.name);
                    q.goes_by(p, &n.name, rank, &n.tail) && whole == (address::door_key(p) == n.name)
                };
                if !self.ranges(cx, &ranges, at, goes)? {
                    return Ok(false);
                }
            }
            if (names.len() as i64) < NAMES {
                return Ok(true);
            }
        }
    }

    /// Goes on along the numbers.
    fn numbers(&mut self, cx: &mut Cx<'_, '_>, whose: Where, at: &mut At) -> Result<bool> {
        let Some(numbers) = self.q.numbers.clone() else { return Ok(true) };
        let end = format!("{numbers}\u{10ffff}");
        let ranges = [Key::Door, Key::Address].map(|key| Range::Key(whose, key, numbers.clone(), end.clone()));
        self.ranges(cx, &ranges, at, |q, p, _| q.by_numbers(p))
    }

    /// Goes on along ranges; `false` when the page is full, with the last place in `at`.
    fn ranges(
        &mut self,
        cx: &mut Cx<'_, '_>,
        ranges: &[Range],
        at: &mut At,
        goes: impl Fn(&address::Query, &Place, &Range) -> bool,
    ) -> Result<bool> {
        while let Some(range) = ranges.get(at.range) {
            if self.reads == 0 {
                return Ok(false);
            }
            self.reads -= 1;
            let rows = match range {
                Range::Key(whose, key, start, end) => {
                    store::places_by_key(cx.tx, *whose, *key, (start, end), (&at.key, at.id), ROWS)?
                }
                Range::Top(committee) => {
                    let sort = at.key.parse().unwrap_or(i64::MIN);
                    store::top_places_after(cx.tx, *committee, (sort, at.id), ROWS)?
                }
            };
            let last = (rows.len() as i64) < ROWS;
            for place in rows {
                let keys = address::keys(&place.kind, &place.name, place.address.as_deref());
                // What stands among the doors is not shown again among the addresses.
                let twice = match range {
                    Range::Key(_, Key::Address, start, _) => at.range > 0 && keys.door.starts_with(start.as_str()),
                    _ => false,
                };
                (at.key, at.id) = match range {
                    Range::Key(_, Key::Address, ..) => (keys.address, place.id.0),
                    Range::Key(_, Key::Door, ..) => (keys.door, place.id.0),
                    Range::Top(_) => (keys.sort.to_string(), place.id.0),
                };
                if !twice && goes(&self.q, &place, range) {
                    self.found.push(place);
                    if self.found.len() == self.limit {
                        return Ok(false);
                    }
                }
            }
            if last {
                (at.range, at.key, at.id) = (at.range + 1, String::new(), Uuid::nil());
            }
        }
        Ok(true)
    }
}

fn token(at: &At) -> Result<String> {
    Ok(serde_json::to_vec(at).map_err(Error::internal)?.iter().map(|b| format!("{b:02x}")).collect())
}

fn read_token(token: &str) -> Option<At> {
    let bytes: Option<Vec<u8>> = (0..token.len() / 2)
        .map(|i| token.get(2 * i..2 * i + 2).and_then(|h| u8::from_str_radix(h, 16).ok()))
        .collect();
    serde_json::from_slice(&bytes.filter(|_| token.len() <= 2_000)?).ok()
}

/// Adds the names of places to those of their committees.
fn put_names(cx: &mut Cx<'_, '_>, names: BTreeSet<(UnitId, String)>) -> Result<()> {
    for (committee, name) in names {
        let id: Uuid = cx.id();
        if store::put_name(cx.tx, id, committee, &name)? {
            for (rank, tail) in address::tails(&name) {
                store::put_tail(cx.tx, committee, rank, &tail, id)?;
            }
        }
    }
    Ok(())
}

fn names_of(p: &Place) -> impl Iterator<Item = (UnitId, String)> + use<> {
    let committee = p.committee;
    address::names(&p.kind, &p.name, p.address.as_deref()).into_iter().map(move |name| (committee, name))
}

/// Sees to places whose names are not yet among their committee's; `true` while there are more.
pub(crate) fn name_places(cx: &mut Cx<'_, '_>) -> Result<bool> {
    let places = store::unnamed(cx.tx, ROWS)?;
    put_names(cx, places.iter().flat_map(names_of).collect())?;
    store::set_named(cx.tx, &places.iter().map(|p| p.id).collect::<Vec<_>>())?;
    Ok(places.len() as i64 == ROWS)
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
    let (mut ids, mut names) = (Vec::with_capacity(new.len()), BTreeSet::new());
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
        names.extend(names_of(&place));
        ids.push(place.id);
    }
    put_names(cx, names)?;
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
