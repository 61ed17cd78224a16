//! The way over fused kernels gives what the way over candle's operators gives, and is estimated as it is taken.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};

use super::super::{Array, Operators, Window};
use super::reference::Reference;
use super::{DeviceEpilogue, Fused};
use crate::checkpoint::{ClipConfig, ModelFiles, UnetConfig, VaeConfig};
use crate::kernels::{Activation, RotaryPairs};
use crate::model::{
    AddedConditioning, AttentionMethod, Execution, ForwardOptions, TextEncoder, Unet, UnetInput, Vae, Watch, Weights,
};

const CPU: Device = Device::Cpu;

fn plain() -> Operators {
    Operators::on(&CPU, DType::F32)
}

fn fused() -> Operators {
    plain().changed(|context| context.fused = Some(Fused::Here(Arc::new(Reference))))
}

fn random(shape: &[usize]) -> Tensor {
    Tensor::randn(0f32, 1.0, shape, &CPU).unwrap()
}

fn assert_close(found: &Tensor, wanted: &Tensor, what: &str) {
    assert_eq!(found.dims(), wanted.dims(), "{what}");
    let largest = |x: &Tensor| x.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    let error = largest(&(found - wanted).unwrap()) / largest(wanted);
    assert!(error < 2e-5, "{what}: {error}");
}

/// What `of` gives by both ways.
fn same(what: &str, of: impl Fn(&Operators) -> Array) {
    let [found, wanted] = [fused(), plain()].map(|on| of(&on).download().unwrap());
    assert_close(&found, &wanted, what);
}

#[test]
fn convolutions_with_all_that_follows_them() {
    for (side, stride, before, after) in [(3, 1, 1, 1), (3, 2, 1, 1), (3, 2, 0, 1), (1, 1, 0, 0)] {
        let window = Window { side, stride, before, after };
        for (size, channels) in [((6, 9), 16), ((11, 18), 16), ((6, 9), 3)] {
            let (x, weight, bias) = (random(&[2, channels, 6, 9]), random(&[24, channels, side, side]), random(&[24]));
            let places = |side_px: usize| (side_px + before + after - side) / stride + 1;
            let (rows, residual) = (random(&[2, 1, 24]), random(&[2, 24, places(size.0), places(size.1)]));
            for follows in 0..8 {
                same(&format!("{window:?} {size:?} {follows}"), |on| {
                    let up = |tensor: &Tensor| on.upload(tensor).unwrap();
                    let (weight, bias, rows, residual) =
                        (on.keep(&weight).unwrap(), up(&bias), up(&rows), up(&residual));
                    let epilogue = DeviceEpilogue {
                        bias: Some(&bias),
                        per_picture: (follows & 1 > 0).then_some(&rows),
                        residual: (follows & 2 > 0).then_some(&residual),
                        activation: if follows & 4 > 0 { Activation::Silu } else { Activation::None },
                    };
                    up(&x).convolve_with(&weight, window, size, epilogue).unwrap()
                });
            }
        }
    }
}

#[test]
fn what_a_transformer_is_made_of() {
    let picture = random(&[2, 16, 5, 7]);
    let (weight, bias, wide, wide_bias) = (random(&[32, 16]), random(&[32]), random(&[64, 16]), random(&[64]));
    let (norm, norm_bias, context) = (random(&[16]), random(&[16]), random(&[2, 11, 16]));
    for activation in [Activation::None, Activation::Silu, Activation::Gelu, Activation::QuickGelu] {
        same(&format!("{activation:?}"), |on| {
            let up = |tensor: &Tensor| on.upload(tensor).unwrap();
            let tokens = up(&picture).picture_to_tokens().unwrap();
            let bias = up(&bias);
            let epilogue = DeviceEpilogue { bias: Some(&bias), activation, ..DeviceEpilogue::default() };
            tokens.linear_with(&up(&weight), epilogue).unwrap().activate(activation).unwrap()
        });
    }
    for (heads, method, causal) in [
        (2, AttentionMethod::Tiled, false),
        (2, AttentionMethod::Flash, false),
        (2, AttentionMethod::Full, true),
        (2, AttentionMethod::Sliced(1), false),
        // Heads of four values are no whole pieces.
        (4, AttentionMethod::Tiled, false),
    ] {
        same(&format!("{heads} heads, {method:?}"), |on| {
            let up = |tensor: &Tensor| on.upload(tensor).unwrap();
            let tokens = up(&picture).picture_to_tokens().unwrap();
            let tokens = tokens.layer_norm(&up(&norm), &up(&norm_bias), 1e-5).unwrap();
            let context = if causal { tokens.clone() } else { up(&context) };
            let attended = super::super::attend([&tokens, &context, &context], heads, causal, method).unwrap();
            let gated = attended.gated_linear(&up(&wide), Some(&up(&wide_bias))).unwrap();
            let back = DeviceEpilogue { residual: Some(&tokens), ..DeviceEpilogue::default() };
            let narrow = up(&weight).reshape(&[16, 32]).unwrap();
            gated.linear_with(&narrow, back).unwrap().tokens_to_picture((5, 7)).unwrap()
        });
    }
}

#[test]
fn norms_sums_and_pictures_beside_each_other() {
    for (channels, groups) in [(16, 4), (12, 3)] {
        let (x, other) = (random(&[2, channels, 5, 6]), random(&[2, channels, 5, 6]));
        let (weight, bias) = (random(&[2 * channels]), random(&[2 * channels]));
        let scales = |seed: f32| (0..2 * channels).map(|channel| seed + channel as f32 * 0.1).collect::<Vec<_>>();
        same(&format!("{channels} channels"), |on| {
            let up = |tensor: &Tensor| on.upload(tensor).unwrap();
            let both = Array::concatenate(&[up(&x), up(&other)], 1).unwrap();
            let normed = both.group_norm((&up(&weight), &up(&bias)), groups, 1e-5, true).unwrap();
            let scaled = normed.scaled_by_channel(scales(1.0), scales(-0.5)).unwrap();
            scaled.add(&both.activate(Activation::Silu).unwrap()).unwrap()
        });
    }
}

#[test]
fn what_a_transformer_turns_and_scales() {
    let (tokens, heads) = (5, 3);
    for half in [8, 16, 6] {
        let x = random(&[1, tokens, heads * 2 * half]);
        let (cosines, sines, factors) = (random(&[tokens, half]), random(&[tokens, half]), random(&[heads * 2 * half]));
        for pairs in [RotaryPairs::Neighbours, RotaryPairs::Halves] {
            same(&format!("{pairs:?} of {half}"), |on| {
                let up = |tensor: &Tensor| on.upload(tensor).unwrap();
                let angles = on.for_angles(half);
                let (cosines, sines) = (angles.upload(&cosines).unwrap(), angles.upload(&sines).unwrap());
                let turned = up(&x).rotated(&cosines, &sines, pairs).unwrap();
                turned.scaled_onto(&up(&factors), &up(&x)).unwrap()
            });
        }
    }
}

/// Every network of a family, and the operators that were asked for on the way.
fn pass(files: &ModelFiles, operators: &Operators) -> (Vec<Tensor>, Vec<String>) {
    let watch = Arc::new(Watch::default());
    let execution = Execution::Candle(operators.watched(&watch));
    let open = |part: &str, stem: &str| {
        let weights = Weights::open(files, part, stem, &CPU, DType::F32, &|_| Ok(())).unwrap();
        weights.with_execution(&execution)
    };
    let config = UnetConfig::read(files).unwrap();
    let values = |count: usize| (0..count).map(|place| (place as f32 * 0.7).sin()).collect::<Vec<_>>();
    let made = |shape: &[usize]| Tensor::from_vec(values(shape.iter().product()), shape, &CPU).unwrap();
    let sample = made(&[2, config.in_channels, 11, 8]);
    let context = made(&[2, 77, config.context_width().unwrap()]);
    let added = config.added.as_ref().map(|added| AddedConditioning {
        pooled_text: made(&[2, added.width - 6 * added.time_width]),
        time_ids: vec![64.0; 12],
    });
    let input = UnetInput { sample: &sample, timestep: 500.0, context: &context, added: added.as_ref(), guidance: 1.0 };
    let unet = Unet::new(config, open("unet", "diffusion_pytorch_model")).unwrap();
    let vae = Vae::new(VaeConfig::read(files).unwrap(), open("vae", "diffusion_pytorch_model")).unwrap();
    let latent = sample.narrow(0, 0, 1).unwrap().narrow(1, 0, 4).unwrap();
    let picture = made(&[1, 3, 64, 48]);
    let words = ClipConfig::read(files, "text_encoder").unwrap();
    let words = TextEncoder::new(words, open("text_encoder", "model")).unwrap();
    let found = vec![
        unet.forward(&input, &ForwardOptions::PLAIN).unwrap(),
        vae.decode(&latent, None, &ForwardOptions::PLAIN).unwrap(),
        vae.encode(&picture, None, &ForwardOptions::PLAIN).unwrap().mean,
        words.forward(&[(0..77).collect()]).unwrap().last,
    ];
    (found, watch.used().into_keys().map(|(name, _)| name.to_owned()).collect())
}

#[test]
fn every_family_gives_the_same_and_leaves_candles_operators_alone() {
    for family in ["sd1", "sd2", "sdxl"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data");
        let files = ModelFiles::Folder(folder.join(family).join("model"));
        let ((found, used), (wanted, _)) = (pass(&files, &fused()), pass(&files, &plain()));
        for (place, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_close(found, wanted, &format!("{family} {place}"));
        }
        let own = ["group_norm", "flash_attn", "layer_norm", "conv2d", "matmul"];
        assert!(own.iter().all(|name| used.iter().any(|used| used == name)), "{family}: {used:?}");
        // What candle would put them together from. It still does for channels and heads that come in no whole pieces,
        // as the other two tiny families have them.
        if family != "sd2" {
            continue;
        }
        let others = ["sqr", "sqrt", "div", "sub", "softmax_last_dim", "upsample_nearest2d", "to_dtype f32", "affine"];
        let foreign: Vec<_> = used.iter().filter(|name| others.contains(&name.as_str())).collect();
        assert!(foreign.is_empty(), "{family}: {foreign:?}");
    }
}
