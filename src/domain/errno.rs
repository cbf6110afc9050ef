//! The errors a class can meet, by the names that man pages give them.

use std::fmt;
use std::io;
use std::str::FromStr;

use super::text_enum::{UnknownText, named_variants, serde_as_text};

/// Why a call failed. Each named one has a text that explains it; see `errno(3)`.
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
    NoEntry,
    NoMem,
    NotConn,
    Perm,
    Pipe,
    TimedOut,
    /// Any other, by the platform's number.
    Other(i32),
}

named_variants!(Errno {
    Access = "EACCES",
    AddrInUse = "EADDRINUSE",
    AddrNotAvail = "EADDRNOTAVAIL",
    Again = "EAGAIN",
    ConnAborted = "ECONNABORTED",
    ConnRefused = "ECONNREFUSED",
    ConnReset = "ECONNRESET",
    HostUnreach = "EHOSTUNREACH",
    Interrupted = "EINTR",
    Invalid = "EINVAL",
    MessageSize = "EMSGSIZE",
    Mfile = "EMFILE",
    NetUnreach = "ENETUNREACH",
    Nfile = "ENFILE",
    NoBufs = "ENOBUFS",
    NoEntry = "ENOENT",
    NoMem = "ENOMEM",
    NotConn = "ENOTCONN",
    Perm = "EPERM",
    Pipe = "EPIPE",
    TimedOut = "ETIMEDOUT",
} others Self::Other(_));

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
            io::ErrorKind::NotFound => Self::NoEntry,
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
        match self {
            Self::Other(raw) => write!(f, "errno {raw}"),
            named => f.pad(named.name().unwrap_or_default()),
        }
    }
}

impl FromStr for Errno {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        let raw = || text.strip_prefix("errno ").and_then(|raw| raw.parse().ok()).map(Self::Other);
        Self::named(text).or_else(raw).ok_or_else(|| UnknownText { what: "Errno", text: text.into() })
    }
}

serde_as_text!(Errno);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errno_survives_being_written_and_read() {
        for errno in Errno::NAMED.iter().copied().chain([Errno::Other(0), Errno::Other(121)]) {
            assert_eq!(errno.to_string().parse(), Ok(errno));
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = std::process::Command::new("/no/such/program").spawn().unwrap_err();
        assert_eq!(Errno::from(error).to_string(), "ENOENT");
    }
}
