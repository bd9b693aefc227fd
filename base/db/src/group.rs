//! SQLite's one writer: it commits the writes that wait together, and while it makes the next commit, another thread syncs
//! the log and tells those of the last one (decision 0011).
use crate::sqlite::{Conn, WRITING};
use crate::tx::{self, Tx, caught};
use crate::{Error, Result, locked};
use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// So many transactions share one commit at most, and none waits longer than this for later ones to join.
const TOGETHER: usize = 128;
const GATHER: Duration = Duration::from_millis(40);

/// SQLite's log, synced by us: a commit only writes it.
pub(crate) struct Log {
    /// None where nothing need be durable.
    file: Option<File>,
    /// One sync at a time: the system tells of what it lost only once.
    turn: Mutex<()>,
    lost: OnceLock<Error>,
}
impl Log {
    /// Of this database, which somebody has open.
    pub(crate) fn of(database: &Path, durable: bool) -> Result<Log> {
        let open = || {
            let file = File::options().write(true).open(database.with_extension("db-wal"))?;
            // The log may be new in its directory.
            database.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())?;
            Ok(file)
        };
        let failed = |e: std::io::Error| Error::Unavailable(format!("{}: {e}", database.display()));
        let file = if durable { Some(open().map_err(failed)?) } else { None };
        Ok(Log { file, turn: Mutex::default(), lost: OnceLock::new() })
    }
    /// Makes durable whatever is committed.
    pub(crate) fn sync(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let _turn = locked(&self.turn);
        self.whole()?;
        // After a failed sync nobody knows which pages the disk has, and the next one may say that all is well: then
        // neither reads nor writes are answered until the log has been read anew, which only opening does.
        let lost =
            |e| Error::Unavailable(format!("the log could not be synced, the program must be started again: {e}"));
        file.sync_data().map_err(|e| self.lost.get_or_init(|| lost(e)).clone())
    }
    /// An error once a sync has failed.
    pub(crate) fn whole(&self) -> Result<()> {
        self.lost.get().map_or(Ok(()), |e| Err(e.clone()))
    }
}

/// A waiting write.
pub(crate) trait Job: Send {
    /// Runs in the transaction, perhaps a second time; says whether its part is to be kept.
    fn run(&mut self, tx: Tx<'_>) -> bool;
    /// Passes on what came of it once the commit has come out: an error of the commit takes the place of its success.
    fn tell(self: Box<Self>, committed: Result<()>);
}

pub(crate) struct Submitted<F, T, R, E> {
    pub(crate) f: F,
    pub(crate) then: T,
    pub(crate) out: Option<Result<R, E>>,
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

/// Writes that ran in one transaction, and what came of its commit.
pub(crate) struct Committed {
    jobs: Vec<Box<dyn Job>>,
    /// Whether there is anything to sync, or why nothing is kept.
    outcome: Result<bool>,
}

/// Commits whatever comes. One commit may wait for its sync beside the one that is being synced: then the next is larger.
pub(crate) fn write_loop(writer: &Mutex<Conn>, log: &Log, jobs: &Receiver<Box<dyn Job>>, done: &SyncSender<Committed>) {
    WRITING.set(true);
    while let Ok(first) = jobs.recv() {
        // Without its end there is nobody left to tell.
        drop(done.send(together(&locked(writer), log, first, jobs)));
    }
}

/// Nobody is told anything before the log holds it for good; an error of the commit or the sync is everybody's.
pub(crate) fn sync_loop(log: &Log, done: &Receiver<Committed>) {
    // Whoever hears of a write and makes the next one at once would wait for itself.
    WRITING.set(true);
    for Committed { jobs, outcome } in done {
        let durable = outcome.and_then(|changed| if changed { log.sync() } else { Ok(()) });
        for job in jobs {
            let _ = caught(|| {
                job.tell(durable.clone());
                Ok::<_, Error>(())
            });
        }
    }
}

/// Runs the first job, and those that arrive meanwhile, in one transaction.
fn together(c: &Conn, log: &Log, first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>) -> Committed {
    if let Err(e) = log.whole().and_then(|()| c.control("BEGIN IMMEDIATE")) {
        // No job runs; whoever waits is told now instead of after the same wait again.
        let refused = std::iter::once(first).chain(jobs.try_iter().take(TOGETHER));
        return Committed { jobs: refused.collect(), outcome: Err(unavailable(&e)) };
    }
    let untouched = c.changes();
    let mut until = None;
    let mut ran: Vec<Box<dyn Job>> = Vec::new();
    let mut next = Some(first);
    let mut apart = false;
    let mut outcome = Ok(());
    while let Some(mut job) = next.take() {
        if apart {
            outcome = run_in_savepoint(c, &mut *job);
        } else {
            let before = c.changes();
            let keep = job.run(Tx::new(tx::Conn::Sqlite(c), None));
            outcome = still_open(c);
            // Savepoints are dear (each page is copied, the full-text index written out), and few writes fail after
            // their first change. When one does, all is undone, and those before it run again, each in a savepoint.
            if outcome.is_ok() && !keep && c.changes() != before {
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
    if !c.idle() {
        // If this fails too, the next BEGIN will, and everyone is told.
        let _ = c.control("ROLLBACK");
    }
    Committed { jobs: ran, outcome: outcome.map(|()| c.changes() != untouched) }
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
    if c.idle() { Err(Error::Unavailable(gave_up.into())) } else { Ok(()) }
}

/// Whatever stops a commit is no fault of those who wait for it.
fn unavailable(e: &Error) -> Error {
    match e {
        Error::Unavailable(m) => Error::Unavailable(m.clone()),
        other => Error::Unavailable(other.to_string()),
    }
}
