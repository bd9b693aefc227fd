//! The linear one-vs-rest machine: L2-regularised support vectors with squared hinge loss, by dual coordinate descent.
//!
//! Hsieh, Chang, Lin, Keerthi, Sundararajan: "A dual coordinate descent method for large-scale linear SVM", ICML 2008
//! (algorithm 1, L2-SVM). All labels are trained in one pass over the rows, side by side in lanes of eight, because the
//! problems are independent and share every memory access. The order of rows comes from a fixed seed, sums run in a
//! fixed order on one thread, and only + − × ÷ are used: the same rows give the same bits everywhere.

/// Eight labels side by side.
pub(crate) type Lane = [f32; 8];

/// Sparse rows of unit length.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    starts: Vec<usize>,
    cells: Vec<(u32, f32)>,
}

impl Rows {
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        self.starts.push(self.cells.len());
        self.cells.extend(row);
    }

    pub(crate) fn get(&self, i: usize) -> &[(u32, f32)] {
        let end = self.starts.get(i + 1).copied().unwrap_or(self.cells.len());
        self.starts.get(i).and_then(|start| self.cells.get(*start..end)).unwrap_or(&[])
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }
}

/// What the machine has learnt: for each feature `lanes` lanes, one number per label; the bias comes last.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) lanes: usize,
    pub(crate) of: Vec<Lane>,
}

impl Weights {
    pub(crate) fn row(&self, feature: u32) -> &[Lane] {
        let start = feature as usize * self.lanes;
        self.of.get(start..start + self.lanes).unwrap_or(&[])
    }

    fn row_mut(&mut self, feature: u32) -> &mut [Lane] {
        let start = feature as usize * self.lanes;
        self.of.get_mut(start..start + self.lanes).unwrap_or(&mut [])
    }

    /// Score of a row under each label, padding included.
    pub(crate) fn score(&self, row: &[(u32, f32)], bias: u32, into: &mut [Lane]) {
        into.copy_from_slice(self.row(bias));
        for (feature, value) in row {
            for (sum, weight) in into.iter_mut().zip(self.row(*feature)) {
                for (s, w) in sum.iter_mut().zip(weight) {
                    *s += value * w;
                }
            }
        }
    }
}

pub(crate) struct Problem<'a> {
    pub(crate) rows: &'a Rows,
    /// The label of every row.
    pub(crate) labels: &'a [usize],
    /// The rows to learn from.
    pub(crate) chosen: Vec<usize>,
    pub(crate) features: u32,
    pub(crate) kinds: usize,
    pub(crate) cost: f32,
    pub(crate) tolerance: f32,
    pub(crate) rounds: usize,
}

/// A small generator for the order of rows.
struct Order(u64);

impl Order {
    fn below(&mut self, n: usize) -> usize {
        self.0 = crate::text::mix(self.0);
        ((u128::from(self.0) * n as u128) >> 64) as usize
    }
}

impl Problem<'_> {
    pub(crate) fn solve(mut self) -> Weights {
        let lanes = self.kinds.div_ceil(8);
        let bias = self.features;
        let mut weights = Weights { lanes, of: vec![[0.0; 8]; (self.features as usize + 1) * lanes] };
        let mut alphas = vec![[0f32; 8]; self.rows.len() * lanes];
        let mut scores = vec![[0f32; 8]; lanes];
        let mut order = Order(20_080_705); // any fixed number
        let soft = 0.5 / self.cost; // the diagonal that squared hinge loss adds
        for _ in 0..self.rounds {
            for i in (1..self.chosen.len()).rev() {
                self.chosen.swap(i, order.below(i + 1));
            }
            let mut worst = 0f32;
            for &i in &self.chosen {
                let row = self.rows.get(i);
                let (Some(label), Some(alphas)) = (self.labels.get(i), alphas.get_mut(i * lanes..(i + 1) * lanes))
                else {
                    continue;
                };
                // Rows have unit length and a bias of one; an empty row has only the bias.
                let curve = 1.0 + soft + if row.is_empty() { 0.0 } else { 1.0 };
                weights.score(row, bias, &mut scores);
                let mut moved = false;
                // From here on `scores` holds the step of each label.
                let each = alphas.as_flattened_mut().iter_mut().zip(scores.as_flattened_mut());
                for (kind, (alpha, score)) in each.enumerate() {
                    let side = if kind == *label { 1.0 } else { -1.0 };
                    let slope = side * *score - 1.0 + soft * *alpha;
                    let slope = if *alpha == 0.0 { slope.min(0.0) } else { slope };
                    *score = 0.0;
                    if kind < self.kinds && slope.abs() > 1e-9 {
                        worst = worst.max(slope.abs());
                        let next = (*alpha - slope / curve).max(0.0);
                        *score = (next - *alpha) * side;
                        *alpha = next;
                        moved = true;
                    }
                }
                if !moved {
                    continue;
                }
                for (feature, value) in row.iter().copied().chain([(bias, 1.0)]) {
                    for (weight, step) in weights.row_mut(feature).iter_mut().zip(&scores) {
                        for (w, s) in weight.iter_mut().zip(step) {
                            *w += value * s;
                        }
                    }
                }
            }
            if worst < self.tolerance {
                break;
            }
        }
        weights
    }
}
