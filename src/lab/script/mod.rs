//! Scripted sockets: each is a task that makes the calls of a script, one after the other, and reports them. They can make
//! calls that the laboratory's clients and servers do not make.

mod calls;
mod open;
mod options;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Once};

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::calls::serve_stream;
use super::connection::Connection;
use super::host::Host;
use super::locked;
use super::reporter::Reporter;
use crate::domain::client::ClientChange;
use crate::domain::{Args, Call, EventSink, Flow, ScriptedCall, ServerChange, SocketId, SocketOp, Syscall};

/// How many calls may queue up behind one that has not returned.
const QUEUE_LENGTH: usize = 64;

/// The scripted sockets of one host. Needs a tokio runtime. When it is dropped, its sockets close in the background.
pub struct ScriptedSockets {
    host: Arc<ScriptHost>,
}

/// State shared by the sockets of one host.
struct ScriptHost {
    host: Arc<dyn Host>,
    log: Reporter,
    sockets: Mutex<HashMap<SocketId, mpsc::Sender<ScriptedCall>>>,
    tasks: TaskTracker,
    /// Interrupts the calls that are waiting.
    stop: CancellationToken,
    /// Whether those are reported.
    watched: Once,
}

/// An open socket, by kind.
enum ScriptedSocket {
    Listener(TcpListener, Flow),
    Stream(Connection),
    Datagrams(UdpSocket),
}

impl ScriptedSockets {
    /// No sockets yet.
    ///
    /// # Panics
    /// Outside a tokio runtime, when it opens a socket.
    pub fn new(host: Arc<dyn Host>, sink: EventSink) -> Self {
        Self {
            host: Arc::new(ScriptHost {
                host,
                log: Reporter::new(sink),
                sockets: Mutex::default(),
                tasks: TaskTracker::new(),
                stop: CancellationToken::new(),
                watched: Once::new(),
            }),
        }
    }

    /// Performs one operation. Calls that open a socket are made at once; the socket's own task makes the others, in
    /// order. An operation on an unknown socket is ignored.
    pub fn perform(&self, op: SocketOp) {
        let SocketOp { socket, call } = op;
        match call {
            ScriptedCall::Listen { name, addr, backlog, options } => {
                self.host.listen(socket, name, addr, backlog, options);
            }
            ScriptedCall::Connect { to, from, options } => self.host.connect(socket, to, from, options),
            ScriptedCall::Datagram { bind, connect, family } => self.host.datagram(socket, bind, connect, family),
            // The listener's task accepts; the new connection gets this id.
            ScriptedCall::Accept { from, options } => {
                self.host.send_call(from, ScriptedCall::Accept { from: socket, options });
            }
            other => self.host.send_call(socket, other),
        }
    }

    pub async fn shutdown(self) {
        self.host.stop.cancel();
        self.host.lock().clear();
        self.host.tasks.close();
        self.host.tasks.wait().await;
    }
}

impl Drop for ScriptedSockets {
    fn drop(&mut self) {
        self.host.stop.cancel();
        self.host.lock().clear();
    }
}

impl ScriptHost {
    fn lock(&self) -> MutexGuard<'_, HashMap<SocketId, mpsc::Sender<ScriptedCall>>> {
        locked(&self.sockets)
    }

    fn send_call(&self, socket: SocketId, call: ScriptedCall) {
        if let Some(calls) = self.lock().get(&socket) {
            // When the queue is full the call is dropped.
            let _ = calls.try_send(call);
        }
    }

    /// Starts a task for an open socket.
    fn spawn(self: &Arc<Self>, socket_id: SocketId, held: ScriptedSocket) {
        let (sender, calls) = mpsc::channel(QUEUE_LENGTH);
        self.lock().insert(socket_id, sender);
        if self.stop.is_cancelled() {
            // Opened while everything was being closed: close it too.
            self.lock().clear();
        }
        self.watched.call_once(|| {
            let (watch, stop) = (self.log.waits().watch(), self.stop.clone());
            self.tasks.spawn(async move { stop.run_until_cancelled_owned(watch).await });
        });
        let host = Arc::clone(self);
        self.tasks.spawn(async move {
            match held {
                ScriptedSocket::Listener(listener, flow) => host.serve_listener(socket_id, listener, flow, calls).await,
                ScriptedSocket::Stream(connection) => serve_stream(connection, calls, host.stop.clone()).await,
                ScriptedSocket::Datagrams(socket) => host.serve_datagrams(socket_id, socket, calls).await,
            }
            host.ended(socket_id);
        });
    }

    fn ended(&self, socket_id: SocketId) {
        self.lock().remove(&socket_id);
        match socket_id {
            SocketId::Client(id) => self.log.client(id, ClientChange::Ended),
            SocketId::Server(id) => self.log.server(id, ServerChange::Stopped),
            SocketId::Conn(..) | SocketId::Broadcast(_) => {}
        }
    }

    fn call<T>(&self, socket_id: SocketId, call: Syscall, args: Args, result: &io::Result<T>) {
        self.log.call(Call::new(socket_id, call).with(args).returned(result));
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::*;
    use crate::domain::{ClientId, Clock, EventKind, EventQueue, Observation};
    use crate::lab::host::Machine;

    #[derive(Default)]
    struct RecordedEvents(Mutex<Vec<EventKind>>);

    impl EventQueue for RecordedEvents {
        fn offer(&self, seen: Observation) -> bool {
            self.0.lock().unwrap().push(seen.kind);
            true
        }
    }

    fn script() -> (ScriptedSockets, Arc<RecordedEvents>) {
        let recorded = Arc::new(RecordedEvents::default());
        let sink = EventSink::new(Clock::start(), Arc::<RecordedEvents>::clone(&recorded));
        (ScriptedSockets::new(Arc::new(Machine), sink), recorded)
    }

    fn client(call: ScriptedCall) -> SocketOp {
        SocketOp { socket: SocketId::Client(ClientId(1)), call }
    }

    #[tokio::test]
    async fn a_socket_opened_during_shutdown_is_closed_too() {
        let (script, _) = script();
        // The state in which a shutdown leaves it when `accept` returns at that moment.
        script.host.stop.cancel();
        script.host.lock().clear();
        let family = SocketAddr::from(([127, 0, 0, 1], 0));
        script.perform(client(ScriptedCall::Datagram { bind: None, connect: None, family }));
        script.host.tasks.close();
        tokio::time::timeout(Duration::from_secs(20), script.host.tasks.wait()).await.expect("the socket is closed");
    }

    #[tokio::test]
    async fn a_datagram_socket_that_fails_to_bind_has_ended() {
        let (script, recorded) = script();
        // No address of this machine (RFC 5737).
        let family = SocketAddr::from(([192, 0, 2, 1], 0));
        script.perform(client(ScriptedCall::Datagram { bind: Some(family), connect: None, family }));
        script.shutdown().await;
        let ended = |kind: &EventKind| matches!(kind, EventKind::Client(event) if event.change == ClientChange::Ended);
        assert!(recorded.0.lock().unwrap().iter().any(ended));
    }
}
