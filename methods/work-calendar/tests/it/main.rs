//! Behaviour on the published calendar, and properties against a minute-by-minute reading of the same rules.
#![allow(clippy::unwrap_used)] // helpers of the tests too may fail loudly
use proptest::prelude::*;
use work_calendar::*;

mod clocks;
mod rules;

const ZONE: Zone = Zone { offset_minutes: 480 };
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn published() -> Calendar {
    Calendar::from_csv(include_str!("../../../../data/calendar/cn.csv")).expect("the shipped calendar reads")
}

fn hours(text: &str) -> Pattern {
    text.parse().expect("hours")
}

fn office(label: &str) -> WorkTime {
    WorkTime::new(label, published(), ZONE, Shifts::working_days(hours("09:00-11:30,13:30-17:30"))).expect("office")
}

/// Open on Saturday mornings and, shorter, on holidays; shorter in summer; nights from Monday to Tuesday.
fn hall(label: &str) -> WorkTime {
    let mut winter = Shifts::working_days(hours("08:30-12:00,13:00-16:30"));
    winter.week[5] = hours("09:00-12:00");
    winter.holiday = hours("10:00-11:00");
    winter.week[0] = hours("08:30-12:00,22:00-30:00");
    let mut summer = winter.clone();
    summer.week[2] = hours("14:00-18:15");
    summer.week[4] = Pattern::default();
    let seasons =
        vec![(date("2020-01-01"), winter.clone()), (date("2025-06-01"), summer), (date("2025-10-01"), winter)];
    WorkTime::with_seasons(label, published(), ZONE, seasons).expect("hall")
}

fn round_the_clock(label: &str) -> WorkTime {
    WorkTime::new(label, published(), ZONE, Shifts::round_the_clock()).expect("post")
}

fn date(text: &str) -> Date {
    Date::parse(text).expect("date")
}

fn at(text: &str) -> i64 {
    ZONE.parse(text).expect("time")
}

fn shown(due: Result<Counted<i64>, Error>) -> (String, Option<i32>) {
    let due = due.expect("an answer");
    (ZONE.show(due.value), due.awaits)
}

/// Any minute of 2024 to 2028, so that published and provisional years and the table's end are all met.
fn minute() -> impl Strategy<Value = i64> {
    let (from, to) = (at("2024-01-01") / MINUTE, at("2028-12-31") / MINUTE);
    (from..to).prop_map(|m| m * MINUTE)
}
