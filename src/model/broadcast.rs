//! What control networks do to feature maps that no other network does: sums and products where one map is repeated
//! along another's sides, the mean of all pixels, half the size by means.

use candle_core::{DType, Device, Tensor};

use super::ModelError;
use super::dry_run::TracedFeature;
use super::feature::{Execution, Feature};
use crate::job::Work;
use crate::kernels;

impl Feature {
    /// A side that is 1 in one of them is repeated along the other's.
    ///
    /// # Errors
    /// When the shapes do not go together. So for all that follow.
    pub(crate) fn add_repeated(&self, other: &Self) -> Result<Self, ModelError> {
        Ok(match (self, other) {
            (Self::Host(a), Self::Host(b)) => Self::Host(kernels::combined(a, b, |a, b| a + b)?),
            (Self::Device(a), Self::Device(b)) => Self::Device(a.add(b)?),
            (Self::Traced(a), Self::Traced(b)) => Self::Traced(repeated(a, b)?),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// The product, as [`Feature::add_repeated`] sums.
    pub(crate) fn multiply_repeated(&self, other: &Self) -> Result<Self, ModelError> {
        Ok(match (self, other) {
            (Self::Host(a), Self::Host(b)) => Self::Host(kernels::combined(a, b, |a, b| a * b)?),
            (Self::Device(a), Self::Device(b)) => Self::Device(a.multiply(b)?),
            (Self::Traced(a), Self::Traced(b)) => Self::Traced(repeated(a, b)?),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// Nothing below zero (`ReLU`).
    pub(crate) fn rectified(&self) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(map) => Self::Host(kernels::rectified(map)),
            Self::Device(array) => Self::Device(array.rectified()?),
            Self::Traced(traced) => Self::Traced(traced.passed_over()),
        })
    }

    /// The mean of each picture's pixels, a picture of one.
    pub(crate) fn mean_of_pixels(&self) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(map) => Self::Host(kernels::mean_of_pixels(map)),
            Self::Device(array) => Self::Device(array.mean_of_pixels()?),
            Self::Traced(traced) => {
                drop(traced.passed_over());
                Self::Traced(TracedFeature::new(traced.tracker(), traced.batch, 1, 1, traced.channels))
            }
        })
    }

    /// Half the size, each pixel the mean of four. Once a picture, so it is done on the host.
    pub(crate) fn halved(&self, execution: &Execution) -> Result<Self, ModelError> {
        let (height, width) = self.size()?;
        match self {
            Self::Host(map) => Ok(Self::Host(kernels::halved(map))),
            Self::Traced(traced) => Ok(Self::Traced(TracedFeature::new(
                traced.tracker(),
                traced.batch,
                height.div_ceil(2),
                width.div_ceil(2),
                traced.channels,
            ))),
            Self::Device(array) => {
                let picture = array.download()?;
                let (batch, channels, _, _) = picture.dims4()?;
                let smaller = if execution.tracker().is_some() {
                    let shape = (batch, channels, height.div_ceil(2), width.div_ceil(2));
                    Tensor::zeros(1, DType::F32, &Device::Cpu)?.broadcast_as(shape)?
                } else {
                    // An odd side's last row counts twice, which leaves the mean as it is.
                    let picture = if height % 2 == 1 { picture.pad_with_same(2, 0, 1)? } else { picture };
                    let picture = if width % 2 == 1 { picture.pad_with_same(3, 0, 1)? } else { picture };
                    picture.avg_pool2d(2)?
                };
                Self::of_picture(&smaller, execution)
            }
        }
    }

    /// So many pictures of zeros, then these.
    pub(crate) fn behind_zeros(&self, count: usize) -> Result<Self, ModelError> {
        if count == 0 {
            return Ok(self.clone());
        }
        Ok(match self {
            Self::Host(map) => Self::Host(kernels::behind_zeros(map, count)),
            Self::Device(array) => Self::Device(array.pad(0, count, 0)?),
            Self::Traced(traced) => {
                let TracedFeature { batch, height, width, channels, .. } = *traced;
                Self::Traced(TracedFeature::new(traced.tracker(), batch + count, height, width, channels))
            }
        })
    }
}

fn repeated(a: &TracedFeature, b: &TracedFeature) -> Result<TracedFeature, ModelError> {
    let sides = [(a.batch, b.batch), (a.height, b.height), (a.width, b.width), (a.channels, b.channels)];
    if sides.iter().any(|(a, b)| a != b && *a != 1 && *b != 1) {
        return Err(ModelError::Misfit(format!("maps of {sides:?} do not go together")));
    }
    let [batch, height, width, channels] = sides.map(|(a, b)| a.max(b));
    let sum = TracedFeature::new(a.tracker(), batch, height, width, channels);
    a.tracker().add_work(Work { values: sum.floats() as f64 / 1e9, ..Work::default() });
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::super::operators::Operators;
    use super::*;

    /// The same on the kernels and by a device's operators; and the walk with sizes alone gives the same sizes.
    #[test]
    fn both_ways_give_the_same() {
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (picture, rows) = (random(&[2, 3, 5, 7]), random(&[1, 3, 1, 1]));
        let run = |execution: &Execution| {
            let x = Feature::of_picture(&picture, execution).unwrap();
            let y = Feature::of_picture(&rows, execution).unwrap();
            vec![
                x.add_repeated(&y).unwrap(),
                x.multiply_repeated(&y).unwrap().rectified().unwrap(),
                x.halved(execution).unwrap(),
                x.mean_of_pixels().unwrap(),
                y.behind_zeros(2).unwrap(),
            ]
        };
        let by_kernels = run(&Execution::Kernels);
        let by_device = run(&Execution::Candle(Operators::on(&Device::Cpu, DType::F32)));
        let tracker = super::super::MemoryTracker::new(0);
        let traced = run(&Execution::DryRun(tracker));
        for (index, ((a, b), sizes)) in by_kernels.iter().zip(&by_device).zip(&traced).enumerate() {
            let (a, b) = (a.picture().unwrap(), b.picture().unwrap());
            let difference = (&a - &b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(difference < 1e-5, "{index}: {difference}");
            assert_eq!(sizes.picture().unwrap().dims(), a.dims(), "{index}");
        }
    }
}
