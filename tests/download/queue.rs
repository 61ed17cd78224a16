//! Downloads that a window watches: paused, resumed, given up, and found again by the next run.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use inkwick::hub::{Download, DownloadError, DownloadState, Downloads, pull};
use inkwick::store::paths::Paths;
use inkwick::store::unfinished;
use tempfile::TempDir;

use crate::site::{Fault, WEIGHTS, heard, model, start};
use crate::{assert_nothing_half, assert_nothing_unfinished, fetch, files_below, repository, snapshot};

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

fn is_done(download: &Download) -> bool {
    matches!(download.state, DownloadState::Done(_))
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
    wait_for(&downloads, |list| matches!(list, [download] if is_done(download)));
    assert_eq!(fs::read(snapshot(&home).join(WEIGHTS)).unwrap(), model().files[WEIGHTS]);
    assert!(!downloads.give_up("somebody/dreamer"));
    assert!(downloads.list().is_empty() && snapshot(&home).join(WEIGHTS).is_file(), "what is whole stays");

    let home = TempDir::new().unwrap();
    let downloads = queue(&home, |queue, name| assert!(!queue.give_up(name), "its own thread deletes it"));
    let hub = start(model()).0;
    downloads.start("somebody/dreamer", || hub);
    wait_for(&downloads, <[Download]>::is_empty);
    let left: Vec<PathBuf> = files_below(home.path());
    assert!(left.is_empty() && !repository(&home).exists(), "something half is left: {left:?}");
}

#[test]
fn what_another_run_left_unfinished_is_gone_on_with_or_taken_away() {
    let home = TempDir::new().unwrap();
    let paths = Paths::under(home.path());
    let mut site = model();
    site.files.insert("one.safetensors".into(), vec![5; 600_000]);
    // Else the rest may have come before the stop takes effect.
    site.faults.insert(WEIGHTS.into(), vec![Fault::SilentAfter(200_000), Fault::SilentAfter(200_000)]);
    site.faults.insert("one.safetensors".into(), vec![Fault::SilentAfter(200_000)]);
    let (hub, shared) = start(site);
    for name in ["somebody/dreamer", "some-body/dreamer", "somebody/dreamer:one.safetensors"] {
        let stopped = pull(&hub, name, &paths, &mut |progress| progress.bytes_done < 150_000);
        assert!(stopped.is_err());
    }
    let downloads = Downloads::new(paths.clone(), Arc::new(|| ()));
    downloads.take_in(unfinished::list(&paths));
    let names: Vec<String> = downloads.list().into_iter().map(|left| left.name).collect();
    assert_eq!(names, ["some-body/dreamer", "somebody/dreamer", "somebody/dreamer:one.safetensors"]);
    for left in downloads.list() {
        assert_eq!(left.state, DownloadState::Paused);
        assert!((150_000..left.bytes_total).contains(&left.bytes_done), "{left:?}");
    }
    heard(&shared);
    downloads.start("somebody/dreamer:one.safetensors", || hub);
    wait_for(&downloads, |list| list.iter().any(is_done));
    assert_eq!(fs::read(snapshot(&home).join("one.safetensors")).unwrap(), vec![5; 600_000]);
    let asked = heard(&shared);
    let from_start =
        |line: &String| line.starts_with("GET") && line.contains("one.safetensors") && line.contains(" 0 ");
    assert!(!asked.is_empty() && !asked.iter().any(from_start), "{asked:?}");
    for name in ["some-body/dreamer", "somebody/dreamer"] {
        assert!(downloads.give_up(name), "the store is to delete it");
        let listed = downloads.list().into_iter().find(|download| download.name == name);
        assert_eq!(listed.unwrap().state, DownloadState::Stopping);
        assert!(unfinished::discard(name, &paths));
        downloads.forget(name);
    }
    assert_eq!(downloads.list().len(), 1);
    assert_nothing_unfinished(&home);
    assert_eq!(files_below(&repository(&home).join("blobs")).len(), 1, "only what is whole is left");
}

#[test]
fn a_model_that_cannot_come_to_its_place_is_still_found_and_resumed() {
    let home = TempDir::new().unwrap();
    let (hub, shared) = start(model());
    let paths = Paths::under(home.path());
    // As if the program ended right before the last step: something stands where the files are to be shown.
    fs::create_dir_all(repository(&home)).unwrap();
    fs::write(repository(&home).join("snapshots"), "").unwrap();
    let stopped = pull(&hub, "somebody/dreamer", &paths, &mut |_| true);
    assert!(matches!(stopped, Err(DownloadError::Write { .. })), "{stopped:?}");
    let left = unfinished::list(&paths);
    assert!(matches!(&left[..], [left] if left.bytes_done == left.bytes_total), "{left:?}");
    fs::remove_file(repository(&home).join("snapshots")).unwrap();
    heard(&shared);
    assert_eq!(fetch(&hub, &home, "somebody/dreamer").unwrap(), snapshot(&home));
    let asked = heard(&shared);
    assert!(asked.iter().all(|line| !line.contains("/resolve/")), "something was fetched again: {asked:?}");
    assert_nothing_unfinished(&home);
}

#[test]
fn of_a_repository_that_moved_on_nothing_old_is_left() {
    let home = TempDir::new().unwrap();
    let (hub, shared) = start(model());
    let paths = Paths::under(home.path());
    assert!(pull(&hub, "somebody/dreamer", &paths, &mut |progress| progress.bytes_done < 150_000).is_err());
    {
        let mut site = shared.lock().unwrap();
        site.revision = "def456".into();
        site.files.insert(WEIGHTS.into(), vec![3; 200_000]);
    }
    let folder = fetch(&hub, &home, "somebody/dreamer").unwrap();
    assert_eq!(fs::read(folder.join(WEIGHTS)).unwrap(), vec![3; 200_000]);
    assert_nothing_unfinished(&home);
    assert_eq!(files_below(&repository(&home).join("blobs")).len(), 4);
}

#[test]
fn a_gated_model_asks_for_a_token() {
    let home = TempDir::new().unwrap();
    let mut site = model();
    site.faults.insert("info".into(), vec![Fault::Status(401)]);
    let (hub, _) = start(site);
    let downloads = Downloads::new(Paths::under(home.path()), Arc::new(|| ()));
    downloads.start("somebody/dreamer", || hub);
    wait_for(&downloads, |list| matches!(&list[0].state, DownloadState::NeedsToken));
    // The same hub, asked by somebody who may.
    let (hub, shared) = start(model());
    downloads.start("somebody/dreamer", || hub.with_token(Some("hf_mine".into())));
    wait_for(&downloads, |list| is_done(&list[0]));
    assert!(heard(&shared).iter().any(|line| line.ends_with("bearer hf_mine")));
}
