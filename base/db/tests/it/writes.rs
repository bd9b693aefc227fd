use super::{Place, names, put, raw};
use linli_db::{Db, Engine, Error, Tx, sql};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

#[test]
fn of_a_hundred_writes_with_every_second_refused_fifty_remain() {
    for place in Place::both() {
        let db = place.open();
        let threads: Vec<_> = (0..100)
            .map(|i| {
                let db = db.clone();
                std::thread::spawn(move || {
                    db.write(move |tx| {
                        put(tx, &format!("{i:03}"))?;
                        if i % 2 == 0 { Err(Error::Constraint("even".into())) } else { Ok(i) }
                    })
                })
            })
            .collect();
        let told: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let expected: Vec<_> =
            (0..100).map(|i| if i % 2 == 0 { Err(Error::Constraint("even".into())) } else { Ok(i) }).collect();
        assert_eq!(told, expected);
        assert_eq!(names(&db), (0..50).map(|i| format!("{:03}", 2 * i + 1)).collect::<Vec<_>>());
    }
}

#[test]
fn a_failed_statement_loses_the_transaction_even_if_the_closure_looks_away() {
    for place in Place::both() {
        let db = place.open();
        db.write(|tx| put(tx, "a")).unwrap();
        let done = db.write(|tx| {
            put(tx, "b")?;
            let _ = put(tx, "a");
            let _ = put(tx, "c");
            Ok::<_, Error>(())
        });
        let Err(Error::Constraint(which)) = done else { panic!("{done:?}") };
        assert_eq!(which, if db.engine() == Engine::Pg { "worker_fence_pkey" } else { "worker_fence.name" });
        assert_eq!(names(&db), ["a"]);
    }
}

#[test]
fn a_panic_harms_nobody_else() {
    for place in Place::both() {
        let db = place.open();
        for i in 0..10 {
            let (ready, go) = mpsc::channel();
            db.write_then(move |tx| put(tx, &format!("before {i}")), move |done| ready.send(done).unwrap());
            let panicked = db.write(move |tx| {
                put(tx, "never")?;
                if i >= 0 {
                    panic!("broken {i}");
                }
                Ok::<_, Error>(())
            });
            assert_eq!(panicked, Err(Error::Bug(format!("panic: broken {i}"))));
            assert_eq!(go.recv().unwrap(), Ok(1));
            let read: Result<(), Error> = db.read(|_| panic!("broken"));
            assert_eq!(read, Err(Error::Bug("panic: broken".into())));
            db.write_then(|_| Ok::<_, Error>(()), |_| panic!("in the reply"));
            assert_eq!(db.write(move |tx| put(tx, &format!("after {i}"))), Ok(1));
        }
        assert_eq!(names(&db).len(), 20);
    }
}

#[test]
fn a_read_cannot_write_and_sees_one_snapshot() {
    for place in Place::both() {
        let db = place.open();
        assert!(matches!(db.read(|tx| put(tx, "x")), Err(Error::Bug(_) | Error::Unavailable(_))));
        let count = sql!("SELECT count(*) FROM worker_fence");
        let seen = db.read(|tx| {
            let before = tx.one::<(i64,)>(count, &[])?;
            db.write(|tx| put(tx, "meanwhile"))?;
            let after = tx.one::<(i64,)>(count, &[])?;
            assert_eq!(tx.queries(), 2);
            Ok::<_, Error>((before.0, after.0))
        });
        assert_eq!(seen, Ok((0, 0)));
        assert_eq!(names(&db), ["meanwhile"]);
    }
}

#[test]
fn a_write_inside_a_write_is_refused_where_it_would_wait_for_itself() {
    let place = Place::sqlite();
    let db = place.open();
    let inner = db.clone();
    let done = db.write(move |_| inner.write(|tx| put(tx, "x")));
    assert!(matches!(done, Err(Error::Bug(_))), "{done:?}");
    let done = db.batch(|_| db.write(|tx| put(tx, "x")));
    assert!(matches!(done, Err(Error::Bug(_))), "{done:?}");
    let done = db.batch(|_| db.batch(|b| b.step(|tx| put(tx, "x"))));
    assert!(matches!(done, Err(Error::Bug(_))), "{done:?}");
    assert_eq!(db.write(|tx| put(tx, "y")), Ok(1));
}

#[test]
fn writes_that_met_are_run_again() {
    for place in Place::both() {
        let db = place.open();
        db.write(|tx| put(tx, "n")).unwrap();
        // On PostgreSQL both have read before either writes: one of them must be run again.
        let met = Arc::new(Barrier::new(2));
        let runs = Arc::new(AtomicU32::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (db, met, runs) = (db.clone(), met.clone(), runs.clone());
                std::thread::spawn(move || {
                    db.write(move |tx| {
                        let first = runs.fetch_add(1, Ordering::SeqCst) < 2;
                        let n = read_n(tx)?;
                        if first && tx.engine() == Engine::Pg {
                            met.wait();
                        }
                        tx.exec(sql!("UPDATE worker_fence SET fence = $1 WHERE name = 'n'"), &[&(n + 1)])
                            // What the closure makes of the error does not matter.
                            .map_err(|_| Error::Decode("hidden".into()))
                    })
                })
            })
            .collect();
        threads.into_iter().for_each(|t| assert_eq!(t.join().unwrap(), Ok(1)));
        let n = db.read(read_n);
        assert_eq!(n, Ok(2));
        assert_eq!(runs.load(Ordering::SeqCst), if db.engine() == Engine::Pg { 3 } else { 2 });
    }
}

/// One database opened twice, with the row "n" in it, and a count of runs.
fn two_of(place: &Place) -> (Db, Db, Arc<AtomicU32>) {
    let db = place.open();
    db.write(|tx| put(tx, "n")).unwrap();
    (db, place.open(), Arc::default())
}

fn read_n(tx: &mut Tx<'_>) -> Result<i64, Error> {
    Ok(tx.one::<(i64,)>(sql!("SELECT fence FROM worker_fence WHERE name = 'n' LIMIT 1"), &[])?.0)
}

/// A write of somebody else in the middle of one's own.
fn raised_elsewhere(db: &Db) -> Result<u64, Error> {
    let db = db.clone();
    let write = move || db.write(|tx| tx.exec(sql!("UPDATE worker_fence SET fence = fence + 1 WHERE name = 'n'"), &[]));
    std::thread::spawn(write).join().unwrap()
}

#[test]
fn a_write_that_learns_of_it_at_its_commit_is_run_again() {
    let Some(place) = Place::pg() else { return };
    let (db, other, runs) = two_of(&place);
    let counted = runs.clone();
    let done = db.write(move |tx| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        read_n(tx)?;
        if first {
            raised_elsewhere(&other)?;
        }
        tx.put(sql!("UPDATE worker_fence SET fence = fence + 10 WHERE name = 'n'"), &[])
    });
    assert_eq!((done, runs.load(Ordering::SeqCst)), (Ok(()), 2));
    let n = db.read(read_n);
    assert_eq!(n, Ok(11));
}

/// Statements that go as one are run in their order: whoever was overtaken learns it from the change, and runs again, before
/// a constraint that only says so too.
#[test]
fn what_goes_as_one_meets_others_in_its_order() {
    let Some(place) = Place::pg() else { return };
    let (db, other, runs) = two_of(&place);
    let counted = runs.clone();
    let done = db.write(move |tx| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        read_n(tx)?;
        if first {
            raised_elsewhere(&other)?;
            let other = other.clone();
            let add = move || other.write(|tx| tx.exec(sql!("INSERT INTO copying (id) VALUES (1)"), &[]));
            std::thread::spawn(add).join().unwrap()?;
        }
        tx.put(sql!("UPDATE worker_fence SET fence = fence + 10 WHERE name = 'n'"), &[])?;
        tx.put(sql!("INSERT INTO copying (id) VALUES (1)"), &[])
    });
    // Overtaken, then told of the constraint, and told again.
    assert_eq!((done, runs.load(Ordering::SeqCst)), (Err(Error::Constraint("copying_pkey".into())), 3));
    db.write(|tx| tx.exec(sql!("DELETE FROM copying"), &[])).unwrap();
}

#[test]
fn a_write_that_took_something_for_new_runs_once_more() {
    let Some(place) = Place::pg() else { return };
    let db = place.open();
    db.write(|tx| put(tx, "n")).unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    // A name that is taken, and a write that asks for it: each is told in its second run, and never gets a third one.
    let taken = db.write(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        tx.put(sql!("INSERT INTO worker_fence (name, fence) VALUES ('n', 0)"), &[])
    });
    assert_eq!((taken, runs.swap(0, Ordering::SeqCst)), (Err(Error::Constraint("worker_fence_pkey".into())), 2));
    let counted = runs.clone();
    let asked = db.write(move |tx| {
        assert_eq!(tx.runs_again(), counted.fetch_add(1, Ordering::SeqCst) > 0);
        tx.run_again();
        Ok::<_, Error>(())
    });
    assert_eq!((asked, runs.load(Ordering::SeqCst)), (Err(Error::Conflict), 2));
}

#[test]
fn a_write_that_always_meets_others_gives_up() {
    let Some(place) = Place::pg() else { return };
    // The others are another process: within one, the last runs have no others beside them.
    let (db, other, runs) = two_of(&place);
    let counted = runs.clone();
    let done = db.write(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        read_n(tx)?;
        raised_elsewhere(&other)?;
        tx.exec(sql!("UPDATE worker_fence SET fence = 0 WHERE name = 'n'"), &[])
    });
    assert_eq!((done, runs.load(Ordering::SeqCst)), (Err(Error::Conflict), 6));
}

#[test]
fn writes_of_one_process_that_all_meet_each_other_all_succeed() {
    for place in Place::both() {
        let db = place.open();
        db.write(|tx| put(tx, "n")).unwrap();
        let writers: Vec<_> = (0..24)
            .map(|_| {
                let db = db.clone();
                std::thread::spawn(move || {
                    for _ in 0..5 {
                        db.write(|tx| {
                            let n = read_n(tx)?;
                            tx.exec(sql!("UPDATE worker_fence SET fence = $1 WHERE name = 'n'"), &[&(n + 1)])
                        })
                        .unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|w| w.join().unwrap());
        let n = db.read(read_n);
        assert_eq!(n, Ok(120));
    }
}

#[test]
fn what_nobody_waited_for_fails_the_next_answer_or_the_commit() {
    for mut place in Place::both() {
        place.options.readers = 1;
        let db = place.open();
        db.write(|tx| put(tx, "a")).unwrap();
        let name = if db.engine() == Engine::Pg { "worker_fence_pkey" } else { "worker_fence.name" };
        let refused = Err(Error::Constraint(name.into()));
        let twice = |tx: &mut Tx<'_>| {
            tx.put(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, 0)"), &[&"b"])?;
            tx.put(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, 0)"), &[&"a"])
        };
        assert_eq!(db.write(move |tx| twice(tx)), refused);
        let read = sql!("SELECT count(*) FROM worker_fence");
        let looked_away = db.write(move |tx| {
            let _ = twice(tx);
            let _ = tx.one::<(i64,)>(read, &[]);
            let _ = tx.put(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, 0)"), &[&"c"]);
            Ok::<_, Error>(())
        });
        assert_eq!(looked_away, refused);
        let next = db.write(move |tx| twice(tx).and_then(|()| tx.one::<(i64,)>(read, &[])));
        assert_eq!(next.map(drop), refused);
        let step = db.batch(|b| {
            assert_eq!(b.step(twice), refused);
            b.step(|tx| put(tx, "d"))
        });
        assert_eq!(step, Ok(1));
        // More than may wait in line, without anything that must be answered.
        let long = "x".repeat(1000);
        let many = db.write(move |tx| {
            let each =
                |i| tx.put(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, 0)"), &[&format!("{i:04} {long}")]);
            (0..1000).try_for_each(each)
        });
        assert_eq!((many, names(&db).len()), (Ok(()), 1002));
        let late = db.write(|tx| {
            (0..1000).try_for_each(|i| {
                tx.put(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, 0)"), &[&format!("{}", i % 999)])
            })?;
            tx.exec(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, 0)"), &[&"z"])
        });
        assert_eq!((late.map(drop), names(&db).len()), (refused, 1002));
    }
}

/// An answer nobody waits for may come in several pieces, depending on where it lies in what is read at once: hence errors
/// of many lengths.
#[test]
fn a_refusal_in_line_keeps_nobody_waiting_however_it_comes() {
    let Some(place) = Place::pg() else { return };
    let db = place.open();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let wrong = sql!("INSERT INTO worker_fence (name, fence) VALUES ('a', CAST(CAST($1 AS TEXT) AS BIGINT))");
        for i in 0..2000 {
            let long = "x".repeat(i);
            let done = db.write(move |tx| tx.put(wrong, &[&long]).and_then(|()| put(tx, "b")));
            tell.send(done.map_err(|e| matches!(e, Error::Bug(_)))).unwrap();
        }
    });
    for _ in 0..2000 {
        assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok(Err(true)));
    }
}

#[test]
fn what_would_give_rows_is_not_put() {
    let Some(place) = Place::pg() else { return };
    let done = place.open().write(|tx| tx.put(raw("SELECT 1"), &[]));
    assert!(matches!(&done, Err(Error::Bug(why)) if why.contains("rows")), "{done:?}");
}

#[test]
fn what_is_asked_ahead_comes_when_it_is_taken() {
    for mut place in Place::both() {
        place.options.readers = 1;
        let db = place.open();
        db.write(|tx| put(tx, "a").and_then(|_| put(tx, "b"))).unwrap();
        let of = sql!("SELECT name FROM worker_fence WHERE name = $1 LIMIT 1");
        let names = db.read(|tx| {
            let asked = ["a", "b", "c"].map(|name| tx.ask::<(String,)>(of, &[&name]));
            let [a, b, c] = asked;
            // Rows that nobody takes, and rows that are not what was expected, harm nothing.
            let _ = tx.ask::<(String,)>(of, &[&"a"])?;
            let wrong = tx.ask::<(i64,)>(of, &[&"a"]).and_then(|asked| tx.take(asked));
            assert!(matches!(wrong, Err(Error::Decode(_))), "{wrong:?}");
            let (c, b, a) = (tx.take(c?)?, tx.take(b?)?, tx.take(a?)?);
            assert_eq!(tx.queries(), 5);
            Ok::<_, Error>([a, b, c].map(|rows| rows.into_iter().map(|(name,)| name).collect::<Vec<_>>()))
        });
        assert_eq!(names, Ok([vec!["a".to_owned()], vec!["b".to_owned()], Vec::new()]));
        // In a write what was put before is seen, and what was asked in another transaction is not given.
        let (seen, left) = db
            .write(move |tx| {
                tx.put(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, 0)"), &[&"d"])?;
                let (d, left) = (tx.ask::<(String,)>(of, &[&"d"])?, tx.ask::<(String,)>(of, &[&"a"])?);
                Ok::<_, Error>((tx.take(d)?.len(), left))
            })
            .unwrap();
        let late = db.read(|tx| tx.take(left));
        let expected = if db.engine() == Engine::Pg { matches!(late, Err(Error::Bug(_))) } else { late.is_ok() };
        assert!(seen == 1 && expected, "{late:?}");
    }
}

#[test]
fn a_step_of_a_batch_fails_alone_and_a_batch_fails_whole() {
    for mut place in Place::both() {
        place.options = place.options.clone().durability_off();
        let db = place.open();
        let done = db.batch(|b| {
            b.step(|tx| put(tx, "a"))?;
            let again = b.step(|tx| put(tx, "b").and_then(|_| put(tx, "a")));
            assert!(matches!(again, Err(Error::Constraint(_))));
            assert!(matches!(b.step(|_| -> Result<(), Error> { panic!("step") }), Err(Error::Bug(_))));
            b.step(|tx| put(tx, "c"))
        });
        assert_eq!(done, Ok(1));
        let undone: Result<(), Error> = db.batch(|b| {
            b.step(|tx| put(tx, "d"))?;
            Err(Error::Deadline)
        });
        assert_eq!(undone, Err(Error::Deadline));
        let panicked: Result<(), Error> = db.batch(|b| {
            b.step(|tx| put(tx, "d"))?;
            panic!("batch")
        });
        assert_eq!(panicked, Err(Error::Bug("panic: batch".into())));
        db.make_durable().unwrap();
        db.write(|tx| put(tx, "e")).unwrap();
        assert_eq!(names(&db), ["a", "c", "e"]);
    }
}

#[test]
fn reports_run_only_as_reports_and_end_in_time() {
    for place in Place::both() {
        let db = place.open();
        db.batch(|b| (0..2000).try_for_each(|i| b.step(|tx| put(tx, &format!("{i:04}")).map(drop)))).unwrap();
        let all = sql!(report "SELECT name FROM worker_fence ORDER BY name");
        assert!(matches!(db.read(|tx| tx.all::<(String,)>(all, &[])), Err(Error::Bug(_))));
        let minute = Duration::from_secs(60);
        let mut seen = 0;
        let counted = db.report(minute, |tx| {
            tx.each::<(String,)>(all, &[], |_| {
                seen += 1;
                Ok(())
            })
        });
        assert_eq!((counted, seen), (Ok(()), 2000));
        let stopped = db.report(minute, |tx| tx.each::<(String,)>(all, &[], |_| Err(Error::Decode("enough".into()))));
        assert!(matches!(stopped, Err(Error::Decode(m)) if m.ends_with("enough")));
        let endless = sql!(report "WITH RECURSIVE r(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r");
        let late = db.report(Duration::from_millis(200), |tx| tx.one::<(i64,)>(endless, &[]));
        assert_eq!(late, Err(Error::Deadline));
        let busy = db.report(minute, |_| db.report(Duration::from_millis(50), |tx| tx.all::<(String,)>(all, &[])));
        assert!(matches!(busy, Err(Error::Unavailable(_))), "{busy:?}");
        assert_eq!(db.report(minute, |tx| tx.all::<(String,)>(all, &[])).unwrap().len(), 2000);
    }
}

#[test]
fn a_statement_that_takes_too_long_is_stopped() {
    for mut place in Place::both() {
        place.options.statement_timeout = Duration::from_millis(300);
        let db = place.open();
        let endless = sql!(
            "WITH RECURSIVE r(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"
        );
        assert_eq!(db.read(|tx| tx.one::<(i64,)>(endless, &[])), Err(Error::Deadline));
        assert_eq!(db.write(move |tx| put(tx, "x").and_then(|_| tx.one::<(i64,)>(endless, &[]))), Err(Error::Deadline));
        assert_eq!(db.write(|tx| put(tx, "y")), Ok(1));
        assert_eq!(names(&db), ["y"]);
    }
}

#[test]
fn the_pool_is_bounded_and_says_so() {
    for mut place in Place::both() {
        place.options.readers = 1;
        place.options.statement_timeout = Duration::from_millis(300);
        let db = place.open();
        let nested = db.read(|_| db.read(|tx| tx.all::<(i64,)>(raw("SELECT 1"), &[])));
        assert!(matches!(nested, Err(Error::Unavailable(_))), "{nested:?}");
        assert!(names(&db).is_empty());
    }
}

#[test]
fn too_many_waiting_writes_are_refused_and_the_others_done() {
    let place = Place::sqlite();
    let db = place.open();
    let (open, gate) = mpsc::channel::<()>();
    let (started, begun) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let gate = std::sync::Mutex::new(gate);
    db.write_then(
        move |_| {
            started.send(()).unwrap();
            gate.lock().unwrap().recv().unwrap();
            Ok::<_, Error>(0)
        },
        |_| (),
    );
    begun.recv().unwrap();
    for i in 0..5000 {
        let tell = tell.clone();
        db.write_then(move |tx| put(tx, &format!("{i:04}")), move |done| tell.send(done).unwrap());
    }
    open.send(()).unwrap();
    let told: Vec<_> = told.iter().take(5000).collect();
    assert_eq!(told.iter().filter(|d| matches!(d, Err(Error::Unavailable(_)))).count(), 5000 - 4096);
    assert_eq!(names(&db).len(), 4096);
}
