//! A UDP client: a socket, a datagram, and perhaps an answer. There is no connection and no state.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::close_requests::CloseRequests;
use super::super::datagrams::DatagramSocket;
use crate::domain::client::GREETING;
use crate::domain::{ClientPlan, CloseHow};

/// How long a one-shot client waits for an answer that may never come.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A client that has a socket.
pub(super) struct UdpClient {
    pub(super) plan: ClientPlan,
    pub(super) close_requests: CloseRequests,
    /// Dropped when the server has answered.
    pub(super) unanswered: Option<TaskTrackerToken>,
}

impl UdpClient {
    /// Says hello to `server` and lives until the socket is closed.
    pub(super) async fn run(mut self, socket: DatagramSocket, server: SocketAddr) {
        if socket.send_to(GREETING.as_bytes(), server).await.is_ok() {
            self.listen(&socket).await;
        }
        socket.close();
    }

    /// Takes what comes, until the plan is done or the client is told to close.
    async fn listen(&mut self, socket: &DatagramSocket) {
        let gives_up = Instant::now() + TIMEOUT;
        loop {
            tokio::select! {
                biased;
                how = self.close_requests.next() => match how {
                    CloseHow::Fin | CloseHow::Rst => return,
                    CloseHow::Half => socket.shut_write(),
                },
                // An error here is news about an earlier datagram (ICMP), not about this socket.
                _ = socket.recv_from() => {
                    self.unanswered = None;
                    if self.plan == ClientPlan::OneShot {
                        return;
                    }
                }
                () = tokio::time::sleep_until(gives_up), if self.plan == ClientPlan::OneShot => return,
            }
        }
    }
}
