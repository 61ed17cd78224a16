//! Weights in a prompt as AUTOMATIC1111 reads them: `(a)` 1.1 times, `(a:1.3)`, `[a]` 1/1.1 times, `\(` a bracket;
//! a backslash before anything else is left out, and `BREAK` begins a new window.

use super::composable::{between, is_of_number};

/// A piece of text and how much its tokens count.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedText {
    pub text: String,
    pub weight: f32,
}

/// A prompt, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Each begins a window of its own.
    pub sections: Vec<Vec<WeightedText>>,
    /// A phrase that would be cut by a window's end goes into the next one whole, where its comma is near.
    pub keeps_phrases: bool,
}

impl Prompt {
    /// Every character is text.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self { sections: vec![vec![WeightedText { text: text.to_owned(), weight: 1.0 }]], keeps_phrases: false }
    }
}

const ROUND: f32 = 1.1;
const SQUARE: f32 = 1.0 / 1.1;

/// Splits a prompt at its weights and at `BREAK`. Brackets that are never closed still count; ones never opened are
/// text.
#[must_use]
pub fn parse(prompt: &str) -> Prompt {
    let mut sections = vec![Vec::new()];
    for piece in weighted(prompt) {
        for (index, part) in between_breaks(&piece.text).into_iter().enumerate() {
            if index > 0 {
                sections.push(Vec::new());
            }
            if let (false, Some(section)) = (part.is_empty(), sections.last_mut()) {
                section.push(WeightedText { text: part.to_owned(), weight: piece.weight });
            }
        }
    }
    Prompt { sections, keeps_phrases: true }
}

/// The texts around the word `BREAK`, which takes the spaces beside it along.
fn between_breaks(text: &str) -> Vec<&str> {
    let mut parts = between(text, "BREAK");
    let last = parts.len() - 1;
    for (index, part) in parts.iter_mut().enumerate() {
        *part = if index > 0 { part.trim_start() } else { part };
        *part = if index < last { part.trim_end() } else { part };
    }
    parts
}

/// What looks like a weight and is none, because it is no number: `(a:1,2)`.
#[must_use]
pub(crate) fn odd_weights(prompt: &str) -> Vec<&str> {
    let looks_like_number = |text: &str| {
        text.contains(|c: char| c.is_ascii_digit())
            && text.trim().chars().all(|c| is_of_number(c) || matches!(c, ',' | '+' | '-' | 'e' | 'E'))
    };
    let behind = prompt.match_indices(':').map(|(at, _)| &prompt[at + 1..]);
    let closed = behind.filter(|after| explicit_weight(after).is_none()).filter_map(|after| after.split_once(')'));
    closed.map(|(number, _)| number.trim()).filter(|number| looks_like_number(number)).collect()
}

fn weighted(prompt: &str) -> Vec<WeightedText> {
    let mut pieces: Vec<WeightedText> = Vec::new();
    let mut open_round: Vec<usize> = Vec::new();
    let mut open_square: Vec<usize> = Vec::new();
    let mut rest = prompt;
    let mut text = String::new();
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        rest = match character {
            '\\' if after.starts_with(['(', ')', '[', ']', '\\']) => {
                let escaped = &after[..1];
                text.push_str(escaped);
                &after[1..]
            }
            '\\' => after,
            '(' | '[' => {
                flush(&mut text, &mut pieces);
                if character == '(' { &mut open_round } else { &mut open_square }.push(pieces.len());
                after
            }
            ':' if !open_round.is_empty() && explicit_weight(after).is_some() => {
                let (weight, after) = explicit_weight(after).unwrap_or((1.0, after));
                flush(&mut text, &mut pieces);
                multiply(&mut pieces, open_round.pop(), weight);
                after
            }
            ')' if !open_round.is_empty() => {
                flush(&mut text, &mut pieces);
                multiply(&mut pieces, open_round.pop(), ROUND);
                after
            }
            ']' if !open_square.is_empty() => {
                flush(&mut text, &mut pieces);
                multiply(&mut pieces, open_square.pop(), SQUARE);
                after
            }
            other => {
                text.push(other);
                after
            }
        };
    }
    flush(&mut text, &mut pieces);
    for start in open_round {
        multiply(&mut pieces, Some(start), ROUND);
    }
    for start in open_square {
        multiply(&mut pieces, Some(start), SQUARE);
    }
    joined(pieces)
}

/// `1.3)` at the start of `text`: the number, and what comes after the bracket.
fn explicit_weight(text: &str) -> Option<(f32, &str)> {
    let (number, after) = text.split_once(')')?;
    let number = number.trim();
    let is_plain = number.strip_prefix(['+', '-']).unwrap_or(number).chars().all(is_of_number);
    let weight: f32 = number.parse().ok().filter(|_| is_plain)?;
    weight.is_finite().then_some((weight, after))
}

fn flush(text: &mut String, pieces: &mut Vec<WeightedText>) {
    if !text.is_empty() {
        pieces.push(WeightedText { text: std::mem::take(text), weight: 1.0 });
    }
}

fn multiply(pieces: &mut [WeightedText], start: Option<usize>, factor: f32) {
    for piece in pieces.iter_mut().skip(start.unwrap_or(usize::MAX)) {
        piece.weight *= factor;
    }
}

/// Neighbours of one weight are one piece, so that words are not cut where nothing changes.
fn joined(pieces: Vec<WeightedText>) -> Vec<WeightedText> {
    let mut joined: Vec<WeightedText> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if last.weight.to_bits() == piece.weight.to_bits() => last.text.push_str(&piece.text),
            _ => joined.push(piece),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documented examples of AUTOMATIC1111's parser.
    #[test]
    fn weights_are_read_as_in_automatic1111() {
        let cases: [(&str, &[(&str, f32)]); 10] = [
            ("normal text", &[("normal text", 1.0)]),
            ("an (important) word", &[("an ", 1.0), ("important", 1.1), (" word", 1.0)]),
            ("(unbalanced", &[("unbalanced", 1.1)]),
            ("\\(literal\\]", &[("(literal]", 1.0)]),
            ("(unnecessary)(parens)", &[("unnecessaryparens", 1.1)]),
            ("[less]", &[("less", 1.0 / 1.1)]),
            ("(a:1.5), b", &[("a", 1.5), (", b", 1.0)]),
            ("a:1.5) b", &[("a:1.5) b", 1.0)]),
            ("((x):0.5)", &[("x", 0.55)]),
            (
                "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
                &[
                    ("a ", 1.0),
                    ("house", 1.573),
                    (" ", 1.1),
                    ("on", 1.0),
                    (" a ", 1.1),
                    ("hill", 0.55),
                    (", sun, ", 1.1),
                    ("sky", 1.4641),
                    (".", 1.1),
                ],
            ),
        ];
        for (prompt, wanted) in cases {
            let found = parse(prompt).sections.swap_remove(0);
            let texts: Vec<&str> = found.iter().map(|piece| piece.text.as_str()).collect();
            assert_eq!(texts, wanted.iter().map(|(text, _)| *text).collect::<Vec<_>>(), "{prompt}");
            for (piece, (_, weight)) in found.iter().zip(wanted) {
                assert!((piece.weight - weight).abs() < 1e-3, "{prompt}: {piece:?}");
            }
        }
    }

    /// By the same parser, which knows no weights but `[+-]?[.0-9]+`.
    #[test]
    fn a_backslash_is_dropped_and_odd_numbers_stay_text() {
        let cases: [(&str, &[(&str, f32)]); 14] = [
            ("a \\ b", &[("a  b", 1.0)]),
            ("a\\, b\\", &[("a, b", 1.0)]),
            ("a\\\\b", &[("a\\b", 1.0)]),
            ("\\{a\\|b\\}", &[("{a|b}", 1.0)]),
            ("(a\\:1.2)", &[("a", 1.2)]),
            ("(a: 1.2 )", &[("a", 1.2)]),
            ("(a:-.5)", &[("a", -0.5)]),
            ("(a:+2.)", &[("a", 2.0)]),
            ("(a:1,2)", &[("a:1,2", 1.1)]),
            ("(a:1e1)", &[("a:1e1", 1.1)]),
            ("(a:inf)", &[("a:inf", 1.1)]),
            ("(a:)", &[("a:", 1.1)]),
            ("[[a]] b]", &[("a", 1.0 / 1.21), (" b]", 1.0)]),
            ("((a) [b", &[("a", 1.21), (" ", 1.1), ("b", 1.0)]),
        ];
        for (prompt, wanted) in cases {
            let found = parse(prompt).sections.swap_remove(0);
            let texts: Vec<&str> = found.iter().map(|piece| piece.text.as_str()).collect();
            assert_eq!(texts, wanted.iter().map(|(text, _)| *text).collect::<Vec<_>>(), "{prompt}");
            for (piece, (_, weight)) in found.iter().zip(wanted) {
                assert!((piece.weight - weight).abs() < 1e-3, "{prompt}: {piece:?}");
            }
        }
        assert_eq!(odd_weights("(a:1,2) (b:1.2) (c:1e3), 12:30 (16:9:1.5) (d:x)"), ["1,2", "1e3"]);
    }

    #[test]
    fn a_break_is_a_word_of_its_own() {
        let texts = |prompt: &str| -> Vec<Vec<String>> {
            let text = |piece: WeightedText| piece.text;
            parse(prompt).sections.into_iter().map(|section| section.into_iter().map(text).collect()).collect()
        };
        assert_eq!(texts("a cat BREAK  a dog"), [["a cat"], ["a dog"]]);
        assert_eq!(texts("a BREAKFAST, DAYBREAK"), [["a BREAKFAST, DAYBREAK"]]);
        assert_eq!(texts("(a BREAK b:1.3) c"), [vec!["a"], vec!["b", " c"]]);
        assert_eq!(texts("a BREAK BREAK"), [vec!["a"], vec![], vec![]]);
    }
}
