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
    before: "was there before we watched: how it came to be is not known",
    elsewhere: "not on this machine, or never seen",
    not_known: "in no table now: not known",
    after: |span| format!("after {span}"),
    none: "Nothing has been seen to happen yet.",
    info_client: "of the client's end",
    info_server: "of the server's end",
    asking: "The kernel is being asked.",
    lacking: "The socket table of this system does not tell.",
    time_wait: "TIME_WAIT keeps the addresses and a timer only: the kernel has no more to tell.",
    gone: "This end is in no table: there is nothing to ask.",
    last: "as it was last",
    udp: &[
        "UDP: no connection, no state. The kernel keeps addresses and queues, and knows of no other end:",
        "no round trip, no window, nothing is sent again. Who needs that builds it into the program.",
    ],
    listens: |waiting, limit| {
        format!("LISTEN is no connection: {} of at most {} wait for accept.", grouped(waiting), grouped(limit))
    },
    listens_note: "Recv-Q counts those that wait, Send-Q is the limit: what listen() was given, at most \
                   net.core.somaxconn. Linux lets one more in; then it drops SYNs, and clients stay in SYN_SENT.",
    scroll: "↑ ↓ scroll",
    segments: |count| format!("{} {}", grouped(count), plural(u64::from(count), "segment", "segments")),
    retransmitted: |now, all| format!("{now} now, {all} in all"),
    out_in: |sent, received| format!("{sent} out, {received} in"),
    info: InfoText {
        rtt: means("rtt", "round trip, smoothed"),
        rto: means("rto", "no answer: sends again"),
        cwnd: means("cwnd", "may be under way at once"),
        ssthresh: means("ssthresh", "then cwnd grows slower"),
        retrans: means("retrans", "segments sent again"),
        sent: means("sent", "copies counted"),
        acked: means("acked", "SYN, FIN count one each"),
        received: means("received", "in order"),
        mss: means("mss", "bytes in a segment"),
        window: means("window", "bytes allowed unanswered"),
        control: means("control", "decides how cwnd moves"),
    },
};
