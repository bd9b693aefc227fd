//! Units that end and borders that move: what is open is handed over by acts, and nobody waits for that.
use crate::*;
use linli_core::ScopeKind;
use linli_matters::{Act, Ask};

fn desk(w: &World, who: PersonId, unit: UnitId) -> Vec<String> {
    let page = w.house.read(&w.as_(who), |cx| {
        let units = linli_registry::units(cx)?;
        let scope = cx.scope(linli_cases::LIST, ScopeKind::Desk(unit), units.path(unit))?;
        linli_matters::list(cx, &scope, &Ask { limit: 100, ..Ask::default() })
    });
    page.unwrap().items.into_iter().map(|m| m.number).collect()
}

fn within(w: &World, who: PersonId, unit: UnitId, q: Option<&str>) -> Vec<String> {
    let q = q.map(str::to_owned);
    let page = w.house.read(&w.as_(who), |cx| {
        let units = linli_registry::units(cx)?;
        let scope = cx.scope(linli_cases::LIST, ScopeKind::Within(unit), units.path(unit))?;
        linli_matters::list(cx, &scope, &Ask { limit: 100, q: q.clone(), ..Ask::default() })
    });
    page.unwrap().items.into_iter().map(|m| m.number).collect()
}

fn acts(w: &World, m: &Matter) -> Vec<Act> {
    let id = m.id;
    w.read(|cx| {
        let seen = linli_matters::see_id(cx, id)?;
        linli_matters::story(cx, &seen, 0)
    })
    .acts
}

fn handed(w: &World, m: &Matter) -> Vec<serde_json::Value> {
    acts(w, m).into_iter().filter(|a| a.act.ends_with(".handed_over")).map(|a| a.data.0).collect()
}

/// One round of the worker: a few jobs, and then the machine stops.
fn a_little_work(w: &World) -> u64 {
    let report = Worker::new(w.house.clone()).round().unwrap();
    assert_eq!(report.failed, 0);
    report.done
}

#[test]
fn a_merged_committee_hands_each_open_matter_over_by_an_act() {
    for w in World::both() {
        let c = w.cast.clone();
        // Received, sent to the property, awaiting an approval, and closed.
        let received = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let sent = w.report(c.resident, w.words.lamp, "三号楼门禁坏了，进不去门");
        let sent = w.does(c.worker, &sent, "dispatch", &[("unit", &w.unit(c.property))]);
        let asked = w.report(c.resident, w.words.lamp, "三号楼的水管在漏水");
        w.does(c.worker, &asked, "sign", &[]);
        let asked = w.does(c.worker, &asked, "ask_extension", &[("days", "2"), ("words", "要等配件到货")]);
        let closed = w.report(c.resident, w.words.lamp, "三号楼的梯灯闪个不停");
        w.does(c.worker, &closed, "sign", &[]);
        w.does(c.worker, &closed, "contact", &[("words", "已电话联系报修人")]);
        w.does(c.worker, &closed, "answer", &[("outcome", "solved"), ("words", "已更换灯具，请查看")]);
        w.does(c.resident, &closed, "verdict", &[("solved", "yes"), ("satisfaction", "satisfied")]);
        let elsewhere = w.report(c.stranger, w.words.lamp, "柳巷的灯坏了，请来看看");
        let (due, answer) = (w.again(&received).due, w.clock(&asked, "answer").due);
        w.pass(time::MINUTE);

        w.system(move |cx| linli_registry::merge_units(cx, &[c.committee], c.elsewhere, "撤并"));
        // Before the worker has done anything the new committee has it all before it, and can act.
        let before = desk(&w, c.far_worker, c.elsewhere);
        assert!(before.contains(&received.number) && before.contains(&elsewhere.number), "{before:?}");
        assert_eq!(w.read(linli_matters::ownerless), 0);
        for m in [&received, &sent, &asked, &closed] {
            assert!(w.sees(c.far_worker, m), "{} is seen where it is now", m.number);
        }
        w.holds();
        w.does(c.far_worker, &received, "note", &[("words", "已知悉，由我居接手")]);
        w.work();
        w.holds();

        let now = w.again(&received);
        assert_eq!((now.owner, now.committee, now.due), (Some(c.elsewhere), c.elsewhere, due), "its date stays");
        assert_eq!(now.number, received.number, "and its number");
        for m in [&received, &sent, &asked] {
            let told = handed(&w, m);
            assert_eq!(told.len(), 1, "one act: {told:#?}");
            assert_eq!(told[0]["from"], c.committee.to_string());
            assert_eq!((&told[0]["into"], &told[0]["because"]), (&c.elsewhere.to_string().into(), &"merge".into()));
        }
        assert_eq!(w.again(&sent).owner, Some(c.property), "whoever has it keeps it");
        assert_eq!((w.clock(&asked, "answer").unit, w.clock(&asked, "answer").due), (c.elsewhere, answer));
        let old = w.again(&closed);
        assert_eq!((old.committee, handed(&w, &closed).len()), (c.committee, 0), "what is closed stays as it was");
        assert!(within(&w, c.far_worker, c.elsewhere, None).contains(&closed.number), "but is found");
        assert_eq!(within(&w, c.far_worker, c.elsewhere, Some("梯灯闪")), std::slice::from_ref(&closed.number));
        assert!(w.sees(c.resident, &closed) && w.sees(c.neighbour, &received));
        // Those who came along with their posts go on; an approval comes back to those who are there now.
        w.does(c.worker, &received, "sign", &[]);
        w.does(c.dispatcher, &asked, "approve", &[]);
        assert_eq!(w.again(&asked).owner, Some(c.elsewhere));
        w.work();
        assert_eq!(handed(&w, &asked).len(), 1);
        w.holds();
        // What the town counted before is still counted.
        let day = i64::from(time::civil_day(w.now()));
        let f = w.house.read(&w.as_(c.dispatcher), |cx| linli_cases::figures(cx, c.town, day - 9, day)).unwrap();
        assert_eq!(f.items.iter().find(|i| i.code == "opened").map(|i| i.n), Some(5));
    }
}

#[test]
fn a_hand_over_that_is_broken_off_goes_on_and_does_nothing_twice() {
    for w in World::both() {
        let c = w.cast.clone();
        let all: Vec<Matter> =
            (0..120).map(|n| w.report(c.resident, w.words.lamp, &format!("三号楼第{n}盏灯坏了，请来看看"))).collect();
        w.system(move |cx| linli_registry::merge_units(cx, &[c.committee], c.elsewhere, "撤并"));
        let mut broken_off = 0;
        loop {
            let done = a_little_work(&w);
            // Whoever looks in between finds every matter once on the one desk there is.
            let mut seen = desk(&w, c.far_worker, c.elsewhere);
            assert_eq!(seen.len(), 100);
            seen.dedup();
            assert_eq!(seen.len(), 100);
            let over = all.iter().filter(|m| w.again(m).owner == Some(c.elsewhere)).count();
            broken_off += u32::from(over > 0 && over < all.len());
            w.holds();
            if done == 0 {
                break;
            }
        }
        assert!(broken_off > 0, "it was looked at in the middle");
        // The same event once more, as after a delivery whose outcome was lost.
        let again =
            linli_registry::Boundary { from: c.committee, to: c.elsewhere, units: vec![], places: vec![], all: true };
        w.system(move |cx| cx.emit("registry.boundary", again.from, serde_json::json!(again)));
        w.work();
        for m in &all {
            assert_eq!((handed(&w, m).len(), w.again(m).owner), (1, Some(c.elsewhere)));
        }
        w.holds();
    }
}

#[test]
fn places_that_come_to_another_committee_bring_what_is_open_there() {
    for w in World::both() {
        let c = w.cast.clone();
        let here = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let garden = Report {
            words: "中心花园的灯坏了，晚上很黑".into(),
            category: w.words.lamp.into(),
            place: Some(c.spot),
            ..Report::default()
        };
        let stays = w.report_as(c.resident, garden).unwrap();
        let audience = w.again(&here).audience;
        w.pass(time::MINUTE);
        w.system(move |cx| linli_registry::change_boundary(cx, c.committee, c.elsewhere, &[c.door], &[], "区划调整"));
        w.work();
        let now = w.again(&here);
        assert_eq!((now.owner, now.committee, now.due), (Some(c.elsewhere), c.elsewhere, here.due));
        assert_eq!(handed(&w, &here)[0]["because"], "boundary");
        assert_eq!(w.again(&stays).revision, stays.revision, "what lies elsewhere is left alone");
        assert!(w.sees(c.far_worker, &here) && !w.sees(c.far_worker, &stays) || audience == Some(c.root));
        assert!(!desk(&w, c.worker, c.committee).contains(&here.number));
        w.holds();
        // The estate now reaches into both committees; what is new at that door is the new one's.
        let fresh = w.report(c.resident, w.words.lamp, "三号楼的门坏了，请来看看");
        assert_eq!(fresh.committee, c.elsewhere);
        assert!(within(&w, c.far_worker, c.elsewhere, None).contains(&fresh.number));
        w.holds();
        // And back again: another act.
        w.system(move |cx| linli_registry::change_boundary(cx, c.elsewhere, c.committee, &[c.door], &[], "更正"));
        w.work();
        assert_eq!((w.again(&here).owner, handed(&w, &here).len()), (Some(c.committee), 2));
        w.does(c.worker, &here, "sign", &[]);
        w.holds();
    }
}

#[test]
fn a_committee_that_comes_under_another_town_brings_its_matters_into_its_lists() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let other = w.read(|cx| {
            let units = linli_registry::units(cx)?;
            let level = &units.get(c.town).unwrap().level;
            Ok(units.live().find(|u| u.level == *level && u.id != c.town).unwrap().id)
        });
        w.system(move |cx| linli_registry::change_parent(cx, c.committee, other, "区划调整"));
        w.work();
        assert_eq!(w.again(&m).revision, m.revision, "nobody else has to act");
        assert_eq!(within(&w, c.supervisor, other, None), std::slice::from_ref(&m.number));
        assert_eq!(within(&w, c.supervisor, other, Some("三号楼")), std::slice::from_ref(&m.number));
        assert!(within(&w, c.supervisor, c.town, Some("三号楼")).is_empty());
        w.holds();
    }
}

#[test]
fn what_was_closed_under_another_committee_follows_the_one_it_lies_in() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        w.does(c.worker, &m, "answer", &[("outcome", "solved"), ("words", "已处理完毕，请查看")]);
        let m = w.does(c.resident, &m, "verdict", &[("solved", "yes"), ("satisfaction", "satisfied")]);
        assert!(!m.open);
        w.pass(time::MINUTE);
        w.system(move |cx| linli_registry::change_boundary(cx, c.committee, c.elsewhere, &[c.door], &[], "区划调整"));
        w.work();
        let other = w.read(|cx| {
            let units = linli_registry::units(cx)?;
            let (level, town) = (&units.get(c.town).unwrap().level, units.get(c.elsewhere).unwrap().parent);
            Ok(units.live().find(|u| u.level == *level && Some(u.id) != town && u.id != c.town).unwrap().id)
        });
        w.pass(time::MINUTE);
        w.system(move |cx| linli_registry::change_parent(cx, c.elsewhere, other, "区划调整"));
        w.work();
        assert_eq!(w.again(&m).committee, c.committee, "it keeps the committee it was closed under");
        assert_eq!(within(&w, c.supervisor, other, None), std::slice::from_ref(&m.number));
        assert!(within(&w, c.supervisor, c.town, None).is_empty());
        w.holds();
    }
}

#[test]
fn a_department_that_becomes_part_of_another_hands_its_desk_over() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let m = w.does(c.worker, &m, "dispatch", &[("unit", &w.unit(c.department))]);
        w.pass(time::MINUTE);
        w.system(move |cx| linli_registry::merge_units(cx, &[c.department], c.other_department, "机构改革"));
        assert_eq!(desk(&w, c.other_official, c.other_department), std::slice::from_ref(&m.number));
        w.work();
        let now = w.again(&m);
        assert_eq!((now.owner, now.committee), (Some(c.other_department), c.committee));
        assert_eq!(handed(&w, &m).len(), 1);
        w.does(c.other_official, &m, "sign", &[]);
        assert_eq!(w.clock(&m, "answer").unit, c.other_department);
        w.holds();
    }
}

#[test]
fn what_a_unit_leaves_that_ends_without_another_is_its_superiors() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let m = w.does(c.worker, &m, "dispatch", &[("unit", &w.unit(c.department))]);
        w.pass(time::MINUTE);
        w.system(move |cx| linli_registry::retire_unit(cx, c.department));
        assert_eq!(desk(&w, c.ops_dispatcher, c.ops), std::slice::from_ref(&m.number));
        w.work();
        assert_eq!(w.again(&m).owner, Some(c.ops));
        assert_eq!(handed(&w, &m)[0]["because"], "end");
        w.holds();
    }
}

#[test]
fn the_unit_complained_about_inherits_no_complaint() {
    for w in World::both() {
        let c = w.cast.clone();
        let report = Report {
            words: "乙居的人态度恶劣，请处理".into(),
            category: w.words.lamp.into(),
            place: Some(c.door),
            named: Some(c.elsewhere),
            ..Report::default()
        };
        let m = w.report_as(c.resident, report).unwrap();
        assert_eq!(m.owner, Some(c.committee));
        w.pass(time::MINUTE);
        w.system(move |cx| linli_registry::merge_units(cx, &[c.committee], c.elsewhere, "撤并"));
        assert!(!w.sees(c.far_worker, &m), "not for a moment");
        w.work();
        assert_eq!(w.again(&m).owner, Some(c.town), "the superior has it");
        assert!(!w.sees(c.far_worker, &m));
        w.holds();
    }
}
