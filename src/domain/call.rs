//! A system call that our own code made, with its arguments and its result.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::excerpt::Excerpt;
use super::flow::{Flow, Proto};
use super::id::SocketId;
use super::stamp::Stamp;
use super::text_enum::{UnknownText, serde_as_text, text_enum};

text_enum! {
    /// The calls of section 2 of the manual that a first networks course teaches.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[expect(missing_docs, reason = "each is the man page of the same name, section 2")]
    pub enum Syscall {
        Socket = "socket",
        Setsockopt = "setsockopt",
        Bind = "bind",
        Listen = "listen",
        Accept = "accept",
        Connect = "connect",
        Send = "send",
        Recv = "recv",
        Sendto = "sendto",
        Recvfrom = "recvfrom",
        Shutdown = "shutdown",
        Close = "close",
    }
}

/// One call and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The socket it was made on.
    pub socket: SocketId,
    /// Which call.
    pub call: Syscall,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Args::is_none")]
    pub args: Args,
    /// Its result.
    pub result: Outcome,
    /// For `accept`: the new socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_socket: Option<SocketId>,
    /// The protocol and addresses of the socket once the call returned, as far as they were known. For `accept`, of the
    /// new socket; for `sendto` and `recvfrom`, with the datagram's other side.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// For the calls that move data: the data.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Excerpt>,
    /// How long it took in microseconds, where that was measured. The event's time is that of its entry for a call whose
    /// effects others notice (`listen`, `connect`, `send`, `sendto`, `shutdown`, `close`), and of its return for one that
    /// waits for others (`accept`, `recv`, `recvfrom`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
    /// Whether it was reported at its entry, as one that waits ([`PendingCall`](super::PendingCall)), and the event's time
    /// is that of its return, whichever call it is: its entry stands in the journal before what came of it. One that has
    /// effects, succeeded and waited for a moment only has the time of its entry, as usual.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waited: bool,
    /// For `close`: how many received bytes nobody had read. Then it sends a RST instead of a FIN (RFC 2525 §2.17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
    /// For a `recv` that returned no bytes: this side had shut the socket down. The peer has not closed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shut_down: bool,
    /// For several calls of this kind on this socket that came faster than they could be shown: how many. Then the data is
    /// the beginning of the first one's, and its length that of all.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
}

/// Several calls of one kind on one socket, in a row but for calls of other kinds that move data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// How many calls.
    pub count: u64,
    /// The time of the last one.
    #[serde(rename = "until_ms")]
    pub until: Stamp,
}

impl Call {
    /// A call that succeeded, without arguments, addresses or data.
    pub const fn new(socket: SocketId, call: Syscall) -> Self {
        Self {
            socket,
            call,
            args: Args::None,
            result: Outcome::Ok,
            new_socket: None,
            flow: None,
            data: None,
            took_us: None,
            waited: false,
            unread: None,
            shut_down: false,
            repeated: None,
        }
    }

    /// When it was entered and when it had returned, from the time of its event, as far as that is known.
    pub fn interval(&self, at: Stamp) -> [Stamp; 2] {
        let took = Duration::from_micros(self.took_us.unwrap_or(0));
        let is_of_return = self.waited || matches!(self.call, Syscall::Accept | Syscall::Recv | Syscall::Recvfrom);
        if is_of_return { [at.before(took), at] } else { [at, at.after(took)] }
    }

    /// How many calls this stands for.
    pub fn count(&self) -> u64 {
        self.repeated.map_or(1, |repeated| repeated.count)
    }

    /// Whether it only moved data: nothing began or ended with it, so it may be told together with others.
    pub fn is_transfer(&self) -> bool {
        let moves = matches!(self.call, Syscall::Send | Syscall::Recv | Syscall::Sendto | Syscall::Recvfrom);
        let ends = self.call == Syscall::Recv && self.data.as_ref().is_none_or(|data| data.len == 0);
        moves && self.result.is_ok() && self.data.is_some() && !ends
    }

    /// Whether it is a `recv` that found the end of the peer's data.
    pub fn is_end_of_data(&self) -> bool {
        self.call == Syscall::Recv && !self.shut_down && self.data.as_ref().is_some_and(|data| data.len == 0)
    }

    /// Counts another one like it, of so many bytes, made at `at`.
    pub fn repeat(&mut self, len: usize, at: Stamp) {
        self.repeated = Some(Repeated { count: self.count() + 1, until: at });
        self.took_us = None;
        if let Some(data) = &mut self.data {
            data.len = data.len.saturating_add(len);
        }
    }

    /// With these arguments.
    #[must_use]
    pub const fn with(mut self, args: Args) -> Self {
        self.args = args;
        self
    }

    /// On a socket that now has these addresses.
    #[must_use]
    pub const fn on(mut self, flow: Flow) -> Self {
        self.flow = Some(flow);
        self
    }

    /// Moving these bytes.
    #[must_use]
    pub fn carrying(mut self, bytes: &[u8]) -> Self {
        self.data = Some(Excerpt::of(bytes));
        self
    }

    /// With this result.
    #[must_use]
    pub fn returned<T>(mut self, result: &std::io::Result<T>) -> Self {
        self.result = result.as_ref().map_or_else(|error| Outcome::Failed(error.into()), |_| Outcome::Ok);
        self
    }
}

/// The arguments of a call, apart from the socket and the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Args {
    /// Nothing worth showing.
    #[default]
    None,
    /// `socket`: `SOCK_STREAM` for TCP, `SOCK_DGRAM` for UDP.
    Proto(Proto),
    /// `bind`, `connect`, `sendto`: an address.
    Addr(SocketAddr),
    /// `listen`: the backlog. `recv`: the size of the buffer.
    Number(u64),
    /// `shutdown`: which direction.
    Shut(Shut),
    /// `setsockopt`: which option.
    Option(SockOpt),
    /// `setsockopt`: which option, and its value.
    OptionValue(SockOpt, u32),
    /// `send`: as urgent data.
    Urgent,
}

impl Args {
    /// Whether there is nothing to show.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl fmt::Display for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Proto(Proto::Tcp) => f.write_str("SOCK_STREAM"),
            Self::Proto(Proto::Udp) => f.write_str("SOCK_DGRAM"),
            Self::Proto(Proto::Icmp) => f.write_str("SOCK_RAW"),
            Self::Addr(addr) => addr.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Shut(how) => how.fmt(f),
            Self::Option(option) => option.fmt(f),
            Self::OptionValue(option, value) => write!(f, "{option} {value}"),
            Self::Urgent => f.write_str(URGENT),
        }
    }
}

impl FromStr for Args {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        match text {
            "" => return Ok(Self::None),
            "SOCK_STREAM" => return Ok(Self::Proto(Proto::Tcp)),
            "SOCK_DGRAM" => return Ok(Self::Proto(Proto::Udp)),
            "SOCK_RAW" => return Ok(Self::Proto(Proto::Icmp)),
            URGENT => return Ok(Self::Urgent),
            _ => {}
        }
        let number = || text.parse().map(Self::Number).ok();
        let addr = || text.parse().map(Self::Addr).ok();
        let shut = || text.parse().map(Self::Shut).ok();
        let option = || text.parse().map(Self::Option).ok();
        let option_value = || {
            let (option, value) = text.split_once(' ')?;
            Some(Self::OptionValue(option.parse().ok()?, value.parse().ok()?))
        };
        number()
            .or_else(addr)
            .or_else(shut)
            .or_else(option)
            .or_else(option_value)
            .ok_or_else(|| UnknownText { what: "Args", text: text.into() })
    }
}

serde_as_text!(Args);

/// The flag of urgent data (`send(2)`).
const URGENT: &str = "MSG_OOB";

text_enum! {
    /// The `how` of `shutdown(2)`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Shut {
        /// No more receiving.
        Read = "SHUT_RD",
        /// No more sending: the half-close, which sends a FIN.
        Write = "SHUT_WR",
        /// Neither.
        Both = "SHUT_RDWR",
    }
}

text_enum! {
    /// Socket options that change what a class sees.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum SockOpt {
        /// `SO_REUSEADDR`: `bind` succeeds although connections of an earlier run are in TIME_WAIT.
        ReuseAddr = "SO_REUSEADDR",
        /// `SO_LINGER` with a timeout of zero: `close` sends RST instead of FIN.
        LingerZero = "SO_LINGER 0",
        /// `TCP_NODELAY`: send small segments at once (no Nagle).
        NoDelay = "TCP_NODELAY",
        /// `TCP_NODELAY` off: small segments wait while data is unacknowledged (Nagle).
        Delay = "TCP_NODELAY 0",
        /// `SO_RCVBUF`: a smaller receive buffer, and so a smaller window.
        ReceiveBuffer = "SO_RCVBUF",
        /// `SO_SNDBUF`: how much may be sent and not yet acknowledged.
        SendBuffer = "SO_SNDBUF",
        /// `TCP_QUICKACK` off: acknowledgements are delayed, so that data can carry them.
        DelayAcks = "TCP_QUICKACK 0",
        /// `IP_RECVERR`: ICMP errors fail the calls of a socket without a peer, too.
        ReceiveErrors = "IP_RECVERR",
        /// The same for IPv6.
        ReceiveErrorsV6 = "IPV6_RECVERR",
        /// `IP_BIND_ADDRESS_NO_PORT`: `bind` fixes the address only; `connect` chooses the port.
        BindNoPort = "IP_BIND_ADDRESS_NO_PORT",
        /// `SO_LINGER`: how many seconds `close` may wait until the data is acknowledged.
        Linger = "SO_LINGER",
        /// `SO_KEEPALIVE`: a connection on which nothing is said is probed.
        KeepAlive = "SO_KEEPALIVE",
        /// `TCP_KEEPIDLE`: after how many seconds of silence the first probe is sent.
        KeepIdle = "TCP_KEEPIDLE",
        /// `TCP_KEEPINTVL`: the seconds between two probes.
        KeepInterval = "TCP_KEEPINTVL",
        /// `TCP_KEEPCNT`: after how many probes without an answer the connection is given up.
        KeepCount = "TCP_KEEPCNT",
        /// `TCP_USER_TIMEOUT`: how many milliseconds data may stay unacknowledged (RFC 5482).
        UserTimeout = "TCP_USER_TIMEOUT",
        /// `TCP_MAXSEG`: the largest segment, in bytes.
        MaxSegment = "TCP_MAXSEG",
        /// `TCP_CORK`: small segments wait until it is taken off.
        Cork = "TCP_CORK",
        /// `IP_TOS`: the type-of-service byte of the IP header.
        Tos = "IP_TOS",
        /// `TCP_FASTOPEN` on a listener: how many connections may have data before their handshake is over (RFC 7413).
        FastOpen = "TCP_FASTOPEN",
        /// `TCP_FASTOPEN_CONNECT`: with a cookie, `connect` leaves the SYN to the first `send`.
        FastOpenConnect = "TCP_FASTOPEN_CONNECT",
    }
}

/// Whether a call succeeded, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It succeeded.
    Ok,
    /// It returned −1 with this errno.
    Failed(Errno),
    /// It had not returned when its caller's patience was over, and was given up: what Python calls a timeout.
    TimedOut,
}

impl Outcome {
    /// Whether the call succeeded.
    pub const fn is_ok(self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Why it failed, if it did.
    pub const fn errno(self) -> Option<Errno> {
        match self {
            Self::Ok | Self::TimedOut => None,
            Self::Failed(errno) => Some(errno),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.pad("ok"),
            Self::TimedOut => f.pad("timed out"),
            Self::Failed(errno) => errno.fmt(f),
        }
    }
}

impl FromStr for Outcome {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        match text {
            "ok" => Ok(Self::Ok),
            "timed out" => Ok(Self::TimedOut),
            errno => errno.parse().map(Self::Failed),
        }
    }
}

serde_as_text!(Outcome);
