//! Makes each scheduler from its name: the one place that knows them all.

use super::ddim::Ddim;
use super::ddpm::Ddpm;
use super::dpm_multistep::DpmMultistep;
use super::dpm_singlestep::DpmSinglestep;
use super::dpm2::Dpm2;
use super::euler::Euler;
use super::flow_walk::{FlowHeun, FlowWalk};
use super::heun::Heun;
use super::lcm::Lcm;
use super::lms::Lms;
use super::pndm::Pndm;
use super::settings::ScheduleSettings;
use super::unipc::UniPc;
use super::{SamplingError, Scheduler, SchedulerConfig, SchedulerName};

/// Makes the scheduler `name` for a model, as diffusers' `X.from_config` and `set_timesteps` do.
///
/// # Errors
/// When the configuration holds a value that is not supported, the scheduler cannot do what it asks for, or `steps` is
/// not from 1 to the number of timesteps that the model was trained with.
pub fn build(name: SchedulerName, config: &SchedulerConfig, steps: usize) -> Result<Box<dyn Scheduler>, SamplingError> {
    let settings = ScheduleSettings::new(name, config)?;
    if !(1..=settings.train_timesteps).contains(&steps) {
        return Err(SamplingError::Steps { scheduler: name, found: steps, min: 1, max: settings.train_timesteps });
    }
    if let Some(flow) = &settings.flow {
        match name {
            SchedulerName::Euler => return Ok(Box::new(FlowWalk::euler(flow, steps))),
            SchedulerName::Lcm => return Ok(Box::new(FlowWalk::lcm(flow, steps))),
            SchedulerName::Heun => return Ok(Box::new(FlowHeun::new(flow, steps))),
            // The solvers walk any levels.
            _ => {}
        }
    }
    Ok(match name {
        SchedulerName::Ddim => Box::new(Ddim::new(&settings, steps)),
        SchedulerName::Ddpm => Box::new(Ddpm::new(&settings, config, steps)?),
        SchedulerName::Pndm => Box::new(Pndm::new(&settings, config, steps)?),
        SchedulerName::Euler => Box::new(Euler::new(&settings, steps)),
        SchedulerName::EulerAncestral => Box::new(Euler::ancestral(&settings, steps)),
        SchedulerName::Heun => Box::new(Heun::new(&settings, steps)),
        SchedulerName::Lms => Box::new(Lms::new(&settings, steps)),
        SchedulerName::Dpm2 => Box::new(Dpm2::new(&settings, steps)),
        SchedulerName::Dpm2Ancestral => Box::new(Dpm2::ancestral(&settings, steps)),
        SchedulerName::DpmSinglestep => Box::new(DpmSinglestep::new(name, &settings, config, steps)?),
        SchedulerName::DpmMultistep | SchedulerName::DpmMultistepSde => {
            Box::new(DpmMultistep::new(name, &settings, config, steps)?)
        }
        SchedulerName::UniPc => Box::new(UniPc::new(&settings, config, steps)?),
        SchedulerName::Lcm => Box::new(Lcm::new(&settings, config, steps)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::{NoiseSource, SigmaChoice, TorchNoise};

    fn config(text: &str) -> SchedulerConfig {
        SchedulerConfig::from_json(text).unwrap()
    }

    #[test]
    fn a_number_of_steps_that_cannot_be_is_a_sentence() {
        let sentence = |name, steps| build(name, &SchedulerConfig::default(), steps).err().unwrap().to_string();
        for steps in [0, 1001] {
            assert_eq!(
                sentence(SchedulerName::Euler, steps),
                format!("steps must be from 1 to 1000 for euler with this model, found {steps}")
            );
        }
        assert!(sentence(SchedulerName::Lcm, 51).contains("from 1 to 50 for lcm"));
        assert!(sentence(SchedulerName::Pndm, 3).contains("from 4 to 1000 for pndm"));
    }

    #[test]
    fn what_cannot_be_combined_is_a_sentence_that_names_what_can() {
        let karras = SchedulerConfig::default().with_sigmas(SchedulerName::Ddim, Some(SigmaChoice::Karras));
        let sentence = karras.unwrap_err().to_string();
        assert!(sentence.contains("sigmas karras") && sentence.contains("euler, heun, lms, dpm2"), "{sentence}");
        let sample = config(r#"{"prediction_type": "sample"}"#);
        let sentence = build(SchedulerName::Pndm, &sample, 20).err().unwrap().to_string();
        assert!(sentence.contains("pndm") && sentence.contains("ddim, ddpm, euler, heun"), "{sentence}");
    }

    /// A scheduler of every name, and how many steps it can take at most without two calls at one place.
    fn every_scheduler() -> impl Iterator<Item = (SchedulerName, usize)> {
        SchedulerName::ALL.into_iter().map(|name| (name, if name == SchedulerName::Lcm { 50 } else { 400 }))
    }

    #[test]
    fn every_number_of_steps_gives_finite_latents() {
        for spacing in ["leading", "linspace", "trailing"] {
            let text = format!(
                r#"{{"timestep_spacing": "{spacing}", "steps_offset": 1, "clip_sample": false, "skip_prk_steps": true,
                     "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}}"#
            );
            for (name, most) in every_scheduler() {
                for steps in [1, 2, 3, 7, 50, 61, most].into_iter().filter(|steps| *steps <= most) {
                    let mut scheduler = build(name, &config(&text), steps).unwrap();
                    let calls = scheduler.timesteps().len();
                    let extra = usize::from(name == SchedulerName::Pndm && steps > 1);
                    assert_eq!(
                        calls,
                        (steps + extra) * scheduler.order() - (scheduler.order() - 1),
                        "{name:?} {steps}"
                    );
                    assert_eq!(scheduler.order(), name.order());
                    let mut latents = vec![0.5; 4];
                    for index in 0..calls {
                        let mut input = latents.clone();
                        scheduler.scale_model_input(index, &mut input);
                        latents = scheduler.step(index, &input, &latents, &mut TorchNoise::new(0)).previous;
                    }
                    assert!(latents.iter().all(|value| value.is_finite()), "{name:?} {spacing} {steps}");
                }
            }
        }
    }

    #[test]
    fn every_call_belongs_to_a_step_and_every_step_has_a_call() {
        for (name, skips) in SchedulerName::ALL.into_iter().flat_map(|name| [(name, true), (name, false)]) {
            let scheduler = build(name, &config(&format!(r#"{{"skip_prk_steps": {skips}}}"#)), 7).unwrap();
            let mut steps: Vec<usize> = (0..scheduler.timesteps().len()).map(|call| scheduler.step_of(call)).collect();
            assert!(steps.is_sorted(), "{name:?} {steps:?}");
            steps.dedup();
            assert_eq!(steps, (0..7).collect::<Vec<_>>(), "{name:?}");
        }
    }

    #[test]
    fn a_network_that_knows_the_picture_leads_to_it() {
        // From wherever the walk begins: an img2img of any strength arrives too.
        for (first_step, (name, _)) in
            (0..5).flat_map(|first| every_scheduler().map(move |scheduler| (first, scheduler)))
        {
            if !name.allows_sample_prediction() {
                continue;
            }
            let config = config(r#"{"prediction_type": "sample", "clip_sample": false}"#);
            let mut scheduler = build(name, &config, 5).unwrap();
            let (picture, mut noise) = ([0.1, -0.7, 2.0], TorchNoise::new(3));
            let first_call = first_step * scheduler.order();
            let mut latents = scheduler.add_noise(first_call, &picture, &noise.randn(3));
            for index in first_call..scheduler.timesteps().len() {
                latents = scheduler.step(index, &picture, &latents, &mut noise).previous;
            }
            // LCM never leaves its boundary condition entirely; LMS counts on steps that were skipped, as in diffusers.
            let near = match name {
                SchedulerName::Lms if first_step > 0 => 1e-2,
                SchedulerName::Lcm => 1e-3,
                _ => 1e-5,
            };
            for (found, wanted) in latents.iter().zip(picture) {
                assert!((found - wanted).abs() < near, "{name:?} from {first_step}: {latents:?}");
            }
        }
    }
}
