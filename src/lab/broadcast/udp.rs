//! Broadcasts to a UDP server: one socket, and a timeout, since UDP does not report a lost datagram.

use std::time::Duration;

use super::super::datagrams::{DatagramSocket, open};
use super::{BroadcastMessage, BroadcastTask, answer};
use crate::domain::{Errno, Reply};

const TIMEOUT: Duration = Duration::from_secs(2);

/// Sends one message after the other, each when the previous one is answered or has timed out.
pub(super) async fn run(mut task: BroadcastTask) {
    let stop = task.stop.clone();
    let mut socket = None;
    let _ = stop.run_until_cancelled(send_messages(&mut task, &mut socket)).await;
    if let Some(socket) = socket {
        socket.close();
    }
    task.hang_up();
}

async fn send_messages(task: &mut BroadcastTask, socket: &mut Option<DatagramSocket>) {
    while let Some(message) = task.next().await {
        let reply = exchange(task, socket, &message).await.unwrap_or_else(|errno| Reply::Failed { errno });
        task.reply(&message, reply);
    }
}

async fn exchange(
    task: &BroadcastTask,
    socket: &mut Option<DatagramSocket>,
    message: &BroadcastMessage,
) -> Result<Reply, Errno> {
    // The server's address may have changed: a socket on loopback cannot reach another machine.
    if let Some(old) = socket.take_if(|socket| socket.server() != Some(message.addr)) {
        old.close();
    }
    let socket = match socket {
        Some(socket) => socket,
        none => none.insert(open(&*task.host, task.socket_id(), message.addr, &task.log)?),
    };
    // Late answers belong to messages that have timed out.
    socket.drain();
    let sent = task.log.now();
    socket.send_to(message.text.as_bytes(), message.addr).await?;
    task.sent(message, socket.local()?);
    let answered = async {
        loop {
            // An error is about an earlier datagram (ICMP).
            if let Ok((datagram, _)) = socket.recv_from().await {
                return datagram;
            }
        }
    };
    Ok(match tokio::time::timeout(TIMEOUT, answered).await {
        Ok(datagram) => answer(&datagram, datagram.len(), task.log.now().since(sent)),
        Err(_) => Reply::Silent { after: TIMEOUT },
    })
}
