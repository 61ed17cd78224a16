//! The palette of everything that can be done: found by name, run by key or pointer, and silent about nothing.

use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::store::settings::Theme;
use inkwick::ui::action::Sheet;

use crate::studio_bench::Bench;

fn open(bench: &mut Bench, words: &str) {
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    bench.frames(3);
    assert_eq!(bench.studio(|studio| studio.state.sheet), Some(Sheet::Palette));
    bench.window.get_by_role_and_label(egui::Role::TextInput, "Find an action").type_text(words);
    bench.frames(3);
}

/// Name, what stands beside it, whether it can run; in the order of the list.
fn lines(bench: &Bench) -> Vec<(String, String, bool)> {
    let nodes = bench.window.query_all_by_role(egui::accesskit::Role::MenuItem);
    let mut lines: Vec<_> = nodes
        .map(|node| {
            let access = node.accesskit_node();
            let about = [access.data().description(), access.data().value()];
            let about = about.into_iter().flatten().collect::<Vec<_>>().join(" ");
            (node.rect().top() as i32, access.label().unwrap_or_default(), about, !access.is_disabled())
        })
        .collect();
    lines.sort_by_key(|(top, ..)| *top);
    lines.into_iter().map(|(_, name, about, can)| (name, about, can)).collect()
}

#[test]
fn an_action_is_found_by_some_of_its_letters_and_runs_with_enter() {
    let mut bench = Bench::with_photo(64, 64);
    open(&mut bench, "colour br");
    assert_eq!(lines(&bench)[0].0, "Colour brush (Alt picks a colour)");
    assert!(lines(&bench)[0].1.contains("Canvas D"), "with its key: {:?}", lines(&bench)[0]);
    bench.window.key_press(Key::Enter);
    bench.frames(3);
    bench.studio(|studio| {
        assert_eq!((studio.state.sheet, studio.state.canvas.tool), (None, Tool::Colour));
    });
    open(&mut bench, "mask");
    let names: Vec<String> = lines(&bench).into_iter().map(|(name, ..)| name).collect();
    bench.window.key_press(Key::ArrowDown);
    bench.frames(2);
    bench.window.key_press(Key::ArrowUp);
    bench.window.key_press(Key::ArrowDown);
    bench.frames(2);
    assert_eq!(names[1], "Mask eraser (or hold Alt)");
    bench.window.key_press(Key::Enter);
    bench.frames(3);
    bench.studio(|studio| assert_eq!(studio.state.canvas.tool, Tool::Eraser));
}

#[test]
fn a_click_runs_too_and_a_setting_opens_where_it_is() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench, "theme");
    assert_eq!(lines(&bench)[0], ("Theme".into(), "Appearance Dark".into(), true));
    bench.window.get_by_role_and_label(egui::Role::MenuItem, "Theme").click();
    bench.frames(4);
    bench.studio(|studio| assert_eq!(studio.state.sheet, Some(Sheet::Settings)));
    bench.click("Theme: Light");
    bench.frames(2);
    assert_eq!(bench.window.ctx.theme(), egui::Theme::Light);
}

#[test]
fn the_fields_own_words_find_commands_fields_and_settings() {
    let mut bench = Bench::with_photo(64, 64);
    for (words, first) in [
        ("outpaint", "Extend the canvas"),
        ("variation", "Variation"),
        ("cfg", "CFG scale"),
        ("guidance", "CFG scale"),
        ("seed", "Seed"),
        ("ui scale", "Interface scale"),
        ("karras", "Schedule"),
        ("xyz plot", "A grid of pictures over settings"),
        ("segment anything", "Select a thing by a click"),
        ("favorite", "Give the shown picture a star, or take it away"),
        ("interrupt", "Cancel what is being made"),
    ] {
        open(&mut bench, words);
        let found = lines(&bench);
        assert_eq!(found.first().map(|(name, ..)| name.as_str()), Some(first), "{words}: {found:?}");
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::K);
        bench.frames(2);
    }
    open(&mut bench, "brush's size");
    let values: Vec<String> = lines(&bench).into_iter().map(|(_, about, _)| about).collect();
    assert!(values.iter().all(|about| !about.ends_with(" off")), "{values:?}");
}

#[test]
fn a_field_of_the_prompt_panel_is_unfolded_and_has_the_keyboard() {
    let mut bench = Bench::new(FakeScript::default());
    let is_closed = |bench: &Bench| bench.window.query_by_role_and_label(egui::Role::Slider, "Variation").is_none();
    bench.leave_fields();
    assert!(is_closed(&bench));
    open(&mut bench, "variation");
    assert_eq!(lines(&bench)[0], ("Variation".into(), "Prompt panel 0.00".into(), true));
    bench.window.key_press(Key::Enter);
    bench.frames(4);
    assert!(!is_closed(&bench));
    let slider = bench.window.get_by_role_and_label(egui::Role::Slider, "Variation");
    assert!(slider.accesskit_node().is_focused(), "the keyboard is in its field");
    let inside = bench.window.ctx.content_rect().contains_rect(slider.rect());
    assert!(inside, "it is in sight: {:?}", slider.rect());
    bench.window.key_press(Key::ArrowRight);
    bench.frames(2);
    let strength = bench.studio(|studio| studio.state.prompt.fine.variation_strength);
    assert!((strength - 0.01).abs() < 1e-9, "{strength}");
    open(&mut bench, "negative prompt");
    bench.window.key_press(Key::Enter);
    bench.frames(4);
    let negative = bench.window.get_by_label("Negative prompt text");
    assert!(negative.accesskit_node().is_focused());
}

#[test]
fn what_cannot_run_comes_last_and_says_why() {
    let mut bench = Bench::new(FakeScript::default());
    bench.leave_fields();
    open(&mut bench, "");
    let all = lines(&bench);
    assert!(all.len() > 60, "everything is listed: {}", all.len());
    let first_idle = all.iter().position(|(.., can)| !can).expect("some cannot run on an empty canvas");
    assert!(all[first_idle..].iter().all(|(.., can)| !can), "they stand at the end");
    for (name, about, can) in &all {
        assert!(!about.trim().is_empty(), "{name}");
        if !can {
            assert!(about.split(' ').count() > 2 && !about.starts_with("not now"), "{name}: {about}");
        }
    }
    bench.window.get_by_role_and_label(egui::Role::TextInput, "Find an action").type_text("clear the mask");
    bench.frames(3);
    assert_eq!(lines(&bench)[0].1, "nothing is masked Shift+C");
    bench.window.key_press(Key::Enter);
    bench.frames(2);
    bench.studio(|studio| assert_eq!(studio.state.sheet, Some(Sheet::Palette), "it stays, nothing happened"));
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    bench.frames(2);
    bench.studio(|studio| assert_eq!(studio.state.sheet, None));
}

#[test]
fn the_palette_looks_as_drawn() {
    let mut results = SnapshotResults::new();
    for (name, size, theme) in
        [("palette_dark", [1440.0, 900.0], Theme::Dark), ("palette_small", [700.0, 480.0], Theme::Light)]
    {
        let mut bench = Bench::sized(FakeScript::default(), size, 1.0, theme);
        bench.settle();
        open(&mut bench, "pict");
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}
