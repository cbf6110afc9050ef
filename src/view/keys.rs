//! From the key table to words: what an action is called, and how a key is written.

use crate::domain::{HostId, Lang};
use crate::model::keys::{Action, BINDINGS, Binding, Key, Place};
use crate::model::ui::{Pane, View};
use crate::text::{self, KeyText, Text};

/// One binding in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Where it holds.
    pub place: &'static str,
    /// The keys, the one to show first.
    pub keys: Vec<String>,
    /// What they do, without a full stop.
    pub what: &'static str,
}

/// Every binding of the key table in words, in the order of the help: what a manual prints.
pub fn keys_table(lang: Lang) -> Vec<KeyRow> {
    let text = text::of(lang);
    let row = |place, binding: &Binding| KeyRow {
        place,
        keys: binding.keys.iter().map(|key| name(*key, text)).collect(),
        what: self::text(binding.action, text).help,
    };
    places(text).into_iter().flat_map(|(place, title)| bound(place).map(move |binding| row(title, binding))).collect()
}

/// Every place where keys are bound, and what it is called.
pub(super) const fn places(text: &Text) -> [(Place, &'static str); 12] {
    let words = &text.help;
    [
        (Place::Lab, words.lab),
        (Place::Wire, words.in_wire),
        (Place::Playing, words.while_playing),
        (Place::In(Pane::Servers), words.in_servers),
        (Place::In(Pane::Clients), words.in_clients),
        (Place::In(Pane::Netstat), words.in_netstat),
        (Place::In(Pane::Lifecycle), words.in_lifecycle),
        (Place::In(Pane::Broadcast), words.in_broadcast),
        (Place::Packets, words.in_packets),
        (Place::Network, words.in_network),
        (Place::Page, words.on_page),
        (Place::Anywhere, words.anywhere),
    ]
}

/// The bindings that hold in a place.
pub(super) fn bound(place: Place) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.place == place)
}

/// The texts of an action.
pub(super) const fn text(action: Action, text: &Text) -> &KeyText {
    let keys = &text.keys;
    match action {
        Action::Client => &keys.client,
        Action::OneShot => &keys.one_shot,
        Action::CloseFin => &keys.close_fin,
        Action::CloseRst => &keys.close_rst,
        Action::CloseHalf => &keys.close_half,
        Action::CloseAll => &keys.close_all,
        Action::StartStop => &keys.start_stop,
        Action::NextModel => &keys.next_model,
        Action::Tick => &keys.tick,
        Action::Say => &keys.say,
        Action::Filter => &keys.filter,
        Action::NextScope => &keys.next_scope,
        Action::NextOrder => &keys.next_order,
        Action::Reverse => &keys.reverse,
        Action::Page => &keys.page,
        Action::OtherEnd => &keys.other_end,
        Action::NextKinds => &keys.next_kinds,
        Action::Narrow => &keys.narrow,
        Action::Up => &keys.up,
        Action::Down => &keys.down,
        Action::PageUp => &keys.page_up,
        Action::PageDown => &keys.page_down,
        Action::First => &keys.first,
        Action::Last => &keys.last,
        Action::NextPane => &keys.next_pane,
        Action::PrevPane => &keys.prev_pane,
        Action::Zoom => &keys.zoom,
        Action::GoView => &keys.go_view,
        Action::View(View::Lab) => &keys.view_lab,
        Action::View(View::Ports) => &keys.view_ports,
        Action::View(View::Network) => &keys.view_network,
        Action::Network => &keys.network,
        Action::Door => &keys.door,
        Action::Check => &keys.check,
        Action::StopCheck => &keys.stop_check,
        Action::Kick => &keys.kick,
        Action::Block => &keys.block,
        Action::Target => &keys.target,
        Action::Home => &keys.home,
        Action::View(View::Packets) => &keys.view_packets,
        Action::Ladder => &keys.ladder,
        Action::Stream => &keys.stream,
        Action::NextTalk => &keys.next_talk,
        Action::PrevTalk => &keys.prev_talk,
        Action::Sift => &keys.sift,
        Action::Unfold => &keys.unfold,
        Action::SaveCapture => &keys.save_capture,
        Action::OpenCapture => &keys.open_capture,
        Action::Wire => &keys.wire,
        Action::OpenWire => &keys.open_wire,
        Action::CloseWire => &keys.close_wire,
        Action::Next => &keys.wire_next,
        Action::RunHold => &keys.run_hold,
        Action::Slow => &keys.slow,
        Action::Drop => &keys.drop_packet,
        Action::Duplicate => &keys.duplicate,
        Action::Swap => &keys.swap,
        Action::Delay => &keys.delay,
        Action::Corrupt => &keys.corrupt,
        Action::Cut => &keys.cut,
        Action::Loss => &keys.loss,
        Action::Mend => &keys.mend,
        Action::Folding => &keys.folding,
        Action::NextServer => &keys.next_server,
        Action::Settings => &keys.settings,
        Action::Run => &keys.run,
        Action::Kill => &keys.kill,
        Action::From(HostId::Client) => &keys.from_client,
        Action::From(HostId::Server) => &keys.from_server,
        Action::View(View::Wire) => &keys.view_wire,
        Action::View(View::Lessons) => &keys.view_lessons,
        Action::GoOn => &keys.go_on,
        Action::Repeat => &keys.repeat,
        Action::NextLesson => &keys.next_lesson,
        Action::Mark => &keys.mark,
        Action::Language => &keys.language,
        Action::Theme => &keys.theme,
        Action::Glyphs => &keys.glyphs,
        Action::Help => &keys.help,
        Action::Back => &keys.back,
        Action::Redraw => &keys.redraw,
        Action::Suspend => &keys.suspend,
        Action::Quit => &keys.quit,
    }
}

/// A key as keyboards and manuals write it.
pub(super) fn name(key: Key, text: &Text) -> String {
    match key {
        Key::Char(' ') => text.keys.space.into(),
        Key::Char(c) => c.into(),
        Key::Ctrl(c) => format!("Ctrl-{c}"),
        Key::F(n) => format!("F{n}"),
        Key::Up => "↑".into(),
        Key::Down => "↓".into(),
        Key::Left => "←".into(),
        Key::Right => "→".into(),
        Key::BackTab => "Shift-Tab".into(),
        Key::PageUp => "PgUp".into(),
        Key::PageDown => "PgDn".into(),
        Key::Enter | Key::Esc | Key::Tab | Key::Backspace | Key::Delete | Key::Home | Key::End => format!("{key:?}"),
    }
}

/// All keys of a binding.
pub(super) fn names(binding: &Binding, text: &Text) -> String {
    let names: Vec<_> = binding.keys.iter().map(|key| name(*key, text)).collect();
    names.join(" ")
}

/// The key to show for an action.
pub(super) fn first(action: Action, text: &Text) -> String {
    let binding = BINDINGS.iter().find(|binding| binding.action == action);
    binding.and_then(|binding| binding.keys.first()).map_or_else(String::new, |key| name(*key, text))
}
