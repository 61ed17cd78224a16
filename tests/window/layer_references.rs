//! Pictures that the prompt speaks of: added by every way, with an adapter that fits, given to the engine, and there again.

use std::path::Path;

use egui::Modifiers;
use egui_kittest::kittest::Queryable as _;
use inkwick::canvas::tools::Tool;
use inkwick::canvas::{Content, LayerUse};
use inkwick::engine::FakeScript;
use inkwick::job::{Family, Reference, ReferenceUse};
use inkwick::store::models::image_adapters::AdapterEntry;
use inkwick::store::settings::Theme;
use inkwick::ui::DialogRequest;
use inkwick::ui::action::{
    Action, CanvasAction, FilesAction, LayerAction, LayerRow, LookingAt, NewLayer, PromptAction, ResultsAction, Sheet,
};

use crate::layers::{draw_once, layers, names};
use crate::studio_bench::Bench;

fn adapter(name: &str, family: Option<Family>, has_encoder: bool) -> AdapterEntry {
    let path = Path::new("/models/ip-adapters").join(format!("{name}.safetensors"));
    AdapterEntry { path, name: name.into(), family, has_encoder }
}

/// A photo on the canvas, and adapters to choose from; the built-in model is of a family of its own.
fn bench() -> Bench {
    let mut bench = Bench::with_photo(300, 200);
    give(&mut bench);
    bench
}

fn give(bench: &mut Bench) {
    bench.with(|studio| {
        studio.state.layers.adapters = vec![
            adapter("plus-xl", Some(Family::Xl), true),
            adapter("plus", Some(Family::BuiltIn), true),
            adapter("bare", Some(Family::BuiltIn), false),
        ];
    });
}

fn reference(bench: &Bench, index: usize) -> Reference {
    layers(bench)[index].settings.layer_use.reference().unwrap().clone()
}

fn add(bench: &mut Bench, name: &str) {
    let count = layers(bench).len();
    let file = bench.photo(name, 60, 90);
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Reference(file))));
    bench.wait("it is a layer", |bench| layers(bench).len() > count);
    bench.frames(2);
}

#[test]
fn a_picture_is_shown_to_the_model_through_an_adapter_that_fits() {
    let mut bench = bench();
    let file = bench.photo("whale.png", 60, 90);
    let chosen = DialogRequest::OpenReference.chosen(&file);
    bench.act(chosen);
    bench.wait("it is a layer", |bench| layers(bench).len() == 1);
    assert_eq!(names(&bench), ["whale"]);
    let found = reference(&bench, 0);
    assert_eq!(found.adapter.as_ref().unwrap().name(), "plus", "made for this model, with its encoder");
    assert!(bench.studio(|studio| studio.state.layers.reference_misfit(&found, studio.state.model())).is_none());
    bench.type_prompt("a castle");
    bench.leave_fields();
    let request = draw_once(&mut bench);
    let [given] = &request.references[..] else { panic!("one reference: {}", request.references.len()) };
    assert_eq!(given.without_pictures(), found);
    assert_eq!(given.picture.as_ref().unwrap().size(), [60, 90], "as it is: it has no place on the canvas");
    let question = bench.studio(|studio| studio.state.estimate_question());
    assert_eq!(question.references, std::slice::from_ref(&found), "the estimate counts it");
    // What it is used for, and how much, is set in the panel.
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
    bench.frames(2);
    bench.window.get_by_role_and_label(egui::Role::ComboBox, "Use").click();
    bench.frames(3);
    bench.click("Style only");
    bench.frames(2);
    assert_eq!(reference(&bench, 0).used, ReferenceUse::Style);
    bench.leave_fields();
    // It counts where its own mask is painted.
    let id = layers(&bench)[0].id;
    bench.act(Action::Layers(LayerAction::AddMask(id)));
    bench.frames(3);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 30.0);
    bench.drag(&[(50.0, 50.0), (120.0, 50.0)], Modifiers::NONE);
    let given = draw_once(&mut bench).references[0].clone();
    let mask = given.mask.as_ref().unwrap();
    assert_eq!((mask.size_px(), mask.row(50)[80], mask.row(150)[80]), ([300, 200], 255, 0));
}

#[test]
fn what_does_not_go_together_is_said() {
    let mut bench = bench();
    add(&mut bench, "whale.png");
    let said = |bench: &Bench, adapter: Option<&str>| {
        let mut of = reference(bench, 0);
        of.adapter = adapter.map(|name| inkwick::job::ReferenceAdapter {
            file: Path::new("/models/ip-adapters").join(format!("{name}.safetensors")),
            encoder: None,
        });
        bench.studio(|studio| studio.state.layers.reference_misfit(&of, studio.state.model()))
    };
    assert!(said(&bench, Some("plus-xl")).unwrap().contains("Stable Diffusion XL"));
    assert!(said(&bench, Some("bare")).unwrap().contains("image encoder"));
    assert!(said(&bench, None).unwrap().contains("Choose an IP-Adapter"));
    assert!(said(&bench, Some("plus")).is_none());
    // It cannot be painted on, moved or merged.
    bench.with(|studio| studio.state.canvas.tool = Tool::Brush);
    bench.drag(&[(50.0, 50.0), (120.0, 50.0)], Modifiers::NONE);
    assert!(bench.toasts().iter().any(|said| said.contains("cannot be drawn on")), "{:?}", bench.toasts());
    bench.window.key_press_modifiers(Modifiers::COMMAND, egui::Key::T);
    bench.frames(2);
    assert!(bench.toasts().iter().any(|said| said.contains("no place on the canvas")), "{:?}", bench.toasts());
    add(&mut bench, "fox.png");
    bench.window.key_press_modifiers(Modifiers::COMMAND, egui::Key::E);
    bench.frames(2);
    assert!(bench.toasts().iter().any(|said| said.contains("for themselves")), "{:?}", bench.toasts());
    // What is no picture is said, and nothing is added.
    let broken = bench.photo("broken.png", 4, 4);
    std::fs::write(&broken, b"nothing of a picture").unwrap();
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Reference(broken))));
    bench.wait("it is said", |bench| bench.toasts().iter().any(|said| said.contains("broken.png")));
    assert_eq!(layers(&bench).len(), 2);
}

#[test]
fn a_drop_on_the_list_follows_what_is_chosen_there() {
    let mut bench = bench();
    let drop = |bench: &mut Bench, name: &str| {
        let count = layers(bench).len();
        let file = bench.photo(name, 60, 90);
        bench.act(Action::Files(FilesAction::DroppedOnLayers(file)));
        bench.wait("it is a layer", |bench| layers(bench).len() > count);
    };
    drop(&mut bench, "depth.png");
    assert!(layers(&bench)[0].settings.layer_use.control().is_some());
    // A layer's picture can be used the other way.
    let id = layers(&bench)[0].id;
    bench.act(Action::Layers(LayerAction::MakeReference(id)));
    bench.frames(2);
    assert_eq!((names(&bench)[0].as_str(), reference(&bench, 0).adapter.is_some()), ("depth", true));
    drop(&mut bench, "fox.png");
    assert!(layers(&bench)[0].settings.layer_use.reference().is_some(), "beside the chosen one");
    bench.act(Action::Layers(LayerAction::Choose(LayerRow::Mask)));
    drop(&mut bench, "lines.png");
    let found = layers(&bench);
    let lines = found.iter().find(|layer| layer.settings.name == "lines").unwrap();
    assert!(lines.settings.layer_use.control().is_some());
    bench.act(Action::Canvas(CanvasAction::Undo));
    bench.frames(2);
    assert_eq!(layers(&bench).len(), 2);
}

#[test]
fn references_are_there_after_a_restart_and_after_a_picture_was_used_again() {
    let mut bench = bench();
    // White lines on black, as large as the canvas: still a picture.
    let lines = bench.photo("lines.png", 1, 1);
    image::RgbImage::from_fn(300, 200, |x, _| image::Rgb(if x == 70 { [255; 3] } else { [0; 3] }))
        .save(&lines)
        .unwrap();
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Reference(lines))));
    bench.wait("it is a layer", |bench| layers(bench).len() == 1);
    let wanted = |bench: &Bench| -> Vec<_> {
        layers(bench).iter().map(|layer| (layer.settings.layer_use.clone(), layer.content.clone())).collect()
    };
    let before = wanted(&bench);
    let home = bench.close();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.wait("it is there", |bench| layers(bench).len() == 1);
    assert!(wanted(&bench) == before);
    bench.type_prompt("a lake");
    bench.leave_fields();
    draw_once(&mut bench);
    let file = bench.done()[0].made().unwrap().file.clone();
    bench.act(Action::Canvas(CanvasAction::NewCanvas));
    bench.act(Action::Prompt(PromptAction::UseSettings(file)));
    bench.wait("it is back", |bench| layers(bench).len() == 1);
    assert!(wanted(&bench) == before);
    assert!(matches!(layers(&bench)[0].content, Content::Picture(_)));
    // A larger canvas changes nothing of it.
    bench.with(|studio| {
        studio.state.canvas.document.change(|canvas| {
            canvas.extended(inkwick::raster::Extension { right: 40, ..inkwick::raster::Extension::default() })
        })
    });
    assert!(wanted(&bench) == before);
}

#[test]
fn the_library_gives_the_chosen_reference_its_adapter() {
    let mut bench = bench();
    add(&mut bench, "whale.png");
    let id = layers(&bench)[0].id;
    bench.with(|studio| {
        studio.state.canvas.document.change_stack(|stack| {
            let LayerUse::Reference(reference) = &mut stack.layers[0].settings.layer_use else { return false };
            reference.adapter = None;
            true
        });
        studio.state.sheet = Some(Sheet::Library);
        studio.state.library.tab = inkwick::ui::action::Tab::AddOns;
    });
    bench.frames(3);
    // The folders were looked through when the library opened.
    give(&mut bench);
    bench.frames(2);
    bench.click("Use: plus");
    bench.frames(2);
    let given = bench.studio(|studio| {
        studio.state.canvas.document.stack().get(id).unwrap().settings.layer_use.reference().unwrap().adapter.clone()
    });
    assert_eq!(given.unwrap().name(), "plus");
}

#[test]
fn references_look_as_designed() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, theme) in
        [("reference_dark", [1440.0, 900.0], Theme::Dark), ("reference_light", [1280.0, 800.0], Theme::Light)]
    {
        let mut bench = Bench::sized(FakeScript::default(), size, 1.0, theme);
        bench.lay(300, 200);
        give(&mut bench);
        bench.with(|studio| studio.state.prompt.prompt = "a castle by a mountain lake, misty morning".into());
        add(&mut bench, "whale.png");
        bench.window.event(egui::Event::PointerMoved(egui::pos2(5.0, 400.0)));
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}
