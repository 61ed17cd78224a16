//! The window asks and is answered, and what it asked to be kept is kept when it goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::canvas::{Document, Origin, PictureLayer, Record};
use crate::job::{ErrorKind, PromptSyntax, Request};
use crate::raster::Picture;
use crate::store::models::entry::ModelEntry;
use crate::store::models::prompt_references::ReferenceError;
use crate::store::pictures::gallery::Gallery;
use crate::store::settings::{Settings, Theme};

fn store() -> (tempfile::TempDir, Paths, StoreHandle) {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::under(home.path());
    let handle = StoreHandle::start(&paths, Arc::new(|| {})).unwrap();
    (home, paths, handle)
}

fn next(store: &StoreHandle) -> StoreEvent {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match store.try_recv() {
            // Comes of itself, sooner or later.
            Some(StoreEvent::Indexed) => continue,
            Some(event) => return event,
            None => {}
        }
        assert!(Instant::now() < deadline, "no answer came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn saved_picture(paths: &Paths) -> PathBuf {
    let request = Request { prompt: "a fox".into(), seed: 3, ..Request::default() };
    Gallery::new(paths).save(&Picture::filled(600, 300, [9, 8, 7, 255]), &request).unwrap()
}

#[test]
fn settings_asked_to_be_kept_are_there_after_the_end() {
    let (_home, paths, store) = store();
    for theme in [Theme::System, Theme::Light] {
        store.send(StoreCommand::SaveSettings(Box::new(Settings { theme, ..Settings::default() })));
    }
    drop(store);
    assert_eq!(Settings::load(&paths.settings_file).settings.theme, Theme::Light);
}

#[test]
fn a_picture_is_listed_shown_and_copied() {
    let (home, paths, store) = store();
    let path = saved_picture(&paths);
    store.send(StoreCommand::ScanGallery);
    let StoreEvent::Gallery(days) = next(&store) else { panic!("no gallery") };
    assert_eq!(days[0].pictures[0].path, path);

    store.send(StoreCommand::LoadThumbnail(path.clone()));
    let StoreEvent::Thumbnail { picture, .. } = next(&store) else { panic!("no thumbnail") };
    assert_eq!(picture.unwrap().size(), [256, 128]);

    store.send(StoreCommand::LoadPicture(path.clone()));
    let StoreEvent::Picture { picture, settings, .. } = next(&store) else { panic!("no picture") };
    assert_eq!((picture.unwrap().size(), settings.unwrap().request.prompt.as_str()), ([600, 300], "a fox"));

    store.send(StoreCommand::SaveAs { from: path, to: home.path().join("copy.jpg"), with_settings: true });
    assert!(matches!(next(&store), StoreEvent::SavedAs(to) if to.exists()));
    store.send(StoreCommand::ReadRequest { path: home.path().join("copy.jpg"), folders: Vec::new() });
    let StoreEvent::Request { settings, .. } = next(&store) else { panic!("no request") };
    assert_eq!(settings.unwrap().request.seed, 3);
}

#[test]
fn what_cannot_be_done_is_answered_in_one_sentence() {
    let (home, _paths, store) = store();
    let missing = home.path().join("missing.png");
    store.send(StoreCommand::LoadPicture(missing.clone()));
    assert!(matches!(next(&store), StoreEvent::Picture { picture: Err(_), settings: None, .. }));
    store.send(StoreCommand::LoadThumbnail(missing.clone()));
    assert!(matches!(next(&store), StoreEvent::Thumbnail { picture: Err(_), .. }));
    for command in [
        StoreCommand::SaveAs { from: missing.clone(), to: home.path().join("a.png"), with_settings: true },
        StoreCommand::InspectModel(missing.clone()),
    ] {
        store.send(command);
        assert!(matches!(next(&store), StoreEvent::Problem(error) if !error.message.contains('\n')));
    }
    store.send(StoreCommand::DeletePictures(vec![missing]));
    assert!(matches!(next(&store), StoreEvent::Problem(_)));
    assert!(matches!(next(&store), StoreEvent::Deleted(paths) if paths.is_empty()));
}

#[test]
fn what_of_a_picture_or_a_mask_is_not_as_it_should_be_comes_with_it() {
    let (home, _paths, store) = store();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/pictures");
    let whole = fs::read(data.join("baseline-444.jpg")).unwrap();
    let cut = home.path().join("cut.jpg");
    fs::write(&cut, &whole[..whole.len() * 3 / 4]).unwrap();
    store.send(StoreCommand::LoadPicture(cut));
    let StoreEvent::Picture { picture: Ok(_), notices, .. } = next(&store) else { panic!("no picture") };
    assert!(notices.len() == 1 && notices[0].message.contains("missing"), "{notices:?}");
    store.send(StoreCommand::LoadMask(data.join("png-rgba.png")));
    let StoreEvent::Mask { mask: Ok(_), notices, .. } = next(&store) else { panic!("no mask") };
    assert!(notices.len() == 1 && notices[0].message.contains("transparent in it is repainted"), "{notices:?}");
}

#[test]
fn settings_that_cannot_be_written_are_reported() {
    let (home, paths, store) = store();
    fs::create_dir_all(&paths.settings_file).unwrap();
    fs::write(paths.settings_file.join("inside"), "").unwrap();
    store.send(StoreCommand::SaveSettings(Box::default()));
    assert!(
        matches!(next(&store), StoreEvent::Problem(error) if error.kind == ErrorKind::Storage && error.message.contains("settings.ron"))
    );
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn the_window_is_woken_and_the_built_in_model_is_always_there() {
    let home = tempfile::tempdir().unwrap();
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    let wake = move || {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let store = StoreHandle::start(&Paths::under(Path::new(home.path())), Arc::new(wake)).unwrap();
    store.send(StoreCommand::ListModels { known: vec!["/nowhere".into()] });
    assert!(
        matches!(next(&store), StoreEvent::Models(list) if list.entries == [ModelEntry::built_in(), ModelEntry::built_in_four_steps()])
    );
    drop(store);
    assert_eq!(woken.load(Ordering::Relaxed), 1);
}

/// A store whose disk takes `delay` for what `is_slow`.
fn slow_store(home: &Path, is_slow: fn(&Task) -> bool, delay: Duration) -> StoreHandle {
    let before = move |task: &Task| {
        if is_slow(task) {
            std::thread::sleep(delay);
        }
    };
    StoreHandle::start_with(&Paths::under(home), Arc::new(|| {}), before).unwrap()
}

/// A new canvas as the first step of a journal.
fn first_step() -> Vec<Record> {
    let mut document = Document::default();
    document.replace(Some((Arc::new(Picture::filled(64, 32, [5, 6, 7, 255])), Origin::default())));
    document.take_records()
}

#[test]
fn what_was_drawn_is_kept_while_slow_folders_are_looked_through() {
    let home = tempfile::tempdir().unwrap();
    let is_scan =
        |task: &Task| matches!(task, Task::Command(StoreCommand::ListModels { .. } | StoreCommand::ScanGallery));
    let scan = Duration::from_secs(3);
    let store = slow_store(home.path(), is_scan, scan);
    store.send(StoreCommand::OpenCanvas);
    assert!(matches!(next(&store), StoreEvent::Canvas(_)));
    let journal = home.path().join("canvas/journal");
    let before = fs::metadata(&journal).unwrap().len();
    let begun = Instant::now();
    store.send(StoreCommand::ListModels { known: Vec::new() });
    store.send(StoreCommand::ScanGallery);
    store.send(StoreCommand::SaveSettings(Box::default()));
    store.send(StoreCommand::KeepSteps(first_step()));
    let settings = Paths::under(home.path()).settings_file;
    while fs::metadata(&journal).unwrap().len() == before || !settings.exists() {
        assert!(begun.elapsed() < scan / 2, "the canvas's steps and the settings wait for a scan");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(store.try_recv().is_none(), "both scans are still under way");
}

#[test]
fn a_press_of_generate_waits_neither_for_a_scan_nor_for_thumbnails() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::under(home.path());
    let lora = paths.models_folder.join("loras/glow.safetensors");
    fs::create_dir_all(lora.parent().unwrap()).unwrap();
    fs::write(&lora, "").unwrap();
    let store = slow_store(
        home.path(),
        |task| !matches!(task, Task::Command(StoreCommand::ResolveReferences { .. })),
        Duration::from_millis(100),
    );
    store.send(StoreCommand::ListModels { known: Vec::new() });
    for number in 0..20 {
        store.send(StoreCommand::LoadThumbnail(number.to_string().into()));
        store.send(StoreCommand::LoadPicture(number.to_string().into()));
    }
    let ask = |id, prompt: &str| {
        let request = Request { prompt: prompt.into(), prompt_syntax: PromptSyntax::Weighted, ..Request::default() };
        store.send(StoreCommand::ResolveReferences {
            id,
            request: Box::new(request),
            picture_count: 1,
            folders: Vec::new(),
        });
    };
    ask(7, "a fox <lora:glow:0.5>");
    ask(8, "a fox <lora:none:1>");
    let begun = Instant::now();
    let mut answers = Vec::new();
    while answers.len() < 2 {
        if let StoreEvent::ReferencesResolved { id, requests } = next(&store) {
            answers.push((id, requests));
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let [(7, Ok((found, _))), (8, Err(ReferenceError::NoLora { name, .. }))] = &answers[..] else {
        panic!("{answers:?}")
    };
    let lora_of = &found[0].loras[0];
    assert_eq!((lora_of.file.as_path(), lora_of.weight, name.as_str()), (lora.as_path(), 0.5, "none"));
}

#[test]
fn a_task_that_panics_is_reported_and_the_next_is_carried_out() {
    let home = tempfile::tempdir().unwrap();
    let bad = |task: &Task| match task {
        Task::Command(StoreCommand::LoadMask(_) | StoreCommand::FindUnfinished) | Task::SaveSettings(_) => {
            panic!("a broken decoder")
        }
        _ => {}
    };
    let store = StoreHandle::start_with(&Paths::under(home.path()), Arc::new(|| {}), bad).unwrap();
    let commands = [
        (StoreCommand::LoadMask("a".into()), StoreCommand::ScanGallery),
        (StoreCommand::FindUnfinished, StoreCommand::ListModels { known: Vec::new() }),
        (StoreCommand::SaveSettings(Box::default()), StoreCommand::OpenCanvas),
    ];
    for (broken, after) in commands {
        store.send(broken);
        assert!(matches!(next(&store), StoreEvent::Problem(error) if error.kind == ErrorKind::Internal));
        store.send(after);
        assert!(matches!(next(&store), StoreEvent::Gallery(_) | StoreEvent::Models(_) | StoreEvent::Canvas(_)));
    }
}

#[test]
fn what_was_painted_is_put_onto_the_picture_here() {
    let (home, _paths, store) = store();
    let layer = PictureLayer::new(Arc::new(Picture::filled(8, 4, [1, 2, 3, 255])));
    let to = home.path().join("canvas.png");
    store.send(StoreCommand::SaveCanvas { to: to.clone(), picture: Box::new(layer) });
    assert!(matches!(next(&store), StoreEvent::SavedAs(path) if path == to && path.exists()));
}

#[test]
fn unfinished_downloads_are_found_and_deleted_here() {
    let (_home, paths, store) = store();
    let note = paths.models_folder.join(".unfinished/somebody--dreamer.json");
    fs::create_dir_all(note.parent().unwrap()).unwrap();
    let file = r#"{"name": "unet/model.safetensors", "bytes": 9, "checksum": "0a1b"}"#;
    let (name, revision) = (r#""name": "somebody/dreamer", "repository": "somebody/dreamer""#, r#""revision": "main""#);
    fs::write(&note, format!(r#"{{{name}, {revision}, "bytes_there": 0, "missing": [{file}]}}"#)).unwrap();
    store.send(StoreCommand::FindUnfinished);
    assert!(
        matches!(next(&store), StoreEvent::Unfinished(left) if left.len() == 1 && left[0].name == "somebody/dreamer")
    );
    store.send(StoreCommand::DiscardDownload("somebody/dreamer".into()));
    assert!(matches!(next(&store), StoreEvent::DownloadDiscarded(name) if name == "somebody/dreamer"));
    assert!(!note.exists());
}

#[test]
fn a_window_that_closes_does_not_wait_for_a_scan() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("others");
    fs::create_dir_all(folder.join("dreamer")).unwrap();
    fs::write(folder.join("dreamer/model_index.json"), "{}").unwrap();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let before = move |_: &Task| {
        begun.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(500));
    };
    let store = StoreHandle::start_with(&Paths::under(home.path()), Arc::new(|| {}), before).unwrap();
    store.send(StoreCommand::InspectModel(folder));
    let outbox = Arc::clone(&store.outbox);
    has_begun.recv().unwrap();
    drop(store);
    let events = outbox.events();
    assert!(matches!(events.front(), Some(StoreEvent::Problem(_))), "the folder was looked through: {events:?}");
}
