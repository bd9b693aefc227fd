//! One query layer over two engines: the same SQL text, the same rows, the same closure-shaped transaction.
//!
//! `db.read(|tx| …)` sees one snapshot; `db.write(|tx| …)` is one transaction and returns when it is durable. Closures
//! are synchronous: no network call can slip inside a transaction, and pages, the command line, jobs, the demo and
//! tests call the very same functions without a runtime. The calls block their thread; an asynchronous shell makes them
//! from a thread that may be blocked. `docs/decisions/0001-own-database-layer.md` says why this is our own.
//!
//! After any statement of a transaction has failed, the transaction is lost on both engines: later statements are
//! refused, and it is rolled back even if the closure says `Ok`. What may fail without ending it is written so that it
//! does not fail (`ON CONFLICT`), or is a step of its own in a [`Batch`].
extern crate self as linli_db;

mod copy;
mod group;
mod joined;
mod migrate;
mod pg;
mod pool;
mod sqlite;
mod statement;
mod tx;
mod value;
mod wire;
mod worker;

pub use copy::{Content, Progress, Snapshot, copy, finish, occupied, target};
#[doc(hidden)]
pub use linkme;
/// A statement: `sql!("SELECT id FROM cases WHERE unit = $1 [AND category = $2] ORDER BY id LIMIT 20")`.
///
/// SQLite reads it against the real schema while the crate compiles; a mistake is a compile error. The forms:
/// - `sql!("…")` for both engines, `sql!(sqlite "…", pg "…")` where they differ, and `report` before either for what is
///   unbounded: it runs only in [`Db::report`] and needs no LIMIT.
/// - Parameters are `$1 … $n`. An optional clause `[AND category = $2]` is there iff none of its parameters is `None`;
///   at most three of them.
/// - `id IN UUIDS($1)`, `code NOT IN TEXTS($1)`, `n IN INTS($1)` take a slice.
///
/// Short lists that a page always asks together are one statement (`UNION ALL` with a word that says what a row is). What it
/// can bear: every branch has as many columns, and on PostgreSQL of one type each, which the first branch sets (a NULL
/// there needs its CAST); a branch's own ORDER BY and LIMIT need a sub-select; the order of the whole is the program's to
/// make; SQLite takes 500 branches and PostgreSQL plans each of them anew until it keeps a plan for all parameters, so few.
/// Lists that differ in most of their columns, or of which one is seldom asked, stay statements of their own.
///
/// Refused: tables of other modules (a crate `linli-x` is module `x`) except through views `*_facts`; changing
/// append-only tables; what differs between the engines (LIKE, `lower`, bare `sum`), and time or chance.
pub use linli_db_macros::sql;
pub use linli_schema as schema;
pub use linli_schema::Engine;
#[doc(hidden)]
pub use statement::text;
pub use statement::{STATEMENTS, Sql, Variant, hits};
pub use tx::{Asked, Batch, Tx};
pub use value::{Column, FromRow, Json, Param, Row, Value};
pub use worker::WorkerLock;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the layer gives back.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as the caller can act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Lost connection, full disk, too busy: later it may work. After a write the outcome is unknown only if the text
    /// says so; asking again with the same idempotency key settles it.
    Unavailable(String),
    /// Others changed the same rows at the same time, five times in a row.
    Conflict,
    /// A unique, foreign, check or append-only rule refused it: the constraint's name or columns.
    Constraint(String),
    /// A column held something else than was asked for.
    Decode(String),
    /// A mistake in the program: wrong SQL, a panic, a missing row.
    Bug(String),
    /// It took longer than allowed.
    Deadline,
}
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Unavailable(m) => write!(f, "database unavailable: {m}"),
            Error::Conflict => f.write_str("changed by others at the same time"),
            Error::Constraint(m) => write!(f, "refused by a rule of the schema: {m}"),
            Error::Decode(m) => write!(f, "unexpected value: {m}"),
            Error::Bug(m) => write!(f, "mistake in the program: {m}"),
            Error::Deadline => f.write_str("took longer than allowed"),
        }
    }
}
impl std::error::Error for Error {}

/// How to open a database.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of files and keys; on SQLite it holds `linli.db` and is locked for this process.
    pub data: PathBuf,
    /// `postgres://…`; none means SQLite in `data`.
    pub url: Option<String>,
    /// Connections for reading (SQLite), or at all (PostgreSQL). At least 1.
    pub readers: usize,
    /// The longest one statement, or the wait for a free connection, may take.
    pub statement_timeout: Duration,
    /// Tests and the demo: opens although what is committed may not survive a power cut. SQLite then does not sync at
    /// all; PostgreSQL may lack `fsync` and commits without waiting.
    pub weak_durability: bool,
    /// PostgreSQL, in the suite: run each statement under the role named so plus its module, granted only that module's
    /// tables and the views `*_facts`. The roles are made at opening.
    pub role: Option<String>,
    /// Opens although a copy into it was begun and not finished: for whoever makes the copy.
    pub unfinished: bool,
}
impl Options {
    /// The usual values for a data directory.
    pub fn new(data: impl Into<PathBuf>) -> Options {
        let statement_timeout = Duration::from_secs(5);
        let (url, role) = (None, None);
        Options {
            data: data.into(),
            url,
            readers: 8,
            statement_timeout,
            weak_durability: false,
            role,
            unfinished: false,
        }
    }
    /// On PostgreSQL at this address.
    pub fn url(self, url: Option<String>) -> Options {
        Options { url, ..self }
    }
    /// Not durable until [`Db::make_durable`].
    pub fn durability_off(self) -> Options {
        Options { weak_durability: true, ..self }
    }
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Backend>);

enum Backend {
    Sqlite(Box<sqlite::Lite>),
    Pg(Box<pg::Pg>),
}
impl Drop for Backend {
    fn drop(&mut self) {
        hits::flush();
    }
}

impl Db {
    /// Opens the database and brings its schema up to date. Refuses (as `Unavailable`, saying why) a data directory
    /// another process uses, a schema that is newer or was changed afterwards, durability weaker than asked for, and what a
    /// copy that was broken off has left.
    pub fn open(o: &Options) -> Result<Db> {
        let db = Db(Arc::new(match &o.url {
            None => Backend::Sqlite(Box::new(sqlite::Lite::open(o)?)),
            Some(url) => Backend::Pg(Box::new(pg::Pg::open(url, o)?)),
        }));
        if !o.unfinished {
            copy::whole(&db)?;
        }
        Ok(db)
    }
    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match *self.0 {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::Pg(_) => Engine::Pg,
        }
    }
    /// How many can read at the same time; more would wait.
    pub fn connections(&self) -> usize {
        match &*self.0 {
            Backend::Sqlite(l) => l.connections(),
            Backend::Pg(p) => p.connections(),
        }
    }
    /// Runs `f` on one snapshot, on this thread.
    pub fn read<R, E: From<Error>>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        match &*self.0 {
            Backend::Sqlite(l) => l.read(f),
            Backend::Pg(p) => p.read(f),
        }
    }
    /// Runs `f` in one transaction and returns when it is durable. An `Err` of `f` rolls it back. On a serialization
    /// failure `f` is run again, so it must make its ids anew and have no effect but through `tx`.
    pub fn write<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        match &*self.0 {
            Backend::Sqlite(l) => l.write(f),
            Backend::Pg(p) => p.write(&f),
        }
    }
    /// The same without waiting: `then` hears the outcome on the thread that syncs the log (SQLite) or one of a few threads
    /// kept for this (PostgreSQL). It should only pass it on.
    pub fn write_then<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
        then: impl FnOnce(Result<R, E>) + Send + 'static,
    ) {
        match &*self.0 {
            Backend::Sqlite(l) => l.submit(f, then),
            Backend::Pg(p) => p.submit(self.clone(), f, then),
        }
    }
    /// Runs statements marked `report` on one snapshot, on this thread, at most one at a time, until the deadline.
    pub fn report<R, E: From<Error>>(
        &self,
        deadline: Duration,
        f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        match &*self.0 {
            Backend::Sqlite(l) => l.report(deadline, f),
            Backend::Pg(p) => p.report(deadline, f),
        }
    }
    /// Many steps and one commit at the end, on this thread: for the demo and imports. Writes of others wait meanwhile
    /// on SQLite. An `Err` of `f` undoes all steps; nothing is run again.
    pub fn batch<R, E: From<Error>>(&self, f: impl FnOnce(&mut Batch<'_>) -> Result<R, E>) -> Result<R, E> {
        match &*self.0 {
            Backend::Sqlite(l) => l.batch(f),
            Backend::Pg(p) => p.batch(f),
        }
    }
    /// Why nothing is answered any more: on SQLite a sync has failed, and only opening the database anew finds out what the
    /// disk has. The program should end.
    pub fn lost(&self) -> Option<Error> {
        match &*self.0 {
            Backend::Sqlite(l) => l.lost(),
            Backend::Pg(_) => None,
        }
    }
    /// Makes durable what was committed with [`Options::durability_off`], and every later commit too.
    pub fn make_durable(&self) -> Result<()> {
        match &*self.0 {
            Backend::Sqlite(l) => l.make_durable(),
            Backend::Pg(p) => p.make_durable(),
        }
    }
    /// The worker's lock, or none while another process holds it. On SQLite this process is the only one anyway.
    pub fn lock_worker(&self) -> Result<Option<WorkerLock>> {
        worker::lock(self)
    }
    /// Lets PostgreSQL read every statement of the program, as SQLite did at compile time; gives its objections.
    /// Some are only found when a statement runs, so this does not replace [`hits`]. Empty on SQLite.
    pub fn check_statements(&self) -> Result<Vec<String>> {
        match &*self.0 {
            Backend::Sqlite(_) => Ok(Vec::new()),
            Backend::Pg(p) => p.check_statements(),
        }
    }
}

/// A poisoned lock means a panic that was caught and reported; the data under our locks is whole at every step.
fn locked<T>(m: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
