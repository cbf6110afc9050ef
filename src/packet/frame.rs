//! A frame: bytes captured on a link, with their time and their length there.

use super::LinkType;
use super::bytes::Bytes;
use super::encapsulation::{HeaderKind, IpPlace, find, further};
use super::network::{Ip, protocol};
use crate::domain::Unread;

/// A frame as it was captured, or read from a file. It borrows its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its number, counted from 1.
    pub number: u64,
    /// When it was seen: nanoseconds since 1970 (UTC).
    pub at: u64,
    /// Its link-layer type.
    pub link: LinkType,
    /// Its length on the link, which exceeds that of `bytes` if only its beginning was captured.
    pub wire_len: u32,
    /// The captured bytes.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Its innermost IP packet: the captured bytes, and its length on the link as far as the headers before it say.
    ///
    /// # Errors
    /// What it carries instead.
    pub fn network(&self) -> Result<(&'a [u8], usize), Unread> {
        let IpPlace { start, end } = find(HeaderKind::first(self.link), Bytes::of(self.bytes), self.wire_len as usize)?;
        Ok((&self.bytes[start..end.min(self.bytes.len())], end - start))
    }

    /// How many frames stand behind the one that is read, where a radio sent several as one.
    pub fn further(&self) -> u32 {
        further(HeaderKind::first(self.link), Bytes::of(self.bytes))
    }

    /// What it carries, if that is not TCP, UDP or ICMP.
    pub fn unread(&self) -> Unread {
        let protocol = |(packet, len)| Ip::read(Bytes::of(packet), 0, len).map(|ip| ip.protocol);
        match self.network().map(protocol) {
            Err(unread) => unread,
            Ok(None | Some(protocol::TCP | protocol::UDP | protocol::ICMP | protocol::ICMPV6)) => Unread::Malformed,
            Ok(Some(number)) => Unread::IpProtocol(number),
        }
    }
}
