//! A matter as stored, and what authority needs to know of it.
use crate::store;
use linli_core::{Cx, Error, Facts, MatterId, Millis, PersonId, PlaceId, Result, Seat, UnitId};
use linli_db::Asked;
use linli_registry::{Function, Units};

linli_db::row! {
    /// One matter: everything that lists show or filter.
    #[derive(Debug, Clone)]
    pub struct Matter {
        /// Its id.
        pub id: MatterId,
        /// Its public number: committee code, year and running number.
        pub number: String,
        /// Its kind.
        pub kind: String,
        /// The version of the procedure it began with.
        pub version: i64,
        /// Its state.
        pub state: String,
        /// What lists show; personal numbers are masked.
        pub title: String,
        /// The category's code, or empty.
        pub category: String,
        /// Which terms apply (urgent, consultation, ordinary, complex …).
        pub term_class: String,
        /// The place, if one was picked.
        pub place: Option<PlaceId>,
        /// The place in words.
        pub place_name: String,
        /// The stable committee.
        pub committee: UnitId,
        /// The unit that must act; none once closed.
        pub owner: Option<UnitId>,
        /// The person it is assigned to.
        pub assignee: Option<PersonId>,
        /// Who reported it.
        pub reporter: Option<PersonId>,
        /// Who else may see it; none: private.
        pub audience: Option<UnitId>,
        /// The unit complained about.
        pub named: Option<UnitId>,
        /// The matter that spawned it.
        pub parent: Option<MatterId>,
        /// Whether it still awaits something.
        pub open: bool,
        /// Whether a supervisor has instructed.
        pub supervised: bool,
        /// How often it was redone.
        pub redo: i64,
        /// The number of its last act: a form that was filled on an older one is told what changed.
        pub revision: i64,
        /// When it was opened.
        pub opened: Millis,
        /// When the owner must have acted.
        pub due: Option<Millis>,
        /// When it was closed.
        pub closed: Option<Millis>,
        /// The ancestors of its place, root first: district … building group.
        pub u1: Option<UnitId>,
        /// The second.
        pub u2: Option<UnitId>,
        /// The third.
        pub u3: Option<UnitId>,
        /// The fourth.
        pub u4: Option<UnitId>,
        /// The fifth.
        pub u5: Option<UnitId>,
        /// The sixth.
        pub u6: Option<UnitId>,
    }
}

impl Matter {
    /// The ancestors of its place, root first.
    pub fn ancestors(&self) -> [Option<UnitId>; 6] {
        [self.u1, self.u2, self.u3, self.u4, self.u5, self.u6]
    }
    /// The committee its place lies in now. A closed matter keeps the committee it was closed under and is found under
    /// this one.
    pub fn lies_in(&self, units: &Units) -> UnitId {
        let serves = |u: &UnitId| units.get(*u).is_some_and(|u| u.function == Function::Serve);
        units.current(self.ancestors().into_iter().flatten().find(serves).unwrap_or(self.committee))
    }
    /// What authority needs to know. `parties` are the units that have taken part. What a unit was that has ended, its heir
    /// is at once, before each matter has been handed over.
    pub fn facts(&self, units: &Units, mut parties: Vec<UnitId>) -> Facts {
        let heirs: Vec<UnitId> = parties.iter().map(|p| units.current(*p)).filter(|p| !parties.contains(p)).collect();
        parties.extend(heirs);
        Facts {
            place_path: units.path(self.lies_in(units)).to_vec(),
            owner_path: self.owner.map(|o| units.path(units.heir(o)).to_vec()).unwrap_or_default(),
            parties,
            named: self.named.map(|n| units.current(n)),
            reporter: self.reporter,
            assignee: self.assignee,
            audience: self.audience.map(|a| units.current(a)),
        }
    }
}

/// A matter that may be seen, with the seat it is seen from.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The matter.
    pub matter: Matter,
    /// What authority knows of it.
    pub facts: Facts,
    /// From which seat it is seen.
    pub seat: Seat,
    pub(crate) files: Vec<store::FileRow>,
    pub(crate) clocks: Vec<store::ClockRow>,
    pub(crate) kin: Vec<(Matter, String)>,
    /// How many matters are due at the desks that were named when it was sought ([`crate::seek_at`]).
    pub due: i64,
}

impl Seen {
    /// Matters linked with it, oldest link first, then those it spawned and the one that spawned it, as far as the actor may
    /// see them; with how they are related.
    pub fn related(&self) -> &[(Matter, String)] {
        &self.kin
    }
}

/// Loads a matter by its number and authorises in one step: what one may not see does not exist.
pub fn see(cx: &mut Cx<'_, '_>, number: &str) -> Result<Seen> {
    let asked = store::ask_kin(cx.tx, None, Some(number), &store::Due::default())?;
    let found = store::with_kin(cx.tx, asked)?;
    authorise(cx, found, None)
}

/// The same by id.
pub fn see_id(cx: &mut Cx<'_, '_>, id: MatterId) -> Result<Seen> {
    let asked = store::ask_kin(cx.tx, Some(id), None, &store::Due::default())?;
    let found = store::with_kin(cx.tx, asked)?;
    authorise(cx, found, None)
}

/// Whether what only those at work see is asked for.
pub(crate) fn inside(cx: &Cx<'_, '_>) -> bool {
    cx.actor.system || !cx.actor.posts.is_empty()
}

/// Of the kin only what the actor may see is kept. What hangs on the matter may have been asked for; if there is kin, it is
/// asked for again with theirs.
pub(crate) fn authorise(
    cx: &mut Cx<'_, '_>,
    found: Vec<store::Kin>,
    around: Option<Asked<store::AroundRow>>,
) -> Result<Seen> {
    let all: Vec<MatterId> = found.iter().map(|k| k.matter.id).collect();
    let mut found = found.into_iter();
    let store::Kin { matter, due, .. } = found.next().filter(|k| k.kind.is_empty()).ok_or(Error::NotFound)?;
    let around = match around.filter(|_| all.len() == 1) {
        Some(asked) => asked,
        None => store::ask_around(cx.tx, matter.id, &all, inside(cx))?,
    };
    let around = store::around(cx.tx, matter.id, around)?;
    let units = linli_registry::units(cx)?;
    let facts_of = |m: &Matter| {
        let parties = around.parties.iter().filter(|p| p.0 == m.id).map(|p| p.1).collect();
        m.facts(&units, parties)
    };
    let view = crate::procedure_of(cx, &matter)?.view;
    let facts = facts_of(&matter);
    let seat = cx.may(view, view, &facts)?;
    let mut kin: Vec<(Matter, String)> = Vec::new();
    for k in found {
        let view = crate::procedure_of(cx, &k.matter)?.view;
        if kin.iter().all(|(m, _)| m.id != k.matter.id) && cx.could(view, &facts_of(&k.matter)).is_some() {
            kin.push((k.matter, k.kind));
        }
    }
    Ok(Seen { matter, facts, seat, files: around.files, clocks: around.clocks, kin, due })
}

/// The units that have taken part, as far as they decide anything: only somebody with a post can be of one.
pub(crate) fn parties(cx: &mut Cx<'_, '_>, matter: &Matter) -> Result<Vec<UnitId>> {
    if cx.actor.posts.is_empty() { Ok(Vec::new()) } else { store::parties(cx.tx, matter.id) }
}
