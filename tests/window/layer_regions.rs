//! Painted areas with words of their own: drawn in a colour each, named, given to the engine, and there again later.

use egui::{Key, Modifiers, PointerButton};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::canvas::tools::Tool;
use inkwick::canvas::{Content, LayerSettings, LayerUse, RegionLayer};
use inkwick::engine::FakeScript;
use inkwick::job::{ControlKind, Placement, Region};
use inkwick::store::settings::Theme;
use inkwick::ui::action::{
    Action, CanvasAction, LayerAction, LayerRow, LookingAt, NewLayer, PromptAction, ResultsAction,
};

use crate::layers::{draw_once, layers, names, white_at};
use crate::studio_bench::Bench;

/// A photo, and a region over it that is chosen.
fn with_region() -> Bench {
    let mut bench = Bench::with_photo(300, 200);
    bench.click("New layer");
    bench.click("Region with words of its own");
    bench.frames(3);
    bench.with(|studio| {
        studio.state.canvas.tools.region_brush.diameter_px = 40.0;
        studio.state.canvas.tools.region_brush.hardness = 1.0;
    });
    bench
}

fn write(bench: &mut Bench, words: &str) {
    let field = bench.window.get_by_label("Words of this region");
    field.focus();
    bench.frames(2);
    bench.window.get_by_label("Words of this region").type_text(words);
    bench.leave_fields();
}

fn region(bench: &Bench, index: usize) -> RegionLayer {
    layers(bench)[index].settings.layer_use.region().unwrap().clone()
}

fn set(bench: &mut Bench, index: usize, change: impl FnOnce(&mut LayerSettings)) {
    let layer = layers(bench)[index].clone();
    let mut settings = layer.settings.clone();
    change(&mut settings);
    bench.act(Action::Layers(LayerAction::Set { layer: layer.id, settings: Box::new(settings) }));
    bench.frames(2);
}

#[test]
fn an_area_is_painted_and_its_words_count_there() {
    let mut bench = with_region();
    assert_eq!(names(&bench), ["Region"]);
    bench.drag(&[(60.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    assert_eq!([white_at(&layers(&bench)[0], 90, 100), white_at(&layers(&bench)[0], 90, 180)], [255, 0]);
    bench.studio(|studio| assert!(studio.state.canvas.document.mask().is_empty(), "the mask is another layer"));
    bench.type_prompt("a lake");
    bench.leave_fields();
    // Without words it does not count, and that is said by its name.
    let request = draw_once(&mut bench);
    assert!(request.regions.is_empty());
    assert!(bench.toasts().iter().any(|said| said.starts_with("Region has no words")), "{:?}", bench.toasts());
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
    write(&mut bench, "a red fox");
    assert_eq!(region(&bench, 0).region.prompt, "a red fox");
    assert_eq!(bench.studio(|studio| studio.state.estimate_question().regions), 1, "the estimate counts it");
    let texts = bench.studio(|studio| studio.state.estimate_question().texts);
    let request = draw_once(&mut bench);
    let [found] = &request.regions[..] else { panic!("one region: {}", request.regions.len()) };
    assert_eq!(
        (found.prompt.as_str(), found.layer.as_deref(), found.negative.as_deref()),
        ("a red fox", Some("Region"), None)
    );
    let mask = found.mask.as_ref().unwrap();
    assert_eq!((mask.size_px(), mask.row(100)[90], mask.row(180)[90]), ([300, 200], 255, 0));
    assert_eq!(texts, 3, "the prompt, the negative one and the region's");
    // One that is off counts no more.
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
    bench.click("Switch Region off");
    assert!(draw_once(&mut bench).regions.is_empty());
}

#[test]
fn its_settings_reach_the_engine() {
    let mut bench = with_region();
    bench.drag(&[(60.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    bench.type_prompt("a lake");
    bench.leave_fields();
    set(&mut bench, 0, |settings| {
        let of = settings.layer_use.region_mut().unwrap();
        of.region = Region { prompt: " a fox ".into(), negative: Some("fog".into()), weight: 0.5, ..Region::default() };
        of.softness_px = 12;
        settings.placement = Placement { x: 100.0, ..Placement::default() };
    });
    let request = draw_once(&mut bench);
    let found = &request.regions[0];
    assert_eq!((found.prompt.as_str(), found.negative.as_deref()), ("a fox", Some("fog")));
    assert!((found.weight - 0.5).abs() < 1e-9);
    let mask = found.mask.as_ref().unwrap();
    assert_eq!([mask.row(100)[90], mask.row(100)[190]], [0, 255], "where it is seen");
    let edge = mask.row(120)[190];
    assert!((60..200).contains(&edge), "its border is soft: {edge}");
    // On paper alone the area has the picture's own shape.
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
    bench.click("Make the next picture without this one");
    bench.settle();
    let request = draw_once(&mut bench);
    assert!(request.init.is_none());
    let size = [request.width.unwrap(), request.height.unwrap()];
    assert_eq!(request.regions[0].mask.as_ref().unwrap().size_px(), size);
    // Of another shape than the canvas it is the same middle part that is looked at before and taken then.
    bench.act(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
    bench.with(|studio| studio.state.prompt.repaint_size_px = Some([256, 256]));
    bench.act(Action::Canvas(CanvasAction::ToggleModelView));
    let seen = |bench: &Bench| bench.studio(|studio| studio.state.layers.looks.seen.clone());
    bench.wait("what the network will see", |bench| seen(bench).is_some());
    let seen = seen(&bench).unwrap().unwrap();
    let request = draw_once(&mut bench);
    let mask = request.regions[0].mask.as_ref().unwrap();
    assert_eq!((seen.size(), mask.size_px()), ([256, 256], [256, 256]));
    assert!(mask.values().contains(&255));
    let greys: Vec<u8> = seen.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect();
    assert_eq!(greys, mask.values());
}

#[test]
fn words_on_the_canvas_choose_and_edit() {
    let mut bench = with_region();
    bench.drag(&[(60.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    write(&mut bench, "a red fox");
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Region)));
    bench.frames(3);
    assert_eq!(names(&bench), ["Region 2", "Region"]);
    assert_ne!(region(&bench, 0).colour, region(&bench, 1).colour, "they are told from each other");
    bench.drag(&[(200.0, 100.0), (260.0, 100.0)], Modifiers::NONE);
    bench.wait("both are outlined", |bench| bench.studio(|studio| studio.state.canvas.chips.len() == 2));
    let [first, second] = [layers(&bench)[1].id, layers(&bench)[0].id];
    let chosen = |bench: &Bench| bench.studio(|studio| studio.state.canvas.chosen());
    assert_eq!(chosen(&bench), LayerRow::Layer(second));
    let chips = bench.studio(|studio| studio.state.canvas.chips.clone());
    let at = chips.iter().find(|chip| chip.layer == first).unwrap().rect.center();
    let before = layers(&bench)[0].content.clone();
    for pressed in [true, false] {
        bench.window.event(egui::Event::PointerMoved(at));
        bench.button(at, PointerButton::Primary, pressed, Modifiers::NONE);
    }
    bench.frames(2);
    assert_eq!(chosen(&bench), LayerRow::Layer(first));
    assert!(layers(&bench)[0].content == before, "nothing is painted by it");
    // As a second click of a pair asks for it: the bench's clock is too slow for one.
    bench.act(Action::Layers(LayerAction::EditWords(first)));
    bench.frames(3);
    let field = bench.window.get_by_label("Words of this region");
    assert!(field.accesskit_node().is_focused(), "one goes to its words");
    bench.window.get_by_label("Words of this region").type_text(" cub");
    bench.leave_fields();
    assert!(region(&bench, 1).region.prompt.contains("cub"));
    // All that was written at once is one step.
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.frames(2);
    assert_eq!(region(&bench, 1).region.prompt, "a red fox");
}

#[test]
fn what_was_written_before_escape_in_one_slow_frame_is_written() {
    let mut bench = with_region();
    bench.drag(&[(60.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    bench.window.get_by_label("Words of this region").focus();
    bench.frames(2);
    let key = |key: Key| egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    // E is the eraser's key.
    for event in [key(Key::E), egui::Event::Text("e".into()), key(Key::Escape)] {
        bench.window.event(event);
    }
    bench.frames(4);
    assert_eq!(region(&bench, 0).region.prompt, "e");
    assert_eq!(bench.studio(|studio| studio.state.canvas.tool), Tool::Brush);
    let field = bench.window.get_by_label("Words of this region");
    assert!(!field.accesskit_node().is_focused(), "and Escape leaves the field");
}

#[test]
fn areas_are_merged_only_where_no_words_are_lost() {
    let mut bench = with_region();
    bench.drag(&[(60.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    write(&mut bench, "a red fox");
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Region)));
    bench.frames(3);
    bench.drag(&[(200.0, 100.0), (260.0, 100.0)], Modifiers::NONE);
    write(&mut bench, "a pear");
    let merge = |bench: &mut Bench| {
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::E);
        bench.frames(3);
    };
    merge(&mut bench);
    assert_eq!(names(&bench), ["Region 2", "Region"]);
    assert!(bench.toasts().iter().any(|said| said.contains("other words")), "{:?}", bench.toasts());
    set(&mut bench, 0, |settings| settings.layer_use.region_mut().unwrap().region.prompt.clear());
    merge(&mut bench);
    assert_eq!(names(&bench), ["Region"]);
    let merged = &layers(&bench)[0];
    assert_eq!([white_at(merged, 90, 100), white_at(merged, 230, 100), white_at(merged, 160, 100)], [255, 255, 0]);
    assert_eq!(region(&bench, 0).region.prompt, "a red fox");
}

#[test]
fn areas_are_there_after_a_restart_and_after_a_picture_was_used_again() {
    let mut bench = with_region();
    bench.drag(&[(60.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    write(&mut bench, "a red fox");
    set(&mut bench, 0, |settings| settings.name = "Fox".into());
    let wanted = |bench: &Bench| -> Vec<_> {
        layers(bench).iter().map(|layer| (layer.settings.clone(), layer.content.seen())).collect()
    };
    let before = wanted(&bench);
    let home = bench.close();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.wait("it is there", |bench| layers(bench).len() == 1);
    assert!(wanted(&bench) == before);
    bench.type_prompt("a lake");
    bench.leave_fields();
    let request = draw_once(&mut bench);
    let file = bench.done()[0].made().unwrap().file.clone();
    bench.act(Action::Canvas(CanvasAction::NewCanvas));
    assert!(layers(&bench).is_empty());
    bench.act(Action::Prompt(PromptAction::UseSettings(file)));
    bench.wait("it is back", |bench| layers(bench).len() == 1);
    let layer = layers(&bench)[0].clone();
    assert_eq!(layer.settings.name, "Fox");
    let LayerUse::Region(of) = &layer.settings.layer_use else { panic!("a region again") };
    assert_eq!(of.region.prompt, "a red fox");
    let Content::Drawing(drawing) = &layer.content else { panic!("it can be painted on") };
    assert_eq!(drawing.plane().row(100)[90], request.regions[0].mask.as_ref().unwrap().row(100)[90]);
    assert_eq!(drawing.plane().row(100)[90], 255);
}

#[test]
fn a_region_is_painted_with_a_brush_of_its_own() {
    let mut bench = Bench::with_photo(300, 200);
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Region)));
    bench.frames(3);
    bench.drag(&[(150.0, 100.0), (150.0, 100.0)], Modifiers::NONE);
    let reach = |bench: &Bench, at: f32| white_at(&layers(bench)[0], 150, (100.0 + at) as usize);
    assert_eq!([reach(&bench, 10.0), reach(&bench, 20.0)], [255, 0], "15 % of the shorter side");
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Scribble)));
    bench.frames(3);
    bench.drag(&[(150.0, 100.0), (150.0, 100.0)], Modifiers::NONE);
    assert_eq!([reach(&bench, 0.0), reach(&bench, 10.0)], [255, 0], "a line is thin");
}

#[test]
fn what_is_masked_becomes_a_region() {
    let mut bench = Bench::with_photo(300, 200);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 40.0);
    bench.window.key_press(Key::B);
    bench.frames(2);
    bench.drag(&[(60.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    bench.click("New layer");
    bench.click("Region of the mask");
    bench.wait("it is a layer", |bench| layers(bench).len() == 1);
    assert_eq!(names(&bench), ["Region"]);
    let Content::Drawing(drawing) = layers(&bench)[0].content.clone() else { panic!("it can be painted on") };
    bench.studio(|studio| {
        assert!(drawing == *studio.state.canvas.document.mask());
        assert!(studio.state.canvas.chosen_layer().is_some(), "its words come next");
    });
}

#[test]
fn regions_become_areas_by_colour_by_what_they_are_called() {
    let mut bench = with_region();
    bench.drag(&[(60.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    write(&mut bench, "an old oak, a tree");
    for (name, x) in [("Evening sky", 100.0), ("Somewhere", 200.0)] {
        bench.act(Action::Layers(LayerAction::Add(NewLayer::Region)));
        bench.frames(3);
        bench.drag(&[(x, 100.0), (x + 60.0, 100.0)], Modifiers::NONE);
        set(&mut bench, 0, |settings| settings.name = name.into());
    }
    bench.click("New layer");
    bench.click("Areas of the regions");
    bench.wait("it is a layer", |bench| layers(bench).len() == 4);
    let toasts = bench.toasts();
    assert!(toasts.iter().any(|said| said.starts_with("Somewhere is left out")), "{toasts:?}");
    let made = layers(&bench).into_iter().find(|layer| layer.settings.name == "Areas").unwrap();
    assert_eq!(made.settings.layer_use.control().unwrap().kind, Some(ControlKind::Segmentation));
    let Content::Picture(picture) = &made.content else { panic!("it has colours") };
    let at = |x: usize| &picture.rgba()[(100 * 300 + x) * 4..][..4];
    assert_eq!(
        [at(60), at(110), at(230)],
        [&[4, 200, 3, 255], &[6, 230, 230, 255], &[0, 0, 0, 255]],
        "sky lies in front"
    );
}

#[test]
fn areas_look_as_designed() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, theme) in [
        ("regions_dark", [1440.0, 900.0], Theme::Dark),
        ("regions_light", [1280.0, 800.0], Theme::Light),
        ("regions_small", [853.0, 533.0], Theme::Dark),
    ] {
        let mut bench = Bench::sized(FakeScript::default(), size, 1.0, theme);
        bench.lay(300, 200);
        bench.with(|studio| studio.state.prompt.prompt = "a castle by a mountain lake, misty morning".into());
        for (words, way) in
            [("a red fox", [(60.0, 150.0), (110.0, 140.0)]), ("an old oak", [(220.0, 60.0), (220.0, 140.0)])]
        {
            bench.act(Action::Layers(LayerAction::Add(NewLayer::Region)));
            bench.frames(3);
            bench.with(|studio| studio.state.canvas.tools.region_brush.diameter_px = 50.0);
            bench.drag(&way, Modifiers::NONE);
            set(&mut bench, 0, |settings| settings.layer_use.region_mut().unwrap().region.prompt = words.into());
        }
        let is_outlined = |bench: &Bench| bench.studio(|studio| studio.state.canvas.chips.len() == 2);
        bench.wait("both are outlined", is_outlined);
        if name == "regions_small" {
            bench.click("Open the layers");
        }
        bench.window.event(egui::Event::PointerMoved(egui::pos2(5.0, 400.0)));
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}
