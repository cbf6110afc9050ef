//! One question to one port, and what came of it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::observation::ProbeObservation;
use super::{tcp, udp};
use crate::domain::verdict::{ProbeAddresses, ProbeOutcome, judge};
use crate::domain::{PortReport, Proto, Reason};
use crate::lab::host::Host;

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
    let sent = if reason == Reason::NoNeighbour { None } else { sent };
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
