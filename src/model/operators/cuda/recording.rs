//! Kernels that are sent one after the other, recorded as a graph that the driver starts at once.

use candle_core::{DType, Device, Error, Shape, Tensor};

use super::super::super::ModelError;

/// `INKWICK_CUDA=single` sends every kernel by itself, to see what recording saves and whether a fault is its own.
pub(in super::super) fn may_record() -> bool {
    !std::env::var("INKWICK_CUDA").is_ok_and(|kernels| kernels == "single")
}

/// A pass with places for what it is given and for its answer.
#[cfg(feature = "cuda")]
pub(in super::super) struct Recording {
    card: std::sync::Arc<super::card::CudaCard>,
    places: Vec<Tensor>,
    answer: Tensor,
    graph: Option<candle_core::cuda_backend::cudarc::driver::CudaGraph>,
}

/// Without CUDA there are none.
#[cfg(not(feature = "cuda"))]
pub(in super::super) enum Recording {}

#[cfg(not(feature = "cuda"))]
impl Recording {
    pub(in super::super) fn prepare(_: &Device, _: &[&Tensor], _: (Shape, DType)) -> Result<Self, Error> {
        Err(Error::Msg("this build has no CUDA".to_owned()))
    }

    #[allow(clippy::unused_self)] // as the card's
    pub(in super::super) fn record(
        self,
        _: impl FnOnce(&[Tensor]) -> Result<Tensor, ModelError>,
    ) -> Result<Self, ModelError> {
        match self {}
    }

    pub(in super::super) fn start(&self, _: &[&Tensor]) -> Result<Tensor, Error> {
        match *self {}
    }
}

#[cfg(feature = "cuda")]
mod graph {
    use candle_core::cuda_backend::WrapErr;
    use candle_core::cuda_backend::cudarc::driver::{result, sys};

    use super::{DType, Device, Error, ModelError, Recording, Shape, Tensor};
    use crate::model::operators::cuda::card::CudaCard;

    impl Recording {
        /// Takes memory for what a pass is given, of the shapes of `given`, and for its answer.
        ///
        /// # Errors
        /// When the card is out of memory.
        pub(in super::super::super) fn prepare(
            device: &Device,
            given: &[&Tensor],
            (shape, dtype): (Shape, DType),
        ) -> Result<Self, Error> {
            let Device::Cuda(device) = device else {
                return Err(Error::Msg("only CUDA cards record".to_owned()));
            };
            let card = CudaCard::of(device)?;
            let place = |shape: &Shape, dtype| Ok::<_, Error>(card.fresh(shape.elem_count(), dtype)?.tensor(shape));
            let places = given.iter().map(|given| place(given.shape(), given.dtype())).collect::<Result<_, _>>()?;
            let answer = place(&shape, dtype)?;
            Ok(Self { card, places, answer, graph: None })
        }

        /// Records what `body` asks for; nothing of it is carried out. Memory that it takes on the way is the graph's own.
        ///
        /// # Errors
        /// When `body` asks for what cannot be recorded: a copy from or to the host. The card is as it was.
        pub(in super::super::super) fn record(
            mut self,
            body: impl FnOnce(&[Tensor]) -> Result<Tensor, ModelError>,
        ) -> Result<Self, ModelError> {
            let stream = self.card.stream().clone();
            let failed = |error: Error| ModelError::from(error);
            let made = {
                // candle then refuses copies from the host, whose values would be those of this one pass.
                let _refusing = self.card.device().enable_cuda_graph_htod_cache();
                stream
                    .begin_capture(sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)
                    .w()
                    .map_err(failed)?;
                // All that was taken on the way is given back before the recording ends.
                body(&self.places).and_then(|made| self.copy(&made, &self.answer).map_err(failed))
            };
            let graph = stream.end_capture(sys::CUgraphInstantiate_flags(0)).w().map_err(failed);
            if made.is_err() || graph.is_err() {
                // What was given back within a recording that failed is noted as a fault of what comes next.
                stream.context().check_err().ok();
            }
            made?;
            self.graph = graph?;
            if self.graph.is_none() {
                return Err(failed(Error::Msg("nothing was recorded".to_owned())));
            }
            Ok(self)
        }

        /// Carries the pass out with other numbers, of the same shapes; the answer is overwritten by the next.
        ///
        /// # Errors
        /// When the card failed, or has no memory left.
        pub(in super::super::super) fn start(&self, given: &[&Tensor]) -> Result<Tensor, Error> {
            let Some(graph) = &self.graph else {
                return Err(Error::Msg("nothing was recorded".to_owned()));
            };
            for (given, place) in given.iter().zip(&self.places) {
                self.copy(given, place)?;
            }
            graph.launch().w()?;
            Ok(self.answer.clone())
        }

        fn copy(&self, from: &Tensor, to: &Tensor) -> Result<(), Error> {
            if from.shape() != to.shape() || from.dtype() != to.dtype() || !from.is_contiguous() {
                return Err(Error::Msg(format!("a place for {:?} was given {:?}", to.shape(), from.shape())));
            }
            let bytes = from.elem_count() * from.dtype().size_in_bytes();
            let (from, to) = (self.card.address(from)?, self.card.address(to)?);
            // SAFETY: both tensors lie in one piece, have so many bytes, and are held by the caller or by this; copies and
            // kernels keep the stream's order.
            unsafe { result::memcpy_dtod_async(to, from, bytes, self.card.stream().cu_stream()) }.w()
        }
    }
}
