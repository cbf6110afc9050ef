//! What the arrival of a packet will do, as far as RFC 9293 makes that certain.
//!
//! It depends only on observations: the packet, the state of the receiving end, and which bytes arrived there before.
//! Where these do not decide it, the forecast is only that the packet arrives.

use super::numbers::{EndNumbers, acknowledged, clock, clock_before, expected, fin_of, offered};
use super::{DirectionState, PacketOnWire};
use crate::domain::{Flags, Flow, HostId, Icmp, Proto, TcpInput, TcpState, tcp};
use crate::model::World;

/// What will happen when a packet arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// The wire is cut: it will not arrive.
    Cut,
    /// It is larger than the link's MTU: dropped if its DF bit is set, else divided (RFC 1191 §2).
    TooLarge,
    /// The queue of the link is full: it will be dropped.
    LinkFull,
    /// Its checksum is wrong: the kernel throws it away without a word (RFC 9293 §3.1).
    Corrupt,
    /// A SYN to LISTEN: SYN_RECV, and a SYN+ACK goes back (§3.10.7.2).
    Opens,
    /// A SYN to LISTEN whose accept queue is full: Linux drops it.
    QueueFull,
    /// A SYN to a port without a listener: a RST goes back (§3.10.7.1).
    Refused,
    /// A SYN to SYN_SENT: both open at once; SYN_RECV (§3.10.7.3).
    OpensAtOnce,
    /// A SYN+ACK to SYN_SENT: ESTABLISHED, and an ACK goes back (§3.10.7.3).
    Answers,
    /// The ACK that completes the handshake: SYN_RECV to ESTABLISHED (§3.10.7.4).
    Completes,
    /// A FIN in ESTABLISHED: CLOSE_WAIT, and an ACK goes back (§3.10.7.4).
    PeerCloses,
    /// The ACK of the own FIN: FIN_WAIT1 to FIN_WAIT2.
    FinAcked,
    /// A FIN in ESTABLISHED, to a program of ours that closes at the end of the data: LAST_ACK, and FIN+ACK goes back.
    ClosesInTurn,
    /// A FIN in FIN_WAIT1, before the ACK of the own one: CLOSING.
    BothClose,
    /// A FIN in FIN_WAIT2, or one that acknowledges the own FIN: TIME_WAIT.
    LastFin,
    /// The ACK of the own FIN in CLOSING: TIME_WAIT.
    BothClosed,
    /// The ACK of the own FIN in LAST_ACK: the connection is gone.
    Over,
    /// A RST with the next sequence number: the connection is gone (§3.10.7.4).
    Reset,
    /// A RST in SYN_SENT: `connect` fails with ECONNREFUSED.
    ResetOpening,
    /// A RST in SYN_RECV of a listener: back to LISTEN.
    ResetHalfOpen,
    /// A RST in the window with another number than the next: a challenge ACK goes back (RFC 5961 §3.2).
    RstChallenged,
    /// A RST outside of the window: it is thrown away (RFC 5961 §3.2).
    RstOutside,
    /// A SYN on an open connection: a challenge ACK goes back (RFC 5961 §4.2).
    SynChallenged,
    /// An ACK of what was never sent: it is answered with an ACK and thrown away (§3.10.7.4).
    AcksUnsent,
    /// Its timestamp is older than the last one: it is thrown away (RFC 7323 §5.3).
    OldClock,
    /// The next bytes: they go into the receive buffer and are acknowledged.
    Data,
    /// New bytes, or a FIN after a gap, for a program that has closed: a RST goes back (§3.6.1).
    AfterClose,
    /// An ACK of bytes: they need not be kept to be sent again (§3.10.7.4).
    Acks,
    /// Bytes after a gap: they are kept, and an ACK asks for the missing ones (§3.10.7.4).
    Gap,
    /// It arrived before: it is thrown away and answered by an ACK (§3.10.7.4).
    Old,
    /// A datagram to an existing socket: it is handed over, without an acknowledgement (RFC 768).
    Datagram,
    /// A datagram to a port without a socket: an ICMP message goes back (RFC 1122 §4.1.3.1).
    NoPort,
    /// That message: a connected socket reports it at the next call.
    Unreachable,
    /// It arrives; what follows is up to the kernel.
    Arrives,
}

/// What the arrival of `packet` will do in this world.
pub fn forecast(world: &World, packet: &PacketOnWire) -> Forecast {
    if world.wire.direction(packet.from).cut {
        return Forecast::Cut;
    }
    if let Some(forecast) = in_link(&world.wire.direction(packet.from), packet) {
        return forecast;
    }
    if packet.corrupted {
        return Forecast::Corrupt;
    }
    if let Some(icmp) = packet.packet.icmp {
        return if icmp == Icmp::PortUnreachable { Forecast::Unreachable } else { Forecast::Arrives };
    }
    match packet.packet.flow.proto {
        Proto::Udp => datagram(world, &packet.packet.flow),
        Proto::Tcp => segment(world, packet).unwrap_or(Forecast::Arrives),
        Proto::Icmp => Forecast::Arrives,
    }
}

/// What the link will do with a packet, if it does not let it pass.
fn in_link(direction: &DirectionState, packet: &PacketOnWire) -> Option<Forecast> {
    let DirectionState { link, waiting, .. } = *direction;
    // The headers without options: with them it is larger still.
    let headers = if packet.packet.icmp.is_none() && packet.packet.flow.proto == Proto::Tcp { 40 } else { 28 };
    if link.mtu > 0 && packet.packet.payload.len + headers > link.mtu as usize {
        return Some(Forecast::TooLarge);
    }
    let full = link.queue > 0 && link.rate_kbit > 0 && waiting >= link.queue;
    full.then_some(Forecast::LinkFull)
}

fn datagram(world: &World, flow: &Flow) -> Forecast {
    let Some(peer) = flow.peer else { return Forecast::Arrives };
    let any = Flow::unconnected(Proto::Udp, (std::net::Ipv4Addr::UNSPECIFIED, peer.port()).into());
    let exact = [Flow::unconnected(Proto::Udp, peer), Flow { local: peer, peer: Some(flow.local), ..*flow }];
    if exact.iter().any(|socket| world.table.of(socket).is_some()) {
        Forecast::Datagram
    } else if let Some(entry) = world.table.of(&any) {
        // Both hosts may have one; the table finds one of them.
        if entry.host == HostId::at(peer.ip()) { Forecast::Datagram } else { Forecast::Arrives }
    } else {
        Forecast::NoPort
    }
}

fn segment(world: &World, packet: &PacketOnWire) -> Option<Forecast> {
    let tcp = packet.packet.tcp.as_ref()?;
    let there = packet.packet.flow.mirror()?;
    let listener = listener(world, &there).is_some();
    let none = if listener { TcpState::Listen } else { TcpState::Closed };
    let state = world.table.state(&there).unwrap_or(none);
    if state == TcpState::Listen && TcpInput::Syn.may_be(tcp.flags, false) && full(world, &there) {
        return Some(Forecast::QueueFull);
    }
    match input(world, packet, state)? {
        Arrival::Input(input) => {
            let step = tcp::on(state, input)?;
            // Without its listener it has nowhere to go back to.
            let to = if step.to == TcpState::Listen && !listener { TcpState::Closed } else { step.to };
            let forecast = of_step(state, input, to);
            let closes = forecast == Some(Forecast::PeerCloses) && closes_in_turn(world, &there);
            if closes { Some(Forecast::ClosesInTurn) } else { forecast }
        }
        Arrival::Elsewhere(forecast) => Some(forecast),
    }
}

/// What a segment is to the end that it reaches.
enum Arrival {
    Input(TcpInput),
    /// No input of the state machine: it is in the wrong place, or only acknowledges.
    Elsewhere(Forecast),
}

/// What a segment is to an end in this state, by its flags and its numbers.
fn input(world: &World, packet: &PacketOnWire, state: TcpState) -> Option<Arrival> {
    let tcp = packet.packet.tcp.as_ref()?;
    let there = packet.packet.flow.mirror()?;
    let (syn, ack, fin, rst) =
        (tcp.flags.has(Flags::SYN), tcp.flags.has(Flags::ACK), tcp.flags.has(Flags::FIN), tcp.flags.has(Flags::RST));
    if state.is_unopened() {
        return match (syn, ack, rst) {
            (_, true, true) if state == TcpState::SynSent => Some(Arrival::Input(TcpInput::Rst)),
            (true, false, false) => Some(Arrival::Input(TcpInput::Syn)),
            (true, true, false) if tcp.ack_rel == Some(1) => Some(Arrival::Input(TcpInput::SynAck)),
            _ => None,
        };
    }
    let len = packet.packet.payload.len;
    let takes = tcp.takes(len);
    let next = expected(&world.wire, &packet.packet.flow);
    let in_order = next.is_some() && next == tcp.seq_rel;
    if rst {
        let outside = || reset_elsewhere(world, &there, next?, tcp.seq_rel?).map(Arrival::Elsewhere);
        return if in_order { Some(Arrival::Input(TcpInput::Rst)) } else { outside() };
    }
    if syn {
        // In TIME_WAIT it may open a new connection.
        let open = state.is_synchronised() && state != TcpState::TimeWait;
        return (open && !ack).then_some(Arrival::Elsewhere(Forecast::SynChallenged));
    }
    let unsent = || {
        EndNumbers::of(&world.wire, &there)
            .zip(tcp.ack_rel)
            .is_some_and(|(end, ack)| ack.wrapping_sub(end.sent).cast_signed() > 0)
    };
    if ack && takes == 0 && state == TcpState::Established && unsent() {
        return Some(Arrival::Elsewhere(Forecast::AcksUnsent));
    }
    let clocks = clock(tcp).zip(next.and_then(|next| clock_before(&world.wire, &packet.packet.flow, next)));
    // A tick of difference is not taken amiss (`TCP_PAWS_WINDOW`).
    if takes > 0 && clocks.is_some_and(|(new, last)| last.wrapping_sub(new).cast_signed() > 1) {
        return Some(Arrival::Elsewhere(Forecast::OldClock));
    }
    let is_orphan = world.table.of(&there).is_some_and(|entry| entry.row.inode == Some(0));
    let is_unread = is_orphan && tcp::on(state, TcpInput::DataAfterClose).is_some();
    if takes > 0 && !in_order {
        let missing = missing(next?, tcp.seq_rel?, takes)?;
        let unread = is_unread && missing == Forecast::Gap;
        return Some(if unread { Arrival::Input(TcpInput::DataAfterClose) } else { Arrival::Elsewhere(missing) });
    }
    let acks_fin = ack && fin_of(&world.wire, &there).is_some_and(|fin| tcp.ack_rel == Some(fin.wrapping_add(1)));
    let of = |input| tcp::on(state, input).map(|_| Arrival::Input(input));
    if len > 0 && is_unread {
        return of(TcpInput::DataAfterClose);
    }
    // A full accept queue can make Linux ignore the ACK.
    let opens = ack && !fin && tcp.ack_rel == Some(1) && !full(world, &there);
    let acks_more =
        ack && takes == 0 && state.is_synchronised() && acknowledged(&world.wire, &packet.packet.flow) < tcp.ack_rel;
    let found = if fin { of(if acks_fin { TcpInput::FinAndAck } else { TcpInput::Fin }) } else { None };
    found
        .or_else(|| opens.then(|| of(TcpInput::SynAcked)).flatten())
        .or_else(|| (acks_fin && !fin).then(|| of(TcpInput::FinAcked)).flatten())
        .or_else(|| (len > 0).then(|| of(TcpInput::Data)).flatten())
        .or_else(|| acks_more.then_some(Arrival::Elsewhere(Forecast::Acks)))
}

/// What a RST does whose number is not the next one (RFC 5961 §3.2). An end in TIME_WAIT sends no challenge.
fn reset_elsewhere(world: &World, there: &Flow, next: u32, seq: u32) -> Option<Forecast> {
    if world.table.state(there) == Some(TcpState::TimeWait) {
        return None;
    }
    let window = offered(&world.wire, there)?;
    if window.contains(&seq) {
        Some(Forecast::RstChallenged)
    } else {
        // What lies between the number acknowledged last and the next one is a matter of when it acknowledges.
        (seq < window.start || seq > window.end.max(next)).then_some(Forecast::RstOutside)
    }
}

/// The forecast for an input that the state machine answers by going from one state to another one, or to none.
const fn of_step(from: TcpState, input: TcpInput, to: TcpState) -> Option<Forecast> {
    Some(match (input, to) {
        (TcpInput::Rst, TcpState::Listen) => Forecast::ResetHalfOpen,
        (TcpInput::Rst, _) if matches!(from, TcpState::SynSent) => Forecast::ResetOpening,
        (TcpInput::Rst, _) => Forecast::Reset,
        (TcpInput::Syn, TcpState::Closed) => Forecast::Refused,
        (TcpInput::Syn, _) if matches!(from, TcpState::SynSent) => Forecast::OpensAtOnce,
        (TcpInput::Syn, _) => Forecast::Opens,
        (TcpInput::SynAck, TcpState::Established) => Forecast::Answers,
        (TcpInput::SynAcked, _) => Forecast::Completes,
        (TcpInput::DataAfterClose, _) => Forecast::AfterClose,
        (TcpInput::Data, _) => Forecast::Data,
        (_, TcpState::CloseWait) => Forecast::PeerCloses,
        (_, TcpState::FinWait2) => Forecast::FinAcked,
        (_, TcpState::Closing) => Forecast::BothClose,
        (TcpInput::FinAcked, TcpState::TimeWait) => Forecast::BothClosed,
        (_, TcpState::TimeWait) => Forecast::LastFin,
        (TcpInput::FinAcked, TcpState::Closed) => Forecast::Over,
        _ => return None,
    })
}

/// Whether the program at this end closes when it has received the end of the data, as the laboratory's servers do with
/// a connection that they serve.
fn closes_in_turn(world: &World, there: &Flow) -> bool {
    let server = world.servers.at(Proto::Tcp, there.local);
    let accepted = server.zip(there.peer).and_then(|(server, peer)| server.accepted(peer));
    accepted.is_some_and(|(_, is_served)| is_served)
}

/// The listener that a connection of this end belongs to.
fn listener(world: &World, there: &Flow) -> Option<Flow> {
    let own = Flow::unconnected(Proto::Tcp, there.local);
    let any = Flow::unconnected(Proto::Tcp, (std::net::Ipv4Addr::UNSPECIFIED, there.local.port()).into());
    [own, any].into_iter().find(|flow| world.table.state(flow) == Some(TcpState::Listen))
}

/// Whether more connections wait for `accept` than the backlog allows; `listen(n)` admits one more than n.
fn full(world: &World, there: &Flow) -> bool {
    let entry = listener(world, there).and_then(|flow| world.table.of(&flow));
    entry.and_then(|entry| entry.row.recv_q.zip(entry.row.send_q)).is_some_and(|(waiting, most)| waiting > most)
}

/// Bytes that are not the next ones.
const fn missing(next: u32, seq: u32, takes: u32) -> Option<Forecast> {
    // Sequence numbers are compared around the end of their range (RFC 9293 §3.4).
    let ahead = seq.wrapping_sub(next).cast_signed();
    let end = seq.wrapping_add(takes).wrapping_sub(next).cast_signed();
    if ahead > 0 {
        Some(Forecast::Gap)
    } else if end <= 0 {
        Some(Forecast::Old)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state that a forecast speaks of.
    const fn state(forecast: Forecast) -> Option<TcpState> {
        Some(match forecast {
            Forecast::Opens | Forecast::OpensAtOnce => TcpState::SynRecv,
            Forecast::Answers | Forecast::Completes => TcpState::Established,
            Forecast::PeerCloses => TcpState::CloseWait,
            Forecast::FinAcked => TcpState::FinWait2,
            Forecast::BothClose => TcpState::Closing,
            Forecast::LastFin | Forecast::BothClosed => TcpState::TimeWait,
            Forecast::ResetHalfOpen => TcpState::Listen,
            Forecast::Over | Forecast::Reset | Forecast::ResetOpening | Forecast::AfterClose => TcpState::Closed,
            _ => return None,
        })
    }

    #[test]
    fn every_segment_that_changes_a_state_is_forecast_as_the_diagram_says() {
        for (from, input, to) in TcpInput::changes() {
            // A SYN to TIME_WAIT is taken or not by rules about numbers and times (RFC 6191).
            if input.example().is_none() || (from, input) == (TcpState::TimeWait, TcpInput::Syn) {
                continue;
            }
            let forecast = of_step(from, input, to).and_then(state);
            assert_eq!(forecast, Some(to), "{from} {input}");
        }
    }
}
