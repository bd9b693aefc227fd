use opinion_groups::{Analysis, Conversation, Settings, Statement, Vote, clusters, near_duplicates, opendata};
use proptest::prelude::*;

const STATEMENTS: u64 = 12;

/// People of three leanings with some noise, each voting on some of the statements.
fn votes() -> impl Strategy<Value = Vec<(u64, u64, Vote)>> {
    let one = (0..40u64, 0..STATEMENTS, 0..10u8).prop_map(|(person, statement, luck)| {
        let vote = match luck {
            0 => Vote::Pass,
            1 => Vote::Agree,
            2 => Vote::Disagree,
            _ if (person % 3 + statement) % 3 == 0 => Vote::Agree,
            _ => Vote::Disagree,
        };
        (person, statement, vote)
    });
    prop::collection::vec(one, 0..500)
}

fn conversation(votes: &[(u64, u64, Vote)]) -> Conversation {
    let mut c = Conversation::new(Settings::default());
    for id in 0..STATEMENTS {
        c.add(Statement { id, hidden: id == 5, meta: id == 7 }).unwrap();
    }
    for (person, statement, vote) in votes {
        c.vote(*person, *statement, *vote).unwrap();
    }
    c
}

fn close_up_to_sign(a: &[f64], b: &[f64]) -> bool {
    let near = |sign: f64| a.iter().zip(b).all(|(x, y)| (x - sign * y).abs() < 1e-6);
    near(1.0) || near(-1.0)
}

fn sensible(a: &Analysis) -> Result<(), TestCaseError> {
    let mut people: Vec<u64> = a.groups.iter().flat_map(|g| g.members.iter().copied()).collect();
    people.sort_unstable();
    prop_assert_eq!(people, a.points.iter().map(|p| p.participant).collect::<Vec<_>>());
    prop_assert!(a.groups.len() <= 5 && a.groups.iter().all(|g| !g.members.is_empty() && g.representative.len() <= 5));
    prop_assert!(a.points.iter().all(|p| p.x.is_finite() && p.y.is_finite() && p.group < a.groups.len()));
    let [first, second] = &a.plane.components;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    prop_assert!(dot(first, second).abs() < 1e-9);
    for c in [first, second] {
        prop_assert!(dot(c, c) == 0.0 || (dot(c, c) - 1.0).abs() < 1e-9);
    }
    prop_assert!(a.statements.iter().all(|s| s.consensus.is_none_or(|c| c > 0.0 && c < 1.0) && s.priority >= 0.0));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Neither the order of votes, nor votes changed on the way, nor counting as they come changes a bit of the result.
    #[test]
    fn only_the_votes_in_force_matter(votes in votes(), early in 0usize..500) {
        let mut last = std::collections::BTreeMap::new();
        for (person, statement, vote) in &votes {
            last.insert((*statement, *person), *vote);
        }
        let in_force: Vec<_> = last.iter().map(|((statement, person), vote)| (*person, *statement, *vote)).collect();
        let batch = conversation(&in_force).analyse();
        sensible(&batch)?;
        let (before, after) = votes.split_at(early.min(votes.len()));
        let mut live = conversation(before);
        live.analyse();
        for (person, statement, vote) in after {
            live.vote(*person, *statement, *vote).unwrap();
        }
        prop_assert_eq!(&live.analyse(), &batch);
        // A visitor who votes and withdraws leaves no trace.
        live.vote(1000, 3, Vote::Agree).unwrap();
        live.withdraw(1000, 3).unwrap();
        prop_assert_eq!(&live.analyse(), &batch);
    }

    /// Analysing after every few votes ends where one analysis of all votes ends.
    #[test]
    fn step_by_step_comes_to_the_same_groups(votes in votes()) {
        let mut live = conversation(&[]);
        for (n, (person, statement, vote)) in votes.iter().enumerate() {
            live.vote(*person, *statement, *vote).unwrap();
            if n % 20 == 0 {
                live.update();
            }
        }
        let mut settled = live.update();
        for _ in 0..live.settings().steady {
            settled = live.update();
        }
        sensible(&settled)?;
        let batch = conversation(&votes).analyse();
        // Two directions of (nearly) equal strength have no answer to agree on.
        let [one, two] = batch.plane.explained;
        if one - two > 1e-3 && close_up_to_sign(&batch.plane.components[1], &settled.plane.components[1]) {
            prop_assert!(close_up_to_sign(&batch.plane.components[0], &settled.plane.components[0]));
            let members = |a: &Analysis| a.groups.iter().map(|g| g.members.clone()).collect::<Vec<_>>();
            prop_assert_eq!(members(&settled), members(&batch));
        }
    }

    #[test]
    fn the_position_uses_only_own_votes_and_the_plane(votes in votes()) {
        let mut c = conversation(&votes);
        let analysis = c.analyse();
        for p in &analysis.points {
            prop_assert_eq!(c.position(&analysis.plane, p.participant), Some([p.x, p.y]));
        }
    }

    #[test]
    fn bundles_and_groupings_label_every_point(points in prop::collection::vec((-5i8..5, -5i8..5), 0..150), most in 1usize..20) {
        let points: Vec<[f64; 2]> = points.iter().map(|(x, y)| [f64::from(*x), f64::from(*y)]).collect();
        let bundles = clusters::bundle(&points, most);
        prop_assert!(bundles.centers.len() <= most);
        prop_assert_eq!(bundles.labels.len(), points.len());
        prop_assert!(bundles.weights().iter().all(|w| *w > 0.0));
        for g in clusters::groupings(&bundles.centers, &bundles.weights(), 5) {
            prop_assert!(g.silhouette.abs() <= 1.0 + 1e-12);
            prop_assert!((0..g.centers.len()).all(|n| g.labels.contains(&n)));
        }
    }

    #[test]
    fn parsers_never_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[a-z0-9,\"\n\r-]{0,120}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            for head in ["", "comment-id,voter-id,vote,timestamp,comment-body,moderated,is-meta,participant,group-id,0,1\n"] {
                let file = [head.as_bytes(), input].concat();
                let _ = opendata::comments("f", file.as_slice());
                let _ = opendata::votes("f", file.as_slice());
                let _ = opendata::matrix("f", file.as_slice());
            }
        }
    }

    #[test]
    fn what_is_written_is_read(rows in prop::collection::vec((any::<u32>(), any::<u32>(), -1i8..=1), 0..40)) {
        let mut file = String::from("vote,voter-id,comment-id\n");
        for (person, statement, vote) in &rows {
            file += &format!("{vote},{person},{statement}\n");
        }
        let read = opendata::votes("f", file.as_bytes()).unwrap();
        prop_assert_eq!(read.iter().map(|c| (c.participant, c.statement, c.vote.value())).collect::<Vec<_>>(), rows);
    }

    #[test]
    fn a_text_is_its_own_duplicate_and_likeness_has_no_order(a in "[居民停车位车a-c ]{0,12}", b in "[居民停车位车a-c ]{0,12}") {
        let alike = |x: &str, y: &str| near_duplicates(&[x, y], 0.0).first().map(|d| d.similarity);
        prop_assert_eq!(alike(&a, &b), alike(&b, &a));
        if !a.trim().is_empty() {
            prop_assert_eq!(alike(&a, &a), Some(1.0));
        }
    }
}
