//! A listener whose connections have shaken hands: a slow or silent one holds nobody up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::identity::Identity;

/// A handshake that takes longer is none.
const MOST: Duration = Duration::from_secs(10);
/// Handshakes at once.
const AT_ONCE: usize = 128;

type Arrived = (TlsStream<TcpStream>, SocketAddr);

pub(in crate::service) struct TlsListener {
    address: SocketAddr,
    arrived: mpsc::Receiver<Arrived>,
    accepting: AbortHandle,
}

impl TlsListener {
    /// # Errors
    /// When the socket has no address.
    pub(in crate::service) fn new(listener: TcpListener, identity: &Identity) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (arrive, arrived) = mpsc::channel(AT_ONCE);
        let acceptor = TlsAcceptor::from(Arc::clone(&identity.config));
        let accepting = tokio::spawn(accept(listener, acceptor, arrive)).abort_handle();
        Ok(Self { address, arrived, accepting })
    }
}

async fn accept(mut listener: TcpListener, acceptor: TlsAcceptor, arrive: mpsc::Sender<Arrived>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, peer) = Listener::accept(&mut listener).await;
        let (acceptor, arrive) = (acceptor.clone(), arrive.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(MOST, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let _ = arrive.send((stream, peer)).await;
                }
                Ok(Err(error)) => tracing::debug!("no handshake with {peer}: {error}"),
                Err(_) => tracing::debug!("no handshake with {peer} in time"),
            }
            drop(place);
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.arrived.recv().await {
            Some(arrived) => arrived,
            // Only when the runtime ends.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
