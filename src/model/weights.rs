//! Hands a network's tensors to its layers: from one file, shards, half precision, or a whole checkpoint; mapped, not copied.
//!
//! What is missing, left over or of another shape is gathered and told in one error.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use std::path::Path;
use std::sync::Arc;

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use super::archive::Archive;
use super::feature::Execution;
use super::lora::{Lora, Patches};
use super::single_file::{Cut, SingleFile, Source};
use super::sketch::Ledger;
use super::{ModelError, ModelFiles};
use crate::kernels::{Level, Packing, Precision};

/// How many names an error lists before it only counts.
const LISTED: usize = 3;

/// Called with the fraction (0 to 1) of the network's bytes that are read; an error ends the reading.
pub type OnFraction<'a> = &'a dyn Fn(f32) -> Result<(), ModelError>;

#[derive(Default)]
struct Account {
    /// Tensors that no layer has asked for yet, by the name that layers use, with their name in the file.
    untouched: BTreeMap<String, String>,
    missing: Vec<String>,
    misshapen: Vec<String>,
    bytes_read: usize,
}

/// The tensors of one network, handed out to its layers while it is built.
pub struct Weights<'a> {
    archives: Vec<Arc<Archive>>,
    /// By the name that layers use: which archive, and where in it.
    place: HashMap<String, (usize, Source)>,
    account: RefCell<Account>,
    bytes_total: usize,
    on_fraction: OnFraction<'a>,
    device: Device,
    dtype: DType,
    execution: Execution,
    winograd: bool,
    what: String,
    patches: Option<Patches<'a>>,
}

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

impl<'a> Weights<'a> {
    /// Opens the weights of `folder` (say `unet`) whose files are called `stem` (say `diffusion_pytorch_model`).
    /// Tensors come out on `device` as `dtype`.
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
        let (archives, sources) = sources_of(files, folder, stem)?;
        let mut place = HashMap::new();
        let mut account = Account::default();
        let mut bytes_total = 0;
        for (name, archive, source, bytes) in sources {
            let plain = layer_name(&name);
            if plain.ends_with("position_ids") {
                continue;
            }
            bytes_total += bytes;
            account.untouched.insert(plain.clone(), source.name.clone());
            place.insert(plain, (archive, source));
        }
        Ok(Self {
            archives,
            place,
            account: RefCell::new(account),
            bytes_total,
            on_fraction,
            device: device.clone(),
            dtype,
            execution: Execution::on(device),
            winograd: true,
            what: files.path_of(folder).display().to_string(),
            patches: None,
        })
    }

    /// Of a network that is only walked through: nothing is read, and every tensor is there and takes no memory.
    #[must_use]
    pub fn sketched(ledger: &Arc<Ledger>, dtype: DType) -> Self {
        Self {
            archives: Vec::new(),
            place: HashMap::new(),
            account: RefCell::default(),
            bytes_total: 0,
            on_fraction: &|_| Ok(()),
            device: Device::Cpu,
            dtype,
            execution: Execution::Sketch(Arc::clone(ledger)),
            winograd: true,
            what: String::new(),
            patches: None,
        }
    }

    /// Lays LoRAs' changes over the tensors as they are handed out. `network` is diffusers' name of the folder.
    #[must_use]
    pub fn with_loras(mut self, network: &str, loras: &'a [Lora]) -> Self {
        if !loras.is_empty() {
            self.patches = Some(Patches::new(loras, network, &self.place.keys().map(String::as_str).collect()));
        }
        self
    }

    /// Another way to carry the network out than the device's usual one.
    #[must_use]
    pub fn with_execution(self, execution: Execution) -> Self {
        Self { execution, ..self }
    }

    /// Whether convolutions may keep transformed weights: faster, and 16/9 of their size.
    #[must_use]
    pub fn with_winograd(self, winograd: bool) -> Self {
        Self { winograd, ..self }
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
        Scope { weights: self, prefix: String::new() }
    }

    /// Ends the reading: every tensor must have been there, of the right shape, and asked for.
    ///
    /// # Errors
    /// Lists the first few of each kind and counts the rest.
    pub fn finish(self) -> Result<(), ModelError> {
        let account = self.account.into_inner();
        let left_over: Vec<String> = account.untouched.into_values().collect();
        let complaints: Vec<String> = [
            ("missing", &account.missing),
            ("of another shape", &account.misshapen),
            ("not in the config", &left_over),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| format!("{} {kind} ({})", names.len(), listed(names)))
        .collect();
        if complaints.is_empty() {
            return Ok(());
        }
        Err(ModelError::Misfit(format!("{}: {}", complaints.join(", "), self.what)))
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        // Of the wanted shape, so that building goes on and everything that is wrong can be told at once.
        let placeholder = || Tensor::zeros(shape, self.dtype, &self.device).map_err(ModelError::from);
        if let Execution::Sketch(ledger) = &self.execution {
            let count = shape.iter().product::<usize>();
            ledger.keep_weights(count, count * self.dtype.size_in_bytes());
            return Ok(Tensor::zeros(1, self.dtype, &self.device)?.broadcast_as(shape)?);
        }
        let mut account = self.account.borrow_mut();
        let Some((archive, source)) = self.place.get(name) else {
            account.missing.push(name.to_owned());
            return placeholder();
        };
        account.untouched.remove(name);
        // Attention in old VAEs is stored as 1×1 convolutions: the same numbers.
        let found = source.shape.as_slice();
        let fits = found == shape || (found.len() == 4 && found[2..] == [1, 1] && found[..2] == *shape);
        if !fits {
            account.misshapen.push(format!("{} is {found:?}, wanted {shape:?}", source.name));
            return placeholder();
        }
        let tensor = SingleFile::load(&self.archives[*archive], source, &self.device)?;
        account.bytes_read += tensor.elem_count() * tensor.dtype().size_in_bytes();
        let fraction = account.bytes_read as f32 / self.bytes_total.max(1) as f32;
        drop(account);
        (self.on_fraction)(fraction)?;
        let tensor = tensor.reshape(shape)?;
        let patched = self.patches.as_ref().map(|patches| patches.apply(name, &tensor)).transpose()?.flatten();
        Ok(patched.unwrap_or(tensor).to_dtype(self.dtype)?)
    }
}

/// A place in the tree of tensor names.
#[derive(Clone)]
pub struct Scope<'a> {
    weights: &'a Weights<'a>,
    prefix: String,
}

impl Scope<'_> {
    /// The place `name` below this one.
    #[must_use]
    pub fn at(&self, name: impl std::fmt::Display) -> Self {
        let prefix = if self.prefix.is_empty() { name.to_string() } else { format!("{}.{name}", self.prefix) };
        Self { weights: self.weights, prefix }
    }

    /// How the layers are to be carried out.
    #[must_use]
    pub fn execution(&self) -> &Execution {
        &self.weights.execution
    }

    /// How the kernels are to keep the layers' weights.
    #[must_use]
    pub fn packing(&self) -> Packing {
        let precision = match self.weights.dtype {
            DType::F16 => Precision::F16,
            DType::BF16 => Precision::Bf16,
            _ => Precision::F32,
        };
        Packing { precision, winograd: self.weights.winograd, level: Level::current() }
    }

    /// The tensor `name` here. One that is missing or misshapen is told by [`Weights::finish`].
    ///
    /// # Errors
    /// When the device has no room.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        self.weights.tensor(&format!("{}.{name}", self.prefix), shape)
    }
}

/// The name that the layers use: transformers writes CLIP with and without a prefix, old VAEs name attention otherwise.
fn layer_name(name: &str) -> String {
    let name = name.strip_prefix("text_model.").unwrap_or(name);
    for (old, new) in [(".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")]
    {
        if name.contains("mid_block.attentions") && name.contains(old) {
            return name.replace(old, new);
        }
    }
    name.to_owned()
}

fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(", …");
    }
    text
}

/// Which files hold the weights, full precision first.
fn weight_files(files: &ModelFiles, folder: &str, stem: &str) -> Result<Vec<String>, ModelError> {
    for (single, index) in [
        (format!("{folder}/{stem}.safetensors"), format!("{folder}/{stem}.safetensors.index.json")),
        (format!("{folder}/{stem}.fp16.safetensors"), format!("{folder}/{stem}.safetensors.index.fp16.json")),
    ] {
        if files.has(&single) {
            return Ok(vec![single]);
        }
        if let Some(index) = files.read_json::<ShardIndex>(&index)? {
            let mut shards: Vec<String> =
                index.weight_map.into_values().map(|shard| format!("{folder}/{shard}")).collect();
            shards.sort();
            shards.dedup();
            return Ok(shards);
        }
    }
    if [stem, "pytorch_model"].iter().any(|stem| files.has(&format!("{folder}/{stem}.bin"))) {
        return Err(ModelError::PickleOnly(files.path_of(folder)));
    }
    Err(ModelError::Missing { what: "the weights file", path: files.path_of(&format!("{folder}/{stem}.safetensors")) })
}

fn open_archive(files: &ModelFiles, name: &str) -> Result<Archive, ModelError> {
    let path = files.path_of(name);
    if let ModelFiles::Embedded(list) = files {
        let bytes = list.iter().find_map(|(path, bytes)| (*path == name).then_some(*bytes));
        let bytes = bytes.ok_or_else(|| ModelError::Missing { what: "a weights file", path: path.clone() })?;
        return Archive::embedded(bytes, &path);
    }
    Archive::open(&path)
}

/// Our name of a tensor, the number of its archive, where it is in there, and its size in bytes.
type Placed = (String, usize, Source, usize);

/// A network's archives and all tensors in them.
fn sources_of(files: &ModelFiles, folder: &str, stem: &str) -> Result<(Vec<Arc<Archive>>, Vec<Placed>), ModelError> {
    if let ModelFiles::File(file) = files {
        let part = file.network(folder)?.iter();
        let sizes: HashMap<String, u64> =
            file.archive().tensors().into_iter().map(|tensor| (tensor.name, tensor.bytes)).collect();
        let placed = part.map(|(name, source)| {
            let parts = if matches!(source.cut, Cut::Third(_)) { 3 } else { 1 };
            (name.clone(), 0, source.clone(), sizes.get(&source.name).copied().unwrap_or(0) as usize / parts)
        });
        return Ok((vec![Arc::clone(file.archive())], placed.collect()));
    }
    let mut archives = Vec::new();
    let mut placed = Vec::new();
    for (index, name) in weight_files(files, folder, stem)?.iter().enumerate() {
        let archive = open_archive(files, name)?;
        placed.extend(archive.tensors().into_iter().map(|tensor| {
            let source = Source { name: tensor.name.clone(), cut: Cut::Whole, shape: tensor.shape };
            (tensor.name, index, source, tensor.bytes as usize)
        }));
        archives.push(Arc::new(archive));
    }
    Ok((archives, placed))
}

/// The one unsafe place outside the kernels: a mapped file must not shrink while it is read.
#[allow(unsafe_code)]
pub(super) fn map_file(path: &Path) -> Result<MmapedSafetensors, candle_core::Error> {
    // SAFETY: the map is only read, its header is checked against the file's length when it is opened, and model
    // files are not rewritten in place while a program uses them (downloads are written beside and renamed).
    unsafe { MmapedSafetensors::new(path) }
}
