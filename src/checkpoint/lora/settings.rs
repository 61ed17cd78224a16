//! What a file says of its adapter besides the tensors: PEFT's settings, as diffusers writes them into the file or PEFT
//! beside it, and `LyCORIS`' arguments. They scale what has no alpha of its own.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// diffusers' entry of a safetensors file, one object of `unet.lora_alpha` and the like.
const INSIDE: &str = "lora_adapter_metadata";
/// kohya's entry with the arguments that it gave `LyCORIS`.
const LYCORIS_ARGUMENTS: &str = "ss_network_args";
/// PEFT's names of its two files.
const WEIGHTS_STEM: &str = "adapter_model";
const BESIDE: &str = "adapter_config.json";

/// PEFT's settings of one network's adapter.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default)]
struct PeftSettings {
    r: Option<f64>,
    /// `alpha` in `LoHa` and `LoKr`.
    #[serde(alias = "alpha")]
    lora_alpha: Option<f64>,
    use_rslora: bool,
    alpha_pattern: BTreeMap<String, f64>,
    /// OFT: a series instead of the inverse, of so many terms.
    use_cayley_neumann: bool,
    num_cayley_neumann_terms: usize,
    /// OFT: how far a rotation may go.
    coft: bool,
    eps: f64,
    /// IA3: the layers whose inputs are scaled.
    feedforward_modules: Value,
}

impl Default for PeftSettings {
    fn default() -> Self {
        Self {
            r: None,
            lora_alpha: None,
            use_rslora: false,
            alpha_pattern: BTreeMap::new(),
            use_cayley_neumann: true,
            num_cayley_neumann_terms: 5,
            coft: false,
            eps: 6e-5,
            feedforward_modules: Value::Null,
        }
    }
}

/// What a file says of its adapter.
#[derive(Clone, Debug, Default)]
pub(crate) struct AdapterSettings {
    by_network: BTreeMap<&'static str, PeftSettings>,
    /// Of a file that has one for all its networks.
    shared: PeftSettings,
    /// `LyCORIS` writes alphas that are stabilised already, but for `GLoRA`.
    pub is_glora_stabilised: bool,
}

impl AdapterSettings {
    /// Reads them from a file's own text, and from what stands beside it. What cannot be read is taken for not said.
    #[must_use]
    pub(crate) fn read(path: &Path, metadata: &BTreeMap<String, String>) -> Self {
        let mut settings = Self::default();
        let is_peft = path.file_stem().is_some_and(|stem| stem == WEIGHTS_STEM);
        let beside = is_peft.then(|| std::fs::read(path.with_file_name(BESIDE)).ok()).flatten();
        settings.shared = beside.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let inside = metadata.get(INSIDE).and_then(|text| serde_json::from_str(text).ok());
        if let Some(Value::Object(inside)) = inside {
            let networks = ["unet", "text_encoder", "text_encoder_2"].map(|network| (network, network));
            for (network, theirs) in networks.into_iter().chain([("unet", "transformer")]) {
                let own = inside.iter().filter_map(|(key, value)| {
                    let field = key.strip_prefix(theirs)?.strip_prefix('.')?;
                    Some((field.to_owned(), value.clone()))
                });
                let own: serde_json::Map<String, Value> = own.collect();
                if !own.is_empty() {
                    settings.by_network.extend(serde_json::from_value(own.into()).ok().map(|own| (network, own)));
                }
            }
        }
        let arguments = metadata.get(LYCORIS_ARGUMENTS).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let stabilised = arguments.as_ref().map(|arguments| &arguments["rs_lora"]);
        settings.is_glora_stabilised = match stabilised {
            Some(Value::Bool(is)) => *is,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
            _ => false,
        };
        settings
    }

    fn of(&self, network: &str) -> &PeftSettings {
        self.by_network.get(network).unwrap_or(&self.shared)
    }

    /// What a product of that rank is scaled by where the file has no alpha for it. `layer` has underscores for dots.
    #[must_use]
    pub(crate) fn scale(&self, network: &str, layer: &str, rank: usize) -> f64 {
        let own = self.of(network);
        let is_meant = |pattern: &str| {
            let pattern = pattern.trim_matches(['^', '$']).replace("\\.", "_").replace('.', "_");
            layer.strip_suffix(pattern.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('_'))
        };
        let by_pattern = own.alpha_pattern.iter().find(|(pattern, _)| is_meant(pattern)).map(|(_, alpha)| *alpha);
        let Some(alpha) = by_pattern.or(own.lora_alpha) else { return 1.0 };
        let rank = rank.max(1) as f64;
        alpha / if own.use_rslora { rank.sqrt() } else { rank }
    }

    /// The rank in PEFT's own settings, for products that do not show it.
    #[must_use]
    pub(crate) fn rank(&self, network: &str) -> Option<usize> {
        self.of(network).r.filter(|rank| *rank >= 1.0).map(|rank| rank as usize)
    }

    /// How many terms of a series stand for OFT's inverse; `None` for the inverse itself.
    #[must_use]
    pub(crate) fn series_terms(&self, network: &str) -> Option<usize> {
        let own = self.of(network);
        own.use_cayley_neumann.then_some(own.num_cayley_neumann_terms)
    }

    /// How far OFT's rotations may go, where that is limited.
    #[must_use]
    pub(crate) fn rotation_limit(&self, network: &str) -> Option<f64> {
        let own = self.of(network);
        own.coft.then_some(own.eps)
    }

    /// Whether IA3 scales the inputs of that layer; `None` where nothing is said.
    #[must_use]
    pub(crate) fn scales_inputs(&self, network: &str, layer: &str) -> Option<bool> {
        let Value::Array(modules) = &self.of(network).feedforward_modules else { return None };
        let mut names = modules.iter().filter_map(Value::as_str).map(|name| name.replace('.', "_"));
        Some(names.any(|name| layer.ends_with(&name)))
    }
}
