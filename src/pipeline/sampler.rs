//! Which scheduler a request gets from a model: read from the model's small files, so that what cannot be is refused
//! before anything large is loaded.

use serde::Deserialize;

use super::PipelineError;
use super::first_step::first_step;
use crate::checkpoint::{CheckpointError, ModelFiles};
use crate::job::{Family, Request};
use crate::sampling::{FlowMu, SamplingError, Scheduler, SchedulerConfig, SchedulerName, build, runs_away};

const CONFIG: &str = "scheduler/scheduler_config.json";

/// What is offered to those whose steps are too many, the most first.
const FEWER_STEPS: [usize; 10] = [900, 750, 500, 400, 300, 200, 100, 50, 20, 10];

/// A model's scheduler, and how its config is read.
pub(super) struct ModelSampling {
    config: SchedulerConfig,
    /// diffusers' pipelines of SD 1 and 2 put old scheduler files right as they load them; SDXL's and those that
    /// change pictures by instruction do not.
    amends: bool,
    pub own_scheduler: SchedulerName,
    /// Where the model's own is none of ours: which it is, and what is taken in its place.
    substitution: Option<String>,
    /// How the levels of flow matching follow a picture's size, for a family that has them.
    mu: Option<FlowMu>,
}

#[derive(Deserialize)]
struct ClassName {
    #[serde(rename = "_class_name", default)]
    class_name: String,
}

impl ModelSampling {
    pub(crate) fn read(files: &ModelFiles, family: Family) -> Result<Self, PipelineError> {
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
        let mu = family.row().flow;
        if mu.is_some() != config.is_flow() {
            let found = config.class_name.clone().unwrap_or_default();
            return Err(PipelineError::Unsupported(format!(
                "the scheduler {found:?} does not belong to {}: {}",
                family.name(),
                files.path_of(CONFIG).display()
            )));
        }
        let amends = mu.is_none()
            && !index.class_name.starts_with("StableDiffusionXL")
            && !index.class_name.contains("InstructPix2Pix");
        Ok(Self { config, amends, own_scheduler, substitution, mu })
    }

    /// What is said to whoever left the choice to the model, where the model's own is none of ours.
    pub(super) fn substitution(&self, request: &Request) -> Option<&str> {
        self.substitution.as_deref().filter(|_| request.scheduler.is_none())
    }

    /// Whether the model goes straight from noise to the picture.
    pub(crate) fn is_flow(&self) -> bool {
        self.mu.is_some()
    }

    /// The scheduler that the request asks for, else the model's own, for a picture of so many tokens.
    pub(crate) fn scheduler(
        &self,
        request: &Request,
        tokens: usize,
    ) -> Result<(SchedulerName, Box<dyn Scheduler>), PipelineError> {
        self.scheduler_of_steps(request, request.steps as usize, tokens)
    }

    /// Model calls that are taken: a picture to start from leaves the first ones out.
    ///
    /// # Errors
    /// When the scheduler cannot be made.
    pub(crate) fn calls(
        &self,
        request: &Request,
        takes_every_step: bool,
        tokens: usize,
    ) -> Result<usize, PipelineError> {
        let (_, scheduler) = self.scheduler(request, tokens)?;
        let strength = request.init.as_ref().filter(|_| !takes_every_step).map(|init| init.strength);
        let steps = request.steps as usize;
        let first = strength.map_or(0, |strength| first_step(steps, strength, self.is_flow())) * scheduler.order();
        Ok(scheduler.timesteps().len().saturating_sub(first))
    }

    /// Whether the schedule can be walked from the call that a picture to start from leaves it at.
    ///
    /// # Errors
    /// When it cannot be made, or its own numbers run away.
    pub(crate) fn check(&self, request: &Request, takes_every_step: bool, tokens: usize) -> Result<(), PipelineError> {
        let strength = request.init.as_ref().filter(|_| !takes_every_step).map(|init| init.strength);
        let walk = |steps: usize| {
            let (name, mut scheduler) = self.scheduler_of_steps(request, steps, tokens)?;
            let first = strength.map_or(0, |strength| first_step(steps, strength, self.is_flow())) * scheduler.order();
            Ok::<_, PipelineError>((name, runs_away(scheduler.as_mut(), first)))
        };
        let found = request.steps as usize;
        let (scheduler, true) = walk(found)? else { return Ok(()) };
        let fewer = FEWER_STEPS.into_iter().filter(|steps| *steps < found);
        let fewer = fewer.into_iter().find(|steps| walk(*steps).is_ok_and(|(_, runs_away)| !runs_away)).unwrap_or(20);
        Err(SamplingError::RunsAway { scheduler, found, fewer }.into())
    }

    fn scheduler_of_steps(
        &self,
        request: &Request,
        steps: usize,
        tokens: usize,
    ) -> Result<(SchedulerName, Box<dyn Scheduler>), PipelineError> {
        let name = request.scheduler.unwrap_or(self.own_scheduler);
        let config = self.config.clone().with_prediction(request.prediction);
        let config = match self.mu {
            Some(mu) => {
                let mu = mu.of(&config, tokens, steps);
                config.with_mu(mu)
            }
            None => config,
        };
        let config = match (self.amends, request.mask.is_some()) {
            (false, _) => config,
            (true, false) => config.for_stable_diffusion(),
            (true, true) => config.for_stable_diffusion_inpainting(),
        };
        let config = config.with_sigmas(name, request.sigmas)?;
        Ok((name, build(name, &config, steps)?))
    }
}
