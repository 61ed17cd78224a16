//! What other programs write must be read, and what is written must come back.

use super::*;
use crate::sampling::SchedulerName;

fn filled() -> Request {
    Request {
        prompt: "a (red:1.2) apple, on grass".into(),
        negative: Some("blurry, text".into()),
        scheduler: Some(SchedulerName::EulerAncestral),
        guidance: Some(7.5),
        seed: 18_446_744_073_709_551_615,
        width: Some(512),
        height: Some(768),
        ..Request::default()
    }
}

#[test]
fn the_text_is_the_one_that_others_read() {
    assert_eq!(
        parameters_of(&filled()),
        format!(
            "a (red:1.2) apple, on grass\nNegative prompt: blurry, text\nSteps: 20, Sampler: Euler a, CFG scale: 7.5, \
             Seed: 18446744073709551615, Size: 512x768, Model: Inkwick built-in, RNG: CPU, Version: {PROGRAM}"
        )
    );
}

#[test]
fn what_is_written_comes_back() {
    for prompt in
        ["", "one \"quoted\", word: yes", "two\nlines 🍎 and Größe", "Steps: 1, Sampler: x, Seed: 5", "\\(a\\)"]
    {
        for negative in [None, Some("no, \"this\"\nnor that ✗".to_owned())] {
            for prompt_syntax in [PromptSyntax::Weighted, PromptSyntax::Plain] {
                let request = Request { prompt: prompt.into(), negative: negative.clone(), prompt_syntax, ..filled() };
                assert_eq!(request_of_parameters(&parameters_of(&request)), Some(request.clone()));
                assert_eq!(request_of_json(&json_of(&request).unwrap()), Some(request));
            }
        }
    }
}

#[test]
fn every_way_of_sampling_comes_back() {
    for (index, scheduler) in SchedulerName::ALL.into_iter().enumerate() {
        let request = Request {
            scheduler: Some(scheduler),
            sigmas: SigmaChoice::ALL.into_iter().rev().find(|sigmas| scheduler.allows(*sigmas)),
            noise: NoiseKind::ALL[index % 2],
            clip_skip: Some(2),
            variation: Some(Variation { seed: 99, strength: 0.25 }),
            guidance_rescale: 0.7,
            guidance_until: 0.5,
            prediction: PredictionChoice::Velocity,
            ..filled()
        };
        let text = parameters_of(&request);
        assert_eq!(request_of_parameters(&text), Some(request), "{text}");
    }
}

#[test]
fn a_drawn_choice_is_written_as_it_was_drawn() {
    let request = Request { prompt: "a {red|red} apple".into(), ..filled() };
    assert!(parameters_of(&request).starts_with("a red apple\n"));
    assert_eq!(request_of_json(&json_of(&request).unwrap()), Some(request));
}

#[test]
fn a_model_with_commas_and_quotes_in_its_name_breaks_nothing() {
    let request = Request { model: ModelRef::Folder("/models/a, \"b\": c".into()), ..filled() };
    let text = parameters_of(&request);
    assert!(text.contains(r#"Model: "a, \"b\": c", RNG"#), "{text}");
    let read = request_of_parameters(&text).unwrap();
    assert_eq!((read.seed, read.width), (request.seed, request.width));
}

#[test]
fn a_file_of_automatic1111_is_read_and_unknown_keys_are_passed_over() {
    let text = "masterpiece, <lora:name:0.8>\nsecond line\nNegative prompt: bad hands\nworse feet\nSteps: 30, \
                Sampler: Euler, Schedule type: Karras, CFG scale: 7, Seed: 1234, Size: 512x768, Model hash: 6ce0161689, \
                Model: name, Clip skip: 2, Lora hashes: \"a: 0123abcd, b: 1\", Version: v1.10.1";
    let request = request_of_parameters(text).unwrap();
    assert_eq!(request.prompt, "masterpiece, <lora:name:0.8>\nsecond line");
    assert_eq!(request.negative.as_deref(), Some("bad hands\nworse feet"));
    assert_eq!((request.steps, request.seed, request.guidance), (30, 1234, Some(7.0)));
    assert_eq!((request.width, request.height, request.scheduler), (Some(512), Some(768), Some(SchedulerName::Euler)));
    assert_eq!((request.sigmas, request.clip_skip), (Some(SigmaChoice::Karras), Some(2)));
    assert_eq!(request.noise, NoiseKind::Philox, "a file of AUTOMATIC1111 that names no RNG was drawn on a card");
}

#[test]
fn older_and_foreign_spellings_of_samplers_are_understood() {
    for (name, wanted) in [
        ("Euler a Karras", Some(SchedulerName::EulerAncestral)),
        ("euler_a karras", Some(SchedulerName::EulerAncestral)),
        ("euler discrete", Some(SchedulerName::Euler)),
        ("ddim", Some(SchedulerName::Ddim)),
        ("DPM++ 2M SDE Karras", Some(SchedulerName::DpmMultistepSde)),
        ("PNDM", Some(SchedulerName::Pndm)),
        ("Restart", Some(SchedulerName::Heun)),
        ("nonsense", None),
    ] {
        let text = format!("x\nSteps: 9, Sampler: {name}, Seed: 2");
        let request = request_of_parameters(&text).unwrap();
        assert_eq!((request.steps, request.scheduler), (9, wanted), "{name}");
    }
}

#[test]
fn text_without_settings_is_a_prompt_and_other_formats_are_nothing() {
    let request = request_of_parameters("a castle, ratio 16:9\nby night").unwrap();
    assert_eq!(request.prompt, "a castle, ratio 16:9\nby night");
    assert_eq!(request_of_parameters("{\"prompt\": \"a castle\"}"), None);
    assert_eq!(request_of_parameters(" \n "), None);
}

#[test]
fn impossible_values_count_as_not_given() {
    let request =
        request_of_parameters("x\nSteps: 0, Sampler: Euler, CFG scale: NaN, Seed: -1, Size: 9999999x512").unwrap();
    assert_eq!((request.steps, request.guidance, request.seed, request.width), (20, None, 0, None));
    assert_eq!(request_of_json("{\"steps\": 0}"), None);
}

#[test]
fn a_nul_cannot_cut_the_text() {
    let request = Request { prompt: "a\0b".into(), ..filled() };
    assert!(parameters_of(&request).starts_with("ab\n"));
    assert_eq!(request_of_json(&json_of(&request).unwrap()).unwrap().prompt, "a\0b");
}

#[test]
fn a_hostile_line_takes_no_time() {
    let request = request_of_parameters(&"a".repeat(1 << 20)).unwrap();
    assert_eq!(request.prompt.len(), 1 << 20);
    assert!(request_of_parameters(&"aa:\"".repeat(1 << 18)).is_some());
}

#[test]
fn the_size_that_was_worked_at_is_written_and_comes_back() {
    let request = Request { worked_px: Some([304, 200]), ..filled() };
    let text = parameters_of(&request);
    assert!(text.contains("Size: 512x768, Worked size: 304x200, "), "{text}");
    assert_eq!(request_of_parameters(&text), Some(request));
}
