//! The way that one picture goes: by which device, with which numbers, and how sparing of memory; and which turn it
//! takes when the device fails.

use candle_core::{DType, Device};

use super::device::DtypeChoice;
use crate::job::{AttentionMode, Compute, Notice, Remedy, VaeTiling};
use crate::model::{Execution, FailureKind, OperatorFailure};
use crate::pipeline::FallbackStep;

pub(super) struct Fallback {
    pub execution: Execution,
    pub dtype: DType,
    dtype_choice: DtypeChoice,
    /// Whether weights may be kept in half precision though nobody asked for it.
    pub may_halve: bool,
    pub sequential_guidance: bool,
    pub sequential_offload: bool,
    pub compute: Compute,
}

impl Fallback {
    pub fn new(execution: Execution, dtype_choice: DtypeChoice, compute: Compute) -> Self {
        let device = execution.operators().map_or(&Device::Cpu, |operators| operators.device());
        let dtype = match execution.operators() {
            Some(operators) if dtype_choice == DtypeChoice::Auto => operators.dtype(),
            _ => dtype_choice.on(device),
        };
        let may_halve = dtype_choice == DtypeChoice::Auto;
        Self {
            dtype,
            dtype_choice,
            may_halve,
            sequential_guidance: false,
            sequential_offload: false,
            compute,
            execution,
        }
    }

    /// What is done after `failure`, told in one sentence; `None` where nothing is left. `settled` is how the picture was
    /// being computed, if it came to that; `wanted` what was asked for at first.
    pub fn turn(&mut self, failure: &OperatorFailure, settled: Option<Compute>, wanted: Compute) -> Option<Notice> {
        if failure.kind == FailureKind::OutOfMemory
            && let Some(saving) = self.save(settled)
        {
            return Some(format!("{failure}: {}, and the picture is begun anew", saving.words()).into());
        }
        self.execution.operators()?;
        *self = Self::new(Execution::Kernels, self.dtype_choice, wanted);
        let message = format!("{failure}: the picture is made on the CPU instead");
        Some(Notice { message, remedy: Some(Remedy::ReportDevice) })
    }

    /// The next step towards less memory that was not taken yet.
    fn save(&mut self, settled: Option<Compute>) -> Option<FallbackStep> {
        let holds_scores =
            |compute: &Compute| matches!(compute.attention, AttentionMode::Full | AttentionMode::Sliced(_));
        if settled.as_ref().is_some_and(holds_scores) {
            self.compute.attention = AttentionMode::Tiled;
            return Some(FallbackStep::TiledAttention);
        }
        if settled.is_some_and(|compute| compute.vae_tiling == VaeTiling::Off) {
            self.compute.vae_tiling = VaeTiling::On;
            return Some(FallbackStep::VaeTiling);
        }
        if self.dtype == DType::F32 {
            self.dtype = DType::F16;
            return Some(FallbackStep::HalfPrecision);
        }
        if !self.sequential_guidance && self.execution.operators().is_some() {
            self.sequential_guidance = true;
            return Some(FallbackStep::SequentialGuidance);
        }
        if !self.sequential_offload {
            self.sequential_offload = true;
            return Some(FallbackStep::SequentialOffload);
        }
        None
    }
}
