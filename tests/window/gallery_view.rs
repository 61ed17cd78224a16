//! A picture's view, selecting several pictures, and what is done with them: by keys and pointer, as a person does it.

use std::path::{Path, PathBuf};

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, Role, vec2};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::store::pictures::picture_file;
use inkwick::ui::action::{Action, GalleryAction, LookingAt, PromptAction, ResultsAction};
use inkwick::ui::results::candidate::Stage;

use crate::studio_bench::Bench;

/// With six pictures of this run in the gallery, newest first.
pub(crate) fn with_pictures() -> (Bench, Vec<PathBuf>) {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    for (count, words) in ["apple", "bear", "castle", "dog", "elk", "fox"].into_iter().enumerate() {
        generate(&mut bench, &format!("a {words} in a forest"), 41 + count as u64);
    }
    listed(&mut bench, 6);
    bench.leave_fields();
    let files = bench.studio(|studio| studio.state.gallery.pictures().map(|picture| picture.path.clone()).collect());
    (bench, files)
}

pub(crate) fn generate(bench: &mut Bench, words: &str, seed: u64) {
    let before = bench.done().len();
    bench.with(|studio| {
        studio.state.prompt.prompt = words.into();
        studio.state.prompt.seed_text = seed.to_string();
    });
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("the picture is done", |bench| bench.done().len() == before + 1);
}

pub(crate) fn listed(bench: &mut Bench, count: usize) {
    bench.wait("all are listed", |bench| bench.studio(|studio| studio.state.gallery.pictures().count()) == count);
    bench.frames(2);
}

pub(crate) fn open_view(bench: &mut Bench) {
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::G);
    read(bench);
}

/// Until the looked at picture and its settings are there.
pub(crate) fn read(bench: &mut Bench) {
    bench.wait("it is read", |bench| {
        bench.studio(|studio| {
            let view = &studio.state.gallery.view;
            let file = studio.state.shown_file();
            studio.state.shown_picture().is_some() && file.is_some_and(|file| view.settings_of(&file).is_some())
        })
    });
    bench.frames(3);
}

/// The time of the run is no part of a snapshot.
pub(crate) fn as_if_made_at_two(bench: &mut Bench) {
    let today = chrono::Local::now().date_naive().and_hms_opt(14, 2, 0).unwrap();
    let made = today.and_local_timezone(chrono::Local).earliest().unwrap();
    bench.with(|studio| {
        for day in &mut studio.state.gallery.days {
            day.title = "Today".into();
            day.pictures.iter_mut().for_each(|picture| picture.modified = made.into());
        }
        for candidate in &mut studio.state.candidates.list {
            if let Stage::Done(made) = &mut candidate.stage {
                made.seconds = 2.5;
            }
        }
    });
}

fn shown(bench: &Bench) -> PathBuf {
    bench.studio(|studio| match &studio.state.canvas.looking_at {
        LookingAt::Gallery(view) => view.file.clone(),
        other => panic!("{other:?}"),
    })
}

fn selected(bench: &Bench) -> Vec<PathBuf> {
    bench.studio(|studio| studio.state.gallery.selected())
}

pub(crate) fn press(bench: &mut Bench, modifiers: Modifiers, key: Key) {
    bench.window.key_press_modifiers(modifiers, key);
    bench.frames(3);
}

fn tile(bench: &Bench, file: &Path) -> Rect {
    let name = format!("Picture {}", file.file_stem().unwrap().to_string_lossy());
    bench.window.get_by(|node| node.label().is_some_and(|label| label.starts_with(&name))).rect()
}

fn click_at(bench: &mut Bench, pos: Pos2, modifiers: Modifiers) {
    bench.window.event(Event::PointerMoved(pos));
    bench.frames(1);
    bench.window.event_modifiers(
        Event::PointerButton { pos, button: PointerButton::Primary, pressed: true, modifiers },
        modifiers,
    );
    bench.window.event_modifiers(
        Event::PointerButton { pos, button: PointerButton::Primary, pressed: false, modifiers },
        modifiers,
    );
    bench.frames(3);
}

#[test]
fn the_view_opens_on_what_is_seen_goes_by_arrows_and_returns_to_the_canvas_as_it_was() {
    let (mut bench, files) = with_pictures();
    let before = bench.studio(|studio| studio.state.canvas.looking_at.clone());
    assert!(matches!(before, LookingAt::Candidate(_)));
    bench.with(|studio| studio.state.canvas.view.zoom = Some(2.0));
    bench.frames(2);
    open_view(&mut bench);
    assert_eq!(shown(&bench), files[0], "what was seen");
    assert!(bench.window.query_by_label("1 of 6").is_some());
    let canvas = bench.window.query_by_role_and_label(Role::Canvas, "Canvas");
    assert!(canvas.is_none(), "no canvas to paint on by mistake");
    press(&mut bench, Modifiers::NONE, Key::B);
    let tool = bench.studio(|studio| studio.state.canvas.tool);
    assert_eq!(tool, inkwick::canvas::tools::Tool::default(), "keys of tools mean nothing here");
    press(&mut bench, Modifiers::NONE, Key::ArrowRight);
    press(&mut bench, Modifiers::NONE, Key::ArrowRight);
    read(&mut bench);
    assert_eq!(shown(&bench), files[2]);
    press(&mut bench, Modifiers::NONE, Key::ArrowLeft);
    let columns = bench.studio(|studio| studio.state.gallery.columns);
    assert_eq!(columns, 4, "500 points");
    press(&mut bench, Modifiers::NONE, Key::ArrowDown);
    assert_eq!(shown(&bench), files[1 + columns], "the row below");
    press(&mut bench, Modifiers::NONE, Key::ArrowUp);
    read(&mut bench);
    assert_eq!(shown(&bench), files[1]);
    press(&mut bench, Modifiers::COMMAND, Key::Plus);
    let zoom = bench.studio(|studio| studio.state.canvas.view.zoom);
    assert!(zoom.is_some());
    press(&mut bench, Modifiers::NONE, Key::Escape);
    bench.studio(|studio| {
        assert!(!studio.state.gallery.view.is_open);
        assert_eq!((&studio.state.canvas.looking_at, studio.state.canvas.view.zoom), (&before, Some(2.0)));
    });
    assert_eq!(bench.done().len(), 6, "Escape set nothing aside");
}

#[test]
fn settings_are_a_table_to_copy_and_to_use_in_parts() {
    let (mut bench, files) = with_pictures();
    open_view(&mut bench);
    press(&mut bench, Modifiers::NONE, Key::ArrowRight);
    read(&mut bench);
    assert_eq!(shown(&bench), files[1]);
    for line in ["Model: Built-in", "Mode: Create", "Seed: 45", "Size: 512 × 512", "Steps: 20"] {
        let parts: Vec<&str> = line.split(": ").collect();
        assert!(bench.has_label_starting(&format!("{}: ", parts[0])), "{line}");
    }
    assert!(bench.has_label_starting("Seed: 45"));
    let panel = |bench: &Bench| {
        bench.studio(|studio| (studio.state.prompt.prompt.clone(), studio.state.prompt.seed_text.clone()))
    };
    bench.with(|studio| {
        studio.state.prompt.prompt = "mine".into();
        studio.state.prompt.seed_text = "7".into();
        studio.state.prompt.steps = 3;
    });
    bench.click("Use seed");
    bench.wait("the seed is there", |bench| panel(bench).1 == "45");
    assert_eq!(panel(&bench).0, "mine", "only the seed");
    bench.click("Use prompt");
    bench.wait("the prompt is there", |bench| panel(bench).0 == "a elk in a forest");
    assert_eq!(bench.studio(|studio| studio.state.prompt.steps), 3);
    press(&mut bench, Modifiers::COMMAND, Key::U);
    bench.wait("all is there", |bench| bench.studio(|studio| studio.state.prompt.steps) != 3);
    bench.click("Copy prompt");
    bench.frames(1);
    assert!(bench.toasts().iter().any(|toast| toast == "Prompt copied."), "{:?}", bench.toasts());
    // As input it is the canvas's picture, and the canvas is seen.
    press(&mut bench, Modifiers::COMMAND, Key::I);
    bench.studio(|studio| {
        assert!(!studio.state.gallery.view.is_open && studio.state.canvas.has_picture());
        assert_eq!(studio.state.canvas.document.origin().file.as_ref(), Some(&files[1]));
    });
}

#[test]
fn a_family_is_what_a_picture_was_made_from_and_what_came_of_it() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    generate(&mut bench, "a forest", 41);
    bench.act(Action::Results(ResultsAction::Accept));
    bench.wait("it lies on the canvas", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    generate(&mut bench, "a fox in a forest", 42);
    listed(&mut bench, 2);
    bench.leave_fields();
    let files: Vec<PathBuf> =
        bench.studio(|studio| studio.state.gallery.pictures().map(|picture| picture.path.clone()).collect());
    let parent = files[1].strip_prefix(&bench.paths.pictures_folder).unwrap().to_string_lossy().replace('\\', "/");
    let made_from = picture_file::read_request(&files[0]).unwrap().unwrap().made_from;
    assert_eq!(made_from, Some(parent), "in the file itself, whatever folder the gallery moves to");
    open_view(&mut bench);
    bench.wait("the parent is shown", |bench| bench.has_label_starting("Family: a forest"));
    bench.click("Family: a forest");
    read(&mut bench);
    assert_eq!(shown(&bench), files[1]);
    bench.wait("what came of it is shown", |bench| bench.has_label_starting("Family: edit, "));
    // A gallery whose index is lost finds the family again.
    let home = bench.close();
    let _ = std::fs::remove_dir_all(inkwick::store::paths::Paths::under(&home.path().join("Inkwick")).cache_folder);
    let mut bench = Bench::reopen(home, FakeScript::default());
    listed(&mut bench, 2);
    bench.leave_fields();
    bench.act(Action::Gallery(GalleryAction::OpenView(Some(files[1].clone()))));
    read(&mut bench);
    bench.wait("the family is there again", |bench| bench.has_label_starting("Family: edit, "));
}

#[test]
fn several_are_selected_by_keys_and_pointer_and_one_undo_brings_all_back() {
    let (mut bench, files) = with_pictures();
    open_view(&mut bench);
    press(&mut bench, Modifiers::NONE, Key::Space);
    assert_eq!(selected(&bench), files[..1]);
    assert!(bench.window.query_by_label("1 selected").is_none(), "the bar comes from two on");
    press(&mut bench, Modifiers::SHIFT, Key::ArrowRight);
    press(&mut bench, Modifiers::SHIFT, Key::ArrowRight);
    assert_eq!((selected(&bench), shown(&bench)), (files[..3].to_vec(), files[2].clone()));
    assert!(bench.window.query_by_label("3 selected").is_some());
    press(&mut bench, Modifiers::SHIFT, Key::ArrowLeft);
    assert_eq!(selected(&bench), files[..2], "a run turns back");
    press(&mut bench, Modifiers::COMMAND, Key::A);
    assert_eq!(selected(&bench).len(), 6);
    bench.click("Select nothing");
    assert!(selected(&bench).is_empty());
    // By the pointer: with Ctrl one, with Shift up to there.
    let at = tile(&bench, &files[1]).center();
    click_at(&mut bench, at, Modifiers::COMMAND);
    let at = tile(&bench, &files[3]).center();
    click_at(&mut bench, at, Modifiers::SHIFT);
    assert_eq!(selected(&bench), files[1..4]);
    // A star for all, by key; and away again.
    press(&mut bench, Modifiers::NONE, Key::Period);
    assert_eq!(bench.studio(|studio| studio.state.gallery.starred.len()), 3);
    press(&mut bench, Modifiers::NONE, Key::Period);
    assert!(bench.studio(|studio| studio.state.gallery.starred.is_empty()));
    press(&mut bench, Modifiers::NONE, Key::Delete);
    assert_eq!(shown(&bench), files[4], "the next that stays");
    assert_eq!(bench.studio(|studio| studio.state.gallery.pictures().count()), 3);
    assert!(files.iter().all(|file| file.is_file()), "they go when nobody can take them back any more");
    let undo = bench.studio(|studio| {
        let toasts = &studio.state.toasts.list;
        toasts.iter().find(|toast| toast.text == "Moved 3 pictures to the Trash.").unwrap().action.clone()
    });
    bench.act(undo.unwrap().1);
    listed(&mut bench, 6);
    assert_eq!(shown(&bench), files[3], "what was seen before");
}

#[test]
fn a_rubber_band_selects_what_it_touches() {
    let (mut bench, files) = with_pictures();
    open_view(&mut bench);
    let (first, last) = (tile(&bench, &files[0]), tile(&bench, &files[5]));
    let (from, to) = (first.center() + vec2(10.0, 10.0), last.center());
    bench.window.event(Event::PointerMoved(from));
    bench.frames(2);
    bench.button(from, PointerButton::Primary, true, Modifiers::NONE);
    bench.frames(1);
    for step in 1..=5 {
        bench.window.event(Event::PointerMoved(from + (to - from) * (step as f32 / 5.0)));
        bench.frames(1);
    }
    let mut touched = selected(&bench);
    touched.sort();
    let mut wanted = vec![files[0].clone(), files[1].clone(), files[4].clone(), files[5].clone()];
    wanted.sort();
    assert_eq!(touched, wanted, "two columns of two rows");
    bench.button(to, PointerButton::Primary, false, Modifiers::NONE);
    bench.frames(3);
    assert_eq!(selected(&bench).len(), 4);
    assert_eq!(shown(&bench), files[0], "a drag is no click");
    assert!(bench.studio(|studio| studio.state.gallery.band.is_none()));
}

#[test]
fn under_1024_the_grid_is_alone_the_picture_over_it_and_the_settings_over_that() {
    let (mut bench, files) = with_pictures();
    bench.window.set_size(vec2(860.0, 700.0));
    bench.frames(3);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::G);
    bench.frames(3);
    assert!(bench.window.query_by_label("Back").is_none(), "the grid alone");
    let at = tile(&bench, &files[2]).center();
    click_at(&mut bench, at, Modifiers::NONE);
    read(&mut bench);
    assert!(bench.window.query_by_label("Back").is_some());
    assert_eq!(shown(&bench), files[2]);
    assert!(!bench.has_label_starting("Seed: "));
    bench.click("Settings of this picture");
    bench.frames(2);
    assert!(bench.has_label_starting("Seed: 44"));
    for (key, back, open) in [(Key::Escape, true, true), (Key::Escape, false, true), (Key::Escape, false, false)] {
        press(&mut bench, Modifiers::NONE, key);
        assert_eq!(bench.window.query_by_label("Back").is_some(), back);
        assert_eq!(bench.studio(|studio| studio.state.gallery.view.is_open), open);
    }
}
