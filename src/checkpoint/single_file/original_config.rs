//! The original code's YAML configs, as people keep them beside a checkpoint: what its tensors cannot show.

use serde_json::{Map, Value, json};

use super::yaml;

/// A config file of diffusers' layout, and fields of it.
pub(crate) type ConfigFields = (&'static str, Map<String, Value>);

/// Fields for diffusers' configs. `text` is a config of LDM's or SGM's code
/// (`v1-inference.yaml`, `sd_xl_base.yaml`).
///
/// # Errors
/// A few words for a person where the text is no YAML, or too large for a config.
pub(crate) fn fields(text: &str) -> Result<Vec<ConfigFields>, String> {
    let config = yaml::parse(text)?;
    let model = &config["model"]["params"];
    let unet = ["unet_config", "network_config"].map(|name| &model[name]["params"]);
    let unet = unet.into_iter().find(|params| params.is_object()).unwrap_or(&Value::Null);
    let mut found = Vec::new();
    let mut add = |file: &'static str, key: &str, value: Value| {
        found.push((file, Map::from_iter([(key.to_owned(), value)])));
    };
    if let Some(parameterization) = model["parameterization"].as_str() {
        let prediction = if parameterization == "v" { "v_prediction" } else { "epsilon" };
        add("scheduler/scheduler_config.json", "prediction_type", prediction.into());
    }
    for (theirs, file, ours) in [
        ("linear_start", "scheduler/scheduler_config.json", "beta_start"),
        ("linear_end", "scheduler/scheduler_config.json", "beta_end"),
        ("scale_factor", "vae/config.json", "scaling_factor"),
    ] {
        if model[theirs].is_number() {
            add(file, ours, model[theirs].clone());
        }
    }
    if let Some(heads) = attention_heads(unet) {
        add("unet/config.json", "attention_head_dim", heads);
    }
    Ok(found)
}

/// The heads of each level. diffusers' old configs call this number `attention_head_dim`.
fn attention_heads(unet: &Value) -> Option<Value> {
    let positive = |value: &Value| value.as_u64().filter(|number| *number > 0);
    let per_level = || {
        let (width, base) = (positive(&unet["num_head_channels"])?, positive(&unet["model_channels"])?);
        let factors: Vec<u64> = unet["channel_mult"].as_array()?.iter().map(positive).collect::<Option<_>>()?;
        let heads = factors.iter().map(|factor| (base.saturating_mul(*factor) / width).max(1)).collect::<Vec<_>>();
        (!heads.is_empty()).then(|| json!(heads))
    };
    per_level().or_else(|| positive(&unet["num_heads"]).map(|heads| json!(heads)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, key: &str) -> Option<Value> {
        fields(text).unwrap().iter().find_map(|(_, map)| map.get(key)).cloned()
    }

    #[test]
    fn the_usual_file_beside_an_sd2_checkpoint_is_understood() {
        let text = "model:\n  params:\n    parameterization: \"v\"\n    linear_start: 0.00085 # as always\n    \
                    unet_config:\n      params:\n        model_channels: 320\n        channel_mult: [ 1, 2, 4, 4 ]\n        \
                    num_head_channels: 64\n    first_stage_config:\n      params:\n        num_heads: 3\n";
        assert_eq!(value(text, "prediction_type"), Some("v_prediction".into()));
        assert_eq!(value(text, "beta_start"), Some(json!(0.00085)));
        assert_eq!(value(text, "attention_head_dim"), Some(json!([5, 10, 20, 20])));
    }

    #[test]
    fn inline_maps_lists_of_lines_and_anchors_say_the_same() {
        let text = "heads: &heads {num_head_channels: 64, channel_mult: [1, 2]}\n\
                    model: {params: {parameterization: v, scale_factor: 0.13025,\n  \
                    network_config: {params: {model_channels: 320, <<: *heads}}}}\n";
        assert_eq!(value(text, "prediction_type"), Some("v_prediction".into()));
        assert_eq!(value(text, "scaling_factor"), Some(json!(0.13025)));
        assert_eq!(value(text, "attention_head_dim"), Some(json!([5, 10])));

        let text = "model:\n  params:\n    unet_config:\n      params:\n        model_channels: 320\n        \
                    num_head_channels: 64\n        channel_mult:\n        - 1\n        - 4\n";
        assert_eq!(value(text, "attention_head_dim"), Some(json!([5, 20])));
    }

    #[test]
    fn what_the_first_stage_says_is_not_the_unets() {
        let text = "model:\n  params:\n    first_stage_config: {params: {num_heads: 3, scale_factor: 2}}\n";
        assert_eq!(fields(text).unwrap(), Vec::new());
    }
}
