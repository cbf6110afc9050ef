//! The fields of a filter: the names that may stand before a value.

use crate::domain::text_enum::text_enum;

text_enum! {
    /// A field of a filter expression. `sport` and `src` are the socket's own side, as in `ss(8)`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum FilterField {
        /// The port on either side.
        Port = "port",
        /// The local port; a packet's source port.
        Sport = "sport",
        /// The foreign port; a packet's destination port.
        Dport = "dport",
        /// The address on either side.
        Host = "host",
        /// The local address; a packet's source.
        Src = "src",
        /// The foreign address; a packet's destination.
        Dst = "dst",
        /// The TCP state.
        State = "state",
        /// The transport protocol.
        Proto = "proto",
        /// The process that holds the socket.
        Pid = "pid",
        /// The user that made the socket.
        Uid = "uid",
        /// For LISTEN, connections waiting for `accept`; otherwise bytes received and not read.
        RecvQ = "recvq",
        /// For LISTEN, how many may wait; otherwise bytes sent and not acknowledged.
        SendQ = "sendq",
        /// The TCP flags of a packet.
        Flags = "flags",
        /// The length of a packet's payload in bytes.
        Len = "len",
        /// The sequence number of a packet: relative to the SYN if that was seen, otherwise the raw one.
        Seq = "seq",
        /// The interface on which a packet was seen.
        Iface = "iface",
    }
}

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    Number,
    Address,
    State,
    Proto,
    Flags,
    Name,
}

impl FilterField {
    /// The largest value of this field; `None` if its values are not numbers.
    pub const fn largest(self) -> Option<u32> {
        match self {
            Self::Port | Self::Sport | Self::Dport => Some(u16::MAX as u32),
            Self::Pid | Self::Uid | Self::RecvQ | Self::SendQ | Self::Len | Self::Seq => Some(u32::MAX),
            Self::Host | Self::Src | Self::Dst | Self::State | Self::Proto | Self::Flags | Self::Iface => None,
        }
    }

    pub(super) const fn kind(self) -> FieldKind {
        match self {
            Self::Host | Self::Src | Self::Dst => FieldKind::Address,
            Self::State => FieldKind::State,
            Self::Proto => FieldKind::Proto,
            Self::Flags => FieldKind::Flags,
            Self::Iface => FieldKind::Name,
            Self::Port
            | Self::Sport
            | Self::Dport
            | Self::Pid
            | Self::Uid
            | Self::RecvQ
            | Self::SendQ
            | Self::Len
            | Self::Seq => FieldKind::Number,
        }
    }

    pub(super) const fn is_port(self) -> bool {
        matches!(self, Self::Port | Self::Sport | Self::Dport)
    }

    /// The field that `word` names, in any case; the queues also as in the columns of `netstat` and in JSON.
    pub(super) fn named(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            "recv-q" | "recv_q" => Some(Self::RecvQ),
            "send-q" | "send_q" => Some(Self::SendQ),
            name => name.parse().ok(),
        }
    }
}
