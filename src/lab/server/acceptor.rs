//! One life of a TCP server, seen from its accept loop: the listening socket and everybody who came in through it.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use super::super::connection::Connection;
use super::super::guard::{Guard, Permit};
use super::super::reporter::Reporter;
use super::connections::{Connections, locked};
use super::conversation::{AcceptedConnection, Conversation};
use crate::domain::{
    Answer, Call, ConnNo, Errno, Flow, Note, Outcome, Proto, ServerChange, ServerId, SocketId, Syscall,
};

/// How long a server without free descriptors waits before it asks the kernel again, unless one of its own connections
/// closes earlier.
const PAUSE: Duration = Duration::from_millis(100);

/// A listening socket that connections are accepted from.
pub(super) struct Acceptor {
    server: ServerId,
    answer: Answer,
    /// None while the acceptor is shut: it could not be opened where it was asked to.
    listener: Option<TcpListener>,
    addr: SocketAddr,
    /// The number of the newest connection; shared by all lives of the server, so that none is used twice.
    newest: Arc<AtomicU32>,
    connections: Arc<Connections>,
    /// Who came in just before the acceptor was moved.
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
        let addr = listener.local_addr()?;
        let paused = AtomicBool::new(false);
        let (connections, already_accepted) = (Arc::default(), Mutex::default());
        Ok(Self {
            server,
            answer,
            listener: Some(listener),
            addr,
            newest,
            connections,
            already_accepted,
            paused,
            guard,
            log,
        })
    }

    /// Where it listens.
    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The connections that have a thread or a task of their own.
    pub(super) const fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// `accept`: waits for the next connection that may come in, whatever happens meanwhile. Cancel safe: nobody is
    /// lost.
    pub(super) async fn accept(&self) -> AcceptedConnection {
        if let Some(conn) = locked(&self.already_accepted).pop_front() {
            return conn;
        }
        let Some(listener) = &self.listener else { return std::future::pending().await };
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    if let Some(conn) = self.admit(stream, peer) {
                        return conn;
                    }
                }
                Err(error) => self.refused(&error).await,
            }
        }
    }

    /// Asks the guard. Who may not come in is reset, which leaves nothing behind on this side, and is not reported
    /// call by call: a flood of them is what the guard is there for.
    fn admit(&self, stream: TcpStream, peer: SocketAddr) -> Option<AcceptedConnection> {
        // A connection that was reset in the queue may have no address any more; the listener's stands in for it.
        let flow = Flow::tcp(stream.local_addr().unwrap_or(self.addr), peer);
        let no = ConnNo(self.newest.load(Ordering::Relaxed) + 1);
        let Some(pass) = self.guard.admit(self.server, no, flow) else {
            // An error means that it is gone already.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            return None;
        };
        self.newest.store(no.0, Ordering::Relaxed);
        Some(self.accepted(stream, flow, no, pass))
    }

    fn accepted(&self, stream: TcpStream, flow: Flow, no: ConnNo, permit: Permit) -> AcceptedConnection {
        let socket_id = SocketId::Conn(self.server, no);
        let close_requests = permit.close_requests();
        let accept = Call::new(SocketId::Server(self.server), Syscall::Accept).on(flow);
        self.log.call(Call { new_socket: Some(socket_id), ..accept });
        if self.paused.swap(false, Ordering::Relaxed) {
            self.log.server(self.server, ServerChange::Resumed);
        }
        let (server, answer, log) = (self.server, self.answer, self.log.clone());
        let conversation = Conversation { socket_id, server, no, flow, answer, unsent: Vec::new(), permit, log };
        let connection = Connection { socket_id, flow, stream, log: self.log.clone() };
        AcceptedConnection { conversation, connection, close_requests }
    }

    /// What failed was one connection, and `accept` can be called again at once; or it is this process or the machine,
    /// and asking again at once would be asking for ever: accept(2), "Error handling".
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

    /// Whether it listens.
    pub(super) const fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    /// Closes the listening socket, so that another can have its port: on Linux no two sockets listen on one port of
    /// overlapping addresses. Who waits in the accept queue would be reset, and is accepted first; who comes in the
    /// microseconds until the next acceptor is open is refused by the kernel.
    pub(super) fn stop_listening(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        while let Ok((socket, peer)) = SockRef::from(&listener).accept() {
            let stream = socket.set_nonblocking(true).and_then(|()| TcpStream::from_std(socket.into()));
            let conn = stream.ok().zip(peer.as_socket()).and_then(|(stream, peer)| self.admit(stream, peer));
            locked(&self.already_accepted).extend(conn);
        }
        let at = self.log.now();
        drop(listener);
        let listening = Flow::unconnected(Proto::Tcp, self.addr);
        self.log.call_at(at, Call::new(SocketId::Server(self.server), Syscall::Close).on(listening));
    }

    /// Accepts from this socket from now on.
    pub(super) fn listen_on(&mut self, listener: TcpListener) -> io::Result<()> {
        self.addr = listener.local_addr()?;
        self.listener = Some(listener);
        Ok(())
    }

    /// Closes the listening socket, which resets those still in the accept queue, then everybody inside. Bounded: no
    /// connection can refuse to end.
    pub(super) async fn close(self, current: Option<AcceptedConnection>) {
        self.guard.server_closing(self.server);
        if let Some(listener) = self.listener {
            let at = self.log.now();
            drop(listener);
            let listening = Flow::unconnected(Proto::Tcp, self.addr);
            self.log.call_at(at, Call::new(SocketId::Server(self.server), Syscall::Close).on(listening));
        }
        let already_accepted = std::mem::take(&mut *locked(&self.already_accepted));
        already_accepted.into_iter().chain(current).for_each(AcceptedConnection::close);
        self.connections.end_all(self.server, &self.log).await;
    }
}
