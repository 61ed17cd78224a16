//! Selecting by clicks and boxes against `MobileSAM` in `PyTorch` (`tests/reference/segment.py`), on weights that follow
//! from their names.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Tensor};
use inkwick::job::{Click, SelectPrompt};
use inkwick::model::Segmenter;
use inkwick::raster::Picture;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    shapes: BTreeMap<String, Vec<usize>>,
    /// Logits are kept of every so many rows and columns.
    every: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    width: u32,
    height: u32,
    clicks: Vec<(f32, f32, bool)>,
    around: Option<[f32; 4]>,
    scores: Vec<f32>,
    logits: Vec<Vec<f32>>,
    areas: Vec<usize>,
}

fn reference() -> Reference {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/segment.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// From -1 to 1, by splitmix64 over the place, begun with the name's FNV-1a.
fn numbers(name: &str, count: usize) -> impl Iterator<Item = f32> {
    let seed = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (1..=count as u64).map(move |place| {
        let state = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((state ^ (state >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

fn tensor(name: &str, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let is_embedding = name.rsplit('.').nth(1).is_some_and(|part| part.contains("embed"));
    let (base, factor) = if name.ends_with("running_var") {
        (1.0, 0.5)
    } else if name.ends_with("running_mean") || name.rsplit('.').next() == Some("bias") {
        (0.0, 0.1)
    } else if shape.len() == 1 {
        (1.0, 0.25)
    } else if name.ends_with(".weight") && shape[0] > 4 && !is_embedding {
        (0.0, (2.0 / (count as f64 / shape[0] as f64).sqrt()) as f32)
    } else {
        (0.0, 1.0)
    };
    let values: Vec<f32> = numbers(name, count).map(|value| base + factor * value).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn picture(width: u32, height: u32) -> Picture {
    let (w, h) = (i64::from(width), i64::from(height));
    let mut rgba = Vec::new();
    for y in 0..h {
        for x in 0..w {
            let inside = (x * 2 - w).pow(2) + (y * 3 - h).pow(2) < w * h / 2;
            let values = [x * x / 61 + y, y * 5 / 3 + i64::from(inside) * 90, x + y * y / 37];
            rgba.extend(values.map(|value| (value % 256) as u8));
            rgba.push(255);
        }
    }
    Picture::from_rgba(width, height, rgba).unwrap()
}

fn prompt(case: &Case) -> SelectPrompt {
    SelectPrompt {
        clicks: case.clicks.iter().map(|(x, y, belongs)| Click { at: [*x, *y], belongs: *belongs }).collect(),
        around: case.around.map(|[a, b, c, d]| [[a, b], [c, d]]),
    }
}

#[test]
fn clicks_and_boxes_give_what_mobile_sam_gives() {
    let reference = reference();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    let tensors: HashMap<String, Tensor> =
        reference.shapes.iter().map(|(name, shape)| (name.clone(), tensor(name, shape))).collect();
    candle_core::safetensors::save(&tensors, &file).unwrap();
    drop(tensors);
    let segmenter = Segmenter::open(&file).unwrap();
    let mut encoded = None;
    for case in &reference.cases {
        let size = (case.width, case.height);
        if encoded.as_ref().is_none_or(|(known, _)| *known != size) {
            encoded = Some((size, segmenter.encode(&picture(case.width, case.height), &|| Ok(())).unwrap()));
        }
        let (_, encoded) = encoded.as_ref().unwrap();
        let prompt = prompt(case);
        let answers = segmenter.answers(encoded, &prompt).unwrap();
        assert_eq!(answers.len(), 4);
        let what = format!("{size:?} {prompt:?}");
        for (index, answer) in answers.iter().enumerate() {
            let wanted = &case.logits[index];
            let found = answer
                .logits
                .chunks(256)
                .step_by(reference.every)
                .flat_map(|row| row.iter().copied().step_by(reference.every));
            let largest = wanted.iter().fold(0_f32, |largest, value| largest.max(value.abs()));
            for (place, (found, wanted)) in found.zip(wanted).enumerate() {
                let error = (found - wanted).abs() / largest;
                assert!(error < 1e-3, "{what}, answer {index}: logit {place} is {found} instead of {wanted}");
            }
            assert!(
                (answer.score - case.scores[index]).abs() < 1e-3,
                "{what}: {} {}",
                answer.score,
                case.scores[index]
            );
            let area = encoded.mask(answer).values().iter().filter(|value| **value > 0).count();
            let slack = 2 + size.0 as usize * size.1 as usize / 2000;
            assert!(
                area.abs_diff(case.areas[index]) <= slack,
                "{what}: {area} pixels instead of {}",
                case.areas[index]
            );
        }
        let best = if prompt.is_ambiguous() {
            (1..4).max_by(|a, b| case.scores[*a].total_cmp(&case.scores[*b]))
        } else {
            Some(0)
        };
        assert_eq!(segmenter.answer(encoded, &prompt).unwrap(), answers[best.unwrap()]);
    }
}

#[test]
fn another_network_and_an_empty_prompt_get_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.safetensors");
    let tensors = HashMap::from([("unet.conv_in.weight".to_owned(), tensor("a.weight", &[8, 4, 3, 3]))]);
    candle_core::safetensors::save(&tensors, &file).unwrap();
    let message = Segmenter::open(&file).err().expect("it is no MobileSAM").to_string();
    assert!(message.contains("another network") && message.contains("mobile_sam"), "{message}");
}
