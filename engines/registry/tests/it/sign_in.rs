//! Signing in and tokens.
use super::{World, status};
use linli_core::{Actor, PersonId, Role, Via, time};
use linli_registry as registry;

fn with_login(w: &World, login: &'static str, hash: &str) -> PersonId {
    let unit = w.code("YL-E1.01");
    let actor = w.post(unit, Role::Worker, "社某");
    let (person, hash) = (actor.person.unwrap(), hash.to_owned());
    w.system(move |cx| registry::create_login(cx, person, login, &hash));
    person
}

#[test]
fn a_password_opens_a_session_and_guessing_does_not() {
    let hash = registry::hash_password("Linli-2026", [3; 16]);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(registry::check_password(&hash, "Linli-2026"));
    assert!(!registry::check_password(&hash, "linli-2026"));
    assert!(!registry::check_password("", ""));
    for w in World::fictional() {
        let person = with_login(&w, "138 0000 1111", &hash);
        let find = |typed: &str| w.read(&Actor::system(), |cx| registry::find_login(cx, typed)).unwrap();
        let row = find("+86 138-0000-1111").unwrap();
        assert_eq!((row.person, row.hash.as_str(), row.locked), (person, hash.as_str(), false));
        assert!(find("13800001112").is_none());
        for n in 1..=5 {
            w.system(|cx| registry::note_failed(cx, "13800001111"));
            assert_eq!(find("13800001111").unwrap().locked, n == 5);
        }
        w.system(|cx| registry::note_failed(cx, "nobody"));
        w.pass(time::MINUTE);
        assert!(!find("13800001111").unwrap().locked);
        // One more failure rests longer; success forgets them all.
        w.system(|cx| registry::note_failed(cx, "13800001111"));
        w.pass(time::MINUTE);
        assert!(find("13800001111").unwrap().locked);
        w.pass(time::MINUTE);
        let token = w.system(move |cx| registry::open_session(cx, person, Via::Page, "browser\u{7}"));
        w.system(|cx| registry::note_failed(cx, "13800001111"));
        assert!(!find("13800001111").unwrap().locked);

        let by = |token: &str, kind| w.read(&Actor::system(), |cx| registry::actor_by_token(cx, token, kind)).unwrap();
        let actor = by(&token, Via::Page).unwrap();
        assert_eq!(
            (actor.person, actor.name.as_str(), actor.posts.len(), actor.root),
            (Some(person), "社某", 1, Some(w.code("YL")))
        );
        assert!(by(&token, Via::Api).is_none() && by("", Via::Page).is_none() && by(&token[1..], Via::Page).is_none());
        // The statement of a request's actor: session with person, posts, homes, and the versions of caches.
        let queries = w.read(&Actor::system(), |cx| {
            registry::actor_by_token(cx, &token, Via::Page)?;
            Ok(cx.tx.queries())
        });
        assert_eq!(queries.unwrap(), 1);

        // The fictional district lets a page rest for seven days; use makes it last.
        w.pass(6 * time::DAY);
        let kept = token.clone();
        w.try_as(&actor, move |cx| registry::touch_session(cx, &kept)).unwrap();
        w.pass(6 * time::DAY);
        assert!(by(&token, Via::Page).is_some());
        w.pass(2 * time::DAY);
        assert!(by(&token, Via::Page).is_none());

        let api = w.try_as(&actor, |cx| registry::create_token(cx, "统计脚本")).unwrap();
        assert!(by(&api, Via::Api).is_some() && by(&api, Via::Page).is_none());
        let own = w.read(&actor, registry::tokens).unwrap();
        assert_eq!(own.iter().map(|t| (t.kind.as_str(), t.label.as_str())).collect::<Vec<_>>(), [("api", "统计脚本")]);
        let (id, stranger) = (own[0].id, w.post(w.code("YL-E1.02"), Role::Worker, "别某"));
        assert_eq!(status(w.try_as(&stranger, move |cx| registry::revoke_token(cx, id))), 404);
        w.try_as(&actor, move |cx| registry::revoke_token(cx, id)).unwrap();
        assert!(by(&api, Via::Api).is_none());

        let token = w.system(move |cx| registry::open_session(cx, person, Via::Page, ""));
        let out = token.clone();
        w.try_as(&actor, move |cx| registry::close_session(cx, &out)).unwrap();
        assert!(by(&token, Via::Page).is_none());
    }
}

#[test]
fn who_may_set_a_password() {
    for w in World::fictional() {
        let person = with_login(&w, "worker-1", "hash");
        let admin = w.post(w.code("YL-E1"), Role::Admin, "管某");
        let foreign = w.post(w.code("YL-E2"), Role::Admin, "外某");
        let head = w.post(w.code("YL-E1.01"), Role::Head, "主某");
        let token = w.system(move |cx| registry::open_session(cx, person, Via::Page, ""));
        let reset = |cx: &mut linli_core::Cx<'_, '_>, to: PersonId| registry::reset_password(cx, to, "new");
        assert_eq!(status(w.try_as(&foreign, move |cx| reset(cx, person))), 403);
        assert_eq!(status(w.try_as(&head, move |cx| reset(cx, person))), 403);
        let boss = admin.person.unwrap();
        assert_eq!(status(w.try_as(&head, move |cx| reset(cx, boss))), 403);
        w.try_as(&admin, move |cx| reset(cx, person)).unwrap();
        let seen = w.read(&w.actor(person), registry::own_reads).unwrap().0;
        assert_eq!((seen.len(), seen[0].by, seen[0].purpose.as_str()), (1, admin.person, "registry.reset_password"));
        // Whoever was signed in is no longer.
        assert!(w.read(&Actor::system(), |cx| registry::actor_by_token(cx, &token, Via::Page)).unwrap().is_none());
        assert_eq!(w.read(&Actor::system(), |cx| registry::find_login(cx, " WORKER-1 ")).unwrap().unwrap().hash, "new");
        let other = w.post(w.code("YL-E1.02"), Role::Worker, "新某").person.unwrap();
        let again = w.try_as(&admin, move |cx| registry::create_login(cx, other, "Worker-1", "hash"));
        assert_eq!(status(again), 422);
        // Somebody without a post and without a home cannot be found by a town's administrator, so not be taken over.
        let stray = w.person(w.code("YL"), "游某", None);
        assert_eq!(status(w.try_as(&admin, move |cx| registry::create_login(cx, stray, "stray", "hash"))), 404);
    }
}
