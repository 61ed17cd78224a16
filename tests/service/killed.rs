//! kill -9 of the real program at random moments: nothing that was taken is lost, nothing is made otherwise for it, and no
//! leftovers pile up. `INKWICK_KILLS` says how often; the rest of a killed write is looked for in every folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::Program;
use crate::scene::{PATIENCE, decoded, events_in};

fn kills() -> u32 {
    std::env::var("INKWICK_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10)
}

/// The same moments in every run of the tests.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Always the same picture for the same seed.
fn order(seed: u64) -> String {
    // Schedulers that carry different things from step to step, one with noise of its own.
    let scheduler = ["dpm++-2m", "unipc", "euler-a", "lms"][seed as usize % 4];
    let body =
        json!({"prompt": "a red apple", "seed": seed, "steps": 24, "width": 64, "height": 64, "scheduler": scheduler});
    body.to_string()
}

fn submit(program: &Program, seed: u64) -> String {
    let (status, text) = program.ask("POST", "/v1/jobs", "", &order(seed));
    taken(status, &text)
}

/// The id of what was asked for.
#[track_caller]
fn taken(status: u16, text: &str) -> String {
    assert_eq!(status, 202, "{text}");
    serde_json::from_str::<Value>(text).unwrap()["job_id"].as_str().unwrap().to_owned()
}

/// The finished picture's file, as the last event has it.
fn finished(program: &Program, id: &str) -> Vec<u8> {
    let (status, text) = program.ask("GET", &format!("/v1/jobs/{id}/stream"), "", "");
    assert_eq!(status, 200, "{id}: {text}");
    let last = events_in(&text).pop().unwrap();
    assert_eq!(last.name, "complete", "{id}: {text}");
    decoded(last.data["image"].as_str().unwrap())
}

/// Files of which a write was interrupted, at any depth.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path()) {
        if path.is_dir() {
            found.extend(leftovers(&path));
        } else if path.extension().is_some_and(|ending| ending == "part") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_killed_server_loses_nothing_and_makes_the_same_pictures() {
    const PICTURES: u64 = 5;
    // As they are when nobody kills it.
    let undisturbed = Program::start(&[], None);
    let wanted: BTreeMap<u64, Vec<u8>> =
        (0..PICTURES).map(|seed| (seed, finished(&undisturbed, &submit(&undisturbed, seed)))).collect();
    drop(undisturbed);

    let mut dice = Dice(7);
    let mut home = TempDir::new().unwrap();
    let mut asked: Vec<(String, u64)> = Vec::new();
    for kill in 0..kills() {
        let program = Program::start_in(home, &[], None);
        for (id, _) in &asked {
            let (status, text) = program.ask("GET", &format!("/v1/jobs/{id}"), "", "");
            assert_eq!(status, 200, "kill {kill} lost {id}: {text}");
        }
        let count = 1 + dice.up_to(3);
        for _ in 0..count {
            let seed = dice.up_to(PICTURES);
            let (status, text) = program.ask("POST", "/v1/jobs", "", &order(seed));
            // A slow machine killed often has a full queue, which has lost nothing.
            if status != 429 {
                asked.push((taken(status, &text), seed));
            }
        }
        std::thread::sleep(Duration::from_millis(dice.up_to(1500)));
        home = program.kill();
        let left = leftovers(home.path()).len();
        assert!(left <= 2, "kill {kill}: {:?}", leftovers(home.path()));
    }
    let program = Program::start_in(home, &[], None);
    for (id, seed) in &asked {
        assert!(finished(&program, id) == wanted[seed], "{id} (seed {seed}) is another picture for being interrupted");
    }
    let listed: Value = serde_json::from_str(&program.ask("GET", "/v1/jobs", "", "").1).unwrap();
    assert_eq!(listed["jobs"].as_array().unwrap().len(), asked.len(), "none is there twice");
    // What is being written is no leftover, and a busy disk takes its time.
    let begun = std::time::Instant::now();
    while !leftovers(program.home.path()).is_empty() && begun.elapsed() < std::time::Duration::from_mins(1) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(leftovers(program.home.path()), Vec::<PathBuf>::new());
    let aside = program.home.path().join("service/queue/set-aside");
    assert!(!aside.exists(), "no job was damaged");
}

#[test]
fn a_server_that_is_asked_to_stop_keeps_what_has_not_begun() {
    let program = Program::start(&[], None);
    let ids: Vec<(String, u64)> = (0..4).map(|seed| (submit(&program, seed), seed)).collect();
    let home = program.ask_to_stop();
    let program = Program::start_in(home, &[], None);
    for (id, _) in &ids {
        finished(&program, id);
    }
}

/// Runs this test program again with one test that writes until it is killed.
fn writer(home: &Path, test: &str) -> std::process::Child {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", test, "--test-threads", "1"]).env("INKWICK_KILLED_HOME", home);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
}

#[test]
#[ignore = "it writes until it is killed: the test below starts it"]
fn write_settings_for_ever() {
    let Some(home) = std::env::var_os("INKWICK_KILLED_HOME") else { return };
    let paths = inkwick::store::paths::Paths::under(Path::new(&home));
    let started = Instant::now();
    for number in 0_u64.. {
        let mut settings = inkwick::store::settings::Settings::load(&paths.settings_file).settings;
        settings.remember_prompt(&format!("prompt {number} {}", "and so on ".repeat(200)));
        settings.save(&paths.settings_file).unwrap();
        if started.elapsed() > PATIENCE {
            return;
        }
    }
}

#[test]
fn settings_that_were_being_written_are_whole_whenever_it_is_killed() {
    let home = TempDir::new().unwrap();
    let paths = inkwick::store::paths::Paths::under(home.path());
    let mut dice = Dice(11);
    for kill in 0..kills() {
        let mut child = writer(home.path(), "killed::write_settings_for_ever");
        let begun = Instant::now();
        while !paths.settings_file.exists() {
            assert!(begun.elapsed() < PATIENCE, "it writes nothing");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(20 + dice.up_to(150)));
        child.kill().unwrap();
        child.wait().unwrap();
        let loaded = inkwick::store::settings::Settings::load(&paths.settings_file);
        assert!(loaded.problem.is_none(), "kill {kill}: {:?}", loaded.problem.map(|problem| problem.to_string()));
        assert!(!loaded.settings.prompt_history.is_empty(), "kill {kill}");
        assert_eq!(leftovers(home.path()), Vec::<PathBuf>::new(), "kill {kill}: what was read is swept");
    }
}
