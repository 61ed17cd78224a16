//! The operators that a CUDA card has in kernels of its own.

use candle_core::{DType, Error, Tensor};

use super::arguments::{self, Attention, Copy, GroupNorm, Join, LayerNorm, Onto, Pair, Rotate, Softmax, Turn};
use super::card::{CudaCard, Fresh, Grid, HOPPER, MOST_PICTURES, Module};
use super::products::code_of;
use crate::kernels::{Activation, RotaryPairs};
use crate::model::operators::Window;
use crate::model::operators::fused::{Answer, DeviceEpilogue, FusedKernels, Sizes, WIDEST_HEAD, queries_at_once};

/// A kernel for heads up to a width; narrower ones go with zeros beside them.
struct AttentionKernel {
    module: Module,
    name: &'static str,
    /// From more than this on, up to that.
    widths: [usize; 2],
    /// Of each block.
    queries: usize,
    threads: usize,
    shared_bytes: usize,
}

impl AttentionKernel {
    fn fits(&self, head_width: usize) -> bool {
        (self.widths[0] + 1..=self.widths[1]).contains(&head_width)
    }
}

/// `tiles`: of 16 queries for each of four warps; wider heads leave registers for one.
const fn portable(name: &'static str, widths: [usize; 2], tiles: usize) -> AttentionKernel {
    let queries = WARPS * 16 * tiles;
    // Rows are a piece longer than they must be, so that eight of them lie in different banks.
    let shared_bytes = (queries + 2 * KEYS_AT_ONCE) * (widths[1] + PIECE) * 2;
    AttentionKernel { module: Module::Attention, name, widths, queries, threads: WARPS * 32, shared_bytes }
}

const KERNELS: [AttentionKernel; 8] = [
    portable("attention_16", [0, 16], 2),
    portable("attention_32", [16, 32], 2),
    portable("attention_48", [32, 48], 2),
    portable("attention_64", [48, 64], 2),
    portable("attention_80", [64, 80], 1),
    portable("attention_96", [80, 96], 1),
    portable("attention_128", [96, 128], 1),
    portable("attention_160", [128, 160], 1),
];

/// 128 queries, and twice 64 keys and values, in columns of 64.
const fn hopper(name: &'static str, widths: [usize; 2]) -> AttentionKernel {
    let shared_bytes = widths[1].div_ceil(64) * 64 * 2 * (128 + 4 * KEYS_AT_ONCE);
    AttentionKernel { module: Module::HopperAttention, name, widths, queries: 128, threads: 256, shared_bytes }
}

/// Where they are faster.
const HOPPER_KERNELS: [AttentionKernel; 6] = [
    hopper("hopper_attention_48", [32, 48]),
    hopper("hopper_attention_64", [48, 64]),
    hopper("hopper_attention_80", [64, 80]),
    hopper("hopper_attention_96", [80, 96]),
    hopper("hopper_attention_128", [96, 128]),
    hopper("hopper_attention_160", [128, 160]),
];

const WARPS: usize = 4;
const KEYS_AT_ONCE: usize = 64;

/// Kernels go over channels in pieces of so many values.
const PIECE: usize = 8;

/// bfloat16's tensor core instructions begin here.
const WITH_BF16: usize = 80;

impl FusedKernels for CudaCard {
    fn supports(&self, dtype: DType) -> bool {
        dtype == DType::F16 || (dtype == DType::BF16 && self.capability >= WITH_BF16)
    }

    fn convolve(
        &self,
        x: &Tensor,
        weight: &Tensor,
        window: Window,
        sizes: Sizes,
        epilogue: DeviceEpilogue<Tensor>,
    ) -> Answer {
        self.convolution(x, weight, window, sizes, epilogue)
    }

    fn linear(&self, x: &Tensor, weight: &Tensor, epilogue: DeviceEpilogue<Tensor>) -> Answer {
        self.linear_layer(x, weight, epilogue)
    }

    fn gated_linear(&self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Answer {
        self.gated_layer(x, weight, bias)
    }

    fn attention(&self, q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, causal: bool) -> Answer {
        let (batch, queries, width) = q.dims3()?;
        let head_width = width / heads;
        if head_width > WIDEST_HEAD {
            return self.wide_attention([q, k, v], heads);
        }
        let kernel = if self.capability == HOPPER {
            HOPPER_KERNELS.iter().chain(&KERNELS).find(|kernel| kernel.fits(head_width))
        } else {
            KERNELS.iter().find(|kernel| kernel.fits(head_width))
        };
        let Some(kernel) = kernel else {
            return Err(Error::Msg(format!("attention with heads of {head_width} values is not supported")));
        };
        let out = self.fresh(q.elem_count(), q.dtype())?;
        let attention = Attention {
            q: self.address(q)?,
            k: self.address(k)?,
            v: self.address(v)?,
            out: out.address,
            queries: queries as i32,
            keys: k.dim(1)? as i32,
            heads: heads as i32,
            width: head_width as i32,
            scale: scale_of(head_width),
            causal: i32::from(causal),
        };
        let grid = Grid {
            blocks: [queries.div_ceil(kernel.queries), heads, batch],
            threads: kernel.threads,
            shared: kernel.shared_bytes,
        };
        self.launch((kernel.module, kernel.name, Some(q.dtype())), grid, &attention)?;
        Ok(out.tensor((batch, queries, width)))
    }

    fn group_norm(
        &self,
        x: &Tensor,
        [weight, bias]: [&Tensor; 2],
        groups: usize,
        eps: f32,
        activation: Activation,
    ) -> Answer {
        let (batch, height, width, channels) = x.dims4()?;
        if batch > MOST_PICTURES {
            return Err(Error::Msg(format!("group norm of {batch} pictures is not supported at once")));
        }
        let area = height * width;
        let columns = channels / PIECE;
        let threads = (columns * (256 / columns).max(1)).next_multiple_of(32);
        let lines = threads / columns;
        let pixels_per_block = (lines * 4).max((area * batch).div_ceil(2 * self.multiprocessors));
        let blocks = area.div_ceil(pixels_per_block);
        let parts = self.fresh(batch * blocks * groups * 2, DType::F32)?;
        let scales = self.fresh(batch * channels * 2, DType::F32)?;
        let y = self.fresh(x.elem_count(), x.dtype())?;
        let norm = GroupNorm {
            x: self.address(x)?,
            weight: self.address(weight)?,
            bias: self.address(bias)?,
            y: y.address,
            parts: parts.address,
            scales: scales.address,
            done: self.done_address(),
            area: area as i32,
            channels: channels as i32,
            groups: groups as i32,
            pixels_per_block: pixels_per_block as i32,
            eps,
            activation: code_of(activation),
        };
        let shared = (lines * channels * 8).max(groups * 8);
        let grid = Grid { blocks: [blocks, batch, 1], threads, shared };
        self.launch((Module::Norm, "statistics", Some(x.dtype())), grid, &norm)?;
        self.scale(x, batch, y, norm)
    }

    fn scale_channels(&self, x: &Tensor, scales: &Tensor) -> Answer {
        let (batch, height, width, channels) = x.dims4()?;
        let y = self.fresh(x.elem_count(), x.dtype())?;
        let norm = GroupNorm {
            x: self.address(x)?,
            y: y.address,
            scales: self.address(scales)?,
            area: (batch * height * width) as i32,
            channels: channels as i32,
            ..GroupNorm::default()
        };
        // The same channels' scales for every picture: one tall picture.
        self.scale(x, 1, y, norm)
    }

    fn layer_norm(&self, x: &Tensor, [weight, bias]: [&Tensor; 2], eps: f32) -> Answer {
        let channels = x.dims().last().copied().unwrap_or(1);
        let rows = x.elem_count() / channels;
        let y = self.fresh(x.elem_count(), x.dtype())?;
        let norm = LayerNorm {
            x: self.address(x)?,
            weight: self.address(weight)?,
            bias: self.address(bias)?,
            y: y.address,
            rows: rows as i32,
            channels: channels as i32,
            eps,
        };
        let grid = Grid { blocks: [rows.div_ceil(WARPS), 1, 1], threads: WARPS * 32, shared: 0 };
        self.launch((Module::Norm, "layer_norm", Some(x.dtype())), grid, &norm)?;
        Ok(y.tensor(x.shape()))
    }

    fn add(&self, a: &Tensor, b: &Tensor) -> Answer {
        let count = a.elem_count();
        self.pair("add", [a, b], Grid::over(count.div_ceil(PIECE), self), Activation::None)
    }

    fn activate(&self, x: &Tensor, activation: Activation) -> Answer {
        self.pair("activate", [x, x], Grid::over(x.elem_count(), self), activation)
    }

    fn copy(&self, x: &Tensor) -> Answer {
        let layout = x.layout();
        let count = x.elem_count();
        let y = self.fresh(count, x.dtype())?;
        let mut copy = Copy { count: count as i64, y: y.address, sides: [1; 4], strides: [0; 4], ..Copy::default() };
        copy.x = self.address(x)?;
        let first = 4 - layout.dims().len();
        for (side, (length, stride)) in layout.dims().iter().zip(layout.stride()).enumerate() {
            copy.sides[first + side] = *length as i64;
            copy.strides[first + side] = *stride as i64;
        }
        self.launch((Module::Elementwise, "copy", None), Grid::over(count, self), &copy)?;
        Ok(y.tensor(x.shape()))
    }

    fn concatenate(&self, first: &Tensor, second: &Tensor) -> Answer {
        let (batch, height, width, channels) = first.dims4()?;
        let (rows, others) = (batch * height * width, second.dim(3)?);
        let y = self.fresh(rows * (channels + others), first.dtype())?;
        let join = Join {
            first: self.address(first)?,
            second: self.address(second)?,
            y: y.address,
            rows: rows as i64,
            first_pieces: (channels / PIECE) as i32,
            second_pieces: (others / PIECE) as i32,
        };
        let grid = Grid::over(rows * (channels + others) / PIECE, self);
        self.launch((Module::Elementwise, "concatenate", None), grid, &join)?;
        Ok(y.tensor((batch, height, width, channels + others)))
    }

    fn rotate(&self, x: &Tensor, [cosines, sines]: [&Tensor; 2], pairs: RotaryPairs) -> Answer {
        let (_, tokens, channels) = x.dims3()?;
        let pieces = x.elem_count() / PIECE;
        let y = self.fresh(x.elem_count(), x.dtype())?;
        let rotate = Rotate {
            x: self.address(x)?,
            cosines: self.address(cosines)?,
            sines: self.address(sines)?,
            y: y.address,
            pieces: pieces as i64,
            tokens: tokens as i32,
            channels: channels as i32,
            half: cosines.dim(1)? as i32,
            neighbours: i32::from(pairs == RotaryPairs::Neighbours),
        };
        self.launch((Module::Elementwise, "rotate", Some(x.dtype())), Grid::over(pieces, self), &rotate)?;
        Ok(y.tensor(x.shape()))
    }

    fn scale_onto(&self, x: &Tensor, factors: &Tensor, residual: &Tensor) -> Answer {
        let pieces = x.elem_count() / PIECE;
        let y = self.fresh(x.elem_count(), x.dtype())?;
        let onto = Onto {
            x: self.address(x)?,
            factors: self.address(factors)?,
            residual: self.address(residual)?,
            y: y.address,
            pieces: pieces as i64,
            channels: factors.elem_count() as i32,
        };
        self.launch((Module::Elementwise, "scale_onto", Some(x.dtype())), Grid::over(pieces, self), &onto)?;
        Ok(y.tensor(x.shape()))
    }
}

/// 1/√d for a softmax with base 2.
fn scale_of(head_width: usize) -> f32 {
    std::f32::consts::LOG2_E / (head_width as f32).sqrt()
}

impl CudaCard {
    fn scale(&self, x: &Tensor, batch: usize, y: Fresh, norm: GroupNorm) -> Answer {
        let over = Grid::over(x.elem_count() / batch / PIECE, self);
        let grid = Grid { blocks: [over.blocks[0], batch, 1], ..over };
        self.launch((Module::Norm, "scale", Some(x.dtype())), grid, &norm)?;
        Ok(y.tensor(x.shape()))
    }

    fn pair(&self, name: &'static str, [a, b]: [&Tensor; 2], grid: Grid, activation: Activation) -> Answer {
        let count = a.elem_count();
        let y = self.fresh(count, a.dtype())?;
        let pair = Pair {
            a: self.address(a)?,
            b: self.address(b)?,
            y: y.address,
            count: count as i64,
            activation: code_of(activation),
        };
        self.launch((Module::Elementwise, name, Some(a.dtype())), grid, &pair)?;
        Ok(y.tensor(a.shape()))
    }

    /// One head after the other, and of each so many queries at once that their scores stay few.
    fn wide_attention(&self, [q, k, v]: [&Tensor; 3], heads: usize) -> Answer {
        let (batch, queries, width) = q.dims3()?;
        let (keys, head_width, dtype) = (k.dim(1)?, width / heads, q.dtype());
        let at_once = queries_at_once(queries, keys);
        let scores = self.fresh(at_once * keys, DType::F32)?;
        let mut rows = Vec::with_capacity(batch);
        for picture in 0..batch {
            let mut columns = Vec::with_capacity(heads);
            for head in 0..heads {
                let part = |x: &Tensor| {
                    let part = x.narrow(0, picture, 1)?.squeeze(0)?.narrow(1, head * head_width, head_width)?;
                    if part.is_contiguous() { Ok(part) } else { FusedKernels::copy(self, &part) }
                };
                let (q, k, v) = (part(q)?, part(k)?, part(v)?);
                let turned = self.turned(&v)?;
                let mut blocks = Vec::with_capacity(queries.div_ceil(at_once));
                for first in (0..queries).step_by(at_once) {
                    let q = q.narrow(0, first, at_once.min(queries - first))?;
                    let count = q.dim(0)?;
                    self.sums(&q, &k, scores.address)?;
                    let weights = self.fresh(count * keys, dtype)?;
                    let softmax = Softmax {
                        scores: scores.address,
                        out: weights.address,
                        columns: keys as i32,
                        scale: scale_of(head_width),
                    };
                    let grid = Grid { blocks: [count, 1, 1], threads: 256, shared: 0 };
                    self.launch((Module::Attention, "softmax", Some(dtype)), grid, &softmax)?;
                    let weights = weights.tensor((count, keys));
                    blocks.push(self.linear_layer(&weights, &turned, DeviceEpilogue::default())?);
                }
                columns.push(Tensor::cat(&blocks, 0)?);
            }
            rows.push(Tensor::cat(&columns, 1)?.unsqueeze(0)?);
        }
        Tensor::cat(&rows, 0)
    }

    /// `(rows, columns)` to `(columns, rows)`.
    fn turned(&self, x: &Tensor) -> Result<Tensor, Error> {
        let (rows, columns) = x.dims2()?;
        let y = self.fresh(x.elem_count(), x.dtype())?;
        let turn = Turn { x: self.address(x)?, y: y.address, rows: rows as i32, columns: columns as i32 };
        let blocks = [columns.div_ceil(32), rows.div_ceil(32), 1];
        self.launch((Module::Elementwise, "turn", None), Grid { blocks, threads: 256, shared: 0 }, &turn)?;
        Ok(y.tensor((columns, rows)))
    }

    fn done_address(&self) -> arguments::Address {
        use candle_core::cuda_backend::cudarc::driver::DevicePtr;
        self.done.device_ptr(self.stream()).0
    }
}
