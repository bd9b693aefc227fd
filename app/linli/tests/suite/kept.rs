//! What a district keeps: boundaries, calendars, categories, rules, files; and lists of every shape.
use crate::*;
use linli_cases::{Category, Responsibility, RuleRow};
use linli_core::{ScopeKind, Upload};
use linli_matters::{After, Ask, FileStore};

#[test]
fn without_a_published_year_dates_are_provisional_and_are_counted_again() {
    for w in World::both() {
        let c = w.cast.clone();
        // Late in the last year that is published.
        let year = w.read(|cx| {
            let calendar = linli_registry::calendar(cx)?;
            Ok(calendar.published().max().unwrap() + 1)
        });
        let eve = time::day_start(time::day_of(year - 1, 12, 31).unwrap()) + 10 * time::HOUR;
        w.clock.store(eve, Ordering::Relaxed);
        let m = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let before = w.clock(&m, "answer");
        assert!(before.provisional);
        w.work();
        let alarms = w.read(linli_matters::open_alarms);
        assert!(
            alarms.iter().any(|a| a.about == year.to_string()),
            "the missing calendar is before the duty desk: {alarms:?}"
        );
        let first = alarms[0].id;
        w.system(move |cx| linli_matters::solve_alarm(cx, first));
        // The notice makes the first two weeks of the year a holiday.
        w.system(move |cx| {
            let days: Vec<_> = (1..=14)
                .map(|d| linli_registry::CalendarDay {
                    date: format!("{year}-01-{d:02}"),
                    off: true,
                    name: "测试假日".into(),
                })
                .collect();
            linli_registry::publish_calendar(cx, year, &days, "测试通知")
        });
        w.work();
        let after = w.clock(&m, "answer");
        assert!(!after.provisional && after.due > before.due, "{} {}", before.due, after.due);
        assert_eq!(w.last_act(&m).act, "case.recount", "the timeline shows that the date moved");
        w.holds();
    }
}

#[test]
fn categories_responsibilities_and_rules_are_kept_by_those_who_may() {
    for w in World::both() {
        let c = w.cast.clone();
        let category = Category {
            code: "test.bench".into(),
            parent: None,
            sort: 900,
            name_zh: "长椅".into(),
            name_en: "Benches".into(),
            examples: "长椅坏了".into(),
            term_class: "ordinary".into(),
            audience: "estate".into(),
            danger: false,
            proof: None,
        };
        let put = |who: PersonId, k: Category| w.write(&w.as_(who), move |cx| linli_cases::put_category(cx, &k));
        assert!(
            put(c.worker, category.clone()).is_err() && put(c.dispatcher, category.clone()).is_err(),
            "only an administrator"
        );
        put(c.admin, category.clone()).unwrap();
        assert_eq!(
            put(c.admin, Category { term_class: "never".into(), ..category.clone() }).unwrap_err().status(),
            422
        );
        let m = w.report(c.resident, "test.bench", "花园的长椅断了一条腿");
        let duty = Responsibility {
            id: uuid::Uuid::nil(),
            category: "test.bench".into(),
            actor_zh: "物业".into(),
            actor_en: "Property".into(),
            pays_zh: "物业费".into(),
            pays_en: "The fee".into(),
            article_zh: "合同".into(),
            article_en: "The contract".into(),
            statutory: false,
        };
        let id = w.write(&w.as_(c.admin), move |cx| linli_cases::put_responsibility(cx, duty.clone())).unwrap();
        w.write(&w.as_(c.admin), move |cx| linli_cases::end_responsibility(cx, id)).unwrap();
        // A rule for the town: replayed before it counts, then it decides, then it ends.
        let code = w.read(|cx| Ok(linli_registry::units(cx)?.get(c.other_department).unwrap().code.clone()));
        let rule = RuleRow {
            id: uuid::Uuid::nil(),
            scope: c.town,
            stage: "dispatch".into(),
            category: Some("test.bench".into()),
            facts: linli_db::Json(serde_json::json!({})),
            target: format!("unit:{code}"),
            note_zh: "长椅归此".into(),
            note_en: "Benches go here".into(),
            author: None,
            valid_from: w.now(),
            valid_until: None,
        };
        let (r, all) = (rule.clone(), vec![w.again(&m)]);
        let moved = w.write(&w.as_(c.admin), move |cx| linli_cases::replay(cx, &r, &all)).unwrap();
        assert_eq!((moved.len(), moved[0].after), (1, c.other_department));
        let r = rule.clone();
        assert!(w.write(&w.as_(c.worker), move |cx| linli_cases::put_rule(cx, r.clone())).is_err());
        let r = rule.clone();
        let id = w.write(&w.as_(c.admin), move |cx| linli_cases::put_rule(cx, r.clone())).unwrap();
        w.pass(time::MINUTE);
        let sent = w.does(c.worker, &m, "dispatch", &[]);
        assert_eq!(sent.owner, Some(c.other_department));
        w.write(&w.as_(c.admin), move |cx| linli_cases::end_rule(cx, id)).unwrap();
        assert!(w.read(|cx| linli_cases::explain(cx, id, Lang::Zh)).is_some(), "an old dispatch stays explained");
        w.write(&w.as_(c.admin), |cx| linli_cases::end_category(cx, "test.bench")).unwrap();
        assert!(
            w.report_as(
                c.resident,
                Report { words: "又一条长椅坏了".into(), category: "test.bench".into(), ..Report::default() }
            )
            .is_err()
        );
        w.holds();
    }
}

#[test]
fn a_picture_is_seen_by_those_who_may_read_its_words() {
    for w in World::both() {
        let c = w.cast.clone();
        let upload = Upload { hash: "a".repeat(64), mime: "image/jpeg".into(), size: 12, name: "灯.jpg".into() };
        let m = w
            .report_as(
                c.resident,
                Report {
                    words: "楼道灯坏了，请看照片".into(),
                    place: Some(c.door),
                    category: w.words.lamp.into(),
                    files: vec![upload],
                    ..Report::default()
                },
            )
            .unwrap();
        let id = m.id;
        let story = w.read(|cx| {
            let seen = linli_matters::see_id(cx, id)?;
            linli_matters::story(cx, &seen, 0)
        });
        let file = story.files[0].id;
        let opens = |who: PersonId| w.house.read(&w.as_(who), |cx| linli_matters::file(cx, file)).map(|f| f.2);
        assert_eq!(opens(c.worker).unwrap(), "灯.jpg");
        assert_eq!(opens(c.stranger).unwrap_err().status(), 404);
        let act = story.acts[0].clone();
        assert_eq!(w.read(|cx| linli_matters::holds(cx, &act)), Some(true), "anyone may recompute the commitment");
        w.does(c.resident, &m, "erase", &[("seq", "1")]);
        assert_eq!(opens(c.worker).unwrap_err().status(), 404, "erased with its words");
        assert_eq!(w.read(|cx| linli_matters::holds(cx, &act)), None);
    }
}

#[test]
fn related_cases_are_linked_and_neighbours_find_what_is_known() {
    for w in World::both() {
        let c = w.cast.clone();
        let a = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let b = w.report(c.neighbour, w.words.lamp, "楼道漆黑一片，老人摔跤");
        let known = w.house.read(&w.as_(c.neighbour), |cx| linli_matters::open_at(cx, c.door)).unwrap();
        assert!(known.iter().any(|m| m.number == a.number), "somebody has reported this already");
        let by_place =
            w.house.read(&w.as_(c.worker), |cx| linli_matters::open_by_place(cx, &[c.door, c.spot])).unwrap();
        assert_eq!(by_place[&c.door].len(), 2);
        w.does(c.worker, &a, "link", &[("other", &b.number)]);
        for (m, other) in [(&a, &b), (&b, &a)] {
            let related = w.house.read(&w.as_(c.worker), |cx| {
                let seen = linli_matters::see_id(cx, m.id)?;
                Ok(seen.related().to_vec())
            });
            let related = related.unwrap();
            assert_eq!(related[0].0.number, other.number);
        }
        assert_eq!(w.tries(c.worker, &a, "link", &[("other", "NO-1")]).unwrap_err().status(), 422);
        let day = i64::from(time::civil_day(w.now()));
        assert_eq!(w.read(|cx| linli_matters::daily(cx, "opened:case", &[c.committee], day - 3, day)), [(day, 2)]);
        let both = [c.committee, c.elsewhere];
        assert_eq!(w.read(|cx| linli_matters::daily(cx, "opened:case", &both, day, day)), [(day, 2)]);
        w.holds();
    }
}

/// Units of every depth down to the sixth, with a place in the deepest.
fn depths(w: &World) -> Vec<UnitId> {
    let group = w.cast.group;
    let deepest = w.system(move |cx| {
        let units = linli_registry::units(cx)?;
        let level = units.get(group).unwrap().level.clone();
        let mut at = group;
        for n in units.path(group).len()..6 {
            let new = NewUnit {
                parent: Some(at),
                level: level.clone(),
                kind: "building_group".into(),
                code: format!("T-DEEP{n}"),
                name: format!("深{n}组"),
                status: "formal".into(),
                ..NewUnit::default()
            };
            at = match linli_registry::create_unit(cx, new) {
                Ok(id) => id,
                Err(_) => break,
            };
        }
        Ok(at)
    });
    w.read(|cx| Ok(linli_registry::units(cx)?.path(deepest).to_vec()))
}

#[test]
fn lists_of_every_shape_run() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let path = depths(&w);
        let after = Some(After { key: i64::MAX / 2, id: uuid::Uuid::max() });
        for (n, unit) in path.iter().enumerate() {
            for (who, kind) in [
                (c.supervisor, ScopeKind::Within(*unit)),
                (c.resident, ScopeKind::Public(*unit)),
                (c.resident, ScopeKind::Mine),
                (c.worker, ScopeKind::Desk(c.committee)),
            ] {
                for shape in 0..32u32 {
                    let has = |bit: u32| shape >> bit & 1 == 1;
                    let ask = Ask {
                        state: has(0).then(|| "received".to_owned()),
                        category: has(1).then(|| w.words.lamp.to_owned()),
                        kind: has(2).then(|| "case".to_owned()),
                        open: has(3),
                        after: if has(4) { after } else { None },
                        q: None,
                        limit: 5,
                    };
                    let page = w.house.read(&w.as_(who), |cx| {
                        let scope = cx.scope(linli_cases::LIST, kind, &path[..=n])?;
                        linli_matters::list(cx, &scope, &ask)
                    });
                    let page = page.unwrap_or_else(|e| panic!("{kind:?} {ask:?}: {e}"));
                    assert!(page.items.iter().all(|i| i.id == m.id));
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_delivered_is_tried_again_and_then_shown_to_the_operator() {
    for w in World::both() {
        w.system(|cx| {
            cx.later("nobody.does_this", cx.now, &serde_json::json!({}))?;
            cx.emit("registry.boundary", uuid::Uuid::nil(), serde_json::json!({"not": "a boundary"}))
        });
        let worker = Worker::new(w.house.clone());
        let first = worker.round().unwrap();
        assert_eq!(first.failed, 2);
        assert_eq!(worker.round().unwrap().failed, 0, "not at once: the pauses grow");
        for _ in 0..20 {
            w.pass(time::DAY);
            worker.round().unwrap();
        }
        assert_eq!(w.read(|cx| cx.dead_letters()).len(), 2);
        w.pass(time::DAY);
        assert_eq!(worker.round().unwrap().failed, 0, "what is dead is left alone");
        // Meanwhile everything else goes on.
        w.report(w.cast.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        w.holds();
    }
}

#[test]
fn files_of_reports_that_nobody_sent_are_removed_and_no_others() {
    for w in World::both() {
        let me = w.as_(w.cast.resident);
        let store = w.house.part::<FileStore>().unwrap();
        let file = |name: &str| {
            let bytes = [b"OggS", name.as_bytes()].concat();
            let made = linli_matters::prepare(name, &bytes).unwrap();
            store.put(&made).unwrap();
            made.upload
        };
        let (left, sent, kept) = (file("left.ogg"), file("sent.ogg"), file("kept.ogg"));
        let typed = |name: &'static str, files: &[&Upload]| {
            let files = files.iter().map(|f| (*f).clone()).collect();
            let raw = RawInput::default().set("words", "三号楼的灯坏了，请来看看").with_files("files", files);
            w.write(&me, move |cx| linli_cases::keep_draft(cx, &key(name), &raw)).unwrap();
        };
        // One report is begun and left; of its files one goes with another report, and one is in a draft that goes on.
        typed("a-report-that-is-left-0", &[&left, &sent, &kept]);
        let report = Report {
            words: "三号楼的灯坏了，请来看看".into(),
            place: Some(w.cast.door),
            category: w.words.lamp.into(),
            files: vec![sent.clone()],
            ..Report::default()
        };
        w.report_as(w.cast.resident, report).unwrap();
        w.live_days(5);
        typed("a-report-that-goes-on-0", &[&kept]);
        w.live_days(2);
        assert!(store.get(&left.hash).is_ok(), "a draft is kept for a week");
        // Put aside first, it can still be read; a day later it is gone.
        w.live_days(1);
        assert!(store.get(&left.hash).is_ok());
        w.live_days(2);
        assert!(store.get(&left.hash).is_err(), "nothing refers to it");
        assert!(store.get(&sent.hash).is_ok() && store.get(&kept.hash).is_ok());
        w.live_days(8);
        assert!(store.get(&kept.hash).is_err() && store.get(&sent.hash).is_ok());
        w.holds();
    }
}

#[test]
fn what_was_put_aside_comes_back_when_it_is_wanted_after_all() {
    for w in World::both() {
        let me = w.as_(w.cast.resident);
        let store = w.house.part::<FileStore>().unwrap();
        let made = linli_matters::prepare("a.ogg", b"OggS of a lamp").unwrap();
        store.put(&made).unwrap();
        let hash = made.upload.hash.clone();
        let raw = RawInput::default().with_files("files", vec![made.upload.clone()]);
        let first = raw.clone();
        w.write(&me, move |cx| linli_cases::keep_draft(cx, &key("a-report-that-is-left-1"), &first)).unwrap();
        w.pass(8 * time::DAY + time::HOUR);
        w.work();
        // Somebody was told just before that the store has it.
        w.write(&me, move |cx| linli_cases::keep_draft(cx, &key("a-report-begun-again-1"), &raw)).unwrap();
        w.live_days(2);
        assert_eq!(store.get(&hash).unwrap(), made.bytes);
        w.live_days(9);
        assert!(store.get(&hash).is_err());
    }
}

/// What is told apart by its instant and a little more must not meet by chance: of three thousand numbers of twenty random
/// bits two are nearly always the same.
#[test]
fn a_crowd_of_reports_in_one_instant_is_taken() {
    let Some(w) = World::sqlite() else { return };
    let c = w.cast.clone();
    let report = Report { words: "三号楼的灯坏了".into(), place: Some(c.door), ..Report::default() };
    let crowd =
        w.write(&w.as_(c.resident), move |cx| (0..3000).try_for_each(|_| linli_cases::report(cx, &report).map(drop)));
    crowd.unwrap();
    assert_eq!(w.mine(c.resident), 100);
}
