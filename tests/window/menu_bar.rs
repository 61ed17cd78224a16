//! A menu bar outside of the window, as a Mac keeps one: it has what the window's own would have, and does the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crossbeam_channel::Sender;
use egui::accesskit::Role;
use egui::{Key, Modifiers, ViewportCommand};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::system::menu_bar::{Entry, Item, Menu, MenuBar, Place};
use inkwick::ui::action::{Action, Sheet, WindowAction};

use crate::studio_bench::{Bench, scripted};

struct Outside {
    bench: Bench,
    /// Each bar that was shown, the newest last.
    shown: Arc<Mutex<Vec<Vec<Menu>>>>,
    choose: Sender<usize>,
}

impl Outside {
    fn open() -> Self {
        let shown = Arc::<Mutex<Vec<Vec<Menu>>>>::default();
        let (for_bar, (choose, chosen)) = (Arc::clone(&shown), crossbeam_channel::unbounded());
        let show = Box::new(move |menus: &[Menu]| for_bar.lock().unwrap().push(menus.to_vec()));
        scripted::keep_menus_in(MenuBar { show, chosen });
        let mut bench = Bench::new(FakeScript::default());
        bench.frames(2);
        Self { bench, shown, choose }
    }

    fn items(&self) -> Vec<Item> {
        fn gather(entries: &[Entry], items: &mut Vec<Item>) {
            for entry in entries {
                match entry {
                    Entry::Item(item) => items.push(item.clone()),
                    Entry::Menu(menu) => gather(&menu.entries, items),
                    Entry::Line | Entry::OfSystem(_) => {}
                }
            }
        }
        let mut items = Vec::new();
        for menu in self.shown.lock().unwrap().last().unwrap() {
            gather(&menu.entries, &mut items);
        }
        items
    }

    fn item(&self, words: &str) -> Item {
        self.items().into_iter().find(|item| item.words == words).unwrap_or_else(|| panic!("no entry {words}"))
    }

    fn choose(&mut self, words: &str) {
        let item = self.item(words);
        assert!(item.is_enabled, "{words} cannot be chosen: {}", item.hint);
        self.choose.send(item.number).unwrap();
        self.bench.frames(2);
    }
}

/// What stands in the menus of the window itself: words and whether it can be chosen.
fn inside(bench: &mut Bench) -> BTreeSet<(String, bool)> {
    let mut found = BTreeSet::new();
    for menu in ["File", "Edit", "Canvas", "View", "Help"] {
        let mut all = bench.window.query_all_by_label(menu);
        all.find(|node| node.rect().bottom() <= 32.0).unwrap().click();
        drop(all);
        bench.frames(3);
        for node in bench.window.query_all_by_role(Role::MenuItem) {
            let access = node.accesskit_node();
            found.insert((access.label().unwrap_or_default(), !access.is_disabled()));
        }
        bench.window.key_press(Key::Escape);
        bench.frames(2);
    }
    found
}

#[test]
fn it_has_every_entry_of_the_window_and_the_window_has_no_menus_then() {
    let mut usual = Bench::new(FakeScript::default());
    usual.frames(2);
    let inside = inside(&mut usual);
    assert!(inside.len() > 60, "{inside:?}");
    let mut outside = Outside::open();
    // A text that is written has its own steps back.
    outside.bench.leave_fields();
    outside.bench.frames(2);
    let all: BTreeSet<_> = outside.items().into_iter().map(|item| (item.words, item.is_enabled)).collect();
    let missing: Vec<_> = inside.difference(&all).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for menu in ["File", "Edit", "Help"] {
        assert!(outside.bench.window.query_by_label(menu).is_none(), "{menu} stands in the window as well");
    }
    assert!(outside.bench.window.query_by_label("Settings").is_some());
    let shown = outside.shown.lock().unwrap();
    let titles: Vec<_> = shown.last().unwrap().iter().map(|menu| (menu.title.as_str(), menu.place)).collect();
    let usual = |title| (title, Place::Usual);
    let (window, help) = (("Window", Place::Windows), ("Help", Place::Help));
    assert_eq!(titles, [usual("Inkwick"), usual("File"), usual("Edit"), usual("Canvas"), usual("View"), window, help]);
    // No line at an end, and none beside another.
    for menu in shown.last().unwrap() {
        let lines: Vec<_> = menu.entries.iter().map(|entry| matches!(entry, Entry::Line)).collect();
        assert!(!lines[0] && !lines[lines.len() - 1] && !lines.windows(2).any(|pair| pair[0] && pair[1]), "{menu:?}");
    }
}

#[test]
fn what_is_chosen_is_done_and_what_can_be_done_is_followed() {
    let mut outside = Outside::open();
    let key = outside.item("Open picture…").key.unwrap();
    assert_eq!((key.sign, key.command, key.option, key.shift), ('o', true, false, false));
    assert!(!outside.item("Mask everything").is_enabled);
    assert_eq!(outside.item("Mask everything").hint, "there is no picture on the canvas");
    let before = outside.shown.lock().unwrap().len();
    outside.bench.frames(5);
    assert_eq!(outside.shown.lock().unwrap().len(), before, "a bar that stays as it was is shown once");
    outside.bench.lay(64, 48);
    outside.choose("Mask everything");
    let masked = |bench: &Bench| bench.studio(|studio| !studio.state.canvas.document.mask().is_empty());
    assert!(masked(&outside.bench));
    outside.choose("Undo");
    assert!(!masked(&outside.bench));
    outside.choose("Redo");
    assert!(masked(&outside.bench));
    outside.choose("Mask a polygon");
    outside.bench.studio(|studio| assert_eq!(studio.state.canvas.tool, Tool::Polygon));
    outside.choose("Pause the queue");
    outside.choose("Go on with the queue");
    outside.choose("Settings…");
    outside.bench.studio(|studio| assert_eq!(studio.state.sheet, Some(Sheet::Settings)));
    // A sheet is answered first; the program can be left all the same.
    assert!(!outside.item("Settings…").is_enabled && !outside.item("Dark").is_enabled);
    assert!(outside.item("Quit").is_enabled);
    outside.bench.act(Action::Window(WindowAction::CloseSheet));
    // Chosen as the entry went out of reach: nothing happens.
    outside.choose.send(usize::MAX).unwrap();
    outside.bench.frames(2);
    assert!(outside.item("Settings…").is_enabled);
}

#[test]
fn a_text_that_is_written_has_cut_copy_paste_and_its_own_steps_back() {
    let mut outside = Outside::open();
    outside.bench.lay(64, 48);
    outside.choose("Mask everything");
    outside.bench.type_prompt("a red fox");
    for (words, asked) in [
        ("Cut", ViewportCommand::RequestCut),
        ("Copy", ViewportCommand::RequestCopy),
        ("Paste", ViewportCommand::RequestPaste),
    ] {
        let item = outside.item(words);
        outside.choose.send(item.number).unwrap();
        outside.bench.window.step();
        let output = outside.bench.window.output();
        let commands = &output.viewport_output[&egui::ViewportId::ROOT].commands;
        assert!(commands.contains(&asked), "{words}: {commands:?}");
    }
    outside.choose("Undo");
    outside.bench.studio(|studio| {
        assert_ne!(studio.state.prompt.prompt, "a red fox");
        assert!(!studio.state.canvas.document.mask().is_empty(), "the canvas keeps its mask");
    });
    outside.bench.window.key_press_modifiers(Modifiers::NONE, Key::Escape);
    outside.bench.leave_fields();
    outside.choose("Undo");
    outside.bench.studio(|studio| assert!(studio.state.canvas.document.mask().is_empty()));
}
