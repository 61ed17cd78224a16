//! The service: its router in process and over real sockets, with a scripted backend, and one picture by the built-in
//! model.
#![cfg(feature = "serve")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod a1111;
mod a1111_lenient;
#[cfg(unix)] // it starts the real program
mod clients;
#[cfg(all(unix, feature = "nats"))] // it kills workers
mod cluster;
mod controls;
mod crowd;
mod guard;
mod hostile;
mod jobs;
mod kept;
#[cfg(unix)] // it kills the real program
mod killed;
mod mcp;
mod openai;
mod openapi;
#[cfg(unix)] // it is ended by signals
mod program;
mod remote;
mod scene;
mod socket;
#[cfg(unix)] // it starts the real program
mod tls;
