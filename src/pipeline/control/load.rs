//! What control networks cost, by a dry run of the very networks: weights, memory, and operations at the steps at which
//! they count.

use candle_core::{DType, Device, Tensor};

use super::image_load::ImageLoad;
use super::uses::{ControlUse, control_uses, counts_with_prompt_alone};
use crate::checkpoint::{ControlConfig, ControlFile};
use crate::job::{Control, Reference, Work};
use crate::model::{
    Adapter, AdapterMaps, ControlNet, ControlNetInput, ControlSignals, ForwardOptions, Hint, KeptForms, MemoryTracker,
    ModelError, TypedHint, UnetInput, Weights,
};
use crate::pipeline::PipelineError;
use crate::pipeline::spec::ModelSpec;

/// A control network's part of a workload.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct ControlLoad {
    config: ControlConfig,
    /// Weights that the kernels keep as the file packs them.
    kept_forms: KeptForms,
    /// That are shown to it, once.
    pictures: usize,
    /// Of the calls: how many it counts at.
    share: f64,
    /// Whether it is run for the rows with the prompt alone.
    with_prompt_alone: bool,
    /// Not its first use: its weights are there.
    is_again: bool,
}

impl ControlLoad {
    /// Of controls with so many model calls.
    ///
    /// # Errors
    /// When a network cannot be read, or was made for another model.
    fn of(spec: &ModelSpec, all: &[Control], calls: usize) -> Result<Vec<Self>, PipelineError> {
        let uses = control_uses(spec, all)?;
        let load = |(index, needed): (usize, &ControlUse)| {
            let controls = || needed.controls.iter().map(|place| &all[*place]);
            let is_on = |call: &usize| controls().any(|control| control.is_on(*call, calls));
            Self {
                config: needed.file.config.clone(),
                kept_forms: kept_forms_of(&needed.file),
                pictures: needed.controls.len(),
                share: (0..calls).filter(is_on).count() as f64 / calls.max(1) as f64,
                with_prompt_alone: controls()
                    .any(|control| counts_with_prompt_alone(&needed.file.config, control.mode)),
                is_again: uses[..index].iter().any(|other| other.network == needed.network),
            }
        };
        Ok(uses.iter().enumerate().map(load).collect())
    }
}

/// All that steers beside a model's own networks.
#[derive(Clone, Debug, Default)]
pub struct SteeringLoad {
    pub(in crate::pipeline) controls: Vec<ControlLoad>,
    pub(in crate::pipeline) images: Vec<ImageLoad>,
}

impl SteeringLoad {
    /// Of controls and references, without their pictures, with so many model calls.
    ///
    /// # Errors
    /// When a network cannot be read, or was made for another model.
    pub fn of(
        spec: &ModelSpec,
        controls: &[Control],
        references: &[Reference],
        calls: usize,
    ) -> Result<Self, PipelineError> {
        let images = ImageLoad::of(spec, references, calls)?;
        Ok(Self { controls: ControlLoad::of(spec, controls, calls)?, images })
    }
}

/// Control networks that are walked through with sizes alone.
pub(in crate::pipeline) struct TracedControls<'a> {
    /// As they are kept, each once.
    pub weight_bytes: usize,
    nets: Vec<(Traced, &'a ControlLoad)>,
}

enum Traced {
    Net(Box<ControlNet>, Vec<Hint>),
    Adapter(Adapter, Option<AdapterMaps>),
}

impl<'a> TracedControls<'a> {
    /// Their weights are noted as they are kept.
    pub(crate) fn new(
        loads: &'a [ControlLoad],
        tracker: &MemoryTracker,
        weights: &dyn Fn() -> Weights<'static>,
    ) -> Result<Self, ModelError> {
        let mut nets = Vec::new();
        let mut weight_bytes = 0;
        for load in loads {
            let (noted, weights) = (tracker.weight_bytes(), weights().with_kept_forms(&load.kept_forms));
            let traced = match &load.config {
                ControlConfig::ControlNet(config) => {
                    Traced::Net(Box::new(ControlNet::new((**config).clone(), weights)?), Vec::new())
                }
                ControlConfig::Adapter(config) => Traced::Adapter(Adapter::new(config, weights)?, None),
            };
            if !load.is_again {
                weight_bytes += tracker.weight_bytes() - noted;
            }
            nets.push((traced, load));
        }
        Ok(Self { weight_bytes, nets })
    }

    /// Shows each its pictures of `width` × `height` pixels.
    pub(crate) fn encode(&mut self, (width, height): (usize, usize)) -> Result<(), ModelError> {
        for (traced, load) in &mut self.nets {
            match (traced, &load.config) {
                (Traced::Net(net, hints), ControlConfig::ControlNet(config)) => {
                    let picture = zeros(&[1, config.picture_channels, height, width])?;
                    for _ in 0..load.pictures {
                        hints.push(net.encode(&picture)?);
                    }
                }
                (Traced::Adapter(adapter, maps), ControlConfig::Adapter(config)) => {
                    let factor = config.factor;
                    let channels = config.picture_channels * factor * factor;
                    let folded = zeros(&[1, channels, height.div_ceil(factor), width.div_ceil(factor)])?;
                    *maps = Some(adapter.forward(&folded)?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is added to a pass of the UNet, and what of the work that has been noted so far is not done at each step.
    pub(crate) fn signals(
        &self,
        input: &UnetInput,
        tracker: &MemoryTracker,
        options: &ForwardOptions,
    ) -> Result<(ControlSignals, Work), ModelError> {
        let mut signals = ControlSignals::default();
        let mut spared = Work::default();
        let rows = input.sample.dim(0)?;
        for (traced, load) in &self.nets {
            let noted = tracker.work();
            match traced {
                Traced::Adapter(_, maps) => signals.adapters.extend(maps.clone()),
                Traced::Net(net, hints) => {
                    let before = usize::from(load.with_prompt_alone && rows > 1);
                    let hints: Vec<TypedHint> =
                        hints.iter().enumerate().map(|(kind, hint)| TypedHint { hint, kind, weight: 1.0 }).collect();
                    let sample = input.sample.narrow(0, before, rows - before)?;
                    let sample = sample.narrow(1, 0, net.config().unet.in_channels)?;
                    let context = input.context.narrow(0, before, rows - before)?;
                    let added = input.added.map(|added| -> Result<_, ModelError> {
                        let ids = added.time_ids.len() / rows;
                        Ok(crate::model::AddedConditioning {
                            pooled_text: added.pooled_text.narrow(0, before, rows - before)?,
                            time_ids: added.time_ids[before * ids..].to_vec(),
                        })
                    });
                    let added = added.transpose()?;
                    let given = ControlNetInput {
                        sample: &sample,
                        timestep: input.timestep,
                        context: &context,
                        added: added.as_ref(),
                        hints: &hints,
                    };
                    signals.nets.push(net.forward(&given, options)?.behind_rows(before)?);
                }
            }
            spared = spared.plus(tracker.work().less(noted).times(1.0 - load.share));
        }
        Ok((signals, spared))
    }
}

/// A network that is kept as a difference is widened while it is read.
fn kept_forms_of(file: &ControlFile) -> KeptForms {
    if file.is_difference() {
        return KeptForms::default();
    }
    Weights::of_sources(file.sources(), String::new(), &Device::Cpu, DType::F32, &|_| Ok(())).kept_forms()
}

fn zeros(shape: &[usize]) -> Result<Tensor, candle_core::Error> {
    Tensor::zeros(1, DType::F32, &Device::Cpu)?.broadcast_as(shape)
}
