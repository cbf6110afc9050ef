//! A TCP client: connects, says hello, reads, and closes as it planned or as it is told.

use std::io;

use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::connection::Connection;
use super::super::dial::established;
use super::Orders;
use crate::domain::client::GREETING;
use crate::domain::{ClientPlan, CloseHow, Errno, Flow};

/// A client that has called `connect`.
pub(super) struct Client {
    pub(super) plan: ClientPlan,
    pub(super) orders: Orders,
    /// Dropped when the server has answered.
    pub(super) unsettled: Option<TaskTrackerToken>,
}

/// What a client's wait ended with.
enum Next {
    Connected(Result<Flow, Errno>),
    Sent(io::Result<usize>),
    Received(io::Result<usize>),
    Told(CloseHow),
}

impl Client {
    /// Lives until the socket is closed.
    pub(super) async fn run(mut self, mut connection: Connection) {
        let mut connecting = true;
        let mut unsent = GREETING.as_bytes();
        let mut received = Vec::new();
        loop {
            received.clear();
            let next = tokio::select! {
                biased;
                how = self.orders.next() => Next::Told(how),
                over = established(&connection), if connecting => Next::Connected(over),
                sent = connection.send(unsent), if !connecting && !unsent.is_empty() => Next::Sent(sent),
                got = connection.recv(&mut received), if !connecting && unsent.is_empty() => Next::Received(got),
            };
            match next {
                Next::Connected(Ok(flow)) => {
                    connection.flow = flow;
                    connecting = false;
                }
                Next::Sent(Ok(sent)) => unsent = &unsent[sent..],
                Next::Received(Ok(1..)) => {
                    self.unsettled = None;
                    if self.plan == ClientPlan::OneShot {
                        return connection.close_in_order();
                    }
                }
                Next::Told(CloseHow::Half) => {
                    connection.shut_write();
                    unsent = &[];
                }
                Next::Told(CloseHow::Fin) => return connection.close_in_order(),
                Next::Told(CloseHow::Rst) => return connection.reset(),
                // The server closed, or the connection never came about, or died.
                Next::Received(_) | Next::Sent(Err(_)) | Next::Connected(Err(_)) => return connection.close(),
            }
        }
    }
}
