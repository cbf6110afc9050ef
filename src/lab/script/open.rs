//! The calls that open a scripted socket.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, UdpSocket};

use super::super::bind::{bind, bind_loopback, listen};
use super::super::dial::connect;
use super::options::{SocketRole, set};
use super::{ScriptHost, ScriptedSocket};
use crate::domain::client::ClientChange;
use crate::domain::{
    Answer, Args, Call, ClientId, ClientPlan, Destination, Flow, Proto, ServerChange, ServerId, ServerSpec, SocketId,
    SocketOptions, Syscall,
};

impl ScriptHost {
    pub(super) fn listen(
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
            set(&socket, (socket_id, None), SocketRole::Listens, &options, &self.log)?;
            bind(&socket, socket_id, Proto::Tcp, addr, &self.log)?;
            listen(&socket, socket_id, backlog, &self.log)?;
            let local = socket.local_addr()?.as_socket().unwrap_or(addr);
            Ok((TcpListener::from_std(socket.into())?, Flow::unconnected(Proto::Tcp, local)))
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

    pub(super) fn connect(
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
            set(&socket, (socket_id, None), SocketRole::Talks, &options, &self.log)?;
            if let Some(from) = from {
                bind(&socket, socket_id, Proto::Tcp, from, &self.log)?;
            }
            connect(socket, socket_id, to, &self.log)
        });
        if let Ok(connection) = dialing {
            let flow = connection.flow;
            // Before the socket's own task can report that `connect` has returned.
            self.log.client(id, ClientChange::Dialing { flow });
            if connection.at_once {
                // With a cookie of Fast Open: nothing is sent before there is data.
                let call = Call::new(socket_id, Syscall::Connect).with(Args::Addr(to)).on(flow);
                self.log.call_at(connection.since, call);
            }
            self.spawn(socket_id, ScriptedSocket::Stream(connection));
        } else {
            self.failed(id);
        }
    }

    /// Reports the end of a socket that could not be opened: dropping it has closed it.
    fn failed(&self, id: ClientId) {
        self.log.call(Call::new(SocketId::Client(id), Syscall::Close));
        self.log.client(id, ClientChange::Ended);
    }

    fn spawned(&self, id: ClientId, proto: Proto, addr: SocketAddr) {
        let destination = Destination { server: None::<ServerId>, proto, addr };
        self.log.client(id, ClientChange::Spawned { plan: ClientPlan::Stay, destination });
    }

    pub(super) fn datagram(
        self: &Arc<Self>,
        socket_id: SocketId,
        local: Option<SocketAddr>,
        peer: Option<SocketAddr>,
        family: SocketAddr,
    ) {
        let SocketId::Client(id) = socket_id else { return };
        self.spawned(id, Proto::Udp, peer.unwrap_or(family));
        let socket = self.host.datagram(family);
        self.call(socket_id, Syscall::Socket, Args::Proto(Proto::Udp), &socket);
        let opened = socket.and_then(|socket| {
            if let Some(local) = local {
                bind(&socket, socket_id, Proto::Udp, local, &self.log)?;
            } else if peer.is_none() {
                bind_loopback(&socket, socket_id, family, &self.log)?;
            }
            if let Some(peer) = peer {
                let since = self.log.now();
                let connected = socket.connect(&peer.into());
                let local = socket.local_addr()?.as_socket().unwrap_or(family);
                let flow = Flow { proto: Proto::Udp, local, peer: Some(peer) };
                let call = Call::new(socket_id, Syscall::Connect).with(Args::Addr(peer)).on(flow);
                self.log.call_at(since, call.returned(&connected));
                connected?;
            }
            UdpSocket::from_std(socket.into())
        });
        match opened {
            Ok(socket) => self.spawn(socket_id, ScriptedSocket::Datagrams(socket)),
            Err(_) => self.failed(id),
        }
    }
}
