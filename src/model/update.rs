//! The one function that everything goes through: a message in, the model changed, effects out.

use super::effect::Effect;
use super::keys::{self, Action, Key, Place};
use super::lifecycle::Reader;
use super::mode::Mode;
use super::proposals::Proposals;
use super::screen::{Pane, View};
use super::servers::Server;
use super::{Model, filtering, lessons, network, packets, presenter, selection, settings, waiting};
use crate::domain::{
    ClientPlan, CloseHow, Destination, Errno, EventKind, Observation, ServerChange, ServerEvent, ServerId, Stamp,
    TargetChange, TargetHost, WorldId,
};

/// What can reach the model.
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
    /// The shell tells of packets what no event does.
    Packets(packets::News),
    /// What can be scrolled was drawn, and may begin with this line at most.
    Reach(usize),
    /// The command line asks for the wire, as its key does.
    Wire,
    /// The command line asks for a capture file.
    Open(String),
    /// Clients and broadcasts are to go to this host; to the servers here when `None`.
    Target(Option<TargetHost>),
}

/// The largest count that may be typed before a command.
const MOST: u32 = 99_999;

/// Takes a message in and says what is to be done in the real world.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    // What follows from the latest packet is asked once for each frame, not for each packet.
    let settles = matches!(msg, Msg::Key(_) | Msg::Time(_));
    let mut effects = take(model, msg);
    effects.extend(waiting::go(model));
    if settles {
        effects.extend(packets::settle(model));
    }
    effects.extend(presenter::inform(model));
    effects
}

fn take(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Packets(news) => {
            packets::told(model, news);
            vec![]
        }
        Msg::Target(target) => network::set_target(model, target),
        Msg::Open(path) => packets::asked(model, &path),
        Msg::Wire => act(model, Action::View(View::Wire)),
        Msg::Key(key) => {
            let before = model.detail();
            let mut effects = pressed(model, key);
            let wanted = model.detail();
            effects.extend((wanted != before).then_some(Effect::Detail(wanted)));
            effects
        }
        Msg::Paste(text) => pasted(model, &text),
        Msg::Resize(columns, rows) => {
            model.ui.size = (columns, rows);
            vec![]
        }
        Msg::Seen(seen) => {
            let holder = port_taken(model, &seen);
            let moved = match &seen.kind {
                EventKind::Server(event) if seen.world == WorldId::Host => {
                    matches!(event.change, ServerChange::Added { .. } | ServerChange::Started { .. })
                }
                EventKind::Target(event) => matches!(event.change, TargetChange::Chosen { .. } | TargetChange::Dropped),
                _ => false,
            };
            presenter::heard(model, &seen);
            network::heard(model, &seen);
            waiting::heard(model, &seen);
            packets::heard(model, &seen);
            let server = matches!(seen.kind, EventKind::Server(_));
            let ends = model.observe(seen);
            if server {
                model.choose_server();
            }
            let mut effects = if moved { filtering::rewatch(model) } else { vec![] };
            effects.extend(holder);
            effects.extend((!ends.is_empty()).then_some(Effect::Lookup(ends)));
            effects
        }
        Msg::Time(now) => {
            model.pass(now);
            vec![]
        }
        Msg::Reach(reach) => {
            model.ui.reach = reach;
            vec![]
        }
    }
}

/// A server that could not have its port wants to know who holds it.
fn port_taken(model: &Model, seen: &Observation) -> Option<Effect> {
    // Nobody but ourselves is on the wire's hosts, and nobody's processes are to be looked through for them.
    let EventKind::Server(ServerEvent { server, change }) = &seen.kind else { return None };
    let host = seen.world == WorldId::Host;
    if !host || *change != (ServerChange::Failed { errno: Errno::AddrInUse, holder: None }) {
        return None;
    }
    let spec = &model.worlds.of(seen.world).servers.get(*server)?.spec;
    Some(Effect::FindHolder(*server, spec.proto, spec.addr))
}

fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    if key == Key::Ctrl('c') {
        return vec![Effect::Quit];
    }
    match model.ui.mode {
        Mode::Command => commanded(model, key),
        Mode::Saying => said(model, key),
        Mode::Filtering => filtering::pressed(model, key),
        Mode::Sifting => {
            packets::typed(model, key);
            vec![]
        }
        Mode::Running => presenter::typed(model, key),
        Mode::Opening => packets::typed_path(model, key),
        Mode::Marking => packets::typed_mark(model, key),
        Mode::Choosing => match lessons::command(model, key) {
            Some(action) => act(model, action),
            None => lessons::pressed(model, key),
        },
        Mode::Checking | Mode::TypingTarget => network::typed(model, key),
        Mode::Asking(question) => network::answered(model, key, question),
        Mode::Settings => settings::pressed(model, key),
        Mode::Help(from) => {
            let reach = model.ui.reach;
            let moved = |steps| Mode::Help(from.min(reach).saturating_add_signed(steps).min(reach));
            model.ui.mode = match keys::lookup(key, Place::Anywhere) {
                Some(Action::Up) => moved(-1),
                Some(Action::Down) => moved(1),
                Some(Action::PageUp) => moved(-10),
                Some(Action::PageDown) => moved(10),
                Some(Action::First) => Mode::Help(0),
                Some(Action::Last) => Mode::Help(reach),
                Some(Action::Language) => {
                    model.ui.lang = model.ui.lang.other();
                    Mode::Help(from)
                }
                _ => Mode::Command,
            };
            vec![]
        }
    }
}

fn commanded(model: &mut Model, key: Key) -> Vec<Effect> {
    match key {
        Key::Char(digit) if digit.is_ascii_digit() && (digit != '0' || model.ui.count.is_some()) => {
            let typed = digit.to_digit(10).unwrap_or(0);
            model.ui.count = Some((model.ui.count.unwrap_or(0).saturating_mul(10) + typed).min(MOST));
            vec![]
        }
        Key::Backspace if model.ui.count.is_some() => {
            model.ui.count = model.ui.count.map(|count| count / 10).filter(|count| *count > 0);
            vec![]
        }
        Key::Enter if model.ui.count.is_some() => act(model, Action::GoView),
        _ => {
            let here = match (&model.ui.page, model.ui.view) {
                (Some(_), _) => Place::Page,
                (None, View::Wire) if model.worlds.shown().playing.is_some() => Place::Playing,
                (None, View::Wire) => Place::Wire,
                (None, View::Packets) => Place::Packets,
                (None, View::Network) => Place::Network,
                (None, View::Lab | View::Ports | View::Lessons) => Place::In(model.ui.focus),
            };
            keys::lookup(key, here).map_or_else(Vec::new, |action| act(model, action))
        }
    }
}

/// Does what a key means.
fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let count = model.ui.count.take();
    let action = if action == Action::GoView { go(model, count) } else { action };
    if let Some(effects) = packets::act(model, action) {
        return effects;
    }
    if let Some(effects) = lessons::act(model, action) {
        return effects;
    }
    if let Some(effects) = presenter::act(model, action, count) {
        return effects;
    }
    if let Some(effects) = network::act(model, action) {
        return effects;
    }
    let server = model.ui.server;
    match action {
        Action::Client => spawn(model, count, ClientPlan::Stay),
        Action::OneShot => spawn(model, count, ClientPlan::OneShot),
        Action::CloseFin => close(model, CloseHow::Fin),
        Action::CloseRst => close(model, CloseHow::Rst),
        Action::CloseHalf => close(model, CloseHow::Half),
        Action::CloseAll => {
            model.ui.waiting.clear();
            vec![Effect::CloseAll]
        }
        // Somebody else's are watched: none of ours is started, none is switched.
        Action::StartStop | Action::NextModel if model.worlds.shown().observing => vec![],
        Action::StartStop => match model.worlds.shown().servers.get(server) {
            Some(found) if found.is_up() => vec![Effect::Stop(server)],
            Some(_) => vec![Effect::Start(server)],
            None => vec![],
        },
        Action::NextModel => {
            let now = model.worlds.shown().servers.get(server).and_then(|found| found.model);
            now.map_or_else(Vec::new, |now| vec![Effect::Switch(server, now.next())])
        }
        Action::Redraw => vec![Effect::Redraw],
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit => vec![Effect::Quit],
        Action::NextScope => filtering::next_scope(model),
        _ => {
            show(model, action, count);
            vec![]
        }
    }
}

/// The view that is meant by a number, or the next one.
fn go(model: &Model, count: Option<u32>) -> Action {
    let view = model.ui.view;
    let next = || match view.next() {
        // Nobody goes to the other world by looking around.
        View::Wire if model.worlds.shown_id() == WorldId::Host => View::Network,
        // The list of lessons takes the letters.
        View::Lessons => View::Lab,
        next => next,
    };
    Action::View(count.map_or_else(|| Some(next()), View::numbered).unwrap_or(view))
}

/// The actions that change the screen and nothing else.
fn show(model: &mut Model, action: Action, count: Option<u32>) {
    if leaves_page(action) {
        model.ui.page = None;
    }
    if let Some(entries) = action.stride(model.ui.size.1) {
        return step(model, entries);
    }
    // A message needs a server that hears it.
    let lost = model.has_no_lab();
    let ui = &mut model.ui;
    match action {
        Action::Tick => ui.tick(),
        Action::Say if lost => {}
        Action::Say => {
            if ui.view != View::Wire {
                ui.view = View::Lab;
                ui.focus = Pane::Broadcast;
            }
            ui.mode = Mode::Saying;
        }
        Action::Filter => {
            ui.view = View::Lab;
            ui.focus = Pane::Netstat;
            ui.proposals = Proposals::of(&ui.filter);
            ui.mode = Mode::Filtering;
        }
        Action::NextOrder => {
            model.listing.column = model.listing.column.next();
            model.listing.reversed = false;
            model.listing.rebuild(&model.worlds.shown().table);
        }
        Action::Reverse => model.listing.reversed = !model.listing.reversed,
        Action::Page => model.open_page(),
        Action::OtherEnd => {
            if let Some(page) = &mut ui.page {
                page.asked = page.asked.other();
            }
        }
        Action::NextKinds => {
            let (kinds, subject) = (model.lifecycle.kinds.next(), model.lifecycle.subject);
            model.lifecycle.choose(kinds, subject, &model.journal);
        }
        Action::Narrow => {
            let subject = if model.lifecycle.subject.is_some() { None } else { Some(model.subject()) };
            model.lifecycle.choose(model.lifecycle.kinds, subject, &model.journal);
        }
        Action::NextPane => ui.focus = ui.focus.step(1),
        Action::PrevPane => ui.focus = ui.focus.step(-1),
        Action::Zoom => ui.zoomed = !ui.zoomed,
        Action::View(view) => ui.view = view,
        Action::Language => ui.lang = ui.lang.other(),
        Action::Theme => ui.theme = ui.theme.next(),
        Action::Glyphs => ui.glyphs = ui.glyphs.other(),
        Action::Mark => ui.mode = Mode::Marking,
        Action::Help => ui.mode = Mode::Help(0),
        Action::Back if count.is_none() => back(model),
        _ => {}
    }
}

/// Moves what the keys are about by so many entries, down if positive.
fn step(model: &mut Model, steps: isize) {
    match model.ui.view {
        _ if model.ui.page.is_some() => model.scroll_page(steps),
        View::Wire => presenter::step(model, steps),
        View::Network => network::step(model, steps),
        _ => selection::step(model, steps),
    }
}

/// Whether an action is about what lies under a page: it leaves the page first.
const fn leaves_page(action: Action) -> bool {
    use Action::{Filter, GoView, Narrow, NextKinds, NextOrder, Reverse, Say, Tick, View, Zoom};
    matches!(action, Filter | GoView | Narrow | NextKinds | NextOrder | Reverse | Say | Tick | View(_) | Zoom)
}

/// Undoes one thing, the latest kind first.
fn back(model: &mut Model) {
    if model.ui.page.take().is_some() {
        return;
    }
    if model.ui.view == View::Wire && model.ui.wire.packet.is_some() {
        model.ui.wire.packet = None;
    } else if model.ui.zoomed {
        model.ui.zoomed = false;
    } else if matches!(model.lifecycle.reader, Reader::Holds { .. }) {
        model.lifecycle.reader = Reader::Follows;
    } else if model.lifecycle.subject.is_some() {
        model.lifecycle.choose(model.lifecycle.kinds, None, &model.journal);
    } else if model.ui.view != View::Lab {
        model.ui.view = View::Lab;
    } else {
        model.ui.client = None;
        model.ui.row = None;
        model.ui.subject = None;
        model.ui.said_back = 0;
        model.lifecycle.reader = Reader::Follows;
    }
}

fn spawn(model: &mut Model, count: Option<u32>, plan: ClientPlan) -> Vec<Effect> {
    let Some(server) = model.worlds.shown().servers.get(model.ui.server) else { return vec![] };
    let count = count.unwrap_or(1);
    if waiting::looked_for(model).is_some() {
        model.ui.waiting.add(count, plan, server.id);
        return vec![];
    }
    let Some(destination) = destination(model, server) else { return vec![] };
    vec![Effect::Spawn { count, plan, destination }]
}

/// Where a client goes who would go to this server here; nowhere as long as the way to the target is not known.
pub(super) fn destination(model: &Model, server: &Server) -> Option<Destination> {
    let (id, addr) = match &model.worlds.shown().target {
        Some(target) => (None, target.at(server.addr().port())?),
        None => (Some(server.id), server.reach()),
    };
    Some(Destination { server: id, proto: server.spec.proto, addr })
}

/// Who of these hears a broadcast: each, unless they lead to one and the same place, or nowhere for now.
fn hearers(model: &Model, ticked: impl Iterator<Item = ServerId>) -> Vec<ServerId> {
    let mut places = Vec::new();
    let mut is_new = |server: &Server| match destination(model, server) {
        Some(Destination { proto, addr, server: None }) if places.contains(&(proto, addr)) => false,
        Some(Destination { proto, addr, .. }) => {
            places.push((proto, addr));
            true
        }
        None => false,
    };
    ticked.filter(|id| model.worlds.shown().servers.get(*id).is_some_and(&mut is_new)).collect()
}

/// Ends the selected client if it is one of ours; without a selection, the newest of ours that is open.
fn close(model: &Model, how: CloseHow) -> Vec<Effect> {
    model.selected_client().map_or_else(Vec::new, |id| vec![Effect::Close(id, how)])
}

fn said(model: &mut Model, key: Key) -> Vec<Effect> {
    match key {
        Key::Esc | Key::Tab | Key::BackTab => model.ui.mode = Mode::Command,
        Key::Up => model.ui.message.recall(true),
        Key::Down => model.ui.message.recall(false),
        Key::Enter => {
            model.ui.said_back = 0;
            let to = if model.ui.view == View::Wire {
                // One conversation at a time is enough where every packet is looked at.
                hearers(model, [model.ui.server].into_iter())
            } else {
                hearers(model, model.ui.ticked.iter().copied())
            };
            if model.ui.view == View::Wire {
                // The next key is about the packets that this makes.
                model.ui.mode = Mode::Command;
            }
            // What nobody would hear stays to be sent: while the target is being looked for, or with no server ticked.
            let text = if to.is_empty() { String::new() } else { model.ui.message.take() };
            if !text.is_empty() {
                return vec![Effect::Broadcast(text, to)];
            }
        }
        _ => model.ui.message.edit(key),
    }
    vec![]
}

/// Pasted text goes into the line that is being typed; line ends in it become blanks, and nothing is sent by it.
fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    let line = match model.ui.mode {
        Mode::Saying => &mut model.ui.message,
        Mode::Filtering => &mut model.ui.filter,
        Mode::Running => &mut model.ui.wire.program,
        Mode::Choosing => &mut model.lessons.line,
        Mode::Sifting => &mut model.lists().0.line,
        Mode::Opening if model.files.reading.is_some() => return vec![],
        Mode::Opening => &mut model.files.line,
        Mode::Marking => &mut model.ui.mark,
        Mode::Checking => &mut model.ui.network.asked,
        Mode::TypingTarget => &mut model.ui.network.target_line,
        Mode::Command | Mode::Settings | Mode::Asking(_) | Mode::Help(_) => return vec![],
    };
    let text = text.trim_end_matches(['\r', '\n']);
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        line.edit(Key::Char(c));
    }
    match model.ui.mode {
        Mode::Filtering => filtering::refilter(model),
        Mode::Sifting => {
            packets::sift(model);
            vec![]
        }
        _ => vec![],
    }
}
