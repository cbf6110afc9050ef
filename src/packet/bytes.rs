//! A view of a packet's bytes that cannot be read past its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The bytes of a frame, up to the end of the layer being read. Positions count from the frame's beginning.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a> {
    pub(super) all: &'a [u8],
    pub(super) end: usize,
}

impl<'a> Bytes<'a> {
    pub(crate) const fn of(all: &'a [u8]) -> Self {
        Self { all, end: all.len() }
    }

    pub(super) fn get(self, range: Range<usize>) -> Option<&'a [u8]> {
        if range.end <= self.end { self.all.get(range) } else { None }
    }

    pub(super) fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.get(at..at.checked_add(N)?)?.first_chunk().copied()
    }

    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.array::<1>(at).map(|[byte]| byte)
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    pub(super) fn ipv4(self, at: usize) -> Option<IpAddr> {
        Some(Ipv4Addr::from(self.array::<4>(at)?).into())
    }

    pub(super) fn ipv6(self, at: usize) -> Option<IpAddr> {
        Some(Ipv6Addr::from(self.array::<16>(at)?).into())
    }

    /// The same bytes without those from `end` on.
    pub(super) fn until(self, end: usize) -> Self {
        Self { end: end.min(self.end), ..self }
    }
}
