//! Upscalers against `PyTorch`, and tiles against the whole.

use std::collections::HashMap;
use std::path::PathBuf;

use inkwick::model::Upscaler;
use inkwick::raster::Picture;

use crate::CPU;

/// `tests/reference/upscale.py` made the networks and their pictures.
#[test]
fn upscalers_enlarge_as_pytorch_does() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/upscale");
    let tensors = candle_core::safetensors::load(folder.join("reference.safetensors"), &CPU).unwrap();
    let picture = |name: &str| {
        let (height, width, _) = tensors[name].dims3().unwrap();
        let rgb = tensors[name].flatten_all().unwrap().to_vec1::<u8>().unwrap();
        let rgba = rgb.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect();
        Picture::from_rgba(width as u32, height as u32, rgba).unwrap()
    };
    let scales: HashMap<String, usize> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("scales.json")).unwrap()).unwrap();
    assert_eq!(scales.len(), 10);
    let small = picture("picture");
    let nobody = || Ok(());
    for (name, scale) in scales {
        let network = Upscaler::open(&folder.join(&name)).unwrap();
        assert_eq!(network.scale(), scale, "{name}");
        let found = network.enlarge(&small, 256, &nobody, &mut || Ok(())).unwrap();
        let wanted = picture(&name);
        assert_eq!(found.size(), wanted.size(), "{name}");
        let worst = found.rgba().iter().zip(wanted.rgba()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        println!("{name}: {worst} of 255");
        assert!(worst <= 1, "{name} is off by {worst} of 255");
    }
}

#[test]
fn an_enlarged_picture_has_no_seams() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/upscale");
    let (width, height) = (150, 110);
    let pixels = (0..width * height).flat_map(|index: u32| {
        let (x, y) = (index % width, index / width);
        [(x * 3 % 256) as u8, (y * 5 % 256) as u8, ((x * y) / 7 % 256) as u8, 255]
    });
    let picture = Picture::from_rgba(width, height, pixels.collect()).unwrap();
    for name in ["rrdb4.pth", "rrdb2.safetensors", "compact4.pth"] {
        let network = Upscaler::open(&folder.join(name)).unwrap();
        let mut tiles = 0;
        let whole = network.enlarge(&picture, 4096, &|| Ok(()), &mut || Ok(())).unwrap();
        let cut = network
            .enlarge(&picture, 32, &|| Ok(()), &mut || {
                tiles += 1;
                Ok(())
            })
            .unwrap();
        assert!(tiles > 12, "{tiles}");
        let worst = cut.rgba().iter().zip(whole.rgba()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        println!("{name}: tiles differ by {worst} of 255");
        assert!(worst <= 1, "{name}: {worst} of 255");
    }
}
