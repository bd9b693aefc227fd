//! Every rule counted a second time, in the plainest way, with fractions throughout; and what the papers prove.
use equal_shares::{
    Ballot, Completion, Election, Options, Outcome, Project, Rule, Stop, TieOrder, Utility, count, natural,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use proptest::prelude::*;

type Q = BigRational;

fn q(n: i64) -> Q {
    Q::from_integer(BigInt::from(n))
}

/// An election as the naive count sees it: costs, and one list of wishes per voter.
#[derive(Debug, Clone)]
struct Small {
    budget: i64,
    costs: Vec<i64>,
    wishes: Vec<Vec<u32>>,
}

impl Small {
    fn election(&self) -> Election {
        let project = |(i, cost): (usize, &i64)| Project { id: format!("p{i}"), cost: *cost, ..Project::default() };
        let ballots: Vec<Ballot> =
            self.wishes.iter().map(|w| Ballot { wishes: w.clone(), points: Vec::new() }).collect();
        Election::new(self.budget, 1, self.costs.iter().enumerate().map(project).collect(), &ballots).expect("valid")
    }

    fn supporters(&self, project: usize) -> Vec<usize> {
        (0..self.wishes.len()).filter(|v| self.wishes[*v].contains(&(project as u32))).collect()
    }

    fn cost(&self, selected: &[usize]) -> i64 {
        selected.iter().map(|p| self.costs[*p]).sum()
    }

    /// The default tie order: cost, votes, identifier.
    fn first(&self, mut level: Vec<usize>) -> usize {
        level.sort_by_key(|p| (self.costs[*p], -(self.supporters(*p).len() as i64), *p));
        level[0]
    }

    fn open(&self, selected: &[usize]) -> Vec<usize> {
        let open = |p: &usize| !selected.contains(p) && !self.supporters(*p).is_empty();
        (0..self.costs.len()).filter(open).collect()
    }

    fn count(&self, options: &Options) -> Vec<usize> {
        let add1 = matches!(options.rule, Rule::MesAdd1 | Rule::MesAdd1u);
        let mut selected = match options.rule {
            Rule::Greedy => return self.greedy(Vec::new(), false),
            Rule::GreedyPerCost => return self.greedy(Vec::new(), true),
            Rule::Phragmen => self.phragmen(),
            _ if self.wishes.is_empty() => Vec::new(),
            _ => {
                let voters = BigInt::from(self.wishes.len());
                let mut share = q(self.budget) / voters;
                let mut best = self.shares(&share, options.utility);
                loop {
                    let left = self.budget - self.cost(&best);
                    let fits = |p: &usize| options.stop == Stop::Overspend || self.costs[*p] <= left;
                    if !add1 || !self.open(&best).iter().any(fits) {
                        break;
                    }
                    share += q(options.increment.unwrap_or(1));
                    let next = self.shares(&share, options.utility);
                    if self.cost(&next) > self.budget {
                        break;
                    }
                    best = next;
                }
                best
            }
        };
        if options.rule == Rule::MesAdd1u || options.completion == Completion::Greedy {
            selected = self.greedy(selected, false);
        }
        selected
    }

    fn greedy(&self, mut selected: Vec<usize>, per_cost: bool) -> Vec<usize> {
        let mut open = self.open(&selected);
        while !open.is_empty() {
            // Free projects have infinite value per cost: larger than any other.
            let value = |p: usize| {
                let votes = q(self.supporters(p).len() as i64);
                match (per_cost, self.costs[p]) {
                    (false, _) => (false, votes),
                    (true, 0) => (true, q(0)),
                    (true, cost) => (false, votes / q(cost)),
                }
            };
            let most = open.iter().map(|p| value(*p)).max().expect("open");
            let next = self.first(open.iter().copied().filter(|p| value(*p) == most).collect());
            open.retain(|p| *p != next);
            if self.cost(&selected) + self.costs[next] <= self.budget {
                selected.push(next);
            }
        }
        selected
    }

    fn shares(&self, share: &Q, utility: Utility) -> Vec<usize> {
        self.purchases(share, utility).into_iter().map(|(project, ..)| project).collect()
    }

    /// Each project bought, with how many paid its price and how many paid less because it was all they had.
    fn purchases(&self, share: &Q, utility: Utility) -> Vec<(usize, u64, u64)> {
        let mut balance = vec![share.clone(); self.wishes.len()];
        let mut bought: Vec<(usize, u64, u64)> = Vec::new();
        loop {
            let mut best: Option<(Q, Vec<usize>)> = None;
            let selected: Vec<usize> = bought.iter().map(|(project, ..)| *project).collect();
            for p in self.open(&selected) {
                let Some(price) = price(self.costs[p], self.supporters(p).iter().map(|v| &balance[*v])) else {
                    continue;
                };
                let ratio = if utility == Utility::Cost { price / q(self.costs[p].max(1)) } else { price };
                match &mut best {
                    Some((lowest, level)) if *lowest == ratio => level.push(p),
                    Some((lowest, _)) if *lowest < ratio => {}
                    _ => best = Some((ratio, vec![p])),
                }
            }
            let Some((ratio, level)) = best else { return bought };
            let next = self.first(level);
            let price = if utility == Utility::Cost { ratio * q(self.costs[next].max(1)) } else { ratio };
            let (mut paid, mut paid_less) = (0, 0);
            for v in self.supporters(next) {
                if balance[v] >= price {
                    paid += 1;
                } else if !balance[v].is_zero() {
                    paid_less += 1;
                }
                let left = &balance[v] - &price;
                balance[v] = left.max(Q::zero());
            }
            bought.push((next, paid, paid_less));
        }
    }

    fn phragmen(&self) -> Vec<usize> {
        let mut load = vec![Q::zero(); self.wishes.len()];
        let mut selected = Vec::new();
        loop {
            let open: Vec<usize> = self.open(&selected).into_iter().filter(|p| self.costs[*p] <= self.budget).collect();
            let due = |p: usize, load: &[Q]| {
                let supporters = self.supporters(p);
                supporters.iter().fold(q(self.costs[p]), |sum, v| sum + &load[*v]) / q(supporters.len() as i64)
            };
            let Some(first) = open.iter().map(|p| due(*p, &load)).min() else { return selected };
            let level: Vec<usize> = open.iter().copied().filter(|p| due(*p, &load) == first).collect();
            if level.iter().any(|p| self.cost(&selected) + self.costs[*p] > self.budget) {
                return selected;
            }
            let next = self.first(level);
            self.supporters(next).into_iter().for_each(|v| load[v] = first.clone());
            selected.push(next);
        }
    }
}

/// What each supporter pays who can: the solution of Σ min(balance, price) = cost.
fn price<'a>(cost: i64, balances: impl Iterator<Item = &'a Q>) -> Option<Q> {
    let mut balances: Vec<&Q> = balances.collect();
    balances.sort();
    let mut rest = q(cost);
    for (i, balance) in balances.iter().enumerate() {
        let even = &rest / q((balances.len() - i) as i64);
        if **balance >= even {
            return Some(even);
        }
        rest -= *balance;
    }
    None
}

/// Small elections with many coincidences: few costs, few voters, blank ballots, free projects.
fn small() -> impl Strategy<Value = Small> {
    (1usize..8, 0usize..10, prop_oneof![Just(3i64), Just(12), Just(60)]).prop_flat_map(|(projects, voters, dearest)| {
        let costs = prop::collection::vec(0..=dearest, projects);
        let wishes = prop::collection::vec(prop::collection::btree_set(0..projects as u32, 0..=projects), voters);
        (costs, wishes, 0..=dearest * 4).prop_map(|(costs, wishes, budget)| {
            let wishes = wishes.into_iter().map(|w| w.into_iter().collect()).collect();
            Small { budget, costs, wishes }
        })
    })
}

/// The same with amounts so large that fixed point has hardly any fraction left: most comparisons need fractions.
fn coarse() -> impl Strategy<Value = Small> {
    (small(), 1i64 << 40..1i64 << 50).prop_map(|(mut small, factor)| {
        small.costs.iter_mut().for_each(|c| *c *= factor);
        small.budget *= factor;
        small
    })
}

fn all_options(increment: Option<i64>) -> Vec<Options> {
    let mut all = Vec::new();
    for rule in Rule::ALL {
        for utility in [Utility::Cost, Utility::Votes] {
            for (completion, stop) in [(Completion::None, Stop::Exhaustive), (Completion::Greedy, Stop::Overspend)] {
                all.push(Options { utility, completion, stop, increment, ..Options::new(rule) });
            }
        }
    }
    all
}

fn counted(small: &Small, options: &Options) -> Outcome {
    count(&small.election(), options).expect("counted")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_rule_equals_the_naive_count(small in small()) {
        for options in all_options(None) {
            let outcome = counted(&small, &options);
            prop_assert_eq!(&outcome.selected, &small.count(&options), "{:?}", options);
            prop_assert!(outcome.cost <= small.budget && outcome.cost == small.cost(&outcome.selected));
        }
    }

    #[test]
    fn the_order_of_ballots_does_not_matter(small in small(), seed in any::<u64>()) {
        let mut shuffled = small.clone();
        let mut state = seed;
        for i in (1..shuffled.wishes.len()).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            shuffled.wishes.swap(i, (state >> 33) as usize % (i + 1));
        }
        for options in all_options(None) {
            prop_assert_eq!(counted(&small, &options), counted(&shuffled, &options));
        }
    }

    /// Peters, Pierczyński, Skowron 2021, Theorem 2: Equal Shares satisfies EJR up to one project. For every group that
    /// agrees on projects T its part of the budget pays for, some member gets at least T's utility, or would exceed it
    /// by one project more.
    #[test]
    fn equal_shares_satisfies_ejr_up_to_one_project(small in small()) {
        for utility in [Utility::Cost, Utility::Votes] {
            let worth = |p: usize| if utility == Utility::Cost { small.costs[p] } else { 1 };
            let won = counted(&small, &Options { utility, ..Options::new(Rule::Mes) }).selected;
            for set in 1u32..1 << small.costs.len() {
                let agreed: Vec<usize> = (0..small.costs.len()).filter(|p| set >> p & 1 == 1).collect();
                let wants = |v: &usize, p: &usize| small.wishes[*v].contains(&(*p as u32));
                let group: Vec<usize> =
                    (0..small.wishes.len()).filter(|v| agreed.iter().all(|p| wants(v, p))).collect();
                if (group.len() as i64) * small.budget < small.cost(&agreed) * small.wishes.len() as i64 || group.is_empty() {
                    continue;
                }
                let target: i64 = agreed.iter().map(|p| worth(*p)).sum();
                let content = |v: &usize| {
                    let has: i64 = won.iter().filter(|p| wants(v, p)).map(|p| worth(*p)).sum();
                    has >= target || agreed.iter().any(|p| !won.contains(p) && has + worth(*p) > target)
                };
                prop_assert!(group.iter().any(content), "{:?}: {:?} agree on {:?}", utility, group, agreed);
            }
        }
    }

    #[test]
    fn who_paid_equals_the_naive_count(small in small()) {
        use equal_shares::Fate;
        let Some(share) = (!small.wishes.is_empty()).then(|| q(small.budget) / q(small.wishes.len() as i64)) else {
            return Ok(());
        };
        for utility in [Utility::Cost, Utility::Votes] {
            let fates = counted(&small, &Options { utility, ..Options::new(Rule::Mes) }).fates;
            for (project, as_paid, as_less) in small.purchases(&share, utility) {
                let Fate::WonByShares { paid, paid_less, .. } = fates[project] else { panic!("{project} won") };
                prop_assert_eq!((paid, paid_less), (as_paid, as_less), "{:?}: project {}", utility, project);
            }
        }
    }

    /// Peters, Pierczyński, Skowron 2021, §4.1 (priceability): supporters of a project that lost cannot pay for it with
    /// what they have left, and what all voters have left is the budget less the cost.
    #[test]
    fn what_is_left_is_too_little_for_every_loser(small in small()) {
        use equal_shares::{Fate, Why};
        let outcome = counted(&small, &Options::new(Rule::Mes));
        for (p, fate) in outcome.fates.iter().enumerate() {
            match fate {
                Fate::Lost(Why::SupportersShort { left, .. }) => {
                    prop_assert!(*left < small.costs[p] && *left <= small.budget - outcome.cost)
                }
                Fate::Lost(Why::NoVotes) => prop_assert!(small.supporters(p).is_empty()),
                Fate::Lost(Why::AboveBudget) => prop_assert!(small.costs[p] > small.budget),
                Fate::WonByShares { paid, paid_less, .. } => {
                    prop_assert!(small.costs[p] == 0 || *paid > 0, "somebody pays the price");
                    prop_assert!(paid + paid_less <= small.supporters(p).len() as u64)
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

proptest! {
    // Fewer cases: fractions of large numbers are slow without optimisation.
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_rule_equals_the_naive_count_when_intervals_decide_nothing(small in coarse()) {
        for options in all_options(Some(small.costs.iter().sum::<i64>() / 50 + 1)) {
            prop_assert_eq!(counted(&small, &options).selected, small.count(&options), "{:?}", options);
        }
    }
}

#[test]
fn tie_orders_are_what_they_say() {
    // Three projects level under every rule: same supporters per unit of cost.
    let mut small = Small { budget: 2, costs: vec![2, 1, 1], wishes: vec![vec![0, 1, 2]; 2] };
    let first = |small: &Small, tie_order| counted(small, &Options { tie_order, ..Options::new(Rule::Mes) }).selected;
    assert_eq!(first(&small, TieOrder::Cost), [1, 2], "cheaper first");
    assert_eq!(first(&small, TieOrder::Id), [0], "p0 first");
    assert_eq!(first(&small, TieOrder::File), [0], "first in the file");
    small.costs = vec![1, 1, 1];
    let outcome = counted(&small, &Options::new(Rule::Greedy));
    assert_eq!(outcome.selected, [0, 1], "equal cost and votes: by identifier");
    assert_eq!(outcome.ties.len(), 1);
    assert!(outcome.ties[0].decisive, "the third lost by the tie order alone");
    assert!(natural("p2", "p10").is_lt());
}
