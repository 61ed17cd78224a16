//! Estimates what a picture will take, without the engine's thread: from the model's small files and this machine's
//! speed, which is measured the first time.

use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::{DType, Device};

use super::device::{Devices, DtypeChoice};
use super::files_of;
use crate::job::{AttentionMode, Compute, Estimate, EstimateQuestion, MemoryMode, ModelRef, Speed};
use crate::model::Execution;
use crate::pipeline::{
    Constraints, CostModel, FittedPlan, ModelSpec, SteeringLoad, Workload, guessed_card_speed, measured_speed,
    memory_budget,
};

/// Answers one question after the other; keeps the configs of the model asked about last. Of several cards the one with the
/// least memory is asked: any of them may get the picture.
pub(crate) struct Estimator {
    devices: Devices,
    dtype: DtypeChoice,
    execution: OnceLock<(Execution, DType)>,
    speed: OnceLock<Option<Speed>>,
    last: Mutex<Option<(ModelRef, CostModel)>>,
}

impl Estimator {
    #[must_use]
    pub(crate) fn new(devices: Devices, dtype: DtypeChoice) -> Self {
        Self { devices, dtype, execution: OnceLock::new(), speed: OnceLock::new(), last: Mutex::default() }
    }

    /// `None` where the model cannot be read or cannot draw this. May take a moment.
    #[must_use]
    pub(crate) fn answer(&self, question: &EstimateQuestion) -> Option<Estimate> {
        let mut model = self.model(&question.model)?;
        let mut reference_px = 0;
        let is_steered = !question.controls.is_empty() || !question.references.is_empty() || question.regions > 0;
        if is_steered || !question.read_px.is_empty() {
            let spec = ModelSpec::read(&files_of(&question.model).ok()?, None).ok()?;
            spec.check_regions(question.regions as usize).ok()?;
            let calls = question.calls as usize;
            let load = SteeringLoad::of(&spec, &question.controls, &question.references, calls).ok()?;
            model = model.with_steering(load);
            reference_px = spec.read_px(&question.read_px);
        }
        if !question.loras.is_empty() {
            model = model.with_loras(&files_of(&question.model).ok()?, &question.loras);
        }
        let speed = (*self.speed.get_or_init(|| self.measure()))?;
        let free_bytes = memory_budget::all_bytes(&self.execution().0);
        let plan = |compute: Compute| self.plan(&model, (question, reference_px), compute, free_bytes);
        let wanted = question.compute;
        let chosen = plan(wanted)?;
        let peak = |compute: Compute| Some(plan(compute)?.costs.peak_bytes() as u64);
        let attention = |mode: AttentionMode| Some((mode, peak(Compute { attention: mode, ..wanted })?));
        let memory = |mode: MemoryMode| Some((mode, peak(Compute { memory: mode, ..wanted })?));
        let modes = [AttentionMode::Full, AttentionMode::Sliced(Some(1)), AttentionMode::Tiled];
        let costs = chosen.costs;
        Some(Estimate {
            peak_bytes: costs.peak_bytes() as u64,
            free_bytes,
            seconds_per_call: speed.seconds(costs.step) + costs.streaming_seconds(),
            seconds_once: speed.seconds(costs.text.plus(costs.encode).plus(costs.decode).plus(costs.control)),
            calls: question.calls,
            by_attention: modes.into_iter().filter_map(attention).collect(),
            by_memory: [memory(MemoryMode::Low)?, memory(MemoryMode::High)?],
        })
    }

    fn model(&self, wanted: &ModelRef) -> Option<CostModel> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(known, _)| known != wanted) {
            *last = Some((wanted.clone(), CostModel::read(&files_of(wanted).ok()?).ok()?));
        }
        last.as_ref().map(|(_, model)| model.clone())
    }

    fn execution(&self) -> &(Execution, DType) {
        self.execution.get_or_init(|| {
            let opened = self.devices.iter().filter_map(|device| device.open().ok());
            let executions = opened.map(|device| {
                let dtype = self.dtype.on(&device);
                (Execution::on(&device, dtype), dtype)
            });
            let smallest = executions.min_by_key(|(execution, _)| memory_budget::all_bytes(execution));
            smallest.unwrap_or_else(|| (Execution::on(&Device::Cpu, DType::F32), self.dtype.on(&Device::Cpu)))
        })
    }

    fn measure(&self) -> Option<Speed> {
        if self.execution().0.operators().is_some() { Some(guessed_card_speed()) } else { measured_speed().ok() }
    }

    fn plan(
        &self,
        model: &CostModel,
        (question, reference_px): (&EstimateQuestion, usize),
        compute: Compute,
        budget_bytes: Option<u64>,
    ) -> Option<FittedPlan> {
        let [width, height] = question.size_px.map(|side| side as usize);
        let rows = model.rows(question.guided) - 1 + question.parts.max(1) as usize;
        let (encodes, texts) = (question.encodes || reference_px > 0, question.texts as usize);
        let workload = Workload {
            width,
            height,
            rows,
            windows: 1,
            texts,
            encodes,
            reference_px,
            regions: question.regions as usize,
        };
        let (execution, dtype) = self.execution();
        let may_halve = self.dtype == DtypeChoice::Auto;
        let host_bytes = memory_budget::host_bytes();
        let constraints = Constraints { may_halve, host_bytes, ..Constraints::new(*dtype, budget_bytes) };
        model.plan(execution, workload, compute, &constraints).ok()
    }
}
