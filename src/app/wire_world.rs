//! The wire's world behind a session: opened and closed in the background, one after the other.

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

/// The wire lab, if it is open, and the task that is opening or closing it.
#[derive(Debug)]
pub(super) struct WireWorld {
    sink: EventSink,
    servers: Vec<ServerSpec>,
    /// The binary of the hosts' helper; by default this one.
    pub(super) helper: Option<PathBuf>,
    slot: Arc<Mutex<Slot>>,
    changing: Option<JoinHandle<()>>,
}

/// The lab, once it is open.
#[derive(Debug, Default)]
struct Slot {
    lab: Option<WireLab>,
    /// Whether a lab is being opened or closed.
    changing: bool,
    /// Requests that came while the lab was being opened.
    waiting: Vec<WireRequest>,
    /// Closes the lab when its wire ends by itself.
    follower: Option<JoinHandle<()>>,
}

/// A request to the lab on the wire, by a key or by a lesson.
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
    /// The default range of ephemeral ports: that of Linux.
    const PORTS: (u16, u16) = (32_768, 60_999);
    /// The most requests that are kept while the lab is being opened.
    const WAITING: usize = 64;

    /// Not open yet. These servers will run on it.
    pub(super) fn new(sink: &EventSink, servers: Vec<ServerSpec>) -> Self {
        Self { sink: sink.clone(), servers, helper: None, slot: Arc::default(), changing: None }
    }

    /// Performs an effect. Without an open wire most have none.
    pub(super) fn apply(&mut self, effect: WireEffect) {
        match effect {
            WireEffect::Open => self.open(),
            WireEffect::Close => self.change(|_, _| None),
            effect => self.ask(WireRequest::Wire(effect)),
        }
    }

    /// Carries out an order of a lesson.
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

    /// Opens it for a lesson, and reports when everything is set up for it.
    pub(super) fn stage(&mut self, name: String, lesson: Arc<Lesson>, run: u32) {
        let helper = self.helper.clone();
        self.change(move |sink, _| {
            let options = Self::options(helper);
            let lab = opened(sink, &options, environment::on_wire(&lesson, sink, &options))?;
            let ready = lab.prepare(&lesson).is_ok();
            // A setting that could not be changed was reported.
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

    /// Opens it, in place of one that has ended.
    fn open(&mut self) {
        let helper = self.helper.clone();
        self.change(|sink, servers| {
            let options = Self::options(helper);
            let mut lab = opened(sink, &options, WireLab::open(sink, &options, servers))?;
            lab.start_all();
            Some(lab)
        });
    }

    /// Replaces the lab by another or by none, after closing it. Runs in the background, one change after the other.
    fn change(&mut self, make: impl FnOnce(&EventSink, &[ServerSpec]) -> Option<WireLab> + Send + 'static) {
        let before = self.changing.take();
        let slot = Arc::clone(&self.slot);
        let sink = self.sink.clone();
        let servers = self.servers.clone();
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
                let ended = lab.wire.ended();
                let wire = Arc::downgrade(&lab.wire);
                tokio::spawn(follow(place, ended, wire))
            });
            if let Some(lab) = &mut slot.lab {
                waiting.into_iter().for_each(|asked| asked.of(lab));
            }
        }));
    }

    /// Closes it.
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

/// Waits for a wire's end and closes the lab on it, unless it is closed already: as long as one of its sockets is open,
/// the host's network namespace exists.
async fn follow(slot: Arc<Mutex<Slot>>, ended: impl Future<Output = ()>, wire: Weak<Wire>) {
    ended.await;
    let lab = lock(&slot).lab.take_if(|lab| std::ptr::eq(Arc::as_ptr(&lab.wire), wire.as_ptr()));
    if let Some(lab) = lab {
        lab.close().await;
    }
}

/// Reports the evidence and settings of a wire that was opened, or why it could not be.
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
