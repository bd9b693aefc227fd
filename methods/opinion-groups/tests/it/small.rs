use opinion_groups::opendata::{self, comments, matrix, votes};
use opinion_groups::{Conversation, SIMILAR, Settings, Side, Statement, Vote, near_duplicates};

/// Eight statements about a lane's parking; people 1–5 want bays kept for residents, 6–10 want
/// them open to visitors, all want the fire lane clear, and 3 has not voted on the last one.
fn lane() -> Conversation {
    let mut lane = Conversation::new(Settings { ready_statements: 6, ..Settings::default() });
    for id in 1..=8 {
        lane.add(Statement::open(id)).unwrap();
    }
    for person in 1..=10u64 {
        for statement in 1..=8u64 {
            let vote = match (statement, person <= 5) {
                (1 | 2, _) => Vote::Agree,
                (3..=5, true) | (6..=8, false) => Vote::Agree,
                _ => Vote::Disagree,
            };
            if (person, statement) != (3, 8) {
                lane.vote(person, statement, vote).unwrap();
            }
        }
    }
    lane
}

#[test]
fn two_camps_are_found_with_what_parts_and_what_joins_them() {
    let analysis = lane().analyse();
    let members: Vec<&[u64]> = analysis.groups.iter().map(|g| g.members.as_slice()).collect();
    assert_eq!(members, [&[1, 2, 3, 4, 5], &[6, 7, 8, 9, 10]]);
    let of = |g: usize, side| -> Vec<u64> {
        analysis.groups[g].representative.iter().filter(|r| r.side == side).map(|r| r.statement).collect()
    };
    assert_eq!((of(0, Side::Agree), of(1, Side::Agree)), (vec![1, 3, 4, 5], vec![1, 6, 7]));
    let shared: Vec<u64> = analysis.consensus.agree.iter().map(|a| a.statement).collect();
    assert_eq!(shared, [1, 2]);
    // (5+1)/(5+2) twice for what all want; (5+1)/(5+2) · (0+1)/(5+2) for what one camp wants.
    let consensus: Vec<f64> = analysis.statements.iter().map(|s| s.consensus.unwrap()).collect();
    assert!((consensus[0] - 36.0 / 49.0).abs() < 1e-15 && (consensus[2] - 6.0 / 49.0).abs() < 1e-15, "{consensus:?}");
}

#[test]
fn with_too_few_votes_it_says_how_many_are_missing_and_shows_no_groups() {
    let mut lane = lane();
    for person in 1..=4 {
        for statement in 1..=5 {
            lane.withdraw(person, statement).unwrap();
        }
    }
    let analysis = lane.analyse();
    assert_eq!((analysis.readiness.have, analysis.readiness.missing()), (3, 3));
    assert!(analysis.groups.is_empty() && analysis.points.is_empty() && analysis.consensus.agree.is_empty());
}

#[test]
fn a_conversation_without_any_difference_is_one_group() {
    let mut all = Conversation::new(Settings::default());
    for id in 0..8 {
        all.add(Statement::open(id)).unwrap();
        for person in 0..9 {
            all.vote(person, id, Vote::Agree).unwrap();
        }
    }
    let analysis = all.analyse();
    assert_eq!(analysis.groups.len(), 1);
    assert_eq!(analysis.groups[0].members.len(), 9);
    assert_eq!(analysis.plane.components[0], [0.0; 8]);
}

#[test]
fn exactly_opposite_statements_still_give_a_plane() {
    // The votes' only direction is at right angles to (1, 1, …): a naive start would find nothing.
    let mut two = Conversation::new(Settings { ready_statements: 2, ..Settings::default() });
    for id in 0..2 {
        two.add(Statement::open(id)).unwrap();
        for person in 0..10u64 {
            two.vote(person, id, if (person + id) % 2 == 0 { Vote::Agree } else { Vote::Disagree }).unwrap();
        }
    }
    let analysis = two.analyse();
    assert_eq!(analysis.groups.len(), 2);
    assert!((analysis.plane.explained[0] - 1.0).abs() < 1e-12);
}

#[test]
fn moderated_statements_shape_nothing_and_are_listed_nowhere() {
    let mut lane = lane();
    lane.moderate(Statement { id: 1, hidden: true, meta: false }).unwrap();
    lane.moderate(Statement { id: 3, hidden: false, meta: true }).unwrap();
    let analysis = lane.analyse();
    assert!([0, 2].iter().all(|c| analysis.plane.components[0][*c] == 0.0 && analysis.plane.means[*c] == 0.0));
    let listed: Vec<u64> = analysis.groups.iter().flat_map(|g| &g.representative).map(|r| r.statement).collect();
    assert!(listed.contains(&4) && !listed.contains(&1) && !listed.contains(&3));
    assert_eq!(analysis.consensus.agree.iter().map(|a| a.statement).collect::<Vec<_>>(), [2]);
    assert_eq!(analysis.statements[2].priority, 49.0);
}

#[test]
fn votes_on_unknown_statements_and_repeated_statements_are_refused() {
    let mut lane = lane();
    assert_eq!(lane.vote(1, 99, Vote::Agree).unwrap_err().to_string(), "statement 99 is not part of this conversation");
    assert_eq!(lane.add(Statement::open(3)).unwrap_err().to_string(), "statement 3 was added twice");
}

#[test]
fn the_number_of_groups_shown_changes_only_after_being_better_four_times() {
    let mut lane = lane();
    // Small differences, so that there are bundles enough for three groups.
    let small = |lane: &mut Conversation, person: u64| lane.vote(person, 1 + person % 8, Vote::Pass).unwrap();
    (1..=10).for_each(|person| small(&mut lane, person));
    assert_eq!(lane.update().groups.len(), 2);
    // A third camp arrives: whatever is best now, what is shown stays for three more looks.
    for person in 11..=30u64 {
        for statement in 1..=8 {
            let vote = if statement % 2 == 0 { Vote::Disagree } else { Vote::Agree };
            lane.vote(person, statement, vote).unwrap();
        }
        small(&mut lane, person);
    }
    let best = lane.clone().analyse().groups.len();
    assert_eq!(best, 3);
    let shown: Vec<usize> = (0..5).map(|_| lane.update().groups.len()).collect();
    assert_eq!(shown, [2, 2, 2, 3, 3]);
}

#[test]
fn near_duplicates_see_through_spacing_punctuation_and_width() {
    let texts = [
        "我觉得停车位应该优先留给本小区居民。",
        "我觉得，停车位 应该优先留给本小区的居民！",
        "消防通道必须保持畅通",
        "ＡＰＰ太难用",
        "app太难用。",
        "",
        "",
    ];
    let found: Vec<(usize, usize)> = near_duplicates(&texts, 0.6).iter().map(|d| (d.first, d.second)).collect();
    assert_eq!(found, [(3, 4), (0, 1)]);
}

#[test]
fn the_three_tables_are_read_and_the_latest_vote_counts() {
    let listed = comments("c", "\u{feff}comment-id,moderated,comment-body\n3,-1,\"a\nb\"\n4,1,x\n".as_bytes()).unwrap();
    assert_eq!((listed[0].text.as_str(), listed[0].moderated, listed[1].id), ("a\nb", -1, 4));
    let cast = votes("v", "timestamp,comment-id,voter-id,vote\n20,3,1,-1\n10,3,1,1\n20,3,1,0\n".as_bytes()).unwrap();
    assert_eq!(cast.iter().map(|c| (c.line, c.vote.value())).collect::<Vec<_>>(), [(3, 1), (2, -1), (4, 0)]);
    let table = matrix("m", "participant,group-id,n-votes,3,4\n7,1,2,1,\n8,,1,,-1\n".as_bytes()).unwrap();
    assert_eq!(table.groups, [(7, 1)]);
    assert_eq!(table.votes.iter().map(|c| (c.participant, c.statement)).collect::<Vec<_>>(), [(7, 3), (8, 4)]);
}

#[test]
fn errors_name_file_line_field_and_cause() {
    let say = |text: &str| votes("votes.csv", text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        say("comment-id,voter-id,vote\n1,1,1\n1,x,1\n"),
        "votes.csv, line 3, field voter-id: \"x\" should be a whole number from 0 to 4294967295"
    );
    assert_eq!(
        say("comment-id,voter-id,vote\n1,1,2\n"),
        "votes.csv, line 2, field vote: \"2\" should be 1 (agree), 0 (pass) or -1 (disagree)"
    );
    assert_eq!(say("comment-id,vote\n"), "votes.csv, line 1, field voter-id: there is no such column");
    let twice = comments("c.csv", "comment-id,comment-body\n1,a\n1,b\n".as_bytes()).unwrap_err().to_string();
    assert_eq!(twice, "c.csv, line 3, field comment-id: comment 1 is listed twice");
    let short = say("comment-id,voter-id,vote\n1,1\n");
    assert!(short.starts_with("votes.csv, line 2, field (whole row): "), "{short}");
}

#[test]
fn the_worked_example_of_the_readme_comes_out_as_printed() {
    let listed = comments("comments.csv", include_bytes!("../../examples/lane/comments.csv").as_slice()).unwrap();
    let cast = votes("votes.csv", include_bytes!("../../examples/lane/votes.csv").as_slice()).unwrap();
    let of = |cast| opendata::conversation(Settings::default(), &listed, "votes.csv", cast, false).unwrap().analyse();
    let analysis = of(&cast);
    let members: Vec<Vec<u64>> = analysis.groups.iter().map(|g| g.members.clone()).collect();
    assert_eq!(members, [(1..=6).collect::<Vec<u64>>(), (7..=12).collect()]);
    let first = analysis.groups[0].representative[0];
    assert_eq!((first.statement, first.votes, first.of, first.ratio), (4, 6, 6, 7.0));
    assert_eq!(analysis.statements[0].consensus, Some(42.0 / 64.0));
    let texts: Vec<&str> = listed.iter().map(|c| c.text.as_str()).collect();
    let twins = near_duplicates(&texts, SIMILAR);
    assert_eq!(
        twins.iter().map(|t| (t.first + 1, t.second + 1, (100.0 * t.similarity).round())).collect::<Vec<_>>(),
        [(8, 9, 90.0)]
    );
    // After the first forty votes.
    let early = of(&cast[..40]).readiness;
    assert_eq!((early.missing(), early.votes_each), (7, 7));
    let readme = include_str!("../../README.md");
    for line in [
        "第 1 群 · Group 1 — 6 人 people",
        "100% (6/6)  #4 访客停车应当限时两小时。  (是其他群的 7.0 倍 times the other groups)",
        "0.656  [5/6 · 6/6]  #1 消防通道任何时候都不能停车。",
        " 90%  #8 车位应当按先到先得使用，不设固定车位。",
        "还需要 7 条观点各有 7 票",
    ] {
        assert!(readme.contains(line), "{line}");
    }
}
