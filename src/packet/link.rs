//! Link-layer types: the kinds of interfaces that frames are captured on.

use std::fmt;

use crate::domain::unread::link_type;

/// A link-layer type, as capture files number it (`LINKTYPE_…` of <https://www.tcpdump.org/linktypes.html>). The
/// `encapsulation` knows which of them are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

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
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match link_type(self.0) {
            Some(name) => f.pad(name),
            None => write!(f, "link type {}", self.0),
        }
    }
}
