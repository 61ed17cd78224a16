//! What went wrong in an hour of work, as a person does it: strokes, masks, notices, text that has room, large photos,
//! the queue's figures, copying.

use egui::{Event, Key, Modifiers, PointerButton};
use egui_kittest::kittest::Queryable as _;
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::job::InpaintArea;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, LookingAt, MaskStep, PromptAction, Sheet, WindowAction};
use inkwick::ui::action::{CanvasAction, ResultsAction};

use crate::studio_bench::Bench;

fn looking_at(bench: &Bench) -> LookingAt {
    bench.studio(|studio| studio.state.canvas.looking_at.clone())
}

fn mask_bounds(bench: &Bench) -> Option<[u32; 4]> {
    let bounds = bench.studio(|studio| studio.state.canvas.document.mask().bounds());
    bounds.map(|rect| [rect.left, rect.top, rect.right, rect.bottom])
}

fn canvas_rect(bench: &Bench) -> egui::Rect {
    bench.window.get_by_role_and_label(egui::Role::Canvas, "Canvas").rect()
}

/// With a finished picture over the canvas.
fn generated(bench: &mut Bench, words: &str) {
    let before = bench.done().len();
    bench.with(|studio| {
        studio.state.prompt.prompt = words.into();
        studio.state.prompt.seed_text = "77".into();
    });
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("the picture is done", |bench| bench.done().len() > before);
    bench.wait("it is looked at", |bench| looking_at(bench) != LookingAt::Canvas);
    bench.frames(2);
}

#[test]
fn the_first_stroke_over_a_result_of_another_size_is_painted() {
    let mut bench = Bench::with_photo(300, 200);
    bench.with(|studio| studio.state.prompt.repaint_size_px = Some([256, 256]));
    generated(&mut bench, "a red apple");
    let seen = bench.studio(|studio| studio.state.canvas.placed.unwrap().size_px());
    assert_eq!(seen, egui::vec2(256.0, 256.0));
    bench.window.key_press(Key::B);
    bench.frames(1);
    // Places of what is seen. Both pictures have the same middle.
    bench.drag(&[(128.0, 128.0), (140.0, 128.0)], Modifiers::NONE);
    assert_eq!(looking_at(&bench), LookingAt::Canvas);
    let [left, top, right, bottom] = mask_bounds(&bench).expect("the stroke counts");
    assert!(left.abs_diff(148) < 5 && top.abs_diff(98) < 5 && bottom.abs_diff(102) < 5, "{left} {top} {bottom}");
    assert!(right > 155, "{right}");
}

#[test]
fn a_stroke_where_there_is_nothing_to_paint_on_says_so() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    generated(&mut bench, "a red apple");
    bench.with(|studio| studio.state.canvas.tool = Tool::Brush);
    bench.drag(&[(100.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    assert!(bench.toasts().iter().any(|toast| toast.contains("accept this one first")), "{:?}", bench.toasts());
}

#[test]
fn the_preset_for_an_extension_does_not_stick_to_ordinary_masks() {
    let intent = |bench: &Bench| format!("{:?}", bench.studio(|studio| studio.state.inpaint.intent()));
    for way in ["cleared", "undone", "filled"] {
        let mut bench = Bench::with_photo(300, 200);
        bench.with(|studio| studio.state.inpaint.settings.mask_blur_px = 11);
        let before = bench.studio(|studio| studio.state.inpaint.settings.clone());
        bench.window.key_press(Key::O);
        bench.frames(2);
        bench.drag(&[(300.0, 100.0), (330.0, 100.0), (364.0, 100.0)], Modifiers::NONE);
        assert_eq!(intent(&bench), "Some(Expand)", "{way}");
        match way {
            "cleared" => bench.act(Action::Canvas(CanvasAction::Mask(MaskStep::Clear))),
            "undone" => bench.act(Action::Canvas(CanvasAction::Undo)),
            _ => {
                generated(&mut bench, "a red apple");
                bench.act(Action::Results(ResultsAction::Accept));
            }
        }
        bench.frames(2);
        assert_eq!(bench.studio(|studio| studio.state.inpaint.settings.clone()), before, "{way}");
    }
}

#[test]
fn what_was_accepted_is_seen_and_the_next_stroke_shows_the_mask_again() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.drag(&[(100.0, 100.0), (150.0, 100.0)], Modifiers::NONE);
    let hides = |bench: &Bench| bench.studio(|studio| studio.state.canvas.overlay.hides_mask);
    assert!(!hides(&bench));
    generated(&mut bench, "a red apple");
    bench.act(Action::Results(ResultsAction::Accept));
    assert!(hides(&bench), "the tint would lie over what was accepted");
    assert!(mask_bounds(&bench).is_some(), "and nothing loses the mask");
    bench.wait("the gallery lists it", |bench| bench.studio(|studio| !studio.state.gallery.days.is_empty()));
    bench.with(|studio| studio.state.gallery.days.clear());
    bench.settle();
    bench.window.snapshot("accepted_dark");
    bench.drag(&[(200.0, 150.0), (210.0, 150.0)], Modifiers::NONE);
    assert!(!hides(&bench));
}

#[test]
fn a_notice_and_an_empty_strip_move_and_cover_nothing() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    let top = canvas_rect(&bench).top();
    bench.lay(300, 200);
    assert!(bench.has_label_starting("This model draws emoji-style objects"));
    assert!((canvas_rect(&bench).top() - top).abs() < 0.1, "the canvas was pushed");
    let without_results = canvas_rect(&bench).bottom();
    bench.click("Close notice");
    bench.frames(2);
    assert!(!bench.has_label_starting("This model draws emoji-style objects"));
    bench.act(Action::Canvas(CanvasAction::Zoom(inkwick::ui::action::Zoom::To(8.0))));
    bench.settle();
    bench.window.snapshot("zoomed_dark");
    generated(&mut bench, "a red apple");
    assert!(canvas_rect(&bench).bottom() < without_results - 80.0, "where results stand, no brush reaches");
}

#[test]
fn toasts_cover_no_search_and_can_be_closed_over_a_sheet() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    bench.with(|studio| studio.state.toasts.error("Something went wrong.", None));
    bench.frames(3);
    let close = bench.window.get_by_label("Close message").rect();
    let search = bench.window.get_by_label("Search pictures").rect();
    assert!(close.right() < search.left(), "{close:?} {search:?}");
    bench.act(Action::Window(WindowAction::Show(Sheet::Keys)));
    bench.frames(3);
    let at = bench.window.get_by_label("Close message").rect().center();
    bench.window.event(Event::PointerMoved(at));
    bench.frames(2);
    for pressed in [true, false] {
        bench.button(at, PointerButton::Primary, pressed, Modifiers::NONE);
        bench.frames(1);
    }
    bench.frames(2);
    assert!(bench.toasts().is_empty());
    assert_eq!(bench.studio(|studio| studio.state.sheet), Some(Sheet::Keys));
}

#[test]
fn text_has_room_in_a_narrow_panel() {
    let mut bench = Bench::sized(FakeScript::default(), [900.0, 1150.0], 1.0, Theme::Dark);
    bench.lay(3000, 2000);
    bench.with(|studio| {
        studio.state.prompt.prompt = "a red apple".into();
        studio.state.prompt.seed_text = "4294967295".into();
        (studio.state.prompt.sampling_open, studio.state.prompt.fine.is_open) = (true, true);
        studio.state.memory.is_open = true;
    });
    bench.settle();
    bench.window.snapshot("narrow_panel_dark");
    // Of the photo's size, not of a screen's.
    assert!((bench.studio(|studio| studio.state.canvas.tools.mask_brush.diameter_px) - 40.0).abs() < 0.1);
}

#[test]
fn a_large_photo_says_at_what_size_it_is_worked_and_offers_a_part_of_it() {
    let mut bench = Bench::with_photo(1600, 1200);
    let worked = bench.studio(|studio| studio.state.enlarged_from_px()).expect("it is larger than the model");
    assert!(worked[0] < 600, "{worked:?}");
    let figures = format!("{} × {}", worked[0], worked[1]);
    assert!(bench.has_label_starting(&format!("Worked at {figures}, then enlarged")));
    bench.click("Work on a part");
    bench.frames(2);
    bench.studio(|studio| {
        assert_eq!(studio.state.canvas.tool, Tool::Rectangle);
        assert_eq!(studio.state.inpaint.settings.area, InpaintArea::Masked);
    });
    let small = Bench::with_photo(300, 200);
    assert_eq!(small.studio(|studio| studio.state.enlarged_from_px()), None);
}

#[test]
fn twenty_pictures_are_twenty_and_more_than_can_wait_is_reported() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    bench.with(|studio| {
        studio.state.prompt.picture_count = 20;
        studio.state.prompt.prompt = "a castle at night".into();
    });
    bench.frames(2);
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("all are done", |bench| bench.done().len() == 20);
    assert_eq!(bench.files().len(), 20);
    bench.with(|studio| studio.state.prompt.picture_count = 200);
    bench.frames(3);
    assert_eq!(bench.studio(|studio| studio.state.prompt.picture_count), 64);
    assert!(bench.toasts().iter().any(|toast| toast.starts_with("At most 64 pictures")), "{:?}", bench.toasts());
}

#[test]
fn a_right_click_opens_the_menu_and_a_right_drag_erases() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.act(Action::Canvas(CanvasAction::Mask(MaskStep::All)));
    bench.frames(2);
    let masked =
        |bench: &Bench, x: usize, y: u32| bench.studio(|studio| studio.state.canvas.document.mask().plane().row(y)[x]);
    let at = bench.on_screen(100.0, 100.0);
    bench.window.event(Event::PointerMoved(at));
    bench.frames(2);
    for pressed in [true, false] {
        bench.button(at, PointerButton::Secondary, pressed, Modifiers::NONE);
        bench.frames(2);
    }
    assert_eq!(masked(&bench, 100, 100), 255, "a click of the right button paints nothing");
    bench.click("Copy what is masked");
    bench.wait("it is copied", |bench| bench.toasts().iter().any(|toast| toast == "Copied 300 × 200 pixels."));
    bench.frames(2);

    let (from, to) = (bench.on_screen(50.0, 50.0), bench.on_screen(150.0, 50.0));
    bench.window.event(Event::PointerMoved(from));
    bench.frames(2);
    bench.button(from, PointerButton::Secondary, true, Modifiers::NONE);
    bench.frames(1);
    bench.window.event(Event::PointerMoved(from.lerp(to, 0.5)));
    bench.window.event(Event::PointerMoved(to));
    bench.frames(1);
    bench.button(to, PointerButton::Secondary, false, Modifiers::NONE);
    bench.frames(2);
    assert_eq!((masked(&bench, 52, 50), masked(&bench, 148, 50)), (0, 0));
}

#[test]
fn the_copy_key_takes_the_result_that_is_seen_or_the_masked_part() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.event(Event::Copy);
    bench.frames(1);
    bench.wait("all of it", |bench| bench.toasts().contains(&"Copied 300 × 200 pixels.".to_owned()));
    bench.window.key_press(Key::R);
    bench.frames(1);
    bench.drag(&[(40.2, 30.2), (90.0, 150.0), (199.8, 119.8)], Modifiers::NONE);
    bench.window.event(Event::Copy);
    bench.frames(1);
    bench.wait("the masked part", |bench| {
        bench.toasts().iter().any(|toast| toast.starts_with("Copied 16") && toast.ends_with("pixels."))
    });
    bench.type_prompt("words");
    bench.with(|studio| studio.state.toasts.list.clear());
    bench.window.event(Event::Copy);
    bench.settle();
    assert!(bench.toasts().is_empty(), "in a field the key is the field's");
}

#[test]
fn a_key_that_is_pressed_twice_in_one_frame_counts_twice() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::R);
    bench.frames(1);
    bench.drag(&[(100.0, 80.0), (200.0, 120.0)], Modifiers::NONE);
    let before = mask_bounds(&bench).unwrap();
    // Twice in one frame: both count, one after the other.
    for _ in 0..2 {
        for pressed in [true, false] {
            let (physical_key, repeat, modifiers) = (None, false, Modifiers::SHIFT);
            bench.window.event(Event::Key { key: Key::G, physical_key, pressed, repeat, modifiers });
        }
    }
    bench.window.step();
    bench.wait("both are done", |bench| bench.studio(|studio| !studio.state.canvas.work.is_busy()));
    bench.frames(1);
    let after = mask_bounds(&bench).unwrap();
    assert_eq!([before[0] - after[0], after[2] - before[2]], [16, 16]);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.frames(2);
    assert_eq!(before[0] - mask_bounds(&bench).unwrap()[0], 8);
}

#[test]
fn results_lie_under_the_canvas_after_a_restart() {
    let mut bench = Bench::new(FakeScript::default());
    for words in ["a red apple", "a castle", "a blue bear"] {
        generated(&mut bench, words);
    }
    bench.with(|studio| studio.state.panels.prompt_width = 371.0);
    let gone = bench.done()[1].made().unwrap().file.clone();
    let home = bench.close();
    std::fs::remove_file(gone).unwrap();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.wait("they are there", |bench| {
        bench.done().len() == 2 && bench.studio(|studio| studio.state.candidates.coming.is_empty())
    });
    let words: Vec<String> = bench.done().into_iter().map(|one| one.request.prompt).collect();
    assert_eq!(words, ["a red apple", "a blue bear"]);
    // They are results like any other: looked at, accepted, joined by the next one, and there again.
    bench.leave_fields();
    bench.window.key_press(Key::ArrowRight);
    bench.frames(2);
    bench.window.key_press(Key::Enter);
    bench.wait("it is on the canvas", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    generated(&mut bench, "a penguin");
    let bench = {
        let mut bench = Bench::reopen(bench.close(), FakeScript::default());
        bench.wait("all are there", |bench| bench.done().len() == 3);
        bench
    };
    let words: Vec<String> = bench.done().into_iter().map(|one| one.request.prompt).collect();
    assert_eq!(words, ["a red apple", "a blue bear", "a penguin"]);
}

#[test]
fn panels_and_the_tool_in_hand_are_as_they_were_left() {
    let mut bench = Bench::with_photo(300, 200);
    let width = |bench: &Bench| bench.studio(|studio| studio.state.panels.prompt_width);
    let usual = width(&bench);
    // By its edge, and not further than it may.
    for (to, wanted) in [(usual + 40.0, usual + 40.0), (900.0, 400.0), (60.0, 272.0)] {
        let edge = egui::pos2(width(&bench) - 1.0, 500.0);
        bench.window.event(Event::PointerMoved(edge));
        bench.frames(2);
        bench.button(edge, PointerButton::Primary, true, Modifiers::NONE);
        bench.frames(2);
        bench.window.event(Event::PointerMoved(egui::pos2(to, 500.0)));
        bench.frames(2);
        bench.button(egui::pos2(to, 500.0), PointerButton::Primary, false, Modifiers::NONE);
        bench.frames(2);
        assert!((width(&bench) - wanted).abs() < 2.0, "{} where {wanted} is wanted", width(&bench));
    }
    bench.with(|studio| studio.state.canvas.tool = Tool::Lasso);
    bench.frames(2);
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("the canvas is back", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    bench.studio(|studio| assert_eq!(studio.state.canvas.tool, Tool::Lasso));
    assert!((width(&bench) - 272.0).abs() < 2.0);
}

#[test]
fn a_long_menu_is_whole_where_it_has_room_and_scrolls_where_not() {
    for (height, is_whole) in [(1000.0, true), (600.0, false)] {
        let mut bench = Bench::sized(FakeScript::default(), [1200.0, height], 1.0, Theme::Dark);
        bench.frames(2);
        let mut all = bench.window.query_all_by_label("Edit");
        all.find(|node| node.rect().bottom() <= 32.0).unwrap().click();
        drop(all);
        bench.frames(3);
        let last = |bench: &Bench| bench.window.get_by_label("Generate in front").rect().bottom();
        assert_eq!(last(&bench) <= height, is_whole, "{} of {height}", last(&bench));
    }
}
