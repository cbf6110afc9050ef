//! One question to one port, and what came of it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{SockRef, Socket};

use super::{tcp, udp};
use crate::domain::verdict::{IcmpError, ProbeAddresses, ProbeOutcome, judge};
use crate::domain::{Errno, PortReport, Proto, Reason};
use crate::lab::host::Host;

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

/// Asks the port at `addr` of a host that was asked for as `asked`, for at most so long.
pub(in crate::lab) async fn ask(
    host: &dyn Host,
    asked: &str,
    addr: SocketAddr,
    proto: Proto,
    timeout: Duration,
) -> PortReport {
    let begun = Instant::now();
    let ProbeObservation { observed, icmp, ours, sent } = match proto {
        Proto::Tcp => tcp::ask(host, addr, timeout).await,
        Proto::Udp => udp::ask(host, addr, timeout).await,
    };
    let took = begun.elapsed();
    let (verdict, reason) = judge(proto, observed, icmp, ProbeAddresses { ours, theirs: addr.ip() });
    let errno = match observed {
        ProbeOutcome::Failed(errno) => Some(errno),
        ProbeOutcome::Connected | ProbeOutcome::Answered | ProbeOutcome::Silent => None,
    };
    // A question that nobody on the link was there for waited here and never left.
    let sent = sent.filter(|_| reason != Reason::NoNeighbour);
    PortReport {
        host: asked.to_owned(),
        address: addr.ip(),
        port: addr.port(),
        proto,
        verdict,
        reason,
        took,
        sent,
        errno,
        icmp,
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
