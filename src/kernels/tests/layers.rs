//! Linear layers and convolutions against plain loops.

use half::{bf16, f16};

use super::super::winograd::OutputTile;
use super::*;

#[test]
fn linear_layers_and_what_follows_them() {
    for level in Level::available() {
        let mut random = Random(7);
        for (index, [rows, inputs, outputs]) in sizes(&mut random).into_iter().enumerate() {
            let batch = 1 + index % 3;
            let x = random.map(batch, 1, rows, inputs);
            let (weight, bias) = (random.values(inputs * outputs), random.values(outputs));
            let (own, residual) = (random.values(batch * outputs), random.values(batch * rows * outputs));
            let layer = Linear::new(WeightSlice::F32(&weight), Some(&bias), inputs, packing(level, false)).unwrap();
            let activation = [Activation::None, Activation::Silu, Activation::Gelu, Activation::QuickGelu][index % 4];
            let epilogue = Epilogue { per_picture: Some((&own, rows)), activation, residual: Some(&residual) };
            let mut wanted = linear(x.values(), &weight, &bias, inputs);
            for (place, wanted) in wanted.iter_mut().enumerate() {
                let picture = place / outputs / rows;
                let sum = *wanted + f64::from(own[picture * outputs + place % outputs]);
                *wanted = activated(sum, activation) + f64::from(residual[place]);
            }
            let what = format!("{level:?} {batch}×{rows} {inputs}→{outputs}");
            assert_close(layer.forward(&x, &epilogue).unwrap().values(), &wanted, &what);
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
            let layer = Linear::gated(WeightSlice::F32(&weight), &bias, inputs, packing(level, false)).unwrap();
            let both = linear(x.values(), &weight, &bias, inputs);
            let wanted: Vec<f64> = both
                .chunks(2 * outputs)
                .flat_map(|row| (0..outputs).map(|c| row[c] * activated(row[outputs + c], Activation::Gelu)))
                .collect();
            let what = format!("{level:?} {rows} {inputs}→{outputs}");
            assert_close(layer.forward(&x, &Epilogue::default()).unwrap().values(), &wanted, &what);
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
            (WeightSlice::F16(&halves), Precision::F16, &as_single[0]),
            (WeightSlice::F16(&halves), Precision::F32, &as_single[0]),
            (WeightSlice::F32(&weight), Precision::F16, &as_single[0]),
            (WeightSlice::Bf16(&brains), Precision::F32, &as_single[1]),
        ] {
            let packing = Packing { precision, winograd: None, level };
            let layer = Linear::new(source, Some(&bias), inputs, packing).unwrap();
            let wanted = linear(x.values(), weight, &bias, inputs);
            let found = layer.forward(&x, &Epilogue::default()).unwrap();
            assert_close(found.values(), &wanted, &format!("{level:?} {precision:?}"));
        }
    }
}

#[test]
fn products_of_bfloat16_round_both_sides() {
    let rounded = |values: &[f32]| values.iter().map(|value| bf16::from_f32(*value).to_f32()).collect::<Vec<_>>();
    for level in Level::available() {
        let packing = Packing { precision: Precision::Bf16Products, winograd: None, level };
        let mut random = Random(16);
        for [rows, inputs, outputs] in [[1, 1, 1], [7, 71, 45], [100, 2050, 70], [97, 40, 129]] {
            if !affordable(rows * inputs * outputs) {
                continue;
            }
            let x = random.map(1, 1, rows, inputs);
            let (weight, bias) = (random.values(2 * inputs * outputs), random.values(2 * outputs));
            let what = format!("{level:?} {rows} {inputs}→{outputs}");
            let layer = Linear::new(WeightSlice::F32(&weight), Some(&bias), inputs, packing).unwrap();
            let wanted = linear(&rounded(x.values()), &rounded(&weight), &bias, inputs);
            assert_close(layer.forward(&x, &Epilogue::default()).unwrap().values(), &wanted, &what);
            let layer = Linear::gated(WeightSlice::F32(&weight), &bias, inputs, packing).unwrap();
            let gated: Vec<f64> = wanted
                .chunks(2 * outputs)
                .flat_map(|row| (0..outputs).map(|c| row[c] * activated(row[outputs + c], Activation::Gelu)))
                .collect();
            assert_close(layer.forward(&x, &Epilogue::default()).unwrap().values(), &gated, &what);
        }
        for [batch, height, width, inputs, outputs] in [[1, 3, 5, 3, 33], [2, 4, 7, 130, 20]] {
            if !affordable(9 * batch * height * width * inputs * outputs) {
                continue;
            }
            let x = random.map(batch, height, width, inputs);
            let (weight, bias) = (random.values(9 * inputs * outputs), random.values(outputs));
            let layer = Conv3x3::new(WeightSlice::F32(&weight), &bias, inputs, Steps::SAME, packing).unwrap();
            let x_rounded = Map::from_vec(rounded(x.values()), batch, height, width, inputs).unwrap();
            let wanted = convolve(&x_rounded, &rounded(&weight), &bias, Steps::SAME, (height, width));
            let found = layer.forward(&x, (height, width), &Epilogue::default()).unwrap();
            assert_close(found.values(), &wanted.values, &format!("{level:?} {height}×{width} {inputs}→{outputs}"));
        }
        let bad = Map::from_vec(vec![f32::NAN, 1.0, f32::INFINITY, 1.0], 1, 1, 2, 2).unwrap();
        let layer = Linear::new(WeightSlice::F32(&[1.0, 2.0]), None, 2, packing).unwrap();
        let out = layer.forward(&bad, &Epilogue::default()).unwrap();
        assert!(out.values()[0].is_nan() && out.values()[1] == f32::INFINITY, "{level:?} {:?}", out.values());
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
    #[derive(Clone, Copy, Debug)]
    enum Way {
        Direct(Steps),
        Transformed(OutputTile),
    }
    use Way::{Direct, Transformed};
    let halving = Steps { stride: 2, before: 1, after: 1 };
    let halving_after = Steps { stride: 2, before: 0, after: 1 };
    for level in Level::available() {
        let mut random = Random(10);
        let mut shapes =
            vec![[1, 1, 1, 16, 16], [1, 2, 3, 17, 20], [3, 5, 4, 33, 66], [1, 3, 9, 4, 130], [2, 12, 12, 96, 3]];
        shapes.extend(
            (0..10).map(|_| [random.size(3), random.size(14), random.size(14), random.size(70), random.size(140)]),
        );
        shapes.retain(|[batch, height, width, inputs, outputs]| {
            affordable(9 * batch * height * width * inputs * outputs)
        });
        for [batch, height, width, inputs, outputs] in shapes {
            let x = random.map(batch, height, width, inputs);
            let (weight, bias) = (random.values(9 * inputs * outputs), random.values(outputs));
            for (way, size) in [
                (Direct(Steps::SAME), (height, width)),
                (Transformed(OutputTile::TwoByTwo), (height, width)),
                (Transformed(OutputTile::FourByFour), (height, width)),
                (Transformed(OutputTile::TwoByTwo), (2 * height, 2 * width)),
                (Transformed(OutputTile::FourByFour), (2 * height, 2 * width)),
                (Direct(Steps::SAME), (2 * height - 1, 2 * width + 1)),
                (Direct(halving), (height, width)),
                (Direct(halving_after), (height + 1, width + 1)),
            ] {
                let what = format!("{level:?} {way:?} {batch}×{height}×{width} {inputs}→{outputs} as {size:?}");
                let (steps, layer) = match way {
                    Direct(steps) => {
                        let packing = packing(level, false);
                        (steps, Conv3x3::new(WeightSlice::F32(&weight), &bias, inputs, steps, packing).unwrap())
                    }
                    Transformed(square) => {
                        (Steps::SAME, Conv3x3::by_output_tile(square, &weight, &bias, inputs, level))
                    }
                };
                let wanted = convolve(&x, &weight, &bias, steps, size);
                let pixels = wanted.height * wanted.width;
                let (own, residual) = (random.values(batch * outputs), random.values(batch * pixels * outputs));
                let found = layer.forward(&x, size, &Epilogue::default()).unwrap();
                assert_eq!((found.height, found.width), (wanted.height, wanted.width), "{what}");
                assert_close(found.values(), &wanted.values, &what);

                let epilogue =
                    Epilogue { per_picture: Some((&own, pixels)), residual: Some(&residual), ..Epilogue::default() };
                let finished: Vec<f64> = wanted
                    .values
                    .iter()
                    .enumerate()
                    .map(|(place, value)| {
                        let own = own[place / outputs / pixels * outputs + place % outputs];
                        value + f64::from(own) + f64::from(residual[place])
                    })
                    .collect();
                assert_close(layer.forward(&x, size, &epilogue).unwrap().values(), &finished, &what);
            }
        }
    }
}

#[test]
fn layers_take_what_was_estimated() {
    let mut random = Random(15);
    for level in Level::available() {
        for (inputs, outputs) in [(1, 1), (16, 16), (20, 34), (33, 100), (64, 128), (1300, 1000)] {
            let (weight, bias) = (random.values(inputs * outputs * 9), random.values(outputs));
            let ways = [(true, Precision::F32), (false, Precision::F32), (false, Precision::F16)];
            for (winograd, precision) in ways.into_iter().chain([(false, Precision::Bf16Products)]) {
                let packing = Packing { precision, winograd: winograd.then_some(OutputTile::FourByFour), level };
                let layer = Conv3x3::new(WeightSlice::F32(&weight), &bias, inputs, Steps::SAME, packing).unwrap();
                assert_eq!(layer.bytes(), Conv3x3::bytes_of(inputs, outputs, Steps::SAME, packing));
                let weight = &weight[..inputs * outputs];
                let layer = Linear::new(WeightSlice::F32(weight), Some(&bias), inputs, packing).unwrap();
                assert_eq!(layer.bytes(), Linear::bytes_of(inputs, outputs, false, packing));
                if outputs % 2 == 0 {
                    let layer = Linear::gated(WeightSlice::F32(weight), &bias, inputs, packing).unwrap();
                    assert_eq!(layer.bytes(), Linear::bytes_of(inputs, outputs, true, packing));
                }
            }
        }
    }
}
