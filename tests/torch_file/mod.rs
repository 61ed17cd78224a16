//! Writes files as torch.save does, so that models of the repository can be had in that format without Python.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use candle_core::{DType, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A zip with a pickle of these tensors, in single precision.
pub(crate) fn save<'a>(path: &Path, tensors: impl IntoIterator<Item = (&'a String, &'a Tensor)>) {
    let mut writer = ZipWriter::new(File::create(path).unwrap());
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut pickle = b"\x80\x02}(".to_vec();
    for (index, (name, tensor)) in tensors.into_iter().enumerate() {
        let values = tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        writer.start_file(format!("archive/data/{index}"), stored).unwrap();
        writer.write_all(bytemuck::cast_slice(&values)).unwrap();
        text(&mut pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &index.to_string());
        text(&mut pickle, "cpu");
        number(&mut pickle, values.len());
        pickle.extend(b"tQK\0");
        numbers(&mut pickle, tensor.dims());
        numbers(&mut pickle, tensor.contiguous().unwrap().stride());
        pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(b"u.");
    writer.start_file("archive/data.pkl", stored).unwrap();
    writer.write_all(&pickle).unwrap();
    writer.finish().unwrap();
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

fn number(pickle: &mut Vec<u8>, number: usize) {
    pickle.push(b'J');
    pickle.extend((number as u32).to_le_bytes());
}

fn numbers(pickle: &mut Vec<u8>, list: &[usize]) {
    pickle.push(b'(');
    for side in list {
        number(pickle, *side);
    }
    pickle.push(b't');
}
