//! How the picture is drawn from noise.

use crate::job::{ModelDefaults, ModelRef, Request, Variation, fresh_seed};
use crate::sampling::{NoiseKind, PredictionChoice, SchedulerName, SigmaChoice};
use crate::service::fields::{FieldError, Fields};

pub(super) fn fill(
    request: &mut Request,
    fields: &mut Fields,
    defaults_of: impl Fn(&ModelRef) -> Option<ModelDefaults>,
) -> Result<(), FieldError> {
    // As the command line begins: with the model's own.
    let own = defaults_of(&request.model);
    let steps = fields.small("steps", 1, Request::MAX_STEPS)?;
    request.steps = steps.or(own.as_ref().map(|own| own.steps)).unwrap_or(Request::DEFAULT_STEPS);
    request.guidance =
        fields.number("guidance_scale", 0.0, Request::MAX_GUIDANCE)?.or(own.as_ref().map(|own| own.guidance));
    request.scheduler =
        fields.one_of("scheduler", &SchedulerName::ALL.map(SchedulerName::id), SchedulerName::from_id)?;
    request.sigmas = fields.one_of("sigmas", &SigmaChoice::ALL.map(SigmaChoice::id), SigmaChoice::from_id)?;
    let ids = PredictionChoice::ALL.map(PredictionChoice::id);
    request.prediction = fields.one_of("prediction", &ids, PredictionChoice::from_id)?.unwrap_or_default();
    request.seed = fields.whole("seed", 0, u64::MAX)?.unwrap_or_else(fresh_seed);
    request.noise = fields.one_of("rng", &NoiseKind::ALL.map(NoiseKind::id), NoiseKind::from_id)?.unwrap_or_default();
    let seed = fields.whole("variation_seed", 0, u64::MAX)?;
    let strength = fields.number("variation_strength", 0.0, 1.0)?;
    if seed.is_some() && strength.is_none() {
        return Err(FieldError::new("variation_seed", "variation_seed needs variation_strength, a number from 0 to 1"));
    }
    request.variation = strength.map(|strength| Variation { seed: seed.unwrap_or_else(fresh_seed), strength });
    request.guidance_rescale = fields.number("guidance_rescale", 0.0, 1.0)?.unwrap_or(0.0);
    request.guidance_until = fields.number("guidance_until", 0.0, 1.0)?.unwrap_or(1.0);
    request.width = fields.small("width", Request::MIN_SIDE_PX, Request::MAX_SIDE_PX)?;
    request.height = fields.small("height", Request::MIN_SIDE_PX, Request::MAX_SIDE_PX)?;
    Ok(())
}
