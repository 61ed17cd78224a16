//! Products as whole numbers: what rounding the rows, and weights that are not quantised, may cost and no more.

use super::blocks::Quantised;
use super::*;
use crate::kernels::simd::{Kernel, MAX_LANES, Simd};

fn levels() -> impl Iterator<Item = Level> {
    Level::available().into_iter().filter(|level| level.has_integer_products())
}

fn kinds() -> impl Iterator<Item = BlockKind> {
    BlockKind::ALL.into_iter().filter(|kind| kind.groups().is_some())
}

/// Half of what separates two of the rounded numbers, times the weights, and what single precision rounds away.
fn allowed(row: &[f32], weight: &[f32], group: usize, rounding: f64) -> f64 {
    let groups = row.chunks(group).zip(weight.chunks(group)).map(|(row, weight)| {
        let largest = row.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let weights: f64 = weight.iter().map(|value| f64::from(value.abs())).sum();
        f64::from(largest) * weights * (rounding + 8.0 * f64::from(f32::EPSILON))
    });
    groups.sum::<f64>() + 1e-6
}

#[test]
fn each_sum_is_as_near_as_the_rounded_rows_allow() {
    let mut random = Random(31);
    for (level, kind) in levels().flat_map(|level| kinds().map(move |kind| (level, kind))) {
        for [rows, depth, outputs] in [[1, 256, 1], [7, 512, 45], [200, 2304, 70]] {
            let mut values = random.values(rows * depth);
            // It takes from the numbers of its group and from no others.
            values[depth / 2] = 3000.0;
            let weight = Quantised::new(kind, outputs, depth, 0, &mut random);
            let bias = random.values(outputs);
            let packing = Packing { precision: Precision::F32, winograd: None, level };
            let layer = Linear::new(weight.source(), Some(&bias), depth, packing).unwrap();
            let x = Map::from_vec(values, 1, 1, rows, depth).unwrap();
            let found = layer.forward(&x, &Epilogue::default()).unwrap();
            let wanted = linear(x.values(), &weight.values, &bias, depth);
            for (place, (found, wanted)) in found.values().iter().zip(&wanted).enumerate() {
                let (row, output) = (place / outputs, place % outputs);
                let (row, weight) = (&x.values()[row * depth..][..depth], &weight.values[output * depth..][..depth]);
                let error = (f64::from(*found) - wanted).abs();
                assert!(
                    error <= allowed(row, weight, kind.groups().unwrap().steps, 0.5 / 32767.0),
                    "{level:?} {kind:?} {rows} {depth}→{outputs}: {error}"
                );
            }
        }
    }
}

#[test]
fn rounded_weights_give_what_both_roundings_allow() {
    let mut random = Random(34);
    for level in Level::available() {
        for [rows, depth, outputs] in [[1, 32, 1], [7, 320, 45], [200, 1120, 70], [5, 48, 20]] {
            if !affordable(rows * depth * outputs) {
                continue;
            }
            let x = random.map(1, 1, rows, depth);
            let (mut weight, bias) = (random.values(outputs * depth), random.values(outputs));
            weight[0] = 50.0;
            weight[depth..].iter_mut().take(32).for_each(|weight| *weight = 0.0);
            let packing = Packing { precision: Precision::Integers, winograd: None, level };
            let layer = Linear::new(WeightSlice::F32(&weight), Some(&bias), depth, packing).unwrap();
            assert_eq!(layer.bytes(), Linear::bytes_of(depth, outputs, false, packing));
            let found = layer.forward(&x, &Epilogue::default()).unwrap();
            let wanted = linear(x.values(), &weight, &bias, depth);
            for (place, (found, wanted)) in found.values().iter().zip(&wanted).enumerate() {
                let row = &x.values()[place / outputs * depth..][..depth];
                let weight = &weight[place % outputs * depth..][..depth];
                // Rows that are no whole groups are as bfloat16, which rounds the weights alone.
                let of_both = allowed(row, weight, 32, 0.5 / 8191.0) + allowed(weight, row, 32, 0.5 / 8191.0);
                let size: f64 = row.iter().zip(weight).map(|(x, w)| f64::from((x * w).abs())).sum();
                let allowed = if depth % 32 == 0 { of_both } else { size / 256.0 };
                let error = (f64::from(*found) - wanted).abs();
                assert!(error <= allowed, "{level:?} {rows} {depth}→{outputs}: {error} of {allowed}");
            }
        }
    }
}

#[test]
fn rounded_weights_that_are_no_numbers_are_not_hidden() {
    for level in Level::available() {
        let mut weight = vec![1.0; 3 * 64];
        weight[64 + 40] = f32::NAN;
        weight[2 * 64] = f32::INFINITY;
        let packing = Packing { precision: Precision::Integers, winograd: None, level };
        let layer = Linear::new(WeightSlice::F32(&weight), None, 64, packing).unwrap();
        let x = Map::from_vec(vec![0.5; 64], 1, 1, 1, 64).unwrap();
        let out = layer.forward(&x, &Epilogue::default()).unwrap();
        assert!(out.values()[0].is_finite() && out.values()[1..].iter().all(|value| !value.is_finite()), "{level:?}");
    }
}

#[test]
fn zeros_stay_zeros_and_what_is_no_number_is_not_hidden() {
    let mut random = Random(32);
    for (level, kind) in levels().flat_map(|level| kinds().map(move |kind| (level, kind))) {
        let weight = Quantised::new(kind, 20, 512, 0, &mut random);
        let packing = Packing { precision: Precision::Bf16Products, winograd: None, level };
        let layer = Linear::new(weight.source(), None, 512, packing).unwrap();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = random.values(3 * 512);
            values[512..1024].fill(0.0);
            values[1024 + 300] = bad;
            let x = Map::from_vec(values, 1, 1, 3, 512).unwrap();
            let out = layer.forward(&x, &Epilogue::default()).unwrap();
            let (first, others) = out.values().split_at(20);
            assert!(first.iter().all(|value| value.is_finite()), "{level:?} {kind:?}");
            assert!(others[..20].iter().all(|value| *value == 0.0), "{level:?} {kind:?}");
            assert!(others[20..].iter().all(|value| !value.is_finite()), "{level:?} {kind:?} {bad}");
        }
    }
}

/// The instructions with what they do, lane by lane.
struct Instructions<'a>(&'a mut Random);

impl Kernel for Instructions<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let mut bits = || std::array::from_fn::<u32, MAX_LANES, _>(|_| (self.0.next() * 2e9) as i32 as u32);
        // Sums that do not leave 32 bits.
        let (a, b, sums) = (bits().map(|a| a & 0x3fff_3fff), bits(), bits().map(|sum| sum >> 8));
        let bytes: [u8; 2 * MAX_LANES] = std::array::from_fn(|place| (a[place % MAX_LANES] >> (place % 3)) as u8);
        let lanes = |bits: [u32; MAX_LANES]| bits.map(f32::from_bits);
        let mut found = [[0f32; MAX_LANES]; 3];
        // SAFETY: every array holds the lanes of the widest vector.
        unsafe {
            let load = |bits| S::load(lanes(bits).as_ptr());
            S::store(found[0].as_mut_ptr(), S::add_integer_pairs(load(a), load(b), load(sums)));
            S::store(found[1].as_mut_ptr(), S::integer_pairs_of(bytes.as_ptr(), bytes[MAX_LANES..].as_ptr()));
            S::store(found[2].as_mut_ptr(), S::floats_of(load(b)));
        }
        for lane in 0..S::LANES {
            let half = |bits: u32, shift: u32| i32::from((bits >> shift) as u16 as i16);
            let sum: i32 = [0, 16].into_iter().map(|shift| half(a[lane], shift) * half(b[lane], shift)).sum();
            assert_eq!(found[0][lane].to_bits(), (sums[lane] as i32 + sum) as u32);
            let pair = u32::from(bytes[lane]) | (u32::from(bytes[MAX_LANES + lane]) << 16);
            assert_eq!(found[1][lane].to_bits(), pair);
            assert_eq!(found[2][lane].to_bits(), (b[lane] as i32 as f32).to_bits());
        }
    }
}

#[test]
fn each_instruction_set_does_what_is_meant_with_whole_numbers() {
    let mut random = Random(33);
    for level in Level::available() {
        for _ in 0..50 {
            level.run(Instructions(&mut random));
            level.run_integers(Instructions(&mut random));
        }
    }
}
