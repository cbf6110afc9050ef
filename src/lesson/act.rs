//! What a step can do: with sockets of the lesson's own, on the wire, with the laboratory, with programs.

use serde::Deserialize;
use toml::Spanned;

use super::file::LessonSettings;
use super::matcher::PacketMatch;
use crate::domain::{ClientPlan, CloseHow, HostId, ServerKind, ServiceModel};

/// A socket's name in a file, and where it stands there.
pub type Name = Spanned<String>;

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A socket listens: `socket`, `bind`, `listen`.
    Listen(Listen),
    /// A socket connects: `socket`, perhaps `bind`, `connect`. The handshake is not waited for.
    Connect(Connect),
    /// A connection is accepted and gets a name.
    Accept(Accept),
    /// A UDP socket is made.
    Datagram(Datagram),
    /// Something is sent.
    Send(Send),
    /// Something is received: waits for it.
    Recv(Recv),
    /// `shutdown(SHUT_WR)` of this socket.
    Shutdown(Name),
    /// `close` of this socket.
    Close(Close),
    /// `close` with a RST of this socket.
    Reset(Name),

    /// The packet that was held longest is delivered.
    Next,
    /// A held packet is delivered. It is waited for, as in all that name a packet.
    Deliver(PacketMatch),
    /// A held packet is lost.
    Drop(PacketMatch),
    /// A held packet is delivered and a copy of it stays.
    Duplicate(PacketMatch),
    /// A held packet changes places with the one behind it.
    Swap(PacketMatch),
    /// One bit of a held packet is turned over.
    Corrupt(PacketMatch),
    /// A held packet is delivered after a time.
    Delay(Delay),
    /// Packets are treated like this from now on.
    Mode(SetMode),
    /// The wire is cut or mended.
    Cut(Cut),
    /// So many packets in a hundred are lost.
    Loss(SetLoss),
    /// Whether retransmissions are folded into a held original.
    Fold(bool),
    /// Settings of the hosts are changed.
    #[serde(alias = "turn")]
    Set(LessonSettings),

    /// One of the laboratory's servers is started.
    Start(ServerKind),
    /// One of them is stopped.
    Stop(ServerKind),
    /// One of them serves by another model from now on.
    Switch(Switch),
    /// Clients of the laboratory are made; they are called `c1`, `c2`, … in the order they come.
    Spawn(Spawn),
    /// One of them is ended.
    End(EndClient),
    /// All of them are closed.
    CloseAll,

    /// A program is run on a host.
    Run(Run),
}

/// See [`Act::Listen`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// What it is called from now on.
    pub socket: Name,
    /// Where.
    #[serde(default = "on_server")]
    pub host: HostId,
    /// On which port; 0 is the kernel's choice.
    #[serde(default = "usual_port")]
    pub port: u16,
    /// The backlog.
    #[serde(default = "usual_backlog")]
    pub backlog: u32,
    /// `SO_REUSEADDR`.
    #[serde(default)]
    pub reuse: bool,
    /// `SO_RCVBUF`, in bytes: what it accepts inherits it.
    pub receive_buffer: Option<u32>,
}

/// See [`Act::Connect`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// What it is called from now on.
    pub socket: Name,
    /// From where.
    #[serde(default = "on_client")]
    pub host: HostId,
    /// From which port, when the kernel is not to choose.
    pub from: Option<u16>,
    /// To which listening socket, when it is one of the lesson's.
    pub to: Option<Name>,
    /// To which port of the other host, when it is not.
    pub port: Option<u16>,
    /// `TCP_NODELAY`.
    #[serde(default)]
    pub no_delay: bool,
    /// `SO_REUSEADDR`.
    #[serde(default)]
    pub reuse: bool,
}

/// See [`Act::Accept`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// What the connection is called from now on.
    pub socket: Name,
    /// The listening socket.
    pub from: Name,
    /// Acknowledgements are delayed from the first on: `TCP_QUICKACK` off.
    #[serde(default)]
    pub delay_acks: bool,
}

/// See [`Act::Datagram`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datagram {
    /// What it is called from now on.
    pub socket: Name,
    /// Where.
    pub host: HostId,
    /// Bound to this port.
    pub port: Option<u16>,
    /// `connect`ed to this port of the other host.
    pub connect: Option<u16>,
}

/// See [`Act::Send`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// By which socket.
    pub socket: Name,
    /// What.
    pub text: Option<String>,
    /// So many bytes of nothing in particular, when it is not a text.
    pub bytes: Option<usize>,
    /// To this port of the other host: `sendto`.
    pub to: Option<u16>,
}

/// See [`Act::Recv`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recv {
    /// By which socket.
    pub socket: Name,
    /// How many bytes at most.
    #[serde(default = "usual_buffer")]
    pub most: usize,
    /// The program waits in this call while the lesson goes on.
    #[serde(default)]
    pub ahead: bool,
}

/// See [`Act::Close`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// Which socket.
    pub socket: Name,
    /// It will be closed as soon as the call that the program waits in returns; the lesson goes on.
    #[serde(default)]
    pub ahead: bool,
}

/// See [`Act::Delay`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Which packet.
    pub packet: PacketMatch,
    /// How long, in milliseconds.
    pub ms: u64,
}

/// How packets are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeName {
    /// Each is held.
    Step,
    /// Each takes some time.
    Slow,
    /// Each crosses at once.
    Live,
}

/// See [`Act::Mode`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetMode {
    /// How.
    pub is: ModeName,
    /// Only those from this host.
    pub from: Option<HostId>,
    /// For `slow`: how long each takes, in milliseconds.
    #[serde(default = "usual_hop")]
    pub hop_ms: u64,
}

/// See [`Act::Cut`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Cut, or mended.
    pub on: bool,
    /// Only the direction from this host.
    pub from: Option<HostId>,
}

/// See [`Act::Loss`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLoss {
    /// How many in a hundred.
    pub percent: u8,
    /// Only those from this host.
    pub from: Option<HostId>,
}

/// See [`Act::Switch`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Which server.
    pub server: ServerKind,
    /// How it is to serve.
    pub model: ServiceModel,
}

/// See [`Act::Spawn`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spawn {
    /// How many.
    #[serde(default = "one")]
    pub count: u32,
    /// To do what.
    #[serde(default = "stay")]
    pub plan: ClientPlan,
    /// With which server.
    pub server: ServerKind,
}

/// See [`Act::End`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndClient {
    /// Which, from 1.
    pub client: u32,
    /// How.
    pub how: CloseHow,
}

/// See [`Act::Run`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Where.
    pub host: HostId,
    /// The program and its arguments.
    pub argv: Vec<String>,
}

const fn on_server() -> HostId {
    HostId::Server
}

const fn on_client() -> HostId {
    HostId::Client
}

const fn usual_port() -> u16 {
    65432
}

const fn usual_backlog() -> u32 {
    8
}

const fn usual_buffer() -> usize {
    4096
}

const fn usual_hop() -> u64 {
    500
}

const fn one() -> u32 {
    1
}

const fn stay() -> ClientPlan {
    ClientPlan::Stay
}
