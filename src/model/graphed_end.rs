//! The end of a connection that the wire's graph is about, and what the graph is measured by.

use super::Model;
use super::presenter::{self, WirePart};
use super::series::GraphAxis;
use super::wire::EndTrace;
use crate::domain::{HostId, Proto, WireMode};

impl Model {
    /// The end that the wire's graph is about, by its host: the one whose part of the view has the focus, otherwise the
    /// one that has sent more.
    pub fn graph_host(&self) -> HostId {
        match self.ui.wire.part {
            WirePart::Client => return HostId::Client,
            WirePart::Server => return HostId::Server,
            WirePart::Packets | WirePart::Programs => {}
        }
        let sent = |host| self.end_trace(host).map_or(0, |end| end.sequence.counts.bytes);
        if sent(HostId::Server) > sent(HostId::Client) { HostId::Server } else { HostId::Client }
    }

    /// What is known of this host's end of the conversation that the wire's view is about.
    pub fn end_trace(&self, host: HostId) -> Option<&EndTrace> {
        let client = presenter::conversation(self).filter(|flow| flow.proto == Proto::Tcp)?;
        let flow = if host == HostId::Client { client } else { client.mirror()? };
        self.worlds.shown().wire.ends.of(host, &flow)
    }

    /// What the wire's graphs are measured by. As long as packets are held, time is the presenter's: each packet takes as
    /// much room as any other.
    pub fn graph_axis(&self) -> GraphAxis {
        let wire = &self.worlds.shown().wire;
        let held = [HostId::Client, HostId::Server].into_iter().any(|host| wire.direction(host).mode == WireMode::Step);
        if held { GraphAxis::Steps } else { GraphAxis::Time }
    }
}
