//! The clients' pane: one row per client, the newest first, and the number line of their ports.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::client_status::{self, ClientStatus, is_elsewhere};
use super::column_budget::ColumnBudget;
use super::draw_context::{DrawContext, PaneFrame};
use super::line_writer::{LineWriter, fit, head, paragraph, width, wrap};
use super::{big_ports, glyphs, keys, names, number_line};
use crate::domain::keys::{Action, LabAction, ListAction, ScreenAction, WireAction};
use crate::domain::{ClientPlan, CloseHow, Proto, RowKey, TcpState};
use crate::model::Model;
use crate::model::clients::{Client, ClientOwner, ClientPhase};
use crate::model::lifecycle::{Subject, same_pair};
use crate::model::target::TargetResolution;
use crate::model::ui::{Mode, Pane, View};
use crate::model::waiting;
use crate::model::window::window;

/// Draws the pane: in the lab with the number line, in the view of the ports with each port's step.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let clients = &model.worlds.shown().clients;
    let words = &ctx.text.clients;
    let in_lab = model.ui.view == View::Lab;
    let [fin, rst] =
        [CloseHow::Fin, CloseHow::Rst].map(|how| keys::first(Action::Lab(LabAction::Close(how)), ctx.text));
    let page = ctx.hint(Action::List(ListAction::Page));
    let keys = format!("{fin} {rst} {}  {page}", ctx.hint(Action::Lab(LabAction::Close(CloseHow::Half))));
    let frame = PaneFrame {
        title: if in_lab { words.title } else { ctx.text.ports.latest },
        count: &if in_lab { count(model, ctx) } else { ctx.text.ports.steps.to_owned() },
        keys: if in_lab { &keys } else { "" },
        foot: if in_lab && area.height > 7 { choice(model, ctx, area.height) } else { "" },
        focused: in_lab && model.ui.focus == Pane::Clients && model.ui.mode == Mode::Command,
    };
    let inside = ctx.pane(&frame, area, buf);
    let inside = notice(model, ctx, inside, buf);
    let list = Rect { height: list_height(model, inside), ..inside };
    if clients.all().is_empty() {
        empty(model, ctx, list, buf);
    }
    let shown: Vec<_> = clients.listed().skip(places(model, list).start).take(list.height.into()).collect();
    let number = shown.iter().map(|client| width(&names::short(ctx, client))).max().unwrap_or(2).min(NAME);
    let target = model.selected_client().and_then(|id| clients.ours(id)).map(|client| client.no);
    let target = if in_lab { target } else { number_line::shown(model).map(|client| client.no) };
    let list = big_ports::beside(model, ctx, list, buf);
    let table = ClientColumns { target, ..ClientColumns::of(model, &shown, number, list.width) };
    for (at, client) in (0..list.height).zip(&shown) {
        row(model, ctx, &table, client, &mut LineWriter::on(buf, list, at));
    }
    let line = Rect { y: list.bottom(), height: inside.height - list.height, ..inside };
    if line.height > 0 {
        let line = Rect { x: line.x + 1, width: line.width.saturating_sub(2), ..line };
        number_line::render(model, ctx, line, buf);
    }
}

/// How many lines the pane needs inside its frame.
pub(super) fn needs(model: &Model) -> u16 {
    let all = model.worlds.shown().clients.all().len();
    let list = if all == 0 { EMPTY } else { u16::try_from(all).unwrap_or(u16::MAX / 2) };
    let notice = waiting::looked_for(model).is_some() || model.worlds.shown().target.is_some();
    list + u16::from(model.worlds.shown().port_range.is_some()) + u16::from(notice)
}

/// How many clients there are, or that fewer were made than were asked for.
fn count(model: &Model, ctx: &DrawContext) -> String {
    let words = &ctx.text.clients;
    let clients = &model.worlds.shown().clients;
    match clients.short {
        Some(short) => (words.short)(short.made, short.asked, short.errno),
        None if clients.all().is_empty() => String::new(),
        None => {
            let own = (words.counts)(clients.live() - clients.broadcasting(), clients.known());
            let broadcast = (words.broadcasting)(clients.broadcasting());
            if clients.broadcasting() == 0 { own } else { [own, broadcast].join(glyphs::SEPARATOR) }
        }
    }
}

/// The rows of the clients that are shown and whose programs are not known.
pub(super) fn unnamed_rows(model: &Model, area: Rect) -> impl Iterator<Item = RowKey> {
    // The frame takes two lines. What else takes some need not be known.
    let list = Rect { height: area.height.saturating_sub(2), ..area };
    let shown = model.worlds.shown().clients.listed().skip(places(model, list).start).take(list.height.into());
    let unnamed = shown.filter(|client| client.owner == ClientOwner::Foreign && client.process.is_none());
    unnamed.filter_map(|client| Some(client_status::row(model, client)?.row.key()))
}

/// How many lines the pane takes while there is no client.
const EMPTY: u16 = 3;

/// Says how the first client is made, and what else there is.
fn empty(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.clients;
    let world = model.worlds.shown();
    if model.has_no_lab() {
        let key = keys::first(Action::Wire(WireAction::Toggle), ctx.text);
        paragraph(&(words.none_on_wire)(&key), ctx.theme.quiet, area, buf);
        return;
    }
    let server = world.servers.get(model.ui.server).map_or("", |server| &server.spec.name);
    let server = world.target.as_ref().map_or_else(|| server.to_owned(), |target| target.host.to_string());
    let ways = [
        (Action::Lab(LabAction::Spawn(ClientPlan::Stay)), (words.first)(&server)),
        (Action::Screen(ScreenAction::View(View::Lessons)), words.lessons.to_owned()),
        (Action::Screen(ScreenAction::View(View::Wire)), words.by_packet.to_owned()),
    ];
    for (row, (action, sentence)) in (0..area.height).zip(ways) {
        let mut writer = LineWriter::on(buf, area, row);
        writer.skip(1).cell(&keys::first(action, ctx.text), 4, ctx.theme.key).write(&sentence, ctx.theme.text);
    }
}

/// The step from the port of the client before it to the same destination. A UDP socket's port is drawn anew each time.
fn step(model: &Model, client: &Client) -> Option<i32> {
    let same = |other: &&Client| {
        let ip = |client: &Client| client.local.map(|local| local.ip());
        other.destination.addr == client.destination.addr && ip(other) == ip(client)
    };
    let clients = &model.worlds.shown().clients;
    let own =
        client.local.filter(|local| !is_elsewhere(model, local.ip()) && client.destination.proto == Proto::Tcp)?;
    let earlier = &clients.all()[..clients.position(client.no)?];
    let before = earlier.iter().rev().filter(|other| other.destination.proto == Proto::Tcp).find(same)?.local?;
    Some(i32::from(own.port()) - i32::from(before.port()))
}

/// How the kernel chose the latest ports, where that can be seen from them. A step outside the range is a new draw.
fn choice(model: &Model, ctx: &DrawContext, latest: u16) -> &'static str {
    if newest_step(model).is_some_and(|step| !(2..=16).contains(&step)) {
        ctx.text.clients.redrawn
    } else if ports_rise(model, latest) {
        ctx.text.clients.chosen
    } else {
        ""
    }
}

/// The step of the newest TCP client on this machine.
fn newest_step(model: &Model) -> Option<i32> {
    let ours = |client: &&Client| {
        client.destination.proto == Proto::Tcp && client.local.is_some_and(|local| !is_elsewhere(model, local.ip()))
    };
    step(model, model.worlds.shown().clients.listed().find(ours)?)
}

/// Whether the latest ports are what Linux chooses between two draws of its offset: of the parity of the range's first
/// port, each a little above the one before (RFC 6056 §3.3.4).
fn ports_rise(model: &Model, latest: u16) -> bool {
    let low = model.worlds.shown().port_range.map_or(0, |(low, _)| low);
    let rises = |client: &Client| {
        let local =
            client.local.filter(|local| client.destination.proto == Proto::Tcp && !is_elsewhere(model, local.ip()));
        local.is_none_or(|local| {
            local.port() % 2 == low % 2 && step(model, client).is_none_or(|step| (2..=16).contains(&step))
        })
    };
    model.worlds.shown().clients.listed().take(latest.into()).all(rises)
}

/// The greatest step that is not taken for a new draw: ports in use are skipped.
const GREATEST_STEP: i32 = 64;

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
    let selected = model.ui.client.and_then(|no| clients.listed().position(|client| client.no == no));
    window(selected, clients.all().len(), usize::from(list.height))
}

/// The widest column for a client's name.
const NAME: u16 = 9;

/// The widths of the columns, each with the blanks before it; 0 for one that is not shown.
struct ClientColumns {
    /// The client that is marked.
    target: Option<u32>,
    number: u16,
    local: u16,
    /// The step from the port before.
    step: u16,
    /// The destination: its port, or address and port.
    destination: u16,
    server: u16,
    bytes: u16,
    /// Whether the client's plan is shown: in the view of the ports.
    plan: bool,
}

impl ClientColumns {
    /// Where columns are missing, the server's name goes first, then the step, this machine's addresses but for their
    /// ports, the program, which is cut before, and bytes last; number, both ports, state and countdown never do.
    fn of(model: &Model, shown: &[&Client], number: u16, columns: u16) -> Self {
        // The mark, the number, the arrow, evidence and state.
        let fixed = 1 + number + 1 + PORT + 4 + PORT + 1 + 14 + TIME;
        let mut budget = ColumnBudget::new(columns, fixed);
        let none =
            Self { target: None, number, local: PORT, step: 0, destination: PORT, server: 0, bytes: 0, plan: true };
        if model.ui.view != View::Lab {
            return Self { step: budget.fit([(STEP + 1, 0)]), bytes: budget.fit([(BYTES, 0)]), ..none };
        }
        let addresses = shown.iter().filter_map(|client| client.local).map(|addr| width(&addr.to_string()));
        let addresses: Vec<_> = addresses.map(|width| (width.saturating_sub(PORT), 0)).collect();
        let far = shown.iter().filter(|client| is_elsewhere(model, client.destination.addr.ip()));
        let far: Vec<_> = far.map(|client| (width(&client.destination.addr.to_string()) - PORT, 0)).collect();
        let programs = shown.iter().filter_map(|client| client_status::program(client));
        let widest = programs.map(|program| width(&program) + 2).max().unwrap_or(0);
        // Which machine a client goes to is not to be seen elsewhere.
        let goes_far = !far.is_empty();
        let mut local = if goes_far { budget.fit(addresses.iter().copied()) } else { 0 };
        let destination = PORT + budget.fit(far);
        let bytes = budget.fit([(BYTES, 0)]);
        let _program = budget.fit((SHORTEST_PROGRAM.min(widest)..=widest).map(|width| (width, 0)));
        if !goes_far {
            local = budget.fit(addresses);
        }
        let local = PORT + local;
        let step = if shown.iter().any(|client| step(model, client).is_some()) { budget.fit([(STEP, 0)]) } else { 0 };
        let named = shown.iter().any(|client| client.destination.server.is_some());
        let server = if named { budget.fit([(11, 0)]) } else { 0 };
        Self { local, step, destination, server, bytes, plan: false, ..none }
    }
}

/// The width of a port with its colon.
const PORT: u16 = 6;

/// The width of a number of bytes.
const BYTES: u16 = 9;

/// The least room in which a program is worth being begun, with the blanks before it.
const SHORTEST_PROGRAM: u16 = 8;

/// The width of a step, and of an age or a countdown.
const STEP: u16 = 7;
const TIME: u16 = 12;

fn row(model: &Model, ctx: &DrawContext, columns: &ClientColumns, client: &Client, writer: &mut LineWriter<'_>) {
    let theme = &ctx.theme;
    let words = &ctx.text.clients;
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
    writer.cell(&local(client, columns.local), columns.local, port);
    let step = if columns.step > 0 { step(model, client) } else { None };
    let said = step.map_or_else(String::new, |step| format!("{step:+}"));
    writer.right(&said, columns.step, theme.quiet);
    writer.write(" ", style).write(glyphs::LONG_ARROW, style).skip(1);
    let there = client.destination.addr;
    let far = columns.destination > PORT && is_elsewhere(model, there.ip());
    let there = if far { fit(there, columns.destination) } else { format!(":{}", there.port()) };
    writer.cell(&there, columns.destination, if client.is_live() { theme.host.server } else { style });
    if columns.server > 0 {
        let server = client.destination.server.and_then(|id| model.worlds.shown().servers.get(id));
        writer.skip(1).cell(server.map_or("", |server| &server.spec.name), columns.server - 1, style);
    }
    writer.skip(1);
    match &status {
        ClientStatus::State(state, evidence) | ClientStatus::Other(state, evidence) => {
            ctx.evidence(writer, *evidence);
            writer.skip(1).cell(state.name(), 12, theme.state(*state));
        }
        ClientStatus::Phase(word) => _ = writer.skip(2).cell(word, 12, style),
        // There is no time to show.
        ClientStatus::Gone(word) => _ = writer.skip(2).cell(word, 12 + TIME, style),
        ClientStatus::Failed(errno) => _ = writer.skip(2).cell(errno, 12, theme.alarm).skip(1),
    }
    if let (ClientStatus::Failed(_), ClientPhase::Ended(Some(errno))) = (&status, client.phase) {
        writer.write((ctx.text.errno)(errno).what, theme.text);
    } else {
        let drawn = columns.plan && step.is_some_and(|step| !(1..=GREATEST_STEP).contains(&step));
        let bytes = if drawn { 0 } else { columns.bytes };
        let end = writer.x() + bytes + if matches!(status, ClientStatus::Gone(_)) { 0 } else { TIME };
        time(model, ctx, bytes, (client, &status), writer);
        writer.goto(end);
        let tail = match (client_status::program(client), client.owner) {
            _ if drawn => ctx.text.ports.drawn.to_owned(),
            (_, ClientOwner::Ours(_, ClientPlan::OneShot)) if columns.plan => {
                keys::text(Action::Lab(LabAction::Spawn(ClientPlan::OneShot)), ctx.text).hint.to_owned()
            }
            (Some(program), _) => cut(program, writer.room().saturating_sub(2)),
            (None, _) if client.destination.proto == Proto::Udp => words.no_connection.to_owned(),
            (None, _) => String::new(),
        };
        // Without the words in brackets where there is no room for them.
        let short = tail.split(" (").next().unwrap_or_default();
        writer.skip(2).write_first(&[&tail, short, ""], theme.quiet);
    }
    highlight(model, ctx, client, start, writer);
}

/// A program, cut where there is no room for all of it.
fn cut(program: String, columns: u16) -> String {
    if width(&program) <= columns || columns + 2 < SHORTEST_PROGRAM {
        return program;
    }
    head(&program, columns - 1).to_owned() + glyphs::ELLIPSIS
}

/// A client's own address, or its port alone where there is no room for more.
fn local(client: &Client, columns: u16) -> String {
    let Some(local) = client.local else { return glyphs::DASH.into() };
    let full = local.to_string();
    if width(&full) <= columns { full } else { format!(":{}", local.port()) }
}

/// Writes how long a client has been there or how long its port still waits, and its bytes.
fn time(
    model: &Model,
    ctx: &DrawContext,
    bytes: u16,
    (client, status): (&Client, &ClientStatus),
    writer: &mut LineWriter<'_>,
) {
    let theme = &ctx.theme;
    let words = &ctx.text.clients;
    let numbers = &ctx.text.numbers;
    let style = if client.is_live() { theme.text } else { theme.quiet };
    let left = client_status::row(model, client).and_then(|entry| entry.timer_left(model.now));
    let room = TIME + bytes;
    match (status, left) {
        (ClientStatus::State(TcpState::TimeWait, _), Some(left)) => {
            writer.cell(&(words.gone_in)(&numbers.left(left)), TIME, theme.state.time_wait);
        }
        (ClientStatus::Other(..), _) => {
            writer.write_first(&[words.server_end, ""], theme.quiet);
            return;
        }
        _ if client_status::waits(model, client) => {
            let forms = [words.waiting, words.waiting_short, words.queued];
            let form = forms.iter().find(|form| width(form) <= room).unwrap_or(&words.queued);
            writer.cell(form, room, theme.state.opening);
            return;
        }
        (ClientStatus::Gone(_), _) => {}
        _ if client.is_live() => _ = writer.right(&numbers.span(model.now.since(client.since)), TIME, style),
        _ => _ = writer.skip(TIME),
    }
    if bytes > 0 {
        let counted = client.counted_bytes().map_or_else(String::new, |counted| numbers.bytes(counted));
        // A transfer of either end stands in place of its sum.
        let bulk = client.flow().and_then(|flow| client_status::bulk(model, &flow));
        writer.right(&bulk.unwrap_or(counted), bytes, style);
    }
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
    let before = columns.local + columns.step + 4 + columns.destination + columns.server + 1;
    if before + 2 + 13 + width(what) <= writer.room() {
        return false;
    }
    let theme = &ctx.theme;
    let to = format!("{} :{} ", glyphs::LONG_ARROW, client.destination.addr.port());
    let local = client.local.map_or_else(String::new, |addr| format!(":{} ", addr.port()));
    let why = width(errno) + 2 + width(what);
    let fits = |lead: &String| width(lead) + why <= writer.room();
    let lead = [format!("{local}{to}"), to].into_iter().find(fits).unwrap_or_default();
    writer.write(&lead, theme.quiet).write(errno, theme.alarm).skip(2).write(what, theme.text);
    true
}
