//! Brings a database's schema up to date: all that is missing, in one transaction.
use crate::statement::text;
use crate::tx::{Conn, Tx};
use crate::{Error, Result, Sql, Variant};
use linli_schema::schema;

static APPLIED: Sql = {
    static TEXT: [Variant; 1] = text::<0>("SELECT number, name, hash FROM schema_migrations ORDER BY number");
    Sql::unchecked(&TEXT, &TEXT, 0)
};
static EXISTS: Sql = {
    static SQLITE: [Variant; 1] = text::<0>("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'");
    static PG: [Variant; 1] = text::<0>("SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_migrations')");
    Sql::unchecked(&SQLITE, &PG, 0)
};
static NOTE: Sql = {
    static SQLITE: [Variant; 1] = text::<3>("INSERT INTO schema_migrations (number, name, hash) VALUES (?1, ?2, ?3)");
    static PG: [Variant; 1] = text::<3>("INSERT INTO schema_migrations (number, name, hash) VALUES ($1, $2, $3)");
    Sql::unchecked(&SQLITE, &PG, 3)
};

/// Refuses a database whose schema is not exactly this program's.
pub(crate) fn check(conn: &mut Conn<'_>) -> Result<()> {
    run_within(conn, false)
}

/// Runs what has not been run. Refuses a database of a newer program, and one whose migrations were changed afterwards.
pub(crate) fn run(conn: &mut Conn<'_>) -> Result<()> {
    conn.control(if matches!(conn, Conn::Sqlite(_)) { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
    let done = run_within(conn, true).and_then(|()| conn.control("COMMIT"));
    if done.is_err() {
        let _ = conn.control("ROLLBACK");
    }
    done
}

fn run_within(conn: &mut Conn<'_>, make: bool) -> Result<()> {
    let mut tx = Tx::new(conn.reborrow(), None);
    let engine = tx.engine();
    let (exists,) = tx.one::<(i64,)>(&EXISTS, &[])?;
    let mut applied =
        if exists == 1 { tx.all::<(i64, String, String)>(&APPLIED, &[])? } else { Vec::new() }.into_iter();
    for m in &schema().migrations {
        let Some(ddl) = m.text(engine) else { continue };
        match applied.next() {
            Some((number, _, hash)) if number == m.number && hash == m.hash() => continue,
            Some((number, name, _)) => {
                let text = format!(
                    "migration {number:04}_{name} was changed, renumbered or removed after this database had run it ({})",
                    m.file
                );
                return Err(Error::Unavailable(text));
            }
            None if !make => {
                let text = format!("this database lacks migrations/{}: let this program serve it once", m.file);
                return Err(Error::Unavailable(text));
            }
            None => {
                conn.control(&format!("{ddl}\n;"))
                    .map_err(|e| Error::Unavailable(format!("migrations/{}: {e}", m.file)))?;
                Tx::new(conn.reborrow(), None).exec(&NOTE, &[&m.number, &m.name, &m.hash()])?;
            }
        }
    }
    match applied.next() {
        None => Ok(()),
        Some((number, name, _)) => Err(Error::Unavailable(format!(
            "this database was made by a newer program: it has migration {number:04}_{name}"
        ))),
    }
}
