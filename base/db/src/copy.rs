//! A whole database into an empty one, on either engine: every row of every table, table after table in the order of
//! their foreign keys, streamed and committed in helpings, so that neither this program nor the database's log grows with the
//! size of a table. What the tables hold is compared by a hash that is the same on both engines.
//!
//! From the first row until [`finish`] the target carries a mark: it opens for nobody but the next [`target`], which empties
//! it, so that a copy that was broken off is begun again and never taken for a whole one.
use crate::tx::{Conn, caught};
use crate::{Db, Engine, Error, Options, Result, Row, Value, migrate, pg, sqlite, wire};
use linli_schema::{ColumnType, TableInfo, schema};
use rusqlite::params_from_iter;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use tokio_postgres::types::Type;
use uuid::Uuid;

/// Progress is told after each so many rows.
const STRIDE: u64 = 10_000;
/// On SQLite so many rows are committed together.
const HELPING: u64 = 50_000;

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over all rows in the order of the primary key, each column in a form that does not depend on the engine
    /// (JSON with sorted keys and without spaces).
    pub hash: [u8; 32],
}

/// Hears the table and how many of its rows are done.
pub type Progress<'p> = &'p mut dyn FnMut(&'static str, u64);

/// One snapshot of a database, only for reading. On SQLite it needs no lock: a server may be at work there meanwhile.
pub struct Snapshot(Held);
enum Held {
    Sqlite(Box<sqlite::Conn>),
    Pg(Box<pg::Conn>),
}

impl Snapshot {
    /// Opens the snapshot; nothing is written there. Refuses a database whose schema is not exactly this program's.
    pub fn open(o: &Options) -> Result<Snapshot> {
        let mut held = match &o.url {
            Some(url) => Held::Pg(Box::new(pg::Conn::beside(url, o)?)),
            None => {
                let conn = sqlite::Conn::beside(o)?;
                conn.control("BEGIN")?;
                Held::Sqlite(Box::new(conn))
            }
        };
        // The first statement begins the snapshot on both engines.
        let mut conn = match &mut held {
            Held::Sqlite(c) => Conn::Sqlite(c),
            Held::Pg(c) => Conn::Pg(c),
        };
        migrate::check(&mut conn)?;
        if !o.unfinished && holds_rows(&mut conn, MARK)? {
            return Err(broken_off());
        }
        Ok(Snapshot(held))
    }

    /// What every table holds, in the order of [`copy`].
    pub fn contents(&mut self, progress: Progress<'_>) -> Result<Vec<Content>> {
        tables().map(|t| self.table(t, progress, &mut |_| Ok(()))).collect()
    }

    /// Passes each row of a table to `each`, in the order of the primary key.
    fn table(
        &mut self,
        table: &'static TableInfo,
        progress: Progress<'_>,
        each: &mut dyn FnMut(&[Value<'_>]) -> Result<()>,
    ) -> Result<Content> {
        let (mut hash, mut rows) = (Sha256::new(), 0);
        let mut row = |row: &Row<'_>| -> Result<()> {
            let of = |(i, c): (usize, &linli_schema::ColumnInfo)| {
                row.value(i).and_then(|v| same_on_both(v, c.holds)).map_err(|e| at(table, &c.name, e))
            };
            let values: Vec<Value<'_>> = table.columns.iter().enumerate().map(of).collect::<Result<_>>()?;
            values.iter().for_each(|v| add(&mut hash, v));
            each(&values)?;
            rows += 1;
            if rows % STRIDE == 0 {
                progress(&table.name, rows);
            }
            Ok(())
        };
        match &mut self.0 {
            Held::Sqlite(c) => {
                let mut statement = c.raw().prepare(&select(table, Engine::Sqlite)).map_err(sqlite::error)?;
                let mut found = statement.query([]).map_err(sqlite::error)?;
                while let Some(r) = found.next().map_err(sqlite::error)? {
                    row(&Row::Sqlite(r))?;
                }
            }
            Held::Pg(c) => {
                // To the end even after an error of ours: what is on its way must be read.
                let mut done = Ok(());
                pg::query(c.wire(), &select(table, Engine::Pg), &mut |r| {
                    if done.is_ok() {
                        done = row(r);
                    }
                })?;
                done?;
            }
        }
        progress(&table.name, rows);
        Ok(Content { table: &table.name, rows, hash: hash.finalize().into() })
    }
}

/// The first table that is not empty.
pub fn occupied(db: &Db) -> Result<Option<&'static str>> {
    db.batch(|b| first_occupied(b.conn()))
}

/// The table of the mark.
const MARK: &str = "copying";

fn broken_off() -> Error {
    Error::Unavailable(
        "a copy into this database was broken off: run the same `linli copy` again, which begins anew, or remove the database"
            .into(),
    )
}

/// Refuses a database into which a copy was begun and not finished.
pub(crate) fn whole(db: &Db) -> Result<()> {
    if db.batch(|b| holds_rows(b.conn(), MARK))? { Err(broken_off()) } else { Ok(()) }
}

/// Opens the target of a copy, and empties it where an earlier copy was broken off. What is in a database without that mark
/// is left alone: [`copy`] refuses it.
pub fn target(o: &Options) -> Result<Db> {
    let o = Options { unfinished: true, ..o.clone() };
    let db = Db::open(&o)?;
    if !db.batch(|b| holds_rows(b.conn(), MARK))? {
        return Ok(db);
    }
    if o.url.is_none() {
        drop(db);
        sqlite::remove(&o)?;
        return Db::open(&o);
    }
    db.batch(|b| {
        let conn = b.conn();
        unhurried(conn)?;
        let names: Vec<&str> = schema().tables.iter().map(|t| t.name.as_str()).filter(|t| !OWN.contains(t)).collect();
        // Append-only tables refuse to be emptied, but nothing in here was ever anybody's.
        let switch = |verb: &str| -> String {
            names.iter().map(|t| format!("ALTER TABLE {t} {verb} TRIGGER USER;")).collect::<Vec<_>>().join("")
        };
        let all = names.join(", ");
        conn.control(&format!("{} TRUNCATE {all}; {} DELETE FROM {MARK}", switch("DISABLE"), switch("ENABLE")))
    })?;
    Ok(db)
}

/// Says that all of it is there and the same: from now on the target opens like any other.
pub fn finish(to: &Db) -> Result<()> {
    to.batch(|b| b.conn().control(&format!("DELETE FROM {MARK}")))
}

/// Copies every row into a database that is empty, and gives what was read. It stays marked until [`finish`]. Each engine's
/// own indexes (tables without columns in the schema) are left for their modules to make again.
pub fn copy(from: &mut Snapshot, to: &Db, progress: Progress<'_>) -> Result<Vec<Content>> {
    to.batch(|b| {
        let conn = b.conn();
        unhurried(conn)?;
        if let Some(table) = first_occupied(conn)? {
            return Err(Error::Constraint(format!("{table} is not empty")));
        }
        conn.control(&format!("INSERT INTO {MARK} (id) VALUES (1)"))?;
        let put = |table| {
            so_far(conn)?;
            caught(|| put(from, conn, table, progress))
        };
        tables().map(put).collect()
    })
}

/// What the transaction of a copy needs. A unit may have been put under one that is newer: on SQLite the keys are checked at
/// the commit, on PostgreSQL after each table.
fn unhurried(conn: &mut Conn<'_>) -> Result<()> {
    conn.control(match conn {
        Conn::Sqlite(_) => "PRAGMA defer_foreign_keys = ON",
        Conn::Pg(_) => "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
    })
}

/// Commits and goes on.
fn so_far(conn: &mut Conn<'_>) -> Result<()> {
    conn.control("COMMIT")?;
    conn.control(if matches!(conn, Conn::Sqlite(_)) { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
    unhurried(conn)
}

fn put(from: &mut Snapshot, to: &mut Conn<'_>, table: &'static TableInfo, progress: Progress<'_>) -> Result<Content> {
    let (name, columns) = (&table.name, columns(table));
    // Rows that refer to others of their own table come in with all of them.
    let of_itself = schema().foreign_keys.iter().any(|k| k.from == *name && k.to == *name);
    match to {
        Conn::Sqlite(c) => {
            let places = vec!["?"; table.columns.len()].join(", ");
            let text = format!("INSERT INTO {name} ({columns}) VALUES ({places})");
            let mut insert = c.raw().prepare(&text).map_err(sqlite::error)?;
            let mut rows = 0;
            from.table(table, progress, &mut |values| {
                rows += 1;
                if rows % HELPING == 0 && !of_itself {
                    so_far(&mut Conn::Sqlite(c))?;
                }
                insert.execute(params_from_iter(values)).map(drop).map_err(|e| at(table, "*", sqlite::error(e)))
            })
        }
        Conn::Pg(c) => {
            let wire = c.wire();
            let shape = wire.prepare(&format!("SELECT {columns} FROM {name}"), &[])?;
            let types: Vec<Type> = shape.columns().iter().map(|c| c.type_().clone()).collect();
            let text = format!("COPY {name} ({columns}) FROM STDIN (FORMAT binary)");
            let wrong = |e: wire::Fault| at(table, "*", e.into());
            wire.copy_in(&text, &types, wrong, |put| {
                caught(|| from.table(table, progress, &mut |values| put(values).map_err(wrong)))
            })
        }
    }
}

/// The tables that a database keeps for itself.
const OWN: [&str; 2] = ["schema_migrations", MARK];

/// Every table that both engines have, but a database's own.
fn tables() -> impl Iterator<Item = &'static TableInfo> {
    schema().referred_first().into_iter().filter(|t| !t.columns.is_empty() && !OWN.contains(&t.name.as_str()))
}

fn columns(table: &TableInfo) -> String {
    table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Ordered by key; texts byte by byte, whatever the database's language.
fn select(table: &TableInfo, engine: Engine) -> String {
    let keyed = table.columns.iter().any(|c| c.key);
    let order = table.columns.iter().filter(|c| c.key || !keyed).map(|c| match (engine, c.holds) {
        (Engine::Pg, ColumnType::Text) => format!("{} COLLATE \"C\"", c.name),
        // JSON has no order of its own that both engines share.
        (Engine::Pg, ColumnType::Json) => format!("{}::text COLLATE \"C\"", c.name),
        _ => c.name.clone(),
    });
    format!("SELECT {} FROM {} ORDER BY {}", columns(table), table.name, order.collect::<Vec<_>>().join(", "))
}

fn first_occupied(conn: &mut Conn<'_>) -> Result<Option<&'static str>> {
    for table in tables() {
        if holds_rows(conn, &table.name)? {
            return Ok(Some(&table.name));
        }
    }
    Ok(None)
}

fn holds_rows(conn: &mut Conn<'_>, table: &str) -> Result<bool> {
    let text = format!("SELECT 1 FROM {table} LIMIT 1");
    match conn {
        Conn::Sqlite(c) => c.raw().prepare(&text).and_then(|mut s| s.exists([])).map_err(sqlite::error),
        Conn::Pg(c) => {
            let mut any = false;
            pg::query(c.wire(), &text, &mut |_| any = true)?;
            Ok(any)
        }
    }
}

/// The one form of a value: what SQLite keeps as a number or text gets its meaning back.
fn same_on_both(value: Value<'_>, holds: ColumnType) -> Result<Value<'_>> {
    let wrong = |e: &dyn std::fmt::Display| Error::Decode(e.to_string());
    let json = |text: &str| {
        let parsed: serde_json::Value = serde_json::from_str(text).map_err(|e| wrong(&e))?;
        Ok(Value::Json(Cow::Owned(parsed.to_string())))
    };
    match (value, holds) {
        (Value::Int(i @ 0..=1), ColumnType::Bool) => Ok(Value::Bool(i == 1)),
        (Value::Bytes(b), ColumnType::Uuid) => Uuid::from_slice(b).map(Value::Uuid).map_err(|e| wrong(&e)),
        (Value::Text(text), ColumnType::Json) => json(text),
        (Value::Json(text), ColumnType::Json) => json(&text),
        (Value::Unfit(why), _) => Err(wrong(&why)),
        (value, _) => Ok(value),
    }
}

fn add(hash: &mut Sha256, value: &Value<'_>) {
    let mut part = |tag: u8, bytes: &[u8]| {
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    match value {
        Value::Bool(b) => part(1, &[u8::from(*b)]),
        Value::Int(i) => part(2, &i.to_be_bytes()),
        Value::Real(f) => part(3, &f.to_bits().to_be_bytes()),
        Value::Text(s) => part(4, s.as_bytes()),
        Value::Bytes(b) => part(5, b),
        Value::Uuid(u) => part(6, u.as_bytes()),
        Value::Json(s) => part(7, s.as_bytes()),
        // The last two never come out of a database.
        Value::Null | Value::List(_) | Value::Unfit(_) => part(0, &[]),
    }
}

/// Says which table it was.
fn at(table: &TableInfo, column: &str, e: Error) -> Error {
    let name = &table.name;
    match e {
        Error::Bug(m) => Error::Bug(format!("{name}.{column}: {m}")),
        Error::Decode(m) => Error::Decode(format!("{name}.{column}: {m}")),
        Error::Constraint(m) => Error::Constraint(format!("{name}.{column}: {m}")),
        other => other,
    }
}
