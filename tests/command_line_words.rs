//! What the program tells beside its answers, and in which words: from outside.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs the program with its files under `home` and its folder as the working directory.
fn inkwick(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.args(arguments).current_dir(home).env("INKWICK_HOME", home.join("home")).output().unwrap()
}

/// One sentence that it failed with.
fn refused(home: &Path, arguments: &[&str]) -> String {
    let output = inkwick(home, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_goes_into_a_file_has_no_colours() {
    let home = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.arg("doctor").env("INKWICK_HOME", home.path()).env("INKWICK_LOG", "loud").env_remove("NO_COLOR");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("INKWICK_LOG is loud") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_broken_settings_file_stays_and_is_told_of() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("home/settings.ron");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "(theme: 5, ui_scale: 1.5)").unwrap();
    let drawn = ["generate", "--out", "out.png", "--prompt", "x", "--steps", "1", "--width", "64", "--height", "64"];
    for arguments in [&["doctor"][..], &["models", "list"], &drawn] {
        let output = inkwick(home.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let told =
            said.lines().filter(|line| line.starts_with("note: of the settings theme could not be read")).count();
        assert_eq!(told, 1, "{said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "(theme: 5, ui_scale: 1.5)");
    }
}

#[test]
fn what_is_not_there_or_not_known_is_named() {
    let home = TempDir::new().unwrap();
    let sentence = refused(home.path(), &["models", "inspect", "nofile"]);
    assert!(sentence.contains("there is no such file or folder") && sentence.contains("nofile"), "{sentence}");
    fs::write(home.path().join("a.png"), "").unwrap();
    let of = |flag, value| refused(home.path(), &["generate", "--prompt", "x", "--out", "o.png", flag, value]);
    for (flag, value) in [
        ("--control", "scribble,image=a.png,foo=1"),
        ("--reference", "image=a.png,foo=1"),
        ("--region", "a.png,foo=1,prompt=x"),
    ] {
        let sentence = of(flag, value);
        assert!(sentence.contains(&format!("{flag}: foo= is not known here")), "{sentence}");
    }
}

#[test]
fn a_fresh_variation_seed_is_told_and_gives_the_picture_again() {
    let home = TempDir::new().unwrap();
    let draw = |more: &[&str]| {
        let usual = ["generate", "--prompt", "x", "--steps", "1", "--width", "64", "--height", "64", "--seed", "7"];
        let output = inkwick(home.path(), &[&usual[..], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let told = draw(&["--out", "a.png", "--variation-strength", "0.5"]);
    let (_, seed) = told.split_once("variation seed ").expect(&told);
    let seed = seed.split(',').next().unwrap();
    let again = draw(&["--out", "b.png", "--variation-strength", "0.5", "--variation-seed", seed, "--json"]);
    let event: serde_json::Value = serde_json::from_str(again.lines().last().unwrap()).unwrap();
    assert_eq!(event["variation_seed"].as_u64().unwrap().to_string(), seed);
    let pixels = |name: &str| image::open(home.path().join(name)).unwrap().to_rgba8();
    assert_eq!(pixels("a.png"), pixels("b.png"));
    assert!(!draw(&["--out", "c.png"]).contains("variation"));
    assert_ne!(pixels("a.png"), pixels("c.png"));
}

#[test]
fn a_byte_order_mark_before_the_prompt_changes_nothing() {
    let home = TempDir::new().unwrap();
    let draw = |prompt: &str, out: &str| {
        let arguments = ["--steps", "1", "--width", "64", "--height", "64", "--seed", "7", "--out", out];
        let output = inkwick(home.path(), &[&["generate", "--prompt", prompt], &arguments[..]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        image::open(home.path().join(out)).unwrap().to_rgba8()
    };
    assert_eq!(draw("a red apple", "a.png"), draw("\u{feff}a red apple", "b.png"));
}
