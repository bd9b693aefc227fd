//! `cargo run --release -p geo-cn --example bench`: conversions there and back, points in units, addresses.
use geo_cn::*;
use std::hint::black_box;

const COUNT: u32 = 1_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut missed = false;
    let mut measure = |what: &str, target: f64, work: &mut dyn FnMut()| -> Result<(), Box<dyn std::error::Error>> {
        let before = cpu_seconds()?;
        work();
        let seconds = cpu_seconds()? - before;
        missed |= seconds >= target;
        let verdict = if seconds < target { "met" } else { "MISSED" };
        println!("geo-cn  {what}: {seconds:.3} CPU s  target < {target} s  {verdict}");
        Ok(())
    };
    // Points spread evenly over a degree, without two alike.
    let point = |i: u32| {
        let part = |n: u32, by: f64| (f64::from(n) * by).fract();
        LngLat { lng: 121.0 + part(i, 0.754_877_666), lat: 31.0 + part(i, 0.569_840_291) }
    };
    let mut worst = 0.0f64;
    measure("1,000,000 points WGS84 to BD-09 and exactly back", 5.0, &mut || {
        for i in 0..COUNT {
            let p = point(i);
            let back = convert(convert(p, Datum::Wgs84, Datum::Bd09), Datum::Bd09, Datum::Wgs84);
            worst = worst.max(distance(p, back));
        }
    })?;
    // 576 units of 60 corners each.
    let units = (0..576).map(|n| {
        let (x, y) = (121.0 + f64::from(n % 24) / 24.0, 31.0 + f64::from(n / 24) / 24.0);
        let ring = (0..60).map(|k| f64::from(k) / 60.0 * std::f64::consts::TAU);
        (Region::new(vec![ring.map(|a| [x + 0.02 * a.cos(), y + 0.02 * a.sin()]).collect()]), n)
    });
    let regions = Regions::new(units);
    measure("1,000,000 points in 576 units", 5.0, &mut || {
        for i in 0..COUNT {
            black_box(regions.at(point(i)));
        }
    })?;
    measure("1,000,000 addresses read and keyed", 10.0, &mut || {
        for i in 0..COUNT {
            let text = format!("沪太路{}弄{}号{}", i % 3000, i % 97, 101 + i % 600);
            black_box(Address::parse(&text).key());
        }
    })?;
    let all = Initials::default();
    measure("1,000,000 names to initials", 10.0, &mut || {
        for _ in 0..COUNT {
            black_box(all.of(black_box("友谊路街道宝钢一村居委会")));
        }
    })?;
    println!(
        "geo-cn  largest round-trip error {worst:.9} m (stated: 0.0001 m), peak memory {:.1} MB",
        peak_megabytes()?
    );
    if missed || worst > 1e-4 { Err("target missed".into()) } else { Ok(()) }
}

/// CPU seconds of this process, user and system, as Linux counts them in ticks of a hundredth.
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).ok_or("/proc/self/stat");
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn peak_megabytes() -> Result<f64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).ok_or("VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}
