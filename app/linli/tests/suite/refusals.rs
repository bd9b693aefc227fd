//! What somebody is told when it does not work, and what becomes of what was typed.
use crate::router::{Answer, Door, Shell, doors};
use crate::*;

const TYPED: &str = "Replaced the lamp and the switch, tried three times";

/// A form with files, as a browser without scripts sends it: fields, then files by name and content.
fn sends(shell: &Shell, door: &Door, path: &str, fields: &[(&str, &str)], files: &[(&str, &str)]) -> Answer {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    for (name, content) in files {
        body.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--b--\r\n");
    shell.ask(door, "POST", path, &body, &[("content-type", "multipart/form-data; boundary=b")])
}

#[test]
fn what_was_typed_outlives_a_file_that_is_refused() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let (resident, worker) = (&doors["resident"].1, &doors["worker"].1);
        // A plain form shrinks nothing: what a telephone records is taken as it is.
        let note = format!("OggS{}", "x".repeat(5 << 20));
        let key = "0123456789abcdef0123456789abcdef";
        let first =
            [("step", "1"), ("idempotency_key", key), ("words", "The lamp is broken"), ("place_text", "Floor 3")];
        let a = sends(&shell, resident, "/report", &first, &[("note.ogg", &note)]);
        assert!(a.location.ends_with("step=2"), "{} {}", a.status, a.body);
        // More than any form takes is told as such, on the page that was filled in.
        let large = "x".repeat(20 << 20);
        let a = sends(&shell, resident, "/report", &first, &[("a.jpg", &large), ("b.jpg", &large)]);
        assert_eq!(a.status.as_u16(), 413);
        assert!(a.body.contains(">The lamp is broken</textarea>") && a.body.contains("Floor 3"));
        let token = [("content-type", "multipart/form-data; boundary=b")];
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\n{large}{large}\r\n--b--\r\n"
        );
        assert_eq!(shell.ask(resident, "POST", "/api/v1/files", &body, &token).status.as_u16(), 413);

        // The same on the form of a move, and from the desk.
        let m = w.report(w.cast.resident, w.words.lamp, "The lamp on the third floor is broken");
        for desk in [&[][..], &[("desk", "1")]] {
            let mut fields = vec![("revision", "1"), ("outcome", "solved"), ("words", TYPED)];
            fields.extend(desk);
            let a = sends(&shell, worker, &format!("/m/{}/answer", m.number), &fields, &[("a.png", "no picture")]);
            assert_eq!(a.status.as_u16(), 422);
            assert!(a.body.contains(&format!(">{TYPED}</textarea>")), "{}", a.body);
            assert!(a.body.contains(linli_matters::t::FILE_UNREADABLE.en));
        }
        assert_eq!(w.again(&m).revision, 1);
    }
}

#[test]
fn whoever_comes_second_is_told_what_changed() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let worker = &doors["worker"].1;
        let m = w.report(w.cast.resident, w.words.lamp, "The lamp on the third floor is broken");
        let answer = [("revision", "1"), ("outcome", "solved"), ("words", TYPED)];
        let path = format!("/m/{}/answer", m.number);
        let told = |a: &Answer, done: &str| {
            assert_eq!(a.status.as_u16(), 409, "{}", a.body);
            assert!(a.body.contains(&format!("somebody has already done: {done}")), "{}", a.body);
            assert!(a.body.contains(TYPED), "what was typed is lost: {}", a.body);
        };
        // A colleague signed it: the form is still there, with what was typed.
        w.does(w.cast.head, &m, "sign", &[]);
        let a = sends(&shell, worker, &path, &answer, &[]);
        told(&a, "Sign");
        assert!(a.body.contains(&format!(">{TYPED}</textarea>")));
        // A colleague gave it away: the form is gone, what was typed can be copied, and it is not called forbidden.
        w.does(w.cast.head, &m, "dispatch", &[]);
        let a = sends(&shell, worker, &path, &answer, &[]);
        told(&a, "Sign, Dispatch");
        assert!(!a.body.contains(&format!(r#"action="{path}""#)));
        let given = r#"{"revision": 2, "outcome": "solved", "words": "Replaced the lamp"}"#;
        let a = shell.ask(worker, "POST", &format!("/api/v1/cases/{}/moves/answer", m.number), given, &[]);
        assert!(a.status.as_u16() == 409 && a.body.contains("matters.changed"), "{}", a.body);
        // Without a stale form it is what it is; what was typed is still not lost.
        let a = sends(&shell, worker, &path, &answer[1..], &[]);
        assert!(a.status.as_u16() == 403 && a.body.contains(TYPED), "{} {}", a.status, a.body);
        let given = r#"{"outcome": "solved", "words": "Replaced the lamp"}"#;
        let a = shell.ask(worker, "POST", &format!("/api/v1/cases/{}/moves/answer", m.number), given, &[]);
        assert_eq!(a.status.as_u16(), 403);
    }
}

#[test]
fn a_wrong_address_is_told_as_such() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let worker = &doors["worker"].1;
        for (method, path, status, code) in [
            ("PUT", "/api/v1/cases", 405, "web.other_method"),
            ("GET", "/api/v1/cases/%ff", 404, "core.not_found"),
            ("GET", "/api/v1/nothing", 404, "core.not_found"),
        ] {
            let a = shell.ask(worker, method, path, "", &[]);
            assert!(a.status.as_u16() == status && a.body.contains(code), "{path}: {} {}", a.status, a.body);
        }
        let days = format!("/api/v1/figures?unit={}&from=2026-01-02&to=2026-01-01", w.cast.committee);
        let a = shell.ask(worker, "GET", &days, "", &[]);
        assert!(a.status.as_u16() == 422 && a.body.contains("to 2026-01-01"), "{}", a.body);
        let given = r#"{"words": "The lamp is broken", "on_behalf": "Li", "phone": "13800001111", "consent": true}"#;
        let a = shell.ask(&doors["resident"].1, "POST", "/api/v1/cases", given, &[]);
        assert_eq!(a.status.as_u16(), 403, "{}", a.body);
        let a = shell.ask(worker, "POST", "/api/v1/cases", "[]", &[]);
        assert!(a.status.as_u16() == 400 && a.body.contains("core.not_an_object"), "{}", a.body);
        let a = shell.ask(worker, "GET", "/m/%ff", "", &[]);
        assert!(a.status.as_u16() == 404 && a.body.contains("<h1"), "{}", a.body);
    }
}

#[test]
fn no_page_links_to_what_would_be_refused() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let number = w.report(w.cast.resident, w.words.public, "A hole in the road").number;
        for (role, (_, door)) in &doors {
            for page in ["/", "/duty", "/figures", "/cases", "/units/root", &format!("/m/{number}")] {
                let page = page.replace("root", &w.cast.root.to_string());
                let a = shell.ask(door, "GET", &page, "", &[]);
                if a.status.as_u16() != 200 {
                    continue;
                }
                for href in a.body.split("<a ").filter_map(|l| l.split_once("href=\"")?.1.split('"').next()) {
                    let href = href.replace("&#38;", "&");
                    if ["/duty", "/figures", "/inbox"].iter().any(|p| href.starts_with(p)) {
                        let to = shell.ask(door, "GET", &href, "", &[]);
                        assert_eq!(to.status.as_u16(), 200, "{role} on {page}: {href}");
                    }
                }
            }
        }
    }
}

/// A department holds no ground, so no case lies in it: those above look at its desk.
#[test]
fn a_department_is_looked_into_from_above() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let m = w.report(w.cast.resident, w.words.public, "A hole in the road at the gate");
        w.does(w.cast.worker, &m, "dispatch", &[("unit", &w.unit(w.cast.department))]);
        for role in ["ops_dispatcher", "supervisor", "official"] {
            let door = &doors[role].1;
            let a = shell.ask(door, "GET", &format!("/duty?unit={}", w.cast.department), "", &[]);
            assert!(a.status.as_u16() == 200 && a.body.contains(&m.number), "{role}: {} {}", a.status, a.body);
            let a = shell.ask(door, "GET", &format!("/api/v1/cases?unit={}", w.cast.department), "", &[]);
            assert!(a.body.contains(&m.number), "{role}: {}", a.body);
        }
        // What the page shows, programs read: a supervisor's inbox is everything within.
        let supervisor = &doors["supervisor"].1;
        for path in ["/inbox", "/api/v1/inbox"] {
            let a = shell.ask(supervisor, "GET", path, "", &[]);
            assert!(a.status.as_u16() == 200 && a.body.contains(&m.number), "{path}: {} {}", a.status, a.body);
        }
    }
}

#[test]
fn signing_in_does_not_change_the_language() {
    let w = World::both().next().unwrap();
    let shell = Shell::of(&w);
    let person = w.cast.resident;
    let hash = linli_registry::hash_password("a long password", [7; 16]);
    w.system(move |cx| linli_registry::create_login(cx, person, "someone", &hash));
    let a = shell.ask(&Door::default(), "POST", "/login", "login=someone&password=a+long+password", &[]);
    assert_eq!(a.status.as_u16(), 303, "{}", a.body);
    assert!(!a.cookies.contains("linli_prefs=zh"), "{}", a.cookies);
}

#[test]
fn everybody_at_the_desk_sees_who_is_to_act() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let m = w.report(w.cast.resident, w.words.lamp, "The lamp on the third floor is broken");
        w.does(w.cast.worker, &m, "answer", &[("outcome", "solved"), ("words", TYPED)]);
        w.does(
            w.cast.resident,
            &m,
            "verdict",
            &[("solved", "no"), ("satisfaction", "dissatisfied"), ("words", "It is dark again")],
        );
        let person = w.again(&m).assignee.unwrap();
        assert_ne!(person, w.cast.worker);
        let name = w.as_(person).name.clone();
        let (page, api) = (format!("/m/{}", m.number), format!("/api/v1/cases/{}", m.number));
        let see = |role: &str, path: &str| shell.ask(&doors[role].1, "GET", path, "", &[]).body;
        assert!(see("worker", &page).contains(&format!("<dd>{name}</dd>")), "{}", see("worker", &page));
        let told: serde_json::Value = serde_json::from_str(&see("worker", &api)).unwrap();
        assert_eq!(told["assignee"]["name"], name.as_str());
        // The resident is told that it is somebody else, not who.
        let told = see("resident", &page);
        assert!(told.contains(linli_cases::t::REDO_ANOTHER.en) && !told.contains(&name), "{told}");
        // What a program is offered is what the page offers: no return, and no answer by whoever gave the first.
        let offered: serde_json::Value = serde_json::from_str(&see("worker", &api)).unwrap();
        let names: Vec<_> = offered["moves"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
        assert!(!names.contains(&"return") && !names.contains(&"answer") && names.contains(&"assign"), "{names:?}");
    }
}
