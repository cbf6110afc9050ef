//! The form for a packet of one's own: its rows, what each takes, and what it can be filled in from.

use super::forged::ForgedPacket;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForgeRow {
    /// What the form is filled in from.
    Preset,
    /// The host in whose name it is sent.
    From,
    /// Its protocol.
    Protocol,
    /// The port that it comes from.
    Source,
    /// The port that it goes to.
    Destination,
    /// The code of an ICMP message.
    Code,
    /// The protocol of what an ICMP message quotes.
    About,
    /// The sequence number.
    Seq,
    /// The acknowledgment number.
    Ack,
    /// The control bits.
    Flags,
    /// The window.
    Window,
    /// The option MSS.
    Mss,
    /// The option window scale.
    Scale,
    /// The option SACK permitted.
    SackOk,
    /// The sender's clock in the option timestamps.
    Clock,
    /// The echo in that option.
    Echo,
    /// What it carries.
    Payload,
    /// Its TTL.
    Ttl,
    /// Its bits about congestion.
    Ecn,
    /// Whether its checksum is right.
    Checksum,
}

impl ForgeRow {
    /// Whether it is about an option of TCP.
    pub const fn is_option(self) -> bool {
        matches!(self, Self::Mss | Self::Scale | Self::SackOk | Self::Clock | Self::Echo)
    }

    /// What can be typed into it.
    pub const fn input(self) -> FieldInput {
        match self {
            Self::Preset | Self::From | Self::Protocol | Self::About | Self::SackOk | Self::Ecn | Self::Checksum => {
                FieldInput::Choice
            }
            Self::Seq | Self::Ack => FieldInput::Sequence,
            Self::Flags => FieldInput::Letters,
            Self::Payload => FieldInput::Text,
            Self::Source
            | Self::Destination
            | Self::Code
            | Self::Window
            | Self::Mss
            | Self::Scale
            | Self::Clock
            | Self::Echo
            | Self::Ttl => FieldInput::Number,
        }
    }

    /// The largest number that it takes.
    pub const fn most(self) -> u32 {
        match self {
            Self::Seq | Self::Ack | Self::Clock | Self::Echo => u32::MAX,
            Self::Scale => ForgedPacket::LARGEST_SCALE as u32,
            Self::Code => 15,
            Self::Ttl => u8::MAX as u32,
            _ => u16::MAX as u32,
        }
    }
}

/// What can be typed into a row of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldInput {
    /// Nothing: it is one of a few values.
    Choice,
    /// A number.
    Number,
    /// A sequence number.
    Sequence,
    /// The letters of TCP's flags.
    Letters,
    /// Anything.
    Text,
}

/// One way to fill in the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForgePreset {
    /// A RST with the next number.
    Reset,
    /// A RST in the window, with another number (RFC 5961 §3).
    ResetInWindow,
    /// A RST outside of the window.
    ResetOutside,
    /// A SYN on the open connection (RFC 5961 §4).
    SynOnOpen,
    /// A FIN that nobody has caused.
    Fin,
    /// Data that was delivered before.
    OldDuplicate,
    /// An ACK with the number before the next one (RFC 9293 §3.8.4).
    Keepalive,
    /// An ACK of what was never sent (RFC 9293 §3.10.7.4).
    AckUnsent,
    /// Data with the next number.
    Data,
    /// A SYN from a port that no socket has.
    NewSyn,
    /// A datagram.
    Datagram,
    /// ICMP: port unreachable.
    Unreachable,
}

impl ForgePreset {
    /// Each of them, in the order of the keys.
    pub const ALL: [Self; 12] = [
        Self::Reset,
        Self::ResetInWindow,
        Self::ResetOutside,
        Self::SynOnOpen,
        Self::Fin,
        Self::OldDuplicate,
        Self::Keepalive,
        Self::AckUnsent,
        Self::Data,
        Self::NewSyn,
        Self::Datagram,
        Self::Unreachable,
    ];

    /// Whether it is about a connection of TCP that exists.
    pub const fn is_of_connection(self) -> bool {
        !matches!(self, Self::NewSyn | Self::Datagram)
    }
}
