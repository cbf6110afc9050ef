//! The addresses at which a lesson is played.

use std::net::{IpAddr, SocketAddr};

use crate::domain::HostId;

/// The addresses of the two hosts. A port other than 0 replaces every port that a lesson names on that host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostAddresses {
    pub client: SocketAddr,
    pub server: SocketAddr,
}

impl HostAddresses {
    /// The addresses of the wire's hosts.
    pub fn of_wire() -> Self {
        Self::new(HostId::Client.address(), HostId::Server.address())
    }

    /// Two hosts at these addresses, with the ports that the lesson names.
    pub fn new(client: impl Into<IpAddr>, server: impl Into<IpAddr>) -> Self {
        Self { client: SocketAddr::new(client.into(), 0), server: SocketAddr::new(server.into(), 0) }
    }

    /// This port of a host.
    pub fn of(&self, host: HostId, port: u16) -> SocketAddr {
        let mut addr = if host == HostId::Client { self.client } else { self.server };
        if addr.port() == 0 {
            addr.set_port(port);
        }
        addr
    }

    /// This port of the other host.
    pub(super) fn across(&self, host: HostId, port: u16) -> SocketAddr {
        self.of(host.other(), port)
    }
}
