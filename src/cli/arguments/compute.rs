//! Where and how it is computed.

use clap::Args;

use super::values::one_of;
use crate::engine::device::{DeviceChoice, DtypeChoice};

#[derive(Debug, Args)]
pub struct ComputeArguments {
    /// auto, cpu, metal, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Number format of the weights and the computation
    #[arg(long, value_name = "DTYPE", default_value = "auto", value_parser = one_of(&["auto", "f32", "f16", "bf16"], dtype_from_id))]
    pub dtype: DtypeChoice,
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
