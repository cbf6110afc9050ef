//! The fields of the packet in the form, and how each is changed.

use super::{ForgeForm, ForgePurpose};
use crate::domain::forge_form::ForgeRow;
use crate::domain::{EcnCodepoint, Flags, ForgedChecksum, ForgedKind, ForgedOptions, ForgedSegment, Proto};
use crate::model::wire::EndNumbers;

/// The sets of flags that segments usually have.
const USUAL: [Flags; 8] = [
    Flags::SYN,
    Flags(Flags::SYN.0 | Flags::ACK.0),
    Flags::ACK,
    Flags(Flags::PSH.0 | Flags::ACK.0),
    Flags(Flags::FIN.0 | Flags::ACK.0),
    Flags::FIN,
    Flags::RST,
    Flags(Flags::RST.0 | Flags::ACK.0),
];

impl ForgeForm {
    /// The rows that the packet has, from the top.
    pub fn rows(&self) -> Vec<ForgeRow> {
        use ForgeRow::{
            About, Ack, Checksum, Clock, Code, Destination, Echo, Ecn, Flags, From, Mss, Payload, Preset, Protocol,
            SackOk, Scale, Seq, Source, Ttl, Window,
        };
        let own = self.purpose == ForgePurpose::Inject;
        let mut rows = if own { vec![Preset, From, Protocol] } else { vec![] };
        match self.packet.kind {
            ForgedKind::Segment(segment) => {
                rows.extend([Source, Destination, Seq, Ack, Flags, Window, Mss, Scale, SackOk, Clock]);
                rows.extend(segment.options.ts.map(|_| Echo));
                rows.push(Payload);
            }
            ForgedKind::Datagram => rows.extend([Source, Destination, Payload]),
            // Of one that came from elsewhere, only the IP header is changed.
            ForgedKind::Unreachable { .. } if !own => {}
            ForgedKind::Unreachable { about, .. } => {
                rows.extend([Source, Destination, Code, About]);
                rows.extend((about == Proto::Tcp).then_some(Seq));
            }
        }
        rows.extend([Ttl, Ecn, Checksum]);
        rows
    }

    /// The header of TCP, if it is a segment.
    pub const fn segment(&self) -> Option<&ForgedSegment> {
        if let ForgedKind::Segment(segment) = &self.packet.kind { Some(segment) } else { None }
    }

    pub(super) const fn segment_mut(&mut self) -> Option<&mut ForgedSegment> {
        if let ForgedKind::Segment(segment) = &mut self.packet.kind { Some(segment) } else { None }
    }

    /// The number in a row, as it stands in the packet; `None` for an option that it does not have.
    pub fn number(&self, row: ForgeRow) -> Option<u32> {
        let ForgedSegment { seq, ack, window, options, .. } = self.segment().copied().unwrap_or_default();
        let ForgedOptions { mss, wscale, ts, .. } = options;
        match (row, self.packet.kind) {
            (ForgeRow::Source, _) => Some(self.packet.source.into()),
            (ForgeRow::Destination, _) => Some(self.packet.destination.into()),
            (ForgeRow::Ttl, _) => Some(self.packet.ttl.into()),
            (ForgeRow::Code, ForgedKind::Unreachable { code, .. }) => Some(code.into()),
            (ForgeRow::Seq, ForgedKind::Unreachable { seq, .. }) => Some(seq),
            (ForgeRow::Seq, _) => Some(seq),
            (ForgeRow::Ack, _) => Some(ack),
            (ForgeRow::Window, _) => Some(window.into()),
            (ForgeRow::Mss, _) => mss.map(u32::from),
            (ForgeRow::Scale, _) => wscale.map(u32::from),
            (ForgeRow::Clock, _) => ts.map(|(value, _)| value),
            (ForgeRow::Echo, _) => ts.map(|(_, echo)| echo),
            _ => None,
        }
    }

    /// The end from whose SYN the number in a row is counted, if its SYN was seen.
    fn end(&self, row: ForgeRow) -> Option<EndNumbers> {
        let quotes = matches!(self.packet.kind, ForgedKind::Unreachable { .. });
        match row {
            ForgeRow::Seq => self.ends[usize::from(quotes)],
            ForgeRow::Ack => self.ends[1].filter(|_| self.acknowledges()),
            _ => None,
        }
    }

    /// What the number in a row is counted from: 0, or the initial sequence number of its end.
    pub fn base(&self, row: ForgeRow) -> u32 {
        self.end(row).filter(|_| !self.absolute).map_or(0, |end| end.isn)
    }

    /// Whether the number in a row is counted from a SYN.
    pub fn is_relative(&self, row: ForgeRow) -> bool {
        self.end(row).is_some() && !self.absolute
    }

    /// Whether its acknowledgment number means anything.
    pub(super) fn acknowledges(&self) -> bool {
        self.segment().is_some_and(|segment| segment.flags.has(Flags::ACK))
    }

    /// Sets the flags. A segment that acknowledges from now on acknowledges what has arrived.
    pub(super) fn set_flags(&mut self, flags: Flags) {
        let next = self.ends[1].map_or(0, |end| end.isn.wrapping_add(end.expected));
        let acknowledged = self.acknowledges();
        if let Some(segment) = self.segment_mut() {
            segment.flags = flags;
            if flags.has(Flags::ACK) && !acknowledged && segment.ack == 0 {
                segment.ack = next;
            }
        }
    }

    /// Writes sequence numbers as they stand in the header, or counted from the SYN. `false` if that of the selected row is
    /// not known.
    pub(super) fn count_otherwise(&mut self) -> bool {
        let known = self.end(self.row).is_some();
        self.absolute ^= known;
        self.typed.clear();
        known
    }

    /// Sets the number in a row, as it stands in the packet; `None` takes the option away. It is within the row's limit.
    pub(super) fn set(&mut self, row: ForgeRow, number: Option<u32>) {
        self.touch(row);
        let value = number.unwrap_or(0);
        let short = u16::try_from(value).unwrap_or(u16::MAX);
        let byte = u8::try_from(value).unwrap_or(u8::MAX);
        match (row, &mut self.packet.kind) {
            (ForgeRow::Source, _) => self.packet.source = short,
            (ForgeRow::Destination, _) => self.packet.destination = short,
            (ForgeRow::Ttl, _) => self.packet.ttl = byte,
            (ForgeRow::Code, ForgedKind::Unreachable { code, .. }) => *code = byte,
            (ForgeRow::Seq, ForgedKind::Unreachable { seq, .. }) => *seq = value,
            (_, ForgedKind::Segment(segment)) => {
                let ForgedSegment { seq, ack, window, options, .. } = segment;
                match row {
                    ForgeRow::Seq => *seq = value,
                    ForgeRow::Ack => *ack = value,
                    ForgeRow::Window => *window = short,
                    ForgeRow::Mss => options.mss = number.map(|_| short),
                    ForgeRow::Scale => options.wscale = number.map(|_| byte),
                    ForgeRow::Clock => options.ts = number.map(|value| (value, options.ts.map_or(0, |(_, echo)| echo))),
                    ForgeRow::Echo => options.ts = options.ts.map(|(clock, _)| (clock, value)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The number that an option begins with when it is added.
    pub(super) fn first(&self, row: ForgeRow) -> u32 {
        match row {
            ForgeRow::Mss => 1460,
            ForgeRow::Scale => 7,
            ForgeRow::Clock => self.ends[0].and_then(|end| end.clock).unwrap_or(0),
            _ => 0,
        }
    }

    /// Goes to the next value of a row that has few, or to the one before.
    pub(super) fn choose(&mut self, row: ForgeRow, steps: isize) {
        self.touch(row);
        match row {
            ForgeRow::Protocol => {
                let at = match self.packet.kind {
                    ForgedKind::Segment(_) => 0,
                    ForgedKind::Datagram => 1,
                    ForgedKind::Unreachable { .. } => 2,
                };
                let seq = self.ends[1].map_or(0, |end| end.isn.wrapping_add(end.expected));
                let segment = ForgedSegment { flags: Flags::ACK, ..ForgedSegment::default() };
                let all = [
                    ForgedKind::Segment(segment),
                    ForgedKind::Datagram,
                    ForgedKind::Unreachable { code: 3, about: Proto::Tcp, seq },
                ];
                self.packet.kind = all[around(at, steps, all.len())];
            }
            ForgeRow::About => {
                if let ForgedKind::Unreachable { about, .. } = &mut self.packet.kind {
                    *about = if *about == Proto::Tcp { Proto::Udp } else { Proto::Tcp };
                }
            }
            ForgeRow::SackOk => {
                if let Some(segment) = self.segment_mut() {
                    segment.options.sack_ok ^= true;
                }
            }
            ForgeRow::Flags => {
                let now = self.segment().map(|segment| segment.flags);
                let at = USUAL.iter().position(|flags| Some(*flags) == now).unwrap_or(0);
                self.set_flags(USUAL[around(at, steps, USUAL.len())]);
            }
            ForgeRow::Ecn => {
                let at = EcnCodepoint::ALL.iter().position(|ecn| *ecn == self.packet.ecn).unwrap_or(0);
                self.packet.ecn = EcnCodepoint::ALL[around(at, steps, EcnCodepoint::ALL.len())];
            }
            ForgeRow::Checksum => {
                let right = self.packet.checksum == ForgedChecksum::Right;
                self.packet.checksum = if right { ForgedChecksum::Wrong } else { ForgedChecksum::Right };
            }
            _ => {}
        }
    }
}

/// The place so many steps further, around the end.
pub(super) fn around(at: usize, steps: isize, len: usize) -> usize {
    (at.cast_signed() + steps).rem_euclid(len.max(1).cast_signed()).cast_unsigned()
}
