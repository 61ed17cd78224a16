//! A model that can be chosen: what it is called, what it draws, and what a picture takes by default.

use std::path::PathBuf;

use crate::checkpoint::FileKind;
use crate::job::{Distillation, ErrorKind, Family, JobError, ModelDefaults, ModelRef, Remedy};
use crate::sampling::SchedulerName;
use crate::store::models::facts::ModelFacts;

#[derive(Clone, Debug, PartialEq)]
pub struct ModelEntry {
    pub reference: ModelRef,
    pub name: String,
    /// One sentence: what it is and what it draws.
    pub kind: String,
    pub defaults: ModelDefaults,
    /// Prompts to try first; empty when nothing is known.
    pub examples: Vec<&'static str>,
    /// It draws emoji and scenes of them, no photographs.
    pub draws_emoji: bool,
    pub facts: ModelFacts,
}

/// Prompts that the built-in model draws well, from its card.
pub const BUILT_IN_EXAMPLES: [&str; 8] = [
    "a red apple",
    "a rocket in space",
    "a fox wearing a crown in a forest",
    "a penguin in the snow",
    "a castle at night",
    "a cat and a pizza",
    "a blue bear",
    "a bicycle at sunset",
];

impl ModelEntry {
    /// The small model that comes with the program.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            reference: ModelRef::BuiltIn,
            name: "Built-in".into(),
            kind: "A small model that comes with Inkwick and draws emoji and scenes of them.".into(),
            defaults: Family::BuiltIn.defaults(),
            examples: BUILT_IN_EXAMPLES.to_vec(),
            draws_emoji: true,
            facts: ModelFacts {
                family: Family::BuiltIn.name().into(),
                bytes: crate::checkpoint::builtin_model().map_or(0, |files| files.bytes()),
                precision: "F16".into(),
                licence: "MIT".into(),
                thumbnail: None,
            },
        }
    }

    /// The same with the LoRA that lets it draw in four steps.
    #[must_use]
    pub fn built_in_four_steps() -> Self {
        let base = Self::built_in();
        let (steps, guidance) = Distillation::Lcm.steps_and_guidance();
        let scheduler = Some(SchedulerName::Lcm);
        let bytes = crate::checkpoint::builtin_four_steps().map_or(0, |files| files.bytes());
        Self {
            reference: ModelRef::BuiltInFourSteps,
            name: "Built-in, 4 steps".into(),
            kind: "The same small model with a LoRA: four steps instead of twenty, for painting live.".into(),
            defaults: ModelDefaults { guidance, steps, scheduler, ..base.defaults },
            facts: ModelFacts { bytes, ..base.facts },
            ..base
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("a model folder in diffusers' layout was wanted, but it has no model_index.json; choose the folder that holds that file: {}", path.display())]
    NoIndex { path: PathBuf },
    #[error("a Stable Diffusion model was wanted, found {class}, which Inkwick cannot draw with: {}", path.display())]
    OtherPipeline { class: String, path: PathBuf },
    #[error(transparent)]
    File(#[from] crate::checkpoint::CheckpointError),
    #[error("a Stable Diffusion checkpoint was wanted, and this file is something else ({}): {}", kind.label(), path.display())]
    OtherFile { kind: FileKind, path: PathBuf },
    #[error("the model's sample_size and VAE give a picture of {width}×{height}, which is out of range; look at {}", path.display())]
    Size { width: u64, height: u64, path: PathBuf },
}

impl From<ModelError> for JobError {
    fn from(error: ModelError) -> Self {
        let (kind, remedy) = match &error {
            ModelError::NoIndex { .. } => (ErrorKind::NotFound, None),
            ModelError::OtherPipeline { .. } => (ErrorKind::Unsupported, None),
            ModelError::File(error) => (error.kind(), error.remedy()),
            ModelError::OtherFile { .. } => (ErrorKind::Unsupported, Some(Remedy::InspectFile)),
            ModelError::Size { .. } => (ErrorKind::Unreadable, None),
        };
        Self::caused(kind, error).with_remedy(remedy)
    }
}
