//! How well a name fits what was written: whole words first, then beginnings, then letters in their order.

/// A name that fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    /// The higher, the better.
    pub score: u32,
    /// Which of the name's letters were written, by their number.
    pub letters: Vec<usize>,
    /// Whether one of the words stands nowhere, and only its letters were found.
    is_guess: bool,
}

impl Fit {
    /// Whether every word that was written stands somewhere in one piece.
    pub(super) fn is_certain(&self) -> bool {
        !self.is_guess
    }
}

const AT_START: u32 = 120;
const AT_WORD: u32 = 100;
const WITHIN: u32 = 60;
/// For another word of the same meaning: less than any place in the name itself.
const SYNONYM: u32 = 40;
const SCATTERED: u32 = 20;
/// For something that stands beside the name and is not shown in it.
const BESIDE: u32 = 8;

/// `None` where a word of `search` is found neither in the name nor in its synonyms, nor in what stands beside it.
#[must_use]
pub(super) fn fit(search: &str, name: &str, synonyms: &str, beside: &str) -> Option<Fit> {
    let name = small(name);
    let synonyms = small(synonyms);
    let beside = small(beside);
    let mut found = Fit { score: 0, letters: Vec::new(), is_guess: false };
    for word in search.split_whitespace().map(small) {
        if let Some((score, letters)) = piece(&word, &name) {
            found.score += score;
            found.letters.extend(letters);
        } else if piece(&word, &synonyms).is_some_and(|(_, place)| is_start(&synonyms, place.start)) {
            // From a synonym's beginning on: "ui" is not meant where "guidance" stands.
            found.score += SYNONYM;
        } else if position(&word, &beside).is_some() {
            found.score += BESIDE;
        } else {
            let letters = scattered(&word, &name)?;
            found.score += SCATTERED.saturating_sub(spread(&letters)).max(1);
            found.letters.extend(letters);
            found.is_guess = true;
        }
    }
    found.letters.sort_unstable();
    found.letters.dedup();
    Some(found)
}

/// Letter for letter, so that places stay the same.
fn small(text: &str) -> Vec<char> {
    text.chars().map(|letter| letter.to_lowercase().next().unwrap_or(letter)).collect()
}

fn is_start(text: &[char], at: usize) -> bool {
    at == 0 || !text[at - 1].is_alphanumeric()
}

/// The word in one piece, at the beginning of a word if there is such a place.
fn piece(word: &[char], name: &[char]) -> Option<(u32, std::ops::Range<usize>)> {
    let places = || name.windows(word.len()).enumerate().filter(|(_, part)| *part == word).map(|(at, _)| at);
    let at = places().find(|at| is_start(name, *at)).or_else(|| places().next())?;
    let score = match at {
        0 => AT_START,
        _ if is_start(name, at) => AT_WORD,
        _ => WITHIN,
    };
    Some((score, at..at + word.len()))
}

fn position(word: &[char], text: &[char]) -> Option<usize> {
    text.windows(word.len()).position(|part| part == word)
}

/// The letters in their order, beginning where a word begins.
fn scattered(word: &[char], name: &[char]) -> Option<Vec<usize>> {
    let starts = (0..name.len()).filter(|at| is_start(name, *at) && word.first() == Some(&name[*at]));
    let from = |start: usize| {
        let mut letters = Vec::with_capacity(word.len());
        let mut at = start;
        for letter in word {
            // The beginning of a later word before the same letter inside this one: "nc" is "New canvas".
            let rest = at..name.len();
            let next = rest.clone().find(|place| name[*place] == *letter && (*place == at || is_start(name, *place)));
            let next = next.or_else(|| rest.clone().find(|place| name[*place] == *letter))?;
            letters.push(next);
            at = next + 1;
        }
        Some(letters)
    };
    starts.filter_map(from).min_by_key(|letters| spread(letters))
}

/// How many gaps lie between the letters.
fn spread(letters: &[usize]) -> u32 {
    letters.windows(2).filter(|pair| pair[1] != pair[0] + 1).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(search: &str, names: &[&'a str]) -> Vec<&'a str> {
        let mut found: Vec<_> =
            names.iter().filter_map(|name| Some((fit(search, name, "", "")?.score, *name))).collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn what_begins_so_comes_first() {
        let names = ["Repaint picture", "Picture after", "Open a picture", "Depict", "Quit"];
        assert_eq!(best("pict", &names), ["Picture after", "Repaint picture", "Open a picture", "Depict"]);
        assert_eq!(best("PICTURE open", &names), ["Open a picture"]);
        assert_eq!(best("qt", &names), ["Quit"]);
        assert!(best("zz", &names).is_empty());
        assert_eq!(best("", &names).len(), names.len());
    }

    #[test]
    fn a_name_is_better_than_a_synonym_and_that_than_a_guess() {
        let score = |name, synonyms, beside| fit("ext", name, synonyms, beside).unwrap().score;
        let scores = [
            score("Extend", "", ""),
            score("The extent", "", ""),
            score("A text", "", ""),
            score("Larger", "extend", ""),
            score("Evening x-ray table", "", ""),
            score("Larger", "", "Text"),
        ];
        assert!(scores.is_sorted_by(|better, worse| better > worse), "{scores:?}");
        assert!(fit("ui", "CFG scale", "guidance", "").is_none());
        assert!(fit("lrg", "Larger", "big", "").is_some_and(|fit| !fit.is_certain()));
        assert!(fit("lar big", "Larger", "big", "").is_some_and(|fit| fit.is_certain()));
    }

    #[test]
    fn letters_are_those_that_were_written() {
        assert_eq!(fit("nc", "New canvas", "", "").unwrap().letters, [0, 4]);
        assert_eq!(fit("canv", "New canvas", "", "").unwrap().letters, [4, 5, 6, 7]);
        let beside = fit("file", "Open", "", "File").unwrap();
        assert!(beside.letters.is_empty() && beside.score < fit("op", "Open", "", "").unwrap().score);
        // A name in another script has one place a letter, too.
        assert_eq!(fit("ЛИ", "Али", "", "").unwrap().letters, [1, 2]);
        assert!(fit("long", "No", "", "").is_none());
    }
}
