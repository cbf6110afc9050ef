//! What was seen of one port, and what the kernel keeps of a socket for it.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{SockRef, Socket};

use crate::domain::Errno;
use crate::domain::verdict::{IcmpError, ProbeOutcome};

/// What was seen of one port.
pub(super) struct ProbeObservation {
    pub(super) observed: ProbeOutcome,
    pub(super) icmp: Option<IcmpError>,
    /// Our own address towards the host, if the kernel got as far as choosing one.
    pub(super) ours: Option<IpAddr>,
    /// How often the question left, where that is known.
    pub(super) sent: Option<u32>,
}

impl ProbeObservation {
    /// A call failed before anything was asked.
    pub(super) fn failed(error: &io::Error) -> Self {
        Self { observed: ProbeOutcome::Failed(Errno::from(error)), icmp: None, ours: None, sent: None }
    }
}

/// Has the system keep what ICMP says of this socket's packets, where it can.
pub(super) fn keep_errors(socket: &Socket, to: SocketAddr) {
    #[cfg(target_os = "linux")]
    super::sys::keep_errors(std::os::fd::AsFd::as_fd(socket), to.is_ipv6());
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, to);
}

/// What ICMP said of this socket's packets, where the system keeps it.
pub(super) fn take_error(socket: &SockRef<'_>) -> Option<IcmpError> {
    #[cfg(target_os = "linux")]
    return super::sys::take_error(std::os::fd::AsFd::as_fd(&**socket));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket;
        None
    }
}

/// How many SYNs left this socket, where the system tells.
pub(super) fn syns(socket: &SockRef<'_>) -> Option<u32> {
    #[cfg(target_os = "linux")]
    return super::sys::syns(std::os::fd::AsFd::as_fd(&**socket));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket;
        None
    }
}
