//! What the kernels are given: as `kernels/*.cu` declare it, field for field.

use candle_core::cuda_backend::cudarc::driver::DeviceRepr;

/// An address on the card; 0 where there is nothing.
pub(super) type Address = u64;

macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            #[derive(Clone, Copy, Debug, Default)]
            pub(super) struct $name { $(pub $field: $type),* }

            // SAFETY: numbers and addresses alone, laid out as C lays them out.
            unsafe impl DeviceRepr for $name {}
        )*
    };
}

arguments! {
    /// Of `product_*` and `join_*`.
    Product {
        x: Address, weight: Address, bias: Address, per_picture: Address, residual: Address, y: Address, sums: Address,
        height: i32, width: i32, seen_height: i32, seen_width: i32,
        channels: i32, out_height: i32, out_width: i32, side: i32, stride: i32, before: i32,
        rows: i32, outputs: i32, inner: i32,
        activation: i32, gated: i32, splits: i32, steps_per_split: i32,
    }

    /// Of `attention_*`.
    Attention {
        q: Address, k: Address, v: Address, out: Address,
        queries: i32, keys: i32, heads: i32, width: i32, scale: f32, causal: i32,
    }

    /// Of `softmax_*`.
    Softmax { scores: Address, out: Address, columns: i32, scale: f32 }

    /// Of `statistics_*` and `scale_*`.
    GroupNorm {
        x: Address, weight: Address, bias: Address, y: Address, parts: Address, scales: Address, done: Address,
        area: i32, channels: i32, groups: i32, pixels_per_block: i32, eps: f32, activation: i32,
    }

    /// Of `layer_norm_*`.
    LayerNorm { x: Address, weight: Address, bias: Address, y: Address, rows: i32, channels: i32, eps: f32 }

    /// Of `add_*` and `activate_*`.
    Pair { a: Address, b: Address, y: Address, count: i64, activation: i32 }

    /// Of `copy`.
    Copy { x: Address, y: Address, count: i64, sides: [i64; 4], strides: [i64; 4] }

    /// Of `turn`.
    Turn { x: Address, y: Address, rows: i32, columns: i32 }

    /// Of `concatenate`.
    Join { first: Address, second: Address, y: Address, rows: i64, first_pieces: i32, second_pieces: i32 }

    /// Of `rotate_*`.
    Rotate {
        x: Address, cosines: Address, sines: Address, y: Address, pieces: i64,
        tokens: i32, channels: i32, half: i32, neighbours: i32,
    }

    /// Of `scale_onto_*`.
    Onto { x: Address, factors: Address, residual: Address, y: Address, pieces: i64, channels: i32 }

    /// Of `gate_*`.
    Gate { x: Address, y: Address, rows: i64, columns: i32 }
}
