//! Coordinates against published values, regions, addresses as residents write them, initials.
#![allow(clippy::unwrap_used)] // helpers of the tests too may fail loudly
use geo_cn::*;
use proptest::prelude::*;

mod addresses;
mod places;
