//! `inkwick mcp`: tools for programs in which a language model works, over standard input and output.

use std::process::ExitCode;

use clap::Args;

use super::arguments::DeviceArguments;
use super::output::explain;
use super::service;
use crate::service::{ServiceOptions, serve_mcp_on_stdio};

#[derive(Debug, Args)]
pub(super) struct McpArguments {
    #[command(flatten)]
    pub device: DeviceArguments,
}

pub(super) fn run(arguments: &McpArguments) -> ExitCode {
    let served = service::start(&arguments.device, ServiceOptions::default(), false)
        .and_then(|service| serve_mcp_on_stdio(&service).map_err(|error| format!("the conversation ended ({error})")));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            explain(&format!("inkwick: {sentence}"));
            ExitCode::FAILURE
        }
    }
}
