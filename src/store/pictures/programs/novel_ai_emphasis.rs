//! NovelAI's emphasis, `{more}` and `[less]`, as the weights that prompts have here: `(more:1.05)` and `(less:0.9524)`.

use std::fmt::Write;

/// Each pair of brackets multiplies or divides by this.
const STEP: f64 = 1.05;
/// More brackets than anybody sets around a word; beyond them the weight stays.
const MOST_LEVELS: i32 = 40;

/// The same prompt in the syntax that is read here. Brackets that are never closed count to the end; ones that were
/// never opened, round ones, and those behind a backslash are letters.
pub(crate) fn converted(prompt: &str) -> String {
    let (mut more, mut less) = (0, 0);
    let mut text = String::with_capacity(prompt.len());
    let mut piece = String::new();
    let mut letters = prompt.chars().peekable();
    while let Some(letter) = letters.next() {
        let level = more - less;
        match letter {
            '{' => more += 1,
            '[' => less += 1,
            '}' if more > 0 => more -= 1,
            ']' if less > 0 => less -= 1,
            '\\' => match letters.next_if(|next| "(){}[]".contains(*next)) {
                Some(bracket) => piece.extend(['\\', bracket]),
                None => piece.push_str("\\\\"),
            },
            '(' | ')' | ']' => piece.extend(['\\', letter]),
            other => piece.push(other),
        }
        if more - less != level {
            push_weighted(&mut text, &mut piece, level);
        }
    }
    push_weighted(&mut text, &mut piece, more - less);
    text
}

/// Moves `piece` behind `text`.
fn push_weighted(text: &mut String, piece: &mut String, level: i32) {
    if level == 0 || piece.trim().is_empty() {
        text.push_str(piece);
    } else {
        let weight = format!("{:.4}", STEP.powi(level.clamp(-MOST_LEVELS, MOST_LEVELS)));
        // A String takes whatever is written to it.
        let _ = write!(text, "({piece}:{})", weight.trim_end_matches('0'));
    }
    piece.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::parse;

    #[test]
    fn the_words_have_the_weights_that_they_had_there() {
        let step = STEP as f32;
        for (prompt, wanted) in [
            ("a fox", vec![("a fox", 1.0)]),
            ("a {fox}, night", vec![("a ", 1.0), ("fox", step), (", night", 1.0)]),
            (
                "{{a}} [b] [[c]]",
                vec![("a", step * step), (" ", 1.0), ("b", 1.0 / step), (" ", 1.0), ("c", 1.0 / step / step)],
            ),
            ("{a [b] c}", vec![("a ", step), ("b", 1.0), (" c", step)]),
            ("a {b, c", vec![("a ", 1.0), ("b, c", step)]),
            ("a} b], c", vec![("a} b], c", 1.0)]),
            ("saber (fate), (a:1.3)", vec![("saber (fate), (a:1.3)", 1.0)]),
            ("{saber (fate)} \\(b\\)", vec![("saber (fate)", step), (" (b)", 1.0)]),
            ("[16:9] \\o/", vec![("16:9", 1.0 / step), (" \\o/", 1.0)]),
            ("[a:b:3] {a|b}", vec![("a:b:3", 1.0 / step), (" ", 1.0), ("a|b", step)]),
            ("{} []", vec![(" ", 1.0)]),
        ] {
            let text = converted(prompt);
            let found = parse(&text).sections.concat();
            assert_eq!(found.len(), wanted.len(), "{prompt}: {text}: {found:?}");
            for (piece, (words, weight)) in found.iter().zip(wanted) {
                assert_eq!(piece.text, words, "{prompt}: {text}");
                assert!((piece.weight - weight).abs() < 1e-3, "{prompt}: {piece:?}");
            }
            assert!(!text.contains('{'), "a choice to be drawn: {text}");
        }
        let deepest = converted(&"{".repeat(10_000)) + &converted(&format!("{}a", "[".repeat(10_000)));
        assert!(parse(&deepest).sections.concat()[0].weight > 0.1, "{deepest}");
    }
}
