//! What the list of layers keeps besides the layers themselves, which are the canvas's.

use std::path::{Path, PathBuf};

use egui::Rect;

use super::annotating::Annotating;
use super::looks::LayerLooks;
use crate::canvas::{LayerId, LayerSettings, LayerState, LayerUse, RegionLayer, Stack};
use crate::job::{Control, ControlKind, ControlNetworkRef, Family, Reference, ReferenceAdapter};
use crate::raster::ResizeMode;
use crate::store::models::controls::ControlEntry;
use crate::store::models::entry::ModelEntry;
use crate::store::models::image_adapters::AdapterEntry;
use crate::ui::action::Maker;

#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "folds that open apart from each other, and a wish")]
pub struct LayersState {
    /// As somebody folded it; else it is open as long as there is a layer besides picture and mask.
    pub open: Option<bool>,
    /// Where only a rail fits: opened from there, for the moment.
    pub over_canvas: bool,
    pub more_is_open: bool,
    pub place_is_open: bool,
    pub renaming: Option<Renaming>,
    /// The keyboard goes to the words of the chosen region as soon as they are drawn.
    pub wants_words: bool,
    /// Files that the store reads to become layers.
    pub opening: Vec<(PathBuf, Becomes)>,
    /// What was deleted last, and its place.
    pub removed: Option<(usize, LayerState)>,
    /// The networks that layers may be shown to, besides the built-in one.
    pub networks: Vec<ControlEntry>,
    /// The IP-Adapters that references may go through.
    pub adapters: Vec<AdapterEntry>,
    pub looks: LayerLooks,
    pub annotating: Annotating,
    /// Where the list was drawn last: a file that is dropped there becomes a layer.
    pub rect: Option<Rect>,
    /// How high the chosen layer's settings came out last.
    pub settings_height: f32,
}

/// What a file becomes as soon as it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Becomes {
    /// It steers, as it is or as something that is made of it.
    Control(Option<Maker>),
    /// The prompt speaks of it.
    Reference,
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

    /// A new area with words of its own, in the colour that the fewest have.
    #[must_use]
    pub fn new_region(stack: &Stack) -> LayerSettings {
        let regions = || stack.layers().iter().filter_map(|layer| layer.settings.layer_use.region());
        let count = |colour: u8| regions().filter(|region| region.colour == colour).count();
        let colour = (0..RegionLayer::COLOURS).min_by_key(|colour| count(*colour)).unwrap_or(0);
        let layer_use = LayerUse::Region(RegionLayer { colour, ..RegionLayer::default() });
        LayerSettings { name: free_name(stack, "Region"), layer_use, ..LayerSettings::default() }
    }

    /// Takes a file off those that are waited for, with what is to be made of it.
    pub(crate) fn take_off(&mut self, file: &Path) -> Option<Becomes> {
        let at = self.opening.iter().position(|(waiting, _)| waiting == file)?;
        Some(self.opening.remove(at).1)
    }

    /// A new picture that the prompt speaks of, for a model.
    #[must_use]
    pub fn new_reference(&self, name: String, model: Option<&ModelEntry>) -> LayerSettings {
        let family = model.filter(|model| !reads_pictures(model)).map(|model| model.facts.family.as_str());
        let fitting = || self.adapters.iter().filter(|known| family.is_some_and(|family| known.fits(family)));
        let best = fitting().find(|known| known.has_encoder).or_else(|| fitting().next());
        let adapter = best.map(|known| ReferenceAdapter { file: known.path.clone(), encoder: None });
        let layer_use = LayerUse::Reference(Reference { adapter, ..Reference::default() });
        LayerSettings { name, layer_use, ..LayerSettings::default() }
    }

    /// Why an adapter will not go with this model, where that is known.
    #[must_use]
    pub fn adapter_misfit(&self, adapter: &Path, model: Option<&ModelEntry>) -> Option<String> {
        let family = &model?.facts.family;
        let known = self.adapters.iter().find(|known| known.path == *adapter)?;
        if !known.fits(family) {
            let own = known.family.map_or("another model", Family::name);
            return Some(format!("{} was made for {own}, and this model is {family}.", known.name));
        }
        (!known.has_encoder)
            .then(|| format!("{} lacks its image encoder: put the folder image_encoder beside its file.", known.name))
    }

    /// Why a reference does not count, where that is known.
    #[must_use]
    pub fn reference_misfit(&self, reference: &Reference, model: Option<&ModelEntry>) -> Option<String> {
        let entry = model?;
        match &reference.adapter {
            Some(adapter) if reads_pictures(entry) => Some(format!(
                "{} reads pictures itself: choose no adapter, {} is for Stable Diffusion models.",
                entry.name,
                adapter.name()
            )),
            Some(adapter) => self.adapter_misfit(&adapter.file, model),
            None if reads_pictures(entry) => None,
            None => Some(
                "This model reads no pictures itself. Choose an IP-Adapter that was made for it; they lie in the models \
                 folder, under ip-adapters."
                    .into(),
            ),
        }
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

    /// Why regions do not work with this model, where that is known.
    #[must_use]
    pub fn region_misfit(model: Option<&ModelEntry>) -> Option<String> {
        let family = &model?.facts.family;
        // They work by the cross-attention that Stable Diffusion's families have.
        let has_attention = family.is_empty() || family.starts_with(Family::Other.name());
        (!has_attention).then(|| format!("Regions work with Stable Diffusion models, and this one is {family}."))
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

/// Whether a model reads pictures beside its prompt by itself.
#[must_use]
pub(crate) fn reads_pictures(model: &ModelEntry) -> bool {
    model.facts.family.starts_with(Family::Klein.name())
}

/// "Region", or "Region 2" where that is taken.
#[must_use]
pub(crate) fn free_name(stack: &Stack, name: &str) -> String {
    let is_taken = |wanted: &str| stack.layers().iter().any(|layer| layer.settings.name == wanted);
    let numbered = (2..).map(|number| format!("{name} {number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|wanted| !is_taken(wanted)).unwrap_or_default()
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
