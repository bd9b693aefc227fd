//! Options, limits and the words of an explanation, on elections small enough to check by hand.
use equal_shares::{
    Ballot, Completion, Election, Language, Limit, Options, Outcome, Pb, Project, Rule, Score, count, published_rule,
};

/// The election of the README: 12 residents, 6,000 yuan.
const YARD: &str = include_str!("../yard.pb");

fn yard() -> (Pb, Election) {
    let pb = Pb::parse(YARD.as_bytes()).expect("yard.pb");
    let (election, warnings) = Election::from_pb(&pb).expect("yard.pb");
    assert_eq!(warnings, []);
    (pb, election)
}

fn ids<'a>(election: &'a Election, outcome: &Outcome) -> Vec<&'a str> {
    outcome.selected.iter().map(|p| election.projects()[*p].id.as_str()).collect()
}

fn reasons(election: &Election, outcome: &Outcome, language: Language) -> Vec<String> {
    let say = |p: usize| format!("{} {}", election.projects()[p].id, outcome.explain(election, p, language));
    (0..election.projects().len()).map(say).collect()
}

#[test]
fn the_example_of_the_readme() {
    let (pb, election) = yard();
    let greedy = count(&election, &Options::new(Rule::Greedy)).expect("counted");
    assert_eq!(ids(&election, &greedy), ["A1", "A2"]);
    assert_eq!(election.satisfied(&greedy.selected), 7);
    assert_eq!(
        reasons(&election, &greedy, Language::En),
        [
            "A1 won: 7 votes; 6,000 yuan left at its turn, 3,500 yuan needed",
            "A2 won: 6 votes; 2,500 yuan left at its turn, 2,400 yuan needed",
            "B1 lost: 100 yuan left at its turn, 1,500 yuan needed, 1,400 yuan short",
            "B2 lost: 100 yuan left at its turn, 800 yuan needed, 700 yuan short",
        ]
    );
    let shares = count(&election, &published_rule(&pb).expect("rule")).expect("counted");
    assert_eq!(ids(&election, &shares), ["A1", "B1", "B2"]);
    assert_eq!(election.satisfied(&shares.selected), 12);
    assert_eq!(
        reasons(&election, &shares, Language::En),
        [
            "A1 won: 7 supporters paid 500 yuan each",
            "A2 lost: its supporters had 0 yuan left, 2,400 yuan short",
            "B1 won: 5 supporters paid 300 yuan each",
            "B2 won: 4 supporters paid 200 yuan each",
        ]
    );
    assert_eq!(reasons(&election, &shares, Language::Zh)[1], "A2 未入选：支持者合计尚余 0 元，差 2,400 元");
    let published: Vec<bool> = election.projects().iter().map(|p| p.published == Some(true)).collect();
    assert_eq!(published, [true, false, true, true]);
}

/// Projects `(id, cost, category)` and one list of wishes per voter, by position.
fn election(budget: i64, projects: &[(&str, i64, &str)], wishes: &[&[u32]]) -> Election {
    let project = |(id, cost, category): &(&str, i64, &str)| Project {
        id: (*id).into(),
        cost: *cost,
        categories: vec![(*category).into()],
        ..Project::default()
    };
    let ballots: Vec<Ballot> = wishes.iter().map(|w| Ballot { wishes: w.to_vec(), points: Vec::new() }).collect();
    Election::new(budget, 1, projects.iter().map(project).collect(), &ballots).expect("valid")
}

fn won(election: &Election, options: Options) -> String {
    ids(election, &count(election, &options).expect("counted")).join(" ")
}

#[test]
fn no_skip_ends_and_skip_goes_on() {
    let e = election(10, &[("a", 6, ""), ("b", 5, ""), ("c", 4, "")], &[&[0, 1, 2], &[0, 1], &[0]]);
    assert_eq!(won(&e, Options::new(Rule::Greedy)), "a c");
    assert_eq!(won(&e, Options { no_skip: true, ..Options::new(Rule::Greedy) }), "a");
    let outcome = count(&e, &Options { no_skip: true, ..Options::new(Rule::Greedy) }).expect("counted");
    assert_eq!(
        reasons(&e, &outcome, Language::En)[1..],
        [
            "b lost: 4 yuan left at its turn, 5 yuan needed, 1 yuan short",
            "c lost: an earlier project did not fit, and the rule ends there"
        ]
    );
}

#[test]
fn a_threshold_excludes_under_every_rule() {
    let e = election(10, &[("a", 5, ""), ("b", 5, "")], &[&[0, 1], &[0]]);
    for rule in Rule::ALL {
        assert_eq!(won(&e, Options { threshold: Some(2), ..Options::new(rule) }), "a", "{rule:?}");
    }
    let outcome = count(&e, &Options { threshold: Some(2), ..Options::new(Rule::Mes) }).expect("counted");
    assert_eq!(reasons(&e, &outcome, Language::En)[1], "b lost: 1 vote, below the threshold of 2");
}

#[test]
fn limits_hold_under_every_rule() {
    let projects = [("pool", 4, "sport"), ("rink", 4, "sport"), ("trees", 4, "green")];
    let mut e = election(12, &projects, &[&[0, 1, 2], &[0, 1, 2], &[0, 1, 2]]);
    for rule in Rule::ALL {
        assert_eq!(won(&e, Options::new(rule)), "pool rink trees", "{rule:?}: all fit");
    }
    let mut exclusive = e.clone();
    exclusive.limit(Limit::Exclusive(vec![0, 1])).expect("limit");
    let category = e.category_limit(" sport = 7 ").expect("limit");
    e.limit(category).expect("limit");
    for rule in Rule::ALL {
        for (e, reason) in [
            (&exclusive, "rink lost: excluded by pool, which won"),
            (&e, "rink lost: category \"sport\" had 3 yuan left, 4 yuan needed"),
        ] {
            let outcome = count(e, &Options::new(rule)).expect("counted");
            assert_eq!(ids(e, &outcome), ["pool", "trees"], "{rule:?}");
            assert_eq!(reasons(e, &outcome, Language::En)[1], reason);
        }
    }
    assert!(e.limit(Limit::Exclusive(vec![9])).is_err());
    assert!(
        e.exclusive("pool,nothing").is_err() && e.category_limit("sport").is_err() && e.category_limit("s=-1").is_err()
    );
}

#[test]
fn limits_are_read_from_the_file() {
    let text = YARD.replace("currency;CNY", "currency;CNY\nexclusive;A1,B1\ncategory_limits;环境=2000.50");
    let (e, _) = Election::from_pb(&Pb::parse(text.as_bytes()).expect("format")).expect("election");
    assert_eq!(e.unit, 10, "the finest amount sets the scale");
    assert_eq!(won(&e, Options::new(Rule::Greedy)), "A1 B2");
    let outcome = count(&e, &Options::new(Rule::Greedy)).expect("counted");
    assert_eq!(reasons(&e, &outcome, Language::Zh)[1], "A2 未入选：类别“环境”限额尚余 2,000.5 元，需 2,400 元");
    for (line, wrong) in [("exclusive;A1,C9", "exclusive"), ("category_limits;环境", "category_limits")] {
        let text = YARD.replace("currency;CNY", &format!("currency;CNY\n{line}"));
        let error = Election::from_pb(&Pb::parse(text.as_bytes()).expect("format")).expect_err(line);
        assert_eq!((error.line, error.field.as_str()), (9, wrong));
    }
}

#[test]
fn completion_spends_what_is_left_and_says_so() {
    // The lone voter for `b` holds 5 of its 6; the budget has 6 left.
    let e = election(10, &[("a", 4, ""), ("b", 6, "")], &[&[0], &[1]]);
    assert_eq!(won(&e, Options::new(Rule::Mes)), "a");
    let outcome = count(&e, &Options { completion: Completion::Greedy, ..Options::new(Rule::Mes) }).expect("counted");
    assert_eq!(
        reasons(&e, &outcome, Language::En),
        [
            "a won: 1 supporter paid 4 yuan each",
            "b won with money left over: 1 vote; 6 yuan left at its turn, 6 yuan needed"
        ]
    );
    let outcome = count(&e, &Options::new(Rule::MesAdd1)).expect("counted");
    assert_eq!((ids(&e, &outcome), outcome.steps, outcome.share), (vec!["a", "b"], 1, Some(600)));
}

#[test]
fn phragmen_ends_at_the_first_project_that_does_not_fit() {
    let e = election(10, &[("a", 6, ""), ("b", 5, ""), ("c", 4, "")], &[&[0], &[0], &[1], &[2]]);
    // a is due at 6/2 = 3, c at 4, b at 5: by then the budget is used.
    let outcome = count(&e, &Options::new(Rule::Phragmen)).expect("counted");
    assert_eq!(ids(&e, &outcome), ["a", "c"]);
    assert_eq!(
        reasons(&e, &outcome, Language::En),
        [
            "a won: paid by its supporters when each voter had earned 3 yuan",
            "b lost: 0 yuan left at its turn, 5 yuan needed, 5 yuan short",
            "c won: paid by its supporters when each voter had earned 4 yuan",
        ]
    );
}

#[test]
fn points_count_where_they_are_asked_for() {
    let ballots = [
        Ballot { wishes: vec![0, 1], points: vec![1, 5] },
        Ballot { wishes: vec![0], points: vec![1] },
        Ballot { wishes: vec![0], points: vec![1] },
    ];
    let projects = ["a", "b"].map(|id| Project { id: id.into(), cost: 1, ..Project::default() });
    let e = Election::new(1, 1, projects.to_vec(), &ballots).expect("valid");
    assert_eq!((e.votes(), e.points()), ([3, 1].as_slice(), [3, 5].as_slice()));
    assert_eq!(won(&e, Options::new(Rule::Greedy)), "a");
    assert_eq!(won(&e, Options { score: Score::Points, ..Options::new(Rule::Greedy) }), "b");
}

#[test]
fn what_cannot_be_counted_exactly_is_refused() {
    let project = |id: &str, cost| Project { id: id.into(), cost, ..Project::default() };
    let ballot = |wishes: &[u32], points: &[i64]| Ballot { wishes: wishes.to_vec(), points: points.to_vec() };
    let new = |budget, projects: &[Project], ballots: &[Ballot]| Election::new(budget, 100, projects.to_vec(), ballots);
    assert!(new(i64::MAX, &[], &[]).is_err());
    assert!(new(-1, &[], &[]).is_err());
    assert!(new(1, &[project("a", 1 << 59), project("b", 1 << 59)], &[]).is_err());
    assert!(new(1, &[project("a", -1)], &[]).is_err());
    assert!(new(1, &[project("a", 1), project("a", 1)], &[]).is_err());
    assert!(new(1, &[project("", 1)], &[]).is_err());
    assert!(new(1, &[project("a", 1)], &[ballot(&[1], &[])]).is_err());
    assert!(new(1, &[project("a", 1)], &[ballot(&[0], &[1, 2])]).is_err());
    let empty = new(0, &[], &[]).expect("an empty election is one");
    for rule in Rule::ALL {
        assert!(count(&empty, &Options::new(rule)).expect("counted").selected.is_empty());
    }
    // Two voters, one wish far dearer than a step: a million steps of one fen do not get there.
    let projects = [project("a", 99_999_999_900), project("b", 100)];
    let slow = new(100_000_000_000, &projects, &[ballot(&[0], &[]), ballot(&[1], &[])]).expect("valid");
    let tiny = Options { increment: Some(1), ..Options::new(Rule::MesAdd1) };
    assert!(count(&slow, &tiny).is_err());
    let coarse = Options { increment: Some(1_000_000_000), ..tiny };
    assert_eq!(ids(&slow, &count(&slow, &coarse).expect("counted")), ["b", "a"]);
}
