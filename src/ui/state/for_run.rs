//! What the next picture takes from the canvas besides numbers: the picture and the layers, put together on another thread.

use std::path::PathBuf;
use std::sync::Arc;

use super::{AppState, Mode};

use crate::canvas::{Content, Layer, MaskLayer, PictureLayer, RegionLayer};
use crate::job::{Control, ControlPlace, InitPicture, LiesOn, Placement, Reference, Region, Request};
use crate::mask::MaskPlane;
use crate::raster::ResizeMode;
use crate::ui::action::NewLayer;
use crate::ui::layers::state::reads_pictures;

/// Taken at a press; what is painted later is not in it.
pub(crate) struct CanvasForRun {
    picture: Option<(PictureLayer, f64)>,
    /// Where what is painted comes to lie.
    place: ControlPlace,
    /// Of the request's controls, in their order; with where each counts.
    contents: Vec<(LiesOn, Content, Option<Arc<MaskPlane>>)>,
    /// Of the request's regions: what is painted, how it lies on the canvas, and how soft its border is.
    areas: Vec<(Content, Placement, u32)>,
    /// Of the request's references, with where each counts.
    references: Vec<(Content, Option<Arc<MaskPlane>>)>,
}

impl CanvasForRun {
    /// Gives the request its pictures. To be called where whole pictures may be worked on.
    pub(crate) fn fill(self, request: &mut Request) {
        request.init = self.picture.map(|(picture, strength)| InitPicture { picture: picture.whole(), strength });
        for (control, (lies, content, mask)) in request.controls.iter_mut().zip(self.contents) {
            control.put_on(&lies, content.seen(), mask);
        }
        for (region, (content, placement, softness_px)) in request.regions.iter_mut().zip(self.areas) {
            region.mask = content.area(&placement, softness_px).map(|area| self.place.shaped(Arc::new(area)));
        }
        for (reference, (content, mask)) in request.references.iter_mut().zip(self.references) {
            reference.picture = Some(content.seen());
            reference.mask = mask.map(|mask| self.place.shaped(mask));
        }
    }
}

impl AppState {
    /// The layers that count for the next picture, front first.
    pub(crate) fn steering_layers(&self) -> impl Iterator<Item = &Layer> {
        let layers = self.canvas.document.stack().layers().iter();
        layers.filter(|layer| {
            let layer_use = &layer.settings.layer_use;
            let is_wordless = layer_use.region().is_some_and(RegionLayer::is_wordless);
            layer.settings.is_on && !layer.content.is_empty() && layer_use.weight() != 0.0 && !is_wordless
        })
    }

    fn steering_controls(&self) -> impl Iterator<Item = (&Layer, &Control)> {
        self.steering_layers().filter_map(|layer| Some((layer, layer.settings.layer_use.control()?)))
    }

    fn steering_regions(&self) -> impl Iterator<Item = (&Layer, &RegionLayer)> {
        self.steering_layers().filter_map(|layer| Some((layer, layer.settings.layer_use.region()?)))
    }

    fn steering_references(&self) -> impl Iterator<Item = (&Layer, &Reference)> {
        self.steering_layers().filter_map(|layer| Some((layer, layer.settings.layer_use.reference()?)))
    }

    /// Their settings, without the pictures.
    #[must_use]
    pub(crate) fn next_controls(&self) -> Vec<Control> {
        self.steering_controls().map(|(_, control)| control.clone()).collect()
    }

    /// The areas with words of their own, without their masks.
    #[must_use]
    pub(crate) fn next_regions(&self) -> Vec<Region> {
        let named = |(layer, of): (&Layer, &RegionLayer)| Region {
            prompt: of.region.prompt.trim().to_owned(),
            layer: Some(layer.settings.name.clone()),
            ..of.region.clone()
        };
        self.steering_regions().map(named).collect()
    }

    /// The pictures that the prompt speaks of, without the pixels.
    #[must_use]
    pub(crate) fn next_references(&self) -> Vec<Reference> {
        self.steering_references().map(|(_, reference)| reference.clone()).collect()
    }

    /// Sizes of the layers' pictures that a model which reads pictures would read.
    #[must_use]
    pub(crate) fn next_read_px(&self) -> Vec<[u32; 2]> {
        let read = self.steering_references().filter(|(_, reference)| reference.adapter.is_none());
        read.map(|(layer, _)| layer.content.size_px()).collect()
    }

    /// The names of the areas that are painted, and do not count for want of words.
    #[must_use]
    pub(crate) fn wordless_regions(&self) -> Vec<String> {
        let layers = self.canvas.document.stack().layers().iter();
        let wordless = layers.filter(|layer| {
            let is_wordless = layer.settings.layer_use.region().is_some_and(RegionLayer::is_wordless);
            is_wordless && layer.settings.is_on && !layer.content.is_empty()
        });
        wordless.map(|layer| layer.settings.name.clone()).collect()
    }

    /// What the request for the next picture is filled with.
    #[must_use]
    pub(crate) fn canvas_for_run(&self) -> CanvasForRun {
        let is_used = self.mode() != Mode::Create;
        let picture = self.canvas.document.picture().filter(|_| is_used);
        let mask_of = |layer: &Layer| layer.counts_where().map(MaskLayer::shared);
        let content = |layer: &Layer| layer.content.clone();
        CanvasForRun {
            picture: picture.map(|picture| (picture.clone(), self.next_strength())),
            place: self.control_place(),
            contents: self
                .steering_controls()
                .map(|(layer, _)| (self.lies_on(layer), content(layer), mask_of(layer)))
                .collect(),
            areas: self
                .steering_regions()
                .map(|(layer, of)| (content(layer), layer.settings.placement, of.softness_px))
                .collect(),
            references: self.steering_references().map(|(layer, _)| (content(layer), mask_of(layer))).collect(),
        }
    }

    /// What a picture file becomes that is dropped on the list: a reference where one is chosen, or where the model reads
    /// pictures itself and nothing steers it; else a control.
    #[must_use]
    pub(crate) fn dropped_layer(&self, file: PathBuf) -> NewLayer {
        let is_chosen = self.canvas.chosen_layer().is_some_and(|layer| layer.settings.layer_use.reference().is_some());
        let reads = self.model().is_some_and(reads_pictures);
        if is_chosen || reads { NewLayer::Reference(file) } else { NewLayer::OfFile(file, None) }
    }

    /// How a layer lies on the canvas.
    #[must_use]
    pub(crate) fn lies_on(&self, layer: &Layer) -> LiesOn {
        let [width, height] = self.canvas.document.size_px().unwrap_or(layer.content.size_px());
        LiesOn { canvas_px: (width, height), placement: layer.settings.placement }
    }

    /// Where the next picture's controls come to lie, as the engine will have it.
    #[must_use]
    pub(crate) fn control_place(&self) -> ControlPlace {
        let photo = self.canvas.document.size_px().filter(|_| self.mode() != Mode::Create);
        let [width, height] = self.worked_size_px();
        match (photo, self.next_frame()) {
            (None, _) => ControlPlace::alone((width, height)),
            (Some([wide, tall]), Some(frame)) => ControlPlace::over((wide, tall), frame, ResizeMode::default(), true),
            (Some([wide, tall]), None) => {
                ControlPlace::over((wide, tall), self.whole_frame([wide, tall]), self.prompt.resize, false)
            }
        }
    }
}
