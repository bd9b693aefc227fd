//! What the program prints of itself: procedures without faults, the permission matrix, the schema.
use crate::*;
use linli_db::schema::schema;
use std::fmt::Write;

/// Compares a printed file with what the program prints; `UPDATE=1` writes it anew.
fn printed(path: PathBuf, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differ = kept.lines().zip(text.lines()).enumerate().find(|(_, (a, b))| a != b);
    assert!(
        kept == text,
        "{} is not what the program prints (make docs writes it); first difference: {differ:#?}",
        path.display()
    );
}

#[test]
fn no_procedure_has_a_fault() {
    for p in linli::modules::kinds().0 {
        assert_eq!(p.faults(), Vec::<String>::new(), "{}", p.kind);
        for m in p.moves {
            assert!(
                !m.label.zh.is_empty() && !m.label.en.is_empty() && !m.told.zh.is_empty() && !m.told.en.is_empty(),
                "{} has no words",
                m.act
            );
        }
    }
}

#[test]
fn every_act_of_the_policy_is_a_move_or_declared_by_its_module() {
    let policy = linli::docs::policy();
    for p in linli::modules::kinds().0 {
        for m in p.moves {
            for (role, relation) in m.who {
                assert!(
                    policy.rows().iter().any(|r| r.act == m.act && r.role == *role && r.relation == *relation),
                    "{} {role:?} {relation:?}",
                    m.act
                );
            }
        }
    }
    // Whoever is not signed in may look, and nothing else.
    let anyone =
        |r: &&linli_core::Rule| r.role == Role::Anyone && !r.act.ends_with(".view") && !r.act.ends_with(".list");
    assert_eq!(policy.rows().iter().find(anyone), None);
}

/// What the crates of a folder depend on (not for tests): crate and dependency.
fn dependencies(folder: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap().map(|e| e.unwrap().path().join("Cargo.toml")) {
        let Ok(text) = std::fs::read_to_string(&entry) else { continue };
        let parsed: toml::Table = text.parse().unwrap();
        let name = parsed["package"]["name"].as_str().unwrap().to_owned();
        let names = parsed.get("dependencies").and_then(|d| d.as_table()).into_iter().flat_map(|d| d.keys().cloned());
        out.extend(names.map(|d| (name.clone(), d)));
    }
    assert!(!out.is_empty(), "no crates in {folder}");
    out
}

#[test]
fn arrows_point_down() {
    let crates =
        |folder: &str| dependencies(folder).into_iter().map(|(c, _)| c).collect::<std::collections::BTreeSet<_>>();
    let (engines, capabilities) = (crates("engines"), crates("capabilities"));
    let above = |folder: &str, forbidden: &dyn Fn(&str, &str) -> bool| {
        for (c, d) in dependencies(folder) {
            assert!(!forbidden(&c, &d), "{c} may not depend on {d}");
        }
    };
    above("methods", &|_, d| d.starts_with("linli"));
    above("base", &|_, d| engines.contains(d) || capabilities.contains(d) || d == "linli");
    above("engines", &|_, d| capabilities.contains(d) || d == "linli" || d == "linli-web");
    above("capabilities", &|_, d| capabilities.contains(d) || d == "linli");
    // Nothing below the shell can wait for the network.
    let shell = |d: &str| matches!(d, "tokio" | "axum" | "tower" | "tower-http");
    above("methods", &|_, d| shell(d));
    above("engines", &|_, d| shell(d));
    // … but for the database layer, which waits on a connection inside and is called like any function.
    above("base", &|c, d| shell(d) && c != "linli-web" && !(c == "linli-db" && d == "tokio"));
    // The databases are known to one crate (and to the one that reads statements while the program compiles).
    let database = |d: &str| matches!(d, "rusqlite" | "postgres" | "tokio-postgres");
    above("engines", &|_, d| database(d));
    above("capabilities", &|_, d| database(d));
    above("base", &|c, d| database(d) && !c.starts_with("linli-db") && c != "linli-schema");
}

#[test]
fn printed_permissions_are_the_policy() {
    printed(root().join("docs/permissions.md"), &linli::docs::permissions(&linli::docs::policy()));
}

#[test]
fn printed_procedures_are_the_tables() {
    printed(root().join("docs/procedures.md"), &linli::docs::procedures());
}

#[test]
fn printed_schema_is_the_migrations() {
    let mut out = String::new();
    for t in &schema().tables {
        let _ = writeln!(out, "{} {}{}", t.module, t.name, if t.append_only { " append-only" } else { "" });
        for c in &t.columns {
            let _ = writeln!(out, "    {} {:?}{}", c.name, c.holds, if c.key { " key" } else { "" });
        }
    }
    for k in &schema().foreign_keys {
        let _ = writeln!(out, "{} -> {}", k.from, k.to);
    }
    printed(root().join("app/linli/tests/suite/schema.txt"), &out);
}

#[test]
fn foreign_keys_point_down_and_never_cascade() {
    let order = |module: &str| linli::modules::MODULES.iter().position(|m| m.name == module);
    for k in &schema().foreign_keys {
        let (from, to) = (schema().owner(&k.from).unwrap(), schema().owner(&k.to).unwrap());
        assert!(order(from) >= order(to), "{} of {from} refers up to {} of {to}", k.from, k.to);
    }
    for w in World::both() {
        match &w.database {
            Some((url, name)) => {
                let mut c = postgres::Client::connect(&beside(url, name), postgres::NoTls).unwrap();
                let rows = c.query("SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND (confdeltype <> 'a' OR confupdtype <> 'a')", &[]).unwrap();
                assert!(rows.is_empty(), "{:?}", rows.iter().map(|r| r.get::<_, String>(0)).collect::<Vec<_>>());
            }
            None => {
                let c = rusqlite::Connection::open(w.dir.join("linli.db")).unwrap();
                for t in &schema().tables {
                    let mut s = c.prepare("SELECT on_delete, on_update FROM pragma_foreign_key_list(?1)").unwrap();
                    let mut rows = s.query([&t.name]).unwrap();
                    while let Some(r) = rows.next().unwrap() {
                        assert_eq!(
                            (r.get::<_, String>(0).unwrap().as_str(), r.get::<_, String>(1).unwrap().as_str()),
                            ("NO ACTION", "NO ACTION"),
                            "{}",
                            t.name
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_append_only_refuses_change_on_both_engines() {
    for w in World::both() {
        let m = w.report(w.cast.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let tables: Vec<&str> = schema().tables.iter().filter(|t| t.append_only).map(|t| t.name.as_str()).collect();
        assert!(tables.contains(&"acts"));
        for table in tables {
            let first = &schema().tables.iter().find(|t| t.name == table).unwrap().columns[0].name;
            for change in [format!("UPDATE {table} SET {first} = {first}"), format!("DELETE FROM {table}")] {
                let (rows, refused) = match &w.database {
                    Some((url, name)) => {
                        let mut c = postgres::Client::connect(&beside(url, name), postgres::NoTls).unwrap();
                        let n: i64 = c.query_one(&format!("SELECT count(*) FROM {table}"), &[]).unwrap().get(0);
                        (n, c.batch_execute(&change).is_err())
                    }
                    None => {
                        let c = rusqlite::Connection::open(w.dir.join("linli.db")).unwrap();
                        let n: i64 = c.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap();
                        (n, c.execute_batch(&change).is_err())
                    }
                };
                assert!(refused || rows == 0, "{change} went through over {rows} rows");
            }
        }
        assert_eq!(w.again(&m).revision, 1);
    }
}
