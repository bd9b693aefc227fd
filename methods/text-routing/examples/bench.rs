//! Measures the crate against its targets, on one thread: `cargo run --release -p text-routing --example bench`.
//! On the evaluation messages if they are there (`../shared/data/eval`, or the folder given), else on invented ones.
use std::{hint::black_box, path::PathBuf, process::Command};
use text_routing::*;

/// Seconds this program has computed (not waited), by the system's count; `None` where there is no /proc.
fn cpu() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(stat.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let (clock, before) = (std::time::Instant::now(), cpu());
    let done = work();
    let spent = before.zip(cpu()).map_or(clock.elapsed().as_secs_f64(), |(a, b)| b - a);
    (done, spent.max(1e-9))
}

fn line(what: &str, measured: String, target: &str, good: bool) {
    println!("{} {what}: {measured}{target}", if good { "ok  " } else { "MISS" });
}

/// Invented messages: seven labels with their own vocabulary, a common one, and noise.
fn invented(count: usize) -> Vec<Labelled> {
    let mut state = 1u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    (0..count)
        .map(|i| {
            let label = i as u64 % 7;
            let mut words = |length| -> String {
                (0..length)
                    .filter_map(|_| {
                        let of_label = below(12) == 0;
                        let c = if of_label { 3000 + label * 60 + below(60) } else { below(2500) };
                        char::from_u32(0x4E00 + c as u32)
                    })
                    .collect()
            };
            Labelled { title: words(19), body: words(400), label: format!("kind {label}"), group: String::new() }
        })
        .collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/eval");
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let (train_file, hot_file) = (folder.join("messages-train.csv.gz"), folder.join("hot-messages.csv.gz"));
    let (rows, real) = match std::fs::read(&train_file) {
        Ok(bytes) => (labelled(&bytes, Some("dup_group"))?, true),
        Err(_) => {
            println!("skipped: evaluation messages are not here; invented ones instead, whose accuracy says nothing");
            (invented(6_763), false)
        }
    };
    let samples: Vec<Sample<'_>> = rows.iter().map(Labelled::sample).collect();
    println!("{} messages, {} characters", rows.len(), rows.iter().map(|r| r.body.chars().count()).sum::<usize>());

    let (model, seconds) = timed(|| Model::train(&samples, &Options::default()));
    let model = model?;
    line("training on all", format!("{seconds:.2} s"), " (target < 10 s)", seconds < 10.0);
    let same = model.to_bytes() == Model::train(&samples, &Options::default())?.to_bytes();
    line("trained twice", if same { "the same bytes" } else { "different bytes" }.into(), "", same);

    let (fold, mut tally) = (folds(&samples, 5), Tally::default());
    for out in 0..5 {
        let (learn, ask): (Vec<_>, Vec<_>) = samples.iter().zip(&fold).partition(|(_, f)| **f != out);
        let model = Model::train(&learn.into_iter().map(|(s, _)| *s).collect::<Vec<_>>(), &Options::default())?;
        ask.iter().for_each(|(s, _)| tally.add(s.label, &model.classify(s.text)));
    }
    let r = tally.report();
    line("five folds, groups apart: macro-F1", format!("{:.4}", r.macro_f1), " (target ≥ 0.91)", r.macro_f1 >= 0.91);
    println!(
        "     accuracy {:.4}, top two {:.4}, mean probability of the first {:.4}",
        r.accuracy, r.top2, r.confidence
    );

    let (_, seconds) = timed(|| samples.iter().for_each(|s| drop(black_box(model.classify(s.text)))));
    let speed = samples.len() as f64 / seconds;
    line("classifying", format!("{speed:.0} messages/s"), " (target ≥ 20,000)", speed >= 20_000.0);

    // Size does not depend on what the labels mean, so fifteen are dealt out by turns.
    let names: Vec<String> = (0..15).map(|i| format!("第{i}类城乡建设和市政管理")).collect();
    let dealt: Vec<Sample<'_>> =
        samples.iter().zip(names.iter().cycle()).map(|(s, n)| Sample { label: n, ..*s }).collect();
    let wide = Model::train(&dealt, &Options { folds: 2, rounds: 3, ..Options::default() })?;
    let (bytes, write) = timed(|| wide.to_bytes());
    let (read, seconds) = timed(|| Model::from_bytes(&bytes).map(|m| m.features()));
    let size = bytes.len() as f64 / 1e6;
    let what = format!("model file of {} n-grams and 15 labels", read?);
    line(&what, format!("{size:.2} MB"), " (target < 20 MB)", size < 20.0);
    println!("     written in {write:.3} s, read in {seconds:.3} s");

    // Twenty wrong answers of a fold the model has not seen are corrected; what happens to the others of that fold?
    let (learn, ask): (Vec<_>, Vec<_>) = samples.iter().zip(&fold).partition(|(_, f)| **f != 0);
    let before = Model::train(&learn.into_iter().map(|(s, _)| *s).collect::<Vec<_>>(), &Options::default())?;
    let right = |m: &Model, s: &Sample<'_>| m.classify(s.text).guesses.first().is_some_and(|g| g.label == s.label);
    let wrong: Vec<&Sample<'_>> = ask.iter().map(|(s, _)| *s).filter(|s| !right(&before, s)).take(20).collect();
    let mut after = before.clone();
    let (_, seconds) = timed(|| wrong.iter().try_for_each(|s| after.correct(s.text, s.label).map(drop)));
    let others = ask.iter().map(|(s, _)| *s).filter(|s| !wrong.iter().any(|w| std::ptr::eq(*w, *s)));
    let (mut was, mut is) = (0, 0);
    others.for_each(|s| (was, is) = (was + u32::from(right(&before, s)), is + u32::from(right(&after, s))));
    let n = wrong.len();
    println!(
        "     {n} corrections in {seconds:.3} s; of {} other unseen messages right: {was}, then {is}",
        ask.len() - n
    );

    let texts: Vec<String> = rows.iter().map(|r| format!("{}\n{}", r.title, r.body)).collect();
    let (index, add) = timed(|| {
        let mut index = Index::new();
        texts.iter().enumerate().for_each(|(i, t)| index.add(i, t));
        index
    });
    let (found, seconds) = timed(|| texts.iter().map(|t| index.near(t, 0.4).len() - 1).sum::<usize>());
    let n = texts.len() as f64;
    println!("     near-duplicates: {:.0} added/s, {:.0} asked/s, {} pairs ≥ 0.4", n / add, n / seconds, found / 2);
    let few = texts.get(..2000).unwrap_or(&texts);
    let (mut all, mut hit) = (0, 0);
    for (i, a) in few.iter().enumerate() {
        let near = index.near(a, 0.4);
        for (j, _) in few.iter().enumerate().take(i).filter(|(_, b)| similarity(a, b) >= 0.4) {
            all += 1;
            hit += usize::from(near.iter().any(|(id, _)| *id == j));
        }
    }
    println!("     comparing all of the first {}: {all} pairs ≥ 0.4, the index finds {hit}", few.len());

    let hot = match std::fs::read(&hot_file) {
        Ok(bytes) => posted(&bytes)?,
        Err(_) => {
            let post = |(at, r): (i64, Labelled)| Posted {
                id: at.to_string(),
                at: at * 3600,
                place: None,
                title: r.title,
                body: r.body,
            };
            (0..).zip(invented(4_326)).map(post).collect()
        }
    };
    let posts: Vec<Post<'_>> = hot
        .iter()
        .map(|p| Post { id: &p.id, at: p.at, place: None, text: Text { title: &p.title, body: &p.body } })
        .collect();
    let (found, seconds) = timed(|| topics(&posts, &TopicOptions::default()));
    line(&format!("topics of {} messages", posts.len()), format!("{seconds:.2} s"), " (target < 2 s)", seconds < 2.0);
    let (most, inside) = (found.first().map_or(0, |t| t.size), found.iter().map(|t| t.size).sum::<usize>());
    println!("     {} topics with {inside} messages, the largest with {most}", found.len());

    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).map_or("not measured here", str::trim);
    println!("     peak memory of all this together: {peak}");

    if real {
        // The reference implementation on the same folds, if it is installed.
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/compare.py");
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
        let status = Command::new(python).arg(script).arg(&train_file).status();
        if !status.is_ok_and(|s| s.success()) {
            println!("skipped: comparison with scikit-learn (PYTHON names an interpreter that has it)");
        }
    }
    Ok(())
}
