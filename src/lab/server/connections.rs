//! The connections that are served outside the accept loop, by threads and tasks: who they are, and how to end them all.

use std::collections::HashMap;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use socket2::SockRef;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::connection::shut;
use super::super::reporter::Reporter;
use crate::domain::{ConnNo, Flow, ServerId, Shut, SocketId};

/// All connections of one life of a server that have a thread or a task of their own.
#[derive(Default)]
pub(super) struct Connections {
    /// Counts threads and tasks until the last has reported that it closed.
    running: TaskTracker,
    /// Tells the tasks to end.
    stop: CancellationToken,
    /// What the threads may be blocked on. A thread takes its entry out before its socket is closed.
    blocking: Mutex<HashMap<ConnNo, (Arc<TcpStream>, Flow)>>,
    /// The threads themselves. Most are running; those that ended are let go when the list would have to grow.
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Told whenever a connection has closed: there is a free descriptor again.
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

    /// A connection for a thread that will block on `stream`.
    pub(super) fn register(self: &Arc<Self>, no: ConnNo, flow: Flow, stream: TcpStream) -> ConnectionGuard {
        let stream = Arc::new(stream);
        locked(&self.blocking).insert(no, (Arc::clone(&stream), flow));
        ConnectionGuard { no, stream, running: self.running.token(), connections: Arc::clone(self) }
    }

    /// Keeps a thread's handle until it has ended.
    pub(super) fn keep_thread(&self, thread: JoinHandle<()>) {
        let mut threads = locked(&self.threads);
        if threads.len() == threads.capacity() {
            threads.retain(|thread| !thread.is_finished());
            // As much again, so that not every connection goes through the list.
            let running = threads.len();
            threads.reserve(running.max(16));
        }
        threads.push(thread);
    }

    /// Closes the socket of a thread that could not be started.
    pub(super) fn forget(&self, no: ConnNo) {
        locked(&self.blocking).remove(&no);
    }

    /// Completes when a connection has closed since this was last asked.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Ends every connection and waits until each has said so. `shutdown(SHUT_RDWR)` makes the blocking calls of the
    /// threads return: `recv` with 0, `send` with EPIPE.
    pub(super) async fn end_all(&self, server: ServerId, log: &Reporter) {
        self.stop.cancel();
        for (no, (stream, flow)) in locked(&self.blocking).iter() {
            shut(&SockRef::from(&**stream), Shut::Both, SocketId::Conn(server, *no), *flow, log);
        }
        self.running.close();
        self.running.wait().await;
        // They have nothing left to do, but the kernel takes its time to end a thousand threads.
        let threads = std::mem::take(&mut *locked(&self.threads));
        // An error would be a panic: of a thread, reported where it happened, or of this very line.
        let _ = tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| drop(thread.join()))).await;
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is whole at every instant, also if a thread panicked while it held the lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread's place among the connections.
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

    /// Whether this side has ended, or is about to end, all connections.
    pub(super) fn is_stopped(&self) -> bool {
        self.connections.stop.is_cancelled()
    }

    /// Closes the socket. The thread counts as present until it drops what this returns.
    pub(super) fn close(self) -> TaskTrackerToken {
        let Self { no, stream, running, connections } = self;
        // Both handles go, so the descriptor closes here: nobody else keeps one beyond a lock of the table.
        locked(&connections.blocking).remove(&no);
        drop(stream);
        connections.freed.notify_one();
        running
    }
}
