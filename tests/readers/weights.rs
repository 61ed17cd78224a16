//! Readers of weights that stay quantised: blocks of any bytes in the kernels, and a language model's GGUF file with the
//! tokenizer that it brings along.

use std::fs;

use inkwick::checkpoint::ModelFiles;
use inkwick::kernels::{
    BlockKind, BlockTable, Blocks, Conv3x3, Epilogue, Level, Linear, Map, Packing, Precision, Steps, WeightSlice,
};
use inkwick::pipeline::Adapters;

use super::{corpus, estimated_and_drawn, scratch, with_zeros};

/// A kind, blocks in a row, how many scales there are, then the blocks: every instruction set reads the same numbers, and
/// layers of them give an answer.
pub(super) fn quantised(bytes: &[u8]) {
    const MOST_BYTES: usize = 1 << 16;
    let [kind, width, scale_count, bytes @ ..] = bytes else { return };
    let kind = BlockKind::ALL[usize::from(*kind) % BlockKind::ALL.len()];
    let width = (1 + usize::from(*width) % 80) * kind.numbers();
    let bytes = &bytes[..bytes.len().min(MOST_BYTES)];
    let scales: Vec<f32> = (0..*scale_count).map(|place| f32::from(place) * 0.5 - 7.0).collect();
    let blocks = Blocks { kind, bytes, scales: &scales };
    let rows = bytes.len() / kind.bytes_of(width);
    let places: Vec<u32> = (0..rows as u32).collect();
    let mut found = Vec::new();
    for level in Level::available() {
        if let Ok(table) = BlockTable::new(blocks, width, level) {
            assert_eq!(table.rows(), rows);
            found.push(table.look_up(&places).expect("its own rows"));
            assert!(table.look_up(&[rows as u32]).is_err());
        }
        for precision in [Precision::F32, Precision::Bf16Products] {
            let packing = Packing { precision, winograd: None, level };
            let x = Map::from_vec(vec![0.5; 2 * width], 1, 1, 2, width).expect("two rows");
            let zeros = vec![0.0; rows];
            for layer in [
                Linear::new(WeightSlice::Blocks(blocks), None, width, packing),
                Linear::gated(WeightSlice::Blocks(blocks), &zeros, width, packing),
            ]
            .into_iter()
            .flatten()
            {
                layer.forward(&x, &Epilogue::default()).expect("rows of its width");
            }
            // As many outputs of a convolution as there are taps for.
            let of_output = kind.bytes_of(width * 9);
            let outputs = bytes.len() / of_output;
            let taps = WeightSlice::Blocks(Blocks { bytes: &bytes[..outputs * of_output], ..blocks });
            if let Ok(layer) = Conv3x3::new(taps, &vec![0.0; outputs], width, Steps::SAME, packing) {
                let x = Map::from_vec(vec![0.5; 4 * width], 1, 2, 2, width).expect("four pixels");
                layer.forward(&x, (2, 2), &Epilogue::default()).expect("pixels of its channels");
            }
        }
    }
    let same = |a: &f32, b: &f32| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    for other in &found {
        assert!(found[0].iter().zip(other).all(|(a, b)| same(a, b)), "{kind:?} of {width}");
    }
}

/// The encoder beside a transformer of FLUX.2 klein.
pub(super) fn encoder(bytes: &[u8]) {
    let home = scratch().join("klein");
    let (transformer, encoder) = (home.join("klein.safetensors"), home.join("text_encoders/encoder.gguf"));
    fs::create_dir_all(home.join("text_encoders")).expect("room for a folder");
    if !transformer.exists() {
        let header = fs::read(corpus("checkpoint/header-klein.json")).expect("the corpus");
        let mut header: serde_json::Value = serde_json::from_slice(&header).expect("JSON");
        header.as_object_mut().expect("a header").retain(|name, _| !name.starts_with("text_encoders."));
        fs::write(&transformer, with_zeros(header.to_string().as_bytes())).expect("room for a file");
    }
    fs::write(&encoder, bytes).expect("room for a file");
    if let Ok(files) = ModelFiles::open_file(&transformer) {
        estimated_and_drawn(&files, &Adapters::default());
    }
}
