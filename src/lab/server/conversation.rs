//! An accepted connection, and how every model serves it: receive and answer until the client closes.

use std::io;
use std::net::TcpStream;

use socket2::SockRef;

use super::super::bulk::{Bulk, BulkRequests};
use super::super::close_requests::CloseRequests;
use super::super::connection::{Connection, linger_zero};
use super::super::guard::{GuardDecision, Permit};
use super::super::reporter::Reporter;
use crate::domain::{
    Answer, Call, CloseHow, ConnNo, Flow, ServerChange, ServerId, ServiceModel, SocketId, Stamp, Syscall,
};

/// The state of a conversation, apart from its socket.
pub(super) struct Conversation {
    pub(super) socket_id: SocketId,
    pub(super) server: ServerId,
    pub(super) no: ConnNo,
    pub(super) flow: Flow,
    pub(super) answer: Answer,
    /// The part of the last answer that the kernel has not taken yet. Nothing is received until it is sent, so a client that
    /// never reads costs one buffer.
    pub(super) unsent: Vec<u8>,
    /// Whether the client has closed: `recv` returned 0.
    pub(super) client_closed: bool,
    /// Its entry with the guard.
    pub(super) permit: Permit,
    pub(super) log: Reporter,
}

impl Conversation {
    /// Reports the model that serves it from now on.
    pub(super) fn serving(&self, by: ServiceModel) {
        self.log.server(self.server, ServerChange::Serving { conn: self.no, by });
    }

    /// Prepares the answer to the request in `unsent`, unless this side is closing.
    pub(super) fn prepare_answer(&mut self) {
        if self.permit.close_request().is_none() {
            self.answer.replace(&mut self.unsent);
        } else {
            self.unsent.clear();
        }
    }

    /// To be called before a thread closes its socket: makes `close` send a RST if that was requested.
    pub(super) fn closing(&self, stream: &TcpStream) {
        if self.permit.is_ending() && self.permit.close_request() == Some(CloseHow::Rst) {
            linger_zero(&SockRef::from(stream), self.socket_id, self.flow, &self.log);
        }
    }

    /// Reports that a thread closed its socket at `at`.
    pub(super) fn closed(&self, at: Stamp) {
        self.log.call_at(at, Call::new(self.socket_id, Syscall::Close).on(self.flow));
        self.served();
    }

    fn served(&self) {
        self.log.server(self.server, ServerChange::Served { conn: self.no });
    }
}

/// A connection whose calls do not block. All its state is here, so serving it can be cancelled at any await and continued
/// elsewhere.
pub(super) struct AcceptedConnection {
    pub(super) conversation: Conversation,
    pub(super) connection: Connection,
    pub(super) close_requests: CloseRequests,
    pub(super) bulk_requests: BulkRequests,
    /// What it has to send besides answers. Nothing is received meanwhile.
    pub(super) bulk: Bulk,
}

/// What a conversation that is served in a task goes on with.
enum ConversationStep {
    Ended(ExchangeEnd),
    Revoked,
    Close(CloseHow),
    Bulk(u64),
}

impl AcceptedConnection {
    pub(super) fn serving(&self, by: ServiceModel) {
        self.conversation.serving(by);
    }

    /// Receives and answers until the client closes, the connection breaks, or this side has to close it. By the model that
    /// keeps open, the client's close is no reason to close. Cancel safe.
    pub(super) async fn converse(&mut self, by: ServiceModel) {
        let Self { conversation, connection, close_requests, bulk_requests, bulk } = self;
        let revoked = conversation.permit.revoked();
        tokio::pin!(revoked);
        loop {
            let keeps_open = by == ServiceModel::KeepsOpen;
            let exchanges = !conversation.client_closed || !bulk.is_over();
            let step = tokio::select! {
                end = exchange(conversation, connection, bulk), if exchanges => ConversationStep::Ended(end),
                () = &mut revoked => ConversationStep::Revoked,
                how = close_requests.next() => ConversationStep::Close(how),
                bytes = bulk_requests.next(), if keeps_open => ConversationStep::Bulk(bytes),
            };
            match step {
                ConversationStep::Ended(ExchangeEnd::ClientClosed) if keeps_open => conversation.client_closed = true,
                ConversationStep::Close(CloseHow::Half) => {
                    connection.shut_write();
                    conversation.unsent.clear();
                    *bulk = Bulk::default();
                }
                ConversationStep::Bulk(bytes) => {
                    *bulk = Bulk::of(bytes);
                    conversation.log.bulk(conversation.socket_id, conversation.flow, bytes);
                }
                ConversationStep::Ended(_) | ConversationStep::Revoked | ConversationStep::Close(_) => return,
            }
        }
    }

    /// Closes its socket, in the way that was requested.
    pub(super) fn close(self) {
        match self.conversation.permit.close_request() {
            Some(CloseHow::Fin) => self.connection.close_in_order(),
            Some(CloseHow::Rst) => self.connection.reset(),
            Some(CloseHow::Half) | None => self.connection.close(),
        }
        self.conversation.served();
    }

    /// The same connection for a thread that may block on it.
    pub(super) fn blocking(self) -> io::Result<(Conversation, TcpStream, CloseRequests)> {
        let stream = self.connection.stream.into_std()?;
        stream.set_nonblocking(false)?;
        Ok((self.conversation, stream, self.close_requests))
    }
}

/// Why nothing more is received and answered.
enum ExchangeEnd {
    ClientClosed,
    /// The connection broke, or the guard closes it.
    Broken,
}

async fn exchange(conversation: &mut Conversation, connection: &Connection, bulk: &mut Bulk) -> ExchangeEnd {
    loop {
        while !conversation.unsent.is_empty() {
            let Ok(sent @ 1..) = connection.send(&conversation.unsent).await else { return ExchangeEnd::Broken };
            conversation.unsent.drain(..sent);
        }
        // A client that waits has no buffer.
        conversation.unsent = Vec::new();
        while !bulk.is_over() {
            let Ok(sent @ 1..) = connection.send(bulk.rest()).await else { return ExchangeEnd::Broken };
            bulk.took(sent);
        }
        if conversation.client_closed {
            return ExchangeEnd::ClientClosed;
        }
        let mut request = Vec::new();
        let received = connection.recv(&mut request).await;
        if !matches!(received, Ok(1..)) {
            conversation.permit.peer_closed();
            return if received.is_ok() { ExchangeEnd::ClientClosed } else { ExchangeEnd::Broken };
        }
        let decision = conversation.permit.received(conversation.log.now(), &request);
        conversation.unsent = request;
        conversation.prepare_answer();
        match decision {
            GuardDecision::Continue => {}
            GuardDecision::Wait(time) => tokio::time::sleep(time).await,
            GuardDecision::Close => return ExchangeEnd::Broken,
        }
    }
}
