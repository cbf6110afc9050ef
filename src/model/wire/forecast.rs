//! What the arrival of a packet will do, as far as RFC 9293 makes that certain.
//!
//! It depends only on observations: the packet, the state of the receiving end, and which bytes arrived there before.
//! Where these do not decide it, the forecast is only that the packet arrives.

use super::PacketOnWire;
use crate::domain::{Flags, Flow, HostId, Icmp, Proto, TcpState};
use crate::model::World;

/// What will happen when a packet arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// The wire is cut: it will not arrive.
    Cut,
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
    /// The next bytes: they go into the receive buffer and are acknowledged.
    Data,
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
    let flow = packet.packet.flow;
    let there = flow.mirror()?;
    let (syn, ack, fin, rst) =
        (tcp.flags.has(Flags::SYN), tcp.flags.has(Flags::ACK), tcp.flags.has(Flags::FIN), tcp.flags.has(Flags::RST));
    let Some(state) = world.table.state(&there) else {
        return (syn && !ack && !rst).then(|| knock(world, &there));
    };
    let acks_fin = ack && fin_of(world, &there).is_some_and(|fin| tcp.ack_rel == Some(fin.wrapping_add(1)));
    let takes = tcp.takes(packet.packet.payload.len);
    let next = expected(world, packet);
    let in_order = next.is_some() && next == tcp.seq_rel;
    match state {
        TcpState::SynSent if rst && ack => Some(Forecast::ResetOpening),
        TcpState::SynSent if syn && ack && tcp.ack_rel == Some(1) => Some(Forecast::Answers),
        TcpState::SynSent if syn && !ack => Some(Forecast::OpensAtOnce),
        TcpState::SynRecv if rst && in_order && listener(world, &there).is_some() => Some(Forecast::ResetHalfOpen),
        _ if rst && in_order => Some(Forecast::Reset),
        _ if rst => None,
        _ if syn => None,
        _ if takes > 0 && !in_order => missing(next?, tcp.seq_rel?, takes),
        // A full accept queue can make Linux ignore the ACK.
        TcpState::SynRecv if ack && !fin && tcp.ack_rel == Some(1) => {
            (!full(world, &there)).then_some(Forecast::Completes)
        }
        TcpState::Established if fin => Some(Forecast::PeerCloses),
        TcpState::FinWait1 if fin && acks_fin => Some(Forecast::LastFin),
        TcpState::FinWait1 if fin => Some(Forecast::BothClose),
        TcpState::FinWait1 if acks_fin => Some(Forecast::FinAcked),
        TcpState::FinWait2 if fin => Some(Forecast::LastFin),
        TcpState::Closing if acks_fin => Some(Forecast::BothClosed),
        TcpState::LastAck if acks_fin => Some(Forecast::Over),
        TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2 if packet.packet.payload.len > 0 => {
            Some(Forecast::Data)
        }
        _ if ack && takes == 0 && state.is_synchronised() && acknowledged(world, packet) < tcp.ack_rel => {
            Some(Forecast::Acks)
        }
        _ => None,
    }
}

/// A SYN to an end that does not exist yet.
fn knock(world: &World, there: &Flow) -> Forecast {
    match listener(world, there) {
        Some(_) if full(world, there) => Forecast::QueueFull,
        Some(_) => Forecast::Opens,
        None => Forecast::Refused,
    }
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

/// The packets of one sender since its last SYN, the earliest first.
fn life<'a>(world: &'a World, flow: &'a Flow) -> impl Iterator<Item = &'a PacketOnWire> {
    let of_flow = move |packet: &&PacketOnWire| packet.packet.flow == *flow && packet.packet.icmp.is_none();
    let syn = |packet: &&PacketOnWire| packet.packet.tcp.as_ref().is_some_and(|tcp| tcp.flags.has(Flags::SYN));
    let packets = world.wire.packets();
    let isn = packets.iter().filter(of_flow).rfind(syn).map(|packet| packet.packet.tcp.as_ref().map(|t| t.seq));
    let first = packets.iter().position(|packet| {
        of_flow(&packet) && syn(&packet) && Some(packet.packet.tcp.as_ref().map(|tcp| tcp.seq)) == isn
    });
    packets.iter().skip(first.unwrap_or(packets.len())).filter(of_flow)
}

/// The number of the sender's FIN, counted from its SYN.
fn fin_of(world: &World, flow: &Flow) -> Option<u32> {
    let fin = life(world, flow).filter_map(|packet| {
        let tcp = packet.packet.tcp.as_ref().filter(|tcp| tcp.flags.has(Flags::FIN))?;
        tcp.seq_rel.map(|seq| seq.wrapping_add(u32::try_from(packet.packet.payload.len).unwrap_or(u32::MAX)))
    });
    fin.last()
}

/// Up to which number the sender of `packet` has acknowledged, as far as the other side knows.
fn acknowledged(world: &World, packet: &PacketOnWire) -> Option<u32> {
    let flow = packet.packet.flow;
    let arrived = life(world, &flow).filter(|other| other.has_arrived() && !other.corrupted);
    arrived.filter_map(|other| other.packet.tcp.as_ref()?.ack_rel).max()
}

/// The next number that the receiver of `packet` expects, from what has arrived.
fn expected(world: &World, packet: &PacketOnWire) -> Option<u32> {
    let flow = packet.packet.flow;
    let arrived = life(world, &flow).filter(|other| other.has_arrived() && !other.corrupted);
    let mut pieces: Vec<(u32, u32)> = arrived
        .filter_map(|other| {
            let tcp = other.packet.tcp.as_ref()?;
            Some((tcp.seq_rel?, tcp.takes(other.packet.payload.len)))
        })
        .collect();
    pieces.sort_unstable();
    // Without the SYN nothing is certain.
    pieces.first().filter(|(seq, takes)| *seq == 0 && *takes > 0)?;
    let next = pieces.iter().fold(0u32, |next, (seq, takes)| if *seq <= next { next.max(seq + takes) } else { next });
    Some(next)
}
