//! Wildcard files: `__animal__` in a prompt is a line of `animal.txt`, `__sea/fish__` of `sea/fish.txt`, `__sea/*__` of
//! any file below `sea`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::prompt::{Wildcards, wildcard_names};
use crate::store::models::scan::{files_in, is_root};
use crate::store::paths::Paths;

/// Where other programs and their extensions keep theirs.
const ELSEWHERE: [&str; 5] = [
    "wildcards",
    "models/wildcards",
    "extensions/sd-dynamic-prompts/wildcards",
    "extensions/stable-diffusion-webui-wildcards/wildcards",
    "custom_nodes/comfyui-dynamicprompts/wildcards",
];

/// A file is read as far as this.
const MOST_BYTES: u64 = 16 << 20;
/// More than any prompt names.
const MOST_LISTS: usize = 1000;

/// Inkwick's own folder of them.
#[must_use]
pub(crate) fn own_folder(paths: &Paths) -> PathBuf {
    paths.models_folder.join("wildcards")
}

/// The lists that the texts name, and those that their lines name. What names no file is not among them.
#[must_use]
pub(crate) fn lists(texts: &[&str], paths: &Paths) -> Wildcards {
    let mut wanted: Vec<String> = texts.iter().flat_map(|text| wildcard_names(text)).collect();
    let mut found = Wildcards::new();
    if wanted.is_empty() {
        return found;
    }
    let files = files(paths);
    while let Some(name) = wanted.pop() {
        if found.contains_key(&name) || found.len() == MOST_LISTS {
            continue;
        }
        let lines: Vec<String> = files_called(&name, &files).into_iter().flat_map(lines_of).collect();
        wanted.extend(lines.iter().flat_map(|line| wildcard_names(line)));
        if !lines.is_empty() {
            found.insert(name, lines);
        }
    }
    found
}

/// What stands between the underscores for each file.
#[must_use]
pub(crate) fn names(paths: &Paths) -> Vec<String> {
    files(paths).into_keys().collect()
}

/// All wildcard files by their names: below their folder, in lower case, without the ending. Inkwick's own come before
/// others of the same name.
fn files(paths: &Paths) -> BTreeMap<String, PathBuf> {
    let others = paths.other_folders.iter().filter(|folder| is_root(folder));
    let others = others.flat_map(|folder| ELSEWHERE.map(|name| folder.join(name)));
    let mut found = BTreeMap::new();
    for folder in std::iter::once(own_folder(paths)).chain(others) {
        for file in files_in(&folder, &["txt"]) {
            let below = file.strip_prefix(&folder).unwrap_or(&file).with_extension("");
            let name = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
            found.entry(name.to_lowercase()).or_insert(file);
        }
    }
    found
}

fn files_called<'a>(name: &str, files: &'a BTreeMap<String, PathBuf>) -> Vec<&'a Path> {
    let name = name.replace('\\', "/").to_lowercase();
    let name = name.strip_suffix(".txt").unwrap_or(&name);
    let called = |wanted: &str| -> Vec<&Path> {
        files.iter().filter(|(known, _)| matches(known, wanted)).map(|(_, file)| file.as_path()).collect()
    };
    let found = called(name);
    // A file further down may be meant, where its name is enough.
    if found.is_empty() { called(&format!("*/{name}")).into_iter().take(1).collect() } else { found }
}

/// `*` stands for any characters, `?` for one.
fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut wanted) = (0, 0);
    // Where the last star stands, and how much of the text it takes.
    let mut star = None;
    while at < text.len() {
        match pattern.get(wanted) {
            Some('*') => {
                star = Some((wanted, at));
                wanted += 1;
            }
            Some(sign) if *sign == '?' || *sign == text[at] => {
                at += 1;
                wanted += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                (at, wanted) = (taken + 1, place + 1);
            }
        }
    }
    pattern[wanted..].iter().all(|sign| *sign == '*')
}

/// Empty lines and comments left out.
fn lines_of(file: &Path) -> Vec<String> {
    let mut bytes = Vec::new();
    let Ok(_) = File::open(file).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes)) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.trim_start_matches('\u{FEFF}').lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: PathBuf, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn files_are_found_by_name_folder_and_star() {
        let home = tempfile::tempdir().unwrap();
        let webui = home.path().join("webui");
        let paths = Paths { other_folders: vec![webui.clone()], ..Paths::under(home.path()) };
        let own = own_folder(&paths);
        write(own.join("animal.txt"), "\u{FEFF}cat\r\n\n# a comment\n  __sea/*__  \n");
        write(own.join("sea/fish.txt"), "eel");
        write(own.join("sea/deep/squid.txt"), "squid");
        write(own.join("readme.md"), "no list");
        write(webui.join("extensions/sd-dynamic-prompts/wildcards/Animal.txt"), "of the other program");
        write(webui.join("wildcards/colour.txt"), "red");
        let found = lists(&["an __animal__, __Colour__", "__squid__ __sea\\fish.txt__ __none__ __se?/fish__"], &paths);
        let lines = |name: &str| found.get(name).map(|lines| lines.join(","));
        assert_eq!(lines("animal").unwrap(), "cat,__sea/*__");
        assert_eq!(lines("sea/*").unwrap(), "squid,eel");
        assert_eq!(lines("Colour").unwrap(), "red");
        assert_eq!(lines("squid").unwrap(), "squid");
        assert_eq!((lines("sea\\fish.txt").unwrap(), lines("se?/fish").unwrap()), ("eel".into(), "eel".into()));
        assert_eq!(lines("none"), None);
    }
}
