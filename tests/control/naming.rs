//! A control network in one file, by every program's names, is the folder's.
#![allow(clippy::unwrap_used, clippy::wildcard_imports)] // helpers of tests are tests

use crate::*;

pub(crate) fn weights_of(name: &str) -> Tensors {
    let file = data().join("control").join(name).join("diffusion_pytorch_model.safetensors");
    candle_core::safetensors::load(file, &CPU).unwrap()
}

pub(crate) fn saved(tensors: &Tensors, folder: &Path, name: &str) -> ControlNetworkRef {
    let file = folder.join(name);
    candle_core::safetensors::save(tensors, &file).unwrap();
    ControlNetworkRef::Path(file)
}

/// Names of the original code for a ControlNet of two levels with one resnet each.
fn original_name(name: &str) -> String {
    const TABLE: [(&str, &str); 18] = [
        ("time_embedding.linear_1", "time_embed.0"),
        ("time_embedding.linear_2", "time_embed.2"),
        ("conv_in", "input_blocks.0.0"),
        ("down_blocks.0.resnets.0", "input_blocks.1.0"),
        ("down_blocks.0.attentions.0", "input_blocks.1.1"),
        ("down_blocks.0.downsamplers.0.conv", "input_blocks.2.0.op"),
        ("down_blocks.1.resnets.0", "input_blocks.3.0"),
        ("mid_block.resnets.0", "middle_block.0"),
        ("mid_block.attentions.0", "middle_block.1"),
        ("mid_block.resnets.1", "middle_block.2"),
        ("controlnet_cond_embedding.conv_in", "input_hint_block.0"),
        ("controlnet_cond_embedding.conv_out", "input_hint_block.14"),
        ("controlnet_mid_block", "middle_block_out.0"),
        ("controlnet_down_blocks.0", "zero_convs.0.0"),
        ("controlnet_down_blocks.1", "zero_convs.1.0"),
        ("controlnet_down_blocks.2", "zero_convs.2.0"),
        ("controlnet_down_blocks.3", "zero_convs.3.0"),
        ("", ""),
    ];
    const INSIDE: [(&str, &str); 6] = [
        (".norm1.", ".in_layers.0."),
        (".conv1.", ".in_layers.2."),
        (".time_emb_proj.", ".emb_layers.1."),
        (".norm2.", ".out_layers.0."),
        (".conv2.", ".out_layers.3."),
        (".conv_shortcut.", ".skip_connection."),
    ];
    if let Some(rest) = name.strip_prefix("controlnet_cond_embedding.blocks.") {
        let (number, rest) = rest.split_once('.').unwrap();
        return format!("control_model.input_hint_block.{}.{rest}", 2 * (number.parse::<usize>().unwrap() + 1));
    }
    let place = TABLE.iter().find(|(ours, _)| name.strip_prefix(ours).is_some_and(|rest| rest.starts_with('.')));
    let (ours, theirs) = place.unwrap();
    let mut rest = name[ours.len()..].to_owned();
    if name.contains(".resnets.") {
        for (ours, theirs) in INSIDE {
            rest = rest.replace(ours, theirs);
        }
    }
    format!("control_model.{theirs}{rest}")
}

#[test]
fn single_files_in_every_naming_give_the_folders_picture() {
    let home = tempfile::tempdir().unwrap();
    let mut pipeline = model("sd1");
    let wanted = drawn(&mut pipeline, &plain(vec![lines(network("sd1"))]));
    let without = drawn(&mut pipeline, &plain(Vec::new()));
    assert!(mean_difference(&wanted, &bytes_of(&without)) > 3.0, "the network must be seen");
    let own = weights_of("sd1");
    let original: Tensors = own.iter().map(|(name, tensor)| (original_name(name), tensor.clone())).collect();
    let in_single = |tensors: &Tensors| -> Tensors {
        tensors.iter().map(|(name, tensor)| (name.clone(), tensor.to_dtype(DType::F32).unwrap())).collect()
    };
    let unet = candle_core::safetensors::load(data().join("sd1/model/unet/diffusion_pytorch_model.safetensors"), &CPU)
        .unwrap();
    let mut difference: Tensors = in_single(&own)
        .into_iter()
        .map(|(name, tensor)| {
            let base = unet.get(&name).filter(|base| base.dims() == tensor.dims());
            let rest = base.map_or(Ok(tensor.clone()), |base| &tensor - base.to_dtype(DType::F32).unwrap());
            (original_name(&name), rest.unwrap())
        })
        .collect();
    difference.insert("difference".into(), Tensor::ones(1, DType::F32, &CPU).unwrap());
    for (name, tensors) in [
        ("diffusers.safetensors", own.clone()),
        ("original.safetensors", original.clone()),
        ("single-precision.safetensors", in_single(&original)),
        ("difference.safetensors", difference),
    ] {
        let found = drawn(&mut pipeline, &plain(vec![lines(saved(&tensors, home.path(), name))]));
        let mean = mean_difference(&found, &bytes_of(&wanted));
        assert!(mean < 0.05, "{name}: {mean}");
    }
    // The original adapter counts its resnets through its levels.
    let adapter = weights_of("full").into_iter().map(|(name, tensor)| {
        let name = name.strip_prefix("adapter.").unwrap();
        let Some(rest) = name.strip_prefix("body.") else { return (name.to_owned(), tensor) };
        let (level, rest) = rest.split_once('.').unwrap();
        let level: usize = level.parse().unwrap();
        let name = match rest.strip_prefix("resnets.").and_then(|rest| rest.split_once('.')) {
            Some((resnet, rest)) => format!("body.{}.{rest}", 2 * level + resnet.parse::<usize>().unwrap()),
            None => format!("body.{}.{rest}", 2 * level),
        };
        (name, tensor)
    });
    let adapter: Tensors = adapter.collect();
    let wanted = drawn(&mut pipeline, &plain(vec![lines(network("full"))]));
    let found = drawn(&mut pipeline, &plain(vec![lines(saved(&adapter, home.path(), "adapter.safetensors"))]));
    assert_eq!(bytes_of(&found), bytes_of(&wanted));
    let light = saved(&weights_of("light"), home.path(), "light.safetensors");
    let wanted = drawn(&mut pipeline, &plain(vec![lines(network("light"))]));
    assert_eq!(bytes_of(&drawn(&mut pipeline, &plain(vec![lines(light)]))), bytes_of(&wanted));
}
