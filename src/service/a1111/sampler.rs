//! Samplers and schedule types by AUTOMATIC1111's names.

use super::lenient::Lenient;
use crate::sampling::{SchedulerName, SigmaChoice};
use crate::store::pictures::metadata::{scheduler_of, sigmas_of};

/// Its schedule types that we have.
pub(super) const SCHEDULES: [(&str, &str); 4] =
    [("automatic", "Automatic"), ("uniform", "Uniform"), ("karras", "Karras"), ("exponential", "Exponential")];

/// The scheduler and the sigmas that are meant, and a notice for what is not there.
pub(super) fn chosen(asked: &mut Lenient) -> (Option<SchedulerName>, Option<SigmaChoice>) {
    let index = asked.text("sampler_index").to_owned();
    let name = Some(asked.text("sampler_name").to_owned()).filter(|name| !name.is_empty()).unwrap_or(index);
    let sampler = if name.is_empty() || is_automatic(&name) { None } else { scheduler_of(&name) };
    if sampler.is_none() && !name.is_empty() && !is_automatic(&name) {
        asked.note(format!("the sampler {} is not there; the model's own was taken", short(&name)));
    }
    let schedule = asked.text("scheduler").to_owned();
    let wanted = if schedule.is_empty() || is_automatic(&schedule) {
        sigmas_of(&name).or_else(|| sampler.map(automatic))
    } else {
        let known =
            sigmas_of(&schedule.replace('_', " ")).or_else(|| is_usual(&schedule).then_some(SigmaChoice::Default));
        if known.is_none() {
            asked.note(format!(
                "the schedule type {} is not there; the sampler's usual one was taken",
                short(&schedule)
            ));
        }
        known.or_else(|| sampler.map(automatic))
    };
    let allowed = wanted.filter(|sigmas| sampler.is_none_or(|sampler| sampler.allows(*sigmas)));
    if let (Some(sampler), None, Some(wanted)) = (sampler, allowed, wanted) {
        asked.note(format!("{} has no {} sigmas; its own were taken", sampler.label(), wanted.id()));
    }
    (sampler, allowed)
}

/// What "Automatic" is for a sampler there.
fn automatic(sampler: SchedulerName) -> SigmaChoice {
    match sampler {
        SchedulerName::DpmMultistep
        | SchedulerName::Dpm2
        | SchedulerName::Dpm2Ancestral
        | SchedulerName::DpmSinglestep => SigmaChoice::Karras,
        SchedulerName::DpmMultistepSde => SigmaChoice::Exponential,
        _ => SigmaChoice::Default,
    }
}

fn is_automatic(name: &str) -> bool {
    name.eq_ignore_ascii_case("automatic") || name.eq_ignore_ascii_case("none")
}

fn is_usual(schedule: &str) -> bool {
    ["uniform", "normal", "default"].iter().any(|name| schedule.eq_ignore_ascii_case(name))
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
        use SchedulerName::{DpmMultistep, DpmMultistepSde, Euler, EulerAncestral};
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
            (json!({"sampler_name": "Restart", "scheduler": "kl_optimal"}), (None, None, 2)),
            (json!({"sampler_name": 7, "scheduler": []}), (None, None, 0)),
            (json!({}), (None, None, 0)),
        ] {
            assert_eq!(of(&body), wanted, "{body}");
        }
    }
}
