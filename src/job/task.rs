//! What a job is to do.

use super::{Request, RequestError};

/// A kind of work with all that it needs. A new kind is a new variant: queue, events and errors are there already.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Make a picture.
    Generate(Box<Request>),
}

impl Task {
    /// What can be judged without a model.
    ///
    /// # Errors
    /// Names the first value that is out of its range.
    pub fn validate(&self) -> Result<(), RequestError> {
        match self {
            Self::Generate(request) => request.validate(),
        }
    }

    /// What a person wrote, which no log may hold.
    #[must_use]
    pub fn private_texts(&self) -> Vec<&str> {
        match self {
            Self::Generate(request) => {
                std::iter::once(request.prompt.as_str()).chain(request.negative.as_deref()).collect()
            }
        }
    }
}

impl From<Request> for Task {
    fn from(request: Request) -> Self {
        Self::Generate(Box::new(request))
    }
}
