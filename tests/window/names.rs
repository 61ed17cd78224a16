//! What who hears the window instead of seeing it gets: a name for every control, no two alike in one place, and keys.

use std::collections::{BTreeMap, BTreeSet};

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::store::pictures::labels::LabelKind;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{
    Action, BranchAction, CompareAction, CompareMode, DialogRequest, FilesAction, GalleryAction, LayerAction,
    LibraryAction, LiveAction, NewLayer, PromptAction, QueueAction, ResultsAction, SettingsAction, Sheet, Tab,
    WindowAction,
};

use crate::gallery_view;
use crate::studio_bench::Bench;

struct Control {
    role: Role,
    name: String,
    key: String,
    has_value: bool,
    /// The layer and, in the window itself, the panel.
    place: String,
}

const INTERACTIVE: &[Role] = &[
    Role::Button,
    Role::CheckBox,
    Role::ComboBox,
    Role::Link,
    Role::MenuItem,
    Role::MultilineTextInput,
    Role::RadioButton,
    Role::Slider,
    Role::SpinButton,
    Role::Tab,
    Role::TextInput,
];

fn controls(bench: &Bench) -> Vec<Control> {
    let window = bench.window.ctx.content_rect();
    let nodes = bench.window.query_all_by(|node| INTERACTIVE.contains(&node.role()));
    nodes
        .map(|node| {
            let access = node.accesskit_node();
            // The layers' own nodes lie right under the window's.
            let mut layer = None;
            let mut above = access.parent();
            while let Some(node) = above {
                if node.parent().is_none() {
                    break;
                }
                layer = Some(node.id());
                above = node.parent();
            }
            let at = node.rect().center();
            let panel = match () {
                () if at.y < 32.0 => "menu",
                () if at.y > window.bottom() - 28.0 => "status",
                () if at.x < 272.0 => "prompt",
                () if at.x > window.right() - 260.0 => "right",
                () => "canvas",
            };
            Control {
                role: access.role(),
                name: access.label().unwrap_or_default(),
                key: access.data().description().unwrap_or_default().to_owned(),
                has_value: access.data().value().is_some(),
                place: format!("{layer:?} {panel}"),
            }
        })
        .collect()
}

/// In the states in which a person meets it. Each is given to `look`.
fn in_every_state(mut look: impl FnMut(&str, &mut Bench)) {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    look("an empty canvas", &mut bench);
    for menu in ["File", "Edit", "Canvas", "View", "Help"] {
        let mut all = bench.window.query_all_by_label(menu);
        all.find(|node| node.rect().bottom() <= 32.0).unwrap().click();
        drop(all);
        bench.frames(3);
        look(menu, &mut bench);
        bench.window.key_press(Key::Escape);
        bench.frames(2);
    }
    for (sheet, name) in [
        (Sheet::Keys, "keys"),
        (Sheet::About, "about"),
        (Sheet::Licences, "what it is made of"),
        (Sheet::PhotographicModel, "a photographic model"),
        (Sheet::Selector, "the selector"),
        (Sheet::Annotator, "what makes a layer"),
        (Sheet::Share, "sharing"),
        (Sheet::Palette, "the palette"),
    ] {
        bench.act(Action::Window(WindowAction::Show(sheet)));
        look(name, &mut bench);
        bench.act(Action::Window(WindowAction::CloseSheet));
    }
    for page in [
        "Appearance",
        "Pictures and files",
        "Canvas and brush",
        "Models",
        "Device and memory",
        "Keys",
        "Network",
        "Privacy",
    ] {
        bench.act(Action::Settings(SettingsAction::Find(page)));
        look(page, &mut bench);
    }
    bench.act(Action::Window(WindowAction::CloseSheet));
    for (tab, name) in [(Tab::Models, "the library"), (Tab::Download, "downloads")] {
        bench.act(Action::Library(LibraryAction::Open(tab)));
        look(name, &mut bench);
    }
    bench.act(Action::Window(WindowAction::CloseSheet));
    bench.lay(300, 200);
    bench.with(|studio| {
        let state = &mut studio.state;
        (state.prompt.negative_open, state.prompt.sampling_open, state.prompt.fine.is_open) = (true, true, true);
        (state.memory.is_open, state.inpaint.is_open) = (true, true);
    });
    for tool in Tool::ALL {
        bench.with(|studio| studio.state.canvas.tool = tool);
        bench.frames(2);
        look(tool.name(), &mut bench);
        bench.click("More of this tool");
        bench.frames(2);
        look(&format!("{} and more", tool.name()), &mut bench);
        bench.window.key_press(Key::Escape);
        bench.frames(2);
    }
    bench.with(|studio| studio.state.canvas.tool = Tool::Brush);
    bench.drag(&[(100.0, 80.0), (160.0, 90.0)], Modifiers::NONE);
    look("a masked photo", &mut bench);
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Scribble)));
    bench.with(|studio| studio.state.layers.more_is_open = true);
    bench.frames(3);
    look("a scribble layer", &mut bench);
    for menu in ["New layer", "What to do with the chosen layer"] {
        bench.click(menu);
        bench.frames(2);
        look(menu, &mut bench);
        bench.window.key_press(Key::Escape);
        bench.frames(2);
    }
    bench.with(|studio| studio.state.canvas.tool = Tool::Colour);
    bench.frames(2);
    bench.click("Colour");
    bench.frames(2);
    look("the colour popup", &mut bench);
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    bench.with(|studio| studio.state.canvas.tool = Tool::Extend);
    bench.frames(2);
    bench.click("By numbers");
    bench.frames(2);
    look("extend by numbers", &mut bench);
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    bench.with(Bench::scripted_run);
    bench.frames(2);
    look("a run", &mut bench);

    rooms(&mut look);

    let mut first = Bench::first(FakeScript::default(), [1440.0, 900.0]);
    first.settle();
    look("the first start", &mut first);
    let mut small = Bench::sized(FakeScript::default(), [640.0, 480.0], 1.0, Theme::Light);
    small.lay(300, 200);
    look("a small window", &mut small);
}

/// The rooms that are for pictures which were made.
fn rooms(look: &mut impl FnMut(&str, &mut Bench)) {
    let (mut bench, files) = gallery_view::with_pictures();
    for (sheet, name) in [(Sheet::Grid, "a grid"), (Sheet::Manual, "the manual")] {
        bench.act(Action::Window(WindowAction::Show(sheet)));
        look(name, &mut bench);
        bench.act(Action::Window(WindowAction::CloseSheet));
    }
    bench.act(Action::Window(WindowAction::AskPath(DialogRequest::OpenPicture)));
    look("a path", &mut bench);
    bench.act(Action::Window(WindowAction::CloseSheet));
    bench.act(Action::Library(LibraryAction::Open(Tab::AddOns)));
    look("add-ons", &mut bench);
    bench.act(Action::Window(WindowAction::CloseSheet));
    bench.act(Action::Files(FilesAction::DecodeAgain(files[0].clone())));
    look("decoding again", &mut bench);
    bench.act(Action::Window(WindowAction::CloseSheet));
    let job = bench.done()[0].job;
    bench.act(Action::Branch(BranchAction::Open(job)));
    look("the steps of a picture", &mut bench);
    bench.act(Action::Branch(BranchAction::Close));
    bench.act(Action::Results(ResultsAction::Compare(files[..2].to_vec())));
    bench.settle();
    for mode in CompareMode::ALL {
        bench.act(Action::Compare(CompareAction::Mode(mode)));
        look(&format!("comparing: {}", mode.label()), &mut bench);
    }
    bench.act(Action::Compare(CompareAction::Close));
    gallery_view::open_view(&mut bench);
    gallery_view::read(&mut bench);
    look("the gallery view", &mut bench);
    for (action, name) in [
        (GalleryAction::OpenExport(files.clone()), "export"),
        (GalleryAction::OpenLabels { files: files.clone(), kind: LabelKind::Tag }, "tags"),
        (GalleryAction::SelectAll, "several selected"),
    ] {
        bench.act(Action::Gallery(action));
        bench.frames(2);
        look(name, &mut bench);
        bench.act(Action::Window(WindowAction::CloseSheet));
    }
    bench.act(Action::Gallery(GalleryAction::LeaveView));
    bench.act(Action::Queue(QueueAction::Pause));
    bench.act(Action::Queue(QueueAction::Toggle));
    for words in ["a rocket", "a gift"] {
        bench.with(|studio| studio.state.prompt.prompt = words.into());
        bench.act(Action::Prompt(PromptAction::Generate));
    }
    bench.settle();
    look("the queue", &mut bench);
    bench.act(Action::Live(LiveAction::Toggle));
    bench.frames(3);
    look("live painting", &mut bench);
}

#[test]
fn every_control_has_a_name_and_no_two_of_a_kind_share_one_in_one_place() {
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    in_every_state(|state, bench| {
        let mut names: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for control in controls(bench) {
            seen += 1;
            let role = format!("{:?}", control.role);
            if control.name.trim().is_empty() {
                wrong.insert(format!("{state}: a {role} without a name in {}", control.place));
            }
            *names.entry((control.place, role, control.name)).or_default() += 1;
        }
        for ((place, role, name), count) in names {
            if count > 1 {
                wrong.insert(format!("{state}: {count} of {role} are called “{name}” in {place}"));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(seen > 1000, "only {seen} controls were looked at");
}

const IN_MENUS: [&str; 2] = ["Generate forever, or stop that", "Upscale the shown picture"];

#[test]
fn every_action_with_a_key_has_a_control_that_names_it() {
    let mut named = BTreeSet::new();
    let mut listed = Vec::new();
    in_every_state(|state, bench| {
        for control in controls(bench) {
            if state == "the palette" {
                // Settings have values there.
                if control.role == Role::MenuItem && !control.has_value {
                    listed.push((control.name, control.key));
                }
            } else if !control.key.is_empty() {
                named.insert(control.key);
            }
        }
    });
    let missing: Vec<_> = listed
        .iter()
        // The gallery view is closed in all these states; two stand in menus that open at a picture or beside a button.
        .filter(|(name, about)| {
            !about.contains("is closed")
                && !IN_MENUS.contains(&name.as_str())
                && !named.iter().any(|key| about == key || about.ends_with(&format!(" {key}")))
        })
        .map(|(name, about)| format!("{name}: {about}"))
        .collect();
    assert!(listed.len() > 60, "{}", listed.len());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_tooltip_of_an_icon_names_its_key() {
    let mut bench = Bench::with_photo(300, 200);
    bench.settle();
    let icons: Vec<(String, String, egui::Pos2)> = bench
        .window
        .query_all_by(|node| node.role() == Role::Button)
        .filter_map(|node| {
            let key = node.accesskit_node().data().description()?.to_owned();
            let is_icon = node.rect().width() < 30.0 && !node.accesskit_node().is_disabled();
            is_icon.then(|| (node.accesskit_node().label().unwrap_or_default(), key, node.rect().center()))
        })
        .collect();
    assert!(icons.len() > 12, "{}", icons.len());
    for (name, key, at) in icons {
        bench.window.event(egui::Event::PointerMoved(at));
        let mut shown = false;
        for _ in 0..40 {
            bench.window.step();
            shown |= bench.window.query_all_by_label(&key).next().is_some();
        }
        assert!(shown, "{name} does not say {key}");
        bench.window.event(egui::Event::PointerMoved(egui::pos2(720.0, 450.0)));
        bench.frames(3);
    }
}
