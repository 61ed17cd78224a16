//! The text in which a picture file tells how it was made, wherever in EXIF or XMP it stands.

use image::ImageDecoder;

use super::reading::Source;
use super::{exif, reading, xmp};

/// The comment, or a description that speaks as AUTOMATIC1111 does: other descriptions are no prompts.
pub(crate) fn of(source: &Source<'_>) -> Option<String> {
    let mut decoder = reading::decoder_of(source)?;
    let block = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    let packet = decoder.xmp_metadata().ok().flatten().unwrap_or_default();
    let comment = exif::comment_of(&block);
    let others = exif::descriptions_of(&block).into_iter().chain(xmp::texts_of(&packet));
    let told = comment.clone().into_iter().chain(others).find(|text| tells_settings(text));
    told.or(comment)
}

/// Whether the text has a number of steps, as every text of AUTOMATIC1111's kind has.
fn tells_settings(text: &str) -> bool {
    text.match_indices("Steps:").any(|(at, name)| {
        let rest = text[at + name.len()..].trim_start();
        rest.starts_with(|letter: char| letter.is_ascii_digit())
    })
}
