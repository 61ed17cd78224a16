//! Pictures must come back as they went out, and files from elsewhere must do no harm.

use std::fs::{self, File};

use super::*;
use crate::sampling::SchedulerName;
use crate::store::pictures::decode::picture_kind::Unreadable;
use crate::store::pictures::metadata::parameters;

fn picture() -> Picture {
    let rgba = (0..5 * 3).flat_map(|n: u8| [n * 16, 255 - n, n, 255]).collect();
    Picture::from_rgba(5, 3, rgba).unwrap()
}

fn request(prompt: &str) -> Request {
    Request {
        prompt: prompt.into(),
        negative: Some(String::new()),
        seed: u64::MAX,
        scheduler: Some(SchedulerName::Euler),
        guidance: Some(4.0),
        width: Some(512),
        height: Some(768),
        ..Request::default()
    }
}

#[test]
fn a_png_keeps_pixels_and_settings_in_every_alphabet() {
    let folder = tempfile::tempdir().unwrap();
    for prompt in ["a red apple", "grüne Äpfel: \"süß\"\nund mehr", "赤いりんご 🍎", "a\0b"] {
        let path = folder.path().join("a.png");
        write(&path, &picture(), Some(&request(prompt))).unwrap();
        assert_eq!(read(&path).unwrap(), picture());
        assert_eq!(read_request(&path).unwrap(), Some(request(prompt)));
    }
    let transparent = Picture::filled(4, 4, [10, 20, 30, 128]);
    let path = folder.path().join("b.PNG");
    write(&path, &transparent, None).unwrap();
    assert_eq!(read(&path).unwrap(), transparent);
    assert_eq!(read_request(&path).unwrap(), None);
}

#[test]
fn other_formats_keep_the_settings_too() {
    let folder = tempfile::tempdir().unwrap();
    let even = Picture::filled(16, 16, [200, 100, 50, 255]);
    for name in ["a.jpg", "a.jpeg", "a.webp"] {
        let path = folder.path().join(name);
        write(&path, &even, Some(&request("赤い apple"))).unwrap();
        let read_back = read(&path).unwrap();
        let off = read_back.rgba().iter().zip(even.rgba()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(4), "{name}: off by {off:?}");
        assert_eq!(read_request(&path).unwrap(), Some(request("赤い apple")), "to the last field");
    }
}

#[test]
fn the_text_of_automatic1111_is_found_in_plain_packed_and_late_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let text = "a fox\nSteps: 9, Sampler: Euler a, Seed: 7".to_owned();
    for kind in 0..4 {
        let mut encoder = png::Encoder::new(File::create(&path).unwrap(), 1, 1);
        let key = parameters::PARAMETERS_KEY.to_owned();
        match kind {
            0 => encoder.add_text_chunk(key.clone(), text.clone()).unwrap(),
            1 => encoder.add_ztxt_chunk(key.clone(), text.clone()).unwrap(),
            2 => encoder.add_itxt_chunk(key.clone(), text.clone()).unwrap(),
            _ => {}
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[0]).unwrap();
        if kind == 3 {
            writer.write_text_chunk(&png::text_metadata::TEXtChunk::new(key, text.clone())).unwrap();
        }
        writer.finish().unwrap();
        let found = read_request(&path).unwrap().unwrap();
        assert_eq!((found.prompt.as_str(), found.steps, found.seed), ("a fox", 9, 7), "kind {kind}");
    }
}

#[test]
fn a_file_that_is_cut_short_gives_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let bytes = encode(&path, &Picture::filled(64, 64, [1, 2, 3, 255]), Some(&request("x"))).unwrap();
    for end in [0, 4, 20, 60, bytes.len() / 2, bytes.len() - 30] {
        fs::write(&path, &bytes[..end]).unwrap();
        let mut notices = Vec::new();
        let sentence = match read_noting(&path, &mut notices) {
            Ok(part) => {
                assert!(part.rgba()[3] == 255 && part.rgba()[64 * 64 * 4 - 1] == 0, "{end}");
                notices.pop().unwrap().message
            }
            Err(error) => error.to_string(),
        };
        assert!(!sentence.contains('\n') && sentence.ends_with("a.png"), "{end}: {sentence}");
        read_request(&path).unwrap();
    }
    fs::write(&path, "no picture at all").unwrap();
    assert!(matches!(read(&path), Err(PictureFileError::NotAPicture { .. })));
    assert!(matches!(read(folder.path()), Err(PictureFileError::Unreadable { kind: Unreadable::Folder, .. })));
    assert!(matches!(read(&folder.path().join("missing.png")), Err(PictureFileError::Open { .. })));
}

/// Settings wherever other programs put them: EXIF in either byte order, its descriptions, XMP, in JPEG, WebP and PNG.
#[test]
fn settings_are_found_in_every_field_and_alphabet() {
    let folder = tempfile::tempdir().unwrap();
    let text = "a red apple, grün\nSteps: 21, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512";
    let field = |big: bool, tag: u16, kind: u16, content: &[u8], inner: bool| {
        let (two, four) = (
            |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() },
            |value: usize| if big { (value as u32).to_be_bytes() } else { (value as u32).to_le_bytes() },
        );
        let mut block = if big { b"MM".to_vec() } else { b"II".to_vec() };
        block.extend([&two(42)[..], &four(8)].concat());
        if inner {
            block.extend([&two(1)[..], &two(0x8769), &two(4), &four(1), &four(26), &four(0)].concat());
        }
        let behind = block.len() + 18;
        block.extend([&two(1)[..], &two(tag), &two(kind), &four(content.len()), &four(behind), &four(0)].concat());
        [block, content.to_vec()].concat()
    };
    let wide = |big: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let mut blocks = Vec::new();
    for big in [true, false] {
        for letters_big in [true, false] {
            blocks.push(field(big, 0x9286, 7, &[b"UNICODE\0", &wide(letters_big)[..]].concat(), true));
        }
        blocks.push(field(big, 0x9286, 7, &[b"ASCII\0\0\0", text.as_bytes()].concat(), true));
        blocks.push(field(big, 0x9286, 7, &[&[0; 8], text.as_bytes()].concat(), true));
        blocks.push(field(big, 0x010E, 2, &[text.as_bytes(), b"\0"].concat(), false));
        blocks.push(field(big, 0x9C9C, 1, &[&wide(false)[..], b"\0\0"].concat(), false));
    }
    let even = [90_u8; 16 * 16 * 3];
    let check = |path: &Path| {
        let found = read_request(path).unwrap().unwrap();
        assert_eq!(
            (found.prompt.as_str(), found.steps, found.seed),
            ("a red apple, grün", 21, 5),
            "{}",
            path.display()
        );
    };
    for (number, block) in blocks.iter().enumerate() {
        for ending in ["jpg", "webp", "png"] {
            let mut bytes = Vec::new();
            macro_rules! written {
                ($encoder:expr) => {{
                    let mut encoder = $encoder;
                    encoder.set_exif_metadata(block.clone()).unwrap();
                    encoder.write_image(&even, 16, 16, ExtendedColorType::Rgb8).unwrap();
                }};
            }
            match ending {
                "jpg" => written!(JpegEncoder::new(&mut bytes)),
                "webp" => written!(WebPEncoder::new_lossless(&mut bytes)),
                _ => written!(image::codecs::png::PngEncoder::new(&mut bytes)),
            }
            let path = folder.path().join(format!("{number}.{ending}"));
            fs::write(&path, bytes).unwrap();
            check(&path);
        }
    }
    let packet = format!(
        "<x:xmpmeta><rdf:Description><dc:description><rdf:Alt><rdf:li>{text}</rdf:li></rdf:Alt></dc:description></rdf:Description></x:xmpmeta>"
    );
    let content = [&b"http://ns.adobe.com/xap/1.0/\0"[..], packet.as_bytes()].concat();
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).write_image(&even, 16, 16, ExtendedColorType::Rgb8).unwrap();
    let segment = [&b"\xff\xe1"[..], &(content.len() as u16 + 2).to_be_bytes(), &content].concat();
    let path = folder.path().join("xmp.jpg");
    fs::write(&path, [&bytes[..2], &segment, &bytes[2..]].concat()).unwrap();
    check(&path);
    // A camera's description is no prompt.
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes);
    encoder.set_exif_metadata(field(true, 0x010E, 2, b"OLYMPUS DIGITAL CAMERA\0", false)).unwrap();
    encoder.write_image(&even, 16, 16, ExtendedColorType::Rgb8).unwrap();
    fs::write(&path, bytes).unwrap();
    assert_eq!(read_request(&path).unwrap(), None);
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let mut encoder = png::Encoder::new(File::create(&path).unwrap(), 29_000, 29_000);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_chunk(png::chunk::IDAT, &[0x78, 0x9c, 3, 0]).unwrap();
    let sentence = read(&path).unwrap_err().to_string();
    assert!(sentence.contains("29000×29000"), "{sentence}");
}

#[test]
fn a_photo_is_turned_upright() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    // One EXIF entry: orientation 6, the camera held upright.
    let orientation = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(orientation).unwrap();
    encoder.write_image(&[128; 16 * 8 * 3], 16, 8, ExtendedColorType::Rgb8).unwrap();
    fs::write(&path, bytes).unwrap();
    assert_eq!(read(&path).unwrap().size(), [8, 16]);
}

#[test]
fn an_unknown_ending_names_what_is_allowed() {
    for (name, found) in [("a.gif", ".gif"), ("a", "no ending")] {
        let sentence = write(Path::new(name), &picture(), None).unwrap_err().to_string();
        assert!(sentence.contains(".png, .jpg, .jpeg or .webp") && sentence.contains(found), "{sentence}");
        assert!(!Path::new(name).exists());
    }
}

#[test]
fn a_repainted_picture_comes_back_with_its_mask_and_strength() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let mask = crate::mask::MaskPlane::from_values(16, 8, (0..128).map(|value| value * 2).collect()).unwrap();
    let init = crate::job::InitPicture { picture: std::sync::Arc::new(picture()), strength: 0.65 };
    let painted = Request {
        init: Some(init),
        mask: Some(crate::job::InpaintMask { plane: std::sync::Arc::new(mask.clone()) }),
        ..request("an apple")
    };
    write(&path, &picture(), Some(&painted)).unwrap();
    assert_eq!(read(&path).unwrap(), picture());
    assert_eq!(read_painting(&path), Painting { strength: Some(0.65), mask: Some(mask) });
    assert_eq!(read_request(&path).unwrap().unwrap().prompt, "an apple");
    write(&path, &picture(), Some(&request("an apple"))).unwrap();
    assert_eq!(read_painting(&path), Painting::default());
}

#[test]
fn colours_are_those_that_the_photos_profile_means() {
    let folder = tempfile::tempdir().unwrap();
    let read_with = |profile: moxcms::ColorProfile, colour: [u8; 3]| {
        let path = folder.path().join("a.png");
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        encoder.set_icc_profile(profile.encode().unwrap()).unwrap();
        encoder.write_image(&colour.repeat(6), 3, 2, ExtendedColorType::Rgb8).unwrap();
        fs::write(&path, bytes).unwrap();
        read(&path).unwrap().rgba()[..3].to_vec()
    };
    assert_eq!(read_with(moxcms::ColorProfile::new_srgb(), [201, 33, 77]), [201, 33, 77], "sRGB stays, byte for byte");
    // Display P3's green lies beyond sRGB's; a half red is a stronger one there.
    assert_eq!(read_with(moxcms::ColorProfile::new_display_p3(), [0, 255, 0]), [0, 255, 0]);
    let red = read_with(moxcms::ColorProfile::new_display_p3(), [180, 60, 60]);
    assert!(red[0] > 188 && red[1] < 58, "{red:?}");
}

#[test]
fn other_kinds_of_photo_are_read_and_the_rest_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let deep = image::ImageBuffer::from_fn(5, 3, |x, y| image::Rgb([(x * 12_000) as u16, (y * 20_000) as u16, 65_535]));
    for name in ["a.png", "a.tiff"] {
        let path = folder.path().join(name);
        deep.save(&path).unwrap();
        let read = read(&path).unwrap();
        assert_eq!((read.size(), &read.rgba()[4..8]), ([5, 3], &[47, 0, 255, 255][..]), "{name}");
    }
    for name in ["a.bmp", "a.gif"] {
        let path = folder.path().join(name);
        image::RgbaImage::from_pixel(4, 4, image::Rgba([255, 0, 0, 255])).save(&path).unwrap();
        assert_eq!(&read(&path).unwrap().rgba()[..4], &[255, 0, 0, 255], "{name}");
    }
    let path = folder.path().join("a.heic");
    fs::write(&path, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap();
    let sentence = read(&path).unwrap_err().to_string();
    assert!(sentence.contains("HEIC") && sentence.contains("JPEG or PNG"), "{sentence}");
}
