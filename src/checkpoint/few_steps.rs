//! Whether a model was trained to few steps, where nothing but its name says so.

use crate::job::Family;

/// What such models are called.
const FEW_STEPS: [&str; 2] = ["turbo", "lightning"];

/// The word in a model's names that says that it was trained to few steps.
#[must_use]
pub(crate) fn word_of_few_steps(names: &[String]) -> Option<&'static str> {
    FEW_STEPS.into_iter().find(|word| has(names, word))
}

/// Whether a transformer was, by its names: of FLUX.2 klein, which is published so, the other one is called base.
#[must_use]
pub(crate) fn is_for_few_steps(family: Family, names: &[String]) -> bool {
    match family {
        // "Based on" it may be whatever was trained to few steps.
        Family::Klein | Family::KleinBase => !names.iter().any(|name| {
            let name = name.to_lowercase();
            name.match_indices("base").any(|(at, word)| !name[at + word.len()..].starts_with('d'))
        }),
        _ => word_of_few_steps(names).is_some(),
    }
}

fn has(names: &[String], word: &str) -> bool {
    names.iter().any(|name| name.to_lowercase().contains(word))
}
