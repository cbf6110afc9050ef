//! The wire's world behind a session: opened in the background when it is asked for, and never left half open.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;

use super::wire_lab::WireLab;
use crate::domain::need::OpenError;
use crate::domain::note::TableSource;
use crate::domain::{Evidence, HostId, Kind, Knob, Note, Probe, ServerSpec, WireEvent};
use crate::model::Effect;
use crate::wire::Options;

/// The wire lab, if it is open, and whoever is opening or closing it.
#[derive(Debug)]
pub(super) struct WireWorld {
    probe: Probe,
    servers: Vec<ServerSpec>,
    /// The binary that keeps the hosts; this one, when it is not said.
    pub(super) helper: Option<PathBuf>,
    slot: Arc<Mutex<Slot>>,
    changing: Option<JoinHandle<()>>,
}

/// Where the lab is, once it is open.
#[derive(Debug, Default)]
struct Slot {
    lab: Option<WireLab>,
    /// Whether one is being opened or closed.
    changing: bool,
    /// What was asked for since the wire said that it is open, before the lab on it was whole.
    waiting: Vec<Effect>,
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WireWorld {
    /// The range that clients' ports are chosen from until somebody turns it: the one that Linux starts with.
    const PORTS: (u16, u16) = (32_768, 60_999);
    /// How much may be asked for in the moment before the lab is whole.
    const WAITING: usize = 64;

    /// Nothing is opened yet. Once it is, these servers run on it.
    pub(super) fn new(probe: &Probe, servers: Vec<ServerSpec>) -> Self {
        Self { probe: probe.clone(), servers, helper: None, slot: Arc::default(), changing: None }
    }

    /// Performs an effect that is about the wire or meant for its world; without a wire there is nothing to do.
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::OpenWire => self.open(),
            Effect::CloseWire => self.change(|_, _| None),
            other => {
                let mut slot = lock(&self.slot);
                if let Some(lab) = &mut slot.lab {
                    lab.perform(other);
                } else if slot.changing && slot.waiting.len() < Self::WAITING {
                    slot.waiting.push(other);
                }
            }
        }
    }

    /// Opens it. A wire that is no more goes first.
    fn open(&mut self) {
        let helper = self.helper.clone();
        self.change(|probe, servers| {
            let (low, high) = Self::PORTS;
            let options =
                Options { knobs: vec![Knob::EphemeralRange(low, high)], binary: helper, ..Options::default() };
            match WireLab::open(probe, &options, servers) {
                Ok(mut lab) => {
                    let knob = Knob::EphemeralRange(low, high);
                    for host in [HostId::Client, HostId::Server] {
                        let turned = Kind::Wire(WireEvent::Turned { knob, errno: None });
                        probe.on_wire(Some(host)).report(Evidence::Called, turned);
                    }
                    let probe = probe.on_wire(None);
                    for what in [Evidence::Called, Evidence::Sampled, Evidence::Packet] {
                        probe.report(Evidence::Called, Kind::Note(Note::Has { what }));
                    }
                    probe.report(Evidence::Called, Kind::Note(Note::TableFrom { source: TableSource::SockDiag }));
                    probe.report(Evidence::Called, Kind::Note(Note::PortRange { low, high }));
                    lab.start_all();
                    Some(lab)
                }
                Err(OpenError { need, missing }) => {
                    let lacks = WireEvent::Lacks { need, errno: missing.errno, remedy: missing.remedy };
                    probe.on_wire(None).report(Evidence::Called, Kind::Wire(lacks));
                    None
                }
            }
        });
    }

    /// Puts another lab, or none, in the place of the one that is there, which is taken apart first. In the background,
    /// one change after the other.
    fn change(&mut self, make: impl FnOnce(&Probe, &[ServerSpec]) -> Option<WireLab> + Send + 'static) {
        let before = self.changing.take();
        let (slot, probe, servers) = (Arc::clone(&self.slot), self.probe.clone(), self.servers.clone());
        lock(&slot).changing = true;
        self.changing = Some(tokio::spawn(async move {
            if let Some(before) = before {
                // Its panic was reported where it happened.
                let _ = before.await;
            }
            let old = lock(&slot).lab.take();
            if let Some(old) = old {
                old.close().await;
            }
            let made = tokio::task::spawn_blocking(move || make(&probe, &servers)).await;
            let mut slot = lock(&slot);
            let waiting = std::mem::take(&mut slot.waiting);
            slot.changing = false;
            slot.lab = made.ok().flatten();
            if let Some(lab) = &mut slot.lab {
                waiting.into_iter().for_each(|effect| lab.perform(effect));
            }
        }));
    }

    /// Takes it apart.
    pub(super) async fn close(self) {
        let Self { slot, changing, .. } = self;
        if let Some(changing) = changing {
            let _ = changing.await;
        }
        let lab = lock(&slot).lab.take();
        if let Some(lab) = lab {
            lab.close().await;
        }
    }
}
