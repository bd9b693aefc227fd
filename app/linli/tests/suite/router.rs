//! Every route as every role: nothing fails, nothing leaks, and reading never writes. The routes are read from the sources,
//! so that a new one is asked without anybody thinking of it.
use crate::*;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use std::collections::BTreeMap;
use tower::ServiceExt;

pub(crate) struct Shell {
    router: axum::Router,
    runtime: tokio::runtime::Runtime,
}

/// What came back: status, place to go on, and body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) cookies: String,
    pub(crate) body: String,
}

/// Somebody at the door: session and token, or nobody.
#[derive(Clone, Default)]
pub(crate) struct Door {
    pub(crate) session: Option<String>,
    pub(crate) token: Option<String>,
}

impl Shell {
    pub(crate) fn of(w: &World) -> Shell {
        let router = linli::serve::app(w.house.clone(), false, 0).router(linli::modules::routes());
        Shell { router, runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap() }
    }
    pub(crate) fn ask(&self, door: &Door, method: &str, path: &str, body: &str, more: &[(&str, &str)]) -> Answer {
        let api = path.starts_with("/api/");
        let mut request = Request::builder().method(method).uri(path).header(header::ACCEPT_LANGUAGE, "en");
        if let (true, Some(token)) = (api, &door.token) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let (false, Some(session)) = (api, &door.session) {
            request = request.header(header::COOKIE, format!("linli={session}"));
        }
        if method != "GET" && !more.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(
                header::CONTENT_TYPE,
                if api { "application/json" } else { "application/x-www-form-urlencoded" },
            );
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            let location = headers.get(header::LOCATION).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
            let cookies = headers.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap());
            let cookies = cookies.collect::<Vec<_>>().join("\n");
            let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
            Answer { status, location, cookies, body: String::from_utf8_lossy(&bytes).into_owned() }
        })
    }
}

/// Method and path of every route in the sources.
fn routes() -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for floor in ["base", "engines", "capabilities", "app"] {
        let mut folders = vec![root().join(floor)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap()) {
                let path = entry.path();
                if path.is_dir() && !path.ends_with("tests") && !path.ends_with("target") {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    read_routes(&std::fs::read_to_string(path).unwrap(), &mut found);
                }
            }
        }
    }
    // Whoever has left is nobody: leaving comes last.
    found.sort_by_key(|(method, path)| (path == "/logout", path.clone(), *method));
    found.dedup();
    found
}

fn read_routes(source: &str, found: &mut Vec<(&'static str, String)>) {
    for part in source.split(".route(\"").skip(1) {
        let Some((path, rest)) = part.split_once('"') else { continue };
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        let handlers = &rest[..end.unwrap_or(0)];
        for (word, method) in
            [("get(", "GET"), ("post(", "POST"), ("delete(", "DELETE"), ("put(", "PUT"), ("patch(", "PATCH")]
        {
            let named = handlers
                .match_indices(word)
                .any(|(i, _)| !handlers[..i].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
            if named && path.starts_with('/') {
                found.push((method, path.to_owned()));
            }
        }
    }
}

/// Who knocks.
pub(crate) fn doors(w: &World) -> BTreeMap<&'static str, (Option<PersonId>, Door)> {
    let c = &w.cast;
    let all = [
        ("resident", c.resident),
        ("neighbour", c.neighbour),
        ("stranger", c.stranger),
        ("group_leader", c.leader),
        ("worker", c.worker),
        ("head", c.head),
        ("far_worker", c.far_worker),
        ("dispatcher", c.dispatcher),
        ("ops_dispatcher", c.ops_dispatcher),
        ("handler", c.handler),
        ("official", c.official),
        ("other_official", c.other_official),
        ("supervisor", c.supervisor),
        ("admin", c.admin),
    ];
    let mut out = BTreeMap::from([("nobody", (None, Door::default()))]);
    for (name, person) in all {
        let session =
            w.write(&w.as_(person), move |cx| linli_registry::open_session(cx, person, Via::Page, "test")).unwrap();
        let token = w.write(&w.as_(person), |cx| linli_registry::create_token(cx, "test")).unwrap();
        out.insert(name, (Some(person), Door { session: Some(session), token: Some(token) }));
    }
    // A token that was made up.
    out.insert("forger", (None, Door { session: Some("0".repeat(64)), token: Some("linli_00".into()) }));
    out
}

fn filled(path: &str, number: &str, w: &World) -> String {
    let unit = path.contains("units").then_some(w.cast.committee.to_string());
    path.replace("{number}", number)
        .replace("{move}", "sign")
        .replace("{act}", "rename")
        .replace("{name}", "app.css")
        .replace("{id}", &unit.unwrap_or_else(|| uuid::Uuid::nil().to_string()))
}

/// A number that changes whenever anything is committed. On PostgreSQL a read runs in a transaction that is read only, so that
/// a GET that wrote would fail; the embedded database is watched.
fn writes(w: &World, watch: &mut Option<rusqlite::Connection>) -> i64 {
    if w.database.is_some() {
        return 0;
    }
    let c = watch.get_or_insert_with(|| rusqlite::Connection::open(w.dir.join("linli.db")).unwrap());
    c.query_row("PRAGMA data_version", [], |r| r.get(0)).unwrap()
}

/// How many rows there are in all; what was refused may have been written and undone, and is not there.
fn rows(w: &World) -> i64 {
    let tables =
        linli_db::schema::tables().iter().map(|t| format!("(SELECT count(*) FROM {})", t.name)).collect::<Vec<_>>();
    let all = format!("SELECT {}", tables.join(" + "));
    match &w.database {
        Some((url, name)) => {
            postgres::Client::connect(&beside(url, name), postgres::NoTls).unwrap().query_one(&all, &[]).unwrap().get(0)
        }
        None => rusqlite::Connection::open(w.dir.join("linli.db")).unwrap().query_row(&all, [], |r| r.get(0)).unwrap(),
    }
}

const PUBLIC_API: &[&str] = &[
    "/api/v1/categories",
    "/api/v1/responsibilities",
    "/api/v1/terms",
    "/api/v1/units",
    "/api/v1/units/{id}/history",
    "/api/v1/openapi.json",
];

#[test]
fn every_route_answers_every_role_without_failing_or_leaking() {
    let routes = routes();
    assert!(routes.len() > 40, "{routes:?}");
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let secret = w.report(w.cast.resident, w.words.private, "楼上半夜争吵，孩子哭了很久");
        let open = w.report(w.cast.resident, w.words.public, "路口的交通标志被风吹歪");
        let mut watch = None;
        let mut wrong = Vec::new();
        for (name, (person, door)) in &doors {
            for (method, path) in routes.iter().filter(|(_, p)| p != "/metrics") {
                for m in [&secret, &open] {
                    if std::ptr::eq(m, &open) && !path.contains("{number}") {
                        continue;
                    }
                    let seen =
                        person.is_some_and(|p| w.sees(p, m)) || person.is_none() && m.audience == Some(w.cast.root);
                    let here = filled(path, &m.number, &w);
                    let here = if *method == "GET" && !here.contains("openapi") {
                        format!("{here}?unit={}", w.cast.committee)
                    } else {
                        here
                    };
                    let before = writes(&w, &mut watch);
                    let kept = if person.is_none() && *method != "GET" { rows(&w) } else { 0 };
                    let a = shell.ask(door, method, &here, if here.starts_with("/api/") { "{}" } else { "" }, &[]);
                    let s = a.status.as_u16();
                    let mut fault = |what: &str| {
                        wrong.push(format!(
                            "{name}: {method} {here}: {s} {what} {}",
                            a.body.chars().take(160).collect::<String>()
                        ))
                    };
                    if s >= 500 {
                        fault("failed");
                    }
                    let read_log = path.ends_with("/households");
                    if *method == "GET" && !read_log && writes(&w, &mut watch) != before {
                        fault("a GET wrote");
                    }
                    let ok = a.status.is_success() || (a.status.is_redirection() && !a.location.starts_with("/login"));
                    if path.contains("{number}") && !seen {
                        let hidden = if person.is_none() {
                            matches!(s, 401 | 404) || a.location.starts_with("/login")
                        } else {
                            s == 404
                        };
                        if !hidden {
                            fault("shows what one may not see");
                        }
                        if a.body.contains("争吵") {
                            fault("leaks its words");
                        }
                    }
                    if person.is_none()
                        && path.starts_with("/api/")
                        && ok
                        && !(*method == "GET" && (PUBLIC_API.contains(&path.as_str()) || path.contains("{number}")))
                    {
                        fault("open to everybody");
                    }
                    // A form without content may be sent back to its page; nothing may come of it.
                    let harmless =
                        ["/login", "/logout", "/prefs"].contains(&path.as_str()) || a.status.is_redirection();
                    if person.is_none() && *method != "GET" && (ok && !harmless || rows(&w) != kept) {
                        fault("nobody may write");
                    }
                    let keeper =
                        matches!(*name, "admin" | "supervisor" | "dispatcher" | "ops_dispatcher" | "head" | "worker");
                    if path.starts_with("/admin") && !keeper && ok {
                        fault("the administration is open");
                    }
                    if path.starts_with("/admin") && *method != "GET" && *name != "admin" && ok {
                        fault("administers");
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong answers\n{}", wrong.len(), wrong.join("\n"));
        w.holds();
    }
}

#[test]
fn unseen_is_404_seen_but_not_allowed_is_403_nobody_is_401() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let m = w.report(w.cast.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        for (who, expected) in [
            ("resident", 403),
            ("neighbour", 403),
            ("supervisor", 403),
            ("dispatcher", 403),
            ("stranger", 404),
            ("far_worker", 404),
            ("official", 404),
            ("handler", 404),
            ("nobody", 401),
            ("forger", 401),
        ] {
            let door = &doors[who].1;
            let a = shell.ask(door, "POST", &format!("/api/v1/cases/{}/moves/sign", m.number), "{}", &[]);
            assert_eq!(a.status.as_u16(), expected, "{who}: {}", a.body);
            let problem: serde_json::Value = serde_json::from_str(&a.body).unwrap();
            assert_eq!(problem["status"], expected);
        }
        assert_eq!(
            shell.ask(&doors["worker"].1, "POST", &format!("/api/v1/cases/{}/moves/sign", m.number), "{}", &[]).status,
            StatusCode::OK
        );
        let gone = shell.ask(&doors["worker"].1, "GET", "/api/v1/cases/NO-SUCH-1", "", &[]);
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "a number that never was looks the same");
    }
}

#[test]
fn another_site_cannot_write_in_ones_name() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let m = w.report(w.cast.resident, w.words.lamp, "三号楼的灯坏了，请来看看");
        let path = format!("/m/{}/sign", m.number);
        for header in
            [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://elsewhere.example")]
        {
            let a = shell.ask(&doors["worker"].1, "POST", &path, "revision=1", &[header, ("host", "linli.example")]);
            assert_eq!(a.status, StatusCode::FORBIDDEN, "{header:?}");
        }
        assert_eq!(w.again(&m).revision, 1);
        let a = shell.ask(&doors["worker"].1, "POST", &path, "revision=1", &[("sec-fetch-site", "same-origin")]);
        assert!(a.status.is_redirection(), "{} {}", a.status, a.body);
        assert_eq!(w.again(&m).revision, 2);
    }
}

#[test]
fn the_api_does_a_command_once() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let door = &doors["resident"].1;
        let body = |words: &str| {
            format!(r#"{{"words": "{words}", "place": "{}", "category": "{}"}}"#, w.cast.door, w.words.lamp)
        };
        let key = [("idempotency-key", "abcdefgh-1")];
        let number = |a: &Answer| {
            serde_json::from_str::<serde_json::Value>(&a.body).unwrap()["number"].as_str().unwrap().to_owned()
        };
        let first = shell.ask(door, "POST", "/api/v1/cases", &body("楼道灯坏了请来修"), &key);
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
        let again = shell.ask(door, "POST", "/api/v1/cases", &body("楼道灯坏了请来修"), &key);
        assert_eq!(number(&first), number(&again));
        assert_eq!(
            shell.ask(door, "POST", "/api/v1/cases", &body("完全另外一件事"), &key).status,
            StatusCode::CONFLICT
        );
        for bad in ["short", "with space in it", "中文的钥匙中文的"] {
            assert_eq!(
                shell.ask(door, "POST", "/api/v1/cases", &body("楼道灯坏了请来修"), &[("idempotency-key", bad)]).status,
                StatusCode::BAD_REQUEST,
                "{bad}"
            );
        }
        // Who has seen an older state is told what changed.
        let stale = format!("/api/v1/cases/{}/moves/add", number(&first));
        assert_eq!(
            shell.ask(door, "POST", &stale, r#"{"words": "还有二楼", "revision": 1}"#, &[]).status,
            StatusCode::OK
        );
        assert_eq!(
            shell.ask(door, "POST", &stale, r#"{"words": "还有三楼", "revision": 1}"#, &[]).status,
            StatusCode::CONFLICT
        );
        for (body, status) in
            [(r#"{"word": "x"}"#, 422), ("[]", 400), ("{", 400), (r#"{"words": 7, "unknown": true}"#, 422)]
        {
            let a = shell.ask(door, "POST", &stale, body, &[]);
            assert_eq!(a.status.as_u16(), status, "{body}: {}", a.body);
        }
    }
}

#[test]
fn an_old_code_leads_to_what_the_unit_is_now_and_says_so() {
    for w in World::both() {
        let (shell, nobody) = (Shell::of(&w), Door::default());
        let c = w.cast.clone();
        let old = w.read(|cx| Ok(linli_registry::units(cx)?.get(c.committee).unwrap().clone()));
        let now = w.read(|cx| Ok(linli_registry::units(cx)?.get(c.elsewhere).unwrap().clone()));
        w.pass(time::DAY);
        w.system(move |cx| linli_registry::merge_units(cx, &[c.committee], c.elsewhere, "撤并批复"));
        for text in [old.code.clone(), old.id.to_string()] {
            let a = shell.ask(&nobody, "GET", &format!("/units/{text}"), "", &[]);
            assert_eq!(a.status.as_u16(), 307);
            let there = a.location;
            let page = shell.ask(&nobody, "GET", &there, "", &[]).body;
            assert!(there.contains("formerly=") && page.contains(&now.name), "{there}");
            assert!(page.contains(&old.name) && page.contains(&old.code), "it says what was asked for");
            assert!(!page.contains("撤并批复"), "the ground is for those who keep the unit");
        }
        let was = format!("/units/{}?past=1", old.id);
        assert!(shell.ask(&nobody, "GET", &format!("/units/{}", now.id), "", &[]).body.contains(&was));
        let page = shell.ask(&nobody, "GET", &was, "", &[]).body;
        assert!(page.contains(&old.name) && page.contains(&now.name), "what has ended says what came after it");
        let api = shell.ask(&nobody, "GET", &format!("/api/v1/units/{}/history", old.code), "", &[]);
        assert!(api.body.contains("\"merge\"") && api.body.contains(&old.id.to_string()), "{}", api.body);
        let found = shell.ask(&nobody, "GET", &format!("/api/v1/units?q={}", linli_web::encode(&old.name)), "", &[]);
        assert!(found.body.contains(&format!("\"formerly\":\"{}\"", old.name)), "{}", found.body);
    }
}
