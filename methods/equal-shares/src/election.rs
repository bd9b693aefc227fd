//! An election ready to be counted: projects, limits, and ballots with equal wishes gathered into classes.
use crate::amount::Decimal;
use crate::finding::{Cause, Error, Finding};
use crate::hash::Keyed;
use crate::pb::Pb;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

/// Sums of money are kept below this, so that all products needed fit 128 bits.
const MAX_TOTAL: i64 = 1 << 60;

/// One project on the ballot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    /// Identifier, unique in the election.
    pub id: String,
    /// Name for people; may be empty.
    pub name: String,
    /// Cost in subunits, not negative.
    pub cost: i64,
    /// Categories it belongs to.
    pub categories: Vec<String>,
    /// Whether the file's own result lists it as selected (Pabulib column `selected`; 2 and 3 mean funded otherwise).
    pub published: Option<bool>,
}

/// One ballot, or several equal ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ballot {
    /// Positions of the projects wished for; order and repetitions do not matter.
    pub wishes: Vec<u32>,
    /// Points given, one per wish, for rules that count points; empty means one point each.
    pub points: Vec<i64>,
}

/// A limit on what may be selected together. Not part of the Pabulib format: META keys `exclusive` and `category_limits`
/// (see the README) or the caller supply them. Every rule obeys them; the proportionality theorems do not cover them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// At most one of these projects.
    Exclusive(Vec<u32>),
    /// At most this much money, in subunits, for projects of a category.
    Category(String, i64),
}

/// An election, checked: every number in it can be counted exactly.
#[derive(Debug, Clone)]
pub struct Election {
    /// Money available, in subunits.
    pub budget: i64,
    /// Subunits in one unit of currency (100 if amounts are in fen).
    pub unit: i64,
    /// Currency code of the file, such as CNY; may be empty.
    pub currency: String,
    pub(crate) projects: Vec<Project>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) voters: u64,
    pub(crate) votes: Vec<u64>,
    pub(crate) points: Vec<i64>,
    /// Ballots with the same wishes: how many, and which wishes (ascending).
    pub(crate) weights: Vec<i64>,
    wishes: Rows,
    supporters: Rows,
}

/// Rows of different lengths in one vector.
#[derive(Debug, Clone, Default)]
struct Rows {
    all: Vec<u32>,
    ends: Vec<usize>,
}

impl Rows {
    fn row(&self, i: usize) -> &[u32] {
        &self.all[if i == 0 { 0 } else { self.ends[i - 1] }..self.ends[i]]
    }

    fn push(&mut self, row: &[u32]) {
        self.all.extend_from_slice(row);
        self.ends.push(self.all.len());
    }
}

impl Election {
    /// Gathers ballots for a count. `unit` subunits make one unit of currency. Ballots without wishes count as voters.
    ///
    /// Errors: a negative amount, sums of money of 2⁶⁰ subunits or more, a repeated or empty identifier, a wish or
    /// limit for a project that does not exist.
    pub fn new(budget: i64, unit: i64, projects: Vec<Project>, ballots: &[Ballot]) -> Result<Election, Error> {
        let mut gather = Gather::new(projects.len());
        for (i, ballot) in ballots.iter().enumerate() {
            if let Some(wish) = ballot.wishes.iter().find(|w| **w as usize >= projects.len()) {
                let cause = Cause::UnknownProject(wish.to_string());
                return Err(Finding::new(0, format!("ballot {}", i + 1), cause));
            }
            if !ballot.points.is_empty() && ballot.points.len() != ballot.wishes.len() {
                let cause = Cause::PointsCount { projects: ballot.wishes.len(), points: ballot.points.len() };
                return Err(Finding::new(0, format!("ballot {}", i + 1), cause));
            }
            gather.wishes.clear();
            gather.wishes.extend_from_slice(&ballot.wishes);
            for (at, wish) in ballot.wishes.iter().enumerate() {
                gather.add_points(*wish, ballot.points.get(at).copied().unwrap_or(1));
            }
            gather.ballot();
        }
        gather.into_election(budget, unit, projects)
    }

    /// The election a `.pb` file describes, with warnings that do not prevent the count.
    ///
    /// A wish is a listed project; with points, a listed project with more than zero points.
    pub fn from_pb(pb: &Pb) -> Result<(Election, Vec<Finding>), Error> {
        let mut warnings = Vec::new();
        let budget_text = need_meta(pb, "budget")?;
        let budget = Decimal::parse(budget_text)
            .ok_or_else(|| Finding::new(pb.meta_line("budget"), "budget", Cause::NotAmount(budget_text.into())))?;
        let (id_at, cost_at) = (need_column(&pb.projects, "project_id")?, need_column(&pb.projects, "cost")?);
        let columns = ["name", "category", "selected"].map(|c| pb.projects.column(c).unwrap_or(usize::MAX));
        let mut costs = Vec::with_capacity(pb.projects.len());
        let mut index = HashMap::with_capacity_and_hasher(pb.projects.len(), Keyed::default());
        let mut projects = Vec::with_capacity(pb.projects.len());
        for row in 0..pb.projects.len() {
            let (line, id, text) =
                (pb.projects.line(row), pb.projects.cell(row, id_at).trim(), pb.projects.cell(row, cost_at));
            if index.insert(id, row as u32).is_some() {
                return Err(Finding::new(line, "project_id", Cause::RepeatedProject(id.into())));
            }
            let cost =
                Decimal::parse(text).ok_or_else(|| Finding::new(line, "cost", Cause::NotAmount(text.trim().into())))?;
            costs.push((cost, line, text));
            let [name, category, selected] = columns.map(|c| pb.projects.cell(row, c).trim());
            projects.push(Project {
                id: id.into(),
                name: name.into(),
                cost: 0,
                categories: category.split(',').map(str::trim).filter(|c| !c.is_empty()).map(Into::into).collect(),
                published: (!selected.is_empty()).then_some(selected == "1"),
            });
        }
        // One scale for the whole file: the most decimals any amount needs, the category limits' included.
        let decimals = costs.iter().map(|(c, ..)| c.decimals).chain([budget.decimals]);
        let decimals = decimals.chain(limit_decimals(pb)).max().unwrap_or(0);
        let scaled = |amount: Decimal, line, field: &str, text: &str| match amount.scaled(decimals) {
            Some(value) if value < 0 => Err(Finding::new(line, field, Cause::NotAmount(text.trim().into()))),
            Some(value) if value < MAX_TOTAL => Ok(value),
            _ => Err(Finding::new(line, field, Cause::TooLarge)),
        };
        let budget = scaled(budget, pb.meta_line("budget"), "budget", budget_text)?;
        for (project, (cost, line, text)) in projects.iter_mut().zip(costs) {
            project.cost = scaled(cost, line, "cost", text)?;
        }

        let gather = read_ballots(pb, &index, &projects, decimals, &mut warnings)?;
        check_stated(pb, "num_projects", pb.projects.len() as u64, &mut warnings);
        check_stated(pb, "num_votes", gather.voters, &mut warnings);
        if let Some(at) = pb.projects.column("votes") {
            for (row, found) in gather.votes.iter().enumerate() {
                let stated = pb.projects.cell(row, at).trim();
                if !stated.is_empty() && stated.parse() != Ok(*found) {
                    let cause = Cause::CountDiffers { stated: stated.into(), found: *found };
                    warnings.push(Finding::new(pb.projects.line(row), "votes", cause));
                }
            }
        }
        let mut election = gather.into_election(budget, 10i64.pow(decimals), projects)?;
        election.currency = pb.meta("currency").unwrap_or("").into();
        for (key, separator) in [("exclusive", '|'), ("category_limits", '|')] {
            for part in pb.meta(key).unwrap_or("").split(separator).filter(|p| !p.trim().is_empty()) {
                let limit = if key == "exclusive" { election.exclusive(part) } else { election.category_limit(part) };
                election.limits.push(limit.map_err(|e| Finding { line: pb.meta_line(key), field: key.into(), ..e })?);
            }
        }
        Ok((election, warnings))
    }

    /// Reads `A,B,C`: at most one of these projects.
    pub fn exclusive(&self, text: &str) -> Result<Limit, Error> {
        let position = |id: &str| {
            let at = self.projects.iter().position(|p| p.id == id);
            at.map(|p| p as u32).ok_or_else(|| Finding::new(0, "exclusive", Cause::UnknownProject(id.into())))
        };
        text.split(',').map(|id| position(id.trim())).collect::<Result<_, _>>().map(Limit::Exclusive)
    }

    /// Reads `CATEGORY=AMOUNT`: at most this much money for the category's projects.
    pub fn category_limit(&self, text: &str) -> Result<Limit, Error> {
        let bad = || Finding::new(0, "category", Cause::BadLimit(text.trim().into()));
        let (category, amount) = text.rsplit_once('=').ok_or_else(bad)?;
        Ok(Limit::Category(category.trim().into(), self.amount(amount).ok_or_else(bad)?))
    }

    /// An amount in units of currency, such as `1234.5`, in this election's subunits; `None` if it is not one.
    pub fn amount(&self, text: &str) -> Option<i64> {
        let decimals = self.unit.ilog10();
        Decimal::parse(text)?.scaled(decimals).filter(|a| (0..MAX_TOTAL).contains(a))
    }

    /// Adds a limit. Errors if it names a project that does not exist or a negative amount.
    pub fn limit(&mut self, limit: Limit) -> Result<(), Error> {
        let wrong = match &limit {
            Limit::Exclusive(group) => group.iter().any(|p| *p as usize >= self.projects.len()),
            Limit::Category(_, amount) => *amount < 0,
        };
        if wrong {
            return Err(Finding::new(0, "limit", Cause::BadLimit(format!("{limit:?}"))));
        }
        self.limits.push(limit);
        Ok(())
    }

    /// The projects, in file order; rules and outcomes name them by position.
    pub fn projects(&self) -> &[Project] {
        &self.projects
    }

    /// Number of ballots, those without a wish included.
    pub fn voters(&self) -> u64 {
        self.voters
    }

    /// How many ballots wish for each project.
    pub fn votes(&self) -> &[u64] {
        &self.votes
    }

    /// The sum of points of each project: as given on cumulative and scoring ballots; on ordinal ballots Pabulib's
    /// Borda score (`max_length`, or the longest ballot, for the first place, one less for each next); else votes.
    pub fn points(&self) -> &[i64] {
        &self.points
    }

    /// Number of residents with at least one wish among `selected`.
    pub fn satisfied(&self, selected: &[usize]) -> u64 {
        let chosen: HashSet<usize> = selected.iter().copied().collect();
        let has_wish = |class: &usize| self.wishes(*class).iter().any(|p| chosen.contains(&(*p as usize)));
        (0..self.weights.len()).filter(has_wish).map(|class| self.weights[class] as u64).sum()
    }

    /// Wishes of one class of equal ballots.
    pub(crate) fn wishes(&self, class: usize) -> &[u32] {
        self.wishes.row(class)
    }

    /// Classes that wish for a project.
    pub(crate) fn supporters(&self, project: usize) -> &[u32] {
        self.supporters.row(project)
    }

    /// The number of classes.
    pub(crate) fn classes(&self) -> usize {
        self.weights.len()
    }
}

/// Compares identifiers the way people number things: runs of digits by value, the rest by character.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (x, y) = (digits(left), digits(right));
        if x > 0 && y > 0 {
            let (m, n) = (left[..x].trim_start_matches('0'), right[..y].trim_start_matches('0'));
            match m.len().cmp(&n.len()).then_with(|| m.cmp(n)) {
                Ordering::Equal => (left, right) = (&left[x..], &right[y..]),
                different => return different,
            }
            continue;
        }
        let (mut l, mut r) = (left.chars(), right.chars());
        match (l.next(), r.next()) {
            // Equal by value (7 and 07): the plain text decides, so that the order is total.
            (None, None) => return a.cmp(b),
            (x, y) if x == y => (left, right) = (l.as_str(), r.as_str()),
            (x, y) => return x.cmp(&y),
        }
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn need_meta<'a>(pb: &'a Pb, key: &str) -> Result<&'a str, Error> {
    pb.meta(key).ok_or_else(|| Finding::new(0, format!("META {key}"), Cause::Missing))
}

fn need_column(table: &crate::pb::Table, name: &str) -> Result<usize, Error> {
    table.column(name).ok_or_else(|| Finding::new(0, format!("column {name}"), Cause::Missing))
}

fn limit_decimals(pb: &Pb) -> impl Iterator<Item = u32> {
    let limits = pb.meta("category_limits").unwrap_or("").split('|');
    limits.filter_map(|l| Decimal::parse(l.rsplit_once('=')?.1)).map(|d| d.decimals)
}

fn check_stated(pb: &Pb, key: &str, found: u64, warnings: &mut Vec<Finding>) {
    if let Some(stated) = pb.meta(key).filter(|s| s.parse() != Ok(found)) {
        let cause = Cause::CountDiffers { stated: stated.into(), found };
        warnings.push(Finding::new(pb.meta_line(key), key, cause));
    }
}

/// The bounds META states for a single ballot. Files keep ballots outside them; so does the count, with a warning.
struct BallotRule {
    length: [Option<i64>; 2],
    cost: [Option<i64>; 2],
    points: [Option<i64>; 2],
}

impl BallotRule {
    fn read(pb: &Pb, decimals: u32) -> BallotRule {
        let pair = |name: &str, decimals: u32| {
            ["min", "max"].map(|side| Decimal::parse(pb.meta(&format!("{side}_{name}"))?)?.scaled(decimals))
        };
        BallotRule { length: pair("length", 0), cost: pair("sum_cost", decimals), points: pair("sum_points", 0) }
    }

    fn check(bounds: [Option<i64>; 2], found: i64, name: &str, line: u32, warnings: &mut Vec<Finding>) {
        for (bound, side, outside) in [
            (bounds[0], "min", bounds[0].is_some_and(|b| found < b)),
            (bounds[1], "max", bounds[1].is_some_and(|b| found > b)),
        ] {
            if let (true, Some(bound)) = (outside, bound) {
                let cause = Cause::OutsideBallotRule { found: found.to_string(), bound: bound.to_string() };
                warnings.push(Finding::new(line, format!("{side}_{name}"), cause));
            }
        }
    }
}

fn read_ballots(
    pb: &Pb,
    index: &HashMap<&str, u32, Keyed>,
    projects: &[Project],
    decimals: u32,
    warnings: &mut Vec<Finding>,
) -> Result<Gather, Error> {
    let kind = pb.meta("vote_type").unwrap_or("approval");
    let (ordinal, single) = (kind == "ordinal", kind == "choose-1");
    let scored = matches!(kind, "cumulative" | "scoring");
    if !(scored || ordinal || single || kind == "approval") {
        return Err(Finding::new(pb.meta_line("vote_type"), "vote_type", Cause::UnknownVoteType(kind.into())));
    }
    let (voter_at, vote_at) = (need_column(&pb.votes, "voter_id")?, need_column(&pb.votes, "vote")?);
    let points_at = if scored { need_column(&pb.votes, "points")? } else { usize::MAX };
    let rule = BallotRule::read(pb, decimals);
    let longest = || (0..pb.votes.len()).map(|row| list(pb.votes.cell(row, vote_at)).count() as i64).max();
    let first_place = if ordinal { rule.length[1].or_else(longest).unwrap_or(0) } else { 0 };

    let mut gather = Gather::new(projects.len());
    let mut voters = HashSet::with_capacity_and_hasher(pb.votes.len(), Keyed::default());
    let mut points: Vec<i64> = Vec::new();
    for row in 0..pb.votes.len() {
        let line = pb.votes.line(row);
        let voter = pb.votes.cell(row, voter_at).trim();
        if !voter.is_empty() && !voters.insert(voter) {
            warnings.push(Finding::new(line, "voter_id", Cause::RepeatedVoter(voter.into())));
        }
        gather.wishes.clear();
        for id in list(pb.votes.cell(row, vote_at)) {
            let project = index.get(id).ok_or_else(|| Finding::new(line, "vote", Cause::UnknownProject(id.into())))?;
            gather.wishes.push(*project);
        }
        let length = gather.wishes.len();
        if single && length > 1 {
            return Err(Finding::new(line, "vote", Cause::MoreThanOne(length)));
        }
        points.clear();
        if scored {
            for text in list(pb.votes.cell(row, points_at)) {
                let value = Decimal::parse(text).and_then(|d| d.scaled(0)).filter(|v| v.abs() < 1 << 31);
                points.push(value.ok_or_else(|| Finding::new(line, "points", Cause::NotWhole(text.into())))?);
            }
            if points.len() != length {
                let cause = Cause::PointsCount { projects: length, points: points.len() };
                return Err(Finding::new(line, "points", cause));
            }
            BallotRule::check(rule.points, points.iter().sum(), "sum_points", line, warnings);
        } else {
            points.extend((0..length as i64).map(|place| if ordinal { (first_place - place).max(0) } else { 1 }));
        }
        BallotRule::check(rule.length, length as i64, "length", line, warnings);
        if rule.cost != [None, None] {
            let cost = gather.wishes.iter().map(|p| projects[*p as usize].cost).fold(0, i64::saturating_add);
            BallotRule::check(rule.cost, cost, "sum_cost", line, warnings);
        }
        for (at, given) in points.iter().enumerate() {
            let project = gather.wishes[at];
            if gather.wishes[..at].contains(&project) {
                let cause = Cause::RepeatedWish(projects[project as usize].id.clone());
                warnings.push(Finding::new(line, "vote", cause));
            } else {
                gather.add_points(project, *given);
            }
        }
        if scored {
            let mut given = points.iter();
            gather.wishes.retain(|_| given.next().is_some_and(|p| *p > 0));
        }
        gather.ballot();
    }
    Ok(gather)
}

/// The entries of a cell separated by commas; none if it is empty. By bytes: `str::split` is several times slower here.
fn list(cell: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(cell);
    let entries = std::iter::from_fn(move || {
        let cell = rest?;
        let end = cell.bytes().position(|b| b == b',');
        rest = end.map(|end| &cell[end + 1..]);
        Some(cell[..end.unwrap_or(cell.len())].trim())
    });
    entries.filter(|entry| !entry.is_empty())
}

/// Collects ballots into classes of equal wishes.
struct Gather {
    /// The ballot being read.
    wishes: Vec<u32>,
    voters: u64,
    votes: Vec<u64>,
    points: Vec<i64>,
    /// The classes: their wishes, the hashes of these, and how many ballots each has.
    sets: Rows,
    hashes: Vec<u64>,
    weights: Vec<i64>,
    /// Open addressing from hash to class + 1: half the cost of a map of boxed slices, and reading is timed.
    slots: Vec<u32>,
    hasher: Keyed,
}

impl Gather {
    fn new(projects: usize) -> Gather {
        let (votes, points) = (vec![0; projects], vec![0; projects]);
        Gather {
            wishes: Vec::new(),
            voters: 0,
            votes,
            points,
            sets: Rows::default(),
            hashes: Vec::new(),
            weights: Vec::new(),
            slots: vec![0; 1024],
            hasher: Keyed::default(),
        }
    }

    fn add_points(&mut self, project: u32, points: i64) {
        let sum = &mut self.points[project as usize];
        *sum = sum.saturating_add(points);
    }

    /// Takes the ballot in `wishes`.
    fn ballot(&mut self) {
        self.voters += 1;
        self.wishes.sort_unstable();
        self.wishes.dedup();
        for project in &self.wishes {
            self.votes[*project as usize] += 1;
        }
        if self.wishes.is_empty() {
            return;
        }
        let hash = self.hasher.hash_one(&self.wishes);
        let slot = self.slot(hash, |class, gather| gather.sets.row(class) == gather.wishes);
        match self.slots[slot] {
            0 => {
                self.sets.push(&self.wishes);
                self.hashes.push(hash);
                self.weights.push(1);
                self.slots[slot] = self.weights.len() as u32;
                if self.weights.len() * 2 > self.slots.len() {
                    self.grow();
                }
            }
            class => self.weights[class as usize - 1] += 1,
        }
    }

    /// The slot of the class with this hash that `is_it`, or the free one where it belongs.
    fn slot(&self, hash: u64, is_it: impl Fn(usize, &Gather) -> bool) -> usize {
        let mut slot = hash as usize & (self.slots.len() - 1);
        while let Some(class) = (self.slots[slot] as usize).checked_sub(1) {
            if self.hashes[class] == hash && is_it(class, self) {
                break;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for class in 0..self.hashes.len() {
            let slot = self.slot(self.hashes[class], |_, _| false);
            self.slots[slot] = class as u32 + 1;
        }
    }

    fn into_election(self, budget: i64, unit: i64, projects: Vec<Project>) -> Result<Election, Error> {
        let mut total = budget.max(1);
        let mut ids = HashSet::with_capacity(projects.len());
        for (i, project) in projects.iter().enumerate() {
            let row = || format!("project {}", i + 1);
            if project.id.is_empty() {
                return Err(Finding::new(0, row(), Cause::EmptyId));
            }
            if !ids.insert(project.id.as_str()) {
                return Err(Finding::new(0, row(), Cause::RepeatedProject(project.id.clone())));
            }
            if project.cost < 0 {
                return Err(Finding::new(0, row(), Cause::NotAmount(project.cost.to_string())));
            }
            total = total.saturating_add(project.cost);
        }
        if budget < 0 || unit < 1 || total >= MAX_TOTAL {
            return Err(Finding::new(0, "budget", Cause::TooLarge));
        }
        let wishes = self.sets;
        let mut ends = Vec::with_capacity(projects.len());
        let mut counts = vec![0usize; projects.len()];
        wishes.all.iter().for_each(|project| counts[*project as usize] += 1);
        for count in &counts {
            ends.push(ends.last().copied().unwrap_or(0) + count);
        }
        let mut next: Vec<usize> = ends.iter().zip(&counts).map(|(end, count)| end - count).collect();
        let mut all = vec![0u32; wishes.all.len()];
        for class in 0..self.weights.len() {
            for project in wishes.row(class) {
                let slot = &mut next[*project as usize];
                all[*slot] = class as u32;
                *slot += 1;
            }
        }
        Ok(Election {
            budget,
            unit,
            currency: String::new(),
            projects,
            limits: Vec::new(),
            voters: self.voters,
            votes: self.votes,
            points: self.points,
            weights: self.weights,
            wishes,
            supporters: Rows { all, ends },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural_order_is_the_order_of_a_numbered_list() {
        let mut ids = vec!["c10", "c2", "10", "9", "L18/04", "L18/4", "", "c2a", "社2", "社10"];
        ids.sort_by(|a, b| natural(a, b));
        assert_eq!(ids, ["", "9", "10", "L18/04", "L18/4", "c2", "c2a", "c10", "社2", "社10"]);
    }
}
