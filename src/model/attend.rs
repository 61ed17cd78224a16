//! Scaled dot-product attention, with its scores held in one of several ways that give the same numbers.

use candle_core::{D, DType, Tensor};

use super::ModelError;
use super::feature::{Feature, mixed};
use crate::job::Work;
use crate::kernels::{self, Heads, Level, Scores};

/// Queries and keys of one block of tiled attention through candle's operators.
const BLOCK: usize = 1024;

/// How attention's scores are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scoring {
    /// All at once.
    Full,
    /// For so many heads (of all pictures) at a time.
    Heads(usize),
    /// Blocks of queries and keys with a running softmax: constant memory.
    Tiled,
    /// The device's own fused kernel.
    Flash,
}

impl Scoring {
    /// Whether this build has the device's own fused kernel.
    #[must_use]
    pub fn has_flash() -> bool {
        cfg!(feature = "flash-attn")
    }
}

/// `softmax(q·kᵀ / √d)·v` for `q` `(batch, queries, heads·d)` and `k`, `v` `(batch, keys, heads·d)`.
pub fn attend(q: &Feature, k: &Feature, v: &Feature, heads: Heads, scoring: Scoring) -> Result<Feature, ModelError> {
    let on_host = |batch: usize| match scoring {
        Scoring::Full => Scores::Heads(batch * heads.count),
        Scoring::Heads(count) => Scores::Heads(count),
        Scoring::Tiled | Scoring::Flash => Scores::Tiled,
    };
    Ok(match (q, k, v) {
        (Feature::Host(q), Feature::Host(k), Feature::Host(v)) => {
            let scores = on_host(q.batch);
            Feature::Host(kernels::attention(q, k, v, heads, scores, Level::current())?)
        }
        (Feature::Device(q), Feature::Device(k), Feature::Device(v)) => {
            let mask = heads.causal.then(|| causal_mask(q)).transpose()?;
            Feature::Device(attend_tensors(q, k, v, heads.count, mask.as_ref(), scoring)?)
        }
        (Feature::Sketch(q), Feature::Sketch(k), Feature::Sketch(_)) => {
            let (queries, keys) = (q.height * q.width, k.height * k.width);
            let out = q.with_channels(q.channels);
            let scratch = if q.ledger().is_card() {
                scratch_on_card(q.floats(), k.floats(), (q.batch * heads.count, queries, keys), scoring)
            } else {
                let depth = q.channels / heads.count;
                let sizes = (q.batch, queries, keys);
                kernels::attention_scratch_floats(sizes, (heads, depth), on_host(q.batch), Level::current())
            };
            // Held together, given back together.
            drop(scratch.map(|floats| q.ledger().take(floats)));
            let attention = 4.0 * (q.floats() * keys) as f64 / 1e9;
            q.ledger().add_work(Work { attention, ..Work::default() });
            Feature::Sketch(out)
        }
        _ => return Err(mixed()),
    })
}

/// What candle's operators hold besides the answer: queries, keys and values by head, and scores as they come and as
/// weights.
fn scratch_on_card(q: usize, k: usize, (heads, queries, keys): (usize, usize, usize), scoring: Scoring) -> [usize; 3] {
    let scores = match scoring {
        Scoring::Full => heads * queries * keys,
        Scoring::Heads(count) => count.min(heads) * queries * keys,
        Scoring::Tiled => heads * queries.min(BLOCK) * keys.min(BLOCK),
        Scoring::Flash => 0,
    };
    [2 * q, 2 * k, 3 * scores]
}

/// `(tokens, tokens)`: nothing where a token may look, minus infinity at what comes after it.
fn causal_mask(q: &Tensor) -> Result<Tensor, ModelError> {
    let length = q.dim(1)?;
    let values: Vec<f32> = (0..length)
        .flat_map(|row| (0..length).map(move |column| if column > row { f32::NEG_INFINITY } else { 0.0 }))
        .collect();
    Ok(Tensor::from_vec(values, (length, length), q.device())?.to_dtype(q.dtype())?)
}

/// `mask` `(queries, keys)` is added to the scores.
fn attend_tensors(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    mask: Option<&Tensor>,
    scoring: Scoring,
) -> Result<Tensor, ModelError> {
    let (batch, queries, width) = q.dims3()?;
    let head_width = width / heads;
    #[cfg(feature = "flash-attn")]
    if scoring == Scoring::Flash && mask.is_none() && q.device().is_cuda() && q.dtype() != DType::F32 {
        let split = |x: &Tensor| x.reshape((batch, x.dim(1)?, heads, head_width));
        let scale = 1.0 / (head_width as f32).sqrt();
        let out = candle_flash_attn::flash_attn(&split(q)?, &split(k)?, &split(v)?, scale, false)?;
        return Ok(out.reshape((batch, queries, width))?);
    }
    // One row of pictures and heads: `(batch · heads, tokens, d)`.
    let split = |x: &Tensor| -> Result<Tensor, candle_core::Error> {
        let tokens = x.dim(1)?;
        let by_head = x.reshape((batch, tokens, heads, head_width))?.transpose(1, 2)?.contiguous()?;
        by_head.reshape((batch * heads, tokens, head_width))
    };
    // The scale goes onto the queries: they are smaller than the scores.
    let q = (split(q)? * (1.0 / (head_width as f64).sqrt()))?;
    let (k, v) = (split(k)?, split(v)?);
    let all = batch * heads;
    let out = match scoring {
        Scoring::Tiled | Scoring::Flash if mask.is_none() => tiled(&q, &k, &v)?,
        Scoring::Heads(count) if count < all => {
            let mut slices = Vec::with_capacity(all.div_ceil(count.max(1)));
            for first in (0..all).step_by(count.max(1)) {
                let some = |x: &Tensor| x.narrow(0, first, count.max(1).min(all - first));
                slices.push(whole(&some(&q)?, &some(&k)?, &some(&v)?, mask)?);
            }
            Tensor::cat(&slices, 0)?
        }
        _ => whole(&q, &k, &v, mask)?,
    };
    let out = out.reshape((batch, heads, queries, head_width))?;
    Ok(out.transpose(1, 2)?.reshape((batch, queries, width))?)
}

/// All tensors by head, `q` scaled already.
fn whole(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>) -> Result<Tensor, ModelError> {
    let dtype = q.dtype();
    let mut scores = q.matmul(&k.transpose(1, 2)?)?;
    if let Some(mask) = mask {
        scores = scores.broadcast_add(mask)?;
    }
    let weights = candle_nn::ops::softmax_last_dim(&scores.to_dtype(DType::F32)?)?.to_dtype(dtype)?;
    Ok(weights.matmul(v)?)
}

/// The same in blocks, with what is known of a row so far: its largest score, its weights' sum, and the weighed values.
fn tiled(q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor, ModelError> {
    let dtype = q.dtype();
    let (queries, keys) = (q.dim(1)?, k.dim(1)?);
    let mut blocks = Vec::with_capacity(queries.div_ceil(BLOCK));
    for first in (0..queries).step_by(BLOCK) {
        let q = q.narrow(1, first, BLOCK.min(queries - first))?.contiguous()?;
        let mut state: Option<[Tensor; 3]> = None;
        for first_key in (0..keys).step_by(BLOCK) {
            let count = BLOCK.min(keys - first_key);
            let k = k.narrow(1, first_key, count)?.transpose(1, 2)?;
            let v = v.narrow(1, first_key, count)?.contiguous()?;
            let scores = q.matmul(&k)?.to_dtype(DType::F32)?;
            let mut largest = scores.max_keepdim(D::Minus1)?;
            if let Some([before, _, _]) = &state {
                largest = largest.maximum(before)?;
            }
            let weights = scores.broadcast_sub(&largest)?.exp()?;
            let mut total = weights.sum_keepdim(D::Minus1)?;
            let mut sums = weights.to_dtype(dtype)?.matmul(&v)?.to_dtype(DType::F32)?;
            if let Some([before, earlier_total, earlier_sums]) = &state {
                let scale = (before - &largest)?.exp()?;
                total = (total + (earlier_total * &scale)?)?;
                sums = (sums + earlier_sums.broadcast_mul(&scale)?)?;
            }
            state = Some([largest, total, sums]);
        }
        if let Some([_, total, sums]) = state {
            blocks.push(sums.broadcast_div(&total)?.to_dtype(dtype)?);
        }
    }
    Ok(Tensor::cat(&blocks, 1)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::super::feature::Execution;
    use super::*;

    #[test]
    fn every_way_gives_the_same() {
        // More than one block of queries and of keys; five heads of two pictures leave remainders in slices of 3.
        let (queries, keys, heads, width) = (1100, 1500, 5, 20);
        let random = |rows: usize| Tensor::randn(0f32, 2.0, (2, rows, width), &Device::Cpu).unwrap();
        let (q, k, v) = (random(queries), random(keys), random(keys));
        let run = |execution: Execution, scoring| {
            let feature = |x: &Tensor| Feature::of_tokens(x, &execution).unwrap();
            let out = attend(&feature(&q), &feature(&k), &feature(&v), Heads::plain(heads), scoring).unwrap();
            out.tokens().unwrap()
        };
        let wanted = run(Execution::Candle, Scoring::Full);
        let largest = wanted.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        for on_kernels in [false, true] {
            for scoring in [Scoring::Full, Scoring::Heads(1), Scoring::Heads(3), Scoring::Heads(99), Scoring::Tiled] {
                let difference = (run(if on_kernels { Execution::Kernels } else { Execution::Candle }, scoring)
                    - &wanted)
                    .unwrap()
                    .abs()
                    .unwrap();
                let worst = difference.max_all().unwrap().to_scalar::<f32>().unwrap();
                assert!(worst < 5e-6 * largest, "{scoring:?}: {worst} of {largest}");
            }
        }
    }
}
