//! A UDP client: sends one datagram and receives the answers.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::close_requests::CloseRequests;
use super::super::datagrams::DatagramSocket;
use crate::domain::client::GREETING;
use crate::domain::{ClientPlan, CloseHow};

const TIMEOUT: Duration = Duration::from_secs(2);

/// The life of a client that has a socket: sends the greeting to `server` and receives until its plan is done or it is asked
/// to close. `unanswered` is dropped when the server has answered.
pub(super) async fn run(
    plan: ClientPlan,
    close_requests: CloseRequests,
    unanswered: TaskTrackerToken,
    socket: DatagramSocket,
    server: SocketAddr,
) {
    if socket.send_to(GREETING.as_bytes(), server).await.is_ok() {
        receive(plan, close_requests, unanswered, &socket).await;
    }
    socket.close();
}

async fn receive(
    plan: ClientPlan,
    mut close_requests: CloseRequests,
    unanswered: TaskTrackerToken,
    socket: &DatagramSocket,
) {
    let mut unanswered = Some(unanswered);
    let timeout = Instant::now() + TIMEOUT;
    loop {
        tokio::select! {
            biased;
            how = close_requests.next() => match how {
                CloseHow::Fin | CloseHow::Rst => return,
                CloseHow::Half => socket.shut_write(),
            },
            // An error is about an earlier datagram (ICMP), not about this socket.
            _ = socket.recv_from() => {
                drop(unanswered.take());
                if plan == ClientPlan::OneShot {
                    return;
                }
            }
            () = tokio::time::sleep_until(timeout), if plan == ClientPlan::OneShot => return,
        }
    }
}
