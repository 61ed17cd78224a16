//! Runs the router on a socket until it is asked to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::runtime::Builder;
use tokio::sync::watch;

use super::guests::Peer;
use super::router::router;
use super::state::Service;
use super::tls::{Identity, TlsListener};

/// Readers that do not take what is left for them when all jobs have ended.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);
/// In which the last outcomes go out, before connections are closed that would stay open.
const OUTCOMES: Duration = Duration::from_millis(250);

/// Asks a server to stop, from any thread.
#[derive(Clone)]
pub struct Stop(Arc<watch::Sender<u32>>);

impl Stop {
    #[must_use]
    #[allow(clippy::new_without_default)] // It is no value but a switch.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// First no job is taken any more, those that wait are handed back and the one that runs is finished; asked again, it
    /// is cancelled.
    pub fn ask(&self) {
        self.0.send_modify(|times| *times += 1);
    }
}

/// Answers on `listener` until `stop` was asked and every job has ended.
///
/// # Errors
/// When the system gives no threads, or the socket fails.
pub fn serve(listener: TcpListener, service: &Arc<Service>, stop: &Stop) -> io::Result<()> {
    run(listener, service, stop, Ok)
}

/// As [`serve`], over TLS.
///
/// # Errors
/// As there.
pub fn serve_tls(listener: TcpListener, identity: &Identity, service: &Arc<Service>, stop: &Stop) -> io::Result<()> {
    run(listener, service, stop, |listener| TlsListener::new(listener, identity))
}

fn run<L>(
    listener: TcpListener,
    service: &Arc<Service>,
    stop: &Stop,
    over: impl FnOnce(tokio::net::TcpListener) -> io::Result<L>,
) -> io::Result<()>
where
    L: Listener<Addr = SocketAddr>,
    Peer: for<'a> Connected<IncomingStream<'a, L>>,
{
    listener.set_nonblocking(true)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("inkwick-http").enable_all().build()?;
    let outcome = runtime.block_on(async {
        let listener = over(tokio::net::TcpListener::from_std(listener)?)?;
        let stopped = stopped(Arc::clone(service), stop.0.subscribe());
        let router = router(Arc::clone(service)).into_make_service_with_connect_info::<Peer>();
        let server = axum::serve(listener, router).with_graceful_shutdown(stopped);
        tokio::select! {
            outcome = server => outcome,
            () = given_up(Arc::clone(service), stop.0.subscribe()) => Ok(()),
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn stopped(service: Arc<Service>, mut asked: watch::Receiver<u32>) {
    let _ = asked.wait_for(|times| *times > 0).await;
    service.jobs.stop();
}

/// Ends when the jobs have, and readers had time to take what became of them.
async fn given_up(service: Arc<Service>, mut asked: watch::Receiver<u32>) {
    let _ = asked.wait_for(|times| *times > 0).await;
    while !(service.jobs.is_stopping() && service.jobs.are_all_ended()) {
        if *asked.borrow() > 1 {
            service.jobs.cancel_all();
        }
        tokio::time::sleep(LOOK).await;
    }
    tokio::time::sleep(OUTCOMES).await;
    service.closing.cancel();
    tokio::time::sleep(PATIENCE).await;
}
