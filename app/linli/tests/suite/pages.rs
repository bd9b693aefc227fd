//! Pages as a browser without scripts meets them.
use crate::router::{Answer, Door, Shell, doors};
use crate::*;

const SAID: &str = "三号楼二层的灯坏了，晚上看不见路";

/// A form as it is posted.
fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(k, v)| format!("{k}={}", linli_web::encode(v))).collect::<Vec<_>>().join("&")
}

struct Browser<'a> {
    shell: &'a Shell,
    door: &'a Door,
}

impl Browser<'_> {
    fn get(&self, path: &str) -> Answer {
        self.shell.ask(self.door, "GET", path, "", &[])
    }
    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.shell.ask(self.door, "POST", path, &form(fields), &[])
    }
    /// Where a form leads.
    fn goes(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let a = self.post(path, fields);
        assert_eq!(a.status.as_u16(), 303, "{}", a.body);
        a.location
    }
}

#[test]
fn a_report_is_kept_step_by_step_and_sent_once() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let me = Browser { shell: &shell, door: &doors["resident"].1 };
        let first = me.get("/report").location;
        let key = first.split_once("draft=").unwrap().1.split('&').next().unwrap().to_owned();
        let door = w.cast.door.to_string();
        let said = |words: &str| {
            let mut fields = vec![("step", "1"), ("idempotency_key", key.as_str())];
            fields.extend([("words", words), ("place", &door)]);
            me.post("/report", &fields)
        };
        // What is wrong is told where it was typed, and nothing is kept of it.
        let short = said("坏");
        assert_eq!(short.status.as_u16(), 422);
        assert!(short.body.contains(">坏</textarea>"), "what was typed is shown again");
        let step = |n: u8| format!("/report?draft={key}&step={n}");
        assert_eq!(me.get(&step(2)).location, "/report", "there is no second step yet");

        // Each step leads to the next by an address of its own: loading it again sends nothing, going back shows what
        // was typed.
        assert_eq!(said(SAID).location, step(2));
        assert_eq!(said(SAID).location, step(2), "a step sent twice is one step");
        assert!(me.get(&step(1)).body.contains(SAID));
        let chosen = [("step", "2"), ("idempotency_key", &key), ("category", w.words.lamp)];
        assert_eq!(me.goes("/report", &chosen), step(3));
        let preview = me.get(&step(3)).body;
        assert!(preview.contains(SAID) && preview.contains("step=1&#38;then=3#f-words"));

        // A change leads back to the preview and loses nothing else.
        let changed = "三号楼三层的灯坏了，晚上看不见路";
        let fields =
            [("step", "1"), ("idempotency_key", &key), ("then", "3"), ("words", changed), ("place", door.as_str())];
        assert_eq!(me.goes("/report", &fields), step(3));
        assert!(me.get(&step(3)).body.contains(changed));
        assert!(me.get(&step(2)).body.contains(&format!(r#"value="{}" selected"#, w.words.lamp)));

        // It is nobody else's, and the database cannot be read for it.
        let neighbour = Browser { shell: &shell, door: &doors["neighbour"].1 };
        assert_eq!(neighbour.get(&step(3)).location, "/report");
        assert!(!neighbour.get(&step(1)).body.contains(changed));
        if w.database.is_none() {
            for file in std::fs::read_dir(&w.dir).unwrap().map(|f| f.unwrap()).filter(|f| f.path().is_file()) {
                let bytes = std::fs::read(file.path()).unwrap();
                assert!(!bytes.windows(changed.len()).any(|b| b == changed.as_bytes()), "{:?}", file.path());
            }
        }

        // Another tab is another report, and offers what was not sent.
        let second = me.get("/report").location;
        assert!(second != first && me.get(&second).body.contains(&format!("/report?draft={key}\"")));

        // Sent once, however often.
        let send = [("step", "3"), ("idempotency_key", key.as_str())];
        let case = me.goes("/report", &send);
        assert!(case.starts_with("/m/") && case.ends_with("?sent=1"), "{case}");
        assert_eq!(me.goes("/report", &send), case);
        assert_eq!(me.get(&step(3)).location, case.trim_end_matches("?sent=1"));
        let afresh = me.get(&me.get("/report").location).body;
        assert!(!afresh.contains(linli_cases::t::R_UNSENT.en), "nothing is left to send");
        // What is typed into its old form afterwards is another report, and nothing of it goes out by itself.
        let other = said("另外一件事情，路面破损了").location;
        assert!(other.ends_with("step=2") && !other.contains(&key), "{other}");
        assert_eq!(w.mine(w.cast.resident), 1);

        // What is not sent is forgotten: at once where one says so, after a week otherwise.
        let fourth = me.get("/report").location;
        let key = fourth.split_once("draft=").unwrap().1.split('&').next().unwrap();
        let draft =
            [("step", "1"), ("idempotency_key", key), ("words", SAID), ("place", door.as_str()), ("go", "forget")];
        me.goes("/report", &draft[..4]);
        assert_eq!(me.goes("/report", &draft), "/report");
        assert_eq!(me.get(&format!("/report?draft={key}&step=2")).location, "/report");
        w.pass(8 * time::DAY);
        w.work();
        let left = w.house.read(&w.as_(w.cast.resident), linli_cases::drafts).unwrap();
        assert!(left.len() == 1 && left[0].2.is_some(), "the number of what was sent: {left:?}");
        w.holds();
    }
}

/// What the badge of a place of the navigation says.
fn badge(page: &Answer, href: &str) -> String {
    assert_eq!(page.status.as_u16(), 200, "{}", page.location);
    let link = page.body.split(&format!(r#"<a href="{href}""#)).nth(1).unwrap().split("</a>").next().unwrap();
    link.split(r#"<span class="count">"#).nth(1).map_or("", |n| n.split('<').next().unwrap()).to_owned()
}

#[test]
fn every_page_says_what_awaits_one() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let c = w.cast.clone();
        let (resident, worker) = (
            Browser { shell: &shell, door: &doors["resident"].1 },
            Browser { shell: &shell, door: &doors["worker"].1 },
        );
        let everywhere = |who: &Browser<'_>, href: &str, paths: &[&str], expected: &str| {
            for path in paths {
                assert_eq!(badge(&who.get(path), href), expected, "{path}");
            }
        };
        let mine = ["/", "/matters", "/cases", "/responsibilities", "/me"];
        let desk = ["/inbox", "/inbox?state=handling", "/duty", "/figures", "/cases", "/definitions"];
        let none_yet = |home: &Answer| {
            let text = linli_cases::t::P_NONE_YET;
            home.body.contains(text.zh) || home.body.contains(text.en)
        };
        assert!(none_yet(&resident.get("/")));
        let m = w.report(c.resident, w.words.lamp, SAID);
        everywhere(&resident, "/matters", &mine, "");
        everywhere(&worker, "/inbox", &desk, "");
        w.pass(2 * time::DAY);
        everywhere(&worker, "/inbox", &desk, "1");
        w.does(c.worker, &m, "answer", &[("outcome", "solved"), ("words", "已更换灯具，请查看")]);
        everywhere(&resident, "/matters", &mine, "1");
        let home = resident.get("/");
        assert!(home.body.contains(&m.number) && !none_yet(&home), "what stands above is not denied below");
        everywhere(&worker, "/inbox", &desk, "");
        // Of somebody with several posts every desk counts, and in what one looks after nothing twice.
        let (elsewhere, town) = (c.elsewhere, c.town);
        w.system(move |cx| {
            linli_registry::appoint(cx, c.worker, elsewhere, Role::Worker, false, None)?;
            linli_registry::appoint(cx, c.head, town, Role::Supervisor, false, None)
        });
        let there = Report { words: SAID.into(), committee: Some(elsewhere), ..Report::default() };
        w.report_as(c.stranger, there).unwrap();
        w.report(c.resident, w.words.lamp, SAID);
        w.pass(2 * time::DAY);
        everywhere(&worker, "/inbox", &desk, "2");
        everywhere(&worker, "/inbox", &[&format!("/inbox?unit={elsewhere}")], "2");
        everywhere(&Browser { shell: &shell, door: &doors["head"].1 }, "/inbox", &desk, "2");
        // A badge never counts further than it shows.
        for _ in 0..32 {
            w.report(c.neighbour, w.words.lamp, SAID);
        }
        w.pass(2 * time::DAY);
        everywhere(&worker, "/inbox", &desk, "30+");
    }
}

#[test]
fn every_figure_opens_its_rows_and_can_be_taken_away() {
    for w in World::both() {
        let c = w.cast.clone();
        // Lived through: in time and late, answered, judged, silent, returned, redone.
        let mut cases: Vec<Matter> =
            (0..6).map(|n| w.report(c.resident, w.words.lamp, &format!("=1+1 号灯坏了，第{n}盏"))).collect();
        let answer = [("outcome", "solved"), ("words", "已更换灯具，请查看")];
        let no = [("solved", "no"), ("satisfaction", "dissatisfied"), ("words", "还是不亮")];
        w.does(c.worker, &cases[0], "sign", &[]);
        w.does(c.worker, &cases[0], "contact", &[("words", "已电话联系")]);
        w.does(c.worker, &cases[1], "dispatch", &[("unit", &w.unit(c.property))]);
        w.does(c.handler, &cases[1], "return", &[("reason", "not_ours"), ("way", "该灯属市政道路照明")]);
        w.does(c.worker, &cases[2], "dispatch", &[("unit", &w.unit(c.property))]);
        w.does(c.handler, &cases[2], "sign", &[]);
        w.does(c.handler, &cases[2], "answer", &answer);
        w.does(c.resident, &cases[2], "verdict", &no);
        w.pass(9 * time::DAY);
        for m in [&cases[0], &cases[3], &cases[4]] {
            w.does(c.worker, m, "answer", &answer);
        }
        w.does(c.resident, &cases[3], "verdict", &[("solved", "yes"), ("satisfaction", "satisfied")]);
        w.does(c.dispatcher, &cases[3], "call_back", &[("solved", "yes"), ("words", "电话回访，确已修好")]);
        w.live_days(20);
        cases.push(w.report(c.neighbour, w.words.private, "楼上半夜争吵，孩子哭了很久"));

        let (shell, doors) = (Shell::of(&w), doors(&w));
        let browser = |name: &str| Browser { shell: &shell, door: &doors[name].1 };
        let today = i64::from(time::civil_day(w.now()));
        for (who, unit) in
            [("worker", c.committee), ("dispatcher", c.town), ("supervisor", c.root), ("handler", c.property)]
        {
            let person = doors[who].0.unwrap();
            let figures = w.house.read(&w.as_(person), |cx| linli_cases::figures(cx, unit, today - 59, today)).unwrap();
            let page = browser(who).get(&format!("/figures?unit={unit}&days=60"));
            assert_eq!(page.status.as_u16(), 200, "{who} {}", page.location);
            let page = page.body;
            for f in &figures.items {
                for (part, n) in [("n", Some(f.n)), ("of", f.of)] {
                    let Some(n) = n else { continue };
                    let behind =
                        linli_cases::Behind { figure: f.code.into(), of: part == "of", from: today - 59, to: today };
                    let rows = w
                        .house
                        .read(&w.as_(person), |cx| linli_cases::behind(cx, unit, &behind, None, 100))
                        .unwrap()
                        .items;
                    // A figure counts happenings, of which a case may have several.
                    assert!(rows.len() as i64 <= n && (n == 0) == rows.is_empty(), "{who} {} {part} {n}", f.code);
                    let link = format!("/cases?unit={unit}&#38;figure={}&#38;part={part}", f.code);
                    assert_eq!(page.contains(&link), n > 0, "{who} {} {part}", f.code);
                }
            }
            let of = |code: &str| figures.items.iter().find(|f| f.code == code).unwrap();
            assert!(of("signed_in_time").n > 0 && of("claimed_solved").n > 0 && of("redone").n > 0, "{who}");
            let from = time::day_text((today - 59) as i32);
            let to = time::day_text(today as i32);
            let rows = format!("/cases?unit={unit}&figure=redone&part=n&from={from}&to={to}");
            let rows = browser(who).get(&rows).body;
            assert!(rows.contains(&cases[2].number) && !rows.contains(&cases[3].number), "{who}");
        }
        let opened = |from: i64, to: i64| {
            let b = linli_cases::Behind { figure: "opened".into(), of: false, from, to };
            w.house.read(&w.as_(c.worker), |cx| linli_cases::behind(cx, c.committee, &b, None, 100)).unwrap().items
        };
        assert_eq!((opened(today, today).len(), opened(today - 59, today).len()), (1, 7));

        // What is taken away is what the page tells this reader, and no cell is a formula.
        let csv = browser("worker").get(&format!("/cases.csv?unit={}", c.committee));
        assert_eq!(csv.status.as_u16(), 200);
        assert!(csv.body.starts_with('\u{feff}') && csv.body.lines().count() == 8, "{}", csv.body);
        assert!(csv.body.contains("\"'=1+1") && csv.body.contains("争吵"));
        // A single character is found in the middle and at the end of what was said; what nobody said is not.
        for (q, found) in [("灯坏", true), ("灯", true), ("了", true), ("灯 了", true), ("灯 狗", false)] {
            let path = format!("/cases.csv?unit={}&q={}", c.committee, linli_web::encode(q));
            let public = browser("neighbour").get(&path).body;
            assert!(public.contains("号灯坏了") == found && !public.contains("争吵"), "{q}: {public}");
        }
        assert!(!browser("stranger").get(&format!("/cases.csv?unit={}", c.committee)).body.contains("争吵"));
        let figures = browser("worker").get(&format!("/figures.csv?unit={}&days=60", c.committee));
        assert!(figures.body.contains("\"signed_in_time\"") && figures.body.lines().count() == 12, "{}", figures.body);
        for (who, path) in [("resident", "/figures.csv"), ("handler", "/figures.csv"), ("resident", "/cases")] {
            let path = format!("{path}?unit={}&figure=opened&part=n&from=2026-01-01&to=2026-12-31", c.committee);
            assert_eq!(browser(who).get(&path).status.as_u16(), 403, "{who} {path}");
        }
        assert!(browser("nobody").get("/figures.csv").location.starts_with("/login"));
        w.holds();
    }
}

#[test]
fn a_desk_hands_out_many_at_once_and_keeps_views_of_ones_own() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let c = w.cast.clone();
        let browser = |name: &str| Browser { shell: &shell, door: &doors[name].1 };
        let (worker, head) = (browser("worker"), browser("head"));
        let cases: Vec<Matter> = (0..3).map(|_| w.report(c.resident, w.words.lamp, SAID)).collect();
        let colleague = c.colleague.to_string();
        let mut fields = vec![("move", "assign"), ("back", "/inbox")];
        fields.extend(cases.iter().map(|m| ("number", m.number.as_str())));
        assert_eq!(worker.post("/inbox/bulk", &fields).status.as_u16(), 422, "to nobody");
        fields.push(("person", &colleague));
        assert_eq!(worker.goes("/inbox/bulk", &fields), "/inbox");
        assert!(cases.iter().all(|m| w.again(m).assignee == Some(c.colleague)));
        // Whoever works elsewhere is no colleague, and whoever has no seat hands out nothing.
        let far = c.far_worker.to_string();
        let given = [("move", "assign"), ("number", cases[0].number.as_str()), ("person", far.as_str())];
        assert_eq!(worker.post("/inbox/bulk", &given).status.as_u16(), 422);
        let given = [("move", "assign"), ("number", cases[0].number.as_str()), ("person", colleague.as_str())];
        assert_eq!(browser("far_worker").post("/inbox/bulk", &given).status.as_u16(), 422);
        assert_eq!(w.again(&cases[0]).assignee, Some(c.colleague));

        let unit = c.committee.to_string();
        let save = |who: &Browser<'_>, name: &str| {
            let fields = [("name", name), ("unit", unit.as_str()), ("state", "received"), ("category", w.words.lamp)];
            who.post("/inbox/views", &fields).status.as_u16()
        };
        assert_eq!(save(&worker, "三号楼的灯"), 303);
        assert_eq!(save(&worker, "三号楼的灯"), 303, "the same name again is the same view");
        let address = format!("/inbox?unit={unit}&#38;state=received&#38;category={}", w.words.lamp);
        assert_eq!(worker.get("/inbox").body.matches(&format!(r#"href="{address}">"#)).count(), 2, "link and list");
        assert!(!head.get("/inbox").body.contains("三号楼的灯</a>"), "one's own alone");
        for n in 0..19 {
            assert_eq!(save(&worker, &format!("视图{n}")), 303);
        }
        assert_eq!(save(&worker, "太多了"), 422, "at most twenty");
        assert_eq!(save(&worker, ""), 422);
        let mine = |person: PersonId| w.house.read(&w.as_(person), linli_cases::saved_views).unwrap();
        let id = mine(c.worker)[0].0.to_string();
        assert_eq!(head.post("/inbox/views", &[("drop", &id)]).status.as_u16(), 404);
        assert_eq!(mine(c.worker).len(), 20);
        assert_eq!(worker.goes("/inbox/views", &[("drop", &id)]), "/inbox");
        assert_eq!(mine(c.worker).len(), 19);
    }
}

#[test]
fn terms_are_put_in_force_as_json_and_only_whole() {
    for w in World::both() {
        let (shell, doors) = (Shell::of(&w), doors(&w));
        let ask = |who: &str, method: &str, body: &str| shell.ask(&doors[who].1, method, "/api/v1/terms", body, &[]);
        let mut terms: serde_json::Value = serde_json::from_str(&ask("admin", "GET", "").body).unwrap();
        terms["classes"]["ordinary"]["answer"] = serde_json::json!({"working_days": 8});
        assert_eq!(ask("worker", "POST", &terms.to_string()).status.as_u16(), 403);
        let made = ask("admin", "POST", &terms.to_string());
        assert_eq!(made.status.as_u16(), 200, "{}", made.body);
        let term = |class: &'static str| w.read(move |cx| Ok(linli_matters::terms(cx)?.term(class, "answer")));
        assert_eq!(term("ordinary"), Some(work_calendar::Term::WorkingDays(8)));
        // What is missing is named by class and stage; nothing of it holds.
        for (broken, field) in [("ordinary", "c.ordinary.answer"), ("urgent", "c.urgent.answer")] {
            let mut terms = terms.clone();
            terms["classes"][broken].as_object_mut().unwrap().remove("answer");
            let refused = ask("admin", "POST", &terms.to_string());
            assert_eq!(refused.status.as_u16(), 422, "{}", refused.body);
            assert!(refused.body.contains(field), "{}", refused.body);
        }
        terms["classes"]["ordinary"]["answer"] = serde_json::json!({"moons": 1});
        assert_eq!(ask("admin", "POST", &terms.to_string()).status.as_u16(), 422);
        // From a day to come: until then the old ones hold.
        terms["classes"]["ordinary"]["answer"] = serde_json::json!({"working_days": 9});
        terms["from"] = time::day_text(time::civil_day(w.now()) + 2).into();
        assert_eq!(ask("admin", "POST", &terms.to_string()).status.as_u16(), 200);
        assert_eq!(term("ordinary"), Some(work_calendar::Term::WorkingDays(8)));
        w.pass(3 * time::DAY);
        w.work();
        assert_eq!(term("ordinary"), Some(work_calendar::Term::WorkingDays(9)));
    }
}
