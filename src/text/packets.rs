//! The texts of the packets view.

use crate::domain::{CapturedInterface, FieldName, FieldValue, Finding, InterfaceState};

/// The packets view.
#[derive(Debug)]
pub struct PacketsText {
    pub title: &'static str,
    pub ladder: &'static str,
    pub stream: &'static str,
    pub fields: &'static str,
    pub bytes: &'static str,
    /// The name of a header or a field.
    pub field: fn(FieldName) -> &'static str,
    /// The value of a field.
    pub field_value: fn(&FieldValue) -> String,
    /// No packet has been captured yet.
    pub none: &'static str,
    /// No packet passes the filter.
    pub none_match: &'static str,
    /// The list does not reflect the filter yet.
    pub looking: &'static str,
    /// There is no conversation to select.
    pub no_talk: &'static str,
    /// No packet of the conversation was seen.
    pub no_packet: &'static str,
    /// No data was sent in it.
    pub nothing_said: &'static str,
    /// A segment with a wrong checksum that was acknowledged all the same.
    pub filled_in_later: &'static str,
    pub no_selection: &'static str,
    /// The packet's bytes are no longer kept.
    pub no_bytes: &'static str,
    /// Those of the wire are never kept.
    pub wire_bytes: &'static str,
    pub count: fn(&str, &str) -> String,
    pub packets: fn(&str, u64) -> String,
    pub capturing: fn(&[CapturedInterface]) -> String,
    /// Where packets are captured, and why none may come; with the key of the list of interfaces.
    pub listening: fn(&[CapturedInterface], &str) -> Vec<String>,
    /// The list of interfaces.
    pub interfaces: &'static str,
    pub interfaces_foot: &'static str,
    /// Its line for those that the laboratory's traffic takes.
    pub by_traffic: &'static str,
    pub interface_state: fn(InterfaceState) -> &'static str,
    pub interface: &'static str,
    pub on_wire: &'static str,
    pub lost: fn(&str, u64) -> String,
    pub nothing_lost: &'static str,
    /// It is not known yet whether capturing works.
    pub unknown: &'static str,
    pub no_capture: &'static str,
    /// Packets cannot be captured; the arguments are the error and its meaning.
    pub lacking: fn(&str, &str) -> String,
    /// What to do after the command that helps.
    pub then: &'static str,
    /// Nothing is simulated instead; the wire lab needs no privilege.
    pub wire_lab: &'static str,
    pub only: fn(&str) -> String,
    pub following: &'static str,
    pub held: &'static str,
    pub new: fn(&str, usize) -> String,
    pub number: &'static str,
    pub time: &'static str,
    pub source: &'static str,
    pub destination: &'static str,
    pub info: &'static str,
    pub client_end: &'static str,
    pub server_end: &'static str,
    /// A packet on the wire, not yet delivered.
    pub on_its_way: &'static str,
    /// A packet that never arrives.
    pub never_arrives: &'static str,
    pub missing: fn(&str) -> String,
    pub cut: &'static str,
    pub empty: &'static str,
    /// A finding in a word or two.
    pub finding: fn(&Finding) -> String,
    /// A finding explained in one sentence.
    pub says: fn(&Finding) -> String,
    /// This packet is a retransmission of the one with this number.
    pub again: fn(u64) -> String,
}
