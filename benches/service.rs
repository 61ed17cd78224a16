//! What the service costs: a picture over HTTP beside one in process, a hundred readers of one job's previews, and a crowd
//! of clients with a thousand jobs.
//!
//! `cargo bench --bench service [-- ROUNDS]`
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use inkwick::engine::device::{DeviceChoice, DtypeChoice};
use inkwick::engine::{Backend, CandleBackend, EngineHandle, FakeBackend, FakeScript};
use inkwick::job::{Destination, Outcome, Request};
use inkwick::service::{Service, ServiceOptions, Stop, serve};
use inkwick::store::paths::Paths;
use inkwick::store::pictures::gallery::Gallery;
use inkwick::store::pictures::saver::PictureSaver;
use inkwick::system::memory::resident_memory_bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

const CLIENTS: usize = 64;
const JOBS: usize = 1_000;
const READERS: usize = 100;

struct Server {
    address: SocketAddr,
    engine: EngineHandle,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
    _home: TempDir,
}

impl Server {
    fn start<B: Backend>(backend: impl FnOnce() -> B + Send + 'static) -> Self {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::under(home.path());
        let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
        let engine = EngineHandle::start(backend, saver, Arc::new(|| {})).unwrap();
        let service = Service::start(&engine, paths, ServiceOptions::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Stop::new();
        let asked = stop.clone();
        let thread = thread::spawn(move || serve(listener, &service, &asked).unwrap());
        Self { address, engine, stop, thread: Some(thread), _home: home }
    }

    fn begin(&self, method: &str, path: &str, body: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = format!("{method} {path} HTTP/1.0\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        BufReader::new(stream)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut reader = self.begin(method, path, body);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The address of a job's events, as soon as there is room for it.
    fn submit(&self, body: &Value) -> String {
        loop {
            let (status, text) = self.ask("POST", "/v1/jobs", &body.to_string());
            if status == 202 {
                return serde_json::from_str::<Value>(&text).unwrap()["sse_url"].as_str().unwrap().to_owned();
            }
            assert_eq!(status, 429, "{text}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.ask();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(12);
    one_picture(rounds);
    many_readers(rounds.div_ceil(2));
    a_crowd();
}

fn candle() -> CandleBackend {
    CandleBackend::new(DeviceChoice::Auto, DtypeChoice::Auto)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// In turns, because a machine's pace drifts: the engine in process, and the same picture asked for, followed and fetched
/// over HTTP.
fn one_picture(rounds: usize) {
    let server = Server::start(candle);
    for side in [128, 256] {
        let request = Request {
            prompt: "a red apple".into(),
            steps: 8,
            seed: 7,
            width: Some(side),
            height: Some(side),
            ..Request::default()
        };
        let body = json!({"prompt": "a red apple", "steps": 8, "seed": 7, "width": side, "height": side});
        let in_process = || {
            let begun = Instant::now();
            let job = server.engine.submit(request.clone(), Destination::Front).unwrap();
            assert!(matches!(job.wait(), Outcome::Finished(_)));
            begun.elapsed().as_secs_f64() * 1e3
        };
        let over_http = || {
            let begun = Instant::now();
            let stream = server.submit(&body);
            let (_, text) = server.ask("GET", &stream, "");
            assert!(text.contains("event: complete"));
            begun.elapsed().as_secs_f64() * 1e3
        };
        in_process();
        over_http();
        let pairs: Vec<(f64, f64)> = (0..rounds).map(|_| (in_process(), over_http())).collect();
        let (inside, outside): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let more = median(pairs.iter().map(|(inside, outside)| outside - inside).collect());
        println!(
            "one picture of {side}×{side}, 8 steps: {:.1} ms in process, {:.1} ms over HTTP; {more:+.1} ms in the median of {rounds} pairs (wanted: under 20)",
            median(inside),
            median(outside)
        );
    }
}

/// The same job without readers of its previews and with a hundred, in turns.
fn many_readers(rounds: usize) {
    let server = Server::start(candle);
    let body = json!({"prompt": "a fox", "steps": 12, "seed": 1, "width": 256, "height": 256});
    let seconds = |readers: usize| {
        let stream = server.submit(&body);
        thread::scope(|scope| {
            for _ in 0..readers {
                scope.spawn(|| assert!(server.ask("GET", &stream, "").1.contains("event: complete")));
            }
        });
        let job = stream.trim_end_matches("/stream");
        loop {
            let view: Value = serde_json::from_str(&server.ask("GET", job, "").1).unwrap();
            if let Some(seconds) = view["metadata"]["seconds"].as_f64() {
                return seconds * 1e3;
            }
            thread::sleep(Duration::from_millis(2));
        }
    };
    seconds(1);
    let pairs: Vec<(f64, f64)> = (0..rounds).map(|_| (seconds(0), seconds(READERS))).collect();
    let (none, many): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let more = median(pairs.iter().map(|(none, many)| (many / none - 1.0) * 100.0).collect());
    println!(
        "a picture that nobody watches: {:.0} ms; watched by {READERS}: {:.0} ms; {more:+.1} % in the median of {rounds} pairs (wanted: under 5)",
        median(none),
        median(many)
    );
}

/// A third takes its jobs back, a third goes away, and of the others some read slowly.
fn a_crowd() {
    let script = FakeScript { step_duration: Duration::from_micros(200), preview_side_px: 64, ..FakeScript::default() };
    let server = Server::start(move || FakeBackend::new(script));
    let next = AtomicUsize::new(0);
    let resident = || resident_memory_bytes().unwrap_or(0) as f64 / 1e6;
    let begun = Instant::now();
    let mut seen = vec![resident()];
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (server, next) = (&server, &next);
            scope.spawn(move || {
                while next.fetch_add(1, Ordering::Relaxed) < JOBS {
                    follow(server, client);
                }
            });
        }
        while next.load(Ordering::Relaxed) < JOBS {
            thread::sleep(Duration::from_millis(200));
            seen.push(resident());
        }
    });
    let number = |name: &str| {
        let (_, text) = server.ask("GET", "/metrics", "");
        let line = text.lines().find(|line| line.starts_with(&format!("inkwick_{name} "))).unwrap().to_owned();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    while number("jobs_waiting") + number("jobs_running") > 0.0 {
        thread::sleep(Duration::from_millis(20));
    }
    let seconds = begun.elapsed().as_secs_f64();
    seen.push(resident());
    let ended =
        ["complete", "cancelled", "failed"].map(|name| number(&format!("jobs_ended_total{{outcome=\"{name}\"}}")));
    println!(
        "{JOBS} jobs from {CLIENTS} clients in {seconds:.1} s: {:.0} complete, {:.0} cancelled, {:.0} failed of {:.0} taken",
        ended[0],
        ended[1],
        ended[2],
        number("jobs_submitted_total")
    );
    let quarters: Vec<String> = (0..=4).map(|quarter| format!("{:.0}", seen[(seen.len() - 1) * quarter / 4])).collect();
    println!(
        "resident memory from begin to end: {} MB; ended jobs hold {:.1} MB",
        quarters.join(", "),
        number("kept_bytes") / 1e6
    );
}

fn follow(server: &Server, client: usize) {
    let body = json!({"prompt": "an apple", "steps": 10, "width": 256, "height": 256, "seed": client});
    let stream = server.submit(&body);
    match client % 6 {
        0 | 1 => drop(server.ask("DELETE", stream.trim_end_matches("/stream"), "")),
        2 | 3 => drop(server.begin("GET", &stream, "")),
        4 => {
            let mut reader = server.begin("GET", &stream, "");
            let mut line = String::new();
            let _ = reader.read_line(&mut line);
            thread::sleep(Duration::from_millis(300));
            let _ = reader.read_to_string(&mut line);
        }
        _ => assert!(server.ask("GET", &stream, "").1.contains("event: complete")),
    }
}
