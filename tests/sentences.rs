//! Sentences that may be shown in the window speak of no command line: each front says in its own words what helps.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn no_sentence_outside_the_command_line_names_its_flags_or_commands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.starts_with(root.join("cli"))) {
        let text = fs::read_to_string(file).unwrap();
        // Tests stand at the end of a file.
        let text = text.split("#[cfg(test)]").next().unwrap();
        for literal in literals(text).filter(|literal| speaks_of_the_command_line(literal)) {
            found.push(format!("{}: {literal}", file.strip_prefix(&root).unwrap().display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_search_sees_what_it_looks_for() {
    let source = r#"
        // "a comment with --flag"
        let letter = '"'; let name = "models--x--y";
        #[error("give it with --init or \"open\" one")]
        f("quiet", "look at it with `inkwick doctor`");
    "#;
    let found: Vec<_> = literals(source).filter(|literal| speaks_of_the_command_line(literal)).collect();
    assert_eq!(found, [r#"give it with --init or \"open\" one"#, "look at it with `inkwick doctor`"]);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn speaks_of_the_command_line(literal: &str) -> bool {
    let names_flag = literal.match_indices("--").any(|(at, _)| {
        let before = literal[..at].chars().next_back();
        let after = literal[at + 2..].chars().next();
        before.is_none_or(|letter| " (`“".contains(letter)) && after.is_some_and(|letter| letter.is_ascii_lowercase())
    });
    let commands = ["generate", "models", "doctor"];
    names_flag || commands.iter().any(|command| literal.contains(&format!("inkwick {command}")))
}

/// The string literals of Rust code.
fn literals(source: &str) -> impl Iterator<Item = &str> {
    let mut rest = source;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find(['"', '\'', '/'])?;
            let found = &rest[at..];
            if let Some(text) = found.strip_prefix('"') {
                let mut escaped = false;
                let end = text.find(|letter| {
                    let is_end = letter == '"' && !escaped;
                    escaped = letter == '\\' && !escaped;
                    is_end
                })?;
                rest = &text[end + 1..];
                return Some(&text[..end]);
            }
            rest = if found.starts_with("//") {
                found.find('\n').map_or("", |end| &found[end..])
            } else if ["'\"'", "'/'", "'\\"].iter().any(|letter| found.starts_with(letter)) {
                &found[3..]
            } else {
                &found[1..]
            };
        }
    })
}
