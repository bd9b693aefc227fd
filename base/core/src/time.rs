//! Time is UTC milliseconds in storage and the deployment's civil time on the page.

/// Milliseconds since 1970-01-01T00:00Z.
pub type Millis = i64;

/// One second, minute, hour and day in milliseconds.
pub const SECOND: Millis = 1_000;
/// One minute.
pub const MINUTE: Millis = 60 * SECOND;
/// One hour.
pub const HOUR: Millis = 60 * MINUTE;
/// One day of 24 hours.
pub const DAY: Millis = 24 * HOUR;

/// The civil time of the page: China Standard Time (Asia/Shanghai), UTC+8 without daylight saving since 1991-09-15,
/// so for every instant this program stores.
pub const CIVIL_OFFSET: Millis = 8 * HOUR;

/// Days since 1970-01-01 of an instant's civil date.
pub fn civil_day(at: Millis) -> i32 {
    (at + CIVIL_OFFSET).div_euclid(DAY) as i32
}

/// The instant at which a civil day begins.
pub fn day_start(day: i32) -> Millis {
    Millis::from(day) * DAY - CIVIL_OFFSET
}

/// Year, month and day of a day number (proleptic Gregorian; H. Hinnant, "chrono-compatible low-level date algorithms").
pub fn ymd(day: i32) -> (i32, u32, u32) {
    let z = i64::from(day) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let m = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    ((yoe + era * 400 + i64::from(m <= 2)) as i32, m, d)
}

/// The day number of a date; a date that does not exist is none.
pub fn day_of(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (i64::from(month) + 9) % 12;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * mp + 2) / 5 + i64::from(day) - 1;
    let n = (era * 146_097 + doe - 719_468) as i32;
    (ymd(n) == (year, month, day)).then_some(n)
}

/// Reads `YYYY-MM-DD`.
pub fn parse_day(text: &str) -> Option<i32> {
    let mut parts = text.trim().splitn(3, '-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    if !(digits(y, 4) && digits(m, 2) && digits(d, 2)) {
        return None;
    }
    day_of(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)
}

/// `YYYY-MM-DD` of a day number.
pub fn day_text(day: i32) -> String {
    let (y, m, d) = ymd(day);
    format!("{y:04}-{m:02}-{d:02}")
}

/// The civil year of an instant.
pub fn civil_year(at: Millis) -> i32 {
    ymd(civil_day(at)).0
}

/// RFC 3339 with the civil offset: `2026-03-05T14:30:00+08:00`.
pub fn rfc3339(at: Millis) -> String {
    let (hour, minute, second) = clock_of(at);
    format!("{}T{hour:02}:{minute:02}:{second:02}+08:00", day_text(civil_day(at)))
}

/// Hour, minute and second of the civil day.
pub fn clock_of(at: Millis) -> (i64, i64, i64) {
    let s = (at + CIVIL_OFFSET).rem_euclid(DAY) / SECOND;
    (s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_round() {
        for day in (-200_000..200_000).step_by(17) {
            let (y, m, d) = ymd(day);
            assert_eq!(day_of(y, m, d), Some(day));
        }
        assert_eq!(parse_day("2026-02-29"), None);
        assert_eq!(parse_day("2024-02-29").map(day_text).as_deref(), Some("2024-02-29"));
        assert_eq!(rfc3339(0), "1970-01-01T08:00:00+08:00");
    }
}
