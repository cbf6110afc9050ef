//! Keeps the capture on the interfaces that are wanted, as they come, change and go.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::interface::CapturePlan;
use crate::domain::need::{Lack, Need};
use crate::domain::{
    CaptureEvent, CapturedInterface, Errno, EventKind, EventSink, Evidence, InterfaceState, NetInterface, Note,
};
use crate::model::Msg;
use crate::model::packets::PacketsAnswer;
use crate::observe::capture::{Capture, PacketStore};
use crate::observe::{self, Scope};

/// The capture, where it is to be, and where it is.
#[derive(Debug)]
pub(super) struct CaptureKeeper {
    capture: Capture,
    plan: CapturePlan,
    /// What was reported last; nothing yet when `None`.
    on: Option<Vec<CapturedInterface>>,
    /// The numbers of these interfaces.
    numbers: Vec<u32>,
    /// Why the system refused the latest change, if it did.
    refused: Option<Errno>,
    /// The list that the model has.
    told: Vec<NetInterface>,
    sink: EventSink,
    answers: mpsc::Sender<Msg>,
}

impl CaptureKeeper {
    /// Keeps a capture that runs on the loopback.
    pub(super) fn new(capture: Capture, sink: EventSink, answers: mpsc::Sender<Msg>) -> Self {
        Self {
            capture,
            plan: CapturePlan::default(),
            on: None,
            numbers: Vec::new(),
            refused: None,
            told: Vec::new(),
            sink,
            answers,
        }
    }

    pub(super) const fn store(&self) -> &Arc<PacketStore> {
        self.capture.store()
    }

    /// Changes which packets are captured.
    pub(super) fn scope(&self, scope: Scope) {
        self.capture.scope(scope);
    }

    /// Changes where they are captured.
    pub(super) fn turn_to(&mut self, plan: CapturePlan) {
        self.plan = plan;
        self.look();
    }

    /// Looks at the interfaces, and follows what changed: captures where it is wanted now, and reports it.
    pub(super) fn look(&mut self) {
        let Ok(all) = observe::interfaces() else { return };
        let wanted = self.plan.wanted(&all, observe::source_towards);
        let answer = Msg::Answer(PacketsAnswer::Interfaces(all.clone()));
        // The loop reads answers as fast as it sends requests; what does not fit is sent the next time.
        if all != self.told && self.answers.try_send(answer).is_ok() {
            self.told.clone_from(&all);
        }
        // One that went and came again has another number.
        let numbers = all.iter().filter(|at| wanted.iter().any(|one| one.name == at.name)).map(|at| at.index).collect();
        if self.on.as_ref() == Some(&wanted) && self.numbers == numbers {
            return;
        }
        let there = wanted.iter().filter(|one| one.state != InterfaceState::Missing);
        match self.capture.turn_to(there.map(|one| one.name.to_string()).collect()) {
            Ok(()) => {
                self.numbers = numbers;
                if self.refused.take().is_some() {
                    self.sink.note(Note::Has { what: Evidence::Packet });
                }
            }
            // It went just now: the next look sees that.
            Err(Lack { need: Need::Interface, .. }) => return,
            // Tried again at each look, and said once.
            Err(lack) => {
                if self.refused.replace(lack.errno) != Some(lack.errno) {
                    self.sink.note(Note::Lacks { what: Evidence::Packet, errno: lack.errno });
                }
                return;
            }
        }
        let started = CaptureEvent::Started { interfaces: wanted.clone() };
        if self.sink.report(Evidence::Called, EventKind::Capture(started)) {
            self.on = Some(wanted);
        }
    }
}
