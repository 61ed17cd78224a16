//! A model's folder says what it is, and one that is none says so in one sentence.

use super::*;
use crate::job::ModelDefaults;
use crate::sampling::SchedulerName;

const UNET: &str = r#"{"sample_size": 64, "cross_attention_dim": 768, "in_channels": 4, "unknown": [1]}"#;
const VAE: &str = r#"{"block_out_channels": [128, 256, 512, 512]}"#;

fn make(folder: &Path, class: &str, unet: &str, scheduler: &str) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("model_index.json", &format!(r#"{{"_class_name": "{class}", "unet": ["diffusers", "x"]}}"#));
    write("unet/config.json", unet);
    write("vae/config.json", VAE);
    write("scheduler/scheduler_config.json", &format!(r#"{{"_class_name": "{scheduler}"}}"#));
}

#[test]
fn a_folder_says_what_it_is() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dreamer");
    make(&folder, "StableDiffusionPipeline", UNET, "PNDMScheduler");
    let entry = inspect(&folder).unwrap();
    assert_eq!((entry.name.as_str(), entry.kind.as_str()), ("dreamer", "Stable Diffusion 1, made for 512×512 pixels."));
    let defaults =
        ModelDefaults { width: 512, height: 512, guidance: 7.0, steps: 20, scheduler: Some(SchedulerName::Pndm) };
    assert_eq!(entry.defaults, defaults);

    let unet = r#"{"sample_size": [96, 128], "cross_attention_dim": 2048, "in_channels": 9}"#;
    make(&folder, "StableDiffusionXLPipeline", unet, "EulerAncestralDiscreteScheduler");
    let entry = inspect(&folder).unwrap();
    assert_eq!(entry.kind, "Stable Diffusion XL for inpainting, made for 1024×768 pixels.");
    assert_eq!(entry.defaults.scheduler, Some(SchedulerName::EulerAncestral));
}

#[test]
fn a_distilled_model_wants_few_steps() {
    let home = tempfile::tempdir().unwrap();
    let wants = |folder: &str, unet: &str, scheduler: &str| {
        let folder = home.path().join(folder);
        make(&folder, "StableDiffusionPipeline", unet, "EulerDiscreteScheduler");
        fs::write(folder.join("scheduler/scheduler_config.json"), scheduler).unwrap();
        let defaults = inspect(&folder).unwrap().defaults;
        (defaults.steps, defaults.guidance)
    };
    let trailing = r#"{"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing"}"#;
    let turbo = r#"{"sample_size": 64, "cross_attention_dim": 1024}"#;
    assert_eq!(wants("a", turbo, trailing), (4, 0.0));
    assert_eq!(wants("b", UNET, trailing), (20, 7.0));
    assert_eq!(wants("c", UNET, r#"{"_class_name": "LCMScheduler"}"#), (4, 1.0));
    assert_eq!(wants("models--x--sdxl-turbo/snapshots/0a1b", UNET, trailing), (4, 0.0));
}

#[test]
fn what_is_no_model_says_so_in_one_sentence() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("x");
    let sentence = |wanted: &str| {
        let sentence = inspect(&folder).unwrap_err().to_string();
        assert!(sentence.contains(wanted) && !sentence.contains('\n'), "{sentence}");
    };
    sentence("model_index.json");
    make(&folder, "FluxPipeline", UNET, "DDIMScheduler");
    sentence("this is FLUX.1, which Inkwick does not run");
    make(&folder, "UnheardOfPipeline", UNET, "DDIMScheduler");
    sentence("UnheardOfPipeline");
    make(&folder, "StableDiffusionPipeline", r#"{"sample_size": 99999}"#, "DDIMScheduler");
    sentence("out of range");
    make(&folder, "StableDiffusionPipeline", "{", "DDIMScheduler");
    sentence("config.json");
    fs::remove_file(folder.join("vae/config.json")).unwrap();
    make(&folder, "StableDiffusionPipeline", UNET, "DDIMScheduler");
    fs::remove_file(folder.join("unet/config.json")).unwrap();
    sentence("config.json");
}

#[test]
fn the_list_has_each_model_once_and_the_built_in_one_first() {
    let home = tempfile::tempdir().unwrap();
    let mut paths = Paths::under(home.path());
    let [inside, outside] = [paths.models_folder.join("B"), home.path().join("other")];
    make(&inside, "StableDiffusionPipeline", UNET, "DDIMScheduler");
    make(&paths.models_folder.join("a"), "StableDiffusionPipeline", UNET, "DDIMScheduler");
    make(&outside, "StableDiffusionPipeline", UNET, "DDIMScheduler");
    fs::create_dir_all(paths.models_folder.join("half-downloaded")).unwrap();
    paths.other_folders = vec![outside.clone(), inside, home.path().join("unplugged")];
    let names: Vec<_> = list(&paths).into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["Built-in", "Built-in, 4 steps", "a", "B", "other"]);
}

#[test]
fn folders_that_are_looked_through_and_vaes_come_with_the_list() {
    let home = tempfile::tempdir().unwrap();
    let mut paths = Paths::under(home.path());
    let [model, others] = [home.path().join("dreamer"), home.path().join("webui")];
    make(&model, "StableDiffusionPipeline", UNET, "DDIMScheduler");
    make(&others.join("models/sleeper"), "StableDiffusionPipeline", UNET, "DDIMScheduler");
    let vaes = [paths.models_folder.join("vae/sharp.safetensors"), others.join("models/VAE/soft.pt")];
    for file in &vaes {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    paths.other_folders = vec![model, others.clone()];
    let found = list_again(&paths, &mut Seen::new(), &|| false);
    assert_eq!((found.folders, found.vaes.as_slice()), (vec![others], vaes.as_slice()));
    let names: Vec<_> = found.entries.into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["Built-in", "Built-in, 4 steps", "dreamer", "sleeper"]);
}
