//! English: the form for a packet of one's own.

use super::super::forge::ForgeText;
use crate::domain::forge_form::{ForgePreset, ForgeRow};
use crate::domain::{ForgedChecksum, ForgedFault};

pub(super) const FORGE: ForgeText = ForgeText {
    inject: "A packet of one's own",
    change: |number| format!("Change #{number} on its way"),
    row,
    preset,
    permitted: "permitted",
    checksum: |checksum| match checksum {
        ForgedChecksum::Right => "right",
        ForgedChecksum::Wrong => "wrong",
    },
    kept: "as it is",
    relative: |number| format!("counted from the SYN: {number} in the header · a: absolute"),
    absolute: "as it stands in the header · a: counted from the SYN",
    later: "on the wire",
    about,
    fault: |fault| match fault {
        ForgedFault::TooLong { len, most } => format!("{len} B do not fit, {most} B do: shorten the data."),
        ForgedFault::Scale(scale) => format!("A window scale of {scale} is too large: 14 at most (RFC 7323 §2.3)."),
    },
};

const fn row(row: ForgeRow) -> &'static str {
    match row {
        ForgeRow::Preset => "preset",
        ForgeRow::From => "as if from",
        ForgeRow::Protocol => "protocol",
        ForgeRow::Source => "source port",
        ForgeRow::Destination => "dest. port",
        ForgeRow::Code => "code",
        ForgeRow::About => "about",
        ForgeRow::Seq => "sequence no.",
        ForgeRow::Ack => "ACK number",
        ForgeRow::Flags => "flags",
        ForgeRow::Window => "window",
        ForgeRow::Mss => "MSS",
        ForgeRow::Scale => "window scale",
        ForgeRow::SackOk => "SACK",
        ForgeRow::Clock => "timestamp",
        ForgeRow::Echo => "its echo",
        ForgeRow::Payload => "data",
        ForgeRow::Ttl => "TTL",
        ForgeRow::Ecn => "ECN",
        ForgeRow::Checksum => "checksum",
    }
}

const fn preset(preset: ForgePreset) -> &'static str {
    match preset {
        ForgePreset::Reset => "RST, the next number",
        ForgePreset::ResetInWindow => "RST in the window",
        ForgePreset::ResetOutside => "RST out of the window",
        ForgePreset::SynOnOpen => "SYN on the open one",
        ForgePreset::Fin => "FIN from nowhere",
        ForgePreset::OldDuplicate => "old duplicate",
        ForgePreset::Keepalive => "keepalive",
        ForgePreset::AckUnsent => "ACK of what was not sent",
        ForgePreset::Data => "data, the next bytes",
        ForgePreset::NewSyn => "SYN from a free port",
        ForgePreset::Datagram => "UDP datagram",
        ForgePreset::Unreachable => "ICMP port unreachable",
    }
}

const fn about(preset: ForgePreset) -> &'static str {
    match preset {
        ForgePreset::Reset => "A RST with exactly the number that is expected next (RFC 5961 §3).",
        ForgePreset::ResetInWindow => "A RST whose number is acceptable, but not the next one (RFC 5961 §3).",
        ForgePreset::ResetOutside => "A RST whose number is beyond the window (RFC 5961 §3).",
        ForgePreset::SynOnOpen => "A SYN for a connection that is open already (RFC 5961 §4).",
        ForgePreset::Fin => "A FIN with the right numbers that no program has caused (RFC 9293 §3.6).",
        ForgePreset::OldDuplicate => "Data that arrived before, with its old number (RFC 9293 §3.10.7.4).",
        ForgePreset::Keepalive => "An ACK with the number before the next one (RFC 9293 §3.8.4).",
        ForgePreset::AckUnsent => "An ACK of bytes that were never sent (RFC 9293 §3.10.7.4).",
        ForgePreset::Data => "Bytes in the other end's name, with the next number (RFC 9293 §3.4).",
        ForgePreset::NewSyn => "A SYN from a port without a socket: who gets the answer? (RFC 9293 §3.5)",
        ForgePreset::Datagram => "A datagram from a port without a socket (RFC 768).",
        ForgePreset::Unreachable => "As if a packet of the other host had met a closed port (RFC 792).",
    }
}
