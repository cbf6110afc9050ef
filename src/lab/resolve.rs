//! From a host's name to its addresses, with a limit to the patience.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use tokio::sync::oneshot;

use super::host::Host;
use crate::domain::{Errno, Unresolved};

/// How long the name servers are waited for: the resolver's own patience is twice that for each of them
/// (`resolv.conf(5)`, timeout and attempts), and a class does not wait so long.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The addresses of a host, of both families, each once, in the order in which they are to be tried (`getaddrinfo(3)`,
/// RFC 6724). Their port is 0. Never empty. An address is its own name, and nobody is asked about it. An IPv4 address
/// inside an IPv6 one is that IPv4 address: IPv4 is what goes there, and how ICMP answers (RFC 4291 §2.5.5.2).
pub async fn resolve(host: &str) -> Result<Vec<SocketAddr>, Unresolved> {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if address.is_unicast_link_local() => return Err(Unresolved::NoZone),
        Ok(address) => return Ok(vec![SocketAddr::new(address.to_canonical(), 0)]),
        Err(_) => {}
    }
    let (near, far) = oneshot::channel();
    let name = host.to_owned();
    // Nothing can interrupt getaddrinfo: a task would keep the runtime from ending, a thread keeps nobody.
    let begun = std::thread::Builder::new().name("resolver".into()).spawn(move || {
        let found = (name.as_str(), 0).to_socket_addrs().map(Vec::from_iter);
        // Nobody may be waiting any more.
        let _ = near.send(found);
    });
    begun.map_err(|error| Unresolved::NoAnswer { errno: Some(error.into()) })?;
    match tokio::time::timeout(TIMEOUT, far).await {
        Ok(Ok(Ok(found))) => distinct(found).ok_or(Unresolved::NoSuchHost),
        // There is no interface of that name.
        Ok(Ok(Err(error))) if why(&error) == Unresolved::NoSuchHost && has_zone(host) => Err(Unresolved::NoZone),
        Ok(Ok(Err(error))) => Err(why(&error)),
        Ok(Err(_)) => Err(Unresolved::NoAnswer { errno: None }),
        Err(_) => Err(Unresolved::NoAnswer { errno: Some(Errno::TimedOut) }),
    }
}

/// The same on this host, which may know names of its own.
pub(super) async fn resolve_on(here: &dyn Host, name: &str) -> Result<Vec<SocketAddr>, Unresolved> {
    match here.neighbour(name) {
        Some(address) => Ok(vec![SocketAddr::new(address, 0)]),
        None => resolve(name).await,
    }
}

/// Whether this is an IPv6 address with a zone behind it.
fn has_zone(host: &str) -> bool {
    host.split_once('%').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok())
}

/// Each address once, in the order of the first time.
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

/// The standard library keeps only the sentence of `gai_strerror(3)`; which is in English, because this program sets no
/// locale. These are the sentences of `EAI_AGAIN` and `EAI_FAIL` of glibc, musl, the BSDs and macOS.
fn why(error: &io::Error) -> Unresolved {
    const FOR_NOW: [&str; 4] = ["Temporary failure", "Try again", "Non-recoverable failure", "Unrecoverable error"];
    let says = error.to_string();
    match error.raw_os_error() {
        // WSAHOST_NOT_FOUND and WSANO_DATA.
        Some(11_001 | 11_004) if cfg!(windows) => Unresolved::NoSuchHost,
        Some(_) => Unresolved::NoAnswer { errno: Some(error.into()) },
        None if FOR_NOW.iter().any(|sentence| says.contains(sentence)) => Unresolved::NoAnswer { errno: None },
        None => Unresolved::NoSuchHost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_its_own_name() {
        assert_eq!(resolve("192.0.2.1").await, Ok(vec!["192.0.2.1:0".parse().unwrap()]));
        assert_eq!(resolve("::1").await, Ok(vec!["[::1]:0".parse().unwrap()]));
        assert_eq!(resolve("::ffff:192.0.2.1").await, Ok(vec!["192.0.2.1:0".parse().unwrap()]));
    }

    #[tokio::test]
    async fn an_address_of_a_link_needs_an_interface() {
        for host in ["fe80::1", "febf::1", "fe80::1%no-such-link"] {
            assert_eq!(resolve(host).await, Err(Unresolved::NoZone), "{host}");
        }
        // A number is as good as a name (RFC 4007 §11.2).
        let SocketAddr::V6(found) = resolve("fe80::1%1").await.unwrap()[0] else { panic!("not IPv6") };
        assert_eq!((found.ip(), found.scope_id()), (&"fe80::1".parse().unwrap(), 1));
    }

    #[tokio::test]
    async fn a_host_may_know_names_of_its_own() {
        struct Village;
        impl Host for Village {
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
        assert_eq!(resolve_on(&Village, "server").await, Ok(vec!["192.0.2.1:0".parse().unwrap()]));
        assert_eq!(resolve_on(&Village, "192.0.2.9").await, Ok(vec!["192.0.2.9:0".parse().unwrap()]));
    }

    #[tokio::test]
    async fn localhost_is_this_machine() {
        let found = resolve("localhost").await.unwrap();
        assert!(found.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 0), "{found:?}");
        assert_eq!(distinct(found.clone()), Some(found), "each once");
    }

    #[test]
    fn an_address_in_two_forms_is_one() {
        let found = ["[::ffff:192.0.2.1]:0", "192.0.2.1:0", "[::1]:0"].map(|addr| addr.parse().unwrap());
        assert_eq!(distinct(found.to_vec()), Some(vec![found[1], found[2]]));
    }

    #[test]
    fn no_host_is_told_from_no_answer() {
        let of = |sentence: &str| why(&io::Error::other(format!("failed to lookup address information: {sentence}")));
        assert_eq!(of("Name or service not known"), Unresolved::NoSuchHost);
        assert_eq!(of("nodename nor servname provided, or not known"), Unresolved::NoSuchHost);
        assert_eq!(of("Temporary failure in name resolution"), Unresolved::NoAnswer { errno: None });
        assert_eq!(of("Try again"), Unresolved::NoAnswer { errno: None });
    }
}
