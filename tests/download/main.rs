//! Fetching models from a hub that drops connections, lies about lengths and answers with every kind of refusal, into the
//! cache that Python's `huggingface_hub` shares.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests
#![cfg(feature = "hub")]

mod queue;
mod site;
mod update;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use inkwick::hub::{Hub, Offer, look, pull};
use inkwick::store::paths::Paths;
use inkwick::store::unfinished;
use site::{Fault, WEIGHTS, XetStorage, checksum, heard, model, start};
use tempfile::TempDir;

fn fetch(hub: &Hub, home: &TempDir, name: &str) -> Result<PathBuf, String> {
    pull(hub, name, &Paths::under(home.path()), &mut |_| true).map_err(|error| error.to_string())
}

fn repository(home: &TempDir) -> PathBuf {
    Paths::under(home.path()).hub_cache.join("models--somebody--dreamer")
}

fn snapshot(home: &TempDir) -> PathBuf {
    repository(home).join("snapshots/abc123")
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Nothing is shown as a model.
fn assert_nothing_half(home: &TempDir) {
    let shown = files_below(&repository(home).join("snapshots"));
    assert!(shown.is_empty(), "{shown:?}");
}

/// What is left of downloads that are over or given up: no note, no piece of a file.
fn assert_nothing_unfinished(home: &TempDir) {
    let left: Vec<PathBuf> = files_below(home.path())
        .into_iter()
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "incomplete" || ending == "json") && !path.is_symlink()
        })
        .collect();
    assert!(left.is_empty() && unfinished::list(&Paths::under(home.path())).is_empty(), "{left:?}");
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
    site.faults.insert("info".into(), vec![Fault::Status(503), Fault::Status(429)]);
    site.faults.insert("tree".into(), vec![Fault::Status(503)]);
    let (hub, shared) = start(site);
    let folder = fetch(&hub, &home, "somebody/dreamer").unwrap();
    assert_eq!(folder, snapshot(&home));
    assert_eq!(fs::read(folder.join(WEIGHTS)).unwrap(), model().files[WEIGHTS]);
    assert_eq!(fs::read(folder.join("unet/config.json")).unwrap(), b"{\"a\": 1}");
    assert_eq!(files_below(&folder).len(), 4, "what nobody needs was fetched, or something is missing");
    assert_nothing_unfinished(&home);
    let asked = heard(&shared);
    assert!(asked.iter().any(|line| line.contains(WEIGHTS) && line.contains(" 100000 ")), "{asked:?}");
    let (elsewhere, at_hub): (Vec<&String>, Vec<&String>) = asked.iter().partition(|line| line.contains("/cdn/"));
    assert!(at_hub.iter().all(|line| line.ends_with("bearer hf_secret")), "{asked:?}");
    assert!(
        elsewhere.len() > 4 && elsewhere.iter().all(|line| line.ends_with(' ')),
        "the token went elsewhere: {asked:?}"
    );
}

/// The layout that `huggingface_hub` writes and reads.
#[cfg(unix)]
#[test]
fn the_cache_is_as_python_has_it() {
    let home = TempDir::new().unwrap();
    let (hub, shared) = start(model());
    fetch(&hub, &home, "somebody/dreamer").unwrap();
    let (name, bytes) = (WEIGHTS, &model().files[WEIGHTS]);
    let target = fs::read_link(snapshot(&home).join(name)).unwrap();
    assert_eq!(target, Path::new("../../../blobs").join(checksum(name, bytes)));
    assert!(repository(&home).join("blobs").join(checksum(name, bytes)).is_file());
    assert_eq!(fs::read_to_string(repository(&home).join("refs/main")).unwrap(), "abc123");

    // What is there is not fetched again, by whomever it was fetched.
    heard(&shared);
    assert_eq!(fetch(&hub, &home, "somebody/dreamer").unwrap(), snapshot(&home));
    let asked = heard(&shared);
    assert!(!asked.iter().any(|line| line.contains("/resolve/")), "{asked:?}");

    // At the next revision only one file is another.
    {
        let mut site = shared.lock().unwrap();
        site.revision = "def456".into();
        site.files.insert("unet/config.json".into(), b"{\"a\": 2}".to_vec());
    }
    let folder = fetch(&hub, &home, "somebody/dreamer").unwrap();
    assert_eq!(folder, repository(&home).join("snapshots/def456"));
    assert_eq!(fs::read(folder.join("unet/config.json")).unwrap(), b"{\"a\": 2}");
    assert_eq!(fs::read(folder.join(WEIGHTS)).unwrap(), *bytes);
    let asked = heard(&shared);
    assert!(!asked.iter().any(|line| line.starts_with("GET") && line.contains(WEIGHTS)), "{asked:?}");
}

#[test]
fn a_copy_in_the_models_folder_is_not_fetched_a_second_time() {
    let home = TempDir::new().unwrap();
    fs::create_dir_all(home.path().join("models/dreamer")).unwrap();
    let refused = fetch(&start(model()).0, &home, "somebody/dreamer").unwrap_err();
    assert!(refused.contains("already"), "{refused}");
    assert_nothing_half(&home);
}

#[test]
fn a_stopped_download_goes_on_later_and_leaves_no_half_model() {
    let home = TempDir::new().unwrap();
    let (hub, shared) = start(model());
    let paths = Paths::under(home.path());
    let stopped = pull(&hub, "somebody/dreamer", &paths, &mut |progress| progress.bytes_done < 150_000).unwrap_err();
    assert!(stopped.to_string().contains("goes on where it ended"), "{stopped}");
    assert_nothing_half(&home);
    heard(&shared);
    let folder = fetch(&hub, &home, "somebody/dreamer").unwrap();
    assert_eq!(fs::read(folder.join(WEIGHTS)).unwrap(), model().files[WEIGHTS]);
    let asked = heard(&shared);
    let from_start = |line: &&String| line.starts_with("GET") && line.contains(WEIGHTS) && line.contains(" 0 ");
    assert!(!asked.iter().any(|line| from_start(&line)), "it began anew: {asked:?}");
    assert!(!asked.iter().any(|line| line.contains("config.json")), "what was whole was fetched again: {asked:?}");
}

#[test]
fn a_download_stops_at_once_while_nothing_comes() {
    let home = TempDir::new().unwrap();
    let mut site = model();
    site.faults.insert(WEIGHTS.into(), vec![Fault::SilentAfter(100_000)]);
    let (hub, _) = start(site);
    let mut silent_since: Option<Instant> = None;
    let stopped = pull(&hub, "somebody/dreamer", &Paths::under(home.path()), &mut |progress| {
        let half = progress.bytes_done > 100_000;
        let since = half.then(|| *silent_since.get_or_insert_with(Instant::now));
        since.is_none_or(|since| since.elapsed() < Duration::from_millis(300))
    });
    assert!(stopped.is_err());
    assert!(silent_since.unwrap().elapsed() < Duration::from_secs(5), "it waited for the next byte");
    assert_nothing_half(&home);
}

#[test]
fn a_large_file_comes_over_xet_and_goes_on_there() {
    let home = TempDir::new().unwrap();
    let mut site = model();
    site.xet = XetStorage::Broken;
    let (hub, shared) = start(site);
    let half =
        pull(&hub, "somebody/dreamer", &Paths::under(home.path()), &mut |progress| progress.bytes_done < 150_000);
    assert!(half.is_err());
    let asked = heard(&shared);
    assert!(asked.iter().any(|line| line.contains("/xet-read-token/")), "{asked:?}");
    assert!(asked.iter().any(|line| line.contains("GET /cdn/")), "without Xet it comes as ever: {asked:?}");
    shared.lock().unwrap().xet = XetStorage::Whole;
    let folder = fetch(&hub, &home, "somebody/dreamer").unwrap();
    assert_eq!(fs::read(folder.join(WEIGHTS)).unwrap(), model().files[WEIGHTS]);
    let asked = heard(&shared);
    let in_the_middle = |line: &&String| line.contains("/reconstructions/") && !line.contains(" 0 ");
    assert!(asked.iter().any(|line| in_the_middle(&line)), "{asked:?}");
    assert!(!asked.iter().any(|line| line.contains("/cdn/")), "{asked:?}");
    assert!(!asked.iter().any(|line| line.contains("telemetry")), "{asked:?}");
}

#[test]
fn refusals_and_damage_are_one_sentence_each() {
    let home = TempDir::new().unwrap();
    for (status, word) in
        [(401, "HF_TOKEN"), (403, "gated"), (404, "no repository"), (503, "cannot be reached"), (400, "400")]
    {
        let mut site = model();
        site.faults.insert("info".into(), vec![Fault::Status(status); 10]);
        let (hub, _) = start(site);
        let said = fetch(&hub, &home, "somebody/dreamer").unwrap_err();
        assert!(said.contains(word) && !said.contains('\n') && !said.contains("hf_secret"), "{status}: {said}");
    }
    let mut site = model();
    site.checksums.insert(WEIGHTS.into(), "00".repeat(32));
    let (hub, _) = start(site);
    let said = fetch(&hub, &home, "somebody/dreamer").unwrap_err();
    assert!(said.contains("checksum"), "{said}");
    assert_nothing_half(&home);

    let mut site = model();
    site.checksums.insert("unet/config.json".into(), "../../evil".into());
    let (hub, _) = start(site);
    let said = fetch(&hub, &home, "evil/dreamer").unwrap_err();
    assert!(said.contains("no checksum"), "{said}");

    let mut site = model();
    site.faults.insert(WEIGHTS.into(), vec![Fault::BreakAfter(0); 40]);
    let (hub, _) = start(site);
    let said = fetch(&hub, &home, "else/dreamer").unwrap_err();
    assert!(said.contains("goes on where it ended"), "{said}");

    let mut site = model();
    site.sizes.insert(WEIGHTS.into(), u64::MAX);
    let (hub, _) = start(site);
    let said = fetch(&hub, &home, "huge/dreamer").unwrap_err();
    assert!(said.contains("make room"), "{said}");
    for name in ["dreamer", "../etc/passwd", "a/b/c", "a/..", ""] {
        assert!(fetch(&hub, &home, name).unwrap_err().contains("OWNER/NAME"), "{name}");
    }
}

#[test]
fn what_a_model_would_take_is_told_without_fetching_it() {
    let home = TempDir::new().unwrap();
    for (card, licence) in [
        (serde_json::json!({"license": "openrail++"}), Some("openrail++")),
        (serde_json::json!({"license": "other", "license_name": "flux-1-dev"}), Some("flux-1-dev")),
        (serde_json::json!({"license": "<b>free</b>"}), None),
        (serde_json::json!({"license": ["mit", "apache-2.0"]}), None),
        (serde_json::json!(null), None),
    ] {
        let mut site = model();
        site.card = card.clone();
        let (hub, shared) = start(site);
        let offer = look(&hub, "somebody/dreamer", &Paths::under(home.path())).unwrap();
        assert_eq!(offer, Offer { bytes: 300_010, files: 4, licence: licence.map(str::to_owned) }, "{card}");
        assert!(heard(&shared).iter().all(|request| request.contains("/api/models/")), "no file is asked for");
    }
    assert!(files_below(home.path()).is_empty(), "and nothing is kept");
}
