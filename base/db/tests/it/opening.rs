use super::{Place, names, put, raw};
use linli_db::{Db, Error};

fn refused(place: &Place) -> String {
    match Db::open(&place.options) {
        Err(Error::Unavailable(why)) => why,
        other => panic!("{:?}", other.map(drop)),
    }
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    for place in Place::both() {
        let db = place.open();
        db.write(|tx| put(tx, "a")).unwrap();
        drop(db);
        assert_eq!(names(&place.open()), ["a"]);
    }
}

#[test]
fn a_database_from_elsewhere_is_refused() {
    for place in Place::both() {
        let change = |text: &'static str| {
            let db = place.open();
            db.write(move |tx| tx.exec(raw(text), &[])).unwrap();
        };
        change("INSERT INTO schema_migrations VALUES (9999, 'later', 'x')");
        let why = refused(&place);
        assert!(why.contains("newer program") && why.contains("9999_later"), "{why}");
        // Only the raw connection can mend it: the layer does not open it.
        let mend = |text: &str| match &place.options.url {
            Some(url) => super::admin(url, text),
            None => rusqlite::Connection::open(place.data().join("linli.db")).unwrap().execute_batch(text).unwrap(),
        };
        mend("DELETE FROM schema_migrations WHERE number = 9999");
        change("UPDATE schema_migrations SET hash = 'x' WHERE number = 1");
        let why = refused(&place);
        assert!(why.contains("0001_db") && why.contains("changed"), "{why}");
    }
}

/// Opened by [`a_second_process_is_refused`] in a process of its own.
#[test]
fn opens_what_it_is_told_to() {
    if let Some(dir) = std::env::var_os("LINLI_IT_OPEN") {
        Db::open(&linli_db::Options::new(dir)).unwrap();
    }
}

#[test]
fn a_second_process_is_refused() {
    let place = Place::sqlite();
    let second = || {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "it::opening::opens_what_it_is_told_to", "--nocapture"])
            .env("LINLI_IT_OPEN", place.data())
            .output()
            .unwrap()
    };
    let db = place.open();
    let out = second();
    let why = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && why.contains(&format!("in use by process {}", std::process::id())), "{why}");
    assert!(refused(&place).contains("in use"));
    drop(db);
    assert!(second().status.success());
}

#[test]
fn the_worker_is_one_and_its_number_grows() {
    for place in Place::both() {
        let db = place.open();
        let first = db.lock_worker().unwrap().unwrap();
        assert!(first.alive());
        if place.options.url.is_some() {
            assert!(db.lock_worker().unwrap().is_none());
        }
        let fence = first.fence();
        assert_eq!(db.write(move |tx| tx.holds_fence(fence)), Ok(true));
        drop(first);
        let second = loop {
            // PostgreSQL gives the lock back when it notices that the connection has ended.
            if let Some(lock) = db.lock_worker().unwrap() {
                break lock;
            }
        };
        assert!(second.fence() > fence);
        assert_eq!(db.write(move |tx| tx.holds_fence(fence)), Ok(false));
    }
}
