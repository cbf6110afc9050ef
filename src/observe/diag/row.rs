//! `struct inet_diag_msg` → [`Row`].

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::domain::{Flow, Proto, Row, TcpState, Timer, TimerKind};
use crate::observe::native::{double, word};

/// The length of the fixed part; attributes follow.
pub(super) const FIXED: usize = 72;

/// Decodes one socket. `None` when there are too few bytes or the family is neither IPv4 nor IPv6.
pub(super) fn decode(bytes: &[u8], proto: Proto) -> Option<Row> {
    let bytes: &[u8; FIXED] = bytes.first_chunk()?;
    let [family, state, timer, retransmits] = *bytes.first_chunk()?;
    let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let interface = word(bytes, 40)?;
    let local = address(family, &bytes[8..24], port(4), interface)?;
    let peer = address(family, &bytes[24..40], port(6), interface)?;
    let state = if proto == Proto::Tcp { state_of(state) } else { None };
    let alone = state == Some(TcpState::Listen) || (peer.port() == 0 && peer.ip().is_unspecified());
    Some(Row {
        flow: Flow { proto, local, peer: (!alone).then_some(peer) },
        state,
        recv_q: Some(word(bytes, 56)?),
        send_q: Some(word(bytes, 60)?),
        timer: timer_of(timer, word(bytes, 52)?, retransmits),
        uid: Some(word(bytes, 64)?),
        inode: Some(u64::from(word(bytes, 68)?)),
        cookie: double(bytes, 44)?,
        process: None,
    })
}

/// Linux's number for a state (`include/net/tcp_states.h`); `None` for one that this program does not know.
pub(in crate::observe) const fn state_of(number: u8) -> Option<TcpState> {
    Some(match number {
        1 => TcpState::Established,
        2 => TcpState::SynSent,
        // The kernel uses 12 for a request that has no socket yet, and 3 for a socket in SYN_RECV.
        3 | 12 => TcpState::SynRecv,
        4 => TcpState::FinWait1,
        5 => TcpState::FinWait2,
        6 => TcpState::TimeWait,
        7 => TcpState::Closed,
        8 => TcpState::CloseWait,
        9 => TcpState::LastAck,
        10 => TcpState::Listen,
        11 => TcpState::Closing,
        _ => return None,
    })
}

fn timer_of(number: u8, left_ms: u32, count: u8) -> Option<Timer> {
    use TimerKind::{Keepalive, Persist, Retransmit, TimeWait};
    let kind = *[Retransmit, Keepalive, TimeWait, Persist].get(usize::from(number).checked_sub(1)?)?;
    Some(Timer { kind, left_ms: u64::from(left_ms), count })
}

fn address(family: u8, octets: &[u8], port: u16, interface: u32) -> Option<SocketAddr> {
    match family {
        2 => Some(SocketAddrV4::new(Ipv4Addr::from(*octets.first_chunk::<4>()?), port).into()),
        10 => {
            let ip = Ipv6Addr::from(*octets.first_chunk::<16>()?);
            let scope = if ip.is_unicast_link_local() { interface } else { 0 };
            Some(SocketAddrV6::new(ip, port, 0, scope).into())
        }
        _ => None,
    }
}
