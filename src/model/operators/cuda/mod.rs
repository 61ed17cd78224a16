//! A CUDA card: kernels of our own in half precision, and what only the driver knows.
//!
//! `unsafe` code of this folder is calls of the driver, of cuBLASLt and of these kernels; each block says what makes it
//! sound.
#![allow(unsafe_code)] // `tests/layering.rs` names this folder.

#[cfg(feature = "cuda")]
mod arguments;
#[cfg(feature = "cuda")]
mod card;
mod cards;
#[cfg(feature = "cuda")]
mod fused;
#[cfg(feature = "cuda")]
mod matrices;
mod memory;
mod pinned;
#[cfg(feature = "cuda")]
mod products;
mod recording;
#[cfg(test)]
#[cfg(feature = "cuda")]
mod tests;
#[cfg(any(feature = "cuda", test))]
mod tiles;

use std::sync::Arc;

use candle_core::Device;

use super::fused::FusedKernels;
pub(crate) use cards::cards;
pub(super) use memory::give_back;
pub(crate) use memory::{free_bytes, total_bytes};
pub(super) use pinned::{Pinned, pinned};
pub(super) use recording::{Recording, may_record};

/// Whether this build has kernels of its own; `INKWICK_CUDA=candle` leaves them out, to see whether a fault is theirs.
pub(super) fn are_wanted() -> bool {
    cfg!(feature = "cuda") && !std::env::var("INKWICK_CUDA").is_ok_and(|kernels| kernels == "candle")
}

/// The kernels of this card, loaded once; `None` for other devices, and where they cannot be loaded: candle's do the
/// same more slowly.
#[cfg(feature = "cuda")]
pub(super) fn kernels(device: &Device) -> Option<Arc<dyn FusedKernels>> {
    let Device::Cuda(device) = device else { return None };
    if !are_wanted() {
        return None;
    }
    match card::CudaCard::of(device) {
        Ok(card) => Some(card),
        Err(error) => {
            tracing::warn!("the card's own kernels cannot be used: {error}");
            None
        }
    }
}

#[cfg(not(feature = "cuda"))]
pub(super) fn kernels(_device: &Device) -> Option<Arc<dyn FusedKernels>> {
    None
}
