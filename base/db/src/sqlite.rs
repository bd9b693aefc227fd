//! SQLite: a pool of readers, and one writer thread that commits waiting transactions together.
use crate::pool::Pool;
use crate::tx::{self, Batch, Failure, Tx, caught};
use crate::{Engine, Error, Options, Result, Row, Sql, Value, locked, migrate};
use rusqlite::config::DbConfig;
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
const TOGETHER: usize = 64;
const GATHER: Duration = Duration::from_millis(20);
/// So many writes may wait; at the measured speed that is about half a second.
const WAITING: usize = 4096;

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
             PRAGMA cache_size = -32000; PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864;"
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

/// What a job leaves to be said when the commit has come out; an error takes the place of its success.
type Reply = Box<dyn FnOnce(Result<()>)>;
/// A waiting write: run in the transaction, or refused unrun. Says whether its own part is to be kept.
type Job = Box<dyn FnOnce(Result<Tx<'_>>) -> (bool, Reply) + Send>;

pub(crate) struct Lite {
    path: PathBuf,
    options: Options,
    readers: Pool<Conn>,
    reports: Pool<Conn>,
    writer: Arc<Mutex<Conn>>,
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    _lock: Lock,
}
impl Drop for Lite {
    fn drop(&mut self) {
        self.queue = None;
        // The last handle may have been dropped by a job, on the writer's own thread.
        if let Some(thread) = self.thread.take().filter(|t| t.thread().id() != thread::current().id()) {
            let _ = thread.join();
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
        let conn = Conn::open(&path, o)?;
        migrate::run(&mut tx::Conn::Sqlite(&conn))?;
        let writer = Arc::new(Mutex::new(conn));
        let (queue, jobs) = mpsc::sync_channel(WAITING);
        let for_thread = writer.clone();
        let thread = thread::Builder::new().name("sqlite-writer".into()).spawn(move || write_loop(&for_thread, &jobs));
        let thread = Some(thread.map_err(|e| Error::Unavailable(e.to_string()))?);
        let (readers, reports) = (Pool::new(o.readers, Vec::new()), Pool::new(1, Vec::new()));
        Ok(Lite { path, options: o.clone(), readers, reports, writer, queue: Some(queue), thread, _lock: lock })
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
        let job: Job = Box::new(move |go| match go {
            Err(e) => (false, Box::new(move |_| then(Err(e.into())))),
            Ok(tx) => {
                let (out, _) = tx.guarded(&f);
                (out.is_ok(), Box::new(move |committed| then(out.and_then(|r| committed.map(|()| r).map_err(E::from)))))
            }
        });
        let refused = match &self.queue {
            Some(queue) => {
                queue.try_send(job).err().map(|(TrySendError::Full(job) | TrySendError::Disconnected(job))| job)
            }
            None => Some(job),
        };
        if let Some(job) = refused {
            job(Err(Error::Unavailable("too many writes are waiting".into()))).1(Ok(()));
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

fn write_loop(writer: &Mutex<Conn>, jobs: &Receiver<Job>) {
    WRITING.set(true);
    while let Ok(first) = jobs.recv() {
        let (replies, outcome) = together(&locked(writer), first, jobs);
        for reply in replies {
            let _ = caught(|| {
                reply(outcome.clone());
                Ok::<_, Error>(())
            });
        }
    }
}

/// Runs the first job, and those that arrive meanwhile, in one transaction, each in a savepoint of its own. Nobody is
/// told anything before the commit has come out.
fn together(c: &Conn, first: Job, jobs: &Receiver<Job>) -> (Vec<Reply>, Result<()>) {
    if let Err(e) = c.control("BEGIN IMMEDIATE") {
        // No job runs; whoever waits is told now instead of after the same wait again.
        let refused = std::iter::once(first).chain(jobs.try_iter().take(TOGETHER));
        return (refused.map(|job| job(Err(unavailable(&e))).1).collect(), Ok(()));
    }
    let begun = Instant::now();
    let mut replies = Vec::new();
    let mut next = Some(first);
    let mut outcome = Ok(());
    while let Some(job) = next.take() {
        outcome = run_in_savepoint(c, job, &mut replies);
        if outcome.is_ok() && replies.len() < TOGETHER && begun.elapsed() < GATHER {
            next = jobs.try_recv().ok();
        }
    }
    let outcome = outcome.and_then(|()| c.control("COMMIT")).map_err(|e| unavailable(&e));
    if !c.conn.is_autocommit() {
        // If this fails too, the next BEGIN will, and everyone is told.
        let _ = c.control("ROLLBACK");
    }
    (replies, outcome)
}

/// An error means that the whole transaction is gone, and with it every job that ran in it. Those still in the queue
/// are untouched and come next.
fn run_in_savepoint(c: &Conn, job: Job, replies: &mut Vec<Reply>) -> Result<()> {
    let begun = c.control("SAVEPOINT job");
    let refused = begun.clone();
    let (keep, reply) = job(refused.map_err(|e| unavailable(&e)).map(|()| Tx::new(tx::Conn::Sqlite(c), None)));
    replies.push(reply);
    begun?;
    if c.conn.is_autocommit() {
        return Err(Error::Unavailable(
            "the database gave up the transaction of a neighbour in the same commit".into(),
        ));
    }
    if !keep {
        c.control("ROLLBACK TO job")?;
    }
    c.control("RELEASE job")
}

/// Whatever stops a commit is no fault of those who wait for it.
fn unavailable(e: &Error) -> Error {
    match e {
        Error::Unavailable(m) => Error::Unavailable(m.clone()),
        other => Error::Unavailable(other.to_string()),
    }
}
