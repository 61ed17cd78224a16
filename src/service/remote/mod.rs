//! The other end of the service: another machine's engine as a backend of our own queue, and its answers to what a window
//! asks.

mod address;
mod backend;
mod connection;
mod elsewhere;
mod events;
mod run;
mod trust;

pub use address::RemoteAddress;
pub use backend::RoutedBackend;
pub use connection::{Connected, Connection};
pub use elsewhere::Elsewhere;
pub use trust::shown_fingerprint;

/// The type of a body that is a task as bytes.
pub(super) const TASK: &str = "application/vnd.inkwick.task";
/// The type of a body that is an estimate's question, and of its answer.
pub(super) const ESTIMATE: &str = "application/vnd.inkwick.estimate";
