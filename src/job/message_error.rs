//! Why bytes are no task, or no state of one.

/// Why bytes are no task or no state of one, or those cannot be bytes.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    #[error("a task was wanted, and these bytes are something else, or of another version")]
    NotATask,
    #[error("the task's bytes end too early, or go on too long")]
    Length,
    #[error("the task's settings cannot be read: {0}")]
    Header(#[from] serde_json::Error),
    #[error("a picture of the task cannot be written: {0}")]
    Encode(#[from] png::EncodingError),
    #[error("a picture of the task cannot be read: {0}")]
    Decode(#[from] png::DecodingError),
    #[error("a picture of the task is too large or not of 8 bits a channel")]
    Format,
}
