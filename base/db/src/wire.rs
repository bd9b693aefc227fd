//! One connection to PostgreSQL, used by one thread at a time, on which statements whose answer nobody needs travel with the
//! next one that must be waited for: each round trip costs both sides a switch between processes, often more than the
//! statement itself.
//!
//! [`Wire::put`] lines a statement up; whatever waits sends the line first. After an error PostgreSQL refuses the rest of the
//! transaction, so the first error is the one that says something, and the one that is told.
use crate::Value;
use bytes::BytesMut;
use futures_util::future::join;
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use std::collections::HashMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

/// So many statements may wait in line.
const WAITING: usize = 256;
/// So many rows are taken in one turn.
const ROWS: usize = 100;
/// A server that takes a connection and says nothing is given up.
const GREETING: Duration = Duration::from_secs(10);

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Fault {
    /// PostgreSQL refused.
    Refused {
        /// SQLSTATE.
        code: String,
        /// In its words.
        text: String,
        /// Which constraint, if one.
        constraint: Option<String>,
    },
    /// The connection is of no use any more.
    Lost(String),
    /// A mistake of ours.
    Wrong(String),
}
impl From<tokio_postgres::Error> for Fault {
    fn from(e: tokio_postgres::Error) -> Self {
        if let Some(db) = e.as_db_error() {
            let (code, text) = (db.code().code().to_owned(), db.message().to_owned());
            return Fault::Refused { code, text, constraint: db.constraint().map(str::to_owned) };
        }
        let cause = std::error::Error::source(&e);
        let text = cause.map_or_else(|| e.to_string(), |cause| format!("{e}: {cause}"));
        let lost = e.is_closed() || cause.is_some_and(|cause| cause.is::<std::io::Error>());
        if lost { Fault::Lost(text) } else { Fault::Wrong(text) }
    }
}
fn wrong(e: impl std::fmt::Display) -> Fault {
    Fault::Wrong(e.to_string())
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, tokio_postgres::Error>> + Send>>;

/// What stands in line.
enum Asked {
    /// Nobody needs its answer; where the statement is written.
    Done(&'static str, Answer<u64>),
    /// Its rows are wanted later, under this number.
    Rows(u64, &'static str, Answer<Vec<Row>>),
}

/// A connection. Nothing moves on it but while a thread waits in one of its functions.
pub(crate) struct Wire {
    client: Arc<Client>,
    runtime: Runtime,
    asked: Vec<Asked>,
    /// Rows that have come before they were wanted.
    come: HashMap<u64, Vec<Row>>,
    /// The last number given.
    last: u64,
}

impl Wire {
    pub(crate) fn connect(config: &Config) -> Result<Wire, Fault> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|e| Fault::Lost(e.to_string()))?;
        let greeted = runtime.block_on(async { timeout(GREETING, config.connect(NoTls)).await });
        let (client, connection) = greeted.map_err(|_| Fault::Lost("the database does not answer".into()))??;
        // Whoever waits for an answer hears that the connection has ended.
        runtime.spawn(async move { drop(connection.await) });
        Ok(Wire { client: Arc::new(client), runtime, asked: Vec::new(), come: HashMap::new(), last: 0 })
    }

    /// Whether it can be used again after a pause.
    pub(crate) fn rested(&self) -> bool {
        // What has come meanwhile is noticed at the end of the first turn and read in the second.
        self.runtime.block_on(async {
            yield_now().await;
            yield_now().await;
        });
        !self.client.is_closed()
    }
    /// Whether the server still answers, within this time.
    pub(crate) fn alive(&self, limit: Duration) -> bool {
        let asked = self.runtime.block_on(async { timeout(limit, self.client.batch_execute("")).await });
        asked.is_ok_and(|answer| answer.is_ok())
    }

    /// Lets PostgreSQL read a statement; what types its parameters have is its own to find where none are given.
    pub(crate) fn prepare(&mut self, text: &str, types: &[Type]) -> Result<Statement, Fault> {
        let client = self.client.clone();
        self.wait(client.prepare_typed(text, types))
    }
    /// Puts a statement in line. `at` is for the error, since nobody will be waiting for this one.
    pub(crate) fn put(&mut self, statement: &Statement, encoded: Vec<Encoded>, at: &'static str) -> Result<(), Fault> {
        if self.asked.len() >= WAITING {
            self.settle()?;
        }
        let (client, statement) = (self.client.clone(), statement.clone());
        let mut answer: Answer<u64> = Box::pin(async move { client.execute_raw(&statement, encoded).await });
        if written(&mut answer)?.is_none() {
            self.asked.push(Asked::Done(at, answer));
        }
        Ok(())
    }
    /// Puts a statement in line whose rows will be wanted, few of them; gives the number they come under.
    pub(crate) fn ask(&mut self, statement: &Statement, encoded: Vec<Encoded>, at: &'static str) -> Result<u64, Fault> {
        let (client, statement) = (self.client.clone(), statement.clone());
        let mut answer: Answer<Vec<Row>> =
            Box::pin(async move { client.query_raw(&statement, encoded).await?.try_collect().await });
        self.last += 1;
        match written(&mut answer)? {
            Some(rows) => drop(self.come.insert(self.last, rows)),
            None => self.asked.push(Asked::Rows(self.last, at, answer)),
        }
        Ok(self.last)
    }
    /// The rows of what was asked for.
    pub(crate) fn take(&mut self, number: u64) -> Result<Vec<Row>, Fault> {
        if !self.come.contains_key(&number) {
            self.settle()?;
        }
        self.come.remove(&number).ok_or_else(|| wrong("these rows were not asked for in this transaction"))
    }
    /// Runs a statement; how many rows it changed.
    pub(crate) fn exec(&mut self, statement: &Statement, values: &[&Value<'_>]) -> Result<u64, Fault> {
        let client = self.client.clone();
        self.wait(client.execute_raw(statement, raw(values)))
    }
    /// Runs a statement and passes its rows.
    pub(crate) fn rows(
        &mut self,
        statement: &Statement,
        values: &[&Value<'_>],
        each: &mut dyn FnMut(&Row),
    ) -> Result<(), Fault> {
        let client = self.client.clone();
        let rows = self.wait(client.query_raw(statement, raw(values)))?;
        pin_mut!(rows);
        // Whoever gets a row may wait on another connection meanwhile: so not within a turn, but between two.
        loop {
            let some: Vec<Row> = self.runtime.block_on(rows.as_mut().take(ROWS).try_collect())?;
            some.iter().for_each(&mut *each);
            if some.len() < ROWS {
                return Ok(());
            }
        }
    }
    /// Forgets rows that nobody has taken: they belong to a transaction that is over.
    pub(crate) fn forget(&mut self) {
        self.come.clear();
    }
    /// Waits for everything in line.
    pub(crate) fn settle(&mut self) -> Result<(), Fault> {
        self.wait(ready(Ok(())))
    }
    /// Runs any number of statements without parameters.
    pub(crate) fn control(&mut self, text: &str) -> Result<(), Fault> {
        let client = self.client.clone();
        self.wait(client.batch_execute(text))
    }
    /// Sends what is in line and forgets about the answers.
    pub(crate) fn part(&mut self) {
        self.runtime.block_on(yield_now());
        self.asked.clear();
    }

    /// `COPY … FROM STDIN (FORMAT binary)`; `f` gives the rows to the function it gets.
    pub(crate) fn copy_in<R, E>(
        &mut self,
        text: &str,
        types: &[Type],
        named: impl Fn(Fault) -> E,
        f: impl FnOnce(&mut dyn FnMut(&[Value<'_>]) -> Result<(), Fault>) -> Result<R, E>,
    ) -> Result<R, E> {
        let client = self.client.clone();
        let sink = self.wait(client.copy_in(text)).map_err(&named)?;
        let writer = BinaryCopyInWriter::new(sink, types);
        pin_mut!(writer);
        let done = f(&mut |values| Ok(self.runtime.block_on(writer.as_mut().write_raw(values))?))?;
        self.runtime.block_on(writer.finish()).map_err(|e| named(e.into()))?;
        Ok(done)
    }

    /// Waits for this, and for all that was put in line before it. Each answer is taken as soon as it comes: one that nobody
    /// takes, come in more pieces than are kept for it, would keep those behind it from being read.
    fn wait<R>(&mut self, last: impl Future<Output = Result<R, tokio_postgres::Error>>) -> Result<R, Fault> {
        let asked = std::mem::take(&mut self.asked);
        let come = &mut self.come;
        let before = async {
            for asked in asked {
                match asked {
                    Asked::Done(at, answer) => drop(answer.await.map_err(|e| sent_before(e.into(), at))?),
                    Asked::Rows(number, at, answer) => {
                        come.insert(number, answer.await.map_err(|e| sent_before(e.into(), at))?);
                    }
                }
            }
            Ok::<_, Fault>(())
        };
        let (before, last) = self.runtime.block_on(join(before, last));
        before.and(last.map_err(Fault::from))
    }
}

/// The first look at an answer writes the statement; the answer itself is for whoever waits next.
fn written<T>(answer: &mut Answer<T>) -> Result<Option<T>, Fault> {
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(Some(done?)),
        Poll::Pending => Ok(None),
    }
}

fn raw<'s>(values: &'s [&Value<'_>]) -> impl ExactSizeIterator<Item = &'s (dyn ToSql + Sync)> {
    values.iter().map(|v| *v as _)
}

/// Says where the statement is written that failed, since it is not the one that was waited for.
fn sent_before(fault: Fault, at: &str) -> Fault {
    match fault {
        Fault::Refused { code, text, constraint } => {
            Fault::Refused { code, text: format!("{text} (sent before, from {at} on)"), constraint }
        }
        fault => fault,
    }
}

/// A value in the words of the protocol already.
#[derive(Debug)]
pub(crate) struct Encoded(Option<BytesMut>);
impl Encoded {
    pub(crate) fn all(values: &[&Value<'_>], types: &[Type]) -> Result<Vec<Encoded>, Fault> {
        let mut room = BytesMut::new();
        let encoded = values.iter().zip(types).map(|(value, ty)| {
            let null = matches!(value.to_sql(ty, &mut room).map_err(wrong)?, IsNull::Yes);
            Ok(Encoded((!null).then(|| room.split())))
        });
        encoded.collect()
    }
}
impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(value) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(value);
        Ok(IsNull::No)
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    to_sql_checked!();
}
