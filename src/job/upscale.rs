//! A picture to be enlarged by a network made for that.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Request, RequestError};
use crate::raster::Picture;

/// One picture to enlarge.
#[derive(Clone, Debug, PartialEq)]
pub struct UpscaleRequest {
    pub picture: Arc<Picture>,
    /// The network's file.
    pub model: PathBuf,
    /// How many times as large; `None` is as the network does it.
    pub scale: Option<f64>,
    /// How the picture was made, to be noted with the large one.
    pub made_by: Request,
}

impl UpscaleRequest {
    pub const MIN_SCALE: f64 = 0.25;
    pub const MAX_SCALE: f64 = 16.0;
    /// Of the large picture: more than this no reader here opens.
    pub const MAX_PIXELS: u64 = 100_000_000;

    /// What can be judged without the network.
    ///
    /// # Errors
    /// When the scale is out of its range, or the picture would become too large.
    pub fn validate(&self) -> Result<(), RequestError> {
        match self.scale {
            Some(scale) if !(Self::MIN_SCALE..=Self::MAX_SCALE).contains(&scale) => {
                Err(RequestError::UpscaleFactor { found: scale, min: Self::MIN_SCALE, max: Self::MAX_SCALE })
            }
            Some(scale) => self.size_px(scale).map(drop),
            None => Ok(()),
        }
    }

    /// Width and height of the large picture, in pixels.
    ///
    /// # Errors
    /// When it would be too large.
    pub fn size_px(&self, scale: f64) -> Result<[u32; 2], RequestError> {
        let side = |side: u32| (f64::from(side) * scale).round().max(1.0);
        let (width, height) = (side(self.picture.width()), side(self.picture.height()));
        if width * height > Self::MAX_PIXELS as f64 {
            return Err(RequestError::UpscaledSize { width: width as u64, height: height as u64 });
        }
        Ok([width as u32, height as u32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_and_sizes_have_ends() {
        let of = |side: u32, scale: Option<f64>| UpscaleRequest {
            picture: Arc::new(Picture::filled(side, 2, [0; 4])),
            model: PathBuf::new(),
            scale,
            made_by: Request::default(),
        };
        for (side, scale, is_fine) in
            [(256, None, true), (256, Some(4.0), true), (3, Some(0.25), true), (256, Some(0.0), false)]
        {
            assert_eq!(of(side, scale).validate().is_ok(), is_fine, "{side} {scale:?}");
        }
        for scale in [f64::NAN, f64::INFINITY, -1.0, 16.5] {
            assert!(of(8, Some(scale)).validate().is_err(), "{scale}");
        }
        assert_eq!(of(255, None).size_px(1.5), Ok([383, 3]));
        assert!(of(4_000_000, None).size_px(4.0).is_err());
    }
}
