//! A preview for any number of readers: encoded when the first of them wants it, and only then.

use std::sync::{Arc, OnceLock};

use crate::raster::Picture;
use crate::service::pictures::encoded;
use crate::store::pictures::metadata::png_text;

pub(in crate::service) struct Preview {
    pub step: u32,
    /// Until it is encoded, where that is done here.
    picture: Option<Arc<Picture>>,
    base64: OnceLock<String>,
}

impl Preview {
    #[must_use]
    pub(super) fn new(step: u32, picture: Arc<Picture>) -> Self {
        Self { step, picture: Some(picture), base64: OnceLock::new() }
    }

    /// One that another node has encoded.
    #[cfg(feature = "nats")]
    #[must_use]
    pub(in crate::service) fn of_base64(step: u32, base64: String) -> Self {
        Self { step, picture: None, base64: OnceLock::from(base64) }
    }

    /// The PNG's base64, if a reader had it encoded already.
    #[must_use]
    pub(in crate::service) fn ready(&self) -> Option<&str> {
        self.base64.get().map(String::as_str)
    }

    /// The PNG's base64; empty where it cannot be encoded. May take a moment: to be asked on a thread that may wait.
    #[must_use]
    pub(in crate::service) fn base64(&self) -> &str {
        self.base64.get_or_init(|| {
            let png = self.picture.as_ref().and_then(|picture| png_text::encode(picture, None).ok());
            png.map(|png| encoded(&png)).unwrap_or_default()
        })
    }
}
