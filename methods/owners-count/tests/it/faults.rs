//! Every fault names line, field and cause; no input makes the library panic.
use super::rules;
use owners_count::{Rules, Tally, count, read_votes};
use proptest::prelude::*;

fn fault(text: &str) -> (usize, String, String) {
    let e = read_votes(text).expect_err("is faulty");
    (e.line, e.field, e.cause)
}

const VOTE: &str = r#"{
"name": "n",
"matters": [{"id": "1", "item": 4}],
"dwellings": [
  {"id": "101", "area": 10000, "owners": ["a"]},
  {"id": "102", "area": 10000, "owners": ["b", "c"]}
],
"ballots": [
  {"dwelling": "101", "opinions": {"1": "for"}},
  {"dwelling": "102", "voter": "b", "opinions": {"1": "for"}}
]}"#;

#[test]
fn faults_name_line_field_and_cause() {
    let cases = [
        (
            r#""area": 10000, "owners": ["a"]"#,
            r#""area": "x", "owners": ["a"]"#,
            5,
            "dwellings[0].area",
            "invalid type",
        ),
        (r#""owners": ["a"]"#, r#""aera": 1, "owners": ["a"]"#, 5, "dwellings[0].aera", "unknown field"),
        (r#""owners": ["a"]"#, r#""owners": []"#, 5, "dwellings[0].owners", "no owner"),
        (
            r#""area": 10000, "owners": ["a"]"#,
            r#""area": 0, "owners": ["a"]"#,
            5,
            "dwellings[0].area",
            "more than zero",
        ),
        (r#""id": "102""#, r#""id": "101""#, 6, "dwellings[1].id", "twice"),
        (r#"["b", "c"]"#, r#"["b", "b"]"#, 6, "dwellings[1].owners", "twice"),
        (r#""dwelling": "101""#, r#""dwelling": "103""#, 9, "ballots[0].dwelling", "not in the roll"),
        (r#"{"1": "for"}},"#, r#"{"2": "for"}},"#, 9, "ballots[0].opinions", "announced"),
        (r#"{"1": "for"}},"#, r#"{"1": "yes"}},"#, 9, "ballots[0].opinions.1", "unknown variant"),
        (r#"{"1": "for"}},"#, r#"{"1": "for", "1": "against"}},"#, 9, "ballots[0].opinions", "twice"),
        (r#""voter": "b", "#, "", 10, "ballots[1].voter", "say who cast it"),
        (r#""name": "n","#, r#""name": "n", "date": "2026-02-29","#, 2, "date", "not a date"),
        (r#"[{"id": "1", "item": 4}]"#, "[]", 1, "matters", "nothing is asked"),
        (r#""name": "n","#, r#""name": "n", "scope": ["9幢"],"#, 1, "scope[0]", "no dwelling"),
        (r#""name": "n","#, r#""name": 7,"#, 2, "name", "invalid type"),
        ("\n]}", "\n]", 11, "", "EOF"),
    ];
    for (from, to, line, field, cause) in cases {
        assert!(VOTE.contains(from), "{from}");
        let (at, path, why) = fault(&VOTE.replacen(from, to, 1));
        assert_eq!((at, path.as_str()), (line, field), "{to}: {why}");
        assert!(why.contains(cause), "{to}: {why}");
    }
    assert!(read_votes(VOTE).is_ok());
    assert!(fault("[]").2.contains("no vote"));
    let listed = format!("[\n{VOTE},\n{}]", VOTE.replacen(r#""dwelling": "101""#, r#""dwelling": "103""#, 1));
    assert_eq!(fault(&listed).0, 1 + 12 + 8);
    assert_eq!(fault(&listed).1, "[1].ballots[0].dwelling");
}

#[test]
fn faulty_rules_are_named() {
    let text = include_str!("../../../../data/law/owners-vote.json");
    let cases = [
        (r#""need": {"at_least": [2, 3]}"#, r#""need": {"at_least": [4, 3]}"#, "rules[0].need"),
        (r#""need": {"more_than": [1, 2]}"#, r#""need": {"more_than": [1, 1]}"#, "rules[0].need"),
        (r#""items": [1, 2, 3, 4, 5, 9]"#, r#""items": [1, 2, 3, 4, 5]"#, "rules[0].consent"),
        (r#""items": [6, 7, 8]"#, r#""items": [6, 7, 8, 9]"#, "rules[0].consent"),
        (r#""id": "shanghai-2021""#, r#""id": "civil-code-2021""#, "rules[1].id"),
        (r#""extends": "civil-code-2021""#, r#""extends": "nothing""#, "rules[1].extends"),
        (r#""until": "2020-12-31""#, r#""until": "2017-12-31""#, "rules[4].until"),
        (r#""from": "2021-01-01""#, r#""from": "soon""#, "rules[0].from"),
    ];
    for (from, to, field) in cases {
        assert!(text.contains(from), "{from}");
        let e = Rules::parse(&text.replacen(from, to, 1)).expect_err(to);
        assert_eq!(e.field, field, "{e}");
        assert!(e.line > 1, "{e}");
    }
}

/// Reads, and counts whatever could be read, also straight through the tally.
fn swallow(text: &str) {
    let rules = rules();
    if let Ok(votes) = read_votes(text) {
        for vote in &votes {
            let _ = count(vote, &rules).map(|verdicts| verdicts.len());
            for rule in rules.iter() {
                if let Ok(tally) = Tally::open(vote, rule) {
                    let _ = (tally.verdict(usize::MAX), tally.remarks());
                }
            }
        }
    }
    let _ = Rules::parse(text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        swallow(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_json_panics(text in r#"[\[{]{1,3}("name"|"units"|"rules"|"matters"|"dwellings"|[0-9]{1,30}|[\]\[{}:,"a-z甲]){0,40}[\]}]{0,3}"#) {
        swallow(&text);
    }

    /// One or two cuts, doublings or foreign characters in sound files.
    #[test]
    fn no_damaged_file_panics(
        which in 0..4usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0..12usize, "[\\x00-\\x7f甲￿]{0,6}"), 1..3),
    ) {
        let sound = [
            VOTE,
            include_str!("../fixtures/more_vectors.json"),
            include_str!("../../../../data/law/owners-vote.json"),
            include_str!("../fixtures/owners_vote_vectors.json"),
        ][which];
        let mut letters: Vec<char> = sound.chars().collect();
        for (at, cut, put) in damage {
            let at = at.index(letters.len());
            let end = (at + cut).min(letters.len());
            letters.splice(at..end, put.chars());
        }
        swallow(&letters.into_iter().collect::<String>());
    }
}
