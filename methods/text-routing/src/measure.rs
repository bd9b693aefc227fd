//! How well a model does: folds and figures.
use crate::{Answer, Sample};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// The fold (0 to `count` − 1) of every sample. A group stays in one fold; within a label, groups take turns in the
/// order of the samples, so that every fold sees every label.
pub fn folds(samples: &[Sample<'_>], count: usize) -> Vec<usize> {
    let (mut turns, mut groups) = (HashMap::new(), HashMap::new());
    let labels: std::collections::BTreeSet<&str> = samples.iter().map(|s| s.label).collect();
    // Labels begin at different folds, so that small ones do not all sit in the first.
    turns.extend(labels.into_iter().zip(0usize..));
    samples
        .iter()
        .map(|sample| {
            let mut turn = || {
                let next = turns.entry(sample.label).or_default();
                *next += 1;
                *next % count.max(1)
            };
            if sample.group.is_empty() { turn() } else { *groups.entry(sample.group).or_insert_with(turn) }
        })
        .collect()
}

/// Counts right and wrong answers.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    asked: u64,
    in_two: u64,
    claimed: f64,
    /// label → (right, said, true)
    of: BTreeMap<String, [u64; 3]>,
}

/// The figures of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelReport {
    /// Of the messages given this label, the share that have it.
    pub precision: f64,
    /// Of the messages that have this label, the share given it.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Messages that have this label.
    pub support: u64,
}

/// The figures of an evaluation; all shares are between 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Messages asked about.
    pub messages: u64,
    /// Mean of the labels' F1, each label counting the same.
    pub macro_f1: f64,
    /// Share whose first answer was right.
    pub accuracy: f64,
    /// Share whose first or second answer was right.
    pub top2: f64,
    /// Mean probability claimed for the first answer: calibrated if close to `accuracy`.
    pub confidence: f64,
    /// Each label that occurred, as truth or as answer.
    pub per_label: BTreeMap<String, LabelReport>,
}

impl Tally {
    /// Notes one answer and the truth.
    pub fn add(&mut self, truth: &str, answer: &Answer<'_>) {
        let mut said = answer.guesses.iter().map(|g| g.label);
        let (first, second) = (said.next(), said.next());
        self.asked += 1;
        self.in_two += u64::from(first == Some(truth) || second == Some(truth));
        self.claimed += answer.guesses.first().map_or(0.0, |g| f64::from(g.probability));
        let mut count = |label: &str, [right, said, truth]: [bool; 3]| {
            let of = self.of.entry(label.to_owned()).or_default();
            *of = [of[0] + u64::from(right), of[1] + u64::from(said), of[2] + u64::from(truth)];
        };
        count(truth, [first == Some(truth), false, true]);
        if let Some(first) = first {
            count(first, [false, true, false]);
        }
    }

    /// The figures so far.
    pub fn report(&self) -> Report {
        let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
        let one = |[right, said, truth]: [u64; 3]| LabelReport {
            precision: share(right, said),
            recall: share(right, truth),
            f1: share(2 * right, said + truth),
            support: truth,
        };
        let per_label: BTreeMap<_, _> = self.of.iter().map(|(label, counts)| (label.clone(), one(*counts))).collect();
        Report {
            messages: self.asked,
            macro_f1: per_label.values().map(|l| l.f1).sum::<f64>() / per_label.len().max(1) as f64,
            accuracy: share(self.of.values().map(|c| c[0]).sum(), self.asked),
            top2: share(self.in_two, self.asked),
            confidence: self.claimed / self.asked.max(1) as f64,
            per_label,
        }
    }
}
