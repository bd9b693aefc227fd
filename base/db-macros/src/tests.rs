//! What passes and what is refused, on a small schema of two modules.
use crate::check::{Checker, words};
use crate::statement;
use crate::text::{Variant, expand};
use linli_schema::{Engine, Schema};

const MIGRATIONS: &[(&str, &str)] = &[
    (
        "0001_matters.sql",
        "CREATE TABLE matters (id UUID NOT NULL PRIMARY KEY, unit UUID NOT NULL, title TEXT NOT NULL, code TEXT COLLATE \"C\" NOT NULL, n BIGINT NOT NULL, open BOOLEAN NOT NULL, data JSONB NOT NULL);
         -- append-only: acts
         CREATE TABLE acts (id UUID NOT NULL PRIMARY KEY, matter UUID NOT NULL REFERENCES matters (id), at BIGINT NOT NULL);
         CREATE VIEW matters_facts AS SELECT id, unit, n FROM matters;
         CREATE VIEW matters_all AS SELECT id FROM matters;",
    ),
    ("0002_cases.sql", "CREATE TABLE cases (id UUID NOT NULL PRIMARY KEY REFERENCES matters (id), category TEXT NOT NULL);
         CREATE VIEW cases_facts AS SELECT c.id, f.n FROM cases c JOIN matters_facts f ON f.id = c.id;"),
    ("0003_matters_search.sqlite.sql", "CREATE VIRTUAL TABLE matters_search USING fts5 (terms, content = '', contentless_delete = 1);
         CREATE TRIGGER matters_searched AFTER DELETE ON matters BEGIN DELETE FROM matters_search WHERE rowid = 1; END;"),
    ("0003_matters_search.pg.sql", "CREATE TABLE matters_search (id UUID NOT NULL PRIMARY KEY, terms TSVECTOR NOT NULL);"),
];

fn checker() -> Checker {
    Checker::new(Schema::read(MIGRATIONS.iter().copied()).unwrap()).unwrap()
}
fn check(checker: &Checker, module: &str, report: bool, sql: &str) -> Result<Vec<String>, String> {
    statement(sql, Engine::Pg, checker, module, report)?;
    let lite = statement(sql, Engine::Sqlite, checker, module, report)?;
    let mut columns = Vec::new();
    for v in &lite.variants {
        columns = checker.read(&v.sql, v.args.len(), module)?;
    }
    Ok(columns)
}

#[test]
fn good_statements_pass() {
    let c = checker();
    for (module, sql) in [
        ("matters", "SELECT id, title FROM matters WHERE unit = $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
        (
            "matters",
            "SELECT id FROM matters WHERE n > $1 [AND unit = $2] [AND (n < $3 OR open)] ORDER BY code COLLATE \"C\" LIMIT 5",
        ),
        (
            "matters",
            "INSERT INTO matters (id, unit, title, code, n, open, data) VALUES ($1, $2, $3, $4, 0, TRUE, $5) ON CONFLICT (id) DO UPDATE SET n = matters.n + 1 RETURNING n",
        ),
        ("matters", "INSERT INTO acts (id, matter, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"),
        ("matters", "UPDATE matters SET title = replace(title, $2, ' or replace ') WHERE id = $1"),
        ("matters", "DELETE FROM matters WHERE id IN UUIDS($1)"),
        ("matters", "SELECT count(*), max(n) FROM matters WHERE open"),
        ("matters", "SELECT count(*) FILTER (WHERE open) FROM matters"),
        ("matters", "SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM matters WHERE data ->> 'like' = $1"),
        ("matters", "SELECT CAST(avg(n) AS DOUBLE PRECISION) FROM matters"),
        ("matters", "SELECT EXISTS (SELECT 1 FROM matters WHERE id = $1)"),
        (
            "matters",
            "WITH RECURSIVE up(id) AS (SELECT unit FROM matters WHERE id = $1 UNION SELECT m.unit FROM matters m JOIN up ON up.id = m.id) SELECT id FROM up LIMIT 9",
        ),
        ("matters", "SELECT unit, count(*) FROM matters GROUP BY unit LIMIT 10"),
        ("matters", "SELECT m.id FROM matters m JOIN (SELECT id FROM matters_facts) f ON f.id = m.id LIMIT 10"),
        ("matters", "SELECT count(*) FROM matters WHERE n IN INTS($1) AND code NOT IN TEXTS($2)"),
        ("cases", "SELECT f.n FROM cases c JOIN matters_facts f ON f.id = c.id LIMIT 10"),
        (
            "cases",
            "WITH f AS (SELECT id, n FROM matters_facts WHERE n > $1) SELECT f.n FROM f JOIN cases c ON c.id = f.id LIMIT 3",
        ),
        ("cases", "SELECT n FROM cases_facts LIMIT 1"),
        ("cases", "INSERT INTO cases (id, category) VALUES ($1, $2)"),
        ("hall", "SELECT n FROM cases_facts WHERE id = $1 LIMIT 1"),
    ] {
        assert!(check(&c, module, false, sql).is_ok(), "{sql}: {:?}", check(&c, module, false, sql));
    }
    assert_eq!(check(&c, "matters", true, "SELECT id AS a, n FROM matters"), Ok(vec!["a".to_owned(), "n".to_owned()]));
    let search = "SELECT rowid FROM matters_search WHERE matters_search MATCH ?1 LIMIT 20";
    assert_eq!(c.read(search, 1, "matters"), Ok(vec!["rowid".to_owned()]));
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_reason() {
    let c = checker();
    let mut surprises = Vec::new();
    for (module, sql, why) in [
        ("matters", "SELECT absent FROM matters LIMIT 1", "no such column: absent"),
        ("matters", "SELEC id FROM matters LIMIT 1", "a statement is"),
        ("matters", "SELECT id FROM matters WHERE LIMIT 1", "syntax error"),
        // Ownership.
        ("cases", "SELECT id FROM matters LIMIT 1", "matters belongs to matters"),
        (
            "cases",
            "SELECT c.id FROM cases c WHERE EXISTS (SELECT 1 FROM acts a WHERE a.matter = c.id) LIMIT 1",
            "acts belongs to matters",
        ),
        ("cases", "SELECT c.id FROM cases c, \"matters\" LIMIT 1", "matters belongs to matters"),
        ("cases", "INSERT INTO matters_search (rowid, terms) VALUES ($1, $2)", "matters_search belongs to matters"),
        ("cases", "UPDATE matters SET n = 1 WHERE id = $1", "matters belongs to matters"),
        ("cases", "DELETE FROM matters WHERE id = $1", "matters belongs to matters"),
        ("cases", "SELECT id FROM matters_all LIMIT 1", "matters_all belongs to matters"),
        ("hall", "SELECT category FROM cases LIMIT 1", "cases belongs to cases"),
        ("matters", "SELECT k FROM matters_search_config, cases LIMIT 1", "belongs to cases"),
        ("cases", "SELECT k FROM matters_search_config LIMIT 1", "belongs to matters"),
        ("cases", "SELECT name FROM sqlite_schema LIMIT 1", "the engine's own"),
        (
            "cases",
            "WITH matters_facts AS (SELECT * FROM matters) SELECT n FROM matters_facts LIMIT 1",
            "WITH matters_facts",
        ),
        (
            "cases",
            "WITH x AS (SELECT 1), Matters_Facts (n) AS MATERIALIZED (SELECT n FROM matters) SELECT n FROM x LIMIT 1",
            "WITH Matters_Facts",
        ),
        (
            "cases",
            "WITH \"matters_facts\" AS NOT MATERIALIZED (SELECT * FROM matters) SELECT n FROM matters_facts LIMIT 1",
            "WITH matters_facts",
        ),
        (
            "cases",
            "WITH matters_searched AS (SELECT * FROM matters) SELECT n FROM matters_searched LIMIT 1",
            "WITH matters_searched",
        ),
        ("cases", "WITH f AS (SELECT * FROM matters) SELECT n FROM f LIMIT 1", "matters belongs to matters"),
        (
            "cases",
            "SELECT n FROM (SELECT m.n FROM cases c, matters m) AS matters_facts LIMIT 1",
            "matters belongs to matters",
        ),
        ("cases", "SELECT c.id FROM cases AS matters_facts, cases c, acts LIMIT 1", "acts belongs to matters"),
        // Append-only.
        ("matters", "UPDATE acts SET at = 1 WHERE id = $1", "acts is append-only"),
        ("matters", "DELETE FROM acts WHERE id = $1", "acts is append-only"),
        (
            "matters",
            "INSERT INTO acts (id, matter, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET at = 1",
            "acts is append-only",
        ),
        ("matters", "INSERT OR REPLACE INTO acts (id, matter, at) VALUES ($1, $2, $3)", "REPLACE"),
        ("matters", "REPLACE INTO acts (id, matter, at) VALUES ($1, $2, $3)", "REPLACE"),
        // Not the same on both engines, or not the statement's to ask.
        ("matters", "SELECT id FROM matters WHERE title LIKE $1 LIMIT 1", "LIKE"),
        ("matters", "SELECT id FROM matters WHERE lower(title) = $1 LIMIT 1", "lower()"),
        ("matters", "SELECT upper ( title ) FROM matters LIMIT 1", "upper()"),
        ("matters", "SELECT random() FROM matters LIMIT 1", "random()"),
        ("matters", "UPDATE matters SET n = now() WHERE id = $1", "now()"),
        ("matters", "UPDATE matters SET title = CURRENT_TIMESTAMP WHERE id = $1", "CURRENT_TIMESTAMP"),
        ("matters", "SELECT sum(n) FROM matters", "sum()"),
        ("matters", "SELECT CAST(sum(n) AS INTEGER) FROM matters", "sum()"),
        ("matters", "SELECT CAST(n AS BIGINT) + avg(n) FROM matters", "avg()"),
        // Bounds.
        ("matters", "SELECT id FROM matters WHERE open", "LIMIT"),
        ("matters", "SELECT id FROM (SELECT id FROM matters LIMIT 5) m", "LIMIT"),
        ("matters", "SELECT unit, count(*) FROM matters GROUP BY unit", "LIMIT"),
        ("matters", "SELECT max(n, 3) FROM matters", "LIMIT"),
        ("matters", "SELECT count(*) OVER (PARTITION BY unit) FROM matters", "LIMIT"),
        ("matters", "SELECT (SELECT count(*) FROM acts) FROM matters", "LIMIT"),
        ("matters", "SELECT count(*) FROM matters UNION ALL SELECT n FROM matters", "LIMIT"),
        ("matters", "SELECT id FROM matters WHERE n = $1 [AND open = $2 LIMIT 1]", "LIMIT"),
        // Not a statement of a store.
        ("matters", "DROP TABLE acts", "a statement is"),
        ("matters", "PRAGMA synchronous = OFF", "a statement is"),
        ("matters", "DELETE FROM matters WHERE id = $1; DELETE FROM matters", "semicolon"),
        // Parameters and optional clauses.
        ("matters", "SELECT id FROM matters WHERE n = $2 LIMIT 1", "$1 is not used"),
        ("matters", "SELECT id FROM matters WHERE n = ?1 LIMIT 1", "parameters are written"),
        ("matters", "SELECT id FROM matters WHERE n = $0 LIMIT 1", "parameters are $1"),
        ("matters", "SELECT id FROM matters WHERE n = $999 LIMIT 1", "parameters are $1"),
        ("matters", "SELECT id FROM matters WHERE open [AND n = 1] LIMIT 1", "needs a parameter"),
        ("matters", "SELECT id FROM matters WHERE open [AND n = $1 LIMIT 1", "not closed"),
        ("matters", "SELECT id FROM matters WHERE open [AND n = $1 [OR n = $2]] LIMIT 1", "cannot hold another"),
        (
            "matters",
            "SELECT id FROM matters WHERE open [AND n = $1] [AND n > $2] [AND n < $3] [AND n <> $4] LIMIT 1",
            "at most 3",
        ),
        ("matters", "SELECT id FROM matters WHERE open [AND absent = $1] LIMIT 1", "no such column: absent"),
    ] {
        match check(&c, module, false, sql) {
            Err(refused) if refused.contains(why) => (),
            other => surprises.push(format!("{sql}\n  {other:?}")),
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

#[test]
fn postgresqls_own_text_names_no_foreign_table_either() {
    let c = checker();
    let refused = |sql: &str| words(sql, Engine::Pg, c.schema(), "cases", false).expect_err(sql);
    assert!(refused("SELECT terms @@ $1::tsquery FROM matters_search LIMIT 1").contains("belongs to matters"));
    assert!(refused("DELETE FROM cases USING matters WHERE matters.id = cases.id").contains("belongs to matters"));
    assert!(refused("SELECT id FROM cases WHERE category ILIKE $1 LIMIT 1").contains("ILIKE"));
    // An array subscript is no optional clause.
    assert_eq!(expand("SELECT (ARRAY[1, 2])[$1]", Engine::Pg).map(|e| e.variants.len()), Ok(1));
}

#[test]
fn parameters_are_numbered_anew_in_each_variant() {
    let sql = "SELECT id -- why\n FROM matters WHERE n < $3 [AND n = $1] AND code <> 'it''s $9 [AND' [AND unit IN UUIDS($2)] LIMIT $3";
    let variant = |sql: &str, args: &[u8]| Variant { sql: sql.into(), args: args.into() };
    let lite = expand(sql, Engine::Sqlite).unwrap();
    assert_eq!((lite.params, &lite.optional), (3, &vec![vec![0], vec![1]]));
    assert_eq!(
        lite.variants,
        [
            variant("SELECT id FROM matters WHERE n < ?1 AND code <> 'it''s $9 [AND' LIMIT ?1", &[2]),
            variant("SELECT id FROM matters WHERE n < ?2 AND n = ?1 AND code <> 'it''s $9 [AND' LIMIT ?2", &[0, 2]),
            variant(
                "SELECT id FROM matters WHERE n < ?2 AND code <> 'it''s $9 [AND' AND unit IN (SELECT unhex(value) FROM json_each(?1)) LIMIT ?2",
                &[1, 2]
            ),
            variant(
                "SELECT id FROM matters WHERE n < ?3 AND n = ?1 AND code <> 'it''s $9 [AND' AND unit IN (SELECT unhex(value) FROM json_each(?2)) LIMIT ?3",
                &[0, 1, 2]
            ),
        ]
    );
    let pg = expand(sql, Engine::Pg).unwrap();
    assert_eq!(
        pg.variants[2],
        variant("SELECT id FROM matters WHERE n < $2 AND code <> 'it''s $9 [AND' AND unit = ANY($1) LIMIT $2", &[1, 2])
    );
}

#[test]
fn a_broken_migration_is_named() {
    let broken = Schema::read([("0001_matters.sql", "CREATE TABLE matters (id UUID NOT NULL PRIMARY KEY,);")]).unwrap();
    let why = Checker::new(broken).err().unwrap();
    assert!(why.starts_with("migrations/0001_matters.sql: ") && why.contains("syntax error"), "{why}");
}

#[test]
fn append_only_tables_refuse_in_the_database_too() {
    let conn = rusqlite::Connection::open_in_memory().unwrap();
    for m in &Schema::read(MIGRATIONS.iter().copied()).unwrap().migrations {
        conn.execute_batch(&m.text(Engine::Sqlite).unwrap_or_default()).unwrap();
    }
    let run = |sql: &str| conn.execute_batch(sql).map_err(|e| e.to_string());
    run("INSERT INTO matters VALUES (x'00', x'00', 't', 'c', 1, 1, '{}'); INSERT INTO acts VALUES (x'01', x'00', 1)")
        .unwrap();
    for sql in [
        "UPDATE acts SET at = 2",
        "DELETE FROM acts",
        "INSERT INTO acts VALUES (x'01', x'00', 1) ON CONFLICT DO UPDATE SET at = 3",
    ] {
        assert_eq!(run(sql), Err("append-only: acts".into()), "{sql}");
    }
    assert!(
        run("INSERT INTO matters VALUES (x'02', x'00', 't', 'c', 'not a number', 1, '{}')").is_err(),
        "tables are STRICT"
    );
}
