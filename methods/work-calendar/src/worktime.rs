//! Working time: a calendar, a zone and the hours of an office, compiled into sums so that every question is a look-up.
//!
//! Each way of counting is a function `count(t)` that never falls. The time between two instants is a difference of two
//! counts, so differences add up exactly, and a due time is the first instant at which the count reaches a value.
use crate::date::{DAY, FIRST, LAST};
use crate::{Calendar, Date, Error, Shifts, Zone};

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Milliseconds on the wall clock, day and night: urgent matters.
    WallClock(i64),
    /// Milliseconds of the office's hours, counted from the starting instant (Civil Code art. 201 para. 2: a term in hours
    /// runs from its starting time).
    WorkingHours(i64),
    /// Working days. The day of the start is not counted (art. 201 para. 1); the term ends when business closes on the last
    /// day, or at midnight if that day has no hours (art. 203 para. 2). A working day counts if the clock runs at its close.
    WorkingDays(i64),
}

impl Term {
    /// The amount: milliseconds, or days for [`Term::WorkingDays`].
    pub fn amount(self) -> i64 {
        match self {
            Term::WallClock(n) | Term::WorkingHours(n) | Term::WorkingDays(n) => n,
        }
    }

    /// The unit of the amount.
    pub fn unit(self) -> Unit {
        match self {
            Term::WallClock(_) => Unit::WallMs,
            Term::WorkingHours(_) => Unit::WorkingMs,
            Term::WorkingDays(_) => Unit::WorkingDays,
        }
    }

    pub(crate) fn with_amount(self, n: i64) -> Term {
        match self {
            Term::WallClock(_) => Term::WallClock(n),
            Term::WorkingHours(_) => Term::WorkingHours(n),
            Term::WorkingDays(_) => Term::WorkingDays(n),
        }
    }
}

/// What a term is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Milliseconds on the wall clock.
    WallMs,
    /// Milliseconds of working time.
    WorkingMs,
    /// Working days, each counted at its close.
    WorkingDays,
}

/// A result, and whether it rests on a year whose notice has not been published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counted<T> {
    /// The result.
    pub value: T,
    /// The first year whose notice is missing: the result is provisional, and will move when the notice comes.
    pub awaits: Option<i32>,
}

impl<T> Counted<T> {
    /// Whether the result is provisional.
    pub fn is_provisional(&self) -> bool {
        self.awaits.is_some()
    }
}

/// The hours of one kind of day, in milliseconds after its midnight.
#[derive(Debug, Clone)]
struct Hours {
    spans: Vec<(i64, i64)>,
    total: i64,
    /// When a working day of this kind closes; `None` if it is no working day.
    close: Option<i64>,
}

/// Sums over days: `sums[i]` is the total of the days from the table's first to before its `i`-th, and the week that repeats
/// before and after the table.
#[derive(Debug, Clone)]
struct Sums {
    sums: Vec<i64>,
    before: [i64; 7],
    after: [i64; 7],
}

/// Working time of one office: its calendar, zone and hours. Immutable; a change makes a new one under a new label.
#[derive(Debug, Clone)]
pub struct WorkTime {
    label: String,
    calendar: Calendar,
    zone: Zone,
    /// First day of the table.
    lo: i32,
    /// For each day of the table, its entry in `hours`.
    kinds: Vec<u16>,
    hours: Vec<Hours>,
    /// Longest stretch past midnight, in milliseconds.
    overhang: i64,
    time: Sums,
    days: Sums,
}

/// Entries per season in `WorkTime::hours`: seven weekdays, make-up days, holidays.
const SLOTS: usize = 9;

fn slot(weekday: usize, kind: crate::DayKind) -> usize {
    match kind {
        crate::DayKind::MakeUp => 7,
        crate::DayKind::Holiday => 8,
        _ => weekday,
    }
}

impl WorkTime {
    /// Compiles the working time of an office that keeps the same hours all year.
    ///
    /// # Errors
    /// As [`WorkTime::with_seasons`].
    pub fn new(label: &str, calendar: Calendar, zone: Zone, shifts: Shifts) -> Result<WorkTime, Error> {
        WorkTime::with_seasons(label, calendar, zone, vec![(FIRST, shifts)])
    }

    /// Compiles the working time of an office whose hours change on given dates (summer and winter hours). Before the first
    /// date the first hours hold.
    ///
    /// # Errors
    /// [`Error::BadShifts`] if there are no hours at all, the dates do not ascend, or a night shift runs into the next
    /// day's first shift.
    pub fn with_seasons(
        label: &str,
        calendar: Calendar,
        zone: Zone,
        seasons: Vec<(Date, Shifts)>,
    ) -> Result<WorkTime, Error> {
        use crate::DayKind::*;
        let (Some(first), Some(last)) = (seasons.first(), seasons.last()) else { return Err(Error::BadShifts) };
        if seasons.windows(2).any(|w| w[0].0 >= w[1].0) || seasons.len() * SLOTS > usize::from(u16::MAX) {
            return Err(Error::BadShifts);
        }
        let minute = 60_000;
        let mut hours = Vec::new();
        for (_, shifts) in &seasons {
            let kinds = (0..7).map(|w| (w, if w < 5 { Workday } else { Weekend })).chain([(5, MakeUp), (0, Holiday)]);
            for (weekday, kind) in kinds {
                let spans: Vec<(i64, i64)> = shifts
                    .on(weekday, kind)
                    .spans()
                    .iter()
                    .map(|(a, b)| (i64::from(*a) * minute, i64::from(*b) * minute))
                    .collect();
                let total = spans.iter().map(|(a, b)| b - a).sum();
                let close = kind.is_working().then(|| spans.last().map_or(DAY, |s| s.1));
                hours.push(Hours { spans, total, close });
            }
        }
        let overhang = hours.iter().filter_map(|h| h.spans.last()).map(|s| s.1 - DAY).max().unwrap_or(0).max(0);
        if hours.iter().filter_map(|h| h.spans.first()).any(|s| s.0 < overhang) {
            return Err(Error::BadShifts);
        }
        // The table spans all exceptions and every change of hours; outside it one week repeats.
        let mut ends: Vec<i32> = seasons.iter().skip(1).map(|(d, _)| d.days()).collect();
        if let Some((a, b)) = calendar.exception_span() {
            ends.extend([a.days(), b.days() + 1]);
        }
        let lo = ends.iter().copied().min().unwrap_or(0);
        let hi = ends.iter().copied().max().unwrap_or(0);
        let last_season = seasons.len() - 1;
        debug_assert!(first.0 <= last.0);
        let mut kinds = Vec::new();
        for day in lo..hi {
            let date = Date::from_days(day);
            let season = seasons.partition_point(|(from, _)| *from <= date).saturating_sub(1);
            kinds.push((season * SLOTS + slot(date.weekday(), calendar.kind(date))) as u16);
        }
        let sums = |of: fn(&Hours) -> i64| {
            let mut sums = vec![0];
            let mut sum = 0;
            for kind in &kinds {
                sum += of(&hours[usize::from(*kind)]);
                sums.push(sum);
            }
            let week = |season: usize| std::array::from_fn(|w| of(&hours[season * SLOTS + w]));
            Sums { sums, before: week(0), after: week(last_season) }
        };
        let (time, days) = (sums(|h| h.total), sums(|h| i64::from(h.close.is_some())));
        Ok(WorkTime { label: label.into(), calendar, zone, lo, kinds, hours, overhang, time, days })
    }

    /// The label by which clocks refer to this working time.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The calendar of days.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The zone.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Whether the office works at an instant. A shift includes its first instant and not its last.
    pub fn is_working(&self, at: i64) -> bool {
        let (date, ms) = self.zone.local(at);
        let on = |day: i32, ms: i64| self.hours_on(day).spans.iter().any(|(a, b)| (*a..*b).contains(&ms));
        on(date.days(), ms) || on(date.days() - 1, ms + DAY)
    }

    /// Working time between two instants in milliseconds, negative if `to` lies before `from`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an instant outside the years 1 to 9999.
    pub fn working_ms(&self, from: i64, to: i64) -> Result<Counted<i64>, Error> {
        let value = self.count(Unit::WorkingMs, to)? - self.count(Unit::WorkingMs, from)?;
        Ok(Counted { value, awaits: self.awaits(Unit::WorkingMs, from, to) })
    }

    /// Working days after the day of `from` up to and including the day of `to` (0 if they are the same or reversed).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a date outside the years 1 to 9999.
    pub fn working_days(&self, from: Date, to: Date) -> Result<Counted<i64>, Error> {
        if from < FIRST || to > LAST || from > LAST || to < FIRST {
            return Err(Error::OutOfRange);
        }
        let value =
            (self.before(Unit::WorkingDays, to.days() + 1) - self.before(Unit::WorkingDays, from.days() + 1)).max(0);
        Ok(Counted { value, awaits: self.calendar.awaits_between(from, to) })
    }

    /// The first instant at or after `from` by which so much working time (`ms` ≥ 0) has passed: at the end of a shift it is
    /// the end, not the next beginning. For a negative `ms`, [`WorkTime::subtract`].
    ///
    /// # Errors
    /// [`Error::NoWorkingTime`] if the office never works, [`Error::OutOfRange`] beyond the years 1 to 9999.
    pub fn add(&self, from: i64, ms: i64) -> Result<Counted<i64>, Error> {
        if ms < 0 {
            return self.subtract(from, ms.checked_neg().ok_or(Error::OutOfRange)?);
        }
        let value = if ms == 0 {
            from
        } else {
            let target = self.count(Unit::WorkingMs, from)?.checked_add(ms).ok_or(Error::OutOfRange)?;
            self.reach(Unit::WorkingMs, target)?
        };
        Ok(Counted { value, awaits: self.awaits(Unit::WorkingMs, from, value) })
    }

    /// The last instant at or before `to` since which so much working time (`ms` ≥ 0) has passed: at the beginning of a
    /// shift it is the beginning, not the end before.
    ///
    /// # Errors
    /// As [`WorkTime::add`].
    pub fn subtract(&self, to: i64, ms: i64) -> Result<Counted<i64>, Error> {
        if ms < 0 {
            return self.add(to, ms.checked_neg().ok_or(Error::OutOfRange)?);
        }
        let value = if ms == 0 {
            to
        } else {
            let target = self.count(Unit::WorkingMs, to)?.checked_sub(ms).ok_or(Error::OutOfRange)?;
            // The day on which the count passes the target; in it, the last instant before it does.
            let day = self.reaching_day(Unit::WorkingMs, target + 1)?;
            let mut left = target - self.before(Unit::WorkingMs, day);
            let mut ms = 0;
            for (a, b) in &self.hours_on(day).spans {
                ms = a + left;
                if left < b - a {
                    break;
                }
                left -= b - a;
            }
            self.zone.instant(Date::from_days(day), ms)
        };
        Ok(Counted { value, awaits: self.awaits(Unit::WorkingMs, value, to) })
    }

    /// When something begun at `from` with this term is due.
    ///
    /// # Errors
    /// [`Error::BadTerm`] if the term is not positive; otherwise as [`WorkTime::add`].
    pub fn due(&self, from: i64, term: Term) -> Result<Counted<i64>, Error> {
        if term.amount() <= 0 {
            return Err(Error::BadTerm);
        }
        let begins = self.counts_from(from, term.unit())?;
        let target = self.count(term.unit(), begins)?.checked_add(term.amount()).ok_or(Error::OutOfRange)?;
        let value = self.reach(term.unit(), target)?;
        Ok(Counted { value, awaits: self.awaits(term.unit(), from, value) })
    }

    /// The instant from which a term begun at `from` counts: for working days, the end of that day and of its business.
    pub(crate) fn counts_from(&self, from: i64, unit: Unit) -> Result<i64, Error> {
        self.check(from)?;
        Ok(match unit {
            Unit::WallMs | Unit::WorkingMs => from,
            Unit::WorkingDays => {
                let day = self.zone.local(from).0;
                let close = self.hours_on(day.days()).close.unwrap_or(0);
                self.zone.instant(day, close.max(DAY))
            }
        })
    }

    /// The year whose notice a count between two instants waits for.
    pub(crate) fn awaits(&self, unit: Unit, a: i64, b: i64) -> Option<i32> {
        match unit {
            Unit::WallMs => None,
            _ => self.calendar.awaits_between(self.zone.local(a).0, self.zone.local(b).0),
        }
    }

    fn check(&self, at: i64) -> Result<(), Error> {
        let day = self.zone.local(at).0;
        if (FIRST..=LAST).contains(&day) { Ok(()) } else { Err(Error::OutOfRange) }
    }

    fn hours_on(&self, day: i32) -> &Hours {
        let index = i64::from(day) - i64::from(self.lo);
        let kind = if index < 0 {
            Date::from_days(day).weekday()
        } else if let Some(kind) = self.kinds.get(index as usize) {
            usize::from(*kind)
        } else {
            self.hours.len() - SLOTS + Date::from_days(day).weekday()
        };
        &self.hours[kind]
    }

    fn sums(&self, unit: Unit) -> &Sums {
        if unit == Unit::WorkingDays { &self.days } else { &self.time }
    }

    /// The total of all days before a day, counted from the table's first day.
    fn before(&self, unit: Unit, day: i32) -> i64 {
        let Sums { sums, before, after } = self.sums(unit);
        let index = i64::from(day) - i64::from(self.lo);
        let end = self.lo + self.kinds.len() as i32;
        if index < 0 {
            -over_weeks(before, day, self.lo)
        } else if let Some(sum) = sums.get(index as usize) {
            *sum
        } else {
            sums.last().copied().unwrap_or(0) + over_weeks(after, end, day)
        }
    }

    /// How much has passed by an instant, from a fixed beginning: never falls, and differences are exact.
    pub(crate) fn count(&self, unit: Unit, at: i64) -> Result<i64, Error> {
        self.check(at)?;
        if unit == Unit::WallMs {
            return Ok(at);
        }
        let (date, ms) = self.zone.local(at);
        let of_day = |day: i32, ms: i64| {
            let hours = self.hours_on(day);
            match unit {
                Unit::WorkingDays => i64::from(hours.close.is_some_and(|close| close <= ms)),
                _ => hours.spans.iter().map(|(a, b)| (ms.min(*b) - a).max(0)).sum(),
            }
        };
        let day = date.days();
        let today = of_day(day, ms);
        Ok(if ms >= self.overhang {
            self.before(unit, day) + today
        } else {
            self.before(unit, day - 1) + of_day(day - 1, ms + DAY) + today
        })
    }

    /// The day within whose hours the count first reaches a value.
    fn reaching_day(&self, unit: Unit, value: i64) -> Result<i32, Error> {
        let Sums { sums, before, after } = self.sums(unit);
        let end = self.lo + self.kinds.len() as i32;
        let total = sums.last().copied().unwrap_or(0);
        let jump = |week: &[i64; 7], amount: i64| {
            let per_week: i64 = week.iter().sum();
            if per_week == 0 { Err(Error::NoWorkingTime) } else { Ok(amount / per_week) }
        };
        let weeks =
            |from: i32, n: i64| n.checked_mul(7).and_then(|d| d.checked_add(i64::from(from))).ok_or(Error::OutOfRange);
        let from = if value <= 0 {
            weeks(self.lo, -1 - jump(before, value.checked_neg().ok_or(Error::OutOfRange)?)?)?
        } else if value <= total {
            return Ok(self.lo + sums.partition_point(|s| *s < value) as i32 - 1);
        } else {
            weeks(end, jump(after, value - total - 1)?)?
        };
        let range = i64::from(FIRST.days())..=i64::from(LAST.days());
        (from..from.saturating_add(8))
            .take_while(|day| range.contains(day))
            .map(|day| day as i32)
            .find(|day| self.before(unit, day + 1) >= value)
            .ok_or(Error::OutOfRange)
    }

    /// The first instant at which the count reaches a value.
    pub(crate) fn reach(&self, unit: Unit, value: i64) -> Result<i64, Error> {
        if unit == Unit::WallMs {
            self.check(value)?;
            return Ok(value);
        }
        let day = self.reaching_day(unit, value)?;
        let hours = self.hours_on(day);
        let ms = match unit {
            Unit::WorkingDays => hours.close.unwrap_or(DAY),
            _ => {
                let mut left = value - self.before(unit, day);
                let mut at = 0;
                for (a, b) in &hours.spans {
                    at = a + left;
                    if left <= b - a {
                        break;
                    }
                    left -= b - a;
                }
                at
            }
        };
        Ok(self.zone.instant(Date::from_days(day), ms))
    }
}

/// The total of the days from `from` to before `to` in a repeating week.
fn over_weeks(week: &[i64; 7], from: i32, to: i32) -> i64 {
    let days = i64::from(to) - i64::from(from);
    let start = Date::from_days(from).weekday();
    let rest = (days % 7) as usize;
    days / 7 * week.iter().sum::<i64>() + (0..rest).map(|i| week[(start + i) % 7]).sum::<i64>()
}
