//! This machine for others: off until it is asked for, with an address and a token to pass on, and its guests seen.

use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::store::preferences::Sharing;

use crate::studio_bench::Bench;

fn opened() -> Bench {
    let mut bench = Bench::new(FakeScript::default());
    bench.window.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::H);
    bench.frames(3);
    bench
}

fn has(bench: &Bench, words: &str) -> bool {
    bench.window.query_all_by_label_contains(words).next().is_some()
}

fn kept(bench: &Bench) -> Sharing {
    bench.studio(|studio| studio.settings().preferences.sharing)
}

fn tick(bench: &mut Bench, words: &str) {
    bench.window.get_by_role_and_label(egui::Role::CheckBox, words).click();
    bench.frames(2);
}

#[test]
fn a_machine_is_shared_when_asked_and_says_how_it_is_reached_and_by_whom() {
    let mut bench = opened();
    assert!(has(&bench, "Share this machine"));
    assert!(!has(&bench, "192.168.1.7") && !has(&bench, "Connected") && !has(&bench, "· shared"), "off by itself");
    tick(&mut bench, "Let others draw with it");
    bench.wait("it is shared", |bench| has(bench, "https://192.168.1.7:7860"));
    bench.wait("the laptop is seen", |bench| has(bench, "192.168.1.9 · Inkwick/0.1.0"));
    assert!(has(&bench, "0a1b2c-3d4e5f-607182-93a4b5") && has(&bench, &["ab"; 32].join(":")));
    assert!(has(&bench, "· shared"), "the status line says so when the sheet is closed");
    assert!(kept(&bench).is_on);
    bench.click("New token");
    bench.wait("another token", |bench| has(bench, "the-new-token"));
    tick(&mut bench, "Encrypted (https)");
    bench.wait("it is shared plainly", |bench| has(bench, "http://192.168.1.7:7860"));
    assert!(!has(&bench, "Fingerprint"));
    tick(&mut bench, "Let others find it");
    bench.wait("what was not done is said", |bench| has(bench, "others cannot find this machine"));
    tick(&mut bench, "Let others draw with it");
    bench.wait("it is not shared any more", |bench| !has(bench, "192.168.1.7"));
    assert_eq!(kept(&bench), Sharing { is_on: false, is_encrypted: false, is_announced: true });
}

#[test]
fn how_it_would_be_shared_is_chosen_before_anybody_gets_in() {
    let mut bench = opened();
    tick(&mut bench, "Encrypted (https)");
    bench.settle();
    assert!(!has(&bench, "192.168.1.7"), "a choice is no switch");
    assert!(!kept(&bench).is_encrypted && !kept(&bench).is_on);
}

#[test]
fn the_address_and_the_token_are_copied() {
    let mut bench = opened();
    tick(&mut bench, "Let others draw with it");
    bench.wait("it is shared", |bench| has(bench, "https://192.168.1.7:7860"));
    for (button, copied) in
        [("Copy the address", "https://192.168.1.7:7860"), ("Copy the token", "0a1b2c-3d4e5f-607182-93a4b5")]
    {
        bench.window.get_by_label(button).click();
        let is_copied = |command: &egui::OutputCommand| *command == egui::OutputCommand::CopyText(copied.into());
        let found = (0..4).any(|_| {
            bench.window.step();
            bench.window.output().platform_output.commands.iter().any(is_copied)
        });
        assert!(found, "{button} copies {copied}");
    }
}

#[test]
fn what_was_shared_is_shared_again_at_the_next_start() {
    let mut bench = opened();
    tick(&mut bench, "Let others draw with it");
    bench.wait("it is shared", |bench| has(bench, "https://192.168.1.7:7860"));
    let home = bench.close();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.wait("it is shared again", |bench| has(bench, "· shared"));
}

#[test]
fn machines_on_this_network_are_looked_for_when_asked_and_one_is_chosen() {
    let mut bench = Bench::new(FakeScript::default());
    bench.window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Comma);
    bench.frames(3);
    bench.with(|studio| studio.state.settings.search = "another machine".into());
    bench.frames(3);
    assert!(!has(&bench, "192.168.1.5"));
    bench.click("Look on this network");
    bench.wait("the desk is found", |bench| has(bench, "desk · https://192.168.1.5:7860"));
    bench.click("desk · https://192.168.1.5:7860");
    bench.frames(2);
    assert_eq!(bench.studio(|studio| studio.state.settings.machine.address.clone()), "https://192.168.1.5:7860");
}
