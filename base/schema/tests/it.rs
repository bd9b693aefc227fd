//! What the migrations may say.
use linli_schema::lex::lex;
use linli_schema::{Engine, Schema, migrations, schema, tables};

fn read(files: &[(&str, &str)]) -> Result<Schema, String> {
    Schema::read(files.iter().copied())
}

#[test]
fn the_programs_own_schema_is_whole() {
    assert!(tables().iter().any(|t| t.name == "schema_migrations" && t.module == "db"));
    assert_eq!(schema().owner("worker_fence"), Some("db"));
    for engine in [Engine::Sqlite, Engine::Pg] {
        let numbers: Vec<i64> = migrations(engine).map(|(n, ..)| n).collect();
        assert!(numbers.is_sorted() && numbers.first() == Some(&1), "{numbers:?}");
    }
}

#[test]
fn the_text_is_put_into_each_engines_words() {
    let text = "-- UUID in a comment
CREATE TABLE acts (id UUID NOT NULL PRIMARY KEY, code TEXT COLLATE \"C\" NOT NULL DEFAULT 'BIGINT;', x DOUBLE PRECISION, \"UUID\" BYTEA);
CREATE INDEX acts_code ON acts (code COLLATE \"C\");
-- append-only: acts";
    let schema = read(&[("0007_matters_acts.sql", text)]).unwrap();
    let m = &schema.migrations[0];
    assert_eq!((m.number, m.name.as_str(), m.module.as_str()), (7, "matters_acts", "matters"));
    let lite = m.text(Engine::Sqlite).unwrap();
    assert!(
        lite.contains(
            "(id BLOB NOT NULL PRIMARY KEY, code TEXT   NOT NULL DEFAULT 'BIGINT;', x REAL , \"UUID\" BLOB) STRICT;"
        ),
        "{lite}"
    );
    assert!(
        lite.contains("ON acts (code  );") && lite.contains("-- UUID in a comment") && !lite.contains("); STRICT"),
        "{lite}"
    );
    assert!(lite.contains(
        "CREATE TRIGGER acts_no_UPDATE BEFORE UPDATE ON acts BEGIN SELECT RAISE(ABORT, 'append-only: acts'); END;"
    ));
    let pg = m.text(Engine::Pg).unwrap();
    assert!(
        pg.starts_with(text)
            && pg.contains("BEFORE UPDATE OR DELETE ON acts")
            && pg.contains("BEFORE TRUNCATE ON acts")
    );
    assert!(schema.tables[0].append_only);
}

#[test]
fn twins_are_one_table_and_each_engine_gets_its_own() {
    let s = read(&[
        ("0001_a.sql", "CREATE TABLE a (id UUID PRIMARY KEY); CREATE VIEW a_facts AS SELECT id FROM a; CREATE VIEW a_own AS SELECT id FROM a;"),
        ("0002_a_search.pg.sql", "CREATE TABLE search (id UUID PRIMARY KEY REFERENCES a (id));"),
        ("0002_a_search.sqlite.sql", "CREATE VIRTUAL TABLE search USING fts5 (terms);"),
        ("0003_a.sql", "ALTER TABLE a ADD COLUMN n BIGINT; CREATE TABLE b (id UUID); DROP TABLE b; CREATE TABLE c (id UUID); ALTER TABLE c RENAME TO b;"),
    ])
    .unwrap();
    let names: Vec<&str> = s.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["a", "search", "b"]);
    assert!(s.is_facts("a_facts") && !s.is_facts("a_own") && !s.is_facts("b_facts"));
    assert_eq!((s.foreign_keys[0].from.as_str(), s.foreign_keys[0].to.as_str()), ("search", "a"));
    assert_eq!(s.migrations.iter().filter(|m| m.text(Engine::Sqlite).is_some()).count(), 3);
}

#[test]
fn what_breaks_a_rule_names_its_file() {
    let a = ("0001_a.sql", "CREATE TABLE a (id UUID PRIMARY KEY);");
    for (file, text, why) in [
        ("0002_b.sql", "CREATE TABLE b (a UUID REFERENCES a (id) ON DELETE CASCADE);", "CASCADE"),
        ("0002_b.sql", "CREATE TABLE b (a UUID REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED);", "DEFERRABLE"),
        ("0002_b.sql", "CREATE TABLE b (a UUID REFERENCES later (id));", "b refers to later"),
        ("0002_b.sql", "CREATE TABLE b (id UUID UNIQUE ON CONFLICT REPLACE);", "REPLACE"),
        ("0002_b.sql", "ALTER TABLE a ADD COLUMN n BIGINT;", "a is not a table of b"),
        ("0002_b.sql", "DROP TABLE a;", "a is not a table of b"),
        ("0002_b.sql", "CREATE TABLE a (id UUID);", "a belongs to a"),
        ("0002_b.sql", "-- append-only: a", "a is not a table of b"),
        ("0002_b.sql", "CREATE TABLE \"b\" (id UUID);", "plain letters"),
        ("0001_b.sql", "", "0001_a.sql has the same number"),
        ("0001_a.pg.sql", "", "0001_a"),
        ("2_b.sql", "", "four digits"),
        ("0002-b.sql", "", "NNNN_module"),
        ("0002_b.mysql.sql", "", "no engine"),
    ] {
        let refused = read(&[a, (file, text)]).expect_err(text);
        assert!(
            refused.starts_with("migrations/")
                && refused.contains(file.split('.').next().unwrap())
                && refused.contains(why),
            "{refused}"
        );
    }
}

#[test]
fn tokens_joined_give_the_text() {
    for text in ["a'b''c\"d$1 $x --\n/* */ 1.5e3 路灯 '未", "--", "/*", "$", "''''", "\"", "$12a"] {
        assert_eq!(lex(text).iter().map(|t| t.text).collect::<String>(), text);
    }
}
