//! Whether the events and the world meet an expectation, and what was observed instead.

use std::time::Duration;

use super::act_order::held;
use super::engine::Engine;
use super::expect::{Expect, ExpectCall, ExpectEdge, ExpectRow, ExpectState};
use super::matcher::{Amount, PacketMatch, SocketEnd};
use crate::domain::lesson::SeenInstead;
use crate::domain::{Cause, Event, EventKind, Evidence, Flags, Flow, HostId, SocketId, WireEvent};
use crate::model::World;

impl Expect {
    /// For an expectation of absence: how long it lasts.
    pub(super) const fn absent_for(&self) -> Option<Duration> {
        if let Self::Absent { for_ms, .. } = self { Some(Duration::from_millis(*for_ms)) } else { None }
    }
}

impl Engine {
    /// Whether the expectation is met; if not, what was observed instead.
    pub(super) fn judge(&self, world: &World, expect: &Expect) -> Result<(), SeenInstead> {
        match expect {
            // Only events of the step itself: earlier ones cannot contradict it.
            Expect::Absent { what, .. } => judge(self, self.events_in_step(), world, what),
            wanted => judge(self, &self.events, world, wanted),
        }
    }
}

fn judge(engine: &Engine, events: &[Event], world: &World, expect: &Expect) -> Result<(), SeenInstead> {
    match expect {
        Expect::State(wanted) => state(engine, world, wanted),
        Expect::Edge(wanted) => edge(engine, events, world, wanted),
        Expect::Packet(wanted) => packet(events, wanted),
        Expect::Held(wanted) => match held(world, wanted) {
            Some(_) => Ok(()),
            None => Err(these(world.wire.open().map(|on| brief(on.from, &on.packet)))),
        },
        Expect::Folded { packet, times } => {
            let number = held(world, packet).ok_or(SeenInstead::Nothing)?;
            amount(*times, world.wire.packet(number).map_or(0, |on| on.folded.into()))
        }
        Expect::Call(wanted) => call(engine, events, wanted),
        Expect::Row(wanted) => row(engine, world, wanted),
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
            if events.iter().filter_map(ended).any(|ended| ended == *status) {
                Ok(())
            } else {
                Err(SeenInstead::Nothing)
            }
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

fn brief(from: HostId, packet: &crate::domain::PacketSummary) -> String {
    let length = packet.payload.len;
    let arrow = if from == HostId::Client { "→" } else { "←" };
    let load = if length > 0 { format!(" {length} B") } else { String::new() };
    format!("{arrow} #{} {}{load}", packet.number, packet.label())
}

/// The flags of a packet by its number.
fn flags(world: &World) -> impl Fn(u64) -> Option<Flags> {
    |number| world.wire.packet(number).and_then(|on| on.packet.tcp.as_ref()).map(|tcp| tcp.flags)
}

fn state(engine: &Engine, world: &World, wanted: &ExpectState) -> Result<(), SeenInstead> {
    let flow = engine.end(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let last = world.histories.history(&flow).last();
    match last {
        Some(step) if step.to == wanted.is && wanted.by.is_none_or(|by| by.is(step.cause, flags(world))) => Ok(()),
        Some(step) => Err(SeenInstead::State(step.to, step.cause)),
        None => Err(SeenInstead::Nothing),
    }
}

fn edge(engine: &Engine, events: &[Event], world: &World, wanted: &ExpectEdge) -> Result<(), SeenInstead> {
    let flow = engine.end(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let taken = || {
        let changes = events.iter().filter_map(|event| match &event.seen.kind {
            EventKind::State(change) | EventKind::Confirmed(change) => Some((event.seen.evidence, change)),
            _ => None,
        });
        changes
            .filter(|(evidence, change)| change.flow == flow && *evidence > Evidence::Inferred)
            .map(|(_, change)| change)
    };
    let by = |cause| wanted.by.is_none_or(|by| by.is(cause, flags(world)));
    if taken().any(|change| (change.from, change.to) == (wanted.from, wanted.to) && by(change.cause)) {
        return Ok(());
    }
    let cause = |cause: Option<Cause>| cause.map_or_else(String::new, |cause| format!(" ({cause})"));
    Err(these(taken().map(|change| format!("{} → {}{}", change.from, change.to, cause(change.cause)))))
}

fn packet(events: &[Event], wanted: &PacketMatch) -> Result<(), SeenInstead> {
    let sent = || {
        events.iter().filter_map(|event| match (&event.seen.kind, event.seen.host) {
            (EventKind::Packet(packet), host) => Some((host, packet)),
            _ => None,
        })
    };
    if sent().filter(|(host, packet)| wanted.is(packet, *host)).nth(wanted.place()).is_some() {
        return Ok(());
    }
    Err(these(sent().map(|(host, packet)| brief(host.unwrap_or(HostId::Client), packet))))
}

fn call(engine: &Engine, events: &[Event], wanted: &ExpectCall) -> Result<(), SeenInstead> {
    let socket = engine.socket(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let made = || {
        events.iter().filter_map(move |event| match &event.seen.kind {
            EventKind::Call(call) if call.socket == socket || call.new_socket == Some(socket) => Some(call),
            _ => None,
        })
    };
    let found = made().any(|call| {
        let data = call.data.as_ref();
        call.call == wanted.call
            && call.result == wanted.result
            && wanted.len.is_none_or(|len| len.is(data.map_or(0, |data| data.len as u64)))
            && wanted.text.as_ref().is_none_or(|text| data.is_some_and(|data| data.text == *text))
    });
    let brief = |call: &crate::domain::Call| {
        let moved = call.data.as_ref().map_or_else(String::new, |data| format!(" {} B", data.len));
        format!("{}() = {}{moved}", call.call, call.result)
    };
    if found { Ok(()) } else { Err(these(made().map(brief))) }
}

fn row(engine: &Engine, world: &World, wanted: &ExpectRow) -> Result<(), SeenInstead> {
    let flow = engine.end(wanted.of.get_ref()).ok_or(SeenInstead::Nothing)?;
    let row = &world.table.of(&flow).ok_or(SeenInstead::Nothing)?.row;
    let is = |wanted: Option<Amount>, value: Option<u32>| {
        wanted.is_none_or(|wanted| value.is_some_and(|value| wanted.is(value.into())))
    };
    let timer = wanted.timer.is_none_or(|kind| row.timer.is_some_and(|timer| timer.kind == kind));
    if is(wanted.recv_q, row.recv_q) && is(wanted.send_q, row.send_q) && timer {
        return Ok(());
    }
    let queue = |value: Option<u32>| value.map_or_else(|| "-".into(), |value| value.to_string());
    let timer = row.timer.map_or("-", |timer| timer.kind.name());
    Err(SeenInstead::These(vec![
        format!("Recv-Q {}", queue(row.recv_q)),
        format!("Send-Q {}", queue(row.send_q)),
        format!("timer {timer}"),
    ]))
}

fn amount(wanted: Amount, number: u64) -> Result<(), SeenInstead> {
    if wanted.is(number) { Ok(()) } else { Err(SeenInstead::Number(number)) }
}
