//! The Model Context Protocol, for programs in which a language model chooses tools: over standard input and output, and
//! at `/mcp`. The protocol is rmcp's; what the tools are and do is here.

mod arguments;
mod call;
mod handler;
mod tools;

use std::io;
use std::sync::Arc;

use rmcp::ServiceExt;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService, stdio};
use tokio::runtime::Builder;

use super::state::Service;
use handler::Handler;

/// What answers at `/mcp`. Who may ask was looked at before.
pub(super) fn over_http(service: &Arc<Service>) -> StreamableHttpService<Handler, LocalSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .with_sse_keep_alive(Some(service.options.keep_alive))
        .with_max_request_body_bytes(service.options.max_body_bytes)
        .with_cancellation_token(service.closing.clone());
    let shared = Arc::clone(service);
    StreamableHttpService::new(
        move || Ok(Handler::new(Arc::clone(&shared))),
        Arc::new(LocalSessionManager::default()),
        config,
    )
}

/// Answers on standard input and output until the input ends.
///
/// # Errors
/// When the system gives no threads, or what comes is no such protocol.
pub fn serve_stdio(service: &Arc<Service>) -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("inkwick-mcp").enable_all().build()?;
    let outcome = runtime.block_on(async {
        let running = Handler::new(Arc::clone(service)).serve(stdio()).await.map_err(io::Error::other)?;
        running.waiting().await.map_err(io::Error::other)
    });
    service.jobs.cancel_all();
    // Standard input may still be read from.
    runtime.shutdown_background();
    outcome.map(|_| ())
}
