//! The identity of a row, and a fast hash for it: with twenty thousand rows, most of a comparison is the lookups.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::SocketAddr;

use crate::domain::{Flow, Proto, RowKey};

/// A TCP connection is identified by its addresses alone, so it can be found without its cookie. Listeners and UDP
/// sockets can share an address, so their cookie counts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowId {
    pub(super) flow: Flow,
    cookie: u64,
}

impl RowId {
    pub(super) const fn of(key: &RowKey) -> Self {
        let alone = matches!(key.flow.proto, Proto::Tcp) && key.flow.peer.is_some();
        Self { flow: key.flow, cookie: if alone { 0 } else { key.cookie } }
    }
}

impl Hash for RowId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.cookie << 1 | u64::from(self.flow.proto == Proto::Udp));
        put(&self.flow.local, state);
        if let Some(peer) = &self.flow.peer {
            put(peer, state);
        }
    }
}

fn put<H: Hasher>(addr: &SocketAddr, state: &mut H) {
    match addr {
        SocketAddr::V4(v4) => state.write_u64(u64::from(v4.ip().to_bits()) << 16 | u64::from(v4.port())),
        SocketAddr::V6(v6) => {
            state.write_u128(v6.ip().to_bits());
            state.write_u64(u64::from(v6.scope_id()) << 16 | u64::from(v6.port()));
        }
    }
}

/// Makes [`Mixer`]s with a seed that differs from process to process: a peer chooses its addresses and ports, but cannot
/// predict which of them collide.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mixing(u64);

impl Default for Mixing {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u8))
    }
}

impl BuildHasher for Mixing {
    type Hasher = Mixer;

    fn build_hasher(&self) -> Mixer {
        Mixer(self.0)
    }
}

/// Mixes in each word by multiplying to 128 bits and folding the halves.
#[derive(Debug)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        // 2^64 divided by the golden ratio: odd, and its bits have no pattern.
        let product = u128::from(self.0 ^ word) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        let [low, high] = [product, product >> 64].map(|half| half & u128::from(u64::MAX));
        // Both halves are below 2^64, and so is what they are folded to.
        self.0 = u64::try_from(low ^ high).unwrap_or_default().rotate_left(23);
    }

    fn write_u128(&mut self, word: u128) {
        self.write_u64(u64::try_from(word & u128::from(u64::MAX)).unwrap_or_default());
        self.write_u64(u64::try_from(word >> 64).unwrap_or_default());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn neighbouring_ports_do_not_collide() {
        let mixing = Mixing::default();
        let flow = |port: u16| Flow::tcp(([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 65432).into());
        let ids = (0..=u16::MAX).flat_map(|port| [flow(port), flow(port).mirror().unwrap()]);
        let hashes: HashSet<u64> = ids.map(|flow| mixing.hash_one(RowId { flow, cookie: 0 })).collect();
        // 65432 to 65432 is its own mirror.
        assert_eq!(hashes.len(), 2 * 65_536 - 1);
        // The hash table picks a bucket by the low bits and compares entries by the top seven.
        let low: HashSet<u64> = hashes.iter().map(|hash| hash & 0xffff).collect();
        let top: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(low.len() > 50_000 && top.len() == 128, "{} {}", low.len(), top.len());
    }
}
