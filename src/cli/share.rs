//! This machine's engine for others, beside the window: served on the network as long as a person wants it.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::engine::EngineHandle;
use crate::engine::device::WantedProcessor;
use crate::service::nearby::{Announced, announce};
use crate::service::{AccessToken, Guest, Identity, Service, ServiceOptions, Stop, serve, serve_tls};
use crate::store::paths::Paths;
use crate::store::preferences::Sharing;
use crate::store::secret;
use crate::ui::{Share, ShareGuest, Shared, TokenChoice};

/// Where others look first, and where a free one is looked for.
const PORTS: RangeInclusive<u16> = 7860..=7879;

/// What is being served, if anything is.
#[derive(Clone, Default)]
pub(super) struct Serving(Arc<Mutex<Option<Running>>>);

struct Running {
    stop: Stop,
    service: Arc<Service>,
    thread: JoinHandle<()>,
    _announced: Option<Announced>,
}

impl Serving {
    /// What others draw here is cancelled; returns when nobody is answered any more.
    pub(super) fn end(&self) {
        let Some(running) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        running.stop.ask();
        // Not the window's own jobs: they are another front's.
        running.stop.ask();
        if running.thread.join().is_err() {
            tracing::error!("the thread that serves others ended in a panic");
        }
    }

    fn guests(&self) -> Vec<ShareGuest> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let guests = running.as_ref().map(|running| running.service.guests()).unwrap_or_default();
        let guest = |Guest { address, program, silent_for }| ShareGuest {
            machine: address.to_string(),
            program,
            seconds_ago: silent_for.as_secs(),
        };
        guests.into_iter().map(guest).collect()
    }
}

/// For the window.
pub(super) fn share(serving: &Serving, engine: &EngineHandle, paths: &Paths, processor: &WantedProcessor) -> Share {
    let (engine, paths, processor) = (engine.clone(), paths.clone(), processor.clone());
    let (beginning, ending, asking) = (serving.clone(), serving.clone(), serving.clone());
    let begin = move |sharing: Sharing, token: TokenChoice| {
        beginning.end();
        let device = processor.get();
        let options = ServiceOptions { devices: device.devices(), dtype: device.dtype, ..ServiceOptions::default() };
        let (running, shared) = begin(&engine, &paths, options, sharing, token)?;
        *beginning.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        Ok(shared)
    };
    Share { begin: Arc::new(begin), end: Arc::new(move || ending.end()), guests: Arc::new(move || asking.guests()) }
}

fn begin(
    engine: &EngineHandle,
    paths: &Paths,
    options: ServiceOptions,
    sharing: Sharing,
    token: TokenChoice,
) -> Result<(Running, Shared), String> {
    let token = token_in(&paths.share_token_file(), token)?;
    let name = sysinfo::System::host_name().unwrap_or_else(|| "Inkwick".to_owned());
    let listener = listener(Ipv4Addr::UNSPECIFIED.into(), PORTS)?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let hosts = hosts();
    let identity = if sharing.is_encrypted {
        let (certificate, key) = paths.certificate_files();
        let names = hosts.iter().map(IpAddr::to_string).chain(["localhost".to_owned(), name.clone()]).collect();
        Some(Identity::made_here(&certificate, &key, names).map_err(|error| error.to_string())?)
    } else {
        None
    };
    let options = ServiceOptions {
        token: AccessToken::new(&token),
        allowed_hosts: vec![name.clone(), format!("{name}.local")],
        ..options
    };
    let service = Service::start(engine, paths.clone(), options)
        .map_err(|error| format!("the service's thread could not be started ({error})"))?;
    let scheme = if identity.is_some() { "https" } else { "http" };
    let fingerprint = identity.as_ref().map(|identity| identity.fingerprint().to_owned());
    let (announced, notice) = match sharing.is_announced.then(|| announce(&name, port, identity.is_some())) {
        None => (None, None),
        Some(Ok(announced)) => (Some(announced), None),
        Some(Err(sentence)) => (None, Some(sentence)),
    };
    let stop = Stop::new();
    let (asked, serves) = (stop.clone(), Arc::clone(&service));
    let serve = move || {
        let served = match &identity {
            Some(identity) => serve_tls(listener, identity, &serves, &asked),
            None => serve(listener, &serves, &asked),
        };
        if let Err(error) = served {
            tracing::error!("this machine is shared no longer: {error}");
        }
    };
    let thread = std::thread::Builder::new().name("inkwick-share".into()).spawn(serve);
    let thread = thread.map_err(|error| format!("the system gives no thread ({error})"))?;
    let addresses = hosts.iter().map(|host| format!("{scheme}://{host}:{port}")).collect();
    Ok((Running { stop, service, thread, _announced: announced }, Shared { addresses, token, fingerprint, notice }))
}

fn listener(host: IpAddr, ports: RangeInclusive<u16>) -> Result<TcpListener, String> {
    let (first, last) = (*ports.start(), *ports.end());
    let mut free = ports.filter_map(|port| TcpListener::bind((host, port)).ok());
    free.next().ok_or_else(|| format!("every port from {first} to {last} is taken; end another program that serves"))
}

/// By which others reach this machine; its own where it is in no network.
fn hosts() -> Vec<IpAddr> {
    let mut hosts: Vec<IpAddr> =
        if_addrs::get_if_addrs().unwrap_or_default().iter().map(if_addrs::Interface::ip).collect();
    hosts.retain(|host| host.is_ipv4() && !host.is_loopback());
    hosts.sort();
    hosts.dedup();
    if hosts.is_empty() {
        hosts.push(Ipv4Addr::LOCALHOST.into());
    }
    hosts
}

/// The one that is kept, or a new one.
fn token_in(file: &Path, choice: TokenChoice) -> Result<String, String> {
    let kept = std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned());
    if let Some(kept) = kept.filter(|text| choice == TokenChoice::Kept && !text.is_empty()) {
        return Ok(kept);
    }
    let mut bytes = [0; 12];
    let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| "the system gives no random numbers; try it again".to_owned())?;
    // In groups, as somebody may read it to another.
    let groups: Vec<String> =
        bytes.chunks(3).map(|group| format!("{:02x}{:02x}{:02x}", group[0], group[1], group[2])).collect();
    let token = groups.join("-");
    secret::write(file, token.as_bytes())
        .map_err(|error| format!("the token cannot be kept ({error}): {}", file.display()))?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_until_a_new_one_is_wanted_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let first = token_in(&file, TokenChoice::Kept).unwrap();
        assert_eq!(first.len(), 27, "{first}");
        assert_eq!(token_in(&file, TokenChoice::Kept).unwrap(), first);
        assert!(!secret::is_readable_by_others(&file));
        assert_ne!(token_in(&file, TokenChoice::New).unwrap(), first);
        std::fs::write(&file, " \n").unwrap();
        assert_eq!(token_in(&file, TokenChoice::Kept).unwrap().len(), 27, "an empty one lets everybody in");
    }

    #[test]
    fn a_taken_port_is_passed_over() {
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let taken = TcpListener::bind((here, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(listener(here, port..=port).unwrap_err().contains(&port.to_string()));
        let next = listener(here, port..=port.saturating_add(20)).unwrap().local_addr().unwrap().port();
        assert!(next > port);
    }
}
