//! What a file is that is no weights at all, by how it begins: what a download, a browser or another program left in
//! the place of weights.

use std::path::Path;

use super::refusal::Foreign;

/// How much of a file's beginning is looked at.
pub(crate) const LOOKED_AT: usize = 2048;

const GET_FILE: &str = "download the file itself, signed in where its page asks for that";
const LFS: &str = "fetch the file itself with git lfs pull, or download it from the model's page";
const UNPACK: &str = "unpack it, and choose the .safetensors or .ckpt file in it";
const OTHER_FORMAT: &str = "get the model as a .safetensors or .ckpt file, or as a folder in diffusers' layout";
const NOT_WEIGHTS: &str = "choose the .safetensors, .ckpt or .gguf file of the model";

/// How files of other kinds begin.
pub(crate) const STARTS: [(&[u8], &str, &str); 15] = [
    (b"\x89HDF\r\n\x1a\n", "a file of Keras or TensorFlow (HDF5)", OTHER_FORMAT),
    (b"\x93NUMPY", "an array of NumPy", OTHER_FORMAT),
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"\xfd7zXZ", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\x89PNG", "a picture", NOT_WEIGHTS),
    (b"\xff\xd8\xff", "a picture", NOT_WEIGHTS),
    (b"RIFF", "a picture or a recording", NOT_WEIGHTS),
    (b"%PDF", "a PDF document", NOT_WEIGHTS),
    (b"\x7fELF", "a program", NOT_WEIGHTS),
    (b"lmgg", "a file of llama.cpp from before GGUF", OTHER_FORMAT),
    (b"tjgg", "a file of llama.cpp from before GGUF", OTHER_FORMAT),
];

/// What the file is that begins with `head`, where it is known and no weights.
#[must_use]
pub(crate) fn known(head: &[u8], path: &Path) -> Option<Foreign> {
    if let Some(text) = text_of(head) {
        return Some(of_text(&text));
    }
    if let Some((_, found, remedy)) = STARTS.iter().find(|(start, ..)| head.starts_with(start)) {
        return Some(Foreign::new(*found, remedy));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(of_tar(head));
    }
    if head.get(4..8) == Some(b"TFL3") {
        return Some(Foreign::new("a model of TensorFlow Lite", OTHER_FORMAT));
    }
    let has_ending = |ending: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
    // A protocol buffer whose first field is a version: TensorFlow's is 1, ONNX's is higher.
    if let [8, version @ 1..=31, 0x12 | 0x1a | 0x3a | 0x42, ..] = head {
        return Some(match version {
            1 if !has_ending("onnx") => Foreign::new("a saved model of TensorFlow or Core ML", OTHER_FORMAT),
            _ => Foreign::new("an ONNX model", OTHER_FORMAT),
        });
    }
    if has_ending("msgpack") {
        return Some(Foreign::new("a file of Flax (msgpack)", OTHER_FORMAT));
    }
    None
}

/// What stands in the place of a small file of text: a pointer or a page; `None` for any other text.
#[must_use]
pub(crate) fn instead_of_text(bytes: &[u8]) -> Option<String> {
    let text = text_of(&bytes[..bytes.len().min(LOOKED_AT)])?;
    let foreign = of_text(&text);
    (text.starts_with('<') || foreign.remedy == LFS).then(|| format!("it is {}; {}", foreign.found, foreign.remedy))
}

/// What is said of a file that begins like nothing that is known.
#[must_use]
pub(crate) fn unknown() -> Foreign {
    Foreign::new("of a kind that is not known here (neither safetensors nor PyTorch's nor GGUF)", NOT_WEIGHTS)
}

/// The beginning, if it is text; a character may be cut at its end.
fn text_of(head: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && head.len() == LOOKED_AT => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_text = |character: char| !character.is_control() || character.is_ascii_whitespace();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    // A few letters are the beginning of anything.
    (text.len() >= 8 && text.chars().all(is_text)).then(|| text.to_owned())
}

fn of_text(text: &str) -> Foreign {
    let lower = text.to_lowercase();
    if lower.starts_with("version https://git-lfs") || lower.starts_with("# xet version") {
        let size = text.lines().find_map(|line| line.strip_prefix("size ")?.trim().parse::<f64>().ok());
        let size = size.map(|bytes| format!(" that stands for a file of {:.1} MB", bytes / 1e6)).unwrap_or_default();
        return Foreign::new(format!("a Git LFS pointer, a few lines of text{size}"), LFS);
    }
    if lower.starts_with('<') {
        let is_page = lower.contains("<html") || lower.starts_with("<!doctype html") || lower.contains("<head");
        let found = if is_page { "a page of a web site (HTML)" } else { "an answer of a server (XML)" };
        return Foreign::new(found, GET_FILE);
    }
    if lower.starts_with(['{', '[']) {
        let said = ["error", "message", "detail"].iter().any(|word| lower.contains(&format!("\"{word}")));
        let found = if said { "an error that a server answered with (JSON)" } else { "a text file (JSON)" };
        return Foreign::new(found, if said { GET_FILE } else { NOT_WEIGHTS });
    }
    let refusals = ["access denied", "access to model", "unauthorized", "not found", "forbidden", "entry not found"];
    if refusals.iter().any(|words| lower.starts_with(words)) || lower.starts_with("invalid username") {
        return Foreign::new("an error that a server answered with", GET_FILE);
    }
    Foreign::new("a text file", NOT_WEIGHTS)
}

fn of_tar(head: &[u8]) -> Foreign {
    let end = head.iter().position(|byte| *byte == 0).unwrap_or(0).min(100);
    let first = String::from_utf8_lossy(&head[..end]).into_owned();
    let first = first.trim_start_matches("./");
    if ["sys_info", "pickle", "storages", "tensors"].contains(&first) {
        let remedy = "load it and save it again with any newer version of PyTorch";
        return Foreign::new("a tar of PyTorch from before version 0.1.10", remedy);
    }
    Foreign::new("a tar archive", UNPACK)
}

/// What a zip file is, by the names in it, that is not `PyTorch`'s list of tensors.
#[must_use]
pub(crate) fn of_zip<'a>(names: &(impl Iterator<Item = &'a str> + Clone)) -> Foreign {
    let any = |fits: &dyn Fn(&str) -> bool| names.clone().any(fits);
    let ends = |ending: &'static str| any(&move |name| name.to_lowercase().ends_with(ending));
    if any(&|name| name.ends_with("constants.pkl") || name.contains("/code/")) {
        let remedy = "get the model's weights as a .safetensors or .ckpt file";
        return Foreign::new("a TorchScript archive, a program with its weights, which is never run here", remedy);
    }
    if ends(".npy") {
        return Foreign::new("a zip of NumPy's arrays (npz)", OTHER_FORMAT);
    }
    if ends(".weights.h5") || ends("keras_metadata.pb") {
        return Foreign::new("a model of Keras", OTHER_FORMAT);
    }
    if ends("saved_model.pb") {
        return Foreign::new("a zip of a saved model of TensorFlow", OTHER_FORMAT);
    }
    for ending in [".safetensors", ".ckpt", ".gguf", ".pt", ".pth", ".bin"] {
        if let Some(name) = names.clone().find(|name| name.to_lowercase().ends_with(ending)) {
            return Foreign::new(format!("a zip archive with {name} in it"), UNPACK);
        }
    }
    let example = names.clone().next().map(|name| format!(" ({name} for one)")).unwrap_or_default();
    Foreign::new(format!("a zip archive of other things{example}"), NOT_WEIGHTS)
}
