//! What a file changes in one layer, in every form that people have: low rank (with a convolution in the middle),
//! Hadamard and Kronecker products, whole differences, each with or without `DoRA`'s magnitude.

use candle_core::{DType, Device, Error, Tensor};

use crate::checkpoint::archive::Archive;

/// The tensors of one layer, by the end of their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerPatch {
    /// `(role, name in the file)`
    pub tensors: Vec<(Role, String)>,
}

/// What a tensor is to its layer's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Down,
    Up,
    Mid,
    Alpha,
    Magnitude,
    HadaW1A,
    HadaW1B,
    HadaW2A,
    HadaW2B,
    HadaT1,
    HadaT2,
    KronW1,
    KronW1A,
    KronW1B,
    KronW2,
    KronW2A,
    KronW2B,
    KronT2,
    Difference,
    BiasDifference,
}

impl LayerPatch {
    fn find(&self, role: Role) -> Option<&str> {
        self.tensors.iter().find(|(found, _)| *found == role).map(|(_, name)| name.as_str())
    }

    /// Whether all that its form needs is there.
    #[must_use]
    pub(crate) fn is_whole(&self) -> bool {
        let has = |role| self.find(role).is_some();
        let pair = |a, b| has(a) && has(b);
        has(Role::Difference)
            || has(Role::BiasDifference)
            || pair(Role::Down, Role::Up)
            || (pair(Role::HadaW1A, Role::HadaW1B) && pair(Role::HadaW2A, Role::HadaW2B))
            || ((has(Role::KronW1) || pair(Role::KronW1A, Role::KronW1B))
                && (has(Role::KronW2) || pair(Role::KronW2A, Role::KronW2B)))
    }

    #[must_use]
    pub(crate) fn changes_bias(&self) -> bool {
        self.find(Role::BiasDifference).is_some()
    }

    /// The layer's bias with its difference times `weight`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub(crate) fn apply_to_bias(&self, bias: &Tensor, file: &Archive, weight: f64) -> Result<Tensor, Error> {
        let Some(name) = self.find(Role::BiasDifference) else { return Ok(bias.clone()) };
        let difference = file.load(name, bias.device())?.to_dtype(DType::F32)?.reshape(bias.shape())?;
        bias + (difference * weight)?
    }

    /// The layer's weight, in f32, with the patch times `weight` added.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub(crate) fn apply(&self, base: &Tensor, file: &Archive, weight: f64) -> Result<Tensor, Error> {
        let read = Reader { change: self, file, device: base.device(), wanted: base.elem_count() };
        let magnitude = read.optional(Role::Magnitude)?;
        let factor = if magnitude.is_some() { 1.0 } else { weight };
        let Some(difference) = read.difference(factor)? else { return Ok(base.clone()) };
        let difference = difference.reshape(base.shape())?;
        let Some(magnitude) = magnitude else { return base + difference };
        // The direction is the changed weight's, the length the magnitude's ("DoRA: Weight-Decomposed Low-Rank
        // Adaptation"); lengths are taken per output, or, where the file has one number per input, per input.
        let changed = (base + difference)?;
        let (outputs, inputs) = (base.dim(0)?, base.dim(1)?);
        let is_per_output = magnitude.dims().first() == Some(&outputs);
        let flat = if is_per_output {
            changed.reshape((outputs, ()))?
        } else {
            changed.transpose(0, 1)?.contiguous()?.reshape((inputs, ()))?
        };
        let length = (flat.sqr()?.sum_keepdim(1)?.sqrt()? + f64::from(f32::EPSILON))?;
        let factor = (magnitude.reshape(((), 1))? / length)?;
        let mut shape = vec![1; base.rank()];
        shape[usize::from(!is_per_output)] = factor.dim(0)?;
        let decomposed = changed.broadcast_mul(&factor.reshape(shape)?)?;
        base + ((decomposed - base)? * weight)?
    }
}

struct Reader<'a> {
    change: &'a LayerPatch,
    file: &'a Archive,
    device: &'a Device,
    /// How many numbers the layer has.
    wanted: usize,
}

/// What a product may be larger than its layer on the way.
const ROOM: usize = 16 << 20;

impl Reader<'_> {
    /// Products are made only where they fit: two thin matrices of a small file could become one that fills the memory.
    fn fits(&self, numbers: Option<usize>, most: usize) -> Result<(), Error> {
        if numbers.is_some_and(|numbers| numbers <= most) {
            return Ok(());
        }
        Err(Error::Msg(format!("a change is larger than its layer, which has {} numbers", self.wanted)))
    }

    fn product(&self, left: &Tensor, right: &Tensor) -> Result<Tensor, Error> {
        self.fits(left.dim(0)?.checked_mul(right.dim(1)?), self.wanted)?;
        left.matmul(right)
    }

    /// `left` `(outputs, p)` and `right` `(q, inputs)` around a core `(p, q, height, width)`:
    /// `(outputs, inputs, height, width)`.
    fn through_core(&self, core: &Tensor, left: &Tensor, right: &Tensor) -> Result<Tensor, Error> {
        let (p, q, height, width) = core.dims4()?;
        let (outputs, inputs) = (left.dim(0)?, right.dim(1)?);
        let pixels = height * width;
        self.fits(outputs.checked_mul(inputs).and_then(|both| both.checked_mul(pixels)), self.wanted)?;
        self.fits(outputs.checked_mul(q * pixels), self.wanted + ROOM)?;
        let spread = left.contiguous()?.matmul(&core.reshape((p, q * pixels))?)?;
        // (outputs, q, pixels) to (outputs, pixels, q), times (q, inputs).
        let spread = spread.reshape((outputs, q, pixels))?.transpose(1, 2)?.contiguous()?;
        let whole = spread.reshape((outputs * pixels, q))?.matmul(&right.contiguous()?)?;
        let whole = whole.reshape((outputs, pixels, inputs))?.transpose(1, 2)?.contiguous()?;
        whole.reshape((outputs, inputs, height, width))
    }

    fn optional(&self, role: Role) -> Result<Option<Tensor>, Error> {
        let Some(name) = self.change.find(role) else { return Ok(None) };
        Ok(Some(self.file.load(name, self.device)?.to_dtype(DType::F32)?))
    }

    fn pair(&self, a: Role, b: Role) -> Result<Option<(Tensor, Tensor)>, Error> {
        Ok(self.optional(a)?.zip(self.optional(b)?))
    }

    /// Alpha divided by the rank; without an alpha, 1.
    fn scale(&self, rank: usize) -> Result<f64, Error> {
        let Some(alpha) = self.optional(Role::Alpha)? else { return Ok(1.0) };
        let alpha = f64::from(alpha.flatten_all()?.to_vec1::<f32>()?.first().copied().unwrap_or(1.0));
        Ok(alpha / rank.max(1) as f64)
    }

    /// `factor` times what is added to the weight, in any shape that holds its numbers in order.
    fn difference(&self, factor: f64) -> Result<Option<Tensor>, Error> {
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
        if let (Some((a1, b1)), Some((a2, b2))) =
            (self.pair(Role::HadaW1A, Role::HadaW1B)?, self.pair(Role::HadaW2A, Role::HadaW2B)?)
        {
            let scale = self.scale(b1.dim(0)?)?;
            let product = match self.pair(Role::HadaT1, Role::HadaT2)? {
                Some((t1, t2)) => {
                    (self.through_core(&t1, &flat(&a1)?.t()?, &flat(&b1)?)?
                        * self.through_core(&t2, &flat(&a2)?.t()?, &flat(&b2)?)?)?
                }
                None => (self.product(&flat(&a1)?, &flat(&b1)?)? * self.product(&flat(&a2)?, &flat(&b2)?)?)?,
            };
            return Ok(Some((product * (scale * factor))?));
        }
        self.kronecker(factor)
    }

    fn kronecker(&self, factor: f64) -> Result<Option<Tensor>, Error> {
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
        let scale = rank.map_or(Ok(1.0), |rank| self.scale(rank))?;
        let (rows, columns) = first.dims2()?;
        let (inner_rows, inner_columns) = (second.dim(0)?, second.dim(1)?);
        self.fits(first.elem_count().checked_mul(second.elem_count()), self.wanted)?;
        let second = second.reshape((1, inner_rows, 1, inner_columns, ()))?;
        let product = first.reshape((rows, 1, columns, 1, 1))?.broadcast_mul(&second)?;
        Ok(Some((product * (scale * factor))?))
    }
}

/// Rows, and everything else.
fn flat(tensor: &Tensor) -> Result<Tensor, Error> {
    tensor.reshape((tensor.dim(0)?, ()))
}
