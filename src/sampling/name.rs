//! The schedulers' names as the command line, the settings and the window know them, and what each is good for.

use serde::{Deserialize, Serialize};

use super::SigmaChoice;

/// Which way the latents are walked from noise to a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SchedulerName {
    /// Song et al. (2020), arXiv 2010.02502.
    #[serde(rename = "ddim")]
    Ddim,
    /// Ho et al. (2020), arXiv 2006.11239.
    #[serde(rename = "ddpm")]
    Ddpm,
    /// Liu et al. (2022), arXiv 2202.09778.
    #[serde(rename = "pndm")]
    Pndm,
    /// Karras et al. (2022), arXiv 2206.00364, algorithm 2 without churn.
    #[serde(rename = "euler")]
    Euler,
    /// Euler with fresh noise at each step, as in k-diffusion.
    #[serde(rename = "euler-a")]
    EulerAncestral,
    /// Karras et al. (2022), of second order: two calls a step.
    #[serde(rename = "heun")]
    Heun,
    /// Linear multistep, as in k-diffusion.
    #[serde(rename = "lms")]
    Lms,
    /// The DPM solver of second order, as in k-diffusion: two calls a step.
    #[serde(rename = "dpm2")]
    Dpm2,
    /// The same with fresh noise at each step.
    #[serde(rename = "dpm2-a")]
    Dpm2Ancestral,
    /// DPM-Solver++, singlestep: Lu et al. (2022), arXiv 2211.01095.
    #[serde(rename = "dpm++-2s")]
    DpmSinglestep,
    /// DPM-Solver++, multistep, from the same paper.
    #[serde(rename = "dpm++-2m")]
    DpmMultistep,
    /// The same as a stochastic differential equation, with fresh noise.
    #[serde(rename = "dpm++-2m-sde")]
    DpmMultistepSde,
    /// Zhao et al. (2023), arXiv 2302.04867.
    #[serde(rename = "unipc")]
    UniPc,
    /// Latent consistency models: Luo et al. (2023), arXiv 2310.04378.
    #[serde(rename = "lcm")]
    Lcm,
}

impl SchedulerName {
    /// In the order in which they are listed.
    pub const ALL: [Self; 14] = [
        Self::Ddim,
        Self::Ddpm,
        Self::Pndm,
        Self::Euler,
        Self::EulerAncestral,
        Self::Heun,
        Self::Lms,
        Self::Dpm2,
        Self::Dpm2Ancestral,
        Self::DpmSinglestep,
        Self::DpmMultistep,
        Self::DpmMultistepSde,
        Self::UniPc,
        Self::Lcm,
    ];

    /// The network's calls for one of the steps that a person counts.
    #[must_use]
    pub fn calls_per_step(self) -> f64 {
        match self {
            Self::Heun | Self::Dpm2 | Self::Dpm2Ancestral => 2.0,
            _ => 1.0,
        }
    }

    /// As on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Ddim => "ddim",
            Self::Ddpm => "ddpm",
            Self::Pndm => "pndm",
            Self::Euler => "euler",
            Self::EulerAncestral => "euler-a",
            Self::Heun => "heun",
            Self::Lms => "lms",
            Self::Dpm2 => "dpm2",
            Self::Dpm2Ancestral => "dpm2-a",
            Self::DpmSinglestep => "dpm++-2s",
            Self::DpmMultistep => "dpm++-2m",
            Self::DpmMultistepSde => "dpm++-2m-sde",
            Self::UniPc => "unipc",
            Self::Lcm => "lcm",
        }
    }

    /// As in the window and in the pictures' metadata (AUTOMATIC1111's spelling, where it has the sampler).
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Ddim => "DDIM",
            Self::Ddpm => "DDPM",
            Self::Pndm => "PLMS",
            Self::Euler => "Euler",
            Self::EulerAncestral => "Euler a",
            Self::Heun => "Heun",
            Self::Lms => "LMS",
            Self::Dpm2 => "DPM2",
            Self::Dpm2Ancestral => "DPM2 a",
            Self::DpmSinglestep => "DPM++ 2S",
            Self::DpmMultistep => "DPM++ 2M",
            Self::DpmMultistepSde => "DPM++ 2M SDE",
            Self::UniPc => "UniPC",
            Self::Lcm => "LCM",
        }
    }

    /// What a person may expect of it, in a few words.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Ddim => "steady: more steps refine the same picture",
            Self::Ddpm => "the original: adds noise each step, wants many steps",
            Self::Pndm => "steady, from about 25 steps on",
            Self::Euler => "simple and dependable from 20 steps on",
            Self::EulerAncestral => "ancestral: keeps changing with more steps",
            Self::Heun | Self::Dpm2 => "exact: two passes a step, so half as fast",
            Self::Lms => "steady, looks back at four steps",
            Self::Dpm2Ancestral => "ancestral, two passes: keeps changing with more steps",
            Self::DpmSinglestep => "clear pictures in 15 to 25 steps",
            Self::DpmMultistep => "the usual choice: clear pictures in 15 to 25 steps",
            Self::DpmMultistepSde => "adds noise each step: more texture, changes with more steps",
            Self::UniPc => "good with few steps: 8 to 15",
            Self::Lcm => "2 to 8 steps, for LCM and other distilled models",
        }
    }

    /// Network passes for one step.
    #[must_use]
    pub fn order(self) -> usize {
        match self {
            Self::Heun | Self::Dpm2 | Self::Dpm2Ancestral => 2,
            _ => 1,
        }
    }

    /// Whether it takes sigmas laid in this way.
    #[must_use]
    pub fn allows(self, sigmas: SigmaChoice) -> bool {
        match self {
            Self::Ddim | Self::Ddpm | Self::Pndm | Self::EulerAncestral | Self::Lcm => sigmas == SigmaChoice::Default,
            _ => true,
        }
    }

    /// Whether it can be used with a network that predicts the clean latents.
    #[must_use]
    pub fn allows_sample_prediction(self) -> bool {
        !matches!(self, Self::Pndm | Self::EulerAncestral | Self::Dpm2 | Self::Dpm2Ancestral)
    }

    /// The one of that name, as [`Self::id`] gives it.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_on_the_command_line_and_in_files() {
        for name in SchedulerName::ALL {
            assert_eq!(SchedulerName::from_id(name.id()), Some(name));
            assert_eq!(serde_json::to_string(&name).unwrap(), format!("\"{}\"", name.id()));
        }
    }
}
