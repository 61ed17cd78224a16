//! One rule reads every mask, whatever program wrote it.

use super::*;

const SIDE: u32 = 24;

/// Where the mask is meant to be.
fn is_meant(x: u32, y: u32) -> bool {
    (6..16).contains(&x) && (4..20).contains(&y)
}

fn picture(pixel: impl Fn(u32, u32) -> [u8; 4]) -> Picture {
    let bytes = (0..SIDE * SIDE).flat_map(|i| pixel(i % SIDE, i / SIDE)).collect();
    Picture::from_rgba(SIDE, SIDE, bytes).unwrap()
}

/// A photo's colours, between two tones.
fn tone(x: u32, y: u32, from: u8, to: u8) -> [u8; 3] {
    [7, 13, 29].map(|step| from + ((x * step + y * (step + 4)) % (u32::from(to - from) + 1)) as u8)
}

fn taken(picture: &Picture) -> (MaskChannel, MaskPlane) {
    let channel = chosen(picture, &|_| true);
    (channel, mask_of(picture, channel, &|_| true))
}

fn wanted() -> MaskPlane {
    let values = (0..SIDE * SIDE).map(|i| if is_meant(i % SIDE, i / SIDE) { 255 } else { 0 }).collect();
    MaskPlane::from_values(SIDE, SIDE, values).unwrap()
}

#[test]
fn a_mask_survives_its_file() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("mask.png");
    let mask = MaskPlane::from_values(16, 16, (0..=255).collect()).unwrap();
    write(&path, &mask).unwrap();
    assert_eq!(read(&path).unwrap(), mask);
}

#[test]
fn brightness_counts_and_opacity_alone_where_there_is_one_colour() {
    let mask = |pixels: [[u8; 4]; 3]| taken(&Picture::from_rgba(3, 1, pixels.concat()).unwrap()).1.values().to_vec();
    assert_eq!(mask([[255; 4], [0, 0, 0, 255], [128, 128, 128, 255]]), [255, 0, 128]);
    // Black, and white, strokes on a transparent layer.
    assert_eq!(mask([[0, 0, 0, 255], [9, 9, 9, 0], [0, 0, 0, 100]]), [255, 0, 100]);
    assert_eq!(mask([[255; 4], [0, 0, 0, 0], [255, 255, 255, 50]]), [255, 0, 50]);
    // A mask of black and white on a layer is no photo.
    assert_eq!(mask([[255; 4], [255, 255, 255, 0], [0, 0, 0, 255]]), [255, 0, 0]);
}

#[test]
fn of_a_photo_with_a_part_erased_that_part_is_the_mask() {
    // Bright, dark and ordinary photos, grey ones too; programs keep the colours under alpha 0, or zero them.
    for (from, to) in [(0, 255), (180, 255), (0, 60), (100, 140)] {
        for is_grey in [false, true] {
            for kept in [None, Some([0, 0, 0]), Some([255, 255, 255])] {
                let photo = picture(|x, y| {
                    let [red, green, blue] = tone(x, y, from, to);
                    let colour = if is_grey { [red; 3] } else { [red, green, blue] };
                    let erased = is_meant(x, y);
                    let [red, green, blue] = kept.filter(|_| erased).unwrap_or(colour);
                    [red, green, blue, if erased { 0 } else { 255 }]
                });
                let found = taken(&photo);
                assert_eq!(found, (MaskChannel::InvertedAlpha, wanted()), "{from} {to} {is_grey} {kept:?}");
            }
        }
    }
}

#[test]
fn of_strokes_on_nothing_the_strokes_are_the_mask() {
    for [red, green, blue] in [[0, 0, 0], [255, 255, 255], [255, 0, 0], [90, 140, 30]] {
        // Clean, with a lossy format's noise, and in colours that fade with alpha and are written in few steps.
        for noise in [0, 3] {
            let strokes = picture(|x, y| {
                let alpha: u8 = if is_meant(x, y) { 255 } else { 0 };
                let shift = |value: u8| {
                    if (x + y) % 2 == 0 { value.saturating_add(noise) } else { value.saturating_sub(noise) }
                };
                if alpha == 0 {
                    [(x * 9) as u8, (y * 9) as u8, 77, 0]
                } else {
                    [shift(red), shift(green), shift(blue), alpha]
                }
            });
            assert_eq!(taken(&strokes), (MaskChannel::Alpha, wanted()), "{red} {green} {blue} {noise}");
        }
        let faded = picture(|x, y| {
            let alpha = (x * 255 / (SIDE - 1)) as u8;
            // Premultiplied and back.
            let back = |value: u8| match u32::from(alpha) {
                0 => 0,
                alpha => ((u32::from(value) * alpha / 255) * 255 / alpha).min(255) as u8,
            };
            [back(red), back(green), back(blue), if y == 0 { 0 } else { alpha }]
        });
        let (channel, mask) = taken(&faded);
        assert_eq!((channel, mask.row(5)[SIDE as usize - 1], mask.row(5)[0]), (MaskChannel::Alpha, 255, 0));
    }
}

#[test]
fn without_transparency_or_with_the_same_everywhere_brightness_counts() {
    for alpha in [255, 254, 128, 30] {
        let mask = picture(|x, y| {
            let value = if is_meant(x, y) { 255 } else { 0 };
            [value, value, value, if x == 3 { alpha } else { alpha - 1 }]
        });
        assert_eq!(taken(&mask), (MaskChannel::Luma, wanted()), "alpha {alpha}");
    }
    let invisible = picture(|x, y| [if is_meant(x, y) { 255 } else { 0 }, 0, 0, 0]);
    assert!(taken(&invisible).1.is_empty(), "what nobody sees is no mask");
}

#[test]
fn a_channel_that_is_asked_for_is_taken_in_silence_and_a_chosen_one_is_said() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("mask.png");
    let photo = picture(|x, y| {
        let [red, green, blue] = tone(x, y, 10, 250);
        [red, green, blue, if is_meant(x, y) { 0 } else { 255 }]
    });
    crate::store::pictures::picture_file::write(&path, &photo, None).unwrap();
    let read_by = |channel| {
        let mut notices = Vec::new();
        (read_channel(&path, channel, &mut notices).unwrap(), notices)
    };
    let (mask, notices) = read_by(MaskChannel::Auto);
    assert_eq!(mask, wanted());
    let [Notice { message, remedy: Some(Remedy::MaskChannel) }] = &notices[..] else { panic!("{notices:?}") };
    assert!(message.contains("transparent in it is repainted"), "{message}");
    assert_eq!(read_by(MaskChannel::InvertedAlpha), (wanted(), Vec::new()));
    let mut opaque = wanted();
    opaque.invert();
    assert_eq!(read_by(MaskChannel::Alpha), (opaque, Vec::new()));
    let (bright, notices) = read_by(MaskChannel::Luma);
    assert!(notices.is_empty() && bright.row(10)[10] == 0 && bright.row(1)[3] > 0);
    for channel in MaskChannel::ALL {
        assert_eq!(MaskChannel::from_id(channel.id()), Some(channel));
    }
}
