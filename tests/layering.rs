//! The rules of the house: which part of the program may know which.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod imports;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use imports::{Imports, Token, circles, described, texts, tokens};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder of the project by its place in it, with `/` on every system.
fn sources(folder: &str) -> BTreeMap<String, String> {
    fn gather(folder: &Path, under: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, under, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let place = path.strip_prefix(under).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(place, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    let under = root().join(folder);
    gather(&under, &under, &mut found);
    found
}

/// The first folder, or the file that stands beside the folders.
fn top_folder(place: &str) -> &str {
    place.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Test code included: it may know no more than what it tests.
fn mentions(code: &[Token], name: &str) -> bool {
    let path: Vec<&str> = name.split("::").flat_map(|segment| ["::", segment]).skip(1).collect();
    (0..code.len()).any(|at| texts(code, at, &path))
}

const WINDOW: &[&str] = &["egui", "eframe", "egui_extras", "rfd"];
const TENSORS: &[&str] = &["candle_core", "candle_nn", "candle_flash_attn", "candle_transformers"];

/// What a folder must not know: crates, and other folders as `crate::folder`.
fn forbidden(folder: &str) -> Vec<&'static str> {
    match folder {
        "job" | "prompt" | "mask" | "raster" | "canvas" | "sampling" | "store" | "hub" => [WINDOW, TENSORS].concat(),
        "ui" => [TENSORS, &["crate::checkpoint", "crate::model", "crate::pipeline"]].concat(),
        "pipeline" => [WINDOW, &["crate::engine", "std::thread"]].concat(),
        "engine" => [WINDOW, &["crate::store", "crate::ui"]].concat(),
        "service" => [WINDOW, TENSORS, &["crate::model", "crate::pipeline", "crate::checkpoint"]].concat(),
        "checkpoint" => [WINDOW, &["crate::model", "crate::engine", "crate::pipeline", "crate::store"]].concat(),
        "model" | "kernels" => [WINDOW, &["crate::engine", "crate::pipeline", "crate::store"]].concat(),
        _ => WINDOW.to_vec(),
    }
}

#[test]
fn no_part_knows_what_it_must_not() {
    let mut broken = Vec::new();
    let files = sources("src");
    for (place, text) in &files {
        let code = tokens(text);
        let known = forbidden(top_folder(place)).into_iter().filter(|name| mentions(&code, name));
        broken.extend(known.map(|name| format!("{place} knows {name}")));
    }
    for (from, targets) in Imports::of(&files).between_folders() {
        for name in forbidden(&from[0]) {
            let known = name.strip_prefix("crate::").and_then(|folder| targets.get(&[folder.to_owned()][..]));
            broken.extend(known.map(|reason| format!("{} knows {name} by {reason}", from[0])));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// From the bottom up, as in ARCHITECTURE.md: a folder names only those before it.
const ORDER: &[&str] = &[
    "kernels",
    "sampling",
    "prompt",
    "mask",
    "raster",
    "system",
    "job",
    "canvas",
    "checkpoint",
    "model",
    "pipeline",
    "engine",
    "store",
    "hub",
    "service",
    "manual",
    "ui",
    "cli",
];

#[test]
fn the_folders_form_a_line() {
    let files = sources("src");
    let place = |folder: &str| ORDER.iter().position(|name| *name == folder);
    let missing: Vec<_> = files.keys().filter(|file| file.contains('/') && place(top_folder(file)).is_none()).collect();
    assert!(missing.is_empty(), "folders without a place in the line: {missing:?}");
    let mut broken = Vec::new();
    for (from, targets) in Imports::of(&files).between_folders() {
        let upwards = targets.iter().filter(|(to, _)| place(&to[0]) >= place(&from[0]));
        broken.extend(upwards.map(|(to, reason)| format!("{} names {} ({reason})", from[0], to[0])));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn nothing_names_each_other_in_a_circle() {
    let imports = Imports::of(&sources("src"));
    assert_eq!(imports.globs_of_modules(), [""; 0], "a circle through these could not be seen");
    for graph in [imports.between_files(), imports.between_folders()] {
        assert!(graph.len() > 5, "the graph is too small to be this program's");
        let found: Vec<_> = circles(&graph).iter().map(|circle| described(&graph, circle)).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// Folders under `src` where `unsafe` may stand.
const UNSAFE_FOLDERS: &[&str] = &["kernels/", "model/operators/cuda/", "system/finder/"];

#[test]
fn unsafe_code_stays_where_it_is_explained() {
    let mut broken = Vec::new();
    for (place, text) in sources("src") {
        if !UNSAFE_FOLDERS.iter().any(|folder| place.starts_with(folder)) {
            let code = tokens(&text);
            let found = code.iter().filter(|token| token.text == "unsafe");
            broken.extend(
                found.map(|token| format!("{place} line {}: unsafe code outside {UNSAFE_FOLDERS:?}", token.line)),
            );
        }
        let unexplained = unexplained(&text);
        broken.extend(
            unexplained.iter().map(|line| format!("{place} line {line}: no `// SAFETY:` above or first inside")),
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Lines of unsafe blocks and implementations without a reason: `// SAFETY:` in the comment above, in the line, or first
/// inside; or `// SAFETY of every block` above the item around them. A function or trait that is unsafe passes the duty on.
fn unexplained(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_comment = |line: &&&str| line.starts_with("//");
    let is_above = |line: &&&str| is_comment(line) || line.starts_with("#[");
    let above = |line: usize| lines[..line - 1].iter().rev().take_while(is_above);
    let inside = |line: usize| lines[line..].iter().take_while(is_comment);
    let says = |line: &&str| line.contains("// SAFETY:");
    let says_of_all = |line: &&str| line.starts_with("// SAFETY of every block");

    let code = tokens(text);
    let mut around = Vec::new();
    let mut found = Vec::new();
    for (at, Token { text, line }) in code.iter().enumerate() {
        match *text {
            "{" => around.push(*line),
            "}" => drop(around.pop()),
            "unsafe" if texts(&code, at + 1, &["{"]) || texts(&code, at + 1, &["impl"]) => {
                let has_own = says(&lines[line - 1]) || above(*line).any(says) || inside(*line).any(says);
                if !has_own && !around.iter().any(|outer| above(*outer).any(says_of_all)) {
                    found.push(*line);
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn an_unsafe_block_without_a_reason_is_found() {
    let bare = "fn f() {\n    unsafe { g() }\n}";
    assert_eq!(unexplained(bare), [2]);
    assert_eq!(unexplained(&bare.replace("    unsafe", "    // SAFETY: checked.\n    unsafe")), [0; 0]);
    assert_eq!(unexplained(&bare.replace("g()", "\n// SAFETY: checked.\ng()")), [0; 0]);
    assert_eq!(unexplained(&format!("// SAFETY: of the function's own.\n{bare}")), [3]);
    assert_eq!(unexplained(&format!("// SAFETY of every block: checked.\n{bare}\n{bare}")), [6]);
    assert_eq!(unexplained("unsafe fn f() {}\nunsafe impl Sync for S {}"), [2]);
}

#[test]
fn a_devices_operators_are_called_in_one_folder() {
    for (place, text) in sources("src").iter().filter(|(place, _)| !place.starts_with("model/operators")) {
        let code = tokens(text);
        assert!(!mentions(&code, "candle_nn") && !mentions(&code, "candle_flash_attn"), "{place}");
        // Whoever moves a tensor to a device goes past the names there.
        let moves = (0..code.len()).any(|at| texts(&code, at, &[".", "to_device", "("]));
        assert!(!moves, "{place} moves a tensor");
    }
}

#[test]
fn a_panic_can_be_survived() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("panic = \"abort\""), "the engine turns a panic into Event::Failed");
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut broken = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for (place, text) in sources(folder) {
            let lines = text.lines().count();
            if lines >= 400 {
                broken.push(format!("{folder}/{place} has {lines} lines"));
            }
            let says = text.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default();
            if says.trim().is_empty() {
                broken.push(format!("{folder}/{place} does not begin with `//!` and what it is for"));
            }
            let depth = place.matches('/').count();
            if folder == "src" && depth > 3 {
                broken.push(format!("src/{place} is {depth} folders deep"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_documents_name_what_there_is() {
    let documents = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md"];
    let folders = [".ci/", ".github/", "assets/", "benches/", "fuzz/", "packaging/", "src/", "tests/"];
    let mut gone = Vec::new();
    for document in documents {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let words = text.split(|letter: char| letter.is_whitespace() || "`()[],;:".contains(letter));
        let places = words.filter(|word| folders.iter().any(|folder| word.starts_with(folder)));
        // `src/sampling/NAME.rs` stands for any, `src/*/*.rs` for many.
        let real = places.filter(|place| !place.contains("NAME") && !place.contains('*'));
        let missing = real.filter(|place| !root().join(place.trim_end_matches('.')).exists());
        gone.extend(missing.map(|place| format!("{document} names {place}")));
    }
    assert!(gone.is_empty(), "{}", gone.join("\n"));
}
