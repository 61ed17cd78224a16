//! Where and how it is computed.

use clap::Args;

use super::values::one_of;
use crate::engine::device::{Devices, DtypeChoice};
use crate::job::{AttentionMode, Compute, MemoryMode, Request, VaeTiling};

/// What an engine is started with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Device and memory")]
pub(crate) struct DeviceArguments {
    /// auto, cpu, metal, cuda or cuda:N; cuda:0,cuda:1 makes a picture on each card at once
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: Devices,
    /// Number format of the weights and the computation
    #[arg(long, value_name = "DTYPE", default_value = "auto", value_parser = one_of(&["auto", "f32", "f16", "bf16"], dtype_from_id))]
    pub dtype: DtypeChoice,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Device and memory")]
pub(crate) struct ComputeArguments {
    #[command(flatten)]
    pub device: DeviceArguments,
    /// How attention's scores are held: auto, full, sliced, sliced:N heads at a time, tiled or flash
    #[arg(long, value_name = "MODE", default_value_t = AttentionMode::Auto)]
    pub attention: AttentionMode,
    /// Reads and draws large pictures in overlapping tiles
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = one_of(&["auto", "on", "off"], tiling_from_id))]
    pub vae_tiling: VaeTiling,
    /// Whether memory is spent for speed
    #[arg(long, value_name = "HOW", default_value = "auto", value_parser = one_of(&["auto", "low", "high"], memory_from_id))]
    pub memory: MemoryMode,
}

impl ComputeArguments {
    pub(crate) fn fill(&self, request: &mut Request) {
        let &Self { attention, vae_tiling, memory, .. } = self;
        request.compute = Compute { attention, vae_tiling, memory };
    }
}

fn tiling_from_id(id: &str) -> Option<VaeTiling> {
    match id {
        "auto" => Some(VaeTiling::Auto),
        "on" => Some(VaeTiling::On),
        "off" => Some(VaeTiling::Off),
        _ => None,
    }
}

fn memory_from_id(id: &str) -> Option<MemoryMode> {
    match id {
        "auto" => Some(MemoryMode::Auto),
        "low" => Some(MemoryMode::Low),
        "high" => Some(MemoryMode::High),
        _ => None,
    }
}

fn dtype_from_id(id: &str) -> Option<DtypeChoice> {
    match id {
        "auto" => Some(DtypeChoice::Auto),
        "f32" => Some(DtypeChoice::F32),
        "f16" => Some(DtypeChoice::F16),
        "bf16" => Some(DtypeChoice::Bf16),
        _ => None,
    }
}
