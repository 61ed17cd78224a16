//! Reference pictures through IP-Adapters: adapters as they are kept, and what image encoders saw, once a picture.

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::checkpoint::{ImageEncoderConfig, ImageProjection, IpAdapterFile, ModelFiles, UnetConfig, sources_of};
use crate::job::{ControlPlace, ModelPart, Reference, ReferenceAdapter, ReferenceUse, Request, RequestError};
use crate::mask::{MaskPlane, PixelRect};
use crate::model::{ImageEncoder, ImageLayers, ImagePrompt, IpAdapter, ModelError, Weights};
use crate::pipeline::PipelineError;
use crate::pipeline::networks::{LoadOptions, NetworkLoader, OnLoading};
use crate::pipeline::spec::ModelSpec;
use crate::raster::{self, Filter, Picture, resample};

const MEANS: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const DEVIATIONS: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// Those that go through adapters and count.
pub(super) fn adapted(references: &[Reference]) -> impl Iterator<Item = (&Reference, &ReferenceAdapter)> {
    references
        .iter()
        .filter_map(|reference| Some((reference, reference.adapter.as_ref()?)))
        .filter(|(one, _)| one.weight != 0.0)
}

/// What adapters are asked for goes with the model.
///
/// # Errors
/// When an adapter or its encoder cannot be read, or was made for another model.
pub(in crate::pipeline) fn check_references(spec: &ModelSpec, references: &[Reference]) -> Result<(), PipelineError> {
    for (_, adapter) in adapted(references) {
        let name = adapter.name();
        let model = spec.profile().family.value.name();
        let Some(unet) = spec.configs.denoiser.unet() else {
            return Err(PipelineError::Unsupported(format!(
                "the adapter {name} works by the cross-attention of Stable Diffusion models, and {model} has none; choose \
                 another model, or leave the adapter out"
            )));
        };
        let file = IpAdapterFile::open(&adapter.file)?;
        if let Some(reason) = file.misfit(unet) {
            let made_for = match file.family() {
                Some(family) if family.name() != model => format!("was made for {}", family.name()),
                _ => "was made for another kind of model".to_owned(),
            };
            return Err(PipelineError::Unsupported(format!(
                "the adapter {name} {made_for} ({reason}), and the model is {model}; choose an adapter made for {model}, or \
                 another model"
            )));
        }
        let folder = adapter.encoder_folder();
        let (files, inside) = encoder_files(&folder);
        let encoder = ImageEncoderConfig::read(&files, &inside)?;
        let found = match file.config.projection {
            ImageProjection::Base { .. } => encoder.projection_width,
            ImageProjection::Full { .. } | ImageProjection::Plus { .. } => encoder.width,
        };
        if found != file.config.inputs {
            return Err(PipelineError::Unsupported(format!(
                "the adapter {name} reads embeddings of {} values, and this image encoder gives {found}; choose the one that \
                 it was made with (ViT-H, or ViT-bigG for some of XL): {}",
                file.config.inputs,
                folder.display()
            )));
        }
    }
    Ok(())
}

pub(super) fn encoder_files(folder: &Path) -> (ModelFiles, String) {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (ModelFiles::Folder(whole.parent().unwrap_or(Path::new("/")).to_owned()), name)
}

/// A picture's tokens by an adapter, and those of nothing.
struct Encoded {
    adapter: ReferenceAdapter,
    picture: Arc<Picture>,
    tokens: [Tensor; 2],
}

#[derive(Default)]
pub(in crate::pipeline) struct ImageNetworks {
    adapters: Vec<(ReferenceAdapter, IpAdapter)>,
    /// Of the last picture's references.
    encoded: Vec<Encoded>,
}

impl ImageNetworks {
    /// Keeps what `references` need, and reads and encodes what is missing. Encoders are given up again: they are larger than
    /// most models.
    ///
    /// # Errors
    /// When a file is damaged, or reading is cancelled.
    pub(crate) fn prepare(
        &mut self,
        references: &[Reference],
        loader: &NetworkLoader,
        on_loading: OnLoading,
    ) -> Result<(), PipelineError> {
        let wanted: Vec<(&Reference, &ReferenceAdapter)> = adapted(references).collect();
        self.adapters.retain(|(known, _)| wanted.iter().any(|(_, adapter)| *adapter == known));
        let is_of = |encoded: &Encoded, reference: &Reference, adapter: &ReferenceAdapter| {
            encoded.adapter == *adapter && reference.picture.as_ref() == Some(&encoded.picture)
        };
        self.encoded.retain(|known| wanted.iter().any(|(reference, adapter)| is_of(known, reference, adapter)));
        let Some(unet) = loader.spec.configs.denoiser.unet() else { return Ok(()) };
        let names: Vec<String> = unet.cross_layers().into_iter().map(|(name, _)| name).collect();
        let LoadOptions { execution, dtype, .. } = &loader.options;
        let on_fraction = |fraction: f32| on_loading(ModelPart::Control, fraction);
        for (_, adapter) in &wanted {
            if self.adapters.iter().any(|(known, _)| known == *adapter) {
                continue;
            }
            let file = IpAdapterFile::open(&adapter.file)?;
            let what = file.path().display().to_string();
            let weights = Weights::of_sources(file.sources(), what, &Device::Cpu, *dtype, &on_fraction);
            let network = IpAdapter::new(file.config.clone(), &names, weights.with_execution(execution))?;
            self.adapters.push(((*adapter).clone(), network));
        }
        let mut encoders: Vec<(std::path::PathBuf, ImageEncoder)> = Vec::new();
        for (reference, adapter) in &wanted {
            let Some(picture) = &reference.picture else { continue };
            if self.encoded.iter().any(|known| is_of(known, reference, adapter)) {
                continue;
            }
            let folder = adapter.encoder_folder();
            if !encoders.iter().any(|(known, _)| *known == folder) {
                let (files, inside) = encoder_files(&folder);
                let config = ImageEncoderConfig::read(&files, &inside)?;
                let what = folder.display().to_string();
                let sources = sources_of(&files, &inside, "model")?;
                let weights = Weights::of_sources(sources, what, &Device::Cpu, *dtype, &on_fraction);
                encoders.push((folder.clone(), ImageEncoder::new(config, weights.with_execution(execution))?));
            }
            let Some((_, encoder)) = encoders.iter().find(|(known, _)| *known == folder) else { continue };
            let Some((_, network)) = self.adapters.iter().find(|(known, _)| known == *adapter) else { continue };
            let pixels = pixels_of(picture, encoder.config().side)?;
            let seen = encoder.forward(&pixels)?;
            // Zeros where a picture is normalized, as in diffusers: not black.
            let nothing = encoder.forward(&pixels.zeros_like()?)?;
            let tokens = network.tokens(&seen, &nothing)?;
            self.encoded.push(Encoded { adapter: (*adapter).clone(), picture: Arc::clone(picture), tokens });
        }
        Ok(())
    }

    /// The references that count, ready for every pass.
    ///
    /// # Errors
    /// When a mask has another shape.
    pub(crate) fn prompts<'a>(
        &self,
        request: &'a Request,
        unet: Option<&UnetConfig>,
        place: &ControlPlace,
    ) -> Result<Vec<ImageReference<'a>>, PipelineError> {
        let Some(unet) = unet else { return Ok(Vec::new()) };
        let mut prompts = Vec::new();
        for (reference, adapter) in adapted(&request.references) {
            let missing = || ModelError::Misfit("an adapter was not read".to_owned());
            let (_, network) = self.adapters.iter().find(|(known, _)| known == adapter).ok_or_else(missing)?;
            let encoded = self
                .encoded
                .iter()
                .find(|known| known.adapter == *adapter && reference.picture.as_ref() == Some(&known.picture))
                .ok_or_else(missing)?;
            prompts.push(ImageReference {
                reference,
                tokens: encoded.tokens.clone(),
                layers: network.layers().clone(),
                counts: counting(unet, reference.used),
                mask: place.reference_mask(reference).map_err(RequestError::from)?.map(Arc::new),
            });
        }
        Ok(prompts)
    }
}

/// One reference over all passes.
pub(in crate::pipeline) struct ImageReference<'a> {
    reference: &'a Reference,
    tokens: [Tensor; 2],
    layers: ImageLayers,
    counts: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    mask: Option<Arc<MaskPlane>>,
}

impl ImageReference<'_> {
    /// For a pass with so many rows, of which the first `against` are not the prompt's; `None` where it does not count.
    pub(crate) fn at(
        &self,
        (call, calls): (usize, usize),
        (rows, against): (usize, usize),
    ) -> Result<Option<ImagePrompt>, PipelineError> {
        if !self.reference.is_on(call, calls) {
            return Ok(None);
        }
        let [tokens, nothing] = &self.tokens;
        let all: Vec<&Tensor> = (0..rows).map(|row| if row < against { nothing } else { tokens }).collect();
        Ok(Some(ImagePrompt {
            tokens: Tensor::cat(&all, 0)?,
            layers: self.layers.clone(),
            counts: Arc::clone(&self.counts),
            weight: self.reference.weight as f32,
            mask: self.mask.clone(),
        }))
    }
}

/// In which cross-attentions a reference counts. Of SDXL it is known (`InstantStyle`, arXiv 2404.02733): the last transformer
/// of the deepest way down places things, the second one of the way up has the manner. Of SD 1 and 2 the deepest way down
/// places things, and all others but the first way up have the manner.
fn counting(unet: &UnetConfig, used: ReferenceUse) -> Arc<dyn Fn(&str) -> bool + Send + Sync> {
    let has = |attention: &Option<crate::checkpoint::AttentionConfig>| attention.is_some();
    let down = unet.blocks.iter().rposition(|block| has(&block.down_attention)).unwrap_or(0);
    let up = unet.blocks.iter().rev().position(|block| has(&block.up_attention)).unwrap_or(0);
    let last = unet.blocks.get(down).map_or(0, |block| block.layers.saturating_sub(1));
    let (down, up) = (format!("down_blocks.{down}."), format!("up_blocks.{up}."));
    match (used, unet.added.is_some()) {
        (ReferenceUse::All, _) => Arc::new(|_| true),
        (ReferenceUse::Style, true) => Arc::new(move |name| name.starts_with(&format!("{up}attentions.1."))),
        (ReferenceUse::Composition, true) => {
            Arc::new(move |name| name.starts_with(&format!("{down}attentions.{last}.")))
        }
        (ReferenceUse::Style, false) => Arc::new(move |name| !name.starts_with(&down) && !name.starts_with(&up)),
        (ReferenceUse::Composition, false) => Arc::new(move |name| name.starts_with(&down)),
    }
}

/// As CLIP's image processor: the shorter side scaled to `side`, the middle cut out, normalized.
fn pixels_of(picture: &Picture, side: usize) -> Result<Tensor, ModelError> {
    let seen = raster::over_white(picture);
    let [width, height] = seen.size();
    let short = width.min(height).max(1);
    let scaled = |length: usize| (side * length / short).max(side);
    let (wide, tall) = (scaled(width), scaled(height));
    let bytes = resample::<4>(seen.rgba(), [width, height], [wide, tall], Filter::Cubic);
    let whole = Picture::from_rgba(wide as u32, tall as u32, bytes).unwrap_or_else(|_| seen.clone());
    let (left, top) = (((wide - side) / 2) as u32, ((tall - side) / 2) as u32);
    let cut = raster::crop(&whole, PixelRect::new(left, top, left + side as u32, top + side as u32));
    let mut planes = Vec::with_capacity(3 * side * side);
    for channel in 0..3 {
        let value = |pixel: &[u8]| (f32::from(pixel[channel]) / 255.0 - MEANS[channel]) / DEVIATIONS[channel];
        planes.extend(cut.rgba().chunks_exact(4).map(value));
    }
    Ok(Tensor::from_vec(planes, (1, 3, side, side), &Device::Cpu)?)
}
