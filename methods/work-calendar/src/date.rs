//! Days and fixed-offset zones: the little civil arithmetic the calendar needs.
use std::fmt;

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;

/// A civil date (proleptic Gregorian), held as days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// The first and last day the crate counts: 0001-01-01 and 9999-12-31.
pub(crate) const FIRST: Date = Date(-719_162);
pub(crate) const LAST: Date = Date(2_932_896);

impl Date {
    /// The date of a year (1 to 9999), month and day; `None` if there is no such day.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Date> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(leap),
            _ => return None,
        };
        if !(1..=9999).contains(&year) || !(1..=length).contains(&day) {
            return None;
        }
        // Years counted from March, so that the leap day comes last (Hinnant, "chrono-compatible low-level date algorithms").
        let (m, d) = (month as i32, day as i32);
        let y = if m <= 2 { year - 1 } else { year };
        let (era, of_era) = (y.div_euclid(400), y.rem_euclid(400));
        let of_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
        Some(Date(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468))
    }

    /// Year, month and day.
    pub fn ymd(self) -> (i32, u32, u32) {
        let z = i64::from(self.0) + 719_468;
        let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let y = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * y + y / 4 - y / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        ((y + era * 400 + i64::from(month <= 2)) as i32, month as u32, day as u32)
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.ymd().0
    }

    /// 0 = Monday … 6 = Sunday.
    pub fn weekday(self) -> usize {
        (i64::from(self.0) + 3).rem_euclid(7) as usize
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.0
    }

    /// The date so many days after 1970-01-01, kept within the years 0 to 10000.
    pub fn from_days(days: i32) -> Date {
        Date(days.clamp(FIRST.0 - 366, LAST.0 + 366))
    }

    /// Reads `2026-10-01`.
    pub fn parse(text: &str) -> Option<Date> {
        let mut parts = text.split('-');
        let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
        if parts.next().is_some() || !digits(y, 4) || !digits(m, 2) || !digits(d, 2) {
            return None;
        }
        Date::from_ymd(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.ymd();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}

/// A zone with a fixed distance from UTC. (China has had UTC+8 without summer time since 1992.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Zone {
    /// Minutes east of UTC; 480 for China.
    pub offset_minutes: i16,
}

impl Zone {
    fn offset(self) -> i64 {
        i64::from(self.offset_minutes) * 60_000
    }

    /// The local date and the milliseconds since local midnight of an instant (UTC milliseconds since 1970).
    pub fn local(self, instant: i64) -> (Date, i64) {
        let local = instant.saturating_add(self.offset());
        let day = local.div_euclid(DAY).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
        (Date::from_days(day as i32), local.rem_euclid(DAY))
    }

    /// The instant so many milliseconds after local midnight of a date.
    pub fn instant(self, date: Date, ms: i64) -> i64 {
        i64::from(date.0) * DAY + ms - self.offset()
    }

    /// Reads a local time, `2026-09-30T16:00` or `2026-09-30 16:00` (seconds may follow; a date alone is its midnight).
    pub fn parse(self, text: &str) -> Option<i64> {
        let (date, time) = text.trim().split_once(['T', ' ']).unwrap_or((text.trim(), "00:00"));
        let mut parts = time.split(':').map(|p| if p.len() == 2 { p.parse::<u8>().ok() } else { None });
        let (h, m, s) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
        if parts.next().is_some() || h > 23 || m > 59 || s > 59 {
            return None;
        }
        Some(self.instant(Date::parse(date)?, (i64::from(h) * 3600 + i64::from(m) * 60 + i64::from(s)) * 1000))
    }

    /// Writes an instant as local time, `2026-09-30T16:00`; seconds and milliseconds only if there are any.
    pub fn show(self, instant: i64) -> String {
        let (date, ms) = self.local(instant);
        let (minutes, rest) = (ms / 60_000, ms % 60_000);
        let mut text = format!("{date}T{:02}:{:02}", minutes / 60, minutes % 60);
        if rest != 0 {
            text += &format!(":{:02}", rest / 1000);
        }
        if rest % 1000 != 0 {
            text += &format!(".{:03}", rest % 1000);
        }
        text
    }
}
