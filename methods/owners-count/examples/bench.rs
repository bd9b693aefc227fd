//! `cargo run --release -p owners-count --example bench`: a whole count of 5,000 dwellings, and one ballot at a time.
use owners_count::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;

const TARGET_MS: f64 = 5.0;
const COUNTS: u32 = 400;
const UPDATES: u32 = 1_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rules = Rules::parse(include_str!("../../../data/law/owners-vote.json"))?;
    let text = estate(5_000);
    let vote = read_votes(&text)?.remove(0);

    let (counted, passed) =
        per_run(COUNTS, || Ok(count(black_box(&vote), &rules)?.iter().filter(|v| v.passed).count()))?;
    let (read, _) = per_run(COUNTS / 4, || Ok(read_votes(black_box(&text))?.len()))?;
    let met = if counted * 1e3 < TARGET_MS { "met" } else { "MISSED" };
    println!(
        "owners-count  5,000 dwellings, 4,500 ballots, 3 matters counted: {:.2} CPU ms  target < {TARGET_MS} ms  {met}",
        counted * 1e3
    );
    println!("owners-count  the same file read and checked ({} KB): {:.2} CPU ms", text.len() / 1024, read * 1e3);
    println!("owners-count  peak memory so far {:.1} MB  ({passed} matters passed)", peak_megabytes()?);
    for size in [5_000, 50_000, 500_000] {
        println!(
            "owners-count  one ballot cast or replaced among {size} dwellings: {:.2} CPU µs",
            update(size, &rules)? * 1e6
        );
    }
    println!("owners-count  peak memory with 500,000 dwellings {:.1} MB", peak_megabytes()?);
    if counted * 1e3 < TARGET_MS { Ok(()) } else { Err("target missed".into()) }
}

/// Every tenth owner has two dwellings, every seventh dwelling two owners, every fiftieth is the developer's.
fn estate(size: u32) -> String {
    let mut dwellings = Vec::new();
    let mut ballots = Vec::new();
    for i in 0..size {
        let (area, owner) = (600_000 + (i * 7919) % 800_000, if i % 10 == 9 { i - 1 } else { i });
        let who = match i {
            _ if i % 50 == 7 => r#""developer": "D""#.to_string(),
            _ if i % 7 == 3 => format!(r#""owners": ["o{owner}", "p{i}"]"#),
            _ => format!(r#""owners": ["o{owner}"]"#),
        };
        dwellings.push(format!(
            r#"{{"id": "{}幢-{i}", "place": "{0}幢/{}单元", "area": {area}, {who}}}"#,
            i / 60,
            i % 3
        ));
        if i % 10 != 5 {
            let mark = |m: u32| ["for", "for", "for", "against", "abstain"][((i * 31 + m * 17) % 5) as usize];
            let voter = if i % 50 == 7 { "D".to_string() } else { format!("o{owner}") };
            let mut ballot = format!(r#"{{"dwelling": "{}幢-{i}", "voter": "{voter}", "opinions": "#, i / 60);
            let _ = write!(ballot, r#"{{"1": "{}", "2": "{}", "3": "{}"}}}}"#, mark(1), mark(2), mark(3));
            ballots.push(ballot);
        }
    }
    format!(
        "{{\"name\": \"bench\", \"date\": \"2026-03-31\", \"matters\": [{{\"id\": \"1\", \"item\": 4}}, {{\"id\": \"2\", \
         \"item\": 5}}, {{\"id\": \"3\", \"item\": 6}}],\n\"dwellings\": [\n{}\n],\n\"ballots\": [\n{}\n]}}",
        dwellings.join(",\n"),
        ballots.join(",\n")
    )
}

/// CPU seconds of one cast or replaced ballot, scattered over the roll.
fn update(size: u32, rules: &Rules) -> Result<f64, Box<dyn std::error::Error>> {
    let vote = read_votes(&estate(size))?.remove(0);
    let rule = rules.choose(None, None, vote.date)?;
    let mut tally = Tally::open(&vote, rule)?;
    let mut ballot = Ballot { opinions: BTreeMap::new(), ..vote.ballots[0].clone() };
    let ids: Vec<&Dwelling> = vote.dwellings.iter().collect();
    let start = cpu_seconds()?;
    for i in 0..UPDATES {
        let dwelling = ids[(u64::from(i) * 7919 % u64::from(size)) as usize];
        ballot.dwelling.clone_from(&dwelling.id);
        ballot.voter = dwelling.voters().first().cloned();
        ballot.opinions.insert("1".into(), if i % 3 == 0 { Opinion::Against } else { Opinion::For });
        black_box(tally.cast(&ballot));
    }
    Ok((cpu_seconds()? - start) / f64::from(UPDATES))
}

type Measured = Result<(f64, usize), Box<dyn std::error::Error>>;

fn per_run(times: u32, mut run: impl FnMut() -> Result<usize, Box<dyn std::error::Error>>) -> Measured {
    let (start, mut last) = (cpu_seconds()?, 0);
    for _ in 0..times {
        last = black_box(run()?);
    }
    Ok(((cpu_seconds()? - start) / f64::from(times), last))
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
