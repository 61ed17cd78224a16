//! Weights in pinned memory of the host, from which a card fetches them while it computes.

#[cfg(not(feature = "cuda"))]
use candle_core::{Error, Shape, Tensor};

/// The values of a tensor that lay in one piece on a card.
#[cfg(feature = "cuda")]
#[derive(Debug)]
pub(in super::super) struct Pinned {
    values: values::Values,
    device: candle_core::cuda_backend::CudaDevice,
}

/// Without CUDA there are none.
#[cfg(not(feature = "cuda"))]
#[derive(Debug)]
pub(in super::super) enum Pinned {}

/// A copy of `tensor`, which lies in one piece; `None` where it is on no card.
///
/// # Errors
/// When the host has no such memory, or the card failed before.
#[cfg(not(feature = "cuda"))]
#[allow(clippy::unnecessary_wraps)] // as the card's
pub(in super::super) fn pinned(_tensor: &Tensor) -> Result<Option<Pinned>, Error> {
    Ok(None)
}

#[cfg(not(feature = "cuda"))]
impl Pinned {
    /// On its card again.
    ///
    /// # Errors
    /// When the card is out of memory.
    pub(in super::super) fn fetch(&self, _shape: &Shape) -> Result<Tensor, Error> {
        match *self {}
    }
}

#[cfg(feature = "cuda")]
pub(in super::super) use values::pinned;

#[cfg(feature = "cuda")]
mod values {
    use std::fmt;

    use candle_core::cuda_backend::cudarc::driver::PinnedHostSlice;
    use candle_core::cuda_backend::{CudaDevice, CudaStorage, CudaStorageSlice, WrapErr};
    use candle_core::op::BackpropOp;
    use candle_core::{Error, Shape, Storage, Tensor};
    use half::{bf16, f16};

    use super::Pinned;

    pub(super) enum Values {
        F16(PinnedHostSlice<f16>),
        Bf16(PinnedHostSlice<bf16>),
        F32(PinnedHostSlice<f32>),
    }

    impl fmt::Debug for Values {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            let count = match self {
                Self::F16(values) => values.len(),
                Self::Bf16(values) => values.len(),
                Self::F32(values) => values.len(),
            };
            write!(formatter, "{count} values")
        }
    }

    /// As the module says.
    pub(in super::super::super) fn pinned(tensor: &Tensor) -> Result<Option<Pinned>, Error> {
        let (storage, layout) = tensor.storage_and_layout();
        let Storage::Cuda(storage) = &*storage else { return Ok(None) };
        let Some((first, end)) = layout.contiguous_offsets() else {
            return Err(Error::Msg("a weight does not lie in one piece".to_owned()));
        };
        let device: CudaDevice = storage.device.clone();
        let stream = device.cuda_stream();
        macro_rules! copied {
            ($slice:expr, $values:ident) => {{
                // SAFETY: every value is written by the copy below before anything reads one; the slice waits for the
                // copies that it is part of before it goes.
                let mut host = unsafe { stream.context().alloc_pinned(end - first) }.w()?;
                stream.memcpy_dtoh(&$slice.slice(first..end), &mut host).w()?;
                Values::$values(host)
            }};
        }
        let values = match &storage.slice {
            CudaStorageSlice::F16(slice) => copied!(slice, F16),
            CudaStorageSlice::BF16(slice) => copied!(slice, Bf16),
            CudaStorageSlice::F32(slice) => copied!(slice, F32),
            _ => return Err(Error::UnsupportedDTypeForOp(tensor.dtype(), "a weight on the host")),
        };
        Ok(Some(Pinned { values, device }))
    }

    impl Pinned {
        /// On its card again, in the order of what the card is asked for.
        ///
        /// # Errors
        /// When the card is out of memory.
        pub(in super::super::super) fn fetch(&self, shape: &Shape) -> Result<Tensor, Error> {
            let (device, stream) = (&self.device, self.device.cuda_stream());
            macro_rules! fetched {
                ($host:expr, $number:ty) => {{
                    // SAFETY: all of it is written by the copy below, before anything behind it in the stream reads it.
                    let mut slice = unsafe { device.alloc::<$number>($host.len()) }?;
                    stream.memcpy_htod($host, &mut slice).w()?;
                    CudaStorage::wrap_cuda_slice(slice, device.clone())
                }};
            }
            let storage = match &self.values {
                Values::F16(host) => fetched!(host, f16),
                Values::Bf16(host) => fetched!(host, bf16),
                Values::F32(host) => fetched!(host, f32),
            };
            Ok(Tensor::from_storage(Storage::Cuda(storage), shape.clone(), BackpropOp::none(), false))
        }
    }
}
