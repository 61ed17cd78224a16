//! Values of `inkwick serve`'s options: a wrong one is answered with what is wanted, before anything is served.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// An address and a port; a name is looked up.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let wanted = "wanted is ADDRESS:PORT, such as 127.0.0.1:7860, localhost:7860 or [::1]:7860";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (name, port) = text.rsplit_once(':').ok_or(wanted)?;
    let port: u16 = port.parse().map_err(|_| wanted)?;
    if name.is_empty() || name.contains([':', '/', '[', ']']) {
        return Err(wanted.to_owned());
    }
    let found =
        (name, port).to_socket_addrs().map_err(|error| format!("{name} leads to no address ({error}); {wanted}"));
    let found: Vec<SocketAddr> = found?.collect();
    // As `127.0.0.1` is what everybody else means by localhost.
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| format!("{name} leads to no address; {wanted}"))
}

/// A machine's name, as it stands in a request's Host without the port.
pub(super) fn host(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && !text.contains(|sign: char| sign.is_whitespace() || ":/?#@".contains(sign));
    if is_name || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err("wanted is a name alone, such as studio.lan, without http:// and without a port".to_owned())
}

/// A page's origin, as browsers send it: scheme, host and port.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let origin = text.strip_suffix('/').unwrap_or(text);
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|sign| sign.is_ascii_alphanumeric() || "+-.".contains(sign))
    };
    let is_host =
        |host: &str| !host.is_empty() && !host.contains(|sign: char| sign.is_whitespace() || "/?#@".contains(sign));
    let is_origin = origin.split_once("://").is_some_and(|(scheme, host)| is_scheme(scheme) && is_host(host));
    if is_origin || ["*", "null"].contains(&text) {
        return Ok(origin.to_owned());
    }
    Err("wanted is a page's scheme and host, such as https://example.org or http://localhost:3000, or * for every page"
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_listened_on() {
        assert_eq!(address("[::1]:80").unwrap().to_string(), "[::1]:80");
        let here = address("localhost:7860").unwrap();
        assert!(here.ip().is_loopback() && here.port() == 7860);
        for wrong in
            ["localhost", "7860", ":7860", "localhost:http", "http://localhost:7860", "::1:7860x", "a:70000", ""]
        {
            let refused = address(wrong).unwrap_err();
            assert!(refused.contains("localhost:7860 or [::1]:7860"), "{wrong}: {refused}");
        }
    }

    #[test]
    fn hosts_and_origins_are_what_requests_carry() {
        for name in ["studio.lan", "studio", "192.168.1.4", "fe80::1"] {
            assert_eq!(host(name).unwrap(), name);
        }
        for wrong in ["", "http://x", "studio.lan:7860", "studio.lan/", "a b"] {
            assert!(host(wrong).unwrap_err().contains("such as studio.lan"), "{wrong}");
        }
        for (text, wanted) in [
            ("https://example.org", "https://example.org"),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("*", "*"),
            ("null", "null"),
        ] {
            assert_eq!(origin(text).unwrap(), wanted);
        }
        for wrong in ["foo", "", "example.org", "https://", "https://example.org/page", "://x", "http:/x"] {
            assert!(origin(wrong).unwrap_err().contains("such as https://example.org"), "{wrong}");
        }
    }
}
