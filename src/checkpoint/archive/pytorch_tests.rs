//! Every form in which `PyTorch` keeps tensors against what `PyTorch` reads in it, and a sentence for what is none.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

use super::super::Archive;
use crate::checkpoint::CheckpointError;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/weights").join(name)
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    // From float8 straight to f64 candle never comes back.
    let tensor = if tensor.dtype() == DType::F8E4M3 { &tensor.to_dtype(DType::F32).unwrap() } else { tensor };
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap()
}

fn sentence(path: &Path) -> String {
    Archive::open(path).err().unwrap().to_string()
}

#[test]
fn every_form_has_the_numbers_that_pytorch_reads() {
    let forms = fs::read_dir(data("")).unwrap().map(|entry| entry.unwrap().path());
    let wanted: Vec<PathBuf> = forms.filter(|path| path.extension().unwrap() == "safetensors").collect();
    assert!(wanted.len() >= 14, "{wanted:?}");
    for wanted_file in wanted {
        let form = ["pt", "ckpt", "bin"].map(|ending| wanted_file.with_extension(ending));
        let form = form.into_iter().find(|path| path.is_file()).unwrap();
        let archive = Archive::open(&form).unwrap_or_else(|error| panic!("{error}"));
        let wanted = candle_core::safetensors::load(&wanted_file, &Device::Cpu).unwrap();
        let names: BTreeSet<String> = archive.tensors().into_iter().map(|tensor| tensor.name).collect();
        assert_eq!(names, wanted.keys().cloned().collect(), "{}", form.display());
        for (name, wanted) in wanted {
            let found = archive.load(&name, &Device::Cpu).unwrap();
            assert_eq!(found.dims(), wanted.dims(), "{name} of {}", form.display());
            assert_eq!(numbers(&found), numbers(&wanted), "{name} of {}", form.display());
        }
    }
}

#[test]
fn what_is_not_read_is_listed_and_refused_by_its_name() {
    let archive = Archive::open(&data("unread.pt")).unwrap();
    let listed = archive.tensors();
    let unread: Vec<(&str, &str)> =
        listed.iter().filter(|tensor| !tensor.is_read).map(|t| (t.name.as_str(), t.precision.as_str())).collect();
    assert_eq!(unread, [("complex", "COMPLEXFLOAT"), ("quantized", "QTENSOR"), ("sparse", "SPARSE_TENSOR")]);
    let said = archive.load("complex", &Device::Cpu).unwrap_err().to_string();
    assert!(said.contains("complex") && said.contains("ComplexFloat"), "{said}");
    assert_eq!(numbers(&archive.load("a", &Device::Cpu).unwrap()), [1.0, 1.0]);
    let report = crate::checkpoint::inspect_file(&data("unread.pt")).unwrap();
    assert_eq!(report.precision, "F32; not read: 3, complex for one (COMPLEXFLOAT)");
}

#[test]
fn what_holds_no_list_of_tensors_is_called_by_its_name() {
    for (file, words) in [
        ("whole-model.pt", "an object of ldm.models.diffusion.LatentDiffusion"),
        ("whole-model-legacy.pt", "an object of ldm.models.diffusion.LatentDiffusion"),
        ("torchscript.pt", "a TorchScript archive"),
        ("pickle.pt", "a pickle of Python that PyTorch did not write"),
    ] {
        let error = Archive::open(&data(file)).err().unwrap();
        let said = error.to_string();
        assert!(matches!(error, CheckpointError::NotWeights { .. }) && said.contains(words), "{file}: {said}");
        assert!(!said.contains("damaged"), "{said}");
    }
}

#[test]
fn what_lies_in_the_place_of_weights_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0a1b\nsize 4265146304\n";
    let json = br#"{"error": "Access to model someone/x is restricted. You must have access to it."}"#;
    let mut tar = vec![0; 1024];
    tar[..8].copy_from_slice(b"storages");
    tar[257..262].copy_from_slice(b"ustar");
    let cases: [(&str, &[u8], &str); 15] = [
        (
            "a.safetensors",
            pointer.as_bytes(),
            "a Git LFS pointer, a few lines of text that stands for a file of 4265.1 MB",
        ),
        ("a.ckpt", b"\n <!DOCTYPE html><html><head>", "a page of a web site"),
        ("a.bin", b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an answer of a server (XML)"),
        ("a.gguf", json, "an error that a server answered with"),
        ("a.safetensors", b"{\"weight_map\": {\"a\": \"b.safetensors\"}}", "a text file (JSON)"),
        ("a.pt", b"Access to model x is restricted", "an error that a server answered with"),
        ("a.pt", "Ein Brief über dies und das.".as_bytes(), "a text file"),
        ("a.onnx", b"\x08\x07\x12\x07pytorch\x1a\x051.13\x00\x00", "an ONNX model"),
        ("model.safetensors", b"\x08\x08\x12\x07pytorch\x1a\x051.13\x00\x00", "an ONNX model"),
        ("saved_model.pb", b"\x08\x01\x12\xff\x07\x01\x00\x00", "TensorFlow"),
        ("a.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0", "Keras"),
        ("a.safetensors", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture"),
        ("a.ckpt", b"7z\xbc\xaf\x27\x1c\x00\x04\x00\x00", "a 7z archive"),
        ("a.ckpt", &tar, "a tar of PyTorch from before version 0.1.10"),
        ("a.ckpt", b"\x01\x02\x03\x04\xfa\xfb\xfc\xfd\x11\x12\x13", "of a kind that is not known"),
    ];
    for (name, bytes, words) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let said = sentence(&path);
        assert!(said.contains(words) && said.contains("this file is"), "{words}: {said}");
        assert!(!said.contains("damaged") && !said.contains('\n'), "{said}");
    }
    for (bytes, words) in [(&[][..], "the file is empty"), (&[0; 4096][..], "zeros only")] {
        let path = folder.path().join("a.safetensors");
        fs::write(&path, bytes).unwrap();
        assert!(sentence(&path).contains(words), "{}", sentence(&path));
    }
}

/// A zip of one's own.
fn zip_of(path: &Path, entries: &[(&str, &[u8])]) {
    let mut writer = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in entries {
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(*name, stored).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn a_zip_of_other_things_says_of_what() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ckpt");
    for (entries, words) in [
        (
            vec![("sd15/model.safetensors", &b"x"[..]), ("readme.txt", b"x")],
            "a zip archive with sd15/model.safetensors in it",
        ),
        (vec![("conv.npy", b"x")], "NumPy"),
        (vec![("config.json", b"{}"), ("model.weights.h5", b"x")], "Keras"),
        (vec![("word/document.xml", b"x")], "a zip archive of other things (word/document.xml for one)"),
    ] {
        zip_of(&path, &entries);
        let said = sentence(&path);
        assert!(said.contains(words) && !said.contains("damaged"), "{said}");
    }
}

/// Deflated by hand: `zip` is here without what packs.
fn deflated_zip(path: &Path, entries: &[(&str, &[u8], u32)]) {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, length) in entries {
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        let packed = packer.finish().unwrap();
        let (offset, checksum) = ((file.len() as u32).to_le_bytes(), crc32fast::hash(bytes).to_le_bytes());
        let sizes = [(packed.len() as u32).to_le_bytes(), length.to_le_bytes()].concat();
        let name_length = (name.len() as u16).to_le_bytes();
        let shared = [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0][..], &checksum, &sizes, &name_length, &[0; 2]].concat();
        file.extend([&b"PK\x03\x04"[..], &shared, name.as_bytes(), &packed].concat());
        directory.extend([&b"PK\x01\x02\x14\0"[..], &shared, &[0; 10], &offset, name.as_bytes()].concat());
    }
    let (offset, size) = ((file.len() as u32).to_le_bytes(), (directory.len() as u32).to_le_bytes());
    let count = (entries.len() as u16).to_le_bytes();
    let end = [&b"PK\x05\x06"[..], &[0; 4], &count, &count, &size, &offset, &[0; 2]].concat();
    fs::write(path, [file, directory, end].concat()).unwrap();
}

#[test]
fn a_zip_that_becomes_more_than_it_says_or_than_weights_can_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ckpt");
    let plain = fs::File::open(data("layouts.pt")).unwrap();
    let entries = super::super::zip_index::read(&plain).unwrap();
    let pickle = entries["layouts/data.pkl"].bytes(&plain).unwrap();
    let zeros = vec![0; 200 << 20];
    // The directory says all of it.
    deflated_zip(&path, &[("a/data.pkl", &pickle, pickle.len() as u32), ("a/data/0", &zeros, zeros.len() as u32)]);
    let said = sentence(&path);
    assert!(said.contains("unpacks to 209 MB") && !said.contains("damaged"), "{said}");
    // The directory says little, and more would come.
    let storages: Vec<String> = (0..20).map(|storage| format!("a/data/{storage}")).collect();
    let mut entries = vec![("a/data.pkl", pickle.as_slice(), pickle.len() as u32)];
    entries.extend(storages.iter().map(|name| (name.as_str(), &zeros[..1 << 20], 4096)));
    deflated_zip(&path, &entries);
    let archive = Archive::open(&path).unwrap();
    let said = archive.load("tied", &Device::Cpu).unwrap_err().to_string();
    assert!(said.contains("does not unpack to what its directory says"), "{said}");
}

#[test]
fn what_stands_behind_the_last_tensor_is_read_over_only_where_it_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let with = |metadata: &str, behind: &[u8]| {
        let header = format!(r#"{{"__metadata__":{metadata},"a":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}}}"#);
        let data = [1f32, 2.0].map(f32::to_le_bytes).concat();
        let length = (header.len() as u64).to_le_bytes();
        fs::write(&path, [&length[..], header.as_bytes(), &data, behind].concat()).unwrap();
        Archive::open(&path)
    };
    for behind in [&[][..], &[0; 64], &[0; 5000]] {
        assert_eq!(numbers(&with("{}", behind).unwrap().load("a", &Device::Cpu).unwrap()), [1.0, 2.0]);
    }
    let said = with("{}", &[0, 0, 1]).err().unwrap().to_string();
    assert!(said.contains("3 bytes behind its last tensor") && !said.contains("damaged"), "{said}");
    // What is no text there becomes one.
    let archive = with(r#"{"step": 5, "nested": {"a": 1}, "name": "x"}"#, &[]).unwrap();
    let found: Vec<&str> = ["step", "nested", "name"].iter().map(|key| archive.metadata()[*key].as_str()).collect();
    assert_eq!(found, ["5", r#"{"a":1}"#, "x"]);
    assert!(with("null", &[]).is_ok());
    assert!(with("7", &[]).is_err());
}
