//! Every reader of what somebody else wrote, as a function of bytes: `damage.rs` replays a small corpus through them, and
//! the fuzz targets in `fuzz` look for more.

pub(crate) mod programs;
mod service;
mod weights;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use inkwick::checkpoint::{Lora, ModelFiles, TextualInversion, builtin_model, inspect_file};
use inkwick::hub::{Listing, RemoteFile};
use inkwick::job::{CancelToken, LoraRef, Request, Task};
use inkwick::pipeline::{Adapters, CostModel, ExecutionPlan, Pipeline, Workload, tokenizer_of};
use inkwick::prompt::{self, PromptTokenizer};
use inkwick::store::canvas::journal::Journal;
use inkwick::store::models::inspection::Inspection;
use inkwick::store::pictures::metadata::parameters;
use inkwick::store::pictures::programs::{settings_of, settings_of_hidden};
use inkwick::store::pictures::{mask_file, picture_file};
use inkwick::store::settings::Settings;
use inkwick::store::{keys, models};
use tempfile::TempDir;

/// A reader by its name, which is its folder of the corpus and its fuzz target.
type Reader = fn(&[u8]);

pub(crate) const ALL: [(&str, Reader); 20] = [
    ("checkpoint", checkpoint),
    ("comfy_paths", comfy_paths),
    ("embedding", embedding),
    ("encoder", weights::encoder),
    ("folder", folder),
    ("hub", hub),
    ("journal", journal),
    ("lora", lora),
    ("metadata", infotext),
    ("picture", picture),
    ("prompt", words),
    ("quantised", weights::quantised),
    ("service_a1111", service::a1111),
    ("service_form", service::form),
    ("service_mcp", service::mcp),
    ("service_openai", service::openai),
    ("service_own", service::own),
    ("settings", settings),
    ("sidecar", sidecar),
    ("task", task),
];

/// Zeros that stand behind a header, or in a pickle's storages: enough for the smallest model.
const MOST_ZEROS: usize = 1 << 20;

/// The tests' folder, from this package and from that of the fuzz targets.
fn tests() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = if package.ends_with("fuzz") { package.parent() } else { Some(package) };
    root.unwrap_or(package).join("tests")
}

fn corpus(name: &str) -> PathBuf {
    tests().join("corpus").join(name)
}

/// Gives the bytes to a reader.
pub(crate) fn read(name: &str, bytes: &[u8]) {
    let (_, reader) = ALL.iter().find(|(known, _)| *known == name).expect("a reader of that name");
    reader(bytes);
}

thread_local! {
    static SCRATCH: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

/// A folder of this thread's own.
fn scratch() -> PathBuf {
    SCRATCH.with_borrow_mut(|folder| {
        folder.get_or_insert_with(|| TempDir::new().expect("a folder for files")).path().to_owned()
    })
}

fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let path = scratch().join(name);
    fs::write(&path, bytes).expect("room for a file");
    path
}

/// A file of tensors: whole ones as they are. A header alone (`{…`) gets as many zeros as it speaks of, and a pickle
/// alone a zip around it, so that a fuzzer need not guess lengths and sums. One behind `D` gets a deflated zip, whose
/// storages end with what stands behind the pickle.
fn tensors(bytes: &[u8]) -> PathBuf {
    match bytes {
        [b'{', ..] => written("a.safetensors", &with_zeros(bytes)),
        [0x80, ..] if is_legacy(bytes) => written("a.pt", bytes),
        [0x80, ..] => written("a.ckpt", &zipped(bytes)),
        [b'D', pickle @ ..] => written("a.ckpt", &deflated(pickle)),
        [b'P', b'K', ..] => written("a.ckpt", bytes),
        _ => written("a.safetensors", bytes),
    }
}

fn with_zeros(header: &[u8]) -> Vec<u8> {
    let ends = serde_json::from_slice::<serde_json::Value>(header).ok().and_then(|header| {
        let ends = header.as_object()?.values().filter_map(|tensor| tensor["data_offsets"][1].as_u64());
        ends.max()
    });
    let zeros = (ends.unwrap_or(0) as usize).min(MOST_ZEROS);
    [&(header.len() as u64).to_le_bytes()[..], header, &vec![0; zeros]].concat()
}

/// A zip with the pickle and three storages of zeros.
pub(crate) fn zipped(pickle: &[u8]) -> Vec<u8> {
    let zeros = vec![0; 4096];
    let entries =
        [("a/data.pkl", pickle), ("a/data/0", &zeros[..]), ("a/data/1", &zeros[..]), ("a/data/2", &zeros[..])];
    // Nobody asks for the checksum of what is stored.
    zip_of(&entries.map(|(name, bytes)| (name, bytes.to_vec(), bytes.len(), 0, 0)))
}

/// Of each entry its name, its bytes as they stand there, how many it unpacks to, the method's number and the checksum.
fn zip_of(entries: &[(&str, Vec<u8>, usize, u8, u32)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, unpacked, method, checksum) in entries {
        let (offset, length) = ((file.len() as u32).to_le_bytes(), (bytes.len() as u32).to_le_bytes());
        let (unpacked, name_length) = ((*unpacked as u32).to_le_bytes(), (name.len() as u16).to_le_bytes());
        // Version, flags, method, time, date.
        let shared = [0, 0, 0, 0, *method, 0, 0, 0, 0, 0];
        let shared = [&shared[..], &checksum.to_le_bytes(), &length, &unpacked, &name_length, &[0; 2]].concat();
        file.extend([&b"PK\x03\x04"[..], &shared[..], name.as_bytes(), bytes].concat());
        directory.extend([&b"PK\x01\x02"[..], &[0; 2], &shared[..], &[0; 10], &offset, name.as_bytes()].concat());
    }
    let (offset, size) = ((file.len() as u32).to_le_bytes(), (directory.len() as u32).to_le_bytes());
    let count = (entries.len() as u16).to_le_bytes();
    [&file[..], &directory, &b"PK\x05\x06"[..], &[0; 4], &count, &count, &size, &offset, &[0; 2]].concat()
}

/// Whether five pickles follow each other, as before 1.6: the number that the first of them is.
fn is_legacy(bytes: &[u8]) -> bool {
    bytes.len() > 14 && bytes[4..14] == [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
}

/// As [`zipped`], packed.
fn deflated(pickle: &[u8]) -> Vec<u8> {
    let zeros = vec![0; 4096];
    let entries = [("a/data.pkl", pickle), ("a/data/0", &zeros[..]), ("a/data/1", &zeros[..]), ("a/data/2", pickle)];
    zip_of(&entries.map(|(name, bytes)| {
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, bytes).expect("memory takes it");
        let packed = packer.finish().expect("memory takes it");
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        (name, packed, bytes.len(), 8, sum.sum())
    }))
}

/// From a model's estimate to a first small picture.
fn estimated_and_drawn(files: &ModelFiles, adapters: &Adapters) {
    if let Ok(model) = CostModel::read(files) {
        let workload = Workload { width: 64, height: 64, ..model.native_workload() };
        let _ = model.costs(workload, ExecutionPlan::plain(None, DType::F32));
    }
    if let Ok(mut pipeline) = Pipeline::load_with(files, adapters, &Device::Cpu, DType::F32, &|_, _| Ok(())) {
        let request = Request {
            prompt: "a (red:1.2) apple 🍎".into(),
            steps: 1,
            width: Some(Request::MIN_SIDE_PX),
            height: Some(Request::MIN_SIDE_PX),
            ..Request::default()
        };
        let _ = pipeline.run(&request, &CancelToken::default(), &mut |_| ());
    }
}

/// A checkpoint in one file, of either format.
fn checkpoint(bytes: &[u8]) {
    let path = tensors(bytes);
    let _ = Inspection::of(&path, None);
    let _ = models::list::inspect(&path);
    if let Ok(files) = ModelFiles::open_file(&path) {
        estimated_and_drawn(&files, &Adapters::default());
    }
}

/// A LoRA, laid over the smallest model.
fn lora(bytes: &[u8]) {
    let path = tensors(bytes);
    let _ = inspect_file(&path);
    if Lora::open(&path, 1.0).is_ok_and(|lora| lora.layers() + lora.words().len() > 0) {
        let base = ModelFiles::open_file(&corpus("base.safetensors")).expect("the base of the corpus");
        let adapters = Adapters { loras: vec![LoraRef::with_weights(path, 0.4, 0.7)], ..Adapters::default() };
        let _ = Pipeline::load_with(&base, &adapters, &Device::Cpu, DType::F32, &|_, _| Ok(()));
    }
}

/// A learned word.
fn embedding(bytes: &[u8]) {
    let path = tensors(bytes);
    let _ = inspect_file(&path);
    if let Ok(file) = TextualInversion::open(&path) {
        for place in [None, Some(0), Some(1)] {
            let _ = file.vectors_for(4, place);
        }
        let _ = file.misfit("768").to_string();
    }
}

/// What stands beside a checkpoint: JSON by its first letter, else YAML.
fn sidecar(bytes: &[u8]) {
    let checkpoint = scratch().join("beside.safetensors");
    if !checkpoint.exists() {
        fs::copy(corpus("base.safetensors"), &checkpoint).expect("room for a file");
    }
    for ending in ["json", "yaml"] {
        let _ = fs::remove_file(checkpoint.with_extension(ending));
    }
    written(if bytes.first() == Some(&b'{') { "beside.json" } else { "beside.yaml" }, bytes);
    let _ = models::list::inspect(&checkpoint);
    if let Ok(files) = ModelFiles::open_file(&checkpoint) {
        estimated_and_drawn(&files, &Adapters::default());
    }
}

/// Which file of a diffusers folder is a stranger's: the first line names it.
fn folder(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let name = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let folder = scratch().join("folder");
    let whole = tests().join("reference/data/sd1/model");
    let Some(place) = FOLDER_FILES.iter().find(|place| **place == name) else { return };
    // What is taken only where there is no plain safetensors file.
    let instead = match *place {
        "unet/diffusion_pytorch_model.safetensors" | "text_encoder/model.safetensors" => None,
        place if place.starts_with("unet/diffusion") => Some("unet/diffusion_pytorch_model.safetensors"),
        place if place.starts_with("text_encoder/pytorch") => Some("text_encoder/model.safetensors"),
        _ => None,
    };
    for file in FOLDER_FILES {
        if instead == Some(file) {
            let _ = fs::remove_file(folder.join(file));
            continue;
        }
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("room for a folder");
        let contents = if file == *place { Ok(bytes[end + 1..].to_vec()) } else { fs::read(whole.join(file)) };
        match contents {
            Ok(contents) => fs::write(&path, contents).expect("room for a file"),
            Err(_) => drop(fs::remove_file(&path)),
        }
    }
    let _ = models::list::inspect(&folder);
    let files = ModelFiles::Folder(folder);
    let _ =
        tokenizer_of(&files).and_then(|tokenizer| Ok(tokenizer.count(&prompt::parse("(a fox:1.1), BREAK an apple"))?));
    estimated_and_drawn(&files, &Adapters::default());
}

const FOLDER_FILES: [&str; 20] = [
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    "text_encoder/pytorch_model.bin",
    "tokenizer/merges.txt",
    "tokenizer/special_tokens_map.json",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/vocab.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model-00001-of-00001.bin",
    "unet/diffusion_pytorch_model.bin",
    "unet/diffusion_pytorch_model.bin.index.json",
    "unet/diffusion_pytorch_model.non_ema.safetensors",
    "unet/diffusion_pytorch_model.safetensors",
    "unet/diffusion_pytorch_model.safetensors.index.json",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
    "README.md",
];

/// `ComfyUI`'s list of folders. Nothing is looked into: a stranger's line may name the whole disk.
fn comfy_paths(bytes: &[u8]) {
    let _ = models::scan::named_places(&String::from_utf8_lossy(bytes), Path::new("models"));
}

/// A prompt as a person or another program's picture has it.
fn words(bytes: &[u8]) {
    thread_local! {
        static TOKENIZER: PromptTokenizer =
            tokenizer_of(&builtin_model().expect("the model")).expect("its tokenizer");
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = prompt::lora_tags(&text);
    let lists = prompt::wildcard_names(&text).into_iter().map(|name| (name, vec![text.to_string(), "moss".into()]));
    let text = prompt::drawn_from(&text, 7, &lists.take(3).collect());
    let _ = prompt::remarks(&text);
    let _ = prompt::remarks_on_negative(&text);
    for steps in [1, 7] {
        for part in prompt::parts(&text, steps) {
            let ends: Vec<usize> = part.stages.iter().map(|stage| stage.last_step).collect();
            assert!(ends.is_sorted_by(|a, b| a < b) && ends.last() == Some(&steps), "{ends:?} of {steps}");
        }
    }
    let _ = prompt::find_word(&text, "moss");
    TOKENIZER.with(|tokenizer| {
        for prompt in [prompt::parse(&text), prompt::Prompt::plain(&text)] {
            let _ = tokenizer.count(&prompt);
            let _ = tokenizer.windows(&prompt, 1);
        }
    });
}

/// A picture, or a mask, of any format, and its settings.
fn picture(bytes: &[u8]) {
    let path = written("picture.png", bytes);
    let _ = picture_file::read_request(&path);
    let _ = picture_file::read_painting(&path);
    let _ = picture_file::read_latents(&path);
    let _ = mask_file::read(&path);
}

/// The text with how a picture was made: AUTOMATIC1111's, or sections of any program's.
fn infotext(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let sections = programs::sections(&text);
    let mut found = vec![settings_of_hidden(&text)];
    found.push(settings_of(&programs::texts_of(&sections)));
    for (name, hidden) in &sections {
        if name == programs::HIDDEN {
            found.push(settings_of_hidden(hidden));
        }
    }
    for settings in found.into_iter().flatten() {
        settings.request.validate().expect("what was read can be drawn");
        let _ = (settings.json(), settings.lines(), settings.prompt_with_loras());
    }
    if let Some(request) = parameters::request_of_parameters(&text) {
        let written = parameters::parameters_of(&request);
        assert!(
            parameters::request_of_parameters(&written).is_some(),
            "what was read cannot be written again: {written}"
        );
    }
    let _ = parameters::request_of_json(&text);
    let _ = parameters::strength_of(&text);
}

/// What the program remembers, changed by hand or by a broken disk.
fn settings(bytes: &[u8]) {
    let path = written("settings.ron", bytes);
    let loaded = Settings::load(&path);
    loaded.settings.save(&path).expect("settings that were read can be written");
    written("keys.ron", bytes);
    let _ = keys::load(&keys::file_beside(&path));
}

/// The canvas's journal. Checksums are set right, so that a fuzzer comes past them.
fn journal(bytes: &[u8]) {
    const HEADER: &[u8] = b"Inkwick canvas 1\n";
    let mut bytes = bytes.to_vec();
    let mut at = HEADER.len();
    while let Some(head) = bytes.get(at..at + 13) {
        let length = u64::from_le_bytes(head[..8].try_into().expect("eight bytes"));
        let body = at + 13;
        let Some(end) = usize::try_from(length).ok().and_then(|length| body.checked_add(length)) else { break };
        if end > bytes.len() {
            break;
        }
        let mut sum = flate2::Crc::new();
        sum.update(&bytes[body - 1..end]);
        bytes[at + 8..at + 12].copy_from_slice(&sum.sum().to_le_bytes());
        at = end;
    }
    let folder = scratch().join("canvas");
    fs::create_dir_all(&folder).expect("room for a folder");
    fs::write(folder.join("journal"), bytes).expect("room for a file");
    let (_journal, mut document) = Journal::open(&folder).expect("a journal that can be opened");
    while document.undo() {}
    while document.redo() {}
}

/// What a repository holds, a name a line.
fn hub(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let files = text.lines().map(|name| RemoteFile { name: name.to_owned(), bytes: name.len() as u64 }).collect();
    let listing = Listing { revision: "main".into(), licence: None, files };
    for wanted in [None, Some("a.safetensors")] {
        let _ = listing.needed("someone/model", wanted).map_err(|error| error.to_string());
    }
}

/// A task from another machine: what is read can be written and read again.
fn task(bytes: &[u8]) {
    let Ok(task) = Task::from_bytes(bytes) else { return };
    let _ = task.validate().map_err(|error| error.to_string());
    let again = task.to_bytes().expect("what was read can be written");
    Task::from_bytes(&again).expect("what was written can be read");
}
