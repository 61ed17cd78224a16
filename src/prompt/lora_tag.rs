//! `<lora:name:0.8>` in a prompt: which LoRA is wanted and how much, and the prompt without it.

/// One tag.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraTag {
    pub name: String,
    pub weight: f64,
}

const OPEN: &str = "<lora:";

/// The tags of a prompt, in their order. A tag whose weight does not parse counts as 1.
#[must_use]
pub fn lora_tags(prompt: &str) -> Vec<LoraTag> {
    pieces(prompt).filter_map(|piece| if let Piece::Tag(tag) = piece { Some(tag) } else { None }).collect()
}

/// The words that a text encoder is given.
#[must_use]
pub(crate) fn without_lora_tags(prompt: &str) -> String {
    pieces(prompt).filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None }).collect()
}

enum Piece<'a> {
    Text(&'a str),
    Tag(LoraTag),
}

fn pieces(prompt: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = prompt;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest.find(OPEN);
        if start != Some(0) {
            let (text, after) = rest.split_at(start.unwrap_or(rest.len()));
            rest = after;
            return Some(Piece::Text(text));
        }
        let Some((inside, after)) = rest[OPEN.len()..].split_once('>') else {
            let text = std::mem::take(&mut rest);
            return Some(Piece::Text(text));
        };
        rest = after;
        // What comes after the weight are weights of single blocks, which other programs read.
        let mut parts = inside.split(':');
        let name = parts.next().unwrap_or_default().trim().to_owned();
        let weight = parts.next().and_then(|weight| weight.trim().parse::<f64>().ok());
        Some(Piece::Tag(LoraTag { name, weight: weight.filter(|weight| weight.is_finite()).unwrap_or(1.0) }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_taken_out_and_understood() {
        let prompt = "a fox <lora:ink wash:0.8>, at night<lora:b:-1:x><lora:c> <lora:never closed";
        assert_eq!(without_lora_tags(prompt), "a fox , at night <lora:never closed");
        let tags: Vec<(String, f64)> = lora_tags(prompt).into_iter().map(|tag| (tag.name, tag.weight)).collect();
        assert_eq!(tags, [("ink wash".into(), 0.8), ("b".into(), -1.0), ("c".into(), 1.0)]);
    }
}
