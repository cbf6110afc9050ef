//! The summary of a packet: addresses, flags, sequence numbers, length.
//!
//! The wire lab and the capture use the same summary. Of the payload it keeps only an excerpt.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::excerpt::Excerpt;
use super::finding::{Finding, Findings};
use super::flow::{Flow, Proto};
use super::icmp::Icmp;
use super::interface::InterfaceName;
use super::text_enum::{UnknownText, serde_as_text};

/// One packet. `flow.local` is its source and `flow.peer` its destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketSummary {
    /// Its number, counted from 1 in the order the packets were seen.
    #[serde(rename = "packet")]
    pub number: u64,
    /// Source and destination. For an ICMP error those of the packet that it quotes, swapped, so that a port unreachable
    /// belongs to the conversation it ends and has the direction in which it travels.
    #[serde(flatten)]
    pub flow: Flow,
    /// Its TCP header.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Segment>,
    /// Present when this is an ICMP message and not a packet of the flow itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icmp: Option<Icmp>,
    /// The interface on which it was seen, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<InterfaceName>,
    /// Its payload.
    #[serde(flatten)]
    pub payload: Excerpt,
    /// The number of the packet that this one retransmits, byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmission_of: Option<u64>,
    /// The findings of the analysis.
    #[serde(default, skip_serializing_if = "Findings::is_empty")]
    pub findings: Findings,
}

impl PacketSummary {
    /// Whether it is a fragment alone, without the header of what it carries.
    pub fn is_piece(&self) -> bool {
        let is_fragment = |finding: &Finding| matches!(finding, Finding::Fragment { .. });
        let whole = |finding: &Finding| matches!(finding, Finding::Reassembled { .. });
        self.findings.iter().any(is_fragment) && !self.findings.iter().any(whole)
    }

    /// A short label for a narrow column: the TCP flags, or the protocol.
    pub fn label(&self) -> String {
        match (&self.icmp, &self.tcp) {
            (None, Some(tcp)) => tcp.flags.to_string(),
            _ if self.is_piece() => format!("{} fragment", self.protocol()),
            _ => self.protocol().into(),
        }
    }

    /// Its protocol: `TCP`, `UDP`, `ICMP` or `ICMPv6`, whatever conversation it belongs to.
    pub fn protocol(&self) -> &'static str {
        match self.flow.proto {
            Proto::Tcp if self.icmp.is_none() => "TCP",
            Proto::Udp if self.icmp.is_none() => "UDP",
            _ if self.flow.local.is_ipv6() => "ICMPv6",
            _ => "ICMP",
        }
    }
}

/// The parts of a TCP header that are shown (RFC 9293 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The control bits.
    pub flags: Flags,
    /// The sequence number, as it stands in the packet.
    #[serde(rename = "seq_raw")]
    pub seq: u32,
    /// The acknowledgment number, as it stands in the packet.
    #[serde(rename = "ack_raw")]
    pub ack: u32,
    /// The sequence number counted from the sender's SYN, if that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq_rel: Option<u32>,
    /// The acknowledgment number counted from the other side's SYN, if that was seen and ACK is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_rel: Option<u32>,
    /// The window in bytes; scaled if both SYNs were seen and both offered a scale (RFC 7323 §2).
    #[serde(rename = "win")]
    pub window: u32,
    /// The options, in short: `mss 1460`, `sackOK`, `wscale 7`, `ts 1 0`, `sack 1-5`, `option 34 len 10`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<TcpOption>,
}

impl Segment {
    /// How many sequence numbers it uses: one for each byte of `len`, and one each for SYN and FIN.
    pub fn takes(&self, len: usize) -> u32 {
        let control = u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN));
        u32::try_from(len).unwrap_or(u32::MAX).saturating_add(control)
    }

    /// Fills in `seq_rel` and `ack_rel` and scales `window`, as far as the SYNs of its sender and its receiver are known.
    /// The window of a SYN itself is never scaled (RFC 7323 §2.2). A SYN+ACK alone is enough for the windows of its sender:
    /// it may offer a scale only if the SYN did (RFC 7323 §1.3).
    pub fn relate(&mut self, own: Option<SynNumbers>, other: Option<SynNumbers>) {
        self.seq_rel = own.map(|syn| self.seq.wrapping_sub(syn.isn));
        let acked = if self.flags.has(Flags::ACK) { other } else { None };
        self.ack_rel = acked.map(|syn| self.ack.wrapping_sub(syn.isn));
        let agreed = other.map_or(own.is_some_and(|syn| syn.answers), |syn| syn.scale.is_some());
        let scale = own.and_then(|syn| syn.scale).filter(|_| agreed && !self.flags.has(Flags::SYN));
        self.window <<= scale.unwrap_or(0);
    }
}

/// A TCP option. Those that only fill up the header (kinds 0 and 1) are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpOption {
    /// The largest segment that the sender accepts (RFC 9293 §3.7.1).
    Mss(u16),
    /// The window is to be shifted left by this (RFC 7323 §2).
    WindowScale(u8),
    /// Selective acknowledgments are understood (RFC 2018 §2).
    SackPermitted,
    /// The first block received out of order, from and up to (RFC 2018 §3).
    Sack(u32, u32),
    /// The sender's clock and the echo of the receiver's (RFC 7323 §3).
    Timestamps(u32, u32),
    /// Any other, and one of these with another length than its own.
    Other {
        /// Its kind, as IANA numbers it.
        kind: u8,
        /// Its length in bytes, kind and length included.
        len: u8,
    },
}

impl fmt::Display for TcpOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mss(mss) => write!(f, "mss {mss}"),
            Self::WindowScale(shift) => write!(f, "wscale {shift}"),
            Self::SackPermitted => f.write_str("sackOK"),
            Self::Sack(from, to) => write!(f, "sack {from}-{to}"),
            Self::Timestamps(value, echo) => write!(f, "ts {value} {echo}"),
            Self::Other { kind, len } => write!(f, "option {kind} len {len}"),
        }
    }
}

impl FromStr for TcpOption {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        fn two<T: FromStr>(pair: Option<(&str, &str)>) -> Option<(T, T)> {
            pair.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)))
        }
        let (name, value) = text.split_once(' ').unwrap_or((text, ""));
        let option = match name {
            "mss" => value.parse().ok().map(Self::Mss),
            "wscale" => value.parse().ok().map(Self::WindowScale),
            "sackOK" => Some(Self::SackPermitted),
            "sack" => two(value.split_once('-')).map(|(from, to)| Self::Sack(from, to)),
            "ts" => two(value.split_once(' ')).map(|(value, echo)| Self::Timestamps(value, echo)),
            "option" => two(value.split_once(" len ")).map(|(kind, len)| Self::Other { kind, len }),
            _ => None,
        };
        option.ok_or_else(|| UnknownText { what: "TcpOption", text: text.into() })
    }
}

/// The control bits of a TCP segment (RFC 9293 §3.1). Written `SYN+ACK`; none is `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(1);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(2);
    /// Reset the connection.
    pub const RST: Self = Self(4);
    /// Push: deliver this to the program without waiting for more.
    pub const PSH: Self = Self(8);
    /// The acknowledgment number is significant.
    pub const ACK: Self = Self(16);
    /// The urgent pointer is significant.
    pub const URG: Self = Self(32);
    /// Congestion experienced (RFC 3168).
    pub const ECE: Self = Self(64);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: Self = Self(128);

    /// In the order in which they are written: the most significant first.
    const NAMES: [(Self, &'static str); 8] = [
        (Self::SYN, "SYN"),
        (Self::FIN, "FIN"),
        (Self::RST, "RST"),
        (Self::PSH, "PSH"),
        (Self::ACK, "ACK"),
        (Self::URG, "URG"),
        (Self::ECE, "ECE"),
        (Self::CWR, "CWR"),
    ];

    /// Whether every bit of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any bit of `other` is set.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Those that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<&str> = Self::NAMES.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name).collect();
        if set.is_empty() { f.pad("-") } else { f.pad(&set.join("+")) }
    }
}

impl FromStr for Flags {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        if text == "-" {
            return Ok(Self::default());
        }
        text.split('+').try_fold(Self::default(), |flags, word| {
            let named = Self::NAMES.iter().find(|(_, name)| *name == word);
            named.map(|(flag, _)| flags.with(*flag)).ok_or_else(|| UnknownText { what: "Flags", text: text.into() })
        })
    }
}

serde_as_text!(Flags, TcpOption);

/// The initial sequence number of a sender, and the window scale that it offered: both from its SYN.
#[derive(Debug, Clone, Copy)]
pub struct SynNumbers {
    /// The sequence number of the SYN.
    pub isn: u32,
    /// How many bits its windows are to be shifted by, at most 14 (RFC 7323 §2.3).
    pub scale: Option<u8>,
    /// Whether it was a SYN+ACK, which answers another SYN.
    pub answers: bool,
}

impl SynNumbers {
    /// Those of a segment, if it is a SYN.
    pub fn of(segment: &Segment) -> Option<Self> {
        let scale = segment.options.iter().find_map(|option| match option {
            TcpOption::WindowScale(shift) => Some((*shift).min(14)),
            _ => None,
        });
        segment.flags.has(Flags::SYN).then_some(Self {
            isn: segment.seq,
            scale,
            answers: segment.flags.has(Flags::ACK),
        })
    }
}

/// The SYNs of the latest [`Numbering::KEPT`] senders, to make the numbers of their segments relative.
#[derive(Debug, Default)]
pub struct Numbering {
    senders: HashMap<Flow, SynNumbers>,
    oldest: VecDeque<Flow>,
}

impl Numbering {
    /// How many senders are remembered; a connection has two.
    pub const KEPT: usize = 4096;

    /// Relates a segment to the SYNs of `flow` that were passed to this before, or to itself if it is one.
    pub fn relate(&mut self, flow: Flow, segment: &mut Segment) {
        if flow.proto != Proto::Tcp {
            return;
        }
        if let Some(syn) = SynNumbers::of(segment) {
            self.remember(flow, syn);
        }
        let syn = |flow| self.senders.get(&flow).copied();
        segment.relate(syn(flow), flow.mirror().and_then(syn));
    }

    /// Relates a segment that the sender did not send: its SYN counts only where there was no other one.
    pub fn relate_forged(&mut self, flow: Flow, segment: &mut Segment) {
        if !self.senders.contains_key(&flow) {
            return self.relate(flow, segment);
        }
        let syn = |flow| self.senders.get(&flow).copied();
        segment.relate(syn(flow), flow.mirror().and_then(syn));
    }

    fn remember(&mut self, flow: Flow, syn: SynNumbers) {
        if self.senders.insert(flow, syn).is_none() {
            self.oldest.push_back(flow);
        }
        if self.oldest.len() > Self::KEPT
            && let Some(gone) = self.oldest.pop_front()
        {
            self.senders.remove(&gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_they_are_written() {
        for bits in 0..=u8::MAX {
            assert_eq!(Flags(bits).to_string().parse(), Ok(Flags(bits)));
        }
        assert_eq!(Flags::ACK.with(Flags::SYN).to_string(), "SYN+ACK");
    }

    #[test]
    fn options_are_read_as_they_are_written() {
        let options = [
            TcpOption::Mss(1460),
            TcpOption::WindowScale(7),
            TcpOption::SackPermitted,
            TcpOption::Sack(1, 9),
            TcpOption::Timestamps(5, 0),
            TcpOption::Other { kind: 34, len: 10 },
        ];
        for option in options {
            assert_eq!(option.to_string().parse(), Ok(option));
        }
    }

    #[test]
    fn numbers_are_relative_to_each_senders_syn_and_windows_are_scaled_after_both() {
        let out = Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap());
        let back = out.mirror().unwrap();
        let segment =
            |flags, seq, ack, options| Segment { flags, seq, ack, seq_rel: None, ack_rel: None, window: 100, options };
        let mut numbering = Numbering::default();
        let mut syn = segment(Flags::SYN, u32::MAX, 0, vec![TcpOption::WindowScale(7)]);
        numbering.relate(out, &mut syn);
        assert_eq!((syn.seq_rel, syn.ack_rel, syn.window), (Some(0), None, 100));
        let mut syn_ack = segment(Flags::SYN.with(Flags::ACK), 500, 0, vec![TcpOption::WindowScale(2)]);
        numbering.relate(back, &mut syn_ack);
        assert_eq!((syn_ack.seq_rel, syn_ack.ack_rel, syn_ack.window), (Some(0), Some(1), 100));
        let mut ack = segment(Flags::ACK, 0, 501, vec![]);
        numbering.relate(out, &mut ack);
        assert_eq!((ack.seq_rel, ack.ack_rel, ack.window), (Some(1), Some(1), 12_800));
    }
}
