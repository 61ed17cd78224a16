//! The settings' window: found by words, changed at once, put back, kept; keys that are pressed and not typed.

use egui::accesskit::Toggled;
use egui::{Event, Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::engine::FakeScript;
use inkwick::engine::device::DtypeChoice;
use inkwick::job::AttentionMode;
use inkwick::store::pictures::picture_file;
use inkwick::store::preferences::Accent;
use inkwick::store::settings::{Settings, Theme};
use inkwick::ui::action::{Action, FilesAction, SettingsAction, Sheet};

use crate::studio_bench::Bench;

fn open(bench: &mut Bench) {
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    bench.frames(3);
    assert_eq!(bench.studio(|studio| studio.state.sheet), Some(Sheet::Settings));
}

fn search(bench: &mut Bench, words: &str) {
    bench.with(|studio| studio.state.settings.search.clear());
    bench.frames(1);
    let field = || egui::Role::TextInput;
    bench.window.get_by_role_and_label(field(), "Search settings").focus();
    bench.frames(2);
    bench.window.get_by_role_and_label(field(), "Search settings").type_text(words);
    bench.frames(3);
}

fn has(bench: &Bench, label: &str) -> bool {
    bench.window.query_all_by_label(label).next().is_some()
}

#[test]
fn the_gear_and_a_key_open_it_and_escape_closes_it() {
    let mut bench = Bench::new(FakeScript::default());
    bench.click("Settings");
    bench.frames(2);
    assert!(has(&bench, "Search settings"));
    bench.window.key_press(Key::Escape);
    bench.frames(3);
    assert_eq!(bench.studio(|studio| studio.state.sheet), None);
    open(&mut bench);
}

#[test]
fn a_change_holds_at_once_is_counted_and_put_back_by_its_own_button() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    let fill = |bench: &Bench| bench.window.ctx.style_of(bench.window.ctx.theme()).visuals.hyperlink_color;
    let amber = fill(&bench);
    assert!(!has(&bench, "Reset Accent") && !has(&bench, "Reset Theme"));
    bench.click("Theme: Light");
    bench.click("Accent: Blue");
    bench.frames(2);
    assert_eq!(bench.window.ctx.theme(), egui::Theme::Light);
    assert_ne!(fill(&bench), amber);
    assert!(has(&bench, "Appearance, 2 changed"));
    bench.click("Reset Accent");
    bench.frames(2);
    assert!(!has(&bench, "Reset Accent") && has(&bench, "Appearance, 1 changed"));
    bench.click("Reset this page");
    bench.frames(2);
    assert_eq!(bench.window.ctx.theme(), egui::Theme::Dark);
    assert_eq!(fill(&bench), amber);
    assert!(has(&bench, "Appearance"));
}

#[test]
fn a_setting_is_found_by_other_words_and_shares_its_state_with_the_panel() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    search(&mut bench, "vram");
    bench.window.get_by_role_and_label(egui::Role::ComboBox, "Attention").click();
    bench.frames(3);
    bench.click("Tiled");
    bench.frames(2);
    assert_eq!(bench.studio(|studio| studio.state.memory.compute.attention), AttentionMode::Tiled);
    search(&mut bench, "float");
    bench.click("Precision: bfloat16");
    bench.frames(2);
    assert_eq!(bench.studio(|studio| studio.processor().dtype), DtypeChoice::Bf16);
    bench.wait("the status line says so", |bench| bench.studio(|studio| studio.state.device_text.contains("bf16")));
    search(&mut bench, "zebra");
    assert!(bench.has_label_starting("Nothing is called “zebra”"));
}

#[test]
fn the_interface_becomes_larger_at_once_and_after_a_restart() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    search(&mut bench, "interface scale");
    for (choice, factor) in [("150 %", 1.5), ("100 %", 1.0), ("125 %", 1.25)] {
        bench.window.get_by_role_and_label(egui::Role::ComboBox, "Interface scale").click();
        bench.frames(3);
        bench.click(choice);
        bench.frames(3);
        assert!((bench.window.ctx.zoom_factor() - factor).abs() < 1e-6);
    }
    let home = bench.close();
    let bench = Bench::reopen(home, FakeScript::default());
    assert!((bench.window.ctx.zoom_factor() - 1.25).abs() < 1e-6);
}

#[test]
fn new_pictures_go_where_and_as_it_was_chosen() {
    let mut bench = Bench::new(FakeScript::default());
    let elsewhere = bench.paths.pictures_folder.with_file_name("elsewhere");
    open(&mut bench);
    bench.act(Action::Settings(SettingsAction::PicturesFolder(elsewhere.clone())));
    assert!(has(&bench, "Reset Folder"), "it shows what was chosen");
    bench.click("Format: WebP");
    bench.frames(2);
    let name = || egui::Role::TextInput;
    bench.with(|studio| studio.state.settings.name_text = Some(String::new()));
    bench.frames(2);
    bench.window.get_by_role_and_label(name(), "Name").focus();
    bench.frames(2);
    bench.window.get_by_role_and_label(name(), "Name").type_text("{words}");
    bench.frames(2);
    assert!(bench.has_label_starting("Begin with {number}"));
    bench.with(|studio| studio.state.settings.name_text = Some("{number}-{words}".into()));
    bench.frames(2);
    assert!(bench.has_label_starting("00007-a-fox"), "an example");
    bench.window.key_press(Key::Escape);
    bench.frames(3);
    bench.type_prompt("a red apple");
    bench.click("Generate");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    let file = bench.done()[0].made().unwrap().file.clone();
    assert!(file.starts_with(&elsewhere) && file.ends_with("00001-a-red-apple.webp"), "{}", file.display());
    bench.wait("the gallery shows that folder", |bench| {
        bench.studio(|studio| studio.state.gallery.pictures().count()) == 1
    });

    // A copy that is given away need not tell how it was made.
    let told = |path: &std::path::Path| picture_file::read_request(path).unwrap().map(|request| request.prompt);
    assert_eq!(told(&file).as_deref(), Some("a red apple"));
    for (keeps, wanted) in [(true, Some("a red apple")), (false, None)] {
        bench.with(|studio| {
            let mut settings = studio.settings();
            settings.preferences.settings_in_copies = keeps;
            studio.answers().send(Action::Settings(SettingsAction::Change(Box::new(settings)))).unwrap();
        });
        bench.frames(2);
        let to = elsewhere.join(format!("copy-{keeps}.webp"));
        bench.act(Action::Files(FilesAction::CopyFile { from: file.clone(), to: to.clone() }));
        bench.wait("the copy is there", |_| to.exists());
        assert_eq!(told(&to).as_deref(), wanted);
    }
}

#[test]
fn a_key_is_pressed_and_one_that_is_taken_says_whose_it_is() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    search(&mut bench, "mask brush");
    bench.click("Key of “Mask brush”");
    bench.frames(1);
    bench.window.key_press(Key::E);
    bench.frames(2);
    assert!(bench.has_label_starting("E is the key of “Mask eraser"));
    assert!(bench.studio(|studio| studio.keys().is_empty()), "nothing has changed yet");
    bench.click("Use the key here");
    bench.frames(2);
    let keys = bench.studio(|studio| studio.keys().clone());
    assert_eq!((keys["brush"].as_str(), keys["eraser"].as_str()), ("E", ""));
    bench.window.key_press(Key::Escape);
    bench.frames(3);
    bench.leave_fields();
    bench.window.key_press(Key::E);
    bench.frames(2);
    bench.studio(|studio| assert_eq!(studio.state.canvas.tool, inkwick::canvas::tools::Tool::Brush));

    open(&mut bench);
    search(&mut bench, "mask brush");
    bench.click("Reset Mask brush");
    bench.frames(2);
    assert!(!bench.studio(|studio| studio.keys().clone()).contains_key("brush"));
    bench.wait("the file says so", |bench| {
        let path = inkwick::store::keys::file_beside(&bench.paths.settings_file);
        inkwick::store::keys::load(&path).0.keys().eq(["eraser"])
    });
}

#[test]
fn a_letter_is_not_taken_from_who_writes_and_escape_leaves_everything() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    search(&mut bench, "generate, or queue");
    bench.click("Key of “Generate, or queue the next”");
    bench.frames(1);
    bench.window.key_press(Key::G);
    bench.frames(2);
    assert!(bench.has_label_starting("G writes a letter."));
    bench.click("Key of “Generate, or queue the next”");
    bench.frames(1);
    // Even the key that ends the program is only a key here.
    bench.window.event(Event::Key {
        key: Key::Escape,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    });
    bench.frames(2);
    assert_eq!(bench.studio(|studio| studio.state.sheet), Some(Sheet::Settings), "Escape leaves the key alone first");
    assert!(bench.studio(|studio| studio.keys().clone()).is_empty());
}

#[test]
fn keys_alone_find_and_change_a_setting() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    search(&mut bench, "offline");
    // The last control of the window is the only one that was found.
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::Tab);
    bench.frames(2);
    bench.window.key_press(Key::Space);
    bench.frames(2);
    assert!(bench.studio(|studio| studio.settings().preferences.works_offline));
}

#[test]
fn offline_nothing_is_fetched() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    search(&mut bench, "offline");
    let toggle = "Fetch nothing from the network";
    bench.click(toggle);
    bench.frames(2);
    assert_eq!(bench.window.get_by_label(toggle).accesskit_node().toggled(), Some(Toggled::True));
    let download = inkwick::ui::action::LibraryAction::Download("somebody/model".into());
    bench.act(Action::Library(download));
    assert!(bench.toasts().iter().any(|toast| toast.contains("works offline")), "{:?}", bench.toasts());
    assert!(bench.studio(|studio| studio.downloads.list().is_empty()));
}

#[test]
fn prompts_are_forgotten_at_a_press_and_not_remembered_if_so_chosen() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("a secret");
    bench.click("Generate");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    assert_eq!(bench.studio(|studio| studio.settings().prompt_history), ["a secret"]);
    open(&mut bench);
    search(&mut bench, "history");
    bench.click("Forget them");
    bench.click("Remember those that were used");
    bench.frames(2);
    assert!(bench.studio(|studio| studio.settings().prompt_history).is_empty());
    bench.window.key_press(Key::Escape);
    bench.frames(3);
    bench.click("Generate");
    bench.wait("the next one is done", |bench| bench.done().len() == 2);
    assert!(bench.studio(|studio| studio.settings().prompt_history).is_empty());
}

#[test]
fn a_settings_file_of_today_is_read_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("Inkwick");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("settings.ron"), include_str!("../corpus/settings/before-preferences.ron")).unwrap();
    std::fs::write(folder.join("keys.ron"), include_str!("../corpus/settings/before-preferences-keys.ron")).unwrap();
    let read = Settings::load(&folder.join("settings.ron"));
    assert!(read.problem.is_none(), "{:?}", read.problem);
    let settings = read.settings;
    assert_eq!((settings.theme, settings.preferences.accent), (Theme::Light, Accent::Amber));
    assert_eq!(settings.preferences, Settings::default().preferences, "what is new is as usual");
    assert_eq!(settings.prompt_history, ["a fox", "a castle at night"]);
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.studio(|studio| {
        assert_eq!(studio.state.prompt.prompt, "a \"red\" apple");
        assert_eq!(studio.state.memory.compute.attention, AttentionMode::Tiled);
    });
    open(&mut bench);
    assert!(
        has(&bench, "Appearance, 2 changed")
            && has(&bench, "Keys, 1 changed")
            && has(&bench, "Device and memory, 1 changed")
    );
}

#[test]
fn the_settings_look_as_drawn() {
    let mut results = SnapshotResults::new();
    for (name, size, scale, theme, page) in [
        ("settings_dark", [1440.0, 900.0], 1.0, Theme::Dark, "Pictures and files"),
        ("settings_light", [1280.0, 800.0], 1.0, Theme::Light, "Keys"),
        ("settings_small", [853.0, 533.0], 1.5, Theme::Dark, "Appearance"),
        ("settings_narrow", [600.0, 480.0], 1.0, Theme::Light, "Canvas and brush"),
    ] {
        let mut bench = Bench::sized(FakeScript::default(), size, scale, theme);
        bench.settle();
        bench.act(Action::Settings(SettingsAction::Find(page)));
        if page == "Pictures and files" {
            bench.with(|studio| {
                let mut settings = studio.settings();
                // The same on every machine.
                settings.preferences.saving.folder = Some("/pictures/of-mine".into());
                settings.preferences.saving.name = "{number}-{words}-{seed}".into();
                studio.answers().send(Action::Settings(SettingsAction::Change(Box::new(settings)))).unwrap();
            });
        }
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}
