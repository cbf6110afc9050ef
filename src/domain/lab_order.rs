//! Orders to a laboratory: the same for this machine, for the wire's hosts and for a lesson.

use std::net::IpAddr;

use super::client::{ClientPlan, CloseHow, Destination};
use super::id::{ClientId, ConnNo, ServerId};
use super::scan::ScanPlan;
use super::server::ServiceModel;
use super::target::TargetHost;

/// One thing for a laboratory to do. What comes of it is an event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum LabOrder {
    /// Make this many clients.
    Spawn { count: u32, plan: ClientPlan, destination: Destination },
    /// End one client.
    Close(ClientId, CloseHow),
    /// End a connection that a server has accepted, from the server's side.
    CloseAccepted(ServerId, ConnNo, CloseHow),
    /// End all clients, in order.
    CloseAll,
    /// Start a server.
    Start(ServerId),
    /// Stop a server.
    Stop(ServerId),
    /// Let a server serve by another model from now on.
    Switch(ServerId, ServiceModel),
    /// Send a message to these servers.
    Broadcast(String, Vec<ServerId>),
    /// Send clients and broadcasts to this host from now on; to the servers here when `None`.
    Target(Option<TargetHost>),
    /// Check the ports of a host. A check that is still running is stopped.
    Scan(ScanPlan),
    /// Stop the running port check, if there is one.
    StopScan,
    /// Let the servers' guard do something.
    Guard(GuardOrder),
}

/// One thing for the servers' guard to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardOrder {
    /// Have all servers listen on this address from now on: every interface (0.0.0.0), or loopback again.
    Bind(IpAddr),
    /// Close all connections from this address.
    Kick(IpAddr),
    /// Kick this address, and accept nothing from it any more.
    Block(IpAddr),
    /// Undo the blocking.
    Unblock(IpAddr),
}
