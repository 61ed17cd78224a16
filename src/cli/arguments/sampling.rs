//! How the picture is drawn from noise.

use clap::Args;

use super::values::{number_in, one_of, side_px};
use crate::engine::defaults_of;
use crate::job::{Request, Variation, fresh_seed};
use crate::sampling::{NoiseKind, PredictionChoice, SchedulerName, SigmaChoice};

#[derive(Debug, Args)]
#[command(next_help_heading = "Drawing")]
pub(crate) struct SamplingArguments {
    /// Denoising steps [default: the model's own, else 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(Request::MAX_STEPS)))]
    pub steps: Option<u32>,
    /// CFG scale: how strictly the prompt is followed [default: the model's own, else 7]
    #[arg(long, value_name = "F", value_parser = number_in(0.0, Request::MAX_GUIDANCE))]
    pub guidance: Option<f64>,
    /// How noise becomes a picture [default: the model's own]
    #[arg(long, value_name = "NAME", value_parser = one_of(&SchedulerName::ALL.map(SchedulerName::id), SchedulerName::from_id))]
    pub scheduler: Option<SchedulerName>,
    /// Schedule of the noise levels; "default" is as the model was trained [default: the model's own]
    #[arg(long, value_name = "NAME", value_parser = one_of(&SigmaChoice::ALL.map(SigmaChoice::id), SigmaChoice::from_id))]
    pub sigmas: Option<SigmaChoice>,
    /// What the network was trained to predict, where the model's config is wrong
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = one_of(&PredictionChoice::ALL.map(PredictionChoice::id), PredictionChoice::from_id))]
    pub prediction: PredictionChoice,
    /// Where the noise comes from; -1 is a fresh one [default: a fresh one, printed]
    #[arg(long, value_name = "N", value_parser = seed_of, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Random number generator: torch draws noise as torch does on a CPU, philox as AUTOMATIC1111 on an NVIDIA card
    #[arg(long, value_name = "NAME", default_value = "torch", value_parser = one_of(&NoiseKind::ALL.map(NoiseKind::id), NoiseKind::from_id))]
    pub rng: NoiseKind,
    /// A second seed whose noise is mixed in; -1 is a fresh one [default: a fresh one, printed]
    #[arg(long, value_name = "N", value_parser = seed_of, allow_negative_numbers = true, requires = "variation_strength")]
    pub variation_seed: Option<u64>,
    /// How much of the second seed's noise, 0 to 1; with --count the second seed counts up and the first stays
    #[arg(long, value_name = "F", value_parser = number_in(0.0, 1.0))]
    pub variation_strength: Option<f64>,
    /// CFG rescale: how far guidance's contrast is brought back to that without it, 0 to 1
    #[arg(long, value_name = "F", default_value_t = 0.0, value_parser = number_in(0.0, 1.0))]
    pub guidance_rescale: f64,
    /// The share of the steps after which guidance ends, 0 to 1: later steps take half the time
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = number_in(0.0, 1.0))]
    pub guidance_until: f64,
    /// Pixels [default: the model's own]
    #[arg(long, value_name = "N", value_parser = side_px())]
    pub width: Option<u32>,
    /// Pixels [default: the model's own]
    #[arg(long, value_name = "N", value_parser = side_px())]
    pub height: Option<u32>,
}

impl SamplingArguments {
    pub(crate) fn fill(&self, request: &mut Request) {
        // The model's own defaults; one that cannot be read is refused when it is loaded.
        let own = defaults_of(&request.model);
        request.steps = self.steps.or(own.as_ref().map(|own| own.steps)).unwrap_or(Request::DEFAULT_STEPS);
        request.guidance = self.guidance.or(own.map(|own| own.guidance));
        request.scheduler = self.scheduler;
        request.sigmas = self.sigmas;
        request.prediction = self.prediction;
        request.seed = self.seed.unwrap_or_else(fresh_seed);
        request.noise = self.rng;
        request.variation = self
            .variation_strength
            .map(|strength| Variation { seed: self.variation_seed.unwrap_or_else(fresh_seed), strength });
        request.guidance_rescale = self.guidance_rescale;
        request.guidance_until = self.guidance_until;
        request.width = self.width;
        request.height = self.height;
    }
}

/// A seed; -1 is whichever comes, as in the field's other programs.
fn seed_of(text: &str) -> Result<u64, String> {
    match text.trim() {
        "-1" => Ok(fresh_seed()),
        number => number.parse().map_err(|_| format!("a seed is a whole number from 0 to {}, or -1", u64::MAX)),
    }
}
