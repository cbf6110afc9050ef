//! The broadcaster's line to a TCP server: one connection, opened at the first message and again when it has died.

use std::io;
use std::time::Duration;

use super::super::connection::Connection;
use super::super::dial::{dial, established};
use super::{BroadcastMessage, BroadcastTask, answer};
use crate::domain::{Reply, Stamp};

/// An answer of another length than the message is over when nothing more has come for this long: longer than a lost
/// segment takes to be sent again (200 ms at least on Linux), and longer for long messages.
fn quiet(message: usize) -> Duration {
    Duration::from_millis(300) + Duration::from_micros(message as u64)
}

/// How much of an answer is kept, in bytes. All of it is counted.
const KEPT: usize = 4096;

/// How much of what came too late is read before the next message, in bytes.
const LATE: usize = 64 * 1024;

/// Sends the messages one after the other, each when the one before was answered.
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

/// Waits for a message. Meanwhile the connection may end: that is noticed, and it is closed.
async fn next(task: &mut BroadcastTask, connection: &mut Option<Connection>) -> Option<BroadcastMessage> {
    loop {
        let mut late = Vec::new();
        let Some(open) = connection else { return task.next().await };
        let died = tokio::select! {
            received = open.recv(&mut late) => !matches!(received, Ok(1..)),
            message = task.next() => return message,
        };
        if let Some(ended) = connection.take_if(|_| died) {
            ended.close();
        }
    }
}

/// Reads what belongs to no message any more; a connection that has ended is closed. A server that never stops sending is
/// not read to its end.
fn read_late_data(connection: &mut Option<Connection>) {
    let mut late = Vec::new();
    while late.len() < LATE
        && let Some(received) = connection.as_ref().and_then(|open| open.recv_now(&mut late))
    {
        if let Some(ended) = connection.take_if(|_| !matches!(received, Ok(1..))) {
            ended.close();
        }
    }
}

/// Sends the message and hears the answer, over a new connection if there is none.
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
    let mut heard = AnswerBuffer::default();
    match converse(task, open, message, &mut heard).await {
        Err(error) => Reply::Failed { errno: error.into() },
        Ok(sent) => heard.reply(sent),
    }
}

/// What has come back so far.
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

    /// The answer to what had been sent at this moment; nothing at all means that the server closed.
    fn reply(&self, sent: Stamp) -> Reply {
        self.first.map_or(Reply::Closed, |first| answer(&self.kept, self.len, first.since(sent)))
    }
}

/// Sends all of the message and receives until as much came back, the server closed, or it fell quiet in mid-answer.
/// Returns when its last byte went out. Receives while it sends: a long message to a server that answers at once would
/// fill the buffers of both and stop for ever.
async fn converse(
    task: &BroadcastTask,
    open: &Connection,
    message: &BroadcastMessage,
    heard: &mut AnswerBuffer,
) -> io::Result<Stamp> {
    let mut unsent = message.text.as_bytes();
    let mut sent_at = task.log.now();
    loop {
        let (mut chunk, at) = (Vec::new(), task.log.now());
        tokio::select! {
            sent = open.send(unsent), if !unsent.is_empty() => {
                unsent = &unsent[sent?..];
                if unsent.is_empty() {
                    // A quick server answers before the call returns.
                    sent_at = at;
                    task.sent(message, open.flow.local);
                }
            }
            received = open.recv(&mut chunk) => match received? {
                0 => return Ok(sent_at),
                _ => heard.take(&chunk, task.log.now()),
            },
            () = tokio::time::sleep(quiet(message.text.len())), if unsent.is_empty() && heard.len > 0 => return Ok(sent_at),
        }
        if unsent.is_empty() && heard.len >= message.text.len() {
            return Ok(sent_at);
        }
    }
}
