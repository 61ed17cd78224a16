//! A picture that steers what is drawn, through a network of its own: a ControlNet or a T2I-Adapter.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pose::Pose;
use crate::mask::MaskPlane;
use crate::raster::{Picture, ResizeMode};

/// Which network a picture is shown to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlNetworkRef {
    /// The one that comes with the program, for the model that comes with it.
    #[default]
    Scribble,
    /// A file, or a folder in diffusers' layout.
    Path(PathBuf),
}

impl ControlNetworkRef {
    /// The built-in network's name.
    pub const SCRIBBLE: &str = "scribble";

    /// For a person: the file's name without its ending.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Scribble => Self::SCRIBBLE.to_owned(),
            Self::Path(path) if path.is_dir() => {
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            }
            Self::Path(path) => path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        }
    }
}

/// What a picture that steers shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlKind {
    Pose,
    Depth,
    SoftEdge,
    Scribble,
    Canny,
    Lineart,
    Mlsd,
    Normal,
    Segmentation,
    Tile,
    /// What is transparent in it is to be made up.
    Inpaint,
    Shuffle,
}

impl ControlKind {
    pub const ALL: [Self; 12] = [
        Self::Canny,
        Self::Lineart,
        Self::Mlsd,
        Self::SoftEdge,
        Self::Scribble,
        Self::Depth,
        Self::Normal,
        Self::Pose,
        Self::Segmentation,
        Self::Tile,
        Self::Inpaint,
        Self::Shuffle,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Pose => "pose",
            Self::Depth => "depth",
            Self::SoftEdge => "soft-edge",
            Self::Scribble => "scribble",
            Self::Canny => "canny",
            Self::Lineart => "lineart",
            Self::Mlsd => "mlsd",
            Self::Normal => "normal",
            Self::Segmentation => "segmentation",
            Self::Tile => "tile",
            Self::Inpaint => "inpaint",
            Self::Shuffle => "shuffle",
        }
    }

    /// By that name, or one that other programs have for it.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        let id = id.trim().to_lowercase().replace('_', "-");
        let known = Self::ALL.into_iter().find(|kind| kind.id() == id);
        known.or(match id.as_str() {
            "openpose" => Some(Self::Pose),
            "softedge" | "hed" | "pidi" => Some(Self::SoftEdge),
            "normalbae" | "normals" => Some(Self::Normal),
            "seg" => Some(Self::Segmentation),
            "repaint" => Some(Self::Inpaint),
            "blur" => Some(Self::Tile),
            _ => None,
        })
    }

    /// Its place in union networks, as their makers trained them.
    #[must_use]
    pub fn union_place(self) -> Option<usize> {
        match self {
            Self::Pose => Some(0),
            Self::Depth => Some(1),
            Self::SoftEdge | Self::Scribble => Some(2),
            Self::Canny | Self::Lineart | Self::Mlsd => Some(3),
            Self::Normal => Some(4),
            Self::Segmentation => Some(5),
            Self::Tile => Some(6),
            Self::Inpaint => Some(7),
            Self::Shuffle => None,
        }
    }
}

/// Whom the network helps where prompt and picture differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ControlMode {
    #[default]
    Balanced,
    /// The prompt: of the network less counts the finer a map is.
    Prompt,
    /// The picture: the same, and only in the passes with the prompt, so that guidance strengthens it (diffusers' guess
    /// mode).
    Control,
}

impl ControlMode {
    pub const ALL: [Self; 3] = [Self::Balanced, Self::Prompt, Self::Control];

    /// The name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Prompt => "prompt",
            Self::Control => "control",
        }
    }

    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.id() == id)
    }
}

/// What cannot be asked of a control.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum ControlError {
    #[error("the control {name} has no picture to steer by; choose one")]
    NoPicture { name: String },
    #[error("the weight of the control {name} must be from -{max} to {max}, found {found}", max = Control::MAX_WEIGHT)]
    Weight { name: String, found: f64 },
    #[error(
        "the control {name} must count from a share of the steps to a later one, both from 0 to 1, found {from} to {to}"
    )]
    Steps { name: String, from: f64, to: f64 },
    #[error(
        "the mask of the control {name} must be as large as its picture, {}×{}, found {}×{}; save it again at that size",
        wanted.0, wanted.1, found.0, found.1
    )]
    MaskSize { name: String, wanted: (u32, u32), found: (u32, u32) },
    #[error(
        "the picture of the control {name} is {}×{} and what it lies on is {}×{}, another shape; say how it is fitted \
         (stretch, crop, fit or pad), or save it in that shape",
        found.0, found.1, wanted.0, wanted.1
    )]
    Shape { name: String, found: (u32, u32), wanted: (u32, u32) },
}

/// One picture that steers, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Control {
    pub network: ControlNetworkRef,
    /// What it steers by. Not written with the settings: it is a picture of its own.
    #[serde(skip)]
    pub picture: Option<Arc<Picture>>,
    /// 1 as trained, 0 not at all.
    pub weight: f64,
    /// Shares of the steps that are taken, 0 to 1, between which it counts.
    pub from: f64,
    pub to: f64,
    /// What the picture shows; networks for several kinds must be told.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ControlKind>,
    pub mode: ControlMode,
    /// How the picture meets a size of another shape; `None` where it has the shape already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize: Option<ResizeMode>,
    /// The people that its picture was drawn of, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pose: Option<Pose>,
    /// Where it counts, as large as its picture; everywhere without one. Not written with the settings either.
    #[serde(skip)]
    pub mask: Option<Arc<MaskPlane>>,
}

impl Control {
    pub const MAX_WEIGHT: f64 = 10.0;

    /// At full weight over all steps.
    #[must_use]
    pub fn new(network: ControlNetworkRef, picture: Arc<Picture>) -> Self {
        Self { network, picture: Some(picture), ..Self::default() }
    }

    /// Whether it counts at model call `index` of `calls`, as diffusers reckons.
    #[must_use]
    pub fn is_on(&self, index: usize, calls: usize) -> bool {
        let calls = calls.max(1) as f64;
        let is_within = index as f64 / calls >= self.from && (index + 1) as f64 / calls <= self.to;
        is_within && self.weight != 0.0
    }

    /// The share of so many calls at which it counts.
    #[must_use]
    pub fn share_of(&self, calls: usize) -> f64 {
        let on = (0..calls).filter(|index| self.is_on(*index, calls)).count();
        on as f64 / calls.max(1) as f64
    }

    /// Its settings alone.
    #[must_use]
    pub fn without_pictures(&self) -> Self {
        Self { picture: None, mask: None, ..self.clone() }
    }

    /// What can be judged without the network.
    ///
    /// # Errors
    /// Names the first value that is out of its range.
    pub fn validate(&self) -> Result<(), ControlError> {
        self.validate_numbers()?;
        let name = || self.network.name();
        let Some(picture) = &self.picture else { return Err(ControlError::NoPicture { name: name() }) };
        let size = (picture.width(), picture.height());
        match &self.mask {
            Some(mask) if (mask.width(), mask.height()) != size => {
                Err(ControlError::MaskSize { name: name(), wanted: size, found: (mask.width(), mask.height()) })
            }
            _ => Ok(()),
        }
    }

    /// The same of what stands in settings, where the pictures are not.
    ///
    /// # Errors
    /// A weight or a share that is out of its range.
    pub fn validate_numbers(&self) -> Result<(), ControlError> {
        let name = || self.network.name();
        if self.weight.is_nan() || self.weight.abs() > Self::MAX_WEIGHT {
            return Err(ControlError::Weight { name: name(), found: self.weight });
        }
        let is_share = |share: f64| (0.0..=1.0).contains(&share);
        if !is_share(self.from) || !is_share(self.to) || self.from >= self.to {
            return Err(ControlError::Steps { name: name(), from: self.from, to: self.to });
        }
        Ok(())
    }
}

impl Default for Control {
    fn default() -> Self {
        Self {
            network: ControlNetworkRef::default(),
            picture: None,
            weight: 1.0,
            from: 0.0,
            to: 1.0,
            kind: None,
            mode: ControlMode::default(),
            resize: None,
            pose: None,
            mask: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_counts_between_its_steps_as_in_diffusers() {
        let on = |from: f64, to: f64, calls: usize| {
            let control = Control { from, to, ..Control::default() };
            (0..calls).filter(|index| control.is_on(*index, calls)).collect::<Vec<_>>()
        };
        assert_eq!(on(0.0, 1.0, 4), [0, 1, 2, 3]);
        assert_eq!(on(0.2, 0.7, 5), [1, 2]);
        assert_eq!(on(0.0, 0.5, 5), [0, 1]);
        assert!(on(0.9, 1.0, 5).is_empty());
        assert_eq!(Control { weight: 0.0, ..Control::default() }.share_of(5).to_bits(), 0);
    }

    #[test]
    fn what_is_out_of_range_is_named_with_the_network() {
        let picture = Some(Arc::new(Picture::filled(4, 4, [0; 4])));
        let good = Control { picture, ..Control::default() };
        let said = |change: &dyn Fn(&mut Control)| {
            let mut control = good.clone();
            change(&mut control);
            control.validate().map_err(|error| error.to_string())
        };
        assert_eq!(said(&|_| ()), Ok(()));
        for (change, words) in [
            (&(|c: &mut Control| c.weight = f64::NAN) as &dyn Fn(&mut Control), "weight"),
            (&|c: &mut Control| (c.from, c.to) = (0.8, 0.2), "steps"),
            (&|c: &mut Control| c.to = 1.5, "steps"),
            (&|c: &mut Control| c.picture = None, "picture"),
            (&|c: &mut Control| c.mask = Some(Arc::new(MaskPlane::empty(4, 5))), "mask"),
        ] {
            let sentence = said(change).unwrap_err();
            assert!(sentence.contains("scribble") && sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn the_settings_come_back_without_the_pictures() {
        let control = Control {
            network: ControlNetworkRef::Path("a,b=c.safetensors".into()),
            kind: Some(ControlKind::SoftEdge),
            mode: ControlMode::Control,
            resize: Some(ResizeMode::Crop),
            pose: Some(Pose::standing([64, 96])),
            weight: 0.5,
            ..Control::default()
        };
        let written = serde_json::to_string(&control).unwrap();
        assert_eq!(serde_json::from_str::<Control>(&written).unwrap(), control);
        assert!(written.contains(r#""type":"soft-edge""#), "{written}");
        for kind in ControlKind::ALL {
            assert_eq!(ControlKind::from_id(kind.id()), Some(kind));
        }
    }
}
