//! Turns an act that forges or changes a packet into an order: its numbers are those of the connection at that moment.

use std::sync::Arc;

use super::act_order::{bytes, held};
use super::engine::Engine;
use super::forge::{ChangeAct, ForgedNumber, InjectAct, OptionList};
use super::order::{DoneWhen, LessonOrder};
use crate::domain::{
    Flags, Flow, ForgedKind, ForgedOptions, ForgedPacket, ForgedSegment, HostId, PacketChange, Proto, WireCommand,
};
use crate::model::World;
use crate::model::wire::EndNumbers;

/// The window that a forged segment offers where its seeming sender has offered none.
const WINDOW: u16 = 64_240;
/// The TTL of packets that the hosts send themselves.
const TTL: u8 = 64;

/// The numbers of both ends: of the one that seems to send, and of the other one.
struct Numbers {
    own: Option<EndNumbers>,
    other: Option<EndNumbers>,
}

impl Numbers {
    fn of(world: &World, flow: &Flow) -> Self {
        let of = |flow: &Flow| EndNumbers::of(&world.wire, flow);
        Self { own: of(flow), other: flow.mirror().as_ref().and_then(of) }
    }

    fn seq(&self, number: ForgedNumber) -> u32 {
        resolve(number, self.own)
    }

    fn ack(&self, number: ForgedNumber) -> u32 {
        resolve(number, self.other)
    }

    fn options(&self, list: OptionList) -> ForgedOptions {
        let clock = |end: Option<EndNumbers>| end.and_then(|end| end.clock).unwrap_or(0);
        let OptionList { mss, wscale, sack_ok, ts } = list;
        let ts = ts.map(|ticks| (moved(clock(self.own), ticks), clock(self.other)));
        ForgedOptions { mss, wscale, sack_ok, ts }
    }
}

/// The number as it stands in a header. Where none of the end's own numbers is known, they are counted from 0.
fn resolve(number: ForgedNumber, end: Option<EndNumbers>) -> u32 {
    let EndNumbers { isn, expected, .. } = end.unwrap_or_default();
    match number {
        ForgedNumber::Raw(number) => number,
        ForgedNumber::Relative(number) => isn.wrapping_add(number),
        ForgedNumber::Next(steps) => moved(isn.wrapping_add(expected), steps),
    }
}

/// Numbers and clocks go round (RFC 9293 §3.4).
const fn moved(number: u32, steps: i64) -> u32 {
    let bytes = (number as i64).wrapping_add(steps).to_le_bytes();
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

impl Engine {
    /// The order to forge a packet. `None` as long as the numbers of its connection are not known.
    pub(super) fn inject(&self, world: &World, inject: &InjectAct) -> Option<(LessonOrder, DoneWhen)> {
        let from = *inject.from.get_ref();
        let (proto, whole) = self.belonging(inject)?;
        let source = inject.source.or(self.port(inject, from))?;
        let destination = inject.destination.or(self.port(inject, from.other()))?;
        let mut forged = ForgedPacket {
            from,
            source,
            destination,
            ttl: inject.ttl.unwrap_or(TTL),
            ecn: inject.ecn.unwrap_or_default(),
            checksum: inject.checksum.unwrap_or_default(),
            kind: if proto == Proto::Udp {
                ForgedKind::Datagram
            } else {
                ForgedKind::Segment(ForgedSegment::default())
            },
            payload: bytes(inject.text.as_deref(), inject.bytes),
        };
        let numbers = Numbers::of(world, &forged.flow());
        if whole && proto == Proto::Tcp && numbers.own.or(numbers.other).is_none() {
            return None;
        }
        let [seq, ack] = [inject.seq, inject.ack].map(|number| number.unwrap_or(ForgedNumber::Next(0)));
        if let Some(code) = inject.unreachable {
            forged.kind = ForgedKind::Unreachable { code, about: proto, seq: numbers.ack(ack) };
        } else if proto == Proto::Tcp {
            let offered = numbers.own.map_or(WINDOW, |own| own.window);
            forged.kind = ForgedKind::Segment(ForgedSegment {
                flags: inject.flags.unwrap_or(Flags::ACK),
                seq: numbers.seq(seq),
                ack: numbers.ack(ack),
                window: inject.window.unwrap_or(offered),
                options: numbers.options(inject.options),
            });
        }
        Some((LessonOrder::Wire(WireCommand::Inject(Arc::new(forged))), DoneWhen::Injected))
    }

    /// The protocol of a forged packet, and whether it seems to belong to a connection whose ends both are known.
    fn belonging(&self, inject: &InjectAct) -> Option<(Proto, bool)> {
        let Some(name) = &inject.socket else { return Some((inject.proto.unwrap_or(Proto::Tcp), false)) };
        let socket = self.symbols().socket(name.get_ref())?;
        let connected = self.flow_of(name.get_ref())?.peer.is_some();
        Some((socket.proto, connected && inject.source.is_none() && inject.destination.is_none()))
    }

    /// The port on a host of the socket that a forged packet names.
    fn port(&self, inject: &InjectAct, host: HostId) -> Option<u16> {
        let name = inject.socket.as_ref()?.get_ref();
        let (socket, flow) = (self.symbols().socket(name)?, self.flow_of(name)?);
        if socket.host == host { Some(flow.local.port()) } else { flow.peer.map(|peer| peer.port()) }
    }

    /// The order to change a held packet. `None` as long as it is not there.
    pub(super) fn change(world: &World, change: &ChangeAct) -> Option<(LessonOrder, DoneWhen)> {
        let number = held(world, change.packet.get_ref())?;
        let numbers = Numbers::of(world, &world.wire.packet(number)?.packet.flow);
        let carries = change.text.is_some() || change.bytes.is_some();
        let changed = PacketChange {
            source: change.source,
            destination: change.destination,
            seq: change.seq.map(|seq| numbers.seq(seq)),
            ack: change.ack.map(|ack| numbers.ack(ack)),
            flags: change.flags,
            window: change.window,
            options: change.options.map(|list| numbers.options(list)),
            payload: carries.then(|| bytes(change.text.as_deref(), change.bytes)),
            ttl: change.ttl,
            ecn: change.ecn,
            checksum: change.checksum.unwrap_or_default(),
        };
        Some((LessonOrder::Wire(WireCommand::Change(number, Arc::new(changed))), DoneWhen::Handled(number)))
    }
}
