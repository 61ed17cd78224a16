//! `{red|green|blue}` in a prompt: one of them, drawn by the seed. `\{`, `\|` and `\}` are the signs themselves.

/// The prompt with every choice made. The same seed makes the same choices; braces without a bar are left as they are.
#[must_use]
pub fn drawn(prompt: &str, seed: u64) -> String {
    if !prompt.contains(['{', '\\']) {
        return prompt.to_owned();
    }
    let characters: Vec<char> = prompt.chars().collect();
    let mut draw = Draw { state: seed };
    text(&characters, &mut 0, false, &mut draw).0.swap_remove(0)
}

/// `SplitMix64` (Steele et al., 2014): a few even draws from any seed.
struct Draw {
    state: u64,
}

impl Draw {
    fn below(&mut self, count: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) % count as u64) as usize
    }
}

/// Reads up to the brace that closes (`inside`) or the end: the texts between bars, and whether it was closed.
fn text(characters: &[char], at: &mut usize, inside: bool, draw: &mut Draw) -> (Vec<String>, bool) {
    let mut choices = vec![String::new()];
    while let Some(&character) = characters.get(*at) {
        *at += 1;
        let last = choices.len() - 1;
        match character {
            '\\' if characters.get(*at).is_some_and(|next| matches!(next, '{' | '|' | '}')) => {
                choices[last].push(characters[*at]);
                *at += 1;
            }
            '{' => {
                let (mut inner, closed) = text(characters, at, true, draw);
                match (inner.len(), closed) {
                    (1, true) => choices[last].extend(["{", &inner[0], "}"]),
                    (count, true) => choices[last].push_str(&inner.swap_remove(draw.below(count))),
                    (_, false) => choices[last].extend(["{", &inner.join("|")]),
                }
            }
            '|' if inside => choices.push(String::new()),
            '}' if inside => return (choices, true),
            other => choices[last].push(other),
        }
    }
    (choices, false)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_choice_comes_up_and_a_seed_makes_the_same_one() {
        let prompt = "a {red|green|dark {blue|grey}} cat, {old|}";
        let all: BTreeSet<String> = (0..200).map(|seed| drawn(prompt, seed)).collect();
        assert_eq!(all.len(), 8, "{all:?}");
        assert!(all.contains("a dark grey cat, old") && all.contains("a red cat, "));
        assert_eq!(drawn(prompt, 7), drawn(prompt, 7));
    }

    #[test]
    fn what_is_no_choice_stays_as_it_is() {
        for prompt in ["{quiet}", "a {b", "a} b|c", "{a|b", "(x:1.2) \\(y\\)", ""] {
            assert_eq!(drawn(prompt, 3), prompt);
        }
        assert_eq!(drawn("\\{a\\|b\\}", 3), "{a|b}");
    }
}
