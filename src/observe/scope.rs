//! Which sockets to watch.

use std::collections::BTreeSet;

use crate::domain::Flow;

/// Which sockets of the machine to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those with one of these ports on either side. On Linux the kernel filters them.
    Ports(BTreeSet<u16>),
    /// Every TCP and UDP socket.
    All,
}

impl Scope {
    /// The sockets with one of these ports.
    pub fn ports(ports: impl IntoIterator<Item = u16>) -> Self {
        Self::Ports(ports.into_iter().collect())
    }

    /// Whether it includes a socket with these addresses.
    pub fn has(&self, flow: &Flow) -> bool {
        match self {
            Self::All => true,
            Self::Ports(ports) => {
                ports.contains(&flow.local.port()) || flow.peer.is_some_and(|peer| ports.contains(&peer.port()))
            }
        }
    }
}
