//! Which days are worked: published exceptions to the five-day week, by year of the notice.
use crate::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Why a day is worked or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Monday to Friday without an exception.
    Workday,
    /// Saturday or Sunday without an exception.
    Weekend,
    /// Published as a day off (放假).
    Holiday,
    /// A Saturday or Sunday published as worked (调休上班).
    MakeUp,
}

impl DayKind {
    /// Whether it is a working day.
    pub fn is_working(self) -> bool {
        matches!(self, DayKind::Workday | DayKind::MakeUp)
    }
}

/// One day as the calendar sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day<'a> {
    /// The date.
    pub date: Date,
    /// Why it is worked or not.
    pub kind: DayKind,
    /// The holiday the exception belongs to, as the notice names it.
    pub name: Option<&'a str>,
    /// The year whose notice is still missing, if the day is only provisionally known.
    pub awaits: Option<i32>,
}

/// The calendar of working days: a version label, its source, the years whose notice is known, and their exceptions.
///
/// Outside the exceptions Monday to Friday are worked. A year without a notice is *provisional*: weekends only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    version: String,
    source: String,
    published: BTreeSet<i32>,
    exceptions: BTreeMap<Date, (bool, String)>,
}

/// A line of a calendar file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
pub struct CsvError {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong, naming the field.
    pub cause: String,
}

/// From this day of December on, the *next* year's notice decides too (observed: 29 December is the earliest, in the
/// notices for 2008 and 2019).
const NEW_YEAR_FROM: (u32, u32) = (12, 25);

impl Calendar {
    /// A calendar of bare weeks, every year provisional.
    pub fn weeks(version: &str) -> Calendar {
        Calendar {
            version: version.into(),
            source: String::new(),
            published: BTreeSet::new(),
            exceptions: BTreeMap::new(),
        }
    }

    /// Reads a calendar file: a line `date,name,is_off,notice`, then one line per exception, `notice` being the year whose
    /// notice the row comes from (its year, or the next for the last days of December). Lines beginning with `#` are
    /// remarks; `# version: …` and `# source: …` are kept.
    ///
    /// # Errors
    /// The first line with a missing field, an impossible or repeated date, or a notice of another year.
    pub fn from_csv(text: &str) -> Result<Calendar, CsvError> {
        let mut calendar = Calendar::weeks("");
        let mut header = false;
        for (index, row) in text.lines().enumerate() {
            let fail = |cause: String| Err(CsvError { line: index + 1, cause });
            let row = row.trim().trim_start_matches('\u{feff}');
            if let Some(remark) = row.strip_prefix('#') {
                match remark.trim().split_once(':') {
                    Some(("version", v)) => calendar.version = v.trim().into(),
                    Some(("source", v)) => calendar.source = v.trim().into(),
                    _ => {}
                }
                continue;
            }
            if row.is_empty() {
                continue;
            }
            if !header {
                if row != "date,name,is_off,notice" {
                    return fail("expected the columns date,name,is_off,notice".into());
                }
                header = true;
                continue;
            }
            let fields: Vec<&str> = row.split(',').map(str::trim).collect();
            let [date, name, is_off, notice] = fields[..] else {
                return fail(format!("{} fields instead of 4", fields.len()));
            };
            let Some(day) = Date::parse(date) else { return fail(format!("date: no such day {date:?}")) };
            let off = match is_off {
                "true" => true,
                "false" => false,
                _ => return fail(format!("is_off: {is_off:?} is neither true nor false")),
            };
            let (year, month, of_month) = day.ymd();
            let next = (month, of_month) >= NEW_YEAR_FROM;
            let Some(notice) = notice.parse::<i32>().ok().filter(|n| *n == year || next && *n == year + 1) else {
                return fail(format!("notice: {notice:?} is not the year of {date}"));
            };
            if calendar.exceptions.insert(day, (off, name.to_owned())).is_some() {
                return fail(format!("date: {date} stands twice"));
            }
            calendar.published.insert(notice);
        }
        if header { Ok(calendar) } else { Err(CsvError { line: 1, cause: "no column line".into() }) }
    }

    /// The same calendar with one local exception, such as a day a city closes for a typhoon. It does not make its year
    /// published.
    pub fn with_day(mut self, date: Date, is_off: bool, name: &str) -> Calendar {
        self.exceptions.insert(date, (is_off, name.to_owned()));
        self
    }

    /// The version label (`# version:` of the file).
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the days come from (`# source:` of the file).
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The years whose notice is known, ascending.
    pub fn published(&self) -> impl Iterator<Item = i32> + '_ {
        self.published.iter().copied()
    }

    /// The year whose notice is still missing for this date, if any. The last days of December wait for two notices.
    pub fn awaits(&self, date: Date) -> Option<i32> {
        let (year, month, day) = date.ymd();
        if !self.published.contains(&year) {
            return Some(year);
        }
        ((month, day) >= NEW_YEAR_FROM && !self.published.contains(&(year + 1))).then_some(year + 1)
    }

    /// The first year between two dates (inclusive, in either order) whose notice is missing.
    pub fn awaits_between(&self, a: Date, b: Date) -> Option<i32> {
        let (from, to) = (a.min(b), a.max(b));
        (from.year()..=to.year()).find(|y| !self.published.contains(y)).or_else(|| self.awaits(to))
    }

    /// The kind of a day.
    pub fn kind(&self, date: Date) -> DayKind {
        let weekend = date.weekday() >= 5;
        match self.exceptions.get(&date) {
            Some((true, _)) => DayKind::Holiday,
            Some((false, _)) if weekend => DayKind::MakeUp,
            None if weekend => DayKind::Weekend,
            _ => DayKind::Workday,
        }
    }

    /// Whether the day is a working day (工作日).
    pub fn is_working_day(&self, date: Date) -> bool {
        self.kind(date).is_working()
    }

    /// Everything known of a day.
    pub fn day(&self, date: Date) -> Day<'_> {
        let name = self.exceptions.get(&date).map(|(_, name)| name.as_str());
        Day { date, kind: self.kind(date), name, awaits: self.awaits(date) }
    }

    /// The days from one date to another, both included.
    pub fn days(&self, from: Date, to: Date) -> impl Iterator<Item = Day<'_>> {
        (from.days()..=to.days()).map(|d| self.day(Date::from_days(d)))
    }

    /// The days with an exception, ascending.
    pub(crate) fn exception_span(&self) -> Option<(Date, Date)> {
        Some((*self.exceptions.first_key_value()?.0, *self.exceptions.last_key_value()?.0))
    }
}
