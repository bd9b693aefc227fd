//! What does not move a case on: urging, instructing, correcting, linking, erasing; withdrawing it; being late.
use super::{load, superior};
use crate::{store, t};
use linli_core::{Cx, Error, Input, Result, time};
use linli_matters::{Turn, wrong};

pub(super) fn urge(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let last = linli_matters::acts_of(cx, turn.matter.id, "case.urge")?;
    if last.first().is_some_and(|a| cx.now - a.at < time::DAY) {
        return Err(Error::forbidden(t::E_URGED_TODAY));
    }
    if let Some(unit) = turn.matter.owner {
        turn.count(format!("urged:{unit}"));
    }
    Ok(())
}

pub(super) fn withdraw(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    for stage in ["sign", "answer", "ruling", "approval", "verdict", "review", "pause"] {
        turn.dropped(cx, stage)?;
    }
    case.outcome = Some("withdrawn".into());
    turn.count("outcome:withdrawn");
    store::set_case(cx.tx, &case)
}

pub(super) fn erase(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let seq = input.number("seq").unwrap_or(0);
    linli_matters::erase(cx, turn.matter, seq)?;
    turn.note("seq", seq);
    turn.reindex();
    Ok(())
}

pub(super) fn recategorise(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let code = input.words("category");
    let categories = crate::categories(cx)?;
    let Some(category) = categories.iter().find(|c| c.code == code) else { return wrong("category", t::E_CATEGORY) };
    turn.note("from", turn.matter.category.clone());
    turn.note("category", code);
    turn.matter.category = code.to_owned();
    // A private matter stays private; a public one becomes private when its new category is.
    if category.audience == "private" {
        turn.matter.audience = None;
    }
    turn.reindex();
    Ok(())
}

pub(super) fn link(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let other = linli_matters::link(cx, turn.matter.id, input.words("other"), "related")?;
    turn.note("other", other.to_string());
    Ok(())
}

pub(super) fn instruct(_: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    turn.matter.supervised = true;
    if let Some(unit) = turn.matter.owner {
        turn.count(format!("supervised:{unit}"));
    }
    Ok(())
}

/// A stage is over its time: the superior of the unit that owes it becomes a party and finds it on its duty view.
pub(super) fn escalate(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let Some(owner) = turn.matter.owner else { return Ok(()) };
    // Where there is no superior the overdue stage stands in the duty view alone.
    if let Ok(above) = superior(cx, owner, turn.matter.named) {
        turn.take_part(above);
        turn.note("escalated_to", above.to_string());
    }
    Ok(())
}
