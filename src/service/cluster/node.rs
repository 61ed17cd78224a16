//! A node: joins the shared queue, works if it shall, and leaves when what it works on has ended.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::front::Front;
use super::hands::EngineHands;
use super::link::{Fault, Link};
use super::work::work;
use crate::service::state::Service;

/// In which what was said last goes out.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// `nats://host:4222`, or several with commas between them.
    pub servers: String,
    /// Whether it takes jobs, too; a front alone needs no model.
    pub works: bool,
    /// How long a node may be silent about its job before another one gets it. The first node decides for all.
    pub lease: Duration,
}

impl NodeOptions {
    pub const LEASE: Duration = Duration::from_secs(30);
}

/// Leaves when it is dropped; [`Node::leave`] is the polite way.
pub struct Node {
    runtime: Runtime,
    /// One for each job that the engine works on at once.
    workers: Vec<JoinHandle<()>>,
    link: Arc<Link>,
}

impl Node {
    /// From now on the service's jobs go into the shared queue.
    ///
    /// # Errors
    /// In one sentence.
    pub fn join(service: &Arc<Service>, options: &NodeOptions) -> Result<Self, String> {
        let threads = Builder::new_multi_thread().worker_threads(2).thread_name("inkwick-node").enable_all().build();
        let runtime = threads.map_err(|error: io::Error| format!("the system gives no threads ({error})"))?;
        let link = runtime.block_on(Link::open(&options.servers, options.lease));
        let link = Arc::new(link.map_err(|error| refused(&error))?);
        let front =
            Front { link: Arc::clone(&link), runtime: runtime.handle().clone(), service: Arc::downgrade(service) };
        service.jobs.share(Arc::new(front));
        let worker = |_| {
            let (hands, link) = (EngineHands(Arc::clone(service)), Arc::clone(&link));
            runtime.spawn(async move { work(&link, &hands).await })
        };
        let count = if options.works { service.jobs.engines().max(1) } else { 0 };
        let workers = (0..count).map(worker).collect();
        Ok(Self { runtime, workers, link })
    }

    /// Waits for what it works on. The service must have been stopped.
    pub fn leave(mut self) {
        self.runtime.block_on(async {
            for worker in std::mem::take(&mut self.workers) {
                let _ = worker.await;
            }
            let _ = tokio::time::timeout(LAST_WORDS, self.link.client.flush()).await;
        });
        self.runtime.shutdown_timeout(LAST_WORDS);
    }
}

fn refused(error: &Fault) -> String {
    format!("NATS cannot be used ({error}); see whether nats-server runs there, with -js for JetStream")
}
