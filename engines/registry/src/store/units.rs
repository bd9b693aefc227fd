//! The trees of units, their history and whom they serve.
use super::{PAGE, walk};
use crate::Unit;
use crate::units::{Level, Link};
use linli_core::{Millis, PersonId, Result, UnitId};
use linli_db::{Tx, row, sql};
use uuid::Uuid;

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
    tx.put(
        sql!(
            "INSERT INTO levels (code, tree, function, name_zh, name_en, depth) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en, depth = excluded.depth"
        ),
        &[&l.code, &l.tree, &function, &l.name_zh, &l.name_en, &l.depth],
    )?;
    Ok(())
}

pub(crate) fn put_unit(tx: &mut Tx<'_>, u: &Unit) -> Result<()> {
    tx.put(
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
    tx.put(
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
    tx.put(
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
