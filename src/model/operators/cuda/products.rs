//! Convolutions and linear layers: which kernel, in which parts.

use candle_core::{DType, Error, Tensor};

use super::arguments::{Address, Gate, Product};
use super::card::{CudaCard, Grid, HOPPER, Module};
use super::matrices::MatrixProduct;
use super::tiles::{self, ANY, PORTABLE, best};
use crate::kernels::Activation;
use crate::model::operators::Window;
use crate::model::operators::fused::{DeviceEpilogue, Sizes};

/// Channels go into shared memory in pieces of eight values: 16 bytes.
const PIECE: usize = 8;
const PIECE_BYTES: Address = 16;

/// From this capability on cuBLASLt's products are so much faster than ours that a gate in a pass of its own pays.
const WITH_FASTER_PRODUCTS: usize = 90;

pub(super) fn code_of(activation: Activation) -> i32 {
    match activation {
        Activation::None => 0,
        Activation::Silu => 1,
        Activation::Gelu => 2,
        Activation::QuickGelu => 3,
    }
}

impl CudaCard {
    pub(super) fn convolution(
        &self,
        x: &Tensor,
        weight: &Tensor,
        window: Window,
        sizes: Sizes,
        epilogue: DeviceEpilogue<Tensor>,
    ) -> Result<Tensor, Error> {
        let (batch, height, width, channels) = x.dims4()?;
        let outputs = weight.dim(0)?;
        let [out_height, out_width] = sizes.answer;
        let rows = batch * out_height * out_width;
        let is_plain = window.side == 1 && window.stride == 1 && sizes.seen == [height, width];
        if is_plain && epilogue.per_picture.is_none() {
            let flat =
                self.linear_layer(&x.reshape((rows, channels))?, &weight.reshape((outputs, channels))?, epilogue)?;
            return flat.reshape((batch, out_height, out_width, outputs));
        }
        let y = self.fresh(rows * outputs, x.dtype())?;
        let product = Product {
            height: height as i32,
            width: width as i32,
            seen_height: sizes.seen[0] as i32,
            seen_width: sizes.seen[1] as i32,
            channels: channels as i32,
            out_height: out_height as i32,
            out_width: out_width as i32,
            side: window.side as i32,
            stride: window.stride as i32,
            before: window.before as i32,
            rows: rows as i32,
            outputs: outputs as i32,
            inner: (window.side * window.side * channels) as i32,
            y: y.address,
            ..self.product_of(x, weight, epilogue)?
        };
        self.run(product, x.dtype())?;
        Ok(y.tensor((batch, out_height, out_width, outputs)))
    }

    pub(super) fn linear_layer(
        &self,
        x: &Tensor,
        weight: &Tensor,
        epilogue: DeviceEpilogue<Tensor>,
    ) -> Result<Tensor, Error> {
        let (rows, inputs) = x.dims2()?;
        let outputs = weight.dim(0)?;
        let y = self.fresh(rows * outputs, x.dtype())?;
        if epilogue.activation == Activation::None && epilogue.per_picture.is_none() {
            let product = self.matrix_product(x, weight, epilogue.bias, epilogue.residual, y.address)?;
            if self.matrices.multiply(&product)? {
                return Ok(y.tensor((rows, outputs)));
            }
        }
        let product = Product { y: y.address, ..self.flat(x, weight, epilogue, [rows, inputs, outputs])? };
        self.run(product, x.dtype())?;
        Ok(y.tensor((rows, outputs)))
    }

    pub(super) fn gated_layer(&self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor, Error> {
        let (rows, inputs) = x.dims2()?;
        let both = weight.dim(0)?;
        let y = self.fresh(rows * both / 2, x.dtype())?;
        if self.capability >= WITH_FASTER_PRODUCTS {
            let ungated = self.fresh(rows * both, x.dtype())?;
            let product = self.matrix_product(x, weight, bias, None, ungated.address)?;
            if self.matrices.multiply(&product)? {
                let columns = both / 2;
                let gate = Gate { x: ungated.address, y: y.address, rows: rows as i64, columns: columns as i32 };
                let grid = Grid::over(rows * columns / PIECE, self);
                self.launch((Module::Elementwise, "gate", Some(x.dtype())), grid, &gate)?;
                return Ok(y.tensor((rows, columns)));
            }
        }
        let epilogue = DeviceEpilogue { bias, ..DeviceEpilogue::default() };
        let product = Product { y: y.address, gated: 1, ..self.flat(x, weight, epilogue, [rows, inputs, both])? };
        self.run(product, x.dtype())?;
        Ok(y.tensor((rows, both / 2)))
    }

    /// The product itself, in single precision and without anything after it: `(rows, outputs)`.
    pub(super) fn sums(&self, x: &Tensor, weight: &Tensor, to: Address) -> Result<(), Error> {
        let (rows, inputs) = x.dims2()?;
        let shape = [rows, inputs, weight.dim(0)?];
        let product = Product { sums: to, ..self.flat(x, weight, DeviceEpilogue::default(), shape)? };
        self.run(product, x.dtype())
    }

    fn matrix_product(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
        residual: Option<&Tensor>,
        y: Address,
    ) -> Result<MatrixProduct, Error> {
        let ((rows, inputs), outputs) = (x.dims2()?, weight.dim(0)?);
        Ok(MatrixProduct {
            x: self.address(x)?,
            weight: self.address(weight)?,
            bias: self.maybe_address(bias)?,
            residual: self.maybe_address(residual)?,
            y,
            rows,
            inputs,
            outputs,
            dtype: x.dtype(),
        })
    }

    fn product_of(&self, x: &Tensor, weight: &Tensor, epilogue: DeviceEpilogue<Tensor>) -> Result<Product, Error> {
        Ok(Product {
            x: self.address(x)?,
            weight: self.address(weight)?,
            bias: self.maybe_address(epilogue.bias)?,
            per_picture: self.maybe_address(epilogue.per_picture)?,
            residual: self.maybe_address(epilogue.residual)?,
            activation: code_of(epilogue.activation),
            ..Product::default()
        })
    }

    /// Rows as the pixels of one picture of that width.
    fn flat(
        &self,
        x: &Tensor,
        weight: &Tensor,
        epilogue: DeviceEpilogue<Tensor>,
        [rows, inputs, outputs]: [usize; 3],
    ) -> Result<Product, Error> {
        Ok(Product {
            height: 1,
            width: rows as i32,
            seen_height: 1,
            seen_width: rows as i32,
            channels: inputs as i32,
            out_height: 1,
            out_width: rows as i32,
            side: 1,
            stride: 1,
            rows: rows as i32,
            outputs: outputs as i32,
            inner: inputs as i32,
            ..self.product_of(x, weight, epilogue)?
        })
    }

    fn run(&self, product: Product, dtype: DType) -> Result<(), Error> {
        let addresses = [product.x, product.weight, product.bias, product.residual, product.y, product.sums];
        let is_whole = (product.channels as usize).is_multiple_of(PIECE)
            && addresses.iter().all(|address| address.is_multiple_of(PIECE_BYTES));
        let is_gated = product.gated != 0;
        let (rows, outputs) = (product.rows as usize, product.outputs as usize);
        let shape = [rows, outputs, product.inner as usize];
        let may_split = !is_gated && product.sums == 0;
        let (kind, module) = match self.capability {
            HOPPER if !is_gated => (&tiles::HOPPER[..], Module::Hopper),
            _ => (&PORTABLE[..], Module::Product),
        };
        let (tile, module, splits) = if is_whole {
            let (tile, splits) = best(kind, shape, self.multiprocessors, may_split);
            (tile, module, splits)
        } else {
            (ANY, Module::Product, 1)
        };
        let steps = shape[2].div_ceil(tile.depth);
        let steps_per_split = steps.div_ceil(splits);
        let splits = steps.div_ceil(steps_per_split);
        // Half of a gated tile's columns are gates.
        let halves = if is_gated { 2 } else { 1 };
        let parts = (splits > 1).then(|| self.fresh(splits * rows * outputs, DType::F32)).transpose()?;
        let sums = parts.as_ref().map_or(product.sums, |parts| parts.address);
        let product = Product { sums, splits: splits as i32, steps_per_split: steps_per_split as i32, ..product };
        let grid = Grid {
            blocks: [(outputs / halves).div_ceil(tile.columns / halves) * rows.div_ceil(tile.rows), 1, splits],
            threads: tile.threads,
            shared: tile.shared_bytes(),
        };
        self.launch((module, tile.name, Some(dtype)), grid, &product)?;
        if parts.is_some() {
            let pieces = rows * outputs.div_ceil(PIECE);
            let grid = Grid { blocks: [pieces.div_ceil(256), 1, 1], threads: 256, shared: 0 };
            self.launch((Module::Product, "join", Some(dtype)), grid, &product)?;
        }
        Ok(())
    }
}
