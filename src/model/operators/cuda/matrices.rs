//! Matrix products by cuBLASLt, with bias and residual; how each size is best computed is asked once.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::cublaslt::result::{self, CublasError};
use candle_core::cuda_backend::cudarc::cublaslt::sys;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaStream, DevicePtr};
use candle_core::{DType, Error};

use super::arguments::Address;

/// What products may take besides their answer: NVIDIA's advice for large cards.
const WORKSPACE_BYTES: usize = 32 << 20;

/// cuBLASLt's plans count on addresses that are multiples of this.
pub(super) const ALIGNMENT: Address = 256;

/// `y = residual + x · weightᵀ + bias`, for `x` `(rows, inputs)` and `weight` `(outputs, inputs)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct MatrixProduct {
    pub x: Address,
    pub weight: Address,
    pub bias: Address,
    pub residual: Address,
    pub y: Address,
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub dtype: DType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kind {
    rows: usize,
    inputs: usize,
    outputs: usize,
    dtype: DType,
    has_bias: bool,
}

/// Descriptions for one kind of product; they live as long as [`Matrices`].
#[derive(Clone, Copy)]
struct Plan {
    product: sys::cublasLtMatmulDesc_t,
    weight: sys::cublasLtMatrixLayout_t,
    x: sys::cublasLtMatrixLayout_t,
    y: sys::cublasLtMatrixLayout_t,
    algorithm: sys::cublasLtMatmulAlgo_t,
}

pub(super) struct Matrices {
    handle: sys::cublasLtHandle_t,
    workspace: CudaSlice<u8>,
    stream: Arc<CudaStream>,
    plans: Mutex<HashMap<Kind, Option<Plan>>>,
}

// SAFETY: cuBLASLt's handles may be used by any thread; descriptions are only used under the lock.
unsafe impl Send for Matrices {}
// SAFETY: as above.
unsafe impl Sync for Matrices {}

impl std::fmt::Debug for Matrices {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Matrices")
    }
}

impl Drop for Matrices {
    fn drop(&mut self) {
        let plans = self.plans.get_mut().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: nobody has the handle and the descriptions any more; products that are under way have their own copies.
        unsafe {
            for plan in plans.drain().filter_map(|(_, plan)| plan) {
                result::destroy_matmul_desc(plan.product).ok();
                for layout in [plan.weight, plan.x, plan.y] {
                    result::destroy_matrix_layout(layout).ok();
                }
            }
            result::destroy_handle(self.handle).ok();
        }
    }
}

fn said(error: CublasError) -> Error {
    Error::Msg(format!("cuBLASLt: {error}"))
}

impl Matrices {
    pub(super) fn new(stream: &Arc<CudaStream>) -> Result<Self, Error> {
        let handle = result::create_handle().map_err(said)?;
        // SAFETY: only cuBLASLt reads what it wrote there.
        let workspace = unsafe { stream.alloc::<u8>(WORKSPACE_BYTES) }.w()?;
        Ok(Self { handle, workspace, stream: Arc::clone(stream), plans: Mutex::default() })
    }

    /// Whether cuBLASLt computed it: not what it knows no way for, nor what lies at odd addresses.
    pub(super) fn multiply(&self, of: &MatrixProduct) -> Result<bool, Error> {
        let addresses = [of.x, of.weight, of.bias, of.residual, of.y];
        if addresses.iter().any(|address| !address.is_multiple_of(ALIGNMENT)) {
            return Ok(false);
        }
        let kind =
            Kind { rows: of.rows, inputs: of.inputs, outputs: of.outputs, dtype: of.dtype, has_bias: of.bias != 0 };
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = match plans.get(&kind) {
            Some(plan) => *plan,
            None => {
                let plan = self.plan(kind).inspect_err(|error| tracing::debug!("{kind:?}: {error}")).ok();
                plans.insert(kind, plan);
                plan
            }
        };
        let Some(plan) = plan else { return Ok(false) };
        let (one, beta) = (1.0f32, if of.residual == 0 { 0.0f32 } else { 1.0 });
        let residual = if of.residual == 0 { of.y } else { of.residual };
        let (workspace, _writing) = self.workspace.device_ptr(&self.stream);
        // SAFETY: the plan's descriptions are of these sizes; the addresses are of tensors that the caller holds, and the
        // stream is theirs. The bias is set in the description before its only user goes on, under the lock.
        unsafe {
            if of.bias != 0 {
                set(plan.product, sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_BIAS_POINTER, &of.bias)
                    .map_err(said)?;
            }
            result::matmul(
                self.handle,
                plan.product,
                (&raw const one).cast(),
                (&raw const beta).cast(),
                of.weight as *const c_void,
                plan.weight,
                of.x as *const c_void,
                plan.x,
                residual as *const c_void,
                plan.y,
                of.y as *mut c_void,
                plan.y,
                &raw const plan.algorithm,
                workspace as *mut c_void,
                WORKSPACE_BYTES,
                self.stream.cu_stream().cast(),
            )
            .map_err(said)?;
        }
        Ok(true)
    }

    /// cuBLASLt counts columns first: what is a row here is a column there.
    fn plan(&self, kind: Kind) -> Result<Plan, CublasError> {
        let format = match kind.dtype {
            DType::BF16 => sys::cudaDataType_t::CUDA_R_16BF,
            _ => sys::cudaDataType_t::CUDA_R_16F,
        };
        let layout = |rows: usize, columns: usize| {
            result::create_matrix_layout(format, rows as u64, columns as u64, rows as i64)
        };
        let single = sys::cudaDataType_t::CUDA_R_32F;
        let product = result::create_matmul_desc(sys::cublasComputeType_t::CUBLAS_COMPUTE_32F, single)?;
        let (weight, x) = (layout(kind.inputs, kind.outputs)?, layout(kind.inputs, kind.rows)?);
        let y = layout(kind.outputs, kind.rows)?;
        let preference = result::create_matmul_pref()?;
        let bytes = WORKSPACE_BYTES;
        let workspace = sys::cublasLtMatmulPreferenceAttributes_t::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
        // SAFETY: all descriptions were made above and none was destroyed; attributes have the types that cuBLASLt
        // documents.
        let found = unsafe {
            set(product, sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_TRANSA, &1i32)?;
            if kind.has_bias {
                let epilogue = sys::cublasLtEpilogue_t::CUBLASLT_EPILOGUE_BIAS as i32;
                set(product, sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue)?;
            }
            result::set_matmul_pref_attribute(preference, workspace, (&raw const bytes).cast(), size_of::<usize>())?;
            let found = result::get_matmul_algo_heuristic(self.handle, product, weight, x, y, y, preference);
            result::destroy_matmul_pref(preference)?;
            found?
        };
        Ok(Plan { product, weight, x, y, algorithm: found.algo })
    }
}

/// # Safety
/// The description must live, and the attribute be of this type.
unsafe fn set<T>(
    product: sys::cublasLtMatmulDesc_t,
    attribute: sys::cublasLtMatmulDescAttributes_t,
    value: &T,
) -> Result<(), CublasError> {
    // SAFETY: passed on to the caller.
    unsafe { result::set_matmul_desc_attribute(product, attribute, (&raw const *value).cast(), size_of::<T>()) }
}
