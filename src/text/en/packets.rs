//! English: the packets view.

use super::super::PacketsText;
use super::{capture, fields, grouped, plural};
use crate::domain::{CapturedInterface, Finding, InterfaceState, ResetReason};

pub(super) const PACKETS: PacketsText = PacketsText {
    title: "Packets",
    ladder: "Ladder",
    stream: "What was said",
    fields: "Fields",
    bytes: "Bytes",
    field: fields::name,
    field_value: fields::value,
    none: "No packet yet: press c and watch a connection being made.",
    none_match: "No packet matches. Press / to change the filter, Esc to list all conversations.",
    looking: "still looking",
    no_talk: "No conversation yet: press c to make one.",
    no_packet: "No packet of this conversation was seen: it began before the capture, or nothing was sent since.",
    nothing_said: "Nothing was said in this conversation yet.",
    filled_in_later: "Its checksum is wrong as captured, yet the segment was acknowledged: it was captured before the network card filled the checksum in (offload). Nothing is wrong.",
    no_selection: "No packet is selected.",
    no_bytes: "The bytes of this packet are no longer kept.",
    wire_bytes: "Packets on the wire are not kept byte by byte: this is what was decoded from them.",
    count: |shown, all| format!("{shown} of {all}"),
    packets: |number, count| format!("{number} {}", plural(count, "packet", "packets")),
    capturing: |interfaces| format!("capturing on {}", capture::named(interfaces)),
    listening,
    interfaces: "Where packets are captured",
    interfaces_foot: "Space adds or takes away · Esc closes",
    by_traffic: "wherever the laboratory's traffic goes",
    interface_state: capture::state,
    interface: "Iface",
    on_wire: "every packet of the wire",
    lost: |number, count| format!("{number} {} LOST by the capture", plural(count, "packet", "packets")),
    nothing_lost: "none lost",
    no_capture: "no capture",
    unknown: "capture not started yet",
    lacking: |errno, what| format!("No packets can be captured: {errno}, {what}."),
    then: "Then start socklab-tui again. Everything else works as it does now.",
    wire_lab: "Nothing here is simulated. The wire lab needs no privilege and shows every packet.",
    only: |talk| format!("only {talk}"),
    following: "following",
    held: "held",
    new: |number, _| format!("{number} new"),
    number: "No.",
    time: "Time",
    source: "Source",
    destination: "Destination",
    info: "Info",
    client_end: "client",
    server_end: "server",
    on_its_way: "on the wire",
    never_arrives: "lost",
    missing: |bytes| format!("({bytes} not captured)"),
    cut: "(earlier or later text is left out)",
    empty: "(0 bytes)",
    finding,
    says,
    again: |number| format!("sent again for #{number}"),
};

fn listening(interfaces: &[CapturedInterface], key: &str) -> Vec<String> {
    let mut said = vec![format!("Captured on {}.", capture::named(interfaces))];
    for CapturedInterface { name, state } in interfaces {
        match state {
            InterfaceState::Up => {}
            InterfaceState::NoLink => {
                said.push(format!("Nothing crosses {name}: its cable is not plugged in, or its other end is down."));
            }
            InterfaceState::Down => {
                said.push(format!("Nothing crosses {name}: it is down. sudo ip link set {name} up"));
            }
            InterfaceState::Missing => {
                said.push(format!("There is no interface {name} now; if it appears, its packets are captured."));
            }
        }
    }
    if interfaces.iter().all(|one| one.name.as_str() == "lo") {
        said.push(format!(
            "Only what programs of this machine say to each other goes by lo. Press {key} for the other interfaces."
        ));
    } else {
        said.push(format!("A packet that takes another interface is not seen. Press {key} for all of them."));
    }
    said
}

fn finding(finding: &Finding) -> String {
    match finding {
        Finding::Retransmission => "retransmission".into(),
        Finding::FastRetransmission => "fast retransmission".into(),
        Finding::AnsweredAgain => "SYN answered again".into(),
        Finding::SpuriousRetransmission => "spurious retransmission".into(),
        Finding::OutOfOrder => "out of order".into(),
        Finding::PreviousUnseen => "gap before it".into(),
        Finding::AckedUnseen => "ACK of unseen data".into(),
        Finding::DuplicateAck { nth, of } => format!("duplicate ACK {nth} of #{of}"),
        Finding::ZeroWindow => "zero window".into(),
        Finding::WindowFull => "window full".into(),
        Finding::WindowUpdate => "window update".into(),
        Finding::ZeroWindowProbe | Finding::EmptyProbe => "zero window probe".into(),
        Finding::ZeroWindowProbeAck => "answer to the probe".into(),
        Finding::Keepalive => "keepalive".into(),
        Finding::KeepaliveAck => "answer to the keepalive".into(),
        Finding::PortReused => "port used again".into(),
        Finding::Reset(reset) => match reset {
            ResetReason::Refused => "refused",
            ResetReason::Unwanted => "no longer wanted",
            ResetReason::AfterClose => "data after close",
            ResetReason::NoConnection => "no such connection",
            ResetReason::Unread => "data left unread?",
            ResetReason::Aborted => "aborted",
        }
        .into(),
        Finding::CausedBy { packet } => format!("about #{packet}"),
        Finding::ScaleUnknown => "window scale unknown".into(),
        Finding::ChecksumPartial => "checksum left to the card".into(),
        Finding::ChecksumBad => "wrong checksum".into(),
        Finding::Forged => "forged".into(),
        Finding::Altered => "changed on its way".into(),
        Finding::Fragment { offset, more: true } => format!("fragment at {}", grouped(*offset)),
        Finding::Fragment { offset, more: false } => format!("last fragment, at {}", grouped(*offset)),
        Finding::Reassembled { fragments } => format!("whole: {fragments} fragments"),
        Finding::FragmentOverlap => "fragments overlap".into(),
        Finding::NoTime => "no time".into(),
        Finding::LengthBeyond { missing } => format!("IP header says {} B more than came", grouped(*missing)),
        Finding::FurtherFrames { count } => format!("{count} more in the same frame"),
        Finding::Cut { missing } => format!("{} B not captured", grouped(*missing)),
    }
}

fn says(finding: &Finding) -> String {
    match finding {
        Finding::Retransmission => {
            "This was sent before and no ACK of it came: sent again, as a rule by the timer (RFC 6298).".into()
        }
        Finding::FastRetransmission => {
            "Duplicate ACKs asked for these bytes: sent again without waiting for the timer (RFC 5681 §3.2).".into()
        }
        Finding::AnsweredAgain => {
            "The SYN came again and is answered again: the first SYN+ACK, or the ACK of it, has not arrived.".into()
        }
        Finding::SpuriousRetransmission => {
            "These bytes had already been acknowledged: the ACK was lost or late, so they were sent again needlessly."
                .into()
        }
        Finding::OutOfOrder => "It was overtaken: later segments of the stream were seen first.".into(),
        Finding::PreviousUnseen => "Segments before this one were not seen: lost on the way, or still to come.".into(),
        Finding::AckedUnseen => "It acknowledges bytes that the capture never saw.".into(),
        Finding::DuplicateAck { nth, of } => {
            format!("Duplicate ACK number {nth} of the one in #{of}: the receiver is still waiting for that byte.")
        }
        Finding::ZeroWindow => {
            "The receiver's buffer is full: the other side may send nothing until the program reads.".into()
        }
        Finding::WindowFull => "This fills the receiver's window to the last byte.".into(),
        Finding::WindowUpdate => "Only the window is new: the program has read, and there is room again.".into(),
        Finding::ZeroWindowProbe => "One byte sent into a full window, to learn whether it is still full.".into(),
        Finding::EmptyProbe => {
            "The window is closed: a segment without data asks whether it has opened (RFC 9293 §3.8.6.1).".into()
        }
        Finding::ZeroWindowProbeAck => "The answer to the probe: the window is still zero.".into(),
        Finding::Keepalive => "It only asks whether the other side is still there.".into(),
        Finding::KeepaliveAck => "The answer to the keepalive: still here.".into(),
        Finding::PortReused => "These two ports had a connection before: this SYN begins a new one.".into(),
        Finding::Reset(reset) => reason(*reset).into(),
        Finding::CausedBy { packet } => format!("It is the answer to #{packet}."),
        Finding::ScaleUnknown => {
            "The window may be larger: the SYNs that agree on its scale were not captured (RFC 7323).".into()
        }
        Finding::ChecksumPartial => {
            "Its checksum is not filled in: on lo nobody does, and a card does it after the capture. Nothing is wrong."
                .into()
        }
        Finding::ChecksumBad => "Its checksum is wrong as captured: damaged on the way, the receiver discards it silently; not filled in yet, nothing is wrong.".into(),
        Finding::Forged => "No kernel made it: it was put onto the wire by hand, or by a scenario, in its sender's name.".into(),
        Finding::Altered => "Fields of it were changed on its way: its sender did not send it like this.".into(),
        Finding::Fragment { more: true, .. } => "A piece of a longer datagram; more pieces follow.".into(),
        Finding::Fragment { more: false, .. } => "The last piece of a longer datagram.".into(),
        Finding::Reassembled { fragments } => {
            format!("The last missing piece has come: here is the whole datagram, put together from {fragments} fragments.")
        }
        Finding::FragmentOverlap => {
            "It overlaps another piece of its datagram, as no honest sender makes them: all of it is discarded (RFC 5722)."
                .into()
        }
        Finding::NoTime => "The file does not say when this packet was captured.".into(),
        Finding::LengthBeyond { missing } => format!(
            "The IP header says {} B more than came: the frame ended before the packet did. Only the bytes that came count.",
            grouped(*missing)
        ),
        Finding::FurtherFrames { count } => format!(
            "The radio sent several frames as one (A-MSDU). Only the first is read: {count} {} it.",
            plural(u64::from(*count), "more follows", "more follow")
        ),
        Finding::Cut { missing } => {
            format!(
                "Only its beginning was captured: {} {} missing.",
                grouped(*missing),
                plural(u64::from(*missing), "byte is", "bytes are")
            )
        }
    }
}

const fn reason(reset: ResetReason) -> &'static str {
    match reset {
        ResetReason::Refused => "RST to a SYN: no socket listens on that port.",
        ResetReason::Unwanted => {
            "RST to a SYN+ACK: the sender of the SYN no longer wants the connection, or is a port scanner."
        }
        ResetReason::AfterClose => "RST to data that came after this side had closed: no program is left to read them.",
        ResetReason::NoConnection => "RST to a segment of a connection that this side does not have (any more).",
        ResetReason::Unread => "RST probably because the program closed with data unread, or on purpose (SO_LINGER 0).",
        ResetReason::Aborted => "RST probably on purpose (SO_LINGER 0): no data was left unread.",
    }
}
