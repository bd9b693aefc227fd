//! Registers and calendars as data.
use super::{World, data, status};
use linli_core::{Actor, Lang, Role};
use linli_registry::{self as registry, CalendarDay, Function};
use work_calendar::Date;

#[test]
fn the_real_register_comes_in_once() {
    let w = World::sqlite();
    let first = w.import("baoshan", "units.csv");
    assert_eq!((first.created, first.changed, first.unchanged, first.applied), (581, 0, 0, true), "{:?}", first.errors);
    let again = w.import("baoshan", "units.csv");
    assert_eq!((again.created, again.changed, again.unchanged, again.settings), (0, 0, 581, 0));
    let departments = w.import("baoshan", "departments.csv");
    assert!(departments.applied && departments.created > 30, "{:?}", departments.errors);
    let units = w.units();
    let count = |f: Function, kind: &str| {
        units.live().filter(|u| u.function == f && (kind.is_empty() || u.kind == kind)).count()
    };
    assert_eq!(
        (count(Function::Dispatch, ""), count(Function::Serve, "residents"), count(Function::Serve, "villagers")),
        (13, 464, 103)
    );
    let committee = units.by_code("310113003001").unwrap();
    assert_eq!((committee.initials.as_str(), committee.path.len()), ("bgycjwh", 3));
    assert_eq!(units.dispatch_above(committee.id), units.by_code("310113003").map(|u| u.id));
    let office = units.by_code("310113-fgj").unwrap().id;
    assert_eq!(units.superior_common(committee.id, office), units.ops().unwrap());
}

#[test]
fn a_corrected_register_changes_what_differs() {
    for w in World::fictional() {
        let (text, mapping) = (data("registers/fictional/units.csv"), data("registers/fictional/mapping.toml"));
        let text = text
            .replace("YL-E1.02,竹巷社区,,社区,YL-E1,在用", "YL-E1.02,竹巷新社区,,社区,YL-E2,在用")
            .replace("YL-W4.07,绿洲社区,,社区,YL-W4,筹备", "YL-W4.07,绿洲社区,,社区,YL-W4,在用")
            + "YL-W4.08,新洲社区,,社区,YL-W4,筹备\n";
        let id = w.code("YL-E1.02");
        let run = |dry: bool| {
            let (text, mapping) = (text.clone(), mapping.clone());
            w.system(move |cx| registry::import_register(cx, "units.csv", &text, "mapping.toml", &mapping, dry))
        };
        let dry = run(true);
        assert_eq!((dry.created, dry.changed, dry.unchanged, dry.applied), (1, 2, 99, false), "{:?}", dry.errors);
        assert_eq!(w.units().get(id).unwrap().name, "竹巷社区");
        assert!(run(false).applied);
        let units = w.units();
        let unit = units.get(id).unwrap();
        assert_eq!((unit.name.as_str(), unit.parent), ("竹巷新社区", Some(w.code("YL-E2"))));
        assert_eq!(units.by_code("YL-W4.07").unwrap().status, "formal");
        assert_eq!(units.by_code("YL-W4.08").unwrap().status, "preparatory");
        assert_eq!((run(false).changed, run(false).created), (0, 0));
        // A code that has ended is not brought back by an old file.
        let (gone, into) = (w.code("YL-W4.06"), w.code("YL-W4.05"));
        w.system(move |cx| registry::merge_units(cx, &[gone], into, ""));
        let stale = run(false);
        assert!(!stale.applied);
        assert!(stale.errors[0].cause.in_(Lang::En).contains("YL-W4.05"), "{}", stale.errors[0]);

        let admin = w.post(w.code("YL-E1"), Role::Admin, "管某");
        let (text, mapping) = (text.clone(), mapping.clone());
        let refused = w.try_as(&admin, move |cx| {
            registry::import_register(cx, "units.csv", &text, "mapping.toml", &mapping, true)
        });
        assert_eq!(status(refused), 403);
    }
}

#[test]
fn a_bad_file_says_where_and_changes_nothing() {
    let w = World::sqlite();
    let mapping = data("registers/fictional/mapping.toml");
    let bad = "编码,名称,英文名,类别,上级,状态\n\
               A,某县,,县,,在用\n\
               A-1,某镇,,镇,A,在用\n\
               A-1,某镇,,镇,A,在用\n\
               A-2,,,镇,A,在用\n\
               A-3,某寨,,寨,A,在用\n\
               A-4,某乡,,乡,Z,在用\n\
               A-5,某乡,,乡,A-6,在用\n\
               A-6,某乡,,乡,A-5,在用\n\
               A 7,某乡,,乡,A,荒废\n\
               A-8,\"某乡,,乡,A\n";
    let run = |text: &'static str, mapping: &str| {
        let mapping = mapping.to_owned();
        w.system(move |cx| registry::import_register(cx, "u.csv", text, "m.toml", &mapping, false))
    };
    let report = run(bad, &mapping);
    assert!(!report.applied && w.units().live().next().is_none());
    let told: Vec<(u64, &str, &str)> =
        report.errors.iter().map(|e| (e.line, e.field.as_str(), e.cause.text.key)).collect();
    for expected in [
        (4, "编码", "registry.twice"),
        (5, "名称", "registry.missing"),
        (6, "类别", "registry.unknown_kind"),
        (7, "上级", "registry.no_parent"),
        (8, "上级", "registry.circle"),
        (9, "上级", "registry.circle"),
        (10, "编码", "registry.bad_code"),
        (10, "状态", "registry.bad_status"),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    assert!(report.errors[0].to_string().starts_with("u.csv:4: 编码: "));
    let report = run("编码,名称\nA,某县\n", &mapping);
    assert_eq!(report.errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), ["类别", "上级", "英文名", "状态"]);
    let report = run(bad, "[columns]\ncode = 3\n");
    assert_eq!((report.errors[0].file.as_str(), report.errors[0].line), ("m.toml", 2));
    for n in 0..bad.len() {
        if bad.is_char_boundary(n) {
            assert!(
                !registry::parse_mapping("m", &mapping[..mapping.len() / 2]).is_ok_and(|m| registry::parse_register(
                    "u",
                    &bad[..n],
                    &m
                )
                .1
                .is_empty()
                    && n > 300)
            );
        }
    }
}

#[test]
fn a_calendar_is_published_and_the_old_one_stays_known() {
    for w in World::fictional() {
        let day = |y, m, d| Date::from_ymd(y, m, d).unwrap();
        let work = || w.read(&Actor::system(), registry::work).unwrap();
        let before = work();
        // The register's hours hold already, the holidays do not.
        assert_eq!(before.calendar.awaits(day(2026, 10, 1)), Some(2026));
        let times = before.calendars.get(&before.label).unwrap();
        let at = |text: &str| times.zone().parse(text).unwrap();
        assert!(times.is_working(at("2026-05-29T08:45")) && !times.is_working(at("2026-05-29T13:00")));
        assert!(times.is_working(at("2026-06-01T08:15")) && !times.is_working(at("2026-06-01T14:30")));
        w.told("registry.calendar");
        w.pass(1000);
        let csv = data("calendar/cn.csv");
        let text = csv.clone();
        let years = w.system(move |cx| registry::publish_calendar_file(cx, &text));
        assert!(years.contains(&2026) && years.contains(&2004));
        assert_eq!(w.told("registry.calendar").len(), years.len());
        assert!(w.system(move |cx| registry::publish_calendar_file(cx, &csv)).is_empty());
        let after = work();
        assert_ne!(before.label, after.label);
        assert!(after.calendars.get(&before.label).is_ok());
        assert!(!after.calendar.is_working_day(day(2026, 10, 1)) && after.calendar.awaits(day(2026, 10, 1)).is_none());

        // A correction of one year leaves the others.
        w.pass(1000);
        let off = |date: &str| CalendarDay { date: date.into(), name: "县庆".into(), off: true };
        w.system(move |cx| registry::publish_calendar(cx, 2026, &[off("2026-11-11")], "县政府公告"));
        let third = w.read(&Actor::system(), registry::calendar).unwrap();
        assert!(!third.is_working_day(day(2026, 11, 11)) && third.is_working_day(day(2026, 10, 1)));
        assert!(!third.is_working_day(day(2025, 10, 1)));
        for wrong in [
            vec![],
            vec![off("2026-02-30")],
            vec![off("2026-11-11"), off("2026-11-11")],
            vec![off("2025-11-11")],
            vec![CalendarDay { name: "a\n2026-01-02".into(), ..off("2026-11-12") }],
        ] {
            assert_eq!(
                status(w.try_as(&Actor::system(), move |cx| registry::publish_calendar(cx, 2026, &wrong, "x"))),
                422
            );
        }
        let admin = w.post(w.code("YL-E1"), Role::Admin, "管某");
        assert_eq!(
            status(w.try_as(&admin, move |cx| registry::publish_calendar(cx, 2026, &[off("2026-11-13")], "x"))),
            403
        );
    }
}
