//! Numbers as an axis has them: `10`, `1-5`, `1-9 (+2)` in steps of two, `0-1 [5]` five of them.

use super::error::{GridError, MOST_VALUES};

/// From, to, and how the way between is walked.
enum Range {
    One(f64),
    Steps { from: f64, to: f64, by: f64 },
    Count { from: f64, to: f64, count: usize },
}

/// Whole numbers of 0 and more.
///
/// # Errors
/// Names what is none.
pub(super) fn wholes(texts: &[String]) -> Result<Vec<u64>, GridError> {
    let mut numbers = Vec::new();
    for text in texts {
        // A seed has more figures than a number with a point can keep.
        if let Ok(number) = text.parse::<u64>() {
            numbers.push(number);
            continue;
        }
        let (from, to) = text.split_once('-').unwrap_or(("", ""));
        if let (Ok(from), Ok(to)) = (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
            too_many(usize::try_from(to.abs_diff(from)).unwrap_or(usize::MAX).saturating_add(1))?;
            let all: Vec<u64> = (from.min(to)..=from.max(to)).collect();
            numbers.extend(if from <= to { all } else { all.into_iter().rev().collect() });
            continue;
        }
        for number in walked(text, 1.0)? {
            if number < 0.0 {
                return Err(GridError::Number { text: text.clone() });
            }
            numbers.push(number.round() as u64);
        }
    }
    Ok(numbers)
}

/// Numbers with or without a point.
///
/// # Errors
/// Names what is none.
pub(super) fn decimals(texts: &[String]) -> Result<Vec<f64>, GridError> {
    let mut numbers = Vec::new();
    for text in texts {
        numbers.extend(walked(text, 1.0)?);
    }
    Ok(numbers)
}

fn walked(text: &str, usual_step: f64) -> Result<Vec<f64>, GridError> {
    let unread = || GridError::Number { text: text.to_owned() };
    // Sums of tenths are no tenths.
    let rounded = |number: f64| (number * 1e6).round() / 1e6 + 0.0;
    Ok(match range(text, usual_step).ok_or_else(unread)? {
        Range::One(number) => vec![number],
        Range::Steps { from, to, by } => {
            let count = ((to - from) / by + 1e-9).floor();
            if !(0.0..1e6).contains(&count) {
                return Err(unread());
            }
            let count = count as usize + 1;
            too_many(count)?;
            (0..count).map(|index| rounded(from + by * index as f64)).collect()
        }
        Range::Count { from, to, count } => {
            too_many(count)?;
            let share = |index: usize| if count < 2 { 0.0 } else { index as f64 / (count - 1) as f64 };
            (0..count).map(|index| rounded(from + (to - from) * share(index))).collect()
        }
    })
}

fn range(text: &str, usual_step: f64) -> Option<Range> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    if let Some(one) = number(text) {
        return Some(Range::One(one));
    }
    let (ends, rest) = match text.find(['(', '[']) {
        Some(at) => (&text[..at], text[at..].trim()),
        None => (text, ""),
    };
    // The minus of a negative number is no sign of a range.
    let dash = ends.char_indices().skip(1).find(|(at, sign)| {
        *sign == '-' && ends[..*at].trim_end().ends_with(|sign: char| sign.is_ascii_digit() || sign == '.')
    });
    let (at, _) = dash?;
    let (from, to) = (number(&ends[..at])?, number(&ends[at + 1..])?);
    if let Some(step) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let by = number(step.trim().trim_start_matches('+')).filter(|by| *by != 0.0)?;
        return Some(Range::Steps { from, to, by });
    }
    if let Some(count) = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(Range::Count { from, to, count: count.trim().parse().ok().filter(|count| *count > 0)? });
    }
    let by = if to < from { -usual_step } else { usual_step };
    rest.is_empty().then_some(Range::Steps { from, to, by })
}

fn too_many(found: usize) -> Result<(), GridError> {
    let most = MOST_VALUES;
    if found > most { Err(GridError::TooMany { found, most }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_walked_to_their_end() {
        let read = |text: &str| decimals(&[text.to_owned()]);
        for (text, wanted) in [
            ("7.5", &[7.5][..]),
            ("-1", &[-1.0]),
            ("1-3", &[1.0, 2.0, 3.0]),
            ("3-1", &[3.0, 2.0, 1.0]),
            ("0.1-0.4 (+0.1)", &[0.1, 0.2, 0.3, 0.4]),
            ("-1-1 (+1)", &[-1.0, 0.0, 1.0]),
            ("1 - 0 (-0.5)", &[1.0, 0.5, 0.0]),
            ("0-1 [3]", &[0.0, 0.5, 1.0]),
            ("2-9 [1]", &[2.0]),
        ] {
            assert_eq!(read(text).unwrap(), wanted, "{text}");
        }
        for text in ["", "x", "1-", "1-2 (x)", "1-2 (+0)", "1-2 [0]", "1-2 [3", "nan", "1-2 (-1)", "0-1e9 (+1)"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn seeds_keep_all_their_figures() {
        let read = |text: &str| wholes(&[text.to_owned()]);
        assert_eq!(read("18446744073709551615").unwrap(), [u64::MAX]);
        assert_eq!(read("18446744073709551613-18446744073709551615").unwrap().len(), 3);
        assert_eq!(read("5-3").unwrap(), [5, 4, 3]);
        assert_eq!(read("10-30 (+10)").unwrap(), [10, 20, 30]);
        assert!(read("-5").is_err() && read("0-18446744073709551615").is_err());
    }
}
