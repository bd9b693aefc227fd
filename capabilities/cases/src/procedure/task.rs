//! The procedure of a task (协办): a unit's share of a case.
use super::{CLOCK, PHOTOS, REASON, WAY, mv, state, words};
use crate::t;
use linli_core::{Cx, Error, MatterId, Relation, Result, Role, Rule};
use linli_matters::{Clocked, Move, NewMatter, Procedure, Readers, Seed};
use serde_json::Map;

use Clocked::{End, Stage};
use Relation::{Above, Desk, Party, Place};
use Role::{Dispatcher, Handler, Head, Supervisor, System, Worker};

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
        Rule::new("task.view", Worker, Place),
        Rule::new("task.view", Head, Place),
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
    // Whoever asks opens it from the own desk, and so takes part: the result is for them.
    let from = seed.data["from"]
        .as_str()
        .and_then(|u| u.parse().ok())
        .ok_or(Error::internal("a task that nobody asks for"))?;
    let facts = linli_core::Facts { owner_path: units.path(from).to_vec(), ..Default::default() };
    let seat = cx.may("task.view", "task.view", &facts)?;
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
