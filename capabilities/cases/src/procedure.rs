//! The procedure of a case (诉求): from report to verdict, as a table. And the procedure of a task: a unit's share of it.
use crate::store::{self, Case};
use crate::{rules, t};
use linli_core::{
    Choice, Cx, Error, Field, FieldKind, Input, MatterId, PersonId, Relation, Result, Role, Rule, UnitId, time,
};
use linli_matters::{Clocked, Move, NewMatter, Procedure, Readers, Seed, State, Turn, unit_of, wrong};
use serde_json::{Map, json};
use work_calendar::Term;

use Clocked::{End, Stage};
use FieldKind::{Files, Unit, Words};
use Relation::{Above, AboveOwner, Assignee, Desk, Neighbour, Party, Place, Public, Reporter};
use Role::{Anyone, Dispatcher, GroupLeader, Handler, Head, Resident, Supervisor, System, Worker};

/// Who sees a case.
pub const VIEW: &str = "case.view";
/// Who lists cases of a unit.
pub const LIST: &str = "case.list";
/// Who reports.
pub const REPORT: &str = "case.report";
/// Who reports for a resident.
pub const REPORT_FOR: &str = "case.report_for";

/// Those whose turn it is at a unit.
const DESK: &[(Role, Relation)] = &[(Worker, Desk), (Head, Desk), (Handler, Desk), (Dispatcher, Desk)];
/// Those who sit above the owner and rule.
const RULER: &[(Role, Relation)] = &[(Dispatcher, Desk)];
const SELF: &[(Role, Relation)] = &[(Resident, Reporter)];
const CLOCK: &[(Role, Relation)] = &[(System, Relation::Any)];

const WORDS: FieldKind = Words { min: 2, max: 2000 };
const fn words(label: linli_core::Text) -> Field {
    Field::required("words", label, WORDS)
}
const PHOTOS: Field = Field::new("files", t::F_FILES, Files { max: 6 });
const REASON: Field = Field::required("reason", t::F_REASON, WORDS);
const WAY: Field = Field::required("way", t::F_WAY, WORDS).hint(t::F_WAY_HINT);

const RETURN_REASONS: &[Choice] = &[
    Choice { code: "not_ours", label: t::RETURN_NOT_OURS },
    Choice { code: "wrong_place", label: t::RETURN_WRONG_PLACE },
    Choice { code: "lacks_information", label: t::RETURN_LACKS_INFORMATION },
    Choice { code: "same_as_other", label: t::RETURN_SAME_AS_OTHER },
];
const OUTCOMES: &[Choice] = &[
    Choice { code: "solved", label: t::OUTCOME_SOLVED },
    Choice { code: "partly", label: t::OUTCOME_PARTLY },
    Choice { code: "explained", label: t::OUTCOME_EXPLAINED },
];
const PAUSE_REASONS: &[Choice] = &[
    Choice { code: "reporter", label: t::PAUSE_REPORTER },
    Choice { code: "parts", label: t::PAUSE_PARTS },
    Choice { code: "weather", label: t::PAUSE_WEATHER },
    Choice { code: "decision", label: t::PAUSE_DECISION },
];
const SATISFACTION: &[Choice] = &[
    Choice { code: "satisfied", label: t::VERDICT_SATISFIED },
    Choice { code: "dissatisfied", label: t::VERDICT_DISSATISFIED },
];
const SOLVED: &[Choice] = &[Choice { code: "yes", label: t::SOLVED_YES }, Choice { code: "no", label: t::SOLVED_NO }];
const OPEN: &[&str] = &["received", "dispatched", "handling", "approval", "paused", "ruling", "answered", "review"];

const fn state(name: &'static str, label: linli_core::Text, told: linli_core::Text, clock: Clocked) -> State {
    State { name, label, told, clock }
}

/// A move with the usual defaults; the table below says only what differs.
const fn mv(
    act: &'static str,
    label: linli_core::Text,
    told: linli_core::Text,
    from: &'static [&'static str],
    to: &'static [&'static str],
) -> Move {
    let (who, input, effect): (&[_], &[_], linli_matters::Effect) = (DESK, &[], |_, _, _| Ok(()));
    Move {
        act,
        label,
        told,
        from,
        to,
        who,
        input,
        words: None,
        readers: Readers::All,
        refusal: false,
        spawns: &[],
        effect,
    }
}

/// The case procedure.
pub static CASE: Procedure = Procedure {
    kind: "case",
    version: 1,
    label: t::KIND_CASE,
    first: &["received", "dispatched"],
    view: VIEW,
    states: &[
        state("received", t::S_RECEIVED, t::TOLD_RECEIVED, Stage("sign")),
        state("dispatched", t::S_DISPATCHED, t::TOLD_DISPATCHED, Stage("sign")),
        state("handling", t::S_HANDLING, t::TOLD_HANDLING, Stage("answer")),
        state("approval", t::S_APPROVAL, t::TOLD_HANDLING, Stage("approval")),
        state("paused", t::S_PAUSED, t::TOLD_PAUSED, Stage("pause")),
        state("ruling", t::S_RULING, t::TOLD_RULING, Stage("ruling")),
        state("answered", t::S_ANSWERED, t::TOLD_ANSWERED, Stage("verdict")),
        state("review", t::S_REVIEW, t::TOLD_REVIEW, Stage("review")),
        state("closed", t::S_CLOSED, t::TOLD_CLOSED, End),
    ],
    policy: &[
        Rule::new(VIEW, Resident, Reporter),
        Rule::new(VIEW, Worker, Place),
        Rule::new(VIEW, Head, Place),
        Rule::new(VIEW, Worker, Desk),
        Rule::new(VIEW, Head, Desk),
        Rule::new(VIEW, Handler, Desk),
        Rule::new(VIEW, Handler, Party),
        Rule::new(VIEW, Dispatcher, Desk),
        Rule::new(VIEW, Dispatcher, Above),
        Rule::new(VIEW, Dispatcher, AboveOwner),
        Rule::new(VIEW, Dispatcher, Party),
        Rule::new(VIEW, Supervisor, Above),
        Rule::new(VIEW, Supervisor, AboveOwner),
        Rule::new(VIEW, Resident, Assignee),
        Rule::new(VIEW, Resident, Neighbour),
        Rule::new(VIEW, GroupLeader, Relation::Reporter),
        Rule::new(VIEW, Anyone, Public),
        Rule::new(VIEW, System, Relation::Any),
        Rule::new(LIST, Worker, Desk),
        Rule::new(LIST, Worker, Place),
        Rule::new(LIST, Head, Desk),
        Rule::new(LIST, Head, Place),
        Rule::new(LIST, Handler, Desk),
        Rule::new(LIST, Dispatcher, Desk),
        Rule::new(LIST, Dispatcher, Above),
        Rule::new(LIST, Supervisor, Above),
        Rule::new(LIST, Resident, Neighbour),
        Rule::new(LIST, Anyone, Public),
        Rule::new(REPORT, Resident, Relation::Any),
        Rule::new(REPORT_FOR, Worker, Place),
        Rule::new(REPORT_FOR, Head, Place),
    ],
    born: |_, _| Err(Error::internal("a case is reported, not spawned")),
    moves: &[
        Move {
            readers: Readers::Party,
            effect: sign,
            ..mv("case.sign", t::M_SIGN, t::TOLD_SIGN, &["received", "dispatched"], &["handling"])
        },
        Move {
            input: &[
                Field::new("unit", t::F_UNIT, Unit { picker: "dispatch" }).hint(t::F_UNIT_HINT),
                Field::new("words", t::F_NOTE, WORDS),
            ],
            words: Some("words"),
            readers: Readers::Staff,
            effect: dispatch,
            ..mv("case.dispatch", t::M_DISPATCH, t::TOLD_DISPATCH, &["received", "handling"], &["dispatched"])
        },
        Move {
            input: &[
                Field::required("reason", t::F_RETURN_REASON, FieldKind::Choice(RETURN_REASONS)),
                Field::required("way", t::F_RETURN_WAY, WORDS).hint(t::F_RETURN_WAY_HINT),
                PHOTOS,
            ],
            words: Some("way"),
            readers: Readers::Staff,
            refusal: true,
            effect: give_back,
            ..mv("case.return", t::M_RETURN, t::TOLD_RETURN, &["dispatched", "handling"], &["received", "ruling"])
        },
        Move {
            who: RULER,
            input: &[
                Field::required("unit", t::F_UNIT, Unit { picker: "ruling" }),
                words(t::F_RULING_WHY),
                Field::new("make_rule", t::F_MAKE_RULE, FieldKind::Yes),
            ],
            words: Some("words"),
            readers: Readers::Staff,
            effect: rule,
            ..mv("case.rule", t::M_RULE, t::TOLD_RULE, &["ruling"], &["dispatched"])
        },
        Move {
            input: &[REASON, WAY],
            words: Some("way"),
            refusal: true,
            effect: decline,
            ..mv("case.decline", t::M_DECLINE, t::TOLD_DECLINE, &["received"], &["answered"])
        },
        Move {
            input: &[words(t::F_CONTACT)],
            words: Some("words"),
            readers: Readers::Party,
            effect: contact,
            ..mv("case.contact", t::M_CONTACT, t::TOLD_CONTACT, &["received", "dispatched", "handling"], &[])
        },
        Move {
            input: &[Field::required("person", t::F_PERSON, FieldKind::Colleague)],
            readers: Readers::Staff,
            effect: assign,
            ..mv("case.assign", t::M_ASSIGN, t::TOLD_ASSIGN, &["received", "dispatched", "handling"], &[])
        },
        Move {
            input: &[words(t::F_NOTE), PHOTOS],
            words: Some("words"),
            readers: Readers::Staff,
            ..mv("case.note", t::M_NOTE, t::TOLD_NOTE, OPEN, &[])
        },
        Move {
            input: &[words(t::F_PROGRESS), PHOTOS],
            words: Some("words"),
            ..mv("case.progress", t::M_PROGRESS, t::TOLD_PROGRESS, &["handling", "approval", "paused"], &[])
        },
        Move {
            input: &[Field::required("unit", t::F_ASSIST_UNIT, Unit { picker: "dispatch" }), words(t::F_ASSIST)],
            words: Some("words"),
            readers: Readers::Staff,
            spawns: &["task"],
            effect: assist,
            ..mv("case.assist", t::M_ASSIST, t::TOLD_ASSIST, &["handling"], &[])
        },
        Move {
            input: &[Field::required("days", t::F_DAYS, FieldKind::Number { min: 1, max: 60 }), words(t::F_WHY_LONGER)],
            words: Some("words"),
            readers: Readers::Party,
            effect: ask_extension,
            ..mv("case.ask_extension", t::M_ASK_EXTENSION, t::TOLD_ASK_EXTENSION, &["handling"], &["approval"])
        },
        Move {
            input: &[
                Field::required("because", t::F_PAUSE_REASON, FieldKind::Choice(PAUSE_REASONS)),
                Field::required("until", t::F_UNTIL, FieldKind::Date),
                words(t::F_WHY_PAUSE),
            ],
            words: Some("words"),
            readers: Readers::Party,
            effect: ask_pause,
            ..mv("case.ask_pause", t::M_ASK_PAUSE, t::TOLD_ASK_PAUSE, &["handling"], &["approval"])
        },
        Move {
            who: RULER,
            input: &[Field::new("words", t::F_NOTE, WORDS)],
            words: Some("words"),
            readers: Readers::Party,
            effect: approve,
            ..mv("case.approve", t::M_APPROVE, t::TOLD_APPROVE, &["approval"], &["handling", "paused"])
        },
        Move {
            who: RULER,
            input: &[REASON, WAY],
            words: Some("way"),
            readers: Readers::Party,
            refusal: true,
            effect: refuse,
            ..mv("case.refuse", t::M_REFUSE, t::TOLD_REFUSE, &["approval"], &["handling"])
        },
        Move {
            readers: Readers::Party,
            effect: resume,
            ..mv("case.resume", t::M_RESUME, t::TOLD_RESUME, &["paused"], &["handling"])
        },
        Move {
            who: CLOCK,
            readers: Readers::Party,
            effect: resume,
            ..mv("case.pause_over", t::M_PAUSE_OVER, t::TOLD_RESUME, &["paused"], &["handling"])
        },
        Move {
            input: &[
                Field::required("outcome", t::F_OUTCOME, FieldKind::Choice(OUTCOMES)),
                Field::required("words", t::F_ANSWER, Words { min: 8, max: 2000 }).hint(t::F_ANSWER_HINT),
                Field::new("way", t::F_WAY, WORDS).hint(t::F_EXPLAINED_WAY_HINT),
                PHOTOS,
            ],
            words: Some("words"),
            effect: answer,
            ..mv("case.answer", t::M_ANSWER, t::TOLD_ANSWER, &["received", "handling"], &["answered"])
        },
        Move {
            who: SELF,
            input: &[
                Field::required("solved", t::F_SOLVED, FieldKind::Choice(SOLVED)),
                Field::required("satisfaction", t::F_SATISFACTION, FieldKind::Choice(SATISFACTION)),
                Field::new("words", t::F_VERDICT_WORDS, Words { min: 0, max: 1000 }),
                PHOTOS,
            ],
            words: Some("words"),
            effect: verdict,
            ..mv(
                "case.verdict",
                t::M_VERDICT,
                t::TOLD_VERDICT,
                &["answered"],
                &["closed", "handling", "received", "review"],
            )
        },
        Move {
            who: &[(Worker, Place), (Head, Place), (Dispatcher, Above), (Supervisor, Above)],
            input: &[
                Field::required("solved", t::F_SOLVED, FieldKind::Choice(SOLVED)),
                Field::required("satisfaction", t::F_SATISFACTION, FieldKind::Choice(SATISFACTION)),
                Field::required("words", t::F_VERDICT_SAID, Words { min: 2, max: 1000 }),
            ],
            words: Some("words"),
            effect: verdict_for,
            ..mv(
                "case.verdict_for",
                t::M_VERDICT_FOR,
                t::TOLD_VERDICT_FOR,
                &["answered"],
                &["closed", "handling", "received", "review"],
            )
        },
        Move { who: CLOCK, effect: lapse, ..mv("case.lapse", t::M_LAPSE, t::TOLD_LAPSE, &["answered"], &["closed"]) },
        Move {
            who: RULER,
            input: &[REASON, Field::required("way", t::F_PATHS, WORDS).hint(t::F_PATHS_HINT)],
            words: Some("way"),
            refusal: true,
            effect: end_review,
            ..mv("case.end_review", t::M_END_REVIEW, t::TOLD_END_REVIEW, &["review"], &["closed"])
        },
        Move {
            who: RULER,
            input: &[Field::required("unit", t::F_UNIT, Unit { picker: "ruling" }), words(t::F_REDO_WHY)],
            words: Some("words"),
            effect: order_redo,
            ..mv("case.order_redo", t::M_ORDER_REDO, t::TOLD_ORDER_REDO, &["review"], &["dispatched"])
        },
        Move {
            who: SELF,
            input: &[words(t::F_ADD), PHOTOS],
            words: Some("words"),
            ..mv("case.add", t::M_ADD, t::TOLD_ADD, OPEN, &[])
        },
        Move {
            who: SELF,
            readers: Readers::Party,
            effect: urge,
            ..mv(
                "case.urge",
                t::M_URGE,
                t::TOLD_URGE,
                &["received", "dispatched", "handling", "approval", "ruling", "review"],
                &[],
            )
        },
        Move {
            who: SELF,
            input: &[words(t::F_WITHDRAW)],
            words: Some("words"),
            effect: withdraw,
            ..mv(
                "case.withdraw",
                t::M_WITHDRAW,
                t::TOLD_WITHDRAW,
                &["received", "dispatched", "handling", "approval", "paused", "ruling", "answered", "review"],
                &["closed"],
            )
        },
        Move {
            who: &[
                (Resident, Reporter),
                (Worker, Place),
                (Head, Place),
                (Handler, Party),
                (Dispatcher, Party),
                (Supervisor, Above),
            ],
            input: &[Field::required("seq", t::F_SEQ, FieldKind::Number { min: 1, max: 100_000 })],
            readers: Readers::Party,
            effect: erase,
            ..mv(
                "case.erase",
                t::M_ERASE,
                t::TOLD_ERASE,
                &["received", "dispatched", "handling", "approval", "paused", "ruling", "answered", "review", "closed"],
                &[],
            )
        },
        Move {
            who: &[
                (Worker, Desk),
                (Head, Desk),
                (Dispatcher, Desk),
                (Worker, Place),
                (Head, Place),
                (Dispatcher, Above),
            ],
            input: &[Field::required("category", t::F_CATEGORY, FieldKind::Category)],
            readers: Readers::Party,
            effect: recategorise,
            ..mv("case.recategorise", t::M_RECATEGORISE, t::TOLD_RECATEGORISE, OPEN, &[])
        },
        Move {
            who: &[(Worker, Desk), (Head, Desk), (Handler, Desk), (Dispatcher, Desk), (Worker, Place), (Head, Place)],
            input: &[Field::required("other", t::F_OTHER, FieldKind::Matter)],
            readers: Readers::Party,
            effect: link,
            ..mv("case.link", t::M_LINK, t::TOLD_LINK, OPEN, &[])
        },
        Move {
            who: &[(Supervisor, Above), (Supervisor, AboveOwner)],
            input: &[words(t::F_INSTRUCTION)],
            words: Some("words"),
            readers: Readers::Party,
            effect: instruct,
            ..mv("case.instruct", t::M_INSTRUCT, t::TOLD_INSTRUCT, OPEN, &[])
        },
        Move {
            who: &[(Supervisor, Above), (Dispatcher, Above)],
            input: &[Field::required("solved", t::F_CALLED_SOLVED, FieldKind::Choice(SOLVED)), words(t::F_CALL_BACK)],
            words: Some("words"),
            readers: Readers::Party,
            effect: call_back,
            ..mv("case.call_back", t::M_CALL_BACK, t::TOLD_CALL_BACK, &["answered", "closed"], &[])
        },
        Move {
            who: CLOCK,
            readers: Readers::Party,
            effect: escalate,
            ..mv(
                "case.overdue",
                t::M_OVERDUE,
                t::TOLD_OVERDUE,
                &["received", "dispatched", "handling", "approval", "ruling", "review"],
                &[],
            )
        },
        Move {
            who: CLOCK,
            readers: Readers::Party,
            effect: |cx, turn, _| turn.recalendar(cx),
            ..mv("case.recount", t::M_RECOUNT, t::TOLD_RECOUNT, OPEN, &[])
        },
        Move {
            who: CLOCK,
            input: linli_matters::HANDED_OVER,
            effect: linli_matters::handed_over,
            ..mv("case.handed_over", t::M_HANDED_OVER, t::TOLD_HANDED_OVER, OPEN, &[])
        },
    ],
};

fn load(cx: &mut Cx<'_, '_>, turn: &Turn<'_>) -> Result<Case> {
    store::case(cx.tx, turn.matter.id)?.ok_or(Error::internal("case without its row"))
}

/// The unit of the mover; only posts make desk moves.
fn own_unit(turn: &Turn<'_>) -> Result<UnitId> {
    turn.seat.unit().or(turn.matter.owner).ok_or(Error::internal("move without unit"))
}

fn superior(cx: &mut Cx<'_, '_>, unit: UnitId, named: Option<UnitId>) -> Result<UnitId> {
    let units = linli_registry::units(cx)?;
    let unit = units.current(unit);
    // A town's superior is the operations centre, where there is one: the root itself has no desk.
    let next = |unit| units.dispatch_above(unit).or(units.ops()).filter(|above| *above != unit);
    let mut above = next(unit);
    while let Some(a) = above.filter(|a| rules::names(&units, named, *a)) {
        above = next(a);
    }
    above.ok_or(Error::forbidden(t::E_NO_SUPERIOR))
}

/// Hands a matter back to a unit that had it before, or to whoever stands for it now.
fn hand_back(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, unit: UnitId) -> Result<UnitId> {
    let unit = linli_registry::units(cx)?.heir(unit);
    turn.hand_to(unit);
    Ok(unit)
}

fn sign(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
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

/// Sends the case to a unit: the one named, or the one that the rules say. What decided is stored with the act.
fn dispatch(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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
fn receivable(cx: &mut Cx<'_, '_>, turn: &Turn<'_>, unit: UnitId, from: UnitId, field: &str) -> Result<()> {
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
fn send(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, case: &mut Case, unit: UnitId) -> Result<()> {
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

fn give_back(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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

fn rule(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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

fn decline(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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

fn contact(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    if case.contacted.is_none() {
        case.contacted = Some(cx.now);
    }
    turn.met(cx, "contact")?;
    store::set_case(cx.tx, &case)
}

fn assign(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let unit = own_unit(turn)?;
    let person: Option<PersonId> = input.id("person");
    let known = linli_registry::staff(cx, unit)?.iter().any(|s| Some(s.1) == person);
    if !known {
        return wrong("person", t::E_NOT_COLLEAGUE);
    }
    turn.assign(person);
    Ok(())
}

fn assist(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let unit = unit_of(input, "unit")?;
    let from = own_unit(turn)?;
    receivable(cx, turn, unit, from, "unit")?;
    turn.spawn(cx, "task", unit, input.words("words"), json!({"from": from}))?;
    turn.note("unit", unit.to_string());
    turn.count(format!("called_in:{unit}"));
    Ok(())
}

/// Who approves: the superior of the unit that handles.
fn ask(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, case: &mut Case) -> Result<()> {
    let unit = own_unit(turn)?;
    case.handler = Some(unit);
    let judge = superior(cx, unit, turn.matter.named)?;
    turn.keep("answer");
    turn.hand_to(judge);
    store::set_case(cx.tx, case)
}

/// The answer stage's original term, without what was granted since.
fn original_term(turn: &Turn<'_>) -> Option<Term> {
    turn.clock("answer").and_then(|c| match c.events.first() {
        Some(work_calendar::Event::Started { term, .. }) => Some(*term),
        _ => None,
    })
}

fn ask_extension(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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

fn ask_pause(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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

fn approve(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
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

fn refuse(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let handler = case.handler.ok_or(Error::internal("approval without handler"))?;
    hand_back(cx, turn, handler)?;
    turn.note("asked", case.asked.take());
    turn.say(format!("{}\n{}", input.words("reason"), input.words("way")));
    store::set_case(cx.tx, &case)
}

fn resume(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    turn.dropped(cx, "pause")?;
    turn.resume(cx, "answer")?;
    turn.resume(cx, "contact")
}

fn answer(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let outcome = input.words("outcome").to_owned();
    if outcome == "explained" && input.text("way").is_none() {
        return wrong("way", linli_core::t::REQUIRED);
    }
    let unit = own_unit(turn)?;
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

/// The resident's verdict is a fact beside the unit's claim. Not satisfied: redone by another person, or by the superior when
/// there is no other; the second time the dispatching level reviews.
fn verdict(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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
        let now = linli_registry::units(cx)?.heir(unit);
        let other = linli_registry::staff(cx, now)?
            .into_iter()
            .filter(|s| matches!(s.2, Worker | Head | Handler | Dispatcher))
            .map(|s| s.1)
            .find(|p| Some(*p) != case.answered_by);
        match other {
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

/// Whoever has no telephone screen tells the verdict by word of mouth: somebody who did not answer the case writes it down.
fn verdict_for(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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

fn lapse(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let case = load(cx, turn)?;
    if let Some(unit) = case.handler {
        turn.count(format!("verdict.none:{unit}"));
    }
    turn.dropped(cx, "verdict")
}

fn end_review(_: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    turn.say(format!("{}\n{}", input.words("reason"), input.words("way")));
    turn.count("reviewed");
    Ok(())
}

fn order_redo(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let (judge, unit) = (own_unit(turn)?, unit_of(input, "unit")?);
    receivable(cx, turn, unit, judge, "unit")?;
    turn.matter.redo += 1;
    case.ruled = true;
    case.sender = Some(judge);
    send(cx, turn, &mut case, unit)?;
    store::set_case(cx.tx, &case)
}

fn urge(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let last = linli_matters::acts_of(cx, turn.matter.id, "case.urge")?;
    if last.first().is_some_and(|a| cx.now - a.at < time::DAY) {
        return Err(Error::forbidden(t::E_URGED_TODAY));
    }
    if let Some(unit) = turn.matter.owner {
        turn.count(format!("urged:{unit}"));
    }
    Ok(())
}

fn withdraw(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    for stage in ["sign", "answer", "ruling", "approval", "verdict", "review", "pause"] {
        turn.dropped(cx, stage)?;
    }
    case.outcome = Some("withdrawn".into());
    turn.count("outcome:withdrawn");
    store::set_case(cx.tx, &case)
}

fn erase(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let seq = input.number("seq").unwrap_or(0);
    linli_matters::erase(cx, turn.matter, seq)?;
    turn.note("seq", seq);
    turn.reindex();
    Ok(())
}

fn recategorise(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
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

fn link(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let other = linli_matters::link(cx, turn.matter.id, input.words("other"), "related")?;
    turn.note("other", other.to_string());
    Ok(())
}

fn instruct(_: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    turn.matter.supervised = true;
    if let Some(unit) = turn.matter.owner {
        turn.count(format!("supervised:{unit}"));
    }
    Ok(())
}

fn call_back(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let mut case = load(cx, turn)?;
    let solved = input.words("solved") == "yes";
    case.called_solved = Some(solved);
    turn.note("solved", solved);
    if let Some(unit) = case.handler {
        turn.count(format!("called.{}:{unit}", if solved { "solved" } else { "unsolved" }));
    }
    store::set_case(cx.tx, &case)
}

/// A stage is over its time: the superior of the unit that owes it becomes a party and finds it on its duty view.
fn escalate(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, _: &Input) -> Result<()> {
    let Some(owner) = turn.matter.owner else { return Ok(()) };
    // Where there is no superior the overdue stage stands in the duty view alone.
    if let Ok(above) = superior(cx, owner, turn.matter.named) {
        turn.take_part(above);
        turn.note("escalated_to", above.to_string());
    }
    Ok(())
}

/// A task (协办): another unit's share of a case; the reporter gets one answer, from the lead.
pub static TASK: Procedure = Procedure {
    kind: "task",
    version: 1,
    label: t::KIND_TASK,
    first: &["sent"],
    view: "task.view",
    states: &[
        state("sent", t::S_SENT, t::TOLD_HANDLING, Stage("sign")),
        state("doing", t::S_DOING, t::TOLD_HANDLING, Stage("answer")),
        state("done", t::S_DONE, t::TOLD_CLOSED, End),
    ],
    policy: &[
        Rule::new("task.view", Worker, Desk),
        Rule::new("task.view", Head, Desk),
        Rule::new("task.view", Handler, Desk),
        Rule::new("task.view", Dispatcher, Desk),
        Rule::new("task.view", Worker, Party),
        Rule::new("task.view", Head, Party),
        Rule::new("task.view", Handler, Party),
        Rule::new("task.view", Dispatcher, Party),
        Rule::new("task.view", Dispatcher, Above),
        Rule::new("task.view", Supervisor, Above),
        Rule::new("task.view", System, Relation::Any),
    ],
    born: task_born,
    moves: &[
        Move { readers: Readers::Staff, ..mv("task.sign", t::M_SIGN, t::TOLD_SIGN, &["sent"], &["doing"]) },
        Move {
            input: &[words(t::F_TASK_RESULT), PHOTOS],
            words: Some("words"),
            readers: Readers::Staff,
            ..mv("task.done", t::M_TASK_DONE, t::TOLD_TASK_DONE, &["sent", "doing"], &["done"])
        },
        Move {
            input: &[REASON, WAY],
            words: Some("way"),
            readers: Readers::Staff,
            refusal: true,
            effect: |_, turn, input| {
                turn.say(format!("{}\n{}", input.words("reason"), input.words("way")));
                Ok(())
            },
            ..mv("task.return", t::M_RETURN, t::TOLD_RETURN, &["sent", "doing"], &["done"])
        },
        Move {
            input: &[words(t::F_NOTE), PHOTOS],
            words: Some("words"),
            readers: Readers::Staff,
            ..mv("task.note", t::M_NOTE, t::TOLD_NOTE, &["sent", "doing"], &[])
        },
        Move {
            who: CLOCK,
            readers: Readers::Staff,
            effect: |cx, turn, _| turn.recalendar(cx),
            ..mv("task.recount", t::M_RECOUNT, t::TOLD_RECOUNT, &["sent", "doing"], &[])
        },
        Move {
            who: CLOCK,
            input: linli_matters::HANDED_OVER,
            effect: linli_matters::handed_over,
            ..mv("task.handed_over", t::M_HANDED_OVER, t::TOLD_HANDED_OVER, &["sent", "doing"], &[])
        },
    ],
};

fn task_born(cx: &mut Cx<'_, '_>, seed: &Seed) -> Result<MatterId> {
    let parent = linli_matters::matter(cx, seed.parent)?;
    let units = linli_registry::units(cx)?;
    let facts = linli_core::Facts { owner_path: units.path(seed.unit).to_vec(), ..Default::default() };
    let system = linli_core::Actor::system();
    let seat = cx.as_actor(&system, |cx| cx.may("task.view", "task.view", &facts))?;
    let new = NewMatter {
        kind: "task",
        state: "sent",
        act: "task.open",
        title: linli_matters::rules::title(&seed.words),
        category: parent.category.clone(),
        term_class: parent.term_class.clone(),
        place: parent.place,
        place_name: parent.place_name.clone(),
        within: parent.committee,
        committee: parent.committee,
        owner: seed.unit,
        assignee: None,
        reporter: None,
        audience: None,
        named: parent.named,
        parent: Some(parent.id),
        words: seed.words.clone(),
        files: Vec::new(),
        data: Map::from_iter([("from".to_owned(), seed.data["from"].clone())]),
        counts: Vec::new(),
        stages: Vec::new(),
    };
    Ok(linli_matters::open(cx, &seat, new)?.id)
}
