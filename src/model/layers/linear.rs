//! Linear layers, and those whose outputs gate each other.

use std::sync::Arc;

use super::super::ModelError;
use super::super::dry_run::TracedFeature;
use super::super::feature::{Execution, Feature};
use super::super::kept_forms::KeptForm;
use super::super::operators::{Array, DeviceEpilogue, Kept};
use super::super::weights::Scope;
use super::{host_vector, packed_rows};
use crate::job::Work;
use crate::kernels::{self, Activation, Epilogue, Multiplied, Packing, WeightSlice};

enum Form {
    Host(kernels::Linear),
    Device { weight: Kept, bias: Option<Array> },
    DryRun(TracedProduct),
}

/// A product in a network that is only walked through.
pub(super) struct TracedProduct {
    inputs: usize,
    /// Of the weight, gates included.
    outputs: usize,
    gated: bool,
    multiplied: Multiplied,
}

impl TracedProduct {
    /// Where the network is one of those.
    pub(crate) fn new(at: &Scope, inputs: usize, outputs: usize, gated: bool) -> Option<Self> {
        let Execution::DryRun(tracker) = at.execution() else { return None };
        let form = at.kept_form("weight");
        let packing = KeptForm::packing(form, at.packing());
        let kind = match form {
            Some(KeptForm::Blocks(kind)) => Some(kind),
            _ => None,
        };
        let packed = match kind {
            Some(kind) => kernels::Linear::bytes_of_blocks(inputs, outputs, gated, kind, packing),
            None => kernels::Linear::bytes_of(inputs, outputs, gated, packing),
        };
        tracker.keep_weights(inputs * outputs, packed);
        let multiplied = kernels::Linear::multiplied(inputs, kind, packing);
        let product = Self { inputs, outputs, gated, multiplied };
        tracker.keep_row_work(product.work(1));
        Some(product)
    }

    fn work(&self, rows: usize) -> Work {
        let operations = 2.0 * (rows * self.inputs * self.outputs) as f64 / 1e9;
        match self.multiplied {
            Multiplied::Singles => Work { product: operations, ..Work::default() },
            Multiplied::Bf16 => Work { product_in_bf16: operations, ..Work::default() },
            Multiplied::Integers => Work { product_in_integers: operations, ..Work::default() },
        }
    }

    pub(crate) fn of(&self, x: &TracedFeature) -> TracedFeature {
        x.tracker().add_work(self.work(x.rows()));
        x.with_channels(if self.gated { self.outputs / 2 } else { self.outputs })
    }
}

/// A linear layer on tokens.
pub(crate) struct Linear {
    form: Arc<Form>,
}

impl Linear {
    pub(crate) fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        Self::build(at, inputs, outputs, true)
    }

    pub(crate) fn without_bias(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        Self::build(at, inputs, outputs, false)
    }

    fn build(at: &Scope, inputs: usize, outputs: usize, has_bias: bool) -> Result<Self, ModelError> {
        let shape = [outputs, inputs];
        let form = at.cached(|| {
            if let Some(product) = TracedProduct::new(at, inputs, outputs, false) {
                return Ok(Form::DryRun(product));
            }
            let bias = has_bias.then(|| at.tensor("bias", &[outputs])).transpose()?;
            Ok(match at.execution() {
                Execution::Candle(operators) => {
                    let weight = operators.keep_large(&at.tensor("weight", &shape)?)?;
                    Form::Device { weight, bias: bias.map(|bias| operators.keep(&bias)).transpose()? }
                }
                Execution::Kernels | Execution::DryRun(_) => {
                    let bias = bias.as_ref().map(host_vector).transpose()?;
                    let layer = |source: WeightSlice, packing: Packing| {
                        kernels::Linear::new(source, bias.as_deref(), inputs, packing)
                    };
                    Form::Host(packed_rows(at, &shape, inputs, layer)?)
                }
            })
        })?;
        Ok(Self { form })
    }

    pub(crate) fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.forward_then(x, Activation::None)
    }

    /// The layer, then the activation.
    pub(crate) fn forward_then(&self, x: &Feature, activation: Activation) -> Result<Feature, ModelError> {
        Ok(match (&*self.form, x) {
            (Form::Host(layer), Feature::Host(x)) => {
                Feature::Host(layer.forward(x, &Epilogue { activation, ..Epilogue::default() })?)
            }
            (Form::Device { weight, bias }, Feature::Device(x)) => {
                let epilogue = DeviceEpilogue { bias: bias.as_ref(), activation, ..DeviceEpilogue::default() };
                Feature::Device(x.linear_with(&weight.get()?, epilogue)?)
            }
            (Form::DryRun(product), Feature::Traced(x)) => Feature::Traced(product.of(x)),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// `residual` + the layer.
    pub(crate) fn forward_onto(&self, x: &Feature, residual: &Feature) -> Result<Feature, ModelError> {
        Ok(match (&*self.form, x, residual) {
            (Form::Host(layer), Feature::Host(x), Feature::Host(residual)) => {
                let epilogue = Epilogue { residual: Some(residual.values()), ..Epilogue::default() };
                Feature::Host(layer.forward(x, &epilogue)?)
            }
            (Form::Device { weight, bias }, Feature::Device(x), Feature::Device(residual)) => {
                let residual = Some(residual);
                let epilogue = DeviceEpilogue { bias: bias.as_ref(), residual, ..DeviceEpilogue::default() };
                Feature::Device(x.linear_with(&weight.get()?, epilogue)?)
            }
            (Form::DryRun(product), Feature::Traced(x), Feature::Traced(_)) => Feature::Traced(product.of(x)),
            _ => return Err(ModelError::mixed_devices()),
        })
    }
}

/// GEGLU with the exact (erf) GELU: half of the outputs, times the GELU of the other half.
pub(crate) struct GatedLinear {
    form: Arc<Form>,
}

impl GatedLinear {
    /// `outputs` are what is left of twice as many.
    pub(crate) fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        let shape = [2 * outputs, inputs];
        let form = at.cached(|| {
            if let Some(product) = TracedProduct::new(at, inputs, 2 * outputs, true) {
                return Ok(Form::DryRun(product));
            }
            let bias = at.tensor("bias", &[2 * outputs])?;
            Ok(match at.execution() {
                Execution::Candle(operators) => {
                    let weight = operators.keep_large(&at.tensor("weight", &shape)?)?;
                    Form::Device { weight, bias: Some(operators.keep(&bias)?) }
                }
                Execution::Kernels | Execution::DryRun(_) => {
                    let bias = host_vector(&bias)?;
                    let layer =
                        |source: WeightSlice, packing: Packing| kernels::Linear::gated(source, &bias, inputs, packing);
                    Form::Host(packed_rows(at, &shape, inputs, layer)?)
                }
            })
        })?;
        Ok(Self { form })
    }

    pub(crate) fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        Ok(match (&*self.form, x) {
            (Form::Host(layer), Feature::Host(x)) => Feature::Host(layer.forward(x, &Epilogue::default())?),
            (Form::Device { weight, bias }, Feature::Device(x)) => {
                Feature::Device(x.gated_linear(&weight.get()?, bias.as_ref())?)
            }
            (Form::DryRun(product), Feature::Traced(x)) => Feature::Traced(product.of(x)),
            _ => return Err(ModelError::mixed_devices()),
        })
    }
}
