//! Sequential Phragmén (Brill, Freeman, Janson, Lackner 2017; with costs: Los, Christoff, Grossi 2022).
//!
//! Voters earn money evenly over time and pay for the projects they wish for; a project is bought at the first moment
//! its supporters together have its cost, which sets them back to nothing. Equivalently, a voter's *load* is the moment
//! of the last purchase the voter took part in, and a project would be bought at (cost + Σ loads) / supporters.
//! The rule ends when a project that is due does not fit the remaining budget.
//!
//! Moments are intervals in fixed point, rounded outward; where they overlap they are computed as fractions, from
//! how many supporters last took part in which purchase.
use crate::count::{Fate, Picked, Why, forbidden};
use crate::election::Election;
use num_bigint::BigInt;
use num_rational::BigRational;
use std::collections::BTreeMap;

const NEVER: u32 = u32::MAX;

struct Purchase {
    project: usize,
    lo: i64,
    hi: i64,
    exact: Option<BigRational>,
}

struct Run<'a> {
    election: &'a Election,
    shift: u32,
    /// The last purchase each class took part in.
    last: Vec<u32>,
    /// The purchase of each project.
    bought_at: Vec<u32>,
    due: Vec<(i64, i64)>,
    stale: Vec<bool>,
    purchases: Vec<Purchase>,
}

pub(crate) fn count(picked: &mut Picked) {
    let election = picked.election;
    // Σ loads of all voters is the money spent, so cost + Σ loads stays below twice the budget.
    let bits = i64::BITS - (2 * election.budget + 1).leading_zeros();
    let projects = picked.fates.len();
    let mut run = Run {
        election,
        shift: (60u32.saturating_sub(bits)).min(40),
        last: vec![NEVER; election.classes()],
        bought_at: vec![NEVER; projects],
        due: vec![(0, 0); projects],
        stale: vec![true; projects],
        purchases: Vec::new(),
    };
    let mut open = picked.open();
    loop {
        let selected = &picked.selected;
        let mut excluded = Vec::new();
        open.retain(|p| match forbidden(election, selected, *p) {
            Some(why) => {
                excluded.push((*p, why));
                false
            }
            None => true,
        });
        excluded.into_iter().for_each(|(p, why)| picked.lose(p, why));
        let mut level = run.next(&open);
        level.sort_by_key(|p| picked.rank[*p]);
        let Some(&winner) = level.first() else { return };
        let left = picked.left();
        let too_dear: Vec<usize> = level.iter().copied().filter(|p| election.projects()[*p].cost > left).collect();
        if !too_dear.is_empty() {
            too_dear.into_iter().for_each(|p| picked.lose(p, Why::DoesNotFit { left }));
            return;
        }
        let unit = i128::from(election.unit) << run.shift;
        let earned = (i128::from(run.due[winner].1) * 100 + unit - 1).div_euclid(unit);
        picked.take(winner, Fate::WonByLoad { earned });
        run.buy(winner);
        open.retain(|p| *p != winner);
        if level.len() > 1 {
            picked.ties.push(level);
        }
    }
}

impl Run<'_> {
    /// The projects due first.
    fn next(&mut self, open: &[usize]) -> Vec<usize> {
        for &project in open {
            if std::mem::replace(&mut self.stale[project], false) {
                self.due[project] = self.interval(project);
            }
        }
        let Some(first) = open.iter().map(|p| self.due[*p].1).min() else { return Vec::new() };
        let contenders: Vec<usize> = open.iter().copied().filter(|p| self.due[*p].0 <= first).collect();
        if contenders.len() < 2 {
            return contenders;
        }
        let mut earliest: Option<BigRational> = None;
        let mut level = Vec::new();
        for project in contenders {
            let due = self.exact(project, NEVER);
            match earliest.as_ref().map(|e| due.cmp(e)) {
                Some(std::cmp::Ordering::Greater) => {}
                Some(std::cmp::Ordering::Equal) => level.push(project),
                _ => (earliest, level) = (Some(due), vec![project]),
            }
        }
        level
    }

    fn interval(&self, project: usize) -> (i64, i64) {
        let cost = self.election.projects()[project].cost << self.shift;
        let (mut lo, mut hi, mut voters) = (cost, cost, 0);
        for class in self.election.supporters(project).iter().map(|c| *c as usize) {
            let weight = self.election.weights[class];
            voters += weight;
            if let Some(purchase) = self.purchases.get(self.last[class] as usize) {
                lo += weight * purchase.lo;
                hi += weight * purchase.hi;
            }
        }
        let voters = voters.max(1);
        (lo.div_euclid(voters), (hi + voters - 1).div_euclid(voters))
    }

    fn buy(&mut self, project: usize) {
        let at = self.purchases.len() as u32;
        for class in self.election.supporters(project).iter().map(|c| *c as usize) {
            self.last[class] = at;
            for wish in self.election.wishes(class) {
                self.stale[*wish as usize] = true;
            }
        }
        self.bought_at[project] = at;
        let (lo, hi) = self.due[project];
        self.purchases.push(Purchase { project, lo, hi, exact: None });
    }

    /// When a project is or was due, given the purchases before `before`, as a fraction.
    fn exact(&mut self, project: usize, before: u32) -> BigRational {
        let counts = self.counts(project, before);
        // The purchases this rests on, directly or not; earlier ones are computed first.
        let mut needed = vec![false; self.purchases.len()];
        counts.keys().for_each(|at| needed[*at as usize] = true);
        let mut all_counts = BTreeMap::new();
        for at in (0..needed.len()).rev() {
            if needed[at] && self.purchases[at].exact.is_none() {
                let counts = self.counts(self.purchases[at].project, at as u32);
                counts.keys().for_each(|earlier| needed[*earlier as usize] = true);
                all_counts.insert(at, counts);
            }
        }
        for (at, counts) in all_counts {
            let exact = self.moment(self.purchases[at].project, &counts);
            self.purchases[at].exact = Some(exact);
        }
        self.moment(project, &counts)
    }

    /// How many supporters took part last in which purchase before `before`.
    fn counts(&self, project: usize, before: u32) -> BTreeMap<u32, i64> {
        let mut counts = BTreeMap::new();
        for class in self.election.supporters(project).iter().map(|c| *c as usize) {
            let bought = self.election.wishes(class).iter().map(|p| self.bought_at[*p as usize]);
            if let Some(last) = bought.filter(|at| *at < before).max() {
                *counts.entry(last).or_default() += self.election.weights[class];
            }
        }
        counts
    }

    fn moment(&self, project: usize, counts: &BTreeMap<u32, i64>) -> BigRational {
        let cost = BigRational::from_integer(BigInt::from(self.election.projects()[project].cost));
        let loads = counts.iter().filter_map(|(at, count)| {
            self.purchases[*at as usize].exact.as_ref().map(|load| load * BigInt::from(*count))
        });
        let voters = self.election.votes()[project].max(1);
        loads.fold(cost, |sum, load| sum + load) / BigInt::from(voters)
    }
}
