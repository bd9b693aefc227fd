//! Lists: every row once, in an index's own order; search within one's scope; figures that can be counted again.
use crate::*;
use linli_core::ScopeKind;
use linli_matters::{After, Ask};
use std::collections::BTreeSet;

/// Pages through a list with small pages; gives the numbers in order.
fn pages(w: &World, who: PersonId, kind: ScopeKind, ask: &Ask) -> Vec<String> {
    let (mut after, mut out): (Option<After>, Vec<String>) = (None, Vec::new());
    loop {
        let ask = Ask { after, limit: 7, ..ask.clone() };
        let page = w.house.read(&w.as_(who), |cx| {
            let unit = match kind {
                ScopeKind::Mine => linli_registry::units(cx)?.root(),
                ScopeKind::Desk(u) | ScopeKind::Within(u) | ScopeKind::Public(u) => u,
            };
            let path = linli_registry::units(cx)?.path(unit).to_vec();
            let scope = cx.scope(linli_cases::LIST, kind, &path)?;
            linli_matters::list(cx, &scope, &ask)
        });
        let page = page.unwrap();
        assert!(page.items.len() <= 7);
        out.extend(page.items.into_iter().map(|m| m.number));
        // The place goes through a URL.
        after = page.next.map(|n| After::parse(&n.token()).unwrap());
        if after.is_none() || out.len() > 1000 {
            return out;
        }
    }
}

#[test]
fn pages_give_every_row_once() {
    for w in World::both() {
        let c = w.cast.clone();
        let mut all = Vec::new();
        for n in 0..45 {
            // Several in one instant, so that the order hangs on the id too.
            if n % 4 == 0 {
                w.pass(17 * time::MINUTE);
            }
            let category = [w.words.lamp, w.words.public, w.words.private, w.words.danger][n % 4];
            let m = w.report([c.resident, c.neighbour][n % 2], category, "这里的灯坏了请来修理");
            all.push(m);
        }
        for m in all.iter().step_by(5) {
            w.tries(c.worker, m, "answer", &[("outcome", "solved"), ("words", "已处理完毕，请查看")]).ok();
        }
        let now: Vec<Matter> = all.iter().map(|m| w.again(m)).collect();
        let numbers = |keep: &dyn Fn(&Matter) -> bool| {
            now.iter().filter(|m| keep(m)).map(|m| m.number.clone()).collect::<BTreeSet<_>>()
        };
        let once = |got: Vec<String>, should: BTreeSet<String>, what: &str| {
            let set: BTreeSet<String> = got.iter().cloned().collect();
            assert_eq!(set.len(), got.len(), "{what}: a row twice");
            assert_eq!(set, should, "{what}");
        };
        let (any, open) = (Ask::default(), Ask { open: true, ..Ask::default() });
        once(pages(&w, c.worker, ScopeKind::Within(c.committee), &any), numbers(&|_| true), "the committee, newest");
        once(
            pages(&w, c.worker, ScopeKind::Within(c.committee), &open),
            numbers(&|m| m.open),
            "the committee, by due time",
        );
        once(pages(&w, c.dispatcher, ScopeKind::Within(c.town), &any), numbers(&|_| true), "the town");
        once(pages(&w, c.dispatcher, ScopeKind::Within(c.town), &open), numbers(&|m| m.open), "the town, by due time");
        once(pages(&w, c.supervisor, ScopeKind::Within(c.root), &any), numbers(&|_| true), "the district");
        once(
            pages(&w, c.worker, ScopeKind::Desk(c.committee), &any),
            numbers(&|m| m.open && m.owner == Some(c.committee)),
            "the desk",
        );
        once(pages(&w, c.resident, ScopeKind::Mine, &any), numbers(&|m| m.reporter == Some(c.resident)), "one's own");
        let root = c.root;
        let homes = w.as_(c.neighbour).audiences();
        once(
            pages(&w, c.neighbour, ScopeKind::Public(c.committee), &any),
            numbers(&|m| m.audience.is_some_and(|a| homes.contains(&a))),
            "what a neighbour sees",
        );
        once(
            pages(&w, c.stranger, ScopeKind::Public(c.committee), &any),
            numbers(&|m| m.audience == Some(root)),
            "what a stranger sees",
        );
        once(
            pages(&w, c.stranger, ScopeKind::Public(c.root), &any),
            numbers(&|m| m.audience == Some(root)),
            "what everybody sees",
        );
        once(
            pages(&w, c.stranger, ScopeKind::Public(c.town), &any),
            numbers(&|m| m.audience == Some(root)),
            "what everybody sees of a town",
        );
        for category in [w.words.lamp, w.words.private] {
            let ask = Ask { category: Some(category.into()), ..Ask::default() };
            once(
                pages(&w, c.worker, ScopeKind::Within(c.committee), &ask),
                numbers(&|m| m.category == category),
                category,
            );
            let ask = Ask { open: true, ..ask };
            once(
                pages(&w, c.worker, ScopeKind::Within(c.committee), &ask),
                numbers(&|m| m.open && m.category == category),
                category,
            );
        }
        let by_due: Vec<_> = pages(&w, c.worker, ScopeKind::Desk(c.committee), &any)
            .iter()
            .map(|n| now.iter().find(|m| m.number == *n).unwrap().due)
            .collect();
        assert!(by_due.is_sorted(), "the desk is ordered by due time");
        // Search: common and rare terms, and nothing beyond one's scope.
        let q = |text: &str| Ask { q: Some(text.into()), ..Ask::default() };
        once(pages(&w, c.worker, ScopeKind::Within(c.committee), &q("灯坏")), numbers(&|_| true), "a common term");
        once(pages(&w, c.supervisor, ScopeKind::Within(c.root), &q("灯坏")), numbers(&|_| true), "in the district");
        once(
            pages(&w, c.neighbour, ScopeKind::Public(c.committee), &q("灯坏")),
            numbers(&|m| m.audience.is_some_and(|a| homes.contains(&a))),
            "what a neighbour finds",
        );
        for unit in [c.committee, c.town, c.root] {
            once(
                pages(&w, c.stranger, ScopeKind::Public(unit), &q("灯坏")),
                numbers(&|m| m.audience == Some(root)),
                "what a stranger finds",
            );
        }
        let rare = w.report(c.resident, w.words.private, "隔壁装修的瓷砖切割声");
        assert_eq!(
            pages(&w, c.worker, ScopeKind::Within(c.committee), &q("瓷砖切割")),
            std::slice::from_ref(&rare.number)
        );
        assert_eq!(pages(&w, c.neighbour, ScopeKind::Public(c.committee), &q("瓷砖")), Vec::<String>::new(), "private");
        assert_eq!(
            pages(&w, c.far_worker, ScopeKind::Within(c.elsewhere), &q("灯坏")),
            Vec::<String>::new(),
            "another committee"
        );
        assert_eq!(pages(&w, c.worker, ScopeKind::Within(c.committee), &q(&rare.number)), [rare.number]);
        w.holds();
    }
}

#[test]
fn one_does_not_list_what_is_not_ones_own() {
    for w in World::both() {
        let c = w.cast.clone();
        let scope = |who: PersonId, kind: ScopeKind, unit: UnitId| {
            w.house.read(&w.as_(who), |cx| {
                let path = linli_registry::units(cx)?.path(unit).to_vec();
                cx.scope(linli_cases::LIST, kind, &path).map(drop)
            })
        };
        assert!(scope(c.worker, ScopeKind::Within(c.committee), c.committee).is_ok());
        for (who, what) in [
            (c.worker, ScopeKind::Within(c.elsewhere)),
            (c.worker, ScopeKind::Within(c.town)),
            (c.far_worker, ScopeKind::Desk(c.committee)),
            (c.resident, ScopeKind::Within(c.committee)),
            (c.resident, ScopeKind::Desk(c.committee)),
            (c.leader, ScopeKind::Desk(c.group)),
            (c.handler, ScopeKind::Within(c.committee)),
            (c.official, ScopeKind::Desk(c.other_department)),
            (c.supervisor, ScopeKind::Desk(c.committee)),
            (c.admin, ScopeKind::Desk(c.committee)),
        ] {
            let unit = match what {
                ScopeKind::Desk(u) | ScopeKind::Within(u) | ScopeKind::Public(u) => u,
                ScopeKind::Mine => c.root,
            };
            assert_eq!(scope(who, what, unit).unwrap_err().status(), 403, "{what:?}");
        }
    }
}

#[test]
fn no_list_sorts() {
    let Some(w) = World::sqlite() else { return };
    w.report(w.cast.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
    let c = rusqlite::Connection::open(w.dir.join("linli.db")).unwrap();
    let mut seen = 0;
    for s in linli_db::STATEMENTS.iter().filter(|s| s.at.contains("lists.rs") || s.at.contains("search.rs")) {
        for v in s.variants[0].iter().filter(|v| v.sql.contains("ORDER BY")) {
            let mut plan = c.prepare(&format!("EXPLAIN QUERY PLAN {}", v.sql)).unwrap();
            let mut rows = plan.raw_query();
            let mut steps = Vec::new();
            while let Some(r) = rows.next().unwrap() {
                steps.push(r.get::<_, String>(3).unwrap());
            }
            assert!(!steps.iter().any(|s| s.contains("TEMP B-TREE FOR ORDER BY")), "{}: {}\n{steps:#?}", s.at, v.sql);
            assert!(
                !steps.iter().any(|s| s.starts_with("SCAN matters") && !s.contains("INDEX")),
                "{}: {}\n{steps:#?}",
                s.at,
                v.sql
            );
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen} list statements");
}

#[test]
fn figures_are_what_one_counts_again_from_the_acts() {
    for w in World::both() {
        let c = w.cast.clone();
        for n in 0..6 {
            let m = w.report(c.resident, w.words.lamp, "楼道灯不亮，上下楼危险");
            w.pass(40 * time::MINUTE);
            let m = w.does(c.worker, &m, "dispatch", &[]);
            if n == 1 {
                w.does(c.handler, &m, "return", &[("reason", "not_ours"), ("way", "市政路灯不归物业")]);
                continue;
            }
            w.does(c.handler, &m, "sign", &[]);
            w.does(c.handler, &m, "contact", &[("words", "已电话联系报修人")]);
            if n == 2 {
                w.pass(20 * time::DAY);
            }
            let outcome = if n == 3 { "explained" } else { "solved" };
            let m = w.does(
                c.handler,
                &m,
                "answer",
                &[("outcome", outcome), ("words", "已更换灯具，请查看"), ("way", "如再坏请致电物业")],
            );
            match n {
                0 | 2 => drop(w.does(c.resident, &m, "verdict", &[("solved", "yes"), ("satisfaction", "satisfied")])),
                3 => drop(w.does(
                    c.resident,
                    &m,
                    "verdict",
                    &[("solved", "no"), ("satisfaction", "dissatisfied"), ("words", "没有修")],
                )),
                _ => {}
            }
        }
        let to = i64::from(time::civil_day(w.now()));
        let of = |who: PersonId, unit: UnitId| {
            w.house.read(&w.as_(who), |cx| linli_cases::figures(cx, unit, to - 100, to)).unwrap()
        };
        let get = |f: &linli_cases::Figures, code: &str| {
            f.items.iter().find(|i| i.code == code).map(|i| (i.n, i.of)).unwrap_or_else(|| panic!("no figure {code}"))
        };
        for (who, unit) in [(c.worker, c.committee), (c.dispatcher, c.town), (c.supervisor, c.root)] {
            let f = of(who, unit);
            assert_eq!(get(&f, "opened"), (6, None));
            assert_eq!(get(&f, "returned"), (1, Some(6)));
            assert_eq!(get(&f, "claimed_solved"), (4, Some(5)));
            assert_eq!(get(&f, "answered_in_time"), (4, Some(5)), "the one that took twenty days was late");
            assert_eq!(get(&f, "satisfied"), (2, Some(3)));
            assert_eq!(get(&f, "solved"), (2, Some(3)));
            assert_eq!(get(&f, "redone"), (1, Some(5)));
        }
        let f = of(c.handler, c.property);
        assert_eq!(
            (get(&f, "claimed_solved"), get(&f, "returned"), get(&f, "satisfied")),
            ((4, Some(5)), (1, Some(6)), (2, Some(3)))
        );
        assert_eq!(
            w.house
                .read(&w.as_(c.far_worker), |cx| linli_cases::figures(cx, c.committee, to - 9, to))
                .unwrap_err()
                .status(),
            403
        );
        w.holds();
    }
}
