//! `inkwick serve --nats`: a node of many that share a queue.

use std::sync::Arc;

use clap::Args;

use super::output::explain;
use crate::service::Service;
use crate::service::cluster::{Node, NodeOptions};

/// Where the address may stand that no process list shows; it may hold a password.
const SERVERS_VARIABLE: &str = "INKWICK_NATS";

#[derive(Debug, Args)]
pub(super) struct NodeArguments {
    #[allow(clippy::doc_markdown, rustdoc::bare_urls)] // Shown as help.
    /// Share a queue with other machines in NATS JetStream, such as nats://queue:4222 (or set INKWICK_NATS); several servers
    /// with commas between them
    #[arg(long, value_name = "URL")]
    pub nats: Option<String>,
    /// Put jobs into the shared queue and leave the work to other nodes
    #[arg(long)]
    pub front_only: bool,
}

impl NodeArguments {
    fn servers(&self) -> Option<String> {
        let by_environment = || std::env::var(SERVERS_VARIABLE).ok();
        self.nats.clone().or_else(by_environment).filter(|servers| !servers.trim().is_empty())
    }

    /// Whether jobs go into a shared queue, which keeps them better than this machine's disk.
    pub(super) fn is_node(&self) -> bool {
        self.servers().is_some()
    }

    /// # Errors
    /// In one sentence.
    pub(super) fn join(&self, service: &Arc<Service>) -> Result<Option<Node>, String> {
        let Some(servers) = self.servers() else {
            return if self.front_only { Err("--front-only needs --nats URL".to_owned()) } else { Ok(None) };
        };
        if self.nats.as_ref().is_some_and(|servers| servers.contains('@')) {
            explain(&format!(
                "note: process lists show this password to everyone on this machine; {SERVERS_VARIABLE} hides it"
            ));
        }
        Node::join(service, &NodeOptions { servers, works: !self.front_only, lease: NodeOptions::LEASE }).map(Some)
    }
}
