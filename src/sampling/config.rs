//! A model's `scheduler_config.json`, kept as it was written: what a key that is not there means depends on
//! the scheduler that will read it. Follows diffusers' `ConfigMixin.from_config`.

use serde::Deserialize;

use super::{SamplingError, SchedulerName};

/// The keys that some scheduler here reads; every other key is ignored.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
    #[serde(rename = "_class_name")]
    pub class_name: Option<String>,
    pub num_train_timesteps: Option<usize>,
    pub beta_start: Option<f64>,
    pub beta_end: Option<f64>,
    pub beta_schedule: Option<String>,
    pub trained_betas: Option<Vec<f32>>,
    pub prediction_type: Option<String>,
    pub timestep_spacing: Option<String>,
    pub steps_offset: Option<usize>,
    pub rescale_betas_zero_snr: Option<bool>,
    pub clip_sample: Option<bool>,
    pub clip_sample_range: Option<f32>,
    pub thresholding: Option<bool>,
    pub dynamic_thresholding_ratio: Option<f32>,
    pub sample_max_value: Option<f32>,
    pub set_alpha_to_one: Option<bool>,
    pub use_karras_sigmas: Option<bool>,
    pub use_exponential_sigmas: Option<bool>,
    pub use_beta_sigmas: Option<bool>,
    pub sigma_min: Option<f64>,
    pub sigma_max: Option<f64>,
    pub interpolation_type: Option<String>,
    pub final_sigmas_type: Option<String>,
    pub timestep_type: Option<String>,
    /// See [`Self::for_stable_diffusion`].
    #[serde(skip)]
    pub(super) amended: bool,
}

impl SchedulerConfig {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// When it is no JSON object or one of the known keys holds a value of another kind.
    pub fn from_json(text: &str) -> Result<Self, SamplingError> {
        serde_json::from_str(text).map_err(|error| SamplingError::Json { reason: error.to_string() })
    }

    /// The scheduler that the model names as its own.
    ///
    /// # Errors
    /// Names the class when it is none of ours; the caller may fall back to `ddim`.
    pub fn own_scheduler(&self) -> Result<SchedulerName, SamplingError> {
        let class = self.class_name.as_deref().ok_or(SamplingError::NoClass)?;
        match class {
            "DDIMScheduler" => Ok(SchedulerName::Ddim),
            "EulerDiscreteScheduler" => Ok(SchedulerName::Euler),
            "EulerAncestralDiscreteScheduler" => Ok(SchedulerName::EulerAncestral),
            _ => Err(SamplingError::ClassNotAvailable { class: class.to_owned() }),
        }
    }

    /// As a `StableDiffusionPipeline` (SD 1 and 2, not SDXL) leaves the configuration of the scheduler that it is
    /// given: old files without `steps_offset: 1` and `clip_sample: false` are put right. A key that the file lacks
    /// is put right for the model's own scheduler alone: another one made from it takes its own default.
    #[must_use]
    pub fn for_stable_diffusion(mut self) -> Self {
        self.amended = true;
        self
    }

    pub(super) fn steps_offset_for(&self, name: SchedulerName) -> usize {
        if self.amends(name, self.steps_offset.is_some()) { 1 } else { self.steps_offset.unwrap_or(0) }
    }

    pub(super) fn clips_sample_for(&self, name: SchedulerName) -> bool {
        !self.amends(name, self.clip_sample.is_some()) && self.clip_sample.unwrap_or(true)
    }

    fn amends(&self, name: SchedulerName, written: bool) -> bool {
        self.amended && (written || self.own_scheduler() == Ok(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_ignored_and_known_ones_are_kept() {
        let config = SchedulerConfig::from_json(
            r#"{"_class_name": "EulerDiscreteScheduler", "skip_prk_steps": true, "steps_offset": 1, "sigma_max": null}"#,
        );
        let config = config.unwrap();
        assert_eq!(config.own_scheduler(), Ok(SchedulerName::Euler));
        assert_eq!((config.steps_offset, config.sigma_max, config.beta_end), (Some(1), None, None));
    }

    #[test]
    fn a_class_that_is_not_ours_is_named_with_what_there_is() {
        let config = SchedulerConfig::from_json(r#"{"_class_name": "PNDMScheduler"}"#).unwrap();
        assert_eq!(
            config.own_scheduler().unwrap_err().to_string(),
            "the model's own scheduler PNDMScheduler is not available here; available are ddim, euler, euler-a"
        );
    }

    #[test]
    fn the_stable_diffusion_pipeline_puts_old_files_right() {
        let read = |text| SchedulerConfig::from_json(text).unwrap();
        let written = read(r#"{"_class_name": "DDIMScheduler", "steps_offset": 0, "clip_sample": true}"#);
        assert_eq!(written.steps_offset_for(SchedulerName::Euler), 0);
        assert!(written.clips_sample_for(SchedulerName::Ddim));
        let written = written.for_stable_diffusion();
        assert_eq!(written.steps_offset_for(SchedulerName::Euler), 1);
        assert!(!written.clips_sample_for(SchedulerName::Ddim));

        let lacking = read(r#"{"_class_name": "EulerDiscreteScheduler"}"#).for_stable_diffusion();
        assert_eq!(lacking.steps_offset_for(SchedulerName::Euler), 1);
        assert_eq!(lacking.steps_offset_for(SchedulerName::Ddim), 0);
        assert!(lacking.clips_sample_for(SchedulerName::Ddim));
    }
}
