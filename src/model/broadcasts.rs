//! Broadcasts and their replies.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::bounded;
use crate::domain::broadcast::BroadcastChange;
use crate::domain::{BroadcastEvent, Excerpt, Reply, ServerId};

/// One message on its way to one server.
#[derive(Debug, Clone)]
pub struct BroadcastDelivery {
    /// The server.
    pub server: ServerId,
    /// The broadcaster's address towards it, once the message left.
    pub local: Option<SocketAddr>,
    /// The reply, once there is one.
    pub reply: Option<Reply>,
}

/// One message.
#[derive(Debug, Clone)]
pub struct BroadcastEntry {
    /// Its number, from 1.
    pub no: u32,
    /// Its text.
    pub text: Excerpt,
    /// One for each server.
    pub deliveries: Vec<BroadcastDelivery>,
}

/// The latest messages, the earliest first.
#[derive(Debug, Clone, Default)]
pub struct Broadcasts(VecDeque<BroadcastEntry>);

impl Broadcasts {
    const KEPT: usize = 100;

    /// The messages that are remembered, the earliest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &BroadcastEntry> + ExactSizeIterator {
        self.0.iter()
    }

    pub(super) fn apply(&mut self, event: &BroadcastEvent) {
        if let BroadcastChange::Said { text, to } = &event.change {
            let deliveries = to.iter().map(|&server| BroadcastDelivery { server, local: None, reply: None }).collect();
            let entry = BroadcastEntry { no: event.message, text: text.clone(), deliveries };
            bounded::push(&mut self.0, entry, Self::KEPT);
            return;
        }
        let Some(message) = self.0.iter_mut().rev().find(|message| message.no == event.message) else { return };
        let mut with = |server: ServerId, change: &dyn Fn(&mut BroadcastDelivery)| {
            message.deliveries.iter_mut().filter(|delivery| delivery.server == server).for_each(change);
        };
        match &event.change {
            BroadcastChange::Said { .. } => {}
            BroadcastChange::Sent { server, local } => with(*server, &|delivery| delivery.local = Some(*local)),
            BroadcastChange::Reply { server, reply } => {
                with(*server, &|delivery| delivery.reply = Some(reply.clone()));
            }
        }
    }
}
