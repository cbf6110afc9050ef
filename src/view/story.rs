//! One event in words: who did what, and what came of it.

use std::borrow::Cow;
use std::net::SocketAddr;

use ratatui::style::Style;

use super::glyphs;
use super::ink::{Ink, fit};
use super::look::Look;
use crate::domain::{
    Args, Call, Cause, ConnNo, Errno, Event, Excerpt, Flow, Kind, Outcome, Proto, ServerChange, ServerEvent, ServerId,
    ServiceModel, SocketId, Syscall, Transition,
};
use crate::model::Model;
use crate::model::clients::Owner;

/// Who an event is about.
pub(super) struct Who<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) style: Style,
}

/// Who did it. A connection that a server accepted has its number behind the server's name: it is another socket.
pub(super) fn who<'a>(model: &'a Model, look: &Look, kind: &Kind, narrow: bool) -> Who<'a> {
    let (words, theme) = (&look.text.lifecycle, &look.theme);
    let client = |no: u32| {
        let name = if narrow { format!("#{no}") } else { (words.client)(no) };
        Who { name: name.into(), style: theme.host.client }
    };
    let server = |id: ServerId, conn: Option<ConnNo>| {
        let name = model.world.servers.get(id).map_or_else(|| id.to_string().into(), |s| Cow::from(&s.spec.name));
        let name = conn.map_or_else(|| name.clone(), |conn| format!("{name}.{}", conn.0).into());
        Who { name, style: theme.host.server }
    };
    match kind {
        Kind::Call(call) => match call.socket {
            SocketId::Client(id) => match model.world.clients.ours(id) {
                Some(known) => client(known.no),
                None => Who { name: id.to_string().into(), style: theme.host.client },
            },
            SocketId::Server(id) => server(id, None),
            SocketId::Conn(id, conn) => server(id, Some(conn)),
            SocketId::Broadcast(_) => Who { name: words.broadcast.into(), style: theme.host.client },
        },
        Kind::State(change) | Kind::Confirmed(change) => end(model, look, &change.flow, narrow),
        Kind::Server(event) => server(event.server, None),
        Kind::Client(_)
        | Kind::Broadcast(_)
        | Kind::Row(_)
        | Kind::Info(_)
        | Kind::Packet(_)
        | Kind::Wire(_)
        | Kind::Note(_) => Who { name: words.lab.into(), style: theme.title },
    }
}

/// Whose end of a connection this is.
fn end<'a>(model: &'a Model, look: &Look, flow: &Flow, narrow: bool) -> Who<'a> {
    let theme = &look.theme;
    let client = model.world.clients.by_flow(flow).filter(|client| client.local == Some(flow.local));
    if let Some(client) = client {
        if client.owner == Owner::Broadcaster {
            return Who { name: look.text.lifecycle.broadcast.into(), style: theme.host.client };
        }
        let name = if narrow { format!("#{}", client.no) } else { (look.text.lifecycle.client)(client.no) };
        return Who { name: name.into(), style: theme.host.client };
    }
    match model.world.servers.at(flow.proto, flow.local) {
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

/// Writes what happened.
pub(super) fn tell(model: &Model, look: &Look, event: &Event, ink: &mut Ink<'_>) {
    match &event.seen.kind {
        Kind::Call(call) => self::call(look, call, ink),
        Kind::State(change) | Kind::Confirmed(change) => {
            state(look, change, look.theme.evidence(event.seen.evidence), ink);
        }
        Kind::Server(event) => server(model, look, event, ink),
        Kind::Note(note) => _ = ink.say(&(look.text.note)(note), look.theme.text),
        Kind::Row(_) | Kind::Info(_) | Kind::Client(_) | Kind::Broadcast(_) | Kind::Packet(_) | Kind::Wire(_) => {}
    }
}

fn call(look: &Look, call: &Call, ink: &mut Ink<'_>) {
    let (theme, words) = (&look.theme, &look.text.lifecycle);
    // Addresses give way where there is little room; their ports stay.
    let columns = if ink.room() < 56 { 15 } else { 60 };
    let args = match call.args {
        Args::Addr(addr) => fit(addr, columns),
        _ if call.data.is_some() => String::new(),
        args => args.to_string(),
    };
    let len = call.data.as_ref().filter(|data| data.len > 0).map(|data| data.len.to_string());
    let inside = match (len, args.is_empty()) {
        (Some(len), true) => len,
        (Some(len), false) => format!("{len}, {args}"),
        (None, _) => args,
    };
    ink.say(call.call.name(), theme.title).say(&format!("({inside})"), theme.text);
    if let Outcome::Failed(errno) = call.result {
        failed(look, errno, ink);
        return;
    }
    let peer = call.flow.and_then(|flow| flow.peer);
    let arrow = |ink: &mut Ink<'_>| _ = ink.say(" ", theme.text).say(glyphs::ARROW, theme.text).skip(1);
    match (call.call, call.flow) {
        (Syscall::Connect, Some(flow)) => {
            arrow(ink);
            ink.say("ok, ", theme.text);
            let port = flow.local.port();
            ink.any(&[&(words.chose_port)(port), &(words.port)(port)], theme.newest);
        }
        (Syscall::Bind, Some(flow)) => {
            arrow(ink);
            ink.say("ok", theme.text);
            if matches!(call.args, Args::Addr(asked) if asked.port() == 0) {
                let port = flow.local.port();
                ink.say(", ", theme.text).any(&[&(words.chose_port)(port), &(words.port)(port)], theme.newest);
            }
        }
        (Syscall::Accept, Some(flow)) => {
            arrow(ink);
            ink.say(&peer.map_or_else(String::new, |peer| fit(peer, columns)), theme.host.client);
            let full = format!("   {}", (words.same_port)(flow.local.port()));
            let fits = super::ink::width(&full) <= ink.room();
            let short = format!("   {}", words.same_port_short);
            ink.whole(if fits { &full } else { &short }, theme.quiet);
        }
        (Syscall::Recvfrom, _) => {
            data(look, call, ink);
            if let Some(peer) = peer {
                ink.skip(1).say(&(words.from)(&fit(peer, columns)), theme.host.client);
            }
        }
        (Syscall::Sendto, flow) => {
            data(look, call, ink);
            if let Some(flow) = flow.filter(|flow| flow.proto == Proto::Udp && flow.local.port() != 0) {
                ink.whole(&format!("  {}", (words.port)(flow.local.port())), theme.newest);
            }
        }
        _ if call.data.is_some() => data(look, call, ink),
        _ => {}
    }
}

/// What was moved; for nothing received over TCP, what that means.
fn data(look: &Look, call: &Call, ink: &mut Ink<'_>) {
    let words = &look.text.lifecycle;
    match &call.data {
        Some(data) if data.len == 0 => {
            let meaning = if call.call == Syscall::Recv { words.end_of_data } else { words.no_data };
            ink.skip(1).say(glyphs::ARROW, look.theme.text).skip(1).say(meaning, look.theme.state.closing);
        }
        Some(data) => _ = ink.skip(1).say(&quoted(data), look.theme.typed),
        None => {}
    }
}

fn quoted(data: &Excerpt) -> String {
    format!("\"{}{}\"", data.text, if data.is_cut() { glyphs::ELLIPSIS } else { "" })
}

fn failed(look: &Look, errno: Errno, ink: &mut Ink<'_>) {
    let theme = &look.theme;
    ink.skip(1).say(glyphs::ARROW, theme.text).skip(1).say(&errno.to_string(), theme.alarm);
    ink.say(": ", theme.text).say((look.text.errno)(errno).what, theme.text);
}

fn state(look: &Look, change: &Transition, style: Style, ink: &mut Ink<'_>) {
    let theme = &look.theme;
    let lit = |state| theme.state(state).patch(style.remove_modifier(ratatui::style::Modifier::empty()));
    let of = |state| if style == theme.evidence.inferred { style } else { lit(state).patch(theme.state(state)) };
    ink.say(change.from.name(), of(change.from)).say(" ", style).say(glyphs::ARROW, style).skip(1);
    ink.say(change.to.name(), of(change.to));
    if let Some(cause) = change.cause {
        let cause = match cause {
            Cause::Call(call) => Cow::Borrowed(call.name()),
            Cause::Packet(number) => (look.text.lifecycle.packet)(number).into(),
            Cause::Timer => look.text.lifecycle.timer.into(),
        };
        ink.say(&format!(" ({cause})"), theme.quiet);
    }
}

fn server(model: &Model, look: &Look, event: &ServerEvent, ink: &mut Ink<'_>) {
    let (words, theme) = (&look.text.lifecycle, &look.theme);
    let known = model.world.servers.get(event.server);
    let peer = |conn: &ConnNo| -> String {
        let peer: Option<SocketAddr> = known.and_then(|server| server.peers.get(conn).copied());
        peer.map_or_else(|| format!("{}.{}", known.map_or("", |server| &server.spec.name), conn.0), |p| p.to_string())
    };
    let style = theme.text;
    match &event.change {
        ServerChange::Added { .. } => _ = ink.say(words.added, style),
        ServerChange::Started { addr, .. } => _ = ink.say(&(words.started)(*addr), style),
        ServerChange::Stopped => _ = ink.say(words.stopped, style),
        ServerChange::Failed { errno, holder } => {
            ink.say(&(words.failed)(&errno.to_string()), theme.alarm).say(": ", style);
            match holder {
                Some(process) => {
                    let who = format!("{} (pid {})", process.name, process.pid);
                    ink.say(&(look.text.servers.held_by)(&who), style)
                }
                None => ink.say((look.text.errno)(*errno).what, style),
            };
        }
        ServerChange::Model { model } => {
            let model = match model {
                ServiceModel::Sequential => words.sequential,
                ServiceModel::Threaded => words.threaded,
                ServiceModel::Async => words.asynchronous,
            };
            ink.say(&(words.model)(model), theme.title);
        }
        ServerChange::Serving { conn, by } => {
            let by = match by {
                ServiceModel::Sequential => words.by_loop,
                ServiceModel::Threaded => words.by_thread,
                ServiceModel::Async => words.by_task,
            };
            ink.say(&(words.serving)(&peer(conn), by), style);
        }
        ServerChange::Served { conn } => _ = ink.say(&(words.served)(&peer(conn)), theme.quiet),
        ServerChange::Paused { errno } => {
            ink.say(&(words.paused)(&errno.to_string()), theme.alarm);
            ink.say(": ", style).say((look.text.errno)(*errno).what, style);
        }
        ServerChange::Resumed => _ = ink.say(words.resumed, style),
    }
}
