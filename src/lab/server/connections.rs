//! The connections that threads and tasks serve outside the accept loop, and how to end them all.

use std::collections::HashMap;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use socket2::SockRef;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::connection::shut;
use super::super::locked;
use super::super::reporter::Reporter;
use crate::domain::{ConnNo, Flow, ServerId, Shut, SocketId};

/// The connections of one run of a server that have a thread or a task of their own.
#[derive(Default)]
pub(super) struct Connections {
    /// The threads and tasks that have not reported their end.
    running: TaskTracker,
    /// Cancelled when the tasks have to end.
    stop: CancellationToken,
    /// The sockets that threads may be blocked on. A thread removes its entry before it closes the socket.
    blocking: Mutex<HashMap<ConnNo, (Arc<TcpStream>, Flow)>>,
    /// The threads' handles. Those of ended threads are dropped when the list would have to grow.
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Notified when a connection has closed, which frees a descriptor.
    freed: Notify,
}

impl Connections {
    /// Runs `service` in a task that [`Connections::end_all`] waits for.
    pub(super) fn spawn(self: &Arc<Self>, service: impl Future<Output = ()> + Send + 'static) {
        let connections = Arc::clone(self);
        self.running.spawn(async move {
            service.await;
            connections.freed.notify_one();
        });
    }

    /// Completes when the tasks have to end.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        self.stop.clone().cancelled_owned()
    }

    /// Registers a thread that will block on `stream`.
    pub(super) fn register(self: &Arc<Self>, no: ConnNo, flow: Flow, stream: TcpStream) -> ConnectionGuard {
        let stream = Arc::new(stream);
        locked(&self.blocking).insert(no, (Arc::clone(&stream), flow));
        ConnectionGuard { no, stream, running: self.running.token(), connections: Arc::clone(self) }
    }

    pub(super) fn keep_thread(&self, thread: JoinHandle<()>) {
        let mut threads = locked(&self.threads);
        if threads.len() == threads.capacity() {
            threads.retain(|thread| !thread.is_finished());
            // Twice the size, so that few connections scan the list.
            let running = threads.len();
            threads.reserve(running.max(16));
        }
        threads.push(thread);
    }

    /// Removes a thread that could not be started.
    pub(super) fn forget(&self, no: ConnNo) {
        locked(&self.blocking).remove(&no);
    }

    /// Completes when a connection has closed since the last call.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Ends every connection and waits until all have reported their end. `shutdown(SHUT_RDWR)` makes the blocking calls of the
    /// threads return: `recv` with 0, `send` with EPIPE.
    pub(super) async fn end_all(&self, server: ServerId, log: &Reporter) {
        self.stop.cancel();
        for (no, (stream, flow)) in locked(&self.blocking).iter() {
            shut(&SockRef::from(&**stream), Shut::Both, SocketId::Conn(server, *no), *flow, log);
        }
        self.running.close();
        self.running.wait().await;
        // The threads have no work left, but the kernel takes a while to end a thousand of them.
        let threads = std::mem::take(&mut *locked(&self.threads));
        // An error would be a panic of a thread, which was reported where it happened.
        let _ = tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| drop(thread.join()))).await;
    }
}

pub(super) struct ConnectionGuard {
    no: ConnNo,
    stream: Arc<TcpStream>,
    running: TaskTrackerToken,
    connections: Arc<Connections>,
}

impl ConnectionGuard {
    pub(super) const fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }

    /// Whether this side ends all connections.
    pub(super) fn is_stopped(&self) -> bool {
        self.connections.stop.is_cancelled()
    }

    /// Closes the socket. The thread counts as running until it drops the returned token.
    pub(super) fn close(self) -> TaskTrackerToken {
        let Self { no, stream, running, connections } = self;
        // These are the last two handles, so the descriptor is closed here.
        locked(&connections.blocking).remove(&no);
        drop(stream);
        connections.freed.notify_one();
        running
    }
}
