//! Sockets played from a script: each a task of its own that makes one call after the other as it is told, and reports
//! each. What an ordinary client or server of the laboratory would never do can be shown with them.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use socket2::Socket;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bind_loopback::bind_loopback;
use super::connection::{Connection, would_block};
use super::dial::{established, is_under_way};
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::call::SockOpt;
use crate::domain::client::ClientChange;
use crate::domain::{
    Answer, Args, Call, ClientId, ClientPlan, Destination, Errno, EventSink, Flow, Outcome, Proto, ScriptedCall,
    ServerChange, ServerId, ServerSpec, SocketId, SocketOp, SocketOptions, Syscall,
};

/// How many calls may wait for a socket whose program is in a call.
const CALLS: usize = 64;

/// The scripted sockets of one host. Lives inside a tokio runtime; dropped, its sockets close in the background.
pub struct ScriptedSockets {
    host: Arc<ScriptHost>,
}

/// What all of its sockets share.
struct ScriptHost {
    host: Arc<dyn Host>,
    log: Reporter,
    sockets: Mutex<HashMap<SocketId, mpsc::Sender<ScriptedCall>>>,
    tasks: TaskTracker,
    /// Ends the calls that the programs of the sockets wait in.
    stop: CancellationToken,
}

/// A socket that lives.
enum ScriptedSocket {
    Listener(TcpListener, Flow),
    Stream(Connection),
    Datagrams(UdpSocket),
}

impl ScriptedSockets {
    /// Without sockets yet.
    ///
    /// # Panics
    /// Its sockets need a tokio runtime.
    pub fn new(host: Arc<dyn Host>, sink: EventSink) -> Self {
        let log = Reporter::new(sink);
        Self {
            host: Arc::new(ScriptHost {
                host,
                log,
                sockets: Mutex::default(),
                tasks: TaskTracker::new(),
                stop: CancellationToken::new(),
            }),
        }
    }

    /// Plays one op. Calls that open a socket are made at once; the others by the socket's own task, in the order of
    /// the calls. A op for a socket that is not there is left out.
    pub fn perform(&self, op: SocketOp) {
        let SocketOp { socket, call } = op;
        match call {
            ScriptedCall::Listen { name, addr, backlog, options } => {
                self.host.listen(socket, name, addr, backlog, options);
            }
            ScriptedCall::Connect { to, from, options } => self.host.connect(socket, to, from, options),
            ScriptedCall::Datagram { bind, connect, family } => self.host.datagram(socket, bind, connect, family),
            // The listener's task accepts; what it accepts gets this id.
            ScriptedCall::Accept { from, delay_acks } => {
                self.host.send_call(from, ScriptedCall::Accept { from: socket, delay_acks });
            }
            other => self.host.send_call(socket, other),
        }
    }

    /// Closes every socket and waits until each has said so.
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
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketId, mpsc::Sender<ScriptedCall>>> {
        // The map is whole at every instant, also if a task panicked while it held the lock.
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send_call(&self, socket: SocketId, call: ScriptedCall) {
        if let Some(calls) = self.lock().get(&socket) {
            // A program that waits in one call is not given sixty others.
            let _ = calls.try_send(call);
        }
    }

    /// Gives a socket a task of its own.
    fn spawn(self: &Arc<Self>, socket_id: SocketId, held: ScriptedSocket) {
        let (sender, calls) = mpsc::channel(CALLS);
        self.lock().insert(socket_id, sender);
        if self.stop.is_cancelled() {
            // It came while everything was being closed: nobody would let it go.
            self.lock().clear();
        }
        let host = Arc::clone(self);
        self.tasks.spawn(async move {
            match held {
                ScriptedSocket::Listener(listener, flow) => host.serve_listener(socket_id, listener, flow, calls).await,
                ScriptedSocket::Stream(connection) => serve_stream(connection, calls, host.stop.clone()).await,
                ScriptedSocket::Datagrams(socket) => host.serve_datagrams(socket_id, &socket, calls).await,
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

    fn bind(&self, socket_id: SocketId, socket: &Socket, proto: Proto, addr: SocketAddr) -> io::Result<()> {
        let bound = socket.bind(&addr.into());
        let call = Call::new(socket_id, Syscall::Bind).with(Args::Addr(addr)).returned(&bound);
        let local = socket.local_addr().ok().and_then(|addr| addr.as_socket()).filter(|_| bound.is_ok());
        self.log.call(local.map_or(call.clone(), |local| call.on(Flow::unconnected(proto, local))));
        bound
    }

    fn set(&self, socket_id: SocketId, socket: &Socket, options: SocketOptions) -> io::Result<()> {
        let set = |option, result: io::Result<()>| {
            self.call(socket_id, Syscall::Setsockopt, Args::Option(option), &result);
            result
        };
        if options.reuse_addr {
            set(SockOpt::ReuseAddr, socket.set_reuse_address(true))?;
        }
        if options.no_delay {
            set(SockOpt::NoDelay, socket.set_tcp_nodelay(true))?;
        }
        if let Some(bytes) = options.receive_buffer {
            set(SockOpt::ReceiveBuffer, socket.set_recv_buffer_size(bytes as usize))?;
        }
        Ok(())
    }

    fn listen(
        self: &Arc<Self>,
        socket_id: SocketId,
        name: String,
        addr: SocketAddr,
        backlog: u32,
        options: SocketOptions,
    ) {
        let SocketId::Server(id) = socket_id else { return };
        let spec = ServerSpec { name, proto: Proto::Tcp, addr, answer: Answer::Same, model: None };
        self.log.server(id, ServerChange::Added { spec });
        let socket = self.host.stream(addr);
        self.call(socket_id, Syscall::Socket, Args::Proto(Proto::Tcp), &socket);
        let listening = socket.and_then(|socket| {
            self.set(socket_id, &socket, options)?;
            self.bind(socket_id, &socket, Proto::Tcp, addr)?;
            let listening = socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX));
            let local = socket.local_addr()?.as_socket().unwrap_or(addr);
            let flow = Flow::unconnected(Proto::Tcp, local);
            let call = Call::new(socket_id, Syscall::Listen).with(Args::Number(backlog.into())).on(flow);
            self.log.call(call.returned(&listening));
            listening?;
            Ok((TcpListener::from_std(socket.into())?, flow))
        });
        match listening {
            Ok((listener, flow)) => {
                self.log.server(id, ServerChange::Started { addr: flow.local, backlog });
                self.spawn(socket_id, ScriptedSocket::Listener(listener, flow));
            }
            Err(error) => {
                self.log.call(Call::new(socket_id, Syscall::Close));
                self.log.server(id, ServerChange::Failed { errno: error.into(), holder: None });
            }
        }
    }

    /// Accepts as it is told, until it is closed.
    async fn serve_listener(
        self: &Arc<Self>,
        socket_id: SocketId,
        listener: TcpListener,
        flow: Flow,
        mut calls: mpsc::Receiver<ScriptedCall>,
    ) {
        while let Some(call) = calls.recv().await {
            match call {
                ScriptedCall::Accept { from: conn, delay_acks } => {
                    // Who waits in `accept` is given no other op; only the end of the script ends the wait.
                    tokio::select! {
                        accepted = listener.accept() => self.accepted(socket_id, (conn, delay_acks), flow, accepted),
                        () = self.stop.cancelled() => break,
                    }
                }
                ScriptedCall::Close | ScriptedCall::Reset => break,
                _ => {}
            }
        }
        drop(listener);
        self.log.call(Call::new(socket_id, Syscall::Close).on(flow));
    }

    fn accepted(
        self: &Arc<Self>,
        socket_id: SocketId,
        (conn, delay_acks): (SocketId, bool),
        listening: Flow,
        accepted: io::Result<(TcpStream, SocketAddr)>,
    ) {
        let call = Call::new(socket_id, Syscall::Accept);
        match accepted {
            Ok((stream, peer)) => {
                let flow = Flow::tcp(stream.local_addr().unwrap_or(listening.local), peer);
                #[cfg(target_os = "linux")]
                if delay_acks {
                    let set = socket2::SockRef::from(&stream).set_tcp_quickack(false);
                    self.call(conn, Syscall::Setsockopt, Args::Option(SockOpt::DelayAcks), &set);
                }
                #[cfg(not(target_os = "linux"))]
                let _ = delay_acks;
                // Before it can be asked anything.
                self.spawn(
                    conn,
                    ScriptedSocket::Stream(Connection { socket_id: conn, flow, stream, log: self.log.clone() }),
                );
                self.log.call(Call { new_socket: Some(conn), ..call.on(flow) });
            }
            Err(error) => self.log.call(Call { result: Outcome::Failed(error.into()), ..call }),
        }
    }

    fn connect(
        self: &Arc<Self>,
        socket_id: SocketId,
        to: SocketAddr,
        from: Option<SocketAddr>,
        options: SocketOptions,
    ) {
        let SocketId::Client(id) = socket_id else { return };
        self.spawned(id, Proto::Tcp, to);
        let socket = self.host.stream(to);
        self.call(socket_id, Syscall::Socket, Args::Proto(Proto::Tcp), &socket);
        let dialing = socket.and_then(|socket| {
            self.set(socket_id, &socket, options)?;
            if let Some(from) = from {
                self.bind(socket_id, &socket, Proto::Tcp, from)?;
            }
            match socket.connect(&to.into()) {
                Err(error) if !is_under_way(&error) => {
                    let errno = Errno::from(&error);
                    let call = Call::new(socket_id, Syscall::Connect).with(Args::Addr(to));
                    self.log.call(Call { result: Outcome::Failed(errno), ..call });
                    return Err(error);
                }
                _ => {}
            }
            let stream = TcpStream::from_std(socket.into())?;
            let flow = Flow::tcp(stream.local_addr()?, to);
            Ok(Connection { socket_id, flow, stream, log: self.log.clone() })
        });
        if let Ok(connection) = dialing {
            let flow = connection.flow;
            self.spawn(socket_id, ScriptedSocket::Stream(connection));
            self.log.client(id, ClientChange::Dialing { flow });
        } else {
            self.log.call(Call::new(socket_id, Syscall::Close));
            self.log.client(id, ClientChange::Ended);
        }
    }

    fn spawned(&self, id: ClientId, proto: Proto, addr: SocketAddr) {
        let destination = Destination { server: None::<ServerId>, proto, addr };
        self.log.client(id, ClientChange::Spawned { plan: ClientPlan::Stay, destination });
    }

    fn datagram(
        self: &Arc<Self>,
        socket_id: SocketId,
        bind: Option<SocketAddr>,
        connect: Option<SocketAddr>,
        family: SocketAddr,
    ) {
        let SocketId::Client(id) = socket_id else { return };
        self.spawned(id, Proto::Udp, connect.unwrap_or(family));
        let socket = self.host.datagram(family);
        self.call(socket_id, Syscall::Socket, Args::Proto(Proto::Udp), &socket);
        let opened = socket.and_then(|socket| {
            if let Some(bind) = bind {
                self.bind(socket_id, &socket, Proto::Udp, bind)?;
            } else if connect.is_none() {
                bind_loopback(&socket, socket_id, family, &self.log)?;
            }
            if let Some(peer) = connect {
                let connected = socket.connect(&peer.into());
                let local = socket.local_addr()?.as_socket().unwrap_or(family);
                let flow = Flow { proto: Proto::Udp, local, peer: Some(peer) };
                let call = Call::new(socket_id, Syscall::Connect).with(Args::Addr(peer)).on(flow);
                self.log.call(call.returned(&connected));
                connected?;
            }
            UdpSocket::from_std(socket.into())
        });
        match opened {
            Ok(socket) => self.spawn(socket_id, ScriptedSocket::Datagrams(socket)),
            Err(_) => {
                self.log.call(Call::new(socket_id, Syscall::Close));
                self.log.client(id, ClientChange::Ended);
            }
        }
    }

    /// Sends and receives datagrams as it is told, until it is closed.
    async fn serve_datagrams(&self, socket_id: SocketId, socket: &UdpSocket, mut calls: mpsc::Receiver<ScriptedCall>) {
        let flow = |peer: Option<SocketAddr>| {
            socket.local_addr().ok().map(|local| Flow {
                proto: Proto::Udp,
                local,
                peer: peer.or(socket.peer_addr().ok()),
            })
        };
        let report = |call: Call, peer| {
            let flow = flow(peer);
            self.log.call(Call { flow, ..call });
        };
        while let Some(call) = calls.recv().await {
            match call {
                ScriptedCall::Send(bytes) => {
                    let sent = socket.send(&bytes).await;
                    let call = Call::new(socket_id, Syscall::Send).returned(&sent);
                    report(if sent.is_ok() { call.carrying(&bytes) } else { call }, None);
                }
                ScriptedCall::SendTo(bytes, to) => {
                    let sent = socket.send_to(&bytes, to).await;
                    let call = Call::new(socket_id, Syscall::Sendto).with(Args::Addr(to)).returned(&sent);
                    report(if sent.is_ok() { call.carrying(&bytes) } else { call }, Some(to));
                }
                ScriptedCall::Recv(_) | ScriptedCall::RecvFrom => {
                    let mut buffer = vec![0; 65_535];
                    let received = tokio::select! {
                        received = socket.recv_from(&mut buffer) => received,
                        () = self.stop.cancelled() => break,
                    };
                    let call = Call::new(socket_id, Syscall::Recvfrom).returned(&received);
                    match received {
                        Ok((length, from)) => report(call.carrying(&buffer[..length]), Some(from)),
                        Err(_) => report(call, None),
                    }
                }
                ScriptedCall::Close | ScriptedCall::Reset => break,
                _ => {}
            }
        }
        report(Call::new(socket_id, Syscall::Close), None);
    }
}

/// Makes the calls of a connection as it is told, until it is closed. The outcome of its `connect` is reported when it
/// comes, whatever else is done meanwhile.
async fn serve_stream(mut connection: Connection, mut calls: mpsc::Receiver<ScriptedCall>, stop: CancellationToken) {
    let mut connecting = matches!(connection.socket_id, SocketId::Client(_));
    loop {
        let call = tokio::select! {
            biased;
            over = established(&connection), if connecting => {
                connecting = false;
                if let Ok(flow) = over {
                    connection.flow = flow;
                }
                continue;
            }
            call = calls.recv() => call,
        };
        match call {
            Some(ScriptedCall::Send(bytes)) => {
                tokio::select! {
                    _ = connection.send(&bytes) => {}
                    () = stop.cancelled() => return connection.close(),
                }
            }
            Some(ScriptedCall::Recv(most)) => {
                tokio::select! {
                    () = recv(&connection, most) => {}
                    () = stop.cancelled() => return connection.close(),
                }
            }
            Some(ScriptedCall::ShutdownWrite) => connection.shut_write(),
            Some(ScriptedCall::Reset) => return connection.reset(),
            Some(ScriptedCall::Close) | None => return connection.close(),
            Some(_) => {}
        }
    }
}

/// One `recv` of at most so many bytes, when there is something.
async fn recv(connection: &Connection, most: usize) {
    let mut buffer = vec![0; most];
    loop {
        let received = match connection.stream.readable().await {
            Ok(()) => connection.stream.try_read(&mut buffer),
            Err(error) => Err(error),
        };
        if !would_block(&received) {
            return connection.log.received(connection.socket_id, connection.flow, &received, &buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{Clock, EventKind, EventQueue, Observation};
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
        (
            ScriptedSockets::new(
                Arc::new(Machine),
                EventSink::new(Clock::start(), Arc::<RecordedEvents>::clone(&recorded)),
            ),
            recorded,
        )
    }

    fn client(call: ScriptedCall) -> SocketOp {
        SocketOp { socket: SocketId::Client(ClientId(1)), call }
    }

    #[tokio::test]
    async fn a_socket_that_comes_while_all_are_closed_is_closed_too() {
        let (script, _) = script();
        // As the end of a script leaves it, when something was accepted at that moment.
        script.host.stop.cancel();
        script.host.lock().clear();
        let family = SocketAddr::from(([127, 0, 0, 1], 0));
        script.perform(client(ScriptedCall::Datagram { bind: None, connect: None, family }));
        script.host.tasks.close();
        tokio::time::timeout(Duration::from_secs(20), script.host.tasks.wait()).await.expect("it is kept open");
    }

    #[tokio::test]
    async fn a_datagram_socket_that_cannot_be_had_has_ended() {
        let (script, recorded) = script();
        // No address of this machine (RFC 5737).
        let family = SocketAddr::from(([192, 0, 2, 1], 0));
        script.perform(client(ScriptedCall::Datagram { bind: Some(family), connect: None, family }));
        script.shutdown().await;
        let ended = |kind: &EventKind| matches!(kind, EventKind::Client(event) if event.change == ClientChange::Ended);
        assert!(recorded.0.lock().unwrap().iter().any(ended));
    }
}
