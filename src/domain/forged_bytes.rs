//! The bytes of a forged packet: the headers of IPv4 (RFC 791 §3.1), TCP, UDP and ICMP written field by field.

use super::checksum::{add, pseudo, sum};
use super::flow::Proto;
use super::forged::{ForgedChecksum, ForgedKind, ForgedOptions, ForgedPacket, ForgedSegment};
use super::id::HostId;

/// The length of an IPv4 header without options.
const IP_HEADER: usize = 20;
/// The numbers that IP knows the protocols by (IANA).
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;

impl ForgedPacket {
    /// All of it, as it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let (protocol, header) = match &self.kind {
            ForgedKind::Segment(segment) => (TCP, self.tcp(segment)),
            ForgedKind::Datagram => (UDP, self.ports([0; 4])),
            ForgedKind::Unreachable { code, about, seq } => (ICMP, self.unreachable(*code, *about, *seq)),
        };
        let mut packet = ip(self.from, protocol);
        packet[1] = self.ecn.bits();
        packet[8] = self.ttl;
        packet.extend(header);
        packet.extend(&self.payload);
        seal(&mut packet, self.checksum);
        packet
    }

    fn tcp(&self, segment: &ForgedSegment) -> Vec<u8> {
        let options = segment.options.written();
        let words = u8::try_from(5 + options.len() / 4).unwrap_or(5);
        let mut header = self.ports(segment.seq.to_be_bytes());
        header.extend(segment.ack.to_be_bytes());
        header.extend([words << 4, segment.flags.0]);
        header.extend(segment.window.to_be_bytes());
        // The checksum, and the urgent pointer.
        header.extend([0; 4]);
        header.extend(options);
        header
    }

    /// The ports, and four bytes behind them.
    fn ports(&self, then: [u8; 4]) -> Vec<u8> {
        let [source, destination] = [self.source, self.destination].map(u16::to_be_bytes);
        [source, destination].concat().into_iter().chain(then).collect()
    }

    /// Quotes the header of a packet that the other host sent, and the eight bytes behind it (RFC 792).
    fn unreachable(&self, code: u8, about: Proto, seq: u32) -> Vec<u8> {
        let mut quoted = ip(self.from.other(), if about == Proto::Udp { UDP } else { TCP });
        quoted[8] = self.ttl;
        let there = Self { source: self.destination, destination: self.source, ..self.clone() };
        quoted.extend(there.ports(if about == Proto::Udp { [0, 8, 0, 0] } else { seq.to_be_bytes() }));
        seal_ip(&mut quoted);
        [3, code, 0, 0, 0, 0, 0, 0].into_iter().chain(quoted).collect()
    }
}

impl ForgedOptions {
    /// Each option begins a word of four bytes, with those that do nothing (kind 1) before it.
    pub(crate) fn written(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes());
        if let Some(mss) = self.mss {
            bytes.extend([2, 4]);
            bytes.extend(mss.to_be_bytes());
        }
        if self.sack_ok {
            bytes.extend([1, 1, 4, 2]);
        }
        if let Some((value, echo)) = self.ts {
            bytes.extend([1, 1, 8, 10]);
            bytes.extend(value.to_be_bytes());
            bytes.extend(echo.to_be_bytes());
        }
        if let Some(scale) = self.wscale {
            bytes.extend([1, 3, 3, scale]);
        }
        bytes
    }
}

/// An IPv4 header from this host to the other one, without length and checksum. It is not to be divided (DF).
fn ip(from: HostId, protocol: u8) -> Vec<u8> {
    let mut header = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0];
    header.extend(from.address().octets());
    header.extend(from.other().address().octets());
    header
}

/// Fills in the lengths and the checksums of a whole IPv4 packet.
pub(crate) fn seal(packet: &mut [u8], checksum: ForgedChecksum) {
    seal_ip(packet);
    let header = packet.first().map_or(IP_HEADER, |first| usize::from(first & 15) * 4);
    if packet.len() < header.max(IP_HEADER) {
        return;
    }
    let (head, carried) = packet.split_at_mut(header);
    let protocol = head[9];
    let len = u32::try_from(carried.len()).unwrap_or(u32::MAX);
    let at = match protocol {
        TCP => 16,
        UDP => 6,
        ICMP => 2,
        _ => return,
    };
    if protocol == UDP {
        put(carried, 4, u16::try_from(len).unwrap_or(u16::MAX));
    }
    put(carried, at, 0);
    let address = |at: usize| <[u8; 4]>::try_from(&head[at..at + 4]).unwrap_or_default().into();
    let before = if protocol == ICMP { 0 } else { pseudo(address(12), address(16), protocol, len) };
    let right = match !add(before, sum(carried)) {
        // Of UDP this would mean that there is none (RFC 768).
        0 if protocol == UDP => u16::MAX,
        right => right,
    };
    let wrong = if right == 1 { 3 } else { right ^ 1 };
    put(carried, at, if checksum == ForgedChecksum::Right { right } else { wrong });
}

/// Fills in the length and the checksum of an IPv4 header.
pub(crate) fn seal_ip(packet: &mut [u8]) {
    let header = packet.first().map_or(0, |first| usize::from(first & 15) * 4);
    let len = u16::try_from(packet.len()).unwrap_or(u16::MAX);
    put(packet, 2, len);
    put(packet, 10, 0);
    let right = packet.get(..header).map(|header| !sum(header));
    put(packet, 10, right.unwrap_or(0));
}

/// Writes a number into two bytes, if there are so many.
fn put(bytes: &mut [u8], at: usize, number: u16) {
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EcnCodepoint, Flags};

    #[test]
    fn a_segment_is_written_as_the_rfc_draws_it() {
        let segment = ForgedSegment {
            flags: Flags::RST.with(Flags::ACK),
            seq: 0x0102_0304,
            ack: 0x0506_0708,
            window: 0x0203,
            options: ForgedOptions { mss: Some(1460), wscale: Some(7), sack_ok: true, ts: Some((1, 2)) },
        };
        let packet = ForgedPacket {
            from: HostId::Client,
            source: 40_000,
            destination: 65_432,
            ttl: 7,
            ecn: EcnCodepoint::Ce,
            checksum: ForgedChecksum::Right,
            kind: ForgedKind::Segment(segment),
            payload: b"oi".to_vec(),
        };
        let bytes = packet.bytes();
        assert_eq!(bytes[..9], [0x45, 3, 0, 66, 0, 0, 0x40, 0, 7]);
        assert_eq!(bytes[12..20], [192, 0, 2, 2, 192, 0, 2, 1]);
        assert_eq!(bytes[20..36], [0x9c, 0x40, 0xff, 0x98, 1, 2, 3, 4, 5, 6, 7, 8, 0xb0, 0x14, 2, 3]);
        assert_eq!(bytes[40..48], [2, 4, 0x05, 0xb4, 1, 1, 4, 2]);
        assert_eq!(bytes[48..], [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7, b'o', b'i']);
        assert_eq!((segment.options.bytes(), segment.options.written().len()), (24, 24));
        // Summed up with the checksum itself, everything that it covers is all ones (RFC 1071 §1).
        assert_eq!(sum(&bytes[..20]), u16::MAX);
        let covered =
            add(pseudo(HostId::Client.address().into(), HostId::Server.address().into(), 6, 46), sum(&bytes[20..]));
        assert_eq!(covered, u16::MAX);
    }
}
