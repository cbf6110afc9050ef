//! English: the wire's view.

use super::super::wire::{ForecastText, Resent, WireText};
use super::{grouped, plural};
use crate::domain::wire::{CloseReason, LossReason};
use crate::domain::{Congestion, Errno, Flags, HostId, SentAgain, Setting, Syscall, TcpInput, TcpState};

pub(super) const WIRE: WireText = WireText {
    lab: "WIRE LAB",
    step: "step",
    slow: |hop| format!("slow {hop}"),
    live: "live",
    mixed: "per direction",
    opening: "Opening the two hosts …",
    absent: "The two hosts are not running.",
    lacking: "The wire lab cannot be opened here.",
    lacks: |need| format!("Missing: {need}."),
    nothing_left: "Nothing was left half set up. The lab on this machine goes on.",
    closed: |why| match why {
        CloseReason::Asked => "The wire lab was taken down: both hosts are gone, with all their sockets.",
        CloseReason::HelperEnded => {
            "The process that holds the two hosts has ended: both are gone, with all their sockets."
        }
        CloseReason::LinkFailed => "The link to one of the hosts failed: both are gone, with all their sockets.",
    },
    again: |key| format!("{key} opens it again."),
    back: |key| format!("{key} goes back to this machine's lab."),
    host: |host| match host {
        HostId::Client => "client",
        HostId::Server => "server",
    },
    no_socket: "no socket",
    more: |count| format!("and {} more", grouped(count)),
    listen: |count| format!("{} servers listen", grouped(count)),
    title: "The wire",
    only: |from| match from {
        HostId::Client => "keys: client → server only",
        HostId::Server => "keys: server → client only",
    },
    held_count: |count| format!("{} held", grouped(count)),
    cut: "CUT",
    unfolded: "all retransmissions listed",
    unlisted: |number, count| format!("{number} {} at full speed not listed", plural(count, "packet", "packets")),
    missing: |number| format!("#{number} is no longer on the wire"),
    empty_in_lesson: "Nothing on the wire yet.",
    empty: |key, server| {
        format!("Nothing on the wire. Press {key}: a client calls connect() to {server}, and its SYN stops here.")
    },
    offer: |key, title| format!("Or {key}: the first scenario, \"{title}\", step by step."),
    held: |span| format!("HELD {span}"),
    flying: |span| format!("{span} to go"),
    lost: |why| match why {
        LossReason::Asked => "LOST: you dropped it",
        LossReason::Chance => "LOST by chance",
        LossReason::Cut => "LOST: the wire is cut",
        LossReason::Overflow => "LOST: the wire is full",
        LossReason::Queue => "LOST: the queue was full",
        LossReason::Mtu => "LOST: larger than the MTU",
        LossReason::Every => "LOST: its turn came",
        LossReason::Link => "LOST: the host could not receive it",
    },
    sent_again: |times| format!("sent again ×{}", grouped(times)),
    rto_now: |span| format!("RTO now {span}"),
    last_after: |span| format!("the last after {span}"),
    resent_of: |number| format!("#{number} again"),
    copy_of: |number| format!("copy of #{number}"),
    damaged: "damaged",
    forged: "FORGED",
    by_forged: "The kernel cannot tell: the other side never sent this segment, and knows nothing of it.",
    altered: "CHANGED",
    delivers: |key| format!("{key} delivers it: "),
    loses: |key| format!("{key} loses it: "),
    forecast: ForecastText {
        cut: "the wire is cut in this direction",
        too_large: "it is larger than the link's MTU: dropped if it has DF, otherwise divided (RFC 1191 §2)",
        link_full: "the queue of the link is full, and what comes is dropped",
        corrupt: "its checksum is wrong, so the kernel discards it silently (RFC 9293 §3.1)",
        opens: "the server will answer SYN+ACK and go to SYN_RECV (RFC 9293 §3.10.7.2)",
        queue_full: "the accept queue is full: Linux drops this SYN, and the client will send it again",
        refused: "no socket listens on that port: a RST will come back (RFC 9293 §3.10.7.1)",
        opens_at_once: "both are opening: it will go to SYN_RECV and answer SYN+ACK (RFC 9293 §3.5)",
        answers: "the client will be ESTABLISHED and answer ACK (RFC 9293 §3.10.7.3)",
        completes: "the last step of the handshake: SYN_RECV becomes ESTABLISHED (RFC 9293 §3.10.7.4)",
        peer_closes: "the other side has no more to send: CLOSE_WAIT, answered with an ACK (RFC 9293 §3.10.7.4)",
        closes_in_turn: "recv() will return 0 and the program will close too: CLOSE_WAIT, LAST_ACK, answered with FIN+ACK (RFC 9293 §3.6)",
        fin_acked: "its own FIN is acknowledged: FIN_WAIT1 becomes FIN_WAIT2 (RFC 9293 §3.10.7.4)",
        both_close: "both closed at once: FIN_WAIT1 becomes CLOSING (RFC 9293 §3.6)",
        last_fin: "the other side has closed too: TIME_WAIT, answered with an ACK (RFC 9293 §3.10.7.4)",
        both_closed: "its own FIN is acknowledged: CLOSING becomes TIME_WAIT (RFC 9293 §3.6)",
        over: "the last ACK: LAST_ACK becomes CLOSED, and the socket is gone (RFC 9293 §3.10.7.4)",
        reset: "the connection is gone at once, no ACK, no TIME_WAIT (RFC 9293 §3.10.7.4)",
        reset_opening: "connect() will fail with ECONNREFUSED (RFC 9293 §3.10.7.3)",
        reset_half_open: "the half-open connection is forgotten: back to LISTEN (RFC 9293 §3.10.7.4)",
        rst_challenged: "its number is in the window but is not the next one: a challenge ACK will come back (RFC 5961 §3.2)",
        rst_outside: "its number is outside the window: this RST is thrown away (RFC 5961 §3.2)",
        syn_challenged: "the connection is open, and this SYN may be forged: a challenge ACK will come back (RFC 5961 §4.2)",
        acks_unsent: "it acknowledges what was never sent: it is thrown away, and an ACK will come back (RFC 9293 §3.10.7.4)",
        old_clock: "its timestamp is older than the last one: PAWS throws it away, and an ACK will come back (RFC 7323 §5.3)",
        data: "the bytes go into the receive buffer for recv(), and will be acknowledged (RFC 9293 §3.10.7.4)",
        after_close: "close() was called there and nothing more can be read: a RST will come back (RFC 9293 §3.6.1)",
        acks: "an ACK: what it acknowledges need not be sent again (RFC 9293 §3.10.7.4)",
        gap: "earlier bytes are missing: recv() gets nothing yet, and a duplicate ACK says which byte comes next",
        old: "these bytes have arrived before: discarded, and answered with an ACK (RFC 9293 §3.10.7.4)",
        datagram: "a socket is bound to that port: it gets the datagram, and UDP sends no acknowledgement (RFC 768)",
        no_port: "no socket is bound to that port: ICMP port unreachable will come back (RFC 1122 §4.1.3.1)",
        unreachable: "the next call on a connected UDP socket fails with ECONNREFUSED; an unconnected one never learns of it (udp(7))",
        arrives: |to| match to {
            HostId::Client => "it reaches the client",
            HostId::Server => "it reaches the server",
        },
    },
    rto: "RTO",
    retransmitted: |times| format!("sent again {times}"),
    story: "What just happened",
    bound_to_itself: |host| {
        let (it, other, address) = (the_host(host), the_host(host.other()), host.address());
        format!(
            "A program on {it} is bound to 127.0.0.1. That is {it} itself: nothing of it crosses the wire, and {other} cannot reach it. Bind {address} or 0.0.0.0."
        )
    },
    spoke_to_itself: |host| {
        let (it, address) = (the_host(host), host.other().address());
        format!(
            "A program on {it} spoke to {it} itself, which is what 127.0.0.1 means there: nothing of it crosses the wire. Connect to {address}."
        )
    },
    story_none: "Nothing yet. Every packet stops on the wire until you let it go on.",
    dialing: "connect() was called; it returns when an answer comes.",
    called,
    sent: |names, many| format!("{names} {} on the wire.", if many { "are" } else { "is" }),
    and: "and",
    delivered: |name, to| format!("{name} reached {}.", the_host(to)),
    was_lost: |name, why| format!("{name} was lost: {}.", why_lost(why)),
    why_lost,
    resent: |resent| match resent {
        Resent::ByTimer => {
            "Neither host notices. The sender waits for an ACK and sends it again when the RTO expires (RFC 6298 §5)."
        }
        Resent::Ack => {
            "Neither host notices. A pure ACK is never retransmitted; the next ACK covers it (RFC 9293 §3.4)."
        }
        Resent::Rst => {
            "Neither host notices. A RST is never retransmitted: the other side still thinks the connection exists."
        }
        Resent::Never => {
            "Neither host notices, and nothing will be sent again: UDP keeps no copy and expects no answer (RFC 768)."
        }
    },
    copied: |name, copy| format!("{name} was delivered, and a copy of it stays on the wire as #{copy}."),
    corrupted: |name| format!("One bit of {name} was flipped: its checksum no longer matches (RFC 9293 §3.1)."),
    injected: |name, from| {
        let host = the_host(from);
        format!("{name} is on the wire in the name of {host}, whose kernel did not send it and knows nothing of it.")
    },
    changed: |name, from| format!("{name} was changed on its way: {} did not send it like this.", the_host(from)),
    swapped: |front, behind| format!("{behind} is now ahead of {front}: IP does not guarantee order (RFC 791)."),
    sent_anew: |name, from, of, (why, flags)| {
        let host = the_host(from);
        match why {
            SentAgain::Timer => {
                format!("No {} came in time: {host} sent #{of} again, as {name} (RFC 6298 §5).", awaited(flags))
            }
            SentAgain::DuplicateAcks(count) => format!(
                "{count} duplicate {} asked for it: {host} sent #{of} again at once, as {name} (RFC 5681 §3.2).",
                plural(count as u64, "ACK", "ACKs")
            ),
            SentAgain::RepeatedSyn => format!(
                "The SYN came again: {host} answered it again, #{of} as {name}. The first answer, or its ACK, has not arrived."
            ),
            SentAgain::Probe => format!(
                "The window is closed: {host} sent #{of} again, as {name}, to learn whether it has opened (RFC 9293 §3.8.6.1)."
            ),
        }
    },
    folded: |name, from, (times, after), (why, flags)| {
        let host = the_host(from);
        let so_far = format!("{times} {} so far", plural(u64::from(times), "time", "times"));
        match why {
            SentAgain::Timer => {
                format!("No {} within {after}: {host} sent {name} again, {so_far} (RFC 6298 §5).", awaited(flags))
            }
            SentAgain::DuplicateAcks(count) => format!(
                "{count} duplicate {} asked for it: {host} sent {name} again at once, {so_far} (RFC 5681 §3.2).",
                plural(count as u64, "ACK", "ACKs")
            ),
            SentAgain::RepeatedSyn => {
                format!(
                    "The SYN came again: {host} answered it with {name} again, {so_far}. The first is still on the wire."
                )
            }
            SentAgain::Probe => {
                format!(
                    "The window is closed: {host} sent {name} again, {so_far}, to learn whether it has opened (RFC 9293 §3.8.6.1)."
                )
            }
        }
    },
    probed: |name, from| {
        format!("The window is closed: with {name} {} asks whether it has opened (RFC 9293 §3.8.6.1).", the_host(from))
    },
    fold_note: "The copy gets no arrow of its own: it is counted on the first one's.",
    edge,
    settings: "Settings of the two hosts and of the link",
    settings_foot: "↑ ↓ setting · Tab host · ← → change · any other key closes",
    settings_note: "They apply to connections made from now on (ip-sysctl).",
    setting: |setting| match setting {
        Setting::Timestamps(_) => "timestamps option (RFC 7323)",
        Setting::Sack(_) => "selective ACKs, SACK (RFC 2018)",
        Setting::WindowScaling(_) => "window scaling (RFC 7323)",
        Setting::TailLossProbe(_) => "tail loss probe (RFC 8985)",
        Setting::EphemeralRange(..) => "ephemeral ports",
        Setting::TwReuse(_) => "reuse of TIME_WAIT ports",
        Setting::SynLinearTimeouts(_) => "SYN timeouts before doubling",
        Setting::SynRetries(_) => "SYN retries",
        Setting::SynAckRetries(_) => "SYN+ACK retries",
        Setting::Retries(_) => "data retries",
        Setting::OrphanRetries(_) => "orphan retries",
        Setting::FinTimeout(_) => "orphaned FIN_WAIT2",
        Setting::Somaxconn(_) => "largest backlog (somaxconn)",
        Setting::Ecn(_) => "ECN (RFC 3168)",
        Setting::RememberMetrics(_) => "remembered paths",
        Setting::SynCookies(_) => "SYN cookies",
        Setting::Congestion(_) => "congestion control",
        Setting::ReceiveBuffer(_) => "receive buffer",
        Setting::SendBuffer(_) => "send buffer",
        Setting::Nagle(_) => "Nagle, our own sockets",
        Setting::FastOpen(_) => "TCP Fast Open (RFC 7413)",
        Setting::Rfc1337(_) => "TIME_WAIT ignores RST (RFC 1337)",
        Setting::Mtu(_) => "MTU of the interface",
        Setting::RtoMin(_) => "minimum RTO",
        Setting::Patience(_) => "patience: timeouts wait for you",
    },
    value,
    kernels: "the kernel's",
    refused: |errno| format!("refused: {errno}"),
    programs: "Programs on the hosts",
    began: |pid| format!("started, pid {pid}"),
    child_began: |pid, parent| format!("pid {pid}, started by {parent}"),
    ended: |status, signal| match (status, signal) {
        (_, Some(signal)) => format!("ended by signal {signal}"),
        (Some(status), None) => format!("ended with {status}"),
        (None, None) => "ended".into(),
    },
    not_started: |name, errno| format!("{name} not started: {errno}"),
    skipped: |lines| format!("({} {} not shown)", grouped(lines), plural(lines, "line", "lines")),
    prompt: "run",
    prompt_wrong: "name the host first: client PROGRAM or server PROGRAM",
    say_to: |server| format!("to {server}"),
};

const fn why_lost(why: LossReason) -> &'static str {
    match why {
        LossReason::Asked => "you dropped it",
        LossReason::Chance => "by chance",
        LossReason::Cut => "the wire is cut",
        LossReason::Overflow => "too many were waiting",
        LossReason::Queue => "it found the link's queue full (RFC 7567 §2)",
        LossReason::Mtu => "it is larger than the link's MTU, and DF forbids dividing it (RFC 1191 §2)",
        LossReason::Every => "the link loses one of every so many",
        LossReason::Link => "the host could not receive it",
    }
}

const fn the_host(host: HostId) -> &'static str {
    match host {
        HostId::Client => "the client",
        HostId::Server => "the server",
    }
}

/// What a segment with these flags waits for.
const fn awaited(flags: Flags) -> &'static str {
    match (flags.has(Flags::SYN), flags.has(Flags::ACK), flags.has(Flags::FIN)) {
        (true, false, _) => "SYN+ACK",
        (true, true, _) => "ACK of the SYN+ACK",
        (false, _, true) => "ACK of the FIN",
        (false, _, false) => "ACK",
    }
}

fn called(host: HostId, call: Syscall, len: Option<usize>, errno: Option<Errno>) -> Option<String> {
    if let Some(errno) = errno {
        return Some(format!("{call}() on {} failed: {errno}.", the_host(host)));
    }
    Some(match (call, len) {
        (Syscall::Connect, _) => "connect() returned: the connection is open.".into(),
        (Syscall::Accept, _) => "accept() returned a new socket for this connection to the server's program.".into(),
        (Syscall::Send | Syscall::Sendto, Some(len)) => format!("{} called {call}({len}).", capital(host)),
        (Syscall::Recv, Some(0)) => format!("recv() on {} returned 0: the other side closed.", the_host(host)),
        (Syscall::Recv | Syscall::Recvfrom, Some(len)) => {
            format!("{call}() gave {}'s program {len} B.", the_host(host))
        }
        (Syscall::Close | Syscall::Shutdown, _) => format!("{} called {call}().", capital(host)),
        _ => return None,
    })
}

const fn capital(host: HostId) -> &'static str {
    match host {
        HostId::Client => "The client",
        HostId::Server => "The server",
    }
}

const fn edge(from: TcpState, to: TcpState, by: Option<TcpInput>) -> Option<&'static str> {
    use TcpState::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
    };
    Some(match (from, to) {
        (Closed, SynSent) => {
            "Its SYN asks for a connection. Until it arrives the other side knows nothing (RFC 9293 §3.5)."
        }
        (Closed, Listen) => "It waits for SYNs; no packet was sent (RFC 9293 §3.10.1).",
        (Listen, SynRecv) => "It answers SYN+ACK and waits for the ACK (RFC 9293 §3.10.7.2).",
        (Listen, Closed) => "The socket no longer listens.",
        (SynSent, Established) => {
            "Its SYN was acknowledged: it may send now, though the other side may not know (RFC 9293 §3.5)."
        }
        (SynSent, SynRecv) => "Both sides opened at once: it answers SYN+ACK (RFC 9293 §3.5, simultaneous open).",
        (SynRecv, Established) => "The handshake is complete: both sides know each other's numbers (RFC 9293 §3.5).",
        (SynRecv, FinWait1) => "It closes before the handshake is complete: its FIN goes out (RFC 9293 §3.10.4).",
        (SynRecv, Listen) => "The half-open connection is forgotten; the listener goes on (RFC 9293 §3.10.7.4).",
        (Established, FinWait1) => {
            "It has no more to send: its FIN goes out after the data and waits for an ACK (RFC 9293 §3.6)."
        }
        (Established, CloseWait) => {
            "The other side's FIN has arrived. This side may still send until it closes too (RFC 9293 §3.6)."
        }
        (FinWait1, FinWait2) => "Its FIN is acknowledged; the other side has not closed yet (RFC 9293 §3.6).",
        (FinWait1, Closing) => "The two FINs crossed on the wire: it waits for the ACK of its own (RFC 9293 §3.6).",
        (FinWait1 | FinWait2 | Closing, TimeWait) => {
            "Both sides have closed. It waits 60 s on Linux, in case its last ACK is lost (RFC 9293 §3.6.1)."
        }
        (CloseWait, LastAck) => "It closed second: its FIN waits for the last ACK (RFC 9293 §3.6).",
        (LastAck, Closed) => {
            "Its FIN is acknowledged: the socket is gone at once. The side that closes second has no TIME_WAIT."
        }
        (TimeWait, Closed) => "The wait is over: the port is free again.",
        (FinWait1 | FinWait2, Closed) if matches!(by, Some(TcpInput::DataAfterClose)) => {
            "More came after close(), and no program is left to read it: it answered with a RST (RFC 9293 §3.6.1)."
        }
        (SynSent, Closed) if matches!(by, Some(TcpInput::Rst)) => {
            "A RST refused it: no program listens on that port (RFC 9293 §3.10.7.3)."
        }
        (SynSent, Closed) => "There will be no connection.",
        (_, Closed) if matches!(by, Some(TcpInput::Rst)) => {
            "The other side's RST ended it at once: its program closed or was killed with bytes unread, or aborts on purpose (SO_LINGER 0). What was on its way is lost (RFC 9293 §3.10.7.4)."
        }
        (_, Closed) if matches!(by, Some(TcpInput::Abort)) => {
            "It sent a RST: its program closed or was killed with bytes unread, or aborts on purpose (RFC 2525 §2.17)."
        }
        (_, Closed) => "The connection ended without a FIN exchange: reset or given up (RFC 9293 §3.5.3).",
        _ => return None,
    })
}

fn value(setting: &Setting) -> String {
    let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
    match *setting {
        Setting::Timestamps(on)
        | Setting::Sack(on)
        | Setting::WindowScaling(on)
        | Setting::TailLossProbe(on)
        | Setting::RememberMetrics(on)
        | Setting::SynCookies(on)
        | Setting::Rfc1337(on)
        | Setting::Nagle(on) => switch(on),
        Setting::Patience(true) => "on: RTO ≥ 110 s".into(),
        Setting::Patience(false) => "off: RTO ≥ 0.2 s".into(),
        Setting::EphemeralRange(low, high) => format!("{low}–{high}"),
        Setting::TwReuse(0) => "never".into(),
        Setting::TwReuse(1) => "always".into(),
        Setting::TwReuse(_) => "on loopback".into(),
        Setting::SynLinearTimeouts(0) => "0: as in the RFC".into(),
        Setting::SynLinearTimeouts(count) => count.to_string(),
        Setting::SynRetries(count)
        | Setting::SynAckRetries(count)
        | Setting::Retries(count)
        | Setting::OrphanRetries(count) => count.to_string(),
        Setting::FinTimeout(seconds) => format!("{seconds} s"),
        Setting::Somaxconn(limit) => limit.to_string(),
        Setting::Ecn(0) => "never".into(),
        Setting::Ecn(1) => "always".into(),
        Setting::Ecn(_) => "if the peer asks".into(),
        Setting::FastOpen(0) => "off".into(),
        Setting::FastOpen(1) => "for connect()".into(),
        Setting::FastOpen(2) => "for listen()".into(),
        Setting::FastOpen(_) => "for both".into(),
        Setting::Mtu(bytes) => format!("{} B", grouped(bytes)),
        Setting::RtoMin(ms) => format!("RTO ≥ {ms} ms"),
        Setting::Congestion(Congestion::Reno) => "Reno".into(),
        Setting::Congestion(Congestion::Cubic) => "CUBIC".into(),
        Setting::ReceiveBuffer(bytes) | Setting::SendBuffer(bytes) => format!("{} B", grouped(bytes)),
    }
}
