//! What a module tells the house about itself; the program lists the modules once, everything else loops over the list.
use crate::{Cx, Millis, Result, Rule, Text};
use serde_json::Value;
use uuid::Uuid;

/// A module's public face to the core.
#[derive(Clone, Copy)]
pub struct Module {
    /// Its name: the word in migration files, in `sql!` ownership and in text keys.
    pub name: &'static str,
    /// Its words.
    pub texts: &'static [Text],
    /// Its rows of the policy, besides those its procedures declare.
    pub policy: &'static [Rule],
    /// Events it listens to.
    pub listens: &'static [Listener],
    /// Jobs it does later.
    pub jobs: &'static [JobKind],
    /// What it does again and again.
    pub ticks: &'static [Tick],
}

impl Module {
    /// A module with a name and nothing else.
    pub const fn named(name: &'static str) -> Module {
        Module { name, texts: &[], policy: &[], listens: &[], jobs: &[], ticks: &[] }
    }
    /// With its words.
    pub const fn texts(self, texts: &'static [Text]) -> Module {
        Module { texts, ..self }
    }
    /// With its policy rows.
    pub const fn policy(self, policy: &'static [Rule]) -> Module {
        Module { policy, ..self }
    }
    /// With what it listens to.
    pub const fn listens(self, listens: &'static [Listener]) -> Module {
        Module { listens, ..self }
    }
    /// With its jobs.
    pub const fn jobs(self, jobs: &'static [JobKind]) -> Module {
        Module { jobs, ..self }
    }
    /// With its schedule.
    pub const fn ticks(self, ticks: &'static [Tick]) -> Module {
        Module { ticks, ..self }
    }
}

/// Something that happened, told upwards in the same transaction.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// `module.what`.
    pub kind: String,
    /// The thing it happened to.
    pub subject: Uuid,
    /// When.
    pub at: Millis,
    /// Codes and ids; never personal data.
    pub data: Value,
}

/// A subscription: run at least once per event, in a transaction of its own that also ticks the event off.
#[derive(Clone, Copy)]
pub struct Listener {
    /// Unique and stable: it is stored with pending deliveries.
    pub name: &'static str,
    /// The kind of event.
    pub kind: &'static str,
    /// What to do.
    pub run: fn(&mut Cx<'_, '_>, &Event) -> Result<()>,
}

/// A job to be done later, retried with growing pauses.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// Codes and ids; never personal data.
    pub data: Value,
    /// How often it has failed.
    pub tries: i64,
}

/// A kind of job.
#[derive(Clone, Copy)]
pub struct JobKind {
    /// Unique and stable.
    pub kind: &'static str,
    /// What to do.
    pub run: fn(&mut Cx<'_, '_>, &Job) -> Result<()>,
}

/// Something done again and again by the one worker.
#[derive(Clone, Copy)]
pub struct Tick {
    /// Unique and stable.
    pub name: &'static str,
    /// How often, in milliseconds.
    pub every: Millis,
    /// One bounded helping; `true` asks to be called again at once because more is waiting.
    pub run: fn(&mut Cx<'_, '_>) -> Result<bool>,
}
