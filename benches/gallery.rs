//! A gallery of a hundred thousand pictures: how long it takes to list, to index for the first time, to look for what is
//! new, and to search.
//!
//! `cargo bench --bench gallery [-- PICTURES]`
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use inkwick::job::Request;
use inkwick::raster::Picture;
use inkwick::store::paths::Paths;
use inkwick::store::pictures::picture_file;
use inkwick::store::worker::{StoreCommand, StoreEvent, StoreHandle};

const PER_DAY: usize = 500;
const THINGS: [&str; 8] = ["fox", "castle", "river", "portrait", "lighthouse", "teapot", "forest", "dragon"];
const MANNERS: [&str; 5] = ["oil on canvas", "watercolour", "pencil sketch", "photograph at dusk", "flat icon"];

fn main() {
    let count = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::under(home.path());
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
