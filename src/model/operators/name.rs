//! The names of the operators that a device must have.

use candle_core::DType;

/// As candle's backends know them; what the networks' layers are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// A tensor of the host's onto the device.
    Upload,
    /// A tensor of the device's to the host.
    Download,
    /// Into another number format.
    Cast(DType),
    /// Into one piece of memory.
    Copy,
    Concatenate,
    Zeros,
    /// A factor and a summand for all values.
    Affine,
    Add,
    Subtract,
    Multiply,
    Divide,
    Maximum,
    Exp,
    Square,
    SquareRoot,
    Silu,
    Sigmoid,
    GeluErf,
    /// Sums of rows.
    Sum,
    /// Largest values of rows.
    Max,
    MatMul,
    Conv2d,
    UpsampleNearest,
    Softmax,
    LayerNorm,
    RmsNorm,
    /// Rotary positions in one pass: CUDA's.
    Rotate,
    /// Group norm in one pass: CUDA's.
    GroupNorm,
    /// Attention in one kernel: Metal's.
    Sdpa,
    /// Attention in one kernel: CUDA's.
    FlashAttention,
}

impl Operator {
    /// candle's own name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Cast(DType::F16) => "to_dtype f16",
            Self::Cast(DType::BF16) => "to_dtype bf16",
            Self::Cast(_) => "to_dtype f32",
            Self::Copy => "copy_strided",
            Self::Concatenate => "cat",
            Self::Zeros => "zeros",
            Self::Affine => "affine",
            Self::Add => "add",
            Self::Subtract => "sub",
            Self::Multiply => "mul",
            Self::Divide => "div",
            Self::Maximum => "maximum",
            Self::Exp => "exp",
            Self::Square => "sqr",
            Self::SquareRoot => "sqrt",
            Self::Silu => "silu",
            Self::Sigmoid => "sigmoid",
            Self::GeluErf => "gelu_erf",
            Self::Sum => "sum",
            Self::Max => "max",
            Self::MatMul => "matmul",
            Self::Conv2d => "conv2d",
            Self::UpsampleNearest => "upsample_nearest2d",
            Self::Softmax => "softmax_last_dim",
            Self::LayerNorm => "layer_norm",
            Self::RmsNorm => "rms_norm",
            Self::Rotate => "rope",
            Self::GroupNorm => "group_norm",
            Self::Sdpa => "sdpa",
            Self::FlashAttention => "flash_attn",
        }
    }
}
