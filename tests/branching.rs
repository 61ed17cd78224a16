//! A picture that goes on from another one's step: exactly where nothing is other, at the same level of noise where the
//! sampler is another one, and by the decoder alone behind the last step.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::path::PathBuf;
use std::sync::Arc;

use candle_core::{DType, Device};
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{
    Branch, CancelToken, InitPicture, InpaintArea, InpaintMask, InpaintSettings, Progress, Request, StepState,
    VaeTiling,
};
use inkwick::mask::MaskPlane;
use inkwick::pipeline::{Pipeline, PipelineError};
use inkwick::raster::Picture;
use inkwick::sampling::{History, SchedulerName, SigmaChoice};

fn pipeline() -> Pipeline {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/sd1/model");
    Pipeline::load(&ModelFiles::Folder(folder), &Device::Cpu, DType::F32, &|_, _| Ok(())).unwrap()
}

/// A picture with what was said of it, and how many calls it took.
struct Made {
    picture: Picture,
    states: Vec<Arc<StepState>>,
    notices: Vec<String>,
    noted: Request,
}

fn made(pipeline: &mut Pipeline, request: &Request) -> Result<Made, PipelineError> {
    let (mut states, mut notices) = (Vec::new(), Vec::new());
    let mut take = |progress| match progress {
        Progress::Reached(state) => states.push(state),
        Progress::Notice(notice) => notices.push(notice.message),
        _ => {}
    };
    let (picture, noted) = pipeline.run(request, &CancelToken::default(), &mut take)?;
    Ok(Made { picture, states, notices, noted })
}

fn request() -> Request {
    Request {
        prompt: "a red apple".into(),
        steps: 8,
        seed: 5,
        width: Some(64),
        height: Some(48),
        guidance: Some(5.0),
        ..Request::default()
    }
}

fn from(state: &Arc<StepState>, request: &Request) -> Request {
    let branch = Branch { step: 4, steps: 8, decodes_in_single: false, state: Some(Arc::clone(state)) };
    Request { branch: Some(branch), ..request.clone() }
}

#[test]
fn with_nothing_other_it_is_the_same_picture_and_other_words_make_another_one() {
    let mut pipeline = pipeline();
    for scheduler in [SchedulerName::Ddim, SchedulerName::EulerAncestral, SchedulerName::UniPc] {
        let request = Request { scheduler: Some(scheduler), ..request() };
        let first = made(&mut pipeline, &request).unwrap();
        let step = &first.states[3];
        let same = made(&mut pipeline, &from(step, &request)).unwrap();
        assert!(same.picture == first.picture && same.notices.is_empty(), "{scheduler:?}: {:?}", same.notices);
        assert_eq!(same.states.len(), 4, "only the rest is drawn");
        assert!(same.noted.branch.as_ref().is_some_and(|branch| branch.step == 4 && branch.state.is_none()));
        let other = Request { prompt: "a blue house".into(), guidance: Some(9.0), ..request.clone() };
        let anew = made(&mut pipeline, &other).unwrap();
        let branched = made(&mut pipeline, &from(step, &other)).unwrap();
        assert!(branched.notices.is_empty(), "{:?}", branched.notices);
        assert!(branched.picture != first.picture && branched.picture != anew.picture, "{scheduler:?}");
    }
}

#[test]
fn another_sampler_goes_on_at_the_same_level_of_noise() {
    let mut pipeline = pipeline();
    let first = made(&mut pipeline, &Request { scheduler: Some(SchedulerName::Ddim), ..request() }).unwrap();
    for scheduler in SchedulerName::ALL {
        for (steps, sigmas) in [(8, None), (20, None), (8, Some(SigmaChoice::Karras))] {
            if sigmas.is_some_and(|sigmas| !scheduler.allows(sigmas)) {
                continue;
            }
            let other = Request { scheduler: Some(scheduler), sigmas, steps, ..request() };
            let found = made(&mut pipeline, &from(&first.states[3], &other)).unwrap();
            let anew: Vec<&String> = found.notices.iter().filter(|notice| notice.contains("anew")).collect();
            assert!(anew.is_empty(), "{scheduler:?}, {steps} steps, {sigmas:?}: {anew:?}");
            let whole = made(&mut pipeline, &other).unwrap();
            assert!(found.states.len() < whole.states.len(), "{scheduler:?}: a part of the way is behind it");
            // Over the same levels DDIM is what it went on from, and other samplers may take its very steps.
            if (steps, sigmas) != (8, None) {
                assert!(found.picture != whole.picture, "{scheduler:?}, {steps} steps, {sigmas:?}");
            } else if scheduler == SchedulerName::Ddim {
                assert_eq!(found.picture, whole.picture);
            }
        }
    }
}

#[test]
fn only_what_is_masked_goes_on() {
    let mut pipeline = pipeline();
    let first = made(&mut pipeline, &request()).unwrap();
    let mut values = vec![0; 64 * 48];
    for y in 8..40 {
        values[y * 64 + 8..y * 64 + 32].fill(255);
    }
    let mask = InpaintMask { plane: Arc::new(MaskPlane::from_values(64, 48, values).unwrap()) };
    let inpaint = InpaintSettings { area: InpaintArea::Whole, mask_blur_px: 0, ..InpaintSettings::default() };
    let init = Some(InitPicture { picture: Arc::new(first.picture.clone()), strength: 1.0 });
    let other = Request { prompt: "a blue house".into(), init, mask: Some(mask), inpaint, ..request() };
    let found = made(&mut pipeline, &from(&first.states[3], &other)).unwrap();
    assert_eq!((found.states.len(), found.picture.size()), (4, first.picture.size()));
    let pixel = |picture: &Picture, x: usize, y: usize| picture.rgba()[(y * 64 + x) * 4..][..4].to_vec();
    assert_eq!(pixel(&found.picture, 60, 4), pixel(&first.picture, 60, 4), "outside it is the canvas");
    assert!((0..24).any(|at| pixel(&found.picture, 10 + at, 20) != pixel(&first.picture, 10 + at, 20)));
}

#[test]
fn behind_the_last_step_only_the_decoder_works() {
    let mut pipeline = pipeline();
    let first = made(&mut pipeline, &Request { scheduler: Some(SchedulerName::Heun), ..request() }).unwrap();
    let last = first.states.last().unwrap();
    // As it lies in the picture's file: without history and noise, and whatever the settings say of samplers.
    let last = Arc::new(StepState { history: History::default(), noise: Vec::new(), ..(**last).clone() });
    let mut again = from(&last, &Request { scheduler: None, steps: 3, ..request() });
    let decoded = made(&mut pipeline, &again).unwrap();
    assert!(decoded.picture == first.picture && decoded.states.is_empty());
    again.compute.vae_tiling = VaeTiling::On;
    if let Some(branch) = &mut again.branch {
        branch.decodes_in_single = true;
    }
    assert_eq!(made(&mut pipeline, &again).unwrap().picture.size(), first.picture.size());
    again.width = Some(96);
    assert!(matches!(made(&mut pipeline, &again), Err(PipelineError::OtherLatents)));
}

#[test]
fn a_step_of_another_size_is_begun_anew_with_a_word() {
    let mut pipeline = pipeline();
    let first = made(&mut pipeline, &request()).unwrap();
    let other = Request { width: Some(96), ..request() };
    let wanted = made(&mut pipeline, &other).unwrap();
    let found = made(&mut pipeline, &from(&first.states[3], &other)).unwrap();
    assert!(found.picture == wanted.picture && found.notices.iter().any(|notice| notice.contains("begun anew")));
}
