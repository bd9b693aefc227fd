//! Chinese map coordinates (WGS84, GCJ-02, BD-09), places and addresses.
//!
//! * [`convert`]: between the datums, there and back within 0.1 mm; [`distance`].
//! * [`Regions`]: which unit a point lies in.
//! * [`Address`]: lanes, doors and rooms, villagers' groups, buildings and entrances, in one normal form with a key.
//! * [`Initials`]: pinyin initials for search.
mod address;
mod coords;
mod initials;
mod region;

pub use address::Address;
pub use coords::{
    Datum, Inverse, LngLat, bd09_to_gcj02, convert, convert_with, distance, gcj02_to_bd09, gcj02_to_wgs84,
    sphere_distance, wgs84_to_gcj02,
};
pub use initials::{Initials, initials};
pub use region::{GeoJsonError, Region, Regions, contains, from_geojson};

/// The example of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
