//! Group norm on pictures: by a map's own statistics, or by those of a whole of which the map is a tile.

use std::cell::RefCell;

use super::super::ModelError;
use super::super::feature::{Execution, Feature};
use super::super::operators::Array;
use super::super::tiles::Own;
use super::super::weights::Scope;
use super::host_vector;
use crate::kernels::{self, Activation, GroupStatistics, Map};

enum Form {
    Host(kernels::GroupNorm),
    Device(DeviceForm),
    DryRun,
}

struct DeviceForm {
    weight: Array,
    bias: Array,
    /// The same on the host, for statistics that come from there.
    host: [Vec<f32>; 2],
    eps: f64,
}

pub(crate) struct GroupNorm {
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
    pub(crate) fn new(at: &Scope, groups: usize, channels: usize, eps: f64) -> Result<Self, ModelError> {
        if groups == 0 || !channels.is_multiple_of(groups) {
            return Err(ModelError::Misfit(format!("{groups} groups do not divide {channels} channels")));
        }
        let (weight, bias) = (at.tensor("weight", &[channels])?, at.tensor("bias", &[channels])?);
        let form = match at.execution() {
            Execution::Candle(operators) => Form::Device(DeviceForm {
                host: [host_vector(&weight)?, host_vector(&bias)?],
                weight: operators.keep(&weight)?,
                bias: operators.keep(&bias)?,
                eps,
            }),
            Execution::Kernels => {
                let (weight, bias) = (host_vector(&weight)?, host_vector(&bias)?);
                Form::Host(kernels::GroupNorm::new(weight, bias, groups, eps, at.packing().level)?)
            }
            Execution::DryRun(_) => Form::DryRun,
        };
        Ok(Self { form, groups, sharing: RefCell::default() })
    }

    /// From now on tiles of a whole come, of which this one is the next.
    pub(crate) fn gather(&self, own: Own) {
        let mut sharing = self.sharing.borrow_mut();
        let (gathered, given) = match std::mem::take(&mut *sharing) {
            Sharing::None => (None, None),
            Sharing::Gathering { gathered, given, .. } => (gathered, given),
            Sharing::Given(given) => (None, Some(given)),
        };
        *sharing = Sharing::Gathering { own, gathered, given };
    }

    /// What was gathered holds for every map from now on.
    pub(crate) fn share(&self) {
        let mut sharing = self.sharing.borrow_mut();
        if let Sharing::Gathering { gathered: Some(gathered), .. } = &*sharing {
            *sharing = Sharing::Given(gathered.clone());
        }
    }

    /// Each map by its own statistics again.
    pub(crate) fn end_sharing(&self) {
        self.sharing.replace(Sharing::None);
    }

    pub(crate) fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.run(x.clone(), false)
    }

    /// In `x`'s own memory where the kernels compute and nobody else holds it.
    pub(crate) fn forward_silu(&self, x: Feature) -> Result<Feature, ModelError> {
        self.run(x, true)
    }

    fn run(&self, x: Feature, with_silu: bool) -> Result<Feature, ModelError> {
        let mut sharing = self.sharing.borrow_mut();
        if let Sharing::Gathering { own, gathered, .. } = &mut *sharing
            && let Some(found) = self.statistics(&x, *own)?
        {
            *gathered = Some(gathered.as_ref().map_or(found.clone(), |before| before.joined(&found)));
        }
        let given = match &*sharing {
            Sharing::None => None,
            Sharing::Gathering { given, .. } => given.as_ref(),
            Sharing::Given(given) => Some(given),
        };
        Ok(match (&self.form, x) {
            (Form::Host(norm), Feature::Host(x)) => Feature::Host(if let Some(given) = given {
                norm.forward_by(x, std::slice::from_ref(given), with_silu)?
            } else {
                let own = norm.statistics(&x)?;
                norm.forward_by(x, &own, with_silu)?
            }),
            (Form::Device(form), Feature::Device(x)) => Feature::Device(match given {
                Some(given) => {
                    let normed = form.normed_by(&x, given, self.groups)?;
                    normed.activate(if with_silu { Activation::Silu } else { Activation::None })?
                }
                None => x.group_norm((&form.weight, &form.bias), self.groups, form.eps, with_silu)?,
            }),
            (Form::DryRun, Feature::Traced(x)) => Feature::Traced(x.passed_over_in_place()),
            _ => return Err(ModelError::mixed_devices()),
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
            (Form::Device(_), Feature::Device(x)) => Some(x.crop(&rows, &columns)?.group_statistics(self.groups)?),
            _ => None,
        })
    }
}

impl DeviceForm {
    fn normed_by(&self, x: &Array, given: &GroupStatistics, groups: usize) -> Result<Array, ModelError> {
        let [weight, bias] = &self.host;
        let per_group = weight.len() / groups;
        let factors = weight.iter().zip(bias).enumerate().map(|(channel, (weight, bias))| {
            let (mean, inverse) = given.mean_and_inverse(channel / per_group, self.eps);
            let scale = f64::from(*weight) * inverse;
            (scale as f32, (f64::from(*bias) - mean * scale) as f32)
        });
        let (factors, summands): (Vec<f32>, Vec<f32>) = factors.unzip();
        x.scaled_by_channel(factors, summands)
    }
}
