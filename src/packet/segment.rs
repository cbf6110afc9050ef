//! A TCP segment with the packet that carried it, as the analysis and the connection states read it.

use crate::domain::{Flags, PacketSummary};

/// A segment, its packet and its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObservedSegment {
    pub(super) number: u64,
    /// When it was seen, in nanoseconds of the caller's clock.
    pub(super) at: u64,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) len: u32,
    pub(super) flags: Flags,
    pub(super) window: u32,
}

impl ObservedSegment {
    /// The segment of a packet; `None` if it carries no TCP.
    pub(super) fn of(packet: &PacketSummary, at: u64) -> Option<Self> {
        let tcp = packet.tcp.as_ref()?;
        Some(Self {
            number: packet.number,
            at,
            seq: tcp.seq,
            ack: tcp.ack,
            len: u32::try_from(packet.payload.len).unwrap_or(u32::MAX),
            flags: tcp.flags,
            window: tcp.window,
        })
    }

    pub(super) const fn is_plain(&self) -> bool {
        !self.flags.any(Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0))
    }

    /// Whether SYN or FIN is set, which use a sequence number.
    pub(super) const fn takes_one(&self) -> bool {
        self.flags.any(Flags(Flags::SYN.0 | Flags::FIN.0))
    }

    /// The sequence number after it.
    pub(super) const fn end(&self) -> u32 {
        self.seq.wrapping_add(self.len).wrapping_add(self.takes_one() as u32)
    }

    pub(super) fn acked(&self) -> Option<u32> {
        self.flags.has(Flags::ACK).then_some(self.ack)
    }
}

/// Whether sequence number `a` is before `b`; they wrap around (RFC 9293 §3.4).
pub(crate) const fn before(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() < 0
}
