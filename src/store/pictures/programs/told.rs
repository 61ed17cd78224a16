//! What a picture tells of how it was made: what a request here can hold, the names of files, and the rest as notices.

use std::fmt::Write;

use crate::job::{Notice, Request, RequestError, Variation};
use crate::sampling::NoiseKind;
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::sampler::{Sampling, shortened};

/// A LoRA by its name in the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedLora {
    pub name: String,
    pub weight: f64,
}

/// The settings of one picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub program: Program,
    /// What was said has been written into it; the rest is as in any request.
    pub request: Request,
    /// The request's fields that the picture speaks of, by their names in JSON; `inpaint.…` for those inside.
    pub said: Vec<&'static str>,
    /// The request is this program's own, to the last field.
    pub is_exact: bool,
    /// How much of a first picture was made anew.
    pub strength: Option<f64>,
    /// As the program calls it.
    pub sampler: Option<String>,
    pub model: Option<String>,
    /// It was found, and the request has it.
    pub model_is_here: bool,
    pub model_hash: Option<String>,
    pub vae: Option<String>,
    pub loras: Vec<NamedLora>,
    /// What was done to the picture and cannot be taken over.
    pub notices: Vec<Notice>,
}

impl Told {
    #[must_use]
    pub(crate) fn new(program: Program) -> Self {
        Self { program, ..Self::default() }
    }

    pub(crate) fn note(&mut self, sentence: impl Into<String>) {
        /// More than anybody reads.
        const MOST: usize = 60;
        const LONGEST: usize = 2000;
        let mut sentence: String = sentence.into();
        if let Some((end, _)) = sentence.char_indices().nth(LONGEST) {
            sentence.truncate(end);
            sentence.push('…');
        }
        let notice = Notice::from(sentence);
        if self.notices.len() < MOST && !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Settings that have no place here, in one sentence.
    pub(crate) fn note_unused<'a>(&mut self, what: &str, pairs: impl Iterator<Item = (&'a str, String)>) {
        const MOST: usize = 40;
        let mut pairs = pairs.map(|(key, value)| format!("{}: {}", shortened(key), shortened(&value)));
        let mut listed: Vec<String> = pairs.by_ref().take(MOST).collect();
        let more = pairs.count();
        if more > 0 {
            listed.push(format!("{more} more"));
        }
        if !listed.is_empty() {
            self.note(format!("{what} ({})", listed.join(", ")));
        }
    }

    /// Changes the request, unless no engine would take it then.
    pub(crate) fn set(&mut self, field: &'static str, change: impl FnOnce(&mut Request)) {
        // The prompts come last (`Told::prompts`), so this copies little.
        let mut changed = self.request.clone();
        change(&mut changed);
        match changed.validate() {
            Ok(()) => {
                self.request = changed;
                if !self.said.contains(&field) {
                    self.said.push(field);
                }
            }
            Err(error) => self.refuse(&error),
        }
    }

    fn refuse(&mut self, error: &RequestError) {
        self.note(format!("a value in the picture is not used: {error}"));
    }

    /// A value that is none of its kind.
    pub(crate) fn unreadable(&mut self, what: &str, value: &str) {
        self.note(format!("{what} in the picture is not used: {} cannot be read", shortened(value)));
    }

    pub(crate) fn steps(&mut self, steps: u64) {
        self.set("steps", |request| request.steps = u32::try_from(steps).unwrap_or(u32::MAX));
    }

    pub(crate) fn guidance(&mut self, guidance: f64) {
        self.set("guidance", |request| request.guidance = Some(guidance));
    }

    pub(crate) fn image_guidance(&mut self, guidance: f64) {
        self.set("image_guidance", |request| request.image_guidance = Some(guidance));
    }

    pub(crate) fn rescale(&mut self, rescale: f64) {
        if rescale != 0.0 {
            self.set("guidance_rescale", |request| request.guidance_rescale = rescale);
        }
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        self.set("seed", |request| request.seed = seed);
    }

    pub(crate) fn size(&mut self, (width, height): (u64, u64)) {
        let side = |side| Some(u32::try_from(side).unwrap_or(u32::MAX));
        let before = self.said.len();
        self.set("width", |request| (request.width, request.height) = (side(width), side(height)));
        if self.said.len() > before {
            self.said.push("height");
        }
    }

    /// As AUTOMATIC1111 counts; 1 is as usual.
    pub(crate) fn clip_skip(&mut self, skip: u64) {
        match u32::try_from(skip) {
            Ok(0 | 1) => {}
            Ok(skip) => self.set("clip_skip", |request| request.clip_skip = Some(skip)),
            Err(_) => self.unreadable("clip skip", &skip.to_string()),
        }
    }

    pub(crate) fn noise(&mut self, noise: NoiseKind) {
        self.set("noise", |request| request.noise = noise);
    }

    /// The program draws noise in a way that is not known here.
    pub(crate) fn foreign_noise(&mut self, source: &str) {
        self.note(format!(
            "its noise came from {source}, which Inkwick does not have: the same seed gives another picture"
        ));
    }

    pub(crate) fn variation(&mut self, seed: u64, strength: f64) {
        if strength != 0.0 {
            self.set("variation", |request| request.variation = Some(Variation { seed, strength }));
        }
    }

    pub(crate) fn strength(&mut self, strength: f64) {
        if (0.0..=1.0).contains(&strength) {
            self.strength = Some(strength);
        } else {
            self.refuse(&RequestError::Strength { found: strength });
        }
    }

    /// The sampler by its name there, and the schedule, where that has a name of its own.
    pub(crate) fn sampling(&mut self, sampler: &str, schedule: Option<&str>) {
        let Sampling { scheduler, sigmas, notices } = Sampling::of(sampler, schedule);
        if !sampler.trim().is_empty() {
            self.sampler = Some(sampler.trim().to_owned());
        }
        if scheduler.is_some() {
            self.set("scheduler", |request| request.scheduler = scheduler);
        }
        if sigmas.is_some() {
            self.set("sigmas", |request| request.sigmas = sigmas);
        }
        for notice in notices {
            self.note(notice);
        }
    }

    /// A file's name, unless it says that there is none.
    pub(crate) fn model(&mut self, name: &str) {
        self.model = named(name);
    }

    pub(crate) fn hash(&mut self, hash: &str) {
        self.model_hash = named(hash);
    }

    pub(crate) fn vae(&mut self, name: &str) {
        self.vae = named(name);
    }

    pub(crate) fn lora(&mut self, name: &str, weight: f64) {
        /// More than one picture bears.
        const MOST: usize = 100;
        if let Some(name) = named(name)
            && self.loras.len() < MOST
            && self.loras.iter().all(|known| known.name != name)
        {
            self.loras.push(NamedLora { name, weight });
        }
    }

    /// LoRAs that stand in the prompt as `<lora:NAME:WEIGHT>`, the way of AUTOMATIC1111 and its kin.
    pub(crate) fn loras_of_tags(&mut self, prompt: &str) {
        for part in prompt.split('<').skip(1) {
            let Some(inside) = part.split_once('>').map(|(inside, _)| inside) else { continue };
            let Some(inside) = inside.strip_prefix("lora:").or_else(|| inside.strip_prefix("lyco:")) else { continue };
            let (name, weight) = inside.split_once(':').unwrap_or((inside, "1"));
            let weight = weight.split(':').next().unwrap_or_default().trim().parse().unwrap_or(1.0);
            self.lora(name, weight);
        }
    }

    /// The last thing to be told: the words.
    pub(crate) fn prompts(&mut self, prompt: Option<String>, negative: Option<String>) {
        if let Some(prompt) = prompt {
            self.loras_of_tags(&prompt);
            self.request.prompt = prompt;
            self.said.insert(0, "prompt");
        }
        if let Some(negative) = negative.filter(|negative| !negative.is_empty()) {
            self.request.negative = Some(negative);
            self.said.insert(1.min(self.said.len()), "negative");
        }
    }

    /// Whether anything but the program is known.
    #[must_use]
    pub(crate) fn says_something(&self) -> bool {
        self.said.iter().any(|field| *field != "noise") || self.model.is_some() || self.sampler.is_some()
    }

    /// The prompt with every LoRA in it as a tag, for where LoRAs are named by tags alone.
    #[must_use]
    pub fn prompt_with_loras(&self) -> String {
        let mut prompt = self.request.prompt.clone();
        let mut tagged = Self::default();
        tagged.loras_of_tags(&prompt);
        for NamedLora { name, weight } in &self.loras {
            let bare = bare_name(name);
            if tagged.loras.iter().all(|known| bare_name(&known.name) != bare) {
                // A String takes whatever is written to it.
                let _ = write!(prompt, " <lora:{bare}:{weight}>");
            }
        }
        prompt
    }
}

/// Without folders and without a checkpoint's ending.
#[must_use]
pub fn bare_name(name: &str) -> &str {
    const ENDINGS: [&str; 6] = [".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf"];
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

fn named(name: &str) -> Option<String> {
    let name = name.trim();
    let says_none = matches!(name.to_lowercase().as_str(), "" | "none" | "null" | "unknown" | "automatic" | "default");
    (!says_none && !name.starts_with("Default (")).then(|| name.to_owned())
}
