//! How finished pictures are kept: where, by which name, in which format, and with or without their settings.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Local};
use serde::{Deserialize, Serialize};

use crate::job::{ModelRef, Request};
use crate::store::pictures::picture_file::PictureFormat;

/// What a name may hold, and what each stands for.
pub const NAME_PARTS: &[(&str, &str)] = &[
    ("{number}", "counts up within a day"),
    ("{seed}", "the seed"),
    ("{words}", "the prompt's first words"),
    ("{model}", "the model"),
    ("{size}", "width and height"),
    ("{time}", "hours, minutes, seconds"),
];
const USUAL_NAME: &str = "{number}-{seed}";
/// Of the prompt's words and of a model's name: a file's name may have 255 bytes in all.
const MOST_BYTES: usize = 48;
const MOST_WORDS: usize = 5;

/// A person's choice, a part of the settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saving {
    /// `None` is the system's usual one.
    pub folder: Option<PathBuf>,
    /// Of a file within its day's folder, without the ending: words and [`NAME_PARTS`].
    pub name: String,
    pub format: PictureFormat,
    /// Of a JPEG, 1 to 100.
    pub quality: u8,
    /// Whether the picture's file says how it was made.
    pub with_settings: bool,
    /// Whether a PNG file with its settings also has the latents that the picture was decoded from.
    pub keeps_latents: bool,
}

impl Default for Saving {
    fn default() -> Self {
        Self {
            folder: None,
            name: USUAL_NAME.to_owned(),
            format: PictureFormat::Png,
            quality: Self::DEFAULT_QUALITY,
            with_settings: true,
            keeps_latents: false,
        }
    }
}

impl Saving {
    pub const DEFAULT_QUALITY: u8 = 92;

    /// Why a name cannot be used. It is found again by the number, which also keeps it from being another picture's.
    ///
    /// # Errors
    /// One sentence that says what to change.
    pub fn check_name(name: &str) -> Result<(), String> {
        let Some(rest) = name.strip_prefix("{number}") else {
            return Err("Begin with {number}: no two pictures have the same.".to_owned());
        };
        let mut plain = rest.to_owned();
        for (part, _) in NAME_PARTS {
            plain = plain.replace(part, "");
        }
        if rest.starts_with(|letter: char| letter.is_ascii_digit()) {
            return Err("Put a - between {number} and the next figure.".to_owned());
        }
        match plain.chars().find(|letter| "/\\:*?\"<>|{}".contains(*letter) || letter.is_control()) {
            Some('{' | '}') => {
                let known: Vec<&str> = NAME_PARTS.iter().map(|(part, _)| *part).collect();
                Err(format!("Known are {}.", known.join(" ")))
            }
            Some(letter) => Err(format!("A file's name cannot have {letter} in it.")),
            None if plain.len() > MOST_BYTES => Err("Make it shorter.".to_owned()),
            None => Ok(()),
        }
    }

    /// The file's name; one that cannot be used gives way to the usual one.
    #[must_use]
    pub fn file_name(&self, number: u64, request: &Request, size_px: [u32; 2], now: DateTime<Local>) -> String {
        let name = if Self::check_name(&self.name).is_ok() { self.name.as_str() } else { USUAL_NAME };
        let name = name
            .replace("{number}", &format!("{number:05}"))
            .replace("{seed}", &request.seed.to_string())
            .replace("{words}", &as_name(&request.prompt))
            .replace("{model}", &as_name(&model_name(&request.model)))
            .replace("{size}", &format!("{}x{}", size_px[0], size_px[1]))
            .replace("{time}", &now.format("%H%M%S").to_string());
        format!("{}.{}", name.trim_end_matches(['-', '_', ' ', '.']), self.format.ending())
    }

    /// What a name becomes.
    #[must_use]
    pub fn example(&self) -> String {
        let request = Request { prompt: "a fox wearing a crown".into(), seed: 1, ..Request::default() };
        self.file_name(7, &request, [256, 256], Local::now())
    }
}

fn model_name(model: &ModelRef) -> String {
    match model {
        ModelRef::Folder(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        ModelRef::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        built_in => built_in.built_in_id().unwrap_or_default().to_owned(),
    }
}

/// "A red apple, on a table" as "a-red-apple-on-a": no sign that a file system could mind.
pub(super) fn as_name(words: &str) -> String {
    let words = words.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words.take(MOST_WORDS) {
        let word = word.to_lowercase();
        let gap = usize::from(!name.is_empty());
        if name.len() + gap + word.len() > MOST_BYTES {
            break;
        }
        if gap == 1 {
            name.push('-');
        }
        name.push_str(&word);
    }
    name
}

/// The choice that holds now, for everyone who keeps pictures: it may change between two of them.
#[derive(Clone, Debug, Default)]
pub struct SavingRules(Arc<Mutex<Saving>>);

impl SavingRules {
    pub fn set(&self, saving: Saving) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = saving;
    }

    #[must_use]
    pub fn get(&self) -> Saving {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_what_it_asks_for() {
        let request =
            Request { prompt: "A red apple,\n../on a \u{1F34E} table".into(), seed: 12, ..Request::default() };
        let named = |name: &str| {
            let saving = Saving { name: name.into(), format: PictureFormat::WebP, ..Saving::default() };
            saving.file_name(3, &request, [64, 32], Local::now())
        };
        assert_eq!(named("{number}-{seed}"), "00003-12.webp");
        assert_eq!(named("{number} {words} {size}"), "00003 a-red-apple-on-a 64x32.webp");
        assert_eq!(named("{number}-{model}"), "00003-built-in.webp");
        // Nothing that would lead elsewhere, or take another picture's place.
        for wrong in ["{seed}", "{number}/{seed}", "{number}-{sneed}", "../{number}", "{number}1", "a\u{0}b", ""] {
            assert!(Saving::check_name(wrong).is_err(), "{wrong}");
            assert_eq!(named(wrong), "00003-12.webp", "{wrong}");
        }
    }

    #[test]
    fn words_of_any_script_fit_into_a_files_name() {
        let prompt = "\u{30b9}\u{30c6}\u{30fc}\u{30d6}\u{30eb} ".repeat(40) + &"x".repeat(4000);
        let request = Request { prompt, ..Request::default() };
        let saving = Saving { name: "{number}-{words}-{words}".into(), ..Saving::default() };
        let name = saving.file_name(1, &request, [8, 8], Local::now());
        assert!(name.len() < 200 && name.starts_with("00001-\u{30b9}"), "{name}");
        let empty = saving.file_name(1, &Request::default(), [8, 8], Local::now());
        assert_eq!(empty, "00001.png");
    }
}
