//! One screen of 1280 × 800 pixels at every scale, in both themes: nothing is cut, nothing lies over anything else.

use std::path::PathBuf;

use egui::Modifiers;
use egui_kittest::SnapshotResults;
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{
    Action, CompareAction, GalleryAction, PromptAction, QueueAction, ResultsAction, SettingsAction,
};

use crate::gallery_view;
use crate::studio_bench::Bench;

/// In both themes, and always in a window of 1280×800 pixels.
fn at_every_scale(mut look: impl FnMut(Bench, u16, &str)) {
    for percent in [100_u16, 125, 150, 200] {
        let scale = f32::from(percent) / 100.0;
        for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
            let size = [1280.0 / scale, 800.0 / scale];
            look(Bench::sized(FakeScript::default(), size, scale, theme), percent, name);
        }
    }
}

#[test]
fn the_main_screens_look_right_at_every_scale_in_both_themes() {
    let mut results = SnapshotResults::new();
    at_every_scale(|mut bench, percent, name| {
        bench.lay(300, 200);
        bench.with(|studio| {
            studio.state.prompt.prompt = "a red apple on a table".into();
            studio.state.canvas.tool = Tool::Brush;
        });
        bench.frames(2);
        bench.drag(&[(100.0, 80.0), (160.0, 90.0), (120.0, 120.0)], Modifiers::NONE);
        bench.settle();
        results.add(bench.window.try_snapshot(format!("scale_{percent}_{name}")));
        bench.act(Action::Settings(SettingsAction::Find("Device and memory")));
        bench.settle();
        results.add(bench.window.try_snapshot(format!("scale_{percent}_settings_{name}")));
    });
}

#[test]
fn the_rooms_for_what_was_made_look_right_at_every_scale_in_both_themes() {
    let mut results = SnapshotResults::new();
    at_every_scale(|mut bench, percent, name| {
        bench.settle();
        for (words, seed) in [("a castle at night", 40), ("a fox in snow", 41), ("a boat at sea", 42)] {
            gallery_view::generate(&mut bench, words, seed);
        }
        gallery_view::listed(&mut bench, 3);
        let files: Vec<PathBuf> = bench.done().iter().map(|one| one.made().unwrap().file.clone()).take(2).collect();
        let mut snapshot = |bench: &mut Bench, room: &str| {
            bench.with(|studio| studio.state.toasts.list.clear());
            bench.settle();
            results.add(bench.window.try_snapshot(format!("scale_{percent}_{room}_{name}")));
        };
        gallery_view::as_if_made_at_two(&mut bench);
        bench.leave_fields();
        gallery_view::open_view(&mut bench);
        snapshot(&mut bench, "gallery");
        bench.act(Action::Gallery(GalleryAction::LeaveView));
        bench.act(Action::Results(ResultsAction::Compare(files)));
        snapshot(&mut bench, "compare");
        bench.act(Action::Compare(CompareAction::Close));
        bench.act(Action::Queue(QueueAction::Pause));
        bench.act(Action::Queue(QueueAction::Toggle));
        bench.with(|studio| studio.state.prompt.prompt = "a rocket".into());
        bench.act(Action::Prompt(PromptAction::Generate));
        snapshot(&mut bench, "queue");
    });
}
