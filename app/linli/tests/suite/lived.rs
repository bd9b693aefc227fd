//! The demo district: every row is what the acts say, and the same seed lives the same life.
use crate::*;
use linli::demo::{Args, Scale};
use sha2::{Digest, Sha256};

fn live(dir: &Path, url: Option<String>, register: &str, seed: u64) {
    let place = Place { data: dir.to_path_buf(), database: url };
    let args = Args {
        place,
        seed,
        until: Some("2026-03-31".into()),
        scale: Scale::Hall,
        register: register.into(),
        quiet: true,
    };
    linli::demo::run(args).unwrap_or_else(|e| panic!("{}", e.message));
}

fn house_of(dir: &Path, url: Option<String>) -> Arc<House> {
    let place = Place { data: dir.to_path_buf(), database: url };
    let how = How { weak: true, ..How::real() };
    linli::house::open(&place, how).unwrap_or_else(|e| panic!("{}", e.message))
}

/// A hash of every row of every table, in the order of its columns.
fn dump(dir: &Path) -> Vec<(String, usize, String)> {
    let c = rusqlite::Connection::open(dir.join("linli.db")).unwrap();
    let tables: Vec<String> =
        linli_db::schema::tables().iter().map(|t| t.name.clone()).filter(|t| t != "search").collect();
    let hash = |table: &String| {
        let mut s = c.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = s.column_count();
        let mut rows = s.query([]).unwrap();
        let mut lines = Vec::new();
        while let Some(r) = rows.next().unwrap() {
            lines.push((0..columns).map(|i| format!("{:?}", r.get_ref(i).unwrap())).collect::<Vec<_>>().join("|"));
        }
        lines.sort();
        (table.clone(), lines.len(), format!("{:x?}", Sha256::digest(lines.join("\n"))))
    };
    tables.iter().map(hash).collect()
}

#[test]
fn the_same_seed_gives_the_same_district() {
    let (a, b, other) = (scratch("seed"), scratch("seed"), scratch("seed"));
    live(&a, None, "fictional", 11);
    live(&b, None, "fictional", 11);
    live(&other, None, "fictional", 12);
    let (x, y) = (dump(&a), dump(&b));
    for (left, right) in x.iter().zip(&y) {
        assert_eq!(left, right);
    }
    assert!(x.iter().any(|(t, n, _)| t == "acts" && *n > 300), "a life without acts");
    // What `demo-accounts.json` promises holds on the day after a year was lived, and long after.
    let c = rusqlite::Connection::open(a.join("linli.db")).unwrap();
    let ends: i64 = c.query_row("SELECT min(until) FROM sessions WHERE kind = 'api'", [], |r| r.get(0)).unwrap();
    assert!(ends > time::day_start(time::parse_day("2034-03-31").unwrap()), "the demo's tokens end at {ends}");
    assert_ne!(x, dump(&other));
    for dir in [a, b, other] {
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[test]
fn the_demo_is_what_its_acts_say() {
    let dir = scratch("lived");
    live(&dir, None, "baoshan", 7);
    let found = linli::verify::check(&house_of(&dir, None)).unwrap();
    assert!(found.matters > 80 && found.acts > 400, "{found:?}");
    assert!(found.faults.is_empty(), "{:#?}", found.faults);
    every_report_fits_its_category(&dir);
    if let Some(url) = server() {
        let (dir, name) = (scratch("lived"), format!("linli_lived_{}", std::process::id()));
        on_server(&url, &format!("CREATE DATABASE {name}"));
        live(&dir, Some(beside(&url, &name)), "fictional", 7);
        let found = linli::verify::check(&house_of(&dir, Some(beside(&url, &name)))).unwrap();
        on_server(&url, &format!("DROP DATABASE {name} WITH (FORCE)"));
        std::fs::remove_dir_all(dir).unwrap();
        assert!(found.matters > 80, "{found:?}");
        assert!(found.faults.is_empty(), "{:#?}", found.faults);
    }
    every_tampering_is_found(&dir);
    std::fs::remove_dir_all(&dir).unwrap();
}

/// Whoever looks at the demo reads words and category together: one's own choice or the committee's, they belong together.
fn every_report_fits_its_category(dir: &Path) {
    let words = std::fs::read_to_string(root().join("data/demo/vocabulary.zh.json")).unwrap();
    let words: serde_json::Value = serde_json::from_str(&words).unwrap();
    let db = rusqlite::Connection::open(dir.join("linli.db")).unwrap();
    let asked = "SELECT m.category, m.place_name, w.words FROM matters m JOIN acts a ON a.matter = m.id AND a.seq = 1
        JOIN act_words w ON w.act = a.id WHERE m.kind = 'case' AND m.category <> ''";
    let mut asked = db.prepare(asked).unwrap();
    let mut rows = asked.query([]).unwrap();
    let mut seen = 0;
    while let Some(row) = rows.next().unwrap() {
        let [category, place, said]: [String; 3] = [0, 1, 2].map(|i| row.get(i).unwrap());
        let fits = |s: &serde_json::Value| s.as_str().is_some_and(|s| s.replace("{place}", &place) == said);
        assert!(words["reports"][&category].as_array().unwrap().iter().any(fits), "{category}: {said}");
        seen += 1;
    }
    assert!(seen > 60, "{seen} reports");
}

/// A check that cannot fail checks nothing: each of these small changes must be found.
fn every_tampering_is_found(dir: &Path) {
    let file = dir.join("linli.db");
    let one = "(SELECT id FROM matters WHERE kind = 'case' AND open AND state = 'handling' LIMIT 1)";
    for change in [
        format!("UPDATE matters SET state = 'received' WHERE id = {one}"),
        format!("UPDATE matters SET owner = u1 WHERE id = {one}"),
        format!("UPDATE matters SET due = due + 1 WHERE id = {one}"),
        format!("UPDATE matters SET revision = revision + 1 WHERE id = {one}"),
        format!("UPDATE matters SET redo = redo + 1 WHERE id = {one}"),
        format!("UPDATE matters SET u2 = u3 WHERE id = {one}"),
        format!("UPDATE matters SET committee = (SELECT o.committee FROM matters o WHERE o.committee <> matters.committee LIMIT 1) WHERE id = {one}"),
        format!("UPDATE matters SET u3 = (SELECT o.u3 FROM matters o WHERE o.u3 <> matters.u3 AND o.u2 = matters.u2 LIMIT 1) WHERE id = {one}"),
        format!("DELETE FROM matter_parties WHERE matter = {one}"),
        format!("INSERT INTO matter_parties SELECT id, id, 0 FROM matters WHERE id = {one}"),
        format!("DELETE FROM clocks WHERE matter = {one}"),
        format!("UPDATE clocks SET due = due + 60000 WHERE matter = {one} AND running"),
        format!("UPDATE cases SET dissatisfied = dissatisfied + 1 WHERE matter = {one}"),
        format!("DELETE FROM cases WHERE matter = {one}"),
        format!("UPDATE act_words SET words = words || '。' WHERE matter = {one}"),
        format!("DELETE FROM act_words WHERE matter = {one}"),
        format!("DELETE FROM search_docs WHERE id = {one}"),
        "UPDATE counters SET n = n + 1 WHERE dimension = 'opened:case' AND day = (SELECT max(day) FROM counters WHERE dimension = 'opened:case')".into(),
        "DELETE FROM counters WHERE dimension LIKE 'answer.%'".into(),
        "UPDATE matter_numbers SET next = next + 1".into(),
        "INSERT INTO commands (sender, key, fingerprint, at) VALUES (zeroblob(16), 'half-done', x'00', 0)".into(),
        "DROP TRIGGER acts_no_delete; DELETE FROM acts WHERE seq = 2".into(),
    ] {
        let copy = scratch("tampered");
        std::fs::create_dir_all(&copy).unwrap();
        std::fs::copy(&file, copy.join("linli.db")).unwrap();
        let c = rusqlite::Connection::open(copy.join("linli.db")).unwrap();
        c.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        if change.starts_with("DROP TRIGGER") {
            let triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'acts'";
            let names: Vec<String> = c.prepare(triggers).unwrap().query_map([], |r| r.get(0)).unwrap().map(|n| n.unwrap()).collect();
            for name in names {
                c.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
            }
            c.execute_batch(change.split_once(';').unwrap().1).unwrap();
        } else {
            c.execute_batch(&change).unwrap();
        }
        drop(c);
        let found = linli::verify::check(&house_of(&copy, None)).unwrap();
        assert!(!found.faults.is_empty(), "not found: {change}");
        std::fs::remove_dir_all(copy).unwrap();
    }
}

#[test]
fn no_name_and_no_telephone_stands_in_clear() {
    let dir = scratch("clear");
    live(&dir, None, "baoshan", 7);
    let accounts: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(dir.join("demo-accounts.json")).unwrap()).unwrap();
    let mut names: Vec<String> =
        accounts.as_object().unwrap().values().filter_map(|a| a["name"].as_str()).map(str::to_owned).collect();
    // Everybody's name, as the registry decrypts it.
    let ids: Vec<PersonId> = {
        let c = rusqlite::Connection::open(dir.join("linli.db")).unwrap();
        let mut s = c.prepare("SELECT id FROM people").unwrap();
        let rows = s.query_map([], |r| r.get::<_, Vec<u8>>(0)).unwrap();
        rows.map(|b| uuid::Uuid::from_slice(&b.unwrap()).unwrap().into()).collect()
    };
    let house = house_of(&dir, None);
    for chunk in ids.chunks(100) {
        names.extend(
            house
                .read(&Actor::system(), |cx| linli_registry::people_names(cx, chunk))
                .unwrap()
                .into_values()
                .map(|n| n.reveal().clone()),
        );
    }
    drop(house);
    assert!(names.len() > 80 && names.iter().all(|n| n.chars().count() > 1), "{}", names.len());
    let mut looked = 0;
    for entry in std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.file_name() != "demo-accounts.json" && e.file_type().unwrap().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        looked += bytes.len();
        let text = String::from_utf8_lossy(&bytes);
        for name in &names {
            assert!(!text.contains(name.as_str()), "{name} stands in {:?}", entry.file_name());
        }
        // The residents' telephones of the demo are 0001 and seven digits.
        let telephone = |tail: &str| {
            tail.len() >= 7 && tail.bytes().take(7).all(|b| b.is_ascii_digit()) && !tail.starts_with("0000000")
        };
        assert!(!text.split("0001").skip(1).any(telephone), "a telephone stands in {:?}", entry.file_name());
    }
    assert!(looked > 500_000);
    std::fs::remove_dir_all(dir).unwrap();
}
