//! A transaction as closures see it.
use crate::statement::values;
use crate::{Engine, Error, FromRow, Param, Result, Row, Sql, pg, sqlite};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

pub(crate) enum Conn<'c> {
    Sqlite(&'c sqlite::Conn),
    Pg(&'c mut pg::Conn),
}
impl Conn<'_> {
    pub(crate) fn reborrow(&mut self) -> Conn<'_> {
        match self {
            Conn::Sqlite(c) => Conn::Sqlite(c),
            Conn::Pg(c) => Conn::Pg(c),
        }
    }
    /// BEGIN, COMMIT, SAVEPOINT and the like, and migrations.
    pub(crate) fn control(&mut self, text: &str) -> Result<()> {
        match self {
            Conn::Sqlite(c) => c.control(text),
            Conn::Pg(c) => c.control(text),
        }
    }
}

/// An open transaction: all a closure has of the database.
pub struct Tx<'c> {
    conn: Conn<'c>,
    queries: u32,
    until: Option<Instant>,
    /// How often it has run before.
    run: u32,
    /// The first statement that failed.
    failed: Option<Failure>,
}
/// How a statement failed, and whether the whole transaction may succeed if it is run again.
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) again: Again,
}
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { error, again: Again::Never }
    }
}
/// Rows that were asked for with [`Tx::ask`], or on PostgreSQL the number they will come under.
#[must_use = "what is not taken was asked for in vain"]
pub struct Asked<T> {
    sql: &'static Sql,
    rows: std::result::Result<Vec<T>, u64>,
}

/// Whether to run a transaction again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    Never,
    /// Once more: it has not seen what was there, and then will.
    Once,
    /// As long as it meets others.
    Always,
}

impl<'c> Tx<'c> {
    /// With an end, a transaction in which reports may run until then.
    pub(crate) fn new(conn: Conn<'c>, until: Option<Instant>) -> Self {
        Tx { conn, queries: 0, until, run: 0, failed: None }
    }
    /// The same for a write that has run so often before.
    pub(crate) fn after(conn: Conn<'c>, run: u32) -> Self {
        Tx { run, ..Tx::new(conn, None) }
    }
    /// Whether this write has run before and has met others, or asked for it.
    pub fn runs_again(&self) -> bool {
        self.run > 0
    }
    /// Gives this run of a write up, to run once more from the start; only PostgreSQL does, and only the first time.
    pub fn run_again(&mut self) {
        self.failed.get_or_insert(Failure { error: Error::Conflict, again: Again::Once });
    }
    /// Which engine it runs on.
    pub fn engine(&self) -> Engine {
        match self.conn {
            Conn::Sqlite(_) => Engine::Sqlite,
            Conn::Pg(_) => Engine::Pg,
        }
    }
    /// How many statements have run: the measure of a page.
    pub fn queries(&self) -> u32 {
        self.queries
    }
    /// All rows.
    pub fn all<T: FromRow>(&mut self, sql: &'static Sql, params: &[&dyn Param]) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.rows(sql, params, |row| {
            rows.push(row);
            Ok(true)
        })?;
        Ok(rows)
    }
    /// The first row, if there is one.
    pub fn opt<T: FromRow>(&mut self, sql: &'static Sql, params: &[&dyn Param]) -> Result<Option<T>> {
        let mut first = None;
        self.rows(sql, params, |row| {
            first = Some(row);
            Ok(false)
        })?;
        Ok(first)
    }
    /// The row that must be there; its absence is a mistake of the program.
    pub fn one<T: FromRow>(&mut self, sql: &'static Sql, params: &[&dyn Param]) -> Result<T> {
        self.opt(sql, params)?.ok_or_else(|| Error::Bug(format!("{}: no row", sql.at)))
    }
    /// Each row as it comes, without keeping them: for reports.
    pub fn each<T: FromRow>(
        &mut self,
        sql: &'static Sql,
        params: &[&dyn Param],
        mut f: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        self.rows(sql, params, |row| f(row).map(|()| true))
    }
    /// Runs a statement that gives no rows; how many it changed.
    pub fn exec(&mut self, sql: &'static Sql, params: &[&dyn Param]) -> Result<u64> {
        self.run(sql, |conn, until| {
            let values = values(params);
            match conn {
                Conn::Sqlite(c) => c.exec(sql, &values, until),
                Conn::Pg(c) => c.exec(sql, &values),
            }
        })
    }

    /// Runs a statement that gives no rows and whose number of changed rows nobody needs. On PostgreSQL it is not waited
    /// for: should it fail, the next statement or the end of the transaction does.
    pub fn put(&mut self, sql: &'static Sql, params: &[&dyn Param]) -> Result<()> {
        self.run(sql, |conn, until| {
            let values = values(params);
            match conn {
                Conn::Sqlite(c) => c.exec(sql, &values, until).map(drop),
                Conn::Pg(c) => c.put(sql, &values),
            }
        })
    }

    /// Asks for rows that are wanted only after other statements have run: on PostgreSQL all that is asked for in a row
    /// travels together. For short lists; a statement that changes something in between may or may not be seen in them.
    pub fn ask<T: FromRow>(&mut self, sql: &'static Sql, params: &[&dyn Param]) -> Result<Asked<T>> {
        if self.engine() == Engine::Sqlite {
            return self.all(sql, params).map(|rows| Asked { sql, rows: Ok(rows) });
        }
        sql.width(T::COLUMNS)?;
        let number = self.run(sql, |conn, _| match conn {
            Conn::Pg(c) => c.ask(sql, &values(params)),
            Conn::Sqlite(_) => Err(Error::Bug("asked ahead on SQLite".into()).into()),
        })?;
        Ok(Asked { sql, rows: Err(number) })
    }
    /// The rows that were asked for, in this same transaction.
    pub fn take<T: FromRow>(&mut self, asked: Asked<T>) -> Result<Vec<T>> {
        let number = match asked.rows {
            Ok(rows) => return Ok(rows),
            Err(number) => number,
        };
        let mut rows = Vec::new();
        self.run(asked.sql, |conn, _| match conn {
            Conn::Pg(c) => c.take(number, &mut |row| rows.push(T::from_row(row))),
            Conn::Sqlite(_) => Err(Error::Bug("taken from another transaction".into()).into()),
        })?;
        self.queries -= 1; // counted when it was asked
        rows.into_iter().collect::<Result<_>>().map_err(|e| at(asked.sql, e))
    }

    /// Passes rows to `f` until it says false.
    fn rows<T: FromRow>(
        &mut self,
        sql: &'static Sql,
        params: &[&dyn Param],
        mut f: impl FnMut(T) -> Result<bool>,
    ) -> Result<()> {
        sql.width(T::COLUMNS)?;
        // What `f` refuses is no failure of the statement: the transaction stands.
        let mut refused = Ok(());
        self.run(sql, |conn, until| {
            let values = values(params);
            let mut each = |row: &Row<'_>| {
                T::from_row(row).and_then(&mut f).unwrap_or_else(|e| {
                    refused = Err(at(sql, e));
                    false
                })
            };
            match conn {
                Conn::Sqlite(c) => c.rows(sql, &values, until, &mut each),
                Conn::Pg(c) => c.rows(sql, &values, &mut each),
            }
        })?;
        refused
    }

    fn run<R>(
        &mut self,
        sql: &'static Sql,
        f: impl FnOnce(&mut Conn<'_>, Option<Instant>) -> Result<R, Failure>,
    ) -> Result<R> {
        if let Some(failed) = &self.failed {
            return Err(failed.error.clone());
        }
        if sql.report && self.until.is_none() {
            return Err(Error::Bug(format!("{}: a report runs in Db::report only", sql.at)));
        }
        self.queries += 1;
        let late = self.until.is_some_and(|u| u <= Instant::now());
        let done = if late { Err(Error::Deadline.into()) } else { f(&mut self.conn, self.until) };
        done.map_err(|Failure { error, again }| {
            let error = at(sql, error);
            self.failed = Some(Failure { error: error.clone(), again });
            error
        })
    }

    /// Runs a closure: a panic becomes an error, and so does `Ok` after a statement has failed. With it, whether
    /// running it again may succeed.
    pub(crate) fn guarded<R, E: From<Error>>(
        mut self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> (Result<R, E>, Again) {
        let out = caught(|| f(&mut self));
        match (out, self.failed) {
            (Ok(_), Some(failed)) => (Err(failed.error.into()), failed.again),
            (out, failed) => (out, failed.map_or(Again::Never, |f| f.again)),
        }
    }
}

/// Says which statement it was, where that helps.
fn at(sql: &Sql, e: Error) -> Error {
    match e {
        Error::Bug(m) => Error::Bug(format!("{}: {m}", sql.at)),
        Error::Decode(m) => Error::Decode(format!("{}: {m}", sql.at)),
        other => other,
    }
}

/// No panic crosses this layer.
pub(crate) fn caught<R, E: From<Error>>(f: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::Bug(format!("panic: {}", text.unwrap_or("without words"))).into())
    })
}

/// Many steps in one transaction, committed together at the end.
pub struct Batch<'c> {
    conn: Conn<'c>,
    lost: Option<Error>,
}
impl<'c> Batch<'c> {
    pub(crate) fn new(conn: Conn<'c>) -> Self {
        Batch { conn, lost: None }
    }
    /// One step: an `Err` undoes it alone.
    pub fn step<R, E: From<Error>>(&mut self, f: impl FnOnce(&mut Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        if let Some(e) = &self.lost {
            return Err(e.clone().into());
        }
        let begun = self.conn.control("SAVEPOINT step");
        begun.map_err(|e| self.lose(e))?;
        let (mut out, _) = Tx::new(self.conn.reborrow(), None).guarded(f);
        if let Conn::Pg(c) = &mut self.conn {
            match &out {
                Ok(_) => out = c.settle().map_err(|e| e.error.into()).and(out),
                Err(_) => c.forget(),
            }
        }
        let ended = self.conn.control(if out.is_ok() {
            "RELEASE SAVEPOINT step"
        } else {
            "ROLLBACK TO SAVEPOINT step; RELEASE SAVEPOINT step"
        });
        ended.map_err(|e| self.lose(e))?;
        out
    }
    /// For the layer's own statements.
    pub(crate) fn conn(&mut self) -> &mut Conn<'c> {
        &mut self.conn
    }
    fn lose(&mut self, e: Error) -> Error {
        self.lost = Some(e.clone());
        e
    }
    /// Runs the closure of a whole batch; a batch that was lost on the way is an error whatever the closure says.
    pub(crate) fn run<R, E: From<Error>>(mut self, f: impl FnOnce(&mut Batch<'_>) -> Result<R, E>) -> Result<R, E> {
        let out = caught(|| f(&mut self))?;
        self.lost.map_or(Ok(out), |e| Err(e.into()))
    }
}
