//! A minimal reader of a host's socket table (`sock_diag(7)`), for these tests only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::{RecvFlags, SendFlags, recv, send};
use socklab::api::domain::{Flow, Proto, Row, TcpState, Timer, TimerKind};

/// All TCP sockets.
pub(crate) fn dump(socket: &OwnedFd) -> io::Result<Vec<Row>> {
    let mut request = Vec::new();
    request.extend(72_u32.to_ne_bytes()); // length
    request.extend(20_u16.to_ne_bytes()); // SOCK_DIAG_BY_FAMILY
    request.extend(0x301_u16.to_ne_bytes()); // NLM_F_REQUEST | NLM_F_DUMP
    request.extend([0; 8]);
    request.extend([2, 6, 0, 0]); // AF_INET, IPPROTO_TCP
    request.extend(u32::MAX.to_ne_bytes()); // every state
    request.extend([0; 48]);
    send(socket, &request, SendFlags::empty())?;
    let (mut rows, mut buffer) = (Vec::new(), vec![0_u8; 1 << 16]);
    loop {
        let (length, _) = recv(socket, &mut buffer[..], RecvFlags::empty())?;
        let mut rest = &buffer[..length];
        while rest.len() >= 16 {
            let size = u32::from_ne_bytes(rest[..4].try_into().unwrap()) as usize;
            match u16::from_ne_bytes(rest[4..6].try_into().unwrap()) {
                3 => return Ok(rows),
                20 => rows.push(row(&rest[16..size])),
                kind => panic!("netlink message {kind}"),
            }
            rest = &rest[size.next_multiple_of(4).min(rest.len())..];
        }
    }
}

fn row(message: &[u8]) -> Row {
    let u32_at = |at: usize| u32::from_ne_bytes(message[at..at + 4].try_into().unwrap());
    let addr = |port: usize, ip: usize| {
        let ip: [u8; 4] = message[ip..ip + 4].try_into().unwrap();
        SocketAddr::from((Ipv4Addr::from(ip), u16::from_be_bytes([message[port], message[port + 1]])))
    };
    let state = match message[1] {
        1 => TcpState::Established,
        2 => TcpState::SynSent,
        3 | 12 => TcpState::SynRecv,
        4 => TcpState::FinWait1,
        5 => TcpState::FinWait2,
        6 => TcpState::TimeWait,
        7 => TcpState::Closed,
        8 => TcpState::CloseWait,
        9 => TcpState::LastAck,
        10 => TcpState::Listen,
        11 => TcpState::Closing,
        other => panic!("state {other}"),
    };
    let timer = match message[2] {
        1 => Some(TimerKind::Retransmit),
        2 => Some(TimerKind::Keepalive),
        3 => Some(TimerKind::TimeWait),
        4 => Some(TimerKind::Persist),
        _ => None,
    };
    let peer = addr(6, 24);
    Row {
        flow: Flow { proto: Proto::Tcp, local: addr(4, 8), peer: (peer.port() != 0).then_some(peer) },
        state: Some(state),
        recv_q: Some(u32_at(56)),
        send_q: Some(u32_at(60)),
        timer: timer.map(|kind| Timer { kind, left_ms: u32_at(52).into(), count: message[3] }),
        uid: Some(u32_at(64)),
        inode: Some(u32_at(68).into()),
        cookie: u64::from(u32_at(44)) | u64::from(u32_at(48)) << 32,
        process: None,
    }
}
