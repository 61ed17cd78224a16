//! How many machines one NATS carries: simulated workers, which wait as long as a picture takes instead of drawing it, take
//! jobs from a real nats-server by the code that real ones use.
//!
//! `cargo bench --bench cluster [-- WORKERS… [seconds=S] [kilobytes=K] [jobs=J] [nats=URL]]`
//!
//! `S` is what a picture takes in the mean (8), `K` its size (400), `J` jobs for each worker (2). Without `nats` a
//! nats-server is started on this machine, which then shares its processors with all workers.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use inkwick::service::cluster::{Hands, Job, Link, Made, News, work};
use tempfile::TempDir;
use tokio::sync::watch;

/// Workers that share a connection: 10,000 sockets in one process would measure that process.
const TO_A_CONNECTION: usize = 50;

#[derive(Clone)]
struct Settings {
    seconds: f64,
    kilobytes: usize,
    jobs_each: usize,
    nats: Option<String>,
}

/// Waits and then has a picture.
struct Simulated {
    seconds: f64,
    picture: Bytes,
    /// When each job began, since the start.
    begun: Arc<Mutex<Vec<Duration>>>,
    start: Instant,
    busy_micros: Arc<AtomicU64>,
    leaving: watch::Receiver<bool>,
}

impl Hands for Simulated {
    async fn work(&self, job: Job, news: News) -> Made {
        self.begun.lock().unwrap().push(self.start.elapsed());
        // Steps of different pictures differ; the same job takes the same time everywhere.
        let seed = job.id.bytes().fold(7_u64, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(byte.into()));
        let takes = self.seconds * (0.75 + 0.5 * (seed % 1000) as f64 / 1000.0);
        let begun = Instant::now();
        for step in 1..=STEPS {
            tokio::time::sleep(Duration::from_secs_f64(takes / f64::from(STEPS))).await;
            news.tell("progress", format!(r#"{{"step":{step},"total":{STEPS}}}"#)).await;
        }
        self.busy_micros.fetch_add(begun.elapsed().as_micros() as u64, Ordering::Relaxed);
        Made::Ended { header: b"{}".to_vec(), picture: self.picture.clone() }
    }

    async fn leaving(&self) {
        let _ = self.leaving.clone().wait_for(|leaving| *leaving).await;
    }
}

/// As many as most pictures take.
const STEPS: u32 = 20;

struct Nats {
    child: Option<Child>,
    servers: String,
    folder: TempDir,
}

impl Nats {
    fn start(settings: &Settings) -> Self {
        let folder = TempDir::new().unwrap();
        if let Some(servers) = &settings.nats {
            return Self { child: None, servers: servers.clone(), folder };
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("nats-server");
        command.args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"]).arg(folder.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nats-server is not installed");
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child: Some(child), servers: format!("nats://127.0.0.1:{port}"), folder }
    }

    /// Resident memory in MB and processor time in seconds, of the server that was started here.
    fn takes(&self) -> (f64, f64) {
        let Some(child) = &self.child else { return (0.0, 0.0) };
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap_or_default();
        let status = read("status");
        let resident =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next()?.parse().ok());
        let stat = read("stat");
        let ticks: f64 = stat.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        (resident.unwrap_or(0.0) / 1e3, ticks / 100.0)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn main() {
    let mut settings = Settings { seconds: 8.0, kilobytes: 400, jobs_each: 2, nats: None };
    let mut sizes = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("seconds", value)) => settings.seconds = value.parse().unwrap(),
            Some(("kilobytes", value)) => settings.kilobytes = value.parse().unwrap(),
            Some(("jobs", value)) => settings.jobs_each = value.parse().unwrap(),
            Some(("nats", value)) => settings.nats = Some(value.to_owned()),
            _ => sizes.extend(argument.parse::<usize>()),
        }
    }
    if sizes.is_empty() {
        sizes = vec![10, 100, 1_000, 10_000];
    }
    println!("a picture takes {} s and has {} kB", settings.seconds, settings.kilobytes);
    for workers in sizes {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(simulate(workers, &settings));
    }
}

async fn simulate(workers: usize, settings: &Settings) {
    let nats = Nats::start(settings);
    let jobs = workers * settings.jobs_each;
    let lease = Duration::from_secs(30);
    let front = Arc::new(Link::open(&nats.servers, lease).await.unwrap());
    let (leave, leaving) = watch::channel(false);
    let (begun, busy_micros, start) =
        (Arc::<Mutex<Vec<Duration>>>::default(), Arc::<AtomicU64>::default(), Instant::now());
    let mut tasks = Vec::new();
    let mut link = Arc::clone(&front);
    for worker in 0..workers {
        if worker % TO_A_CONNECTION == 0 {
            link = Arc::new(Link::open(&nats.servers, lease).await.unwrap());
        }
        let hands = Simulated {
            seconds: settings.seconds,
            picture: vec![worker as u8; settings.kilobytes * 1000].into(),
            begun: Arc::clone(&begun),
            start,
            busy_micros: Arc::clone(&busy_micros),
            leaving: leaving.clone(),
        };
        let link = Arc::clone(&link);
        tasks.push(tokio::spawn(async move { work(&link, &hands).await }));
    }
    let counted = front.counts().await.unwrap();
    let pushing = Instant::now();
    for job in 0..jobs {
        front.push(&format!("sim-{workers}-{job}"), Bytes::from_static(&[7; 1500]), false).await.unwrap();
    }
    let pushed = pushing.elapsed().as_secs_f64();
    // A server that is used on has outcomes of before.
    let [before, ..] = counted;
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let [done, ..] = front.counts().await.unwrap();
        if done - before >= jobs as u64 {
            break;
        }
    }
    let seconds = pushing.elapsed().as_secs_f64();
    let (memory, processor) = nats.takes();
    leave.send_replace(true);
    for task in tasks {
        let _ = task.await;
    }
    let busy = busy_micros.load(Ordering::Relaxed) as f64 / 1e6;
    let disk = size_of(nats.folder.path()) as f64 / 1e6;
    let [_, ever, aside] = front.counts().await.unwrap();
    println!(
        "{workers} workers, {jobs} jobs: {seconds:.1} s, {:.1} jobs/s, workers busy {:.0} %, {:.0} jobs/s taken in; nats-server {memory:.0} MB \
         of memory, {processor:.1} s of processor, {disk:.0} MB of disk; {ever} outcomes, {} begun, {aside} set aside",
        jobs as f64 / seconds,
        busy / (seconds * workers as f64) * 100.0,
        jobs as f64 / pushed,
        begun.lock().unwrap().len(),
    );
}

fn size_of(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() {
                    size_of(&entry.path())
                } else {
                    entry.metadata().map_or(0, |file| file.len())
                }
            },
        )
        .sum()
}
