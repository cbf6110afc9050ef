//! Whether the events and the world meet an expectation, and what was observed instead.

use std::time::Duration;

use super::act_order::held;
use super::engine::Engine;
use super::expect::{Expect, ExpectCall, ExpectEdge, ExpectInfo, ExpectRow, ExpectState, ExpectVerdict};
use super::matcher::{Amount, PacketMatch, SocketEnd};
use crate::domain::lesson::SeenInstead;
use crate::domain::wire::LossReason;
use crate::domain::{
    Call, Cause, Event, EventKind, Evidence, Flags, Flow, HostId, KernelAnswer, KernelCause, KernelVerdict,
    PacketSummary, SocketId, Stamp, Transition, WireEvent,
};
use crate::model::World;
use crate::model::wire::{PacketOnWire, WirePacketFate};

impl Expect {
    /// For an expectation of absence: how long it lasts.
    pub(super) const fn absent_for(&self) -> Option<Duration> {
        if let Self::Absent { for_ms, .. } = self { Some(Duration::from_millis(*for_ms)) } else { None }
    }
}

/// Where the event is that met an expectation, counted from the first one that was looked at, if an event did; or what was
/// observed instead.
pub(super) type Judged = Result<Option<usize>, SeenInstead>;

impl Engine {
    /// Whether the expectation is met by the events from this one on, and by the world.
    pub(super) fn judge(&self, world: &World, expect: &Expect, from: usize) -> Judged {
        match expect {
            // Only events of the step itself: earlier ones cannot contradict it.
            Expect::Absent { what, .. } => judge(self, self.events_in_step(), world, what),
            wanted => judge(self, self.events.get(from..).unwrap_or_default(), world, wanted),
        }
    }
}

fn judge(engine: &Engine, events: &[Event], world: &World, expect: &Expect) -> Judged {
    match expect {
        Expect::State(wanted) => state(engine, world, wanted),
        Expect::Edge(wanted) => edge(engine, events, world, wanted),
        Expect::Packet(wanted) => packet(events, wanted),
        Expect::Timed { packet, since, after_ms } => {
            timed(engine, events, world, (packet, since.as_deref().unwrap_or(packet)), *after_ms)
        }
        Expect::Held(wanted) => match held(world, wanted) {
            Some(_) => Ok(None),
            None => Err(these(world.wire.open().map(|on| brief(on.from, &on.packet)))),
        },
        Expect::Folded { packet, times, after_ms } => {
            let number = held(world, packet).ok_or(SeenInstead::Nothing)?;
            let on = world.wire.packet(number).ok_or(SeenInstead::Nothing)?;
            amount(*times, on.folded.into())?;
            match (after_ms, on.waited) {
                (Some(wanted), waited) => amount(*wanted, waited.map_or(0, millis)),
                (None, _) => Ok(None),
            }
        }
        Expect::Verdict(wanted) => verdict(events, world, wanted),
        Expect::Lost { packet, why } => {
            let lost = |event: &WireEvent| match event {
                WireEvent::Dropped { packet, why } => Some((*packet, Some(*why))),
                _ => None,
            };
            happened(events, world, packet, lost, Some(*why))
        }
        Expect::Marked(packet) => {
            let marked = |event: &WireEvent| match event {
                WireEvent::Marked { packet } => Some((*packet, None)),
                _ => None,
            };
            happened(events, world, packet, marked, None)
        }
        Expect::Queue { from, reaches } => {
            let lengths = || {
                let all = events.iter().enumerate().filter(|(_, event)| event.seen.host == Some(*from));
                all.filter_map(|(at, event)| Some((at, queue_length(event)?)))
            };
            if let Some((at, _)) = lengths().find(|(_, length)| reaches.is(*length)) {
                return Ok(Some(at));
            }
            Err(lengths().map(|(_, length)| length).max().map_or(SeenInstead::Nothing, SeenInstead::Number))
        }
        Expect::Call(wanted) => call(engine, events, wanted),
        Expect::Row(wanted) => row(engine, world, wanted),
        Expect::Info(wanted) => info(engine, wanted),
        Expect::Count { host, state, is } => {
            let address = host.map(|host| engine.addresses().of(host, 0).ip());
            let here = |flow: &Flow| address.is_none_or(|address| flow.local.ip() == address);
            let rows = world.table.rows().filter(|(key, entry)| here(&key.flow) && entry.row.state == Some(*state));
            amount(*is, rows.count() as u64)
        }
        Expect::Ended { host, status } => {
            let ended = |event: &Event| match event.seen.kind {
                EventKind::Wire(WireEvent::ProgramEnded { status, .. }) if event.seen.host == Some(*host) => status,
                _ => None,
            };
            let at = events.iter().position(|event| ended(event) == Some(*status));
            at.map(Some).ok_or(SeenInstead::Nothing)
        }
        Expect::Absent { what, .. } => judge(engine, events, world, what),
    }
}

impl Engine {
    pub(super) fn end(&self, end: &SocketEnd) -> Option<Flow> {
        let flow = self.flow_of(&end.socket)?;
        if end.peer { flow.mirror() } else { Some(flow) }
    }

    fn socket(&self, end: &SocketEnd) -> Option<SocketId> {
        self.symbols().socket(&end.socket).map(|socket| socket.id)
    }
}

fn these(seen: impl Iterator<Item = String>) -> SeenInstead {
    let seen: Vec<_> = seen.collect();
    if seen.is_empty() { SeenInstead::Nothing } else { SeenInstead::These(seen) }
}

fn brief(from: HostId, packet: &PacketSummary) -> String {
    let length = packet.payload.len;
    let arrow = if from == HostId::Client { "→" } else { "←" };
    let load = if length > 0 { format!(" {length} B") } else { String::new() };
    format!("{arrow} #{} {}{load}", packet.number, packet.label())
}

/// The flags of a packet by its number.
fn flags(world: &World) -> impl Fn(u64) -> Option<Flags> {
    |number| world.wire.packet(number).and_then(|on| on.packet.tcp.as_ref()).map(|tcp| tcp.flags)
}

fn state(engine: &Engine, world: &World, wanted: &ExpectState) -> Judged {
    let flow = engine.end(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let last = world.histories.history(&flow).last();
    match last {
        Some(step) if step.to == wanted.is && wanted.by.is_none_or(|by| by.is(step.cause, flags(world))) => Ok(None),
        Some(step) => Err(SeenInstead::State(step.to, step.cause)),
        None => Err(SeenInstead::Nothing),
    }
}

fn edge(engine: &Engine, events: &[Event], world: &World, wanted: &ExpectEdge) -> Judged {
    let flow = engine.end(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let taken = || {
        let changes = events.iter().enumerate().filter_map(|(at, event)| match &event.seen.kind {
            EventKind::State(change) | EventKind::Confirmed(change) => Some((at, event.seen.evidence, change)),
            _ => None,
        });
        changes
            .filter(|(_, evidence, change)| change.flow == flow && *evidence > Evidence::Inferred)
            .map(|(at, _, change)| (at, change))
    };
    let by = |cause| wanted.by.is_none_or(|by| by.is(cause, flags(world)));
    let is_it = |change: &Transition| (change.from, change.to) == (wanted.from, wanted.to) && by(change.cause);
    if let Some((at, _)) = taken().find(|(_, change)| is_it(change)) {
        return Ok(Some(at));
    }
    let cause = |cause: Option<Cause>| cause.map_or_else(String::new, |cause| format!(" ({cause})"));
    Err(these(taken().map(|(_, change)| format!("{} → {}{}", change.from, change.to, cause(change.cause)))))
}

/// The packets among the events, each with its place and its sender.
fn sent(events: &[Event]) -> impl Iterator<Item = (usize, Option<HostId>, &PacketSummary, Stamp)> {
    events.iter().enumerate().filter_map(|(at, event)| match &event.seen.kind {
        EventKind::Packet(packet) => Some((at, event.seen.host, packet, event.seen.at)),
        _ => None,
    })
}

fn packet(events: &[Event], wanted: &PacketMatch) -> Judged {
    let mut matching = sent(events).filter(|(_, host, packet, _)| wanted.is(packet, *host));
    if let Some((at, ..)) = matching.nth(wanted.place()) {
        return Ok(Some(at));
    }
    Err(these(sent(events).map(|(_, host, packet, _)| brief(host.unwrap_or(HostId::Client), packet))))
}

fn timed(
    engine: &Engine,
    events: &[Event],
    world: &World,
    (wanted, since): (&PacketMatch, &PacketMatch),
    after_ms: Amount,
) -> Judged {
    let matching = sent(events).filter(|(_, host, packet, _)| wanted.is(packet, *host)).skip(wanted.place());
    let mut seen = Vec::new();
    for (at, host, packet, moment) in matching {
        let before = world.wire.packets().iter().rev().filter(|on| on.packet.number < packet.number);
        let mut moments = before.filter(|on| since.is(&on.packet, Some(on.from))).filter_map(|on| known_to(on, host));
        let after = millis(moment.since(moments.next().unwrap_or_else(|| engine.begun_at())));
        if after_ms.is(after) {
            return Ok(Some(at));
        }
        seen.push(format!("{} +{after} ms", brief(host.unwrap_or(HostId::Client), packet)));
    }
    Err(these(seen.into_iter()))
}

/// When a host sent or received a packet.
fn known_to(on: &PacketOnWire, host: Option<HostId>) -> Option<Stamp> {
    match on.fate {
        _ if Some(on.from) == host => Some(on.sent),
        WirePacketFate::Delivered { at } => Some(at),
        _ => None,
    }
}

fn verdict(events: &[Event], world: &World, wanted: &ExpectVerdict) -> Judged {
    let about = events.iter().enumerate().filter_map(|(at, event)| match &event.seen.kind {
        EventKind::Wire(WireEvent::Verdict(verdict)) => {
            let on = world.wire.packet(verdict.packet)?;
            wanted.packet.is(&on.packet, Some(on.from)).then_some((at, verdict, on))
        }
        _ => None,
    });
    let about: Vec<_> = about.collect();
    let is = |verdict: &KernelVerdict| {
        verdict.did == wanted.did
            && wanted.why.is_none_or(|why| verdict.why == Some(why))
            && wanted.answer.is_none_or(|answer| verdict.answer == Some(answer))
    };
    let met = match wanted.packet.nth {
        Some(_) => about.get(wanted.packet.place()).filter(|(_, verdict, _)| is(verdict)),
        None => about.iter().find(|(_, verdict, _)| is(verdict)),
    };
    if let Some((at, ..)) = met {
        return Ok(Some(*at));
    }
    Err(these(about.iter().map(|(_, verdict, on)| {
        let why = verdict.why.map(KernelCause::name);
        let said = [Some(verdict.did.name()), why, verdict.answer.map(KernelAnswer::name)];
        let said: Vec<_> = said.into_iter().flatten().collect();
        format!("{} {}", brief(on.from, &on.packet), said.join(" "))
    })))
}

/// Whether something happened to a packet, for this reason; `what` says to which packet an event says so, and why.
fn happened(
    events: &[Event],
    world: &World,
    wanted: &PacketMatch,
    what: impl Fn(&WireEvent) -> Option<(u64, Option<LossReason>)>,
    reason: Option<LossReason>,
) -> Judged {
    let all = || {
        let of = events.iter().enumerate().filter_map(|(at, event)| match &event.seen.kind {
            EventKind::Wire(event) => Some((at, what(event)?)),
            _ => None,
        });
        of.filter_map(|(at, (number, why))| Some((at, world.wire.packet(number)?, why)))
    };
    let is = |(_, on, why): &(usize, &PacketOnWire, _)| *why == reason && wanted.is(&on.packet, Some(on.from));
    if let Some((at, ..)) = all().filter(is).nth(wanted.place()) {
        return Ok(Some(at));
    }
    let because = |why: Option<LossReason>| why.map_or_else(String::new, |why| format!(" ({why})"));
    Err(these(all().map(|(_, on, why)| format!("{}{}", brief(on.from, &on.packet), because(why)))))
}

/// The length of a link's queue that an event tells.
fn queue_length(event: &Event) -> Option<u64> {
    match event.seen.kind {
        EventKind::Wire(
            WireEvent::Queued { waiting, .. }
            | WireEvent::Crossing { waiting, .. }
            | WireEvent::QueueLength { waiting, .. },
        ) => Some(waiting.into()),
        _ => None,
    }
}

fn call(engine: &Engine, events: &[Event], wanted: &ExpectCall) -> Judged {
    let socket = engine.socket(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let made = || {
        events.iter().enumerate().filter_map(move |(at, event)| match &event.seen.kind {
            EventKind::Call(call) if call.socket == socket || call.new_socket == Some(socket) => Some((at, call)),
            _ => None,
        })
    };
    let is_it = |call: &Call| {
        let data = call.data.as_ref();
        call.call == wanted.call
            && call.result == wanted.result
            && wanted.len.is_none_or(|len| len.is(data.map_or(0, |data| data.len as u64)))
            && wanted.text.as_ref().is_none_or(|text| data.is_some_and(|data| data.text == *text))
    };
    if let Some((at, _)) = made().find(|(_, call)| is_it(call)) {
        return Ok(Some(at));
    }
    let brief = |call: &Call| {
        let moved = call.data.as_ref().map_or_else(String::new, |data| format!(" {} B", data.len));
        format!("{}() = {}{moved}", call.call, call.result)
    };
    Err(these(made().map(|(_, call)| brief(call))))
}

fn row(engine: &Engine, world: &World, wanted: &ExpectRow) -> Judged {
    let flow = engine.end(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let row = &world.table.of(&flow).ok_or(SeenInstead::Nothing)?.row;
    let is = |wanted: Option<Amount>, value: Option<u32>| {
        wanted.is_none_or(|wanted| value.is_some_and(|value| wanted.is(value.into())))
    };
    let timer = wanted.timer.is_none_or(|kind| row.timer.is_some_and(|timer| timer.kind == kind));
    if is(wanted.recv_q, row.recv_q) && is(wanted.send_q, row.send_q) && timer {
        return Ok(None);
    }
    let queue = |value: Option<u32>| value.map_or_else(|| "-".into(), |value| value.to_string());
    let timer = row.timer.map_or("-", |timer| timer.kind.name());
    Err(SeenInstead::These(vec![
        format!("Recv-Q {}", queue(row.recv_q)),
        format!("Send-Q {}", queue(row.send_q)),
        format!("timer {timer}"),
    ]))
}

fn info(engine: &Engine, wanted: &ExpectInfo) -> Judged {
    let flow = engine.end(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let info = engine.reading(&flow).ok_or(SeenInstead::Nothing)?;
    // Until the first loss nothing bounds slow start.
    let threshold = info.ssthresh.map_or(u64::MAX, u64::from);
    let values = [
        ("cwnd", wanted.cwnd, Some(info.cwnd.into())),
        ("ssthresh", wanted.ssthresh, Some(threshold)),
        ("in_flight", wanted.in_flight, info.in_flight.map(u64::from)),
        ("rto_ms", wanted.rto_ms, Some(u64::from(info.rto_us) / 1_000)),
        ("rtt_ms", wanted.rtt_ms, Some(u64::from(info.rtt_us) / 1_000)),
        ("retrans", wanted.retrans, Some(info.retransmitted.into())),
        ("mss", wanted.mss, Some(info.snd_mss.into())),
        ("window", wanted.window, info.snd_wnd.map(u64::from)),
    ];
    let is = |wanted: Amount, value: Option<u64>| value.is_some_and(|value| wanted.is(value));
    let mut asked = values.iter().filter_map(|(name, wanted, value)| wanted.map(|wanted| (name, wanted, *value)));
    let judges = wanted.state.is_none_or(|state| info.state == Some(state));
    if judges && asked.clone().all(|(_, wanted, value)| is(wanted, value)) {
        return Ok(None);
    }
    let say = |value: Option<u64>| match value {
        Some(u64::MAX) => "∞".into(),
        Some(value) => value.to_string(),
        None => "-".into(),
    };
    let state = wanted.state.and(info.state).map(|state| format!("state {}", state.name()));
    Err(these(asked.by_ref().map(|(name, _, value)| format!("{name} {}", say(value))).chain(state)))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn amount(wanted: Amount, number: u64) -> Judged {
    if wanted.is(number) { Ok(None) } else { Err(SeenInstead::Number(number)) }
}
