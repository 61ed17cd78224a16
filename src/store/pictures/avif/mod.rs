//! AVIF: a still picture that AV1 coded, in a container of ISO's media files. Read are colours and opacity of up to 12 bits,
//! as RGB of 8, cut and turned as the file says; pictures of several tiles are not.

mod container;
mod fields;
mod planes;

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use moxcms::ColorProfile;
use re_rav1d::dav1d::{Decoder, Error, Picture, Settings};

use container::{Codes, Still};
use planes::Planes;

/// More threads than a still picture has use for are not started.
const MOST_THREADS: usize = 8;

/// What can be wrong with one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    CutShort,
    Broken(&'static str),
    /// Of a kind that is not read.
    Other(&'static str),
}

/// A picture as it stands, upright.
pub(crate) struct Stored {
    pub(crate) image: DynamicImage,
    pub(crate) profile: Option<Vec<u8>>,
    /// What of its colours is left aside.
    pub(crate) left_aside: Option<&'static str>,
}

/// A file whose size is known and whose pixels are not unpacked yet.
pub(crate) struct Packed(Still);

impl Packed {
    pub(crate) fn of(file: &[u8]) -> Result<Self, Fault> {
        container::read(file).map(Self)
    }

    /// Pixels, width and height, before it is turned.
    pub(crate) fn size(&self) -> [u32; 2] {
        self.0.size
    }

    pub(crate) fn unpack(self) -> Result<Stored, Fault> {
        let Still { colours, opacity, is_premultiplied, size, profile, codes, crop, turns, mirror } = self.0;
        let planes = decoded(colours, size)?;
        let opacity = opacity.map(|opacity| decoded(opacity, size)).transpose()?.map(|planes| planes.to_grey(None));
        let (matrix, is_full) = (codes.map(|codes| codes.matrix), codes.map(|codes| codes.is_full));
        let (width, height) = (size[0], size[1]);
        let none = Fault::Broken("it has fewer pixels than it says");
        let mut image = if planes.is_grey() && opacity.is_none() {
            GrayImage::from_raw(width, height, planes.to_grey(is_full)).map(DynamicImage::ImageLuma8).ok_or(none)?
        } else {
            let rgb = if planes.is_grey() {
                planes.to_grey(is_full).iter().flat_map(|grey| [*grey; 3]).collect()
            } else {
                planes.to_rgb(matrix, is_full)?
            };
            match opacity {
                Some(opacity) => RgbaImage::from_raw(width, height, joined(&rgb, &opacity, is_premultiplied))
                    .map(DynamicImage::ImageRgba8),
                None => RgbImage::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8),
            }
            .ok_or(none)?
        };
        if let Some([left, top, width, height]) = crop {
            image = image.crop_imm(left, top, width, height);
        }
        image = match turns {
            1 => image.rotate270(),
            2 => image.rotate180(),
            3 => image.rotate90(),
            _ => image,
        };
        image = match mirror {
            Some(true) => image.fliph(),
            Some(false) => image.flipv(),
            None => image,
        };
        let (named, left_aside) = if profile.is_some() { (None, None) } else { codes.map_or((None, None), profile_of) };
        Ok(Stored { image, profile: profile.or(named), left_aside })
    }
}

/// The planes of AV1's stream, if they are as large as the container says.
fn decoded(stream: Vec<u8>, size: [u32; 2]) -> Result<Planes, Fault> {
    let mut settings = Settings::new();
    settings.set_n_threads(rayon::current_num_threads().clamp(1, MOST_THREADS) as u32);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(size[0].saturating_mul(size[1]));
    let mut decoder = Decoder::with_settings(&settings).map_err(fault_of)?;
    let picture = first_picture(&mut decoder, stream)?;
    if [picture.width(), picture.height()] != size {
        return Err(Fault::Broken("its size is not the one that it says"));
    }
    Planes::of(&picture)
}

fn first_picture(decoder: &mut Decoder, stream: Vec<u8>) -> Result<Picture, Fault> {
    let mut sent = decoder.send_data(stream, None, None, None);
    loop {
        let is_all_sent = match sent {
            Ok(()) => true,
            Err(Error::Again) => false,
            Err(error) => return Err(fault_of(error)),
        };
        match decoder.get_picture() {
            Ok(picture) => return Ok(picture),
            Err(Error::Again) if !is_all_sent => sent = decoder.send_pending_data(),
            Err(Error::Again) => return Err(Fault::CutShort),
            Err(error) => return Err(fault_of(error)),
        }
    }
}

fn fault_of(error: Error) -> Fault {
    match error {
        Error::NotEnoughMemory => Fault::Other("it would take too much memory"),
        Error::UnsupportedBitstream => Fault::Other("its AV1 is of a rare kind"),
        _ => Fault::Broken("its AV1 cannot be decoded"),
    }
}

fn joined(rgb: &[u8], opacity: &[u8], is_premultiplied: bool) -> Vec<u8> {
    let pixels = rgb.chunks_exact(3).zip(opacity);
    pixels
        .flat_map(|(colour, opacity)| {
            let whole = |value: u8| match opacity {
                1.. if is_premultiplied => {
                    ((u32::from(value) * 255 + u32::from(*opacity) / 2) / u32::from(*opacity)).min(255) as u8
                }
                _ => value,
            };
            [whole(colour[0]), whole(colour[1]), whole(colour[2]), *opacity]
        })
        .collect()
}

/// A profile for colours that are not sRGB's, and what of them is not followed.
fn profile_of(codes: Codes) -> (Option<Vec<u8>>, Option<&'static str>) {
    let left_aside = match codes.transfer {
        16 | 18 => Some("it is HDR, brighter than a screen's white"),
        8..=10 => Some("its brightness is coded in a rare way"),
        _ => None,
    };
    let profile = match codes.primaries {
        9 => Some(ColorProfile::new_bt2020()),
        12 => Some(ColorProfile::new_display_p3()),
        _ => None,
    };
    match profile.filter(|_| left_aside.is_none()).map(|profile| profile.encode()) {
        Some(Ok(bytes)) => (Some(bytes), None),
        _ => (None, left_aside),
    }
}

#[cfg(test)]
mod tests;
