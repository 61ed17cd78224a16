//! What helps against a failure, in the words of the service: fields of a request, and places to ask.

use crate::job::{JobError, Notice, Remedy, with_remedy};
use crate::store::paths::Paths;

/// What happened, and what helps here.
#[must_use]
pub(super) fn of_error(error: &JobError) -> String {
    error.sentence(remedy)
}

#[must_use]
pub(super) fn of_notice(notice: &Notice) -> String {
    with_remedy(&notice.message, notice.remedy, remedy)
}

/// The server's folders, which are not for others: sentences about files end with their places.
pub(super) struct Hidden(Vec<String>);

impl Hidden {
    #[must_use]
    pub(super) fn of(paths: &Paths) -> Self {
        let kept = paths.service_folder();
        let own = [&paths.models_folder, &paths.hub_cache, &paths.pictures_folder, &paths.cache_folder, &kept];
        let mut folders: Vec<String> =
            own.into_iter().chain(&paths.other_folders).map(|folder| folder.display().to_string()).collect();
        // A folder inside another goes first, or its end would stay.
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.len()));
        folders.retain(|folder| folder.len() > 1);
        Self(folders)
    }

    #[must_use]
    pub(super) fn in_text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, folder| text.replace(folder.as_str(), "…"))
    }
}

fn remedy(remedy: Remedy) -> String {
    match remedy {
        Remedy::GivePicture => "give one as init_image".to_owned(),
        Remedy::ChooseVae => "the field vae gives it one".to_owned(),
        Remedy::UseAsLora => "the field loras adds it to a model".to_owned(),
        Remedy::InspectFile => "look at the file on the server".to_owned(),
        Remedy::SoftInpainting => "paint it stronger, or set soft_inpaint".to_owned(),
        Remedy::MaskChannel => "mask_channel alpha, luma or inverted-alpha says it outright".to_owned(),
        Remedy::Tiling => "attention \"tiled\" and vae_tiling \"on\" would fit".to_owned(),
        Remedy::LowMemory => "memory \"low\" takes less".to_owned(),
        Remedy::HalfPrecision => "a server started in half precision takes half of it".to_owned(),
        Remedy::SmallerSize { width, height } => format!("{width}×{height} would fit"),
        Remedy::FreeMemory => "close other programs on the server, or take a smaller model".to_owned(),
        Remedy::ListDevices => "GET /v1/devices lists what the server has".to_owned(),
        Remedy::ReportDevice => "the server keeps this for a report".to_owned(),
    }
}
