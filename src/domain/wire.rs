//! The wire between the two private hosts: the presenter's commands, and what happens on it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::forged::{ForgedPacket, PacketChange};
use super::id::HostId;
use super::kernel_verdict::KernelVerdict;
use super::link::{LinkChange, LinkConditions};
use super::need::Lack;
use super::packet::PacketSummary;
use super::per_host::PerHost;
use super::setting::Setting;
use super::text_enum::text_enum;

/// A command to the wire. A direction is given by the host that sends; `None` is both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireCommand {
    /// Deliver the packet that has been held longest in either direction.
    Next,
    /// Deliver this packet.
    Deliver(u64),
    /// Lose this packet.
    Drop(u64),
    /// Deliver this packet and hold a copy of it, as a new packet.
    Duplicate(u64),
    /// Swap this packet with the one behind it.
    Swap(u64),
    /// Deliver this packet after this time; others overtake it.
    Delay(u64, Duration),
    /// Flip one bit after the IP header of this packet, so that its checksum is wrong.
    Corrupt(u64),
    /// Put a packet that no kernel made onto the wire, as if the host in whose name it is had sent it.
    Inject(Arc<ForgedPacket>),
    /// Change fields of this packet.
    Change(u64, Arc<PacketChange>),
    /// Set how packets are treated from now on.
    Mode(Option<HostId>, WireMode),
    /// Cut the wire, or mend it.
    Cut(Option<HostId>, bool),
    /// Lose this percentage of packets at random.
    Loss(Option<HostId>, u8),
    /// Change conditions of the link of each direction: its rate, its queue and so on.
    Link(PerHost<LinkChange>),
    /// Whether a retransmission of a held segment is folded into it.
    Fold(bool),
}

/// How one direction of the wire treats a packet that arrives on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum WireMode {
    /// It is held until the presenter decides.
    #[default]
    Step,
    /// It takes some time to cross.
    Slow {
        #[serde(with = "millis", rename = "hop_ms")]
        hop: Duration,
    },
    /// It crosses at once.
    Live,
}

text_enum! {
    /// Why a packet was lost.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum LossReason {
        /// The presenter dropped it.
        Asked = "asked",
        /// At random, at the percentage that was set.
        Chance = "chance",
        /// The wire is cut.
        Cut = "cut",
        /// Too many packets were waiting already.
        Overflow = "overflow",
        /// The queue of the link was full: it came at its tail.
        Queue = "queue",
        /// It is larger than the link's MTU, and its DF bit forbids to divide it.
        Mtu = "mtu",
        /// It was one of every so many that the link loses.
        Every = "every",
        /// The link at the other end did not accept it.
        Link = "link",
    }
}

/// The address of the wire itself, from which it sends what a router would send.
pub const WIRE_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 254);

/// Something that happened on the wire. The event's `host` is the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum WireEvent {
    /// The wire lab cannot be opened.
    Lacks(Lack),
    /// The two hosts are ready.
    Opened { link: LinkKind },
    /// A packet is held until the presenter decides.
    Held { packet: u64 },
    /// A packet is on its way and arrives after this time.
    Delayed {
        packet: u64,
        #[serde(with = "millis", rename = "for_ms")]
        by: Duration,
    },
    /// A packet was handed to the other host.
    Delivered { packet: u64 },
    /// What the kernel of the host that received a packet did with it. Not at full speed.
    Verdict(KernelVerdict),
    /// A packet never arrives.
    Dropped { packet: u64, why: LossReason },
    /// There is a copy of a packet now, with a number of its own.
    Duplicated { packet: u64, copy: u64 },
    /// A packet was damaged; its checksum is wrong now.
    Corrupted { packet: u64 },
    /// A packet that no kernel made was put onto the wire, in the name of the event's host.
    Injected { packet: u64 },
    /// Fields of a packet were changed on its way: it reads like this now.
    Altered { packet: u64, now: Box<PacketSummary> },
    /// Two packets were swapped: `packet` was in front of `with`, and is now behind it.
    Swapped { packet: u64, with: u64 },
    /// The sender retransmitted this held packet.
    Folded {
        packet: u64,
        /// How often it was retransmitted so far.
        count: u32,
        /// The time since the copy before this one: the retransmission timeout as observed.
        #[serde(with = "millis", rename = "after_ms")]
        after: Duration,
    },
    /// A direction is treated differently now.
    Mode(WireMode),
    /// A direction was cut, or mended.
    Cut { cut: bool },
    /// The loss of a direction was set.
    LossSet { percent: u8 },
    /// Conditions of a direction's link were changed: all that hold now.
    Link(LinkConditions),
    /// A packet waits in the queue of the link, as the last of so many.
    Queued { packet: u64, waiting: u32 },
    /// The link sends a packet, which arrives after this time; so many wait behind it.
    Crossing {
        packet: u64,
        waiting: u32,
        #[serde(with = "millis", rename = "for_ms")]
        by: Duration,
        /// Whether it overtakes another one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        overtakes: bool,
    },
    /// The link marked a packet with CE, congestion experienced (RFC 3168 §5).
    Marked { packet: u64 },
    /// The link divided a packet that was too large into these.
    Fragmented { packet: u64, into: Vec<u64> },
    /// The wire itself answers a packet that was too large: `answer` is its ICMP message.
    Answered { packet: u64, answer: u64 },
    /// The length of a link's queue after changes by packets that are not listed, and what became of such packets since
    /// the last event of this kind.
    QueueLength {
        waiting: u32,
        /// How many came when the queue was full.
        #[serde(default, skip_serializing_if = "is_zero")]
        full: u64,
        /// How many were too large.
        #[serde(default, skip_serializing_if = "is_zero")]
        too_large: u64,
        /// How many were marked.
        #[serde(default, skip_serializing_if = "is_zero")]
        marked: u64,
    },
    /// Whether retransmissions are folded from now on.
    Folding { on: bool },
    /// Packets crossed at full speed without an event for each, since the last event of this kind.
    Unlisted { count: u64 },
    /// A command failed: there is no such packet on the wire any more.
    NoSuchPacket { packet: u64 },
    /// A setting of the host was changed, or could not be.
    SettingChanged {
        setting: Setting,
        /// Why it could not be changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<Errno>,
    },
    /// The kernel of a host was found to have this setting when the wire was opened.
    SettingRead { setting: Setting },
    /// A program could not be started on a host.
    ProgramFailed {
        /// Its name, made safe to show.
        name: String,
        errno: Errno,
    },
    /// A program on a host wrote a line.
    ProgramSaid {
        pid: u32,
        /// The beginning of the line, made safe to show.
        line: String,
        /// Whether it went to standard error.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        error: bool,
        /// How many lines before this one were skipped because they came too fast.
        #[serde(default, skip_serializing_if = "is_zero")]
        skipped: u64,
    },
    /// A host has sent packets to itself, over its loopback interface: they do not cross the wire.
    Looped {
        /// How many.
        packets: u64,
    },
    /// A program was started on a host.
    Program {
        pid: u32,
        /// Its name, made safe to show.
        name: String,
        /// The process that started it, if that runs on a host too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<u32>,
    },
    /// A program on a host ended.
    ProgramEnded {
        pid: u32,
        /// Its exit status, if it exited by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<i32>,
        /// The signal that ended it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// The process that had started it, if that was on a host too. How it ended is not known then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<u32>,
    },
    /// The wire was taken down, and the hosts with it.
    Closed {
        why: CloseReason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<Errno>,
    },
}

text_enum! {
    /// How the hosts are joined to the wire.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum LinkKind {
        /// A TUN device on each host (`Documentation/networking/tuntap`).
        Tun = "tun",
        /// A pair of virtual Ethernet devices for each host and a packet socket at its far end (`veth(4)`,
        /// `packet(7)`).
        Veth = "veth",
    }
}

text_enum! {
    /// Why the wire was taken down.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum CloseReason {
        /// On request.
        Asked = "asked",
        /// The helper process that holds the hosts ended.
        HelperEnded = "helper_ended",
        /// A link failed.
        LinkFailed = "link_failed",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A duration as milliseconds with microsecond resolution.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64((span.as_secs_f64() * 1e6).round() / 1e3)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let millis = f64::deserialize(from)?;
        Duration::try_from_secs_f64(millis / 1e3).map_err(serde::de::Error::custom)
    }
}
