//! Fixtures with known results: the ten given vectors and our own for what they leave open.
use super::{counted, rules, votes};
use owners_count::{Need, Verdict, read_votes};

const GIVEN: &str = include_str!("../fixtures/owners_vote_vectors.json");
const MORE: &str = include_str!("../fixtures/more_vectors.json");
/// The worked example of the README.
const ROOF: &str = include_str!("../../examples/roof.json");

#[test]
fn every_vector_comes_out_exactly() {
    let all = [votes(GIVEN), votes(MORE), votes(ROOF)].concat();
    assert_eq!(all.len(), 10 + 28 + 1);
    let differing: Vec<String> = all
        .iter()
        .flat_map(|vote| counted(vote).into_iter().map(|v| (vote.matters.len(), v)))
        .filter(|(_, v)| v.differs.as_deref() != Some(&[]))
        .map(|(_, v)| format!("{} {}: {:?}\n{}", v.name, v.matter, v.differs, v.explanation.zh))
        .collect();
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
}

#[test]
fn the_fixture_is_the_shared_one() {
    let shared =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/participation/expected/owners_vote_vectors.json");
    match std::fs::read_to_string(shared) {
        Ok(text) => assert_eq!(text, GIVEN),
        Err(_) => eprintln!("skipped: the shared vectors are not here"),
    }
}

#[test]
fn a_wrong_published_result_is_found() {
    let text = GIVEN.replacen("\"yes_heads\": 5", "\"yes_heads\": 6", 1);
    let vote = &votes(&text)[0];
    assert_eq!(counted(vote)[0].differs, Some(vec!["yes_heads".to_string()]));
}

fn named(name: &str) -> Verdict {
    let all = [votes(GIVEN), votes(MORE)].concat();
    let vote = all.iter().find(|v| v.name.starts_with(name)).unwrap_or_else(|| panic!("no vector {name}"));
    counted(vote).remove(0)
}

#[test]
fn what_is_missing_is_exact() {
    // 7 of 12 take part and agree: one more head and its square metre.
    let m = named("one owner short").missing;
    assert_eq!((m.heads, m.area, m.area_m2.as_deref()), (Some(1), Some(10_000), Some("1.00")));
    assert_eq!((m.participation.heads, m.participation.area), (1, 10_000));
    assert_eq!((m.consent.heads, m.consent.area), (0, 0));
    assert!(m.enough_left);
    // 4 of 8 agree: one of the eight changes his mind, or one newcomer agrees (5 of 9); by area one cm² is enough.
    let m = named("ordinary matter: exactly half").missing;
    assert_eq!((m.heads, m.area), (Some(1), Some(1)));
    assert_eq!((m.consent.heads, m.consent.area), (1, 1));
    // 6 of 12 under the old text: everything is of all.
    let m = named("same ballots under the 2018").missing;
    assert_eq!((m.heads, m.area), (Some(2), Some(10_001)));
    assert_eq!((m.participation.heads, m.consent.heads), (0, 2));
    // Passed: nothing.
    let m = named("quorum exactly two thirds").missing;
    assert_eq!((m.heads, m.area, m.consent.heads), (Some(0), Some(0), 0));
}

#[test]
fn a_verdict_explains_itself_in_both_languages() {
    let v = named("one buyer of four units");
    for part in
        ["12个专有部分", "共9人", "参与表决人数5，全体人数9，占55.55%", "5 × 3 = 15 < 9 × 2 = 18，未达到", "未通过"]
    {
        assert!(v.explanation.zh.contains(part), "{part} is not in\n{}", v.explanation.zh);
    }
    assert!(v.explanation.en.contains("5 of 9 (all), 55.55%; needs at least 2/3: 5 × 3 = 15 < 9 × 2 = 18, not met"));
    assert!(v.article.contains("第二百七十八条第一款第（四）项") && v.article.contains("第一千二百五十九条"));
    assert!(v.article_en.contains("art. 278(1), item 4"));
}

#[test]
fn suggested_practice_is_never_passed_off_as_law() {
    let marked = |name: &str| named(name).remarks.iter().any(|r| r.text.zh.contains("建议做法"));
    assert!(marked("co-owners disagree"));
    assert!(marked("one owner says yes with one flat"));
    let part = |place: &str| {
        let text = MORE.replace("\"place\": \"上海\"", &format!("\"place\": \"{place}\""));
        let vote = votes(&text).into_iter().find(|v| v.name.starts_with("one building")).expect("is there");
        counted(&vote).remove(0).notes
    };
    assert!(part("上海").iter().any(|n| n.zh.contains("第六十九条")));
    assert!(part("全国").iter().any(|n| n.zh.contains("建议做法")));
}

#[test]
fn an_undated_count_says_what_was_not_checked() {
    let notes = |name: &str| named(name).notes.iter().map(|n| n.zh.clone()).collect::<String>();
    assert!(notes("quorum exactly").contains("没有核对规则"));
    assert!(notes("same ballots under the 2018").contains("该规则已失效"));
    assert_eq!(notes("2018 text: two thirds"), "", "dated within its force");
}

#[test]
fn invalid_deliveries_and_ballots_are_explained() {
    let zh = |name: &str| named(name).remarks.iter().map(|r| r.text.zh.clone()).collect::<Vec<_>>().join("\n");
    let deliveries = zh("handed to a tenant");
    for part in ["“交租客”不是", "没有送达凭据", "没有告知"] {
        assert!(deliveries.contains(part), "{deliveries}");
    }
    let ballots = zh("late, unsigned");
    for part in ["已于2026-03-31截止", "没有签名", "不是名册上的业主"] {
        assert!(ballots.contains(part), "{ballots}");
    }
    assert!(zh("developer's stock").contains("表决权由建设单位行使"));
}

#[test]
fn a_rule_out_of_force_refuses() {
    let vote = |rule: &str, date: &str| {
        let text = MORE.replace("\"rule\": \"state-council-2018\", ", "");
        let mut vote = votes(&text).remove(0);
        vote.rule = (!rule.is_empty()).then(|| rule.to_string());
        vote.date = date.parse().ok();
        owners_count::count(&vote, &rules()).map(|v| v[0].rule.clone()).map_err(|e| e.0.zh)
    };
    let refused = vote("state-council-2018", "2021-01-01").expect_err("ended");
    assert!(refused.contains("至2020-12-31止") && refused.contains("第二百七十八条"), "{refused}");
    assert!(vote("civil-code-2021", "2020-12-31").expect_err("not yet").contains("自2021-01-01起施行"));
    assert!(vote("beijing-2020", "2021-05-01").expect_err("not loaded").contains("没有装入规则"));
    assert!(vote("", "2017-01-01").expect_err("nothing loaded").contains("没有装入全国"));
    assert_eq!(vote("", "2020-12-31"), Ok("state-council-2018".into()));
    assert_eq!(vote("", "2021-01-01"), Ok("civil-code-2021".into()));
    let mut other = votes(MORE).remove(0);
    other.bylaw = votes(MORE).into_iter().find_map(|v| v.bylaw);
    other.date = "2022-12-31".parse().ok();
    assert!(owners_count::count(&other, &rules()).is_err_and(|e| e.0.zh.contains("没有效力")));
    other.bylaw = None;
    other.matters[0].item = 10;
    assert!(owners_count::count(&other, &rules()).is_err_and(|e| e.0.zh.contains("没有第10项")));
    other.matters[0].item = 4;
    (other.place, other.rule) = (Some("北京".into()), Some("shanghai-2021".into()));
    assert!(owners_count::count(&other, &rules()).is_err_and(|e| e.0.zh.contains("不适用于北京")));
}

#[test]
fn equality_is_that_of_article_1259() {
    assert!(Need::AtLeast(2, 3).met(2, 3) && !Need::AtLeast(2, 3).met(1, 3));
    assert!(!Need::MoreThan(1, 2).met(1, 2) && Need::MoreThan(1, 2).met(2, 3));
    assert!(!Need::AtLeast(3, 4).met(0, 0), "nothing of nothing meets nothing");
    assert_eq!(Need::AtLeast(3, 4).least_newcomers(0, 0), Some(1));
    let third = u64::MAX / 3;
    assert!(Need::AtLeast(2, 3).met(third * 2, third * 3) && !Need::AtLeast(2, 3).met(third * 2 - 1, third * 3));
}

#[test]
fn square_metres_are_read_without_rounding() {
    let vote = |m2: &str| {
        let text = format!(
            r#"{{"name": "n", "matters": [{{"id": "1", "item": 4}}],
                 "dwellings": [{{"id": "1", "area_m2": "{m2}", "owners": ["a"]}}]}}"#
        );
        read_votes(&text).map(|v| v[0].dwellings[0].area)
    };
    assert_eq!(vote("90.12"), Ok(901_200));
    assert_eq!(vote("90"), Ok(900_000));
    assert_eq!(vote("0.0001"), Ok(1));
    for wrong in ["", ".5", "1.", "1.00001", "-1", "1e3", "９０", "0", "99999999999999999999"] {
        assert!(vote(wrong).is_err(), "{wrong}");
    }
    assert_eq!(owners_count::square_metres(901_200), "90.12");
    assert_eq!(owners_count::square_metres(1), "0.0001");
}
