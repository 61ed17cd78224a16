//! A model's `scheduler_config.json`, kept as it was written: what a key that is not there means depends on
//! the scheduler that will read it. Follows diffusers' `ConfigMixin.from_config`.

use std::borrow::Cow;

use serde::Deserialize;

use super::{PredictionChoice, SamplingError, SchedulerName, SigmaChoice};

/// The keys that some scheduler here reads; every other key is ignored.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
    /// diffusers' class, which says which keys mean what.
    #[serde(rename = "_class_name")]
    pub class_name: Option<String>,
    /// Noise levels that the model was trained on (1000).
    pub num_train_timesteps: Option<usize>,
    /// Variance of the noise that the first training step adds; unitless.
    pub beta_start: Option<f64>,
    /// Variance of the noise that the last training step adds; unitless.
    pub beta_end: Option<f64>,
    /// How the variances between the two are laid: `linear`, `scaled_linear`, `squaredcos_cap_v2`.
    pub beta_schedule: Option<String>,
    /// The variances themselves, one a training step, instead of the three above.
    pub trained_betas: Option<Vec<f32>>,
    /// What the network's output is: `epsilon` (noise), `v_prediction`, `sample` (the picture).
    pub prediction_type: Option<String>,
    /// Which training steps are called: `leading`, `trailing`, `linspace`.
    pub timestep_spacing: Option<String>,
    /// Added to the time steps of `leading`.
    pub steps_offset: Option<usize>,
    /// Whether the last level is made pure noise: Lin et al. (2023), arXiv 2305.08891.
    pub rescale_betas_zero_snr: Option<bool>,
    /// Whether the predicted picture is cut to `clip_sample_range`.
    pub clip_sample: Option<bool>,
    /// In latent units.
    pub clip_sample_range: Option<f32>,
    /// Dynamic thresholding of the predicted picture: Saharia et al. (2022), arXiv 2205.11487.
    pub thresholding: Option<bool>,
    /// The quantile that is kept, 0 to 1.
    pub dynamic_thresholding_ratio: Option<f32>,
    /// The largest threshold, in latent units.
    pub sample_max_value: Option<f32>,
    /// Whether the last step ends at no noise instead of at the first training level.
    pub set_alpha_to_one: Option<bool>,
    /// Levels by Karras et al. (2022), arXiv 2206.00364, equation 5.
    pub use_karras_sigmas: Option<bool>,
    /// Levels evenly apart in the logarithm of sigma.
    pub use_exponential_sigmas: Option<bool>,
    /// Levels by a beta distribution; known, and refused.
    pub use_beta_sigmas: Option<bool>,
    /// The smallest level of a law of sigmas, in standard deviations of the picture's latents.
    pub sigma_min: Option<f64>,
    /// The largest level of a law of sigmas, in the same unit.
    pub sigma_max: Option<f64>,
    /// Between training levels: `linear`, or `log_linear`.
    pub interpolation_type: Option<String>,
    /// Where a solver ends: `zero`, or `sigma_min`.
    pub final_sigmas_type: Option<String>,
    /// What the network is given for a level: `discrete` or `continuous` time steps.
    pub timestep_type: Option<String>,
    /// Whether PNDM leaves out its Runge-Kutta start.
    pub skip_prk_steps: Option<bool>,
    /// Which noise DDPM adds back: `fixed_small` and its kin.
    pub variance_type: Option<String>,
    /// The steps that an LCM was distilled from.
    pub original_inference_steps: Option<usize>,
    /// How an LCM's boundary condition scales its time steps.
    pub timestep_scaling: Option<f64>,
    /// The order of a DPM solver or `UniPC`.
    pub solver_order: Option<usize>,
    /// The form of the solver's second-order term: `midpoint`, `heun`; `UniPC`'s `bh1`, `bh2`.
    pub solver_type: Option<String>,
    /// `dpmsolver++`, `dpmsolver`, and their SDE forms `sde-…`.
    pub algorithm_type: Option<String>,
    /// Whether the last steps of a short schedule take lower orders.
    pub lower_order_final: Option<bool>,
    /// Whether the last step is one of Euler's.
    pub euler_at_final: Option<bool>,
    /// Levels evenly apart in half the log signal-to-noise ratio: Lu et al. (2022), arXiv 2211.01095.
    pub use_lu_lambdas: Option<bool>,
    /// Levels of flow matching, in the files of solvers that have others as well.
    pub use_flow_sigmas: Option<bool>,
    /// How far such a solver's levels are moved towards noise.
    pub flow_shift: Option<f64>,
    /// The same in the files of flow matching's own classes.
    pub shift: Option<f64>,
    /// Whether levels are moved by the size of the picture instead.
    pub use_dynamic_shifting: Option<bool>,
    /// Of the smallest size, as an exponent.
    pub base_shift: Option<f64>,
    /// Of the largest.
    pub max_shift: Option<f64>,
    /// The smallest size, in tokens.
    pub base_image_seq_len: Option<f64>,
    /// The largest.
    pub max_image_seq_len: Option<f64>,
    /// What the last level before none is stretched to.
    pub shift_terminal: Option<f64>,
    /// What a size gives: an `exponential`'s exponent, or the factor itself (`linear`).
    pub time_shift_type: Option<String>,
    /// Whether a walk goes from picture to noise; known, and refused.
    pub invert_sigmas: Option<bool>,
    /// Whether flow matching's Euler adds fresh noise after each step.
    pub stochastic_sampling: Option<bool>,
    /// The least half log signal-to-noise ratio that a solver begins at.
    pub lambda_min_clipped: Option<f64>,
    /// Whether `UniPC` walks by the predicted picture (else by the predicted noise).
    pub predict_x0: Option<bool>,
    /// `UniPC`'s steps whose arrival is not corrected, counted from 0.
    pub disable_corrector: Option<Vec<usize>>,
    #[serde(skip)]
    pub(super) amendment: Amendment,
    /// What the picture's size gives, where levels are moved by it.
    #[serde(skip)]
    pub(super) mu: Option<f64>,
}

/// What the pipeline that a scheduler is given to puts right in its configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Amendment {
    #[default]
    None,
    StableDiffusion,
    StableDiffusionInpainting,
}

impl SchedulerConfig {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// When it is no JSON object or one of the known keys holds a value of another kind.
    pub fn from_json(text: &str) -> Result<Self, SamplingError> {
        serde_json::from_str(&without_infinities(text))
            .map_err(|error| SamplingError::Json { reason: error.to_string() })
    }

    /// The scheduler that the model names as its own.
    ///
    /// # Errors
    /// Names the class when it is none of ours; the caller may fall back to [`Self::fallback`].
    pub fn own_scheduler(&self) -> Result<SchedulerName, SamplingError> {
        let class = self.class_name.as_deref().ok_or(SamplingError::NoClass)?;
        match class {
            "DDIMScheduler" => Ok(SchedulerName::Ddim),
            "DDPMScheduler" => Ok(SchedulerName::Ddpm),
            "PNDMScheduler" => Ok(SchedulerName::Pndm),
            "EulerDiscreteScheduler" | "FlowMatchEulerDiscreteScheduler" => Ok(SchedulerName::Euler),
            "EulerAncestralDiscreteScheduler" => Ok(SchedulerName::EulerAncestral),
            "HeunDiscreteScheduler" | "FlowMatchHeunDiscreteScheduler" => Ok(SchedulerName::Heun),
            "LMSDiscreteScheduler" => Ok(SchedulerName::Lms),
            "KDPM2DiscreteScheduler" => Ok(SchedulerName::Dpm2),
            "KDPM2AncestralDiscreteScheduler" => Ok(SchedulerName::Dpm2Ancestral),
            "DPMSolverSinglestepScheduler" => Ok(SchedulerName::DpmSinglestep),
            "DPMSolverMultistepScheduler" => Ok(match self.algorithm_type.as_deref() {
                Some("sde-dpmsolver" | "sde-dpmsolver++") => SchedulerName::DpmMultistepSde,
                _ => SchedulerName::DpmMultistep,
            }),
            "UniPCMultistepScheduler" => Ok(SchedulerName::UniPc),
            "LCMScheduler" | "FlowMatchLCMScheduler" => Ok(SchedulerName::Lcm),
            _ => Err(SamplingError::ClassNotAvailable { class: class.to_owned() }),
        }
    }

    /// Whether it is of a model that walks straight from noise to the picture.
    #[must_use]
    pub fn is_flow(&self) -> bool {
        let is_own = self.class_name.as_deref().is_some_and(|class| class.starts_with("FlowMatch"));
        is_own || self.use_flow_sigmas.unwrap_or(false)
    }

    /// For a picture whose size moves the levels of flow matching by `mu` ([`super::FlowMu`]).
    #[must_use]
    pub fn with_mu(self, mu: f64) -> Self {
        Self { mu: Some(mu), ..self }
    }

    /// The nearest to a scheduler that is none of ours.
    #[must_use]
    pub fn fallback(&self) -> SchedulerName {
        match self.class_name.as_deref() {
            Some(class) if class.starts_with("DEIS") || class.starts_with("DPMSolver") => SchedulerName::DpmMultistep,
            Some(class) if class.contains("Euler") => SchedulerName::Euler,
            _ => SchedulerName::Ddim,
        }
    }

    /// With the sigmas laid as asked, where something is asked.
    ///
    /// # Errors
    /// When the scheduler cannot have them so.
    pub fn with_sigmas(mut self, name: SchedulerName, sigmas: Option<SigmaChoice>) -> Result<Self, SamplingError> {
        let Some(sigmas) = sigmas else { return Ok(self) };
        if !name.allows(sigmas) {
            return Err(SamplingError::Sigmas { scheduler: name, sigmas });
        }
        self.use_karras_sigmas = Some(sigmas == SigmaChoice::Karras);
        self.use_exponential_sigmas = Some(sigmas == SigmaChoice::Exponential);
        self.use_beta_sigmas = Some(false);
        self.use_lu_lambdas = Some(false);
        Ok(self)
    }

    /// With the network's output read as asked.
    #[must_use]
    pub fn with_prediction(mut self, prediction: PredictionChoice) -> Self {
        let written = match prediction {
            PredictionChoice::Auto | PredictionChoice::Flow => return self,
            PredictionChoice::Epsilon => "epsilon",
            PredictionChoice::Velocity => "v_prediction",
            PredictionChoice::Sample => "sample",
        };
        self.prediction_type = Some(written.to_owned());
        self
    }

    /// As a `StableDiffusionPipeline` (SD 1 and 2, not SDXL) leaves the configuration of the scheduler that it is
    /// given: old files without `steps_offset: 1` and `clip_sample: false` are put right. A key that the file lacks
    /// is put right for the model's own scheduler alone: another one made from it takes its own default.
    #[must_use]
    pub fn for_stable_diffusion(mut self) -> Self {
        self.amendment = Amendment::StableDiffusion;
        self
    }

    /// As a `StableDiffusionInpaintPipeline` (not SDXL's) leaves it: `steps_offset: 1` and `skip_prk_steps: true`.
    #[must_use]
    pub fn for_stable_diffusion_inpainting(mut self) -> Self {
        self.amendment = Amendment::StableDiffusionInpainting;
        self
    }

    pub(super) fn skips_prk(&self) -> bool {
        let amends = self.amendment == Amendment::StableDiffusionInpainting
            && self.reaches(SchedulerName::Pndm, self.skip_prk_steps.is_some());
        amends || self.skip_prk_steps.unwrap_or(false)
    }

    pub(super) fn steps_offset_for(&self, name: SchedulerName) -> usize {
        let amends = self.amendment != Amendment::None && self.reaches(name, self.steps_offset.is_some());
        if amends { 1 } else { self.steps_offset.unwrap_or(0) }
    }

    pub(super) fn clips_sample_for(&self, name: SchedulerName, default: bool) -> bool {
        let amends = self.amendment == Amendment::StableDiffusion && self.reaches(name, self.clip_sample.is_some());
        !amends && self.clip_sample.unwrap_or(default)
    }

    /// Whether an amended key is there for `name`: written in the file, or the own default of the model's scheduler.
    fn reaches(&self, name: SchedulerName, written: bool) -> bool {
        written || self.own_scheduler() == Ok(name)
    }
}

/// Python writes `-Infinity` for a bound that is none, which is no JSON; `null` says the same here.
fn without_infinities(text: &str) -> Cow<'_, str> {
    if !text.contains("Infinity") && !text.contains("NaN") {
        return text.into();
    }
    let outside = |part: &str| part.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
    // Every second piece between quotes is a text; these files have no escaped quotes.
    let pieces = text.split('"').enumerate();
    let pieces: Vec<String> =
        pieces.map(|(index, piece)| if index % 2 == 0 { outside(piece) } else { piece.to_owned() }).collect();
    pieces.join("\"").into()
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
        let config = SchedulerConfig::from_json(r#"{"_class_name": "DEISMultistepScheduler"}"#).unwrap();
        let sentence = config.own_scheduler().unwrap_err().to_string();
        assert!(sentence.contains("DEISMultistepScheduler") && sentence.contains("ddim, ddpm, pndm"), "{sentence}");
        assert_eq!(config.fallback(), SchedulerName::DpmMultistep);
    }

    #[test]
    fn what_python_writes_for_no_bound_is_read() {
        let text =
            r#"{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "x": "Infinity"}"#;
        let config = SchedulerConfig::from_json(text).unwrap();
        assert_eq!(config.own_scheduler(), Ok(SchedulerName::DpmMultistep));
        assert_eq!(config.lambda_min_clipped, None);
    }

    #[test]
    fn the_stable_diffusion_pipeline_puts_old_files_right() {
        let read = |text| SchedulerConfig::from_json(text).unwrap();
        let written = read(r#"{"_class_name": "DDIMScheduler", "steps_offset": 0, "clip_sample": true}"#);
        assert_eq!(written.steps_offset_for(SchedulerName::Euler), 0);
        assert!(written.clips_sample_for(SchedulerName::Ddim, true));
        let written = written.for_stable_diffusion();
        assert_eq!(written.steps_offset_for(SchedulerName::Euler), 1);
        assert!(!written.clips_sample_for(SchedulerName::Ddim, true));

        let lacking = read(r#"{"_class_name": "EulerDiscreteScheduler"}"#).for_stable_diffusion();
        assert_eq!(lacking.steps_offset_for(SchedulerName::Euler), 1);
        assert_eq!(lacking.steps_offset_for(SchedulerName::Ddim), 0);
        assert!(lacking.clips_sample_for(SchedulerName::Ddim, true));
    }
}
