//! The working calendar: published holidays and office hours as versioned data.
//!
//! Each publication makes a version with a label of its own. Clocks name the version they count by, so every version that
//! ever held stays known, and nothing counted under an old one changes.
use crate::{CALENDAR, root_seat, rules::Check, store, t};
use linli_core::{Cx, Error, Millis, Result, time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;
use work_calendar::{Calendar, Calendars, CsvError, Date, Pattern, Shifts, WorkTime, Zone};

/// One exception to the five-day week, as a notice prints it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CalendarDay {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// The holiday it belongs to.
    pub name: String,
    /// `true`: a day off; `false`: a weekend day that is worked.
    pub off: bool,
}

/// The working time in force and every earlier version.
#[derive(Debug)]
pub struct Work {
    /// The label of the version in force.
    pub label: String,
    /// Every version by label.
    pub calendars: Calendars,
    /// The days of the version in force.
    pub calendar: Arc<Calendar>,
}

/// The zone of all civil times.
const ZONE: Zone = Zone { offset_minutes: (time::CIVIL_OFFSET / time::MINUTE) as i16 };

/// 0001-01-01: the default hours hold from the first day on.
const DAY_ONE: i64 = -719_162;

/// The hours until a district publishes its own: eight a day from Monday to Friday (国务院关于职工工作时间的规定, State Council
/// Order 174 of 1995, art. 3 and 7, sets the eight hours and the weekend of state organs, not their beginning).
fn default_hours() -> Shifts {
    let hours: Pattern = "09:00-12:00,13:00-18:00".parse().unwrap_or_else(|_| Pattern::all_day());
    Shifts::working_days(hours)
}

/// The working time in force, with every earlier version.
pub fn work(cx: &mut Cx<'_, '_>) -> Result<Arc<Work>> {
    cx.cached("registry.calendar", |cx| {
        let (notices, hours) = (store::calendars(cx.tx)?, store::hours(cx.tx)?);
        let bad = |e: &dyn std::fmt::Display| Error::internal(format!("calendar: {e}"));
        let mut instants: BTreeSet<Millis> = notices.iter().map(|n| n.3).chain(hours.iter().map(|h| h.2)).collect();
        // Before the first publication weeks are bare; clocks may have begun then.
        instants.insert(0);
        let (mut calendars, mut newest) = (Calendars::new(), None);
        for at in instants {
            let label = format!("v{at}");
            let days = notices.iter().filter(|n| n.3 <= at).map(|n| (n.0, n.1.0.as_slice(), n.2.as_str()));
            let calendar = compile(&label, days).map_err(|e| bad(&e))?;
            let mut seasons = BTreeMap::from([(DAY_ONE, default_hours())]);
            seasons.extend(hours.iter().filter(|h| h.2 <= at).map(|h| (h.0, h.1.0.clone())));
            let seasons = seasons.into_iter().map(|(day, shifts)| (Date::from_days(day as i32), shifts)).collect();
            let times = WorkTime::with_seasons(&label, calendar.clone(), ZONE, seasons).map_err(|e| bad(&e))?;
            calendars.insert(times);
            newest = Some((label, calendar));
        }
        let (label, calendar) = newest.ok_or_else(|| bad(&"no version"))?;
        Ok(Work { label, calendars, calendar: Arc::new(calendar) })
    })
}

/// The days of the calendar in force.
pub fn calendar(cx: &mut Cx<'_, '_>) -> Result<Arc<Calendar>> {
    Ok(work(cx)?.calendar.clone())
}

/// Makes a calendar of notices in the order of their publication: the last one of a year holds.
fn compile<'a>(
    label: &str,
    notices: impl Iterator<Item = (i64, &'a [CalendarDay], &'a str)>,
) -> std::result::Result<Calendar, CsvError> {
    let years: BTreeMap<i64, (&[CalendarDay], &str)> =
        notices.map(|(year, days, source)| (year, (days, source))).collect();
    let Some((_, source)) = years.values().next_back() else { return Ok(Calendar::weeks(label)) };
    let mut text = format!("# version: {label}\n# source: {source}\ndate,name,is_off,notice\n");
    let mut days = BTreeMap::new();
    for (year, (of_year, _)) in &years {
        // The last days of December can stand in two notices; the later year's decides.
        days.extend(of_year.iter().map(|d| (d.date.as_str(), (d, year))));
    }
    for (d, year) in days.values() {
        text += &format!("{},{},{},{year}\n", d.date, d.name, d.off);
    }
    Calendar::from_csv(&text)
}

/// Publishes the exceptions of one year's notice (State Council), in place of an earlier publication of that year.
pub fn publish_calendar(cx: &mut Cx<'_, '_>, year: i32, days: &[CalendarDay], source: &str) -> Result<()> {
    root_seat(cx, CALENDAR)?;
    put_year(cx, i64::from(year), days, source)?;
    cx.changed("registry.calendar")
}

fn put_year(cx: &mut Cx<'_, '_>, year: i64, days: &[CalendarDay], source: &str) -> Result<()> {
    let dates: BTreeSet<&str> = days.iter().map(|d| d.date.as_str()).collect();
    let plain = |d: &CalendarDay| !d.name.contains([',', '\n', '\r']) && !d.name.is_empty();
    let known = |what: &str| !what.contains(['\n', '\r']);
    let read = compile("", [(year, days, source)].into_iter()).is_ok();
    Check::default()
        .that(
            !days.is_empty() && dates.len() == days.len() && days.iter().all(plain) && known(source) && read,
            "days",
            t::BAD_DAYS,
        )
        .done()?;
    let id: Uuid = cx.id();
    let (author, at) = (cx.actor.person, cx.now);
    store::put_calendar(cx.tx, id, year, &json!(days), source, author, at)?;
    cx.emit("registry.calendar", id, json!({ "year": year }))
}

/// Publishes every year of a calendar file (`date,name,is_off,notice`) that differs from what is in force; gives the years.
pub fn publish_calendar_file(cx: &mut Cx<'_, '_>, csv: &str) -> Result<Vec<i32>> {
    root_seat(cx, CALENDAR)?;
    let unreadable = |e: CsvError| Error::field("file", t::NOT_A_TABLE.with("cause", e));
    let file = Calendar::from_csv(csv).map_err(unreadable)?;
    let mut years: BTreeMap<i32, Vec<CalendarDay>> = BTreeMap::new();
    // The file has been read above: what is no day here is a remark or the column line.
    for line in csv.lines() {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if let [date, name, off, notice] = fields[..]
            && let Ok(year) = notice.parse()
            && !line.starts_with('#')
        {
            years.entry(year).or_default().push(CalendarDay {
                date: date.into(),
                name: name.into(),
                off: off == "true",
            });
        }
    }
    let held: BTreeMap<i64, Vec<CalendarDay>> =
        store::calendars(cx.tx)?.into_iter().map(|(year, days, ..)| (year, days.0)).collect();
    let mut changed = Vec::new();
    for (year, days) in years {
        if held.get(&i64::from(year)) != Some(&days) {
            put_year(cx, i64::from(year), &days, file.source())?;
            changed.push(year);
        }
    }
    if !changed.is_empty() {
        cx.changed("registry.calendar")?;
    }
    Ok(changed)
}

/// Publishes the office hours that hold from a civil day on (`YYYY-MM-DD`), in place of earlier ones from that day.
pub fn publish_hours(cx: &mut Cx<'_, '_>, from: &str, shifts: &Shifts, source: &str) -> Result<()> {
    root_seat(cx, CALENDAR)?;
    let day = time::parse_day(from).ok_or_else(|| Error::field("from", linli_core::t::NOT_A_DATE))?;
    WorkTime::new("", Calendar::weeks(""), ZONE, shifts.clone()).map_err(|_| Error::field("hours", t::BAD_HOURS))?;
    let shifts: Value = serde_json::to_value(shifts).map_err(Error::internal)?;
    let id: Uuid = cx.id();
    let (author, at) = (cx.actor.person, cx.now);
    store::put_hours(cx.tx, id, i64::from(day), &shifts, source, author, at)?;
    cx.changed("registry.calendar")?;
    cx.emit("registry.calendar", id, json!({ "hours": from }))
}
