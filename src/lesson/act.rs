//! The acts of a step: with the lesson's own sockets, on the wire, with the laboratory, with programs.

use serde::Deserialize;

use super::forge::{ChangeAct, InjectAct};
use super::link::LessonLink;
use super::matcher::{PacketMatch, SocketName};
use super::settings::LessonSettings;
use super::socket_act::{ShutdownAct, WaitTime};
use crate::domain::{ClientPlan, CloseHow, HostId, ServerKind, ServiceModel, SocketOptions};

/// One act of a step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// `socket`, `bind` and `listen`.
    Listen(ListenAct),
    /// `socket`, `bind` if a port is given, and `connect`. Does not wait for the handshake.
    Connect(ConnectAct),
    /// `accept`, which gives the connection a name.
    Accept {
        /// The connection's name from now on.
        socket: SocketName,
        /// The listening socket.
        from: SocketName,
        /// Delays acknowledgements from the first one on: turns `TCP_QUICKACK` off.
        #[serde(default)]
        delay_acks: bool,
        /// Options that are set on the connection.
        #[serde(default)]
        options: SocketOptions,
    },
    /// Sets options on an open socket, in the order of their list.
    Setsockopt {
        /// On this socket.
        socket: SocketName,
        /// The options.
        options: SocketOptions,
    },
    /// Makes a UDP socket.
    Datagram(DatagramAct),
    /// Sends bytes.
    Send(SendAct),
    /// Receives bytes, and waits for them.
    Recv {
        /// On this socket.
        socket: SocketName,
        /// How many bytes at most.
        #[serde(default = "default_buffer")]
        most: usize,
        /// The program blocks in this call while the lesson goes on.
        #[serde(default)]
        ahead: bool,
    },
    /// `shutdown` on a socket. With the name of the socket alone it is `SHUT_WR`.
    Shutdown(ShutdownAct),
    /// `close` on this socket.
    Close {
        /// This socket.
        socket: SocketName,
        /// Closes it as soon as the call in which the program is blocked returns; the lesson goes on meanwhile.
        #[serde(default)]
        ahead: bool,
    },
    /// `close` with a RST on this socket.
    Reset(SocketName),

    /// Delivers the packet that was held longest.
    Next,
    /// Delivers a held packet. Waits until there is one, as every act that names a packet does.
    Deliver(PacketMatch),
    /// Loses a held packet.
    Drop(PacketMatch),
    /// Delivers a held packet and keeps a copy on the wire.
    Duplicate(PacketMatch),
    /// Swaps a held packet with the one behind it.
    Swap(PacketMatch),
    /// Flips one bit of a held packet.
    Corrupt(PacketMatch),
    /// Delivers a held packet after a delay.
    Delay {
        /// The packet.
        packet: PacketMatch,
        /// The delay, in milliseconds.
        ms: u64,
    },
    /// Puts a packet onto the wire that no kernel made, in the name of a host.
    Inject(InjectAct),
    /// Changes fields of a held packet. Those that are left out stay as they are.
    Change(ChangeAct),
    /// How packets are treated from now on.
    Mode {
        /// `step` holds each packet, `slow` delivers it after some time, `live` at once.
        is: ModeName,
        /// Only for packets from this host.
        from: Option<HostId>,
        /// For `slow`: how long each packet takes, in milliseconds.
        #[serde(default = "default_hop")]
        hop_ms: u64,
    },
    /// Cuts the wire, or restores it.
    Cut {
        /// Whether it is cut from now on.
        on: bool,
        /// Only the direction from this host.
        from: Option<HostId>,
    },
    /// The percentage of packets that are lost from now on.
    Loss {
        /// The percentage.
        percent: u8,
        /// Only for packets from this host.
        from: Option<HostId>,
    },
    /// Changes conditions of the links: rate, queue, delay, MTU and so on.
    Link(LessonLink),
    /// Whether retransmissions are folded into a held original.
    Fold(bool),
    /// Changes settings of the hosts.
    #[serde(alias = "turn")]
    Set(LessonSettings),

    /// Starts one of the laboratory's servers.
    Start(ServerKind),
    /// Stops one of the laboratory's servers.
    Stop(ServerKind),
    /// Changes how one of the laboratory's servers serves its clients.
    Switch {
        /// Which server.
        server: ServerKind,
        /// Its service model from now on.
        model: ServiceModel,
    },
    /// Spawns clients of the laboratory, named `c1`, `c2`, … in the order in which they are made.
    Spawn {
        /// How many.
        #[serde(default = "one")]
        count: u32,
        /// Whether they stay connected or leave after one message.
        #[serde(default)]
        plan: ClientPlan,
        /// Which server they connect to.
        server: ServerKind,
    },
    /// Ends one of these clients.
    End {
        /// The number of the client, from 1.
        client: u32,
        /// By a FIN, a RST, or with its sending side only.
        how: CloseHow,
    },
    /// Closes all of these clients.
    CloseAll,

    /// Does nothing for so many milliseconds; at most ten minutes.
    Wait(WaitTime),
    /// Runs a program on a host.
    Run {
        /// On this host.
        host: HostId,
        /// The program and its arguments.
        argv: Vec<String>,
    },
}

/// The fields of [`Act::Listen`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenAct {
    /// Its name from now on.
    pub socket: SocketName,
    /// On which host.
    #[serde(default = "on_server")]
    pub host: HostId,
    /// On which port; with 0 the kernel chooses.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The backlog.
    #[serde(default = "default_backlog")]
    pub backlog: u32,
    /// `SO_REUSEADDR`.
    #[serde(default)]
    pub reuse: bool,
    /// `SO_RCVBUF`, in bytes; accepted connections inherit it.
    pub receive_buffer: Option<u32>,
    /// Options that are set before `bind`; accepted connections inherit most of them.
    #[serde(default)]
    pub options: SocketOptions,
}

/// The fields of [`Act::Connect`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectAct {
    /// Its name from now on.
    pub socket: SocketName,
    /// From which host.
    #[serde(default = "on_client")]
    pub host: HostId,
    /// From which port; by default the kernel chooses.
    pub from: Option<u16>,
    /// To which listening socket of the lesson; either this or `port`.
    pub to: Option<SocketName>,
    /// To which port of the other host.
    pub port: Option<u16>,
    /// To that port of its own host instead; its packets do not cross the wire.
    #[serde(default)]
    pub itself: bool,
    /// `TCP_NODELAY`.
    #[serde(default)]
    pub no_delay: bool,
    /// `SO_REUSEADDR`.
    #[serde(default)]
    pub reuse: bool,
    /// Options that are set before `connect`.
    #[serde(default)]
    pub options: SocketOptions,
}

/// The fields of [`Act::Datagram`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatagramAct {
    /// Its name from now on.
    pub socket: SocketName,
    /// On which host.
    pub host: HostId,
    /// The port that it is bound to.
    pub port: Option<u16>,
    /// The port of the other host that it is connected to with `connect`.
    pub connect: Option<u16>,
}

/// The fields of [`Act::Send`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendAct {
    /// From which socket.
    pub socket: SocketName,
    /// This text; either this or `bytes`.
    pub text: Option<String>,
    /// This many bytes of filler.
    pub bytes: Option<usize>,
    /// With `sendto`, to this port of the other host.
    pub to: Option<u16>,
    /// With `MSG_OOB`: the last byte is urgent (RFC 6093).
    #[serde(default)]
    pub urgent: bool,
    /// The program sends as soon as the call in which it is blocked returns; the lesson goes on meanwhile.
    #[serde(default)]
    pub ahead: bool,
}

/// How the wire treats packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeName {
    /// Each packet is held.
    Step,
    /// Each packet takes some time.
    Slow,
    /// Each packet crosses at once.
    Live,
}

impl ListenAct {
    /// The options that it sets, however the file says so.
    pub(super) fn all_options(&self) -> SocketOptions {
        SocketOptions {
            reuse: self.options.reuse.or(self.reuse.then_some(true)),
            receive_buffer: self.options.receive_buffer.or(self.receive_buffer),
            ..self.options
        }
    }
}

impl ConnectAct {
    /// The options that it sets, however the file says so.
    pub(super) fn all_options(&self) -> SocketOptions {
        SocketOptions {
            reuse: self.options.reuse.or(self.reuse.then_some(true)),
            no_delay: self.options.no_delay.or(self.no_delay.then_some(true)),
            ..self.options
        }
    }
}

const fn on_server() -> HostId {
    HostId::Server
}

const fn on_client() -> HostId {
    HostId::Client
}

const fn default_port() -> u16 {
    65432
}

const fn default_backlog() -> u32 {
    8
}

const fn default_buffer() -> usize {
    4096
}

const fn default_hop() -> u64 {
    500
}

const fn one() -> u32 {
    1
}
