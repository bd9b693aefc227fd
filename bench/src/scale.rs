//! Many cases quickly: a hundred thousand are lived through the use cases (`linli bench-seed`), the rest are copies of them
//! with ids, numbers and index entries of their own, in the order of time as if they had been written one by one.
use crate::Done;
use postgres::{Client, NoTls};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use uuid::Uuid;

fn open(data: &Path) -> Done<Connection> {
    let db = Connection::open(data.join("linli.db"))?;
    db.set_prepared_statement_cache_capacity(64);
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA foreign_keys = OFF; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY")?;
    Ok(db)
}

/// The same row's id in copy `ks.k`: its instant stays, version 8 (RFC 9562) leaves the twelve bits after it to us.
fn id(column: &str) -> String {
    format!("CASE WHEN k = 0 THEN {column} ELSE CAST(substr({column}, 1, 6) || tag || substr({column}, 9) AS BLOB) END")
}

/// The document number in copy `k`: its instant stays.
fn doc(doc: i64, k: i64) -> i64 {
    (doc & !0xf_ffff) | ((doc + k * 104_729) & 0xf_ffff)
}

pub(crate) fn multiply(data: &Path, times: i64) -> Done {
    let began = Instant::now();
    let base = data.join("base.db");
    let db = open(data)?;
    std::fs::copy(data.join("linli.db"), &base)?;
    db.execute("ATTACH ?1 AS base", params![base.display().to_string()])?;
    db.execute_batch("CREATE TEMP TABLE ks (k INTEGER PRIMARY KEY, tag BLOB)")?;
    for k in 0..times {
        db.execute("INSERT INTO ks VALUES (?1, ?2)", params![k, [0x80 | (k >> 8) as u8, k as u8]])?;
    }
    // Append-only tables refuse to be emptied; their guards come back afterwards.
    let guards: Vec<(String, String)> = {
        let mut q = db.prepare("SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'")?;
        let rows = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    for (name, _) in &guards {
        db.execute_batch(&format!("DROP TRIGGER main.\"{name}\""))?;
    }
    let tables: &[(&str, &[&str], &str)] = &[
        ("matters", &["id", "parent"], "rowid"),
        ("acts", &["id", "matter"], "rowid"),
        ("act_words", &["act", "matter"], "act"),
        ("matter_parties", &["matter"], "matter"),
        ("clocks", &["id", "matter"], "rowid"),
        ("cases", &["matter"], "matter"),
    ];
    for (table, ids, order) in tables {
        let columns: Vec<String> = {
            let mut q = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
            q.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?
        };
        let number = format!(
            "rtrim(number, '0123456789') || ((CAST(substr(number, length(rtrim(number, '0123456789')) + 1) AS INTEGER) - 1) * {times} + k + 1)"
        );
        let picked = columns.iter().map(|c| match c.as_str() {
            "number" if *table == "matters" => number.clone(),
            c if ids.contains(&c) => id(c),
            c => c.to_owned(),
        });
        let picked: Vec<String> = picked.collect();
        let n = db.execute(&format!("DELETE FROM main.{table}"), [])?;
        let copied = db.execute(&format!("INSERT INTO main.{table} ({}) SELECT {} FROM base.{table} CROSS JOIN ks ORDER BY base.{table}.{order}, k", columns.join(", "), picked.join(", ")), [])?;
        eprintln!("{table}: {n} rows, now {copied} ({:?})", began.elapsed());
    }
    let broken: i64 = db.query_row("SELECT count(*) FROM main.matters WHERE length(id) <> 16", [], |r| r.get(0))?;
    if broken > 0 {
        return Err(format!("{broken} ids are broken").into());
    }
    db.execute("UPDATE counters SET n = n * ?1", [times])?;
    db.execute("UPDATE matter_numbers SET next = next * ?1", [times])?;
    db.execute_batch("DELETE FROM main.search_docs; INSERT INTO main.search (search) VALUES ('delete-all'); BEGIN")?;
    {
        let base_docs: HashMap<Vec<u8>, i64> = {
            let mut q = db.prepare("SELECT id, doc FROM base.search_docs")?;
            q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?
        };
        let mut put = db.prepare("INSERT INTO main.search (rowid, terms) VALUES (?1, ?2)")?;
        let mut put_doc = db.prepare("INSERT INTO main.search_docs (id, doc) VALUES (?1, ?2)")?;
        let (mut n, mut original) = (0u64, 0i64);
        each_text(&db, "main", &mut |matter, terms| {
            // The copies of a case lie side by side, the original first.
            let k = i64::try_from(n)? % times;
            if k == 0 {
                original = base_docs.get(matter).copied().ok_or("a case without a document")?;
            }
            let doc = doc(original, k);
            put_doc.execute(params![matter, doc])?;
            put.execute(params![doc, terms])?;
            n += 1;
            if n.is_multiple_of(20_000) {
                db.execute_batch("COMMIT; BEGIN")?;
            }
            Ok(())
        })?;
        eprintln!("search: {n} ({:?})", began.elapsed());
    }
    db.execute_batch("COMMIT")?;
    for (_, sql) in &guards {
        db.execute_batch(sql)?;
    }
    db.execute_batch("DETACH base; PRAGMA journal_mode = WAL")?;
    std::fs::remove_file(&base)?;
    eprintln!("done in {:?}", began.elapsed());
    Ok(())
}

/// Each matter with its index text, in the order of the table.
fn each_text(db: &Connection, schema: &str, f: &mut dyn FnMut(&[u8], &str) -> Done) -> Done {
    use linli_matters::rules;
    let mut q = db.prepare(&format!(
        "SELECT m.id, m.title, coalesce(w.words, ''), m.place_name, m.number, m.u1, m.u2, m.u3, m.u4, m.u5, m.u6, m.audience
         FROM {schema}.matters m JOIN {schema}.acts a ON a.matter = m.id AND a.seq = 1 LEFT JOIN {schema}.act_words w ON w.act = a.id ORDER BY m.rowid"
    ))?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        let text = |i: usize| r.get_ref(i).ok().and_then(|v| v.as_str().ok().map(str::to_owned)).unwrap_or_default();
        let unit = |i: usize| Some(Uuid::from_slice(r.get_ref(i).ok()?.as_blob().ok()?).ok()?.into());
        let terms = rules::index_text(&text(1), &text(2), &text(3), &text(4), (5..=10).filter_map(unit), unit(11));
        f(r.get_ref(0)?.as_blob()?, &terms)?;
    }
    Ok(())
}

/// Tables of the full-text index, which each engine has in its own shape, and what migrations write themselves.
fn skipped(table: &str) -> bool {
    table.starts_with("sqlite_")
        || table == "search"
        || (table.starts_with("search_") && table != "search_docs")
        || table == "schema_migrations"
}

pub(crate) fn to_pg(data: &Path, url: &str) -> Done {
    let began = Instant::now();
    let db = Connection::open(data.join("linli.db"))?;
    let mut pg = Client::connect(url, NoTls)?;
    // Rules were kept where the rows come from: foreign keys and guards are not asked again.
    pg.batch_execute(
        "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'",
    )?;
    let tables: Vec<String> = {
        let mut q = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")?;
        let all: Vec<String> = q.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        all.into_iter().filter(|t| !skipped(t)).collect()
    };
    pg.batch_execute(&format!("TRUNCATE {}, search", tables.join(", ")))?;
    let indexes: Vec<(String, String)> = pg
        .query("SELECT i.indexname, i.indexdef FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname WHERE i.schemaname = 'public' AND c.oid IS NULL", &[])?
        .iter()
        .map(|r| (r.get(0), r.get(1)))
        .collect();
    for (name, _) in &indexes {
        pg.batch_execute(&format!("DROP INDEX \"{name}\""))?;
    }
    for table in &tables {
        let columns: Vec<(String, String)> = pg
            .query("SELECT column_name::text, udt_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position", &[table])?
            .iter()
            .map(|r| (r.get(0), r.get(1)))
            .collect();
        let names: Vec<String> = columns.iter().map(|c| format!("\"{}\"", c.0)).collect();
        let mut q = db
            .prepare(&format!("SELECT {} FROM \"{table}\" ORDER BY rowid", names.join(", ")))
            .or_else(|_| db.prepare(&format!("SELECT {} FROM \"{table}\"", names.join(", "))))?;
        let mut rows = q.query([])?;
        let mut to = pg.copy_in(&format!("COPY \"{table}\" ({}) FROM STDIN", names.join(", ")))?;
        let (mut n, mut line) = (0u64, String::new());
        while let Some(r) = rows.next()? {
            line.clear();
            for (i, (_, kind)) in columns.iter().enumerate() {
                if i > 0 {
                    line.push('\t');
                }
                field(&mut line, r.get_ref(i)?, kind)?;
            }
            line.push('\n');
            to.write_all(line.as_bytes())?;
            n += 1;
        }
        to.finish()?;
        if n > 10_000 {
            eprintln!("{table}: {n} ({:?})", began.elapsed());
        }
    }
    pg.batch_execute("CREATE TEMP TABLE texts (id UUID, terms TEXT)")?;
    let mut to = pg.copy_in("COPY texts FROM STDIN")?;
    each_text(&db, "main", &mut |id, terms| {
        let mut line = Uuid::from_slice(id)?.to_string();
        line.push('\t');
        escape(&mut line, terms);
        line.push('\n');
        Ok(to.write_all(line.as_bytes())?)
    })?;
    to.finish()?;
    pg.batch_execute("INSERT INTO search (doc, terms) SELECT d.doc, to_tsvector('simple', t.terms) FROM texts t JOIN search_docs d ON d.id = t.id ORDER BY d.doc")?;
    eprintln!("search ({:?})", began.elapsed());
    for (name, sql) in &indexes {
        pg.batch_execute(sql).map_err(|e| format!("{name}: {e}"))?;
    }
    // What autovacuum does within minutes.
    pg.batch_execute("VACUUM ANALYZE")?;
    pg.batch_execute("CHECKPOINT")?;
    eprintln!("done in {:?}", began.elapsed());
    Ok(())
}

/// A value in COPY's text format.
fn field(line: &mut String, v: ValueRef<'_>, kind: &str) -> Done {
    match v {
        ValueRef::Null => line.push_str("\\N"),
        ValueRef::Integer(i) if kind == "bool" => line.push(if i == 0 { 'f' } else { 't' }),
        ValueRef::Integer(i) => line.push_str(&i.to_string()),
        ValueRef::Real(f) => line.push_str(&f.to_string()),
        ValueRef::Text(t) => escape(line, std::str::from_utf8(t)?),
        ValueRef::Blob(b) => {
            if kind != "uuid" {
                line.push_str("\\\\x");
            }
            b.iter().for_each(|byte| line.push_str(&format!("{byte:02x}")));
        }
    }
    Ok(())
}

fn escape(line: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c => line.push(c),
        }
    }
}

/// Runs a statement as the program would and tells its plan, rows and processor time.
pub(crate) fn ask(data: &Path, sql: &str) -> Done {
    let db = Connection::open(data.join("linli.db"))?;
    db.execute_batch("PRAGMA cache_size = -32000; PRAGMA mmap_size = 268435456")?;
    let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let mut rows = plan.query([])?;
    while let Some(r) = rows.next()? {
        println!("  {}", r.get::<_, String>(3)?);
    }
    let mut q = db.prepare(sql)?;
    let mut n = 0;
    let began = crate::machine::cpu_ms(std::process::id())?;
    for _ in 0..200 {
        let mut rows = q.query([])?;
        n = 0;
        while rows.next()?.is_some() {
            n += 1;
        }
    }
    println!("  {n} rows, {:.3} ms", (crate::machine::cpu_ms(std::process::id())? - began) / 200.0);
    Ok(())
}
