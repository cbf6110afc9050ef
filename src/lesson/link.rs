//! The conditions of the wire's links that a lesson sets.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::domain::{LinkChange, LinkCondition, PerHost};

/// Conditions of the wire's links. Those of one direction override those of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LessonLink {
    /// Of both directions.
    pub both: LinkSettings,
    /// Of packets from the client host.
    pub client: LinkSettings,
    /// Of packets from the server host.
    pub server: LinkSettings,
}

/// Conditions of one direction's link. A packet that the presenter delivers goes into the link: it waits in the queue,
/// is sent at the rate, and arrives after the delay. A condition left out is unchanged, and 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkSettings {
    /// The rate at which packets are sent, in kbit/s (1,000 bits per second of the packet as IP has it).
    #[serde(deserialize_with = "within::<_, { LinkCondition::Rate as usize }>")]
    pub rate_kbit: Option<u32>,
    /// How many packets may wait while another one is being sent. What comes when so many wait is dropped; without this,
    /// there is no limit.
    #[serde(deserialize_with = "within::<_, { LinkCondition::Queue as usize }>")]
    pub queue: Option<u32>,
    /// How long a packet takes from its last bit on, in milliseconds.
    #[serde(deserialize_with = "within::<_, { LinkCondition::Delay as usize }>")]
    pub delay_ms: Option<u32>,
    /// By how much that time is shorter or longer at random, at most, in milliseconds. It changes no order.
    #[serde(deserialize_with = "within::<_, { LinkCondition::Jitter as usize }>")]
    pub jitter_ms: Option<u32>,
    /// The percentage of packets that are lost at random.
    #[serde(deserialize_with = "within::<_, { LinkCondition::Loss as usize }>")]
    pub loss_percent: Option<u32>,
    /// Every so many packets one is lost.
    #[serde(deserialize_with = "within::<_, { LinkCondition::LossEvery as usize }>")]
    pub loss_every: Option<u32>,
    /// The percentage of packets that do not take the delay, so that they overtake others.
    #[serde(deserialize_with = "within::<_, { LinkCondition::Reorder as usize }>")]
    pub reorder_percent: Option<u32>,
    /// The largest packet that crosses, in bytes, with its IP header; at least 68. A larger one is divided into fragments,
    /// or, if its DF bit forbids that, dropped, and its sender gets an ICMP message.
    #[serde(deserialize_with = "within::<_, { LinkCondition::Mtu as usize }>")]
    pub mtu: Option<u32>,
    /// Whether there is no such message: a black hole (RFC 2923).
    pub black_hole: Option<bool>,
    /// From this length of the queue on, packets that understand ECN are marked with CE (RFC 3168).
    #[serde(deserialize_with = "within::<_, { LinkCondition::EcnAt as usize }>")]
    pub ecn_at: Option<u32>,
}

/// Reads the value of the condition that has this place among all: 0, or one within its bounds.
fn within<'de, D: Deserializer<'de>, const CONDITION: usize>(from: D) -> Result<Option<u32>, D::Error> {
    let value = u32::deserialize(from)?;
    let (least, most) = LinkCondition::ALL[CONDITION].bounds();
    if value == 0 || (least..=most).contains(&value) {
        return Ok(Some(value));
    }
    Err(D::Error::custom(format!("{value} is not 0 and not from {least} to {most}")))
}

impl LessonLink {
    /// The change of each direction.
    pub fn changes(&self) -> PerHost<LinkChange> {
        PerHost::new(&self.client, &self.server).map(|own| change(own, change(&self.both, LinkChange::default())))
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.changes().iter().all(|(_, change)| change.is_empty())
    }
}

/// What these settings change, besides what is changed already.
fn change(settings: &LinkSettings, before: LinkChange) -> LinkChange {
    let LinkSettings {
        rate_kbit,
        queue,
        delay_ms,
        jitter_ms,
        loss_percent,
        loss_every,
        reorder_percent,
        mtu,
        black_hole,
        ecn_at,
    } = *settings;
    let given = [
        (LinkCondition::Rate, rate_kbit),
        (LinkCondition::Queue, queue),
        (LinkCondition::Delay, delay_ms),
        (LinkCondition::Jitter, jitter_ms),
        (LinkCondition::Loss, loss_percent),
        (LinkCondition::LossEvery, loss_every),
        (LinkCondition::Reorder, reorder_percent),
        (LinkCondition::Mtu, mtu),
        (LinkCondition::BlackHole, black_hole.map(u32::from)),
        (LinkCondition::EcnAt, ecn_at),
    ];
    let given = given.into_iter().filter(|(_, value)| value.is_some());
    given.fold(before, |change, (condition, value)| change.and(condition, value))
}
