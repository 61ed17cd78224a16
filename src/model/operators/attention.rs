//! Attention of queries, keys and values: in the device's own kernel where it has one, else in products.

use candle_core::{DType, Shape, Tensor};

use super::super::ModelError;
use super::super::attention_method::AttentionMethod;
use super::{Array, Card, Made, Operator, Operators, fused};
use crate::job::Work;

/// Queries and keys of one block of tiled attention.
const BLOCK: usize = 1024;

/// Widths of heads that Metal's kernel knows (candle-nn's `ops::sdpa`).
const SDPA_WIDTHS: [usize; 8] = [32, 64, 72, 80, 96, 128, 256, 512];

/// The widest head for which Metal's kernel works in single precision: wider ones exceed a thread group's memory.
const SDPA_WIDEST_SINGLE: usize = 256;

impl Operators {
    /// Whether this device has attention in one kernel.
    #[must_use]
    pub fn has_fused_attention(&self) -> bool {
        match self.card() {
            Card::Metal => true,
            Card::Cuda => self.fused().is_some(),
            Card::Cpu => false,
        }
    }

    /// The width to which heads are brought for Metal's kernel.
    fn sdpa_width(&self, width: usize) -> Option<usize> {
        let widest = if self.dtype() == DType::F32 { SDPA_WIDEST_SINGLE } else { usize::MAX };
        SDPA_WIDTHS.into_iter().find(|known| *known >= width && *known <= widest)
    }
}

/// `softmax(q·kᵀ / √d)·v` for `q` `(batch, queries, heads·d)` and `k`, `v` `(batch, keys, heads·d)`.
pub(in super::super) fn attend(
    [q, k, v]: [&Array; 3],
    heads: usize,
    causal: bool,
    method: AttentionMethod,
) -> Result<Array, ModelError> {
    let (batch, queries, width) = q.dims3()?;
    let head_width = width / heads;
    // A text encoder's scores are few, and nobody chose how they are held.
    let holds_none = causal || matches!(method, AttentionMethod::Flash | AttentionMethod::Tiled);
    if let Some(fused) = q.fused().filter(|_| holds_none && fused::attention_fits(head_width, causal)) {
        return fused.attend([q, k, v], heads, causal);
    }
    if method == AttentionMethod::Flash
        && !causal
        && q.on().card() == Card::Metal
        && queries > 1
        && let Some(known) = q.on().sdpa_width(head_width)
    {
        return sdpa([q, k, v], heads, known);
    }
    let mask = causal.then(|| causal_mask(q)).transpose()?;
    // One row of pictures and heads: `(batch · heads, tokens, d)`.
    let split = |x: &Array| -> Result<Array, ModelError> {
        let tokens = x.dims()[1];
        x.reshape(&[batch, tokens, heads, head_width])?.transpose(1, 2)?.reshape(&[batch * heads, tokens, head_width])
    };
    // The scale goes onto the queries: they are smaller than the scores.
    let q = split(q)?.affine(1.0 / (head_width as f64).sqrt(), 0.0)?;
    let (k, v) = (split(k)?, split(v)?);
    let all = batch * heads;
    let out = match method {
        AttentionMethod::Tiled | AttentionMethod::Flash if mask.is_none() => tiled(&q, &k, &v)?,
        AttentionMethod::Sliced(count) if count < all => {
            let mut slices = Vec::with_capacity(all.div_ceil(count.max(1)));
            for first in (0..all).step_by(count.max(1)) {
                let some = |x: &Array| x.narrow(0, first, count.max(1).min(all - first));
                slices.push(whole(&some(&q)?, &some(&k)?, &some(&v)?, mask.as_ref())?);
            }
            Array::concatenate(&slices, 0)?
        }
        _ => whole(&q, &k, &v, mask.as_ref())?,
    };
    out.reshape(&[batch, heads, queries, head_width])?.transpose(1, 2)?.reshape(&[batch, queries, width])
}

/// `(tokens, tokens)`: nothing where a token may look, minus infinity at what comes after it.
fn causal_mask(q: &Array) -> Result<Array, ModelError> {
    let length = q.dims()[1];
    let values: Vec<f32> = (0..length)
        .flat_map(|row| (0..length).map(move |column| if column > row { f32::NEG_INFINITY } else { 0.0 }))
        .collect();
    let mask = Tensor::from_vec(values, (length, length), &candle_core::Device::Cpu)?;
    q.on().with_dtype(q.dtype()).upload(&mask)
}

/// All by head, `q` scaled already; `mask` `(queries, keys)` is added to the scores.
fn whole(q: &Array, k: &Array, v: &Array, mask: Option<&Array>) -> Result<Array, ModelError> {
    let mut scores = q.product(&k.transpose(1, 2)?)?;
    if let Some(mask) = mask {
        scores = scores.add(mask)?;
    }
    let single = scores.cast(DType::F32)?;
    drop(scores);
    single.softmax()?.cast(q.dtype())?.product(v)
}

/// The same in blocks, with what is known of a row so far: its largest score, its weights' sum, and the weighed values.
fn tiled(q: &Array, k: &Array, v: &Array) -> Result<Array, ModelError> {
    let dtype = q.dtype();
    let (queries, keys) = (q.dims()[1], k.dims()[1]);
    let mut blocks = Vec::with_capacity(queries.div_ceil(BLOCK));
    for first in (0..queries).step_by(BLOCK) {
        let q = q.narrow(1, first, BLOCK.min(queries - first))?.contiguous()?;
        let mut state: Option<[Array; 3]> = None;
        for first_key in (0..keys).step_by(BLOCK) {
            let count = BLOCK.min(keys - first_key);
            let k = k.narrow(1, first_key, count)?.contiguous()?.transpose(1, 2)?;
            let v = v.narrow(1, first_key, count)?.contiguous()?;
            let scores = q.product(&k)?.cast(DType::F32)?;
            let mut largest = scores.largest()?;
            if let Some([before, _, _]) = &state {
                largest = largest.maximum(before)?;
            }
            let weights = scores.subtract(&largest)?.exp()?;
            drop(scores);
            let mut total = weights.sum()?;
            let mut sums = weights.cast(dtype)?.product(&v)?.cast(DType::F32)?;
            if let Some([before, earlier_total, earlier_sums]) = &state {
                let scale = before.subtract(&largest)?.exp()?;
                total = total.add(&earlier_total.multiply(&scale)?)?;
                sums = sums.add(&earlier_sums.multiply(&scale)?)?;
            }
            state = Some([largest, total, sums]);
        }
        if let Some([_, total, sums]) = state {
            blocks.push(sums.divide(&total)?.cast(dtype)?);
        }
    }
    Array::concatenate(&blocks, 1)
}

fn fused_made(shape: Shape, dtype: DType, keys: usize) -> Made {
    let attention = 4.0 * (shape.elem_count() * keys) as f64 / 1e9;
    Made { work: Work { attention, ..Work::default() }, ..Made::passing(shape, dtype) }
}

/// Metal's kernel. Heads of a width that it does not know are brought to the next one with zeros, which change neither
/// the scores nor, once they are cut off again, the values; the scale stays that of the real width.
fn sdpa([q, k, v]: [&Array; 3], heads: usize, known: usize) -> Result<Array, ModelError> {
    let (batch, queries, width) = q.dims3()?;
    let head_width = width / heads;
    let scale = 1.0 / (head_width as f32).sqrt();
    let split = |x: &Array| -> Result<Array, ModelError> {
        let by_head = x.reshape(&[batch, x.dims()[1], heads, head_width])?.transpose(1, 2)?.contiguous()?;
        by_head.pad(3, 0, known - head_width)
    };
    let (q, k, v) = (split(q)?, split(k)?, split(v)?);
    let made = fused_made(q.shape().clone(), q.dtype(), k.dims()[2]);
    let out = q.on().make(Operator::Sdpa, q.dtype(), made, || {
        candle_nn::ops::sdpa(q.real()?, k.real()?, v.real()?, None, false, scale, 1.0)
    })?;
    out.narrow(3, 0, head_width)?.transpose(1, 2)?.reshape(&[batch, queries, width])
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// The padding, against attention itself: Metal's kernel cannot run here, what it computes can be written down.
    #[test]
    fn zeros_beside_a_head_change_nothing() {
        let (queries, keys, width, known) = (7, 5, 40, 64);
        let random = |rows: usize| Tensor::randn(0f32, 2.0, (3, rows, width), &Device::Cpu).unwrap();
        let (q, k, v) = (random(queries), random(keys), random(keys));
        let attention = |q: &Tensor, k: &Tensor, v: &Tensor| {
            let scores = (q.matmul(&k.t().unwrap()).unwrap() / (width as f64).sqrt()).unwrap();
            candle_nn::ops::softmax_last_dim(&scores).unwrap().matmul(v).unwrap()
        };
        let on = Operators::on(&Device::Cpu, DType::F32);
        assert_eq!(
            [8, 40, 64, 160, 257].map(|width| on.sdpa_width(width)),
            [Some(32), Some(64), Some(64), Some(256), None]
        );
        assert_eq!(on.with_dtype(DType::F16).sdpa_width(512), Some(512));
        let padded = |x: &Tensor| on.upload(x).unwrap().pad(2, 0, known - width).unwrap().download().unwrap();
        let found = attention(&padded(&q), &padded(&k), &padded(&v)).narrow(2, 0, width).unwrap();
        let difference = (found - attention(&q, &k, &v)).unwrap().abs().unwrap().max_all().unwrap();
        assert!(difference.to_scalar::<f32>().unwrap() < 1e-5);
    }
}
