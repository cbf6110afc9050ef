//! Resolves the clients' target before the first client starts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{queue, tell};
use crate::domain::{Clock, EventKind, LabOrder, TargetChange, TargetHost};
use crate::lab::{Lab, Machine};
use crate::text::Text;

/// The address, with the target's port or 0, or a sentence that says why it cannot be used. A TCP connection to it is tried
/// and closed. With `tcp` a failure is an error; otherwise it is only printed.
pub(super) async fn find(target: &TargetHost, tcp: bool, text: &Text) -> io::Result<Result<SocketAddr, String>> {
    let (sink, mut events) = queue::open(Clock::start());
    let mut lab = Lab::new(Arc::new(Machine), sink, vec![]);
    lab.perform(LabOrder::Target(Some(target.clone())));
    let mut tried = Vec::new();
    let found = loop {
        let Some(seen) = events.recv().await else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let EventKind::Target(event) = seen.kind else { continue };
        let says = text.checks.target(&text.numbers, &target.to_string(), &event.change);
        match event.change {
            TargetChange::Lost { .. } => break Err(says),
            TargetChange::Tried { .. } => tried.push(says),
            TargetChange::Chosen { addr, answers: true } => break Ok(addr),
            TargetChange::Chosen { answers: false, .. } if tcp => break Err(format!("{target}: {}", tried.join("; "))),
            TargetChange::Chosen { addr, answers: false } => {
                tell(&format!("{says}: {}", tried.join("; ")));
                break Ok(addr);
            }
            TargetChange::Set | TargetChange::Found { .. } | TargetChange::Dropped => {}
        }
    };
    lab.shutdown().await;
    Ok(found)
}
