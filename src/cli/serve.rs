//! `inkwick serve`: the engine behind HTTP, safe by default.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::arguments::DeviceArguments;
#[cfg(feature = "nats")]
use super::node::NodeArguments;
use super::output::{explain, say};
use super::{serve_values, service};
use crate::service::nearby::{Announced, announce};
use crate::service::{AccessToken, Identity, ServiceOptions, Stop, serve, serve_tls};
use crate::store::paths::Paths;
use crate::store::secret;

/// Where a token may stand that no process list shows.
const TOKEN_VARIABLE: &str = "INKWICK_TOKEN";

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The address to listen on, or a name that leads to one; any but this machine's own needs a token
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7860", value_parser = serve_values::address)]
    pub listen: SocketAddr,
    #[allow(clippy::doc_markdown)] // Shown as help.
    /// A file with the token that a request must carry (or set INKWICK_TOKEN)
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// The token itself; process lists show it to everyone on this machine
    #[arg(long, value_name = "TEXT")]
    pub token: Option<String>,
    /// A name by which this machine is called, besides its addresses; may be given several times
    #[arg(long, value_name = "NAME", value_parser = serve_values::host)]
    pub allow_host: Vec<String>,
    #[allow(clippy::doc_markdown, rustdoc::bare_urls)] // Shown as help.
    /// A web page that may ask from a browser, such as https://example.org; may be given several times
    #[arg(long, value_name = "ORIGIN", value_parser = serve_values::origin)]
    pub allow_origin: Vec<String>,
    #[allow(clippy::doc_markdown)] // Shown as help.
    /// Let other machines on the network find this server by itself (mDNS)
    #[arg(long)]
    pub announce: bool,
    /// HTTPS by a certificate that is made at the first start; its fingerprint is shown for clients to compare
    #[arg(long)]
    pub tls: bool,
    /// HTTPS by this certificate: a PEM file, with those that vouch for it behind it
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "tls")]
    pub cert: Option<PathBuf>,
    /// The certificate's key: a PEM file
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    #[cfg(feature = "nats")]
    #[command(flatten)]
    pub node: NodeArguments,
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
    let listener = TcpListener::bind(arguments.listen).map_err(|error| {
        format!("{} cannot be listened on ({error}); choose another with --listen", arguments.listen)
    })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let identity = identity(arguments)?;
    let options = ServiceOptions {
        token,
        allowed_hosts: arguments.allow_host.clone(),
        allowed_origins: arguments.allow_origin.clone(),
        ..ServiceOptions::default()
    };
    #[cfg(feature = "nats")]
    let keeps_jobs = !arguments.node.is_node();
    #[cfg(not(feature = "nats"))]
    let keeps_jobs = true;
    let service = service::start(&arguments.device, options, keeps_jobs)?;
    #[cfg(feature = "nats")]
    let node = arguments.node.join(&service)?;
    let stop = Stop::new();
    let asked = stop.clone();
    if let Err(error) = ctrlc::set_handler(move || asked.ask()) {
        tracing::warn!("Ctrl+C will end the program at once: {error}");
    }
    // Found as long as it is served.
    let _announced = arguments.announce.then(|| announced(address.port(), identity.is_some()));
    let scheme = if identity.is_some() { "https" } else { "http" };
    say(&format!("listening on {scheme}://{address}"));
    let served = if let Some(identity) = &identity {
        explain(&format!("note: the certificate's fingerprint (SHA-256) is {}", identity.fingerprint()));
        serve_tls(listener, identity, &service, &stop)
    } else {
        if is_elsewhere {
            explain("note: the token and all pictures go over the network unencrypted; --tls or --cert encrypts them");
        }
        serve(listener, &service, &stop)
    };
    #[cfg(feature = "nats")]
    if let Some(node) = node {
        node.leave();
    }
    served.map_err(|error| format!("the server ended ({error}); start it again"))
}

/// Why nobody finds it is said; it is served all the same.
fn announced(port: u16, is_secure: bool) -> Option<Announced> {
    let name = sysinfo::System::host_name().unwrap_or_else(|| "Inkwick".to_owned());
    announce(&name, port, is_secure).map_err(|sentence| explain(&format!("note: {sentence}"))).ok()
}

/// What HTTPS is spoken with, if it is asked for.
fn identity(arguments: &ServeArguments) -> Result<Option<Identity>, String> {
    if let (Some(certificate), Some(key)) = (&arguments.cert, &arguments.key) {
        if secret::is_readable_by_others(key) {
            explain(&format!("note: others on this machine can read the key (chmod 600 helps): {}", key.display()));
        }
        return Identity::read(certificate, key).map(Some).map_err(|error| error.to_string());
    }
    if !arguments.tls {
        return Ok(None);
    }
    let paths = Paths::of_this_machine().map_err(|error| error.to_string())?;
    let (certificate, key) = paths.certificate_files();
    let here = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()].into_iter();
    let address = arguments.listen.ip();
    let more = (!address.is_unspecified() && !address.is_loopback()).then(|| address.to_string());
    let names = here.chain(more).chain(arguments.allow_host.iter().cloned()).collect();
    Identity::made_here(&certificate, &key, names).map(Some).map_err(|error| error.to_string())
}

/// From the file, the environment or the argument.
fn token(arguments: &ServeArguments) -> Result<Option<AccessToken>, String> {
    let text = if let Some(file) = &arguments.token_file {
        if secret::is_readable_by_others(file) {
            explain(&format!("note: others on this machine can read the token (chmod 600 helps): {}", file.display()));
        }
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
