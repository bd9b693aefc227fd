//! Places and address search.
use super::{World, status};
use linli_core::{Actor, PlaceId, Role, UnitId};
use linli_registry::{self as registry, NewPlace, Place};

/// A lane of two stairs with three rooms each, and a spot.
pub(crate) fn lane(
    w: &World,
    committee: UnitId,
    estate: Option<UnitId>,
    groups: [Option<UnitId>; 2],
) -> (Vec<PlaceId>, Vec<PlaceId>) {
    let door = |n: u32, group| NewPlace {
        kind: "door".into(),
        name: format!("友谊苑 {n}号"),
        address: Some(format!("友谊路1200弄{n}号")),
        estate,
        group,
        lat: Some(31.4),
        lon: Some(121.48),
        ..NewPlace::default()
    };
    let spot = NewPlace { kind: "spot".into(), name: "友谊苑中心花园".into(), estate, ..NewPlace::default() };
    let tops = vec![door(10, groups[0]), door(9, groups[1]), spot];
    let doors = w.system(move |cx| registry::create_places(cx, committee, &tops));
    let room = |parent, n: u32, room: u32| NewPlace {
        kind: "dwelling".into(),
        parent: Some(parent),
        name: format!("友谊苑 {n}号{room}室"),
        address: Some(format!("友谊路1200弄{n}号{room}室")),
        ..NewPlace::default()
    };
    let mut new = Vec::new();
    for (door, n) in [(doors[0], 10), (doors[1], 9)] {
        new.extend([1001, 101, 502].map(|r| room(door, n, r)));
    }
    let rooms = w.system(move |cx| registry::create_places(cx, committee, &new));
    (doors, rooms)
}

fn names(places: &[Place]) -> Vec<&str> {
    places.iter().map(|p| p.name.as_str()).collect()
}

#[test]
fn addresses_are_found_as_people_write_them() {
    for w in World::fictional() {
        let (committee, other, estate) = (w.code("YL-E1.01"), w.code("YL-E1.02"), w.code("YL-E1.01.G1.A"));
        lane(&w, committee, Some(estate), [Some(w.code("YL-E1.01.G1")), Some(w.code("YL-E1.01.G2"))]);
        let find = |within: Option<UnitId>, q: &str| {
            w.read(&Actor::anyone(None, linli_core::Lang::Zh, linli_core::Via::Page), |cx| {
                registry::search_places(cx, within, q, 20)
            })
            .unwrap()
        };
        for q in [
            "9-502",
            "9号502",
            "1200弄9号502室",
            "友谊路1200弄9号502室",
            "友谊苑9-502",
            "yyy9-502",
            "九号502室",
            "９－５０２",
        ] {
            assert_eq!(names(&find(Some(committee), q)), ["友谊苑 9号502室"], "{q}");
            assert_eq!(names(&find(None, q)), ["友谊苑 9号502室"], "{q}");
        }
        assert_eq!(names(&find(Some(committee), "10-1")).len(), 2);
        assert_eq!(names(&find(Some(committee), "1200弄9号"))[0], "友谊苑 9号");
        for q in ["中心花园", "心花", "花园", "zxhy", "友谊苑中心花园"] {
            assert_eq!(names(&find(Some(committee), q)), ["友谊苑中心花园"], "{q}");
        }
        // A part of the estate's or the road's name gives its doors, with a number its rooms.
        for q in ["谊苑", "谊路", "友谊路", "yy", "yl"] {
            let found = find(None, q);
            assert_eq!(names(&found)[..2], ["友谊苑 9号", "友谊苑 10号"], "{q}");
            assert!(found.iter().all(|p| p.parent.is_none()), "{q}");
        }
        for q in ["谊苑9-502", "谊路1200弄9号502室", "yy9-502"] {
            assert_eq!(names(&find(None, q)), ["友谊苑 9号502室"], "{q}");
        }
        assert_eq!(names(&find(Some(committee), "友谊苑中心"))[0], "友谊苑中心花园");
        assert_eq!(names(&find(Some(committee), "yyyzxhy")), ["友谊苑中心花园"]);
        for q in ["", "  ", "牡丹路1200弄9号502室", "9-777", "%", "_", "王某"] {
            assert!(find(Some(committee), q).is_empty(), "{q}");
        }
        assert!(find(Some(other), "9-502").is_empty());

        // The address tree, by stair; a room is where its door is unless told otherwise.
        let children =
            |parent| w.read(&Actor::system(), |cx| registry::children_places(cx, committee, parent)).unwrap();
        let top = children(None);
        assert_eq!(names(&top), ["友谊苑 9号", "友谊苑 10号", "友谊苑中心花园"]);
        let rooms = children(Some(top[0].id));
        assert_eq!(names(&rooms), ["友谊苑 9号101室", "友谊苑 9号502室", "友谊苑 9号1001室"]);
        assert_eq!((rooms[0].estate, rooms[0].group, rooms[0].lat), (Some(estate), top[0].group, Some(31.4)));
        let within = w.read(&Actor::system(), |cx| registry::place_within(cx, &rooms[0])).unwrap();
        let codes = ["YL", "YL-E", "YL-E1", "YL-E1.01", "YL-E1.01.G1", "YL-E1.01.G1.A", "YL-E1.01.G2"];
        assert_eq!(within, codes.map(|c| w.code(c)));
    }
}

#[test]
fn places_stay_within_their_committee() {
    for w in World::fictional() {
        let (committee, other) = (w.code("YL-E1.01"), w.code("YL-E1.02"));
        let (doors, rooms) = lane(&w, committee, None, [None, None]);
        let worker = w.post(committee, Role::Worker, "社某");
        let place = |kind: &str, parent, group| NewPlace {
            kind: kind.into(),
            parent,
            group,
            name: "11号".into(),
            ..NewPlace::default()
        };
        let make = |committee: UnitId, p: NewPlace| {
            move |cx: &mut linli_core::Cx<'_, '_>| registry::create_places(cx, committee, std::slice::from_ref(&p))
        };
        w.try_as(&worker, make(committee, place("door", None, None))).unwrap();
        assert_eq!(status(w.try_as(&worker, make(other, place("door", None, None)))), 403);
        assert_eq!(status(w.try_as(&worker, make(committee, place("garage", None, None)))), 422);
        assert_eq!(status(w.try_as(&worker, make(committee, place("door", Some(rooms[0]), None)))), 422);
        assert_eq!(status(w.try_as(&worker, make(committee, place("door", None, Some(w.code("YL-E1.02.G1")))))), 422);
        assert_eq!(status(w.try_as(&Actor::system(), make(other, place("dwelling", Some(doors[0]), None)))), 404);
        let group = w.code("YL-E1.01.G1");
        let tops = doors.clone();
        w.try_as(&worker, move |cx| registry::group_places(cx, &tops[..1], None, None, Some(group))).unwrap();
        assert_eq!(w.read(&worker, |cx| registry::place(cx, rooms[0])).unwrap().unwrap().group, Some(group));
        let door = doors[0];
        assert_eq!(status(w.try_as(&worker, move |cx| registry::retire_place(cx, door))), 409);
        let room = rooms[0];
        w.try_as(&worker, move |cx| registry::retire_place(cx, room)).unwrap();
        assert!(w.read(&worker, |cx| registry::place(cx, room)).unwrap().is_none());
    }
}

#[test]
fn ones_own_committee_comes_first_and_every_page_goes_on_where_the_last_one_ended() {
    for w in World::fictional() {
        let (own, other) = (w.code("YL-E1.01"), w.code("YL-E1.02"));
        for (committee, estate) in [(own, "桥头苑"), (other, "石桥苑"), (w.code("YL-E1.03"), "西门苑")] {
            let spot =
                |name: &str| NewPlace { kind: "spot".into(), name: format!("{estate}{name}"), ..NewPlace::default() };
            let door =
                |n: u32| NewPlace { kind: "door".into(), name: format!("{estate} {n}号"), ..NewPlace::default() };
            let new: Vec<NewPlace> = (1..=30).map(door).chain([spot("西门"), spot("东门")]).collect();
            w.system(move |cx| registry::create_places(cx, committee, &new));
        }
        let worker = w.post(other, Role::Worker, "西门某");
        let page = |who: &Actor, within, q: &str, after: Option<&str>, limit| {
            w.read(who, |cx| registry::page_places(cx, within, q, after, limit)).unwrap()
        };
        let (found, next) = page(&worker, None, "西门", None, 50);
        assert_eq!(found[0].name, "石桥苑西门", "one's own committee before all others");
        assert!(found[1..33].iter().all(|p| p.name.starts_with("西门苑")), "then what begins so");
        assert_eq!((found.last().unwrap().name.as_str(), found.len(), next), ("桥头苑西门", 34, None));
        for q in ["西门", "苑", "门", "苑西", "2", "苑2", "xm", "桥", "qt3"] {
            let (whole, mut all, mut after) = (page(&worker, None, q, None, 50), Vec::new(), None);
            loop {
                let (found, next) = page(&worker, None, q, after.as_deref(), 3);
                assert!(found.len() <= 3);
                all.extend(found);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            assert!(!all.is_empty() && all.starts_with(&whole.0), "{q}");
            let mut ids: Vec<_> = all.iter().map(|p| p.id).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), all.len(), "{q}: no place twice");
            assert!(whole.1.is_some() || all.len() == whole.0.len(), "{q}");
        }
        assert_eq!(page(&worker, Some(own), "西门", None, 9).0.len(), 1, "only within what was asked");
        let wrong = w.read(&worker, |cx| registry::page_places(cx, None, "西门", Some("zz"), 9));
        assert_eq!(status(wrong), 422);
        // Names follow their places into another committee.
        w.system(move |cx| registry::merge_units(cx, &[own], other, "合并"));
        w.pass(11_000);
        w.told("nothing");
        assert_eq!(names(&page(&worker, Some(other), "西门", None, 9).0), ["石桥苑西门", "桥头苑西门"]);
        assert!(page(&worker, None, "西门某", None, 9).0.is_empty(), "never persons");
    }
}
