//! Lab as TIFF files hold it, to sRGB.

/// How the two colour axes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lab {
    /// TIFF's own (photometric 8): signed numbers.
    Signed,
    /// ICC's (photometric 9): with half of the range added.
    Icc,
}

/// D50, which ICC and TIFF's writers mean.
const WHITE: [f64; 3] = [0.96422, 1.0, 0.82521];
/// Linear sRGB from XYZ at D50 (Bradford).
const FROM_XYZ: [[f64; 3]; 3] = [
    [3.133_856_1, -1.616_866_7, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454],
    [0.071_945_3, -0.228_991_4, 1.405_242_7],
];

/// One pixel of three numbers from 0 to 1 as they were read as unsigned ones of 8 or 16 bits.
pub(super) fn to_srgb(stored: &[f32], kind: Lab, is_deep: bool) -> [u8; 4] {
    let most = if is_deep { 65535.0 } else { 255.0 };
    let number = |at: usize| (f64::from(stored[at]) * most).round();
    let steps = if is_deep { 256.0 } else { 1.0 };
    let axis = |at: usize| match kind {
        Lab::Signed if number(at) * 2.0 > most => (number(at) - most - 1.0) / steps,
        Lab::Signed => number(at) / steps,
        Lab::Icc => number(at) / steps - 128.0,
    };
    // ICC's white at 16 bits is 0xFF00.
    let whitest = if kind == Lab::Icc && is_deep { 65280.0 } else { most };
    srgb_of(number(0) / whitest * 100.0, axis(1), axis(2))
}

fn srgb_of(lightness: f64, a: f64, b: f64) -> [u8; 4] {
    let middle = (lightness + 16.0) / 116.0;
    let shares = [middle + a / 500.0, middle, middle - b / 200.0];
    let inverse = |share: f64| {
        const KNEE: f64 = 6.0 / 29.0;
        if share > KNEE { share.powi(3) } else { 3.0 * KNEE * KNEE * (share - 4.0 / 29.0) }
    };
    let xyz = [0, 1, 2].map(|at| inverse(shares[at]) * WHITE[at]);
    let [red, green, blue] = FROM_XYZ.map(|row| {
        let linear: f64 = row.iter().zip(xyz).map(|(factor, value)| factor * value).sum();
        let tone = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        (tone.clamp(0.0, 1.0) * 255.0).round() as u8
    });
    [red, green, blue, 255]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same six colours in all four ways of writing. The numbers are those of sRGB in Lab at D50.
    #[test]
    fn known_colours_come_out_in_every_way_of_writing() {
        for (lab, rgb) in [
            ([100.0, 0.0, 0.0], [255, 255, 255]),
            ([0.0, 0.0, 0.0], [0, 0, 0]),
            ([54.29, 80.81, 69.89], [255, 0, 0]),
            ([87.82, -79.29, 80.99], [0, 255, 0]),
            ([29.57, 68.3, -112.03], [0, 0, 255]),
            ([53.59, 0.0, 0.0], [128, 128, 128]),
        ] {
            let [l, a, b]: [f32; 3] = lab;
            let signed = |value: f32, steps: f32, most: f32| {
                let value = (value * steps).round();
                (if value < 0.0 { value + most + 1.0 } else { value }) / most
            };
            let written = [
                (Lab::Signed, false, [l / 100.0, signed(a, 1.0, 255.0), signed(b, 1.0, 255.0)]),
                (Lab::Signed, true, [l / 100.0, signed(a, 256.0, 65535.0), signed(b, 256.0, 65535.0)]),
                (Lab::Icc, false, [l / 100.0, (a + 128.0) / 255.0, (b + 128.0) / 255.0]),
                (Lab::Icc, true, [l * 652.8 / 65535.0, (a + 128.0) * 256.0 / 65535.0, (b + 128.0) * 256.0 / 65535.0]),
            ];
            for (kind, is_deep, stored) in written {
                let found = to_srgb(&stored, kind, is_deep);
                let off = found.iter().zip(rgb).map(|(found, wanted): (&u8, u8)| found.abs_diff(wanted)).max();
                // A step of 8 bits is seen in dark channels of bright colours.
                let most = if is_deep { 2 } else { 12 };
                assert!(off <= Some(most), "{lab:?} {kind:?} {is_deep}: {found:?}, {rgb:?}");
            }
        }
    }
}
