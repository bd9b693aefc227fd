//! `linli geo`: coordinates, distances, the unit a point lies in, addresses and initials.
use super::{Done, Failure, print, read};
use geo_cn::{
    Address, Datum, Inverse, LngLat, Regions, convert_with, distance, from_geojson, initials, sphere_distance,
};
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// 坐标转换 · Convert coordinates between wgs84, cgcs2000, gcj02 and bd09
    Convert {
        /// Datum of the input
        #[arg(long)]
        from: Datum,
        /// Datum of the output
        #[arg(long)]
        to: Datum,
        /// 经纬度 · One point, LNG,LAT
        #[arg(conflicts_with = "csv", required_unless_present = "csv", allow_hyphen_values = true, value_parser = point)]
        point: Option<LngLat>,
        /// CSV 文件 · File with the columns lng and lat; the same rows are printed with both replaced
        #[arg(long)]
        csv: Option<PathBuf>,
        /// 单步反算 · Undo a shift by one step of the published inverse, as many programs do (metres off)
        #[arg(long)]
        one_step: bool,
    },
    /// 两点距离（米） · Distance of two points of one unshifted datum, in metres
    Distance {
        /// First point, LNG,LAT
        #[arg(allow_hyphen_values = true, value_parser = point)]
        a: LngLat,
        /// Second point, LNG,LAT
        #[arg(allow_hyphen_values = true, value_parser = point)]
        b: LngLat,
        /// 球面距离 · On the sphere of map services instead of the ellipsoid
        #[arg(long)]
        sphere: bool,
    },
    /// 所在单元 · The areas of a GeoJSON file a point lies in, one line of properties each
    Locate {
        /// GeoJSON feature collection, in the datum of the point
        #[arg(long)]
        units: PathBuf,
        /// The point, LNG,LAT
        #[arg(allow_hyphen_values = true, value_parser = point)]
        point: LngLat,
    },
    /// 地址解析 · Read an address: its normal form, key and parts
    Address {
        /// Such as 沪太路1200弄23号502
        text: String,
        /// 已知所在 · Name of an area to leave out at the beginning, such as 大场镇 (repeatable)
        #[arg(long)]
        within: Vec<String>,
        /// 机器可读 · Print JSON
        #[arg(long)]
        json: bool,
    },
    /// 拼音首字母 · Pinyin initials
    Initials {
        /// Such as 友谊路街道
        text: String,
    },
}

pub(crate) fn run(args: Args) -> Done {
    match args {
        Args::Convert { from, to, point, csv, one_step } => {
            let inverse = if one_step { Inverse::OneStep } else { Inverse::Exact };
            let shift = |p| convert_with(p, from, to, inverse);
            match (point, csv) {
                (Some(p), _) => {
                    let q = shift(p);
                    print(&format!("{:.9},{:.9}", q.lng, q.lat))
                }
                (None, Some(path)) => convert_file(&path, shift),
                (None, None) => Err(Failure::failed("neither a point nor a file")),
            }
        }
        Args::Distance { a, b, sphere } => {
            print(&format!("{:.3}", if sphere { sphere_distance(a, b) } else { distance(a, b) }))
        }
        Args::Locate { units, point } => {
            let areas =
                from_geojson(&text(&units)?).map_err(|e| Failure::input(format!("{}: {e}", units.display())))?;
            let regions = Regions::new(areas);
            let found = regions.at(point);
            if found.is_empty() {
                return Err(Failure::failed("该点不在任何单元内 · the point lies in none of the areas"));
            }
            print(&found.iter().map(|unit| unit.to_string()).collect::<Vec<_>>().join("\n"))
        }
        Args::Address { text, within, json } => {
            let areas: Vec<&str> = within.iter().map(String::as_str).collect();
            let address = Address::parse_within(&text, &areas);
            if json {
                return print(
                    &json!({ "normal": address.to_string(), "key": address.key(), "parts": address }).to_string(),
                );
            }
            let rest =
                if address.rest.is_empty() { String::new() } else { format!("\n未识别 not read: {}", address.rest) };
            print(&format!(
                "{address}\n键 key: {}\n首字母 initials: {}{rest}",
                address.key(),
                initials(&address.to_string())
            ))
        }
        Args::Initials { text } => print(&initials(&text)),
    }
}

/// Reads `121.4737,31.2304`.
fn point(text: &str) -> Result<LngLat, String> {
    let number = |t: &str| t.trim().parse::<f64>().map_err(|e| format!("{t:?}: {e}"));
    let (lng, lat) = text.split_once([',', '，']).ok_or("expected LNG,LAT")?;
    on_earth(LngLat { lng: number(lng)?, lat: number(lat)? })
}

fn on_earth(p: LngLat) -> Result<LngLat, String> {
    let right = (-180.0..=180.0).contains(&p.lng) && (-90.0..=90.0).contains(&p.lat);
    right.then_some(p).ok_or_else(|| format!("{},{} is no longitude and latitude", p.lng, p.lat))
}

fn text(path: &std::path::Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|e| Failure::input(format!("{}: {e}", path.display())))
}

fn convert_file(path: &std::path::Path, shift: impl Fn(LngLat) -> LngLat) -> Done {
    let content = text(path)?;
    let mut lines = content.trim_start_matches('\u{feff}').lines().enumerate();
    let bad = |line: usize, cause: String| Failure::input(format!("{}: line {}: {cause}", path.display(), line + 1));
    let (_, header) = lines.next().ok_or_else(|| bad(0, "no header".into()))?;
    let columns = fields(header);
    let column =
        |name: &str| columns.iter().position(|c| c.trim() == name).ok_or_else(|| bad(0, format!("no column {name}")));
    let (x, y) = (column("lng")?, column("lat")?);
    let mut out = String::from(header);
    for (index, line) in lines.filter(|(_, l)| !l.trim().is_empty()) {
        let row = fields(line);
        let number = |i: usize, name: &str| -> Result<f64, Failure> {
            let field = row.get(i).ok_or_else(|| bad(index, format!("{name}: no such field")))?.trim();
            field.parse().map_err(|e| bad(index, format!("{name}: {field:?}: {e}")))
        };
        let p = LngLat { lng: number(x, "lng")?, lat: number(y, "lat")? };
        let q = shift(on_earth(p).map_err(|e| bad(index, e))?);
        out.push('\n');
        for (i, field) in row.iter().enumerate() {
            out += if i == 0 { "" } else { "," };
            match i {
                i if i == x => out += &format!("{:.9}", q.lng),
                i if i == y => out += &format!("{:.9}", q.lat),
                _ => out += field,
            }
        }
    }
    print(&out)
}

/// The fields of a CSV line as they stand, quotes and all; a comma within quotes parts nothing.
fn fields(line: &str) -> Vec<&str> {
    let mut quoted = false;
    line.split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
    .collect()
}
