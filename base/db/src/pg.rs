//! PostgreSQL: a pool of plain connections, each used from one thread at a time.
//!
//! BEGIN and [`Conn::put`] only wait in line and travel with the next statement whose answer is needed, or with COMMIT; what
//! was put goes as one statement as far as it may.
use crate::joined::{self, Target};
use crate::pool::Pool;
use crate::tx::{self, Again, Batch, Failure, Tx, caught};
use crate::wire::{Encoded, Fault, Wire};
use crate::{Db, Engine, Error, Options, Result, Row, STATEMENTS, Sql, Value, locked, migrate};
use linli_schema::schema;
use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};
use tokio_postgres::types::Type;
use tokio_postgres::{Config, Statement};

/// A write that keeps meeting others is run again so many times,
const AGAIN: u32 = 5;
/// and from this run on without others of this process beside it.
const ALONE_FROM: u32 = 3;
/// So many writes may wait for a thread.
const WAITING: usize = 4096;
/// The advisory locks of this program: "linli", then which.
const LOCK_SCHEMA: i64 = 0x6c69_6e6c_6900;
const LOCK_WORKER: i64 = 0x6c69_6e6c_6901;

const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";

/// A text that lives as long as the program, by its address and length.
type Key = (usize, usize);

/// A statement in line.
struct Put {
    text: &'static str,
    statement: Statement,
    target: Option<Target>,
    values: Vec<Encoded>,
    at: &'static str,
}
/// So many may stand in line.
const WAITING_PUTS: usize = 256;
/// So many go as one (a report puts twelve),
const PARTS: usize = 16;
/// in so many different combinations on one connection: PostgreSQL keeps a plan for each.
const JOINED: usize = 200;

/// A connection and what it has prepared; a new connection starts with nothing prepared.
pub(crate) struct Conn {
    wire: Wire,
    prepared: HashMap<Key, (Statement, Option<Target>)>,
    /// What was put, and not yet sent.
    line: Vec<Put>,
    /// Statements that were joined out of several.
    joined: HashMap<Vec<Key>, Statement>,
    /// The prefix of the modules' roles, and the module whose role is on, if known.
    role: Option<String>,
    module: Option<&'static str>,
}

impl Conn {
    /// A connection of its own for long reading, outside any pool and time limit.
    pub(crate) fn beside(url: &str, o: &Options) -> Result<Conn> {
        let mut conn = Pg::new(url, &o.clone().durability_off())?.connect()?;
        conn.role = None;
        conn.control("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")?;
        conn.control(READ)?;
        Ok(conn)
    }
    /// For the layer's own statements.
    pub(crate) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }
    pub(crate) fn control(&mut self, text: &str) -> Result<()> {
        self.module = None;
        Ok(self.wire.control(text)?)
    }
    /// Waits for all that was put.
    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        self.send_line()?;
        self.wire.settle().map_err(|e| self.failure(e))
    }
    /// Forgets what was put and is not sent.
    pub(crate) fn forget(&mut self) {
        self.line.clear();
    }
    fn prepared(&mut self, text: &'static str) -> Result<(Statement, Option<Target>), Failure> {
        if let Some((s, target)) = self.prepared.get(&key(text)) {
            return Ok((s.clone(), *target));
        }
        let s = self.wire.prepare(text, &[]).map_err(|e| self.failure(e))?;
        let target = Target::of(text).filter(|_| s.columns().is_empty());
        self.prepared.insert(key(text), (s.clone(), target));
        Ok((s, target))
    }
    /// Sends the line, in order, as few statements.
    fn send_line(&mut self) -> Result<(), Failure> {
        let mut together: Vec<Put> = Vec::new();
        for put in std::mem::take(&mut self.line) {
            let before = together.iter().map(|p| p.target).collect::<Option<Vec<_>>>();
            let fits = put.target.zip(before).is_some_and(|(target, before)| target.goes_with(before));
            if !fits || together.len() >= PARTS {
                self.send(std::mem::take(&mut together))?;
            }
            together.push(put);
        }
        self.send(together)
    }
    fn send(&mut self, mut together: Vec<Put>) -> Result<(), Failure> {
        let keys: Vec<Key> = together.iter().map(|p| key(p.text)).collect();
        if keys.len() > 1 && (self.joined.len() < JOINED || self.joined.contains_key(&keys)) {
            let statement = match self.joined.get(&keys) {
                Some(s) => s.clone(),
                None => {
                    let text = joined::text(&together.iter().map(|p| p.text).collect::<Vec<_>>());
                    let types: Vec<Type> = together.iter().flat_map(|p| p.statement.params()).cloned().collect();
                    let s = self.wire.prepare(&text, &types).map_err(|e| self.failure(e))?;
                    self.joined.insert(keys, s.clone());
                    s
                }
            };
            let at = together.first().map_or("", |p| p.at);
            let values = together.iter_mut().flat_map(|p| std::mem::take(&mut p.values)).collect();
            return self.wire.put(&statement, values, at).map_err(|e| self.failure(e));
        }
        for p in together {
            self.wire.put(&p.statement, p.values, p.at).map_err(|e| self.failure(e))?;
        }
        Ok(())
    }
    fn ready<'s, 'v>(
        &mut self,
        sql: &'static Sql,
        values: &'s [Value<'v>],
    ) -> Result<(&'static str, Vec<&'s Value<'v>>), Failure> {
        if let Some(prefix) = &self.role
            && self.module != Some(sql.module)
        {
            let role = if sql.module.is_empty() { "NONE".to_owned() } else { format!("\"{prefix}{}\"", sql.module) };
            self.send_line()?;
            self.wire.control(&format!("SET LOCAL ROLE {role}")).map_err(|e| self.failure(e))?;
            self.module = Some(sql.module);
        }
        let (text, args) = sql.choose(Engine::Pg, values)?;
        Ok((text, args.collect()))
    }
    /// Puts in line a statement that has no rows.
    pub(crate) fn put(&mut self, sql: &'static Sql, values: &[Value<'_>]) -> Result<(), Failure> {
        let (text, args) = self.ready(sql, values)?;
        let (statement, target) = self.prepared(text)?;
        if !statement.columns().is_empty() {
            return Err(Error::Bug("its rows would be lost".into()).into());
        }
        let values = Encoded::all(&args, statement.params()).map_err(|e| self.failure(e))?;
        self.line.push(Put { text, statement, target, values, at: sql.at });
        if self.line.len() >= WAITING_PUTS { self.send_line() } else { Ok(()) }
    }
    /// Asks for rows that will be taken later; the number they come under.
    pub(crate) fn ask(&mut self, sql: &'static Sql, values: &[Value<'_>]) -> Result<u64, Failure> {
        let (text, args) = self.ready(sql, values)?;
        self.send_line()?;
        let (statement, _) = self.prepared(text)?;
        let values = Encoded::all(&args, statement.params()).map_err(|e| self.failure(e))?;
        self.wire.ask(&statement, values, sql.at).map_err(|e| self.failure(e))
    }
    /// Passes the rows of what was asked for.
    pub(crate) fn take(&mut self, number: u64, each: &mut dyn FnMut(&Row<'_>)) -> Result<(), Failure> {
        let rows = self.wire.take(number).map_err(|e| self.failure(e))?;
        rows.iter().for_each(|row| each(&Row::Pg(row)));
        Ok(())
    }
    pub(crate) fn exec(&mut self, sql: &'static Sql, values: &[Value<'_>]) -> Result<u64, Failure> {
        let (text, args) = self.ready(sql, values)?;
        self.send_line()?;
        let (statement, _) = self.prepared(text)?;
        self.wire.exec(&statement, &args).map_err(|e| self.failure(e))
    }
    pub(crate) fn rows(
        &mut self,
        sql: &'static Sql,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> bool,
    ) -> Result<(), Failure> {
        let (text, args) = self.ready(sql, values)?;
        self.send_line()?;
        let (statement, _) = self.prepared(text)?;
        let mut wanted = true;
        // To the end even if no more is wanted: an error may come last.
        let ended = self.wire.rows(&statement, &args, &mut |row| wanted = wanted && each(&Row::Pg(row)));
        ended.map_err(|e| self.failure(e))
    }
    /// Puts BEGIN or ROLLBACK in line.
    fn turn(&mut self, text: &'static str) -> Result<(), Failure> {
        self.module = None;
        self.wire.forget();
        let (statement, _) = self.prepared(text)?;
        self.wire.put(&statement, Vec::new(), text).map_err(|e| self.failure(e))
    }
    fn commit(&mut self) -> Result<(), Failure> {
        self.send_line()?;
        let (statement, _) = self.prepared("COMMIT")?;
        self.wire.exec(&statement, &[]).map(drop).map_err(|e| match e {
            Fault::Lost(why) => {
                Error::Unavailable(format!("lost the connection while committing, the outcome is unknown: {why}"))
                    .into()
            }
            e => self.failure(e),
        })
    }
    /// Ends a transaction without a trace and without waiting; whether the connection can be used again.
    fn leave(&mut self) -> bool {
        self.forget();
        let asked = self.turn("ROLLBACK").is_ok();
        self.wire.part();
        asked
    }
    /// A statement prepared before the schema changed is prepared anew when the transaction runs again.
    fn failure(&mut self, e: Fault) -> Failure {
        // 0A000: feature not supported.
        if matches!(&e, Fault::Refused { code, text, .. } if code == "0A000" && text.contains("cached plan")) {
            self.prepared.clear();
            self.joined.clear();
            return Failure { error: Error::Unavailable("the schema has just changed".into()), again: Again::Always };
        }
        e.into()
    }
}

fn key(text: &'static str) -> Key {
    (text.as_ptr().addr(), text.len())
}

/// What PostgreSQL's errors mean for the caller (SQLSTATE classes: PostgreSQL manual, appendix A).
impl From<Fault> for Failure {
    fn from(e: Fault) -> Self {
        let (code, text, constraint) = match e {
            Fault::Refused { code, text, constraint } => (code, text, constraint),
            Fault::Lost(text) => return Error::Unavailable(text).into(),
            Fault::Wrong(text) => return Error::Bug(text).into(),
        };
        match (code.as_str(), code.get(..2).unwrap_or_default()) {
            // Could not be serialized, and waited for each other.
            ("40001" | "40P01", _) => return Failure { error: Error::Conflict, again: Again::Always },
            // Written by somebody else since this one began, perhaps, and then seen by the next run (manual, 13.5).
            ("23505", _) => {
                return Failure { error: Error::Constraint(constraint.unwrap_or(text)), again: Again::Once };
            }
            ("57014", _) => Error::Deadline,
            (_, "23") => Error::Constraint(constraint.unwrap_or(text)),
            (_, "08" | "53" | "55" | "57" | "58" | "XX") => Error::Unavailable(text),
            _ => Error::Bug(text),
        }
        .into()
    }
}
impl From<Fault> for Error {
    fn from(e: Fault) -> Self {
        Failure::from(e).error
    }
}

thread_local! {
    /// This thread is inside a write: another one might wait for the end of the first.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

type Task = Box<dyn FnOnce(Result<()>) + Send>;

pub(crate) struct Pg {
    config: Config,
    options: Options,
    durable: AtomicBool,
    pool: Pool<Conn>,
    reports: Pool<Conn>,
    /// Shared by writes that run beside each other, held whole by one that has met others too often.
    beside: RwLock<()>,
    tasks: OnceLock<SyncSender<Task>>,
}

/// What came of one run of a write.
enum Once<R> {
    Done(R),
    Again(Error, Again),
}

impl Pg {
    fn new(url: &str, o: &Options) -> Result<Pg> {
        // A mistake in the address may hold a password: it is not repeated.
        let mut config: Config =
            url.parse().map_err(|_| Error::Unavailable("the database address cannot be read".into()))?;
        config
            .connect_timeout(Duration::from_secs(5))
            .tcp_user_timeout(Duration::from_secs(30))
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3);
        config.application_name("linli");
        let (pool, reports) = (Pool::new(o.readers, Vec::new()), Pool::new(1, Vec::new()));
        Ok(Pg {
            config,
            options: o.clone(),
            durable: AtomicBool::new(!o.weak_durability),
            pool,
            reports,
            beside: RwLock::new(()),
            tasks: OnceLock::new(),
        })
    }
    pub(crate) fn open(url: &str, o: &Options) -> Result<Pg> {
        let pg = Pg::new(url, o)?;
        // On a connection of its own: migrations may take long, and servers that start together take turns.
        let mut first = pg.connect()?;
        first.role = None;
        first.control(&format!("SET statement_timeout = 0; SELECT pg_advisory_lock({LOCK_SCHEMA})"))?;
        migrate::run(&mut tx::Conn::Pg(&mut first))?;
        if let Some(prefix) = &o.role {
            first.control(&roles(prefix))?;
        }
        Ok(pg)
    }

    pub(crate) fn connections(&self) -> usize {
        self.options.readers.max(1)
    }
    /// Plans are made once: an optional clause is a text of its own, so that a plan need not know the values, and PostgreSQL
    /// would otherwise plan most statements anew at every run for costs it merely estimates lower. What it does not know then
    /// it takes for few rows; that a page elsewhere costs hardly more than the next one keeps it from sorting what sums of many
    /// rows should hash, and from reading all of a list in the order of the table. No list is worth compiling.
    fn connect(&self) -> Result<Conn> {
        let mut wire = Wire::connect(&self.config).map_err(|e| match e {
            Fault::Refused { text, .. } | Fault::Lost(text) | Fault::Wrong(text) => Error::Unavailable(text),
        })?;
        let durable = self.durable.load(Relaxed);
        wire.control(&format!(
            "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = '60s'; SET TimeZone = 'UTC'; \
                 SET plan_cache_mode = force_generic_plan; SET random_page_cost = 1.1; SET jit = off; {}",
            self.options.statement_timeout.as_millis().max(1),
            if durable { "" } else { "SET synchronous_commit = off" },
        ))?;
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            if durable && first(&mut wire, &format!("SHOW {setting}"))?.as_deref() == Some("off") {
                return Err(Error::Unavailable(format!(
                    "PostgreSQL runs with {setting} = off: what is committed could be lost"
                )));
            }
        }
        let (prepared, joined, line) = (HashMap::new(), HashMap::new(), Vec::new());
        Ok(Conn { wire, prepared, line, joined, role: self.options.role.clone(), module: None })
    }

    /// Begins; a connection that has died in the pool is replaced, for nothing has been done on it yet.
    fn begin(&self, c: &mut Conn, text: &'static str) -> Result<()> {
        if !c.wire.rested() {
            *c = self.connect()?;
        }
        c.turn(text).map_err(|e| e.error)
    }
    fn snapshot<R, E: From<Error>>(
        &self,
        pool: &Pool<Conn>,
        until: Option<Instant>,
        f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let wait = until.map_or(self.options.statement_timeout, |u| u.saturating_duration_since(Instant::now()));
        pool.with(
            wait,
            || self.connect(),
            |c| {
                let limit = |c: &mut Conn| match until {
                    Some(_) => c.control(&format!("SET LOCAL statement_timeout = {}", wait.as_millis().max(1))),
                    None => Ok(()),
                };
                if let Err(e) = self.begin(c, READ).and_then(|()| limit(c)) {
                    return (Err(e.into()), false);
                }
                let (out, _) = Tx::new(tx::Conn::Pg(c), until).guarded(f);
                (out, c.leave())
            },
        )?
    }
    pub(crate) fn read<R, E: From<Error>>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        self.snapshot(&self.pool, None, f)
    }
    pub(crate) fn report<R, E: From<Error>>(
        &self,
        deadline: Duration,
        f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.snapshot(&self.reports, Some(Instant::now() + deadline), f)
    }

    pub(crate) fn write<R, E: From<Error>>(&self, f: &impl Fn(&mut Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        if WRITING.replace(true) {
            return Err(Error::Bug("a write inside a write would wait for itself".into()).into());
        }
        let out = caught(|| self.write_until(f));
        WRITING.set(false);
        out
    }
    /// Runs again what met others. Conflicts are seen by the page of an index, so writes of quite different things meet
    /// too; the last runs have this process to themselves, so that only another process can make a write give up.
    fn write_until<R, E: From<Error>>(&self, f: &impl Fn(&mut Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        let (mut last, mut why) = (Error::Conflict, Again::Never);
        for attempt in 0..=AGAIN {
            let alone = (attempt >= ALONE_FROM).then(|| self.beside.write().unwrap_or_else(PoisonError::into_inner));
            let _beside = alone.is_none().then(|| self.beside.read().unwrap_or_else(PoisonError::into_inner));
            match self.pool.with(
                self.options.statement_timeout,
                || self.connect(),
                |c| self.once(c, attempt, why, f),
            )? {
                Once::Done(out) => return out,
                Once::Again(e, again) => (last, why) = (e, again),
            }
            drop((_beside, alone));
            // Between half and one and a half times 1, 2, 4 … milliseconds, so that those who met part.
            let chance = RandomState::new().hash_one(attempt) % 1000;
            thread::sleep(Duration::from_micros((500 + chance) << attempt));
        }
        Err(last.into())
    }
    fn once<R, E: From<Error>>(
        &self,
        c: &mut Conn,
        attempt: u32,
        before: Again,
        f: &impl Fn(&mut Tx<'_>) -> Result<R, E>,
    ) -> (Once<Result<R, E>>, bool) {
        let goes_on = |again| again == Again::Always || again == Again::Once && before != Again::Once;
        if let Err(e) = self.begin(c, WRITE) {
            return (Once::Done(Err(e.into())), false);
        }
        let (out, again) = Tx::after(tx::Conn::Pg(c), attempt).guarded(f);
        match out {
            Ok(r) => match c.commit() {
                Ok(()) => (Once::Done(Ok(r)), true),
                Err(Failure { error, again }) if goes_on(again) => (Once::Again(error, again), c.leave()),
                Err(Failure { error, .. }) => (Once::Done(Err(error.into())), c.leave()),
            },
            Err(e) if !goes_on(again) => (Once::Done(Err(e)), c.leave()),
            Err(_) => (Once::Again(Error::Conflict, again), c.leave()),
        }
    }
    pub(crate) fn batch<R, E: From<Error>>(&self, f: impl FnOnce(&mut Batch<'_>) -> Result<R, E>) -> Result<R, E> {
        self.pool.with(
            self.options.statement_timeout,
            || self.connect(),
            |c| {
                if let Err(e) = self.begin(c, WRITE) {
                    return (Err(e.into()), false);
                }
                let out = Batch::new(tx::Conn::Pg(c)).run(f);
                match out {
                    Ok(r) => match c.commit() {
                        Ok(()) => (Ok(r), true),
                        Err(e) => (Err(e.error.into()), c.leave()),
                    },
                    Err(e) => (Err(e), c.leave()),
                }
            },
        )?
    }

    pub(crate) fn submit<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        db: Db,
        f: impl Fn(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
        then: impl FnOnce(Result<R, E>) + Send + 'static,
    ) {
        let task: Task = Box::new(move |go| then(go.map_err(E::from).and_then(|()| db.write(f))));
        let tasks = self.tasks.get_or_init(|| helpers(self.options.readers.max(1)));
        if let Err(TrySendError::Full(task) | TrySendError::Disconnected(task)) = tasks.try_send(task) {
            task(Err(Error::Unavailable("too many writes are waiting".into())));
        }
    }

    pub(crate) fn make_durable(&self) -> Result<()> {
        self.durable.store(true, Relaxed);
        self.pool.clear();
        self.reports.clear();
        // A commit that waits for the log waits for all that stands in it before.
        self.connect()?.control("UPDATE schema_migrations SET name = name WHERE number = 1")
    }

    pub(crate) fn worker_session(&self) -> Result<Option<Session>> {
        let mut wire = self.connect()?.wire;
        let held = first(&mut wire, &format!("SELECT CAST(pg_try_advisory_lock({LOCK_WORKER}) AS TEXT)"))?;
        Ok((held.as_deref() == Some("true")).then(|| Session(Mutex::new(wire))))
    }

    pub(crate) fn check_statements(&self) -> Result<Vec<String>> {
        let mut wire = self.connect()?.wire;
        let mut objections = Vec::new();
        for s in STATEMENTS.iter() {
            for v in s.variants[1] {
                let objection = match wire.prepare(v.sql, &[]) {
                    Err(Fault::Refused { text, .. } | Fault::Wrong(text)) => text,
                    Err(e) => return Err(e.into()),
                    Ok(p) if p.params().len() != v.args.len() => format!("{} parameters", p.params().len()),
                    Ok(p) if p.columns().len() != s.columns.len() => format!("{} columns", p.columns().len()),
                    Ok(p) => match p.columns().iter().find(|c| *c.type_() == Type::NUMERIC) {
                        Some(c) => format!("column {} is NUMERIC: cast it", c.name()),
                        None => continue,
                    },
                };
                objections.push(format!("{}: {objection}\n  in: {}", s.at, v.sql));
            }
        }
        Ok(objections)
    }
}

/// The text in the first column of the only row.
fn first(wire: &mut Wire, text: &str) -> Result<Option<String>> {
    let mut found = None;
    query(wire, text, &mut |row| {
        if let Ok(Value::Text(t)) = row.value(0) {
            found = Some(t.to_owned());
        }
    })?;
    Ok(found)
}

/// Passes the rows of a text of the layer's own.
pub(crate) fn query(wire: &mut Wire, text: &str, each: &mut dyn FnMut(&Row<'_>)) -> Result<()> {
    let statement = wire.prepare(text, &[])?;
    Ok(wire.rows(&statement, &[], &mut |row| each(&Row::Pg(row)))?)
}

/// Threads that wait for PostgreSQL in the place of an asynchronous shell.
fn helpers(n: usize) -> SyncSender<Task> {
    let (queue, tasks) = mpsc::sync_channel::<Task>(WAITING);
    let tasks = Arc::new(Mutex::new(tasks));
    for _ in 0..n {
        let tasks = tasks.clone();
        // If no thread can be made, the queue is closed and every write is told so.
        let _ = thread::Builder::new().name("pg-writer".into()).spawn(move || {
            loop {
                let next = locked(&tasks).recv();
                let Ok(task) = next else { break };
                let _ = caught(|| {
                    task(Ok(()));
                    Ok::<_, Error>(())
                });
            }
        });
    }
    queue
}

/// A role for each module that may touch its own tables and read every `*_facts` view.
fn roles(prefix: &str) -> String {
    let s = schema();
    let modules: BTreeSet<&str> =
        s.tables.iter().map(|t| t.module.as_str()).chain(STATEMENTS.iter().map(|s| s.module)).collect();
    let mut out = String::new();
    for module in modules {
        let role = format!("\"{prefix}{module}\"");
        out.push_str(&format!(
            "DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;\n"
        ));
        let own = s.tables.iter().filter(|t| t.module == module);
        let own = own.map(|t| {
            (t.name.as_str(), if t.append_only { "SELECT, INSERT" } else { "SELECT, INSERT, UPDATE, DELETE" })
        });
        let views = s.views.iter().filter(|(v, m)| m == module || s.is_facts(v)).map(|(v, _)| (v.as_str(), "SELECT"));
        for (name, rights) in own.chain(views) {
            out.push_str(&format!("DO $$ BEGIN IF to_regclass('{name}') IS NOT NULL THEN GRANT {rights} ON {name} TO {role}; END IF; END $$;\n"));
        }
    }
    out
}

/// A connection of its own, for a lock that ends with it.
pub(crate) struct Session(Mutex<Wire>);
impl Session {
    pub(crate) fn alive(&self) -> bool {
        // Whoever asks whether the lock is still held will not wait long.
        locked(&self.0).alive(Duration::from_secs(5))
    }
}
