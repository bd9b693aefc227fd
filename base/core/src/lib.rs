//! What every module speaks: ids, time, errors, actors, authority, transactions, events and jobs.
//!
//! Nothing here knows the web, the network or a city. A use case is a plain function over [`Cx`]; it is called alike by
//! a page, the API, the command line, a job, the demo and a test, and runs in exactly one transaction.
extern crate self as linli_core;

mod actor;
mod cx;
mod error;
mod form;
mod house;
mod ids;
mod module;
mod outbox;
mod personal;
mod policy;
mod text;
pub mod time;
mod worker;

pub use actor::{Actor, Home, Path, Post, Role, Via};
pub use cx::{Cx, Versions};
pub use error::{Error, FieldError, Result};
pub use form::{Choice, Field, FieldKind, Input, RawInput, Upload};
pub use house::{House, HouseOptions, Ids, TimeSource};
pub use ids::*;
pub use module::{Event, Job, JobKind, Listener, Module, Tick};
pub use outbox::DeadLetter;
pub use personal::{BlindIndex, Keys, Personal, Sealed};
pub use policy::{Facts, Policy, Relation, Rule, Scope, ScopeKind, Seat, Visibility};
pub use text::{Lang, Msg, Text};
pub use time::Millis;
pub use worker::{Worker, WorkerReport};

linli_texts::texts!();

/// The module of the core itself: its texts, and no authority of its own.
pub const MODULE: Module = Module::named("core").texts(TEXTS).jobs(worker::CORE_JOBS);
