//! Where a case goes: dispatch, return, ruling, and calling in others.
use super::{hand_back, load, own_unit};
use crate::store::{self, Case};
use crate::{rules, t};
use linli_core::{Cx, Error, Input, Result, UnitId};
use linli_matters::{Turn, unit_of, wrong};
use serde_json::json;

/// Sends the case to a unit: the one named, or the one that the rules say. What decided is stored with the act.
pub(super) fn dispatch(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let from = own_unit(turn)?;
    let unit = match input.id::<UnitId>("unit") {
        Some(unit) => {
            turn.note("why", "chosen");
            unit
        }
        None => {
            let route = crate::route_of(cx, turn.matter, "dispatch")?;
            turn.note("why", if route.rule.is_some() { "rule" } else { "default" });
            turn.note("route", serde_json::to_value(&route).map_err(Error::internal)?);
            route.unit
        }
    };
    receivable(cx, turn, unit, from, "unit")?;
    case.sender = Some(from);
    send(cx, turn, &mut case, unit)?;
    store::set_case(cx.tx, &case)
}

/// A unit that exists now, is not the sender, and is not complained about.
pub(super) fn receivable(cx: &mut Cx<'_, '_>, turn: &Turn<'_>, unit: UnitId, from: UnitId, field: &str) -> Result<()> {
    let units = linli_registry::units(cx)?;
    match units.get(unit) {
        Some(u)
            if u.valid_until.is_none()
                && u.function != linli_registry::Function::Group
                && u.function != linli_registry::Function::Estate => {}
        _ => return wrong(field, linli_matters::t::NEEDS_UNIT),
    }
    if unit == from {
        return wrong(field, t::E_SAME_UNIT);
    }
    if rules::names(&units, turn.matter.named, unit) {
        return wrong(field, t::E_NAMED_UNIT);
    }
    Ok(())
}

/// Hands the case to a unit with a fresh signing clock and return window. The resident's answer date, once running, goes on.
pub(super) fn send(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, case: &mut Case, unit: UnitId) -> Result<()> {
    turn.met(cx, "sign")?;
    turn.dropped(cx, "return")?;
    turn.keep("answer");
    turn.reroute(cx, "answer", unit)?;
    turn.reroute(cx, "contact", unit)?;
    turn.hand_to(unit);
    turn.count(format!("dispatched:{unit}"));
    case.dispatched = Some(cx.now);
    case.handler = None;
    if !case.ruled {
        turn.start(cx, "return", unit)?;
    }
    Ok(())
}

pub(super) fn give_back(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let unit = own_unit(turn)?;
    let Some(sender) = case.sender.filter(|_| case.dispatched.is_some()) else {
        return Err(Error::forbidden(t::E_NOT_DISPATCHED));
    };
    if case.ruled {
        return Err(Error::forbidden(t::E_RULED));
    }
    if !turn.clock("return").is_some_and(|c| c.in_time(cx.now)) {
        return Err(Error::forbidden(t::E_WINDOW_OVER));
    }
    case.returns += 1;
    turn.dropped(cx, "return")?;
    turn.dropped(cx, "sign")?;
    turn.keep("answer");
    turn.note("reason", input.words("reason"));
    turn.note("returns", case.returns);
    turn.count(format!("returned:{unit}"));
    case.dispatched = None;
    if case.returns == 1 {
        let sender = hand_back(cx, turn, sender)?;
        turn.reroute(cx, "answer", sender)?;
        turn.go("received");
    } else {
        let units = linli_registry::units(cx)?;
        let mut judge = units.superior_common(sender, unit);
        while rules::names(&units, turn.matter.named, judge) && judge != units.root() {
            judge = units.dispatch_above(judge).unwrap_or(units.root());
        }
        turn.hand_to(judge);
        turn.go("ruling");
    }
    store::set_case(cx.tx, &case)
}

pub(super) fn rule(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let (judge, unit) = (own_unit(turn)?, unit_of(input, "unit")?);
    receivable(cx, turn, unit, judge, "unit")?;
    case.ruled = true;
    case.sender = Some(judge);
    turn.dropped(cx, "return")?;
    send(cx, turn, &mut case, unit)?;
    if input.yes("make_rule") && !turn.matter.category.is_empty() {
        let rule = crate::rule_from_ruling(cx, turn.matter, judge, unit)?;
        turn.note("made_rule", rule.to_string());
    }
    store::set_case(cx.tx, &case)
}

pub(super) fn order_redo(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let (judge, unit) = (own_unit(turn)?, unit_of(input, "unit")?);
    receivable(cx, turn, unit, judge, "unit")?;
    turn.matter.redo += 1;
    case.ruled = true;
    case.sender = Some(judge);
    send(cx, turn, &mut case, unit)?;
    store::set_case(cx.tx, &case)
}

pub(super) fn assist(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let unit = unit_of(input, "unit")?;
    let from = own_unit(turn)?;
    receivable(cx, turn, unit, from, "unit")?;
    turn.spawn(cx, "task", unit, input.words("words"), json!({"from": from}))?;
    turn.note("unit", unit.to_string());
    turn.count(format!("called_in:{unit}"));
    Ok(())
}
