//! What control networks and regions add to each of a picture's passes: pictures are encoded once, and a network is run at the steps
//! at which it counts.

use std::sync::Arc;

use candle_core::Tensor;

use super::images::ImageReference;
use super::networks::{ControlNetwork, ControlNetworks};
use super::pictures::tensor_of;
use super::uses::{ControlUse, counts_with_prompt_alone};
use crate::checkpoint::{ControlConfig, UnetConfig};
use crate::job::{Control, ControlKind, ControlMode, ControlPlace, Request, RequestError};
use crate::mask::MaskPlane;
use crate::model::{
    AdapterMaps, ControlMaps, ControlNet, ControlNetInput, ControlSignals, Execution, ForwardOptions, Hint, ModelError,
    RegionPrompt, Share, TypedHint,
};
use crate::pipeline::PipelineError;
use crate::pipeline::conditioning::Conditioning;

/// One pass of the UNet.
pub(in crate::pipeline) struct SteeredPass<'a> {
    /// The model call, the first that is taken being 0, and how many are.
    pub call: usize,
    pub calls: usize,
    pub timestep: f64,
    /// The latents `(rows, channels, height, width)` as the UNet gets them, further channels included.
    pub sample: &'a Tensor,
    pub given: &'a Conditioning,
    /// Rows that are not the prompt's; they come first.
    pub against: usize,
}

/// All that steers one picture.
pub(in crate::pipeline) struct Steering<'a> {
    parts: Vec<Part<'a>>,
    /// In the request's order, with their masks where they lie; those that count.
    regions: Vec<(usize, Arc<MaskPlane>, f32)>,
    images: Vec<ImageReference<'a>>,
    execution: &'a Execution,
}

struct Part<'a> {
    network: Prepared<'a>,
    controls: Vec<&'a Control>,
    /// Of the first control; of several none has one.
    mask: Option<MaskPlane>,
    with_prompt_alone: bool,
    /// What it gives is the same for all pixels.
    pools: bool,
}

enum Prepared<'a> {
    Net { net: &'a ControlNet, hints: Vec<Hint> },
    Adapter(AdapterMaps),
}

/// A picture as a network of the list was shown it.
struct Shown<'a> {
    network: &'a crate::job::ControlNetworkRef,
    tensor: Tensor,
    hint: Option<Hint>,
    maps: Option<AdapterMaps>,
}

impl<'a> Steering<'a> {
    /// Shows the pictures to their networks, each once; `place` is where they lie.
    ///
    /// # Errors
    /// When a picture has another shape and nobody said how it is fitted, or the device is out of memory.
    pub(crate) fn new(
        request: &'a Request,
        uses: &'a [ControlUse],
        (networks, unet): (&'a ControlNetworks, Option<&UnetConfig>),
        place: &ControlPlace,
        execution: &'a Execution,
    ) -> Result<Self, PipelineError> {
        let mut shown: Vec<Shown> = Vec::new();
        let mut parts = Vec::new();
        for needed in uses {
            let controls: Vec<&Control> = needed.controls.iter().map(|index| &request.controls[*index]).collect();
            let missing = || ModelError::Misfit("a control network was not read".to_owned());
            let network = networks.find(&needed.network).ok_or_else(missing)?;
            let Some(first) = controls.first().copied() else { continue };
            let config = &needed.file.config;
            let mut hints = Vec::with_capacity(controls.len());
            let mut maps = None;
            for control in &controls {
                let picture = place.picture(control).map_err(RequestError::from)?;
                let tensor = tensor_of(&picture, control.kind, config)?;
                let known =
                    shown.iter().find(|shown| *shown.network == needed.network && is_same(&shown.tensor, &tensor));
                let (hint, found) = match (known, network) {
                    (Some(known), _) => (known.hint.clone(), known.maps.clone()),
                    (None, ControlNetwork::Net(net)) => (Some(net.encode(&tensor)?), None),
                    (None, ControlNetwork::Adapter(adapter)) => (None, Some(adapter.forward(&tensor)?)),
                };
                if known.is_none() {
                    let (hint, maps) = (hint.clone(), found.clone());
                    shown.push(Shown { network: &needed.network, tensor, hint, maps });
                }
                hints.extend(hint);
                maps = maps.or(found);
            }
            let mask = place.mask(first);
            let pools = matches!(config, ControlConfig::ControlNet(config) if config.pools);
            let network = match (network, maps) {
                (ControlNetwork::Net(net), _) => Prepared::Net { net, hints },
                (ControlNetwork::Adapter(_), Some(maps)) => {
                    let scales = scales(first.weight, first.mode, maps.sizes()?.len());
                    let shares = shares(&scales, mask.as_ref(), &maps.sizes()?, execution)?;
                    Prepared::Adapter(maps.weighted(shares)?)
                }
                (ControlNetwork::Adapter(_), None) => continue,
            };
            let with_prompt_alone = counts_with_prompt_alone(config, first.mode);
            parts.push(Part { network, controls, mask, with_prompt_alone, pools });
        }
        let counting = request.regions.iter().enumerate().filter(|(_, region)| region.weight > 0.0);
        let regions = counting.map(|(index, region)| {
            let mask = place.region(region).map_err(RequestError::from)?;
            Ok::<_, PipelineError>((index, Arc::new(mask), region.weight as f32))
        });
        let regions = regions.collect::<Result<_, _>>()?;
        let images = networks.images.prompts(request, unet, place)?;
        Ok(Self { parts, regions, images, execution })
    }

    /// What is added to this pass.
    ///
    /// # Errors
    /// When the pass is cancelled, or the device is out of memory.
    pub(crate) fn signals(
        &self,
        pass: &SteeredPass,
        options: &ForwardOptions,
    ) -> Result<ControlSignals, PipelineError> {
        let mut signals = ControlSignals::default();
        for (index, mask, weight) in &self.regions {
            if let Some((context, rows)) = pass.given.region(*index)? {
                signals.regions.push(RegionPrompt { context, rows, mask: Arc::clone(mask), weight: *weight });
            }
        }
        let rows = pass.sample.dim(0)?;
        for image in &self.images {
            signals.images.extend(image.at((pass.call, pass.calls), (rows, pass.against))?);
        }
        for part in &self.parts {
            let is_on = |control: &Control| control.is_on(pass.call, pass.calls);
            let before = if part.with_prompt_alone { pass.against } else { 0 };
            if before >= rows || !part.controls.iter().any(|control| is_on(control)) {
                continue;
            }
            match &part.network {
                Prepared::Adapter(maps) => {
                    let mut maps = maps.clone();
                    if before > 0 {
                        let gate: Vec<f32> = (0..rows).map(|row| if row < before { 0.0 } else { 1.0 }).collect();
                        let gate = Share::new(gate, (rows, 1, 1), self.execution)?;
                        let count = maps.sizes()?.len();
                        maps = maps.weighted(vec![Some(gate); count])?;
                    }
                    signals.adapters.push(maps);
                }
                Prepared::Net { net, hints } => {
                    signals.nets.push(self.net_maps(part, (net, hints), pass, before, options)?);
                }
            }
        }
        Ok(signals)
    }

    fn net_maps(
        &self,
        part: &Part,
        (net, hints): (&ControlNet, &[Hint]),
        pass: &SteeredPass,
        before: usize,
        options: &ForwardOptions,
    ) -> Result<ControlMaps, PipelineError> {
        let rows = pass.sample.dim(0)? - before;
        let channels = net.config().unet.in_channels;
        // What a model is given besides its latents stands behind them.
        let sample = pass.sample.narrow(0, before, rows)?.narrow(1, 0, channels)?;
        let given = pass.given.rows(before, rows)?;
        let context = given.context()?;
        let typed: Vec<TypedHint> = part
            .controls
            .iter()
            .zip(hints)
            .map(|(control, hint)| TypedHint {
                hint,
                kind: control.kind.and_then(ControlKind::union_place).unwrap_or(0),
                weight: if control.is_on(pass.call, pass.calls) { control.weight as f32 } else { 0.0 },
            })
            .collect();
        let input = ControlNetInput {
            sample: &sample,
            timestep: pass.timestep,
            context: &context,
            added: given.added.as_ref(),
            hints: &typed,
        };
        let maps = net.forward(&input, options)?;
        // Several weigh at the network's entrance, one at its outputs.
        let weight = if part.controls.len() > 1 { 1.0 } else { part.controls[0].weight };
        let mode = if part.pools { ControlMode::Balanced } else { part.controls[0].mode };
        let sizes = maps.sizes()?;
        let shares = shares(&scales(weight, mode, sizes.len()), part.mask.as_ref(), &sizes, self.execution)?;
        Ok(maps.weighted(shares).behind_rows(before)?)
    }
}

/// How much each of `count` maps counts; where not all of the network does, from a tenth at the finest to all of it.
fn scales(weight: f64, mode: ControlMode, count: usize) -> Vec<f32> {
    let last = count.saturating_sub(1).max(1) as f64;
    let share = |index: usize| match mode {
        ControlMode::Balanced => 1.0,
        ControlMode::Prompt | ControlMode::Control => 10f64.powf(index as f64 / last - 1.0),
    };
    (0..count).map(|index| (weight * share(index)) as f32).collect()
}

/// `None` where a map counts as it is.
fn shares(
    scales: &[f32],
    mask: Option<&MaskPlane>,
    sizes: &[(usize, usize)],
    execution: &Execution,
) -> Result<Vec<Option<Share>>, ModelError> {
    let share = |(scale, (height, width)): (&f32, &(usize, usize))| match mask {
        None if scale.to_bits() == 1f32.to_bits() => Ok(None),
        None => Share::new(vec![*scale], (1, 1, 1), execution).map(Some),
        Some(mask) => {
            let smaller = mask.resized(*width as u32, *height as u32);
            let values = smaller.values().iter().map(|value| scale * f32::from(*value) / 255.0).collect();
            Share::new(values, (1, *height, *width), execution).map(Some)
        }
    };
    scales.iter().zip(sizes).map(share).collect()
}

fn is_same(a: &Tensor, b: &Tensor) -> bool {
    let values = |tensor: &Tensor| tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
    a.dims() == b.dims() && matches!((values(a), values(b)), (Ok(a), Ok(b)) if a == b)
}
