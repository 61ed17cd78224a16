//! The LoRAs on the shelf, in their order, and what is known of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::job::LoraRef;
use crate::store::words::lora_file::{KeptLora, name_of};

#[derive(Default)]
pub struct LoraShelf {
    pub list: Vec<KeptLora>,
    pub is_open: bool,
    /// What is looked for in the picker.
    pub(crate) search: String,
    /// The words that each was trained with; nothing until its file was read.
    words: HashMap<PathBuf, Option<Vec<String>>>,
}

impl LoraShelf {
    #[must_use]
    pub fn of(list: &[KeptLora], is_open: bool) -> Self {
        Self { list: list.to_vec(), is_open, ..Self::default() }
    }

    /// Puts one on the shelf, or switches it on where it lies there.
    pub fn add(&mut self, file: &Path) {
        match self.list.iter_mut().find(|known| known.file == file) {
            Some(known) => known.on = true,
            None => self.list.push(KeptLora::new(file.to_path_buf(), 1.0)),
        }
    }

    #[must_use]
    pub fn holds(&self, file: &Path) -> bool {
        self.list.iter().any(|known| known.file == file)
    }

    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.list.iter().map(|known| known.file.clone()).collect()
    }

    pub fn remove(&mut self, file: &Path) {
        self.list.retain(|known| known.file != file);
    }

    /// Those that a picture is made with. What tags in the prompt add to them is added up later.
    #[must_use]
    pub fn used(&self) -> Vec<LoraRef> {
        let used = self.list.iter().filter(|known| known.on && known.weight != 0.0);
        used.map(KeptLora::lora).collect()
    }

    /// Uses a picture's LoRAs and no others; those that lie there stay, switched off.
    pub fn take(&mut self, loras: &[LoraRef]) {
        self.list.iter_mut().for_each(|known| known.on = false);
        for lora in loras {
            match self.list.iter_mut().find(|known| known.file == lora.file && !known.on) {
                Some(known) => *known = KeptLora::of(lora),
                None => self.list.push(KeptLora::of(lora)),
            }
        }
    }

    /// Files whose words were not asked for yet; each is given once.
    #[must_use]
    pub(crate) fn unread(&mut self) -> Vec<PathBuf> {
        let unread: Vec<PathBuf> =
            self.list.iter().map(|known| known.file.clone()).filter(|file| !self.words.contains_key(file)).collect();
        self.words.extend(unread.iter().map(|file| (file.clone(), None)));
        unread
    }

    pub(crate) fn learn(&mut self, file: PathBuf, words: Vec<String>) {
        self.words.insert(file, Some(words));
    }

    /// Nothing while its file is read.
    #[must_use]
    pub fn words_of(&self, file: &Path) -> Option<&[String]> {
        self.words.get(file)?.as_deref()
    }

    /// Whether a word is one that a LoRA in use was trained with.
    #[must_use]
    pub(crate) fn knows(&self, word: &str) -> bool {
        let of = |known: &KeptLora| self.words_of(&known.file).unwrap_or_default().iter();
        let parts =
            |text: &String| text.split(|sign: char| !sign.is_alphabetic()).any(|part| part.eq_ignore_ascii_case(word));
        self.list.iter().filter(|known| known.on).any(|known| of(known).any(parts))
    }

    /// "ink wash 0.8", "2 of 3 in use".
    #[must_use]
    pub fn summary(&self) -> String {
        let used = self.used();
        match (used.as_slice(), self.list.len()) {
            ([], 0) => "none".to_owned(),
            ([one], 1) => format!("{} {}", name_of(&one.file), one.weight),
            (used, all) if used.len() == all => format!("{all} in use"),
            (used, all) => format!("{} of {all} in use", used.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_or_weighs_nothing_is_not_used() {
        let mut shelf = LoraShelf::default();
        assert_eq!(shelf.summary(), "none");
        shelf.add(Path::new("/l/ink.safetensors"));
        shelf.list[0].weight = 0.8;
        assert_eq!(shelf.summary(), "ink 0.8");
        shelf.add(Path::new("/l/paint.pt"));
        shelf.list[1].on = false;
        assert_eq!(
            (shelf.summary(), shelf.used()),
            ("1 of 2 in use".into(), vec![LoraRef::new("/l/ink.safetensors", 0.8)])
        );
        shelf.add(Path::new("/l/paint.pt"));
        assert_eq!((shelf.summary(), shelf.list.len()), ("2 in use".into(), 2));
        shelf.list[0].weight = 0.0;
        assert_eq!(shelf.used(), [LoraRef::new("/l/paint.pt", 1.0)]);
    }

    #[test]
    fn a_picture_of_two_weights_keeps_both() {
        let mut shelf = LoraShelf::default();
        let lora = LoraRef::with_weights("/l/ink.safetensors", 0.25, 0.75);
        shelf.take(std::slice::from_ref(&lora));
        assert_eq!(shelf.used(), std::slice::from_ref(&lora));
        shelf.add(Path::new("/l/other.pt"));
        shelf.take(std::slice::from_ref(&lora));
        assert_eq!((shelf.used(), shelf.list.len()), (vec![lora], 2), "the other one is off");
        shelf.list[0].weight = 0.5;
        assert_eq!(shelf.used()[0].weights(), (0.25, 0.5));
    }
}
