//! Working on a case: signing, first contact, pauses and extensions, the answer.
use super::{hand_back, load, own_unit, superior};
use crate::store::{self, Case};
use crate::t;
use linli_core::{Cx, Error, Input, PersonId, Result, time};
use linli_matters::{Turn, wrong};
use work_calendar::Term;

pub(super) fn sign(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let unit = own_unit(turn)?;
    case.handler = Some(unit);
    if turn.matter.assignee.is_none() {
        turn.assign(cx.actor.person);
    }
    if case.contacted.is_none() {
        turn.start(cx, "contact", unit)?;
    }
    store::set_case(cx.tx, &case)
}

pub(super) fn decline(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    case.outcome = Some("declined".into());
    case.answered_by = cx.actor.person;
    case.handler = Some(own_unit(turn)?);
    for stage in ["sign", "contact", "answer"] {
        turn.met(cx, stage)?;
    }
    turn.say(format!("{}\n{}", input.words("reason"), input.words("way")));
    turn.count("outcome:declined");
    store::set_case(cx.tx, &case)
}

pub(super) fn contact(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    if case.contacted.is_none() {
        case.contacted = Some(cx.now);
    }
    turn.met(cx, "contact")?;
    store::set_case(cx.tx, &case)
}

pub(super) fn assign(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let unit = own_unit(turn)?;
    let person: Option<PersonId> = input.id("person");
    let known = linli_registry::staff(cx, unit)?.iter().any(|s| Some(s.1) == person);
    if !known {
        return wrong("person", t::E_NOT_COLLEAGUE);
    }
    turn.assign(person);
    Ok(())
}

/// Who approves: the superior of the unit that handles.
pub(super) fn ask(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, case: &mut Case) -> Result<()> {
    let unit = own_unit(turn)?;
    case.handler = Some(unit);
    let judge = superior(cx, unit, turn.matter.named)?;
    turn.keep("answer");
    turn.hand_to(judge);
    store::set_case(cx.tx, case)
}

/// The answer stage's original term, without what was granted since.
pub(super) fn original_term(turn: &Turn<'_>) -> Option<Term> {
    turn.clock("answer").and_then(|c| match c.events.first() {
        Some(work_calendar::Event::Started { term, .. }) => Some(*term),
        _ => None,
    })
}

pub(super) fn ask_extension(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    if case.extended {
        return Err(Error::forbidden(t::E_EXTENDED_ONCE));
    }
    let days = input.number("days").unwrap_or(0);
    match original_term(turn) {
        Some(Term::WorkingDays(most)) if days > most => return wrong("days", t::E_AT_MOST_ORIGINAL.with("days", most)),
        Some(Term::WorkingDays(_)) => {}
        _ => return Err(Error::forbidden(t::E_URGENT_NOT_EXTENDED)),
    }
    case.asked = Some("extension".into());
    case.asked_days = Some(days);
    turn.note("days", days);
    ask(cx, turn, &mut case)
}

pub(super) fn ask_pause(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let until = input.until("until").unwrap_or(0);
    if until <= cx.now || until > cx.now + 180 * time::DAY {
        return wrong("until", t::E_PAUSE_UNTIL);
    }
    if turn.matter.term_class == "urgent" {
        return Err(Error::forbidden(t::E_URGENT_NOT_EXTENDED));
    }
    case.asked = Some("pause".into());
    case.asked_until = Some(until);
    turn.note("because", input.words("because"));
    turn.note("until", until);
    ask(cx, turn, &mut case)
}

pub(super) fn approve(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let handler = case.handler.ok_or(Error::internal("approval without handler"))?;
    turn.met(cx, "approval")?;
    let handler = hand_back(cx, turn, handler)?;
    turn.note("asked", case.asked.clone());
    if case.asked.as_deref() == Some("pause") {
        let until = case.asked_until.unwrap_or(cx.now);
        turn.keep("answer");
        turn.pause(cx, "answer")?;
        turn.pause(cx, "contact")?;
        turn.start_with(cx, "pause", handler, Term::WallClock((until - cx.now).max(time::MINUTE)))?;
        turn.note("until", until);
        turn.go("paused");
    } else {
        let days = case.asked_days.unwrap_or(0).max(1);
        case.extended = true;
        turn.extend(cx, "answer", Term::WorkingDays(days))?;
        turn.note("days", days);
        turn.go("handling");
    }
    case.asked = None;
    store::set_case(cx.tx, &case)
}

pub(super) fn refuse(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let handler = case.handler.ok_or(Error::internal("approval without handler"))?;
    hand_back(cx, turn, handler)?;
    turn.note("asked", case.asked.take());
    turn.say(format!("{}\n{}", input.words("reason"), input.words("way")));
    store::set_case(cx.tx, &case)
}

pub(super) fn resume(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    turn.dropped(cx, "pause")?;
    turn.resume(cx, "answer")?;
    turn.resume(cx, "contact")
}

pub(super) fn answer(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let outcome = input.words("outcome").to_owned();
    if outcome == "explained" && input.text("way").is_none() {
        return wrong("way", linli_core::t::REQUIRED);
    }
    let unit = own_unit(turn)?;
    if super::left_to_another(cx, turn.matter, &case, unit)? {
        return Err(Error::forbidden(t::E_REDO_ANOTHER));
    }
    if let Some(way) = input.text("way") {
        turn.say(format!("{}\n{way}", input.words("words")));
    }
    for stage in ["sign", "contact", "answer"] {
        turn.met(cx, stage)?;
    }
    turn.dropped(cx, "return")?;
    turn.note("outcome", outcome.clone());
    turn.count(format!("outcome:{outcome}"));
    turn.count(format!("answered.{outcome}:{unit}"));
    case.outcome = Some(outcome);
    case.answered_by = cx.actor.person;
    case.handler = Some(unit);
    store::set_case(cx.tx, &case)
}
