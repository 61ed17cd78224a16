//! Samplers and schedules by the names that other programs give them.

use crate::sampling::{SchedulerName, SigmaChoice};

/// The scheduler and the noise schedule here that another program's names mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sampling {
    pub scheduler: Option<SchedulerName>,
    pub sigmas: Option<SigmaChoice>,
    /// A sentence for each name that has no match here.
    pub notices: Vec<String>,
}

/// Schedules that stand at the end of a sampler's name, in small letters, the longer ones first.
const ENDINGS: [&str; 16] = [
    "align your steps",
    "polyexponential",
    "sgm_uniform",
    "sgm uniform",
    "exponential",
    "kl_optimal",
    "smoothstep",
    "trailing",
    "discrete",
    "substep",
    "karras",
    "simple",
    "normal",
    "gits",
    "beta",
    "ays",
];

impl Sampling {
    /// Reads names as AUTOMATIC1111, `ComfyUI`, `InvokeAI`, `NovelAI`, Draw Things, Mochi and stable-diffusion.cpp write them.
    pub(crate) fn of(sampler: &str, schedule: Option<&str>) -> Self {
        Self::of_or(sampler, schedule, None)
    }

    /// The same, with the schedule that a sampler which is known gets where none is named.
    pub(crate) fn of_or(sampler: &str, schedule: Option<&str>, usual: Option<&str>) -> Self {
        let (bare, ending) = split(sampler);
        let schedule = schedule.map(str::trim).filter(|name| !name.is_empty()).or(ending.as_deref());
        let mut found = Self { scheduler: scheduler_of(&bare), ..Self::default() };
        if found.scheduler.is_none() && !bare.is_empty() {
            found.scheduler = relative_of(&bare);
            let instead = match found.scheduler {
                Some(relative) => format!("{}, the nearest of them,", relative.label()),
                None => "the model's own".to_owned(),
            };
            let name = shortened(sampler.trim());
            found.notices.push(format!("the sampler {name} is not among Inkwick's; {instead} is taken instead"));
        }
        let is_unknown = found.scheduler.is_none() && !bare.is_empty();
        let Some(name) = schedule.or(usual.filter(|_| !is_unknown)) else { return found };
        match (sigmas_of(name, &bare), found.scheduler) {
            // It was laid for a sampler that is not here.
            (Some(SigmaChoice::Default), _) if is_unknown => {}
            (Some(_), _) if is_unknown => {
                found.notices.push(format!("the schedule {} is left out with its sampler", shortened(name)));
            }
            (Some(sigmas), Some(scheduler)) if !scheduler.allows(sigmas) => found.notices.push(format!(
                "{} is drawn without the schedule {} here",
                scheduler.label(),
                shortened(name)
            )),
            (Some(sigmas), _) => found.sigmas = Some(sigmas),
            (None, _) => found.notices.push(format!(
                "the schedule {} is not among Inkwick's; the model's own is taken instead",
                shortened(name)
            )),
        }
        found
    }
}

fn sigmas_of(schedule: &str, sampler: &str) -> Option<SigmaChoice> {
    Some(match schedule.to_lowercase().replace(['_', '-'], " ").as_str() {
        "karras" => SigmaChoice::Karras,
        "exponential" => SigmaChoice::Exponential,
        "normal" | "uniform" | "discrete" | "default" | "native" | "ddim uniform" => SigmaChoice::Default,
        // AUTOMATIC1111's choice for each sampler.
        "automatic" => match key_of(sampler).as_str() {
            "dpm++2m" | "dpm++sde" | "dpm++2sa" | "dpm2" | "dpm2a" | "restart" => SigmaChoice::Karras,
            "dpm++2msde" | "dpm++2msdeheun" | "dpm++3msde" => SigmaChoice::Exponential,
            _ => SigmaChoice::Default,
        },
        _ => return None,
    })
}

/// The sampler's own name, and the schedule at its end.
fn split(sampler: &str) -> (String, Option<String>) {
    let name = sampler.trim().to_lowercase();
    for ending in ENDINGS {
        if let Some(bare) = name.strip_suffix(ending).filter(|bare| bare.ends_with([' ', '_'])) {
            return (bare.trim_end_matches([' ', '_']).to_owned(), Some(ending.to_owned()));
        }
    }
    // InvokeAI's mark for Karras.
    match name.strip_suffix("_k") {
        Some(bare) => (bare.to_owned(), Some("karras".to_owned())),
        None => (name, None),
    }
}

/// Letters, digits and plus signs alone, so that all spellings meet.
fn key_of(name: &str) -> String {
    let name = name.to_lowercase();
    let name = name.strip_prefix("k_").or_else(|| name.strip_prefix("kdpm").map(|_| &name[1..])).unwrap_or(&name);
    let name = name.strip_suffix("_gpu").unwrap_or(name).replace("dpmpp", "dpm++");
    name.chars().filter(|letter| letter.is_alphanumeric() || *letter == '+').collect()
}

fn scheduler_of(name: &str) -> Option<SchedulerName> {
    use SchedulerName as Name;
    Some(match key_of(name).as_str() {
        "ddim" | "ddimv3" => Name::Ddim,
        "ddpm" => Name::Ddpm,
        "pndm" | "plms" => Name::Pndm,
        "euler" => Name::Euler,
        // The last is Mochi's spelling.
        "eulera" | "eulerancestral" | "eulerancenstral" => Name::EulerAncestral,
        "heun" => Name::Heun,
        "lms" => Name::Lms,
        "dpm2" => Name::Dpm2,
        "dpm2a" | "dpm2ancestral" => Name::Dpm2Ancestral,
        "dpm++2s" => Name::DpmSinglestep,
        "dpm++2m" => Name::DpmMultistep,
        "dpm++2msde" => Name::DpmMultistepSde,
        "unipc" | "unipcbh1" | "unipcbh2" => Name::UniPc,
        "lcm" => Name::Lcm,
        _ => return None,
    })
}

/// The nearest that there is to a sampler that is not here: of the same kind first (with fresh noise or without), then of
/// the same order.
fn relative_of(name: &str) -> Option<SchedulerName> {
    use SchedulerName as Name;
    let key = key_of(name);
    // Guided otherwise, walked alike.
    let key = key.strip_suffix("cfg++").or_else(|| key.strip_suffix("cfgpp")).unwrap_or(&key);
    Some(match key {
        "dpm++sde"
        | "dpm++2msdeheun"
        | "dpm++3msde"
        | "ersde"
        | "seeds2"
        | "seeds3"
        | "sasolver"
        | "resmultistepancestral" => Name::DpmMultistepSde,
        "dpm++2sa" | "dpm++2sancestral" => Name::Dpm2Ancestral,
        "dpmfast" | "dpmadaptive" => Name::DpmSinglestep,
        "dpm++3m" | "deis" | "resmultistep" => Name::DpmMultistep,
        "restart" | "heunpp2" => Name::Heun,
        "ipndm" | "ipndmv" => Name::Lms,
        "gradientestimation" => Name::Euler,
        "tcd" => Name::Lcm,
        _ => return scheduler_of(key),
    })
}

/// A stranger's text, in one line and not too long for a sentence.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(MOST).collect();
    if text.chars().nth(MOST).is_some() { format!("{line}…") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SchedulerName as Name;
    use SigmaChoice::{Default as Even, Exponential, Karras};

    #[test]
    fn every_program_s_spelling_comes_to_the_same() {
        for (sampler, schedule, scheduler, sigmas) in [
            ("DPM++ 2M", Some("Karras"), Name::DpmMultistep, Some(Karras)),
            ("DPM++ 2M Karras", None, Name::DpmMultistep, Some(Karras)),
            ("DPM++ 2M", Some("Automatic"), Name::DpmMultistep, Some(Karras)),
            ("DPM++ 2M SDE", Some("Automatic"), Name::DpmMultistepSde, Some(Exponential)),
            ("Euler a", Some("Automatic"), Name::EulerAncestral, Some(Even)),
            ("Euler", None, Name::Euler, None),
            ("dpmpp_2m", Some("karras"), Name::DpmMultistep, Some(Karras)),
            ("dpmpp_2m_sde_gpu", Some("exponential"), Name::DpmMultistepSde, Some(Exponential)),
            ("euler_ancestral", Some("normal"), Name::EulerAncestral, Some(Even)),
            ("uni_pc_bh2", Some("normal"), Name::UniPc, Some(Even)),
            ("dpm_2_ancestral", None, Name::Dpm2Ancestral, None),
            ("ddim", Some("ddim_uniform"), Name::Ddim, Some(Even)),
            ("dpmpp_2m_sde_k", None, Name::DpmMultistepSde, Some(Karras)),
            ("kdpm_2_a", None, Name::Dpm2Ancestral, None),
            ("kdpm_2_k", None, Name::Dpm2, Some(Karras)),
            ("unipc", None, Name::UniPc, None),
            ("k_lms", None, Name::Lms, None),
            ("k_euler_ancestral", Some("native"), Name::EulerAncestral, Some(Even)),
            ("k_dpmpp_2m", Some("karras"), Name::DpmMultistep, Some(Karras)),
            ("dpm++2m karras", None, Name::DpmMultistep, Some(Karras)),
            ("euler_a discrete", None, Name::EulerAncestral, Some(Even)),
            ("Euler Ancenstral", None, Name::EulerAncestral, None),
            ("PLMS", None, Name::Pndm, None),
        ] {
            let found = Sampling::of(sampler, schedule);
            assert_eq!((found.scheduler, found.sigmas), (Some(scheduler), sigmas), "{sampler} {schedule:?}");
            assert!(found.notices.is_empty(), "{sampler}: {:?}", found.notices);
        }
    }

    #[test]
    fn what_is_not_had_here_is_reported() {
        for (sampler, schedule, scheduler) in [
            ("nonsense", Some("Karras"), None),
            ("res_multistep", Some("simple"), Some(Name::DpmMultistep)),
            ("euler", Some("sgm_uniform"), Some(Name::Euler)),
            ("Euler a", Some("Karras"), Some(Name::EulerAncestral)),
            ("DPM++ 2M AYS", None, Some(Name::DpmMultistep)),
            ("Euler A Trailing", None, Some(Name::EulerAncestral)),
        ] {
            let found = Sampling::of(sampler, schedule);
            assert_eq!(found.scheduler, scheduler, "{sampler}");
            assert_eq!(found.sigmas, None, "{sampler}");
            assert!(!found.notices.is_empty(), "{sampler} {schedule:?}");
        }
    }

    #[test]
    fn a_sampler_that_is_not_here_is_replaced_by_its_nearest_with_the_schedule_that_was_asked_for() {
        for (sampler, schedule, scheduler, sigmas) in [
            ("DPM++ SDE", Some("Karras"), Name::DpmMultistepSde, Some(Karras)),
            ("DPM++ SDE Karras", None, Name::DpmMultistepSde, Some(Karras)),
            ("k_dpmpp_sde", Some("karras"), Name::DpmMultistepSde, Some(Karras)),
            ("dpmpp_sde_k", None, Name::DpmMultistepSde, Some(Karras)),
            ("DPM++ 2M SDE Heun Exponential", None, Name::DpmMultistepSde, Some(Exponential)),
            ("DPM++ 2S a Karras", None, Name::Dpm2Ancestral, Some(Karras)),
            ("dpmpp_2s_ancestral_cfg_pp", None, Name::Dpm2Ancestral, None),
            ("k_dpm_fast", None, Name::DpmSinglestep, None),
            ("Restart", None, Name::Heun, None),
            ("DDIM CFG++", None, Name::Ddim, None),
            ("euler_ancestral_cfg_pp", Some("normal"), Name::EulerAncestral, Some(Even)),
        ] {
            let found = Sampling::of(sampler, schedule);
            assert_eq!((found.scheduler, found.sigmas), (Some(scheduler), sigmas), "{sampler} {schedule:?}");
            let [notice] = &found.notices[..] else { panic!("{sampler}: {:?}", found.notices) };
            assert!(notice.contains(sampler) && notice.contains(scheduler.label()), "{notice}");
        }
    }
}
