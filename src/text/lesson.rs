//! The texts around a lesson: what is expected and what was seen, as parts of sentences without a full stop.

use crate::domain::lesson::{LessonFault, UnsayableReason};
use crate::domain::wire::LossReason;
use crate::domain::{
    CloseHow, Disposition, HostId, KernelAnswer, KernelCause, LinkChange, PerHost, ServiceModel, Shut, TcpState,
};

/// A lesson.
#[derive(Debug)]
pub struct LessonsText {
    /// The word for a step.
    pub step: &'static str,
    /// A packet of any kind.
    pub packet: &'static str,
    /// A retransmission.
    pub again: &'static str,
    /// Not a retransmission.
    pub first: &'static str,
    /// No kernel made the packet.
    pub forged: &'static str,
    /// A kernel made the packet.
    pub genuine: &'static str,
    /// Exactly what should not have been seen.
    pub it: &'static str,
    /// Nothing was seen.
    pub nothing: &'static str,
    /// The verdict when something was missing.
    pub failed: &'static str,
    /// The verdict when all expectations were met; the argument is their number.
    pub passed: fn(usize) -> String,
    /// The sender of a packet.
    pub from: fn(HostId) -> String,
    /// The other end of this socket's connection.
    pub peer: fn(&str) -> String,
    /// The cause of a change.
    pub by: fn(&str) -> String,
    /// An end of a connection is in a state.
    pub state: fn(&str, TcpState) -> String,
    /// A packet was sent.
    pub sent: fn(&str) -> String,
    /// A packet was sent so many milliseconds after another, or after the one before it that is like it.
    pub timed: fn(&str, &str, Option<&str>) -> String,
    /// An option of this name is not there.
    pub without: fn(&str) -> String,
    /// A packet is held.
    pub held: fn(&str) -> String,
    /// A held packet was sent again, and how often.
    pub folded: fn(&str, &str) -> String,
    /// What the kernel that received a packet did with it, and what it sent back.
    pub verdict: fn(&str, Disposition, Option<KernelAnswer>) -> String,
    /// Why it did that, in a few words.
    pub cause: fn(KernelCause) -> &'static str,
    /// A packet was lost, and why.
    pub lost: fn(&str, LossReason) -> String,
    /// A packet was marked with CE.
    pub marked: fn(&str) -> String,
    /// So many packets wait in the queue of the direction from this host.
    pub queue: fn(HostId, &str) -> String,
    /// The number of sockets in a state, on one host or on both.
    pub count: fn(&str, TcpState, Option<HostId>) -> String,
    /// A program on a host ended with a status.
    pub ended: fn(HostId, i32) -> String,
    /// Something is not seen for this number of milliseconds.
    pub absent: fn(u64, &str) -> String,
    /// What was seen instead.
    pub seen: fn(&str) -> String,
    /// What could not be done in time.
    pub not_done: fn(&str) -> String,
    /// An act of a step.
    pub act: fn(&PlannedAct<'_>) -> String,
    /// The list of scenarios.
    pub list: LessonListText,
    /// The scenario being played.
    pub playing: PlayingText,
    /// Why a scenario on the wire cannot use another machine's servers.
    pub on_the_wire: &'static str,
    /// An act that a script for packetdrill cannot say: its line, the number of its step, itself, and why.
    pub not_in_packetdrill: fn(usize, usize, &str, UnsayableReason) -> String,
    /// The title and the headings of the reference of the language.
    pub headings: [&'static str; 16],
    /// The servers are those of this host, but the parts listed next need servers here.
    pub needs_here: fn(&str) -> String,
}

/// An act of a step. A socket is given by its name, a packet by its description.
#[derive(Debug, Clone, Copy)]
pub enum PlannedAct<'a> {
    Next,
    Deliver(&'a str),
    Drop(&'a str),
    Duplicate(&'a str),
    Swap(&'a str),
    Corrupt(&'a str),
    Delay(&'a str, u64),
    /// A packet of this kind, in the name of this host.
    Inject(&'a str, HostId),
    Change(&'a str),
    Step(Option<HostId>),
    Slow(Option<HostId>, u64),
    Live(Option<HostId>),
    Cut(Option<HostId>, bool),
    Loss(Option<HostId>, u8),
    Link(PerHost<LinkChange>),
    Fold(bool),
    Set,
    Listen(&'a str, u16),
    Connect(&'a str),
    Accept(&'a str),
    Datagram(&'a str),
    /// The socket, and what it sends.
    Send(&'a str, &'a str),
    Recv(&'a str),
    Shutdown(&'a str, Shut),
    /// The socket, and the options as the call has them.
    Setsockopt(&'a str, &'a str),
    Close(&'a str),
    Reset(&'a str),
    Start(&'a str),
    Stop(&'a str),
    Switch(&'a str, ServiceModel),
    Spawn(u32, &'a str),
    End(u32, CloseHow),
    CloseAll,
    Wait(u32),
    Run(HostId, &'a str),
}

/// The list of scenarios.
#[derive(Debug)]
pub struct LessonListText {
    /// The list's title.
    pub title: &'static str,
    /// How many are shown, of how many.
    pub count: fn(usize, usize) -> String,
    /// The number of steps.
    pub steps: fn(usize) -> String,
    /// The prompt.
    pub prompt: &'static str,
    /// The hint while the line is empty.
    pub hint: &'static str,
    /// No scenario has all the words.
    pub none: &'static str,
    /// Played, and everything was seen.
    pub seen: &'static str,
    /// Played, and not everything was seen.
    pub missed: &'static str,
    /// The heading of the files of one's own.
    pub own: &'static str,
    /// Why a file cannot be played.
    pub fault: fn(&LessonFault) -> String,
    /// The key that plays it, and what happens to an open wire.
    pub begin: fn(&str) -> String,
    /// The connections and programs that would be lost: the key has to be pressed again.
    pub sure: fn(usize, usize, &str) -> String,
}

/// The panel of the scenario being played.
#[derive(Debug)]
pub struct PlayingText {
    /// The scenario's title, marked as such.
    pub title: fn(&str) -> String,
    /// The number of the step, and of all steps.
    pub step: fn(usize, usize) -> String,
    /// The label of acts to come.
    pub to_do: &'static str,
    /// The label of acts begun or done.
    pub done: &'static str,
    /// This key does the step.
    pub do_it: fn(&str) -> String,
    /// Waiting for the expectations.
    pub waiting: &'static str,
    /// A timer that the step depends on has run out: this key first plays up to here again.
    pub anew: fn(&str) -> String,
    /// It is being played again up to here.
    pub catching_up: &'static str,
    /// This key goes on to the next step.
    pub go_on: fn(&str) -> String,
    /// Failed: this key plays it again.
    pub failed: fn(&str) -> String,
    /// Over: this key plays the scenario with this title.
    pub over: fn(&str, &str) -> String,
    /// The last scenario is over: this key shows the list.
    pub all_over: fn(&str) -> String,
}
