//! One probe of one port, and its verdict.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::observation::ProbeObservation;
use super::{tcp, udp};
use crate::domain::verdict::{ProbeAddresses, ProbeOutcome, judge};
use crate::domain::{PortReport, Proto, Reason};
use crate::lab::host::Host;

/// Probes the port at `addr`, an address of the host that the user called `name`.
pub(in crate::lab) async fn probe(
    host: &dyn Host,
    name: &str,
    addr: SocketAddr,
    proto: Proto,
    timeout: Duration,
) -> PortReport {
    let started = Instant::now();
    let ProbeObservation { observed, icmp, ours, sent } = match proto {
        Proto::Tcp => tcp::probe(host, addr, timeout).await,
        Proto::Udp | Proto::Icmp => udp::probe(host, addr, timeout).await,
    };
    let took = started.elapsed();
    let (verdict, reason) = judge(proto, observed, icmp, ProbeAddresses { ours, theirs: addr.ip() });
    let errno = match observed {
        ProbeOutcome::Failed(errno) => Some(errno),
        ProbeOutcome::Connected | ProbeOutcome::Answered | ProbeOutcome::Silent => None,
    };
    // Without a link-layer address the probe was queued here and never sent.
    let sent = if reason == Reason::NoNeighbour { None } else { sent };
    let (host, address, port) = (name.to_owned(), addr.ip(), addr.port());
    PortReport { host, address, port, proto, verdict, reason, took, sent, errno, icmp }
}
