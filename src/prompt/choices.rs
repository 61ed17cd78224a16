//! `{red|green|blue}` in a prompt: one of them, drawn by the seed; `{2$$a|b|c}` two of them, `{3::a|b}` the first three
//! times as often; `__animal__` a line of that list. `\{`, `\|` and `\}` are the signs themselves.

use std::collections::BTreeMap;

/// The lines of wildcard lists, by what stands between the underscores.
pub type Wildcards = BTreeMap<String, Vec<String>>;

/// Lists name lists, and braces hold braces; deeper than this they are text.
const MOST_NESTED: usize = 32;
/// As long as a prompt may become; lists that name each other would go on.
const MOST_BYTES: usize = 1 << 16;

/// The prompt with every choice made. The same seed makes the same choices; braces without a bar are left as they are.
#[must_use]
pub fn drawn(prompt: &str, seed: u64) -> String {
    drawn_from(prompt, seed, &Wildcards::new())
}

/// The same with lists; the names of those that are not there stay as they are.
#[must_use]
pub fn drawn_from(prompt: &str, seed: u64, lists: &Wildcards) -> String {
    if !prompt.contains(['{', '_']) {
        return prompt.to_owned();
    }
    let mut draw = Draw { state: seed, lists, bytes: 0 };
    let characters: Vec<char> = prompt.chars().collect();
    draw.text(&characters, &mut 0, 0, false).0.swap_remove(0)
}

/// What stands between double underscores, in its order.
#[must_use]
pub fn wildcard_names(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let (mut names, mut at) = (Vec::new(), 0);
    while at < characters.len() {
        match wildcard(&characters[at..]) {
            Some(name) => {
                at += 2 + name.chars().count();
                names.push(name);
            }
            None => at += 1,
        }
    }
    names
}

/// The name at the start of `__name__`.
fn wildcard(characters: &[char]) -> Option<String> {
    let inside = characters.strip_prefix(&['_', '_'])?;
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '\\' | '*' | '?' | '.' | ' ');
    let end = inside.windows(2).take_while(|pair| is_of_name(pair[0])).position(|pair| pair == ['_', '_'])?;
    let name: String = inside[..end].iter().collect();
    (!name.trim().is_empty() && name.trim() == name && !name.starts_with('_')).then_some(name)
}

struct Draw<'a> {
    state: u64,
    lists: &'a Wildcards,
    /// Of the lines put in so far.
    bytes: usize,
}

impl Draw<'_> {
    /// `SplitMix64` (Steele et al., 2014): a few even draws from any seed.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// Reads up to the brace that closes (`inside`) or the end: the texts between bars, and whether it was closed.
    fn text(&mut self, characters: &[char], at: &mut usize, depth: usize, inside: bool) -> (Vec<String>, bool) {
        let mut choices = vec![String::new()];
        while let Some(&character) = characters.get(*at) {
            let name = if character == '_' { wildcard(&characters[*at..]) } else { None };
            *at += 1;
            let last = choices.len() - 1;
            match character {
                // What is escaped stays so: edits and weights are read from this text.
                '\\' if characters.get(*at).is_some() => {
                    choices[last].extend(['\\', characters[*at]]);
                    *at += 1;
                }
                '{' if depth < MOST_NESTED => {
                    let (inner, closed) = self.text(characters, at, depth + 1, true);
                    match (inner.len(), closed) {
                        (1, true) => choices[last].extend(["{", &inner[0], "}"]),
                        (_, true) => choices[last].push_str(&self.chosen(inner)),
                        (_, false) => choices[last].extend(["{", &inner.join("|")]),
                    }
                }
                '|' if inside => choices.push(String::new()),
                '}' if inside => return (choices, true),
                '_' => match name.and_then(|name| Some((self.line(&name, depth)?, name.chars().count()))) {
                    Some((line, length)) => {
                        choices[last].push_str(&line);
                        *at += length + 3;
                    }
                    None => choices[last].push('_'),
                },
                other => choices[last].push(other),
            }
        }
        (choices, false)
    }

    /// One line of a list, with its own choices made; `None` where there is no such list.
    fn line(&mut self, name: &str, depth: usize) -> Option<String> {
        let lists = self.lists;
        let lines = lists.get(name).filter(|lines| !lines.is_empty())?;
        let line = &lines[self.below(lines.len())];
        self.bytes += line.len();
        if depth >= MOST_NESTED || self.bytes > MOST_BYTES {
            return None;
        }
        let characters: Vec<char> = line.chars().collect();
        Some(self.text(&characters, &mut 0, depth + 1, false).0.swap_remove(0))
    }

    /// One of the texts, or as many as `2$$` or `1-3$$` before the first wants, joined by commas or by what stands
    /// between two such signs.
    fn chosen(&mut self, mut texts: Vec<String>) -> String {
        let Some((least, most, separator, rest)) = several(&texts[0]) else { return self.one(&mut texts) };
        texts[0] = rest;
        let count = (least + self.below(most - least + 1)).min(texts.len());
        let picked: Vec<String> = (0..count).map(|_| self.one(&mut texts)).collect();
        picked.join(&separator)
    }

    /// Takes one of the texts out, by their weights.
    fn one(&mut self, texts: &mut Vec<String>) -> String {
        let weighted: Vec<Option<(f64, &str)>> = texts.iter().map(|text| weight(text)).collect();
        let at = if weighted.iter().all(Option::is_none) {
            self.below(texts.len())
        } else {
            let weights: Vec<f64> = weighted.iter().map(|found| found.map_or(1.0, |(weight, _)| weight)).collect();
            let mut left = self.next() as f64 / u64::MAX as f64 * weights.iter().sum::<f64>();
            let reached = weights.iter().position(|weight| {
                left -= weight;
                left < 0.0
            });
            reached.or(weights.iter().rposition(|weight| *weight > 0.0)).unwrap_or(0)
        };
        let text = weighted[at].map(|(_, text)| text.to_owned());
        let taken = texts.swap_remove(at);
        text.unwrap_or(taken)
    }
}

/// `0.5::text`.
fn weight(text: &str) -> Option<(f64, &str)> {
    let (number, rest) = text.split_once("::")?;
    let weight = number.trim().parse::<f64>().ok().filter(|weight| weight.is_finite() && *weight >= 0.0)?;
    Some((weight, rest))
}

/// `2$$text`, `1-3$$text` or `2$$ and $$text`: how many at least and at most, what joins them, and the text.
fn several(text: &str) -> Option<(usize, usize, String, String)> {
    let (count, rest) = text.split_once("$$")?;
    let (least, most) = count.split_once('-').unwrap_or((count, count));
    let (least, most): (usize, usize) = (least.trim().parse().ok()?, most.trim().parse().ok()?);
    let (separator, rest) = rest.split_once("$$").unwrap_or((", ", rest));
    (least <= most && most <= 1000).then(|| (least, most, separator.to_owned(), rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all(prompt: &str, lists: &Wildcards) -> BTreeSet<String> {
        (0..400).map(|seed| drawn_from(prompt, seed, lists)).collect()
    }

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
        for prompt in ["{quiet}", "a {b", "a} b|c", "{a|b", "(x:1.2) \\(y\\)", "", "\\{a\\|b\\}", "__a__ _b__ __c"] {
            assert_eq!(drawn(prompt, 3), prompt);
        }
    }

    #[test]
    fn several_are_drawn_and_weights_count() {
        let none = Wildcards::new();
        let pairs = all("{2$$a|b|c}", &none);
        let wanted = ["a, b", "a, c", "b, a", "b, c", "c, a", "c, b"].map(str::to_owned);
        assert_eq!(pairs, BTreeSet::from(wanted));
        assert_eq!(
            all("{1-2$$ and $$a|b}", &none),
            BTreeSet::from(["a", "b", "a and b", "b and a"].map(str::to_owned))
        );
        let often = (0..400).filter(|seed| drawn("{3::a|b}", *seed) == "a").count();
        assert!((260..340).contains(&often), "{often} of 400");
        assert_eq!(all("{0::a|1::b}", &none), BTreeSet::from(["b".to_owned()]));
    }

    #[test]
    fn lists_name_lists_and_hold_choices() {
        let list = |name: &str, lines: &[&str]| (name.to_owned(), lines.iter().map(|line| (*line).into()).collect());
        let lists: Wildcards = [
            list("animal", &["cat", "{black|white} dog", "__sea/fish__"]),
            list("sea/fish", &["eel"]),
            list("sea/*", &["crab"]),
            list("round", &["a __round__"]),
        ]
        .into();
        let wanted = ["a cat", "a black dog", "a white dog", "a eel"].map(str::to_owned);
        assert_eq!(all("a __animal__", &lists), BTreeSet::from(wanted));
        assert_eq!(
            all("{__sea/*__|x}__none__", &lists),
            BTreeSet::from(["crab__none__", "x__none__"].map(str::to_owned))
        );
        assert!(drawn_from("__round__", 1, &lists).contains("__round__"), "a circle ends");
        assert_eq!(wildcard_names("a __b__, {__c/d*__|__ e__} my__f__g"), ["b", "c/d*", "f"]);
    }
}
