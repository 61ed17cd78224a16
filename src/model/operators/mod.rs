//! The one place where candle's operators are called: each by its name, so that what a device must have is known, a
//! failure names its operator, and a dry run estimates what a picture takes by the same code without computing it.

mod array;
mod attention;
mod convolution;
mod cuda;
mod elementwise;
mod failure;
mod fused;
mod metal;
mod name;
mod norm;
mod product;
mod replay;
mod transformer;
mod waiting;
mod watch;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{DType, Device, Layout, Shape, Tensor};

pub(crate) use array::Array;
pub(super) use attention::attend;
pub(crate) use cuda::{cards as cuda_cards, free_bytes as cuda_free_bytes, total_bytes as cuda_total_bytes};
pub use failure::FailureKind;
pub(crate) use failure::OperatorFailure;
pub(super) use fused::DeviceEpilogue;
pub(crate) use metal::{free_bytes as metal_free_bytes, in_pool, working_set_bytes as metal_working_set_bytes};
pub use name::Operator;
pub(super) use replay::Replay;
pub(super) use waiting::Kept;
pub use watch::{Fault, Watch};
pub(super) use window::Window;

use super::ModelError;
use super::dry_run::{BufferStorage, MemoryTracker};
use crate::job::Work;
use array::Body;
use fused::Fused;

/// What a convolution or a norm may take besides its answer before it is done in parts.
const SCRATCH_BYTES: usize = 128 << 20;

/// Maps of one size that a norm or a gate holds at once.
const PARTS_HELD: usize = 4;

/// On Metal, so many operators may pass before what is idle is looked at.
const OPERATORS_BETWEEN_LOOKS: usize = 64;

/// Whose operators they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// candle's own on the processor: for tests, which have no other device.
    Cpu,
    Metal,
    Cuda,
}

impl Card {
    #[must_use]
    pub fn of(device: &Device) -> Self {
        match device {
            Device::Cpu => Self::Cpu,
            Device::Metal(_) => Self::Metal,
            Device::Cuda(_) => Self::Cuda,
        }
    }

    /// For a person.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Metal => "Metal",
            Self::Cuda => "CUDA",
        }
    }
}

#[derive(Clone, Debug)]
struct Context {
    device: Device,
    card: Card,
    watch: Option<Arc<Watch>>,
    /// Where nothing is computed: what would be is noted here.
    tracker: Option<Arc<MemoryTracker>>,
    scratch_bytes: usize,
    fused: Option<Fused>,
    /// Whether large weights wait on the host.
    streams: bool,
    calls: Arc<AtomicUsize>,
}

/// A device's operators, and the number format in which a network asks for them.
#[derive(Clone, Debug)]
pub struct Operators {
    context: Arc<Context>,
    dtype: DType,
}

impl Operators {
    #[must_use]
    pub fn on(device: &Device, dtype: DType) -> Self {
        let context = Context {
            device: device.clone(),
            card: Card::of(device),
            watch: None,
            tracker: None,
            scratch_bytes: SCRATCH_BYTES,
            fused: cuda::kernels(device).map(Fused::Here),
            streams: false,
            calls: Arc::default(),
        };
        Self { context: Arc::new(context), dtype }
    }

    /// Of a card that need not be there: only sizes go through, and `tracker` notes what would be held and computed.
    #[must_use]
    pub fn dry_run(card: Card, tracker: &Arc<MemoryTracker>, dtype: DType) -> Self {
        let here = Self::on(&Device::Cpu, dtype);
        here.changed(|context| {
            context.card = card;
            context.tracker = Some(Arc::clone(tracker));
            context.fused = (card == Card::Cuda && cuda::are_wanted()).then_some(Fused::Traced);
        })
    }

    /// `watch` looks on from now on.
    #[must_use]
    pub fn watched(&self, watch: &Arc<Watch>) -> Self {
        self.changed(|context| context.watch = Some(Arc::clone(watch)))
    }

    /// Another limit for what is done in one part.
    #[must_use]
    pub fn with_scratch(&self, bytes: usize) -> Self {
        self.changed(|context| context.scratch_bytes = bytes)
    }

    #[must_use]
    pub fn with_dtype(&self, dtype: DType) -> Self {
        Self { context: Arc::clone(&self.context), dtype }
    }

    fn changed(&self, change: impl FnOnce(&mut Context)) -> Self {
        let mut context = Context::clone(&self.context);
        change(&mut context);
        Self { context: Arc::new(context), dtype: self.dtype }
    }

    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    #[must_use]
    pub fn card(&self) -> Card {
        self.context.card
    }

    #[must_use]
    pub fn device(&self) -> &Device {
        &self.context.device
    }

    /// Where operators are only traced: what is noted of them.
    #[must_use]
    pub fn tracker(&self) -> Option<&Arc<MemoryTracker>> {
        self.context.tracker.as_ref()
    }

    /// A tensor of the host's, in the network's number format.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn upload(&self, tensor: &Tensor) -> Result<Array, ModelError> {
        let made = Made {
            shape: tensor.shape().clone(),
            dtype: self.dtype,
            place: BufferStorage::Exact,
            work: Work::default(),
        };
        self.make(Operator::Upload, self.dtype, made, || {
            tensor.to_dtype(self.dtype)?.contiguous()?.to_device(&self.context.device)
        })
    }

    /// A weight, which stays; the tracker has counted it when it was asked for.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn keep(&self, tensor: &Tensor) -> Result<Array, ModelError> {
        let is_picture = tensor.rank() == 4;
        if self.tracker().is_some() {
            let layout = Layout::contiguous(tensor.shape().clone());
            let layout = match self.fused() {
                // Already as it will lie: laying it so is done once, and holds little besides.
                Some(_) if is_picture => {
                    let (outputs, inputs, height, width) = tensor.dims4()?;
                    Layout::contiguous((outputs, height, width, inputs)).permute(&[0, 3, 1, 2])?
                }
                _ => layout,
            };
            return Ok(Array::new(Body::Traced { layout, dtype: self.dtype }, self.clone(), None));
        }
        let kept = self.upload(tensor)?;
        match self.fused() {
            Some(_) if is_picture => kept.channels_last()?.channels_first(),
            _ => Ok(kept),
        }
    }

    /// Waits until the device has done all that was asked of it; idle memory is given back.
    pub fn wait(&self) {
        if let Err(error) = self.context.device.synchronize() {
            // Whoever reads a result gets the error as well.
            tracing::warn!("the device failed: {error}");
        }
        cuda::give_back(&self.context.device);
    }

    /// Carries out one operator, or only notes that it would be.
    fn make(
        &self,
        operator: Operator,
        from: DType,
        made: Made,
        run: impl FnOnce() -> Result<Tensor, candle_core::Error>,
    ) -> Result<Array, ModelError> {
        self.note(operator, from)?;
        let Made { shape, dtype, place, work } = made;
        let Some(tracker) = &self.context.tracker else {
            self.relieve(operator, from)?;
            let tensor = run().map_err(|error| self.failure(operator, from, &error))?;
            return Ok(Array::new(Body::Real(tensor), self.clone(), None));
        };
        tracker.add_work(work);
        let held = tracker.take_bytes(shape.elem_count() * dtype.size_in_bytes(), place);
        Ok(Array::new(Body::Traced { layout: Layout::contiguous(shape), dtype }, self.clone(), Some(Arc::new(held))))
    }

    /// How large a map is that is worked on in one go, where several of its size are held meanwhile.
    fn part_bytes(&self) -> usize {
        self.context.scratch_bytes / PARTS_HELD
    }

    /// What an operator holds while it works, besides what it gives.
    fn scratch(&self, bytes: &[usize]) {
        if let Some(tracker) = &self.context.tracker {
            // Held together, given back together.
            drop(bytes.iter().map(|bytes| tracker.take_bytes(*bytes, BufferStorage::Private)).collect::<Vec<_>>());
        }
    }

    fn note(&self, operator: Operator, dtype: DType) -> Result<(), ModelError> {
        let Some(kind) = self.context.watch.as_ref().and_then(|watch| watch.note(operator, dtype)) else {
            return Ok(());
        };
        let reason = match kind {
            FailureKind::OutOfMemory => "out of memory",
            FailureKind::Unsupported => "not implemented",
            FailureKind::Other => "no reason given",
        };
        let device = self.context.card.name();
        Err(OperatorFailure { device, operator, dtype: dtype.as_str(), kind, reason: reason.to_owned() }.into())
    }

    fn failure(&self, operator: Operator, dtype: DType, error: &candle_core::Error) -> ModelError {
        OperatorFailure::new(self.context.card.name(), operator, dtype, error).into()
    }

    /// candle keeps Metal's idle buffers until somebody waits for the device: waits where they are many.
    fn relieve(&self, operator: Operator, dtype: DType) -> Result<(), ModelError> {
        if self.context.card == Card::Metal
            && self.context.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(OPERATORS_BETWEEN_LOOKS)
            && metal::is_crowded(&self.context.device)
        {
            self.context.device.synchronize().map_err(|error| self.failure(operator, dtype, &error))?;
        }
        Ok(())
    }
}

/// What an operator gives.
struct Made {
    shape: Shape,
    dtype: DType,
    place: BufferStorage,
    work: Work,
}

impl Made {
    /// Every value is written once.
    fn passing(shape: Shape, dtype: DType) -> Self {
        let work = Work { values: shape.elem_count() as f64 / 1e9, ..Work::default() };
        Self { shape, dtype, place: BufferStorage::Private, work }
    }
}
