//! The file: read, written, refused with line, field and cause, and never a panic.
use equal_shares::{Cause, Election, Error, Finding, Options, Pb, Rule, Table, count};
use proptest::prelude::*;

const HEAD: &str = "META\nkey;value\nbudget;100\nvote_type;";

/// The parts of a file after `vote_type;`, with its election or first error.
fn election(vote_type_and_rest: &str) -> Result<(Election, Vec<Finding>), Error> {
    Pb::parse(format!("{HEAD}{vote_type_and_rest}").as_bytes()).and_then(|pb| Election::from_pb(&pb))
}

#[test]
fn every_vote_type_is_read() {
    let projects = "PROJECTS\nproject_id;cost\na;10\nb;20.5\nc;30\n";
    let counted = |text: String| {
        let (e, warnings) = election(&text).expect("election");
        assert_eq!(warnings, []);
        assert_eq!(e.unit, 10);
        (e.voters(), e.votes().to_vec(), e.points().to_vec())
    };
    let approval = counted(format!("approval\n{projects}VOTES\nvoter_id;vote\n1;a,b\n2;\n3;b\n"));
    assert_eq!(approval, (3, vec![1, 2, 0], vec![1, 2, 0]), "a blank ballot is a voter");
    let choose = counted(format!("choose-1\n{projects}VOTES\nvoter_id;vote\n1;a\n2;b\n"));
    assert_eq!(choose, (2, vec![1, 1, 0], vec![1, 1, 0]));
    let cumulative = counted(format!("cumulative\n{projects}VOTES\nvoter_id;vote;points\n1;a,b;4,1\n2;c,a;3,0\n"));
    assert_eq!(cumulative, (2, vec![1, 1, 1], vec![4, 1, 3]), "no points, no wish");
    let scoring = counted(format!("scoring\n{projects}VOTES\nvoter_id;points;vote\n1;-1,2;a,b\n"));
    assert_eq!(scoring, (1, vec![0, 1, 0], vec![-1, 2, 0]));
    let ordinal = counted(format!("ordinal\nmax_length;3\n{projects}VOTES\nvoter_id;vote\n1;c,a\n2;a,b,c\n"));
    assert_eq!(ordinal, (2, vec![2, 1, 2], vec![5, 2, 4]), "3, 2, 1 points by place");
}

#[test]
fn errors_name_line_field_and_cause() {
    let refused = |text: &str| {
        let error = election(text).expect_err(text);
        (error.line, error.field.clone(), error.cause)
    };
    let rest = "approval\nPROJECTS\nproject_id;cost\na;10\nVOTES\nvoter_id;vote\n";
    let at = |line, field: &str, cause| (line, field.to_owned(), cause);
    assert_eq!(refused(&format!("{rest}1;a\n2;b")), at(11, "vote", Cause::UnknownProject("b".into())));
    assert_eq!(refused(&format!("{rest}1;a;x")), at(10, "VOTES", Cause::CellCount { found: 3, expected: 2 }));
    assert_eq!(refused(&format!("{rest}1")), at(10, "VOTES", Cause::CellCount { found: 1, expected: 2 }));
    assert_eq!(refused(&format!("{rest}1;\"a")), at(10, "cell 2", Cause::UnclosedQuote));
    assert_eq!(refused(&rest.replace("a;10", "a;1O")), at(7, "cost", Cause::NotAmount("1O".into())));
    assert_eq!(refused(&rest.replace("a;10", "a;-1")), at(7, "cost", Cause::NotAmount("-1".into())));
    assert_eq!(
        refused(&rest.replace("a;10", "a;9999999999999999999")),
        at(7, "cost", Cause::NotAmount("9999999999999999999".into()))
    );
    assert_eq!(refused(&rest.replace("a;10", "a;5000000000000000000")), at(7, "cost", Cause::TooLarge));
    assert_eq!(refused(&rest.replace("a;10", "a;10\na;9")), at(8, "project_id", Cause::RepeatedProject("a".into())));
    assert_eq!(refused(&rest.replace("approval", "veto")), at(4, "vote_type", Cause::UnknownVoteType("veto".into())));
    assert_eq!(refused(&rest.replace("cost", "price")), at(0, "column cost", Cause::Missing));
    assert_eq!(refused(&rest.replace("project_id;cost", "cost;cost")), at(6, "cost", Cause::RepeatedColumn));
    assert_eq!(refused("approval\nPROJECTS\nproject_id;cost\n"), at(0, "VOTES", Cause::MissingSection));
    assert_eq!(refused(&format!("{rest}VOTES\n")), at(10, "VOTES", Cause::RepeatedSection));
    let scored = "scoring\nPROJECTS\nproject_id;cost\na;1\nb;1\nVOTES\nvoter_id;vote;points\n";
    assert_eq!(refused(&format!("{scored}1;a,b;3")), at(11, "points", Cause::PointsCount { projects: 2, points: 1 }));
    assert_eq!(refused(&format!("{scored}1;a;x")), at(11, "points", Cause::NotWhole("x".into())));
    assert_eq!(
        refused(&rest.replace("approval", "choose-1").replace("a;10", "a;1\nb;1").replace("vote\n", "vote\n1;a,b\n")),
        at(11, "vote", Cause::MoreThanOne(2))
    );
    let outside = Pb::parse(b"budget;1\n").expect_err("no section");
    assert_eq!((outside.line, outside.cause), (1, Cause::OutsideSection));
    let latin = Pb::parse(b"META\nunit;\xa3\n").expect_err("not UTF-8");
    assert_eq!(
        latin.to_string(),
        "2: text: 不是 UTF-8 文本，请另存为 UTF-8 编码 · not UTF-8 text; save the file as UTF-8"
    );
    assert_eq!(latin.cause, Cause::NotUtf8);
    let no_budget = Pb::parse(b"META\nPROJECTS\nVOTES\n").and_then(|pb| Election::from_pb(&pb)).expect_err("no budget");
    assert_eq!((no_budget.field.as_str(), no_budget.cause), ("META budget", Cause::Missing));
}

#[test]
fn warnings_do_not_stop_the_count() {
    let text = "approval\nnum_projects;3\nnum_votes;9\nmax_length;1\nmax_sum_cost;50\nPROJECTS\nproject_id;cost;votes\na;10;2\nb;60;7\nVOTES\nvoter_id;vote\n1;a,b\n1;a,a\n";
    let (e, warnings) = election(text).expect("counted all the same");
    assert_eq!((e.voters(), e.votes()), (2, [2, 1].as_slice()));
    let said: Vec<(u32, &str)> = warnings.iter().map(|w| (w.line, w.field.as_str())).collect();
    let expected = [
        (15, "max_length"),
        (15, "max_sum_cost"),
        (16, "voter_id"),
        (16, "max_length"),
        (16, "vote"),
        (5, "num_projects"),
        (6, "num_votes"),
        (12, "votes"),
    ];
    assert_eq!(said, expected);
}

#[test]
fn files_from_a_spreadsheet_are_read() {
    let plain = include_str!("../yard.pb");
    let padded: String = plain.lines().map(|l| format!("{l}{}\r\n", ";".repeat(5 - l.matches(';').count()))).collect();
    let spreadsheet = Pb::parse(format!("\u{feff}{padded}\r\n;;;;;\r\n").as_bytes()).expect("read");
    assert_eq!(spreadsheet, Pb::parse(plain.as_bytes()).expect("read"));
    assert_eq!(Pb::parse(plain.as_bytes()).expect("read").write(), plain, "a plain file is written as it was");
}

/// Text as it may stand in a cell: separators, quotes, line ends, section names, other scripts.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9,.]{0,6}",
        Just("META".to_owned()),
        Just(" votes ".to_owned()),
        "[;\"\r\n ,a项é]{0,6}",
        any::<String>()
    ]
}

fn table() -> impl Strategy<Value = Table> {
    (2usize..5).prop_flat_map(|width| {
        let columns =
            prop::collection::hash_set("[a-z_\";]{1,6}", width).prop_map(|c| c.into_iter().collect::<Vec<_>>());
        let rows = prop::collection::vec(prop::collection::vec(cell(), width), 0..6);
        (columns, rows).prop_map(|(columns, rows)| {
            let mut table = Table::new(columns);
            rows.into_iter().for_each(|row| table.push(row).expect("as wide as the header"));
            table
        })
    })
}

/// One change to a file's bytes.
fn mutate(bytes: &mut Vec<u8>, (kind, at, what): (u8, usize, u8)) {
    const TELLING: &[u8] = b";,\"\n\r-.0918aMPV\xff\xe9 =|";
    if bytes.is_empty() {
        return;
    }
    let at = at % bytes.len();
    let byte = TELLING[what as usize % TELLING.len()];
    match kind % 6 {
        0 => bytes[at] = byte,
        1 => bytes.insert(at, byte),
        2 => drop(bytes.remove(at)),
        3 => bytes.truncate(at),
        4 => {
            let part: Vec<u8> = bytes[at..bytes.len().min(at + what as usize)].to_vec();
            bytes.splice(at..at, part);
        }
        _ => drop(bytes.drain(at..bytes.len().min(at + what as usize))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn writing_and_reading_are_inverse(
        meta in prop::collection::vec(("[a-z_]{1,8}|PROJECTS|", cell()), 0..5), projects in table(), votes in table()
    ) {
        let mut pb = Pb::default();
        (pb.meta, pb.projects, pb.votes) = (meta, projects, votes);
        let text = pb.write();
        let read = Pb::parse(text.as_bytes()).expect("own text");
        prop_assert_eq!(&read, &pb);
        prop_assert_eq!(read.write(), text);
    }

    #[test]
    fn damaged_files_are_counted_or_refused_but_never_panic(
        changes in prop::collection::vec((any::<u8>(), any::<usize>(), any::<u8>()), 1..12), kind in 0usize..3
    ) {
        let kinds = ["approval", "ordinal", "scoring"];
        let mut text = include_str!("../yard.pb").replace("approval", kinds[kind]);
        if kinds[kind] == "scoring" {
            text = text.replace("voter_id;vote", "voter_id;points;vote").replace(";A1\n", ";1;A1\n").replace(";B1\n", ";1;B1\n")
                .replace(";A1,", ";2,1;A1,").replace(";B1,", ";2,1;B1,");
        }
        text = text.replace("currency;CNY", "currency;CNY\nexclusive;A1,A2|B1,B2\ncategory_limits;生活=900.5");
        let mut bytes = text.into_bytes();
        prop_assert!(Election::from_pb(&Pb::parse(&bytes).expect("undamaged")).is_ok());
        changes.into_iter().for_each(|change| mutate(&mut bytes, change));
        let read = Pb::parse(&bytes);
        if let Ok(pb) = &read {
            prop_assert_eq!(&Pb::parse(pb.write().as_bytes()).expect("own text"), pb);
        }
        match read.and_then(|pb| Election::from_pb(&pb)) {
            Err(error) => prop_assert!(error.to_string().contains(" · ")),
            Ok((election, _)) => {
                for rule in Rule::ALL {
                    let increment = Some(election.budget / 20 + 1);
                    let outcome = count(&election, &Options { increment, ..Options::new(rule) });
                    prop_assert!(outcome.is_ok_and(|o| o.cost <= election.budget));
                }
            }
        }
    }

    #[test]
    fn noise_is_refused_but_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>()) {
        prop_assert!(Pb::parse(&bytes).is_err());
        let _ = Pb::parse(format!("META\n{text}\nPROJECTS\n{text}\nVOTES\n{text}").as_bytes()).map(|pb| Election::from_pb(&pb));
    }
}
