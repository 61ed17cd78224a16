//! The models that can be chosen: the one that comes along, the models folder, and folders that the user opened.
//!
//! Reads only the small JSON files of a diffusers folder, never the weights.

use crate::job::ModelRef;
use crate::sampling::SchedulerName;

/// What a picture takes when nothing else is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelDefaults {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    pub guidance: f64,
    pub steps: u32,
    /// The model's own, or `None` when Inkwick does not know it.
    pub scheduler: Option<SchedulerName>,
}

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
}

impl ModelEntry {
    /// The small model that comes with the program.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            reference: ModelRef::BuiltIn,
            name: "Built-in".into(),
            kind: "A small model that comes with Inkwick and draws emoji and scenes of them.".into(),
            defaults: ModelDefaults {
                width: 256,
                height: 256,
                guidance: 4.0,
                steps: 20,
                scheduler: Some(SchedulerName::Ddim),
            },
            examples: vec![
                "a red apple",
                "a rocket in space",
                "a fox wearing a crown in a forest",
                "a penguin in the snow",
                "a castle at night",
                "a cat and a pizza",
                "a blue bear",
                "a bicycle at sunset",
            ],
            draws_emoji: true,
        }
    }
}
