//! The form in which a packet of one's own is made, or a held one is changed.

mod field;
mod keys;
mod preset;
#[cfg(test)]
mod tests;

pub(super) use self::keys::{paste, pressed};

use super::Model;
use super::mode::Mode;
use super::wire::{EndNumbers, PacketOnWire};
use super::world::World;
use crate::domain::forge_form::{ForgePreset, ForgeRow};
use crate::domain::{
    EcnCodepoint, Flags, Flow, ForgedChecksum, ForgedKind, ForgedOptions, ForgedPacket, ForgedSegment, HostId,
    PacketChange, PacketSummary, Proto, Refusal, TcpOption,
};

/// What becomes of the packet in the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgePurpose {
    /// It is put onto the wire.
    Inject,
    /// The held packet with this number becomes like it.
    Change(u64),
}

/// See the module's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgeForm {
    /// What it is for.
    pub purpose: ForgePurpose,
    /// What it was filled in from.
    pub preset: ForgePreset,
    /// The selected row.
    pub row: ForgeRow,
    /// The packet so far.
    pub packet: ForgedPacket,
    /// The payload as it is typed.
    pub text: String,
    /// Fields of the held packet that stay as they are, and that are not known.
    kept: Vec<ForgeRow>,
    /// The packet as it was.
    before: ForgedPacket,
    /// The ports that presets about a connection go back to.
    home: (u16, u16),
    /// The numbers of the end that seems to send, and of the other one.
    ends: [Option<EndNumbers>; 2],
    /// Whether sequence numbers are written as they stand in the header.
    absolute: bool,
    /// What was typed into the selected row.
    typed: String,
}

/// The TTL that the hosts send with.
const TTL: u8 = 64;

impl ForgeForm {
    /// A form for a packet of one's own. `conversation` is named by the client's end.
    fn inject(world: &World, conversation: Option<Flow>, from: HostId, port: u16) -> Self {
        let conversation = conversation.filter(|flow| flow.proto == Proto::Tcp && flow.peer.is_some());
        let preset = if conversation.is_some() { ForgePreset::Reset } else { ForgePreset::NewSyn };
        let client = HostId::Client;
        let end = |host: HostId, port| (host.address(), port).into();
        let flow = conversation.unwrap_or_else(|| Flow::tcp(end(client, FREE), end(client.other(), port)));
        let packet = blank(from, if from == client { flow } else { flow.mirror().unwrap_or(flow) });
        let mut form = Self::of(ForgePurpose::Inject, packet, ForgeRow::Preset);
        form.fill(world, preset);
        form
    }

    /// A form with the fields of a packet that is on the wire, as far as its summary has them.
    fn change(world: &World, on: &PacketOnWire) -> Self {
        let PacketSummary { number, flow, tcp, payload, icmp, .. } = &on.packet;
        let mut packet = blank(on.from, *flow);
        let exact = payload.text.len() == payload.len;
        let mut kept = vec![ForgeRow::Ttl, ForgeRow::Ecn];
        if icmp.is_some() || !exact {
            kept.push(ForgeRow::Payload);
        }
        let text = if exact { payload.text.clone() } else { String::new() };
        packet.payload = text.clone().into_bytes();
        match (icmp, tcp) {
            (None, Some(tcp)) => {
                let known = EndNumbers::of(&world.wire, flow).map_or(0, |end| end.scale);
                let mut options = ForgedOptions::default();
                for option in &tcp.options {
                    match option {
                        TcpOption::Mss(mss) => options.mss = Some(*mss),
                        TcpOption::WindowScale(scale) => options.wscale = Some(*scale),
                        TcpOption::SackPermitted => options.sack_ok = true,
                        TcpOption::Timestamps(value, echo) => options.ts = Some((*value, *echo)),
                        // The form has no row for it.
                        TcpOption::Sack(..) | TcpOption::Other { .. } => kept.push(ForgeRow::Mss),
                    }
                }
                let shift = if tcp.flags.has(Flags::SYN) { 0 } else { known };
                packet.kind = ForgedKind::Segment(ForgedSegment {
                    flags: tcp.flags,
                    seq: tcp.seq,
                    ack: tcp.ack,
                    window: u16::try_from(tcp.window >> shift).unwrap_or(u16::MAX),
                    options,
                });
            }
            (None, None) => packet.kind = ForgedKind::Datagram,
            (Some(_), _) => packet.kind = ForgedKind::Unreachable { code: 0, about: flow.proto, seq: 0 },
        }
        let mut form = Self::of(ForgePurpose::Change(*number), packet, ForgeRow::Source);
        form.kept = kept;
        form.text = text;
        form.row = form.rows().first().copied().unwrap_or(ForgeRow::Ttl);
        form.look(world);
        form
    }

    fn of(purpose: ForgePurpose, packet: ForgedPacket, row: ForgeRow) -> Self {
        Self {
            purpose,
            preset: ForgePreset::Reset,
            row,
            before: packet.clone(),
            home: (packet.source, packet.destination),
            packet,
            text: String::new(),
            kept: Vec::new(),
            ends: [None, None],
            absolute: false,
            typed: String::new(),
        }
    }

    /// Looks up the numbers of the connection that the packet seems to belong to.
    fn look(&mut self, world: &World) {
        let flow = self.packet.flow();
        self.ends = [Some(flow), flow.mirror()].map(|flow| EndNumbers::of(&world.wire, &flow?));
    }

    /// Whether this field of the held packet stays as it is, and is not known.
    pub fn is_kept(&self, row: ForgeRow) -> bool {
        let named = if row.is_option() { ForgeRow::Mss } else { row };
        self.kept.contains(&named)
    }

    /// Whether all the bytes behind the IP header are known.
    pub fn is_known(&self) -> bool {
        !self.is_kept(ForgeRow::Payload) && !self.is_kept(ForgeRow::Mss)
    }

    /// Notes that a field was edited.
    fn touch(&mut self, row: ForgeRow) {
        let named = if row.is_option() { ForgeRow::Mss } else { row };
        self.kept.retain(|kept| *kept != named);
    }

    /// What is changed in the held packet.
    fn changed(&self) -> PacketChange {
        fn new<T: PartialEq>(is_known: bool, now: T, before: &T) -> Option<T> {
            (is_known && now != *before).then_some(now)
        }
        let segment = |packet: &ForgedPacket| match packet.kind {
            ForgedKind::Segment(segment) => segment,
            ForgedKind::Datagram | ForgedKind::Unreachable { .. } => ForgedSegment::default(),
        };
        let (now, before) = (&self.packet, &self.before);
        let (header, old) = (segment(now), segment(before));
        PacketChange {
            source: new(true, now.source, &before.source),
            destination: new(true, now.destination, &before.destination),
            seq: new(true, header.seq, &old.seq),
            ack: new(true, header.ack, &old.ack),
            flags: new(true, header.flags, &old.flags),
            window: new(true, header.window, &old.window),
            options: new(!self.is_kept(ForgeRow::Mss), header.options, &old.options),
            payload: new(!self.is_kept(ForgeRow::Payload), now.payload.clone(), &before.payload),
            ttl: (!self.is_kept(ForgeRow::Ttl)).then_some(now.ttl),
            ecn: (!self.is_kept(ForgeRow::Ecn)).then_some(now.ecn),
            checksum: now.checksum,
        }
    }
}

/// A port of the client host that its kernel does not choose unless it is told to.
const FREE: u16 = 20_000;

fn blank(from: HostId, flow: Flow) -> ForgedPacket {
    ForgedPacket {
        from,
        source: flow.local.port(),
        destination: flow.peer.map_or(0, |peer| peer.port()),
        ttl: TTL,
        ecn: EcnCodepoint::default(),
        checksum: ForgedChecksum::default(),
        kind: ForgedKind::Segment(ForgedSegment::default()),
        payload: Vec::new(),
    }
}

/// A payload as it was typed: hex behind `0x`, if it is that, otherwise text.
fn read(text: &str) -> Vec<u8> {
    let hex = || {
        let digits = text.strip_prefix("0x")?.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok());
        let digits: Vec<u8> = digits.collect::<Option<_>>()?;
        let (bytes, half) = digits.as_chunks::<2>();
        half.is_empty().then(|| bytes.iter().map(|[high, low]| high << 4 | low).collect::<Vec<u8>>())
    };
    hex().unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Opens the form for a packet of one's own, as one of this conversation, which is named by the client's end.
pub(super) fn inject(model: &mut Model, conversation: Option<Flow>) {
    let world = model.worlds.shown();
    let server = world.servers.get(model.ui.server).or(world.servers.all().first());
    let port = server.filter(|server| server.spec.proto == Proto::Tcp).map_or(65_432, |server| server.addr().port());
    let from = model.ui.wire.from.unwrap_or(HostId::Client);
    model.ui.wire.form = Some(ForgeForm::inject(world, conversation, from, port));
    model.ui.mode = Mode::Forging;
}

/// Opens the form with the fields of this packet.
pub(super) fn change(model: &mut Model, number: u64) -> Result<(), Refusal> {
    let world = model.worlds.shown();
    let on = world.wire.packet(number).ok_or(Refusal::NothingHeld)?;
    model.ui.wire.form = Some(ForgeForm::change(world, on));
    model.ui.mode = Mode::Forging;
    Ok(())
}
