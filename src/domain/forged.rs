//! A packet of one's own, and what is changed in another one's: every field of it, and the limits.

use super::flow::{Flow, Proto};
use super::id::HostId;
use super::packet::Flags;
use super::text_enum::text_enum;

/// A packet that no kernel made. Its sequence numbers are those that stand in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgedPacket {
    /// The host in whose name it is sent, to the other one.
    pub from: HostId,
    /// The port that it seems to come from. What an ICMP message quotes was sent to that port.
    pub source: u16,
    /// The port that it goes to.
    pub destination: u16,
    /// How many routers it may pass (RFC 791 §3.1).
    pub ttl: u8,
    /// What routers are told, and tell, about congestion.
    pub ecn: EcnCodepoint,
    /// Whether the checksum of TCP, UDP or ICMP is right.
    pub checksum: ForgedChecksum,
    /// Its protocol, and the fields that only this protocol has.
    pub kind: ForgedKind,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// The protocol of a forged packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgedKind {
    /// TCP.
    Segment(ForgedSegment),
    /// UDP.
    Datagram,
    /// ICMP: destination unreachable (RFC 792), about a packet that the other host has sent.
    Unreachable {
        /// Why: 3 is a port without a socket.
        code: u8,
        /// The protocol of the packet that it quotes.
        about: Proto,
        /// The sequence number of that packet, if it is a segment.
        seq: u32,
    },
}

/// The fields of a TCP header (RFC 9293 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ForgedSegment {
    /// The control bits.
    pub flags: Flags,
    /// The sequence number.
    pub seq: u32,
    /// The acknowledgment number, which stands in the header also without ACK.
    pub ack: u32,
    /// The window as it stands in the header: not scaled.
    pub window: u16,
    /// The options.
    pub options: ForgedOptions,
}

/// The options of a forged segment: at most 24 of the 40 bytes that a header has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ForgedOptions {
    /// The largest segment that the sender accepts (RFC 9293 §3.7.1).
    pub mss: Option<u16>,
    /// By how many bits windows are shifted (RFC 7323 §2).
    pub wscale: Option<u8>,
    /// Selective acknowledgments are understood (RFC 2018 §2).
    pub sack_ok: bool,
    /// The sender's clock, and the echo of the receiver's (RFC 7323 §3).
    pub ts: Option<(u32, u32)>,
}

impl ForgedOptions {
    /// How many bytes they take, filled up to words of four.
    pub const fn bytes(&self) -> usize {
        let words = self.mss.is_some() as usize + self.wscale.is_some() as usize + self.sack_ok as usize;
        4 * (words + 3 * self.ts.is_some() as usize)
    }

    /// Whether a packet can have them beside a payload of so many bytes.
    pub fn check(&self, len: usize) -> Result<(), ForgedFault> {
        let most = ForgedPacket::MOST - self.bytes();
        if len > most {
            return Err(ForgedFault::TooLong { len, most });
        }
        match self.wscale {
            Some(scale) if scale > ForgedPacket::LARGEST_SCALE => Err(ForgedFault::Scale(scale)),
            _ => Ok(()),
        }
    }
}

text_enum! {
    /// The two bits for explicit congestion notification in the IP header (RFC 3168 §5).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum EcnCodepoint {
        /// The sender does not take part: 00.
        #[default]
        NotEct = "not_ect",
        /// The sender takes part: 01.
        Ect1 = "ect1",
        /// The sender takes part: 10.
        Ect0 = "ect0",
        /// A router has seen congestion: 11.
        Ce = "ce",
    }
}

impl EcnCodepoint {
    /// The bits.
    pub const fn bits(self) -> u8 {
        match self {
            Self::NotEct => 0,
            Self::Ect1 => 1,
            Self::Ect0 => 2,
            Self::Ce => 3,
        }
    }
}

text_enum! {
    /// Whether the checksum of a packet is right.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum ForgedChecksum {
        /// It is computed.
        #[default]
        Right = "right",
        /// One bit of it is wrong.
        Wrong = "wrong",
    }
}

/// What is changed in a packet on its way. What is `None` stays as it is; fields that the packet does not have are
/// passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PacketChange {
    /// The port that it comes from.
    pub source: Option<u16>,
    /// The port that it goes to.
    pub destination: Option<u16>,
    /// The sequence number, as it stands in the header.
    pub seq: Option<u32>,
    /// The acknowledgment number.
    pub ack: Option<u32>,
    /// The control bits.
    pub flags: Option<Flags>,
    /// The window, not scaled.
    pub window: Option<u16>,
    /// The options, in place of all that it has.
    pub options: Option<ForgedOptions>,
    /// What it carries.
    pub payload: Option<Vec<u8>>,
    /// How many routers it may pass.
    pub ttl: Option<u8>,
    /// The bits about congestion.
    pub ecn: Option<EcnCodepoint>,
    /// Whether the checksum is right afterwards.
    pub checksum: ForgedChecksum,
}

/// Why a packet cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForgedFault {
    /// The payload does not fit into a packet.
    #[error("{len} bytes are more than the {most} for which a packet has room")]
    TooLong {
        /// How long it is.
        len: usize,
        /// How long it may be.
        most: usize,
    },
    /// No window is shifted by that many bits.
    #[error("a window scale of {0} is more than 14")]
    Scale(u8),
}

impl ForgedPacket {
    /// The most bytes of payload without options: those of an Ethernet without the headers of IP and TCP.
    pub const MOST: usize = 1460;
    /// The largest shift of a window (RFC 7323 §2.3).
    pub const LARGEST_SCALE: u8 = 14;

    /// The address that it seems to come from, and the one that it goes to.
    pub fn flow(&self) -> Flow {
        let proto = match self.kind {
            ForgedKind::Segment(_) => Proto::Tcp,
            ForgedKind::Datagram => Proto::Udp,
            ForgedKind::Unreachable { about, .. } => about,
        };
        let end = |host: HostId, port| (host.address(), port).into();
        Flow { proto, local: end(self.from, self.source), peer: Some(end(self.from.other(), self.destination)) }
    }

    /// Whether it can be made.
    pub fn check(&self) -> Result<(), ForgedFault> {
        let options = match &self.kind {
            ForgedKind::Segment(segment) => segment.options,
            ForgedKind::Datagram | ForgedKind::Unreachable { .. } => ForgedOptions::default(),
        };
        options.check(self.payload.len())
    }
}
