//! `linli routing`: train, measure and use the routing of messages, and find hot topics.
use super::{Done, Failure, print, read};
use serde::Serialize;
use std::{
    fmt::Display,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use text_routing::{Labelled, Model, Options, Post, Reason, Report, Sample, Tally, Text, Topic, TopicOptions, folds};

#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// 用已分类的留言训练模型 · Train a model from labelled messages (CSV: title, body, label; .gz too)
    Train {
        /// 已分类的留言 · The labelled messages
        file: PathBuf,
        /// 模型写到哪里 · Where the model goes
        #[arg(long)]
        out: PathBuf,
        /// 同组的行不拆开（如重复留言的组号列）· Column of rows that stay together when probabilities are fitted
        #[arg(long, value_name = "COLUMN")]
        group: Option<String>,
    },
    /// 测准确度：用模型，或交叉验证 · Measure a model, or cross-validate (always prints JSON)
    Evaluate {
        /// 已分类的留言 · The labelled messages
        file: PathBuf,
        /// 要测的模型 · The model to measure
        #[arg(long, required_unless_present = "folds", conflicts_with = "folds")]
        model: Option<PathBuf>,
        /// 分几折轮流训练与测试 · Train and test in so many folds of the file instead
        #[arg(long, value_parser = clap::value_parser!(u8).range(2..=100))]
        folds: Option<u8>,
        /// 同组的行总在同一折 · Column of rows that stay in one fold
        #[arg(long, value_name = "COLUMN", requires = "folds")]
        group: Option<String>,
    },
    /// 一条留言该归哪类，凭哪些字 · Where one message belongs, and by which characters
    Suggest {
        #[arg(long)]
        model: PathBuf,
        /// 留言正文 · The message
        text: String,
        /// 留言标题 · Its title
        #[arg(long, default_value = "")]
        title: String,
        /// 列出前几类 · How many labels to show
        #[arg(long, default_value_t = 3)]
        top: usize,
        #[arg(long)]
        json: bool,
    },
    /// 纠正一条：此后这条留言归此类 · Teach the model where one message belongs
    Correct {
        #[arg(long)]
        model: PathBuf,
        /// 正确的类别 · The right label
        #[arg(long)]
        label: String,
        /// 留言正文 · The message
        text: String,
        /// 留言标题 · Its title
        #[arg(long, default_value = "")]
        title: String,
        /// 新模型写到哪里 · Where the corrected model goes
        #[arg(long)]
        out: PathBuf,
    },
    /// 热点：一段时间内许多人说的同一件事 · Hot topics (CSV: message_id, created_at, title, body; place if known)
    Topics {
        /// 留言 · The messages
        file: PathBuf,
        /// 一个热点最长跨多少天 · The longest time a topic may span, in days
        #[arg(long, default_value_t = TopicOptions::default().window_days)]
        days: u32,
        /// 至少几条留言 · The fewest messages that make a topic
        #[arg(long, default_value_t = TopicOptions::default().least)]
        least: usize,
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(args: Args) -> Done {
    match args {
        Args::Train { file, out, group } => {
            let rows = labelled(&file, group.as_deref())?;
            let model = train(&file, &rows.iter().map(Labelled::sample).collect::<Vec<_>>())?;
            let size = write(&out, &model)?;
            print(&format!(
                "{} 条留言 · messages, {} 类 · labels, {} 个字组 · n-grams → {}（{size} bytes）",
                rows.len(),
                model.labels().len(),
                model.features(),
                out.display()
            ))
        }
        Args::Evaluate { file, model, folds, group } => evaluate(&file, model, folds.unwrap_or(2).into(), group),
        Args::Suggest { model, text, title, top, json } => {
            suggest(&load(&model)?, Text { title: &title, body: &text }, top, json)
        }
        Args::Correct { model: file, label, text, title, out } => {
            let mut model = load(&file)?;
            let done = model.correct(Text { title: &title, body: &text }, &label);
            let done = done.map_err(|e| Failure::input(format!("{}: {e}", file.display())))?;
            write(&out, &model)?;
            print(&match done.changed {
                true => format!("已纠正 · corrected → {}", out.display()),
                false => format!("本来就归此类，未改 · was right already, unchanged → {}", out.display()),
            })
        }
        Args::Topics { file, days, least, json } => topics(&file, days, least, json),
    }
}

fn evaluate(file: &Path, model: Option<PathBuf>, count: usize, group: Option<String>) -> Done {
    #[derive(Serialize)]
    struct Measured {
        #[serde(flatten)]
        report: Report,
        messages_per_second: u64,
    }
    let rows = labelled(file, group.as_deref())?;
    let samples: Vec<Sample<'_>> = rows.iter().map(Labelled::sample).collect();
    let (mut tally, mut time) = (Tally::default(), Duration::ZERO);
    let mut ask = |model: &Model, samples: &[Sample<'_>]| {
        let begin = Instant::now();
        let answers: Vec<_> = samples.iter().map(|s| model.classify(s.text)).collect();
        time += begin.elapsed();
        samples.iter().zip(answers).for_each(|(sample, answer)| tally.add(sample.label, &answer));
    };
    match model {
        Some(model) => ask(&load(&model)?, &samples),
        None => {
            let fold = folds(&samples, count);
            for out in 0..count {
                let part = |tested: bool| -> Vec<Sample<'_>> {
                    samples.iter().zip(&fold).filter(|(_, f)| (**f == out) == tested).map(|(s, _)| *s).collect()
                };
                ask(&train(file, &part(false))?, &part(true));
            }
        }
    }
    let per_second = rows.len() as f64 / time.as_secs_f64().max(1e-9);
    show(&Measured { report: tally.report(), messages_per_second: per_second as u64 })
}

#[derive(Serialize)]
struct Suggested<'a> {
    /// How far the first leads the second, as a difference of probabilities.
    margin: f32,
    /// n-grams of the message that the model knows; 0: the answer has no basis.
    known: usize,
    suggestions: Vec<Suggestion<'a>>,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    label: &'a str,
    probability: f32,
    score: f32,
    grams: Vec<Reason>,
}

fn suggest(model: &Model, text: Text<'_>, top: usize, json: bool) -> Done {
    let answer = model.classify(text);
    let suggestions: Vec<Suggestion<'_>> = answer
        .guesses
        .iter()
        .take(top.max(1))
        .map(|g| Suggestion {
            label: g.label,
            probability: g.probability,
            score: g.score,
            grams: model.reasons(text, g.label, 8),
        })
        .collect();
    if json {
        return show(&Suggested { margin: answer.margin(), known: answer.known, suggestions });
    }
    for s in suggestions {
        let grams: Vec<&str> = s.grams.iter().map(|r| r.gram.as_str()).collect();
        // Rounded down: no model is sure.
        print(&format!("{:>3} %  {}  （{}）", (s.probability * 100.0).min(99.0) as u8, s.label, grams.join(" ")))?;
    }
    if answer.known == 0 {
        print("模型不认识其中任何字 · the model knows none of these characters")
    } else {
        Ok(())
    }
}

fn topics(file: &Path, days: u32, least: usize, json: bool) -> Done {
    #[derive(Serialize)]
    struct Topics<'a> {
        topics: &'a [Topic],
    }
    let rows = text_routing::posted(&read(file)?).map_err(at(file))?;
    let posts: Vec<Post<'_>> = rows
        .iter()
        .map(|r| Post { id: &r.id, at: r.at, place: r.place.as_deref(), text: Text { title: &r.title, body: &r.body } })
        .collect();
    let topics = text_routing::topics(&posts, &TopicOptions { window_days: days, least, ..Default::default() });
    if json {
        return show(&Topics { topics: &topics });
    }
    for t in &topics {
        let place = t.place.as_deref().map(|p| format!("【{p}】")).unwrap_or_default();
        let (from, until) = (t.from.get(..10).unwrap_or(&t.from), t.until.get(..10).unwrap_or(&t.until));
        print(&format!("{:>4}  {from} – {until}  {place}{}", t.size, t.words.join(" · ")))?;
    }
    if topics.is_empty() { print("没有热点 · no topics") } else { Ok(()) }
}

fn at<E: Display>(file: &Path) -> impl Fn(E) -> Failure {
    move |e| Failure::input(format!("{}: {e}", file.display()))
}

fn labelled(file: &Path, group: Option<&str>) -> Result<Vec<Labelled>, Failure> {
    text_routing::labelled(&read(file)?, group).map_err(at(file))
}

fn train(file: &Path, samples: &[Sample<'_>]) -> Result<Model, Failure> {
    Model::train(samples, &Options::default()).map_err(at(file))
}

fn load(file: &Path) -> Result<Model, Failure> {
    Model::from_bytes(&read(file)?).map_err(at(file))
}

/// Writes beside the target and renames, so that an interrupted command leaves no half model.
fn write(out: &Path, model: &Model) -> Result<usize, Failure> {
    let bytes = model.to_bytes();
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let done = std::fs::write(&part, &bytes).and_then(|()| std::fs::rename(&part, out));
    done.map_err(|e| Failure::failed(format!("{}: {e}", out.display())))?;
    Ok(bytes.len())
}

fn show(value: &impl Serialize) -> Done {
    print(&serde_json::to_string_pretty(value).map_err(Failure::failed)?)
}
