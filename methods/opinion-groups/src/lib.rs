//! Opinion groups, representative statements and group-informed consensus from sparse votes.
//!
//! People agree, disagree or pass on short statements. [`Conversation`] keeps the votes; [`Conversation::analyse`]
//! draws everybody on a plane so that people who vote alike stand close together, cuts the plane into two to five
//! groups, and says which statements set each group apart and which ones all groups share.
//!
//! The method is that of Small, Bjorkegren, Erkkilä, Shaw and Megill, *Polis: Scaling deliberation by mapping high
//! dimensional opinion spaces* (Recerca 26(2), 2021), written from its mathematics. Each step is a public function, so
//! that a stranger can check it alone:
//!
//! 1. who is placed: [`Conversation::placed`];
//! 2. the plane, two principal components: [`Conversation::plane`];
//! 3. where each person stands: [`Conversation::position`];
//! 4. neighbours are bundled and the bundles grouped: [`clusters::bundle`], [`clusters::groupings`];
//! 5. what the groups say: [`Conversation::figures`].
//!
//! Nothing here depends on a clock, on chance, on threads, on the order of a hash table or on the order in which votes
//! came in; only IEEE additions, multiplications, divisions and square roots are used (and [`libm`] for one power of
//! two), always in the same order. The same votes give the same bits on every machine.
//!
//! Memory is bounded by the votes (8 bytes each with growth room) and by the pairs of statements (16 bytes each, at
//! most [`MAX_STATEMENTS`] statements); see `README.md` for measured figures and a worked example.
pub mod clusters;
mod conversation;
mod duplicates;
mod figures;
pub mod opendata;
mod plane;

pub use conversation::{Analysis, Conversation, Group, MAX_STATEMENTS, Placed, Readiness, Statement, Tally};
pub use duplicates::{NearDuplicate, SIMILAR, near_duplicates};
pub use figures::{Agreed, Consensus, Figures, Representative, Side, StatementFigures};
pub use plane::Plane;

/// One person's stance on one statement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Vote {
    /// 不赞成: counted as −1.
    Disagree,
    /// 略过: seen, but neither; counted as 0.
    Pass,
    /// 赞成: counted as +1.
    Agree,
}

impl Vote {
    /// +1, 0 or −1.
    pub fn value(self) -> i8 {
        match self {
            Vote::Disagree => -1,
            Vote::Pass => 0,
            Vote::Agree => 1,
        }
    }
}

/// What a conversation's convener may set. The defaults are those of the published method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// A person is placed with this many votes (or with all of them, where fewer statements have votes).
    pub min_votes: usize,
    /// If fewer people than this are placed, those with the most votes are placed too.
    pub top_up: usize,
    /// Neighbours are bundled into at most this many bundles before grouping.
    pub bundles: usize,
    /// At most this many groups.
    pub max_groups: usize,
    /// At most this many representative statements per group, and consensus statements per side.
    pub listed: usize,
    /// While votes arrive ([`Conversation::update`]), another number of groups is shown once it was best this often running.
    pub steady: u32,
    /// Groups are shown once this many statements …
    pub ready_statements: usize,
    /// … have this many votes each.
    pub ready_votes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            min_votes: 7,
            top_up: 15,
            bundles: 100,
            max_groups: 5,
            listed: 5,
            steady: 4,
            ready_statements: 7,
            ready_votes: 7,
        }
    }
}

/// Why a statement or vote was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// A vote names a statement that was never added.
    #[error("statement {0} is not part of this conversation")]
    UnknownStatement(u64),
    /// A statement was added twice.
    #[error("statement {0} was added twice")]
    StatementTwice(u64),
    /// The bound that keeps memory bounded.
    #[error("a conversation holds at most {MAX_STATEMENTS} statements; close some before adding statement {0}")]
    TooManyStatements(u64),
}
