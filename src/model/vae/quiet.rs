//! An autoencoder whose inner values are smaller, and whose pictures are the same.
//!
//! Every block begins with a norm, which takes any factor away that all of its input has. So what flows from block to block,
//! and what flows between the two convolutions of one, may be any multiple of what the weights were trained with: the
//! convolutions that make it are multiplied, those that pass it on keep their weights and have their biases multiplied, and
//! what a norm adds to the variance shrinks with the variance. SDXL's values reach beyond 65504, where half precision ends; a
//! factor that is a power of two changes no digit of a weight.

use super::super::weights::Weights;
use crate::checkpoint::VaeConfig;

const FACTOR: f64 = 1.0 / 32.0;

pub(super) fn quietened(config: VaeConfig, mut weights: Weights) -> (VaeConfig, Weights) {
    weights.factors = Some(factor_of);
    (VaeConfig { norm_eps: config.norm_eps * FACTOR * FACTOR, ..config }, weights)
}

/// By the tensor's name what it is multiplied by.
fn factor_of(name: &str) -> f64 {
    let (layer, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    // In what flows on: made of what a norm gave, or of the latents or the picture.
    let makes = [".conv_in", ".conv1", ".conv2", ".to_out.0"].iter().any(|end| layer.ends_with(end));
    let passes_on =
        [".conv_shortcut", ".upsamplers.0.conv", ".downsamplers.0.conv"].iter().any(|end| layer.ends_with(end));
    if makes || (passes_on && kind == "bias") { FACTOR } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use candle_core::{DType, Device, Tensor};

    use super::super::{ForwardOptions, Tiling, Vae};
    use super::*;
    use crate::checkpoint::ModelFiles;
    use crate::model::{Execution, Operators};

    const CPU: Device = Device::Cpu;

    fn files(family: &str) -> ModelFiles {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data");
        ModelFiles::Folder(data.join(family).join("model"))
    }

    fn weights(files: &ModelFiles, dtype: DType) -> Weights<'static> {
        let weights = Weights::open(files, "vae", "diffusion_pytorch_model", &CPU, dtype, &|_| Ok(())).unwrap();
        weights.with_execution(&Execution::Candle(Operators::on(&CPU, dtype)))
    }

    fn made(shape: &[usize]) -> Tensor {
        let count = shape.iter().product::<usize>();
        Tensor::from_vec((0..count).map(|at| (at as f32 * 0.7).sin()).collect(), shape, &CPU).unwrap()
    }

    /// Pictures of latents, whole and in tiles, and latents of a picture.
    fn passes(vae: &Vae) -> Vec<Tensor> {
        let latents = (made(&[1, vae.config.latent_channels, 9, 7]) * 4.0).unwrap();
        let side = 4 * vae.config.factor();
        let plain = &ForwardOptions::PLAIN;
        vec![
            vae.decode(&latents, None, plain).unwrap(),
            vae.decode(&latents, Some(Tiling { tile: side }), plain).unwrap(),
            vae.encode(&made(&[1, 3, 2 * side, side]), None, plain).unwrap().mean,
        ]
    }

    fn error(found: &Tensor, wanted: &Tensor) -> f32 {
        let largest = |x: &Tensor| x.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        largest(&(found - wanted).unwrap()) / largest(wanted)
    }

    #[test]
    fn it_gives_the_same_in_single_precision() {
        for family in ["sd1", "sd2", "sdxl", "z-image"] {
            let files = files(family);
            let config = VaeConfig::read(&files).unwrap();
            let wanted = passes(&Vae::build(config.clone(), weights(&files, DType::F32)).unwrap());
            let (config, weights) = quietened(config, weights(&files, DType::F32));
            let found = passes(&Vae::build(config, weights).unwrap());
            for (found, wanted) in found.iter().zip(&wanted) {
                let error = error(found, wanted);
                assert!(error < 2e-5, "{family}: {error}");
            }
        }
    }

    /// As loud as no weights are: what flows on is beyond the largest number, and what it becomes is not.
    fn loud(name: &str) -> f64 {
        if name.contains("coder.conv_in.") { 2e5 } else { 1.0 }
    }

    fn loud_and_quietened(name: &str) -> f64 {
        loud(name) * factor_of(name)
    }

    #[test]
    fn what_overflows_in_half_precision_does_no_longer() {
        let files = files("sd1");
        let config = VaeConfig::read(&files).unwrap();
        let with = |dtype, factors: fn(&str) -> f64| {
            let mut weights = weights(&files, dtype);
            weights.factors = Some(factors);
            weights
        };
        let wanted = passes(&Vae::build(config.clone(), with(DType::F32, loud)).unwrap());
        let overflown = passes(&Vae::build(config.clone(), with(DType::F16, loud)).unwrap());
        let found = Vae::build(quietened(config, weights(&files, DType::F32)).0, with(DType::F16, loud_and_quietened));
        for ((found, overflown), wanted) in passes(&found.unwrap()).iter().zip(&overflown).zip(&wanted) {
            let is_number = |x: &Tensor| x.sum_all().unwrap().to_scalar::<f32>().unwrap().is_finite();
            assert!(is_number(wanted) && !is_number(overflown));
            let error = error(found, wanted);
            assert!(error < 0.02, "{error}");
        }
    }

    #[test]
    fn it_is_done_where_it_is_needed_alone() {
        for (family, dtype, is_done) in [
            ("sdxl", DType::F16, true),
            ("sdxl", DType::F32, false),
            ("sdxl", DType::BF16, false),
            ("klein", DType::F16, false),
        ] {
            let files = files(family);
            let config = VaeConfig::read(&files).unwrap();
            let vae = Vae::new(config.clone(), weights(&files, dtype)).unwrap();
            assert_eq!(vae.config.norm_eps < config.norm_eps, is_done, "{family} in {dtype:?}");
        }
    }
}
