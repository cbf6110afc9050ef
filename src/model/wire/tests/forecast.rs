//! What a packet will do when it arrives.

use super::super::*;
use super::wire_lab;
use crate::domain::{Flags, Proto, TcpOption, TcpState};
use crate::model::wire::test_wire::{Client, FIN_ACK, PSH_ACK, Server, TestWire, addr, flow};

fn foreseen(wire_lab: &TestWire, number: u64) -> Forecast {
    forecast(wire_lab.model.worlds.shown(), wire_lab.shown().packet(number).unwrap())
}

#[test]
fn a_forecast_is_certain_at_every_step_of_a_connection() {
    let mut wire_lab = wire_lab();
    let port = 42_666;
    let (out, back) = (flow(port), flow(port).mirror().unwrap());
    let syn = wire_lab.dials(1, port);
    assert_eq!(foreseen(&wire_lab, syn), Forecast::Opens);
    let syn_ack = wire_lab.answers(syn, port);
    assert_eq!(foreseen(&wire_lab, syn_ack), Forecast::Answers);
    let (ack, data) = wire_lab.opens(syn_ack, port);
    assert_eq!(foreseen(&wire_lab, ack), Forecast::Completes);
    wire_lab.delivered(ack);
    wire_lab.state(Server, back, TcpState::SynRecv, TcpState::Established, Some(Cause::Packet(ack)));
    assert_eq!(foreseen(&wire_lab, data), Forecast::Data);
    let fin = wire_lab.sends(out, FIN_ACK, 13, 1, "");
    assert_eq!(foreseen(&wire_lab, fin), Forecast::Gap, "the bytes before it are still on the wire");
    wire_lab.delivered(data);
    assert_eq!(foreseen(&wire_lab, fin), Forecast::PeerCloses);
    let again = wire_lab.sends(out, PSH_ACK, 1, 1, "Hello, world");
    assert_eq!(foreseen(&wire_lab, again), Forecast::Old);
    let acks = wire_lab.sends(back, Flags::ACK, 1, 13, "");
    assert_eq!(foreseen(&wire_lab, acks), Forecast::Acks);
    wire_lab.state(Client, out, TcpState::Established, TcpState::FinWait1, None);
    assert_eq!(foreseen(&wire_lab, acks), Forecast::Acks, "it does not acknowledge the FIN");
    let acks_fin = wire_lab.sends(back, Flags::ACK, 1, 14, "");
    assert_eq!(foreseen(&wire_lab, acks_fin), Forecast::FinAcked);
    let their_fin = wire_lab.sends(back, FIN_ACK, 1, 13, "");
    assert_eq!(foreseen(&wire_lab, their_fin), Forecast::BothClose);
    let both = wire_lab.sends(back, FIN_ACK, 1, 14, "");
    assert_eq!(foreseen(&wire_lab, both), Forecast::LastFin);
    let rst = wire_lab.sends(back, Flags::RST, 1, 0, "");
    assert_eq!(foreseen(&wire_lab, rst), Forecast::Reset);
    let stray = wire_lab.sends(back, Flags::RST, 500, 0, "");
    assert_eq!(foreseen(&wire_lab, stray), Forecast::RstChallenged, "in the window, and not the next number");
    wire_lab.wire(Some(Server), WireEvent::Corrupted { packet: rst });
    assert_eq!(foreseen(&wire_lab, rst), Forecast::Corrupt);
    wire_lab.wire(Some(Server), WireEvent::Cut { cut: true });
    assert_eq!(foreseen(&wire_lab, rst), Forecast::Cut);
}

#[test]
fn what_may_be_forged_is_challenged_or_thrown_away() {
    let mut wire_lab = wire_lab();
    let port = 42_666;
    let data = wire_lab.established(1, port);
    wire_lab.delivered(data);
    let (out, back) = (flow(port), flow(port).mirror().unwrap());
    let ack = wire_lab.sends(back, Flags::ACK, 1, 13, "");
    wire_lab.delivered(ack);
    let mut rst = |seq| {
        let rst = wire_lab.forges(out, Flags::RST, seq);
        foreseen(&wire_lab, rst)
    };
    assert_eq!(rst(13), Forecast::Reset);
    assert_eq!([14, 13 + 64_239].map(&mut rst), [Forecast::RstChallenged; 2]);
    assert_eq!([12, 13 + 64_241].map(&mut rst), [Forecast::RstOutside; 2]);
    let syn = wire_lab.forges(out, Flags::SYN, 50_000);
    assert_eq!(foreseen(&wire_lab, syn), Forecast::SynChallenged);
    let unsent = wire_lab.sends(out, Flags::ACK, 13, 2, "");
    assert_eq!(foreseen(&wire_lab, unsent), Forecast::AcksUnsent);
    // A forged SYN begins nothing: what comes next is still number 13.
    let more = wire_lab.sends(out, PSH_ACK, 13, 1, "more");
    assert_eq!(foreseen(&wire_lab, more), Forecast::Data);
    wire_lab.state(Server, back, TcpState::Established, TcpState::TimeWait, None);
    assert_eq!(foreseen(&wire_lab, syn), Forecast::Arrives, "it may open a new one (RFC 6191)");
}

#[test]
fn a_clock_that_runs_backwards_is_seen() {
    let mut wire_lab = wire_lab();
    let port = 42_666;
    let data = wire_lab.established(1, port);
    let out = flow(port);
    let stamp = |wire_lab: &mut TestWire, number, clock| {
        let mut now = wire_lab.shown().packet(number).unwrap().packet.clone();
        now.tcp.as_mut().unwrap().options = vec![TcpOption::Timestamps(clock, 0)];
        wire_lab.wire(Some(Client), WireEvent::Altered { packet: number, now: Box::new(now) });
    };
    stamp(&mut wire_lab, data, 5_000);
    wire_lab.delivered(data);
    for (clock, forecast) in [(4_000, Forecast::OldClock), (4_999, Forecast::Data), (5_001, Forecast::Data)] {
        let more = wire_lab.sends(out, PSH_ACK, 13, 1, "more");
        stamp(&mut wire_lab, more, clock);
        assert_eq!(foreseen(&wire_lab, more), forecast, "{clock}");
    }
}

#[test]
fn a_fin_is_answered_by_a_fin_where_a_server_of_ours_reads() {
    let mut wire_lab = wire_lab();
    let port = 42_666;
    let data = wire_lab.established(1, port);
    let fin = wire_lab.sends(flow(port), FIN_ACK, 13, 1, "");
    wire_lab.delivered(data);
    assert_eq!(foreseen(&wire_lab, fin), Forecast::PeerCloses, "it waits for accept(): nobody reads");
    wire_lab.accepts(1, port);
    assert_eq!(foreseen(&wire_lab, fin), Forecast::ClosesInTurn);
}

#[test]
fn what_comes_after_close_is_answered_by_a_reset() {
    let mut wire_lab = wire_lab();
    let port = 42_666;
    let data = wire_lab.established(1, port);
    let (out, back) = (flow(port), flow(port).mirror().unwrap());
    wire_lab.delivered(data);
    wire_lab.state(Client, out, TcpState::Established, TcpState::FinWait2, None);
    let next = wire_lab.sends(back, PSH_ACK, 1, 13, "HELLO, WORLD");
    let beyond = wire_lab.sends(back, FIN_ACK, 13, 13, "");
    // The program has only shut down its sending side.
    assert_eq!([next, beyond].map(|packet| foreseen(&wire_lab, packet)), [Forecast::Data, Forecast::Gap]);
    wire_lab.row(Client, out, Some(TcpState::FinWait2), |row| row.inode = Some(0));
    assert_eq!([next, beyond].map(|packet| foreseen(&wire_lab, packet)), [Forecast::AfterClose; 2]);
    let fin = wire_lab.sends(back, FIN_ACK, 1, 13, "");
    assert_eq!(foreseen(&wire_lab, fin), Forecast::LastFin);
}

#[test]
fn a_forecast_knows_closed_ports_full_queues_and_datagrams() {
    let mut wire_lab = wire_lab();
    let nobody = Flow::tcp(addr(Client, 42_666), addr(Server, 9));
    let syn = wire_lab.sends(nobody, Flags::SYN, 0, 0, "");
    assert_eq!(foreseen(&wire_lab, syn), Forecast::Refused);
    let syn = wire_lab.dials(1, 42_668);
    wire_lab.row(Server, Flow::unconnected(Proto::Tcp, addr(Server, 65_432)), Some(TcpState::Listen), |row| {
        (row.recv_q, row.send_q) = (Some(2), Some(1));
    });
    assert_eq!(foreseen(&wire_lab, syn), Forecast::QueueFull);
    let datagram = |to| Flow { proto: Proto::Udp, local: addr(Client, 50_000), peer: Some(addr(Server, to)) };
    let heard = wire_lab.packet(datagram(65_432), None, "oi", None);
    let unheard = wire_lab.packet(datagram(9), None, "oi", None);
    assert_eq!((foreseen(&wire_lab, heard), foreseen(&wire_lab, unheard)), (Forecast::Datagram, Forecast::NoPort));
}

#[test]
fn a_simultaneous_open_is_forecast() {
    let mut wire_lab = wire_lab();
    let one = Flow::tcp(addr(Client, 40_000), addr(Server, 40_000));
    for (host, flow) in [(Client, one), (Server, one.mirror().unwrap())] {
        wire_lab.state(host, flow, TcpState::Closed, TcpState::SynSent, None);
        wire_lab.sends(flow, Flags::SYN, 0, 0, "");
    }
    assert_eq!((foreseen(&wire_lab, 1), foreseen(&wire_lab, 2)), (Forecast::OpensAtOnce, Forecast::OpensAtOnce));
}

#[test]
fn what_a_link_does_not_let_pass_is_foreseen() {
    use crate::domain::LinkConditions;
    let mut wire_lab = wire_lab();
    let data = wire_lab.established(1, 42_666);
    let link =
        |rate_kbit, queue, mtu| WireEvent::Link(LinkConditions { rate_kbit, queue, mtu, ..LinkConditions::default() });
    // Twelve bytes and two headers are 52.
    for (mtu, forecast) in [(51, Forecast::TooLarge), (52, Forecast::Data)] {
        wire_lab.wire(Some(Client), link(0, 0, mtu));
        assert_eq!(foreseen(&wire_lab, data), forecast);
    }
    wire_lab.wire(Some(Client), link(100, 2, 0));
    for (waiting, forecast) in [(1, Forecast::Data), (2, Forecast::LinkFull)] {
        wire_lab.wire(Some(Client), WireEvent::QueueLength { waiting, full: 0, too_large: 0, marked: 0 });
        assert_eq!(foreseen(&wire_lab, data), forecast);
    }
}
