//! Durable inserts, reads by key and lists per second on an engine: `speed [postgres://…]`.
//!
//! An insert is one transaction of three rows, and is counted when it is durable. Threads wait for their own write, as
//! the threads of a server do; "queued" hands in all writes at once, as an asynchronous shell does.
use linli_db::{Db, Error, Options, Result, Tx, sql};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant};

static NEXT: AtomicI64 = AtomicI64::new(0);

fn insert(tx: &mut Tx<'_>) -> Result<()> {
    for _ in 0..3 {
        let n = NEXT.fetch_add(1, Relaxed);
        let name = format!("幸福里小区 {n:08} 号楼电动车飞线充电，已经持续多天，影响老人出行，请尽快处理。");
        tx.put(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, $2)"), &[&name, &n])?;
    }
    Ok(())
}

/// Runs `work` on some threads for some seconds; how often per second it was done.
fn rate(db: &Db, threads: usize, work: impl Fn(&Db) -> Result<()> + Sync) -> f64 {
    let (begun, done) = (Instant::now(), AtomicI64::new(0));
    std::thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                while begun.elapsed() < Duration::from_secs(4) {
                    match work(db) {
                        Ok(()) => drop(done.fetch_add(1, Relaxed)),
                        Err(e) => println!("  {e}"),
                    }
                }
            });
        }
    });
    done.into_inner() as f64 / begun.elapsed().as_secs_f64()
}

fn queued(db: &Db, n: usize) -> f64 {
    let begun = Instant::now();
    let (tell, told) = mpsc::channel();
    let mut left = n;
    for _ in 0..n.min(2000) {
        let tell = tell.clone();
        db.write_then(insert, move |done: Result<()>| drop(tell.send(done)));
    }
    let mut given = n.min(2000);
    while left > 0 {
        if let Ok(Err(e)) = told.recv() {
            println!("  {e}");
        }
        left -= 1;
        if given < n {
            given += 1;
            let tell = tell.clone();
            db.write_then(insert, move |done: Result<()>| drop(tell.send(done)));
        }
    }
    n as f64 / begun.elapsed().as_secs_f64()
}

fn main() -> Result<()> {
    let data = std::env::temp_dir().join(format!("linli-speed-{}", std::process::id()));
    let options = Options {
        readers: 16,
        statement_timeout: Duration::from_secs(30),
        ..Options::new(&data).url(std::env::args().nth(1))
    };
    let db = Db::open(&options)?;
    println!("{:?}", db.engine());
    for threads in [1, 8, 64] {
        println!(
            "durable insert of three rows, {threads:2} threads: {:9.0} /s",
            rate(&db, threads, |db| db.write(insert))
        );
    }
    println!(
        "durable insert of three rows, queued:     {:9.0} /s",
        queued(&db, if options.url.is_some() { 5000 } else { 50_000 })
    );
    let begun = Instant::now();
    db.batch(|b| (0..100_000).try_for_each(|_| b.step(insert)))?;
    println!("batch of 100,000 steps of three rows:     {:9.0} steps/s", 100_000.0 / begun.elapsed().as_secs_f64());
    let names =
        db.read(|tx| tx.all::<(String,)>(sql!("SELECT name FROM worker_fence WHERE fence < 1000 LIMIT 1000"), &[]))?;
    let one = |db: &Db| {
        let at = NEXT.fetch_add(1, Relaxed) as usize % names.len().max(1);
        let name = names.get(at).map_or("", |(n,)| n);
        db.read(|tx| tx.opt::<(i64,)>(sql!("SELECT fence FROM worker_fence WHERE name = $1 LIMIT 1"), &[&name]))?
            .ok_or(Error::Deadline)?;
        Ok(())
    };
    let list = |db: &Db| {
        let found = sql!("SELECT name, fence FROM worker_fence WHERE name > $1 ORDER BY name LIMIT 20");
        let at = NEXT.fetch_add(1, Relaxed) as usize % names.len().max(1);
        db.read(|tx| tx.all::<(String, i64)>(found, &[&names.get(at).map_or("", |(n,)| n)]))?;
        Ok(())
    };
    println!("one by key, 2 threads:                    {:9.0} /s", rate(&db, 2, one));
    println!("list of 20, 2 threads:                    {:9.0} /s", rate(&db, 2, list));
    drop(db);
    let _ = std::fs::remove_dir_all(data);
    Ok(())
}
