//! The calls of an open scripted socket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::connection::{Connection, would_block};
use super::super::dial::established;
use super::super::scan::sys;
use super::options::{SocketRole, set};
use super::{ScriptHost, ScriptedSocket};
use crate::domain::call::SockOpt;
use crate::domain::{Args, Call, Flow, Outcome, Proto, ScriptedCall, Shut, SocketId, SocketOptions, Stamp, Syscall};

impl ScriptHost {
    pub(super) async fn serve_listener(
        self: &Arc<Self>,
        socket_id: SocketId,
        listener: TcpListener,
        flow: Flow,
        mut calls: mpsc::Receiver<ScriptedCall>,
    ) {
        while let Some(call) = calls.recv().await {
            match call {
                ScriptedCall::Accept { from: conn, options } => {
                    let place = self.log.place(socket_id, Syscall::Accept, Some(flow));
                    let entered = place.enter();
                    // Only the end of the script interrupts a waiting `accept`.
                    let accepted = tokio::select! {
                        accepted = listener.accept() => accepted,
                        () = self.stop.cancelled() => break,
                    };
                    self.accepted(entered.returned(), socket_id, (conn, options), flow, accepted);
                }
                ScriptedCall::Set(options) => {
                    // A call that fails is reported like the others.
                    let end = (socket_id, Some(flow));
                    let _ = set(&SockRef::from(&listener), end, SocketRole::Listens, &options, &self.log);
                }
                ScriptedCall::Close | ScriptedCall::Reset => break,
                _ => {}
            }
        }
        let at = self.log.now();
        drop(listener);
        self.log.call_at(at, Call::new(socket_id, Syscall::Close).on(flow));
    }

    fn accepted(
        self: &Arc<Self>,
        waited: Option<Stamp>,
        socket_id: SocketId,
        (conn, options): (SocketId, SocketOptions),
        listening: Flow,
        accepted: io::Result<(TcpStream, SocketAddr)>,
    ) {
        let call = Call::new(socket_id, Syscall::Accept);
        match accepted {
            Ok((stream, peer)) => {
                let flow = Flow::tcp(stream.local_addr().unwrap_or(listening.local), peer);
                let _ = set(&SockRef::from(&stream), (conn, None), SocketRole::Talks, &options, &self.log);
                // Before the `accept` event: from then on the script may use this socket.
                let since = self.log.now();
                let connection = Connection::new(conn, flow, stream, since, self.log.clone());
                self.spawn(conn, ScriptedSocket::Stream(connection));
                self.log.returned(waited, Call { new_socket: Some(conn), ..call.on(flow) });
            }
            Err(error) => self.log.returned(waited, Call { result: Outcome::Failed(error.into()), ..call }),
        }
    }

    pub(super) async fn serve_datagrams(
        &self,
        socket_id: SocketId,
        socket: UdpSocket,
        mut calls: mpsc::Receiver<ScriptedCall>,
    ) {
        let place = |call| {
            let flow = socket.local_addr().ok().map(|local| Flow::unconnected(Proto::Udp, local));
            self.log.place(socket_id, call, flow)
        };
        // Known only when the call has returned: the first `sendto` chooses the port.
        let with_addresses = |call: Call, peer: Option<SocketAddr>| {
            let peer = peer.or(socket.peer_addr().ok());
            let flow = socket.local_addr().ok().map(|local| Flow { proto: Proto::Udp, local, peer });
            Call { flow, ..call }
        };
        while let Some(call) = calls.recv().await {
            match call {
                ScriptedCall::Send(bytes) => {
                    let place = place(Syscall::Send);
                    let (at, entered) = place.enter_now();
                    let sent = socket.send(&bytes).await;
                    let waited = entered.returned();
                    let call = Call::new(socket_id, Syscall::Send).returned(&sent);
                    let call = if sent.is_ok() { call.carrying(&bytes) } else { call };
                    self.log.call_from(at, waited, with_addresses(call, None));
                }
                ScriptedCall::SendTo(bytes, to) => {
                    let place = place(Syscall::Sendto);
                    let (at, entered) = place.enter_now();
                    let sent = socket.send_to(&bytes, to).await;
                    let waited = entered.returned();
                    let call = Call::new(socket_id, Syscall::Sendto).with(Args::Addr(to)).returned(&sent);
                    let call = if sent.is_ok() { call.carrying(&bytes) } else { call };
                    self.log.call_from(at, waited, with_addresses(call, Some(to)));
                }
                ScriptedCall::ReceiveErrors => {
                    let v6 = socket.local_addr().is_ok_and(|addr| addr.is_ipv6());
                    let option = if v6 { SockOpt::ReceiveErrorsV6 } else { SockOpt::ReceiveErrors };
                    let set = sys::keep_errors(&socket, v6);
                    self.call(socket_id, Syscall::Setsockopt, Args::Option(option), &set);
                }
                ScriptedCall::Set(options) => {
                    let _ = set(&SockRef::from(&socket), (socket_id, None), SocketRole::Talks, &options, &self.log);
                }
                ScriptedCall::Recv { patience, .. } | ScriptedCall::RecvFrom { patience } => {
                    let mut buffer = vec![0; LONGEST_DATAGRAM];
                    let place = place(Syscall::Recvfrom);
                    let (since, entered) = place.enter_now();
                    let received = tokio::time::timeout(patience.unwrap_or(FOR_EVER), socket.recv_from(&mut buffer));
                    let received = tokio::select! {
                        received = received => received,
                        () = self.stop.cancelled() => break,
                    };
                    let Ok(received) = received else {
                        let call = Call::new(socket_id, Syscall::Recvfrom);
                        self.log.timed_out(since, with_addresses(call, None), buffer.len());
                        continue;
                    };
                    let waited = entered.returned();
                    let call = Call::new(socket_id, Syscall::Recvfrom).returned(&received);
                    let call = match received {
                        Ok((length, from)) => with_addresses(call.carrying(&buffer[..length]), Some(from)),
                        Err(_) => with_addresses(call, None),
                    };
                    self.log.returned(waited, call);
                }
                ScriptedCall::Close | ScriptedCall::Reset => break,
                _ => {}
            }
        }
        let call = with_addresses(Call::new(socket_id, Syscall::Close), None);
        let at = self.log.now();
        drop(socket);
        self.log.call_at(at, call);
    }
}

/// The size of the buffer for a datagram, in bytes: none is longer (RFC 768).
const LONGEST_DATAGRAM: usize = 65_535;

/// Longer than any laboratory lives.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// Makes a connection's calls until it is closed. Reports the outcome of its `connect` as soon as it is known.
pub(super) async fn serve_stream(
    mut connection: Connection,
    mut calls: mpsc::Receiver<ScriptedCall>,
    stop: CancellationToken,
) {
    let mut connecting = matches!(connection.socket_id, SocketId::Client(_)) && !connection.at_once;
    // From then on a `recv` without data does not say that the peer has closed.
    let mut shut_down = false;
    loop {
        let call = tokio::select! {
            biased;
            over = established(&connection), if connecting => {
                connecting = false;
                if let Ok(flow) = over {
                    connection.flow = flow;
                }
                continue;
            }
            call = calls.recv() => call,
        };
        match call {
            Some(ScriptedCall::Send(bytes)) => {
                tokio::select! {
                    _ = connection.send(&bytes) => {}
                    () = stop.cancelled() => return abandon(connection),
                }
            }
            Some(ScriptedCall::SendUrgent(bytes)) => {
                tokio::select! {
                    () = send_urgent(&connection, &bytes) => {}
                    () = stop.cancelled() => return abandon(connection),
                }
            }
            Some(ScriptedCall::Set(options)) => {
                let end = (connection.socket_id, Some(connection.flow));
                let socket = SockRef::from(&connection.stream);
                let _ = set(&socket, end, SocketRole::Talks, &options, &connection.log);
            }
            Some(ScriptedCall::Recv { most, patience }) => {
                let entered = connection.log.now();
                let received = tokio::time::timeout(patience.unwrap_or(FOR_EVER), recv(&connection, most, shut_down));
                tokio::select! {
                    received = received => if received.is_err() {
                        let call = Call::new(connection.socket_id, Syscall::Recv).on(connection.flow);
                        connection.log.timed_out(entered, call, most);
                    },
                    () = stop.cancelled() => return abandon(connection),
                }
            }
            Some(ScriptedCall::Shutdown(how)) => {
                shut_down |= how != Shut::Write;
                connection.shut(how);
            }
            Some(ScriptedCall::Reset) => return connection.reset(),
            Some(ScriptedCall::Close) => return close(connection, &stop).await,
            None => return abandon(connection),
            Some(_) => {}
        }
    }
}

/// `close`, which may wait (`SO_LINGER`), even on a socket that does not block: then on a thread of its own.
async fn close(connection: Connection, stop: &CancellationToken) {
    if lingers(&connection) {
        tokio::select! {
            _ = tokio::task::spawn_blocking(move || connection.close()) => {}
            () = stop.cancelled() => {}
        }
    } else {
        connection.close();
    }
}

/// `close` because the lesson is over. It does not wait, whatever the lesson asked for.
fn abandon(connection: Connection) {
    if lingers(&connection) {
        let _ = SockRef::from(&connection.stream).set_linger(None);
    }
    connection.close();
}

/// Whether its `close` may wait.
fn lingers(connection: &Connection) -> bool {
    SockRef::from(&connection.stream).linger().ok().flatten().is_some_and(|time| !time.is_zero())
}

/// Waits for room, then makes one `send` of urgent data.
async fn send_urgent(connection: &Connection, bytes: &[u8]) {
    loop {
        if connection.stream.writable().await.is_err() {
            return;
        }
        let at = connection.log.now();
        let send = || SockRef::from(&connection.stream).send_out_of_band(bytes);
        let sent = connection.stream.try_io(Interest::WRITABLE, send);
        if !would_block(&sent) {
            let call = Call::new(connection.socket_id, Syscall::Send).with(Args::Urgent).on(connection.flow);
            let call = match &sent {
                Ok(length) => call.carrying(&bytes[..*length]),
                Err(_) => call.returned(&sent),
            };
            return connection.log.call_at(at, call);
        }
    }
}

/// Waits for data, then makes one `recv` of at most `most` bytes.
async fn recv(connection: &Connection, most: usize, shut_down: bool) {
    let mut buffer = vec![0; most];
    let place = connection.log.place(connection.socket_id, Syscall::Recv, Some(connection.flow));
    let entered = place.enter();
    loop {
        let received = match connection.stream.readable().await {
            Ok(()) => connection.stream.try_read(&mut buffer),
            Err(error) => Err(error),
        };
        if !would_block(&received) {
            let end = (connection.socket_id, connection.flow);
            if shut_down && matches!(received, Ok(0)) {
                return connection.log.woken(entered.returned(), end, &buffer);
            }
            let bytes = &buffer[..*received.as_ref().unwrap_or(&0)];
            connection.log.received(entered.returned(), end, &received, (bytes, most));
            return;
        }
    }
}
