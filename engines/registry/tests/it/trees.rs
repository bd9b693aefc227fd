//! The trees and their history.
use super::{START, World, status};
use linli_core::{Actor, Lang, Role, UnitId};
use linli_registry::{self as registry, Boundary, Function, NewPlace, NewUnit, Part, Renamed, Units};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

fn check_paths(units: &Units) {
    for u in units.live() {
        let mut chain = vec![u.id];
        while let Some(parent) = chain.last().and_then(|id| units.get(*id)).and_then(|u| u.parent) {
            chain.push(parent);
        }
        chain.reverse();
        assert_eq!(u.path, chain, "{}", u.code);
        let six: Vec<UnitId> = units.u6(u.id).into_iter().flatten().collect();
        assert_eq!(six, chain.iter().copied().take(6).collect::<Vec<_>>());
        assert_eq!(units.by_own_code(&u.code).map(|v| v.id), Some(u.id));
        let children: Vec<&str> = units.children(u.id).map(|c| c.code.as_str()).collect();
        assert!(children.is_sorted());
    }
}

#[derive(Debug, Clone)]
enum Step {
    Rename(usize),
    Split(usize, bool),
    Merge(usize, usize),
    Move(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..1000usize;
    prop_oneof![
        n().prop_map(Step::Rename),
        (n(), any::<bool>()).prop_map(|(a, b)| Step::Split(a, b)),
        (n(), n()).prop_map(|(a, b)| Step::Merge(a, b)),
        (n(), n()).prop_map(|(a, b)| Step::Move(a, b)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to committees, every code that ever was leads to a unit in force that came of it, ids never change
    /// hands, and paths are the chains of parents.
    #[test]
    fn old_codes_lead_to_what_came_after(steps in prop::collection::vec(step(), 1..14)) {
        let w = World::sqlite();
        w.import("fictional", "units.csv");
        // The model: what each unit became, and who first had a code.
        let mut became: HashMap<UnitId, Vec<UnitId>> = HashMap::new();
        let mut first: HashMap<String, UnitId> = w.units().live().map(|u| (u.code.clone(), u.id)).collect();
        for (n, step) in steps.into_iter().enumerate() {
            w.pass(1000);
            let units = w.units();
            let serving: Vec<UnitId> = units.live().filter(|u| u.function == Function::Serve).map(|u| u.id).collect();
            let towns: Vec<UnitId> = units.live().filter(|u| u.function == Function::Dispatch).map(|u| u.id).collect();
            let pick = |i: usize| serving[i % serving.len()];
            match step {
                Step::Rename(i) => {
                    let (id, code) = (pick(i), format!("R{n}"));
                    first.insert(code.clone(), id);
                    let new = Renamed { code: Some(code), name: Some(format!("新名{n}")), ..Renamed::default() };
                    w.system(move |cx| registry::rename_unit(cx, id, &new, "test"));
                }
                Step::Split(i, retire) => {
                    let id = pick(i);
                    let inner: Vec<UnitId> = units.children(id).map(|u| u.id).collect();
                    let part = |k: usize, units: Vec<UnitId>| Part {
                        unit: NewUnit { kind: "residents".into(), code: format!("S{n}.{k}"), name: format!("分居{n}之{k}"), status: "formal".into(), ..NewUnit::default() },
                        units,
                        places: vec![],
                    };
                    let parts = vec![part(0, inner), part(1, vec![])];
                    let made = w.system(move |cx| registry::split_unit(cx, id, &parts, retire, "test"));
                    for (k, new) in made.iter().enumerate() {
                        first.insert(format!("S{n}.{k}"), *new);
                    }
                    if retire {
                        became.insert(id, made);
                    }
                }
                Step::Merge(i, j) => {
                    let (from, into) = (pick(i), pick(j));
                    if from == into {
                        continue;
                    }
                    w.system(move |cx| registry::merge_units(cx, &[from], into, "test"));
                    became.insert(from, vec![into]);
                }
                Step::Move(i, j) => {
                    let (id, town) = (pick(i), towns[j % towns.len()]);
                    w.system(move |cx| registry::change_parent(cx, id, town, "test"));
                }
            }
        }
        let units = w.units();
        check_paths(&units);
        for (code, id) in first {
            let mut ends = BTreeSet::new();
            let mut ahead = vec![id];
            while let Some(id) = ahead.pop() {
                match became.get(&id) {
                    Some(next) => ahead.extend(next),
                    None => drop(ends.insert(id)),
                }
            }
            let found = units.by_code(&code).unwrap();
            prop_assert!(found.live() && ends.contains(&found.id), "{code} leads to {}", found.code);
            prop_assert_eq!(units.successors(id).into_iter().collect::<BTreeSet<_>>(), ends);
        }
    }
}

#[test]
fn who_rules_between_two() {
    for w in World::fictional() {
        let units = w.units();
        check_paths(&units);
        let at = |code: &str| units.by_code(code).unwrap().id;
        // Two communities of a town; of two towns in one zone, which has no desk; a community and a bureau; two bureaus.
        assert_eq!(units.superior_common(at("YL-E1.01"), at("YL-E1.02")), at("YL-E1"));
        assert_eq!(units.superior_common(at("YL-E1.01"), at("YL-E2.01")), at("YL-ZH"));
        assert_eq!(units.superior_common(at("YL-E1.01.G1.A"), at("YL-E1.01.G2")), at("YL-E1"));
        assert_eq!(units.superior_common(at("YL-E1.01"), at("YL-ZH-2")), at("YL-ZH"));
        assert_eq!(units.superior_common(at("YL-ZH-1"), at("YL-ZH-2")), at("YL-ZH"));
        assert_eq!((units.root(), units.ops()), (at("YL"), Some(at("YL-ZH"))));
        assert_eq!(units.committee_of(at("YL-E1.01.G1.A")), Some(at("YL-E1.01")));
        assert_eq!(units.dispatch_above(at("YL-E1.01.G1")), Some(at("YL-E1")));
        assert_eq!(units.dispatch_above(at("YL-E1")), None);
        assert_eq!(units.dispatch_above(at("YL-ZH-3")), Some(at("YL-ZH")));
        assert_eq!(units.u6(at("YL-E1.01.G1.A"))[5], Some(at("YL-E1.01.G1.A")));
        assert_eq!(units.level_name("community", Lang::En), "Community");
        assert_eq!(units.name(at("YL-E1"), Lang::En), "Qingshi Subdistrict");
        assert_eq!(units.name(at("YL-E1.01"), Lang::En), "桥头社区");
        let found = |q: &str, within: Option<UnitId>| {
            units.search(q, within, 3).iter().map(|f| f.unit.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(found("桥头", None)[0], "桥头社区");
        assert_eq!(found("qtsq", None)[0], "桥头社区");
        assert_eq!(found("YL-ZH-3", None), ["县水利局"]);
        assert_eq!(found("water", None), ["县水利局", "云澜供水公司"]);
        assert!(found("桥头", Some(at("YL-W"))).is_empty());
    }
}

#[test]
fn a_split_takes_its_households_along() {
    for w in World::fictional() {
        let (old, estate, grid) = (w.code("YL-E1.01"), w.code("YL-E1.01.G1.A"), w.code("YL-E1.01.G1"));
        let stay = w.code("YL-E1.01.G2");
        let door = move |n: u32, group| NewPlace {
            kind: "door".into(),
            name: format!("桥头大院 {n}号"),
            group: Some(group),
            micro_grid: Some(grid),
            ..NewPlace::default()
        };
        let doors = w.system(move |cx| registry::create_places(cx, old, &[door(1, grid), door(2, stay)]));
        let rooms: Vec<NewPlace> = doors
            .iter()
            .zip(1..)
            .map(|(d, n)| NewPlace {
                kind: "dwelling".into(),
                parent: Some(*d),
                name: format!("桥头大院 {n}号101室"),
                ..NewPlace::default()
            })
            .collect();
        let rooms = w.system(move |cx| registry::create_places(cx, old, &rooms));
        let households = rooms.clone();
        let homes = w.system(move |cx| {
            households.iter().map(|r| registry::create_household(cx, *r)).collect::<Result<Vec<_>, _>>()
        });
        let people: Vec<_> = ["甲某", "乙某"].iter().map(|n| w.person(old, n, None)).collect();
        let (p, r, h) = (people.clone(), rooms.clone(), homes.clone());
        w.system(move |cx| {
            for i in 0..2 {
                registry::move_in(cx, p[i], r[i], Some(h[i]), "owner")?;
            }
            Ok(())
        });
        assert!(w.told("registry.boundary").is_empty());

        let part = Part {
            unit: NewUnit {
                kind: "residents".into(),
                code: "YL-E1.90".into(),
                name: "新桥社区".into(),
                status: "preparatory".into(),
                ..NewUnit::default()
            },
            places: vec![doors[0]],
            units: vec![grid],
        };
        // A part of the tree that has places left cannot be ended, and then nothing has happened at all.
        let again = part.clone();
        assert_eq!(
            status(w.try_as(&Actor::system(), move |cx| registry::split_unit(
                cx,
                old,
                std::slice::from_ref(&again),
                true,
                ""
            ))),
            409
        );
        let new = w
            .system(move |cx| registry::split_unit(cx, old, std::slice::from_ref(&part), false, "街道批复〔2026〕3号"))
            [0];

        let units = w.units();
        assert_eq!(units.committee_of(estate), Some(new));
        let moved = w.read(&Actor::system(), |cx| registry::place(cx, rooms[0])).unwrap().unwrap();
        let stayed = w.read(&Actor::system(), |cx| registry::place(cx, rooms[1])).unwrap().unwrap();
        assert_eq!((moved.committee, moved.group, moved.micro_grid), (new, Some(grid), Some(grid)));
        // The grid went away, so what stayed lies in it no more.
        assert_eq!((stayed.committee, stayed.group), (old, Some(stay)));
        assert_eq!(w.actor(people[0]).homes[0].within.last(), Some(&grid));
        assert_eq!(w.actor(people[0]).homes[0].committee, new);
        let told: Vec<Boundary> =
            w.told("registry.boundary").into_iter().map(|v| serde_json::from_value(v).unwrap()).collect();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].from, told[0].to, told[0].units.as_slice(), told[0].all), (old, new, &[grid][..], false));
        assert_eq!(told[0].places.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&doors[0], &rooms[0]]));

        // And together again: the old code of the new unit leads back.
        let head = w.post(new, Role::Head, "丙某");
        w.system(move |cx| registry::merge_units(cx, &[new], old, "撤销"));
        assert_eq!(w.units().by_code("YL-E1.90").unwrap().id, old);
        let back = w.read(&Actor::system(), |cx| registry::place(cx, rooms[0])).unwrap().unwrap();
        assert_eq!((back.committee, w.units().committee_of(grid)), (old, Some(old)));
        let posts = w.actor(head.person.unwrap()).posts;
        assert_eq!((posts.len(), posts[0].unit, posts[0].role), (1, old, Role::Head));
        assert!(w.told("registry.boundary").iter().any(|v| v["all"] == true));
    }
}

#[test]
fn the_trees_keep_their_shape() {
    for w in World::fictional() {
        let (county, town, community, grid) =
            (w.code("YL"), w.code("YL-E1"), w.code("YL-E1.01"), w.code("YL-E1.01.G1"));
        let new = |parent, level: &str, code: &str| NewUnit {
            parent,
            level: level.into(),
            kind: "x".into(),
            code: code.into(),
            name: "新单位".into(),
            status: "formal".into(),
            ..NewUnit::default()
        };
        let wrong = [
            new(None, "county", "YL2"),
            new(Some(community), "community", "C1"),
            new(Some(community), "township", "T1"),
            new(Some(grid), "community", "C2"),
            new(Some(county), "county", "K"),
            new(Some(town), "nowhere", "N"),
            new(Some(town), "community", "YL-E1.01"),
            new(Some(town), "community", "with blank"),
        ];
        for n in wrong {
            let text = format!("{n:?}");
            let done = w.try_as(&Actor::system(), move |cx| registry::create_unit(cx, n.clone()));
            assert_eq!(done.map_err(|e| e.status()), Err(422), "{text}");
        }
        for (id, parent) in [(town, grid), (town, town), (community, w.code("YL-E1.02")), (county, town)] {
            assert!(w.try_as(&Actor::system(), move |cx| registry::change_parent(cx, id, parent, "")).is_err());
        }
        for (from, into) in [(town, community), (grid, grid), (w.code("YL-E1.01.G1.A"), grid)] {
            assert!(w.try_as(&Actor::system(), move |cx| registry::merge_units(cx, &[from], into, "")).is_err());
        }
        assert_eq!(status(w.try_as(&Actor::system(), move |cx| registry::retire_unit(cx, community))), 409);

        // A property enterprise serves an estate until another does; one merged into another hands its estates over.
        let estate = w.code("YL-E1.01.G1.A");
        let partner = |code: &str| NewUnit { kind: "property".into(), ..new(Some(town), "partner", code) };
        let (a, b) = (partner("P1"), partner("P2"));
        let ids = w.system(move |cx| registry::create_units(cx, vec![a.clone(), b.clone()]));
        let (a, b) = (ids[0], ids[1]);
        w.system(move |cx| registry::serve(cx, a, estate));
        assert_eq!((w.units().serving(estate, "property"), w.units().serving(estate, "police")), (Some(a), None));
        w.system(move |cx| registry::merge_units(cx, &[a], b, "合并"));
        assert_eq!(w.units().serving(estate, "property"), Some(b));
        w.system(move |cx| registry::end_service(cx, b, estate));
        assert_eq!(w.units().serving(estate, "property"), None);
        w.system(move |cx| registry::retire_unit(cx, b));
        assert!(w.units().get(b).is_some_and(|u| u.valid_until == Some(START)));
    }
}

#[test]
fn administrators_keep_what_lies_under_them() {
    for w in World::fictional() {
        let (east, west) = (w.code("YL-E1"), w.code("YL-W3"));
        let admin = w.post(east, Role::Admin, "管某");
        let worker = w.post(w.code("YL-E1.01"), Role::Worker, "社某");
        let rename = |id: UnitId| {
            move |cx: &mut linli_core::Cx<'_, '_>| {
                registry::rename_unit(cx, id, &Renamed { name: Some("改名".into()), ..Renamed::default() }, "")
            }
        };
        w.try_as(&admin, rename(w.code("YL-E1.02"))).unwrap();
        assert_eq!(status(w.try_as(&admin, rename(west))), 403);
        assert_eq!(status(w.try_as(&worker, rename(w.code("YL-E1.01")))), 403);
        assert_eq!(status(w.try_as(&admin, rename(UnitId(uuid::Uuid::nil())))), 404);
        // Moving a community between towns takes a seat at both.
        let (id, other) = (w.code("YL-E1.03"), w.code("YL-E2"));
        assert_eq!(status(w.try_as(&admin, move |cx| registry::change_parent(cx, id, other, ""))), 403);
        let county = w.post(w.code("YL"), Role::Admin, "县某");
        w.try_as(&county, move |cx| registry::change_parent(cx, id, other, "")).unwrap();
        assert_eq!(w.units().get(id).and_then(|u| u.parent), Some(other));

        // Posts: the role must fit the unit, and only an administrator above appoints.
        let (committee, grid) = (w.code("YL-E1.01"), w.code("YL-E1.01.G1"));
        let someone = w.person(east, "任某", None);
        // Nobody with a post yet: the name is asked for by itself.
        let names = w.read(&Actor::system(), |cx| registry::people_names(cx, &[someone])).unwrap();
        assert_eq!(names[&someone].reveal(), "任某");
        let appoint = |unit: UnitId, role: Role| {
            move |cx: &mut linli_core::Cx<'_, '_>| registry::appoint(cx, someone, unit, role, true, None)
        };
        assert_eq!(status(w.try_as(&worker, appoint(committee, Role::Worker))), 403);
        assert_eq!(status(w.try_as(&admin, appoint(grid, Role::Worker))), 422);
        assert_eq!(status(w.try_as(&admin, appoint(committee, Role::System))), 422);
        let post = w.try_as(&admin, appoint(committee, Role::Worker)).unwrap();
        assert_eq!(status(w.try_as(&admin, appoint(committee, Role::Worker))), 422);
        let duty = w.read(&Actor::system(), |cx| registry::duty(cx, committee)).unwrap();
        assert_eq!(duty, [someone]);
        // Where nobody has duty, everybody is told.
        w.try_as(&admin, move |cx| registry::set_duty(cx, post, false)).unwrap();
        assert_eq!(w.read(&Actor::system(), |cx| registry::duty(cx, committee)).unwrap().len(), 2);
        let names = w.read(&Actor::system(), |cx| registry::people_names(cx, &[someone])).unwrap();
        assert_eq!((names[&someone].reveal().as_str(), format!("{names:?}").contains("任某")), ("任某", false));
        let staff = w.read(&Actor::system(), |cx| registry::staff(cx, committee)).unwrap();
        assert_eq!(
            staff.iter().map(|s| s.3.reveal().as_str()).collect::<BTreeSet<_>>(),
            BTreeSet::from(["社某", "任某"])
        );
        w.try_as(&admin, move |cx| registry::end_post(cx, post)).unwrap();
        assert!(w.actor(someone).posts.is_empty());
        // Who has left is no colleague any more, but has a name on what was done.
        assert_eq!(w.read(&Actor::system(), |cx| registry::staff(cx, committee)).unwrap().len(), 1);
        let names = w.read(&Actor::system(), |cx| registry::people_names(cx, &[someone])).unwrap();
        assert_eq!(names[&someone].reveal(), "任某");
        assert_eq!(status(w.try_as(&admin, move |cx| registry::end_post(cx, post))), 404);
    }
}

#[test]
fn what_a_unit_was_called_stays_known() {
    for w in World::fictional() {
        let (town, other) = (w.code("YL-E1"), w.code("YL-E2"));
        let (id, next) = (w.code("YL-E1.01"), w.code("YL-E1.02"));
        let rename = |name: Option<&str>, code: Option<&str>| {
            let new = Renamed { name: name.map(Into::into), code: code.map(Into::into), ..Renamed::default() };
            w.pass(1_000);
            w.system(move |cx| registry::rename_unit(cx, id, &new, "更名"));
        };
        rename(Some("石桥社区"), None);
        rename(Some("桥东社区"), Some("YL-E1.81"));
        w.pass(1_000);
        w.system(move |cx| registry::change_parent(cx, id, other, "划入"));
        let units = w.units();
        let known = units.history(id).unwrap();
        let spans: Vec<_> = known.spans.iter().map(|s| (s.name.as_str(), s.code.as_str(), s.parent)).collect();
        assert_eq!(
            spans,
            [
                ("桥头社区", "YL-E1.01", Some(town)),
                ("石桥社区", "YL-E1.01", Some(town)),
                ("桥东社区", "YL-E1.81", Some(town)),
                ("桥东社区", "YL-E1.81", Some(other)),
            ]
        );
        let dates: Vec<_> = known.spans.iter().map(|s| s.until.map(|u| u - START)).collect();
        assert_eq!(dates, [Some(1_000), Some(2_000), Some(3_000), None]);
        assert!(known.spans.windows(2).all(|s| s[0].until == Some(s[1].since)));
        for (q, formerly) in
            [("桥头社区", "桥头社区"), ("石桥", "石桥社区"), ("sqsq", "石桥社区"), ("YL-E1.01", "YL-E1.01")]
        {
            let found = units.search(q, None, 5);
            assert!(found.iter().any(|f| f.unit.id == id && f.formerly == Some(formerly)), "{q}: {found:?}");
        }
        let now = units.search("桥东社区", None, 5);
        assert_eq!((now[0].unit.id, now[0].formerly), (id, None));
        assert!(units.search("石桥", Some(town), 5).is_empty(), "it lies elsewhere now");

        // Merged: what it was ever called leads to what it became part of.
        w.pass(1_000);
        w.system(move |cx| registry::merge_units(cx, &[id], next, "合并"));
        let units = w.units();
        for q in ["桥头社区", "石桥社区", "桥东社区"] {
            let found = units.search(q, None, 5);
            assert!(found.iter().any(|f| f.unit.id == next && f.formerly == Some(q)), "{q}: {found:?}");
        }
        assert_eq!(units.formerly("YL-E1.81").map(|f| f.0), Some("桥东社区"));
        assert_eq!(units.formerly(&id.to_string()).map(|f| f.1), Some("YL-E1.81"));
        assert_eq!((units.formerly("YL-E1.02"), units.formerly("nothing")), (None, None));
        let known = units.history(next).unwrap();
        let links: Vec<_> = known.links.iter().map(|l| (l.kind.as_str(), l.from, l.to, l.note.as_str())).collect();
        assert_eq!(links, [("merge", id, next, "合并")]);
        assert_eq!((units.heir(id), units.stands_for(next)), (next, &[id][..]));
        assert_eq!(units.history(id).unwrap().spans.last().and_then(|s| s.until), Some(START + 4_000));
        // What lay under it came along, and says so.
        let grid = w.code("YL-E1.01.G1");
        let under: Vec<_> = units.history(grid).unwrap().spans.iter().map(|s| s.parent).collect();
        assert_eq!(under, [Some(id), Some(next)]);
    }
}
