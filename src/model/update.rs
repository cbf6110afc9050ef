//! The function that every message goes through: it changes the model and returns effects.

use super::effect::{Effect, ScreenEffect, TableEffect};
use super::mode::Mode;
use super::press::{Acted, Press, Refused};
use super::{
    Model, filtering, forging, lab, lessons, lists, network, packets, presenter, run_prompt, settings, typing, views,
    waiting,
};
use crate::domain::keys::{self, Action, Here, Key, Place, ScreenAction, View, WireAction};
use crate::domain::{
    Errno, EventKind, Note, Observation, Refusal, ServerChange, ServerEvent, Stamp, TargetChange, TargetHost, WorldId,
};

/// A message to the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// Something was observed.
    Seen(Observation),
    /// It is this late.
    Time(Stamp),
    /// The answer to an effect that asked about packets that are kept.
    Answer(packets::PacketsAnswer),
    /// What a look at the files of lessons has found.
    Lessons(lessons::OwnLessons),
    /// The last line that what is scrolled may begin with, as the view computes it from the model before it draws.
    ScrollEnd(usize),
    /// The command line asks for the wire, as its key does.
    Wire,
    /// The command line asks for a capture file.
    Open(String),
    /// Clients and broadcasts are to go to this host; to the servers here when `None`.
    Target(Option<TargetHost>),
}

/// The largest count that may be typed before a command.
const MOST: u32 = 99_999;

/// Takes a message in and returns the effects to perform.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    // Requests about the latest packet are made once for each frame, not for each packet.
    let settles = matches!(msg, Msg::Key(_) | Msg::Time(_));
    let mut effects = take(model, msg);
    effects.extend(waiting::go(model));
    if settles {
        effects.extend(packets::settle(model));
        effects.extend(packets::plan(model));
        model.show_beside();
    }
    effects.extend(presenter::inform(model));
    model.pin_server();
    effects
}

fn take(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => {
            let before = model.detail();
            let mut effects = pressed(model, key);
            let wanted = model.detail();
            if wanted != before {
                effects.push(Effect::Table(TableEffect::Detail(wanted)));
            }
            return effects;
        }
        Msg::Paste(text) => return typing::paste(model, &text),
        Msg::Seen(seen) => return observe(model, seen),
        Msg::Wire => return presenter::enter(model),
        Msg::Open(path) => return packets::open_named(model, &path),
        Msg::Target(target) => return network::set_target(model, target),
        Msg::Answer(answer) => packets::answered(model, answer),
        Msg::Resize(columns, rows) => {
            model.ui.size = (columns, rows);
            model.show_beside();
        }
        Msg::Time(now) => {
            model.pass(now);
            return lessons::look(model);
        }
        Msg::Lessons(own) => return lessons::looked(model, own),
        Msg::ScrollEnd(end) => model.ui.scroll_end = end,
    }
    vec![]
}

fn observe(model: &mut Model, seen: Observation) -> Vec<Effect> {
    let holder = port_taken(model, &seen);
    let moved = match &seen.kind {
        EventKind::Server(event) if seen.world == WorldId::Host => {
            matches!(event.change, ServerChange::Added { .. } | ServerChange::Started { .. })
        }
        EventKind::Target(event) => matches!(event.change, TargetChange::Chosen { .. } | TargetChange::Dropped),
        _ => false,
    };
    let found = matches!(&seen.kind, EventKind::Target(event) if matches!(event.change, TargetChange::Found { .. }));
    // What the kernel dropped may have been the end of something.
    let is_loss = matches!(seen.kind, EventKind::Note(Note::TraceLost { .. }));
    presenter::follow(model, &seen);
    network::follow(model, &seen);
    waiting::follow(model, &seen);
    packets::follow(model, &seen);
    let server = matches!(seen.kind, EventKind::Server(_));
    let asked = model.observe(seen);
    if server {
        model.choose_server();
    }
    let mut effects = if moved { filtering::rewatch(model) } else { vec![] };
    if moved || found {
        // Before the first packet goes there, as far as that is up to us.
        effects.extend(packets::plan(model));
    }
    effects.extend(holder);
    if is_loss {
        effects.push(Effect::Table(TableEffect::Refresh));
    }
    // Soon: a client may have closed its socket before all else is looked at.
    if let Some(caller) = asked.caller {
        effects.push(Effect::Table(TableEffect::Follow(vec![caller])));
    }
    if !asked.ends.is_empty() {
        effects.push(Effect::Table(TableEffect::Lookup(asked.ends)));
    }
    effects
}

/// Asks which process holds the port of a server that could not bind it.
fn port_taken(model: &Model, seen: &Observation) -> Option<Effect> {
    // The wire's hosts are ours alone: no other process can hold a port there.
    let EventKind::Server(ServerEvent { server, change }) = &seen.kind else { return None };
    let in_use = ServerChange::Failed { errno: Errno::AddrInUse, holder: None };
    if seen.world != WorldId::Host || *change != in_use {
        return None;
    }
    let spec = &model.worlds.host().servers.get(*server)?.spec;
    Some(Effect::Table(TableEffect::FindHolder(*server, spec.proto, spec.addr)))
}

fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let refused = model.ui.refused.take();
    if key == Key::Ctrl('c') {
        return vec![Effect::Screen(ScreenEffect::Quit)];
    }
    let acted = match model.ui.mode {
        Mode::Command => commanded(model, key, refused),
        Mode::Views => views::chosen(model, key),
        Mode::Help(from) => Ok(views::scroll_help(model, key, from)),
        Mode::Choosing => match lessons::command(model, key) {
            Some(action) => act(model, action, Press::default()),
            None => Ok(lessons::pressed(model, key)),
        },
        Mode::Settings => Ok(settings::pressed(model, key)),
        Mode::Forging => forging::pressed(model, key),
        Mode::Interfaces => Ok(packets::pressed_interfaces(model, key)),
        Mode::Asking(question) => Ok(network::answered(model, key, question)),
        Mode::Saying => Ok(typing::typed(model, key)),
        Mode::Filtering => Ok(filtering::pressed(model, key)),
        Mode::FilteringPackets => {
            packets::typed(model, key);
            Ok(vec![])
        }
        Mode::Running => Ok(run_prompt::pressed(model, key)),
        Mode::Opening => Ok(packets::typed_path(model, key)),
        Mode::Marking => Ok(packets::typed_mark(model, key)),
        Mode::Checking | Mode::TypingTarget => Ok(network::typed(model, key)),
    };
    acted.unwrap_or_else(|why| {
        model.ui.refused = Some(Refused { key, why, at: model.now });
        vec![]
    })
}

fn commanded(model: &mut Model, key: Key, refused: Option<Refused>) -> Acted {
    let count = model.ui.count;
    match key {
        Key::Char(digit) if digit.is_ascii_digit() && (digit != '0' || count.is_some()) => {
            let typed = digit.to_digit(10).unwrap_or(0);
            model.ui.count = Some((count.unwrap_or(0).saturating_mul(10) + typed).min(MOST));
            return Ok(vec![]);
        }
        Key::Backspace if count.is_some() => {
            model.ui.count = count.map(|count| count / 10).filter(|count| *count > 0);
            return Ok(vec![]);
        }
        _ => {}
    }
    let press = Press {
        count: model.ui.count.take(),
        sure: refused.is_some_and(|refused| refused.key == key && matches!(refused.why, Refusal::Again(_))),
    };
    if key == Key::Enter && press.count.is_some() {
        return act(model, Action::Screen(ScreenAction::Views), press);
    }
    match keys::lookup(key, model.here()) {
        Some(action) => act(model, action, press),
        None => Err(elsewhere(key)),
    }
}

/// Why a key that is not bound here does nothing.
fn elsewhere(key: Key) -> Refusal {
    let mut places = keys::places(key).peekable();
    if places.peek().is_none() {
        return Refusal::Unbound;
    }
    Refusal::Elsewhere(places.find_map(Place::view))
}

impl Model {
    /// The context of the keys.
    pub fn here(&self) -> Here {
        let place = match (&self.ui.page, self.ui.view) {
            (Some(_), _) => Place::Page,
            (None, View::Lab) => Place::In(self.ui.focus),
            (None, View::Wire) if self.worlds.wire().playing.is_some() => Place::Playing,
            (None, View::Network) if self.ui.network.part == network::NetworkPart::Check => Place::Check,
            (None, view) => Place::View(view),
        };
        Here { place, world: self.worlds.shown_id() }
    }
}

/// Does what a key means.
fn act(model: &mut Model, action: Action, press: Press) -> Acted {
    match action {
        Action::Lab(action) => lab::act(model, action, press),
        Action::List(action) => lists::act(model, action),
        Action::Packets(action) => packets::act(model, action),
        Action::Wire(WireAction::Open) if presenter::offers_scenario(model) => Ok(lessons::start_first(model)),
        Action::Wire(action) => presenter::act(model, action, press.count),
        Action::Network(action) => network::act(model, action),
        Action::Lesson(action) => lessons::act(model, action),
        Action::Screen(action) => views::act(model, action, press),
    }
}
