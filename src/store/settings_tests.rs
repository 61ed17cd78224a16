//! Settings through a restart, and what becomes of files that cannot be read.

use super::*;

fn read(path: &Path) -> (Settings, Option<String>) {
    let LoadedSettings { settings, problem, .. } = Settings::load(path);
    (settings, problem.map(|problem| problem.to_string()))
}

fn in_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config").join("settings.ron");
    (folder, path)
}

#[test]
fn everything_is_back_after_a_restart() {
    let (_folder, path) = in_folder();
    let mut settings = Settings {
        theme: Theme::Light,
        ui_scale: 1.5,
        window: WindowPlace { size: Some([1280.0, 800.0]), position: None, maximized: true },
        open_sections: [PanelSection::Sampling].into(),
        starred: ["/pictures/a.png".into()].into(),
        dialog_folder: Some("/somewhere".into()),
        ..Settings::default()
    };
    settings.draft.request.prompt = "a \"red\" apple\n🍎 \\".into();
    settings.draft.request.negative = Some(String::new());
    settings.draft.request.model = ModelRef::Folder("/models/one".into());
    settings.draft.seed = Some(u64::MAX);
    settings.remember_prompt("a fox");
    settings.save(&path).unwrap();
    assert_eq!(read(&path), (settings, None));
}

#[test]
fn a_missing_file_gives_defaults_without_a_word() {
    let (_folder, path) = in_folder();
    assert_eq!(read(&path), (Settings::default(), None));
}

#[test]
fn a_file_from_another_version_keeps_what_is_known() {
    let (_folder, path) = in_folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "(version: 9, theme: Light, from_the_future: Some([1, 2]), ui_scale: 0)").unwrap();
    let (settings, problem) = read(&path);
    assert_eq!((settings.theme, problem), (Theme::Light, None));
    assert!(settings.ui_scale >= 0.5);
}

#[test]
fn a_broken_file_is_kept_and_reported() {
    let (_folder, path) = in_folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "(theme: Lig").unwrap();
    let (settings, problem) = read(&path);
    assert_eq!(settings, Settings::default());
    let sentence = problem.unwrap();
    assert!(sentence.contains("settings.ron.broken") && !sentence.contains('\n'), "{sentence}");
    assert_eq!(fs::read_to_string(path.with_file_name("settings.ron.broken")).unwrap(), "(theme: Lig");
    assert!(!path.exists());
}

#[test]
fn the_history_is_short_and_has_each_prompt_once() {
    let mut settings = Settings::default();
    for number in 0..150 {
        settings.remember_prompt(&format!("prompt {number}"));
    }
    settings.remember_prompt("prompt 100");
    settings.remember_prompt("  ");
    assert_eq!(settings.prompt_history.len(), Settings::MAX_HISTORY);
    assert_eq!(settings.prompt_history[..2], ["prompt 100", "prompt 149"]);
    assert_eq!(settings.prompt_history.iter().filter(|prompt| *prompt == "prompt 100").count(), 1);
}

#[test]
fn no_broken_file_takes_the_place_of_another() {
    let (_folder, path) = in_folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    for (text, kept) in [
        ("(theme: one", "settings.ron.broken"),
        ("(theme: two", "settings.ron.broken-2"),
        ("(theme: three", "settings.ron.broken-3"),
    ] {
        fs::write(&path, text).unwrap();
        let sentence = read(&path).1.unwrap();
        assert!(sentence.ends_with(kept), "{sentence}");
    }
    let kept = ["settings.ron.broken", "settings.ron.broken-2", "settings.ron.broken-3"]
        .map(|name| fs::read_to_string(path.with_file_name(name)).unwrap());
    assert_eq!(kept, ["(theme: one", "(theme: two", "(theme: three"]);
}

#[test]
fn one_wrong_field_costs_no_other() {
    let (_folder, path) = in_folder();
    let mut settings = Settings { theme: Theme::Light, known_models: vec!["/models".into()], ..Settings::default() };
    settings.draft.request.prompt = "a \"red\" apple (lit: 1)".into();
    settings.draft.seed = Some(7);
    settings.remember_prompt("a fox");
    settings.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let wrong = text.replacen("theme: Light", "theme: 5", 1).replacen("pictures: 1,", "pictures: \"one\",", 1);
    assert!(wrong.contains("theme: 5") && wrong.contains("pictures: \"one\""), "{wrong}");
    fs::write(&path, &wrong).unwrap();
    settings.theme = Theme::default();

    // Who only looks leaves the file.
    let (seen, problem) = Settings::look(&path);
    let sentence = problem.unwrap().to_string();
    assert_eq!(seen, settings);
    assert!(sentence.contains("of the settings theme, draft.pictures could not be read"), "{sentence}");
    assert_eq!(fs::read_to_string(&path).unwrap(), wrong);

    let (loaded, problem) = read(&path);
    assert_eq!(loaded, settings);
    assert!(problem.unwrap().ends_with("settings.ron.broken"));
    assert_eq!(fs::read_to_string(path.with_file_name("settings.ron.broken")).unwrap(), wrong);
    assert_eq!(read(&path), (settings, None), "what was kept is there at the next start");
}
