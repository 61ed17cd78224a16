//! A photo on its way into the pipeline and back: cut, sized and filled before, matched and pasted after. Pixels
//! alone.

use std::sync::Arc;

use super::PipelineError;
use crate::job::{Frame, InpaintSettings, MaskedContent, Request, WorkGrid};
use crate::mask::{MaskPlane, PixelRect};
use crate::raster;
use crate::raster::{Picture, ResizeMode};

pub(super) struct Canvas {
    photo: Arc<Picture>,
    pub frame: Frame,
    /// What the network is shown: opaque, of the frame's size.
    pub work: Picture,
    pub masked: Option<Masked>,
    asked: (Option<u32>, Option<u32>),
    resize: ResizeMode,
    composite: bool,
    /// Worked on at less than its own size, because nobody asked for one and its own is too large.
    shrunk: bool,
    /// At strength 0 nothing is made anew.
    paints: bool,
}

/// The masked part of the frame.
pub(super) struct Masked {
    pub settings: InpaintSettings,
    /// Of the frame's size. Yes or no, or, for soft inpainting, how early each pixel is released.
    pub release: Arc<MaskPlane>,
    /// Of the crop's size: how much of the new picture shows.
    share: Arc<MaskPlane>,
    /// [`Canvas::work`] with the masked part holding what the first step begins with, where that is something else.
    pub filled: Option<Picture>,
}

/// Width and height in pixels.
type Size = (u32, u32);
/// What was asked for of them.
type AskedSize = (Option<u32>, Option<u32>);

/// What a mask comes to, with all that it comes from.
pub(super) struct MaskWork {
    plane: Arc<MaskPlane>,
    settings: InpaintSettings,
    size: (u32, u32),
    asked: (Option<u32>, Option<u32>),
    resize: ResizeMode,
    grid: WorkGrid,
    frame: Frame,
    release: Arc<MaskPlane>,
    share: Arc<MaskPlane>,
}

impl MaskWork {
    fn new(
        plane: &Arc<MaskPlane>,
        settings: &InpaintSettings,
        size: (u32, u32),
        asked: (Option<u32>, Option<u32>),
        resize: ResizeMode,
        grid: WorkGrid,
    ) -> Result<Self, PipelineError> {
        let mask = settings.prepared(plane);
        let frame = Frame::inpainted(size, masked_bounds(&mask, settings)?, settings, asked, resize, grid);
        let mask = mask.cropped(frame.crop);
        let (release, share) = if settings.soft {
            let soft = mask.feathered(settings.mask_blur_px);
            (soft.resized(frame.width, frame.height), shown_early(&soft))
        } else {
            (mask.hardened().resized(frame.width, frame.height), mask.feathered(settings.mask_blur_px))
        };
        let (release, share) = (Arc::new(release), Arc::new(share));
        let (plane, settings) = (Arc::clone(plane), settings.clone());
        Ok(Self { plane, settings, size, asked, resize, grid, frame, release, share })
    }

    fn is_of(
        &self,
        plane: &Arc<MaskPlane>,
        settings: &InpaintSettings,
        of: (Size, AskedSize, ResizeMode, WorkGrid),
    ) -> bool {
        (self.size, self.asked, self.resize, self.grid) == of
            && self.settings == *settings
            && (Arc::ptr_eq(&self.plane, plane) || self.plane == *plane)
    }
}

impl Canvas {
    /// `None` when the request has no photo. `kept` is what the last picture's mask came to.
    pub(crate) fn new(
        request: &Request,
        grid: WorkGrid,
        kept: &mut Option<MaskWork>,
    ) -> Result<Option<Self>, PipelineError> {
        let Some(init) = &request.init else { return Ok(None) };
        let photo = Arc::clone(&init.picture);
        let size = (photo.width(), photo.height());
        let asked = (request.width, request.height);
        let (resize, composite, paints) = (request.resize, request.inpaint.composite, init.strength > 0.0);
        let Some(mask) = &request.mask else {
            let frame = Frame::whole(size, asked, request.resize, grid);
            let work = raster::fitted(&raster::over_white(&photo), frame.width, frame.height, resize);
            let shrunk = asked == (None, None) && frame.width + grid.cell_px <= photo.width();
            return Ok(Some(Self { photo, frame, work, masked: None, asked, resize, composite, shrunk, paints }));
        };
        let (plane, settings) = (&mask.plane, &request.inpaint);
        let mask = match kept.take().filter(|kept| kept.is_of(plane, settings, (size, asked, resize, grid))) {
            Some(same) => same,
            None => MaskWork::new(plane, settings, size, asked, resize, grid)?,
        };
        let mask = kept.insert(mask);
        let frame = mask.frame;
        let seen = raster::over_white(&raster::crop(&photo, frame.crop));
        let work = raster::resized(&seen, frame.width, frame.height);
        let masked = Some(Masked::new(mask, &work));
        Ok(Some(Self { photo, frame, work, masked, asked, resize, composite, shrunk: false, paints }))
    }

    /// Which part of the photo the network will be shown; `None` when the request has no photo.
    pub(crate) fn frame_of(request: &Request, grid: WorkGrid) -> Result<Option<Frame>, PipelineError> {
        let Some(init) = &request.init else { return Ok(None) };
        let size = (init.picture.width(), init.picture.height());
        let (asked, settings) = ((request.width, request.height), &request.inpaint);
        let Some(mask) = &request.mask else { return Ok(Some(Frame::whole(size, asked, request.resize, grid))) };
        let bounds = masked_bounds(&settings.prepared(&mask.plane), settings)?;
        Ok(Some(Frame::inpainted(size, bounds, settings, asked, request.resize, grid)))
    }

    /// What was drawn, as the one who asked gets it: at the photo's own size with every unmasked byte as it was, or,
    /// without a composite, as the decoder gave it.
    pub(crate) fn finished(&self, drawn: Picture) -> Picture {
        if !self.composite {
            return drawn;
        }
        let Some(masked) = &self.masked else { return self.without_mask(&drawn) };
        let matched = if masked.settings.colour_match {
            // Around the mask the network's cells still hold some of what is new.
            let new = masked.release.grown(raster::NEW_REACH_PX);
            let matched = raster::match_colours(&drawn, &self.work, &new);
            raster::bridge_tones(&matched, &self.work, &masked.release.hardened())
        } else {
            drawn
        };
        let crop = self.frame.crop;
        let sized = raster::resized(&matched, crop.width(), crop.height());
        let pasted = raster::paste(&self.photo, &sized, crop, &masked.share);
        if self.paints { pasted } else { raster::with_alpha_of(&self.photo, pasted) }
    }

    /// Everything was painted, so everything is seen, unless nothing was (`src/raster/paste.rs` has the rule).
    fn without_mask(&self, drawn: &Picture) -> Picture {
        let (width, height) = match (self.asked, self.resize) {
            ((None, None), _) => (self.photo.width(), self.photo.height()),
            (_, ResizeMode::Fit) => (self.frame.width, self.frame.height),
            ((width, height), _) => (width.unwrap_or(self.frame.width), height.unwrap_or(self.frame.height)),
        };
        let sized = raster::resized(drawn, width, height);
        if self.paints {
            return sized;
        }
        raster::with_alpha_of(&raster::fitted(&self.photo, width, height, self.resize), sized)
    }

    /// The size to note with the picture: one that makes the same again. `None` where the photo alone gives it.
    pub(crate) fn noted_size(&self) -> (Option<u32>, Option<u32>) {
        if self.shrunk {
            return (None, None);
        }
        if self.masked.is_none() && self.composite && self.asked == (None, None) {
            return (Some(self.photo.width()), Some(self.photo.height()));
        }
        (self.asked.0.or(Some(self.frame.width)), self.asked.1.or(Some(self.frame.height)))
    }
}

impl Masked {
    fn new(mask: &MaskWork, work: &Picture) -> Self {
        let filled = match mask.settings.content {
            MaskedContent::Original | MaskedContent::Noise => None,
            MaskedContent::Blurred => Some(raster::filled_from_border(work, &mask.release.hardened())),
            MaskedContent::Colour(colour) => Some(raster::filled_with(work, &mask.release.hardened(), colour)),
        };
        let (release, share) = (Arc::clone(&mask.release), Arc::clone(&mask.share));
        Self { settings: mask.settings.clone(), release, share, filled }
    }
}

/// What is released in part was drawn to meet its surroundings: it shows fully from half on.
fn shown_early(soft: &MaskPlane) -> MaskPlane {
    let mut share = soft.clone();
    for value in share.values_mut() {
        *value = value.saturating_mul(2);
    }
    share
}

fn masked_bounds(mask: &MaskPlane, settings: &InpaintSettings) -> Result<PixelRect, PipelineError> {
    let Some(painted) = mask.bounds() else {
        return Err(PipelineError::Unsupported(
            "the mask is empty, so nothing would change; paint what shall be made anew, in white".into(),
        ));
    };
    let bounds = if settings.soft { Some(painted) } else { mask.hardened().bounds() };
    bounds.ok_or(PipelineError::FaintMask)
}
