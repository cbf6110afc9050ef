//! The packets in a block of the ring shared with the kernel (`TPACKET_V3`, `linux/if_packet.h`). Pure.

use crate::observe::native::{half, word};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RingPacket<'a> {
    /// The time, in nanoseconds since 1970.
    pub(super) at: u64,
    /// Its length on the link, which exceeds that of `bytes` if it did not fit.
    pub(super) wire_len: u32,
    pub(super) from: LinkAddress,
    pub(super) bytes: &'a [u8],
}

/// The link-layer address of a packet (`struct sockaddr_ll`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinkAddress {
    /// The `EtherType`.
    pub(super) protocol: u16,
    pub(super) interface: i32,
    pub(super) hardware: u16,
    pub(super) kind: u8,
    pub(super) address_len: u8,
    pub(super) address: [u8; 8],
}

/// The size of `struct tpacket3_hdr`; the address follows it.
const HEADER: usize = 48;

/// Every packet of a block (`struct tpacket_block_desc`), in order, up to the first malformed one.
pub(super) fn packets(block: &[u8]) -> impl Iterator<Item = RingPacket<'_>> {
    let mut left = word(block, 12).unwrap_or(0);
    let mut next = word(block, 16).map_or(block.len(), |first| first as usize);
    std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let here = block.get(next..)?;
        next += word(here, 0)? as usize;
        laid(here)
    })
}

fn laid(here: &[u8]) -> Option<RingPacket<'_>> {
    let (seconds, nanos, captured, wire_len) = (word(here, 4)?, word(here, 8)?, word(here, 12)?, word(here, 16)?);
    let start = usize::from(half(here, 24)?);
    let address = here.get(HEADER..HEADER + 20)?;
    let from = LinkAddress {
        protocol: u16::from_be_bytes([address[2], address[3]]),
        interface: word(address, 4)?.cast_signed(),
        hardware: half(address, 8)?,
        kind: address[10],
        address_len: address[11],
        address: *address[12..].first_chunk()?,
    };
    let bytes = here.get(start..)?.get(..captured as usize)?;
    Some(RingPacket { at: u64::from(seconds) * 1_000_000_000 + u64::from(nanos), wire_len, from, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two packets of which the second is longer than what was captured of it.
    fn block() -> Vec<u8> {
        let mut block = vec![0; 48];
        let put =
            |block: &mut Vec<u8>, at: usize, number: u32| block[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        put(&mut block, 12, 2);
        put(&mut block, 16, 48);
        for (next, nanos, wire_len) in [(96, 7, 4), (0, 9, 60)] {
            let start = block.len();
            block.resize(start + 96, 0);
            let words = [(0, next), (4, 1), (8, nanos), (12, 4), (16, wire_len)];
            words.iter().for_each(|(at, number)| put(&mut block, start + at, *number));
            block[start + 24..start + 26].copy_from_slice(&80_u16.to_ne_bytes());
            block[start + 50..start + 52].copy_from_slice(&[8, 0]);
            put(&mut block, start + 52, 1);
            block[start + 58..start + 60].copy_from_slice(&[4, 6]);
            block[start + 80..start + 84].copy_from_slice(b"abcd");
        }
        block
    }

    #[test]
    fn packets_are_read_in_order_with_their_link_addresses() {
        let block = block();
        let read: Vec<_> = packets(&block).collect();
        let seen: Vec<_> = read.iter().map(|packet| (packet.at, packet.wire_len, packet.bytes)).collect();
        assert_eq!(seen, [(1_000_000_007, 4, &b"abcd"[..]), (1_000_000_009, 60, b"abcd")]);
        let from =
            LinkAddress { protocol: 0x0800, interface: 1, hardware: 0, kind: 4, address_len: 6, address: [0; 8] };
        assert!(read.iter().all(|packet| packet.from == from));
    }

    #[test]
    fn a_truncated_block_has_fewer_packets() {
        let block = block();
        for end in 0..block.len() {
            let count = packets(&block[..end]).count();
            assert_eq!(count, if end < 48 + 84 { 0 } else { 1 + usize::from(end >= 48 + 96 + 84) }, "{end}");
        }
    }
}
