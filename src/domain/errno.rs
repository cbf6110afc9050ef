//! The errors a class can meet, by the names that man pages give them.

use std::fmt;
use std::io;
use std::str::FromStr;

use super::text_enum::{UnknownText, serde_as_text};

/// A failed call's reason. The named ones each have a text that explains them; see `errno(3)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "errno(3) documents each; the names are its names")]
pub enum Errno {
    Access,
    AddrInUse,
    AddrNotAvail,
    Again,
    ConnAborted,
    ConnRefused,
    ConnReset,
    HostUnreach,
    Interrupted,
    Invalid,
    MessageSize,
    Mfile,
    NetUnreach,
    Nfile,
    NoBufs,
    NoMem,
    NotConn,
    Perm,
    Pipe,
    TimedOut,
    /// Any other, by the platform's number.
    Other(i32),
}

/// Name and, for those that `io::ErrorKind` does not tell apart, the number on (Linux, the BSDs and macOS).
const NAMES: [(Errno, &str); 20] = [
    (Errno::Access, "EACCES"),
    (Errno::AddrInUse, "EADDRINUSE"),
    (Errno::AddrNotAvail, "EADDRNOTAVAIL"),
    (Errno::Again, "EAGAIN"),
    (Errno::ConnAborted, "ECONNABORTED"),
    (Errno::ConnRefused, "ECONNREFUSED"),
    (Errno::ConnReset, "ECONNRESET"),
    (Errno::HostUnreach, "EHOSTUNREACH"),
    (Errno::Interrupted, "EINTR"),
    (Errno::Invalid, "EINVAL"),
    (Errno::MessageSize, "EMSGSIZE"),
    (Errno::Mfile, "EMFILE"),
    (Errno::NetUnreach, "ENETUNREACH"),
    (Errno::Nfile, "ENFILE"),
    (Errno::NoBufs, "ENOBUFS"),
    (Errno::NoMem, "ENOMEM"),
    (Errno::NotConn, "ENOTCONN"),
    (Errno::Perm, "EPERM"),
    (Errno::Pipe, "EPIPE"),
    (Errno::TimedOut, "ETIMEDOUT"),
];

impl Errno {
    /// Whether the process or the machine is out of descriptors, memory or buffers: waiting helps, retrying at once does not.
    pub const fn is_exhaustion(self) -> bool {
        matches!(self, Self::Mfile | Self::Nfile | Self::NoBufs | Self::NoMem)
    }
}

impl From<&io::Error> for Errno {
    fn from(error: &io::Error) -> Self {
        let raw = error.raw_os_error();
        // The numbers below are the same on Linux, the BSDs and macOS unless a target is named.
        #[cfg(unix)]
        match raw {
            Some(1) => return Self::Perm,
            Some(23) => return Self::Nfile,
            Some(24) => return Self::Mfile,
            Some(105) if cfg!(target_os = "linux") => return Self::NoBufs,
            Some(90) if cfg!(target_os = "linux") => return Self::MessageSize,
            Some(55) if cfg!(target_vendor = "apple") => return Self::NoBufs,
            Some(40) if cfg!(target_vendor = "apple") => return Self::MessageSize,
            _ => {}
        }
        #[cfg(windows)]
        match raw {
            Some(10024) => return Self::Mfile,
            Some(10040) => return Self::MessageSize,
            Some(10055) => return Self::NoBufs,
            _ => {}
        }
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Access,
            io::ErrorKind::AddrInUse => Self::AddrInUse,
            io::ErrorKind::AddrNotAvailable => Self::AddrNotAvail,
            io::ErrorKind::WouldBlock => Self::Again,
            io::ErrorKind::ConnectionAborted => Self::ConnAborted,
            io::ErrorKind::ConnectionRefused => Self::ConnRefused,
            io::ErrorKind::ConnectionReset => Self::ConnReset,
            io::ErrorKind::HostUnreachable => Self::HostUnreach,
            io::ErrorKind::Interrupted => Self::Interrupted,
            io::ErrorKind::InvalidInput => Self::Invalid,
            io::ErrorKind::NetworkUnreachable => Self::NetUnreach,
            io::ErrorKind::OutOfMemory => Self::NoMem,
            io::ErrorKind::NotConnected => Self::NotConn,
            io::ErrorKind::BrokenPipe => Self::Pipe,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Other(raw.unwrap_or(0)),
        }
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        Self::from(&error)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, NAMES.iter().find(|(errno, _)| errno == self)) {
            (Self::Other(raw), _) => write!(f, "errno {raw}"),
            (_, Some((_, name))) => f.pad(name),
            (_, None) => f.pad("errno 0"),
        }
    }
}

impl FromStr for Errno {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        if let Some((errno, _)) = NAMES.iter().find(|(_, name)| *name == text) {
            return Ok(*errno);
        }
        let raw = text.strip_prefix("errno ").and_then(|n| n.parse().ok());
        raw.map(Self::Other).ok_or_else(|| UnknownText { what: "Errno", text: text.into() })
    }
}

serde_as_text!(Errno);
