//! Deterministic classification, near-duplicates and hot topics of short Chinese messages.
