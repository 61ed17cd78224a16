//! Convolutions of 3×3 and 1×1.

use std::sync::Arc;

use super::super::ModelError;
use super::super::dry_run::TracedFeature;
use super::super::feature::{Execution, Feature};
use super::super::kept_forms::KeptForm;
use super::super::operators::{Array, DeviceEpilogue, Kept, Window};
use super::super::weights::Scope;
use super::linear::TracedProduct;
use super::{host_vector, packed_from, packed_rows};
use crate::job::Work;
use crate::kernels::{self, BlockKind, Epilogue, Multiplied, Packing, Steps, WeightSlice};

enum Form {
    Host(kernels::Conv3x3),
    Device { weight: Kept, bias: Array },
    DryRun { inputs: usize, outputs: usize, packing: Packing, multiplied: Multiplied },
}

/// A 3×3 convolution with bias.
pub(crate) struct Conv3x3 {
    form: Arc<Form>,
    steps: Steps,
}

/// What is added to a convolution's output.
#[derive(Clone, Copy, Default)]
pub(crate) struct Added<'a> {
    /// For each picture of the batch and each channel: `(batch, 1, channels)` tokens.
    pub per_picture: Option<&'a Feature>,
    /// As large as the output.
    pub residual: Option<&'a Feature>,
}

impl Conv3x3 {
    /// Keeps the size.
    pub(crate) fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        Self::with_steps(at, inputs, outputs, Steps::SAME)
    }

    /// Halves the size. Without `padding`, one row and column of zeros go below and to the right.
    pub(crate) fn halving(at: &Scope, channels: usize, padding: usize) -> Result<Self, ModelError> {
        Self::halving_to(at, channels, channels, padding)
    }

    /// The same with another number of channels behind it.
    pub(crate) fn halving_to(at: &Scope, inputs: usize, outputs: usize, padding: usize) -> Result<Self, ModelError> {
        Self::with_steps(at, inputs, outputs, Steps { stride: 2, before: padding, after: padding.max(1) })
    }

    fn with_steps(at: &Scope, inputs: usize, outputs: usize, steps: Steps) -> Result<Self, ModelError> {
        let shape = [outputs, inputs, 3, 3];
        let form = at.cached(|| {
            let (packing, kept) = Self::kept(at, inputs, outputs, steps);
            if let Execution::DryRun(tracker) = at.execution() {
                let packed = match kept {
                    Some(kind) => kernels::Conv3x3::bytes_of_blocks(inputs, outputs, kind, packing),
                    None => kernels::Conv3x3::bytes_of(inputs, outputs, steps, packing),
                };
                tracker.keep_weights(inputs * outputs * 9, packed);
                let multiplied = kernels::Conv3x3::multiplied(inputs, kept, packing);
                return Ok(Form::DryRun { inputs, outputs, packing, multiplied });
            }
            let bias = at.tensor("bias", &[outputs])?;
            Ok(match at.execution() {
                Execution::Candle(operators) => Form::Device {
                    weight: operators.keep_large(&at.tensor("weight", &shape)?)?,
                    bias: operators.keep(&bias)?,
                },
                Execution::Kernels | Execution::DryRun(_) => {
                    let bias = host_vector(&bias)?;
                    let layer = |source: WeightSlice| kernels::Conv3x3::new(source, &bias, inputs, steps, packing);
                    Form::Host(packed_from(at, &shape, kept.map(|_| inputs * 9), layer)?)
                }
            })
        })?;
        Ok(Self { form, steps })
    }

    /// How the weight is packed, and the blocks that it stays in if it does.
    fn kept(at: &Scope, inputs: usize, outputs: usize, steps: Steps) -> (Packing, Option<BlockKind>) {
        let form = at.kept_form("weight");
        match form {
            Some(KeptForm::Blocks(kind))
                if kernels::Conv3x3::keeps_blocks((inputs, outputs), steps, kind, at.packing()) =>
            {
                (Packing { winograd: None, ..at.packing() }, Some(kind))
            }
            Some(_) => (KeptForm::packing(Some(KeptForm::Halved), at.packing()), None),
            None => (at.packing(), None),
        }
    }

    pub(crate) fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.forward_with(x, x.size()?, Added::default())
    }

    /// `x` is brought to `size` before, each pixel from the nearest.
    pub(crate) fn forward_resized(&self, x: &Feature, size: (usize, usize)) -> Result<Feature, ModelError> {
        self.forward_with(x, size, Added::default())
    }

    /// `x` keeps its size; something is added to what comes out.
    pub(crate) fn forward_added(&self, x: &Feature, added: Added) -> Result<Feature, ModelError> {
        self.forward_with(x, x.size()?, added)
    }

    fn forward_with<'a>(
        &'a self,
        x: &'a Feature,
        size: (usize, usize),
        added: Added<'a>,
    ) -> Result<Feature, ModelError> {
        match (&*self.form, x) {
            (Form::Host(layer), Feature::Host(x)) => {
                let mut epilogue = Epilogue::default();
                if let Some(rows) = added.per_picture {
                    let Feature::Host(rows) = rows else { return Err(ModelError::mixed_devices()) };
                    let (Some(height), Some(width)) = (self.steps.places(size.0), self.steps.places(size.1)) else {
                        return Err(too_small(size));
                    };
                    epilogue.per_picture = Some((rows.values(), height * width));
                }
                if let Some(residual) = added.residual {
                    let Feature::Host(residual) = residual else { return Err(ModelError::mixed_devices()) };
                    epilogue.residual = Some(residual.values());
                }
                Ok(Feature::Host(layer.forward(x, size, &epilogue)?))
            }
            (Form::Device { weight, bias }, Feature::Device(x)) => {
                let Steps { stride, before, after } = self.steps;
                let window = Window { side: 3, stride, before, after };
                let on_device = |feature: Option<&'a Feature>| match feature {
                    Some(Feature::Device(array)) => Ok(Some(array)),
                    Some(_) => Err(ModelError::mixed_devices()),
                    None => Ok(None),
                };
                let epilogue = DeviceEpilogue {
                    bias: Some(bias),
                    per_picture: on_device(added.per_picture)?,
                    residual: on_device(added.residual)?,
                    ..DeviceEpilogue::default()
                };
                Ok(Feature::Device(x.convolve_with(&weight.get()?, window, size, epilogue)?))
            }
            (Form::DryRun { inputs, outputs, packing, multiplied }, Feature::Traced(x)) => {
                let (Some(height), Some(width)) = (self.steps.places(size.0), self.steps.places(size.1)) else {
                    return Err(too_small(size));
                };
                let out = TracedFeature::new(x.tracker(), x.batch, height, width, *outputs);
                let seen = (x.batch, size.0, size.1);
                let scratch = kernels::Conv3x3::scratch_floats((*inputs, *outputs), self.steps, *packing, seen);
                drop(x.tracker().take(scratch));
                let operations = 18.0 * (out.floats() * inputs) as f64 / 1e9;
                x.tracker().add_work(if scratch > 0 {
                    Work { transformed: operations, ..Work::default() }
                } else if *multiplied == Multiplied::Bf16 {
                    Work { convolution_in_bf16: operations, ..Work::default() }
                } else {
                    Work { convolution: operations, ..Work::default() }
                });
                Ok(Feature::Traced(out))
            }
            _ => Err(ModelError::mixed_devices()),
        }
    }
}

fn too_small((height, width): (usize, usize)) -> ModelError {
    ModelError::Misfit(format!("a 3×3 convolution was given a picture of {width}×{height}"))
}

enum PointForm {
    Host(kernels::Linear),
    Device { weight: Kept, bias: Array },
    DryRun(TracedProduct),
}

/// A 1×1 convolution with bias.
pub(crate) struct Conv1x1 {
    form: Arc<PointForm>,
}

impl Conv1x1 {
    pub(crate) fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        let shape = [outputs, inputs, 1, 1];
        let form = at.cached(|| {
            if let Some(product) = TracedProduct::new(at, inputs, outputs, false) {
                return Ok(PointForm::DryRun(product));
            }
            let bias = at.tensor("bias", &[outputs])?;
            Ok(match at.execution() {
                Execution::Candle(operators) => {
                    let weight = operators.keep_large(&at.tensor("weight", &shape)?)?;
                    PointForm::Device { weight, bias: operators.keep(&bias)? }
                }
                Execution::Kernels | Execution::DryRun(_) => {
                    let bias = host_vector(&bias)?;
                    let layer = |source: WeightSlice, packing: Packing| {
                        kernels::Linear::new(source, Some(&bias), inputs, packing)
                    };
                    PointForm::Host(packed_rows(at, &shape, inputs, layer)?)
                }
            })
        })?;
        Ok(Self { form })
    }

    pub(crate) fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        Ok(match (&*self.form, x) {
            (PointForm::Host(layer), Feature::Host(x)) => Feature::Host(layer.forward(x, &Epilogue::default())?),
            (PointForm::Device { weight, bias }, Feature::Device(x)) => {
                let epilogue = DeviceEpilogue { bias: Some(bias), ..DeviceEpilogue::default() };
                let (_, _, height, width) = x.dims4()?;
                Feature::Device(x.convolve_with(&weight.get()?, Window::POINT, (height, width), epilogue)?)
            }
            (PointForm::DryRun(product), Feature::Traced(x)) => Feature::Traced(product.of(x)),
            _ => return Err(ModelError::mixed_devices()),
        })
    }
}
