//! The words that a model was trained on, where they are known: which of a prompt's it knows, and what it knows that is
//! spelled nearly so.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::LazyLock;

use super::choices::wildcard_names;

/// Of the built-in model, written by `assets/builtin/recipe/words.py`.
static BUILT_IN: LazyLock<KnownWords> =
    LazyLock::new(|| KnownWords::read(include_str!("../../assets/builtin/words.txt")));

/// Written in a prompt, but no words of it.
const SYNTAX: [&str; 3] = ["and", "break", "or"];

/// A phrase that the model was trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    pub text: String,
    /// "thing", "place", "colour", …, or the thing that it is another word for.
    pub kind: String,
}

#[derive(Debug)]
pub struct KnownWords {
    phrases: Vec<Phrase>,
    /// Each word of them, and in how many it stands.
    words: HashMap<String, usize>,
}

impl KnownWords {
    /// The built-in model's.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// A phrase a line, a tab, and what it is.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let phrase = |(text, kind): (&str, &str)| Phrase { text: text.to_owned(), kind: kind.to_owned() };
        let phrases: Vec<Phrase> = text.lines().filter_map(|line| line.split_once('\t')).map(phrase).collect();
        let mut words = HashMap::new();
        for phrase in &phrases {
            for place in words_in(&phrase.text) {
                *words.entry(phrase.text[place].to_lowercase()).or_default() += 1;
            }
        }
        Self { phrases, words }
    }

    #[must_use]
    pub fn phrases(&self) -> &[Phrase] {
        &self.phrases
    }

    /// Whether the model has seen the word. Several of a thing are known by one.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        let word = word.to_lowercase().replace('\u{2019}', "'");
        let singular = [word.strip_suffix('s'), word.strip_suffix("es"), word.strip_suffix("'s")];
        self.words.contains_key(&word) || singular.into_iter().flatten().any(|one| self.words.contains_key(one))
    }

    /// Where words of a prompt stand that the model does not know, as bytes. What is no word for the model (tags,
    /// wildcards, weights) is passed over, and so is what `is_of_file`: words that files bring along.
    #[must_use]
    pub fn unknown_in(&self, prompt: &str, is_of_file: &dyn Fn(&str) -> bool) -> Vec<Range<usize>> {
        let is_passed_over = passed_over(prompt);
        let mut found = words_in(prompt);
        found.retain(|place| {
            let word = &prompt[place.clone()];
            let inside = is_passed_over.iter().any(|over| over.start < place.end && place.start < over.end);
            !inside && !SYNTAX.contains(&word.to_lowercase().as_str()) && !self.knows(word) && !is_of_file(word)
        });
        found
    }

    /// At most `count` words that are spelled nearly so, the nearest first.
    #[must_use]
    pub fn nearest(&self, word: &str, count: usize) -> Vec<&str> {
        let word = word.to_lowercase();
        let length = word.chars().count();
        // A letter in three may be wrong.
        let most = (length / 3).max(1);
        let mut near: BTreeMap<(usize, bool, usize, &str), &str> = BTreeMap::new();
        for (known, often) in &self.words {
            if known.len() < 3 || known.chars().count().abs_diff(length) > most {
                continue;
            }
            let distance = strsim::osa_distance(&word, known);
            if distance <= most {
                let begins_alike = known.chars().next() == word.chars().next();
                near.insert((distance, !begins_alike, usize::MAX - often, known), known);
            }
        }
        near.into_values().take(count).collect()
    }
}

/// The places of a text's words, in bytes: letters, with an apostrophe inside them. Hyphens part words, as the tokenizer
/// has it.
fn words_in(text: &str) -> Vec<Range<usize>> {
    let is_letter = |sign: char| sign.is_alphabetic() || sign == '\'' || sign == '\u{2019}';
    let mut found = Vec::new();
    let mut start = None;
    for (at, sign) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, is_letter(sign)) {
            (None, true) if sign.is_alphabetic() => start = Some(at),
            (Some(from), false) => {
                let length = text[from..at].trim_end_matches(['\'', '\u{2019}']).len();
                found.push(from..from + length);
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// Where a prompt's `<…>` tags and `__wildcards__` stand.
fn passed_over(prompt: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = prompt[from..].find('<').map(|at| from + at) {
        let Some(close) = prompt[open..].find('>').map(|at| open + at + 1) else { break };
        found.push(open..close);
        from = close;
    }
    for name in wildcard_names(prompt) {
        let tag = format!("__{name}__");
        found.extend(prompt.match_indices(&tag).map(|(at, _)| at..at + tag.len()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown<'a>(prompt: &'a str, others: &[&str]) -> Vec<&'a str> {
        let is_of_file = |word: &str| others.iter().any(|other| other.eq_ignore_ascii_case(word));
        KnownWords::built_in().unknown_in(prompt, &is_of_file).into_iter().map(|place| &prompt[place]).collect()
    }

    #[test]
    fn what_the_model_draws_well_is_known() {
        for prompt in [
            "a red apple",
            "a rocket in space",
            "a fox wearing a crown in a forest",
            "Two CATS on the left and a polar bear on the right, pink to teal gradient background",
            "a blue car, masterpiece, highly detailed",
            "(a penguin:1.2) in the snow <lora:four-steps:1> __animals__ BREAK {dog|cat}, santa's hat",
        ] {
            assert_eq!(unknown(prompt, &[]), [""; 0], "{prompt}");
        }
    }

    #[test]
    fn strange_and_misspelled_words_are_found_where_they_stand() {
        assert_eq!(unknown("a samurai with a zbera, kubrick", &["Kubrick"]), ["samurai", "zbera"]);
        assert_eq!(unknown("grünes (blorp:1.2) 'quux'", &[]), ["grünes", "blorp", "quux"]);
    }

    #[test]
    fn the_nearest_word_is_the_one_that_was_meant() {
        let near = |written: &str| KnownWords::built_in().nearest(written, 3);
        for (written, meant) in [("zbera", "zebra"), ("dragn", "dragon"), ("bycicle", "bicycle"), ("castel", "castle")]
        {
            assert_eq!(near(written).first(), Some(&meant), "{written}");
        }
        // "elegant" is nearer by a letter.
        assert!(near("Elefant").contains(&"elephant"), "{:?}", near("Elefant"));
        assert_eq!(near("xylographic"), [""; 0]);
    }
}
