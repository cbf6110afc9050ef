//! What `update` asks the shell to do. The results come back as events.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::packets::{FileId, Origin};
use crate::domain::{
    ClientId, ClientPlan, CloseHow, Destination, Flow, HostId, Limits, Proto, ScanPlan, ServerId, ServiceModel,
    Setting, TargetHost, WireCommand, WorldId,
};

/// One thing to do in the real world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make this many clients.
    Spawn {
        /// How many.
        count: u32,
        /// To do what.
        plan: ClientPlan,
        /// Where.
        destination: Destination,
    },
    /// End one client.
    Close(ClientId, CloseHow),
    /// End all clients, in order.
    CloseAll,
    /// Start a server.
    Start(ServerId),
    /// Stop a server.
    Stop(ServerId),
    /// Let a server serve by another model from now on.
    Switch(ServerId, ServiceModel),
    /// Have all servers listen on this address from now on: every interface (0.0.0.0), or loopback again.
    Bind(IpAddr),
    /// Guard the servers by these numbers from now on.
    Limit(Limits),
    /// Close all connections from this address.
    Kick(IpAddr),
    /// Kick this address, and take nothing from it any more.
    Block(IpAddr),
    /// Take the blocking back.
    Unblock(IpAddr),
    /// Send a message to these servers.
    Broadcast(String, Vec<ServerId>),
    /// Send clients and broadcasts to this host from now on; to the servers here when `None`.
    Target(Option<TargetHost>),
    /// Check the ports of a host. A check that still goes on is stopped.
    Scan(ScanPlan),
    /// Stop the port check that goes on, if one does.
    StopScan,
    /// Look these ends up in the kernel's table, exactly.
    Lookup(Vec<Flow>),
    /// Watch the sockets with one of these ports on either side; all of them when `None`.
    Watch(Option<BTreeSet<u16>>),
    /// Tell the `TCP_INFO` of this end whenever it changes; of none when `None`.
    Detail(Option<Flow>),
    /// Find out who holds the port that this server could not have.
    FindHolder(ServerId, Proto, SocketAddr),
    /// What is asked of the laboratory from now on is meant for this world.
    Show(WorldId),
    /// Open the wire's hosts, with every packet held, and start the servers there.
    OpenWire,
    /// Take the wire's hosts away.
    CloseWire,
    /// Play this lesson from its beginning, on hosts of its own in place of those that are there.
    Play {
        /// Its name.
        lesson: String,
        /// The number of this run of it.
        run: u32,
    },
    /// Go on in the lesson that is played.
    GoOn,
    /// Leave the lesson that is played; the hosts stay as they are.
    LeaveLesson,
    /// Ask something of the wire.
    Wire(WireCommand),
    /// Turn a setting of one of the wire's hosts.
    Set(HostId, Setting),
    /// Run a program on one of the wire's hosts.
    Run(HostId, String),
    /// End a program on one of the wire's hosts, by its process; asked a second time, by force.
    Kill(u32),
    /// Keep saying what the kernels know of this connection of the wire's hosts, named by the client's end; or stop.
    Inform(Option<Flow>),
    /// Take the packet with this number apart.
    Inspect(Origin, u64),
    /// Put together what was said in this conversation.
    Follow(Origin, Flow),
    /// Read a capture file, by this name.
    OpenFile(FileId, String),
    /// The file is not looked at any more, or not waited for.
    CloseFile,
    /// Find out what the name of a file may go on with.
    CompletePath(String),
    /// Write all packets that are kept to a file, with what was marked as comments: the number of the packet that came
    /// next, and the words.
    SaveCapture(Vec<(u64, String)>),
    /// Note this in the world that is shown, as a place worth finding again.
    Mark(String),
    /// Draw the whole screen anew: something else may have written to it.
    Redraw,
    /// Give the terminal back and stop, until continued (`SIGTSTP`).
    Suspend,
    /// Leave.
    Quit,
}
