//! `a AND b :0.5`: a prompt in parts, each with a weight of its own, as AUTOMATIC1111 reads it ("Compositional Visual
//! Generation with Composable Diffusion Models", Liu et al., 2022).

use super::extra_tags::read_tags;
use super::schedule::{Stage, stages};

/// A part of a prompt, which is one pass of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// How much it counts; negative is away from it.
    pub weight: f32,
    /// Its texts, one after the other.
    pub stages: Vec<Stage>,
}

/// A prompt's parts over `steps` steps, its tags left out; at least one.
#[must_use]
pub fn parts(prompt: &str, steps: usize) -> Vec<Part> {
    let part = |(text, weight): (&str, f32)| Part { weight, stages: stages(text, steps) };
    split(&read_tags(prompt).text).into_iter().map(part).collect()
}

/// The weights of a prompt's parts.
#[must_use]
pub(crate) fn weights(prompt: &str) -> Vec<f32> {
    split(&read_tags(prompt).text).into_iter().map(|(_, weight)| weight).collect()
}

/// The texts between the word `AND`, and the numbers behind a colon at their ends.
pub(super) fn split(text: &str) -> Vec<(&str, f32)> {
    between(text, "AND").into_iter().map(without_weight).collect()
}

fn without_weight(text: &str) -> (&str, f32) {
    let text = text.trim_end();
    let weighted = text.rsplit_once(':').and_then(|(before, number)| Some((before.trim_end(), weight_of(number)?)));
    weighted.unwrap_or((text, 1.0))
}

fn weight_of(number: &str) -> Option<f32> {
    let number = number.trim();
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    let is_plain = digits.contains(|c: char| c.is_ascii_digit()) && digits.chars().all(is_of_number);
    number.parse().ok().filter(|weight: &f32| is_plain && weight.is_finite())
}

pub(super) fn is_of_number(character: char) -> bool {
    character.is_ascii_digit() || character == '.'
}

/// The texts between a word that stands for itself; they keep their spaces.
pub(super) fn between<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(word) {
        let end = at + word.len();
        if !text[..at].ends_with(is_letter) && !text[end..].starts_with(is_letter) {
            parts.push(&text[start..at]);
            start = end;
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_their_weights_are_read_as_in_automatic1111() {
        let cases: [(&str, &[(&str, f32)]); 10] = [
            ("a cat", &[("a cat", 1.0)]),
            ("a AND b", &[("a", 1.0), (" b", 1.0)]),
            ("a :1.2 AND b :-0.5", &[("a", 1.2), (" b", -0.5)]),
            ("a:2. AND b : +.5 AND c", &[("a", 2.0), (" b", 0.5), (" c", 1.0)]),
            ("a\nb :1.2\nAND\nc", &[("a\nb", 1.2), ("\nc", 1.0)]),
            ("SAND ANDY AND_ and", &[("SAND ANDY AND_ and", 1.0)]),
            ("a AND", &[("a", 1.0), ("", 1.0)]),
            ("a :1e2 AND b :x AND c :", &[("a :1e2", 1.0), (" b :x", 1.0), (" c :", 1.0)]),
            ("a cat :0.5", &[("a cat", 0.5)]),
            ("(a:1.2) AND [b:c:2]", &[("(a:1.2)", 1.0), (" [b:c:2]", 1.0)]),
        ];
        for (prompt, wanted) in cases {
            assert_eq!(split(prompt), wanted, "{prompt}");
        }
    }

    #[test]
    fn each_part_has_a_schedule_of_its_own() {
        let found = parts("a [b:c:2] :0.5 AND <lora:x:1>d", 4);
        let texts = |part: &Part| part.stages.iter().map(|stage| (stage.last_step, stage.text.clone())).collect();
        let texts: Vec<Vec<(usize, String)>> = found.iter().map(texts).collect();
        assert_eq!(texts, [vec![(2, "a b".into()), (4, "a c".into())], vec![(4, " d".into())]]);
        assert_eq!(weights("a [b:c:2] :0.5 AND d"), [0.5, 1.0]);
    }
}
