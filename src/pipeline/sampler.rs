//! Which scheduler a request gets from a model: read from the model's small files, so that what cannot be is refused
//! before anything large is loaded.

use serde::Deserialize;

use super::PipelineError;
use crate::checkpoint::{CheckpointError, ModelFiles};
use crate::job::Request;

use crate::sampling::{Scheduler, SchedulerConfig, SchedulerName, build};

const CONFIG: &str = "scheduler/scheduler_config.json";

/// A model's scheduler, and how its config is read.
pub(super) struct ModelSampling {
    config: SchedulerConfig,
    /// diffusers' pipelines of SD 1 and 2 put old scheduler files right as they load them; SDXL's and those that
    /// change pictures by instruction do not.
    amends: bool,
    pub own_scheduler: SchedulerName,
    /// Where the model's own is none of ours: which it is, and what is taken in its place.
    substitution: Option<String>,
}

#[derive(Deserialize)]
struct ClassName {
    #[serde(rename = "_class_name", default)]
    class_name: String,
}

impl ModelSampling {
    pub(crate) fn read(files: &ModelFiles) -> Result<Self, PipelineError> {
        let index: ClassName = files.require_json("model_index.json", "model_index.json")?;
        let missing = || CheckpointError::Missing { what: "the scheduler's config", path: files.path_of(CONFIG) };
        let bytes = files.read(CONFIG)?.ok_or_else(missing)?;
        let config = SchedulerConfig::from_json(&String::from_utf8_lossy(&bytes))
            .map_err(|error| PipelineError::Unsupported(format!("{error}: {}", files.path_of(CONFIG).display())))?;
        if config.class_name.as_deref().is_some_and(|class| class.starts_with("EDM")) {
            return Err(CheckpointError::EdmTraining(files.path_of(CONFIG)).into());
        }
        let (own_scheduler, substitution) = match config.own_scheduler() {
            Ok(own) => (own, None),
            Err(reason) => {
                let instead = config.fallback();
                (instead, Some(format!("{reason}; {} is used instead", instead.id())))
            }
        };
        let amends =
            !index.class_name.starts_with("StableDiffusionXL") && !index.class_name.contains("InstructPix2Pix");
        Ok(Self { config, amends, own_scheduler, substitution })
    }

    /// What is said to whoever left the choice to the model, where the model's own is none of ours.
    pub(super) fn substitution(&self, request: &Request) -> Option<&str> {
        self.substitution.as_deref().filter(|_| request.scheduler.is_none())
    }

    /// The scheduler that the request asks for, else the model's own.
    pub(crate) fn scheduler(&self, request: &Request) -> Result<(SchedulerName, Box<dyn Scheduler>), PipelineError> {
        let name = request.scheduler.unwrap_or(self.own_scheduler);
        let config = self.config.clone().with_prediction(request.prediction);
        let config = match (self.amends, request.mask.is_some()) {
            (false, _) => config,
            (true, false) => config.for_stable_diffusion(),
            (true, true) => config.for_stable_diffusion_inpainting(),
        };
        let config = config.with_sigmas(name, request.sigmas)?;
        Ok((name, build(name, &config, request.steps as usize)?))
    }
}
