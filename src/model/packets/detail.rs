//! The details of a packet: its layers as a foldable tree, and its bytes.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::domain::dissection::{Layer, PacketField};
use crate::domain::{FieldName, FieldValue, Flow, PacketSummary, Proto};

/// A packet, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PacketDetails {
    /// Its number in the capture.
    pub number: u64,
    /// Its layers; none when its bytes are not kept (any more).
    pub layers: Vec<Layer>,
    /// Its bytes, as captured.
    pub bytes: Arc<[u8]>,
    /// The comments on it in the file.
    pub comments: Vec<String>,
}

impl PacketDetails {
    /// The details that the event has, for a packet whose bytes are not kept: no field has a position.
    pub(super) fn from_summary(packet: &PacketSummary) -> Self {
        let mut layers = Vec::new();
        let mut layer = |name, fields: Vec<(FieldName, FieldValue)>| {
            let fields = fields.into_iter().map(|(name, value)| PacketField::new(name, value, 0..0)).collect();
            layers.push(Layer { name, bytes: 0..0, fields });
        };
        let Flow { proto, local, peer } = packet.flow;
        let peer = peer.unwrap_or(local);
        let plain = |name: FieldName, value: &dyn ToString| (name, FieldValue::Plain(value.to_string()));
        let addresses = [plain(FieldName::Source, &local.ip()), plain(FieldName::Destination, &peer.ip())];
        layer(FieldName::Ip, addresses.to_vec());
        let ports = [plain(FieldName::SourcePort, &local.port()), plain(FieldName::DestinationPort, &peer.port())];
        let protocol = packet.protocol().parse().unwrap_or(FieldName::Protocol);
        match (&packet.icmp, &packet.tcp) {
            (Some(icmp), _) => layer(protocol, vec![plain(FieldName::Type, icmp)]),
            (None, Some(tcp)) => {
                let number = |name: FieldName, number: u32, relative: Option<u32>| match relative {
                    Some(relative) => (name, FieldValue::Relative { number, relative }),
                    None => plain(name, &number),
                };
                let mut fields = ports.to_vec();
                fields.push(number(FieldName::SequenceNumber, tcp.seq, tcp.seq_rel));
                fields.push(number(FieldName::AcknowledgmentNumber, tcp.ack, tcp.ack_rel));
                fields.push(plain(FieldName::Flags, &tcp.flags));
                fields.push(plain(FieldName::Window, &tcp.window));
                fields.extend(tcp.options.iter().map(|option| plain(FieldName::Option, option)));
                layer(FieldName::Tcp, fields);
            }
            (None, None) if proto == Proto::Icmp => {}
            (None, None) => layer(protocol, ports.to_vec()),
        }
        if packet.payload.len > 0 {
            let fields = [plain(FieldName::Length, &packet.payload.len), plain(FieldName::Text, &packet.payload.text)];
            layer(FieldName::Payload, fields.to_vec());
        }
        Self { number: packet.number, layers, ..Self::default() }
    }
}

/// One line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailLine<'a> {
    /// Its depth, from 0.
    pub depth: u16,
    /// Its name.
    pub name: FieldName,
    /// Its value; none for a layer.
    pub value: Option<&'a FieldValue>,
    /// Its bytes.
    pub bytes: Range<usize>,
    /// Whether it is unfolded, if it can be.
    pub open: Option<bool>,
    path: Vec<FieldName>,
}

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct DetailPane {
    /// The packet, once the shell has answered.
    pub shown: Option<PacketDetails>,
    /// The line of the tree that is selected.
    pub line: usize,
    /// The first visible line of the hex dump; `None` shows the selected field.
    pub hex_from: Option<usize>,
    /// The fields that are not folded as by default, by their path from the layer down.
    flipped: BTreeSet<Vec<FieldName>>,
}

impl DetailPane {
    /// The visible lines of the tree.
    pub fn branches(&self) -> Vec<DetailLine<'_>> {
        let mut lines = Vec::new();
        let Some(shown) = &self.shown else { return lines };
        // By default the innermost header and its payload are unfolded: the lesson is about them.
        let innermost = shown.layers.iter().rposition(|layer| layer.name != FieldName::Payload).unwrap_or(0);
        for (at, layer) in shown.layers.iter().enumerate() {
            let by_itself = at >= innermost;
            let path = vec![layer.name];
            let open = (!layer.fields.is_empty()).then(|| self.is_open(&path, by_itself));
            let branch = DetailLine {
                depth: 0,
                name: layer.name,
                value: None,
                bytes: layer.bytes.clone(),
                open,
                path: path.clone(),
            };
            lines.push(branch);
            if open == Some(true) {
                layer.fields.iter().for_each(|field| self.grow(field, 1, &path, &mut lines));
            }
        }
        lines
    }

    fn grow<'a>(&self, field: &'a PacketField, depth: u16, under: &[FieldName], lines: &mut Vec<DetailLine<'a>>) {
        let path = [under, &[field.name]].concat();
        let open = (!field.parts.is_empty()).then(|| self.is_open(&path, false));
        let (name, value, bytes) = (field.name, Some(&field.value), field.bytes.clone());
        lines.push(DetailLine { depth, name, value, bytes, open, path: path.clone() });
        if open == Some(true) {
            field.parts.iter().for_each(|part| self.grow(part, depth + 1, &path, lines));
        }
    }

    fn is_open(&self, path: &[FieldName], by_itself: bool) -> bool {
        by_itself != self.flipped.contains(path)
    }

    /// The bytes of the selected line.
    pub fn lit(&self) -> Range<usize> {
        self.branches().get(self.line).map_or(0..0, |branch| branch.bytes.clone())
    }

    /// Folds or unfolds the selected line.
    pub(super) fn fold(&mut self) {
        let branches = self.branches();
        let path = branches.get(self.line).filter(|branch| branch.open.is_some()).map(|branch| branch.path.clone());
        if let Some(path) = path
            && !self.flipped.remove(&path)
        {
            self.flipped.insert(path);
        }
    }

    /// Selects another line of the tree.
    pub(super) fn step(&mut self, steps: isize) {
        let last = self.branches().len().saturating_sub(1);
        self.line = self.line.saturating_add_signed(steps).min(last);
        self.hex_from = None;
    }

    /// Scrolls the hex dump.
    pub(super) fn scroll(&mut self, steps: isize) {
        let lines = self.shown.as_ref().map_or(0, |shown| shown.bytes.len().div_ceil(8));
        self.hex_from = Some(self.hex_from.unwrap_or(0).saturating_add_signed(steps).min(lines.saturating_sub(1)));
    }

    /// Shows a packet. The selected line stays if possible: mostly it is the same field of the next packet.
    pub(super) fn take(&mut self, inspected: PacketDetails) {
        self.shown = Some(inspected);
        self.hex_from = None;
        self.line = self.line.min(self.branches().len().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail() -> DetailPane {
        let flags = PacketField {
            parts: vec![PacketField::new(FieldName::Syn, "1", 47..48)],
            ..PacketField::new(FieldName::Flags, "SYN", 47..48)
        };
        let layers = vec![
            Layer {
                name: FieldName::Ipv4,
                bytes: 14..34,
                fields: vec![PacketField::new(FieldName::TimeToLive, "64", 22..23)],
            },
            Layer {
                name: FieldName::Tcp,
                bytes: 34..54,
                fields: vec![PacketField::new(FieldName::SourcePort, "40000", 34..36), flags],
            },
        ];
        let mut detail = DetailPane::default();
        detail.take(PacketDetails { number: 1, layers, bytes: vec![0; 54].into(), comments: vec![] });
        detail
    }

    fn names(detail: &DetailPane) -> Vec<&'static str> {
        detail.branches().iter().map(|branch| branch.name.name()).collect()
    }

    #[test]
    fn the_innermost_layer_is_unfolded_and_folds_stay_for_the_next_packet() {
        let mut detail = detail();
        assert_eq!(names(&detail), ["IPv4", "TCP", "Source port", "Flags"]);
        detail.fold();
        assert_eq!(names(&detail), ["IPv4", "Time to live", "TCP", "Source port", "Flags"]);
        detail.step(4);
        assert_eq!(detail.lit(), 47..48);
        detail.fold();
        assert_eq!(names(&detail).last(), Some(&"SYN"));
        let again = detail.shown.clone().unwrap();
        detail.take(again);
        assert_eq!((names(&detail).len(), detail.lit()), (6, 47..48));
        detail.step(-4);
        detail.fold();
        assert_eq!(names(&detail), ["IPv4", "TCP", "Source port", "Flags", "SYN"]);
        detail.step(isize::MAX / 2);
        // A line without children cannot be folded.
        detail.fold();
        assert_eq!((detail.line, detail.lit()), (4, 47..48));
    }

    #[test]
    fn a_packet_without_bytes_has_no_lines() {
        let mut detail = detail();
        detail.step(2);
        detail.take(PacketDetails { number: 2, ..PacketDetails::default() });
        detail.fold();
        detail.scroll(5);
        assert_eq!((detail.branches().len(), detail.line, detail.lit()), (0, 0, 0..0));
    }
}
