//! Painted areas with words of their own: `--region MASK,…,prompt=TEXT`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::keyed::{keyed, number, unknown_key};
use crate::job::{Notice, Region, Request};
use crate::store::pictures::mask_file;
use crate::store::pictures::mask_file::MaskChannel;

const FORM: &str = "MASK[,weight=F][,negative=TEXT],prompt=TEXT";

#[derive(Debug, Args)]
#[command(next_help_heading = "Steering by pictures and areas")]
pub(crate) struct RegionArguments {
    /// An area with words of its own, for Stable Diffusion models: MASK,prompt=TEXT; may be given several times
    ///
    /// As in --region "left.png,weight=0.8,negative=fog,prompt=a tree, in autumn"
    ///
    ///   MASK: a file in the picture's shape, whose white is the area and whose grey counts in part
    ///   weight=F: 1 where its words count alone there, less where --prompt counts too
    ///   negative=TEXT: what is not drawn there, instead of --negative
    ///   prompt=TEXT: its words; it comes last and takes the rest, commas too
    #[arg(long, value_name = "MASK,…", value_parser = region_text, verbatim_doc_comment)]
    pub region: Vec<RegionText>,
}

/// What stands behind one `--region`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RegionText {
    mask: PathBuf,
    /// Without mask.
    settings: Region,
}

impl RegionArguments {
    pub(crate) fn fill(&self, request: &mut Request, notices: &mut Vec<Notice>) -> Result<(), String> {
        for text in &self.region {
            unknown_key(&text.mask, &["weight", "negative", "prompt"])
                .map_or(Ok(()), |wrong| Err(format!("--region: {wrong}")))?;
            let mask = mask_file::read_channel(&text.mask, MaskChannel::Auto, notices);
            let mask = Some(Arc::new(mask.map_err(|error| error.to_string())?));
            request.regions.push(Region { mask, ..text.settings.clone() });
        }
        Ok(())
    }
}

fn region_text(text: &str) -> Result<RegionText, String> {
    let found = keyed(text, &["weight", "negative"], Some("prompt"))?;
    if found.head.is_empty() {
        return Err(format!("a mask comes first: {FORM}"));
    }
    let mut settings = Region::default();
    let mut is_worded = false;
    for (key, value) in found.pairs {
        match key {
            "weight" => settings.weight = number(key, value, (0.0, 1.0))?,
            "negative" => settings.negative = Some(value.to_owned()),
            _ => (settings.prompt, is_worded) = (value.to_owned(), true),
        }
    }
    if !is_worded {
        return Err(format!("prompt=TEXT is missing: {FORM}"));
    }
    Ok(RegionText { mask: found.head.into(), settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_takes_the_rest() {
        let text = region_text("a, b.png,weight=0.5,negative=fog, rain,prompt=a sky, weight=1, (blue:1.2)").unwrap();
        assert_eq!(text.mask, PathBuf::from("a, b.png"));
        let Region { prompt, negative, weight, .. } = text.settings;
        assert_eq!((prompt.as_str(), negative.as_deref()), ("a sky, weight=1, (blue:1.2)", Some("fog, rain")));
        assert!((weight - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        for (text, said) in [
            ("m.png", "prompt=TEXT is missing"),
            ("prompt=a", "a mask comes first"),
            ("m.png,weight=2,prompt=a", "from 0 to 1"),
            ("m.png,negative=,prompt=a", "nothing"),
        ] {
            let refused = region_text(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
