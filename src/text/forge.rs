//! The texts of the form for a packet of one's own.

use crate::domain::forge_form::{ForgePreset, ForgeRow};
use crate::domain::{ForgedChecksum, ForgedFault};

/// The form.
#[derive(Debug)]
pub struct ForgeText {
    /// Its title for a new packet.
    pub inject: &'static str,
    /// Its title for the held packet with this number.
    pub change: fn(u64) -> String,
    /// The name of a row, of at most twelve columns.
    pub row: fn(ForgeRow) -> &'static str,
    /// A preset, in at most 24 columns.
    pub preset: fn(ForgePreset) -> &'static str,
    /// An option that is there.
    pub permitted: &'static str,
    /// Whether the checksum is right.
    pub checksum: fn(ForgedChecksum) -> &'static str,
    /// A field that stays as it is.
    pub kept: &'static str,
    /// A sequence number that is counted from a SYN: the number in the header.
    pub relative: fn(u32) -> String,
    /// A sequence number as it stands in the header.
    pub absolute: &'static str,
    /// The checksum is not computed before the packet is on the wire.
    pub later: &'static str,
    /// What a preset does, by the RFC that says so.
    pub about: fn(ForgePreset) -> &'static str,
    /// Why there can be no such packet.
    pub fault: fn(ForgedFault) -> String,
}
