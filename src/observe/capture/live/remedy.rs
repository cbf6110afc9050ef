//! Needs of a capture that are not met, and what helps.

use std::io;

use rustix::thread::CapabilitySet;

use crate::domain::need::{Lack, Need, Remedy};

/// The failure of `need` with `error`, and the remedy on this machine.
pub(super) fn lack(need: Need, error: &io::Error) -> Lack {
    let remedy = match need {
        Need::Interface => Remedy::OtherInterface,
        Need::PacketSocket if error.kind() == io::ErrorKind::PermissionDenied => {
            // A capability that is not in the bounding set cannot be granted by any program file (`capabilities(7)`).
            match rustix::thread::capability_is_in_bounding_set(CapabilitySet::NET_RAW) {
                Ok(false) => Remedy::BoundingSet,
                Ok(true) | Err(_) => Remedy::FileCapability,
            }
        }
        _ => Remedy::Unknown,
    };
    Lack { need, errno: error.into(), remedy }
}
