//! The small model that comes with the program: inside the binary, or, in a build without it, in a folder nearby.

use super::{ModelError, ModelFiles};

/// # Errors
/// In a build without the model, when no folder with it is found.
#[cfg(feature = "embedded-model")]
pub fn builtin_model() -> Result<ModelFiles, ModelError> {
    /// The name inside the model, and the bytes that the linker puts into read-only pages.
    macro_rules! embedded {
        ($($name:literal),* $(,)?) => {
            &[$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/builtin/model/", $name)))),*]
        };
    }
    static FILES: &[(&str, &[u8])] = embedded![
        "latent_rgb.json",
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "tokenizer/tokenizer.json",
        "tokenizer/tokenizer_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    ];
    Ok(ModelFiles::Embedded(FILES))
}

/// # Errors
/// In a build without the model, when no folder with it is found.
#[cfg(not(feature = "embedded-model"))]
pub fn builtin_model() -> Result<ModelFiles, ModelError> {
    use std::path::PathBuf;

    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("builtin/model")));
    let places = [beside, Some(PathBuf::from("assets/builtin/model"))];
    places
        .iter()
        .flatten()
        .find(|folder| folder.join("model_index.json").is_file())
        .map(|folder| ModelFiles::Folder(folder.clone()))
        .ok_or_else(|| ModelError::Missing {
            what: "the built-in model (this build does not carry it inside)",
            path: PathBuf::from("assets/builtin/model"),
        })
}
