//! Places and what repeats them: who lives there follows its dwelling.
use super::{PAGE, walk};
use crate::Place;
use linli_core::{Millis, PlaceId, Result, UnitId};
use linli_db::{Tx, sql};
use std::collections::BTreeSet;

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

pub(crate) fn put_place(tx: &mut Tx<'_>, p: &Place, keys: &crate::address::Keys, at: Millis) -> Result<()> {
    tx.put(
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
    tx.put(sql!("UPDATE places SET committee = $2, named = FALSE WHERE id IN UUIDS($1)"), &[&ids, &committee])?;
    Ok(())
}

/// Takes places out of groups and micro-grids that stay behind.
pub(crate) fn leave_units(tx: &mut Tx<'_>, ids: &[PlaceId], left: &[UnitId]) -> Result<()> {
    tx.put(sql!("UPDATE places SET grp = NULL WHERE id IN UUIDS($1) AND grp IN UUIDS($2)"), &[&ids, &left])?;
    tx.put(
        sql!("UPDATE places SET micro_grid = NULL WHERE id IN UUIDS($1) AND micro_grid IN UUIDS($2)"),
        &[&ids, &left],
    )?;
    Ok(())
}

/// Puts places into an estate, micro-grid or group; what is none stays.
pub(crate) fn join_units(tx: &mut Tx<'_>, ids: &[PlaceId], to: [Option<UnitId>; 3]) -> Result<()> {
    tx.put(
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
    tx.put(
        sql!(
            "UPDATE households SET committee = (SELECT p.committee FROM places p WHERE p.id = households.dwelling),
             grp = (SELECT p.grp FROM places p WHERE p.id = households.dwelling) WHERE dwelling IN UUIDS($1)"
        ),
        &[&ids],
    )?;
    tx.put(
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
    tx.put(sql!("UPDATE places SET estate = $2 WHERE estate = $1"), &[&from, &to])?;
    tx.put(sql!("UPDATE places SET micro_grid = $2 WHERE micro_grid = $1"), &[&from, &to])?;
    tx.put(sql!("UPDATE places SET grp = $2 WHERE grp = $1"), &[&from, &to])?;
    tx.put(sql!("UPDATE households SET grp = $2 WHERE grp = $1"), &[&from, &to])?;
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
