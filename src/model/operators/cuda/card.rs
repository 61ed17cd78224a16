//! One card: its kernels, found as they are needed, and its memory as addresses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::cudarc::driver::sys::{CUdevice_attribute, CUfunction_attribute};
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaModule, CudaSlice, CudaStream, DevicePtr, DeviceRepr, LaunchConfig, PushKernelArg,
};
use candle_core::cuda_backend::cudarc::nvrtc::Ptx;
use candle_core::cuda_backend::{CudaDevice, CudaStorage, CudaStorageSlice, DeviceId, WrapErr};
use candle_core::op::BackpropOp;
use candle_core::{DType, Error, Shape, Storage, Tensor};
use half::{bf16, f16};

use super::arguments::Address;
use super::matrices::Matrices;
use super::memory;

/// Machine code for every card that is known, and for later ones what their driver compiles.
macro_rules! module {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".fatbin"))
    };
}

/// Where kernels stand: `kernels/NAME.cu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Module {
    Product,
    /// Only for capability 9.0.
    Hopper,
    Attention,
    /// Only for capability 9.0.
    HopperAttention,
    Norm,
    Elementwise,
}

impl Module {
    /// Shared memory that its kernels may ask for: what every card has from 7.5 on, and what Hopper has.
    fn shared_bytes(self) -> usize {
        match self {
            Self::Product | Self::Attention => 64 << 10,
            Self::Hopper | Self::HopperAttention => 227 << 10,
            Self::Norm | Self::Elementwise => 40 << 10,
        }
    }

    fn code(self) -> &'static [u8] {
        match self {
            Self::Product => module!("product"),
            Self::Hopper => module!("hopper"),
            Self::Attention => module!("attention"),
            Self::HopperAttention => module!("hopper_attention"),
            Self::Norm => module!("norm"),
            Self::Elementwise => module!("elementwise"),
        }
    }
}

/// Pictures of a batch that group norm's counters are there for.
pub(super) const MOST_PICTURES: usize = 1024;

#[derive(Debug)]
pub(super) struct CudaCard {
    device: CudaDevice,
    stream: Arc<CudaStream>,
    functions: Mutex<Functions>,
    pub(super) matrices: Matrices,
    /// Zeros before and after each use.
    pub(super) done: CudaSlice<u32>,
    pub(super) multiprocessors: usize,
    /// 75 for capability 7.5.
    pub(super) capability: usize,
}

/// The only capability with Hopper's instructions: no later card has them.
pub(super) const HOPPER: usize = 90;

#[derive(Debug, Default)]
struct Functions {
    modules: HashMap<Module, Arc<CudaModule>>,
    functions: HashMap<(&'static str, DType), CudaFunction>,
}

/// Memory that a kernel will have written by the time anything reads it.
pub(super) struct Fresh {
    storage: CudaStorage,
    pub(super) address: Address,
}

impl Fresh {
    pub(super) fn tensor(self, shape: impl Into<Shape>) -> Tensor {
        Tensor::from_storage(Storage::Cuda(self.storage), shape, BackpropOp::none(), false)
    }
}

/// Blocks, threads of each, and the shared memory of each in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub blocks: [usize; 3],
    pub threads: usize,
    pub shared: usize,
}

impl Grid {
    /// A thread for each of `count`, as many at once as keep a card busy.
    pub(super) fn over(count: usize, card: &CudaCard) -> Self {
        let threads = 256;
        Self { blocks: [count.div_ceil(threads).clamp(1, card.multiprocessors * 16), 1, 1], threads, shared: 0 }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CudaCard {
    /// The same for every caller that has the same device.
    pub(super) fn of(device: &CudaDevice) -> Result<Arc<Self>, Error> {
        // Not held here: a device that is opened anew leaves nothing behind.
        static CARDS: Mutex<Vec<(DeviceId, Weak<CudaCard>)>> = Mutex::new(Vec::new());
        let mut cards = locked(&CARDS);
        cards.retain(|(_, card)| card.strong_count() > 0);
        let known = cards.iter().find(|(id, _)| *id == device.id());
        if let Some(card) = known.and_then(|(_, card)| card.upgrade()) {
            return Ok(card);
        }
        let card = Arc::new(Self::new(device)?);
        cards.push((device.id(), Arc::downgrade(&card)));
        Ok(card)
    }

    pub(super) fn new(device: &CudaDevice) -> Result<Self, Error> {
        // SAFETY: candle's devices have one stream each here, on the thread that made them: nothing is to be tracked.
        unsafe { device.disable_event_tracking() };
        let stream = device.cuda_stream();
        let context = stream.context();
        let (major, minor) = context.compute_capability().w()?;
        let multiprocessors = context.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT).w()?;
        memory::keep(device).w()?;
        let card = Self {
            matrices: Matrices::new(&stream)?,
            done: device.alloc_zeros::<u32>(MOST_PICTURES)?,
            device: device.clone(),
            functions: Mutex::default(),
            multiprocessors: multiprocessors.max(1) as usize,
            capability: (major * 10 + minor) as usize,
            stream,
        };
        // Says now, and not in the middle of a picture, whether there is machine code for this card.
        card.function("copy", None, Module::Elementwise)?;
        Ok(card)
    }

    pub(super) fn device(&self) -> &CudaDevice {
        &self.device
    }

    pub(super) fn stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    /// `dtype`: of kernels that are there for both number formats.
    fn function(&self, name: &'static str, dtype: Option<DType>, module: Module) -> Result<CudaFunction, Error> {
        let mut functions = locked(&self.functions);
        let key = (name, dtype.unwrap_or(DType::U8));
        if let Some(function) = functions.functions.get(&key) {
            return Ok(function.clone());
        }
        let loaded = match functions.modules.get(&module) {
            Some(module) => Arc::clone(module),
            None => {
                let loaded = self.stream.context().load_module(Ptx::from_binary(module.code().to_vec())).w()?;
                functions.modules.insert(module, Arc::clone(&loaded));
                loaded
            }
        };
        let full_name = dtype.map_or(name.to_owned(), |dtype| format!("{name}_{}", dtype.as_str()));
        let function = loaded.load_function(&full_name).w()?;
        let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        function.set_attribute(attribute, module.shared_bytes() as i32).w()?;
        functions.functions.insert(key, function.clone());
        Ok(function)
    }

    /// Sends a kernel on its way, which `arguments` belong to.
    pub(super) fn launch<A: DeviceRepr>(
        &self,
        (module, name, dtype): (Module, &'static str, Option<DType>),
        grid: Grid,
        arguments: &A,
    ) -> Result<(), Error> {
        let function = self.function(name, dtype, module)?;
        let [x, y, z] = grid.blocks.map(|blocks| blocks as u32);
        let configuration = LaunchConfig {
            grid_dim: (x, y, z),
            block_dim: (grid.threads as u32, 1, 1),
            shared_mem_bytes: grid.shared as u32,
        };
        let mut launch = self.stream.launch_builder(&function);
        launch.arg(arguments);
        // SAFETY: the callers in this folder give each kernel the arguments that its file declares, with addresses of
        // tensors that they hold and sizes taken from these; memory is given back in the stream's order, after this.
        unsafe { launch.launch(configuration) }.w()?;
        Ok(())
    }

    /// Where a tensor lies that is in one piece, on this card.
    pub(super) fn address(&self, tensor: &Tensor) -> Result<Address, Error> {
        let (storage, layout) = tensor.storage_and_layout();
        let Storage::Cuda(storage) = &*storage else {
            return Err(Error::Msg("a tensor lies on another device".to_owned()));
        };
        let first = layout.start_offset();
        let address = match &storage.slice {
            CudaStorageSlice::F16(slice) => slice.device_ptr(&self.stream).0,
            CudaStorageSlice::BF16(slice) => slice.device_ptr(&self.stream).0,
            CudaStorageSlice::F32(slice) => slice.device_ptr(&self.stream).0,
            _ => return Err(Error::UnsupportedDTypeForOp(storage.dtype(), "a CUDA kernel")),
        };
        Ok(address + (first * tensor.dtype().size_in_bytes()) as Address)
    }

    /// 0 where there is nothing.
    pub(super) fn maybe_address(&self, tensor: Option<&Tensor>) -> Result<Address, Error> {
        tensor.map_or(Ok(0), |tensor| self.address(tensor))
    }

    /// Memory for `count` values, which the caller has a kernel write.
    pub(super) fn fresh(&self, count: usize, dtype: DType) -> Result<Fresh, Error> {
        // SAFETY: every value is written by the kernel that it is asked for, before anything in the stream reads it.
        let storage = unsafe {
            match dtype {
                DType::F16 => CudaStorage::wrap_cuda_slice(self.device.alloc::<f16>(count)?, self.device.clone()),
                DType::BF16 => CudaStorage::wrap_cuda_slice(self.device.alloc::<bf16>(count)?, self.device.clone()),
                DType::F32 => CudaStorage::wrap_cuda_slice(self.device.alloc::<f32>(count)?, self.device.clone()),
                _ => return Err(Error::UnsupportedDTypeForOp(dtype, "a CUDA kernel")),
            }
        };
        let address = match &storage.slice {
            CudaStorageSlice::F16(slice) => slice.device_ptr(&self.stream).0,
            CudaStorageSlice::BF16(slice) => slice.device_ptr(&self.stream).0,
            CudaStorageSlice::F32(slice) => slice.device_ptr(&self.stream).0,
            _ => 0,
        };
        Ok(Fresh { storage, address })
    }
}
