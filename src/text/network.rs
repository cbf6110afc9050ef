//! The texts of the network's view, with its questions and prompts.

use super::NumberFormat;
use crate::domain::guard::{GuardAction, PortCheck};

/// The network's view.
#[derive(Debug)]
pub struct NetworkText {
    pub title: &'static str,
    pub card: &'static str,
    pub peers: &'static str,
    pub check: &'static str,
    /// The servers can be reached only from this machine.
    pub closed: &'static str,
    /// The reason, and what would change.
    pub closed_why: &'static str,
    /// The key that opens the servers.
    pub to_open: fn(&str) -> String,
    /// The servers are another program's: there is nothing to open.
    pub observing: &'static str,
    /// Connections from other machines stay when the servers are closed to the network.
    pub still: fn(&str, u64) -> String,
    /// The selected server cannot be reached from other machines, though another one can.
    pub not_this: fn(&str) -> String,
    /// The servers are open, but this machine is in no network.
    pub no_address: &'static str,
    /// The heading above the address and the port in giant characters.
    pub here: &'static str,
    pub type_this: &'static str,
    pub or_python: &'static str,
    pub or_this: &'static str,
    /// A client's first message.
    pub hello: &'static str,
    pub other_ways: fn(&str) -> String,
    /// The caption of the QR code.
    pub qr: &'static str,
    pub no_peers: &'static str,
    /// No peer can come; the argument is the key that opens the servers.
    pub no_peers_closed: fn(&str) -> String,
    /// How the card is seen large.
    pub large: &'static str,
    pub address: &'static str,
    /// The column of connections: now, and since the start.
    pub connections: &'static str,
    pub ports: &'static str,
    pub said: &'static str,
    pub rate: &'static str,
    pub guard: &'static str,
    pub here_peer: &'static str,
    pub per_second: fn(&str) -> String,
    pub blocked: &'static str,
    pub refused: fn(&str) -> String,
    /// A peer that seems to check ports.
    pub looks: fn(PortCheck) -> &'static str,
    /// The limits in force: connections, arrivals, bytes; `–` where there is no limit.
    pub limits: fn(&str, &str, &str) -> String,
    /// The kernel's reaction to SYNs beyond the limit of half-open connections, and how often.
    pub beyond: fn(GuardAction, &str) -> String,
    pub handshakes_reset: fn(&str) -> String,
    pub now: fn(&str, u64) -> String,
    /// How to begin a port check; the argument is the key.
    pub no_check: fn(&str) -> String,
    pub examples: [&'static str; 4],
    pub looking_up: fn(&str) -> String,
    /// How many ports are checked, of how many.
    pub progress: fn(&str, &str) -> String,
    pub try_again: fn(&str) -> String,
    /// The questions, their consequences, and the keys that answer.
    pub open_title: &'static str,
    pub open_question: fn(&str) -> String,
    pub open_means: &'static [&'static str],
    pub beyond_title: &'static str,
    pub beyond_means: &'static str,
    pub answer: fn(char) -> String,
    pub yes: &'static str,
    pub no: &'static str,
    /// The prompts.
    pub check_prompt: &'static str,
    pub check_hint: &'static str,
    /// The same while clients go to this host.
    pub check_hint_at_target: fn(&str) -> String,
    pub target_prompt: &'static str,
    pub target_hint: &'static str,
    pub target_hint_home: &'static str,
    pub no_host: &'static str,
    pub not_a_host: &'static str,
    pub not_a_port: &'static str,
    /// Before the name of the clients' target.
    pub target: &'static str,
    pub target_here: &'static str,
    pub looking: fn(&str) -> String,
    /// The number of clients that wait for it.
    pub wait: fn(&str, u32) -> String,
}

impl NetworkText {
    /// Bytes a second.
    pub fn speed(&self, numbers: &NumberFormat, bytes: u64) -> String {
        (self.per_second)(&numbers.bytes(bytes))
    }
}
