//! What is found, what is read again, and what damage does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::*;
use crate::job::{LoraRef, ModelRef, Request};
use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};

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

fn settings(path: &Path) -> Option<Request> {
    let prompt = match path.file_stem()?.to_str()? {
        "00002-7" => "a red fox, Café at night",
        "00001-3" => "a blue dog: \"good boy\"",
        _ => return None,
    };
    let seed = if prompt.contains("fox") { u64::MAX } else { 3 };
    Some(Request {
        prompt: prompt.into(),
        negative: Some("blurred snow".into()),
        seed,
        model: ModelRef::File("/m/dream-shaper.safetensors".into()),
        loras: vec![LoraRef { file: "/l/ink.safetensors".into(), weight: 1.0, text_weight: None }],
        width: Some(512),
        height: Some(768),
        ..Request::default()
    })
}

fn filled(file: &Path) -> Index {
    let mut index = Index::open(file).unwrap();
    assert!(index.refresh(&days(), &settings, &mut |_| true).unwrap());
    index
}

fn found(index: &Index, text: &str) -> Vec<String> {
    let paths = index.search(text).unwrap().unwrap_or_else(|| panic!("{text} says nothing"));
    let mut names: Vec<String> =
        paths.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
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
        ("steps:20 date:2026", &both),
        ("holi", &["holiday"]),
        ("'; DROP TABLE pictures; --", &[]),
        ("fox OR dog", &[]),
        ("NEAR(fox dog)", &[]),
    ] {
        assert_eq!(found(&index, text), wanted, "{text}");
    }
    assert!(index.search(" \"\" ").unwrap().is_none());
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
    assert_eq!(found(&index, "date:2026").len(), 512);
    index.refresh(&days, &|_| None, &mut |_| true).unwrap();
    assert_eq!(found(&index, "date:2026").len(), 1000);
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
    let outcome = index.refresh(&days(), &settings, &mut |_| true).and_then(|_| index.search("fox"));
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
