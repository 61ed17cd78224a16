//! Cuts tokens into the windows that a CLIP text encoder takes: begin, up to 75 tokens, end, padding.

/// A token and how much it counts (1: as it is).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedToken {
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
pub struct SpecialTokens {
    pub begin: u32,
    pub end: u32,
    pub padding: u32,
}

/// At least `at_least` windows of `positions` tokens; an empty prompt is one empty window.
#[must_use]
pub fn windows(
    tokens: &[WeightedToken],
    positions: usize,
    special: SpecialTokens,
    at_least: usize,
) -> Vec<TokenWindow> {
    let room = positions.saturating_sub(2).max(1);
    let mut windows: Vec<TokenWindow> = tokens.chunks(room).map(|words| window(words, positions, special)).collect();
    while windows.len() < at_least.max(1) {
        windows.push(window(&[], positions, special));
    }
    windows
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
        let made = windows(&[], 5, SPECIAL, 1);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].ids, [100, 101, 0, 0, 0]);
        assert_eq!(made[0].weights, [1.0; 5]);
    }

    #[test]
    fn a_long_prompt_loses_no_token() {
        let made = windows(&tokens(7), 5, SPECIAL, 1);
        let ids: Vec<&[u32]> = made.iter().map(|window| window.ids.as_slice()).collect();
        assert_eq!(ids, [[100, 1, 2, 3, 101], [100, 4, 5, 6, 101], [100, 7, 101, 0, 0]]);
        assert_eq!(made[2].weights, [1.0, 1.5, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn the_shorter_of_a_pair_is_filled_up() {
        assert_eq!(windows(&tokens(2), 5, SPECIAL, 3).len(), 3);
    }
}
