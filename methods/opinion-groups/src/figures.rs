//! What groups say: tests of proportions, representative statements, consensus, priorities.
use crate::Plane;
use crate::conversation::{Statement, Tally};

/// One-sided 90 % point of the normal distribution, to the digits the published method uses.
const Z90: f64 = 1.2816;

/// Agreeing or disagreeing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// 赞成
    Agree,
    /// 不赞成
    Disagree,
}

/// A statement that sets a group apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Representative {
    /// Its number.
    pub statement: u64,
    /// How the group votes on it.
    pub side: Side,
    /// Votes of the group on that side …
    pub votes: u32,
    /// … out of so many, passes included.
    pub of: u32,
    /// (votes + 1) / (of + 2): the chance that a member votes so.
    pub probability: f64,
    /// How surely that is more than half (normal score).
    pub probability_z: f64,
    /// How many times as likely as in the other groups.
    pub ratio: f64,
    /// How surely it is likelier than in the other groups (normal score).
    pub ratio_z: f64,
    /// The statement the group agrees to best is listed whatever the tests say (as in Polis, under its surer side).
    pub best_agree: bool,
}

impl Representative {
    fn strength(&self) -> f64 {
        self.ratio * self.ratio_z * self.probability * self.probability_z
    }
}

/// A statement most people vote on alike.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Agreed {
    /// Its number.
    pub statement: u64,
    /// Votes on that side …
    pub votes: u32,
    /// … out of so many, passes included.
    pub of: u32,
    /// (votes + 1) / (of + 2).
    pub probability: f64,
    /// How surely that is more than half (normal score).
    pub probability_z: f64,
}

/// What most people agree or disagree with, strongest first.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Consensus {
    /// 多数赞成
    pub agree: Vec<Agreed>,
    /// 多数不赞成
    pub disagree: Vec<Agreed>,
}

/// What is known of one statement.
#[derive(Clone, PartialEq, Debug)]
pub struct StatementFigures {
    /// The statement as moderated.
    pub statement: Statement,
    /// All votes.
    pub tally: Tally,
    /// The votes of each group.
    pub groups: Vec<Tally>,
    /// Group-informed consensus: the product over groups of (agrees + 1) / (votes + 2), 0 to 1; high only if every group
    /// agrees. `None` without groups.
    pub consensus: Option<f64>,
    /// Its place on the plane ([`Plane::statement`]).
    pub place: [f64; 2],
    /// The distance of that place from the middle: how much it divides.
    pub extremity: f64,
    /// How much asking it next would tell; a voter is asked at random in this proportion.
    pub priority: f64,
}

/// What given groups say.
#[derive(Clone, PartialEq, Debug)]
pub struct Figures {
    /// One entry per statement, in the order they were added.
    pub statements: Vec<StatementFigures>,
    /// One list per group: agreements before disagreements.
    pub representative: Vec<Vec<Representative>>,
    /// Over all votes.
    pub consensus: Consensus,
}

impl Figures {
    pub(crate) fn new(
        statements: &[Statement],
        tallies: &[Tally],
        plane: &Plane,
        groups: &[Vec<Tally>],
        listed: usize,
    ) -> Figures {
        let rows: Vec<StatementFigures> = (statements.iter().zip(tallies).enumerate())
            .map(|(column, (statement, tally))| {
                let of_groups: Vec<Tally> = groups.iter().filter_map(|g| g.get(column)).copied().collect();
                let place = plane.statement(column);
                let extremity = (place[0] * place[0] + place[1] * place[1]).sqrt();
                let grouped = if groups.is_empty() { *tally } else { sum(&of_groups) };
                StatementFigures {
                    consensus: (!groups.is_empty())
                        .then(|| of_groups.iter().map(|t| smoothed(t.agrees, t.votes)).product()),
                    priority: priority(statement.meta, grouped, extremity),
                    statement: *statement,
                    tally: *tally,
                    groups: of_groups,
                    place,
                    extremity,
                }
            })
            .collect();
        let lists = (0..groups.len()).map(|g| representative(&rows, g, listed)).collect();
        let agreed = |side| agreed(&rows, side, listed);
        let consensus = Consensus { agree: agreed(Side::Agree), disagree: agreed(Side::Disagree) };
        Figures { statements: rows, representative: lists, consensus }
    }
}

fn sum(tallies: &[Tally]) -> Tally {
    tallies.iter().fold(Tally::default(), |a, t| Tally {
        agrees: a.agrees + t.agrees,
        disagrees: a.disagrees + t.disagrees,
        votes: a.votes + t.votes,
    })
}

/// A share with one imagined vote on either side, so that few votes do not claim certainty.
fn smoothed(votes: u32, of: u32) -> f64 {
    (f64::from(votes) + 1.0) / (f64::from(of) + 2.0)
}

/// Normal score of "more than half", with one imagined vote in favour.
fn over_half(votes: u32, of: u32) -> f64 {
    let (votes, of) = (f64::from(votes) + 1.0, f64::from(of) + 1.0);
    2.0 * of.sqrt() * (votes / of - 0.5)
}

/// Normal score of "a larger share than there" (pooled two-proportion test, one imagined vote in favour on each side).
fn over_other(votes: u32, of: u32, there: u32, of_there: u32) -> f64 {
    let [a, n, b, m] = [votes, of, there, of_there].map(|x| f64::from(x) + 1.0);
    let pooled = (a + b) / (n + m);
    if pooled >= 1.0 {
        return 0.0;
    }
    (a / n - b / m) / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt()
}

/// The published rule: important statements are extreme, not passed on, and agreed to; the second factor favours
/// statements with few votes. Statements about people come first.
fn priority(meta: bool, t: Tally, extremity: f64) -> f64 {
    let importance = (1.0 - smoothed(t.passes(), t.votes)) * (extremity + 1.0) * smoothed(t.agrees, t.votes);
    let root = if meta { 7.0 } else { importance * (1.0 + 8.0 * libm::exp2(-f64::from(t.votes) / 5.0)) };
    root * root
}

fn agreed(rows: &[StatementFigures], side: Side, listed: usize) -> Vec<Agreed> {
    let mut found: Vec<Agreed> = (rows.iter().filter(|r| r.statement.takes_part()))
        .map(|r| {
            let votes = match side {
                Side::Agree => r.tally.agrees,
                Side::Disagree => r.tally.disagrees,
            };
            Agreed {
                statement: r.statement.id,
                votes,
                of: r.tally.votes,
                probability: smoothed(votes, r.tally.votes),
                probability_z: over_half(votes, r.tally.votes),
            }
        })
        .filter(|a| a.probability > 0.5 && a.probability_z > Z90)
        .collect();
    // Stable: of equals the statement added first.
    found.sort_by(|a, b| (b.probability * b.probability_z).total_cmp(&(a.probability * a.probability_z)));
    found.truncate(listed);
    found
}

/// One group's view of one statement, on both sides.
struct Both {
    agree: Representative,
    disagree: Representative,
}

impl Both {
    fn new(row: &StatementFigures, group: usize) -> Both {
        let own = row.groups.get(group).copied().unwrap_or_default();
        let all = sum(&row.groups);
        let others = all.votes - own.votes;
        let side = |side, votes: u32, everywhere: u32| {
            let there = everywhere - votes;
            Representative {
                statement: row.statement.id,
                side,
                votes,
                of: own.votes,
                probability: smoothed(votes, own.votes),
                probability_z: over_half(votes, own.votes),
                ratio: smoothed(votes, own.votes) / smoothed(there, others),
                ratio_z: over_other(votes, own.votes, there, others),
                best_agree: false,
            }
        };
        Both {
            agree: side(Side::Agree, own.agrees, all.agrees),
            disagree: side(Side::Disagree, own.disagrees, all.disagrees),
        }
    }
    /// The side on which the group differs more surely from the others.
    fn side(&self) -> Representative {
        if self.agree.ratio_z >= self.disagree.ratio_z { self.agree } else { self.disagree }
    }
    fn passes(&self) -> bool {
        [self.agree, self.disagree].iter().any(|r| r.ratio_z > Z90 && r.probability_z > Z90)
    }
}

/// The group's best agreement, then what passes both tests at 90 %, strongest first; where nothing passes, the best
/// agreement alone or else the surest difference. Agreements are listed before disagreements.
fn representative(rows: &[StatementFigures], group: usize, listed: usize) -> Vec<Representative> {
    let candidates: Vec<Both> = rows.iter().filter(|r| r.statement.takes_part()).map(|r| Both::new(r, group)).collect();
    let best_agree =
        candidates.iter().fold(None, |best: Option<&Both>, c| if better(c, best) { Some(c) } else { best });
    let best = best_agree.map(|b| Representative { best_agree: true, ..b.side() });
    let mut found: Vec<Representative> = candidates.iter().filter(|c| c.passes()).map(Both::side).collect();
    if found.is_empty() {
        let surest = candidates.iter().map(Both::side).reduce(|a, b| if b.ratio_z > a.ratio_z { b } else { a });
        return best.or(surest).into_iter().take(listed).collect();
    }
    let disagree = |r: &Representative| r.side == Side::Disagree;
    found.sort_by(|a, b| b.strength().total_cmp(&a.strength()).then(disagree(a).cmp(&disagree(b))));
    found.retain(|r| best.is_none_or(|b| b.statement != r.statement));
    let mut list: Vec<Representative> = best.into_iter().chain(found).take(listed).collect();
    list.sort_by_key(disagree);
    list
}

/// Whether a statement is agreed to better than the best so far: by the product of both measures once the best is
/// likelier here than elsewhere, by the group's own agreement until then.
fn better(c: &Both, best: Option<&Both>) -> bool {
    let a = &c.agree;
    if a.votes == 0 && c.disagree.votes == 0 {
        return false;
    }
    match best.map(|b| &b.agree) {
        Some(b) if b.ratio > 1.0 => a.strength() > b.strength(),
        Some(b) => a.probability * a.probability_z > b.probability * b.probability_z,
        None => a.probability_z > Z90 || (a.ratio > 1.0 && a.probability > 0.5),
    }
}
