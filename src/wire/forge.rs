//! Changes fields of a packet in its bytes.

use crate::domain::{PacketChange, seal, seal_ip};
use crate::packet::{Bytes, Ip, protocol};

/// The length of a TCP header without options, and that of a UDP header.
const TCP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// Changes a whole IPv4 packet. Fields that it does not have are passed over.
pub(super) fn change(packet: &mut Vec<u8>, change: &PacketChange) {
    let Some(ip) = Ip::read(Bytes::of(packet), 0, packet.len()) else { return };
    let (start, protocol, is_whole) = (ip.start, ip.protocol, ip.fragment.is_none());
    // What is behind the datagram on the link is not part of it.
    packet.truncate(start + ip.len);
    if let Some(ecn) = change.ecn {
        packet[1] = packet[1] & 0xfc | ecn.bits();
    }
    if let Some(ttl) = change.ttl {
        packet[8] = ttl;
    }
    // What a fragment carries are bytes of the middle, and the checksum is that of the whole datagram.
    if !is_whole {
        seal_ip(packet);
        return;
    }
    let has_ports = matches!(protocol, protocol::TCP | protocol::UDP);
    if has_ports {
        put(packet, start, change.source.map(u16::to_be_bytes));
        put(packet, start + 2, change.destination.map(u16::to_be_bytes));
    }
    let header = match protocol {
        protocol::TCP => segment(packet, start, change),
        protocol::UDP => Some(start + UDP_HEADER),
        _ => None,
    };
    if let (Some(header), Some(payload)) = (header, &change.payload) {
        packet.truncate(header);
        packet.extend(payload);
    }
    seal(packet, change.checksum);
}

/// Changes the TCP header that begins here. Returns where it ends then.
fn segment(packet: &mut Vec<u8>, start: usize, change: &PacketChange) -> Option<usize> {
    let words = usize::from(packet.get(start + 12)? >> 4);
    let end = start + words * 4;
    if words * 4 < TCP_HEADER || end > packet.len() {
        return None;
    }
    put(packet, start + 4, change.seq.map(u32::to_be_bytes));
    put(packet, start + 8, change.ack.map(u32::to_be_bytes));
    put(packet, start + 13, change.flags.map(|flags| [flags.0]));
    put(packet, start + 14, change.window.map(u16::to_be_bytes));
    let Some(options) = change.options else { return Some(end) };
    let options = options.written();
    let words = u8::try_from((TCP_HEADER + options.len()) / 4).ok()?;
    packet[start + 12] = words << 4 | packet[start + 12] & 15;
    let len = options.len();
    packet.splice(start + TCP_HEADER..end, options);
    Some(start + TCP_HEADER + len)
}

fn put<const N: usize>(packet: &mut [u8], at: usize, bytes: Option<[u8; N]>) {
    if let (Some(bytes), Some(place)) = (bytes, packet.get_mut(at..at + N)) {
        place.copy_from_slice(&bytes);
    }
}

#[cfg(test)]
#[path = "forge_tests.rs"]
mod tests;
