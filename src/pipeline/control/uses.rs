//! Which control networks a request needs, opened by their small parts, and whether they were made for its model.

use crate::checkpoint::{ControlConfig, ControlFile, ControlNetConfig, UnetConfig};
use crate::job::{Control, ControlKind, ControlMode, ControlNetworkRef};
use crate::pipeline::PipelineError;
use crate::pipeline::spec::ModelSpec;

/// One network, and the controls that one pass of it serves.
pub(in crate::pipeline) struct ControlUse {
    pub network: ControlNetworkRef,
    pub file: ControlFile,
    /// By their places in the request: one, or several of different kinds where the network knows several.
    pub controls: Vec<usize>,
}

/// What these controls need of networks.
///
/// # Errors
/// When one cannot be read, or was made for another model.
pub(in crate::pipeline) fn control_uses(
    spec: &ModelSpec,
    controls: &[Control],
) -> Result<Vec<ControlUse>, PipelineError> {
    let mut uses: Vec<ControlUse> = Vec::new();
    let Some(unet) = spec.configs.denoiser.unet() else {
        return match controls.first() {
            None => Ok(uses),
            Some(control) => Err(PipelineError::Unsupported(format!(
                "the control network {} steers the UNet of a Stable Diffusion model, and {} has none; choose another model, \
                 or leave the control out",
                control.network.name(),
                spec.profile().family.value.name()
            ))),
        };
    };
    let cell = spec.configs.vae.factor();
    for (place, control) in controls.iter().enumerate() {
        let file = ControlFile::open(&control.network)?.made_for(unet, cell);
        check_family(&file, &control.network, unet, spec)?;
        check_kind(&file.config, control)?;
        let joins = |known: &&mut ControlUse| {
            is_union(&file.config)
                && known.network == control.network
                && known.controls.iter().all(|other| go_together(&controls[*other], control))
        };
        match uses.iter_mut().find(joins) {
            Some(known) => known.controls.push(place),
            None => uses.push(ControlUse { network: control.network.clone(), file, controls: vec![place] }),
        }
    }
    Ok(uses)
}

fn is_union(config: &ControlConfig) -> bool {
    matches!(config, ControlConfig::ControlNet(config) if config.union.is_some())
}

/// Whether one pass may serve both: each of its own kind, in the same mode, and without masks, which would have to part
/// what comes out as one.
fn go_together(a: &Control, b: &Control) -> bool {
    let place = |control: &Control| control.kind.and_then(ControlKind::union_place);
    place(a) != place(b) && a.mode == b.mode && a.mask.is_none() && b.mask.is_none()
}

/// A network for several kinds of pictures must be told which it is given, and know it.
fn check_kind(config: &ControlConfig, control: &Control) -> Result<(), PipelineError> {
    let ControlConfig::ControlNet(config) = config else { return Ok(()) };
    let Some(union) = &config.union else { return Ok(()) };
    let name = control.network.name();
    let known = |kind: &ControlKind| kind.union_place().is_some_and(|place| place < union.types);
    let kinds: Vec<&str> = ControlKind::ALL.iter().filter(|kind| known(kind)).map(|kind| kind.id()).collect();
    let kinds = kinds.join(", ");
    match &control.kind {
        None => Err(PipelineError::Unsupported(format!(
            "the control network {name} is for several kinds of pictures; say which this one is: {kinds}"
        ))),
        Some(kind) if !known(kind) => Err(PipelineError::Unsupported(format!(
            "the control network {name} does not know the kind {}; it knows {kinds}",
            kind.id()
        ))),
        Some(_) => Ok(()),
    }
}

fn check_family(
    file: &ControlFile,
    network: &ControlNetworkRef,
    unet: &UnetConfig,
    spec: &ModelSpec,
) -> Result<(), PipelineError> {
    let reason = match &file.config {
        ControlConfig::ControlNet(config) => net_misfit(config, unet),
        ControlConfig::Adapter(config) => adapter_misfit(&config.maps(), unet, spec.configs.vae.factor()),
    };
    let Some(reason) = reason else { return Ok(()) };
    let name = network.name();
    let model = spec.profile().family.value.name();
    let made_for = match file.family() {
        Some(family) if family.name() != model => format!("was made for {}", family.name()),
        _ => "was made for another kind of model".to_owned(),
    };
    Err(PipelineError::Unsupported(format!(
        "the control network {name} {made_for} ({reason}), and the model is {model}; choose a network made for {model}, \
         or another model"
    )))
}

/// Why a ControlNet is no copy of this UNet's half.
fn net_misfit(config: &ControlNetConfig, unet: &UnetConfig) -> Option<String> {
    let widths = |config: &UnetConfig| config.blocks.iter().map(|block| block.channels).collect::<Vec<_>>();
    let layers = |config: &UnetConfig| config.blocks.iter().map(|block| block.layers).collect::<Vec<_>>();
    let own = &config.unet;
    if widths(own) != widths(unet) {
        return Some(format!("its levels are {:?} wide, the model's {:?}", widths(own), widths(unet)));
    }
    if layers(own) != layers(unet) {
        return Some(format!("its levels have {:?} layers, the model's {:?}", layers(own), layers(unet)));
    }
    if let (Some(own), Some(model)) = (own.context_width(), unet.context_width())
        && own != model
    {
        return Some(format!("it reads prompts of {own} values a token, the model {model}"));
    }
    if own.added.is_some() != unet.added.is_some() {
        return Some("only one of them reads the picture's size".to_owned());
    }
    let latents = unet.out_channels;
    let fits = own.in_channels == latents || own.in_channels == unet.in_channels;
    (!fits).then(|| format!("it takes latents of {} channels, the model has {latents}", own.in_channels))
}

/// Why an adapter's maps do not go onto this UNet's way down. What is behind its last level is left out, as in diffusers.
fn adapter_misfit(maps: &[(usize, usize)], unet: &UnetConfig, cell: usize) -> Option<String> {
    let levels = unet.blocks.len();
    for (level, (block, (channels, smaller))) in unet.blocks.iter().zip(maps).enumerate() {
        if block.channels != *channels {
            return Some(format!("its map {} has {channels} channels, the model's {}", level + 1, block.channels));
        }
        // A level without attention is met behind its change of size.
        let halves = block.down_attention.is_none() && level + 1 < levels;
        let wanted = cell << (level + usize::from(halves));
        if *smaller != wanted {
            return Some(format!("its map {} is a {smaller}th of the picture, the model's a {wanted}th", level + 1));
        }
    }
    None
}

/// Whether what comes in a mode counts in the passes with the prompt alone.
pub(in crate::pipeline) fn counts_with_prompt_alone(config: &ControlConfig, mode: ControlMode) -> bool {
    mode == ControlMode::Control || matches!(config, ControlConfig::ControlNet(config) if config.pools)
}
