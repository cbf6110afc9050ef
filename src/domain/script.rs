//! Scripted sockets: a list of calls to make, and on which socket. Lessons use them for what no ordinary client or server
//! does: closing first, opening from both sides, never reading.

use std::net::SocketAddr;
use std::time::Duration;

use super::id::SocketId;

/// One entry of a script: a call, or the few that always go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketOp {
    /// The socket; created if it does not exist yet.
    pub socket: SocketId,
    /// The call to make.
    pub call: ScriptedCall,
}

/// A call on a scripted socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptedCall {
    /// `socket`, `bind`, `listen`. The socket id is a server's.
    Listen {
        name: String,
        addr: SocketAddr,
        backlog: u32,
        /// Set before `bind`.
        options: SocketOptions,
    },
    /// `socket`, `bind` where a local address is given, `connect`. Does not wait for the handshake.
    Connect {
        to: SocketAddr,
        /// The local address; the kernel chooses one otherwise.
        from: Option<SocketAddr>,
        /// Set before `connect`.
        options: SocketOptions,
    },
    /// `accept`; waits for a connection.
    Accept {
        from: SocketId,
        /// Delay acknowledgements from the first, as the kernel does in an interactive connection: `TCP_QUICKACK` off.
        delay_acks: bool,
    },
    /// A UDP socket: `socket`, `bind` and `connect` as far as addresses are given.
    Datagram {
        /// The local address; the kernel chooses one otherwise.
        bind: Option<SocketAddr>,
        /// Its only peer, if it is to have one.
        connect: Option<SocketAddr>,
        /// Any address of its family.
        family: SocketAddr,
    },
    /// `send`, once; waits until the kernel accepts some of the data.
    Send(Vec<u8>),
    /// `sendto`.
    SendTo(Vec<u8>, SocketAddr),
    /// `recv`, once; waits for data or the end of the stream.
    Recv {
        /// The size of the buffer.
        most: usize,
        /// How long to wait; without it, for ever.
        patience: Option<Duration>,
    },
    /// `setsockopt(IP_RECVERR)`: ICMP errors about its datagrams fail its calls, though it has no peer (`ip(7)`, Linux).
    ReceiveErrors,
    /// `recvfrom`; waits for a datagram.
    RecvFrom {
        /// How long to wait; without it, for ever.
        patience: Option<Duration>,
    },
    /// `shutdown(SHUT_WR)`.
    ShutdownWrite,
    /// `close`.
    Close,
    /// `close` with `SO_LINGER` 0: a RST instead of a FIN.
    Reset,
}

/// Options that are set on a scripted socket before its first real call (`socket(7)`, `tcp(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SocketOptions {
    /// `SO_REUSEADDR`.
    pub reuse_addr: bool,
    /// `TCP_NODELAY`.
    pub no_delay: bool,
    /// `SO_RCVBUF`, in bytes; the kernel doubles it for its own use.
    pub receive_buffer: Option<u32>,
}
