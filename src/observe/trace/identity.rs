//! Records → transitions, each reported once its socket's addresses are complete.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::format::EventFormat;
use super::page::number;
use crate::domain::{Flow, Proto, TcpState, Transition};
use crate::observe::diag::state_of;

/// The most sockets that are remembered while their addresses are incomplete.
const MOST: usize = 16_384;
const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;

/// Sockets whose first transitions came before their addresses were complete: a connecting client has no port until
/// just after CLOSED → `SYN_SENT`, and on some kernels an accepted socket is still a copy of the listener at
/// LISTEN → `SYN_RECV` (not on 6.18). The kernel's address of the socket links them to its later transitions.
#[derive(Debug, Default)]
pub(super) struct Identities {
    held: HashMap<u64, Vec<StateChange>>,
    /// Transitions that could not be held.
    lost: u64,
}

/// A transition of a socket with known addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TracedTransition {
    /// The kernel's address of the socket.
    pub(super) socket: u64,
    /// The time, in nanoseconds of the trace's clock.
    pub(super) time: u64,
    /// The thread that ran then: whoever calls `connect` makes CLOSED → `SYN_SENT` itself.
    pub(super) thread: u32,
    pub(super) change: Transition,
}

/// A record of the trace: a transition of a socket whose addresses may be incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TraceRecord {
    socket: u64,
    flow: Flow,
    change: StateChange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StateChange {
    time: u64,
    thread: u32,
    from: TcpState,
    to: TcpState,
}

impl Identities {
    /// Takes in one record. Appends nothing while the addresses are incomplete; otherwise its transition, preceded by those
    /// held for the same socket.
    pub(super) fn read(&mut self, record: &TraceRecord, reported: &mut Vec<TracedTransition>) {
        let TraceRecord { socket, flow, change } = *record;
        // A new socket may reuse the memory address of an older one.
        if change.from == TcpState::Closed {
            self.held.remove(&socket);
        }
        if is_complete(&flow, change) {
            let held = self.held.remove(&socket).unwrap_or_default();
            reported.extend(held.into_iter().chain([change]).map(|change| change.of(socket, flow)));
        } else if change.to == TcpState::Closed {
            // It never had all its addresses: a connect that found no free port. Nothing was sent.
            self.held.remove(&socket);
        } else {
            self.hold(socket, change);
        }
    }

    pub(super) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    fn hold(&mut self, socket: u64, change: StateChange) {
        let full = self.held.len() >= MOST;
        match self.held.entry(socket) {
            Entry::Occupied(mut held) if held.get().len() < TcpState::ALL.len() => held.get_mut().push(change),
            Entry::Vacant(place) if !full => {
                place.insert(vec![change]);
            }
            _ => self.lost += 1,
        }
    }
}

impl StateChange {
    const fn of(self, socket: u64, flow: Flow) -> TracedTransition {
        let change = Transition { flow, from: self.from, to: self.to, cause: None };
        TracedTransition { socket, time: self.time, thread: self.thread, change }
    }
}

/// Whether the addresses identify the socket: both ports, or a listener's own.
const fn is_complete(flow: &Flow, change: StateChange) -> bool {
    use TcpState::{Closed, Listen};
    let listens = matches!((change.from, change.to), (Closed, Listen) | (Listen, Closed));
    flow.local.port() != 0 && (flow.peer.is_some() || listens)
}

impl TraceRecord {
    /// The time of the transition, in nanoseconds of the trace's clock.
    pub(super) const fn time(&self) -> u64 {
        self.change.time
    }

    /// Decodes the bytes of a record; `None` if they are not those of a TCP socket's transition.
    pub(super) fn decode(format: &EventFormat, time: u64, record: &[u8]) -> Option<Self> {
        (number(record, &(0..2))? == u64::from(format.id)).then_some(())?;
        let state = |at| state_of(u8::try_from(number(record, at)?).ok()?);
        let port = |at| u16::try_from(number(record, at)?).ok();
        let sport = port(&format.sport)?;
        let dport = port(&format.dport)?;
        let family = number(record, &format.family)?;
        let ip = |v4: &Range<usize>, v6: &Range<usize>| match family {
            AF_INET => Some(IpAddr::from(*record.get(v4.clone())?.first_chunk::<4>()?)),
            AF_INET6 => Some(IpAddr::from(*record.get(v6.clone())?.first_chunk::<16>()?)),
            _ => None,
        };
        let local = SocketAddr::new(ip(&format.saddr, &format.saddr_v6)?, sport);
        let peer = SocketAddr::new(ip(&format.daddr, &format.daddr_v6)?, dport);
        let flow = Flow { proto: Proto::Tcp, local, peer: (dport != 0).then_some(peer) };
        let thread = u32::try_from(number(record, &format.thread)?).ok()?;
        let change = StateChange { time, thread, from: state(&format.from)?, to: state(&format.to)? };
        Some(Self { socket: number(record, &format.socket)?, flow, change })
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::tests::EVENT;
    use super::*;
    use TcpState::{Closed, Established, FinWait2, Listen, SynRecv, SynSent};

    /// Linux's number for a state.
    fn linux(state: TcpState) -> u32 {
        (1..=u8::MAX).find(|number| state_of(*number) == Some(state)).unwrap().into()
    }

    fn record(socket: u64, sport: u16, dport: u16, from: TcpState, to: TcpState) -> Vec<u8> {
        let format = EventFormat::parse(EVENT).unwrap();
        let mut record = vec![0; 72];
        let mut put = |at: Range<usize>, bytes: &[u8]| record[at].copy_from_slice(bytes);
        put(0..2, &format.id.to_ne_bytes());
        put(format.socket, &socket.to_ne_bytes());
        put(format.from, &linux(from).to_ne_bytes());
        put(format.to, &linux(to).to_ne_bytes());
        put(format.sport, &sport.to_ne_bytes());
        put(format.dport, &dport.to_ne_bytes());
        put(format.family, &2_u16.to_ne_bytes());
        put(format.saddr, &[127, 0, 0, 1]);
        put(format.daddr, if dport == 0 { &[0; 4] } else { &[127, 0, 0, 1] });
        record
    }

    fn reported(records: &[Vec<u8>]) -> Vec<String> {
        let format = EventFormat::parse(EVENT).unwrap();
        let mut identities = Identities::default();
        let mut reported = Vec::new();
        for (time, record) in (1..).zip(records) {
            if let Some(record) = TraceRecord::decode(&format, time, record) {
                identities.read(&record, &mut reported);
            }
        }
        assert_eq!(identities.take_lost(), 0);
        let text = |TracedTransition { time, change: Transition { flow, from, to, .. }, .. }| {
            format!("{time} {} {} {from} {to}", flow.local.port(), flow.peer.map_or(0, |peer| peer.port()))
        };
        reported.into_iter().map(text).collect()
    }

    /// Records, and the transitions reported for them: each with the number of its record and the ports.
    type Case = (&'static str, &'static [(u64, u16, u16, TcpState, TcpState)], &'static [&'static str]);

    const CASES: [Case; 3] = [
        (
            "a client, with its original times, once its port is known",
            &[
                (1, 0, 80, Closed, SynSent),
                (2, 0, 80, Closed, SynSent),
                (2, 5002, 80, SynSent, Established),
                (1, 5001, 80, SynSent, Closed),
            ],
            &[
                "2 5002 80 CLOSED SYN_SENT",
                "3 5002 80 SYN_SENT ESTABLISHED",
                "1 5001 80 CLOSED SYN_SENT",
                "4 5001 80 SYN_SENT CLOSED",
            ],
        ),
        (
            "an accepted socket, which is not its listener",
            &[
                (1, 80, 0, Closed, Listen),
                (2, 80, 0, Listen, SynRecv),
                (2, 80, 5000, SynRecv, Established),
                (1, 80, 0, Listen, Closed),
            ],
            &[
                "1 80 0 CLOSED LISTEN",
                "2 80 5000 LISTEN SYN_RECV",
                "3 80 5000 SYN_RECV ESTABLISHED",
                "4 80 0 LISTEN CLOSED",
            ],
        ),
        (
            "neither a socket that never had a port nor one whose memory is reused",
            &[
                (1, 0, 80, Closed, SynSent),
                (1, 0, 80, SynSent, Closed),
                (2, 0, 80, Closed, SynSent),
                (2, 0, 81, Closed, SynSent),
                (2, 5000, 81, SynSent, Established),
                (2, 5000, 81, FinWait2, Closed),
            ],
            &["4 5000 81 CLOSED SYN_SENT", "5 5000 81 SYN_SENT ESTABLISHED", "6 5000 81 FIN_WAIT2 CLOSED"],
        ),
    ];

    #[test]
    fn transitions_are_reported_once_their_sockets_addresses_are_complete() {
        for (name, records, expected) in CASES {
            let records =
                records.iter().map(|(socket, sport, dport, from, to)| record(*socket, *sport, *dport, *from, *to));
            assert_eq!(reported(&records.collect::<Vec<_>>()), expected, "{name}");
        }
    }

    #[test]
    fn short_and_foreign_records_are_ignored() {
        let whole = record(1, 5000, 80, SynSent, Established);
        let mut foreign = whole.clone();
        foreign[0] ^= 1;
        // The rest, from byte 40 on, is for IPv6.
        assert_eq!(reported(&(0..40).map(|cut| whole[..cut].to_vec()).chain([foreign]).collect::<Vec<_>>()), [""; 0]);
    }

    #[test]
    fn transitions_that_cannot_be_held_are_counted() {
        let format = EventFormat::parse(EVENT).unwrap();
        let mut identities = Identities::default();
        let mut reported = Vec::new();
        for socket in 0..MOST as u64 + 3 {
            let record = TraceRecord::decode(&format, 1, &record(socket, 0, 80, Closed, SynSent)).unwrap();
            identities.read(&record, &mut reported);
        }
        assert_eq!((identities.take_lost(), identities.take_lost(), reported.len()), (3, 0, 0));
    }
}
