//! How a file denotes a packet, an end of a connection, a number and a cause.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

pub use super::amount::Amount;
use super::segment_options::OptionsMatch;
use crate::domain::{Cause, Finding, Flags, HostId, Icmp, PacketSummary, Proto, Syscall};

/// A socket's name, and its place in the file.
pub type SocketName = Spanned<String>;

/// A packet, by its contents. A field left out matches anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PacketMatch {
    /// Exactly these flags, apart from PSH.
    pub flags: Option<Flags>,
    /// Sent by this host.
    pub from: Option<HostId>,
    /// TCP or UDP.
    pub proto: Option<Proto>,
    /// An ICMP message of this kind.
    pub icmp: Option<Icmp>,
    /// The number of bytes it carries.
    pub len: Option<Amount>,
    /// The text that it carries.
    pub text: Option<String>,
    /// Its sequence number, relative to the sender's SYN.
    pub seq: Option<Amount>,
    /// Its acknowledgement number, relative to the other side's SYN.
    pub ack: Option<Amount>,
    /// The window it offers.
    pub window: Option<Amount>,
    /// The options in its TCP header.
    pub options: Option<OptionsMatch>,
    /// Whether it is a retransmission.
    pub again: Option<bool>,
    /// Whether no kernel made it.
    pub forged: Option<bool>,
    /// From or to this port.
    pub port: Option<u16>,
    /// Which match, counted from 1.
    pub nth: Option<usize>,
}

impl PacketMatch {
    /// Whether a packet from this sender matches. Ignores `nth`.
    pub fn is(&self, packet: &PacketSummary, sender: Option<HostId>) -> bool {
        let tcp = if packet.icmp.is_none() { packet.tcp.as_ref() } else { None };
        let flags = |wanted: Flags| tcp.is_some_and(|tcp| without_push(tcp.flags, wanted) == wanted);
        let number = |wanted: Amount, value: Option<u32>| value.is_some_and(|value| wanted.is(value.into()));
        self.flags.is_none_or(flags)
            && self.from.is_none_or(|from| sender == Some(from))
            && self.proto.is_none_or(|proto| packet.flow.proto == proto && packet.icmp.is_none())
            && self.icmp.is_none_or(|icmp| packet.icmp == Some(icmp))
            && self.len.is_none_or(|len| len.is(packet.payload.len as u64))
            && self.text.as_ref().is_none_or(|text| packet.payload.text == *text)
            && self.seq.is_none_or(|seq| number(seq, tcp.and_then(|tcp| tcp.seq_rel)))
            && self.ack.is_none_or(|ack| number(ack, tcp.and_then(|tcp| tcp.ack_rel)))
            && self.window.is_none_or(|window| number(window, tcp.map(|tcp| tcp.window)))
            && self.options.is_none_or(|options| tcp.is_some_and(|tcp| options.is(tcp)))
            && self.again.is_none_or(|again| packet.retransmission_of.is_some() == again)
            && self.forged.is_none_or(|forged| packet.findings.has(Finding::Forged) == forged)
            && self.port.is_none_or(|port| packet.flow.has_port(port))
    }

    /// Which match is meant, counted from 0.
    pub fn place(&self) -> usize {
        self.nth.unwrap_or(1).saturating_sub(1)
    }
}

/// The flags without PSH, unless PSH is wanted.
const fn without_push(flags: Flags, wanted: Flags) -> Flags {
    if wanted.has(Flags::PSH) { flags } else { Flags(flags.0 & !Flags::PSH.0) }
}

/// One end of a connection: `a` is the socket of that name, `a/peer` the other end of its connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SocketEnd {
    /// The socket.
    pub socket: String,
    /// Whether the other end of its connection is meant.
    pub peer: bool,
}

impl fmt::Display for SocketEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.socket, if self.peer { "/peer" } else { "" })
    }
}

impl<'de> Deserialize<'de> for SocketEnd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Ok(match text.strip_suffix("/peer") {
            Some(socket) => Self { socket: socket.into(), peer: true },
            None => Self { socket: text, peer: false },
        })
    }
}

/// The cause of a state change: a call by its name, `timer`, or a packet by its flags such as `SYN+ACK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CauseMatch {
    /// A call.
    Call(Syscall),
    /// A kernel timer.
    Timer,
    /// The arrival of a packet with these flags, apart from PSH.
    Packet(Flags),
}

impl CauseMatch {
    /// Whether this is the cause; `flags` gives the flags of a packet by its number.
    pub fn is(self, cause: Option<Cause>, flags: impl Fn(u64) -> Option<Flags>) -> bool {
        match (self, cause) {
            (Self::Call(call), Some(Cause::Call(made))) => call == made,
            (Self::Timer, Some(Cause::Timer)) => true,
            (Self::Packet(wanted), Some(Cause::Packet(number))) => {
                flags(number).is_some_and(|flags| without_push(flags, wanted) == wanted)
            }
            _ => false,
        }
    }
}

impl fmt::Display for CauseMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => write!(f, "{call}()"),
            Self::Timer => f.write_str("timer"),
            Self::Packet(flags) => flags.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for CauseMatch {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text == "timer" {
            return Ok(Self::Timer);
        }
        let call = text.parse().map(Self::Call).ok();
        let packet = || text.parse().map(Self::Packet).ok();
        call.or_else(packet)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is neither a call nor flags nor \"timer\"")))
    }
}
