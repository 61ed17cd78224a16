//! The gallery with 20,000 pictures: it stays smooth, and the results' strip stands beside it as it should.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use egui_kittest::kittest::Queryable as _;
use inkwick::canvas::Origin;
use inkwick::engine::FakeScript;
use inkwick::job::JobId;
use inkwick::store::pictures::gallery::{GalleryDay, GalleryPicture};
use inkwick::ui::Studio;
use inkwick::ui::action::LookingAt;
use inkwick::ui::gallery::state::Thumbnail;

use crate::studio_bench::{Bench, gradient};

const PICTURES_A_DAY: usize = 200;

fn fill(studio: &mut Studio, days: usize) {
    let gallery = &mut studio.state.gallery;
    gallery.listed = true;
    gallery.days = (0..days).map(day).collect();
    let first: Vec<PathBuf> = gallery.pictures().take(200).map(|picture| picture.path.clone()).collect();
    for (index, file) in first.into_iter().enumerate() {
        gallery.thumbnails.answer(file, Thumbnail::Ready(Arc::new(gradient(128, index as u64))));
    }
}

fn day(number: usize) -> GalleryDay {
    let title = ["Today".to_owned(), "Yesterday".to_owned()].get(number).cloned();
    let count = if number == 0 { 7 } else { PICTURES_A_DAY };
    let pictures = (0..count).map(|index| GalleryPicture {
        path: format!("/pictures/{number}/{index:05}-77.png").into(),
        modified: SystemTime::UNIX_EPOCH,
        seed: Some(77),
    });
    let date = format!("day {number}");
    GalleryDay { title: title.unwrap_or_else(|| date.clone()), date, pictures: pictures.collect() }
}

#[test]
fn twenty_thousand_pictures_scroll_smoothly() {
    let typical = |days: usize| {
        let mut bench = Bench::new(FakeScript::default());
        bench.settle();
        bench.with(|studio| fill(studio, days));
        bench.frames(6);
        bench.spent.borrow_mut().clear();
        for _ in 0..60 {
            let over = egui::pos2(1300.0, 500.0);
            bench.window.event(egui::Event::PointerMoved(over));
            bench.window.event(egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: egui::vec2(0.0, -400.0),
                phase: egui::TouchPhase::Move,
                source: egui::MouseWheelSource::Wheel,
                modifiers: egui::Modifiers::NONE,
            });
            bench.window.step();
        }
        let deep = PathBuf::from("/pictures/2/00000-77.png");
        let reached = bench.studio(|studio| studio.state.gallery.thumbnails.get(&deep).is_some());
        assert!(reached, "it did not scroll");
        let mut spent: Vec<Duration> = bench.spent.borrow().clone();
        spent.sort_unstable();
        spent[spent.len() / 2]
    };
    let (few, many) = (typical(3), typical(100));
    println!("logic + ui while scrolling: {few:?} with 400 pictures, {many:?} with 20,000");
    assert!(many < Duration::from_millis(16), "{many:?}");
}

#[test]
fn results_and_gallery_look_as_they_should() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    bench.with(|studio| {
        fill(studio, 2);
        Bench::scripted_run(studio);
        let picture = Arc::new(gradient(256, 3));
        studio.state.canvas.document.replace(Some((picture, Origin { file: None, made_here: true })));
        studio.state.candidates.list.pop();
        studio.state.canvas.looking_at = LookingAt::Candidate(JobId(902));
    });
    bench.leave_fields();
    bench.settle();
    assert!(bench.window.query_by_label("Accept").is_some());
    bench.window.snapshot("results_dark");
}
