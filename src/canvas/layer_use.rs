//! What a layer over the picture is for.

use serde::{Deserialize, Serialize};

use crate::job::{Control, ControlNetworkRef, Pose, Reference, Region};

/// What a layer is for. Its pixels are the layer's own, so there are none in here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerUse {
    /// It steers what is drawn, through a network.
    Control(Control),
    /// What is painted on it is an area with words of its own.
    Region(RegionLayer),
    /// A picture that the prompt speaks of. It has no place on the canvas.
    Reference(Reference),
}

/// A painted area with words of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegionLayer {
    pub region: Region,
    /// So far its border fades to both sides, in pixels of the canvas.
    pub softness_px: u32,
    /// Which of the regions' colours it is seen in.
    pub colour: u8,
}

impl RegionLayer {
    /// So many colours tell regions from each other.
    pub const COLOURS: u8 = 4;
    pub const MOST_SOFTNESS_PX: u32 = 512;

    /// Whether nothing is written that could be drawn there.
    #[must_use]
    pub fn is_wordless(&self) -> bool {
        self.region.prompt.trim().is_empty()
    }
}

impl LayerUse {
    #[must_use]
    pub fn control(&self) -> Option<&Control> {
        if let Self::Control(control) = self { Some(control) } else { None }
    }

    pub fn control_mut(&mut self) -> Option<&mut Control> {
        if let Self::Control(control) = self { Some(control) } else { None }
    }

    #[must_use]
    pub fn region(&self) -> Option<&RegionLayer> {
        if let Self::Region(region) = self { Some(region) } else { None }
    }

    pub fn region_mut(&mut self) -> Option<&mut RegionLayer> {
        if let Self::Region(region) = self { Some(region) } else { None }
    }

    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        if let Self::Reference(reference) = self { Some(reference) } else { None }
    }

    pub fn reference_mut(&mut self) -> Option<&mut Reference> {
        if let Self::Reference(reference) = self { Some(reference) } else { None }
    }

    /// The people on a layer that shows some.
    #[must_use]
    pub fn pose(&self) -> Option<&Pose> {
        self.control()?.pose.as_ref()
    }

    /// How much it counts.
    #[must_use]
    pub fn weight(&self) -> f64 {
        match self {
            Self::Control(control) => control.weight,
            Self::Region(layer) => layer.region.weight,
            Self::Reference(reference) => reference.weight,
        }
    }

    /// Whether its pixels lie on the canvas, and go along with it.
    #[must_use]
    pub fn lies_on_canvas(&self) -> bool {
        !matches!(self, Self::Reference(_))
    }

    /// What can be judged of its settings.
    ///
    /// # Errors
    /// A sentence that names what is out of its range.
    pub fn validate(&self) -> Result<(), String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        match self {
            Self::Control(control) => control.validate_numbers().map_err(|error| text(&error)),
            Self::Region(layer) if layer.softness_px > RegionLayer::MOST_SOFTNESS_PX => {
                Err(format!("a region is at most {} pixels soft", RegionLayer::MOST_SOFTNESS_PX))
            }
            Self::Region(layer) => layer.region.validate_numbers().map_err(|error| text(&error)),
            Self::Reference(reference) => reference.validate_numbers().map_err(|error| text(&error)),
        }
    }

    /// The same as it can be written: a file's name that is no text cannot, and nothing else shall be lost for it.
    #[must_use]
    pub fn writable(mut self) -> Self {
        match &mut self {
            Self::Control(Control { network, .. }) => {
                if matches!(network, ControlNetworkRef::Path(path) if path.to_str().is_none()) {
                    *network = ControlNetworkRef::default();
                }
            }
            Self::Reference(Reference { adapter, .. }) => {
                if adapter.as_ref().is_some_and(|adapter| !adapter.is_text()) {
                    *adapter = None;
                }
            }
            Self::Region(_) => {}
        }
        self
    }
}

impl Default for LayerUse {
    fn default() -> Self {
        Self::Control(Control::default())
    }
}
