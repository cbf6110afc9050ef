//! One life of a TCP server, seen from its accept loop: the listening socket and everybody who came in through it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::super::connection::Connection;
use super::super::reporter::Reporter;
use super::conn::{Conn, Talk};
use super::guests::Guests;
use crate::domain::{
    Answer, Call, ConnNo, Errno, Flow, Note, Outcome, Proto, ServerChange, ServerId, SocketId, Syscall,
};

/// How long a server without free descriptors waits before it asks the kernel again, unless one of its own connections
/// closes earlier.
const PAUSE: Duration = Duration::from_millis(100);

/// A listening socket that connections are accepted from.
pub(super) struct Door {
    server: ServerId,
    answer: Answer,
    listener: TcpListener,
    addr: SocketAddr,
    /// The number of the newest connection; shared by all lives of the server, so that none is used twice.
    newest: Arc<AtomicU32>,
    guests: Arc<Guests>,
    paused: AtomicBool,
    log: Reporter,
}

impl Door {
    pub(super) fn new(
        server: ServerId,
        answer: Answer,
        listener: TcpListener,
        newest: Arc<AtomicU32>,
        log: Reporter,
    ) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let paused = AtomicBool::new(false);
        Ok(Self { server, answer, listener, addr, newest, guests: Arc::default(), paused, log })
    }

    /// Where it listens.
    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The connections that have a thread or a task of their own.
    pub(super) const fn guests(&self) -> &Arc<Guests> {
        &self.guests
    }

    /// `accept`: waits for the next connection, whatever happens meanwhile. Cancel safe: nobody is lost.
    pub(super) async fn accept(&self) -> Conn {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return self.accepted(stream, peer),
                Err(error) => self.refused(&error).await,
            }
        }
    }

    fn accepted(&self, stream: TcpStream, peer: SocketAddr) -> Conn {
        let no = ConnNo(self.newest.fetch_add(1, Ordering::Relaxed) + 1);
        let who = SocketId::Conn(self.server, no);
        // A connection that was reset in the queue may have no address any more; the listener's stands in for it.
        let flow = Flow::tcp(stream.local_addr().unwrap_or(self.addr), peer);
        let accept = Call::new(SocketId::Server(self.server), Syscall::Accept).on(flow);
        self.log.call(Call { new_socket: Some(who), ..accept });
        if self.paused.swap(false, Ordering::Relaxed) {
            self.log.server(self.server, ServerChange::Resumed);
        }
        let talk =
            Talk { who, server: self.server, no, flow, answer: self.answer, unsent: Vec::new(), log: self.log.clone() };
        Conn { talk, connection: Connection { who, flow, stream, log: self.log.clone() } }
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
            () = self.guests.room() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }

    /// Reports that a connection was closed because no thread could be started for it.
    pub(super) fn no_thread(&self, no: ConnNo, flow: Flow, error: &io::Error) {
        self.guests.unseat(no);
        self.log.note(Note::NoThread { errno: error.into() });
        self.log.call(Call::new(SocketId::Conn(self.server, no), Syscall::Close).on(flow));
        self.log.server(self.server, ServerChange::Served { conn: no });
    }

    /// Closes the listening socket, which resets those still in the accept queue, then everybody inside. Bounded: no
    /// connection can refuse to end.
    pub(super) async fn close(self, at_hand: Option<Conn>) {
        drop(self.listener);
        let listening = Flow::unconnected(Proto::Tcp, self.addr);
        self.log.call(Call::new(SocketId::Server(self.server), Syscall::Close).on(listening));
        if let Some(conn) = at_hand {
            conn.close();
        }
        self.guests.end_all(self.server, &self.log).await;
    }
}
