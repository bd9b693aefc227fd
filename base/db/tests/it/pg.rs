use super::{Place, names, put, raw};
use linli_db::schema::schema;
use linli_db::{Db, Error, Sql, Variant, sql, text};

const KILL_OTHERS: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[test]
fn killed_connections_are_replaced() {
    let Some(place) = Place::pg() else { return };
    let db = place.open();
    let url = place.options.url.clone().unwrap();
    let lock = db.lock_worker().unwrap().unwrap();
    db.write(|tx| put(tx, "a")).unwrap();
    super::admin(&url, KILL_OTHERS);
    assert_eq!(names(&db), ["a"]);
    super::admin(&url, KILL_OTHERS);
    assert_eq!(db.write(|tx| put(tx, "b")), Ok(1));
    // In the middle of a transaction nothing can be saved, and nothing has happened.
    let victim = url.clone();
    let done = db.write(move |tx| {
        put(tx, "c")?;
        super::admin(&victim, KILL_OTHERS);
        put(tx, "d")
    });
    assert!(matches!(done, Err(Error::Unavailable(_))), "{done:?}");
    let victim = url.clone();
    let done = db.write(move |tx| put(tx, "e").map(|_| super::admin(&victim, KILL_OTHERS)));
    assert!(matches!(done, Err(Error::Unavailable(_))), "{done:?}");
    assert_eq!(names(&db), ["a", "b"]);
    assert!(!lock.alive());
    assert!(db.lock_worker().unwrap().is_some());
}

#[test]
fn a_changed_schema_makes_statements_anew() {
    let Some(mut place) = Place::pg() else { return };
    place.options.readers = 1;
    let db = place.open();
    db.write(|tx| put(tx, "a")).unwrap();
    let read =
        || db.write(|tx| tx.all::<(String,)>(sql!("SELECT name FROM worker_fence WHERE fence = 0 LIMIT 9"), &[]));
    assert_eq!(read(), Ok(vec![("a".into(),)]));
    super::admin(place.options.url.as_ref().unwrap(), "ALTER TABLE worker_fence ALTER COLUMN name TYPE VARCHAR");
    assert_eq!(read(), Ok(vec![("a".into(),)]));
}

#[test]
fn weaker_durability_is_refused() {
    let Some(mut place) = Place::pg() else { return };
    place.options.url = place.options.url.take().map(|u| format!("{u}?options=-csynchronous_commit%3Doff"));
    let refused = Db::open(&place.options).map(drop);
    assert!(matches!(&refused, Err(Error::Unavailable(why)) if why.contains("synchronous_commit")), "{refused:?}");
    place.options = place.options.clone().durability_off();
    place.open();
}

#[test]
fn every_statement_is_read() {
    let Some(place) = Place::pg() else { return };
    assert_eq!(place.open().check_statements(), Ok(Vec::new()));
}

#[test]
fn a_module_runs_under_a_role_of_its_own() {
    let Some(mut place) = Place::pg() else { return };
    place.options.role = Some("linli_it_".into());
    let db = place.open();
    db.write(|tx| put(tx, "a")).unwrap();
    assert_eq!(names(&db), ["a"]);
    // As the macro would give it if it let a foreign table pass.
    for table in schema().tables.iter().filter(|t| t.module != "db") {
        let variant: &'static [Variant; 1] =
            Box::leak(Box::new(text::<0>(format!("SELECT count(*) FROM {}", table.name).leak())));
        let foreign: &'static Sql =
            Box::leak(Box::new(Sql::checked([variant, variant], &[], 0, &["count"], "db", "here", false)));
        let done = db.read(|tx| tx.one::<(i64,)>(foreign, &[]));
        assert!(matches!(&done, Err(Error::Bug(why)) if why.contains("permission denied")), "{}: {done:?}", table.name);
        assert_eq!(db.read(|tx| tx.one::<(i64,)>(raw("SELECT count(*) FROM worker_fence"), &[])), Ok((1,)));
    }
}
