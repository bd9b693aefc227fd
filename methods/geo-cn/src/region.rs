//! Which unit a point lies in.
use crate::LngLat;

/// An area of one or more polygons with holes, as rings of `[longitude, latitude]`. A point is inside if it lies within an
/// odd number of rings, so outer rings and holes need no marking; a ring may repeat its first point at its end or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    rings: Vec<Vec<[f64; 2]>>,
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl Region {
    /// An area from its rings.
    pub fn new(rings: Vec<Vec<[f64; 2]>>) -> Region {
        let all = || rings.iter().flatten();
        let least = |i: usize| all().map(|p| p[i]).fold(f64::INFINITY, f64::min);
        let most = |i: usize| all().map(|p| p[i]).fold(f64::NEG_INFINITY, f64::max);
        let (west, south, east, north) = (least(0), least(1), most(0), most(1));
        Region { rings, west, south, east, north }
    }

    /// West, south, east and north edge; infinite and reversed if there are no points.
    pub fn bounds(&self) -> [f64; 4] {
        [self.west, self.south, self.east, self.north]
    }

    /// The rings.
    pub fn rings(&self) -> &[Vec<[f64; 2]>] {
        &self.rings
    }

    /// Whether a point lies in the area or on its edge.
    pub fn contains(&self, point: LngLat) -> bool {
        let inside = |v: f64, a: f64, b: f64| a <= v && v <= b;
        inside(point.lng, self.west, self.east)
            && inside(point.lat, self.south, self.north)
            && contains(self.rings.iter().map(Vec::as_slice), point)
    }
}

/// Whether a point lies within an odd number of rings, or on the edge of one.
pub fn contains<'a>(rings: impl IntoIterator<Item = &'a [[f64; 2]]>, point: LngLat) -> bool {
    let (x, y) = (point.lng, point.lat);
    let mut inside = false;
    for ring in rings {
        let Some(mut a) = ring.last() else { continue };
        for b in ring {
            let side = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
            let within = |v: f64, p: f64, q: f64| p.min(q) <= v && v <= p.max(q);
            if side == 0.0 && within(x, a[0], b[0]) && within(y, a[1], b[1]) {
                return true;
            }
            // A half-open test: a corner is counted with one of its two edges only.
            if (a[1] > y) != (b[1] > y) && (side > 0.0) == (b[1] > a[1]) {
                inside = !inside;
            }
            a = b;
        }
    }
    inside
}

/// Areas with what they stand for, found by point: sorted by their western edge, rejected by their bounds.
#[derive(Debug, Clone)]
pub struct Regions<T> {
    /// With its place in the order given.
    sorted: Vec<(usize, Region, T)>,
}

impl<T> Regions<T> {
    /// An index of areas.
    pub fn new(areas: impl IntoIterator<Item = (Region, T)>) -> Regions<T> {
        let mut sorted: Vec<_> = areas.into_iter().enumerate().map(|(i, (region, unit))| (i, region, unit)).collect();
        sorted.sort_by(|a, b| a.1.west.total_cmp(&b.1.west));
        Regions { sorted }
    }

    /// The units a point lies in, in the order given: none outside all, several on a shared edge or in nested areas.
    pub fn at(&self, point: LngLat) -> Vec<&T> {
        let begun = self.sorted.partition_point(|(_, region, _)| region.west <= point.lng);
        let mut found: Vec<_> =
            self.sorted.iter().take(begun).filter(|(_, region, _)| region.contains(point)).collect();
        found.sort_by_key(|(order, _, _)| *order);
        found.into_iter().map(|(_, _, unit)| unit).collect()
    }
}

/// Why a GeoJSON text gives no areas.
#[derive(Debug, thiserror::Error)]
pub enum GeoJsonError {
    /// Not JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A feature that is no (multi)polygon of numbers.
    #[error("feature {0}: expected a Polygon or MultiPolygon of [longitude, latitude] positions")]
    Feature(usize),
    /// No feature collection.
    #[error("expected a FeatureCollection")]
    Collection,
}

/// The areas of a GeoJSON feature collection (RFC 7946) with their properties.
///
/// # Errors
/// [`GeoJsonError`], naming the feature by its place from 1.
pub fn from_geojson(text: &str) -> Result<Vec<(Region, serde_json::Value)>, GeoJsonError> {
    use serde_json::Value;
    let ring = |ring: &Value| -> Option<Vec<[f64; 2]>> {
        ring.as_array()?.iter().map(|p| Some([p.get(0)?.as_f64()?, p.get(1)?.as_f64()?])).collect()
    };
    let polygon = |p: &Value| -> Option<Vec<Vec<[f64; 2]>>> { p.as_array()?.iter().map(ring).collect() };
    let rings = |feature: &Value| -> Option<Vec<Vec<[f64; 2]>>> {
        let geometry = feature.get("geometry")?;
        let coordinates = geometry.get("coordinates")?;
        match geometry.get("type")?.as_str()? {
            "Polygon" => polygon(coordinates),
            "MultiPolygon" => Some(coordinates.as_array()?.iter().map(polygon).collect::<Option<Vec<_>>>()?.concat()),
            _ => None,
        }
    };
    let value: Value = serde_json::from_str(text)?;
    let features = value.get("features").and_then(Value::as_array).ok_or(GeoJsonError::Collection)?;
    let area = |(index, feature): (usize, &Value)| {
        let rings = rings(feature).ok_or(GeoJsonError::Feature(index + 1))?;
        Ok((Region::new(rings), feature.get("properties").cloned().unwrap_or_default()))
    };
    features.iter().enumerate().map(area).collect()
}
