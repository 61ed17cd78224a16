//! Scaled dot-product attention, with its scores held in one of several ways that give the same result.

use super::ModelError;
pub(crate) use super::attention_method::AttentionMethod;
use super::feature::Feature;
use super::operators;
use crate::job::Work;
use crate::kernels::{self, Heads, Level, Scores};

/// `softmax(q·kᵀ / √d)·v` for `q` `(batch, queries, heads·d)` and `k`, `v` `(batch, keys, heads·d)`.
pub(crate) fn attend(
    q: &Feature,
    k: &Feature,
    v: &Feature,
    heads: Heads,
    method: AttentionMethod,
) -> Result<Feature, ModelError> {
    let on_host = |batch: usize| match method {
        AttentionMethod::Full => Scores::Heads(batch * heads.count),
        AttentionMethod::Sliced(count) => Scores::Heads(count),
        AttentionMethod::Tiled | AttentionMethod::Flash => Scores::Tiled,
    };
    Ok(match (q, k, v) {
        (Feature::Host(q), Feature::Host(k), Feature::Host(v)) => {
            let scores = on_host(q.batch);
            Feature::Host(kernels::attention(q, k, v, heads, scores, Level::current())?)
        }
        (Feature::Device(q), Feature::Device(k), Feature::Device(v)) => {
            Feature::Device(operators::attend([q, k, v], heads.count, heads.causal, method)?)
        }
        (Feature::Traced(q), Feature::Traced(k), Feature::Traced(_)) => {
            let (queries, keys) = (q.height * q.width, k.height * k.width);
            let out = q.with_channels(q.channels);
            let depth = q.channels / heads.count;
            let sizes = (q.batch, queries, keys);
            let scratch = kernels::attention_scratch_floats(sizes, (heads, depth), on_host(q.batch), Level::current());
            // Held together, given back together.
            drop(scratch.map(|floats| q.tracker().take(floats)));
            let attention = 4.0 * (q.floats() * keys) as f64 / 1e9;
            q.tracker().add_work(Work { attention, ..Work::default() });
            Feature::Traced(out)
        }
        _ => return Err(ModelError::mixed_devices()),
    })
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use super::super::feature::Execution;
    use super::super::operators::Operators;
    use super::*;

    #[test]
    fn every_way_gives_the_same() {
        // More than one block of queries and of keys; five heads of two pictures leave remainders in slices of 3.
        let (queries, keys, heads, width) = (1100, 1500, 5, 20);
        let random = |rows: usize| Tensor::randn(0f32, 2.0, (2, rows, width), &Device::Cpu).unwrap();
        let (q, k, v) = (random(queries), random(keys), random(keys));
        let run = |execution: Execution, method| {
            let feature = |x: &Tensor| Feature::of_tokens(x, &execution).unwrap();
            let out = attend(&feature(&q), &feature(&k), &feature(&v), Heads::plain(heads), method).unwrap();
            out.tokens().unwrap()
        };
        let candle = Execution::Candle(Operators::on(&Device::Cpu, DType::F32));
        let wanted = run(candle.clone(), AttentionMethod::Full);
        let largest = wanted.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        for on_kernels in [false, true] {
            for method in [
                AttentionMethod::Full,
                AttentionMethod::Sliced(1),
                AttentionMethod::Sliced(3),
                AttentionMethod::Sliced(99),
                AttentionMethod::Tiled,
            ] {
                let difference = (run(if on_kernels { Execution::Kernels } else { candle.clone() }, method) - &wanted)
                    .unwrap()
                    .abs()
                    .unwrap();
                let worst = difference.max_all().unwrap().to_scalar::<f32>().unwrap();
                assert!(worst < 5e-6 * largest, "{method:?}: {worst} of {largest}");
            }
        }
    }
}
