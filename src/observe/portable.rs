//! The portable source, `netstat2`: addresses, states and (not on Linux) processes; no queues, timers or UDP peers.

use std::io;
use std::net::SocketAddr;
use std::panic;

use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, SocketInfo, TcpState as Theirs};

use super::completeness::Completeness;
use super::process;
use super::scope::Scope;
use crate::domain::{Flow, Proto, Row, TcpState};

/// Reads every socket of `scope` and passes it to `each`.
///
/// # Errors
/// The library's, and `Other` when it panicked, which it is known to do on unexpected input.
pub(super) fn dump(scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
    let sockets = panic::catch_unwind(read).map_err(|_| io::Error::other("netstat2 panicked"))??;
    for row in sockets.iter().filter_map(row) {
        if scope.has(&row.flow) {
            each(row);
        }
    }
    Ok(Completeness::Complete)
}

fn read() -> io::Result<Vec<SocketInfo>> {
    let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
    let protocols = ProtocolFlags::TCP | ProtocolFlags::UDP;
    // On Linux, finding the processes means a walk through all of /proc; we look them up by inode when needed.
    #[cfg(target_os = "linux")]
    let sockets = netstat2::iterate_sockets_info_without_pids(families, protocols);
    #[cfg(not(target_os = "linux"))]
    let sockets = netstat2::iterate_sockets_info(families, protocols);
    let other = |error: netstat2::error::Error| match error {
        netstat2::error::Error::OsError(error) => error,
        error => io::Error::other(error.to_string()),
    };
    sockets.map_err(other)?.collect::<Result<_, _>>().map_err(other)
}

fn row(socket: &SocketInfo) -> Option<Row> {
    let (flow, state) = match &socket.protocol_socket_info {
        ProtocolSocketInfo::Udp(udp) => {
            (Flow::unconnected(Proto::Udp, SocketAddr::new(udp.local_addr, udp.local_port)), None)
        }
        ProtocolSocketInfo::Tcp(tcp) => {
            let local = SocketAddr::new(tcp.local_addr, tcp.local_port);
            let state = state(tcp.state);
            // Windows also lists sockets just deleted or merely bound; netstat shows neither.
            if matches!(tcp.state, Theirs::DeleteTcb | Theirs::Closed) {
                return None;
            }
            let alone = state == Some(TcpState::Listen);
            let peer = (!alone).then(|| SocketAddr::new(tcp.remote_addr, tcp.remote_port));
            (Flow { proto: Proto::Tcp, local, peer }, state)
        }
    };
    #[cfg(target_os = "linux")]
    let (uid, inode) = (Some(socket.uid), Some(u64::from(socket.inode)));
    #[cfg(not(target_os = "linux"))]
    let (uid, inode) = (None, None);
    let process = socket.associated_pids.first().map(|pid| process::with_pid(*pid));
    Some(Row { uid, inode, process, ..bare(flow, state) })
}

/// A row of which only the addresses and the state are known.
pub(super) const fn bare(flow: Flow, state: Option<TcpState>) -> Row {
    Row { flow, state, recv_q: None, send_q: None, timer: None, uid: None, inode: None, cookie: 0, process: None }
}

const fn state(theirs: Theirs) -> Option<TcpState> {
    Some(match theirs {
        Theirs::Closed | Theirs::DeleteTcb => TcpState::Closed,
        Theirs::Listen => TcpState::Listen,
        Theirs::SynSent => TcpState::SynSent,
        Theirs::SynReceived => TcpState::SynRecv,
        Theirs::Established => TcpState::Established,
        Theirs::FinWait1 => TcpState::FinWait1,
        Theirs::FinWait2 => TcpState::FinWait2,
        Theirs::CloseWait => TcpState::CloseWait,
        Theirs::Closing => TcpState::Closing,
        Theirs::LastAck => TcpState::LastAck,
        Theirs::TimeWait => TcpState::TimeWait,
        Theirs::Unknown => return None,
    })
}
