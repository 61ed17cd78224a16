//! Hue, saturation and brightness of a colour, as painters' programs count them: on the values that a file has.

/// Each from 0 to 1; a hue of 1 is that of 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Hsv {
    pub hue: f32,
    pub saturation: f32,
    pub value: f32,
}

impl Hsv {
    /// Greys have no hue and black no saturation: those of `before` stay, so that a way through them leads back.
    #[must_use]
    pub(super) fn of(rgb: [u8; 3], before: Self) -> Self {
        let [red, green, blue] = rgb.map(|channel| f32::from(channel) / 255.0);
        let most = red.max(green).max(blue);
        let spread = most - red.min(green).min(blue);
        let hue = if spread <= 0.0 {
            before.hue
        } else if most <= red {
            ((green - blue) / spread).rem_euclid(6.0) / 6.0
        } else if most <= green {
            ((blue - red) / spread + 2.0) / 6.0
        } else {
            ((red - green) / spread + 4.0) / 6.0
        };
        let saturation = if most <= 0.0 { before.saturation } else { spread / most };
        Self { hue, saturation, value: most }
    }

    #[must_use]
    pub(super) fn rgb(self) -> [u8; 3] {
        let Self { hue, saturation, value } = self;
        [5.0, 3.0, 1.0].map(|offset| {
            let place = (offset + hue * 6.0).rem_euclid(6.0);
            let share = place.min(4.0 - place).clamp(0.0, 1.0);
            ((value - value * saturation * share) * 255.0).round() as u8
        })
    }
}

/// "#d62828"; also without the sign, and with three figures.
#[must_use]
pub(super) fn of_hex(text: &str) -> Option<[u8; 3]> {
    let figures = text.trim().trim_start_matches('#');
    let digit = |at: usize| figures.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let of = |high: usize, low: usize| Some((digit(high)? * 16 + digit(low)?) as u8);
    match figures.len() {
        6 => Some([of(0, 1)?, of(2, 3)?, of(4, 5)?]),
        3 => Some([of(0, 0)?, of(1, 1)?, of(2, 2)?]),
        _ => None,
    }
}

#[must_use]
pub(super) fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_comes_back() {
        let steps = || (0..=255).step_by(15);
        for red in steps() {
            for green in steps() {
                for blue in steps() {
                    let rgb = [red, green, blue];
                    assert_eq!(Hsv::of(rgb, Hsv::default()).rgb(), rgb);
                    assert_eq!(of_hex(&hex(rgb)), Some(rgb));
                }
            }
        }
    }

    #[test]
    fn a_grey_keeps_the_hue_that_was_chosen() {
        let blue = Hsv::of([0, 0, 255], Hsv::default());
        assert_eq!(Hsv::of([90, 90, 90], blue), Hsv { saturation: 0.0, value: 90.0 / 255.0, ..blue });
        assert_eq!(Hsv::of([0, 0, 0], blue), Hsv { value: 0.0, ..blue });
    }

    #[test]
    fn what_is_no_colour_is_none() {
        for (text, wanted) in [("abc", Some([170, 187, 204])), (" #D62828 ", Some([214, 40, 40]))] {
            assert_eq!(of_hex(text), wanted);
        }
        for wrong in ["", "#", "#12345", "#gggggg", "ääää", "+1+1+1"] {
            assert_eq!(of_hex(wrong), None, "{wrong}");
        }
    }
}
