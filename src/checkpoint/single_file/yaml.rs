//! The few lines that matter of the original code's YAML configs, as people keep them beside a checkpoint.

use serde_json::{Map, Value, json};

/// Fields for diffusers' configs, by config file.
#[must_use]
pub fn fields(text: &str) -> Vec<(&'static str, Map<String, Value>)> {
    const UNET: &str = "unet/config.json";
    const SCHEDULER: &str = "scheduler/scheduler_config.json";
    let mut found = Vec::new();
    let mut add = |file: &'static str, key: &str, value: Value| {
        found.push((file, Map::from_iter([(key.to_owned(), value)])));
    };
    // The UNet's section also ends where the first stage's begins: both have keys of the same name.
    let mut is_unet = false;
    let mut model_channels = None;
    let mut multipliers: Vec<usize> = Vec::new();
    let mut head_channels = None;
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        match key.trim() {
            "unet_config" => is_unet = true,
            "first_stage_config" | "cond_stage_config" | "conditioner_config" => is_unet = false,
            "parameterization" => {
                let prediction = if value == "v" { "v_prediction" } else { "epsilon" };
                add(SCHEDULER, "prediction_type", prediction.into());
            }
            "linear_start" => add_number(&mut add, SCHEDULER, "beta_start", value),
            "linear_end" => add_number(&mut add, SCHEDULER, "beta_end", value),
            "scale_factor" => add_number(&mut add, "vae/config.json", "scaling_factor", value),
            "num_heads" if is_unet => {
                if let Some(heads) = value.parse::<usize>().ok().filter(|heads| *heads > 0) {
                    add(UNET, "attention_head_dim", heads.into());
                }
            }
            "num_head_channels" if is_unet => head_channels = value.parse::<usize>().ok().filter(|width| *width > 0),
            "model_channels" if is_unet => model_channels = value.parse::<usize>().ok(),
            "channel_mult" if is_unet => {
                multipliers = value.trim_matches(['[', ']']).split(',').filter_map(|m| m.trim().parse().ok()).collect();
            }
            _ => {}
        }
    }
    if let (Some(head), Some(base), false) = (head_channels, model_channels, multipliers.is_empty()) {
        let heads: Vec<usize> = multipliers.iter().map(|times| (base.saturating_mul(*times) / head).max(1)).collect();
        found.push((UNET, Map::from_iter([("attention_head_dim".to_owned(), json!(heads))])));
    }
    found
}

fn add_number(add: &mut impl FnMut(&'static str, &str, Value), file: &'static str, key: &str, text: &str) {
    if let Ok(number) = text.parse::<f64>() {
        add(file, key, json!(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_file_beside_an_sd2_checkpoint_is_understood() {
        let text = "model:\n  params:\n    parameterization: \"v\"\n    linear_start: 0.00085 # as always\n    \
                    unet_config:\n      params:\n        model_channels: 320\n        channel_mult: [ 1, 2, 4, 4 ]\n        \
                    num_head_channels: 64\n    first_stage_config:\n      params:\n        num_heads: 3\n";
        let found = fields(text);
        let value = |key: &str| found.iter().find_map(|(_, map)| map.get(key)).cloned();
        assert_eq!(value("prediction_type"), Some("v_prediction".into()));
        assert_eq!(value("beta_start"), Some(json!(0.00085)));
        assert_eq!(value("attention_head_dim"), Some(json!([5, 10, 20, 20])));
    }
}
