//! Holidays and office hours.
use linli_core::{Millis, PersonId, Result};
use linli_db::{Json, Tx, sql};
use serde_json::Value;
use uuid::Uuid;

pub(crate) fn put_calendar(
    tx: &mut Tx<'_>,
    id: Uuid,
    year: i64,
    days: &Value,
    source: &str,
    author: Option<PersonId>,
    at: Millis,
) -> Result<()> {
    tx.put(
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
    tx.put(
        sql!("INSERT INTO hours (id, day, shifts, source, author, at) VALUES ($1, $2, $3, $4, $5, $6)"),
        &[&id, &day, &Json(shifts), &source, &author, &at],
    )?;
    Ok(())
}

pub(crate) fn hours(tx: &mut Tx<'_>) -> Result<Vec<(i64, Json<work_calendar::Shifts>, Millis)>> {
    Ok(tx.all(sql!("SELECT day, shifts, at FROM hours ORDER BY id LIMIT 2000"), &[])?)
}
