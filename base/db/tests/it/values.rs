use super::Place;
use linli_db::{Db, Error, Json, hits, impl_column, row, sql};
use serde_json::json;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq)]
struct MatterId(Uuid);
impl_column!(MatterId => Uuid);

row! {
    /// One of each.
    #[derive(Debug, PartialEq)]
    struct Everything { yes: bool, id: MatterId, text: String, bytes: Vec<u8>, whole: i64, real: f64, json: Json<serde_json::Value>, none: Option<String> }
}

#[test]
fn what_goes_in_comes_out() {
    for place in Place::both() {
        let db = place.open();
        let given = Everything {
            yes: true,
            id: MatterId(Uuid::now_v7()),
            text: "幸福里 'quoted' \"and\" \\ 🏠".into(),
            bytes: vec![0, 255, 39],
            whole: i64::MIN,
            real: 0.1,
            json: Json(json!({"楼": [1, 2.5, null], "a": {"b": "c'd"}})),
            none: None,
        };
        let all = sql!(
            "SELECT CAST($1 AS BOOLEAN), CAST($2 AS UUID), CAST($3 AS TEXT), CAST($4 AS BYTEA), CAST($5 AS BIGINT), CAST($6 AS DOUBLE PRECISION), CAST($7 AS JSONB), CAST($8 AS TEXT)"
        );
        let got = db.read(|tx| {
            let g = &given;
            tx.one::<Everything>(
                all,
                &[&g.yes, &g.id, &g.text, &g.bytes.as_slice(), &g.whole, &g.real, &g.json, &g.none],
            )
        });
        assert_eq!(got.as_ref(), Ok(&given));
        // The same as a tuple, with other types that fit.
        let got = db.read(|tx| {
            type Row = (Option<bool>, Uuid, String, [u8; 3], i64, f64, Json<serde_json::Value>, Option<String>);
            tx.one::<Row>(all, &[&true, &given.id.0, &"x", &[1u8, 2, 3], &7i32, &2.0, &Json(&[1]), &Some("y")])
        });
        assert_eq!(
            got,
            Ok((Some(true), given.id.0, "x".into(), [1, 2, 3], 7, 2.0, Json(json!([1])), Some("y".into())))
        );
    }
}

#[test]
fn wrong_shapes_are_errors_not_panics() {
    for place in Place::both() {
        let db = place.open();
        let one = sql!("SELECT CAST($1 AS TEXT), CAST(1 AS BIGINT)");
        let read = |f: &dyn Fn(&mut linli_db::Tx<'_>) -> Result<(), Error>| db.read(|tx| f(tx));
        assert!(matches!(read(&|tx| tx.one::<(i64, i64)>(one, &[&"x"]).map(drop)), Err(Error::Decode(_))));
        assert!(matches!(
            read(&|tx| tx.one::<(String, i64)>(one, &[&None::<String>]).map(drop)),
            Err(Error::Decode(_))
        ));
        assert!(matches!(read(&|tx| tx.one::<(String, bool)>(one, &[&"x"]).map(drop)), Ok(()) | Err(Error::Decode(_))));
        assert!(matches!(read(&|tx| tx.one::<(String,)>(one, &[&"x"]).map(drop)), Err(Error::Bug(_))));
        assert!(matches!(read(&|tx| tx.one::<(String, i64)>(one, &[]).map(drop)), Err(Error::Bug(_))));
        let none = sql!("SELECT fence FROM worker_fence WHERE name = $1 LIMIT 1");
        assert_eq!(read(&|tx| tx.opt::<(i64,)>(none, &[&"nobody"]).map(|r| assert!(r.is_none()))), Ok(()));
        assert!(matches!(read(&|tx| tx.one::<(i64,)>(none, &[&"nobody"]).map(drop)), Err(Error::Bug(_))));
        let unfit: Json<std::collections::HashMap<(u8, u8), u8>> = Json([((1, 2), 3)].into());
        assert!(matches!(read(&|tx| tx.one::<(Option<String>, i64)>(one, &[&unfit]).map(drop)), Err(Error::Bug(_))));
    }
}

fn filled(place: &Place) -> Db {
    let db = place.open();
    for (name, fence) in [("a", 1), ("b", 2), ("c", 2), ("d", 3)] {
        let put = sql!("INSERT INTO worker_fence (name, fence) VALUES ($1, $2)");
        db.write(move |tx| tx.exec(put, &[&name, &fence])).unwrap();
    }
    db
}

#[test]
fn optional_clauses_are_there_when_their_parameters_are() {
    for place in Place::both() {
        let db = filled(&place);
        // $2 is used by two clauses, $3 only with $2, and the order of first use is not the order of numbers.
        let list = |fence: Option<i64>, above: Option<&str>, limit: i64| {
            let found = sql!(
                "SELECT name FROM worker_fence WHERE name <> 'z' [AND fence = $2] [AND (name > $3 OR fence < $2)] ORDER BY name LIMIT $1"
            );
            let rows = db.read(|tx| tx.all::<(String,)>(found, &[&limit, &fence, &above])).unwrap();
            rows.into_iter().map(|(n,)| n).collect::<String>()
        };
        assert_eq!(list(None, None, 3), "abc");
        assert_eq!(list(Some(2), None, 9), "bc");
        assert_eq!(list(None, Some("b"), 9), "abcd");
        assert_eq!(list(Some(2), Some("b"), 9), "c");
    }
}

#[test]
fn spreads_take_slices() {
    for place in Place::both() {
        let db = filled(&place);
        let texts = |given: &[&str]| {
            let found = sql!("SELECT name FROM worker_fence WHERE name IN TEXTS($1) ORDER BY name LIMIT 9");
            db.read(|tx| tx.all::<(String,)>(found, &[&given])).unwrap().into_iter().map(|(n,)| n).collect::<String>()
        };
        assert_eq!((texts(&[]), texts(&["a", "c", "x", "\"'\\"])), (String::new(), "ac".into()));
        let ints = |given: Vec<i64>, all: Option<&str>| {
            let found = sql!("SELECT count(*) FROM worker_fence WHERE fence NOT IN INTS($1) [AND name = $2]");
            db.read(|tx| tx.one::<(i64,)>(found, &[&given, &all])).unwrap().0
        };
        assert_eq!((ints(vec![], None), ints(vec![2, 3], None), ints(vec![2], Some("a"))), (4, 1, 1));
        let ids = [MatterId(Uuid::now_v7()), MatterId(Uuid::now_v7())];
        let among = |id: Uuid| {
            let found = sql!("SELECT count(*) FROM worker_fence WHERE name = 'a' AND CAST($1 AS UUID) IN UUIDS($2)");
            db.read(|tx| tx.one::<(i64,)>(found, &[&id, &ids.as_slice()])).unwrap().0
        };
        assert_eq!((among(ids[1].0), among(Uuid::now_v7())), (1, 0));
    }
}

#[test]
fn statements_that_have_not_run_are_missed() {
    // In a process of its own, because where the marks go is read from the environment.
    let dir = std::env::temp_dir().join(format!("linli-it-hits-{}", std::process::id()));
    let run = |test: &str| {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let out = child
            .args(["--exact", test, "--quiet"])
            .env("LINLI_SQL_HITS", &dir)
            .env_remove("LINLI_TEST_PG")
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
        hits::missing(&dir).unwrap()
    };
    let first = run("it::values::what_goes_in_comes_out");
    let (casts, spreads) = ("CAST(?8 AS TEXT)", "json_each(?1)) ORDER BY name");
    assert!(
        !first.iter().any(|m| m.contains(casts))
            && first.iter().any(|m| m.starts_with("pg\t") && m.contains("$8 AS TEXT"))
    );
    assert!(first.iter().any(|m| m.contains(spreads)));
    let second = run("it::values::optional_clauses_are_there_when_their_parameters_are");
    assert!(!second.iter().any(|m| m.contains("name <> 'z'") && m.starts_with("sqlite\t")), "{second:#?}");
    let third = run("it::values::spreads_take_slices");
    assert!(!third.iter().any(|m| m.contains(spreads) || m.contains(casts)) && third.len() < second.len());
    let _ = std::fs::remove_dir_all(dir);
}
