//! The program for NVIDIA's cards beside the one that runs everywhere: who computes, and what `doctor` says of cards, driver
//! and what is missing. What the driver's tool and the other program say is played by scripts.
#![cfg(all(unix, not(feature = "cuda")))]
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn inkwick(home: &Path, program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.args(arguments).current_dir(home).env("INKWICK_HOME", home.join("home"));
    // A folder of its own comes first, with the driver's tool.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", home.display())).env("INKWICK_CUDA_PROGRAM", program);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn version() -> String {
    format!("inkwick {}", env!("CARGO_PKG_VERSION"))
}

#[test]
fn the_other_program_does_all_that_this_one_was_started_for() {
    let home = TempDir::new().unwrap();
    let body = format!(
        "[ \"$1\" = --version ] && {{ echo '{}'; exit 0; }}\nprintf '%s\\n' \"$@\"\necho to stderr >&2\nexit 7",
        version()
    );
    let program = script(home.path(), "other", &body);
    let arguments = ["generate", "--prompt", "a red  apple", "--out", "it's.png"];
    let output = inkwick(home.path(), &program.display().to_string(), &arguments);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(said(&output).lines().collect::<Vec<_>>(), arguments);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "to stderr\n");
    // What is wrong in itself is said without it.
    assert_eq!(inkwick(home.path(), &program.display().to_string(), &["generate"]).status.code(), Some(2));
}

#[test]
fn where_it_cannot_start_this_one_does_the_work_and_doctor_says_what_is_missing() {
    let home = TempDir::new().unwrap();
    let loader = "echo \"$0: error while loading shared libraries: libcublas.so.13: cannot open shared object file: \
                  No such file or directory\" >&2\nexit 127";
    let broken = script(home.path(), "broken", loader).display().to_string();
    let older = script(home.path(), "older", "echo 'inkwick 0.0.1'").display().to_string();
    let nowhere = home.path().join("nowhere").display().to_string();
    for (program, words) in [
        (&broken, "does not start (error while loading shared libraries: libcublas.so.13"),
        (&broken, "cuBLAS is missing: it comes with CUDA 13 (https://developer.nvidia.com/cuda-downloads)"),
        (&older, "is inkwick 0.0.1, and this is inkwick"),
        (&nowhere, "does not start (No such file or directory"),
        (&"off".to_owned(), "left out by INKWICK_CUDA_PROGRAM"),
    ] {
        let output = inkwick(home.path(), program, &["doctor"]);
        assert_eq!(output.status.code(), Some(0), "{program}");
        let cuda = said(&output).lines().find_map(|line| line.strip_prefix("cuda ").map(str::to_owned)).unwrap();
        assert!(cuda.contains(words), "{words} is not in: {cuda}");
    }
}

#[test]
fn doctor_lists_every_card_with_memory_capability_and_driver() {
    let home = TempDir::new().unwrap();
    let tool = "case \"$*\" in\n\
        *driver_version*) echo 580.95.05; echo 580.95.05;;\n\
        *index*) echo '0, NVIDIA H200, 9.0, 143771, 143156'; echo '1, NVIDIA GeForce RTX 2060, 7.5, 6144, 1024';;\n\
        esac";
    script(home.path(), "nvidia-smi", tool);
    let text = said(&inkwick(home.path(), "off", &["doctor"]));
    let of = |name: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.split_whitespace().next() == Some(name));
        lines.map(|line| line[name.len()..].trim().to_owned()).collect()
    };
    let wanted = [
        "cuda:0, NVIDIA H200, 150.1 of 150.8 GB free, capability 9.0",
        "cuda:1, NVIDIA GeForce RTX 2060, 1.1 of 6.4 GB free, capability 7.5",
    ];
    assert_eq!(of("card"), wanted, "{text}");
    if !Path::new("/proc/driver/nvidia/version").exists() {
        assert_eq!(of("driver"), ["NVIDIA 580.95.05"]);
    }
    // Without the tool there are none, and nothing else is missing.
    script(home.path(), "nvidia-smi", "exit 9");
    let text = said(&inkwick(home.path(), "off", &["doctor"]));
    assert!(!text.lines().any(|line| line.starts_with("card ")) && text.contains("built-in"), "{text}");
}

#[test]
fn cards_that_are_not_there_are_named_and_what_is_no_card_computes_alone() {
    let home = TempDir::new().unwrap();
    let run = |device: &str| {
        let arguments = ["generate", "--prompt", "an apple", "--out", "out.png", "--device", device];
        let output = inkwick(home.path(), "off", &arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (device, words) in [
        ("cpu,cpu", "cpu computes alone: only NVIDIA cards make several pictures at once"),
        ("cuda:0,cpu", "cpu computes alone"),
        ("cuda:1,cuda:1", "cuda:1 is named twice, and one card makes one picture at a time"),
    ] {
        let (code, text) = run(device);
        assert!(code == Some(2) && text.contains(words), "{device}: {text}");
    }
    // In this build no card can be used: one hands on, the other says why.
    let (code, text) = run("cuda:0,cuda:1");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("cannot be used: ") && text.lines().last().unwrap().starts_with("inkwick: "), "{text}");
    assert!(!home.path().join("out.png").exists());
}
