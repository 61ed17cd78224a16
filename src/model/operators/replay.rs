//! A pass that a network makes again and again: recorded when it comes for the second time, and from then on started as one,
//! where starting its operators one by one would take longer than they do.

use std::cell::RefCell;

use candle_core::{DType, Shape, Tensor};

use super::super::ModelError;
use super::super::attention_method::AttentionMethod;
use super::array::Body;
use super::{Array, Card, Operator, Operators, cuda};

/// Pixels of all latents of a batch from which on the operators themselves take longer: two of 64×64.
const MOST_PIXELS: usize = 2 * 64 * 64;

/// With and without guidance, at two sizes.
const MOST_PASSES: usize = 4;

/// The passes of one network, whose weights stay where they are as long as this lives.
#[derive(Default)]
pub(crate) struct Replay {
    passes: RefCell<Vec<(Kind, Pass)>>,
}

/// Passes of one kind are the same operators on other numbers.
#[derive(Clone, PartialEq)]
struct Kind {
    inputs: Vec<Vec<usize>>,
    attention: AttentionMethod,
}

enum Pass {
    /// Made once, and gave this: whatever a device loads or looks up at the first time is there.
    Made(Shape, DType),
    Recorded(cuda::Recording),
    /// The device could not.
    Plain,
}

impl Replay {
    /// How many passes are kept.
    #[cfg(test)]
    #[cfg(feature = "cuda")]
    pub(crate) fn recorded(&self) -> usize {
        self.passes.borrow().iter().filter(|(_, pass)| matches!(pass, Pass::Recorded(_))).count()
    }

    /// What `body` makes of `inputs`, which are first brought onto the device; the answer is on the host. The last of them is
    /// a batch of maps.
    ///
    /// `body` must do the same operators each time for inputs of the same shapes and the same `attention`, and read nothing
    /// else that changes.
    ///
    /// # Errors
    /// What `body` says, or when the device failed or has no memory.
    pub(crate) fn run(
        &self,
        on: &Operators,
        inputs: &[&Tensor],
        attention: AttentionMethod,
        body: impl Fn(Vec<Array>) -> Result<Array, ModelError>,
    ) -> Result<Tensor, ModelError> {
        let given = inputs.iter().map(|input| on.upload(input)).collect::<Result<Vec<_>, _>>()?;
        if !on.may_record(&given) {
            return body(given)?.download();
        }
        let kind = Kind { inputs: given.iter().map(|array| array.dims().to_vec()).collect(), attention };
        let mut passes = self.passes.borrow_mut();
        let Some(at) = passes.iter().position(|(known, _)| *known == kind) else {
            drop(passes);
            let made = body(given)?;
            let mut passes = self.passes.borrow_mut();
            if passes.len() == MOST_PASSES {
                passes.remove(0);
            }
            passes.push((kind, Pass::Made(made.shape().clone(), made.dtype())));
            return made.download();
        };
        let pass = &mut passes[at].1;
        if let Pass::Made(shape, dtype) = pass {
            *pass = match on.record(&given, (shape.clone(), *dtype), &body) {
                Ok(recording) => Pass::Recorded(recording),
                Err(ModelError::Cancelled) => return Err(ModelError::Cancelled),
                Err(error) => {
                    tracing::debug!("a pass cannot be recorded: {error}");
                    Pass::Plain
                }
            };
        }
        if let Pass::Recorded(recording) = pass {
            match on.replayed(recording, &given) {
                Ok(answer) => return answer.download(),
                Err(error) => tracing::debug!("a recorded pass did not start: {error}"),
            }
            // A graph's memory is its own: on a full card a pass may fit where its graph does not.
            *pass = Pass::Plain;
        }
        body(given)?.download()
    }
}

impl Operators {
    /// Only where operators are a card's own, on small maps, and nobody looks on or counts.
    fn may_record(&self, given: &[Array]) -> bool {
        let context = &self.context;
        let is_small = given.last().is_some_and(|sample| match *sample.dims() {
            [batch, _, height, width] => batch * height * width <= MOST_PIXELS,
            _ => false,
        });
        let is_alone = context.watch.is_none() && context.tracker.is_none() && !context.streams;
        context.card == Card::Cuda && is_alone && is_small && self.fused().is_some() && cuda::may_record()
    }

    fn record(
        &self,
        given: &[Array],
        answer: (Shape, DType),
        body: &dyn Fn(Vec<Array>) -> Result<Array, ModelError>,
    ) -> Result<cuda::Recording, ModelError> {
        let failed = |error| self.failure(Operator::Copy, self.dtype, &error);
        let given = given.iter().map(Array::real).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let prepared = cuda::Recording::prepare(self.device(), &given, answer).map_err(failed)?;
        prepared.record(|places| {
            let array = |place: &Tensor| Array::new(Body::Real(place.clone()), self.clone(), None);
            let made = body(places.iter().map(array).collect())?.contiguous()?;
            made.real().cloned().map_err(failed)
        })
    }

    fn replayed(&self, recording: &cuda::Recording, given: &[Array]) -> Result<Array, ModelError> {
        let started = given.iter().map(Array::real).collect::<Result<Vec<_>, _>>();
        let answer = started.and_then(|given| recording.start(&given));
        let answer = answer.map_err(|error| self.failure(Operator::Copy, self.dtype, &error))?;
        Ok(Array::new(Body::Real(answer), self.clone(), None))
    }
}
