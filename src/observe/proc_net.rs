//! The socket table as text: `/proc/net/{tcp,tcp6,udp,udp6}` (proc(5)), for where `sock_diag` is forbidden.
//!
//! It has states, queues, timers, owners and inodes, but no cookies, and a listener's backlog is not in it.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use super::completeness::Completeness;
use super::scope::Scope;
use crate::domain::{Flow, Proto, Row, TcpState, Timer, TimerKind};

/// The kernel counts these timers in clock ticks of 10 ms (`USER_HZ`), whatever its own tick is.
const TICK_MS: u64 = 10;

/// Reads every socket of `scope` and passes it to `each`.
///
/// # Errors
/// Those of reading the files. A machine without IPv6 has no `tcp6` and `udp6`, which is no error.
pub(super) fn dump(scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
    dump_from(Path::new("/proc/thread-self/net"), scope, each)
}

fn dump_from(folder: &Path, scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
    for (file, proto) in [("tcp", Proto::Tcp), ("tcp6", Proto::Tcp), ("udp", Proto::Udp), ("udp6", Proto::Udp)] {
        let text = match fs::read_to_string(folder.join(file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && file.ends_with('6') => continue,
            text => text?,
        };
        text.lines()
            .skip(1)
            .filter_map(|line| row(line, proto))
            .filter(|row| scope.has(&row.flow))
            .for_each(&mut *each);
    }
    Ok(Completeness::Complete)
}

/// Reads one line. `None` for a line of another form, and for a socket that is bound to nothing.
fn row(line: &str, proto: Proto) -> Option<Row> {
    let mut columns = line.split_ascii_whitespace().skip(1);
    let local = address(columns.next()?)?;
    let remote = address(columns.next()?)?;
    let code = u8::from_str_radix(columns.next()?, 16).ok()?;
    let (send_q, recv_q) = pair(columns.next()?)?;
    let (kind, ticks) = pair(columns.next()?)?;
    let retransmits = u8::from_str_radix(columns.next()?, 16).unwrap_or(u8::MAX);
    let uid = columns.next()?.parse().ok()?;
    let probes = columns.next()?.parse().unwrap_or(u8::MAX);
    let inode = columns.next()?.parse().ok()?;

    let state = match proto {
        Proto::Tcp => Some(state(code)?),
        Proto::Udp | Proto::Icmp => None,
    };
    let listens = state == Some(TcpState::Listen);
    let has_peer = !remote.ip().is_unspecified() || remote.port() != 0;
    let timer = timer_kind(kind).map(|kind| Timer {
        kind,
        left_ms: u64::from(ticks) * TICK_MS,
        count: if kind == TimerKind::Retransmit { retransmits } else { probes },
    });
    Some(Row {
        flow: Flow { proto, local, peer: (has_peer && !listens).then_some(remote) },
        state,
        recv_q: Some(recv_q),
        // A listener's column is always 0: the backlog is not in it.
        send_q: (!listens).then_some(send_q),
        timer: timer.filter(|_| proto == Proto::Tcp),
        uid: Some(uid),
        inode: Some(inode),
        cookie: 0,
        process: None,
    })
}

/// Two hexadecimal numbers with a colon between them.
fn pair(column: &str) -> Option<(u32, u32)> {
    let (first, second) = column.split_once(':')?;
    Some((u32::from_str_radix(first, 16).ok()?, u32::from_str_radix(second, 16).ok()?))
}

/// An address as the kernel prints it: its 32-bit words in the order of this machine's bytes, then the port.
fn address(column: &str) -> Option<SocketAddr> {
    let (words, port) = column.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(words.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip: IpAddr = match words.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let mut bytes = [0; 16];
            for (at, place) in bytes.chunks_exact_mut(4).enumerate() {
                place.copy_from_slice(&word(at)?);
            }
            Ipv6Addr::from(bytes).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// The kernel's numbers (`include/net/tcp_states.h`).
const fn state(code: u8) -> Option<TcpState> {
    Some(match code {
        0x01 => TcpState::Established,
        0x02 => TcpState::SynSent,
        // TCP_SYN_RECV and TCP_NEW_SYN_RECV.
        0x03 | 0x0c => TcpState::SynRecv,
        0x04 => TcpState::FinWait1,
        0x05 => TcpState::FinWait2,
        0x06 => TcpState::TimeWait,
        0x08 => TcpState::CloseWait,
        0x09 => TcpState::LastAck,
        0x0a => TcpState::Listen,
        0x0b => TcpState::Closing,
        _ => return None,
    })
}

/// The kernel's numbers (`get_tcp4_sock` in `net/ipv4/tcp_ipv4.c`).
const fn timer_kind(code: u32) -> Option<TimerKind> {
    match code {
        1 => Some(TimerKind::Retransmit),
        2 => Some(TimerKind::Keepalive),
        3 => Some(TimerKind::TimeWait),
        4 => Some(TimerKind::Persist),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(line: &str) -> Row {
        row(line, Proto::Tcp).unwrap()
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn each_column_is_read() {
        let listener = "   0: 0100007F:FF98 00000000:0000 0A 00000000:00000002 00:00000000 00000000  1000        0 31337 1 0 100 0 0 10 0";
        let expected = Row {
            flow: Flow::unconnected(Proto::Tcp, "127.0.0.1:65432".parse().unwrap()),
            state: Some(TcpState::Listen),
            recv_q: Some(2),
            send_q: None,
            timer: None,
            uid: Some(1000),
            inode: Some(31337),
            cookie: 0,
            process: None,
        };
        assert_eq!(tcp(listener), expected);

        let waiting =
            tcp("  12: 0100007F:AC36 0100007F:FF98 06 00000000:00000000 03:0000170C 00000000     0        0 0 3 0");
        assert_eq!(waiting.flow.peer, Some("127.0.0.1:65432".parse().unwrap()));
        assert_eq!(waiting.state, Some(TcpState::TimeWait));
        assert_eq!(waiting.timer, Some(Timer { kind: TimerKind::TimeWait, left_ms: 59_000, count: 0 }));

        let resends =
            tcp("   3: 0A000001:0016 0A000002:1234 01 00000010:00000005 01:00000014 00000002     0        0 7 4 0");
        assert_eq!((resends.send_q, resends.recv_q), (Some(16), Some(5)));
        assert_eq!(resends.timer, Some(Timer { kind: TimerKind::Retransmit, left_ms: 200, count: 2 }));

        let probes =
            tcp("   3: 0A000001:0016 0A000002:1234 01 00000010:00000000 04:00000064 00000000     0        3 7 4 0");
        assert_eq!(probes.timer, Some(Timer { kind: TimerKind::Persist, left_ms: 1_000, count: 3 }));
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn ipv6_and_datagram_sockets_are_read() {
        let v6 = tcp(
            "   0: 00000000000000000000000001000000:FF98 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1 0",
        );
        assert_eq!(v6.flow.local, "[::1]:65432".parse().unwrap());
        let line =
            " 1066: 0100007F:FF98 0100007F:C001 01 00000000:0000000D 00:00000000 00000000     0        0 55 2 0 0";
        let udp = row(line, Proto::Udp).unwrap();
        assert_eq!((udp.state, udp.recv_q, udp.timer), (None, Some(13), None));
        assert_eq!(udp.flow.peer, Some("127.0.0.1:49153".parse().unwrap()));
    }

    #[test]
    fn a_line_of_another_form_is_left_out() {
        for line in ["", "garbage", "   0: 0100007F:FF98", "   0: 01:FF98 00000000:0000 0A 0:0 0:0 0 0 0 1", "0: é: :"]
        {
            assert_eq!(row(line, Proto::Tcp), None, "{line}");
        }
    }
}
