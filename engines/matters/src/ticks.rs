//! What the one worker does for matters: warnings, overdue and escalation, the ends of windows, and provisional clocks.
use crate::clocks::StageClock;
use crate::{Clocked, Given, act, store, t};
use linli_core::{Cx, Error, Event, Result, Tick, time};
use serde_json::json;
use uuid::Uuid;

const HELPING: i64 = 50;

/// The engine's schedule.
pub(crate) const TICKS: &[Tick] = &[
    Tick { name: "matters.alarms", every: 20 * time::SECOND, run: alarms },
    Tick { name: "matters.calendar", every: time::HOUR, run: missing_calendar },
];

/// Clocks whose next instant has come: warned, then overdue, then done with. A stage that the system itself ends (the
/// resident's window, a pause) is ended by the automatic move of its state.
fn alarms(cx: &mut Cx<'_, '_>) -> Result<bool> {
    let due = store::alarmed(cx.tx, cx.now, HELPING)?;
    let more = due.len() as i64 == HELPING;
    for row in due {
        let mut clock = StageClock::of(row);
        let overdue = clock.due <= cx.now;
        clock.warned = if overdue { 2 } else { 1 };
        clock.recount(cx)?;
        clock.save(cx)?;
        let matter = store::by_id(cx.tx, clock.matter)?.ok_or(Error::NotFound)?;
        let data = json!({"stage": clock.stage, "unit": clock.unit, "committee": matter.committee, "due": clock.due});
        cx.emit(if overdue { "matters.overdue" } else { "matters.due_soon" }, clock.matter, data)?;
        if overdue {
            let procedure = crate::procedure_of(cx, &matter)?;
            let state = matter.state.as_str();
            let awaited =
                matches!(procedure.state(state).map(|s| s.clock), Some(Clocked::Stage(stage)) if stage == clock.stage);
            let automatic = procedure
                .moves
                .iter()
                .find(|m| awaited && m.automatic() && !m.to.is_empty() && m.from.contains(&state));
            let overdue = procedure.find("overdue").filter(|m| m.from.contains(&state));
            if let Some(mv) = automatic.or(overdue) {
                act(cx, clock.matter, mv.name(), &Given::default(), None)?;
            }
            if automatic.is_none() {
                let dimension = format!("overdue.{}:{}", clock.stage, clock.unit);
                store::count(cx.tx, matter.committee, crate::day(cx.now), &[dimension])?;
            }
        }
    }
    Ok(more)
}

/// From October on the next year's calendar is awaited; without it due times are provisional, and that is an alarm.
fn missing_calendar(cx: &mut Cx<'_, '_>) -> Result<bool> {
    if let Some((id, _)) = store::provisional(cx.tx, Uuid::nil(), 1)?.first() {
        let _ = id;
        let year = time::civil_year(cx.now) + 1;
        raise(cx, t::ALARM_CALENDAR.key, &year.to_string())?;
    }
    Ok(false)
}

/// A calendar year was published: every clock that rested on the guess is counted again from its events.
pub(crate) fn recount_provisional(cx: &mut Cx<'_, '_>, _: &Event) -> Result<()> {
    let mut after = Uuid::nil();
    loop {
        let page = store::provisional(cx.tx, after, HELPING)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        for (id, matter) in page {
            // Recounted as an act of the matter: the timeline shows that and why a date moved.
            let _ = id;
            let m = store::by_id(cx.tx, matter)?.ok_or(Error::NotFound)?;
            if crate::procedure_of(cx, &m)?.find("recount").is_some() && m.open {
                act(cx, matter, "recount", &Given::default(), None)?;
            }
        }
    }
}

/// Puts something before the duty desk until somebody has seen to it.
pub fn raise(cx: &mut Cx<'_, '_>, code: &str, about: &str) -> Result<()> {
    let id = cx.id();
    store::raise_alarm(cx.tx, id, code, about, cx.now)
}
