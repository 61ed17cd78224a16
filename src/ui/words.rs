//! What helps against a failure, in the words of the window.

use crate::job::{JobError, Notice, Remedy, with_remedy};

/// A failure as a sentence: what happened, and what helps here.
#[must_use]
pub(super) fn of_error(error: &JobError) -> String {
    capitalised(&with_remedy(&error.message, error.remedy, remedy))
}

/// A notice as a sentence.
#[must_use]
pub(super) fn of_notice(notice: &Notice) -> String {
    capitalised(&with_remedy(&notice.message, notice.remedy, remedy))
}

fn remedy(remedy: Remedy) -> String {
    match remedy {
        Remedy::GivePicture => "open or paste one".to_owned(),
        Remedy::ChooseVae => "the library's details of the model have a choice of VAE".to_owned(),
        Remedy::UseAsLora => "name it in the prompt of a model: <lora:NAME:1>".to_owned(),
        Remedy::InspectFile => "drop the file on the window to see what it holds".to_owned(),
        Remedy::SoftInpainting => "paint it stronger, or switch on Soft under Inpaint".to_owned(),
        Remedy::MaskChannel => "“Invert the mask” turns it over".to_owned(),
        Remedy::Tiling => "Attention “Tiled” and Decode “In tiles”, under Memory and speed, would fit".to_owned(),
        Remedy::LowMemory => "“Save memory”, under Memory and speed, takes less".to_owned(),
        Remedy::HalfPrecision => "a file of the same model in half precision takes half of it".to_owned(),
        Remedy::SmallerSize { width, height } => format!("{width}×{height} would fit"),
        Remedy::FreeMemory => "close other programs, or take a smaller model".to_owned(),
        Remedy::ListDevices => "the log, under Help, has the details".to_owned(),
        Remedy::ReportDevice => "the log, under Help, keeps this for a report".to_owned(),
    }
}

/// With a capital letter and a full stop.
fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let rest = letters.as_str();
    let stop = if rest.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{rest}{stop}")
}
