//! One accepted connection, and how it is served whatever the model: receive, answer, until the client closes.

use std::io;
use std::net::TcpStream;

use super::super::connection::Connection;
use super::super::guard::{GuardDecision, Permit};
use super::super::reporter::Reporter;
use crate::domain::{Answer, Call, ConnNo, Flow, ServerChange, ServerId, ServiceModel, SocketId, Stamp, Syscall};

/// What is known about a conversation apart from its socket.
pub(super) struct Conversation {
    pub(super) socket_id: SocketId,
    pub(super) server: ServerId,
    pub(super) no: ConnNo,
    pub(super) flow: Flow,
    pub(super) answer: Answer,
    /// The part of the last answer that the kernel has not taken yet. Nothing more is received while there is any: a
    /// client that never reads costs one buffer.
    pub(super) unsent: Vec<u8>,
    /// Its right to be here.
    pub(super) permit: Permit,
    pub(super) log: Reporter,
}

impl Conversation {
    /// Reports that a model serves it from now on.
    pub(super) fn serving(&self, by: ServiceModel) {
        self.log.server(self.server, ServerChange::Serving { conn: self.no, by });
    }

    /// Reports that its socket was closed at this moment and that it is over.
    pub(super) fn closed(&self, at: Stamp) {
        self.log.call_at(at, Call::new(self.socket_id, Syscall::Close).on(self.flow));
        self.log.server(self.server, ServerChange::Served { conn: self.no });
    }
}

/// A connection that waits without blocking; all its state is here, so serving can be interrupted at any wait and go on
/// elsewhere.
pub(super) struct AcceptedConnection {
    pub(super) conversation: Conversation,
    pub(super) connection: Connection,
}

impl AcceptedConnection {
    pub(super) fn serving(&self, by: ServiceModel) {
        self.conversation.serving(by);
    }

    /// Receives and answers until the client closes, the connection dies, or the guard shows it out. Cancel safe.
    pub(super) async fn converse(&mut self) {
        let revoked = self.conversation.permit.revoked();
        tokio::select! {
            () = self.exchange() => {}
            () = revoked => {}
        }
    }

    async fn exchange(&mut self) {
        loop {
            while !self.conversation.unsent.is_empty() {
                let Ok(sent @ 1..) = self.connection.send(&self.conversation.unsent).await else { return };
                self.conversation.unsent.drain(..sent);
            }
            let mut request = Vec::new();
            let Ok(1..) = self.connection.recv(&mut request).await else {
                return self.conversation.permit.peer_closed();
            };
            self.conversation.unsent = self.conversation.answer.to(&request);
            match self.conversation.permit.received(&request) {
                GuardDecision::Continue => {}
                GuardDecision::Wait(time) => tokio::time::sleep(time).await,
                GuardDecision::Close => return,
            }
        }
    }

    pub(super) fn close(self) {
        let at = self.conversation.log.now();
        drop(self.connection);
        self.conversation.closed(at);
    }

    /// The same connection for a thread that may block on it.
    pub(super) fn blocking(self) -> io::Result<(Conversation, TcpStream)> {
        let stream = self.connection.stream.into_std()?;
        stream.set_nonblocking(false)?;
        Ok((self.conversation, stream))
    }
}
