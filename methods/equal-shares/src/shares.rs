//! The Method of Equal Shares (Peters, Pierczyński, Skowron 2021) and its completion Add1 (equalshares.net).
//!
//! Every voter holds an equal share of the budget. A project is affordable if its supporters can pay for it together; each
//! pays the same price, or all that is left if that is less. The project bought next is the one with the lowest price per
//! unit of utility; a project's price never falls, so old prices are lower bounds and only the cheapest are recomputed.
//!
//! Balances and prices are kept as intervals of integers scaled by 2^shift, rounded outward. Soundness of a price: let
//! f(q) = Σ min(balance, q) over the supporters; the price is the q with f(q) = cost. For *any* set P of supporters,
//! f(q) ≤ Σ_P balance + q · (number outside P), so (cost − Σ_P balance) / (number outside P) ≤ price, with equality if P
//! are those who cannot pay the price. Lower balances give higher prices. Hence with P determined exactly from the lower
//! ends, the lower ends of the balances bound the price from above and the upper ends (same P) bound it from below.
//!
//! Where intervals do not decide, values are computed as fractions. A voter's balance is the share minus the prices paid
//! so far, or nothing after a purchase that took the rest: the history of purchases is enough to reconstruct it.
use crate::count::{Fate, Picked, Rule, Stop, Utility, Why, forbidden};
use crate::election::Election;
use crate::finding::{Cause, Error, Finding};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{ToPrimitive, Zero};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

const NEVER: u32 = u32::MAX;
const MAX_STEPS: u64 = 1_000_000;
/// Σ of all balances stays below 2^MONEY_BITS, so that sums and costs in fixed point fit `i64`.
const MONEY_BITS: u32 = 61;
const MAX_SHIFT: u32 = 40;

pub(crate) fn count(picked: &mut Picked) -> Result<(), Error> {
    let election = picked.election;
    let add1 = picked.options.rule != Rule::Mes;
    let increment = i128::from(picked.options.increment.unwrap_or(election.unit).max(1)) * i128::from(election.voters);
    let mut open = picked.open();
    let above_budget = |fate: &Option<Fate>| matches!(fate, Some(Fate::Lost(Why::AboveBudget)));
    if add1 {
        // As in the programs of equalshares.net and pabutools: when raised shares pay for a project dearer than the
        // whole budget, that step overspends.
        open.extend((0..picked.fates.len()).filter(|p| above_budget(&picked.fates[*p])));
    }
    let mut run = Run::new(picked, &open);
    run.go(i128::from(election.budget))?;
    let mut step = 0;
    while add1 && run.may_add() {
        if step == MAX_STEPS {
            return Err(Finding::new(0, "Add1", Cause::TooManySteps(MAX_STEPS)));
        }
        if !run.go(i128::from(election.budget) + i128::from(step + 1) * increment)? {
            // The step before is the last one within the budget: repeat it, for its balances.
            run.go(i128::from(election.budget) + i128::from(step) * increment)?;
            break;
        }
        step += 1;
    }
    let selected: Vec<usize> = run.purchases.iter().map(|p| p.project).collect();
    for (at, &project) in selected.iter().enumerate() {
        let fate = run.won(at as u32, project);
        picked.take(project, fate);
    }
    for project in picked.open() {
        let left = run.money_left(project);
        let short = Why::SupportersShort { left, unspent: None };
        picked.lose(project, forbidden(election, &selected, project).unwrap_or(short));
    }
    picked.steps = step;
    picked.share =
        (election.voters > 0).then(|| run.money * 100 / (i128::from(election.voters) * i128::from(election.unit)));
    picked.ties = run.ties;
    Ok(())
}

/// An interval of fixed-point numbers that contains the true one.
#[derive(Clone, Copy, Default)]
struct Span {
    lo: i64,
    hi: i64,
}

/// A project in the queue: at least `price / utility`. The lowest comes first.
struct Bound {
    price: i64,
    utility: i64,
    project: u32,
}

impl Bound {
    fn ratio_cmp(&self, price: i64, utility: i64) -> Ordering {
        (i128::from(self.price) * i128::from(utility)).cmp(&(i128::from(price) * i128::from(self.utility)))
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Bound) -> Ordering {
        other.ratio_cmp(self.price, self.utility)
    }
}
impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Bound) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Bound {
    fn eq(&self, other: &Bound) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Bound {}

/// The exact price of a purchase is `(cost − poor · share + Σ count · price(earlier purchase)) / rich`.
struct Terms {
    poor: i64,
    rich: i64,
    earlier: Vec<(u32, i64)>,
}

struct Purchase {
    project: usize,
    price: Span,
    exact: Option<BigRational>,
}

/// One run with a given amount of money; the buffers serve the next run too.
struct Run<'a> {
    election: &'a Election,
    open: &'a [usize],
    rank: Vec<u32>,
    stop: Stop,
    utility: Utility,
    /// All voters' shares together, in subunits.
    money: i128,
    shift: u32,
    /// One voter's share in fixed point, rounded up.
    share_hi: i64,
    spent: i64,
    /// Per class of voters.
    balance: Vec<Span>,
    emptied_at: Vec<u32>,
    /// Per project.
    bought_at: Vec<u32>,
    price: Vec<Span>,
    stale: Vec<bool>,
    touched: Vec<bool>,
    exact: Vec<Option<BigRational>>,
    purchases: Vec<Purchase>,
    ties: Vec<Vec<usize>>,
}

impl<'a> Run<'a> {
    fn new(picked: &Picked<'a>, open: &'a [usize]) -> Run<'a> {
        let projects = picked.fates.len();
        Run {
            election: picked.election,
            open,
            rank: picked.rank.clone(),
            stop: picked.options.stop,
            utility: picked.options.utility,
            money: 0,
            shift: 0,
            share_hi: 0,
            spent: 0,
            balance: vec![Span::default(); picked.election.classes()],
            emptied_at: vec![NEVER; picked.election.classes()],
            bought_at: vec![NEVER; projects],
            price: vec![Span::default(); projects],
            stale: vec![false; projects],
            touched: vec![false; projects],
            exact: vec![None; projects],
            purchases: Vec::new(),
            ties: Vec::new(),
        }
    }

    /// Whether raising the shares may still buy something within the budget.
    fn may_add(&self) -> bool {
        let selected: Vec<usize> = self.purchases.iter().map(|p| p.project).collect();
        self.open.iter().any(|&p| {
            let fits = self.stop == Stop::Overspend || self.cost(p) <= self.election.budget - self.spent;
            self.bought_at[p] == NEVER && fits && forbidden(self.election, &selected, p).is_none()
        })
    }

    /// Runs the method with this much money; `false` if the purchases exceed the budget.
    fn go(&mut self, money: i128) -> Result<bool, Error> {
        if money >= 1 << (MONEY_BITS - 1) {
            return Err(Finding::new(0, "budget", Cause::TooLarge));
        }
        self.start(money);
        let mut queue: BinaryHeap<Bound> = self.affordable();
        let (mut fresh, mut selected): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        loop {
            fresh.clear();
            let mut best: Option<(i64, i64)> = None;
            while let Some(top) = queue.peek() {
                if best.is_some_and(|(price, utility)| top.ratio_cmp(price, utility).is_gt()) {
                    break;
                }
                let project = top.project as usize;
                queue.pop();
                if forbidden(self.election, &selected, project).is_some() || !self.refresh(project) {
                    continue;
                }
                let upper = self.bound(project, self.price[project].hi);
                if best.is_none_or(|(price, utility)| upper.ratio_cmp(price, utility).is_lt()) {
                    best = Some((upper.price, upper.utility));
                }
                fresh.push(project);
            }
            let Some((price, utility)) = best else { return Ok(true) };
            let contends = |p: &usize| self.bound(*p, self.price[*p].lo).ratio_cmp(price, utility).is_le();
            let mut contenders: Vec<usize> = fresh.iter().copied().filter(contends).collect();
            if contenders.len() > 1 {
                contenders = self.cheapest(contenders);
                contenders.sort_by_key(|p| self.rank[*p]);
            }
            let Some(&winner) = contenders.first() else { return Ok(true) };
            if contenders.len() > 1 {
                self.ties.push(contenders);
            }
            queue.extend(fresh.iter().filter(|p| **p != winner).map(|p| self.bound(*p, self.price[*p].lo)));
            self.buy(winner);
            selected.push(winner);
            if self.spent > self.election.budget {
                return Ok(false);
            }
        }
    }

    fn cost(&self, project: usize) -> i64 {
        self.election.projects()[project].cost
    }

    /// Free projects are worth any price; their price is zero.
    fn bound(&self, project: usize, price: i64) -> Bound {
        let utility = if self.utility == Utility::Cost { self.cost(project).max(1) } else { 1 };
        Bound { price, utility, project: project as u32 }
    }

    fn start(&mut self, money: i128) {
        self.money = money;
        self.shift = MAX_SHIFT.min(MONEY_BITS - 1 - (i128::BITS - money.leading_zeros()));
        self.spent = 0;
        let voters = i128::from(self.election.voters.max(1));
        let scaled = money << self.shift;
        let lo = (scaled / voters) as i64;
        self.share_hi = lo + i64::from(scaled % voters != 0);
        self.balance.fill(Span { lo, hi: self.share_hi });
        self.emptied_at.fill(NEVER);
        self.bought_at.fill(NEVER);
        self.stale.fill(false);
        self.touched.fill(false);
        self.exact.fill(None);
        self.purchases.clear();
        self.ties.clear();
    }

    /// The projects affordable at the start, where all balances are equal and prices are plain fractions.
    fn affordable(&mut self) -> BinaryHeap<Bound> {
        let mut queue = Vec::with_capacity(self.open.len());
        for &project in self.open {
            let (cost, votes) = (i128::from(self.cost(project)), i128::from(self.election.votes()[project]));
            if votes * self.money >= cost * i128::from(self.election.voters) {
                let scaled = cost << self.shift;
                let lo = (scaled / votes) as i64;
                self.price[project] = Span { lo, hi: lo + i64::from(scaled % votes != 0) };
                queue.push(self.bound(project, lo));
            }
        }
        queue.into()
    }

    /// Brings a project's price up to date; `false` if its supporters cannot pay for it any more.
    fn refresh(&mut self, project: usize) -> bool {
        if !std::mem::replace(&mut self.stale[project], false) {
            return true;
        }
        self.exact[project] = None;
        let cost = self.cost(project) << self.shift;
        let mut price = self.price[project].hi;
        loop {
            let (mut poor_lo, mut poor_hi, mut rich) = (0, 0, 0);
            for &class in self.election.supporters(project) {
                let (balance, weight) = (self.balance[class as usize], self.election.weights[class as usize]);
                if balance.lo < price {
                    poor_lo += weight * balance.lo;
                    poor_hi += weight * balance.hi;
                } else {
                    rich += weight;
                }
            }
            if rich == 0 {
                // Affordable by the upper ends at most: fractions decide.
                return poor_hi >= cost && self.refresh_exactly(project);
            }
            let next = (cost - poor_lo + rich - 1).div_euclid(rich);
            if next <= price {
                self.price[project] = Span { lo: (cost - poor_hi).div_euclid(rich).max(0), hi: price };
                return true;
            }
            price = next;
        }
    }

    fn refresh_exactly(&mut self, project: usize) -> bool {
        let Some(exact) = self.exact_price(project, Span { lo: 0, hi: i64::MAX }) else { return false };
        self.price[project] = self.span(&exact);
        self.exact[project] = Some(exact);
        true
    }

    /// Of these projects, those with exactly the lowest price per utility.
    fn cheapest(&mut self, contenders: Vec<usize>) -> Vec<usize> {
        if contenders.iter().all(|p| !self.touched[*p]) {
            // Nobody has paid anything yet: the price is cost / votes.
            let ratio = |p: usize| {
                let bound = self.bound(p, self.cost(p));
                (i128::from(bound.price), i128::from(bound.utility) * i128::from(self.election.votes()[p]))
            };
            return lowest(contenders, |a, b| {
                let ((a, under_a), (b, under_b)) = (ratio(a), ratio(b));
                // With cost utility the costs cancel, so that the products stay small.
                if self.utility == Utility::Cost && a > 0 && b > 0 {
                    (under_b / b).cmp(&(under_a / a))
                } else {
                    (a * under_b).cmp(&(b * under_a))
                }
            });
        }
        for &project in &contenders {
            if self.exact[project].is_none() {
                let exact = self.exact_price(project, self.price[project]);
                if let Some(exact) = &exact {
                    self.price[project] = self.span(exact);
                }
                self.exact[project] = exact;
            }
        }
        let ratio = |p: usize| {
            let utility = self.bound(p, 0).utility;
            self.exact[p].as_ref().map(|price| price / BigInt::from(utility))
        };
        let ratios: BTreeMap<usize, Option<BigRational>> = contenders.iter().map(|p| (*p, ratio(*p))).collect();
        lowest(contenders, |a, b| ratios[&a].cmp(&ratios[&b]))
    }

    /// The integer interval around an exact amount in subunits.
    fn span(&self, exact: &BigRational) -> Span {
        let scaled = exact * BigRational::from_integer(BigInt::from(1u64 << self.shift));
        let int = |r: BigRational| r.to_integer().to_i64().unwrap_or(i64::MAX);
        Span { lo: int(scaled.floor()), hi: int(scaled.ceil()) }
    }

    fn share(&self) -> BigRational {
        BigRational::new(BigInt::from(self.money), BigInt::from(self.election.voters.max(1)))
    }

    /// The purchases before `before` that a class took part in.
    fn history(&self, class: usize, before: u32) -> Vec<u32> {
        let bought = self.election.wishes(class).iter().map(|p| self.bought_at[*p as usize]);
        let mut history: Vec<u32> = bought.filter(|at| *at < before).collect();
        history.sort_unstable();
        history
    }

    /// The balance, as a fraction, of a class that took part in these purchases and was emptied by none.
    fn exact_balance(&mut self, history: &[u32]) -> BigRational {
        self.settle(history.iter().copied());
        history.iter().filter_map(|at| self.purchases[*at as usize].exact.as_ref()).fold(self.share(), |b, q| b - q)
    }

    /// The price of a project not yet bought, as a fraction; `None` if its supporters cannot pay. `known` contains it.
    fn exact_price(&mut self, project: usize, known: Span) -> Option<BigRational> {
        let election = self.election;
        let now = self.purchases.len() as u32;
        let mut terms = Terms { poor: 0, rich: 0, earlier: Vec::new() };
        let mut paid = BTreeMap::<u32, i64>::new();
        let mut unclear = BTreeMap::<Vec<u32>, i64>::new();
        for class in election.supporters(project).iter().map(|c| *c as usize) {
            let (balance, weight) = (self.balance[class], election.weights[class]);
            if self.emptied_at[class] != NEVER {
                continue;
            }
            if balance.hi < known.lo {
                terms.poor += weight;
                self.history(class, now).into_iter().for_each(|at| *paid.entry(at).or_default() += weight);
            } else if balance.lo >= known.hi {
                terms.rich += weight;
            } else {
                *unclear.entry(self.history(class, now)).or_default() += weight;
            }
        }
        terms.earlier.extend(paid);
        self.settle(terms.earlier.iter().map(|(at, _)| *at));
        let mut rest = self.rest(project, &terms);
        let mut unclear: Vec<(BigRational, i64)> =
            unclear.into_iter().map(|(history, weight)| (self.exact_balance(&history), weight)).collect();
        unclear.sort();
        let mut rich = terms.rich + unclear.iter().map(|(_, weight)| weight).sum::<i64>();
        // The poorest pay all they have as long as that is less than an equal part of the rest.
        for (balance, weight) in unclear {
            let weighted = &balance * BigInt::from(rich);
            match weighted.cmp(&rest) {
                Ordering::Less => {
                    rest -= balance * BigInt::from(weight);
                    rich -= weight;
                }
                Ordering::Equal => return Some(balance),
                Ordering::Greater => break,
            }
        }
        match rich {
            0 => rest.is_zero().then_some(rest),
            _ => Some(rest / BigInt::from(rich)),
        }
    }

    /// What remains of a project's cost after the poor have paid all they had.
    fn rest(&self, project: usize, terms: &Terms) -> BigRational {
        let cost = BigRational::from_integer(BigInt::from(self.cost(project)));
        let earlier = terms.earlier.iter().filter_map(|(at, count)| {
            self.purchases[*at as usize].exact.as_ref().map(|price| price * BigInt::from(*count))
        });
        earlier.fold(cost - self.share() * BigInt::from(terms.poor), |sum, term| sum + term)
    }

    /// Computes the exact prices of these purchases, and of the earlier ones they rest on.
    fn settle(&mut self, wanted: impl Iterator<Item = u32>) {
        let mut needed = vec![false; self.purchases.len()];
        wanted.for_each(|at| needed[at as usize] = true);
        let mut all_terms = BTreeMap::new();
        for at in (0..needed.len()).rev() {
            if needed[at] && self.purchases[at].exact.is_none() {
                let terms = self.terms(at as u32);
                terms.earlier.iter().for_each(|(earlier, _)| needed[*earlier as usize] = true);
                all_terms.insert(at, terms);
            }
        }
        for (at, terms) in all_terms {
            let rest = self.rest(self.purchases[at].project, &terms);
            // Where nobody kept anything, nobody's balance rests on this price.
            let exact = if terms.rich == 0 { BigRational::zero() } else { rest / BigInt::from(terms.rich) };
            self.purchases[at].exact = Some(exact);
        }
    }

    fn terms(&self, at: u32) -> Terms {
        let mut terms = Terms { poor: 0, rich: 0, earlier: Vec::new() };
        let mut paid = BTreeMap::<u32, i64>::new();
        for class in self.election.supporters(self.purchases[at as usize].project).iter().map(|c| *c as usize) {
            let weight = self.election.weights[class];
            match self.emptied_at[class].cmp(&at) {
                Ordering::Less => {}
                Ordering::Equal => {
                    terms.poor += weight;
                    self.history(class, at).into_iter().for_each(|t| *paid.entry(t).or_default() += weight);
                }
                Ordering::Greater => terms.rich += weight,
            }
        }
        terms.earlier.extend(paid);
        terms
    }

    /// Which of a project's supporters, all with money, have nothing left after paying `price` (parallel to them).
    fn emptied_by(&mut self, project: usize, price: Span, supporters: &[usize]) -> Vec<bool> {
        let now = self.purchases.len() as u32;
        let mut decided = BTreeMap::<Vec<u32>, bool>::new();
        let mut emptied = Vec::with_capacity(supporters.len());
        for &class in supporters {
            let balance = self.balance[class];
            if balance.hi <= price.lo || balance.lo > price.hi {
                emptied.push(balance.hi <= price.lo);
                continue;
            }
            let history = self.history(class, now);
            let known = decided.get(&history).copied().unwrap_or_else(|| {
                if self.exact[project].is_none() {
                    self.exact[project] = self.exact_price(project, price);
                }
                let balance = self.exact_balance(&history);
                self.exact[project].as_ref().is_some_and(|price| balance <= *price)
            });
            decided.insert(history, known);
            emptied.push(known);
        }
        emptied
    }

    /// Buys a project whose price is up to date.
    fn buy(&mut self, project: usize) {
        let election = self.election;
        let price = self.price[project];
        let at = self.purchases.len() as u32;
        let solvent = election.supporters(project).iter().map(|c| *c as usize).filter(|c| self.emptied_at[*c] == NEVER);
        let supporters: Vec<usize> = solvent.collect();
        // All are decided before any pays: the exact price rests on what they had before.
        let emptied = self.emptied_by(project, price, &supporters);
        for (class, emptied) in supporters.into_iter().zip(emptied) {
            if emptied {
                self.emptied_at[class] = at;
                self.balance[class] = Span::default();
            } else {
                let balance = self.balance[class];
                self.balance[class] = Span { lo: (balance.lo - price.hi).max(0), hi: balance.hi - price.lo };
            }
            for wish in election.wishes(class) {
                self.stale[*wish as usize] = true;
                self.touched[*wish as usize] = true;
            }
        }
        self.bought_at[project] = at;
        self.spent += self.cost(project);
        self.purchases.push(Purchase { project, price, exact: None });
    }

    /// What the supporters of a project have left together, in subunits rounded down.
    fn money_left(&mut self, project: usize) -> i64 {
        let (mut lo, mut hi) = (0, 0);
        let mut exact = BigRational::zero();
        for class in self.election.supporters(project).iter().map(|c| *c as usize) {
            lo += self.election.weights[class] * self.balance[class].lo;
            hi += self.election.weights[class] * self.balance[class].hi;
        }
        if lo >> self.shift == hi >> self.shift {
            return lo >> self.shift;
        }
        let mut histories = BTreeMap::<Vec<u32>, i64>::new();
        for class in self.election.supporters(project).iter().map(|c| *c as usize) {
            if self.emptied_at[class] == NEVER {
                *histories.entry(self.history(class, NEVER)).or_default() += self.election.weights[class];
            }
        }
        for (history, weight) in histories {
            exact += self.exact_balance(&history) * BigInt::from(weight);
        }
        exact.floor().to_integer().to_i64().unwrap_or(i64::MAX)
    }

    /// How the purchase was paid: who had the price, and who had less. Nearly always the intervals tell.
    fn won(&mut self, at: u32, project: usize) -> Fate {
        if self.cost(project) == 0 {
            return Fate::WonByShares { price: 0, paid: self.election.votes()[project], paid_less: 0 };
        }
        let (mut paid, mut paid_less) = (0, 0);
        let mut unclear = BTreeMap::<Vec<u32>, u64>::new();
        let span = self.purchases[at as usize].price;
        for class in self.election.supporters(project).iter().map(|c| *c as usize) {
            let weight = self.election.weights[class] as u64;
            match self.emptied_at[class].cmp(&at) {
                Ordering::Less => {}
                Ordering::Greater => paid += weight,
                Ordering::Equal => {
                    let history = self.history(class, at);
                    let spent: i64 = history.iter().map(|t| self.purchases[*t as usize].price.lo).sum();
                    if self.share_hi - spent < span.lo {
                        paid_less += weight;
                    } else {
                        *unclear.entry(history).or_default() += weight;
                    }
                }
            }
        }
        let unit = i128::from(self.election.unit) << self.shift;
        let hundredths = |fixed: i64| (i128::from(fixed) * 100 + unit - 1).div_euclid(unit);
        let mut price = hundredths(span.hi);
        if !unclear.is_empty() || hundredths(span.lo) != price {
            let unclear: Vec<(BigRational, u64)> =
                unclear.into_iter().map(|(history, weight)| (self.exact_balance(&history), weight)).collect();
            self.settle(std::iter::once(at));
            let settled = self.purchases[at as usize].exact.clone().filter(|_| paid > 0);
            // If nobody kept anything, the price is what the richest had.
            let exact = settled.or_else(|| unclear.iter().map(|(balance, _)| balance.clone()).max());
            if let Some(exact) = exact {
                for (balance, weight) in unclear {
                    *(if balance < exact { &mut paid_less } else { &mut paid }) += weight;
                }
                let in_hundredths = exact * BigInt::from(100) / BigInt::from(self.election.unit);
                price = in_hundredths.ceil().to_integer().to_i128().unwrap_or(price);
            }
        }
        Fate::WonByShares { price, paid, paid_less }
    }
}

/// The items that compare lowest.
fn lowest(items: Vec<usize>, compare: impl Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::new();
    for item in items {
        match best.first().map(|first| compare(item, *first)) {
            Some(Ordering::Greater) => {}
            Some(Ordering::Equal) => best.push(item),
            _ => best = vec![item],
        }
    }
    best
}
