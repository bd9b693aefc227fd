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

#[test]
fn nobody_hears_done_before_the_disk_has_it() {
    let place = Place::sqlite();
    let db = place.open();
    for i in 0..20 {
        let before = Arc::new(AtomicU32::new(u32::MAX));
        let (seen, (tell, told)) = (before.clone(), mpsc::channel());
        db.write_then(
            move |tx| {
                seen.store(syscalls::syncs(), Ordering::SeqCst);
                put(tx, &format!("{i}"))
            },
            // On the same thread, so the count is the writer's.
            move |done| tell.send((done, syscalls::syncs())).unwrap(),
        );
        let (done, after) = told.recv().unwrap();
        assert_eq!(done, Ok(1));
        assert!(after > before.load(Ordering::SeqCst), "no sync between the write and the reply");
    }
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
fn a_failing_commit_is_told_to_everyone_in_it() {
    let place = Place::sqlite();
    let db = place.open();
    let breaks: Work = Box::new(|tx| {
        syscalls::break_next_sync();
        put(tx, "b")
    });
    let refused: Work = Box::new(|_| Err(Error::Deadline));
    let told = in_one_commit(&db, vec![puts("a"), ("b", breaks), ("own reason", refused), puts("c")]);
    for (name, done) in told {
        match name {
            "own reason" => assert_eq!(done, Err(Error::Deadline)),
            _ => assert!(matches!(done, Err(Error::Unavailable(_))), "{name}: {done:?}"),
        }
    }
    assert!(names(&db).is_empty());
    db.write(|tx| put(tx, "later")).unwrap();
    drop(db);
    assert_eq!(names(&place.open()), ["later"]);
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
