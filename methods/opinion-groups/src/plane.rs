//! The plane: two principal components of the centred votes, by power iteration.
use crate::conversation::{Mark, Pair, Statement, Tally};

/// Power iteration stops when no entry of the unit vector moves more than this,
const STILL: f64 = 1e-14;
/// or after so many rounds (only where two directions are practically equally strong; the result is then still the same
/// on every machine, but either direction would do).
const ROUNDS: usize = 2000;

/// Two directions in the space of statements along which people differ most.
#[derive(Clone, PartialEq, Debug)]
pub struct Plane {
    /// The mean vote per statement, −1 to 1; 0 for statements that take no part.
    pub means: Vec<f64>,
    /// Two unit vectors with one loading per statement; all zero where the votes have no such direction.
    /// Their sign is arbitrary: here the largest loading is positive.
    pub components: [Vec<f64>; 2],
    /// The share of all variance that each component explains, 0 to 1.
    pub explained: [f64; 2],
    /// Statements with votes, and those of them that take no part (which count as voted on by everybody when a
    /// position is scaled, as Polis does).
    voted: usize,
    silent: usize,
    takes_part: Vec<bool>,
}

impl Plane {
    /// The matrix to decompose is XᵀX, where X holds vote − mean, and 0 where a person did not vote (a missing vote is
    /// replaced by the mean). Every entry follows from whole numbers:
    /// Σ(a−ā)(b−b̄) = Σab − b̄Σa − āΣb + n·ā·b̄ over the people who voted on both.
    pub(crate) fn new(
        statements: &[Statement],
        tallies: &[Tally],
        pair: impl Fn(usize, usize) -> Pair,
        before: Option<&Plane>,
    ) -> Plane {
        let takes_part: Vec<bool> = statements.iter().map(Statement::takes_part).collect();
        let means: Vec<f64> = takes_part.iter().zip(tallies).map(|(on, t)| if *on { t.mean() } else { 0.0 }).collect();
        let active: Vec<usize> = (0..tallies.len()).filter(|c| takes_part[*c] && tallies[*c].votes > 0).collect();
        let n = active.len();
        let mut matrix = vec![0.0; n * n];
        for (j, &high) in active.iter().enumerate() {
            let (t, mean) = (tallies[high], means[high]);
            matrix[j * n + j] = f64::from(t.agrees) + f64::from(t.disagrees) - f64::from(t.votes) * mean * mean;
            for (i, &low) in active[..j].iter().enumerate() {
                let [both, product, sum_low, sum_high] = pair(low, high).map(f64::from);
                let cell = product - means[high] * sum_low - means[low] * sum_high + both * means[low] * means[high];
                matrix[i * n + j] = cell;
                matrix[j * n + i] = cell;
            }
        }
        let trace: f64 = (0..n).map(|j| matrix[j * n + j]).sum();
        let old =
            |c: usize| before.map(|p| active.iter().map(|a| p.components[c].get(*a).copied().unwrap_or(0.0)).collect());
        let (first, one) = strongest(&matrix, n, &[], old(0), trace);
        let (second, two) = strongest(&matrix, n, &[&first], old(1), trace);
        let spread = |v: Vec<f64>| {
            let mut all = vec![0.0; tallies.len()];
            active.iter().zip(v).for_each(|(at, x)| all[*at] = x);
            all
        };
        let voted = tallies.iter().filter(|t| t.votes > 0).count();
        Plane {
            means,
            components: [spread(first), spread(second)],
            explained: [one, two].map(|l| if trace > 0.0 { l / trace } else { 0.0 }),
            voted,
            silent: voted - n,
            takes_part,
        }
    }

    /// Where somebody with these votes stands: Σ(vote − mean)·loading, stretched by √(statements / votes) so that
    /// people who have voted little are not drawn towards the middle.
    pub(crate) fn project(&self, marks: &[Mark]) -> [f64; 2] {
        let [first, second] = &self.components;
        let (mut x, mut y, mut votes) = (0.0, 0.0, self.silent);
        for mark in marks {
            let at = usize::from(mark.column);
            if let (Some(true), Some(mean), Some(a), Some(b)) =
                (self.takes_part.get(at), self.means.get(at), first.get(at), second.get(at))
            {
                let off = f64::from(mark.value) - mean;
                x += off * a;
                y += off * b;
                votes += 1;
            }
        }
        let stretch = (self.voted as f64 / votes.max(1) as f64).sqrt();
        [x * stretch, y * stretch]
    }

    /// Whether an axis points the other way than on an earlier plane.
    pub(crate) fn turned(&self, axis: usize, before: &Plane) -> bool {
        let along: f64 = self.components[axis].iter().zip(&before.components[axis]).map(|(a, b)| a * b).sum();
        along < 0.0
    }

    /// Where somebody would stand who has only agreed to this statement: the statement's own place on the plane.
    pub fn statement(&self, column: usize) -> [f64; 2] {
        let size = (self.voted as f64).sqrt();
        let off = 1.0 - self.means.get(column).copied().unwrap_or(0.0);
        [0, 1].map(|c| off * self.components[c].get(column).copied().unwrap_or(0.0) * size)
    }
}

/// The strongest direction of a symmetric matrix among those at right angles to `others`, and its eigenvalue.
fn strongest(matrix: &[f64], n: usize, others: &[&[f64]], before: Option<Vec<f64>>, trace: f64) -> (Vec<f64>, f64) {
    // A start that no regular pattern of votes is at right angles to; a warm start keeps a little of it, so that a
    // direction that has become the strongest is found.
    let golden = |j: usize| 0.5 + ((j + 1) as f64 * 0.618_033_988_749_894_9).fract();
    let mut v: Vec<f64> = match before {
        Some(old) => old.iter().enumerate().map(|(j, x)| x + 1e-6 * golden(j)).collect(),
        None => (0..n).map(golden).collect(),
    };
    let mut value = 0.0;
    let tiny = trace * 1e-12;
    normalise(&mut v, others);
    let mut next = vec![0.0; n];
    for _ in 0..ROUNDS {
        for (row, out) in matrix.chunks_exact(n.max(1)).zip(&mut next) {
            *out = dot(row, &v);
        }
        value = normalise(&mut next, others);
        if value <= tiny {
            return (vec![0.0; n], 0.0);
        }
        let moved = v.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        std::mem::swap(&mut v, &mut next);
        if moved <= STILL {
            break;
        }
    }
    let largest = v.iter().fold(0.0f64, |most, x| if x.abs() > most.abs() { *x } else { most });
    if largest < 0.0 {
        v.iter_mut().for_each(|x| *x = -*x);
    }
    (v, value)
}

/// Takes out what lies along `others`, scales to length 1, and returns the length before.
fn normalise(v: &mut [f64], others: &[&[f64]]) -> f64 {
    for other in others {
        let along = dot(v, other);
        v.iter_mut().zip(*other).for_each(|(x, o)| *x -= along * o);
    }
    let length = dot(v, v).sqrt();
    if length > 0.0 {
        v.iter_mut().for_each(|x| *x /= length);
    }
    length
}

/// Eight running sums in a fixed order: fast, and the same everywhere.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a.zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}
