//! What one picture starts from, and what is tried next when the device fails: less memory, then the CPU.

use candle_core::{DType, Device};

use super::device::DtypeChoice;
use crate::job::{Notice, Remedy};
use crate::model::{Execution, FailureKind, OperatorFailure};
use crate::pipeline::{Constraints, ExecutionPlan, FallbackStep, memory_budget};

/// How far an attempt came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Attempt {
    #[default]
    Planning,
    Loading(ExecutionPlan),
    Running(ExecutionPlan),
}

impl Attempt {
    /// The next step towards less memory, if it came to that.
    fn next_step(self) -> Option<FallbackStep> {
        let is_next = |step: &FallbackStep| match self {
            Self::Planning => false,
            Self::Loading(plan) => step.shrinks_weights() && step.is_open(&plan),
            Self::Running(plan) => step.is_open(&plan),
        };
        FallbackStep::ALL.into_iter().find(is_next)
    }
}

pub(super) struct Fallback {
    pub execution: Execution,
    dtype: DType,
    dtype_choice: DtypeChoice,
    /// Steps towards less memory that the failures before led to.
    taken: Vec<FallbackStep>,
}

impl Fallback {
    pub(crate) fn new(execution: Execution, dtype_choice: DtypeChoice) -> Self {
        let dtype = match execution.operators() {
            Some(operators) if dtype_choice == DtypeChoice::Auto => operators.dtype(),
            operators => dtype_choice.on(operators.map_or(&Device::Cpu, |operators| operators.device())),
        };
        Self { execution, dtype, dtype_choice, taken: Vec::new() }
    }

    pub(crate) fn constraints(&self, budget_bytes: Option<u64>) -> Constraints {
        Constraints {
            may_halve: self.dtype_choice == DtypeChoice::Auto,
            taken: self.taken.clone(),
            host_bytes: memory_budget::host_bytes(),
            ..Constraints::new(self.dtype, budget_bytes)
        }
    }

    /// What is done after `failure`, in one sentence; `None` where nothing is left to try. With `has_others` the CPU is left
    /// to the last of the devices.
    pub(crate) fn advance(&mut self, failure: &OperatorFailure, attempt: Attempt, has_others: bool) -> Option<Notice> {
        if failure.kind == FailureKind::OutOfMemory
            && let Some(step) = attempt.next_step()
        {
            self.taken.push(step);
            return Some(format!("{failure}: {}, and the picture is begun anew", step.description()).into());
        }
        self.execution.operators().filter(|_| !has_others)?;
        *self = Self::new(Execution::Kernels, self.dtype_choice);
        let message = format!("{failure}: the picture is made on the CPU instead");
        Some(Notice { message, remedy: Some(Remedy::ReportDevice) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Card, MemoryTracker, Operator, Operators, Tiling};

    /// What a step changes of the plan.
    type Follow = fn(&mut ExecutionPlan);

    #[test]
    fn a_card_steps_down_to_single_layers_and_only_the_last_one_leaves_the_picture_to_the_cpu() {
        let out_of_memory = OperatorFailure {
            device: "CUDA",
            operator: Operator::MatMul,
            dtype: "f16",
            kind: FailureKind::OutOfMemory,
            reason: "out of memory".to_owned(),
        };
        let operators = Operators::dry_run(Card::Cuda, &MemoryTracker::of_card(), DType::F16);
        let mut fallback = Fallback::new(Execution::Candle(operators), DtypeChoice::Auto);
        let mut plan = ExecutionPlan::plain(Some(Card::Cuda), DType::F16);
        // What each step is, and the plan that the next attempt will have.
        let steps: [(&str, Follow); 4] = [
            ("the picture is decoded in tiles", |plan| plan.tiling = Some(Tiling::default())),
            ("one after the other", |plan| plan.sequential_guidance = true),
            ("the networks are read one at a time", |plan| plan.sequential_offload = true),
            ("layer by layer", |plan| plan.streamed_weights = true),
        ];
        for (words, follow) in steps {
            let notice = fallback.advance(&out_of_memory, Attempt::Running(plan), true).unwrap();
            assert!(notice.message.contains(words), "{words} is not in: {}", notice.message);
            follow(&mut plan);
        }
        assert!(fallback.advance(&out_of_memory, Attempt::Running(plan), true).is_none(), "another card has it now");
        let notice = fallback.advance(&out_of_memory, Attempt::Running(plan), false).unwrap();
        assert!(notice.message.ends_with("the picture is made on the CPU instead"), "{}", notice.message);
    }
}
