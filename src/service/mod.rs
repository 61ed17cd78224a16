//! The worker: the engine behind HTTP, for other programs on this machine and on others.
//!
//! `routes` answer, `jobs` keep what was asked and what became of it, `request` alone turns JSON into a `job::Request`,
//! `nearby` finds others on the network, `cluster` shares a queue with other machines, `remote` computes on one, `a1111`, `openai` and `mcp` translate others'
//! interfaces into ours, `openapi` describes all of it, `answer` alone turns errors into statuses, `guard` looks at every
//! request first.

mod a1111;
mod answer;
mod body;
mod catalogue;
#[cfg(feature = "nats")]
pub mod cluster;
mod fields;
mod guard;
mod guests;
mod jobs;
mod mcp;
mod names;
pub mod nearby;
mod openai;
mod openapi;
mod options;
mod pictures;
pub mod remote;
mod request;
mod router;
mod routes;
mod server;
mod state;
mod tls;
mod waiting;
mod words;

pub use guests::Guest;
pub use jobs::KeptJobs;
pub use mcp::serve_stdio as serve_mcp_on_stdio;
pub use options::{AccessToken, ServiceOptions};
pub use router::router;
pub use server::{Stop, serve, serve_tls};
pub use state::Service;
pub use tls::{Identity, IdentityError};
