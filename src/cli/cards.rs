//! What `inkwick doctor` says of NVIDIA's cards: each of them, the driver, and what is missing.

use super::cuda_program::CudaProgram;
use super::nvidia_smi;
use crate::engine::device::{Card, DeviceChoice, cards};
use crate::model::cuda_free_bytes;

/// Names and what stands beside them.
pub(super) fn lines() -> Vec<(String, String)> {
    let program = CudaProgram::look();
    let (cuda, cards) =
        if program == CudaProgram::This { of_this_program() } else { (program.sentence(), nvidia_smi::cards()) };
    let driver = nvidia_smi::driver_version();
    let mut lines = vec![("cuda".to_owned(), cuda)];
    lines.extend(cards.iter().map(|card| ("card".to_owned(), line(card))));
    if let Some(driver) = driver {
        lines.push(("driver".to_owned(), format!("NVIDIA {driver}")));
    }
    lines
}

/// By CUDA's own numbers, with the memory that a program could have now.
fn of_this_program() -> (String, Vec<Card>) {
    let mut problem = DeviceChoice::Cuda(0).open().err();
    let mut cards = cards();
    for card in &mut cards {
        match DeviceChoice::Cuda(card.number).open() {
            Ok(device) => card.free_bytes = cuda_free_bytes(&device),
            Err(error) => problem = Some(error),
        }
    }
    let words = match problem {
        None => "ready".to_owned(),
        Some(error) => {
            format!("{error}; a driver from version 580 on is needed (https://www.nvidia.com/drivers)")
        }
    };
    (words, cards)
}

/// "cuda:0, NVIDIA H200, 149.5 of 150.8 GB free, capability 9.0".
fn line(card: &Card) -> String {
    let gb = |bytes: u64| format!("{:.1}", bytes as f64 / 1e9);
    let memory = match (card.free_bytes, card.total_bytes) {
        (Some(free), Some(total)) => format!("{} of {} GB free", gb(free), gb(total)),
        (None, Some(total)) => format!("{} GB", gb(total)),
        (_, None) => "memory unknown".to_owned(),
    };
    let capability =
        card.capability.as_ref().map(|capability| format!(", capability {capability}")).unwrap_or_default();
    format!("cuda:{}, {}, {memory}{capability}", card.number, card.name)
}
