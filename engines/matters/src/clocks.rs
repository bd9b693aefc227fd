//! Stage clocks: what each unit owes and by when. The arithmetic is `work-calendar`'s; here it is bound to matters.
//!
//! Terms are data: a setting `matters.terms` per class and stage, with date and author. A term that is not loaded refuses
//! to run rather than inventing one.
use crate::store::{self, ClockRow};
use linli_core::{Cx, Error, Lang, MatterId, Millis, Result, UnitId};
use linli_db::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;
use work_calendar::{Clock, Event, Term};

/// The setting that holds the terms.
pub const TERMS: &str = "matters.terms";

/// Terms by class (urgent, consultation, ordinary, complex …) and stage (sign, contact, answer …), and how long before
/// the end of a stage to warn.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Class → stage → term; the class `*` holds stages that are alike for all.
    pub classes: BTreeMap<String, BTreeMap<String, Term>>,
    /// Stage → how much of the term is left when the owner is warned, in the term's own unit.
    pub warn: BTreeMap<String, Term>,
    /// Where these terms come from (a document, with its number and date).
    pub source: String,
    /// The same in English; empty where nobody has written it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_en: String,
}

impl Terms {
    /// Where they come from, in a language if it was written in that.
    pub fn source_in(&self, lang: Lang) -> &str {
        if lang == Lang::En && !self.source_en.trim().is_empty() { &self.source_en } else { &self.source }
    }
    /// The term of a stage.
    pub fn term(&self, class: &str, stage: &str) -> Option<Term> {
        let of = |class: &str| self.classes.get(class).and_then(|stages| stages.get(stage)).copied();
        of(class).or_else(|| of("*"))
    }
}

/// The terms in force.
pub fn terms(cx: &mut Cx<'_, '_>) -> Result<Arc<Terms>> {
    cx.cached(TERMS, |cx| {
        let terms: Option<Terms> = cx.setting(TERMS, None)?;
        terms.ok_or_else(|| Error::internal("no terms are loaded: set matters.terms"))
    })
}

/// Puts terms in force from an instant on.
pub fn set_terms(cx: &mut Cx<'_, '_>, from: Millis, terms: &Terms) -> Result<()> {
    cx.set_setting(TERMS, from, terms)?;
    cx.changed(TERMS)
}

/// One clock of a matter, in memory during a move.
#[derive(Debug, Clone)]
pub struct StageClock {
    pub(crate) id: Uuid,
    pub(crate) matter: MatterId,
    /// Which stage is owed.
    pub stage: String,
    /// By which unit.
    pub unit: UnitId,
    /// Everything that happened to it.
    pub events: Vec<Event>,
    /// When it started.
    pub started: Millis,
    /// When it is due (while paused: when it would be due if resumed now).
    pub due: Millis,
    /// Whether time counts now.
    pub running: bool,
    /// When it stopped.
    pub stopped: Option<Millis>,
    /// Whether it rests on a calendar year that is not published.
    pub provisional: bool,
    /// 0 not warned, 1 warned, 2 overdue told, 3 escalated.
    pub warned: i64,
    pub(crate) alarm: Option<Millis>,
    pub(crate) dirty: bool,
    pub(crate) new: bool,
}

impl StageClock {
    /// Starts a stage for a unit with the term of the matter's class.
    pub(crate) fn start(
        cx: &mut Cx<'_, '_>,
        matter: MatterId,
        class: &str,
        stage: &str,
        unit: UnitId,
    ) -> Result<StageClock> {
        let term =
            terms(cx)?.term(class, stage).ok_or_else(|| Error::internal(format!("no term for {class}/{stage}")))?;
        StageClock::start_with(cx, matter, stage, unit, term)
    }
    /// Starts a stage with a term of its own (a granted pause, an upstream due date).
    pub(crate) fn start_with(
        cx: &mut Cx<'_, '_>,
        matter: MatterId,
        stage: &str,
        unit: UnitId,
        term: Term,
    ) -> Result<StageClock> {
        let calendar = linli_registry::work(cx)?.label.clone();
        let events = vec![Event::Started { at: cx.now, term, calendar }];
        let mut clock = StageClock {
            id: cx.id(),
            matter,
            stage: stage.to_owned(),
            unit,
            events,
            started: cx.now,
            due: cx.now,
            running: true,
            stopped: None,
            provisional: false,
            warned: 0,
            alarm: None,
            dirty: true,
            new: true,
        };
        clock.recount(cx)?;
        Ok(clock)
    }
    /// Adds an event and recounts.
    pub(crate) fn happen(&mut self, cx: &mut Cx<'_, '_>, event: Event) -> Result<()> {
        self.events.push(event);
        self.recount(cx)
    }
    /// The folded clock.
    fn folded(&self, cx: &mut Cx<'_, '_>) -> Result<Clock> {
        let work = linli_registry::work(cx)?;
        Clock::fold(&self.events, &work.calendars).map_err(|e| Error::internal(format!("clock {}: {e}", self.id)))
    }
    /// Recomputes due time, warning and alarm from the events.
    pub(crate) fn recount(&mut self, cx: &mut Cx<'_, '_>) -> Result<()> {
        let clock = self.folded(cx)?;
        let work = linli_registry::work(cx)?;
        let bad = |e: work_calendar::Error| Error::internal(format!("clock: {e}"));
        self.dirty = true;
        self.running = clock.phase() == work_calendar::Phase::Running;
        self.stopped =
            (clock.phase() == work_calendar::Phase::Stopped).then(|| self.events.last().map_or(cx.now, Event::at));
        if self.stopped.is_some() {
            self.alarm = None;
            return Ok(());
        }
        let due = clock.due_if_resumed(cx.now, &work.calendars).map_err(bad)?;
        if let Some(due) = due {
            self.due = due.value;
            self.provisional = due.is_provisional();
        }
        self.alarm = if !self.running {
            None
        } else if self.warned == 0 {
            let left = terms(cx)?.warn.get(&self.stage).copied();
            let fits = left.filter(|l| clock.term().is_some_and(|t| t.unit() == l.unit()));
            let warn = fits.map(|l| clock.warn_at(l, &work.calendars)).transpose().map_err(bad)?.flatten();
            Some(warn.map_or(self.due, |w| w.value.min(self.due)))
        } else if self.warned == 1 {
            Some(self.due)
        } else {
            None
        };
        Ok(())
    }
    /// Whether the stage was, or still can be, done in time.
    pub fn in_time(&self, now: Millis) -> bool {
        self.stopped.unwrap_or(now) <= self.due
    }
    pub(crate) fn of(row: ClockRow) -> StageClock {
        StageClock {
            id: row.id,
            matter: row.matter,
            stage: row.stage,
            unit: row.unit,
            events: row.events.0,
            started: row.started,
            due: row.due,
            running: row.running,
            stopped: row.stopped,
            provisional: row.provisional,
            warned: row.warned,
            alarm: row.alarm,
            dirty: false,
            new: false,
        }
    }
    pub(crate) fn save(&self, cx: &mut Cx<'_, '_>) -> Result<()> {
        let row = ClockRow {
            id: self.id,
            matter: self.matter,
            stage: self.stage.clone(),
            unit: self.unit,
            running: self.running,
            started: self.started,
            due: self.due,
            stopped: self.stopped,
            provisional: self.provisional,
            warned: self.warned,
            alarm: self.alarm,
            events: Json(self.events.clone()),
        };
        if self.new { store::put_clock(cx.tx, &row) } else { store::set_clock(cx.tx, &row) }
    }
}
