//! Foretells what a picture will take, without the engine's thread: from the model's small files and this machine's
//! speed, which is measured the first time.

use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::{DType, Device};

use super::device::{DeviceChoice, DtypeChoice};
use super::files_of;
use crate::job::{AttentionMode, Compute, Estimate, EstimateQuestion, MemoryMode, ModelRef, Speed, VaeTiling};
use crate::model::{Card, Execution, Tiling};
use crate::pipeline::{CostModel, Costs, Drawing, Manner, budget, guessed_card_speed, measured_speed, scoring_of};
use crate::store::memory::resident_memory_bytes;

/// Answers one question after the other; keeps the configs of the model asked about last.
pub struct Estimator {
    card: Option<Card>,
    dtype: DType,
    speed: OnceLock<Option<Speed>>,
    last: Mutex<Option<(ModelRef, CostModel)>>,
}

impl Estimator {
    #[must_use]
    pub fn new(device: DeviceChoice, dtype: DtypeChoice) -> Self {
        let card = match device.resolved() {
            DeviceChoice::Metal => Some(Card::Metal),
            DeviceChoice::Cuda(_) => Some(Card::Cuda),
            DeviceChoice::Auto | DeviceChoice::Cpu => None,
        };
        let auto = if card.is_some() { DType::F16 } else { DType::F32 };
        let dtype = if dtype == DtypeChoice::Auto { auto } else { dtype.on(&Device::Cpu) };
        Self { card, dtype, speed: OnceLock::new(), last: Mutex::default() }
    }

    /// `None` where the model cannot be read or cannot draw this. May take a moment.
    #[must_use]
    pub fn answer(&self, question: &EstimateQuestion) -> Option<Estimate> {
        let model = self.model(&question.model)?;
        let speed = (*self.speed.get_or_init(|| self.measure()))?;
        // What this process holds already it can use again.
        let own_bytes = resident_memory_bytes().unwrap_or(0);
        let free_bytes = budget::free_bytes(&Execution::Kernels).filter(|_| self.card.is_none()).map(|free| free + own_bytes);
        let costs = |compute: Compute| self.costs(&model, question, compute, free_bytes);
        let wanted = question.compute;
        let chosen = costs(wanted)?;
        let peak = |compute: Compute| Some(costs(compute)?.peak_bytes() as u64);
        let attention = |mode: AttentionMode| Some((mode, peak(Compute { attention: mode, ..wanted })?));
        let memory = |mode: MemoryMode| Some((mode, peak(Compute { memory: mode, ..wanted })?));
        let modes = [AttentionMode::Full, AttentionMode::Sliced(Some(1)), AttentionMode::Tiled];
        Some(Estimate {
            peak_bytes: chosen.peak_bytes() as u64,
            free_bytes,
            seconds_per_call: speed.seconds(chosen.step),
            seconds_once: speed.seconds(chosen.text.plus(chosen.encode).plus(chosen.decode)),
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

    fn measure(&self) -> Option<Speed> {
        if self.card.is_some() { Some(guessed_card_speed()) } else { measured_speed().ok() }
    }

    fn costs(
        &self,
        model: &CostModel,
        question: &EstimateQuestion,
        compute: Compute,
        free: Option<u64>,
    ) -> Option<Costs> {
        let [width, height] = question.size_px.map(|side| side as usize);
        let rows = if question.guided { 2 } else { 1 };
        let drawing = Drawing { width, height, rows, windows: 1, encodes: question.encodes };
        let manner = Manner {
            scoring: scoring_of(compute.attention),
            tiling: (compute.vae_tiling == VaeTiling::On).then(Tiling::default),
            winograd: compute.memory != MemoryMode::Low && self.card.is_none(),
            dtype: self.dtype,
            card: self.card,
        };
        model.settled_costs(drawing, manner, compute, free).ok()
    }
}
