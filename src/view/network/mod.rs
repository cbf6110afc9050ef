//! The network view: how to join, the peers, and a port check.
//!
//! ```text
//! From 150 columns                                      Below that; below 100×30 the card is one line without focus
//! ┌─────────────────────────────────────────────┐       ┌────────────────────────────────┐
//! │ join: QR code, address and port, what to    │       │ join                           │
//! │ type; or why nobody can                     │       │                                │
//! ├────────────────────────────┬────────────────┤       ├────────────────────────────────┤
//! │ peers                      │ port check     │       │ peers                          │
//! │                            │                │       ├────────────────────────────────┤
//! └────────────────────────────┴────────────────┘       │ port check                     │
//! ```

mod card;
mod check;
mod peers;
mod qr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::areas::{columns, rows};
use super::draw_context::DrawContext;
use super::screen_size::ROOMY;
use crate::model::Model;
use crate::model::network::{self, NetworkPart};
use crate::model::ui::Mode;

/// The narrowest screen that has the peers and the port check side by side.
const WIDE: u16 = 150;

/// The areas of the three parts.
struct NetworkLayout {
    card: Rect,
    peers: Rect,
    check: Rect,
}

impl NetworkLayout {
    fn of(model: &Model, area: Rect) -> Self {
        let none = Rect { height: 0, ..area };
        let part = model.ui.network.part;
        if model.ui.zoomed {
            let only = |wanted| if part == wanted { area } else { none };
            return Self {
                card: only(NetworkPart::Card),
                peers: only(NetworkPart::Peers),
                check: only(NetworkPart::Check),
            };
        }
        let open = model.worlds.shown().servers.are_open();
        if area.width >= ROOMY.0 && area.height + 2 >= ROOMY.1 {
            let card = if open { 17 } else { 10 };
            let [card, below] = rows(area, [card, area.height - card]);
            if area.width < WIDE {
                let upper = if part == NetworkPart::Check { below.height * 2 / 5 } else { below.height * 3 / 5 };
                let [peers, check] = rows(below, [upper, below.height - upper]);
                return Self { card, peers, check };
            }
            let [peers, check] = columns(below, [area.width * 11 / 20, area.width - area.width * 11 / 20]);
            return Self { card, peers, check };
        }
        let rest = |one: u16, other: u16| area.height.saturating_sub(one + other);
        let check = if model.worlds.shown().scans.latest().is_some() { 5 } else { 3 };
        let heights = match part {
            NetworkPart::Card if open => [area.height.saturating_sub(6), 6, 0],
            NetworkPart::Peers if open => [2, rest(2, check), check],
            NetworkPart::Check if open => [2, 5, rest(2, 5)],
            NetworkPart::Peers if !network::peers(model).is_empty() => [5, rest(5, check), check],
            NetworkPart::Card | NetworkPart::Peers => [rest(3, 6), 3, 6],
            NetworkPart::Check => [5, 4, rest(5, 4)],
        };
        let [card, peers, check] = rows(area, heights);
        Self { card, peers, check }
    }
}

/// Draws the view.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let places = NetworkLayout::of(model, area);
    if !places.card.is_empty() {
        card::render(model, ctx, places.card, buf);
    }
    if !places.peers.is_empty() {
        peers::render(model, ctx, places.peers, buf);
    }
    if !places.check.is_empty() {
        check::render(model, ctx, places.check, buf);
    }
}

/// The last line that the port check's list may begin with.
pub(super) fn reach(model: &Model, area: Rect) -> usize {
    check::reach(model, NetworkLayout::of(model, area).check)
}

fn focused(model: &Model, part: NetworkPart) -> bool {
    model.ui.network.part == part && model.ui.mode == Mode::Command
}
