//! The fields that a filter reads from whatever it is matched against.

use super::filter_field::FilterField;
use super::search_line::SearchLine;
use crate::domain::{Flags, Flow, InterfaceName, PacketSummary, Row, TcpState};

/// Something that can be filtered: a row of the socket table, the summary of a packet.
pub trait Filterable {
    /// `proto`, `src` and `sport` (a socket's local address, a packet's source), `dst` and `dport` (the other side).
    fn flow(&self) -> &Flow;

    /// `state`; a packet has none.
    fn state(&self) -> Option<TcpState> {
        None
    }

    /// `flags`: those of a TCP segment; `None` for anything else.
    fn flags(&self) -> Option<Flags> {
        None
    }

    /// `iface`: that of a packet, if it is known; a row has none.
    fn interface(&self) -> Option<&InterfaceName> {
        None
    }

    /// Whether it is an ICMP message, whatever it is about: `proto icmp` matches it too.
    fn is_icmp(&self) -> bool {
        false
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
        let mut line = SearchLine::default();
        row.write(&mut line);
        line
    })
}

impl Filterable for Row {
    fn flow(&self) -> &Flow {
        &self.flow
    }

    fn state(&self) -> Option<TcpState> {
        self.shown_state()
    }

    fn number(&self, field: FilterField) -> Option<u32> {
        match field {
            FilterField::Pid => self.process.as_ref().map(|process| process.pid),
            FilterField::Uid => self.uid,
            FilterField::RecvQ => self.recv_q,
            FilterField::SendQ => self.send_q,
            _ => None,
        }
    }

    /// As `netstat -anp` prints it (`netstat(8)`), without the queues and with single spaces:
    /// `tcp 127.0.0.1:65432 0.0.0.0:* listen 4121/socklab-tui`.
    fn write(&self, line: &mut SearchLine) {
        line.flow(&self.flow);
        if let Some(state) = self.shown_state() {
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
    fn flow(&self) -> &Flow {
        &self.flow
    }

    fn is_icmp(&self) -> bool {
        self.icmp.is_some()
    }

    fn interface(&self) -> Option<&InterfaceName> {
        self.interface.as_ref()
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
        line.flow(&self.flow);
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
