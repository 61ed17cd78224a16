//! HTTPS: the server's certificate, given or made at the first start, and sockets that speak TLS.

mod identity;
mod listener;

pub(super) use identity::fingerprint_of;
pub use identity::{Identity, IdentityError};
pub(super) use listener::TlsListener;
