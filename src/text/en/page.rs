//! English: a connection's page.

use super::super::page::{InfoText, PageText};
use super::grouped;
use super::{Meaning, plural};

const fn means(name: &'static str, means: &'static str) -> Meaning {
    Meaning { name, means }
}

pub(super) const PAGE: PageText = PageText {
    title: "Connection",
    listener: "Listener",
    socket: "UDP socket",
    client: "client",
    server: "server",
    before: "existed before we began to watch: its history is not known",
    elsewhere: "not on this machine, or never seen",
    not_known: "no longer in any table: not known",
    after: |span| format!("after {span}"),
    none: "Nothing has been seen yet.",
    info_client: "of the client's end",
    info_server: "of the server's end",
    asking: "Asking the kernel.",
    lacking: "The socket table of this system does not show this.",
    time_wait: "TIME_WAIT keeps only the addresses and a timer: the kernel knows nothing more.",
    gone: "This end is in no table: there is nothing to show.",
    last: "last known values",
    udp: &[
        "UDP: no connection, no state. The kernel keeps addresses and queues, and does not know the other end:",
        "no round trip, no window, no retransmission. A program that needs them has to implement them itself.",
    ],
    listens: |waiting, limit| {
        format!("LISTEN is not a connection: {} of at most {} wait for accept.", grouped(waiting), grouped(limit))
    },
    listens_note: "Recv-Q counts connections that wait, Send-Q is the limit: the backlog given to listen(), at most \
                   net.core.somaxconn. Linux admits one more; then it drops SYNs, and clients stay in SYN_SENT.",
    scroll: "↑ ↓ scroll",
    segments: |count| format!("{} {}", grouped(count), plural(u64::from(count), "segment", "segments")),
    retransmitted: |now, all| format!("{now} now, {all} in all"),
    out_in: |sent, received| format!("{sent} out, {received} in"),
    info: InfoText {
        rtt: means("rtt", "round trip, smoothed"),
        rto: means("rto", "no ACK: sends again"),
        cwnd: means("cwnd", "may be in flight at once"),
        ssthresh: means("ssthresh", "then cwnd grows slower"),
        retrans: means("retrans", "segments sent again"),
        sent: means("sent", "retransmissions included"),
        acked: means("acked", "SYN and FIN count 1 each"),
        received: means("received", "in order"),
        mss: means("mss", "bytes in a segment"),
        window: means("window", "bytes allowed unacknowledged"),
        control: means("control", "decides how cwnd moves"),
    },
};
