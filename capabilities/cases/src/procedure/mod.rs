//! The procedure of a case (诉求): from report to verdict, as a table. What its moves do stands in the files beside it.
mod handling;
mod judging;
mod keeping;
mod sending;
mod task;

pub use task::TASK;

use crate::store::{self, Case};
use crate::{rules, t};
use handling::{answer, approve, ask_extension, ask_pause, assign, contact, decline, refuse, resume, sign};
pub(crate) use judging::left_to_another;
use judging::{call_back, end_review, lapse, verdict, verdict_for};
use keeping::{erase, escalate, instruct, link, recategorise, urge, withdraw};
use linli_core::{Choice, Cx, Error, Field, FieldKind, Relation, Result, Role, Rule, UnitId};
use linli_matters::{Clocked, Move, Procedure, Readers, State, Turn};
use sending::{assist, dispatch, give_back, order_redo, rule};

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
