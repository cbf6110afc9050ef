//! The addresses at which other machines can reach this one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::domain::AddressScope;

/// The addresses of all interfaces that are up, except loopback, best first: the one on the default route, then IPv4
/// before IPv6, and private networks before others. Empty when there are none or the system does not say.
pub fn addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = interfaces.into_iter().filter(if_addrs::Interface::is_oper_up).map(|interface| interface.ip());
    ranked(up, outward().as_slice())
}

fn ranked(found: impl Iterator<Item = IpAddr>, outward: &[IpAddr]) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = found.filter(|ip| !ip.is_loopback() && !ip.is_unspecified()).collect();
    let rank = |ip: &IpAddr| {
        let scope = match AddressScope::of(*ip) {
            AddressScope::Private => 0,
            AddressScope::Public => 1,
            AddressScope::LinkLocal => 3,
            _ => 2,
        };
        (!outward.contains(ip), scope == 3, ip.is_ipv6(), scope, *ip)
    };
    found.sort_by_key(rank);
    found.dedup();
    found
}

/// The source addresses that the kernel would choose towards documentation addresses (RFC 5737, RFC 3849). Connecting a
/// UDP socket consults the routing table and sends nothing.
fn outward() -> Vec<IpAddr> {
    let towards = |here: IpAddr, there: IpAddr| {
        let socket = UdpSocket::bind(SocketAddr::new(here, 0)).ok()?;
        socket.connect(SocketAddr::new(there, 9)).ok()?;
        socket.local_addr().ok().map(|addr| addr.ip())
    };
    let v4 = towards(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
    let v6 = towards(Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into());
    v4.into_iter().chain(v6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_is_first_and_loopback_is_left_out() {
        let ips = |list: &str| list.split(' ').map(|ip| ip.parse::<IpAddr>().unwrap()).collect::<Vec<_>>();
        let found =
            "127.0.0.1 ::1 fe80::1 2001:db8::7 fd00::1 172.17.0.1 192.0.2.5 192.168.0.10 169.254.3.4 192.168.0.10";
        let best = ranked(ips(found).into_iter(), &ips("192.168.0.10"));
        let expected = ips("192.168.0.10 172.17.0.1 192.0.2.5 fd00::1 2001:db8::7 169.254.3.4 fe80::1");
        assert_eq!(best, expected);
    }

    #[test]
    fn this_machines_addresses_exclude_loopback() {
        assert!(addresses().iter().all(|ip| !ip.is_loopback()));
    }
}
