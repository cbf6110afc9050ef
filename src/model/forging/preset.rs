//! Fills in the form from a preset: the attacks and accidents of RFC 5961, RFC 1337 and RFC 9293, and plain packets.

use super::{FREE, ForgeForm, blank, read};
use crate::domain::forge_form::ForgePreset;
use crate::domain::{Flags, Flow, ForgedKind, ForgedOptions, ForgedSegment, HostId, Proto};
use crate::model::World;
use crate::model::wire::{EndNumbers, PacketOnWire};

/// How far in the window, and beyond it.
const INTO: u32 = 100;
const BEYOND: u32 = 1_000;
/// The initial sequence number of a SYN from nowhere.
const ISN: u32 = 1_000;
/// The window that is offered where none was.
const WINDOW: u16 = 64_240;

impl ForgeForm {
    /// Fills in the form: for the same direction and, as far as the preset is about a connection, the same ports.
    pub(super) fn fill(&mut self, world: &World, preset: ForgePreset) {
        if self.preset.is_of_connection() {
            self.home = (self.packet.source, self.packet.destination);
        }
        let ports = self.home;
        (self.packet.source, self.packet.destination) = ports;
        let mut flow = Flow { proto: Proto::Tcp, ..self.packet.flow() };
        let is_client = self.packet.from == HostId::Client;
        if preset == ForgePreset::NewSyn && EndNumbers::of(&world.wire, &flow).is_some() {
            // A port of its own, towards the same service.
            let (own, other) = if is_client { (FREE, ports.1) } else { (ports.0, FREE) };
            flow.local.set_port(own);
            flow.peer.iter_mut().for_each(|peer| peer.set_port(other));
        }
        self.preset = preset;
        self.packet = blank(self.packet.from, flow);
        self.typed.clear();
        self.look(world);
        let [own, other] = self.ends.map(Option::unwrap_or_default);
        let next = own.isn.wrapping_add(own.expected);
        let mut header = ForgedSegment {
            flags: Flags::ACK,
            seq: next,
            ack: other.isn.wrapping_add(other.expected),
            window: if self.ends[0].is_some() { own.window } else { WINDOW },
            options: ForgedOptions {
                ts: own.clock.map(|clock| (clock, other.clock.unwrap_or(0))),
                ..Default::default()
            },
        };
        let window = u32::from(other.window) << other.scale;
        let (mut kind, mut text) = (None, String::new());
        match preset {
            ForgePreset::Reset => header.flags = Flags::RST,
            ForgePreset::ResetInWindow => {
                header.flags = Flags::RST;
                header.seq = next.wrapping_add(INTO.min(window.saturating_sub(1)));
            }
            ForgePreset::ResetOutside => {
                header.flags = Flags::RST;
                header.seq = next.wrapping_add(window).wrapping_add(BEYOND);
            }
            ForgePreset::SynOnOpen => {
                header.flags = Flags::SYN;
                header.options.mss = Some(1460);
            }
            ForgePreset::Fin => header.flags = Flags::FIN.with(Flags::ACK),
            ForgePreset::OldDuplicate => {
                header.flags = Flags::PSH.with(Flags::ACK);
                let old = self.delivered(world);
                text = old.as_ref().map_or_else(|| "old".into(), |(_, text)| text.clone());
                let len = u32::try_from(text.len()).unwrap_or(0);
                header.seq = old.map_or_else(|| next.wrapping_sub(len), |(seq, _)| seq);
            }
            ForgePreset::Keepalive => header.seq = next.wrapping_sub(1),
            ForgePreset::AckUnsent => header.ack = other.isn.wrapping_add(other.sent).wrapping_add(BEYOND),
            ForgePreset::Data => {
                header.flags = Flags::PSH.with(Flags::ACK);
                text = "hello".into();
            }
            ForgePreset::NewSyn => {
                header = ForgedSegment { flags: Flags::SYN, seq: ISN, ack: 0, window: WINDOW, ..header };
                header.options = ForgedOptions { mss: Some(1460), ..ForgedOptions::default() };
            }
            ForgePreset::Datagram => {
                kind = Some(ForgedKind::Datagram);
                text = "hello".into();
            }
            ForgePreset::Unreachable => {
                kind = Some(ForgedKind::Unreachable { code: 3, about: Proto::Tcp, seq: header.ack });
            }
        }
        // Without ACK the number means nothing.
        if preset.is_of_connection() && !header.flags.has(Flags::ACK) {
            header.ack = 0;
        }
        self.packet.kind = kind.unwrap_or(ForgedKind::Segment(header));
        self.packet.payload = read(&text);
        self.text = text;
        // The UDP service, where the ports were those of TCP.
        if preset == ForgePreset::Datagram {
            self.aim_at_datagrams(world);
        }
    }

    /// The number and the payload of the first segment with data that its receiver got from this sender, as far as its
    /// payload is known.
    fn delivered(&self, world: &World) -> Option<(u32, String)> {
        let flow = self.packet.flow();
        let is_old = |on: &&PacketOnWire| {
            let payload = &on.packet.payload;
            on.packet.flow == flow && on.has_arrived() && payload.len > 0 && payload.text.len() == payload.len
        };
        let old = world.wire.packets().iter().find(is_old)?;
        Some((old.packet.tcp.as_ref()?.seq, old.packet.payload.text.clone()))
    }

    /// Aims at a service of UDP on the server host, if it goes there.
    fn aim_at_datagrams(&mut self, world: &World) {
        let service = world.servers.all().iter().find(|server| server.spec.proto == Proto::Udp);
        if let (HostId::Client, Some(service)) = (self.packet.from, service) {
            self.packet.source = FREE;
            self.packet.destination = service.addr().port();
        }
    }
}
