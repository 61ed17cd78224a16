//! A buffer that one tensor after the other is read into, so that a model's numbers pass through the same memory.

use std::fs::File;
use std::io;

use candle_core::{DType, Device, Tensor};
use half::vec::HalfBitsVecExt;
use half::{bf16, f16};

use super::disk::read_at;
use crate::kernels::{BlockKind, Blocks, WeightSlice};

/// What the numbers of a buffer are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Plain(DType),
    Blocks(BlockKind),
}

impl Held {
    /// Of so many numbers, which are whole blocks.
    pub(super) fn bytes_of(self, count: usize) -> usize {
        match self {
            Self::Plain(dtype) => count * dtype.size_in_bytes(),
            Self::Blocks(kind) => kind.bytes_of(count),
        }
    }
}

#[derive(Default)]
pub struct WeightBuffer {
    /// Words, so that whatever is read stands aligned.
    words: Vec<u32>,
    count: usize,
    held: Option<Held>,
    /// What float8 is times.
    scales: Vec<f32>,
}

impl WeightBuffer {
    /// Whether the kernels read numbers of this kind as they are.
    #[must_use]
    pub fn holds(dtype: DType) -> bool {
        matches!(dtype, DType::F32 | DType::F16 | DType::BF16)
    }

    /// `count` numbers, to be filled.
    fn resized(&mut self, count: usize, held: Held) -> &mut [u8] {
        let bytes = held.bytes_of(count);
        self.words.resize(bytes.div_ceil(4).max(self.words.len()), 0);
        (self.count, self.held) = (count, Some(held));
        self.scales.clear();
        &mut bytemuck::cast_slice_mut(&mut self.words)[..bytes]
    }

    /// # Errors
    /// When the file ends before.
    pub(super) fn read(&mut self, file: &File, offset: u64, count: usize, held: Held) -> io::Result<()> {
        read_at(file, self.resized(count, held), offset)
    }

    /// Bytes that are in memory already; as many as `count` numbers take.
    pub(super) fn copy(&mut self, bytes: &[u8], count: usize, held: Held) {
        self.resized(count, held).copy_from_slice(bytes);
    }

    /// What was read last is times these: one for all, or one for each row.
    pub(super) fn scale_by(&mut self, scales: Vec<f32>) {
        self.scales = scales;
    }

    /// How many were read last.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// What was read last; nothing where the kernels do not know its kind.
    #[must_use]
    pub fn source(&self) -> Option<WeightSlice<'_>> {
        match self.held? {
            Held::Plain(DType::F32) => {
                Some(WeightSlice::F32(&bytemuck::cast_slice::<u32, f32>(&self.words)[..self.count]))
            }
            Held::Plain(DType::F16) => {
                Some(WeightSlice::F16(&bytemuck::cast_slice::<u32, f16>(&self.words)[..self.count]))
            }
            Held::Plain(DType::BF16) => {
                Some(WeightSlice::Bf16(&bytemuck::cast_slice::<u32, bf16>(&self.words)[..self.count]))
            }
            Held::Plain(_) => None,
            Held::Blocks(kind) => {
                let bytes = &bytemuck::cast_slice::<u32, u8>(&self.words)[..kind.bytes_of(self.count)];
                Some(WeightSlice::Blocks(Blocks { kind, bytes, scales: &self.scales }))
            }
        }
    }
}

/// What is said of a tensor whose kind of numbers is not read.
pub(crate) fn unread(name: &str, kind: &str) -> candle_core::Error {
    candle_core::Error::msg(format!("the tensor {name} is kept as {kind}, which is not read"))
}

/// A tensor whose bytes stand at `offset` of the file.
///
/// # Errors
/// When the file ends before, its kind is not supported, or the device is out of memory.
pub(crate) fn tensor(
    file: &File,
    offset: u64,
    shape: &[usize],
    dtype: DType,
    device: &Device,
) -> Result<Tensor, candle_core::Error> {
    let count = shape.iter().product::<usize>();
    match dtype {
        DType::F32 => {
            let mut values = vec![0f32; count];
            read_at(file, bytemuck::cast_slice_mut(&mut values), offset)?;
            Tensor::from_vec(values, shape, device)
        }
        DType::F16 => {
            let mut values: Vec<f16> = vec![0u16; count].reinterpret_into();
            read_at(file, bytemuck::cast_slice_mut(&mut values), offset)?;
            Tensor::from_vec(values, shape, device)
        }
        DType::BF16 => {
            let mut values: Vec<bf16> = vec![0u16; count].reinterpret_into();
            read_at(file, bytemuck::cast_slice_mut(&mut values), offset)?;
            Tensor::from_vec(values, shape, device)
        }
        other => {
            let mut bytes = vec![0; count * other.size_in_bytes()];
            read_at(file, &mut bytes, offset)?;
            Tensor::from_raw_buffer(&bytes, other, shape, device)
        }
    }
}
