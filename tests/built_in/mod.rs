//! The built-in model against diffusers, in twenty steps, with its LoRA in four, and with the styles that come with it.

use std::path::PathBuf;

use candle_core::DType;
use inkwick::checkpoint::{builtin_four_steps, builtin_loras, builtin_model};
use inkwick::job::{CancelToken, LoraRef, Progress, Request};
use inkwick::pipeline::{Adapters, Pipeline};
use inkwick::sampling::SchedulerName;

use crate::CPU;

const PROMPT: &str = "a fox wearing a crown in a forest";

fn reference(name: &str) -> image::RgbaImage {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/builtin");
    image::open(folder.join(format!("{name}.png"))).unwrap().to_rgba8()
}

fn assert_drawn(name: &str, size: [u32; 2], rgba: &[u8]) {
    let wanted = reference(name);
    assert_eq!(size, [wanted.width(), wanted.height()], "{name}");
    let sum: f64 = rgba.iter().zip(wanted.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    let mean = sum / (wanted.as_raw().len() / 4 * 3) as f64;
    println!("{name}: mean difference {mean:.5} of 255");
    assert!(mean < 1.0, "{name} is off by a mean of {mean}");
}

/// `tests/reference/builtin.py` drew them; the model's own settings are what a request without any takes.
#[test]
fn the_built_in_model_draws_what_diffusers_draws_in_twenty_steps_and_in_four() {
    let (whole, quick) = (builtin_model().unwrap(), builtin_four_steps().unwrap());
    let mut whole = Pipeline::load(&whole, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    let mut quick = Pipeline::load(&quick, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    for (name, scheduler, steps) in [
        ("ddim-8", None, 8),
        ("lcm-4", None, 4),
        ("euler-4", Some(SchedulerName::Euler), 4),
        ("ddim-4", Some(SchedulerName::Ddim), 4),
    ] {
        let pipeline = if steps == 4 { &mut quick } else { &mut whole };
        let prompt = PROMPT.to_owned();
        let request = Request { prompt, scheduler, steps, seed: 11, ..Request::default() };
        let mut notices = Vec::new();
        let mut sink = |progress| {
            if let Progress::Notice(notice) = progress {
                notices.push(notice.message);
            }
        };
        let (picture, carried_out) = pipeline.run(&request, &CancelToken::default(), &mut sink).unwrap();
        assert_eq!(carried_out.guidance, Some(if steps == 4 { 1.0 } else { 4.0 }), "{name}");
        assert!(notices.is_empty(), "{name}: {notices:?}");
        assert_drawn(name, [picture.width(), picture.height()], picture.rgba());
    }
    let request = Request { negative: Some("blue".into()), steps: 1, ..Request::default() };
    let mut said = Vec::new();
    quick.run(&request, &CancelToken::default(), &mut |progress| said.extend(notice_of(progress))).unwrap();
    assert!(said.iter().any(|words| words.contains("the negative prompt has no effect")), "{said:?}");
}

#[test]
fn styles_that_come_with_the_program_draw_what_diffusers_draws_with_them() {
    let mut pipeline = Pipeline::load(&builtin_model().unwrap(), &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    for file in builtin_loras() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let adapters = Adapters { loras: vec![LoraRef::new(file, 1.0)], ..Adapters::default() };
        pipeline = pipeline.with_adapters(&adapters, &|_, _| Ok(())).unwrap();
        let request =
            Request { prompt: PROMPT.into(), steps: 8, seed: 11, loras: adapters.loras.clone(), ..Request::default() };
        let mut said = Vec::new();
        let mut sink = |progress| said.extend(notice_of(progress));
        let (picture, _) = pipeline.run(&request, &CancelToken::default(), &mut sink).unwrap();
        assert!(said.is_empty(), "{name}: {said:?}");
        assert_drawn(&name, [picture.width(), picture.height()], picture.rgba());
    }
}

fn notice_of(progress: Progress) -> Option<String> {
    if let Progress::Notice(notice) = progress { Some(notice.message) } else { None }
}
