//! From scores to probabilities.
//!
//! Platt's sigmoid ("Probabilistic outputs for support vector machines", 1999) for several labels: one slope, fitted on
//! held-out scores, inside a softmax (Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML
//! 2017, call it temperature). One number cannot change which label leads, and sixty messages are enough to fit it.

/// The slope that makes `softmax(slope × score)` likeliest for the true labels (Newton's method on the convex log loss).
pub(crate) fn slope(scores: &[&[f32]], truth: &[usize], kinds: usize) -> f32 {
    let mut slope = 2f64;
    for _ in 0..50 {
        // A weak pull towards 2 keeps the slope finite when every held-out message is right.
        let (mut first, mut second) = (0.1 * (slope - 2.0), 0.1);
        for (scores, truth) in scores.iter().zip(truth) {
            let scores = scores.get(..kinds).unwrap_or(&[]);
            let top = scores.iter().copied().fold(f32::MIN, f32::max);
            let (mut total, mut sum, mut square) = (0f64, 0f64, 0f64);
            for score in scores {
                let weight = libm::exp(slope * f64::from(score - top));
                total += weight;
                sum += weight * f64::from(*score);
                square += weight * f64::from(*score) * f64::from(*score);
            }
            let mean = sum / total;
            first += mean - f64::from(scores.get(*truth).copied().unwrap_or(top));
            second += square / total - mean * mean;
        }
        let next = (slope - first / second).clamp(slope / 2.0, slope * 2.0).clamp(0.1, 50.0);
        if (next - slope).abs() < 1e-6 {
            return next as f32;
        }
        slope = next;
    }
    slope as f32
}
