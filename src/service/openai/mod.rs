//! OpenAI's interface for pictures: `/v1/images/generations` and `/v1/images/edits`, whole or as a stream with partial
//! pictures.
//!
//! As with AUTOMATIC1111's it is translated into our own interface's fields (`dialect`); unknown fields are passed over.

mod dialect;
mod form;
mod generate;
mod output;
mod refused;
mod routes;
mod streaming;

pub(super) use routes::routes;
