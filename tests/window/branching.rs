//! Going on from a step of a picture: looked through, other words from there, and kept latents that are decoded again.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::job::Request;
use inkwick::sampling::SchedulerName;
use inkwick::store::pictures::picture_file;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, FilesAction, PromptAction, SettingsAction};
use inkwick::ui::results::candidate::Candidate;

use crate::studio_bench::Bench;

fn with_a_picture(size: [f32; 2], theme: Theme) -> Bench {
    let mut bench = Bench::sized(FakeScript::default(), size, 1.0, theme);
    bench.with(|studio| {
        studio.state.prompt.prompt = "a castle at night".into();
        studio.state.prompt.seed_text = "41".into();
        studio.state.prompt.steps = 20;
    });
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("it is made", |bench| bench.done().len() == 1);
    bench.leave_fields();
    bench
}

fn newest(bench: &Bench) -> Candidate {
    bench.done().last().unwrap().clone()
}

fn number(bench: &Bench) -> Option<u32> {
    bench.studio(|studio| Some(studio.state.branch.open.as_ref()?.number()))
}

#[test]
fn another_picture_goes_on_from_a_step_with_other_words() {
    let mut bench = with_a_picture([1440.0, 900.0], Theme::Dark);
    // Something else was written since.
    bench.with(|studio| studio.state.prompt.prompt = "a boat".into());
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
    bench.frames(3);
    assert_eq!(number(&bench), Some(10));
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "a castle at night", "its words are there");
    for _ in 0..4 {
        bench.window.key_press(Key::ArrowLeft);
    }
    bench.frames(3);
    assert_eq!(number(&bench), Some(6));
    bench.with(|studio| studio.state.toasts.list.clear());
    bench.settle();
    bench.window.snapshot("branch_dark");
    bench.with(|studio| studio.state.prompt.prompt = "a castle in the rain".into());
    bench.with(|studio| studio.state.prompt.guidance = Some(9.0));
    bench.window.key_press(Key::Enter);
    bench.wait("the other one is made", |bench| bench.done().len() == 2);
    assert_eq!(number(&bench), None, "one looks at what comes of it");
    let made = newest(&bench).request;
    assert_eq!((made.prompt.as_str(), made.seed, made.steps), ("a castle in the rain", 41, 20));
    assert_eq!(made.guidance, Some(9.0));
    let branch = made.branch.unwrap();
    assert_eq!((branch.step, branch.steps), (6, 20));
    // It says so in its file, and where it came from.
    let file = newest(&bench).made().unwrap().file.clone();
    let noted = picture_file::read_request(&file).unwrap().unwrap();
    assert_eq!(noted.branch.as_ref().map(|branch| branch.step), Some(6));
    assert!(noted.made_from.unwrap().contains("-41."), "its family knows the first one");
    // Its own steps can be gone on from in turn: those that were drawn for it.
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
    bench.frames(3);
    let range = bench.studio(|studio| studio.state.branch.open.as_ref().unwrap().range());
    assert_eq!(range, [7, 20]);
}

#[test]
fn the_steps_are_left_by_escape_and_by_looking_elsewhere() {
    let mut bench = with_a_picture([1440.0, 900.0], Theme::Light);
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
    bench.frames(3);
    bench.window.key_press(Key::Escape);
    bench.frames(3);
    assert_eq!((number(&bench), bench.done().len()), (None, 1), "nothing was set aside");
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
    bench.frames(3);
    bench.click("Leave its steps");
    bench.frames(2);
    assert_eq!(number(&bench), None);
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
    bench.frames(3);
    assert!(number(&bench).is_some());
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("another one is looked at", |bench| bench.done().len() == 2);
    // By pointer: the step before the end, and on from there.
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
    bench.frames(3);
    let slider = bench.window.get_by_role_and_label(egui::Role::Slider, "Step").rect();
    let at = egui::pos2(slider.right() - 2.0, slider.center().y);
    bench.window.event(egui::Event::PointerMoved(at));
    bench.frames(1);
    bench.button(at, egui::PointerButton::Primary, true, Modifiers::NONE);
    bench.frames(1);
    bench.button(at, egui::PointerButton::Primary, false, Modifiers::NONE);
    bench.frames(2);
    assert_eq!(number(&bench), Some(20));
}

#[test]
fn only_the_mask_goes_on_and_the_sampler_may_be_another() {
    let mut bench = with_a_picture([1440.0, 900.0], Theme::Dark);
    // The picture itself lies on the canvas, with a mask.
    bench.window.key_press(Key::Enter);
    bench.wait("it lies there", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    bench.window.key_press(Key::B);
    bench.frames(2);
    bench.drag(&[(100.0, 80.0), (160.0, 90.0)], Modifiers::NONE);
    bench.window.key_press(Key::ArrowRight);
    bench.frames(2);
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
    bench.frames(3);
    bench.click("Only the mask");
    bench.with(|studio| studio.state.prompt.scheduler = Some(SchedulerName::Euler));
    bench.frames(2);
    bench.click("Go on from this step");
    bench.wait("the other one is made", |bench| bench.done().len() == 2);
    let made = newest(&bench);
    assert_eq!(made.request.scheduler, Some(SchedulerName::Euler));
    let mask = made.request.mask.as_ref().expect("the canvas's mask");
    assert!(mask.plane.bounds().is_some());
    assert_eq!(made.size_px(), Some([256, 256]));
}

#[test]
fn steps_that_are_gone_are_said_to_be_gone() {
    let bench = with_a_picture([1440.0, 900.0], Theme::Dark);
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("the result is back", |bench| bench.done().len() == 1);
    bench.leave_fields();
    bench.window.key_press(Key::ArrowRight);
    bench.frames(2);
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
    bench.frames(3);
    assert!(bench.toasts().iter().any(|toast| toast.contains("are not kept")), "{:?}", bench.toasts());
}

#[test]
fn kept_latents_are_decoded_again() {
    let mut bench = with_a_picture([1440.0, 900.0], Theme::Dark);
    let file = newest(&bench).made().unwrap().file.clone();
    let decode = |bench: &mut Bench, file| {
        bench.act(Action::Files(FilesAction::DecodeAgain(file)));
        bench.frames(3);
        bench.click("Decode");
    };
    assert!(picture_file::read_latents(&file).is_none(), "nobody asked for them");
    decode(&mut bench, file);
    bench.wait("it is said", |bench| bench.toasts().iter().any(|toast| toast.contains("no latents")));
    bench.with(|studio| {
        let mut settings = studio.settings();
        settings.preferences.saving.keeps_latents = true;
        studio.answers().send(Action::Settings(SettingsAction::Change(Box::new(settings)))).unwrap();
    });
    bench.frames(2);
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("another one is made", |bench| bench.done().len() == 2);
    let file = newest(&bench).made().unwrap().file.clone();
    assert!(picture_file::read_latents(&file).is_some());
    bench.act(Action::Files(FilesAction::DecodeAgain(file.clone())));
    bench.frames(3);
    bench.click("In tiles, which takes less memory");
    bench.with(|studio| studio.state.toasts.list.clear());
    bench.settle();
    bench.window.snapshot("decode_again_dark");
    bench.click("Decode");
    bench.wait("it is decoded", |bench| bench.done().len() == 3);
    let Request { branch, compute, seed, .. } = newest(&bench).request;
    let branch = branch.unwrap();
    assert!(branch.is_decoding() && branch.decodes_in_single);
    assert_eq!((compute.vae_tiling, seed), (inkwick::job::VaeTiling::On, 41));
}

#[test]
fn nothing_of_the_strip_touches_at_any_width() {
    for width in (640..=1440).step_by(80) {
        let mut bench = with_a_picture([width as f32, 800.0], Theme::Dark);
        bench.window.key_press_modifiers(Modifiers::SHIFT, Key::B);
        bench.frames(3);
        let names = ["Leave its steps", "Go on from this step"];
        let mut rects: Vec<egui::Rect> = names.map(|name| bench.window.get_by_label(name).rect()).into();
        let others = bench.window.query_all_by(|node| {
            node.label().is_some_and(|label| label == "Step" || label == "Only the mask")
                && node.role() != egui::Role::Label
        });
        rects.extend(others.map(|node| node.rect()));
        for (index, one) in rects.iter().enumerate() {
            for other in &rects[index + 1..] {
                assert!(!one.shrink(0.5).intersects(*other), "{width}: {rects:?}");
            }
        }
    }
}
