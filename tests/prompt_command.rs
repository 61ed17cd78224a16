//! Prompts on the command line: what is reported of them, what is written with the picture, and files named on either way.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use inkwick::store::pictures::metadata::parameters;
use inkwick::store::pictures::picture_file;
use serde_json::Value;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

/// What a run gave: the pixels of its pictures, its notices, the seeds.
struct Drawn {
    pictures: Vec<Vec<u8>>,
    notices: Vec<String>,
    seeds: Vec<u64>,
}

/// Draws with the smallest model.
fn draw(home: &Path, arguments: &[&str]) -> Result<Drawn, String> {
    let model = data("sd1/model");
    let usual =
        ["--json", "--steps", "2", "--width", "32", "--height", "32", "--scheduler", "euler", "--out", "out.png"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.arg("generate").arg("--model").arg(model).args(usual).args(arguments);
    let output = command.current_dir(home).env("INKWICK_HOME", home.join("home")).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    let pixels = |event: &&Value| {
        let picture = picture_file::read(&home.join(event["file"].as_str().unwrap())).unwrap();
        picture.rgba().to_vec()
    };
    Ok(Drawn {
        pictures: of("finished").iter().map(pixels).collect(),
        notices: of("notice").iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect(),
        seeds: of("finished").iter().map(|event| event["seed"].as_u64().unwrap()).collect(),
    })
}

fn put(home: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = home.join("home/models").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_seed_of_minus_one_is_another_each_time() {
    let home = tempfile::tempdir().unwrap();
    let seed = |text: &str| draw(home.path(), &["--prompt", "x", "--seed", text]).map(|drawn| drawn.seeds[0]);
    let (one, other) = (seed("-1").unwrap(), seed("-1").unwrap());
    assert!(one != other && u32::try_from(one).is_ok(), "{one} {other}");
    assert_eq!(seed("7").unwrap(), 7);
    for wrong in ["-2", "x", "1.5"] {
        assert!(seed(wrong).unwrap_err().contains("or -1"), "{wrong}");
    }
}

// Names with colons, which Windows does not allow.
#[cfg(unix)]
#[test]
fn a_tag_and_the_option_name_the_same_and_add_up() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    put(home, "loras/sub/ink.safetensors", fs::read(data("lora/sd1-kohya.safetensors")).unwrap());
    put(home, "loras/style:v2.safetensors", fs::read(data("lora/sd1-kohya.safetensors")).unwrap());
    let picture = |prompt: &str, options: &[&str]| {
        let drawn = draw(home, &[&["--prompt", prompt, "--seed", "5"], options].concat()).unwrap();
        assert_eq!(drawn.notices, Vec::<String>::new(), "{prompt}");
        drawn.pictures[0].clone()
    };
    let half = picture("x", &["--lora", "ink:0.5"]);
    assert!(half != picture("x", &[]) && half != picture("x", &["--lora", "ink"]));
    for (prompt, options) in [
        ("x<lora:ink:0.5>", &[][..]),
        ("x<lora:sub\\ink:0.5>", &[]),
        ("x<lyco:sub/ink.safetensors:te=0.5>", &[]),
        ("x<lora:style:v2:0.5>", &[]),
        ("x", &["--lora", "style:v2.safetensors:0.5"]),
        ("x", &["--lora", "sub/ink:0.5:0.5"]),
    ] {
        assert!(picture(prompt, options) == half, "{prompt} {options:?}");
    }
    let quarters = picture("x<lora:ink:0.25><lora:ink:0.25>", &[]);
    assert!(quarters == picture("x<lora:ink:0.25>", &["--lora", "ink:0.25"]));
    assert!(quarters == picture("x", &["--lora", "ink:0.25", "--lora", "ink:0.25"]));
    let apart = picture("x<lora:ink:0:1>", &[]);
    assert!(apart == picture("x", &["--lora", "ink:0:1"]) && apart != picture("x<lora:ink:1:0>", &[]));
}

#[test]
fn what_is_read_otherwise_is_reported_once_and_the_picture_comes() {
    let home = tempfile::tempdir().unwrap();
    put(home.path(), "loras/ink.safetensors", fs::read(data("lora/sd1-kohya.safetensors")).unwrap());
    for (prompt, negative, said) in [
        ("x<lora:ink:0,5>", "", "“0,5” is no number, so 0.5 was taken"),
        ("x<hypernet:a:1>", "", "<hypernet:…> is not known"),
        ("x __nowhere__", "", "no wildcard file nowhere"),
        ("[a:b:0,5]", "", "[a:b:0,5] is read as words"),
        ("(a:1,2)", "", "1,2 is no number"),
        ("x", "y<lora:ink:1>", "tags in the negative prompt"),
        ("x", "y AND z", "AND parts the prompt only"),
        ("{x __nowhere__|y __nowhere__}", "", "no wildcard file nowhere"),
    ] {
        let drawn = draw(home.path(), &["--prompt", prompt, "--negative", negative, "--count", "2"]).unwrap();
        assert_eq!((drawn.pictures.len(), drawn.notices.len()), (2, 1), "{prompt}: {:?}", drawn.notices);
        assert!(drawn.notices[0].contains(said), "{prompt}: {:?}", drawn.notices);
    }
}

#[test]
fn a_picture_says_what_was_written_and_what_it_came_to() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    put(home, "wildcards/deep/colour.txt", "# two colours\nred\n{dark|light} blue\n");
    let prompt = "a __deep/colour__ apple [on|in] snow AND {night|day} :0.5";
    let drawn = draw(home, &["--prompt", prompt, "--negative", "__colour__", "--seed", "4", "--count", "3"]).unwrap();
    let mut seen = Vec::new();
    for file in ["out.png", "out-2.png", "out-3.png"] {
        let request = picture_file::read_request(&home.join(file)).unwrap().unwrap();
        assert_eq!((request.prompt.as_str(), request.negative.as_deref()), (prompt, Some("__colour__")));
        let read = parameters::request_of_parameters(&parameters::parameters_of(&request)).unwrap();
        assert_eq!((read.prompt.as_str(), read.negative), (&*request.settled_prompt(), request.drawn_negative.clone()));
        assert!(!read.prompt.contains(['_', '{']) && read.prompt.contains("[on|in]"), "{}", read.prompt);
        seen.push(read.prompt);
    }
    assert_eq!(drawn.notices, Vec::<String>::new());
    assert!(seen.iter().any(|prompt| *prompt != seen[0]), "{seen:?}");
    // The same words, written out, are the same picture.
    let first = picture_file::read_request(&home.join("out.png")).unwrap().unwrap();
    let (prompt, negative) = (first.settled_prompt(), first.settled_negative().unwrap());
    let again = draw(home, &["--prompt", &prompt, "--negative", &negative, "--seed", "4"]).unwrap();
    assert!(again.pictures[0] == drawn.pictures[0]);
}
