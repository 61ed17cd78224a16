//! Pictures of other programs: read, or refused for what they are. `tests/reference/odd_pictures.py` writes the files.

use std::fs;
use std::path::PathBuf;

use tiff::encoder::colortype;

use super::*;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/pictures")
}

fn bytes_of(name: &str) -> Vec<u8> {
    fs::read(data().join(name)).unwrap()
}

type Read = Result<(Reading, Vec<String>), PictureFileError>;

fn read_bytes(bytes: &[u8]) -> Read {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.picture");
    fs::write(&path, bytes).unwrap();
    let mut notices = Vec::new();
    let reading = read(&Source::file(&path), &mut notices)?;
    Ok((reading, notices.into_iter().map(|notice| notice.message).collect()))
}

fn rgb(picture: &Picture) -> Vec<u8> {
    picture.rgba().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

fn farthest(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

/// Cuts a file at every place. What is said to be there must be there, and what is not said must be all.
fn holds_when_cut(name: &str, may_blur: bool) {
    let whole = bytes_of(name);
    let (all, notices) = read_bytes(&whole).unwrap();
    assert!(notices.is_empty() && all.missing.is_none(), "{name} is whole: {notices:?}");
    let (mut fewest_missing, mut partly) = (usize::MAX, 0);
    for end in (1..whole.len()).step_by(whole.len() / 90 + 1).chain([whole.len() - 1]) {
        let (cut, notices) = match read_bytes(&whole[..end]) {
            Ok(read) => read,
            Err(error) => {
                let sentence = error.to_string();
                let fair = ["cut short", "this file is none", "unexpected", "End of"];
                assert!(fair.iter().any(|word| sentence.contains(word)), "{name} at {end}: {sentence}");
                continue;
            }
        };
        let missing = |index: usize| cut.missing.as_ref().is_some_and(|missing| missing.values()[index] > 0);
        let count = (0..all.picture.rgba().len() / 4).filter(|index| missing(*index)).count();
        assert!(count <= fewest_missing, "{name} at {end}: more of the file, less of the picture");
        fewest_missing = count;
        let differs = |index: usize| cut.picture.rgba()[index * 4..][..4] != all.picture.rgba()[index * 4..][..4];
        if cut.missing.is_some() {
            assert!(notices.len() == 1 && notices[0].contains("% of the picture is missing"), "{name}: {notices:?}");
            partly += 1;
        } else if notices.is_empty() {
            assert!(!(0..all.picture.rgba().len() / 4).any(differs), "{name} at {end}: changed in silence");
        } else {
            assert!(notices[0].contains("% of its detail is missing"), "{name}: {notices:?}");
            continue;
        }
        let (width, height) = (all.picture.width() as usize, all.picture.height() as usize);
        for index in 0..width * height {
            let (x, y) = (index % width, index / width);
            if missing(index) {
                assert_eq!(cut.picture.rgba()[index * 4 + 3], 0);
                continue;
            }
            // Colours of halved planes are mixed with their neighbours'.
            let reach = if may_blur { 4 } else { 0 };
            let near = (y.saturating_sub(reach)..(y + reach + 1).min(height))
                .any(|y| (x.saturating_sub(reach)..(x + reach + 1).min(width)).any(|x| missing(y * width + x)));
            assert!(near || !differs(index), "{name} at {end}: {x},{y} is there and wrong");
        }
    }
    assert!(partly > 10, "{name}: only {partly} cuts gave a part of the picture");
}

#[test]
fn of_a_jpeg_that_ends_early_what_is_there_is_read_and_the_rest_is_reported() {
    for name in ["baseline-444", "optimized", "restarts", "grey", "as-rgb", "cmyk", "ycck"] {
        holds_when_cut(&format!("{name}.jpg"), name == "optimized" || name == "restarts");
    }
    for name in ["baseline-420", "baseline-422", "restart-rows"] {
        holds_when_cut(&format!("{name}.jpg"), true);
    }
}

#[test]
fn of_a_progressive_jpeg_that_ends_early_the_missing_detail_is_reported() {
    for name in ["progressive-444", "progressive-420", "progressive-411", "progressive-grey"] {
        let whole = bytes_of(&format!("{name}.jpg"));
        let (all, notices) = read_bytes(&whole).unwrap();
        assert!(notices.is_empty(), "{name} is whole: {notices:?}");
        let (mut parts, mut coarse) = (0, 0);
        let mut last_detail = 101;
        for end in (whole.len() / 4..whole.len() - 3).step_by(7) {
            let (cut, notices) = match read_bytes(&whole[..end]) {
                Ok(read) => read,
                Err(error) => {
                    assert!(matches!(error, PictureFileError::CutShort { .. }), "{name} at {end}: {error}");
                    continue;
                }
            };
            let [notice] = &notices[..] else { panic!("{name} at {end}: {notices:?}") };
            let share = notice.split(" %").next().unwrap().rsplit(' ').next().unwrap().parse::<u32>().unwrap();
            if cut.missing.is_some() {
                assert!(notice.contains("of the picture is missing"), "{notice}");
                parts += 1;
            } else {
                assert!(notice.contains("of its detail is missing") && share <= last_detail, "{name} {end}: {notice}");
                (coarse, last_detail) = (coarse + 1, share);
                let off: u64 =
                    rgb(&cut.picture).iter().zip(rgb(&all.picture)).map(|(a, b)| u64::from(a.abs_diff(b))).sum();
                assert!(off / (all.picture.rgba().len() as u64) < 40, "{name} at {end} is another picture");
            }
        }
        assert!(coarse > 20 && last_detail <= 10, "{name}: {parts} {coarse} {last_detail}");
    }
}

#[test]
fn a_jpeg_is_whole_without_its_last_marker_and_with_anything_behind_it() {
    for name in ["baseline-420.jpg", "progressive-444.jpg", "restarts.jpg"] {
        let whole = bytes_of(name);
        let (all, _) = read_bytes(&whole).unwrap();
        let behind = [&whole[..], b"junk \xff\xd8\xff\xe0 junk"].concat();
        let (cut_and_ended, notices) = read_bytes(&[&whole[..whole.len() * 2 / 3], b"\xff\xd9"].concat()).unwrap();
        assert!(cut_and_ended.picture != all.picture && notices.len() == 1, "{name}: {notices:?}");
        for bytes in [&whole[..whole.len() - 2], &behind] {
            let (found, notices) = read_bytes(bytes).unwrap();
            assert!(found.picture == all.picture && notices.is_empty(), "{name}: {notices:?}");
        }
    }
}

#[test]
fn of_a_png_that_ends_early_what_is_there_is_read_and_the_rest_is_reported() {
    for name in ["rgb", "rgba", "grey", "deep", "palette", "interlaced"] {
        holds_when_cut(&format!("png-{name}.png"), false);
    }
}

#[test]
fn other_formats_that_end_early_are_never_taken_in_silence() {
    for name in ["other.gif", "other.bmp", "other.webp", "other-lossy.webp", "other.tif", "other-lzw.tif"] {
        let whole = bytes_of(name);
        let (all, notices) = read_bytes(&whole).unwrap();
        assert!(notices.is_empty(), "{name}: {notices:?}");
        for end in (1..whole.len()).step_by(whole.len() / 50) {
            if let Ok((cut, notices)) = read_bytes(&whole[..end]) {
                assert!(!notices.is_empty() || cut.picture == all.picture, "{name} at {end}: changed in silence");
            }
        }
    }
}

#[test]
fn four_inks_are_read_one_way_with_a_profile_and_without() {
    for name in ["cmyk.jpg", "ycck.jpg", "tiff-cmyk.tif", "cmyk-icc.jpg", "ycck-icc.jpg", "tiff-cmyk-icc.tif"] {
        let (found, notices) = read_bytes(&bytes_of(name)).unwrap();
        assert!(notices.is_empty(), "{name}: {notices:?}");
        let wanted = image::open(data().join(name).with_extension("png")).unwrap().into_rgb8();
        let off = farthest(&rgb(&found.picture), wanted.as_raw());
        // Without a profile to the bit; between the steps of a profile two libraries go two ways.
        assert!(off <= if name.contains("icc") { 5 } else { 0 }, "{name} is off by {off}");
        if let Some(plain) = name.strip_suffix("-icc.jpg") {
            let (plain, _) = read_bytes(&bytes_of(&format!("{plain}.jpg"))).unwrap();
            assert!(farthest(&rgb(&plain.picture), wanted.as_raw()) > 20, "the profile says something else");
        }
    }
    // Segments of any size may stand before the frame.
    let plain = bytes_of("cmyk.jpg");
    let (wanted, _) = read_bytes(&plain).unwrap();
    for count in [1, 9] {
        let segment = [&b"\xff\xe9\xff\xff"[..], &vec![0xC0; 65_533]].concat();
        let large = [&plain[..2], &segment.repeat(count), &plain[2..]].concat();
        assert!(read_bytes(&large).unwrap().0.picture == wanted.picture, "{count} segments");
    }
}

#[test]
fn three_colours_are_rgb_where_adobe_says_so() {
    let (named, _) = read_bytes(&bytes_of("as-rgb.jpg")).unwrap();
    let (marked, notices) = read_bytes(&bytes_of("adobe-rgb.jpg")).unwrap();
    assert!(marked.picture == named.picture && notices.is_empty());
}

#[test]
fn a_profile_that_is_left_aside_is_reported() {
    let with_profile = |plain: &str, profile: &[u8]| {
        let plain = bytes_of(plain);
        let head = [&b"ICC_PROFILE\0\x01\x01"[..], profile].concat();
        let length = (head.len() as u16 + 2).to_be_bytes();
        read_bytes(&[&plain[..2], b"\xff\xe2", &length, &head, &plain[2..]].concat()).unwrap()
    };
    let srgb = moxcms::ColorProfile::new_srgb().encode().unwrap();
    let inks = bytes_of("inks.icc");
    for (plain, profile, says) in [
        ("baseline-444.jpg", &srgb[..100], Some("cannot be used")),
        ("baseline-444.jpg", &inks, Some("made for printing inks and the picture has RGB")),
        ("cmyk.jpg", &srgb, Some("made for RGB and the picture has printing inks")),
        ("cmyk.jpg", b"none at all", Some("cannot be used")),
        ("baseline-444.jpg", &srgb, None),
    ] {
        let (found, notices) = with_profile(plain, profile);
        assert!(found.picture == read_bytes(&bytes_of(plain)).unwrap().0.picture, "{plain} keeps its colours");
        match says {
            Some(says) => assert!(
                notices.len() == 1 && notices[0].contains("colour profile is left aside") && notices[0].contains(says),
                "{notices:?}"
            ),
            None => assert!(notices.is_empty(), "{notices:?}"),
        }
    }
    let broken = bytes_of("baseline-444.jpg");
    let half = b"\xff\xe2\0\x14ICC_PROFILE\0\x01\x02abcd";
    let (_, notices) = read_bytes(&[&broken[..2], half, &broken[2..]].concat()).unwrap();
    assert!(notices.len() == 1 && notices[0].contains("colour profile is left aside"), "{notices:?}");
}

#[test]
fn lab_and_float_tiff_are_read() {
    let (lab, notices) = read_bytes(&bytes_of("tiff-lab.tif")).unwrap();
    let wanted = image::open(data().join("tiff-lab.png")).unwrap().into_rgb8();
    let off = farthest(&rgb(&lab.picture), wanted.as_raw());
    assert!(notices.is_empty() && off <= 4, "off by {off}: {notices:?}");

    let (float, notices) = read_bytes(&bytes_of("tiff-float.tif")).unwrap();
    let count = float.picture.rgba().len() / 4;
    for (index, pixel) in float.picture.rgba().chunks_exact(4).enumerate() {
        let wanted = (index as f64 / (count - 1) as f64 * 1.2 - 0.1).clamp(0.0, 1.0) * 255.0;
        assert!((f64::from(pixel[0]) - wanted).abs() <= 0.51 && pixel[0] == pixel[2], "{index}: {pixel:?}");
    }
    assert!(notices.len() == 1 && notices[0].contains("outside 0 to 1"), "{notices:?}");

    let mut file = Cursor::new(Vec::new());
    let tones: Vec<f32> = (0..12 * 3).map(|index| index as f32 / 35.0).collect();
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    encoder.write_image::<colortype::RGB32Float>(4, 3, &tones).unwrap();
    let (found, notices) = read_bytes(file.get_ref()).unwrap();
    let wanted: Vec<u8> = tones.iter().map(|tone| (tone * 255.0).round() as u8).collect();
    assert!(rgb(&found.picture) == wanted && notices.is_empty());
    let mut file = Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    let deep: Vec<f64> = tones[..12].iter().map(|tone| f64::from(*tone)).collect();
    encoder.write_image::<colortype::Gray64Float>(4, 3, &deep).unwrap();
    let (found, _) = read_bytes(file.get_ref()).unwrap();
    assert_eq!(found.picture.rgba()[4..8], [wanted[1], wanted[1], wanted[1], 255]);
}

#[test]
fn what_is_not_read_is_refused_for_what_it_is() {
    let plain = bytes_of("baseline-444.jpg");
    let frame = plain.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let changed = |at: usize, value: u8| {
        let mut bytes = plain.clone();
        bytes[frame + at] = value;
        bytes
    };
    let wide = {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 40_000, 2);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.write_header().unwrap().write_image_data(&[0; 10_000]).unwrap();
        bytes
    };
    let page = b"<!DOCTYPE html>\n<html><body>not found</body></html>".to_vec();
    for (bytes, says) in [
        (changed(1, 0xC9), "arithmetic"),
        (changed(1, 0xCA), "arithmetic"),
        (changed(1, 0xC3), "lossless"),
        (changed(4, 12), "8 bits"),
        (wide, "a picture's side may have up to 30000 pixels, found 40000×2"),
        (page, "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n".to_vec(), "Git LFS pointer"),
        (Vec::new(), "empty"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0".to_vec(), "JPEG 2000"),
        (b"\xff\x0a\xfa\x7f\x01".to_vec(), "JPEG XL"),
        (b"8BPS\0\x01".to_vec(), "Photoshop"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "SVG"),
        (b"%PDF-1.7\n".to_vec(), "PDF"),
        (b"\x76\x2f\x31\x01\x02\0\0\0".to_vec(), "OpenEXR"),
        (b"#?RADIANCE\n".to_vec(), "Radiance"),
        (b"only words".to_vec(), "this file is none"),
        (plain[..20].to_vec(), "cut short"),
        (plain[..frame + 12].to_vec(), "cut short"),
    ] {
        let sentence = read_bytes(&bytes).err().unwrap().to_string();
        assert!(sentence.contains(says), "{says}: {sentence}");
        assert!(!sentence.contains("damaged") && !sentence.contains("megapixels"), "{sentence}");
    }
    let home = tempfile::tempdir().unwrap();
    let sentence = read(&Source::file(home.path()), &mut Vec::new()).err().unwrap().to_string();
    assert!(sentence.contains("folder"), "{sentence}");
}

#[test]
fn the_missing_part_of_a_mask_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("mask.png");
    for name in ["png-rgb.png", "baseline-444.jpg", "png-rgba.png"] {
        let whole = bytes_of(name);
        fs::write(&path, &whole[..whole.len() * 2 / 3]).unwrap();
        let mut notices = Vec::new();
        let mask = crate::store::pictures::mask_file::read_channel(
            &path,
            crate::store::pictures::mask_file::MaskChannel::Luma,
            &mut notices,
        );
        let mask = mask.unwrap();
        let missing = read(&Source::file(&path), &mut Vec::new()).unwrap().missing.unwrap();
        assert!(notices[0].message.contains("missing") && mask.values().iter().any(|value| *value > 100));
        assert!(mask.values().iter().zip(missing.values()).all(|(mask, missing)| *missing == 0 || *mask == 0));
    }
}

#[cfg(feature = "serve")]
#[test]
fn the_bytes_of_a_file_are_the_file() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.png");
    image::RgbaImage::from_fn(7, 5, |x, y| image::Rgba([x as u8, y as u8, 9, 200])).save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let name = Path::new("init_image");
    let of_bytes = |bytes: &[u8], most| read(&Source::bytes(bytes, name, most), &mut Vec::new());
    let file = read(&Source::file(&path), &mut Vec::new()).unwrap();
    assert_eq!(of_bytes(&whole, 35).unwrap().picture.rgba(), file.picture.rgba());
    let sentence = of_bytes(&whole, 34).err().unwrap().to_string();
    assert!(sentence.contains("7×5") && sentence.ends_with("init_image"), "{sentence}");
    assert!(of_bytes(&[], 35).is_err());
}
