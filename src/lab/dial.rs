//! Opening a connection: `socket`, `connect` that does not wait, and the moment it is established.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;
use tokio::net::TcpStream;

use super::connection::Connection;
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::{Args, Call, Errno, Flow, Outcome, Proto, SocketId, Syscall};

/// Calls `socket` and `connect`. On success the kernel has chosen the local port and the SYN has left: the result is not
/// established yet, see [`established`]. On failure nothing is left open. Every call is reported but a `connect` that
/// goes on: that one is reported when its outcome is known.
pub(super) fn dial(
    host: &dyn Host,
    socket_id: SocketId,
    addr: SocketAddr,
    log: &Reporter,
) -> Result<Connection, Errno> {
    let socket = host.stream(addr);
    log.call(Call::new(socket_id, Syscall::Socket).with(Args::Proto(Proto::Tcp)).returned(&socket));
    connect(socket?, socket_id, addr, log).map_err(|error| {
        let errno = Errno::from(error);
        let call = Call::new(socket_id, Syscall::Connect).with(Args::Addr(addr));
        log.call(Call { result: Outcome::Failed(errno), ..call });
        log.call(Call::new(socket_id, Syscall::Close));
        errno
    })
}

/// Consumes the socket on failure, so that it is closed by then.
fn connect(socket: Socket, socket_id: SocketId, addr: SocketAddr, log: &Reporter) -> io::Result<Connection> {
    match socket.connect(&addr.into()) {
        Err(error) if !is_under_way(&error) => return Err(error),
        _ => {}
    }
    let stream = TcpStream::from_std(socket.into())?;
    let flow = Flow::tcp(stream.local_addr()?, addr);
    Ok(Connection { socket_id, flow, stream, log: log.clone() })
}

/// Waits until the handshake is over, one way or the other, and reports `connect`. Returns the connection's addresses as
/// they are now: not every system knows the local one before. Cancel safe.
pub(super) async fn established(dialing: &Connection) -> Result<Flow, Errno> {
    let outcome = outcome(&dialing.stream).await;
    let local = dialing.stream.local_addr().ok().filter(|_| outcome.is_ok());
    let flow = Flow { local: local.unwrap_or(dialing.flow.local), ..dialing.flow };
    let peer = flow.peer.map_or(Args::None, Args::Addr);
    dialing.log.call(Call::new(dialing.socket_id, Syscall::Connect).with(peer).on(flow).returned(&outcome));
    outcome?;
    Ok(flow)
}

async fn outcome(stream: &TcpStream) -> io::Result<()> {
    // A socket whose connect is over is writable, whether it went well or not: connect(2), EINPROGRESS.
    stream.writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => stream.peer_addr().map(|_| ()),
    }
}

/// Whether a `connect` that returned this goes on in the background.
pub(super) fn is_under_way(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::WouldBlock
}
