//! What fused kernels compute, written with candle's operators on the processor: for tests of what calls them, and the
//! measure for kernels of a card.

use candle_core::{D, DType, Tensor};

use super::super::Window;
use super::{Answer, DeviceEpilogue, FusedKernels, Sizes};
use crate::kernels::{Activation, RotaryPairs};

#[derive(Debug)]
pub(in super::super) struct Reference;

fn activated(x: &Tensor, activation: Activation) -> Answer {
    match activation {
        Activation::None => Ok(x.clone()),
        Activation::Silu => x.silu(),
        Activation::Gelu => x.gelu_erf(),
        Activation::QuickGelu => x * candle_nn::ops::sigmoid(&(x * 1.702)?)?,
    }
}

/// `x` `(batch, rows, outputs)`
fn finished(x: Tensor, epilogue: DeviceEpilogue<Tensor>) -> Answer {
    let mut x = x;
    if let Some(bias) = epilogue.bias {
        x = x.broadcast_add(bias)?;
    }
    if let Some(rows) = epilogue.per_picture {
        x = x.broadcast_add(&rows.reshape((x.dim(0)?, 1, x.dim(2)?))?)?;
    }
    x = activated(&x, epilogue.activation)?;
    match epilogue.residual {
        Some(residual) => &x + residual.reshape(x.shape())?,
        None => Ok(x),
    }
}

impl FusedKernels for Reference {
    fn supports(&self, dtype: DType) -> bool {
        dtype == DType::F32
    }

    fn convolve(
        &self,
        x: &Tensor,
        weight: &Tensor,
        window: Window,
        sizes: Sizes,
        epilogue: DeviceEpilogue<Tensor>,
    ) -> Answer {
        assert!(x.is_contiguous() && weight.is_contiguous());
        let x = x.permute((0, 3, 1, 2))?.contiguous()?;
        let weight = weight.permute((0, 3, 1, 2))?.contiguous()?;
        let [height, width] = sizes.seen;
        let x = x.upsample_nearest2d(height, width)?;
        let x = x.pad_with_zeros(2, window.before, window.after)?.pad_with_zeros(3, window.before, window.after)?;
        let out = x.conv2d(&weight, 0, window.stride, 1, 1)?;
        let (batch, outputs, rows, columns) = out.dims4()?;
        assert_eq!([rows, columns], sizes.answer);
        let flat = out.permute((0, 2, 3, 1))?.reshape((batch, rows * columns, outputs))?;
        finished(flat, epilogue)?.reshape((batch, rows, columns, outputs))
    }

    fn linear(&self, x: &Tensor, weight: &Tensor, epilogue: DeviceEpilogue<Tensor>) -> Answer {
        assert!(x.is_contiguous() && weight.is_contiguous());
        finished(x.matmul(&weight.t()?)?.unsqueeze(0)?, epilogue)?.squeeze(0)
    }

    fn gated_linear(&self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Answer {
        let both = self.linear(x, weight, DeviceEpilogue { bias, ..DeviceEpilogue::default() })?;
        let half = both.dim(1)? / 2;
        both.narrow(1, 0, half)? * both.narrow(1, half, half)?.gelu_erf()?
    }

    fn attention(&self, q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, causal: bool) -> Answer {
        let (batch, queries, width) = q.dims3()?;
        let split = |x: &Tensor| x.reshape((batch, x.dim(1)?, heads, width / heads))?.transpose(1, 2)?.contiguous();
        let (q, k, v) = (split(q)?, split(k)?, split(v)?);
        let mut scores = (q.matmul(&k.t()?)? / ((width / heads) as f64).sqrt())?;
        if causal {
            let hidden = |(row, column): (usize, usize)| if column > row { f32::NEG_INFINITY } else { 0.0 };
            let keys = k.dim(2)?;
            let mask = (0..queries * keys).map(|place| hidden((place / keys, place % keys))).collect::<Vec<_>>();
            scores = scores.broadcast_add(&Tensor::from_vec(mask, (queries, keys), q.device())?)?;
        }
        let out = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&v)?;
        out.transpose(1, 2)?.reshape((batch, queries, width))
    }

    fn group_norm(
        &self,
        x: &Tensor,
        [weight, bias]: [&Tensor; 2],
        groups: usize,
        eps: f32,
        activation: Activation,
    ) -> Answer {
        assert!(x.is_contiguous());
        let (batch, height, width, channels) = x.dims4()?;
        let grouped = x.reshape((batch, height * width, groups, channels / groups))?.transpose(1, 2)?;
        let rows = grouped.reshape((batch, groups, ()))?;
        let centred = rows.broadcast_sub(&rows.mean_keepdim(D::Minus1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + f64::from(eps))?.sqrt()?;
        let normed = centred.broadcast_div(&deviation)?.reshape((batch, groups, height * width, channels / groups))?;
        let normed = normed.transpose(1, 2)?.reshape((batch, height, width, channels))?;
        activated(&normed.broadcast_mul(weight)?.broadcast_add(bias)?, activation)
    }

    fn scale_channels(&self, x: &Tensor, scales: &Tensor) -> Answer {
        let column = |at: usize| scales.narrow(1, at, 1)?.flatten_all();
        x.broadcast_mul(&column(0)?)?.broadcast_add(&column(1)?)
    }

    fn layer_norm(&self, x: &Tensor, [weight, bias]: [&Tensor; 2], eps: f32) -> Answer {
        candle_nn::ops::layer_norm(x, weight, bias, eps)
    }

    fn add(&self, a: &Tensor, b: &Tensor) -> Answer {
        assert!(a.is_contiguous() && b.is_contiguous());
        a + b
    }

    fn activate(&self, x: &Tensor, activation: Activation) -> Answer {
        activated(x, activation)
    }

    fn copy(&self, x: &Tensor) -> Answer {
        assert!(x.dims().len() <= 4);
        x.contiguous()
    }

    fn concatenate(&self, first: &Tensor, second: &Tensor) -> Answer {
        assert!(first.is_contiguous() && second.is_contiguous());
        Tensor::cat(&[first, second], 3)
    }

    fn rotate(&self, x: &Tensor, [cosines, sines]: [&Tensor; 2], pairs: RotaryPairs) -> Answer {
        assert!(x.is_contiguous() && cosines.dtype() == DType::F32);
        let (batch, tokens, channels) = x.dims3()?;
        let half = cosines.dim(1)?;
        let heads = x.reshape((batch * tokens, channels / (2 * half), 2 * half))?;
        let turned = |x: Tensor| {
            let (cosines, sines) = (cosines.repeat((batch, 1))?, sines.repeat((batch, 1))?);
            let (cosines, sines) = (cosines.unsqueeze(1)?, sines.unsqueeze(1)?);
            let (a, b) = (x.narrow(2, 0, half)?, x.narrow(2, half, half)?);
            let first = (a.broadcast_mul(&cosines)? - b.broadcast_mul(&sines)?)?;
            let second = (b.broadcast_mul(&cosines)? + a.broadcast_mul(&sines)?)?;
            Tensor::cat(&[first, second], 2)
        };
        // Neighbours are brought half a head apart, and back again.
        let swapped = |x: &Tensor, sides: [usize; 2]| {
            let (rows, heads, _) = x.dims3()?;
            x.reshape((rows, heads, sides[0], sides[1]))?.transpose(2, 3)?.contiguous()?.reshape((
                rows,
                heads,
                2 * half,
            ))
        };
        let out = match pairs {
            RotaryPairs::Halves => turned(heads)?,
            RotaryPairs::Neighbours => swapped(&turned(swapped(&heads, [half, 2])?)?, [2, half])?,
        };
        out.reshape((batch, tokens, channels))
    }

    fn scale_onto(&self, x: &Tensor, factors: &Tensor, residual: &Tensor) -> Answer {
        assert!(x.is_contiguous() && residual.is_contiguous());
        residual + x.broadcast_mul(factors)?
    }
}
