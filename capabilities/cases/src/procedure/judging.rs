//! After the answer: the resident's verdict, silence, review, the independent call-back.
use super::{hand_back, load, superior};
use crate::{Case, store, t};
use Role::{Dispatcher, Handler, Head, Worker};
use linli_core::{Cx, Error, Input, PersonId, Result, Role, UnitId};
use linli_matters::{Matter, Turn, wrong};

/// The resident's verdict is a fact beside the unit's claim. Not satisfied: redone by another person, or by the superior when
/// there is no other; the second time the dispatching level reviews.
pub(super) fn verdict(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let (solved, satisfied) = (input.words("solved") == "yes", input.words("satisfaction") == "satisfied");
    let unit = case.handler.or(turn.matter.owner).ok_or(Error::internal("answer without unit"))?;
    case.solved = Some(solved);
    case.satisfied = Some(satisfied);
    turn.note("solved", solved);
    turn.note("satisfied", satisfied);
    turn.dropped(cx, "verdict")?;
    turn.count(format!("verdict.{}:{unit}", if satisfied { "satisfied" } else { "dissatisfied" }));
    turn.count(format!("verdict.{}:{unit}", if solved { "solved" } else { "unsolved" }));
    if satisfied {
        turn.go("closed");
        return store::set_case(cx.tx, &case);
    }
    if input.text("words").is_none() {
        return wrong("words", t::E_SAY_WHY);
    }
    case.dissatisfied += 1;
    if case.dissatisfied > 1 {
        let reviewer = superior(cx, turn.matter.committee, turn.matter.named)?;
        turn.hand_to(reviewer);
        turn.go("review");
    } else {
        turn.matter.redo += 1;
        turn.count(format!("redo:{unit}"));
        match another(cx, unit, case.answered_by)? {
            Some(person) => {
                hand_back(cx, turn, unit)?;
                turn.assign(Some(person));
                turn.note("redo_by", "another_person");
                turn.go("handling");
            }
            None => {
                let above = superior(cx, unit, turn.matter.named)?;
                turn.hand_to(above);
                turn.note("redo_by", "superior");
                turn.go("received");
            }
        }
    }
    store::set_case(cx.tx, &case)
}

/// Somebody else of a unit who can do again what one person did.
fn another(cx: &mut Cx<'_, '_>, unit: UnitId, than: Option<PersonId>) -> Result<Option<PersonId>> {
    let now = linli_registry::units(cx)?.heir(unit);
    let staff = linli_registry::staff(cx, now)?.into_iter();
    let mut able = staff.filter(|s| matches!(s.2, Worker | Head | Handler | Dispatcher)).map(|s| s.1);
    Ok(able.find(|p| Some(*p) != than))
}

/// Whether a redone case is left to a colleague: whoever answered it before does not answer it again, as long as the unit has
/// somebody else.
pub(crate) fn left_to_another(cx: &mut Cx<'_, '_>, m: &Matter, case: &Case, unit: UnitId) -> Result<bool> {
    let answered = case.answered_by.is_some() && case.answered_by == cx.actor.person;
    Ok(m.redo > 0 && answered && another(cx, unit, case.answered_by)?.is_some())
}

/// Whoever has no telephone screen tells the verdict by word of mouth: somebody who did not answer the case writes it down.
pub(super) fn verdict_for(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let case = load(cx, turn)?;
    if !case.on_behalf {
        return Err(Error::forbidden(t::E_OWN_VERDICT));
    }
    if case.answered_by.is_some() && case.answered_by == cx.actor.person {
        return Err(Error::forbidden(t::E_ANSWERED_YOURSELF));
    }
    turn.note("on_behalf", true);
    verdict(cx, turn, input)
}

pub(super) fn lapse(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let case = load(cx, turn)?;
    if let Some(unit) = case.handler {
        turn.count(format!("verdict.none:{unit}"));
    }
    turn.dropped(cx, "verdict")
}

pub(super) fn end_review(_: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    turn.say(format!("{}\n{}", input.words("reason"), input.words("way")));
    turn.count("reviewed");
    Ok(())
}

pub(super) fn call_back(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let solved = input.words("solved") == "yes";
    case.called_solved = Some(solved);
    turn.note("solved", solved);
    if let Some(unit) = case.handler {
        turn.count(format!("called.{}:{unit}", if solved { "solved" } else { "unsolved" }));
    }
    store::set_case(cx.tx, &case)
}
