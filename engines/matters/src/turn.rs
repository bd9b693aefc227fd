//! What a move's effect may do to its matter; the engine writes it all down afterwards.
use crate::clocks::StageClock;
use crate::{Matter, Seed};
use linli_core::{Cx, Error, FieldError, Input, MatterId, Msg, PersonId, Result, Seat, UnitId};
use serde_json::{Map, Value};
use work_calendar::{Event, Term};

/// One move in the making.
pub struct Turn<'m> {
    /// The matter as it will be stored.
    pub matter: &'m mut Matter,
    /// The seat of whoever moves.
    pub seat: &'m Seat,
    /// Codes and ids for the timeline; never words, never personal data.
    pub data: Map<String, Value>,
    pub(crate) to: Option<&'static str>,
    pub(crate) clocks: Vec<StageClock>,
    pub(crate) owner_set: bool,
    pub(crate) parties: Vec<UnitId>,
    pub(crate) counts: Vec<String>,
    pub(crate) words: Option<String>,
    pub(crate) spawned: Vec<MatterId>,
    pub(crate) reindex: bool,
    pub(crate) kept: Vec<&'static str>,
}

impl Turn<'_> {
    /// The state the move leads to, one of those it declares.
    pub fn go(&mut self, state: &'static str) {
        self.to = Some(state);
    }
    /// Whose turn it is next. The unit becomes a party of the matter; the assignment to a person ends.
    pub fn hand_to(&mut self, unit: UnitId) {
        if self.matter.owner != Some(unit) {
            self.matter.assignee = None;
        }
        self.matter.owner = Some(unit);
        self.owner_set = true;
        self.take_part(unit);
    }
    /// Who at the owner unit does it.
    pub fn assign(&mut self, person: Option<PersonId>) {
        self.matter.assignee = person;
    }
    /// A unit takes part and keeps its view of the matter.
    pub fn take_part(&mut self, unit: UnitId) {
        if !self.parties.contains(&unit) {
            self.parties.push(unit);
        }
    }
    /// A code or id for the timeline.
    pub fn note(&mut self, key: &str, value: impl Into<Value>) {
        self.data.insert(key.to_owned(), value.into());
    }
    /// Words of the act that do not come from its declared field.
    pub fn say(&mut self, words: impl Into<String>) {
        self.words = Some(words.into());
    }
    /// Raises a counter of the committee's day.
    pub fn count(&mut self, dimension: impl Into<String>) {
        self.counts.push(dimension.into());
    }
    /// A stage goes on although its state is left (an approval asked for, a pause).
    pub fn keep(&mut self, stage: &'static str) {
        self.kept.push(stage);
    }
    pub(crate) fn keeps(&self, stage: &str) -> bool {
        self.kept.contains(&stage)
    }
    /// Title, category, place or audience changed: the index follows.
    pub fn reindex(&mut self) {
        self.reindex = true;
    }

    /// The clock of a stage that is not stopped.
    pub fn clock(&self, stage: &str) -> Option<&StageClock> {
        self.clocks.iter().find(|c| c.stage == stage && c.stopped.is_none())
    }
    /// The last clock of a stage, stopped or not.
    pub fn last_clock(&self, stage: &str) -> Option<&StageClock> {
        self.clocks.iter().rev().find(|c| c.stage == stage)
    }
    fn clock_mut(&mut self, stage: &str) -> Option<&mut StageClock> {
        self.clocks.iter_mut().find(|c| c.stage == stage && c.stopped.is_none())
    }
    /// Starts a stage for a unit; a stage that already runs is left alone.
    pub fn start(&mut self, cx: &mut Cx<'_, '_>, stage: &str, unit: UnitId) -> Result<()> {
        if self.clock(stage).is_none() {
            let clock = StageClock::start(cx, self.matter.id, &self.matter.term_class, stage, unit)?;
            self.clocks.push(clock);
        }
        Ok(())
    }
    /// Starts a stage with a term of its own.
    pub fn start_with(&mut self, cx: &mut Cx<'_, '_>, stage: &str, unit: UnitId, term: Term) -> Result<()> {
        if self.clock(stage).is_none() {
            let clock = StageClock::start_with(cx, self.matter.id, stage, unit, term)?;
            self.clocks.push(clock);
        }
        Ok(())
    }
    /// A stage is done: stops its clock and counts whether it was in time, for the unit that owed it.
    pub fn met(&mut self, cx: &mut Cx<'_, '_>, stage: &str) -> Result<()> {
        let Some(clock) = self.clock_mut(stage) else { return Ok(()) };
        clock.happen(cx, Event::Stopped { at: cx.now })?;
        let dimension = format!("{stage}.{}:{}", if clock.in_time(cx.now) { "in_time" } else { "late" }, clock.unit);
        self.count(dimension);
        Ok(())
    }
    /// A stage ends without being owed any more (withdrawn, ruled away): its clock stops and nothing is counted.
    pub fn dropped(&mut self, cx: &mut Cx<'_, '_>, stage: &str) -> Result<()> {
        let Some(clock) = self.clock_mut(stage) else { return Ok(()) };
        clock.happen(cx, Event::Stopped { at: cx.now })
    }
    /// Stops time for a stage.
    pub fn pause(&mut self, cx: &mut Cx<'_, '_>, stage: &str) -> Result<()> {
        match self.clock_mut(stage) {
            Some(clock) if clock.running => clock.happen(cx, Event::Paused { at: cx.now }),
            _ => Ok(()),
        }
    }
    /// Lets time run again.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, stage: &str) -> Result<()> {
        match self.clock_mut(stage) {
            Some(clock) if !clock.running => clock.happen(cx, Event::Resumed { at: cx.now }),
            _ => Ok(()),
        }
    }
    /// More time for a stage, as approved.
    pub fn extend(&mut self, cx: &mut Cx<'_, '_>, stage: &str, by: Term) -> Result<()> {
        match self.clock_mut(stage) {
            Some(clock) => {
                clock.warned = 0;
                clock.happen(cx, Event::Extended { at: cx.now, by })
            }
            None => Ok(()),
        }
    }
    /// The stage is now owed by another unit; its date stays.
    pub fn reroute(&mut self, cx: &mut Cx<'_, '_>, stage: &str, unit: UnitId) -> Result<()> {
        match self.clock_mut(stage) {
            Some(clock) => {
                clock.unit = unit;
                clock.happen(cx, Event::Rerouted { at: cx.now, restart: None })
            }
            None => Ok(()),
        }
    }

    /// A new working calendar counts from now on for every clock that still lives; the dates may move.
    pub fn recalendar(&mut self, cx: &mut Cx<'_, '_>) -> Result<()> {
        let calendar = linli_registry::work(cx)?.label.clone();
        for clock in self.clocks.iter_mut().filter(|c| c.stopped.is_none()) {
            clock.happen(cx, Event::CalendarChanged { at: cx.now, calendar: calendar.clone() })?;
        }
        Ok(())
    }

    /// Spawns a matter of another kind, owned by another unit, with this one as its parent.
    pub fn spawn(
        &mut self,
        cx: &mut Cx<'_, '_>,
        kind: &str,
        unit: UnitId,
        words: &str,
        data: Value,
    ) -> Result<MatterId> {
        let seed = Seed { parent: self.matter.id, unit, words: words.to_owned(), data };
        let id = (crate::kind(cx, kind)?.born)(cx, &seed)?;
        self.spawned.push(id);
        self.take_part(unit);
        Ok(id)
    }
}

/// A refusal at one field of the move's form.
pub fn wrong<T>(field: &str, msg: impl Into<Msg>) -> Result<T> {
    Err(Error::Invalid(vec![FieldError { field: field.to_owned(), msg: msg.into() }]))
}

/// A unit that a field must name.
pub fn unit_of(input: &Input, field: &str) -> Result<UnitId> {
    input.id(field).ok_or_else(|| Error::field(field, crate::t::NEEDS_UNIT))
}
