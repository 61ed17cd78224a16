//! Where another machine's engine answers: `http(s)://host:7860`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `inkwick serve` listens there by itself.
const PORT: u16 = 7860;

/// Without a path: a machine has one engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemoteAddress {
    is_secure: bool,
    /// An IPv6 address in brackets.
    host: String,
    port: u16,
}

impl RemoteAddress {
    /// Whether what goes there is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// As a connection is made to.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is this very machine, which nobody listens in on.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        self.host() == "localhost" || self.host().parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }
}

impl FromStr for RemoteAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "an address is http:// or https://, a machine's name or number, and perhaps :7860".to_owned();
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong()),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (rest, PORT),
        };
        let is_number = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = if let Some(number) = is_number {
            number.parse::<std::net::Ipv6Addr>().is_ok()
        } else {
            let may_be = |letter: char| letter.is_alphanumeric() || ['-', '.', '_'].contains(&letter);
            !host.is_empty() && host.chars().all(may_be)
        };
        if is_host { Ok(Self { is_secure, host: host.to_lowercase(), port }) } else { Err(wrong()) }
    }
}

impl fmt::Display for RemoteAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(formatter, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl TryFrom<String> for RemoteAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RemoteAddress> for String {
    fn from(address: RemoteAddress) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        for (text, read) in [
            ("http://desk:7860", "http://desk:7860"),
            (" HTTPS://Desk.lan/ ", "https://desk.lan:7860"),
            ("192.168.1.5", "http://192.168.1.5:7860"),
            ("desk:80", "http://desk:80"),
            ("http://[fe80::1]:1234", "http://[fe80::1]:1234"),
            ("https://[::1]", "https://[::1]:7860"),
        ] {
            let address: RemoteAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), read, "{text}");
            assert_eq!(read.parse::<RemoteAddress>().unwrap(), address);
        }
        for text in
            ["", "ftp://desk", "http://", "http://desk/path", "http://a b", "http://desk:port", "desk:99999", "[x]:1"]
        {
            assert!(text.parse::<RemoteAddress>().is_err(), "{text}");
        }
        assert!("localhost".parse::<RemoteAddress>().unwrap().is_this_machine());
        assert!("[::1]:1".parse::<RemoteAddress>().unwrap().is_this_machine());
        assert!(!"desk".parse::<RemoteAddress>().unwrap().is_this_machine());
    }
}
