//! Sets of protocols, as `netstat` names them: tcp and tcp6, udp and udp6; and icmp, which only packets have.

use std::fmt;

use crate::domain::Proto;

/// A set of protocols over IPv4 and IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProtoSet(u8);

/// `tcp` is TCP over either. `netstat` writes `tcp` for IPv4 only, but that is not what people mean by it.
const NAMES: [(&str, ProtoSet); 9] = [
    ("tcp", ProtoSet(0b00_0011)),
    ("udp", ProtoSet(0b00_1100)),
    ("icmp", ProtoSet(0b11_0000)),
    ("tcp4", ProtoSet(0b00_0001)),
    ("tcp6", ProtoSet(0b00_0010)),
    ("udp4", ProtoSet(0b00_0100)),
    ("udp6", ProtoSet(0b00_1000)),
    ("icmp4", ProtoSet(0b01_0000)),
    ("icmp6", ProtoSet(0b10_0000)),
];

impl ProtoSet {
    pub(super) fn named(word: &str) -> Option<Self> {
        let word = if word.eq_ignore_ascii_case("icmpv6") { "icmp6" } else { word };
        NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, protos)| *protos)
    }

    pub(super) const fn or(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    pub(super) const fn has(self, proto: Proto, ipv6: bool) -> bool {
        let ipv4 = match proto {
            Proto::Tcp => 0b00_0001,
            Proto::Udp => 0b00_0100,
            Proto::Icmp => 0b01_0000,
        };
        self.0 & (ipv4 << ipv6 as u8) != 0
    }

    /// The words that can follow `proto`.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

impl fmt::Display for ProtoSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        for (name, ProtoSet(bits)) in NAMES {
            if left & bits == bits {
                write!(f, "{}{name}", if left == self.0 { "" } else { "," })?;
                left &= !bits;
            }
        }
        Ok(())
    }
}
