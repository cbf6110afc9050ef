//! English: the graphs of a connection.

use super::super::graph::GraphText;
use super::plural;

pub(super) const GRAPH: GraphText = GraphText {
    curves: "Curves",
    sequence: "Time–sequence",
    readings: |number, count| format!("{number} {}", plural(count, "reading", "readings")),
    segments: |number, count| format!("{number} {}", plural(count, "segment", "segments")),
    no_reading: "No reading is kept: both kernels are asked at every packet, and those of earlier connections go.",
    no_data: "No segment of this end is kept here that takes sequence numbers.",
    in_flight: "in flight",
    reading: |number| format!("reading {number}"),
    packet: |number| format!("packet {number}"),
    marks: ["ACK", "state", "lost", "sent again", "ECN", "fast retransmission", "timeout"],
    syn_again: "The SYN had to be sent again more than once, so the window begins at 1 segment (RFC 5681 §3.1).",
    after_timeout: "The timer expired: cwnd fell to 1 segment, and slow start begins anew, up to ssthresh (RFC 5681 §3.1).",
    timed_out: "after a timeout",
    signs: ["segments", "acknowledged", "window's edge", "sent again"],
    sent: |bytes, segments, count| format!("{bytes} B in {segments} {}", plural(count, "segment", "segments")),
    unseen: |bytes| format!("{bytes} B more in packets that are not here"),
    again: |number, _| format!("{number} sent again"),
    lost: |number, _| format!("{number} lost"),
    throughput: |bytes| format!("throughput {bytes}/s"),
    acks: |count, usual, most, number| {
        format!("{count} {} of {usual} B on average, {most} at most", plural(number, "ACK", "ACKs"))
    },
    window: |least, now| format!("window now {now} B, smallest {least}"),
    rtt: |rtt, estimate| format!("RTT {rtt}, estimated {estimate}"),
    acknowledged: |by, after| format!("acknowledged by #{by} after {after}"),
    unacknowledged: "not acknowledged",
};
