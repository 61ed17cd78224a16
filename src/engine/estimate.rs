//! Estimates what a picture will take, without the engine's thread: from the model's small files and this machine's
//! speed, which is measured the first time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use candle_core::{DType, Device};

use super::device::{Devices, DtypeChoice};
use super::files_of;
use crate::job::{AttentionMode, Compute, Estimate, EstimateQuestion, LoraRef, MemoryMode, ModelRef, Speed};
use crate::model::Execution;
use crate::pipeline::{
    Constraints, CostModel, FittedPlan, ModelSpec, ReadPictures, SteeringLoad, Workload, guessed_card_speed,
    measured_speed, memory_budget,
};

/// Answers one question after the other; keeps what was read of the model asked about last, and of its LoRAs. Of several
/// cards the one with the least memory is asked: any of them may get the picture.
pub(crate) struct Estimator {
    devices: Devices,
    dtype: DtypeChoice,
    execution: OnceLock<(Execution, DType)>,
    speed: OnceLock<Option<Speed>>,
    last: Mutex<Option<Known>>,
}

/// A file as it was when it was read: its length and when it was written.
type Stamp = (PathBuf, Option<(u64, Option<SystemTime>)>);

fn stamp(path: &Path) -> Stamp {
    (path.to_owned(), std::fs::metadata(path).ok().map(|found| (found.len(), found.modified().ok())))
}

/// What was read of a model.
struct Known {
    model: ModelRef,
    stamp: Option<Stamp>,
    spec: Arc<ModelSpec>,
    /// With the LoRAs asked about last, by their files.
    costs: (Vec<Stamp>, CostModel),
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
        let (spec, mut model) = self.model(&question.model, &question.loras)?;
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
            spec.check_regions(question.regions as usize).ok()?;
            let calls = question.calls as usize;
            let load = SteeringLoad::of(&spec, &question.controls, &question.references, calls).ok()?;
            model = model.with_steering(load);
            workload.reads_canvas = question.edits && spec.reads_references();
            workload.references = spec.read_pictures(question.read_px.iter().copied());
        }
        Some((model, workload))
    }

    /// Files are read again only where they are others than the last time.
    fn model(&self, wanted: &ModelRef, loras: &[LoraRef]) -> Option<(Arc<ModelSpec>, CostModel)> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp_of_model = match wanted {
            ModelRef::BuiltIn | ModelRef::BuiltInFourSteps => None,
            ModelRef::Folder(folder) => Some(stamp(&folder.join("model_index.json"))),
            ModelRef::File(file) => Some(stamp(file)),
        };
        let known = last.take().filter(|known| known.model == *wanted && known.stamp == stamp_of_model);
        let known = if let Some(known) = known {
            known
        } else {
            let spec = ModelSpec::read(&files_of(wanted).ok()?, None).ok()?;
            let costs = (Vec::new(), spec.costs_with(&[]));
            Known { model: wanted.clone(), stamp: stamp_of_model, spec: Arc::new(spec), costs }
        };
        let known = last.insert(known);
        let files: Vec<Stamp> = loras.iter().map(|lora| stamp(&lora.file)).collect();
        if known.costs.0 != files {
            known.costs = (files, known.spec.costs_with(loras));
        }
        Some((Arc::clone(&known.spec), known.costs.1.clone()))
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
    use std::collections::HashMap;
    use std::fs;

    use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::engine::device::DeviceChoice;
    use crate::job::{InitPicture, Reference, Request, Work};
    use crate::kernels::{Level, bf16_products_pay};
    use crate::pipeline::work_grid_of;
    use crate::raster::Picture;

    fn data(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
    }

    /// A folder whose UNet has its matrices in blocks.
    fn quantised_folder(folder: &Path) {
        let from = data("single/sd2.safetensors");
        let tensors = candle_core::safetensors::load(&from, &Device::Cpu).unwrap();
        let packed: Vec<(String, QTensor)> = tensors
            .into_iter()
            .filter(|(_, tensor)| tensor.rank() > 0)
            .map(|(name, tensor)| {
                let fits = tensor.rank() == 2 && tensor.dim(1).unwrap().is_multiple_of(32);
                let kind = if fits { GgmlDType::Q8_0 } else { GgmlDType::F16 };
                (name, QTensor::quantize(&tensor.to_dtype(DType::F32).unwrap(), kind).unwrap())
            })
            .collect();
        let packed: Vec<(&str, &QTensor)> = packed.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        gguf_file::write(&mut fs::File::create(folder.join("a.gguf")).unwrap(), &[], &packed).unwrap();
        fs::copy(from.with_extension("json"), folder.join("a.json")).unwrap();
    }

    /// Of one cross-attention's keys.
    fn lora(path: &Path, rank: usize, rows: usize, columns: usize) {
        let name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k";
        let zeros = |shape: (usize, usize)| Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap();
        let tensors: HashMap<String, Tensor> = [
            (format!("{name}.lora_down.weight"), zeros((rank, columns))),
            (format!("{name}.lora_up.weight"), zeros((rows, rank))),
        ]
        .into_iter()
        .collect();
        candle_core::safetensors::save(&tensors, path).unwrap();
    }

    #[test]
    fn files_are_read_again_only_where_they_have_changed() {
        let home = tempfile::tempdir().unwrap();
        quantised_folder(home.path());
        let model = ModelRef::File(home.path().join("a.gguf"));
        let path = home.path().join("lora.safetensors");
        let spec = ModelSpec::read(&files_of(&model).unwrap(), None).unwrap();
        let unet = spec.costs_with(&[]).denoiser_config().unet().unwrap().clone();
        let (rows, columns) = (unet.blocks[0].channels, unet.context_width().unwrap());
        lora(&path, 1, rows, columns);
        let estimator = Estimator::new(DeviceChoice::Cpu.into(), DtypeChoice::default());
        let peak = |loras: &[LoraRef]| {
            let (_, costs) = estimator.model(&model, loras)?;
            let plan = crate::pipeline::ExecutionPlan::plain(None, DType::F32);
            Some(costs.costs(costs.native_workload(), plan).unwrap().weights[1])
        };
        let with = |weight: f64| [LoraRef::new(&path, weight)];
        let (plain, patched) = (peak(&[]).unwrap(), peak(&with(1.0)).unwrap());
        assert!(patched > plain, "what it changes is widened: {patched} instead of {plain}");
        // Another weight is no other file, and nothing is read.
        let known = |estimator: &Estimator| {
            let last = estimator.last.lock().unwrap();
            let known = last.as_ref().unwrap();
            (Arc::as_ptr(&known.spec), known.costs.0.clone())
        };
        let before = known(&estimator);
        assert_eq!(peak(&with(0.5)).unwrap(), patched);
        assert_eq!(known(&estimator), before);
        // A file that changes nothing in its place, of another length.
        candle_core::safetensors::save(
            &[("lora_unet_x.lora_down.weight", 1), ("lora_unet_x.lora_up.weight", 1)]
                .map(|(name, side)| (name.to_owned(), Tensor::ones((side, side), DType::F32, &Device::Cpu).unwrap()))
                .into_iter()
                .collect::<HashMap<_, _>>(),
            &path,
        )
        .unwrap();
        assert_eq!(peak(&with(1.0)).unwrap(), plain);
        assert_eq!(known(&estimator).0, before.0);
        // Another model under the same name.
        fs::write(home.path().join("a.gguf"), b"GGUF").unwrap();
        assert_eq!(peak(&with(1.0)), None);
    }

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
        // Nobody says how large: as what is read, one side or both.
        let unsized_words = Request { width: None, height: None, ..words.clone() };
        let half_sized = Request { width: None, ..words.clone() };
        let mut read = Vec::new();
        for request in [&edit, &both, &begun, &words, &unsized_words, &half_sized] {
            let planned = spec.plan(request, &execution, &Constraints::new(DType::F32, None)).unwrap();
            let question = EstimateQuestion::of(request, &spec.profile().defaults(), work_grid_of(&files).ok());
            let (_, workload) = estimator.asked(&question).unwrap();
            assert_eq!(workload, planned.workload);
            read.push((workload.width, workload.height, workload.read_px()));
        }
        // A canvas is read as large as it is worked on, another picture at a megapixel at most.
        let (canvas, other) = (1536 * 1024, 1440 * 720);
        assert_eq!(read[..2], [(1536, 1024, canvas), (1536, 1024, canvas + 2 * other)]);
        assert_eq!(read[2..4], [(1536, 1024, 2 * other), (512, 256, other)]);
        assert_eq!(read[4..], [(1440, 720, other), (1440, 256, other)]);
        // And all of it is paid for: by the picture's tokens, and by encoding what is larger than the picture.
        let costs =
            |request: &Request| spec.plan(request, &execution, &Constraints::new(DType::F32, None)).unwrap().costs;
        let alone = costs(&Request { references: Vec::new(), ..words.clone() });
        let kept = Request { init: photo(0.5), ..edit.clone() };
        assert!(costs(&edit).step_bytes > costs(&kept).step_bytes);
        assert!(alone.encode_bytes == 0 && costs(&words).encode_bytes > alone.decode_bytes);
    }

    #[test]
    fn a_step_takes_the_time_of_the_products_that_its_weights_take() {
        let of = |spec: &ModelSpec, dtype| {
            let costs = spec.costs_with(&[]);
            costs.costs(costs.native_workload(), crate::pipeline::ExecutionPlan::plain(None, dtype)).unwrap()
        };
        let spec = |model: &ModelRef| ModelSpec::read(&files_of(model).unwrap(), None).unwrap();
        let klein = spec(&ModelRef::Folder(data("klein/model")));
        let [single, rounded] = [DType::F32, DType::BF16].map(|dtype| of(&klein, dtype));
        let level = Level::current();
        for (single, rounded) in [(single.step, rounded.step), (single.text, rounded.text)] {
            assert!(single.product > 0.0 && single.product_in_bf16 + single.product_in_integers == 0.0);
            let Work { product, product_in_bf16, product_in_integers, .. } = rounded;
            // It is the same arithmetic, whatever it is done with.
            let sum = product + product_in_bf16 + product_in_integers;
            assert!((sum - single.product).abs() < 1e-9 * sum.max(1.0), "{rounded:?}");
            assert_eq!(product_in_bf16 > 0.0, bf16_products_pay(level));
            assert_eq!(product_in_integers > 0.0, level.has_integer_products() && !bf16_products_pay(level));
            assert_eq!(product < single.product, level.has_integer_products() || bf16_products_pay(level));
        }
        // A file's own blocks are whole numbers, though nobody asked for half precision; its convolutions are not.
        let home = tempfile::tempdir().unwrap();
        quantised_folder(home.path());
        let step = of(&spec(&ModelRef::File(home.path().join("a.gguf"))), DType::F32).step;
        assert_eq!(step.product_in_integers > 0.0, level.has_integer_products());
        assert!(step.convolution > 0.0 && step.convolution_in_bf16 + step.product_in_bf16 == 0.0);
    }
}
