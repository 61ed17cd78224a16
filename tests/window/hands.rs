//! The keyboard: whose key it is, field, canvas or sheet, and that no press is lost.

use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::engine::FakeScript;
use inkwick::ui::DialogRequest;
use inkwick::ui::action::{Action, FilesAction, LibraryAction, LookingAt, Sheet, WindowAction};

use crate::studio_bench::Bench;

fn prompt_has_focus(bench: &Bench) -> bool {
    let prompt = bench.window.get_by_role_and_label(egui::Role::MultilineTextInput, "Prompt");
    prompt.accesskit_node().is_focused()
}

fn looking_at(bench: &Bench) -> LookingAt {
    bench.studio(|studio| studio.state.canvas.looking_at.clone())
}

/// With a finished picture that is looked at.
fn with_candidate() -> Bench {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("a red apple");
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    bench.wait("it is looked at", |bench| looking_at(bench) != LookingAt::Canvas);
    bench
}

#[test]
fn the_first_escape_leaves_the_field_and_the_second_sets_aside() {
    let mut bench = with_candidate();
    assert!(prompt_has_focus(&bench));
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert!(!prompt_has_focus(&bench));
    assert_ne!(looking_at(&bench), LookingAt::Canvas, "one Escape does one thing");
    let seen = looking_at(&bench);
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert_eq!(looking_at(&bench), LookingAt::Canvas);
    // And the toast takes it back.
    let (_, action) = bench.studio(|studio| studio.state.toasts.list[0].action.clone()).expect("an Undo");
    bench.act(action);
    assert_eq!(looking_at(&bench), seen);
}

#[test]
fn enter_is_the_fields_while_one_writes_and_no_button_names_it_then() {
    let mut bench = with_candidate();
    let named = |bench: &Bench| bench.window.get_by_label("Accept").accesskit_node().description();
    bench.window.key_press(Key::Enter);
    bench.frames(2);
    assert!(bench.studio(|studio| !studio.state.canvas.has_picture()), "a new line is no Accept");
    assert_eq!(named(&bench), None);
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert_eq!(named(&bench).as_deref(), Some("Enter"));
    bench.window.key_press(Key::Enter);
    bench.frames(2);
    assert!(bench.studio(|studio| studio.state.canvas.has_picture()), "what the button names works");
}

#[test]
fn the_prompt_has_the_focus_at_the_start_only_where_the_canvas_is_empty() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    assert!(prompt_has_focus(&bench));
    bench.lay(300, 200);
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("it is there", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    bench.frames(2);
    assert!(!prompt_has_focus(&bench));
    bench.window.key_press(Key::B);
    bench.frames(2);
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "");
    // One key goes there from anywhere, and opens the panel where it is hidden.
    bench.window.key_press(Key::Tab);
    bench.frames(3);
    assert!(bench.window.query_by_label("Prompt").is_none());
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::P);
    bench.frames(3);
    assert!(prompt_has_focus(&bench));
}

#[test]
fn tab_walks_while_a_field_has_the_focus() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    for _ in 0..3 {
        bench.window.key_press(Key::Tab);
        bench.frames(2);
        assert!(bench.window.query_all_by_label("Prompt").next().is_some(), "it walks");
    }
    assert!(!prompt_has_focus(&bench));
}

#[test]
fn keys_of_one_slow_frame_count_each_and_in_their_order() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.frames(1);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 100.0);
    let press = |bench: &Bench, key| {
        for pressed in [true, false] {
            let (physical_key, repeat, modifiers) = (None, false, Modifiers::NONE);
            bench.window.event(Event::Key { key, physical_key, pressed, repeat, modifiers });
        }
    };
    for key in [Key::CloseBracket; 5] {
        press(&bench, key);
    }
    bench.window.step();
    let size = bench.studio(|studio| studio.state.canvas.tools.mask_brush.diameter_px);
    assert!((size - 100.0 * 1.15f32.powi(5)).abs() < 3.0, "{size}");
    // Brush, eraser, brush: the last one holds, not the last of some table.
    for key in [Key::R, Key::E, Key::B] {
        press(&bench, key);
    }
    bench.window.step();
    assert_eq!(bench.studio(|studio| studio.state.canvas.tool), inkwick::canvas::tools::Tool::Brush);
}

#[test]
fn the_history_of_prompts_is_walked_with_alt_and_is_there_after_a_restart() {
    let mut bench = Bench::new(FakeScript::default());
    for (count, words) in ["a red apple", "a blue bear"].into_iter().enumerate() {
        bench.clear_prompt();
        bench.type_prompt(words);
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
        bench.wait("the picture is done", |bench| bench.done().len() == count + 1);
    }
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.settle();
    bench.clear_prompt();
    bench.type_prompt("half a thought");
    for (key, wanted) in [
        (Key::ArrowUp, "a blue bear"),
        (Key::ArrowUp, "a red apple"),
        (Key::ArrowDown, "a blue bear"),
        (Key::ArrowDown, "half a thought"),
    ] {
        bench.window.key_press_modifiers(Modifiers::ALT, key);
        bench.frames(2);
        assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), wanted);
    }
}

#[test]
fn a_long_prompt_scrolls_inside_and_pushes_nothing_out() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    let model = |bench: &Bench| bench.window.get_all_by_label("Model").next().unwrap().rect().top();
    bench.with(|studio| studio.state.prompt.prompt = "a red apple on a table, ".repeat(125));
    bench.settle();
    let low = model(&bench);
    assert!(low < 450.0, "{low}");
    bench.with(|studio| studio.state.prompt.negative = "blurred, ".repeat(300));
    bench.with(|studio| studio.state.prompt.negative_open = true);
    bench.settle();
    assert!(model(&bench) < 620.0, "{}", model(&bench));
    bench.window.snapshot("long_prompt_dark");
}

#[test]
fn every_sheet_has_a_size_of_its_own_within_the_window() {
    for size in [[1440.0, 900.0], [853.0, 533.0], [560.0, 400.0]] {
        let mut bench = Bench::sized(FakeScript::default(), size, 1.0, inkwick::store::settings::Theme::Dark);
        let window = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::Vec2::from(size));
        let mut heights = Vec::new();
        for sheet in [
            Sheet::About,
            Sheet::Keys,
            Sheet::About,
            Sheet::PhotographicModel,
            Sheet::Manual,
            Sheet::Licences,
            Sheet::Selector,
            Sheet::Annotator,
            Sheet::Share,
        ] {
            bench.act(Action::Window(WindowAction::Show(sheet)));
            bench.frames(4);
            let close = bench.window.get_by_label("Close").rect();
            assert!(window.contains_rect(close), "{sheet:?} in {size:?}: {close:?}");
            let title = match sheet {
                Sheet::About => "Inkwick",
                Sheet::Keys => "Keys",
                Sheet::PhotographicModel => "Get a photographic model",
                Sheet::Manual => "Manual",
                Sheet::Share => "Share this machine",
                Sheet::Licences => "What Inkwick is made of",
                Sheet::Annotator => "Make a layer of a picture",
                _ => "Select things by a click",
            };
            let top = bench.window.get_by_label(title).rect().top();
            assert!(top > 0.0, "{sheet:?} in {size:?}");
            if sheet == Sheet::About {
                heights.push(close.bottom() - top);
            }
            bench.window.key_press(Key::Escape);
            bench.frames(3);
        }
        assert!((heights[0] - heights[1]).abs() < 1.0, "after Help there is no empty space: {heights:?}");
    }
}

#[test]
fn without_a_dialog_of_the_desktop_every_one_asks_for_a_path() {
    let mut bench = Bench::with_photo(300, 200);
    let file = bench.photo("other.png", 40, 30);
    // As the window's owner does it where the desktop has none.
    bench.act(Action::Files(FilesAction::OpenPictureDialog));
    bench.act(Action::Library(LibraryAction::AddModelDialog));
    bench.act(Action::Library(LibraryAction::AddModelFileDialog));
    bench.act(Action::Files(FilesAction::OpenMaskDialog));
    bench.act(Action::Files(FilesAction::SaveMaskDialog));
    bench.act(Action::Files(FilesAction::SaveAsDialog));
    let asked = bench.with(inkwick::ui::Studio::take_dialog_requests);
    assert_eq!(asked.len(), 6);
    for request in asked {
        bench.act(Action::Window(WindowAction::AskPath(request.clone())));
        bench.frames(3);
        let field = bench.window.get_by_role_and_label(egui::Role::TextInput, "Path");
        assert!(field.accesskit_node().is_focused(), "{request:?}");
        assert!(bench.window.query_by_label(request.title()).is_some());
        bench.act(Action::Window(WindowAction::CloseSheet));
    }
    bench.act(Action::Window(WindowAction::AskPath(DialogRequest::OpenPicture)));
    bench.frames(3);
    bench.window.get_by_role_and_label(egui::Role::TextInput, "Path").type_text(file.to_str().unwrap());
    bench.frames(2);
    bench.window.key_press(Key::Enter);
    bench.wait("it lies on the canvas", |bench| {
        bench.studio(|studio| studio.state.canvas.document.size_px() == Some([40, 30]))
    });
    assert_eq!(bench.studio(|studio| studio.state.sheet), None);
    // What is there already is written over only by a second press.
    let before = std::fs::read(&file).unwrap();
    bench.act(Action::Window(WindowAction::AskPath(DialogRequest::SaveCanvas)));
    bench.with(|studio| studio.state.path_sheet.as_mut().unwrap().text = file.to_str().unwrap().to_owned());
    bench.frames(2);
    bench.click("Save");
    bench.wait("it is asked", |bench| bench.window.query_by_label("Replace it").is_some());
    assert_eq!(std::fs::read(&file).unwrap(), before);
    bench.click("Replace it");
    bench.wait("it is saved", |bench| bench.toasts().iter().any(|toast| toast.starts_with("Saved as other.png")));
}
