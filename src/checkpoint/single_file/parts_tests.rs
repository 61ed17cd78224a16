//! Parts of tensors as they are handed on.

use std::collections::HashMap;

use candle_core::{DType, Storage};

use super::*;

#[test]
fn a_part_of_a_tensor_takes_no_more_than_the_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("joined.safetensors");
    let joined = Tensor::arange(0u8, 48, &Device::Cpu).unwrap().reshape((12, 4)).unwrap();
    let joined = joined.to_dtype(DType::BF16).unwrap();
    candle_core::safetensors::save(&HashMap::from([("qkv.weight", joined.clone())]), &path).unwrap();
    let archive = Archive::open(&path).unwrap();
    for first in 0..3 {
        let cut = TensorSlice::Rows { first, count: 1, of: 3 };
        let source = TensorSource { name: "qkv.weight".to_owned(), shape: vec![4, 4], cut };
        let part = SingleFile::load(&archive, &source, &Device::Cpu).unwrap();
        let wanted = joined.narrow(0, 4 * first, 4).unwrap().flatten_all().unwrap();
        assert_eq!(part.flatten_all().unwrap().to_vec1::<half::bf16>().unwrap(), wanted.to_vec1().unwrap());
        let (storage, _) = part.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else { panic!("it is on the host") };
        assert_eq!(storage.as_slice::<half::bf16>().unwrap().len(), 16);
    }
}
