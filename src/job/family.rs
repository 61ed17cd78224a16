//! The families of models: one table of what each takes by default, where nothing in a model's own files says
//! otherwise. Window, command line and pipeline read their defaults here.
//!
//! A new family is a variant, a row, and a way to know it from a model's files (`checkpoint::profile_of`).

use super::Request;
use crate::sampling::{FlowMu, PredictionChoice, SchedulerName};

/// What a model is, as far as its networks and their training are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The small model that comes with the program, and what was made from it.
    BuiltIn,
    /// Stable Diffusion 1.x: one text encoder, 512 pixels.
    Sd1,
    /// Stable Diffusion 2.x: OpenCLIP's text encoder, 512 or 768 pixels.
    Sd2,
    /// Stable Diffusion 2 that was trained on at 768 pixels to predict velocity.
    Sd2Velocity,
    /// Stable Diffusion XL: two text encoders, 1024 pixels.
    Xl,
    /// SDXL's second model; it is recognised and cannot be run.
    XlRefiner,
    ZImage,
    /// Distilled to a few steps without guidance.
    ZImageTurbo,
    /// FLUX.2 klein, distilled to a few steps without guidance.
    Klein,
    KleinBase,
    /// Its networks are Stable Diffusion's, in sizes that no published family has.
    Other,
}

/// What reads the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextStage {
    Clip,
    /// Two encoders, whose states are joined; the second one's summary goes with them.
    ClipPair,
    /// Qwen3's state before its last layer.
    QwenBeforeLast,
    /// Three of Qwen3's states, joined; a prompt is filled up to as many tokens as there may be.
    QwenThreeStates,
}

impl TextStage {
    /// Whether it is a language model, which knows neither windows nor weights nor learnt words.
    #[must_use]
    pub fn is_language_model(self) -> bool {
        matches!(self, Self::QwenBeforeLast | Self::QwenThreeStates)
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct FamilyRow {
    pub name: &'static str,
    pub text: TextStage,
    /// Of a family that walks straight from noise to the picture: how its levels are shifted for a size.
    pub flow: Option<FlowMu>,
    /// Whether passes with and without the prompt are compared at all.
    pub takes_guidance: bool,
    /// The side of the square pictures that it was trained on, in pixels.
    pub native_side_px: u32,
    /// Of the latents and the VAE.
    pub latent_channels: u32,
    /// Pixels of one latent's side.
    pub latent_factor: u32,
    /// What the VAE's latents are multiplied with (`scaling_factor`).
    pub latent_scale: f64,
    pub prediction: PredictionChoice,
    pub scheduler: SchedulerName,
    /// Where nobody chose any.
    pub steps: u32,
    /// The guidance scale where nobody chose one; 1 is none.
    pub guidance: f64,
}

const SD1: FamilyRow = FamilyRow {
    name: "Stable Diffusion 1",
    text: TextStage::Clip,
    flow: None,
    takes_guidance: true,
    native_side_px: 512,
    latent_channels: 4,
    latent_factor: 8,
    latent_scale: 0.18215,
    prediction: PredictionChoice::Epsilon,
    scheduler: SchedulerName::Pndm,
    steps: Request::DEFAULT_STEPS,
    guidance: Request::DEFAULT_GUIDANCE,
};
const SD2: FamilyRow = FamilyRow { name: "Stable Diffusion 2", ..SD1 };
const XL: FamilyRow = FamilyRow {
    name: "Stable Diffusion XL",
    text: TextStage::ClipPair,
    native_side_px: 1024,
    latent_scale: 0.13025,
    scheduler: SchedulerName::Euler,
    ..SD1
};
const Z_IMAGE: FamilyRow = FamilyRow {
    name: "Z-Image",
    text: TextStage::QwenBeforeLast,
    flow: Some(FlowMu::Linear),
    native_side_px: 1024,
    latent_channels: 16,
    latent_scale: 0.3611,
    prediction: PredictionChoice::Flow,
    scheduler: SchedulerName::Euler,
    guidance: 5.0,
    ..SD1
};
const KLEIN: FamilyRow = FamilyRow {
    name: "FLUX.2 klein",
    text: TextStage::QwenThreeStates,
    flow: Some(FlowMu::Empirical),
    takes_guidance: false,
    native_side_px: 1024,
    latent_channels: 128,
    latent_factor: 16,
    latent_scale: 1.0,
    prediction: PredictionChoice::Flow,
    scheduler: SchedulerName::Euler,
    steps: 4,
    guidance: 1.0,
};

static BUILT_IN_ROW: FamilyRow = FamilyRow {
    name: "Stable Diffusion, small",
    native_side_px: 256,
    latent_scale: 0.48904,
    prediction: PredictionChoice::Velocity,
    scheduler: SchedulerName::Ddim,
    guidance: 4.0,
    ..SD1
};
static SD1_ROW: FamilyRow = SD1;
static SD2_ROW: FamilyRow = SD2;
static SD2_VELOCITY_ROW: FamilyRow =
    FamilyRow { native_side_px: 768, prediction: PredictionChoice::Velocity, scheduler: SchedulerName::Ddim, ..SD2 };
static XL_ROW: FamilyRow = XL;
static XL_REFINER_ROW: FamilyRow = FamilyRow { name: "Stable Diffusion XL refiner", ..XL };
static Z_IMAGE_ROW: FamilyRow = Z_IMAGE;
static Z_IMAGE_TURBO_ROW: FamilyRow = FamilyRow { name: "Z-Image Turbo", steps: 8, guidance: 1.0, ..Z_IMAGE };
static KLEIN_ROW: FamilyRow = KLEIN;
static KLEIN_BASE_ROW: FamilyRow =
    FamilyRow { name: "FLUX.2 klein base", takes_guidance: true, steps: 30, guidance: 4.0, ..KLEIN };
static OTHER_ROW: FamilyRow = FamilyRow { name: "Stable Diffusion", ..SD1 };

impl Family {
    #[must_use]
    pub fn row(self) -> &'static FamilyRow {
        match self {
            Self::BuiltIn => &BUILT_IN_ROW,
            Self::Sd1 => &SD1_ROW,
            Self::Sd2 => &SD2_ROW,
            Self::Sd2Velocity => &SD2_VELOCITY_ROW,
            Self::Xl => &XL_ROW,
            Self::XlRefiner => &XL_REFINER_ROW,
            Self::ZImage => &Z_IMAGE_ROW,
            Self::ZImageTurbo => &Z_IMAGE_TURBO_ROW,
            Self::Klein => &KLEIN_ROW,
            Self::KleinBase => &KLEIN_BASE_ROW,
            Self::Other => &OTHER_ROW,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// "Stable Diffusion XL for inpainting".
    #[must_use]
    pub fn title(self, input: ModelInput) -> String {
        let name = self.name();
        match input {
            ModelInput::Plain => name.to_owned(),
            ModelInput::Mask => format!("{name} for inpainting"),
            ModelInput::Instruction => format!("{name} that edits pictures by instruction"),
        }
    }

    /// For a model whose own files hold nothing else.
    #[must_use]
    pub fn defaults(self) -> ModelDefaults {
        let FamilyRow { native_side_px: side, steps, guidance, scheduler, .. } = *self.row();
        ModelDefaults { width: side, height: side, guidance, steps, scheduler: Some(scheduler) }
    }

    #[must_use]
    pub fn is_sd2(self) -> bool {
        matches!(self, Self::Sd2 | Self::Sd2Velocity)
    }

    #[must_use]
    pub fn is_xl(self) -> bool {
        matches!(self, Self::Xl | Self::XlRefiner)
    }
}

/// What a model is given besides a prompt, by the channels of its UNet's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelInput {
    /// Nothing: it draws from noise, or over a picture under noise.
    Plain,
    /// A mask and the masked picture: made for inpainting.
    Mask,
    /// The picture that an instruction changes.
    Instruction,
}

impl ModelInput {
    /// `None` when the channels fit no kind.
    #[must_use]
    pub fn of(in_channels: usize, latent_channels: usize) -> Option<Self> {
        match in_channels.checked_sub(latent_channels)? {
            0 => Some(Self::Plain),
            extra if extra == latent_channels + 1 => Some(Self::Mask),
            extra if extra == latent_channels => Some(Self::Instruction),
            _ => None,
        }
    }

    /// For a person.
    #[must_use]
    pub fn accepts(self) -> &'static str {
        match self {
            Self::Plain => "a prompt, or a prompt and a picture",
            Self::Mask => "a prompt, a picture and a mask (9 channels)",
            Self::Instruction => "a picture and an instruction (8 channels)",
        }
    }
}

/// Training that made a model draw in few steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distillation {
    /// A latent consistency model that has guidance embedded in the time step.
    LcmEmbedded,
    /// A latent consistency model, or one that a LoRA made one.
    Lcm,
    /// SD Turbo, SDXL Turbo, SDXL Lightning.
    Turbo,
}

impl Distillation {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LcmEmbedded | Self::Lcm => "LCM",
            Self::Turbo => "Turbo or Lightning",
        }
    }

    /// Steps and guidance that take the place of the family's.
    #[must_use]
    pub fn steps_and_guidance(self) -> (u32, f64) {
        match self {
            Self::LcmEmbedded => (4, Request::EMBEDDED_GUIDANCE),
            Self::Lcm => (4, 1.0),
            Self::Turbo => (4, 0.0),
        }
    }
}

/// A property of a model, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected<T> {
    pub value: T,
    /// "its scheduler's config says so".
    pub reason: String,
}

impl<T> Detected<T> {
    #[must_use]
    pub fn new(value: T, reason: impl Into<String>) -> Self {
        Self { value, reason: reason.into() }
    }
}

/// One model: its family, and what its own files hold.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelProfile {
    pub family: Detected<Family>,
    pub input: ModelInput,
    pub distillation: Option<Detected<Distillation>>,
    pub prediction: Detected<PredictionChoice>,
    /// The model's own, or `None` where Inkwick does not have it.
    pub scheduler: Option<SchedulerName>,
    /// Width and height of the pictures that it was trained on, in pixels; not yet held against what can be drawn.
    pub native_px: [u64; 2],
    /// Of the latents; the UNet's input may have more.
    pub latent_channels: usize,
    /// Pixels of one latent's side.
    pub latent_factor: u64,
}

/// What a picture takes when nothing else is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelDefaults {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    pub guidance: f64,
    pub steps: u32,
    /// The model's own, or `None` when Inkwick does not know it.
    pub scheduler: Option<SchedulerName>,
}

impl ModelProfile {
    /// As the window, the command line and the pipeline begin; sizes that cannot be drawn come to those that can.
    #[must_use]
    pub fn defaults(&self) -> ModelDefaults {
        let ModelDefaults { steps, guidance, .. } = self.family.value.defaults();
        let distilled = self.distillation.as_ref().map(|found| found.value.steps_and_guidance());
        let (steps, guidance) = distilled.unwrap_or((steps, guidance));
        let [width, height] = self
            .native_px
            .map(|side| side.clamp(u64::from(Request::MIN_SIDE_PX), u64::from(Request::MAX_SIDE_PX)) as u32);
        ModelDefaults { width, height, guidance, steps, scheduler: self.scheduler }
    }

    /// "Stable Diffusion XL for inpainting".
    #[must_use]
    pub fn title(&self) -> String {
        self.family.value.title(self.input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channels_say_what_a_model_is_given() {
        let kinds = [4, 8, 9, 5, 3].map(|channels| ModelInput::of(channels, 4));
        let wanted = [Some(ModelInput::Plain), Some(ModelInput::Instruction), Some(ModelInput::Mask), None, None];
        assert_eq!(kinds, wanted);
    }
}
