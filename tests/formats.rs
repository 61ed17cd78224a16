//! `FORMATS.md` against the readers' own tables; with `UPDATE_SNAPSHOTS=1` it is written anew.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use inkwick::checkpoint::{foreign_kinds, format_tables, precisions};
use inkwick::job::FileFormat;
use inkwick::store::models::scan::CHECKPOINT_ENDINGS;
use inkwick::store::pictures::picture_formats;

const HEAD: &str = "# What Inkwick reads

Written from the program's own tables (`UPDATE_SNAPSHOTS=1 cargo test --release --test formats`). A file is told by its
contents; its ending only helps to find it. `inkwick models inspect FILE` says what a file is and what of it has its place.

";

fn table(text: &mut String, title: &str, rows: &[FileFormat]) {
    writeln!(text, "## {title}\n").unwrap();
    let has_endings = rows.iter().any(|row| !row.endings.is_empty());
    text.push_str(if has_endings {
        "| format | endings | what of it |\n| --- | --- | --- |\n"
    } else {
        "| form | what of it |\n| --- | --- |\n"
    });
    for row in rows {
        let endings = row.endings.iter().map(|ending| format!("`.{ending}`")).collect::<Vec<_>>().join(", ");
        let endings = if has_endings { format!(" {endings} |") } else { String::new() };
        writeln!(text, "| {} |{endings} {} |", row.name, row.note).unwrap();
    }
    text.push('\n');
}

fn written() -> String {
    let mut text = HEAD.to_owned();
    for (title, rows) in format_tables() {
        table(&mut text, title, rows);
        if title == "Weights" {
            writeln!(
                text,
                "Numbers may be {}. A tensor of another kind is listed, and refused by its name once it is needed.\n",
                precisions().join(", ")
            )
            .unwrap();
        }
    }
    table(&mut text, "Pictures", &picture_formats::FORMATS);
    writeln!(
        text,
        "## What is called by its name instead\n\nWhere weights were wanted: a Git LFS pointer, a page of a web site, an answer of a server, a TorchScript archive, a whole model that was pickled with its code, a zip of other things, an ONNX model, a model of TensorFlow, {}.",
        foreign_kinds().join(", ")
    )
    .unwrap();
    text
}

#[test]
fn the_document_says_what_the_readers_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMATS.md");
    let wanted = written();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(found == wanted, "FORMATS.md lags behind: write it anew with UPDATE_SNAPSHOTS=1");
}

#[test]
fn every_ending_that_is_looked_for_is_in_the_table() {
    let endings: Vec<&str> = format_tables()[0].1.iter().flat_map(|row| row.endings).copied().collect();
    assert!(CHECKPOINT_ENDINGS.iter().all(|ending| endings.contains(ending)), "{endings:?}");
    // PyTorch's .bin files in folders are parts of models, and no models to be listed.
    assert!(endings.iter().all(|ending| *ending == "bin" || CHECKPOINT_ENDINGS.contains(ending)), "{endings:?}");
}
