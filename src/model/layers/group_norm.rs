//! Group norm on pictures: by a map's own statistics, or by those of a whole of which the map is a tile.

use std::cell::RefCell;

use candle_core::{D, DType, Tensor};
use candle_nn::Module;

use super::super::ModelError;
use super::super::feature::{Execution, Feature, mixed};
use super::super::tiles::Own;
use super::super::weights::Scope;
use super::host_vector;
use crate::kernels::{self, GroupStatistics, Map};

enum Form {
    Host(kernels::GroupNorm),
    Device { norm: candle_nn::GroupNorm, weight: Vec<f32>, bias: Vec<f32>, eps: f64 },
    Sketch,
}

pub struct GroupNorm {
    form: Form,
    groups: usize,
    sharing: RefCell<Sharing>,
}

/// What is done about tiles.
#[derive(Default)]
enum Sharing {
    /// Each map by its own statistics.
    #[default]
    None,
    /// Each tile's are noted where the tile is its own; it is normalised by what an earlier round gave, or by them.
    Gathering { own: Own, gathered: Option<GroupStatistics>, given: Option<GroupStatistics> },
    /// By those of the whole.
    Given(GroupStatistics),
}

impl GroupNorm {
    pub fn new(at: &Scope, groups: usize, channels: usize, eps: f64) -> Result<Self, ModelError> {
        let (weight, bias) = (at.tensor("weight", &[channels])?, at.tensor("bias", &[channels])?);
        let form = match at.execution() {
            Execution::Candle => Form::Device {
                weight: host_vector(&weight)?,
                bias: host_vector(&bias)?,
                norm: candle_nn::GroupNorm::new(weight, bias, channels, groups, eps)?,
                eps,
            },
            Execution::Kernels => {
                let (weight, bias) = (host_vector(&weight)?, host_vector(&bias)?);
                Form::Host(kernels::GroupNorm::new(weight, bias, groups, eps, at.packing().level)?)
            }
            Execution::Sketch(_) => Form::Sketch,
        };
        Ok(Self { form, groups, sharing: RefCell::default() })
    }

    /// From now on tiles of a whole come, of which this one is the next.
    pub fn gather(&self, own: Own) {
        let mut sharing = self.sharing.borrow_mut();
        let (gathered, given) = match std::mem::take(&mut *sharing) {
            Sharing::None => (None, None),
            Sharing::Gathering { gathered, given, .. } => (gathered, given),
            Sharing::Given(given) => (None, Some(given)),
        };
        *sharing = Sharing::Gathering { own, gathered, given };
    }

    /// What was gathered holds for every map from now on.
    pub fn share(&self) {
        let mut sharing = self.sharing.borrow_mut();
        if let Sharing::Gathering { gathered: Some(gathered), .. } = &*sharing {
            *sharing = Sharing::Given(gathered.clone());
        }
    }

    /// Each map by its own statistics again.
    pub fn end_sharing(&self) {
        self.sharing.replace(Sharing::None);
    }

    pub fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.run(x, false)
    }

    pub fn forward_silu(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.run(x, true)
    }

    fn run(&self, x: &Feature, with_silu: bool) -> Result<Feature, ModelError> {
        let mut sharing = self.sharing.borrow_mut();
        if let Sharing::Gathering { own, gathered, .. } = &mut *sharing
            && let Some(found) = self.statistics(x, *own)?
        {
            *gathered = Some(gathered.as_ref().map_or(found.clone(), |before| before.joined(&found)));
        }
        let given = match &*sharing {
            Sharing::None => None,
            Sharing::Gathering { given, .. } => given.as_ref(),
            Sharing::Given(given) => Some(given),
        };
        Ok(match (&self.form, x) {
            (Form::Host(norm), Feature::Host(x)) => Feature::Host(match given {
                Some(given) => norm.forward_by(x, std::slice::from_ref(given), with_silu)?,
                None => norm.forward(x, with_silu)?,
            }),
            (Form::Device { norm, weight, bias, eps }, Feature::Device(x)) => {
                let normed = match given {
                    Some(given) => self.normed_by(x, given, (weight, bias), *eps)?,
                    None => norm.forward(x)?,
                };
                Feature::Device(if with_silu { normed.silu()? } else { normed })
            }
            (Form::Sketch, Feature::Sketch(x)) => Feature::Sketch(x.passed_over()),
            _ => return Err(mixed()),
        })
    }

    /// Of a tile where it is its own; of the first picture of a batch.
    fn statistics(&self, x: &Feature, own: Own) -> Result<Option<GroupStatistics>, ModelError> {
        let (height, width) = x.size()?;
        let range = |(start, end): (f64, f64), side: usize| {
            let place = |share: f64| (share * side as f64).round() as usize;
            place(start)..place(end)
        };
        let (rows, columns) = (range(own.rows, height), range(own.columns, width));
        Ok(match (&self.form, x) {
            (Form::Host(norm), Feature::Host(x)) => {
                let own: Map = x.cropped(rows, columns);
                norm.statistics(&own)?.into_iter().next()
            }
            (Form::Device { .. }, Feature::Device(x)) => {
                let own = x.narrow(0, 0, 1)?.narrow(2, rows.start, rows.len())?;
                let own = own.narrow(3, columns.start, columns.len())?.contiguous()?.to_dtype(DType::F32)?;
                let own = own.reshape((self.groups, ()))?;
                let means = own.mean_keepdim(D::Minus1)?;
                let squares = own.broadcast_sub(&means)?.sqr()?.sum(D::Minus1)?;
                let host = |x: &Tensor| -> Result<Vec<f64>, candle_core::Error> {
                    Ok(x.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from).collect())
                };
                let (means, squares) = (host(&means)?, host(&squares)?);
                Some(GroupStatistics { count: own.dim(1)? as f64, means, squares })
            }
            _ => None,
        })
    }

    fn normed_by(
        &self,
        x: &Tensor,
        given: &GroupStatistics,
        (weight, bias): (&[f32], &[f32]),
        eps: f64,
    ) -> Result<Tensor, ModelError> {
        let per_group = weight.len() / self.groups;
        let factors = weight.iter().zip(bias).enumerate().map(|(channel, (weight, bias))| {
            let (mean, inverse) = given.mean_and_inverse(channel / per_group, eps);
            let scale = f64::from(*weight) * inverse;
            (scale as f32, (f64::from(*bias) - mean * scale) as f32)
        });
        let (scale, shift): (Vec<f32>, Vec<f32>) = factors.unzip();
        let row = |values: Vec<f32>| Tensor::from_vec(values, (1, weight.len(), 1, 1), x.device());
        let single = x.to_dtype(DType::F32)?;
        let normed = single.broadcast_mul(&row(scale)?)?.broadcast_add(&row(shift)?)?;
        Ok(normed.to_dtype(x.dtype())?)
    }
}
