//! Every kernel, at every level that this machine has, against plain loops in double precision.

use half::{bf16, f16};

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

fn packing(level: Level, winograd: bool) -> Packing {
    Packing { precision: Precision::F32, winograd, level }
}

fn sizes(random: &mut Random) -> Vec<[usize; 3]> {
    let mut sizes = vec![[1, 1, 1], [1, 7, 16], [2, 16, 17], [97, 33, 64], [6, 1100, 65], [200, 40, 320]];
    sizes.extend((0..12).map(|_| [random.size(150), random.size(1300), random.size(150)]));
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
fn linear_layers_and_what_follows_them() {
    for level in Level::available() {
        let mut random = Random(7);
        for (index, [rows, inputs, outputs]) in sizes(&mut random).into_iter().enumerate() {
            let batch = 1 + index % 3;
            let x = random.map(batch, 1, rows, inputs);
            let (weight, bias) = (random.values(inputs * outputs), random.values(outputs));
            let (own, residual) = (random.values(batch * outputs), random.values(batch * rows * outputs));
            let layer = Linear::new(Source::F32(&weight), Some(&bias), inputs, packing(level, false)).unwrap();
            let activation = [Activation::None, Activation::Silu, Activation::Gelu, Activation::QuickGelu][index % 4];
            let finish = Finish { per_picture: Some((&own, rows)), activation, residual: Some(&residual) };
            let mut wanted = linear(x.values(), &weight, &bias, inputs);
            for (place, wanted) in wanted.iter_mut().enumerate() {
                let picture = place / outputs / rows;
                let sum = *wanted + f64::from(own[picture * outputs + place % outputs]);
                *wanted = activated(sum, activation) + f64::from(residual[place]);
            }
            let what = format!("{level:?} {batch}×{rows} {inputs}→{outputs}");
            assert_close(layer.forward(&x, &finish).unwrap().values(), &wanted, &what);
        }
    }
}

#[test]
fn gated_layers() {
    for level in Level::available() {
        let mut random = Random(8);
        for [rows, inputs, outputs] in sizes(&mut random) {
            let x = random.map(1, 1, rows, inputs);
            let (weight, bias) = (random.values(2 * inputs * outputs), random.values(2 * outputs));
            let layer = Linear::gated(Source::F32(&weight), &bias, inputs, packing(level, false)).unwrap();
            let both = linear(x.values(), &weight, &bias, inputs);
            let wanted: Vec<f64> = both
                .chunks(2 * outputs)
                .flat_map(|row| (0..outputs).map(|c| row[c] * activated(row[outputs + c], Activation::Gelu)))
                .collect();
            let what = format!("{level:?} {rows} {inputs}→{outputs}");
            assert_close(layer.forward(&x, &Finish::default()).unwrap().values(), &wanted, &what);
        }
    }
}

#[test]
fn weights_in_half_precision_count_as_what_they_are() {
    for level in Level::available() {
        let mut random = Random(9);
        let (inputs, outputs) = (70, 45);
        let x = random.map(1, 3, 5, inputs);
        let (weight, bias) = (random.values(inputs * outputs), random.values(outputs));
        let halves: Vec<f16> = weight.iter().map(|value| f16::from_f32(*value)).collect();
        let brains: Vec<bf16> = weight.iter().map(|value| bf16::from_f32(*value)).collect();
        let as_single = [
            halves.iter().map(|value| value.to_f32()).collect::<Vec<_>>(),
            brains.iter().map(|value| value.to_f32()).collect::<Vec<_>>(),
        ];
        for (source, precision, weight) in [
            (Source::F16(&halves), Precision::F16, &as_single[0]),
            (Source::F16(&halves), Precision::F32, &as_single[0]),
            (Source::F32(&weight), Precision::F16, &as_single[0]),
            (Source::Bf16(&brains), Precision::F32, &as_single[1]),
        ] {
            let packing = Packing { precision, winograd: false, level };
            let layer = Linear::new(source, Some(&bias), inputs, packing).unwrap();
            let wanted = linear(x.values(), weight, &bias, inputs);
            let found = layer.forward(&x, &Finish::default()).unwrap();
            assert_close(found.values(), &wanted, &format!("{level:?} {precision:?}"));
        }
    }
}

struct Convolved {
    height: usize,
    width: usize,
    values: Vec<f64>,
}

fn convolve(x: &Map, weight: &[f32], bias: &[f32], steps: Steps, (high, wide): (usize, usize)) -> Convolved {
    let places = |side: usize| (side + steps.before + steps.after - 3) / steps.stride + 1;
    let (height, width) = (places(high), places(wide));
    let mut values = Vec::new();
    let pixel = |picture: usize, y: usize, x_: usize, channel: usize| {
        let (Some(y), Some(x_)) = (y.checked_sub(steps.before), x_.checked_sub(steps.before)) else { return 0.0 };
        if y >= high || x_ >= wide {
            return 0.0;
        }
        let (y, x_) = (y * x.height / high, x_ * x.width / wide);
        f64::from(x.values()[((picture * x.height + y) * x.width + x_) * x.channels + channel])
    };
    for picture in 0..x.batch {
        for y in 0..height {
            for x_ in 0..width {
                for (output, bias) in bias.iter().enumerate() {
                    let mut sum = f64::from(*bias);
                    for channel in 0..x.channels {
                        for tap in 0..9 {
                            let weight = weight[(output * x.channels + channel) * 9 + tap];
                            let (y, x_) = (y * steps.stride + tap / 3, x_ * steps.stride + tap % 3);
                            sum += f64::from(weight) * pixel(picture, y, x_, channel);
                        }
                    }
                    values.push(sum);
                }
            }
        }
    }
    Convolved { height, width, values }
}

#[test]
fn convolutions_directly_and_transformed() {
    let halving = Steps { stride: 2, before: 1, after: 1 };
    let halving_after = Steps { stride: 2, before: 0, after: 1 };
    for level in Level::available() {
        let mut random = Random(10);
        let mut shapes =
            vec![[1, 1, 1, 16, 16], [1, 2, 3, 17, 20], [3, 5, 4, 33, 66], [1, 3, 9, 4, 130], [2, 12, 12, 96, 3]];
        shapes.extend(
            (0..10).map(|_| [random.size(3), random.size(14), random.size(14), random.size(70), random.size(140)]),
        );
        for [batch, height, width, inputs, outputs] in shapes {
            let x = random.map(batch, height, width, inputs);
            let (weight, bias) = (random.values(9 * inputs * outputs), random.values(outputs));
            for (steps, winograd, size) in [
                (Steps::SAME, false, (height, width)),
                (Steps::SAME, true, (height, width)),
                (Steps::SAME, true, (2 * height, 2 * width)),
                (Steps::SAME, false, (2 * height - 1, 2 * width + 1)),
                (halving, false, (height, width)),
                (halving_after, false, (height + 1, width + 1)),
            ] {
                let what =
                    format!("{level:?} {steps:?} {winograd} {batch}×{height}×{width} {inputs}→{outputs} as {size:?}");
                let wanted = convolve(&x, &weight, &bias, steps, size);
                let pixels = wanted.height * wanted.width;
                let (own, residual) = (random.values(batch * outputs), random.values(batch * pixels * outputs));
                let layer = Conv3x3::new(Source::F32(&weight), &bias, inputs, steps, packing(level, winograd)).unwrap();
                let found = layer.forward(&x, size, &Finish::default()).unwrap();
                assert_eq!((found.height, found.width), (wanted.height, wanted.width), "{what}");
                assert_close(found.values(), &wanted.values, &what);

                let finish =
                    Finish { per_picture: Some((&own, pixels)), residual: Some(&residual), ..Finish::default() };
                let finished: Vec<f64> = wanted
                    .values
                    .iter()
                    .enumerate()
                    .map(|(place, value)| {
                        let own = own[place / outputs / pixels * outputs + place % outputs];
                        value + f64::from(own) + f64::from(residual[place])
                    })
                    .collect();
                assert_close(layer.forward(&x, size, &finish).unwrap().values(), &finished, &what);
            }
        }
    }
}

fn attend(q: &Map, k: &Map, v: &Map, heads: usize, causal: bool) -> Vec<f64> {
    let (queries, keys, channels) = (q.height * q.width, k.height * k.width, q.channels);
    let depth = channels / heads;
    let mut out = vec![0f64; q.values().len()];
    for picture in 0..q.batch {
        for head in 0..heads {
            for query in 0..queries {
                let at = |map: &Map, count: usize, row: usize, column: usize| {
                    f64::from(map.values()[(picture * count + row) * channels + head * depth + column])
                };
                let seen = if causal { query + 1 } else { keys };
                let scores: Vec<f64> = (0..seen)
                    .map(|key| {
                        let dot: f64 = (0..depth).map(|c| at(q, queries, query, c) * at(k, keys, key, c)).sum();
                        dot / (depth as f64).sqrt()
                    })
                    .collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let total: f64 = weights.iter().sum();
                for column in 0..depth {
                    let sum: f64 = weights.iter().enumerate().map(|(key, w)| w * at(v, keys, key, column)).sum();
                    out[(picture * queries + query) * channels + head * depth + column] = sum / total;
                }
            }
        }
    }
    out
}

#[test]
fn attention_in_tiles_and_by_heads() {
    for level in Level::available() {
        let mut random = Random(11);
        let mut shapes =
            vec![[1, 1, 1, 1, 1], [2, 97, 77, 3, 40], [1, 300, 513, 1, 64], [1, 100, 256, 2, 100], [2, 77, 77, 2, 8]];
        shapes.extend(
            (0..6).map(|_| [random.size(3), random.size(220), random.size(600), random.size(4), random.size(80)]),
        );
        for [batch, queries, keys, heads, depth] in shapes {
            for causal in [false, true] {
                let keys = if causal { queries } else { keys };
                let mut q = random.map(batch, 1, queries, heads * depth);
                // Large scores, so that the running largest has to be corrected.
                q = Map::from_vec(
                    q.values().iter().map(|value| value * 9.0).collect(),
                    batch,
                    1,
                    queries,
                    heads * depth,
                )
                .unwrap();
                let (k, v) = (random.map(batch, 1, keys, heads * depth), random.map(batch, 1, keys, heads * depth));
                let wanted = attend(&q, &k, &v, heads, causal);
                for scores in [Scores::Tiled, Scores::Heads(1), Scores::Heads(3), Scores::Heads(1000)] {
                    let found = attention(&q, &k, &v, heads, causal, scores, level).unwrap();
                    let what = format!("{level:?} {scores:?} {batch}×{queries}×{keys} {heads}×{depth} {causal}");
                    assert_close(found.values(), &wanted, &what);
                }
            }
        }
    }
}

#[test]
fn norms_keep_what_is_small_beside_a_large_mean() {
    for level in Level::available() {
        let mut random = Random(12);
        for [batch, height, width, channels, groups] in
            [[1, 1, 1, 4, 2], [2, 5, 7, 6, 3], [1, 40, 40, 32, 32], [3, 1, 1, 96, 4], [1, 65, 33, 130, 13]]
        {
            let values: Vec<f32> =
                random.values(batch * height * width * channels).iter().map(|value| value * 0.5 + 40.0).collect();
            let x = Map::from_vec(values, batch, height, width, channels).unwrap();
            let (weight, bias) = (random.values(channels), random.values(channels));
            let norm = GroupNorm::new(weight.clone(), bias.clone(), groups, 1e-5, level).unwrap();
            let (area, per_group) = (height * width, channels / groups);
            let mut wanted = vec![0f64; x.values().len()];
            for picture in 0..batch {
                for group in 0..groups {
                    let places: Vec<usize> = (0..area * per_group)
                        .map(|i| (picture * area + i / per_group) * channels + group * per_group + i % per_group)
                        .collect();
                    let count = places.len() as f64;
                    let mean = places.iter().map(|place| f64::from(x.values()[*place])).sum::<f64>() / count;
                    let variance =
                        places.iter().map(|place| (f64::from(x.values()[*place]) - mean).powi(2)).sum::<f64>() / count;
                    for place in places {
                        let channel = place % channels;
                        let normed = (f64::from(x.values()[place]) - mean) / (variance + 1e-5).sqrt();
                        wanted[place] = normed * f64::from(weight[channel]) + f64::from(bias[channel]);
                    }
                }
            }
            let what = format!("{level:?} {batch}×{height}×{width}×{channels} in {groups}");
            assert_close(norm.forward(&x, false).unwrap().values(), &wanted, &what);
            let silu: Vec<f64> = wanted.iter().map(|value| activated(*value, Activation::Silu)).collect();
            assert_close(norm.forward(&x, true).unwrap().values(), &silu, &what);

            let layer = LayerNorm::new(weight.clone(), bias.clone(), 1e-5, level).unwrap();
            let wanted: Vec<f64> = x
                .values()
                .chunks(channels)
                .flat_map(|row| {
                    let mean = row.iter().map(|value| f64::from(*value)).sum::<f64>() / channels as f64;
                    let variance =
                        row.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / channels as f64;
                    let (weight, bias) = (&weight, &bias);
                    row.iter().enumerate().map(move |(channel, value)| {
                        let normed = (f64::from(*value) - mean) / (variance + 1e-5).sqrt();
                        normed * f64::from(weight[channel]) + f64::from(bias[channel])
                    })
                })
                .collect();
            assert_close(layer.forward(&x).unwrap().values(), &wanted, &what);
        }
    }
}

#[test]
fn what_is_no_number_is_never_hidden() {
    for level in Level::available() {
        let mut random = Random(13);
        for bad in [f32::NAN, f32::INFINITY] {
            let mut values = random.values(6 * 6 * 20);
            values[7 * 20 + 3] = bad;
            let x = Map::from_vec(values, 1, 6, 6, 20).unwrap();
            let (weight, bias) = (random.values(9 * 20 * 20), random.values(20));
            for winograd in [false, true] {
                let layer =
                    Conv3x3::new(Source::F32(&weight), &bias, 20, Steps::SAME, packing(level, winograd)).unwrap();
                let out = layer.forward(&x, (6, 6), &Finish::default()).unwrap();
                assert!(out.values()[..20].iter().all(|value| !value.is_finite()), "{level:?} {bad} {winograd}");
            }
            let layer = Linear::new(Source::F32(&weight[..400]), Some(&bias), 20, packing(level, false)).unwrap();
            let out = layer.forward(&x, &Finish::default()).unwrap();
            assert!(out.values()[7 * 20..8 * 20].iter().all(|value| !value.is_finite()));
            assert!(out.values()[..7 * 20].iter().all(|value| value.is_finite()));
            let norm = GroupNorm::new(weight[..20].to_vec(), bias.clone(), 2, 1e-5, level).unwrap();
            let out = norm.forward(&x, true).unwrap();
            assert!(out.values()[..10].iter().all(|value| !value.is_finite()), "{level:?} {bad}");
            assert!(out.values()[10..20].iter().all(|value| value.is_finite()), "{level:?} {bad}");
            let out = attention(&x, &x, &x, 2, false, Scores::Tiled, level).unwrap();
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
    let layer = Linear::new(Source::F32(&weight), None, 6, packing(level, false)).unwrap();
    assert!(layer.forward(&x, &Finish::default()).is_err());
    assert!(Linear::new(Source::F32(&weight), Some(&weight[..3]), 6, packing(level, false)).is_err());
    assert!(attention(&x, &x, &x, 2, false, Scores::Tiled, level).is_err());
    let steps = Steps { stride: 2, before: 0, after: 0 };
    let convolution = Conv3x3::new(Source::F32(&random.values(45)), &[0.0], 5, steps, packing(level, false)).unwrap();
    assert!(convolution.forward(&x, (2, 2), &Finish::default()).is_err());
}
