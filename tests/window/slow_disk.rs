//! A disk that takes 200 ms for everything and a canvas of 24 million pixels: the window goes on, and what was asked for
//! comes when it is ready.
//!
//! Each test takes one frame after the action. Whatever the window's thread did by itself would be there by then; what
//! the store or the worker answers cannot be, since their answers are taken in before actions are applied.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use inkwick::canvas::Document;
use inkwick::canvas::tools::Tool;
use inkwick::raster::{Extension, Picture};
use inkwick::ui::action::{
    Action, CanvasAction, LibraryAction, PenPoint, PromptAction, ResultsAction, Sheet, StrokeStart, Tab,
};

use crate::library_looks::leave_unfinished;
use crate::studio_bench::Bench;

const DELAY: Duration = Duration::from_millis(200);
const LARGE_PX: [u32; 2] = [6000, 4000];

/// With a large picture on the canvas, which is seen, and a brush in hand.
fn large() -> Bench {
    let mut bench = Bench::slow(tempfile::tempdir().unwrap(), DELAY);
    bench.wait("the canvas of the last time has come", |bench| bench.studio(|studio| studio.state.canvas.is_restored));
    bench.with(|studio| {
        let picture = Arc::new(Picture::filled(LARGE_PX[0], LARGE_PX[1], [90, 120, 150, 255]));
        studio.state.canvas.replace_picture(Some((picture, inkwick::canvas::Origin::default())));
        studio.state.canvas.tool = Tool::Brush;
    });
    bench.leave_fields();
    bench.frames(2);
    bench
}

/// Applied in the next frame, all of them.
fn one_frame_of(bench: &mut Bench, actions: Vec<Action>) {
    bench.with(|studio| actions.into_iter().for_each(|action| studio.answers().send(action).unwrap()));
    bench.window.step();
}

fn look<R>(bench: &Bench, look: impl FnOnce(&Document) -> R) -> R {
    bench.studio(|studio| look(&studio.state.canvas.document))
}

fn wait_for_work(bench: &mut Bench) {
    bench.wait("the canvas is worked out", |bench| bench.studio(|studio| !studio.state.canvas.work.is_busy()));
}

fn masked_px(bench: &Bench) -> usize {
    look(bench, |document| document.mask().plane().values().iter().filter(|value| **value > 0).count())
}

fn fill() -> Action {
    Action::Canvas(CanvasAction::Fill([10.0, 10.0]))
}

fn dot() -> Vec<Action> {
    let at = PenPoint { at: [3000.0, 2000.0], pressure: 1.0 };
    [
        CanvasAction::StrokeBegin(StrokeStart { at, reversed: false, from_last: false }),
        CanvasAction::StrokeTo(at),
        CanvasAction::StrokeEnd,
    ]
    .map(Action::Canvas)
    .into()
}

#[test]
fn a_prompts_references_are_looked_for_apart_from_the_window() {
    let mut bench = Bench::slow(tempfile::tempdir().unwrap(), DELAY);
    bench.frames(2);
    bench.with(|studio| studio.state.prompt.prompt = "a fox <lora:nowhere:1>".into());
    one_frame_of(&mut bench, vec![Action::Prompt(PromptAction::Generate)]);
    assert_eq!(bench.toasts(), Vec::<String>::new());
    bench.wait("it is told what is missing", |bench| bench.toasts().iter().any(|toast| toast.contains("nowhere")));
    // A press that is cancelled before it is ready makes nothing.
    bench.with(|studio| studio.state.prompt.prompt = "a fox".into());
    one_frame_of(&mut bench, vec![Action::Prompt(PromptAction::Generate), Action::Results(ResultsAction::CancelAll)]);
    one_frame_of(&mut bench, vec![Action::Prompt(PromptAction::Generate)]);
    bench.wait("one picture is done", |bench| bench.done().len() == 1);
    bench.settle();
    assert_eq!(bench.done().len(), 1);
}

#[test]
fn a_request_has_what_was_painted_when_it_was_asked_for() {
    let mut bench = large();
    bench.with(|studio| {
        studio.state.prompt.prompt = "a fox".into();
        studio.state.prompt.repaint_size_px = Some([64, 64]);
        studio.state.canvas.tool = Tool::Colour;
        studio.state.canvas.tools.colour = [255, 0, 0];
    });
    one_frame_of(&mut bench, dot());
    one_frame_of(&mut bench, vec![Action::Prompt(PromptAction::Generate), Action::Canvas(CanvasAction::Undo)]);
    assert!(!bench.studio(|studio| studio.state.candidates.is_busy()), "nothing was put together in the frame itself");
    let asked = |bench: &Bench| bench.studio(|studio| studio.state.candidates.list.first().map(|c| c.request.clone()));
    bench.wait("the picture is asked for", |bench| asked(bench).is_some());
    let request = asked(&bench).unwrap();
    let picture = request.init.unwrap().picture;
    let at = (2000 * LARGE_PX[0] as usize + 3000) * 4;
    assert_eq!(picture.rgba()[at..at + 3], [255, 0, 0]);
}

#[test]
fn the_library_opens_before_its_folders_are_counted() {
    let home = tempfile::tempdir().unwrap();
    let vaes = home.path().join("Inkwick/models/vae");
    fs::create_dir_all(&vaes).unwrap();
    fs::write(vaes.join("sharp.safetensors"), b"").unwrap();
    let mut bench = Bench::slow(home, DELAY);
    bench.wait("it was found at the start", |bench| bench.studio(|studio| studio.state.library.vaes.len() == 1));
    bench.with(|studio| studio.state.library.vaes.clear());
    one_frame_of(&mut bench, vec![Action::Library(LibraryAction::Open(Tab::Models))]);
    bench.studio(|studio| {
        assert_eq!(studio.state.sheet, Some(Sheet::Library));
        assert!(studio.state.library.vaes.is_empty(), "the disk was asked in the frame itself");
    });
    bench.wait("its VAE is offered", |bench| bench.studio(|studio| studio.state.library.vaes.len() == 1));
}

#[test]
fn a_download_is_deleted_apart_from_the_window() {
    let home = tempfile::tempdir().unwrap();
    let studio = home.path().join("Inkwick");
    leave_unfinished(&studio, "somebody/model", 400, 1000);
    let notes = studio.join("models/.unfinished");
    assert!(notes.exists());
    let mut bench = Bench::slow(home, DELAY);
    bench.wait("it is found", |bench| bench.studio(|studio| studio.downloads.list().len() == 1));
    one_frame_of(&mut bench, vec![Action::Library(LibraryAction::GiveUp("somebody/model".into()))]);
    assert_eq!(bench.studio(|studio| studio.downloads.list().len()), 1, "it was deleted in the frame itself");
    bench.wait("it is gone", |bench| bench.studio(|studio| studio.downloads.list().is_empty()));
    assert!(!notes.exists());
}

#[test]
fn a_large_canvas_is_filled_while_the_window_goes_on() {
    let mut bench = large();
    one_frame_of(&mut bench, vec![fill()]);
    assert_eq!(masked_px(&bench), 0, "it was filled in the frame itself");
    wait_for_work(&mut bench);
    assert_eq!(masked_px(&bench), LARGE_PX[0] as usize * LARGE_PX[1] as usize);
    one_frame_of(&mut bench, vec![Action::Canvas(CanvasAction::Undo)]);
    assert_eq!(masked_px(&bench), 0, "one step");
    assert!(look(&bench, Document::can_redo));
}

#[test]
fn what_changed_meanwhile_is_not_painted_over() {
    let mut bench = large();
    one_frame_of(&mut bench, std::iter::once(fill()).chain(dot()).collect());
    let painted = masked_px(&bench);
    assert!(painted > 0, "the canvas is usable meanwhile");
    wait_for_work(&mut bench);
    assert_eq!(masked_px(&bench), painted);
    assert!(bench.toasts().iter().any(|toast| toast.starts_with("The canvas was changed meanwhile")));
    // What is not there yet is what goes back.
    one_frame_of(&mut bench, vec![fill(), Action::Canvas(CanvasAction::Undo)]);
    wait_for_work(&mut bench);
    bench.settle();
    assert_eq!(masked_px(&bench), painted);
}

#[test]
fn two_fills_in_a_row_are_both_made() {
    let mut bench = large();
    bench.with(|studio| studio.state.canvas.tool = Tool::Rectangle);
    let corner = |takes_away| CanvasAction::OutlineBegin { at: [0.0, 0.0], takes_away, goes_on: false };
    let half = [corner(false), CanvasAction::OutlineTo([3000.0, 4000.0]), CanvasAction::OutlineClose];
    one_frame_of(&mut bench, half.map(Action::Canvas).into());
    let half_px = masked_px(&bench);
    let fill_right = Action::Canvas(CanvasAction::Fill([4000.0, 10.0]));
    // The left half is masked already: that fill changes nothing, and the next one is made all the same.
    one_frame_of(&mut bench, vec![fill(), fill_right]);
    wait_for_work(&mut bench);
    assert_eq!((half_px, masked_px(&bench)), (3000 * 4000, 6000 * 4000));
}

#[test]
fn a_large_canvas_is_extended_while_the_window_goes_on() {
    let mut bench = large();
    let intent = |bench: &Bench| bench.studio(|studio| studio.state.inpaint.intent());
    let before = intent(&bench);
    let sides = Extension { right: 64, ..Extension::default() };
    let drag = [CanvasAction::ExtendTo(sides), CanvasAction::Extend];
    one_frame_of(&mut bench, drag.map(Action::Canvas).into());
    assert_eq!(look(&bench, Document::size_px), Some(LARGE_PX), "it was extended in the frame itself");
    wait_for_work(&mut bench);
    assert_eq!(look(&bench, Document::size_px), Some([6064, 4000]));
    assert_ne!(intent(&bench), before, "what is new is expanded into");
    one_frame_of(&mut bench, vec![Action::Canvas(CanvasAction::Undo)]);
    assert_eq!(look(&bench, Document::size_px), Some(LARGE_PX), "one step");
}

#[test]
fn a_large_picture_is_pasted_while_the_window_goes_on() {
    let mut bench = Bench::slow(tempfile::tempdir().unwrap(), DELAY);
    bench.wait("the canvas of the last time has come", |bench| bench.studio(|studio| studio.state.canvas.is_restored));
    let size = LARGE_PX.map(|side| side as usize);
    let image = egui::ColorImage::filled(size, egui::Color32::from_rgba_unmultiplied(200, 100, 0, 128));
    bench.window.event(egui::Event::PasteImage(Arc::new(image)));
    bench.window.step();
    assert_eq!(look(&bench, Document::size_px), None, "it was converted in the frame itself");
    wait_for_work(&mut bench);
    assert_eq!(look(&bench, Document::size_px), Some(LARGE_PX));
    let first = look(&bench, |document| document.picture().unwrap().pixel(0, 0).unwrap());
    assert_eq!((first[3], first[2]), (128, 0));
}
