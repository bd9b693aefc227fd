//! Working time on a calendar with holidays and swapped working days, and stage clocks that never lose or invent time.
//!
//! * [`Calendar`]: which days are worked, as versioned data; years without a published notice are provisional.
//! * [`Shifts`]: the hours an office keeps on them.
//! * [`WorkTime`]: both compiled; adds, subtracts and measures working time, and says when a [`Term`] is due.
//! * [`Clock`]: one running term of a matter, folded from [`Event`]s.
//!
//! The README shows all of it on one example.
//!
//! Instants are UTC milliseconds since 1970; the zone is a fixed offset. The crate reads no clock and no file.
mod calendar;
mod clock;
mod date;
mod shifts;
mod worktime;

pub use calendar::{Calendar, CsvError, Day, DayKind};
pub use clock::{Account, Calendars, Clock, Event, Phase};
pub use date::{Date, Zone};
pub use shifts::{BadPattern, Pattern, Shifts};
pub use worktime::{Counted, Term, Unit, WorkTime};

/// Why a question about working time has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An instant or amount beyond the years 1 to 9999.
    #[error("beyond the years 1 to 9999")]
    OutOfRange,
    /// The office never works, so nothing is ever due.
    #[error("the calendar has no working time")]
    NoWorkingTime,
    /// No hours, dates that do not ascend, or a night shift that runs into the next day's first shift.
    #[error("the shifts are empty, out of order, or overlap across midnight")]
    BadShifts,
    /// A term or extension that is not positive.
    #[error("a term must be positive")]
    BadTerm,
    /// An extension or warning counted in another unit than the term.
    #[error("counted in another unit than the clock's term")]
    UnitMismatch,
    /// An event earlier than the one before it.
    #[error("the event lies before the one preceding it")]
    OutOfOrder,
    /// An event the clock cannot take in its phase: a pause while paused, a start while started, anything after the stop.
    #[error("the clock cannot take this event now")]
    WrongPhase,
    /// No working time is known under this label.
    #[error("no working time called {0:?}")]
    UnknownCalendar(String),
}

/// The example of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
