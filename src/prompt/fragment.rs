//! What is being written where the cursor stands: the beginning of a `<lora:…>`, of a `__wildcard__`, or of a word.

/// The end of a prompt up to its cursor, to be completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// A LoRA's name so far; `start` is the place of `<`.
    Lora { name: String, start: usize },
    /// A wildcard's name so far; `start` is the place of the first underscore.
    Wildcard { name: String, start: usize },
    /// The last words, the longest piece first: a tag of several words may have begun earlier than the last one.
    Words(Vec<Piece>),
}

/// Some words at the end of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// Where it begins, in characters.
    pub start: usize,
}

/// Tags and names have hardly more words.
const MOST_WORDS: usize = 5;
/// A single letter begins everything.
const LEAST_LETTERS: usize = 2;
/// What a word or tag does not go over.
const DELIMITERS: &str = ",\n()[]{}|<>";

/// What stands before the cursor; `None` where nothing has been begun.
#[must_use]
pub fn fragment(before: &str) -> Option<Fragment> {
    let signs: Vec<char> = before.chars().collect();
    if let Some(open) = signs.iter().rposition(|sign| "<>\n".contains(*sign)).filter(|at| signs[*at] == '<') {
        let inside: String = signs[open + 1..].iter().collect();
        // "2 < 3" is text.
        if !inside.starts_with(' ') {
            return lora_name(&inside).map(|name| Fragment::Lora { name, start: open });
        }
    }
    let delimits = |at: &usize| DELIMITERS.contains(signs[*at]) && (*at == 0 || signs[at - 1] != '\\');
    let mut start = (0..signs.len()).rev().find(delimits).map_or(0, |at| at + 1);
    if let Some((name, open)) = wildcard_name(&signs, start) {
        return Some(Fragment::Wildcard { name, start: open });
    }
    // Behind a colon a weight, or the other words of a schedule.
    if let Some(colon) = (start..signs.len()).rev().find(|at| signs[*at] == ':' && *at + 1 < signs.len()) {
        start = colon + 1;
    }
    let mut starts: Vec<usize> = Vec::new();
    for at in start..signs.len() {
        let begins = !signs[at].is_whitespace() && (at == start || signs[at - 1].is_whitespace());
        if begins {
            starts.push(at);
        }
    }
    let last = *starts.last()?;
    let is_written = signs.last().is_some_and(|sign| !sign.is_whitespace()) && signs.len() - last >= LEAST_LETTERS;
    let is_number = signs[last..].iter().all(|sign| sign.is_ascii_digit() || *sign == '.');
    let from = starts.len().saturating_sub(MOST_WORDS);
    let piece = |at: &usize| Piece { text: signs[*at..].iter().collect(), start: *at };
    (is_written && !is_number).then(|| Fragment::Words(starts[from..].iter().map(piece).collect()))
}

/// `lora:na`, or what may become that: `lo`, or a name at once, as others' completions take it.
fn lora_name(inside: &str) -> Option<String> {
    let lower = inside.to_lowercase();
    for kind in ["lora:", "lyco:"] {
        if kind.starts_with(&lower) {
            return Some(String::new());
        }
        if lower.starts_with(kind) {
            let name = &inside[kind.len()..];
            return (!name.contains(':')).then(|| name.to_owned());
        }
    }
    (!inside.contains(':')).then(|| inside.to_owned())
}

/// The name behind a `__` that is not closed.
fn wildcard_name(signs: &[char], start: usize) -> Option<(String, usize)> {
    let start = (start..signs.len()).rev().find(|at| signs[*at].is_whitespace()).map_or(start, |at| at + 1);
    let (mut open, mut at) = (None, start);
    while at + 1 < signs.len() {
        if signs[at] == '_' && signs[at + 1] == '_' {
            open = if open.is_some() { None } else { Some(at) };
            at += 2;
        } else {
            at += 1;
        }
    }
    open.map(|open| (signs[open + 2..].iter().collect(), open))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(before: &str) -> Vec<String> {
        match fragment(before) {
            Some(Fragment::Words(pieces)) => {
                for piece in &pieces {
                    assert_eq!(before.chars().skip(piece.start).collect::<String>(), piece.text);
                }
                pieces.into_iter().map(|piece| piece.text).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn words_are_offered_from_the_longest_piece_to_the_last_one() {
        assert_eq!(words("1girl, long ha"), ["long ha", "ha"]);
        assert_eq!(words("(red ey"), ["red ey", "ey"]);
        assert_eq!(words("saber_\\(fa"), ["saber_\\(fa"]);
        assert_eq!(words("[cat:do"), ["do"]);
        assert_eq!(words("eine grüne Tü"), ["eine grüne Tü", "grüne Tü", "Tü"]);
        assert_eq!(words("a b c d e f gg").len(), 5);
        for nothing in ["", "a", "cat ", "cat, ", "(cat:1.2", "x, 12"] {
            assert_eq!(words(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn tags_and_wildcards_are_known_by_how_they_begin() {
        let lora = |before: &str| match fragment(before) {
            Some(Fragment::Lora { name, start }) => Some((name, start)),
            _ => None,
        };
        let wildcard = |before: &str| match fragment(before) {
            Some(Fragment::Wildcard { name, start }) => Some((name, start)),
            _ => None,
        };
        let found = |name: &str, start| Some((name.to_owned(), start));
        assert_eq!(lora("a fox <lora:in"), found("in", 6));
        assert_eq!(lora("<LORA:ink wa"), found("ink wa", 0));
        assert_eq!((lora("<"), lora("<lo"), lora("<ink")), (found("", 0), found("", 0), found("ink", 0)));
        assert_eq!((lora("<lora:ink:0."), lora("<lora:a:1> fo"), lora("2 < three")), (None, None, None));
        assert_eq!(wildcard("a __ani"), found("ani", 2));
        assert_eq!(wildcard("a {__sea/"), found("sea/", 3));
        assert_eq!((wildcard("a __animal__"), wildcard("my_word")), (None, None));
        assert_eq!(wildcard("__a__, __"), found("", 7));
        assert_eq!(words("a <lora:x:1> re"), ["re"]);
    }
}
