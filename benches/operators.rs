//! Each operator of the networks at the shapes that SD 1.5 has at 512×512: the UNet's guided step (two rows) and the
//! VAE's decoding. `cargo bench --bench operators [NAME]`; threads: `RAYON_NUM_THREADS`, instructions: `INKWICK_SIMD`.

use divan::Bencher;
use divan::counter::ItemsCount;
use inkwick::kernels::{
    Conv3x3, Epilogue, GroupNorm, Heads, LayerNorm, Level, Linear, Map, OutputTile, Packing, Precision, Scores, Steps,
    WeightSlice, attention, concatenate,
};

fn main() {
    divan::main();
}

/// A picture of `batch` × `side` × `side` with so many channels.
#[derive(Clone, Copy, Debug)]
struct Picture(usize, usize, usize);

impl Picture {
    fn map(self) -> Map {
        let Self(batch, side, channels) = self;
        Map::from_vec(numbers(batch * side * side * channels), batch, side, side, channels).unwrap_or_else(wrong)
    }

    fn pixels(self) -> usize {
        self.0 * self.1 * self.1
    }
}

/// The UNet's four levels, then the VAE's.
const PICTURES: [Picture; 8] = [
    Picture(2, 64, 320),
    Picture(2, 32, 640),
    Picture(2, 16, 1280),
    Picture(2, 8, 1280),
    Picture(1, 64, 512),
    Picture(1, 128, 512),
    Picture(1, 256, 256),
    Picture(1, 512, 128),
];

const UNET: [Picture; 4] = [PICTURES[0], PICTURES[1], PICTURES[2], PICTURES[3]];

const HEADS: usize = 8;

/// Between −1 and 1, the same every time.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|place| ((place * 7919) % 1999) as f32 / 999.5 - 1.0).collect()
}

#[allow(clippy::panic)] // A bench with wrong shapes cannot go on.
fn wrong<T>(error: impl std::fmt::Display) -> T {
    panic!("{error}")
}

fn packing(precision: Precision, winograd: bool) -> Packing {
    Packing { precision, winograd: winograd.then_some(OutputTile::FourByFour), level: Level::current() }
}

/// Runs an operator of so many floating-point operations; the rate printed is of those.
fn run<T>(bencher: Bencher, operations: usize, operator: impl Fn() -> T + Sync) {
    bencher.counter(ItemsCount::new(operations)).bench(operator);
}

fn convolution(bencher: Bencher, picture: Picture, packing: Packing, seen: usize) {
    let channels = picture.2;
    let weight = numbers(9 * channels * channels);
    let layer = Conv3x3::new(WeightSlice::F32(&weight), &numbers(channels), channels, Steps::SAME, packing);
    let (layer, x) = (layer.unwrap_or_else(wrong), picture.map());
    let operations = 2 * 9 * channels * channels * picture.0 * seen * seen;
    run(bencher, operations, || layer.forward(&x, (seen, seen), &Epilogue::default()));
}

#[divan::bench(args = PICTURES, sample_count = 3, sample_size = 1)]
fn conv3x3_winograd(bencher: Bencher, picture: Picture) {
    convolution(bencher, picture, packing(Precision::F32, true), picture.1);
}

#[divan::bench(args = PICTURES, sample_count = 3, sample_size = 1)]
fn conv3x3_direct(bencher: Bencher, picture: Picture) {
    convolution(bencher, picture, packing(Precision::F32, false), picture.1);
}

#[divan::bench(args = PICTURES, sample_count = 3, sample_size = 1)]
fn conv3x3_direct_bf16(bencher: Bencher, picture: Picture) {
    convolution(bencher, picture, packing(Precision::Bf16Products, false), picture.1);
}

/// Nearest up-sampling is part of the convolution that follows it.
#[divan::bench(args = [PICTURES[1], PICTURES[2], PICTURES[3], PICTURES[4]], sample_count = 3, sample_size = 1)]
fn upsample_and_conv3x3(bencher: Bencher, picture: Picture) {
    convolution(bencher, picture, packing(Precision::F32, true), 2 * picture.1);
}

/// Weights as a file has them, made ready for the products; the rate is of weights.
fn ready(bencher: Bencher, channels: usize, packing: Packing) {
    let weight: Vec<half::f16> = numbers(9 * channels * channels).into_iter().map(half::f16::from_f32).collect();
    let bias = numbers(channels);
    run(bencher, weight.len(), || Conv3x3::new(WeightSlice::F16(&weight), &bias, channels, Steps::SAME, packing));
}

#[divan::bench(args = [320, 512, 1280], sample_count = 5, sample_size = 1)]
fn weights_of_conv3x3_winograd(bencher: Bencher, channels: usize) {
    ready(bencher, channels, packing(Precision::F32, true));
}

#[divan::bench(args = [320, 512, 1280], sample_count = 5, sample_size = 1)]
fn weights_of_conv3x3_direct(bencher: Bencher, channels: usize) {
    ready(bencher, channels, packing(Precision::F32, false));
}

fn linear(bencher: Bencher, picture: Picture, outputs: usize, precision: Precision) {
    let channels = picture.2;
    let weight = numbers(outputs * channels);
    let layer = Linear::new(WeightSlice::F32(&weight), None, channels, packing(precision, false)).unwrap_or_else(wrong);
    let x = picture.map();
    run(bencher, 2 * picture.pixels() * channels * outputs, || layer.forward(&x, &Epilogue::default()));
}

#[divan::bench(args = UNET, sample_count = 5, sample_size = 1)]
fn linear_or_conv1x1(bencher: Bencher, picture: Picture) {
    linear(bencher, picture, picture.2, Precision::F32);
}

#[divan::bench(args = UNET, sample_count = 5, sample_size = 1)]
fn linear_f16_weights(bencher: Bencher, picture: Picture) {
    linear(bencher, picture, picture.2, Precision::F16);
}

#[divan::bench(args = UNET, sample_count = 5, sample_size = 1)]
fn linear_bf16_products(bencher: Bencher, picture: Picture) {
    linear(bencher, picture, picture.2, Precision::Bf16Products);
}

fn gated(bencher: Bencher, picture: Picture, precision: Precision) {
    let channels = picture.2;
    let (weight, bias) = (numbers(8 * channels * channels), numbers(8 * channels));
    let layer =
        Linear::gated(WeightSlice::F32(&weight), &bias, channels, packing(precision, false)).unwrap_or_else(wrong);
    let x = picture.map();
    run(bencher, 2 * picture.pixels() * channels * 8 * channels, || layer.forward(&x, &Epilogue::default()));
}

#[divan::bench(args = UNET, sample_count = 5, sample_size = 1)]
fn geglu(bencher: Bencher, picture: Picture) {
    gated(bencher, picture, Precision::F32);
}

#[divan::bench(args = UNET, sample_count = 5, sample_size = 1)]
fn geglu_bf16_products(bencher: Bencher, picture: Picture) {
    gated(bencher, picture, Precision::Bf16Products);
}

fn attend(bencher: Bencher, picture: Picture, heads: Heads, scores: Scores) {
    let x = picture.map();
    let operations = 4 * picture.pixels() * picture.1 * picture.1 * picture.2;
    run(bencher, operations, || attention(&x, &x, &x, heads, scores, Level::current()));
}

#[divan::bench(args = UNET, sample_count = 5, sample_size = 1)]
fn attention_tiled(bencher: Bencher, picture: Picture) {
    attend(bencher, picture, Heads::plain(HEADS), Scores::Tiled);
}

#[divan::bench(args = UNET, sample_count = 5, sample_size = 1)]
fn attention_full(bencher: Bencher, picture: Picture) {
    attend(bencher, picture, Heads::plain(HEADS), Scores::Heads(2 * HEADS));
}

#[divan::bench(args = UNET, sample_count = 5, sample_size = 1)]
fn attention_tiled_bf16_products(bencher: Bencher, picture: Picture) {
    attend(bencher, picture, Heads { in_pairs: true, ..Heads::plain(HEADS) }, Scores::Tiled);
}

/// The VAE's only attention.
#[divan::bench(args = [PICTURES[4]], sample_count = 5, sample_size = 1)]
fn attention_of_one_head(bencher: Bencher, picture: Picture) {
    attend(bencher, picture, Heads::plain(1), Scores::Tiled);
}

#[divan::bench(args = PICTURES, sample_count = 10, sample_size = 1)]
fn group_norm_and_silu(bencher: Bencher, picture: Picture) {
    let norm = GroupNorm::new(numbers(picture.2), numbers(picture.2), 32, 1e-5, Level::current());
    let (norm, x) = (norm.unwrap_or_else(wrong), picture.map());
    run(bencher, picture.pixels() * picture.2, || norm.forward(&x, true));
}

#[divan::bench(args = UNET, sample_count = 10, sample_size = 1)]
fn layer_norm(bencher: Bencher, picture: Picture) {
    let norm = LayerNorm::new(numbers(picture.2), numbers(picture.2), 1e-5, Level::current());
    let (norm, x) = (norm.unwrap_or_else(wrong), picture.map());
    run(bencher, picture.pixels() * picture.2, || norm.forward(&x));
}

#[divan::bench(args = UNET, sample_count = 10, sample_size = 1)]
fn concatenation(bencher: Bencher, picture: Picture) {
    let x = picture.map();
    run(bencher, 2 * picture.pixels() * picture.2, || concatenate(&x, &x));
}
