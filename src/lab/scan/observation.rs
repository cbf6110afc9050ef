//! What was observed of one port.

use std::io;
use std::net::IpAddr;

use crate::domain::Errno;
use crate::domain::verdict::{IcmpError, ProbeOutcome};

pub(super) struct ProbeObservation {
    pub(super) observed: ProbeOutcome,
    pub(super) icmp: Option<IcmpError>,
    /// The local address towards the host, if the kernel got as far as choosing one.
    pub(super) ours: Option<IpAddr>,
    /// How often the probe was sent, if known.
    pub(super) sent: Option<u32>,
}

impl ProbeObservation {
    /// A call failed before anything was sent.
    pub(super) fn failed(error: &io::Error) -> Self {
        Self { observed: ProbeOutcome::Failed(Errno::from(error)), icmp: None, ours: None, sent: None }
    }
}
