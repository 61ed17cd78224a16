//! The samplers of Krita's plugin, which are presets with names of their own.

use crate::store::pictures::programs::told::Told;

/// `Default - DPM++ 2M` and its like: sampler and schedule of the preset behind the name.
pub(crate) fn sampling(told: &mut Told, preset: &str) {
    let name = preset.split(" (").next().unwrap_or(preset).trim();
    let bare = name.rsplit(" - ").next().unwrap_or(name);
    let is_preset = name.contains(" - ");
    let (sampler, schedule) = match bare {
        "DPM++ 2M" | "DPM++ 2M SDE" | "DPM++ SDE" if is_preset => (bare, Some("karras")),
        "Euler A" if is_preset => (bare, Some("normal")),
        "Euler A Uniform" => ("Euler A", Some("sgm_uniform")),
        "DPM++ 2M Uniform" => ("DPM++ 2M", Some("sgm_uniform")),
        "UniPC BH2" => (bare, Some("gits")),
        "Euler simple" | "Turbo" => ("Euler", Some("simple")),
        "Hyper" | "Lightning" => ("Euler", Some("sgm_uniform")),
        "LCM" => ("LCM", Some("sgm_uniform")),
        _ => (bare, None),
    };
    told.sampling(sampler, schedule);
    told.sampler = Some(name.to_owned());
    if matches!(bare, "Hyper" | "Lightning" | "LCM" | "Turbo") {
        told.note(format!("the preset {name} adds a LoRA for few steps, which the picture does not name"));
    }
}
