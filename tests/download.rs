//! Fetching models from a hub that drops connections, lies about lengths and answers with every kind of refusal.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use inkwick::store::download::{Download, DownloadError, DownloadState, Downloads, Hub, discard, pull, unfinished};
use inkwick::store::hash;
use inkwick::store::paths::Paths;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the next requests for a file are answered with, instead of the file.
#[derive(Clone, Copy)]
enum Fault {
    Status(u16),
    /// So many bytes, then the connection is closed.
    BreakAfter(usize),
    /// More bytes than were asked for and announced in the listing.
    TooLong,
    /// The whole file, whatever range was asked for.
    NoRange,
}

#[derive(Default)]
struct Site {
    files: BTreeMap<String, Vec<u8>>,
    listed: Option<(u16, Value)>,
    faults: HashMap<String, Vec<Fault>>,
    /// `path range token`
    heard: Vec<String>,
}

type Shared = Arc<Mutex<Site>>;

fn start(site: Site) -> (Hub, Shared) {
    let shared: Shared = Arc::new(Mutex::new(site));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let for_thread = Arc::clone(&shared);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&for_thread);
            std::thread::spawn(move || answer(stream, &shared));
        }
    });
    let mut hub = Hub::new(&format!("http://{address}/"), Some("hf_secret".into()));
    hub.first_wait = Duration::from_millis(2);
    (hub, shared)
}

fn answer(mut stream: TcpStream, shared: &Shared) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    let header = |name: &str| headers.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    let range = header("range: bytes=");
    let from: usize = range.trim_end_matches('-').parse().unwrap_or(0);
    let mut site = shared.lock().unwrap();
    site.heard.push(format!("{path} {from} {}", header("authorization: ")));
    let mut send = |status: u16, length: usize, body: &[u8]| {
        let head =
            format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nretry-after: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).and_then(|()| stream.flush());
    };
    if path.starts_with("/api/models/") {
        let fault = site.faults.get_mut("list").and_then(Vec::pop);
        if let Some(Fault::Status(status)) = fault {
            return send(status, 0, &[]);
        }
        let (status, listing) = site.listed.clone().unwrap_or_else(|| (200, listing(&site.files)));
        let text = listing.to_string();
        return send(status, text.len(), text.as_bytes());
    }
    let name = path.split("/resolve/abc123/").nth(1).unwrap_or_default().to_owned();
    let fault = site.faults.get_mut(&name).and_then(Vec::pop);
    let Some(bytes) = site.files.get(&name).cloned() else { return send(404, 0, &[]) };
    drop(site);
    match fault {
        Some(Fault::Status(status)) => send(status, 0, &[]),
        Some(Fault::BreakAfter(count)) => {
            let rest = &bytes[from..];
            send(if from > 0 { 206 } else { 200 }, rest.len(), &rest[..count.min(rest.len())]);
        }
        Some(Fault::TooLong) => send(200, bytes.len() + 5000, &[bytes, vec![7; 5000]].concat()),
        Some(Fault::NoRange) => send(200, bytes.len(), &bytes),
        None => send(if from > 0 { 206 } else { 200 }, bytes.len() - from, &bytes[from..]),
    }
}

fn listing(files: &BTreeMap<String, Vec<u8>>) -> Value {
    let sibling = |(name, bytes): (&String, &Vec<u8>)| {
        let large = name.ends_with(".safetensors").then(|| {
            let folder = TempDir::new().unwrap();
            fs::write(folder.path().join("x"), bytes).unwrap();
            json!({"sha256": hash::sha256(&folder.path().join("x")).unwrap(), "size": bytes.len()})
        });
        json!({"rfilename": name, "size": bytes.len(), "lfs": large})
    };
    json!({"sha": "abc123", "siblings": files.iter().map(sibling).collect::<Vec<_>>()})
}

const WEIGHTS: &str = "unet/diffusion_pytorch_model.safetensors";

fn model() -> Site {
    let weights: Vec<u8> = (0..300_000u32).map(|number| (number % 251) as u8).collect();
    let files = [
        ("model_index.json", b"{}".to_vec()),
        ("unet/config.json", b"{\"a\": 1}".to_vec()),
        (WEIGHTS, weights),
        ("unet/diffusion_pytorch_model.bin", vec![1; 1000]),
        ("picture.png", vec![2; 1000]),
    ];
    Site { files: files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect(), ..Site::default() }
}

fn fetch(hub: &Hub, home: &TempDir, name: &str) -> Result<std::path::PathBuf, String> {
    pull(hub, name, &Paths::under(home.path()), &mut |_| true).map_err(|error| error.to_string())
}

/// Nothing that looks like a model lies in the models folder.
fn assert_nothing_half(home: &TempDir) {
    let names = fs::read_dir(home.path().join("models")).into_iter().flatten().flatten();
    let shown: Vec<_> =
        names.map(|entry| entry.file_name()).filter(|name| !name.to_string_lossy().starts_with('.')).collect();
    assert!(shown.is_empty(), "{shown:?}");
}

#[test]
fn a_model_arrives_whole_through_every_trouble_on_the_way() {
    let home = TempDir::new().unwrap();
    let mut site = model();
    // The last is met first.
    let faults = vec![
        Fault::NoRange,
        Fault::BreakAfter(70_000),
        Fault::Status(503),
        Fault::Status(429),
        Fault::BreakAfter(100_000),
    ];
    site.faults.insert(WEIGHTS.into(), faults);
    site.faults.insert("unet/config.json".into(), vec![Fault::TooLong]);
    site.faults.insert("list".into(), vec![Fault::Status(503)]);
    let whole = site.files[WEIGHTS].clone();
    let (hub, shared) = start(site);
    let folder = fetch(&hub, &home, "somebody/dreamer").unwrap();
    assert_eq!(folder, home.path().join("models/dreamer"));
    assert_eq!(fs::read(folder.join(WEIGHTS)).unwrap(), whole);
    assert_eq!(fs::read(folder.join("unet/config.json")).unwrap(), b"{\"a\": 1}");
    assert!(!folder.join("picture.png").exists() && !folder.join("unet/diffusion_pytorch_model.bin").exists());
    assert_eq!(fs::read_dir(home.path().join("models")).unwrap().count(), 1, "nothing else is left");
    let heard = shared.lock().unwrap().heard.clone();
    assert!(heard.iter().any(|line| line.contains(WEIGHTS) && line.contains(" 100000 ")), "{heard:?}");
    assert!(heard.iter().all(|line| line.ends_with("bearer hf_secret")), "{heard:?}");
    let again = fetch(&hub, &home, "somebody/dreamer").unwrap_err();
    assert!(again.contains("already"), "{again}");
}

#[test]
fn a_stopped_download_goes_on_later_and_leaves_no_half_model() {
    let home = TempDir::new().unwrap();
    let (hub, shared) = start(model());
    let paths = Paths::under(home.path());
    let stopped = pull(&hub, "somebody/dreamer", &paths, &mut |progress| progress.bytes_done < 150_000).unwrap_err();
    assert!(stopped.to_string().contains("goes on where it ended"), "{stopped}");
    assert_nothing_half(&home);
    shared.lock().unwrap().heard.clear();
    let folder = fetch(&hub, &home, "somebody/dreamer").unwrap();
    assert_eq!(fs::read(folder.join(WEIGHTS)).unwrap().len(), 300_000);
    let heard = shared.lock().unwrap().heard.clone();
    assert!(heard.iter().any(|line| line.contains(WEIGHTS) && !line.contains(" 0 ")), "it began anew: {heard:?}");
    assert!(!heard.iter().any(|line| line.contains("config.json")), "what was whole was fetched again: {heard:?}");
}

#[test]
fn refusals_and_damage_are_one_sentence_each() {
    let home = TempDir::new().unwrap();
    for (status, word) in
        [(401, "HF_TOKEN"), (403, "gated"), (404, "no repository"), (503, "cannot be reached"), (400, "400")]
    {
        let (hub, _) = start(Site { listed: Some((status, json!({}))), ..Site::default() });
        let said = fetch(&hub, &home, "somebody/dreamer").unwrap_err();
        assert!(said.contains(word) && !said.contains('\n') && !said.contains("hf_secret"), "{status}: {said}");
    }
    let mut site = model();
    let mut listed = listing(&site.files);
    for sibling in listed["siblings"].as_array_mut().unwrap() {
        if sibling["lfs"]["sha256"].is_string() {
            sibling["lfs"]["sha256"] = "00".repeat(32).into();
        }
    }
    site.listed = Some((200, listed));
    let (hub, _) = start(site);
    let said = fetch(&hub, &home, "somebody/dreamer").unwrap_err();
    assert!(said.contains("checksum"), "{said}");
    assert_nothing_half(&home);

    let mut site = model();
    site.faults.insert(WEIGHTS.into(), vec![Fault::BreakAfter(0); 40]);
    let (hub, _) = start(site);
    let said = fetch(&hub, &home, "else/dreamer").unwrap_err();
    assert!(said.contains("goes on where it ended"), "{said}");
    assert_nothing_half(&home);

    let mut site = model();
    let mut listed = listing(&site.files);
    listed["siblings"][2]["lfs"]["size"] = u64::MAX.into();
    site.listed = Some((200, listed));
    let (hub, _) = start(site);
    let said = fetch(&hub, &home, "huge/dreamer").unwrap_err();
    assert!(said.contains("make room"), "{said}");
    for name in ["dreamer", "../etc/passwd", "a/b/c", "a/..", ""] {
        assert!(fetch(&hub, &home, name).unwrap_err().contains("OWNER/NAME"), "{name}");
    }
}

/// A queue that does `act` once, as soon as half of the model is there.
fn queue(home: &TempDir, act: fn(&Downloads, &str)) -> Downloads {
    let itself: Arc<OnceLock<Downloads>> = Arc::default();
    let (for_wake, acted) = (Arc::clone(&itself), AtomicBool::new(false));
    let wake = move || {
        let Some(queue) = for_wake.get() else { return };
        let half = queue.list().iter().any(|download| download.bytes_done > 100_000);
        if half && !acted.swap(true, Ordering::SeqCst) {
            act(queue, "somebody/dreamer");
        }
    };
    let queue = Downloads::new(Paths::under(home.path()), Arc::new(wake));
    assert!(itself.set(queue.clone()).is_ok());
    queue
}

fn wait_for(queue: &Downloads, holds: impl Fn(&[Download]) -> bool) {
    let started = Instant::now();
    while !holds(&queue.list()) {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", queue.list());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_download_is_paused_gone_on_with_and_given_up() {
    let home = TempDir::new().unwrap();
    let downloads = queue(&home, Downloads::pause);
    let hub = start(model()).0;
    downloads.start("somebody/dreamer", || hub);
    wait_for(&downloads, |list| matches!(list, [Download { state: DownloadState::Paused, .. }]));
    assert_nothing_half(&home);
    let hub = start(model()).0;
    downloads.start("somebody/dreamer", || hub);
    wait_for(&downloads, |list| matches!(list, [Download { state: DownloadState::Done(_), .. }]));
    assert_eq!(fs::read(home.path().join("models/dreamer").join(WEIGHTS)).unwrap().len(), 300_000);
    assert!(!downloads.give_up("somebody/dreamer"));
    assert!(downloads.list().is_empty() && home.path().join("models/dreamer").is_dir(), "what is whole stays");

    let home = TempDir::new().unwrap();
    let downloads = queue(&home, |queue, name| assert!(!queue.give_up(name), "its own thread deletes it"));
    let hub = start(model()).0;
    downloads.start("somebody/dreamer", || hub);
    wait_for(&downloads, <[Download]>::is_empty);
    assert_eq!(fs::read_dir(home.path().join("models")).unwrap().count(), 0, "something half is left");
}

#[test]
fn what_another_run_left_unfinished_is_gone_on_with_or_taken_away() {
    let home = TempDir::new().unwrap();
    let paths = Paths::under(home.path());
    let mut site = model();
    site.files.insert("one.safetensors".into(), vec![5; 600_000]);
    let (hub, shared) = start(site);
    for name in ["somebody/dreamer", "some-body/dreamer", "somebody/dreamer:one.safetensors"] {
        let stopped = pull(&hub, name, &paths, &mut |progress| progress.bytes_done < 150_000);
        assert!(stopped.is_err());
    }
    let downloads = Downloads::new(paths.clone(), Arc::new(|| ()));
    downloads.take_in(unfinished(&paths));
    let names: Vec<String> = downloads.list().into_iter().map(|left| left.name).collect();
    assert_eq!(names, ["some-body/dreamer", "somebody/dreamer", "somebody/dreamer:one.safetensors"]);
    for left in downloads.list() {
        assert_eq!(left.state, DownloadState::Paused);
        assert!((150_000..left.bytes_total).contains(&left.bytes_done), "{left:?}");
    }
    shared.lock().unwrap().heard.clear();
    downloads.start("somebody/dreamer:one.safetensors", || hub);
    wait_for(&downloads, |list| list.iter().any(|download| matches!(download.state, DownloadState::Done(_))));
    assert_eq!(fs::read(home.path().join("models/one.safetensors")).unwrap(), vec![5; 600_000]);
    let heard = shared.lock().unwrap().heard.clone();
    assert!(heard.iter().any(|line| line.contains("one.safetensors") && !line.contains(" 0 ")), "{heard:?}");
    for name in ["some-body/dreamer", "somebody/dreamer"] {
        assert!(downloads.give_up(name), "the store is to delete it");
        let listed = downloads.list().into_iter().find(|download| download.name == name);
        assert_eq!(listed.unwrap().state, DownloadState::Stopping);
        assert!(discard(name, &paths));
        downloads.forget(name);
    }
    assert!(unfinished(&paths).is_empty() && downloads.list().len() == 1);
    assert_eq!(fs::read_dir(home.path().join("models")).unwrap().count(), 1, "only what is whole is left");

    // A repository that has moved on: what was fetched of the old revision is of no use.
    let home = TempDir::new().unwrap();
    let mut site = model();
    let mut old = listing(&site.files);
    old["sha"] = "0ld".into();
    site.listed = Some((200, old));
    let (hub, shared) = start(site);
    assert!(fetch(&hub, &home, "somebody/dreamer").is_err(), "the site knows no such revision");
    shared.lock().unwrap().listed = None;
    fetch(&hub, &home, "somebody/dreamer").unwrap();
    assert_eq!(fs::read_dir(home.path().join("models")).unwrap().count(), 1, "an old revision is left");
}

#[test]
fn a_model_that_cannot_come_to_its_place_is_still_found_and_gone_on_with() {
    let home = TempDir::new().unwrap();
    let paths = Paths::under(home.path());
    let (hub, shared) = start(model());
    // As if the program ended right before the last step: something stands in the way of the rename.
    let in_the_way = paths.models_folder.join("dreamer");
    let stopped = pull(&hub, "somebody/dreamer", &paths, &mut |_| {
        fs::create_dir_all(&in_the_way).unwrap();
        fs::write(in_the_way.join("other"), "").unwrap();
        true
    });
    assert!(matches!(stopped, Err(DownloadError::Write { .. })), "{stopped:?}");
    let left = unfinished(&paths);
    assert!(
        matches!(&left[..], [left] if left.name == "somebody/dreamer" && left.bytes_done == left.bytes_total),
        "{left:?}"
    );
    fs::remove_dir_all(&in_the_way).unwrap();
    shared.lock().unwrap().heard.clear();
    assert_eq!(pull(&hub, "somebody/dreamer", &paths, &mut |_| true).unwrap(), in_the_way);
    assert!(shared.lock().unwrap().heard.iter().all(|line| !line.contains("resolve")), "nothing is fetched again");
    assert!(unfinished(&paths).is_empty() && !in_the_way.join(".inkwick-download.json").exists());
}

#[test]
fn a_gated_model_asks_for_a_token() {
    let home = TempDir::new().unwrap();
    let mut site = model();
    site.faults.insert("list".into(), vec![Fault::Status(401)]);
    let (hub, shared) = start(site);
    let downloads = Downloads::new(Paths::under(home.path()), Arc::new(|| ()));
    downloads.start("somebody/dreamer", || hub);
    wait_for(&downloads, |list| matches!(&list[0].state, DownloadState::NeedsToken));
    // The same hub, asked by somebody who may.
    let (hub, _) = start(std::mem::take(&mut *shared.lock().unwrap()));
    downloads.start("somebody/dreamer", || hub.with_token(Some("hf_mine".into())));
    wait_for(&downloads, |list| matches!(&list[0].state, DownloadState::Done(_)));
}
