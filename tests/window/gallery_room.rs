//! What is done with several pictures of the gallery: tags, export, other programs' folders; and how the view looks at every
//! width.

use std::path::PathBuf;

use egui::{Event, Key, Modifiers, Pos2, Rect, Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::engine::FakeScript;
use inkwick::store::paths::Paths;
use inkwick::store::pictures::labels::{LabelChange, LabelKind};
use inkwick::store::pictures::picture_file;
use inkwick::ui::action::{Action, FilesAction, Filter, GalleryAction, ResultsAction, Sheet};
use inkwick::ui::gallery::state::Thumbnail;

use crate::gallery_view::{as_if_made_at_two, generate, listed, open_view, press, with_pictures};
use crate::studio_bench::Bench;

#[test]
fn tags_and_collections_are_given_found_and_outlive_the_index() {
    let (mut bench, files) = with_pictures();
    open_view(&mut bench);
    press(&mut bench, Modifiers::SHIFT, Key::ArrowRight);
    press(&mut bench, Modifiers::NONE, Key::T);
    assert_eq!(bench.studio(|studio| studio.state.sheet), Some(Sheet::Labels));
    bench.window.event(Event::Text("Summer light".into()));
    bench.frames(1);
    bench.window.key_press(Key::Enter);
    bench.wait("they are tagged", |bench| bench.has_label_starting("2 in all"));
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert_eq!(bench.studio(|studio| studio.state.sheet), None);
    for (text, wanted) in [("tag:summer", &files[..2]), ("summer", &files[..2]), ("-tag:summer fox", &files[..0])] {
        bench.with(|studio| studio.state.gallery.search.text = text.into());
        bench.wait(&format!("{text} is found"), |bench| {
            bench.studio(|studio| {
                studio.state.gallery.search.is_answered() && studio.state.gallery.listed_files() == wanted
            })
        });
    }
    // Its index is lost, its tags are not.
    let home = bench.close();
    let _ = std::fs::remove_dir_all(Paths::under(&home.path().join("Inkwick")).cache_folder);
    let mut bench = Bench::reopen(home, FakeScript::default());
    listed(&mut bench, 6);
    bench.with(|studio| studio.state.gallery.search.text = "tag:\"summer light\"".into());
    bench.wait("they are found again", |bench| bench.studio(|studio| studio.state.gallery.listed_files().len() == 2));
}

#[test]
fn an_export_writes_what_was_asked_and_says_what_was_not() {
    let (mut bench, files) = with_pictures();
    let out = bench.photo("x.png", 8, 8).with_file_name("out");
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(out.join("41 a-apple-in-a-forest.jpg"), "mine").unwrap();
    open_view(&mut bench);
    press(&mut bench, Modifiers::COMMAND, Key::A);
    press(&mut bench, Modifiers::COMMAND.plus(Modifiers::ALT), Key::S);
    assert_eq!(bench.studio(|studio| studio.state.sheet), Some(Sheet::Export));
    bench.with(|studio| {
        studio.state.gallery.export.folder = out.display().to_string();
        studio.state.gallery.export.pattern = "{seed} {who}".into();
    });
    bench.frames(2);
    assert!(bench.has_label_starting("{who} stands for nothing."));
    bench.with(|studio| studio.state.gallery.export.pattern = "{seed} {words}".into());
    bench.click("Format: JPEG");
    bench.click("Export");
    bench.wait("they are written", |bench| bench.toasts().iter().any(|toast| toast == "6 pictures are in out."));
    assert_eq!(bench.studio(|studio| studio.state.sheet), None);
    assert_eq!(std::fs::read(out.join("41 a-apple-in-a-forest.jpg")).unwrap(), b"mine");
    let copy = out.join("41 a-apple-in-a-forest (2).jpg");
    let original = picture_file::read_request(&files[5]).unwrap();
    assert_eq!(picture_file::read_request(&copy).unwrap(), original, "the same picture can be made of it");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 7);
    let details = bench.studio(|studio| studio.state.toasts.list.iter().find_map(|toast| toast.details.clone()));
    assert_eq!(details.as_deref(), Some("1 picture got a number behind the name, which was taken."));
}

#[test]
fn other_programs_folders_are_listed_in_place() {
    let (mut bench, _) = with_pictures();
    let theirs = bench.photo("x.png", 8, 8).with_file_name("outputs").join("txt2img-images");
    std::fs::create_dir_all(&theirs).unwrap();
    let file = bench.photo("y.png", 64, 64);
    std::fs::copy(&file, theirs.join("00000-5.png")).unwrap();
    let folder = theirs.parent().unwrap().to_path_buf();
    bench.act(Action::Gallery(GalleryAction::WatchFolder(folder.clone())));
    listed(&mut bench, 7);
    let home = bench.close();
    let mut bench = Bench::reopen(home, FakeScript::default());
    listed(&mut bench, 7);
    bench.leave_fields();
    bench.act(Action::Gallery(GalleryAction::OpenView(Some(theirs.join("00000-5.png")))));
    bench.wait("it is read", |bench| bench.has_label_starting("This file does not say how it was made."));
    bench.act(Action::Gallery(GalleryAction::ForgetFolder(folder)));
    listed(&mut bench, 6);
    assert!(theirs.join("00000-5.png").is_file(), "it is where it was");
}

#[test]
fn nothing_of_the_view_lies_over_something_else_at_any_width() {
    let (mut bench, _) = with_pictures();
    open_view(&mut bench);
    press(&mut bench, Modifiers::COMMAND, Key::A);
    for scale in [1.0, 1.5, 2.0] {
        for width_px in (640..=2560).step_by(128) {
            bench.window.set_pixels_per_point(scale);
            bench.window.set_size(vec2(width_px as f32 / scale, 1000.0 / scale));
            bench.frames(3);
            for covers in [false, true] {
                bench.with(|studio| studio.state.gallery.view.covers_grid = covers);
                bench.frames(2);
                let place = format!("{width_px} pixels at {scale}, over the grid: {covers}");
                let mut found: Vec<(String, Rect)> = Vec::new();
                let roles = [Role::Button, Role::MenuItem, Role::TextInput];
                for node in bench.window.query_all_by(|node| roles.contains(&node.role())) {
                    let name = node.accesskit_node().label().unwrap_or_default();
                    // What scrolls may lie under what covers it: pictures, their family, the table's lines.
                    let scrolls = ["Picture 0", "Family: ", "Copy ", "Remove ", "Add tags", "Put into", "Reveal"];
                    let uses = ["Use as input", "Use all settings", "Use a part of the settings"];
                    let is_line = name.starts_with("Use ") && !uses.contains(&name.as_str());
                    if !is_line && !scrolls.iter().any(|start| name.starts_with(start)) {
                        found.push((name, node.rect()));
                    }
                }
                assert!(found.len() > 5, "{place}: {found:?}");
                for (index, (name, rect)) in found.iter().enumerate() {
                    for (other, under) in &found[..index] {
                        let both = rect.intersect(*under);
                        let touch = both.width() > 0.1 && both.height() > 0.1;
                        assert!(!touch, "{place}: {name} at {rect:?} and {other} at {under:?}");
                    }
                }
            }
        }
    }
}

/// With all small pictures there, and no toast.
fn ready(bench: &mut Bench, files: &[PathBuf]) {
    bench.wait("the small pictures are there", |bench| {
        bench.studio(|studio| {
            let known = |file: &PathBuf| matches!(studio.state.gallery.thumbnails.get(file), Some(Thumbnail::Ready(_)));
            files.iter().all(known)
        })
    });
    bench.with(|studio| studio.state.toasts.list.clear());
    bench.window.event(Event::PointerMoved(Pos2::new(2.0, 300.0)));
    bench.settle();
}

#[test]
fn it_looks_as_it_should() {
    let (mut bench, _) = with_pictures();
    bench.act(Action::Results(ResultsAction::Accept));
    bench.frames(2);
    generate(&mut bench, "a fox with a crown", 50);
    listed(&mut bench, 7);
    let files: Vec<PathBuf> =
        bench.studio(|studio| studio.state.gallery.pictures().map(|picture| picture.path.clone()).collect());
    bench.act(Action::Files(FilesAction::Star(files[2].clone())));
    bench.leave_fields();
    open_view(&mut bench);
    for (name, kind) in [("fox", LabelKind::Tag), ("cover", LabelKind::Tag)] {
        let change = LabelChange { kind, name: name.into(), files: vec![files[0].clone()], gives: true };
        bench.act(Action::Gallery(GalleryAction::Label(change)));
    }
    bench.act(Action::Gallery(GalleryAction::Select(files[..3].to_vec())));
    bench.act(Action::Gallery(GalleryAction::Filter(Filter::Days(7))));
    bench.wait("the family is there", |bench| bench.has_label_starting("Family: "));
    bench.wait("it is tagged", |bench| bench.has_label_starting("Remove fox"));
    as_if_made_at_two(&mut bench);
    ready(&mut bench, &files);
    bench.window.snapshot("gallery_view_dark");
    bench.act(Action::Gallery(GalleryAction::OpenExport(files[..3].to_vec())));
    bench.with(|studio| {
        let export = &mut studio.state.gallery.export;
        export.folder = "/home/me/pictures".into();
        // Nor is its day.
        export.pattern = "{number} {seed}".into();
    });
    bench.settle();
    bench.window.snapshot("gallery_export_dark");
    bench.with(|studio| studio.state.sheet = None);
    bench.window.set_pixels_per_point(1.5);
    bench.window.set_size(vec2(853.0, 533.0));
    bench.with(|studio| studio.state.gallery.view.covers_grid = false);
    ready(&mut bench, &files);
    bench.window.snapshot("gallery_view_small_grid");
    bench.with(|studio| {
        studio.state.gallery.view.covers_grid = true;
        studio.state.theme = egui::ThemePreference::Light;
    });
    bench.window.ctx.set_theme(egui::ThemePreference::Light);
    ready(&mut bench, &files);
    bench.window.snapshot("gallery_view_small_light");
}

#[test]
fn files_are_copied_to_be_pasted_elsewhere() {
    let (mut bench, files) = with_pictures();
    let copied = |bench: &Bench| {
        let held = std::mem::take(&mut *bench.notes.lock().unwrap());
        held.iter().filter_map(|held| held.strip_prefix("copied ").map(PathBuf::from)).collect::<Vec<_>>()
    };
    open_view(&mut bench);
    let shown = bench.studio(|studio| studio.state.shown_file()).unwrap();
    press(&mut bench, Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::C);
    bench.wait("it is said", |bench| bench.toasts().iter().any(|toast| toast.contains("is on the clipboard")));
    assert_eq!(copied(&bench), [shown]);
    bench.act(Action::Gallery(GalleryAction::Select(files[1..4].to_vec())));
    bench.frames(2);
    bench.click("Copy the selected files");
    bench.wait("it is said", |bench| bench.toasts().iter().any(|toast| toast.contains("3 files")));
    assert_eq!(
        copied(&bench).into_iter().collect::<std::collections::BTreeSet<_>>(),
        files[1..4].iter().cloned().collect()
    );
}
