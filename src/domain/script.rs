//! A socket played from a script: which call is made next, and on which socket. What no ordinary client or server does
//! (closing first, opening from both sides, never reading) is written down as a list of these.

use std::net::SocketAddr;

use super::id::SocketId;

/// One entry of a script: a call, or the few that always go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketOp {
    /// The socket. One that does not exist yet is made.
    pub socket: SocketId,
    /// What is done with it.
    pub call: ScriptedCall,
}

/// What is done with a scripted socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptedCall {
    /// `socket`, `bind`, `listen`. The socket id is a server's.
    Listen {
        /// What the server is called.
        name: String,
        /// Where it listens.
        addr: SocketAddr,
        /// The backlog.
        backlog: u32,
        /// Set before `bind`.
        options: SocketOptions,
    },
    /// `socket`, `bind` where a local address is given, `connect`. Does not wait for the handshake.
    Connect {
        /// The other side.
        to: SocketAddr,
        /// The local address, when the kernel is not to choose it.
        from: Option<SocketAddr>,
        /// Set before `connect`.
        options: SocketOptions,
    },
    /// `accept`; waits for a connection.
    Accept {
        /// The listening socket.
        from: SocketId,
        /// Acknowledgements are delayed from the first on, as the kernel would do in a dialogue: `TCP_QUICKACK` off.
        delay_acks: bool,
    },
    /// A UDP socket: `socket`, `bind` and `connect` as far as addresses are given.
    Datagram {
        /// The local address, when the kernel is not to choose it.
        bind: Option<SocketAddr>,
        /// The only peer it talks to, if it is to have one.
        connect: Option<SocketAddr>,
        /// Any address of the family it is to have.
        family: SocketAddr,
    },
    /// `send`, once; waits until the kernel takes something.
    Send(Vec<u8>),
    /// `sendto`.
    SendTo(Vec<u8>, SocketAddr),
    /// `recv`, once, of at most this many bytes; waits until there is something, or the end.
    Recv(usize),
    /// `recvfrom`; waits for a datagram.
    RecvFrom,
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
