//! What a person may choose about sampling besides the scheduler, as the command line and the settings know it.

use serde::{Deserialize, Serialize};

use super::{NoiseSource, PhiloxNoise, TorchNoise};

/// How the noise levels between the first and the last step are laid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SigmaChoice {
    /// As the training schedule has them.
    #[default]
    Default,
    /// Karras et al. (2022), equation 5: closer together towards the end.
    Karras,
    /// Evenly in the logarithm.
    Exponential,
}

/// Which generator draws the noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoiseKind {
    /// `PyTorch`'s on a CPU.
    #[default]
    Torch,
    /// `PyTorch`'s on an NVIDIA card, as AUTOMATIC1111 uses it.
    Philox,
}

/// What the network's output is read as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PredictionChoice {
    /// As the model says, or as its file is recognised.
    #[default]
    Auto,
    /// The noise.
    Epsilon,
    /// Velocity: Salimans and Ho (2022), arXiv 2202.00512.
    #[serde(rename = "v")]
    Velocity,
    /// The picture without its noise.
    Sample,
    /// The way from the picture to the noise: Lipman et al. (2022), arXiv 2210.02747. A family has it or has it not, so
    /// that nobody can choose it.
    Flow,
}

impl NoiseKind {
    /// A stream that begins with this seed.
    #[must_use]
    pub fn source(self, seed: u64) -> Box<dyn NoiseSource> {
        match self {
            Self::Torch => Box::new(TorchNoise::new(seed)),
            Self::Philox => Box::new(PhiloxNoise::new(seed)),
        }
    }
}

/// Names for the command line, one list for each choice.
macro_rules! ids {
    ($type:ty, $count:literal, $($variant:ident $id:literal),+ $(; $found:ident $found_id:literal)?) => {
        impl $type {
            /// Those that can be chosen, in the order in which they are listed.
            pub const ALL: [Self; $count] = [$(Self::$variant),+];

            /// As on the command line.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ $(Self::$found => $found_id)? }
            }

            /// The one of that name, as [`Self::id`] gives it.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|choice| choice.id() == id)
            }
        }
    };
}

ids!(SigmaChoice, 3, Default "default", Karras "karras", Exponential "exponential");
ids!(NoiseKind, 2, Torch "torch", Philox "philox");
ids!(PredictionChoice, 4, Auto "auto", Epsilon "epsilon", Velocity "v", Sample "sample"; Flow "flow");
