//! The wire's world behind a session: opened in the background when it is asked for, and never left half open.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::task::JoinHandle;

use super::environment;
use super::wire_lab::WireLab;
use crate::domain::need::Lack;
use crate::domain::note::TableSource;
use crate::domain::{
    EventKind, EventSink, Evidence, HostId, LessonChange, LessonEvent, Note, ServerSpec, Setting, WireEvent,
};
use crate::lesson::{Lesson, LessonOrder};
use crate::model::effect::WireEffect;
use crate::wire::{Wire, WireOptions};

/// The wire lab, if it is open, and whoever is opening or closing it.
#[derive(Debug)]
pub(super) struct WireWorld {
    sink: EventSink,
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
    waiting: Vec<WireRequest>,
    /// Takes the lab apart when its wire ends by itself.
    follower: Option<JoinHandle<()>>,
}

/// Something asked of the lab on the wire, by a key or by a lesson.
#[derive(Debug)]
enum WireRequest {
    Wire(WireEffect),
    LessonOrder(LessonOrder),
}

impl WireRequest {
    fn of(self, lab: &mut WireLab) {
        match self {
            Self::Wire(effect) => lab.apply(effect),
            Self::LessonOrder(order) => lab.order_aside(order),
        }
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WireWorld {
    /// The range that clients' ports are chosen from until somebody sets it: the one that Linux starts with.
    const PORTS: (u16, u16) = (32_768, 60_999);
    /// How much may be asked for in the moment before the lab is whole.
    const WAITING: usize = 64;

    /// Nothing is opened yet. Once it is, these servers run on it.
    pub(super) fn new(sink: &EventSink, servers: Vec<ServerSpec>) -> Self {
        Self { sink: sink.clone(), servers, helper: None, slot: Arc::default(), changing: None }
    }

    /// Does one thing with the wire; without one there is nothing to do.
    pub(super) fn apply(&mut self, effect: WireEffect) {
        match effect {
            WireEffect::Open => self.open(),
            WireEffect::Close => self.change(|_, _| None),
            effect => self.ask(WireRequest::Wire(effect)),
        }
    }

    /// Does one thing that a lesson asks for.
    pub(super) fn order(&mut self, order: LessonOrder) {
        self.ask(WireRequest::LessonOrder(order));
    }

    fn ask(&self, asked: WireRequest) {
        let mut slot = lock(&self.slot);
        if let Some(lab) = &mut slot.lab {
            asked.of(lab);
        } else if slot.changing && slot.waiting.len() < Self::WAITING {
            slot.waiting.push(asked);
        }
    }

    /// Opens it for a lesson, which is told once everything is as it wants it.
    pub(super) fn stage(&mut self, name: String, lesson: &'static Lesson, run: u32) {
        let helper = self.helper.clone();
        self.change(move |sink, _| {
            let options = Self::options(helper);
            let lab = opened(sink, &options, environment::on_wire(lesson, sink, &options))?;
            let ready = lab.set_all(&lesson.settings).is_ok();
            // What could not be changed was reported.
            let change = if ready { LessonChange::Staged { run } } else { LessonChange::Left };
            let event = EventKind::Lesson(LessonEvent { lesson: name, change });
            sink.on_wire(None).report(Evidence::Called, event);
            Some(lab)
        });
    }

    fn options(binary: Option<PathBuf>) -> WireOptions {
        let (low, high) = Self::PORTS;
        WireOptions { settings: vec![Setting::EphemeralRange(low, high)], binary, ..WireOptions::default() }
    }

    /// Opens it. A wire that is no more goes first.
    fn open(&mut self) {
        let helper = self.helper.clone();
        self.change(|sink, servers| {
            let options = Self::options(helper);
            let mut lab = opened(sink, &options, WireLab::open(sink, &options, servers))?;
            lab.start_all();
            Some(lab)
        });
    }

    /// Puts another lab, or none, in the place of the one that is there, which is taken apart first. In the background,
    /// one change after the other.
    fn change(&mut self, make: impl FnOnce(&EventSink, &[ServerSpec]) -> Option<WireLab> + Send + 'static) {
        let before = self.changing.take();
        let (slot, sink, servers) = (Arc::clone(&self.slot), self.sink.clone(), self.servers.clone());
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
            let made = tokio::task::spawn_blocking(move || make(&sink, &servers)).await;
            let place = Arc::clone(&slot);
            let mut slot = lock(&slot);
            let waiting = std::mem::take(&mut slot.waiting);
            slot.changing = false;
            slot.lab = made.ok().flatten();
            slot.follower = slot.lab.as_ref().map(|lab| {
                let (ended, wire) = (lab.wire.ended(), Arc::downgrade(&lab.wire));
                tokio::spawn(follow(place, ended, wire))
            });
            if let Some(lab) = &mut slot.lab {
                waiting.into_iter().for_each(|asked| asked.of(lab));
            }
        }));
    }

    /// Takes it apart.
    pub(super) async fn close(self) {
        let Self { slot, changing, .. } = self;
        if let Some(changing) = changing {
            let _ = changing.await;
        }
        let (lab, follower) = {
            let mut slot = lock(&slot);
            (slot.lab.take(), slot.follower.take())
        };
        if let Some(lab) = lab {
            lab.close().await;
        }
        if let Some(follower) = follower {
            let _ = follower.await;
        }
    }
}

/// Waits for a wire's end and takes apart the lab that was on it, if nobody else did: as long as one of its sockets is
/// open, its host's network is there.
async fn follow(slot: Arc<Mutex<Slot>>, ended: impl Future<Output = ()>, wire: Weak<Wire>) {
    ended.await;
    let lab = lock(&slot).lab.take_if(|lab| std::ptr::eq(Arc::as_ptr(&lab.wire), wire.as_ptr()));
    if let Some(lab) = lab {
        lab.close().await;
    }
}

/// Says what there is on a wire that was opened, or why there is none.
fn opened(sink: &EventSink, options: &WireOptions, lab: Result<WireLab, Lack>) -> Option<WireLab> {
    match lab {
        Ok(lab) => {
            let changed = |host| {
                move |setting: &Setting| {
                    (host, EventKind::Wire(WireEvent::SettingChanged { setting: *setting, errno: None }))
                }
            };
            let hosts = [HostId::Client, HostId::Server].into_iter();
            for (host, event) in hosts.flat_map(|host| options.settings.iter().map(changed(host))) {
                sink.on_wire(Some(host)).report(Evidence::Called, event);
            }
            let sink = sink.on_wire(None);
            for what in [Evidence::Called, Evidence::Sampled, Evidence::Packet] {
                sink.report(Evidence::Called, EventKind::Note(Note::Has { what }));
            }
            sink.report(Evidence::Called, EventKind::Note(Note::TableFrom { source: TableSource::SockDiag }));
            let (low, high) = WireWorld::PORTS;
            sink.report(Evidence::Called, EventKind::Note(Note::PortRange { low, high }));
            Some(lab)
        }
        Err(lack) => {
            sink.on_wire(None).report(Evidence::Called, EventKind::Wire(WireEvent::Lacks(lack)));
            None
        }
    }
}
