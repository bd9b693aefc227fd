//! Every statement of the registry.
use crate::{
    HouseholdId, Place, ResidentId, Tenancy, Unit,
    units::{Level, Link},
};
use linli_core::{BlindIndex, Millis, PersonId, PlaceId, PostId, Result, Sealed, UnitId};
use linli_db::{Json, Tx, row, sql};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

const PAGE: i64 = 5_000;

/// All rows of a statement that gives them by ascending id, a page at a time.
fn walk<T>(id: impl Fn(&T) -> Uuid, mut page: impl FnMut(Uuid) -> Result<Vec<T>>) -> Result<Vec<T>> {
    let (mut all, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let rows = page(after)?;
        let last = (rows.len() as i64) < PAGE;
        after = rows.last().map_or(after, &id);
        all.extend(rows);
        if last {
            return Ok(all);
        }
    }
}

// ---- units

row! {
    struct UnitRow { id: UnitId, parent: Option<UnitId>, level: String, kind: String, code: String, name: String, name_en: Option<String>, initials: String, status: String, phone: Option<String>, valid_from: Millis, valid_until: Option<Millis> }
}

pub(crate) fn all_units(tx: &mut Tx<'_>) -> Result<Vec<Unit>> {
    let statement = sql!(
        "SELECT id, parent, level, kind, code, name, name_en, initials, status, phone, valid_from, valid_until
         FROM units WHERE id > $1 ORDER BY id LIMIT $2"
    );
    let rows = walk(|u: &UnitRow| u.id.0, |after| Ok(tx.all(statement, &[&after, &PAGE])?))?;
    let unit = |r: UnitRow| Unit {
        id: r.id,
        parent: r.parent,
        level: r.level,
        function: crate::Function::Unit,
        kind: r.kind,
        code: r.code,
        name: r.name,
        name_en: r.name_en,
        initials: r.initials,
        status: r.status,
        phone: r.phone,
        path: Vec::new(),
        valid_from: r.valid_from,
        valid_until: r.valid_until,
    };
    Ok(rows.into_iter().map(unit).collect())
}

pub(crate) fn all_levels(tx: &mut Tx<'_>) -> Result<Vec<Level>> {
    let rows: Vec<(String, String, String, String, String, i64)> =
        tx.all(sql!("SELECT code, tree, function, name_zh, name_en, depth FROM levels LIMIT 1000"), &[])?;
    let level = |(code, tree, function, name_zh, name_en, depth): (String, String, String, String, String, i64)| {
        let function = crate::Function::parse(&function).unwrap_or(crate::Function::Unit);
        Level { code, tree, function, name_zh, name_en, depth }
    };
    Ok(rows.into_iter().map(level).collect())
}

row! {
    struct LinkRow { id: Uuid, from: UnitId, to: UnitId, kind: String, code: String, name: String, parent: Option<UnitId>, at: Millis, note: String }
}

pub(crate) fn all_links(tx: &mut Tx<'_>) -> Result<Vec<Link>> {
    let statement = sql!(
        "SELECT id, from_unit, to_unit, kind, code, name, parent, at, note FROM unit_links WHERE id > $1 ORDER BY id LIMIT $2"
    );
    let rows = walk(|l: &LinkRow| l.id, |after| Ok(tx.all(statement, &[&after, &PAGE])?))?;
    let link = |l: LinkRow| {
        let LinkRow { from, to, kind, code, name, parent, at, note, .. } = l;
        Link { from, to, kind, code, name, parent, at, note }
    };
    Ok(rows.into_iter().map(link).collect())
}

/// Which units serve which, now.
pub(crate) fn all_serves(tx: &mut Tx<'_>) -> Result<Vec<(UnitId, UnitId)>> {
    let statement =
        sql!("SELECT id, unit, served FROM unit_serves WHERE until IS NULL AND id > $1 ORDER BY id LIMIT $2");
    let rows = walk(|l: &(Uuid, UnitId, UnitId)| l.0, |after| Ok(tx.all(statement, &[&after, &PAGE])?))?;
    Ok(rows.into_iter().map(|(_, unit, served)| (unit, served)).collect())
}

pub(crate) fn put_level(tx: &mut Tx<'_>, l: &Level, function: &str) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO levels (code, tree, function, name_zh, name_en, depth) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en, depth = excluded.depth"
        ),
        &[&l.code, &l.tree, &function, &l.name_zh, &l.name_en, &l.depth],
    )?;
    Ok(())
}

pub(crate) fn put_unit(tx: &mut Tx<'_>, u: &Unit) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO units (id, parent, level, kind, code, name, name_en, initials, status, phone, valid_from)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ),
        &[
            &u.id,
            &u.parent,
            &u.level,
            &u.kind,
            &u.code,
            &u.name,
            &u.name_en,
            &u.initials,
            &u.status,
            &u.phone,
            &u.valid_from,
        ],
    )?;
    Ok(())
}

pub(crate) fn set_unit(tx: &mut Tx<'_>, u: &Unit) -> Result<()> {
    tx.exec(
        sql!(
            "UPDATE units SET parent = $2, kind = $3, code = $4, name = $5, name_en = $6, initials = $7, status = $8, phone = $9,
             valid_until = $10 WHERE id = $1"
        ),
        &[&u.id, &u.parent, &u.kind, &u.code, &u.name, &u.name_en, &u.initials, &u.status, &u.phone, &u.valid_until],
    )?;
    Ok(())
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn put_link(
    tx: &mut Tx<'_>,
    id: Uuid,
    from: &Unit,
    to: UnitId,
    kind: &str,
    note: &str,
    author: Option<PersonId>,
    at: Millis,
) -> Result<()> {
    tx.exec(
        sql!("INSERT INTO unit_links (id, from_unit, to_unit, kind, code, name, at, note, author, parent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
        &[&id, &from.id, &to, &kind, &from.code, &from.name, &at, &note, &author, &from.parent],
    )?;
    Ok(())
}

pub(crate) fn put_serves(tx: &mut Tx<'_>, id: Uuid, unit: UnitId, served: UnitId, since: Millis) -> Result<bool> {
    Ok(tx.exec(
        sql!("INSERT INTO unit_serves (id, unit, served, since) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"),
        &[&id, &unit, &served, &since],
    )? == 1)
}

pub(crate) fn end_serves(tx: &mut Tx<'_>, unit: UnitId, served: UnitId, until: Millis) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE unit_serves SET until = $3 WHERE unit = $1 AND served = $2 AND until IS NULL"),
        &[&unit, &served, &until],
    )?)
}

// ---- places

pub(crate) fn places_by_id(tx: &mut Tx<'_>, ids: &[PlaceId]) -> Result<Vec<Place>> {
    Ok(tx.all(
        sql!(
            "SELECT id, parent, kind, committee, estate, micro_grid, grp, name, address, lat, lon FROM places
             WHERE id IN UUIDS($1) AND valid_until IS NULL LIMIT 10000"
        ),
        &[&ids],
    )?)
}

pub(crate) fn top_places(tx: &mut Tx<'_>, committee: UnitId) -> Result<Vec<Place>> {
    Ok(tx.all(
        sql!(
            "SELECT id, parent, kind, committee, estate, micro_grid, grp, name, address, lat, lon FROM places
             WHERE committee = $1 AND parent IS NULL AND valid_until IS NULL ORDER BY sort, id LIMIT 500"
        ),
        &[&committee],
    )?)
}

pub(crate) fn places_under(tx: &mut Tx<'_>, parent: PlaceId) -> Result<Vec<Place>> {
    Ok(tx.all(
        sql!(
            "SELECT id, parent, kind, committee, estate, micro_grid, grp, name, address, lat, lon FROM places
             WHERE parent = $1 AND valid_until IS NULL ORDER BY sort, id LIMIT 500"
        ),
        &[&parent],
    )?)
}

/// Which key a search goes by.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Address,
    Door,
}

/// Which committees a search goes through.
#[derive(Clone, Copy)]
pub(crate) enum Where {
    /// This one.
    In(UnitId),
    /// All but this one.
    Beside(Option<UnitId>),
}

impl Where {
    fn split(self) -> (Option<UnitId>, Option<UnitId>) {
        match self {
            Where::In(committee) => (Some(committee), None),
            Where::Beside(committee) => (None, committee),
        }
    }
}

/// Places whose key lies from `start` up to `end`, in its order, after a key and id. Keys are compared byte by byte.
pub(crate) fn places_by_key(
    tx: &mut Tx<'_>,
    whose: Where,
    key: Key,
    (start, end): (&str, &str),
    after: (&str, Uuid),
    limit: i64,
) -> Result<Vec<Place>> {
    let statement = match key {
        Key::Address => sql!(
            "SELECT id, parent, kind, committee, estate, micro_grid, grp, name, address, lat, lon FROM places
             WHERE valid_until IS NULL AND address_key >= $1 AND address_key < $2 AND (address_key, id) > ($3, $4)
             [AND committee = $6] [AND committee <> $7] ORDER BY address_key, id LIMIT $5"
        ),
        Key::Door => sql!(
            "SELECT id, parent, kind, committee, estate, micro_grid, grp, name, address, lat, lon FROM places
             WHERE valid_until IS NULL AND door_key >= $1 AND door_key < $2 AND (door_key, id) > ($3, $4)
             [AND committee = $6] [AND committee <> $7] ORDER BY door_key, id LIMIT $5"
        ),
    };
    let (own, not) = whose.split();
    Ok(tx.all(statement, &[&start, &end, &after.0, &after.1, &limit, &own, &not])?)
}

/// The outermost places of a committee after a place in their order.
pub(crate) fn top_places_after(
    tx: &mut Tx<'_>,
    committee: UnitId,
    after: (i64, Uuid),
    limit: i64,
) -> Result<Vec<Place>> {
    Ok(tx.all(
        sql!(
            "SELECT id, parent, kind, committee, estate, micro_grid, grp, name, address, lat, lon FROM places
             WHERE committee = $1 AND parent IS NULL AND valid_until IS NULL AND (sort, id) > ($2, $3) ORDER BY sort, id LIMIT $4"
        ),
        &[&committee, &after.0, &after.1, &limit],
    )?)
}

row! {
    /// A name by one of its tails.
    pub(crate) struct NameRow { pub(crate) id: Uuid, pub(crate) committee: UnitId, pub(crate) name: String, pub(crate) tail: String }
}

/// The names of which a tail of this rank begins with a term, in the order of the tails, from a tail and name on.
pub(crate) fn names_by_tail(
    tx: &mut Tx<'_>,
    whose: Where,
    rank: i64,
    term: &str,
    from: (&str, Uuid),
    limit: i64,
) -> Result<Vec<NameRow>> {
    // No byte of UTF-8 lies above F4.
    let end = format!("{term}\u{10ffff}");
    let (own, not) = whose.split();
    Ok(tx.all(
        sql!(
            "SELECT n.id, n.committee, n.name, t.tail FROM place_tails t JOIN place_names n ON n.id = t.name
             WHERE t.rank = $1 AND t.tail >= $2 AND t.tail < $3 AND (t.tail, t.name) >= ($4, $5)
             [AND t.committee = $7] [AND t.committee <> $8] ORDER BY t.tail, t.name LIMIT $6"
        ),
        &[&rank, &term, &end, &from.0, &from.1, &limit, &own, &not],
    )?)
}

/// `false` when the committee has the name already.
pub(crate) fn put_name(tx: &mut Tx<'_>, id: Uuid, committee: UnitId, name: &str) -> Result<bool> {
    Ok(tx.exec(
        sql!(
            "INSERT INTO place_names (id, committee, name) VALUES ($1, $2, $3) ON CONFLICT (committee, name) DO NOTHING"
        ),
        &[&id, &committee, &name],
    )? == 1)
}

pub(crate) fn put_tail(tx: &mut Tx<'_>, committee: UnitId, rank: i64, tail: &str, name: Uuid) -> Result<()> {
    tx.exec(
        sql!("INSERT INTO place_tails (committee, rank, tail, name) VALUES ($1, $2, $3, $4)"),
        &[&committee, &rank, &tail, &name],
    )?;
    Ok(())
}

/// Forgets the names of a committee that has ended.
pub(crate) fn forget_names(tx: &mut Tx<'_>, committee: UnitId) -> Result<()> {
    tx.exec(sql!("DELETE FROM place_tails WHERE committee = $1"), &[&committee])?;
    tx.exec(sql!("DELETE FROM place_names WHERE committee = $1"), &[&committee])?;
    Ok(())
}

/// Places whose names are not yet among their committee's.
pub(crate) fn unnamed(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Place>> {
    Ok(tx.all(
        sql!(
            "SELECT id, parent, kind, committee, estate, micro_grid, grp, name, address, lat, lon FROM places
             WHERE NOT named ORDER BY id LIMIT $1"
        ),
        &[&limit],
    )?)
}

pub(crate) fn set_named(tx: &mut Tx<'_>, ids: &[PlaceId]) -> Result<()> {
    tx.exec(sql!("UPDATE places SET named = TRUE WHERE id IN UUIDS($1)"), &[&ids])?;
    Ok(())
}

pub(crate) fn put_place(tx: &mut Tx<'_>, p: &Place, keys: &crate::address::Keys, at: Millis) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO places (id, parent, kind, committee, estate, micro_grid, grp, name, address, address_key, door_key, initials, sort, lat, lon, valid_from, named)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, TRUE)"
        ),
        &[
            &p.id, &p.parent, &p.kind, &p.committee, &p.estate, &p.micro_grid, &p.group, &p.name, &p.address, &keys.address, &keys.door,
            &keys.initials, &keys.sort, &p.lat, &p.lon, &at,
        ],
    )?;
    Ok(())
}

pub(crate) fn place_sort(tx: &mut Tx<'_>, id: PlaceId) -> Result<i64> {
    Ok(tx.one::<(i64,)>(sql!("SELECT sort FROM places WHERE id = $1 LIMIT 1"), &[&id])?.0)
}

pub(crate) fn retire_place(tx: &mut Tx<'_>, id: PlaceId, at: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("UPDATE places SET valid_until = $2 WHERE id = $1 AND valid_until IS NULL"), &[&id, &at])?)
}

pub(crate) fn lived_in(tx: &mut Tx<'_>, dwelling: PlaceId) -> Result<bool> {
    let n: (i64,) =
        tx.one(sql!("SELECT count(*) FROM residents WHERE dwelling = $1 AND until IS NULL"), &[&dwelling])?;
    Ok(n.0 > 0)
}

/// The places themselves and all that lies in them; only buildings and doors hold others.
pub(crate) fn place_trees(tx: &mut Tx<'_>, tops: &[PlaceId]) -> Result<Vec<PlaceId>> {
    let mut all: BTreeSet<PlaceId> = tops.iter().copied().collect();
    let mut ahead = tops.to_vec();
    while let Some(place) = ahead.pop() {
        let below: Vec<(PlaceId, String)> = tx.all(
            sql!("SELECT id, kind FROM places WHERE parent = $1 AND valid_until IS NULL LIMIT 100000"),
            &[&place],
        )?;
        for (id, kind) in below {
            if all.insert(id) && (kind == "building" || kind == "door") {
                ahead.push(id);
            }
        }
    }
    Ok(all.into_iter().collect())
}

/// The groups, micro-grids and estates these places lie in.
pub(crate) fn place_units(tx: &mut Tx<'_>, ids: &[PlaceId]) -> Result<Vec<(Option<UnitId>, Option<UnitId>)>> {
    Ok(tx.all(sql!("SELECT grp, micro_grid FROM places WHERE id IN UUIDS($1) LIMIT 10000"), &[&ids])?)
}

pub(crate) fn set_committee(tx: &mut Tx<'_>, ids: &[PlaceId], committee: UnitId) -> Result<()> {
    tx.exec(sql!("UPDATE places SET committee = $2, named = FALSE WHERE id IN UUIDS($1)"), &[&ids, &committee])?;
    Ok(())
}

/// Takes places out of groups and micro-grids that stay behind.
pub(crate) fn leave_units(tx: &mut Tx<'_>, ids: &[PlaceId], left: &[UnitId]) -> Result<()> {
    tx.exec(sql!("UPDATE places SET grp = NULL WHERE id IN UUIDS($1) AND grp IN UUIDS($2)"), &[&ids, &left])?;
    tx.exec(
        sql!("UPDATE places SET micro_grid = NULL WHERE id IN UUIDS($1) AND micro_grid IN UUIDS($2)"),
        &[&ids, &left],
    )?;
    Ok(())
}

/// Puts places into an estate, micro-grid or group; what is none stays.
pub(crate) fn join_units(tx: &mut Tx<'_>, ids: &[PlaceId], to: [Option<UnitId>; 3]) -> Result<()> {
    tx.exec(
        sql!(
            "UPDATE places SET estate = coalesce($2, estate), micro_grid = coalesce($3, micro_grid), grp = coalesce($4, grp)
             WHERE id IN UUIDS($1)"
        ),
        &[&ids, &to[0], &to[1], &to[2]],
    )?;
    Ok(())
}

/// What is repeated from the dwelling follows it.
pub(crate) fn follow_dwellings(tx: &mut Tx<'_>, ids: &[PlaceId]) -> Result<()> {
    tx.exec(
        sql!(
            "UPDATE households SET committee = (SELECT p.committee FROM places p WHERE p.id = households.dwelling),
             grp = (SELECT p.grp FROM places p WHERE p.id = households.dwelling) WHERE dwelling IN UUIDS($1)"
        ),
        &[&ids],
    )?;
    tx.exec(
        sql!(
            "UPDATE residents SET committee = (SELECT p.committee FROM places p WHERE p.id = residents.dwelling)
             WHERE dwelling IN UUIDS($1)"
        ),
        &[&ids],
    )?;
    Ok(())
}

/// All places of a committee, retired ones too.
pub(crate) fn committee_places(tx: &mut Tx<'_>, committee: UnitId) -> Result<Vec<PlaceId>> {
    let statement = sql!("SELECT id FROM places WHERE committee = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows = walk(|p: &(PlaceId,)| p.0.0, |after| Ok(tx.all(statement, &[&committee, &after, &PAGE])?))?;
    Ok(rows.into_iter().map(|p| p.0).collect())
}

/// Moves what refers to a unit as estate, micro-grid or group to its successor.
pub(crate) fn replace_in_places(tx: &mut Tx<'_>, from: UnitId, to: UnitId) -> Result<()> {
    tx.exec(sql!("UPDATE places SET estate = $2 WHERE estate = $1"), &[&from, &to])?;
    tx.exec(sql!("UPDATE places SET micro_grid = $2 WHERE micro_grid = $1"), &[&from, &to])?;
    tx.exec(sql!("UPDATE places SET grp = $2 WHERE grp = $1"), &[&from, &to])?;
    tx.exec(sql!("UPDATE households SET grp = $2 WHERE grp = $1"), &[&from, &to])?;
    Ok(())
}

/// Whether a unit still holds places, in whatever capacity.
pub(crate) fn holds_places(tx: &mut Tx<'_>, unit: UnitId) -> Result<bool> {
    let n: (i64,) = tx.one(
        sql!("SELECT count(*) FROM places WHERE valid_until IS NULL AND (committee = $1 OR estate = $1 OR micro_grid = $1 OR grp = $1)"),
        &[&unit],
    )?;
    Ok(n.0 > 0)
}

// ---- people and homes

row! {
    pub(crate) struct PersonRow { pub(crate) id: PersonId, pub(crate) name: Sealed, pub(crate) phone: Option<Sealed>, pub(crate) lang: String, pub(crate) large_type: bool }
}

pub(crate) fn person(tx: &mut Tx<'_>, id: PersonId) -> Result<Option<PersonRow>> {
    Ok(tx.opt(sql!("SELECT id, name, phone, lang, large_type FROM people WHERE id = $1 LIMIT 1"), &[&id])?)
}

pub(crate) fn names(tx: &mut Tx<'_>, ids: &[PersonId]) -> Result<Vec<(PersonId, Sealed)>> {
    Ok(tx.all(sql!("SELECT id, name FROM people WHERE id IN UUIDS($1) LIMIT 10000"), &[&ids])?)
}

pub(crate) struct PersonNew<'a> {
    pub(crate) id: PersonId,
    pub(crate) name: (Sealed, BlindIndex),
    pub(crate) phone: Option<(Sealed, BlindIndex)>,
    pub(crate) id_number: Option<(Sealed, BlindIndex)>,
    pub(crate) lang: &'a str,
    pub(crate) created: Millis,
}

/// `false` when the identity number is registered already.
pub(crate) fn put_person(tx: &mut Tx<'_>, p: &PersonNew<'_>) -> Result<bool> {
    let (phone, phone_idx) = p.phone.clone().unzip();
    let (number, number_idx) = p.id_number.clone().unzip();
    Ok(tx.exec(
        sql!(
            "INSERT INTO people (id, name, name_idx, phone, phone_idx, id_number, id_number_idx, lang, large_type, created)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE, $9) ON CONFLICT (id_number_idx) DO NOTHING"
        ),
        &[&p.id, &p.name.0, &p.name.1, &phone, &phone_idx, &number, &number_idx, &p.lang, &p.created],
    )? == 1)
}

pub(crate) fn set_phone(tx: &mut Tx<'_>, id: PersonId, phone: Option<(Sealed, BlindIndex)>) -> Result<()> {
    let (phone, idx) = phone.unzip();
    tx.exec(sql!("UPDATE people SET phone = $2, phone_idx = $3 WHERE id = $1"), &[&id, &phone, &idx])?;
    Ok(())
}

pub(crate) fn set_preferences(tx: &mut Tx<'_>, id: PersonId, lang: &str, large_type: bool) -> Result<()> {
    tx.exec(sql!("UPDATE people SET lang = $2, large_type = $3 WHERE id = $1"), &[&id, &lang, &large_type])?;
    Ok(())
}

/// People with this telephone number who live within a committee.
pub(crate) fn by_phone(tx: &mut Tx<'_>, phone: &BlindIndex, committee: UnitId) -> Result<Vec<(PersonId,)>> {
    Ok(tx.all(
        sql!(
            "SELECT id FROM people WHERE phone_idx = $1
             AND EXISTS (SELECT 1 FROM residents r WHERE r.person = people.id AND r.committee = $2 AND r.until IS NULL) ORDER BY id LIMIT 20"
        ),
        &[phone, &committee],
    )?)
}

row! {
    pub(crate) struct HomeRow { pub(crate) resident: ResidentId, pub(crate) dwelling: PlaceId, pub(crate) name: String, pub(crate) committee: UnitId, pub(crate) estate: Option<UnitId>, pub(crate) micro_grid: Option<UnitId>, pub(crate) grp: Option<UnitId>, pub(crate) tenure: String, pub(crate) since: Millis }
}

pub(crate) fn homes(tx: &mut Tx<'_>, person: PersonId) -> Result<Vec<HomeRow>> {
    Ok(tx.all(
        sql!(
            "SELECT r.id, r.dwelling, p.name, p.committee, p.estate, p.micro_grid, p.grp, r.tenure, r.since
             FROM residents r JOIN places p ON p.id = r.dwelling WHERE r.person = $1 AND r.until IS NULL ORDER BY r.id LIMIT 50"
        ),
        &[&person],
    )?)
}

pub(crate) fn put_household(
    tx: &mut Tx<'_>,
    id: HouseholdId,
    dwelling: &Place,
    sort: i64,
    since: Millis,
) -> Result<()> {
    tx.exec(
        sql!("INSERT INTO households (id, dwelling, committee, grp, sort, since) VALUES ($1, $2, $3, $4, $5, $6)"),
        &[&id, &dwelling.id, &dwelling.committee, &dwelling.group, &sort, &since],
    )?;
    Ok(())
}

pub(crate) fn household(tx: &mut Tx<'_>, id: HouseholdId) -> Result<Option<(PlaceId, UnitId, Option<UnitId>)>> {
    Ok(tx
        .opt(sql!("SELECT dwelling, committee, grp FROM households WHERE id = $1 AND until IS NULL LIMIT 1"), &[&id])?)
}

/// Ends a household in which nobody lives any more.
pub(crate) fn end_empty_household(tx: &mut Tx<'_>, id: HouseholdId, at: Millis) -> Result<()> {
    tx.exec(
        sql!(
            "UPDATE households SET until = $2 WHERE id = $1 AND until IS NULL
             AND NOT EXISTS (SELECT 1 FROM residents r WHERE r.household = $1 AND r.until IS NULL)"
        ),
        &[&id, &at],
    )?;
    Ok(())
}

/// `false` when the person is registered there in this tenure already.
pub(crate) fn put_resident(tx: &mut Tx<'_>, t: &Tenancy, since: Millis) -> Result<bool> {
    Ok(tx.exec(
        sql!(
            "INSERT INTO residents (id, person, household, committee, dwelling, tenure, since) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT DO NOTHING"
        ),
        &[&t.id, &t.person, &t.household, &t.committee, &t.dwelling, &t.tenure, &since],
    )? == 1)
}

row! {
    pub(crate) struct ResidentRow { pub(crate) id: ResidentId, pub(crate) person: PersonId, pub(crate) household: Option<HouseholdId>, pub(crate) committee: UnitId }
}

pub(crate) fn resident(tx: &mut Tx<'_>, id: ResidentId) -> Result<Option<ResidentRow>> {
    Ok(tx.opt(
        sql!("SELECT id, person, household, committee FROM residents WHERE id = $1 AND until IS NULL LIMIT 1"),
        &[&id],
    )?)
}

pub(crate) fn end_resident(tx: &mut Tx<'_>, id: ResidentId, at: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("UPDATE residents SET until = $2 WHERE id = $1 AND until IS NULL"), &[&id, &at])?)
}

row! {
    pub(crate) struct StairRow { pub(crate) id: HouseholdId, pub(crate) dwelling: PlaceId, pub(crate) name: String, pub(crate) door: Option<String>, pub(crate) grp: Option<UnitId>, pub(crate) sort: i64, pub(crate) last: Option<Millis> }
}

pub(crate) fn households(
    tx: &mut Tx<'_>,
    committee: UnitId,
    group: Option<UnitId>,
    after: (i64, HouseholdId),
    limit: i64,
) -> Result<Vec<StairRow>> {
    Ok(tx.all(
        sql!(
            "SELECT h.id, h.dwelling, p.name, d.name, h.grp, h.sort, c.last_at FROM households h JOIN places p ON p.id = h.dwelling
             LEFT JOIN places d ON d.id = p.parent LEFT JOIN contacts c ON c.household = h.id
             WHERE h.until IS NULL AND h.committee = $1 AND (h.sort, h.id) > ($2, $3) [AND h.grp = $5] ORDER BY h.sort, h.id LIMIT $4"
        ),
        &[&committee, &after.0, &after.1, &limit, &group],
    )?)
}

row! {
    pub(crate) struct MemberRow { pub(crate) household: HouseholdId, pub(crate) id: ResidentId, pub(crate) person: PersonId, pub(crate) name: Sealed, pub(crate) phone: Option<Sealed>, pub(crate) tenure: String }
}

pub(crate) fn members(tx: &mut Tx<'_>, households: &[HouseholdId]) -> Result<Vec<MemberRow>> {
    Ok(tx.all(
        sql!(
            "SELECT r.household, r.id, r.person, p.name, p.phone, r.tenure FROM residents r JOIN people p ON p.id = r.person
             WHERE r.household IN UUIDS($1) AND r.until IS NULL LIMIT 10000"
        ),
        &[&households],
    )?)
}

pub(crate) fn note_contact(tx: &mut Tx<'_>, household: HouseholdId, at: Millis, by: PersonId) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO contacts (household, last_at, by_person) VALUES ($1, $2, $3)
             ON CONFLICT (household) DO UPDATE SET last_at = excluded.last_at, by_person = excluded.by_person WHERE contacts.last_at <= excluded.last_at"
        ),
        &[&household, &at, &by],
    )?;
    Ok(())
}

// ---- posts

pub(crate) fn posts(tx: &mut Tx<'_>, person: PersonId, now: Millis) -> Result<Vec<(PostId, UnitId, String)>> {
    Ok(tx.all(
        sql!(
            "SELECT id, unit, role FROM posts WHERE person = $1 AND since <= $2 AND (until IS NULL OR until > $2) ORDER BY id LIMIT 50"
        ),
        &[&person, &now],
    )?)
}

row! {
    pub(crate) struct StaffRow { pub(crate) id: PostId, pub(crate) person: PersonId, pub(crate) unit: UnitId, pub(crate) role: String, pub(crate) duty: bool, pub(crate) name: Sealed, pub(crate) since: Millis, pub(crate) until: Option<Millis> }
}

/// The posts of a unit that are held now.
pub(crate) fn staff(tx: &mut Tx<'_>, unit: UnitId, now: Millis) -> Result<Vec<StaffRow>> {
    Ok(tx.all(
        sql!(
            "SELECT t.id, t.person, t.unit, t.role, t.duty, p.name, t.since, t.until FROM posts t JOIN people p ON p.id = t.person
             WHERE t.unit = $1 AND t.since <= $2 AND (t.until IS NULL OR t.until > $2) ORDER BY t.id LIMIT 500"
        ),
        &[&unit, &now],
    )?)
}

/// Every post that has not ended, those that are yet to begin too.
pub(crate) fn all_staff(tx: &mut Tx<'_>, now: Millis) -> Result<Vec<StaffRow>> {
    Ok(tx.all(
        sql!(
            "SELECT t.id, t.person, t.unit, t.role, t.duty, p.name, t.since, t.until FROM posts t JOIN people p ON p.id = t.person
             WHERE t.until IS NULL OR t.until > $1 ORDER BY t.id LIMIT 100000"
        ),
        &[&now],
    )?)
}

pub(crate) struct PostNew {
    pub(crate) id: PostId,
    pub(crate) person: PersonId,
    pub(crate) unit: UnitId,
    pub(crate) role: String,
    pub(crate) duty: bool,
    pub(crate) until: Option<Millis>,
}

pub(crate) fn put_post(tx: &mut Tx<'_>, p: &PostNew, since: Millis) -> Result<()> {
    tx.exec(
        sql!("INSERT INTO posts (id, person, unit, role, duty, since, until) VALUES ($1, $2, $3, $4, $5, $6, $7)"),
        &[&p.id, &p.person, &p.unit, &p.role, &p.duty, &since, &p.until],
    )?;
    Ok(())
}

pub(crate) fn post_unit(tx: &mut Tx<'_>, id: PostId, now: Millis) -> Result<Option<(UnitId,)>> {
    Ok(tx.opt(sql!("SELECT unit FROM posts WHERE id = $1 AND (until IS NULL OR until > $2) LIMIT 1"), &[&id, &now])?)
}

pub(crate) fn end_post(tx: &mut Tx<'_>, id: PostId, at: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("UPDATE posts SET until = $2 WHERE id = $1 AND (until IS NULL OR until > $2)"), &[&id, &at])?)
}

pub(crate) fn set_duty(tx: &mut Tx<'_>, id: PostId, duty: bool) -> Result<u64> {
    Ok(tx.exec(sql!("UPDATE posts SET duty = $2 WHERE id = $1"), &[&id, &duty])?)
}

// ---- logins and sessions

row! {
    pub(crate) struct LoginRow { pub(crate) id: Uuid, pub(crate) person: PersonId, pub(crate) hash: String, pub(crate) failed: i64, pub(crate) locked_until: Option<Millis> }
}

pub(crate) fn login(tx: &mut Tx<'_>, login: &BlindIndex) -> Result<Option<LoginRow>> {
    Ok(tx.opt(
        sql!("SELECT id, person, password_hash, failed, locked_until FROM logins WHERE login_idx = $1 LIMIT 1"),
        &[login],
    )?)
}

/// `false` when the login is taken.
pub(crate) fn put_login(
    tx: &mut Tx<'_>,
    id: Uuid,
    person: PersonId,
    login: (Sealed, BlindIndex),
    hash: &str,
) -> Result<bool> {
    Ok(tx.exec(
        sql!(
            "INSERT INTO logins (id, person, login, login_idx, password_hash, failed) VALUES ($1, $2, $3, $4, $5, 0)
             ON CONFLICT (login_idx) DO NOTHING"
        ),
        &[&id, &person, &login.0, &login.1, &hash],
    )? == 1)
}

pub(crate) fn set_password(tx: &mut Tx<'_>, person: PersonId, hash: &str) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE logins SET password_hash = $2, failed = 0, locked_until = NULL WHERE person = $1"),
        &[&person, &hash],
    )?)
}

pub(crate) fn set_failed(tx: &mut Tx<'_>, id: Uuid, failed: i64, locked_until: Option<Millis>) -> Result<()> {
    tx.exec(sql!("UPDATE logins SET failed = $2, locked_until = $3 WHERE id = $1"), &[&id, &failed, &locked_until])?;
    Ok(())
}

pub(crate) fn forget_failures(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    tx.exec(sql!("UPDATE logins SET failed = 0, locked_until = NULL WHERE person = $1 AND failed > 0"), &[&person])?;
    Ok(())
}

pub(crate) fn person_logins(tx: &mut Tx<'_>, person: PersonId) -> Result<Vec<(Sealed,)>> {
    Ok(tx.all(sql!("SELECT login FROM logins WHERE person = $1 ORDER BY id LIMIT 20"), &[&person])?)
}

row! {
    pub(crate) struct SessionNew { pub(crate) digest: Vec<u8>, pub(crate) id: Uuid, pub(crate) person: PersonId, pub(crate) kind: String, pub(crate) label: String, pub(crate) created: Millis, pub(crate) until: Millis }
}

pub(crate) fn put_session(tx: &mut Tx<'_>, s: &SessionNew) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO sessions (token_digest, id, person, kind, label, created, seen, until) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)"
        ),
        &[&s.digest, &s.id, &s.person, &s.kind, &s.label, &s.created, &s.until],
    )?;
    Ok(())
}

row! {
    /// What there is to know of who has signed in: the person (the only row with a name), posts and homes. The columns mean
    /// person – language; post, unit – role; dwelling, committee and what it lies in – tenure.
    pub(crate) struct SignedIn { pub(crate) part: String, pub(crate) id: Uuid, pub(crate) unit: Option<UnitId>, pub(crate) estate: Option<UnitId>, pub(crate) micro_grid: Option<UnitId>, pub(crate) grp: Option<UnitId>, pub(crate) word: String, pub(crate) name: Option<Sealed> }
}

/// The holder of an open session with posts and homes, in one statement: every request asks this.
pub(crate) fn by_session(tx: &mut Tx<'_>, digest: &[u8], kind: &str, now: Millis) -> Result<Vec<SignedIn>> {
    Ok(tx.all(
        sql!(
            "SELECT 'person', p.id, CAST(NULL AS UUID), CAST(NULL AS UUID), CAST(NULL AS UUID), CAST(NULL AS UUID), p.lang, p.name
             FROM sessions s JOIN people p ON p.id = s.person WHERE s.token_digest = $1 AND s.kind = $2 AND s.until > $3
             UNION ALL
             SELECT 'post', t.id, t.unit, NULL, NULL, NULL, t.role, NULL
             FROM sessions s JOIN posts t ON t.person = s.person WHERE s.token_digest = $1 AND s.kind = $2 AND s.until > $3
             AND t.since <= $3 AND (t.until IS NULL OR t.until > $3)
             UNION ALL
             SELECT 'home', r.dwelling, d.committee, d.estate, d.micro_grid, d.grp, r.tenure, NULL
             FROM sessions s JOIN residents r ON r.person = s.person JOIN places d ON d.id = r.dwelling
             WHERE s.token_digest = $1 AND s.kind = $2 AND s.until > $3 AND r.until IS NULL
             LIMIT 100"
        ),
        &[&digest, &kind, &now],
    )?)
}

pub(crate) fn see_session(tx: &mut Tx<'_>, digest: &[u8], now: Millis, until: Millis) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE sessions SET seen = $2, until = $3 WHERE token_digest = $1 AND until > $2 AND kind = 'page'"),
        &[&digest, &now, &until],
    )?)
}

pub(crate) fn close_session(tx: &mut Tx<'_>, digest: &[u8]) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM sessions WHERE token_digest = $1"), &[&digest])?)
}

pub(crate) fn close_sessions(tx: &mut Tx<'_>, person: PersonId) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM sessions WHERE person = $1"), &[&person])?)
}

pub(crate) fn revoke_session(tx: &mut Tx<'_>, person: PersonId, id: Uuid) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM sessions WHERE person = $1 AND id = $2"), &[&person, &id])?)
}

pub(crate) fn sessions(tx: &mut Tx<'_>, person: PersonId, now: Millis) -> Result<Vec<crate::SessionRow>> {
    let statement = sql!(
        "SELECT id, kind, label, seen, until FROM sessions WHERE person = $1 AND until > $2 ORDER BY id DESC LIMIT 100"
    );
    Ok(tx.all(statement, &[&person, &now])?)
}

pub(crate) fn forget_sessions(tx: &mut Tx<'_>, before: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM sessions WHERE until < $1"), &[&before])?)
}

// ---- consents and reads

pub(crate) fn put_consent(
    tx: &mut Tx<'_>,
    id: Uuid,
    person: PersonId,
    purpose: &str,
    by: Option<PersonId>,
    at: Millis,
    until: Option<Millis>,
) -> Result<()> {
    tx.exec(
        sql!("INSERT INTO consents (id, person, purpose, by_person, at, until) VALUES ($1, $2, $3, $4, $5, $6)"),
        &[&id, &person, &purpose, &by, &at, &until],
    )?;
    Ok(())
}

pub(crate) fn end_consent(tx: &mut Tx<'_>, person: PersonId, purpose: &str, at: Millis) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE consents SET until = $3 WHERE person = $1 AND purpose = $2 AND (until IS NULL OR until > $3)"),
        &[&person, &purpose, &at],
    )?)
}

pub(crate) fn consents(tx: &mut Tx<'_>, person: PersonId, purpose: &str, now: Millis) -> Result<i64> {
    let n: (i64,) = tx.one(
        sql!("SELECT count(*) FROM consents WHERE person = $1 AND purpose = $2 AND at <= $3 AND (until IS NULL OR until > $3)"),
        &[&person, &purpose, &now],
    )?;
    Ok(n.0)
}

row! {
    pub(crate) struct UnmaskRow { pub(crate) id: Uuid, pub(crate) by_person: Option<PersonId>, pub(crate) post: Option<PostId>, pub(crate) unit: Option<UnitId>, pub(crate) subject: PersonId, pub(crate) purpose: String, pub(crate) at: Millis }
}

pub(crate) fn put_unmask(tx: &mut Tx<'_>, u: &UnmaskRow) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO unmasks (id, by_person, post, unit, subject, purpose, at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        ),
        &[&u.id, &u.by_person, &u.post, &u.unit, &u.subject, &u.purpose, &u.at],
    )?;
    Ok(())
}

pub(crate) fn unmasks(tx: &mut Tx<'_>, subject: PersonId, limit: i64) -> Result<Vec<UnmaskRow>> {
    Ok(tx.all(
        sql!("SELECT id, by_person, post, unit, subject, purpose, at FROM unmasks WHERE subject = $1 ORDER BY id DESC LIMIT $2"),
        &[&subject, &limit],
    )?)
}

pub(crate) fn put_list_read(tx: &mut Tx<'_>, unit: UnitId, day: i64, by: PersonId, at: Millis) -> Result<()> {
    tx.exec(
        sql!("INSERT INTO list_reads (unit, day, by_person, at) VALUES ($1, $2, $3, $4) ON CONFLICT (unit, day, by_person) DO NOTHING"),
        &[&unit, &day, &by, &at],
    )?;
    Ok(())
}

pub(crate) fn list_reads(tx: &mut Tx<'_>, unit: UnitId, since: i64) -> Result<Vec<(UnitId, PersonId, Millis)>> {
    Ok(tx.all(
        sql!("SELECT unit, by_person, at FROM list_reads WHERE unit = $1 AND day >= $2 ORDER BY day DESC, by_person DESC LIMIT 200"),
        &[&unit, &since],
    )?)
}

// ---- calendars

pub(crate) fn put_calendar(
    tx: &mut Tx<'_>,
    id: Uuid,
    year: i64,
    days: &Value,
    source: &str,
    author: Option<PersonId>,
    at: Millis,
) -> Result<()> {
    tx.exec(
        sql!("INSERT INTO calendars (id, year, days, source, author, at) VALUES ($1, $2, $3, $4, $5, $6)"),
        &[&id, &year, &Json(days), &source, &author, &at],
    )?;
    Ok(())
}

/// Year, days, source, when.
pub(crate) type Notice = (i64, Json<Vec<crate::CalendarDay>>, String, Millis);

pub(crate) fn calendars(tx: &mut Tx<'_>) -> Result<Vec<Notice>> {
    Ok(tx.all(sql!("SELECT year, days, source, at FROM calendars ORDER BY id LIMIT 2000"), &[])?)
}

pub(crate) fn put_hours(
    tx: &mut Tx<'_>,
    id: Uuid,
    day: i64,
    shifts: &Value,
    source: &str,
    author: Option<PersonId>,
    at: Millis,
) -> Result<()> {
    tx.exec(
        sql!("INSERT INTO hours (id, day, shifts, source, author, at) VALUES ($1, $2, $3, $4, $5, $6)"),
        &[&id, &day, &Json(shifts), &source, &author, &at],
    )?;
    Ok(())
}

pub(crate) fn hours(tx: &mut Tx<'_>) -> Result<Vec<(i64, Json<work_calendar::Shifts>, Millis)>> {
    Ok(tx.all(sql!("SELECT day, shifts, at FROM hours ORDER BY id LIMIT 2000"), &[])?)
}
