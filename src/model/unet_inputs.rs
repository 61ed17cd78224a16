//! All that a UNet is given at one step, on the host or on the device: one list, so that a device can keep places for it.

use candle_core::Tensor;

use super::ModelError;
use super::feature::{Execution, Feature};
use super::unet_time::TimeInputs;

/// Of tensors `(batch, channels, height, width)` and `(batch, tokens, width)`.
pub(super) struct UnetInputs<T> {
    pub sample: T,
    pub context: T,
    pub time: TimeInputs<T>,
}

impl UnetInputs<Tensor> {
    pub(crate) fn list(&self) -> Vec<&Tensor> {
        let TimeInputs { time, guidance, added } = &self.time;
        [Some(time), guidance.as_ref(), added.as_ref(), Some(&self.context), Some(&self.sample)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The same in the order of [`UnetInputs::list`], from elsewhere.
    ///
    /// # Errors
    /// When there are not as many.
    pub(crate) fn placed<T>(&self, given: impl IntoIterator<Item = T>) -> Result<UnetInputs<T>, ModelError> {
        let mut given = given.into_iter();
        let mut next = || given.next().ok_or_else(|| ModelError::Misfit("a UNet was given too little".to_owned()));
        let time = self.time.placed(&mut next)?;
        Ok(UnetInputs { time, context: next()?, sample: next()? })
    }

    /// # Errors
    /// When a shape is wrong, or the device is out of memory.
    pub(crate) fn upload(&self, execution: &Execution) -> Result<UnetInputs<Feature>, ModelError> {
        Ok(UnetInputs {
            time: self.time.upload(execution)?,
            context: Feature::of_tokens(&self.context, execution)?,
            sample: Feature::of_picture(&self.sample, execution)?,
        })
    }
}
