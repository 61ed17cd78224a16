//! A level of noise between picture and noise: `latents = signal · clean + noise · ε`. Schedulers that keep the variance
//! have `signal² + noise² = 1`, those of flow matching `signal + noise = 1`.

use super::settings::Prediction;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NoiseLevel {
    pub signal: f32,
    pub noise: f32,
}

impl NoiseLevel {
    /// From ᾱ of the training schedule.
    pub(crate) fn of_alpha(alpha_cumprod: f32) -> Self {
        Self { signal: alpha_cumprod.sqrt(), noise: (1.0 - alpha_cumprod).sqrt() }
    }

    /// From `sigma = noise / signal`.
    pub(crate) fn of_sigma(sigma: f32) -> Self {
        let signal = 1.0 / (sigma * sigma + 1.0).sqrt();
        Self { signal, noise: sigma * signal }
    }

    /// From the share of noise on the straight way between picture and noise.
    pub(crate) fn of_flow(sigma: f32) -> Self {
        Self { signal: 1.0 - sigma, noise: sigma }
    }

    /// λ, half the logarithm of the signal-to-noise ratio; infinite where there is no noise.
    pub(crate) fn lambda(self) -> f32 {
        self.signal.ln() - self.noise.ln()
    }

    /// The clean latents that the network's output stands for.
    pub(crate) fn predicted_original(self, prediction: Prediction, model_output: &[f32], sample: &[f32]) -> Vec<f32> {
        let pairs = model_output.iter().zip(sample);
        match prediction {
            Prediction::Epsilon => pairs.map(|(output, sample)| (sample - self.noise * output) / self.signal).collect(),
            Prediction::Velocity => pairs.map(|(output, sample)| self.signal * sample - self.noise * output).collect(),
            Prediction::Sample => model_output.to_vec(),
            Prediction::Flow => pairs.map(|(output, sample)| sample - self.noise * output).collect(),
        }
    }

    /// The noise that the network's output stands for.
    pub(crate) fn predicted_noise(self, prediction: Prediction, model_output: &[f32], sample: &[f32]) -> Vec<f32> {
        let pairs = model_output.iter().zip(sample);
        match prediction {
            Prediction::Epsilon => model_output.to_vec(),
            Prediction::Velocity => pairs.map(|(output, sample)| self.signal * output + self.noise * sample).collect(),
            Prediction::Sample => pairs.map(|(output, sample)| (sample - self.signal * output) / self.noise).collect(),
            Prediction::Flow => pairs.map(|(output, sample)| sample + self.signal * output).collect(),
        }
    }

    /// Clean latents under noise of this level.
    pub(crate) fn add_noise(self, original: &[f32], noise: &[f32]) -> Vec<f32> {
        original.iter().zip(noise).map(|(original, noise)| self.signal * original + self.noise * noise).collect()
    }
}
