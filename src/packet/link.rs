//! The link layer: the headers before the IP packet in a frame, by kind of interface.

use std::fmt;

/// A link-layer type, as capture files number it (`LINKTYPE_…` of <https://www.tcpdump.org/linktypes.html>). Frames of a
/// type that has no name here are not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// VLAN tags before the actual `EtherType`: IEEE 802.1Q, 802.1ad and the older double tag.
const ETHERTYPES_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];

impl LinkType {
    /// BSD loopback: the address family in the byte order of the capturing machine.
    pub const NULL: Self = Self(0);
    /// Ethernet; also Linux's `lo`.
    pub const ETHERNET: Self = Self(1);
    /// A bare IP packet; its first four bits are its version.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Bare IPv4.
    pub const IPV4: Self = Self(228);
    /// Bare IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// The offset of the IP packet in a frame; `None` if it carries none.
    pub fn network(self, frame: &[u8]) -> Option<usize> {
        let start = match self {
            Self::ETHERNET => after_ethertype(frame, 12)?,
            Self::LINUX_SLL => after_ethertype(frame, 14)?,
            Self::LINUX_SLL2 => {
                // The protocol is the first field here; that of a VLAN tag comes after the header.
                let ethertype = u16::from_be_bytes(frame.first_chunk().copied()?);
                if ETHERTYPES_VLAN.contains(&ethertype) { after_ethertype(frame, 22)? } else { ip(ethertype, 20)? }
            }
            Self::NULL | Self::LOOP => 4,
            Self::RAW | Self::IPV4 | Self::IPV6 => 0,
            _ => return None,
        };
        matches!(frame.get(start)? >> 4, 4 | 6).then_some(start)
    }
}

/// The offset after the `EtherType` at `at` and any VLAN tags, if an IP packet follows.
fn after_ethertype(frame: &[u8], mut at: usize) -> Option<usize> {
    // No network uses more tags.
    for _ in 0..4 {
        let ethertype = u16::from_be_bytes(frame.get(at..)?.first_chunk().copied()?);
        if !ETHERTYPES_VLAN.contains(&ethertype) {
            return ip(ethertype, at + 2);
        }
        at += 4;
    }
    None
}

fn ip(ethertype: u16, start: usize) -> Option<usize> {
    matches!(ethertype, ETHERTYPE_IPV4 | ETHERTYPE_IPV6).then_some(start)
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NULL | Self::LOOP => f.pad("loopback"),
            Self::ETHERNET => f.pad("Ethernet"),
            Self::RAW | Self::IPV4 | Self::IPV6 => f.pad("raw IP"),
            Self::LINUX_SLL => f.pad("Linux cooked v1"),
            Self::LINUX_SLL2 => f.pad("Linux cooked v2"),
            Self(number) => write!(f, "link type {number}"),
        }
    }
}
