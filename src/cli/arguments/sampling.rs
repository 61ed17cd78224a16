//! How the picture is drawn from noise.

use clap::Args;

use super::values::{number_in, one_of, side_px};
use crate::job::{Request, fresh_seed};
use crate::sampling::{PredictionChoice, SchedulerName, SigmaChoice};

#[derive(Debug, Args)]
pub struct SamplingArguments {
    /// Denoising steps
    #[arg(long, value_name = "N", default_value_t = Request::DEFAULT_STEPS, value_parser = clap::value_parser!(u32).range(1..=i64::from(Request::MAX_STEPS)))]
    pub steps: u32,
    /// How strictly the words are followed [default: the model's own, else 7]
    #[arg(long, value_name = "F", value_parser = number_in(0.0, Request::MAX_GUIDANCE))]
    pub guidance: Option<f64>,
    /// [default: the model's own]
    #[arg(long, value_name = "NAME", value_parser = one_of(&SchedulerName::ALL.map(SchedulerName::id), SchedulerName::from_id))]
    pub scheduler: Option<SchedulerName>,
    /// How the noise levels are laid; "default" is as the model was trained [default: the model's own]
    #[arg(long, value_name = "NAME", value_parser = one_of(&SigmaChoice::ALL.map(SigmaChoice::id), SigmaChoice::from_id))]
    pub sigmas: Option<SigmaChoice>,
    /// What the network was trained to predict, where the model's own word is wrong
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = one_of(&PredictionChoice::ALL.map(PredictionChoice::id), PredictionChoice::from_id))]
    pub prediction: PredictionChoice,
    /// Where the noise comes from [default: a fresh one, printed]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Pixels [default: the model's own]
    #[arg(long, value_name = "N", value_parser = side_px())]
    pub width: Option<u32>,
    /// Pixels [default: the model's own]
    #[arg(long, value_name = "N", value_parser = side_px())]
    pub height: Option<u32>,
}

impl SamplingArguments {
    pub fn fill(&self, request: &mut Request) {
        request.steps = self.steps;
        request.guidance = self.guidance;
        request.scheduler = self.scheduler;
        request.sigmas = self.sigmas;
        request.prediction = self.prediction;
        request.seed = self.seed.unwrap_or_else(fresh_seed);
        request.width = self.width;
        request.height = self.height;
    }
}
