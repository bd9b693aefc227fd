//! One worker among several servers: a lock that dies with its holder, and a number that grows with each.
use crate::{Backend, Db, Result, Tx, pg, sql};

/// Held by the one process that does jobs, schedules and sealing; given back when dropped.
pub struct WorkerLock {
    fence: i64,
    /// The connection that holds PostgreSQL's lock.
    session: Option<pg::Session>,
}
impl WorkerLock {
    /// Whether it is still held. False for good once its connection is lost: another may hold it then.
    pub fn alive(&self) -> bool {
        self.session.as_ref().is_none_or(pg::Session::alive)
    }
    /// Greater than that of every holder before; a write of the worker checks it by [`Tx::holds_fence`].
    pub fn fence(&self) -> i64 {
        self.fence
    }
}

pub(crate) fn lock(db: &Db) -> Result<Option<WorkerLock>> {
    let session = match &*db.0 {
        Backend::Sqlite(_) => None,
        Backend::Pg(p) => match p.worker_session()? {
            None => return Ok(None),
            held => held,
        },
    };
    let fence = db.write(|tx| {
        let next = sql!("INSERT INTO worker_fence (name, fence) VALUES ('worker', 1) ON CONFLICT (name) DO UPDATE SET fence = worker_fence.fence + 1 RETURNING fence");
        Ok::<_, crate::Error>(tx.one::<(i64,)>(next, &[])?.0)
    })?;
    Ok(Some(WorkerLock { fence, session }))
}

impl Tx<'_> {
    /// Whether nobody has taken the worker's lock since the holder of this number.
    pub fn holds_fence(&mut self, fence: i64) -> Result<bool> {
        let now = self.opt::<(i64,)>(sql!("SELECT fence FROM worker_fence WHERE name = 'worker' LIMIT 1"), &[])?;
        Ok(now == Some((fence,)))
    }
}
