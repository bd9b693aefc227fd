//! The model: training, answering, explaining, correcting.
use crate::{
    Text, calibrate,
    linear::{Lane, Problem, Rows},
    text::{Places, damp, grams, rarity, runs, spell},
};

/// One message whose right label is known.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The message.
    pub text: Text<'a>,
    /// Where it belongs.
    pub label: &'a str,
    /// Messages of one group (copies of one another) stay together when folds are made; empty: alone.
    pub group: &'a str,
}

/// How to train. The defaults are the values that cross-validation chose (see the README).
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What an error costs against the size of the weights (`C` of a support vector machine); positive.
    pub cost: f32,
    /// How many times the characters of the title count; 0 leaves titles out.
    pub title_weight: u8,
    /// The most n-grams to keep; those in the most messages stay.
    pub max_features: u32,
    /// Held-out folds that the probabilities are fitted on; at least 2.
    pub folds: usize,
    /// Training ends when no slope is steeper than this …
    pub tolerance: f32,
    /// … or after so many passes over the messages.
    pub rounds: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { cost: 1.0, title_weight: 3, max_features: 160_000, folds: 5, tolerance: 0.1, rounds: 50 }
    }
}

/// Why nothing could be learnt or corrected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// A classifier chooses between at least two labels.
    #[error("at least two different labels are needed, found {0}")]
    TooFewLabels(usize),
    /// More labels than a model file can name.
    #[error("at most {MAX_LABELS} labels are possible, found {0}")]
    TooManyLabels(usize),
    /// A label is empty or longer than a model file can hold.
    #[error("message {sample}: a label has 1 to 65535 bytes")]
    Label {
        /// Which message, counted from 1.
        sample: usize,
    },
    /// The messages contain no characters to learn from.
    #[error("the messages contain no words")]
    NoWords,
    /// An option is out of its range.
    #[error("option {0} is out of range")]
    Option(&'static str),
    /// The label of a correction is none of the model's.
    #[error("the model has no label “{0}”")]
    UnknownLabel(String),
}

/// The most labels of one model.
pub const MAX_LABELS: usize = 1024;
/// The most n-grams of one model.
pub const MAX_FEATURES: u32 = 4_000_000;

/// A trained classifier. Made by [`Model::train`] or [`Model::from_bytes`].
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) labels: Vec<String>,
    /// Messages trained on and corrected with.
    pub(crate) documents: u32,
    pub(crate) title_weight: u8,
    /// Probability = softmax(slope × score).
    pub(crate) slope: f32,
    /// n-gram keys, the most frequent first (so that the busy part of the tables is small), and their rarity (idf).
    pub(crate) keys: Vec<u32>,
    pub(crate) rarity: Vec<f32>,
    pub(crate) places: Places,
    pub(crate) lanes: usize,
    /// `lanes` lanes for each n-gram; a weight is the whole number × the scale of its label.
    pub(crate) weights: Vec<[i16; 8]>,
    pub(crate) scale: Vec<Lane>,
    pub(crate) bias: Vec<Lane>,
}

/// One label the model considered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess<'m> {
    /// The label.
    pub label: &'m str,
    /// Calibrated on held-out messages; all labels together give 1.
    pub probability: f32,
    /// Distance from the label's boundary: positive speaks for it.
    pub score: f32,
}

/// All labels, the likeliest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<'m> {
    /// The likeliest first; equal scores in the order of the labels.
    pub guesses: Vec<Guess<'m>>,
    /// How many different n-grams of the message the model knows; with 0 the answer is only the prior.
    pub known: usize,
}

impl Answer<'_> {
    /// How far the first label leads the second, as a difference of calibrated probabilities (0 to 1).
    pub fn margin(&self) -> f32 {
        let p = |i: usize| self.guesses.get(i).map_or(0.0, |g| g.probability);
        p(0) - p(1)
    }
}

/// One n-gram that spoke for a label.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Reason {
    /// One or two characters.
    pub gram: String,
    /// What it added to the label's score.
    pub weight: f32,
}

/// What a correction did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correction {
    /// Whether the model answered otherwise before (or only just right).
    pub changed: bool,
    /// Sum of the steps taken. The score of another text moves by at most about this × the cosine of the two texts;
    /// texts that contain n-grams added here also become a little longer.
    pub shift: f32,
    /// n-grams the model has learnt to read by this text.
    pub added: usize,
}

impl Model {
    /// Learns from `samples`. The same samples in the same order give the same model, bit for bit, on every machine.
    ///
    /// # Errors
    /// Fewer than two labels, a label that is empty or too long, messages without any character, an option out of range.
    pub fn train(samples: &[Sample<'_>], options: &Options) -> Result<Model, LearnError> {
        check(options)?;
        let mut labels: Vec<&str> = samples.iter().map(|s| s.label).collect();
        if let Some(bad) = labels.iter().position(|l| l.is_empty() || l.len() > usize::from(u16::MAX)) {
            return Err(LearnError::Label { sample: bad + 1 });
        }
        labels.sort_unstable();
        labels.dedup();
        match labels.len() {
            n @ 0..=1 => return Err(LearnError::TooFewLabels(n)),
            n if n > MAX_LABELS => return Err(LearnError::TooManyLabels(n)),
            _ => {}
        }
        let truth: Vec<usize> = samples.iter().map(|s| labels.partition_point(|l| *l < s.label)).collect();

        let documents = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        let (keys, rarity) = vocabulary(samples, documents, options);
        if keys.is_empty() {
            return Err(LearnError::NoWords);
        }
        let lanes = labels.len().div_ceil(8);
        let mut model = Model {
            labels: labels.iter().map(|l| l.to_string()).collect(),
            documents,
            title_weight: options.title_weight,
            slope: 1.0,
            places: Places::new(&keys),
            keys,
            rarity,
            lanes,
            weights: Vec::new(),
            scale: vec![[0.0; 8]; lanes],
            bias: vec![[0.0; 8]; lanes],
        };
        let mut rows = Rows::default();
        for sample in samples {
            let (mut vector, length) = model.vector(sample.text);
            vector.iter_mut().for_each(|(_, value)| *value /= length);
            rows.push(vector);
        }
        let solve = |chosen: Vec<usize>| {
            let (features, kinds) = (model.keys.len() as u32, model.labels.len());
            let Options { cost, tolerance, rounds, .. } = *options;
            Problem { rows: &rows, labels: &truth, chosen, features, kinds, cost, tolerance, rounds }.solve()
        };

        // The probabilities are fitted on scores of messages that the scoring weights have not seen.
        let fold = crate::folds(samples, options.folds);
        let mut held_out = vec![[0f32; 8]; rows.len() * lanes];
        for out in 0..options.folds {
            let (inside, outside): (Vec<_>, Vec<_>) = (0..rows.len()).partition(|i| fold.get(*i) != Some(&out));
            let mut seen = vec![false; model.keys.len()];
            for (place, _) in inside.iter().flat_map(|i| rows.get(*i)) {
                seen.get_mut(*place as usize).into_iter().for_each(|seen| *seen = true);
            }
            let weights = solve(inside);
            for i in outside {
                // A model that had never met this message could not read all its n-grams: they must not lengthen it.
                let known = |(place, _): &&(u32, f32)| seen.get(*place as usize) == Some(&true);
                let mut row: Vec<(u32, f32)> = rows.get(i).iter().filter(known).copied().collect();
                let length = row.iter().map(|(_, v)| v * v).sum::<f32>().sqrt();
                row.iter_mut().for_each(|(_, v)| *v /= length);
                if let Some(into) = held_out.get_mut(i * lanes..(i + 1) * lanes) {
                    weights.score(&row, model.keys.len() as u32, into);
                }
            }
        }
        let scores: Vec<&[f32]> = held_out.as_flattened().chunks_exact(lanes * 8).collect();
        let slope = calibrate::slope(&scores, &truth, labels.len());

        let weights = solve((0..rows.len()).collect());
        model.slope = slope;
        model.bias = weights.row(model.keys.len() as u32).to_vec();
        let learnt = weights.of.len() - lanes;
        model.quantise(weights.of.get(..learnt).unwrap_or(&[]));
        Ok(model)
    }

    /// The labels, in byte order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How many n-grams the model knows.
    pub fn features(&self) -> usize {
        self.keys.len()
    }

    /// Classifies a message: every label with its calibrated probability, the likeliest first.
    pub fn classify<'a>(&self, text: impl Into<Text<'a>>) -> Answer<'_> {
        let (vector, length) = self.vector(text.into());
        let scores = self.scores(&vector, length);
        let scores = scores.as_flattened();
        let top = scores.iter().take(self.labels.len()).copied().fold(f32::MIN, f32::max);
        let mut guesses: Vec<Guess<'_>> = self
            .labels
            .iter()
            .zip(scores)
            .map(|(label, score)| Guess { label, probability: libm::expf(self.slope * (score - top)), score: *score })
            .collect();
        let total: f32 = guesses.iter().map(|g| g.probability).sum();
        guesses.iter_mut().for_each(|g| g.probability /= total);
        guesses.sort_by(|a, b| b.score.total_cmp(&a.score));
        Answer { guesses, known: vector.len() }
    }

    /// The n-grams of `text` that spoke most for `label`, at most `count`, the heaviest first.
    /// Empty if the label is none of the model's or nothing spoke for it.
    pub fn reasons<'a>(&self, text: impl Into<Text<'a>>, label: &str, count: usize) -> Vec<Reason> {
        let Ok(kind) = self.labels.binary_search_by(|l| l.as_str().cmp(label)) else { return Vec::new() };
        let (vector, length) = self.vector(text.into());
        let scale = self.scale.as_flattened().get(kind).copied().unwrap_or(0.0);
        let mut reasons: Vec<(f32, u32)> = vector
            .iter()
            .filter_map(|(place, value)| {
                let weight = f32::from(*self.row(*place).as_flattened().get(kind)?) * scale * value / length;
                Some((weight, *self.keys.get(*place as usize)?)).filter(|_| weight > 0.0)
            })
            .collect();
        reasons.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        reasons.into_iter().take(count).map(|(weight, key)| Reason { gram: spell(key), weight }).collect()
    }

    /// Teaches the model one message: afterwards `text` is classified as `label`, with a small lead.
    ///
    /// Passive-aggressive (Crammer, Dekel, Keshet, Shalev-Shwartz, Singer, JMLR 7, 2006): if the label already leads,
    /// nothing changes; otherwise the smallest change of weights that makes it lead. Only the n-grams of this text are
    /// touched, so texts that share none with it keep their scores (unless a weight outgrows its 16 bits: then the
    /// weights of that label are rounded once more). n-grams that the model could not read are added while
    /// there is room ([`MAX_FEATURES`]). For many corrections, train anew.
    ///
    /// # Errors
    /// The label is none of the model's; the text has no character to learn from.
    pub fn correct<'a>(&mut self, text: impl Into<Text<'a>>, label: &str) -> Result<Correction, LearnError> {
        let text = text.into();
        let Ok(right) = self.labels.binary_search_by(|l| l.as_str().cmp(label)) else {
            return Err(LearnError::UnknownLabel(label.to_owned()));
        };
        let mut done = Correction { changed: false, shift: 0.0, added: 0 };
        if self.lead(text, right).is_none_or(|(lead, _)| lead >= LEAD / 2.0) && !self.vector(text).0.is_empty() {
            return Ok(done);
        }
        done.added = self.read_new(text);
        let (vector, length) = self.vector(text);
        if vector.is_empty() {
            return Err(LearnError::NoWords);
        }
        // Each step settles the strongest rival. One that was settled returns only by rounding: then the steps grow,
        // until they are larger than what rounding takes.
        let (mut left, mut growth) = (self.labels.len(), 1.0);
        while let Some((lead, rival)) = self.lead(text, right).filter(|(lead, _)| *lead < LEAD / 2.0) {
            (left, growth) = if left > 0 { (left - 1, 1.0) } else { (0, growth * 1.5) };
            let step = (LEAD - lead) / 2.0 * growth;
            self.shift(&vector, length, right, step);
            self.shift(&vector, length, rival, -step);
            done.changed = true;
            done.shift += step;
        }
        self.documents = self.documents.saturating_add(1);
        Ok(done)
    }

    /// How far `right` leads its strongest rival, and which that is.
    fn lead(&self, text: Text<'_>, right: usize) -> Option<(f32, usize)> {
        let (vector, length) = self.vector(text);
        let scores = self.scores(&vector, length);
        let scores = scores.as_flattened().iter().take(self.labels.len()).copied();
        let own = scores.clone().nth(right)?;
        let rivals = scores.enumerate().filter(|(kind, _)| *kind != right);
        rivals.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(rival, score)| (own - score, rival))
    }

    /// Adds the n-grams of `text` that the model does not know, without weight.
    fn read_new(&mut self, text: Text<'_>) -> usize {
        let before = self.keys.len();
        let Model { keys, rarity: all, places, weights, .. } = self;
        let one = rarity(self.documents, 1);
        for part in [text.title, text.body].into_iter().skip(usize::from(self.title_weight == 0)) {
            grams(part, |key| {
                let place = keys.len() as u32;
                if place < MAX_FEATURES && places.insert(key, place) {
                    keys.push(key);
                    all.push(one);
                    weights.extend(std::iter::repeat_n([0; 8], self.lanes));
                }
            });
        }
        self.keys.len() - before
    }

    /// Moves the score of the text under one label by `by`.
    fn shift(&mut self, vector: &[(u32, f32)], length: f32, kind: usize, by: f32) {
        let (lane, at) = (kind / 8, kind % 8);
        let steps: Vec<(usize, f32)> =
            vector.iter().map(|(place, value)| (*place as usize * self.lanes + lane, by * value / length)).collect();
        let Some(scale) = self.scale.get_mut(lane).and_then(|s| s.get_mut(at)) else { return };
        let weight = |old: i16, scale: f32, step: f32| f32::from(old) + step / scale;
        let old = |i: usize, weights: &[[i16; 8]]| weights.get(i).and_then(|w| w.get(at)).copied().unwrap_or(0);
        // Room first: double the unit until every new weight fits.
        while steps.iter().any(|(i, step)| weight(old(*i, &self.weights), *scale, *step).abs() > f32::from(i16::MAX)) {
            *scale *= 2.0;
            for w in self.weights.iter_mut().skip(lane).step_by(self.lanes).filter_map(|w| w.get_mut(at)) {
                *w /= 2;
            }
        }
        for (i, step) in steps {
            let next = libm::rintf(weight(old(i, &self.weights), *scale, step)) as i16;
            if let Some(w) = self.weights.get_mut(i).and_then(|w| w.get_mut(at)) {
                *w = next;
            }
        }
    }

    fn row(&self, place: u32) -> &[[i16; 8]] {
        let start = place as usize * self.lanes;
        self.weights.get(start..start + self.lanes).unwrap_or(&[])
    }

    /// TF-IDF of the known n-grams in the order of their places, and its Euclidean length (1 if empty).
    fn vector(&self, text: Text<'_>) -> (Vec<(u32, f32)>, f32) {
        let mut places =
            Vec::with_capacity(2 * (text.title.len() * usize::from(self.title_weight) + text.body.len()) / 3);
        let mut note = |key| places.extend(self.places.get(key));
        for _ in 0..self.title_weight {
            grams(text.title, &mut note);
        }
        grams(text.body, &mut note);
        places.sort_unstable();
        let mut square = 0f32;
        let vector: Vec<(u32, f32)> = runs(&places)
            .map(|(place, count)| {
                let value = damp(count) * self.rarity.get(place as usize).copied().unwrap_or(0.0);
                square += value * value;
                (place, value)
            })
            .collect();
        // The square root is correctly rounded by IEEE 754, hence the same everywhere.
        (vector, if square > 0.0 { square.sqrt() } else { 1.0 })
    }

    fn scores(&self, vector: &[(u32, f32)], length: f32) -> Vec<Lane> {
        let mut sums = vec![[0f32; 8]; self.lanes];
        for (place, value) in vector {
            for (sum, weight) in sums.iter_mut().zip(self.row(*place)) {
                for (s, w) in sum.iter_mut().zip(weight) {
                    *s += value * f32::from(*w);
                }
            }
        }
        for ((sum, scale), bias) in sums.iter_mut().zip(&self.scale).zip(&self.bias) {
            for ((s, scale), bias) in sum.iter_mut().zip(scale).zip(bias) {
                *s = *s * scale / length + bias;
            }
        }
        sums
    }

    /// Rounds the weights to 14 bits; two more are left for corrections.
    fn quantise(&mut self, weights: &[Lane]) {
        let mut top = vec![[0f32; 8]; self.lanes];
        for (i, weight) in weights.iter().enumerate() {
            for (t, w) in top.get_mut(i % self.lanes).into_iter().flatten().zip(weight) {
                *t = t.max(w.abs());
            }
        }
        self.scale = top.iter().map(|lane| lane.map(|t| if t > 0.0 { t / 8191.0 } else { 1.0 })).collect();
        self.weights = weights
            .iter()
            .zip(self.scale.iter().cycle())
            .map(|(weight, scale)| {
                let mut whole = [0i16; 8];
                for ((whole, weight), scale) in whole.iter_mut().zip(weight).zip(scale) {
                    *whole = libm::rintf(weight / scale) as i16;
                }
                whole
            })
            .collect();
    }
}

/// The lead in score that a correction gives; a score of 1 is the margin of the support vector machine.
const LEAD: f32 = 0.1;

fn check(options: &Options) -> Result<(), LearnError> {
    let Options { cost, max_features, folds, tolerance, rounds, .. } = *options;
    for (name, good) in [
        ("cost", cost.is_finite() && cost >= 1e-6),
        ("max_features", (1..=MAX_FEATURES).contains(&max_features)),
        ("folds", (2..=100).contains(&folds)),
        ("tolerance", tolerance > 0.0),
        ("rounds", rounds >= 1),
    ] {
        if !good {
            return Err(LearnError::Option(name));
        }
    }
    Ok(())
}

/// The n-grams of most messages, and their rarity.
fn vocabulary(samples: &[Sample<'_>], documents: u32, options: &Options) -> (Vec<u32>, Vec<f32>) {
    let (mut places, mut found, mut seen) = (Places::new(&[]), Vec::<(u32, u32)>::new(), Vec::new());
    for sample in samples {
        seen.clear();
        for part in [sample.text.title, sample.text.body].into_iter().skip(usize::from(options.title_weight == 0)) {
            grams(part, |key| seen.push(key));
        }
        seen.sort_unstable();
        seen.dedup();
        for key in &seen {
            match places.get(*key).and_then(|place| found.get_mut(place as usize)) {
                Some((with, _)) => *with += 1,
                None => {
                    places.insert(*key, found.len() as u32);
                    found.push((1, *key));
                }
            }
        }
    }
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(options.max_features as usize);
    found.into_iter().map(|(with, key)| (key, rarity(documents, with))).unzip()
}
