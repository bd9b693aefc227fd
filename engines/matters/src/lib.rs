//! Everything that moves: whose turn it is, and by when.
//!
//! A capability declares a [`Procedure`]; this engine keeps the matter, its timeline of acts, its stage clocks, its desk,
//! its counters and its place in the index. On an open matter the only verb is a move: [`act`].
mod act;
mod clocks;
mod files;
mod hand_over;
mod lists;
mod matter;
mod procedure;
pub mod rules;
mod search;
mod store;
mod story;
mod ticks;
mod turn;

pub use act::{Named, NewMatter, act, act_named, commitment, name, open};
pub use clocks::{StageClock, TERMS, Terms, set_terms, terms};
pub use files::{FileStore, MAX_BYTES, Prepared, holds_file, prepare};
pub use hand_over::{HANDED_OVER, handed_over};
pub use lists::{After, Ask, Listed, Number, answered, due_before, list, number};
pub use matter::{Matter, Seen, see, see_id};
pub use procedure::{Clocked, Effect, Kinds, Move, Procedure, Readers, Seed, State};
pub use search::reindex;
pub use store::{Act, Alarm, FileRow};
pub use story::{Reading, Sought, Story, day, erase, file, holds, link, moves, read, seek, seek_at, seek_id, story};
pub use ticks::raise;
pub use turn::{Turn, unit_of, wrong};

use linli_core::{Cx, Error, JobKind, Listener, MatterId, Module, PlaceId, RawInput, Result, UnitId};
use std::collections::HashMap;
use uuid::Uuid;

linli_texts::texts!();

/// What the engine tells the house.
pub const MODULE: Module = Module::named("matters")
    .texts(TEXTS)
    .listens(&[
        Listener { name: "matters.recount", kind: "registry.calendar", run: ticks::recount_provisional },
        Listener { name: "matters.boundary", kind: "registry.boundary", run: hand_over::boundary },
    ])
    .jobs(&[JobKind { kind: hand_over::JOB, run: hand_over::walk }])
    .ticks(ticks::TICKS);

/// What a mover gave: the fields as they came, and whether unknown fields are refused (JSON) or passed over (forms).
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The fields.
    pub raw: RawInput,
    /// Refuse fields that the move does not declare.
    pub strict: bool,
}

impl From<RawInput> for Given {
    fn from(raw: RawInput) -> Given {
        Given { raw, strict: false }
    }
}

/// The newest procedure of a kind: what a new matter begins with.
pub fn kind(cx: &Cx<'_, '_>, kind: &str) -> Result<&'static Procedure> {
    cx.part::<Kinds>()?.get(kind).ok_or_else(|| Error::internal(format!("no procedure {kind}")))
}

/// The procedure a matter began with: a newer version changes nothing for it.
pub fn procedure_of(cx: &Cx<'_, '_>, m: &Matter) -> Result<&'static Procedure> {
    let found = cx.part::<Kinds>()?.version(&m.kind, m.version);
    found.ok_or_else(|| Error::internal(format!("no procedure {} version {}", m.kind, m.version)))
}

/// Acts of one move on a matter, newest first.
pub fn acts_of(cx: &mut Cx<'_, '_>, matter: MatterId, act: &str) -> Result<Vec<Act>> {
    store::acts_of(cx.tx, matter, act)
}

/// A matter without authorising: for modules that act on it within their own use case.
pub fn matter(cx: &mut Cx<'_, '_>, id: MatterId) -> Result<Matter> {
    store::by_id(cx.tx, id)?.ok_or(Error::NotFound)
}

/// Open matters at a place that the actor may see, for "has somebody reported this already?".
pub fn open_at(cx: &mut Cx<'_, '_>, place: PlaceId) -> Result<Vec<Matter>> {
    let audiences = cx.actor.audiences();
    lists::open_at(cx, place, &audiences)
}

/// Number and title of the open matters at places, newest first, as far as the actor may see them; at most 1,000 in all.
pub fn open_by_place(cx: &mut Cx<'_, '_>, places: &[PlaceId]) -> Result<HashMap<PlaceId, Vec<(String, String)>>> {
    let units = linli_registry::units(cx)?;
    let mut by_place: HashMap<PlaceId, Vec<(String, String)>> = HashMap::new();
    for m in store::open_at_places(cx.tx, places)? {
        // Parties are left out: whoever goes through a list of places works where they lie.
        let seen = cx.could(kind(cx, &m.kind)?.view, &m.facts(&units, Vec::new())).is_some();
        if let Some(place) = m.place.filter(|_| seen) {
            by_place.entry(place).or_default().push((m.number, m.title));
        }
    }
    Ok(by_place)
}

/// The newest matters within a unit without their titles, for replaying a rule on them; the caller has a seat for the rule.
pub fn recent(cx: &mut Cx<'_, '_>, unit: UnitId, ask: &Ask) -> Result<Listed> {
    let mut listed = lists::within_unit(cx, unit, ask)?;
    for m in &mut listed.items {
        m.title.clear();
    }
    Ok(listed)
}

/// Sums by dimension over committees and civil days `from..=to`.
pub fn sums_within(cx: &mut Cx<'_, '_>, committees: &[UnitId], from: i64, to: i64) -> Result<Vec<(String, i64)>> {
    store::sums_within(cx.tx, &committees.iter().map(|c| c.0).collect::<Vec<_>>(), from, to)
}

/// Sums of the dimensions that end in a unit, whichever committee they arose in, over civil days `from..=to`.
pub fn sums_by_unit(cx: &mut Cx<'_, '_>, unit: UnitId, from: i64, to: i64) -> Result<Vec<(String, i64)>> {
    let dimensions: Vec<String> = UNIT_DIMENSIONS.iter().map(|d| format!("{d}:{unit}")).collect();
    store::sums_of_dimensions(cx.tx, &dimensions, from, to)
}

/// The dimensions that are counted per unit; a figure of a unit asks for them by name, so that an index answers.
pub const UNIT_DIMENSIONS: &[&str] = &[
    "sign.in_time",
    "sign.late",
    "contact.in_time",
    "contact.late",
    "answer.in_time",
    "answer.late",
    "ruling.in_time",
    "ruling.late",
    "review.in_time",
    "review.late",
    "approval.in_time",
    "approval.late",
    "answered.solved",
    "answered.partly",
    "answered.explained",
    "verdict.satisfied",
    "verdict.dissatisfied",
    "verdict.solved",
    "verdict.unsolved",
    "verdict.none",
    "dispatched",
    "returned",
    "redo",
    "called.solved",
    "called.unsolved",
    "urged",
    "supervised",
    "called_in",
];

/// One dimension's sum per civil day over committees.
pub fn daily(
    cx: &mut Cx<'_, '_>,
    dimension: &str,
    committees: &[UnitId],
    from: i64,
    to: i64,
) -> Result<Vec<(i64, i64)>> {
    store::daily(cx.tx, dimension, &committees.iter().map(|c| c.0).collect::<Vec<_>>(), from, to)
}

/// Open matters that no unit owns: always nought, and watched on the duty view.
pub fn ownerless(cx: &mut Cx<'_, '_>) -> Result<i64> {
    store::ownerless(cx.tx)
}

/// Unsolved alarms, newest first.
pub fn open_alarms(cx: &mut Cx<'_, '_>) -> Result<Vec<Alarm>> {
    store::open_alarms(cx.tx)
}

/// An operator has seen to an alarm.
pub fn solve_alarm(cx: &mut Cx<'_, '_>, id: Uuid) -> Result<()> {
    store::solve_alarm(cx.tx, id, cx.now)
}
