//! SQLite: a pool of readers, and one writer thread that commits waiting transactions together.
use crate::pool::Pool;
use crate::tx::{self, Batch, Failure, Tx, caught};
use crate::{Engine, Error, Options, Result, Row, Sql, Value, locked, migrate};
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode, params_from_iter};
use std::cell::Cell;
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// So many transactions share one commit at most, and none waits longer than this for later ones to join.
const TOGETHER: usize = 128;
const GATHER: Duration = Duration::from_millis(40);
/// So many writes may wait; at the measured speed that is about half a second.
const WAITING: usize = 4096;
/// Pages the log may hold before it is carried into the database file: 64 MB. A longer log writes a page that changes all
/// the time less often, but has to be searched at every read.
const LOG: i32 = 16_000;
/// What a connection may keep of the file in memory besides the mapped part, and the one that writes, in KB.
const CACHE: u32 = 4_000;
const WRITER_CACHE: u32 = 48_000;

thread_local! {
    /// Whether this thread holds the writer: waiting for another write would wait for itself.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

/// A connection whose statements can be stopped in time.
pub(crate) struct Conn {
    conn: Connection,
    /// When to stop the running statement, in milliseconds since [`START`].
    stop: Arc<AtomicU64>,
    timeout: Duration,
}
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Conn {
    fn open(path: &Path, o: &Options) -> Result<Conn> {
        let mut conn = Connection::open(path).map_err(error)?;
        conn.busy_timeout(o.statement_timeout).map_err(error)?;
        let synchronous = if o.weak_durability { "OFF" } else { "FULL" };
        conn.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -{CACHE}; PRAGMA mmap_size = 33554432; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;"
        ))
        .map_err(error)?;
        // Without this SQLite prepares every statement with a bound LIMIT anew each time it runs, to look at the value.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(error)?;
        conn.set_prepared_statement_cache_capacity(1024);
        let stop = Arc::new(AtomicU64::new(u64::MAX));
        let seen = stop.clone();
        conn.progress_handler(4000, Some(move || START.elapsed().as_millis() as u64 > seen.load(Relaxed)))
            .map_err(error)?;
        Ok(Conn { conn, stop, timeout: o.statement_timeout })
    }

    /// A reader that needs no lock: it sees what is committed, while another process may go on writing.
    pub(crate) fn beside(o: &Options) -> Result<Conn> {
        let path = o.data.join("linli.db");
        if !path.is_file() {
            return Err(Error::Unavailable(format!("{}: there is no database", path.display())));
        }
        let conn = Conn::open(&path, o)?;
        conn.control("PRAGMA query_only = ON")?;
        Ok(conn)
    }
    /// For the layer's own statements, which have no time limit.
    pub(crate) fn raw(&self) -> &Connection {
        &self.conn
    }
    pub(crate) fn control(&self, text: &str) -> Result<()> {
        if text.contains(';') {
            return self.conn.execute_batch(text).map_err(error);
        }
        self.conn.prepare_cached(text).and_then(|mut s| s.execute([])).map(|_| ()).map_err(error)
    }

    /// Runs one statement with the time it may take: the connection's own, or until the report's deadline.
    fn timed<R>(&self, until: Option<Instant>, f: impl FnOnce() -> rusqlite::Result<R>) -> Result<R, Failure> {
        let stop = until.unwrap_or_else(|| Instant::now() + self.timeout);
        self.stop.store(stop.saturating_duration_since(*START).as_millis() as u64, Relaxed);
        let _untimed = Untimed(self);
        f().map_err(|e| error(e).into())
    }
    pub(crate) fn exec(&self, sql: &'static Sql, values: &[Value<'_>], until: Option<Instant>) -> Result<u64, Failure> {
        let (text, args) = sql.choose(Engine::Sqlite, values)?;
        self.timed(until, || Ok(self.conn.prepare_cached(text)?.execute(params_from_iter(args))? as u64))
    }
    pub(crate) fn rows(
        &self,
        sql: &'static Sql,
        values: &[Value<'_>],
        until: Option<Instant>,
        each: &mut dyn FnMut(&Row<'_>) -> bool,
    ) -> Result<(), Failure> {
        let (text, args) = sql.choose(Engine::Sqlite, values)?;
        self.timed(until, || {
            let mut statement = self.conn.prepare_cached(text)?;
            let mut rows = statement.query(params_from_iter(args))?;
            while let Some(row) = rows.next()? {
                if !each(&Row::Sqlite(row)) {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// BEGIN and COMMIT are not timed, whatever becomes of the statement before.
struct Untimed<'c>(&'c Conn);
impl Drop for Untimed<'_> {
    fn drop(&mut self) {
        self.0.stop.store(u64::MAX, Relaxed);
    }
}

/// What SQLite's errors mean for the caller.
pub(crate) fn error(e: rusqlite::Error) -> Error {
    let text = match &e {
        rusqlite::Error::SqliteFailure(_, Some(m)) => m.clone(),
        other => other.to_string(),
    };
    match e.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => {
            Error::Constraint(text.rsplit(" failed: ").next().unwrap_or(&text).to_owned())
        }
        Some(ErrorCode::OperationInterrupted) => Error::Deadline,
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::PermissionDenied,
        ) => Error::Unavailable(text),
        _ => Error::Bug(text),
    }
}

/// A waiting write.
trait Job: Send {
    /// Runs in the transaction, perhaps a second time; says whether its part is to be kept.
    fn run(&mut self, tx: Tx<'_>) -> bool;
    /// Passes on what came of it once the commit has come out: an error of the commit takes the place of its success.
    fn tell(self: Box<Self>, committed: Result<()>);
}

struct Submitted<F, T, R, E> {
    f: F,
    then: T,
    out: Option<Result<R, E>>,
}
impl<F, T, R, E> Job for Submitted<F, T, R, E>
where
    F: Fn(&mut Tx<'_>) -> Result<R, E> + Send,
    T: FnOnce(Result<R, E>) + Send,
    R: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: Tx<'_>) -> bool {
        let (out, _) = tx.guarded(&self.f);
        self.out.insert(out).is_ok()
    }
    fn tell(self: Box<Self>, committed: Result<()>) {
        let Submitted { f, then, out } = *self;
        // Whoever hears of it may drop the database at once: what the write held must be gone by then.
        drop(f);
        let unrun = || Err(Error::Unavailable("the write was not run".into()).into());
        then(match committed {
            Ok(()) => out.unwrap_or_else(unrun),
            Err(e) => out.and_then(Result::err).map_or_else(|| Err(e.into()), Err),
        });
    }
}

/// Carries the log into the database file beside the writer, so that no commit waits for the bulk of it.
struct Carrier {
    conn: Mutex<Conn>,
    stage: Mutex<Stage>,
}
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Idle,
    Carrying,
    /// Nearly all is in the file: the writer carries the rest and can begin the log anew.
    Carried,
}
impl Carrier {
    /// After each commit: how long the log has become.
    fn logged(&self, wal: &mut Wal, pages: i32, wake: &SyncSender<()>) {
        if pages < LOG {
            return;
        }
        let mut stage = locked(&self.stage);
        match *stage {
            Stage::Idle => *stage = if wake.try_send(()).is_ok() { Stage::Carrying } else { Stage::Carried },
            Stage::Carrying => (),
            Stage::Carried => {
                *stage = Stage::Idle;
                // What stands in the way is met again at the next commit.
                let _ = wal.checkpoint();
            }
        }
    }
    fn carry(&self, wanted: &Receiver<()>) {
        while wanted.recv().is_ok() {
            // The second time what was written during the first.
            for _ in 0..2 {
                let _ = locked(&self.conn).conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            }
            *locked(&self.stage) = Stage::Carried;
        }
    }
}

pub(crate) struct Lite {
    path: PathBuf,
    options: Options,
    readers: Pool<Conn>,
    reports: Pool<Conn>,
    writer: Arc<Mutex<Conn>>,
    queue: Option<SyncSender<Box<dyn Job>>>,
    carrier: Arc<Carrier>,
    threads: Vec<JoinHandle<()>>,
    _lock: Lock,
}
impl Drop for Lite {
    fn drop(&mut self) {
        // Without a queue the writer ends; without the hook of its connection, the carrier.
        self.queue = None;
        for thread in self.threads.drain(..) {
            // The last handle may have been dropped by a job, on the writer's own thread.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
            let mut writer = locked(&self.writer);
            let _ = writer.conn.wal_hook(None::<fn(&mut Wal, i32) -> rusqlite::Result<()>>);
        }
    }
}

/// The lock on the data directory. Given back by word: a child process may still have the file open.
struct Lock(File);
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Removes a database that nobody has open. Without the database file the log beside it is nobody's and is not replayed.
pub(crate) fn remove(o: &Options) -> Result<()> {
    let _lock = lock(&o.data)?;
    for name in ["linli.db", "linli.db-wal", "linli.db-shm"] {
        let path = o.data.join(name);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::Unavailable(format!("{}: {e}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

fn lock(data: &Path) -> Result<Lock> {
    let broken = |e: std::io::Error| Error::Unavailable(format!("{}: {e}", data.display()));
    std::fs::create_dir_all(data).map_err(broken)?;
    let path = data.join("linli.lock");
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(broken)?;
    match file.try_lock() {
        Ok(()) => (),
        Err(TryLockError::Error(e)) => return Err(broken(e)),
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            return Err(Error::Unavailable(format!(
                "the data directory {} is in use by process {}",
                data.display(),
                pid.trim()
            )));
        }
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(broken)?;
    Ok(Lock(file))
}

impl Lite {
    pub(crate) fn open(o: &Options) -> Result<Lite> {
        LazyLock::force(&START);
        let lock = lock(&o.data)?;
        let path = o.data.join("linli.db");
        let mut conn = Conn::open(&path, o)?;
        migrate::run(&mut tx::Conn::Sqlite(&conn))?;
        conn.control(&format!("PRAGMA cache_size = -{WRITER_CACHE};"))?;
        let carrier = Arc::new(Carrier { conn: Mutex::new(Conn::open(&path, o)?), stage: Mutex::new(Stage::Idle) });
        let (wake, wanted) = mpsc::sync_channel(1);
        let hooked = carrier.clone();
        let hook = move |wal: &mut Wal, pages: i32| {
            hooked.logged(wal, pages, &wake);
            Ok(())
        };
        conn.conn.wal_hook(Some(hook)).map_err(error)?;
        let writer = Arc::new(Mutex::new(conn));
        let (queue, jobs) = mpsc::sync_channel(WAITING);
        let mut lite = Lite {
            path,
            options: o.clone(),
            readers: Pool::new(o.readers, Vec::new()),
            reports: Pool::new(1, Vec::new()),
            writer: writer.clone(),
            queue: Some(queue),
            carrier: carrier.clone(),
            threads: Vec::new(),
            _lock: lock,
        };
        let mut begin = |name: &str, run: Box<dyn FnOnce() + Send>| -> Result<()> {
            let thread = thread::Builder::new().name(name.into()).spawn(run);
            lite.threads.push(thread.map_err(|e| Error::Unavailable(e.to_string()))?);
            Ok(())
        };
        begin("sqlite-writer", Box::new(move || write_loop(&writer, &jobs)))?;
        begin("sqlite-carrier", Box::new(move || carrier.carry(&wanted)))?;
        Ok(lite)
    }

    pub(crate) fn connections(&self) -> usize {
        self.options.readers.max(1)
    }
    fn reader(&self) -> Result<Conn> {
        let conn = Conn::open(&self.path, &self.options)?;
        conn.control("PRAGMA query_only = ON")?;
        Ok(conn)
    }
    pub(crate) fn read<R, E: From<Error>>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        self.readers.with(self.options.statement_timeout, || self.reader(), |c| snapshot(c, None, f))?
    }
    pub(crate) fn report<R, E: From<Error>>(
        &self,
        deadline: Duration,
        f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let until = Instant::now() + deadline;
        self.reports.with(deadline, || self.reader(), |c| snapshot(c, Some(until), f))?
    }

    pub(crate) fn write<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        if WRITING.get() {
            return Err(Error::Bug("a write inside a write would wait for itself".into()).into());
        }
        let (tell, told) = mpsc::sync_channel(1);
        self.submit(f, move |done| drop(tell.send(done)));
        told.recv()
            .unwrap_or_else(|_| Err(Error::Unavailable("the writer has stopped; the outcome is unknown".into()).into()))
    }
    pub(crate) fn submit<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
        then: impl FnOnce(Result<R, E>) + Send + 'static,
    ) {
        let job = Box::new(Submitted { f, then, out: None });
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = queue.try_send(job) {
            job.tell(Err(Error::Unavailable("too many writes are waiting".into())));
        }
    }

    /// The writer for this thread, between two group commits.
    fn hold<R, E: From<Error>>(&self, f: impl FnOnce(&Conn) -> Result<R, E>) -> Result<R, E> {
        if WRITING.replace(true) {
            return Err(Error::Bug("a write inside a write would wait for itself".into()).into());
        }
        let out = f(&locked(&self.writer));
        WRITING.set(false);
        out
    }
    pub(crate) fn batch<R, E: From<Error>>(&self, f: impl FnOnce(&mut Batch<'_>) -> Result<R, E>) -> Result<R, E> {
        self.hold(|c| {
            c.control("BEGIN IMMEDIATE")?;
            let done = Batch::new(tx::Conn::Sqlite(c)).run(f).and_then(|r| Ok(c.control("COMMIT").map(|()| r)?));
            if !c.conn.is_autocommit() {
                c.control("ROLLBACK")?;
            }
            done
        })
    }
    pub(crate) fn make_durable(&self) -> Result<()> {
        // The last commit writes the log, so that the checkpoint has something to sync the database file for: that sync
        // reaches everything written before it.
        let carrier = locked(&self.carrier.conn);
        carrier.control("PRAGMA synchronous = FULL;")?;
        self.hold(|c| {
            c.control("PRAGMA synchronous = FULL;")?;
            c.control("UPDATE schema_migrations SET name = name WHERE number = 1")?;
            let busy: i64 = c.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0)).map_err(error)?;
            if busy == 0 { Ok(()) } else { Err(Error::Unavailable("a reader is in the way of the last sync".into())) }
        })
    }
}

/// One snapshot from the first statement on.
fn snapshot<R, E: From<Error>>(
    c: &Conn,
    until: Option<Instant>,
    f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
) -> (Result<R, E>, bool) {
    if let Err(e) = c.control("BEGIN") {
        return (Err(e.into()), false);
    }
    let (out, _) = Tx::new(tx::Conn::Sqlite(c), until).guarded(f);
    let ended = c.conn.is_autocommit() || c.control("ROLLBACK").is_ok();
    (out, ended)
}

fn write_loop(writer: &Mutex<Conn>, jobs: &Receiver<Box<dyn Job>>) {
    WRITING.set(true);
    while let Ok(first) = jobs.recv() {
        let (ran, outcome) = together(&locked(writer), first, jobs);
        for job in ran {
            let _ = caught(|| {
                job.tell(outcome.clone());
                Ok::<_, Error>(())
            });
        }
    }
}

/// Runs the first job, and those that arrive meanwhile, in one transaction. Nobody is told anything before the commit has
/// come out; its error is everybody's.
fn together(c: &Conn, first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>) -> (Vec<Box<dyn Job>>, Result<()>) {
    if let Err(e) = c.control("BEGIN IMMEDIATE") {
        // No job runs; whoever waits is told now instead of after the same wait again.
        let refused = std::iter::once(first).chain(jobs.try_iter().take(TOGETHER));
        return (refused.collect(), Err(unavailable(&e)));
    }
    let mut until = None;
    let mut ran: Vec<Box<dyn Job>> = Vec::new();
    let mut next = Some(first);
    let mut apart = false;
    let mut outcome = Ok(());
    while let Some(mut job) = next.take() {
        if apart {
            outcome = run_in_savepoint(c, &mut *job);
        } else {
            let before = c.conn.total_changes();
            let keep = job.run(Tx::new(tx::Conn::Sqlite(c), None));
            outcome = still_open(c);
            // Savepoints are dear (each page is copied, the full-text index written out), and few writes fail after
            // their first change. When one does, all is undone, and those before it run again, each in a savepoint.
            if outcome.is_ok() && !keep && c.conn.total_changes() != before {
                apart = true;
                outcome = c.control("ROLLBACK").and_then(|()| c.control("BEGIN IMMEDIATE"));
                for earlier in &mut ran {
                    outcome = outcome.and_then(|()| run_in_savepoint(c, &mut **earlier));
                }
            }
        }
        ran.push(job);
        // However long the first took: those who wait already come with it.
        let until = *until.get_or_insert_with(|| Instant::now() + GATHER);
        if outcome.is_ok() && ran.len() < TOGETHER && Instant::now() < until {
            next = jobs.try_recv().ok();
        }
    }
    let outcome = outcome.and_then(|()| c.control("COMMIT")).map_err(|e| unavailable(&e));
    if !c.conn.is_autocommit() {
        // If this fails too, the next BEGIN will, and everyone is told.
        let _ = c.control("ROLLBACK");
    }
    (ran, outcome)
}

/// An error means that the whole transaction is gone, and with it every job that ran in it. Those still in the queue
/// are untouched and come next.
fn run_in_savepoint(c: &Conn, job: &mut dyn Job) -> Result<()> {
    c.control("SAVEPOINT job")?;
    let keep = job.run(Tx::new(tx::Conn::Sqlite(c), None));
    still_open(c)?;
    if !keep {
        c.control("ROLLBACK TO job")?;
    }
    c.control("RELEASE job")
}

/// After some errors (a full disk) SQLite itself rolls back the whole transaction.
fn still_open(c: &Conn) -> Result<()> {
    let gave_up = "the database gave up the transaction of a neighbour in the same commit";
    if c.conn.is_autocommit() { Err(Error::Unavailable(gave_up.into())) } else { Ok(()) }
}

/// Whatever stops a commit is no fault of those who wait for it.
fn unavailable(e: &Error) -> Error {
    match e {
        Error::Unavailable(m) => Error::Unavailable(m.clone()),
        other => Error::Unavailable(other.to_string()),
    }
}
