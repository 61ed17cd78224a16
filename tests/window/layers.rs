//! Layers over the picture: drawn on, made of pictures, switched and moved about, and what of them the engine is given.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use inkwick::canvas::Layer;
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::job::{ControlKind, ControlNetworkRef, Request};
use inkwick::raster::{PreprocessSettings, Preprocessor};
use inkwick::ui::action::{
    Action, CanvasAction, FilesAction, LayerAction, LayerRow, LookingAt, Maker, NewLayer, PromptAction, ResultsAction,
};

use crate::studio_bench::Bench;

pub(crate) fn layers(bench: &Bench) -> Vec<Layer> {
    bench.studio(|studio| studio.state.canvas.document.stack().layers().to_vec())
}

pub(crate) fn names(bench: &Bench) -> Vec<String> {
    layers(bench).iter().map(|layer| layer.settings.name.clone()).collect()
}

fn chosen(bench: &Bench) -> LayerRow {
    bench.studio(|studio| studio.state.canvas.chosen())
}

/// How white a layer is there.
pub(crate) fn white_at(layer: &Layer, x: usize, y: usize) -> u8 {
    let picture = layer.content.seen();
    picture.rgba()[(y * picture.width() as usize + x) * 4]
}

fn add(bench: &mut Bench, new: NewLayer) {
    bench.act(Action::Layers(LayerAction::Add(new)));
    bench.frames(3);
}

/// A photo with a bright square in its middle, and a scribble layer over it.
pub(crate) fn with_scribble() -> Bench {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::N);
    bench.frames(3);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 12.0);
    bench
}

/// What was asked for; a finished picture's own request has no photo any more.
pub(crate) fn draw_once(bench: &mut Bench) -> Request {
    let asked = |bench: &Bench| bench.studio(|studio| studio.state.candidates.list.len());
    let (before, done) = (asked(bench), bench.done().len());
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    bench.wait("the picture is asked for", |bench| asked(bench) > before);
    let request = bench.studio(|studio| studio.state.candidates.list.last().unwrap().request.clone());
    bench.wait("the picture is done", |bench| bench.done().len() > done);
    request
}

pub(crate) fn row(bench: &mut Bench, name: &str) -> egui::Pos2 {
    bench.frames(1);
    bench.window.get_by_role_and_label(Role::ListItem, &format!("Layer {name}")).rect().center()
}

#[test]
fn a_scribble_on_an_empty_canvas_steers_the_next_picture() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    bench.leave_fields();
    bench.window.key_press(Key::N);
    bench.frames(3);
    assert_eq!(names(&bench), ["Scribble"]);
    assert_eq!(bench.studio(|studio| studio.state.canvas.tool), Tool::Brush, "one may draw at once");
    bench.type_prompt("a castle");
    bench.leave_fields();
    let empty = draw_once(&mut bench);
    assert!(empty.controls.is_empty(), "nothing is drawn yet");
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 10.0);
    bench.drag(&[(40.0, 60.0), (200.0, 60.0)], Modifiers::NONE);
    bench.studio(|studio| assert!(studio.state.canvas.document.mask().is_empty(), "the mask is another layer"));
    // From words and the drawing: the paper is no picture to be repainted.
    assert!(bench.window.query_by_label("Generate").is_some());
    let request = draw_once(&mut bench);
    assert!(request.init.is_none() && request.mask.is_none());
    let size_px = bench.studio(|studio| studio.state.prompt.size_px);
    assert_eq!((request.width, request.height), (Some(size_px[0]), Some(size_px[1])));
    let [control] = &request.controls[..] else { panic!("one layer, one control: {}", request.controls.len()) };
    assert_eq!(control.network, ControlNetworkRef::Scribble, "the built-in model's own");
    let picture = control.picture.as_ref().unwrap();
    let at = |x: u32, y: u32| picture.rgba()[((y * picture.width() + x) * 4) as usize..][..4].to_vec();
    assert_eq!((at(100, 60), at(100, 90)), (vec![255; 4], vec![0, 0, 0, 255]), "white strokes on black");
    // What it was made with is in the file.
    let file = bench.done().last().unwrap().made().unwrap().file.clone();
    let kept = inkwick::store::pictures::picture_file::read_request(&file).unwrap().unwrap();
    assert_eq!(kept.controls, request.controls);
}

#[test]
fn tools_work_on_the_chosen_row_and_on_nothing_that_is_locked_off_or_a_picture() {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 50.0), (120.0, 50.0)], Modifiers::NONE);
    assert_eq!(white_at(&layers(&bench)[0], 80, 50), 255);
    // The eraser, an outline and the bucket draw there too.
    bench.window.key_press(Key::E);
    bench.drag(&[(80.0, 40.0), (80.0, 60.0)], Modifiers::NONE);
    assert_eq!(white_at(&layers(&bench)[0], 80, 50), 0);
    bench.window.key_press(Key::R);
    bench.frames(1);
    bench.drag(&[(150.0, 100.0), (200.0, 150.0)], Modifiers::NONE);
    assert_eq!(white_at(&layers(&bench)[0], 175, 125), 255);
    bench.studio(|studio| assert!(studio.state.canvas.document.mask().is_empty()));
    // The mask's row, by a click.
    let mask = row(&mut bench, "Mask");
    bench.button(mask, egui::PointerButton::Primary, true, Modifiers::NONE);
    bench.button(mask, egui::PointerButton::Primary, false, Modifiers::NONE);
    bench.frames(2);
    assert_eq!(chosen(&bench), LayerRow::Mask);
    bench.drag(&[(20.0, 120.0), (60.0, 160.0)], Modifiers::NONE);
    bench.studio(|studio| assert!(!studio.state.canvas.document.mask().is_empty()));
    assert_eq!(white_at(&layers(&bench)[0], 40, 140), 0);
    // The colour brush is the picture's.
    bench.window.key_press(Key::D);
    bench.frames(1);
    assert_eq!(chosen(&bench), LayerRow::Picture);
    // Back to the scribble with the keys: the brush comes along.
    bench.window.key_press(Key::PageUp);
    bench.frames(1);
    bench.window.key_press(Key::PageUp);
    bench.frames(1);
    let id = layers(&bench)[0].id;
    assert_eq!(chosen(&bench), LayerRow::Layer(id));
    assert_eq!(bench.studio(|studio| studio.state.canvas.tool), Tool::Brush);
    let before = layers(&bench)[0].content.clone();
    for (change, words) in [
        (LayerAction::ToggleLock(LayerRow::Layer(id)), "is locked"),
        (LayerAction::ToggleEye(LayerRow::Layer(id)), "is switched off"),
    ] {
        bench.act(Action::Layers(change.clone()));
        bench.drag(&[(50.0, 20.0), (120.0, 20.0)], Modifiers::NONE);
        assert!(layers(&bench)[0].content == before, "{words}");
        assert!(bench.toasts().iter().any(|toast| toast.contains(words)), "{:?}", bench.toasts());
        bench.act(Action::Layers(change));
    }
    let depth = bench.photo("depth.png", 300, 200);
    add(&mut bench, NewLayer::OfFile(depth, None));
    bench.wait("it is a layer", |bench| layers(bench).len() == 2);
    bench.drag(&[(50.0, 20.0), (120.0, 20.0)], Modifiers::NONE);
    assert!(bench.toasts().iter().any(|toast| toast.contains("cannot be drawn on")), "{:?}", bench.toasts());
}

#[test]
fn a_list_is_changed_by_names_and_keys_and_every_change_is_one_step() {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 50.0), (120.0, 50.0)], Modifiers::NONE);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::J);
    bench.frames(3);
    assert_eq!(names(&bench), ["Scribble copy", "Scribble"]);
    assert!(layers(&bench)[0].content == layers(&bench)[1].content);
    let undo = |bench: &mut Bench| {
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        bench.frames(2);
    };
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::PageDown);
    bench.frames(2);
    assert_eq!(names(&bench), ["Scribble", "Scribble copy"]);
    undo(&mut bench);
    assert_eq!(names(&bench), ["Scribble copy", "Scribble"]);
    // A name.
    bench.window.key_press(Key::F2);
    bench.frames(3);
    bench.window.get_by_label("Name of this layer").type_text(" of towers");
    bench.frames(2);
    bench.window.key_press(Key::Enter);
    bench.frames(3);
    assert_eq!(names(&bench)[0], "Scribble copy of towers");
    undo(&mut bench);
    assert_eq!(names(&bench)[0], "Scribble copy");
    // The eye, by its button; with Alt the others go off.
    bench.click("Switch Scribble copy off");
    assert!(!layers(&bench)[0].settings.is_on);
    undo(&mut bench);
    assert!(layers(&bench)[0].settings.is_on);
    let id = layers(&bench)[0].id;
    bench.act(Action::Layers(LayerAction::Solo(id)));
    assert_eq!(layers(&bench).iter().map(|layer| layer.settings.is_on).collect::<Vec<_>>(), [true, false]);
    undo(&mut bench);
    // A slider that is dragged is one step.
    bench.with(|studio| {
        for weight in [0.9, 0.7, 0.4] {
            studio.state.canvas.document.edit_stack(|stack| {
                stack.layers[0].settings.layer_use.control_mut().unwrap().weight = weight;
            });
        }
    });
    bench.frames(2);
    assert!((layers(&bench)[0].settings.layer_use.control().unwrap().weight - 0.4).abs() < 1e-9);
    undo(&mut bench);
    assert!((layers(&bench)[0].settings.layer_use.control().unwrap().weight - 1.0).abs() < 1e-9);
    // What is deleted comes back from its toast, whatever was done since.
    bench.leave_fields();
    bench.window.key_press(Key::Delete);
    bench.frames(2);
    assert_eq!(names(&bench), ["Scribble"]);
    bench.drag(&[(20.0, 150.0), (60.0, 150.0)], Modifiers::NONE);
    assert!(bench.toasts().iter().any(|toast| toast == "Scribble copy is deleted."), "{:?}", bench.toasts());
    bench.act(Action::Layers(LayerAction::PutBack));
    assert_eq!(names(&bench), ["Scribble copy", "Scribble"]);
    assert_eq!(white_at(&layers(&bench)[0], 80, 50), 255);
    assert_eq!(white_at(&layers(&bench)[1], 40, 150), 255, "the stroke since then stays");
}

#[test]
fn layers_are_made_of_the_picture_and_of_files() {
    let mut bench = Bench::with_photo(300, 200);
    let photo = bench.studio(|studio| studio.state.canvas.document.whole_picture().unwrap());
    for (label, kind, shows) in [
        ("Edges of the picture", Preprocessor::Canny, Some(ControlKind::Canny)),
        ("Strokes of the picture", Preprocessor::Scribble, Some(ControlKind::Scribble)),
        ("Lines of the picture", Preprocessor::Lineart, Some(ControlKind::Lineart)),
        ("Blur of the picture", Preprocessor::Blur, Some(ControlKind::Tile)),
        ("Grey of the picture", Preprocessor::Grey, None),
    ] {
        let before = layers(&bench).len();
        bench.click("New layer");
        bench.click(label);
        bench.frames(3);
        let made = layers(&bench);
        assert_eq!(made.len(), before + 1, "{label}");
        let wanted = kind.made_of(&photo, PreprocessSettings::default(), None);
        let front = made.iter().max_by_key(|layer| layer.id).unwrap();
        assert!(*front.content.seen() == wanted, "{label}");
        assert_eq!(front.settings.layer_use.control().unwrap().kind, shows);
    }
    let other = bench.photo("other.png", 60, 90);
    add(&mut bench, NewLayer::OfFile(other.clone(), None));
    bench.wait("it is there", |bench| layers(bench).len() == 6);
    add(&mut bench, NewLayer::OfFile(other, Some(Maker::Plain(Preprocessor::Grey))));
    bench.wait("and that", |bench| layers(bench).len() == 7);
    let made = layers(&bench);
    let named = |name: &str| made.iter().find(|layer| layer.settings.name == name).unwrap().content.size_px();
    assert_eq!(named("other"), [60, 90], "as it is: it is fitted when it is used");
    // What is no picture is said, and nothing is added.
    let broken = bench.photo("broken.png", 4, 4);
    std::fs::write(&broken, b"nothing of a picture").unwrap();
    add(&mut bench, NewLayer::OfFile(broken, None));
    bench.wait("it is said", |bench| !bench.toasts().is_empty());
    assert_eq!(layers(&bench).len(), 7);
}

#[test]
fn the_pictures_eye_makes_the_next_one_from_words_and_layers_alone() {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 50.0), (120.0, 50.0)], Modifiers::NONE);
    bench.type_prompt("a castle");
    bench.leave_fields();
    assert!(bench.window.query_by_label("Repaint picture").is_some(), "it is repainted under the drawing");
    let request = draw_once(&mut bench);
    assert_eq!(request.controls.len(), 1);
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
    bench.click("Make the next picture without this one");
    bench.settle();
    assert!(!bench.studio(|studio| studio.state.canvas.uses_picture()), "its eye is closed");
    assert!(bench.window.query_by_label("Generate").is_some());
    let request = draw_once(&mut bench);
    assert!(request.init.is_none() && request.controls.len() == 1);
    assert_eq!((request.width, request.height), (Some(304), Some(200)), "of the canvas's shape, on the model's grid");
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
    bench.click("Work on the picture again");
    bench.settle();
    assert!(bench.window.query_by_label("Repaint picture").is_some());
}

#[test]
fn what_the_network_will_see_is_shown_at_its_size() {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 50.0), (120.0, 50.0)], Modifiers::NONE);
    bench.window.key_press(Key::V);
    bench.frames(2);
    let seen = |bench: &Bench| bench.studio(|studio| studio.state.layers.looks.seen.clone());
    bench.wait("it is worked out", |bench| seen(bench).is_some());
    let whole = seen(&bench).unwrap().unwrap();
    assert_eq!(whole.size(), [296, 200], "the size at which the network works");
    // With a mask it is the part that is worked on.
    bench.act(Action::Layers(LayerAction::Choose(LayerRow::Mask)));
    bench.window.key_press(Key::R);
    bench.frames(1);
    bench.drag(&[(40.0, 40.0), (80.0, 80.0)], Modifiers::NONE);
    bench.with(|studio| studio.state.inpaint.settings.area = inkwick::job::InpaintArea::Masked);
    let id = layers(&bench)[0].id;
    bench.act(Action::Layers(LayerAction::Choose(LayerRow::Layer(id))));
    let frame = bench.studio(|studio| studio.state.next_frame().unwrap());
    let wanted = [frame.width as usize, frame.height as usize];
    bench.wait("the part", |bench| matches!(seen(bench), Some(Ok(picture)) if picture.size() == wanted));
    // And so does the engine, by the same function, which reckons with this very place.
    assert_ne!(wanted, [296, 200]);
}

#[test]
fn layers_are_there_after_a_restart_and_after_a_picture_was_used_again() {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 50.0), (120.0, 50.0)], Modifiers::NONE);
    bench.click("New layer");
    bench.click("Edges of the picture");
    bench.frames(3);
    bench.with(|studio| {
        studio.state.canvas.document.edit_stack(|stack| {
            stack.layers[0].settings.layer_use.control_mut().unwrap().weight = 0.35;
        });
    });
    bench.frames(2);
    let wanted = |bench: &Bench| -> Vec<_> {
        layers(bench).iter().map(|layer| (layer.settings.clone(), layer.content.seen())).collect()
    };
    let before = wanted(&bench);
    let home = bench.close();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.wait("it is there", |bench| layers(bench).len() == 2);
    assert!(wanted(&bench) == before);

    bench.type_prompt("a castle");
    bench.leave_fields();
    let request = draw_once(&mut bench);
    let file = bench.done()[0].made().unwrap().file.clone();
    bench.act(Action::Canvas(CanvasAction::NewCanvas));
    assert!(layers(&bench).is_empty(), "a new canvas is empty");
    bench.act(Action::Prompt(PromptAction::UseSettings(file.clone())));
    bench.wait("they are back", |bench| layers(bench).len() == request.controls.len());
    for (layer, control) in layers(&bench).iter().zip(&request.controls) {
        assert!(layer.content.seen() == *control.picture.as_ref().unwrap());
        assert_eq!(*layer.settings.layer_use.control().unwrap(), control.without_pictures());
    }
    // One that was made without any switches them off.
    let plain = bench.paths.pictures_folder.join("plain.png");
    let picture = inkwick::raster::Picture::filled(8, 8, [9, 9, 9, 255]);
    inkwick::store::pictures::picture_file::write(&plain, &picture, Some(&Request::default())).unwrap();
    bench.act(Action::Prompt(PromptAction::UseSettings(plain)));
    bench.wait("they are off", |bench| layers(bench).iter().all(|layer| !layer.settings.is_on));
    assert!(bench.toasts().iter().any(|toast| toast.contains("without layers")), "{:?}", bench.toasts());
}

#[test]
fn a_picture_that_is_dropped_on_the_list_becomes_a_layer() {
    let mut bench = Bench::with_photo(300, 200);
    let file = bench.photo("pose.png", 300, 200);
    bench.act(Action::Files(FilesAction::DroppedOnLayers(file)));
    bench.wait("it is a layer", |bench| names(bench) == ["pose"]);
    let photo = bench.studio(|studio| studio.state.canvas.document.origin().file.clone());
    assert!(photo.unwrap().ends_with("photo.png"), "the canvas's picture stays");
}

#[test]
fn a_network_of_another_model_is_said_where_it_is_chosen() {
    let mut bench = with_scribble();
    assert!(!bench.has_label_starting("Scribble was made for"));
    bench.with(|studio| {
        let mut other = studio.state.models[0].clone();
        other.reference = inkwick::job::ModelRef::Folder("/models/other".into());
        other.facts.family = "Stable Diffusion 1.5".into();
        studio.state.prompt.model = other.reference.clone();
        studio.state.models.push(other);
    });
    bench.frames(3);
    assert!(bench.has_label_starting("Scribble was made for the built-in model"));
}
