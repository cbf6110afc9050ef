//! A packet dissected into layers and fields, each with the bytes that it occupies.

use std::ops::Range;

use super::field_name::FieldName;

/// One layer of a packet: Ethernet, IPv4, TCP, …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name.
    pub name: FieldName,
    /// Where its header is in the frame.
    pub bytes: Range<usize>,
    /// Its fields, in the order of the header.
    pub fields: Vec<PacketField>,
}

/// One field of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketField {
    /// Its name.
    pub name: FieldName,
    /// Its value.
    pub value: FieldValue,
    /// Its bytes in the frame, for highlighting. A field of a few bits has the byte or bytes that contain them.
    pub bytes: Range<usize>,
    /// Its subfields: the bits of the flags, the parts of an option.
    pub parts: Vec<PacketField>,
}

impl PacketField {
    /// A field without parts.
    pub fn new(name: FieldName, value: impl Into<FieldValue>, bytes: Range<usize>) -> Self {
        Self { name, value: value.into(), bytes, parts: Vec::new() }
    }
}

/// The value of a field, safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// Digits, addresses, text from the packet, names from a registry: the same in every language.
    Plain(String),
    /// A length.
    Bytes(usize),
    /// A sequence number, and the same counted from the beginning of the connection.
    Relative {
        /// The number in the header.
        number: u32,
        /// The other.
        relative: u32,
    },
    /// What became of a checksum.
    Checksum(ChecksumStatus),
    /// The direction that Linux notes beside a captured packet (`sll_pkttype`, `packet(7)`).
    PacketType(u16),
    /// A TCP option whose length is impossible.
    BrokenOption {
        /// Its kind.
        kind: u8,
    },
    /// A TCP option that is not read further.
    Option {
        /// Its kind.
        kind: u8,
        /// Its length with kind and length.
        len: u8,
        /// Its contents in hexadecimal.
        data: String,
    },
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Plain(text.into())
    }
}

/// Whether a checksum is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumStatus {
    /// It is.
    Right,
    /// It covers the pseudo-header only: the kernel left the rest to the network card, and loopback has none
    /// (`CHECKSUM_PARTIAL` in `Documentation/networking/checksum-offloads.rst`). This is no error.
    Partial,
    /// It is not.
    Wrong,
    /// It cannot be checked: the packet was not captured whole, or UDP sent no checksum (RFC 768).
    Unknown,
}
