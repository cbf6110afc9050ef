//! The headers before the IP packet in a frame, one after the other: links, tags, tunnels.
//!
//! The summary and the detail tree walk through the same steps, so that both find the same packet.

use super::bytes::Bytes;
use super::link::LinkType;
use super::network::{Ip, protocol};
use crate::domain::Unread;

/// What stands at a place in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderKind {
    Ethernet,
    /// An IEEE 802.1Q tag.
    Vlan,
    /// IEEE 802.2, with SNAP.
    Llc,
    Cooked,
    Cooked2,
    /// The address family; in network byte order if OpenBSD wrote it.
    Loopback {
        openbsd: bool,
    },
    /// PPP, with address and control or without (RFC 1661, RFC 1662).
    Ppp,
    /// The byte before PPP that says who sent it.
    Direction,
    /// PPP over Ethernet (RFC 2516).
    Pppoe,
    /// Cisco's HDLC.
    Hdlc,
    /// PPP or Cisco's HDLC, by its first byte.
    PppOrHdlc,
    FrameRelay,
    /// One label of a stack (RFC 3032).
    Mpls,
    /// The word before an Ethernet frame in MPLS (RFC 4448).
    ControlWord,
    /// Generic routing encapsulation (RFC 2784, RFC 2890; version 1: RFC 2637).
    Gre,
    /// The header before a frame that a switch mirrors through GRE.
    Erspan,
    Wifi,
    /// What the radio noted before an 802.11 frame: radiotap, Prism, AVS, PPI.
    Radiotap,
    Prism,
    Avs,
    Ppi,
    /// IEEE 1394 and InfiniBand: hardware addresses of this length before the `EtherType`.
    Hardware {
        len: usize,
        ethertype: usize,
    },
    Ip,
    /// Nothing that is read.
    Other(Unread),
}

/// An IP packet in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IpPlace {
    /// Where it begins.
    pub(super) start: usize,
    /// Where what carries it ended on the network.
    pub(super) end: usize,
}

/// Longer chains of headers are attacks on the reader.
const MOST: usize = 16;

impl HeaderKind {
    /// What a frame of this link type begins with.
    pub(super) const fn first(link: LinkType) -> Self {
        match link {
            LinkType::ETHERNET => Self::Ethernet,
            LinkType::NULL => Self::Loopback { openbsd: false },
            LinkType::LOOP => Self::Loopback { openbsd: true },
            LinkType::LINUX_SLL => Self::Cooked,
            LinkType::LINUX_SLL2 => Self::Cooked2,
            LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 | LinkType(12 | 14) => Self::Ip,
            LinkType(9) => Self::Ppp,
            LinkType(166 | 204) => Self::Direction,
            LinkType(50) => Self::PppOrHdlc,
            LinkType(51) => Self::Pppoe,
            LinkType(11 | 100) => Self::Llc,
            LinkType(104) => Self::Hdlc,
            LinkType(105) => Self::Wifi,
            LinkType(107) => Self::FrameRelay,
            LinkType(119) => Self::Prism,
            LinkType(127) => Self::Radiotap,
            LinkType(138) => Self::Hardware { len: 18, ethertype: 16 },
            LinkType(163) => Self::Avs,
            LinkType(192) => Self::Ppi,
            LinkType(219) => Self::Mpls,
            LinkType(242) => Self::Hardware { len: 44, ethertype: 40 },
            LinkType(number) => Self::Other(Unread::LinkType(number)),
        }
    }

    const fn of_ethertype(number: u16) -> Self {
        match number {
            // The length of an IEEE 802.3 frame.
            ..=1500 => Self::Llc,
            0x0800 | 0x86dd => Self::Ip,
            // IEEE 802.1Q, 802.1ad and the older double tag.
            0x8100 | 0x88a8 | 0x9100 => Self::Vlan,
            0x6558 => Self::Ethernet,
            0x880b => Self::Ppp,
            0x8847 | 0x8848 => Self::Mpls,
            0x8864 => Self::Pppoe,
            0x88be => Self::Erspan,
            number => Self::Other(Unread::EtherType(number)),
        }
    }

    /// The header at `start`: its length, and what follows it. `None` if it is cut off or impossible.
    pub(super) fn step(self, bytes: Bytes<'_>, start: usize) -> Option<(usize, Self)> {
        let ethertype = |at: usize| bytes.u16(start + at).map(Self::of_ethertype);
        Some(match self {
            Self::Ethernet => (14, ethertype(12)?),
            Self::Vlan => (4, ethertype(2)?),
            Self::Llc => llc(bytes, start)?,
            // The packet kinds 1 and 4 are IEEE 802.3 without and with LLC (linux/if_ether.h).
            Self::Cooked => (16, ethertype(14)?),
            Self::Cooked2 => (20, ethertype(0)?),
            Self::Loopback { .. } => (4, Self::Ip),
            Self::Direction => (1, Self::Ppp),
            Self::Ppp => ppp(bytes, start)?,
            Self::Pppoe => match bytes.u8(start + 1)? {
                0 => (6, Self::Ppp),
                _ => (6, Self::Other(Unread::EtherType(0x8863))),
            },
            Self::Hdlc => (4, ethertype(2)?),
            Self::PppOrHdlc => match bytes.u8(start)? {
                0x0f | 0x8f => (0, Self::Hdlc),
                _ => (0, Self::Ppp),
            },
            Self::FrameRelay => frame_relay(bytes, start)?,
            Self::Mpls => mpls(bytes, start)?,
            Self::ControlWord => (4, Self::Ethernet),
            Self::Gre => gre(bytes, start)?,
            Self::Erspan => (8, Self::Ethernet),
            Self::Wifi => wifi(bytes, start)?,
            Self::Radiotap => (usize::from(bytes.u16(start + 2)?.swap_bytes()), Self::Wifi),
            Self::Prism => (prism(bytes.u32(start + 4)?)?, Self::Wifi),
            Self::Avs => (usize::try_from(bytes.u32(start + 4)?).ok()?, Self::Wifi),
            Self::Ppi => {
                let link = LinkType(u16::try_from(bytes.u32(start + 4)?.swap_bytes()).ok()?);
                (usize::from(bytes.u16(start + 2)?.swap_bytes()), Self::first(link))
            }
            Self::Hardware { len, ethertype: at } => (len, ethertype(at)?),
            Self::Ip | Self::Other(_) => return None,
        })
    }

    /// What an IP packet carries, if that is a packet or frame again. Only the first fragment has the header of what it
    /// carries, and not all of the rest.
    pub(super) fn tunnelled(ip: &Ip) -> Option<Self> {
        match ip.protocol {
            _ if ip.fragment.is_some() => None,
            protocol::IPV4 | protocol::IPV6 => Some(Self::Ip),
            protocol::GRE => Some(Self::Gre),
            _ => None,
        }
    }
}

/// Finds the innermost IP packet of a frame that was `wire_len` bytes long on the network.
pub(super) fn find(first: HeaderKind, bytes: Bytes<'_>, wire_len: usize) -> Result<IpPlace, Unread> {
    let mut kind = first;
    let (mut start, mut end) = (0, wire_len);
    for _ in 0..MOST {
        match kind {
            HeaderKind::Other(unread) => return Err(unread),
            HeaderKind::Ip => {
                let version = bytes.u8(start).ok_or(Unread::Malformed)? >> 4;
                if !matches!(version, 4 | 6) {
                    return Err(Unread::Malformed);
                }
                let ip = Ip::read(bytes.until(end), start, end.saturating_sub(start));
                let inner = ip.and_then(|ip| Some((HeaderKind::tunnelled(&ip)?, ip)));
                let Some((carried, ip)) = inner else { return Ok(IpPlace { start, end: end.max(start) }) };
                (kind, start, end) = (carried, ip.start, ip.start + ip.len);
            }
            _ => {
                let (len, next) = kind.step(bytes, start).ok_or(Unread::Malformed)?;
                (kind, start) = (next, start + len);
            }
        }
    }
    Err(Unread::Malformed)
}

/// IEEE 802.2: SNAP has an `EtherType`; 0x06 is IP.
fn llc(bytes: Bytes<'_>, start: usize) -> Option<(usize, HeaderKind)> {
    let [destination, source, control] = bytes.array(start)?;
    Some(match (destination, source, control) {
        (0xaa, 0xaa, 3) => match bytes.array(start + 3)? {
            // The organisations whose numbers are EtherTypes (RFC 1042, IEEE 802.1H).
            [0, 0, 0 | 0xf8] => (8, HeaderKind::of_ethertype(bytes.u16(start + 6)?)),
            [0, 0, 0x0c] => (8, HeaderKind::Other(Unread::EtherType(bytes.u16(start + 6)?))),
            _ => (8, HeaderKind::Other(Unread::Llc(0xaa))),
        },
        (6, 6, 3) => (3, HeaderKind::Ip),
        _ => (3, HeaderKind::Other(Unread::Llc(destination))),
    })
}

/// PPP: address and control may be left out, and so may the first byte of the protocol (RFC 1661 §6.5).
fn ppp(bytes: Bytes<'_>, start: usize) -> Option<(usize, HeaderKind)> {
    let framed = if bytes.u16(start)? == 0xff03 { 2 } else { 0 };
    let first = bytes.u8(start + framed)?;
    let (number, len) =
        if first & 1 == 1 { (u16::from(first), framed + 1) } else { (bytes.u16(start + framed)?, framed + 2) };
    Some((
        len,
        match number {
            0x0021 | 0x0057 => HeaderKind::Ip,
            0x0281 | 0x0283 => HeaderKind::Mpls,
            number => HeaderKind::Other(Unread::Ppp(number)),
        },
    ))
}

/// Frame Relay with an address of two bytes, and the kind of its contents (RFC 2427).
fn frame_relay(bytes: Bytes<'_>, start: usize) -> Option<(usize, HeaderKind)> {
    Some(match bytes.array(start + 2)? {
        [3, 0xcc | 0x8e] => (4, HeaderKind::Ip),
        // A zero pads it to an even length before SNAP.
        [3, 0] if bytes.u8(start + 4)? == 0x80 => snap(bytes, start, 5)?,
        [3, 0x80] => snap(bytes, start, 4)?,
        [3, other] => (4, HeaderKind::Other(Unread::Llc(other))),
        // Cisco's own encapsulation.
        [high, low] => (4, HeaderKind::of_ethertype(u16::from_be_bytes([high, low]))),
    })
}

/// An organisation and an `EtherType`, so many bytes into a header.
fn snap(bytes: Bytes<'_>, start: usize, at: usize) -> Option<(usize, HeaderKind)> {
    Some((at + 5, HeaderKind::of_ethertype(bytes.u16(start + at + 3)?)))
}

/// A label; what follows the last one is seen from its first bits only.
fn mpls(bytes: Bytes<'_>, start: usize) -> Option<(usize, HeaderKind)> {
    let last = bytes.u8(start + 2)? & 1 == 1;
    Some((
        4,
        match bytes.u8(start + 4)? >> 4 {
            _ if !last => HeaderKind::Mpls,
            4 | 6 => HeaderKind::Ip,
            0 => HeaderKind::ControlWord,
            _ => HeaderKind::Other(Unread::EtherType(0x8847)),
        },
    ))
}

fn gre(bytes: Bytes<'_>, start: usize) -> Option<(usize, HeaderKind)> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGMENT: u16 = 0x0080;
    let (flags, number) = (bytes.u16(start)?, bytes.u16(start + 2)?);
    if flags & ROUTING != 0 {
        return Some((4, HeaderKind::Other(Unread::IpProtocol(protocol::GRE))));
    }
    let optional = [CHECKSUM, KEY, SEQUENCE, if flags & 7 == 1 { ACKNOWLEDGMENT } else { 0 }];
    let len = 4 + 4 * optional.iter().filter(|bit| flags & **bit != 0).count();
    // The first version of ERSPAN has no header, and no sequence number.
    let kind = match HeaderKind::of_ethertype(number) {
        HeaderKind::Erspan if flags & SEQUENCE == 0 => HeaderKind::Ethernet,
        HeaderKind::Llc => HeaderKind::Other(Unread::EtherType(number)),
        kind => kind,
    };
    Some((len, kind))
}

/// A data frame of IEEE 802.11; LLC follows. Of several frames in one it is that of the first.
fn wifi(bytes: Bytes<'_>, start: usize) -> Option<(usize, HeaderKind)> {
    Some(match wireless_data(bytes, start)? {
        WirelessData::Unread => (24, HeaderKind::Other(Unread::Wireless)),
        WirelessData::One(len) => (len, HeaderKind::Llc),
        WirelessData::Several(len) => (len + SUBFRAME, HeaderKind::Llc),
    })
}

/// The addresses and the length before each of several frames in one.
const SUBFRAME: usize = 14;

/// What an 802.11 frame carries, and the length of its header.
enum WirelessData {
    /// No data, or encrypted data.
    Unread,
    One(usize),
    Several(usize),
}

fn wireless_data(bytes: Bytes<'_>, start: usize) -> Option<WirelessData> {
    let [control, flags] = bytes.array(start)?;
    let (data, empty, quality) = (control & 0x0c == 0x08, control & 0x40 != 0, control & 0x80 != 0);
    let (both_ways, encrypted, ordered) = (flags & 3 == 3, flags & 0x40 != 0, flags & 0x80 != 0);
    if !data || empty || encrypted {
        return Some(WirelessData::Unread);
    }
    let len = 24 + if both_ways { 6 } else { 0 };
    if !quality {
        return Some(WirelessData::One(len));
    }
    let several = bytes.u8(start + len)? & 0x80 != 0;
    let len = len + 2 + if ordered { 4 } else { 0 };
    Some(if several { WirelessData::Several(len) } else { WirelessData::One(len) })
}

/// How many frames stand behind the first one in a frame that carries several, as far as they were captured.
pub(super) fn further(first: HeaderKind, bytes: Bytes<'_>) -> u32 {
    let (mut kind, mut start) = (first, 0);
    for _ in 0..MOST {
        match kind {
            HeaderKind::Wifi => {
                let Some(WirelessData::Several(len)) = wireless_data(bytes, start) else { return 0 };
                return subframes(bytes, start + len).saturating_sub(1);
            }
            HeaderKind::Radiotap | HeaderKind::Prism | HeaderKind::Avs | HeaderKind::Ppi => {
                let Some((len, next)) = kind.step(bytes, start) else { return 0 };
                (kind, start) = (next, start + len);
            }
            _ => return 0,
        }
    }
    0
}

/// Each but the last is padded to a multiple of four bytes. What is too short for one may be a check sum.
fn subframes(bytes: Bytes<'_>, first: usize) -> u32 {
    let (mut at, mut count) = (first, 0);
    while let Some(len) = bytes.u16(at + SUBFRAME - 2) {
        count += 1;
        at += (SUBFRAME + usize::from(len)).next_multiple_of(4);
    }
    count
}

/// The length that a Prism header states, in the byte order of the capturing machine.
fn prism(len: u32) -> Option<usize> {
    usize::try_from(len.min(len.swap_bytes())).ok()
}

#[cfg(test)]
#[path = "encapsulation_tests.rs"]
mod tests;
