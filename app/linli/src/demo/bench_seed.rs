//! `linli bench-seed`: many cases to measure with, lived through the same use cases as everybody's. Every committee of the
//! register is settled; reports and moves run in the order of their invented times, some thousands in one commit.
use super::people::{self, District};
use super::words::{Words, field, text};
use super::{Scale, World};
use crate::commands::{Done, Failure};
use crate::house::{self, How, Place};
use crate::profile::Profile;
use linli_cases::Report;
use linli_core::{Actor, Cx, Error, House, Ids, Millis, PlaceId, RawInput, Result, TimeSource, Via, Worker, time};
use linli_db::Batch;
use linli_matters::{Given, Matter};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

/// Options of `linli bench-seed`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    /// Where.
    pub place: Place,
    /// 多少件 · How many cases
    #[arg(long, default_value_t = 100_000)]
    pub cases: i64,
    /// 随机种子 · Seed
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
}

/// The cases are reported within so many days before today. A case takes nine days on average: 3 % are open at the end.
const DAYS: i64 = 300;
/// Reports in one commit; their moves come with them.
const TOGETHER: i64 = 2000;

/// A case on its way.
struct Live {
    matter: Matter,
    reporter: Arc<Actor>,
    withdraws: bool,
}

struct Life<'w> {
    world: &'w mut World,
    words: &'w Words,
    d: &'w District,
    waiting: BTreeMap<(Millis, i64), Live>,
    refused: u64,
}

/// Seeds.
pub fn run(args: Args) -> Done {
    let profile = Profile::find("baoshan").ok_or(Failure::failed("no such register"))?;
    let end = super::now();
    let start = end - DAYS * time::DAY;
    let clock = Arc::new(AtomicI64::new(start));
    let how = How {
        weak: true,
        time: TimeSource::Fake(clock.clone()),
        ids: Ids::seeded(args.seed),
        secret: None,
        roles: None,
        unfinished: false,
        connections: None,
    };
    let house = house::open(&args.place, how)?;
    let system = Arc::new(Actor { via: Via::Demo, ..Actor::system() });
    let mut world =
        World { house: house.clone(), clock, dice: StdRng::seed_from_u64(args.seed), system: system.clone() };
    if !house.read(&system, |cx| Ok(linli_registry::units(cx)?.live().next().is_none()))? {
        return Err(Failure::database(format!("{}: there is a district already", args.place.data.display())));
    }
    let words = Words::load().map_err(Failure::failed)?;
    house.write(&system, move |cx| profile.load(cx, time::civil_day(start)))?;
    let district = people::settle(&mut world, &words, Scale::Whole, profile.name)?;
    eprintln!("{} committees are settled", district.lived.len());
    let categories = house.read(&system, linli_cases::categories)?;
    let known: Vec<String> = words
        .keys(&["reports"])
        .into_iter()
        .filter(|k| categories.iter().any(|c| c.code == *k && c.term_class != "urgent"))
        .map(str::to_owned)
        .collect();
    let names = place_names(&house, &system, &district)?;
    world.set(end);
    sign_ins(&house, &district, &args.place.data)?;
    let mut life = Life { world: &mut world, words: &words, d: &district, waiting: BTreeMap::new(), refused: 0 };
    let mut n = 0;
    while n < args.cases {
        house.db.batch(|b| {
            let until = args.cases.min(n + TOGETHER);
            while n < until {
                let at = start + DAYS * time::DAY / args.cases * n;
                life.catch_up(b, at)?;
                life.world.set(at);
                life.report(b, n, &known, &names)?;
                n += 1;
            }
            Ok::<_, Error>(())
        })?;
        eprint!("\r{n} cases");
    }
    house.db.batch(|b| life.catch_up(b, end))?;
    eprintln!("\r{n} cases, {} open, {} moves refused", life.waiting.len(), life.refused);
    world.set(end);
    let worker = Worker::new(house.clone());
    while worker.round()?.done > 0 {}
    house.db.make_durable()?;
    let accounts = serde_json::to_string_pretty(&district.accounts).map_err(Failure::failed)?;
    let path = args.place.data.join("demo-accounts.json");
    std::fs::write(&path, accounts + "\n").map_err(|e| Failure::failed(format!("{}: {e}", path.display())))
}

/// Sessions (pages) and tokens (API) of one resident and one worker of each committee, and of the accounts that span more,
/// for the load driver.
fn sign_ins(house: &Arc<House>, d: &District, data: &Path) -> std::result::Result<(), Failure> {
    let open = |who: &Arc<Actor>, via: Via| {
        let person = who.person.ok_or(Error::SignIn)?;
        house.write(who, move |cx| linli_registry::open_session(cx, person, via, "bench"))
    };
    let both = |who: &Arc<Actor>| Ok::<_, Error>(json!({"page": open(who, Via::Page)?, "api": open(who, Via::Api)?}));
    let mut committees = Vec::new();
    let system = Actor::system();
    let units = house.read(&system, linli_registry::units)?;
    for lived in &d.lived {
        let Some(resident) = lived.residents.first() else { continue };
        let Some(home) = resident.homes.first() else { continue };
        let Some(worker) = d.staff.get(&home.committee).and_then(|s| s.get(1)) else { continue };
        let town = units.dispatch_above(home.committee);
        committees.push(json!({"code": units.get(home.committee).map(|u| u.code.clone()), "town": town.and_then(|t| units.get(t)).map(|u| u.code.clone()), "resident": both(resident)?, "worker": both(worker)?}));
    }
    let text = json!({"committees": committees, "supervisor": both(&d.supervisor)?}).to_string();
    std::fs::write(data.join("bench-accounts.json"), text).map_err(Failure::failed)
}

fn place_names(house: &House, system: &Actor, d: &District) -> Result<HashMap<PlaceId, String>> {
    house.read(system, |cx| {
        let mut names = HashMap::new();
        for id in d.lived.iter().flat_map(|l| l.doors.iter().chain(&l.spots)) {
            names.insert(*id, linli_registry::place(cx, *id)?.map(|p| p.name).unwrap_or_default());
        }
        Ok(names)
    })
}

/// A use case as a step of the batch.
fn step<R>(house: &House, b: &mut Batch<'_>, who: &Actor, f: impl FnOnce(&mut Cx<'_, '_>) -> Result<R>) -> Result<R> {
    b.step(|tx| house.within(tx, who, f))
}

impl Life<'_> {
    fn minutes(&mut self, from: usize, to: usize) -> Millis {
        (from + self.world.below(to - from)) as Millis * time::MINUTE
    }

    fn report(&mut self, b: &mut Batch<'_>, n: i64, known: &[String], names: &HashMap<PlaceId, String>) -> Result<()> {
        let lived = &self.d.lived[self.world.below(self.d.lived.len())];
        let reporter = lived.residents[self.world.below(lived.residents.len())].clone();
        let code = self.world.pick(known).cloned().unwrap_or_default();
        let indoors = matches!(text(self.words.all(&["place_kinds", &code]).first()).as_str(), "door" | "dwelling");
        let places = if indoors { &lived.doors } else { &lived.spots };
        let place = places[self.world.below(places.len())];
        let sentences = self.words.all(&["reports", &code]);
        let words = text(self.world.pick(&sentences)).replace("{place}", names.get(&place).map_or("", String::as_str));
        let category = if self.world.chance(16) { String::new() } else { code };
        let r = Report { words, place: Some(place), category, ..Report::default() };
        let matter = step(&self.world.house, b, &reporter, |cx| linli_cases::report(cx, &r))?;
        let withdraws = self.world.chance(10);
        let soon = matter.opened + self.minutes(20, 180);
        self.waiting.insert((soon, n), Live { matter, reporter, withdraws });
        Ok(())
    }

    /// Everything that was to happen until an instant.
    fn catch_up(&mut self, b: &mut Batch<'_>, at: Millis) -> Result<()> {
        while let Some(next) = self.waiting.first_entry().filter(|e| e.key().0 <= at) {
            let ((now, n), mut live) = next.remove_entry();
            self.world.set(now);
            if let Some(wait) = self.advance(b, &mut live)? {
                self.waiting.insert((now + wait, n), live);
            }
        }
        Ok(())
    }

    /// The next thing that happens to a case; how long until the one after it.
    fn advance(&mut self, b: &mut Batch<'_>, live: &mut Live) -> Result<Option<Millis>> {
        let (words, category) = (self.words, live.matter.category.clone());
        let (name, raw, by_reporter, wait) = match live.matter.state.as_str() {
            "received" if live.withdraws => {
                let said = text(self.world.pick(&words.all(&["withdraw"])));
                ("withdraw", RawInput::default().set("words", said), true, None)
            }
            // A town's desk dispatches by the rules; a committee's desk does it itself.
            "received" if self.world.chance(30) => {
                ("dispatch", RawInput::default(), false, Some(self.minutes(20, 180)))
            }
            "received" | "dispatched" => ("sign", RawInput::default(), false, Some(self.minutes(60, 300))),
            "handling" if live.matter.revision < 4 && self.world.chance(70) => {
                let said = text(self.world.pick(&words.all(&["contact"])));
                ("contact", RawInput::default().set("words", said), false, Some(self.minutes(2000, 5000)))
            }
            "handling" => {
                let all = words.fitting(&["answers", "solved"], &category);
                let entry = self.world.pick(&all).copied();
                let said = entry.and_then(|e| e.as_str()).map_or_else(|| field(entry.as_ref(), "words"), str::to_owned);
                (
                    "answer",
                    RawInput::default().set("outcome", "solved").set("words", said),
                    false,
                    Some(self.minutes(4000, 13000)),
                )
            }
            "answered" => {
                let satisfied = if self.world.chance(85) { "satisfied" } else { "dissatisfied" };
                let said = text(self.world.pick(&words.all(&["verdict", satisfied])));
                let solved = if satisfied == "satisfied" { "yes" } else { "no" };
                (
                    "verdict",
                    RawInput::default().set("solved", solved).set("satisfaction", satisfied).set("words", said),
                    true,
                    Some(self.minutes(60, 600)),
                )
            }
            "review" => {
                let all = words.all(&["end_review"]);
                let entry = self.world.pick(&all).copied();
                (
                    "end_review",
                    RawInput::default()
                        .set("reason", field(entry.as_ref(), "reason"))
                        .set("way", field(entry.as_ref(), "way")),
                    false,
                    None,
                )
            }
            _ => return Ok(None),
        };
        let own = live.matter.owner.and_then(|o| self.d.staff.get(&o)).map(Vec::as_slice).unwrap_or_default();
        let assigned = own.iter().find(|a| a.person.is_some() && a.person == live.matter.assignee);
        let n = self.world.below(own.len());
        let who = if by_reporter { Some(&live.reporter) } else { assigned.or(own.get(n)) };
        let Some(who) = who else { return Ok(None) };
        let (id, given) = (live.matter.id, Given::from(raw));
        match step(&self.world.house, b, who, |cx| linli_matters::act(cx, id, name, &given, None)) {
            Ok(matter) => {
                live.matter = matter;
                Ok(if live.matter.open { wait } else { None })
            }
            Err(Error::Forbidden(_) | Error::Conflict(_) | Error::NotFound | Error::Invalid(_)) => {
                self.refused += 1;
                // Not dispatched: signed instead.
                Ok(if name == "dispatch" { Some(time::MINUTE) } else { None })
            }
            Err(e) => Err(e),
        }
    }
}
