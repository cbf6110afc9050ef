//! One run of a TCP server, seen from its accept loop: the listening socket and the connections accepted from it.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use super::super::bulk::Bulk;
use super::super::connection::Connection;
use super::super::guard::{Guard, Permit};
use super::super::locked;
use super::super::reporter::Reporter;
use super::connections::Connections;
use super::conversation::{AcceptedConnection, Conversation};
use crate::domain::{
    Answer, Call, ConnNo, Errno, Flow, Note, Outcome, Proto, ServerChange, ServerId, SocketId, Stamp, Syscall,
};

/// How long a server without free descriptors waits before it calls `accept` again, unless one of its connections closes
/// earlier.
const PAUSE: Duration = Duration::from_millis(100);

/// A listening socket that connections are accepted from.
pub(super) struct Acceptor {
    server: ServerId,
    answer: Answer,
    /// `None` if the listener could not be opened at the requested address.
    listener: Option<TcpListener>,
    addr: SocketAddr,
    /// The number of the newest connection; shared by all runs of the server, so that no number is used twice.
    newest: Arc<AtomicU32>,
    connections: Arc<Connections>,
    /// Connections accepted just before the listener was rebound.
    already_accepted: Mutex<VecDeque<AcceptedConnection>>,
    paused: AtomicBool,
    guard: Guard,
    log: Reporter,
}

impl Acceptor {
    pub(super) fn new(
        server: ServerId,
        answer: Answer,
        listener: TcpListener,
        newest: Arc<AtomicU32>,
        guard: Guard,
        log: Reporter,
    ) -> io::Result<Self> {
        Ok(Self {
            server,
            answer,
            addr: listener.local_addr()?,
            listener: Some(listener),
            newest,
            connections: Arc::default(),
            already_accepted: Mutex::default(),
            paused: AtomicBool::new(false),
            guard,
            log,
        })
    }

    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) const fn listener(&self) -> Option<&TcpListener> {
        self.listener.as_ref()
    }

    pub(super) const fn server(&self) -> ServerId {
        self.server
    }

    pub(super) const fn log(&self) -> &Reporter {
        &self.log
    }

    pub(super) const fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// `accept`: waits for the next connection that the guard admits. Retries on errors. Cancel safe.
    pub(super) async fn accept(&self) -> AcceptedConnection {
        if let Some(conn) = locked(&self.already_accepted).pop_front() {
            return conn;
        }
        let Some(listener) = &self.listener else { return std::future::pending().await };
        let listening = Flow::unconnected(Proto::Tcp, self.addr);
        let place = self.log.place(SocketId::Server(self.server), Syscall::Accept, Some(listening));
        loop {
            self.log.room().await;
            let entered = place.enter();
            let accepted = listener.accept().await;
            let waited = entered.returned();
            match accepted {
                Ok((stream, peer)) => {
                    if let Some(conn) = self.admit(waited, stream, peer) {
                        return conn;
                    }
                }
                Err(error) => self.refused(&error).await,
            }
        }
    }

    /// Registers the connection with the guard. A refused connection is reset, which leaves no state on this side, and its calls
    /// are not reported, so that a flood cannot fill the journal.
    fn admit(&self, waited: Option<Stamp>, stream: TcpStream, peer: SocketAddr) -> Option<AcceptedConnection> {
        // A connection that was reset in the queue may have lost its address; the listener's stands in for it.
        let flow = Flow::tcp(stream.local_addr().unwrap_or(self.addr), peer);
        let no = ConnNo(self.newest.load(Ordering::Relaxed) + 1);
        let Some(permit) = self.guard.admit(self.server, no, flow) else {
            // It fails if the connection is gone already.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            return None;
        };
        self.newest.store(no.0, Ordering::Relaxed);
        Some(self.accepted(waited, stream, flow, (no, permit)))
    }

    fn accepted(
        &self,
        waited: Option<Stamp>,
        stream: TcpStream,
        flow: Flow,
        (no, permit): (ConnNo, Permit),
    ) -> AcceptedConnection {
        let socket_id = SocketId::Conn(self.server, no);
        let close_requests = permit.close_requests();
        let bulk_requests = permit.bulk_requests();
        let accept = Call::new(SocketId::Server(self.server), Syscall::Accept).on(flow);
        self.log.returned(waited, Call { new_socket: Some(socket_id), ..accept });
        if self.paused.swap(false, Ordering::Relaxed) {
            self.log.server(self.server, ServerChange::Resumed);
        }
        let log = self.log.clone();
        let connection = Connection::new(socket_id, flow, stream, log.now(), log.clone());
        let Self { server, answer, .. } = *self;
        let conversation =
            Conversation { socket_id, server, no, flow, answer, unsent: Vec::new(), client_closed: false, permit, log };
        AcceptedConnection { conversation, connection, close_requests, bulk_requests, bulk: Bulk::default() }
    }

    /// `accept` failed. Either one connection failed, and `accept` can be called again at once; or the process or the machine
    /// lacks resources, and it has to wait (`accept(2)`, "Error handling").
    async fn refused(&self, error: &io::Error) {
        let errno = Errno::from(error);
        let accept = Call::new(SocketId::Server(self.server), Syscall::Accept);
        let failed = Call { result: Outcome::Failed(errno), ..accept };
        if matches!(errno, Errno::ConnAborted | Errno::ConnReset | Errno::Interrupted | Errno::Perm) {
            return self.log.call(failed);
        }
        if !self.paused.swap(true, Ordering::Relaxed) {
            self.log.call(failed);
            self.log.server(self.server, ServerChange::Paused { errno });
        }
        tokio::select! {
            () = self.connections.freed() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }

    /// Reports that a connection was closed because no thread could be started for it.
    pub(super) fn close_without_thread(&self, no: ConnNo, flow: Flow, error: &io::Error) {
        self.connections.forget(no);
        self.log.note(Note::NoThread { errno: error.into() });
        self.log.call(Call::new(SocketId::Conn(self.server, no), Syscall::Close).on(flow));
        self.log.server(self.server, ServerChange::Served { conn: no });
    }

    pub(super) const fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    /// Closes the listening socket, so that another can have its port: on Linux two sockets cannot listen on one port of
    /// overlapping addresses. The accept queue is emptied first, or its connections would be reset. SYNs that arrive before
    /// the next listener is open are refused by the kernel.
    pub(super) fn stop_listening(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        while let Ok((socket, peer)) = SockRef::from(&listener).accept() {
            let stream = socket.set_nonblocking(true).and_then(|()| TcpStream::from_std(socket.into()));
            let conn = stream.ok().zip(peer.as_socket()).and_then(|(stream, peer)| self.admit(None, stream, peer));
            locked(&self.already_accepted).extend(conn);
        }
        self.close_listener(listener);
    }

    fn close_listener(&self, listener: TcpListener) {
        let at = self.log.now();
        drop(listener);
        let listening = Flow::unconnected(Proto::Tcp, self.addr);
        self.log.call_at(at, Call::new(SocketId::Server(self.server), Syscall::Close).on(listening));
    }

    pub(super) fn listen_on(&mut self, listener: TcpListener) -> io::Result<()> {
        self.addr = listener.local_addr()?;
        self.listener = Some(listener);
        Ok(())
    }

    /// Closes the listening socket, which resets the accept queue, then all connections. No peer can delay this.
    pub(super) async fn close(mut self, current: Option<AcceptedConnection>) {
        self.guard.server_closing(self.server);
        if let Some(listener) = self.listener.take() {
            self.close_listener(listener);
        }
        let already_accepted = std::mem::take(&mut *locked(&self.already_accepted));
        already_accepted.into_iter().chain(current).for_each(AcceptedConnection::close);
        self.connections.end_all(self.server, &self.log).await;
    }
}
