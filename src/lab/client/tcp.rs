//! A TCP client: connects, sends a greeting, reads, and closes by its plan or on request.

use std::io;

use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::bulk::Bulk;
use super::super::connection::Connection;
use super::super::dial::established;
use super::ClientRequests;
use crate::domain::client::GREETING;
use crate::domain::{ClientPlan, CloseHow, Errno, Flow};

/// The event that ended a client's wait.
enum ClientStep {
    Connected(Result<Flow, Errno>),
    Sent(io::Result<usize>),
    Received(io::Result<usize>),
    Bulk(u64),
    BulkSent(io::Result<usize>),
    Close(CloseHow),
}

/// The life of a client that has called `connect`. `unanswered` is dropped when the server has answered.
pub(super) async fn run(
    plan: ClientPlan,
    requests: ClientRequests,
    unanswered: TaskTrackerToken,
    mut connection: Connection,
) {
    let ClientRequests { close: mut close_requests, bulk: mut bulk_requests } = requests;
    let mut bulk = Bulk::default();
    let mut unanswered = Some(unanswered);
    let mut connecting = true;
    let mut unsent = GREETING.as_bytes();
    let mut received = Vec::new();
    loop {
        received.clear();
        let next = tokio::select! {
            biased;
            how = close_requests.next() => ClientStep::Close(how),
            over = established(&connection), if connecting => ClientStep::Connected(over),
            sent = connection.send(unsent), if !connecting && !unsent.is_empty() => ClientStep::Sent(sent),
            // Before more is sent: a server that answers waits until its answer is read.
            got = connection.recv(&mut received), if !connecting && unsent.is_empty() => ClientStep::Received(got),
            bytes = bulk_requests.next(), if !connecting && unsent.is_empty() => ClientStep::Bulk(bytes),
            sent = connection.send(bulk.rest()), if !connecting && unsent.is_empty() && !bulk.is_over() => {
                ClientStep::BulkSent(sent)
            }
        };
        match next {
            ClientStep::Connected(Ok(flow)) => {
                connection.flow = flow;
                connecting = false;
            }
            ClientStep::Sent(Ok(sent)) => unsent = &unsent[sent..],
            ClientStep::Received(Ok(1..)) => {
                drop(unanswered.take());
                if plan == ClientPlan::OneShot {
                    return connection.close_in_order();
                }
            }
            ClientStep::Bulk(bytes) => {
                bulk = Bulk::of(bytes);
                connection.log.bulk(connection.socket_id, connection.flow, bytes);
            }
            ClientStep::BulkSent(Ok(sent)) => bulk.took(sent),
            ClientStep::Close(CloseHow::Half) => {
                connection.shut_write();
                unsent = &[];
                bulk = Bulk::default();
            }
            ClientStep::Close(CloseHow::Fin) => return connection.close_in_order(),
            ClientStep::Close(CloseHow::Rst) => return connection.reset(),
            // The server closed, the handshake failed, or the connection broke.
            ClientStep::Received(_)
            | ClientStep::Sent(Err(_))
            | ClientStep::BulkSent(Err(_))
            | ClientStep::Connected(Err(_)) => {
                return connection.close();
            }
        }
    }
}
