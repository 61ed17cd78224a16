//! The gallery as one works with it: found again by words after a restart, stars, deleting with a way back.

use std::path::{Path, PathBuf};

use egui::Key;
use inkwick::engine::FakeScript;
use inkwick::ui::action::{Action, GalleryView, LookingAt, PromptAction, ResultsAction};
use inkwick::ui::gallery::state::Thumbnail;

use crate::studio_bench::Bench;

/// After a restart, with three pictures from before it. The newest first.
fn after_a_restart() -> (Bench, Vec<PathBuf>) {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    for (count, words) in ["a red apple", "a blue bear", "a castle at night"].into_iter().enumerate() {
        bench.with(|studio| {
            studio.state.prompt.prompt = words.into();
            studio.state.prompt.seed_text = (41 + count).to_string();
        });
        bench.act(Action::Prompt(PromptAction::Generate));
        bench.wait("the picture is done", |bench| bench.done().len() == count + 1);
    }
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("all are listed and read", |bench| {
        bench.studio(|studio| studio.state.gallery.pictures().count() == 3 && studio.state.gallery.words.count() == 3)
    });
    bench.leave_fields();
    let files = bench.studio(|studio| studio.state.gallery.pictures().map(|picture| picture.path.clone()).collect());
    (bench, files)
}

fn look_at(bench: &mut Bench, file: &Path) {
    let view = GalleryView { file: file.to_owned(), picture: None };
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Gallery(view))));
    bench.wait("it is read", |bench| bench.studio(|studio| studio.state.shown_picture().is_some()));
    bench.frames(2);
}

fn shown(bench: &Bench) -> Option<PathBuf> {
    bench.studio(|studio| match &studio.state.canvas.looking_at {
        LookingAt::Gallery(view) => Some(view.file.clone()),
        _ => None,
    })
}

fn listed(bench: &mut Bench, text: &str) -> usize {
    bench.with(|studio| studio.state.gallery.search.text = text.into());
    bench.wait("it is searched", |bench| bench.studio(|studio| studio.state.gallery.search.is_answered()));
    bench.frames(2);
    bench.studio(|studio| studio.state.gallery.search.days().iter().map(|day| day.pictures.len()).sum())
}

#[test]
fn prompts_are_found_after_a_restart_and_a_picture_says_how_it_was_made() {
    let (mut bench, files) = after_a_restart();
    assert_eq!([listed(&mut bench, "BLUE bear"), listed(&mut bench, "seed:43"), listed(&mut bench, "pear")], [1, 1, 0]);
    assert_eq!(listed(&mut bench, ""), 3);
    look_at(&mut bench, &files[1]);
    assert!(bench.has_label_starting("a blue bear\nseed 42 · "));
    bench.wait("the small pictures are there", |bench| {
        bench.studio(|studio| {
            let is_ready =
                |file: &PathBuf| matches!(studio.state.gallery.thumbnails.get(file), Some(Thumbnail::Ready(_)));
            files.iter().all(is_ready)
        })
    });
    bench.settle();
    bench.window.snapshot("gallery_picture_dark");
}

#[test]
fn deleting_goes_to_the_next_picture_and_can_be_undone() {
    let (mut bench, files) = after_a_restart();
    look_at(&mut bench, &files[1]);
    bench.window.key_press(Key::Delete);
    bench.frames(3);
    assert_eq!(shown(&bench).as_ref(), Some(&files[2]), "the next one");
    assert_eq!(bench.studio(|studio| studio.state.gallery.pictures().count()), 2);
    assert!(files[1].is_file(), "it goes when nobody can take it back any more");
    bench.window.key_press(Key::Delete);
    bench.frames(3);
    assert_eq!(shown(&bench).as_ref(), Some(&files[0]), "at the end the one before");
    let toasts = bench.studio(|studio| studio.state.toasts.list.clone());
    assert_eq!(toasts.len(), 2);
    for toast in toasts {
        bench.act(toast.action.unwrap().1);
    }
    bench.wait("both are back", |bench| bench.studio(|studio| studio.state.gallery.pictures().count() == 3));
    assert_eq!(shown(&bench).as_ref(), Some(&files[2]), "what was seen before the last press");
    assert!(bench.toasts().is_empty() && files.iter().all(|file| file.is_file()));
}

#[test]
fn a_star_is_given_by_key_shown_filtered_and_kept() {
    let (mut bench, files) = after_a_restart();
    look_at(&mut bench, &files[2]);
    bench.window.key_press(Key::Period);
    bench.frames(2);
    bench.click("Starred only");
    bench.frames(2);
    assert_eq!(listed(&mut bench, ""), 1);
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("it is listed", |bench| bench.studio(|studio| studio.state.gallery.pictures().count() == 3));
    assert!(bench.studio(|studio| studio.state.gallery.starred.contains(&files[2])));
    bench.leave_fields();
    look_at(&mut bench, &files[2]);
    bench.window.key_press(Key::Period);
    bench.frames(2);
    assert!(bench.studio(|studio| studio.state.gallery.starred.is_empty()));
}
