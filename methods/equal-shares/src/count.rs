//! What can be asked of a count, and what it answers.
use crate::election::{Election, Limit, natural};
use crate::finding::{Cause, Error, Finding};
use crate::pb::Pb;
use crate::{greedy, phragmen, shares};
use std::cmp::Reverse;

/// A counting rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Most votes first; what does not fit the remaining budget is skipped. The rule of most cities
    /// (Faliszewski et al. 2023, "basic rule").
    Greedy,
    /// Most votes per unit of cost first (Faliszewski et al. 2023).
    GreedyPerCost,
    /// Method of Equal Shares (Peters, Pierczyński, Skowron: "Proportional Participatory Budgeting with Additive
    /// Utilities", NeurIPS 2021).
    Mes,
    /// Equal Shares where everyone's share is raised by [`Options::increment`] until the budget would be exceeded
    /// (equalshares.net, "Add1"; see [`Stop`]).
    MesAdd1,
    /// Add1, completed by greedy (equalshares.net, "Add1U").
    MesAdd1u,
    /// Sequential Phragmén (Brill, Freeman, Janson, Lackner, "Phragmén's Voting Methods and Justified Representation",
    /// AAAI 2017; with costs: Los, Christoff, Grossi, IJCAI 2022). Stops at the first project that does not fit.
    Phragmen,
}

impl Rule {
    /// All rules, in the order of comparison tables.
    pub const ALL: [Rule; 6] =
        [Rule::Greedy, Rule::GreedyPerCost, Rule::Mes, Rule::MesAdd1, Rule::MesAdd1u, Rule::Phragmen];

    /// The rule's name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Greedy => "greedy",
            Rule::GreedyPerCost => "greedy-per-cost",
            Rule::Mes => "mes",
            Rule::MesAdd1 => "mes-add1",
            Rule::MesAdd1u => "mes-add1u",
            Rule::Phragmen => "phragmen",
        }
    }
}

/// What one bought wish is worth to the voter who pays for it, in the Method of Equal Shares (Peters et al. 2021, §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Utility {
    /// As much as it costs ("cost utilities"; used by cities).
    Cost,
    /// One, whatever it costs ("cardinality utilities"; favours cheap projects).
    Votes,
}

/// What greedy rules count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Score {
    /// Ballots that wish for the project.
    Votes,
    /// The sum of points ([`Election::points`]).
    Points,
}

/// Whether money left over by the rule is spent on the most-voted projects that fit (Peters et al. 2021, §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// Left over is left over.
    None,
    /// Greedy by votes over the projects not selected.
    Greedy,
}

/// When raising the shares under Add1 ends. Both keep the last outcome within the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// As soon as no further wished-for project fits the remaining budget.
    Exhaustive,
    /// Only when the next outcome would cost more than the budget.
    Overspend,
}

/// The published order that breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TieOrder {
    /// Lower cost, then more votes, then identifier in natural order (equalshares.net, where the last step is by lot).
    Cost,
    /// Identifier, character by character.
    Id,
    /// The order of the file.
    File,
}

/// How to count. `Options::new(rule)` gives the usual choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The rule.
    pub rule: Rule,
    /// Utility, for Equal Shares.
    pub utility: Utility,
    /// Completion, for Equal Shares (always greedy under [`Rule::MesAdd1u`]) and Phragmén.
    pub completion: Completion,
    /// What greedy rules and the threshold count.
    pub score: Score,
    /// Projects with a lower score cannot win, under any rule.
    pub threshold: Option<i64>,
    /// Greedy ends at the first project that does not fit, instead of skipping it.
    pub no_skip: bool,
    /// Order that breaks ties.
    pub tie_order: TieOrder,
    /// Add1: what each step adds to everyone's share, in subunits; `None` is one unit of currency.
    pub increment: Option<i64>,
    /// Add1: when to end.
    pub stop: Stop,
}

impl Options {
    /// Votes, cost utility, no completion, no threshold, skipping, ties by [`TieOrder::Cost`].
    pub fn new(rule: Rule) -> Options {
        Options {
            rule,
            utility: Utility::Cost,
            completion: Completion::None,
            score: Score::Votes,
            threshold: None,
            no_skip: false,
            tie_order: TieOrder::Cost,
            increment: None,
            stop: Stop::Exhaustive,
        }
    }
}

/// Projects that were level when one of them was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The level projects, in tie order; the first had precedence.
    pub tied: Vec<usize>,
    /// Whether the order mattered: some of them won and some did not.
    pub decisive: bool,
}

/// What became of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Won by its score (greedy, or completing another rule), with the money left before and after.
    WonByScore {
        /// Votes or points.
        score: i64,
        /// Money left before it was taken.
        before: i64,
        /// Whether it was taken when completing another rule.
        completion: bool,
    },
    /// Bought by its supporters (Equal Shares).
    WonByShares {
        /// What a supporter with enough money paid, in hundredths of a currency unit, rounded up.
        price: i128,
        /// Supporters who paid the price.
        paid: u64,
        /// Supporters who paid less: all they had left.
        paid_less: u64,
    },
    /// Bought when its supporters had earned enough (Phragmén).
    WonByLoad {
        /// What each voter had earned by then, in hundredths of a currency unit, rounded up.
        earned: i128,
    },
    /// Not selected.
    Lost(Why),
}

/// Why a project was not selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Nobody wished for it (or its points are not positive).
    NoVotes,
    /// Its score is below the threshold.
    BelowThreshold {
        /// Votes or points.
        score: i64,
        /// The threshold.
        threshold: i64,
    },
    /// It costs more than the whole budget.
    AboveBudget,
    /// It did not fit what was left when its turn came.
    DoesNotFit {
        /// Money left then.
        left: i64,
    },
    /// An earlier project did not fit, and the rule ends there.
    AfterStop,
    /// Excluded by a selected project.
    Excluded {
        /// The selected project.
        by: usize,
    },
    /// Its category's limit did not suffice.
    CategoryFull {
        /// The category.
        category: String,
        /// Money left for the category.
        left: i64,
    },
    /// Its supporters could not pay for it (Equal Shares).
    SupportersShort {
        /// What they had left together, in subunits, rounded down.
        left: i64,
        /// Unspent budget, if the rule went on to complete and this project did not fit either.
        unspent: Option<i64>,
    },
}

/// The result of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it was counted.
    pub options: Options,
    /// Selected projects in the order of selection.
    pub selected: Vec<usize>,
    /// What they cost together, in subunits; never more than the budget.
    pub cost: i64,
    /// What became of each project.
    pub fates: Vec<Fate>,
    /// Ties met on the way.
    pub ties: Vec<Tie>,
    /// Equal Shares: the final share of each voter, in hundredths of a currency unit, rounded down.
    pub share: Option<i128>,
    /// Add1: how many times the shares were raised.
    pub steps: u64,
}

/// Counts an election.
///
/// Errors: Add1 with sums beyond exact arithmetic, or not ending within a million steps.
pub fn count(election: &Election, options: &Options) -> Result<Outcome, Error> {
    let mut picked = Picked::new(election, options);
    match options.rule {
        Rule::Greedy | Rule::GreedyPerCost => greedy::count(&mut picked, options.rule == Rule::GreedyPerCost),
        Rule::Mes | Rule::MesAdd1 | Rule::MesAdd1u => shares::count(&mut picked)?,
        Rule::Phragmen => phragmen::count(&mut picked),
    }
    if options.rule == Rule::MesAdd1u || (options.completion == Completion::Greedy && !options.rule.is_greedy()) {
        greedy::complete(&mut picked);
    }
    Ok(picked.finish())
}

impl Rule {
    fn is_greedy(self) -> bool {
        matches!(self, Rule::Greedy | Rule::GreedyPerCost)
    }
}

/// The rule a file says its own result was counted by: META `rule`, `min_project_score_threshold` and, for scored
/// ballots, points. With it anyone can recount a published result.
pub fn published_rule(pb: &Pb) -> Result<Options, Error> {
    let name = pb.meta("rule").ok_or_else(|| Finding::new(0, "META rule", Cause::Missing))?;
    let (rule, no_skip) = match name.to_ascii_lowercase().as_str() {
        "greedy" | "greedy-threshold" | "greedy-exclusive" => (Rule::Greedy, false),
        "greedy-no-skip" => (Rule::Greedy, true),
        "greedy-per-cost" => (Rule::GreedyPerCost, false),
        "equalshares" | "mes" => (Rule::Mes, false),
        "equalshares/add1" | "mes-add1" => (Rule::MesAdd1, false),
        "equalshares/add1u" | "mes-add1u" => (Rule::MesAdd1u, false),
        "phragmen" => (Rule::Phragmen, false),
        _ => return Err(Finding::new(pb.meta_line("rule"), "rule", Cause::UnknownRule(name.into()))),
    };
    let mut options = Options { no_skip, ..Options::new(rule) };
    if rule.is_greedy() && matches!(pb.meta("vote_type"), Some("cumulative" | "scoring" | "ordinal")) {
        options.score = Score::Points;
    }
    if let Some(text) = pb.meta("min_project_score_threshold") {
        let field = "min_project_score_threshold";
        let whole = text.parse().map_err(|_| Finding::new(pb.meta_line(field), field, Cause::NotWhole(text.into())));
        options.threshold = Some(whole?);
    }
    Ok(options)
}

/// A count in progress: who may still win, what has been taken.
pub(crate) struct Picked<'a> {
    pub(crate) election: &'a Election,
    pub(crate) options: Options,
    /// Position of each project in the tie order.
    pub(crate) rank: Vec<u32>,
    /// Votes or points of each project.
    pub(crate) score: Vec<i64>,
    pub(crate) selected: Vec<usize>,
    pub(crate) cost: i64,
    pub(crate) fates: Vec<Option<Fate>>,
    pub(crate) ties: Vec<Vec<usize>>,
    pub(crate) share: Option<i128>,
    pub(crate) steps: u64,
}

impl<'a> Picked<'a> {
    fn new(election: &'a Election, options: &Options) -> Picked<'a> {
        let projects = &election.projects;
        let score = match options.score {
            Score::Votes => election.votes.iter().map(|v| *v as i64).collect(),
            Score::Points => election.points.clone(),
        };
        let mut order: Vec<usize> = (0..projects.len()).collect();
        match options.tie_order {
            TieOrder::Cost => order.sort_by(|a, b| {
                let key = |p: usize| (projects[p].cost, Reverse(election.votes[p]));
                key(*a).cmp(&key(*b)).then_with(|| natural(&projects[*a].id, &projects[*b].id))
            }),
            TieOrder::Id => order.sort_by_key(|p| &projects[*p].id),
            TieOrder::File => {}
        }
        let mut rank = vec![0; projects.len()];
        order.iter().enumerate().for_each(|(place, project)| rank[*project] = place as u32);
        let by_score = options.rule.is_greedy();
        let fates = (0..projects.len()).map(|p| {
            let why = match options.threshold {
                _ if election.votes[p] == 0 || (by_score && score[p] <= 0) => Why::NoVotes,
                Some(threshold) if score[p] < threshold => Why::BelowThreshold { score: score[p], threshold },
                _ if projects[p].cost > election.budget => Why::AboveBudget,
                _ => return None,
            };
            Some(Fate::Lost(why))
        });
        let fates = fates.collect();
        Picked {
            election,
            options: *options,
            rank,
            score,
            selected: Vec::new(),
            cost: 0,
            fates,
            ties: Vec::new(),
            share: None,
            steps: 0,
        }
    }

    /// Projects that may still win, in file order.
    pub(crate) fn open(&self) -> Vec<usize> {
        (0..self.fates.len()).filter(|p| self.fates[*p].is_none()).collect()
    }

    pub(crate) fn left(&self) -> i64 {
        self.election.budget - self.cost
    }

    pub(crate) fn take(&mut self, project: usize, fate: Fate) {
        self.selected.push(project);
        self.cost += self.election.projects[project].cost;
        self.fates[project] = Some(fate);
    }

    pub(crate) fn lose(&mut self, project: usize, why: Why) {
        self.fates[project] = Some(Fate::Lost(why));
    }

    fn finish(self) -> Outcome {
        let won = |p: &usize| self.selected.contains(p);
        let ties = self.ties.iter().map(|tied| {
            let winners = tied.iter().filter(|p| won(p)).count();
            Tie { tied: tied.clone(), decisive: winners < tied.len() }
        });
        Outcome {
            ties: ties.collect(),
            options: self.options,
            selected: self.selected,
            cost: self.cost,
            fates: self.fates.into_iter().map(|f| f.unwrap_or(Fate::Lost(Why::AfterStop))).collect(),
            share: self.share,
            steps: self.steps,
        }
    }
}

/// Why a project may not join these selected ones, if a limit forbids it.
pub(crate) fn forbidden(election: &Election, selected: &[usize], project: usize) -> Option<Why> {
    election.limits.iter().find_map(|limit| match limit {
        Limit::Exclusive(group) if group.contains(&(project as u32)) => {
            let by = selected.iter().find(|s| **s != project && group.contains(&(**s as u32)))?;
            Some(Why::Excluded { by: *by })
        }
        Limit::Category(category, amount) if election.projects[project].categories.contains(category) => {
            let inside = |p: &&usize| election.projects[**p].categories.contains(category);
            let spent: i64 = selected.iter().filter(inside).map(|p| election.projects[*p].cost).sum();
            let left = amount - spent;
            (election.projects[project].cost > left).then(|| Why::CategoryFull { category: category.clone(), left })
        }
        _ => None,
    })
}
