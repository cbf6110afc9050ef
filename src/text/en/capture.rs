//! English: what happens to the capture and to capture files.

use super::files::FILES;
use super::{plural, trouble};
use crate::domain::{CaptureEvent, CapturedInterface, InterfaceState};

pub(super) fn capture(event: &CaptureEvent) -> String {
    let packets = |count: u64| format!("{} {}", super::grouped(count), plural(count, "packet", "packets"));
    match event {
        CaptureEvent::Started { interfaces } => format!("Packets are captured on {}.", named(interfaces)),
        CaptureEvent::Failed { lack, .. } => {
            format!("Packets cannot be captured: {}, {}.", lack.errno, trouble::errno(lack.errno).what)
        }
        CaptureEvent::FileOpened { name, summary, .. } => format!("Read {} from {name}.", packets(summary.read)),
        CaptureEvent::FileRefused { name, fault, .. } => format!("Could not open {name}. {}", FILES.fault(*fault)),
        CaptureEvent::FileCounted { packets: all, .. } => format!("The capture file has {} in all.", packets(*all)),
    }
}

/// The interfaces, each with what keeps packets from crossing it: `lo, eth0 (down)`.
pub(super) fn named(interfaces: &[CapturedInterface]) -> String {
    if interfaces.is_empty() {
        return "no interface".into();
    }
    let named = interfaces.iter().map(|CapturedInterface { name, state }| match state {
        InterfaceState::Up => name.to_string(),
        state => format!("{name} ({})", self::state(*state)),
    });
    named.collect::<Vec<_>>().join(", ")
}

pub(super) const fn state(state: InterfaceState) -> &'static str {
    match state {
        InterfaceState::Up => "up",
        InterfaceState::NoLink => "no link",
        InterfaceState::Down => "down",
        InterfaceState::Missing => "not there",
    }
}
