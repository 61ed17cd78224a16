//! How a picture file was made, whichever program wrote it: its texts are gathered here and read in `programs`.

use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::store::pictures::metadata::parameters::REQUEST_KEY;
use crate::store::pictures::metadata::{exif, iptc, png_controls, png_text, xmp};
use crate::store::pictures::picture_error::{self, PictureFileError, unopened};
use crate::store::pictures::programs::{PictureSettings, Texts, hidden_text, settings_of, settings_of_hidden};

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// As many pixels as any other reader takes, with four bytes each.
const MOST_BYTES: u64 = 400_000_000;

/// The settings that a picture was made with; `None` when it has none that Inkwick knows.
///
/// # Errors
/// When the file cannot be opened.
pub fn read(path: &Path) -> Result<Option<PictureSettings>, PictureFileError> {
    let open = || picture_error::open(path).map(BufReader::new);
    let mut start = Vec::with_capacity(PNG_SIGNATURE.len());
    open()?.take(PNG_SIGNATURE.len() as u64).read_to_end(&mut start).map_err(|source| unopened(source, path))?;
    let settings = if start == PNG_SIGNATURE {
        png_text::read_settings(open()?)
    } else {
        let texts = texts_of(open()?);
        texts.get(REQUEST_KEY).and_then(png_text::exact).or_else(|| settings_of(&texts))
    };
    let hidden = || settings_of_hidden(&hidden_in(open().ok()?)?);
    let mut settings = settings.or_else(hidden);
    if let Some(settings) = &mut settings {
        png_controls::fill(path, &mut settings.request);
    }
    Ok(settings)
}

/// AUTOMATIC1111's text in the bytes of a picture file, whoever wrote it, else its comment; `None` where there is neither.
#[must_use]
pub(crate) fn parameters_in(bytes: &[u8]) -> Option<String> {
    use crate::store::pictures::programs::texts::{
        DESCRIPTION, PARAMETERS, USER_COMMENT, WINDOWS_COMMENT, WINDOWS_TITLE,
    };
    let parameters_among = |texts: &Texts| {
        let names = [USER_COMMENT, WINDOWS_COMMENT, DESCRIPTION, WINDOWS_TITLE];
        let with_steps = || names.into_iter().flat_map(|name| texts.all(name)).find(|text| has_steps(text));
        let text = texts.get(PARAMETERS).or_else(with_steps).or_else(|| texts.get(USER_COMMENT));
        text.map(str::to_owned)
    };
    let input = std::io::Cursor::new(bytes);
    if bytes.starts_with(PNG_SIGNATURE) {
        return png_text::find_among(input, parameters_among);
    }
    parameters_among(&texts_of(input))
}

/// Whether the text has a number of steps, as every text of AUTOMATIC1111's kind has.
fn has_steps(text: &str) -> bool {
    text.match_indices("Steps:").any(|(at, name)| {
        let rest = text[at + name.len()..].trim_start();
        rest.starts_with(|letter: char| letter.is_ascii_digit())
    })
}

/// The texts of a picture whose format has no place for named ones.
fn texts_of(input: impl BufRead + Seek) -> Texts {
    let mut texts = Texts::default();
    let reader = ImageReader::new(input).with_guessed_format().ok();
    let Some(mut decoder) = reader.and_then(|reader| reader.into_decoder().ok()) else { return texts };
    if let Ok(Some(block)) = decoder.exif_metadata() {
        exif::add(&mut texts, &block);
    }
    if let Ok(Some(packet)) = decoder.xmp_metadata() {
        xmp::add(&mut texts, &packet);
    }
    if let Ok(Some(block)) = decoder.iptc_metadata() {
        iptc::add(&mut texts, &block);
    }
    texts
}

/// The text in the lowest bits of pixels, which only formats without loss keep.
fn hidden_in(input: impl BufRead + Seek) -> Option<String> {
    let reader = ImageReader::new(input).with_guessed_format().ok()?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::WebP)) {
        return None;
    }
    let mut decoder = reader.into_decoder().ok()?;
    let has_room = decoder.total_bytes() <= MOST_BYTES && decoder.color_type().bytes_per_pixel() <= 4;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_BYTES);
    if !has_room || decoder.set_limits(limits).is_err() || decoder.orientation().ok()? != Orientation::NoTransforms {
        return None;
    }
    let picture = DynamicImage::from_decoder(decoder).ok()?.into_rgba8();
    hidden_text(picture.width(), picture.as_raw())
}
