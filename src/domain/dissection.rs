//! A packet dissected into layers and fields, each with the bytes that it occupies.

use std::ops::Range;

/// One layer of a packet: Ethernet, IPv4, TCP, …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name, as the standards have it.
    pub name: &'static str,
    /// Where its header is in the frame.
    pub bytes: Range<usize>,
    /// Its fields, in the order of the header.
    pub fields: Vec<PacketField>,
}

/// One field of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketField {
    /// Its name, as the standards have it; not translated.
    pub name: &'static str,
    /// Its value, safe to show.
    pub value: String,
    /// Its bytes in the frame, for highlighting. A field of a few bits has the byte or bytes that contain them.
    pub bytes: Range<usize>,
    /// Its subfields: the bits of the flags, the parts of an option.
    pub parts: Vec<PacketField>,
}

impl PacketField {
    /// A field without parts.
    pub fn new(name: &'static str, value: impl Into<String>, bytes: Range<usize>) -> Self {
        Self { name, value: value.into(), bytes, parts: Vec::new() }
    }
}
