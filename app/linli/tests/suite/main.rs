//! The whole program on both engines, in sentences: on SQLite with the real register, on PostgreSQL (where `LINLI_TEST_PG`
//! holds its address) with a county that does not exist and each module under a role of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod borders;
mod finding;
mod journey;
mod kept;
mod lists;
mod lived;
mod pages;
mod printed;
mod refusals;
mod router;
mod statements;

use linli::house::{How, Place};
use linli::profile::Profile;
use linli_cases::Report;
use linli_core::{
    Actor, CommandKey, Cx, Error, House, Ids, Lang, Millis, PersonId, Personal, PlaceId, RawInput, Result, Role,
    TimeSource, UnitId, Via, Worker, time,
};
use linli_matters::{Given, Matter};
use linli_registry::{Function, NewPerson, NewPlace, NewUnit};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Monday, 2 March 2026, 09:30 in the districts of these tests: a working hour in a published year.
const START: Millis = 1_772_415_000_000;

type Who = Arc<Actor>;

/// The people and units of the stories, the same in both districts.
#[derive(Clone)]
struct Cast {
    root: UnitId,
    ops: UnitId,
    town: UnitId,
    committee: UnitId,
    elsewhere: UnitId,
    property: UnitId,
    department: UnitId,
    other_department: UnitId,
    group: UnitId,
    door: PlaceId,
    spot: PlaceId,
    resident: PersonId,
    neighbour: PersonId,
    stranger: PersonId,
    leader: PersonId,
    worker: PersonId,
    colleague: PersonId,
    head: PersonId,
    far_worker: PersonId,
    dispatcher: PersonId,
    ops_dispatcher: PersonId,
    handler: PersonId,
    second_handler: PersonId,
    official: PersonId,
    other_official: PersonId,
    supervisor: PersonId,
    admin: PersonId,
}

/// Codes of the categories that the stories need, as each district calls them.
struct Words {
    lamp: &'static str,
    danger: &'static str,
    private: &'static str,
    public: &'static str,
    advice: &'static str,
}

/// A district of its own for one test, gone afterwards.
struct World {
    house: Arc<House>,
    clock: Arc<AtomicI64>,
    cast: Cast,
    words: Words,
    dir: PathBuf,
    database: Option<(String, String)>,
}

/// A district that was set up once and is copied for each test.
struct Template {
    dir: PathBuf,
    database: Option<String>,
    cast: Cast,
}

fn on_server(url: &str, text: &str) {
    postgres::Client::connect(url, postgres::NoTls).unwrap().batch_execute(text).unwrap();
}
fn beside(url: &str, name: &str) -> String {
    format!("{}/{name}", &url[..url.rfind('/').unwrap()])
}
fn scratch(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    std::env::temp_dir().join(format!("linli_{name}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
}
/// The address of the suite's PostgreSQL; without it, a line that says so.
fn server() -> Option<String> {
    let url = std::env::var("LINLI_TEST_PG").ok();
    if url.is_none() {
        println!("skipped on PostgreSQL: no LINLI_TEST_PG");
    }
    url
}
/// The files of the districts outside the program, and where the sources are.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn open(dir: &Path, url: Option<String>, clock: &Arc<AtomicI64>) -> Arc<House> {
    let roles = url.as_ref().map(|_| format!("linli_suite_{}_", std::process::id()));
    let place = Place { data: dir.to_path_buf(), database: url };
    let how = How {
        weak: true,
        time: TimeSource::Fake(clock.clone()),
        ids: Ids::Os,
        secret: Some([7; 32]),
        roles,
        unfinished: false,
        connections: None,
    };
    linli::house::open(&place, how).unwrap_or_else(|e| panic!("{}", e.message))
}

impl Drop for Template {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Sets a district up: its register, then the people of the stories.
fn set_up(profile: &'static Profile, url: Option<&str>) -> Template {
    let dir = scratch("template");
    let database = url.map(|url| {
        let name = format!("linli_template_{}", std::process::id());
        on_server(url, &format!("CREATE DATABASE {name}"));
        name
    });
    let clock = Arc::new(AtomicI64::new(START));
    let house = open(&dir, url.zip(database.as_deref()).map(|(url, name)| beside(url, name)), &clock);
    let system = Arc::new(Actor::system());
    let cast = house
        .write(&system, |cx| {
            // The register and the terms hold since a year before the stories.
            profile.load(cx, time::civil_day(START) - 365)?;
            settle(cx)
        })
        .unwrap();
    drop(house);
    Template { dir, database, cast }
}

fn settle(cx: &mut Cx<'_, '_>) -> Result<Cast> {
    let units = linli_registry::units(cx)?;
    let deepest =
        |f: Function| units.levels().iter().filter(|l| l.function == f).max_by_key(|l| l.depth).unwrap().code.clone();
    let committees =
        |town: UnitId| units.children(town).filter(|u| u.function == Function::Serve).map(|u| u.id).collect::<Vec<_>>();
    let town = units
        .live()
        .filter(|u| u.function == Function::Dispatch)
        .map(|u| u.id)
        .find(|t| committees(*t).len() > 1)
        .unwrap();
    let (committee, elsewhere) = (committees(town)[0], committees(town)[1]);
    let (root, ops) = (units.root(), units.ops().unwrap());
    let departments: Vec<UnitId> = units.children(ops).map(|u| u.id).collect();
    let new = |parent: UnitId, level: String, kind: &str, code: &str, name: &str| NewUnit {
        parent: Some(parent),
        level,
        kind: kind.into(),
        code: code.into(),
        name: name.into(),
        name_en: None,
        status: "formal".into(),
        phone: None,
        valid_from: None,
    };
    let property = linli_registry::create_unit(cx, new(town, deepest(Function::Unit), "property", "T-W1", "安居物业"))?;
    let estate = linli_registry::create_unit(cx, new(committee, deepest(Function::Estate), "estate", "T-E1", "松园"))?;
    let group = linli_registry::create_unit(
        cx,
        new(estate, deepest(Function::Group), "building_group", "T-G1", "松园3号楼组"),
    )?;
    linli_registry::serve(cx, property, estate)?;
    let of_kind = |kind: &str, name: &str| NewPlace {
        kind: kind.into(),
        estate: Some(estate),
        name: name.into(),
        ..NewPlace::default()
    };
    let door =
        NewPlace { group: Some(group), address: Some("松园路12弄3号".into()), ..of_kind("door", "松园 3号") };
    let made = linli_registry::create_places(cx, committee, &[door, of_kind("spot", "松园 中心花园")])?;
    let (door, spot) = (made[0], made[1]);
    let room = |n: usize| NewPlace {
        kind: "dwelling".into(),
        parent: Some(door),
        name: format!("松园 3号{n}01室"),
        address: Some(format!("松园路12弄3号{n}01室")),
        ..NewPlace::default()
    };
    let rooms = linli_registry::create_places(cx, committee, &[room(1), room(2), room(3)])?;
    let far = NewPlace { kind: "dwelling".into(), name: "柳巷 1号101室".into(), ..NewPlace::default() };
    let far = linli_registry::create_places(cx, elsewhere, std::slice::from_ref(&far))?[0];
    let mut n = 0;
    let mut person = |cx: &mut Cx<'_, '_>, unit: UnitId| {
        n += 1;
        let (name, phone) = (
            format!("戚{}", "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉".chars().nth(n).unwrap()),
            format!("139000111{n:02}"),
        );
        let new =
            NewPerson { name: Personal::new(name), phone: Some(Personal::new(phone)), id_number: None, lang: Lang::Zh };
        linli_registry::create_person(cx, unit, &new)
    };
    let mut home = |cx: &mut Cx<'_, '_>, committee: UnitId, dwelling: PlaceId, tenure: &str| {
        let id = person(cx, committee)?;
        let household = linli_registry::create_household(cx, dwelling)?;
        linli_registry::move_in(cx, id, dwelling, Some(household), tenure)?;
        Ok::<_, Error>(id)
    };
    let resident = home(cx, committee, rooms[0], "tenant")?;
    let neighbour = home(cx, committee, rooms[1], "owner")?;
    let leader = home(cx, committee, rooms[2], "owner")?;
    let stranger = home(cx, elsewhere, far, "owner")?;
    linli_registry::appoint(cx, leader, group, Role::GroupLeader, false, None)?;
    let mut post = |cx: &mut Cx<'_, '_>, unit: UnitId, role: Role, duty: bool| {
        let id = person(cx, unit)?;
        linli_registry::appoint(cx, id, unit, role, duty, None)?;
        Ok::<_, Error>(id)
    };
    Ok(Cast {
        root,
        ops,
        town,
        committee,
        elsewhere,
        property,
        department: departments[0],
        other_department: departments[1],
        group,
        door,
        spot,
        resident,
        neighbour,
        stranger,
        leader,
        worker: post(cx, committee, Role::Worker, true)?,
        colleague: post(cx, committee, Role::Worker, false)?,
        head: post(cx, committee, Role::Head, false)?,
        far_worker: post(cx, elsewhere, Role::Worker, false)?,
        dispatcher: post(cx, town, Role::Dispatcher, true)?,
        ops_dispatcher: post(cx, ops, Role::Dispatcher, true)?,
        handler: post(cx, property, Role::Handler, true)?,
        second_handler: post(cx, property, Role::Handler, false)?,
        official: post(cx, departments[0], Role::Handler, false)?,
        other_official: post(cx, departments[1], Role::Handler, false)?,
        supervisor: post(cx, root, Role::Supervisor, false)?,
        admin: post(cx, root, Role::Admin, false)?,
    })
}

impl World {
    /// Both districts, one after the other.
    fn both() -> impl Iterator<Item = World> {
        [World::sqlite as fn() -> Option<World>, World::pg].into_iter().filter_map(|make| make())
    }
    fn sqlite() -> Option<World> {
        static ONCE: OnceLock<Template> = OnceLock::new();
        let t = ONCE.get_or_init(|| set_up(Profile::find("baoshan").unwrap(), None));
        let words = Words {
            lamp: "facilities.stair_light",
            danger: "safety.lift_trapped",
            private: "neighbours.dispute",
            public: "traffic.street_light",
            advice: "advice.policy",
        };
        Some(World::copy(t, words, None))
    }
    fn pg() -> Option<World> {
        static ONCE: OnceLock<Template> = OnceLock::new();
        let url = server()?;
        let t = ONCE.get_or_init(|| set_up(Profile::find("fictional").unwrap(), Some(&url)));
        let words = Words {
            lamp: "repair.lamp",
            danger: "urgent.lift",
            private: "people.quarrel",
            public: "travel.road",
            advice: "ask.policy",
        };
        Some(World::copy(t, words, Some(url)))
    }
    fn copy(t: &Template, words: Words, url: Option<String>) -> World {
        let dir = scratch("suite");
        std::fs::create_dir_all(&dir).unwrap();
        let database = url.map(|url| {
            let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
            // A template is copied by one at a time.
            static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
            let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            on_server(&url, &format!("CREATE DATABASE {name} TEMPLATE {}", t.database.as_deref().unwrap()));
            (url, name)
        });
        if database.is_none() {
            for file in
                std::fs::read_dir(&t.dir).unwrap().map(|f| f.unwrap()).filter(|f| f.file_type().unwrap().is_file())
            {
                std::fs::copy(file.path(), dir.join(file.file_name())).unwrap();
            }
        }
        let clock = Arc::new(AtomicI64::new(START));
        let house = open(&dir, database.as_ref().map(|(url, name)| beside(url, name)), &clock);
        World { house, clock, cast: t.cast.clone(), words, dir, database }
    }

    // Time.
    fn now(&self) -> Millis {
        self.house.now()
    }
    fn pass(&self, ms: Millis) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }
    /// So many days later at the same hour, with the worker awake every hour of them.
    fn live_days(&self, days: i64) {
        for _ in 0..days * 24 {
            self.pass(time::HOUR);
            self.work();
        }
    }
    /// Everything that the worker has to do now.
    fn work(&self) {
        let worker = Worker::new(self.house.clone());
        for _ in 0..100 {
            let report = worker.round().unwrap();
            assert_eq!(report.failed, 0, "a delivery, job or tick failed");
            if report.done == 0 {
                return;
            }
        }
        panic!("the worker finds no end");
    }

    // People.
    fn as_(&self, person: PersonId) -> Who {
        let actor = self.house.read(&Actor::system(), |cx| linli_registry::actor_of(cx, person, Via::Page, Lang::En));
        Arc::new(actor.unwrap())
    }
    fn write<R: Send + 'static>(
        &self,
        who: &Who,
        f: impl Fn(&mut Cx<'_, '_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.house.write(who, f)
    }
    fn system<R: Send + 'static>(&self, f: impl Fn(&mut Cx<'_, '_>) -> Result<R> + Send + 'static) -> R {
        self.write(&Arc::new(Actor::system()), f).unwrap()
    }
    fn read<R>(&self, f: impl FnOnce(&mut Cx<'_, '_>) -> Result<R>) -> R {
        self.house.read(&Actor::system(), f).unwrap()
    }

    // Cases.
    fn report(&self, who: PersonId, category: &str, words: &str) -> Matter {
        self.report_as(
            who,
            Report { words: words.into(), category: category.into(), place: Some(self.cast.door), ..Report::default() },
        )
        .unwrap()
    }
    fn report_as(&self, who: PersonId, report: Report) -> Result<Matter> {
        self.write(&self.as_(who), move |cx| linli_cases::report(cx, &report))
    }
    /// One move by somebody, in the form's words.
    fn tries(&self, who: PersonId, m: &Matter, name: &str, fields: &[(&str, &str)]) -> Result<Matter> {
        // Nobody acts twice in one instant.
        self.pass(time::SECOND);
        let raw = fields.iter().fold(RawInput::default(), |raw, (k, v)| raw.set(k, v));
        let (id, name, given) = (m.id, name.to_owned(), Given { raw, strict: true });
        self.write(&self.as_(who), move |cx| linli_matters::act(cx, id, &name, &given, None))
    }
    /// The same, which must succeed.
    fn does(&self, who: PersonId, m: &Matter, name: &str, fields: &[(&str, &str)]) -> Matter {
        self.tries(who, m, name, fields).unwrap_or_else(|e| panic!("{name}: {e}"))
    }
    /// How many matters somebody has reported.
    fn mine(&self, who: PersonId) -> usize {
        let made = self.house.read(&self.as_(who), |cx| {
            let scope = cx.scope(linli_cases::LIST, linli_core::ScopeKind::Mine, &[])?;
            linli_matters::list(cx, &scope, &linli_matters::Ask { limit: 100, ..Default::default() })
        });
        made.unwrap().items.len()
    }
    fn again(&self, m: &Matter) -> Matter {
        let id = m.id;
        self.read(|cx| linli_matters::matter(cx, id))
    }
    fn sees(&self, who: PersonId, m: &Matter) -> bool {
        match self.house.read(&self.as_(who), |cx| linli_matters::see(cx, &m.number)) {
            Ok(_) => true,
            Err(Error::NotFound) => false,
            Err(e) => panic!("{e}"),
        }
    }
    /// The moves somebody could make now.
    fn could(&self, who: PersonId, m: &Matter) -> Vec<&'static str> {
        let made = self.house.read(&self.as_(who), |cx| {
            let seen = linli_matters::see(cx, &m.number)?;
            Ok(linli_matters::moves(cx, &seen)?.iter().map(|m| m.name()).collect())
        });
        made.unwrap()
    }
    fn last_act(&self, m: &Matter) -> linli_matters::Act {
        let (id, state) = (m.id, self.again(m));
        let acts = self.read(|cx| {
            let seen = linli_matters::see_id(cx, id)?;
            linli_matters::story(cx, &seen, state.revision - 1)
        });
        acts.acts.into_iter().next_back().unwrap()
    }
    fn clock(&self, m: &Matter, stage: &str) -> linli_matters::StageClock {
        let id = m.id;
        let story = self.read(|cx| {
            let seen = linli_matters::see_id(cx, id)?;
            linli_matters::story(cx, &seen, 0)
        });
        story.clocks.into_iter().rfind(|c| c.stage == stage).unwrap_or_else(|| panic!("no clock {stage}"))
    }
    /// Every row is what the acts say.
    fn holds(&self) {
        let found = linli::verify::check(&self.house).unwrap();
        assert!(found.faults.is_empty(), "{:#?}", found.faults);
    }
    fn unit(&self, unit: UnitId) -> String {
        unit.to_string()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
        if let Some((url, name)) = &self.database {
            let _ = postgres::Client::connect(url, postgres::NoTls)
                .and_then(|mut c| c.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")));
        }
    }
}

fn key(text: &str) -> CommandKey {
    CommandKey::parse(text).unwrap()
}

/// A refusal as a person reads it.
fn refusal(e: &Error) -> String {
    match e {
        Error::Invalid(fields) => {
            fields.iter().map(|f| format!("{}: {}", f.field, f.msg.in_(Lang::En))).collect::<Vec<_>>().join("; ")
        }
        other => other.msg("").in_(Lang::En),
    }
}
