//! Address search: places by key, and the names by which they are found.
use crate::Place;
use linli_core::{PlaceId, Result, UnitId};
use linli_db::{Tx, row, sql};
use uuid::Uuid;

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
    /// The one to be in, if any, and the one not to be in; the nil id is none.
    fn split(self) -> (Option<UnitId>, UnitId) {
        match self {
            Where::In(committee) => (Some(committee), UnitId(Uuid::nil())),
            Where::Beside(committee) => (None, committee.unwrap_or(UnitId(Uuid::nil()))),
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
             AND committee <> $7 [AND committee = $6] ORDER BY address_key, id LIMIT $5"
        ),
        Key::Door => sql!(
            "SELECT id, parent, kind, committee, estate, micro_grid, grp, name, address, lat, lon FROM places
             WHERE valid_until IS NULL AND door_key >= $1 AND door_key < $2 AND (door_key, id) > ($3, $4)
             AND committee <> $7 [AND committee = $6] ORDER BY door_key, id LIMIT $5"
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
             AND t.committee <> $8 [AND t.committee = $7] ORDER BY t.tail, t.name LIMIT $6"
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
    tx.put(
        sql!("INSERT INTO place_tails (committee, rank, tail, name) VALUES ($1, $2, $3, $4)"),
        &[&committee, &rank, &tail, &name],
    )?;
    Ok(())
}

/// Forgets the names of a committee that has ended.
pub(crate) fn forget_names(tx: &mut Tx<'_>, committee: UnitId) -> Result<()> {
    tx.put(sql!("DELETE FROM place_tails WHERE committee = $1"), &[&committee])?;
    tx.put(sql!("DELETE FROM place_names WHERE committee = $1"), &[&committee])?;
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
    tx.put(sql!("UPDATE places SET named = TRUE WHERE id IN UUIDS($1)"), &[&ids])?;
    Ok(())
}
