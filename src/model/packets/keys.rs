//! What the keys of the packets view do, and the requests to the shell that follow.

use std::collections::HashSet;

use tui_input::Input;

use super::super::completions::Completions;
use super::super::effect::{Effect, PacketsEffect};
use super::super::held_list::{HeldList, ListReader};
use super::super::journal::Journal;
use super::super::lifecycle::Subject;
use super::super::mode::Mode;
use super::super::press::Acted;
use super::super::screen::View;
use super::super::{Model, lifecycle::same_pair};
use super::detail::PacketDetails;
use super::{CaptureStatus, Packets, PacketsFocus, PacketsTab, StreamText, StreamTurn, opening};
use crate::domain::filter::Filter;
use crate::domain::keys::{Key, PacketsAction, Turn};
use crate::domain::{Flow, PacketSummary, Refusal, Stamp, WorldId};

/// Does what a key means.
pub(in super::super) fn act(model: &mut Model, action: PacketsAction) -> Acted {
    model.packets.saved = None;
    match action {
        PacketsAction::NextTab => {
            let traffic = model.traffic();
            if traffic.file.is_none() && traffic.lacks() {
                return Err(Refusal::NoPackets);
            }
            let next = traffic.packets.tab.next();
            show(model, next);
        }
        PacketsAction::Conversation(turn) => return other(model, if turn == Turn::Next { 1 } else { -1 }),
        PacketsAction::Fields => return unfold(model),
        PacketsAction::Save => return save(model),
        PacketsAction::Open => return Ok(opening::toggle(model)),
        PacketsAction::Interfaces => return interfaces(model),
        PacketsAction::Graph => {
            let traffic = model.traffic();
            if traffic.file.is_none() && traffic.lacks() {
                return Err(Refusal::NoPackets);
            }
            let next = match traffic.packets.tab {
                PacketsTab::Sequence { other: false } => PacketsTab::Sequence { other: true },
                PacketsTab::Sequence { other: true } => PacketsTab::List,
                _ => PacketsTab::Sequence { other: false },
            };
            show(model, next);
        }
    }
    Ok(vec![])
}

/// Whether the list of packets is shown.
pub(in super::super) fn lists(model: &Model) -> bool {
    let traffic = model.traffic();
    traffic.packets.tab == PacketsTab::List && (traffic.file.is_some() || !traffic.lacks())
}

/// Whether a part of the view can have the whole screen: the list, the fields or the bytes.
pub(in super::super) fn can_zoom(model: &Model) -> bool {
    lists(model) || model.traffic().packets.focus != PacketsFocus::Tab || shows_graph(model)
}

fn shows_graph(model: &Model) -> bool {
    let packets = model.traffic().packets;
    packets.focus == PacketsFocus::Tab && matches!(packets.tab, PacketsTab::Sequence { .. })
}

/// How closely the graph is looked at, if it is.
pub(in super::super) fn closer(model: &mut Model) -> Option<&mut u8> {
    if !shows_graph(model) {
        return None;
    }
    let (packets, _) = model.lists();
    Some(&mut packets.closer)
}

/// Begins to type a filter for the packets.
pub(in super::super) fn filter(model: &mut Model) {
    let (packets, _) = model.lists();
    packets.tab = PacketsTab::List;
    packets.focus = PacketsFocus::Tab;
    packets.completions = Completions::of(&packets.line);
    model.ui.mode = Mode::FilteringPackets;
}

/// Gives the focus to the next part of the view, or to the one before.
pub(in super::super) fn tab(model: &mut Model, steps: isize) {
    let (packets, _) = model.lists();
    packets.focus = packets.focus.step(steps);
}

/// Shows this. The conversation is that of the packet which was selected.
fn show(model: &mut Model, tab: PacketsTab) {
    if model.traffic().packets.tab == PacketsTab::List {
        follow_selection(model);
    }
    let (packets, _) = model.lists();
    packets.tab = tab;
    packets.focus = PacketsFocus::Tab;
    retarget(model);
}

/// Selects the packet under the cursor in every pane, unless the list follows the latest packet. In a file it always
/// does.
fn follow_selection(model: &mut Model) {
    let traffic = model.traffic();
    let at = match traffic.packets.list.reader {
        ListReader::Holds { at, .. } => Some(at),
        _ if traffic.file.is_some() => traffic.packets.list.selected(),
        _ => None,
    };
    if let Some(packet) = at.and_then(|seq| traffic.packet(seq)) {
        select(model, packet.flow);
    }
}

/// Selects the conversation, seen from its client. Other panes cannot show one of a file.
fn select(model: &mut Model, flow: Flow) {
    if let Some(file) = &mut model.files.shown {
        file.subject = Some(Subject::Connection(flow));
        return;
    }
    let serves = model.worlds.shown().servers.at(flow.proto, flow.local).is_some();
    let flow = if serves { flow.mirror().unwrap_or(flow) } else { flow };
    model.select(flow);
}

/// Moves the selection of the part that has the focus.
pub(in super::super) fn step(model: &mut Model, steps: isize) {
    model.packets.saved = None;
    let (packets, _) = model.lists();
    match (packets.focus, packets.tab) {
        (PacketsFocus::Tree, _) => packets.detail.step(steps),
        (PacketsFocus::Hex, _) => packets.detail.scroll(steps),
        (PacketsFocus::Tab, PacketsTab::List) => {
            packets.list.step(steps);
            follow_selection(model);
        }
        (PacketsFocus::Tab, PacketsTab::Ladder | PacketsTab::Sequence { .. }) => packets.ladder.packets.step(steps),
        (PacketsFocus::Tab, PacketsTab::Stream) => {
            let lines = |stream: &StreamText| stream.turns.iter().map(StreamTurn::height).sum();
            let most: usize = packets.stream.as_ref().map_or(0, lines);
            let back = packets.stream_back.saturating_add_signed(steps.saturating_neg());
            packets.stream_back = back.min(most.saturating_sub(1));
        }
    }
}

/// Enter goes to the fields of the packet, and folds or unfolds them.
fn unfold(model: &mut Model) -> Acted {
    let (packets, _) = model.lists();
    match packets.focus {
        PacketsFocus::Tab => {
            let seq = packets.selected().ok_or(Refusal::NothingSelected)?;
            match packets.tab {
                PacketsTab::List => packets.list.hold(seq),
                PacketsTab::Ladder | PacketsTab::Stream | PacketsTab::Sequence { .. } => {
                    packets.ladder.packets.hold(seq);
                }
            }
            packets.focus = PacketsFocus::Tree;
        }
        PacketsFocus::Tree => packets.detail.fold(),
        PacketsFocus::Hex => return Err(Refusal::NoMore),
    }
    Ok(vec![])
}

/// Lists one conversation only, or all again.
pub(in super::super) fn narrow(model: &mut Model) {
    let only = match model.traffic().packets.wanted_only() {
        Some(_) => None,
        None => {
            follow_selection(model);
            wanted(model)
        }
    };
    let (packets, _) = model.lists();
    packets.seek(packets.wanted_filter().clone(), only);
}

fn save(model: &Model) -> Acted {
    if model.files.shown.is_some() {
        // These packets are in a file already.
        return Err(Refusal::NoMore);
    }
    if model.worlds.shown_id() == WorldId::Wire {
        // The wire's packets are not kept byte by byte.
        return Err(Refusal::OnlyHere);
    }
    if model.traffic().lacks() {
        return Err(Refusal::NoPackets);
    }
    Ok(vec![Effect::Packets(PacketsEffect::Save(model.packets.marks(WorldId::Host).all()))])
}

/// Shows the list of interfaces.
fn interfaces(model: &mut Model) -> Acted {
    if model.files.shown.is_some() || model.worlds.shown_id() == WorldId::Wire {
        return Err(Refusal::OnlyHere);
    }
    match model.packets.capturing {
        CaptureStatus::On(_) => model.ui.mode = Mode::Interfaces,
        CaptureStatus::Unknown | CaptureStatus::Lacking { .. } => return Err(Refusal::NoPackets),
    }
    Ok(vec![])
}

/// Goes to the conversation that began this many after the current one; stays at the ends.
fn other(model: &mut Model, steps: isize) -> Acted {
    let traffic = model.traffic();
    let mut conversations: Vec<Flow> = Vec::new();
    let mut known = HashSet::new();
    for (_, packet) in traffic.packets.all(traffic.journal) {
        if known.insert(packet.flow) {
            known.extend(packet.flow.mirror());
            conversations.push(packet.flow);
        }
    }
    let last = conversations.len().checked_sub(1).ok_or(Refusal::NothingSelected)?;
    let present = traffic.packets.wanted_only().or_else(|| wanted(model));
    let place = present.and_then(|conversation| conversations.iter().position(|other| same_pair(&conversation, other)));
    let next = place.map_or(last, |place| place.saturating_add_signed(steps).min(last));
    if Some(next) == place {
        return Err(Refusal::NoMore);
    }
    let conversation = conversations[next];
    let (packets, journal) = model.lists();
    packets.focus = PacketsFocus::Tab;
    packets.ladder.packets.reader = ListReader::Follows;
    if packets.wanted_only().is_some() {
        // A single conversation is searched in one piece: only its packets are filtered.
        packets.seek(packets.wanted_filter().clone(), Some(conversation));
        packets.look_on(journal, usize::MAX);
    }
    let of = |seq: &u64| {
        journal.get(*seq).and_then(Packets::of).is_some_and(|packet| same_pair(&conversation, &packet.flow))
    };
    let list = &mut packets.list;
    let first = list.entries().find(of);
    if let (Some(first), PacketsTab::List) = (first, packets.tab) {
        list.hold(first);
    }
    select(model, conversation);
    retarget(model);
    Ok(vec![])
}

/// Undoes one step in this view, the innermost first; `None` when there is nothing to undo.
pub(in super::super) fn back(model: &mut Model) -> Option<Vec<Effect>> {
    model.packets.saved = None;
    let lives = model.files.shown.is_none();
    if model.ui.zoomed {
        model.ui.zoomed = false;
        return Some(vec![]);
    }
    let (packets, _) = model.lists();
    if packets.focus != PacketsFocus::Tab {
        packets.focus = PacketsFocus::Tab;
    } else if packets.tab == PacketsTab::Stream && packets.stream_back > 0 {
        packets.stream_back = 0;
    } else if packets.closer > 0 && matches!(packets.tab, PacketsTab::Sequence { .. }) {
        packets.closer = 0;
    } else if lives
        && !matches!(packets.tab, PacketsTab::List | PacketsTab::Stream)
        && !packets.ladder.packets.follows()
    {
        packets.ladder.packets.reader = ListReader::Follows;
    } else if packets.tab != PacketsTab::List {
        packets.tab = PacketsTab::List;
    } else if lives && !packets.list.follows() {
        packets.list.reader = ListReader::Follows;
    } else if packets.wanted_only().is_some() {
        packets.seek(packets.wanted_filter().clone(), None);
    } else if lives {
        return None;
    } else {
        return Some(opening::toggle(model));
    }
    Some(vec![])
}

/// Keys while the filter is typed.
pub(in super::super) fn typed(model: &mut Model, key: Key) {
    let (packets, _) = model.lists();
    match key {
        Key::Esc => {
            packets.line.input = Input::new(packets.wanted_filter().to_string());
            packets.error = None;
            model.ui.mode = Mode::Command;
            return;
        }
        Key::Enter if packets.error.is_none() => {
            let text = packets.line.input.value().to_owned();
            packets.line.remember(&text);
            model.ui.mode = Mode::Command;
            return;
        }
        Key::Enter => return,
        Key::Up | Key::Down => packets.line.recall(key == Key::Up),
        Key::Tab | Key::BackTab => {
            packets.completions.complete(&mut packets.line, key == Key::BackTab);
            judge(model);
            return;
        }
        _ => packets.line.edit(key),
    }
    refilter(model);
}

/// Applies the typed filter and offers completions.
pub(in super::super) fn refilter(model: &mut Model) {
    let (packets, _) = model.lists();
    packets.completions = Completions::of(&packets.line);
    judge(model);
}

/// Searches with the typed filter if it is valid; otherwise the last valid one stays.
fn judge(model: &mut Model) {
    let (packets, _) = model.lists();
    match Filter::parse(packets.line.input.value()) {
        Ok(filter) => {
            packets.error = None;
            if filter != *packets.wanted_filter() {
                packets.seek(filter, packets.wanted_only());
            }
        }
        Err(error) => packets.error = Some(error),
    }
}

/// The conversation to show: the selected one, else the newest client's, else that of the latest packet.
fn wanted(model: &Model) -> Option<Flow> {
    let traffic = model.traffic();
    if let Some(Subject::Connection(flow)) = traffic.subject {
        return Some(flow);
    }
    let newest = traffic.world.clients.all().iter().rev().find_map(super::super::clients::Client::flow);
    let latest = || traffic.packet(traffic.packets.list.selected()?);
    newest.or_else(|| latest().map(|packet| packet.flow))
}

fn retarget(model: &mut Model) {
    let traffic = model.traffic();
    let ladder = &traffic.packets.ladder;
    let held = !ladder.packets.follows();
    let wanted = wanted(model);
    let same = ladder.conversation.zip(wanted).is_some_and(|(one, other)| same_pair(&one, &other));
    // A held list is not replaced by a newer client's conversation, only by a selected one.
    if !same && (!held || traffic.subject.is_some()) {
        let (packets, journal) = model.lists();
        packets.turn_to(wanted, journal);
    }
}

/// Runs once for each key and each frame: shows the right conversation, and asks the shell for its text and for the
/// selected packet.
pub(in super::super) fn settle(model: &mut Model) -> Vec<Effect> {
    let (packets, journal) = model.lists();
    packets.look_on(journal, Packets::PIECE);
    if model.ui.view != View::Packets {
        return vec![];
    }
    if model.traffic().packets.tab != PacketsTab::List {
        retarget(model);
    }
    let (packets, journal) = model.lists();
    let origin = packets.origin;
    let world = packets.world;
    let mut effects = Vec::new();
    let selected = packets.selected().and_then(|seq| journal.get(seq)).and_then(Packets::of);
    let packet = selected.map(|packet| (world, packet.number));
    if packet != packets.asked.packet {
        let details = if world == WorldId::Wire { selected.map(PacketDetails::from_summary) } else { None };
        if let Some((WorldId::Host, number)) = packet {
            effects.push(Effect::Packets(PacketsEffect::Inspect(origin, number)));
        }
        packets.asked.packet = packet;
        packets.detail.shown = None;
        if let Some(details) = details {
            packets.detail.take(details);
        }
    }
    if packets.tab == PacketsTab::Stream {
        effects.extend(follow(model));
    }
    effects
}

/// The text of the conversation: from the bytes that the shell keeps, or on the wire from the events.
fn follow(model: &mut Model) -> Option<Effect> {
    // A UDP client is not connected: its peer is in its packets.
    let conversation = model.traffic().client()?;
    let (packets, journal) = model.lists();
    let list = &packets.ladder.packets;
    let latest = list.last();
    let now = (conversation, latest);
    if packets.asked.conversation == Some(now) || (packets.world == WorldId::Host && packets.asked.waiting) {
        return None;
    }
    packets.asked.conversation = Some(now);
    if packets.world == WorldId::Host {
        packets.asked.waiting = true;
        return Some(Effect::Packets(PacketsEffect::Follow(packets.origin, conversation)));
    }
    packets.stream = Some(text_from_events(list, journal, conversation));
    None
}

/// How many packets of a conversation are worth scrolling through.
const MOST: usize = 2_000;

/// The text of a conversation as far as the events have it: the beginning of each packet's data.
fn text_from_events(list: &HeldList<u64>, journal: &Journal, conversation: Flow) -> StreamText {
    let from = list.len().saturating_sub(MOST);
    let packets = list.entries().skip(from).filter_map(|seq| Packets::of(journal.get(seq)?));
    let new =
        |packet: &&PacketSummary| packet.payload.len > 0 && packet.icmp.is_none() && packet.retransmission_of.is_none();
    let turns = packets.filter(new).map(|packet| StreamTurn {
        from: packet.flow.local,
        packet: packet.number,
        lines: vec![packet.payload.text.clone()],
        missing: if packet.payload.is_cut() { (packet.payload.len - crate::domain::Excerpt::SHOWN) as u64 } else { 0 },
    });
    StreamText { conversation, turns: turns.collect(), cut: from > 0 }
}

impl Packets {
    /// Takes in a packet that was taken apart; where its bytes are not kept, what the event says of it.
    pub(super) fn inspected(&mut self, details: PacketDetails, journal: &Journal) {
        let selected = self.selected().and_then(|seq| journal.get(seq)).and_then(Self::of);
        let bare = selected.filter(|packet| details.layers.is_empty() && packet.number == details.number);
        self.detail.take(bare.map_or(details, PacketDetails::from_summary));
    }

    /// Takes in the text of a conversation; where its bytes are not kept, what the events say of it.
    pub(super) fn followed(&mut self, stream: StreamText, journal: &Journal) {
        self.asked.waiting = false;
        if self.ladder.conversation.is_some_and(|conversation| same_pair(&conversation, &stream.conversation)) {
            let bare = stream.turns.is_empty();
            self.stream =
                Some(if bare { text_from_events(&self.ladder.packets, journal, stream.conversation) } else { stream });
        }
    }

    /// When the conversation's first packet was seen: the ladder's clock starts there.
    pub fn began(&self, journal: &Journal) -> Option<Stamp> {
        journal.get(self.ladder.packets.entry(0)?).map(|event| event.seen.at)
    }
}
