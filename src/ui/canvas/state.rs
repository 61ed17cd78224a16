//! The canvas's state: what lies there, what is looked at, and the gesture that is being made.

use std::path::PathBuf;
use std::sync::Arc;

use egui::Pos2;

use super::chips::Chip;
use super::placing::Placing;
use super::posing::Posing;
use super::selecting::Selecting;
use super::view::{View, ViewState};
use super::work::CanvasWork;
use crate::canvas::tools::{BrushSettings, Tool, ToolSettings};
use crate::canvas::{
    Content, Document, Layer, LayerId, LayerPart, LayerSettings, Origin, PictureLayer, Prepared, Snapshot,
};
use crate::mask::MaskPlane;
use crate::raster::Extension;
use crate::raster::Picture;
use crate::ui::action::{CanvasAction, LayerRow, LookingAt, WholeStep};

/// The middle of the window.
#[derive(Default)]
pub struct CanvasState {
    /// Picture and mask: what the next run works on.
    pub document: Document,
    /// Whether the canvas of the last time has come. Until then nothing is painted, so that nothing is overwritten.
    pub is_restored: bool,
    pub looking_at: LookingAt,
    /// Whether the canvas goes along to each picture that starts. Ends when a person chooses another one.
    pub follows_run: bool,
    pub view: ViewState,
    /// Where the picture was drawn last; the pointer's place is read from it.
    pub placed: Option<View>,
    /// Files that the store reads for the canvas.
    pub opening: Vec<PathBuf>,
    /// The row of the layers that tools work on; [`CanvasState::chosen`] says whether it is still there.
    pub chosen_row: LayerRow,
    pub tool: Tool,
    pub tools: ToolSettings,
    pub gesture: Gesture,
    /// What the numbers say that would be added, while they are open.
    pub extension: Option<Extension>,
    /// The size of the picture that the brushes were last fitted to.
    pub brushes_fit: Option<[u32; 2]>,
    pub selecting: Selecting,
    pub posing: Posing,
    pub placing: Placing,
    /// Where the words of regions were drawn last, from the back to the front.
    pub chips: Vec<Chip>,
    /// Steps that are worked out on another thread.
    pub work: CanvasWork,
    /// Where the last stroke ended, in picture pixels: a straight one goes on from there.
    pub last_point: Option<[f32; 2]>,
    pub overlay: Overlay,
    /// Whether the line about what the model cannot do was closed.
    pub notice_closed: bool,
    /// A strip's picture under the pointer, shown instead for as long as it stays there.
    pub peek: Option<LookingAt>,
}

/// What is drawn over the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    pub hides_mask: bool,
    /// What the model will see of it all.
    pub shows_model_view: bool,
}

/// What a pressed pointer does.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Gesture {
    #[default]
    Idle,
    Panning,
    /// With the last point in picture pixels.
    Painting {
        last: [f32; 2],
    },
    /// Corners of an outline in picture pixels; for a polygon it goes on after the pointer is lifted.
    Outlining {
        corners: Vec<[f32; 2]>,
        takes_away: bool,
    },
    /// Pixels that are being added.
    Extending(Extension),
}

impl CanvasState {
    #[must_use]
    pub fn has_picture(&self) -> bool {
        self.document.picture().is_some()
    }

    /// The canvas's picture as it came.
    #[must_use]
    pub fn base(&self) -> Option<&Arc<Picture>> {
        self.document.picture().map(PictureLayer::base)
    }

    /// Puts another picture (or none) on the canvas; `undo` brings the old one back.
    pub fn replace_picture(&mut self, picture: Option<(Arc<Picture>, Origin)>) {
        let old_size_px = self.document.size_px();
        self.document.replace(picture);
        self.look_at_canvas(old_size_px != self.document.size_px());
    }

    /// Lays a mask of any size over the picture. `false` when there is no picture.
    pub fn load_mask(&mut self, mask: MaskPlane) -> bool {
        if !self.has_picture() {
            return false;
        }
        self.work.add(WholeStep::Mask, |canvas| canvas.with_stretched_mask(mask));
        self.overlay.hides_mask = false;
        self.looking_at = LookingAt::Canvas;
        true
    }

    /// Whether the canvas's picture is worked on: one that is switched off only lies there.
    #[must_use]
    pub fn uses_picture(&self) -> bool {
        self.has_picture() && !self.document.stack().base().picture_is_off
    }

    /// The chosen row of the layers.
    #[must_use]
    pub fn chosen(&self) -> LayerRow {
        match self.chosen_row {
            LayerRow::Layer(id) | LayerRow::LayerMask(id) => match self.document.stack().get(id) {
                None => LayerRow::Mask,
                Some(layer) if layer.mask.is_none() => LayerRow::Layer(id),
                Some(_) => self.chosen_row,
            },
            row => row,
        }
    }

    /// The chosen layer, if it is one or its mask.
    #[must_use]
    pub fn chosen_layer(&self) -> Option<&Layer> {
        self.document.stack().get(self.chosen_row.layer()?)
    }

    /// What of a layer a tool works on, `None` for the mask or the picture; or why it must not.
    ///
    /// # Errors
    /// A sentence for a person.
    pub(in crate::ui) fn works_on(&self, tool: Tool) -> Result<Option<LayerPart>, String> {
        let base = self.document.stack().base();
        if tool == Tool::Colour {
            return match (base.picture_is_locked, base.picture_is_off) {
                (true, _) => Err("The picture is locked: the lock in its row of the layers opens it.".into()),
                (_, true) => Err("The picture is switched off: the eye in its row of the layers shows it.".into()),
                _ => Ok(None),
            };
        }
        let layer = self.chosen_layer().filter(|_| tool != Tool::Select);
        let Some(layer) = layer else {
            let sentence = "The mask is locked: the lock in its row of the layers opens it.";
            return if base.mask_is_locked { Err(sentence.into()) } else { Ok(None) };
        };
        let name = &layer.settings.name;
        if layer.settings.is_locked {
            return Err(format!("{name} is locked: the lock in its row opens it."));
        }
        if !layer.settings.is_on {
            return Err(format!("{name} is switched off: the eye in its row shows it."));
        }
        match layer.content {
            _ if self.chosen() == LayerRow::LayerMask(layer.id) => Ok(Some(LayerPart::Mask(layer.id))),
            Content::Drawing(_) if !layer.settings.placement.is_none() => Err(format!(
                "{name} is moved, scaled or turned: Apply, under its Place, makes that its own pixels first."
            )),
            Content::Drawing(_) => Ok(Some(LayerPart::Drawing(layer.id))),
            Content::Picture(_) => {
                Err(format!("{name} is a picture and cannot be drawn on: choose a scribble, or a mask."))
            }
        }
    }

    /// Adds a layer in front of the chosen one, and chooses it. `make` works its content out on another thread; `None`
    /// adds nothing. An empty canvas gets a paper of `paper_px`.
    pub(in crate::ui) fn add_layer(
        &mut self,
        settings: LayerSettings,
        paper_px: [u32; 2],
        make: impl FnOnce(&Snapshot) -> Option<Content> + Send + 'static,
    ) {
        let behind = self.chosen_layer().map(|layer| layer.id);
        self.work
            .add(WholeStep::Layer, move |canvas| Some(canvas.with_layer(settings, make(canvas)?, behind, paper_px)));
    }

    /// Works out a step on the layers.
    pub(in crate::ui) fn change_layers(&mut self, work: impl FnOnce(&Snapshot) -> Option<Prepared> + Send + 'static) {
        self.work.add(WholeStep::Layers, work);
    }

    /// Lays a copy of a layer in front of it, mask and all.
    pub(in crate::ui) fn duplicate_layer(&mut self, id: LayerId, settings: LayerSettings) {
        self.work.add(WholeStep::Layer, move |canvas| canvas.with_copy(id, settings));
    }

    /// Makes a layer and the one below it one; where they cannot be, that is said.
    pub(in crate::ui) fn merge_down(&mut self, id: LayerId) {
        self.work.add(WholeStep::Merge, move |canvas| canvas.merged_down(id));
    }

    /// The region whose words are seen at a place of the screen.
    #[must_use]
    pub(in crate::ui) fn chip_at(&self, at: Pos2) -> Option<LayerId> {
        self.chips.iter().rev().find(|chip| chip.rect.contains(at)).map(|chip| chip.layer)
    }

    /// The next step that another thread shall work out. None in the middle of a stroke, which would make it stale.
    pub(in crate::ui) fn next_work(&mut self) -> Option<(u64, impl FnOnce() -> CanvasAction + Send + use<>)> {
        if self.document.is_painting() || self.document.is_editing() {
            return None;
        }
        let (id, work) = self.work.next()?;
        let snapshot = self.document.snapshot();
        Some((id, move || work(&snapshot)))
    }

    /// Whether the tools paint a region's area.
    #[must_use]
    pub(in crate::ui) fn is_on_region(&self) -> bool {
        let is_drawing = matches!(self.chosen(), LayerRow::Layer(_));
        is_drawing && self.chosen_layer().is_some_and(|layer| layer.settings.layer_use.region().is_some())
    }

    /// The brush in hand.
    #[must_use]
    pub(in crate::ui) fn brush(&self) -> &BrushSettings {
        self.tools.brush(self.tool, self.is_on_region())
    }

    pub(in crate::ui) fn brush_mut(&mut self) -> &mut BrushSettings {
        let on_region = self.is_on_region();
        self.tools.brush_mut(self.tool, on_region)
    }

    /// Brushes of no chosen size take the one for this picture.
    pub(in crate::ui) fn fit_brushes(&mut self) {
        let size_px = self.document.size_px();
        if self.brushes_fit == size_px {
            return;
        }
        self.brushes_fit = size_px;
        if let Some(size_px) = size_px {
            self.tools.fit(size_px);
        }
    }

    /// Whether there is a step that goes back: one that is still being worked out counts.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        self.document.can_undo() || self.work.is_busy()
    }

    /// What is still being worked out is the step that goes back, and nothing else.
    pub fn undo(&mut self) {
        if self.work.cancel() {
            return;
        }
        let resized = self.document.undo();
        // What goes back may be of the mask, and shall be seen.
        self.overlay.hides_mask = false;
        self.look_at_canvas(resized);
    }

    pub fn redo(&mut self) {
        let resized = self.document.redo();
        self.look_at_canvas(resized);
    }

    pub fn look_at_canvas(&mut self, lays_anew: bool) {
        self.looking_at = LookingAt::Canvas;
        self.follows_run = false;
        self.gesture = Gesture::Idle;
        if lays_anew {
            self.view = ViewState::default();
        }
    }

    /// What is drawn now: the one under the pointer in the strip, or the chosen one.
    #[must_use]
    pub fn shown(&self) -> &LookingAt {
        self.peek.as_ref().unwrap_or(&self.looking_at)
    }
}
