//! Who asked lately: for the person whose machine this is.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::connect_info::Connected;
use axum::http::{HeaderMap, header};
use axum::serve::IncomingStream;
use tokio::net::TcpListener;

use super::tls::TlsListener;

/// Who has been silent for longer has left.
const STAYS: Duration = Duration::from_mins(2);
/// More machines than a person would read.
const MOST: usize = 64;

/// Where a request came from.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A machine that asked lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    pub address: IpAddr,
    /// As it calls itself; empty where it does not.
    pub program: String,
    pub silent_for: Duration,
}

#[derive(Default)]
pub(super) struct Guests(Mutex<BTreeMap<(IpAddr, String), Instant>>);

impl Guests {
    /// Somebody who was let in.
    pub(super) fn note(&self, peer: Peer, headers: &HeaderMap) {
        let program = headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok()).unwrap_or_default();
        // Its first word, and its version: browsers go on for a line.
        let program: String = program.split(' ').next().unwrap_or_default().chars().take(40).collect();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        seen.retain(|_, last| now.duration_since(*last) < STAYS);
        let guest = (peer.0.ip().to_canonical(), program);
        if seen.len() < MOST || seen.contains_key(&guest) {
            seen.insert(guest, now);
        }
    }

    /// By their addresses.
    #[must_use]
    pub(super) fn all(&self) -> Vec<Guest> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let guest = |((address, program), last): (&(IpAddr, String), &Instant)| Guest {
            address: *address,
            program: program.clone(),
            silent_for: last.elapsed(),
        };
        seen.iter().map(guest).filter(|guest| guest.silent_for < STAYS).collect()
    }
}
