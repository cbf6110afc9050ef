//! Which sockets are wanted.

use std::collections::BTreeSet;

use crate::domain::Flow;

/// Which sockets of the machine are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those with one of these ports on either side. On Linux the kernel does the choosing.
    Ports(BTreeSet<u16>),
    /// Every TCP and UDP socket.
    All,
}

impl Scope {
    /// The sockets with one of these ports.
    pub fn ports(ports: impl IntoIterator<Item = u16>) -> Self {
        Self::Ports(ports.into_iter().collect())
    }

    /// Whether a socket with these addresses is wanted.
    pub fn has(&self, flow: &Flow) -> bool {
        match self {
            Self::All => true,
            Self::Ports(ports) => {
                ports.contains(&flow.local.port()) || flow.peer.is_some_and(|peer| ports.contains(&peer.port()))
            }
        }
    }
}
