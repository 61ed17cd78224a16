//! Each kernel on a card beside what it means (`fused/reference.rs`): every tile, every width of heads, odd sizes. They
//! need a card; `benches/compare/card.py` has `compute-sanitizer` watch them.

use candle_core::cuda_backend::CudaDevice;
use candle_core::{DType, Device, Tensor};

use super::card::CudaCard;
use super::pinned;
use super::tiles::{HOPPER, PORTABLE, best};
use crate::kernels::{Activation, RotaryPairs};
use crate::model::operators::Window;
use crate::model::operators::fused::{Answer, DeviceEpilogue, FusedKernels, Reference, Sizes};

const CPU: Device = Device::Cpu;
const ACTIVATIONS: [Activation; 4] = [Activation::None, Activation::Silu, Activation::Gelu, Activation::QuickGelu];

/// One way to see the card: as the whole one, as one with a single multiprocessor, which small products choose their
/// tiles as large ones do on, and as one without Hopper's instructions.
struct View {
    device: CudaDevice,
    card: CudaCard,
    dtype: DType,
    name: String,
}

fn views() -> Vec<View> {
    let Device::Cuda(device) = Device::new_cuda(0).unwrap() else { panic!("another device was opened") };
    let own = CudaCard::new(&device).unwrap();
    let (capability, multiprocessors) = (own.capability, own.multiprocessors);
    drop(own);
    let mut views = Vec::new();
    for (capability, multiprocessors) in
        [(capability, multiprocessors), (capability, 1), (80.min(capability), multiprocessors), (80.min(capability), 1)]
    {
        for dtype in [DType::F16, DType::BF16] {
            let mut card = CudaCard::new(&device).unwrap();
            (card.capability, card.multiprocessors) = (capability, multiprocessors);
            if card.supports(dtype) {
                let name = format!("{dtype:?}, capability {capability}, {multiprocessors} multiprocessors");
                views.push(View { device: device.clone(), card, dtype, name });
            }
        }
    }
    views
}

impl View {
    /// Random numbers on the card, and the same ones on the processor in single precision.
    fn random(&self, shape: &[usize]) -> [Tensor; 2] {
        let here = Tensor::randn(0f32, 1.0, shape, &CPU).unwrap().to_dtype(self.dtype).unwrap();
        [here.to_device(&Device::Cuda(self.device.clone())).unwrap(), here.to_dtype(DType::F32).unwrap()]
    }

    fn close(&self, what: &str, found: Answer, wanted: Answer) {
        let what = format!("{what}, {}", self.name);
        let found = found.unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = found.to_device(&CPU).unwrap().to_dtype(DType::F32).unwrap();
        let wanted = wanted.unwrap();
        assert_eq!(found.dims(), wanted.dims(), "{what}");
        let largest = |x: &Tensor| x.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        let error = largest(&(found - &wanted).unwrap()) / largest(&wanted);
        let most = if self.dtype == DType::F16 { 0.003 } else { 0.02 };
        assert!(error < most, "{what}: off by {error} of the largest");
    }
}

fn each(check: impl Fn(&View)) {
    views().iter().for_each(check);
}

/// The card's and the processor's of the same epilogue.
fn epilogues<'a>(
    parts: &'a [[Tensor; 2]; 3],
    follows: usize,
    activation: Activation,
) -> [DeviceEpilogue<'a, Tensor>; 2] {
    [0, 1].map(|at| DeviceEpilogue {
        bias: (follows & 1 > 0).then_some(&parts[0][at]),
        per_picture: (follows & 2 > 0).then_some(&parts[1][at]),
        residual: (follows & 4 > 0).then_some(&parts[2][at]),
        activation,
    })
}

/// Rows, inner length and columns of products.
const PRODUCTS: [[usize; 3]; 11] = [
    [1, 8, 8],
    [77, 64, 40],
    [64, 128, 64],
    [128, 64, 128],
    [130, 72, 128],
    [128, 64, 160],
    [129, 136, 256],
    [256, 64, 320],
    [96, 4096, 64],
    [40, 2304, 72],
    [33, 24, 1000],
];

#[test]
#[ignore = "needs an NVIDIA card"]
fn products_and_what_follows_them() {
    each(|view| {
        for [rows, inner, columns] in PRODUCTS {
            let (x, weight) = (view.random(&[rows, inner]), view.random(&[columns, inner]));
            let parts = [view.random(&[columns]), view.random(&[1, columns]), view.random(&[rows, columns])];
            for (follows, activation) in (0..8).zip(ACTIVATIONS.into_iter().cycle()) {
                // Without either cuBLASLt would compute it.
                for activation in [activation, Activation::Silu] {
                    let [there, here] = epilogues(&parts, follows, activation);
                    let found = view.card.linear(&x[0], &weight[0], there);
                    let what = format!("{rows}×{inner}×{columns}, {follows}, {activation:?}");
                    view.close(&what, found, Reference.linear(&x[1], &weight[1], here));
                }
            }
        }
    });
}

/// So that the test above does what it says.
#[test]
fn those_products_take_every_tile_and_parts() {
    for (tiles, multiprocessors) in [(&HOPPER[..], 1), (&PORTABLE[..], 1)] {
        for tile in tiles {
            let takes = |shape: &[usize; 3]| {
                let [rows, inner, columns] = *shape;
                best(tiles, [rows, columns, inner], multiprocessors, true).0 == *tile
            };
            assert!(PRODUCTS.iter().any(takes), "{}", tile.name);
        }
        let parts = |[rows, inner, columns]: [usize; 3]| best(tiles, [rows, columns, inner], 132, true).1;
        assert!(PRODUCTS.into_iter().any(|shape| parts(shape) > 1));
    }
}

#[test]
#[ignore = "needs an NVIDIA card"]
fn gates() {
    each(|view| {
        for [rows, inner, columns] in [[1, 8, 16], [77, 320, 640], [130, 64, 256], [128, 72, 96]] {
            let (x, weight, bias) =
                (view.random(&[rows, inner]), view.random(&[columns, inner]), view.random(&[columns]));
            for has_bias in [false, true] {
                let [there, here] = [0, 1].map(|at| has_bias.then_some(&bias[at]));
                let found = view.card.gated_linear(&x[0], &weight[0], there);
                let wanted = Reference.gated_linear(&x[1], &weight[1], here);
                view.close(&format!("{rows}×{inner}×{columns}, bias {has_bias}"), found, wanted);
            }
        }
    });
}

#[test]
#[ignore = "needs an NVIDIA card"]
fn convolutions() {
    each(|view| {
        for (side, stride, before, after) in [(3, 1, 1, 1), (3, 2, 1, 1), (3, 2, 0, 1), (1, 1, 0, 0)] {
            let window = Window { side, stride, before, after };
            for (seen, inputs, outputs) in [
                ([9, 6], 16, 24),
                ([18, 11], 64, 160),
                ([9, 6], 3, 64),
                ([9, 6], 64, 3),
                ([17, 16], 320, 128),
                ([9, 6], 4, 320),
            ] {
                let (x, weight) = (view.random(&[2, 9, 6, inputs]), view.random(&[outputs, side, side, inputs]));
                let places = |side_px: usize| (side_px + before + after - side) / stride + 1;
                let sizes = Sizes { seen, answer: seen.map(places) };
                let [height, width] = sizes.answer;
                let parts =
                    [view.random(&[outputs]), view.random(&[2, outputs]), view.random(&[2, height, width, outputs])];
                for follows in 0..8 {
                    let [there, here] = epilogues(&parts, follows, ACTIVATIONS[follows % 2]);
                    let found = view.card.convolve(&x[0], &weight[0], window, sizes, there);
                    let wanted = Reference.convolve(&x[1], &weight[1], window, sizes, here);
                    view.close(&format!("{window:?} {seen:?} {inputs} to {outputs}, {follows}"), found, wanted);
                }
            }
        }
    });
}

#[test]
#[ignore = "needs an NVIDIA card"]
fn attention_of_every_width() {
    each(|view| {
        for head_width in [8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 104, 128, 136, 160, 512] {
            for (queries, keys, causal) in [(1, 1, false), (77, 77, true), (150, 77, false), (130, 200, false)] {
                if causal && head_width > 160 {
                    continue;
                }
                let width = 2 * head_width;
                let (q, k) = (view.random(&[2, queries, width]), view.random(&[2, keys, width]));
                let v = view.random(&[2, keys, width]);
                let found = view.card.attention(&q[0], &k[0], &v[0], 2, causal);
                let wanted = Reference.attention(&q[1], &k[1], &v[1], 2, causal);
                view.close(&format!("heads of {head_width}, {queries} on {keys}, causal {causal}"), found, wanted);
            }
        }
    });
}

#[test]
#[ignore = "needs an NVIDIA card"]
fn norms() {
    each(|view| {
        for (batch, [height, width], channels, groups) in [
            (1, [5, 7], 8, 2),
            (3, [5, 7], 16, 4),
            (2, [33, 20], 320, 32),
            (2, [8, 8], 1280, 32),
            (1, [70, 64], 64, 32),
            (2, [3, 1], 2560, 32),
        ] {
            let x = view.random(&[batch, height, width, channels]);
            let (weight, bias) = (view.random(&[channels]), view.random(&[channels]));
            for activation in [Activation::None, Activation::Silu] {
                let found = view.card.group_norm(&x[0], [&weight[0], &bias[0]], groups, 1e-5, activation);
                let wanted = Reference.group_norm(&x[1], [&weight[1], &bias[1]], groups, 1e-5, activation);
                view.close(&format!("group norm of {height}×{width}×{channels}, {activation:?}"), found, wanted);
            }
            let scales = Tensor::randn(0f32, 1.0, (channels, 2), &CPU).unwrap();
            let there = scales.to_device(x[0].device()).unwrap();
            view.close(
                &format!("scaled {channels}"),
                view.card.scale_channels(&x[0], &there),
                Reference.scale_channels(&x[1], &scales),
            );
            let found = view.card.layer_norm(&x[0], [&weight[0], &bias[0]], 1e-5);
            let wanted = Reference.layer_norm(&x[1], [&weight[1], &bias[1]], 1e-5);
            view.close(&format!("layer norm of {channels}"), found, wanted);
        }
    });
}

#[test]
#[ignore = "needs an NVIDIA card"]
fn sums_activations_copies_and_pictures_beside_each_other() {
    each(|view| {
        for shape in [[1, 1, 1, 8], [2, 5, 7, 24], [1, 33, 31, 320]] {
            let (a, b) = (view.random(&shape), view.random(&shape));
            view.close("sum", view.card.add(&a[0], &b[0]), Reference.add(&a[1], &b[1]));
            for activation in ACTIVATIONS {
                let wanted = Reference.activate(&a[1], activation);
                view.close(&format!("{activation:?}"), view.card.activate(&a[0], activation), wanted);
            }
            for order in [[0, 3, 1, 2], [3, 2, 1, 0], [0, 1, 3, 2]] {
                let [there, here] = [0, 1].map(|at| a[at].permute(order).unwrap());
                view.close(&format!("{order:?}"), view.card.copy(&there), Reference.copy(&here));
            }
            // A part that begins and ends in the middle, with fewer sides.
            let [there, here] = [0, 1].map(|at| {
                let flat = a[at].flatten(0, 2).unwrap();
                flat.narrow(1, 3, 5).unwrap().t().unwrap()
            });
            view.close("a part", view.card.copy(&there), Reference.copy(&here));
            let other = view.random(&[shape[0], shape[1], shape[2], 40]);
            let found = view.card.concatenate(&a[0], &other[0]);
            view.close("beside each other", found, Reference.concatenate(&a[1], &other[1]));
        }
    });
}

#[test]
#[ignore = "needs an NVIDIA card"]
fn heads_are_turned_and_channels_scaled() {
    each(|view| {
        for (batch, tokens, heads, half) in [(1, 1, 1, 8), (2, 37, 3, 16), (1, 130, 24, 64)] {
            let x = view.random(&[batch, tokens, heads * 2 * half]);
            let angles = [0, 1].map(|_| Tensor::randn(0f32, 1.0, (tokens, half), &CPU).unwrap());
            let there = [0, 1].map(|at: usize| angles[at].to_device(x[0].device()).unwrap());
            for pairs in [RotaryPairs::Neighbours, RotaryPairs::Halves] {
                let found = view.card.rotate(&x[0], [&there[0], &there[1]], pairs);
                let wanted = Reference.rotate(&x[1], [&angles[0], &angles[1]], pairs);
                view.close(&format!("{pairs:?} of {half}"), found, wanted);
            }
            let (factors, residual) = (view.random(&[heads * 2 * half]), view.random(x[0].dims()));
            let found = view.card.scale_onto(&x[0], &factors[0], &residual[0]);
            view.close(&format!("scaled {half}"), found, Reference.scale_onto(&x[1], &factors[1], &residual[1]));
        }
    });
}

#[test]
#[ignore = "needs an NVIDIA card"]
fn weights_that_waited_on_the_host_come_back_as_they_were() {
    each(|view| {
        let [there, here] = view.random(&[70, 33]);
        let part = there.narrow(0, 3, 60).unwrap();
        let pinned = pinned(&part).unwrap().unwrap();
        for _ in 0..3 {
            let wanted = here.narrow(0, 3, 60);
            view.close("a weight", pinned.fetch(part.shape()), wanted);
        }
    });
}

/// Sums of a norm are counted on the card: two that follow each other at once must not meet.
#[test]
#[ignore = "needs an NVIDIA card"]
fn norms_that_follow_each_other_do_not_meet() {
    let view = &views()[0];
    let (weight, bias) = (view.random(&[64]), view.random(&[64]));
    let pictures: Vec<[Tensor; 2]> = (0..20).map(|_| view.random(&[2, 40, 40, 64])).collect();
    let found: Vec<Answer> = pictures
        .iter()
        .map(|x| view.card.group_norm(&x[0], [&weight[0], &bias[0]], 32, 1e-5, Activation::Silu))
        .collect();
    for (x, found) in pictures.iter().zip(found) {
        let wanted = Reference.group_norm(&x[1], [&weight[1], &bias[1]], 32, 1e-5, Activation::Silu);
        view.close("one of twenty", found, wanted);
    }
}
