//! Dates and spans as people say them.
use crate::t;
use linli_core::{Lang, Millis, time};

/// Hours and minutes of the civil day.
fn hm(at: Millis) -> String {
    let (h, m, _) = time::clock_of(at);
    format!("{h}:{m:02}")
}

/// A date and time as people say it now: 今天 17:00, 昨天 8:12, 11月22日 17:00, 2025年11月22日.
pub fn when(at: Millis, now: Millis, lang: Lang) -> String {
    let (day, today) = (time::civil_day(at), time::civil_day(now));
    let (y, m, d) = time::ymd(day);
    let near = match day - today {
        0 => Some(t::TODAY),
        -1 => Some(t::YESTERDAY),
        1 => Some(t::TOMORROW),
        _ => None,
    };
    match (near, lang) {
        (Some(word), _) => format!("{} {}", word.in_(lang), hm(at)),
        (None, Lang::Zh) if y == time::ymd(today).0 => format!("{m}月{d}日 {}", hm(at)),
        (None, Lang::Zh) => format!("{y}年{m}月{d}日"),
        (None, Lang::En) if y == time::ymd(today).0 => format!("{d} {} {}", month(m), hm(at)),
        (None, Lang::En) => format!("{d} {} {y}", month(m)),
    }
}

/// A civil day (days since 1970-01-01) as short as a chart needs it: 11-22.
pub fn day(day: i32, lang: Lang) -> String {
    let (_, m, d) = time::ymd(day);
    match lang {
        Lang::Zh => format!("{m}-{d}"),
        Lang::En => format!("{d} {}", month(m)),
    }
}

/// A civil day (days since 1970-01-01) in full: 2026年11月22日, 22 Nov 2026.
pub fn date(day: i32, lang: Lang) -> String {
    let (y, m, d) = time::ymd(day);
    match lang {
        Lang::Zh => format!("{y}年{m}月{d}日"),
        Lang::En => format!("{d} {} {y}", month(m)),
    }
}

/// A civil day with its day of the week: 11月22日 周日, Sun 22 Nov.
pub fn weekday(day: i32, lang: Lang) -> String {
    const ZH: [&str; 7] = ["周四", "周五", "周六", "周日", "周一", "周二", "周三"];
    const EN: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let (_, m, d) = time::ymd(day);
    let of = |names: [&'static str; 7]| names.get(day.rem_euclid(7) as usize).copied().unwrap_or_default();
    match lang {
        Lang::Zh => format!("{m}月{d}日 {}", of(ZH)),
        Lang::En => format!("{} {d} {}", of(EN), month(m)),
    }
}

/// The exact civil time.
pub fn exact(at: Millis, lang: Lang) -> String {
    let (y, m, d) = time::ymd(time::civil_day(at));
    match lang {
        Lang::Zh => format!("{y}年{m}月{d}日 {}", hm(at)),
        Lang::En => format!("{d} {} {y}, {}", month(m), hm(at)),
    }
}

/// A span in its largest unit, rounded down as the page's clocks do: 3 天, 2 小时, 40 分钟, 不到 1 分钟.
pub fn span(ms: Millis, lang: Lang) -> String {
    let ms = ms.abs();
    let (text, n) = if ms >= time::DAY {
        (t::DAYS_N, ms / time::DAY)
    } else if ms >= time::HOUR {
        (t::HOURS_N, ms / time::HOUR)
    } else if ms >= time::MINUTE {
        (t::MINUTES_N, ms / time::MINUTE)
    } else {
        return t::MINUTE_0.in_(lang).to_owned();
    };
    text.with("n", n).in_(lang)
}

fn month(m: u32) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get((m as usize).wrapping_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_days_have_names_and_far_ones_dates() {
        let at = time::day_start(time::parse_day("2026-11-22").unwrap()) + 17 * time::HOUR;
        let say = |days: i64| when(at + days * time::DAY, at, Lang::Zh);
        assert_eq!(
            [say(0), say(-1), say(1), say(3), say(60)],
            ["今天 17:00", "昨天 17:00", "明天 17:00", "11月25日 17:00", "2027年1月21日"]
        );
        let day = time::parse_day("2026-11-22").unwrap();
        assert_eq!(
            [date(day, Lang::Zh), date(day, Lang::En), weekday(day, Lang::Zh), weekday(day + 1, Lang::En)],
            ["2026年11月22日", "22 Nov 2026", "11月22日 周日", "Mon 23 Nov"]
        );
        assert_eq!(
            [
                span(90 * time::MINUTE, Lang::En),
                span(3 * time::DAY, Lang::En),
                span(-40 * time::MINUTE, Lang::Zh),
                span(1, Lang::Zh)
            ],
            ["1 hour", "3 days", "40 分钟", "不到 1 分钟"]
        );
    }
}
