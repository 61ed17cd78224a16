//! A painted area of the picture that has words of its own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::mask::MaskPlane;

/// What cannot be asked of regions.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RegionError {
    #[error("at most {max} regions can be given, found {found}", max = Region::MOST)]
    Count { found: usize },
    #[error("the region “{prompt}” has no mask that says where it is; paint or choose one")]
    NoMask { prompt: String },
    #[error("the weight of the region “{prompt}” must be from 0 to 1, found {found}")]
    Weight { prompt: String, found: f64 },
    #[error(
        "the mask of the region “{prompt}” is {}×{} and what it lies on is {}×{}, another shape; save it again in that \
         shape",
        found.0, found.1, wanted.0, wanted.1
    )]
    Shape { prompt: String, found: (u32, u32), wanted: (u32, u32) },
}

/// One area with words of its own. Outside of all regions the picture's prompt counts alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Region {
    /// Where it is, in the shape of the picture: white wholly, grey in part. Not written with the settings: it is a
    /// picture of its own.
    #[serde(skip)]
    pub mask: Option<Arc<MaskPlane>>,
    /// What is drawn there, read as the picture's prompt is; its tags and `AND` are words.
    pub prompt: String,
    /// What is not; `None` where the picture's negative prompt counts there too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// What the choices of `prompt` came to for this very picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn_prompt: Option<String>,
    /// The same of `negative`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn_negative: Option<String>,
    /// What its layer is called, where it is one: for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// 1 where its words count alone in its area, 0.5 where the picture's count as much, 0 not at all. Where regions lie
    /// over each other, each counts by its weight.
    pub weight: f64,
}

impl Region {
    pub const MOST: usize = 16;

    /// At full weight.
    #[must_use]
    pub fn new(mask: Arc<MaskPlane>, prompt: impl Into<String>) -> Self {
        Self { mask: Some(mask), prompt: prompt.into(), ..Self::default() }
    }

    /// For a person: its first words; without any, its layer's name.
    #[must_use]
    pub fn name(&self) -> String {
        const LETTERS: usize = 40;
        let words = match (self.prompt.trim(), self.layer.as_deref()) {
            ("", Some(layer)) => layer,
            ("", None) => "without words",
            (words, _) => words,
        };
        let name: String = words.chars().take(LETTERS).collect();
        if words.chars().count() > LETTERS { format!("{name}…") } else { name }
    }

    /// Its settings alone, with the choices of its words open again.
    #[must_use]
    pub fn without_pictures(&self) -> Self {
        Self { mask: None, drawn_prompt: None, drawn_negative: None, ..self.clone() }
    }

    /// What can be judged without its mask.
    ///
    /// # Errors
    /// Names the weight that is out of its range.
    pub fn validate_numbers(&self) -> Result<(), RegionError> {
        let found = self.weight;
        if (0.0..=1.0).contains(&found) { Ok(()) } else { Err(RegionError::Weight { prompt: self.name(), found }) }
    }

    /// What can be judged without the model.
    ///
    /// # Errors
    /// Names what is missing or out of its range.
    pub fn validate(&self) -> Result<(), RegionError> {
        self.validate_numbers()?;
        if self.mask.is_some() { Ok(()) } else { Err(RegionError::NoMask { prompt: self.name() }) }
    }
}

impl Default for Region {
    fn default() -> Self {
        Self {
            mask: None,
            prompt: String::new(),
            negative: None,
            drawn_prompt: None,
            drawn_negative: None,
            layer: None,
            weight: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_named() {
        let region = Region::new(Arc::new(MaskPlane::empty(4, 4)), "a red apple");
        assert_eq!(region.validate(), Ok(()));
        let said = Region { weight: 1.5, ..region.clone() }.validate().unwrap_err().to_string();
        assert!(said.contains("a red apple") && said.contains("1.5"), "{said}");
        assert!(Region { weight: f64::NAN, ..region.clone() }.validate().is_err());
        assert!(Region { mask: None, ..region.clone() }.validate().unwrap_err().to_string().contains("no mask"));
        // One without words is called by its layer.
        let wordless = Region { prompt: " ".into(), layer: Some("Region 2".into()), weight: 2.0, ..region };
        assert!(wordless.validate().unwrap_err().to_string().contains("“Region 2”"));
        assert_eq!(Region::default().name(), "without words");
    }

    #[test]
    fn settings_hold_no_mask() {
        let region = Region {
            negative: Some(String::new()),
            weight: 0.5,
            ..Region::new(Arc::new(MaskPlane::empty(4, 4)), "sky")
        };
        let written = serde_json::to_value(&region).unwrap();
        assert!(written.get("mask").is_none(), "{written}");
        assert_eq!(serde_json::from_value::<Region>(written).unwrap(), Region { mask: None, ..region });
    }
}
