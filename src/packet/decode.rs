//! Decodes an IP packet into its summary and the further fields that the analysis needs.

use super::bytes::Bytes;
use super::network::{Fragment, Ip, protocol};
use super::transport::{self, IcmpHeader, RawOption, TcpHeader, UdpHeader};
use crate::domain::{ChecksumStatus, Excerpt, Finding, Findings, Flow, Icmp, PacketSummary, Proto, Segment};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Its summary, without its number, the numbers relative to the SYNs and the findings of the analysis.
    pub summary: PacketSummary,
    /// Whether the checksum of the transport header is right.
    pub checksum: ChecksumStatus,
    /// The range of its payload in the given bytes, as far as it was captured.
    pub payload: std::ops::Range<usize>,
    /// The identification that fragments of one datagram share, from IPv4's header or the fragment header.
    pub ip_id: u32,
    /// Present when it is a fragment of a datagram.
    pub fragment: Option<Fragment>,
    /// The packet that an ICMP error quotes.
    pub quoted: Option<Quoted>,
}

/// Fields that identify a quoted packet in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    pub ip_id: u32,
    /// Its sequence number, if it is TCP.
    pub seq: Option<u32>,
}

/// The summary of an IP packet of TCP, UDP or ICMP; `None` for anything else.
pub fn summary(packet: &[u8]) -> Option<PacketSummary> {
    decode(packet, packet.len()).map(|decoded| decoded.summary)
}

/// Decodes an IP packet of TCP, UDP or ICMP that was `wire_len` bytes long on the network; `packet` may be only its
/// beginning. `None` for anything else, or if the headers are cut off.
pub fn decode(packet: &[u8], wire_len: usize) -> Option<Decoded> {
    let bytes = Bytes::of(packet);
    let ip = Ip::read(bytes, 0, wire_len)?;
    let Carried { flow, tcp, icmp, quoted, header, len } = carried(bytes, &ip)?;
    let captured = ip.carried(bytes);
    let start = (ip.start + header).min(captured.end);
    let end = captured.until(start + len).end;
    let mut payload = Excerpt::of(&packet[start..end]);
    payload.len = len;
    let mut findings = Findings::default();
    if ip.beyond > 0 {
        findings.add(Finding::LengthBeyond { missing: u32::try_from(ip.beyond).unwrap_or(u32::MAX) });
    }
    Some(Decoded {
        summary: PacketSummary {
            number: 0,
            flow,
            tcp,
            icmp,
            interface: None,
            payload,
            retransmission_of: None,
            findings,
        },
        checksum: transport::checksum(bytes, &ip),
        payload: start..end,
        ip_id: ip.id,
        fragment: ip.fragment,
        quoted,
    })
}

/// The contents of an IP packet.
struct Carried {
    flow: Flow,
    tcp: Option<Segment>,
    icmp: Option<Icmp>,
    quoted: Option<Quoted>,
    header: usize,
    /// How long the payload was on the network.
    len: usize,
}

impl Carried {
    fn new(flow: Flow, ip: &Ip, header: usize) -> Self {
        Self { flow, tcp: None, icmp: None, quoted: None, header, len: ip.len.saturating_sub(header) }
    }
}

fn carried(bytes: Bytes<'_>, ip: &Ip) -> Option<Carried> {
    match proto(ip)? {
        proto if ip.fragment.is_some() => Some(piece(bytes, ip, proto)),
        Proto::Tcp => segment(bytes, ip),
        Proto::Udp => datagram(bytes, ip),
        Proto::Icmp => message(bytes, ip),
    }
}

const fn proto(ip: &Ip) -> Option<Proto> {
    match ip.protocol {
        protocol::TCP => Some(Proto::Tcp),
        protocol::UDP => Some(Proto::Udp),
        protocol::ICMP | protocol::ICMPV6 => Some(Proto::Icmp),
        _ => None,
    }
}

/// A fragment. Only the first has ports and a header; those of the others are 0 here.
fn piece(bytes: Bytes<'_>, ip: &Ip, proto: Proto) -> Carried {
    if ip.is_later_fragment() {
        return Carried::new(ip.flow(proto, 0, 0), ip, 0);
    }
    let captured = ip.carried(bytes);
    let ports = if proto == Proto::Icmp { None } else { captured.u16(ip.start).zip(captured.u16(ip.start + 2)) };
    let (source, destination) = ports.unwrap_or_default();
    let header = match proto {
        Proto::Tcp => captured.u8(ip.start + 12).map_or(20, |offset| usize::from(offset >> 4) * 4),
        Proto::Udp => UdpHeader::LEN,
        Proto::Icmp => IcmpHeader::LEN,
    };
    Carried::new(ip.flow(proto, source, destination), ip, header.min(ip.len))
}

fn segment(bytes: Bytes<'_>, ip: &Ip) -> Option<Carried> {
    let header = TcpHeader::read(bytes, ip)?;
    let options = header.options(bytes, ip);
    let segment = Segment {
        flags: header.flags,
        seq: header.seq,
        ack: header.ack,
        seq_rel: None,
        ack_rel: None,
        window: u32::from(header.window),
        options: options.filter_map(|option| RawOption::read(&option, bytes)).collect(),
    };
    let flow = ip.flow(Proto::Tcp, header.source, header.destination);
    Some(Carried { tcp: Some(segment), ..Carried::new(flow, ip, header.len) })
}

fn datagram(bytes: Bytes<'_>, ip: &Ip) -> Option<Carried> {
    let header = UdpHeader::read(bytes, ip)?;
    let mut datagram = Carried::new(ip.flow(Proto::Udp, header.source, header.destination), ip, UdpHeader::LEN);
    if let Some(len) = header.len {
        datagram.len = datagram.len.min(len - UdpHeader::LEN);
    }
    Some(datagram)
}

fn message(bytes: Bytes<'_>, ip: &Ip) -> Option<Carried> {
    let header = IcmpHeader::read(bytes, ip)?;
    let icmp = Icmp::new(header.v6, header.kind, header.code, header.rest);
    let about = if header.quotes() { quoted(ip.carried(bytes), ip.start + IcmpHeader::LEN) } else { None };
    let (flow, quoted) = about.unzip();
    let flow = flow.unwrap_or(ip.flow(Proto::Icmp, 0, 0));
    Some(Carried { icmp: Some(icmp), quoted, ..Carried::new(flow, ip, IcmpHeader::LEN) })
}

/// The packet quoted at `start`, and its flow in the direction in which the error travels. Eight bytes of the transport
/// header are enough (RFC 792).
fn quoted(bytes: Bytes<'_>, start: usize) -> Option<(Flow, Quoted)> {
    let ip = Ip::read(bytes, start, bytes.end.saturating_sub(start))?;
    if ip.is_later_fragment() {
        return None;
    }
    let proto = proto(&ip)?;
    let header = ip.carried(bytes);
    let (source, destination) = match proto {
        Proto::Tcp | Proto::Udp => (header.u16(ip.start)?, header.u16(ip.start + 2)?),
        Proto::Icmp => (0, 0),
    };
    let flow = ip.flow(proto, source, destination);
    let word = header.u32(ip.start + 4)?;
    Some((flow.mirror()?, Quoted { ip_id: ip.id, seq: (proto == Proto::Tcp).then_some(word) }))
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
