//! The words around a lesson: what is expected and what was seen, as parts of sentences without a full stop.

use crate::domain::{CloseHow, HostId, ServiceModel, TcpState};

/// What a run of a lesson is told with.
#[derive(Debug)]
pub struct LessonsText {
    /// The word for a step.
    pub step: &'static str,
    /// A packet of any kind.
    pub packet: &'static str,
    /// Sent before.
    pub again: &'static str,
    /// Not sent before.
    pub first: &'static str,
    /// The very thing that should not have been seen.
    pub it: &'static str,
    /// Nothing was seen.
    pub nothing: &'static str,
    /// The verdict when something was missing.
    pub failed: &'static str,
    /// The verdict when all expectations, so many, were met.
    pub passed: fn(usize) -> String,
    /// Who sent a packet.
    pub from: fn(HostId) -> String,
    /// The other end of this socket's connection.
    pub peer: fn(&str) -> String,
    /// What caused a change.
    pub by: fn(&str) -> String,
    /// An end of a connection is in a state.
    pub state: fn(&str, TcpState) -> String,
    /// A packet was sent.
    pub sent: fn(&str) -> String,
    /// A packet is held.
    pub held: fn(&str) -> String,
    /// A held packet was sent again, so many times.
    pub folded: fn(&str, &str) -> String,
    /// So many sockets are in a state, on one host or on both.
    pub count: fn(&str, TcpState, Option<HostId>) -> String,
    /// A program on a host ended with a status.
    pub ended: fn(HostId, i32) -> String,
    /// For so many milliseconds something is not seen.
    pub absent: fn(u64, &str) -> String,
    /// What was seen instead.
    pub seen: fn(&str) -> String,
    /// What could not be done in time.
    pub not_done: fn(&str) -> String,
    /// What is done.
    pub act: fn(&PlannedAct<'_>) -> String,
    /// The list of them.
    pub list: LessonListText,
    /// One that is played.
    pub playing: PlayingText,
    /// Why one on the wire cannot go to another machine's servers.
    pub on_the_wire: &'static str,
    /// The servers are left to this host, and these parts, which follow, need them here.
    pub needs_here: fn(&str) -> String,
}

/// What a step does. A socket is given by its name, a packet by its description.
#[derive(Debug, Clone, Copy)]
pub enum PlannedAct<'a> {
    Next,
    Deliver(&'a str),
    Drop(&'a str),
    Duplicate(&'a str),
    Swap(&'a str),
    Corrupt(&'a str),
    Delay(&'a str, u64),
    Step(Option<HostId>),
    Slow(Option<HostId>, u64),
    Live(Option<HostId>),
    Cut(Option<HostId>, bool),
    Loss(Option<HostId>, u8),
    Fold(bool),
    Set,
    Listen(&'a str, u16),
    Connect(&'a str),
    Accept(&'a str),
    Datagram(&'a str),
    /// With what is sent.
    Send(&'a str, &'a str),
    Recv(&'a str),
    Shutdown(&'a str),
    Close(&'a str),
    Reset(&'a str),
    Start(&'a str),
    Stop(&'a str),
    Switch(&'a str, ServiceModel),
    Spawn(u32, &'a str),
    End(u32, CloseHow),
    CloseAll,
    Run(HostId, &'a str),
}

/// The list of what can be played.
#[derive(Debug)]
pub struct LessonListText {
    /// What they are called.
    pub title: &'static str,
    /// So many of so many.
    pub count: fn(usize, usize) -> String,
    /// So many steps.
    pub steps: fn(usize) -> String,
    /// Before what is typed.
    pub prompt: &'static str,
    /// What typing does, while nothing is typed.
    pub hint: &'static str,
    /// Nothing has all the words.
    pub none: &'static str,
    /// It was played, and all was seen.
    pub seen: &'static str,
    /// It was played, and not all was seen.
    pub missed: &'static str,
    /// Which key begins it, and what becomes of the wire.
    pub begin: fn(&str) -> String,
    /// The wire would lose so many connections and programs: the key has to be pressed again.
    pub sure: fn(usize, usize, &str) -> String,
}

/// One that is played.
#[derive(Debug)]
pub struct PlayingText {
    /// That this is the title of one.
    pub title: fn(&str) -> String,
    /// Step so many of so many.
    pub step: fn(usize, usize) -> String,
    /// Before what will be done.
    pub to_do: &'static str,
    /// Before what is being done or was.
    pub done: &'static str,
    /// What this key does: the step.
    pub do_it: fn(&str) -> String,
    /// It is waited for.
    pub waiting: &'static str,
    /// The next step.
    pub go_on: fn(&str) -> String,
    /// It failed: this key plays it again.
    pub failed: fn(&str) -> String,
    /// It is over: this key plays the one of this title.
    pub over: fn(&str, &str) -> String,
    /// The last of all is over: this key shows the list.
    pub all_over: fn(&str) -> String,
}
