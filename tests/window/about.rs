//! What Help > About tells: the version, a newer one where a person wants to know, and what the program is made of.

use std::sync::atomic::Ordering;

use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::manual::Licences;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, SettingsAction, Sheet, WindowAction};

use crate::studio_bench::{Bench, NEWEST};

const SWITCH: &str = "Ask at each start whether there is one";

/// A home in which the page of releases has this answer.
fn home(newest: Option<&str>) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    if let Some(newest) = newest {
        std::fs::write(home.path().join(NEWEST), newest).unwrap();
    }
    home
}

fn asked(bench: &Bench) -> usize {
    bench.asked.load(Ordering::Relaxed)
}

fn is_told(bench: &Bench) -> bool {
    bench.toasts().iter().any(|toast| toast.starts_with("Inkwick 9.0.0 is out; this is "))
}

fn switch(bench: &mut Bench, name: &str) {
    bench.act(Action::Settings(SettingsAction::Find("Network")));
    bench.frames(3);
    bench.click(name);
    bench.frames(3);
    bench.window.key_press(egui::Key::Escape);
    bench.frames(3);
}

#[test]
fn nobody_is_asked_before_a_person_wants_it() {
    let mut bench = Bench::reopen(home(Some("9.0.0")), FakeScript::default());
    bench.settle();
    assert_eq!(asked(&bench), 0);
    switch(&mut bench, SWITCH);
    bench.wait("it is told", is_told);
    assert_eq!(asked(&bench), 1);

    // It is remembered: the next start asks by itself.
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("it is told again", is_told);
    assert_eq!(asked(&bench), 1);
    // And is taken back as easily.
    switch(&mut bench, SWITCH);
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.settle();
    assert_eq!(asked(&bench), 0);
}

#[test]
fn who_works_offline_asks_nobody() {
    let mut bench = Bench::reopen(home(Some("9.0.0")), FakeScript::default());
    switch(&mut bench, "Fetch nothing from the network");
    switch(&mut bench, SWITCH);
    bench.settle();
    assert_eq!(asked(&bench), 0);
    switch(&mut bench, "Fetch nothing from the network");
    bench.wait("it is told", is_told);
}

#[test]
fn without_a_newer_version_or_an_answer_nothing_is_said() {
    let mut bench = Bench::reopen(home(None), FakeScript::default());
    switch(&mut bench, SWITCH);
    bench.wait("it was asked", |bench| asked(bench) == 1);
    bench.settle();
    assert!(bench.toasts().is_empty(), "{:?}", bench.toasts());
}

#[test]
fn the_new_version_stands_under_about_and_its_page_opens() {
    let mut bench = Bench::reopen(home(Some("9.0.0")), FakeScript::default());
    switch(&mut bench, SWITCH);
    bench.wait("it is told", is_told);
    bench.with(|studio| studio.state.toasts.list.clear());
    bench.click("Help");
    bench.click("About Inkwick");
    bench.settle();
    assert!(bench.has_label_starting("Version 9.0.0 is out."));
    bench.window.get_by_label("See what is new").click();
    // What shall be opened is asked for in the frame of the click, or the next.
    let opened = (0..3).any(|_| {
        bench.window.step();
        let commands = &bench.window.output().platform_output.commands;
        commands.iter().any(|command| {
            matches!(command, egui::OutputCommand::OpenUrl(page) if page.url.starts_with("https://github.com/") && page.url.ends_with("/releases"))
        })
    });
    assert!(opened);
}

#[test]
fn what_it_is_made_of_is_a_list_with_the_terms_of_each() {
    for size in [[1440.0, 900.0], [560.0, 400.0]] {
        let mut bench = Bench::sized(FakeScript::default(), size, 1.0, Theme::Dark);
        bench.act(Action::Window(WindowAction::Show(Sheet::About)));
        bench.settle();
        if size[0] > 1000.0 {
            bench.window.snapshot("about_dark");
        }
        bench.click("What it is made of…");
        bench.settle();
        bench.click("Inter (letters): OFL-1.1");
        bench.settle();
        assert!(bench.has_label_starting("Copyright (c) 2016-2018 The Inter Project Authors"), "{size:?}");
        if size[0] > 1000.0 {
            bench.window.snapshot("licence_dark");
        }
        bench.click("All components");
        bench.settle();
        // The list is long; what is below comes by scrolling.
        let last = Licences::shipped().components.last().unwrap();
        let last = format!("{}: {}", last.title(), last.licence);
        assert!(bench.window.query_by_label(&last).is_none(), "{size:?}");
        bench.window.event(egui::Event::PointerMoved(egui::pos2(size[0] / 2.0, size[1] / 2.0)));
        bench.window.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -100_000.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: egui::Modifiers::NONE,
        });
        bench.settle();
        bench.settle();
        assert!(bench.window.query_by_label(&last).is_some(), "{size:?}: {last}");
        bench.click("Close");
        bench.studio(|studio| assert_eq!(studio.state.sheet, None));
    }
}
