//! Opening a connection: `socket`, a non-blocking `connect`, and waiting for its outcome.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;
use tokio::net::TcpStream;

use super::connection::Connection;
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::{Args, Call, Errno, Flow, Outcome, Proto, SocketId, Syscall};

/// Calls `socket` and `connect`. On success the kernel has chosen the local port and sent the SYN; [`established`] waits for
/// the handshake. On failure the socket is closed.
///
/// Reports every call, except a `connect` in progress, which is reported once its outcome is known.
pub(super) fn dial(
    host: &dyn Host,
    socket_id: SocketId,
    addr: SocketAddr,
    log: &Reporter,
) -> Result<Connection, Errno> {
    let socket = host.stream(addr);
    log.call(Call::new(socket_id, Syscall::Socket).with(Args::Proto(Proto::Tcp)).returned(&socket));
    connect(socket?, socket_id, addr, log).map_err(|error| {
        log.call(Call::new(socket_id, Syscall::Close));
        error.into()
    })
}

/// Calls `connect` and reports it if it fails. Consumes the socket, so that a failure closes it.
pub(super) fn connect(socket: Socket, socket_id: SocketId, addr: SocketAddr, log: &Reporter) -> io::Result<Connection> {
    let since = log.now();
    match try_connect(socket, addr) {
        Ok(Dialed { stream, local, at_once }) => {
            let mut connection = Connection::new(socket_id, Flow::tcp(local, addr), stream, since, log.clone());
            connection.at_once = at_once;
            Ok(connection)
        }
        Err(error) => {
            let call = Call::new(socket_id, Syscall::Connect).with(Args::Addr(addr));
            log.call_at(since, Call { result: Outcome::Failed(Errno::from(&error)), ..call });
            Err(error)
        }
    }
}

/// A socket on which `connect` was called.
pub(super) struct Dialed {
    pub(super) stream: TcpStream,
    /// Its own address.
    pub(super) local: SocketAddr,
    /// Whether `connect` has returned, and does not go on in the background.
    pub(super) at_once: bool,
}

/// Calls `connect`, which goes on in the background.
pub(super) fn try_connect(socket: Socket, addr: SocketAddr) -> io::Result<Dialed> {
    let called = socket.connect(&addr.into());
    let at_once = called.is_ok();
    if let Err(error) = called
        && !is_in_progress(&error)
    {
        return Err(error);
    }
    let stream = TcpStream::from_std(socket.into())?;
    let local = stream.local_addr()?;
    Ok(Dialed { stream, local, at_once })
}

/// Waits until the handshake has succeeded or failed, and reports `connect`: at its entry, or if it was reported there as
/// one that waits, at its return. Returns the connection's addresses: some systems know the local one only now. Cancel safe.
pub(super) async fn established(dialing: &Connection) -> Result<Flow, Errno> {
    let place = dialing.log.place(dialing.socket_id, Syscall::Connect, Some(dialing.flow));
    let entered = place.enter_at(dialing.since);
    let outcome = connected(&dialing.stream).await;
    let waited = entered.returned_late();
    let mut flow = dialing.flow;
    if outcome.is_ok()
        && let Ok(local) = dialing.stream.local_addr()
    {
        flow.local = local;
    }
    let peer = flow.peer.map_or(Args::None, Args::Addr);
    let call = Call::new(dialing.socket_id, Syscall::Connect).with(peer).on(flow);
    dialing.log.call_from(dialing.since, waited, call.returned(&outcome));
    outcome?;
    Ok(flow)
}

/// Waits for a `connect` in progress. The socket becomes writable on success and on failure (`connect(2)`, EINPROGRESS).
pub(super) async fn connected(stream: &TcpStream) -> io::Result<()> {
    stream.writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => stream.peer_addr().map(drop),
    }
}

/// Whether a `connect` that returned this error goes on in the background.
fn is_in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::WouldBlock
}
