//! Pictures of other programs in the window: their settings are offered, and what cannot be taken over is said.

use std::fs::File;
use std::path::Path;

use inkwick::sampling::{SchedulerName, SigmaChoice};
use inkwick::ui::action::{Action, FilesAction, PromptAction};

use crate::studio_bench::Bench;

const GRAPH: &str = r#"{"1": {"class_type": "KSampler", "inputs": {"seed": 77, "steps": 13, "cfg": 5.5, "sampler_name": "dpmpp_2m",
    "scheduler": "karras", "denoise": 1, "model": ["7", 0], "positive": ["3", 0], "negative": ["4", 0], "latent_image": ["5", 0]}},
    "2": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "elsewhere.safetensors"}},
    "3": {"class_type": "ControlNetApply", "inputs": {"strength": 1, "conditioning": ["6", 0]}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 320, "height": 448, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a green kite"}},
    "7": {"class_type": "LoraLoader", "inputs": {"lora_name": "ink.safetensors", "strength_model": 0.5, "model": ["2", 0]}}}"#;

fn picture(path: &Path, texts: &[(&str, &str)]) {
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), 8, 8);
    for (name, text) in texts {
        encoder.add_itxt_chunk((*name).to_owned(), (*text).to_owned()).unwrap();
    }
    encoder.write_header().unwrap().write_image_data(&[90; 64]).unwrap();
}

#[test]
fn a_picture_of_another_program_gives_its_settings_and_says_what_is_missing() {
    let mut bench = Bench::with_photo(64, 64);
    let file = bench.photo("unused.png", 2, 2).with_file_name("kite.png");
    picture(&file, &[("prompt", GRAPH)]);
    bench.act(Action::Files(FilesAction::Dropped(file.clone())));
    let says = |words: &'static str| move |bench: &Bench| bench.toasts().iter().any(|toast| toast.contains(words));
    bench.wait("its settings are offered", says("from ComfyUI: Edit > Use these settings"));
    bench.act(Action::Prompt(PromptAction::UseSettings(file)));
    bench.wait("its settings are there", says("settings, from ComfyUI, are in the prompt panel. 3 things"));
    bench.studio(|studio| {
        let prompt = &studio.state.prompt;
        assert_eq!((prompt.prompt.as_str(), prompt.negative.as_str()), ("a green kite <lora:ink:0.5>", "fog"));
        assert_eq!((prompt.steps, prompt.guidance, prompt.fixed_seed()), (13, Some(5.5), Some(77)));
        assert_eq!((prompt.scheduler, prompt.sigmas), (Some(SchedulerName::DpmMultistep), Some(SigmaChoice::Karras)));
        assert_eq!((prompt.size_px, prompt.fine.noise.id()), ([320, 448], "torch"));
        let details = studio.state.toasts.list.iter().find_map(|toast| toast.details.clone()).unwrap();
        for words in ["ControlNet", "The model elsewhere", "The LoRA ink"] {
            assert!(details.contains(words), "{words}: {details}");
        }
    });
}

#[test]
fn a_photo_is_offered_nothing() {
    let mut bench = Bench::with_photo(64, 64);
    let file = bench.photo("unused.png", 2, 2).with_file_name("sea.png");
    picture(&file, &[("Description", "By the sea"), ("Software", "Camera")]);
    bench.act(Action::Prompt(PromptAction::UseSettings(file)));
    bench.wait("it is said", |bench| bench.toasts().iter().any(|toast| toast.contains("does not say how it was made")));
}
