//! One event in words: who did what, and what came of it.

use std::borrow::Cow;

use ratatui::style::Style;

use super::glyphs;
use super::ink::{fit, width};
use super::look::Look;
use super::names;
use crate::domain::{
    Args, Call, Cause, ConnNo, Event, EventKind, Excerpt, Flow, GuardEvent, Outcome, Proto, ServerChange, ServerEvent,
    ServerId, ServiceModel, SocketId, Stamp, Syscall, Transition,
};
use crate::model::Model;

/// Who an event is about.
pub(super) struct Who<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) style: Style,
}

/// Who did it. A connection that a server accepted has its number behind the server's name: it is another socket.
pub(super) fn who<'a>(model: &'a Model, look: &Look, event: &Event, narrow: bool) -> Who<'a> {
    let (words, theme) = (&look.text.lifecycle, &look.theme);
    let server = |id: ServerId, conn: Option<ConnNo>| {
        let name =
            model.worlds.shown().servers.get(id).map_or_else(|| id.to_string().into(), |s| Cow::from(&s.spec.name));
        let name = conn.map_or_else(|| name.clone(), |conn| format!("{name}.{}", conn.0).into());
        Who { name, style: theme.host.server }
    };
    match &event.seen.kind {
        EventKind::Call(call) => match call.socket {
            SocketId::Client(id) => {
                let name = if narrow { format!("#{}", id.0) } else { (words.client)(id.0) };
                Who { name: name.into(), style: theme.host.client }
            }
            SocketId::Server(id) => server(id, None),
            SocketId::Conn(id, conn) => server(id, Some(conn)),
            SocketId::Broadcast(_) => Who { name: words.broadcast.into(), style: theme.host.client },
        },
        EventKind::State(change) | EventKind::Confirmed(change) => {
            end(model, look, &change.flow, event.seen.at, narrow)
        }
        EventKind::Server(event) => server(event.server, None),
        EventKind::Guard(GuardEvent::Acted { server: id, .. } | GuardEvent::Checked { server: id, .. }) => {
            server(*id, None)
        }
        EventKind::Guard(GuardEvent::HalfOpen { listener: Some(addr), .. }) => {
            match model.worlds.shown().servers.at(Proto::Tcp, *addr) {
                Some(known) => server(known.id, None),
                None => Who { name: format!(":{}", addr.port()).into(), style: theme.host.server },
            }
        }
        EventKind::Client(_)
        | EventKind::Broadcast(_)
        | EventKind::Row(_)
        | EventKind::Info(_)
        | EventKind::Packet(_)
        | EventKind::Wire(_)
        | EventKind::Guard(_)
        | EventKind::Target(_)
        | EventKind::Scan(_)
        | EventKind::Lesson(_)
        | EventKind::Note(_) => Who { name: words.lab.into(), style: theme.title },
    }
}

/// Whose end of a connection this was at that moment. Another program may have had a server's port then.
fn end<'a>(model: &'a Model, look: &Look, flow: &Flow, at: Stamp, narrow: bool) -> Who<'a> {
    let theme = &look.theme;
    let client = model.worlds.shown().clients.by_flow(flow).filter(|client| client.local == Some(flow.local));
    if let Some(client) = client {
        let name = if narrow && client.id().is_some() { names::short(look, client) } else { names::long(look, client) };
        return Who { name, style: theme.host.client };
    }
    match model.worlds.shown().server_of(flow, at) {
        Some(server) => {
            let conn = flow.peer.and_then(|peer| server.peers.iter().rev().find(|(_, other)| **other == peer));
            let name = match conn {
                Some((conn, _)) => format!("{}.{}", server.spec.name, conn.0).into(),
                None => Cow::from(&server.spec.name),
            };
            Who { name, style: theme.host.server }
        }
        None => Who { name: format!(":{}", flow.local.port()).into(), style: theme.text },
    }
}

/// What happened, in pieces that each look as they should.
#[derive(Default)]
pub(super) struct Told(pub(super) Vec<(String, Style)>);

impl Told {
    fn say(&mut self, text: impl Into<String>, style: Style) -> &mut Self {
        self.0.push((text.into(), style));
        self
    }
}

/// Tells what happened, in the fewest words when there are only so many columns.
pub(super) fn tell(model: &Model, look: &Look, event: &Event, room: u16) -> Told {
    let mut told = Told::default();
    match &event.seen.kind {
        EventKind::Call(call) => self::call(look, call, room, &mut told),
        EventKind::State(change) | EventKind::Confirmed(change) => {
            state(look, change, look.theme.evidence(event.seen.evidence), &mut told);
        }
        EventKind::Server(event) => server(model, look, event, room, &mut told),
        EventKind::Note(note) => _ = told.say((look.text.note)(note), look.theme.text),
        EventKind::Guard(event) => {
            let acts = !matches!(event, GuardEvent::Limits { .. } | GuardEvent::Unblocked { .. });
            told.say((look.text.guard)(event), if acts { look.theme.alarm } else { look.theme.text });
        }
        EventKind::Target(event) => {
            let said = look.text.checks.target(&look.text.numbers, &event.target.to_string(), &event.change);
            told.say(said, look.theme.text);
        }
        EventKind::Scan(event) => {
            _ = told.say(look.text.checks.scan(&look.text.numbers, &event.change), look.theme.text);
        }
        EventKind::Row(_)
        | EventKind::Info(_)
        | EventKind::Client(_)
        | EventKind::Broadcast(_)
        | EventKind::Packet(_)
        | EventKind::Wire(_)
        | EventKind::Lesson(_) => {}
    }
    told
}

/// How a call is written: its addresses and its comment in full, or as short as the room asks for. Ports always stay.
fn call(look: &Look, call: &Call, room: u16, told: &mut Told) {
    let comments = comments(look, call);
    let ways = [(60, &comments[0]), (60, &comments[1]), (60, &comments[2]), (9, &comments[2])];
    let mut written = Told::default();
    for (columns, comment) in ways {
        written = self::written(look, call, columns, comment);
        if written.0.iter().map(|(text, _)| width(text)).sum::<u16>() <= room {
            break;
        }
    }
    told.0.append(&mut written.0);
}

/// The call with addresses of at most so many columns and this comment.
fn written(look: &Look, call: &Call, columns: u16, comment: &str) -> Told {
    let (theme, mut told) = (&look.theme, Told::default());
    told.say(call.call.name(), theme.title).say(arguments(call, columns), theme.text);
    if let Outcome::Failed(errno) = call.result {
        told.say(format!(" {} ", glyphs::ARROW), theme.text).say(errno.to_string(), theme.alarm);
        told.say(format!(": {}", (look.text.errno)(errno).what), theme.text);
        return told;
    }
    match &call.data {
        Some(data) if data.len == 0 => {
            let words = &look.text.lifecycle;
            let meaning = if call.call == Syscall::Recv { words.end_of_data } else { words.no_data };
            told.say(format!(" {} ", glyphs::ARROW), theme.text).say(meaning, theme.state.closing);
        }
        Some(data) => _ = told.say(format!(" {}", quoted(data)), theme.typed),
        None => {}
    }
    let peer = call.flow.and_then(|flow| flow.peer).map(|peer| fit(peer, columns));
    match (call.call, peer) {
        (Syscall::Accept, Some(peer)) => {
            told.say(format!(" {} ", glyphs::ARROW), theme.text).say(peer, theme.host.client);
            told.say(comment, theme.quiet);
        }
        (Syscall::Recvfrom, Some(peer)) => {
            told.say(format!(" {}", (look.text.lifecycle.from)(&peer)), theme.host.client);
        }
        _ => _ = told.say(comment, theme.newest),
    }
    told
}

/// The call's arguments as they are written in a program, as far as they matter: `(12)`, `(127.0.0.1:65432)`.
fn arguments(call: &Call, columns: u16) -> String {
    let args = match call.args {
        Args::Addr(addr) => fit(addr, columns),
        // The size of a buffer says less than how much was received into it.
        Args::Number(_) if call.data.is_some() => String::new(),
        args => args.to_string(),
    };
    match call.data.as_ref().filter(|data| data.len > 0) {
        Some(data) if args.is_empty() => format!("({})", data.len),
        Some(data) => format!("({}, {args})", data.len),
        None => format!("({args})"),
    }
}

/// What there is to say about a call's result, the longest way first.
fn comments(look: &Look, call: &Call) -> [String; 3] {
    let words = &look.text.lifecycle;
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

fn quoted(data: &Excerpt) -> String {
    format!("\"{}{}\"", data.text, if data.is_cut() { glyphs::ELLIPSIS } else { "" })
}

fn state(look: &Look, change: &Transition, style: Style, told: &mut Told) {
    let theme = &look.theme;
    let inferred = style == theme.evidence.inferred;
    let of = |state| if inferred { style } else { theme.state(state) };
    told.say(change.from.name(), of(change.from)).say(format!(" {} ", glyphs::ARROW), style);
    told.say(change.to.name(), of(change.to));
    if let Some(cause) = change.cause {
        told.say(format!(" ({})", self::cause(look, cause)), theme.quiet);
    }
}

/// What made a state change: a call, a packet, a timer.
pub(super) fn cause(look: &Look, cause: Cause) -> Cow<'static, str> {
    match cause {
        Cause::Call(call) => Cow::Borrowed(call.name()),
        Cause::Packet(number) => (look.text.lifecycle.packet)(number).into(),
        Cause::Timer => look.text.lifecycle.timer.into(),
    }
}

fn server(model: &Model, look: &Look, event: &ServerEvent, room: u16, told: &mut Told) {
    let (words, theme) = (&look.text.lifecycle, &look.theme);
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
        ServerChange::Added { .. } => _ = told.say(words.added, style),
        ServerChange::Started { addr, .. } => _ = told.say((words.started)(*addr), style),
        ServerChange::Stopped => _ = told.say(words.stopped, style),
        ServerChange::Failed { errno, holder } => {
            let who = holder.as_ref().map(|process| format!("{} (pid {})", process.name, process.pid));
            let why =
                who.map_or_else(|| (look.text.errno)(*errno).what.into(), |who| (look.text.servers.held_by)(&who));
            told.say((words.failed)(&errno.to_string()), theme.alarm).say(format!(": {why}"), style);
        }
        ServerChange::Model { model } => {
            let model = match model {
                ServiceModel::Sequential => words.sequential,
                ServiceModel::Threaded => words.threaded,
                ServiceModel::Async => words.asynchronous,
            };
            told.say((words.model)(model), theme.title);
        }
        ServerChange::Serving { conn, by } => {
            let by = match by {
                ServiceModel::Sequential => words.by_loop,
                ServiceModel::Threaded => words.by_thread,
                ServiceModel::Async => words.by_task,
            };
            told.say((words.serving)(&peer(conn), by), style);
        }
        ServerChange::Served { conn } => _ = told.say((words.served)(&peer(conn)), theme.quiet),
        ServerChange::Paused { errno } => {
            let what = (look.text.errno)(*errno).what;
            told.say((words.paused)(&errno.to_string()), theme.alarm).say(format!(": {what}"), style);
        }
        ServerChange::Resumed => _ = told.say(words.resumed, style),
    }
}
