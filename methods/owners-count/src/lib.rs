//! The owners' vote of the Chinese Civil Code (art. 278), counted exactly with its article and arithmetic.
