//! Packets as lines of JSON, as in the journal, with the comments of a capture file.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::domain::{EventKind, Evidence, Finding, PacketSummary, Stamp, WorldId};
use crate::observe::capture::file::Packet;

/// Writes packets as lines of JSON.
pub(super) struct PacketLines<W> {
    out: W,
    written: u64,
}

#[derive(Serialize)]
struct PacketJson<'a> {
    seq: u64,
    /// Absent where the file does not say when the packet was captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    t_ms: Option<Stamp>,
    world: WorldId,
    evidence: Evidence,
    #[serde(flatten)]
    kind: EventKind,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    comments: &'a [String],
}

impl<W: Write> PacketLines<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out, written: 0 }
    }

    /// Writes one packet, seen at this time since the beginning.
    pub(super) fn write(&mut self, packet: &Packet, since: Duration, seen: &PacketSummary) -> io::Result<()> {
        self.written += 1;
        let line = PacketJson {
            seq: self.written,
            t_ms: (!seen.findings.has(Finding::NoTime)).then(|| Stamp::ZERO.after(since)),
            world: WorldId::Host,
            evidence: Evidence::Packet,
            kind: EventKind::Packet(seen.clone()),
            comments: &packet.comments,
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
