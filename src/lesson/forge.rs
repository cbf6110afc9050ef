//! How a file describes a packet of one's own, and what it changes in another one.

use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

use super::matcher::{PacketMatch, SocketName};
use crate::domain::{EcnCodepoint, Flags, ForgedChecksum, ForgedFault, ForgedOptions, HostId, Proto};

/// A host, and its place in the file.
pub type SpannedHost = Spanned<HostId>;
/// A packet by its contents, and its place in the file.
pub type SpannedPacket = Spanned<PacketMatch>;

/// The fields of [`Act::Inject`](super::act::Act::Inject).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectAct {
    /// In the name of this host, to the other one.
    pub from: SpannedHost,
    /// As a packet of this socket's connection: its ports and numbers. Either this or both ports.
    pub socket: Option<SocketName>,
    /// The port that it seems to come from.
    pub source: Option<u16>,
    /// The port that it goes to.
    pub destination: Option<u16>,
    /// TCP or UDP; by default that of the socket, or TCP.
    pub proto: Option<Proto>,
    /// In place of a segment: ICMP destination unreachable with this code, about a packet of the other host. `ack` is the
    /// number of what it quotes.
    pub unreachable: Option<u8>,
    /// Its flags; by default `ACK`.
    pub flags: Option<Flags>,
    /// Its sequence number; by default the next one that the other host expects.
    pub seq: Option<ForgedNumber>,
    /// Its acknowledgement number; by default the next one that its seeming sender expects.
    pub ack: Option<ForgedNumber>,
    /// Its window, as it stands in the header; by default the last one that its seeming sender offered.
    pub window: Option<u16>,
    /// Its options.
    #[serde(default)]
    pub options: OptionList,
    /// It carries this text; either this or `bytes`.
    pub text: Option<String>,
    /// It carries this many bytes of filler.
    pub bytes: Option<usize>,
    /// How many routers it may pass; by default 64.
    pub ttl: Option<u8>,
    /// The bits about congestion in its IP header.
    pub ecn: Option<EcnCodepoint>,
    /// Whether its checksum is right; by default it is.
    pub checksum: Option<ForgedChecksum>,
}

/// The fields of [`Act::Change`](super::act::Act::Change).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAct {
    /// The packet.
    pub packet: SpannedPacket,
    /// The port that it comes from.
    pub source: Option<u16>,
    /// The port that it goes to.
    pub destination: Option<u16>,
    /// Its flags.
    pub flags: Option<Flags>,
    /// Its sequence number.
    pub seq: Option<ForgedNumber>,
    /// Its acknowledgement number.
    pub ack: Option<ForgedNumber>,
    /// Its window, as it stands in the header.
    pub window: Option<u16>,
    /// Its options, in place of all that it has.
    pub options: Option<OptionList>,
    /// It carries this text; either this or `bytes`.
    pub text: Option<String>,
    /// It carries this many bytes of filler.
    pub bytes: Option<usize>,
    /// How many routers it may pass.
    pub ttl: Option<u8>,
    /// The bits about congestion in its IP header.
    pub ecn: Option<EcnCodepoint>,
    /// Whether its checksum is right afterwards; by default it is.
    pub checksum: Option<ForgedChecksum>,
}

/// The options of a segment that is forged or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptionList {
    /// The largest segment that the sender accepts.
    pub mss: Option<u16>,
    /// By how many bits the sender's windows are shifted, at most 14.
    pub wscale: Option<u8>,
    /// Whether selective acknowledgements are understood.
    #[serde(default)]
    pub sack_ok: bool,
    /// Timestamps: the sender's clock, as this many ticks after its latest one, and the echo of the other side's latest.
    #[serde(deserialize_with = "ticks")]
    pub ts: Option<i64>,
}

/// A clock goes round after so many ticks.
fn ticks<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let ticks = i64::deserialize(from)?;
    if ticks.unsigned_abs() > u32::MAX.into() {
        return Err(D::Error::custom(format!("{ticks} ticks are more than {} either way", u32::MAX)));
    }
    Ok(Some(ticks))
}

/// A sequence number in a forged header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ForgedNumberText")]
pub enum ForgedNumber {
    /// Counted from the sender's SYN, as the ladder shows it: `6`.
    Relative(u32),
    /// Counted from the number that is expected next: `"next"`, `"next+5"`, `"next-1"`.
    Next(i64),
    /// As it stands in the header: `"raw 305419896"`.
    Raw(u32),
}

impl FromStr for ForgedNumber {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| digits.trim().parse::<u32>().ok();
        let read = || {
            if let Some(raw) = text.strip_prefix("raw ") {
                return number(raw).map(Self::Raw);
            }
            let rest = text.strip_prefix("next")?.trim_start();
            match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
                (Some(more), _) => number(more).map(|more| Self::Next(more.into())),
                (_, Some(less)) => number(less).map(|less| Self::Next(-i64::from(less))),
                _ => rest.is_empty().then_some(Self::Next(0)),
            }
        };
        read().ok_or_else(|| {
            format!("{text:?} is neither a number nor one such as \"next\", \"next+5\", \"next-1\" or \"raw 7\"")
        })
    }
}

/// A [`ForgedNumber`] as a file has it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a sequence number, or one such as \"next+5\"")]
enum ForgedNumberText {
    Number(u32),
    Text(String),
}

impl TryFrom<ForgedNumberText> for ForgedNumber {
    type Error = String;
    fn try_from(text: ForgedNumberText) -> Result<Self, String> {
        match text {
            ForgedNumberText::Number(number) => Ok(Self::Relative(number)),
            ForgedNumberText::Text(text) => text.parse(),
        }
    }
}

impl OptionList {
    /// Whether there can be such a packet, with this text or so many bytes.
    fn check(self, text: Option<&str>, bytes: Option<usize>) -> Result<(), ForgedFault> {
        let options =
            ForgedOptions { mss: self.mss, wscale: self.wscale, sack_ok: self.sack_ok, ts: self.ts.map(|_| (0, 0)) };
        options.check(text.map_or(bytes.unwrap_or(0), str::len))
    }
}

impl InjectAct {
    /// Why there can be no such packet, if so.
    pub(super) fn mistake(&self) -> Option<String> {
        if self.text.is_some() && self.bytes.is_some() {
            return Some("inject carries either `text` or `bytes`".into());
        }
        if self.proto == Some(Proto::Icmp) {
            return Some("ICMP is injected by `unreachable`".into());
        }
        self.options.check(self.text.as_deref(), self.bytes).err().map(|fault| fault.to_string())
    }
}

impl ChangeAct {
    /// Why there can be no such packet, if so.
    pub(super) fn mistake(&self) -> Option<String> {
        if self.text.is_some() && self.bytes.is_some() {
            return Some("it carries either `text` or `bytes`".into());
        }
        let options = self.options.unwrap_or_default();
        options.check(self.text.as_deref(), self.bytes).err().map(|fault| fault.to_string())
    }
}
