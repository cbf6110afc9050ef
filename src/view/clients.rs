//! The clients' pane: one row per client, the newest first, and the number line of their ports.

use std::net::SocketAddr;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::client_status::{self, ClientStatus, is_elsewhere};
use super::column_budget::ColumnBudget;
use super::draw_context::{DrawContext, PaneFrame};
use super::line_writer::{LineWriter, fit, paragraph, width, wrap};
use super::{glyphs, keys, names, number_line};
use crate::domain::keys::{Action, LabAction, ListAction, WireAction};
use crate::domain::{CloseHow, Proto, TcpState};
use crate::model::Model;
use crate::model::clients::{Client, ClientPhase};
use crate::model::lifecycle::{Subject, same_pair};
use crate::model::target::TargetResolution;
use crate::model::ui::{Mode, Pane, View};
use crate::model::waiting;
use crate::model::window::window;

/// Draws the pane.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let all = model.worlds.shown().clients.all();
    let words = &ctx.text.clients;
    let count =
        if all.is_empty() { String::new() } else { (words.counts)(model.worlds.shown().clients.live(), all.len()) };
    let [fin, rst] =
        [CloseHow::Fin, CloseHow::Rst].map(|how| keys::first(Action::Lab(LabAction::Close(how)), ctx.text));
    let page = ctx.hint(Action::List(ListAction::Page));
    let keys = format!("{fin} {rst} {}  {page}", ctx.hint(Action::Lab(LabAction::Close(CloseHow::Half))));
    let frame = PaneFrame {
        title: words.title,
        count: &count,
        keys: &keys,
        foot: if area.height > 7 { words.chosen } else { "" },
        focused: model.ui.focus == Pane::Clients && model.ui.mode == Mode::Command && model.ui.view == View::Lab,
    };
    let inside = ctx.pane(&frame, area, buf);
    let inside = notice(model, ctx, inside, buf);
    if all.is_empty() {
        let key = keys::first(Action::Wire(WireAction::Toggle), ctx.text);
        let sentence = if model.has_no_lab() { (words.none_on_wire)(&key) } else { words.none.to_owned() };
        let place = Rect { height: inside.height.saturating_sub(1), ..inside };
        paragraph(&sentence, ctx.theme.quiet, place, buf);
    }
    let list = Rect { height: list_height(model, inside), ..inside };
    // The newest client is at the top: places count from the end of the list.
    let shown: Vec<_> = places(model, list).map(|place| &all[all.len() - 1 - place]).collect();
    let number = shown.iter().map(|client| width(&names::short(ctx, client))).max().unwrap_or(2).min(NAME);
    let target = model.selected_client().and_then(|id| model.worlds.shown().clients.ours(id)).map(|client| client.no);
    let table = ClientColumns { target, ..ClientColumns::of(model, &shown, number, inside.width) };
    for (at, client) in (0..list.height).zip(&shown) {
        row(model, ctx, &table, client, &mut LineWriter::on(buf, list, at));
    }
    let line = Rect { y: list.bottom(), height: inside.height - list.height, ..inside };
    if line.height > 0 {
        let line = Rect { x: line.x + 1, width: line.width.saturating_sub(2), ..line };
        number_line::render(model, ctx, line, buf);
    }
}

/// Says that clients wait for the target's address, or cannot get it. Returns the space below.
fn notice(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Rect {
    let words = &ctx.text.network;
    let (said, style) = match (
        waiting::looked_for(model),
        model.worlds.shown().target.as_ref().map(|target| (target, target.resolution)),
    ) {
        (Some(target), _) => {
            let count = model.ui.waiting.count();
            let wait = if count > 0 {
                format!(" {}", (words.wait)(&ctx.text.numbers.count(count.into()), count))
            } else {
                String::new()
            };
            ((words.looking)(&target.to_string()) + &wait, ctx.theme.state.opening)
        }
        (None, Some((target, TargetResolution::Lost(why)))) => {
            ((ctx.text.checks.unresolved)(&target.host.name, why), ctx.theme.alarm)
        }
        (None, _) => return area,
    };
    let lines = wrap(&said, area.width.saturating_sub(2));
    // The list of clients keeps most of the pane.
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height.div_ceil(3)).min(area.height);
    let cut = usize::from(height) < lines.len();
    for (row, line) in (0..height).zip(lines) {
        let more = if cut && row + 1 == height { glyphs::ELLIPSIS } else { "" };
        LineWriter::on(buf, area, row).skip(1).write(line, style).write(more, style);
    }
    Rect { y: area.y + height, height: area.height - height, ..area }
}

fn list_height(model: &Model, inside: Rect) -> u16 {
    let line = u16::from(model.worlds.shown().port_range.is_some() && inside.height > 1 && model.ui.view == View::Lab);
    inside.height - line
}

fn places(model: &Model, list: Rect) -> Range<usize> {
    let clients = &model.worlds.shown().clients;
    let len = clients.all().len();
    let selected = model.ui.client.and_then(|no| clients.position(no)).map(|at| len - 1 - at);
    window(selected, len, usize::from(list.height))
}

/// The widest column for a client's name.
const NAME: u16 = 9;

struct ClientColumns {
    /// The client that the keys act on.
    target: Option<u32>,
    number: u16,
    local: u16,
    /// The destination: its port, or address and port.
    destination: u16,
    /// Whether the server's name has a column.
    server: bool,
    traffic: bool,
}

impl ClientColumns {
    fn of(model: &Model, shown: &[&Client], number: u16, columns: u16) -> Self {
        // Mark, number, arrow, port, evidence and state, time.
        let fixed = 1 + (number + 1) + 4 + (1 + PORT) + 14 + 7;
        let mut budget = ColumnBudget::new(columns, fixed + LOCAL);
        // Addresses that do not fit are shortened, so they do not widen the column.
        let addresses = shown.iter().filter_map(|client| client.local).map(|addr| width(&addr.to_string()));
        let local = LOCAL + budget.fit(addresses.map(|width| (width.saturating_sub(LOCAL), 0)));
        let far = shown.iter().filter(|client| is_elsewhere(model, client.destination.addr.ip()));
        let more = budget.fit(far.map(|client| (width(&client.destination.addr.to_string()) - PORT, 0)));
        let named = shown.iter().any(|client| client.destination.server.is_some());
        let server = named && budget.fit([(11, 23)]) > 0;
        let traffic = budget.fit([(9, 11)]) > 0;
        Self { target: None, number, local, destination: PORT + more, server, traffic }
    }
}

/// The width of a client's own address when it is shortened.
const LOCAL: u16 = 7;

/// The width of a port with its colon.
const PORT: u16 = 6;

fn row(model: &Model, ctx: &DrawContext, columns: &ClientColumns, client: &Client, writer: &mut LineWriter<'_>) {
    let theme = &ctx.theme;
    let words = &ctx.text.clients;
    let numbers = &ctx.text.numbers;
    let start = writer.x();
    let style = if client.is_live() { theme.text } else { theme.quiet };
    let selected = model.ui.client == Some(client.no);
    let marked = selected || columns.target == Some(client.no);
    writer.cell(if marked { glyphs::SELECTED } else { " " }, 1, theme.newest);
    writer.cell(&names::short(ctx, client), columns.number, style).skip(1);
    let newest = number_line::newest(model).is_some_and(|newest| newest.no == client.no);
    let port = if newest {
        theme.newest
    } else if client.is_live() {
        theme.host.client
    } else {
        style
    };
    let status = client_status::of(model, ctx, client);
    if let (ClientStatus::Failed(errno), ClientPhase::Ended(Some(why))) = (&status, client.phase)
        && failed(ctx, columns, client, (errno, (ctx.text.errno)(why).what), writer)
    {
        return highlight(model, ctx, client, start, writer);
    }
    let local = client.local.map_or_else(|| glyphs::DASH.into(), |addr: SocketAddr| fit(addr, columns.local));
    writer.cell(&local, columns.local, port);
    writer.write(" ", style).write(glyphs::LONG_ARROW, style).skip(1);
    let there = client.destination.addr;
    let far = columns.destination > PORT && is_elsewhere(model, there.ip());
    let there = if far { fit(there, columns.destination) } else { format!(":{}", there.port()) };
    writer.cell(&there, columns.destination, if client.is_live() { theme.host.server } else { style });
    if columns.server {
        writer.skip(1);
        let server = client.destination.server.and_then(|id| model.worlds.shown().servers.get(id));
        writer.cell(server.map_or("", |server| &server.spec.name), 10, style);
    }
    writer.skip(1);
    match &status {
        ClientStatus::State(state, evidence) => {
            ctx.evidence(writer, *evidence);
            writer.skip(1).cell(state.name(), 12, theme.state(*state));
        }
        ClientStatus::Other(state, evidence) => {
            ctx.evidence(writer, *evidence);
            writer
                .skip(1)
                .cell(state.name(), 12, theme.state(*state))
                .write_first(&[words.server_end, ""], theme.quiet);
        }
        ClientStatus::Phase(word) => _ = writer.skip(2).cell(word, 12, style),
        ClientStatus::Failed(errno) => _ = writer.skip(2).cell(errno, 14, theme.alarm),
    }
    let left = client_status::row(model, client).and_then(|entry| entry.timer_left(model.now));
    match (&status, left) {
        (ClientStatus::State(TcpState::TimeWait, _), Some(left)) => {
            writer.write(&(words.gone_in)(&numbers.left(left)), theme.state.time_wait);
        }
        _ if client_status::waits(model, client) => {
            writer.write_first(&[words.waiting, words.waiting_short, words.queued], theme.state.opening);
        }
        (ClientStatus::Other(..), _) => {}
        (ClientStatus::Failed(_), _) => {
            if let ClientPhase::Ended(Some(errno)) = client.phase {
                writer.write((ctx.text.errno)(errno).what, theme.text);
            }
        }
        _ => details(model, ctx, columns, client, writer),
    }
    highlight(model, ctx, client, start, writer);
}

/// Marks a row that is selected, or is about the same connection as what is selected elsewhere.
fn highlight(model: &Model, ctx: &DrawContext, client: &Client, start: u16, writer: &mut LineWriter<'_>) {
    let theme = &ctx.theme;
    let selected = model.ui.client == Some(client.no);
    let related = model.ui.subject.is_some_and(|subject| match (subject, client.flow()) {
        (Subject::Connection(flow), Some(own)) => same_pair(&flow, &own) && !selected,
        _ => false,
    });
    if selected {
        writer.restyle(start, theme.selected);
    } else if related {
        writer.restyle(start, theme.related);
    }
}

/// Writes why a client failed, if the columns leave too little room for it: they give way, the least important first. A
/// port that was released says nothing any more. Returns `false` if there is enough room beside the columns.
fn failed(
    ctx: &DrawContext,
    columns: &ClientColumns,
    client: &Client,
    (errno, what): (&str, &str),
    writer: &mut LineWriter<'_>,
) -> bool {
    let server = if columns.server { 11 } else { 0 };
    if columns.local + 4 + columns.destination + server + 1 + 2 + 14 + width(what) <= writer.room() {
        return false;
    }
    let theme = &ctx.theme;
    let to = format!("{} :{} ", glyphs::LONG_ARROW, client.destination.addr.port());
    let local = client.local.map_or_else(String::new, |addr| format!("{} ", fit(addr, 7)));
    let why = width(errno) + 2 + width(what);
    let fits = |lead: &String| width(lead) + why <= writer.room();
    let lead = [format!("{local}{to}"), to].into_iter().find(fits).unwrap_or_default();
    writer.write(&lead, theme.quiet).write(errno, theme.alarm).skip(2).write(what, theme.text);
    true
}

fn details(model: &Model, ctx: &DrawContext, columns: &ClientColumns, client: &Client, writer: &mut LineWriter<'_>) {
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let style = if client.is_live() { theme.text } else { theme.quiet };
    if client.is_live() {
        writer.right(&numbers.span(model.now.since(client.since)), 7, style);
    } else {
        writer.skip(7);
    }
    let owner = client_status::program(client);
    if columns.traffic || owner.is_none() {
        let bytes = numbers.bytes(client.sent + client.received);
        if width(&bytes) + 2 <= writer.room() {
            writer.skip(2).right(&bytes, 7, style);
        }
    }
    if let Some(owner) = owner {
        writer.skip(2).write_whole(&owner, theme.quiet);
    } else if client.destination.proto == Proto::Udp && writer.room() > 2 {
        writer.skip(2).write_whole(ctx.text.clients.no_connection, theme.quiet);
    }
}
