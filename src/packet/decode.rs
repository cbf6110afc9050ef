//! Reading a packet: from the bytes of an IP packet to its summary, and what an analysis needs besides.

use std::net::SocketAddr;

use etherparse::{LaxSlicedPacket, TcpOptionElement, TcpOptionsIterator, TransportSlice, UdpSlice, ip_number};

use super::checksum::{self, Checksum};
use super::network::{Ip, ip, offset_in};
use crate::domain::{Excerpt, Findings, Flags, Flow, Icmp, PacketSummary, Proto, Segment, TcpOption};

/// A packet that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What a class reads of it. Its number, the numbers relative to the beginning of the connection and the findings
    /// are for others to fill in.
    pub summary: PacketSummary,
    /// What the checksum of the transport header says.
    pub checksum: Checksum,
    /// Where its payload is in the bytes that were given, as far as it was captured.
    pub payload: std::ops::Range<usize>,
    /// The number that the sender gave it to keep its fragments together: IPv4's identification, or that of the
    /// fragment header.
    pub ip_id: u32,
    /// Present when it is a fragment of a datagram.
    pub fragment: Option<Fragment>,
    /// What an ICMP error quotes of the packet that it is about.
    pub quoted: Option<Quoted>,
}

/// One of the pieces of a datagram that was too long for a network (RFC 791 §3.2, RFC 8200 §4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Where in the datagram it belongs, in bytes. Ports are in the first one only, at 0.
    pub offset: u32,
    /// Whether another follows.
    pub more: bool,
}

/// What tells a quoted packet from others of its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    /// Its IP identification.
    pub ip_id: u32,
    /// Its sequence number, where it is TCP.
    pub seq: Option<u32>,
}

/// Reads an IP packet of TCP, UDP or ICMP; `None` for anything else. Its number and the numbers relative to the
/// beginning of the connection are for the caller to fill in.
pub fn summary(packet: &[u8]) -> Option<PacketSummary> {
    decode(packet, packet.len()).map(|decoded| decoded.summary)
}

/// Reads an IP packet of TCP, UDP or ICMP, of which `packet` may be only the beginning; `wire_len` is how long it was
/// on the network. `None` for anything else, and for what is too short to tell.
pub fn decode(packet: &[u8], wire_len: usize) -> Option<Decoded> {
    let parts = LaxSlicedPacket::from_ip(packet).ok()?;
    let (ip, transport) = ip(parts.net.as_ref()?, packet, wire_len)?;
    let flow = |proto, source, destination| Flow {
        proto,
        local: SocketAddr::new(ip.from, source),
        peer: Some(SocketAddr::new(ip.to, destination)),
    };
    let found = match ip.fragment {
        Some(Fragment { offset: 1.., .. }) => later_fragment(&ip, transport, flow)?,
        Some(_) => first_fragment(&ip, transport, flow)?,
        None if ip.protocol == ip_number::TCP => tcp_segment(&ip, transport, flow)?,
        None => match parts.transport? {
            TransportSlice::Udp(udp) => datagram(&ip, &udp, flow),
            TransportSlice::Icmpv4(icmp) => {
                message(&ip, icmp.payload(), kind_v4(icmp.type_u8(), icmp.code_u8()), flow, icmp.type_u8() == 8)
            }
            TransportSlice::Icmpv6(icmp) => {
                message(&ip, icmp.payload(), kind_v6(icmp.type_u8(), icmp.code_u8()), flow, icmp.type_u8() >= 128)
            }
            TransportSlice::Tcp(_) | TransportSlice::Igmp(_) => return None,
        },
    };
    let Found { flow, tcp, icmp, quoted, payload, len } = found;
    let start = offset_in(packet, payload);
    let mut excerpt = Excerpt::of(payload);
    excerpt.len = len;
    let whole = ip.fragment.is_none() && ip.start + ip.len <= packet.len();
    let judge = || judge(&ip, packet.get(ip.start..ip.start + ip.len).unwrap_or_default());
    Some(Decoded {
        summary: PacketSummary {
            number: 0,
            flow,
            tcp,
            icmp,
            payload: excerpt,
            retransmission_of: None,
            findings: Findings::default(),
        },
        checksum: if whole { judge() } else { Checksum::Unknown },
        payload: start..start + payload.len(),
        ip_id: ip.id,
        fragment: ip.fragment,
        quoted,
    })
}

/// What was found behind the IP header. `len` is how long `payload` was on the network.
struct Found<'a> {
    flow: Flow,
    tcp: Option<Segment>,
    icmp: Option<Icmp>,
    quoted: Option<Quoted>,
    payload: &'a [u8],
    len: usize,
}

/// A segment of which at least the fixed part of the header was captured. Options and payload are read as far as they
/// were, which is why this is not left to the parsing crate: it wants whole headers.
fn tcp_segment<'a>(ip: &Ip, transport: &'a [u8], flow: impl Fn(Proto, u16, u16) -> Flow) -> Option<Found<'a>> {
    let header: &[u8; 20] = transport.first_chunk()?;
    let len = usize::from(header[12] >> 4) * 4;
    if len < header.len() {
        return None;
    }
    let half = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let word = |at: usize| u32::from(half(at)) << 16 | u32::from(half(at + 2));
    let (head, payload) = transport.split_at(len.min(transport.len()));
    let segment = Segment {
        // Byte 13 of the header holds the eight control bits (RFC 9293 §3.1, RFC 3168 §6.1).
        flags: Flags(header[13]),
        seq: word(4),
        ack: word(8),
        seq_rel: None,
        ack_rel: None,
        window: u32::from(half(14)),
        options: TcpOptionsIterator::from_slice(&head[20..])
            .filter_map(Result::ok)
            .filter_map(|element| option(&element))
            .collect(),
    };
    Some(Found {
        flow: flow(Proto::Tcp, half(0), half(2)),
        tcp: Some(segment),
        icmp: None,
        quoted: None,
        payload,
        len: ip.len.saturating_sub(len),
    })
}

fn datagram<'a>(ip: &Ip, udp: &UdpSlice<'a>, flow: impl Fn(Proto, u16, u16) -> Flow) -> Found<'a> {
    let room = ip.len.saturating_sub(8);
    let said = usize::from(udp.length()).saturating_sub(8);
    Found {
        flow: flow(Proto::Udp, udp.source_port(), udp.destination_port()),
        tcp: None,
        icmp: None,
        quoted: None,
        payload: udp.payload(),
        len: if udp.length() == 0 { room } else { said.min(room) },
    }
}

/// The first fragment has the transport header, but its length and checksum are those of the whole datagram.
fn first_fragment<'a>(ip: &Ip, transport: &'a [u8], flow: impl Fn(Proto, u16, u16) -> Flow) -> Option<Found<'a>> {
    let found = match ip.protocol {
        ip_number::TCP => tcp_segment(ip, transport, flow)?,
        ip_number::UDP => {
            let (header, payload) = transport.split_at_checked(8)?;
            let port = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
            let flow = flow(Proto::Udp, port(0), port(2));
            Found { flow, tcp: None, icmp: None, quoted: None, payload, len: ip.len.saturating_sub(8) }
        }
        _ => return None,
    };
    Some(found)
}

/// A later fragment says nothing of ports: they are 0 here.
fn later_fragment<'a>(ip: &Ip, payload: &'a [u8], flow: impl Fn(Proto, u16, u16) -> Flow) -> Option<Found<'a>> {
    let proto = match ip.protocol {
        ip_number::TCP => Proto::Tcp,
        ip_number::UDP => Proto::Udp,
        _ => return None,
    };
    Some(Found { flow: flow(proto, 0, 0), tcp: None, icmp: None, quoted: None, payload, len: ip.len })
}

fn message<'a>(
    ip: &Ip,
    payload: &'a [u8],
    icmp: Icmp,
    flow: impl Fn(Proto, u16, u16) -> Flow,
    informs: bool,
) -> Found<'a> {
    let about = if informs { None } else { quoted(payload) };
    let (flow, quoted) = about.map_or_else(|| (flow(Proto::Udp, 0, 0), None), |(flow, quoted)| (flow, Some(quoted)));
    Found { flow, tcp: None, icmp: Some(icmp), quoted, payload, len: ip.len.saturating_sub(8) }
}

/// The checksum of a transport header, all of which is in `segment`.
fn judge(ip: &Ip, segment: &[u8]) -> Checksum {
    let field = |at: usize| segment.get(at..).and_then(|rest| rest.first_chunk().copied()).map(u16::from_be_bytes);
    let pseudo = |len: usize| checksum::pseudo(ip.from, ip.to, ip.protocol.0, u32::try_from(len).unwrap_or(u32::MAX));
    let judged = match ip.protocol {
        ip_number::TCP => field(16).map(|field| checksum::judge(field, pseudo(segment.len()), segment)),
        ip_number::UDP => match (field(4), field(6)) {
            // None was sent.
            (_, Some(0)) => None,
            (Some(len), Some(field)) => segment
                .get(..usize::from(len))
                .filter(|datagram| datagram.len() >= 8)
                .map(|datagram| checksum::judge(field, pseudo(datagram.len()), datagram)),
            _ => None,
        },
        ip_number::ICMP => Some(if checksum::sum(segment) == u16::MAX { Checksum::Right } else { Checksum::Wrong }),
        ip_number::IPV6_ICMP => field(2).map(|field| checksum::judge(field, pseudo(segment.len()), segment)),
        _ => None,
    };
    judged.unwrap_or(Checksum::Unknown)
}

fn option(element: &TcpOptionElement) -> Option<TcpOption> {
    match *element {
        TcpOptionElement::Noop => None,
        TcpOptionElement::MaximumSegmentSize(mss) => Some(TcpOption::Mss(mss)),
        TcpOptionElement::WindowScale(shift) => Some(TcpOption::WindowScale(shift)),
        TcpOptionElement::SelectiveAcknowledgementPermitted => Some(TcpOption::SackPermitted),
        TcpOptionElement::SelectiveAcknowledgement((from, to), _) => Some(TcpOption::Sack(from, to)),
        TcpOptionElement::Timestamp(value, echo) => Some(TcpOption::Timestamps(value, echo)),
    }
}

const fn kind_v4(kind: u8, code: u8) -> Icmp {
    match (kind, code) {
        (3, 3) => Icmp::PortUnreachable,
        _ => Icmp::Other(kind, code),
    }
}

const fn kind_v6(kind: u8, code: u8) -> Icmp {
    match (kind, code) {
        (1, 4) => Icmp::PortUnreachable,
        _ => Icmp::Other(kind, code),
    }
}

/// The conversation that an ICMP error quotes the beginning of, turned round: the way the error travels. Eight bytes of
/// the transport header are enough (RFC 792).
fn quoted(packet: &[u8]) -> Option<(Flow, Quoted)> {
    let parts = LaxSlicedPacket::from_ip(packet).ok()?;
    let (ip, transport) = ip(parts.net.as_ref()?, packet, packet.len())?;
    if ip.fragment.is_some_and(|fragment| fragment.offset > 0) {
        return None;
    }
    let header: [u8; 8] = transport.first_chunk().copied()?;
    let port = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (proto, seq) = match ip.protocol {
        ip_number::TCP => (Proto::Tcp, Some(u32::from_be_bytes([header[4], header[5], header[6], header[7]]))),
        ip_number::UDP => (Proto::Udp, None),
        _ => return None,
    };
    let flow = Flow { proto, local: SocketAddr::new(ip.to, port(2)), peer: Some(SocketAddr::new(ip.from, port(0))) };
    Some((flow, Quoted { ip_id: ip.id, seq }))
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;

    #[test]
    fn a_chain_of_headers_that_is_cut_off_is_not_read_past_its_end() {
        let mut bytes = Vec::new();
        PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(1, 65_432).write(&mut bytes, b"oi").unwrap();
        // Hop-by-hop options, and destination options that claim to be 2048 bytes long.
        bytes.splice(40..40, [60, 0, 1, 4, 0, 0, 0, 0, 17, 255, 0, 0, 0, 0, 0, 0]);
        (bytes[6], bytes[5]) = (0, bytes[5] + 16);
        assert_eq!(decode(&bytes, bytes.len()), None);
        bytes[49] = 0;
        assert_eq!(decode(&bytes, bytes.len()).unwrap().summary.flow.peer.unwrap().port(), 65_432);
    }
}
