//! A small HTTP client that keeps its connections and times each request.
use crate::Done;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A request as bytes.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept-encoding: identity\r\naccept-language: zh\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// An answer: its status, how many statements it took if it says so, its body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) queries: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// Sends a request on an open connection.
pub(crate) fn send(stream: &mut TcpStream, request: &[u8]) -> Done<Answer> {
    stream.write_all(request)?;
    let mut got = Vec::with_capacity(64 * 1024);
    let mut chunk = [0u8; 32 * 1024];
    let head = loop {
        if let Some(at) = got.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        let n = stream.read(&mut chunk)?;
        if n == 0 {
            return Err("the server hung up".into());
        }
        got.extend_from_slice(chunk.get(..n).unwrap_or_default());
    };
    let text = String::from_utf8_lossy(got.get(..head).unwrap_or_default()).to_ascii_lowercase();
    let status = text.split_whitespace().nth(1).unwrap_or_default().parse()?;
    let header = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
    let length = header("content-length:").map_or(Ok(0), str::parse::<usize>)?;
    let queries = header("x-linli-queries:").map(str::parse).transpose()?;
    while got.len() < head + length {
        let n = stream.read(&mut chunk)?;
        if n == 0 {
            return Err("the server hung up".into());
        }
        got.extend_from_slice(chunk.get(..n).unwrap_or_default());
    }
    Ok(Answer { status, queries, body: got.split_off(head) })
}

/// Opens a connection.
pub(crate) fn connect(at: SocketAddr) -> Done<TcpStream> {
    let stream = TcpStream::connect(at)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(stream)
}

/// What a load gave.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Microseconds each, sorted.
    pub(crate) latencies: Vec<u64>,
    /// How long it took in all.
    pub(crate) wall: Duration,
    /// Answers that were no success, and the first of them.
    pub(crate) bad: usize,
    pub(crate) first_bad: String,
    /// Statements, and the answers that said how many they took.
    pub(crate) queries: (u64, u64),
    /// Bodies, if kept.
    pub(crate) bodies: Vec<Vec<u8>>,
}

impl Outcome {
    /// The latency below which so many of a hundred lie, in microseconds.
    pub(crate) fn percentile(&self, p: usize) -> u64 {
        let at = (self.latencies.len().saturating_sub(1)) * p / 100;
        self.latencies.get(at).copied().unwrap_or(0)
    }
}

/// Sends `total` requests in turn over `connections` connections, each waiting for its answer before it sends the next.
pub(crate) fn load(
    at: SocketAddr,
    connections: usize,
    total: usize,
    requests: &[Vec<u8>],
    keep: bool,
) -> Done<Outcome> {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Outcome::default()));
    let failed = Mutex::new(None);
    let opened: Vec<TcpStream> = (0..connections).map(|_| connect(at)).collect::<Done<_>>()?;
    let began = Instant::now();
    std::thread::scope(|scope| {
        for mut stream in opened {
            let (next, all, failed) = (&next, &all, &failed);
            let work = move || {
                let mut mine = Outcome::default();
                loop {
                    let n = next.fetch_add(1, Relaxed);
                    let Some(request) = requests.get(n % requests.len().max(1)).filter(|_| n < total) else { break };
                    let sent = Instant::now();
                    match send(&mut stream, request) {
                        Ok(Answer { status, queries, body }) => {
                            if let Some(n) = queries {
                                mine.queries = (mine.queries.0 + n, mine.queries.1 + 1);
                            }
                            mine.latencies.push(sent.elapsed().as_micros() as u64);
                            if !(200..300).contains(&status) {
                                mine.bad += 1;
                                if mine.first_bad.is_empty() {
                                    mine.first_bad = format!(
                                        "{status} {}",
                                        String::from_utf8_lossy(&body).chars().take(300).collect::<String>()
                                    );
                                }
                            } else if keep {
                                mine.bodies.push(body);
                            }
                        }
                        Err(e) => {
                            if let Ok(mut f) = failed.lock() {
                                *f = Some(e.to_string());
                            }
                            break;
                        }
                    }
                }
                if let Ok(mut all) = all.lock() {
                    all.latencies.append(&mut mine.latencies);
                    all.bodies.append(&mut mine.bodies);
                    all.bad += mine.bad;
                    all.queries = (all.queries.0 + mine.queries.0, all.queries.1 + mine.queries.1);
                    if all.first_bad.is_empty() {
                        all.first_bad = mine.first_bad;
                    }
                }
            };
            drop(std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, work));
        }
    });
    if let Some(e) = failed.into_inner().unwrap_or_default() {
        return Err(e.into());
    }
    let mut all = all.into_inner().unwrap_or_default();
    all.wall = began.elapsed();
    all.latencies.sort_unstable();
    Ok(all)
}
