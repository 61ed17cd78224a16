//! How fast this machine's processor carries out each kind of arithmetic: each kernel run for a moment.

use std::time::Instant;

use crate::job::Speed;
use crate::kernels::{
    Conv3x3, Epilogue, GroupNorm, Heads, Level, Linear, Map, OutputTile, Packing, Precision, Scores, ShapeError, Steps,
    WeightSlice, attention, bf16_products_pay,
};

/// Like a UNet's middle levels: what most of the time goes into.
const CHANNELS: usize = 320;
const SIDE: usize = 32;
/// Of a linear layer with as many weights as the convolution: in narrow ones what is written takes the time, and products of
/// all kinds look alike.
const WIDTH: usize = 3 * CHANNELS;
const HEADS: usize = 8;

/// The first run of each warms up.
const RUNS: usize = 3;

/// Takes about half a second.
///
/// # Errors
/// None that a person could cause.
pub(crate) fn measured_speed() -> Result<Speed, ShapeError> {
    let level = Level::current();
    let packing = |precision, winograd| Packing { precision, winograd, level };
    let x = Map::from_vec(vec![0.01; SIDE * SIDE * CHANNELS], 1, SIDE, SIDE, CHANNELS)?;
    let weight = vec![0.01; CHANNELS * CHANNELS * 9];
    let bias = vec![0.0; CHANNELS];
    let pixels = (SIDE * SIDE) as f64;
    let channels = CHANNELS as f64;
    let operations = 18.0 * pixels * channels * channels;
    let convolution = |precision, winograd| -> Result<f64, ShapeError> {
        let packing = packing(precision, winograd);
        let layer = Conv3x3::new(WeightSlice::F32(&weight), &bias, CHANNELS, Steps::SAME, packing)?;
        per_second(operations, || layer.forward(&x, (SIDE, SIDE), &Epilogue::default()))
    };
    let rows = Map::from_vec(vec![0.01; SIDE * SIDE * WIDTH], 1, SIDE, SIDE, WIDTH)?;
    let product = |precision| -> Result<f64, ShapeError> {
        let layer = Linear::new(WeightSlice::F32(&weight), None, WIDTH, packing(precision, None))?;
        per_second(operations, || layer.forward(&rows, &Epilogue::default()))
    };
    let of_singles = (convolution(Precision::F32, None)?, product(Precision::F32)?);
    // What is never multiplied here takes no time to measure.
    let of_bf16 = if bf16_products_pay(level) {
        (convolution(Precision::Bf16Products, None)?, product(Precision::Bf16Products)?)
    } else {
        of_singles
    };
    let of_integers = if level.has_integer_products() { product(Precision::Integers)? } else { of_singles.1 };
    let norm = GroupNorm::new(vec![1.0; CHANNELS], bias.clone(), 32, 1e-5, level)?;
    Ok(Speed {
        convolution: of_singles.0,
        convolution_in_bf16: of_bf16.0,
        transformed: convolution(Precision::F32, Some(OutputTile::FourByFour))?,
        product: of_singles.1,
        product_in_bf16: of_bf16.1,
        product_in_integers: of_integers,
        attention: per_second(4.0 * pixels * pixels * channels, || {
            attention(&x, &x, &x, Heads::plain(HEADS), Scores::Tiled, level)
        })?,
        values: per_second(pixels * channels, || norm.forward(&x, true))?,
    })
}

/// In billions.
fn per_second(work: f64, run: impl Fn() -> Result<Map, ShapeError>) -> Result<f64, ShapeError> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let started = Instant::now();
        run()?;
        best = best.min(started.elapsed().as_secs_f64());
    }
    Ok(work / 1e9 / best.max(1e-9))
}

/// For a graphics card, about which nothing is measured beforehand: the window learns from its first steps.
#[must_use]
pub(crate) fn guessed_card_speed() -> Speed {
    Speed {
        convolution: 2000.0,
        convolution_in_bf16: 2000.0,
        transformed: 2000.0,
        product: 3000.0,
        product_in_bf16: 3000.0,
        product_in_integers: 3000.0,
        attention: 2000.0,
        values: 20.0,
    }
}
