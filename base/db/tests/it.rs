//! What the layer promises, on real engines. PostgreSQL is used where `LINLI_TEST_PG` holds its address.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]
mod it {
    mod copy;
    mod faults;
    mod opening;
    mod pg;
    mod syscalls;
    mod values;
    mod writes;

    use linli_db::{Db, Options, Result, Sql, Tx, Variant, sql, text};
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A database of its own for one test, gone afterwards.
    pub(crate) struct Place {
        pub(crate) options: Options,
        admin: Option<(String, String)>,
    }
    impl Place {
        fn new(url: Option<String>) -> Place {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let name = format!("linli_it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let options = Options { readers: 4, ..Options::new(std::env::temp_dir().join(&name)) };
            let Some(url) = url else { return Place { options, admin: None } };
            admin(&url, &format!("CREATE DATABASE {name}"));
            let own = url.rfind('/').map(|i| format!("{}/{name}", &url[..i]));
            Place { options: options.url(own), admin: Some((url, name)) }
        }
        pub(crate) fn sqlite() -> Place {
            Place::new(None)
        }
        /// None, and a line that says so, where the suite gives no PostgreSQL.
        pub(crate) fn pg() -> Option<Place> {
            let url = std::env::var("LINLI_TEST_PG").ok();
            if url.is_none() {
                println!("skipped: no LINLI_TEST_PG");
            }
            Some(Place::new(Some(url?)))
        }
        pub(crate) fn both() -> impl Iterator<Item = Place> {
            [Some(Place::sqlite()), Place::pg()].into_iter().flatten()
        }
        pub(crate) fn open(&self) -> Db {
            Db::open(&self.options).unwrap()
        }
        pub(crate) fn again(&self) -> linli_db::Result<Db> {
            Db::open(&self.options)
        }
        pub(crate) fn data(&self) -> PathBuf {
            self.options.data.clone()
        }
    }
    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.options.data);
            if let Some((url, name)) = &self.admin {
                admin(url, &format!("DROP DATABASE {name} WITH (FORCE)"));
            }
        }
    }

    pub(crate) fn admin(url: &str, text: &str) {
        postgres::Client::connect(url, postgres::NoTls).unwrap().batch_execute(text).unwrap();
    }

    /// A statement as it is, without the checks.
    pub(crate) fn raw(text_: &'static str) -> &'static Sql {
        let text: &'static [Variant; 1] = Box::leak(Box::new(text::<0>(text_)));
        Box::leak(Box::new(Sql::unchecked(text, text, 0)))
    }

    pub(crate) fn put(tx: &mut Tx<'_>, name: &str) -> Result<u64> {
        tx.exec(sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, 0)"), &[&name])
    }
    pub(crate) fn names(db: &Db) -> Vec<String> {
        let list = sql!("SELECT name FROM worker_fence WHERE name <> 'worker' ORDER BY name LIMIT 10000");
        let rows = db.read(|tx| tx.all::<(String,)>(list, &[])).unwrap();
        rows.into_iter().map(|(n,)| n).collect()
    }
}
