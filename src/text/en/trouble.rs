//! English: errors, notes, and what is wrong with a filter.

use super::super::Trouble;
use super::{grouped, plural};
use crate::domain::filter::FilterErrorKind;
use crate::domain::note::TableSource;
use crate::domain::{Errno, Note, SocketId};

pub(super) const fn errno(errno: Errno) -> Trouble {
    let (what, remedy) = match errno {
        Errno::Access => ("permission denied", "ports below 1024 need root: choose a higher one"),
        Errno::AddrInUse => ("this port is in use", "end its program, or use another port"),
        Errno::AddrNotAvail => (
            "no ephemeral port left, or no such address here",
            "wait until ports leave TIME_WAIT, connect to another destination, or check the address",
        ),
        Errno::Again => ("nothing to read, or no room to write", "try again later"),
        Errno::ConnAborted => ("the client left before accept()", "nothing to do: accept the next one"),
        Errno::ConnRefused => ("no listener on that port", "start the server, or check the port"),
        Errno::ConnReset => ("the other side sent a RST", "connect again; data in flight is lost"),
        Errno::HostUnreach => ("no path to that host", "check the address, the cable and the firewall"),
        Errno::Interrupted => ("a signal came first", "call again"),
        Errno::Invalid => ("an argument makes no sense for this socket", "check the order of the calls"),
        Errno::MessageSize => ("too large for one datagram", "send at most 65,507 bytes over IPv4"),
        Errno::Mfile => ("this process has no descriptor left", "close clients with K, or raise `ulimit -n`"),
        Errno::NetUnreach => ("no route to that network", "check the address and `ip route`"),
        Errno::Nfile => ("the whole machine has no descriptor left", "close programs, or raise fs.file-max"),
        Errno::NoBufs => ("the kernel has no buffer left", "close sockets and try again"),
        Errno::NoEntry => ("no such program or file", "check the name and the path"),
        Errno::NoMem => ("the kernel has no memory left", "close sockets and try again"),
        Errno::NotConn => ("the socket is not connected", "connect it first, or use sendto()"),
        Errno::Perm => ("not allowed", "this needs root or a capability"),
        Errno::Pipe => ("the other side is gone", "stop writing: the connection is over"),
        Errno::TimedOut => ("no answer in time", "check the address; a firewall may drop packets"),
        Errno::Other(_) => ("the call failed", "see errno(3)"),
    };
    Trouble { what, remedy }
}

pub(super) fn note(note: &Note) -> String {
    match note {
        Note::Dropped { count } => {
            format!(
                "Packets came faster than they could be listed: {} {} missing here, but not in a saved file.",
                grouped(*count),
                plural(*count, "is", "are")
            )
        }
        Note::Descriptors { was, now } if was == now => {
            format!("This process may have {} descriptors; each socket takes one.", grouped(*now))
        }
        Note::Descriptors { was, now } => {
            format!(
                "This process may have {} descriptors (before: {}); each socket takes one.",
                grouped(*now),
                grouped(*was)
            )
        }
        Note::BurstCut { asked, made, errno } => burst(*asked, *made, *errno),
        Note::Has { what } => format!("Evidence available: {}.", super::evidence(*what).name),
        Note::Lacks { what, errno } => {
            let trouble = self::errno(*errno);
            format!("Evidence not available: {} ({errno}, {}).", super::evidence(*what).name, trouble.what)
        }
        Note::TableFrom { source: TableSource::SockDiag } => {
            "The socket table comes from the kernel directly (sock_diag), with queues and timers.".into()
        }
        Note::TableFrom { source: TableSource::ProcNet } => {
            "The socket table comes from /proc/net, because sock_diag is not available: no backlogs.".into()
        }
        Note::TableFrom { source: TableSource::Netstat2 } => {
            "The socket table comes from netstat2: no queues and no timers.".into()
        }
        Note::TableFailed { errno } => {
            format!(
                "The socket table could not be read: {errno}, {}. It will be tried again.",
                self::errno(*errno).what
            )
        }
        Note::Addresses { addresses } if addresses.is_empty() => {
            "This machine is on no network: it has no address beyond loopback.".into()
        }
        Note::Addresses { addresses } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            format!("Other machines could reach this one at {}.", addresses.join(", "))
        }
        Note::PortRange { low, high } => {
            format!("The kernel chooses clients' ports from {low} to {high} (ip_local_port_range).")
        }
        Note::Observing { servers } => format!(
            "Watching {} {}: no server of ours is started.",
            servers.len(),
            plural(servers.len() as u64, "address", "addresses")
        ),
        Note::TraceLost { count } => format!(
            "The kernel's trace buffer was full: {} {} missing.",
            grouped(*count),
            plural(*count, "transition is", "transitions are")
        ),
        Note::TraceForeign { count } => format!(
            "The kernel also traced {} {} of sockets in another network namespace (a container?): left out.",
            grouped(*count),
            plural(*count, "transition", "transitions")
        ),
        Note::CaptureLost { count } => {
            format!(
                "Packets arrived faster than they could be captured: {} {} missing.",
                grouped(*count),
                plural(*count, "is", "are")
            )
        }
        Note::CaptureSaved { file, packets, dropped } => {
            let left = format!(" {dropped} older {} not kept.", plural(*dropped, "one was", "ones were"));
            let saved = format!("{packets} {} written to {file}.", plural(*packets, "packet was", "packets were"));
            if *dropped == 0 { saved } else { saved + &left }
        }
        Note::Mark { text } => format!("Mark: {}.", text.trim_end_matches('.')),
        Note::CaptureNotSaved { errno } => {
            format!("The packets could not be written to a file: {errno}, {}.", self::errno(*errno).what)
        }
        Note::RecordFailed { errno } => {
            format!("The record ends here: {errno}, {}. The laboratory goes on.", self::errno(*errno).what)
        }
        Note::Unasked { socket, server, from } => {
            let asker = match socket {
                SocketId::Client(id) => format!("Client {}", id.0),
                _ => "The broadcaster".into(),
            };
            format!(
                "{asker} sent to {server}, but a datagram came from {from}: discarded. An unconnected UDP socket receives \
                 datagrams from any sender."
            )
        }
        Note::NoThread { errno } => {
            format!("No thread could be started ({errno}, {}): the connection was closed.", self::errno(*errno).what)
        }
    }
}

fn burst(asked: u32, made: u32, errno: Errno) -> String {
    let made = format!("Only {} of {} clients were made", grouped(made), grouped(asked));
    if errno == Errno::Interrupted {
        return format!("{made}: all were closed in the meantime.");
    }
    let Trouble { what, remedy } = self::errno(errno);
    format!("{made}: {errno}, {what}. Remedy: {remedy}.")
}

pub(super) fn filter(kind: &FilterErrorKind) -> String {
    match kind {
        FilterErrorKind::UnknownField(word) => {
            format!(
                "`{word}` is not a field: port sport dport host src dst state proto pid uid recvq sendq flags len seq iface"
            )
        }
        FilterErrorKind::ExpectedValue { field } => format!("`{field}` needs a value"),
        FilterErrorKind::ExpectedTerm => "something to search for is missing here".into(),
        FilterErrorKind::BadNumber { field } => match field.largest() {
            Some(largest) => format!("`{field}` takes a number up to {largest}"),
            None => format!("`{field}` takes a number"),
        },
        FilterErrorKind::BadRange { field } => format!("`{field}`: this range is empty; the smaller number goes first"),
        FilterErrorKind::BadAddress { field } => {
            format!("`{field}` takes an address: 127.0.0.1, 10.0.0.0/8, [::1]:65432")
        }
        FilterErrorKind::UnknownState => "not a TCP state: listen, established, time_wait, …".into(),
        FilterErrorKind::UnknownProto => "tcp, udp or icmp".into(),
        FilterErrorKind::UnknownFlag => "TCP flags: syn, ack, fin, rst, psh, urg, or S. as tcpdump writes them".into(),
        FilterErrorKind::NoOrder { field } => format!("`{field}` can only be equal or not equal: it has no order"),
        FilterErrorKind::UnclosedParenthesis => "this ( is never closed".into(),
        FilterErrorKind::UnclosedQuote => "this \" is never closed".into(),
        FilterErrorKind::UnexpectedToken => "this cannot stand here".into(),
        FilterErrorKind::TooDeep => "too many parentheses inside each other".into(),
        FilterErrorKind::TooLong => "too long".into(),
    }
}
