//! A picture that the prompt speaks of: for models that read such pictures, or through an IP-Adapter.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::mask::MaskPlane;
use crate::raster::Picture;

/// An IP-Adapter's files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReferenceAdapter {
    pub file: PathBuf,
    /// The image encoder's folder; `None` is `image_encoder` beside the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<PathBuf>,
}

impl ReferenceAdapter {
    /// Whether its files' names can be written as text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        let encoder = self.encoder.as_ref();
        self.file.to_str().is_some() && encoder.is_none_or(|folder| folder.to_str().is_some())
    }

    /// For a person: the file's name without its ending.
    #[must_use]
    pub fn name(&self) -> String {
        self.file.file_stem().unwrap_or(self.file.as_os_str()).to_string_lossy().into_owned()
    }

    /// Where the image encoder is: beside the file, or, as it is published, beside the file's folder.
    #[must_use]
    pub fn encoder_folder(&self) -> PathBuf {
        const FOLDER: &str = "image_encoder";
        if let Some(folder) = &self.encoder {
            return folder.clone();
        }
        let beside = |up: usize| self.file.ancestors().nth(up).map(|folder| folder.join(FOLDER));
        let found = (1..=2).filter_map(beside).find(|folder| folder.is_dir());
        found.or_else(|| beside(1)).unwrap_or_else(|| FOLDER.into())
    }
}

/// What of a picture an adapter passes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceUse {
    #[default]
    All,
    /// Colours and manner alone (`InstantStyle`, arXiv 2404.02733).
    Style,
    /// Where things are alone.
    Composition,
}

impl ReferenceUse {
    pub const ALL: [Self; 3] = [Self::All, Self::Style, Self::Composition];

    /// The name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Style => "style",
            Self::Composition => "composition",
        }
    }

    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.id() == id)
    }
}

/// What cannot be asked of a reference.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum ReferenceError {
    #[error("at most {max} reference pictures can be given, found {found}", max = Reference::MOST)]
    Count { found: usize },
    #[error("a reference has no picture; choose one")]
    NoPicture,
    #[error("the weight of a reference must be from -{max} to {max}, found {found}", max = Reference::MAX_WEIGHT)]
    Weight { found: f64 },
    #[error("a reference must count from a share of the steps to a later one, both from 0 to 1, found {from} to {to}")]
    Steps { from: f64, to: f64 },
    #[error(
        "the mask of a reference is {}×{} and what it lies on is {}×{}, another shape; save it again in that shape",
        found.0, found.1, wanted.0, wanted.1
    )]
    MaskShape { found: (u32, u32), wanted: (u32, u32) },
}

/// One picture that the prompt speaks of, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reference {
    /// Not written with the settings: it is a picture of its own.
    #[serde(skip)]
    pub picture: Option<Arc<Picture>>,
    /// `None` for models that read pictures themselves; what follows is an adapter's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<ReferenceAdapter>,
    /// 1 as trained, 0 not at all.
    pub weight: f64,
    /// Shares of the steps that are taken, 0 to 1, between which it counts.
    pub from: f64,
    pub to: f64,
    #[serde(rename = "use")]
    pub used: ReferenceUse,
    /// Where it counts, in the shape of what is drawn; everywhere without one. Not written with the settings either.
    #[serde(skip)]
    pub mask: Option<Arc<MaskPlane>>,
}

impl Reference {
    pub const MOST: usize = 4;
    pub const MAX_WEIGHT: f64 = 10.0;

    /// For a model that reads pictures.
    #[must_use]
    pub fn new(picture: Arc<Picture>) -> Self {
        Self { picture: Some(picture), ..Self::default() }
    }

    /// Through an adapter, at full weight.
    #[must_use]
    pub fn through(adapter: ReferenceAdapter, picture: Arc<Picture>) -> Self {
        Self { adapter: Some(adapter), ..Self::new(picture) }
    }

    /// Whether it counts at model call `index` of `calls`, as a control does.
    #[must_use]
    pub fn is_on(&self, index: usize, calls: usize) -> bool {
        let calls = calls.max(1) as f64;
        let is_within = index as f64 / calls >= self.from && (index + 1) as f64 / calls <= self.to;
        is_within && self.weight != 0.0
    }

    /// Its settings alone.
    #[must_use]
    pub fn without_pictures(&self) -> Self {
        Self { picture: None, mask: None, ..self.clone() }
    }

    /// What can be judged without its pictures.
    ///
    /// # Errors
    /// Names the first value that is out of its range.
    pub fn validate_numbers(&self) -> Result<(), ReferenceError> {
        let Self { weight, from, to, .. } = *self;
        if !(-Self::MAX_WEIGHT..=Self::MAX_WEIGHT).contains(&weight) {
            return Err(ReferenceError::Weight { found: weight });
        }
        if (0.0..=1.0).contains(&from) && (0.0..=1.0).contains(&to) && from < to {
            return Ok(());
        }
        Err(ReferenceError::Steps { from, to })
    }

    /// What can be judged without the model.
    ///
    /// # Errors
    /// Names what is missing or out of its range.
    pub fn validate(&self) -> Result<(), ReferenceError> {
        self.validate_numbers()?;
        if self.picture.is_some() { Ok(()) } else { Err(ReferenceError::NoPicture) }
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self {
            picture: None,
            adapter: None,
            weight: 1.0,
            from: 0.0,
            to: 1.0,
            used: ReferenceUse::default(),
            mask: None,
        }
    }
}
