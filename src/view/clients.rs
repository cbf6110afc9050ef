//! The clients' pane: one row per client, the newest first, and the number line of their ports.

use std::net::SocketAddr;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ink::{Ink, fit, width, wrap};
use super::look::{Frame, Look};
use super::standing::{self, Standing};
use super::{glyphs, names, number_line};
use crate::domain::{Proto, TcpState};
use crate::model::Model;
use crate::model::clients::Client;
use crate::model::lifecycle::{Subject, same_pair};
use crate::model::ui::{Mode, Pane, View};
use crate::model::window::window;

/// Draws the pane.
pub(super) fn render(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let all = model.world.clients.all();
    let words = &look.text.clients;
    let count = if all.is_empty() { String::new() } else { (words.counts)(model.world.clients.live(), all.len()) };
    let frame = Frame {
        title: words.title,
        count: &count,
        foot: if area.height > 7 { words.chosen } else { "" },
        focused: model.ui.focus == Pane::Clients && model.ui.mode == Mode::Command && model.ui.view == View::Lab,
    };
    let inside = look.frame(&frame, area, buf);
    if all.is_empty() {
        let lines = wrap(words.none, inside.width.saturating_sub(2));
        for (row, line) in (0..inside.height.saturating_sub(1)).zip(lines) {
            Ink::on(buf, inside, row).skip(1).say(line, look.theme.quiet);
        }
    }
    let list = Rect { height: list_height(model, inside), ..inside };
    // The list is shown from its end: places count from the newest.
    let shown: Vec<_> = places(model, list).map(|place| &all[all.len() - 1 - place]).collect();
    let number = shown.iter().map(|client| width(&names::short(look, client))).max().unwrap_or(2).min(NAME);
    let target = model.selected_client().and_then(|id| model.world.clients.ours(id)).map(|client| client.no);
    let addresses = || shown.iter().filter_map(|client| client.local).map(|addr| width(&addr.to_string()));
    let table = Columns { target, ..Columns::of(addresses, number, inside.width) };
    for (at, client) in (0..list.height).zip(&shown) {
        row(model, look, &table, client, &mut Ink::on(buf, list, at));
    }
    let line = Rect { y: list.bottom(), height: inside.height - list.height, ..inside };
    if line.height > 0 {
        let line = Rect { x: line.x + 1, width: line.width.saturating_sub(2), ..line };
        number_line::render(model, look, line, buf);
    }
}

fn list_height(model: &Model, inside: Rect) -> u16 {
    let line = u16::from(model.world.port_range.is_some() && inside.height > 1 && model.ui.view == View::Lab);
    inside.height - line
}

fn places(model: &Model, list: Rect) -> Range<usize> {
    let clients = &model.world.clients;
    let len = clients.all().len();
    let selected = model.ui.client.and_then(|no| clients.position(no)).map(|at| len - 1 - at);
    window(selected, len, usize::from(list.height))
}

/// The longest name of a client that is shown whole.
const NAME: u16 = 9;

struct Columns {
    /// The client that keys are about.
    target: Option<u32>,
    number: u16,
    local: u16,
    /// Whether the server's name has a column.
    server: bool,
    traffic: bool,
}

impl Columns {
    fn of<I: Iterator<Item = u16>>(addresses: impl Fn() -> I, number: u16, columns: u16) -> Self {
        // Mark, number, arrow, port, evidence and state, time.
        let fixed = 1 + (number + 1) + 4 + 7 + 14 + 7;
        let room = columns.saturating_sub(fixed);
        // Addresses that do not fit are shortened, and need no room for more than that.
        let local = addresses().filter(|width| *width <= room).max().unwrap_or(0).max(7);
        let spare = columns.saturating_sub(fixed + local);
        Self { target: None, number, local, server: spare >= 34, traffic: spare >= 20 }
    }
}

fn row(model: &Model, look: &Look, columns: &Columns, client: &Client, ink: &mut Ink<'_>) {
    let (theme, words, numbers) = (&look.theme, &look.text.clients, &look.text.numbers);
    let start = ink.x();
    let style = if client.is_live() { theme.text } else { theme.quiet };
    let selected = model.ui.client == Some(client.no);
    let marked = selected || columns.target == Some(client.no);
    ink.cell(if marked { glyphs::SELECTED } else { " " }, 1, theme.newest);
    ink.cell(&names::short(look, client), columns.number, style).skip(1);
    let newest = number_line::newest(model).is_some_and(|newest| newest.no == client.no);
    let port = if newest {
        theme.newest
    } else if client.is_live() {
        theme.host.client
    } else {
        style
    };
    let local = client.local.map_or_else(|| glyphs::DASH.into(), |addr: SocketAddr| fit(addr, columns.local));
    ink.cell(&local, columns.local, port);
    ink.say(" ", style).say(glyphs::LONG_ARROW, style).skip(1);
    ink.cell(&format!(":{}", client.target.addr.port()), 6, if client.is_live() { theme.host.server } else { style });
    if columns.server {
        ink.skip(1);
        let server = client.target.server.and_then(|id| model.world.servers.get(id));
        ink.cell(server.map_or("", |server| &server.spec.name), 10, style);
    }
    ink.skip(1);
    let standing = standing::of(model, look, client);
    match &standing {
        Standing::State(state, evidence) => {
            look.evidence(ink, *evidence);
            ink.skip(1).cell(state.name(), 12, theme.state(*state));
        }
        Standing::Phase(word) => _ = ink.skip(2).cell(word, 12, style),
        Standing::Failed(errno) => _ = ink.skip(2).cell(errno, 14, theme.alarm),
    }
    let left = standing::row(model, client).and_then(|entry| entry.timer_left(model.now));
    match (&standing, left) {
        (Standing::State(TcpState::TimeWait, _), Some(left)) => {
            ink.say(&(words.gone_in)(&numbers.left(left)), theme.state.time_wait);
        }
        _ if standing::waits(model, client) => {
            ink.any(&[words.waiting, words.waiting_short, words.queued], theme.state.opening);
        }
        (Standing::Failed(_), _) => failed(look, client, ink),
        _ => details(model, look, columns, client, ink),
    }
    let related = model.ui.subject.is_some_and(|subject| match (subject, client.flow()) {
        (Subject::Connection(flow), Some(own)) => same_pair(&flow, &own) && !selected,
        _ => false,
    });
    if selected {
        ink.restyle(start, theme.selected);
    } else if related {
        ink.restyle(start, theme.related);
    }
}

/// What the error means, in the words that fit.
fn failed(look: &Look, client: &Client, ink: &mut Ink<'_>) {
    if let crate::model::clients::Phase::Ended(Some(errno)) = client.phase {
        ink.say((look.text.errno)(errno).what, look.theme.text);
    }
}

fn details(model: &Model, look: &Look, columns: &Columns, client: &Client, ink: &mut Ink<'_>) {
    let (theme, numbers) = (&look.theme, &look.text.numbers);
    let style = if client.is_live() { theme.text } else { theme.quiet };
    if client.is_live() {
        ink.right(&numbers.span(model.now.since(client.since)), 7, style);
    } else {
        ink.skip(7);
    }
    let owner = standing::program(client);
    if columns.traffic || owner.is_none() {
        let bytes = numbers.bytes(client.sent + client.received);
        if width(&bytes) + 2 <= ink.room() {
            ink.skip(2).right(&bytes, 7, style);
        }
    }
    if let Some(owner) = owner {
        ink.skip(2).whole(&owner, theme.quiet);
    } else if client.target.proto == Proto::Udp && ink.room() > 2 {
        ink.skip(2).whole(look.text.clients.no_connection, theme.quiet);
    }
}
