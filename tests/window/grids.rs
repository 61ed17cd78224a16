//! Grids: what is written on the sheet is drawn cell by cell and comes back as one labelled picture.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::job::GridParameter;
use inkwick::store::settings::Theme;
use inkwick::ui::AxisText;
use inkwick::ui::action::{Action, QueueAction, ResultsAction};

use crate::gallery_view::as_if_made_at_two;
use crate::studio_bench::Bench;

fn open_sheet(bench: &mut Bench) {
    bench.leave_fields();
    bench.window.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Y);
    bench.frames(3);
}

fn write(bench: &mut Bench, field: &str, text: &str) {
    bench.window.get_by_role_and_label(egui::Role::TextInput, field).focus();
    bench.frames(1);
    bench.window.get_by_role_and_label(egui::Role::TextInput, field).type_text(text);
    bench.frames(2);
}

#[test]
fn a_grid_is_drawn_and_put_together_with_its_labels() {
    let mut bench = Bench::sized(FakeScript::default(), [1440.0, 900.0], 1.0, Theme::Light);
    bench.with(|studio| {
        studio.state.prompt.prompt = "a red fox".into();
        studio.state.prompt.seed_text = "7".into();
        studio.state.grid.down = Some(AxisText { parameter: GridParameter::Seed, text: String::new() });
    });
    open_sheet(&mut bench);
    write(&mut bench, "Across", "5, 10, 15");
    assert!(bench.has_label_starting("Write the values"), "nothing is written for Down");
    write(&mut bench, "Down", "1-2");
    assert!(bench.has_label_starting("3 × 2: 6 pictures"));
    bench.settle();
    bench.window.snapshot("grid_sheet_light");
    bench.act(Action::Queue(QueueAction::Pause));
    bench.act(Action::Queue(QueueAction::Toggle));
    bench.click("Make the grid");
    bench.wait("its cells wait in one row", |bench| bench.has_label_starting("Waiting 1: a red fox, grid 3 × 2 · 6"));
    bench.act(Action::Queue(QueueAction::Pause));
    bench.wait("the grid lies in the gallery", |bench| {
        bench.toasts().iter().any(|toast| toast.contains("grid 3 × 2 is in"))
    });
    let done = bench.done();
    assert_eq!(done.len(), 1, "it is one tile");
    let grid = done[0].made().unwrap();
    // Six pictures of 256 pixels, their labels and the gaps.
    assert!(grid.picture.width() > 3 * 256 && grid.picture.height() > 2 * 256);
    assert!(grid.picture.width() < 3 * 256 + 320 && grid.picture.height() < 2 * 256 + 100);
    assert!(grid.file.is_file());
    assert_eq!(bench.files().len(), 7, "each cell is a picture of its own as well");
    as_if_made_at_two(&mut bench);
    bench.settle();
    bench.window.snapshot("grid_light");
}

#[test]
fn what_cannot_be_drawn_is_said_on_the_sheet() {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| {
        studio.state.prompt.prompt = "a red fox".into();
        studio.state.grid.across = AxisText { parameter: GridParameter::Words, text: String::new() };
    });
    open_sheet(&mut bench);
    write(&mut bench, "Across", "green, blue");
    assert!(bench.has_label_starting("The prompt does not have “green”"));
    bench.with(|studio| studio.state.grid.across.text = "red, blue".into());
    bench.frames(2);
    assert!(bench.has_label_starting("2 × 1: 2 pictures"));
    bench.click("Make the grid");
    bench.wait("it is there", |bench| bench.toasts().iter().any(|toast| toast.contains("grid 2 × 1 is in")));
}

#[test]
fn a_grid_that_is_cancelled_is_forgotten() {
    let script = FakeScript { step_duration: std::time::Duration::from_millis(30), ..FakeScript::default() };
    let mut bench = Bench::new(script);
    bench.with(|studio| {
        studio.state.prompt.prompt = "a red fox".into();
        studio.state.grid.across.text = "20, 30".into();
    });
    open_sheet(&mut bench);
    bench.click("Make the grid");
    bench.wait("its cells wait", |bench| bench.studio(|studio| studio.state.candidates.list.len() == 2));
    bench.act(Action::Results(ResultsAction::CancelAll));
    bench.settle();
    assert!(bench.done().is_empty() && bench.toasts().iter().all(|toast| !toast.contains("The grid")));
}

#[test]
fn a_grid_that_was_taken_out_of_the_queue_and_put_back_is_a_grid_still() {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| {
        studio.state.prompt.prompt = "a red fox".into();
        studio.state.grid.across.text = "5, 10".into();
    });
    bench.act(Action::Queue(QueueAction::Pause));
    open_sheet(&mut bench);
    bench.click("Make the grid");
    bench.wait("its cells wait", |bench| bench.studio(|studio| studio.state.candidates.rows().len() == 1));
    let press = bench.studio(|studio| studio.state.candidates.rows()[0].press);
    for action in [QueueAction::BeginEdit(press), QueueAction::Duplicate(press)] {
        bench.act(Action::Queue(action));
        assert!(bench.toasts().last().unwrap().contains("words and a seed of its own"), "{:?}", bench.toasts());
        assert!(bench.studio(|studio| studio.state.queue.editing.is_none()));
    }
    bench.act(Action::Queue(QueueAction::Remove(press)));
    bench.settle();
    bench.act(Action::Queue(QueueAction::PutBack));
    bench.act(Action::Queue(QueueAction::Pause));
    bench.wait("it is there", |bench| bench.toasts().iter().any(|toast| toast.contains("grid 2 × 1 is in")));
    assert_eq!(bench.done().len(), 1);
}

#[test]
fn a_grid_in_which_cells_fail_shows_the_others() {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| {
        studio.state.prompt.prompt = "a red fox".into();
        studio.state.grid.across = AxisText { parameter: GridParameter::Words, text: "red, fail, blue".into() };
    });
    open_sheet(&mut bench);
    bench.click("Make the grid");
    bench.wait("it is there", |bench| bench.toasts().iter().any(|toast| toast.contains("grid 3 × 1 is in")));
    assert_eq!(bench.files().len(), 3, "two cells and the grid");
}
