//! Networks by which a picture steers the UNet, and what they add to its pass: ControlNets to the maps that it keeps for
//! its way up, T2I-Adapters to its way down.

mod control_net;
mod hint;
mod t2i_adapter;
mod union;

pub use control_net::{ControlNet, ControlNetInput};
pub use hint::{Hint, TypedHint};
pub use t2i_adapter::{Adapter, AdapterMaps, folded};

use candle_core::{Device, Tensor};

use super::ModelError;
use super::cross_context::{ImagePrompt, RegionPrompt};
use super::feature::{Execution, Feature};

/// A map that is added to one of the UNet's; where it is for less than all of it, by how much each pixel counts.
#[derive(Clone)]
pub(crate) struct AddedMap {
    pub map: Feature,
    pub share: Option<Share>,
}

impl AddedMap {
    /// `x` and what is added to it.
    pub(crate) fn onto(&self, x: &Feature) -> Result<Feature, ModelError> {
        match &self.share {
            Some(share) => x.add_repeated(&self.map.multiply_repeated(&share.0)?),
            None => x.add_repeated(&self.map),
        }
    }
}

/// How much each row of a pass and each pixel counts: `(rows or 1, height or 1, width or 1, 1)`.
#[derive(Clone)]
pub struct Share(Feature);

impl Share {
    /// # Errors
    /// When there are not as many values, or the device is out of memory.
    pub fn new(
        values: Vec<f32>,
        (rows, height, width): (usize, usize, usize),
        execution: &Execution,
    ) -> Result<Self, ModelError> {
        let values = Tensor::from_vec(values, (rows, 1, height, width), &Device::Cpu)?;
        Ok(Self(Feature::of_picture(&values, execution)?))
    }
}

/// What one ControlNet adds: to each map that the UNet keeps, and to its middle, the last one.
#[derive(Clone)]
pub struct ControlMaps(pub(super) Vec<AddedMap>);

impl ControlMaps {
    /// Height and width of each.
    ///
    /// # Errors
    /// None that a person could cause.
    pub fn sizes(&self) -> Result<Vec<(usize, usize)>, ModelError> {
        self.0.iter().map(|added| added.map.size()).collect()
    }

    /// How much each counts, in the same order.
    #[must_use]
    pub fn weighted(mut self, shares: Vec<Option<Share>>) -> Self {
        for (added, share) in self.0.iter_mut().zip(shares) {
            added.share = share;
        }
        self
    }

    /// For a pass with so many rows before, to which nothing is added.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn behind_rows(mut self, count: usize) -> Result<Self, ModelError> {
        for added in &mut self.0 {
            added.map = added.map.behind_zeros(count)?;
        }
        Ok(self)
    }
}

/// All that is added to one pass of the UNet besides its prompt.
#[derive(Clone, Default)]
pub struct ControlSignals {
    pub nets: Vec<ControlMaps>,
    pub adapters: Vec<AdapterMaps>,
    /// Areas with prompts of their own.
    pub regions: Vec<RegionPrompt>,
    /// Pictures that are prompts.
    pub images: Vec<ImagePrompt>,
}

impl ControlSignals {
    /// Whether nothing is added.
    pub(super) fn is_empty(&self) -> bool {
        self.nets.is_empty() && self.adapters.is_empty() && self.regions.is_empty() && self.images.is_empty()
    }

    /// What ControlNets add to the map `index` of those that are kept; the middle comes after the last.
    pub(super) fn onto(&self, index: usize, x: &Feature) -> Result<Feature, ModelError> {
        let mut added = self.nets.iter().filter_map(|net| net.0.get(index));
        added.try_fold(x.clone(), |sum, added| added.onto(&sum))
    }

    /// What adapters add to the way down at this level.
    pub(super) fn onto_level(&self, level: usize, x: Feature) -> Result<Feature, ModelError> {
        let mut added = self.adapters.iter().filter_map(|adapter| adapter.0.get(level));
        added.try_fold(x, |sum, added| added.onto(&sum))
    }

    /// What adapters add to the middle behind so many levels: a map more than there are levels, where it has the middle's
    /// size. One that has not is left out, as in diffusers.
    pub(super) fn onto_middle(&self, levels: usize, x: Feature) -> Result<Feature, ModelError> {
        let mut sum = x;
        for added in self.adapters.iter().filter_map(|adapter| adapter.0.get(levels)) {
            if added.map.size()? == sum.size()? {
                sum = added.onto(&sum)?;
            }
        }
        Ok(sum)
    }
}
