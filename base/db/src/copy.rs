//! A whole database into an empty one, on either engine: every row of every table, table after table in the order of
//! their foreign keys, streamed. What the tables hold is compared by a hash that is the same on both engines.
use crate::tx::{Conn, caught};
use crate::{Db, Engine, Error, Options, Result, Row, Value, migrate, pg, sqlite};
use linli_schema::{ColumnType, TableInfo, schema};
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use rusqlite::params_from_iter;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use uuid::Uuid;

/// Progress is told after each so many rows.
const STRIDE: u64 = 10_000;

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
        migrate::check(&mut match &mut held {
            Held::Sqlite(c) => Conn::Sqlite(c),
            Held::Pg(c) => Conn::Pg(c),
        })?;
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
                let none: [&(dyn ToSql + Sync); 0] = [];
                let mut found = c.client().query_raw(&select(table, Engine::Pg), none).map_err(refused)?;
                while let Some(r) = found.next().map_err(refused)? {
                    row(&Row::Pg(&r))?;
                }
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

/// Copies every row into a database that is empty, in one transaction, and gives what was read. Each engine's own
/// indexes (tables without columns in the schema) are left for their modules to make again.
pub fn copy(from: &mut Snapshot, to: &Db, progress: Progress<'_>) -> Result<Vec<Content>> {
    to.batch(|b| {
        let conn = b.conn();
        conn.control(match conn {
            // A unit may have been put under one that is newer: on SQLite the keys are checked at the commit, on
            // PostgreSQL after each table.
            Conn::Sqlite(_) => "PRAGMA defer_foreign_keys = ON",
            Conn::Pg(_) => "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
        })?;
        if let Some(table) = first_occupied(conn)? {
            return Err(Error::Constraint(format!("{table} is not empty")));
        }
        let put = |table| caught(|| put(from, conn, table, progress));
        tables().map(put).collect()
    })
}

fn put(from: &mut Snapshot, to: &mut Conn<'_>, table: &'static TableInfo, progress: Progress<'_>) -> Result<Content> {
    let (name, columns) = (&table.name, columns(table));
    match to {
        Conn::Sqlite(c) => {
            let places = vec!["?"; table.columns.len()].join(", ");
            let text = format!("INSERT INTO {name} ({columns}) VALUES ({places})");
            let mut insert = c.raw().prepare(&text).map_err(sqlite::error)?;
            from.table(table, progress, &mut |values| {
                insert.execute(params_from_iter(values)).map(drop).map_err(|e| at(table, "*", sqlite::error(e)))
            })
        }
        Conn::Pg(c) => {
            let client = c.client();
            let shape = client.prepare(&format!("SELECT {columns} FROM {name}")).map_err(refused)?;
            let types: Vec<Type> = shape.columns().iter().map(|c| c.type_().clone()).collect();
            let text = format!("COPY {name} ({columns}) FROM STDIN (FORMAT binary)");
            let mut writer = BinaryCopyInWriter::new(client.copy_in(&text).map_err(refused)?, &types);
            let wrong = |e| at(table, "*", refused(e));
            let done = from.table(table, progress, &mut |values| writer.write_raw(values).map_err(wrong))?;
            writer.finish().map_err(wrong)?;
            Ok(done)
        }
    }
}

/// Every table that both engines have, but the list of migrations, which a database makes itself.
fn tables() -> impl Iterator<Item = &'static TableInfo> {
    schema().referred_first().into_iter().filter(|t| !t.columns.is_empty() && t.name != "schema_migrations")
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
        let text = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        let some = match conn {
            Conn::Sqlite(c) => c.raw().prepare(&text).and_then(|mut s| s.exists([])).map_err(sqlite::error)?,
            Conn::Pg(c) => c.client().query_opt(&text, &[]).map_err(refused)?.is_some(),
        };
        if some {
            return Ok(Some(&table.name));
        }
    }
    Ok(None)
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

fn refused(e: postgres::Error) -> Error {
    pg::failure(&e).error
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
