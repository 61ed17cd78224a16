//! Every kind of packing against ggml's own package, and a sentence for what is not read.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::super::{Archive, WeightBuffer};
use crate::kernels::{BlockTable, Level, WeightSlice};

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

/// What the kernels keep in blocks is what this reader gives, bit for bit.
#[test]
fn blocks_that_stay_are_the_numbers_that_are_read() {
    let archive = Archive::open(&data("kinds.gguf")).unwrap();
    let mut kept = 0;
    for tensor in archive.tensors() {
        let wanted = archive.load(&tensor.name, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
        let wanted = wanted.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let width = tensor.shape[1..].iter().product();
        let mut numbers = WeightBuffer::default();
        let is_plain = ["F32", "F16", "BF16"].contains(&tensor.name.as_str());
        let read = archive.read_rows(&tensor.name, (1..2, 2), None, &mut numbers).unwrap();
        assert_eq!(read, is_plain, "{}: in blocks only for who asks for rows", tensor.name);
        // The second of two rows.
        if !archive.read_rows(&tensor.name, (1..2, 2), Some(width), &mut numbers).unwrap() {
            continue;
        }
        let Some(WeightSlice::Blocks(blocks)) = numbers.source() else {
            assert!(is_plain, "{}", tensor.name);
            continue;
        };
        kept += 1;
        let table = BlockTable::new(blocks, width, Level::current()).unwrap();
        assert_eq!((table.rows(), numbers.count()), (1, width));
        assert_eq!(table.look_up(&[0]).unwrap(), wanted[width..], "{}", tensor.name);
        assert!(table.look_up(&[1]).is_err());
    }
    assert_eq!(kept, 10);
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
