//! When a working day is worked: patterns of hours, and which pattern holds on which day.
use crate::DayKind;
use std::fmt;
use std::str::FromStr;

/// The hours of one day, such as `09:00-11:30,13:30-17:30`: spans in ascending order that do not touch or overlap.
/// A span may run past midnight (`22:00-30:00` ends at six the next morning) and belongs to the day it begins on.
/// Written as text in JSON too; empty text means closed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Vec<(u16, u16)>);

/// A pattern of hours that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hours {0:?}: expected spans such as 09:00-11:30,13:30-17:30, ascending, apart, and ending by 48:00")]
pub struct BadPattern(pub String);

impl Pattern {
    /// The spans in minutes after midnight.
    pub fn spans(&self) -> &[(u16, u16)] {
        &self.0
    }

    /// All day.
    pub fn all_day() -> Pattern {
        Pattern(vec![(0, 1440)])
    }
}

impl FromStr for Pattern {
    type Err = BadPattern;
    fn from_str(text: &str) -> Result<Pattern, BadPattern> {
        let bad = || BadPattern(text.to_owned());
        let minute = |t: &str| {
            let (h, m) = t.trim().split_once(':')?;
            let number =
                |s: &str| if s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit()) { s.parse().ok() } else { None };
            let (h, m): (u16, u16) = (number(h)?, number(m)?);
            (m < 60 && h * 60 + m <= 2880).then_some(h * 60 + m)
        };
        let mut spans: Vec<(u16, u16)> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (from, to) = part.split_once('-').ok_or_else(bad)?;
            let (from, to) = (minute(from).ok_or_else(bad)?, minute(to).ok_or_else(bad)?);
            if from >= to || spans.last().is_some_and(|last| last.1 >= from) {
                return Err(bad());
            }
            spans.push((from, to));
        }
        Ok(Pattern(spans))
    }
}

impl TryFrom<String> for Pattern {
    type Error = BadPattern;
    fn try_from(text: String) -> Result<Pattern, BadPattern> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(p: Pattern) -> String {
        p.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (a, b)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{:02}:{:02}-{:02}:{:02}", a / 60, a % 60, b / 60, b % 60)?;
        }
        Ok(())
    }
}

/// The hours an office keeps: one pattern for each day of the week (Monday first), one for working days swapped in at a
/// weekend (调休上班), one for published holidays.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Shifts {
    /// Ordinary days, Monday first; a service hall open on Saturdays has hours there.
    pub week: [Pattern; 7],
    /// Saturdays and Sundays that are working days.
    #[serde(default)]
    pub makeup: Pattern,
    /// Published days off; a duty post has hours there.
    #[serde(default)]
    pub holiday: Pattern,
}

impl Shifts {
    /// The same hours on every working day, closed otherwise.
    pub fn working_days(hours: Pattern) -> Shifts {
        let none = Pattern::default;
        let week = [hours.clone(), hours.clone(), hours.clone(), hours.clone(), hours.clone(), none(), none()];
        Shifts { week, makeup: hours, holiday: none() }
    }

    /// Day and night, every day.
    pub fn round_the_clock() -> Shifts {
        let all = Pattern::all_day;
        Shifts { week: std::array::from_fn(|_| all()), makeup: all(), holiday: all() }
    }

    /// The hours of a day of this weekday (0 = Monday) and kind.
    pub fn on(&self, weekday: usize, kind: DayKind) -> &Pattern {
        match kind {
            DayKind::Holiday => &self.holiday,
            DayKind::MakeUp => &self.makeup,
            DayKind::Workday | DayKind::Weekend => &self.week[weekday % 7],
        }
    }
}
