//! Stage clocks: one term of a matter, folded from what happened to it.
//!
//! A clock keeps no counter that could drift. It keeps the spans of its life, each running or paused under one calendar,
//! one beginning where the last ended; everything asked of it is counted from them. So pausing cannot lose time, resuming
//! cannot invent it, and what was counted under an old calendar stays counted when the calendar changes.
use crate::{Counted, Error, Term, Unit, WorkTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The working times that clocks refer to, by label.
#[derive(Debug, Clone, Default)]
pub struct Calendars(BTreeMap<String, WorkTime>);

impl Calendars {
    /// None yet.
    pub fn new() -> Calendars {
        Calendars::default()
    }

    /// Adds a working time under its label, in place of an older one with that label.
    pub fn insert(&mut self, times: WorkTime) {
        self.0.insert(times.label().to_owned(), times);
    }

    /// The working time with this label.
    ///
    /// # Errors
    /// [`Error::UnknownCalendar`].
    pub fn get(&self, label: &str) -> Result<&WorkTime, Error> {
        self.0.get(label).ok_or_else(|| Error::UnknownCalendar(label.to_owned()))
    }
}

impl FromIterator<WorkTime> for Calendars {
    fn from_iter<I: IntoIterator<Item = WorkTime>>(times: I) -> Calendars {
        Calendars(times.into_iter().map(|t| (t.label().to_owned(), t)).collect())
    }
}

/// What happens to a clock. Every `at` is in UTC milliseconds, and none lies before the event preceding it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The clock starts with a term, counted in the working time with this label.
    Started {
        /// When.
        at: i64,
        /// How long it may take.
        term: Term,
        /// Label of the working time.
        calendar: String,
    },
    /// The clock stands still (挂起).
    Paused {
        /// When.
        at: i64,
    },
    /// The clock runs again.
    Resumed {
        /// When.
        at: i64,
    },
    /// More time is granted (延期), in the unit of the term.
    Extended {
        /// When.
        at: i64,
        /// How much more.
        by: Term,
    },
    /// The matter goes to another unit (改派). Without `restart` the term runs on: the resident's date never restarts. With
    /// it the receiving unit gets a term of its own, and the time used before stays in the account of the earlier lap.
    Rerouted {
        /// When.
        at: i64,
        /// The new unit's term, counted from here.
        restart: Option<Term>,
    },
    /// From here on another working time counts: a notice was published, the hours changed, the new unit keeps others.
    CalendarChanged {
        /// When.
        at: i64,
        /// Label of the working time.
        calendar: String,
    },
    /// The clock has done its work: answered, signed, withdrawn.
    Stopped {
        /// When.
        at: i64,
    },
}

impl Event {
    /// When it happened.
    pub fn at(&self) -> i64 {
        match self {
            Event::Started { at, .. }
            | Event::Paused { at }
            | Event::Resumed { at }
            | Event::Extended { at, .. }
            | Event::Rerouted { at, .. }
            | Event::CalendarChanged { at, .. }
            | Event::Stopped { at } => *at,
        }
    }
}

/// Whether a clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Time counts.
    Running,
    /// Time stands still.
    Paused,
    /// Done.
    Stopped,
}

/// A stretch of a clock's life under one calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    from: i64,
    /// Open if `None`; only the last is.
    to: Option<i64>,
    calendar: String,
    running: bool,
    /// Index of the lap it belongs to.
    lap: usize,
}

/// One term: the first, or one begun by a re-route with restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lap {
    /// With all extensions.
    term: Term,
    /// Nothing counts before; for working days the end of the first day.
    counts_from: i64,
}

/// A stage clock: the state after a sequence of [`Event`]s. Serialisable; every question is answered from it and the
/// [`Calendars`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    phase: Phase,
    last_event: i64,
    laps: Vec<Lap>,
    spans: Vec<Span>,
}

/// Where the time of a clock went, over all its laps, in the unit of each lap's term (of the same unit when all laps are).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Counted while running.
    pub counted: i64,
    /// Passed while paused; it would have counted otherwise.
    pub paused: i64,
}

impl Clock {
    /// A clock started at an instant.
    ///
    /// # Errors
    /// [`Error::BadTerm`] if the term is not positive, [`Error::OutOfRange`].
    pub fn start(at: i64, term: Term, times: &WorkTime) -> Result<Clock, Error> {
        let lap = lap(at, term, times)?;
        let span = Span { from: at, to: None, calendar: times.label().to_owned(), running: true, lap: 0 };
        Ok(Clock { phase: Phase::Running, last_event: at, laps: vec![lap], spans: vec![span] })
    }

    /// The clock after a whole sequence of events, the first of which starts it.
    ///
    /// # Errors
    /// Those of [`Clock::start`] and [`Clock::apply`].
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>, calendars: &Calendars) -> Result<Clock, Error> {
        let mut events = events.into_iter();
        let Some(Event::Started { at, term, calendar }) = events.next() else { return Err(Error::WrongPhase) };
        let mut clock = Clock::start(*at, *term, calendars.get(calendar)?)?;
        for event in events {
            clock.apply(event, calendars)?;
        }
        Ok(clock)
    }

    /// Takes one event. On an error the clock is as before.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`], [`Error::WrongPhase`], [`Error::UnitMismatch`], [`Error::BadTerm`], [`Error::UnknownCalendar`],
    /// [`Error::OutOfRange`].
    pub fn apply(&mut self, event: &Event, calendars: &Calendars) -> Result<(), Error> {
        let at = event.at();
        let (Some(span), Some(current)) = (self.spans.last(), self.laps.last_mut()) else {
            return Err(Error::WrongPhase);
        };
        if at < self.last_event {
            return Err(Error::OutOfOrder);
        }
        let (mut running, mut index, mut calendar) = (span.running, span.lap, span.calendar.clone());
        match (event, self.phase) {
            (Event::Paused { .. }, Phase::Running) => running = false,
            (Event::Resumed { .. }, Phase::Paused) => running = true,
            (Event::Extended { by, .. }, Phase::Running | Phase::Paused) => {
                if by.unit() != current.term.unit() {
                    return Err(Error::UnitMismatch);
                }
                if by.amount() <= 0 {
                    return Err(Error::BadTerm);
                }
                let total = current.term.amount().checked_add(by.amount()).ok_or(Error::OutOfRange)?;
                current.term = current.term.with_amount(total);
                self.last_event = at;
                return Ok(());
            }
            (Event::Rerouted { restart, .. }, Phase::Running | Phase::Paused) => {
                if let Some(term) = restart {
                    self.laps.push(lap(at, *term, calendars.get(&calendar)?)?);
                    index += 1;
                }
            }
            (Event::CalendarChanged { calendar: new, .. }, Phase::Running | Phase::Paused) => {
                calendars.get(new)?;
                calendar = new.clone();
            }
            (Event::Stopped { .. }, Phase::Running | Phase::Paused) => self.phase = Phase::Stopped,
            _ => return Err(Error::WrongPhase),
        }
        if let Some(span) = self.spans.last_mut() {
            span.to = Some(at);
        }
        self.last_event = at;
        if self.phase != Phase::Stopped {
            self.phase = if running { Phase::Running } else { Phase::Paused };
            self.spans.push(Span { from: at, to: None, calendar, running, lap: index });
        }
        Ok(())
    }

    /// Whether it runs.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The current term with its extensions.
    pub fn term(&self) -> Option<Term> {
        self.laps.last().map(|lap| lap.term)
    }

    /// Label of the working time that counts now.
    pub fn calendar(&self) -> Option<&str> {
        self.spans.last().map(|span| span.calendar.as_str())
    }

    /// When the current term is due. `None` while paused or after the stop, unless the term had run out before.
    ///
    /// # Errors
    /// [`Error::UnknownCalendar`], [`Error::NoWorkingTime`], [`Error::OutOfRange`].
    pub fn due(&self, calendars: &Calendars) -> Result<Option<Counted<i64>>, Error> {
        self.when_used(self.laps.last().map_or(0, |lap| lap.term.amount()), calendars, None)
    }

    /// When a paused clock would be due if it were resumed at an instant not before its pause; for a running one, when it
    /// is due.
    ///
    /// # Errors
    /// As [`Clock::due`], and [`Error::OutOfOrder`].
    pub fn due_if_resumed(&self, at: i64, calendars: &Calendars) -> Result<Option<Counted<i64>>, Error> {
        if self.phase == Phase::Paused && at < self.last_event {
            return Err(Error::OutOfOrder);
        }
        let resumed = (self.phase == Phase::Paused).then_some(at);
        self.when_used(self.laps.last().map_or(0, |lap| lap.term.amount()), calendars, resumed)
    }

    /// When to warn: the instant at which only `left` of the term is left (the start of counting if the term is no longer
    /// than that). `None` as for [`Clock::due`].
    ///
    /// # Errors
    /// [`Error::UnitMismatch`] if `left` is of another unit than the term; otherwise as [`Clock::due`].
    pub fn warn_at(&self, left: Term, calendars: &Calendars) -> Result<Option<Counted<i64>>, Error> {
        let Some(lap) = self.laps.last() else { return Ok(None) };
        if left.unit() != lap.term.unit() {
            return Err(Error::UnitMismatch);
        }
        let used = lap.term.amount().saturating_sub(left.amount().max(0));
        if used <= 0 {
            return Ok(Some(Counted { value: lap.counts_from, awaits: None }));
        }
        self.when_used(used, calendars, None)
    }

    /// How much of the current term is used by an instant: milliseconds, or working days.
    ///
    /// # Errors
    /// [`Error::UnknownCalendar`], [`Error::OutOfRange`].
    pub fn elapsed(&self, at: i64, calendars: &Calendars) -> Result<Counted<i64>, Error> {
        let current = self.laps.len().saturating_sub(1);
        self.total(at, calendars, |span| span.running && span.lap == current)
    }

    /// How much of the current term is left at an instant; negative once more than the term has passed.
    ///
    /// # Errors
    /// As [`Clock::elapsed`].
    pub fn remaining(&self, at: i64, calendars: &Calendars) -> Result<Counted<i64>, Error> {
        let elapsed = self.elapsed(at, calendars)?;
        let amount = self.laps.last().map_or(0, |lap| lap.term.amount());
        Ok(Counted { value: amount - elapsed.value, awaits: elapsed.awaits })
    }

    /// Whether the due time lies before an instant (or before the stop, once stopped).
    ///
    /// # Errors
    /// As [`Clock::due`].
    pub fn is_overdue(&self, at: i64, calendars: &Calendars) -> Result<bool, Error> {
        let at = if self.phase == Phase::Stopped { at.min(self.last_event) } else { at };
        Ok(self.due(calendars)?.is_some_and(|due| due.value < at))
    }

    /// By how much the term is exceeded at an instant: milliseconds, or whole working days; 0 if it is not.
    ///
    /// # Errors
    /// As [`Clock::elapsed`].
    pub fn overdue(&self, at: i64, calendars: &Calendars) -> Result<Counted<i64>, Error> {
        let left = self.remaining(at, calendars)?;
        Ok(Counted { value: (-left.value).max(0), awaits: left.awaits })
    }

    /// Where the time went by an instant, over all laps.
    ///
    /// # Errors
    /// As [`Clock::elapsed`].
    pub fn account(&self, at: i64, calendars: &Calendars) -> Result<Account, Error> {
        let counted = self.total(at, calendars, |span| span.running)?.value;
        let paused = self.total(at, calendars, |span| !span.running)?.value;
        Ok(Account { counted, paused })
    }

    /// The sum of the chosen spans up to an instant.
    fn total(&self, at: i64, calendars: &Calendars, chosen: impl Fn(&Span) -> bool) -> Result<Counted<i64>, Error> {
        let mut sum = Counted { value: 0, awaits: None };
        for span in self.spans.iter().filter(|s| chosen(s)) {
            let Some(lap) = self.laps.get(span.lap) else { continue };
            let unit = lap.term.unit();
            let (from, to) = (span.from.max(lap.counts_from), span.to.map_or(at, |to| to.min(at)));
            if to > from {
                let times = calendars.get(&span.calendar)?;
                sum.value += times.count(unit, to)? - times.count(unit, from)?;
                sum.awaits = earlier(sum.awaits, times.awaits(unit, from, to));
            }
        }
        Ok(sum)
    }

    /// The instant at which so much (> 0) of the current term is used; with `resumed`, as if resumed then.
    fn when_used(
        &self,
        amount: i64,
        calendars: &Calendars,
        resumed: Option<i64>,
    ) -> Result<Option<Counted<i64>>, Error> {
        let current = self.laps.len().saturating_sub(1);
        let Some(lap) = self.laps.last() else { return Ok(None) };
        let unit: Unit = lap.term.unit();
        let (mut left, mut awaits) = (amount, None);
        for span in self.spans.iter().filter(|s| s.lap == current) {
            let (start, end) = match (span.running, resumed, span.to) {
                (true, _, to) => (span.from, to),
                (false, Some(at), None) => (at, None),
                _ => continue,
            };
            let from = start.max(lap.counts_from);
            if end.is_some_and(|end| end <= from) {
                continue;
            }
            let times = calendars.get(&span.calendar)?;
            let begin = times.count(unit, from)?;
            let used = end.map(|end| times.count(unit, end)).transpose()?.map(|c| c - begin);
            if let (Some(used), Some(end)) = (used, end)
                && used < left
            {
                left -= used;
                awaits = earlier(awaits, times.awaits(unit, from, end));
                continue;
            }
            let value = times.reach(unit, begin.checked_add(left).ok_or(Error::OutOfRange)?)?;
            return Ok(Some(Counted { value, awaits: earlier(awaits, times.awaits(unit, from, value)) }));
        }
        Ok(None)
    }
}

fn lap(at: i64, term: Term, times: &WorkTime) -> Result<Lap, Error> {
    if term.amount() <= 0 {
        return Err(Error::BadTerm);
    }
    Ok(Lap { term, counts_from: times.counts_from(at, term.unit())? })
}

fn earlier(a: Option<i32>, b: Option<i32>) -> Option<i32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
