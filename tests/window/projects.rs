//! Projects in the window: saved, opened by every way, and refused without touching the canvas.

use std::path::PathBuf;

use egui::{Key, Modifiers};
use inkwick::engine::FakeScript;
use inkwick::ui::DialogRequest;
use inkwick::ui::action::{Action, CanvasAction, FilesAction};

use crate::layers::{layers, with_scribble};
use crate::studio_bench::{ARGUMENTS, Bench};

fn home_file(bench: &Bench, name: &str) -> PathBuf {
    let folder = bench.paths.settings_file.parent().unwrap().parent().unwrap().join("projects");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Picture, mask and layers as they lie there, the name of each with its pixels.
type Look = (Option<Vec<u8>>, Vec<u8>, Vec<(String, Vec<u8>)>);

fn look(bench: &Bench) -> Look {
    bench.studio(|studio| {
        let document = &studio.state.canvas.document;
        let layers = document.stack().layers().iter();
        let layers = layers.map(|layer| (layer.settings.name.clone(), layer.content.seen().rgba().to_vec()));
        let picture = document.whole_picture().map(|picture| picture.rgba().to_vec());
        (picture, document.mask().plane().values().to_vec(), layers.collect())
    })
}

fn drawn() -> Bench {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 50.0), (120.0, 150.0)], Modifiers::NONE);
    bench.with(|studio| {
        studio.state.prompt.prompt = "a castle by a lake".into();
        studio.state.prompt.steps = 13;
        studio.state.prompt.seed_text = "77".into();
    });
    bench.frames(2);
    bench
}

fn save(bench: &mut Bench, name: &str) -> PathBuf {
    let file = home_file(bench, name);
    bench.act(Action::Files(FilesAction::SaveProjectAs(file.clone())));
    bench.wait("it is saved", |bench| bench.studio(|studio| studio.state.project.file() == Some(&*file)));
    file
}

fn title(bench: &Bench) -> String {
    bench.studio(|studio| studio.state.project.title.clone())
}

#[test]
fn a_project_comes_back_as_it_was_saved() {
    let mut bench = drawn();
    let before = look(&bench);
    assert_eq!(title(&bench), "Inkwick");
    let file = save(&mut bench, "castle.inkwick");
    bench.frames(2);
    assert_eq!(title(&bench), "castle – Inkwick");
    bench.drag(&[(20.0, 20.0), (200.0, 30.0)], Modifiers::NONE);
    bench.with(|studio| studio.state.prompt.prompt = "something else".into());
    bench.frames(3);
    assert_eq!(title(&bench), "castle* – Inkwick");
    assert!(look(&bench) != before);
    let changed = look(&bench);
    bench.act(Action::Files(FilesAction::Dropped(file.clone())));
    bench.wait("it is open", |bench| bench.studio(|studio| studio.state.project.opening.is_empty()));
    bench.frames(2);
    assert!(look(&bench) == before);
    bench.studio(|studio| {
        let prompt = &studio.state.prompt;
        assert_eq!((&*prompt.prompt, prompt.steps, &*prompt.seed_text), ("a castle by a lake", 13, "77"));
    });
    assert_eq!(title(&bench), "castle – Inkwick");
    bench.act(Action::Canvas(CanvasAction::Undo));
    bench.frames(2);
    assert!(look(&bench) == changed, "one step of Undo");
    // A new canvas is no project's.
    bench.act(Action::Canvas(CanvasAction::NewCanvas));
    bench.frames(2);
    assert_eq!(title(&bench), "Inkwick");
    assert_eq!(bench.studio(|studio| studio.state.project.recent.clone()), [file]);
}

#[test]
fn control_s_asks_once_and_writes_over_its_own_file_then() {
    let mut bench = drawn();
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::S);
    bench.frames(2);
    let asked = bench.with(inkwick::ui::Studio::take_dialog_requests);
    assert_eq!(asked, [DialogRequest::SaveProject { name: "untitled".into() }]);
    // The ending comes by itself.
    let file = home_file(&bench, "castle");
    let action = asked[0].chosen(&file);
    bench.act(action.clone());
    let file = home_file(&bench, "castle.inkwick");
    bench.wait("it is saved", |bench| bench.studio(|studio| studio.state.project.file() == Some(&*file)));
    let first = std::fs::read(&file).unwrap();
    bench.drag(&[(20.0, 20.0), (200.0, 30.0)], Modifiers::NONE);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::S);
    bench.frames(2);
    bench.wait("it is saved again", |bench| !bench.studio(|studio| studio.state.project.is_changed));
    assert!(bench.with(inkwick::ui::Studio::take_dialog_requests).is_empty());
    assert!(std::fs::read(&file).unwrap() != first);
    // Under a name that is taken nothing is written where nobody was asked.
    let other = save(&mut bench, "other.inkwick");
    let kept = std::fs::read(&file).unwrap();
    bench.drag(&[(20.0, 60.0), (200.0, 70.0)], Modifiers::NONE);
    bench.act(action);
    bench.settle();
    assert_eq!(std::fs::read(&file).unwrap(), kept);
    assert!(bench.studio(|studio| studio.state.project.file() == Some(&*other)));
    assert!(bench.toasts().iter().any(|said| said.contains("is there already")), "{:?}", bench.toasts());
}

#[test]
fn a_start_opens_the_project_that_it_is_given_and_knows_the_last_one() {
    let mut bench = drawn();
    let before = look(&bench);
    let file = save(&mut bench, "castle.inkwick");
    bench.act(Action::Canvas(CanvasAction::NewCanvas));
    bench.frames(2);
    let home = bench.close();
    std::fs::write(home.path().join(ARGUMENTS), file.to_str().unwrap()).unwrap();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.wait("it is open", |bench| bench.studio(|studio| studio.state.project.file() == Some(&*file)));
    bench.frames(2);
    assert!(look(&bench) == before);
    // And the next start has it from the journal, with its name.
    bench.with(|studio| studio.state.canvas.tool = inkwick::canvas::tools::Tool::Brush);
    bench.frames(1);
    bench.drag(&[(20.0, 20.0), (200.0, 30.0)], Modifiers::NONE);
    bench.frames(2);
    let changed = look(&bench);
    assert!(changed != before);
    let home = bench.close();
    std::fs::remove_file(home.path().join(ARGUMENTS)).unwrap();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.wait("the canvas is there", |bench| bench.studio(|studio| studio.state.canvas.is_restored));
    bench.frames(2);
    assert!(look(&bench) == changed);
    assert_eq!(title(&bench), "castle* – Inkwick");
}

#[test]
fn a_file_that_is_no_project_leaves_everything_as_it_is() {
    let mut bench = drawn();
    let before = look(&bench);
    let good = save(&mut bench, "good.inkwick");
    let bytes = std::fs::read(&good).unwrap();
    let mut newer = bytes.clone();
    let at = bytes.windows(12).position(|part| part == b"\"version\": 1").unwrap();
    newer[at + 11] = b'9';
    for (name, bytes) in [("cut", &bytes[..bytes.len() / 2]), ("none", &b"a text"[..]), ("changed", &newer[..])] {
        let file = home_file(&bench, &format!("{name}.inkwick"));
        std::fs::write(&file, bytes).unwrap();
        bench.act(Action::Files(FilesAction::Dropped(file.clone())));
        bench.wait("it is read", |bench| bench.studio(|studio| studio.state.project.opening.is_empty()));
        bench.frames(2);
        assert!(look(&bench) == before, "{name}");
        assert!(bench.toasts().iter().any(|said| said.contains("roject ")), "{name}: {:?}", bench.toasts());
        assert_eq!(bench.studio(|studio| studio.state.project.file().map(PathBuf::from)), Some(good.clone()));
    }
    assert_eq!(layers(&bench).len(), 1);
}

#[test]
fn the_prompt_that_a_project_replaces_can_be_had_back() {
    let mut bench = drawn();
    let file = save(&mut bench, "castle.inkwick");
    bench.with(|studio| {
        studio.state.prompt.prompt = "something that was never saved".into();
        studio.state.prompt.steps = 31;
    });
    bench.frames(2);
    bench.act(Action::Files(FilesAction::OpenProject(file)));
    bench.wait("it is open", |bench| bench.toasts().iter().any(|said| said.contains("is open")));
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "a castle by a lake");
    bench.click("Bring the prompt back");
    bench.frames(2);
    let said = bench.studio(|studio| (studio.state.prompt.prompt.clone(), studio.state.prompt.steps));
    assert_eq!(said, ("something that was never saved".into(), 31));
}
