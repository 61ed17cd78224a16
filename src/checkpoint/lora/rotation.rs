//! Layers that are rotated instead of added to: OFT and its butterflies (BOFT), as kohya's scripts and `LyCORIS` turn a
//! layer's outputs, and as PEFT turns its inputs. Every rotation comes from a skew matrix by Cayley's transform.

use candle_core::{D, Device, Error, Tensor};

/// Skew matrices as they are stored: only what is above their diagonal counts twice.
///
/// # Errors
/// When the blocks are not square.
pub(super) fn skew(blocks: &Tensor) -> Result<Tensor, Error> {
    blocks - blocks.transpose(D::Minus1, D::Minus2)?
}

/// Skew matrices `(blocks, side, side)` of their upper triangles, row after row, `(blocks, numbers)`, for `rows` rows.
///
/// # Errors
/// When no triangle has that many numbers, or there are more than rows to turn.
pub(super) fn skew_of_triangles(triangles: &Tensor, rows: usize) -> Result<Tensor, Error> {
    let (blocks, numbers) = triangles.dims2()?;
    let side = (1..=numbers + 1).find(|side| side * (side - 1) / 2 >= numbers).unwrap_or(1);
    if side * (side - 1) / 2 != numbers {
        return Err(Error::Msg(format!("{numbers} numbers are no triangle")));
    }
    // Empty triangles are named at no cost.
    if blocks.checked_mul(side).is_none_or(|turned| turned > rows) {
        return Err(Error::Msg(format!("{blocks} rotations of {side} numbers are more than {rows} rows")));
    }
    let mut values = vec![0f32; blocks * side * side];
    for (block, triangle) in triangles.to_vec2::<f32>()?.into_iter().enumerate() {
        let mut numbers = triangle.into_iter();
        for row in 0..side {
            for (column, number) in (row + 1..side).zip(&mut numbers) {
                values[(block * side + row) * side + column] = number;
                values[(block * side + column) * side + row] = -number;
            }
        }
    }
    Tensor::from_vec(values, (blocks, side, side), &Device::Cpu)
}

/// `skew` made smaller where its length is over `limit`.
///
/// # Errors
/// When memory is out.
pub(super) fn limited(skew: &Tensor, limit: f64) -> Result<Tensor, Error> {
    let length = f64::from(skew.sqr()?.sum_all()?.to_scalar::<f32>()?).sqrt() + 1e-8;
    if length > limit { skew * (limit / length) } else { Ok(skew.clone()) }
}

/// The same, each block by itself.
///
/// # Errors
/// When memory is out.
pub(super) fn limited_each(skew: &Tensor, limit: f64) -> Result<Tensor, Error> {
    let lengths = skew.sqr()?.sum_keepdim((1, 2))?.sqrt()?;
    let smaller = (lengths.maximum(limit)?.recip()? * limit)?;
    skew.broadcast_mul(&smaller)
}

/// Cayley's transform (I + Q)(I − Q)⁻¹ of each block of `(blocks, side, side)`.
///
/// # Errors
/// When a block has no inverse, because its numbers are no numbers any more.
pub(super) fn cayley(skew: &Tensor) -> Result<Tensor, Error> {
    let (blocks, side, _) = skew.dims3()?;
    let mut values: Vec<f64> = skew.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from).collect();
    for block in values.chunks_exact_mut((side * side).max(1)) {
        for (at, value) in block.iter_mut().enumerate() {
            *value = f64::from(u8::from(at.is_multiple_of(side + 1))) - *value;
        }
        invert(block, side);
        // (I + Q)(I − Q)⁻¹ = 2 (I − Q)⁻¹ − I
        for (at, value) in block.iter_mut().enumerate() {
            *value = 2.0 * *value - f64::from(u8::from(at.is_multiple_of(side + 1)));
        }
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Error::Msg("a rotation has no inverse".to_owned()));
    }
    let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
    Tensor::from_vec(values, (blocks, side, side), &Device::Cpu)
}

/// In place, by Gauss and Jordan; I − Q with a skew Q never needs a row exchanged.
fn invert(matrix: &mut [f64], side: usize) {
    let mut pivot_row = vec![0.0; side];
    for pivot in 0..side {
        let row = &mut matrix[pivot * side..(pivot + 1) * side];
        let factor = 1.0 / row[pivot];
        row[pivot] = 1.0;
        for value in row.iter_mut() {
            *value *= factor;
        }
        pivot_row.copy_from_slice(row);
        for (at, row) in matrix.chunks_exact_mut(side).enumerate() {
            if at != pivot {
                let factor = std::mem::take(&mut row[pivot]);
                row.iter_mut().zip(&pivot_row).for_each(|(value, pivot)| *value -= factor * pivot);
            }
        }
    }
}

/// What PEFT takes for Cayley's transform by default: the first terms of its series.
///
/// # Errors
/// When memory is out.
pub(super) fn cayley_series(skew: &Tensor, terms: usize) -> Result<Tensor, Error> {
    let side = skew.dim(1)?;
    let identity = Tensor::eye(side, skew.dtype(), skew.device())?.broadcast_as(skew.shape())?;
    let twice = (skew * 2.0)?;
    match terms {
        0 | 1 => identity.contiguous(),
        2 => identity + twice,
        _ => {
            let mut power = skew.matmul(skew)?;
            let mut sum = ((identity + twice)? + (&power * 2.0)?)?;
            // More terms than that are smaller than any number of f32.
            for _ in 3..terms.min(64) - 1 {
                power = power.matmul(skew)?;
                sum = (sum + (&power * 2.0)?)?;
            }
            sum + power.matmul(skew)?
        }
    }
}

/// Each block times its rows of `(rows, columns)`; one block stands for all.
///
/// # Errors
/// When the blocks are not as long as the rows.
pub(super) fn turned(blocks: &Tensor, matrix: &Tensor) -> Result<Tensor, Error> {
    let (count, side, _) = blocks.dims3()?;
    let (rows, columns) = matrix.dims2()?;
    let is_shared = count == 1 && side > 0 && rows.is_multiple_of(side);
    if count * side != rows && !is_shared {
        return Err(Error::Msg(format!("{count} rotations of {side} numbers are not {rows} rows")));
    }
    let parts = matrix.reshape((rows / side.max(1), side, columns))?;
    blocks.contiguous()?.broadcast_matmul(&parts)?.reshape((rows, columns))
}

/// The same with the rows in another order: `order[i]` says which row comes as the i-th.
///
/// # Errors
/// As above.
pub(super) fn turned_in_order(blocks: &Tensor, matrix: &Tensor, order: &[u32]) -> Result<Tensor, Error> {
    let mut back = vec![0u32; order.len()];
    for (at, row) in order.iter().enumerate() {
        *back.get_mut(*row as usize).ok_or_else(|| Error::Msg("no such row".to_owned()))? = at as u32;
    }
    let indices = |list: Vec<u32>| Tensor::from_vec(list, order.len(), matrix.device());
    let (there, back) = (indices(order.to_vec())?, indices(back)?);
    turned(blocks, &matrix.index_select(&there, 0)?)?.index_select(&back, 0)
}

/// `LyCORIS`' order of `rows` rows at a butterfly's stage: pairs from `reach` apart stand side by side.
///
/// # Errors
/// When the rows do not divide so.
pub(super) fn lycoris_order(rows: usize, reach: usize) -> Result<Vec<u32>, Error> {
    if reach == 0 || !rows.is_multiple_of(2 * reach) {
        return Err(Error::Msg(format!("{rows} rows are no butterfly that reaches over {reach}")));
    }
    let order = (0..rows).map(|at| {
        let (group, within) = (at / (2 * reach), at % (2 * reach));
        group * 2 * reach + within % 2 * reach + within / 2
    });
    Ok(order.map(|row| row as u32).collect())
}

/// PEFT's order at a stage of several: within each span of `side` times 2^`stage`, the even pieces of half a block
/// come first.
///
/// # Errors
/// When the rows do not divide so.
pub(super) fn peft_order(rows: usize, side: usize, stage: u32) -> Result<Vec<u32>, Error> {
    let (half, span) = (side / 2, side << stage);
    if half == 0 || !side.is_multiple_of(2) || !rows.is_multiple_of(span) {
        return Err(Error::Msg(format!("{rows} rows are no butterfly of blocks of {side}")));
    }
    let pieces = span / half;
    // The permutation takes place `i` from `moved[i]`; what is turned lies in the order before it.
    let mut order = vec![0u32; rows];
    for at in 0..rows {
        let (start, piece, within) = (at / span * span, at % span / half, at % half);
        let from = if piece < pieces.div_ceil(2) { piece * 2 } else { (piece - pieces.div_ceil(2)) * 2 + 1 };
        order[start + from * half + within] = at as u32;
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cayleys_transform_turns_and_its_series_comes_near() {
        let numbers: Vec<f32> = (0..6).map(|at| at as f32 / 200.0 - 0.01).collect();
        let skew = skew_of_triangles(&Tensor::from_vec(numbers, (1, 6), &Device::Cpu).unwrap(), 4).unwrap();
        let turn = cayley(&skew).unwrap();
        let square = turn.matmul(&turn.transpose(1, 2).unwrap()).unwrap().to_vec3::<f32>().unwrap();
        for (row, values) in square[0].iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                assert!((value - f32::from(u8::from(row == column))).abs() < 1e-6, "{square:?}");
            }
        }
        let series = cayley_series(&skew, 5).unwrap();
        let off = (turn - series).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(off < 1e-6, "{off}");
    }

    #[test]
    fn butterflies_exchange_what_their_makers_exchange() {
        assert_eq!(lycoris_order(8, 2).unwrap(), [0, 2, 1, 3, 4, 6, 5, 7]);
        assert_eq!(lycoris_order(8, 4).unwrap(), [0, 4, 1, 5, 2, 6, 3, 7]);
        assert_eq!(peft_order(8, 4, 0).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(peft_order(8, 4, 1).unwrap(), [0, 1, 4, 5, 2, 3, 6, 7]);
    }
}
