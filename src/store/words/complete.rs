//! What may be meant by what was begun to be written.

use super::{Style, Words};
use crate::prompt::{Fragment, KnownWords, Phrase, Piece};
use crate::store::words::tags::Tag;

/// As many as are seen at once.
const MOST: usize = 10;

/// Letters of a word from which on it may be a misspelled one.
const LEAST_FOR_NEAREST: usize = 4;

/// Danbooru's numbers.
const CATEGORIES: [(u32, &str); 4] = [(1, "artist"), (3, "series"), (4, "character"), (5, "about the picture")];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    Lora,
    Embedding,
    Wildcard,
    /// One that is more than a text: it goes around the prompt, or has a negative prompt.
    Style,
    Snippet,
    Tag,
    /// A word that the model knows.
    Known,
    /// The nearest to one that it does not know.
    Nearest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    pub kind: CompletionKind,
    pub shown: String,
    /// Quieter, beside it.
    pub hint: String,
    /// What takes the place of the text between `start` and the cursor. Of a style, its name.
    pub text: String,
    /// In characters.
    pub start: usize,
}

/// How well a name fits; the least is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    WordBeginning,
    Anywhere,
}

impl Words {
    /// What may be meant, the likeliest first. With `known`, the chosen model's own words instead of tags. May take some
    /// milliseconds: it is asked on a thread of its own.
    #[must_use]
    pub fn complete(&self, fragment: &Fragment, known: Option<&KnownWords>) -> Vec<Completion> {
        let mut found = Vec::new();
        match fragment {
            Fragment::Lora { name, start } => {
                let names = self.loras.iter().map(|lora| lora.tag_name(&self.loras));
                for name in fitting(names, name) {
                    let (text, hint) = (format!("<lora:{name}:1>"), "LoRA".to_owned());
                    found.push(Completion { kind: CompletionKind::Lora, shown: name, hint, text, start: *start });
                }
            }
            Fragment::Wildcard { name, start } => {
                for name in fitting(self.wildcards.iter().cloned(), name) {
                    let (text, hint) = (format!("__{name}__"), "wildcard".to_owned());
                    found.push(Completion { kind: CompletionKind::Wildcard, shown: name, hint, text, start: *start });
                }
            }
            Fragment::Words(pieces) => {
                for piece in pieces {
                    self.complete_words(piece, known, &mut found);
                }
                if let (Some(known), Some(last)) = (known, pieces.last().filter(|_| found.is_empty())) {
                    found.extend(nearest(last, known));
                }
                only_more(pieces, known.is_some(), &mut found);
            }
        }
        found.truncate(MOST);
        found
    }

    fn complete_words(&self, piece: &Piece, known: Option<&KnownWords>, found: &mut Vec<Completion>) {
        let start = piece.start;
        let styles = self.styles.iter().map(|style| style.name.clone());
        for style in fitting(styles, &piece.text).into_iter().filter_map(|name| self.style(&name)) {
            found.push(of_style(style, start));
        }
        for word in fitting(self.embeddings.iter().map(|known| known.word.clone()), &piece.text) {
            let hint = "embedding".to_owned();
            found.push(Completion { kind: CompletionKind::Embedding, shown: word.clone(), hint, text: word, start });
        }
        if let Some(known) = known {
            found.extend(phrases(&piece.text, known).into_iter().map(|phrase| of_phrase(phrase, start)));
        } else if let Some(tags) = &self.tags {
            found.extend(tags.find(&piece.text, MOST).into_iter().map(|(tag, alias)| of_tag(tag, alias, start)));
        }
        let mut seen = Vec::new();
        found.retain(|completion| {
            let is_new = !seen.contains(&completion.text);
            seen.push(completion.text.clone());
            is_new
        });
    }
}

/// What is written whole already needs nothing, unless more may be meant: of tags, one is often the beginning of
/// another. In plain words each is whole sooner or later, and Enter is a new line.
fn only_more(pieces: &[Piece], in_plain_words: bool, found: &mut Vec<Completion>) {
    let is_whole = |completion: &Completion| {
        completion.kind != CompletionKind::Style
            && pieces
                .iter()
                .any(|piece| piece.start == completion.start && piece.text.eq_ignore_ascii_case(&completion.text))
    };
    if found.iter().any(is_whole) && (in_plain_words || found.len() == 1) {
        found.clear();
    }
    // It stays what Enter and Tab take first.
    found.sort_by_key(|completion| !is_whole(completion));
}

fn of_style(style: &Style, start: usize) -> Completion {
    let is_more = style.surrounds() || !style.negative.is_empty();
    let (kind, hint, text) = if is_more {
        (CompletionKind::Style, if style.is_negative() { "negative prompt" } else { "style" }, style.name.clone())
    } else {
        (CompletionKind::Snippet, "snippet", style.prompt.clone())
    };
    Completion { kind, shown: style.name.clone(), hint: hint.to_owned(), text, start }
}

fn of_phrase(phrase: &Phrase, start: usize) -> Completion {
    let hint = match phrase.kind.as_str() {
        "thing" | "link" => String::new(),
        "place" | "colour" | "size" | "count" | "where" | "does nothing" => phrase.kind.clone(),
        thing => format!("draws {thing}"),
    };
    Completion { kind: CompletionKind::Known, shown: phrase.text.clone(), hint, text: phrase.text.clone(), start }
}

fn of_tag(tag: &Tag, alias: Option<&str>, start: usize) -> Completion {
    let shown = alias.map_or_else(|| tag.name.clone(), |alias| format!("{alias} → {}", tag.name));
    let category = CATEGORIES.iter().find(|(number, _)| Some(*number) == tag.category).map(|(_, words)| *words);
    let count = (tag.count > 0).then(|| short(tag.count));
    let hint: Vec<String> = category.map(str::to_owned).into_iter().chain(count).collect();
    // Faces (`^_^`, `o_o`) are written as they are.
    let is_face = tag.name.chars().count() <= 3;
    let spaced = if is_face { tag.name.clone() } else { tag.name.replace('_', " ") };
    let text = spaced.replace('(', "\\(").replace(')', "\\)");
    Completion { kind: CompletionKind::Tag, shown, hint: hint.join(" · "), text, start }
}

/// "4.1M", "90k", "312".
fn short(count: u64) -> String {
    match count {
        1_000_000.. => format!("{:.1}M", count as f64 / 1e6),
        1_000.. => format!("{}k", count / 1000),
        _ => count.to_string(),
    }
}

fn nearest(piece: &Piece, known: &KnownWords) -> Vec<Completion> {
    let word = piece.text.as_str();
    // Of a few letters nobody can tell what they will be.
    let is_short = word.chars().count() < LEAST_FOR_NEAREST;
    if is_short || known.knows(word) || !word.chars().all(char::is_alphabetic) {
        return Vec::new();
    }
    let completion = |near: &str| Completion {
        kind: CompletionKind::Nearest,
        shown: near.to_owned(),
        hint: "known word".to_owned(),
        text: near.to_owned(),
        start: piece.start,
    };
    known.nearest(word, 4).into_iter().map(completion).collect()
}

/// Things before words for them, and short ones first.
fn phrases<'a>(written: &str, known: &'a KnownWords) -> Vec<&'a Phrase> {
    let wanted = written.to_lowercase();
    let fits = |phrase: &'a Phrase| {
        let at = fit(&phrase.text, &wanted).filter(|fit| *fit < Fit::Anywhere)?;
        let rank = match phrase.kind.as_str() {
            "does nothing" => 2,
            "thing" | "place" | "colour" | "size" | "count" | "where" | "link" => 0,
            _ => 1,
        };
        Some((at, rank, phrase.text.len(), phrase))
    };
    let mut found: Vec<_> = known.phrases().iter().filter_map(fits).collect();
    found.sort_by_key(|(fit, rank, length, _)| (*fit, *rank, *length));
    found.into_iter().map(|(.., phrase)| phrase).take(MOST).collect()
}

fn fitting(names: impl Iterator<Item = String>, written: &str) -> Vec<String> {
    let wanted = written.trim().to_lowercase();
    let mut found: Vec<(Fit, String)> = names.filter_map(|name| Some((fit(&name, &wanted)?, name))).collect();
    found.sort_by_cached_key(|(fit, name)| (*fit, name.to_lowercase()));
    found.into_iter().map(|(_, name)| name).take(MOST).collect()
}

fn fit(name: &str, wanted: &str) -> Option<Fit> {
    let name = name.to_lowercase();
    if let Some(rest) = name.strip_prefix(wanted) {
        return Some(if rest.is_empty() { Fit::Whole } else { Fit::Beginning });
    }
    let mut places = name.match_indices(wanted).map(|(at, _)| at).peekable();
    places.peek()?;
    let begins = |at: usize| !name[..at].ends_with(char::is_alphanumeric);
    Some(if places.any(begins) { Fit::WordBeginning } else { Fit::Anywhere })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::EmbeddingRef;
    use crate::prompt::fragment;
    use crate::store::words::LoraFile;

    fn words() -> Words {
        let style = |name: &str, prompt: &str, negative: &str| Style {
            name: name.into(),
            prompt: prompt.into(),
            negative: negative.into(),
            is_own: true,
        };
        Words {
            loras: ["/l/ink_wash.safetensors", "/l/old ink.safetensors", "/l/paint.pt"]
                .map(|path| LoraFile::new(path.into()))
                .into(),
            embeddings: ["bad-hands", "castle-style"]
                .map(|word| EmbeddingRef { word: word.into(), file: format!("/e/{word}.pt").into() })
                .into(),
            wildcards: vec!["animal".into(), "sea/fish".into()],
            styles: vec![style("Castle light", "golden hour", ""), style("Film", "{prompt}, 35mm", "blurry")],
            ..Words::default()
        }
    }

    fn complete(before: &str, known: bool) -> Vec<(String, String)> {
        let known = known.then(KnownWords::built_in);
        let found = fragment(before).map(|fragment| words().complete(&fragment, known)).unwrap_or_default();
        found.into_iter().map(|completion| (completion.shown, completion.text)).collect()
    }

    fn shown(before: &str, known: bool) -> Vec<String> {
        complete(before, known).into_iter().map(|(shown, _)| shown).collect()
    }

    #[test]
    fn loras_and_wildcards_are_offered_as_whole_tags() {
        assert_eq!(complete("a fox <lora:ink", false)[0], ("ink_wash".into(), "<lora:ink_wash:1>".into()));
        assert_eq!(shown("<lora:ink", false), ["ink_wash", "old ink"]);
        assert_eq!(shown("<", false).len(), 3);
        assert_eq!(complete("a __fi", false), [("sea/fish".to_owned(), "__sea/fish__".to_owned())]);
    }

    #[test]
    fn words_are_styles_embeddings_and_what_the_model_knows() {
        assert_eq!(shown("a cast", false), ["Castle light", "castle-style"]);
        let known = shown("a cast", true);
        assert!(known.contains(&"castle".to_owned()) && known.contains(&"Castle light".to_owned()), "{known:?}");
        assert_eq!(complete("x, castle li", false)[0].1, "golden hour");
        assert_eq!(complete("fil", false)[0].1, "Film");
        assert!(shown("a fox in a for", true).contains(&"in a forest".to_owned()));
        assert!(complete("a truc", true).iter().any(|(shown, _)| shown == "truck"));
    }

    #[test]
    fn a_misspelled_word_is_offered_as_the_known_one_and_a_whole_one_needs_nothing() {
        assert_eq!(shown("a zbera", true)[0], "zebra");
        assert_eq!(shown("a zebra", true), [""; 0]);
        assert_eq!(shown("a cat", true), [""; 0], "a cat face is not meant by every cat");
        assert_eq!(shown("a zbera", false), [""; 0], "another model's words are not known");
    }
}
