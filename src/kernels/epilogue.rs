//! What is done to a product's sums as they are stored: no pass over the output follows it.

use super::ShapeError;
use super::math;
use super::simd::Simd;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    #[default]
    None,
    Silu,
    QuickGelu,
    Gelu,
}

/// What is done to a product's sums as they are stored, in this order: bias (which the matrix holds), `per_picture`,
/// activation, `residual`.
#[derive(Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// One row of the output's columns for each picture of the batch, and how many of the output's rows a picture has.
    /// The last picture may have fewer.
    pub per_picture: Option<(&'a [f32], usize)>,
    pub activation: Activation,
    /// As large as the output.
    pub residual: Option<&'a [f32]>,
}

impl Epilogue<'_> {
    /// What becomes of the `count` sums that belong at `row` and `column` of an output of so many `columns`.
    ///
    /// # Safety
    /// As [`Simd`]; `bias` is valid for a whole vector, [`Epilogue::check`] has passed for this output, and the `count`
    /// columns lie inside of it.
    #[inline(always)]
    pub(super) unsafe fn applied<S: Simd>(
        &self,
        sums: S::V,
        bias: *const f32,
        row: usize,
        columns: usize,
        column: usize,
        count: usize,
    ) -> S::V {
        // SAFETY: the caller's; `check` held `per_picture` and `residual` against the output's size.
        unsafe {
            let mut value = S::add(sums, S::load(bias));
            if let Some((rows, rows_per_picture)) = self.per_picture {
                let own = rows.as_ptr().add(row / rows_per_picture * columns + column);
                value = S::add(value, S::load_some(own, count));
            }
            value = activated::<S>(value, self.activation);
            if let Some(residual) = self.residual {
                value = S::add(value, S::load_some(residual.as_ptr().add(row * columns + column), count));
            }
            value
        }
    }

    /// Holds the epilogue against the output of `rows` × `columns` that it is for: [`Epilogue::applied`] reads from it
    /// without looking.
    pub(super) fn check(&self, rows: usize, columns: usize) -> Result<(), ShapeError> {
        if let Some(residual) = self.residual
            && residual.len() != rows * columns
        {
            return Err(ShapeError(format!("{} values cannot be added to {rows} × {columns}", residual.len())));
        }
        if let Some((values, rows_per_picture)) = self.per_picture
            && (rows_per_picture == 0 || values.len() < rows.div_ceil(rows_per_picture) * columns)
        {
            return Err(ShapeError(format!(
                "{} values for pictures of {rows_per_picture} rows are too few for {rows} × {columns}",
                values.len()
            )));
        }
        Ok(())
    }
}

/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(super) unsafe fn activated<S: Simd>(value: S::V, activation: Activation) -> S::V {
    // SAFETY: the caller's.
    unsafe {
        match activation {
            Activation::None => value,
            Activation::Silu => math::silu::<S>(value),
            Activation::QuickGelu => math::quick_gelu::<S>(value),
            Activation::Gelu => math::gelu::<S>(value),
        }
    }
}
