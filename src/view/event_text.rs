//! One event in words: the subject, the call or change, and its result.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use ratatui::style::Style;

use super::draw_context::DrawContext;
use super::glyphs;
use super::line_writer::{fit, head, width};
use super::names;
use crate::domain::{
    Args, Call, CaptureEvent, Cause, ConnNo, Event, EventKind, Flow, GuardEvent, Outcome, Proto, Repeated,
    ServerChange, ServerEvent, ServerId, ServiceModel, SocketId, Stamp, Syscall, Transition,
};
use crate::model::Model;
use crate::model::servers::Server;

/// The columns of a subject where there is room for `client #3`, and where there is not.
pub(super) const WIDE_NAME: u16 = 14;
pub(super) const NARROW_NAME: u16 = 11;

/// The socket or part of the laboratory that an event is about.
pub(super) struct EventSubject<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) style: Style,
}

/// The subject of an event. An accepted connection has its number behind the server's name: it is another socket.
pub(super) fn subject<'a>(model: &'a Model, ctx: &DrawContext, event: &Event, narrow: bool) -> EventSubject<'a> {
    let words = &ctx.text.lifecycle;
    let theme = &ctx.theme;
    let server = |id: ServerId, conn: Option<ConnNo>| {
        let name =
            model.worlds.shown().servers.get(id).map_or_else(|| id.to_string().into(), |s| Cow::from(&s.spec.name));
        let name = conn.map_or_else(|| name.clone(), |conn| format!("{name}.{}", conn.0).into());
        EventSubject { name, style: theme.host.server }
    };
    let socket = |socket| match socket {
        SocketId::Client(id) => {
            let name = if narrow { format!("#{}", id.0) } else { (words.client)(id.0) };
            EventSubject { name: name.into(), style: theme.host.client }
        }
        SocketId::Server(id) => server(id, None),
        SocketId::Conn(id, conn) => server(id, Some(conn)),
        SocketId::Broadcast(_) => EventSubject { name: words.broadcast.into(), style: theme.host.client },
    };
    match &event.seen.kind {
        EventKind::Call(call) => socket(call.socket),
        EventKind::Waits(call) => socket(call.socket),
        EventKind::State(change) | EventKind::Confirmed(change) => end(model, ctx, &change.flow, event.seen.at, narrow),
        EventKind::Server(event) => server(event.server, None),
        EventKind::Guard(GuardEvent::Acted { server: id, .. } | GuardEvent::Checked { server: id, .. }) => {
            server(*id, None)
        }
        EventKind::Guard(GuardEvent::HalfOpen { listener: Some(addr), .. }) => {
            match model.worlds.shown().servers.at(Proto::Tcp, *addr) {
                Some(known) => server(known.id, None),
                None => EventSubject { name: format!(":{}", addr.port()).into(), style: theme.host.server },
            }
        }
        EventKind::Client(_)
        | EventKind::Broadcast(_)
        | EventKind::Row(_)
        | EventKind::Holder(_)
        | EventKind::Bulk(_)
        | EventKind::Info(_)
        | EventKind::Packet(_)
        | EventKind::Wire(_)
        | EventKind::Guard(_)
        | EventKind::Target(_)
        | EventKind::Scan(_)
        | EventKind::Lesson(_)
        | EventKind::Capture(_)
        | EventKind::Note(_) => EventSubject { name: words.lab.into(), style: theme.title },
    }
}

/// The owner of one end of a connection at that moment. Another program may have had the server's port then.
fn end<'a>(model: &'a Model, ctx: &DrawContext, flow: &Flow, at: Stamp, narrow: bool) -> EventSubject<'a> {
    let theme = &ctx.theme;
    let client = model.worlds.shown().clients.by_flow(flow).filter(|client| client.local == Some(flow.local));
    if let Some(client) = client {
        let name = if narrow && client.id().is_some() { names::short(ctx, client) } else { names::long(ctx, client) };
        return EventSubject { name, style: theme.host.client };
    }
    match model.worlds.shown().server_of(flow, at) {
        Some(server) => {
            let conn = flow.peer.and_then(|peer| server.peers.iter().rev().find(|(_, other)| **other == peer));
            let name = match conn {
                Some((conn, _)) => format!("{}.{}", server.spec.name, conn.0).into(),
                // Not accepted, or by a program whose calls are not seen.
                None => flow.peer.map_or(Cow::from(&server.spec.name), |peer| unaccepted(server, peer, narrow)),
            };
            EventSubject { name, style: theme.host.server }
        }
        None => EventSubject { name: format!(":{}", flow.local.port()).into(), style: theme.text },
    }
}

/// The server's end of a connection that has no number: the port of the other end stays whole where names are short.
fn unaccepted(server: &Server, peer: SocketAddr, narrow: bool) -> Cow<'_, str> {
    let name = &server.spec.name;
    let port = format!(" :{}", peer.port());
    let room = if narrow { NARROW_NAME } else { WIDE_NAME } - width(&port);
    if width(name) > room {
        return format!("{}{}{port}", head(name, room - 1), glyphs::ELLIPSIS).into();
    }
    format!("{name}{port}").into()
}

/// A text in pieces, each with its style.
#[derive(Default)]
pub(super) struct StyledText(pub(super) Vec<(String, Style)>);

impl StyledText {
    fn push(&mut self, text: impl Into<String>, style: Style) -> &mut Self {
        self.0.push((text.into(), style));
        self
    }
}

/// Describes what happened, as briefly as the room requires.
pub(super) fn describe(model: &Model, ctx: &DrawContext, event: &Event, room: u16) -> StyledText {
    let mut text = StyledText::default();
    match &event.seen.kind {
        EventKind::Call(call) => self::call(ctx, call, room, &mut text),
        EventKind::Waits(call) => {
            text.push(call.call.name(), ctx.theme.title).push("() ", ctx.theme.text);
            text.push((ctx.text.lifecycle.waits)(call.call), ctx.theme.quiet);
        }
        EventKind::State(change) | EventKind::Confirmed(change) => {
            state(ctx, change, ctx.theme.evidence(event.seen.evidence), &mut text);
        }
        EventKind::Server(event) => server(model, ctx, event, room, &mut text),
        EventKind::Note(note) => _ = text.push((ctx.text.note)(note), ctx.theme.text),
        EventKind::Capture(event) => {
            let fails = matches!(event, CaptureEvent::Failed { .. } | CaptureEvent::FileRefused { .. });
            text.push((ctx.text.capture)(event), if fails { ctx.theme.alarm } else { ctx.theme.text });
        }
        EventKind::Guard(event) => {
            let acts = !matches!(event, GuardEvent::Limits { .. } | GuardEvent::Unblocked { .. });
            text.push((ctx.text.guard)(event), if acts { ctx.theme.alarm } else { ctx.theme.text });
        }
        EventKind::Target(event) => {
            let said = ctx.text.checks.target(&ctx.text.numbers, &event.target.to_string(), &event.change);
            text.push(said, ctx.theme.text);
        }
        EventKind::Scan(event) => {
            _ = text.push(ctx.text.checks.scan(&ctx.text.numbers, &event.change), ctx.theme.text);
        }
        EventKind::Row(_)
        | EventKind::Holder(_)
        | EventKind::Bulk(_)
        | EventKind::Info(_)
        | EventKind::Client(_)
        | EventKind::Broadcast(_)
        | EventKind::Packet(_)
        | EventKind::Wire(_)
        | EventKind::Lesson(_) => {}
    }
    text
}

/// Describes a call with its addresses and comment in full, or as short as the room requires. Ports always stay.
fn call(ctx: &DrawContext, call: &Call, room: u16, text: &mut StyledText) {
    let comments = comments(ctx, call);
    let forms = [(60, &comments[0]), (60, &comments[1]), (60, &comments[2]), (9, &comments[2])];
    let mut call_text = StyledText::default();
    for (columns, comment) in forms {
        call_text = self::call_text(ctx, call, columns, comment);
        if call_text.0.iter().map(|(text, _)| width(text)).sum::<u16>() <= room {
            break;
        }
    }
    text.0.append(&mut call_text.0);
}

/// Calls that are told together: `recv ×1,412, 5.8 MB`. The data of one of them would stand for all.
fn repeated_text(ctx: &DrawContext, call: &Call, count: u64, columns: u16) -> StyledText {
    let (theme, numbers) = (&ctx.theme, &ctx.text.numbers);
    let bytes = call.data.as_ref().map_or(0, |data| data.len as u64);
    let mut text = StyledText::default();
    text.push(call.call.name(), theme.title)
        .push(format!(" {}{}", glyphs::TIMES, numbers.count(count)), theme.newest)
        .push(format!(", {}", numbers.bytes(bytes)), theme.text);
    if let (Syscall::Recvfrom, Some(peer)) = (call.call, call.flow.and_then(|flow| flow.peer)) {
        text.push(format!(" {}", (ctx.text.lifecycle.from)(&fit(peer, columns))), theme.host.client);
    }
    text
}

/// The call with addresses of at most so many columns and this comment.
fn call_text(ctx: &DrawContext, call: &Call, columns: u16, comment: &str) -> StyledText {
    if let Some(Repeated { count, .. }) = call.repeated {
        return repeated_text(ctx, call, count, columns);
    }
    let theme = &ctx.theme;
    let words = &ctx.text.lifecycle;
    let mut text = StyledText::default();
    text.push(call.call.name(), theme.title).push(arguments(call, columns), theme.text);
    if let Outcome::Failed(errno) = call.result {
        text.push(format!(" {} ", glyphs::ARROW), theme.text).push(errno.to_string(), theme.alarm);
        text.push(format!(": {}", (ctx.text.errno)(errno).what), theme.text);
        return text;
    }
    if call.result == Outcome::TimedOut {
        let took = call.took_us.map(|took| ctx.text.numbers.tenths(Duration::from_micros(took)));
        text.push(format!(" {} ", glyphs::ARROW), theme.text).push((words.timed_out)(took.as_deref()), theme.alarm);
        return text;
    }
    if let Some(unread) = call.unread {
        text.push(format!("   {}", (words.unread)(&ctx.text.numbers.bytes(unread))), theme.alarm);
        return text;
    }
    match &call.data {
        Some(_) if call.shut_down => {
            text.push(format!(" {} ", glyphs::ARROW), theme.text).push(words.shut_down, theme.state.closing);
        }
        Some(data) if data.len == 0 => {
            let meaning = if call.call == Syscall::Recv { words.end_of_data } else { words.no_data };
            text.push(format!(" {} ", glyphs::ARROW), theme.text).push(meaning, theme.state.closing);
        }
        Some(data) => _ = text.push(format!(" \"{}\"", glyphs::excerpt(data)), theme.typed),
        None => {}
    }
    let peer = call.flow.and_then(|flow| flow.peer).map(|peer| fit(peer, columns));
    match (call.call, peer) {
        (Syscall::Accept, Some(peer)) => {
            text.push(format!(" {} ", glyphs::ARROW), theme.text).push(peer, theme.host.client);
            text.push(comment, theme.quiet);
        }
        (Syscall::Recvfrom, Some(peer)) => {
            text.push(format!(" {}", (ctx.text.lifecycle.from)(&peer)), theme.host.client);
        }
        _ => _ = text.push(comment, theme.newest),
    }
    text
}

/// The call's arguments as a program writes them, as far as they matter: `(12)`, `(127.0.0.1:65432)`.
fn arguments(call: &Call, columns: u16) -> String {
    let args = match call.args {
        Args::Addr(addr) => fit(addr, columns),
        // The number of bytes received says more than the size of the buffer.
        Args::Number(_) if call.data.is_some() && !call.shut_down => String::new(),
        args => args.to_string(),
    };
    match call.data.as_ref().filter(|data| data.len > 0) {
        Some(data) if args.is_empty() => format!("({})", data.len),
        Some(data) => format!("({}, {args})", data.len),
        None => format!("({args})"),
    }
}

/// A comment on a call's result, the longest form first.
fn comments(ctx: &DrawContext, call: &Call) -> [String; 3] {
    let words = &ctx.text.lifecycle;
    let port = call.flow.map_or(0, |flow| flow.local.port());
    let ok = |comment: String| format!(" {} ok, {comment}", glyphs::ARROW);
    let any = matches!(call.args, Args::Addr(asked) if asked.port() == 0);
    match (call.call, call.flow) {
        (Syscall::Connect, Some(_)) => [ok((words.chose_port)(port)), ok((words.port)(port)), ok((words.port)(port))],
        (Syscall::Bind, Some(_)) if any => {
            [ok((words.chose_port)(port)), ok((words.port)(port)), ok((words.port)(port))]
        }
        (Syscall::Bind, None) if any => [words.no_port_yet, words.no_port_short, ""].map(|comment| match comment {
            "" => String::new(),
            comment => ok(comment.into()),
        }),
        (Syscall::Accept, Some(_)) => {
            [format!("   {}", (words.same_port)(port)), format!("   {}", words.same_port_short), String::new()]
        }
        (Syscall::Sendto, Some(_)) if matches!(call.socket, SocketId::Client(_) | SocketId::Broadcast(_)) => {
            [format!("   {}", (words.port)(port)), String::new(), String::new()]
        }
        _ => Default::default(),
    }
}

fn state(ctx: &DrawContext, change: &Transition, style: Style, text: &mut StyledText) {
    let theme = &ctx.theme;
    let inferred = style == theme.evidence.inferred;
    let of = |state| if inferred { style } else { theme.state(state) };
    text.push(change.from.name(), of(change.from)).push(format!(" {} ", glyphs::ARROW), style);
    text.push(change.to.name(), of(change.to));
    if let Some(cause) = change.cause {
        text.push(format!(" ({})", self::cause(ctx, cause)), theme.quiet);
    }
}

/// The cause of a state change: a call, a packet, or a timer.
pub(super) fn cause(ctx: &DrawContext, cause: Cause) -> Cow<'static, str> {
    match cause {
        Cause::Call(call) => Cow::Borrowed(call.name()),
        Cause::Packet(number) => (ctx.text.lifecycle.packet)(number).into(),
        Cause::Timer => ctx.text.lifecycle.timer.into(),
        Cause::Exit => ctx.text.lifecycle.exit.into(),
    }
}

fn server(model: &Model, ctx: &DrawContext, event: &ServerEvent, room: u16, text: &mut StyledText) {
    let words = &ctx.text.lifecycle;
    let theme = &ctx.theme;
    let known = model.worlds.shown().servers.get(event.server);
    let columns = if room < 52 { 9 } else { 60 };
    let peer = |conn: &ConnNo| {
        let peer = known.and_then(|server| server.peers.get(conn));
        peer.map_or_else(
            || format!("{}.{}", known.map_or("", |server| &server.spec.name), conn.0),
            |peer| fit(*peer, columns),
        )
    };
    let style = theme.text;
    match &event.change {
        ServerChange::Added { .. } => _ = text.push(words.added, style),
        ServerChange::Started { addr, .. } => _ = text.push((words.started)(*addr), style),
        ServerChange::Stopped => _ = text.push(words.stopped, style),
        ServerChange::Failed { errno, holder } => {
            let process = holder.as_ref().map(|process| format!("{} (pid {})", process.name, process.pid));
            let held = process.map(|process| (ctx.text.servers.held_by)(&process));
            let why = held.unwrap_or_else(|| (ctx.text.errno)(*errno).what.into());
            text.push((words.failed)(&errno.to_string()), theme.alarm).push(format!(": {why}"), style);
        }
        ServerChange::Model { model } => {
            let model = match model {
                ServiceModel::Sequential => words.sequential,
                ServiceModel::Threaded => words.threaded,
                ServiceModel::Async => words.asynchronous,
                ServiceModel::KeepsOpen => words.keeping_open,
            };
            text.push((words.model)(model), theme.title);
        }
        ServerChange::Serving { conn, by } => {
            let by = match by {
                ServiceModel::Sequential => words.by_loop,
                ServiceModel::Threaded => words.by_thread,
                ServiceModel::Async => words.by_task,
                ServiceModel::KeepsOpen => words.by_keeping_task,
            };
            text.push((words.serving)(&peer(conn), by), style);
        }
        ServerChange::Served { conn } => _ = text.push((words.served)(&peer(conn)), theme.quiet),
        ServerChange::Paused { errno } => {
            let what = (ctx.text.errno)(*errno).what;
            text.push((words.paused)(&errno.to_string()), theme.alarm).push(format!(": {what}"), style);
        }
        ServerChange::Resumed => _ = text.push(words.resumed, style),
    }
}
