//! The real program in a real window on a virtual screen: type words, press the keys, paint, find the picture.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use inkwick::canvas::Document;
use inkwick::job::InpaintSettings;
use inkwick::store::canvas::journal::Journal;
use inkwick::store::settings::{Settings, WindowPlace};

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

/// Does it, and does it again where nothing came of it: what arrives before a window listens is lost.
fn until<T>(what: &str, act: impl Fn(), mut look: impl FnMut() -> Option<T>) -> T {
    act();
    let mut acted = Instant::now();
    wait_for(what, || {
        let found = look();
        if found.is_none() && acted.elapsed() > Duration::from_mins(1) {
            act();
            acted = Instant::now();
        }
        found
    })
}

fn pictures_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(days) = fs::read_dir(folder) else { return Vec::new() };
    let files = days.filter_map(|day| fs::read_dir(day.ok()?.path()).ok()).flatten();
    files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "png"))
        .collect()
}

/// One window after the other: three at once draw so slowly that they miss what is typed.
static TURN: Mutex<()> = Mutex::new(());

/// A virtual screen and a home folder of its own.
struct Desk {
    display: String,
    home: TempDir,
    _screen: Running,
    _turn: MutexGuard<'static, ()>,
}

impl Desk {
    fn new() -> Self {
        Self::with(Some(Settings::default()))
    }

    /// Nobody has worked here before: no settings, and so a window of the program's own size.
    fn of_a_newcomer() -> Self {
        Self::with(None)
    }

    fn with(settings: Option<Settings>) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let home = TempDir::new().unwrap();
        let window = WindowPlace { size: Some([1280.0, 800.0]), position: Some([0.0, 0.0]), maximized: false };
        if let Some(settings) = settings {
            Settings { window, ..settings }.save(&home.path().join("settings.ron")).unwrap();
        }
        // It takes the first free number, and tells it once it can be used. Without `-noreset` it starts anew when its
        // last client goes, and turns away who comes in that moment.
        let mut command = Command::new("Xvfb");
        command
            .args(["-displayfd", "1", "-noreset", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped());
        let mut screen = Running(command.stderr(Stdio::null()).spawn().expect("Xvfb is needed; .ci/run installs it"));
        let mut number = String::new();
        BufReader::new(screen.0.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { display: format!(":{}", number.trim()), home, _screen: screen, _turn: turn }
    }

    fn xdotool(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("xdotool");
        let done = command.args(arguments).env("DISPLAY", &self.display).output();
        done.expect("xdotool is needed; .ci/run installs it").stdout
    }

    /// Starts the program and waits for its window.
    fn open(&self, arguments: &[&str]) -> Running {
        let home = self.home.path().display().to_string();
        let environment = [
            ("DISPLAY", self.display.as_str()),
            ("INKWICK_HOME", &home),
            ("LIBGL_ALWAYS_SOFTWARE", "1"),
            ("WAYLAND_DISPLAY", ""),
        ];
        let said = self.home.path().join("said.txt");
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
        command.args(arguments).envs(environment).stdout(Stdio::null()).stderr(File::create(&said).unwrap());
        let mut window = Running(command.spawn().unwrap());
        let id = wait_for("the window", || {
            let ended = window.0.try_wait().unwrap();
            assert!(ended.is_none(), "it ended ({ended:?}): {}", fs::read_to_string(&said).unwrap());
            let found = self.xdotool(&["search", "--onlyvisible", "--name", "^Inkwick$"]);
            String::from_utf8(found).ok()?.lines().next().map(str::to_owned)
        });
        self.xdotool(&["windowfocus", "--sync", &id]);
        window
    }

    fn key(&self, key: &str) {
        self.xdotool(&["key", key]);
        std::thread::sleep(Duration::from_millis(400));
    }

    fn write(&self, words: &str) {
        self.xdotool(&["type", "--delay", "30", words]);
        std::thread::sleep(Duration::from_millis(400));
    }

    fn click(&self, (x, y): (i32, i32)) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
        std::thread::sleep(Duration::from_millis(300));
        self.xdotool(&["click", "1"]);
        std::thread::sleep(Duration::from_millis(400));
    }

    fn pictures(&self) -> Vec<PathBuf> {
        pictures_in(&self.home.path().join("pictures"))
    }

    fn drag(&self, way: &[(i32, i32)]) {
        let go = |(x, y): (i32, i32)| self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
        go(way[0]);
        std::thread::sleep(Duration::from_millis(200));
        self.xdotool(&["mousedown", "1"]);
        for place in way {
            go(*place);
            std::thread::sleep(Duration::from_millis(60));
        }
        self.xdotool(&["mouseup", "1"]);
        std::thread::sleep(Duration::from_millis(200));
    }

    /// A stroke of the brush that is found in the journal.
    fn paint(&self, way: &[(i32, i32)]) {
        // Into the middle of the canvas, which also takes the keyboard from the prompt.
        self.drag(&[(670, 400), (671, 400)]);
        std::thread::sleep(Duration::from_millis(300));
        let before = self.journal_bytes();
        let stroke = || {
            self.xdotool(&["key", "b"]);
            self.drag(way);
        };
        until("the stroke in the journal", stroke, || (self.journal_bytes() > before).then_some(()));
    }

    /// Presses the keys and waits for the picture.
    fn generate(&self) -> PathBuf {
        let press = || drop(self.xdotool(&["key", "ctrl+Return"]));
        until("the picture in the gallery", press, || pictures_in(&self.home.path().join("pictures")).pop())
    }

    /// The canvas as the next start would find it. Only while no program has it open.
    fn kept_canvas(&self) -> Document {
        wait_for("the journal", || Journal::open(&self.home.path().join("canvas")).ok()).1
    }

    fn journal_bytes(&self) -> u64 {
        fs::metadata(self.home.path().join("canvas/journal")).map_or(0, |file| file.len())
    }
}

#[test]
fn typing_words_and_pressing_the_keys_makes_a_picture() {
    let desk = Desk::new();
    let mut window = desk.open(&[]);
    // The prompt has the keyboard from the start.
    desk.xdotool(&["type", "--delay", "30", "a red apple"]);
    let file = desk.generate();
    let picture = image::open(&file).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (256, 256));
    let mean = |channel: usize| {
        let values = picture.pixels().skip(256 * 128 + 64).take(128).map(|pixel| u64::from(pixel[channel]));
        values.sum::<u64>() / 128
    };
    assert!(mean(0) > mean(1) + 40 && mean(0) > mean(2) + 20, "in the middle of the apple it is red");

    desk.xdotool(&["key", "ctrl+q"]);
    let status = wait_for("the end", || window.0.try_wait().unwrap());
    assert!(status.success());
    let settings = fs::read_to_string(desk.home.path().join("settings.ron")).unwrap();
    assert!(settings.contains("a red apple"), "the prompt is there again tomorrow");
}

#[test]
fn a_painted_mask_survives_the_programs_sudden_end() {
    let desk = Desk::new();
    let photo = desk.home.path().join("photo.png");
    image::RgbImage::from_fn(256, 256, |x, y| image::Rgb([x as u8, y as u8, 90])).save(&photo).unwrap();
    let mut window = desk.open(&[&photo.display().to_string()]);
    wait_for("the photo in the journal", || (desk.journal_bytes() > 500).then_some(()));
    desk.paint(&[(620, 380), (660, 400), (720, 380)]);
    window.0.kill().unwrap();
    window.0.wait().unwrap();
    let kept = desk.kept_canvas();
    let mask = kept.mask().plane().clone();
    assert_eq!(kept.size_px(), Some([256, 256]));
    assert_eq!(kept.picture().and_then(|picture| picture.pixel(30, 200)), Some([30, 200, 90, 255]));
    let painted = kept.mask().bounds().expect("the stroke is there");
    assert!(painted.width() > painted.height() && painted.width() < 120, "{painted:?}");
    drop(kept);

    // Killed again at once, in the middle of the next stroke: the one that ended stays.
    let mut window = desk.open(&[]);
    std::thread::sleep(Duration::from_secs(1));
    desk.xdotool(&["mousemove", "600", "300", "mousedown", "1", "mousemove", "640", "320"]);
    window.0.kill().unwrap();
    window.0.wait().unwrap();
    let again = desk.kept_canvas();
    assert!(*again.mask().plane() == mask, "the same canvas");
    assert!(again.can_undo());
}

#[test]
fn a_painted_part_is_made_anew_and_every_other_pixel_stays() {
    let desk = Desk::new();
    let file = desk.home.path().join("photo.png");
    let photo = image::RgbImage::from_fn(480, 360, |x, y| image::Rgb([(x / 2) as u8, (y / 2) as u8, (x ^ y) as u8]));
    photo.save(&file).unwrap();
    let mut window = desk.open(&[&file.display().to_string()]);
    wait_for("the photo in the journal", || (desk.journal_bytes() > 500).then_some(()));
    // On a photo the keys are the canvas's, until the prompt is asked for.
    desk.xdotool(&["key", "ctrl+p"]);
    std::thread::sleep(Duration::from_millis(500));
    desk.xdotool(&["type", "--delay", "30", "a red apple"]);
    desk.paint(&[(600, 330), (660, 360), (720, 330), (700, 380)]);
    let made = desk.generate();
    desk.xdotool(&["key", "ctrl+q"]);
    wait_for("the end", || window.0.try_wait().unwrap());

    let kept = desk.kept_canvas();
    let mask = kept.mask().plane();
    let may_change = mask.grown(InpaintSettings::default().feather_reach_px());
    let made = image::open(&made).unwrap().to_rgb8();
    assert_eq!(made.dimensions(), photo.dimensions());
    let (mut outside_px, mut inside_px, mut changed_px) = (0, 0, 0);
    for (x, y, pixel) in made.enumerate_pixels() {
        let is_same = pixel == photo.get_pixel(x, y);
        if may_change.row(y)[x as usize] == 0 {
            outside_px += 1;
            assert!(
                is_same,
                "({x}, {y}) lies outside the mask {:?} and its feather, and became {pixel:?}",
                kept.mask().bounds()
            );
        } else if mask.row(y)[x as usize] == 255 {
            inside_px += 1;
            changed_px += i32::from(!is_same);
        }
    }
    assert!(outside_px > 480 * 360 / 2 && inside_px > 500, "{outside_px} outside, {inside_px} inside");
    assert!(changed_px * 10 > inside_px * 9, "{changed_px} of {inside_px} painted pixels changed");
}

/// Everything by keys: words, a picture, accepting it, another one of it, the palette, a copy in a file.
#[test]
fn a_newcomer_gets_along_with_the_keyboard_alone() {
    let desk = Desk::of_a_newcomer();
    let mut window = desk.open(&[]);
    // The tour is there, and in nobody's way.
    desk.write("a red apple");
    let first = desk.generate();
    assert_eq!(image::open(&first).unwrap().to_rgb8().dimensions(), (256, 256));
    // The first Escape ends the tour, the next one leaves the prompt; then Enter accepts what is shown.
    desk.key("Escape");
    desk.key("Escape");
    until("the accepted picture in the journal", || desk.key("Return"), || (desk.journal_bytes() > 500).then_some(()));
    until("the repainted one", || desk.key("ctrl+Return"), || (desk.pictures().len() == 2).then_some(()));

    // The palette runs an action by its name.
    desk.key("ctrl+k");
    desk.write("mask everything");
    let before = desk.journal_bytes();
    desk.key("Return");
    wait_for("the mask in the journal", || (desk.journal_bytes() > before).then_some(()));

    // No desktop portal answers here: the window asks for the path itself.
    let copy = desk.home.path().join("my picture.png");
    desk.key("ctrl+shift+s");
    std::thread::sleep(Duration::from_secs(2));
    desk.key("ctrl+a");
    desk.write(&copy.display().to_string());
    desk.key("Return");
    wait_for("the copy", || copy.exists().then_some(()));

    desk.key("ctrl+q");
    let status = wait_for("the end", || window.0.try_wait().unwrap());
    assert!(status.success());
    assert!(!Settings::load(&desk.home.path().join("settings.ron")).is_first_start, "no tour tomorrow");
    let kept = desk.kept_canvas();
    assert_eq!(kept.size_px(), Some([256, 256]));
    assert_eq!(kept.mask().bounds().map(|all| (all.width(), all.height())), Some((256, 256)));
}

/// Everything by the pointer: tools, strokes, the button, the strip's Accept, a step back.
#[test]
fn an_artist_gets_along_with_the_pointer_alone() {
    let mut settings = Settings::default();
    settings.draft.request.prompt = "a red apple".into();
    let desk = Desk::with(Some(settings));
    let file = desk.home.path().join("photo.png");
    image::RgbImage::from_fn(480, 360, |x, y| image::Rgb([(x / 2) as u8, (y / 2) as u8, 90])).save(&file).unwrap();
    let mut window = desk.open(&[&file.display().to_string()]);
    wait_for("the photo in the journal", || (desk.journal_bytes() > 500).then_some(()));
    std::thread::sleep(Duration::from_secs(1));
    let before = desk.journal_bytes();
    // The strip's second button is the brush.
    let brush = (320 + 8 + 28 + 2 + 14, 32 + 20);
    let stroke = || {
        desk.click(brush);
        desk.drag(&[(600, 330), (660, 360), (720, 330), (700, 380)]);
    };
    until("the stroke in the journal", stroke, || (desk.journal_bytes() > before).then_some(()));
    // The filled button at the foot of the panel.
    let generate = || desk.click((120, 800 - 28 - 36));
    until("the picture", generate, || desk.pictures().pop());
    let painted = desk.journal_bytes();
    std::thread::sleep(Duration::from_secs(1));
    // Accept stands at the right end of the strip below the picture.
    let accept = || {
        for x in (880..=1000).step_by(40) {
            desk.click((x, 800 - 28 - 140 + 24 + 18));
            if desk.journal_bytes() > painted {
                break;
            }
        }
    };
    until("what was accepted", accept, || (desk.journal_bytes() > painted).then_some(()));
    // The gear opens the settings, a click beside them closes them; the strip's last two take a step back and forth.
    desk.click((1280 - 8 - 14, 16));
    desk.click((40, 400));
    let accepted = desk.journal_bytes();
    let undo = || desk.click((1280 - 260 - 8 - 28 - 2 - 14, 32 + 20));
    until("the step back", undo, || (desk.journal_bytes() > accepted).then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    window.0.kill().unwrap();
    window.0.wait().unwrap();
    let kept = desk.kept_canvas();
    assert_eq!(kept.size_px(), Some([480, 360]));
    assert!(kept.can_redo(), "the step back is kept, too");
    assert_eq!(kept.picture().and_then(|picture| picture.pixel(30, 30)), Some([15, 15, 90, 255]));
}
