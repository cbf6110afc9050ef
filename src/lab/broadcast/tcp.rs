//! Broadcasts to a TCP server: one connection, opened at the first message and again after it has ended.

use std::io;
use std::time::Duration;

use super::super::connection::Connection;
use super::super::dial::{dial, established};
use super::{BroadcastMessage, BroadcastTask, answer};
use crate::domain::{Reply, Stamp};

/// An answer of another length than the message is complete when nothing more has come for this long: longer than a lost
/// segment takes to be retransmitted (at least 200 ms on Linux), and longer for long messages.
fn quiet(message: usize) -> Duration {
    Duration::from_millis(300) + Duration::from_micros(message as u64)
}

/// How much of an answer is kept, in bytes. The rest is only counted.
const KEPT: usize = 4096;

/// How much late data is read before the next message, in bytes.
const LATE: usize = 64 * 1024;

/// Sends one message after the other, each when the previous one has its reply.
pub(super) async fn run(mut task: BroadcastTask) {
    let stop = task.stop.clone();
    let mut connection = None;
    let _ = stop.run_until_cancelled(send_messages(&mut task, &mut connection)).await;
    if let Some(connection) = connection {
        connection.close_in_order();
    }
    task.hang_up();
}

async fn send_messages(task: &mut BroadcastTask, connection: &mut Option<Connection>) {
    while let Some(message) = next(task, connection).await {
        read_late_data(connection);
        let reply = exchange(task, connection, &message).await;
        if !matches!(reply, Reply::Answer { .. })
            && let Some(ended) = connection.take()
        {
            ended.close();
        }
        task.reply(&message, reply);
    }
}

/// Waits for a message. If the connection ends meanwhile, it is closed.
async fn next(task: &mut BroadcastTask, connection: &mut Option<Connection>) -> Option<BroadcastMessage> {
    loop {
        let mut late = Vec::new();
        let Some(open) = connection else { return task.next().await };
        let has_ended = tokio::select! {
            received = open.recv(&mut late) => !matches!(received, Ok(1..)),
            message = task.next() => return message,
        };
        if has_ended && let Some(ended) = connection.take() {
            ended.close();
        }
    }
}

/// Reads data that belongs to an earlier message, up to a limit. A connection that has ended is closed.
fn read_late_data(connection: &mut Option<Connection>) {
    let mut late = Vec::new();
    while late.len() < LATE
        && let Some(received) = connection.as_ref().and_then(|open| open.recv_now(&mut late))
    {
        if !matches!(received, Ok(1..))
            && let Some(ended) = connection.take()
        {
            ended.close();
        }
    }
}

/// Sends the message and receives the answer, over a new connection if there is none.
async fn exchange(task: &BroadcastTask, connection: &mut Option<Connection>, message: &BroadcastMessage) -> Reply {
    let open = match connection {
        Some(open) => open,
        none => match dial(&*task.host, task.socket_id(), message.addr, &task.log) {
            Err(errno) => return Reply::Failed { errno },
            Ok(dialing) => {
                let dialing = none.insert(dialing);
                match established(dialing).await {
                    Err(errno) => return Reply::Failed { errno },
                    Ok(flow) => dialing.flow = flow,
                }
                dialing
            }
        },
    };
    let mut received = AnswerBuffer::default();
    match converse(task, open, message, &mut received).await {
        Err(error) => Reply::Failed { errno: error.into() },
        Ok(sent) => received.reply(sent),
    }
}

#[derive(Default)]
struct AnswerBuffer {
    first: Option<Stamp>,
    kept: Vec<u8>,
    len: usize,
}

impl AnswerBuffer {
    fn take(&mut self, chunk: &[u8], now: Stamp) {
        self.first.get_or_insert(now);
        self.kept.extend_from_slice(&chunk[..chunk.len().min(KEPT - self.kept.len())]);
        self.len += chunk.len();
    }

    /// The reply to a message sent at `sent`; without any data the server closed the connection.
    fn reply(&self, sent: Stamp) -> Reply {
        self.first.map_or(Reply::Closed, |first| answer(&self.kept, self.len, first.since(sent)))
    }
}

/// Sends the message and receives until as much has come back, the server closes, or an answer stops. Returns when its last
/// byte was sent. It receives while it sends, or a long message to a server that answers at once would fill the buffers of
/// both and block for ever.
async fn converse(
    task: &BroadcastTask,
    open: &Connection,
    message: &BroadcastMessage,
    answer: &mut AnswerBuffer,
) -> io::Result<Stamp> {
    let mut unsent = message.text.as_bytes();
    let mut sent_at = task.log.now();
    loop {
        let mut chunk = Vec::new();
        let at = task.log.now();
        tokio::select! {
            sent = open.send(unsent), if !unsent.is_empty() => {
                unsent = &unsent[sent?..];
                if unsent.is_empty() {
                    // The time before the call: a fast server answers before it returns.
                    sent_at = at;
                    task.sent(message, open.flow.local);
                }
            }
            received = open.recv(&mut chunk) => match received? {
                0 => return Ok(sent_at),
                _ => answer.take(&chunk, task.log.now()),
            },
            () = tokio::time::sleep(quiet(message.text.len())), if unsent.is_empty() && answer.len > 0 => return Ok(sent_at),
        }
        if unsent.is_empty() && answer.len >= message.text.len() {
            return Ok(sent_at);
        }
    }
}
