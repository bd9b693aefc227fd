//! Coordinates, distances and regions.
use super::*;

fn at(lng: f64, lat: f64) -> LngLat {
    LngLat { lng, lat }
}

fn metres(a: LngLat, b: LngLat) -> f64 {
    distance(a, b)
}

#[test]
fn the_published_shift() {
    // Values of PyPI eviltransform 0.1.1.
    let people_square = at(121.4737, 31.2304);
    let near = |p: LngLat, lng: f64, lat: f64| assert!(metres(p, at(lng, lat)) < 0.1, "{p:?}");
    let gcj = convert(people_square, Datum::Wgs84, Datum::Gcj02);
    near(gcj, 121.47822313586518, 31.228457704689244);
    near(convert(people_square, Datum::Cgcs2000, Datum::Bd09), 121.48478154542994, 31.234310559473126);
    let once = gcj02_to_wgs84(at(121.4737, 31.2304), Inverse::OneStep);
    near(once, 121.46917686413481, 31.232342295310755);
    let once = bd09_to_gcj02(at(121.4737, 31.2304), Inverse::OneStep);
    near(once, 121.46719514053864, 31.22434200031416);
}

#[test]
fn what_lies_outside_the_box_is_left_alone() {
    for p in [at(-0.1, 51.5), at(121.0, 60.0), at(f64::NAN, 31.0), at(f64::INFINITY, f64::NEG_INFINITY)] {
        let q = convert(p, Datum::Wgs84, Datum::Bd09);
        assert!((q.lng == p.lng || p.lng.is_nan()) && q.lat == p.lat);
    }
    assert_eq!(convert(at(121.0, 31.0), Datum::Wgs84, Datum::Cgcs2000), at(121.0, 31.0));
    assert_eq!("BD-09".parse(), Ok(Datum::Bd09));
    assert!("utm".parse::<Datum>().is_err());
}

#[test]
fn distances_known_from_geodesy() {
    // Karney's geodesic examples: New York to London, a degree along a meridian and along the equator.
    let close = |a: LngLat, b: LngLat, expected: f64, within: f64| {
        let found = metres(a, b);
        assert!((found - expected).abs() < within, "{found} instead of {expected}");
    };
    close(at(-73.8, 40.6), at(-0.5, 51.6), 5_551_759.400, 60.0);
    close(at(0.0, 0.0), at(0.0, 1.0), 110_574.389, 0.5);
    close(at(0.0, 0.0), at(1.0, 0.0), 111_319.491, 0.5);
    assert_eq!(metres(at(121.0, 31.0), at(121.0, 31.0)), 0.0);
    assert!(metres(at(0.0, 0.0), at(180.0, 0.0)).is_finite());
}

#[test]
fn a_point_in_a_unit_with_a_hole_and_an_island() {
    let square = |w: f64, s: f64, size: f64| vec![[w, s], [w + size, s], [w + size, s + size], [w, s + size], [w, s]];
    let unit = Region::new(vec![square(0.0, 0.0, 10.0), square(3.0, 3.0, 4.0), square(20.0, 0.0, 1.0)]);
    let cases = [
        (1.0, 1.0, true),
        (5.0, 5.0, false),
        (20.5, 0.5, true),
        (15.0, 0.5, false),
        (0.0, 5.0, true),
        (10.0, 10.0, true),
        (3.0, 5.0, true),
        (-1.0, 10.0, false),
        (-1.0, 0.0, false),
    ];
    for (lng, lat, expected) in cases {
        assert_eq!(unit.contains(at(lng, lat)), expected, "{lng} {lat}");
    }
    let units = Regions::new([
        (Region::new(vec![square(5.0, 0.0, 5.0)]), "east"),
        (Region::new(vec![square(0.0, 0.0, 5.0)]), "west"),
        (Region::new(vec![]), "nowhere"),
    ]);
    assert_eq!(units.at(at(5.0, 1.0)), [&"east", &"west"], "a shared edge belongs to both, in the order given");
    assert_eq!(units.at(at(1.0, 1.0)), [&"west"]);
    assert!(units.at(at(11.0, 1.0)).is_empty() && units.at(at(f64::NAN, 1.0)).is_empty());
}

#[test]
fn geojson_areas() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"code":"1"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}},
        {"type":"Feature","properties":{"code":"2"},"geometry":{"type":"MultiPolygon","coordinates":[[[[2,0],[4,0],[4,2],[2,0]]]]}}]}"#;
    let units = Regions::new(from_geojson(text).unwrap());
    assert_eq!(units.at(at(3.0, 0.5))[0]["code"], "2");
    let error = |text: &str| from_geojson(text).unwrap_err().to_string();
    assert_eq!(error("{}"), "expected a FeatureCollection");
    assert!(error(&text.replace("\"Polygon\"", "\"Point\"")).starts_with("feature 1: expected a Polygon"));
    assert!(from_geojson("[").is_err());
}

#[test]
fn the_districts_of_a_real_city_do_not_overlap() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/baoshan/shanghai-districts.geojson");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no shared data");
        return;
    };
    let units = Regions::new(from_geojson(&text).unwrap());
    let names = |p| units.at(p).iter().map(|u| u["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(at(121.489, 31.405)), ["宝山区"]);
    assert_eq!(names(at(121.4737, 31.2304)), ["黄浦区"]);
    assert!(names(at(122.9, 31.0)).is_empty());
}

/// A slower reading of "within an odd number of rings": the winding angle of one ring.
fn winds(ring: &[[f64; 2]], p: LngLat) -> bool {
    let angle: f64 = (0..ring.len())
        .map(|i| {
            let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
            let (ax, ay, bx, by) = (a[0] - p.lng, a[1] - p.lat, b[0] - p.lng, b[1] - p.lat);
            (ax * by - ay * bx).atan2(ax * bx + ay * by)
        })
        .sum();
    (angle.abs() / std::f64::consts::TAU).round() as i64 % 2 == 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn there_and_back_within_a_tenth_of_a_millimetre(lng in 73.0f64..137.0, lat in 1.5f64..55.0, pair in 0usize..6) {
        use Datum::*;
        let (from, to) = [(Wgs84, Gcj02), (Gcj02, Wgs84), (Gcj02, Bd09), (Bd09, Gcj02), (Cgcs2000, Bd09), (Bd09, Wgs84)][pair];
        let p = at(lng, lat);
        let there = convert(p, from, to);
        let moved = metres(p, there);
        prop_assert!(moved > 1.0 && moved < 3000.0, "moved by {}", moved);
        prop_assert!(metres(convert(there, to, from), p) < 1e-4);
        prop_assert!(metres(convert_with(there, to, from, Inverse::OneStep), p) < 6.5);
    }

    #[test]
    fn distance_is_a_distance(a in (-180.0f64..180.0, -89.0f64..89.0), d in (-0.2f64..0.2, -0.2f64..0.2)) {
        let (p, q) = (at(a.0, a.1), at(a.0 + d.0, (a.1 + d.1).clamp(-89.5, 89.5)));
        let (there, back) = (metres(p, q), metres(q, p));
        prop_assert!((there - back).abs() < 1e-6);
        prop_assert!((there - sphere_distance(p, q)).abs() <= 0.0068 * there + 1e-6, "{} {}", there, sphere_distance(p, q));
    }

    #[test]
    fn a_point_in_any_ring(corners in prop::collection::vec((0i32..20, 0i32..20), 3..12), x in 0i32..40, y in 0i32..40) {
        // Corners on whole degrees, the point on odd sixteenths off them, so that it lies on no edge.
        let ring: Vec<[f64; 2]> = corners.iter().map(|(x, y)| [f64::from(*x), f64::from(*y)]).collect();
        let p = at(f64::from(x) / 2.0 + 0.1234567, f64::from(y) / 2.0 + 0.0571428);
        prop_assert_eq!(Region::new(vec![ring.clone()]).contains(p), winds(&ring, p));
    }

    #[test]
    fn no_number_and_no_text_panics(lng in any::<f64>(), lat in any::<f64>(), text in "\\PC{0,40}") {
        for to in [Datum::Gcj02, Datum::Bd09] {
            let _ = (convert(at(lng, lat), Datum::Wgs84, to), convert(at(lng, lat), to, Datum::Wgs84));
        }
        let _ = (metres(at(lng, lat), at(lat, lng)), from_geojson(&text));
        let _ = Region::new(vec![vec![[lng, lat], [lat, lng], [0.0, 0.0]], vec![]]).contains(at(lat, lat));
    }
}
