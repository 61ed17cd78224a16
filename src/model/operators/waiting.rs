//! A layer's weight: on the device for good, or on the host until a pass comes to its layer, so that a network needs no
//! more of the device's memory than its largest layer.

use candle_core::{Device, Shape, Tensor};

use super::super::ModelError;
use super::super::dry_run::BufferStorage;
use super::{Array, Made, Operator, Operators, cuda};
use crate::job::Work;

/// What is smaller stays on the device: it would cost a transfer and free nothing.
const SMALL_BYTES: usize = 1 << 20;

/// A weight as its layer keeps it.
#[derive(Debug)]
pub(crate) enum Kept {
    Here(Array),
    Waiting(Waiting),
}

/// A weight that waits on the host, as the device will have it.
#[derive(Debug)]
pub(crate) struct Waiting {
    host: Host,
    on: Operators,
    /// As it lies in memory.
    shape: Shape,
    /// A convolution's, whose channels lie last.
    is_turned: bool,
}

#[derive(Debug)]
enum Host {
    /// In memory that a card fetches from by itself.
    Pinned(cuda::Pinned),
    Plain(Tensor),
    /// Only its size counts.
    Traced,
}

impl Operators {
    /// Of a network whose weights wait on the host.
    #[must_use]
    pub fn streaming(&self) -> Self {
        self.changed(|context| context.streams = true)
    }

    /// A layer's large weight. The tracker has counted it when it was asked for.
    ///
    /// # Errors
    /// When the device or the host is out of memory.
    pub(crate) fn keep_large(&self, tensor: &Tensor) -> Result<Kept, ModelError> {
        // Laid out by the device, which is faster at it.
        let kept = self.keep(tensor)?;
        let bytes = kept.count() * kept.dtype().size_in_bytes();
        if !self.context.streams || bytes < SMALL_BYTES {
            return Ok(Kept::Here(kept));
        }
        let is_turned = self.fused().is_some() && kept.dims().len() == 4;
        let plain = if is_turned { kept.channels_last()? } else { kept };
        let host = if let Some(tracker) = self.tracker() {
            tracker.leave_on_host(bytes);
            Host::Traced
        } else {
            let failed = |error| self.failure(Operator::Download, self.dtype, &error);
            let tensor = plain.real().map_err(failed)?;
            match cuda::pinned(tensor).map_err(failed)? {
                Some(pinned) => Host::Pinned(pinned),
                None => Host::Plain(tensor.to_device(&Device::Cpu).map_err(failed)?),
            }
        };
        Ok(Kept::Waiting(Waiting { host, on: self.clone(), shape: plain.shape().clone(), is_turned }))
    }
}

impl Kept {
    /// On the device, until what is given is dropped.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub(crate) fn get(&self) -> Result<Array, ModelError> {
        let waiting = match self {
            Self::Here(array) => return Ok(array.clone()),
            Self::Waiting(waiting) => waiting,
        };
        let Waiting { host, on, shape, is_turned } = waiting;
        let made = Made { shape: shape.clone(), dtype: on.dtype, place: BufferStorage::Private, work: Work::default() };
        let here = on.make(Operator::Upload, on.dtype, made, || match host {
            Host::Pinned(pinned) => pinned.fetch(shape),
            Host::Plain(tensor) => tensor.to_device(on.device()),
            Host::Traced => Err(candle_core::Error::Msg("a traced weight has no values".to_owned())),
        })?;
        if *is_turned { here.channels_first() } else { Ok(here) }
    }
}
