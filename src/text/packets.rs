//! The texts of the packets view.

use crate::domain::Finding;

/// The packets view.
#[derive(Debug)]
pub struct PacketsText {
    pub title: &'static str,
    pub ladder: &'static str,
    pub stream: &'static str,
    pub fields: &'static str,
    pub bytes: &'static str,
    /// Nothing was captured yet.
    pub none: &'static str,
    /// Nothing passes the filter.
    pub none_match: &'static str,
    /// The list is not that of the filter yet.
    pub looking: &'static str,
    /// No conversation is selected, and there is none.
    pub no_talk: &'static str,
    /// No packet of the conversation was seen.
    pub no_packet: &'static str,
    /// Nobody said anything in it.
    pub nothing_said: &'static str,
    pub no_selection: &'static str,
    /// The packet's bytes are not there to be looked into.
    pub no_bytes: &'static str,
    /// Those of the wire never are.
    pub wire_bytes: &'static str,
    pub count: fn(&str, &str) -> String,
    pub packets: fn(&str, u64) -> String,
    pub capturing: fn(&str) -> String,
    pub on_wire: &'static str,
    pub lost: fn(&str, u64) -> String,
    pub nothing_lost: &'static str,
    /// Whether there is a capture was not said yet.
    pub unknown: &'static str,
    pub no_capture: &'static str,
    /// Packets cannot be captured; the arguments are the error and its meaning.
    pub lacking: fn(&str, &str) -> String,
    /// What follows is what is missing.
    pub needs: &'static str,
    /// What to do after it.
    pub then: &'static str,
    pub container: &'static str,
    pub interface: &'static str,
    pub system: &'static str,
    /// Nothing is faked, and the wire lab needs none of it.
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
    /// A packet on the wire that was not delivered yet.
    pub on_its_way: &'static str,
    /// A packet that never arrives.
    pub never_arrives: &'static str,
    pub missing: fn(&str) -> String,
    pub cut: &'static str,
    pub empty: &'static str,
    /// A finding in a word or two.
    pub finding: fn(&Finding) -> String,
    /// A finding in one sentence; for the class.
    pub says: fn(&Finding) -> String,
    /// This packet is sent again for that one.
    pub again: fn(u64) -> String,
}
