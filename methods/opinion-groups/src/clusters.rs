//! k-means on the plane, and how many groups separate people best.
use std::collections::BTreeSet;

/// Rounds for bundling; a bundle only stands for its neighbours, so the last exchange at its border is not awaited.
const BUNDLE_ROUNDS: usize = 20;
/// Rounds for grouping; far above what a hundred bundles ever need.
const GROUP_ROUNDS: usize = 200;

/// By how much a silhouette must be higher to count as better.
const CLEAR: f64 = 0.01;

/// Points sorted into clusters.
#[derive(Clone, PartialEq, Debug)]
pub struct Clusters {
    /// For each point, its cluster.
    pub labels: Vec<usize>,
    /// The (weighted) mean of each cluster's points.
    pub centers: Vec<[f64; 2]>,
}

impl Clusters {
    /// How many points each cluster holds.
    pub fn weights(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.centers.len()];
        for label in &self.labels {
            weights[*label] += 1.0;
        }
        weights
    }
}

/// One way to cut bundles into groups.
#[derive(Clone, PartialEq, Debug)]
pub struct Grouping {
    /// For each bundle, its group.
    pub labels: Vec<usize>,
    /// The weighted middle of each group.
    pub centers: Vec<[f64; 2]>,
    /// The mean silhouette (Rousseeuw 1987) over people, each standing in the middle of their bundle: −1 to 1, higher
    /// separates better.
    pub silhouette: f64,
}

/// Bundles neighbours into at most `most` clusters; where there are no more different points than that, each is its own.
pub fn bundle(points: &[[f64; 2]], most: usize) -> Clusters {
    k_means(points, &vec![1.0; points.len()], different(points, most), BUNDLE_ROUNDS)
}

/// Cuts weighted bundles into 2, 3 … groups: at most `max_groups`, and at most 2 + bundles / 12. For each number two starts
/// are tried, the first bundles (as Polis does) and bundles spread evenly along the first axis.
pub fn groupings(bundles: &[[f64; 2]], weights: &[f64], max_groups: usize) -> Vec<Grouping> {
    let most = max_groups.min(2 + bundles.len() / 12);
    let mut along: Vec<&[f64; 2]> = bundles.iter().collect();
    along.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let cut = |k: usize| {
        let spread = (0..k).filter_map(|i| along.get((2 * i + 1) * along.len() / (2 * k)).copied().copied());
        let starts = [different(bundles, k), different(&spread.collect::<Vec<_>>(), k)];
        let tried = starts.into_iter().filter_map(|start| {
            let Clusters { labels, centers } = k_means(bundles, weights, start, GROUP_ROUNDS);
            // Fewer than k where there are not k different points, or where a cluster lost them all.
            (centers.len() == k).then(|| Grouping {
                silhouette: silhouette(bundles, weights, &labels, k),
                labels,
                centers,
            })
        });
        tried.reduce(|earlier, later| if clearly_better(&later, &earlier) { later } else { earlier })
    };
    (2..=most).filter_map(cut).map(in_order).collect()
}

/// The grouping that separates people best. More groups must separate them clearly better (by 0.01) than fewer: they are
/// harder to explain, and a split that hardly shows comes and goes with every vote.
pub fn best(groupings: &[Grouping]) -> Option<&Grouping> {
    groupings.iter().reduce(|best, g| if clearly_better(g, best) { g } else { best })
}

/// Numbers the groups in the order of their first bundles, so that a number means the same whichever start won.
fn in_order(mut grouping: Grouping) -> Grouping {
    let mut order: Vec<usize> = Vec::new();
    for label in &mut grouping.labels {
        let seen = order.iter().position(|l| l == label);
        *label = seen.unwrap_or_else(|| {
            order.push(*label);
            order.len() - 1
        });
    }
    grouping.centers = order.iter().filter_map(|l| grouping.centers.get(*l)).copied().collect();
    grouping
}

fn clearly_better(later: &Grouping, earlier: &Grouping) -> bool {
    later.silhouette > earlier.silhouette + CLEAR
}

fn square(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}

/// The first k different points; what differs by less than a billionth differs only by rounding.
fn different(points: &[[f64; 2]], k: usize) -> Vec<[f64; 2]> {
    let mut seen = BTreeSet::new();
    points.iter().filter(|p| seen.insert(p.map(|x| (x * 1e9).round() as i64))).take(k).copied().collect()
}

/// Lloyd's algorithm; ties go to the earlier cluster; a cluster that loses all its points is dropped.
fn k_means(points: &[[f64; 2]], weights: &[f64], mut centers: Vec<[f64; 2]>, rounds: usize) -> Clusters {
    let mut labels = vec![usize::MAX; points.len()];
    for _ in 0..rounds {
        let mut changed = false;
        let mut sums = vec![[0.0; 3]; centers.len()];
        for ((point, weight), label) in points.iter().zip(weights).zip(&mut labels) {
            let near = nearest(&centers, point);
            changed |= *label != near;
            *label = near;
            if let Some(sum) = sums.get_mut(near) {
                *sum = [sum[0] + weight * point[0], sum[1] + weight * point[1], sum[2] + weight];
            }
        }
        if !changed {
            break;
        }
        let alive: Vec<bool> = sums.iter().map(|s| s[2] > 0.0).collect();
        centers = sums.iter().filter(|s| s[2] > 0.0).map(|s| [s[0] / s[2], s[1] / s[2]]).collect();
        if centers.len() < alive.len() {
            let mut next = 0;
            let renumbered: Vec<usize> = alive
                .iter()
                .map(|a| {
                    next += usize::from(*a);
                    next - usize::from(*a)
                })
                .collect();
            labels.iter_mut().for_each(|l| *l = renumbered[*l]);
        }
    }
    Clusters { labels, centers }
}

fn nearest(centers: &[[f64; 2]], point: &[f64; 2]) -> usize {
    let (mut best, mut at) = (f64::INFINITY, 0);
    for (n, center) in centers.iter().enumerate() {
        let d = square(center, point);
        if d < best {
            (best, at) = (d, n);
        }
    }
    at
}

/// For each person (b − a) / max(a, b), where a is the mean distance to the others of the own group and b to the nearest
/// other group; 0 for a person alone.
fn silhouette(points: &[[f64; 2]], weights: &[f64], labels: &[usize], k: usize) -> f64 {
    let mut sizes = vec![0.0; k];
    labels.iter().zip(weights).for_each(|(l, w)| sizes[*l] += w);
    let (mut total, mut people) = (0.0, 0.0);
    for ((point, &own), weight) in points.iter().zip(labels).zip(weights) {
        people += weight;
        let mut sums = vec![0.0; k];
        for ((other, &label), w) in points.iter().zip(labels).zip(weights) {
            sums[label] += w * square(point, other).sqrt();
        }
        if sizes[own] > 1.0 {
            let a = sums[own] / (sizes[own] - 1.0);
            let others = (0..k).filter(|c| *c != own).map(|c| sums[c] / sizes[c]);
            let b = others.fold(f64::INFINITY, f64::min);
            let most = a.max(b);
            if most > 0.0 && b.is_finite() {
                total += weight * (b - a) / most;
            }
        }
    }
    if people > 0.0 { total / people } else { 0.0 }
}
