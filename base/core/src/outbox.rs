//! The rows behind events, jobs, commands, settings and caches: every statement of the core.
use crate::{Event, Job, Millis, Result};
use linli_db::{Json, Tx, sql};
use serde_json::Value;
use uuid::Uuid;

pub(crate) fn put_event(tx: &mut Tx<'_>, e: &Event) -> Result<()> {
    tx.put(
        sql!("INSERT INTO events (id, kind, subject, at, data) VALUES ($1, $2, $3, $4, $5)"),
        &[&e.id, &e.kind, &e.subject, &e.at, &Json(&e.data)],
    )?;
    Ok(())
}

pub(crate) fn put_delivery(tx: &mut Tx<'_>, id: Uuid, event: Uuid, listener: &str, due: Millis) -> Result<()> {
    tx.put(
        sql!("INSERT INTO deliveries (id, event, listener, due, tries, dead) VALUES ($1, $2, $3, $4, 0, FALSE)"),
        &[&id, &event, &listener, &due],
    )?;
    Ok(())
}

pub(crate) fn put_job(tx: &mut Tx<'_>, id: Uuid, kind: &str, data: &Value, due: Millis) -> Result<()> {
    tx.put(
        sql!("INSERT INTO jobs (id, kind, data, due, tries, dead) VALUES ($1, $2, $3, $4, 0, FALSE)"),
        &[&id, &kind, &Json(data), &due],
    )?;
    Ok(())
}

linli_db::row! {
    pub(crate) struct Delivery { pub(crate) id: Uuid, pub(crate) listener: String, pub(crate) tries: i64, pub(crate) event: Uuid, pub(crate) kind: String, pub(crate) subject: Uuid, pub(crate) at: Millis, pub(crate) data: Json<Value> }
}
linli_db::row! {
    pub(crate) struct JobRow { pub(crate) id: Uuid, pub(crate) kind: String, pub(crate) data: Json<Value>, pub(crate) tries: i64 }
}
impl From<JobRow> for Job {
    fn from(r: JobRow) -> Job {
        Job { id: r.id, kind: r.kind, data: r.data.0, tries: r.tries }
    }
}

pub(crate) fn due_deliveries(tx: &mut Tx<'_>, now: Millis, limit: i64) -> Result<Vec<Delivery>> {
    Ok(tx.all(
        sql!(
            "SELECT d.id, d.listener, d.tries, e.id, e.kind, e.subject, e.at, e.data FROM deliveries d JOIN events e ON e.id = d.event
             WHERE NOT d.dead AND d.due <= $1 ORDER BY d.due, d.id LIMIT $2"
        ),
        &[&now, &limit],
    )?)
}

pub(crate) fn due_jobs(tx: &mut Tx<'_>, now: Millis, limit: i64) -> Result<Vec<JobRow>> {
    Ok(tx.all(
        sql!("SELECT id, kind, data, tries FROM jobs WHERE NOT dead AND due <= $1 ORDER BY due, id LIMIT $2"),
        &[&now, &limit],
    )?)
}

pub(crate) fn delivery_done(tx: &mut Tx<'_>, id: Uuid) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM deliveries WHERE id = $1"), &[&id])?)
}

pub(crate) fn job_done(tx: &mut Tx<'_>, id: Uuid) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM jobs WHERE id = $1"), &[&id])?)
}

pub(crate) fn delivery_failed(tx: &mut Tx<'_>, id: Uuid, due: Millis, dead: bool, error: &str) -> Result<()> {
    tx.put(
        sql!("UPDATE deliveries SET tries = tries + 1, due = $2, dead = $3, error = $4 WHERE id = $1"),
        &[&id, &due, &dead, &error],
    )?;
    Ok(())
}

pub(crate) fn job_failed(tx: &mut Tx<'_>, id: Uuid, due: Millis, dead: bool, error: &str) -> Result<()> {
    tx.put(
        sql!("UPDATE jobs SET tries = tries + 1, due = $2, dead = $3, error = $4 WHERE id = $1"),
        &[&id, &due, &dead, &error],
    )?;
    Ok(())
}

/// A delivery or job that has given up: its id, listener or kind, tries and last error.
pub type DeadLetter = (Uuid, String, i64, Option<String>);

/// Dead letters of both kinds, newest first: what the operator's page shows.
pub(crate) fn dead(tx: &mut Tx<'_>) -> Result<Vec<DeadLetter>> {
    let mut all =
        tx.all(sql!("SELECT id, listener, tries, error FROM deliveries WHERE dead ORDER BY id DESC LIMIT 50"), &[])?;
    all.extend(tx.all::<DeadLetter>(
        sql!("SELECT id, kind, tries, error FROM jobs WHERE dead ORDER BY id DESC LIMIT 50"),
        &[],
    )?);
    Ok(all)
}

pub(crate) fn tick_at(tx: &mut Tx<'_>) -> Result<Vec<(String, Millis)>> {
    Ok(tx.all(sql!("SELECT name, at FROM ticks LIMIT 1000"), &[])?)
}

pub(crate) fn tick_done(tx: &mut Tx<'_>, name: &str, at: Millis) -> Result<()> {
    tx.put(
        sql!("INSERT INTO ticks (name, at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET at = excluded.at"),
        &[&name, &at],
    )?;
    Ok(())
}

/// Notes a command that has been done, with its answer; a constraint refuses a key that was used meanwhile.
pub(crate) fn put_command(
    tx: &mut Tx<'_>,
    sender: Uuid,
    key: &str,
    fingerprint: &[u8],
    at: Millis,
    answer: &Value,
) -> Result<()> {
    tx.put(
        sql!("INSERT INTO commands (sender, key, fingerprint, at, answer) VALUES ($1, $2, $3, $4, $5)"),
        &[&sender, &key, &fingerprint, &at, &Json(answer)],
    )?;
    Ok(())
}

/// What was sent under a key, as a digest, and the answer.
pub(crate) fn command(tx: &mut Tx<'_>, sender: Uuid, key: &str) -> Result<Option<(Vec<u8>, Json<Value>)>> {
    Ok(tx.opt(
        sql!("SELECT fingerprint, answer FROM commands WHERE sender = $1 AND key = $2 LIMIT 1"),
        &[&sender, &key],
    )?)
}

pub(crate) fn forget_commands(tx: &mut Tx<'_>, before: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM commands WHERE at < $1"), &[&before])?)
}

pub(crate) fn setting(tx: &mut Tx<'_>, name: &str, at: Millis) -> Result<Option<Value>> {
    Ok(tx
        .opt::<(Json<Value>,)>(
            sql!("SELECT value FROM settings WHERE name = $1 AND valid_from <= $2 ORDER BY valid_from DESC, at DESC LIMIT 1"),
            &[&name, &at],
        )?
        .map(|(v,)| v.0))
}

pub(crate) fn put_setting(
    tx: &mut Tx<'_>,
    id: Uuid,
    name: &str,
    valid_from: Millis,
    value: &Value,
    author: Option<Uuid>,
    at: Millis,
) -> Result<()> {
    tx.put(
        sql!("INSERT INTO settings (id, name, valid_from, value, author, at) VALUES ($1, $2, $3, $4, $5, $6)"),
        &[&id, &name, &valid_from, &Json(value), &author, &at],
    )?;
    Ok(())
}

pub(crate) fn versions(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>> {
    Ok(tx.all(sql!("SELECT name, n FROM versions LIMIT 100"), &[])?)
}

pub(crate) fn bump(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    tx.put(
        sql!("INSERT INTO versions (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = versions.n + 1"),
        &[&name],
    )?;
    Ok(())
}
