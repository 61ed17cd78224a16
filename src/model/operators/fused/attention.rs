//! Attention by a fused kernel, which holds no scores; or in parts of the queries, for heads that are too wide for it.

use candle_core::Shape;

use super::super::super::ModelError;
use super::super::super::dry_run::BufferStorage;
use super::super::{Array, Made, Operator};
use super::Fused;
use crate::job::Work;

/// The widest head whose scores are never written.
pub(in super::super) const WIDEST_HEAD: usize = 160;

/// Scores that are held at once for wider heads, in single precision.
const SCORE_BYTES: usize = 64 << 20;

/// How many queries of one head are worked on at once where its scores are written, for so many keys.
pub(in super::super) fn queries_at_once(queries: usize, keys: usize) -> usize {
    (SCORE_BYTES / (keys * size_of::<f32>()).max(1)).clamp(1, queries.max(1))
}

/// Whether heads of this width are read as they lie: in whole pieces of eight values.
pub(in super::super) fn attention_fits(head_width: usize, causal: bool) -> bool {
    head_width.is_multiple_of(8) && !(causal && head_width > WIDEST_HEAD)
}

impl Fused {
    /// As [`super::super::attend`].
    pub(in super::super) fn attend(
        &self,
        [q, k, v]: [&Array; 3],
        heads: usize,
        causal: bool,
    ) -> Result<Array, ModelError> {
        q.with(k)?;
        q.with(v)?;
        let (q, k, v) = (q.contiguous()?, k.contiguous()?, v.contiguous()?);
        let (batch, queries, width) = q.dims3()?;
        let keys = k.dims()[1];
        if k.dims() != v.dims() || k.dims()[0] != batch || k.dims()[2] != width {
            return Err(ModelError::Misfit(format!("attention of {:?} on {:?}", q.dims(), k.dims())));
        }
        let head_width = width / heads;
        if head_width > WIDEST_HEAD {
            let at_once = queries_at_once(queries, keys);
            let size = q.dtype().size_in_bytes();
            // Queries, keys and values of one head, turned values, scores, weights and what comes of them.
            let one = (2 * queries + 3 * keys) * head_width * size;
            q.on().scratch(&[one, at_once * keys * (size_of::<f32>() + size)]);
        }
        let shape = Shape::from((batch, queries, width));
        let attention = 4.0 * (shape.elem_count() * keys) as f64 / 1e9;
        let work = Work { attention, ..Work::default() };
        let made = Made { shape, dtype: q.dtype(), place: BufferStorage::Private, work };
        q.on().make(Operator::FlashAttention, q.dtype(), made, || {
            self.real()?.attention(q.real()?, k.real()?, v.real()?, heads, causal)
        })
    }
}
