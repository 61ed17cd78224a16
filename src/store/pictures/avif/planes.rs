//! AV1's planes of brightness and colour differences to RGB (ITU-T H.273).

use rayon::prelude::*;
use re_rav1d::dav1d::{Picture, PixelLayout, PlanarImageComponent};

use super::Fault;

/// A decoded picture's planes, one number a sample.
pub(super) struct Planes {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Brightness, and the two differences where it is not grey.
    parts: Vec<Plane>,
    bits: u32,
    is_full: bool,
    /// How often a difference counts sideways and downwards.
    steps: [usize; 2],
}

struct Plane {
    samples: Vec<u16>,
    width: usize,
    height: usize,
}

impl Planes {
    pub(super) fn of(picture: &Picture) -> Result<Self, Fault> {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let steps = match picture.pixel_layout() {
            PixelLayout::I420 => [2, 2],
            PixelLayout::I422 => [2, 1],
            PixelLayout::I400 | PixelLayout::I444 => [1, 1],
        };
        let bits = picture.bits_per_component().ok_or(Fault::Broken("it does not say how deep it is"))?.0 as u32;
        let mut parts = Vec::new();
        for component in [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V] {
            if component != PlanarImageComponent::Y && picture.pixel_layout() == PixelLayout::I400 {
                break;
            }
            let [across, down] = if component == PlanarImageComponent::Y { [1, 1] } else { steps };
            let (width, height) = (width.div_ceil(across), height.div_ceil(down));
            let stride = picture.stride(component) as usize;
            let bytes = picture.plane(component);
            let sample_bytes = if bits > 8 { 2 } else { 1 };
            let mut samples = Vec::with_capacity(width * height);
            for row in bytes.chunks(stride.max(1)).take(height) {
                let row = row.get(..width * sample_bytes).ok_or(Fault::CutShort)?;
                if bits > 8 {
                    samples.extend(row.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])));
                } else {
                    samples.extend(row.iter().copied().map(u16::from));
                }
            }
            if samples.len() != width * height {
                return Err(Fault::CutShort);
            }
            parts.push(Plane { samples, width, height });
        }
        let is_full = matches!(picture.color_range(), re_rav1d::dav1d::pixel::YUVRange::Full);
        Ok(Self { width, height, parts, bits, is_full, steps })
    }

    pub(super) fn is_grey(&self) -> bool {
        self.parts.len() == 1
    }

    /// Brightness as 8 bits, the whole range: opacity, and grey pictures.
    pub(super) fn to_grey(&self, is_full: Option<bool>) -> Vec<u8> {
        let tones = Tones::of(self.bits, is_full.unwrap_or(self.is_full));
        self.parts[0].samples.par_iter().map(|sample| eight_bits(tones.brightness(*sample))).collect()
    }

    /// RGB of 8 bits, by the matrix of that number; `None` is the matrix of television before HD, which is what files mean
    /// that say none.
    pub(super) fn to_rgb(&self, matrix: Option<u64>, is_full: Option<bool>) -> Result<Vec<u8>, Fault> {
        let tones = Tones::of(self.bits, is_full.unwrap_or(self.is_full));
        let matrix = Matrix::of(matrix.unwrap_or(2)).ok_or(Fault::Other("its colours are coded in a rare way"))?;
        if matches!(matrix, Matrix::Identity) && self.steps != [1, 1] {
            return Err(Fault::Broken("its colours are coded in two ways at once"));
        }
        let mut rgb = vec![0; self.width * self.height * 3];
        rgb.par_chunks_mut(self.width * 3).enumerate().for_each(|(y, row)| {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                let brightness = self.parts[0].samples[y * self.width + x];
                let [first, second] = [1, 2].map(|plane| self.parts[plane].at(x, y, self.steps));
                let colour = match matrix {
                    Matrix::Identity => {
                        let [blue, red] = [first, second].map(|sample| tones.brightness_of(sample));
                        [red, tones.brightness(brightness), blue]
                    }
                    Matrix::Green => {
                        let [green, orange] = [first, second].map(|sample| tones.difference(sample));
                        let bright = tones.brightness(brightness);
                        let base = bright - green;
                        [base + orange, bright + green, base - orange]
                    }
                    Matrix::Shares { red, blue } => {
                        let [to_blue, to_red] = [first, second].map(|sample| tones.difference(sample));
                        let bright = tones.brightness(brightness);
                        let (r, b) = (bright + 2.0 * (1.0 - red) * to_red, bright + 2.0 * (1.0 - blue) * to_blue);
                        [r, (bright - red * r - blue * b) / (1.0 - red - blue), b]
                    }
                };
                pixel.copy_from_slice(&colour.map(eight_bits));
            }
        });
        Ok(rgb)
    }
}

impl Plane {
    /// The sample at a pixel, between the four nearest ones where one stands for several pixels: its middle is theirs.
    fn at(&self, x: usize, y: usize, steps: [usize; 2]) -> f32 {
        let (left, right, across) = between(x, steps[0], self.width);
        let (top, bottom, down) = between(y, steps[1], self.height);
        let row = |y: usize| {
            let [left, right] = [left, right].map(|x| f32::from(self.samples[y * self.width + x]));
            left + (right - left) * across
        };
        let (top, bottom) = (row(top), row(bottom));
        top + (bottom - top) * down
    }
}

/// The two samples that a place lies between, and how far it is on the way from the first to the second.
fn between(place: usize, step: usize, samples: usize) -> (usize, usize, f32) {
    let own = (place / step).min(samples - 1);
    match (step, place % 2) {
        (1, _) => (own, own, 0.0),
        (_, 0) => (own, own.saturating_sub(1), 0.25),
        _ => (own, (own + 1).min(samples - 1), 0.25),
    }
}

fn eight_bits(share: f32) -> u8 {
    (share * 255.0).round().clamp(0.0, 255.0) as u8
}

/// What numbers mean: black, white and the middle.
struct Tones {
    black: f32,
    range: f32,
    middle: f32,
    spread: f32,
}

impl Tones {
    fn of(bits: u32, is_full: bool) -> Self {
        let step = (1u32 << (bits - 8)) as f32;
        let most = ((1u32 << bits) - 1) as f32;
        let middle = 128.0 * step;
        if is_full {
            Self { black: 0.0, range: most, middle, spread: most }
        } else {
            Self { black: 16.0 * step, range: 219.0 * step, middle, spread: 224.0 * step }
        }
    }

    fn brightness(&self, sample: u16) -> f32 {
        self.brightness_of(f32::from(sample))
    }

    /// From 0 to 1.
    fn brightness_of(&self, sample: f32) -> f32 {
        ((sample - self.black) / self.range).clamp(0.0, 1.0)
    }

    /// From -1/2 to 1/2.
    fn difference(&self, sample: f32) -> f32 {
        (sample - self.middle) / self.spread
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Matrix {
    /// Green, blue and red themselves.
    Identity,
    /// `YCgCo`.
    Green,
    /// Red's and blue's shares of brightness.
    Shares { red: f32, blue: f32 },
}

impl Matrix {
    fn of(code: u64) -> Option<Self> {
        let shares = |red, blue| Some(Self::Shares { red, blue });
        match code {
            0 => Some(Self::Identity),
            1 => shares(0.2126, 0.0722),
            2 | 5 | 6 => shares(0.299, 0.114),
            4 => shares(0.30, 0.11),
            7 => shares(0.212, 0.087),
            8 => Some(Self::Green),
            9 => shares(0.2627, 0.0593),
            _ => None,
        }
    }
}
