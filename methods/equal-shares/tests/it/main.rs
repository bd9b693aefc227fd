//! The crate's tests: the file format, the rules against a naive count, axioms, and results of independent programs.
mod expected;
mod format;
mod naive;
mod rules;
