//! Where clients go when it is not to the servers here: as the events left it.

use std::net::{IpAddr, SocketAddr};

use crate::domain::{Goal, GoalChange, GoalEvent, PortReport, Unresolved};

/// How far the way to a goal is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
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

/// A goal, and what was found out about it.
#[derive(Debug, Clone)]
pub struct Aim {
    /// The goal.
    pub goal: Goal,
    /// Its addresses, in the order in which they are tried.
    pub addresses: Vec<IpAddr>,
    /// What came of trying them.
    pub tried: Vec<PortReport>,
    /// How far the way there is known.
    pub way: Way,
}

impl Aim {
    /// How many addresses of one name are remembered.
    const KEPT: usize = 64;

    /// Where a client goes who would go to `port` here; `None` while that is not known.
    pub fn at(&self, port: u16) -> Option<SocketAddr> {
        match self.way {
            Way::At { addr, .. } => Some(self.goal.at(addr, port)),
            Way::Looking | Way::Lost(_) => None,
        }
    }

    /// Folds an event into what is known of the present goal, which may be none.
    pub(super) fn apply(present: &mut Option<Self>, event: &GoalEvent) {
        match (&event.change, &mut *present) {
            (GoalChange::Set, _) => {
                let goal = event.goal.clone();
                *present = Some(Self { goal, addresses: vec![], tried: vec![], way: Way::Looking });
            }
            (GoalChange::Dropped, _) => *present = None,
            (change, Some(aim)) if aim.goal == event.goal => aim.learn(change),
            _ => {}
        }
    }

    fn learn(&mut self, change: &GoalChange) {
        match change {
            GoalChange::Set | GoalChange::Dropped => {}
            GoalChange::Found { addresses, .. } => {
                self.addresses = addresses.iter().take(Self::KEPT).copied().collect();
            }
            GoalChange::Lost { why } => self.way = Way::Lost(*why),
            GoalChange::Tried { report } if self.tried.len() < Self::KEPT => self.tried.push(report.clone()),
            GoalChange::Tried { .. } => {}
            GoalChange::Chosen { addr, answers } => self.way = Way::At { addr: *addr, answers: *answers },
        }
    }
}
