//! What the list of layers keeps besides the layers themselves, which are the canvas's.

use std::path::{Path, PathBuf};

use egui::Rect;

use super::annotating::Annotating;
use super::looks::LayerLooks;
use crate::canvas::{LayerId, LayerSettings, LayerState, LayerUse};
use crate::job::{Control, ControlKind, ControlNetworkRef};
use crate::raster::ResizeMode;
use crate::store::models::controls::ControlEntry;
use crate::store::models::entry::ModelEntry;
use crate::ui::action::Maker;

#[derive(Debug, Default)]
pub struct LayersState {
    /// As somebody folded it; else it is open as long as there is a layer besides picture and mask.
    pub open: Option<bool>,
    /// Where only a rail fits: opened from there, for the moment.
    pub over_canvas: bool,
    pub more_is_open: bool,
    pub place_is_open: bool,
    pub renaming: Option<Renaming>,
    /// Files that the store reads to become layers.
    pub opening: Vec<(PathBuf, Option<Maker>)>,
    /// What was deleted last, and its place.
    pub removed: Option<(usize, LayerState)>,
    /// The networks that layers may be shown to, besides the built-in one.
    pub networks: Vec<ControlEntry>,
    pub looks: LayerLooks,
    pub annotating: Annotating,
    /// Where the list was drawn last: a file that is dropped there becomes a layer.
    pub rect: Option<Rect>,
    /// How high the chosen layer's settings came out last.
    pub settings_height: f32,
}

/// A layer whose name is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    pub layer: LayerId,
    pub name: String,
    /// Whether the field has had the keyboard yet.
    pub has_begun: bool,
}

impl LayersState {
    /// A new layer that steers, for a model.
    #[must_use]
    pub fn new_control(&self, name: &str, kind: Option<ControlKind>, model: Option<&ModelEntry>) -> LayerSettings {
        let network = self.network_for(kind, model);
        let control = Control { network, kind, resize: Some(ResizeMode::Crop), ..Control::default() };
        LayerSettings { name: name.to_owned(), layer_use: LayerUse::Control(control), ..LayerSettings::default() }
    }

    /// Takes a file off those that are waited for, with what is to be made of it.
    pub(crate) fn take_off(&mut self, file: &Path) -> Option<(PathBuf, Option<Maker>)> {
        let at = self.opening.iter().position(|(waiting, _)| waiting == file)?;
        Some(self.opening.remove(at))
    }

    /// The network that suits such pictures best; the built-in one where there is none.
    fn network_for(&self, kind: Option<ControlKind>, model: Option<&ModelEntry>) -> ControlNetworkRef {
        let Some(model) = model.filter(|model| model.reference.built_in_name().is_none()) else {
            return ControlNetworkRef::Scribble;
        };
        let fitting = || self.networks.iter().filter(|known| known.fits(&model.facts.family));
        let named = kind.and_then(|kind| fitting().find(|known| known.is_named_for(kind)));
        let found = named.or_else(|| fitting().find(|known| known.is_union)).or_else(|| fitting().next());
        found.map_or(ControlNetworkRef::Scribble, |known| ControlNetworkRef::Path(known.path.clone()))
    }

    /// Why a network will not steer this model, where that is known.
    #[must_use]
    pub fn misfit(&self, network: &ControlNetworkRef, model: Option<&ModelEntry>) -> Option<String> {
        let model = model?;
        match network {
            ControlNetworkRef::Scribble if model.reference.built_in_name().is_some() => None,
            ControlNetworkRef::Scribble => Some(
                "Scribble was made for the built-in model. Choose a network that was made for this one; they lie in the \
                 models folder, under control."
                    .into(),
            ),
            ControlNetworkRef::Path(path) => {
                let known = self.networks.iter().find(|known| known.path == *path)?;
                let family = known.family.filter(|_| !known.fits(&model.facts.family))?;
                Some(format!("{} was made for {}, and this model is {}.", known.name, family.name(), model.facts.family))
            }
        }
    }
}

/// What a layer is called that comes with a picture's settings.
#[must_use]
pub(crate) fn control_name(control: &Control) -> String {
    match control.kind {
        Some(ControlKind::Canny) => "Edges".into(),
        Some(ControlKind::Lineart) => "Lines".into(),
        Some(ControlKind::Tile) => "Blur".into(),
        Some(ControlKind::Depth) => "Depth".into(),
        Some(ControlKind::Pose) => "Pose".into(),
        _ if control.network == ControlNetworkRef::Scribble => "Scribble".into(),
        _ => control.network.name(),
    }
}
