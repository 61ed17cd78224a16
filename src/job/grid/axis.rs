//! One axis of a grid: a setting and its values, as a person writes them.

use std::path::PathBuf;

use super::error::{GridError, MOST_VALUES};
use super::numbers::{decimals, wholes};
use crate::job::{LoraRef, ModelRef, Request, fresh_seed};
use crate::sampling::{SchedulerName, SigmaChoice};

/// A setting that an axis may go over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GridParameter {
    /// The first words, in the prompt, are replaced by each of the others ("prompt S/R").
    Words,
    Seed,
    #[default]
    Steps,
    Guidance,
    Sampler,
    Schedule,
    Strength,
    Model,
    Lora,
}

/// A value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum GridValue {
    Words { from: String, to: String },
    Seed(u64),
    Steps(u32),
    Guidance(f64),
    Sampler(SchedulerName),
    Schedule(SigmaChoice),
    Strength(f64),
    Model(GridModel),
    Lora { file: PathBuf, weight: f64 },
}

/// A model that an axis may name.
#[derive(Clone, Debug, PartialEq)]
pub struct GridModel {
    pub name: String,
    pub reference: ModelRef,
    /// That it is drawn with instead of its own.
    pub vae: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct GridAxis {
    pub parameter: GridParameter,
    pub values: Vec<GridValue>,
}

impl GridParameter {
    pub const ALL: [Self; 9] = [
        Self::Words,
        Self::Seed,
        Self::Steps,
        Self::Guidance,
        Self::Sampler,
        Self::Schedule,
        Self::Strength,
        Self::Model,
        Self::Lora,
    ];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Words => "Words",
            Self::Seed => "Seed",
            Self::Steps => "Steps",
            Self::Guidance => "CFG scale",
            Self::Sampler => "Sampler",
            Self::Schedule => "Schedule",
            Self::Strength => "Denoising",
            Self::Model => "Model",
            Self::Lora => "LoRA weight",
        }
    }

    /// An example of what is written for it.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Words => "red, blue, green",
            Self::Seed => "1-4",
            Self::Steps => "10, 20, 30",
            Self::Guidance => "3-9 (+2)",
            Self::Sampler => "Euler, DDIM",
            Self::Schedule => "Karras, As trained",
            Self::Strength => "0.3-0.9 (+0.2)",
            Self::Model => "names, with commas",
            Self::Lora => "0, 0.5, 1",
        }
    }
}

/// As the panel calls it.
#[must_use]
pub fn schedule_label(sigmas: SigmaChoice) -> &'static str {
    match sigmas {
        SigmaChoice::Default => "As trained",
        SigmaChoice::Karras => "Karras",
        SigmaChoice::Exponential => "Exponential",
    }
}

impl GridAxis {
    /// The values that are written: texts and numbers with commas between them, numbers as ranges too. Models are found
    /// by their names among `models`; a LoRA's weight is that of `lora`.
    ///
    /// # Errors
    /// Names the first value that cannot be read.
    pub fn read(
        parameter: GridParameter,
        text: &str,
        models: &[GridModel],
        lora: Option<PathBuf>,
    ) -> Result<Self, GridError> {
        let texts = listed(text);
        if texts.is_empty() {
            return Err(GridError::Empty);
        }
        let values: Vec<GridValue> = match parameter {
            GridParameter::Words => {
                let from = texts[0].clone();
                texts.into_iter().map(|to| GridValue::Words { from: from.clone(), to }).collect()
            }
            GridParameter::Seed => seeds(&texts)?,
            GridParameter::Steps => {
                let steps = wholes(&texts)?.into_iter().map(|number| u32::try_from(number).unwrap_or(u32::MAX));
                steps.map(GridValue::Steps).collect()
            }
            GridParameter::Guidance => decimals(&texts)?.into_iter().map(GridValue::Guidance).collect(),
            GridParameter::Strength => decimals(&texts)?.into_iter().map(GridValue::Strength).collect(),
            GridParameter::Sampler => {
                let all = SchedulerName::ALL.map(|name| (name.label().to_owned(), name));
                named(&texts, &all, SchedulerName::from_id)?
                    .into_iter()
                    .map(|(_, name)| GridValue::Sampler(name))
                    .collect()
            }
            GridParameter::Schedule => {
                let all = SigmaChoice::ALL.map(|sigmas| (schedule_label(sigmas).to_owned(), sigmas));
                named(&texts, &all, |_| None)?.into_iter().map(|(_, sigmas)| GridValue::Schedule(sigmas)).collect()
            }
            GridParameter::Model => {
                let all: Vec<(String, GridModel)> =
                    models.iter().map(|model| (model.name.clone(), model.clone())).collect();
                named(&texts, &all, |_| None)?.into_iter().map(|(_, model)| GridValue::Model(model)).collect()
            }
            GridParameter::Lora => {
                let file = lora.ok_or(GridError::NoLora)?;
                let weights = decimals(&texts)?;
                weights.into_iter().map(|weight| GridValue::Lora { file: file.clone(), weight }).collect()
            }
        };
        let found = values.len();
        if found > MOST_VALUES {
            return Err(GridError::TooMany { found, most: MOST_VALUES });
        }
        Ok(Self { parameter, values })
    }

    pub(super) fn check(&self, base: &Request, has_picture: bool) -> Result<(), GridError> {
        match (self.parameter, self.values.first()) {
            (GridParameter::Words, Some(GridValue::Words { from, .. })) => {
                let is_there =
                    base.prompt.contains(from) || base.negative.as_ref().is_some_and(|text| text.contains(from));
                if is_there { Ok(()) } else { Err(GridError::NoWords { words: from.clone() }) }
            }
            (GridParameter::Strength, _) if !has_picture => Err(GridError::NoPicture),
            _ => Ok(()),
        }
    }

    /// What stands beside the row or over the column of each value.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let name = self.parameter.label();
        self.values.iter().map(|value| value.label(name)).collect()
    }
}

impl GridValue {
    pub(super) fn apply(&self, request: &mut Request) {
        match self {
            Self::Words { from, to } => {
                request.prompt = request.prompt.replace(from, to);
                request.negative = request.negative.take().map(|text| text.replace(from, to));
            }
            Self::Seed(seed) => request.seed = *seed,
            Self::Steps(steps) => request.steps = *steps,
            Self::Guidance(guidance) => request.guidance = Some(*guidance),
            Self::Sampler(name) => request.scheduler = Some(*name),
            Self::Schedule(sigmas) => request.sigmas = Some(*sigmas),
            Self::Strength(strength) => {
                if let Some(init) = &mut request.init {
                    init.strength = *strength;
                }
            }
            Self::Model(model) => (request.model, request.vae) = (model.reference.clone(), model.vae.clone()),
            Self::Lora { file, weight } => {
                request.loras.retain(|lora| lora.file != *file);
                if *weight != 0.0 {
                    request.loras.push(LoraRef::new(file.clone(), *weight));
                }
            }
        }
    }

    fn label(&self, name: &str) -> String {
        match self {
            Self::Words { to, .. } => to.clone(),
            Self::Seed(seed) => format!("{name} {seed}"),
            Self::Steps(steps) => format!("{steps} steps"),
            Self::Guidance(number) | Self::Strength(number) => format!("{name} {number}"),
            Self::Sampler(sampler) => sampler.label().to_owned(),
            Self::Schedule(sigmas) => schedule_label(*sigmas).to_owned(),
            Self::Model(model) => model.name.clone(),
            Self::Lora { file, weight } => {
                format!("{} {weight}", file.file_stem().unwrap_or_default().to_string_lossy())
            }
        }
    }
}

/// A text as [`GridAxis::read`] takes it for one value.
#[must_use]
pub fn quoted(text: &str) -> String {
    if text.contains([',', '\n']) || text.trim() != text { format!("\"{text}\"") } else { text.to_owned() }
}

/// What stands between commas; in quotes a comma is text. Empty ones are left out, save in quotes.
fn listed(text: &str) -> Vec<String> {
    let (mut found, mut item, mut quoted, mut was_quoted) = (Vec::new(), String::new(), false, false);
    for sign in text.chars().chain([',']) {
        match sign {
            '"' => (quoted, was_quoted) = (!quoted, true),
            ',' | '\n' if !quoted => {
                let whole = std::mem::take(&mut item);
                let whole = if was_quoted { whole } else { whole.trim().to_owned() };
                if was_quoted || !whole.is_empty() {
                    found.push(whole);
                }
                was_quoted = false;
            }
            // Blanks around quotes are none of the text.
            ' ' if !quoted && item.is_empty() => {}
            sign => item.push(sign),
        }
    }
    if !item.is_empty() {
        // A quote that is never closed.
        found.push(item.trim_end_matches(',').trim().to_owned());
    }
    found
}

/// As AUTOMATIC1111 has it, -1 is another one every time.
fn seeds(texts: &[String]) -> Result<Vec<GridValue>, GridError> {
    let mut values = Vec::new();
    for text in texts {
        if text == "-1" {
            values.push(GridValue::Seed(fresh_seed()));
        } else {
            values.extend(wholes(std::slice::from_ref(text))?.into_iter().map(GridValue::Seed));
        }
    }
    Ok(values)
}

/// Each by its name, in any case; a name that only one begins with is enough.
fn named<T: Clone>(
    texts: &[String],
    all: &[(String, T)],
    by_id: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(String, T)>, GridError> {
    let find = |text: &String| {
        let wanted = text.to_lowercase();
        let whole = all.iter().find(|(name, _)| name.to_lowercase() == wanted).cloned();
        let mut begun = all.iter().filter(|(name, _)| name.to_lowercase().starts_with(&wanted));
        let one = begun.next().filter(|_| begun.next().is_none()).cloned();
        let found = whole.or_else(|| by_id(&wanted).map(|value| (text.clone(), value))).or(one);
        found.ok_or_else(|| {
            let known: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
            GridError::Name { text: text.clone(), known: known.join(", ") }
        })
    };
    texts.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parameter: GridParameter, text: &str) -> Result<Vec<String>, String> {
        let model = |name: &str| GridModel { name: name.into(), reference: ModelRef::BuiltIn, vae: None };
        let models = [model("Dream"), model("Built-in, 4 steps")];
        let axis = GridAxis::read(parameter, text, &models, Some("/l/ink.pt".into()));
        axis.map(|axis| axis.labels()).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        for (parameter, text, wanted) in [
            (GridParameter::Steps, "10, 20 ,30", &["10 steps", "20 steps", "30 steps"][..]),
            (GridParameter::Seed, "3-5, 9", &["Seed 3", "Seed 4", "Seed 5", "Seed 9"]),
            (GridParameter::Guidance, "3-9 (+3)", &["CFG scale 3", "CFG scale 6", "CFG scale 9"]),
            (GridParameter::Sampler, "euler, DPM++ 2M", &["Euler", "DPM++ 2M"]),
            (GridParameter::Schedule, "karras, as trained", &["Karras", "As trained"]),
            (
                GridParameter::Model,
                format!("dre, {}", quoted("Built-in, 4 steps")).as_str(),
                &["Dream", "Built-in, 4 steps"],
            ),
            (GridParameter::Lora, "0-1 [3]", &["ink 0", "ink 0.5", "ink 1"]),
            (GridParameter::Words, "red, \"a, b\", \"\"", &["red", "a, b", ""]),
        ] {
            assert_eq!(read(parameter, text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (parameter, text, said) in [
            (GridParameter::Steps, "10, many", "“many”"),
            (GridParameter::Steps, " , ", "commas"),
            (GridParameter::Sampler, "Eulr", "“Eulr”"),
            (GridParameter::Model, "other", "Dream"),
            (GridParameter::Seed, "1-100000", "100000"),
        ] {
            let error = read(parameter, text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
        assert_eq!(GridAxis::read(GridParameter::Lora, "1", &[], None), Err(GridError::NoLora));
    }

    #[test]
    fn a_seed_of_minus_one_is_drawn() {
        let seeds = read(GridParameter::Seed, "-1, -1").unwrap();
        assert!(seeds.len() == 2 && seeds[0] != seeds[1], "{seeds:?}");
    }
}
