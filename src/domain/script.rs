//! Scripted sockets: a list of calls to make, and on which socket. Lessons use them for what no ordinary client or server
//! does: closing first, opening from both sides, never reading.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::call::{Args, Shut, SockOpt};
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
        /// Set on the new socket.
        options: SocketOptions,
    },
    /// `setsockopt` on an open socket.
    Set(SocketOptions),
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
    /// The same with `MSG_OOB`: its last byte is urgent.
    SendUrgent(Vec<u8>),
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
    /// `shutdown`.
    Shutdown(Shut),
    /// `close`.
    Close,
    /// `close` with `SO_LINGER` 0: a RST instead of a FIN.
    Reset,
}

/// Options of a socket (`socket(7)`, `tcp(7)`). One left out stays as the kernel has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SocketOptions {
    /// `SO_REUSEADDR`.
    pub reuse: Option<bool>,
    /// `TCP_NODELAY`: small segments are sent at once.
    pub no_delay: Option<bool>,
    /// `TCP_CORK`: small segments wait, up to 200 ms, until it is taken off.
    pub cork: Option<bool>,
    /// Delays acknowledgements from the next one on: turns `TCP_QUICKACK` off.
    pub delay_acks: Option<bool>,
    /// `SO_RCVBUF`, in bytes; the kernel doubles it for its own use. Accepted connections inherit it.
    pub receive_buffer: Option<u32>,
    /// `SO_SNDBUF`, in bytes; the kernel doubles it for its own use.
    pub send_buffer: Option<u32>,
    /// `TCP_MAXSEG`: the largest segment, in bytes. Before the handshake it is the MSS that is offered, too.
    pub max_segment: Option<u16>,
    /// `SO_KEEPALIVE`: a connection on which nothing is said is probed.
    pub keep_alive: Option<KeepAlive>,
    /// `TCP_USER_TIMEOUT`: how long data may stay unacknowledged before the connection is given up, in milliseconds.
    pub user_timeout_ms: Option<u32>,
    /// `SO_LINGER`: how long `close` may wait until the data is acknowledged, in seconds, 10 at most; with 0 it sends a RST.
    #[serde(deserialize_with = "linger")]
    pub linger_s: Option<u16>,
    /// `IP_TOS`: the type-of-service byte of the IP header.
    pub tos: Option<u8>,
    /// TCP Fast Open (RFC 7413). On a listener, `TCP_FASTOPEN`: it takes data from a SYN with a cookie. Before `connect`,
    /// `TCP_FASTOPEN_CONNECT`: the SYN asks for a cookie, or, if there is one, is left to the first `send`.
    pub fast_open: Option<bool>,
}

/// The end of the program waits for it, too.
fn linger<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
    const MOST: u16 = 10;
    match Option::deserialize(from)? {
        Some(seconds) if seconds > MOST => Err(D::Error::custom(format!("{seconds} s are more than {MOST}"))),
        seconds => Ok(seconds),
    }
}

/// When a silent connection is probed, and when it is given up (`tcp(7)`). What is left out is the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeepAlive {
    /// `TCP_KEEPIDLE`: after how many seconds of silence the first probe is sent.
    pub idle_s: Option<u16>,
    /// `TCP_KEEPINTVL`: the seconds between two probes.
    pub interval_s: Option<u16>,
    /// `TCP_KEEPCNT`: after how many probes without an answer the connection is given up.
    pub count: Option<u8>,
}

/// One call of `setsockopt`: the option and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionCall {
    /// The option.
    pub option: SockOpt,
    /// Its value; 1 and 0 for on and off.
    pub value: u32,
}

impl OptionCall {
    /// The arguments as they are told. A switch that is turned on needs no value.
    pub const fn args(self) -> Args {
        match (self.option, self.value) {
            (SockOpt::NoDelay, 0) => Args::Option(SockOpt::Delay),
            (SockOpt::DelayAcks, _) => Args::Option(SockOpt::DelayAcks),
            (SockOpt::Linger, 0) => Args::Option(SockOpt::LingerZero),
            (option @ (SockOpt::ReuseAddr | SockOpt::NoDelay | SockOpt::KeepAlive | SockOpt::FastOpenConnect), 1) => {
                Args::Option(option)
            }
            (option, value) => Args::OptionValue(option, value),
        }
    }
}

impl SocketOptions {
    /// How many connections may have data before their handshake is over, on a listener with Fast Open.
    const FAST_OPEN_QUEUE: u32 = 16;

    /// The calls that set them, in this order, on a socket that listens or on another.
    pub fn calls(&self, listens: bool) -> Vec<OptionCall> {
        let Self {
            reuse,
            no_delay,
            cork,
            delay_acks,
            receive_buffer,
            send_buffer,
            max_segment,
            keep_alive,
            user_timeout_ms,
            linger_s,
            tos,
            fast_open,
        } = *self;
        let alive = keep_alive.unwrap_or_default();
        let fast_open = match (fast_open, listens) {
            (Some(true), true) => Some((SockOpt::FastOpen, Self::FAST_OPEN_QUEUE)),
            (Some(false), true) => Some((SockOpt::FastOpen, 0)),
            (on, _) => on.map(|on| (SockOpt::FastOpenConnect, on.into())),
        };
        let calls = [
            reuse.map(|on| (SockOpt::ReuseAddr, on.into())),
            no_delay.map(|on| (SockOpt::NoDelay, on.into())),
            receive_buffer.map(|bytes| (SockOpt::ReceiveBuffer, bytes)),
            send_buffer.map(|bytes| (SockOpt::SendBuffer, bytes)),
            max_segment.map(|bytes| (SockOpt::MaxSegment, bytes.into())),
            keep_alive.map(|_| (SockOpt::KeepAlive, 1)),
            alive.idle_s.map(|seconds| (SockOpt::KeepIdle, seconds.into())),
            alive.interval_s.map(|seconds| (SockOpt::KeepInterval, seconds.into())),
            alive.count.map(|count| (SockOpt::KeepCount, count.into())),
            user_timeout_ms.map(|ms| (SockOpt::UserTimeout, ms)),
            linger_s.map(|seconds| (SockOpt::Linger, seconds.into())),
            tos.map(|tos| (SockOpt::Tos, tos.into())),
            fast_open,
            delay_acks.filter(|on| *on).map(|_| (SockOpt::DelayAcks, 0)),
            cork.map(|on| (SockOpt::Cork, on.into())),
        ];
        calls.into_iter().flatten().map(|(option, value)| OptionCall { option, value }).collect()
    }
}
