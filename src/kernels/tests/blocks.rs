//! Layers whose weights stay quantised against the same layers with their numbers in single precision: bit for bit where
//! they are widened, nearly where they are multiplied as whole numbers (`integers` says how nearly).

use half::f16;

use super::*;
use crate::kernels::layer_form::PanelLayout;
use crate::kernels::panel::PackedMatrix;

/// Rows of random numbers as a file of that kind has them.
pub(super) struct Quantised {
    kind: BlockKind,
    bytes: Vec<u8>,
    scales: Vec<f32>,
    /// What they are, read as ggml's own code reads them.
    pub values: Vec<f32>,
}

impl Quantised {
    /// `scale_count`: of float8.
    pub(super) fn new(kind: BlockKind, rows: usize, depth: usize, scale_count: usize, random: &mut Random) -> Self {
        let mut bytes: Vec<u8> = (0..kind.bytes_of(rows * depth)).map(|_| (random.next() * 1e6) as i32 as u8).collect();
        for block in bytes.chunks_exact_mut(kind.bytes()) {
            for at in halves_of(kind) {
                // Some are so small that they have no leading one.
                let size = if random.next() > 0.0 { 0.02 } else { 2e-5 };
                block[*at..at + 2].copy_from_slice(&f16::from_f32(random.next() * size).to_le_bytes());
            }
            if kind == BlockKind::F8E4M3 && block[0] & 0x7f == 0x7f {
                block[0] = 0;
            }
        }
        let scales = if kind == BlockKind::F8E4M3 { random.values(scale_count) } else { Vec::new() };
        let mut values: Vec<f32> = bytes.chunks_exact(kind.bytes()).flat_map(|block| read(kind, block)).collect();
        for (row, values) in values.chunks_exact_mut(depth).enumerate().filter(|_| !scales.is_empty()) {
            for value in values {
                *value *= scales[row % scales.len()];
            }
        }
        Self { kind, bytes, scales, values }
    }

    pub(super) fn source(&self) -> WeightSlice<'_> {
        WeightSlice::Blocks(Blocks { kind: self.kind, bytes: &self.bytes, scales: &self.scales })
    }
}

/// Where a block's own scales stand.
fn halves_of(kind: BlockKind) -> &'static [usize] {
    match kind {
        BlockKind::Q4_0 | BlockKind::Q5_0 | BlockKind::Q8_0 => &[0],
        BlockKind::Q4_1 | BlockKind::Q5_1 | BlockKind::Q4K | BlockKind::Q5K => &[0, 2],
        BlockKind::Q2K => &[80, 82],
        BlockKind::Q3K => &[108],
        BlockKind::Q6K => &[208],
        BlockKind::F8E4M3 => &[],
    }
}

/// One block, number by number.
fn read(kind: BlockKind, block: &[u8]) -> Vec<f32> {
    let half = |at: usize| f16::from_le_bytes([block[at], block[at + 1]]).to_f32();
    let nibble = |start: usize, at: usize| {
        let byte = block[start + at % 16];
        f32::from(if at < 16 { byte & 15 } else { byte >> 4 })
    };
    let fifth = |start: usize, at: usize| f32::from(((block[start + at / 8] >> (at % 8)) & 1) * 16);
    // Scale and offset of a group of 32, in six bits each.
    let six_bits = |group: usize| {
        let packed = &block[4..16];
        if group < 4 {
            (packed[group] & 63, packed[group + 4] & 63)
        } else {
            let (upper, upper_of_offset) = (packed[group - 4] >> 6, packed[group] >> 6);
            ((packed[group + 4] & 15) | (upper << 4), (packed[group + 4] >> 4) | (upper_of_offset << 4))
        }
    };
    let of_four_bits = |at: usize, start: usize| {
        let byte = block[start + at / 64 * 32 + at % 32];
        if at % 64 < 32 { byte & 15 } else { byte >> 4 }
    };
    let two_bits = |at: usize, start: usize| (block[start + at / 128 * 32 + at % 32] >> (at % 128 / 32 * 2)) & 3;
    let number = |at: usize| match kind {
        BlockKind::Q4_0 => (nibble(2, at) - 8.0) * half(0),
        BlockKind::Q4_1 => nibble(4, at) * half(0) + half(2),
        BlockKind::Q5_0 => (nibble(6, at) + fifth(2, at) - 16.0) * half(0),
        BlockKind::Q5_1 => (nibble(8, at) + fifth(4, at)) * half(0) + half(2),
        BlockKind::Q8_0 => f32::from(block[2 + at].cast_signed()) * half(0),
        BlockKind::Q2K => {
            let (scale, offset) = (block[at / 16] & 15, block[at / 16] >> 4);
            half(80) * f32::from(scale) * f32::from(two_bits(at, 16)) - half(82) * f32::from(offset)
        }
        BlockKind::Q3K => {
            let of_sixteen = at / 16;
            let lower = if of_sixteen < 8 { block[96 + of_sixteen] & 15 } else { block[88 + of_sixteen] >> 4 };
            let upper = (block[104 + of_sixteen % 4] >> (of_sixteen / 4 * 2)) & 3;
            let third = (block[at % 32] >> (at / 32)) & 1;
            let number = f32::from(two_bits(at, 32)) - if third == 1 { 0.0 } else { 4.0 };
            half(108) * (f32::from(lower | (upper << 4)) - 32.0) * number
        }
        BlockKind::Q4K | BlockKind::Q5K => {
            let (scale, offset) = six_bits(at / 32);
            let number = if kind == BlockKind::Q4K {
                of_four_bits(at, 16)
            } else {
                of_four_bits(at, 48) + 16 * ((block[16 + at % 32] >> (at / 32)) & 1)
            };
            half(0) * f32::from(scale) * f32::from(number) - half(2) * f32::from(offset)
        }
        BlockKind::Q6K => {
            let (part, within) = (at / 128, at % 128);
            let byte = block[part * 64 + within % 64];
            let lower = if within < 64 { byte & 15 } else { byte >> 4 };
            let upper = (block[128 + part * 32 + within % 32] >> (within / 32 * 2)) & 3;
            let scale = block[192 + at / 16].cast_signed();
            half(208) * f32::from(scale) * (f32::from(lower | (upper << 4)) - 32.0)
        }
        BlockKind::F8E4M3 => {
            let (exponent, mantissa) = (i32::from((block[0] >> 3) & 15), f32::from(block[0] & 7) / 8.0);
            let size = if exponent == 0 { mantissa / 64.0 } else { (1.0 + mantissa) * 2f32.powi(exponent - 7) };
            if block[0] > 127 { -size } else { size }
        }
    };
    (0..kind.numbers()).map(number).collect()
}

/// What both layers give.
fn assert_same(layers: [Linear; 2], x: &Map, weight: &Quantised, level: Level, what: &str) {
    let [found, wanted] = layers.map(|layer| layer.forward(x, &Epilogue::default()).unwrap());
    if level.has_integer_products() && weight.kind.groups().is_some() {
        let largest = |values: &[f32]| values.iter().fold(1e-3f32, |largest, value| largest.max(value.abs()));
        // A sum may be far smaller than what is summed up.
        let of_terms = largest(x.values()) * largest(&weight.values) * (x.channels as f32).sqrt();
        let allowed = 1e-4 * (largest(wanted.values()) + of_terms);
        let is_near = |(found, wanted): (&f32, &f32)| (found - wanted).abs() <= allowed;
        assert!(found.values().iter().zip(wanted.values()).all(is_near), "{what}");
    } else {
        assert!(found.values() == wanted.values(), "{what}");
    }
}

/// Rows, blocks in each of the weight's rows, and outputs.
const SIZES: [[usize; 3]; 5] = [[1, 1, 1], [7, 2, 45], [200, 3, 130], [5, 9, 64], [13, 1, 17]];

#[test]
fn quantised_layers_are_the_layers_of_their_numbers() {
    for level in Level::available() {
        let mut random = Random(21);
        for (kind, [rows, blocks, outputs]) in
            BlockKind::ALL.into_iter().flat_map(|kind| SIZES.map(|size| (kind, size)))
        {
            // Of float8, which has no blocks, rows of odd lengths too.
            let inputs = if kind == BlockKind::F8E4M3 { blocks * 71 } else { blocks * kind.numbers() };
            if !affordable(rows * inputs * outputs) {
                continue;
            }
            let x = random.map(1, 1, rows, inputs);
            let scale_count = if rows % 2 == 0 { 1 } else { 2 * outputs };
            let weight = Quantised::new(kind, 2 * outputs, inputs, scale_count, &mut random);
            let bias = random.values(2 * outputs);
            for precision in [Precision::F32, Precision::F16, Precision::Bf16, Precision::Bf16Products] {
                let packing = Packing { precision, winograd: None, level };
                // What is not multiplied in bfloat16 is multiplied as it is, not rounded to half precision before.
                let in_bf16 =
                    precision == Precision::Bf16Products && (kind.groups().is_none() || !level.has_integer_products());
                let wide = if in_bf16 { precision } else { Precision::F32 };
                let wide = Packing { precision: wide, ..packing };
                let what = format!("{level:?} {kind:?} {precision:?} {rows} {inputs}→{outputs}");
                let values = WeightSlice::F32(&weight.values);
                let plain = [
                    Linear::new(weight.source(), Some(&bias), inputs, packing).unwrap(),
                    Linear::new(values, Some(&bias), inputs, wide).unwrap(),
                ];
                let gated = [
                    Linear::gated(weight.source(), &bias, inputs, packing).unwrap(),
                    Linear::gated(values, &bias, inputs, wide).unwrap(),
                ];
                assert_eq!(
                    plain[0].bytes(),
                    Linear::bytes_of_blocks(inputs, 2 * outputs, false, kind, packing),
                    "{what}"
                );
                assert_eq!(
                    gated[0].bytes(),
                    Linear::bytes_of_blocks(inputs, 2 * outputs, true, kind, packing),
                    "{what}"
                );
                for layers in [plain, gated] {
                    assert_same(layers, &x, &weight, level, &what);
                }
            }
        }
    }
}

#[test]
fn long_rows_are_widened_part_by_part() {
    for level in Level::available() {
        let mut random = Random(22);
        for kind in BlockKind::ALL {
            let inputs = if kind == BlockKind::F8E4M3 { 2 * 2048 + 37 } else { 2 * 2048 + 256 };
            let (rows, outputs) = (2, 3);
            if !affordable(rows * inputs * outputs) {
                continue;
            }
            let x = random.map(1, 1, rows, inputs);
            let weight = Quantised::new(kind, outputs, inputs, 1, &mut random);
            for precision in [Precision::F32, Precision::Bf16Products] {
                let in_bf16 =
                    precision == Precision::Bf16Products && (kind.groups().is_none() || !level.has_integer_products());
                let wide = if in_bf16 { precision } else { Precision::F32 };
                let [found, wanted] = [(weight.source(), precision), (WeightSlice::F32(&weight.values), wide)].map(
                    |(weight, precision)| {
                        Linear::new(weight, None, inputs, Packing { precision, winograd: None, level }).unwrap()
                    },
                );
                assert_same([found, wanted], &x, &weight, level, &format!("{level:?} {kind:?} {precision:?}"));
            }
        }
    }
}

/// Inputs, outputs: of one part of a pixel's channels, of two, and of channels that no block is made for.
fn convolutions_of(kind: BlockKind) -> Vec<[usize; 2]> {
    match kind {
        BlockKind::F8E4M3 => vec![[4, 5], [6, 17], [96, 70]],
        _ => vec![[kind.numbers(), 5], [2 * kind.numbers(), 17], [5 * kind.numbers(), 70]],
    }
}

#[test]
fn quantised_convolutions_have_the_numbers_of_their_file() {
    for level in Level::available() {
        let mut random = Random(24);
        for (kind, [inputs, outputs]) in
            BlockKind::ALL.into_iter().flat_map(|kind| convolutions_of(kind).into_iter().map(move |size| (kind, size)))
        {
            if !affordable(9 * 9 * inputs * outputs) {
                continue;
            }
            let scales = if outputs == 5 { 1 } else { outputs };
            let weight = Quantised::new(kind, outputs, inputs * 9, scales, &mut random);
            let bias = vec![0.0; outputs];
            for precision in [Precision::F32, Precision::F16, Precision::Bf16Products] {
                let packing = Packing { precision, winograd: None, level };
                let what = format!("{level:?} {kind:?} {precision:?} {inputs}→{outputs}");
                assert!(Conv3x3::keeps_blocks((inputs, outputs), Steps::SAME, kind, packing), "{what}");
                let layer = Conv3x3::new(weight.source(), &bias, inputs, Steps::SAME, packing).unwrap();
                assert_eq!(layer.bytes(), Conv3x3::bytes_of_blocks(inputs, outputs, kind, packing), "{what}");
                // One channel of the pixel in the middle is one, all else is none: what comes out are its weights.
                for channel in [0, 1, inputs / 2 + 1, inputs - 1] {
                    let mut pixels = vec![0.0; 9 * inputs];
                    pixels[4 * inputs + channel] = 1.0;
                    let x = Map::from_vec(pixels, 1, 3, 3, inputs).unwrap();
                    let found = layer.forward(&x, (3, 3), &Epilogue::default()).unwrap();
                    for (place, found) in found.values().chunks_exact(outputs).enumerate() {
                        let wanted = weight.values.chunks_exact(inputs * 9).map(|row| row[channel * 9 + 8 - place]);
                        let rounded = wanted.map(|value| match precision {
                            Precision::Bf16Products => half::bf16::from_f32(value).to_f32(),
                            _ => value,
                        });
                        assert!(found.iter().copied().eq(rounded), "{what}: channel {channel}, tap {}", 8 - place);
                    }
                }
            }
        }
    }
}

#[test]
fn quantised_convolutions_are_those_of_their_numbers() {
    let steps = [Steps::SAME, Steps { stride: 2, before: 0, after: 1 }];
    for level in Level::available() {
        let mut random = Random(25);
        for (kind, steps) in BlockKind::ALL.into_iter().flat_map(|kind| steps.map(|steps| (kind, steps))) {
            let [inputs, outputs] = convolutions_of(kind)[1];
            if !affordable(2 * 7 * 6 * 9 * inputs * outputs) {
                continue;
            }
            let x = random.map(2, 7, 6, inputs);
            let bias = random.values(outputs);
            let weight = Quantised::new(kind, outputs, inputs * 9, 1, &mut random);
            let largest = weight.values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            for precision in [Precision::F32, Precision::Bf16Products] {
                let packing = Packing { precision, winograd: None, level };
                let [found, wanted] = [weight.source(), WeightSlice::F32(&weight.values)].map(|source| {
                    let layer = Conv3x3::new(source, &bias, inputs, steps, packing).unwrap();
                    layer.forward(&x, (7, 6), &Epilogue::default()).unwrap()
                });
                assert_eq!(found.shape(), wanted.shape());
                // The same products, summed up in another order.
                let allowed = 1e-6 * largest * (9 * inputs) as f32 + 1e-6;
                for (found, wanted) in found.values().iter().zip(wanted.values()) {
                    assert!((found - wanted).abs() <= allowed, "{level:?} {kind:?} {precision:?}: {found} {wanted}");
                }
            }
        }
    }
}

#[test]
fn memory_is_the_files_but_for_what_fills_up_the_last_panel() {
    let packing = packing(Level::current(), false);
    for kind in BlockKind::ALL {
        let (inputs, outputs) = (2560, 1024);
        let kept = Linear::bytes_of_blocks(inputs, outputs, false, kind, packing);
        let in_file = kind.bytes_of(inputs * outputs);
        assert!(kept >= in_file && kept - in_file <= 8 * outputs, "{kind:?}: {kept} of {in_file}");
    }
}

#[test]
fn blocks_that_do_not_fit_are_an_error() {
    let packing = packing(Level::current(), false);
    let mut random = Random(23);
    let weight = Quantised::new(BlockKind::Q4_0, 9, 64, 0, &mut random);
    assert!(Linear::new(weight.source(), None, 64, packing).is_ok());
    // Rows that begin within a block, and kernels whose taps do.
    assert!(Linear::new(weight.source(), None, 48, packing).is_err());
    // Weights that are to be transformed, and channels of which no few have whole blocks of taps.
    let transformed = super::packing(Level::current(), true);
    assert!(Conv3x3::new(weight.source(), &[0.0; 1], 64, Steps::SAME, packing).is_ok());
    for (inputs, outputs, packing) in [(32, 18, transformed), (16, 4, packing)] {
        let weight = Quantised::new(BlockKind::Q4_0, outputs, inputs * 9, 0, &mut random);
        assert!(!Conv3x3::keeps_blocks((inputs, outputs), Steps::SAME, weight.kind, packing));
        assert!(Conv3x3::new(weight.source(), &vec![0.0; outputs], inputs, Steps::SAME, packing).is_err());
    }
    let weight = Quantised::new(BlockKind::F8E4M3, 4, 6, 3, &mut random);
    assert!(Linear::new(weight.source(), None, 6, packing).is_err());
    let empty = Blocks { kind: BlockKind::Q6K, bytes: &[], scales: &[] };
    assert!(Linear::new(WeightSlice::Blocks(empty), None, 256, packing).is_err());
}

#[test]
fn what_is_multiplied_is_known_before_the_weights_are_read() {
    let all = [Precision::F32, Precision::F16, Precision::Bf16, Precision::Bf16Products, Precision::Integers];
    let of = |matrix: &PackedMatrix| match (matrix.integer_groups(), matrix.is_in_pairs()) {
        (Some(_), _) => Multiplied::Integers,
        (None, true) => Multiplied::Bf16,
        (None, false) => Multiplied::Singles,
    };
    let mut random = Random(37);
    let mut seen = Vec::new();
    for level in Level::available() {
        for (precision, taps) in all.into_iter().flat_map(|precision| [(precision, false), (precision, true)]) {
            let layout = PanelLayout { gated: false, taps };
            for depth in [9 * 20, 9 * 32] {
                let weight = random.values(5 * depth);
                let matrix =
                    PackedMatrix::new(WeightSlice::F32(&weight), None, depth, layout, precision, level).unwrap();
                let told = Multiplied::of(depth, layout, precision, None, level);
                assert_eq!(of(&matrix), told, "{level:?} {precision:?} {depth} {taps}");
                seen.push(told);
            }
            for kind in BlockKind::ALL {
                let depth = 9 * 256;
                let weight = Quantised::new(kind, 5, depth, 1, &mut random);
                let matrix = PackedMatrix::new(weight.source(), None, depth, layout, precision, level).unwrap();
                let told = Multiplied::of(depth, layout, precision, Some(kind), level);
                assert_eq!(of(&matrix), told, "{level:?} {precision:?} {kind:?} {taps}");
            }
        }
    }
    for kind in [Multiplied::Singles, Multiplied::Bf16, Multiplied::Integers] {
        assert!(seen.contains(&kind));
    }
}
