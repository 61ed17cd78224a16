//! The model library as a person uses it: found by its key, sorted, starred, noted, and back after a restart.

use std::fs;
use std::path::{Path, PathBuf};

use egui::{Key, Modifiers};
use inkwick::engine::FakeScript;
use inkwick::job::ModelRef;
use inkwick::ui::action::Sheet;

use crate::studio_bench::Bench;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

/// As another program keeps its models.
fn webui(home: &Path) -> PathBuf {
    let folder = home.join("webui/models");
    fs::create_dir_all(folder.join("Stable-diffusion")).unwrap();
    fs::create_dir_all(folder.join("Lora")).unwrap();
    for name in ["single/sdxl.safetensors", "single/sdxl.json"] {
        let target = folder.join("Stable-diffusion").join(Path::new(name).file_name().unwrap());
        fs::copy(data(name), target).unwrap();
    }
    fs::copy(data("lora/sdxl-kohya.safetensors"), folder.join("Lora/kohya.safetensors")).unwrap();
    home.join("webui")
}

fn open(bench: &mut Bench) {
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::M);
    bench.frames(3);
    assert_eq!(bench.studio(|studio| studio.state.sheet), Some(Sheet::Library));
}

#[test]
fn models_of_another_program_are_used_where_they_are() {
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = webui(elsewhere.path());
    let mut bench = Bench::new(FakeScript::default());
    bench.drop_file(folder.clone());
    bench.wait("the folder's model is listed", |bench| bench.studio(|studio| studio.state.models.len() == 3));
    open(&mut bench);
    // The built-in one is chosen; the other stands below its two forms.
    for _ in 0..2 {
        bench.window.key_press(Key::ArrowDown);
        bench.frames(3);
    }
    let chosen = ModelRef::File(folder.join("models/Stable-diffusion/sdxl.safetensors"));
    assert_eq!(bench.studio(|studio| studio.state.library.chosen.clone()), Some(chosen.clone()));
    bench.window.key_press(Key::Period);
    bench.frames(2);
    bench.window.key_press(Key::Enter);
    bench.frames(3);
    assert_eq!(bench.studio(|studio| studio.state.prompt.model.clone()), chosen);
    // LoRAs that lie there are found by their names.
    bench.type_prompt("a fox <lora:kohya:0.5>");
    bench.click("Generate");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    assert_eq!(bench.done()[0].request.loras[0].file, folder.join("models/Lora/kohya.safetensors"));
    // All is there again next time.
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("the model is listed again", |bench| bench.studio(|studio| studio.state.models.len() == 3));
    let note = bench.studio(|studio| studio.state.library.note(&chosen));
    assert!(note.favourite && note.last_used.is_some(), "{note:?}");
    // A file that goes is gone from the list while one looks.
    open(&mut bench);
    fs::remove_file(folder.join("models/Stable-diffusion/sdxl.safetensors")).unwrap();
    bench.wait("it is gone", |bench| bench.studio(|studio| studio.state.models.len() == 2));
}

#[test]
fn a_model_keeps_its_own_settings() {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| studio.state.prompt.steps = 7);
    open(&mut bench);
    bench.click("Keep the panel's settings");
    bench.with(|studio| studio.state.prompt.steps = 33);
    bench.frames(2);
    bench.with(|studio| studio.state.choose_model(ModelRef::BuiltIn));
    assert_eq!(bench.studio(|studio| studio.state.prompt.steps), 7);
    bench.click("Forget them");
    bench.with(|studio| studio.state.prompt.steps = 33);
    bench.with(|studio| studio.state.choose_model(ModelRef::BuiltIn));
    assert_eq!(bench.studio(|studio| studio.state.prompt.steps), 33);
}

#[test]
fn a_dropped_file_that_is_no_model_is_reported_and_filed() {
    let mut bench = Bench::new(FakeScript::default());
    bench.drop_file(data("lora/sdxl-kohya.safetensors"));
    bench.wait("the inspector is open", |bench| bench.studio(|studio| studio.state.sheet == Some(Sheet::Inspection)));
    bench.frames(2);
    assert!(bench.has_label_starting("sdxl-kohya is a LoRA and is filed as one"));
    assert!(bench.paths.models_folder.join("loras/sdxl-kohya.safetensors").is_file());
    bench.click("Tell its hash");
    bench.wait("the hash is told", |bench| {
        bench.studio(|studio| studio.state.library.inspection.as_ref().is_some_and(|file| file.hash.is_some()))
    });
    let hash = bench.studio(|studio| studio.state.library.inspection.clone().unwrap().hash.unwrap());
    assert_eq!(hash.len(), 64);
}

/// A file of numbers, as safetensors writes it.
fn numbers(path: &Path, shape: &str, count: usize) {
    let header = format!("{{\"numbers\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[0,{}]}}}}", 4 * count);
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(vec![0; 4 * count]);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_file_that_is_not_recognised_is_not_filed_unless_somebody_says_what_it_is() {
    for (shape, count) in [("[3,5]", 15), ("[7]", 7), ("[2,3,4]", 24), ("[600,512]", 600 * 512)] {
        let mut bench = Bench::new(FakeScript::default());
        let file = bench.photo("unused.png", 2, 2).with_file_name("numbers.safetensors");
        numbers(&file, shape, count);
        bench.drop_file(file);
        bench.wait("the inspector is open", |bench| {
            bench.studio(|studio| studio.state.sheet == Some(Sheet::Inspection))
        });
        bench.frames(2);
        assert!(bench.has_label_starting("It was not recognised, so it is not filed"), "{shape}");
        let embedding = bench.paths.models_folder.join("embeddings/numbers.safetensors");
        assert!(!embedding.exists(), "{shape}");
        bench.click("It is an embedding");
        bench.wait("it is filed", |_| embedding.is_file());
        bench.wait("that is said", |bench| bench.has_label_starting("numbers is an embedding and is filed as one"));
    }
}
