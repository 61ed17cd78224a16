//! Samplers and schedule types by AUTOMATIC1111's names.

use super::lenient::Lenient;
use crate::sampling::{SchedulerName, SigmaChoice};
use crate::store::pictures::programs::sampler::Sampling;

/// Its schedule types that we have.
pub(super) const SCHEDULES: [(&str, &str); 4] =
    [("automatic", "Automatic"), ("uniform", "Uniform"), ("karras", "Karras"), ("exponential", "Exponential")];

/// The scheduler and the sigmas that are meant, or their nearest, and a notice for what is not there.
pub(super) fn chosen(asked: &mut Lenient) -> (Option<SchedulerName>, Option<SigmaChoice>) {
    let mut named = |key: &str| Some(asked.words(key)).filter(|name| !name.is_empty() && !is_automatic(name));
    let name = named("sampler_name").or_else(|| named("sampler_index")).unwrap_or_default();
    let schedule = named("scheduler");
    let found = Sampling::of_or(&name, schedule.as_deref(), Some("automatic").filter(|_| !name.is_empty()));
    found.notices.into_iter().for_each(|notice| asked.note(notice));
    (found.scheduler, found.sigmas)
}

fn is_automatic(name: &str) -> bool {
    name.eq_ignore_ascii_case("automatic") || name.eq_ignore_ascii_case("none")
}

/// Of what a client sent, so that a notice stays a line.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(body: &serde_json::Value) -> (Option<SchedulerName>, Option<SigmaChoice>, usize) {
        let mut asked = Lenient::new(body.as_object().unwrap().clone());
        let (sampler, sigmas) = chosen(&mut asked);
        (sampler, sigmas, asked.notices.len())
    }

    #[test]
    fn samplers_are_known_by_every_name_that_clients_send() {
        use SchedulerName::{DpmMultistep, DpmMultistepSde, Euler, EulerAncestral, Heun};
        use SigmaChoice::{Default, Exponential, Karras};
        for (body, wanted) in [
            (json!({"sampler_name": "Euler a"}), (Some(EulerAncestral), Some(Default), 0)),
            (json!({"sampler_index": "Euler", "sampler_name": null}), (Some(Euler), Some(Default), 0)),
            (json!({"sampler_name": "DPM++ 2M Karras"}), (Some(DpmMultistep), Some(Karras), 0)),
            (json!({"sampler_name": "DPM++ 2M", "scheduler": "Automatic"}), (Some(DpmMultistep), Some(Karras), 0)),
            (json!({"sampler_name": "DPM++ 2M SDE"}), (Some(DpmMultistepSde), Some(Exponential), 0)),
            (json!({"sampler_name": "DPM++ 2M", "scheduler": "uniform"}), (Some(DpmMultistep), Some(Default), 0)),
            (json!({"sampler_name": "Euler", "scheduler": "karras"}), (Some(Euler), Some(Karras), 0)),
            (json!({"sampler_name": "euler-a", "scheduler": "Karras"}), (Some(EulerAncestral), None, 1)),
            (json!({"sampler_name": "DPM++ SDE"}), (Some(DpmMultistepSde), Some(Karras), 1)),
            (json!({"sampler_name": "DPM++ SDE Karras"}), (Some(DpmMultistepSde), Some(Karras), 1)),
            (json!({"sampler_name": "Restart", "scheduler": "kl_optimal"}), (Some(Heun), None, 2)),
            (json!({"sampler_name": "nonsense"}), (None, None, 1)),
            (json!({"sampler_name": "nonsense", "scheduler": "Karras"}), (None, None, 2)),
            (json!({"scheduler": "Karras"}), (None, Some(Karras), 0)),
            (json!({"sampler_name": ["Euler"]}), (Some(Euler), Some(Default), 0)),
            (json!({"sampler_name": 7, "scheduler": []}), (None, None, 1)),
            (json!({}), (None, None, 0)),
        ] {
            assert_eq!(of(&body), wanted, "{body}");
        }
    }
}
