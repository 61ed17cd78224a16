//! Changes that are added to a layer: low rank (with a convolution in the middle), Hadamard and Kronecker products,
//! generalized low rank, and whole differences.

use candle_core::Tensor;

use super::reader::{PatchError, Reader, flat};
use super::roles::Role;

impl Reader<'_> {
    /// `factor` times what is added to the weight `base`, in any shape that holds its numbers in order; `None` where the
    /// file changes the layer in another way.
    ///
    /// # Errors
    /// When the shapes do not fit, or the file cannot be read.
    pub(super) fn difference(&self, base: &Tensor, factor: f64) -> Result<Option<Tensor>, PatchError> {
        if let Some(difference) = self.optional(Role::Difference)? {
            return Ok(Some((difference * factor)?));
        }
        if let Some((up, down)) = self.pair(Role::Up, Role::Down)? {
            // The small matrix is scaled, not their product.
            let down = (flat(&down)? * (self.scale(down.dim(0)?)? * factor))?;
            return Ok(Some(match self.optional(Role::Mid)? {
                Some(mid) => self.through_core(&mid, &flat(&up)?, &down)?,
                None => self.product(&flat(&up)?, &down)?,
            }));
        }
        if let Some((up, down)) = self.pair(Role::EmbeddingUp, Role::EmbeddingDown)? {
            let down = (&down * (self.scale(down.dim(0)?)? * factor))?;
            return Ok(Some(self.product(&down.t()?.contiguous()?, &up.t()?.contiguous()?)?));
        }
        if let Some(product) = self.hadamard(factor)? {
            return Ok(Some(product));
        }
        if let Some(product) = self.kronecker(factor)? {
            return Ok(Some(product));
        }
        self.generalized(base, factor)
    }

    fn hadamard(&self, factor: f64) -> Result<Option<Tensor>, PatchError> {
        let (Some((a1, b1)), Some((a2, b2))) =
            (self.pair(Role::HadaW1A, Role::HadaW1B)?, self.pair(Role::HadaW2A, Role::HadaW2B)?)
        else {
            return Ok(None);
        };
        let scale = self.scale(b1.dim(0)?)?;
        let product = match self.pair(Role::HadaT1, Role::HadaT2)? {
            Some((t1, t2)) => {
                (self.through_core(&t1, &flat(&a1)?.t()?, &flat(&b1)?)?
                    * self.through_core(&t2, &flat(&a2)?.t()?, &flat(&b2)?)?)?
            }
            None => (self.product(&flat(&a1)?, &flat(&b1)?)? * self.product(&flat(&a2)?, &flat(&b2)?)?)?,
        };
        Ok(Some((product * (scale * factor))?))
    }

    fn kronecker(&self, factor: f64) -> Result<Option<Tensor>, PatchError> {
        let mut rank = None;
        let first = match self.optional(Role::KronW1)? {
            Some(whole) => Some(whole),
            None => match self.pair(Role::KronW1A, Role::KronW1B)? {
                Some((a, b)) => {
                    rank = Some(b.dim(0)?);
                    Some(self.product(&a, &b)?)
                }
                None => None,
            },
        };
        let second = match self.optional(Role::KronW2)? {
            Some(whole) => Some(whole),
            None => match self.pair(Role::KronW2A, Role::KronW2B)? {
                Some((a, b)) => {
                    rank = Some(b.dim(0)?);
                    Some(if let Some(core) = self.optional(Role::KronT2)? {
                        self.through_core(&core, &flat(&a)?.t()?, &flat(&b)?)?
                    } else {
                        let sides = [&[a.dim(0)?], &b.dims()[1..]].concat();
                        self.product(&flat(&a)?, &flat(&b)?)?.reshape(sides)?
                    })
                }
                None => None,
            },
        };
        let Some((first, second)) = first.zip(second) else { return Ok(None) };
        // LyCORIS does not scale two whole matrices, whatever their alpha; PEFT does, and writes no alpha.
        let scale = match rank {
            Some(rank) => self.scale(rank)?,
            None => match (self.alpha()?, self.settings.rank(self.network)) {
                (None, Some(rank)) => self.settings.scale(self.network, self.layer, rank),
                _ => 1.0,
            },
        };
        let (rows, columns) = first.dims2()?;
        let (inner_rows, inner_columns) = (second.dim(0)?, second.dim(1)?);
        self.fits(first.elem_count().checked_mul(second.elem_count()), self.wanted)?;
        let second = second.reshape((1, inner_rows, 1, inner_columns, ()))?;
        let product = first.reshape((rows, 1, columns, 1, 1))?.broadcast_mul(&second)?;
        let product = product.reshape((rows * inner_rows, ()))?;
        Ok(Some((product * (scale * factor))?))
    }

    /// `GLoRA`: one product is added, another multiplies the weight.
    fn generalized(&self, base: &Tensor, factor: f64) -> Result<Option<Tensor>, PatchError> {
        let (Some((a1, a2)), Some((b1, b2))) =
            (self.pair(Role::GloraA1, Role::GloraA2)?, self.pair(Role::GloraB1, Role::GloraB2)?)
        else {
            return Ok(None);
        };
        let (outputs, all_inputs) = (base.dim(0)?, base.elem_count() / base.dim(0)?.max(1));
        let mid = self.optional(Role::GloraMid)?;
        let (a1, a2, b1, b2) = (flat(&a1)?, flat(&a2)?, flat(&b1)?, flat(&b2)?);
        // LyCORIS' first versions wrote the halves the other way round.
        let rank = a2.dim(0)?;
        let is_new = b2.dim(0)? == rank && b1.dims() == [outputs, rank] && a1.dim(1)? == rank;
        let (rank, added, turned) = if is_new {
            let added = match &mid {
                Some(mid) => self.through_core(mid, &b1, &b2)?,
                None => self.product(&b1, &b2)?,
            };
            let inputs = base.dim(1)?;
            let pixels = all_inputs / inputs.max(1);
            // (outputs, inputs, pixels) to (outputs, pixels, inputs), times (inputs, rank), times (rank, inputs).
            let rows = base.reshape((outputs, inputs, pixels))?.transpose(1, 2)?.contiguous()?;
            let rows = self.chain(&rows.reshape((outputs * pixels, inputs))?, &a1, &a2)?;
            let back = rows.reshape((outputs, pixels, ()))?.transpose(1, 2)?.contiguous()?;
            (rank, added.reshape(base.shape())?, back.reshape(base.shape())?)
        } else {
            let turned = self.chain(&base.reshape((outputs, all_inputs))?, &a2, &a1)?;
            (a1.dim(0)?, self.product(&b2, &b1)?.reshape(base.shape())?, turned.reshape(base.shape())?)
        };
        let scale = match self.alpha()? {
            Some(alpha) if self.settings.is_glora_stabilised && alpha != 0.0 => alpha / (rank.max(1) as f64).sqrt(),
            _ => self.scale(rank)?,
        };
        Ok(Some(((added + turned)? * (scale * factor))?))
    }
}
