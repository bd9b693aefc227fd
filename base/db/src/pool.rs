//! A bounded set of connections.
use crate::{Error, Result, locked};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

pub(crate) struct Pool<C> {
    state: Mutex<State<C>>,
    freed: Condvar,
}
struct State<C> {
    idle: Vec<C>,
    free: usize,
}

/// The right to one connection; given back also when a panic passes.
struct Permit<'p, C>(&'p Pool<C>);
impl<C> Drop for Permit<'_, C> {
    fn drop(&mut self) {
        locked(&self.0.state).free += 1;
        self.0.freed.notify_one();
    }
}

impl<C> Pool<C> {
    pub(crate) fn new(max: usize, idle: Vec<C>) -> Self {
        Pool { state: Mutex::new(State { idle, free: max.max(1) }), freed: Condvar::new() }
    }
    /// Lends a connection, a new one if none is idle. `f` says whether it may be used again.
    pub(crate) fn with<R>(
        &self,
        wait: Duration,
        connect: impl FnOnce() -> Result<C>,
        f: impl FnOnce(&mut C) -> (R, bool),
    ) -> Result<R> {
        let waited = self.freed.wait_timeout_while(locked(&self.state), wait, |s| s.free == 0);
        let (mut state, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.free == 0 {
            return Err(Error::Unavailable("all connections are busy".into()));
        }
        state.free -= 1;
        let idle = state.idle.pop();
        drop(state);
        let _permit = Permit(self);
        let mut conn = idle.map_or_else(connect, Ok)?;
        let (out, keep) = f(&mut conn);
        if keep {
            locked(&self.state).idle.push(conn);
        }
        Ok(out)
    }
    /// Forgets the idle connections.
    pub(crate) fn clear(&self) {
        locked(&self.state).idle.clear();
    }
}
