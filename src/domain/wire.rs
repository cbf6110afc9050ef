//! The wire between the two private hosts: what the presenter asks of it, and what happens on it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::id::HostId;
use super::need::{Need, Remedy};
use super::setting::Setting;
use super::text_enum::text_enum;

/// What the presenter asks of the wire. Where a direction is given it is named by the host that sends; none is both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireCommand {
    /// Deliver the packet that has been held longest, of both directions.
    Next,
    /// Deliver this packet.
    Deliver(u64),
    /// Keep this packet on the wire until something else is said.
    Hold(u64),
    /// Lose this packet.
    Drop(u64),
    /// Deliver this packet and keep a copy of it, as a packet of its own.
    Duplicate(u64),
    /// Let this packet change places with the one behind it.
    Swap(u64),
    /// Deliver this packet after this time; others overtake it.
    Delay(u64, Duration),
    /// Turn over one bit behind the IP header of this packet, so that its checksum is wrong.
    Corrupt(u64),
    /// Treat packets like this from now on.
    Mode(Option<HostId>, WireMode),
    /// Cut the wire, or mend it.
    Cut(Option<HostId>, bool),
    /// Lose this many packets in a hundred, by chance.
    Loss(Option<HostId>, u8),
    /// Whether a segment that is sent again while its first copy is held is folded into it.
    Fold(bool),
}

/// How one direction of the wire treats a packet that arrives on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum WireMode {
    /// It is held until the presenter decides.
    #[default]
    Step,
    /// It takes this long to cross.
    Slow {
        /// The time it takes.
        #[serde(with = "millis", rename = "hop_ms")]
        hop: Duration,
    },
    /// It crosses at once.
    Live,
}

/// Why a packet was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LossReason {
    /// The presenter said so.
    Asked,
    /// By chance, at the percentage that was set.
    Chance,
    /// The wire is cut.
    Cut,
    /// Too many packets were waiting already.
    Overflow,
    /// The other end could not take it.
    Link,
}

text_enum!(LossReason { Asked = "asked", Chance = "chance", Cut = "cut", Overflow = "overflow", Link = "link" });

/// Something that happened on the wire. The event's `host` is the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum WireEvent {
    /// The wire lab cannot be opened.
    Lacks {
        /// What is missing.
        need: Need,
        /// What the system said.
        errno: Errno,
        /// What would help.
        remedy: Remedy,
    },
    /// The two hosts are there.
    Opened {
        /// How the hosts are joined to the wire.
        link: LinkKind,
    },
    /// A packet waits for the presenter.
    Held {
        /// Which.
        packet: u64,
    },
    /// A packet is on its way and arrives after this time.
    Delayed {
        /// Which.
        packet: u64,
        /// How long.
        #[serde(with = "millis", rename = "for_ms")]
        by: Duration,
    },
    /// A packet was handed to the other host.
    Delivered {
        /// Which.
        packet: u64,
    },
    /// A packet never arrives.
    Dropped {
        /// Which.
        packet: u64,
        /// Why.
        why: LossReason,
    },
    /// There is a copy of a packet now.
    Duplicated {
        /// Which was copied.
        packet: u64,
        /// The number of the copy.
        copy: u64,
    },
    /// A packet was damaged; its checksum says so.
    Corrupted {
        /// Which.
        packet: u64,
    },
    /// Two packets changed places: the second is now in front.
    Swapped {
        /// Which was in front.
        packet: u64,
        /// Which was behind.
        with: u64,
    },
    /// The sender sent a held packet again.
    Folded {
        /// The packet that is held.
        packet: u64,
        /// How often it was sent again so far.
        count: u32,
        /// How long after the copy before this one: the retransmission timeout as it was lived through.
        #[serde(with = "millis", rename = "after_ms")]
        after: Duration,
    },
    /// A direction is treated differently now.
    Mode(WireMode),
    /// A direction was cut, or mended.
    Cut {
        /// Cut.
        cut: bool,
    },
    /// A direction loses this many packets in a hundred.
    LossSet {
        /// The percentage.
        percent: u8,
    },
    /// Whether retransmissions are folded.
    Folding {
        /// They are.
        on: bool,
    },
    /// This many packets crossed at full speed without an event of their own, since the last time this was said.
    Unlisted {
        /// How many.
        count: u64,
    },
    /// What was asked for could not be done: there is no such packet on the wire any more.
    NoSuchPacket {
        /// The number asked for.
        packet: u64,
    },
    /// A setting of the host was changed, or could not be.
    SettingChanged {
        /// To this value.
        setting: Setting,
        /// Why not, when it could not be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<Errno>,
    },
    /// A program could not be started on a host.
    ProgramFailed {
        /// What it is called, made safe to show.
        name: String,
        /// Why.
        errno: Errno,
    },
    /// A program on a host wrote a line.
    ProgramSaid {
        /// Its process.
        pid: u32,
        /// The beginning of the line, made safe to show.
        line: String,
        /// It went to standard error.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        error: bool,
        /// How many lines before this one are not shown, because they came too fast.
        #[serde(default, skip_serializing_if = "is_zero")]
        skipped: u64,
    },
    /// A program was started on a host.
    Program {
        /// Its process.
        pid: u32,
        /// What it is called, made safe to show.
        name: String,
    },
    /// A program on a host ended.
    ProgramEnded {
        /// Its process.
        pid: u32,
        /// Its exit status, when it exited by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<i32>,
        /// The signal that ended it, when one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
    },
    /// The wire is no more, and the hosts with it.
    Closed {
        /// Why.
        why: CloseReason,
        /// What the system said, when it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<Errno>,
    },
}

/// How the hosts are joined to the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// A TUN device on each host (`Documentation/networking/tuntap`).
    Tun,
    /// A pair of virtual Ethernet devices for each host and a packet socket at its far end (`veth(4)`, `packet(7)`).
    Veth,
}

text_enum!(LinkKind { Tun = "tun", Veth = "veth" });

/// Why the wire is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// It was asked to.
    Asked,
    /// The process that keeps the hosts ended.
    HelperEnded,
    /// A link failed.
    LinkFailed,
}

text_enum!(CloseReason { Asked = "asked", HelperEnded = "helper_ended", LinkFailed = "link_failed" });

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
