//! `inkwick serve`: the engine behind HTTP, safe by default.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::arguments::DeviceArguments;
use super::backend::backend;
use super::output::{explain, say};
use crate::engine::EngineHandle;
use crate::service::{AccessToken, KeptJobs, Service, ServiceOptions, Stop, serve};
use crate::store::paths::Paths;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::saver::PictureSaver;
use crate::store::settings::Settings;

/// Where a token may stand that no process list shows.
const TOKEN_VARIABLE: &str = "INKWICK_TOKEN";

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The address to listen on; any but this machine's own needs a token
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7860")]
    pub listen: SocketAddr,
    #[allow(clippy::doc_markdown)] // Shown as help.
    /// A file with the token that a request must carry (or set INKWICK_TOKEN)
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// The token itself; process lists show it to everyone on this machine
    #[arg(long, value_name = "TEXT")]
    pub token: Option<String>,
    /// A name by which this machine is called, besides its addresses; may be given several times
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    #[allow(clippy::doc_markdown, rustdoc::bare_urls)] // Shown as help.
    /// A web page that may ask from a browser, such as https://example.org; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,
    #[command(flatten)]
    pub device: DeviceArguments,
}

pub(super) fn run(arguments: &ServeArguments) -> ExitCode {
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            explain(&format!("inkwick: {sentence}"));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: &ServeArguments) -> Result<(), String> {
    let token = token(arguments)?;
    let is_elsewhere = !arguments.listen.ip().is_loopback();
    if is_elsewhere && token.is_none() {
        return Err(format!(
            "everyone on the network could use this machine at {}; give a token with --token-file FILE or {TOKEN_VARIABLE}",
            arguments.listen
        ));
    }
    let mut paths = Paths::of_this_machine().map_err(|error| error.to_string())?;
    paths.other_folders = Settings::load(&paths.settings_file).settings.known_models;
    let listener = TcpListener::bind(arguments.listen).map_err(|error| {
        format!("{} cannot be listened on ({error}); choose another with --listen", arguments.listen)
    })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let (device, dtype) = (arguments.device.device, arguments.device.dtype);
    let failure_file = paths.device_failure_file.clone();
    let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
    let kept = match KeptJobs::open(&paths.service_folder()) {
        Ok(kept) => Some(kept),
        Err(problem) => {
            explain(&format!("note: {problem}"));
            None
        }
    };
    let keeper = kept.as_ref().map(KeptJobs::keeper);
    let backend = move || backend(device, dtype, failure_file);
    let engine = EngineHandle::start_keeping(backend, saver, keeper, Arc::new(|| {}))
        .map_err(|error| format!("the engine's thread could not be started: {error}"))?;
    let options = ServiceOptions {
        token,
        allowed_hosts: arguments.allow_host.clone(),
        allowed_origins: arguments.allow_origin.clone(),
        device,
        dtype,
        ..ServiceOptions::default()
    };
    let service = Service::start_keeping(&engine, paths, options, kept)
        .map_err(|error| format!("the service's thread could not be started: {error}"))?;
    let stop = Stop::new();
    let asked = stop.clone();
    if let Err(error) = ctrlc::set_handler(move || asked.ask()) {
        tracing::warn!("Ctrl+C will end the program at once: {error}");
    }
    say(&format!("listening on http://{address}"));
    if is_elsewhere {
        explain(
            "note: the token and all pictures go over the network unencrypted; put a proxy with TLS before it where others listen",
        );
    }
    serve(listener, &service, &stop).map_err(|error| format!("the server ended ({error}); start it again"))
}

/// From the file, the environment or the argument.
fn token(arguments: &ServeArguments) -> Result<Option<AccessToken>, String> {
    let text = if let Some(file) = &arguments.token_file {
        std::fs::read_to_string(file).map_err(|error| {
            format!("the token's file cannot be read ({error}); check --token-file: {}", file.display())
        })?
    } else if let Some(text) = &arguments.token {
        explain(
            "note: process lists show this token to everyone on this machine; --token-file FILE or INKWICK_TOKEN hides it",
        );
        text.clone()
    } else if let Some(text) = std::env::var_os(TOKEN_VARIABLE) {
        text.into_string().map_err(|_| format!("{TOKEN_VARIABLE} is no text; set it again"))?
    } else {
        return Ok(None);
    };
    AccessToken::new(&text).map(Some).ok_or_else(|| {
        format!(
            "an empty token keeps nobody out; write one into the file that --token-file names, or set {TOKEN_VARIABLE}"
        )
    })
}
