//! Everything that affects a picture, in one value.
//!
//! The window, the command line and every later front build one of these; nothing else reaches the pipeline.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Branch, Compute, Control, EmbeddingRef, InpaintMask, InpaintSettings, LoraRef, ModelRef, Reference, ReferenceError,
    Region, RegionError, RequestError, StepState, Variation, limits,
};
use crate::prompt::drawn;
use crate::raster::{Picture, ResizeMode};
use crate::sampling::{NoiseKind, PredictionChoice, SamplingError, SchedulerName, SigmaChoice};

/// How the prompt's characters are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptSyntax {
    /// `(more)`, `(much more:1.4)`, `[less]`, `\(` for a bracket.
    #[default]
    Weighted,
    /// Every character is text.
    Plain,
}

/// A picture to start from (img2img).
#[derive(Clone, Debug, PartialEq)]
pub struct InitPicture {
    /// Of any size; it is scaled to the request's as its resize mode says.
    pub picture: Arc<Picture>,
    /// How much is made anew, 0 (nothing) to 1 (everything).
    pub strength: f64,
}

/// One picture to make. `None` always means "what the model wants".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// Of this structure, so that files written today can be read tomorrow.
    pub version: u32,
    /// Any length; it is cut into windows of 75 tokens.
    pub prompt: String,
    /// `None` is no negative prompt, `Some("")` an empty one: they differ for SDXL.
    pub negative: Option<String>,
    /// What the choices and wildcard files of `prompt` came to for this very picture, once they were looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn_prompt: Option<String>,
    /// The same of `negative`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn_negative: Option<String>,
    pub prompt_syntax: PromptSyntax,
    pub model: ModelRef,
    /// Instead of the one that the model brings along.
    pub vae: Option<PathBuf>,
    /// All at once; weights of one file add up.
    pub loras: Vec<LoraRef>,
    pub embeddings: Vec<EmbeddingRef>,
    /// Pictures that steer, each through a network of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// Painted areas with words of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// What the network was trained to predict, where the model's own word is wrong or missing.
    pub prediction: PredictionChoice,
    /// As AUTOMATIC1111 counts: 1 is the encoder's last layer, 2 the one before.
    pub clip_skip: Option<u32>,
    /// `None` is the model's own.
    pub scheduler: Option<SchedulerName>,
    /// `None` is the scheduler's own.
    pub sigmas: Option<SigmaChoice>,
    /// 1 to [`Request::MAX_STEPS`].
    pub steps: u32,
    /// 1 to [`Request::MAX_GUIDANCE`], 1 is none; `None` is the model's own.
    pub guidance: Option<f64>,
    /// How strictly a model that changes pictures by instruction keeps to the picture.
    pub image_guidance: Option<f64>,
    /// How far the guided prediction is brought back to the unguided one's deviation, 0 to 1.
    pub guidance_rescale: f64,
    /// The share of the steps, 0 to 1, after which guidance ends: each later step is one pass instead of two.
    pub guidance_until: f64,
    pub seed: u64,
    /// Whose random numbers the seed begins.
    pub noise: NoiseKind,
    pub variation: Option<Variation>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Not written with the settings: it is a picture of its own.
    #[serde(skip)]
    pub init: Option<InitPicture>,
    /// Where `init` is repainted; not written with the settings either.
    #[serde(skip)]
    pub mask: Option<InpaintMask>,
    /// Pictures that the prompt speaks of, for models that read such pictures, or through adapters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Where an earlier run of this very request was interrupted; the picture is the same as without. Not written either.
    #[serde(skip)]
    pub from_step: Option<Arc<StepState>>,
    /// Another picture's step that this one goes on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
    /// How `init` meets a `width` and `height` of another shape.
    pub resize: ResizeMode,
    /// The size that the network worked at, in pixels, where the whole picture was enlarged from that. Noted by the engine
    /// for who looks at the picture later; nobody asks for it.
    pub worked_px: Option<[u32; 2]>,
    /// Which of the gallery's pictures `init` came from: its path in the pictures folder. Noted by the front for who looks
    /// at the picture later; it changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_from: Option<String>,
    pub inpaint: InpaintSettings,
    pub compute: Compute,
}

/// Where a finished picture goes. It does not affect the picture, so it is no part of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// The day's folder of the gallery.
    Gallery,
    /// Nowhere: the front takes the picture from the outcome, whose `file` is empty.
    Front,
    /// One file, and, when asked for, a folder for each step's preview.
    File { path: PathBuf, previews: Option<PathBuf> },
}

impl Request {
    pub const VERSION: u32 = 1;
    pub const DEFAULT_STEPS: u32 = 20;
    pub const DEFAULT_GUIDANCE: f64 = 7.0;
    /// For models that embed it in the time step, as latent consistency models do.
    pub const EMBEDDED_GUIDANCE: f64 = 8.5;
    pub const DEFAULT_IMAGE_GUIDANCE: f64 = 1.5;
    pub const MAX_STEPS: u32 = limits::MAX_STEPS;
    pub const MAX_GUIDANCE: f64 = limits::MAX_GUIDANCE;
    pub const MIN_SIDE_PX: u32 = limits::MIN_SIDE_PX;
    pub const MAX_SIDE_PX: u32 = limits::MAX_SIDE_PX;

    /// Picture `index` of a batch that begins with this one: the seed counts up, or, where a second seed varies the
    /// first, that one.
    #[must_use]
    pub fn of_batch(&self, index: u32) -> Self {
        let mut request = self.clone();
        let seed = request.variation.as_mut().filter(|variation| variation.strength > 0.0);
        let seed = seed.map_or(&mut request.seed, |variation| &mut variation.seed);
        *seed = seed.wrapping_add(u64::from(index));
        if index > 0 {
            (request.drawn_prompt, request.drawn_negative) = (None, None);
            for region in &mut request.regions {
                (region.drawn_prompt, region.drawn_negative) = (None, None);
            }
        }
        request
    }

    /// What can be judged where the layers' pictures are not: without controls, regions and references.
    #[must_use]
    pub fn without_layers(&self) -> Self {
        Self { controls: Vec::new(), regions: Vec::new(), references: Vec::new(), ..self.clone() }
    }

    /// The prompt with its choices made.
    #[must_use]
    pub fn settled_prompt(&self) -> Cow<'_, str> {
        self.settled(&self.prompt, self.drawn_prompt.as_deref())
    }

    /// The negative prompt with its choices made.
    #[must_use]
    pub fn settled_negative(&self) -> Option<Cow<'_, str>> {
        self.negative.as_deref().map(|negative| self.settled(negative, self.drawn_negative.as_deref()))
    }

    fn settled<'a>(&self, text: &'a str, settled: Option<&'a str>) -> Cow<'a, str> {
        match (self.prompt_syntax, settled) {
            (PromptSyntax::Plain, _) => Cow::Borrowed(text),
            (PromptSyntax::Weighted, Some(settled)) => Cow::Borrowed(settled),
            (PromptSyntax::Weighted, None) => Cow::Owned(drawn(text, self.seed)),
        }
    }

    /// A region's prompt with its choices made.
    #[must_use]
    pub fn settled_region<'a>(&self, region: &'a Region) -> Cow<'a, str> {
        self.settled(&region.prompt, region.drawn_prompt.as_deref())
    }

    /// Its negative prompt with its choices made.
    #[must_use]
    pub fn settled_region_negative<'a>(&self, region: &'a Region) -> Option<Cow<'a, str>> {
        region.negative.as_deref().map(|negative| self.settled(negative, region.drawn_negative.as_deref()))
    }

    /// Whether nothing of the canvas's picture is kept as a beginning, so that a model which reads pictures reads it.
    #[must_use]
    pub fn edits_canvas(&self) -> bool {
        self.init.as_ref().is_some_and(|init| init.strength >= 1.0)
    }

    /// The pictures that a model which reads such is given beside the prompt: those that no adapter reads.
    pub fn read_pictures(&self) -> impl Iterator<Item = &Picture> {
        let own = self.references.iter().filter(|reference| reference.adapter.is_none());
        own.filter_map(|reference| reference.picture.as_deref())
    }

    /// The size of the first picture that steers, else of the first region's mask, where no photo and no size is given:
    /// then the picture has its shape.
    #[must_use]
    pub fn shaping_size(&self) -> Option<(u32, u32)> {
        if self.init.is_some() || self.width.is_some() || self.height.is_some() {
            return None;
        }
        let picture = self.controls.iter().find_map(|control| control.picture.as_ref());
        let mask = || self.regions.iter().find_map(|region| region.mask.as_ref());
        picture.map(|picture| (picture.width(), picture.height())).or_else(|| mask().map(|m| (m.width(), m.height())))
    }

    /// What can be judged without the model.
    ///
    /// # Errors
    /// Names the first value that is out of its range.
    pub fn validate(&self) -> Result<(), RequestError> {
        if !(1..=Self::MAX_STEPS).contains(&self.steps) {
            return Err(RequestError::Steps { found: self.steps });
        }
        if let Some(found) = self.guidance
            && !(0.0..=Self::MAX_GUIDANCE).contains(&found)
        {
            return Err(RequestError::Guidance { found });
        }
        for (side, value) in [("width", self.width), ("height", self.height)] {
            if let Some(found) = value
                && !(Self::MIN_SIDE_PX..=Self::MAX_SIDE_PX).contains(&found)
            {
                return Err(RequestError::Side { side, found });
            }
        }
        if let Some(found) = self.init.as_ref().map(|init| init.strength)
            && !(0.0..=1.0).contains(&found)
        {
            return Err(RequestError::Strength { found });
        }
        for (name, found) in [
            ("guidance rescale", self.guidance_rescale),
            ("the share of guided steps", self.guidance_until),
            ("variation strength", self.variation.map_or(0.0, |variation| variation.strength)),
        ] {
            if !(0.0..=1.0).contains(&found) {
                return Err(RequestError::Share { name, found });
            }
        }
        if let (Some(scheduler), Some(sigmas)) = (self.scheduler, self.sigmas)
            && !scheduler.allows(sigmas)
        {
            return Err(SamplingError::Sigmas { scheduler, sigmas }.into());
        }
        if let Some(found) = self.image_guidance
            && !(0.0..=Self::MAX_GUIDANCE).contains(&found)
        {
            return Err(RequestError::ImageGuidance { found });
        }
        if self.references.len() > Reference::MOST {
            return Err(ReferenceError::Count { found: self.references.len() }.into());
        }
        self.references.iter().try_for_each(Reference::validate)?;
        self.controls.iter().try_for_each(Control::validate)?;
        if self.regions.len() > Region::MOST {
            return Err(RegionError::Count { found: self.regions.len() }.into());
        }
        self.regions.iter().try_for_each(Region::validate)?;
        self.validate_mask()
    }

    fn validate_mask(&self) -> Result<(), RequestError> {
        let settings = &self.inpaint;
        for (setting, found) in [
            ("mask blur", settings.mask_blur_px),
            ("padding", settings.padding_px),
            ("mask growth", settings.grow_px.unsigned_abs()),
        ] {
            if found > InpaintSettings::MAX_PX {
                return Err(RequestError::Pixels { setting, found });
            }
        }
        let Some(mask) = &self.mask else { return Ok(()) };
        let Some(init) = &self.init else { return Err(RequestError::MaskWithoutPicture) };
        let wanted = (init.picture.width(), init.picture.height());
        let found = (mask.plane.width(), mask.plane.height());
        if wanted == found { Ok(()) } else { Err(RequestError::MaskSize { wanted, found }) }
    }
}

impl Default for Request {
    fn default() -> Self {
        Self {
            version: Self::VERSION,
            prompt: String::new(),
            negative: None,
            drawn_prompt: None,
            drawn_negative: None,
            prompt_syntax: PromptSyntax::default(),
            model: ModelRef::default(),
            vae: None,
            loras: Vec::new(),
            embeddings: Vec::new(),
            controls: Vec::new(),
            regions: Vec::new(),
            prediction: PredictionChoice::default(),
            clip_skip: None,
            scheduler: None,
            sigmas: None,
            steps: Self::DEFAULT_STEPS,
            guidance: None,
            image_guidance: None,
            guidance_rescale: 0.0,
            guidance_until: 1.0,
            seed: 0,
            noise: NoiseKind::default(),
            variation: None,
            width: None,
            height: None,
            init: None,
            mask: None,
            references: Vec::new(),
            from_step: None,
            branch: None,
            resize: ResizeMode::default(),
            worked_px: None,
            made_from: None,
            inpaint: InpaintSettings::default(),
            compute: Compute::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_range_is_named() {
        let request = |change: fn(&mut Request)| {
            let mut request = Request::default();
            change(&mut request);
            request.validate().map_err(|error| error.to_string())
        };
        assert_eq!(request(|_| ()), Ok(()));
        assert_eq!(request(|r| r.steps = 0), Err("steps must be from 1 to 1000, found 0".into()));
        assert!(request(|r| r.guidance = Some(f64::NAN)).is_err());
        assert_eq!(request(|r| r.width = Some(0)), Err("width must be from 8 to 8192 pixels, found 0".into()));
    }

    #[test]
    fn a_batch_counts_the_seed_up_or_the_second_one() {
        let request = Request { seed: u64::MAX, ..Request::default() };
        assert_eq!(request.of_batch(2).seed, 1);
        let varied = Request { variation: Some(Variation { seed: 5, strength: 0.1 }), ..request };
        let third = varied.of_batch(2);
        assert_eq!((third.seed, third.variation), (u64::MAX, Some(Variation { seed: 7, strength: 0.1 })));
    }

    #[test]
    fn what_a_prompt_came_to_is_of_its_own_picture() {
        let request = Request { prompt: "__a__".into(), drawn_prompt: Some("cat".into()), ..Request::default() };
        assert_eq!(request.settled_prompt(), "cat");
        assert_eq!(request.of_batch(1).settled_prompt(), "__a__");
        let plain = Request { prompt_syntax: PromptSyntax::Plain, ..request };
        assert_eq!(plain.settled_prompt(), "__a__");
    }

    #[test]
    fn settings_survive_a_round_trip_and_unknown_fields() {
        let request =
            Request { prompt: "a \"red\" apple\n🍎".into(), negative: Some(String::new()), ..Request::default() };
        let mut json = serde_json::to_value(&request).unwrap();
        json["from_the_future"] = true.into();
        assert_eq!(serde_json::from_value::<Request>(json).unwrap(), request);
    }
}
