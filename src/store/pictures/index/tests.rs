//! What is found, what is read again, and what damage does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::*;
use crate::job::{LoraRef, ModelRef, Request};
use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};
use crate::store::pictures::labels::{LabelChange, LabelKind};
use crate::store::pictures::picture_key::key_of;
use crate::store::pictures::programs::{NamedLora, PictureSettings};

fn picture(path: &str, second: u64) -> GalleryPicture {
    GalleryPicture { path: path.into(), modified: SystemTime::UNIX_EPOCH + Duration::from_secs(second), seed: Some(3) }
}

fn day(date: &str, pictures: Vec<GalleryPicture>) -> GalleryDay {
    GalleryDay { date: date.into(), title: date.into(), pictures }
}

fn days() -> Vec<GalleryDay> {
    let today = vec![picture("/p/2026-11-29/00002-7.png", 20), picture("/p/2026-11-29/00001-3.png", 10)];
    vec![day("2026-11-29", today), day("2026-10-02", vec![picture("/p/2026-10-02/holiday.png", 5)])]
}

fn settings(path: &Path) -> Option<PictureSettings> {
    let prompt = match path.file_stem()?.to_str()? {
        "00002-7" => "a red fox, Café at night",
        "00001-3" => "a blue dog: \"good boy\"",
        _ => return None,
    };
    let seed = if prompt.contains("fox") { u64::MAX } else { 3 };
    let request = Request {
        prompt: prompt.into(),
        negative: Some("blurred snow".into()),
        seed,
        model: ModelRef::File("/m/dream-shaper.safetensors".into()),
        loras: vec![LoraRef { file: "/l/ink.safetensors".into(), weight: 1.0, text_weight: None }],
        width: Some(512),
        height: Some(768),
        made_from: prompt.contains("dog").then(|| "2026-11-28/00009-1.png".to_owned()),
        ..Request::default()
    };
    Some(PictureSettings { request, is_exact: true, ..PictureSettings::default() })
}

fn filled(file: &Path) -> Index {
    let mut index = Index::open(file).unwrap();
    assert!(index.refresh(&days(), &settings, &mut |_| true).unwrap());
    index
}

fn found(index: &Index, text: &str) -> Vec<String> {
    found_among(index, text, &Labels::default())
}

fn found_among(index: &Index, text: &str, labels: &Labels) -> Vec<String> {
    let found = index.search(text, labels).unwrap().unwrap_or_else(|| panic!("{text} says nothing"));
    let days = days();
    let all = days.iter().flat_map(|day| &day.pictures).filter(|picture| found.contains(key_of(&picture.path)));
    let mut names: Vec<String> =
        all.map(|picture| picture.path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn count(index: &Index, text: &str) -> usize {
    index.search(text, &Labels::default()).unwrap().unwrap().len()
}

#[test]
fn pictures_are_found_by_what_made_them() {
    let home = tempfile::tempdir().unwrap();
    let index = filled(&home.path().join("cache/gallery.sqlite"));
    let both = ["00001-3", "00002-7"];
    for (text, wanted) in [
        ("fox", &both[1..]),
        ("FO", &both[1..]),
        ("cafe", &both[1..]),
        ("red night", &both[1..]),
        ("\"fox red\"", &[]),
        ("\"red fox\"", &both[1..]),
        ("\"good boy", &both[..1]),
        ("snow", &[]),
        ("negative:snow", &both),
        ("dream", &both),
        ("model:shaper lora:ink", &both),
        ("-fox", &["00001-3", "holiday"]),
        ("prompt:a -dog", &both[1..]),
        ("seed:18446744073709551615", &both[1..]),
        ("size:512x768", &both),
        ("-size:512x768", &["holiday"]),
        ("date:2026-10", &["holiday"]),
        ("after:2026-11-29", &both),
        ("before:2026-11", &["holiday"]),
        ("-after:2026-11-01 -fox", &["holiday"]),
        ("steps:20 date:2026", &both),
        ("holi", &["holiday"]),
        ("'; DROP TABLE pictures; --", &[]),
        ("fox OR dog", &[]),
        ("NEAR(fox dog)", &[]),
    ] {
        assert_eq!(found(&index, text), wanted, "{text}");
    }
    assert!(index.search(" \"\" ", &Labels::default()).unwrap().is_none());
}

#[test]
fn labels_are_searched_like_words_and_live_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    let index = filled(&home.path().join("gallery.sqlite"));
    let mut labels = Labels::default();
    for (kind, name, file) in [
        (LabelKind::Tag, "summer", "/p/2026-10-02/holiday.png"),
        (LabelKind::Tag, "red things", "/p/2026-11-29/00002-7.png"),
        (LabelKind::Collection, "cover", "/p/2026-11-29/00001-3.png"),
    ] {
        labels.change(&LabelChange { kind, name: name.into(), files: vec![file.into()], gives: true });
    }
    for (text, wanted) in [
        ("tag:summer", &["holiday"][..]),
        ("tag:sum", &["holiday"]),
        ("tag:\"red things\"", &["00002-7"]),
        ("tag:nothing", &[]),
        ("collection:cover dog", &["00001-3"]),
        ("collection:cover fox", &[]),
        ("-tag:summer", &["00001-3", "00002-7"]),
        ("-collection:cover -tag:summer", &["00002-7"]),
        // A word of a prompt, of a tag, or of both.
        ("summer", &["holiday"]),
        ("red", &["00002-7"]),
        ("-summer", &["00001-3", "00002-7"]),
        ("things night", &["00002-7"]),
        ("cover", &["00001-3"]),
    ] {
        assert_eq!(found_among(&index, text, &labels), wanted, "{text}");
    }
    assert!(index.search("tag:", &labels).unwrap().is_none(), "still being typed");
}

#[test]
fn a_picture_knows_what_came_of_it() {
    let home = tempfile::tempdir().unwrap();
    let index = filled(&home.path().join("gallery.sqlite"));
    let wanted = vec![PathBuf::from("/p/2026-11-29/00001-3.png")];
    assert_eq!(index.made_from("2026-11-28/00009-1.png").unwrap(), wanted);
    assert!(index.made_from("2026-11-29/00001-3.png").unwrap().is_empty());
    let facets = index.facets().unwrap();
    assert_eq!((facets.models, facets.sizes), (vec!["dream-shaper".to_owned()], vec!["512x768".to_owned()]));
}

#[test]
fn other_programs_names_of_models_and_loras_are_found() {
    let home = tempfile::tempdir().unwrap();
    let mut index = Index::open(&home.path().join("gallery.sqlite")).unwrap();
    let theirs = |_: &Path| {
        let loras = vec![NamedLora { name: "styles/ink wash.safetensors".into(), weight: 1.0 }];
        Some(PictureSettings { model: Some("SD/toon.ckpt".into()), loras, ..PictureSettings::default() })
    };
    index.refresh(&days(), &theirs, &mut |_| true).unwrap();
    assert_eq!([count(&index, "model:toon"), count(&index, "lora:wash"), count(&index, "model:built")], [3, 3, 0]);
}

#[test]
fn only_what_is_new_is_read_again_and_what_is_gone_is_forgotten() {
    let home = tempfile::tempdir().unwrap();
    let mut index = filled(&home.path().join("gallery.sqlite"));
    let reads = AtomicUsize::new(0);
    let counted = |path: &Path| {
        reads.fetch_add(1, Ordering::Relaxed);
        settings(path)
    };
    assert!(!index.refresh(&days(), &counted, &mut |_| true).unwrap());
    assert_eq!(reads.load(Ordering::Relaxed), 0);
    let mut later = days();
    later[0].pictures[0].modified += Duration::from_nanos(1);
    later[0].pictures.remove(1);
    assert!(index.refresh(&later, &counted, &mut |_| true).unwrap());
    assert_eq!(reads.load(Ordering::Relaxed), 1);
    assert_eq!((found(&index, "fox"), found(&index, "dog")), (vec!["00002-7".to_owned()], Vec::new()));
}

#[test]
fn a_refresh_that_is_stopped_goes_on_where_it_was() {
    let home = tempfile::tempdir().unwrap();
    let mut index = Index::open(&home.path().join("gallery.sqlite")).unwrap();
    let many = (0..1000).map(|number| picture(&format!("/p/{number:05}-1.png"), number)).collect();
    let days = [day("2026-01-01", many)];
    index.refresh(&days, &|_| None, &mut |done| done < 512).unwrap();
    assert_eq!(count(&index, "date:2026"), 512);
    index.refresh(&days, &|_| None, &mut |_| true).unwrap();
    assert_eq!(count(&index, "date:2026"), 1000);
}

#[test]
fn what_is_no_index_or_damaged_is_begun_anew() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("gallery.sqlite");
    std::fs::write(&file, b"this is no database, and it is long enough to be looked at as one".repeat(40)).unwrap();
    assert_eq!(found(&filled(&file), "fox").len(), 1);

    // Damaged while it is open: pages in the middle are overwritten.
    let mut index = filled_again(&file);
    index.database.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let length = bytes.len();
    bytes[4096..length].fill(0xA5);
    drop(index);
    std::fs::write(&file, bytes).unwrap();
    index = Index::open(&file).unwrap();
    let outcome =
        index.refresh(&days(), &settings, &mut |_| true).and_then(|_| index.search("fox", &Labels::default()));
    if let Err(error) = outcome {
        assert!(index.mend(&error), "{error}");
        index.refresh(&days(), &settings, &mut |_| true).unwrap();
    }
    assert_eq!(found(&index, "fox").len(), 1);
}

#[test]
fn where_none_can_be_kept_it_lives_in_memory() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("a-file"), "").unwrap();
    let file = home.path().join("a-file/gallery.sqlite");
    assert_eq!(found(&filled(&file), "fox").len(), 1);
}

#[test]
fn two_programs_may_write_and_read_at_once() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("gallery.sqlite");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(found(&filled_again(&file), "fox").len(), 1);
                }
            });
        }
    });
    let mut names = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.all(|name| PathBuf::from(name).to_string_lossy().starts_with("gallery.sqlite")));
}

/// As [`filled`], where another may have filled it before.
fn filled_again(file: &Path) -> Index {
    let mut index = Index::open(file).unwrap();
    index.refresh(&days(), &settings, &mut |_| true).unwrap();
    index
}
