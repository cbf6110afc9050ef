//! The values of `host`, `src` and `dst`: an address or a network, with or without a port.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A pattern for an address and a port. Without a network it matches any address, without a port any port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndpointPattern {
    pub(super) net: Option<Net>,
    pub(super) port: Option<u16>,
}

/// The addresses that share the first `prefix` bits of `ip` (RFC 4632 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) ip: IpAddr,
    pub(super) prefix: u8,
}

impl EndpointPattern {
    /// Parses `127.0.0.1`, `127.0.0.0/8`, `127.0.0.1:65432`, `::1`, `[::1]:65432`, `:65432`, `*:65432`, `*`;
    /// `localhost` is both 127.0.0.0/8 and `::1` (RFC 6761 §6.3). `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Vec<Self>> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => match rest.split_once(']')? {
                (host, "") => (host, None),
                (host, port) => (host, Some(port.strip_prefix(':')?)),
            },
            None if text.matches(':').count() == 1 => text.split_once(':').map(|(host, port)| (host, Some(port)))?,
            None => (text, None),
        };
        let port = match port {
            Some(digits) => Some(u16::try_from(number(digits)?).ok()?),
            None => None,
        };
        let nets = match host {
            "*" => vec![None],
            "" if port.is_some() && !text.starts_with('[') => vec![None],
            _ if host.eq_ignore_ascii_case("localhost") => vec![
                Some(Net { ip: Ipv4Addr::new(127, 0, 0, 0).into(), prefix: 8 }),
                Some(Net { ip: Ipv6Addr::LOCALHOST.into(), prefix: 128 }),
            ],
            _ => vec![Some(Net::parse(host)?)],
        };
        Some(nets.into_iter().map(|net| Self { net, port }).collect())
    }

    pub(super) fn has(&self, at: SocketAddr) -> bool {
        self.port.is_none_or(|port| port == at.port()) && self.net.is_none_or(|net| net.has(at.ip()))
    }
}

impl Net {
    fn parse(text: &str) -> Option<Self> {
        let (ip, prefix) = text.split_once('/').map_or((text, None), |(ip, prefix)| (ip, Some(prefix)));
        let ip: IpAddr = ip.parse().ok()?;
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(u32::from(longest)), number)?;
        Some(Self { ip, prefix: u8::try_from(prefix).ok().filter(|prefix| *prefix <= longest)? })
    }

    /// An IPv4-mapped address such as `::ffff:127.0.0.1` is in the networks of both families.
    pub(super) fn has(&self, ip: IpAddr) -> bool {
        self.has_same_family(ip) || self.has_same_family(ip.to_canonical())
    }

    fn has_same_family(&self, ip: IpAddr) -> bool {
        // For prefix 0 the shift overflows: no bits are left that could differ.
        match (self.ip, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                (net.to_bits() ^ ip.to_bits()).checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                (net.to_bits() ^ ip.to_bits()).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// A number of only decimal digits: no sign, no space.
pub(super) fn number(digits: &str) -> Option<u32> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

impl fmt::Display for EndpointPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.net, self.port) {
            (None, None) => f.write_str("*"),
            (None, Some(port)) => write!(f, "*:{port}"),
            (Some(net), None) => net.fmt(f),
            (Some(net), Some(port)) if net.ip.is_ipv4() => write!(f, "{net}:{port}"),
            (Some(net), Some(port)) => write!(f, "[{net}]:{port}"),
        }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}
