//! What the next picture takes from the canvas besides numbers: the picture and the layers, put together on another thread.

use super::{AppState, Mode};
use std::sync::Arc;

use crate::canvas::{Content, Layer, MaskLayer, PictureLayer};
use crate::job::{Control, ControlPlace, InitPicture, LiesOn, Request};
use crate::mask::MaskPlane;
use crate::raster::ResizeMode;

/// Taken at a press; what is painted later is not in it.
pub(crate) struct CanvasForRun {
    picture: Option<(PictureLayer, f64)>,
    /// Of the request's controls, in their order; with where each counts.
    contents: Vec<(LiesOn, Content, Option<Arc<MaskPlane>>)>,
}

impl CanvasForRun {
    /// Gives the request its pictures. To be called where whole pictures may be worked on.
    pub(crate) fn fill(self, request: &mut Request) {
        request.init = self.picture.map(|(picture, strength)| InitPicture { picture: picture.whole(), strength });
        for (control, (lies, content, mask)) in request.controls.iter_mut().zip(self.contents) {
            control.put_on(&lies, content.seen(), mask);
        }
    }
}

impl AppState {
    /// The layers that steer the next picture, front first.
    pub(crate) fn steering_layers(&self) -> impl Iterator<Item = &Layer> {
        let layers = self.canvas.document.stack().layers().iter();
        layers.filter(|layer| {
            layer.settings.is_on && !layer.content.is_empty() && layer.settings.layer_use.control().weight != 0.0
        })
    }

    /// Their settings, without the pictures.
    #[must_use]
    pub(crate) fn next_controls(&self) -> Vec<Control> {
        self.steering_layers().map(|layer| layer.settings.layer_use.control().clone()).collect()
    }

    /// What the request for the next picture is filled with.
    #[must_use]
    pub(crate) fn canvas_for_run(&self) -> CanvasForRun {
        let is_used = self.mode() != Mode::Create;
        let picture = self.canvas.document.picture().filter(|_| is_used);
        CanvasForRun {
            picture: picture.map(|picture| (picture.clone(), self.next_strength())),
            contents: self
                .steering_layers()
                .map(|layer| (self.lies_on(layer), layer.content.clone(), layer.counts_where().map(MaskLayer::shared)))
                .collect(),
        }
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
