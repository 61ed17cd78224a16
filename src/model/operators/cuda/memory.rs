//! How much memory a CUDA card has, and how much of it is free; idle memory is kept between operators and given back
//! when it is asked for.

use candle_core::Device;

/// Of the whole card; `None` for other devices.
#[must_use]
pub(crate) fn total_bytes(device: &Device) -> Option<u64> {
    sizes(device).map(|[_, total]| total)
}

/// What could be had right now; `None` for other devices.
#[must_use]
pub(crate) fn free_bytes(device: &Device) -> Option<u64> {
    give_back(device);
    sizes(device).map(|[free, _]| free)
}

/// Waits for the card, and lets go of memory that is kept for what comes next.
pub(in super::super) fn give_back(device: &Device) {
    if device.is_cuda() {
        // What is given back on the way is free once the card has come that far.
        device.synchronize().ok();
        trim(device);
    }
}

/// What is free and what there is, as the driver says.
#[cfg(feature = "cuda")]
fn sizes(device: &Device) -> Option<[u64; 2]> {
    let Device::Cuda(cuda) = device else { return None };
    let memory = cuda.cuda_stream().context().mem_get_info();
    let (free, total) = memory.inspect_err(|error| tracing::warn!("the card's memory is unknown: {error}")).ok()?;
    Some([free as u64, total as u64])
}

#[cfg(not(feature = "cuda"))]
fn sizes(_device: &Device) -> Option<[u64; 2]> {
    None
}

#[cfg(feature = "cuda")]
mod pool {
    use candle_core::cuda_backend::CudaDevice;
    use candle_core::cuda_backend::cudarc::driver::{DriverError, result, sys};

    /// The pool from which candle's memory comes; `None` where the driver has none.
    fn of(device: &CudaDevice) -> Result<Option<sys::CUmemoryPool>, DriverError> {
        let stream = device.cuda_stream();
        let context = stream.context();
        if !context.has_async_alloc() {
            return Ok(None);
        }
        context.bind_to_thread()?;
        let card = result::device::get(context.ordinal() as i32)?;
        // SAFETY: the card is one of the driver's, which has pools.
        unsafe { result::device::get_default_mem_pool(card) }.map(Some)
    }

    /// Keeps what is given back: without this the driver returns it to the system at each wait, and the next step has to
    /// map it anew.
    pub(in super::super) fn keep(device: &CudaDevice) -> Result<(), DriverError> {
        let Some(pool) = of(device)? else { return Ok(()) };
        let mut most = u64::MAX;
        let attribute = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        // SAFETY: the pool is the card's own and lives as long as the driver; the attribute is a number of 64 bits.
        unsafe { sys::cuMemPoolSetAttribute(pool, attribute, (&raw mut most).cast()) }.result()
    }

    pub(super) fn trim(device: &CudaDevice) -> Result<(), DriverError> {
        let Some(pool) = of(device)? else { return Ok(()) };
        // SAFETY: the pool is the card's own and lives as long as the driver; only what nobody holds is given back.
        unsafe { sys::cuMemPoolTrimTo(pool, 0) }.result()?;
        let card = result::device::get(device.cuda_stream().context().ordinal() as i32)?;
        // SAFETY: the card is one of the driver's; recorded passes get theirs again when they are started.
        unsafe { sys::cuDeviceGraphMemTrim(card) }.result()
    }
}
#[cfg(feature = "cuda")]
pub(super) use pool::keep;

#[cfg(feature = "cuda")]
fn trim(device: &Device) {
    if let Device::Cuda(device) = device
        && let Err(error) = pool::trim(device)
    {
        tracing::warn!("idle memory of the card stays: {error}");
    }
}

#[cfg(not(feature = "cuda"))]
fn trim(_device: &Device) {}
