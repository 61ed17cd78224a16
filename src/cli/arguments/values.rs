//! Parsers for values: a wrong one names what is allowed.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::job::Request;

/// Lists the allowed names when it meets another.
pub(crate) fn one_of<T: Clone + Send + Sync + 'static>(
    names: &[&'static str],
    from_id: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names.to_vec())
        .try_map(move |name| from_id(&name).ok_or_else(|| format!("unknown name {name}")))
}

pub(super) fn side_px() -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(i64::from(Request::MIN_SIDE_PX)..=i64::from(Request::MAX_SIDE_PX))
}

pub(crate) fn number_in(least: f64, most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text: &str| {
        f64::from_str(text)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("allowed is a number from {least} to {most}"))
    }
}
