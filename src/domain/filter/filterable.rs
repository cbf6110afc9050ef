//! The fields that a filter reads from whatever it is matched against.

use std::net::SocketAddr;

use super::filter_field::FilterField;
use super::search_line::SearchLine;
use crate::domain::{Flags, PacketSummary, Proto, Row, TcpState};

/// Something that can be filtered: a row of the socket table, the summary of a packet.
pub trait Filterable {
    /// `proto`.
    fn proto(&self) -> Proto;

    /// `src` and `sport`: a socket's local address, a packet's source.
    fn src(&self) -> SocketAddr;

    /// `dst` and `dport`: a socket's foreign address, a packet's destination.
    fn dst(&self) -> Option<SocketAddr>;

    /// `state`.
    fn state(&self) -> Option<TcpState>;

    /// `flags`: those of a TCP segment; `None` for anything else.
    fn flags(&self) -> Option<Flags> {
        None
    }

    /// The fields that are numbers but not ports; `None` if there is no such number or it is unknown. An unknown number
    /// is not equal to, above or below anything.
    fn number(&self, field: FilterField) -> Option<u32>;

    /// Writes the line in which words are searched. It must contain both ports, except 0.
    fn write(&self, line: &mut SearchLine);
}

/// The line of `row`, from `cached` or written into it.
pub(super) fn line_of<'a>(row: &impl Filterable, cached: &'a mut Option<SearchLine>) -> &'a SearchLine {
    cached.get_or_insert_with(|| {
        let mut line = SearchLine::new();
        row.write(&mut line);
        line
    })
}

impl Filterable for Row {
    fn proto(&self) -> Proto {
        self.flow.proto
    }

    fn src(&self) -> SocketAddr {
        self.flow.local
    }

    fn dst(&self) -> Option<SocketAddr> {
        self.flow.peer
    }

    fn state(&self) -> Option<TcpState> {
        self.state
    }

    fn number(&self, field: FilterField) -> Option<u32> {
        match field {
            FilterField::Pid => self.process.as_ref().map(|process| process.pid),
            FilterField::Uid => self.uid,
            FilterField::RecvQ => self.recv_q,
            FilterField::SendQ => self.send_q,
            FilterField::Port
            | FilterField::Sport
            | FilterField::Dport
            | FilterField::Host
            | FilterField::Src
            | FilterField::Dst
            | FilterField::State
            | FilterField::Proto
            | FilterField::Flags
            | FilterField::Len
            | FilterField::Seq => None,
        }
    }

    /// As `netstat -anp` prints it (`netstat(8)`), without the queues and with single spaces:
    /// `tcp 127.0.0.1:65432 0.0.0.0:* listen 4121/socklab-tui`.
    fn write(&self, line: &mut SearchLine) {
        let local = self.flow.local;
        line.text(self.flow.proto.name());
        line.text(if local.is_ipv6() { "6 " } else { " " });
        line.endpoint(local);
        line.blank();
        match self.flow.peer {
            Some(peer) => line.endpoint(peer),
            None => line.no_peer(local.ip()),
        }
        if let Some(state) = self.state {
            line.blank();
            line.text(state.name());
        }
        line.blank();
        match &self.process {
            Some(process) => {
                line.number(process.pid);
                line.text("/");
                line.text(&process.name);
            }
            None => line.text("-"),
        }
    }
}

impl Filterable for PacketSummary {
    fn proto(&self) -> Proto {
        self.flow.proto
    }

    fn src(&self) -> SocketAddr {
        self.flow.local
    }

    fn dst(&self) -> Option<SocketAddr> {
        self.flow.peer
    }

    /// A packet has no state.
    fn state(&self) -> Option<TcpState> {
        None
    }

    fn flags(&self) -> Option<Flags> {
        self.tcp.as_ref().map(|tcp| tcp.flags)
    }

    fn number(&self, field: FilterField) -> Option<u32> {
        match field {
            FilterField::Len => u32::try_from(self.payload.len).ok(),
            FilterField::Seq => self.tcp.as_ref().map(|tcp| tcp.seq_rel.unwrap_or(tcp.seq)),
            _ => None,
        }
    }

    /// Addresses, flags, findings and payload:
    /// `tcp 127.0.0.1:44086 127.0.0.1:65432 syn+ack`, `udp … port unreachable`, `… psh+ack hello, world retransmission`.
    fn write(&self, line: &mut SearchLine) {
        use std::fmt::Write as _;
        line.text(self.flow.proto.name());
        line.text(if self.flow.local.is_ipv6() { "6 " } else { " " });
        line.endpoint(self.flow.local);
        line.blank();
        match self.flow.peer {
            Some(peer) => line.endpoint(peer),
            None => line.no_peer(self.flow.local.ip()),
        }
        // Writing to a `SearchLine` never fails; it keeps whatever fits.
        let _ = match (&self.icmp, &self.tcp) {
            (Some(icmp), _) => write!(line, " icmp {icmp}"),
            (None, Some(tcp)) => write!(line, " {}", tcp.flags),
            (None, None) => Ok(()),
        };
        for finding in &self.findings {
            let _ = write!(line, " {finding}");
        }
        if !self.payload.text.is_empty() {
            line.blank();
            line.text(&self.payload.text);
        }
    }
}
