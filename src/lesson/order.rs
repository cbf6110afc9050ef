//! An order to the real world, and the event that shows that it was carried out.

use super::settings::LessonSettings;
use crate::domain::client::ClientChange;
use crate::domain::wire::LossReason;
use crate::domain::{
    EventKind, Flow, HostId, LabOrder, Note, Observation, ServerChange, ServerId, SocketId, SocketOp, Stamp, Syscall,
    WireCommand, WireEvent,
};

/// One thing to do in the real world.
#[derive(Debug, Clone, PartialEq)]
pub enum LessonOrder {
    /// A command to the wire.
    Wire(WireCommand),
    /// A call on a socket of the lesson, on this host.
    Script(HostId, SocketOp),
    /// An order to the laboratory.
    Lab(LabOrder),
    /// Change these settings.
    Set(LessonSettings),
    /// Run this program on this host.
    Run(HostId, Vec<String>),
    /// Report the `TCP_INFO` of this end of a connection, on this host, whether it has changed or not.
    Inform(HostId, Flow),
}

/// The event that shows that an order was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DoneWhen {
    /// None: giving the order is enough.
    AtOnce,
    /// This packet was dropped, delayed, damaged, changed or moved.
    Handled(u64),
    /// A packet was put onto the wire.
    Injected,
    /// This packet was delivered, or went into the link where there is one; `None` for any packet.
    Delivered(Option<u64>),
    /// The wire reported how it now treats packets.
    Treated,
    /// This call returned on this socket, or any failed.
    Call(SocketId, Syscall),
    /// So many more calls of `setsockopt` returned on this socket, or one failed.
    OptionsSet(SocketId, usize),
    /// This moment has come.
    At(Stamp),
    /// A connection attempt began, or failed.
    Dialed(SocketId),
    /// A server changed.
    Server(ServerId),
    /// This many more clients were made, or no more could be.
    Spawned(u32),
    /// A program was started.
    Program,
    /// This many more settings were changed.
    SettingsChanged(usize),
}

impl DoneWhen {
    /// Whether this event shows it. Counts down where several events are awaited.
    pub(super) fn is_shown_by(&mut self, seen: &Observation) -> bool {
        match (&mut *self, &seen.kind) {
            (Self::Handled(number), EventKind::Wire(event)) => handled(event, *number),
            (Self::Delivered(wanted), EventKind::Wire(WireEvent::Delivered { packet })) => {
                wanted.is_none_or(|wanted| wanted == *packet)
            }
            (Self::Delivered(wanted), EventKind::Wire(event)) => {
                in_link(event).is_some_and(|packet| wanted.is_none_or(|wanted| wanted == packet))
            }
            (Self::Injected, EventKind::Wire(event)) => matches!(event, WireEvent::Injected { .. }),
            (Self::Treated, EventKind::Wire(event)) => matches!(
                event,
                WireEvent::Mode(_)
                    | WireEvent::Cut { .. }
                    | WireEvent::LossSet { .. }
                    | WireEvent::Link(_)
                    | WireEvent::Folding { .. }
            ),
            (Self::Call(socket, wanted), EventKind::Call(call)) => {
                let accepted = call.new_socket == Some(*socket);
                accepted || (call.socket == *socket && (call.call == *wanted || !call.result.is_ok()))
            }
            (Self::OptionsSet(socket, left), EventKind::Call(call))
                if call.socket == *socket && call.call == Syscall::Setsockopt =>
            {
                *left = left.saturating_sub(1);
                *left == 0 || !call.result.is_ok()
            }
            (Self::At(moment), _) => seen.at >= *moment,
            (Self::Dialed(socket), EventKind::Call(call)) => call.socket == *socket && !call.result.is_ok(),
            (Self::Dialed(SocketId::Client(id)), EventKind::Client(client)) => {
                client.client == *id && matches!(client.change, ClientChange::Dialing { .. })
            }
            (Self::Server(id), EventKind::Server(server)) => {
                let settled = matches!(
                    server.change,
                    ServerChange::Started { .. }
                        | ServerChange::Failed { .. }
                        | ServerChange::Stopped
                        | ServerChange::Model { .. }
                );
                server.server == *id && settled
            }
            (Self::Spawned(left), EventKind::Client(client))
                if matches!(client.change, ClientChange::Spawned { .. }) =>
            {
                *left = left.saturating_sub(1);
                *left == 0
            }
            (Self::Spawned(_), EventKind::Note(note)) => matches!(note, Note::BurstCut { .. }),
            (Self::SettingsChanged(left), EventKind::Wire(WireEvent::SettingChanged { errno: None, .. })) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            (Self::Program, EventKind::Wire(event)) => matches!(event, WireEvent::Program { parent: None, .. }),
            _ => false,
        }
    }
}

/// The packet that went into a link, whatever the link did with it.
const fn in_link(event: &WireEvent) -> Option<u64> {
    match event {
        WireEvent::Queued { packet, .. }
        | WireEvent::Crossing { packet, .. }
        | WireEvent::Fragmented { packet, .. }
        | WireEvent::Dropped { packet, why: LossReason::Queue | LossReason::Mtu } => Some(*packet),
        _ => None,
    }
}

/// Whether the wire lost, delayed, damaged or moved this packet on request.
const fn handled(event: &WireEvent, number: u64) -> bool {
    match event {
        WireEvent::Dropped { packet, .. }
        | WireEvent::Delayed { packet, .. }
        | WireEvent::Corrupted { packet }
        | WireEvent::Altered { packet, .. }
        | WireEvent::Swapped { packet, .. } => *packet == number,
        _ => false,
    }
}
