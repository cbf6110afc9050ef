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

pub use checks::ChecksText;
pub use files::FilesText;
pub use keys::{KeyText, KeysText};
pub use lesson::LessonsText;
pub use network::NetworkText;
pub use number::NumberFormat;
pub use packets::PacketsText;
pub use page::PageText;
pub use panes::{
    BroadcastText, ClientsText, HeaderText, HelpText, LifecycleText, NetstatText, PortsText, ServersText, TooSmallText,
};

pub use wire::{ForecastText, Resent, WireText};

use crate::domain::filter::FilterErrorKind;
use crate::domain::{Errno, Evidence, GuardEvent, Lang, Note};

/// All texts of one language.
#[derive(Debug)]
pub struct Text {
    /// The language's two letters.
    pub code: &'static str,
    /// How it writes numbers and spans of time.
    pub numbers: NumberFormat,
    /// The first line of the screen.
    pub header: HeaderText,
    /// The servers' pane.
    pub servers: ServersText,
    /// The clients' pane.
    pub clients: ClientsText,
    /// The socket table's pane.
    pub netstat: NetstatText,
    /// The pane of calls and state changes.
    pub lifecycle: LifecycleText,
    /// The broadcast pane.
    pub broadcast: BroadcastText,
    /// The view of the newest port.
    pub ports: PortsText,
    /// The page of one connection.
    pub page: PageText,
    /// The view of the wire.
    pub wire: WireText,
    /// The view of packets.
    pub packets: PacketsText,
    /// A capture file in that view.
    pub files: FilesText,
    /// Every key action.
    pub keys: KeysText,
    /// The help besides the keys.
    pub help: HelpText,
    /// The words around a lesson.
    pub lessons: LessonsText,
    /// What `doctor` and `exec` say.
    pub doctor: doctor::DoctorText,
    /// Port checks, and the host that clients go to.
    pub checks: ChecksText,
    /// The class on the network.
    pub network: NetworkText,
    /// What is said on a screen that is too small.
    pub small: TooSmallText,
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
