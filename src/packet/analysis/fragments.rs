//! The ports of later fragments: those of the first fragment of the same datagram.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::domain::Proto;
use crate::packet::decode::Decoded;
use crate::packet::network::Fragment;

/// The fields that the fragments of one datagram share: protocol, addresses and identification.
type DatagramId = (Proto, IpAddr, Option<IpAddr>, u32);

/// The ports of the latest first fragments. Fragments are rare and come close together, so a short list is enough.
#[derive(Debug, Default)]
pub(super) struct Fragments(VecDeque<(DatagramId, (u16, u16))>);

impl Fragments {
    const KEPT: usize = 64;

    /// Remembers the ports of a first fragment, or fills in those of a later one. If the first is unknown they stay 0.
    pub(super) fn name(&mut self, decoded: &mut Decoded) {
        let Some(Fragment { offset, .. }) = decoded.fragment else { return };
        let flow = &mut decoded.summary.flow;
        let datagram = (flow.proto, flow.local.ip(), flow.peer.map(|peer| peer.ip()), decoded.ip_id);
        let known = self.0.iter().find(|(known, _)| *known == datagram).map(|(_, ports)| *ports);
        if offset == 0 {
            if known.is_none() {
                if self.0.len() == Self::KEPT {
                    self.0.pop_front();
                }
                self.0.push_back((datagram, (flow.local.port(), flow.peer.map_or(0, |peer| peer.port()))));
            }
        } else if let Some((source, destination)) = known {
            flow.local.set_port(source);
            if let Some(peer) = &mut flow.peer {
                peer.set_port(destination);
            }
        }
    }
}
