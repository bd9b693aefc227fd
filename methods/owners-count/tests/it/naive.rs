//! A second count, written from the definitions with sets and no running sums, and compared with the first one.
use super::{rules, votes};
use owners_count::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, PartialEq, Eq)]
struct Figures {
    total: (u64, u64),
    part: (u64, u64),
    yes: (u64, u64),
    no: (u64, u64),
    abstain: (u64, u64),
}

/// The only matter; ballots already reduced to the last one of each voter.
fn naive(vote: &Vote, ballots: &BTreeMap<(String, String), Opinion>, reached: &BTreeSet<String>) -> Figures {
    let key = |d: &Dwelling| match &d.developer {
        Some(developer) => BTreeSet::from([developer.clone()]),
        None => d.owners.iter().cloned().collect(),
    };
    let mut heads: BTreeMap<BTreeSet<String>, Vec<&Dwelling>> = BTreeMap::new();
    for d in &vote.dwellings {
        heads.entry(key(d)).or_default().push(d);
    }
    let said = |d: &Dwelling| -> Option<Opinion> {
        let all: BTreeSet<Opinion> =
            ballots.iter().filter(|((id, _), _)| *id == d.id).map(|(_, opinion)| *opinion).collect();
        match all.len() {
            0 => None,
            1 => all.first().copied(),
            _ => Some(Opinion::Abstain),
        }
    };
    let silent = |d: &Dwelling| said(d).is_none() && reached.contains(&d.id);
    let area =
        |which: &dyn Fn(&Dwelling) -> bool| vote.dwellings.iter().filter(|d| which(d)).map(|d| d.area).sum::<u64>();
    let head = |which: &dyn Fn(&[&Dwelling]) -> bool| heads.values().filter(|ds| which(ds)).count() as u64;
    let head_said = |ds: &[&Dwelling]| -> Option<Opinion> {
        let all: BTreeSet<Opinion> = ds.iter().filter_map(|d| said(d)).collect();
        if all.len() > 1 { Some(Opinion::Abstain) } else { all.first().copied() }
    };
    let cast = |o: Opinion| (head(&|ds| head_said(ds) == Some(o)), area(&|d| said(d) == Some(o)));
    let [mut yes, mut no, mut abstain] = [Opinion::For, Opinion::Against, Opinion::Abstain].map(cast);
    let quiet = (head(&|ds| head_said(ds).is_none() && ds.iter().any(|d| silent(d))), area(&|d| silent(d)));
    let all = (yes.0 + no.0 + abstain.0, yes.1 + no.1 + abstain.1);
    let silence = vote.bylaw.as_ref().and_then(|b| b.silence);
    let mut opinions = [&mut yes, &mut no, &mut abstain];
    let values = opinions.each_ref().map(|o| **o);
    for (i, opinion) in opinions.iter_mut().enumerate() {
        let most =
            |pick: fn(&(u64, u64)) -> u64| values.iter().enumerate().all(|(j, v)| j == i || pick(v) < pick(&values[i]));
        let follows = match silence {
            Some(Silence::WithMajority) => 2 * values[i].0 > all.0 && 2 * values[i].1 > all.1,
            Some(Silence::WithMost) => most(|v| v.0) && most(|v| v.1),
            _ => false,
        };
        if follows {
            **opinion = (opinion.0 + quiet.0, opinion.1 + quiet.1);
        }
    }
    let part = (all.0 + quiet.0, all.1 + quiet.1);
    Figures { total: (heads.len() as u64, area(&|_| true)), part, yes, no, abstain }
}

fn figures(v: &Verdict) -> Figures {
    Figures {
        total: (v.total_heads, v.total_area),
        part: (v.part_heads, v.part_area),
        yes: (v.yes_heads, v.yes_area),
        no: (v.no_heads, v.no_area),
        abstain: (v.abstain_heads, v.abstain_area),
    }
}

/// A small estate: few people, so that owners and couples meet again.
fn estate() -> impl Strategy<Value = Vote> {
    let dwelling = (1..50u64, proptest::collection::btree_set(0..6u8, 1..3), 0..6u8);
    let silence = prop_oneof![
        Just(None),
        Just(Some(Silence::TakesPart)),
        Just(Some(Silence::WithMajority)),
        Just(Some(Silence::WithMost))
    ];
    (proptest::collection::vec(dwelling, 1..12), silence, 1..10u8).prop_map(|(dwellings, silence, item)| Vote {
        name: "n".into(),
        matters: vec![Matter { id: "1".into(), item, title: String::new() }],
        bylaw: Some(ByLaw {
            name: "b".into(),
            article: String::new(),
            from: None,
            until: None,
            silence,
            deliveries: vec!["signed".into()],
        }),
        dwellings: dwellings
            .into_iter()
            .enumerate()
            .map(|(i, (area, owners, stock))| Dwelling {
                id: format!("u{i}"),
                place: Vec::new(),
                area,
                owners: owners.iter().map(|o| format!("o{o}")).collect(),
                representative: None,
                developer: (stock == 0).then(|| "o0".to_string()),
            })
            .collect(),
        ..Vote::default()
    })
}

#[derive(Debug, Clone)]
enum Step {
    Cast(usize, usize, Opinion),
    Withdraw(usize, usize),
    Deliver(usize, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let opinion = prop_oneof![Just(Opinion::For), Just(Opinion::Against), Just(Opinion::Abstain)];
    let step = prop_oneof![
        4 => (0..12usize, 0..2usize, opinion).prop_map(|(d, v, o)| Step::Cast(d, v, o)),
        1 => (0..12usize, 0..2usize).prop_map(|(d, v)| Step::Withdraw(d, v)),
        2 => (0..12usize, any::<bool>()).prop_map(|(d, valid)| Step::Deliver(d, valid)),
    ];
    proptest::collection::vec(step, 0..40)
}

fn ballot(dwelling: &str, voter: &str, opinion: Opinion) -> Ballot {
    Ballot {
        dwelling: dwelling.into(),
        voter: Some(voter.into()),
        way: Way::Paper,
        date: None,
        opinions: BTreeMap::from([("1".to_string(), opinion)]),
        proxy: None,
        invalid: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// After every step the running count is the naive one, and counting the standing ballots at once gives the same
    /// verdict to the letter.
    #[test]
    fn running_batch_and_naive_counts_agree(vote in estate(), steps in steps()) {
        let rules = rules();
        let rule = rules.choose(None, None, None).expect("the national rule is loaded");
        let mut tally = Tally::open(&vote, rule).expect("sound");
        let (mut ballots, mut reached) = (BTreeMap::new(), BTreeSet::new());
        for step in steps {
            let (Step::Cast(d, ..) | Step::Withdraw(d, ..) | Step::Deliver(d, ..)) = step;
            let Some(dwelling) = vote.dwellings.get(d) else { continue };
            let voter = |v: usize| dwelling.voters().get(v).cloned();
            match step {
                Step::Cast(_, v, opinion) => if let Some(voter) = voter(v) {
                    prop_assert_eq!(tally.cast(&ballot(&dwelling.id, &voter, opinion)), Some(vec![]));
                    ballots.insert((dwelling.id.clone(), voter), opinion);
                },
                Step::Withdraw(_, v) => if let Some(voter) = voter(v) {
                    let was = ballots.remove(&(dwelling.id.clone(), voter.clone())).is_some();
                    prop_assert_eq!(tally.withdraw(&dwelling.id, &voter), was);
                },
                Step::Deliver(_, valid) => {
                    let (dwelling, path) = (dwelling.id.clone(), "signed".to_string());
                    tally.deliver(&Delivery { dwelling: dwelling.clone(), path, proof: "p".into(), warned: valid });
                    if valid && vote.bylaw.as_ref().is_some_and(|b| b.silence.is_some()) {
                        reached.insert(dwelling);
                    }
                }
            }
            let running = tally.verdict(0).expect("there is one matter");
            prop_assert_eq!(figures(&running), naive(&vote, &ballots, &reached));
        }
        let batch = Vote {
            ballots: ballots.iter().map(|((d, v), o)| ballot(d, v, *o)).collect(),
            deliveries: reached
                .iter()
                .map(|d| Delivery { dwelling: d.clone(), path: "signed".into(), proof: "p".into(), warned: true })
                .collect(),
            ..vote.clone()
        };
        let batch = count(&batch, &rules).expect("sound").remove(0);
        let running = tally.verdict(0).expect("there is one matter");
        prop_assert_eq!(batch.explanation, running.explanation);
        prop_assert_eq!(batch.missing, running.missing);
    }

    /// “Least” means least: it suffices, and one less does not; the same for newcomers who all agree.
    #[test]
    fn thresholds_are_tight(d in 1..20u32, n in 0..20u32, strict: bool, of in 0..10_000u64, yes in 0..10_000u64) {
        let n = n % d + u32::from(!strict);
        prop_assume!(n > 0);
        let need = if strict { Need::MoreThan(n, d) } else { Need::AtLeast(n, d) };
        let yes = yes.min(of);
        let least = need.least(of);
        prop_assert!(of == 0 || (need.met(least, of) && !need.met(least.wrapping_sub(1), of) || least == 0));
        match need.least_newcomers(yes, of) {
            Some(k) => prop_assert!(need.met(yes + k, of + k) && (k == 0 || !need.met(yes + k - 1, of + k - 1))),
            None => prop_assert!(n == d && yes < of),
        }
    }

    /// The stated shortage is true: with exactly that many newcomers who agree the vote passes, with one head or one
    /// cm² less it does not.
    #[test]
    fn what_is_missing_would_pass(yes in 0..40u64, no in 0..40u64, absent in 1..80u64, item in 1..10u8) {
        let rules = rules();
        let run = |yes: u64, big: u64| {
            let total = yes + no + absent;
            let units = (0..total).map(|i| format!(r#"{{"id":"{i}","owner":"{i}","area":1}}"#));
            let marks = (0..yes).map(|i| format!(r#""{i}":"for""#)).chain((yes..yes + no).map(|i| format!(r#""{i}":"against""#)));
            let text = format!(
                r#"{{"name":"n","item":{item},"units":[{}],"ballots":{{{}}}}}"#,
                units.collect::<Vec<_>>().join(","), marks.collect::<Vec<_>>().join(",")
            );
            let mut vote = votes(&text).remove(0);
            // `big` of those who stayed away now agree.
            let more = vote.dwellings.iter().filter(|d| d.id.parse::<u64>().is_ok_and(|i| i >= yes + no)).take(big as usize);
            let more: Vec<Ballot> = more.map(|d| ballot(&d.id, &d.id, Opinion::For)).collect();
            vote.ballots.extend(more);
            count(&vote, &rules).expect("sound").remove(0)
        };
        let now = run(yes, 0);
        let heads = now.missing.heads.expect("the law asks no unanimity");
        prop_assert_eq!(now.missing.area, Some(heads));
        prop_assert_eq!(now.passed, heads == 0);
        prop_assert_eq!(now.missing.enough_left, heads <= absent);
        if heads <= absent {
            prop_assert!(run(yes, heads).passed);
            prop_assert!(heads == 0 || !run(yes, heads - 1).passed);
        }
    }
}
