use super::{Place, names, put, raw, syscalls};
use linli_db::{Db, Error};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

type Told = mpsc::Receiver<(&'static str, Result<u64, Error>)>;
type Work = Box<dyn Fn(&mut linli_db::Tx<'_>) -> Result<u64, Error> + Send>;

/// Queues these while the writer is held up by a job called `first`, so that they come into one commit with it.
fn in_one_commit(db: &Db, jobs: Vec<(&'static str, Work)>) -> Vec<(&'static str, Result<u64, Error>)> {
    let (tell, told): (_, Told) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let (started, begun) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let n = jobs.len() + 1;
    let hear = |name| {
        let tell = tell.clone();
        move |done| tell.send((name, done)).unwrap()
    };
    db.write_then(
        move |tx| {
            // It may run a second time.
            if started.send(()).is_ok() {
                let _ = gate.lock().unwrap().recv();
            }
            put(tx, "first")
        },
        hear("first"),
    );
    begun.recv().unwrap();
    for (name, work) in jobs {
        db.write_then(work, hear(name));
    }
    drop((begun, open));
    told.iter().take(n).collect()
}
fn puts(name: &'static str) -> (&'static str, Work) {
    (name, Box::new(move |tx| put(tx, name)))
}

/// Makes a write and, on the thread that syncs and tells, something more.
fn written<R: Send + 'static>(db: &Db, name: &str, then: impl FnOnce() -> R + Send + 'static) -> R {
    let (name, (tell, told)) = (name.to_owned(), mpsc::channel());
    db.write_then(move |tx| put(tx, &name), move |done| tell.send((done, then())).unwrap());
    let (done, then) = told.recv().unwrap();
    assert_eq!(done, Ok(1));
    then
}

#[test]
fn nobody_hears_done_before_the_disk_has_it() {
    let place = Place::sqlite();
    let db = place.open();
    let mut before = (0, 0);
    for i in 0..20 {
        let log = place.data().join("linli.db-wal");
        let seen = move || (syscalls::syncs(), syscalls::synced_length(), std::fs::metadata(log).unwrap().len());
        let (syncs, synced, length) = written(&db, &format!("{i}"), seen);
        assert!(syncs > before.0, "no sync between the write and the reply");
        assert!(synced > before.1, "nothing new was synced");
        assert_eq!(synced, length, "not all was synced");
        before = (syncs, synced);
    }
}

#[test]
fn while_the_disk_is_busy_others_run_and_nobody_hears() {
    let place = Place::sqlite();
    let db = place.open();
    let (go_on, until) = mpsc::channel();
    written(&db, "before", move || syscalls::hold_next_sync(until));
    let (tell, told) = mpsc::channel();
    let hear = tell.clone();
    db.write_then(|tx| put(tx, "a"), move |done| hear.send(("a", done)).unwrap());
    // Seen before the disk has it; from now on it is being synced.
    while names(&db).len() < 2 {
        std::thread::yield_now();
    }
    let (running, ran) = mpsc::channel();
    db.write_then(
        move |tx| {
            running.send(tx.one::<(i64,)>(raw("SELECT count(*) FROM worker_fence"), &[])).unwrap();
            put(tx, "b")
        },
        move |done| tell.send(("b", done)).unwrap(),
    );
    let seen = ran.recv_timeout(Duration::from_secs(30)).expect("the writer waits for the disk");
    assert_eq!(seen, Ok((2,)));
    assert!(told.try_recv().is_err(), "told before the disk had it");
    go_on.send(()).unwrap();
    assert_eq!(told.iter().take(2).collect::<Vec<_>>(), [("a", Ok(1)), ("b", Ok(1))]);
}

#[test]
fn without_durability_there_is_no_sync_until_it_is_asked_for() {
    let mut place = Place::sqlite();
    place.options = place.options.clone().durability_off();
    let db = place.open();
    let before = syscalls::syncs();
    db.batch(|b| (0..100).try_for_each(|i| b.step(|tx| put(tx, &format!("{i}")).map(drop)))).unwrap();
    assert_eq!(syscalls::syncs(), before);
    db.make_durable().unwrap();
    let durable = syscalls::syncs();
    // The log and the file itself.
    assert!(durable >= before + 2);
    db.batch(|b| b.step(|tx| put(tx, "later"))).unwrap();
    assert!(syscalls::syncs() > durable);
}

#[test]
fn a_sync_that_fails_is_told_to_everyone_in_it_and_nothing_is_answered_until_the_log_is_read_anew() {
    let place = Place::sqlite();
    let db = place.open();
    written(&db, "before", syscalls::break_next_sync);
    assert_eq!(db.lost(), None);
    let refused: Work = Box::new(|_| Err(Error::Deadline));
    let told = in_one_commit(&db, vec![puts("a"), ("own reason", refused), puts("c")]);
    for (name, done) in told {
        match name {
            "own reason" => assert_eq!(done, Err(Error::Deadline)),
            _ => assert!(matches!(done, Err(Error::Unavailable(_))), "{name}: {done:?}"),
        }
    }
    // The next sync would succeed, but nobody knows what the disk has: a reply could be a lie.
    let lost = db.lost().expect("lost");
    assert_eq!(db.write(|tx| put(tx, "later")), Err(lost.clone()));
    assert_eq!(db.batch(|b| b.step(|tx| put(tx, "later"))), Err(lost.clone()));
    assert_eq!(db.read(|tx| tx.all::<(i64,)>(raw("SELECT 1"), &[])).map(drop), Err(lost));
    drop(db);
    let db = place.open();
    let stored = names(&db);
    assert!(stored == ["before"] || stored == ["a", "before", "c", "first"], "{stored:?}");
    assert_eq!((db.write(|tx| put(tx, "later")), db.lost()), (Ok(1), None));
}

#[test]
fn a_lost_transaction_stops_its_batch_and_spares_the_queue() {
    let place = Place::sqlite();
    let db = place.open();
    let lost: Work = Box::new(|tx| tx.exec(raw("ROLLBACK"), &[]));
    let told = in_one_commit(&db, vec![puts("a"), ("lost", lost), puts("b"), puts("c")]);
    for (name, done) in told {
        match name {
            "b" | "c" => assert_eq!(done, Ok(1)),
            _ => assert!(matches!(done, Err(Error::Unavailable(_))), "{name}: {done:?}"),
        }
    }
    assert_eq!(names(&db), ["b", "c"]);
}

#[test]
fn what_fails_after_a_change_is_undone_alone() {
    let place = Place::sqlite();
    let db = place.open();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let before: Work = Box::new(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        put(tx, "a")
    });
    let own = || Error::Constraint("own reason".into());
    let fails = move |name: &'static str| -> (&'static str, Work) {
        (name, Box::new(move |tx| put(tx, name).and_then(|_| Err(own()))))
    };
    let told = in_one_commit(&db, vec![("a", before), fails("x"), puts("b"), fails("y"), puts("c")]);
    for (name, done) in told {
        assert_eq!(done, if ["x", "y"].contains(&name) { Err(own()) } else { Ok(1) }, "{name}");
    }
    assert_eq!(names(&db), ["a", "b", "c", "first"]);
    assert!(runs.load(Ordering::SeqCst) <= 2, "what came before a failure runs again once at most");
}

#[test]
fn the_log_is_carried_into_the_file_and_begun_anew() {
    let mut place = Place::sqlite();
    place.options = place.options.clone().durability_off();
    let db = place.open();
    let beside = rusqlite::Connection::open(place.data().join("linli.db")).unwrap();
    let logged = || beside.query_row("PRAGMA wal_checkpoint(NOOP)", [], |r| r.get::<_, i64>(1)).unwrap();
    db.write(|tx| put(tx, "row")).unwrap();
    let mut most = 0;
    for i in 0..5000 {
        // A megabyte each time.
        let text = format!("{i}{}", "x".repeat(1_000_000));
        let delete = raw("DELETE FROM worker_fence");
        db.write(move |tx| tx.exec(delete, &[]).and_then(|_| put(tx, &text))).unwrap();
        let pages = logged();
        if pages < most {
            return assert!(most >= 16_000, "begun anew after {most} pages already");
        }
        most = pages;
    }
    panic!("the log only grows: {most} pages");
}

#[test]
fn a_disk_that_fills_tells_every_caller_the_truth() {
    let place = Place::sqlite();
    let db = place.open();
    // SQLite's own limit, met in the same way as the disk's.
    let limit = |pages: &'static str| db.write(move |tx| tx.one::<(i64,)>(raw(pages), &[])).unwrap();
    limit("PRAGMA max_page_count = 300");
    let big: &'static str = "x".repeat(30_000).leak();
    let threads: Vec<_> = (0..200)
        .map(|i| {
            let db = db.clone();
            std::thread::spawn(move || {
                let name = format!("{i:03}");
                let text = format!("{name}{}", if i % 3 == 0 { big } else { "" });
                (name, db.write(move |tx| put(tx, &text)))
            })
        })
        .collect();
    let told: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let mut kept: Vec<_> = told.iter().filter(|(_, done)| done.is_ok()).map(|(n, _)| n.clone()).collect();
    kept.sort();
    let refused: Vec<_> = told.iter().filter_map(|(_, done)| done.as_ref().err()).collect();
    assert!(!kept.is_empty() && !refused.is_empty());
    assert!(refused.iter().all(|e| matches!(e, Error::Unavailable(_))), "{refused:?}");
    let stored = || names(&db).iter().map(|n| n[..3].to_owned()).collect::<Vec<_>>();
    assert_eq!(stored(), kept);
    // In one commit, with one that does not fit.
    let told = in_one_commit(
        &db,
        vec![puts("s1"), ("big", Box::new(move |tx| put(tx, &format!("t{}", big.repeat(50))))), puts("s2")],
    );
    let stored = names(&db);
    for (name, done) in told {
        assert_eq!(done.is_ok(), stored.iter().any(|n| n == name), "{name}: {done:?}");
        assert!(matches!(done, Ok(1) | Err(Error::Unavailable(_))), "{name}: {done:?}");
    }
    limit("PRAGMA max_page_count = 100000");
    assert_eq!(db.write(|tx| put(tx, "room again")), Ok(1));
}

#[test]
fn if_the_transaction_cannot_begin_no_job_runs() {
    let mut place = Place::sqlite();
    place.options.statement_timeout = Duration::from_millis(200);
    let db = place.open();
    let other = rusqlite::Connection::open(place.data().join("linli.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let done = db.write(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        put(tx, "x")
    });
    assert!(matches!(done, Err(Error::Unavailable(_))), "{done:?}");
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(db.write(|tx| put(tx, "y")), Ok(1));
    assert_eq!(names(&db), ["y"]);
}
