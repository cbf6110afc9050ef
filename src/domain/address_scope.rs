//! The scope of an address: hosts in a local scope may be scanned without asking first.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::text_enum::text_enum;

text_enum! {
    /// The kind of network an address belongs to, by the registries of special-purpose addresses (RFC 6890).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum AddressScope {
        /// This machine: 127.0.0.0/8, ::1, and the unspecified address, which a `connect` takes for this machine.
        Loopback = "loopback",
        /// A private network: RFC 1918, and unique local addresses (RFC 4193).
        Private = "private",
        /// This link only: 169.254.0.0/16 (RFC 3927), fe80::/10.
        LinkLocal = "link_local",
        /// Reserved for documentation, and used by the wire lab's hosts: RFC 5737, RFC 3849, RFC 9637.
        Documentation = "documentation",
        /// A group of hosts: multicast, broadcast.
        Group = "group",
        /// Anything else: hosts that may belong to other people.
        Public = "beyond",
    }
}

impl AddressScope {
    /// The scope of an address. An IPv4-mapped IPv6 address counts as the IPv4 address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// Whether its hosts may be scanned without asking for confirmation.
    pub const fn is_local(self) -> bool {
        matches!(self, Self::Loopback | Self::Private | Self::LinkLocal | Self::Documentation)
    }

    const fn of_v4(address: Ipv4Addr) -> Self {
        if address.is_loopback() || address.is_unspecified() {
            Self::Loopback
        } else if address.is_private() {
            Self::Private
        } else if address.is_link_local() {
            Self::LinkLocal
        } else if address.is_documentation() {
            Self::Documentation
        } else if address.is_multicast() || address.is_broadcast() {
            Self::Group
        } else {
            Self::Public
        }
    }

    const fn of_v6(address: Ipv6Addr) -> Self {
        let [first, second, ..] = address.segments();
        if address.is_loopback() || address.is_unspecified() {
            Self::Loopback
        } else if address.is_unique_local() {
            Self::Private
        } else if address.is_unicast_link_local() {
            Self::LinkLocal
        } else if (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000) {
            Self::Documentation
        } else if address.is_multicast() {
            Self::Group
        } else {
            Self::Public
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_end_where_the_registered_ranges_end() {
        use AddressScope::{Documentation, Group, LinkLocal, Loopback, Private, Public};
        for (address, scope) in [
            ("127.0.0.1", Loopback),
            ("127.255.255.255", Loopback),
            ("0.0.0.0", Loopback),
            ("::1", Loopback),
            ("::ffff:127.0.0.1", Loopback),
            ("10.255.0.1", Private),
            ("172.15.255.255", Public),
            ("172.16.0.0", Private),
            ("172.31.255.255", Private),
            ("172.32.0.0", Public),
            ("192.168.7.7", Private),
            ("192.169.0.0", Public),
            ("fd00::1", Private),
            ("169.254.1.1", LinkLocal),
            ("fe80::1", LinkLocal),
            ("fec0::1", Public),
            ("192.0.2.1", Documentation),
            ("192.0.3.1", Public),
            ("198.51.100.7", Documentation),
            ("203.0.113.255", Documentation),
            ("2001:db8::1", Documentation),
            ("2001:db9::1", Public),
            ("3fff:fff::1", Documentation),
            ("3fff:1000::1", Public),
            // Shared between a provider and its customers (RFC 6598): not private.
            ("100.64.0.1", Public),
            ("0.0.0.1", Public),
            ("240.0.0.1", Public),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:224.0.0.1", Group),
            // Reached through a public translator or tunnel, whatever is behind it (RFC 6052, RFC 3056).
            ("64:ff9b::10.0.0.1", Public),
            ("2002:a00:1::1", Public),
            ("224.0.0.1", Group),
            ("255.255.255.255", Group),
            ("ff02::1", Group),
            ("8.8.8.8", Public),
            ("2606:4700::1111", Public),
            ("::ffff:8.8.8.8", Public),
        ] {
            assert_eq!(AddressScope::of(address.parse().unwrap()), scope, "{address}");
        }
    }
}
