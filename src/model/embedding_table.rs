//! A language model's table of tokens, looked up on the host: a few rows of a large one.

use candle_core::{DType, Device, Tensor};

use super::ModelError;
use super::feature::Execution;
use super::kept_forms::KeptForm;
use super::weights::Scope;
use crate::kernels::{BlockTable, Level, WeightSlice};

pub(super) struct EmbeddingTable {
    form: Form,
    width: usize,
}

enum Form {
    Plain(Tensor),
    /// Quantised, and widened row by row.
    Blocks(BlockTable),
}

impl EmbeddingTable {
    /// The table `weight` `(rows, width)` at `at`.
    ///
    /// # Errors
    /// When the disk fails or the device has no memory.
    pub(super) fn new(at: &Scope, rows: usize, width: usize) -> Result<Self, ModelError> {
        let shape = [rows, width];
        if let Some(KeptForm::Blocks(kind)) = at.kept_form("weight") {
            if let Execution::DryRun(tracker) = at.execution() {
                tracker.keep_weights(rows * width, kind.bytes_of(rows * width));
                let nothing = Tensor::zeros(1, DType::F32, &Device::Cpu)?.broadcast_as(&shape)?;
                return Ok(Self { form: Form::Plain(nothing), width });
            }
            if let Some(numbers) = at.numbers("weight", &shape, Some(width))?
                && let Some(WeightSlice::Blocks(blocks)) = numbers.source()
            {
                return Ok(Self { form: Form::Blocks(BlockTable::new(blocks, width, Level::current())?), width });
            }
        }
        Ok(Self { form: Form::Plain(at.tensor("weight", &shape)?), width })
    }

    pub(super) fn rows(&self) -> Result<usize, ModelError> {
        Ok(match &self.form {
            Form::Plain(table) => table.dim(0)?,
            Form::Blocks(table) => table.rows(),
        })
    }

    /// `(ids.len(), width)` in single precision.
    ///
    /// # Errors
    /// When an id is none of the table's rows.
    pub(super) fn look_up(&self, ids: &[u32]) -> Result<Tensor, ModelError> {
        Ok(match &self.form {
            Form::Plain(table) => {
                let index = Tensor::from_vec(ids.to_vec(), ids.len(), &Device::Cpu)?;
                table.index_select(&index, 0)?.to_dtype(DType::F32)?
            }
            Form::Blocks(table) => Tensor::from_vec(table.look_up(ids)?, (ids.len(), self.width), &Device::Cpu)?,
        })
    }
}
