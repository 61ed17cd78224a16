//! The real program in a real window on a virtual screen: type words, press the keys, find the picture.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Long enough for a slow machine that does other things as well; nothing is timed here.
const PATIENCE: Duration = Duration::from_mins(4);

/// Ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied()).stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap_or_else(|error| panic!("{program} is needed ({error}); .ci/run installs it")))
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn pictures_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(days) = fs::read_dir(folder) else { return Vec::new() };
    let files = days.filter_map(|day| fs::read_dir(day.ok()?.path()).ok()).flatten();
    files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "png"))
        .collect()
}

#[test]
fn typing_words_and_pressing_the_keys_makes_a_picture() {
    let home = TempDir::new().unwrap();
    let home_path = home.path().display().to_string();
    let display = format!(":{}", 100 + std::process::id() % 400);
    let _screen = start("Xvfb", &[&display, "-screen", "0", "1280x800x24", "-nolisten", "tcp"], &[]);
    wait_for("the virtual screen", || Path::new(&format!("/tmp/.X11-unix/X{}", &display[1..])).exists().then_some(()));
    let environment = [
        ("DISPLAY", display.as_str()),
        ("INKWICK_HOME", &home_path),
        ("LIBGL_ALWAYS_SOFTWARE", "1"),
        ("WAYLAND_DISPLAY", ""),
    ];
    let xdotool = |arguments: &[&str]| {
        Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &display)
            .output()
            .expect("xdotool is needed; .ci/run installs it")
    };
    let mut window = start(env!("CARGO_BIN_EXE_inkwick"), &[], &environment);
    let id = wait_for("the window", || {
        let found = xdotool(&["search", "--onlyvisible", "--name", "^Inkwick$"]).stdout;
        String::from_utf8(found).ok()?.lines().next().map(str::to_owned)
    });
    xdotool(&["windowfocus", "--sync", &id]);

    // The prompt has the keyboard from the start. Keys that come before the first frame would be lost: press until it runs.
    xdotool(&["type", "--delay", "30", "a red apple"]);
    let pictures = home.path().join("pictures");
    let mut pressed = Instant::now();
    xdotool(&["key", "ctrl+Return"]);
    let file = wait_for("the picture in the gallery", || {
        if pressed.elapsed() > Duration::from_secs(90) {
            pressed = Instant::now();
            xdotool(&["key", "ctrl+Return"]);
        }
        pictures_in(&pictures).pop()
    });
    let picture = image::open(&file).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (256, 256));
    let mean = |channel: usize| {
        let values = picture.pixels().skip(256 * 128 + 64).take(128).map(|pixel| u64::from(pixel[channel]));
        values.sum::<u64>() / 128
    };
    assert!(mean(0) > mean(1) + 40 && mean(0) > mean(2) + 20, "in the middle of the apple it is red");

    xdotool(&["key", "ctrl+q"]);
    let status = wait_for("the end", || window.0.try_wait().unwrap());
    assert!(status.success());
    let settings = fs::read_to_string(home.path().join("settings.ron")).unwrap();
    assert!(settings.contains("a red apple"), "the prompt is there again tomorrow");
}
