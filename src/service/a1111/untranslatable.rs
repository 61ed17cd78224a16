//! Why nothing can be drawn of what an AUTOMATIC1111 client sent.

use axum::http::StatusCode;

use super::controlnet::no_module;
use crate::service::answer::Refusal;

/// Why nothing can be drawn.
#[derive(Debug, PartialEq)]
pub(super) enum Untranslatable {
    NoPicture,
    /// Something was given as mask, and it is no picture.
    Mask,
    Model(String),
    /// Of ControlNet: what would make its picture.
    Module(String),
}

impl From<Untranslatable> for Refusal {
    fn from(reason: Untranslatable) -> Self {
        let unprocessable = |sentence: String| Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request", sentence);
        match reason {
            Untranslatable::NoPicture => Self::new(StatusCode::NOT_FOUND, "request", "Init image not found"),
            Untranslatable::Mask => unprocessable("mask must be the base64 of one picture's file".into()),
            Untranslatable::Model(name) => {
                let sentence = format!("there is no model {name}; sd-models lists what there is");
                Self::new(StatusCode::NOT_FOUND, "not_found", sentence)
            }
            Untranslatable::Module(name) => unprocessable(no_module(&name)),
        }
    }
}
