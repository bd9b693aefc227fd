//! Prints what the crate promises about speed and memory, measured on real elections, each in a process of its own:
//! CPU seconds (Linux `schedstat`), peak memory, and beside them pabutools if `LINLI_ORACLE_PYTHON` names a Python with it.
//!
//! `cargo run --release -p equal-shares --example bench`
use equal_shares::{Election, Options, Pb, Rule, count};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Target {
    file: &'static str,
    what: &'static str,
    promise: &'static str,
}

const TARGETS: [Target; 9] = [
    Target { file: "Poland_Lodz_2022.pb", what: "parse", promise: "≥ 100 MB/s" },
    Target { file: "Poland_Lodz_2022.pb", what: "greedy", promise: "< 0.5 s, < 150 MiB" },
    Target { file: "Poland_Lodz_2022.pb", what: "greedy-per-cost", promise: "< 0.5 s, < 150 MiB" },
    Target { file: "Poland_Lodz_2022.pb", what: "phragmen", promise: "< 0.5 s, < 150 MiB" },
    Target { file: "Poland_Lodz_2022.pb", what: "mes", promise: "< 0.5 s, < 150 MiB" },
    Target { file: "Poland_Lodz_2022.pb", what: "mes-add1", promise: "" },
    Target { file: "France_Toulouse_2022.pb", what: "mes", promise: "" },
    Target { file: "France_Toulouse_2022.pb", what: "mes-add1", promise: "< 1 s" },
    Target { file: "Poland_Swiecie_2023.pb", what: "mes-add1", promise: "" },
];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.as_slice() {
        [_, file, what] => println!("{}", measure(Path::new(file), what)),
        _ => table(),
    }
}

fn table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/participation/pabulib");
    if !root.exists() {
        return println!("no evaluation data beside the repository: nothing measured");
    }
    let python = std::env::var("LINLI_ORACLE_PYTHON").ok();
    println!("{:<26}{:<17}{:<48}{:<22}pabutools", "election", "what", "equal-shares", "promised");
    for target in TARGETS {
        let ours = run(Command::new(std::env::current_exe().expect("own path"))
            .arg(unpacked(&root, target.file))
            .arg(target.what));
        let theirs = match &python {
            Some(python) if target.what != "parse" => {
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/oracle.py");
                run(Command::new(python).arg(script).arg(unpacked(&root, target.file)).arg(target.what))
            }
            _ => "–".into(),
        };
        println!("{:<26}{:<17}{:<48}{:<22}{theirs}", target.file, target.what, ours, target.promise);
    }
}

fn run(command: &mut Command) -> String {
    match command.output() {
        Ok(out) if out.status.success() => String::from_utf8_lossy(&out.stdout).trim().to_owned(),
        Ok(out) => format!("failed: {}", String::from_utf8_lossy(&out.stderr).lines().last().unwrap_or("")),
        Err(e) => format!("failed: {e}"),
    }
}

/// Both programs read the same unpacked file, so that unpacking is not measured.
fn unpacked(root: &Path, file: &str) -> PathBuf {
    let plain = root.join(file);
    let Ok(packed) = std::fs::read(plain.with_extension("pb.gz")) else { return plain };
    let target = std::env::temp_dir().join(file);
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).expect("gzip");
    std::fs::write(&target, bytes).expect("written");
    target
}

fn measure(file: &Path, what: &str) -> String {
    let bytes = std::fs::read(file).expect("file");
    let read = || Election::from_pb(&Pb::parse(&bytes).expect("format")).expect("election").0;
    let (election, parse) = (read(), mean(|| drop(read())));
    if what == "parse" {
        return format!("{parse:.4} s CPU  {:.0} MB/s  {:.0} MiB", bytes.len() as f64 / 1e6 / parse, peak_mib());
    }
    let rule = Rule::ALL.into_iter().find(|r| r.name() == what).expect("rule");
    let count = || count(&election, &Options::new(rule)).expect("counted");
    let (selected, seconds) = (count().selected.len(), mean(|| drop(count())));
    format!("{seconds:.4} s CPU (+{parse:.3} parse)  {:.0} MiB  {selected} won", peak_mib())
}

/// CPU seconds of one run: the mean of as many as take about half a second, since the kernel's counter is coarse.
fn mean(mut run: impl FnMut()) -> f64 {
    let (start, mut runs) = (cpu_seconds(), 0);
    while cpu_seconds() - start < 0.5 && runs < 10_000 {
        run();
        runs += 1;
    }
    (cpu_seconds() - start) / f64::from(runs)
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse::<f64>().ok());
    peak.unwrap_or(f64::NAN) / 1024.0
}
