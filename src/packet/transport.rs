//! The headers of the protocols over IP: TCP (RFC 9293 §3.1), UDP (RFC 768), ICMP and `ICMPv6` (RFC 792, RFC 4443).

use super::bytes::Bytes;
use super::checksum;
use super::network::{Ip, protocol};
use crate::domain::{ChecksumStatus, Flags, TcpOption, icmp};

/// A TCP header of which at least the fixed part was captured.
pub(crate) struct TcpHeader {
    pub(crate) source: u16,
    pub(crate) destination: u16,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    /// Its length as it states it, options included.
    pub(crate) len: usize,
    pub(crate) flags: Flags,
    pub(crate) window: u16,
}

impl TcpHeader {
    pub(crate) fn read(bytes: Bytes<'_>, ip: &Ip) -> Option<Self> {
        let header: [u8; 20] = ip.carried(bytes).array(ip.start)?;
        let half = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let word = |at: usize| u32::from(half(at)) << 16 | u32::from(half(at + 2));
        let len = usize::from(header[12] >> 4) * 4;
        if len < header.len() {
            return None;
        }
        Some(Self {
            source: half(0),
            destination: half(2),
            seq: word(4),
            ack: word(8),
            len,
            // Byte 13 holds the eight control bits (RFC 9293 §3.1, RFC 3168 §6.1).
            flags: Flags(header[13]),
            window: half(14),
        })
    }

    pub(super) fn options<'a>(&self, bytes: Bytes<'a>, ip: &Ip) -> OptionReader<'a> {
        OptionReader { bytes: ip.carried(bytes).until(ip.start + self.len), at: ip.start + 20 }
    }
}

/// A TCP option as it stands in the header.
pub(super) struct RawOption {
    pub(super) kind: u8,
    pub(super) start: usize,
    /// `None` if its length is impossible: the options after it cannot be found.
    pub(super) len: Option<usize>,
}

impl RawOption {
    /// Its value; `None` if it only fills up the header or its length is impossible.
    pub(super) fn read(&self, bytes: Bytes<'_>) -> Option<TcpOption> {
        let at = self.start + 2;
        Some(match (self.kind, self.len?) {
            (0 | 1, _) => return None,
            (2, 4) => TcpOption::Mss(bytes.u16(at)?),
            (3, 3) => TcpOption::WindowScale(bytes.u8(at)?),
            (4, 2) => TcpOption::SackPermitted,
            (5, 10 | 18 | 26 | 34) => TcpOption::Sack(bytes.u32(at)?, bytes.u32(at + 4)?),
            (8, 10) => TcpOption::Timestamps(bytes.u32(at)?, bytes.u32(at + 4)?),
            (kind, len) => TcpOption::Other { kind, len: u8::try_from(len).unwrap_or(u8::MAX) },
        })
    }
}

pub(super) struct OptionReader<'a> {
    bytes: Bytes<'a>,
    at: usize,
}

impl Iterator for OptionReader<'_> {
    type Item = RawOption;

    fn next(&mut self) -> Option<RawOption> {
        let (start, end) = (self.at, self.bytes.end);
        let kind = self.bytes.u8(start)?;
        let len = match kind {
            0 | 1 => 1,
            _ => usize::from(self.bytes.u8(start + 1).unwrap_or(0)),
        };
        let sound = kind < 2 || (len >= 2 && start + len <= end);
        // Nothing follows the end of options.
        self.at = if sound && kind != 0 { start + len } else { end };
        Some(RawOption { kind, start, len: sound.then_some(len) })
    }
}

pub(crate) struct UdpHeader {
    pub(crate) source: u16,
    pub(crate) destination: u16,
    /// The length of the header and the payload; `None` for a datagram too long for the field (RFC 2675).
    pub(super) len: Option<usize>,
}

impl UdpHeader {
    pub(super) const LEN: usize = 8;

    pub(crate) fn read(bytes: Bytes<'_>, ip: &Ip) -> Option<Self> {
        let header: [u8; Self::LEN] = ip.carried(bytes).array(ip.start)?;
        let half = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let len = usize::from(half(4));
        Some(Self { source: half(0), destination: half(2), len: (len >= Self::LEN).then_some(len) })
    }
}

/// An ICMP header of either version.
pub(super) struct IcmpHeader {
    pub(super) v6: bool,
    pub(super) kind: u8,
    pub(super) code: u8,
    /// The four bytes after the checksum.
    pub(super) rest: [u8; 4],
}

impl IcmpHeader {
    pub(super) const LEN: usize = 8;

    pub(super) fn read(bytes: Bytes<'_>, ip: &Ip) -> Option<Self> {
        let [kind, code, _, _, rest @ ..] = ip.carried(bytes).array::<{ Self::LEN }>(ip.start)?;
        Some(Self { v6: ip.protocol == protocol::ICMPV6, kind, code, rest })
    }

    /// Whether it is an error, which quotes the packet that caused it.
    pub(super) const fn quotes(&self) -> bool {
        icmp::is_error(self.v6, self.kind)
    }
}

/// Checks the checksum of the transport header. That of a fragment covers the whole datagram and cannot be checked, nor can
/// that of a packet of which a part did not come.
pub(crate) fn checksum(bytes: Bytes<'_>, ip: &Ip) -> ChecksumStatus {
    if ip.fragment.is_some() || ip.beyond > 0 {
        return ChecksumStatus::Unknown;
    }
    let judged = bytes.get(ip.start..ip.start + ip.len).and_then(|segment| judge(ip, segment));
    judged.unwrap_or(ChecksumStatus::Unknown)
}

fn judge(ip: &Ip, segment: &[u8]) -> Option<ChecksumStatus> {
    let field = |at: usize| Bytes::of(segment).u16(at);
    let with_pseudo = |field: u16, segment: &[u8]| {
        let len = u32::try_from(segment.len()).unwrap_or(u32::MAX);
        checksum::judge(field, checksum::pseudo(ip.from, ip.to, ip.protocol, len), segment)
    };
    match ip.protocol {
        protocol::TCP => Some(with_pseudo(field(16)?, segment)),
        protocol::UDP => {
            let datagram = segment.get(..usize::from(field(4)?))?;
            match field(6)? {
                // No checksum was sent.
                0 => None,
                _ if datagram.len() < UdpHeader::LEN => None,
                sum => Some(with_pseudo(sum, datagram)),
            }
        }
        protocol::ICMP if checksum::sum(segment) == u16::MAX => Some(ChecksumStatus::Right),
        protocol::ICMP => Some(ChecksumStatus::Wrong),
        protocol::ICMPV6 => Some(with_pseudo(field(2)?, segment)),
        _ => None,
    }
}
