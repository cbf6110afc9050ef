//! The IP headers of either version: source, destination, protocol and fragment. The summary, the detail tree and the
//! wire all find the transport header with this reader.

use std::net::{IpAddr, SocketAddr};

use super::bytes::Bytes;
use crate::domain::{Flow, Proto};

/// Protocol numbers, also used for IPv6's next header (IANA).
pub(crate) mod protocol {
    pub(crate) const HOP_BY_HOP: u8 = 0;
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const IPV4: u8 = 4;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const IPV6: u8 = 41;
    pub(crate) const ROUTING: u8 = 43;
    pub(crate) const FRAGMENT: u8 = 44;
    pub(crate) const GRE: u8 = 47;
    pub(crate) const AUTHENTICATION: u8 = 51;
    pub(crate) const ICMPV6: u8 = 58;
    pub(crate) const DESTINATION: u8 = 60;
}

/// One fragment of a datagram that was too long for a network (RFC 791 §3.2, RFC 8200 §4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Its offset in the datagram, in bytes. Only the first fragment, at 0, has ports.
    pub offset: u32,
    /// Whether another follows.
    pub more: bool,
}

impl Fragment {
    /// `None` when it is the whole datagram.
    fn new(offset: u32, more: bool) -> Option<Self> {
        (offset > 0 || more).then_some(Self { offset, more })
    }
}

/// The IP header and its extension headers.
pub(crate) struct Ip {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    /// IPv4's identification, or that of the fragment header.
    pub(crate) id: u32,
    pub(crate) fragment: Option<Fragment>,
    pub(crate) protocol: u8,
    /// Where the part begins that may be divided into fragments: after IPv4's header, or the fragment header.
    pub(super) divisible: usize,
    /// Where the transport header begins.
    pub(crate) start: usize,
    /// How long the transport header and its payload were on the network.
    pub(crate) len: usize,
    /// How many bytes more than that the IP header promises.
    pub(crate) beyond: usize,
}

impl Ip {
    /// Reads the headers of the packet at `start`, which was `wire_len` bytes long on the network. `None` if they are cut off
    /// or malformed.
    pub(crate) fn read(bytes: Bytes<'_>, start: usize, wire_len: usize) -> Option<Self> {
        let mut extensions = Extensions::of(bytes, start, wire_len)?;
        let (from, to, mut id, mut fragment) = if extensions.v6 {
            (bytes.ipv6(start + 8)?, bytes.ipv6(start + 24)?, 0, None)
        } else {
            let field = bytes.u16(start + 6)?;
            let fragment = Fragment::new(u32::from(field & 0x1fff) * 8, field & 0x2000 != 0);
            (bytes.ipv4(start + 12)?, bytes.ipv4(start + 16)?, u32::from(bytes.u16(start + 4)?), fragment)
        };
        let mut divisible = extensions.at;
        for extension in &mut extensions {
            if extension.kind == protocol::FRAGMENT {
                let field = bytes.u16(extension.start + 2)?;
                fragment = Fragment::new(u32::from(field & 0xfff8), field & 1 == 1);
                id = bytes.u32(extension.start + 4)?;
                divisible = extension.start + extension.len;
            }
        }
        let Extensions { at, next, end, beyond, .. } = extensions;
        Some(Self { from, to, id, fragment, protocol: next, divisible, start: at, len: end.saturating_sub(at), beyond })
    }

    /// The captured bytes up to the end of the payload, without the padding that a link may add.
    pub(crate) fn carried<'a>(&self, bytes: Bytes<'a>) -> Bytes<'a> {
        bytes.until(self.start + self.len)
    }

    pub(crate) const fn flow(&self, proto: Proto, source: u16, destination: u16) -> Flow {
        Flow { proto, local: SocketAddr::new(self.from, source), peer: Some(SocketAddr::new(self.to, destination)) }
    }

    /// Whether it is a fragment without the transport header.
    pub(crate) fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.offset > 0)
    }
}

/// The extension headers between the IP header and the transport header: those of IPv6 (RFC 8200 §4), and
/// authentication, which IPv4 has too (RFC 4302). The iterator ends before a header that is cut off; then `next` is its kind.
pub(super) struct Extensions<'a> {
    bytes: Bytes<'a>,
    /// Where the next header begins.
    pub(super) at: usize,
    /// Its kind, or the transport's protocol number.
    next: u8,
    /// Where the packet ended on the network.
    end: usize,
    /// How many bytes more the header promises.
    beyond: usize,
    v6: bool,
    left: u8,
}

/// An extension header that was captured whole.
pub(super) struct Extension {
    pub(super) kind: u8,
    pub(super) start: usize,
    pub(super) len: usize,
}

impl<'a> Extensions<'a> {
    /// No sender uses more; a longer chain is an attack on the reader.
    const MOST: u8 = 8;

    /// Reads as much of the IP header at `start` as is needed to find the next header.
    pub(super) fn of(bytes: Bytes<'a>, start: usize, wire_len: usize) -> Option<Self> {
        let first = bytes.u8(start)?;
        let v6 = first >> 4 == 6;
        let (header, total, next) = match first >> 4 {
            4 => (usize::from(first & 15) * 4, usize::from(bytes.u16(start + 2)?), bytes.u8(start + 9)?),
            6 => (40, usize::from(bytes.u16(start + 4)?) + 40, bytes.u8(start + 6)?),
            _ => return None,
        };
        if header < 20 || bytes.get(start..start + header).is_none() {
            return None;
        }
        // A total that is shorter than IPv4's header, or covers no more than IPv6's, is no length: it is 0 in a large packet
        // that the network card is to split.
        let unknown = if v6 { total == header } else { total < header };
        let len = if unknown { wire_len } else { total.min(wire_len) };
        let beyond = if unknown { 0 } else { total - len };
        let end = start + len;
        // A later fragment begins in the middle of a header or payload.
        let later = !v6 && bytes.u16(start + 6)? & 0x1fff != 0;
        let left = if later { 0 } else { Self::MOST };
        Some(Self { bytes: bytes.until(end), at: start + header, next, end, beyond, v6, left })
    }

    /// The length that the header itself states; `None` if this kind is no extension header.
    fn len_of(&self, kind: u8) -> Option<usize> {
        let len = usize::from(self.bytes.u8(self.at + 1)?);
        match kind {
            protocol::AUTHENTICATION => Some(len * 4 + 8),
            protocol::FRAGMENT if self.v6 => Some(8),
            protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION if self.v6 => Some(len * 8 + 8),
            _ => None,
        }
    }
}

impl Iterator for Extensions<'_> {
    type Item = Extension;

    fn next(&mut self) -> Option<Extension> {
        self.left = self.left.checked_sub(1)?;
        let (kind, start) = (self.next, self.at);
        let len = self.len_of(kind)?;
        let header = self.bytes.get(start..start + len)?;
        self.next = header[0];
        self.at += len;
        // A later fragment continues with the middle of a header or payload.
        if kind == protocol::FRAGMENT && u16::from_be_bytes([header[2], header[3]]) & 0xfff8 != 0 {
            self.left = 0;
        }
        Some(Extension { kind, start, len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fragment, identification and protocol found after these extension headers, of which the first is `next`.
    fn behind(next: u8, headers: &[u8]) -> (Option<Fragment>, u32, u8) {
        let mut packet = vec![0; 40];
        (packet[0], packet[6]) = (0x60, next);
        packet.extend_from_slice(headers);
        let ip = Ip::read(Bytes::of(&packet), 0, packet.len()).unwrap();
        (ip.fragment, ip.id, ip.protocol)
    }

    #[test]
    fn a_fragment_header_is_found_after_others() {
        let headers = [44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 9, 0, 0, 0, 7];
        assert_eq!(behind(0, &headers), (Some(Fragment { offset: 8, more: true }), 7, 17));
        assert_eq!(behind(0, &headers[..15]), (None, 0, 44), "it is cut off");
        assert_eq!(behind(51, &[51, 255]), (None, 0, 51));
    }
}
