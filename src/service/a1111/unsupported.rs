//! What AUTOMATIC1111's clients ask for and is not done here: a sentence for each, and none for what they always send.

use serde_json::{Map, Value};

use super::controlnet;
use super::lenient::{Lenient, asks};
use super::sampler::short;

/// Keys that ask for something else than a plain picture: said when they do.
const SWITCHES: [(&str, &str); 4] = [
    ("enable_hr", "the second pass in high resolution (enable_hr) is not done; the picture has the size of the first"),
    ("restore_faces", "faces are not restored (restore_faces)"),
    ("tiling", "the picture does not tile (tiling)"),
    ("disable_extra_networks", "LoRAs of the prompt are used all the same (disable_extra_networks)"),
];
/// Keys that have no effect, whatever they hold.
const WITHOUT_EFFECT: [(&str, &str); 8] = [
    ("styles", "there are no styles here; they were passed over"),
    ("refiner_checkpoint", "a second model (refiner_checkpoint) is not used"),
    ("infotext", "infotext is not read; what it says must be sent in fields of their own"),
    ("firstphase_width", "firstphase_width has no effect here"),
    ("firstphase_height", "firstphase_height has no effect here"),
    ("seed_resize_from_w", "seed_resize_from_w has no effect here: the noise has the size of the picture"),
    ("seed_resize_from_h", "seed_resize_from_h has no effect here: the noise has the size of the picture"),
    ("s_churn", "s_churn has no effect here"),
];

/// Says what was asked and is not done.
pub(super) fn unsupported(asked: &mut Lenient) {
    for (name, sentence) in SWITCHES {
        if asked.flag(name) == Some(true) {
            asked.note(sentence);
        }
    }
    for (name, sentence) in WITHOUT_EFFECT {
        let is_zero = asked.number(name).is_some_and(|number| number <= 0.0);
        if !is_zero && asked.given(name).is_some_and(asks) {
            asked.note(sentence);
        }
    }
    let script = short(&asked.words("script_name"));
    if asks(&script.clone().into()) {
        asked.note(format!("there is no script {script}"));
    }
    scripts(asked);
    // 0 and 1 are what samplers take by themselves.
    for name in ["s_noise", "eta"] {
        if asked.number(name).is_some_and(|value| value.abs() > 1e-9 && (value - 1.0).abs() > 1e-9) {
            asked.note(format!("{name} has no effect here"));
        }
    }
}

/// Of `alwayson_scripts` those that ask for something. Many clients send every script that they know, with nothing in it.
fn scripts(asked: &mut Lenient) {
    let always = match asked.given("alwayson_scripts").cloned() {
        Some(Value::Object(always)) => always,
        other => {
            if other.as_ref().is_some_and(asks) {
                asked.note("alwayson_scripts is no object and was passed over");
            }
            Map::new()
        }
    };
    for (name, script) in &always {
        let asks = asks(script.get("args").unwrap_or(script));
        if asks && !controlnet::is_called(name) {
            asked.note(format!("there is no script {}", short(name)));
        }
    }
}
