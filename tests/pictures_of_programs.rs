//! Pictures of other programs, written by hand from their formats: each is put into real files, and the command line
//! prints its settings field by field.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

#[path = "readers/programs.rs"]
mod programs;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::ImageEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use inkwick::store::pictures::programs::{Program, settings_of};
use programs::{EXPECTED, HIDDEN, sections, texts_of};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

const SIDE: u32 = 96;

/// A fixture's name, its texts by their keys, and what is read of them.
type Fixture = (String, Vec<(String, String)>, Value);

fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/metadata");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".settings.txt"));
    files.sort();
    let read = |file: &PathBuf| {
        let mut sections = sections(&fs::read_to_string(file).unwrap());
        let at = sections.iter().position(|(name, _)| name == EXPECTED).unwrap();
        let expected = serde_json::from_str(&sections.remove(at).1).unwrap();
        (file.file_name().unwrap().to_string_lossy().into_owned(), sections, expected)
    };
    files.iter().map(read).collect()
}

fn inspect(home: &Path, picture: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.args(["models", "inspect"]).arg(picture).args(more).env("INKWICK_HOME", home.join("home")).output().unwrap()
}

/// An EXIF block with the comment in UTF-16, big-endian as EXIF says, and the cameras' fields.
fn exif(sections: &[(String, String)]) -> Vec<u8> {
    let mut entries: Vec<(u16, u16, u32, u32)> = Vec::new();
    let mut data: Vec<u8> = Vec::new();
    let count = sections.len() as u32;
    let data_start = 8 + 2 + 12 * count + 4;
    for (name, text) in sections {
        let (tag, kind, bytes) = match name.as_str() {
            "exif:UserComment" => {
                let letters = text.encode_utf16().flat_map(u16::to_be_bytes);
                (0x8769, 4, b"UNICODE\0".iter().copied().chain(letters).collect::<Vec<u8>>())
            }
            "exif:Make" => (0x010f, 2, format!("{text}\0").into_bytes()),
            "exif:Model" => (0x0110, 2, format!("{text}\0").into_bytes()),
            other => panic!("no field of EXIF: {other}"),
        };
        let at = data_start + data.len() as u32;
        if tag == 0x8769 {
            // A directory of its own, with the comment behind it.
            data.extend([&1_u16.to_be_bytes()[..], &0x9286_u16.to_be_bytes(), &7_u16.to_be_bytes()].concat());
            data.extend([(bytes.len() as u32).to_be_bytes(), (at + 18).to_be_bytes(), [0; 4]].concat());
            entries.push((tag, kind, 1, at));
        } else {
            entries.push((tag, kind, bytes.len() as u32, at));
        }
        data.extend(bytes);
    }
    entries.sort_unstable();
    let mut block = [&b"MM\0\x2a"[..], &8_u32.to_be_bytes(), &(count as u16).to_be_bytes()].concat();
    for (tag, kind, length, at) in entries {
        block.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        block.extend([length.to_be_bytes(), at.to_be_bytes()].concat());
    }
    block.extend([0; 4]);
    block.extend(data);
    block
}

fn png(path: &Path, sections: &[(String, String)]) {
    let hidden = sections.iter().find(|(name, _)| name == HIDDEN).map(|(_, text)| text.as_str());
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgba);
    for (name, text) in sections.iter().filter(|(name, _)| name != HIDDEN) {
        let name = if name == "xmp" { "XML:com.adobe.xmp" } else { name };
        encoder.add_itxt_chunk(name.to_owned(), text.clone()).unwrap();
    }
    let mut pixels = vec![254; (SIDE * SIDE * 4) as usize];
    if let Some(text) = hidden {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(text.as_bytes()).unwrap();
        let packed = packer.finish().unwrap();
        let bytes = [b"stealth_pngcomp", &(packed.len() as u32 * 8).to_be_bytes()[..], &packed].concat();
        for (at, bit) in bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1)).enumerate() {
            let side = SIDE as usize;
            pixels[4 * (at % side * side + at / side) + 3] |= bit;
        }
    }
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

fn jpeg(path: &Path, exif: Option<Vec<u8>>, segments: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes);
    exif.map_or(Ok(()), |block| encoder.set_exif_metadata(block)).unwrap();
    encoder.write_image(&vec![90; (SIDE * SIDE * 3) as usize], SIDE, SIDE, image::ExtendedColorType::Rgb8).unwrap();
    let behind = bytes.split_off(2);
    for segment in segments {
        bytes.extend(segment);
    }
    bytes.extend(behind);
    fs::write(path, bytes).unwrap();
}

fn webp(path: &Path, exif: Vec<u8>) {
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut bytes);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.write_image(&vec![90; (SIDE * SIDE * 3) as usize], SIDE, SIDE, image::ExtendedColorType::Rgb8).unwrap();
    fs::write(path, bytes).unwrap();
}

fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    [&[0xff, marker][..], &(contents.len() as u16 + 2).to_be_bytes(), contents].concat()
}

/// IPTC's caption in Photoshop's resource, as Apple and everybody writes it.
fn caption(text: &str) -> Vec<u8> {
    let caption = [&[0x1c, 2, 120][..], &(text.len() as u16).to_be_bytes(), text.as_bytes()].concat();
    let resource = [&b"8BIM\x04\x04\0\0"[..], &(caption.len() as u32).to_be_bytes(), &caption].concat();
    segment(0xed, &[b"Photoshop 3.0\0", &resource[..], &[0][..caption.len() % 2]].concat())
}

/// The fixture in every file that can hold it.
fn files(folder: &Path, sections: &[(String, String)]) -> Vec<PathBuf> {
    let at = |ending: &str| folder.join(format!("a.{ending}"));
    let of = |start: &str| -> Vec<(String, String)> {
        sections.iter().filter(|(name, _)| name.starts_with(start)).cloned().collect()
    };
    let (in_exif, in_xmp, in_iptc) = (of("exif:"), of("xmp"), of("iptc:"));
    let mut files = Vec::new();
    if !in_exif.is_empty() {
        jpeg(&at("jpg"), Some(exif(&in_exif)), &[]);
        webp(&at("webp"), exif(&in_exif));
        files.extend([at("jpg"), at("webp")]);
    }
    if let [(_, xmp)] = in_xmp.as_slice() {
        jpeg(&at("xmp.jpg"), None, &[segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()].concat())]);
        files.push(at("xmp.jpg"));
    }
    if let [(_, text)] = in_iptc.as_slice() {
        jpeg(&at("iptc.jpg"), None, &[caption(text)]);
        files.push(at("iptc.jpg"));
    }
    if in_exif.is_empty() && in_iptc.is_empty() {
        png(&at("png"), sections);
        files.push(at("png"));
    }
    files
}

/// What differs, a line each.
fn compare(found: &Value, expected: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if found["program"] != expected["program"] {
        wrong.push(format!("program: {} for {}", found["program"], expected["program"]));
    }
    let fields = |value: &Value| value["request"].as_object().cloned().unwrap_or_else(Map::new);
    let (found_fields, expected_fields) = (fields(found), fields(expected));
    for (name, value) in &expected_fields {
        if found_fields.get(name) != Some(value) {
            wrong.push(format!("{name}: {:?} for {value}", found_fields.get(name)));
        }
    }
    let more = found_fields.keys().filter(|name| !expected_fields.contains_key(*name));
    wrong.extend(more.map(|name| format!("{name} is not in the picture: {}", found_fields[name])));
    let texts = |value: &Value| -> Vec<String> {
        let notices = value["notices"].as_array().cloned().unwrap_or_default();
        notices.iter().map(|notice| notice.as_str().unwrap().to_owned()).collect()
    };
    let (notices, wanted) = (texts(found), texts(expected));
    let missing = wanted.iter().filter(|words| !notices.iter().any(|notice| notice.contains(words.as_str())));
    wrong.extend(missing.map(|words| format!("no notice says {words:?}")));
    let unasked = notices.iter().filter(|notice| !wanted.iter().any(|words| notice.contains(words.as_str())));
    wrong.extend(unasked.map(|notice| format!("a notice too many: {notice:?}")));
    wrong
}

#[test]
fn every_program_s_pictures_are_read_field_by_field() {
    let mut wrong = Vec::new();
    let fixtures = fixtures();
    for (name, sections, expected) in &fixtures {
        let home = TempDir::new().unwrap();
        for file in files(home.path(), sections) {
            let of = format!("{name} as {}", file.file_name().unwrap().to_string_lossy());
            let output = inspect(home.path(), &file, &["--json"]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let Ok(found) = serde_json::from_str::<Value>(&text) else {
                wrong.push(format!("{of}: no JSON: {text}{}", String::from_utf8_lossy(&output.stderr)));
                continue;
            };
            if expected.is_null() {
                if output.status.code() != Some(1) || !found["program"].is_null() {
                    wrong.push(format!("{of}: taken for settings: {text}"));
                }
                continue;
            }
            wrong.extend(compare(&found, expected).into_iter().map(|line| format!("{of}: {line}")));
            if output.status.code() != Some(0) {
                wrong.push(format!("{of}: {:?}", output.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for program in Program::ALL {
        let has_one = fixtures.iter().any(|(.., expected)| expected["program"] == program.name());
        assert!(has_one, "no picture of {}", program.name());
    }
}

#[test]
fn a_person_reads_a_table_and_a_picture_without_settings_is_reported() {
    let home = TempDir::new().unwrap();
    let (_, sections, _) = fixtures().into_iter().find(|(name, ..)| name == "comfyui.settings.txt").unwrap();
    let file = files(home.path(), &sections).remove(0);
    let output = inspect(home.path(), &file, &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["program          ComfyUI", "steps            22", "lora             ink.safetensors: 0.8", "note  "]
    {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    png(&file, &[]);
    let output = inspect(home.path(), &file, &[]);
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{sentence}");
    assert!(sentence.contains("does not say how it was made") && sentence.trim_end().ends_with("a.png"), "{sentence}");
}

/// Values that stand where others belong.
fn oddities() -> Vec<Value> {
    let deep = (0..100).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let odd = r#"[null, true, -1, 0, 1e308, -0.0, 18446744073709551615, 123456789012345678901234567890, "", "NaN", "1e999",
        "-5", [], {}, [null], ["a", 0], [["a", 1]], {"a": "b"}, [1, 2, 3], "🦊", [{"model": 5}, "x"]]"#;
    let mut odd: Vec<Value> = serde_json::from_str(odd).unwrap();
    odd.extend([deep, Value::from("x".repeat(100_000))]);
    odd
}

/// Every value in the JSON, each odd one in its place in turn, and every key taken away.
fn spoiled(value: &Value, odd: &[Value], spoil: &mut dyn FnMut(&Value)) {
    fn at<'a>(whole: &'a mut Value, path: &[String]) -> &'a mut Value {
        path.iter().fold(whole, |value, key| match value {
            Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
            other => &mut other[key],
        })
    }
    fn paths(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        found.push(path.clone());
        let inner: Vec<(String, &Value)> = match value {
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
            _ => Vec::new(),
        };
        for (key, value) in inner {
            path.push(key);
            paths(value, path, found);
            path.pop();
        }
    }
    let mut found = Vec::new();
    paths(value, &mut Vec::new(), &mut found);
    for path in found {
        for odd in odd {
            let mut changed = value.clone();
            *at(&mut changed, &path) = odd.clone();
            spoil(&changed);
        }
        if let Some((last, above)) = path.split_last() {
            let mut changed = value.clone();
            if let Value::Object(map) = at(&mut changed, above) {
                map.remove(last);
                spoil(&changed);
            }
        }
    }
}

#[test]
fn wrong_types_and_missing_keys_leave_what_can_be_read() {
    let odd = oddities();
    for (name, sections, _) in fixtures() {
        for (index, (_, text)) in sections.iter().enumerate() {
            let Ok(json) = serde_json::from_str::<Value>(&text.replace("NaN", "null")) else { continue };
            let mut tried = 0;
            spoiled(&json, &odd, &mut |changed| {
                let mut sections = sections.clone();
                sections[index].1 = changed.to_string();
                let _ = settings_of(&texts_of(&sections))
                    .map(|settings| (settings.json(), settings.lines(), settings.prompt_with_loras()));
                tried += 1;
            });
            assert!(tried > 20 || json.is_null() || !json.is_object(), "{name} was hardly tried");
        }
    }
}

#[test]
fn one_wrong_value_costs_no_other() {
    let sections = vec![(
        "invokeai_metadata".to_owned(),
        r#"{"positive_prompt": "a mill", "steps": "many", "seed": -4, "width": "640", "height": 512.0, "cfg_scale": "7.5",
            "scheduler": 9, "model": 5, "loras": "none", "strength": 3}"#
            .to_owned(),
    )];
    let settings = settings_of(&texts_of(&sections)).unwrap();
    assert_eq!((settings.request.prompt.as_str(), settings.request.guidance), ("a mill", Some(7.5)));
    assert_eq!((settings.request.width, settings.request.height, settings.request.steps), (Some(640), Some(512), 20));
    let notices: Vec<&str> = settings.notices.iter().map(|notice| notice.message.as_str()).collect();
    for words in ["steps in the picture", "seed in the picture", "strength must be"] {
        assert!(notices.iter().any(|notice| notice.contains(words)), "{words}: {notices:?}");
    }
    assert!(settings.json()["request"].get("steps").is_none() && settings.json()["request"].get("seed").is_none());
}

#[test]
fn a_graph_in_a_circle_and_one_without_end_are_left() {
    let kinds = ["Reroute", "KSampler", "CLIPTextEncode", "LatentUpscale", "ConditioningCombine", "SaveImage"];
    let names = [
        "samples",
        "latent_image",
        "positive",
        "negative",
        "model",
        "clip",
        "text",
        "seed",
        "conditioning_1",
        "conditioning_2",
        "images",
    ];
    let mut circle = Map::new();
    for id in 0..300_usize {
        let link = |slot: usize| json!([((id * 7 + 1 + slot) % 300).to_string(), slot]);
        let inputs: Map<String, Value> =
            names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), link(at % 3))).collect();
        circle.insert(id.to_string(), json!({ "class_type": kinds[id % 6], "inputs": inputs }));
    }
    let _ = settings_of(&texts_of(&[("prompt".to_owned(), Value::from(circle).to_string())]));
    let mut chain = Map::new();
    for id in 0..15_000_usize {
        let inputs = json!({ "model": [(id + 1).to_string(), 0] });
        chain.insert(id.to_string(), json!({ "class_type": "LoraLoader", "inputs": inputs }));
    }
    let inputs = json!({ "seed": 1, "model": ["0", 0], "positive": ["0", 0], "latent_image": ["0", 0] });
    chain.insert("s".to_owned(), json!({ "class_type": "KSampler", "inputs": inputs }));
    let chain = Value::from(chain).to_string();
    let _ = settings_of(&texts_of(&[("prompt".to_owned(), chain)]));
}

/// EXIF and XMP may both have a comment, and a description beside it.
#[test]
fn a_text_without_settings_hides_none_that_has_them() {
    let settings = "a fox\nSteps: 9, Sampler: Euler, Seed: 7";
    for (first, second) in [
        ("exif:UserComment", "exif:UserComment"),
        ("exif:UserComment", "exif:XPComment"),
        ("exif:ImageDescription", "exif:XPTitle"),
        ("iptc:Caption-Abstract", "exif:ImageDescription"),
    ] {
        let sections =
            [(first, "by the sea"), (second, settings)].map(|(name, text)| (name.to_owned(), text.to_owned()));
        let found = settings_of(&texts_of(&sections)).unwrap().request;
        assert_eq!((found.prompt.as_str(), found.steps, found.seed), ("a fox", 9, 7), "{first}, {second}");
        assert!(settings_of(&texts_of(&sections[..1])).is_none(), "{first}");
    }
}
