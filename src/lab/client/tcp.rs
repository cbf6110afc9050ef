//! A TCP client: connects, sends a greeting, reads, and closes by its plan or on request.

use std::io;

use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::close_requests::CloseRequests;
use super::super::connection::Connection;
use super::super::dial::established;
use crate::domain::client::GREETING;
use crate::domain::{ClientPlan, CloseHow, Errno, Flow};

/// The event that ended a client's wait.
enum ClientStep {
    Connected(Result<Flow, Errno>),
    Sent(io::Result<usize>),
    Received(io::Result<usize>),
    Close(CloseHow),
}

/// The life of a client that has called `connect`. `unanswered` is dropped when the server has answered.
pub(super) async fn run(
    plan: ClientPlan,
    mut close_requests: CloseRequests,
    unanswered: TaskTrackerToken,
    mut connection: Connection,
) {
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
            got = connection.recv(&mut received), if !connecting && unsent.is_empty() => ClientStep::Received(got),
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
            ClientStep::Close(CloseHow::Half) => {
                connection.shut_write();
                unsent = &[];
            }
            ClientStep::Close(CloseHow::Fin) => return connection.close_in_order(),
            ClientStep::Close(CloseHow::Rst) => return connection.reset(),
            // The server closed, the handshake failed, or the connection broke.
            ClientStep::Received(_) | ClientStep::Sent(Err(_)) | ClientStep::Connected(Err(_)) => {
                return connection.close();
            }
        }
    }
}
