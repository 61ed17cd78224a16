//! How the kernels keep a network's matrices: as their file packs them, or as weights are wanted.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::DType;

use crate::checkpoint::{Archive, TensorSlice, TensorSource};
use crate::kernels::{BlockKind, Level, OutputTile, Packing, Precision, bf16_products_pay};

/// How the kernels keep a matrix that is quantised in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptForm {
    /// As it stands there.
    Blocks(BlockKind),
    /// In half precision: a LoRA changes it, and a change is not a multiple of a block's steps; or blocks run on from one
    /// row into the next.
    Halved,
}

impl KeptForm {
    /// Of a tensor whose rows are the matrix's; `None` where it is not quantised, or turned around on its way.
    pub(super) fn of(archive: &Archive, source: &TensorSource, is_patched: bool) -> Option<Self> {
        let width = source.shape.iter().skip(1).product();
        let is_in_rows = matches!(source.cut, TensorSlice::Whole | TensorSlice::Rows { .. });
        let kind = archive.block_kind(&source.name).filter(|_| is_in_rows)?;
        Some(if kind.fits(width) && !is_patched { Self::Blocks(kind) } else { Self::Halved })
    }

    /// How a matrix is packed where others are packed like that: what is halved still has more digits than the file had.
    pub(super) fn packing(form: Option<Self>, packing: Packing) -> Packing {
        let is_halved = form == Some(Self::Halved) && packing.precision == Precision::F32;
        if is_halved { Packing { precision: halved(packing.level), ..packing } } else { packing }
    }
}

/// Half as large as single precision, and what is multiplied fastest in that.
fn halved(level: Level) -> Precision {
    if level.has_integer_products() { Precision::Integers } else { Precision::Bf16 }
}

/// The side of the smallest map for which weights may be transformed for output tiles of 4×4.
const SMALLEST_FOR_LARGE_TILES: usize = 16;

/// The largest output tile for maps of that side.
pub(super) fn tile_for_maps_of(side: usize, largest: OutputTile) -> OutputTile {
    if side < SMALLEST_FOR_LARGE_TILES { OutputTile::TwoByTwo } else { largest }
}

/// How the kernels keep what a file does not pack, where weights are wanted as `dtype`.
pub(super) fn packing_for(dtype: DType, winograd: Option<OutputTile>) -> Packing {
    let level = Level::current();
    let precision = match dtype {
        DType::F16 => Precision::F16,
        DType::BF16 if bf16_products_pay(level) => Precision::Bf16Products,
        DType::BF16 => halved(level),
        _ => Precision::F32,
    };
    Packing { precision, winograd, level }
}

/// Of one network, by the names that its layers use; what is not quantised is not there.
#[derive(Clone, Debug, Default)]
pub struct KeptForms(Arc<HashMap<String, KeptForm>>);

impl KeptForms {
    pub(super) fn new(forms: HashMap<String, KeptForm>) -> Self {
        Self(Arc::new(forms))
    }

    pub(super) fn get(&self, name: &str) -> Option<KeptForm> {
        self.0.get(name).copied()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
