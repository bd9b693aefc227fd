//! Every statement of the registry, by subject.
mod calendars;
mod people;
mod places;
mod posts;
mod search;
mod units;

pub(crate) use calendars::*;
pub(crate) use people::*;
pub(crate) use places::*;
pub(crate) use posts::*;
pub(crate) use search::*;
pub(crate) use units::*;

use linli_core::Result;
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
