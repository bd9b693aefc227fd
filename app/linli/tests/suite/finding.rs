//! Addresses as they are typed, in both districts, on the page and in the API.
use crate::*;

fn found(w: &World, who: PersonId, q: &str) -> Vec<String> {
    let found = w.house.read(&w.as_(who), |cx| linli_registry::search_places(cx, None, q, 10)).unwrap();
    found.into_iter().map(|p| p.name).collect()
}

#[test]
fn a_part_of_a_name_finds_the_place_and_ones_own_comes_first() {
    for w in World::both() {
        let c = w.cast.clone();
        let spot = NewPlace { kind: "spot".into(), name: "柳巷 中心花园".into(), ..NewPlace::default() };
        w.system(move |cx| linli_registry::create_places(cx, c.elsewhere, std::slice::from_ref(&spot)));
        for q in ["中心花园", "心花", "zxhy"] {
            assert_eq!(found(&w, c.resident, q), ["松园 中心花园", "柳巷 中心花园"], "{q}");
            assert_eq!(found(&w, c.stranger, q), ["柳巷 中心花园", "松园 中心花园"], "{q}");
        }
        assert_eq!(found(&w, c.resident, "松园路12弄3号201"), ["松园 3号201室"]);
        assert_eq!(found(&w, c.resident, "园3-201"), ["松园 3号201室"]);
        assert_eq!(found(&w, c.resident, "3-201"), ["松园 3号201室"]);
        assert_eq!(found(&w, c.resident, "松"), ["松园 3号", "松园 中心花园"].map(str::to_owned));
        for person in ["戚甲", "戚", "13900011101"] {
            assert!(found(&w, c.worker, person).is_empty(), "{person}");
        }
        w.holds();
    }
}

/// Whatever is typed is answered by an index in its own order.
#[test]
fn no_place_search_sorts() {
    let Some(w) = World::sqlite() else { return };
    let c = rusqlite::Connection::open(w.dir.join("linli.db")).unwrap();
    let mut seen = 0;
    let asked = |sql: &str| sql.contains("_key >=") || sql.contains("place_tails t") || sql.contains("(sort, id) >");
    for s in linli_db::STATEMENTS.iter().filter(|s| s.at.contains("engines/registry")) {
        for v in s.variants[0].iter().filter(|v| asked(v.sql)) {
            let mut plan = c.prepare(&format!("EXPLAIN QUERY PLAN {}", v.sql)).unwrap();
            let mut rows = plan.raw_query();
            while let Some(r) = rows.next().unwrap() {
                let step = r.get::<_, String>(3).unwrap();
                assert!(!step.contains("TEMP B-TREE") && !step.starts_with("SCAN"), "{}: {step}\n{}", s.at, v.sql);
            }
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen}");
}
