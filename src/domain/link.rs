//! What one direction of the wire is like as a link: how fast, how long, how much room its queue has, what it loses.

use serde::{Deserialize, Serialize};

use super::text_enum::text_enum;

text_enum! {
    /// One condition of a link, in the order in which they are listed.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum LinkCondition {
        /// The rate at which a packet is sent, in kbit/s (1,000 bits per second); 0: at once. What counts is its length
        /// as IP has it.
        Rate = "rate_kbit",
        /// How many packets may wait while another one is being sent, not counting that one. One that comes when so many
        /// wait is dropped. 0: there is no limit. It takes a rate to make packets wait.
        Queue = "queue",
        /// How long a packet takes from its last bit on, in ms.
        Delay = "delay_ms",
        /// By how much that time is shorter or longer at random, at most, in ms. It changes no order.
        Jitter = "jitter_ms",
        /// The percentage of packets that are lost at random.
        Loss = "loss_percent",
        /// Every so many packets one is lost; 0: none.
        LossEvery = "loss_every",
        /// The percentage of packets that do not take the delay, so that they overtake those before.
        Reorder = "reorder_percent",
        /// The largest packet that crosses, in bytes, with its IP header (RFC 1191); 0: any. A larger one is divided into
        /// fragments, or, if its DF bit forbids that, dropped.
        Mtu = "mtu",
        /// 1 if nobody is told of a packet that was dropped as too large: a black hole (RFC 2923). 0: its sender gets an
        /// ICMP message, "fragmentation needed", with the MTU.
        BlackHole = "black_hole",
        /// From this length of the queue on, packets of a transport that understands ECN are marked with CE (RFC 3168 §5);
        /// 0: never.
        EcnAt = "ecn_at",
    }
}

impl LinkCondition {
    /// The least value besides 0, and the most.
    pub(crate) const fn bounds(self) -> (u32, u32) {
        match self {
            Self::Rate => (1, 10_000_000),
            Self::Queue | Self::EcnAt => (1, 1_000),
            Self::Delay | Self::Jitter => (1, 60_000),
            Self::Loss | Self::Reorder => (1, 100),
            Self::LossEvery => (1, 1_000_000),
            // Every link carries 68 bytes (RFC 791 §3.2).
            Self::Mtu => (68, 65_535),
            Self::BlackHole => (1, 1),
        }
    }
}

/// The conditions of one direction. Each is 0 where it is as on a wire that is nothing but a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each is the condition of its name")]
pub struct LinkConditions {
    #[serde(skip_serializing_if = "is_zero")]
    pub rate_kbit: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub queue: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub delay_ms: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub jitter_ms: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub loss_percent: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub loss_every: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub reorder_percent: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub mtu: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub black_hole: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub ecn_at: u32,
}

impl LinkConditions {
    const fn place(&mut self, of: LinkCondition) -> &mut u32 {
        match of {
            LinkCondition::Rate => &mut self.rate_kbit,
            LinkCondition::Queue => &mut self.queue,
            LinkCondition::Delay => &mut self.delay_ms,
            LinkCondition::Jitter => &mut self.jitter_ms,
            LinkCondition::Loss => &mut self.loss_percent,
            LinkCondition::LossEvery => &mut self.loss_every,
            LinkCondition::Reorder => &mut self.reorder_percent,
            LinkCondition::Mtu => &mut self.mtu,
            LinkCondition::BlackHole => &mut self.black_hole,
            LinkCondition::EcnAt => &mut self.ecn_at,
        }
    }

    /// The value of one of them.
    pub const fn get(mut self, of: LinkCondition) -> u32 {
        *self.place(of)
    }

    /// Changes one of them, within what is possible.
    pub fn set(&mut self, of: LinkCondition, value: u32) {
        let (least, most) = of.bounds();
        *self.place(of) = if value == 0 { 0 } else { value.clamp(least, most) };
    }

    /// Whether it is nothing but a wire.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// New values for some of the conditions; the others stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkChange([Option<u32>; LinkCondition::ALL.len()]);

impl LinkChange {
    /// A change of this condition alone.
    pub fn of(condition: LinkCondition, value: u32) -> Self {
        Self::default().and(condition, Some(value))
    }

    /// A change of all of them: back to a wire that is nothing but a wire.
    pub const fn mend() -> Self {
        Self([Some(0); LinkCondition::ALL.len()])
    }

    /// With this condition changed too, if there is a value.
    #[must_use]
    pub const fn and(mut self, condition: LinkCondition, value: Option<u32>) -> Self {
        self.0[condition as usize] = value;
        self
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The new values.
    pub fn each(&self) -> impl Iterator<Item = (LinkCondition, u32)> {
        LinkCondition::ALL.iter().zip(self.0).filter_map(|(condition, value)| Some((*condition, value?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_is_set_by_itself_and_within_its_bounds() {
        for &condition in LinkCondition::ALL {
            let mut link = LinkConditions::default();
            link.set(condition, u32::MAX);
            let (least, most) = condition.bounds();
            assert_eq!((link.get(condition), link.is_plain()), (most, false), "{condition}");
            let others = LinkCondition::ALL.iter().filter(|other| **other != condition);
            assert!(others.copied().all(|other| link.get(other) == 0), "{condition}");
            // Its name is that of the field.
            assert_eq!(serde_json::to_string(&link).unwrap(), format!("{{\"{condition}\":{most}}}"));
            link.set(condition, 1);
            assert_eq!(link.get(condition), least, "{condition}");
            LinkChange::mend().each().for_each(|(of, value)| link.set(of, value));
            assert!(link.is_plain());
        }
    }
}
