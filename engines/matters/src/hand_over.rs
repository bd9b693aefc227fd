//! When a unit has ended or a border has moved: each open matter is handed over by an act of its own, and every matter's
//! ancestors are rewritten, in small transactions that may be broken off and go on where they were.
//!
//! Nothing waits for this: what a unit was that has ended, its heir is at once, because [`Matter::facts`] and a desk's list
//! ask [`Units::heir`]. A walk does what is still to be done and no more, so that it may be done twice.
use crate::{Given, Matter, Turn, act, search, t, unit_of};
use linli_core::{Choice, Cx, Error, Event, Field, FieldKind, Input, Job, MatterId, PlaceId, RawInput, Result, UnitId};
use linli_db::sql;
use linli_registry::{Boundary, Function, Place, Units};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;
use work_calendar::Event as Tick;

/// The job that walks.
pub(crate) const JOB: &str = "matters.hand_over";
/// So many matters in one transaction.
const HELPING: i64 = 50;

/// The move by which a matter is handed over; every procedure declares it for the system, from each state that is not an end.
pub(crate) const MOVE: &str = "handed_over";
/// What that move is given.
pub const HANDED_OVER: &[Field] = &[
    Field::required("from", t::HAND_FROM, FieldKind::Unit { picker: "any" }),
    Field::required("into", t::HAND_INTO, FieldKind::Unit { picker: "any" }),
    Field::required("because", t::HAND_BECAUSE, FieldKind::Choice(BECAUSE)),
];
const BECAUSE: &[Choice] = &[
    Choice { code: "merge", label: t::BECAUSE_MERGE },
    Choice { code: "split", label: t::BECAUSE_SPLIT },
    Choice { code: "end", label: t::BECAUSE_END },
    Choice { code: "boundary", label: t::BECAUSE_BOUNDARY },
];

/// What is still to be walked along, with the place up to which that was done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "along", rename_all = "snake_case")]
enum Walk {
    /// The matters that lie in a committee that has ended or whose superiors have changed, the newest first: also those closed
    /// under another one, which they keep. At each depth in turn: they may still lie there by another than the present one.
    Ground { of: UnitId, depth: usize, before: Uuid },
    /// The matters in which a unit took part that has ended.
    Party { of: UnitId, before: Uuid },
    /// The matters at places that came to another committee, the last place first.
    Places { places: Vec<PlaceId>, before: Uuid },
}

/// A boundary has changed: says what is to be walked along.
pub(crate) fn boundary(cx: &mut Cx<'_, '_>, event: &Event) -> Result<()> {
    let b: Boundary = serde_json::from_value(event.data.clone()).map_err(Error::internal)?;
    let units = linli_registry::units(cx)?;
    let mut committees: BTreeSet<UnitId> = BTreeSet::new();
    for top in &b.units {
        committees.extend(units.committee_of(*top));
        committees.extend(units.within(*top).filter(|u| u.function == Function::Serve).map(|u| u.id));
    }
    let mut walks = Vec::new();
    if b.all {
        if units.get(b.from).is_some_and(|u| u.function == Function::Serve) {
            committees.insert(b.from);
        }
        walks.push(Walk::Party { of: b.from, before: Uuid::max() });
    }
    // Everything lies in the root, and in nothing else at its depth.
    let highest = |of| if of == units.root() { 1 } else { 2 };
    walks.extend(committees.into_iter().map(|of| Walk::Ground { of, depth: highest(of), before: Uuid::max() }));
    walks.extend(b.places.chunks(100).map(|p| Walk::Places { places: p.to_vec(), before: Uuid::max() }));
    walks.iter().try_for_each(|walk| later(cx, walk))
}

fn later(cx: &mut Cx<'_, '_>, walk: &Walk) -> Result<()> {
    let data = serde_json::to_value(walk).map_err(Error::internal)?;
    cx.later(JOB, cx.now, &data)
}

/// One helping of a walk; what is left is the next job, in the same transaction.
pub(crate) fn walk(cx: &mut Cx<'_, '_>, job: &Job) -> Result<()> {
    let walk: Walk = serde_json::from_value(job.data.clone()).map_err(Error::internal)?;
    let next = match walk {
        Walk::Ground { of, depth, before } => {
            let found = crate::lists::lying_in(cx, of, depth, before, HELPING)?;
            let last = found.last().map_or(before, |m| m.id.0);
            if settle_all(cx, found, Some(of))? {
                Some(Walk::Ground { of, depth, before: last })
            } else {
                (2..6).contains(&depth).then(|| Walk::Ground { of, depth: depth + 1, before: Uuid::max() })
            }
        }
        Walk::Party { of, before } => {
            let ids = taken_part(cx, of, before)?;
            let more = ids.len() as i64 == HELPING;
            let found = open_by_ids(cx, &ids)?;
            settle_all(cx, found, Some(of))?;
            ids.last().filter(|_| more).map(|last| Walk::Party { of, before: last.0 })
        }
        Walk::Places { mut places, before } => match places.last().copied() {
            None => None,
            Some(place) => {
                let found = at_place(cx, place, before)?;
                let last = found.last().map(|m| m.id.0);
                let before = if settle_all(cx, found, None)? { last } else { None };
                if before.is_none() {
                    places.pop();
                }
                (!places.is_empty()).then(|| Walk::Places { places, before: before.unwrap_or(Uuid::max()) })
            }
        },
    };
    next.iter().try_for_each(|walk| later(cx, walk))
}

/// Sees to a helping of matters; whether it was a full one, so that more may follow.
fn settle_all(cx: &mut Cx<'_, '_>, found: Vec<Matter>, of: Option<UnitId>) -> Result<bool> {
    let full = found.len() as i64 == HELPING;
    for m in found {
        settle(cx, m, of)?;
    }
    Ok(full)
}

/// Brings one matter to where its place lies now and, where `of` has ended, hands over what that unit still had of it.
fn settle(cx: &mut Cx<'_, '_>, mut m: Matter, of: Option<UnitId>) -> Result<()> {
    let units = linli_registry::units(cx)?;
    let home = home(cx, &units, &m)?;
    if m.open && home.committee != m.committee {
        m = hand(cx, &units, m.id, m.committee, home.committee)?;
    } else if !home.is_of(&m) {
        move_home(cx, &mut m, &home)?;
        search::again(cx, &m)?;
    }
    let gone = of.filter(|of| units.get(*of).is_some_and(|u| !u.live()));
    match gone {
        Some(gone) if m.open && has_a_share(cx, &m, gone)? => hand(cx, &units, m.id, gone, units.heir(gone)).map(drop),
        _ => Ok(()),
    }
}

fn hand(cx: &mut Cx<'_, '_>, units: &Units, id: MatterId, from: UnitId, into: UnitId) -> Result<Matter> {
    let because = match (units.ended_by(from), units.get(from)) {
        (Some(link), _) => link.kind.as_str(),
        (None, Some(unit)) if unit.live() => "boundary",
        _ => "end",
    };
    let raw = RawInput::default().set("from", from.to_string()).set("into", into.to_string());
    act(cx, id, MOVE, &Given { raw: raw.set("because", because), strict: true }, None)
}

/// Whether a unit still must act on a matter, now or in a stage that goes on.
fn has_a_share(cx: &mut Cx<'_, '_>, m: &Matter, unit: UnitId) -> Result<bool> {
    Ok(m.owner == Some(unit)
        || crate::store::clocks(cx.tx, m.id)?.iter().any(|c| c.stopped.is_none() && c.unit == unit))
}

/// The effect of the move: what `from` had of the matter is `into`'s. Dates stay; whoever it is assigned to keeps it if they
/// came along. The unit complained about receives nothing: then it is the next superior's.
pub fn handed_over(cx: &mut Cx<'_, '_>, turn: &mut Turn<'_>, input: &Input) -> Result<()> {
    let units = linli_registry::units(cx)?;
    let from = unit_of(input, "from")?;
    let named = turn.matter.named.map(|n| units.current(n));
    let mut into = unit_of(input, "into")?;
    while named.is_some_and(|n| units.path(into).contains(&n)) {
        match units.dispatch_above(into).or(units.ops()).filter(|above| *above != into) {
            Some(above) => into = above,
            None => break,
        }
    }
    turn.note("from", from.to_string());
    turn.note("into", into.to_string());
    turn.note("because", input.words("because"));
    if turn.matter.owner == Some(from) {
        let assignee = turn.matter.assignee;
        turn.hand_to(into);
        let came = linli_registry::staff(cx, into)?.into_iter().map(|s| s.1).find(|p| Some(*p) == assignee);
        turn.assign(came);
    }
    turn.take_part(into);
    for clock in turn.clocks.iter_mut().filter(|c| c.stopped.is_none() && c.unit == from) {
        clock.unit = into;
        clock.happen(cx, Tick::Rerouted { at: cx.now, restart: None })?;
    }
    let home = home(cx, &units, turn.matter)?;
    if !home.is_of(turn.matter) {
        move_home(cx, turn.matter, &home)?;
        turn.reindex();
    }
    Ok(())
}

/// Where a matter belongs now.
struct Home {
    committee: UnitId,
    u: [Option<UnitId>; 6],
    audience: Option<UnitId>,
}

impl Home {
    fn is_of(&self, m: &Matter) -> bool {
        self.u == m.ancestors() && self.audience == m.audience && (!m.open || self.committee == m.committee)
    }
}

/// Where the place lies; without a place, what came after the committee.
fn home(cx: &mut Cx<'_, '_>, units: &Units, m: &Matter) -> Result<Home> {
    let place: Option<Place> = match m.place {
        Some(place) => linli_registry::place(cx, place)?,
        None => None,
    };
    let (committee, within) = match &place {
        Some(place) => (place.committee, linli_registry::place_within(cx, place)?),
        None => (units.current(m.committee), m.ancestors().into_iter().flatten().collect()),
    };
    // An estate may reach into another committee: what is reported there is not under the estate's own one.
    let own = |u: &UnitId| units.committee_of(*u) == Some(committee) && units.get(*u).is_some_and(|u| u.live());
    let deepest = within.into_iter().rfind(own);
    let before = m.lies_in(units);
    let audience = m.audience.map(|a| if [before, m.committee].contains(&a) { committee } else { units.current(a) });
    Ok(Home { committee, u: units.u6(deepest.unwrap_or(committee)), audience })
}

/// A closed matter keeps its committee.
fn move_home(cx: &mut Cx<'_, '_>, m: &mut Matter, home: &Home) -> Result<()> {
    if m.open {
        m.committee = home.committee;
    }
    m.audience = home.audience;
    [m.u1, m.u2, m.u3, m.u4, m.u5, m.u6] = home.u;
    cx.tx.put(
        sql!(
            "UPDATE matters SET committee = $2, audience = $3, u1 = $4, u2 = $5, u3 = $6, u4 = $7, u5 = $8, u6 = $9 WHERE id = $1"
        ),
        &[&m.id, &m.committee, &m.audience, &m.u1, &m.u2, &m.u3, &m.u4, &m.u5, &m.u6],
    )?;
    Ok(())
}

fn at_place(cx: &mut Cx<'_, '_>, place: PlaceId, before: Uuid) -> Result<Vec<Matter>> {
    Ok(cx.tx.all(
        sql!("SELECT * FROM matters WHERE place = $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
        &[&place, &before, &HELPING],
    )?)
}

fn taken_part(cx: &mut Cx<'_, '_>, unit: UnitId, before: Uuid) -> Result<Vec<MatterId>> {
    let ids: Vec<(MatterId,)> = cx.tx.all(
        sql!("SELECT matter FROM matter_parties WHERE unit = $1 AND matter < $2 ORDER BY matter DESC LIMIT $3"),
        &[&unit, &before, &HELPING],
    )?;
    Ok(ids.into_iter().map(|i| i.0).collect())
}

fn open_by_ids(cx: &mut Cx<'_, '_>, ids: &[MatterId]) -> Result<Vec<Matter>> {
    Ok(cx.tx.all(sql!("SELECT * FROM matters WHERE id IN UUIDS($1) AND open LIMIT 100"), &[&ids])?)
}
