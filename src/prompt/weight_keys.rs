//! What Ctrl+Up and Ctrl+Down do to a prompt, as AUTOMATIC1111 has it: the selection, or the group or word at the cursor,
//! counts a tenth more or less. `word` becomes `(word:1.1)`, and at 1 the brackets go; a `<lora:…>` has its weights
//! changed. Places are counted in characters.

use std::ops::Range;

/// One press.
const STEP: f64 = 0.1;
/// Besides white space, what ends a word.
const ENDS_WORD: &str = ".,/!?%^*;:{}=`~()[]<>|";
/// Spelled so, a number is rounded: sums of tenths are not tenths.
const DECIMALS: f64 = 1e4;

/// A prompt with another weight, and what is selected in it then: the next press goes on there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    pub text: String,
    pub selected: Range<usize>,
}

/// The prompt with what is `selected` (or stands at the cursor) a tenth heavier, or lighter; `None` where nothing does.
#[must_use]
pub fn weighed(text: &str, selected: Range<usize>, heavier: bool) -> Option<Weighed> {
    let signs: Vec<char> = text.chars().collect();
    let step = if heavier { STEP } else { -STEP };
    let selected = selected.start.min(signs.len())..selected.end.min(signs.len());
    if let Some(tag) = tag_around(&signs, &selected) {
        return weighed_tag(&signs, tag, selected, step);
    }
    let place = if selected.is_empty() {
        group_around(&signs, selected.start).unwrap_or_else(|| word_around(&signs, selected.start))
    } else {
        trimmed(&signs, selected)
    };
    (!place.is_empty()).then(|| weighed_place(&signs, place, step))
}

fn weighed_place(signs: &[char], place: Range<usize>, step: f64) -> Weighed {
    let (whole, weight) = weight_around(signs, &place).unwrap_or((place.clone(), 1.0));
    let weight = rounded(weight + step);
    let inside: String = signs[place].iter().collect();
    let length = inside.chars().count();
    let is_plain = (weight - 1.0).abs() < 1.0 / DECIMALS;
    let new = if is_plain { inside } else { format!("({inside}:{})", spelled(weight)) };
    let start = whole.start + usize::from(!is_plain);
    Weighed { text: replaced(signs, whole, &new), selected: start..start + length }
}

/// The brackets around a place with what it counts by them: `(a:1.3)`, `((a))`, `[a]`.
fn weight_around(signs: &[char], place: &Range<usize>) -> Option<(Range<usize>, f64)> {
    let before = place.start.checked_sub(1).filter(|at| is_bracket(signs, *at))?;
    if signs[before] == '(' && signs.get(place.end) == Some(&':') {
        let close = (place.end..signs.len()).find(|at| signs[*at] == ')')?;
        let weight: String = signs[place.end + 1..close].iter().collect();
        let weight: f64 = weight.trim().parse().ok().filter(|weight: &f64| weight.is_finite())?;
        return Some((before..close + 1, weight));
    }
    let (close, factor) = match signs[before] {
        '(' => (')', 1.1_f64),
        '[' => (']', 1.0 / 1.1),
        _ => return None,
    };
    let is_pair = |depth: &usize| {
        let (left, right) = (place.start.checked_sub(depth + 1), place.end + depth);
        left.is_some_and(|left| signs[left] == signs[before] && is_bracket(signs, left))
            && signs.get(right) == Some(&close)
            && is_bracket(signs, right)
    };
    let depth = (0..signs.len()).take_while(is_pair).count();
    let weight = (factor.powi(i32::try_from(depth).ok()?) / STEP).round() * STEP;
    (depth > 0).then(|| (place.start - depth..place.end + depth, weight))
}

/// What stands in the innermost brackets around the cursor, without their weight: `(a b|c:1.2)` is `a bc`. A schedule
/// (`[a:b:0.5]`) is no such group.
fn group_around(signs: &[char], cursor: usize) -> Option<Range<usize>> {
    let open = (0..cursor).rev().find(|at| is_bracket(signs, *at) && "()[]".contains(signs[*at]))?;
    let close = (cursor..signs.len()).find(|at| is_bracket(signs, *at) && "()[]".contains(signs[*at]))?;
    let inside = open + 1..close;
    match (signs[open], signs[close]) {
        ('(', ')') => {
            let colon = inside.clone().rev().find(|at| signs[*at] == ':');
            let is_weight = |colon: &usize| {
                let number: String = signs[colon + 1..close].iter().collect();
                number.trim().parse::<f64>().is_ok()
            };
            Some(open + 1..colon.filter(is_weight).unwrap_or(close))
        }
        ('[', ']') => Some(inside.clone()).filter(|_| inside.clone().all(|at| !":|".contains(signs[at]))),
        _ => None,
    }
    .filter(|place| !place.is_empty())
}

fn word_around(signs: &[char], cursor: usize) -> Range<usize> {
    let ends = |at: usize| {
        let is_escaped = at > 0 && signs[at - 1] == '\\';
        signs[at].is_whitespace() || (ENDS_WORD.contains(signs[at]) && !is_escaped)
    };
    let start = (0..cursor).rev().find(|at| ends(*at)).map_or(0, |at| at + 1);
    let end = (cursor..signs.len()).find(|at| ends(*at)).unwrap_or(signs.len());
    start..end
}

/// Without the white space at its ends.
fn trimmed(signs: &[char], place: Range<usize>) -> Range<usize> {
    let start = place.clone().find(|at| !signs[*at].is_whitespace()).unwrap_or(place.end);
    let end = place.clone().rev().find(|at| !signs[*at].is_whitespace()).map_or(start, |at| at + 1);
    start..end
}

/// Not one that is text, as in `\(`.
fn is_bracket(signs: &[char], at: usize) -> bool {
    at == 0 || signs[at - 1] != '\\'
}

/// A `<kind:…>` that holds all that is selected.
fn tag_around(signs: &[char], selected: &Range<usize>) -> Option<Range<usize>> {
    let open = (0..selected.start).rev().find(|at| "<>".contains(signs[*at])).filter(|at| signs[*at] == '<')?;
    let close = (selected.end..signs.len()).find(|at| "<>".contains(signs[*at])).filter(|at| signs[*at] == '>')?;
    let inside = open + 1..close;
    let is_whole = !signs[selected.clone()].iter().any(|sign| "<>".contains(*sign));
    (is_whole && signs[inside.clone()].contains(&':')).then_some(inside)
}

/// The weights of a `lora:name:0.8`, which may be two (`:0.8:1`, `:te=0.8:unet=1`); one is put there where there is none.
fn weighed_tag(signs: &[char], inside: Range<usize>, selected: Range<usize>, step: f64) -> Option<Weighed> {
    let text: String = signs[inside.clone()].iter().collect();
    let mut items: Vec<String> = text.split(':').map(str::to_owned).collect();
    items.get(1).filter(|name| !name.trim().is_empty())?;
    let mut is_weighed = false;
    for item in items.iter_mut().skip(2) {
        let (key, number) = item.split_once('=').map_or(("", item.as_str()), |(key, number)| (key, number));
        let is_of_network = matches!(key.trim().to_lowercase().as_str(), "" | "te" | "unet");
        if let Ok(weight) = number.trim().parse::<f64>()
            && is_of_network
            && weight.is_finite()
        {
            let equals = if key.is_empty() { "" } else { "=" };
            *item = format!("{key}{equals}{}", spelled(rounded(weight + step)));
            is_weighed = true;
        }
    }
    if !is_weighed {
        items.push(spelled(rounded(1.0 + step)));
    }
    let new = items.join(":");
    // The cursor stays, where the tag has become shorter at its end.
    let end = inside.start + new.chars().count();
    let selected = selected.start.min(end)..selected.end.min(end);
    Some(Weighed { text: replaced(signs, inside, &new), selected })
}

fn replaced(signs: &[char], place: Range<usize>, new: &str) -> String {
    signs[..place.start].iter().copied().chain(new.chars()).chain(signs[place.end..].iter().copied()).collect()
}

fn rounded(weight: f64) -> f64 {
    (weight * DECIMALS).round() / DECIMALS + 0.0
}

/// With one figure behind the point at least, as AUTOMATIC1111 writes it.
fn spelled(weight: f64) -> String {
    if weight.fract() == 0.0 { format!("{weight:.1}") } else { weight.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `|` is the cursor, two of them the ends of the selection.
    fn press(marked: &str, heavier: bool) -> Option<String> {
        let places: Vec<usize> =
            marked.chars().enumerate().filter(|(_, sign)| *sign == '|').map(|(at, _)| at).collect();
        let end = places.get(1).map_or(places[0], |at| at - 1);
        let found = weighed(&marked.replace('|', ""), places[0]..end, heavier)?;
        let mut signs: Vec<char> = found.text.chars().collect();
        signs.insert(found.selected.end, '|');
        if !found.selected.is_empty() {
            signs.insert(found.selected.start, '|');
        }
        Some(signs.into_iter().collect())
    }

    #[test]
    fn words_selections_and_groups_count_a_tenth_more_or_less() {
        for (before, heavier, after) in [
            ("a re|d fox", true, "a (|red|:1.1) fox"),
            ("a (|red|:1.1) fox", true, "a (|red|:1.2) fox"),
            ("a (r|ed:1.1) fox", false, "a |red| fox"),
            ("a red| fox", false, "a (|red|:0.9) fox"),
            ("a |red fox | at night", true, "a (|red fox|:1.1)  at night"),
            ("(red f|ox:1.25), x", true, "(|red fox|:1.35), x"),
            ("((red f|ox))", true, "(|red fox|:1.3)"),
            ("[red f|ox]", false, "(|red fox|:0.8)"),
            ("(a:1.9|)", true, "(|a|:2.0)"),
            ("(a:-0|.1)", true, "(|a|:0.0)"),
            ("((a:1.2), b|)", true, "((a:1.2), (|b|:1.1))"),
            ("[from:t|o:0.5]", true, "[from:(|to|:1.1):0.5]"),
            ("saber_\\(fa|te\\), x", true, "(|saber_\\(fate\\)|:1.1), x"),
            ("ein gr|ünes Haus", true, "ein (|grünes|:1.1) Haus"),
            ("one\ntw|o", true, "one\n(|two|:1.1)"),
        ] {
            assert_eq!(press(before, heavier).as_deref(), Some(after), "{before}");
        }
        for nothing in ["|", "a,  | , b", "|  |"] {
            assert_eq!(press(nothing, true), None, "{nothing}");
        }
    }

    #[test]
    fn a_lora_has_its_weights_changed() {
        for (before, heavier, after) in [
            ("<lora:in|k:0.8>", true, "<lora:in|k:0.9>"),
            ("<lora:ink|>", false, "<lora:ink|:0.9>"),
            ("<lora:ink:0.5:|1>", true, "<lora:ink:0.6:|1.1>"),
            ("<lora:ink:te=0.5:unet=1|>", false, "<lora:ink:te=0.4:unet=0|.9>"),
            ("a <lora:x:-0.1|>, (b:1.2)", true, "a <lora:x:0.0|>, (b:1.2)"),
            ("<lora:|x|:1>", true, "<lora:|x|:1.1>"),
        ] {
            assert_eq!(press(before, heavier).as_deref(), Some(after), "{before}");
        }
        assert_eq!(press("2 < 3 a|nd 4 > 1", true).as_deref(), Some("2 < 3 (|and|:1.1) 4 > 1"), "no tag");
    }

    #[test]
    fn up_and_down_lead_back() {
        for text in ["a red fox", "(a:1.15) b", "<lora:x:0.35> c"] {
            let start = if text.starts_with('a') { 3 } else { 1 };
            let up = weighed(text, start..start, true).unwrap();
            let down = weighed(&up.text, up.selected, false).unwrap();
            assert_eq!(down.text, text);
        }
    }
}
