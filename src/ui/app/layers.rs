//! The layers beyond one action: what was being set becomes a step, and their small pictures follow them.

use std::sync::Arc;

use crate::canvas::{Content, LayerSettings, LayerUse, MaskLayer, RegionLayer};
use crate::job::{Control, Reference, Region, Request};
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::ui::action::{Action, LayerAction};
use crate::ui::app::studio::Studio;
use crate::ui::canvas::place;
use crate::ui::layers::looks::SeenOf;
use crate::ui::layers::state::control_name;
use crate::ui::state::AppState;

impl Studio {
    /// Once a frame.
    pub(super) fn follow_layers(&mut self, ctx: &egui::Context) {
        let is_held = ctx.input(|input| input.pointer.any_down()) || ctx.text_edit_focused();
        if !is_held {
            self.state.canvas.document.end_editing();
        }
        let AppState { canvas, layers, .. } = &mut self.state;
        place::keep_to_its_layer(canvas);
        if let Some((failed, work)) = layers.looks.next(&canvas.document) {
            self.background.queue(Some(Action::Layers(failed)), move || Some(Action::Layers(work())));
        }
        self.follow_what_is_seen();
    }

    /// While it is looked at, what the network will see of the chosen layer.
    fn follow_what_is_seen(&mut self) {
        let state = &self.state;
        let is_shown = state.canvas.overlay.shows_model_view;
        let chosen = state.canvas.chosen_layer().filter(|_| is_shown);
        let Some(layer) = chosen.filter(|layer| layer.settings.layer_use.lies_on_canvas()) else { return };
        if state.canvas.document.is_painting() {
            return;
        }
        let of = SeenOf {
            layer: layer.id,
            changed: layer.changed,
            used: layer.settings.layer_use.clone(),
            place: state.control_place(),
            lies: state.lies_on(layer),
        };
        let content = layer.content.clone();
        let counts_where = layer.counts_where().map(MaskLayer::shared);
        if let Some((ask, work)) = self.state.layers.looks.ask(of, &content, counts_where) {
            let words = Err("This could not be worked out.".to_owned());
            let failed = Action::Layers(LayerAction::Seen { ask, picture: words });
            self.background.queue(Some(failed), move || Some(Action::Layers(work())));
        }
    }

    /// The layers of a picture that is used again, front first, in the place of those that are there. One that was made
    /// from words and layers alone switches the canvas's picture off.
    pub(super) fn take_layers(&mut self, request: &Request, from_words: bool, paper_px: [u32; 2]) {
        let regions = request.regions.iter().enumerate().filter_map(|(place, region)| region_again(place, region));
        let controls = request.controls.iter().filter_map(control_again);
        let references = request.references.iter().enumerate();
        let references = references.filter_map(|(place, reference)| reference_again(place, reference));
        let layers: Vec<LayerAgain> = regions.chain(controls).chain(references).collect();
        if layers.is_empty() {
            self.state.toasts.note("That file has not the pictures of its layers, so none of them is here.");
            self.switch_layers_off();
            return;
        }
        self.state.canvas.change_layers(move |canvas| {
            let canvas_px = canvas.size_px().unwrap_or(paper_px);
            let layer = |LayerAgain { mut settings, pixels, mask }: LayerAgain| {
                let content = match pixels {
                    Pixels::Area(plane) => Content::Drawing(MaskLayer::new(Arc::unwrap_or_clone(plane))),
                    Pixels::Picture(picture) if settings.layer_use.lies_on_canvas() => {
                        Content::of_picture(picture, canvas_px)
                    }
                    Pixels::Picture(picture) => Content::Picture(picture),
                };
                settings.opacity = if matches!(content, Content::Drawing(_)) { 1.0 } else { 0.5 };
                (settings, content, mask)
            };
            Some(canvas.with_layers(layers.into_iter().map(layer).collect(), from_words, paper_px))
        });
    }

    /// A picture that was made without layers is used again: those that are there would make another one of it.
    pub(super) fn switch_layers_off(&mut self) {
        if self.state.steering_layers().next().is_none() {
            return;
        }
        self.state.canvas.document.change_stack(|stack| {
            stack.layers.iter_mut().for_each(|layer| layer.settings.is_on = false);
            true
        });
        self.state.toasts.note("That picture was made without layers: they are switched off.");
    }
}

/// A layer of a picture that is used again.
struct LayerAgain {
    settings: LayerSettings,
    pixels: Pixels,
    mask: Option<Arc<MaskPlane>>,
}

enum Pixels {
    Area(Arc<MaskPlane>),
    Picture(Arc<Picture>),
}

impl LayerAgain {
    fn new(name: String, layer_use: LayerUse, pixels: Pixels, mask: Option<Arc<MaskPlane>>) -> Self {
        Self { settings: LayerSettings { name, layer_use, ..LayerSettings::default() }, pixels, mask }
    }
}

/// Nothing where its picture is not in the file.
fn control_again(control: &Control) -> Option<LayerAgain> {
    let layer_use = LayerUse::Control(control.without_pictures());
    let pixels = Pixels::Picture(control.picture.clone()?);
    Some(LayerAgain::new(control_name(control), layer_use, pixels, control.mask.clone()))
}

fn region_again(place: usize, region: &Region) -> Option<LayerAgain> {
    let area = Pixels::Area(region.mask.clone()?);
    let name = region.layer.clone().unwrap_or_else(|| numbered("Region", place));
    let colour = (place % usize::from(RegionLayer::COLOURS)) as u8;
    let region = Region { layer: None, ..region.without_pictures() };
    let layer_use = LayerUse::Region(RegionLayer { region, colour, softness_px: 0 });
    Some(LayerAgain::new(name, layer_use, area, None))
}

fn reference_again(place: usize, reference: &Reference) -> Option<LayerAgain> {
    let pixels = Pixels::Picture(reference.picture.clone()?);
    let layer_use = LayerUse::Reference(reference.without_pictures());
    Some(LayerAgain::new(numbered("Reference", place), layer_use, pixels, reference.mask.clone()))
}

/// "Region", "Region 2"
fn numbered(name: &str, place: usize) -> String {
    if place == 0 { name.to_owned() } else { format!("{name} {}", place + 1) }
}
