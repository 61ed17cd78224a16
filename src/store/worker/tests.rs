//! The window asks and is answered, and what it asked to be kept is kept when it goes.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::store::pictures::gallery::Gallery;
use crate::store::settings::Theme;

fn store() -> (tempfile::TempDir, Paths, StoreHandle) {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::under(home.path());
    let handle = StoreHandle::start(paths.clone(), Arc::new(|| {})).unwrap();
    (home, paths, handle)
}

fn next(store: &StoreHandle) -> StoreEvent {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(event) = store.try_recv() {
            return event;
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
    let StoreEvent::Picture { picture, request, .. } = next(&store) else { panic!("no picture") };
    assert_eq!((picture.unwrap().size(), request.unwrap().prompt.as_str()), ([600, 300], "a fox"));

    store.send(StoreCommand::SaveAs { from: path, to: home.path().join("copy.jpg") });
    assert!(matches!(next(&store), StoreEvent::SavedAs(to) if to.exists()));
    store.send(StoreCommand::ReadRequest(home.path().join("copy.jpg")));
    let StoreEvent::Request { request, .. } = next(&store) else { panic!("no request") };
    assert_eq!(request.unwrap().seed, 3);
}

#[test]
fn what_cannot_be_done_is_answered_in_one_sentence() {
    let (home, _paths, store) = store();
    let missing = home.path().join("missing.png");
    store.send(StoreCommand::LoadPicture(missing.clone()));
    assert!(matches!(next(&store), StoreEvent::Picture { picture: Err(_), request: None, .. }));
    store.send(StoreCommand::LoadThumbnail(missing.clone()));
    assert!(matches!(next(&store), StoreEvent::Thumbnail { picture: Err(_), .. }));
    for command in [
        StoreCommand::SaveAs { from: missing.clone(), to: home.path().join("a.png") },
        StoreCommand::InspectModel(missing.clone()),
    ] {
        store.send(command);
        assert!(matches!(next(&store), StoreEvent::Problem(sentence) if !sentence.contains('\n')));
    }
    store.send(StoreCommand::DeletePictures(vec![missing]));
    assert!(matches!(next(&store), StoreEvent::Problem(_)));
    assert!(matches!(next(&store), StoreEvent::Deleted(paths) if paths.is_empty()));
}

#[test]
fn settings_that_cannot_be_written_are_told_of() {
    let (home, paths, store) = store();
    fs::create_dir_all(&paths.settings_file).unwrap();
    fs::write(paths.settings_file.join("inside"), "").unwrap();
    store.send(StoreCommand::SaveSettings(Box::default()));
    assert!(matches!(next(&store), StoreEvent::Problem(sentence) if sentence.contains("settings.ron")));
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
    let store = StoreHandle::start(Paths::under(Path::new(home.path())), Arc::new(wake)).unwrap();
    store.send(StoreCommand::ListModels { known: vec!["/nowhere".into()] });
    assert!(matches!(next(&store), StoreEvent::Models(models) if models == [ModelEntry::built_in()]));
    drop(store);
    assert_eq!(woken.load(Ordering::Relaxed), 1);
}
