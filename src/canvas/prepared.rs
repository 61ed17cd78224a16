//! Steps that change the whole canvas, worked out apart from it (on another thread) and put in place at once.

use std::sync::Arc;

use super::change::{Origin, Sheet, TilesChange};
use super::extend;
use super::layer::{Content, LayerId, LayerSettings};
use super::layer_use::LayerUse;
use super::mask_layer::MaskLayer;
use super::merge;
use super::picture_layer::PictureLayer;
use super::posing;
use super::stack::{LayerMask, LayerState, Stack, StackChange};
use crate::job::{LiesOn, Placement, Pose};
use crate::mask::{MaskPlane, PixelRect, flood};
use crate::raster::{Extension, Picture, extended};

/// The canvas as it was at one moment. Taking one copies no pixels: they are shared until the canvas changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) revision: u64,
    pub(super) picture: Option<PictureLayer>,
    pub(super) origin: Origin,
    pub(super) mask: MaskLayer,
    pub(super) stack: Stack,
    /// For the next layer that is new.
    pub(super) next_layer: LayerId,
}

/// A step that is ready for `Document::put`.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Of the canvas that it was made from.
    pub(super) revision: u64,
    pub(super) step: Step,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Mask {
        mask: MaskLayer,
        /// Around what is different.
        rect: PixelRect,
        before: TilesChange,
        after: TilesChange,
    },
    Sheet {
        sheet: Sheet,
        before: Sheet,
    },
    Stack(StackChange),
}

impl Snapshot {
    /// The picture with everything that was painted on it.
    #[must_use]
    pub fn whole_picture(&self) -> Option<Arc<Picture>> {
        self.picture.as_ref().map(PictureLayer::whole)
    }

    /// Of the canvas, when it was taken.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Where the picture came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the picture was painted on since it came.
    #[must_use]
    pub fn is_painted(&self) -> bool {
        self.picture.as_ref().is_some_and(|picture| !picture.painted().is_empty())
    }

    /// The layers over the picture.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    #[must_use]
    pub fn mask(&self) -> &MaskPlane {
        self.mask.plane()
    }

    /// What is masked, as a layer's own drawing.
    #[must_use]
    pub fn mask_as_drawing(&self) -> Content {
        Content::Drawing(self.mask.clone())
    }

    /// Another mask of the same size. `None` when nothing is different.
    #[must_use]
    pub fn with_mask(&self, plane: MaskPlane) -> Option<Prepared> {
        if plane.size_px() != self.mask.plane().size_px() {
            return None;
        }
        let mask = MaskLayer::new(plane);
        let grid = mask.grid();
        let (mut rect, mut before, mut after) = (PixelRect::default(), TilesChange::default(), TilesChange::default());
        for tile in (0..grid.count()).filter(|tile| mask.has(*tile) || self.mask.has(*tile)) {
            let (old, new) = (self.mask.tile(tile), mask.tile(tile));
            if old != new {
                rect = rect.union(grid.rect(tile));
                before.mask.push((tile, old));
                after.mask.push((tile, new));
            }
        }
        (!after.is_empty())
            .then_some(Prepared { revision: self.revision, step: Step::Mask { mask, rect, before, after } })
    }

    /// What `edit` makes of the mask's part within `rect`, in its place. `None` when nothing is different.
    #[must_use]
    pub fn with_edited_mask(&self, rect: PixelRect, edit: impl FnOnce(MaskPlane) -> MaskPlane) -> Option<Prepared> {
        let rect = rect.intersection(self.mask.plane().rect());
        let new = edit(self.mask.plane().cropped(rect));
        if rect.is_empty() || new.size_px() != [rect.width(), rect.height()] {
            return None;
        }
        let mut plane = self.mask.plane().clone();
        for y in rect.top..rect.bottom {
            plane.row_mut(y)[rect.left as usize..rect.right as usize].copy_from_slice(new.row(y - rect.top));
        }
        self.with_mask(plane)
    }

    /// A mask of any size, stretched to the picture's.
    #[must_use]
    pub fn with_stretched_mask(&self, plane: MaskPlane) -> Option<Prepared> {
        let [width, height] = self.mask.plane().size_px();
        self.with_mask(extend::stretched(&MaskLayer::new(plane), width, height).into_plane())
    }

    /// What the mask's outline encloses around a pixel is masked.
    #[must_use]
    pub fn flooded(&self, x: u32, y: u32) -> Option<Prepared> {
        let mut plane = self.mask.plane().clone();
        flood(&mut plane, x, y)?;
        self.with_mask(plane)
    }

    /// A larger canvas: the new part continues the picture's border and is masked.
    #[must_use]
    pub fn extended(&self, sides: Extension) -> Option<Prepared> {
        let picture = self.picture.as_ref().filter(|_| !sides.is_empty())?;
        let picture = Arc::new(extended(&picture.whole(), sides));
        let origin = Origin { file: None, made_here: self.origin.made_here };
        let stack = self.stack.extended(self.size_px().unwrap_or_default(), sides);
        Some(self.with_sheet(picture, origin, extend::mask(&self.mask, sides), stack))
    }

    /// Another picture, which is seen. Mask and drawings stay, stretched where the size is another.
    #[must_use]
    pub fn replaced(&self, picture: Arc<Picture>, origin: Origin) -> Prepared {
        let mut stack = self.stack.stretched(self.size_px(), [picture.width(), picture.height()]);
        stack.base.picture_is_off = false;
        let mask = extend::stretched(&self.mask, picture.width(), picture.height());
        self.with_sheet(picture, origin, mask, stack)
    }

    /// All of another canvas in the place of this one.
    #[must_use]
    pub fn opened(&self, other: Self) -> Prepared {
        let mut stack = other.stack.in_full();
        // No layer of this canvas may come back under another one's number.
        for (id, layer) in (self.next_layer.0..).zip(&mut stack.layers) {
            layer.id = LayerId(id);
        }
        self.with_contents(other.picture, other.origin, other.mask, stack)
    }

    /// Width and height in pixels, if there is a picture.
    #[must_use]
    pub fn size_px(&self) -> Option<[u32; 2]> {
        self.picture.as_ref().map(|picture| [picture.width(), picture.height()])
    }

    /// One more layer in front of `behind`, or of all. On an empty canvas it lies on a paper of `paper_px`, which is there
    /// to be drawn on and is no picture.
    #[must_use]
    pub fn with_layer(
        &self,
        settings: LayerSettings,
        content: Content,
        behind: Option<LayerId>,
        paper_px: [u32; 2],
    ) -> Prepared {
        let mut stack = self.stack.as_it_is();
        let at = stack.layers.iter().position(|layer| Some(layer.id) == behind).unwrap_or(0);
        stack.layers.insert(at, LayerState::new(self.next_layer, settings, content, None));
        self.with_stack(stack, paper_px)
    }

    /// These layers, front first, in the place of all that there are, each with where it counts; with `from_words` the
    /// picture is switched off.
    #[must_use]
    pub fn with_layers(
        &self,
        layers: Vec<(LayerSettings, Content, Option<Arc<MaskPlane>>)>,
        from_words: bool,
        paper_px: [u32; 2],
    ) -> Prepared {
        let [width, height] = self.size_px().unwrap_or(paper_px);
        let mut stack = self.stack.as_it_is();
        stack.base.picture_is_off |= from_words;
        let ids = (self.next_layer.0..).map(LayerId);
        let mask_of =
            |plane: Arc<MaskPlane>| extend::stretched(&MaskLayer::new(Arc::unwrap_or_clone(plane)), width, height);
        let state = |(id, (settings, content, mask)): (_, (_, Content, Option<_>))| {
            let content = match content {
                Content::Drawing(drawing) => Content::Drawing(extend::stretched(&drawing, width, height)),
                picture @ Content::Picture(_) => picture,
            };
            LayerState::new(id, settings, content, mask.map(mask_of))
        };
        stack.layers = ids.zip(layers).map(state).collect();
        self.with_stack(stack, paper_px)
    }

    /// Another content for one layer. `None` where there is no such layer.
    #[must_use]
    pub fn with_content(&self, id: LayerId, work: impl FnOnce(&Content) -> Option<Content>) -> Option<Prepared> {
        let content = work(&self.stack.get(id)?.content)?;
        let mut stack = self.stack.as_it_is();
        let state = stack.layers.iter_mut().find(|layer| layer.id == id)?;
        state.content = Some(content);
        posing::forget(&mut state.settings);
        Some(self.of_step(Step::Stack(stack)))
    }

    /// A copy of a layer in front of it, under other settings. `None` where there is no such layer.
    #[must_use]
    pub fn with_copy(&self, id: LayerId, settings: LayerSettings) -> Option<Prepared> {
        let layer = self.stack.get(id)?;
        let copy = LayerState::new(self.next_layer, settings, layer.content.clone(), layer.mask.clone());
        let mut stack = self.stack.as_it_is();
        let at = stack.layers.iter().position(|state| state.id == id)?;
        stack.layers.insert(at, copy);
        Some(self.of_step(Step::Stack(stack)))
    }

    /// A layer whose pixels lie as they were placed: they can be drawn on again. `None` where nothing is different.
    #[must_use]
    pub fn with_applied_placement(&self, id: LayerId) -> Option<Prepared> {
        let layer = self.stack.get(id).filter(|layer| !layer.settings.placement.is_none())?;
        let [width, height] = self.size_px()?;
        let lies = LiesOn { canvas_px: (width, height), placement: layer.settings.placement };
        let seen = layer.content.seen();
        let placed = match &layer.settings.layer_use {
            LayerUse::Control(control) => {
                let mut control = control.clone();
                control.put_on(&lies, seen, None);
                control.picture?
            }
            LayerUse::Region(_) => Arc::new(lies.placement.place(&seen)),
            LayerUse::Reference(_) => return None,
        };
        let content = layer.content.replaced_by(placed);
        let mut stack = self.stack.as_it_is();
        let state = stack.layers.iter_mut().find(|state| state.id == id)?;
        state.content = Some(content);
        state.settings.placement = Placement::default();
        posing::forget(&mut state.settings);
        Some(self.of_step(Step::Stack(stack)))
    }

    /// A layer and the one below it as one, which is the lower one. `None` where they cannot be.
    #[must_use]
    pub fn merged_down(&self, id: LayerId) -> Option<Prepared> {
        let layers = self.stack.layers();
        let at = layers.iter().position(|layer| layer.id == id)?;
        let content = merge::merged(&layers[at], layers.get(at + 1)?)?;
        let mut stack = self.stack.as_it_is();
        stack.layers[at + 1].content = Some(content);
        posing::forget(&mut stack.layers[at + 1].settings);
        stack.layers.remove(at);
        Some(self.of_step(Step::Stack(stack)))
    }

    /// What `work` makes of a layer's mask, or of nothing where it has none. `None` where there is no such layer.
    #[must_use]
    pub fn with_layer_mask(&self, id: LayerId, work: impl FnOnce(MaskPlane) -> Option<MaskPlane>) -> Option<Prepared> {
        let [width, height] = self.size_px()?;
        let before = self.stack.get(id)?.mask.as_ref();
        let plane = before.map_or_else(|| MaskPlane::empty(width, height), |mask| mask.plane().clone());
        let mask = work(plane).map_or(LayerMask::None, |plane| LayerMask::Of(MaskLayer::new(plane)));
        let mut stack = self.stack.as_it_is();
        stack.layers.iter_mut().find(|layer| layer.id == id)?.mask = mask;
        Some(self.of_step(Step::Stack(stack)))
    }

    /// Other people on a layer, drawn as large as the canvas. `None` where there is no such layer, or no picture.
    #[must_use]
    pub fn with_pose(&self, id: LayerId, pose: &Pose) -> Option<Prepared> {
        let size_px = self.size_px()?;
        let mut stack = self.stack.as_it_is();
        let layer = stack.layers.iter_mut().find(|layer| layer.id == id)?;
        layer.content = Some(posing::set(&mut layer.settings, pose.scaled_to(size_px)));
        Some(self.of_step(Step::Stack(stack)))
    }

    fn with_stack(&self, mut stack: StackChange, [width, height]: [u32; 2]) -> Prepared {
        if self.picture.is_some() {
            return self.of_step(Step::Stack(stack));
        }
        stack.base.picture_is_off = true;
        let paper = Arc::new(Picture::filled(width, height, [255; 4]));
        let mask = MaskLayer::new(MaskPlane::empty(width, height));
        self.with_sheet(paper, Origin { file: None, made_here: true }, mask, stack)
    }

    fn of_step(&self, step: Step) -> Prepared {
        Prepared { revision: self.revision, step }
    }

    fn with_sheet(&self, picture: Arc<Picture>, origin: Origin, mask: MaskLayer, stack: StackChange) -> Prepared {
        self.with_contents(Some(PictureLayer::new(picture)), origin, mask, stack)
    }

    fn with_contents(
        &self,
        picture: Option<PictureLayer>,
        origin: Origin,
        mask: MaskLayer,
        stack: StackChange,
    ) -> Prepared {
        let before = Sheet {
            picture: self.picture.clone(),
            origin: self.origin.clone(),
            mask: self.mask.clone(),
            stack: self.stack.clone().swap(stack.clone(), self.revision),
        };
        let sheet = Sheet { picture, origin, mask, stack };
        Prepared { revision: self.revision, step: Step::Sheet { sheet, before } }
    }
}
