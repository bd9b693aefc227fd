//! The plane: two principal components of the centred votes, by power iteration.
use crate::conversation::{Mark, Pair, Statement, Tally};

/// Power iteration stops when no entry of the unit vector moves more than this,
const STILL: f64 = 1e-14;
/// or after so many rounds. That many are needed only where the second and third direction are practically equally strong;
/// the result is then still the same on every machine, but not yet exactly the stronger one.
const ROUNDS: usize = 2000;
/// With a start from the last plane fewer will do: the next vote carries on where this one stopped.
const WARM_ROUNDS: usize = 150;

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
        let start = before.map(|p| {
            let old = |c: &Vec<f64>| active.iter().map(|a| c.get(*a).copied().unwrap_or(0.0)).collect();
            p.components.each_ref().map(old)
        });
        let ([first, second], [one, two]) = strongest(&matrix, n, start, trace);
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

/// The two strongest directions of a symmetric matrix and their eigenvalues, by power iteration on both at once: multiply,
/// turn them within the plane they span so that they do not mix (one Jacobi rotation), make them square and long 1 again.
/// The plane is found at the rate of the third eigenvalue to the second, however close the first two are to each other.
fn strongest(matrix: &[f64], n: usize, before: Option<[Vec<f64>; 2]>, trace: f64) -> ([Vec<f64>; 2], [f64; 2]) {
    // Starts that no regular pattern of votes is at right angles to; a warm start keeps a little of them, so that a
    // direction that has become the strongest is found.
    let odd = [(0.618_033_988_749_894_9, 0.5), (0.414_213_562_373_095_1, -0.5)];
    let odd = odd.map(|(step, from)| (1..=n).map(|j| from + (j as f64 * step).fract()).collect::<Vec<f64>>());
    let mut v = odd.clone();
    for (v, old) in v.iter_mut().zip(before.iter().flatten()) {
        v.iter_mut().zip(old).for_each(|(x, old)| *x = old + 1e-6 * *x);
    }
    let tiny = trace * 1e-12;
    let mut values = square_up(&mut v, 0.0);
    let mut next = v.clone();
    for _ in 0..if before.is_some() { WARM_ROUNDS } else { ROUNDS } {
        let [a, b] = &mut next;
        for ((row, a), b) in matrix.chunks_exact(n.max(1)).zip(a).zip(b) {
            (*a, *b) = (dot(row, &v[0]), dot(row, &v[1]));
        }
        let turn = rotation(dot(&v[0], &next[0]), dot(&v[0], &next[1]), dot(&v[1], &next[1]));
        rotate(&mut v, turn);
        rotate(&mut next, turn);
        values = square_up(&mut next, tiny);
        let moved = v.iter().flatten().zip(next.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        std::mem::swap(&mut v, &mut next);
        if moved <= STILL {
            break;
        }
    }
    for v in &mut v {
        let largest = v.iter().fold(0.0f64, |most, x| if x.abs() > most.abs() { *x } else { most });
        if largest < 0.0 {
            v.iter_mut().for_each(|x| *x = -*x);
        }
    }
    (v, values)
}

/// Cosine and sine that make the symmetric matrix (one, both; both, two) diagonal, the larger value first.
fn rotation(one: f64, both: f64, two: f64) -> (f64, f64) {
    let (mut c, mut s) = (1.0, 0.0);
    if both != 0.0 {
        let lean = (two - one) / (2.0 * both);
        let t = lean.signum() / (lean.abs() + (1.0 + lean * lean).sqrt());
        c = 1.0 / (1.0 + t * t).sqrt();
        s = t * c;
    }
    let mixed = 2.0 * s * c * both;
    let (turned_one, turned_two) = (c * c * one - mixed + s * s * two, s * s * one + mixed + c * c * two);
    // A further quarter turn exchanges the two.
    if turned_one >= turned_two { (c, s) } else { (-s, c) }
}

fn rotate([a, b]: &mut [Vec<f64>; 2], (c, s): (f64, f64)) {
    for (x, y) in a.iter_mut().zip(b) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// Scales the first vector to length 1, takes its direction out of the second, scales that too; returns both lengths
/// before scaling. What is no longer than `tiny` has no direction and becomes zero.
fn square_up([a, b]: &mut [Vec<f64>; 2], tiny: f64) -> [f64; 2] {
    let unit = |v: &mut Vec<f64>| {
        let length = dot(v, v).sqrt();
        let scale = if length > tiny { 1.0 / length } else { 0.0 };
        v.iter_mut().for_each(|x| *x *= scale);
        length * f64::from(u8::from(scale > 0.0))
    };
    let first = unit(a);
    let along = dot(a, b);
    a.iter().zip(b.iter_mut()).for_each(|(x, y)| *y -= along * x);
    [first, unit(b)]
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
