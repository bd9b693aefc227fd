//! The votes of one conversation, kept so that one more vote is cheap, and the whole analysis over them.
use crate::{Consensus, Error, Figures, Plane, Representative, Settings, StatementFigures, Vote, clusters};
use std::collections::HashMap;

/// The most statements one conversation holds: the pair table then takes 128 MB.
pub const MAX_STATEMENTS: usize = 4096;

/// One statement, as moderated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The caller's number for it.
    pub id: u64,
    /// Moderated out: it shapes neither the plane nor the lists.
    pub hidden: bool,
    /// About the people, not the topic ("I drive to work"): kept out of the plane and the lists, but shown first to voters.
    pub meta: bool,
}

impl Statement {
    /// A statement that takes full part.
    pub fn open(id: u64) -> Self {
        Statement { id, hidden: false, meta: false }
    }
    /// Whether it shapes the plane and may be listed.
    pub fn takes_part(&self) -> bool {
        !(self.hidden || self.meta)
    }
}

/// Votes on one statement.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Agreeing votes.
    pub agrees: u32,
    /// Disagreeing votes.
    pub disagrees: u32,
    /// All votes, passes included.
    pub votes: u32,
}

impl Tally {
    /// Votes that are neither.
    pub fn passes(&self) -> u32 {
        self.votes.saturating_sub(self.agrees).saturating_sub(self.disagrees)
    }
    /// The mean vote, between −1 and 1; 0 without votes.
    pub fn mean(&self) -> f64 {
        if self.votes == 0 {
            return 0.0;
        }
        (f64::from(self.agrees) - f64::from(self.disagrees)) / f64::from(self.votes)
    }
    fn add(&mut self, value: i8, times: i8) {
        let step = |n: &mut u32| *n = n.saturating_add_signed(i32::from(times));
        step(&mut self.votes);
        match value {
            1 => step(&mut self.agrees),
            -1 => step(&mut self.disagrees),
            _ => {}
        }
    }
}

/// A vote in a person's row: the statement's column and −1, 0 or 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) column: u16,
    pub(crate) value: i8,
}

#[derive(Clone, Debug)]
struct Person {
    id: u64,
    kept: bool,
    /// Ascending by column.
    marks: Vec<Mark>,
}

/// Over the people who voted on both of two statements: how many, Σ product, Σ vote on the lower column, Σ on the higher.
/// Whole numbers, so the order in which votes arrive cannot change them.
pub(crate) type Pair = [i32; 4];

/// Whether there are votes enough to show groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readiness {
    /// Statements with votes enough.
    pub have: usize,
    /// Statements that are needed.
    pub needed: usize,
    /// Votes each of them needs.
    pub votes_each: u32,
}

impl Readiness {
    /// "Not enough votes yet: this many more statements with `votes_each` votes"; 0 when ready.
    pub fn missing(&self) -> usize {
        self.needed.saturating_sub(self.have)
    }
}

/// A person on the plane.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Placed {
    /// Who.
    pub participant: u64,
    /// Along the first component.
    pub x: f64,
    /// Along the second component.
    pub y: f64,
    /// Which group (index into [`Analysis::groups`]).
    pub group: usize,
}

/// A group of people who vote alike.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Its middle on the plane.
    pub center: [f64; 2],
    /// Its people, ascending.
    pub members: Vec<u64>,
    /// The statements that set it apart, strongest agreements first.
    pub representative: Vec<Representative>,
}

/// Everything that is known of a conversation.
#[derive(Clone, PartialEq, Debug)]
pub struct Analysis {
    /// People with at least one vote.
    pub participants: usize,
    /// Votes in force (a changed vote counts once).
    pub votes: u64,
    /// Whether groups may be shown; if not, `points`, `groups` and `consensus` are empty.
    pub readiness: Readiness,
    /// The plane.
    pub plane: Plane,
    /// Everybody placed, ascending by participant.
    pub points: Vec<Placed>,
    /// The groups; one where no two people differ.
    pub groups: Vec<Group>,
    /// The number of groups tried and how well each separates people (mean silhouette, −1 to 1).
    pub separation: Vec<(usize, f64)>,
    /// One entry per statement, in the order they were added.
    pub statements: Vec<StatementFigures>,
    /// What people agree on across groups.
    pub consensus: Consensus,
}

impl Analysis {
    /// Turns an axis round; nothing but the picture changes.
    fn mirror(&mut self, axis: usize) {
        self.plane.components[axis].iter_mut().for_each(|x| *x = -*x);
        self.points.iter_mut().for_each(|p| *(if axis == 0 { &mut p.x } else { &mut p.y }) *= -1.0);
        self.groups.iter_mut().for_each(|g| g.center[axis] *= -1.0);
        self.statements.iter_mut().for_each(|s| s.place[axis] *= -1.0);
    }
}

/// The votes of one conversation. One vote costs time in proportion to the voter's own votes.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    settings: Settings,
    statements: Vec<Statement>,
    columns: HashMap<u64, u16>,
    tallies: Vec<Tally>,
    people: Vec<Person>,
    index: HashMap<u64, u32>,
    /// The lower triangle, row by row: (k, j < k) is at k(k−1)/2 + j. Empty until the first analysis needs it.
    pairs: Option<Vec<Pair>>,
    last: Option<Plane>,
    shown: Shown,
}

/// How many groups are shown while votes arrive.
#[derive(Clone, Copy, Default, Debug)]
struct Shown {
    count: usize,
    candidate: usize,
    times: u32,
}

impl Shown {
    fn offer(&mut self, best: usize, available: impl Fn(usize) -> bool, steady: u32) -> usize {
        if best == self.count || !available(self.count) {
            *self = Shown { count: best, candidate: best, times: 0 };
        } else {
            self.times = if best == self.candidate { self.times + 1 } else { 1 };
            self.candidate = best;
            if self.times >= steady {
                *self = Shown { count: best, candidate: best, times: 0 };
            }
        }
        self.count
    }
}

fn triangle(k: usize) -> usize {
    k * k.saturating_sub(1) / 2
}

impl Conversation {
    /// An empty conversation.
    pub fn new(settings: Settings) -> Self {
        Conversation { settings, ..Conversation::default() }
    }

    /// What it was set to.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Adds a statement. The result of an analysis depends on the order of statements only in its last bits.
    ///
    /// # Errors
    /// [`Error::StatementTwice`], [`Error::TooManyStatements`].
    pub fn add(&mut self, statement: Statement) -> Result<(), Error> {
        if self.columns.contains_key(&statement.id) {
            return Err(Error::StatementTwice(statement.id));
        }
        let column = self.statements.len();
        if column >= MAX_STATEMENTS {
            return Err(Error::TooManyStatements(statement.id));
        }
        self.columns.insert(statement.id, column as u16);
        self.statements.push(statement);
        self.tallies.push(Tally::default());
        if let Some(pairs) = &mut self.pairs {
            pairs.resize(triangle(column + 1), [0; 4]);
        }
        Ok(())
    }

    /// Moderates a statement: its votes stay, its part changes.
    ///
    /// # Errors
    /// [`Error::UnknownStatement`].
    pub fn moderate(&mut self, statement: Statement) -> Result<(), Error> {
        let column = self.column(statement.id)?;
        self.statements[column] = statement;
        Ok(())
    }

    /// Takes a vote; a later vote by the same person on the same statement replaces the earlier one.
    ///
    /// # Errors
    /// [`Error::UnknownStatement`].
    pub fn vote(&mut self, participant: u64, statement: u64, vote: Vote) -> Result<(), Error> {
        self.set(participant, statement, Some(vote.value()))
    }

    /// Takes a vote back, as if it had never been given.
    ///
    /// # Errors
    /// [`Error::UnknownStatement`].
    pub fn withdraw(&mut self, participant: u64, statement: u64) -> Result<(), Error> {
        self.set(participant, statement, None)
    }

    /// Keeps a person placed from now on, however few votes they have. Polis never takes anybody off the map again; call
    /// this for everybody in [`Conversation::placed`] after each vote to do the same.
    pub fn keep_placed(&mut self, participant: u64) {
        if let Some(person) = self.index.get(&participant).and_then(|i| self.people.get_mut(*i as usize)) {
            person.kept = true;
        }
    }

    /// The statements, in the order they were added.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// All votes on each statement, in the order of [`Conversation::statements`].
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// People with at least one vote.
    pub fn participants(&self) -> usize {
        self.people.iter().filter(|p| !p.marks.is_empty()).count()
    }

    fn column(&self, statement: u64) -> Result<usize, Error> {
        self.columns.get(&statement).map(|c| usize::from(*c)).ok_or(Error::UnknownStatement(statement))
    }

    fn set(&mut self, participant: u64, statement: u64, value: Option<i8>) -> Result<(), Error> {
        let column = self.column(statement)?;
        let position = *self.index.entry(participant).or_insert_with(|| {
            self.people.push(Person { id: participant, kept: false, marks: Vec::new() });
            (self.people.len() - 1) as u32
        });
        let Some(person) = self.people.get_mut(position as usize) else { return Ok(()) };
        let found = person.marks.binary_search_by_key(&column, |m| usize::from(m.column));
        let old = found.ok().and_then(|at| person.marks.get(at)).map(|m| m.value);
        if old == value {
            return Ok(());
        }
        match (found, value) {
            (Ok(at), Some(value)) => person.marks[at].value = value,
            (Err(at), Some(value)) => person.marks.insert(at, Mark { column: column as u16, value }),
            (Ok(at), None) => drop(person.marks.remove(at)),
            (Err(_), None) => {}
        }
        if let Some(value) = old {
            self.tallies[column].add(value, -1);
        }
        if let Some(value) = value {
            self.tallies[column].add(value, 1);
        }
        if let Some(pairs) = &mut self.pairs {
            let came = i32::from(value.is_some()) - i32::from(old.is_some());
            let moved = i32::from(value.unwrap_or(0)) - i32::from(old.unwrap_or(0));
            for mark in person.marks.iter().filter(|m| usize::from(m.column) != column) {
                let (other, vote) = (usize::from(mark.column), i32::from(mark.value));
                let (low, high) = if other < column { (vote * came, moved) } else { (moved, vote * came) };
                let pair = &mut pairs[triangle(other.max(column)) + other.min(column)];
                for (sum, change) in pair.iter_mut().zip([came, vote * moved, low, high]) {
                    *sum += change;
                }
            }
        }
        Ok(())
    }

    /// The pair table, counted on first use and kept up to date by every later vote.
    fn pairs(&mut self) -> &[Pair] {
        let (people, columns) = (&self.people, self.statements.len());
        self.pairs.get_or_insert_with(|| {
            let mut pairs = vec![[0i32; 4]; triangle(columns)];
            for person in people {
                for (n, high) in person.marks.iter().enumerate() {
                    let k = usize::from(high.column);
                    let row = &mut pairs[triangle(k)..triangle(k) + k];
                    for low in &person.marks[..n] {
                        let (a, b) = (i32::from(low.value), i32::from(high.value));
                        let pair = &mut row[usize::from(low.column)];
                        *pair = [pair[0] + 1, pair[1] + a * b, pair[2] + a, pair[3] + b];
                    }
                }
            }
            pairs
        })
    }

    /// Whether there are votes enough for groups.
    pub fn readiness(&self) -> Readiness {
        let Settings { ready_statements, ready_votes, .. } = self.settings;
        let enough = |(s, t): &(&Statement, &Tally)| s.takes_part() && t.votes >= ready_votes;
        let have = self.statements.iter().zip(&self.tallies).filter(enough).count();
        Readiness { have, needed: ready_statements, votes_each: ready_votes }
    }

    /// Who is placed on the plane, ascending: everybody with [`Settings::min_votes`] votes (or on every statement that has
    /// votes), those kept by [`Conversation::keep_placed`], and, if that is fewer than [`Settings::top_up`], the people
    /// with the most votes (the lower number first) up to it.
    pub fn placed(&self) -> Vec<u64> {
        self.placed_people().into_iter().map(|p| p.id).collect()
    }

    fn placed_people(&self) -> Vec<&Person> {
        let voted = self.tallies.iter().filter(|t| t.votes > 0).count();
        let need = self.settings.min_votes.min(voted).max(1);
        let (mut placed, mut rest): (Vec<&Person>, Vec<&Person>) =
            self.people.iter().filter(|p| !p.marks.is_empty()).partition(|p| p.kept || p.marks.len() >= need);
        if placed.len() < self.settings.top_up {
            rest.sort_by_key(|p| (std::cmp::Reverse(p.marks.len()), p.id));
            rest.truncate(self.settings.top_up - placed.len());
            placed.append(&mut rest);
        }
        placed.sort_by_key(|p| p.id);
        placed
    }

    /// The plane of two principal components, from the votes alone.
    pub fn plane(&mut self) -> Plane {
        self.plane_from(None)
    }

    fn plane_from(&mut self, before: Option<&Plane>) -> Plane {
        self.pairs();
        let pairs = self.pairs.as_deref().unwrap_or_default();
        let at = |low: usize, high: usize| pairs[triangle(high) + low];
        Plane::new(&self.statements, &self.tallies, at, before)
    }

    /// Where a person stands on a plane; `None` for somebody unknown.
    pub fn position(&self, plane: &Plane, participant: u64) -> Option<[f64; 2]> {
        let person = self.people.get(*self.index.get(&participant)? as usize)?;
        Some(plane.project(&person.marks))
    }

    /// What given groups say: tallies, representative statements, consensus and priorities. People unknown are left out.
    pub fn figures(&self, plane: &Plane, groups: &[Vec<u64>]) -> Figures {
        let count = |members: &Vec<u64>| {
            let mut tallies = vec![Tally::default(); self.statements.len()];
            let known = members.iter().filter_map(|id| self.people.get(*self.index.get(id)? as usize));
            for mark in known.flat_map(|p| &p.marks) {
                tallies[usize::from(mark.column)].add(mark.value, 1);
            }
            tallies
        };
        let groups: Vec<Vec<Tally>> = groups.iter().map(count).collect();
        Figures::new(&self.statements, &self.tallies, plane, &groups, self.settings.listed)
    }

    /// The whole analysis from the votes alone: the same votes give the same answer, whatever came before.
    pub fn analyse(&mut self) -> Analysis {
        let plane = self.plane_from(None);
        self.analyse_on(plane, |groupings, _| clusters::best(groupings))
    }

    /// The analysis after a few more votes. It starts from the last plane, keeps its directions, and holds on to the
    /// number of groups until another was best [`Settings::steady`] times running. A few calls without a new vote make it
    /// equal to [`Conversation::analyse`] but for a mirrored axis and the last digits (more than a few where the second and
    /// third direction are almost equally strong).
    pub fn update(&mut self) -> Analysis {
        let before = self.last.take();
        let plane = self.plane_from(before.as_ref());
        let mut shown = self.shown;
        let mut analysis = self.analyse_on(plane, |groupings, steady| {
            let best = clusters::best(groupings)?;
            let count = shown.offer(best.centers.len(), |n| groupings.iter().any(|g| g.centers.len() == n), steady);
            groupings.iter().find(|g| g.centers.len() == count)
        });
        self.shown = shown;
        for axis in [0, 1] {
            if before.as_ref().is_some_and(|b| analysis.plane.turned(axis, b)) {
                analysis.mirror(axis);
            }
        }
        self.last = Some(analysis.plane.clone());
        analysis
    }

    fn analyse_on(
        &self,
        plane: Plane,
        choose: impl for<'g> FnOnce(&'g [clusters::Grouping], u32) -> Option<&'g clusters::Grouping>,
    ) -> Analysis {
        let readiness = self.readiness();
        let placed = if readiness.missing() == 0 { self.placed_people() } else { Vec::new() };
        let spots: Vec<[f64; 2]> = placed.iter().map(|p| plane.project(&p.marks)).collect();
        let bundles = clusters::bundle(&spots, self.settings.bundles);
        let groupings = clusters::groupings(&bundles.centers, &bundles.weights(), self.settings.max_groups);
        let chosen = choose(&groupings, self.settings.steady);
        let group_of = |bundle: usize| chosen.and_then(|g| g.labels.get(bundle)).copied().unwrap_or(0);
        let points: Vec<Placed> = (placed.iter().zip(&spots).zip(&bundles.labels))
            .map(|((p, [x, y]), bundle)| Placed { participant: p.id, x: *x, y: *y, group: group_of(*bundle) })
            .collect();
        let count = chosen.map_or(usize::from(!points.is_empty()), |g| g.centers.len());
        let mut members = vec![Vec::new(); count];
        for point in &points {
            members[point.group].push(point.participant);
        }
        let figures = self.figures(&plane, &members);
        let groups = (members.into_iter().zip(figures.representative).enumerate())
            .map(|(n, (members, representative))| Group {
                center: chosen.and_then(|g| g.centers.get(n)).or(bundles.centers.first()).copied().unwrap_or_default(),
                members,
                representative,
            })
            .collect();
        Analysis {
            participants: self.participants(),
            votes: self.tallies.iter().map(|t| u64::from(t.votes)).sum(),
            readiness,
            plane,
            points,
            groups,
            separation: groupings.iter().map(|g| (g.centers.len(), g.silhouette)).collect(),
            statements: figures.statements,
            consensus: if readiness.missing() == 0 { figures.consensus } else { Consensus::default() },
        }
    }
}
