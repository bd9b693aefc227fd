//! Serves a seeded directory and loads it, one kind of request after the other.
use crate::http::{self, Outcome, request};
use crate::{Done, machine};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Options of `drive`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The program.
    #[arg(long)]
    linli: PathBuf,
    /// The seeded directory. What is measured writes into it.
    #[arg(long)]
    data: PathBuf,
    /// PostgreSQL's address; without it the embedded database.
    #[arg(long)]
    database: Option<String>,
    /// The first process of that PostgreSQL on this machine, whose processor time counts as the database's.
    #[arg(long)]
    postgres: Option<u32>,
    /// How many cases there are, for the tables.
    #[arg(long)]
    cases: u64,
    /// Where the lines go.
    #[arg(long)]
    out: PathBuf,
    /// Numbers of connections.
    #[arg(long, value_delimiter = ',', default_value = "1,32,256")]
    connections: Vec<usize>,
    /// Requests of each kind and number of connections.
    #[arg(long, default_value_t = 4000)]
    requests: usize,
    /// Only kinds whose name begins so.
    #[arg(long, default_value = "")]
    only: String,
}

#[derive(Deserialize)]
struct SignIns {
    page: String,
    api: String,
}
#[derive(Deserialize)]
struct Committee {
    code: String,
    town: String,
    resident: SignIns,
    worker: SignIns,
}
#[derive(Deserialize)]
struct Accounts {
    committees: Vec<Committee>,
    supervisor: SignIns,
}

/// The running server; stopped when dropped.
struct Server {
    child: Child,
    at: SocketAddr,
}
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(args: &Args) -> Done<(Server, Duration)> {
    let began = Instant::now();
    let mut command = Command::new(&args.linli);
    command.args(["serve", "--listen", "127.0.0.1:0", "--per-minute", "0", "--data"]).arg(&args.data);
    if let Some(url) = &args.database {
        command.args(["--database", url]);
    }
    // Pages say how many statements they took.
    command.env("LINLI_TEST", "1");
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let out = child.stdout.take().ok_or("no output")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    let at = line
        .trim()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .parse::<SocketAddr>()
        .map_err(|_| "the server did not start")?;
    let server = Server { child, at };
    // The first page needs the register in memory: started means that it can be read.
    let status = http::send(&mut http::connect(at)?, &request("GET", "/cases", &[], ""))?.status;
    if status != 200 {
        return Err(format!("the first page: {status}").into());
    }
    Ok((server, began.elapsed()))
}

struct Run<'a> {
    args: &'a Args,
    server: &'a Server,
    out: std::fs::File,
}

impl Run<'_> {
    fn line(&mut self, line: &Value) -> Done {
        writeln!(self.out, "{line}")?;
        Ok(())
    }
    fn engine(&self) -> &'static str {
        if self.args.database.is_some() { "PostgreSQL" } else { "SQLite" }
    }
    fn cpu(&self) -> Done<(f64, f64)> {
        let db = self.args.postgres.map_or(Ok(0.0), machine::family_cpu_ms)?;
        Ok((machine::cpu_ms(self.server.child.id())?, db))
    }
    fn wanted(&self, name: &str) -> bool {
        name.starts_with(&self.args.only)
    }

    fn measure(
        &mut self,
        name: &str,
        connections: usize,
        total: usize,
        requests: &[Vec<u8>],
        keep: bool,
    ) -> Done<Outcome> {
        if requests.is_empty() {
            return Err(format!("{name}: nothing to ask for").into());
        }
        let (server, db) = self.cpu()?;
        let outcome = http::load(self.server.at, connections, total, requests, keep)?;
        let (server, db) = {
            let after = self.cpu()?;
            (after.0 - server, after.1 - db)
        };
        let (statements, pages) = outcome.queries;
        let n = outcome.latencies.len().max(1) as f64;
        let line = json!({
            "engine": self.engine(), "cases": self.args.cases, "name": name, "connections": connections, "n": n,
            "server_ms": server / n, "db_ms": db / n, "p50_ms": outcome.percentile(50) as f64 / 1000.0, "p99_ms": outcome.percentile(99) as f64 / 1000.0,
            "per_second": n / outcome.wall.as_secs_f64(), "queries": if pages > 0 { statements as f64 / pages as f64 } else { 0.0 }, "bad": outcome.bad,
        });
        eprintln!("{line}");
        if outcome.bad > 0 {
            eprintln!("  the first refusal: {}", outcome.first_bad);
        }
        self.line(&line)?;
        Ok(outcome)
    }

    /// One kind of read at each number of connections, warm.
    fn read(&mut self, name: &str, requests: &[Vec<u8>]) -> Done {
        if !self.wanted(name) {
            return Ok(());
        }
        http::load(self.server.at, 4, 300, requests, false)?;
        for connections in self.args.connections.clone() {
            self.measure(name, connections, self.args.requests, requests, false)?;
        }
        Ok(())
    }
}

fn get(path: &str, cookie: Option<&str>) -> Vec<u8> {
    match cookie {
        Some(c) => request("GET", path, &[("cookie", &format!("linli={c}"))], ""),
        None => request("GET", path, &[], ""),
    }
}
fn post(path: &str, token: &str, body: &Value) -> Vec<u8> {
    request(
        "POST",
        path,
        &[("authorization", &format!("Bearer {token}")), ("content-type", "application/json")],
        &body.to_string(),
    )
}
fn accounts(data: &Path) -> Done<Accounts> {
    Ok(serde_json::from_slice(&std::fs::read(data.join("bench-accounts.json"))?)?)
}
/// A word of which there is one in the whole database, put there by the first report of a run.
const RARE: &str = "鹦鹉";

/// Sentences of the demo's vocabulary with their category; every fourth without one.
fn sentences(known: &Value) -> Done<Vec<(String, Option<String>)>> {
    let known: Vec<&str> = known["items"].as_array().into_iter().flatten().filter_map(|c| c["code"].as_str()).collect();
    let words: Value = serde_json::from_str(include_str!("../../data/demo/vocabulary.zh.json"))?;
    let mut found = Vec::new();
    for (category, list) in words["reports"].as_object().ok_or("vocabulary")? {
        for text in list.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !category.starts_with("safety") && known.contains(&category.as_str()) {
                found.push((text.replace("{place}", "小区东门"), (found.len() % 4 > 0).then(|| category.clone())));
            }
        }
    }
    Ok(found)
}

/// Runs everything.
pub(crate) fn run(args: &Args) -> Done {
    let accounts = accounts(&args.data)?;
    let (server, started) = serve(args)?;
    let out = std::fs::File::options().create(true).append(true).open(&args.out)?;
    let mut run = Run { args, server: &server, out };
    let pid = server.child.id();
    let idle = machine::memory_mb(pid, "VmRSS")?;
    let info = json!({"engine": run.engine(), "cases": args.cases, "name": "start", "start_ms": started.as_millis() as u64, "rss_mb": idle});
    eprintln!("{info}");
    run.line(&info)?;
    // Whatever the worker finds to do after a long pause is not what is measured.
    settle(&run)?;

    let by_code: HashMap<&str, &Committee> = accounts.committees.iter().map(|c| (c.code.as_str(), c)).collect();
    if run.wanted("report") || run.wanted("move") {
        let ask = request(
            "GET",
            "/api/v1/categories",
            &[("authorization", &format!("Bearer {}", accounts.supervisor.api))],
            "",
        );
        let sentences = sentences(&serde_json::from_slice(&http::send(&mut http::connect(server.at)?, &ask)?.body)?)?;
        let mut sent = 0usize;
        let mut report = |n: usize| -> Vec<Vec<u8>> {
            (0..n)
                .map(|_| {
                    sent += 1;
                    let c = &accounts.committees[sent * 31 % accounts.committees.len()];
                    let (words, category) = &sentences[sent % sentences.len()];
                    let words = if sent == 1 { format!("{words}，还有一只{RARE}") } else { words.clone() };
                    let mut body = json!({"words": words});
                    if let Some(category) = category {
                        body["category"] = json!(category);
                    }
                    post("/api/v1/cases", &c.resident.api, &body)
                })
                .collect()
        };
        http::load(server.at, 4, 200, &report(200), false)?;
        let mut signs: Vec<Vec<u8>> = Vec::new();
        for connections in args.connections.clone() {
            let total = if connections == 1 { args.requests / 2 } else { args.requests };
            let requests = report(total);
            let outcome = run.measure("report", connections, total, &requests, true)?;
            for body in &outcome.bodies {
                let made: Value = serde_json::from_slice(body)?;
                let committee = made["committee"]["code"].as_str().unwrap_or_default();
                if let (Some(c), true) = (by_code.get(committee), made["owner"]["code"] == made["committee"]["code"]) {
                    let number = made["number"].as_str().unwrap_or_default();
                    signs.push(post(
                        &format!("/api/v1/cases/{number}/moves/sign"),
                        &c.worker.api,
                        &json!({"revision": 1}),
                    ));
                }
            }
        }
        let share = signs.len() / (args.connections.len() * 2).max(1);
        for (i, connections) in args.connections.clone().into_iter().enumerate() {
            let n = if i == 0 { share } else { share * 2 };
            let some: Vec<Vec<u8>> = signs.drain(..n.min(signs.len())).collect();
            run.measure("move", connections, some.len(), &some, false)?;
        }
    }
    if args.database.is_some() || run.wanted("") {
        settle(&run)?;
    }

    let each = |f: &dyn Fn(&Committee) -> Vec<u8>| accounts.committees.iter().map(f).collect::<Vec<_>>();
    run.read("inbox", &each(&|c| get("/inbox", Some(&c.worker.page))))?;
    let mut pages = (Vec::new(), Vec::new());
    if run.wanted("case page") {
        let mut stream = http::connect(server.at)?;
        for c in accounts.committees.iter().step_by(9) {
            let ask = request(
                "GET",
                &format!("/api/v1/cases?limit=60&unit={}", c.code),
                &[("authorization", &format!("Bearer {}", c.worker.api))],
                "",
            );
            let list: Value = serde_json::from_slice(&http::send(&mut stream, &ask)?.body)?;
            for number in list["items"].as_array().into_iter().flatten().filter_map(|m| m["number"].as_str()) {
                pages.0.push(get(&format!("/m/{number}"), Some(&c.worker.page)));
            }
        }
        for c in accounts.committees.iter().take(200) {
            let ask = request(
                "GET",
                "/api/v1/cases?limit=20",
                &[("authorization", &format!("Bearer {}", c.resident.api))],
                "",
            );
            let list: Value = serde_json::from_slice(&http::send(&mut stream, &ask)?.body)?;
            for number in list["items"].as_array().into_iter().flatten().filter_map(|m| m["number"].as_str()) {
                pages.1.push(get(&format!("/m/{number}"), Some(&c.resident.page)));
            }
        }
        run.read("case page, worker", &pages.0)?;
        run.read("case page, its reporter", &pages.1)?;
    }
    run.read("public list, committee", &each(&|c| get(&format!("/cases?unit={}", c.code), Some(&c.resident.page))))?;
    run.read("public list, town", &each(&|c| get(&format!("/cases?unit={}", c.town), None)))?;
    run.read("public list, district", &[get("/cases", None)])?;
    run.read(
        "list within a town, open",
        &each(&|c| get(&format!("/cases?open=1&unit={}", c.town), Some(&accounts.supervisor.page))),
    )?;
    run.read(
        "list within the district, a category",
        &[get("/cases?category=facilities.lift", Some(&accounts.supervisor.page))],
    )?;
    let words = ["垃圾", "电梯", "楼道", "停车", "漏水"];
    let district = |q: &str| get(&format!("/cases?q={}", encode(q)), Some(&accounts.supervisor.page));
    run.read("search, common word, district", &words.map(district))?;
    run.read("search, two common words, district", &["楼道 电瓶车", "垃圾 漏水", "电梯 停车"].map(district))?;
    run.read("search, rare word, district", &[district(RARE)])?;
    let near: Vec<Vec<u8>> = accounts
        .committees
        .iter()
        .zip(words.iter().cycle())
        .map(|(c, q)| get(&format!("/cases?unit={}&q={}", c.code, encode(q)), Some(&c.resident.page)))
        .collect();
    run.read("search, common word, committee", &near)?;

    let (rss, anon, peak) =
        (machine::memory_mb(pid, "VmRSS")?, machine::memory_mb(pid, "RssAnon")?, machine::memory_mb(pid, "VmHWM")?);
    let line = json!({"engine": run.engine(), "cases": args.cases, "name": "memory", "rss_mb": rss, "anon_mb": anon, "peak_mb": peak});
    eprintln!("{line}");
    run.line(&line)
}

/// Waits until the worker has nothing more to do: two seconds in which the server needs next to nothing.
fn settle(run: &Run<'_>) -> Done {
    for _ in 0..150 {
        let before = run.cpu()?;
        std::thread::sleep(Duration::from_secs(2));
        let after = run.cpu()?;
        if after.0 - before.0 + after.1 - before.1 < 100.0 {
            return Ok(());
        }
    }
    Err("the worker does not come to rest".into())
}

fn encode(s: &str) -> String {
    s.bytes().map(|b| format!("%{b:02X}")).collect()
}
