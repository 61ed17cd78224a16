//! What one picture leaves for the next: what changed is noticed, what did not is not computed again.

use std::sync::Arc;

use candle_core::DType;
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{
    CancelToken, Compute, InitPicture, InpaintMask, MemoryMode, ModelPart, Progress, PromptSyntax, Request,
};
use inkwick::mask::MaskPlane;
use inkwick::model::Execution;
use inkwick::pipeline::{Adapters, Constraints, LoadOptions, ModelSpec, Pipeline};
use inkwick::raster::Picture;
use inkwick::sampling::SchedulerName;

use crate::{CPU, Reference};

/// A masked picture with words, to be changed in one thing at a time.
fn masked_request() -> Request {
    let side = 64;
    let pixels = (0..side * side * 4).map(|index| if index % 4 == 3 { 255 } else { (index * 7 % 251) as u8 }).collect();
    let picture = Arc::new(Picture::from_rgba(side, side, pixels).unwrap());
    let mut mask = MaskPlane::empty(side, side);
    for y in 16..40 {
        for x in 8..48 {
            mask.values_mut()[(y * side + x) as usize] = 255;
        }
    }
    Request {
        prompt: "a red apple".into(),
        negative: Some("blue".into()),
        scheduler: Some(SchedulerName::Ddim),
        guidance: Some(3.0),
        steps: 2,
        seed: 3,
        init: Some(InitPicture { picture, strength: 0.9 }),
        mask: Some(InpaintMask { plane: Arc::new(mask) }),
        ..Request::default()
    }
}

#[test]
fn what_changed_since_the_last_picture_is_noticed() {
    type Change = fn(&mut Request);
    let changes: [(&str, Change); 12] = [
        ("nothing", |_| ()),
        ("a word", |request| request.prompt = "a red apple?".into()),
        ("a weight", |request| request.prompt = "a (red:1.3) apple".into()),
        ("the syntax", |request| {
            request.prompt = "a (red:1.3) apple".into();
            request.prompt_syntax = PromptSyntax::Plain;
        }),
        ("a word that is not wanted", |request| request.negative = Some("green".into())),
        ("no negative prompt", |request| request.negative = None),
        ("clip skip", |request| request.clip_skip = Some(2)),
        ("a longer prompt", |request| request.prompt = "an apple, ".repeat(40)),
        ("one pixel of the picture", |request| {
            let init = request.init.as_mut().unwrap();
            let mut pixels = init.picture.rgba().to_vec();
            pixels[40 * 64 * 4] ^= 128;
            init.picture = Arc::new(Picture::from_rgba(64, 64, pixels).unwrap());
        }),
        ("one pixel of the mask", |request| {
            let mut plane = (*request.mask.take().unwrap().plane).clone();
            plane.values_mut()[50 * 64 + 60] = 255;
            request.mask = Some(InpaintMask { plane: Arc::new(plane) });
        }),
        ("how the mask is used", |request| request.inpaint.grow_px = 8),
        ("strength", |request| request.init.as_mut().unwrap().strength = 1.0),
    ];
    for kind in ["sd1", "sdxl"] {
        let reference = Reference::read(kind);
        let load = || Pipeline::load(&reference.files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
        let draw = |pipeline: &mut Pipeline, request: &Request| {
            pipeline.run(request, &CancelToken::default(), &mut |_| ()).unwrap().0.into_rgba()
        };
        let mut kept = load();
        let first = draw(&mut kept, &masked_request());
        for (what, change) in changes {
            let mut request = masked_request();
            change(&mut request);
            let wanted = draw(&mut load(), &request);
            assert!(draw(&mut kept, &request) == wanted, "{kind}: after {what} changed");
            assert_eq!(wanted == first, what == "nothing", "{kind}: {what} shows in the picture");
            assert!(draw(&mut kept, &masked_request()) == first, "{kind}: back from {what}");
        }
    }
}

#[test]
fn what_did_not_change_is_not_computed_again() {
    let reference = Reference::read("sd1");
    let mut request = masked_request();
    request.compute = Compute { memory: MemoryMode::Low, ..Compute::default() };
    // With networks that are read when they are needed, what is needed shows.
    let mut parts_of = {
        let mut pipeline = pipeline_on_demand(&reference.files);
        move |request: &Request| {
            let mut parts = Vec::new();
            let mut sink = |progress| {
                if let Progress::Loading { part, .. } = progress
                    && parts.last() != Some(&part)
                {
                    parts.push(part);
                }
            };
            pipeline.run(request, &CancelToken::default(), &mut sink).unwrap();
            parts
        }
    };
    let (text, unet, vae) = (ModelPart::TextEncoder, ModelPart::Unet, ModelPart::Vae);
    let words = [ModelPart::Tokenizer, text];
    assert_eq!(parts_of(&request), [&words[..], &[vae, unet, vae]].concat(), "everything is new");
    request.seed += 1;
    assert_eq!(parts_of(&request), [unet, vae], "the words and the picture are known");
    request.prompt.push_str(" on grass");
    assert_eq!(parts_of(&request), [&words[..], &[unet, vae]].concat(), "the picture is known");
    let init = request.init.as_mut().unwrap();
    init.picture = Arc::new(Picture::filled(64, 64, [9, 9, 9, 255]));
    assert_eq!(parts_of(&request), [vae, unet, vae], "the words are known");
}

fn pipeline_on_demand(files: &ModelFiles) -> Pipeline {
    let spec = ModelSpec::read(files, None).unwrap();
    let execution = Execution::Kernels;
    let constraints = Constraints { sequential_offload: Some(true), ..Constraints::new(DType::F32, None) };
    let plan = spec.plan(&masked_request(), &execution, &constraints).unwrap().plan;
    assert!(plan.sequential_offload);
    Pipeline::load_planned(spec, &Adapters::default(), &LoadOptions::of(&execution, &plan), &|_, _| Ok(())).unwrap()
}
