//! The house: database, keys, clock and modules of one running program.
use crate::{Actor, Cx, Error, Keys, Listener, Millis, Module, Policy, Result, Rule};
use linli_db::{Db, Tx};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where `now` comes from: the machine's clock, or a world that sets it (demo and tests).
#[derive(Clone)]
pub enum TimeSource {
    /// The machine's clock.
    Real,
    /// Set by the world.
    Fake(Arc<AtomicI64>),
}

/// Where ids, salts and tokens come from.
pub enum Ids {
    /// The operating system.
    Os,
    /// A seeded stream, single-threaded: the same seed gives the same district.
    Seeded(Box<Mutex<StdRng>>),
}

impl Ids {
    /// A seeded stream.
    pub fn seeded(seed: u64) -> Ids {
        Ids::Seeded(Box::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }
}

/// What a house is made of.
pub struct HouseOptions {
    /// The database.
    pub db: Db,
    /// Its keys.
    pub keys: Keys,
    /// Every module.
    pub modules: Vec<&'static Module>,
    /// Rows of the policy that procedures declare.
    pub rules: Vec<Rule>,
    /// The clock.
    pub time: TimeSource,
    /// The source of ids.
    pub ids: Ids,
    /// What an engine knows of the capabilities above it (the kinds of matters, the file store), found by type.
    pub parts: Vec<Arc<dyn Any + Send + Sync>>,
}

type Cached = (i64, Arc<dyn Any + Send + Sync>);

/// One running program. Cheap to share; use cases see it only through [`Cx`].
pub struct House {
    /// The database.
    pub db: Db,
    /// The keys.
    pub keys: Keys,
    /// The whole policy.
    pub policy: Policy,
    modules: Vec<&'static Module>,
    time: TimeSource,
    ids: Ids,
    parts: Vec<Arc<dyn Any + Send + Sync>>,
    cache: Mutex<HashMap<&'static str, Cached>>,
    serial: AtomicU32,
    /// Told after each write that left something to do, so that the worker need not wait for its poll.
    pub(crate) nudge: crate::worker::Nudge,
}

impl House {
    /// Builds the house.
    pub fn new(o: HouseOptions) -> Arc<House> {
        // Two programs hardly ever begin at the same number; what is lived from a seed always does.
        let serial = match &o.ids {
            Ids::Os => fresh().random(),
            Ids::Seeded(_) => 0,
        };
        let declared = o.modules.iter().flat_map(|m| m.policy.iter().copied()).chain(o.rules).collect::<Vec<_>>();
        Arc::new(House {
            db: o.db,
            keys: o.keys,
            policy: Policy::of(declared),
            modules: o.modules,
            time: o.time,
            ids: o.ids,
            parts: o.parts,
            cache: Mutex::default(),
            serial: AtomicU32::new(serial),
            nudge: crate::worker::Nudge::default(),
        })
    }
    /// Every module.
    pub fn modules(&self) -> &[&'static Module] {
        &self.modules
    }
    /// The part of this type.
    pub fn part<T: 'static>(&self) -> Result<&T> {
        let found = self.parts.iter().find_map(|p| p.downcast_ref());
        found.ok_or_else(|| Error::internal(format!("the house has no {}", std::any::type_name::<T>())))
    }
    /// The present instant.
    #[expect(clippy::disallowed_methods)] // here time enters
    pub fn now(&self) -> Millis {
        match &self.time {
            TimeSource::Real => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                since.as_millis() as Millis
            }
            TimeSource::Fake(at) => at.load(Ordering::Relaxed),
        }
    }
    /// A number that this program gives only once in four thousand million.
    pub(crate) fn serial(&self) -> u32 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }
    /// A fresh generator for one transaction.
    pub(crate) fn rng(&self) -> StdRng {
        match &self.ids {
            Ids::Os => fresh(),
            Ids::Seeded(stream) => {
                let mut seed = [0u8; 32];
                locked(stream).fill_bytes(&mut seed);
                StdRng::from_seed(seed)
            }
        }
    }
    /// An id outside any transaction: the key of a form that is being shown, the number of a logged error.
    pub fn fresh_id(&self) -> uuid::Uuid {
        crate::cx::uuid_v7(self.now(), &mut self.rng())
    }
    pub(crate) fn listeners(&self, kind: &str) -> impl Iterator<Item = &'static Listener> {
        self.modules.iter().flat_map(|m| m.listens).filter(move |l| l.kind == kind)
    }
    pub(crate) fn listener(&self, name: &str) -> Option<&'static Listener> {
        self.modules.iter().flat_map(|m| m.listens).find(|l| l.name == name)
    }

    /// Runs a use case that only reads, in one snapshot.
    pub fn read<R>(&self, actor: &Actor, f: impl FnOnce(&mut Cx<'_, '_>) -> Result<R>) -> Result<R> {
        self.db.read(|tx| f(&mut Cx::new(self, tx, actor)))
    }
    /// Runs a use case in one transaction; on a serialization failure it is run again from the start.
    pub fn write<R: Send + 'static>(
        self: &Arc<House>,
        actor: &Arc<Actor>,
        f: impl Fn(&mut Cx<'_, '_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let (house, actor) = (self.clone(), actor.clone());
        let done = self.db.write(move |tx| once(&house, tx, &actor, &f));
        self.told(done)
    }
    /// The same without blocking: `then` is called when the transaction is durable or refused.
    pub fn write_then<R: Send + 'static>(
        self: &Arc<House>,
        actor: Arc<Actor>,
        f: impl Fn(&mut Cx<'_, '_>) -> Result<R> + Send + 'static,
        then: impl FnOnce(Result<R>) + Send + 'static,
    ) {
        let (house, after) = (self.clone(), self.clone());
        self.db
            .write_then(move |tx| once(&house, tx, &actor, &f), move |done: Result<(R, bool)>| then(after.told(done)));
    }
    /// Wakes the worker if a transaction that stands has left it something to do.
    fn told<R>(&self, done: Result<(R, bool)>) -> Result<R> {
        let (out, left) = done?;
        if left {
            self.nudge.wake();
        }
        Ok(out)
    }
    /// A use case within an open transaction of somebody else's making (demo, import, tests).
    pub fn within<R>(&self, tx: &mut Tx<'_>, actor: &Actor, f: impl FnOnce(&mut Cx<'_, '_>) -> Result<R>) -> Result<R> {
        f(&mut Cx::new(self, tx, actor))
    }

    /// What is cached under a name, if its version still holds.
    pub(crate) fn cached(&self, name: &'static str, version: i64) -> Option<Arc<dyn Any + Send + Sync>> {
        locked(&self.cache).get(name).filter(|(v, _)| *v == version).map(|(_, value)| value.clone())
    }
    pub(crate) fn keep(&self, name: &'static str, version: i64, value: Arc<dyn Any + Send + Sync>) {
        let mut cache = locked(&self.cache);
        if cache.get(name).is_none_or(|(v, _)| *v < version) {
            cache.insert(name, (version, value));
        }
    }
}

#[expect(clippy::disallowed_methods)] // here chance enters
fn fresh() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

/// One run of a write, and whether it leaves something to the worker.
fn once<R>(
    house: &House,
    tx: &mut Tx<'_>,
    actor: &Actor,
    f: &impl Fn(&mut Cx<'_, '_>) -> Result<R>,
) -> Result<(R, bool)> {
    let mut cx = Cx::new(house, tx, actor);
    let out = f(&mut cx)?;
    Ok((out, cx.left))
}

/// A poisoned lock means a panic elsewhere, which was caught and reported there; the data under these locks is whole.
fn locked<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Error {
        Error::Internal(e.to_string())
    }
}
