//! Inpainting and instructions against diffusers (`tests/reference/paint.py`), and what holds for every photo.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // The lints know tests by their attribute and not their helpers.

mod copied;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{
    CancelToken, InitPicture, InpaintArea, InpaintMask, InpaintSettings, MaskedContent, Progress, PromptSyntax,
    Request, StepState,
};
use inkwick::mask::{MaskPlane, PixelRect};
use inkwick::pipeline::{Pipeline, PipelineError};
use inkwick::raster::Picture;
use inkwick::sampling::{NoiseKind, SchedulerName};
use serde_json::Value;

use copied::copied;

const CPU: Device = Device::Cpu;

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data")
}

/// The model of `kind` with another first convolution, as diffusers would have saved it.
fn model_with(kind: &str, pipeline: &str, conv_in: Option<&Tensor>, folder: &Path) {
    copied(&data().join(kind).join("model"), folder);
    let index = folder.join("model_index.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    json["_class_name"] = pipeline.into();
    fs::write(&index, json.to_string()).unwrap();
    let Some(conv_in) = conv_in else { return };
    let config = folder.join("unet/config.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    json["in_channels"] = conv_in.dim(1).unwrap().into();
    fs::write(&config, json.to_string()).unwrap();
    let files = fs::read_dir(folder.join("unet")).unwrap().map(|entry| entry.unwrap().path());
    let weights = files.filter(|path| path.extension().is_some_and(|kind| kind == "safetensors"));
    for file in weights {
        let mut tensors = candle_core::safetensors::load(&file, &CPU).unwrap();
        let old = tensors.insert("conv_in.weight".into(), conv_in.clone()).unwrap();
        tensors.insert("conv_in.weight".into(), conv_in.to_dtype(old.dtype()).unwrap());
        candle_core::safetensors::save(&tensors, file).unwrap();
    }
}

fn pipeline_of(folder: &Path) -> Pipeline {
    Pipeline::load(&ModelFiles::Folder(folder.to_owned()), &CPU, DType::F32, &|_, _| Ok(())).unwrap()
}

fn picture(file: &Path) -> Picture {
    let pixels = image::open(file).unwrap().to_rgba8();
    Picture::from_rgba(pixels.width(), pixels.height(), pixels.into_raw()).unwrap()
}

fn mask(file: &Path) -> MaskPlane {
    let pixels = image::open(file).unwrap().to_luma8();
    MaskPlane::from_values(pixels.width(), pixels.height(), pixels.into_raw()).unwrap()
}

fn as_decoded() -> InpaintSettings {
    InpaintSettings { composite: false, mask_blur_px: 0, ..InpaintSettings::default() }
}

fn request_of(run: &Value, extra: &str) -> Request {
    let name = run["init"].as_str().unwrap_or("even");
    let folder = data().join("paint");
    let init = picture(&folder.join(format!("{name}.png")));
    let masked = mask(&folder.join(format!("{name}-mask.png")));
    Request {
        prompt: run["prompt"].as_str().unwrap().to_owned(),
        negative: run["negative"].as_str().map(str::to_owned),
        prompt_syntax: PromptSyntax::Plain,
        scheduler: run["scheduler"].as_str().and_then(SchedulerName::from_id),
        steps: run["steps"].as_u64().unwrap() as u32,
        guidance: run["guidance"].as_f64(),
        image_guidance: run["image_guidance"].as_f64(),
        seed: run["seed"].as_u64().unwrap(),
        width: Some(48),
        height: Some(40),
        init: Some(InitPicture { picture: Arc::new(init), strength: run["strength"].as_f64().unwrap_or(1.0) }),
        mask: (extra != "picture").then(|| InpaintMask { plane: Arc::new(masked) }),
        inpaint: as_decoded(),
        ..Request::default()
    }
}

fn drawn(pipeline: &mut Pipeline, request: &Request) -> Picture {
    pipeline.run(request, &CancelToken::default(), &mut |_| ()).unwrap().0
}

#[test]
fn pictures_are_those_of_diffusers() {
    let folder = data().join("paint");
    let tensors = candle_core::safetensors::load(folder.join("reference.safetensors"), &CPU).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("reference.json")).unwrap()).unwrap();
    let mut broken = Vec::new();
    for case in &cases {
        let (kind, extra) = (case["kind"].as_str().unwrap(), case["extra"].as_str().unwrap());
        let home = tempfile::tempdir().unwrap();
        let conv_in = tensors.get(&format!("{kind}.{extra}.conv_in"));
        model_with(kind, case["pipeline"].as_str().unwrap(), conv_in, home.path());
        let mut pipeline = pipeline_of(home.path());
        for (index, run) in case["runs"].as_array().unwrap().iter().enumerate() {
            let found = drawn(&mut pipeline, &request_of(run, extra));
            let wanted = &tensors[&format!("{kind}.{extra}.{index}")];
            assert_eq!(wanted.dims(), [found.height() as usize, found.width() as usize, 3]);
            let wanted = wanted.flatten_all().unwrap().to_vec1::<u8>().unwrap();
            let bytes = found.rgba().chunks_exact(4).flat_map(|pixel| &pixel[..3]);
            let sum: f64 = bytes.zip(&wanted).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
            let mean = sum / wanted.len() as f64;
            println!("{kind} {extra} {index}: mean difference {mean:.5} of 255 ({})", run["scheduler"]);
            if mean >= 1.0 {
                broken.push(format!("{kind} {extra} {index} is off by a mean of {mean}: {run}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Every byte is another one, and so is the transparency.
fn photo(width: u32, height: u32) -> Picture {
    let bytes = (0..width * height).flat_map(|i| {
        let (x, y) = (i % width, i / width);
        [(x * 255 / width) as u8, (y * 255 / height) as u8, (i * 7) as u8, 200 + (x % 56) as u8]
    });
    Picture::from_rgba(width, height, bytes.collect()).unwrap()
}

fn blot(width: u32, height: u32, rect: PixelRect) -> MaskPlane {
    let mut mask = MaskPlane::empty(width, height);
    for y in rect.top..rect.bottom {
        mask.row_mut(y)[rect.left as usize..rect.right as usize].fill(255);
    }
    mask
}

fn repaint(photo: &Picture, mask: MaskPlane, strength: f64, inpaint: InpaintSettings) -> Request {
    Request {
        prompt: "a red apple".into(),
        steps: 3,
        guidance: Some(5.0),
        init: Some(InitPicture { picture: Arc::new(photo.clone()), strength }),
        mask: Some(InpaintMask { plane: Arc::new(mask) }),
        inpaint,
        ..Request::default()
    }
}

#[test]
fn outside_the_mask_and_its_feather_every_byte_is_the_photos() {
    let mut pipeline = pipeline_of(&data().join("sd1/model"));
    let rect = PixelRect::new(31, 20, 60, 41);
    for (width, height) in [(101, 75), (96, 80)] {
        let photo = photo(width, height);
        for settings in [
            InpaintSettings::default(),
            InpaintSettings { area: InpaintArea::Masked, padding_px: 0, mask_blur_px: 3, ..InpaintSettings::default() },
            InpaintSettings { soft: true, mask_blur_px: 6, ..InpaintSettings::default() },
            InpaintSettings { content: MaskedContent::Blurred, grow_px: 3, ..InpaintSettings::default() },
            InpaintSettings { content: MaskedContent::Noise, invert: true, ..InpaintSettings::default() },
        ] {
            let mask = blot(width, height, rect);
            let may_change = settings.prepared(&mask).grown(settings.feather_reach_px());
            let made = drawn(&mut pipeline, &repaint(&photo, mask.clone(), 0.8, settings.clone()));
            assert_eq!(made.size(), photo.size());
            let mut changed = 0;
            let pixels = made.rgba().chunks_exact(4).zip(photo.rgba().chunks_exact(4)).zip(may_change.values());
            for ((made, photo), may_change) in pixels {
                assert!(*may_change > 0 || made == photo, "{settings:?}");
                assert!(made[3] >= photo[3], "what is painted is not hidden");
                changed += usize::from(made != photo);
            }
            let painted = settings.prepared(&mask);
            let whole = made.rgba().chunks_exact(4).zip(painted.values()).filter(|(_, share)| **share == 255);
            assert!(whole.into_iter().all(|(made, _)| made[3] == 255), "{settings:?}: what is painted is opaque");
            let masked = painted.values().iter().filter(|value| **value > 0).count();
            assert!(changed * 10 > masked * 9, "{settings:?} changed {changed} of {masked} masked pixels");
        }
    }
}

/// A hole of any share of the mask and any transparency, in every way of painting.
#[test]
fn what_is_painted_over_transparency_is_seen() {
    let mut pipeline = pipeline_of(&data().join("sd1/model"));
    let painted = PixelRect::new(20, 16, 60, 56);
    for (hole, alpha) in [(4_u32, 0_u8), (36, 0), (12, 1), (40, 90)] {
        let rgba: Vec<u8> = photo(96, 80)
            .rgba()
            .chunks_exact(4)
            .enumerate()
            .flat_map(|(i, pixel)| {
                let (x, y) = (i as u32 % 96, i as u32 / 96);
                let is_hole = (30..30 + hole).contains(&x) && (30..30 + hole).contains(&y) || (x + y) % 31 == 0;
                [pixel[0], pixel[1], pixel[2], if is_hole { alpha } else { 255 }]
            })
            .collect();
        let photo = Picture::from_rgba(96, 80, rgba).unwrap();
        let mask = blot(96, 80, painted);
        for settings in [
            InpaintSettings::default(),
            InpaintSettings { mask_blur_px: 0, ..InpaintSettings::default() },
            InpaintSettings { area: InpaintArea::Masked, padding_px: 8, ..InpaintSettings::default() },
            InpaintSettings { soft: true, ..InpaintSettings::default() },
            InpaintSettings { content: MaskedContent::Blurred, ..InpaintSettings::default() },
            InpaintSettings { composite: false, ..InpaintSettings::default() },
        ] {
            for strength in [0.4, 1.0] {
                let made = drawn(&mut pipeline, &repaint(&photo, mask.clone(), strength, settings.clone()));
                let may_change = mask.grown(settings.feather_reach_px());
                for (i, (made, photo)) in made.rgba().chunks_exact(4).zip(photo.rgba().chunks_exact(4)).enumerate() {
                    assert!(mask.values()[i] == 0 || made[3] == 255, "{hole} {alpha} {settings:?}: {i} is hidden");
                    let is_kept = settings.composite && may_change.values()[i] == 0;
                    assert!(!is_kept || made == photo, "{hole} {alpha} {settings:?}: {i} is no longer the photo's");
                }
            }
        }
        let everything = blot(96, 80, PixelRect::new(0, 0, 96, 80));
        let mut request = repaint(&photo, everything, 1.0, InpaintSettings::default());
        let is_opaque = |made: Picture| made.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255);
        assert!(is_opaque(drawn(&mut pipeline, &request)));
        request.mask = None;
        for strength in [0.4, 1.0] {
            request.init.as_mut().unwrap().strength = strength;
            assert!(is_opaque(drawn(&mut pipeline, &request)), "without a mask, at strength {strength}");
        }
    }
}

#[test]
fn one_painted_pixel_is_repainted() {
    let mut pipeline = pipeline_of(&data().join("sd1/model"));
    let photo = photo(96, 80);
    let dot = blot(96, 80, PixelRect::new(45, 33, 46, 34));
    let settings = InpaintSettings { mask_blur_px: 0, colour_match: false, ..InpaintSettings::default() };
    let made = drawn(&mut pipeline, &repaint(&photo, dot, 1.0, settings));
    let changed: Vec<usize> =
        (0..96 * 80).filter(|i| made.rgba()[i * 4..][..4] != photo.rgba()[i * 4..][..4]).collect();
    assert_eq!(changed, [33 * 96 + 45]);
}

#[test]
fn a_mask_that_asks_for_nothing_is_a_sentence() {
    let mut pipeline = pipeline_of(&data().join("sd1/model"));
    let photo = photo(64, 64);
    let mut sentence = |mask, settings| {
        let request = repaint(&photo, mask, 1.0, settings);
        pipeline.run(&request, &CancelToken::default(), &mut |_| ()).unwrap_err()
    };
    let empty = sentence(MaskPlane::empty(64, 64), InpaintSettings::default());
    assert!(empty.to_string().contains("mask is empty"), "{empty}");
    let faint = MaskPlane::from_values(64, 64, vec![90; 4096]).unwrap();
    let faint = sentence(faint, InpaintSettings::default());
    assert!(faint.to_string().contains("fainter") && matches!(faint, PipelineError::FaintMask), "{faint}");
    let wrong = sentence(MaskPlane::empty(64, 32), InpaintSettings::default());
    assert!(wrong.to_string().contains("64×64, found 64×32"), "{wrong}");
}

#[test]
fn a_photo_comes_back_at_its_own_size() {
    let mut pipeline = pipeline_of(&data().join("sd1/model"));
    let photo = photo(101, 75);
    let mut request = repaint(&photo, MaskPlane::empty(1, 1), 0.5, InpaintSettings::default());
    request.mask = None;
    let (made, noted) = pipeline.run(&request, &CancelToken::default(), &mut |_| ()).unwrap();
    assert_eq!(made.size(), [101, 75]);
    assert!(made.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255), "without a mask everything is painted");
    let untouched = InitPicture { picture: Arc::new(photo.clone()), strength: 0.0 };
    let kept = drawn(&mut pipeline, &Request { init: Some(untouched), ..request.clone() });
    assert_eq!(kept.rgba()[3], photo.rgba()[3], "at strength 0 nothing is");
    let again = drawn(&mut pipeline, &Request { init: request.init.clone(), ..noted });
    assert_eq!(again, made, "what is noted makes the same picture again");
    request.inpaint.composite = false;
    assert_eq!(drawn(&mut pipeline, &request).size(), [96, 72]);
}

/// The picture, and where it stood behind every call of the network.
fn drawn_with_states(pipeline: &mut Pipeline, request: &Request) -> (Picture, Vec<Arc<StepState>>) {
    let mut states = Vec::new();
    let mut take = |progress| {
        match progress {
            Progress::Reached(state) => states.push(state),
            // Going on says nothing, or it would not be the same picture.
            Progress::Notice(notice) => assert!(!notice.message.contains("begun"), "{notice:?}"),
            _ => {}
        }
    };
    let (picture, noted) = pipeline.run(request, &CancelToken::default(), &mut take).unwrap();
    assert!(noted.from_step.is_none(), "what is noted with the picture is the whole picture's");
    (picture, states)
}

#[test]
fn a_picture_that_was_interrupted_anywhere_is_the_same_with_every_scheduler() {
    let mut pipeline = pipeline_of(&data().join("sd1/model"));
    let photo = photo(64, 48);
    let mask = blot(64, 48, PixelRect::new(10, 8, 50, 40));
    let soft = InpaintSettings { soft: true, mask_blur_px: 4, ..InpaintSettings::default() };
    let noise = InpaintSettings { content: MaskedContent::Noise, ..InpaintSettings::default() };
    let whole = repaint(&photo, mask, 0.8, soft);
    let fill = Request { inpaint: noise, noise: NoiseKind::Philox, ..whole.clone() };
    let edit = Request { mask: None, ..whole.clone() };
    let create = Request { init: None, width: Some(48), height: Some(40), ..edit.clone() };
    for scheduler in SchedulerName::ALL {
        for request in [&whole, &fill, &edit, &create] {
            let request = Request { scheduler: Some(scheduler), steps: 5, seed: 11, ..request.clone() };
            let (wanted, states) = drawn_with_states(&mut pipeline, &request);
            assert!(states.len() >= 4, "{scheduler:?}");
            for (index, state) in states.iter().enumerate() {
                // As it comes back from a disk.
                let state = StepState::from_bytes(&state.to_bytes().unwrap()).unwrap();
                let again = Request { from_step: Some(Arc::new(state)), ..request.clone() };
                let (found, rest) = drawn_with_states(&mut pipeline, &again);
                assert_eq!(rest[..], states[index + 1..], "{scheduler:?} behind call {index}");
                assert_eq!(found, wanted, "{scheduler:?} behind call {index}");
            }
        }
    }
}

#[test]
fn steps_of_another_picture_are_not_gone_on_from() {
    let mut pipeline = pipeline_of(&data().join("sd1/model"));
    let request =
        Request { prompt: "a red apple".into(), steps: 5, width: Some(48), height: Some(40), ..Request::default() };
    let (wanted, states) = drawn_with_states(&mut pipeline, &request);
    let step = |change: fn(&mut StepState)| {
        let mut state = (*states[2]).clone();
        change(&mut state);
        Some(Arc::new(state))
    };
    for from_step in [
        step(|state| state.scheduler = SchedulerName::Heun),
        step(|state| state.calls = 6),
        step(|state| state.next_call = 9),
        step(|state| state.latents.truncate(7)),
        step(|state| state.noise.truncate(7)),
        step(|state| state.history.rows.push(vec![0.0; 3])),
    ] {
        let mut notices = Vec::new();
        let mut take = |progress| {
            if let Progress::Notice(notice) = progress {
                notices.push(notice.message);
            }
        };
        let request = Request { from_step, ..request.clone() };
        let (found, _) = pipeline.run(&request, &CancelToken::default(), &mut take).unwrap();
        assert!(notices.iter().any(|notice| notice.contains("begun anew")), "{notices:?}");
        assert_eq!(found, wanted);
    }
}
