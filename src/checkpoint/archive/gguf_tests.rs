//! Every kind of packing against ggml's own package, and a sentence for what is not read.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::super::Archive;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/gguf").join(name)
}

#[test]
fn every_kind_has_the_numbers_of_ggml() {
    let archive = Archive::open(&data("kinds.gguf")).unwrap();
    let wanted = candle_core::safetensors::load(data("kinds.safetensors"), &Device::Cpu).unwrap();
    assert_eq!(archive.tensors().len(), wanted.len());
    for tensor in archive.tensors() {
        let found = archive.load(&tensor.name, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
        let numbers = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let wanted =
            wanted[&tensor.name].to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let largest = wanted.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        for (found, wanted) in numbers.iter().zip(&wanted) {
            assert!((found - wanted).abs() <= largest * 1e-6, "{}: {found} instead of {wanted}", tensor.name);
        }
        // One had to be flattened; the file records what it was.
        let shape: &[usize] = if tensor.name == "Q8_0" { &[2, 4, 8, 8] } else { &[2, 256] };
        assert_eq!((tensor.shape.as_slice(), found.dims()), (shape, shape), "{}", tensor.name);
        assert_eq!(tensor.precision, tensor.name);
    }
    assert_eq!(archive.metadata()["general.name"], "every kind");
}

#[test]
fn a_kind_that_is_not_read_is_named_and_what_is_cut_off_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gguf");
    let refusal = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Archive::open(&path).err().unwrap().to_string()
    };
    let mut bytes = fs::read(data("kinds.gguf")).unwrap();
    // Sides whose bytes wrap round to none.
    let mut huge = bytes.clone();
    let at = huge.windows(11).position(|window| window == b"\x03\0\0\0\0\0\0\0F32").unwrap() + 11 + 4;
    huge[at..at + 8].copy_from_slice(&(1u64 << 61).to_le_bytes());
    let sentence = refusal(&huge);
    assert!(sentence.contains("no size"), "{sentence}");
    assert!(refusal(&bytes[..bytes.len() - 4000]).contains("past the end"));
    assert!(refusal(&bytes[..40]).contains("cut off"));
    // Name, two sides and their lengths, then the kind.
    let at = bytes.windows(4).rposition(|window| window == b"Q6_K").unwrap() + 4 + 4 + 16;
    bytes[at] = 23;
    let sentence = refusal(&bytes);
    assert!(sentence.contains("number 23") && sentence.contains("Q8_0"), "{sentence}");
}
