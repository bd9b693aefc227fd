//! Households, what is seen of people, and what is stored of them.
use super::{World, person, places::lane, status};
use linli_core::{Actor, Lang, PersonId, Personal, Role, Via, time};
use linli_db::Engine;
use linli_registry::{self as registry, HouseholdId};

struct Street {
    worker: Actor,
    residents: Vec<PersonId>,
    households: Vec<HouseholdId>,
}

/// Six rooms in two stairs, one household with two members in each.
fn street(w: &World) -> Street {
    let committee = w.code("YL-E1.01");
    let groups = [Some(w.code("YL-E1.01.G1")), Some(w.code("YL-E1.01.G2"))];
    let (_, rooms) = lane(w, committee, None, groups);
    let worker = w.post(committee, Role::Worker, "社某");
    let (households, residents) = w
        .try_as(&worker, move |cx| {
            let (mut households, mut residents) = (Vec::new(), Vec::new());
            for (i, room) in rooms.iter().enumerate() {
                let household = registry::create_household(cx, *room)?;
                for (k, tenure) in ["owner", "occupant"].into_iter().enumerate() {
                    let who = registry::create_person(
                        cx,
                        committee,
                        &person(&format!("住户{i}之{k}"), Some(&format!("1391111{i}{k}00"))),
                    )?;
                    registry::move_in(cx, who, *room, Some(household), tenure)?;
                    residents.push(who);
                }
                households.push(household);
            }
            Ok((households, residents))
        })
        .unwrap();
    Street { worker, residents, households }
}

#[test]
fn my_households_come_by_stair() {
    for w in World::fictional() {
        let s = street(&w);
        let committee = w.code("YL-E1.01");
        let page = |actor: &Actor, group, after, limit| {
            w.read(actor, |cx| {
                let scope = registry::households_scope(cx, committee)?;
                registry::households_of(cx, &scope, committee, group, after, limit)
            })
        };
        let all = page(&s.worker, None, None, 100).unwrap();
        let labels: Vec<&str> = all.iter().map(|h| h.name.as_str()).collect();
        let expected = [
            "友谊苑 9号101室",
            "友谊苑 9号502室",
            "友谊苑 9号1001室",
            "友谊苑 10号101室",
            "友谊苑 10号502室",
            "友谊苑 10号1001室",
        ];
        assert_eq!(labels, expected);
        assert_eq!(
            (all[0].door.as_deref(), all[0].members.len(), all[0].members[0].tenure.as_str()),
            (Some("友谊苑 9号"), 2, "owner")
        );
        // Every page begins where the one before ended.
        let (mut walked, mut after) = (Vec::new(), None);
        while let Some(last) = page(&s.worker, None, after, 2).unwrap().last().map(|h| h.after) {
            walked.extend(page(&s.worker, None, after, 2).unwrap().into_iter().map(|h| h.id));
            after = Some(last);
        }
        assert_eq!(walked, all.iter().map(|h| h.id).collect::<Vec<_>>());
        assert_eq!(page(&s.worker, Some(w.code("YL-E1.01.G2")), None, 100).unwrap().len(), 3);

        let household = all[0].id;
        w.try_as(&s.worker, move |cx| registry::note_contact(cx, household, cx.now)).unwrap();
        let newest = page(&s.worker, None, None, 1).unwrap()[0].last_contact;
        assert_eq!(newest, Some(super::START));

        // Others of the district do not get the list: not the next committee, not the town, not the resident.
        let resident = w.actor(s.residents[0]);
        for actor in [
            w.post(w.code("YL-E1.02"), Role::Worker, "邻某"),
            w.post(w.code("YL-E1"), Role::Admin, "管某"),
            w.post(w.code("YL-E1"), Role::Dispatcher, "派某"),
            resident,
        ] {
            assert_eq!(status(page(&actor, None, None, 10)), 403);
            assert!(w.try_as(&actor, move |cx| registry::note_contact(cx, household, cx.now)).is_err());
        }
        assert_eq!(status(page(&Actor::anyone(None, Lang::Zh, Via::Page), None, None, 10)), 401);
        // A scope of one committee opens no other.
        let other = w.code("YL-E1.02");
        let crossed = w.read(&s.worker, |cx| {
            let scope = registry::households_scope(cx, committee)?;
            registry::households_of(cx, &scope, other, None, None, 10)
        });
        assert_eq!(status(crossed), 403);
        let _ = &s.households;
    }
}

#[test]
fn who_reads_is_on_record_and_the_person_sees_it() {
    for w in World::fictional() {
        let s = street(&w);
        let (who, neighbour) = (s.residents[0], w.post(w.code("YL-E1.02"), Role::Worker, "邻某"));
        let read = |actor: &Actor, purpose: &'static str| {
            w.try_as(actor, move |cx| {
                let seat = registry::contact_seat(cx, who)?;
                registry::contact(cx, &seat, who, purpose)
            })
        };
        // Whom one may not know of does not exist.
        assert_eq!(status(read(&neighbour, "好奇")), 404);
        assert_eq!(status(read(&w.actor(s.residents[4]), "好奇")), 404);
        assert_eq!(status(read(&s.worker, " ")), 422);
        let contact = read(&s.worker, "停水通知").unwrap();
        assert_eq!(
            (contact.name.reveal().as_str(), contact.phone.unwrap().reveal().as_str()),
            ("住户0之0", "13911110000")
        );
        // A person sees the own record, but has no seat from which to read as an office does.
        let own = w.actor(who);
        assert_eq!(status(read(&own, "本人")), 403);
        w.try_as(&s.worker, |cx| {
            let committee = cx.actor.posts[0].unit;
            let scope = registry::households_scope(cx, committee)?;
            registry::note_list_read(cx, &scope, None)?;
            registry::note_list_read(cx, &scope, None)
        })
        .unwrap();
        let (seen, lists) = w.read(&own, registry::own_reads).unwrap();
        assert_eq!(
            seen.iter().map(|u| (u.by, u.purpose.as_str())).collect::<Vec<_>>(),
            [(s.worker.person, "停水通知")]
        );
        assert_eq!(
            lists.iter().map(|l| (l.unit, l.by)).collect::<Vec<_>>(),
            [(w.code("YL-E1.01"), s.worker.person.unwrap())]
        );
        assert!(w.read(&w.actor(s.residents[2]), registry::own_reads).unwrap().0.is_empty());
        // The record only grows.
        let url = w.options.url.clone();
        match (w.engine(), url) {
            (Engine::Pg, Some(url)) => {
                let mut pg = postgres::Client::connect(&url, postgres::NoTls).unwrap();
                assert!(pg.execute("DELETE FROM unmasks", &[]).is_err());
            }
            _ => assert!(linli_db::schema::tables().iter().any(|t| t.name == "unmasks" && t.append_only)),
        }
    }
}

#[test]
fn ones_own_record() {
    for w in World::fictional() {
        let s = street(&w);
        let own = w.actor(s.residents[0]);
        assert_eq!(own.homes.len(), 1);
        w.try_as(&own, |cx| registry::set_preferences(cx, Lang::En, true)).unwrap();
        let me = s.residents[0];
        w.try_as(&own, move |cx| registry::set_person_phone(cx, me, Some(&Personal::new("139 2222 0000".into()))))
            .unwrap();
        let profile = w.read(&own, registry::own_profile).unwrap();
        assert_eq!(
            (profile.lang, profile.large_type, profile.homes[0].name.as_str()),
            (Lang::En, true, "友谊苑 10号1001室")
        );
        assert_eq!(profile.phone.unwrap().reveal(), "13922220000");
        assert_eq!(status(w.read(&Actor::anyone(None, Lang::Zh, Via::Page), registry::own_profile)), 401);
        let other = s.residents[3];
        assert_eq!(status(w.try_as(&own, move |cx| registry::set_person_phone(cx, other, None))), 404);

        // Asked once: the same number finds the same person, within the committee only.
        let (here, there) = (w.code("YL-E1.01"), w.code("YL-E1.02"));
        let find = |unit, phone: &'static str| {
            w.read(&Actor::system(), |cx| registry::find_person(cx, unit, &Personal::new(phone.into()))).unwrap()
        };
        assert_eq!(find(here, "+8613922220000"), [s.residents[0]]);
        assert!(find(there, "13922220000").is_empty());

        // Consent is the person's own, or recorded through the committee; it can be withdrawn.
        let neighbour = w.post(there, Role::Worker, "邻某");
        let give = move |cx: &mut linli_core::Cx<'_, '_>| registry::give_consent(cx, me, "relative", None);
        assert_eq!(status(w.try_as(&neighbour, give)), 404);
        w.try_as(&s.worker, give).unwrap();
        assert!(w.read(&own, |cx| registry::consented(cx, me, "relative")).unwrap());
        w.pass(time::HOUR);
        w.try_as(&own, move |cx| registry::end_consent(cx, me, "relative")).unwrap();
        assert!(!w.read(&own, |cx| registry::consented(cx, me, "relative")).unwrap());
        assert_eq!(status(w.try_as(&own, move |cx| registry::end_consent(cx, me, "relative"))), 409);

        // Moving out ends the home; the household ends with its last member.
        let committee = here;
        for id in [s.residents[0], s.residents[1]] {
            let resident = w.read(&w.actor(id), registry::own_profile).unwrap().homes[0].resident;
            assert_eq!(status(w.try_as(&neighbour, move |cx| registry::move_out(cx, resident))), 404);
            w.try_as(&s.worker, move |cx| registry::move_out(cx, resident)).unwrap();
            assert!(w.actor(id).homes.is_empty());
        }
        let left = w.read(&s.worker, |cx| {
            let scope = registry::households_scope(cx, committee)?;
            registry::households_of(cx, &scope, committee, None, None, 100)
        });
        assert!(left.unwrap().iter().all(|h| h.id != s.households[0]));
    }
}

/// Everything the engine has stored, as bytes.
fn stored(w: &World) -> Vec<u8> {
    match &w.options.url {
        None => {
            let mut all = Vec::new();
            for entry in std::fs::read_dir(&w.options.data).unwrap() {
                all.extend(std::fs::read(entry.unwrap().path()).unwrap());
            }
            all
        }
        Some(url) => {
            let mut pg = postgres::Client::connect(url, postgres::NoTls).unwrap();
            let mut all = String::new();
            for table in linli_db::schema::tables() {
                if let Ok(rows) = pg.query(&format!("SELECT t::text FROM {} t", table.name), &[]) {
                    for row in rows {
                        all += row.get::<_, &str>(0);
                    }
                }
            }
            all.into_bytes()
        }
    }
}

#[test]
fn nothing_personal_is_stored_in_the_clear() {
    for w in World::fictional() {
        let committee = w.code("YL-E1.01");
        let (_, rooms) = lane(&w, committee, None, [None, None]);
        let secrets = ["慕容不可见", "13977665544", "11010519491231002X", "13766778899"];
        let token = w.system(move |cx| {
            let new = registry::NewPerson {
                name: Personal::new(secrets[0].into()),
                phone: Some(Personal::new(secrets[1].into())),
                id_number: Some(Personal::new(secrets[2].into())),
                lang: Lang::Zh,
            };
            let id = registry::create_person(cx, committee, &new)?;
            let household = registry::create_household(cx, rooms[0])?;
            registry::move_in(cx, id, rooms[0], Some(household), "owner")?;
            registry::create_login(cx, id, secrets[3], "hash")?;
            registry::open_session(cx, id, Via::Api, "label-in-the-clear")
        });
        // The same identity number is one person.
        let twice = w.try_as(&Actor::system(), move |cx| {
            let id_number = Some(Personal::new("11010519491231002x".into()));
            registry::create_person(cx, committee, &registry::NewPerson { id_number, ..person("另某", None) })
        });
        assert_eq!(status(twice), 422);
        let bytes = stored(&w);
        let holds = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
        assert!(holds(b"label-in-the-clear"), "the search sees what is stored");
        let hex = |s: &str| s.bytes().map(|b| format!("{b:02x}")).collect::<String>();
        for secret in secrets.into_iter().chain([token.as_str(), "1101051949"]) {
            assert!(!holds(secret.as_bytes()) && !holds(hex(secret).as_bytes()), "{secret} is stored in the clear");
        }
    }
}
