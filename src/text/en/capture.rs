//! English: what happens to the capture and to capture files.

use super::files::FILES;
use super::{plural, trouble};
use crate::domain::CaptureEvent;

pub(super) fn capture(event: &CaptureEvent) -> String {
    let packets = |count: u64| format!("{} {}", super::grouped(count), plural(count, "packet", "packets"));
    match event {
        CaptureEvent::Started { interface } => format!("Packets are captured on {interface}."),
        CaptureEvent::Failed { lack, .. } => {
            format!("Packets cannot be captured: {}, {}.", lack.errno, trouble::errno(lack.errno).what)
        }
        CaptureEvent::FileOpened { name, summary, .. } => format!("Read {} from {name}.", packets(summary.read)),
        CaptureEvent::FileRefused { name, fault, .. } => format!("Could not open {name}. {}", FILES.fault(*fault)),
        CaptureEvent::FileCounted { packets: all, .. } => format!("The capture file has {} in all.", packets(*all)),
    }
}
