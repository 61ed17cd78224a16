//! Which cards CUDA knows, by the numbers that it gives them.

use crate::system::nvidia::Card;

/// All of them, without taking memory on any; none in a build without CUDA, or without a driver.
#[cfg(feature = "cuda")]
#[must_use]
pub(crate) fn cards() -> Vec<Card> {
    use candle_core::cuda_backend::cudarc::driver::{
        CudaContext, result::device, sys::CUdevice_attribute as Attribute,
    };

    let card = |number: i32| {
        let card = device::get(number).ok()?;
        // SAFETY: the card is one of the driver's.
        let attribute = |which| unsafe { device::get_attribute(card, which) }.ok();
        let major = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
        let minor = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        Some(Card {
            number: usize::try_from(number).ok()?,
            name: device::get_name(card).ok()?,
            capability: major.zip(minor).map(|(major, minor)| format!("{major}.{minor}")),
            // SAFETY: as above.
            total_bytes: unsafe { device::total_mem(card) }.ok().map(|bytes| bytes as u64),
            // It would take half a gigabyte of it to know.
            free_bytes: None,
        })
    };
    (0..CudaContext::device_count().unwrap_or(0)).filter_map(card).collect()
}

#[cfg(not(feature = "cuda"))]
#[must_use]
pub(crate) fn cards() -> Vec<Card> {
    Vec::new()
}
