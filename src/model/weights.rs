//! Hands a network's tensors to its layers: from one file, shards, half precision, or a whole checkpoint; read one by one.
//!
//! What is missing, left over or of another shape is gathered and reported in one error.

use std::any::Any;
use std::cell::{Ref, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};

use super::ModelError;
use super::account::Account;
use super::feature::Execution;
use super::kept_forms::{KeptForm, KeptForms, packing_for, tile_for_maps_of};
use super::layer_cache::LayerCache;
use super::weight_names::layer_name;
use crate::checkpoint::{
    Archive, Lora, ModelFiles, Patches, Placed, SingleFile, TensorSlice, TensorSource, WeightBuffer, sources_of,
};
use crate::kernels::{OutputTile, Packing};

/// Called with the fraction (0 to 1) of the network's bytes that are read; an error ends the reading.
pub(crate) type OnFraction<'a> = &'a dyn Fn(f32) -> Result<(), ModelError>;

/// What was read last, as it stands in its file.
type Numbers<'a> = Ref<'a, WeightBuffer>;

/// The tensors of one network, handed out to its layers while it is built.
pub struct Weights<'a> {
    archives: Vec<Arc<Archive>>,
    /// By the name that layers use: which archive, and where in it.
    place: HashMap<String, (usize, TensorSource)>,
    account: RefCell<Account>,
    /// What the kernels pack next.
    numbers: RefCell<WeightBuffer>,
    bytes_total: usize,
    /// Of all its tensors.
    numbers_total: usize,
    on_fraction: OnFraction<'a>,
    pub(super) dtype: DType,
    execution: Execution,
    winograd: bool,
    what: String,
    patches: Option<Patches<'a>>,
    /// By a tensor's name what it is multiplied by.
    pub(super) factors: Option<fn(&str) -> f64>,
    /// Of a network that is only walked through.
    kept_forms: KeptForms,
    /// What these tensors are a difference from.
    base: Option<Box<Weights<'a>>>,
    /// Layers that are packed already, and the network's name before theirs.
    cache: Option<(&'a LayerCache, &'static str)>,
}

impl<'a> Weights<'a> {
    /// Opens the weights of `folder` (for example `unet`) whose files are called `stem` (for example `diffusion_pytorch_model`).
    /// Tensors come out on the host as `dtype`; layers bring them to `device`.
    ///
    /// # Errors
    /// When there are none, or a file is damaged.
    pub fn open(
        files: &ModelFiles,
        folder: &str,
        stem: &str,
        device: &Device,
        dtype: DType,
        on_fraction: OnFraction<'a>,
    ) -> Result<Self, ModelError> {
        let what = files.path_of(folder).display().to_string();
        Ok(Self::of_sources(sources_of(files, folder, stem)?, what, device, dtype, on_fraction))
    }

    /// Of tensors whose places are known; `what` they are of ends an error's sentence.
    #[must_use]
    pub(crate) fn of_sources(
        (archives, sources): (Vec<Arc<Archive>>, Vec<Placed>),
        what: String,
        device: &Device,
        dtype: DType,
        on_fraction: OnFraction<'a>,
    ) -> Self {
        let mut place = HashMap::new();
        let mut account = Account::default();
        let (mut bytes_total, mut numbers_total) = (0, 0);
        for (name, archive, source, bytes) in sources {
            let plain = layer_name(&name);
            if plain.ends_with("position_ids") || plain.ends_with("num_batches_tracked") {
                continue;
            }
            bytes_total += bytes;
            numbers_total += source.shape.iter().product::<usize>();
            account.untouched.insert(plain.clone(), source.name.clone());
            place.insert(plain, (archive, source));
        }
        Self {
            archives,
            place,
            account: RefCell::new(account),
            numbers: RefCell::default(),
            bytes_total,
            numbers_total,
            on_fraction,
            dtype,
            execution: Execution::on(device, dtype),
            winograd: true,
            what,
            patches: None,
            factors: None,
            kept_forms: KeptForms::default(),
            base: None,
            cache: None,
        }
    }

    /// To each tensor that `base` has as well, its is added: for networks that are kept as what they differ from it by.
    #[must_use]
    pub(crate) fn with_base(self, base: Weights<'a>) -> Self {
        Self { base: Some(Box::new(base)), ..self }
    }

    /// Of a network that is only walked through: nothing is read, and every tensor is there and takes no memory.
    #[must_use]
    pub fn dry_run(execution: &Execution, dtype: DType) -> Self {
        let nothing = Self::of_sources((Vec::new(), Vec::new()), String::new(), &Device::Cpu, dtype, &|_| Ok(()));
        Self { execution: execution.with_dtype(dtype), ..nothing }
    }

    /// Applies LoRAs to the tensors as they are handed out. `network` is diffusers' name of the folder.
    #[must_use]
    pub fn with_loras(mut self, network: &str, loras: &'a [Lora]) -> Self {
        if !loras.is_empty() {
            let shapes = self.place.iter().map(|(name, (_, source))| (name.as_str(), source.shape.as_slice()));
            self.patches = Some(Patches::new(loras, network, &shapes.collect()));
        }
        self
    }

    /// Layers without a patch are taken from `cache` where they are there, and put there where they are not.
    #[must_use]
    pub fn with_layer_cache(self, network: &'static str, layer_cache: &'a LayerCache) -> Self {
        Self { cache: Some((layer_cache, network)), ..self }
    }

    /// In a dry run: matrices that are kept as their file packs them.
    #[must_use]
    pub fn with_kept_forms(self, kept_forms: &KeptForms) -> Self {
        Self { kept_forms: kept_forms.clone(), ..self }
    }

    /// Those of these weights, with what patches them.
    #[must_use]
    pub fn kept_forms(&self) -> KeptForms {
        let form = |name: &String| Some((name.clone(), self.kept_form(name)?));
        KeptForms::new(self.place.keys().filter_map(form).collect())
    }

    /// How the kernels keep a layer's matrix of this name that is quantised.
    fn kept_form(&self, name: &str) -> Option<KeptForm> {
        match self.execution {
            Execution::DryRun(_) => self.kept_forms.get(name),
            Execution::Candle(_) => None,
            Execution::Kernels => {
                let (archive, source) =
                    self.place.get(name).filter(|_| self.base.is_none() && self.factors.is_none())?;
                KeptForm::of(&self.archives[*archive], source, self.is_patched(name))
            }
        }
    }

    fn is_patched(&self, name: &str) -> bool {
        self.patches.as_ref().is_some_and(|patches| patches.touches(name))
    }

    /// Another way to carry the network out than the device's usual one.
    #[must_use]
    pub fn with_execution(self, execution: &Execution) -> Self {
        Self { execution: execution.with_dtype(self.dtype), ..self }
    }

    /// Whether convolutions may keep transformed weights: faster, and 16/9 or 4 times their size.
    #[must_use]
    pub fn with_winograd(self, winograd: bool) -> Self {
        Self { winograd, ..self }
    }

    /// Tensors that this network has no use for: they are not read, and not missed.
    pub(crate) fn leave(&self, is_unused: impl Fn(&str) -> bool) {
        self.account.borrow_mut().untouched.retain(|name, _| !is_unused(name));
    }

    /// Of all its tensors in the files.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes_total
    }

    /// How the network will be carried out.
    #[must_use]
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// The top of the tree of names.
    #[must_use]
    pub fn root(&self) -> Scope<'_> {
        Scope { weights: self, prefix: String::new(), largest_tile: OutputTile::FourByFour }
    }

    /// Ends the reading: every tensor must have been there, of the right shape, and asked for.
    ///
    /// # Errors
    /// Lists the first few of each kind and counts the rest.
    pub fn finish(self) -> Result<(), ModelError> {
        self.account.borrow().whole_complaint(&self.what).map_or(Ok(()), Err)
    }

    /// Of the wanted shape, for a tensor that is not there.
    fn placeholder(&self, account: &mut Account, shape: &[usize]) -> Result<Tensor, ModelError> {
        account.make_up(shape.iter().product(), self.numbers_total, &self.what)?;
        Ok(Tensor::zeros(shape, self.dtype, &Device::Cpu)?)
    }

    fn has(&self, name: &str, shape: &[usize]) -> bool {
        self.place.get(name).is_some_and(|(_, source)| source.fits(shape))
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        if let Some(tracker) = self.execution.tracker() {
            let count = shape.iter().product::<usize>();
            tracker.keep_weights(count, count * self.dtype.size_in_bytes());
            return Ok(Tensor::zeros(1, self.dtype, &Device::Cpu)?.broadcast_as(shape)?);
        }
        let mut account = self.account.borrow_mut();
        let Some((archive, source)) = self.place.get(name) else {
            account.missing.push(name.to_owned());
            return self.placeholder(&mut account, shape);
        };
        account.untouched.remove(name);
        if !source.fits(shape) {
            account.misshapen.push(format!("{} is {:?}, wanted {shape:?}", source.name, source.shape));
            return self.placeholder(&mut account, shape);
        }
        drop(account);
        let tensor = SingleFile::load(&self.archives[*archive], source, &Device::Cpu)?;
        self.report_progress(tensor.elem_count())?;
        let mut tensor = tensor.reshape(shape)?;
        if let Some(base) = self.base.as_ref().filter(|base| base.has(name, shape)) {
            tensor = (tensor.to_dtype(DType::F32)? + base.tensor(name, shape)?.to_dtype(DType::F32)?)?;
        }
        let patched = self.patches.as_ref().map(|patches| patches.apply(name, &tensor)).transpose()?.flatten();
        tensor = patched.unwrap_or(tensor);
        if let Some(factor_of) = self.factors {
            tensor = (tensor.to_dtype(DType::F32)? * factor_of(name))?;
        }
        Ok(tensor.to_dtype(self.dtype)?)
    }

    /// A tensor's numbers as they stand in the file, where the kernels can pack them from there.
    fn numbers(&self, name: &str, shape: &[usize], width: Option<usize>) -> Result<Option<Numbers<'_>>, ModelError> {
        let Some((archive, source)) = self.place.get(name).filter(|(_, source)| source.fits(shape)) else {
            return Ok(None);
        };
        let is_summed = self.base.as_ref().is_some_and(|base| base.has(name, shape));
        let is_changed = is_summed || self.is_patched(name) || self.factors.is_some();
        if !matches!(self.execution, Execution::Kernels) || is_changed {
            return Ok(None);
        }
        let (rows, of) = match source.cut {
            TensorSlice::Whole => (0..1, 1),
            TensorSlice::Rows { first, count, of } => (first..first + count, of),
            TensorSlice::Transposed | TensorSlice::HalvesSwapped => return Ok(None),
        };
        if !self.archives[*archive].read_rows(&source.name, (rows, of), width, &mut self.numbers.borrow_mut())? {
            return Ok(None);
        }
        self.account.borrow_mut().untouched.remove(name);
        let numbers = self.numbers.borrow();
        self.report_progress(numbers.count())?;
        Ok(Some(numbers))
    }

    fn pass_over(&self, layer: &str) -> Result<(), ModelError> {
        let mut numbers = 0;
        for name in ["weight", "bias"].map(|kind| format!("{layer}.{kind}")) {
            self.account.borrow_mut().untouched.remove(&name);
            numbers += self.place.get(&name).map_or(0, |(_, source)| source.shape.iter().product());
        }
        self.report_progress(numbers)
    }

    fn report_progress(&self, numbers: usize) -> Result<(), ModelError> {
        let fraction = {
            let mut account = self.account.borrow_mut();
            account.read += numbers;
            account.read as f32 / self.numbers_total.max(1) as f32
        };
        (self.on_fraction)(fraction)
    }
}

/// A place in the tree of tensor names.
#[derive(Clone)]
pub struct Scope<'a> {
    weights: &'a Weights<'a>,
    prefix: String,
    largest_tile: OutputTile,
}

impl Scope<'_> {
    /// The place `name` below this one.
    #[must_use]
    pub fn at(&self, name: impl std::fmt::Display) -> Self {
        let prefix = if self.prefix.is_empty() { name.to_string() } else { format!("{}.{name}", self.prefix) };
        Self { weights: self.weights, prefix, largest_tile: self.largest_tile }
    }

    /// For layers that work on maps of that side, in pictures of the size that the model is made for: a large output tile
    /// finds too few places on a small map for what its weights take.
    #[must_use]
    pub(crate) fn for_maps_of(&self, side: usize) -> Self {
        Self { largest_tile: tile_for_maps_of(side, self.largest_tile), ..self.clone() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.prefix
    }

    /// How the layers are to be carried out.
    #[must_use]
    pub fn execution(&self) -> &Execution {
        &self.weights.execution
    }

    /// How the kernels are to keep the layers' weights.
    #[must_use]
    pub fn packing(&self) -> Packing {
        packing_for(self.weights.dtype, self.weights.winograd.then_some(self.largest_tile))
    }

    /// The layer here as `build` makes it, or as it was made before and stayed.
    ///
    /// # Errors
    /// As `build`.
    pub fn cached<T: Any + Send + Sync>(
        &self,
        build: impl FnOnce() -> Result<T, ModelError>,
    ) -> Result<Arc<T>, ModelError> {
        let Some((cache, network)) = self.weights.cache else { return build().map(Arc::new) };
        let name = format!("{network}/{}", self.prefix);
        if self.weights.patches.as_ref().is_some_and(|patches| patches.touches_layer(&self.prefix)) {
            cache.remove(&name);
            return build().map(Arc::new);
        }
        if let Some(layer) = cache.get(&name) {
            self.weights.pass_over(&self.prefix)?;
            return Ok(layer);
        }
        let layer = Arc::new(build()?);
        cache.put(name, Arc::clone(&layer));
        Ok(layer)
    }

    /// The tensor `name` here. One that is missing or misshapen is reported by [`Weights::finish`].
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        self.weights.tensor(&format!("{}.{name}", self.prefix), shape)
    }

    /// The tensor that has the very name of this place and `name`, without a layer's `weight` behind it.
    ///
    /// # Errors
    /// As [`Scope::tensor`].
    pub fn bare_tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        self.weights.tensor(&self.at(name).prefix, shape)
    }

    /// How the kernels keep the layer's matrix `name` here, where it is quantised.
    pub(crate) fn kept_form(&self, name: &str) -> Option<KeptForm> {
        self.weights.kept_form(&format!("{}.{name}", self.prefix))
    }

    /// The numbers of the tensor `name` here as they stand in its file, until the next are read; `None` where
    /// [`Scope::tensor`] must be asked, because something patches them, or their kind or the device needs it. Rows of
    /// `width` numbers may come in blocks.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn numbers(
        &self,
        name: &str,
        shape: &[usize],
        width: Option<usize>,
    ) -> Result<Option<Numbers<'_>>, ModelError> {
        self.weights.numbers(&format!("{}.{name}", self.prefix), shape, width)
    }
}
