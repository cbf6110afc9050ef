//! What a router does to an IPv4 packet that its next link does not take as it is: it marks it, divides it, or tells its
//! sender. Pure, and total over any bytes.

use crate::domain::wire::WIRE_ADDRESS;
use crate::domain::{ForgedChecksum, icmp, seal, seal_ip};
use crate::packet::protocol;

/// The least header.
const HEADER: usize = 20;
/// The field of flags and fragment offset: "don't fragment", "more fragments", and the offset in units of 8 bytes.
const DF: u16 = 0x4000;
const MORE: u16 = 0x2000;
const OFFSET: u16 = 0x1fff;
/// The two bits of ECN (RFC 3168 §5): not capable, and congestion experienced.
const ECN: u8 = 3;
const NOT_ECT: u8 = 0;
const CE: u8 = 3;
/// An ICMP message as a whole is not longer, so that it crosses any network (RFC 1812 §4.3.2.3).
const LONGEST_ICMP: usize = 576;
const ICMP_HEADER: usize = 8;
/// Type 3, destination unreachable, and its code 4, "fragmentation needed and DF set" (RFC 792, RFC 1191 §4).
const UNREACHABLE: u8 = 3;
const FRAGMENTATION_NEEDED: u8 = 4;

fn word(packet: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]))
}

/// Where the header ends; `None` if this is no whole IPv4 header.
fn header_len(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let len = usize::from(first & 15) * 4;
    (first >> 4 == 4 && len >= HEADER && packet.len() >= len).then_some(len)
}

/// Writes a 16-bit word.
fn put(packet: &mut [u8], at: usize, value: u16) {
    packet[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// Marks a packet with CE, if its transport understands ECN and it is not marked yet. Returns whether it did.
pub(super) fn mark(packet: &mut [u8]) -> bool {
    if header_len(packet).is_none() {
        return false;
    }
    if matches!(packet[1] & ECN, NOT_ECT | CE) {
        return false;
    }
    packet[1] |= CE;
    seal_ip(packet);
    true
}

/// The fragments of a packet that is too long for this MTU (RFC 791 §3.2); `None` if it must not or cannot be divided.
pub(super) fn fragments(packet: &[u8], mtu: usize) -> Option<Vec<Vec<u8>>> {
    let header = header_len(packet)?;
    let field = word(packet, 6)?;
    // All but the last carry a multiple of eight bytes.
    let most = mtu.checked_sub(header)? & !7;
    if field & DF != 0 || most == 0 {
        return None;
    }
    let later = later_header(&packet[..header]);
    let (offset, more) = (field & OFFSET, field & MORE);
    let pieces = packet[header..].chunks(most);
    let last = pieces.len().checked_sub(1)?;
    let piece = |(at, data): (usize, &[u8])| {
        let mut piece = if at == 0 { packet[..header].to_vec() } else { later.clone() };
        let flags = if at < last { MORE } else { more };
        let offset = offset.checked_add(u16::try_from(at * most / 8).ok()?).filter(|offset| *offset <= OFFSET)?;
        piece.extend_from_slice(data);
        put(&mut piece, 6, offset | flags);
        seal_ip(&mut piece);
        Some(piece)
    };
    pieces.enumerate().map(piece).collect()
}

/// The header of later fragments: only some options are copied into them (RFC 791 §3.1).
fn later_header(first: &[u8]) -> Vec<u8> {
    let mut header = first[..HEADER].to_vec();
    let mut options = &first[HEADER..];
    while let Some(&kind) = options.first() {
        // The end of the list; an option of one byte; one with its length.
        let len = match kind {
            0 => break,
            1 => 1,
            _ => options.get(1).map_or(0, |len| usize::from(*len)),
        };
        if len == 0 || len > options.len() || (kind > 1 && len < 2) {
            break;
        }
        if kind & 0x80 != 0 {
            header.extend_from_slice(&options[..len]);
        }
        options = &options[len..];
    }
    header.resize(header.len().next_multiple_of(4), 0);
    header[0] = 0x40 | u8::try_from(header.len() / 4).unwrap_or(5);
    header
}

/// The message to the sender of a packet that is too long for this MTU and must not be divided: ICMP type 3 code 4 with
/// the MTU (RFC 1191 §4). `None` where none may be sent: about an ICMP error, or about a later fragment (RFC 1122
/// §3.2.2).
pub(super) fn fragmentation_needed(packet: &[u8], mtu: u16) -> Option<Vec<u8>> {
    let header = header_len(packet)?;
    let error = packet[9] == protocol::ICMP && packet.get(header).is_none_or(|kind| icmp::is_error(false, *kind));
    if error || word(packet, 6)? & OFFSET != 0 {
        return None;
    }
    let quoted = &packet[..packet.len().min(LONGEST_ICMP - HEADER - ICMP_HEADER)];
    let len = HEADER + ICMP_HEADER + quoted.len();
    let mut message = vec![0; len];
    // Version and header length; internetwork control, as routers send it (RFC 1812 §4.3.2.5); TTL 64; ICMP.
    (message[0], message[1], message[8], message[9]) = (0x45, 0xc0, 64, protocol::ICMP);
    message[12..16].copy_from_slice(&WIRE_ADDRESS.octets());
    message[16..20].copy_from_slice(&packet[12..16]);
    (message[HEADER], message[HEADER + 1]) = (UNREACHABLE, FRAGMENTATION_NEEDED);
    put(&mut message, HEADER + 6, mtu);
    message[HEADER + ICMP_HEADER..].copy_from_slice(quoted);
    seal(&mut message, ForgedChecksum::Right);
    Some(message)
}

#[cfg(test)]
mod tests {
    use etherparse::icmpv4::DestUnreachableHeader;
    use etherparse::{Icmpv4Slice, Icmpv4Type, Ipv4HeaderSlice, PacketBuilder};

    use super::super::decode::packets::{CLIENT, tcp, udp};
    use super::*;
    use crate::domain::Flags;

    /// The header, whose checksum must be right and whose length that of the bytes.
    fn ip(packet: &[u8]) -> etherparse::Ipv4Header {
        let header = Ipv4HeaderSlice::from_slice(packet).unwrap().to_header();
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        assert_eq!(usize::from(header.total_len), packet.len());
        header
    }

    fn with_df(mut packet: Vec<u8>, df: bool) -> Vec<u8> {
        packet[6] = if df { 0x40 } else { 0 };
        seal_ip(&mut packet);
        packet
    }

    #[test]
    fn the_message_is_valid_and_quotes_the_packet_and_the_mtu() {
        let long = with_df(tcp(true, Flags::ACK, 7, 1, &[b'x'; 1460]), true);
        let message = fragmentation_needed(&long, 1400).unwrap();
        let header = ip(&message);
        assert_eq!((header.source, header.destination), (WIRE_ADDRESS.octets(), CLIENT.0));
        assert_eq!(message.len(), 576);
        let icmp = Icmpv4Slice::from_slice(&message[20..]).unwrap();
        let needed = DestUnreachableHeader::FragmentationNeeded { next_hop_mtu: 1400 };
        assert_eq!(icmp.icmp_type(), Icmpv4Type::DestinationUnreachable(needed));
        assert_eq!(icmp.checksum(), icmp.icmp_type().calc_checksum(icmp.payload()));
        assert_eq!(icmp.payload(), &long[..548]);
        let short = with_df(tcp(true, Flags::ACK, 7, 1, b""), true);
        assert_eq!(fragmentation_needed(&short, 68).unwrap()[28..], short);
    }

    #[test]
    fn no_message_is_sent_about_an_error_or_a_later_fragment() {
        let long = with_df(udp(true, &[b'x'; 1000]), true);
        let message = fragmentation_needed(&long, 500).unwrap();
        assert_eq!(fragmentation_needed(&message, 500), None);
        let mut later = long.clone();
        later[7] = 9;
        assert_eq!(fragmentation_needed(&later, 500), None);
        let mut echo = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 2], [192, 0, 2, 1], 64)
            .icmpv4_echo_request(1, 1)
            .write(&mut echo, &[0; 600])
            .unwrap();
        assert!(fragmentation_needed(&echo, 500).is_some());
    }

    #[test]
    fn fragments_carry_all_of_it_in_multiples_of_eight_bytes() {
        let long = with_df(udp(true, &(0..=255).cycle().take(3001).collect::<Vec<_>>()), false);
        for mtu in [68, 576, 1000, 1499] {
            let pieces = fragments(&long, mtu).unwrap();
            let mut whole = Vec::new();
            for (at, piece) in pieces.iter().enumerate() {
                let header = ip(piece);
                let last = at + 1 == pieces.len();
                assert!(piece.len() <= mtu && (last || piece.len() + 8 > mtu), "{mtu}");
                assert_eq!(usize::from(header.fragment_offset.value()) * 8, whole.len());
                assert_eq!((header.more_fragments, header.identification), (!last, ip(&long).identification));
                whole.extend_from_slice(&piece[20..]);
            }
            assert_eq!(whole, long[20..], "{mtu}");
        }
        // A fragment is divided further; the last piece of one that is not the last says so too.
        let first = &fragments(&long, 1500).unwrap()[0];
        let again = fragments(first, 576).unwrap();
        assert!(again.iter().all(|piece| ip(piece).more_fragments));
        assert_eq!(fragments(&with_df(long, true), 1000), None);
    }

    #[test]
    fn later_fragments_have_only_the_options_that_are_copied() {
        let mut long = with_df(udp(true, &[7; 1000]), false);
        // A record of the route, which is not copied, and a stream identifier, which is (RFC 791 §3.1).
        let options = [7, 3, 4, 136, 4, 0, 9, 0];
        long.splice(20..20, options);
        long[0] = 0x47;
        let len = u16::try_from(long.len()).unwrap();
        put(&mut long, 2, len);
        seal_ip(&mut long);
        let pieces = fragments(&long, 576).unwrap();
        assert_eq!(pieces[0][20..28], options);
        assert_eq!((pieces[1][0], &pieces[1][20..24]), (0x46, &[136, 4, 0, 9][..]));
        pieces.iter().for_each(|piece| _ = ip(piece));
    }

    #[test]
    fn only_a_packet_that_understands_ecn_is_marked() {
        for (bits, marked) in [(0, false), (1, true), (2, true), (3, false)] {
            let mut packet = tcp(true, Flags::ACK, 7, 1, b"x");
            packet[1] = 0xb8 | bits;
            seal_ip(&mut packet);
            assert_eq!(mark(&mut packet), marked);
            assert_eq!(packet[1], 0xb8 | if marked { CE } else { bits });
            ip(&packet);
        }
    }

    #[test]
    fn no_bytes_are_a_panic() {
        for packet in [tcp(true, Flags::SYN, 7, 0, b"hello"), udp(true, &[9; 600])] {
            for end in 0..packet.len() {
                for first in [0x45, 0x4f, 0x60, 0] {
                    let mut part = packet[..end].to_vec();
                    part.first_mut().into_iter().for_each(|byte| *byte = first);
                    for mtu in [0, 1, 68, 100] {
                        let _ = fragments(&part, mtu);
                        let _ = fragmentation_needed(&part, 68);
                        mark(&mut part.clone());
                    }
                }
            }
        }
    }
}
