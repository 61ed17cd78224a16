//! A gallery of a hundred thousand pictures: how long it takes to list, to index for the first time, to look for what is
//! new, and to search; then the window on it: its start, its first search, its frames while one scrolls, and its memory
//! with no model loaded.
//!
//! `cargo bench --bench gallery [-- PICTURES]`
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/window/studio_bench.rs"]
#[allow(dead_code)]
mod studio_bench;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use egui::{Event, Modifiers, MouseWheelUnit, pos2, vec2};
use inkwick::engine::FakeScript;
use inkwick::job::Request;
use inkwick::raster::Picture;
use inkwick::store::paths::Paths;
use inkwick::store::pictures::picture_file;
use inkwick::store::settings::Theme;
use inkwick::store::worker::{StoreCommand, StoreEvent, StoreHandle};
use inkwick::system::memory::resident_memory_bytes;
use inkwick::ui::action::{Action, GalleryAction};
use studio_bench::Bench;

const PER_DAY: usize = 500;
const FRAMES: usize = 300;
const THINGS: [&str; 8] = ["fox", "castle", "river", "portrait", "lighthouse", "teapot", "forest", "dragon"];
const MANNERS: [&str; 5] = ["oil on canvas", "watercolour", "pencil sketch", "photograph at dusk", "flat icon"];

fn main() {
    let count = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::under(&home.path().join("Inkwick"));
    fill(&paths.pictures_folder, count);
    println!("{count} pictures");
    for run in ["first start", "later start"] {
        let store = StoreHandle::start(&paths, Arc::new(|| {})).unwrap();
        let begun = Instant::now();
        store.send(StoreCommand::ScanGallery);
        wait(&store, |event| matches!(event, StoreEvent::Gallery(_)));
        println!("{run}: listed after {:.0} ms", ms(begun));
        search(&store, "lighthouse");
        if run == "first start" {
            // Each report may be the last: the last is the one after which everything is found.
            while search(&store, "date:2") < count {
                thread::sleep(Duration::from_millis(500));
            }
            println!("{run}: all indexed after {:.1} s", begun.elapsed().as_secs_f64());
        }
        for text in ["fox", "fo", "\"oil on canvas\" dragon", "seed:4242", "-fox date:2024", "nothing-like-it"] {
            search(&store, text);
        }
    }
    let size = fs::metadata(paths.gallery_index_file()).unwrap().len();
    println!("the index takes {:.1} MB", size as f64 / 1e6);
    window(home, count);
}

/// The window itself, without what draws it on a screen.
fn window(home: tempfile::TempDir, count: usize) {
    let begun = Instant::now();
    let mut bench = Bench::reopen_sized(home, FakeScript::default(), [1440.0, 900.0], Theme::Dark);
    let is_listed = |bench: &Bench| bench.studio(|studio| studio.state.gallery.pictures().count() == count);
    step_until(&mut bench, is_listed);
    println!("window: all listed {:.0} ms after its start", ms(begun));
    bench.act(Action::Gallery(GalleryAction::OpenView(None)));
    bench.frames(3);
    let searched = Instant::now();
    bench.with(|studio| studio.state.gallery.search.text = "lighthouse".into());
    step_until(&mut bench, |bench| {
        bench.studio(|studio| studio.state.gallery.search.is_answered() && studio.state.gallery.search.count() < count)
    });
    println!("window: first search answered after {:.0} ms", ms(searched));
    bench.with(|studio| studio.state.gallery.search.text.clear());
    step_until(&mut bench, |bench| bench.studio(|studio| studio.state.gallery.search.count() == count));
    bench.window.event(Event::PointerMoved(pos2(300.0, 500.0)));
    bench.frames(3);
    bench.spent.borrow_mut().clear();
    for _ in 0..FRAMES {
        bench.window.event(Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, -400.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        });
        bench.window.step();
    }
    let mut spent: Vec<f64> = bench.spent.borrow().iter().map(|spent| spent.as_secs_f64() * 1e3).collect();
    spent.sort_by(f64::total_cmp);
    let at = |share: f64| spent[((spent.len() - 1) as f64 * share) as usize];
    println!(
        "window: {FRAMES} frames while scrolling: median {:.1} ms, 95 % under {:.1} ms, longest {:.1} ms",
        at(0.5),
        at(0.95),
        at(1.0)
    );
    let resident = resident_memory_bytes().unwrap_or_default();
    println!("window: {:.0} MB of memory, without a model", resident as f64 / 1e6);
}

fn step_until(bench: &mut Bench, holds: impl Fn(&Bench) -> bool) {
    while !holds(bench) {
        bench.window.step();
        thread::sleep(Duration::from_millis(1));
    }
}

fn search(store: &StoreHandle, text: &str) -> usize {
    let begun = Instant::now();
    store.send(StoreCommand::SearchGallery(text.to_owned()));
    let event = wait(store, |event| matches!(event, StoreEvent::Found { text: found, .. } if found == text));
    let StoreEvent::Found { pictures, .. } = event else { panic!("{event:?}") };
    let found = pictures.map_or(0, |pictures| pictures.len());
    println!("  {text:28} {found:7} found in {:6.1} ms", ms(begun));
    found
}

fn wait(store: &StoreHandle, wanted: impl Fn(&StoreEvent) -> bool) -> StoreEvent {
    loop {
        match store.try_recv() {
            Some(StoreEvent::Problem(error)) => panic!("{error}"),
            Some(event) if wanted(&event) => return event,
            Some(_) => {}
            None => thread::sleep(Duration::from_micros(200)),
        }
    }
}

fn ms(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

/// Small pictures with the settings of real ones.
fn fill(folder: &Path, count: usize) {
    let picture = Picture::filled(8, 8, [90, 120, 150, 255]);
    for index in 0..count {
        let number = index % PER_DAY;
        let day = index / PER_DAY;
        let folder = folder.join(format!("{}-{:02}-{:02}", 2024 + day / 336, 1 + day % 336 / 28, 1 + day % 28));
        if number == 0 {
            fs::create_dir_all(&folder).unwrap();
        }
        let (thing, manner) = (THINGS[index % THINGS.len()], MANNERS[index / 3 % MANNERS.len()]);
        let request = Request {
            prompt: format!("a {thing} number {index} in the evening light, {manner}, highly detailed, by nobody"),
            negative: Some("blurred, watermark, low quality".into()),
            seed: index as u64,
            width: Some(512),
            height: Some(512),
            ..Request::default()
        };
        let bytes = picture_file::encode(Path::new("a.png"), &picture, Some(&request)).unwrap();
        fs::write(folder.join(format!("{:05}-{index}.png", number + 1)), bytes).unwrap();
    }
}
