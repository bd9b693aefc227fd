//! What the layer promises, on real engines.
use linli_db::{Db, Error, Options, sql};

fn dir(name: &str) -> std::path::PathBuf {
    let d = std::env::temp_dir().join(format!("linli-it-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&d);
    d
}

#[test]
fn smoke() {
    let db = Db::open(&Options::new(dir("smoke"))).unwrap();
    let lock = db.lock_worker().unwrap().unwrap();
    assert_eq!(lock.fence(), 1);
    let n: Vec<(i64,)> = db.read(|tx| tx.all::<(i64,)>(sql!("SELECT count(*) FROM worker_fence WHERE name = $1 [AND fence = $2]"), &[&"worker", &Some(1i64)])).unwrap();
    assert_eq!(n, [(1,)]);
    let e = Db::open(&Options::new(dir("smoke2"))).and_then(|_| Db::open(&Options::new(std::env::temp_dir().join(format!("linli-it-{}-smoke", std::process::id()))))).err();
    assert!(matches!(e, Some(Error::Unavailable(_))), "{e:?}");
}
