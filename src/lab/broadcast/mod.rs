//! The broadcaster: sends one message to several servers, over sockets that stay open. Each has its own task, so that a server
//! that does not answer delays no other.

mod tcp;
mod udp;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::host::Host;
use super::reporter::Reporter;
use crate::domain::broadcast::BroadcastChange;
use crate::domain::{Errno, Excerpt, Proto, Reply, ServerId, SocketId};

/// How many messages may wait for a server that has not answered the last one. Further ones fail with EAGAIN.
const QUEUE_LENGTH: usize = 32;

pub(super) struct Broadcaster {
    host: Arc<dyn Host>,
    log: Reporter,
    queues: HashMap<ServerId, BroadcastQueue>,
    newest: u32,
    /// Tasks that have not closed their sockets.
    tasks: TaskTracker,
}

struct BroadcastQueue {
    messages: mpsc::Sender<BroadcastMessage>,
    /// Dropping it makes the task close its socket.
    _stop: DropGuard,
}

struct BroadcastMessage {
    number: u32,
    text: Arc<str>,
    addr: SocketAddr,
}

impl Broadcaster {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        Self { host, log, queues: HashMap::new(), newest: 0, tasks: TaskTracker::new() }
    }

    /// Sends `text` to each of `to` and returns at once. An empty text is not sent.
    pub(super) fn broadcast(&mut self, text: String, to: Vec<(ServerId, Proto, SocketAddr)>) {
        if text.is_empty() {
            return;
        }
        self.newest += 1;
        let number = self.newest;
        let servers = to.iter().map(|(server, ..)| *server).collect();
        self.log.broadcast(number, BroadcastChange::Said { text: Excerpt::of(text.as_bytes()), to: servers });
        let text: Arc<str> = text.into();
        for (server, proto, addr) in to {
            let message = BroadcastMessage { number, text: Arc::clone(&text), addr: reachable(addr) };
            let queue = self.queues.remove(&server).unwrap_or_else(|| self.queue(server, proto));
            if queue.messages.try_send(message).is_err() {
                let reply = Reply::Failed { errno: Errno::Again };
                self.log.broadcast(number, BroadcastChange::Reply { server, reply });
            }
            self.queues.insert(server, queue);
        }
    }

    fn queue(&self, server: ServerId, proto: Proto) -> BroadcastQueue {
        let (sender, messages) = mpsc::channel(QUEUE_LENGTH);
        let stop = CancellationToken::new();
        let task = BroadcastTask {
            host: Arc::clone(&self.host),
            log: self.log.clone(),
            server,
            messages,
            stop: stop.clone(),
            unanswered: None,
        };
        match proto {
            Proto::Tcp => self.tasks.spawn(tcp::run(task)),
            Proto::Udp | Proto::Icmp => self.tasks.spawn(udp::run(task)),
        };
        BroadcastQueue { messages: sender, _stop: stop.drop_guard() }
    }

    pub(super) fn hang_up(&mut self) {
        self.queues.clear();
    }

    pub(super) async fn shutdown(mut self) {
        self.hang_up();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

struct BroadcastTask {
    host: Arc<dyn Host>,
    log: Reporter,
    server: ServerId,
    messages: mpsc::Receiver<BroadcastMessage>,
    stop: CancellationToken,
    /// The message that has no reply yet.
    unanswered: Option<u32>,
}

impl BroadcastTask {
    const fn socket_id(&self) -> SocketId {
        SocketId::Broadcast(self.server)
    }

    fn sent(&self, message: &BroadcastMessage, local: SocketAddr) {
        self.log.broadcast(message.number, BroadcastChange::Sent { server: self.server, local });
    }

    fn reply(&mut self, message: &BroadcastMessage, reply: Reply) {
        self.unanswered = None;
        self.log.broadcast(message.number, BroadcastChange::Reply { server: self.server, reply });
    }

    /// Waits for the next message, which is unanswered until [`BroadcastTask::reply`].
    async fn next(&mut self) -> Option<BroadcastMessage> {
        let message = self.messages.recv().await?;
        self.unanswered = Some(message.number);
        Some(message)
    }

    /// Reports every message that will get no reply.
    fn hang_up(mut self) {
        self.messages.close();
        let unsent = std::iter::from_fn(|| self.messages.try_recv().ok()).map(|message| message.number);
        for number in self.unanswered.into_iter().chain(unsent) {
            self.log.broadcast(number, BroadcastChange::Reply { server: self.server, reply: Reply::HungUp });
        }
    }
}

/// An answer of `len` bytes, of which the first ones were kept.
fn answer(kept: &[u8], len: usize, rtt: Duration) -> Reply {
    Reply::Answer { text: Excerpt { len, ..Excerpt::of(kept) }, rtt }
}

/// The address of a server that listens on every address: not every system lets a client connect to 0.0.0.0.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}
