//! How a photo meets a size of another shape.

use serde::{Deserialize, Serialize};

use super::extend::{Extension, extended};
use super::geometry::{crop, largest_inside, middle_part, resized};
use crate::raster::Picture;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResizeMode {
    /// Pulled to the size, shape and all.
    #[default]
    Stretch,
    /// The middle part that has the shape.
    Crop,
    /// The largest size of the photo's own shape inside the one that was asked for.
    Fit,
    /// All of it, and around it what its border suggests.
    Pad,
}

impl ResizeMode {
    pub const ALL: [Self; 4] = [Self::Stretch, Self::Crop, Self::Fit, Self::Pad];

    /// The name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Stretch => "stretch",
            Self::Crop => "crop",
            Self::Fit => "fit",
            Self::Pad => "pad",
        }
    }

    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.id() == id)
    }
}

/// What the network is given: at this size in this way. `Fit` is the caller's: it chooses a size of the same shape.
#[must_use]
pub fn fitted(picture: &Picture, width: u32, height: u32, mode: ResizeMode) -> Picture {
    let (own_width, own_height) = (picture.width(), picture.height());
    match mode {
        ResizeMode::Stretch | ResizeMode::Fit => resized(picture, width, height),
        ResizeMode::Crop => {
            let part = middle_part((own_width, own_height), (width, height));
            resized(&crop(picture, part), width, height)
        }
        ResizeMode::Pad => {
            let (wide, tall) = largest_inside((width, height), (own_width, own_height));
            let small = resized(picture, wide, tall);
            let (left, top) = ((width - wide) / 2, (height - tall) / 2);
            let around = Extension { left, top, right: width - wide - left, bottom: height - tall - top };
            extended(&small, around)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::picture_of;
    use super::*;

    /// Red grows from left to right, green from top to bottom.
    fn ramp(width: u32, height: u32) -> Picture {
        let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| [(x * 2) as u8, (y * 2) as u8, 9, 255]));
        picture_of(width, height, bytes.collect())
    }

    #[test]
    fn every_mode_gives_the_size_and_keeps_what_it_says() {
        let picture = ramp(100, 50);
        let at = |picture: &Picture, x: usize, y: usize| picture.rgba()[(y * 60 + x) * 4..][..2].to_vec();
        let stretched = fitted(&picture, 60, 60, ResizeMode::Stretch);
        assert!(at(&stretched, 1, 30)[0] < 10 && at(&stretched, 58, 30)[0] > 190);
        // The middle 50 of 100 columns.
        let cropped = fitted(&picture, 60, 60, ResizeMode::Crop);
        assert!((48..56).contains(&at(&cropped, 1, 30)[0]) && (140..150).contains(&at(&cropped, 58, 30)[0]));
        // 60×30 in the middle, its edges going on above and below.
        let padded = fitted(&picture, 60, 60, ResizeMode::Pad);
        assert!(at(&padded, 30, 16)[1] < 10 && at(&padded, 30, 43)[1] > 90);
        assert!(at(&padded, 30, 2)[1] < 40 && at(&padded, 30, 57)[1] > 60);
        assert!([&stretched, &cropped, &padded].iter().all(|picture| picture.size() == [60, 60]));
    }
}
