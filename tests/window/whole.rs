//! The window as a person uses it: by its labels and keys, with a backend that draws by script.

use std::time::Duration;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::job::{JobId, Variation};
use inkwick::sampling::{SchedulerName, SigmaChoice};
use inkwick::store::settings::{Settings, Theme};
use inkwick::ui::action::{Action, GalleryView, LookingAt, PromptAction, ResultsAction};

use crate::studio_bench::Bench;

fn slow() -> FakeScript {
    FakeScript { step_duration: Duration::from_millis(15), ..FakeScript::default() }
}

#[test]
fn a_prompt_becomes_a_picture_in_the_gallery() {
    let mut bench = Bench::new(slow());
    bench.type_prompt("a red apple");
    bench.click("Generate");
    bench.wait("a step is told", |bench| bench.has_label_starting("step "));
    assert!(bench.window.query_by_label("Queue next").is_some());
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    assert_eq!(bench.done()[0].request.prompt, "a red apple");
    bench.wait("the gallery lists it", |bench| bench.studio(|studio| studio.state.gallery.pictures().count()) == 1);
    assert_eq!(bench.files().len(), 1);
    bench.wait("the button is back", |bench| bench.window.query_by_label("Generate").is_some());
}

#[test]
fn the_keyboard_starts_a_run() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("a castle at night");
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "a castle at night");
}

#[test]
fn cancel_answers_in_the_same_frame() {
    let mut bench = Bench::new(FakeScript { step_duration: Duration::from_millis(100), ..FakeScript::default() });
    bench.type_prompt("a blue bear");
    bench.click("Generate");
    bench.wait("a step is told", |bench| bench.has_label_starting("step "));
    bench.click("Cancel");
    bench.frames(2);
    assert!(!bench.studio(|studio| studio.state.candidates.is_busy()));
    assert!(bench.window.query_by_label("Generate").is_some());
    std::thread::sleep(Duration::from_millis(300));
    bench.frames(3);
    assert!(bench.files().is_empty());
    assert!(bench.toasts().is_empty(), "a wanted cancel is no error");
}

#[test]
fn a_failing_prompt_tells_so_and_the_next_one_works() {
    for word in ["fail", "panic"] {
        let mut bench = Bench::new(FakeScript::default());
        bench.type_prompt(&format!("please {word}"));
        bench.click("Generate");
        bench.wait("a toast tells of it", |bench| !bench.toasts().is_empty());
        assert!(bench.toasts()[0].contains(word), "{:?}", bench.toasts());
        bench.clear_prompt();
        bench.type_prompt("a red apple");
        bench.click("Generate");
        bench.wait("the next one works", |bench| bench.done().len() == 1);
        assert_eq!(bench.toasts().len(), 1, "an error stays until it is closed");
        bench.click("Close message");
        bench.frames(2);
        assert!(bench.toasts().is_empty());
    }
}

#[test]
fn three_pictures_have_seeds_in_a_row() {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| {
        studio.state.prompt.picture_count = 3;
        studio.state.prompt.seed_text = "41".into();
    });
    bench.type_prompt("a cat and a pizza");
    bench.click("Generate");
    bench.wait("three pictures are done", |bench| bench.done().len() == 3);
    let seeds: Vec<u64> = bench.done().iter().map(|candidate| candidate.request.seed).collect();
    assert_eq!(seeds, [41, 42, 43]);
    assert_eq!(bench.files().len(), 3);
}

#[test]
fn an_accepted_picture_is_repainted_and_undo_takes_it_back() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("a red apple");
    bench.click("Generate");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    bench.leave_fields();
    bench.window.key_press(Key::Enter);
    bench.wait("the button says what it does", |bench| bench.window.query_by_label("Repaint picture").is_some());
    assert!(bench.window.query_all_by_label("Denoising").next().is_some());
    bench.click("Repaint picture");
    bench.wait("the repainted one is done", |bench| bench.done().len() == 2);
    bench.leave_fields();
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.wait("back to Create", |bench| bench.window.query_by_label("Generate").is_some());
}

#[test]
fn settings_and_the_unsent_prompt_survive_a_restart() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("half a thought");
    bench.with(|studio| studio.state.prompt.steps = 33);
    bench.frames(2);
    let home = bench.close();
    let bench = Bench::reopen(home, FakeScript::default());
    bench.studio(|studio| {
        assert_eq!(studio.state.prompt.prompt, "half a thought");
        assert_eq!(studio.state.prompt.steps, 33);
    });
}

#[test]
fn settings_are_written_while_the_window_stays_open() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("kept");
    bench.wait("the file has the prompt", |bench| {
        Settings::load(&bench.paths.settings_file).settings.draft.request.prompt == "kept"
    });
}

#[test]
fn tab_hides_the_panels_unless_one_types() {
    let mut bench = Bench::new(FakeScript::default());
    bench.leave_fields();
    bench.window.key_press(Key::Tab);
    bench.frames(3);
    assert!(bench.window.query_by_label("Prompt").is_none());
    bench.window.key_press(Key::Tab);
    bench.frames(3);
    assert!(bench.window.query_all_by_label("Prompt").next().is_some());
    bench.window.get_by_role_and_label(egui::Role::MultilineTextInput, "Prompt").focus();
    bench.frames(2);
    bench.window.key_press(Key::Tab);
    bench.frames(2);
    assert!(bench.window.query_all_by_label("Prompt").next().is_some());
}

#[test]
fn the_window_looks_as_it_should() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, scale, theme) in [
        ("empty_light", [1440.0, 900.0], 1.0, Theme::Light),
        ("empty_dark", [1440.0, 900.0], 1.0, Theme::Dark),
        ("small_125", [1024.0, 640.0], 1.25, Theme::Dark),
        ("small_150", [853.0, 533.0], 1.5, Theme::Dark),
    ] {
        let mut bench = Bench::sized(FakeScript::default(), size, scale, theme);
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}

#[test]
fn a_run_looks_as_it_should() {
    let script = FakeScript { step_duration: Duration::from_secs(20), ..FakeScript::default() };
    let mut bench = Bench::sized(script, [1440.0, 900.0], 1.0, Theme::Dark);
    bench.with(Bench::scripted_run);
    bench.settle();
    bench.window.snapshot("run_dark");
}

#[test]
fn small_windows_and_toasts_look_as_they_should() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, scale, theme) in
        [("small_run_150", [853.0, 533.0], 1.5, Theme::Dark), ("rails_light", [680.0, 520.0], 1.0, Theme::Light)]
    {
        let mut bench = Bench::sized(FakeScript::default(), size, scale, theme);
        bench.with(|studio| {
            Bench::scripted_run(studio);
            studio.state.canvas.looking_at = LookingAt::Candidate(JobId(902));
            studio.state.prompt.sampling_open = true;
        });
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
    for (name, theme) in [("toasts_dark", Theme::Dark), ("toasts_light", Theme::Light)] {
        let mut bench = Bench::sized(FakeScript::default(), [1280.0, 800.0], 1.0, theme);
        bench.with(|studio| {
            studio.state.toasts.error(
                "1024×1024 needs about 9.5 GB of memory and 6.1 GB are free; choose a smaller size.",
                Some("Prompt: a castle at night".into()),
            );
            studio.state.toasts.note("Moved 00001-7.png to the Trash.");
            studio.state.prompt.sampling_open = true;
            studio.state.prompt.negative_open = true;
        });
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}

#[test]
fn an_example_is_one_click_from_the_first_start() {
    let mut bench = Bench::new(FakeScript::default());
    bench.click("a penguin in the snow");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    assert_eq!(bench.done()[0].request.prompt, "a penguin in the snow");
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "a penguin in the snow");
}

#[test]
fn a_dropped_photo_is_repainted_and_the_built_in_model_says_what_it_cannot_do() {
    let mut bench = Bench::new(FakeScript::default());
    let photo = bench.photo("holiday.jpg", 640, 480);
    bench.drop_file(photo);
    bench.wait("it lies on the canvas", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    bench.frames(2);
    assert!(bench.has_label_starting("This model draws emoji-style objects"));
    bench.click("Get a photographic model");
    bench.frames(2);
    assert!(bench.has_label_starting("The built-in model is small"));
    bench.settle();
    bench.window.snapshot("sheet_dark");
    bench.click("Close");
    bench.frames(3);
    bench.type_prompt("a castle");
    bench.settle();
    bench.window.snapshot("photo_dark");
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "a castle");
    bench.click("Repaint picture");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    let request = bench.done()[0].request.clone();
    let (width, height) = (request.width.unwrap(), request.height.unwrap());
    assert!(width > height && width % 8 == 0 && height % 8 == 0 && width <= 480, "{width} × {height}");
}

#[test]
fn a_dropped_file_that_is_no_picture_is_reported() {
    let mut bench = Bench::new(FakeScript::default());
    let folder = bench.paths.cache_folder.join("not a model");
    std::fs::create_dir_all(&folder).unwrap();
    bench.drop_file(folder);
    bench.wait("a toast tells of it", |bench| !bench.toasts().is_empty());
    let broken = bench.paths.cache_folder.join("broken.png");
    std::fs::write(&broken, b"no picture").unwrap();
    bench.drop_file(broken);
    bench.wait("a second one too", |bench| bench.toasts().len() == 2);
    assert!(bench.studio(|studio| !studio.state.canvas.has_picture()));
}

#[test]
fn a_photo_that_ends_early_is_opened_and_reported() {
    let mut bench = Bench::new(FakeScript::default());
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/pictures");
    for (number, name) in ["baseline-420.jpg", "png-rgb.png"].into_iter().enumerate() {
        let whole = std::fs::read(data.join(name)).unwrap();
        let file = bench.paths.cache_folder.join(name);
        std::fs::create_dir_all(&bench.paths.cache_folder).unwrap();
        std::fs::write(&file, &whole[..whole.len() * 2 / 3]).unwrap();
        bench.drop_file(file);
        bench.wait("a toast tells of it", |bench| bench.toasts().len() == number + 1);
        assert!(bench.toasts()[number].contains("of the picture is missing"), "{:?}", bench.toasts());
        assert!(bench.studio(|studio| studio.state.canvas.has_picture()));
    }
}

#[test]
fn a_gallery_picture_gives_its_settings_back() {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| studio.state.prompt.steps = 7);
    bench.type_prompt("a blue bear");
    bench.click("Generate");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    let made = bench.done()[0].clone();
    bench.clear_prompt();
    bench.with(|studio| studio.state.prompt.steps = 20);
    let file = made.made().unwrap().file.clone();
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Gallery(GalleryView {
        file: file.clone(),
        picture: None,
    }))));
    bench.wait("it is shown", |bench| bench.studio(|studio| studio.state.shown_picture().is_some()));
    bench.act(Action::Prompt(PromptAction::UseSettings(file)));
    bench.wait("the prompt is back", |bench| bench.studio(|studio| studio.state.prompt.prompt == "a blue bear"));
    bench.studio(|studio| {
        assert_eq!(studio.state.prompt.steps, 7);
        assert_eq!(studio.state.prompt.fixed_seed(), Some(made.request.seed));
    });
}

#[test]
fn the_sheets_open_and_close() {
    let mut bench = Bench::new(FakeScript::default());
    bench.leave_fields();
    bench.window.key_press(Key::F1);
    bench.frames(3);
    assert!(bench.has_label_starting("Generate, or queue"));
    bench.window.key_press(Key::Escape);
    bench.frames(3);
    assert!(!bench.has_label_starting("Generate, or queue"));
    bench.click("Help");
    bench.frames(2);
    assert!(bench.window.query_by_label("Show log").is_some());
}

#[test]
fn the_sampling_section_offers_what_fits_and_reaches_the_engine() {
    let mut bench = Bench::sized(FakeScript::default(), [1440.0, 1100.0], 1.0, Theme::Dark);
    bench.with(|studio| {
        let prompt = &mut studio.state.prompt;
        (prompt.sampling_open, prompt.fine.is_open) = (true, true);
        (prompt.scheduler, prompt.sigmas) = (Some(SchedulerName::DpmMultistep), Some(SigmaChoice::Karras));
        prompt.fine.variation_strength = 0.2;
        prompt.fine.variation_seed_text = "77".into();
    });
    bench.type_prompt("a blue bear");
    bench.settle();
    bench.window.snapshot("sampling_dark");
    bench.click("Generate");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    let request = bench.done()[0].request.clone();
    assert_eq!((request.scheduler, request.sigmas), (Some(SchedulerName::DpmMultistep), Some(SigmaChoice::Karras)));
    assert_eq!(request.variation, Some(Variation { seed: 77, strength: 0.2 }));

    // DDIM has its own noise steps: Karras is no longer chosen.
    bench.with(|studio| studio.state.prompt.scheduler = Some(SchedulerName::Ddim));
    bench.frames(2);
    assert_eq!(bench.studio(|studio| studio.state.prompt.sigmas), None);
}

#[test]
fn a_long_prompt_shows_where_its_windows_begin() {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| studio.state.prompt.prompt = format!("{}castle", "word ".repeat(75)));
    bench.wait("it is counted", |bench| bench.has_label_starting("76 tokens, 2 chunks; the second begins at “castle"));
}
