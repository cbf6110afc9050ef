//! The ladder: the packets of one conversation, and which change of state belongs to which of them.

use std::collections::VecDeque;

use super::super::bounded;
use super::super::connection_end::ConnectionEnd;
use super::super::held_list::HeldList;
use super::super::histories::HistoryStep;
use super::super::journal::Journal;
use super::super::sequence::SequenceTrace;
use super::super::world::World;
use super::Packets;
use crate::domain::{
    Cause, Evidence, Flags, Flow, Icmp, IcmpRole, PacketSummary, Stamp, TcpInput, TcpReply, TcpState, tcp,
};

/// Where a change of state is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangePlace {
    /// Before the first packet of the ladder.
    Before,
    /// Beside this packet, by its number in the journal.
    At(u64),
    /// After the last packet.
    After,
}

/// A change of state, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LadderChange {
    /// Where.
    pub rung: ChangePlace,
    /// Whose.
    pub end: ConnectionEnd,
    /// What.
    pub step: HistoryStep,
}

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct Ladder {
    /// The conversation, as one of its ends sees it.
    pub conversation: Option<Flow>,
    /// Its packets.
    pub packets: HeldList<u64>,
    /// The end that sent a SYN, or the first datagram.
    first: Option<Flow>,
    /// Those of its packets that can change a state.
    notable: VecDeque<u64>,
    /// The data of both ends: of the one that was seen first, and of the other.
    sequences: [SequenceTrace; 2],
    /// The end whose data is the first.
    traced: Option<Flow>,
    /// How many packets after the last one with SYN, FIN or RST still count as notable.
    after: u8,
}

impl Ladder {
    /// A FIN is acknowledged within a few packets, or its acknowledgement is no news.
    const AFTER: u8 = 6;
    /// A pair of addresses that is used again and again has more; the latest matter.
    const NOTABLE: usize = 512;

    /// The ladder of a conversation, without any packet yet.
    pub(super) fn of(conversation: Option<Flow>) -> Self {
        Self { conversation, ..Self::default() }
    }

    /// The conversation as the client sees it.
    pub fn client(&self, world: &World) -> Option<Flow> {
        let conversation = self.conversation?;
        let serves = |flow: &Flow| world.servers.at(flow.proto, flow.local).is_some();
        let seen = self.first.or_else(|| conversation.peer.map(|_| conversation))?;
        if serves(&seen) && self.first.is_none_or(|first| first.proto == crate::domain::Proto::Udp) {
            return seen.mirror();
        }
        Some(seen)
    }

    /// Which end sent a packet. `client` is the conversation as the client sees it.
    pub fn sender(client: &Flow, packet: &PacketSummary) -> ConnectionEnd {
        if packet.flow.local == client.local { ConnectionEnd::Client } else { ConnectionEnd::Server }
    }

    /// The changes of state of both ends, each beside the packet that it belongs to.
    pub fn changes(&self, world: &World, journal: &Journal) -> Vec<LadderChange> {
        let Some(client) = self.client(world) else { return Vec::new() };
        let packet = |seq: &u64| Some((*seq, Packets::of(journal.get(*seq)?)?));
        let rungs: Vec<_> = self.notable.iter().filter_map(packet).collect();
        let mut changes = Vec::new();
        for (end, flow) in [(ConnectionEnd::Client, Some(client)), (ConnectionEnd::Server, client.mirror())] {
            let Some(flow) = flow else { continue };
            place(end, &client, world.histories.history(&flow), &rungs, &mut changes);
        }
        changes
    }

    /// The data of the end that sent more, as it sees the conversation; or of the other end.
    pub fn sequence(&self, other: bool) -> Option<(Flow, &SequenceTrace)> {
        let [first, second] = &self.sequences;
        let flow = self.traced?;
        let is_second = (second.counts.bytes > first.counts.bytes) != other;
        if is_second { flow.mirror().map(|flow| (flow, second)) } else { Some((flow, first)) }
    }

    pub(super) fn push(&mut self, seq: u64, at: Stamp, packet: &PacketSummary) {
        self.packets.push(seq);
        if packet.tcp.is_some() {
            let is_first = *self.traced.get_or_insert(packet.flow) == packet.flow;
            let [first, second] = &mut self.sequences;
            let (sender, receiver) = if is_first { (first, second) } else { (second, first) };
            sender.sent(at, packet);
            receiver.answered(at, packet);
        }
        let flags = packet.tcp.as_ref().map(|tcp| tcp.flags).unwrap_or_default();
        let opens = flags.has(Flags::SYN) && !flags.has(Flags::ACK);
        if self.first.is_none() {
            let role = packet.icmp.map(Icmp::role);
            let calls = opens || (packet.tcp.is_none() && matches!(role, None | Some(IcmpRole::Asks)));
            let answers = (flags.has(Flags::SYN) && !opens) || role == Some(IcmpRole::Answers);
            self.first = if answers { packet.flow.mirror() } else { calls.then_some(packet.flow) };
        }
        if flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST)) {
            self.after = Self::AFTER;
        } else if self.after == 0 {
            return;
        } else {
            self.after -= 1;
        }
        bounded::push(&mut self.notable, seq, Self::NOTABLE);
    }

    pub(super) fn forget(&mut self, first: u64) {
        self.packets.forget(|seq| *seq < first);
        while self.notable.front().is_some_and(|seq| *seq < first) {
            self.notable.pop_front();
        }
    }
}

/// Walks through the packets and the history of one end together.
fn place(
    end: ConnectionEnd,
    client: &Flow,
    history: &[HistoryStep],
    rungs: &[(u64, &PacketSummary)],
    changes: &mut Vec<LadderChange>,
) {
    let mut reached = 0;
    let mut last = ChangePlace::Before;
    for mut step in history.iter().copied() {
        let step = &mut step;
        let explains = |(_, packet): &&(u64, &PacketSummary)| match step.cause {
            Some(Cause::Packet(number)) => packet.number == number,
            _ => explains(step, packet, Ladder::sender(client, packet) == end),
        };
        let rest = rungs.get(reached..).unwrap_or_default();
        if let Some(at) = rest.iter().position(|rung| explains(&rung)) {
            reached += at;
            last = ChangePlace::At(rungs[reached].0);
            if is_shown(step, end, client, &rest[at..]) {
                step.evidence = step.evidence.max(Evidence::Packet);
            }
        } else if step.from == TcpState::TimeWait || (last != ChangePlace::Before && step.to == TcpState::Closed) {
            // A timer ended it: no packet shows that.
            last = ChangePlace::After;
        }
        changes.push(LadderChange { rung: last, end, step: *step });
    }
}

/// Whether packets show a change that stands beside the first of them: the end that changed sent it, or what it sent later
/// tells that it has got it. A file's packets are read in the same way.
fn is_shown(step: &HistoryStep, end: ConnectionEnd, client: &Flow, packets: &[(u64, &PacketSummary)]) -> bool {
    let Some(((_, first), rest)) = packets.split_first() else { return false };
    if Ladder::sender(client, first) == end {
        return true;
    }
    let Some(got) = &first.tcp else { return false };
    let later = rest.iter().filter(|(_, packet)| Ladder::sender(client, packet) == end);
    let mut later = later.filter_map(|(_, packet)| packet.tcp.as_ref()).filter(|tcp| !tcp.flags.has(Flags::SYN));
    if tcp::inputs(step.from, step.to).any(|input| input == TcpInput::Fin) {
        let after = got.seq_rel.map(|seq| seq.wrapping_add(got.takes(first.payload.len)));
        return later
            .any(|tcp| tcp.ack_rel.zip(after).is_some_and(|(ack, after)| ack.wrapping_sub(after).cast_signed() >= 0));
    }
    step.to == TcpState::Established && later.next().is_some()
}

/// Whether a packet is the one beside which a change stands: the one that this end sent on account of it, or the one that
/// it got where it sends none, or only an ACK.
fn explains(step: &HistoryStep, packet: &PacketSummary, sent: bool) -> bool {
    let Some(flags) = packet.tcp.as_ref().map(|tcp| tcp.flags) else { return false };
    // A capture does not show whether a port listens.
    let from = if (step.from, step.to) == (TcpState::Closed, TcpState::SynRecv) { TcpState::Listen } else { step.from };
    match step.from {
        TcpState::TimeWait => return false,
        // Every other connection is ended by a RST at once, whichever end sends it.
        _ if matches!(step.to, TcpState::Closed | TcpState::Listen) && flags.has(Flags::RST) => return true,
        _ => {}
    }
    tcp::inputs(from, step.to).any(|input| {
        let reply = tcp::on(from, input).map_or(TcpReply::Nothing, |step| step.reply);
        // An ACK may be late, or carry something else. The one of a SYN+ACK is the end of the handshake.
        let is_shown_by_answer = input == TcpInput::SynAck || !matches!(reply, TcpReply::Nothing | TcpReply::Ack);
        if is_shown_by_answer { sent && reply.may_be(flags) } else { !sent && input.may_be(flags, false) }
    })
}
