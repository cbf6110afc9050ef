//! Every text on the screen, in both languages: one typed struct, filled once per language, so that a missing
//! translation does not compile.
//!
//! Technical names are the same in every language: system calls, states, errno names, options, program names.
//! A sentence with a number or a name in it is a function, so that each language has its own plurals and word order.

mod checks;
pub mod doctor;
mod en;
mod files;
mod forge;
mod graph;
mod keys;
pub mod lesson;
mod link;
pub mod need;
mod network;
mod number;
mod packets;
mod page;
mod panes;
mod pt_br;
#[cfg(test)]
mod tests;
mod verdict;
mod wire;

pub use checks::ChecksText;
pub use files::FilesText;
pub use forge::ForgeText;
pub use graph::GraphText;
pub use keys::{KeyText, KeysText};
pub use lesson::LessonsText;
pub use link::LinkText;
pub use network::NetworkText;
pub use number::NumberFormat;
pub use packets::PacketsText;
pub use page::PageText;
pub use panes::{
    BroadcastText, ClientsText, HeaderText, HelpText, LifecycleText, NetstatText, PortsText, ServersText, TooSmallText,
};

pub use verdict::VerdictText;
pub use wire::{ForecastText, Resent, WireText};

use crate::domain::filter::FilterErrorKind;
use crate::domain::need::{Need, Remedy};
use crate::domain::{CaptureEvent, Errno, Evidence, GuardEvent, Lang, Note};

/// All texts of one language.
#[derive(Debug)]
pub struct Text {
    /// The language's two letters.
    pub code: &'static str,
    /// The format of numbers and spans of time.
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
    /// The graphs of a connection.
    pub graph: GraphText,
    /// The form for a packet of one's own.
    pub forge: ForgeText,
    /// The links of the wire.
    pub link: LinkText,
    /// What a kernel did with a packet.
    pub verdict: VerdictText,
    /// The view of packets.
    pub packets: PacketsText,
    /// A capture file in that view.
    pub files: FilesText,
    /// Every key action.
    pub keys: KeysText,
    /// The help, apart from the keys.
    pub help: HelpText,
    /// The texts around a lesson.
    pub lessons: LessonsText,
    /// The output of `doctor` and `exec`.
    pub doctor: doctor::DoctorText,
    /// Port checks, and the host that clients go to.
    pub checks: ChecksText,
    /// The class on the network.
    pub network: NetworkText,
    /// The message on a screen that is too small.
    pub small: TooSmallText,
    /// A kind of evidence: its name, and what it means.
    pub evidence: fn(Evidence) -> Meaning,
    /// Something that the laboratory needs of the machine, as a noun phrase.
    pub need: fn(Need) -> &'static str,
    /// What helps where a need is not met.
    pub remedy: fn(Remedy) -> need::Advice,
    /// An error's meaning, and its remedy.
    pub errno: fn(Errno) -> Trouble,
    /// A note of the laboratory about itself, as a sentence.
    pub note: fn(&Note) -> String,
    /// An event of the servers' guard, as a sentence.
    pub guard: fn(&GuardEvent) -> String,
    /// What happened to the capture or to a capture file, as a sentence.
    pub capture: fn(&CaptureEvent) -> String,
    /// There is no terminal for the screen; the argument lists the commands that work without one.
    pub no_terminal: fn(commands: &str) -> String,
    /// The error in a filter, as a sentence.
    pub filter: fn(&FilterErrorKind) -> String,
}

/// A word and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The word.
    pub name: &'static str,
    /// Its meaning, as one sentence without a full stop.
    pub means: &'static str,
}

/// An error explained for the class; neither part ends in a full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// Its meaning, short enough to follow the call.
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

/// `one` where `count` is 1, `many` otherwise: the rule of both languages.
const fn plural<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// How often a timer has fired for the same segment, after the time left.
fn again(times: u8) -> String {
    if times == 0 { String::new() } else { format!(" ×{times}") }
}
