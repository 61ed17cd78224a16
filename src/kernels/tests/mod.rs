//! Every kernel, at every level that this machine has, against plain loops in double precision.

mod attention;
mod blocks;
mod integers;
mod layers;
mod norms;

use super::*;

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }

    /// From 1 to `most`, small ones more often.
    fn size(&mut self, most: usize) -> usize {
        let share = f64::from(self.next()).abs();
        1 + ((most - 1) as f64 * share * share) as usize
    }

    fn map(&mut self, batch: usize, height: usize, width: usize, channels: usize) -> Map {
        Map::from_vec(self.values(batch * height * width * channels), batch, height, width, channels).unwrap()
    }
}

/// Within 2e-5 of the largest.
fn assert_close(found: &[f32], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let largest = wanted.iter().fold(1e-3f64, |largest, value| largest.max(value.abs()));
    for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let error = (f64::from(*found) - wanted).abs() / largest;
        assert!(error < 2e-5, "{what}: at {index} {found} instead of {wanted}");
    }
}

/// Whether a case of so many multiplications is computed: Miri, thousands of times slower, is shown the small ones.
fn affordable(multiplications: usize) -> bool {
    !cfg!(miri) || multiplications <= 6_000
}

fn packing(level: Level, winograd: bool) -> Packing {
    Packing { precision: Precision::F32, winograd: winograd.then_some(OutputTile::FourByFour), level }
}

fn sizes(random: &mut Random) -> Vec<[usize; 3]> {
    let mut sizes = vec![[1, 1, 1], [1, 7, 16], [2, 16, 17], [97, 33, 64], [6, 1100, 65], [200, 40, 320]];
    sizes.extend((0..12).map(|_| [random.size(150), random.size(1300), random.size(150)]));
    sizes.retain(|[rows, inputs, outputs]| affordable(rows * inputs * outputs));
    sizes
}

/// erf by a series of positive terms, in f64.
pub(super) fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp()
}

fn activated(x: f64, activation: Activation) -> f64 {
    match activation {
        Activation::None => x,
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
        Activation::Gelu => 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)),
    }
}

/// `x · weightᵀ + bias`
fn linear(x: &[f32], weight: &[f32], bias: &[f32], inputs: usize) -> Vec<f64> {
    x.chunks(inputs)
        .flat_map(|row| {
            weight.chunks(inputs).zip(bias).map(move |(weight, bias)| {
                let products = row.iter().zip(weight).map(|(x, w)| f64::from(*x) * f64::from(*w));
                products.sum::<f64>() + f64::from(*bias)
            })
        })
        .collect()
}

#[test]
fn nan_is_never_hidden() {
    for level in Level::available() {
        let mut random = Random(13);
        for bad in [f32::NAN, f32::INFINITY] {
            let mut values = random.values(6 * 6 * 20);
            values[7 * 20 + 3] = bad;
            let x = Map::from_vec(values, 1, 6, 6, 20).unwrap();
            let (weight, bias) = (random.values(9 * 20 * 20), random.values(20));
            for winograd in [false, true] {
                let layer =
                    Conv3x3::new(WeightSlice::F32(&weight), &bias, 20, Steps::SAME, packing(level, winograd)).unwrap();
                let out = layer.forward(&x, (6, 6), &Epilogue::default()).unwrap();
                assert!(out.values()[..20].iter().all(|value| !value.is_finite()), "{level:?} {bad} {winograd}");
            }
            let layer = Linear::new(WeightSlice::F32(&weight[..400]), Some(&bias), 20, packing(level, false)).unwrap();
            let out = layer.forward(&x, &Epilogue::default()).unwrap();
            assert!(out.values()[7 * 20..8 * 20].iter().all(|value| !value.is_finite()));
            assert!(out.values()[..7 * 20].iter().all(|value| value.is_finite()));
            let norm = GroupNorm::new(weight[..20].to_vec(), bias.clone(), 2, 1e-5, level).unwrap();
            let out = norm.forward(&x, true).unwrap();
            assert!(out.values()[..10].iter().all(|value| !value.is_finite()), "{level:?} {bad}");
            assert!(out.values()[10..20].iter().all(|value| value.is_finite()), "{level:?} {bad}");
            let out = attention(&x, &x, &x, Heads::plain(2), Scores::Tiled, level).unwrap();
            assert!(out.values()[..10].iter().any(|value| value.is_nan()), "{level:?} {bad}");
        }
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let level = Level::current();
    let mut random = Random(14);
    let x = random.map(1, 2, 2, 5);
    let weight = random.values(30);
    let layer = Linear::new(WeightSlice::F32(&weight), None, 6, packing(level, false)).unwrap();
    assert!(layer.forward(&x, &Epilogue::default()).is_err());
    assert!(Linear::new(WeightSlice::F32(&weight), Some(&weight[..3]), 6, packing(level, false)).is_err());
    assert!(attention(&x, &x, &x, Heads::plain(2), Scores::Tiled, level).is_err());
    let steps = Steps { stride: 2, before: 0, after: 0 };
    let convolution =
        Conv3x3::new(WeightSlice::F32(&random.values(45)), &[0.0], 5, steps, packing(level, false)).unwrap();
    assert!(convolution.forward(&x, (2, 2), &Epilogue::default()).is_err());
}

/// An epilogue with `values` for pictures of `rows` rows.
fn with(values: &[f32], rows: usize) -> Epilogue<'_> {
    Epilogue { per_picture: Some((values, rows)), ..Epilogue::default() }
}

#[test]
fn an_epilogue_that_is_too_short_is_an_error_and_not_read_past_its_end() {
    let level = Level::current();
    let mut random = Random(15);
    let x = random.map(1, 1, 5, 3);
    let (weight, own) = (random.values(3 * 4), random.values(8));
    let layer = Linear::new(WeightSlice::F32(&weight), None, 3, packing(level, false)).unwrap();
    // Five rows are a picture of three and the begin of a second one, which needs all four values too.
    assert!(layer.forward(&x, &with(&own, 3)).is_ok());
    assert!(layer.forward(&x, &with(&own[..7], 3)).is_err());
    assert!(layer.forward(&x, &with(&own, 0)).is_err());
    assert!(layer.forward(&x, &Epilogue { residual: Some(&own), ..Epilogue::default() }).is_err());
    for winograd in [false, true] {
        let x = random.map(1, 1, 5, 16);
        let (weight, bias) = (random.values(9 * 16 * 16), random.values(16));
        let layer = Conv3x3::new(WeightSlice::F32(&weight), &bias, 16, Steps::SAME, packing(level, winograd)).unwrap();
        let own = random.values(32);
        assert!(layer.forward(&x, (1, 5), &with(&own, 3)).is_ok());
        assert!(layer.forward(&x, (1, 5), &with(&own[..31], 3)).is_err());
    }
}
