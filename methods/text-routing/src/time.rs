//! Local times as seconds, without a time zone: messages are compared with one another, never with a clock.

const DAY: i64 = 86_400;

/// Seconds since 1970-01-01 00:00:00 of a local time: `2026-01-31`, `2026-01-31 09:30`, `2026/1/31 9:30:05`
/// or `2026-01-31T09:30:05`. Anything else, and days or hours that do not exist, is `None`.
pub fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once([' ', 'T']).unwrap_or((text.trim(), "0:0"));
    let [year, month, day] = numbers(date, ['-', '/'])?[..] else { return None };
    let (hour, minute, second) = match numbers(time, [':', ':'])?[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let exists = (1..=9999).contains(&year) && (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
    let at = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    // A day that does not exist comes back as another one.
    (exists && civil(at.div_euclid(DAY)) == (year, month, day)).then_some(at)
}

/// The inverse of [`seconds`]: `2026-01-31 09:30:05`.
pub fn stamp(at: i64) -> String {
    let (day, rest) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

fn numbers(text: &str, between: [char; 2]) -> Option<Vec<i64>> {
    let number = |part: &str| match part.len() {
        1..=4 if part.bytes().all(|b| b.is_ascii_digit()) => part.parse().ok(),
        _ => None,
    };
    text.split(between).map(number).collect()
}

/// Days since 1970-01-01 in the Gregorian calendar; years begin in March so that the leap day comes last
/// (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
        - 719_469
}

fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_calendar_comes_back() {
        for day in days(1, 1, 1)..=days(9999, 12, 31) {
            let (y, m, d) = civil(day);
            assert_eq!(days(y, m, d), day);
        }
        assert_eq!((civil(0), days(2024, 2, 29)), ((1970, 1, 1), 19_782));
    }

    #[test]
    fn times_are_read_in_the_usual_spellings_only() {
        let at = seconds("2026-01-31 09:30:05");
        assert_eq!(at.map(stamp).as_deref(), Some("2026-01-31 09:30:05"));
        assert_eq!(seconds("2026/1/31 9:30:05"), at);
        assert_eq!(seconds(" 2026-01-31T09:30:05 "), at);
        assert_eq!(seconds("2026-01-31"), at.map(|at| at - 9 * 3600 - 30 * 60 - 5));
        for bad in [
            "",
            "2026",
            "2026-02-29",
            "2026-13-01",
            "2026-01-31 24:00",
            "2026-01-31 9",
            "1.1.2026",
            "2026-01-31 09:30:05Z",
            "2026-+1-31",
            "2026-01-31 09:30:05.5",
            "99999-01-01",
            "2026-01-00",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
