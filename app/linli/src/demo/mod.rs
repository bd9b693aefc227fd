//! `linli demo`: a district that is lived, not inserted. Invented people act through the same use cases as everybody, on a
//! fake clock, with the worker's ticks between the hours. The same seed gives the same district.
pub mod bench_seed;
mod life;
mod people;
mod words;

use crate::commands::{Done, Failure};
use crate::house::{self, How, Place};
use crate::profile::{PROFILES, Profile};
use linli_core::{Actor, House, Ids, Millis, Result, TimeSource, Via, Worker, time};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Options of `linli demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    /// Where.
    pub place: Place,
    /// 随机种子：同样的种子得到同样的演示区 · The same seed gives the same district
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// 活到哪一天（含），默认今天 · The last day lived, today by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub until: Option<String>,
    /// 规模 · hall: a few committees; town: one town; district: every town
    #[arg(long, value_enum, default_value = "town")]
    pub scale: Scale,
    /// 用哪个区的名册 · Which register
    #[arg(long, default_value = "baoshan")]
    pub register: String,
    /// 不显示进度 · No progress bar
    #[arg(long)]
    pub quiet: bool,
}

/// How much is lived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scale {
    /// The whole register, three lived committees, two months.
    Hall,
    /// The whole register, one lived town, a year.
    Town,
    /// The whole register, every town lived in part, a year.
    District,
    /// Every committee, for measuring.
    #[value(skip)]
    Whole,
}

impl Scale {
    /// Lived committees per town, and in how many towns.
    fn lived(self) -> (usize, usize) {
        match self {
            Scale::Hall => (3, 1),
            Scale::Town => (12, 1),
            Scale::District => (6, 100),
            Scale::Whole => (1000, 100),
        }
    }
    /// Days lived.
    fn days(self) -> i32 {
        if self == Scale::Hall { 60 } else { 365 }
    }
    /// Reports a day over all lived committees, on average.
    fn reports(self) -> f64 {
        match self {
            Scale::Hall => 2.0,
            Scale::Town => 8.0,
            Scale::District | Scale::Whole => 60.0,
        }
    }
}

/// The world of one run: the house, its fake clock and the dice.
pub(crate) struct World {
    pub(crate) house: Arc<House>,
    clock: Arc<AtomicI64>,
    pub(crate) dice: StdRng,
    pub(crate) system: Arc<Actor>,
}

impl World {
    pub(crate) fn set(&self, at: Millis) {
        self.clock.store(at, Ordering::Relaxed);
    }
    /// A use case by somebody, in one transaction.
    pub(crate) fn act<R: Send + 'static>(
        &self,
        who: &Arc<Actor>,
        f: impl Fn(&mut linli_core::Cx<'_, '_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.house.write(who, f)
    }
    /// One of these, by the dice.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { all.get(self.below(all.len())) }
    }
    /// A number below `n` (which is at least 1).
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.dice.next_u64() % n.max(1) as u64) as usize
    }
    /// Whether something happens that has this chance in a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Lives the district.
pub fn run(args: Args) -> Done {
    let profile = Profile::find(&args.register).ok_or_else(|| {
        let known: Vec<&str> = PROFILES.iter().map(|p| p.name).collect();
        Failure { code: 2, message: format!("--register: {}: known are {}", args.register, known.join(", ")) }
    })?;
    let until = match &args.until {
        Some(text) => {
            time::parse_day(text).ok_or(Failure { code: 2, message: format!("--until: {text}: YYYY-MM-DD") })?
        }
        None => time::civil_day(now()),
    };
    let first = until - args.scale.days();
    let clock = Arc::new(AtomicI64::new(time::day_start(first)));
    // The demo's keys come from its seed: nothing in it is secret, and the same seed gives the same bytes.
    let mut secret = [0u8; 32];
    StdRng::seed_from_u64(args.seed ^ 0x6c69_6e6c_6900).fill_bytes(&mut secret);
    let how = How {
        weak: true,
        time: TimeSource::Fake(clock.clone()),
        ids: Ids::seeded(args.seed),
        secret: Some(secret),
        roles: None,
        unfinished: false,
        connections: None,
    };
    let house = house::open(&args.place, how)?;
    let system = Arc::new(Actor { via: Via::Demo, ..Actor::system() });
    let mut world = World { house: house.clone(), clock, dice: StdRng::seed_from_u64(args.seed), system };
    let empty = house.read(&world.system, |cx| Ok(linli_registry::units(cx)?.live().next().is_none()))?;
    if !empty {
        return Err(Failure::database(format!(
            "{}: there is a district already; the demo begins in an empty one",
            args.place.data.display()
        )));
    }
    let words = words::Words::load().map_err(Failure::failed)?;
    world.act(&world.system.clone(), move |cx| profile.load(cx, first))?;
    let mut district = people::settle(&mut world, &words, args.scale, profile.name)?;
    let worker = Worker::new(house.clone());
    let hours = i64::from(until + 1 - first) * 24;
    let until_ms = time::day_start(until + 1);
    let real_end = if args.until.is_none() { now().min(until_ms) } else { until_ms };
    for hour in 0..hours {
        let at = time::day_start(first) + hour * time::HOUR;
        if at >= real_end {
            break;
        }
        life::hour(&mut world, &words, &mut district, at, args.scale.reports())?;
        world.set((at + time::HOUR - 1).min(real_end));
        worker.round()?;
        if !args.quiet && hour % 24 == 0 {
            eprint!(
                "\r演示区 · demo {:>3}%  {}  {} 件 · cases ",
                hour * 100 / hours,
                time::day_text(first + (hour / 24) as i32),
                district.reported
            );
            let _ = std::io::stderr().flush();
        }
    }
    while worker.round()?.done > 0 {}
    house.db.make_durable()?;
    if !args.quiet {
        eprintln!("\r演示区 · demo 100%  {}  {} 件 · cases ", time::day_text(until), district.reported);
    }
    let accounts = serde_json::to_string_pretty(&district.accounts).map_err(Failure::failed)?;
    let path = args.place.data.join("demo-accounts.json");
    std::fs::write(&path, accounts + "\n").map_err(|e| Failure::failed(format!("{}: {e}", path.display())))
}

#[expect(clippy::disallowed_methods)] // how far a demo without a given end is lived
fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as Millis
}
