//! Cuts tokens into the windows that a CLIP text encoder takes: begin, up to 75 tokens, end, padding.

/// A token and how much it counts (1: as it is).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WeightedToken {
    pub id: u32,
    pub weight: f32,
}

/// One window, `positions` long.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenWindow {
    pub ids: Vec<u32>,
    /// One for each id; begin, end and padding have 1.
    pub weights: Vec<f32>,
}

/// Tokens that stand around and behind the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpecialTokens {
    pub begin: u32,
    pub end: u32,
    pub padding: u32,
}

/// How far back a comma may lie for the phrase behind it to move, as AUTOMATIC1111 has it.
const MOST_MOVED: usize = 20;

/// At least `at_least` windows of `positions` tokens; each section begins a new one, and an empty prompt is one empty
/// window. With `comma`, a phrase that would be cut moves into the next window as AUTOMATIC1111 does it.
#[must_use]
pub(crate) fn windows(
    sections: &[Vec<WeightedToken>],
    positions: usize,
    special: SpecialTokens,
    comma: Option<u32>,
    at_least: usize,
) -> Vec<TokenWindow> {
    let capacity = positions.saturating_sub(2).max(1);
    let mut windows: Vec<TokenWindow> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let chunks = chunks(section, capacity, comma);
        if chunks.is_empty() && (index + 1 < sections.len() || windows.is_empty()) {
            windows.push(window(&[], positions, special));
        }
        windows.extend(chunks.iter().map(|words| window(words, positions, special)));
    }
    while windows.len() < at_least.max(1) {
        windows.push(window(&[], positions, special));
    }
    windows
}

fn chunks(tokens: &[WeightedToken], capacity: usize, comma: Option<u32>) -> Vec<&[WeightedToken]> {
    let mut chunks = Vec::new();
    let (mut start, mut last_comma) = (0, None);
    for (at, token) in tokens.iter().enumerate() {
        let is_comma = Some(token.id) == comma;
        if at - start == capacity {
            // The comma itself stays.
            let moved = last_comma.filter(|comma| !is_comma && at - comma <= MOST_MOVED).map(|comma| comma + 1);
            let end = moved.unwrap_or(at);
            chunks.push(&tokens[start..end]);
            (start, last_comma) = (end, None);
        }
        if is_comma {
            last_comma = Some(at);
        }
    }
    if start < tokens.len() {
        chunks.push(&tokens[start..]);
    }
    chunks
}

fn window(words: &[WeightedToken], positions: usize, special: SpecialTokens) -> TokenWindow {
    let mut ids = vec![special.begin];
    ids.extend(words.iter().map(|token| token.id));
    ids.push(special.end);
    ids.resize(positions, special.padding);
    let mut weights = vec![1.0];
    weights.extend(words.iter().map(|token| token.weight));
    weights.resize(positions, 1.0);
    TokenWindow { ids, weights }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECIAL: SpecialTokens = SpecialTokens { begin: 100, end: 101, padding: 0 };

    fn tokens(count: u32) -> Vec<WeightedToken> {
        (1..=count).map(|id| WeightedToken { id, weight: 1.5 }).collect()
    }

    #[test]
    fn an_empty_prompt_is_one_window_of_padding() {
        let made = windows(&[vec![]], 5, SPECIAL, None, 1);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].ids, [100, 101, 0, 0, 0]);
        assert_eq!(made[0].weights, [1.0; 5]);
    }

    #[test]
    fn a_long_prompt_loses_no_token() {
        let made = windows(&[tokens(7)], 5, SPECIAL, None, 1);
        let ids: Vec<&[u32]> = made.iter().map(|window| window.ids.as_slice()).collect();
        assert_eq!(ids, [[100, 1, 2, 3, 101], [100, 4, 5, 6, 101], [100, 7, 101, 0, 0]]);
        assert_eq!(made[2].weights, [1.0, 1.5, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn the_shorter_of_a_pair_is_filled_up() {
        assert_eq!(windows(&[tokens(2)], 5, SPECIAL, None, 3).len(), 3);
    }

    #[test]
    fn sections_begin_windows_and_phrases_stay_whole() {
        let ids = |sections: &[Vec<WeightedToken>], comma| -> Vec<Vec<u32>> {
            windows(sections, 6, SPECIAL, comma, 1).into_iter().map(|window| window.ids).collect()
        };
        assert_eq!(
            ids(&[tokens(1), vec![], tokens(1), vec![]], None),
            [[100, 1, 101, 0, 0, 0], [100, 101, 0, 0, 0, 0], [100, 1, 101, 0, 0, 0]]
        );
        // With 2 as the comma, 3 and 4 go on together with 5.
        assert_eq!(ids(&[tokens(5)], Some(2)), [[100, 1, 2, 101, 0, 0], [100, 3, 4, 5, 101, 0]]);
        // A comma right behind the end begins the next window.
        assert_eq!(ids(&[tokens(5)], Some(5)), [[100, 1, 2, 3, 4, 101], [100, 5, 101, 0, 0, 0]]);
    }
}
