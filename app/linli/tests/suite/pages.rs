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
        let m = w.report(c.resident, w.words.lamp, SAID);
        everywhere(&resident, "/matters", &mine, "");
        everywhere(&worker, "/inbox", &desk, "");
        w.pass(2 * time::DAY);
        everywhere(&worker, "/inbox", &desk, "1");
        w.does(c.worker, &m, "answer", &[("outcome", "solved"), ("words", "已更换灯具，请查看")]);
        everywhere(&resident, "/matters", &mine, "1");
        everywhere(&worker, "/inbox", &desk, "");
        // A badge never counts further than it shows.
        for _ in 0..32 {
            w.report(c.neighbour, w.words.lamp, SAID);
        }
        w.pass(2 * time::DAY);
        everywhere(&worker, "/inbox", &desk, "30+");
    }
}
