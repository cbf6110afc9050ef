//! Which addresses belong to this host. The kernel traces every network namespace at once and does not say which one a
//! socket is in; a socket whose local address is not ours is in another, such as the wire's.

use std::collections::HashMap;
use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Interfaces come and go, so an answer is cached for this long.
const HOLDS: Duration = Duration::from_secs(5);
/// The most answers that are cached.
const MOST: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct LocalAddresses(HashMap<IpAddr, (bool, Instant)>);

impl LocalAddresses {
    /// Whether a socket in the calling thread's network namespace could have this local address. The same address may
    /// also exist in another namespace (127.0.0.1 does in all): then the two cannot be distinguished here.
    pub(super) fn has(&mut self, ip: IpAddr) -> bool {
        match self.0.get(&ip) {
            Some((answer, at)) if at.elapsed() < HOLDS => *answer,
            _ => {
                // A link-local address cannot be bound without its interface, which the tracepoint does not provide.
                let is_link_local = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
                let answer = is_link_local || ip.to_canonical().is_loopback() || UdpSocket::bind((ip, 0)).is_ok();
                if self.0.len() >= MOST {
                    self.0.clear();
                }
                self.0.insert(ip, (answer, Instant::now()));
                answer
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_the_wildcard_are_local_and_the_wire_is_not() {
        let mut here = LocalAddresses::default();
        for (ip, answer) in
            [("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("0.0.0.0", true), ("192.0.2.1", false)]
        {
            assert_eq!((here.has(ip.parse().unwrap()), here.has(ip.parse().unwrap())), (answer, answer), "{ip}");
        }
    }
}
