//! Puts the fragments of an IP datagram together (RFC 791 §3.2, RFC 8200 §4.5). Bounded in memory and in time.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::IpAddr;

use super::bytes::Bytes;
use super::decode::{Decoded, decode};
use super::encapsulation::{HeaderKind, IpPlace, find};
use super::frame::Frame;
use super::network::{Fragment, Ip};
use crate::domain::Finding;

/// The datagrams of which not every fragment has come yet.
#[derive(Debug, Default)]
pub struct Reassembly {
    /// The one that began first is first.
    waiting: VecDeque<IncompleteDatagram>,
    held: usize,
}

/// A packet as it is understood: that of a frame, or the whole datagram of which the frame has the last missing fragment.
#[derive(Debug)]
pub struct ReassembledPacket<'a> {
    /// Its IP packet, innermost if it was tunnelled.
    pub bytes: Cow<'a, [u8]>,
    pub decoded: Decoded,
    /// The fragment in the frame, if it has one.
    pub(super) fragment: Option<Fragment>,
    /// What the fragments say about it.
    pub(super) finding: Option<Finding>,
}

impl ReassembledPacket<'_> {
    /// Whether this is a fragment alone, without the header of what it carries.
    pub fn is_piece(&self) -> bool {
        self.decoded.fragment.is_some()
    }

    /// Its payload, as far as it was captured.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.decoded.payload.clone()]
    }
}

/// The fields that the fragments of one datagram share. IPv6 does without the protocol, which may differ (RFC 8200 §4.5).
type FragmentKey = (IpAddr, IpAddr, Option<u8>, u32);

#[derive(Debug)]
struct IncompleteDatagram {
    id: FragmentKey,
    begun: u64,
    /// The headers of the first fragment, without what is divided.
    headers: Option<Vec<u8>>,
    /// In the order of their offsets, without gaps or overlaps between those that are next to each other.
    pieces: Vec<HeldFragment>,
    /// Its length, once the last fragment has come.
    len: Option<usize>,
    /// Fragments overlapped, or contradicted each other: none of it is trusted (RFC 5722 §4).
    spoilt: bool,
}

#[derive(Debug)]
struct HeldFragment {
    offset: usize,
    /// Its length on the network; not all of its bytes may be captured.
    len: usize,
    bytes: Vec<u8>,
}

/// What a fragment makes of its datagram.
enum FragmentAdded {
    Waits,
    Whole { packet: Vec<u8>, wire_len: usize, fragments: u32 },
    Spoilt,
}

impl Reassembly {
    /// The most datagrams that wait for fragments.
    const MOST: usize = 256;
    /// The most bytes held for them.
    const MOST_BYTES: usize = 4 << 20;
    /// Fragments that come later than this after the first, in nanoseconds, are of another datagram (RFC 8200 §4.5).
    const PATIENCE: u64 = 60_000_000_000;
    /// The longest datagram.
    const LONGEST: usize = 65_535;
    /// How often a packet put together may be a fragment again, in a tunnel.
    const NESTED: usize = 4;

    /// Reads the packet of a frame. `None` if it is not TCP, UDP or ICMP.
    pub fn read<'a>(&mut self, frame: &Frame<'a>) -> Option<ReassembledPacket<'a>> {
        let (bytes, mut wire_len) = frame.network().ok()?;
        let mut bytes = Cow::Borrowed(bytes);
        let (mut fragment, mut finding) = (None, None);
        for _ in 0..Self::NESTED {
            let ip = Ip::read(Bytes::of(&bytes), 0, wire_len)?;
            let Some(piece) = ip.fragment else { break };
            fragment = Some(piece);
            match self.add(frame.at, &bytes, &ip, piece) {
                FragmentAdded::Waits => break,
                FragmentAdded::Spoilt => {
                    finding = Some(Finding::FragmentOverlap);
                    break;
                }
                FragmentAdded::Whole { packet, wire_len: len, fragments } => {
                    let IpPlace { start, end } = find(HeaderKind::Ip, Bytes::of(&packet), len).ok()?;
                    finding = Some(Finding::Reassembled { fragments });
                    bytes = Cow::Owned(packet[start..end.min(packet.len())].to_vec());
                    wire_len = end - start;
                }
            }
        }
        let decoded = decode(&bytes, wire_len)?;
        Some(ReassembledPacket { bytes, decoded, fragment, finding })
    }

    fn add(&mut self, at: u64, packet: &[u8], ip: &Ip, fragment: Fragment) -> FragmentAdded {
        let len = (ip.start + ip.len).saturating_sub(ip.divisible);
        let offset = fragment.offset as usize;
        // Only the last one may have a length that is no multiple of 8 bytes.
        let sound = len > 0 && offset + len <= Self::LONGEST && (!fragment.more || len.is_multiple_of(8));
        if !sound || ip.beyond > 0 {
            return FragmentAdded::Waits;
        }
        let captured = packet.len().min(ip.divisible + len);
        let bytes = packet.get(ip.divisible..captured).unwrap_or_default().to_vec();
        let protocol = ip.from.is_ipv4().then_some(ip.protocol);
        let place = self.place((ip.from, ip.to, protocol, ip.id), at);
        let Some(datagram) = self.waiting.get_mut(place) else { return FragmentAdded::Waits };
        if offset == 0 {
            datagram.headers = packet.get(..ip.divisible).map(<[u8]>::to_vec);
        }
        let added = datagram.add(HeldFragment { offset, len, bytes }, fragment.more);
        if matches!(added, FragmentAdded::Whole { .. }) {
            self.waiting.remove(place);
        }
        self.held = self.waiting.iter().map(IncompleteDatagram::held).sum();
        while self.held > Self::MOST_BYTES
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.held -= oldest.held().min(self.held);
        }
        added
    }

    /// Where the datagram of a fragment is, which may begin with it.
    fn place(&mut self, id: FragmentKey, at: u64) -> usize {
        while let Some(oldest) = self.waiting.pop_front_if(|oldest| oldest.begun.abs_diff(at) > Self::PATIENCE) {
            self.held -= oldest.held().min(self.held);
        }
        let known = self.waiting.iter().position(|datagram| datagram.id == id);
        known.unwrap_or_else(|| {
            if self.waiting.len() == Self::MOST
                && let Some(oldest) = self.waiting.pop_front()
            {
                self.held -= oldest.held().min(self.held);
            }
            let (headers, pieces, len) = (None, Vec::new(), None);
            self.waiting.push_back(IncompleteDatagram { id, begun: at, headers, pieces, len, spoilt: false });
            self.waiting.len() - 1
        })
    }
}

impl IncompleteDatagram {
    fn held(&self) -> usize {
        self.pieces.iter().map(|piece| piece.bytes.len()).sum()
    }

    fn add(&mut self, piece: HeldFragment, more: bool) -> FragmentAdded {
        // The same fragment twice is a duplicate, and no attack.
        let repeats =
            |known: &HeldFragment| (known.offset, known.len, &known.bytes) == (piece.offset, piece.len, &piece.bytes);
        if !self.spoilt && self.pieces.iter().any(repeats) {
            return FragmentAdded::Waits;
        }
        let end = piece.offset + piece.len;
        let overlaps = |known: &HeldFragment| known.offset < end && piece.offset < known.offset + known.len;
        let contradicts = self.len.is_some_and(|len| end > len || (!more && end != len))
            || (!more && self.pieces.iter().any(|known| known.offset + known.len > end));
        if self.spoilt || contradicts || self.pieces.iter().any(overlaps) {
            self.spoilt = true;
            self.pieces.clear();
            return FragmentAdded::Spoilt;
        }
        if !more {
            self.len = Some(end);
        }
        let place = self.pieces.partition_point(|known| known.offset < piece.offset);
        self.pieces.insert(place, piece);
        self.whole().unwrap_or(FragmentAdded::Waits)
    }

    /// The datagram, if every fragment has come.
    fn whole(&self) -> Option<FragmentAdded> {
        let len = self.len?;
        // They do not overlap, so that their lengths add up only if there is no gap.
        if self.pieces.iter().map(|piece| piece.len).sum::<usize>() != len {
            return None;
        }
        let mut packet = self.headers.clone()?;
        let headers = packet.len();
        let wire_len = headers + len;
        for piece in &self.pieces {
            packet.extend(&piece.bytes);
            if piece.bytes.len() < piece.len {
                // The bytes after those that were not captured have no place.
                break;
            }
        }
        undivided(&mut packet[..headers], wire_len)?;
        Some(FragmentAdded::Whole { packet, wire_len, fragments: u32::try_from(self.pieces.len()).unwrap_or(u32::MAX) })
    }
}

/// Changes the headers of a first fragment to those of its datagram. The checksum of IPv4's is left as it is. `None` if
/// they cannot say so great a length.
fn undivided(headers: &mut [u8], wire_len: usize) -> Option<()> {
    if headers[0] >> 4 == 4 {
        headers[2..4].copy_from_slice(&u16::try_from(wire_len).ok()?.to_be_bytes());
        headers[6..8].fill(0);
    } else {
        headers[4..6].copy_from_slice(&u16::try_from(wire_len - 40).ok()?.to_be_bytes());
        // The fragment header is the last of them. With offset 0 and no more fragments it means the whole (RFC 6946).
        let fields = headers.len() - 6;
        headers[fields..fields + 2].fill(0);
    }
    Some(())
}

#[cfg(test)]
#[path = "reassembly_tests.rs"]
mod tests;
