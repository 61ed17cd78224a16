//! Floats of one and two bytes brought to single precision, many at a time: no table and no branch, so that a compiler
//! puts it into vectors, and no denormal in between, which processors take a hundred times as long over.

/// `bits` without its sign, of a float with so many bits of mantissa and the given bias of its exponent. What stands for
/// infinity or NaN is none here.
#[inline(always)]
fn magnitude<const MANTISSA: u32, const BIAS: u32>(bits: u32) -> f32 {
    let shifted = bits << (23 - MANTISSA);
    let normal = f32::from_bits(shifted.wrapping_add((127 - BIAS) << 23));
    // Without the leading one, which is taken off again where the exponent is none.
    let smallest = (128 - BIAS) << 23;
    let denormal = f32::from_bits(shifted.wrapping_add(smallest)) - f32::from_bits(smallest);
    if bits >> MANTISSA == 0 { denormal } else { normal }
}

#[inline(always)]
fn with_sign(magnitude: f32, is_negative: u32) -> f32 {
    f32::from_bits(magnitude.to_bits() | (is_negative << 31))
}

/// As many numbers as bytes, e4m3.
#[inline(always)]
pub(super) fn widen_float8(from: &[u8], to: &mut [f32]) {
    for (to, byte) in to.iter_mut().zip(from) {
        let bits = u32::from(*byte);
        let value = magnitude::<3, 7>(bits & 0x7f);
        let value = if bits & 0x7f == 0x7f { f32::NAN } else { value };
        *to = with_sign(value, bits >> 7);
    }
}

/// IEEE halves whose lower and upper bytes stand apart.
#[inline(always)]
pub(super) fn widen_halves(lower: &[u8], upper: &[u8], to: &mut [f32]) {
    for (to, (lower, upper)) in to.iter_mut().zip(lower.iter().zip(upper)) {
        let bits = u32::from(*lower) | (u32::from(*upper) << 8);
        let value = magnitude::<10, 15>(bits & 0x7fff);
        // Infinities and NaN: the largest exponent there is, and the rest as it was.
        let odd = f32::from_bits(0x7f80_0000 | ((bits & 0x3ff) << 13));
        let value = if bits & 0x7c00 == 0x7c00 { odd } else { value };
        *to = with_sign(value, bits >> 15);
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn every_half_is_what_it_is() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let bytes: [Vec<u8>; 2] = [0, 1].map(|at| all.iter().map(|bits| bits.to_le_bytes()[at]).collect());
        let mut found = vec![0f32; all.len()];
        widen_halves(&bytes[0], &bytes[1], &mut found);
        for (bits, found) in all.into_iter().zip(found) {
            let wanted = f16::from_bits(bits).to_f32();
            assert!(found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan()), "{bits:x}: {found}");
        }
    }

    #[test]
    fn every_float8_is_what_it_is() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let mut found = vec![0f32; all.len()];
        widen_float8(&all, &mut found);
        for (byte, found) in all.into_iter().zip(found) {
            let (exponent, mantissa) = (i32::from(byte >> 3 & 15), f32::from(byte & 7));
            let sign = if byte > 127 { -1.0 } else { 1.0 };
            let wanted = match (exponent, byte & 7) {
                (15, 7) => f32::NAN,
                (0, _) => mantissa / 8.0 * 2f32.powi(-6),
                _ => (1.0 + mantissa / 8.0) * 2f32.powi(exponent - 7),
            };
            let is_same = found.to_bits() == (sign * wanted).to_bits();
            assert!(is_same || (found.is_nan() && wanted.is_nan()), "{byte:x}: {found}");
        }
    }
}
