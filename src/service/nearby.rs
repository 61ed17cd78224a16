//! Machines on the same network that share their engine: told of, and looked for, by multicast DNS (RFC 6762 and 6763).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};

const KIND: &str = "_inkwick._tcp.local.";
const SCHEME: &str = "scheme";
/// For the last word to go out.
const GOODBYE: Duration = Duration::from_millis(500);

/// A machine that lets itself be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nearby {
    /// "desk".
    pub name: String,
    /// `http(s)://192.168.1.5:7860`.
    pub address: String,
}

/// This machine is found as long as this lives.
pub struct Announced {
    daemon: ServiceDaemon,
    name: String,
}

/// # Errors
/// In one sentence, when the system does not let us speak to the network.
pub fn announce(name: &str, port: u16, is_secure: bool) -> Result<Announced, String> {
    let failed = |error: mdns_sd::Error| format!("others cannot find this machine by themselves ({error})");
    let daemon = ServiceDaemon::new().map_err(failed)?;
    // The label of a host: letters, digits and hyphens.
    let host: String = name.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).collect();
    let scheme = [(SCHEME, if is_secure { "https" } else { "http" })];
    let told = ServiceInfo::new(KIND, name, &format!("{host}.local."), "", port, &scheme[..]).map_err(failed)?;
    let told = told.enable_addr_auto();
    let name = told.get_fullname().to_owned();
    daemon.register(told).map_err(failed)?;
    Ok(Announced { daemon, name })
}

impl Drop for Announced {
    fn drop(&mut self) {
        if let Ok(said) = self.daemon.unregister(&self.name) {
            let _ = said.recv_timeout(GOODBYE);
        }
        if let Ok(ended) = self.daemon.shutdown() {
            let _ = ended.recv_timeout(GOODBYE);
        }
    }
}

/// All that answer within `patience`, by their names.
///
/// # Errors
/// As [`announce`].
pub fn look(patience: Duration) -> Result<Vec<Nearby>, String> {
    let failed = |error: mdns_sd::Error| format!("the network cannot be looked through ({error}); write the address");
    let daemon = ServiceDaemon::new().map_err(failed)?;
    let events = daemon.browse(KIND).map_err(failed)?;
    let end = Instant::now() + patience;
    let mut found = Vec::new();
    while let Ok(event) = events.recv_timeout(end.saturating_duration_since(Instant::now())) {
        match event {
            ServiceEvent::ServiceResolved(service) => found.extend(nearby(&service)),
            ServiceEvent::ServiceRemoved(_, name) => found.retain(|one: &Nearby| one.name != name_in(&name)),
            _ => {}
        }
    }
    if let Ok(ended) = daemon.shutdown() {
        let _ = ended.recv_timeout(GOODBYE);
    }
    // It answers once for each of its networks.
    found.sort();
    found.dedup_by(|one, other| one.name == other.name);
    Ok(found)
}

fn nearby(service: &ResolvedService) -> Option<Nearby> {
    let mut addresses: Vec<IpAddr> = service.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr).collect();
    // An older protocol's address needs no interface beside it; this machine's own is of no use to others.
    addresses.sort_by_key(|address| (address.is_loopback(), address.is_ipv6(), *address));
    let address = match addresses.first()? {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    let scheme = match service.txt_properties.get_property_val_str(SCHEME) {
        Some("https") => "https",
        _ => "http",
    };
    Some(Nearby { name: name_in(&service.fullname), address: format!("{scheme}://{address}:{}", service.port) })
}

/// "desk" in "desk._inkwick._tcp.local."; dots and spaces in it are escaped.
fn name_in(whole: &str) -> String {
    let name = whole.strip_suffix(KIND).unwrap_or(whole).trim_end_matches('.');
    let mut text = String::new();
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    // It is shown as it is.
    text.chars().filter(|letter| !letter.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_shown_as_its_owner_calls_it_and_by_an_address_that_others_reach() {
        let announced = |addresses: &str, scheme: &str| {
            let scheme = [(SCHEME, scheme)];
            ServiceInfo::new(KIND, "Ada's desk. 2", "desk.local.", addresses, 7861, &scheme[..]).unwrap()
        };
        for (addresses, scheme, address) in [
            ("127.0.0.1,192.168.1.5,fe80::1", "https", "https://192.168.1.5:7861"),
            ("fd00::5", "http", "http://[fd00::5]:7861"),
            ("10.0.0.1", "javascript", "http://10.0.0.1:7861"),
        ] {
            let found = nearby(&announced(addresses, scheme).as_resolved_service()).unwrap();
            assert_eq!(found, Nearby { name: "Ada's desk. 2".into(), address: address.into() });
        }
        assert_eq!(nearby(&announced("", "http").as_resolved_service()), None);
    }

    /// By hand: multicast is not to be had everywhere.
    #[test]
    #[ignore = "it wants a network"]
    fn who_announces_itself_is_found() {
        let announced = announce("inkwick-test", 7861, true).unwrap();
        let is_it = |one: &Nearby| one.name == "inkwick-test" && one.address.starts_with("https://");
        assert!(look(Duration::from_secs(4)).unwrap().iter().any(is_it));
        drop(announced);
        assert!(!look(Duration::from_secs(2)).unwrap().iter().any(is_it), "gone with its owner");
    }
}
