//! AVIF as libavif writes it, against what Pillow and libavif show of it. `tests/reference/odd_pictures.py` writes the files.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/pictures").join(name)
}

fn bytes_of(name: &str) -> Vec<u8> {
    fs::read(data(&format!("{name}.avif"))).unwrap()
}

fn read(bytes: &[u8]) -> Result<Stored, Fault> {
    Packed::of(bytes)?.unpack()
}

#[test]
fn pictures_of_every_coding_are_as_others_show_them() {
    for (name, most) in [
        ("plain-420", 3),
        ("plain-422", 3),
        ("plain-444", 1),
        ("grey", 1),
        ("identity", 0),
        ("film", 2),
        ("twelve", 2),
        ("wide", 1),
        ("clear", 1),
        // Divided by an opacity of 40 and more: a step of rounding counts up to six times.
        ("multiplied", 7),
        ("turned", 1),
        ("mirrored", 1),
        ("cut", 1),
    ] {
        let found = read(&bytes_of(name)).unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
        let mut wanted = image::open(data(&format!("{name}.avif.png"))).unwrap();
        if name == "cut" {
            // Pillow shows all of it. The middle is 4 to the left and 6 down from its own.
            wanted = wanted.crop_imm(12, 24, 40, 20);
        }
        assert_eq!((found.image.width(), found.image.height()), (wanted.width(), wanted.height()), "{name}");
        let (found, wanted) = (found.image.to_rgba8(), wanted.to_rgba8());
        let farthest = found.as_raw().iter().zip(wanted.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(farthest <= most, "{name}: {farthest}");
    }
}

#[test]
fn wide_colours_have_their_profile_and_others_none() {
    assert!(read(&bytes_of("wide")).unwrap().profile.is_some());
    let plain = read(&bytes_of("plain-444")).unwrap();
    assert!(plain.profile.is_none() && plain.left_aside.is_none());
    let hdr = Codes { primaries: 9, transfer: 16, matrix: 9, is_full: true };
    assert!(matches!(profile_of(hdr), (None, Some(_))));
}

#[test]
fn tiles_and_cut_files_are_told() {
    assert_eq!(read(&bytes_of("tiles")).err(), Some(Fault::Other("it is put together from several tiles")));
    let whole = bytes_of("clear");
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "{end} of {} bytes", whole.len());
    }
}
