//! Pictures that steer, made of other pictures without any network: edges, strokes, lines, blur, grey, normals.

mod canny;
mod gaussian;
mod normals;
mod strokes;

use crate::mask::MaskPlane;
use crate::raster::Picture;
use gaussian::blurred;
pub use normals::normals_of;

/// What is made of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preprocessor {
    /// Thin white edges on black (Canny, 1986), by OpenCV's rules.
    Canny,
    /// White strokes on black where the picture is darker than its surroundings (XDoG, Winnemöller et al., 2012).
    Scribble,
    /// Lines as white as they are dark in the picture.
    Lineart,
    /// What is large stays.
    Blur,
    Grey,
    /// Dark on white becomes white on black.
    Invert,
    /// Where surfaces face, of a depth map.
    NormalOfDepth,
    /// What is masked becomes transparent: it is to be made up.
    Inpaint,
}

/// The numbers of a preprocessor, as its publishers set them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PreprocessSettings {
    /// Canny's two thresholds: an edge begins at the second and goes on down to the first.
    pub low: u32,
    pub high: u32,
    /// How far blur reaches, in pixels.
    pub radius_px: f32,
}

impl Default for PreprocessSettings {
    fn default() -> Self {
        Self { low: 100, high: 200, radius_px: 9.0 }
    }
}

impl Preprocessor {
    pub const ALL: [Self; 8] = [
        Self::Canny,
        Self::Scribble,
        Self::Lineart,
        Self::Blur,
        Self::Grey,
        Self::Invert,
        Self::NormalOfDepth,
        Self::Inpaint,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Canny => "canny",
            Self::Scribble => "scribble",
            Self::Lineart => "lineart",
            Self::Blur => "blur",
            Self::Grey => "grey",
            Self::Invert => "invert",
            Self::NormalOfDepth => "normal-of-depth",
            Self::Inpaint => "inpaint",
        }
    }

    /// By that name, or another that is used for it.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        match id {
            "tile" => Some(Self::Blur),
            "gray" => Some(Self::Grey),
            _ => Self::ALL.into_iter().find(|kind| kind.id() == id),
        }
    }

    /// The picture that it makes, as large as `picture`, which is laid on white. `mask`, of the same size, is what
    /// [`Preprocessor::Inpaint`] leaves open; the others do without.
    #[must_use]
    pub fn made_of(self, picture: &Picture, settings: PreprocessSettings, mask: Option<&MaskPlane>) -> Picture {
        let seen = crate::raster::over_white(picture);
        let [width, height] = seen.size();
        match self {
            Self::Canny => canny::edges(&seen, settings.low, settings.high),
            Self::Scribble => strokes::scribble(&seen),
            Self::Lineart => strokes::lineart(&seen),
            Self::Blur => {
                let values: Vec<f32> = seen.rgba().iter().copied().map(f32::from).collect();
                // As OpenCV cuts it off where values are bytes.
                let values = blurred::<4>(&values, [width, height], settings.radius_px, 3.0);
                of_bytes(&seen, values.iter().map(|value| value.round() as u8).collect())
            }
            Self::Grey => each(&seen, |[red, green, blue]| [brightness([red, green, blue]); 3]),
            Self::Invert => each(&seen, |rgb| rgb.map(|value| 255 - value)),
            Self::NormalOfDepth => of_bytes(&seen, normals::of_depth_map(&seen)),
            Self::Inpaint => {
                let mut rgba = seen.rgba().to_vec();
                let values = mask.map_or(&[][..], MaskPlane::values);
                for (pixel, value) in rgba.chunks_exact_mut(4).zip(values) {
                    if *value >= crate::mask::PAINTED {
                        pixel.fill(0);
                    }
                }
                of_bytes(&seen, rgba)
            }
        }
    }
}

fn each(picture: &Picture, change: impl Fn([u8; 3]) -> [u8; 3]) -> Picture {
    let pixels = picture.rgba().chunks_exact(4).flat_map(|pixel| {
        let [red, green, blue] = change([pixel[0], pixel[1], pixel[2]]);
        [red, green, blue, pixel[3]]
    });
    of_bytes(picture, pixels.collect())
}

/// White where `is_on`, else black.
fn white_on_black(picture: &Picture, is_on: impl Iterator<Item = u8>) -> Picture {
    of_bytes(picture, is_on.flat_map(|value| [value, value, value, 255]).collect())
}

/// As large as `picture`.
fn of_bytes(picture: &Picture, rgba: Vec<u8>) -> Picture {
    Picture::from_rgba(picture.width(), picture.height(), rgba).unwrap_or_else(|_| picture.clone())
}

/// ITU-R 601, in the whole numbers that Pillow uses.
fn brightness([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Picture {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/data/preprocess");
        let pixels = image::open(folder.join(name)).unwrap().to_rgba8();
        Picture::from_rgba(pixels.width(), pixels.height(), pixels.into_raw()).unwrap()
    }

    /// What `tests/reference/preprocess.py` makes by OpenCV and by the published definitions.
    #[test]
    fn each_is_what_its_publishers_make() {
        for source in ["scene", "drawing"] {
            let picture = read(&format!("{source}.png"));
            for (kind, most) in [
                (Preprocessor::Canny, 0.0),
                (Preprocessor::Scribble, 0.5),
                (Preprocessor::Lineart, 0.5),
                (Preprocessor::Blur, 0.6),
                (Preprocessor::Grey, 0.0),
                (Preprocessor::Invert, 0.0),
                (Preprocessor::NormalOfDepth, 0.5),
            ] {
                let wanted = read(&format!("{source}-{}.png", kind.id()));
                let found = kind.made_of(&picture, PreprocessSettings::default(), None);
                assert_eq!(found.size(), wanted.size());
                let sum: f64 = found.rgba().iter().zip(wanted.rgba()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
                let mean = sum / found.rgba().len() as f64;
                assert!(mean <= most, "{} of {source}: off by {mean} of 255", kind.id());
            }
        }
    }

    #[test]
    fn what_is_masked_is_left_open() {
        let picture = Picture::filled(3, 1, [10, 20, 30, 255]);
        let mask = MaskPlane::from_values(3, 1, vec![0, 255, 100]).unwrap();
        let made = Preprocessor::Inpaint.made_of(&picture, PreprocessSettings::default(), Some(&mask));
        assert_eq!(made.rgba(), [10, 20, 30, 255, 0, 0, 0, 0, 10, 20, 30, 255]);
    }

    #[test]
    fn the_smallest_pictures_are_answered() {
        for (width, height) in [(1, 1), (1, 7), (2, 2)] {
            let picture = Picture::filled(width, height, [200, 100, 0, 128]);
            for kind in Preprocessor::ALL {
                let made = kind.made_of(&picture, PreprocessSettings::default(), None);
                assert_eq!((made.width(), made.height()), (width, height), "{}", kind.id());
                assert_eq!(Preprocessor::from_id(kind.id()), Some(kind));
            }
        }
    }
}
