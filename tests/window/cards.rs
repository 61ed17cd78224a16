//! Several cards: ticked in the settings, computing at once, seen in queue and status line.

use std::time::Duration;

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::engine::device::DeviceChoice;
use inkwick::ui::action::{Action, LookingAt, PromptAction, QueueAction, SettingsAction};
use inkwick::ui::results::candidate::{Candidate, Stage};

use crate::studio_bench::Bench;

/// Computing on these cards.
fn on_cards(script: FakeScript, cards: &[usize]) -> Bench {
    let mut bench = Bench::new(script);
    let mut settings = bench.studio(inkwick::ui::Studio::settings);
    settings.preferences.processor.device = DeviceChoice::Cuda(cards[0]);
    settings.preferences.processor.further_cards = cards[1..].to_vec();
    bench.act(Action::Settings(SettingsAction::Change(Box::new(settings))));
    bench
}

fn devices(bench: &Bench) -> String {
    bench.studio(|studio| studio.processor().devices().to_string())
}

fn ask(bench: &mut Bench, count: u32) {
    bench.with(|studio| {
        studio.state.prompt.prompt = "a castle".into();
        studio.state.prompt.picture_count = count;
        studio.state.prompt.seed_text = "40".into();
    });
    bench.act(Action::Prompt(PromptAction::Generate));
    let wanted = count as usize;
    bench.wait("the queue has them", |bench| bench.studio(|studio| studio.state.candidates.list.len() == wanted));
}

#[test]
fn cards_are_ticked_one_by_one_and_the_last_one_stays() {
    let mut bench = on_cards(FakeScript::default(), &[0]);
    bench.act(Action::Settings(SettingsAction::Find("Cards")));
    let (large, small) = ("0: NVIDIA Large, 24.0 GB", "1: NVIDIA Small, 24.0 GB");
    bench.wait("the driver has answered", |bench| bench.window.query_by_label(small).is_some());
    bench.click(small);
    bench.frames(2);
    assert_eq!(devices(&bench), "cuda:0,cuda:1");
    bench.wait("the status line says so", |bench| {
        bench.studio(|studio| studio.state.device_text.starts_with("2 × CUDA"))
    });
    bench.click(large);
    bench.frames(2);
    assert_eq!(devices(&bench), "cuda:1");
    bench.click(small);
    bench.frames(2);
    assert_eq!(devices(&bench), "cuda:1", "one computes in any case");
    bench.click("Reset Cards");
    bench.frames(2);
    assert_eq!(devices(&bench), "cuda:0");
}

#[test]
fn where_no_card_computes_none_is_asked_for() {
    let mut bench = Bench::new(FakeScript::default());
    bench.act(Action::Settings(SettingsAction::Find("Cards")));
    bench.frames(3);
    assert!(!bench.has_label_starting("0: NVIDIA"));
}

#[test]
fn a_batch_is_shared_out_and_each_picture_is_seen_and_stopped_by_itself() {
    let script = FakeScript { step_duration: Duration::from_millis(120), ..FakeScript::default() };
    let mut bench = on_cards(script, &[0, 1]);
    bench.settle();
    ask(&mut bench, 3);
    bench.leave_fields();
    bench.window.key_press(Key::Q);
    let is_drawn = |candidate: &&Candidate| matches!(&candidate.stage, Stage::Running(progress) if progress.done > 1);
    let drawn = |bench: &Bench| bench.studio(|studio| studio.state.candidates.list.iter().filter(is_drawn).count());
    bench.wait("two are made at once", |bench| drawn(bench) == 2);
    for number in 1..=2 {
        assert!(bench.has_label_starting(&format!("Being made: a castle, picture {number} of 3")), "{number}");
    }
    assert!(bench.has_label_starting("steps "), "the status line counts their steps together");
    assert!(bench.has_label_starting("picture 2 of 3"), "and says that one more is to come");
    // The canvas stays with one of them.
    let first = bench.studio(|studio| studio.state.canvas.looking_at.clone());
    assert!(matches!(first, LookingAt::Candidate(_)));
    for _ in 0..8 {
        std::thread::sleep(Duration::from_millis(10));
        bench.window.step();
        assert_eq!(bench.studio(|studio| studio.state.canvas.looking_at.clone()), first);
    }
    bench.click("Cancel picture 2 of 3");
    bench.wait("the others come", |bench| bench.done().len() == 2);
    let mut seeds: Vec<u64> = bench.done().iter().map(|one| one.request.seed).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, [40, 42]);
}

#[test]
fn a_row_that_two_cards_work_on_is_stopped_as_one() {
    let script = FakeScript { step_duration: Duration::from_millis(400), ..FakeScript::default() };
    let mut bench = on_cards(script, &[0, 1]);
    bench.settle();
    ask(&mut bench, 4);
    bench.leave_fields();
    bench.window.key_press(Key::Q);
    let running = |bench: &Bench| bench.studio(|studio| studio.state.candidates.all_running().len());
    bench.wait("two are made at once", |bench| running(bench) == 2);
    bench.click("Cancel these 4 pictures");
    bench.wait("nothing is left", |bench| bench.studio(|studio| studio.state.candidates.list.is_empty()));
    bench.act(Action::Queue(QueueAction::Toggle));
    assert_eq!(bench.done().len(), 0);
}
