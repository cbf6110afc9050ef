//! Everything the screen shows, as plain data, and the one function that keys and events go through.
//!
//! No clock, no I/O: time comes in as a message, wishes go out as [`Effect`]s.

mod bounded;
pub mod broadcasts;
pub mod bulks;
mod captured_bytes;
mod causal_order;
mod chronicle;
pub mod client;
pub mod clients;
pub mod completions;
pub mod connection_end;
mod destinations;
pub mod effect;
mod filtering;
pub mod forging;
pub mod graph;
mod graphed_end;
pub mod held_list;
pub mod historian;
pub mod histories;
pub mod journal;
mod lab;
pub mod lessons;
pub mod lifecycle;
pub mod line;
mod link_settings;
pub mod listing;
mod lists;
pub mod mode;
pub mod moved_bytes;
pub mod network;
pub mod packets;
pub mod page;
pub mod peers;
pub mod playing;
pub mod presenter;
mod press;
pub mod run_prompt;
pub mod scan;
pub mod screen;
pub mod selection;
pub mod sequence;
pub mod series;
pub mod servers;
pub mod settings;
pub mod table;
pub mod target;
mod typing;
pub mod ui;
mod unclaimed_peer;
pub mod update;
mod views;
pub mod waiting;
pub mod window;
pub mod wire;
pub mod world;
pub mod worlds;

use std::time::Duration;

pub use effect::Effect;
pub use press::Refused;
pub use ui::Ui;
pub use update::{Msg, update};
pub use world::World;
pub use worlds::Worlds;

use crate::domain::filter::Filter;
use crate::domain::{Delta, EventKind, Flow, Observation, Stamp, WireEvent, WorldId};
use chronicle::Chronicle;
use journal::Journal;
use lessons::Lessons;
use lifecycle::Lifecycle;
use listing::NetstatListing;
use packets::{CaptureChoice, CaptureFiles, Packets};
use page::ConnectionPage;
use table::Table;
use worlds::PerWorld;

/// See the module's head.
#[derive(Debug, Default)]
pub struct Model {
    /// The fold of all events so far, in each of the two worlds.
    pub worlds: Worlds,
    /// The events themselves.
    pub journal: Journal,
    /// The state of the screen.
    pub ui: Ui,
    /// The netstat pane's list.
    pub listing: NetstatListing,
    /// The lifecycle pane's list.
    pub lifecycle: Lifecycle,
    /// The packets view's lists of live traffic.
    pub packets: Packets,
    /// The interfaces that packets are captured on.
    pub capture: CaptureChoice,
    /// The capture file that is looked at in its place, if one is.
    pub files: CaptureFiles,
    /// The list of lessons.
    pub lessons: Lessons,
    /// The connection beside the lab's panes, where the screen is wide enough for one.
    pub beside: Option<ConnectionPage>,
    /// The latest time.
    pub now: Stamp,
    /// One for each world: the same addresses may be in both.
    chronicles: PerWorld<Chronicle>,
    written: Vec<Observation>,
}

impl Model {
    /// How long a refusal stays in the footer.
    const REFUSED: Duration = Duration::from_secs(4);

    /// A model of a laboratory in which nothing has happened yet.
    pub fn new(ui: Ui) -> Self {
        let filter = Filter::parse(ui.filter.input.value()).unwrap_or_default();
        let mut model = Self { ui, ..Self::default() };
        model.listing.filter = filter;
        model
    }

    /// Takes in an observation, with the events that the historian makes of it. Returns what the kernel should be asked
    /// about.
    pub fn observe(&mut self, seen: Observation) -> Inquiry {
        self.now = self.now.max(seen.at);
        // On the wire every change is sampled with its cause as it happens: there is nothing to ask.
        let inquiry = if seen.world == WorldId::Host {
            Inquiry { ends: ends_named(&seen.kind), caller: self.worlds.host().caller(&seen.kind) }
        } else {
            Inquiry::default()
        };
        let hosts_change = matches!(seen.kind, EventKind::Wire(WireEvent::Opened { .. } | WireEvent::Closed { .. }));
        if hosts_change {
            // Nothing more can arrive from the hosts before.
            self.write(|chronicles, now, out| chronicles.of_mut(WorldId::Wire).finish(now, WorldId::Wire, out));
        }
        self.write(|chronicles, now, out| chronicles.of_mut(seen.world).hear(now, seen, out));
        inquiry
    }

    /// Takes in an entry of a record: the historian has ordered it already.
    #[cfg(test)]
    pub(crate) fn replay(&mut self, seen: Observation) {
        self.now = self.now.max(seen.at);
        self.enter(seen);
    }

    /// Lets time pass: what waited for a better witness is written now.
    pub(crate) fn pass(&mut self, now: Stamp) {
        self.now = self.now.max(now);
        if self.ui.refused.is_some_and(|refused| self.now.since(refused.at) >= Self::REFUSED) {
            self.ui.refused = None;
        }
        self.write(|chronicles, now, out| {
            for world in [WorldId::Host, WorldId::Wire] {
                chronicles.of_mut(world).settle(now, world, out);
            }
        });
    }

    /// Writes what still waits for a better witness or for its place: nothing more will come.
    pub fn finish(&mut self, now: Stamp) {
        self.now = self.now.max(now);
        self.write(|chronicles, now, out| {
            for world in [WorldId::Host, WorldId::Wire] {
                chronicles.of_mut(world).finish(now, world, out);
            }
        });
    }

    /// Enters into the journal what the chronicles write.
    fn write(&mut self, by: impl FnOnce(&mut PerWorld<Chronicle>, Stamp, &mut Vec<Observation>)) {
        let mut written = std::mem::take(&mut self.written);
        by(&mut self.chronicles, self.now, &mut written);
        written.drain(..).for_each(|seen| self.enter(seen));
        self.written = written;
    }

    /// The moment at which something on the screen changes by itself; `None` when nothing does.
    pub fn next_change(&self) -> Option<Stamp> {
        if self.traffic().packets.is_looking() {
            return Some(self.now);
        }
        let second = Duration::from_secs(1);
        let fading = self.worlds.shown().table.changed().filter(|at| self.now.since(*at) < Table::FADE);
        let fading = fading.map(|at| at.after(Table::FADE));
        let counting = self.worlds.shown().table.has_countdown() || self.worlds.shown().clients.is_young(self.now);
        let views = [presenter::next_change(self), network::next_change(self), lessons::next_change(self)];
        let views = views.into_iter().flatten().min();
        let aging = (self.worlds.shown().clients.live() > 0).then(|| self.now.after(60 * second));
        let counting = counting.then(|| self.now.after(second));
        let refused = self.ui.refused.map(|refused| refused.at.after(Self::REFUSED));
        [
            self.chronicles.of(WorldId::Host).next_due(),
            self.chronicles.of(WorldId::Wire).next_due(),
            fading,
            counting.or(aging),
            views,
            refused,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn enter(&mut self, seen: Observation) {
        let seq = self.journal.push(seen, &mut self.worlds);
        let first = self.journal.first_seq();
        let mut moved = None;
        let Some(event) = self.journal.get(seq) else { return };
        let shown = event.seen.world == self.worlds.shown_id();
        if let EventKind::Row(delta) = &event.seen.kind
            && shown
        {
            self.listing.follow(delta, &self.worlds.shown().table);
            let key = delta.key();
            if matches!(delta, Delta::Gone(_) | Delta::Unwatched(_)) && self.ui.row == Some(key) {
                self.ui.row = None;
            }
            moved = Some(key.flow);
        }
        if matches!(event.seen.kind, EventKind::Wire(WireEvent::Opened { .. } | WireEvent::Closed { .. })) {
            *self.chronicles.of_mut(WorldId::Wire) = Chronicle::default();
            if shown {
                self.ui.row = None;
                self.listing.rebuild(&self.worlds.shown().table);
            }
        }
        self.lifecycle.follow(event, first);
        self.packets.follow(event, first);
        self.lessons.follow(event);
        for page in [&mut self.ui.page, &mut self.beside].into_iter().flatten() {
            page.follow(event);
        }
        if let Some(flow) = moved {
            self.row_moved(&flow);
        }
    }

    /// Sees to it that a server of the world that is shown is selected, where it has any.
    pub(crate) fn choose_server(&mut self) {
        if self.worlds.shown().servers.get(self.ui.server).is_none()
            && let Some(first) = self.worlds.shown().servers.all().first()
        {
            self.ui.server = first.id;
        }
    }

    /// Whether the wire's hosts are shown and have no servers of the lab: their sockets are a scenario's.
    pub fn has_no_lab(&self) -> bool {
        self.worlds.shown_id() == WorldId::Wire
            && self.worlds.shown().wire.is_open()
            && self.worlds.shown().servers.all().is_empty()
    }

    /// Shows the other world, or stays in this one.
    pub(crate) fn show_world(&mut self, world: WorldId) {
        if self.worlds.shown_id() == world {
            return;
        }
        self.worlds.show(world);
        self.ui.client = None;
        self.ui.row = None;
        self.ui.subject = None;
        self.ui.wire.packet = None;
        self.choose_server();
        self.listing.rebuild(&self.worlds.shown().table);
        self.lifecycle.world = world;
        self.lifecycle.choose(self.lifecycle.kinds, None, &self.journal);
        self.packets.show_world(world, &self.journal);
    }
}

/// What the kernel should be asked about after an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inquiry {
    /// The ends whose state it may have changed.
    pub ends: Vec<Flow>,
    /// The end of another program's client that it is about.
    pub caller: Option<Flow>,
}

/// The ends whose state an event may have changed: both of the connection it names.
fn ends_named(kind: &EventKind) -> Vec<Flow> {
    use crate::domain::Syscall::{Accept, Bind, Close, Connect, Listen, Recv, Shutdown};
    let flow = match kind {
        EventKind::Call(call) => {
            let data = call.data.as_ref().is_some_and(|data| data.len > 0);
            let moves = matches!(call.call, Bind | Listen | Accept | Connect | Close | Shutdown)
                || (call.call == Recv && !data)
                || call.flow.is_some_and(|flow| flow.proto == crate::domain::Proto::Udp);
            if moves { call.flow } else { None }
        }
        EventKind::Client(client) => match &client.change {
            crate::domain::client::ClientChange::Dialing { flow } => Some(*flow),
            _ => None,
        },
        EventKind::State(change) => Some(change.flow),
        _ => None,
    };
    flow.into_iter().flat_map(|flow| [Some(flow), flow.mirror()].into_iter().flatten()).collect()
}

#[cfg(test)]
mod tests;
