//! How a picture is computed, every choice made: speed and memory, never the picture. And the steps by which a plan
//! comes to need less memory.

use candle_core::DType;

use crate::job::{AttentionMode, Compute, MemoryMode, VaeTiling};
use crate::model::{AttentionMethod, Card, Tiling};

/// Buffers of the kernels that may wait for their next use where memory is short.
const LOW_IDLE_BYTES: usize = 64 << 20;

/// The resolved choices for one picture; made once, then passed to whatever loads and runs the networks.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own
pub struct ExecutionPlan {
    pub attention: AttentionMethod,
    /// Of the VAE.
    pub tiling: Option<Tiling>,
    /// Whether the kernels keep convolutions' weights transformed: faster and larger.
    pub winograd: bool,
    /// What the weights are kept in.
    pub dtype: DType,
    /// By candle's operators on this device, not by the kernels.
    pub card: Option<Card>,
    /// The passes of a guided step come one after the other.
    pub sequential_guidance: bool,
    /// Each network is read when it is needed and dropped after use.
    pub sequential_offload: bool,
    /// The weights of what takes noise away wait on the host, and go to the card layer by layer.
    pub streamed_weights: bool,
}

impl ExecutionPlan {
    /// Attention in tiles and everything else in one piece, by a card's operators or by the kernels.
    #[must_use]
    pub fn plain(card: Option<Card>, dtype: DType) -> Self {
        Self {
            attention: AttentionMethod::Tiled,
            tiling: None,
            winograd: false,
            dtype,
            card,
            sequential_guidance: false,
            sequential_offload: false,
            streamed_weights: false,
        }
    }

    /// As a request would ask for it; noted with the picture.
    #[must_use]
    pub fn compute(&self) -> Compute {
        let spends_memory = if self.card.is_some() { !self.sequential_offload } else { self.winograd };
        Compute {
            attention: match self.attention {
                AttentionMethod::Full => AttentionMode::Full,
                AttentionMethod::Sliced(heads) => AttentionMode::Sliced(Some(heads as u32)),
                AttentionMethod::Tiled => AttentionMode::Tiled,
                AttentionMethod::Flash => AttentionMode::Flash,
            },
            vae_tiling: if self.tiling.is_some() { VaeTiling::On } else { VaeTiling::Off },
            memory: if spends_memory { MemoryMode::High } else { MemoryMode::Low },
        }
    }

    /// How much the kernels' idle buffers may hold.
    pub(super) fn idle_limit_bytes(&self) -> usize {
        if self.compute().memory == MemoryMode::High { usize::MAX } else { LOW_IDLE_BYTES }
    }
}

/// A step towards less memory, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallbackStep {
    TiledAttention,
    VaeTiling,
    HalfPrecision,
    /// The passes of a guided step one after the other.
    SequentialGuidance,
    /// Each network only while it is needed.
    SequentialOffload,
    /// Each layer of it as well.
    StreamedWeights,
}

impl FallbackStep {
    pub const ALL: [Self; 6] = [
        Self::TiledAttention,
        Self::VaeTiling,
        Self::HalfPrecision,
        Self::SequentialGuidance,
        Self::SequentialOffload,
        Self::StreamedWeights,
    ];

    /// What is done, as the end of a sentence.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::TiledAttention => "attention is computed in tiles",
            Self::VaeTiling => "the picture is decoded in tiles",
            Self::HalfPrecision => "weights are kept in half precision",
            Self::SequentialGuidance => "the passes with and without the prompt come one after the other",
            Self::SequentialOffload => "the networks are read one at a time",
            Self::StreamedWeights => "weights wait in the machine's memory and go to the card layer by layer",
        }
    }

    /// Whether it would change `plan`.
    #[must_use]
    pub fn is_open(self, plan: &ExecutionPlan) -> bool {
        match self {
            Self::TiledAttention => matches!(plan.attention, AttentionMethod::Full | AttentionMethod::Sliced(_)),
            Self::VaeTiling => plan.tiling.is_none(),
            Self::HalfPrecision => plan.dtype == DType::F32,
            // The kernels hold little besides the weights.
            Self::SequentialGuidance => plan.card.is_some() && !plan.sequential_guidance,
            Self::SequentialOffload => !plan.sequential_offload,
            // Other devices compute where the machine's memory is.
            Self::StreamedWeights => plan.card == Some(Card::Cuda) && !plan.streamed_weights,
        }
    }

    /// Whether it makes the weights take less, not only what flows between them.
    #[must_use]
    pub fn shrinks_weights(self) -> bool {
        matches!(self, Self::HalfPrecision | Self::SequentialOffload | Self::StreamedWeights)
    }

    pub(super) fn apply(self, plan: &mut ExecutionPlan) {
        match self {
            Self::TiledAttention => plan.attention = AttentionMethod::Tiled,
            Self::VaeTiling => plan.tiling = Some(Tiling::default()),
            Self::HalfPrecision => plan.dtype = DType::F16,
            Self::SequentialGuidance => plan.sequential_guidance = true,
            // Weights that are read again for each picture are not worth transforming.
            Self::SequentialOffload => (plan.sequential_offload, plan.winograd) = (true, false),
            // Of no use where the text encoders stay beside it.
            Self::StreamedWeights => (plan.streamed_weights, plan.sequential_offload) = (true, true),
        }
    }
}
