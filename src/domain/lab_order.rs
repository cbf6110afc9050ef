//! Orders for a laboratory: the same for this machine, for the wire's hosts and for a lesson.

use std::net::IpAddr;

use super::client::{ClientPlan, CloseHow, Destination};
use super::id::{ClientId, ConnNo, ServerId};
use super::scan::ScanPlan;
use super::server::ServiceModel;
use super::target::TargetHost;

/// One order. Its outcome is reported as events.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum LabOrder {
    /// Make clients, in the background and at the pace the server keeps up with. Reports `BurstCut` when the machine
    /// runs out of resources.
    Spawn { count: u32, plan: ClientPlan, destination: Destination },
    /// End one client. One that has ended already is left alone.
    Close(ClientId, CloseHow),
    /// End a connection that a server has accepted, from the server's side. One that has ended already is left alone.
    CloseAccepted(ServerId, ConnNo, CloseHow),
    /// Have a client send so many bytes, once it is connected. Reports `Bulk`. One that is still sending them before goes on
    /// with these instead.
    Bulk(ClientId, u64),
    /// Have a server send so many bytes over a connection that it keeps open. Reports `Bulk`.
    BulkAccepted(ServerId, ConnNo, u64),
    /// End all clients, politely, and the bursts that are still making some (`BurstCut` with `EINTR`).
    CloseAll,
    /// Start a server, or retry one that failed. Reports `Started` or `Failed`.
    Start(ServerId),
    /// Stop a server: its listening socket first, which resets the accept queue, then its connections. Reports `Stopped`.
    Stop(ServerId),
    /// Change how a TCP server serves, without dropping a connection: those served by a thread or task stay with it, the
    /// one in the sequential loop is handed over, and those in the accept queue are accepted as the new model does. Reports
    /// `Model`. A UDP server has no model and ignores this.
    Switch(ServerId, ServiceModel),
    /// Send a message to these servers, started here or not, over sockets that stay open. With a target the message goes to
    /// the target, and nowhere until its address is known.
    Broadcast(String, Vec<ServerId>),
    /// Redirect broadcasts to this host, or back to the servers here when `None`. Reports the search for the host.
    Target(Option<TargetHost>),
    /// Check the ports of a host in the background. A check that is still running is stopped.
    Scan(ScanPlan),
    /// Stop the running port check, if there is one.
    StopScan,
    /// An order for the servers' guard.
    Guard(GuardOrder),
}

/// One order for the servers' guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardOrder {
    /// Rebind all servers to this address, on the same ports and without a restart: connections stay, also those in the
    /// accept queue. Servers that are stopped will listen there once started. Reports `Started`, or `Failed` and then
    /// `Started` at the old address; first `Limits`, if other machines can connect from now on.
    Bind(IpAddr),
    /// Close all connections from this address. Reports `Kicked`.
    Kick(IpAddr),
    /// Kick this address, then reset its connections and drop its datagrams. Reports `Blocked` and `Kicked`.
    Block(IpAddr),
    /// Lift a block. Reports `Unblocked`.
    Unblock(IpAddr),
}
