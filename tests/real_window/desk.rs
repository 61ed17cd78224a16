//! A virtual screen with the program on it: keys, pointer, the files that it leaves.

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
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
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
pub(crate) fn until<T>(what: &str, act: impl Fn(), mut look: impl FnMut() -> Option<T>) -> T {
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

pub(crate) fn pictures_in(folder: &Path) -> Vec<PathBuf> {
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
pub(crate) struct Desk {
    display: String,
    pub(crate) home: TempDir,
    _screen: Running,
    _turn: MutexGuard<'static, ()>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(Some(Settings::default()))
    }

    /// Nobody has worked here before: no settings, and so a window of the program's own size.
    pub(crate) fn of_a_newcomer() -> Self {
        Self::with(None)
    }

    pub(crate) fn with(settings: Option<Settings>) -> Self {
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

    pub(crate) fn xdotool(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("xdotool");
        let done = command.args(arguments).env("DISPLAY", &self.display).output();
        done.expect("xdotool is needed; .ci/run installs it").stdout
    }

    /// Starts the program and waits for its window.
    pub(crate) fn open(&self, arguments: &[&str]) -> Running {
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

    pub(crate) fn key(&self, key: &str) {
        self.xdotool(&["key", key]);
        std::thread::sleep(Duration::from_millis(400));
    }

    pub(crate) fn write(&self, words: &str) {
        self.xdotool(&["type", "--delay", "30", words]);
        std::thread::sleep(Duration::from_millis(400));
    }

    pub(crate) fn click(&self, (x, y): (i32, i32)) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
        std::thread::sleep(Duration::from_millis(300));
        self.xdotool(&["click", "1"]);
        std::thread::sleep(Duration::from_millis(400));
    }

    pub(crate) fn pictures(&self) -> Vec<PathBuf> {
        pictures_in(&self.home.path().join("pictures"))
    }

    pub(crate) fn drag(&self, way: &[(i32, i32)]) {
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
    pub(crate) fn paint(&self, way: &[(i32, i32)]) {
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
    pub(crate) fn generate(&self) -> PathBuf {
        let press = || drop(self.xdotool(&["key", "ctrl+Return"]));
        until("the picture in the gallery", press, || pictures_in(&self.home.path().join("pictures")).pop())
    }

    /// The canvas as the next start would find it. Only while no program has it open.
    pub(crate) fn kept_canvas(&self) -> Document {
        wait_for("the journal", || Journal::open(&self.home.path().join("canvas")).ok()).1
    }

    pub(crate) fn journal_bytes(&self) -> u64 {
        fs::metadata(self.home.path().join("canvas/journal")).map_or(0, |file| file.len())
    }
}

/// What lies outside of the mask and its feather is the photo's own, byte for byte; what was painted was made anew.
pub(crate) fn only_the_painted_part_changed(kept: &Document, photo: &image::RgbImage, made: &Path) {
    let mask = kept.mask().plane();
    let may_change = mask.grown(InpaintSettings::default().feather_reach_px());
    let made = image::open(made).unwrap().to_rgb8();
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
