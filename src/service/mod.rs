//! The worker: the engine behind HTTP, for other programs on this machine and on others.
//!
//! `routes` answer, `jobs` keep what was asked and what became of it, `request` alone turns JSON into a `job::Request`,
//! `a1111` and `openai` translate others' interfaces into ours, `answer` alone turns errors into statuses, `guard` looks at every request first.

mod a1111;
mod answer;
mod body;
mod catalogue;
mod fields;
mod guard;
mod jobs;
mod openai;
mod options;
mod pictures;
mod request;
mod router;
mod routes;
mod server;
mod state;
mod words;

pub use jobs::KeptJobs;
pub use options::{AccessToken, ServiceOptions};
pub use router::router;
pub use server::{Stop, serve};
pub use state::Service;
