//! Participatory budgeting: greedy rules, the Method of Equal Shares and sequential Phragmén, exact and explained.
//!
//! Residents tick the projects they wish for; a budget buys some of them. This crate reads and writes the Pabulib `.pb`
//! file ([`Pb`]), gathers its ballots ([`Election`]), counts them by a rule ([`count`]) and says of every project why it
//! won or lost ([`Outcome::explain`]).
//!
//! | rule | idea | source |
//! |---|---|---|
//! | [`Rule::Greedy`] | most votes first, skip what does not fit | Faliszewski et al., IJCAI 2023 (Pabulib) |
//! | [`Rule::GreedyPerCost`] | most votes per unit of cost first | same |
//! | [`Rule::Mes`] | every voter holds an equal share and pays for own wishes only | Peters, Pierczyński, Skowron, NeurIPS 2021 |
//! | [`Rule::MesAdd1`] | the same with shares raised step by step until the budget is used | equalshares.net, completion Add1 |
//! | [`Rule::MesAdd1u`] | Add1, then most votes first with what is left | equalshares.net, completion Add1U |
//! | [`Rule::Phragmen`] | voters earn money evenly over time; a project is bought when its supporters can pay | Brill, Freeman, Janson, Lackner 2017; for budgets Los, Christoff, Grossi 2022 |
//!
//! **Exactness.** Amounts are integers. Balances and prices are fractions whose denominators grow with every purchase;
//! the count carries each as an integer interval in fixed point, rounded outward, which always contains the true value.
//! Where two intervals overlap, the values are computed as fractions and compared exactly. No decision rests on rounding.
//!
//! **Ties** are broken by a published order ([`TieOrder`]) and listed in the outcome.
#![warn(clippy::panic, clippy::expect_used)]

mod amount;
mod count;
mod election;
mod explain;
mod finding;
mod greedy;
mod hash;
mod pb;
mod phragmen;
mod shares;

pub use amount::{grouped, plain};
pub use count::{
    Completion, Fate, Options, Outcome, Rule, Score, Stop, Tie, TieOrder, Utility, Why, count, published_rule,
};
pub use election::{Ballot, Election, Limit, Project, natural};
pub use explain::Language;
pub use finding::{Cause, Error, Finding};
pub use pb::{Pb, Table};
