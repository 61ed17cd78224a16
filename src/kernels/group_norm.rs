//! Group norm with SiLU in the same pass over memory ("Group Normalization", Wu and He).

use candle_core::{CpuStorage, CustomOp1, Layout, Module, Result, Shape, Tensor};
use candle_nn::GroupNorm;
use rayon::prelude::*;

use super::exp::silu;

/// A group norm that may end in SiLU.
pub struct FusedGroupNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    groups: usize,
    eps: f64,
    /// For tensors that are not ours.
    plain: GroupNorm,
}

impl FusedGroupNorm {
    /// `weight` and `bias` `(channels)`.
    ///
    /// # Errors
    /// When their shapes differ or cannot be read.
    pub fn new(weight: &Tensor, bias: &Tensor, channels: usize, groups: usize, eps: f64) -> Result<Self> {
        let host = |tensor: &Tensor| tensor.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1::<f32>();
        Ok(Self {
            weight: host(weight)?,
            bias: host(bias)?,
            groups,
            eps,
            plain: GroupNorm::new(weight.clone(), bias.clone(), channels, groups, eps)?,
        })
    }

    /// `x` `(batch, channels, …)`, normalised over each group of channels.
    ///
    /// # Errors
    /// When the shape is wrong.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if super::is_ours(x) {
            return x.contiguous()?.apply_op1_no_bwd(&Pass { norm: self, with_silu: false });
        }
        self.plain.forward(x)
    }

    /// The same, then SiLU.
    ///
    /// # Errors
    /// When the shape is wrong.
    pub fn forward_silu(&self, x: &Tensor) -> Result<Tensor> {
        if super::is_ours(x) {
            return x.contiguous()?.apply_op1_no_bwd(&Pass { norm: self, with_silu: true });
        }
        self.plain.forward(x)?.silu()
    }
}

struct Pass<'a> {
    norm: &'a FusedGroupNorm,
    with_silu: bool,
}

impl CustomOp1 for Pass<'_> {
    fn name(&self) -> &'static str {
        "group-norm"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let all = storage.as_slice::<f32>()?;
        let shape = layout.shape();
        let channels = self.norm.weight.len();
        let dims = shape.dims();
        let found = dims.get(1).copied();
        if found != Some(channels) {
            candle_core::bail!("group norm of {channels} channels was given {dims:?}");
        }
        let x = &all[layout.start_offset()..layout.start_offset() + shape.elem_count()];
        let area: usize = dims[2..].iter().product();
        let group_channels = channels / self.norm.groups;
        let group_size = (group_channels * area).max(1);
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(group_size).zip(x.par_chunks(group_size)).enumerate().for_each(|(index, (y, x))| {
            let first_channel = index % self.norm.groups * group_channels;
            let (mean, inverse_deviation) = statistics(x, self.norm.eps);
            for (offset, (y, x)) in y.chunks_mut(area).zip(x.chunks(area)).enumerate() {
                let scale = self.norm.weight[first_channel + offset] * inverse_deviation;
                let shift = self.norm.bias[first_channel + offset] - mean * scale;
                if self.with_silu {
                    y.iter_mut().zip(x).for_each(|(y, x)| *y = silu(x * scale + shift));
                } else {
                    y.iter_mut().zip(x).for_each(|(y, x)| *y = x * scale + shift);
                }
            }
        });
        Ok((CpuStorage::F32(y), shape.clone()))
    }
}

/// Mean and 1 / √(variance + eps), summed in lanes so that neither speed nor accuracy hangs on one accumulator.
fn statistics(x: &[f32], eps: f64) -> (f32, f32) {
    const LANES: usize = 32;
    const BLOCK: usize = 4096;
    let sum = |of: &dyn Fn(f32) -> f32| -> f64 {
        let mut total = 0f64;
        for block in x.chunks(BLOCK) {
            let mut lanes = [0f32; LANES];
            let mut chunks = block.chunks_exact(LANES);
            for chunk in &mut chunks {
                lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += of(*x));
            }
            total += lanes
                .iter()
                .chain(&chunks.remainder().iter().map(|x| of(*x)).collect::<Vec<_>>())
                .map(|x| f64::from(*x))
                .sum::<f64>();
        }
        total
    };
    let mean = (sum(&|x| x) / x.len() as f64) as f32;
    let variance = sum(&|x| (x - mean) * (x - mean)) / x.len() as f64;
    (mean, (1.0 / (variance + eps).sqrt()) as f32)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn equals_candles_own() {
        let device = Device::Cpu;
        for (shape, groups) in [((2, 6, 5, 7), 3), ((1, 32, 16, 16), 32), ((3, 8, 1, 1), 2)] {
            let channels = shape.1;
            let x = (Tensor::randn(0f32, 3.0, shape, &device).unwrap() + 5.0).unwrap();
            let weight = Tensor::randn(1f32, 0.5, channels, &device).unwrap();
            let bias = Tensor::randn(0f32, 0.5, channels, &device).unwrap();
            let norm = FusedGroupNorm::new(&weight, &bias, channels, groups, 1e-5).unwrap();
            let wanted = norm.plain.forward(&x).unwrap();
            for (found, wanted) in
                [(norm.forward(&x).unwrap(), wanted.clone()), (norm.forward_silu(&x).unwrap(), wanted.silu().unwrap())]
            {
                let difference =
                    (found - wanted).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
                assert!(difference < 1e-5, "{shape:?}: {difference}");
            }
        }
    }
}
