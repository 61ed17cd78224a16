//! What a job is to do.

use super::{Request, RequestError, UpscaleRequest};

/// A kind of work with all that it needs. A new kind is a new variant: queue, events and errors are there already.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Make a picture.
    Generate(Box<Request>),
    /// Make a picture larger.
    Upscale(Box<UpscaleRequest>),
}

impl Task {
    /// What can be judged without a model.
    ///
    /// # Errors
    /// Names the first value that is out of its range.
    pub fn validate(&self) -> Result<(), RequestError> {
        match self {
            Self::Generate(request) => request.validate(),
            Self::Upscale(request) => request.validate(),
        }
    }

    /// The settings of the picture that comes of it; of an enlarged one those of the picture that it is made from.
    #[must_use]
    pub fn request(&self) -> &Request {
        match self {
            Self::Generate(request) => request,
            Self::Upscale(request) => &request.made_by,
        }
    }

    /// What a person wrote, which no log may hold.
    #[must_use]
    pub fn private_texts(&self) -> Vec<&str> {
        let Request { prompt, negative, drawn_prompt, drawn_negative, .. } = self.request();
        let further = [negative, drawn_prompt, drawn_negative].into_iter().filter_map(|text| text.as_deref());
        std::iter::once(prompt.as_str()).chain(further).collect()
    }
}

impl From<UpscaleRequest> for Task {
    fn from(request: UpscaleRequest) -> Self {
        Self::Upscale(Box::new(request))
    }
}

impl From<Request> for Task {
    fn from(request: Request) -> Self {
        Self::Generate(Box::new(request))
    }
}
