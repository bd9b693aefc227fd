//! SQLite: a pool of readers, and one writer thread that commits waiting transactions together.
use crate::group::{self, Job, Log, Submitted};
use crate::pool::Pool;
use crate::tx::{self, Batch, Failure, Tx};
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

/// So many writes may wait; at the measured speed that is about half a second.
const WAITING: usize = 4096;
/// Pages the log may hold before it is carried into the database file: 64 MB. A longer log writes a page that changes all
/// the time less often, but has to be searched at every read.
const LOG: i32 = 16_000;
/// What a connection may keep of the file in memory, and the one that writes, in KB. A reader begins anew after each commit of
/// the writer; then a mapped file is no faster: it must be mapped anew too.
const CACHE: u32 = 4_000;
const WRITER_CACHE: u32 = 48_000;

thread_local! {
    /// Whether this thread holds the writer: waiting for another write would wait for itself.
    pub(crate) static WRITING: Cell<bool> = const { Cell::new(false) };
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
        // A commit only writes the log: [`Log`] syncs it, beside the next one.
        let synchronous = if o.weak_durability { "OFF" } else { "NORMAL" };
        conn.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -{CACHE}; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 268435456;"
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
    /// How many rows it has changed since it was opened.
    pub(crate) fn changes(&self) -> u64 {
        self.conn.total_changes()
    }
    /// Whether no transaction is open.
    pub(crate) fn idle(&self) -> bool {
        self.conn.is_autocommit()
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
            // Each time what was written meanwhile, which is less and less: the writer waits for what is left.
            for _ in 0..4 {
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
    log: Arc<Log>,
    carrier: Arc<Carrier>,
    threads: Vec<JoinHandle<()>>,
    _lock: Arc<Lock>,
}
impl Drop for Lite {
    fn drop(&mut self) {
        // Without a queue the writer ends, and whoever syncs for it; without the hook of its connection, the carrier.
        self.queue = None;
        // The last handle may have been dropped by whoever hears of a write, on a thread that cannot wait for itself: then
        // they end in their own time, and the directory's lock with them.
        if WRITING.get() {
            return;
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
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
        let lock = Arc::new(lock(&o.data)?);
        let path = o.data.join("linli.db");
        let mut conn = Conn::open(&path, o)?;
        migrate::run(&mut tx::Conn::Sqlite(&conn))?;
        let log = Arc::new(Log::of(&path, !o.weak_durability)?);
        // What a program that was killed has left in the log is carried into the file, where it is durable; the log begins
        // anew unless somebody reads beside us, for whom we do not wait.
        conn.conn.busy_timeout(Duration::ZERO).map_err(error)?;
        conn.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(error)?;
        conn.conn.busy_timeout(o.statement_timeout).map_err(error)?;
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
            log: log.clone(),
            carrier: carrier.clone(),
            threads: Vec::new(),
            _lock: lock.clone(),
        };
        let mut begin = |name: &str, run: Box<dyn FnOnce() + Send>| -> Result<()> {
            let thread = thread::Builder::new().name(name.into()).spawn(run);
            lite.threads.push(thread.map_err(|e| Error::Unavailable(e.to_string()))?);
            Ok(())
        };
        let (commit, committed) = mpsc::sync_channel(1);
        let synced = log.clone();
        begin("sqlite-writer", Box::new(move || group::write_loop(&writer, &log, &jobs, &commit)))?;
        begin(
            "sqlite-sync",
            Box::new(move || {
                group::sync_loop(&synced, &committed);
                drop(lock);
            }),
        )?;
        begin("sqlite-carrier", Box::new(move || carrier.carry(&wanted)))?;
        Ok(lite)
    }

    pub(crate) fn connections(&self) -> usize {
        self.options.readers.max(1)
    }
    pub(crate) fn lost(&self) -> Option<Error> {
        self.log.whole().err()
    }
    fn reader(&self) -> Result<Conn> {
        let conn = Conn::open(&self.path, &self.options)?;
        conn.control("PRAGMA query_only = ON")?;
        Ok(conn)
    }
    pub(crate) fn read<R, E: From<Error>>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        self.log.whole()?;
        self.readers.with(self.options.statement_timeout, || self.reader(), |c| snapshot(c, None, f))?
    }
    pub(crate) fn report<R, E: From<Error>>(
        &self,
        deadline: Duration,
        f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.log.whole()?;
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
        let out = self.log.whole().map_err(E::from).and_then(|()| f(&locked(&self.writer)));
        WRITING.set(false);
        out
    }
    pub(crate) fn batch<R, E: From<Error>>(&self, f: impl FnOnce(&mut Batch<'_>) -> Result<R, E>) -> Result<R, E> {
        self.hold(|c| {
            c.control("BEGIN IMMEDIATE")?;
            let done = Batch::new(tx::Conn::Sqlite(c)).run(f).and_then(|r| Ok(c.control("COMMIT").map(|()| r)?));
            if !c.idle() {
                c.control("ROLLBACK")?;
            }
            let done = done?;
            self.log.sync()?;
            Ok(done)
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
    let ended = c.idle() || c.control("ROLLBACK").is_ok();
    (out, ended)
}
