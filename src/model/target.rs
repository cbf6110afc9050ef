//! Where clients go when it is not to the servers here: as the events left it.

use std::net::{IpAddr, SocketAddr};

use crate::domain::{PortReport, TargetChange, TargetEvent, TargetHost, Unresolved};

/// How far the way to a target is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetResolution {
    /// Its addresses are being looked for, or tried.
    Looking,
    /// Its name leads nowhere.
    Lost(Unresolved),
    /// Clients go to this address; port 0 where each takes the port of a server here.
    At {
        /// The address.
        addr: SocketAddr,
        /// It answered when it was tried.
        answers: bool,
    },
}

/// A target, and what was found out about it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name and port.
    pub host: TargetHost,
    /// Its addresses, in the order in which they are tried.
    pub addresses: Vec<IpAddr>,
    /// What came of trying them.
    pub tried: Vec<PortReport>,
    /// How far the way there is known.
    pub resolution: TargetResolution,
}

impl Target {
    /// How many addresses of one name are remembered.
    const KEPT: usize = 64;

    /// Where a client goes who would go to `port` here; `None` while that is not known.
    pub fn at(&self, port: u16) -> Option<SocketAddr> {
        match self.resolution {
            TargetResolution::At { addr, .. } => Some(self.host.at(addr, port)),
            TargetResolution::Looking | TargetResolution::Lost(_) => None,
        }
    }

    /// Folds an event into what is known of the present target, which may be none.
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
