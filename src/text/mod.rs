//! Every sentence the class reads, in both languages: one typed struct, filled once per language, so that a missing
//! translation does not compile.
//!
//! Names of the field stay as they are in every language: system calls, states, errno names, options, program names.
//! Where a sentence holds a number or a name it is a function, so that each language has its own plurals and word order.

mod checks;
pub mod doctor;
mod en;
mod files;
mod keys;
pub mod lesson;
mod network;
mod number;
mod packets;
mod page;
mod panes;
mod pt_br;
#[cfg(test)]
mod tests;
mod wire;

pub use checks::Checks;
pub use files::Files;
pub use keys::{KeyText, Keys};
pub use lesson::Lessons;
pub use network::Network;
pub use number::Numbers;
pub use packets::Packets;
pub use page::{InfoTexts, Page};
pub use panes::{Broadcast, Clients, Header, Help, Lifecycle, Netstat, Ports, Servers, Small};

pub use wire::{Forecasts, Help as Remedy, Resent, Wire};

use crate::domain::filter::FilterErrorKind;
use crate::domain::{Errno, Evidence, GuardEvent, Lang, Note};

/// All texts of one language.
#[derive(Debug)]
pub struct Text {
    /// The language's two letters.
    pub code: &'static str,
    /// How it writes numbers and spans of time.
    pub numbers: Numbers,
    /// The first line of the screen.
    pub header: Header,
    /// The servers' pane.
    pub servers: Servers,
    /// The clients' pane.
    pub clients: Clients,
    /// The socket table's pane.
    pub netstat: Netstat,
    /// The pane of calls and state changes.
    pub lifecycle: Lifecycle,
    /// The broadcast pane.
    pub broadcast: Broadcast,
    /// The view of the newest port.
    pub ports: Ports,
    /// The page of one connection.
    pub page: Page,
    /// The view of the wire.
    pub wire: Wire,
    /// The view of packets.
    pub packets: Packets,
    /// A capture file in that view.
    pub files: Files,
    /// Every key action.
    pub keys: Keys,
    /// The help besides the keys.
    pub help: Help,
    /// The words around a lesson.
    pub lessons: Lessons,
    /// What `doctor` and `exec` say.
    pub doctor: doctor::Doctor,
    /// Port checks, and the host that clients go to.
    pub checks: Checks,
    /// The class on the network.
    pub network: Network,
    /// What is said on a screen that is too small.
    pub small: Small,
    /// How a thing is known: its name, and what that means.
    pub evidence: fn(Evidence) -> Meaning,
    /// What an error means, and what to do about it.
    pub errno: fn(Errno) -> Trouble,
    /// What the laboratory has to say about itself, as a sentence.
    pub note: fn(&Note) -> String,
    /// What the servers' guard did or noticed, as a sentence.
    pub guard: fn(&GuardEvent) -> String,
    /// The screen was asked for where there is no terminal; these commands can do without one.
    pub no_terminal: fn(commands: &str) -> String,
    /// What is wrong with a filter, as a sentence.
    pub filter: fn(&FilterErrorKind) -> String,
}

/// A word and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The word.
    pub name: &'static str,
    /// Its meaning, as one sentence without a full stop.
    pub means: &'static str,
}

/// An error in the words of the class: neither ends in a full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// What it means, short enough to stand behind the call.
    pub what: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// The texts of a language.
pub const fn of(lang: Lang) -> &'static Text {
    match lang {
        Lang::En => &en::TEXT,
        Lang::PtBr => &pt_br::TEXT,
    }
}
