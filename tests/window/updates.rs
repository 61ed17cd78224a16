//! A newer version is asked about by who wants that alone, and told once.

use std::sync::atomic::Ordering;

use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::ui::action::{Action, SettingsAction};

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
