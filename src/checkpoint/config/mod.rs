//! Reads diffusers' and transformers' `config.json` files.
//!
//! Every field that changes the computation is either followed or, where its value is not supported, an error that
//! names field and file. A field that is absent has the default of diffusers' class; unknown fields are ignored.

mod clip;
mod control;
mod denoiser;
mod flux2;
mod image_encoder;
mod qwen3;
mod text;
mod unet;
mod vae;
mod z_image;

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use clip::ClipConfig;
pub use control::{AdapterConfig, AdapterType, ControlConfig, ControlNetConfig, UnionConfig};
pub use denoiser::DenoiserConfig;
pub use flux2::Flux2Config;
pub use image_encoder::ImageEncoderConfig;
pub use qwen3::Qwen3Config;
pub use text::TextConfig;
pub(crate) use unet::AttentionConfig;
pub use unet::UnetConfig;
pub use vae::VaeConfig;
pub use z_image::ZImageConfig;

use super::{CheckpointError, ModelFiles};

/// Larger than any published network has; what is beyond is damage.
const MOST_LEVELS: usize = 8;
const MOST_LAYERS: usize = 64;
const MOST_CHANNELS: usize = 1 << 16;
/// Of latents, with what stands beside them.
const MOST_LATENTS: usize = 64;
/// Latent pixels.
const MOST_SIDE: usize = 1024;

/// The fields of one config file.
struct Fields {
    map: Map<String, Value>,
    path: PathBuf,
}

impl Fields {
    fn open(files: &ModelFiles, name: &str, what: &'static str) -> Result<Self, CheckpointError> {
        Ok(Self { map: files.require_json(name, what)?, path: files.path_of(name) })
    }

    /// Of a config that is no file of a model's folder.
    fn of(map: Map<String, Value>, path: PathBuf) -> Self {
        Self { map, path }
    }

    fn unsupported(&self, field: &str, supported: impl Into<String>) -> CheckpointError {
        let found = self.map.get(field).map_or_else(|| "absent".to_owned(), Value::to_string);
        CheckpointError::Unsupported {
            field: field.to_owned(),
            found,
            supported: supported.into(),
            path: self.path.clone(),
        }
    }

    /// The field, or `default` where it is absent or null.
    fn get<T: DeserializeOwned>(&self, field: &str, default: T) -> Result<T, CheckpointError> {
        Ok(self.optional(field)?.unwrap_or(default))
    }

    fn optional<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, CheckpointError> {
        match self.map.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                T::deserialize(value).map(Some).map_err(|_| self.unsupported(field, format!("only {}", kind_of::<T>())))
            }
        }
    }

    fn require<T: DeserializeOwned>(&self, field: &str) -> Result<T, CheckpointError> {
        self.optional(field)?.ok_or_else(|| self.unsupported(field, format!("only {}", kind_of::<T>())))
    }

    /// Fails where a number is no network's: it would only cost time and memory to find that nothing fits.
    fn up_to(&self, field: &str, most: usize, found: &[usize]) -> Result<(), CheckpointError> {
        if found.iter().all(|number| (1..=most).contains(number)) {
            return Ok(());
        }
        Err(self.unsupported(field, format!("1 to {most}")))
    }

    /// A field that is either one number for all blocks or a list with one for each.
    fn per_block(&self, field: &str, default: usize, blocks: usize) -> Result<Vec<usize>, CheckpointError> {
        match self.map.get(field) {
            None | Some(Value::Null) => Ok(vec![default; blocks]),
            Some(Value::Array(_)) => {
                let list: Vec<usize> = self.require(field)?;
                if list.len() == blocks {
                    Ok(list)
                } else {
                    Err(self.unsupported(field, format!("a list of {blocks}, one for each block,")))
                }
            }
            Some(_) => Ok(vec![self.require(field)?; blocks]),
        }
    }

    /// Fails unless the field is absent, null, or one of `allowed`.
    fn only(&self, field: &str, allowed: &[Value]) -> Result<(), CheckpointError> {
        match self.map.get(field) {
            None | Some(Value::Null) => Ok(()),
            Some(found) if allowed.iter().any(|value| same(value, found)) => Ok(()),
            Some(_) => {
                let names: Vec<String> = allowed.iter().map(Value::to_string).collect();
                let names = if names.is_empty() { "null".into() } else { names.join(" or ") };
                Err(self.unsupported(field, format!("only {names}")))
            }
        }
    }
}

/// 1 and 1.0 are the same number.
fn same(a: &Value, b: &Value) -> bool {
    a == b || (a.is_number() && a.as_f64() == b.as_f64())
}

fn kind_of<T>() -> &'static str {
    match std::any::type_name::<T>() {
        "usize" => "a whole number",
        "f64" => "a number",
        "bool" => "true or false",
        "alloc::string::String" => "a text",
        _ => "a list",
    }
}
