//! The one worker of a deployment: delivers events, does jobs and keeps the schedule, each in a transaction of its own.
use crate::time::{DAY, MINUTE, SECOND};
use crate::{Actor, Event, House, Job, Millis, Result, outbox};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// After so many failures a delivery or job is dead and shown to the operator: with doubling pauses, about 3 days.
const MAX_TRIES: i64 = 14;
const HELPING: i64 = 64;

/// Wakes the worker before its poll.
#[derive(Default)]
pub(crate) struct Nudge {
    woken: Mutex<bool>,
    cond: Condvar,
}

impl Nudge {
    pub(crate) fn wake(&self) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.cond.notify_one();
    }
    fn wait(&self, at_most: Duration) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        if !*woken {
            woken = self.cond.wait_timeout(woken, at_most).unwrap_or_else(PoisonError::into_inner).0;
        }
        *woken = false;
    }
}

/// What one round did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct WorkerReport {
    /// Deliveries, jobs and ticks done.
    pub done: u64,
    /// Those that failed and will be tried again or are dead.
    pub failed: u64,
}

/// The worker over a house.
pub struct Worker {
    house: Arc<House>,
    system: Arc<Actor>,
}

impl Worker {
    /// A worker; whoever runs it holds the deployment's worker lock.
    pub fn new(house: Arc<House>) -> Worker {
        Worker { house, system: Arc::new(Actor::system()) }
    }

    /// Works until `stop` says so, waking on each write of this process that leaves something to do, and at least each second.
    pub fn run(&self, stop: impl Fn() -> bool) {
        while !stop() {
            let report = self.round().unwrap_or_else(|e| {
                tracing::error!(error = %e, "worker round");
                WorkerReport::default()
            });
            if report.done == 0 {
                self.house.nudge.wait(Duration::from_secs(1));
            }
        }
    }

    /// One round: a helping of deliveries and of jobs, and every tick that is due.
    pub fn round(&self) -> Result<WorkerReport> {
        let mut report = WorkerReport::default();
        let now = self.house.now();
        let (deliveries, jobs, ticks) = self.house.db.read(|tx| {
            Ok::<_, crate::Error>((
                outbox::due_deliveries(tx, now, HELPING)?,
                outbox::due_jobs(tx, now, HELPING)?,
                outbox::tick_at(tx)?,
            ))
        })?;
        for d in deliveries {
            let (id, tries, listener) = (d.id, d.tries, self.house.listener(&d.listener));
            let event = Event { id: d.event, kind: d.kind, subject: d.subject, at: d.at, data: d.data.0 };
            let name = d.listener;
            let done = self.house.write(&self.system, move |cx| {
                let listener = listener.ok_or_else(|| crate::Error::internal(format!("no listener {name}")))?;
                // The delivery is gone when another worker was faster: then there is nothing left to do.
                if outbox::delivery_done(cx.tx, id)? == 1 { (listener.run)(cx, &event) } else { Ok(()) }
            });
            self.settle(&mut report, done, tries, move |tx, due, dead, error| {
                outbox::delivery_failed(tx, id, due, dead, error)
            })?;
        }
        for row in jobs {
            let job = Job::from(row);
            let (id, tries) = (job.id, job.tries);
            let kind = self.house.modules().iter().flat_map(|m| m.jobs).find(|k| k.kind == job.kind);
            let done = self.house.write(&self.system, move |cx| {
                let kind = kind.ok_or_else(|| crate::Error::internal(format!("no job kind {}", job.kind)))?;
                if outbox::job_done(cx.tx, job.id)? == 1 { (kind.run)(cx, &job) } else { Ok(()) }
            });
            self.settle(&mut report, done, tries, move |tx, due, dead, error| {
                outbox::job_failed(tx, id, due, dead, error)
            })?;
        }
        for tick in self.house.modules().iter().flat_map(|m| m.ticks).chain(CORE_TICKS) {
            let last = ticks.iter().find(|(name, _)| name == tick.name).map_or(Millis::MIN / 2, |(_, at)| *at);
            if now - last < tick.every {
                continue;
            }
            let (run, name) = (tick.run, tick.name);
            loop {
                let more = self.house.write(&self.system, move |cx| {
                    let more = run(cx)?;
                    if !more {
                        outbox::tick_done(cx.tx, name, now)?;
                    }
                    Ok(more)
                });
                match more {
                    Ok(true) => report.done += 1,
                    Ok(false) => break,
                    Err(e) => {
                        tracing::error!(tick = name, error = %e, "tick");
                        report.failed += 1;
                        break;
                    }
                }
            }
        }
        Ok(report)
    }

    fn settle(
        &self,
        report: &mut WorkerReport,
        done: Result<()>,
        tries: i64,
        failed: impl Fn(&mut linli_db::Tx<'_>, Millis, bool, &str) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let Err(e) = done else {
            report.done += 1;
            return Ok(());
        };
        report.failed += 1;
        let error = e.to_string();
        let pause = (SECOND << tries.clamp(0, 17)).min(DAY);
        let (due, dead) = (self.house.now() + pause, tries + 1 >= MAX_TRIES);
        tracing::warn!(%error, tries, dead, "a delivery or job failed");
        self.house.write(&self.system, move |cx| failed(cx.tx, due, dead, &error))
    }
}

/// The job that makes caches load anew when something set for a later instant comes into force.
pub(crate) const CHANGED: &str = "core.changed";

pub(crate) const CORE_JOBS: &[crate::JobKind] =
    &[crate::JobKind { kind: CHANGED, run: |cx, job| cx.changed(job.data.as_str().unwrap_or_default()) }];

/// The core's own housekeeping: the answers of commands are kept for 30 days, longer than any offline queue waits.
const CORE_TICKS: &[crate::Tick] = &[crate::Tick {
    name: "core.forget_commands",
    every: 60 * MINUTE,
    run: |cx| outbox::forget_commands(cx.tx, cx.now - 30 * DAY).map(|_| false),
}];
