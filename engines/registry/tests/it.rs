//! The registry on real engines. PostgreSQL is used where `LINLI_TEST_PG` holds its address.
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod it {
    mod imports;
    mod people;
    mod places;
    mod sign_in;
    mod trees;

    use linli_core::{
        Actor, Cx, Event, House, HouseOptions, Ids, Keys, Lang, Listener, Module, PersonId, Personal, Result, Role,
        TimeSource, UnitId, Via, Worker,
    };
    use linli_db::{Db, Engine, Options};
    use linli_registry::{self as registry, Units};
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    /// 2026-11-02 10:00 in Shanghai, a Monday.
    pub(crate) const START: i64 = 1_793_584_800_000;

    pub(crate) fn data(path: &str) -> String {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data").join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// What the registry has told, by kind and JSON, in any test of this process.
    pub(crate) static TOLD: Mutex<Vec<(String, serde_json::Value)>> = Mutex::new(Vec::new());
    fn hear(_: &mut Cx<'_, '_>, event: &Event) -> Result<()> {
        TOLD.lock().unwrap().push((event.kind.clone(), event.data.clone()));
        Ok(())
    }
    static PROBE: Module = Module::named("probe").listens(&[
        Listener { name: "probe.boundary", kind: "registry.boundary", run: hear },
        Listener { name: "probe.calendar", kind: "registry.calendar", run: hear },
    ]);

    /// A district of its own for one test, gone afterwards.
    pub(crate) struct World {
        pub(crate) house: Arc<House>,
        pub(crate) options: Options,
        pub(crate) clock: Arc<AtomicI64>,
        admin: Option<(String, String)>,
    }

    impl World {
        fn open(url: Option<String>) -> World {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let name = format!("linli_registry_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let mut options = Options { readers: 4, ..Options::new(std::env::temp_dir().join(&name)).durability_off() };
            let admin = url.map(|url| {
                on_server(&url, &format!("CREATE DATABASE {name}"));
                options.url = url.rfind('/').map(|i| format!("{}/{name}", &url[..i]));
                (url, name)
            });
            let clock = Arc::new(AtomicI64::new(START));
            let house = House::new(HouseOptions {
                db: Db::open(&options).unwrap(),
                keys: Keys::from_secret(&[7; 32]),
                modules: vec![&registry::MODULE, &PROBE],
                rules: vec![],
                time: TimeSource::Fake(clock.clone()),
                ids: Ids::seeded(1),
                parts: vec![],
            });
            World { house, options, clock, admin }
        }
        /// SQLite, and PostgreSQL where the suite gives one.
        pub(crate) fn both() -> impl Iterator<Item = World> {
            let url = std::env::var("LINLI_TEST_PG").ok();
            if url.is_none() {
                println!("skipped on PostgreSQL: no LINLI_TEST_PG");
            }
            [Some(None), url.map(Some)].into_iter().flatten().map(World::open)
        }
        /// The same with the fictional register.
        pub(crate) fn fictional() -> impl Iterator<Item = World> {
            World::both().inspect(|w| {
                w.import("fictional", "units.csv");
                w.import("fictional", "departments.csv");
            })
        }
        pub(crate) fn sqlite() -> World {
            World::open(None)
        }
        pub(crate) fn import(&self, register: &str, file: &str) -> registry::Report {
            let (text, mapping) =
                (data(&format!("registers/{register}/{file}")), data(&format!("registers/{register}/mapping.toml")));
            let file = file.to_owned();
            self.system(move |cx| registry::import_register(cx, &file, &text, "mapping.toml", &mapping, false))
        }
        pub(crate) fn engine(&self) -> Engine {
            self.house.db.engine()
        }
        pub(crate) fn pass(&self, ms: i64) {
            self.clock.fetch_add(ms, Ordering::Relaxed);
        }
        pub(crate) fn try_as<R: Send + 'static>(
            &self,
            actor: &Actor,
            f: impl Fn(&mut Cx<'_, '_>) -> Result<R> + Send + 'static,
        ) -> Result<R> {
            self.house.write(&Arc::new(actor.clone()), f)
        }
        pub(crate) fn system<R: Send + 'static>(&self, f: impl Fn(&mut Cx<'_, '_>) -> Result<R> + Send + 'static) -> R {
            self.try_as(&Actor::system(), f).unwrap()
        }
        pub(crate) fn read<R>(&self, actor: &Actor, f: impl FnOnce(&mut Cx<'_, '_>) -> Result<R>) -> Result<R> {
            self.house.read(actor, f)
        }
        pub(crate) fn units(&self) -> Arc<Units> {
            self.read(&Actor::system(), registry::units).unwrap()
        }
        pub(crate) fn code(&self, code: &str) -> UnitId {
            self.units().by_code(code).unwrap_or_else(|| panic!("{code}")).id
        }
        pub(crate) fn person(&self, unit: UnitId, name: &str, phone: Option<&str>) -> PersonId {
            let new = person(name, phone);
            self.system(move |cx| registry::create_person(cx, unit, &new))
        }
        /// Somebody with a post, as an actor.
        pub(crate) fn post(&self, unit: UnitId, role: Role, name: &str) -> Actor {
            let id = self.person(unit, name, None);
            self.system(move |cx| registry::appoint(cx, id, unit, role, false, None));
            self.actor(id)
        }
        pub(crate) fn actor(&self, person: PersonId) -> Actor {
            self.read(&Actor::system(), |cx| registry::actor_of(cx, person, Via::Page, Lang::Zh)).unwrap()
        }
        /// Delivers what has been told, and gives what was heard.
        pub(crate) fn told(&self, kind: &str) -> Vec<serde_json::Value> {
            static TURN: Mutex<()> = Mutex::new(());
            let _turn = TURN.lock().unwrap();
            TOLD.lock().unwrap().clear();
            Worker::new(self.house.clone()).round().unwrap();
            TOLD.lock().unwrap().iter().filter(|(k, _)| k == kind).map(|(_, data)| data.clone()).collect()
        }
    }

    impl Drop for World {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.options.data);
            if let Some((url, name)) = &self.admin {
                on_server(url, &format!("DROP DATABASE {name} WITH (FORCE)"));
            }
        }
    }

    pub(crate) fn on_server(url: &str, text: &str) {
        postgres::Client::connect(url, postgres::NoTls).unwrap().batch_execute(text).unwrap();
    }

    pub(crate) fn person(name: &str, phone: Option<&str>) -> registry::NewPerson {
        registry::NewPerson {
            name: Personal::new(name.into()),
            phone: phone.map(|p| Personal::new(p.into())),
            id_number: None,
            lang: Lang::Zh,
        }
    }

    /// The status of a refusal.
    pub(crate) fn status<R: std::fmt::Debug>(done: Result<R>) -> u16 {
        done.expect_err("a refusal").status()
    }
}
