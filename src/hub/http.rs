//! The client that everything is fetched with: one provider of cryptography, one name, one patience.

use std::sync::Once;
use std::time::Duration;

use reqwest::ClientBuilder;
use reqwest::redirect::{Action, Attempt};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// A connection over which nothing came for so long is given up.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
const MAX_REDIRECTS: usize = 10;
const USER_AGENT: &str = concat!("inkwick/", env!("CARGO_PKG_VERSION"));

/// A client to be.
pub(super) fn client() -> ClientBuilder {
    install_tls();
    ClientBuilder::new().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).user_agent(USER_AGENT)
}

/// One provider of cryptography for everything in the program that speaks TLS.
fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
            tracing::debug!("a provider for TLS was there already");
        }
    });
}

/// Follows redirects within one host: what another one says is not what was asked for.
pub(super) fn stay_on_host(attempt: Attempt) -> Action {
    let is_same = attempt.previous().last().is_some_and(|last| last.origin() == attempt.url().origin());
    if is_same && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
}
