use super::{Place, raw};
use linli_db::{Content, Db, Error, Snapshot, copy, finish, occupied, target};

/// Rows that meet every type, order and trap: a child whose id sorts before its parent's, JSON written in two ways, text
/// that languages order otherwise, nothing, signs of every kind.
const ROWS: &[(&str, &str)] = &[
    (
        "INSERT INTO levels VALUES ('Z', 'place', 'root', '区', 'District', 0), ('a', 'place', 'serve', '居委', 'it''s', 1)",
        "",
    ),
    (
        "INSERT INTO units VALUES (x'ff000000000000000000000000000001', NULL, 'Z', 'k', 'c1', 'n', NULL, 'i', 'formal', NULL, 1, NULL)",
        "INSERT INTO units VALUES ('ff000000-0000-0000-0000-000000000001', NULL, 'Z', 'k', 'c1', 'n', NULL, 'i', 'formal', NULL, 1, NULL)",
    ),
    (
        "INSERT INTO units VALUES (x'00000000000000000000000000000002', x'ff000000000000000000000000000001', 'a', 'k', 'c2', '\u{1f3e0}\n\"', '', 'i', 'formal', NULL, -9223372036854775808, 9223372036854775807)",
        "INSERT INTO units VALUES ('00000000-0000-0000-0000-000000000002', 'ff000000-0000-0000-0000-000000000001', 'a', 'k', 'c2', '\u{1f3e0}\n\"', '', 'i', 'formal', NULL, -9223372036854775808, 9223372036854775807)",
    ),
    (
        "INSERT INTO settings VALUES (x'00000000000000000000000000000003', 's', 0, '{\"b\": [1, 2.50, null, true],  \"a\": \"x\\u00e9\"}', NULL, 0)",
        "INSERT INTO settings VALUES ('00000000-0000-0000-0000-000000000003', 's', 0, '{\"b\": [1, 2.50, null, true],  \"a\": \"x\\u00e9\"}', NULL, 0)",
    ),
    (
        "INSERT INTO people VALUES (x'00000000000000000000000000000004', x'00ff', x'', NULL, NULL, NULL, NULL, 'zh', 1, 5)",
        "INSERT INTO people VALUES ('00000000-0000-0000-0000-000000000004', '\\x00ff', '', NULL, NULL, NULL, NULL, 'zh', true, 5)",
    ),
    (
        "INSERT INTO places VALUES (x'00000000000000000000000000000005', NULL, 'spot', x'00000000000000000000000000000002', NULL, NULL, NULL, 'p', NULL, '', '', '', 0, 31.4, 121.0, 0, NULL, 1)",
        "INSERT INTO places VALUES ('00000000-0000-0000-0000-000000000005', NULL, 'spot', '00000000-0000-0000-0000-000000000002', NULL, NULL, NULL, 'p', NULL, '', '', '', 0, 31.4, 121.0, 0, NULL, true)",
    ),
    ("INSERT INTO ticks VALUES ('B', 1), ('a', 2), ('_', 3), ('é', 4)", ""),
];

fn fill(db: &Db) {
    let pg = db.engine() == linli_db::Engine::Pg;
    for (lite, other) in ROWS {
        let text = if pg && !other.is_empty() { *other } else { *lite };
        db.write(move |tx| tx.exec(raw(text), &[])).unwrap();
    }
}
fn contents(place: &Place) -> Vec<Content> {
    Snapshot::open(&place.options).unwrap().contents(&mut |_, _| ()).unwrap()
}

#[test]
fn a_copy_holds_the_same_in_every_direction() {
    for first in Place::both() {
        let source = first.open();
        assert_eq!(occupied(&source), Ok(None));
        fill(&source);
        assert_eq!(occupied(&source), Ok(Some("ticks")));
        let held = contents(&first);
        assert_eq!(held.iter().map(|c| c.rows).sum::<u64>(), 11);
        for second in Place::both() {
            // The source is open and may write on; the snapshot does not see it.
            let mut snapshot = Snapshot::open(&first.options).unwrap();
            let target = second.open();
            source.write(|tx| tx.exec(raw("UPDATE ticks SET at = at + 1 WHERE name = 'a'"), &[])).unwrap();
            let mut heard = 0;
            assert_eq!(copy(&mut snapshot, &target, &mut |_, n| heard += n).as_ref(), Ok(&held));
            // Until somebody says that it is whole nobody else may take it for that.
            for refused in [Snapshot::open(&second.options).map(drop), second.again().map(drop)] {
                assert!(matches!(&refused, Err(Error::Unavailable(_))), "{refused:?}");
            }
            finish(&target).unwrap();
            assert_eq!((contents(&second), heard), (held.clone(), 11));
            drop(snapshot);
            source.write(|tx| tx.exec(raw("UPDATE ticks SET at = at - 1 WHERE name = 'a'"), &[])).unwrap();
            // What is occupied is refused, and keeps what it has.
            let again = copy(&mut Snapshot::open(&first.options).unwrap(), &target, &mut |_, _| ());
            assert!(matches!(again, Err(Error::Constraint(_))), "{again:?}");
            assert_eq!(contents(&second), held);
            let refused = target.write(|tx| tx.exec(raw("DELETE FROM settings WHERE 1 = 1"), &[]));
            assert!(matches!(refused, Err(Error::Constraint(_))), "{refused:?}");
        }
    }
}

#[test]
fn a_copy_that_is_broken_off_begins_anew() {
    let first = Place::sqlite();
    let source = first.open();
    fill(&source);
    let many = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
                INSERT INTO ticks (name, at) SELECT 'many' || i, i FROM n";
    source.write(move |tx| tx.exec(raw(many), &[])).unwrap();
    let held = contents(&first);
    for second in Place::both() {
        let mut snapshot = Snapshot::open(&first.options).unwrap();
        let to = target(&second.options).unwrap();
        let broken = copy(&mut snapshot, &to, &mut |table, n| assert!(table != "ticks" || n < 110_000, "stop"));
        assert!(matches!(broken, Err(Error::Bug(_))), "{broken:?}");
        if to.engine() == linli_db::Engine::Sqlite {
            assert_eq!(occupied(&to), Ok(Some("ticks")), "a large table comes in by helpings");
        }
        drop(to);
        assert!(matches!(second.again(), Err(Error::Unavailable(why)) if why.contains("broken off")));
        let to = target(&second.options).unwrap();
        assert_eq!(occupied(&to), Ok(None), "it begins with nothing");
        assert_eq!(copy(&mut Snapshot::open(&first.options).unwrap(), &to, &mut |_, _| ()).as_ref(), Ok(&held));
        finish(&to).unwrap();
        drop(to);
        assert_eq!(contents(&second), held);
        // Append-only tables refuse again.
        let db = second.again().unwrap();
        let refused = db.write(|tx| tx.exec(raw("DELETE FROM settings WHERE 1 = 1"), &[]));
        assert!(matches!(refused, Err(Error::Constraint(_))), "{refused:?}");
        // What was never a copy is not emptied by the next one.
        drop(db);
        let to = target(&second.options).unwrap();
        assert!(occupied(&to).unwrap().is_some());
    }
}

#[test]
fn the_hash_sees_every_change() {
    let place = Place::sqlite();
    let db = place.open();
    fill(&db);
    let held = contents(&place);
    for change in
        ["UPDATE people SET large_type = 0", "UPDATE units SET name_en = NULL", "UPDATE places SET lat = 31.5"]
    {
        let before = contents(&place);
        db.write(move |tx| tx.exec(raw(change), &[])).unwrap();
        assert_ne!(contents(&place), before, "{change}");
    }
    assert_eq!(held.iter().map(|c| c.rows).sum::<u64>(), contents(&place).iter().map(|c| c.rows).sum::<u64>());
}

#[test]
fn where_nothing_is_there_is_nothing_to_copy() {
    let place = Place::sqlite();
    let refused = Snapshot::open(&place.options).map(drop);
    assert!(matches!(&refused, Err(Error::Unavailable(why)) if why.contains("no database")), "{refused:?}");
    assert!(!place.data().join("linli.db").exists());
}
