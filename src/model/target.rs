//! The clients' target, folded from its events.

use std::net::{IpAddr, SocketAddr};

use crate::domain::{PortReport, TargetChange, TargetEvent, TargetHost, Unresolved};

/// How far a target is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetResolution {
    /// It is being resolved, or its addresses are being tried.
    Looking,
    /// Its name could not be resolved.
    Lost(Unresolved),
    /// Clients go to this address; port 0 where each takes the port of a server here.
    At {
        /// The address.
        addr: SocketAddr,
        /// It answered when it was tried.
        answers: bool,
    },
}

/// A target, and the results of resolving and trying it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name and port.
    pub host: TargetHost,
    /// Its addresses, in the order in which they are tried.
    pub addresses: Vec<IpAddr>,
    /// The results of trying them.
    pub tried: Vec<PortReport>,
    /// How far it is resolved.
    pub resolution: TargetResolution,
}

impl Target {
    /// How many addresses of one name are remembered.
    const KEPT: usize = 64;

    /// The destination of a client that would connect to `port` here; `None` while it is not known.
    pub fn at(&self, port: u16) -> Option<SocketAddr> {
        match self.resolution {
            TargetResolution::At { addr, .. } => Some(self.host.at(addr, port)),
            TargetResolution::Looking | TargetResolution::Lost(_) => None,
        }
    }

    /// Folds an event into the present target, if there is one.
    pub(super) fn apply(present: &mut Option<Self>, event: &TargetEvent) {
        match (&event.change, &mut *present) {
            (TargetChange::Set, _) => {
                let host = event.target.clone();
                *present = Some(Self { host, addresses: vec![], tried: vec![], resolution: TargetResolution::Looking });
            }
            (TargetChange::Dropped, _) => *present = None,
            (change, Some(target)) if target.host == event.target => target.learn(change),
            _ => {}
        }
    }

    fn learn(&mut self, change: &TargetChange) {
        match change {
            TargetChange::Set | TargetChange::Dropped => {}
            TargetChange::Found { addresses, .. } => {
                self.addresses = addresses.iter().take(Self::KEPT).copied().collect();
            }
            TargetChange::Lost { why } => self.resolution = TargetResolution::Lost(*why),
            TargetChange::Tried { report } if self.tried.len() < Self::KEPT => self.tried.push(report.clone()),
            TargetChange::Tried { .. } => {}
            TargetChange::Chosen { addr, answers } => {
                self.resolution = TargetResolution::At { addr: *addr, answers: *answers }
            }
        }
    }
}
