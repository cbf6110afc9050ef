//! A TCP client: connects, says hello, reads, and closes as it planned or as it is told.

use std::io;

use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::close_requests::CloseRequests;
use super::super::connection::Connection;
use super::super::dial::established;
use crate::domain::client::GREETING;
use crate::domain::{ClientPlan, CloseHow, Errno, Flow};

/// A client that has called `connect`.
pub(super) struct TcpClient {
    pub(super) plan: ClientPlan,
    pub(super) close_requests: CloseRequests,
    /// Dropped when the server has answered.
    pub(super) unanswered: Option<TaskTrackerToken>,
}

/// What a client's wait ended with.
enum ClientStep {
    Connected(Result<Flow, Errno>),
    Sent(io::Result<usize>),
    Received(io::Result<usize>),
    Close(CloseHow),
}

impl TcpClient {
    /// Lives until the socket is closed.
    pub(super) async fn run(mut self, mut connection: Connection) {
        let mut connecting = true;
        let mut unsent = GREETING.as_bytes();
        let mut received = Vec::new();
        loop {
            received.clear();
            let next = tokio::select! {
                biased;
                how = self.close_requests.next() => ClientStep::Close(how),
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
                    self.unanswered = None;
                    if self.plan == ClientPlan::OneShot {
                        return connection.close_in_order();
                    }
                }
                ClientStep::Close(CloseHow::Half) => {
                    connection.shut_write();
                    unsent = &[];
                }
                ClientStep::Close(CloseHow::Fin) => return connection.close_in_order(),
                ClientStep::Close(CloseHow::Rst) => return connection.reset(),
                // The server closed, or the connection never came about, or died.
                ClientStep::Received(_) | ClientStep::Sent(Err(_)) | ClientStep::Connected(Err(_)) => {
                    return connection.close();
                }
            }
        }
    }
}
