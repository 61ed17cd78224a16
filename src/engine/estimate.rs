//! Estimates what a picture will take, without the engine's thread: from the model's small files and this machine's
//! speed, which is measured the first time.

use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::{DType, Device};

use super::device::{Devices, DtypeChoice};
use super::files_of;
use crate::job::{AttentionMode, Compute, Estimate, EstimateQuestion, MemoryMode, ModelRef, Speed};
use crate::model::Execution;
use crate::pipeline::{
    Constraints, CostModel, FittedPlan, ModelSpec, ReadPictures, SteeringLoad, Workload, guessed_card_speed,
    measured_speed, memory_budget,
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
        let (model, workload) = self.asked(question)?;
        let speed = (*self.speed.get_or_init(|| self.measure()))?;
        let free_bytes = memory_budget::all_bytes(&self.execution().0);
        let plan = |compute: Compute| self.plan(&model, workload, compute, free_bytes);
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

    /// What is asked about: with all that steers, and as the pipeline will work on it.
    fn asked(&self, question: &EstimateQuestion) -> Option<(CostModel, Workload)> {
        let mut model = self.model(&question.model)?;
        let [width, height] = question.size_px.map(|side| side as usize);
        let mut workload = Workload {
            width,
            height,
            rows: model.rows(question.guided) - 1 + question.parts.max(1) as usize,
            windows: 1,
            texts: question.texts as usize,
            encodes: question.encodes,
            reads_canvas: false,
            references: ReadPictures::default(),
            regions: question.regions as usize,
        };
        let is_steered = !question.controls.is_empty() || !question.references.is_empty() || question.regions > 0;
        if is_steered || question.edits || !question.read_px.is_empty() {
            let spec = ModelSpec::read(&files_of(&question.model).ok()?, None).ok()?;
            spec.check_regions(question.regions as usize).ok()?;
            let calls = question.calls as usize;
            let load = SteeringLoad::of(&spec, &question.controls, &question.references, calls).ok()?;
            model = model.with_steering(load);
            workload.reads_canvas = question.edits && spec.reads_references();
            workload.references = spec.read_pictures(question.read_px.iter().copied());
        }
        if !question.loras.is_empty() {
            model = model.with_loras(&files_of(&question.model).ok()?, &question.loras);
        }
        Some((model, workload))
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
        workload: Workload,
        compute: Compute,
        budget_bytes: Option<u64>,
    ) -> Option<FittedPlan> {
        let (execution, dtype) = self.execution();
        let may_halve = self.dtype == DtypeChoice::Auto;
        let host_bytes = memory_budget::host_bytes();
        let constraints = Constraints { may_halve, host_bytes, ..Constraints::new(*dtype, budget_bytes) };
        model.plan(execution, workload, compute, &constraints).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::job::{InitPicture, Reference, Request};
    use crate::pipeline::work_grid_of;
    use crate::raster::Picture;

    #[test]
    fn what_is_estimated_is_what_will_be_planned() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/klein/model");
        let model = ModelRef::Folder(folder);
        let files = files_of(&model).unwrap();
        let spec = ModelSpec::read(&files, None).unwrap();
        let estimator = Estimator::new(Devices::default(), DtypeChoice::Auto);
        let execution = Execution::on(&Device::Cpu, DType::F32);
        let picture = |width, height| Arc::new(Picture::filled(width, height, [9; 4]));
        let photo = |strength| Some(InitPicture { picture: picture(1536, 1024), strength });
        let reference = Reference { picture: Some(picture(2048, 1024)), ..Reference::default() };
        let sized = Request { model: model.clone(), width: Some(512), height: Some(256), ..Request::default() };
        let edit = Request { init: photo(1.0), width: None, height: None, ..sized.clone() };
        let both = Request { references: vec![reference.clone(), reference.clone()], ..edit.clone() };
        let begun = Request { init: photo(0.5), ..both.clone() };
        let words = Request { references: vec![reference], ..sized };
        let mut read = Vec::new();
        for request in [&edit, &both, &begun, &words] {
            let planned = spec.plan(request, &execution, &Constraints::new(DType::F32, None)).unwrap();
            let question = EstimateQuestion::of(request, &spec.profile().defaults(), work_grid_of(&files).ok());
            let (_, workload) = estimator.asked(&question).unwrap();
            assert_eq!(workload, planned.workload);
            read.push(workload.read_px());
        }
        // A canvas is read as large as it is worked on, another picture at a megapixel at most.
        let (canvas, other) = (1536 * 1024, 1440 * 720);
        assert_eq!(read, [canvas, canvas + 2 * other, 2 * other, other]);
        // And all of it is paid for: by the picture's tokens, and by encoding what is larger than the picture.
        let costs =
            |request: &Request| spec.plan(request, &execution, &Constraints::new(DType::F32, None)).unwrap().costs;
        let alone = costs(&Request { references: Vec::new(), ..words.clone() });
        let kept = Request { init: photo(0.5), ..edit.clone() };
        assert!(costs(&edit).step_bytes > costs(&kept).step_bytes);
        assert!(alone.encode_bytes == 0 && costs(&words).encode_bytes > alone.decode_bytes);
    }
}
