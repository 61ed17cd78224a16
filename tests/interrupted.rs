//! kill -9 in the middle of writes, and a disk that is full: nothing finished is lost, nothing unreadable stays, no leftovers
//! pile up. The writers run in a process of their own, which says what is finished; `INKWICK_KILLS` says how often each is
//! killed.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use inkwick::job::{Destination, InitPicture, JobId, JobKeeper, JobNote, Keep, Request, Task};
use inkwick::raster::Picture;
use inkwick::store::paths::Paths;
use inkwick::store::pictures::gallery::Gallery;
use inkwick::store::pictures::picture_file;
use inkwick::store::queue::QueueKeeper;
use inkwick::store::settings::Settings;
use inkwick::store::worker::{StoreCommand, StoreEvent, StoreHandle};

/// Where the writer works, and what it writes; without it the writer is no test.
const FOLDER: &str = "INKWICK_WRITES_IN";
const KIND: &str = "INKWICK_WRITES";
const PATIENCE: Duration = Duration::from_mins(2);

/// One after the other: a process that is just being started has what its parent has locked at that moment.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kills() -> u64 {
    std::env::var("INKWICK_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10)
}

/// A picture that packs badly, so that its file takes a while.
fn picture(seed: u64) -> Picture {
    let mut value = seed;
    let bytes = (0..96 * 96 * 4).map(|at| {
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if at % 4 == 3 { 255 } else { (value >> 56) as u8 }
    });
    Picture::from_rgba(96, 96, bytes.collect()).unwrap()
}

fn request(number: u64) -> Request {
    Request { prompt: format!("number{number}"), seed: number, ..Request::default() }
}

fn say(what: &str, number: u64) {
    // One write: a line is there or not.
    let line = format!("\n@ {what} {number}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

/// The other process: writes until it is killed, or until there is no room, which must be said by an error.
#[test]
fn writes_until_it_is_killed() {
    let (Some(folder), Ok(kind)) = (std::env::var_os(FOLDER), std::env::var(KIND)) else { return };
    let paths = Paths::under(Path::new(&folder));
    let first = std::env::var("INKWICK_WRITES_FROM").unwrap().parse::<u64>().unwrap();
    let mut failures = 0;
    match kind.as_str() {
        "gallery" => {
            let gallery = Gallery::new(&paths);
            for number in first.. {
                match gallery.save(&picture(number), &request(number)) {
                    Ok(_) => say("done", number),
                    Err(_) => failures += 1,
                }
                if failures > 20 {
                    break;
                }
            }
        }
        "settings" => {
            let mut settings = Settings::load(&paths.settings_file).settings;
            for number in first.. {
                // It grows until it has no room.
                settings.results.push(format!("/pictures/{number}-{}.png", "x".repeat(8000)).into());
                settings.draft.seed = Some(number);
                match settings.save(&paths.settings_file) {
                    Ok(()) => say("done", number),
                    Err(_) => failures += 1,
                }
                if failures > 20 {
                    break;
                }
            }
        }
        "queue" => {
            let keeper = QueueKeeper::open(&paths.queue_folder(), Arc::new(|| {})).unwrap();
            drop(keeper.flush());
            let left = keeper.take_left().unwrap();
            for kept in &left.jobs {
                keeper.add(JobId(kept.note.press), &kept.task, &kept.destination, Keep::Known(kept.key));
            }
            let mut waiting: Vec<JobId> = left.jobs.iter().map(|kept| JobId(kept.note.press)).collect();
            for number in first.. {
                let init = Some(InitPicture { picture: Arc::new(picture(number)), strength: 0.5 });
                let task: Task = Request { init, ..request(number) }.into();
                let note = JobNote { press: number, name: String::new() };
                keeper.add(JobId(number), &task, &Destination::Gallery, Keep::New(note));
                waiting.push(JobId(number));
                keeper.order(&waiting);
                drop(keeper.flush());
                if keeper.take_problem().is_some() {
                    failures += 1;
                } else if failures == 0 {
                    say("done", number);
                }
                if number % 3 == 0 && failures == 0 {
                    let ended = waiting.remove(0);
                    // Said before: it may be gone from now on.
                    say("ends", ended.0);
                    keeper.end(ended);
                    drop(keeper.flush());
                    say("ended", ended.0);
                }
                // It is reported once, until the disk takes something again.
                failures += u32::from(failures > 0);
                if failures > 3 {
                    break;
                }
            }
        }
        "index" => {
            let gallery = Gallery::new(&paths);
            let store = StoreHandle::start(&paths, Arc::new(|| {})).unwrap();
            for number in first.. {
                failures += u32::from(gallery.save(&picture(number), &request(number)).is_err());
                store.send(StoreCommand::ScanGallery);
                let _ = search(&store, &format!("number{number}"));
                say("done", number);
                if failures > 3 {
                    break;
                }
            }
        }
        other => panic!("{other} is no kind of write"),
    }
    say("full", 0);
}

/// How many the search finds, once it is answered.
fn search(store: &StoreHandle, text: &str) -> usize {
    store.send(StoreCommand::SearchGallery(text.to_owned()));
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match store.try_recv() {
            Some(StoreEvent::Found { text: found, pictures }) if found == text => {
                return pictures.map_or(0, |found| found.len());
            }
            Some(_) => {}
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    panic!("the search for {text} was never answered");
}

/// What the writer said: the last line of each kind, and all numbers of it.
struct Writer {
    process: Child,
    said: Receiver<(String, u64)>,
}

impl Writer {
    fn begin(home: &Path, kind: &str, first: u64, prefix: &[&str]) -> Self {
        let program = std::env::current_exe().unwrap().display().to_string();
        let mut words: Vec<&str> = prefix.to_vec();
        words.extend([program.as_str(), "writes_until_it_is_killed", "--exact", "--nocapture", "--test-threads=1"]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env(FOLDER, home).env(KIND, kind).env("INKWICK_WRITES_FROM", first.to_string());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut words = line.strip_prefix("@ ").unwrap_or_default().split(' ').map(str::to_owned);
                if let (Some(what), Some(number)) = (words.next(), words.next().and_then(|number| number.parse().ok()))
                {
                    let _ = sender.send((what, number));
                }
            }
        });
        Self { process, said }
    }

    /// After the first thing is finished it goes on for so long, and no further. All that was said.
    fn killed_after(mut self, rest: Duration) -> Vec<(String, u64)> {
        let first = self.said.recv_timeout(PATIENCE).expect("something is finished");
        std::thread::sleep(rest);
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::once(first).chain(self.said).collect()
    }

    /// Until it ends by itself, which it must without a fault.
    fn until_it_ends(mut self) -> Vec<(String, u64)> {
        let status = self.process.wait().unwrap();
        let said: Vec<(String, u64)> = self.said.iter().collect();
        assert!(status.success() && said.last().is_some_and(|(what, _)| what == "full"), "{status}: {said:?}");
        said
    }
}

fn numbers<'a>(said: &'a [(String, u64)], what: &'a str) -> impl Iterator<Item = u64> + 'a {
    said.iter().filter(move |(said, _)| said == what).map(|(_, number)| *number)
}

/// Files at any depth.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path()) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn leftovers(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "part")).collect()
}

/// The same moments in every run.
fn moment(kill: u64) -> Duration {
    let mixed = (kill + 1).wrapping_mul(6_364_136_223_846_793_005) >> 40;
    Duration::from_micros(mixed % 60_000)
}

/// Whatever happened: all that was finished is there, and the next start finds nothing that it cannot read.
fn look_at_gallery(home: &Path, finished: &BTreeSet<u64>) {
    let paths = Paths::under(home);
    let gallery = Gallery::new(&paths);
    let mut found = BTreeSet::new();
    for picture in gallery.scan().unwrap().iter().flat_map(|day| &day.pictures) {
        picture_file::read(&picture.path).unwrap_or_else(|error| panic!("a picture cannot be read: {error}"));
        let request = picture_file::read_request(&picture.path).unwrap().expect("its settings");
        assert!(found.insert(request.seed), "{} is there twice", request.seed);
    }
    let lost: Vec<&u64> = finished.difference(&found).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    // A file's number belongs to one file alone.
    let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
    let names: Vec<String> =
        files(&paths.pictures_folder).iter().map(name).filter(|name| !name.starts_with('.')).collect();
    let numbers: BTreeSet<&str> = names.iter().filter_map(|name| name.split('-').next()).collect();
    assert_eq!(numbers.len(), names.len(), "{names:?}");
}

fn look_at_settings(home: &Path, last: Option<u64>) {
    let file = Paths::under(home).settings_file;
    let loaded = Settings::load(&file);
    assert!(loaded.problem.is_none(), "{:?}", loaded.problem);
    assert!(loaded.settings.draft.seed >= last, "{:?} instead of {last:?}", loaded.settings.draft.seed);
    assert!(!file.with_extension("ron.broken").exists());
}

fn look_at_queue(home: &Path, waiting: &BTreeSet<u64>, may_be_gone: &BTreeSet<u64>, ended: &BTreeSet<u64>) {
    let keeper = QueueKeeper::open(&Paths::under(home).queue_folder(), Arc::new(|| {})).unwrap();
    assert_eq!(keeper.flush(), None);
    let left = keeper.take_left().unwrap();
    assert!(left.notices.is_empty(), "{:?}", left.notices);
    let mut found = BTreeMap::new();
    for kept in &left.jobs {
        let request = kept.task.request();
        assert!(*request.init.as_ref().unwrap().picture == picture(request.seed), "another picture came back");
        found.insert(request.seed, kept.key);
    }
    let lost: Vec<&u64> = waiting.iter().filter(|job| !found.contains_key(job) && !may_be_gone.contains(job)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let back: Vec<&u64> = ended.iter().filter(|job| found.contains_key(job)).collect();
    assert!(back.is_empty(), "these had ended: {back:?}");
    assert!(left.jobs.is_sorted_by_key(|kept| kept.task.request().seed), "in their order");
}

#[test]
fn a_gallery_that_is_killed_while_it_saves_loses_nothing() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let mut finished = BTreeSet::new();
    for kill in 0..kills() {
        let said = Writer::begin(home.path(), "gallery", kill * 10_000, &[]).killed_after(moment(kill));
        finished.extend(numbers(&said, "done"));
        look_at_gallery(home.path(), &finished);
        // A kill may leave a reserved number, which is taken away when it is old: another program could have it.
        let is_write = |file: &&PathBuf| file.file_name().unwrap().to_string_lossy().starts_with(".inkwick-");
        let left = leftovers(home.path());
        let writes = left.iter().filter(is_write).count();
        assert!(writes <= 2 && (left.len() - writes) as u64 <= kill + 1, "kill {kill}: {left:?}");
    }
    assert!(finished.len() as u64 > kills());
}

#[test]
fn settings_that_are_killed_while_they_are_saved_are_the_old_or_the_new_ones() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    for kill in 0..kills() {
        let said = Writer::begin(home.path(), "settings", kill * 10_000, &[]).killed_after(moment(kill));
        look_at_settings(home.path(), numbers(&said, "done").max());
        // The load was a start of the program: it takes away what was half written.
        assert_eq!(leftovers(home.path()), Vec::<PathBuf>::new(), "kill {kill}");
    }
}

#[test]
fn a_queue_that_is_killed_while_it_is_written_loses_nothing_and_brings_nothing_back() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let (mut waiting, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for kill in 0..kills() {
        let said = Writer::begin(home.path(), "queue", kill * 10_000 + 1, &[]).killed_after(moment(kill));
        waiting.extend(numbers(&said, "done"));
        ended.extend(numbers(&said, "ended"));
        let ends: BTreeSet<u64> = numbers(&said, "ends").collect();
        look_at_queue(home.path(), &waiting.difference(&ended).copied().collect(), &ends, &ended);
        // What was being ended is known now, one way or the other.
        for job in ends {
            waiting.remove(&job);
        }
        assert_eq!(leftovers(home.path()), Vec::<PathBuf>::new(), "kill {kill}");
    }
}

#[test]
fn an_index_that_is_killed_while_it_is_written_finds_everything_again() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::under(home.path());
    for kill in 0..kills() {
        let said = Writer::begin(home.path(), "index", kill * 10_000, &[]).killed_after(moment(kill));
        let last = numbers(&said, "done").max().unwrap();
        let store = StoreHandle::start(&paths, Arc::new(|| {})).unwrap();
        store.send(StoreCommand::ScanGallery);
        let start = Instant::now();
        while search(&store, &format!("number{last}")) == 0 {
            assert!(start.elapsed() < PATIENCE, "kill {kill}: number{last} is found no more");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    look_at_gallery(home.path(), &BTreeSet::new());
}

/// On a small disk of its own, where the system lets anybody mount one; else with files that may not grow beyond a size,
/// which fail in the middle in the same way. Gives what was said, and looks at the rest before the disk is gone.
fn on_a_full_disk(kind: &str) -> (tempfile::TempDir, Vec<(String, u64)>) {
    let home = tempfile::tempdir().unwrap();
    let disk = home.path().join("disk");
    fs::create_dir(&disk).unwrap();
    // The disk ends with its process: what it holds is copied out of it.
    let out = home.path().join("kept");
    let mounted = format!(
        "mount -t tmpfs -o size=1200k tmpfs '{0}' || exit 99; \"$@\"; status=$?; cp -a '{0}' '{1}'; exit $status",
        disk.display(),
        out.display()
    );
    let writer = Writer::begin(&disk, kind, 1, &["unshare", "-Urm", "sh", "-c", &mounted, "sh"]);
    let mut process = writer.process;
    let status = process.wait().unwrap();
    if status.success() {
        return (home, writer.said.iter().collect());
    }
    fs::create_dir(&out).unwrap();
    // Half-kilobytes, of each file; the signal would end the process.
    let limited = "trap '' XFSZ; ulimit -f 40; exec \"$@\"";
    (home, Writer::begin(&out, kind, 1, &["sh", "-c", limited, "sh"]).until_it_ends())
}

#[test]
fn a_full_disk_costs_nothing_that_was_finished() {
    let _turn = turn();
    for kind in ["gallery", "settings", "queue", "index"] {
        let (home, said) = on_a_full_disk(kind);
        let kept = home.path().join("kept");
        assert!(said.last().is_some_and(|(what, _)| what == "full"), "{kind}: {said:?}");
        let done: BTreeSet<u64> = numbers(&said, "done").collect();
        match kind {
            "gallery" => look_at_gallery(&kept, &done),
            "settings" => look_at_settings(&kept, done.last().copied()),
            "queue" => {
                let ended: BTreeSet<u64> = numbers(&said, "ended").collect();
                let ends: BTreeSet<u64> = numbers(&said, "ends").collect();
                look_at_queue(&kept, &done.difference(&ended).copied().collect(), &ends, &ended);
            }
            _ => look_at_gallery(&kept, &BTreeSet::new()),
        }
        // Half of a picture is nothing that anybody could use, and room that others need.
        assert_eq!(leftovers(&kept), Vec::<PathBuf>::new(), "{kind}");
    }
}
