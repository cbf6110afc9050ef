//! The texts of the wire's links: their conditions, their queues, and what they do to packets.

use crate::domain::{HostId, LinkCondition};

/// The links of the wire.
#[derive(Debug)]
pub struct LinkText {
    /// The heading of the conditions in the list of settings.
    pub heading: &'static str,
    /// The direction from this host.
    pub from: fn(HostId) -> &'static str,
    /// A condition by its name.
    pub condition: fn(LinkCondition) -> &'static str,
    /// The value of a condition, in the list.
    pub value: fn(LinkCondition, u32) -> String,
    /// A condition that is set, as short as possible.
    pub brief: fn(LinkCondition, u32) -> String,
    /// How to type a number in the list.
    pub note: &'static str,
    /// This key has a packet go into the link, after which it does something.
    pub enters: fn(&str) -> String,
    /// The word before a queue that is drawn.
    pub queue: &'static str,
    /// So many packets wait, of at most so many; 0 is without a limit.
    pub waiting: fn(u32, u32) -> String,
    /// The status of a packet that waits.
    pub queued: &'static str,
    /// The status of a packet that was divided.
    pub divided: fn(usize) -> String,
    /// A packet that was marked.
    pub marked: &'static str,
    /// So many packets that are not listed were lost in the link.
    pub lost_unlisted: fn(&str) -> String,
    /// The same for packets that were marked with CE.
    pub marked_unlisted: fn(&str) -> String,
    /// A packet that overtook another one.
    pub overtook: &'static str,
    /// A message of the wire itself about this packet.
    pub from_wire: fn(u64) -> String,
    /// The link marked a packet, as a sentence.
    pub was_marked: fn(&str) -> String,
    /// The link divided a packet into so many, as a sentence.
    pub was_divided: fn(&str, usize) -> String,
    /// The wire answered a packet that was too large, as a sentence.
    pub was_told: fn(&str, &str) -> String,
}
