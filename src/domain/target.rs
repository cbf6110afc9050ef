//! The clients' target, a host other than this machine: how it is typed, and the result of resolving it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::excerpt::sanitise;
use super::text_enum::{UnknownText, serde_as_text};
use super::verdict::PortReport;
use super::wire::millis;

/// A host, by name or address, and perhaps a port: `lab`, `lab:65432`, `192.168.0.7`, `fe80::1%eth0`, `[::1]:65432`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TargetHost {
    /// Its name or address; an IPv6 address without brackets.
    pub name: String,
    /// Its port; without one, each client uses the port of the server that is selected here.
    pub port: Option<u16>,
}

/// An error in a typed target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetFault {
    /// Not a possible name or address of a host.
    Host,
    /// Not a port after the host's colon.
    Port,
}

impl TargetHost {
    /// The longest name that DNS has, in bytes (RFC 1035 §2.3.4); an address with its zone is shorter.
    const LONGEST: usize = 255;

    /// Whether it is an address already, so that nothing has to be resolved.
    pub fn is_address(&self) -> bool {
        self.name.parse::<IpAddr>().is_ok()
    }

    /// The socket address of this target, given its resolved address and the port to use if it has none.
    pub fn at(&self, mut address: SocketAddr, port: u16) -> SocketAddr {
        address.set_port(self.port.unwrap_or(port));
        address
    }

    /// Parses a typed target.
    ///
    /// # Errors
    /// Says which part is wrong.
    pub fn read(text: &str) -> Result<Self, TargetFault> {
        let port = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|port: &u16| digits && *port > 0).map(Some).ok_or(TargetFault::Port)
        };
        let text = text.trim();
        if text.contains('/') {
            // A URL is not a host.
            return Err(TargetFault::Host);
        }
        let (host, port) = match (text.strip_prefix('['), text.rsplit_once(':')) {
            (Some(rest), _) => match rest.split_once(']').ok_or(TargetFault::Host)? {
                (host, "") => (host, None),
                (host, after) => (host, port(after.strip_prefix(':').ok_or(TargetFault::Host)?)?),
            },
            (None, Some((before, _))) if before.contains(':') => (text, None),
            (None, Some((host, after))) => (host, port(after)?),
            (None, None) => (text, None),
        };
        // It is shown as typed, so it must be safe to show.
        if sanitise(host.as_bytes()) != host {
            return Err(TargetFault::Host);
        }
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '[' | ']' | '@');
        if host.is_empty() || host.len() > Self::LONGEST || host.contains(odd) || host.starts_with('-') {
            return Err(TargetFault::Host);
        }
        Ok(Self { name: host.into(), port })
    }
}

impl FromStr for TargetHost {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        let what = |fault| match fault {
            TargetFault::Host => "HOST or HOST:PORT",
            TargetFault::Port => "port from 1 to 65535 behind the host, as in HOST:PORT",
        };
        Self::read(text).map_err(|fault| UnknownText { what: what(fault), text: text.into() })
    }
}

impl fmt::Display for TargetHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.name.contains(':') => write!(f, "[{}]:{port}", self.name),
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

serde_as_text!(TargetHost);

/// Why a name could not be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "each says what there is none of")]
pub enum Unresolved {
    /// There is no host of this name.
    NoSuchHost,
    /// No name server could be asked, or none answered: we do not know whether there is such a host.
    NoAnswer {
        /// The error of the system, if it gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<Errno>,
    },
    /// It is a link-local address without a zone, the name of one of our interfaces (RFC 4007 §11).
    NoZone,
}

/// Something happened to the clients' target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetEvent {
    /// The target.
    pub target: TargetHost,
    /// The change.
    #[serde(flatten)]
    pub change: TargetChange,
}

/// The changes of a target. After `Set` comes, for a name, `Found` or `Lost`; then a `Tried` for each address that was
/// tried and one `Chosen`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum TargetChange {
    /// It was set; its name is being resolved.
    Set,
    /// Its name has these addresses, of both families, in the order in which they are tried (RFC 6724).
    Found {
        addresses: Vec<IpAddr>,
        #[serde(with = "millis", rename = "ms")]
        took: Duration,
    },
    /// Its name could not be resolved.
    Lost {
        #[serde(flatten)]
        why: Unresolved,
    },
    /// A connection to one of its addresses was tried, and closed at once if it succeeded.
    Tried { report: PortReport },
    /// Clients use this address: the first whose port was open, else the first that answered at all, else the first.
    Chosen {
        /// The address; its port is 0 if each client uses the port of a server here.
        addr: SocketAddr,
        /// Whether it answered, with SYN+ACK or with RST.
        answers: bool,
    },
    /// Clients go to the servers of this laboratory again.
    Dropped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_separated_from_its_port() {
        for (text, host, port) in [
            ("lab", "lab", None),
            (" lab:65432 ", "lab", Some(65_432)),
            ("192.168.0.7:1", "192.168.0.7", Some(1)),
            ("::1", "::1", None),
            ("fe80::1%eth0", "fe80::1%eth0", None),
            ("[::1]", "::1", None),
            ("[fe80::1%2]:65432", "fe80::1%2", Some(65_432)),
        ] {
            let target: TargetHost = text.parse().unwrap();
            assert_eq!((target.name.as_str(), target.port), (host, port), "{text}");
            assert_eq!(target.to_string().parse::<TargetHost>().unwrap(), target);
        }
    }

    #[test]
    fn a_text_that_is_not_a_host_is_refused() {
        for text in ["", ":65432", "[::1", "[::1]x", "a b", "-x", "http://lab", "a\u{202e}b"] {
            assert_eq!(TargetHost::read(text), Err(TargetFault::Host), "{text}");
        }
        for text in ["lab:", "lab:0", "lab:65536", "lab:99999", "lab:+1", "lab:http", "[::1]:70000"] {
            assert_eq!(TargetHost::read(text), Err(TargetFault::Port), "{text}");
        }
        let said = "lab:99999".parse::<TargetHost>().unwrap_err().to_string();
        assert!(said.contains("port from 1 to 65535"), "{said}");
        assert!("x".repeat(300).parse::<TargetHost>().is_err());
    }
}
