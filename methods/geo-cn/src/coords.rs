//! Coordinates: WGS84 and CGCS2000, the shifted GCJ-02 of Chinese maps, and Baidu's BD-09.
use std::f64::consts::PI;

/// A point in degrees, east and north positive. Which datum it is in, the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LngLat {
    /// Longitude in degrees, −180 to 180.
    pub lng: f64,
    /// Latitude in degrees, −90 to 90.
    pub lat: f64,
}

/// What coordinates refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datum {
    /// WGS84 (satellite navigation).
    Wgs84,
    /// China Geodetic Coordinate System 2000 (EPSG:4490), the legal datum. Taken as equal to WGS84: the ellipsoids differ
    /// by 0.1 mm; the plate has moved by about 3 cm a year since the epoch 2000.0, under 1 m until 2030.
    Cgcs2000,
    /// GCJ-02, the shifted datum of published Chinese maps.
    Gcj02,
    /// BD-09, Baidu's shift of GCJ-02.
    Bd09,
}

impl std::str::FromStr for Datum {
    type Err = String;
    fn from_str(text: &str) -> Result<Datum, String> {
        match text.to_ascii_lowercase().replace('-', "").as_str() {
            "wgs84" => Ok(Datum::Wgs84),
            "cgcs2000" => Ok(Datum::Cgcs2000),
            "gcj02" => Ok(Datum::Gcj02),
            "bd09" => Ok(Datum::Bd09),
            _ => Err(format!("{text:?} is none of wgs84, cgcs2000, gcj02, bd09")),
        }
    }
}

/// How a shift is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Inverse {
    /// By iteration: there and back within 0.1 mm (tested over the whole box).
    #[default]
    Exact,
    /// By one step of the published inverse, as many programs do: GCJ-02 off by up to 6 m, BD-09 by up to 0.3 m.
    OneStep,
}

/// Semi-major axis of Krasovsky's ellipsoid, in metres, and its squared eccentricity, as in the published shift.
const A: f64 = 6_378_245.0;
const EE: f64 = 0.006_693_421_622_965_943;
const BD: f64 = PI * 3000.0 / 180.0;

/// A point of one datum in another. Outside the box of the published shift (72.004–137.8347° E, 0.8293–55.8271° N) it is
/// returned unchanged, as map services do; so is anything that is not a number.
pub fn convert(point: LngLat, from: Datum, to: Datum) -> LngLat {
    convert_with(point, from, to, Inverse::Exact)
}

/// As [`convert`], with a choice of how a shift is undone.
pub fn convert_with(point: LngLat, from: Datum, to: Datum, inverse: Inverse) -> LngLat {
    use Datum::*;
    let plain = |d| matches!(d, Wgs84 | Cgcs2000);
    if from == to || plain(from) && plain(to) {
        return point;
    }
    let gcj = match from {
        Wgs84 | Cgcs2000 => wgs84_to_gcj02(point),
        Gcj02 => point,
        Bd09 => bd09_to_gcj02(point, inverse),
    };
    match to {
        Wgs84 | Cgcs2000 => gcj02_to_wgs84(gcj, inverse),
        Gcj02 => gcj,
        Bd09 => gcj02_to_bd09(gcj),
    }
}

/// WGS84 to GCJ-02.
pub fn wgs84_to_gcj02(p: LngLat) -> LngLat {
    if in_box(p) { shift(p) } else { p }
}

/// GCJ-02 to WGS84.
pub fn gcj02_to_wgs84(p: LngLat, inverse: Inverse) -> LngLat {
    if !in_box(p) {
        return p;
    }
    let once = minus(p, minus(shift(p), p));
    if inverse == Inverse::OneStep { once } else { undo(p, once, shift) }
}

/// GCJ-02 to BD-09.
pub fn gcj02_to_bd09(p: LngLat) -> LngLat {
    if in_box(p) { baidu(p) } else { p }
}

/// BD-09 to GCJ-02.
pub fn bd09_to_gcj02(p: LngLat, inverse: Inverse) -> LngLat {
    if !in_box(p) {
        return p;
    }
    let (x, y) = (p.lng - 0.0065, p.lat - 0.006);
    let z = x.hypot(y) - 0.000_02 * (y * BD).sin();
    let theta = y.atan2(x) - 0.000_003 * (x * BD).cos();
    let once = LngLat { lng: z * theta.cos(), lat: z * theta.sin() };
    if inverse == Inverse::OneStep { once } else { undo(p, once, baidu) }
}

fn in_box(p: LngLat) -> bool {
    (72.004..=137.8347).contains(&p.lng) && (0.8293..=55.8271).contains(&p.lat)
}

fn minus(a: LngLat, b: LngLat) -> LngLat {
    LngLat { lng: a.lng - b.lng, lat: a.lat - b.lat }
}

/// The point that `forward` takes to `image`. Both shifts change by under 3 % of the way one goes, so each round leaves less
/// than a twentieth of the error.
fn undo(image: LngLat, guess: LngLat, forward: fn(LngLat) -> LngLat) -> LngLat {
    let mut point = guess;
    for _ in 0..20 {
        let error = minus(forward(point), image);
        point = minus(point, error);
        if error.lng.abs().max(error.lat.abs()) < 1e-12 {
            break;
        }
    }
    point
}

/// The published GCJ-02 shift.
fn shift(p: LngLat) -> LngLat {
    let (x, y) = (p.lng - 105.0, p.lat - 35.0);
    let wave = |v: f64, a: f64, b: f64| 20.0 * (v * PI).sin() + a * (v * PI / 3.0).sin() + b;
    let common = 20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin();
    let root = x.abs().sqrt();
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + 2.0 / 3.0 * (common + wave(y, 40.0, 160.0 * (y * PI / 12.0).sin() + 320.0 * (y * PI / 30.0).sin()));
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + 2.0 / 3.0 * (common + wave(x, 40.0, 150.0 * (x * PI / 12.0).sin() + 300.0 * (x * PI / 30.0).sin()));
    let lat = p.lat.to_radians();
    let w = 1.0 - EE * lat.sin() * lat.sin();
    let dlat = north * 180.0 / (A * (1.0 - EE) / (w * w.sqrt()) * PI);
    let dlng = east * 180.0 / (A / w.sqrt() * lat.cos() * PI);
    LngLat { lng: p.lng + dlng, lat: p.lat + dlat }
}

/// Baidu's shift of GCJ-02.
fn baidu(p: LngLat) -> LngLat {
    let z = p.lng.hypot(p.lat) + 0.000_02 * (p.lat * BD).sin();
    let theta = p.lat.atan2(p.lng) + 0.000_003 * (p.lng * BD).cos();
    LngLat { lng: z * theta.cos() + 0.0065, lat: z * theta.sin() + 0.006 }
}

/// Distance along the ellipsoid in metres (Lambert's formula on WGS84): within 10 m per 1,000 km, within millimetres in a
/// town. Both points must be in the same unshifted datum; nearly opposite points of the globe lose accuracy.
pub fn distance(a: LngLat, b: LngLat) -> f64 {
    const RADIUS: f64 = 6_378_137.0;
    const F: f64 = 1.0 / 298.257_223_563;
    let reduced = |p: LngLat| ((1.0 - F) * p.lat.to_radians().tan()).atan();
    let (b1, b2) = (reduced(a), reduced(b));
    let h = haversine(b1, b2, (b.lng - a.lng).to_radians());
    let angle = 2.0 * h.sqrt().asin();
    if h <= 0.0 || h >= 1.0 {
        return RADIUS * angle;
    }
    let (p, q) = ((b1 + b2) / 2.0, (b2 - b1) / 2.0);
    let x = (angle - angle.sin()) * (p.sin() * q.cos()).powi(2) / (1.0 - h);
    let y = (angle + angle.sin()) * (p.cos() * q.sin()).powi(2) / h;
    RADIUS * (angle - F / 2.0 * (x + y))
}

/// Distance on a sphere of 6,378,137 m, as map services give it: up to 0.6 % off the ellipsoid.
pub fn sphere_distance(a: LngLat, b: LngLat) -> f64 {
    let h = haversine(a.lat.to_radians(), b.lat.to_radians(), (b.lng - a.lng).to_radians());
    2.0 * 6_378_137.0 * h.sqrt().asin()
}

/// The square of the sine of half the angle between two points of a sphere.
fn haversine(lat1: f64, lat2: f64, dlng: f64) -> f64 {
    let half = |v: f64| (v / 2.0).sin().powi(2);
    (half(lat2 - lat1) + lat1.cos() * lat2.cos() * half(dlng)).clamp(0.0, 1.0)
}
