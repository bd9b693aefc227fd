//! One binary: vectors, rules, refusals and faults, properties against a second, naive count.
mod faults;
mod naive;
mod vectors;

use owners_count::{Rules, Verdict, Vote, count, read_votes};

/// The shipped rules.
fn rules() -> Rules {
    Rules::parse(include_str!("../../../../data/law/owners-vote.json")).expect("the shipped rules are sound")
}

fn votes(text: &str) -> Vec<Vote> {
    read_votes(text).unwrap_or_else(|e| panic!("{e}"))
}

fn counted(vote: &Vote) -> Vec<Verdict> {
    count(vote, &rules()).unwrap_or_else(|e| panic!("{}: {e}", vote.name))
}
