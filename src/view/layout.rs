//! The layout of the screen at every size.
//!
//! ```text
//! The lab, from 100×30                                  The lab below that, down to 60×20
//! ┌─────────────────────────────────────────────┐       ┌────────────────────────────────┐
//! │ header                                      │       │ header                         │
//! ├──────────────────┬──────────────────────────┤       ├────────────────────────────────┤
//! │ servers          │ client ports             │       │ servers, two on a line         │
//! │                  │                          │       ├────────────────────────────────┤
//! ├──────────────────┴──────────────────────────┤       │ client ports                   │
//! │ netstat                                     │       ├────────────────────────────────┤
//! │                                             │       │ netstat                        │
//! ├───────────────────────────────┬─────────────┤       │                                │
//! │ what happened                 │ broadcast   │       ├────────────────────────────────┤
//! │                               │             │       │ what happened                  │
//! ├───────────────────────────────┴─────────────┤       │ (broadcast, when it has focus) │
//! │ footer                                      │       │ footer                         │
//! └─────────────────────────────────────────────┘       └────────────────────────────────┘
//!                                                        Only rules above the panes, no walls
//!
//! One pane zoomed, one page, or the ports                  Below 60×20
//! ┌─────────────────────────────────────────────┐       ┌───────────────────┐
//! │ header                                      │       │                   │
//! ├─────────────────────────────────────────────┤       │    a kind note    │
//! │ the pane                                    │       │                   │
//! ├─────────────────────────────────────────────┤       └───────────────────┘
//! │ footer                                      │
//! └─────────────────────────────────────────────┘
//! ```

use ratatui::layout::Rect;

use super::areas::{columns, rows, settle};
use super::screen_size::{SMALLEST, is_roomy};
use super::{big_ports, clients, netstat};
use crate::model::Model;
use crate::model::page::ConnectionPage;
use crate::model::ui::{Mode, Pane, View};

/// The parts of a screen. A part that is not shown is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ScreenLayout {
    pub(super) header: Rect,
    pub(super) servers: Rect,
    pub(super) clients: Rect,
    pub(super) netstat: Rect,
    pub(super) lifecycle: Rect,
    pub(super) broadcast: Rect,
    /// The whole body, for a view that is one thing.
    pub(super) body: Rect,
    /// The view of packets, which has parts of its own.
    pub(super) packets: Rect,
    /// The page of a connection.
    pub(super) page: Rect,
    /// The connection beside the lab's panes.
    pub(super) beside: Rect,
    /// The whole body, for the wire; `wire/mod.rs` divides it.
    pub(super) wire: Rect,
    /// The list of lessons.
    pub(super) lessons: Rect,
    /// The whole body, for the network; `network/mod.rs` divides it.
    pub(super) network: Rect,
    pub(super) footer: Rect,
}

/// What a screen of this size shows; `None` when it is too small for any of it.
pub(super) fn parts(model: &Model, area: Rect) -> Option<ScreenLayout> {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let [header, body, footer] = rows(area, [1, area.height - 2, 1]);
    let frame = ScreenLayout { header, footer, ..ScreenLayout::default() };
    if model.ui.page.is_some() {
        return Some(ScreenLayout { page: body, ..frame });
    }
    Some(match model.ui.view {
        View::Packets => ScreenLayout { packets: body, ..frame },
        View::Lessons => ScreenLayout { lessons: body, ..frame },
        View::Wire => ScreenLayout { wire: body, ..frame },
        View::Network => ScreenLayout { network: body, ..frame },
        View::Ports => {
            let height = big_ports::height(model, body);
            let [body, clients] = rows(body, [height, body.height - height]);
            ScreenLayout { clients, body, ..frame }
        }
        View::Lab if model.ui.zoomed => {
            let mut parts = frame;
            *parts.pane_mut(model.ui.focus) = body;
            parts
        }
        View::Lab if is_roomy((area.width, area.height)) => roomy(model, body, frame),
        View::Lab => narrow(model, body, frame),
    })
}

impl ScreenLayout {
    const fn pane_mut(&mut self, pane: Pane) -> &mut Rect {
        match pane {
            Pane::Servers => &mut self.servers,
            Pane::Clients => &mut self.clients,
            Pane::Netstat => &mut self.netstat,
            Pane::Lifecycle => &mut self.lifecycle,
            Pane::Broadcast => &mut self.broadcast,
        }
    }
}

fn roomy(model: &Model, body: Rect, frame: ScreenLayout) -> ScreenLayout {
    let servers = u16::try_from(model.worlds.shown().servers.all().len()).unwrap_or(u16::MAX).clamp(4, 8);
    let top = (servers + 5).max(body.height / 4);
    let netstat = (body.height - top) * 9 / 20;
    let needs = [(servers + 5).max(clients::needs(model) + 2), netstat::needs(model) + 2, events(model) + 2];
    let heights = settle([top, netstat, body.height - top - netstat], needs, PRIORITY);
    let [top, netstat, bottom] = rows(body, heights);
    let left = (body.width * 2 / 5 - 2).clamp(40, 54);
    let [servers, clients] = columns(top, [left, body.width - left]);
    if model.beside.is_some() && body.width >= ConnectionPage::BESIDE {
        let right = (body.width * 2 / 5).max(72);
        let [netstat, lifecycle] = [netstat, bottom].map(|area| Rect { width: area.width - right, ..area });
        let x = body.x + netstat.width;
        let column = Rect { x, y: netstat.y, width: right, height: netstat.height + lifecycle.height };
        let [beside, broadcast] = rows(column, [column.height - BROADCAST, BROADCAST]);
        return ScreenLayout { servers, clients, netstat, lifecycle, broadcast, beside, ..frame };
    }
    let right = (body.width / 3).clamp(34, 60);
    let [lifecycle, broadcast] = columns(bottom, [body.width - right, right]);
    ScreenLayout { servers, clients, netstat, lifecycle, broadcast, ..frame }
}

/// How many rows the broadcast has below a connection.
const BROADCAST: u16 = 8;

/// Which pane gets lines that another does not need: what happened, the table, the clients.
const PRIORITY: [usize; 3] = [2, 1, 0];

/// How many lines the list of events needs.
fn events(model: &Model) -> u16 {
    u16::try_from(model.lifecycle.list.len()).unwrap_or(u16::MAX / 2).max(2)
}

/// How many servers stand beside each other on a small screen.
pub(super) const SERVERS_BESIDE: usize = 2;

/// How many rows this many servers take on a small screen.
fn server_rows(servers: usize) -> u16 {
    u16::try_from(servers.div_ceil(SERVERS_BESIDE)).unwrap_or(u16::MAX).clamp(1, 3)
}

fn narrow(model: &Model, body: Rect, frame: ScreenLayout) -> ScreenLayout {
    let all = model.worlds.shown().servers.all().len();
    let servers = server_rows(all) + 1;
    let rest = body.height - servers;
    let clients = (rest / 3).clamp(4, 12);
    let netstat = ((rest - clients) * 8 / 13).max(4);
    let talking = model.ui.focus == Pane::Broadcast || model.ui.mode == Mode::Saying;
    // One line for the rule, one for the message, one for each server, and one for the next message.
    let answers = u16::try_from(all).unwrap_or(u16::MAX).min(6);
    let spare = (rest - clients).saturating_sub(answers + 3).max(4);
    let netstat = if talking { netstat.min(spare) } else { netstat };
    let last = if talking { answers + 2 } else { events(model) };
    let needs = [clients::needs(model) + 1, netstat::needs(model) + 1, last + 1];
    let [clients, netstat, last] = settle([clients, netstat, rest - clients - netstat], needs, PRIORITY);
    let [servers, clients, netstat, last] = rows(body, [servers, clients, netstat, last]);
    let frame = ScreenLayout { servers, clients, netstat, ..frame };
    if talking { ScreenLayout { broadcast: last, ..frame } } else { ScreenLayout { lifecycle: last, ..frame } }
}
