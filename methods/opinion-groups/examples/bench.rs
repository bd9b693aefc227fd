//! Measures the crate's targets: `cargo run --release -p opinion-groups --example bench [VTAIWAN_DIR]`.
//! Each measurement runs in its own process, so that peak memory is its own. With LINLI_ORACLE_PYTHON naming a Python
//! that has red-dwarf, that program is measured beside on the same votes.
#![allow(clippy::unwrap_used)]
use opinion_groups::{Conversation, Settings, Statement, Vote, opendata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let near = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/participation/polis/vtaiwan.uberx");
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--step", "vtaiwan", dir] => step(|| vtaiwan(Path::new(dir))),
        ["--step", "large"] => step(|| large(100_000, 1_000, 100)),
        ["--step", "one-vote"] => step(one_vote),
        [] => all(Path::new(near)),
        [dir] => all(Path::new(dir)),
        _ => eprintln!("usage: bench [VTAIWAN_DIR]"),
    }
}

fn all(dir: &Path) {
    println!("{:<44} {:>9} {:>9} {:>10}", "", "CPU s", "wall s", "peak MiB");
    let me = std::env::current_exe().unwrap();
    let run = |args: &[&str]| {
        let out = Command::new(&me).args(args).output().unwrap();
        print!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    };
    if dir.exists() {
        run(&["--step", "vtaiwan", &dir.display().to_string()]);
        oracle(dir);
    } else {
        println!("vTaiwan: skipped, {} is absent", dir.display());
    }
    run(&["--step", "large"]);
    run(&["--step", "one-vote"]);
}

/// Runs one measurement and prints its own report with this process' CPU seconds and peak memory.
fn step(work: impl FnOnce() -> String) {
    let start = Instant::now();
    let said = work();
    let (cpu, peak) = usage();
    println!("{said:<44} {cpu:>9.3} {:>9.3} {peak:>10.1}", start.elapsed().as_secs_f64());
}

/// CPU seconds and peak resident MiB of this process, from Linux' /proc; zeros elsewhere.
fn usage() -> (f64, f64) {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    let stat = read("/proc/self/stat");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    let status = read("/proc/self/status");
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
    (ticks as f64 / 100.0, peak.unwrap_or(0.0) / 1024.0)
}

fn file(dir: &Path, name: &str) -> Vec<u8> {
    let path: PathBuf = dir.join(name);
    if let Ok(plain) = std::fs::read(&path) {
        return plain;
    }
    let packed = std::fs::File::open(dir.join(format!("{name}.gz"))).unwrap();
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(packed).read_to_end(&mut plain).unwrap();
    plain
}

fn vtaiwan(dir: &Path) -> String {
    let comments = opendata::comments("comments.csv", file(dir, "comments.csv").as_slice()).unwrap();
    let votes = opendata::votes("votes.csv", file(dir, "votes.csv").as_slice()).unwrap();
    let mut conversation = opendata::conversation(Settings::default(), &comments, "votes.csv", &votes, false).unwrap();
    let analysis = conversation.analyse();
    format!("vTaiwan from raw votes ({} groups; < 0.3 s)", analysis.groups.len())
}

/// The same votes through red-dwarf's pipeline, if asked for.
fn oracle(dir: &Path) {
    let Ok(python) = std::env::var("LINLI_ORACLE_PYTHON") else { return };
    let script = r"
import csv, gzip, io, os, resource, sys, time
def table(name):
    plain = os.path.join(sys.argv[1], name)
    f = open(plain, 'rb') if os.path.exists(plain) else gzip.open(plain + '.gz', 'rb')
    return csv.DictReader(io.TextIOWrapper(f, encoding='utf-8'))
start = time.time()
from reddwarf.implementations.polis import run_pipeline
loaded = time.process_time()
last = {(r['voter-id'], r['comment-id']): r for r in sorted(table('votes.csv'), key=lambda r: int(r['timestamp']))}
votes = [dict(participant_id=int(p), statement_id=int(s), vote=int(r['vote']), modified=int(r['timestamp'])) for (p, s), r in last.items()]
out = [int(r['comment-id']) for r in table('comments.csv') if r['moderated'] == '-1']
run_pipeline(votes=votes, mod_out_statement_ids=out)
cpu, peak = time.process_time() - loaded, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print('%-44s %9.3f %9.3f %10.1f' % ('  red-dwarf, same votes (imports not counted)', cpu, time.time() - start, peak))
";
    match Command::new(&python).args(["-W", "ignore", "-c", script]).arg(dir).output() {
        Ok(out) if out.status.success() => print!("{}", String::from_utf8_lossy(&out.stdout)),
        Ok(out) => println!("  red-dwarf did not run: {}", String::from_utf8_lossy(&out.stderr).trim()),
        Err(e) => println!("  {python}: {e}"),
    }
}

/// Three camps with noise; each person votes on `each` statements spread over all of them.
fn invented(people: u64, statements: u64, each: u64) -> impl Iterator<Item = (u64, u64, Vote)> {
    let mut state = 7u64;
    let mut luck = move || {
        // xorshift64: the same conversation everywhere.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..people).flat_map(move |person| {
        let camp = person % 3;
        (0..each)
            .map(|_| {
                let (statement, noise) = (luck() % statements, luck() % 10);
                let vote = match noise {
                    0 => Vote::Pass,
                    1 | 2 if luck() % 2 == 0 => Vote::Agree,
                    1 | 2 => Vote::Disagree,
                    _ if (statement * 7 + camp * (statement % 4)) % 3 == 0 => Vote::Agree,
                    _ => Vote::Disagree,
                };
                (person, statement, vote)
            })
            .collect::<Vec<_>>()
    })
}

fn filled(people: u64, statements: u64, each: u64) -> Conversation {
    let mut conversation = Conversation::new(Settings::default());
    (0..statements).for_each(|id| conversation.add(Statement::open(id)).unwrap());
    invented(people, statements, each).for_each(|(p, s, v)| conversation.vote(p, s, v).unwrap());
    conversation
}

fn large(people: u64, statements: u64, each: u64) -> String {
    let analysis = filled(people, statements, each).analyse();
    format!(
        "{people} × {statements}, {:.1} M votes ({} groups; < 10 s, 1 GB)",
        analysis.votes as f64 / 1e6,
        analysis.groups.len()
    )
}

fn one_vote() -> String {
    let mut conversation = filled(2_000, 200, 60);
    conversation.update();
    let before = usage().0;
    let mut times: Vec<f64> = invented(2_000, 200, 1)
        .step_by(10)
        .map(|(person, statement, vote)| {
            let start = Instant::now();
            conversation.vote(person, (statement + 1) % 200, vote).unwrap();
            conversation.update();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (middle, worst) = (times[times.len() / 2], times[times.len() - 1]);
    let mean = 1e3 * (usage().0 - before) / times.len() as f64;
    println!("2000 × 200, each of {} more votes: {mean:.1} ms CPU (< 20 ms)", times.len());
    format!("  wall: median {middle:.1} ms, worst {worst:.1} ms; in all")
}
