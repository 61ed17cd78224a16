//! Reads the tensors of one layer's change, and multiplies them where the product fits the layer.

use candle_core::{DType, Device, Error, Tensor};

use super::layer_patch::LayerPatch;
use super::roles::Role;
use super::settings::AdapterSettings;
use crate::checkpoint::archive::Archive;

/// Why a layer could not be changed.
#[derive(Debug)]
pub(crate) enum PatchError {
    /// Its numbers do not fit the layer.
    Misfit(Error),
    /// One of its tensors has a number that is none, or infinite.
    Broken(String),
    /// Its numbers are right, and too large together.
    TooLarge,
    /// A tensor could not be read.
    Unread(String, Error),
}

/// What goes wrong in the middle of a computation is a shape.
impl From<Error> for PatchError {
    fn from(error: Error) -> Self {
        Self::Misfit(error)
    }
}

/// What a product may be larger than its layer on the way.
const ROOM: usize = 16 << 20;

/// The tensors of one layer's change, in single precision on the host.
pub(super) struct Reader<'a> {
    pub change: &'a LayerPatch,
    pub file: &'a Archive,
    pub settings: &'a AdapterSettings,
    pub network: &'a str,
    /// With underscores for dots.
    pub layer: &'a str,
    /// How many numbers the layer has.
    pub wanted: usize,
}

impl Reader<'_> {
    /// Products are made only where they fit: two thin matrices of a small file could become one that fills the memory.
    pub(super) fn fits(&self, numbers: Option<usize>, most: usize) -> Result<(), Error> {
        if numbers.is_some_and(|numbers| numbers <= most) {
            return Ok(());
        }
        Err(Error::Msg(format!("a change is larger than its layer, which has {} numbers", self.wanted)))
    }

    pub(super) fn product(&self, left: &Tensor, right: &Tensor) -> Result<Tensor, Error> {
        self.fits(left.dim(0)?.checked_mul(right.dim(1)?), self.wanted)?;
        left.matmul(right)
    }

    /// The layer's own numbers, as rows, times two thin matrices.
    pub(super) fn chain(&self, rows: &Tensor, first: &Tensor, second: &Tensor) -> Result<Tensor, Error> {
        let (count, rank) = (rows.dim(0)?, first.dim(1)?);
        self.fits(count.checked_mul(rank), self.wanted + ROOM)?;
        self.fits(count.checked_mul(second.dim(1)?), self.wanted)?;
        rows.matmul(first)?.matmul(second)
    }

    /// `left` `(outputs, p)` and `right` `(q, inputs)` around a core `(p, q, height, width)`:
    /// `(outputs, inputs, height, width)`.
    pub(super) fn through_core(&self, core: &Tensor, left: &Tensor, right: &Tensor) -> Result<Tensor, Error> {
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

    /// # Errors
    /// When the file cannot be read, or a number in it is none.
    pub(super) fn optional(&self, role: Role) -> Result<Option<Tensor>, PatchError> {
        let Some(name) = self.change.find(role) else { return Ok(None) };
        let load = || self.file.load(name, &Device::Cpu)?.to_dtype(DType::F32);
        let tensor = load().map_err(|error| PatchError::Unread(name.to_owned(), error))?;
        if is_finite(&tensor)? { Ok(Some(tensor)) } else { Err(PatchError::Broken(name.to_owned())) }
    }

    /// # Errors
    /// As above.
    pub(super) fn pair(&self, a: Role, b: Role) -> Result<Option<(Tensor, Tensor)>, PatchError> {
        Ok(self.optional(a)?.zip(self.optional(b)?))
    }

    /// The file's alpha for this layer.
    ///
    /// # Errors
    /// As above.
    pub(super) fn alpha(&self) -> Result<Option<f64>, PatchError> {
        let Some(alpha) = self.optional(Role::Alpha)? else { return Ok(None) };
        Ok(alpha.flatten_all()?.to_vec1::<f32>()?.first().copied().map(f64::from))
    }

    /// Alpha divided by the rank. An alpha of 0 is the rank, as kohya's scripts and `LyCORIS` take it; without an alpha
    /// the settings decide.
    ///
    /// # Errors
    /// As above.
    pub(super) fn scale(&self, rank: usize) -> Result<f64, PatchError> {
        Ok(match self.alpha()? {
            Some(0.0) => 1.0,
            Some(alpha) => alpha / rank.max(1) as f64,
            None => self.settings.scale(self.network, self.layer, rank),
        })
    }
}

/// Whether every number is one.
///
/// # Errors
/// When memory is out.
pub(crate) fn is_finite(tensor: &Tensor) -> Result<bool, Error> {
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().all(f32::is_finite))
}

/// Rows, and everything else.
pub(super) fn flat(tensor: &Tensor) -> Result<Tensor, Error> {
    tensor.reshape((tensor.dim(0)?, ()))
}
