//! The form of AUTOMATIC1111's `parameters`: the prompt, `Negative prompt:`, and a line of `Key: value` pairs.

const NEGATIVE: &str = "Negative prompt:";
/// Fewer `key: value` pairs than this make the last line a part of the prompt, as in AUTOMATIC1111.
const FEWEST_PAIRS: usize = 3;

/// A text taken apart.
#[derive(Debug, PartialEq)]
pub(crate) struct Infotext<'a> {
    pub prompt: String,
    pub negative: Option<String>,
    /// In the order of the text; values without quotes.
    pub pairs: Vec<(&'a str, String)>,
    /// What some extensions write behind the pairs.
    pub behind: &'a str,
}

impl<'a> Infotext<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let text = text.trim();
        let (prompts, line, behind) = pairs_line(text).unwrap_or((text, "", ""));
        let (prompt, negative) = split_prompts(prompts);
        let pairs = pairs_in(line).into_iter().map(|(key, value)| (key, unquoted(value.trim()))).collect();
        Self { prompt, negative, pairs, behind }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }
}

/// What stands before the line of pairs, the line, and what stands behind it.
fn pairs_line(text: &str) -> Option<(&str, &str, &str)> {
    let last = text.rfind('\n').map_or(0, |end| end + 1);
    if pairs_in(&text[last..]).len() >= FEWEST_PAIRS {
        return Some((&text[..last], &text[last..], ""));
    }
    // Templates of wildcards and the like come behind it.
    let start = text.rfind("\nSteps: ")? + 1;
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    (pairs_in(&text[start..end]).len() >= FEWEST_PAIRS).then(|| (&text[..start], &text[start..end], text[end..].trim()))
}

fn split_prompts(text: &str) -> (String, Option<String>) {
    let mut prompt: Vec<&str> = Vec::new();
    let mut negative: Option<Vec<&str>> = None;
    for line in text.strip_suffix('\n').unwrap_or(text).lines().map(str::trim) {
        match (line.strip_prefix(NEGATIVE), &mut negative) {
            (Some(first), lines) => lines.get_or_insert_default().push(first.trim()),
            (None, Some(lines)) => lines.push(line),
            (None, None) => prompt.push(line),
        }
    }
    let negative = negative.map(|lines| lines.join("\n")).filter(|negative| !negative.is_empty());
    (prompt.join("\n"), negative)
}

fn unquoted(value: &str) -> String {
    if value.len() >= 2 && value.starts_with('"') && value.ends_with('"') {
        serde_json::from_str(value).unwrap_or_else(|_| value.into())
    } else {
        value.into()
    }
}

/// All that `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)` finds in a line.
pub(crate) fn pairs_in(line: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        rest = &rest[start..];
        let key_end = rest.find(|c| !(is_word(c) || matches!(c, ' ' | '-' | '/'))).unwrap_or(rest.len());
        let (key, after) = rest.split_at(key_end);
        // Where a run of key characters is not followed by a colon, no later start within it is either.
        rest = after;
        if key.chars().nth(1).is_some()
            && let Some(value) = after.strip_prefix(':')
        {
            let value = value.trim_start();
            let end = quoted_end(value).or_else(|| value.find(',')).unwrap_or(value.len());
            pairs.push((key, &value[..end]));
            rest = &value[end..];
        }
    }
    pairs
}

/// Where a quoted value ends, if there is one and a comma or the end follows it.
fn quoted_end(value: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in value.strip_prefix('"')?.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let end = index + 2;
                return (index > 0 && (end == value.len() || value[end..].starts_with(','))).then_some(end);
            }
            _ => {}
        }
    }
    None
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_apart_as_it_was_put_together() {
        let found = Infotext::of(
            "a fox\nby night\nNegative prompt: bad,\nworse\nSteps: 20, Sampler: Euler a, Lora hashes: \"a: 1, b: 2\"",
        );
        assert_eq!((found.prompt.as_str(), found.negative.as_deref()), ("a fox\nby night", Some("bad,\nworse")));
        assert_eq!(found.get("Lora hashes"), Some("a: 1, b: 2"));
        let found =
            Infotext::of("a fox\nSteps: 20, Sampler: Euler, Seed: 1\nTemplate: a {fox|cat}\nNegative Template: x");
        assert_eq!((found.prompt.as_str(), found.get("Seed")), ("a fox", Some("1")));
        assert!(found.behind.starts_with("Template:"));
        assert_eq!(Infotext::of("Steps: 20, Sampler: Euler, Seed: 1").prompt, "");
        assert_eq!(Infotext::of("a castle, ratio 16:9").prompt, "a castle, ratio 16:9");
    }
}
