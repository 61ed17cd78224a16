//! Against `PyTorch` (`tests/reference/annotate.py`), on weights that follow from their names.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Reference {
    /// Of the values so many are kept.
    every: usize,
    kinds: BTreeMap<String, Kind>,
}

#[derive(Deserialize)]
struct Kind {
    shapes: BTreeMap<String, Vec<usize>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

fn reference() -> Reference {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/annotate.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// From -1 to 1, by splitmix64 over the place, begun with the name's FNV-1a.
fn numbers(name: &str, count: usize) -> impl Iterator<Item = f32> {
    let step = |seed: u64, byte: u8| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (1..=count as u64).map(move |place| {
        let state = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((state ^ (state >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

fn tensor(name: &str, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let (base, factor) = if name == "norm" {
        (110.0, 20.0)
    } else if name == "head.conv3.bias" {
        (0.5, 0.0)
    } else if name.rsplit('.').next() == Some("bias") {
        (0.0, 0.1)
    } else if shape.len() == 1 {
        (1.0, 0.25)
    } else if name.contains("token") || name.contains("position") {
        (0.0, 0.5)
    } else {
        (0.0, (2.0 / (count as f64 / shape[0] as f64).sqrt()) as f32)
    };
    let values: Vec<f32> = numbers(name, count).map(|value| base + factor * value).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn rgb(width: usize, height: usize) -> Vec<u8> {
    let (w, h) = (width as i64, height as i64);
    let places = (0..h).flat_map(|y| (0..w).map(move |x| (x, y)));
    let pixels = places.flat_map(|(x, y)| {
        let inside = (x * 2 - w).pow(2) + (y * 3 - h).pow(2) < w * h / 2;
        [x * x / 61 + y, y * 5 / 3 + i64::from(inside) * 90, x + y * y / 37].map(|value| (value % 256) as u8)
    });
    pixels.collect()
}

fn picture(width: usize, height: usize) -> Picture {
    let rgba = rgb(width, height).chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect();
    Picture::from_rgba(width as u32, height as u32, rgba).unwrap()
}

fn annotator(kind: &str) -> Annotator {
    Annotator::from_id(kind).unwrap()
}

fn weights(kind: &Kind) -> HashMap<String, Tensor> {
    kind.shapes.iter().map(|(name, shape)| (name.clone(), tensor(name, shape))).collect()
}

fn written(weights: &HashMap<String, Tensor>, folder: &Path) -> PathBuf {
    let file = folder.join("weights.safetensors");
    candle_core::safetensors::save(weights, &file).unwrap();
    file
}

fn hold(network: &AnnotatorNetwork, kind: &Kind, every: usize, name: &str) {
    for case in &kind.cases {
        let size = [case.width, case.height];
        let found = network.values(&rgb(case.width, case.height), size, &|| Ok(())).unwrap();
        assert_eq!([found.width, found.height, found.channels], [case.width, case.height, 1]);
        let found: Vec<f32> = found.values().iter().copied().step_by(every).collect();
        assert_eq!(found.len(), case.values.len());
        let largest = case.values.iter().fold(0f32, |most, value| most.max(value.abs()));
        let differences = found.iter().zip(&case.values).map(|(found, wanted)| (found - wanted).abs());
        let worst = differences.fold(0f32, f32::max);
        assert!(worst <= 1e-4 * largest, "{name} at {size:?}: off by {worst} of {largest}");
    }
}

#[test]
fn each_network_is_what_pytorch_makes_of_the_same_weights() {
    let reference = reference();
    assert_eq!(reference.kinds.len(), 3);
    for (name, kind) in &reference.kinds {
        let folder = tempfile::tempdir().unwrap();
        let file = written(&weights(kind), folder.path());
        hold(&AnnotatorNetwork::open(annotator(name), &file).unwrap(), kind, reference.every, name);
    }
}

/// The names that the makers of Depth Anything V2 gave to what transformers calls otherwise.
fn makers_name(name: &str) -> String {
    let mut name = name.to_owned();
    for (other, own) in [
        ("backbone.embeddings.patch_embeddings.projection", "pretrained.patch_embed.proj"),
        ("backbone.embeddings.position_embeddings", "pretrained.pos_embed"),
        ("backbone.embeddings.", "pretrained."),
        ("backbone.encoder.layer.", "pretrained.blocks."),
        ("backbone.layernorm", "pretrained.norm"),
        ("attention.output.dense", "attn.proj"),
        ("layer_scale1.lambda1", "ls1.gamma"),
        ("layer_scale2.lambda1", "ls2.gamma"),
        ("neck.convs.0", "depth_head.scratch.layer1_rn"),
        ("neck.convs.1", "depth_head.scratch.layer2_rn"),
        ("neck.convs.2", "depth_head.scratch.layer3_rn"),
        ("neck.convs.3", "depth_head.scratch.layer4_rn"),
        ("neck.fusion_stage.layers.0.", "depth_head.scratch.refinenet4."),
        ("neck.fusion_stage.layers.1.", "depth_head.scratch.refinenet3."),
        ("neck.fusion_stage.layers.2.", "depth_head.scratch.refinenet2."),
        ("neck.fusion_stage.layers.3.", "depth_head.scratch.refinenet1."),
        ("residual_layer1.convolution", "resConfUnit1.conv"),
        ("residual_layer2.convolution", "resConfUnit2.conv"),
        ("head.conv1.", "depth_head.scratch.output_conv1."),
        ("head.conv2.", "depth_head.scratch.output_conv2.0."),
        ("head.conv3.", "depth_head.scratch.output_conv2.2."),
    ] {
        name = name.replace(other, own);
    }
    if name.starts_with("depth_head.scratch.refinenet") {
        name = name.replace("projection", "out_conv");
    }
    if let Some(rest) = name.strip_prefix("neck.reassemble_stage.layers.") {
        let (index, rest) = rest.split_once('.').unwrap();
        let place = if rest.starts_with("projection") { "projects" } else { "resize_layers" };
        name = format!("depth_head.{place}.{index}.{}", rest.split_once('.').unwrap().1);
    }
    name
}

#[test]
fn depth_is_read_by_its_makers_names_too() {
    let reference = reference();
    let kind = &reference.kinds["depth"];
    let mut weights: HashMap<String, Tensor> =
        weights(kind).into_iter().map(|(name, tensor)| (makers_name(&name), tensor)).collect();
    for (block, part) in (0..4).flat_map(|block| ["weight", "bias"].map(|part| (block, part))) {
        let own = |of: &str| format!("pretrained.blocks.{block}.attention.attention.{of}.{part}");
        let parts = ["query", "key", "value"].map(|of| weights.remove(&own(of)).unwrap());
        weights.insert(format!("pretrained.blocks.{block}.attn.qkv.{part}"), Tensor::cat(&parts, 0).unwrap());
    }
    weights.insert(
        "pretrained.mask_token".to_owned(),
        Tensor::zeros((1, 128), candle_core::DType::F32, &Device::Cpu).unwrap(),
    );
    assert!(weights.keys().all(|name| name.starts_with("pretrained.") || name.starts_with("depth_head.")));
    let folder = tempfile::tempdir().unwrap();
    let network = AnnotatorNetwork::open(Annotator::Depth, &written(&weights, folder.path())).unwrap();
    hold(&network, kind, reference.every, "depth by its makers' names");
}

#[test]
fn what_is_made_is_as_large_as_the_picture_and_spread_over_all_greys() {
    let reference = reference();
    let folder = tempfile::tempdir().unwrap();
    let file = written(&weights(&reference.kinds["depth"]), folder.path());
    let network = AnnotatorNetwork::open(Annotator::Depth, &file).unwrap();
    let photo = picture(150, 90);
    let depth = network.made_of(Annotator::Depth, &photo, &|| Ok(())).unwrap();
    assert_eq!(depth.size(), [150, 90]);
    let values: Vec<u8> = depth.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect();
    assert_eq!((values.iter().min(), values.iter().max()), (Some(&0), Some(&255)));
    let normal = network.made_of(Annotator::Normal, &photo, &|| Ok(())).unwrap();
    // They face the viewer or away to a side, never backwards.
    assert!(normal.rgba().chunks_exact(4).all(|pixel| pixel[2] >= 127 && pixel[3] == 255));
    assert!(normal.rgba() != depth.rgba());
    let stopped = network.made_of(Annotator::Depth, &photo, &|| Err(ModelError::Cancelled));
    assert!(matches!(stopped, Err(ModelError::Cancelled)));
}

#[test]
fn sides_are_those_of_the_published_preprocessing() {
    assert_eq!(lines_size([1024, 768]), [704, 512]);
    assert_eq!(lines_size([300, 500]), [512, 832]);
    assert_eq!(lines_size([10, 90_000]), [512, 2048]);
    assert_eq!(depth_size([1024, 768]), [686, 518]);
    assert_eq!(depth_size([300, 200]), [518, 350]);
    assert_eq!(depth_size([1, 1]), [518, 518]);
}

#[test]
fn another_network_is_refused_with_what_was_wanted() {
    let reference = reference();
    for (kind, wanted, said) in [
        ("depth", Annotator::SoftEdge, "ControlNetHED.pth"),
        ("soft-edge", Annotator::LineDrawing, "sk_model.pth"),
        ("lineart-realistic", Annotator::Depth, "Depth Anything V2"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = written(&weights(&reference.kinds[kind]), folder.path());
        let sentence = AnnotatorNetwork::open(wanted, &file).err().unwrap().to_string();
        assert!(sentence.contains(said) && sentence.contains("lacks"), "{sentence}");
    }
}
