//! One screen of 1280 × 800 pixels at every scale, in both themes: nothing is cut, nothing lies over anything else.

use egui::Modifiers;
use egui_kittest::SnapshotResults;
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, SettingsAction};

use crate::studio_bench::Bench;

#[test]
fn the_main_screens_look_right_at_every_scale_in_both_themes() {
    let mut results = SnapshotResults::new();
    for percent in [100_u16, 125, 150, 200] {
        let scale = f32::from(percent) / 100.0;
        for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
            let size = [1280.0 / scale, 800.0 / scale];
            let mut bench = Bench::sized(FakeScript::default(), size, scale, theme);
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
            bench.frames(3);
            results.add(bench.window.try_snapshot(format!("scale_{percent}_settings_{name}")));
        }
    }
}
