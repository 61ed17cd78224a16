//! What a picture is estimated to take before it is made: memory and time.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    AttentionMode, Compute, Control, Frame, InitPicture, LoraRef, MemoryMode, ModelDefaults, ModelRef, PromptSyntax,
    Reference, Region, Request, WorkGrid,
};
use crate::prompt::parts;
use crate::sampling::SchedulerName;

/// What a question may hold at most: more than any request leads to.
const MOST_CONTROLS: usize = 16;
const MOST_SIDE_PX: u32 = 1 << 16;
const MOST_CALLS: u32 = 4 * Request::MAX_STEPS;

/// What must be known for an estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimateQuestion {
    pub model: ModelRef,
    /// As the network works: width and height in pixels.
    pub size_px: [u32; 2],
    /// Whether each step takes a second pass, for the negative prompt.
    pub guided: bool,
    /// Of the prompt, each of which is one pass; at least 1.
    pub parts: u32,
    /// That are encoded, both prompts together.
    pub texts: u32,
    /// Whether a picture is encoded before.
    pub encodes: bool,
    /// The network's calls for one picture.
    pub calls: u32,
    /// What steers, without its pictures.
    #[serde(default)]
    pub controls: Vec<Control>,
    /// Areas with words of their own.
    #[serde(default)]
    pub regions: u32,
    /// Pictures that the prompt speaks of through adapters, without their pixels.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Whether nothing of the canvas's picture is kept, so that a model which reads pictures reads it, at `size_px`.
    #[serde(default)]
    pub edits: bool,
    /// Width and height of the others that such a model reads: those without an adapter.
    #[serde(default)]
    pub read_px: Vec<[u32; 2]>,
    /// Of this machine: they widen matrices that a model's file packs.
    #[serde(skip)]
    pub loras: Vec<LoraRef>,
    pub compute: Compute,
}

impl EstimateQuestion {
    /// As many and as large as a picture may have them, wherever the question comes from.
    #[must_use]
    pub fn is_in_range(&self) -> bool {
        let sides = self.size_px.iter().chain(self.read_px.iter().flatten());
        self.references.len() <= Reference::MOST
            && self.references.iter().all(|one| one.validate_numbers().is_ok())
            && self.controls.len() <= MOST_CONTROLS
            && self.controls.iter().all(|one| one.validate_numbers().is_ok())
            && self.regions as usize <= Region::MOST
            && self.read_px.len() <= Reference::MOST
            && sides.copied().all(|side| (1..=MOST_SIDE_PX).contains(&side))
            && self.calls <= MOST_CALLS
    }

    /// What `request` will take of a model with these defaults and this grid.
    #[must_use]
    pub fn of(request: &Request, own: &ModelDefaults, grid: Option<WorkGrid>) -> Self {
        let asked = (request.width, request.height);
        let framed = |init: &InitPicture| {
            let photo = (init.picture.width(), init.picture.height());
            let bounds = request.mask.as_ref().map(|mask| request.inpaint.prepared(&mask.plane).bounds());
            let frame = match bounds {
                Some(bounds) => Frame::inpainted(photo, bounds?, &request.inpaint, asked, request.resize, grid?),
                None => Frame::whole(photo, asked, request.resize, grid?),
            };
            Some([frame.width, frame.height])
        };
        let unread = || (asked.0.unwrap_or(own.width), asked.1.unwrap_or(own.height));
        let drawn = grid.map_or_else(unread, |grid| grid.size_of(request)).into();
        let guidance = request.guidance.unwrap_or(own.guidance);
        let scheduler = request.scheduler.or(own.scheduler);
        let strength = request.init.as_ref().map_or(1.0, |init| init.strength);
        let calls = f64::from(request.steps) * strength * scheduler.map_or(1.0, SchedulerName::calls_per_step);
        let text = request.drawn_prompt.as_ref().unwrap_or(&request.prompt);
        let parts = match request.prompt_syntax {
            PromptSyntax::Weighted => parts(text, request.steps as usize),
            PromptSyntax::Plain => Vec::new(),
        };
        let texts: BTreeSet<&str> =
            parts.iter().flat_map(|part| &part.stages).map(|stage| stage.text.as_str()).collect();
        let is_composed = parts.len() > 1 || parts.iter().any(|part| (part.weight - 1.0).abs() > f32::EPSILON);
        let size_px = request.init.as_ref().and_then(framed).unwrap_or(drawn);
        let others = request.read_pictures().map(|picture| [picture.width(), picture.height()]);
        Self {
            model: request.model.clone(),
            size_px,
            guided: is_composed || guidance > 1.0,
            parts: parts.len().max(1) as u32,
            texts: texts.len().max(1) as u32 + 1 + request.regions.len() as u32,
            encodes: request.init.is_some(),
            calls: calls.ceil() as u32,
            controls: request.controls.iter().map(Control::without_pictures).collect(),
            regions: request.regions.len() as u32,
            references: request.references.iter().map(Reference::without_pictures).collect(),
            edits: request.edits_canvas(),
            read_px: others.collect(),
            loras: request.loras.clone(),
            compute: request.compute,
        }
    }
}

/// What a picture will take: bytes of memory and seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Of the whole process, the model included.
    pub peak_bytes: u64,
    /// What the system can give, where it reports it.
    pub free_bytes: Option<u64>,
    /// Of one call of the UNet.
    pub seconds_per_call: f64,
    /// What comes once: text encoding, VAE encoding, decoding.
    pub seconds_once: f64,
    /// Of the UNet, in the whole picture.
    pub calls: u32,
    /// The peak with each way to hold attention's scores.
    pub by_attention: Vec<(AttentionMode, u64)>,
    /// The peak with memory saved, and spent.
    pub by_memory: [(MemoryMode, u64); 2],
}

impl Estimate {
    /// For one picture; `pace` is how much longer a call really took than was estimated.
    #[must_use]
    pub fn seconds(&self, pace: f64) -> f64 {
        (self.seconds_per_call * f64::from(self.calls) + self.seconds_once) * pace
    }

    /// Whether it is more than there is.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.free_bytes.is_some_and(|free| self.peak_bytes > free)
    }
}
