//! Resolves a host name to addresses, with a timeout.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use tokio::sync::oneshot;

use super::host::Host;
use crate::domain::{Errno, Unresolved};

/// How long to wait for the name servers. The resolver's own default is twice that for each of them (`resolv.conf(5)`,
/// timeout and attempts).
const TIMEOUT: Duration = Duration::from_secs(5);

/// The addresses of a host, of both families, without duplicates, in the order in which to try them (`getaddrinfo(3)`,
/// RFC 6724), with port 0. Never empty. A literal address needs no lookup. An IPv4-mapped IPv6 address is returned as IPv4,
/// which is what is sent and what ICMP errors refer to (RFC 4291 §2.5.5.2).
pub async fn resolve(host: &str) -> Result<Vec<SocketAddr>, Unresolved> {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if address.is_unicast_link_local() => return Err(Unresolved::NoZone),
        Ok(address) => return Ok(vec![SocketAddr::new(address.to_canonical(), 0)]),
        Err(_) => {}
    }
    let (sender, found) = oneshot::channel();
    let name = host.to_owned();
    // getaddrinfo cannot be interrupted: a blocking task would delay the runtime's shutdown, a detached thread does not.
    let started = std::thread::Builder::new().name("resolver".into()).spawn(move || {
        // The receiver may have timed out.
        let _ = sender.send((name.as_str(), 0).to_socket_addrs().map(Vec::from_iter));
    });
    started.map_err(|error| Unresolved::NoAnswer { errno: Some(error.into()) })?;
    let has_zone = || host.split_once('%').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok());
    match tokio::time::timeout(TIMEOUT, found).await {
        Ok(Ok(Ok(found))) => distinct(found).ok_or(Unresolved::NoSuchHost),
        // The zone names no interface.
        Ok(Ok(Err(error))) if why(&error) == Unresolved::NoSuchHost && has_zone() => Err(Unresolved::NoZone),
        Ok(Ok(Err(error))) => Err(why(&error)),
        Ok(Err(_)) => Err(Unresolved::NoAnswer { errno: None }),
        Err(_) => Err(Unresolved::NoAnswer { errno: Some(Errno::TimedOut) }),
    }
}

/// The same, with the names that only `host` resolves.
pub(super) async fn resolve_on(host: &dyn Host, name: &str) -> Result<Vec<SocketAddr>, Unresolved> {
    match host.neighbour(name) {
        Some(address) => Ok(vec![SocketAddr::new(address, 0)]),
        None => resolve(name).await,
    }
}

/// The addresses without duplicates, in their order; `None` if there are none.
fn distinct(found: Vec<SocketAddr>) -> Option<Vec<SocketAddr>> {
    let mut each = Vec::with_capacity(found.len());
    for mut addr in found {
        if let IpAddr::V4(inside) = addr.ip().to_canonical() {
            addr.set_ip(inside.into());
        }
        if !each.contains(&addr) {
            each.push(addr);
        }
    }
    (!each.is_empty()).then_some(each)
}

/// Classifies a failed lookup. The standard library keeps only the message of `gai_strerror(3)`, which is in English because
/// this program sets no locale. The strings are those of `EAI_AGAIN` and `EAI_FAIL` in glibc, musl, the BSDs and macOS.
fn why(error: &io::Error) -> Unresolved {
    const TEMPORARY: [&str; 4] = ["Temporary failure", "Try again", "Non-recoverable failure", "Unrecoverable error"];
    match error.raw_os_error() {
        // WSAHOST_NOT_FOUND and WSANO_DATA.
        Some(11_001 | 11_004) if cfg!(windows) => Unresolved::NoSuchHost,
        Some(_) => Unresolved::NoAnswer { errno: Some(error.into()) },
        None if TEMPORARY.iter().any(|message| error.to_string().contains(message)) => {
            Unresolved::NoAnswer { errno: None }
        }
        None => Unresolved::NoSuchHost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_literal_address_needs_no_lookup() {
        assert_eq!(resolve("192.0.2.1").await, Ok(vec!["192.0.2.1:0".parse().unwrap()]));
        assert_eq!(resolve("::1").await, Ok(vec!["[::1]:0".parse().unwrap()]));
        assert_eq!(resolve("::ffff:192.0.2.1").await, Ok(vec!["192.0.2.1:0".parse().unwrap()]));
    }

    #[tokio::test]
    async fn a_link_local_address_needs_a_zone() {
        for host in ["fe80::1", "febf::1", "fe80::1%no-such-link"] {
            assert_eq!(resolve(host).await, Err(Unresolved::NoZone), "{host}");
        }
        // A number is as good as a name (RFC 4007 §11.2).
        let SocketAddr::V6(found) = resolve("fe80::1%1").await.unwrap()[0] else { panic!("not IPv6") };
        assert_eq!((found.ip(), found.scope_id()), (&"fe80::1".parse().unwrap(), 1));
    }

    #[tokio::test]
    async fn a_host_may_resolve_names_of_its_own() {
        struct NamedNeighbour;
        impl Host for NamedNeighbour {
            fn stream(&self, _: SocketAddr) -> io::Result<socket2::Socket> {
                Err(io::ErrorKind::Unsupported.into())
            }
            fn datagram(&self, _: SocketAddr) -> io::Result<socket2::Socket> {
                Err(io::ErrorKind::Unsupported.into())
            }
            fn neighbour(&self, name: &str) -> Option<IpAddr> {
                (name == "server").then_some(IpAddr::from([192, 0, 2, 1]))
            }
        }
        assert_eq!(resolve_on(&NamedNeighbour, "server").await, Ok(vec!["192.0.2.1:0".parse().unwrap()]));
        assert_eq!(resolve_on(&NamedNeighbour, "192.0.2.9").await, Ok(vec!["192.0.2.9:0".parse().unwrap()]));
    }

    #[tokio::test]
    async fn localhost_is_this_machine() {
        let found = resolve("localhost").await.unwrap();
        assert!(found.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 0), "{found:?}");
        assert_eq!(distinct(found.clone()), Some(found), "no duplicates");
    }

    #[test]
    fn an_address_in_two_notations_is_one_address() {
        let found = ["[::ffff:192.0.2.1]:0", "192.0.2.1:0", "[::1]:0"].map(|addr| addr.parse().unwrap());
        assert_eq!(distinct(found.to_vec()), Some(vec![found[1], found[2]]));
    }

    #[test]
    fn an_unknown_host_differs_from_a_temporary_failure() {
        let of = |message: &str| why(&io::Error::other(format!("failed to lookup address information: {message}")));
        assert_eq!(of("Name or service not known"), Unresolved::NoSuchHost);
        assert_eq!(of("nodename nor servname provided, or not known"), Unresolved::NoSuchHost);
        assert_eq!(of("Temporary failure in name resolution"), Unresolved::NoAnswer { errno: None });
        assert_eq!(of("Try again"), Unresolved::NoAnswer { errno: None });
    }
}
