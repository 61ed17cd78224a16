//! The canvas as an artist's hand uses it: by pointer events and keys, with a backend that draws by script.

use egui::{Event, Key, Modifiers, PointerButton, pos2};
use egui_kittest::kittest::Queryable as _;
use inkwick::canvas::Document;
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::mask::PixelRect;
use inkwick::raster::ResizeMode;
use inkwick::ui::action::{Action, CanvasAction, FilesAction, LookingAt, MaskStep, PromptAction, ResultsAction};

use crate::studio_bench::Bench;

fn mask_bounds(bench: &Bench) -> Option<PixelRect> {
    bench.studio(|studio| studio.state.canvas.document.mask().bounds())
}

fn look<R>(bench: &Bench, look: impl FnOnce(&Document) -> R) -> R {
    bench.studio(|studio| look(&studio.state.canvas.document))
}

fn near(found: Option<PixelRect>, wanted: [u32; 4], slack: u32) {
    let found = found.expect("something is masked");
    let sides = [found.left, found.top, found.right, found.bottom];
    assert!(sides.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= slack), "{sides:?} for {wanted:?}");
}

#[test]
fn a_stroke_masks_where_the_hand_went_and_one_undo_takes_it_back() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.frames(1);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 20.0);
    // A corner in the middle: a frame with many events must not cut it.
    bench.drag(&[(50.0, 100.0), (150.0, 40.0), (250.0, 100.0)], Modifiers::NONE);
    near(mask_bounds(&bench), [40, 30, 260, 110], 1);
    look(&bench, |document| {
        assert_eq!(document.mask().plane().row(42)[150], 255);
        assert_eq!(document.mask().plane().row(100)[150], 0);
    });
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.frames(2);
    assert_eq!(mask_bounds(&bench), None);
    assert!(bench.studio(|studio| studio.state.canvas.has_picture()), "only the stroke went");
    bench.window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    bench.frames(2);
    near(mask_bounds(&bench), [40, 30, 260, 110], 1);
}

#[test]
fn the_eraser_a_straight_line_and_a_stroke_that_leaves_the_canvas() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 20.0);
    bench.frames(1);
    bench.drag(&[(20.0, 50.0), (21.0, 50.0)], Modifiers::NONE);
    // Shift: straight from there to here, whatever lies between.
    bench.drag(&[(200.0, 50.0), (200.0, 50.0)], Modifiers::SHIFT);
    look(&bench, |document| assert!(document.mask().plane().row(50)[15..205].iter().all(|value| *value == 255)));
    // Out at the right, and back: still the same stroke, and nothing lost.
    let before = look(&bench, |document| document.mask().plane().row(50).to_vec());
    bench.drag(&[(250.0, 150.0), (360.0, 150.0), (250.0, 180.0)], Modifiers::NONE);
    look(&bench, |document| {
        assert_eq!(document.mask().plane().row(50), before);
        assert_eq!(document.mask().plane().row(150)[299], 255);
    });
    bench.window.key_press(Key::E);
    bench.frames(1);
    bench.drag(&[(100.0, 30.0), (100.0, 70.0)], Modifiers::NONE);
    look(&bench, |document| {
        assert_eq!((document.mask().plane().row(50)[100], document.mask().plane().row(50)[60]), (0, 255));
    });
    // Alt turns the eraser round.
    bench.drag(&[(100.0, 50.0), (101.0, 50.0)], Modifiers::ALT);
    look(&bench, |document| assert_eq!(document.mask().plane().row(50)[100], 255));
}

#[test]
fn outlines_fill_and_take_away() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::R);
    bench.frames(1);
    bench.drag(&[(40.2, 30.2), (90.0, 150.0), (200.5, 120.5)], Modifiers::NONE);
    near(mask_bounds(&bench), [40, 30, 201, 121], 1);
    bench.drag(&[(40.2, 30.2), (120.4, 130.0)], Modifiers::ALT);
    near(mask_bounds(&bench), [121, 30, 201, 121], 1);
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::C);
    bench.frames(1);
    assert_eq!(mask_bounds(&bench), None);

    bench.window.key_press(Key::L);
    bench.frames(1);
    bench.drag(&[(50.0, 50.0), (150.0, 50.0), (150.0, 150.0), (50.0, 150.0)], Modifiers::NONE);
    near(mask_bounds(&bench), [50, 50, 150, 150], 1);
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::V);
    bench.frames(1);
    look(&bench, |document| {
        assert_eq!((document.mask().plane().row(100)[100], document.mask().plane().row(5)[5]), (0, 255));
    });
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::C);
    bench.frames(1);

    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::L);
    bench.frames(1);
    assert_eq!(bench.studio(|studio| studio.state.canvas.tool), Tool::Polygon);
    for corner in [(30.0, 30.0), (130.0, 40.0), (80.0, 140.0)] {
        bench.drag(&[corner, corner], Modifiers::NONE);
    }
    assert_eq!(mask_bounds(&bench), None, "it is not closed yet");
    bench.window.key_press(Key::Enter);
    bench.frames(2);
    near(mask_bounds(&bench), [30, 30, 130, 140], 1);
}

#[test]
fn paint_is_on_the_picture_and_alt_picks_a_colour() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::D);
    bench.frames(1);
    bench.with(|studio| studio.state.canvas.tools.colour = [10, 200, 30]);
    bench.drag(&[(50.0, 50.0), (100.0, 50.0)], Modifiers::NONE);
    let pixel = |bench: &Bench, x, y| look(bench, |document| document.picture().unwrap().pixel(x, y).unwrap());
    assert_eq!(pixel(&bench, 80, 50), [10, 200, 30, 255]);
    assert_eq!(mask_bounds(&bench), None);
    // The photo's own colours: x, y, 90.
    bench.drag(&[(200.5, 120.5), (200.5, 120.5)], Modifiers::ALT);
    assert_eq!(bench.studio(|studio| studio.state.canvas.tools.colour), [200, 120, 90]);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.frames(2);
    assert_eq!(pixel(&bench, 80, 50), [80, 50, 90, 255]);
}

#[test]
fn zoom_and_push_keep_the_paint_under_the_hand() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 6.0);
    bench.frames(1);
    let centre = bench.on_screen(60.0, 60.0);
    bench.window.event(Event::PointerMoved(centre));
    bench.frames(2);
    for _ in 0..12 {
        let wheel = egui::vec2(0.0, 120.0);
        bench.window.event(Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: wheel,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        });
        bench.frames(4);
    }
    let zoom = bench.studio(|studio| studio.state.canvas.view.shown_zoom.unwrap());
    assert!(zoom > 20.0, "{zoom}");
    let still = bench.on_screen(60.0, 60.0);
    assert!((still - centre).length() < 3.0, "the pixel under the pointer stays: {still:?} {centre:?}");
    bench.drag(&[(55.0, 60.0), (65.0, 60.0)], Modifiers::NONE);
    near(mask_bounds(&bench), [52, 57, 68, 63], 1);
}

fn outside_equals(bench: &Bench, picture: &inkwick::raster::Picture) -> bool {
    look(bench, |document| {
        let before = document.whole_picture().unwrap();
        let mask = document.mask().plane();
        let pixels = before.rgba().chunks_exact(4).zip(picture.rgba().chunks_exact(4)).zip(mask.values());
        before.size() == picture.size() && pixels.into_iter().all(|((a, b), masked)| *masked >= 128 || a == b)
    })
}

#[test]
fn a_masked_part_is_filled_compared_accepted_and_painted_on() {
    let mut bench = Bench::with_photo(300, 200);
    assert!(bench.window.query_by_label("Repaint picture").is_some());
    bench.window.key_press(Key::B);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 50.0);
    bench.frames(1);
    bench.drag(&[(150.0, 100.0), (180.0, 100.0)], Modifiers::NONE);
    bench.with(|studio| studio.state.prompt.prompt = "a red apple".into());
    bench.with(|studio| studio.state.prompt.picture_count = 2);
    bench.click("Fill mask");
    bench.wait("two are done", |bench| bench.done().len() == 2);
    let made = bench.done();
    let request = &made[0].request;
    assert_eq!(request.mask.as_ref().unwrap().plane.width(), 300);
    assert_eq!(request.width, Some(300), "the picture keeps its own size");
    assert!(outside_equals(&bench, &made[1].made().unwrap().picture));
    assert!(mask_bounds(&bench).is_some(), "a run leaves the mask alone");

    // Over the chosen result's tile the canvas shows, to compare; beside it the result.
    let tile = bench.window.get_all_by_label("Result: a red apple").last().unwrap().rect().center();
    bench.window.event(Event::PointerMoved(tile));
    bench.frames(3);
    let shown = |bench: &Bench| bench.studio(|studio| studio.state.canvas.shown().clone());
    assert_eq!(shown(&bench), LookingAt::Canvas);
    bench.window.event(Event::PointerMoved(pos2(5.0, 400.0)));
    bench.frames(3);
    assert_eq!(shown(&bench), LookingAt::Candidate(made[1].job));

    bench.window.key_press(Key::Enter);
    bench.frames(2);
    look(&bench, |document| {
        assert_eq!(document.whole_picture().unwrap().rgba(), made[1].made().unwrap().picture.rgba());
    });
    // The next stroke continues from there, and all of it can be taken back.
    bench.drag(&[(40.0, 40.0), (60.0, 40.0)], Modifiers::NONE);
    near(mask_bounds(&bench), [15, 15, 205, 125], 2);
    for _ in 0..3 {
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        bench.frames(2);
    }
    assert_eq!(mask_bounds(&bench), None);
    assert_eq!(look(&bench, |document| document.picture().unwrap().pixel(150, 100)), Some([150, 100, 90, 255]));
}

#[test]
fn painting_brings_the_canvas_back_and_nothing_loses_the_mask() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.frames(1);
    bench.drag(&[(100.0, 100.0), (150.0, 100.0)], Modifiers::NONE);
    let mask = |bench: &Bench| look(bench, |document| document.mask().plane().clone());
    let painted = mask(&bench);
    bench.with(|studio| studio.state.prompt.prompt = "a red apple".into());
    bench.click("Fill mask");
    bench.wait("it is done", |bench| bench.done().len() == 1);
    bench.window.set_size(egui::vec2(900.0, 600.0));
    bench.frames(3);
    bench.window.set_size(egui::vec2(1440.0, 900.0));
    bench.frames(3);
    bench.leave_fields();
    bench.window.key_press(Key::Tab);
    bench.frames(3);
    bench.window.key_press(Key::Tab);
    bench.frames(3);
    assert_eq!(mask(&bench), painted);
    let other = bench.photo("other.png", 300, 200);
    bench.drop_file(other);
    bench.settle();
    assert_eq!(mask(&bench), painted, "another picture of the size");
    bench.act(Action::Results(ResultsAction::StepCandidate { by: 1 }));
    bench.drag(&[(200.0, 50.0), (220.0, 50.0)], Modifiers::NONE);
    assert_eq!(bench.studio(|studio| studio.state.canvas.looking_at.clone()), LookingAt::Canvas);
    look(&bench, |document| assert_eq!(document.mask().plane().row(50)[210], 255));
}

#[test]
fn a_side_is_dragged_out_and_what_is_new_is_masked() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::O);
    bench.frames(2);
    bench.drag(&[(300.0, 100.0), (330.0, 100.0), (364.0, 100.0)], Modifiers::NONE);
    assert_eq!(look(&bench, Document::size_px), Some([364, 200]));
    near(mask_bounds(&bench), [292, 0, 364, 200], 0);
    assert!(bench.window.query_by_label("Fill mask").is_some());
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.frames(2);
    assert_eq!((look(&bench, Document::size_px), mask_bounds(&bench)), (Some([300, 200]), None));
}

#[test]
fn the_canvas_is_there_again_after_a_restart_with_its_steps() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.frames(1);
    bench.drag(&[(100.0, 100.0), (150.0, 100.0)], Modifiers::NONE);
    bench.drag(&[(100.0, 150.0), (150.0, 150.0)], Modifiers::NONE);
    let painted = look(&bench, |document| document.mask().plane().clone());
    let home = bench.close();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.wait("it is there", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    assert_eq!(look(&bench, |document| document.mask().plane().clone()), painted);
    bench.leave_fields();
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.frames(2);
    assert_ne!(look(&bench, |document| document.mask().plane().clone()), painted);
    assert!(bench.studio(|studio| studio.state.canvas.document.can_undo()));
}

#[test]
fn a_pictures_settings_bring_back_its_mask_strength_and_inpainting() {
    let mut bench = Bench::with_photo(300, 200);
    bench.type_prompt("a red apple");
    bench.leave_fields();
    bench.window.key_press(Key::B);
    bench.drag(&[(100.0, 80.0), (160.0, 90.0)], Modifiers::NONE);
    let mask = look(&bench, |document| document.mask().plane().clone());
    bench.with(|studio| {
        studio.state.inpaint.strength = 0.6;
        let settings = &mut studio.state.inpaint.settings;
        (settings.padding_px, settings.mask_blur_px, settings.soft) = (77, 9, true);
    });
    let settings = bench.studio(|studio| studio.state.inpaint.settings.clone());
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    let file = bench.done()[0].made().unwrap().file.clone();
    bench.act(Action::Canvas(CanvasAction::Mask(MaskStep::Clear)));
    bench.act(Action::Canvas(CanvasAction::NewCanvas));
    bench.with(|studio| studio.state.inpaint = inkwick::ui::prompt::state::InpaintPanel::default());
    bench.act(Action::Prompt(PromptAction::UseSettings(file)));
    bench.wait("the mask is back", |bench| mask_bounds(bench).is_some());
    assert!(look(&bench, |document| *document.mask().plane() == mask && document.size_px() == Some([300, 200])));
    bench.studio(|studio| {
        assert!((studio.state.inpaint.strength - 0.6).abs() < 1e-6);
        assert_eq!(studio.state.inpaint.settings, settings);
    });
}

#[test]
fn what_is_seen_is_saved_and_a_photo_meets_another_shape() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::D);
    bench.with(|studio| studio.state.canvas.tools.colour = [255, 0, 0]);
    bench.drag(&[(150.0, 100.0), (152.0, 100.0)], Modifiers::NONE);
    let file = bench.photo("unused.png", 2, 2).with_file_name("seen");
    bench.act(Action::Files(FilesAction::SaveCanvas(file.clone())));
    let file = file.with_extension("png");
    bench.wait("it is saved", |bench| bench.toasts().iter().any(|toast| toast.starts_with("Saved as seen.png")));
    let saved = image::open(file).unwrap().to_rgb8();
    assert_eq!(saved.dimensions(), (300, 200));
    assert_eq!((saved.get_pixel(150, 100).0, saved.get_pixel(5, 7).0), ([255, 0, 0], [5, 7, 90]));

    bench.with(|studio| {
        studio.state.prompt.repaint_size_px = Some([256, 256]);
        studio.state.prompt.resize = ResizeMode::Pad;
    });
    bench.type_prompt("a red apple");
    bench.leave_fields();
    bench.click("Shape: Crop");
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    let request = bench.done()[0].request.clone();
    assert_eq!((request.width, request.height, request.resize), (Some(256), Some(256), ResizeMode::Crop));
}

#[test]
fn every_tool_looks_as_it_should() {
    let mut results = egui_kittest::SnapshotResults::new();
    let mut bench = Bench::with_photo(300, 200);
    bench.with(|studio| studio.state.prompt.prompt = "a red apple".into());
    let shot = |bench: &mut Bench, name: &str, results: &mut egui_kittest::SnapshotResults| {
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    };
    bench.window.key_press(Key::B);
    bench.frames(1);
    bench.drag(&[(180.0, 100.0), (200.0, 90.0), (230.0, 120.0)], Modifiers::NONE);
    bench.with(|studio| studio.state.inpaint.is_open = true);
    shot(&mut bench, "tool_brush", &mut results);
    bench.window.key_press(Key::V);
    shot(&mut bench, "model_view", &mut results);
    bench.window.key_press(Key::V);
    bench.with(|studio| studio.state.inpaint.is_open = false);
    for (name, modifiers, key) in [
        ("tool_lasso", Modifiers::NONE, Key::L),
        ("tool_rectangle", Modifiers::NONE, Key::R),
        ("tool_colour", Modifiers::NONE, Key::D),
        ("tool_extend", Modifiers::NONE, Key::O),
    ] {
        bench.window.key_press_modifiers(modifiers, key);
        bench.frames(2);
        if name == "tool_lasso" {
            let places: Vec<_> =
                [(30.0, 30.0), (90.0, 20.0), (120.0, 90.0), (60.0, 120.0)].map(|(x, y)| bench.on_screen(x, y)).into();
            bench.button(places[0], PointerButton::Primary, true, Modifiers::NONE);
            for place in places {
                bench.window.event(Event::PointerMoved(place));
            }
        }
        shot(&mut bench, name, &mut results);
        if name == "tool_lasso" {
            bench.window.key_press(Key::Escape);
        }
    }
}
